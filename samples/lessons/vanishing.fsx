// Vanishing gradients and cells that remember, in F# Interactive: the twin of the lesson `vanishing` of samples/Course.
//
//     dotnet build -c Release && .ci/packages                  packs into out/
//     dotnet fsi samples/lessons/vanishing.fsx [--brief]
#load "../../out/dl1.fsx"

open DL1

let isBrief = fsi.CommandLineArgs |> Array.contains "--brief"
let symbols, width = 4, 32

/// Random symbols, one-hot; the first of them is to be told at the end.
let recall rows length seed =
    let drawn =
        Key.ofSeed seed
        |> Key.uniform 0.0 (float symbols) DType.F32 [ rows; length ]
        |> Expr.constant
        |> floor
        |> Expr.cast DType.I64

    let first = drawn |> Expr.sliceAxis 1 0 1 |> Expr.reshape [ rows ]
    Dataset.create (Compute.value [] (Linear.oneHot DType.F32 symbols drawn)) (Compute.value [] first)

let options = Recurrent.options width
let model cell = Recurrent.last cell => Dense.linear symbols

/// Cells, and what is added to the bias of the gate that keeps, the second of an LSTM and of a GRU.
let cells length =
    let bias = log (float length)

    [
        "RNN", model (Recurrent.rnn options), 0.0
        "LSTM", model (Recurrent.lstm options), 0.0
        "LSTM + b", model (Recurrent.lstm options), bias
        "GRU + b", model (Recurrent.gru options), bias
    ]

let drawn bias model =
    let parameters, _ = Layer.init (Key.ofSeed 1L) (Expr.variable "x" DType.F32 [ 1; 1; symbols ]) model

    let raised (p: Tensor) =
        let part first last = Expr.sliceAxis 0 first last (Expr.constant p)
        let parts = [ part 0 width; part width (2 * width) + bias; part (2 * width) p.Shape[0] ]
        Compute.value [] (Expr.concat 0 parts)

    parameters
    |> Tree.mapPath (fun path p -> if bias > 0.0 && path.EndsWith "bias_hh_l0" then raised p else p)

/// The size of the gradient of the loss at the end by what is read first.
let reach model parameters (data: Dataset) =
    let inputs = Expr.constant (Tensor.cast DType.F64 data.Inputs)
    let wide = parameters |> Tree.map (Tensor.cast DType.F64 >> Expr.constant)
    let output, _ = Layer.apply Mode.Inference wide Tree.empty model inputs
    let loss = Loss.crossEntropy Loss.classes (Expr.constant data.Targets) output
    let gradient = Grad.grad loss [ inputs ] |> List.head |> Expr.sliceAxis 1 0 1
    sqrt (Expr.sumAll (gradient * gradient)) |> Compute.value [] |> Tensor.toFloat

for name, model, bias in cells 100 do
    printfn $"{name}: the gradient 99 steps back is %.0e{reach model (drawn bias model) (recall 64 100 1L)}"

let length, epochs = if isBrief then 5, 1 else 60, 15
let train, test = recall (if isBrief then 64 else 2048) length 5L, recall 1000 length 7L

let accuracies =
    [
        for name, model, bias in cells length do
            let clipped = Optimizer.adam 0.003 |> Wrap.after (Transform.clipByGlobalNorm 1.0)
            let learner = Learner.create model (Loss.crossEntropy Loss.classes) clipped
            let start = Step.startFrom learner (Key.ofSeed 1L) (drawn bias model) Tree.empty

            let fitted =
                Fit.run
                    { Fit.options (Key.ofSeed 1L) with
                        Epochs = epochs
                        Batch = Batches.ofSize 32
                        Start = Some start
                    }
                    learner
                    train

            let scores = Trained.evaluateBy learner [ Metric.accuracy ] test fitted.Trained
            let accuracy = scores.Metrics |> List.head |> snd
            printfn $"{name} after %d{length} steps: accuracy %.3f{accuracy}"
            accuracy
    ]

if not isBrief && (accuracies[1] > 0.35 || List.min accuracies[2..] < 0.9) then
    eprintfn "this is not what was expected"
    exit 1
