/// Wrong calls, and the whole messages that they get, kept as approved text in `tests/fixtures/errors.approved.txt`.
/// With `DL1_APPROVE=1` in the environment a run writes the file anew instead of comparing: read the difference before
/// it is taken.
module DL1.Tests.ErrorTests

open System
open System.IO
open DL1
open Expecto

let private x = Expr.variable "x" DType.F32 [ 2; 3 ]
let private y = Expr.variable "y" DType.F32 [ 4; 5 ]
let private w = Expr.variable "w" DType.F32 [ 4; 3 ]
let private v = Expr.variable "v" DType.F32 [ 3 ]
let private n = Expr.variable "n" DType.I32 [ 2; 3 ]
let private i = Expr.variable "i" DType.I64 [ 2 ]
let private mask = Expr.variable "mask" DType.Bool [ 2; 3 ]
let private big = Expr.variable "big" DType.F64 [ 2; 3 ]
let private s = Expr.symbol "s"
let private image = Expr.variable "image" DType.F32 [ 8; 3; 28; 28 ]
let private kernel = Expr.variable "kernel" DType.F32 [ 16; 3; 5; 5 ]
let private sound = Expr.variable "sound" DType.F32 [ 8; 3; 100 ]
let private key = Draw.key (Key.ofSeed 1L)
let private options = Convolution.options
let private is (e: Expr) = ignore e
let private are (es: Expr list) = ignore es

/// One update by an optimizer that is given no state.
let private updated (optimizer: Optimizer) gradients parameters =
    are (Tree.values (fst (optimizer.Update (Tree.ofList gradients) Tree.empty (Tree.ofList parameters))))

/// A name for the call, and the call.
/// One epoch of a classification into three.
let private fitted inputs labels =
    let loss = Loss.crossEntropy Loss.classes
    let learner = Learner.create (Dense.linear 3) loss (Optimizer.sgd 0.1)
    Fit.run { Fit.options (Key.ofSeed 1L) with Epochs = 1 } learner (Dataset(inputs, labels)) |> ignore

