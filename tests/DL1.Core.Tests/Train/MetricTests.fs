/// Metrics, against the values of scikit-learn.
module DL1.Tests.MetricTests

open System.Text.Json
open DL1
open DL1.Tests.Reference
open Expecto

let private all = cases "metrics.json"
let private case wanted = all |> List.find (fun c -> name c = wanted)
let private labels (field: string) (c: JsonElement) = Tensor.vector (ints (c.GetProperty field))
let private numbers (field: string) (c: JsonElement) = Tensor.vector (floats (c.GetProperty field))

/// Compares each field of a case; those that are inputs are named.
let private compared (inputs: string list) (c: JsonElement) (own: (string * float) list) =
    let fields = [ for p in c.EnumerateObject() -> p.Name ] |> List.except ("name" :: inputs)
    Expect.equal (set fields) (set (List.map fst own)) "every field is compared"

    for field, value in own do
        Expect.floatClose
            { absolute = 1e-12; relative = 1e-10 }
            value
            (c.GetProperty(field).GetDouble())
            field

let private current = cases "metrics.current.json"
let private currentOf wanted = current |> List.filter (fun c -> name c = wanted)
let private field (c: JsonElement) (name: string) = c.GetProperty(name).GetDouble()

let private matrix (c: JsonElement) (field: string) =
    [ for row in c.GetProperty(field).EnumerateArray() -> List.map int64 (ints row) ]

/// Compares the fields of a case that are numbers with metrics; those that are null have no value in the reference.
let private measured (c: JsonElement) (own: (string * (unit -> float)) list) =
    let isNumber (p: JsonProperty) = p.Value.ValueKind = JsonValueKind.Number
    let isNull (p: JsonProperty) = p.Value.ValueKind = JsonValueKind.Null

    let names which =
        [
            for p in c.EnumerateObject() do
                if which p then
                    p.Name
        ]

    let absent = names isNull
    Expect.equal (set (names isNumber @ absent)) (set (List.map fst own)) "every field is compared"

    for name, measure in own do
        if not (List.contains name absent) then
            Expect.isTrue (Numbers.near 1e-12 (field c name) (measure ())) $"{name}: {measure ()}"

