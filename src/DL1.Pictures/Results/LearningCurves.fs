namespace DL1.Pictures

open DL1

/// The course of a training as plots, from the history that `Fit.run` gives, or that of a
/// `TrainingResult` in C#. Refuses a history of no epochs with a
/// `DomainError`.
///
/// <example><code>
/// LearningCurves.Loss(fitted.History).WithLogY().Png(800, 480)
/// </code>
/// In C#: <code>
/// byte[] png = LearningCurves.Loss(result.History).Png(800, 480);
/// </code></example>
[<AbstractClass; Sealed>]
type LearningCurves =
    static member private Rows(operation, history: seq<'epoch>) : IEpoch[] * float[] when 'epoch :> IEpoch =
        let rows = Refuse.nulls "history" history |> Array.map (fun epoch -> epoch :> IEpoch)

        if rows.Length = 0 then
            Refuse.domain operation "a history of no epochs" "one epoch at least" "train for an epoch first"

        rows, rows |> Array.map (fun r -> float r.Number)

    /// The loss of training over the epochs, and that of validation where there is one: `LearningCurves.Loss(history)`.
    static member Loss(history: seq<'epoch>) : Plot when 'epoch :> IEpoch =
        let rows, epochs = LearningCurves.Rows("LearningCurves.Loss", history)

        let plot =
            Plot
                .Titled("Learning curve")
                .Labels("epoch", "loss")
                .Line("training", epochs, rows |> Seq.map _.Loss)

        if rows |> Array.exists _.ValidationLoss.HasValue then
            let losses =
                rows |> Array.map (fun r -> r.ValidationLoss |> Option.ofNullable |> Option.defaultValue nan)

            plot.Line("validation", epochs, losses)
        else
            plot

    /// Each metric over the epochs: `LearningCurves.Metrics(history)`. Refuses a history without metrics with a
    /// `DomainError`.
    static member Metrics(history: seq<'epoch>) : Plot when 'epoch :> IEpoch =
        let operation = "LearningCurves.Metrics"
        let rows, epochs = LearningCurves.Rows(operation, history)
        let names = rows |> Seq.collect (fun r -> Tree.paths r.Metrics) |> Seq.distinct |> List.ofSeq

        if names.IsEmpty then
            Refuse.domain
                operation
                "a history without metrics"
                "one metric at least"
                "name them in the options of the training: accuracy, for one"

        let value name (r: IEpoch) = Tree.tryFind name r.Metrics |> Option.defaultValue nan

        (Plot.Titled("Metrics").Labels("epoch", ""), names)
        ||> List.fold (fun plot name -> plot.Line(name, epochs, rows |> Seq.map (value name)))

    /// The norms of the gradients over the epochs, on a logarithmic axis: a line for each parameter, or, where there are
    /// more than eight, for each layer (the root of the sum of squares of its parameters); of more than eight layers,
    /// eight from the first to the last. `LearningCurves.Gradients(history)` Refuses a history in which they were not
    /// watched with a `DomainError`.
    static member Gradients(history: seq<'epoch>) : Plot when 'epoch :> IEpoch =
        let operation = "LearningCurves.Gradients"
        let rows, epochs = LearningCurves.Rows(operation, history)
        let paths = rows |> Seq.collect (fun r -> Tree.paths r.Gradients) |> Seq.distinct |> Array.ofSeq

        if paths.Length = 0 then
            Refuse.domain
                operation
                "a history without the norms of gradients"
                "a training that watches them"
                "watch them, by the options of the training: WatchesGradients, in C# WatchGradients"

        let layer (path: string) =
            match path.LastIndexOf '.' with
            | -1 -> path
            | dot -> path.Substring(0, dot)

        let groups =
            if paths.Length <= 8 then
                paths |> Array.map (fun p -> p, [| p |])
            else
                paths |> Array.groupBy layer

        let shown =
            if groups.Length <= 8 then
                groups
            else
                Array.init 8 (fun i -> groups[i * (groups.Length - 1) / 7])

        let norm (members: string[]) (r: IEpoch) =
            members
            |> Array.map (fun p -> Tree.tryFind p r.Gradients |> Option.defaultValue nan)
            |> Array.sumBy (fun n -> n * n)
            |> sqrt

        (Plot.Titled("Gradients").Labels("epoch", "mean norm").WithLogY(), shown)
        ||> Array.fold (fun plot (name, members) -> plot.Line(name, epochs, rows |> Seq.map (norm members)))
