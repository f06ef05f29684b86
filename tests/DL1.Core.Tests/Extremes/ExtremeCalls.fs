/// Calls with attributes at their extremes that make no expression: tensors, draws, data, layers, files and texts.
module DL1.Tests.ExtremeCalls

open System
open System.Text
open DL1
open DL1.Tests.Dice

let private seed = Key.ofSeed 5L

let private tensors (d: Dice) =
    let n = d.Attribute(0, 4)

    match d.Next(0, 6) with
    | 0 -> Tensor.full DType.F32 (d.Attributes(2, 0, 3)) 1.0
    | 1 -> Tensor.arange DType.F64 n
    | 2 -> Tensor.linspace DType.F32 0.0 1.0 n
    | 3 -> Tensor.reshape (d.Attributes(2, -1, 3)) (Tensor.arange DType.I32 6)
    | 4 -> Tensor.ofArray (d.Attributes(2, 0, 3)) [| 1f; 2f; 3f; 4f |]
    | 5 -> Tensor.scalar (Tensor.arange DType.F32 4).[d.Attribute(0, 3)]
    | _ -> Tensor.zeros DType.Bool (d.Attributes(3, 0, 3))
    |> ignore

let private draws (d: Dice) =
    let dims = d.Attributes(d.Next(1, 2), 0, 3)

    match d.Next(0, 6) with
    | 0 -> Key.uniform 0.0 1.0 DType.F32 dims seed |> ignore
    | 1 -> Key.normal 0.0 1.0 DType.F64 dims seed |> ignore
    | 2 -> Key.integers (d.Attribute(0, 3)) (d.Attribute(4, 9)) DType.I32 [ 3 ] seed |> ignore
    | 3 -> Key.permutation (d.Attribute(0, 5)) seed |> ignore
    | 4 -> Key.choice (d.Attribute(0, 3)) d.Flag (d.Attribute(3, 6)) seed |> ignore
    | 5 -> Key.split (d.Attribute(0, 3)) seed |> ignore
    | _ -> Key.bits (d.Attribute(0, 3)) (d.Attribute(0, 9)) seed |> ignore

let private data (d: Dice) =
    let series = Tensor.reshape [ 12; 2 ] (Tensor.arange DType.F32 24)
    let labels = Tensor.vector [ 0L; 1L; 0L; 1L; 1L; 0L ]

    match d.Next(0, 8) with
    | 0 -> TimeSeries.windows (d.Attribute(1, 4)) (d.Attribute(1, 3)) (d.Attribute(1, 3)) series |> ignore
    | 1 -> Splits.folds (d.Attribute(2, 3)) seed 6 |> ignore
    | 2 -> Splits.stratifiedFolds (d.Attribute(2, 3)) seed labels |> ignore
    | 3 -> Splits.holdOut 0.5 seed (d.Attribute(2, 8)) |> ignore
    | 4 ->
        Batches.indices
            { Batches.ofSize (d.Attribute(1, 3)) with DropLast = d.Flag }
            seed
            (d.Attribute(0, 3))
            7
        |> ignore
    | 5 -> Dataset.truncate (d.Attribute(0, 9)) (Dataset.create series series) |> ignore
    | 6 -> Dataset.rows [| d.Attribute(0, 11) |] (Dataset.create series series) |> ignore
    | 7 -> Vocabulary.examples (d.Attribute(1, 4)) (Tensor.arange DType.I64 12) |> ignore
    | _ -> Transformer.sinusoids DType.F32 (d.Attribute(1, 4)) (d.Attribute(2, 4)) |> ignore

let private layers (d: Dice) =
    let init layer (x: Expr) = Layer.init seed x layer |> ignore
    let rows = Expr.variable "x" DType.F32 [ 2; 3 ]
    let images = Expr.variable "x" DType.F32 [ 2; 2; 6; 6 ]
    let times = Expr.variable "x" DType.F32 [ 2; 3; 4 ]
    let n = d.Attribute(1, 4)

    match d.Next(0, 9) with
    | 0 -> init (Dense.linear n) rows
    | 1 -> init (Dense.embedding n (d.Attribute(1, 4))) (Expr.variable "i" DType.I64 [ 2 ])
    | 2 ->
        let window =
            { Convolution.options with
                Stride = [ d.Attribute(1, 2) ]
                Padding = [ d.Attribute(0, 2) ]
                Dilation = [ d.Attribute(1, 2) ]
                Groups = d.Attribute(1, 2)
            }

        init (Conv.conv2dWith Init.parameters window n [ d.Attribute(1, 3) ]) images
    | 3 -> init (Conv.convTranspose2d n (d.Attribute(1, 3)) (d.Attribute(1, 3))) images
    | 4 -> init (Pooling.max n) images
    | 5 -> init (Norm.groupNorm n) images
    | 6 ->
        init (Recurrent.last (Recurrent.lstm { Recurrent.options n with Layers = d.Attribute(1, 2) })) times
    | 7 -> init (Attention.self n d.Flag) times
    | 8 -> init (Shaping.reshape (d.Attributes(2, -1, 3))) rows
    | _ -> init (Norm.layerNormWith Norm.options n) rows

