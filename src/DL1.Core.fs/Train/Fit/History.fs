namespace DL1

open System
open System.Globalization

/// One epoch of training as pictures read it, whichever language's record it is.
type IEpoch =
    /// Counted from 1.
    abstract Number: int
    /// The loss of the epoch's rows.
    abstract Loss: float
    /// The loss on the validation set; null where there is none.
    abstract ValidationLoss: Nullable<float>
    /// The metrics by their names.
    abstract Metrics: Tree<float>
    /// The mean norms of the gradients by the paths of their parameters, where they are watched.
    abstract Gradients: Tree<float>

/// Numbers of a training in tables.
[<RequireQualifiedAccess>]
module internal HistoryNumber =
    let short (value: float) = value.ToString("G5", CultureInfo.InvariantCulture)

/// One epoch of training.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type EpochRow =
    {
        /// Counted from 1.
        Epoch: int
        /// The steps made since the beginning.
        Steps: int64
        /// The loss of the epoch's rows, each before the step that it led to, with the penalty where there is one.
        Loss: float
        /// The loss on the validation set, where there is one.
        ValidationLoss: float option
        /// The metrics on the validation set, or on the training set where there is none, by their names. Before them the
        /// named parts of a loss that has some: those of the epoch's rows, as `Loss`, and those of the validation set, which are
        /// named `validation kl`.
        Metrics: (string * float) list
        /// The mean norms of the gradients over the epoch's steps, where they are watched.
        Gradients: Tree<float>
        /// How long the epoch took.
        Seconds: float
        /// The learning rates of the epoch's last step: one named `rate`, or those of groups of parameters, `rate.0` and so on.
        Rates: Tree<float>
    }

    interface IEpoch with
        member this.Number = this.Epoch
        member this.Loss = this.Loss
        member this.ValidationLoss = Option.toNullable this.ValidationLoss
        member this.Metrics = Tree.ofList this.Metrics
        member this.Gradients = this.Gradients

    /// `epoch 3  loss 0.25  validation loss 0.3  accuracy 0.9  0.1 s`.
    override this.ToString() =
        [
            $"epoch %d{this.Epoch}"
            $"loss {HistoryNumber.short this.Loss}"
            match this.ValidationLoss with
            | Some loss -> $"validation loss {HistoryNumber.short loss}"
            | None -> ()
            for name, value in this.Metrics do
                $"{name} {HistoryNumber.short value}"
            this.Seconds.ToString("F1", CultureInfo.InvariantCulture) + " s"
        ]
        |> String.concat "  "

    member internal this.Display = this.ToString()

/// The course of a training as data.
[<RequireQualifiedAccess>]
module History =
    let private number = HistoryNumber.short

    /// An epoch as a line of text. `History.line row`
    let line (row: EpochRow) : string = string row

    /// The epochs as a table with a header, in aligned columns. `History.table fitted.History`
    let table (rows: EpochRow list) : string =
        let names = rows |> List.collect (fun r -> List.map fst r.Metrics) |> List.distinct
        let validates = rows |> List.exists _.ValidationLoss.IsSome

        // Rates that do not change say nothing.
        let rates =
            rows
            |> List.collect (fun r -> Tree.toList r.Rates)
            |> List.distinct
            |> List.countBy fst
            |> List.filter (fun (_, values) -> values > 1)
            |> List.map fst

        let header =
            [
                "epoch"
                "loss"
                if validates then
                    "validation loss"
                yield! names
                yield! rates
                "seconds"
            ]

        let cells (r: EpochRow) =
            [
                string r.Epoch
                number r.Loss
                if validates then
                    r.ValidationLoss |> Option.map number |> Option.defaultValue ""
                for name in names do
                    r.Metrics
                    |> List.tryFind (fun (n, _) -> n = name)
                    |> Option.map (snd >> number)
                    |> Option.defaultValue ""
                for name in rates do
                    Tree.tryFind name r.Rates |> Option.map number |> Option.defaultValue ""
                r.Seconds.ToString("F1", CultureInfo.InvariantCulture)
            ]

        header :: List.map cells rows |> Format.table 0 |> String.concat "\n"

    /// The epochs as comma-separated values, with a header; learning rates stand after the metrics. `History.toCsv fitted.History`
    let toCsv (rows: EpochRow list) : string =
        let exact (value: float) = value.ToString("R", CultureInfo.InvariantCulture)
        let names = rows |> List.collect (fun r -> List.map fst r.Metrics) |> List.distinct

        let rates = rows |> List.collect (fun r -> Tree.paths r.Rates) |> List.distinct
        let header = [ "epoch"; "steps"; "loss"; "validation_loss" ] @ names @ rates @ [ "seconds" ]

        let cells (r: EpochRow) =
            [
                string r.Epoch
                string r.Steps
                exact r.Loss
                r.ValidationLoss |> Option.map exact |> Option.defaultValue ""
                for name in names do
                    r.Metrics
                    |> List.tryFind (fun (n, _) -> n = name)
                    |> Option.map (snd >> exact)
                    |> Option.defaultValue ""
                for name in rates do
                    Tree.tryFind name r.Rates |> Option.map exact |> Option.defaultValue ""
                exact r.Seconds
            ]

        header :: List.map cells rows |> List.map (String.concat ",") |> String.concat "\n"

    /// The columns of `toTensor`, before those of the metrics.
    let private fixedColumns = 5

    /// Rows as numbers, for checkpoints: f64 `[epochs; columns]`; gradients are left out.
    let internal toTensor (metrics: string list) (rates: string list) (rows: EpochRow list) : Tensor =
        let cells (r: EpochRow) =
            [
                float r.Epoch
                float r.Steps
                r.Loss
                r.ValidationLoss |> Option.defaultValue nan
                r.Seconds
                for name in metrics do
                    r.Metrics
                    |> List.tryFind (fun (n, _) -> n = name)
                    |> Option.map snd
                    |> Option.defaultValue nan
                for name in rates do
                    Tree.tryFind name r.Rates |> Option.defaultValue nan
            ]

        let columns = fixedColumns + metrics.Length + rates.Length
        Tensor.ofArray [ rows.Length; columns ] (Array.ofList (List.collect cells rows))

    let internal ofTensor
        hasValidation
        (metrics: string list)
        (rates: string list)
        (t: Tensor)
        : EpochRow list =
        let columns = fixedColumns + metrics.Length + rates.Length

        if t.Rank <> 2 || t.Shape[1] <> columns then
            Refuse.format
                "Fit.run"
                $"a history {t.Shape} in the checkpoint"
                $"%d{columns} columns"
                "go on with the metrics and the groups of parameters that the training began with"

        [
            for i in 0 .. t.Shape[0] - 1 ->
                {
                    Epoch = int t[i, 0]
                    Steps = int64 t[i, 1]
                    Loss = t[i, 2]
                    ValidationLoss = if hasValidation then Some t[i, 3] else None
                    Seconds = t[i, 4]
                    Metrics = metrics |> List.mapi (fun c name -> name, t[i, fixedColumns + c])
                    Gradients = Tree.empty
                    Rates =
                        rates
                        |> List.mapi (fun c name -> name, t[i, fixedColumns + metrics.Length + c])
                        |> Tree.ofList
                }
        ]
