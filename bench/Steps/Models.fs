/// The models in training: layers as a user writes them, of the sizes that the other library's programs have. Each can
/// be made smaller, for the comparison with Eval.
module DL1.Bench.Models

open System
open DL1
open DL1.Bench.Step

/// As large as it is timed, or small enough for Eval.
[<RequireQualifiedAccess>]
type Size =
    | Full
    | Small

let private pick size full small =
    match size with
    | Size.Full -> full
    | Size.Small -> small

let private relu = Activation.relu
let private mse = Loss.mse Reduction.Mean
let private entropy = Loss.crossEntropy Loss.classes
let private normal dims seed = Key.normal 0.0 1.0 DType.F32 dims (Key.ofSeed seed)

/// Batches of rows picked from data in random order: data, targets and the rows' places are inputs. The last batch of an
/// epoch is filled up from its beginning, so that all have one size.
let private shuffled batch (data: Tensor) (targets: Tensor) =
    let count = data.Shape[0]
    let batches = (count + batch - 1) / batch

    let epoch seed =
        let order = (Key.permutation count (Key.ofSeed seed)).ToArray<int64>()

        Array.init batches (fun b ->
            Tensor.ofArray [ batch ] (Array.init batch (fun i -> order[(b * batch + i) % count])))

    let epochs = Array.init 4 (fun e -> epoch (int64 e))
    let x, y, rows = variable "data" data, variable "targets" targets, variable "rows" epochs[0].[0]
    let picked (v: Variable) = Expr.gather 0 (Expr.ofVariable rows) (Expr.ofVariable v)

    [ x; y; rows ],
    (picked x, picked y),
    fun step -> [| data; targets; epochs[step / batches % epochs.Length].[step % batches] |]

/// Whole batches as inputs, one after another.
let private given (batches: (Tensor * Tensor)[]) =
    let x, y = variable "x" (fst batches[0]), variable "y" (snd batches[0])

    [ x; y ],
    (Expr.ofVariable x, Expr.ofVariable y),
    let values = batches |> Array.map (fun (x, y) -> [| x; y |])
    fun step -> values[step % values.Length]

let private made model loss optimizer (inputs, batch, feed) =
    {
        Model = model
        Loss = loss
        Optimizer = optimizer
        Inputs = inputs
        Batch = batch
        Feed = feed
    }

let private sine count =
    let x = Key.uniform -3.0 3.0 DType.F32 [ count; 1 ] (Key.ofSeed 7L)
    x, Tensor.ofArray [ count; 1 ] (x.ToArray<float32>() |> Array.map MathF.Sin)

let private plainMlp (hidden: int) =
    Dense.linear hidden => relu => Dense.linear hidden => relu => Dense.linear 1

/// Rows of an epoch of the small regressions.
[<Literal>]
let Rows = 7000

/// 1-300-300-1 by plain descent. The rate is larger where it is small, so that the comparison sees the gradients.
let mlp1 batch size =
    let data, targets = sine (pick size Rows 500)
    let rate = pick size 1e-4 1.0
    made (plainMlp 300) mse (Optimizer.sgd rate) (shuffled batch data targets)

/// The same with batch norm and dropout.
let mlp1bn batch size =
    let data, targets = sine (pick size Rows 500)

    let hidden () =
        Dense.linear (pick size 300 40) => Norm.batchNorm1d => relu => Shaping.dropout 0.2

    let model = hidden () => hidden () => Dense.linear 1
    made model mse (Optimizer.sgd (pick size 1e-4 1.0)) (shuffled batch data targets)

/// A small regression whose batches are given: for the time of a first step.
let regression hidden batch = made (plainMlp hidden) mse (Optimizer.sgd 1e-4) (given [| sine batch |])

/// 784-512-256-10 on images, cross-entropy, Adam.
let fmnist batch size =
    let count = pick size Images.Count 256
    let pixels, labels = Images.part 0 count
    let data, targets = Tensor.ofArray [ count; Images.Pixels ] pixels, Tensor.vector labels

    let model =
        Dense.linear (pick size 512 48)
        => relu
        => Dense.linear (pick size 256 32)
        => relu
        => Dense.linear 10

    made model entropy (Optimizer.adam 1e-3) (shuffled batch data targets)