let private classification =
    let c = case "classification"
    let confusion = Classification.confusion (labels "y_true" c) (labels "y_pred" c)

    [
        test "classification is that of the reference" {
            compared
                [ "y_true"; "y_pred"; "confusion" ]
                c
                [
                    "accuracy", confusion.Accuracy
                    "precision_macro", confusion.PrecisionMacro
                    "recall_macro", confusion.RecallMacro
                    "f1_macro", confusion.F1Macro
                    "f1_micro", confusion.F1Micro
                    "f1_weighted", confusion.F1Weighted
                    "balanced_accuracy", confusion.BalancedAccuracy
                    "mcc", confusion.Matthews
                    "kappa", confusion.Kappa
                ]

            let expected = matrix c "confusion"
            Expect.equal (confusion.ToTensor()) (Convert.ofRows expected) "the matrix"
            Expect.equal confusion[0, 2] expected[0].[2] "one of its counts: targets are rows"

            Expect.equal
                (Classification.accuracy (labels "y_true" c) (labels "y_pred" c))
                (field c "accuracy")
                "accuracy alone"
        }
        for i, c in List.indexed (currentOf "classification") do
            test $"classification %d{i} is that of scikit-learn today" {
                let target, predicted = labels "y_true" c, labels "y_pred" c
                let confusion = Classification.confusion target predicted
                Expect.equal (confusion.ToTensor()) (Convert.ofRows (matrix c "confusion")) "the matrix"

                for what, ofClass in
                    [ "precision", confusion.Precision; "recall", confusion.Recall; "f1", confusion.F1 ] do
                    for k, expected in List.indexed (floats (c.GetProperty what)) do
                        Expect.isTrue (Numbers.near 1e-12 expected (ofClass k)) $"{what} of class {k}"

                measured
                    c
                    [
                        "accuracy", (fun () -> Classification.accuracy target predicted)
                        "precision_macro", (fun () -> confusion.PrecisionMacro)
                        "recall_macro", (fun () -> confusion.RecallMacro)
                        "f1_macro", (fun () -> confusion.F1Macro)
                        "f1_micro", (fun () -> confusion.F1Micro)
                        "f1_weighted", (fun () -> confusion.F1Weighted)
                        "balanced_accuracy", (fun () -> confusion.BalancedAccuracy)
                        "mcc", (fun () -> confusion.Matthews)
                        "kappa", (fun () -> confusion.Kappa)
                    ]
            }
        test "a report is a table" {
            let small = Classification.confusion (Tensor.vector [ 0; 0; 1; 2 ]) (Tensor.vector [ 0; 1; 1; 1 ])

            let expected =
                [
                    "              precision    recall        F1      rows"
                    "cat               1.000     0.500     0.667         2"
                    "dog               0.333     1.000     0.500         1"
                    "2                 0.000     0.000     0.000         1"
                    "macro             0.444     0.500     0.389         4"
                    "accuracy                              0.500         4"
                ]

            Expect.equal ((small.Report [ "cat"; "dog" ]).Split '\n' |> List.ofArray) expected ""
            Expect.equal (string small) (small.Report []) "without names"

            Expect.throwsT<System.ArgumentNullException>
                (fun () -> small.Report [ "cat"; Unchecked.defaultof<string> ] |> ignore)
                "a name that is null"

            Expect.equal (small.Support 0, small.Classes) (2L, 3) "rows and classes"
        }
        test "a single score a row is of two classes, the second above 0" {
            let scores = Tensor.ofArray [ 4; 1 ] [| -3.0f; 3.0f; 2.0f; -1.0f |]
            let labels = Tensor.ofArray [ 4 ] [| 0L; 1L; 1L; 1L |]
            let floats = Tensor.ofArray [ 4; 1 ] [| 0.0f; 1.0f; 1.0f; 1.0f |]

            Expect.equal
                (Classification.ofScores scores)
                (Tensor.ofArray [ 4 ] [| 0L; 1L; 1L; 0L |])
                "classes"

            Expect.equal (Metric.accuracy.Measure labels scores) 0.75 "labels"
            Expect.equal (Metric.accuracy.Measure floats scores) 0.75 "floats, as the losses want them"
            Expect.equal (Classification.confusionOfScores floats scores).[1, 0] 1L "one is missed"

            let wrong = Tensor.ofArray [ 4; 1 ] [| 0.0f; 1.0f; 0.5f; 1.0f |]

            Expect.throwsT<DomainError>
                (fun () -> Metric.accuracy.Measure wrong scores |> ignore)
                "half a class"

            let three = Tensor.ofArray [ 2; 3 ] [| 1.0f; 2.0f; 0.0f; 5.0f; -1.0f; 0.0f |]
            Expect.equal (Classification.ofScores three) (Classification.argMax three) "more classes"
        }
        test "one class, all right or by chance" {
            let c = Classification.confusion (Tensor.vector [ 1; 1 ]) (Tensor.vector [ 1; 1 ])
            Expect.equal (c.Accuracy, c.F1Macro, c.Matthews) (1.0, 1.0, 0.0) "the class 0 is not counted"
        }
        test "the greatest score, the first of several" {
            let scores = Convert.ofRows [ [ 1.0; 3.0; 3.0 ]; [ 5.0; 1.0; 2.0 ] ]
            Expect.equal (Classification.argMax scores) (Tensor.vector [ 1L; 0L ]) ""
        }
        test "NaN is no class: scores with one are refused by their row, and the place of a NaN is found" {
            let labels = Tensor.vector [| 0L; 1L; 0L |]
            let scores = Tensor.ofArray [ 3; 2 ] [| 1f; 0f; 0f; nanf; 2f; 1f |]
            let single = Tensor.ofArray [ 3; 1 ] [| 1f; nanf; 2f |]
            let expr = Eval.run [] (Expr.argMax -1 (Expr.constant scores))
            Expect.equal (Classification.argMax scores) expr "as Expr.argMax"
            Expect.equal expr (Tensor.vector [| 0L; 1L; 0L |]) "the place of NaN"

            for bad in [ scores; single ] do
                let measures: (unit -> unit) list =
                    [
                        (fun () -> Classification.ofScores bad |> ignore)
                        (fun () -> Classification.confusionOfScores labels bad |> ignore)
                        (fun () -> Metric.accuracy.Measure labels bad |> ignore)
                        (fun () -> Metric.f1.Measure labels bad |> ignore)
                    ]

                for measure in measures do
                    let error = Expect.throwsC measure id
                    Expect.stringContains error.Message "NaN in row 1" "the row"
        }
        test "errors of numbers are NaN where one is" {
            let target = Tensor.vector [| 1.0; 2.0; 3.0 |]

            for predicted in [ [| nan; 2.0; 3.0 |]; [| 1.0; 2.0; nan |] ] do
                for measure in
                    [ Regression.mse; Regression.rmse; Regression.mae; Regression.medianError; Regression.r2 ] do
                    Expect.isTrue (System.Double.IsNaN(measure target (Tensor.vector predicted))) "NaN"

                    Expect.isTrue
                        (System.Double.IsNaN(measure (Tensor.vector predicted) target))
                        "NaN among targets"
        }
        test "what does not fit is refused" {
            let one = Tensor.vector [ 1 ]

            Expect.throwsT<ShapeError>
                (fun () -> Classification.accuracy one (Tensor.vector [ 1; 2 ]) |> ignore)
                "rows"

            Expect.throwsT<ShapeError>
                (fun () -> Classification.accuracy one (Tensor.vector [ 1.0 ]) |> ignore)
                "type"

            Expect.throwsT<DomainError>
                (fun () -> Classification.confusion one (Tensor.vector [ -1 ]) |> ignore)
                "label"

            let none = Tensor.zeros DType.I32 [ 0 ]
            Expect.throwsT<DomainError> (fun () -> Classification.accuracy none none |> ignore) "no rows"

            Expect.throwsT<ShapeError>
                (fun () -> Classification.argMax (Tensor.scalar 1.0) |> ignore)
                "scores"
        }
    ]

