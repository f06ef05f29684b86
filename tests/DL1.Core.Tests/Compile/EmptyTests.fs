/// Extents of 0, in every primitive and every layer, forward and backward: what is compiled is what Eval says, or the
/// graph is refused when it is made.
module DL1.Tests.EmptyTests

open System
open DL1
open DL1.Tests.Graphs
open DL1.Tests.Numbers
open DL1.Tests.Source
open DL1.Tests.Training
open Expecto
open DL1.Compiler.Simd

let private agree what tolerance (bindings: (string * Tensor) list) (roots: Expr list) =
    let inputs = Graph.variables roots
    let values = inputs |> List.map (fun v -> bindings |> List.find (fun (name, _) -> name = v.Name) |> snd)
    let expected = Eval.prepare inputs roots values

    for generates in [ true; false ] do
        let found = Compile.prepareOn Simd.widest generates 2 inputs roots values

        for i, (e, f) in List.indexed (List.zip expected found) do
            expectClose tolerance e f $"{what}, root {i}, emitted code: {generates}"

let private isEmpty (e: Expr) =
    e.Shape.Size = 0 || List.exists (fun (o: Expr) -> o.Shape.Size = 0) (Node.operands e.Node)

/// How many nodes of each primitive are tried, half of their extents 0.
let private tries = 40

let private primitives =
    testList
        "primitives"
        [
            for name, maker in Primitives.all do
                test name {
                    let mutable empty = 0

                    for seed in 1..tries do
                        for style in [ Tame; Single ] do
                            let e, values = singleOf OftenEmpty style maker seed

                            if isEmpty e then
                                empty <- empty + 1

                            agree $"{name}, seed {seed}, {style}" 1e-5 values [ e ]

                        // Whole numbers, truth values and odd ones: no exception, and the same shapes.
                        let e, values = singleOf OftenEmpty Wild maker seed
                        let inputs = Graph.variables [ e ]
                        let given = valuesOf values (List.map Expr.ofVariable inputs)
                        let found = (Compile.prepare inputs [ e ] given).Head
                        let expected = Eval.run values e

                        Expect.equal
                            (found.DType, found.Shape)
                            (expected.DType, expected.Shape)
                            $"{name} {seed}"

                        if not e.DType.IsFloat then
                            Expect.isTrue (Tensor.sameBits expected found) $"{name}, seed {seed}: bits"

                    Expect.isGreaterThan empty (tries / 8) $"{name}: nodes with something empty"
                }

                test $"{name}, derivatives" {
                    for seed in 1..tries do
                        let e, values = singleOf OftenEmpty Tame maker seed
                        let wrt = reals [ e ]

                        if e.DType.IsFloat && not wrt.IsEmpty then
                            let loss = weighted e
                            let tangents = wrt |> List.map (fun v -> Expr.zerosLike v + 0.5)
                            let along = Grad.jvp [ e ] wrt tangents
                            agree $"{name}, seed {seed}" 1e-5 values (Grad.grad loss wrt @ along)
                }
        ]

let private ofSequence layer = Recurrent.sequence layer

/// Layers with data that they take.
let private layers: (string * Layer<Expr, Expr> * int list) list =
    [
        "linear", Dense.linear 3, [ 4; 5 ]
        "linear on sequences", Dense.linear 3, [ 2; 4; 5 ]
        "prelu", Activation.prelu true, [ 2; 3; 4 ]
        "softmax", Activation.softmax 1, [ 3; 4 ]
        "log softmax", Activation.logSoftmax 1, [ 3; 4 ]
        "GELU", Activation.gelu, [ 3; 4 ]
        "ELU", Activation.elu 1.0, [ 3 ]
        "flatten", Shaping.flatten, [ 2; 3; 4 ]
        "dropout", Shaping.dropout 0.5, [ 3; 4 ]
        "batch norm of features", Norm.batchNorm1d, [ 4; 3 ]
        "batch norm of sequences", Norm.batchNorm1d, [ 4; 3; 5 ]
        "batch norm of images", Norm.batchNorm2d, [ 4; 3; 5; 5 ]
        "layer norm", Norm.layerNorm, [ 4; 3 ]
        "layer norm of two axes", Norm.layerNormWith Norm.options 2, [ 4; 3; 5 ]
        "group norm", Norm.groupNorm 2, [ 3; 4; 5 ]
        "convolution of sequences", Conv.conv1d 3 2, [ 2; 3; 5 ]
        "convolution of images", Conv.conv2d 3 2, [ 2; 3; 5; 5 ]
        "padded convolution",
        Conv.conv2dWith Init.parameters { Convolution.options with Padding = [ 2 ] } 3 [ 3 ],
        [ 2; 3; 5; 5 ]
        "transposed convolution", Conv.convTranspose2d 3 2 2, [ 2; 3; 4; 4 ]
        "max pooling", Pooling.max 2, [ 2; 3; 4; 4 ]
        "average pooling", Pooling.average 2, [ 2; 3; 4; 4 ]
        "adaptive average pooling", Pooling.adaptiveAverage [ 2 ], [ 2; 3; 5; 5 ]
        "adaptive max pooling", Pooling.adaptiveMax [ 2 ], [ 2; 3; 5; 5 ]
        "RNN", ofSequence (Recurrent.rnn (Recurrent.options 3)), [ 2; 4; 3 ]
        "LSTM both ways",
        ofSequence (Recurrent.lstm { Recurrent.options 3 with Bidirectional = true }),
        [ 2; 4; 3 ]
        "last of an LSTM", Recurrent.last (Recurrent.lstm (Recurrent.options 3)), [ 2; 4; 3 ]
        "last of a GRU", Recurrent.last (Recurrent.gru (Recurrent.options 3)), [ 2; 4; 3 ]
        "self-attention", Attention.self 2 true, [ 2; 3; 4 ]
        "encoder layer", Transformer.encoderLayer (Transformer.options 2 8), [ 2; 3; 4 ]
        "sinusoidal positions", Transformer.sinusoidalPositions, [ 2; 3; 4 ]
        "learned positions", Transformer.learnedPositions 5, [ 2; 3; 4 ]
    ]

