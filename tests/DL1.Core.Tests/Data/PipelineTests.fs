/// Pipelines against scikit-learn's numbers (fixtures/pipelines.py), and their laws.
module DL1.Tests.PipelineTests

open System
open System.Collections.Generic
open System.IO
open DL1
open DL1.Data
open DL1.Tests.PreparationTests
open Expecto

let private key (seed: int) = Key.ofSeed (int64 seed)
let private few name property = testPropertyWithConfig { Law.config with maxTest = 20 } name property

let private refuses<'e, 'a when 'e :> exn> (part: string) (f: unit -> 'a) =
    let message =
        try
            f () |> ignore
            "nothing was refused"
        with :? 'e as e ->
            e.Message

    Expect.stringContains message part ""

let private numbers = [| "beak_length_mm"; "beak_depth_mm"; "flipper_length_mm"; "body_mass_g" |]
let private penguins = Datasets.penguins ()
let private diabetes = Datasets.diabetes ()

let private logistic =
    Pipeline
        .Classify("species")
        .Numbers(numbers)
        .Categories("island", "sex")
        .Impute(ColumnFill.Median)
        .Scale(ColumnScaling.Standard)
        .Model(Estimator.Logistic())

let private places condition = [| 0 .. penguins.RowCount - 1 |] |> Array.filter condition

let private train = penguins.Rows(places (fun i -> i % 2 = 0))
let private test' = penguins.Rows(places (fun i -> i % 2 = 1))

/// A network that trains in no time.
let private network (outputs: int) loss : Estimator =
    let model = Dense.linear 6 => Norm.batchNorm1d => Activation.relu => Dense.linear outputs

    Estimator.Network(
        Learner.create model loss (Optimizer.adam 0.02),
        { Fit.options (key 3) with Epochs = 4; Batch = Batches.ofSize 32 }
    )

/// Pipelines of each kind of model, task, preparation.
let private kinds: (string * Pipeline * Table) list =
    let classify =
        logistic.Feature("ratio", (fun f -> f["body_mass_g"] / f["flipper_length_mm"])).Indicating()

    let regress = Pipeline.Regress("progression").Inputs().Scale(ColumnScaling.Standard)
    let two = Pipeline.Classify("sex").Numbers(numbers).Categories("species").Impute(ColumnFill.Mean)
    let sexed = penguins |> Table.complete [ "sex" ]

    [
        "logistic", classify, train
        "logistic of two classes", two.Scale(ColumnScaling.MaxAbs).Model(Estimator.Logistic 10.0), sexed
        "naive Bayes", classify.Dropping(DroppedCategory.First).Model(Estimator.NaiveBayes()), train
        "neighbours", classify.Model(Estimator.Neighbours(3, true)), train
        "network", classify.Model(network 3 (Loss.crossEntropy Loss.classes)), train
        "network of two scores", two.Model(network 2 (Loss.crossEntropy Loss.classes)), sexed
        "ridge", regress.Model(Estimator.Ridge 2.0), diabetes
        "ridge after quantiles",
        regress.Scale(ColumnScaling.Normal, "bmi").Model(Estimator.Ridge 2.0),
        diabetes
        "neighbours for numbers", regress.Scale(ColumnScaling.Robust).Model(Estimator.Neighbours 4), diabetes
        "network for numbers",
        regress.Scale(ColumnScaling.YeoJohnson).Model(network 1 (Loss.mse Reduction.Mean)),
        diabetes
    ]

