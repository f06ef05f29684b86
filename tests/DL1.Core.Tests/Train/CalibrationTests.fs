/// Calibration, curves of each class, intervals and importances: reference values by scikit-learn (fixtures/pipelines.py),
/// and laws; labels of two classes beside one score.
module DL1.Tests.CalibrationTests

open System
open System.Text.Json
open DL1
open DL1.Tests.Reference
open Expecto

let private key (seed: int) = Key.ofSeed (int64 seed)

let private refuses<'e, 'a when 'e :> exn> (part: string) (f: unit -> 'a) =
    let message =
        try
            f () |> ignore
            "nothing was refused"
        with :? 'e as e ->
            e.Message

    Expect.stringContains message part ""

/// The cases of one name.
let private casesOf (wanted: string) : JsonElement list =
    cases "pipelines.json" |> List.filter (fun case -> name case = wanted)

let private part (case: JsonElement) (kind: string) (key: string) =
    tensor (case.GetProperty(kind).GetProperty key)

let private attribute (case: JsonElement) (key: string) = case.GetProperty("attrs").GetProperty key

let private close (tolerance: float) (expected: Tensor) (found: float list) (what: string) =
    Expect.equal found.Length expected.Size $"{what}: how many"

    Seq.iter2
        (fun (a: float) (b: float) ->
            Expect.isTrue (a = b || abs (a - b) <= tolerance * max 1.0 (abs a)) $"{what}: {b} for {a}")
        (Tensor.toFloats expected)
        found

let private references =
    testList
        "as scikit-learn's"
        [
            for i, case in Seq.indexed (casesOf "reliability") do
                test $"reliability %d{i}" {
                    let binning =
                        if string (attribute case "strategy") = "uniform" then
                            Binning.Uniform
                        else
                            Binning.Quantile

                    let bins =
                        Calibration.reliability
                            binning
                            ((attribute case "bins").GetInt32())
                            (part case "given" "y")
                            (part case "given" "score")

                    close 1e-12 (part case "expected" "observed") (bins |> List.map _.Observed) "observed"
                    close 1e-12 (part case "expected" "predicted") (bins |> List.map _.Predicted) "predicted"
                    Expect.equal (bins |> List.sumBy _.Count) (part case "given" "y").Size "all rows"
                }
            for i, case in Seq.indexed (casesOf "calibrationError") do
                test $"calibration error %d{i}" {
                    let bins = (attribute case "bins").GetInt32()
                    let y, p = part case "given" "y", part case "given" "p"

                    close
                        1e-12
                        (part case "expected" "error")
                        [ Calibration.expectedError bins y p ]
                        "expected"

                    close 1e-12 (part case "expected" "worst") [ Calibration.largestError bins y p ] "largest"

                    if p.Shape[1] = 2 then
                        let one = Expr.constant p |> Expr.sliceAxis 1 1 2 |> Eval.run []

                        close
                            1e-12
                            (part case "expected" "error")
                            [ Calibration.expectedError bins y one ]
                            "of one"
                }
            for i, case in Seq.indexed (casesOf "temperature") do
                test $"temperature %d{i}" {
                    let y, z = part case "given" "y", part case "given" "logits"
                    let t = Calibration.temperature y z
                    close 1e-6 (part case "expected" "t") [ t ] "temperature"
                    let scaled = Eval.run [] (Expr.constant z / t)
                    let loss = ClassChances.logLossOfLogits (Tensor.cast DType.I64 y) scaled
                    close 1e-9 (part case "expected" "loss") [ loss ] "loss"

                    for other in [ 0.9 * t; 1.1 * t ] do
                        let worse = Eval.run [] (Expr.constant z / other)

                        Expect.isGreaterThan
                            (ClassChances.logLossOfLogits (Tensor.cast DType.I64 y) worse)
                            loss
                            "the least"
                }
            for case in casesOf "oneAgainstRest" do
                let c = (attribute case "class").GetInt32()

                test $"one against the rest, class %d{c}" {
                    let y, scores = part case "given" "y", part case "given" "scores"
                    let curve = (ClassChances.rocOneVsRest (Tensor.cast DType.I64 y) scores)[c]
                    close 1e-12 (part case "expected" "x") curve.X "x"
                    close 1e-12 (part case "expected" "y") curve.Y "y"
                    close 1e-12 (part case "expected" "area") [ Binary.area curve ] "area"
                }
        ]

