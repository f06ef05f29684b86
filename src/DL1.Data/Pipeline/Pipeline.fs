namespace DL1.Data

open System
open System.Collections.Generic
open System.Globalization
open System.Runtime.InteropServices
open DL1

/// The recipe of a pipeline.
[<NoEquality; NoComparison>]
type internal Recipe =
    {
        Task: PipelineTask
        Target: string
        Numbers: string list
        Categories: string list
        IgnoresUnknown: bool
        Drops: DroppedCategory
        /// What is put in, for these columns, or for all where none is named; the last one counts.
        Fills: (ColumnFill * string list) list
        Indicates: bool
        Scalings: (ColumnScaling * string list) list
        Features: Feature list
        Model: Estimator option
    }

/// What a pipeline scored in cross-validation.
[<Sealed>]
type PipelineScores internal (folds: (string * float) list list) =
    let names = folds |> List.collect (List.map fst) |> List.distinct

    /// The names of the metrics.
    member _.Names: IReadOnlyList<string> = names

    /// The scores of a metric, one for each fold.
    member _.Item
        with get (name: string): IReadOnlyList<float> =
            if not (List.contains name names) then
                let known = String.concat ", " names
                Refuse.domain "PipelineScores" $"the metric {name}" $"one of: {known}" "check the spelling"

            [ for fold in folds -> fold |> List.find (fun (n, _) -> n = name) |> snd ]

    /// The mean of a metric over the folds.
    member this.Mean(name: string) : float = Seq.average this[name]

    /// The standard deviation of a metric over the folds, as a sample of them; NaN for one fold.
    member this.Deviation(name: string) : float =
        let values = Array.ofSeq this[name]
        let mean = Array.average values
        sqrt ((values |> Array.sumBy (fun v -> (v - mean) * (v - mean))) / float (values.Length - 1))

    /// Each metric with its mean and deviation: `accuracy 0.97 ± 0.02 over 5 folds`.
    override this.ToString() =
        let number (v: float) = v.ToString("G4", CultureInfo.InvariantCulture)

        let line name =
            $"{name} {number (this.Mean name)} ± {number (this.Deviation name)} over %d{folds.Length} folds"

        names |> List.map line |> String.concat "\n"