/// Two convolutions, pooling, two linear layers, Adam.
let cnn size =
    let batch = pick size 64 3

    let images i =
        let pixels, labels = Images.part (i * batch) batch
        Tensor.ofArray [ batch; 1; 28; 28 ] pixels, Tensor.vector labels

    let features = Conv.conv2d 32 3 => relu => Conv.conv2d 64 3 => relu => Pooling.max 2
    let model = features => Shaping.flatten => Dense.linear (pick size 128 16) => relu => Dense.linear 10
    made model entropy (Optimizer.adam 1e-3) (given (Array.init 16 images))

/// Hidden 128, sequences of 64, the last output through a linear layer, Adam.
let lstm size =
    let batch, length, hidden = pick size 32 3, pick size 64 7, pick size 128 20

    let data i =
        normal [ batch; length; 32 ] (int64 (2 * i)), normal [ batch; 1 ] (int64 (2 * i + 1))

    let model = Recurrent.last (Recurrent.lstm (Recurrent.options hidden)) => Dense.linear 1
    made model mse (Optimizer.adam 1e-3) (given (Array.init 32 data))

/// One encoder layer, 128 features, 4 heads, sequences of 64, 512 inside, no dropout, Adam.
let transformer size =
    let batch, length, features = pick size 32 2, pick size 64 9, pick size 128 32
    let dims = [ batch; length; features ]
    let model = Transformer.encoderLayer { Transformer.options 4 (pick size 512 40) with Dropout = 0.0 }
    made model mse (Optimizer.adam 1e-3) (given [| normal dims 1L, normal dims 2L |])

/// Twelve pre-norm decoder layers of 768 features and 12 heads over a vocabulary of 8,000: 97.4 million parameters; batches
/// of 2 x 64 tokens, which are their own targets, Adam.
let gpt size =
    let vocabulary, length, features = pick size 8000 37, pick size 64 5, pick size 768 24

    let layer =
        Transformer.encoderLayer
            { Transformer.options (pick size 12 2) (4 * features) with
                NormFirst = true
                Causal = true
                Dropout = 0.0
                Activation = Elementwise.gelu
            }

    let positions =
        Layer.create "Positions" (fun scope x ->
            x + scope.Parameter("weight", [ length; features ], Init.normal 0.0 0.02))

    let layers = Layer.sequential (List.replicate (pick size 12 2) layer)
    let body = Dense.embedding vocabulary features => positions => layers => Norm.layerNorm
    let tokens = Key.integers 0 vocabulary DType.I64 [ 2; length ] (Key.ofSeed 3L)
    made (body => Dense.linear vocabulary) entropy (Optimizer.adam 1e-3) (given [| tokens, tokens |])

/// ResNet-18 as it is for images of 32x32: four stages of two blocks, 64 to 512 channels, batch norm; batches of 16, Adam.
let resnet18 size =
    let batch, side = pick size 16 2, pick size 32 8
    let plain = { Init.parameters with Bias = false }

    let conv outputs kernel stride =
        let window = { Convolution.options with Stride = [ stride ]; Padding = [ kernel / 2 ] }
        Conv.conv2dWith plain window outputs [ kernel ]

    let block outputs stride =
        let branch = conv outputs 3 stride => Norm.batchNorm2d => relu => conv outputs 3 1 => Norm.batchNorm2d

        let sum =
            if stride = 1 then
                Layer.residual branch
            else
                Layer.residualWith (conv outputs 1 stride => Norm.batchNorm2d) branch

        sum => relu

    let stage outputs stride =
        block (pick size outputs (outputs / 16)) stride => block (pick size outputs (outputs / 16)) 1

    let model =
        conv (pick size 64 4) 3 1
        => Norm.batchNorm2d
        => relu
        => stage 64 1
        => stage 128 2
        => stage 256 2
        => stage 512 2
        => Layer.ofFunction "Mean" (Reduce.mean [ 2; 3 ])
        => Dense.linear 10

    let labels = Key.integers 0 10 DType.I64 [ batch ] (Key.ofSeed 4L)
    made model entropy (Optimizer.adam 1e-3) (given [| normal [ batch; 3; side; side ] 5L, labels |])