let private calibration =
    testList
        "calibration"
        [
            test "probabilities that come true as often as they say have no error" {
                let p = Tensor.vector [ 0.25; 0.25; 0.25; 0.25; 0.75; 0.75; 0.75; 0.75 ]
                let y = Tensor.vector [ true; false; false; false; true; true; true; false ]
                Expect.equal (Calibration.expectedError 4 y p) 0.0 ""
                let bins = Calibration.reliability Binning.Uniform 4 y p
                Expect.equal (bins |> List.map _.Observed) [ 0.25; 0.75 ] ""
                Expect.stringContains (string bins[0]) "0.25 predicted, 0.25 observed in 4 rows" ""
            }
            Law.law "a temperature found again" (fun (seed: int) ->
                // Labels drawn by the softmax of logits, which are then made too sure of themselves.
                let rows = 400
                let z = Key.normal 0.0 2.0 DType.F64 [ rows; 1 ] (key seed)
                let u = Tensor.toFloats (Key.uniform 0.0 1.0 DType.F64 [ rows ] (Key.fold 1 (key seed)))

                let labels =
                    Array.map2 (fun z u -> u < 1.0 / (1.0 + exp -z)) (Tensor.toFloats z) u |> Tensor.vector

                let plain = Calibration.temperature labels z
                let sure = Calibration.temperature labels (Eval.run [] (Expr.constant z * 3.0))
                plain > 0.6 && plain < 1.7 && abs (sure / plain - 3.0) < 1e-9)
            test "what cannot be calibrated is refused" {
                let y, z = Tensor.vector [ 0L; 1L ], Tensor.ofArray [ 2; 1 ] [| -1.0; 2.0 |]
                refuses<DomainError, _> "largest score" (fun () -> Calibration.temperature y z)

                refuses<DomainError, _> "no more than chance" (fun () ->
                    Calibration.temperature y (Eval.run [] (-(Expr.constant z))))

                refuses<DomainError, _> "the label 2" (fun () ->
                    Calibration.temperature (Tensor.vector [ 0L; 2L ]) z)

                refuses<ShapeError, _> "labels [3]" (fun () ->
                    Calibration.temperature (Tensor.vector [ 0L; 1L; 1L ]) z)

                refuses<DomainError, _> "0 bins" (fun () ->
                    Calibration.expectedError 0 y (Tensor.vector [ 0.1; 0.2 ]))

                refuses<DomainError, _> "the probability -1" (fun () -> Calibration.confidence 3 y z)

                refuses<DomainError, _> "the probability NaN" (fun () ->
                    Calibration.reliability Binning.Quantile 3 y (Tensor.vector [ nan; 0.2 ]))

                refuses<DomainError, _> "no row of class 2" (fun () ->
                    ClassChances.rocOneVsRest y (Tensor.ofArray [ 2; 3 ] [| 0.0 .. 5.0 |]))
            }
        ]