let private binary =
    let c = case "binary"
    let target, score = labels "y_true" c, numbers "score" c

    [
        test "binary is that of the reference" {
            compared
                [ "y_true"; "score"; "roc_curve" ]
                c
                [
                    "roc_auc", Binary.rocAuc target score
                    "average_precision", Binary.averagePrecision target score
                    "brier", Binary.brier target score
                ]

            let roc = Binary.roc target score
            let curve = [ for p in c.GetProperty("roc_curve").EnumerateArray() -> p ]
            let close a b = List.iter2 (fun a b -> Expect.floatClose Accuracy.high a b "") a b
            close roc.X (floats curve[0])
            close roc.Y (floats curve[1])
            Expect.equal roc.Thresholds.Head infinity "the strictest takes none"
            Expect.equal roc.Thresholds[1] (floats (c.GetProperty "score") |> List.max) "the next"
        }
        for i, c in List.indexed (currentOf "binary") do
            test $"binary %d{i} is that of scikit-learn today" {
                let target, score = labels "y_true" c, numbers "score" c

                measured
                    c
                    [
                        "roc_auc", (fun () -> Binary.rocAuc target score)
                        "average_precision", (fun () -> Binary.averagePrecision target score)
                        "brier", (fun () -> Binary.brier target score)
                    ]

                let close what a b =
                    Expect.equal (List.length a) (List.length b) what
                    List.iter2 (fun a b -> Expect.isTrue (Numbers.near 1e-12 a b) what) a b

                let curve = [ for p in c.GetProperty("roc").EnumerateArray() -> floats p ]
                let roc, precision = Binary.roc target score, Binary.precisionRecall target score
                close "false" roc.X curve[0]
                close "true" roc.Y curve[1]
                close "recall" precision.X (floats (c.GetProperty "recall"))
                close "precision" precision.Y (floats (c.GetProperty "precision"))
            }
        test "all rows positive have an average precision of 1" {
            for c in currentOf "positives" do
                measured
                    c
                    [
                        "average_precision",
                        (fun () -> Binary.averagePrecision (labels "y_true" c) (numbers "score" c))
                    ]
        }
        test "Brier's score is of probabilities, and of logits where that is said" {
            let target, logits = Tensor.vector [ 1; 0; 1 ], Tensor.vector [ 3.0; -0.5; 800.0 ]
            let sigmoid x = 1.0 / (1.0 + exp -x)
            let probabilities = Tensor.vector [ sigmoid 3.0; sigmoid -0.5; 1.0 ]

            Expect.floatClose
                Accuracy.veryHigh
                (Binary.brierOfLogits target logits)
                (Binary.brier target probabilities)
                "of logits"

            for wrong in [ 1.0000001; -1e-9; infinity; -infinity; nan ] do
                let error =
                    Expect.throwsC
                        (fun () -> Binary.brier target (Tensor.vector [ 0.5; wrong; 0.5 ]) |> ignore)
                        id

                Expect.isTrue (error :? DomainError) $"{wrong}"

            Expect.equal
                (Binary.brier (Tensor.vector [ 1; 1 ]) (Tensor.vector [ 0.5; 1.0 ]))
                0.125
                "one class"

            Expect.equal
                (Binary.brierOfLogits target (Tensor.vector [ infinity; -infinity; infinity ]))
                0.0
                "sure"
        }
        Law.law "the area is the chance that a positive row scores above a negative one" (fun (seed: int) ->
            let key = Key.ofSeed (int64 seed)
            let t = Tensor.cast DType.I32 (Key.bernoulli 0.5 [ 20 ] key)
            let s = Key.integers 0 6 DType.I32 [ 20 ] (Key.fold 1 key)

            let pairs =
                [
                    for i in 0..19 do
                        for j in 0..19 do
                            if t[i] = 1.0 && t[j] = 0.0 then
                                if s[i] > s[j] then 1.0
                                elif s[i] = s[j] then 0.5
                                else 0.0
                ]

            pairs.IsEmpty || abs (List.average pairs - Binary.rocAuc t s) < 1e-12)
        test "precision and recall of a small case" {
            // From the strictest: right, right and wrong together, wrong.
            let c =
                Binary.precisionRecall (Tensor.vector [ 1; 1; 0; 0 ]) (Tensor.vector [ 0.9; 0.5; 0.5; 0.1 ])

            Expect.equal c.X [ 0.0; 0.5; 1.0; 1.0 ] "recall"
            Expect.equal c.Y [ 1.0; 1.0; 2.0 / 3.0; 0.5 ] "precision"
            Expect.floatClose Accuracy.high (Binary.area c) (0.5 + 0.25 * (1.0 + 2.0 / 3.0)) "area"
        }
        test "what does not fit is refused" {
            let refused t s =
                Expect.throwsT<DomainError>(fun () ->
                    Binary.rocAuc (Tensor.vector t) (Tensor.vector s) |> ignore)

            refused [ 1; 1 ] [ 0.1; 0.2 ] "one class"
            refused [ 1; 2 ] [ 0.1; 0.2 ] "a third class"
            refused [ 1; 0 ] [ 0.1; nan ] "no number"
            refused [ 0; 0 ] [ 0.1; 0.2 ] "the other class"
            let none = Tensor.zeros DType.F64 [ 0 ]

            for measure in [ Binary.rocAuc; Binary.averagePrecision; Binary.brier; Binary.brierOfLogits ] do
                Expect.throwsT<DomainError> (fun () -> measure none none |> ignore) "no rows"

            Expect.throwsT<DomainError>
                (fun () ->
                    Binary.averagePrecision (Tensor.vector [ 0; 0 ]) (Tensor.vector [ 1.0; 2.0 ]) |> ignore)
                "nothing to recall"

            let error =
                Expect.throwsC
                    (fun () ->
                        Binary.rocAuc (Tensor.vector [ 0; 1 ]) (Tensor.zeros DType.F64 [ 2; 2 ]) |> ignore)
                    id

            Expect.stringContains error.Message "the column of one class" "a column for each class"
        }
        test "infinite scores have their place in the order" {
            let score = Tensor.vector [ infinity; 2.0; -infinity; 1.0 ]
            Expect.equal (Binary.rocAuc (Tensor.vector [ 1; 1; 0; 0 ]) score) 1.0 ""
        }
    ]

