namespace DL1.Data

open System
open System.Runtime.InteropServices
open DL1

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
[<Sealed; StructuredFormatDisplay("{Display}")>]
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
            Inputs = None
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

    let requireNew operation (names: string[]) =
        let known =
            recipe.Numbers
            @ recipe.Categories
            @ Option.defaultValue [] recipe.Inputs
            @ (recipe.Features |> List.map _.Name)

        for name in names do
            if List.contains name known || (names |> Array.filter ((=) name)).Length > 1 then
                Refuse.domain operation $"the column '{name}' twice" "each column once" "name it once"

            if name = recipe.Target then
                Refuse.domain operation $"the target '{name}' among the inputs" "other columns" "leave it out"

    /// A rule for columns that are not inputs is refused at once, where the inputs are known by now, else when it is fitted.
    let requireKnown operation (known: string list) (names: string[]) =
        if recipe.Inputs.IsNone then
            PipelineFit.requireKnown operation known (List.ofArray names)

    /// A pipeline that predicts the classes of a column: texts or whole numbers. `Pipeline.Classify "species"`
    static member Classify(target: string) : Pipeline = Pipeline(start PipelineTask.Classification target)

    /// A pipeline that predicts a column of numbers. `Pipeline.Regress "progression"`
    static member Regress(target: string) : Pipeline = Pipeline(start PipelineTask.Regression target)

    /// Adds columns as inputs, each as numbers or categories by what the training rows have; all but the target, where none is
    /// named. A column of which it is not clear what it is, is a `FormatError` when the pipeline is fitted.
    /// `pipeline.Inputs("island", "mass")`
    member _.Inputs([<ParamArray>] columns: string[]) : Pipeline =
        requireNew "Pipeline.Inputs" columns

        if recipe.Inputs = Some [] || (recipe.Inputs.IsSome && columns.Length = 0) then
            Refuse.domain
                "Pipeline.Inputs"
                "all columns, and others beside them"
                "all columns, or those that are named"
                "call it once"

        let before = Option.defaultValue [] recipe.Inputs
        Pipeline { recipe with Inputs = Some(before @ List.ofArray columns) }

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
    member _.Fit(train: Table) : FittedPipeline = FittedPipeline(PipelineFit.run recipe train)

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
                "the accuracy of classes and the rmse of numbers are usual"

        let scores =
            [
                for i, struct (kept, held) in Seq.indexed folds do
                    if isNull (box kept) then
                        nullArg $"folds[%d{i}].Item1"

                    if isNull (box held) then
                        nullArg $"folds[%d{i}].Item2"

                    [ for pair in this.Fit(kept).Evaluate(held, metrics) -> pair.Key, pair.Value ]
            ]

        if scores.IsEmpty then
            Refuse.domain "Pipeline.CrossValidate" "no folds" "one at least" "check how the table was split"

        PipelineScores scores

    /// Fits and measures the pipeline on a given number of folds of a table, stratified by class.
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
        let inputs =
            match recipe.Inputs with
            | Some [] -> "all other columns"
            | named -> String.concat ", " (recipe.Numbers @ recipe.Categories @ Option.defaultValue [] named)

        let model =
            match recipe.Model with
            | Some model -> string model
            | None -> "no model yet"

        $"{recipe.Target} from {inputs} by {model}"

    member internal this.Display = this.ToString()

/// Pipelines over folds and settings.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Pipeline =
    /// A score of each metric for each pair of training and held-out rows: `Pipeline.CrossValidate` for folds of F#.
    /// `pipeline |> Pipeline.crossValidate [ Metric.accuracy ] (Table.foldsGrouped "patient" 5 (Key.ofSeed 1L) table)`
    let crossValidate
        (metrics: Metric list)
        (folds: (Table * Table) list)
        (pipeline: Pipeline)
        : PipelineScores =
        pipeline.CrossValidate(
            folds |> List.map (fun (kept, held) -> struct (kept, held)),
            Array.ofList metrics
        )

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