let private resampling =
    testList
        "resampling"
        [
            test "an interval of a mean is the textbook's" {
                let rows = 400
                let x = Key.normal 2.0 3.0 DType.F64 [ rows ] (key 4)
                let metric = Metric.create "mean" true (fun t _ -> Array.average (Tensor.toFloats t))
                let found = Resampling.interval 0.95 2000 (key 1) metric x x
                let values = Tensor.toFloats x
                let mean = Array.average values

                let error =
                    sqrt (values |> Array.averageBy (fun v -> (v - mean) * (v - mean))) / sqrt (float rows)

                Expect.equal found.Estimate mean "estimate"
                Expect.isLessThan (abs (found.Lower - (mean - 1.96 * error)) / error) 0.15 "lower"
                Expect.isLessThan (abs (found.Upper - (mean + 1.96 * error)) / error) 0.15 "upper"
                let again = Resampling.interval 0.95 2000 (key 1) metric x x
                Expect.equal (again.Lower, again.Upper) (found.Lower, found.Upper) "the same key"
                let narrow = Resampling.interval 0.5 2000 (key 1) metric x x
                Expect.isGreaterThan narrow.Lower found.Lower "narrower"
            }
            test "draws that a metric refuses are made again, unless they are most" {
                let y = Tensor.vector [ true; false; false; true; false ]
                let s = Tensor.vector [ 0.9; 0.2; 0.4; 0.3; 0.1 ]
                let found = Resampling.interval 0.9 200 (key 2) Metric.rocAuc y s
                Expect.isTrue (0.0 <= found.Lower && found.Lower <= found.Estimate && found.Upper <= 1.0) ""

                let refusing =
                    Metric.create "fails" true (fun t _ ->
                        if Tensor.toFloats t = [| 1.0; 0.0; 0.0; 1.0; 0.0 |] then
                            1.0
                        else
                            Refuse.domain "m" "g" "e" "c")

                refuses<DomainError, _> "refuses most draws" (fun () ->
                    Resampling.interval 0.9 50 (key 2) refusing y s)

                refuses<DomainError, _> "the level 1" (fun () ->
                    Resampling.interval 1.0 50 (key 2) Metric.rocAuc y s)

                refuses<DomainError, _> "0 repetitions" (fun () ->
                    Resampling.interval 0.9 0 (key 2) Metric.rocAuc y s)
            }
            test "a column that a model does not look at has no worth" {
                let x = Key.normal 0.0 1.0 DType.F32 [ 60; 3 ] (key 5)

                let predict (x: Tensor) =
                    Eval.run
                        [ "x", x ]
                        (let v = Expr.variable "x" DType.F32 [ 60; 3 ] in
                         2.0 * Expr.sliceAxis 1 0 1 v + 0.5 * Expr.sliceAxis 1 2 3 v)

                let data = Dataset(x, predict x)
                let found = Resampling.importance 4 (key 1) Metric.rmse predict data
                Expect.equal (found |> List.map _.Name) [ "column 0"; "column 1"; "column 2" ] ""
                Expect.equal (List.ofSeq found[1].Drops) [ 0.0; 0.0; 0.0; 0.0 ] "not looked at"
                Expect.isGreaterThan found[0].Mean found[2].Mean "more"
                Expect.isGreaterThan found[2].Mean 0.1 "some"
                let gains = Resampling.importance 4 (key 1) Metric.r2 predict data
                Expect.isGreaterThan gains[0].Mean 0.5 "a gain that is lost"

                refuses<DomainError, _> "0 repetitions" (fun () ->
                    Resampling.importance 0 (key 1) Metric.r2 predict data)
            }
        ]

