namespace DL1

open System
open System.IO
open System.Threading

/// When to stop before the last epoch: once `Patience` epochs in a row were no better than the best by more than
/// `Tolerance`.
[<StructuredFormatDisplay("{Display}")>]
type EarlyStopping =
    {
        /// The metric, or the part of the loss, that is watched; empty for the loss, on the validation set where there
        /// is one. Without one the loss on the training set is computed after each epoch with the parameters that would
        /// be given back; the history's loss is the mean over the epoch, while they changed.
        Monitor: string
        /// Epochs without improvement, 1 or more.
        Patience: int
        /// How much better counts as better, 0 or more.
        Tolerance: float
        /// Whether the parameters and layer state of the best epoch are given back, rather than the last.
        RestoresBest: bool
    }

    /// `after 5 epochs without a better loss, the best restored`.
    override this.ToString() =
        let monitor = if this.Monitor = "" then "loss" else this.Monitor
        let rest = if this.RestoresBest then ", the best restored" else ""
        $"after %d{this.Patience} epochs without a better {monitor}{rest}"

    member internal this.Display = this.ToString()

/// What a callback is told after an epoch.
[<NoEquality; NoComparison>]
type EpochEnd =
    {
        /// The epoch.
        Row: EpochRow
        /// The epochs so far, this one last.
        History: EpochRow list
        /// A snapshot of the training, taken when it is asked for.
        State: Lazy<TrainState>
    }

/// What a callback answers.
[<RequireQualifiedAccess; Struct>]
type Answer =
    /// Train on.
    | Continue
    /// End the training here.
    | Stop

/// How progress is told.
[<NoEquality; NoComparison>]
type Progress =
    {
        /// After each step: the epoch, the steps made in it, how many it has, and the last loss.
        Step: int -> int -> int -> float -> unit
        /// After each epoch.
        Epoch: EpochRow -> unit
    }

/// Where and how often training is written to a file, to be resumed.
type Saving =
    {
        /// The file.
        Path: string
        /// Epochs from one writing to the next, 1 or more; the last epoch is always written.
        Every: int
    }

/// How to train; `Fit.options` is a start.
[<NoEquality; NoComparison>]
type FitOptions =
    {
        /// How many epochs there are in all, those before a checkpoint counted.
        Epochs: int
        /// How rows are cut into batches.
        Batch: BatchOptions
        /// What parameters are drawn from, the order of rows, and what layers draw.
        Key: Key
        /// Rows that are measured and never learnt from: a data set, or any source.
        Validation: Source option
        /// What is measured after each epoch.
        Metrics: Metric list
        /// When to stop early.
        EarlyStopping: EarlyStopping option
        /// When the learning rate is lowered because training no longer gets better: a factor on what the optimizer's schedule
        /// says.
        Plateau: Plateau option
        /// Whether the average of the parameters that the optimizer keeps (`Wrap.averaged`, `Wrap.averagedFrom`, ASGD) is what
        /// is measured, what early stopping keeps, and what the trained model has. The state of layers, such as batch norm's, is that
        /// of training. An optimizer without an average is a `DomainError`.
        UsesAverage: bool
        /// Called in their order after each epoch; the first that says `Stop` ends the training.
        Callbacks: (EpochEnd -> Answer) list
        /// How progress is told.
        Progress: Progress
        /// Whether the norms of gradients are kept in the history.
        WatchesGradients: bool
        /// Where checkpoints go.
        Saving: Saving option
        /// What to go on from.
        Resume: Checkpoint option
        /// The state to begin with, in the place of one drawn with the key: for fine-tuning.
        Start: TrainState option
        /// Ends the training after the step that is being made.
        Cancellation: CancellationToken
        /// Into how many runs of neighbouring rows each batch is cut. 1 trains batches as they are. More need the memory of
        /// a part, and are what ranks share out. Like the batch's size it is part of what is trained: each shard draws its own
        /// dropout and has its own batch statistics, running statistics are the mean over shards, and gradients are added in a
        /// balanced tree over the shards' numbers; the mean, penalties, clipping and the update are those of the whole batch. The
        /// bits do not depend on the ranks. Where the rows do not divide, shards differ by one row; a batch of fewer rows leaves
        /// some shards empty. A loss that is no sum over rows, or no such sum divided by rows or weights, is a `DomainError`.
        Shards: int
        /// Who trains together: `Ranks.alone`, threads or processes. All ranks give the same options, learner and data, which
        /// is checked before the first step; each computes its shards. There are as many ranks as shards, or a power of two that
        /// divides their number. Rank 0 alone reports progress, calls callbacks and writes checkpoints.
        Ranks: Ranks
        /// Steps from one checkpoint to the next, beside those of `Saving` after epochs: a training that is resumed goes on in
        /// the middle of an epoch, to the same bits. `None` writes after epochs alone.
        SavingSteps: int option
        /// How many batches are made ahead of the steps, on how many threads. Results do not depend on it.
        Prefetch: Prefetch
    }

/// Why a training ended.
[<RequireQualifiedAccess; Struct>]
type FitEnd =
    /// All epochs were made.
    | Finished
    /// The epochs no longer got better.
    | EarlyStopped
    /// A callback said so.
    | Stopped
    /// It was cancelled; the epoch that was begun is not in the history.
    | Cancelled
    /// The loss was no longer a finite number.
    | Diverged
    /// Something threw an exception, which a `FitError` carries with what was trained until then.
    | Failed

/// What training gave.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Display}")>]
[<DL1.Notebooks.TypeFormatterSource(typeof<DL1.Notebooks.FormatterSource>)>]
type Fitted =
    {
        /// The model, with the last parameters, or the best where they are restored.
        Trained: Trained
        /// The state after the last step.
        State: TrainState
        /// The epochs.
        History: EpochRow list
        /// What a training goes on from, as it would be written to a file: `Resume` of options with more epochs.
        Checkpoint: Lazy<Checkpoint>
        /// The epoch that was the best, from 1, where one is watched.
        BestEpoch: int option
        /// Why it ended.
        End: FitEnd
    }

    /// The epochs as a table, why it ended, and the model's table.
    override this.ToString() = $"{History.table this.History}\n{this.End}\n\n{this.Trained}"
    member internal this.Display = Format.following (this.ToString())

    interface DL1.Notebooks.INotebookValue with
        member this.Html =
            HistoryPicture.svg this.History
            + DL1.Notebooks.Html.pre $"{this.End}"
            + (this.Trained :> DL1.Notebooks.INotebookValue).Html

/// A training that something ended by an exception: a metric, a callback, progress, or a checkpoint that could not be
/// written. It carries what was trained until then; the exception itself is the `InnerException`.
[<Sealed>]
type FitError internal (fitted: Fitted, learner: Learner, error: exn) =
    inherit
        DL1Error(
            "Fit.run",
            $"{error.GetType().Name} after %d{fitted.State.Steps} steps and %d{fitted.History.Length} epochs: {error.Message}",
            "a training that nothing interrupts",
            "mend the cause, and train on from the state that this error keeps; its model can be used as it is",
            error
        )

    /// The model with what it had learnt, the state after the last whole step, and the epochs so far.
    member _.Fitted = fitted
    /// What was trained.
    member _.Learner = learner