/// From the rows of a table to predictions, as one value that is not fitted yet: which columns, what is put in where a number
/// is missing, features, scaling, a model. `Fit` learns all of it from the training rows alone, so that nothing of a fold's
/// validation rows is seen; cross-validation and searches take the pipeline as a whole.
///
/// <example><code>
/// let pipeline =
///     Pipeline.Classify("species")
///         .Numbers("beak_length_mm", "body_mass_g")
///         .Categories("island")
///         .Impute(ColumnFill.Median)
///         .Scale(ColumnScaling.Standard)
///         .Model(Estimator.Logistic())
///
/// let fitted = pipeline.Fit train
/// let scores = pipeline.CrossValidate(train, 5, Key.ofSeed 1L, Metric.accuracy)
/// </code></example>
[<Sealed>]
type Pipeline private (recipe: Recipe) =
    static let start task (target: string) =
        if String.IsNullOrWhiteSpace target then
            Refuse.domain
                "Pipeline"
                "a target without a name"
                "the name of a column"
                "name the column to be predicted"

        {
            Task = task
            Target = target
            Numbers = []
            Categories = []
            IgnoresUnknown = false
            Drops = DroppedCategory.None
            Fills = []
            Indicates = false
            Scalings = []
            Features = []
            Model = None
        }

    static let ruleOf (rules: ('r * string list) list) (name: string) : 'r option =
        rules
        |> List.tryFindBack (fun (_, names) -> names.IsEmpty || List.contains name names)
        |> Option.map fst

    let requireNew operation (names: string[]) =
        let known = recipe.Numbers @ recipe.Categories @ (recipe.Features |> List.map _.Name)

        for name in names do
            if List.contains name known || (names |> Array.filter ((=) name)).Length > 1 then
                Refuse.domain operation $"the column '{name}' twice" "each column once" "name it once"

            if name = recipe.Target then
                Refuse.domain operation $"the target '{name}' among the inputs" "other columns" "leave it out"

    let requireKnown operation (known: string list) (names: string[]) =
        for name in names do
            if not (List.contains name known) then
                let all = String.concat ", " known

                Refuse.domain
                    operation
                    $"the column '{name}'"
                    $"one that was added before: {all}"
                    "add it by Numbers or Feature first, or check the spelling"

    /// A pipeline that predicts the classes of a column: texts or whole numbers. `Pipeline.Classify "species"`
    static member Classify(target: string) : Pipeline = Pipeline(start PipelineTask.Classification target)

    /// A pipeline that predicts a column of numbers. `Pipeline.Regress "progression"`
    static member Regress(target: string) : Pipeline = Pipeline(start PipelineTask.Regression target)

    /// Adds columns of numbers as inputs. `pipeline.Numbers("age", "bmi")`
    member _.Numbers([<ParamArray>] columns: string[]) : Pipeline =
        requireNew "Pipeline.Numbers" columns
        Pipeline { recipe with Numbers = recipe.Numbers @ List.ofArray columns }

    /// Adds columns of texts as inputs: each becomes a column of 0 and 1 for each category of the training rows.
    /// `pipeline.Categories("island", "sex")`
    member _.Categories([<ParamArray>] columns: string[]) : Pipeline =
        requireNew "Pipeline.Categories" columns
        Pipeline { recipe with Categories = recipe.Categories @ List.ofArray columns }

    /// A category that was not among the training rows is 0 everywhere, in the place of an error. `pipeline.IgnoringUnknown()`
    member _.IgnoringUnknown() : Pipeline = Pipeline { recipe with IgnoresUnknown = true }

    /// Each column of texts has one column less: `TableEncoder.Dropping`. `pipeline.Dropping DroppedCategory.First`
    member _.Dropping(drops: DroppedCategory) : Pipeline = Pipeline { recipe with Drops = drops }

    /// Puts numbers where they are missing, by the training rows, in these columns, or in all where none is named.
    /// `pipeline.Impute ColumnFill.Median`
    member _.Impute(fill: ColumnFill, [<ParamArray>] columns: string[]) : Pipeline =
        requireKnown "Pipeline.Impute" recipe.Numbers columns

        match fill with
        | ColumnFill.Constant value when not (Double.IsFinite value) ->
            Refuse.domain "Pipeline.Impute" $"the number {string value}" "a finite one" "0 is usual"
        | _ -> ()

        Pipeline { recipe with Fills = recipe.Fills @ [ fill, List.ofArray columns ] }

    /// Adds a column of 0 and 1 for each number that is missing somewhere in the training rows: 1 where it is.
    /// `pipeline.Indicating()`
    member _.Indicating() : Pipeline = Pipeline { recipe with Indicates = true }

    /// Adds a number computed from the others, once nothing is missing and before scaling.
    /// `pipeline.Feature("ratio", fun f -> f["mass"] / f["length"])`
    member _.Feature(name: string, feature: Func<FeatureInputs, Expr>) : Pipeline =
        requireNew "Pipeline.Feature" [| name |]

        Pipeline
            { recipe with
                Features = recipe.Features @ [ { Name = name; Function = feature.Invoke } ]
            }

    /// Scales numbers and features, by the training rows: these, or all where none is named. `pipeline.Scale ColumnScaling.Standard`
    member _.Scale(scaling: ColumnScaling, [<ParamArray>] columns: string[]) : Pipeline =
        requireKnown "Pipeline.Scale" (recipe.Numbers @ (recipe.Features |> List.map _.Name)) columns
        Pipeline { recipe with Scalings = recipe.Scalings @ [ scaling, List.ofArray columns ] }

    /// The model at the end. `pipeline.Model(Estimator.Logistic())`
    member _.Model(model: Estimator) : Pipeline = Pipeline { recipe with Model = Some model }

    /// Fits encoder, fills, scales and model to the rows of a table, and to nothing else. A missing number where none is put
    /// in, a missing target, and a model for another task are a `DomainError`. `pipeline.Fit train`
    member _.Fit(train: Table) : FittedPipeline =
        let operation = "Pipeline.Fit"

        let model =
            match recipe.Model with
            | Some model -> model
            | None -> Refuse.domain operation "a pipeline without a model" "one at the end" "add one by Model"

        if recipe.Numbers.IsEmpty && recipe.Categories.IsEmpty then
            Refuse.domain
                operation
                "a pipeline without inputs"
                "a column at least"
                "add columns by Numbers or Categories"

        if train.RowCount = 0 then
            Refuse.domain
                operation
                $"no rows of {train.Source}"
                "one at least"
                "check how the table was split"

        let classes =
            match recipe.Task with
            | PipelineTask.Regression -> []
            | PipelineTask.Classification -> PipelineInput.classes operation recipe.Target train

        let targets = PipelineInput.targets operation recipe.Task recipe.Target classes train

        // A column of numbers is one in any table, whatever it was read as.
        let typed =
            recipe.Numbers
            |> List.fold
                (fun (table: Table) name -> TableEdit.add name (Column.Numbers(table.Values name)) table)
                train

        let encoder =
            let plain =
                TableEncoder.Fit(typed, Array.ofList (recipe.Numbers @ recipe.Categories)).Dropping
                    recipe.Drops

            if recipe.IgnoresUnknown then plain.IgnoringUnknown() else plain

        match
            recipe.Categories
            |> List.tryFind (fun name ->
                match train[name] with
                | Column.Numbers _ -> true
                | Column.Texts _ -> false)
        with
        | Some name ->
            Refuse.domain
                operation
                $"the column '{name}' of numbers among the categories"
                "columns of texts"
                "add it by Numbers, or make texts of it by mapTexts"
        | None -> ()

        let count = recipe.Numbers.Length
        let x = encoder.Apply(typed, DType.F64)
        let columns = if count = 0 then [||] else Matrix.columns (Convert.toRows<float> x)

        let fills =
            recipe.Numbers
            |> List.mapi (fun i name ->
                let own () = Tensor.ofArray [ columns[i].Length; 1 ] columns[i]

                match ruleOf recipe.Fills name with
                | Some ColumnFill.Mean -> Some(i, List.head (Impute.mean (own ())))
                | Some ColumnFill.Median -> Some(i, List.head (Impute.median (own ())))
                | Some ColumnFill.Commonest -> Some(i, List.head (Impute.commonest (own ())))
                | Some(ColumnFill.Constant value) -> Some(i, value)
                | None ->
                    match columns[i] |> Array.tryFindIndex Double.IsNaN with
                    | Some row ->
                        Refuse.domain
                            operation
                            $"no number in {train.Place(name, row)}"
                            "numbers in all rows, or something to put in"
                            "add Impute to the pipeline, or leave these rows out by complete"
                    | None -> None)
            |> List.choose id

        let indicated =
            if recipe.Indicates then
                [
                    for i in 0 .. count - 1 do
                        if Array.exists Double.IsNaN columns[i] then
                            i
                ]
            else
                []

        let fill, indicators = Prepare.imputed fills indicated count
        let width = encoder.Names.Count
        let numbersOf (x: Expr) = Expr.sliceAxis 1 0 count x

        let featured (x: Expr) = numbersOf x |> fill |> Prepare.featured recipe.Numbers recipe.Features
        let names = recipe.Numbers @ (recipe.Features |> List.map _.Name)

        let numeric: (Expr -> Expr) option =
            if count = 0 && recipe.Features.IsEmpty then
                None
            elif count = 0 then
                Refuse.domain operation "features of no numbers" "a number at least" "add columns by Numbers"
            else
                let values = Prepare.run featured x

                match Tensor.toFloats values |> Array.tryFindIndex (fun v -> not (Double.IsFinite v)) with
                | Some at ->
                    let row, column = at / names.Length, at % names.Length

                    Refuse.domain
                        operation
                        $"{string(Tensor.toFloats values)[at]} as '{names[column]}' of {train.Source}, line %d{train.Line row}"
                        "finite numbers"
                        "look at what the feature divides by or takes the logarithm of"
                | None -> ()

                let kinds =
                    names
                    |> List.map (fun name ->
                        ruleOf recipe.Scalings name |> Option.defaultValue ColumnScaling.AsIs)

                Some(featured >> Prepare.scaled kinds values)

        let prepared (x: Expr) : Expr =
            let parts =
                [
                    match numeric with
                    | Some numeric -> numeric x
                    | None -> ()
                    yield! indicators (numbersOf x)
                    if width > count then
                        Expr.sliceAxis 1 count width x
                ]

            match parts with
            | [ one ] -> one
            | many -> Expr.concat 1 many

        let answer = model.Fit(recipe.Task, Dataset(Prepare.run prepared x, targets))

        let outputs (x: Expr) : Expr =
            let y = answer (prepared x)

            match recipe.Task with
            // Two scores of two classes say no more than their difference.
            | PipelineTask.Classification when classes.Length = 2 && y.Shape.Rank = 2 && y.Shape[1] = 2 ->
                Prepare.column 1 y - Prepare.column 0 y
            | _ -> y

        let graph = RowGraph.Of(outputs, width)

        let wanted =
            match classes.Length with
            | 0
            | 2 -> 1
            | many -> many

        if graph.Outputs <> wanted then
            Refuse.shape
                operation
                $"%d{graph.Outputs} outputs of the model"
                $"%d{wanted}, for %d{classes.Length} classes or a number"
                "change the last layer of the model"

        let inputs = String.concat ", " (recipe.Numbers @ recipe.Categories)

        FittedPipeline
            {
                Task = recipe.Task
                Target = recipe.Target
                Classes = classes
                Encoder = encoder
                MayMiss = fills |> List.map (fun (i, _) -> recipe.Numbers[i]) |> Set
                Graph = graph
                Notes = $"{recipe.Target} from {inputs} by {model}"
            }

    /// Fits the pipeline anew on what remains of each fold and measures it on what is held out. A class that only held-out
    /// rows have is a `DomainError`. `pipeline.CrossValidate(folds, Metric.accuracy)`
    member this.CrossValidate
        (folds: seq<struct (Table * Table)>, [<ParamArray>] metrics: Metric[])
        : PipelineScores =
        if metrics.Length = 0 then
            Refuse.domain
                "Pipeline.CrossValidate"
                "no metric"
                "one at least"
                "Metric.accuracy or Metric.rmse are usual"

        let scores =
            [
                for struct (kept, held) in folds ->
                    [ for pair in this.Fit(kept).Evaluate(held, metrics) -> pair.Key, pair.Value ]
            ]

        if scores.IsEmpty then
            Refuse.domain "Pipeline.CrossValidate" "no folds" "one at least" "check how the table was split"

        PipelineScores scores

    /// Fits and measures the pipeline on so many folds of a table, each class with its share in each fold.
    /// `pipeline.CrossValidate(table, 5, Key.ofSeed 1L, Metric.accuracy)`
    member this.CrossValidate
        (table: Table, folds: int, key: Key, [<ParamArray>] metrics: Metric[])
        : PipelineScores =
        let rows =
            match recipe.Task with
            | PipelineTask.Regression -> Splits.folds folds key table.RowCount
            | PipelineTask.Classification ->
                Splits.stratifiedFolds
                    folds
                    key
                    (TableEdit.groups "Pipeline.CrossValidate" recipe.Target table)

        this.CrossValidate(
            (seq { for kept, held in rows -> struct (table.Rows kept, table.Rows held) }),
            metrics
        )

    /// What is fitted, in a line.
    override _.ToString() =
        let inputs = String.concat ", " (recipe.Numbers @ recipe.Categories)

        let model =
            match recipe.Model with
            | Some model -> string model
            | None -> "no model yet"

        $"{recipe.Target} from {inputs} by {model}"

/// Searching over pipelines.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Pipeline =
    /// A trial for each setting: the pipeline made of it, cross-validated as a whole on the same folds of a table, with the
    /// mean of a metric as its score.
    /// `settings |> Pipeline.search 2 (Key.ofSeed 1L) 5 Metric.accuracy (fun s -> pipeline.Model(Estimator.Logistic(s.Number "c"))) table`
    let search
        (threads: int)
        (key: Key)
        (folds: int)
        (metric: Metric)
        (make: Setting -> Pipeline)
        (table: Table)
        (settings: Setting list)
        : Trial list =
        let trial setting _ _ = ((make setting).CrossValidate(table, folds, key, metric)).Mean metric.Name
        Search.runTo (Goal.ofMetric metric) threads key 1 trial settings