/// Labels of two classes in each of their forms: whole numbers and truth values beside `[rows]` and `[rows; 1]`.
let private twoClasses =
    let truths = [| true; false; false; true; true; false |]
    let numbers = truths |> Array.map (fun t -> if t then 1L else 0L)

    let labels =
        [
            "i64", Tensor.vector numbers
            "i32", Tensor.cast DType.I32 (Tensor.vector numbers)
            "bool", Tensor.vector truths
        ]

    let z = Tensor.vector [ 0.3f; -0.2f; 0.8f; 2.0f; -1.5f; -3.0f ]
    let floats dims = Tensor.cast DType.F32 (Tensor.vector numbers) |> Tensor.reshape dims
    let variable (name: string) (t: Tensor) = Expr.variable name t.DType (t.Shape.ToList())
    let mean = Reduction.Mean

    let losses: (string * (Expr -> Expr -> Expr)) list =
        [
            "bceWithLogits", (fun y x -> Loss.bceWithLogits mean y x)
            "bce", (fun y x -> Loss.bce mean y (Expr.sigmoid x))
            "bceWeighted", (fun y x -> Loss.bceWeighted (Expr.scalar DType.F32 2.0) mean y x)
            "focal", (fun y x -> ClassLoss.focal 2.0 None mean y x)
            "none", (fun y x -> Loss.bceWithLogits Reduction.None y x |> Expr.sumAll)
        ]

    testList
        "labels of two classes beside one score"
        [
            for kind, y in labels do
                for dims in [ [ 6 ]; [ 6; 1 ] ] do
                    for loss, f in losses do
                        test $"{loss} of {kind} beside %A{dims}" {
                            let score = Tensor.reshape dims z
                            let x = variable "x" score

                            let run (y: Tensor) =
                                Eval.many
                                    [ "x", score; "y", y ]
                                    (let l = f (variable "y" y) x in l :: Grad.grad l [ x ])

                            Expect.equal (run y) (run (floats dims)) "the bits of targets that are floats"
                        }

                    test $"metrics of {kind} beside %A{dims}" {
                        let score = Tensor.reshape dims z
                        let expected (m: Metric) = m.Measure (floats [ 6; 1 ]) (Tensor.reshape [ 6; 1 ] z)

                        for m in
                            [
                                Metric.accuracy
                                Metric.f1
                                Metric.rocAuc
                                Metric.ofClasses Average.Weighted ClassScore.Recall
                            ] do
                            Expect.equal (m.Measure y score) (expected m) m.Name

                        let p = Eval.run [] (Expr.sigmoid (Expr.constant score))

                        let two =
                            Tensor.ofArray
                                [ 6; 2 ]
                                (Tensor.toFloats p |> Array.collect (fun p -> [| 1.0 - p; p |]))

                        let loss = Metric.logLoss.Measure (Tensor.vector numbers) two
                        Expect.floatClose Accuracy.medium (Metric.logLoss.Measure y p) loss "log loss"

                        Expect.floatClose
                            Accuracy.medium
                            (Metric.logLossOfLogits.Measure y score)
                            loss
                            "of logits"
                    }

            for kind, y in labels do
                test $"a model of one output is fitted to {kind} labels" {
                    let x = Tensor.ofArray [ 6; 1 ] (Tensor.toFloats z |> Array.map float32)

                    let learner =
                        Learner.create (Dense.linear 1) (Loss.bceWithLogits mean) (Optimizer.sgd 0.5)

                    let options =
                        { Fit.options (key 1) with
                            Epochs = 20
                            Metrics = [ Metric.accuracy ]
                            Validation = Some(Dataset(x, y))
                        }

                    let fitted = Fit.run options learner (Dataset(x, y))
                    let floating = Dataset(x, floats [ 6; 1 ])
                    let same = Fit.run { options with Validation = Some floating } learner floating

                    Expect.equal
                        (Tree.toList fitted.Trained.Parameters)
                        (Tree.toList same.Trained.Parameters)
                        "as floats"
                }

            test "labels that are neither 0 nor 1 are refused by their row" {
                let x = Tensor.reshape [ 6; 1 ] z
                let y = Tensor.vector [ 0L; 1L; 2L; 0L; 1L; 0L ]
                let learner = Learner.create (Dense.linear 1) (Loss.bceWithLogits mean) (Optimizer.sgd 0.5)

                refuses<DomainError, _> "the label 2 in row 2" (fun () ->
                    Fit.run (Fit.options (key 1)) learner (Dataset(x, y)))

                refuses<DomainError, _> "the target 2" (fun () -> Metric.accuracy.Measure y x)
                let loss = Loss.bceWithLogits mean (Expr.constant y) (Expr.constant x)
                Expect.isTrue (Double.IsNaN(Tensor.toFloat (Eval.run [] loss))) "its loss"
                // Floats [rows] beside [rows; 1] would be compared each with each, as before.
                refuses<ShapeError, _> "each target with each" (fun () ->
                    Loss.bceWithLogits mean (Expr.constant (floats [ 6 ])) (Expr.constant x))
            }
        ]

let tests = testList "Calibration" [ references; calibration; resampling; twoClasses ]
