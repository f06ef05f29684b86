/// Sizes that overflow 32 bits: what is refused, by which name, and what stays legal.
module DL1.Tests.SizesTests

open System
open DL1
open Expecto

let private most = Int32.MaxValue
let private options = Convolution.options
let private image = Expr.variable "image" DType.F32 [ 1; 1; 8; 8 ]
let private sound = Expr.variable "sound" DType.F64 [ 1; 2; 8 ]
let private kernel = Expr.variable "kernel" DType.F32 [ 1; 1; 3; 3 ]
let private filter = Expr.variable "filter" DType.F64 [ 2; 2; 3 ]
let private v = Expr.variable "v" DType.F32 [ 4 ]
let private scalar = Expr.variable "s" DType.F32 []
let private labels = Expr.variable "labels" DType.I64 [ 2 ]
let private sweep: Sweep = { Stride = 1; PadBefore = 0; PadAfter = 0; Dilation = 1 }
let private edge before after between = [ { Before = before; After = after; Between = between } ]
let private node role sweeps x w = Expr.Make(Node.Conv(role, { Sweeps = sweeps; Groups = 1 }, x, w))
let private huge n = Expr.broadcastTo [ n ] scalar
let private is (e: Expr) = ignore e
let private keyed (e: Expr -> Expr) = e (Draw.key (Key.ofSeed 1L)) |> is