/// Forward, gradients of data and parameters, and the next state, on data of a shape; `None` where it is refused.
let private stepOf mode dtype (layer: Layer<Expr, Expr>) dims =
    let x = Expr.variable "x" dtype dims

    try
        let parameters, state = Layer.initAs dtype (Key.ofSeed 1L) x layer
        let ps, ss = Tree.variables parameters, Tree.variables state
        let y, next = Layer.apply mode ps ss layer x
        let gradients = Grad.grad (weighted y) (x :: Tree.values ps)

        let bindings =
            ("x", normal 5L dtype dims)
            :: List.zip (Tree.values ps |> List.map (variableOf >> _.Name)) (Tree.values parameters)
            @ List.zip (Tree.values ss |> List.map (variableOf >> _.Name)) (Tree.values state)

        Some(bindings, y :: gradients @ Tree.values next)
    with
    | :? ShapeError
    | :? DomainError -> None

let private modes = [ "training", Mode.Training(Draw.key (Key.ofSeed 3L)); "inference", Mode.Inference ]

let private tableOfLayers =
    testList
        "layers"
        [
            for name, layer, dims in layers do
                test name {
                    for modeName, mode in modes do
                        for dtype, tolerance in [ DType.F32, 1e-4; DType.F64, 1e-10 ] do
                            Expect.isSome (stepOf mode dtype layer dims) $"{name} takes {dims}"

                            for axis in 0 .. dims.Length - 1 do
                                let dims = List.updateAt axis 0 dims

                                match stepOf mode dtype layer dims with
                                | Some(bindings, roots) ->
                                    agree $"{name} of {dims}, {modeName}" tolerance bindings roots
                                | None -> ()
                }
        ]

let private valued name (expected: float list) (make: unit -> Expr) =
    test name {
        let e = make ()

        let bindings =
            Graph.variables [ e ] |> List.map (fun v -> v.Name, Tensor.zeros v.DType (v.Shape.ToList()))

        agree name 0.0 bindings [ e ]
        Expect.equal (Tensor.toFloats (Eval.run bindings e) |> List.ofArray |> string) (string expected) name
    }

let private refused name (make: unit -> Expr) =
    test name {
        Expect.throwsC (fun () -> make () |> ignore) (function
            | :? ShapeError
            | :? DomainError -> ()
            | e -> failtest $"{e.GetType().Name}, not an error of DL1")
    }

let private values =
    let x dims = Expr.variable "x" DType.F32 dims

    testList
        "values"
        [
            valued "a sum" [ 0.0; 0.0; 0.0 ] (fun () -> Expr.sum [ 0; 2 ] (x [ 0; 3; 4 ]))
            valued "a product" [ 1.0; 1.0; 1.0 ] (fun () ->
                Expr.reduce ReduceOp.Prod [ 0; 2 ] (x [ 2; 3; 0 ]))
            valued "a mean" [ nan; nan ] (fun () -> Reduce.mean [ 0 ] (x [ 0; 2 ]))
            valued "a variance" [ nan; nan ] (fun () -> Reduce.variance 0 [ 0 ] (x [ 0; 2 ]))
            valued "a sample's variance" [ nan ] (fun () ->
                Reduce.variance 1 [ 0; 1 ] (x [ 0; 2 ]) |> Expr.reshape [ 1 ])
            valued "a bias's gradient" [ 0.0; 0.0 ] (fun () -> Expr.sum [ 0; 2; 3 ] (x [ 0; 2; 4; 4 ]))
            valued "log Σ exp" [ -infinity ] (fun () -> Expr.logSumExp 1 (x [ 1; 0 ]))
            valued "a product of matrices" [ 0.0; 0.0 ] (fun () ->
                Expr.matmul (x [ 1; 0 ]) (Expr.variable "y" DType.F32 [ 0; 2 ]))
            refused "a maximum" (fun () -> Expr.max [ 0 ] (x [ 0; 2 ]))
            refused "the place of a maximum" (fun () -> Expr.argMax 0 (x [ 0; 2 ]))
            refused "the place of a minimum" (fun () -> Expr.argMin 0 (x [ 0 ]))
        ]

let tests = testList "Empty" [ primitives; tableOfLayers; values ]