let private regression =
    let c = case "regression"
    let target, predicted = numbers "y_true" c, numbers "y_pred" c

    [
        test "regression is that of the reference" {
            compared
                [ "y_true"; "y_pred" ]
                c
                [
                    "mse", Regression.mse target predicted
                    "mae", Regression.mae target predicted
                    "r2", Regression.r2 target predicted
                    "medae", Regression.medianError target predicted
                    "explained_variance", Regression.explainedVariance target predicted
                ]

            Expect.equal (Regression.rmse target predicted) (sqrt (Regression.mse target predicted)) "root"
        }
        for i, c in List.indexed (currentOf "regression") do
            test $"regression %d{i} is that of scikit-learn today" {
                let target, predicted = tensor (c.GetProperty "y_true"), tensor (c.GetProperty "y_pred")

                measured
                    c
                    [
                        "mse", (fun () -> Regression.mse target predicted)
                        "rmse", (fun () -> Regression.rmse target predicted)
                        "mae", (fun () -> Regression.mae target predicted)
                        "medae", (fun () -> Regression.medianError target predicted)
                        "explained_variance", (fun () -> Regression.explainedVariance target predicted)
                        "r2", (fun () -> Regression.r2 target predicted)
                    ]
            }
        Law.law "of several columns the mean of each one's measure" (fun (seed: int) ->
            let key = Key.ofSeed (int64 seed)
            let width = 1 + int (uint32 seed % 4u)

            let t, p =
                Key.normal 1.0 3.0 DType.F64 [ 9; width ] key,
                Key.normal 1.0 3.0 DType.F64 [ 9; width ] (Key.fold 1 key)

            let column c (x: Tensor) = Tensor.vector [ for r in 0..8 -> x[r, c] ]

            [
                Regression.mse
                Regression.rmse
                Regression.mae
                Regression.medianError
                Regression.explainedVariance
                Regression.r2
            ]
            |> List.forall (fun measure ->
                let each = [ for c in 0 .. width - 1 -> measure (column c t) (column c p) ]
                Numbers.near 1e-12 (List.average each) (measure t p)))
        test "rows against columns are refused, an axis of extent 1 is not" {
            let x dims = Tensor.zeros DType.F64 dims

            for a, b in
                [ [ 2; 3 ], [ 3; 2 ]; [ 6 ], [ 2; 3 ]; [ 6; 1 ], [ 1; 6 ]; [ 6 ], [ 1; 6 ]; [ 4 ], [ 5 ] ] do
                Expect.throwsT<ShapeError> (fun () -> Regression.mse (x a) (x b) |> ignore) $"{a} {b}"

            for a, b in [ [ 6 ], [ 6; 1 ]; [ 6; 1 ], [ 6 ]; [], [ 1 ]; [ 2; 3 ], [ 2; 3; 1 ] ] do
                Expect.equal (Regression.mse (x a) (x b)) 0.0 $"{a} {b}"
        }
        test "a target that does not vary" {
            let t = Tensor.vector [ 2.0; 2.0 ]
            Expect.equal (Regression.r2 t t) 1.0 "no error"
            Expect.equal (Regression.r2 t (Tensor.vector [ 1.0; 2.0 ])) 0.0 "some"
        }
    ]