/// A call, and what its error names.
let private refused: (string * (unit -> unit) * string) list =
    [
        "conv, dilation",
        (fun () -> is (Convolution.conv { options with Dilation = [ most ] } image kernel)),
        "conv"
        "conv, dilation that wraps around to 1",
        (fun () -> is (Convolution.conv { options with Dilation = [ (1 <<< 30) + 1 ] } image kernel)),
        "conv"
        "conv of one axis",
        (fun () -> is (Convolution.conv { options with Dilation = [ 1 <<< 30 ] } sound filter)),
        "conv"
        "conv, grouped",
        (fun () ->
            let w = Expr.variable "w" DType.F64 [ 2; 1; 3 ]
            is (Convolution.conv { options with Dilation = [ most ]; Groups = 2 } sound w)),
        "conv"
        "conv, groups times channels",
        (fun () -> is (Convolution.conv { options with Groups = most } image kernel)),
        "conv"
        "conv, padded",
        (fun () -> is (Convolution.conv { options with Padding = [ most ] } image kernel)),
        "conv"
        "conv, padded to more than a tensor",
        (fun () ->
            is (Convolution.conv { options with Padding = [ 1 <<< 20 ]; Stride = [ 1 <<< 20 ] } image kernel)),
        "conv"
        "conv, padded and dilated",
        (fun () ->
            is (
                Convolution.conv
                    { options with Padding = [ 1 <<< 30 ]; Dilation = [ 1 <<< 30 ] }
                    image
                    kernel
            )),
        "conv"
        "gradient of the data",
        (fun () -> is (node (ConvRole.InputGrad [ most ]) [ sweep ] sound filter)),
        "convTranspose"
        "gradient of the data, dilated",
        (fun () -> is (node (ConvRole.InputGrad [ 8 ]) [ { sweep with Dilation = most } ] sound filter)),
        "convTranspose"
        "gradient of the weights",
        (fun () -> is (node (ConvRole.WeightGrad [ 3 ]) [ { sweep with Dilation = 1 <<< 30 } ] sound sound)),
        "conv_weight_grad"
        "transposed, stride",
        (fun () -> is (Convolution.convTranspose { options with Stride = [ most ] } [] image kernel)),
        "convTranspose"
        "transposed, dilation",
        (fun () -> is (Convolution.convTranspose { options with Dilation = [ 1 <<< 30 ] } [] image kernel)),
        "convTranspose"
        "transposed, padding",
        (fun () -> is (Convolution.convTranspose { options with Padding = [ most ] } [] image kernel)),
        "convTranspose"
        "maxPool, dilation",
        (fun () -> is (Convolution.maxPool [ 5 ] { options with Dilation = [ 1 <<< 30 ] } image)),
        "maxPool"
        "avgPool, dilation",
        (fun () -> is (Convolution.avgPool [ 2 ] { options with Dilation = [ most ] } image)),
        "avgPool"
        "maxPool, kernel", (fun () -> is (Convolution.maxPool [ most ] options image)), "maxPool"
        "maxPool, kernel and padding",
        (fun () -> is (Convolution.maxPool [ most ] { options with Padding = [ most - 1 ] } image)),
        "maxPool"
        "maxPool, kernel of the least number",
        (fun () -> is (Convolution.maxPool [ Int32.MinValue ] options image)),
        "maxPool"
        "pad", (fun () -> is (Expr.pad [ most ] [ most ] 0.0 v)), "pad"
        "pad, the sum of edges wraps around", (fun () -> is (Expr.pad [ 1 <<< 30 ] [ 1 <<< 30 ] 0.0 v)), "pad"
        "pad, cropped by all", (fun () -> is (Expr.padWith (edge Int32.MinValue most 0) 0.0 v)), "pad"
        "pad between", (fun () -> is (Expr.padWith (edge 0 0 most) 0.0 v)), "pad"
        "pad between, then cropped", (fun () -> is (Expr.padWith (edge -most 0 (most / 3)) 0.0 v)), "pad"
        "concat", (fun () -> is (Expr.concat 0 [ huge (1 <<< 30); huge (1 <<< 30) ])), "concat"
        "stack", (fun () -> is (Expr.stack 0 [ huge (1 <<< 30); huge (1 <<< 30) ])), "Shape"
        "oneHot", (fun () -> is (Linear.oneHot DType.F32 most labels)), "Shape"
        "identity", (fun () -> is (Linear.identity DType.F32 (1 <<< 16))), "Shape"
        "identity that wraps around", (fun () -> is (Linear.identity DType.F32 most)), "Shape"
        "broadcast", (fun () -> is (huge most)), "Shape"
        "broadcast to two axes", (fun () -> is (Expr.broadcastTo [ 1 <<< 16; 1 <<< 16 ] scalar)), "Shape"
        "an outer product", (fun () -> is (Linear.outer (huge (1 <<< 16)) (huge (1 <<< 16)))), "Shape"
        "matmul",
        (fun () ->
            let rows = Expr.broadcastTo [ 1 <<< 16; 1 ] scalar
            is (Expr.matmul rows rows.T)),
        "Shape"
        "reshape whose product wraps around",
        (fun () -> is (Expr.reshape [ 1 <<< 16; 1 <<< 16; -1 ] v)),
        "reshape"
        "gather",
        (fun () ->
            is (Expr.gather 0 (Expr.broadcastTo [ 1 <<< 16; 1 <<< 15 ] (Expr.cast DType.I64 scalar)) v)),
        "Shape"
        "scatterAdd, extent", (fun () -> is (Expr.scatterAdd 0 most labels (huge 2))), "Shape"
        "scatterAdd, axis", (fun () -> is (Expr.scatterAdd most 4 labels (huge 2))), "scatterAdd"
        "vmap of a scatter",
        (fun () ->
            Grad.vmap
                (List.map (Expr.scatterAdd 0 (1 <<< 30) labels))
                [ Expr.variable "u" DType.F32 [ 4; 2 ] ]
            |> ignore),
        "Shape"
        "random bits", (fun () -> keyed (Expr.randomBits 0 [ most ])), "Shape"
        "a draw", (fun () -> keyed (Draw.normal 0.0 1.0 DType.F64 [ 1 <<< 30 ])), "Shape"
        "a drawn tensor",
        (fun () -> Key.normal 0.0 1.0 DType.F32 [ 1 <<< 30 ] (Key.ofSeed 1L) |> ignore),
        "Shape"
        "scan of less than no steps",
        (fun () ->
            is (
                Parse.expr
                    "c: f64; scan(c, carries=[a: f64], slices=[], fixed=[], next={a + 1}, outputs={a}, length=-2147483648, result=0)"
            )),
        "scan"
        "an LSTM whose gates wrap around",
        (fun () ->
            let layer = Recurrent.last (Recurrent.lstm (Recurrent.options (1 <<< 30)))
            Layer.init (Key.ofSeed 1L) (Expr.variable "x" DType.F32 [ 1; 2; 3 ]) layer |> ignore),
        "layer LSTM: LSTM"
        "windows over time",
        (fun () -> TimeSeries.windows most most 1 (Tensor.zeros DType.F32 [ 8; 1 ]) |> ignore),
        "TimeSeries.windows"
        "fans of an initialiser",
        (fun () -> Init.standard.Draw DType.F32 [ 1; 1 <<< 16; 1 <<< 16 ] (Key.ofSeed 1L) |> ignore),
        "Shape"
        "an arange of more than memory",
        (fun () -> Tensor.arange DType.I64 Shape.MostElements |> ignore),
        "Tensor"
        "Eval of more than memory",
        (fun () -> Eval.run [ "s", Tensor.scalar 1f ] (huge 2000000000) |> ignore),
        "Eval"
    ]