let private references =
    testList
        "as scikit-learn's"
        [
            for struct (_, attribute, expected, _) in casesIn "pipelines.json" "penguins" do
                let c = (attribute "c").GetDouble()

                test $"logistic regression of penguins, C = {string c}" {
                    let pipeline = logistic.Model(Estimator.Logistic c)
                    let fitted = pipeline.Fit train
                    close 1e-8 (expected "probabilities") (fitted.Probabilities test') "probabilities"
                    let scores = fitted.Evaluate(test', Metric.accuracy)
                    close 1e-12 (expected "accuracy") (Tensor.scalar scores[0].Value) "accuracy"

                    let folds =
                        [
                            for k in 0..3 ->
                                struct (penguins.Rows(places (fun i -> i % 4 <> k)),
                                        penguins.Rows(places (fun i -> i % 4 = k)))
                        ]

                    let found = pipeline.CrossValidate(folds, Metric.accuracy)
                    close 1e-12 (expected "folds") (Tensor.vector found["accuracy"]) "folds"

                    Expect.floatClose
                        Accuracy.high
                        (found.Mean "accuracy")
                        (Seq.average found["accuracy"])
                        "mean"
                }
        ]

/// A table in which the values of some rows are others.
let private perturbed (seed: int) (rows: int[]) (table: Table) : Table =
    let isOther = HashSet<int> rows
    let random = Tensor.toFloats (Key.uniform 0.0 1.0 DType.F64 [ table.RowCount ] (key seed))

    [
        for name in table.Names do
            let column =
                match table[name] with
                | Column.Numbers values ->
                    values
                    |> Array.mapi (fun i v -> if isOther.Contains i then 1e3 * (random[i] - 0.5) else v)
                    |> Column.Numbers
                | Column.Texts values ->
                    values
                    |> Array.mapi (fun i v -> if isOther.Contains i then $"other %d{i % 5}" else v)
                    |> Column.Texts

            name, column
    ]
    |> Table.ofColumns

let private laws =
    testList
        "laws"
        [
            few "the rows that are held out are not seen: what is fitted stays" (fun (seed: int) ->
                let rows = Splits.folds 4 (key seed) penguins.RowCount

                rows
                |> List.truncate 2
                |> List.forall (fun (kept, held) ->
                    let bytes (table: Table) = (logistic.Indicating().Fit(table.Rows kept)).ToBytes()
                    // Sources are named in errors alone.
                    bytes penguins = bytes (perturbed seed held penguins)))

            for name, pipeline, table in kinds do
                test $"{name}: kept in a file, and loaded as it was" {
                    let fitted = pipeline.Fit table
                    let bytes = fitted.ToBytes()
                    Expect.equal (fitted.ToBytes()) bytes "saved twice"
                    Expect.equal ((pipeline.Fit table).ToBytes()) bytes "fitted twice"
                    let again = FittedPipeline.OfBytes bytes
                    Expect.equal (again.ToBytes()) bytes "saved after loading"
                    let some = table.Rows [| 0..39 |]

                    Expect.isTrue
                        (Hostile.sameTree
                            (Tree.ofList [ "y", fitted.Outputs some ])
                            (Tree.ofList [ "y", again.Outputs some ]))
                        "the same bits"

                    Expect.equal (string again) (string fitted) "in words"

                    // The whole as a graph.
                    let x = again.Encode some
                    // The network computes in f32, and sums in another order.
                    let near = if name.StartsWith "network" then 1e-5 else 1e-9
                    close near (again.Outputs some) (express again x) "as a graph"

                    let v = Expr.variable "x" x.DType (x.Shape.ToList())
                    let predicted = Eval.run [ "x", x ] (again.ExpressPredictions v)

                    match again.Task with
                    | PipelineTask.Classification ->
                        close near (again.Probabilities some) predicted "probabilities as a graph"
                    | PipelineTask.Regression ->
                        close near (Tensor.vector (again.PredictNumbers some)) predicted "numbers as a graph"

                    // One row, however it is given, is the row of the table.
                    let all = again.PredictTable some

                    for i in [ 0; 7; 39 ] do
                        let row = some.Rows [| i |]

                        let fields =
                            dict
                                [
                                    for name in again.Fields do
                                        match row[name] with
                                        | Column.Numbers v -> name, box v[0]
                                        | Column.Texts t -> name, box t[0]
                                ]

                        let one = again.Predict fields
                        let close' (a: float) (b: float) = abs (a - b) <= near * max 1.0 (abs a)

                        Expect.equal one.Class all[i].Class "class"

                        Expect.isTrue
                            (close' all[i].Value one.Value || again.Task = PipelineTask.Classification)
                            "number"

                        Expect.all
                            (Seq.zip one.Probabilities all[i].Probabilities)
                            (fun (a, b) -> close' a.Probability b.Probability)
                            "probabilities"
                }

            test "a batch of any size is its rows" {
                let fitted = logistic.Fit train
                let whole = fitted.Outputs penguins |> Convert.toRows<float>

                for size in [ 0; 1; 3; 255; 256; 257; 344 ] do
                    let found = fitted.Outputs(penguins.Rows [| 0 .. size - 1 |])
                    Expect.equal found.Shape[0] size "rows"

                    if size > 0 then
                        close
                            1e-9
                            (Tensor.ofArray [ size; 3 ] (Array.concat (Array.take size whole)))
                            found
                            $"%d{size}"
            }

            test "a file" {
                let path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.pipeline")

                try
                    let fitted = logistic.Fit train
                    fitted.Save path
                    Expect.equal (File.ReadAllBytes path) (fitted.ToBytes()) "its bytes"

                    Expect.equal
                        ((FittedPipeline.Load path).PredictClasses test')
                        (fitted.PredictClasses test')
                        ""
                finally
                    File.Delete path
            }

            test "a file that is cut, or of something else, is refused" {
                let bytes = (logistic.Fit train).ToBytes()

                for length in [ 0; 7; 100; bytes.Length / 2; bytes.Length - 1 ] do
                    Expect.throwsT<FormatError>
                        (fun () -> FittedPipeline.OfBytes(Array.truncate length bytes) |> ignore)
                        $"%d{length} bytes"

                let tensors = Safetensors.toBytes Map.empty (Tree.ofList [ "x", Tensor.scalar 1.0 ])
                refuses<FormatError, _> "without a pipeline" (fun () -> FittedPipeline.OfBytes tensors)

                let text (before: string) (after: string) =
                    let tensors, texts = Safetensors.ofBytes bytes
                    let texts = texts |> Map.map (fun _ text -> text.Replace(before, after))
                    Safetensors.toBytes texts tensors

                for before, after in
                    [
                        "\"version\":1", "\"version\":9"
                        "DL1 pipeline", "another"
                        "classification", "clustering"
                        "constant.0", "constant.9"
                        "f64[1, 9]", "f64[1, 8]"
                        "\"Adelie\",", ""
                        "Gentoo", "Adelie"
                    ] do
                    let changed = text before after
                    Expect.notEqual changed bytes $"{before} is there"

                    Expect.throwsT<FormatError>
                        (fun () -> FittedPipeline.OfBytes changed |> ignore)
                        $"{after} for {before}"
            }
        ]

type Bird =
    {
        Island: string
        Sex: string option
        Beak_length_mm: float
        Beak_depth_mm: float32
        Flipper_length_mm: int option
        Body_mass_g: decimal
        Ringed: DateTime
    }

let private inputs =
    testList
        "inputs"
        [
            test "a record, an anonymous object, a dictionary and a row are one" {
                let fitted = logistic.Fit train

                let bird =
                    {
                        Island = "Biscoe"
                        Sex = None
                        Beak_length_mm = 46.5
                        Beak_depth_mm = 13.5f
                        Flipper_length_mm = Some 210
                        Body_mass_g = 4550m
                        Ringed = DateTime.UnixEpoch
                    }

                let anonymous =
                    {|
                        island = "Biscoe"
                        sex = ""
                        beak_length_mm = 46.5
                        beak_depth_mm = 13.5
                        flipper_length_mm = 210
                        body_mass_g = 4550
                    |}

                let table = Table.ofObjects [ anonymous ]
                let row = Table.row 0 table
                let found = fitted.Predict bird
                Expect.equal found.Class "Gentoo" ""
                Expect.equal (string found) (string (fitted.Predict anonymous)) "anonymous"
                Expect.equal (fitted.Predict(row :> obj)).Class "Gentoo" "row"
                Expect.floatClose Accuracy.high (found.Probabilities |> Seq.sumBy _.Probability) 1.0 "sum"
                Expect.equal (List.ofSeq fitted.Fields) [ yield! numbers; "island"; "sex" ] "fields"
                Expect.equal (List.ofSeq fitted.Classes) [ "Adelie"; "Chinstrap"; "Gentoo" ] "classes"
            }
            test "what is wrong is told by field, value and what is allowed" {
                let fitted = logistic.Fit train

                let wrong (name: string) (value: obj) =
                    let fields = Dictionary<string, obj>()

                    for field in fitted.Fields do
                        match field with
                        | "island" -> fields[field] <- "Dream"
                        | "sex" -> fields[field] <- "MALE"
                        | _ -> fields[field] <- 40.0

                    fields[name] <- value
                    fitted.Predict fields

                refuses<DomainError, _> "'Atlantis' for the field 'island'" (fun () ->
                    wrong "island" "Atlantis")

                refuses<DomainError, _> "Biscoe, Dream, Torgersen" (fun () -> wrong "island" "Atlantis")

                refuses<DomainError, _> "'heavy' for the field 'body_mass_g'" (fun () ->
                    wrong "body_mass_g" "heavy")

                refuses<DomainError, _> "a finite number" (fun () -> wrong "body_mass_g" infinity)

                refuses<DomainError, _> "a number, not a value of the type" (fun () ->
                    wrong "body_mass_g" (obj ()))

                refuses<DomainError, _> "no field 'beak_length_mm' among: island" (fun () ->
                    fitted.Predict {| island = "Dream" |})

                refuses<DomainError, _> "without a public property" (fun () -> fitted.Predict(obj ()))
                let strict = logistic.Fit(penguins |> Table.complete (List.ofSeq penguins.Names))

                Expect.isNotEmpty
                    (strict.Predict
                        {|
                            island = "Dream"
                            sex = "MALE"
                            beak_length_mm = nan
                            beak_depth_mm = 18
                            flipper_length_mm = 190
                            body_mass_g = 4000
                        |})
                        .Class
                    ""

                let whole =
                    Pipeline.Regress("progression").Numbers("bmi").Model(Estimator.Ridge()).Fit diabetes

                refuses<DomainError, _> "puts none in" (fun () -> whole.Predict {| bmi = nan |})

                refuses<DomainError, _> "null for the field 'bmi'" (fun () ->
                    whole.Predict {| bmi = (None: float option) |})

                refuses<DomainError, _> "predicts the number" (fun () -> whole.PredictClasses diabetes)
                refuses<DomainError, _> "predicts classes" (fun () -> fitted.PredictNumbers penguins)
            }
            few "what Check finds is what Predict refuses" (fun (seed: int) ->
                let pick (items: (obj | null) list) at = items[Random(31 * seed + at).Next items.Length]
                let number = pick [ 1.0; null; nan; infinity; "heavy"; [ 1 ]; 40; true; "" ]

                let row =
                    dict
                        [
                            for i in seed &&& 1 .. 3 do
                                yield numbers[i], number i

                            yield "island", pick [ "Dream"; "Atlantis"; null; 3; [ "Dream" ] ] 10
                            yield "sex", pick [ "MALE"; "male"; ""; null ] 11
                        ]

                let fitted = logistic.Impute(ColumnFill.Mean, numbers[1]).Fit train
                let found = fitted.Check row

                let refused =
                    try
                        fitted.Predict row |> ignore
                        None
                    with :? DomainError as e ->
                        Some(e.Given, e.Expected, e.Cure)

                Expect.equal
                    (found |> Seq.tryHead |> Option.map (fun p -> p.Given, p.Expected, p.Cure))
                    refused
                    "the first")
            test "fields say what they may hold, and Check finds all that is wrong" {
                let fitted = logistic.Fit(penguins |> Table.complete [ "body_mass_g" ])

                Expect.equal
                    [ for f in fitted.Inputs -> f.Name, List.ofSeq f.Categories, f.MayBeMissing ]
                    [
                        for name in numbers do
                            yield name, [], true

                        yield "island", [ "Biscoe"; "Dream"; "Torgersen" ], true
                        yield "sex", [ "FEMALE"; "MALE" ], true
                    ]
                    "fields"

                let found =
                    fitted.Check
                        {|
                            island = "Atlantis"
                            sex = [ 1 ]
                            beak_length_mm = "long"
                            beak_depth_mm = infinity
                            body_mass_g = nan
                        |}

                Expect.equal
                    [ for p in found -> p.Field.Name, p.Fault, p.Value ]
                    [
                        "beak_length_mm", FieldFault.NotNumber, "long"
                        "beak_depth_mm", FieldFault.NotNumber, "Infinity"
                        "flipper_length_mm", FieldFault.Absent, ""
                        "island", FieldFault.UnknownCategory, "Atlantis"
                        "sex", FieldFault.Unreadable, "[1]"
                    ]
                    "problems"

                Expect.equal
                    (string found[0])
                    "'long' for the field 'beak_length_mm'; expected: a number"
                    "text"

                let whole =
                    Pipeline.Regress("progression").Inputs("bmi").Model(Estimator.Ridge()).Fit diabetes

                Expect.isFalse whole.Inputs[0].MayBeMissing "no fill"
                let missing = whole.Check {| bmi = nan |}
                Expect.equal missing[0].Fault FieldFault.Missing "missing"
                Expect.isEmpty (fitted.Check(penguins |> Table.row 3)) "a row of a table"

                Expect.isEmpty
                    ((logistic.IgnoringUnknown().Fit penguins)
                        .Check(penguins |> Table.addTexts "island" (fun _ -> "Atlantis") |> Table.row 0))
                    "ignored"
            }
            test "unknown categories may be ignored" {
                let fitted = logistic.IgnoringUnknown().Fit train

                let at (island: string) =
                    fitted.Predict
                        {|
                            island = island
                            sex = "MALE"
                            beak_length_mm = 40
                            beak_depth_mm = 18
                            flipper_length_mm = 190
                            body_mass_g = 4000
                        |}

                Expect.equal (string (at "Atlantis")) (string (at "")) "as one that is missing"
            }
            test "features see each other, and what is wrong with them is told" {
                let fitted =
                    Pipeline
                        .Regress("progression")
                        .Numbers("bmi", "age")
                        .Feature("square", (fun f -> f["bmi"] * f["bmi"]))
                        .Feature("fourth", (fun f -> f["square"] * f["square"]))
                        .Scale(ColumnScaling.Standard, "square", "fourth")
                        .Model(Estimator.Ridge())
                        .Fit
                        diabetes

                let by = Array.map float (Seq.toArray (diabetes.Values "bmi"))
                Expect.equal by.Length (fitted.PredictNumbers diabetes).Length ""

                let feature (f: FeatureInputs -> Expr) =
                    Pipeline.Regress("progression").Numbers("bmi").Feature("f", f).Model(Estimator.Ridge())

                refuses<DomainError, _> "the number 'mass'" (fun () ->
                    (feature (fun f -> f["mass"])).Fit diabetes)

                refuses<DomainError, _> "as 'f' of" (fun () ->
                    (feature (fun f -> log (f["bmi"] - f["bmi"]))).Fit diabetes)

                refuses<ShapeError, _> "a number for each row" (fun () ->
                    (feature (fun f -> Expr.concat 1 [ f["bmi"]; f["bmi"] ])).Fit diabetes)
            }
        ]

let private recipes =
    testList
        "recipes"
        [
            test "inputs of either kind are told by the rows" {
                let named = logistic.Fit train

                let told =
                    Pipeline
                        .Classify("species")
                        .Inputs()
                        .Impute(ColumnFill.Median)
                        .Scale(ColumnScaling.Standard)
                        .Model(Estimator.Logistic())
                        .Fit
                        train

                Expect.equal (List.ofSeq told.Fields) (List.ofSeq named.Fields) "fields"
                close 1e-12 (named.Probabilities test') (told.Probabilities test') "probabilities"
                refuses<DomainError, _> "twice" (fun () -> logistic.Inputs("island"))
                refuses<DomainError, _> "all columns" (fun () -> Pipeline.Classify("y").Inputs().Inputs("x"))

                refuses<DomainError, _> "the column 'bmi'" (fun () ->
                    Pipeline
                        .Classify("species")
                        .Inputs()
                        .Scale(ColumnScaling.Standard, "bmi")
                        .Model(Estimator.Logistic())
                        .Fit
                        train)
            }
            test "what cannot be a pipeline is refused" {
                refuses<DomainError, _> "without a name" (fun () -> Pipeline.Classify " ")
                refuses<DomainError, _> "the target 'y'" (fun () -> Pipeline.Classify("y").Numbers("y"))

                refuses<DomainError, _> "twice" (fun () ->
                    Pipeline.Classify("y").Numbers("a").Categories("a"))

                refuses<DomainError, _> "the column 'b'" (fun () ->
                    Pipeline.Classify("y").Numbers("a").Impute(ColumnFill.Mean, "b"))

                refuses<DomainError, _> "the number NaN" (fun () -> logistic.Impute(ColumnFill.Constant nan))

                refuses<DomainError, _> "without a model" (fun () ->
                    Pipeline.Classify("species").Numbers(numbers).Fit train)

                refuses<DomainError, _> "without inputs" (fun () ->
                    Pipeline.Classify("species").Model(Estimator.Logistic()).Fit train)

                refuses<DomainError, _> "no rows" (fun () -> logistic.Fit(train.Rows [||]))

                refuses<DomainError, _> "no number in" (fun () ->
                    Pipeline.Classify("species").Numbers(numbers).Model(Estimator.Logistic()).Fit penguins)

                refuses<DomainError, _> "ridge regression for classes" (fun () ->
                    logistic.Model(Estimator.Ridge()).Fit train)

                refuses<DomainError, _> "no class in" (fun () ->
                    Pipeline.Classify("sex").Categories("species").Model(Estimator.Logistic()).Fit train)

                refuses<DomainError, _> "1 classes" (fun () -> logistic.Fit(train.Rows [| 0; 1; 2 |]))

                refuses<ShapeError, _> "2 outputs of the model" (fun () ->
                    logistic
                        .Model(
                            Estimator.Create(
                                "two",
                                fun _ _ -> Func<Expr, Expr>(fun x -> Expr.sliceAxis 1 0 2 x)
                            )
                        )
                        .Fit
                        train)

                refuses<DomainError, _> "of numbers among the categories" (fun () ->
                    Pipeline.Classify("species").Categories("body_mass_g").Model(Estimator.Logistic()).Fit
                        train)

                refuses<DomainError, _> "no metric" (fun () -> logistic.CrossValidate(penguins, 3, key 1))
            }
            test "classes of whole numbers" {
                let years =
                    penguins
                    |> Table.addNumbers "label" (fun row ->
                        if row.Text "species" = "Gentoo" then 10.0 else -3.0)

                let fitted =
                    Pipeline
                        .Classify("label")
                        .Numbers(numbers)
                        .Impute(ColumnFill.Mean)
                        .Scale(ColumnScaling.Standard)
                        .Model(Estimator.Logistic())
                        .Fit
                        years

                Expect.equal (List.ofSeq fitted.Classes) [ "-3"; "10" ] "in order"
                Expect.isGreaterThan (fitted.Evaluate(years, Metric.accuracy)[0]).Value 0.95 "accuracy"
            }
            test "calibrated, with intervals and importances" {
                let fitted = logistic.Fit train
                let calibrated = fitted.Calibrated test'
                let loss (f: FittedPipeline) = (f.Evaluate(test', Metric.logLossOfLogits)[0]).Value
                Expect.isLessThan (loss calibrated) (loss fitted) "log loss"
                Expect.equal (calibrated.PredictClasses test') (fitted.PredictClasses test') "classes"
                Expect.stringContains (string calibrated) ", at temperature " ""
                let again = FittedPipeline.OfBytes(calibrated.ToBytes())
                Expect.equal (loss again) (loss calibrated) "kept"

                refuses<DomainError, _> "predicts the number" (fun () ->
                    (Pipeline.Regress("progression").Inputs().Model(Estimator.Ridge()).Fit diabetes)
                        .Calibrated
                        diabetes)

                let interval = fitted.Interval(test', Metric.accuracy, key 1, repeats = 200)

                Expect.isTrue
                    (interval.Lower <= interval.Estimate && interval.Estimate <= interval.Upper)
                    "interval"

                Expect.equal interval.Estimate (fitted.Evaluate(test', Metric.accuracy)[0]).Value "estimate"

                let worth = fitted.Importances(test', Metric.accuracy, key 1)
                Expect.equal (worth |> Seq.map _.Name |> List.ofSeq) (List.ofSeq fitted.Fields) "fields"
                Expect.equal (worth |> Seq.maxBy _.Mean).Name "beak_length_mm" "what tells species apart"

                Expect.equal (worth |> Seq.map _.Drops.Count |> List.ofSeq) (List.replicate 6 5) "repetitions"
            }
            test "cross-validated and searched over as a whole" {
                let scores = logistic.CrossValidate(penguins, 3, key 1, Metric.accuracy, Metric.f1)
                Expect.equal (List.ofSeq scores.Names) [ "accuracy"; "f1" ] ""
                Expect.equal scores["f1"].Count 3 ""
                Expect.isGreaterThan (scores.Mean "accuracy") 0.95 ""
                Expect.isGreaterThan (scores.Deviation "accuracy") 0.0 ""
                refuses<DomainError, _> "the metric auc" (fun () -> scores["auc"])

                let trials =
                    Search.grid [ "c", Search.numbers [ 1e-4; 1.0 ] ]
                    |> Pipeline.search
                        2
                        (key 1)
                        3
                        Metric.accuracy
                        (fun s -> logistic.Model(Estimator.Logistic(s.Number "c")))
                        penguins

                Expect.equal (Search.best trials).Number 1 "less penalty"
                Expect.floatClose Accuracy.high trials[1].Score (scores.Mean "accuracy") "the same folds"

                let grouped =
                    logistic.IgnoringUnknown()
                    |> Pipeline.crossValidate
                        [ Metric.accuracy ]
                        (Table.foldsGrouped "sex" 2 (key 1) (Table.complete [ "sex" ] penguins))

                Expect.equal grouped["accuracy"].Count 2 "groups"
            }
        ]

let tests = testList "Pipeline" [ references; laws; inputs; recipes ]
