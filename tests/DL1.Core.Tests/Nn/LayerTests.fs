/// Composition is associative with an identity; names, errors, shared weights, and a layer of one's own.
module DL1.Tests.LayerTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Run
open Expecto

/// A layer of one's own, in five lines.
let private gated features =
    Layer.create "Gated" (fun scope x ->
        let gate = scope.Run("gate", Dense.linear features, x)
        let scale = scope.Parameter("scale", [ features ], Init.ones)
        scale * Expr.sigmoid gate)

/// Layers that keep a width of 4, with and without parameters, single and rows.
let private kept (choice: int) : Layer<Expr, Expr> =
    match abs (int64 choice) % 6L with
    | 0L -> Dense.linear 4
    | 1L -> Activation.tanh
    | 2L -> Layer.identity
    | 3L -> Dense.linear 4 => Activation.relu
    | 4L -> Layer.residual (Dense.linear 4)
    | _ -> Layer.named "own" (gated 4)

let private x = normal 1L [ 3; 4 ]

/// Parameters and result: all that can be seen of a layer.
let private seen (layer: Layer<Expr, Expr>) =
    let parameters, state = drawn 5L layer x
    parameters, applied Mode.Inference (parameters, state) layer x

let private paths (layer: Layer<Expr, 'b>) (x: Tensor) = drawn 1L layer x |> fst |> Tree.paths

let private message (f: unit -> 'a) =
    try
        f () |> ignore
        failtest "an error was expected"
    with :? DL1Error as e ->
        e.Message

/// Rows without the layer whose name would be there twice.
let private distinct (choices: int list) = choices |> List.filter (fun c -> abs (int64 c) % 6L <> 5L)

let tests =
    testList
        "Layer"
        [
            law "composition is associative" (fun a b c ->
                match distinct [ a; b; c ] |> List.map kept with
                | [ f; g; h ] -> seen ((f => g) => h) = seen (f => (g => h))
                | _ -> true)
            law "the identity is one, on both sides" (fun a ->
                seen (Layer.identity => kept a) = seen (kept a)
                && seen (kept a => Layer.identity) = seen (kept a))
            law "the last of a row's outputs is its result" (fun a b ->
                match distinct [ a; b ] |> List.map kept with
                | [ f; g ] ->
                    let row = Layer.block f => Layer.block g => Activation.relu
                    let parameters, state = drawn 5L row x
                    let ps, ss = Tree.map Expr.constant parameters, Tree.map Expr.constant state
                    let found = Layer.outputs Mode.Inference ps ss row (Expr.constant x)
                    let whole, _ = Layer.apply Mode.Inference ps ss row (Expr.constant x)
                    found["2"].Digest = whole.Digest
                | _ -> true)
            test "a row of one layer is numbered, as PyTorch's Sequential is" {
                let one = Layer.sequential [ Dense.linear 4 ]
                let paths layer = paths layer x
                Expect.equal (paths one) [ "0.weight"; "0.bias" ] "alone"
                Expect.equal (paths (Dense.linear 4)) [ "weight"; "bias" ] "a layer that is no row"
                Expect.equal (paths (Layer.identity => one)) [ "0.weight"; "0.bias" ] "beside the identity"
                Expect.equal (paths (one => Activation.relu)) [ "0.weight"; "0.bias" ] "in a longer row"
                Expect.equal (paths (Activation.relu => one)) [ "1.weight"; "1.bias" ] "behind another"
                Expect.equal (paths (Layer.named "head" one)) [ "head.0.weight"; "head.0.bias" ] "named"

                Expect.equal
                    (paths (Layer.block one => one))
                    [ "0.0.weight"; "0.0.bias"; "1.weight"; "1.bias" ]
                    "a block"

                Expect.equal (paths (Layer.map Expr.t one)) [ "0.weight"; "0.bias" ] "with a function"
                Expect.isEmpty (paths (Layer.sequential [])) "of none"
            }
            test "sizes of 0 and below are refused where the layer is made" {
                let refused (make: unit -> 'a) = Expect.throwsT<DomainError> (fun () -> make () |> ignore) ""

                for size in [ 0; -1; System.Int32.MinValue ] do
                    refused (fun () -> Dense.linear size)
                    refused (fun () -> Dense.embedding size 3)
                    refused (fun () -> Dense.embedding 3 size)
                    refused (fun () -> Dense.embeddingPadded 0 3 size)
                    refused (fun () -> Conv.conv1d size 3)
                    refused (fun () -> Conv.conv1d 3 size)
                    refused (fun () -> Conv.conv2d size 3)
                    refused (fun () -> Conv.conv2d 3 size)
                    refused (fun () -> Conv.conv3d size 3)
                    refused (fun () -> Conv.conv3d 3 size)
                    refused (fun () -> Conv.convTranspose2d size 2 2)
                    refused (fun () -> Conv.convTranspose2d 2 size 2)
                    refused (fun () -> Transformer.learnedPositions size)
            }
            test "an input that does not fit is told as an input" {
                let parameters, state =
                    Layer.init (Key.ofSeed 1L) (Expr.variable "x" DType.F32 [ 2; 10 ]) (Dense.linear 4)

                let trained = Trained.create (Dense.linear 4) parameters state
                let text = message (fun () -> Trained.predict (Tensor.zeros DType.F32 [ 1; 3 ]) trained)
                Expect.stringContains text "input" "what it is"
                Expect.stringContains text "would have to be [4, 3]; it is [4, 10]" "why"
            }
            test "the row of a padding is zeros and is not trained" {
                let model = Dense.embeddingPadded 1 4 3
                let indices = Expr.constant (Tensor.Of [| 0L; 1L; 1L; 3L |])
                let parameters, _ = Layer.init (Key.ofSeed 1L) indices model
                let weights = Tree.variables parameters
                let y, _ = Layer.apply Mode.Inference weights Tree.empty model indices
                let slope = Grad.grad (Reduce.meanAll (y * y)) (Tree.values weights) |> List.head
                let given = Tree.toList parameters

                let isZero (t: Tensor) row =
                    Tensor.toFloats t |> Array.skip (3 * row) |> Array.truncate 3 |> Array.forall ((=) 0.0)

                Expect.equal (List.init 4 (isZero (Eval.run given y))) [ false; true; true; false ] "values"

                Expect.equal
                    (List.init 4 (isZero (Eval.run given slope)))
                    [ false; true; true; false ]
                    "gradient by row"

                Expect.throwsT<DomainError> (fun () -> Dense.embeddingPadded 4 4 3 |> ignore) "no such row"
            }
            test "outputs have the paths of their layers" {
                let model = Dense.linear 4 => Layer.residual (gated 4) => Layer.named "own" (Dense.linear 2)
                let parameters, state = drawn 5L model x
                let ps, ss = Tree.map Expr.constant parameters, Tree.map Expr.constant state
                let found = Layer.outputs Mode.Inference ps ss model (Expr.constant x)

                Expect.equal
                    (Tree.paths found)
                    [ "0"; "1"; "1.gate"; "own" ]
                    "the residual stands for what it holds"
            }
            law "a row applies its members one after another" (fun a b ->
                match distinct [ a; b ] |> List.map kept with
                | [ f; g ] ->
                    let row = Layer.block f => Layer.block g
                    let parameters, _ = drawn 5L row x
                    let at name = Tree.at name parameters, Tree.empty
                    let first = applied Mode.Inference (at "0") f x |> fst
                    let second = applied Mode.Inference (at "1") g first |> fst
                    second = (applied Mode.Inference (parameters, Tree.empty) row x |> fst)
                | _ -> true)
            law "sequential is composition" (fun a b ->
                match distinct [ a; b ] |> List.map kept with
                | [ f; g ] ->
                    let row = Layer.compose f g
                    let parameters, result = seen row
                    // A row of one layer, beside an identity, is numbered too.
                    let numbered path = if row.Length = 1 then $"0.{path}" else path
                    let found, same = seen (Layer.sequential [ f; g ])

                    Tree.paths found = (Tree.paths parameters |> List.map numbered)
                    && Tree.values found = Tree.values parameters
                    && same = result
                | _ -> true)
            law "the same key gives the same bits, another one others" (fun seed ->
                let of' seed = drawn seed (Dense.linear 5) x
                of' seed = of' seed && of' seed <> of' (seed + 1L))
            test "rows number their members; blocks, names and single layers" {
                let linear () = Dense.linearWith { Init.parameters with Bias = false } 4
                let row = linear () => Activation.relu => linear ()
                Expect.equal (paths row x) [ "0.weight"; "2.weight" ] "PyTorch's Sequential"
                Expect.equal (paths (linear ()) x) [ "weight" ] "alone"
                Expect.equal (paths (linear () => Layer.identity) x) [ "weight" ] "still alone"

                Expect.equal
                    (paths (Layer.block row => linear ()) x)
                    [ "0.0.weight"; "0.2.weight"; "1.weight" ]
                    "a block"

                Expect.equal
                    (paths (Layer.named "a" row => Layer.named "b" (linear ())) x)
                    [ "a.0.weight"; "a.2.weight"; "b.weight" ]
                    "names"

                Expect.equal (paths (Layer.numbered (linear ())) x) [ "0.weight" ] "numbered"

                Expect.equal
                    (paths (Layer.named "p" (Layer.residualWith (linear ()) row)) x)
                    [ "p.shortcut.weight"; "p.branch.0.weight"; "p.branch.2.weight" ]
                    "residual"

                Expect.equal
                    (paths (Layer.parallelBy (Expr.concat 1) [ linear (); row ]) x)
                    [ "0.weight"; "1.0.weight"; "1.2.weight" ]
                    "parallel"

                Expect.equal (paths (gated 4) x) [ "gate.weight"; "gate.bias"; "scale" ] "one's own"
            }
            test "parameters are put in the order that a layer says" {
                let turned =
                    Layer.create "Turned" (fun scope x ->
                        let y =
                            scope.Run("second", Dense.linear 4, x) + scope.Run("first", Dense.linear 4, x)

                        scope.Arrange [ "first"; "second" ]
                        y)

                let names = [ "first.weight"; "first.bias"; "second.weight"; "second.bias" ]
                let before name = names |> List.map (fun path -> name + path)
                Expect.equal (paths turned x) names "alone"
                Expect.equal (paths (turned => turned) x) (before "0." @ before "1.") "in a row"
            }
            test "residual, parallel, both, map and before do what they say" {
                let double = Layer.ofFunction "Double" (fun x -> 2.0 * x)

                let value (layer: Layer<Expr, Expr>) =
                    given 1L layer (Tensor.vector [ 1.0; 2.0 ]) |> Tensor.toFloats |> List.ofArray

                Expect.equal (value (Layer.residual double)) [ 3.0; 6.0 ] ""
                Expect.equal (value (Layer.residualWith double double)) [ 4.0; 8.0 ] ""

                Expect.equal
                    (value (Layer.parallelBy (Expr.concat 0) [ double; Layer.identity ]))
                    [ 2.0; 4.0; 1.0; 2.0 ]
                    ""

                Expect.equal
                    (value (Layer.both double Layer.identity |> Layer.map (fun (a, b) -> a * b)))
                    [ 2.0; 8.0 ]
                    ""

                Expect.equal (value (Layer.before (fun x -> x + 1.0) double)) [ 4.0; 6.0 ] ""
                let pair = Layer.createOf "Both" (fun _ x -> x, -x)
                Expect.equal (value (pair |> Layer.map (fun (a, b) -> a + b))) [ 0.0; 0.0 ] ""
            }
            test "a name asked for again is the same weight" {
                let tied =
                    Layer.create "Tied" (fun scope x ->
                        let twice = scope.Run("f", Dense.linear 4, x)
                        scope.Run("f", Dense.linear 4, twice))

                Expect.equal (paths tied x) [ "f.weight"; "f.bias" ] ""

                let uneven =
                    Layer.create "Tied" (fun scope x ->
                        scope.Run("f", Dense.linear 4, scope.Run("f", Dense.linear 5, x)))

                Expect.throwsT<ShapeError> (fun () -> paths uneven x |> ignore) "two shapes"
            }
            test "errors name the layer" {
                let model = Dense.linear 4 => Activation.relu => Layer.named "head" (Dense.linear 2)
                let parameters, state = drawn 1L model x
                let other = normal 1L [ 3; 5 ]
                let wrong = message (fun () -> applied Mode.Inference (parameters, state) model other)
                Expect.stringContains wrong "layer 0 (Linear)" wrong
                Expect.stringContains wrong "[4, 4]" wrong
                Expect.stringContains wrong "[4, 5]" wrong
                let less = Tree.filter (fun path -> path <> "head.bias") parameters
                let missing = message (fun () -> applied Mode.Inference (less, state) model x)
                Expect.stringContains missing "layer head (Linear)" missing
                Expect.stringContains missing "no parameter head.bias" missing
                let inner = message (fun () -> drawn 1L (Layer.block (gated 4 => Conv.conv2d 3 3)) x)
                Expect.stringContains inner "layer 1 (Conv2d)" inner
                let alone = message (fun () -> drawn 1L (Norm.groupNorm 3) x)
                Expect.stringContains alone "layer GroupNorm: " alone
            }
            test "state is handed on, and what is not touched stays" {
                let counter =
                    Layer.create "Counter" (fun scope (x: Expr) ->
                        let seen = scope.StateOf(DType.I64, "seen", [], Init.zeros)
                        let kept = scope.State("kept", [ 2 ], Init.ones)
                        scope.Update("seen", seen + 1)
                        x * Expr.sumAll kept)

                let first = drawn 1L counter x
                let y, second = applied Mode.Inference first counter x
                let _, third = applied Mode.Inference (fst first, second) counter x
                Expect.equal third["seen"] (Tensor.scalar 2L) ""
                Expect.equal third["kept"] (Tensor.ones DType.F64 [ 2 ]) ""
                Expect.equal y[0, 0] (2.0 * x[0, 0]) ""
            }
            test "keys are for training, and each is another one" {
                let noisy =
                    Layer.create "Noisy" (fun scope _ ->
                        List.init 40 (fun _ -> Draw.uniform 0.0 1.0 DType.F64 [] (scope.Key()))
                        |> Expr.stack 0)

                let values = applied (training 1L) (Tree.empty, Tree.empty) noisy x |> fst |> Tensor.toFloats
                Expect.equal (Array.distinct values).Length 40 "distinct"
                Expect.stringContains (message (fun () -> given 1L noisy x)) "inference" "none there"
            }
            test "parameters are f32 unless another type is asked for" {
                let input = Expr.variable "x" DType.F32 [ 1; 4 ]
                let parameters, _ = Layer.init (Key.ofSeed 1L) input (Dense.linear 3)
                Expect.equal (parameters |> Tree.map _.DType |> Tree.values |> List.distinct) [ DType.F32 ] ""

                let y, _ =
                    Layer.apply Mode.Inference (Tree.variables parameters) Tree.empty (Dense.linear 3) input

                Expect.equal (y.DType, y.Shape) (DType.F32, Shape.Of [ 1; 3 ]) ""
            }
            test "a layer prints as it is composed" {
                let row = Dense.linear 3 => Activation.relu
                Expect.equal (string row) "Linear(3) => ReLU" ""
                Expect.equal (sprintf "%A" row) "Linear(3) => ReLU" "in %A too"
                let model = Layer.named "encoder" row => Layer.block row => Layer.map Expr.t (Dense.linear 2)

                Expect.equal
                    (string model)
                    "encoder: (Linear(3) => ReLU) => (Linear(3) => ReLU) => Linear(2)"
                    ""

                Expect.equal (string (Layer.identity<Expr>)) "identity" ""
            }
            test "layers print with their sizes" {
                let prints (layer: Layer<'a, 'b>) (form: string) =
                    Expect.equal (string layer) form ""
                    Expect.equal (HostileCulture.under (fun () -> string layer)) form "in another culture"

                let encoder = Transformer.options 4 512
                prints (Dense.linear 64) "Linear(64)"
                prints (Dense.bilinear 8) "Bilinear(8)"
                prints (Conv.conv1d 8 5) "Conv1d(8, 5)"
                prints (Conv.conv2d 16 3) "Conv2d(16, 3×3)"
                prints (Conv.conv3d 4 3) "Conv3d(4, 3×3×3)"
                prints (Conv.convTranspose2d 3 2 2) "ConvTranspose2d(3, 2×2)"
                prints (Pooling.max 2) "MaxPool(2)"
                prints (Pooling.averageWith Convolution.options [ 2; 3 ]) "AvgPool(2×3)"
                prints (Pooling.adaptiveAverage [ 1 ]) "AdaptiveAvgPool(1)"
                prints (Pooling.adaptiveMax [ 2; 2 ]) "AdaptiveMaxPool(2×2)"
                prints (Recurrent.rnn (Recurrent.options 32)) "RNN(32)"
                prints (Recurrent.lstm (Recurrent.options 32)) "LSTM(32)"
                prints (Recurrent.gruPadded (Recurrent.options 32)) "GRU(32)"
                prints (Dense.embedding 1000 64) "Embedding(1000, 64)"
                prints (Dense.embeddingPadded 0 1000 64) "Embedding(1000, 64)"
                prints (Embedding.bounded 1.0 1000 64) "Embedding(1000, 64)"
                prints (Embedding.bag BagMode.Mean 1000 64) "EmbeddingBag(1000, 64)"
                prints (Embedding.bagPadded BagMode.Mean 0 1000 64) "EmbeddingBag(1000, 64)"
                prints (Embedding.bagWeighted 1000 64) "EmbeddingBag(1000, 64)"

                prints
                    (Embedding.tied 1000 64 (Attention.self 4 true))
                    "TiedEmbedding(1000, 64, MultiheadAttention(4))"

                prints (Embedding.skipGram 1000 64) "SkipGram(1000, 64)"
                prints (Attention.multiHead 4 0.0) "MultiheadAttention(4)"
                prints (Attention.general (Attention.options 4)) "MultiheadAttention(4)"
                prints (GroupedAttention.self (GroupedAttention.options 8 2)) "GroupedQueryAttention(8, 2)"
                prints (Transformer.encoderLayer encoder) "TransformerEncoderLayer(4, 512)"
                prints (Transformer.decoderLayer encoder) "TransformerDecoderLayer(4, 512)"

                prints
                    (Transformer.encoder 2 { encoder with FinalNorm = true })
                    "layers: (TransformerEncoderLayer(4, 512) => TransformerEncoderLayer(4, 512)) => norm: LayerNorm(1 axis)"

                prints Transformer.sinusoidalPositions "SinusoidalPositions"
                prints (Transformer.learnedPositions 128) "LearnedPositions(128)"
                prints Norm.batchNorm2d "BatchNorm2d"
                prints (Norm.groupNorm 2) "GroupNorm(2)"
                prints Norm.layerNorm "LayerNorm(1 axis)"
                prints (Norm.layerNormUnshifted Norm.options 2) "LayerNorm(2 axes)"
                prints Norm.rmsNorm "RMSNorm(1 axis)"
                prints Norm.instanceNorm "InstanceNorm"
                prints (Norm.localResponse 5) "LocalResponseNorm(5)"
                prints Shaping.flatten "Flatten"
                prints (Shaping.reshape [ 1; 28; -1 ]) "Reshape(1, 28, -1)"
                prints (Shaping.dropout 0.5) "Dropout(0.5)"
                prints (Shaping.gaussianNoise 0.1) "GaussianNoise(0.1)"
                prints (Upsample.nearest 2) "Upsample(2)"
                prints (Upsample.linear false 3) "Upsample(3)"
                prints (Upsample.pixelShuffle 2) "PixelShuffle(2)"
                prints (Augment.flipHorizontal 0.5) "FlipHorizontal(0.5)"
                prints (Augment.crop 4) "RandomCrop(4)"
                prints (Augment.cropTo 6 5) "RandomCrop(6×5)"
                prints (Augment.rotate 15.0) "RandomRotation(15°)"
                prints (Augment.erase 0.25) "RandomErasing(0.25)"
                prints Activation.relu "ReLU"
                prints (Activation.leakyRelu 0.01) "LeakyReLU(0.01)"
                prints (Activation.elu 1.0) "ELU(1)"
                prints (Activation.celu 0.5) "CELU(0.5)"
                prints (Activation.hardShrink 0.5) "Hardshrink(0.5)"
                prints (Activation.softShrink 0.5) "Softshrink(0.5)"
                prints (Activation.threshold 0.1 20.0) "Threshold(0.1, 20)"
                prints (Activation.softmax -1) "Softmax(axis -1)"
                prints (Activation.logSoftmax 1) "LogSoftmax(axis 1)"
                prints (Activation.glu -1) "GLU(axis -1)"
                prints (Activation.prelu false) "PReLU"
                prints (Layer.residual (Dense.linear 4 => Activation.relu)) "Residual(Linear(4) => ReLU)"

                prints
                    (Layer.residualWith (Dense.linear 8) (Dense.linear 8 => Activation.relu))
                    "Residual(shortcut: Linear(8), branch: Linear(8) => ReLU)"

                prints (Layer.both (Dense.linear 4) (Dense.linear 8)) "Both(Linear(4), Linear(8))"

                prints
                    (Layer.parallelBy (Expr.concat 1) [ Dense.linear 4; Dense.linear 8 ])
                    "Parallel(Linear(4), Linear(8))"
            }
            test "sizes are in print alone: tables, errors and the paths of parameters have the name" {
                let input = Expr.variable "x" DType.F32 [ 2; 4; 3; 3 ]
                let model = Norm.groupNorm 2 => Layer.residual (Conv.conv2dSame 4 3)
                let parameters, _ = Layer.init (Key.ofSeed 1L) input model

                Expect.equal (Tree.paths parameters) [ "0.weight"; "0.bias"; "1.weight"; "1.bias" ] "paths"

                Expect.equal
                    ((Summary.ofLayer input model).Rows |> List.map _.Layer)
                    [ "GroupNorm"; "Residual"; "Conv2d" ]
                    "tables"
            }
        ]