/// The same operations as texts, with a number made extreme.
let private texts =
    [
        for number in [ most; 1 <<< 30; (1 <<< 30) + 1; 1 <<< 29 ] do
            $"x: f32[1, 1, 8, 8]; w: f32[1, 1, 3, 3]; conv(x, w, dilation=[{number}, {number}])"
            $"x: f32[1, 1, 8]; w: f32[1, 1, 5]; conv(x, w, dilation=[{number}])"
            $"y: f32[1, 1, 4]; w: f32[1, 1, 5]; conv_input_grad(y, w, spatial=[8], dilation=[{number}])"
            $"x: f32[1, 1, 8]; y: f32[1, 1, 4]; conv_weight_grad(x, y, kernel=[5], dilation=[{number}])"
            $"x: f32[1, 1, 8, 8]; max_pool(x, kernel=[5, 5], dilation=[{number}, {number}])"
            $"y: f32[1, 1, 4]; avg_pool_grad(y, kernel=[5], spatial=[8], dilation=[{number}])"
            $"x: f32[4]; pad(x, before=[{number}], after=[{most}], value=0)"
            $"x: f32[8]; pad(x, before=[0], after=[0], between=[{number}], value=0)"
        "x: f32[4]; slice(x, start=[0], stop=[2147483647], step=[1])"
        "x: f32; concat(broadcast(x, shape=[1073741824]), broadcast(x, shape=[1073741824]), axis=0)"
        "x: f32; broadcast(x, shape=[65536, 65536])"
        "k: i32[2]; random_bits(k, stream=0, shape=[65536, 65536])"
    ]

/// Extreme attributes that mean something: Eval, compiled code, and gradients agree.
let private legal: (string * Expr) list =
    [
        "a stride past the end", Convolution.conv { options with Stride = [ most ] } image kernel
        "a stride past the end, grouped",
        Convolution.conv
            { options with Stride = [ 1 <<< 30 ]; Groups = 2 }
            sound
            (Expr.variable "w" DType.F64 [ 2; 1; 3 ])
        "a dilation of a kernel of one element",
        Convolution.conv
            { options with Dilation = [ most ] }
            image
            (Expr.variable "w" DType.F32 [ 1; 1; 1; 1 ])
        "a stride and a dilation",
        Convolution.conv
            { options with Stride = [ most ]; Dilation = [ most ] }
            (Expr.variable "x" DType.F32 [ 2; 1; 1; 1 ])
            (Expr.variable "w" DType.F32 [ 1; 1; 1; 1 ])
        "transposed, one place of a large stride",
        Convolution.convTranspose
            { options with Stride = [ most ] }
            []
            (Expr.variable "x" DType.F32 [ 1; 1; 1; 1 ])
            (Expr.variable "w" DType.F32 [ 1; 2; 3; 3 ])
        "one pooling window of a large stride",
        Convolution.maxPool [ 8 ] { options with Stride = [ most ] } image
        "means over much padding",
        Convolution.avgPool
            [ 1 <<< 20; 2 ]
            { options with Padding = [ 1 <<< 19; 0 ]; Stride = [ 1 <<< 18; 2 ] }
            image
        "a slice of one element by a large step", Expr.slice [ 1 ] [ 4 ] [ most ] v
        "a slice of a matrix by large steps",
        Expr.slice [ 0; 1 ] [ 2; 3 ] [ most; most - 1 ] (Expr.variable "m" DType.F32 [ 2; 3 ])
        "a pad that crops all and pads again", Expr.padWith (edge -100000 100003 0) 2.0 v
        "a pad between a single element",
        Expr.padWith (edge 1 1 (1 <<< 30)) 2.0 (Expr.variable "x" DType.F32 [ 1 ])
        "a sum over a stretched axis", Expr.sumAll (Expr.broadcastTo [ 100000; 3 ] scalar)
    ]

