/// Dense, recurrent and attention networks, as PyTorch's exporter writes them.
module internal DL1.Bench.Onnx.Sequences

open System
open DL1
open DL1.Onnx
open DL1.Bench.Onnx.Builder

/// Layer normalisation in the operators that it had before opset 17.
let private layerNorm (b: Builder) width (x: string) =
    let mean (x: string) = b.With("ReduceMean", [ x ], [ "axes", ints [ -1 ] ])
    let centred = b.Op("Sub", x, mean x)
    let variance = mean (b.Op("Pow", centred, b.Number 2.0))
    let deviation = b.Op("Sqrt", b.Op("Add", variance, b.Number 1e-5))
    let scaled = b.Op("Mul", b.Op("Div", centred, deviation), b.Vector(1.0, width))
    b.Op("Add", scaled, b.Vector(0.0, width))

let private gemm (b: Builder) inputs outputs (x: string) =
    b.With(
        "Gemm",
        [ x; b.Weight([ outputs; inputs ], inputs); b.Vector(0.0, outputs) ],
        [ "transB", int' 1 ]
    )

/// A network of the wake-word kind: features of 16 frames, two hidden layers, a probability.
let wakeWord hidden rows : Model =
    let b = Builder()
    let flat = b.With("Flatten", [ "input" ], [ "axis", int' 1 ])

    let layer inputs (x: string) = b.Op("Relu", layerNorm b hidden (gemm b inputs hidden x))
    let y = flat |> layer (16 * 96) |> layer hidden |> gemm b hidden 1
    let suffix = if rows = 1 then "" else $" x%d{rows}"
    b.Model($"wake word %d{hidden}%s{suffix}", [ "input", normal 1L [ rows; 16; 96 ] ], [ b.Op("Sigmoid", y) ])

/// A recurrent layer over a sequence, and a dense layer over its last state.
let private recurrent operator gates inputs hidden length rows : Model =
    let b = Builder()

    let ys =
        b.Node(
            operator,
            2,
            [
                "input"
                b.Weight([ 1; gates * hidden; inputs ], inputs)
                b.Weight([ 1; gates * hidden; hidden ], hidden)
                b.Constant(Tensor.zeros DType.F32 [ 1; 2 * gates * hidden ])
            ],
            [
                "hidden_size", int' hidden
                if operator = "GRU" then
                    "linear_before_reset", int' 1
            ]
        )

    let last = b.Op("Squeeze", ys[1], b.Integers [ 0 ])
    let name = $"%s{operator} %d{length}x%d{inputs}, %d{hidden} units"
    let suffix = if rows = 1 then "" else $", %d{rows} rows"
    b.Model(name + suffix, [ "input", normal 1L [ length; rows; inputs ] ], [ gemm b hidden 10 last ])

let lstm = recurrent "LSTM" 4
let gru = recurrent "GRU" 3

/// An encoder with MiniLM's extents: 6 layers of width 384 with 12 heads, feed-forward layers of 1536.
let encoder rows length : Model =
    let b = Builder()
    let width, heads, wide, vocabulary = 384, 12, 1536, 30522

    let dense inputs outputs (x: string) =
        let y = b.Op("MatMul", x, b.Weight([ inputs; outputs ], inputs))
        b.Op("Add", b.Vector(0.0, outputs), y)

    let split (x: string) =
        b.Op("Reshape", x, b.Integers [ 0; 0; heads; width / heads ])

    let permuted (order: int list) (x: string) = b.With("Transpose", [ x ], [ "perm", ints order ])

    let gelu (x: string) =
        let e = b.Op("Erf", b.Op("Div", x, b.Number(sqrt 2.0)))
        b.Op("Mul", b.Op("Mul", x, b.Op("Add", e, b.Number 1.0)), b.Number 0.5)

    let mask =
        let m = b.With("Cast", [ "attention_mask" ], [ "to", int' 1 ])
        let m = b.Op("Unsqueeze", m, b.Integers [ 1; 2 ])
        b.Op("Mul", b.Op("Sub", b.Number 1.0, m), b.Number -10000.0)

    let layer (x: string) =
        let q = dense width width x |> split |> permuted [ 0; 2; 1; 3 ]
        let k = dense width width x |> split |> permuted [ 0; 2; 3; 1 ]
        let v = dense width width x |> split |> permuted [ 0; 2; 1; 3 ]
        let scores = b.Op("Div", b.Op("MatMul", q, k), b.Number(sqrt (float (width / heads))))
        let chances = b.With("Softmax", [ b.Op("Add", scores, mask) ], [ "axis", int' -1 ])
        let context = b.Op("MatMul", chances, v) |> permuted [ 0; 2; 1; 3 ]
        let joined = b.Op("Reshape", context, b.Integers [ 0; 0; width ])
        let x = layerNorm b width (b.Op("Add", dense width width joined, x))
        layerNorm b width (b.Op("Add", x |> dense width wide |> gelu |> dense wide width, x))

    let words = b.Op("Gather", b.Weight([ vocabulary; width ], 1), "input_ids")
    let places = b.Weight([ 1; length; width ], 1)
    let mutable x = layerNorm b width (b.Op("Add", words, places))

    for _ in 1..6 do
        x <- layer x

    let random = Random 7

    let ids =
        Tensor.ofArray
            [ rows; length ]
            (Array.init (rows * length) (fun _ -> int64 (random.Next vocabulary)))

    let whole = Tensor.ofArray [ rows; length ] (Array.create (rows * length) 1L)
    b.Model($"MiniLM's shape %d{rows}x%d{length}", [ "input_ids", ids; "attention_mask", whole ], [ x ])
