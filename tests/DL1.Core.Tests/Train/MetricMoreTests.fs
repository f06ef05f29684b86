/// Scores of classes, their averages, several classes' probabilities and weights of rows, against scikit-learn; laws.
module DL1.Tests.MetricMoreTests

open System
open System.Text.Json
open DL1
open DL1.Tests.Law
open DL1.Tests.Reference
open Expecto

let private all = cases "metrics.more.json"
let private of' wanted = all |> List.filter (fun c -> name c = wanted)
let private labels (field: string) (c: JsonElement) = Tensor.vector (ints (c.GetProperty field))
let private numbers (field: string) (c: JsonElement) = Tensor.vector (floats (c.GetProperty field))

let private rows (field: string) (c: JsonElement) =
    Convert.ofRows [ for row in c.GetProperty(field).EnumerateArray() -> floats row ]

/// Compares each field that is a number, so that none is overlooked.
let private measured (c: JsonElement) (own: (string * (unit -> float)) list) =
    let fields =
        [
            for p in c.EnumerateObject() do
                if p.Value.ValueKind = JsonValueKind.Number then
                    p.Name
        ]

    Expect.equal (set fields) (set (List.map fst own)) "every field is compared"

    for field, measure in own do
        let expected = c.GetProperty(field).GetDouble()
        Expect.isTrue (Numbers.near 1e-12 expected (measure ())) $"{field}: {measure ()} of {expected}"

let private averages = [ "macro", Average.Macro; "micro", Average.Micro; "weighted", Average.Weighted ]

let private scores =
    [
        "precision", ClassScore.Precision
        "recall", ClassScore.Recall
        "jaccard", ClassScore.Jaccard
        "f2", ClassScore.FBeta 2.0
        "f0.5", ClassScore.FBeta 0.5
    ]