let private valued (e: Expr) =
    let variables = Graph.variables [ e ]

    let values =
        variables
        |> List.mapi (fun i v ->
            let count = v.Shape.Size

            Tensor.ofArray (v.Shape.ToList()) (Array.init count (fun k -> float ((i + k * 7) % 5 - 2)))
            |> Tensor.cast v.DType)

    variables, values

let private agree (roots: Expr list) variables values =
    let meant = Eval.prepare variables roots values
    let found = Compile.prepare variables roots values

    for m, f in List.zip meant found do
        Expect.equal f.Shape m.Shape "the shape"
        Expect.isTrue (Tensor.allClose 1e-5 1e-5 m f) $"Eval {m}, compiled {f}"

let tests =
    testList
        "sizes"
        [
            for name, call, named in refused do
                test $"refused by name: {name}" {
                    try
                        call ()
                        failtest "it was not refused"
                    with :? DL1Error as e ->
                        Expect.equal e.Operation named e.Message
                }
            for text in texts do
                test $"refused as a text: {text}" {
                    Expect.throws
                        (fun () ->
                            try
                                Parse.expr text |> is
                            with :? DL1Error as e ->
                                raise (ArgumentException e.Message))
                        "an error of ours"
                }
            for name, e in legal do
                test $"computed: {name}" {
                    let variables, values = valued e
                    agree [ e ] variables values
                    let wrt = variables |> List.map Expr.ofVariable
                    agree (e :: Grad.grad (Expr.sumAll (e * e)) wrt) variables values
                }
            test "a part of a weight gradient begins where it should, however long the axis" {
                // Products of places and of the number of parts are more than 2³¹.
                for dims in [ [ 1; 1; 1000003 ]; [ 1; 1; 1000003; 1 ] ] do
                    let x = Expr.variable "x" DType.F32 dims
                    let w = Expr.variable "w" DType.F32 ([ 1; 1; 3 ] @ List.replicate (dims.Length - 3) 1)
                    let y = Expr.sumAll (Convolution.conv options x w)
                    let variables = Graph.variables [ x; w ]
                    let ones = Tensor.ones DType.F32 dims
                    let run = Compile.prepare variables (Grad.grad y [ w ])
                    let found = run [ ones; Tensor.ones DType.F32 (w.Shape.ToList()) ]

                    Expect.equal
                        (Tensor.toFloats found.Head)
                        (Array.create 3 1000001.0)
                        "the number of places"
            }
            test "adaptive windows begin where they should, however many" {
                let x = Expr.variable "x" DType.F32 [ 1; 1; 65537 ]
                let layer = Pooling.adaptiveMax [ 40000 ]
                let y, _ = Layer.apply Mode.Inference Tree.empty Tree.empty layer x
                Expect.equal (y.Shape.ToList()) [ 1; 1; 40000 ] "a window each"
            }
        ]