let private calls: (string * (unit -> unit)) list =
    [
        "add: shapes that do not broadcast", (fun () -> is (x + y))
        "add: a vector along the wrong axis", (fun () -> is (x + Expr.variable "b" DType.F32 [ 2 ]))
        "mul: mixed types", (fun () -> is (x * big))
        "mul: a number cast to f64 before it meets f32", (fun () -> is (Expr.cast DType.F64 (lit 2.0) * x))
        "add: a fraction beside whole numbers", (fun () -> is (n + 0.5))
        "add: a number beside truth values", (fun () -> is (mask + 1.0))
        "add: truth values", (fun () -> is (mask + mask))
        "div: whole numbers", (fun () -> is (n / n))
        "pow: whole numbers", (fun () -> is (n ** 2.0))
        "neg: truth values", (fun () -> is -mask)
        "exp: whole numbers", (fun () -> is (exp n))
        "sigmoid: truth values", (fun () -> is (Expr.sigmoid (x .> 0.0)))
        "not: numbers", (fun () -> is (Expr.not' x))
        "and: numbers", (fun () -> is (Expr.both x x))
        "lt: truth values", (fun () -> is (mask .< mask))
        "eq: mixed types", (fun () -> is (Expr.equal n x))
        "where: a condition of numbers", (fun () -> is (Expr.where x x x))
        "where: shapes", (fun () -> is (Expr.where mask y y))
        "where: branches of two types", (fun () -> is (Expr.where mask x big))
        "sum: an axis that is not there", (fun () -> is (Expr.sum [ 2 ] x))
        "sum: an axis of a scalar", (fun () -> is (Expr.sum [ 0 ] s))
        "sum: an axis twice", (fun () -> is (Expr.sum [ 1; -1 ] x))
        "sum: truth values", (fun () -> is (Expr.sum [ 0 ] mask))
        "max: over nothing", (fun () -> is (Expr.max [ 0 ] (Expr.variable "empty" DType.F32 [ 0; 3 ])))
        "argmax: over nothing", (fun () -> is (Expr.argMax 1 (Expr.variable "empty" DType.F32 [ 2; 0 ])))
        "argmax: an axis that is not there", (fun () -> is (Expr.argMax -3 x))
        "cumsum: a scalar", (fun () -> is (Expr.cumSum 0 s))
        "softmax: whole numbers", (fun () -> is (Expr.softmax -1 n))
        "softmax: an axis that is not there", (fun () -> is (Expr.softmax 2 x))
        "logsumexp: an axis that is not there", (fun () -> is (Expr.logSumExp 5 x))
        "matmul: inner extents, the second to transpose", (fun () -> is (Expr.matmul x w))
        "matmul: inner extents, the first to transpose", (fun () -> is (Expr.matmul w.T x.T.T))
        "matmul: inner extents, nothing to transpose", (fun () -> is (Expr.matmul x y))
        "matmul: a vector", (fun () -> is (Expr.matmul x (Expr.variable "u" DType.F32 [ 4 ])))
        "matmul: two vectors", (fun () -> is (Expr.matmul v (Expr.variable "u" DType.F32 [ 4 ])))
        "matmul: a scalar", (fun () -> is (Expr.matmul x (lit 2.0)))
        "matmul: mixed types", (fun () -> is (Expr.matmul x big.T))
        "matmul: stacks",
        (fun () ->
            is (
                Expr.matmul
                    (Expr.variable "a" DType.F32 [ 2; 3; 4 ])
                    (Expr.variable "b" DType.F32 [ 5; 4; 6 ])
            ))
        "transpose: a vector's T", (fun () -> is v.T)
        "transpose: not a permutation", (fun () -> is (Expr.transpose [ 0; 0 ] x))
        "transpose: too few axes", (fun () -> is (Expr.transpose [ 0 ] x))
        "reshape: another size", (fun () -> is (Expr.reshape [ 4; 2 ] x))
        "reshape: two extents left out", (fun () -> is (Expr.reshape [ -1; -1 ] x))
        "reshape: an extent that does not divide", (fun () -> is (Expr.reshape [ 4; -1 ] x))
        "reshape: a negative extent", (fun () -> is (Expr.reshape [ -2; -3 ] x))
        "broadcast: not stretchable", (fun () -> is (Expr.broadcastTo [ 4; 3 ] x))
        "expandDims: a place that is not there", (fun () -> is (Expr.expandDims 4 x))
        "squeeze: an extent that is not 1", (fun () -> is (Expr.squeeze [ 0 ] x))
        "slice: past the end", (fun () -> is (Expr.slice [ 0; 0 ] [ 2; 4 ] [ 1; 1 ] x))
        "slice: too few bounds", (fun () -> is (Expr.slice [ 0 ] [ 1 ] [ 1 ] x))
        "slice: a negative step", (fun () -> is (Expr.slice [ 0; 0 ] [ 2; 3 ] [ 1; -1 ] x))
        "slice: along one axis, backwards", (fun () -> is (Expr.sliceAxis 1 2 1 x))
        "item: past the end", (fun () -> is (Expr.item 1 3 x))
        "pad: edges for one axis of two", (fun () -> is (Expr.pad [ 1 ] [ 1 ] 0.0 x))
        "pad: befores without afters", (fun () -> is (Expr.pad [ 1; 1 ] [ 1 ] 0.0 x))
        "pad: cropped to less than nothing", (fun () -> is (Expr.pad [ -2; 0 ] [ -2; 0 ] 0.0 x))
        "concat: nothing", (fun () -> is (Expr.concat 0 []))
        "concat: extents", (fun () -> is (Expr.concat 0 [ x; x; y ]))
        "concat: types", (fun () -> is (Expr.concat 0 [ x; big ]))
        "concat: an axis that is not there", (fun () -> is (Expr.concat 2 [ x; x ]))
        "concat: one tensor, an axis that is not there", (fun () -> is (Expr.concat 2 [ x ]))
        "stack: shapes", (fun () -> is (Expr.stack 0 [ x; w ]))
        "stack: nothing", (fun () -> is (Expr.stack 0 []))
        "stack: an axis that is not there", (fun () -> is (Expr.stack 4 [ x; x ]))
        "reverse: an axis twice", (fun () -> is (Expr.reverse [ 0; 0 ] x))
        "moveAxis: an axis that is not there", (fun () -> is (Expr.moveAxis 0 2 x))
        "gather: indices of floats", (fun () -> is (Expr.gather 0 v x))
        "gather: an axis that is not there", (fun () -> is (Expr.gather 2 i x))
        "gather: an index out of range",
        (fun () ->
            Eval.run
                [ "x", Tensor.zeros DType.F32 [ 2; 3 ] ]
                (Expr.gather 0 (Expr.constant (Tensor.vector [ 0L; 2L ])) x)
            |> ignore)
        "scatterAdd: updates of another extent", (fun () -> is (Expr.scatterAdd 0 5 i w))
        "scatterAdd: an axis that is not there", (fun () -> is (Expr.scatterAdd 3 5 i x))
        "scatterAdd: a negative extent", (fun () -> is (Expr.scatterAdd 0 -1 i x))
        "randomBits: not a key", (fun () -> is (Expr.randomBits 0 [ 3 ] i))
        "variable: no name", (fun () -> is (Expr.variable " " DType.F32 [ 2 ]))
        "variable: a negative extent", (fun () -> is (Expr.variable "z" DType.F32 [ 2; -3 ]))
        "conv: channels",
        (fun () -> is (Convolution.conv options image (Expr.variable "kernel" DType.F32 [ 16; 4; 5; 5 ])))
        "conv: data of the wrong rank", (fun () -> is (Convolution.conv options x kernel))
        "conv: weights of the wrong rank", (fun () -> is (Convolution.conv options sound kernel))
        "conv: a kernel larger than the data",
        (fun () -> is (Convolution.conv options image (Expr.variable "kernel" DType.F32 [ 16; 3; 29; 5 ])))
        "conv: stride 0", (fun () -> is (Convolution.conv { options with Stride = [ 0 ] } image kernel))
        "conv: negative padding",
        (fun () -> is (Convolution.conv { options with Padding = [ -1 ] } image kernel))
        "conv: dilation 0", (fun () -> is (Convolution.conv { options with Dilation = [ 0 ] } image kernel))
        "conv: three strides for a plane",
        (fun () -> is (Convolution.conv { options with Stride = [ 1; 1; 1 ] } image kernel))
        "conv: groups that do not divide",
        (fun () -> is (Convolution.conv { options with Groups = 2 } image kernel))
        "conv: no group", (fun () -> is (Convolution.conv { options with Groups = 0 } image kernel))
        "conv: mixed types", (fun () -> is (Convolution.conv options image (Expr.cast DType.F64 kernel)))
        "conv: whole numbers",
        (fun () -> is (Convolution.conv options (Expr.cast DType.I32 image) (Expr.cast DType.I32 kernel)))
        "convTranspose: channels", (fun () -> is (Convolution.convTranspose options [] image kernel))
        "convTranspose: too much output padding",
        (fun () ->
            is (
                Convolution.convTranspose
                    options
                    [ 1 ]
                    image
                    (Expr.variable "kernel" DType.F32 [ 3; 16; 5; 5 ])
            ))
        "convTranspose: three output paddings",
        (fun () ->
            is (
                Convolution.convTranspose
                    options
                    [ 0; 0; 0 ]
                    image
                    (Expr.variable "kernel" DType.F32 [ 3; 16; 5; 5 ])
            ))
        "convTranspose: padded to less than nothing",
        (fun () ->
            is (
                Convolution.convTranspose
                    { options with Padding = [ 20 ] }
                    []
                    image
                    (Expr.variable "kernel" DType.F32 [ 3; 16; 5; 5 ])
            ))
        "maxPool: a window larger than the data", (fun () -> is (Convolution.maxPool [ 29 ] options image))
        "maxPool: padding as large as the window",
        (fun () -> is (Convolution.maxPool [ 2 ] { options with Padding = [ 2 ] } image))
        "maxPool: three kernels for a plane", (fun () -> is (Convolution.maxPool [ 2; 2; 2 ] options image))
        "avgPool: data of the wrong rank", (fun () -> is (Convolution.avgPool [ 2 ] options x))
        "addBias: a bias of other channels",
        (fun () -> is (Convolution.addBias (Expr.variable "bias" DType.F32 [ 4 ]) image))
        "addBias: a matrix", (fun () -> is (Convolution.addBias x image))
        "dot: extents", (fun () -> is (Linear.dot v (Expr.variable "u" DType.F32 [ 4 ])))
        "dot: a matrix", (fun () -> is (Linear.dot x v))
        "outer: a matrix", (fun () -> is (Linear.outer v x))
        "matvec: a matrix for the vector", (fun () -> is (Linear.matvec x x))
        "affine: weights not transposed", (fun () -> is (Linear.affine w v x))
        "oneHot: floats", (fun () -> is (Linear.oneHot DType.F32 10 v))
        "mean: an axis that is not there", (fun () -> is (Reduce.mean [ 2 ] x))
        "keepDims: an axis that is not there", (fun () -> is (Reduce.keepDims Expr.sum [ 2 ] x))
        "logSoftmax: whole numbers", (fun () -> is (Reduce.logSoftmax -1 n))
        "uniform: bounds that cross", (fun () -> is (Draw.uniform 1.0 1.0 DType.F32 [ 2 ] key))
        "uniform: whole numbers", (fun () -> is (Draw.uniform 0.0 1.0 DType.I32 [ 2 ] key))
        "normal: a negative deviation", (fun () -> is (Draw.normal 0.0 -1.0 DType.F32 [ 2 ] key))
        "bernoulli: above 1", (fun () -> is (Draw.bernoulli 50.0 [ 2 ] key))
        "split: a negative count", (fun () -> is (Draw.split -1 key))
        "uniform: an i64 seed for the key", (fun () -> is (Draw.uniform 0.0 1.0 DType.F32 [ 2 ] (lit 42.0)))
        "scan: a sequence that is a scalar",
        (fun () -> is (Scan.run (lit 0.0) s (fun h x -> h + x, h) |> fst))
        "scan: sequences of other lengths",
        (fun () -> are (Scan.many false 2 [] [ x; w ] (fun _ _ -> [], []) |> snd))
        "scan: a carry that changes its shape",
        (fun () ->
            is (
                Scan.run (Expr.symbol "h") (Expr.variable "xs" DType.F64 [ 4; 3 ]) (fun h x -> h + x, h)
                |> fst
            ))
        "scan: a carry that changes its type",
        (fun () -> is (Scan.run v x (fun h x -> Expr.cast DType.F64 (h + x), x) |> fst))
        "scan: fewer carries than were given",
        (fun () -> are (Scan.many false 2 [ v; v ] [ x ] (fun h x -> [ h[0] + x[0] ], []) |> fst))
        "scan: a negative length", (fun () -> are (Scan.many false -1 [ v ] [] (fun h _ -> h, []) |> fst))
        "custom: too few gradients",
        (fun () -> is (Scan.custom "f" (fun xs -> xs[0] * xs[1]) (fun _ dy -> [ dy ]) [ x; x ]))
        "custom: a gradient of another shape",
        (fun () -> is (Scan.custom "f" (fun xs -> Expr.sum [ 0 ] xs[0]) (fun _ dy -> [ dy ]) [ x ]))
        "jvp: a custom rule that is not linear",
        (fun () ->
            are (
                Grad.jvp
                    [ Scan.custom "clip" List.head (fun _ dy -> [ Expr.minimum dy (lit 1.0) ]) [ x ] ]
                    [ x ]
                    [ x ]
            ))
        "grad: not a scalar", (fun () -> are (Grad.grad (x * x) [ x ]))
        "grad: of whole numbers", (fun () -> are (Grad.grad (Expr.sumAll n) [ n ]))
        "grad: with respect to whole numbers", (fun () -> are (Grad.grad (Expr.sumAll x) [ n ]))
        "vjp: a cotangent of another shape", (fun () -> are (Grad.vjp [ x ] [ y ] [ x ]))
        "vjp: too few cotangents", (fun () -> are (Grad.vjp [ x; y ] [ x ] [ x ]))
        "jvp: a tangent of another type", (fun () -> are (Grad.jvp [ x ] [ x ] [ big ]))
        "hessian: not a scalar", (fun () -> is (Grad.hessian x x))
        "jacobian: truth values", (fun () -> is (Grad.jacobian mask x))
        "vmap: batches of two sizes", (fun () -> are (Grad.vmap id [ x; w ]))
        "vmap: a scalar", (fun () -> are (Grad.vmap id [ s ]))
        "vmap: nothing", (fun () -> are (Grad.vmap id []))
        "eval: a missing value", (fun () -> Eval.run [ "y", Tensor.scalar 1.0 ] (s * 2.0) |> ignore)
        "eval: no values at all", (fun () -> Eval.run [] (s * 2.0) |> ignore)
        "eval: a value of another type", (fun () -> Eval.run [ "s", Tensor.scalar 1.0f ] (s * 2.0) |> ignore)
        "eval: a value of another shape",
        (fun () -> Eval.run [ "x", Tensor.zeros DType.F32 [ 3; 2 ] ] (x * 2.0) |> ignore)
        "eval: too few values",
        (fun () ->
            Eval.prepare [ { Name = "s"; DType = DType.F64; Shape = Shape.Scalar } ] [ s ] [] |> ignore)
        "eval: a graph prepared without one of its variables",
        (fun () -> Eval.prepare [] [ s * 2.0 ] |> ignore)
        "eval: an input of another shape than the graph's",
        (fun () -> Eval.prepare [ { Name = "s"; DType = DType.F64; Shape = Shape.Of [ 2 ] } ] [ s ] |> ignore)
        "eval: an input named twice",
        (fun () ->
            let input: Variable = { Name = "s"; DType = DType.F64; Shape = Shape.Scalar }
            Eval.prepare [ input; input ] [ s ] |> ignore)
        "grad: by another variable of the same name",
        (fun () -> are (Grad.grad (Expr.sumAll x) [ Expr.variable "x" DType.F64 [] ]))
        "derivative: by another variable of the same name",
        (fun () -> is (Symbolic.derivative (Expr.symbol "v") (Expr.variable "v" DType.F32 [] * 2.0)))
        "clamp: bounds that are swapped", (fun () -> is (Elementwise.clamp 1.0 -1.0 x))
        "optimizer: a gradient of another shape",
        (fun () -> updated (Optimizer.sgd 0.1) [ "x", Expr.sum [ 0 ] x ] [ "x", x ])
        "optimizer: too few gradients", (fun () -> updated (Optimizer.sgd 0.1) [] [ "x", x ])
        "optimizer: no state", (fun () -> updated (Optimizer.momentum 0.9 0.1) [ "x", x ] [ "x", x ])
        "descent: a variable without a start",
        (fun () ->
            Descent.run Descent.standard (Optimizer.sgd 0.1) (s * Expr.symbol "t") [ s ] [ 1.0 ] |> ignore)
        "descent: a tensor",
        (fun () -> Descent.run Descent.standard (Optimizer.sgd 0.1) (Expr.sumAll x) [ x ] [ 1.0 ] |> ignore)
        "descent: a start where the objective is not finite",
        (fun () -> Descent.run Descent.standard (Optimizer.sgd 0.1) (log s) [ s ] [ -1.0 ] |> ignore)
        "graph: one name with two meanings",
        (fun () -> Eval.run [] (Expr.cast DType.F64 x * Expr.variable "x" DType.F64 [ 2; 3 ]) |> ignore)
        "fit: a label beyond the outputs",
        (fun () -> fitted (Tensor.zeros DType.F32 [ 4; 2 ]) (Tensor.vector [ 0L; 1L; 3L; 2L ]))
        "fit: a missing value",
        (fun () -> fitted (Tensor.ofArray [ 2; 2 ] [| 0f; 1f; 2f; nanf |]) (Tensor.vector [ 0L; 1L ]))
        "fit: an infinity",
        (fun () -> fitted (Tensor.ofArray [ 2; 2 ] [| 0f; infinityf; 2f; 1f |]) (Tensor.vector [ 0L; 1L ]))
        "tensor: too few elements", (fun () -> Tensor.ofArray [ 2; 3 ] [| 1.0 |] |> ignore)
        "tensor: read as another type", (fun () -> Tensor.toArray<float>(Tensor.scalar 1.0f) |> ignore)
    ]

let private messageOf (call: unit -> unit) =
    try
        call ()
        "no error"
    with
    | :? DL1Error as error -> $"{error.GetType().Name}: {error.Message}"
    | other -> $"not an error of DL1: {other.GetType().Name}: {other.Message}"

/// The file beside the sources, for writing; where it is read from is the copy beside the program.
let private source = Path.Combine(__SOURCE_DIRECTORY__, "..", "..", "fixtures", "errors.approved.txt")

let private read path =
    File.ReadAllText(path).Split("## ", StringSplitOptions.RemoveEmptyEntries)
    |> Array.map (fun block ->
        let title, message = block.Split('\n', 2) |> fun parts -> parts[0], parts[1]
        title.TrimEnd(), message.Trim())
    |> Map.ofArray

let private approving = Environment.GetEnvironmentVariable "DL1_APPROVE" = "1"

let private approved =
    lazy
        (if approving then
             let blocks = calls |> List.map (fun (title, call) -> $"## {title}\n{messageOf call}\n")
             File.WriteAllText(source, String.Join("\n", blocks))

         let path =
             if approving then
                 source
             else
                 Path.Combine(AppContext.BaseDirectory, "fixtures", "errors.approved.txt")

         read path)

let tests =
    testList
        "errors"
        [
            for title, call in calls do
                test title {
                    let message = messageOf call
                    Expect.isFalse (message.StartsWith "no") $"it is refused with an error of DL1: {message}"
                    Expect.equal (Some message) (Map.tryFind title approved.Value) "the approved message"
                }
            test "the approved file holds nothing else" {
                Expect.equal
                    (approved.Value |> Map.keys |> set)
                    (calls |> List.map fst |> set)
                    "the same calls"
            }
        ]