let private classes =
    [
        for i, c in List.indexed (of' "classes") do
            test $"scores of classes %d{i}" {
                let target, predicted = labels "y_true" c, labels "y_pred" c
                let weights = numbers "weights" c
                let confusion = Weighted.confusion weights target predicted

                measured
                    c
                    [
                        for average, by in averages do
                            for score, of' in scores do
                                for zero in [ 0.0; 1.0 ] do
                                    $"{score}_{average}_{zero}",
                                    fun () -> ClassScore.average zero by of' confusion

                        "kappa_same", (fun () -> ClassScore.kappa Distance.Same confusion)
                        "kappa_linear", (fun () -> ClassScore.kappa Distance.Linear confusion)
                        "kappa_quadratic", (fun () -> ClassScore.kappa Distance.Quadratic confusion)
                        "accuracy", (fun () -> Weighted.accuracy weights target predicted)
                        "mcc", (fun () -> confusion.Matthews)
                        match c.TryGetProperty "hamming" with
                        | true, _ -> "hamming", (fun () -> ClassScore.hamming target predicted)
                        | false, _ -> ()
                    ]

                for field, share in
                    [
                        "shares_targets", Share.OfTargets
                        "shares_predictions", Share.OfPredictions
                        "shares_all", Share.OfAll
                    ] do
                    Numbers.expectClose 1e-12 (rows field c) (ClassScore.shares share confusion) field
            }
    ]

let private chances =
    [
        for i, c in List.indexed (of' "chances") do
            test $"scores of several classes %d{i}" {
                let target, scores, weights = labels "y_true" c, rows "rows" c, numbers "weights" c
                let names = [ for p in c.EnumerateObject() -> p.Name ]

                measured
                    c
                    [
                        "log_loss", (fun () -> ClassChances.logLoss target scores)
                        "weighted_log_loss", (fun () -> Weighted.logLoss weights target scores)
                        if scores.Shape[1] = 2 then
                            let second = Tensor.vector [| for row in 0 .. target.Size - 1 -> scores[row, 1] |]
                            "weighted_auc", (fun () -> Weighted.rocAuc weights target second)
                        for name in names do
                            if name.StartsWith "top" then
                                name, (fun () -> ClassChances.topK (int (name.Substring 3)) target scores)

                        if scores.Shape[1] > 2 then
                            for name, average in averages do
                                $"ovr_{name}", (fun () -> ClassChances.rocAucOneVsRest average target scores)

                                if average <> Average.Micro then
                                    $"ovo_{name}",
                                    (fun () -> ClassChances.rocAucOneVsOne average target scores)
                    ]
            }
        for i, c in List.indexed (of' "numbers") do
            test $"errors of numbers %d{i}" {
                let shaped field = Tensor.reshape (ints (c.GetProperty "shape")) (numbers field c)
                let t, p, w = shaped "y_true", shaped "y_pred", numbers "weights" c

                measured
                    c
                    [
                        "mape", (fun () -> Regression.mape t p)
                        "weighted_mape", (fun () -> Weighted.mape w t p)
                        "weighted_mse", (fun () -> Weighted.mse w t p)
                        "weighted_mae", (fun () -> Weighted.mae w t p)
                        if t.Rank = 1 then
                            "max_error", (fun () -> Regression.maxError t p)
                            "weighted_r2", (fun () -> Weighted.r2 w t p)
                    ]
            }
    ]

let private draw seed bound rows = Key.integers 0 bound DType.I64 [ rows ] (Key.ofSeed seed)

let private laws =
    [
        law "weights of whole numbers are rows repeated" (fun seed ->
            let rows = 12
            let target, predicted = draw seed 3 rows, draw (seed + 1L) 3 rows
            let times = draw (seed + 2L) 4 rows |> Tensor.toFloats |> Array.map int

            Array.sum times = 0
            || (let repeated = times |> Array.mapi (fun i n -> Array.replicate n i) |> Array.concat

                let take = Rows.take "tests" repeated
                let weights = Tensor.vector (Array.map float times)
                let one = Weighted.confusion weights target predicted
                let other = Classification.confusion (take target) (take predicted)
                let numbers t = Tensor.cast DType.F64 t

                // Classes that no weighted row has are met all the same: micro does not look at them.
                Numbers.near 1e-12 one.Accuracy other.Accuracy
                && Numbers.near
                    1e-12
                    (ClassScore.average 0.0 Average.Micro ClassScore.Jaccard one)
                    (ClassScore.average 0.0 Average.Micro ClassScore.Jaccard other)
                && Numbers.near
                    1e-12
                    (Weighted.mse weights (numbers target) (numbers predicted))
                    (Regression.mse (numbers (take target)) (numbers (take predicted)))))
        law "F1, precision and recall are those of the matrix" (fun seed ->
            let confusion = Classification.confusion (draw seed 4 20) (draw (seed + 1L) 4 20)

            [
                ClassScore.FBeta 1.0, confusion.F1Macro
                ClassScore.Precision, confusion.PrecisionMacro
                ClassScore.Recall, confusion.RecallMacro
            ]
            |> List.forall (fun (score, expected) ->
                Numbers.near 1e-12 (ClassScore.average 0.0 Average.Macro score confusion) expected)
            && Numbers.near 1e-12 (ClassScore.kappa Distance.Same confusion) confusion.Kappa)
        law "the order of rows changes no area" (fun seed ->
            let labels = Array.append [| 0L; 1L; 2L |] ((draw seed 3 9).ToArray<int64>())
            let scores = Key.normal 0.0 1.0 DType.F64 [ 12; 3 ] (Key.ofSeed seed)
            let turned = [| 11..-1..0 |]
            let target = Tensor.vector labels
            let take = Rows.take "tests" turned

            [ ClassChances.rocAucOneVsRest; ClassChances.rocAucOneVsOne ]
            |> List.forall (fun area ->
                Numbers.near
                    1e-12
                    (area Average.Weighted target scores)
                    (area Average.Weighted (take target) (take scores))))
        test "a class that has nothing to divide by may be left out" {
            let confusion = Classification.confusion (Tensor.vector [ 0; 0; 1 ]) (Tensor.vector [ 0; 0; 2 ])
            let precision zero = ClassScore.average zero Average.Macro ClassScore.Precision confusion
            Expect.equal (precision 0.0) (1.0 / 3.0) "0"
            Expect.equal (precision 1.0) (2.0 / 3.0) "1"
            Expect.equal (precision nan) 0.5 "left out"
            Expect.equal (ClassScore.ofClass 1.0 ClassScore.Recall 2 confusion) 1.0 "one class"
        }
        test "as values for training" {
            let labels = Tensor.vector [ 0L; 1L; 2L ]
            let logits = Convert.ofRows [ [ 2.0; 1.0; 0.0 ]; [ 1.0; 0.0; 2.0 ]; [ 0.0; 1.0; 2.0 ] ]
            let chances = Eval.run [] (Expr.softmax 1 (Expr.constant logits))

            for metric, name, expected in
                [
                    Metric.logLossOfLogits, "logLossOfLogits", ClassChances.logLoss labels chances
                    Metric.logLoss, "logLoss", ClassChances.logLoss labels chances
                    Metric.topK 2, "top2", 2.0 / 3.0
                    Metric.ofClasses Average.Micro ClassScore.Recall, "recallMicro", 2.0 / 3.0
                    Metric.ofClasses Average.Macro (ClassScore.FBeta 2.0), "f2", (1.0 + 0.0 + 5.0 / 6.0) / 3.0
                    Metric.rocAucOneVsRest Average.Macro,
                    "rocAucOneVsRest",
                    ClassChances.rocAucOneVsRest Average.Macro labels logits
                    Metric.rocAucOneVsOne Average.Weighted,
                    "rocAucOneVsOneWeighted",
                    ClassChances.rocAucOneVsOne Average.Weighted labels logits
                ] do
                let outputs = if name = "logLoss" then chances else logits
                Expect.equal metric.Name name "the name"

                Expect.isTrue
                    (Numbers.near 1e-12 (metric.Measure labels outputs) expected)
                    $"{name}: {metric.Measure labels outputs} of {expected}"
        }
        test "what does not fit is refused" {
            let refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
            let unshaped f = Expect.throwsT<ShapeError> (fun () -> f () |> ignore) ""
            let labels = Tensor.vector [ 0L; 1L; 1L ]
            let confusion = Classification.confusion labels labels
            let logits = Convert.ofRows [ [ 2.0; 1.0 ]; [ 1.0; 0.0 ]; [ 3.0; 1.0 ] ]
            let chances = Convert.ofRows [ [ 0.5; 0.5 ]; [ 1.0; 0.0 ]; [ 0.2; 0.8 ] ]
            refused (fun () -> ClassScore.average 0.5 Average.Macro ClassScore.Recall confusion)
            refused (fun () -> ClassScore.average 0.0 Average.Macro (ClassScore.FBeta -1.0) confusion)
            refused (fun () -> ClassScore.ofClass 0.0 ClassScore.Recall 2 confusion)
            refused (fun () -> ClassChances.logLoss labels logits)
            refused (fun () -> ClassChances.logLoss (Tensor.vector [ 0; 1; 2 ]) chances)
            unshaped (fun () -> ClassChances.logLoss labels (Tensor.vector [ 0.1; 0.2 ]))
            refused (fun () -> ClassChances.topK 3 labels chances)
            refused (fun () -> ClassChances.topK 0 labels chances)
            refused (fun () -> Metric.topK 0)
            refused (fun () -> ClassChances.rocAucOneVsRest Average.Macro (Tensor.vector [ 0; 0; 0 ]) chances)
            refused (fun () -> ClassChances.rocAucOneVsOne Average.Micro labels chances)

            refused (fun () ->
                ClassChances.topK 1 labels (Convert.ofRows [ [ nan; 1.0 ]; [ 1.0; 0.0 ]; [ 1.0; 1.0 ] ]))

            unshaped (fun () -> Weighted.mse (Tensor.vector [ 1.0 ]) labels labels)
            refused (fun () -> Weighted.mse (Tensor.vector [ 1.0; -1.0; 1.0 ]) labels labels)
            refused (fun () -> Weighted.accuracy (Tensor.vector [ 0.0; 0.0; 0.0 ]) labels labels)
            refused (fun () -> Weighted.rocAuc (Tensor.vector [ 0.0; 1.0; 0.0 ]) labels labels)
            unshaped (fun () -> Weighted.r2 (Tensor.vector [ 1.0; 1.0; 1.0 ]) logits logits)
            unshaped (fun () -> Weighted.logLoss (Tensor.vector [ 1.0; 1.0; 1.0 ]) labels labels)
        }
    ]

let tests = testList "MetricMore" (classes @ chances @ laws)
