namespace DL1.Data

open System
open System.Collections.Generic
open System.Runtime.InteropServices
open DL1

/// A pipeline that was fitted: from a record, an anonymous object, a dictionary or a table to predictions, by the training
/// rows alone. It is immutable, for many threads at once, and kept as one file, which needs no code to be loaded: what was
/// prepared and learnt is a graph.
///
/// <example><code>
/// fitted.Save "penguins.pipeline"
/// let again = FittedPipeline.Load "penguins.pipeline"
/// let p = again.Predict {| island = "Biscoe"; body_mass_g = 4100.0 |}
/// </code></example>
[<Sealed; StructuredFormatDisplay("{Display}")>]
type FittedPipeline internal (parts: FittedParts) =
    let columns = List.ofSeq parts.Encoder.Columns
    let fields = PipelineInput.fields parts.Encoder parts.MayMiss

    let requireClasses operation =
        match parts.Task with
        | PipelineTask.Classification -> ()
        | PipelineTask.Regression ->
            Refuse.domain
                operation
                $"a pipeline that predicts the number {parts.Target}"
                "one that predicts classes"
                "take PredictNumbers"

    /// The inputs of a table, numbers first, f64; a number that is missing where none may be is refused.
    let encoded (operation: string) (table: Table) : Tensor =
        for column in columns do
            if column.Categories.Count = 0 && not (parts.MayMiss.Contains column.Name) then
                match table.Values column.Name |> Array.tryFindIndex Double.IsNaN with
                | Some row ->
                    Refuse.domain
                        operation
                        $"no number in {table.Place(column.Name, row)}"
                        "a number: the pipeline puts none in where one is missing"
                        "give a number, or fit a pipeline with Impute"
                | None -> ()

        let x = parts.Encoder.Apply(table, DType.F64)

        if x.Size > 0 then
            match Tensor.toFloats x |> Array.tryFindIndex Double.IsInfinity with
            | Some at ->
                let row = at / x.Shape[1]
                let name = parts.Encoder.Names[at % x.Shape[1]]

                Refuse.domain
                    operation
                    $"an infinity in {table.Source}, line %d{table.Line row}, column '{name}'"
                    "finite numbers"
                    "correct the value"
            | None -> ()

        x

    let probabilitiesOf (scores: float[]) : float[] =
        if scores.Length = 1 then
            [| 1.0 / (1.0 + exp scores[0]); 1.0 / (1.0 + exp -scores[0]) |]
        else
            let most = Array.max scores
            let e = scores |> Array.map (fun s -> exp (s - most))
            let total = Array.sum e
            e |> Array.map (fun v -> v / total)

    let rowsOf (t: Tensor) : float[][] = Convert.toRows<float> t

    let likeliest (p: float[]) =
        let mutable best = 0

        for k in 1 .. p.Length - 1 do
            if p[k] > p[best] then
                best <- k

        // Of two classes the second one where its score is above 0.
        parts.Classes[best]

    let prediction (scores: float[]) : Prediction =
        match parts.Task with
        | PipelineTask.Regression -> { Value = scores[0]; Class = ""; Probabilities = [] }
        | PipelineTask.Classification ->
            let p = probabilitiesOf scores

            {
                Value = nan
                Class = likeliest p
                Probabilities =
                    [ for name, chance in Seq.zip parts.Classes p -> { Class = name; Probability = chance } ]
            }

    member internal _.Parts = parts

    /// What is predicted: the name of the column.
    member _.Target = parts.Target

    /// Whether it predicts classes or numbers.
    member _.Task = parts.Task

    /// The classes in their order; none for a regression.
    member _.Classes: IReadOnlyList<string> = parts.Classes

    /// The fields that a row must have.
    member _.Fields: IReadOnlyList<string> = [ for column in columns -> column.Name ]

    /// The fields with what they may hold: numbers or categories, and whether a value may be missing. A form or a description
    /// of an interface is made from them. `for field in fitted.Inputs do printfn $"{field.Name}"`
    member _.Inputs: IReadOnlyList<PipelineField> = fields

    /// The names of the columns of `Express`: numbers as they are, 0 or 1 for each category.
    member _.InputNames: IReadOnlyList<string> = parts.Encoder.Names

    /// The prediction for one row: a record, an anonymous object, or a dictionary of names and values, whose fields have the
    /// names of the columns (case counts only where two names differ by nothing else). Other fields are not read. A field
    /// that is not there, a value of another kind, a number that is missing and may not be, and a category that was not met
    /// are a `DomainError` that names field, value and what is allowed. `fitted.Predict {| island = "Biscoe"; mass = 4100 |}`
    member _.Predict(row: obj) : Prediction =
        match row with
        | :? TableRow as row ->
            encoded "Pipeline.Predict" (row.Table.Rows [| row.Index |])
            |> parts.Graph.Run
            |> rowsOf
            |> Array.head
            |> prediction
        | row ->
            let table = PipelineInput.table fields row
            encoded "Pipeline.Predict" table |> parts.Graph.Run |> rowsOf |> Array.head |> prediction

    /// What is wrong with a row, field by field: none where `Predict` takes it, else at least the one that `Predict` refuses. A
    /// service answers with all of them at once. `fitted.Check {| island = "Atlantis"; mass = "heavy" |}`
    member _.Check(row: obj) : IReadOnlyList<FieldProblem> =
        match row with
        | :? TableRow as row ->
            PipelineInput.problems
                fields
                (dict
                    [
                        for column in columns ->
                            column.Name,
                            match row.Table[column.Name] with
                            | Column.Numbers values -> box values[row.Index]
                            | Column.Texts values -> box values[row.Index]
                    ])
        | row -> PipelineInput.problems fields row

    /// The encoded inputs for the rows of a table, f64 `[rows; input names]`, NaN where a number is missing: what `Express`
    /// takes. `fitted.Encode test`
    member _.Encode(table: Table) : Tensor = encoded "Pipeline.Encode" table

    /// The outputs for the rows of a table, f64 `[rows; outputs]`: numbers, or scores (logits), one for two classes.
    member _.Outputs(table: Table) : Tensor = encoded "Pipeline.Outputs" table |> parts.Graph.Run

    /// The predictions for the rows of a table.
    member this.PredictTable(table: Table) : IReadOnlyList<Prediction> =
        this.Outputs table |> rowsOf |> Array.map prediction :> IReadOnlyList<Prediction>

    /// The numbers that a regression predicts for the rows of a table.
    member this.PredictNumbers(table: Table) : float[] =
        match parts.Task with
        | PipelineTask.Regression -> this.Outputs table |> Tensor.toFloats
        | PipelineTask.Classification ->
            Refuse.domain
                "Pipeline.PredictNumbers"
                $"a pipeline that predicts classes of {parts.Target}"
                "one that predicts numbers"
                "take PredictClasses"

    /// The likeliest class of each row of a table.
    member this.PredictClasses(table: Table) : string[] =
        requireClasses "Pipeline.PredictClasses"
        this.Outputs table |> rowsOf |> Array.map (probabilitiesOf >> likeliest)

    /// The probability of each class for each row of a table, f64 `[rows; classes]`.
    member this.Probabilities(table: Table) : Tensor =
        requireClasses "Pipeline.Probabilities"
        let rows = this.Outputs table |> rowsOf |> Array.map probabilitiesOf
        Tensor.ofArray [ rows.Length; parts.Classes.Length ] (Array.concat rows)

    /// The targets of a table: labels i64 `[rows]` by the classes, or numbers f64 `[rows; 1]`.
    member internal _.Targets(table: Table) : Tensor =
        PipelineInput.targets "Pipeline.Evaluate" parts.Task parts.Target parts.Classes table

    /// What metrics say of the predictions for a table that has the target too: of two classes they are given one score a
    /// row, of more a score for each, of numbers the numbers. `fitted.Evaluate(test, Metric.accuracy)`
    member this.Evaluate
        (table: Table, [<ParamArray>] metrics: Metric[])
        : IReadOnlyList<KeyValuePair<string, float>> =
        Metric.requireNames "Pipeline.Evaluate" (List.ofArray metrics)
        let struct (targets, outputs) = this.Outcome("Pipeline.Evaluate", table)

        [|
            for m in metrics -> KeyValuePair(m.Name, Metric.explained m (fun () -> m.Measure targets outputs))
        |]

    member private this.Outcome(operation: string, table: Table) : struct (Tensor * Tensor) =
        if table.RowCount = 0 then
            Refuse.domain
                operation
                $"no rows of {table.Source}"
                "one at least"
                "check how the table was split"

        struct (this.Targets table, this.Outputs table)

    /// What a metric says of the predictions for a table that has the target too, with a confidence interval by the bootstrap,
    /// as `Resampling.interval`. `fitted.Interval(test, Metric.accuracy, Key.ofSeed 1L)`
    member this.Interval
        (
            table: Table,
            metric: Metric,
            key: Key,
            [<Optional; DefaultParameterValue(0.95)>] level: float,
            [<Optional; DefaultParameterValue(1000)>] repeats: int
        ) : ScoreInterval =
        let struct (targets, outputs) = this.Outcome("Pipeline.Interval", table)
        Resampling.interval level repeats key metric targets outputs

    /// The worth of each field: how much worse a metric becomes where the field's values are exchanged among the rows, as
    /// `Resampling.importance`. Take rows that the pipeline was not fitted to.
    /// `fitted.Importances(test, Metric.accuracy, Key.ofSeed 1L)`
    member this.Importances
        (table: Table, metric: Metric, key: Key, [<Optional; DefaultParameterValue(5)>] repeats: int)
        : IReadOnlyList<Importance> =
        let operation = "Pipeline.Importances"
        let struct (targets, outputs) = this.Outcome(operation, table)
        let whole = metric.Measure targets outputs

        let measure (name: string) (order: int[] option) =
            match order with
            | None -> whole
            | Some order ->
                let column =
                    match table[name] with
                    | Column.Numbers values -> Column.Numbers(order |> Array.map (fun i -> values[i]))
                    | Column.Texts values -> Column.Texts(order |> Array.map (fun i -> values[i]))

                metric.Measure targets (this.Outputs(TableEdit.add name column table))

        Resampling.importances
            operation
            repeats
            key
            metric
            table.RowCount
            [ for column in columns -> column.Name, measure column.Name ]

    /// The same pipeline with its scores divided by the temperature that is best for the rows of a table, as
    /// `Calibration.temperature`: probabilities are then as often true as they say, classes are as they were. Take rows that the
    /// pipeline was not fitted to. `fitted.Calibrated validation`
    member this.Calibrated(table: Table) : FittedPipeline =
        let operation = "Pipeline.Calibrated"
        requireClasses operation
        let struct (targets, outputs) = this.Outcome(operation, table)
        let temperature = Calibration.temperature targets outputs
        let shown = temperature.ToString("G4", Globalization.CultureInfo.InvariantCulture)

        FittedPipeline
            { parts with
                Graph = parts.Graph.DividedBy temperature
                Notes = $"{parts.Notes}, at temperature {shown}"
            }

    /// The pipeline from its encoded inputs as a graph: `[rows; input names]`, NaN where a number is missing, to outputs
    /// f64 `[rows; outputs]`, scores of classes or numbers.
    member _.Express(inputs: Expr) : Expr = parts.Graph.Express inputs

    /// The pipeline as a graph whose outputs are what is asked for: of a classification the probability of each class,
    /// f64 `[rows; classes]`, of a regression the numbers, f64 `[rows; 1]`.
    member _.ExpressPredictions(inputs: Expr) : Expr =
        let scores = parts.Graph.Express inputs

        match parts.Task, parts.Classes with
        | PipelineTask.Regression, _ -> scores
        | PipelineTask.Classification, [ _; _ ] -> Expr.sigmoid (Expr.concat 1 [ -scores; scores ])
        | PipelineTask.Classification, _ -> Expr.softmax 1 scores

    interface IFitted with
        member this.Express inputs = this.Express inputs

    /// The pipeline as C# that needs nothing but .NET, for one row: a number for each of `Fields` in that order, NaN where one
    /// is missing, and of a category its place among those of `Inputs`, −1 where it is missing. It gives the probability of each
    /// class, or the number. The head of the file lists fields and categories.
    /// `fitted.ToCSharp("Penguins", ModelCode.options).Save "Models"`
    member this.ToCSharp(name: string, options: ModelCodeOptions) : ModelSource =
        PipelineCode.source options name parts this.ExpressPredictions

    /// The bytes of the file of `Save`: the same for the same pipeline.
    member _.ToBytes() : byte[] =
        Safetensors.toBytes
            (PipelineFile.texts
                parts.Task
                parts.Target
                parts.Classes
                parts.Encoder
                parts.MayMiss
                parts.Graph
                parts.Notes)
            (Tree.ofList parts.Graph.Constants)

    /// Writes the pipeline as one file, whole or not at all; what cannot be kept is refused. `fitted.Save "model.pipeline"`
    member this.Save(path: string) : unit =
        let bytes = this.ToBytes()
        AtomicFile.writeBytes path bytes

    static member private Of(tensors: Tree<Tensor>, texts: Map<string, string>) : FittedPipeline =
        let struct (task, target, classes, encoder, mayMiss, text, notes) = PipelineFile.read texts
        let graph = RowGraph.OfText(text, Tree.toList tensors, encoder.Names.Count)

        let wanted =
            match classes with
            | [] -> [ 1 ]
            | [ _; _ ] -> [ 1; 2 ]
            | many -> [ many.Length ]

        if not (List.contains graph.Outputs wanted) then
            Refuse.format
                "Pipeline.Load"
                $"%d{graph.Outputs} outputs of %d{classes.Length} classes"
                "a score for each class, or one for two"
                "take the file that Save wrote"

        FittedPipeline
            {
                Task = task
                Target = target
                Classes = classes
                Encoder = encoder
                MayMiss = mayMiss
                Graph = graph
                Notes = notes
            }

    /// A pipeline from the bytes of `ToBytes`; others are a `FormatError`.
    static member OfBytes(bytes: byte[]) : FittedPipeline =
        let tensors, texts = Safetensors.ofBytes bytes
        FittedPipeline.Of(tensors, texts)

    /// A pipeline from a file that `Save` wrote; another is a `FormatError`. `FittedPipeline.Load "model.pipeline"`
    static member Load(path: string) : FittedPipeline =
        let tensors, texts = Safetensors.readWith path
        FittedPipeline.Of(tensors, texts)

    /// What it predicts, from what, and how.
    override _.ToString() = parts.Notes
    member internal this.Display = Format.following (this.ToString())