let private watched =
    test "metrics for training" {
        let labels = Tensor.vector [ 0L; 1L; 1L; 0L ]
        let logits = Convert.ofRows [ [ 2f; 1f ]; [ 0f; 1f ]; [ 3f; 1f ]; [ 3f; 1f ] ]
        Expect.equal (Metric.accuracy.Measure labels logits) 0.75 "accuracy"
        Expect.floatClose Accuracy.high (Metric.f1.Measure labels logits) ((0.8 + 2.0 / 3.0) / 2.0) "f1"
        let t, s = Tensor.vector [ 0; 1; 1 ], Tensor.vector [ 0.5; 1.0; 2.0 ]
        Expect.equal (Metric.rocAuc.Measure t s) 1.0 "area"
        Expect.equal (Metric.mae.Measure t s) 0.5 "mae"
        Expect.equal (Metric.rmse.Measure t s) (sqrt (1.25 / 3.0)) "rmse"
        Expect.equal (Metric.r2.Measure t s) (Regression.r2 t s) "r2"

        Expect.equal
            [ for m in [ Metric.accuracy; Metric.mae ] -> m.Name, m.IsGain ]
            [ "accuracy", true; "mae", false ]
            ""

        Expect.equal ((Metric.create "one" true (fun _ _ -> 1.0)).Measure t s) 1.0 "one's own"
    }

let tests =
    testList
        "Metric"
        [
            test "all 18 cases of today are there" { Expect.equal current.Length 18 "" }
            test "all 4 cases are there" {
                Expect.equal (List.map name all) [ "classification"; "binary"; "regression"; "scaling" ] ""
            }
            testList "Classification" classification
            testList "Binary" binary
            testList "Regression" regression
            watched
        ]
