/// The examples of scores of classes, of several classes' probabilities, and of weights of rows.
module DL1.Tests.MetricExamples

open DL1
open DL1.Tests.Example

let private target = Tensor.vector [ 0; 1; 2; 2 ]
let private predicted = Tensor.vector [ 0; 1; 1; 2 ]
let private confusion = Classification.confusion target predicted

let private probabilities =
    Convert.ofRows [ [ 0.8; 0.1; 0.1 ]; [ 0.2; 0.5; 0.3 ]; [ 0.1; 0.6; 0.3 ]; [ 0.3; 0.2; 0.5 ] ]

let private scores = probabilities
let private logits = probabilities
let private short (value: float) = value.ToString("F3", System.Globalization.CultureInfo.InvariantCulture)

let private ofClasses =
    [
        prints "ofClass" "0.500" (fun () -> short (ClassScore.ofClass 0.0 ClassScore.Jaccard 1 confusion))
        prints "average" "0.736" (fun () ->
            short (ClassScore.average 0.0 Average.Weighted (ClassScore.FBeta 2.0) confusion))
        prints "shares" "f64 [3, 3] [[1.0 0.0 0.0] [0.0 1.0 0.0] [0.0 0.5 0.5]]" (fun () ->
            ClassScore.shares Share.OfTargets confusion)
        prints "kappa" "0.800" (fun () -> short (ClassScore.kappa Distance.Quadratic confusion))
        prints "hamming" "0.25" (fun () -> ClassScore.hamming target predicted)
    ]

let private ofChances =
    [
        prints "logLoss" "0.703" (fun () -> short (ClassChances.logLoss target probabilities))
        prints "logLossOfLogits" "0.931" (fun () -> short (ClassChances.logLossOfLogits target logits))
        prints "topK" "1" (fun () -> ClassChances.topK 2 target scores)
        prints "rocAucOneVsRest" "0.847" (fun () ->
            short (ClassChances.rocAucOneVsRest Average.Macro target scores))
        prints "rocAucOneVsOne" "0.875" (fun () ->
            short (ClassChances.rocAucOneVsOne Average.Macro target scores))
        prints "rocOneVsRest" "3" (fun () -> (ClassChances.rocOneVsRest target scores).Length)
    ]

let private calibration =
    let truths, chances = Tensor.vector [ 0; 1; 0; 1 ], Tensor.vector [ 0.1; 0.6; 0.7; 0.9 ]

    [
        prints "reliability" "4" (fun () ->
            (Calibration.reliability Binning.Uniform 10 truths chances).Length)
        prints "confidence" "0.4 to 0.5: 0.5 predicted, 1 observed in 2 rows" (fun () ->
            let bins = Calibration.confidence 10 target probabilities
            bins[0])
        prints "expectedError" "0.450" (fun () -> short (Calibration.expectedError 10 target probabilities))
        prints "largestError" "0.600" (fun () -> short (Calibration.largestError 10 target probabilities))
        prints "temperature" "0.200" (fun () -> short (Calibration.temperature target logits))
    ]

let private resampling =
    let output = probabilities

    let data =
        Dataset(
            Tensor.ofArray [ 4; 1 ] [| 1.0; 2.0; 3.0; 4.0 |],
            Tensor.ofArray [ 4; 1 ] [| 1.0; 2.0; 3.0; 4.0 |]
        )

    let trained = Trained.create Activation.relu Tree.empty Tree.empty

    [
        prints "interval" "0.75" (fun () ->
            (Resampling.interval 0.95 1000 (Key.ofSeed 1L) Metric.accuracy target output).Estimate)
        prints "importance" "column 0" (fun () ->
            (Resampling.importance 5 (Key.ofSeed 1L) Metric.r2 (fun x -> Trained.predict x trained) data)
                .Head.Name)
    ]

let private weighted =
    let weights = Tensor.vector [ 1.0; 1.0; 2.0; 0.0 ]
    let labels = target
    let truths, score = Tensor.vector [ 0; 1; 0; 1 ], Tensor.vector [ 0.1; 0.6; 0.7; 0.9 ]

    [
        prints "confusion" "0.5" (fun () -> (Weighted.confusion weights target predicted).Accuracy)
        prints "accuracy" "0.5" (fun () -> Weighted.accuracy weights target predicted)
        prints "mse" "0.5" (fun () -> Weighted.mse weights target predicted)
        prints "mae" "0.5" (fun () -> Weighted.mae weights target predicted)
        prints "mape" "0.25" (fun () -> Weighted.mape weights target predicted)
        prints "r2" "0.273" (fun () -> short (Weighted.r2 weights target predicted))
        prints "logLoss" "0.831" (fun () -> short (Weighted.logLoss weights labels probabilities))
        prints "rocAuc" "0.333" (fun () -> short (Weighted.rocAuc weights truths score))
    ]

let all =
    [
        { Module = moduleOf <@ ClassScore.hamming @>; Rows = ofClasses }
        { Module = moduleOf <@ ClassChances.logLoss @>; Rows = ofChances }
        { Module = moduleOf <@ Calibration.confidence @>; Rows = calibration }
        { Module = moduleOf <@ Resampling.interval @>; Rows = resampling }
        { Module = moduleOf <@ Weighted.mse @>; Rows = weighted }
    ]
