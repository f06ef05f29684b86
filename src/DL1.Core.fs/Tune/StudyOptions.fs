namespace DL1

open System
open System.Threading

/// What a trial gives.
[<NoEquality; NoComparison>]
type TrialResult =
    {
        /// What came out.
        Score: float
        /// What the trial says of itself: names with texts, for the table.
        Notes: (string * string) list
        /// What it trained, to be had from the best trial.
        Model: Trained option
    }

/// What trials give.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module TrialResult =
    /// A score alone. `{ TrialResult.ofScore 0.25 with Notes = [ "epochs", "12" ] }`
    let ofScore (score: float) : TrialResult = { Score = score; Notes = []; Model = None }

/// What a trial is given: its setting, and whom to tell of its epochs.
[<Sealed>]
type TrialRun internal (trial: Trial, isCut: (int * float) list -> bool, cancellation: CancellationToken) =
    let mutable reports: (int * float) list = []
    let mutable isPruned = false

    /// Its number, from 0.
    member _.Number = trial.Number
    /// The hyper-parameters.
    member _.Setting = trial.Setting
    /// What the trial draws from.
    member _.Key = trial.Key
    /// How much it may do, such as epochs.
    member _.Budget = trial.Budget
    /// Ends the search where it is cancelled.
    member _.Cancellation = cancellation

    /// Tells of the score after an epoch, counted from 1 and growing; the answer is `Stop` where the trial is pruned: then it
    /// had better return, and its score is what it told last. `run.Report(3, 0.25)`
    member _.Report(epoch: int, score: float) : Answer =
        let last = reports |> List.tryHead |> Option.map fst |> Option.defaultValue 0

        if epoch <= last then
            Refuse.domain
                "TrialRun.Report"
                $"epoch %d{epoch} after epoch %d{last}"
                "epochs from 1 on, each after the one before"
                "report each epoch once"

        cancellation.ThrowIfCancellationRequested()
        reports <- (epoch, score) :: reports
        isPruned <- isPruned || isCut reports
        if isPruned then Answer.Stop else Answer.Continue

    /// A callback for `Fit` that reports each epoch by a metric or a part of the loss, or by the loss where the name is
    /// empty, on the validation set where there is one. `{ options with Callbacks = [ run.Watch "accuracy" ] }`
    member this.Watch(monitor: string) : EpochEnd -> Answer =
        fun told ->
            let row = told.Row

            let value =
                match row.Metrics |> List.tryFind (fun (name, _) -> name = monitor) with
                | Some(_, value) -> value
                | None when monitor = "" -> row.ValidationLoss |> Option.defaultValue row.Loss
                | None ->
                    let names = row.Metrics |> List.map fst |> String.concat ", "

                    Refuse.domain
                        "TrialRun.Watch"
                        $"the metric '{monitor}'"
                        $"one that is measured ({names}), or nothing for the loss"
                        "add it to Metrics"

            this.Report(row.Epoch, value)

    /// The reports, the last first.
    member internal _.Reports = reports
    member internal _.IsPruned = isPruned

/// When trials are stopped because those before them did better at the same epoch.
[<RequireQualifiedAccess>]
type Pruning =
    /// A trial is stopped where its best report is worse than the median of the finished trials at the same epoch: once
    /// `trials` have finished, and from epoch `epochs` on (Golovin et al. 2017).
    | Median of trials: int * epochs: int
    /// After `least` epochs, `factor` times as many, and so on, a trial goes on only if its report is among the best 1/`factor`
    /// of those at that epoch so far: asynchronous successive halving, without training anew (Li et al. 2020).
    | Halving of least: int * factor: int

/// How a study is run; `Study.options` is a start.
[<NoEquality; NoComparison>]
type StudyOptions =
    {
        /// Whether a low score or a high one is wanted.
        Goal: Goal
        /// What settings and trials draw from.
        Key: Key
        /// How much a trial may do: epochs, or what the function makes of it.
        Budget: int
        /// How many trials run side by side; what comes out does not depend on it.
        Threads: int
        /// How many trials make a round: each knows the trials of the rounds before it alone, so that those of one round may run
        /// side by side. More threads than that find no work where trials depend on others.
        Round: int
        /// When trials are stopped early.
        Pruning: Pruning option
        /// Told of each trial when it has ended, one at a time.
        Progress: Trial -> unit
        /// A file that has all trials that have ended. If it is there when the study begins, the study goes on from it.
        Path: string option
        /// Ends the study by an `OperationCanceledException` before the next trial or report.
        Cancellation: CancellationToken
        /// Who shares the trials out: that of number i runs on rank i modulo their number. All ranks are given all trials, the same for any
        /// number of ranks; a model is with the rank that trained it. Rank 0 alone reads and writes the file and reports progress.
        Ranks: Ranks
        /// Part i of n, counted from 0: the trials i, i + n, i + 2n and so on alone, for jobs of an array that know nothing of one another.
        /// Each has a file of its own; `Study.join` puts them together. Trials that depend on others have no parts.
        Part: (int * int) option
    }