let private parameters (d: Dice) =
    let dims = d.Attributes(d.Next(1, 4), 1, 3)

    let init =
        d.Pick
            [
                Init.standard
                Init.xavierNormal 1.0
                Init.orthogonal 1.0
                Init.zeros
                Init.kaimingUniform Fan.Out 1.0
            ]

    init.Draw DType.F32 dims seed |> ignore

/// Headers whose extents are no longer those of the data behind them.
let private files (d: Dice) =
    let extent = d.Attribute(1, 3)

    if d.Flag then
        let bytes = Npy.toBytes (Tensor.reshape [ 2; 3 ] (Tensor.arange (d.Pick [ DType.F32; DType.I64 ]) 6))
        let header = Encoding.ASCII.GetString(bytes, 10, 118)
        let forged = header.Replace("(2, 3)", $"(2, {extent})").PadRight(118)
        Encoding.ASCII.GetBytes(forged.Substring(0, 117) + "\n").CopyTo(bytes, 10)
        Npy.ofBytes bytes |> ignore
    else
        let bytes = [| 0uy; 0uy; 8uy; 2uy; 0uy; 0uy; 0uy; 1uy; 0uy; 0uy; 0uy; 1uy; 7uy |]
        BitConverter.GetBytes(extent) |> Array.rev |> fun b -> b.CopyTo(bytes, 4 + 4 * d.Next(0, 1))
        Idx.ofBytes bytes |> ignore

/// Texts of expressions in which some numbers became extreme.
let texts =
    [
        "x: f32[1, 1, 8, 8]; w: f32[1, 1, 3, 3]; conv(x, w, stride=[1, 1], pad_before=[1, 1], pad_after=[1, 1], dilation=[1, 1], groups=1)"
        "y: f32[1, 2, 4]; w: f32[2, 1, 3]; conv_input_grad(y, w, spatial=[6], stride=[1], dilation=[1])"
        "x: f32[1, 1, 6]; y: f32[1, 2, 4]; conv_weight_grad(x, y, kernel=[3], stride=[1])"
        "x: f32[1, 1, 6, 6]; max_pool(x, kernel=[2, 2], stride=[2, 2], pad_before=[0, 0], pad_after=[0, 0], dilation=[1, 1])"
        "y: f32[1, 1, 3]; avg_pool_grad(y, kernel=[2], spatial=[6], stride=[2])"
        "x: f32[4]; pad(x, before=[1], after=[2], between=[1], value=0)"
        "x: f32[8]; slice(x, start=[1], stop=[7], step=[2])"
        "x: f32[8]; reshape(x, shape=[2, 4])"
        "x: f32[1, 4]; broadcast(x, shape=[3, 4])"
        "u: f32[2]; i: i64[2]; scatter_add(u, i, axis=0, extent=5)"
        "x: f32[4]; i: i64[2]; gather(x, i, axis=0)"
        "k: i32[2]; random_bits(k, stream=0, shape=[2, 3])"
        "x: f32[2, 3]; sum(x, axes=[0, 1])"
        "x: f32[2, 3]; transpose(x, permutation=[1, 0])"
        "x: f32[2]; y: f32[3]; concat(x, y, axis=0)"
        "c: f64; xs: f64[3]; scan(c, xs, carries=[a: f64], slices=[s: f64], fixed=[], next={a + s}, outputs={a}, length=3, reversed=false, result=0)"
    ]

/// A text with some of its whole numbers made extreme; those in names stay.
let hostile (d: Dice) =
    let text = d.Pick texts
    let number = RegularExpressions.Regex(@"(?<![A-Za-z_0-9])\d+")
    number.Replace(text, fun m -> if d.Next(0, 5) = 0 then string d.Extreme else m.Value)

/// All calls, by name.
let all: (string * (Dice -> unit)) list =
    [
        "tensors", tensors
        "draws", draws
        "data", data
        "layers", layers
        "layers", layers
        "parameters", parameters
        "files", files
    ]
