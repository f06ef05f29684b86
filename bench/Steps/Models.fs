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
