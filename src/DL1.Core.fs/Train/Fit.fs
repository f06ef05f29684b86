namespace DL1

open System
open System.Diagnostics
open System.Threading

/// Training over epochs.
[<RequireQualifiedAccess>]
module Fit =
    /// 10 epochs of shuffled batches of 64, without validation, told to nobody.
    /// `{ Fit.options (Key.ofSeed 1L) with Epochs = 20 }`
    let options (key: Key) : FitOptions =
        {
            Epochs = 10
            Batch = Batches.ofSize 64
            Key = key
            Validation = None
            Metrics = []
            EarlyStopping = None
            Callbacks = []
            Progress = Progress.quiet
            WatchesGradients = false
            Saving = None
            Resume = None
            Start = None
            Cancellation = CancellationToken.None
        }

    /// Stops after so many epochs without a lower loss, and gives the best parameters back.
    /// `{ Fit.patience 5 with Monitor = "accuracy" }`
    let patience (epochs: int) : EarlyStopping =
        { Monitor = ""; Patience = epochs; Tolerance = 0.0; RestoresBest = true }

    let private historyName = "history"

    let private check (options: FitOptions) (data: Dataset) =
        if options.Epochs < 0 then
            Refuse.domain "Fit.run" $"{options.Epochs} epochs" "0 or more" "10 is a start"

        if data.Count = 0 then
            Refuse.domain "Fit.run" "no rows" "one at least" "check how the data were split"

        if options.Batch.DropLast && data.Count < options.Batch.Size then
            Refuse.domain
                "Fit.run"
                $"{data.Count} rows in batches of {options.Batch.Size}, the last one dropped"
                "one whole batch at least"
                "make batches smaller, or keep the last"

        match options.Saving with
        | Some saving when saving.Every < 1 ->
            Refuse.domain
                "Fit.run"
                $"a checkpoint every {saving.Every} epochs"
                "1 or more"
                "1 writes after each"
        | Some _
        | None -> ()

    let private checkpoint
        (options: FitOptions)
        (best: Best option)
        (history: EpochRow list)
        (state: TrainState)
        =
        let rows = History.toTensor (List.map _.Name options.Metrics) history

        { Step.toCheckpoint state with
            Extra =
                Tree.append
                    (Tree.ofList [ historyName, rows ])
                    (best |> Option.map Best.toExtra |> Option.defaultValue Tree.empty)
        }

    /// The mean loss of the rows of an epoch, and the mean norms of its gradients; `None` where it was cancelled.
    let private epoch (trainer: Trainer) (options: FitOptions) (data: Dataset) number =
        let order = Key.fold 1 options.Key
        let steps = (Batches.indices options.Batch order number data.Count).Length
        let mutable sum, rows, made = 0.0, 0, 0
        let mutable norms: Tree<float> = Tree.empty
        use batches = (Batches.epoch options.Batch order number data).GetEnumerator()
        let mutable isCancelled = false

        while not isCancelled && Double.IsFinite sum && batches.MoveNext() do
            let batch = batches.Current
            let loss = trainer.Step batch
            sum <- sum + loss * float batch.Count
            rows <- rows + batch.Count
            made <- made + 1

            if options.WatchesGradients then
                let now = trainer.GradientNorms
                norms <- if made = 1 then now else Tree.map2 (+) norms now

            options.Progress.Step (number + 1) made steps loss
            isCancelled <- options.Cancellation.IsCancellationRequested

        if isCancelled && made < steps then
            None
        else
            Some(sum / float rows, Tree.map (fun n -> n / float made) norms)

    /// Trains a learner on data, and measures after each epoch. The same key gives the same bits, and so does a training
    /// that is resumed from a checkpoint. Data that do not fit the model are a `ShapeError` before the first step; a NaN or
    /// an infinity among them, or a label that is no class, a `DomainError` that names its row.
    /// ```
    /// let learner = Learner.create model (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.001)
    /// let fitted = Fit.run { Fit.options (Key.ofSeed 1L) with Validation = Some validation } learner train
    /// let outputs = Trained.predict test.Inputs fitted.Trained
    /// ```
    let run (options: FitOptions) (learner: Learner) (data: Dataset) : Fitted =
        check options data

        let sets =
            ("", data) :: (options.Validation |> Option.map (fun v -> "validation ", v) |> Option.toList)

        Admit.numbers "Fit.run" sets
        let measured = options.Validation |> Option.defaultValue data
        let predictor = Predictor(learner.Model, Some learner.Loss)
        let outputs = Predictor(learner.Model, None)
        let names = options.Metrics |> List.map _.Name
        let extra = options.Resume |> Option.map _.Extra |> Option.defaultValue Tree.empty

        let start =
            match options.Resume, options.Start with
            | Some c, _ -> Step.ofCheckpoint c
            | None, Some s -> s
            | None, None -> Step.start learner options.Key (Rows.take "Fit.run" [| 0 |] data.Inputs)

        Admit.labels
            "Fit.run"
            learner.Model
            learner.Loss
            (start.Parameters, start.State)
            (min options.Batch.Size data.Count)
            sets

        let trainer = Trainer(learner, start, options.WatchesGradients)

        let mutable history =
            match Tree.tryFind historyName extra with
            | Some t -> History.ofTensor options.Validation.IsSome names t |> List.rev
            | None -> []

        let mutable best =
            options.EarlyStopping |> Option.map (Best.start options.Metrics >> Best.ofExtra extra)

        let isWorn (b: Best option) = b |> Option.exists (fun b -> b.Waits >= b.Rule.Patience)

        let mutable ended: FitEnd voption = if isWorn best then ValueSome FitEnd.EarlyStopped else ValueNone

        let evaluate (state: Lazy<TrainState>) =
            if options.Validation.IsNone && options.Metrics.IsEmpty then
                None
            else
                let now = state.Value
                let trained = Trained(learner.Model, now.Parameters, now.State, outputs, None)
                Some(trained.Evaluate(predictor, options.Metrics, measured, 256))

        let finish number (watch: Stopwatch) (loss: float, norms: Tree<float>) =
            let state = lazy trainer.State
            let found = if Double.IsFinite loss then evaluate state else None

            let row =
                {
                    Epoch = number + 1
                    Steps = trainer.Steps
                    Loss = loss
                    ValidationLoss = options.Validation |> Option.bind (fun _ -> found |> Option.map _.Loss)
                    Metrics = found |> Option.map _.Metrics |> Option.defaultValue []
                    Gradients = norms
                    Seconds = watch.Elapsed.TotalSeconds
                }

            history <- row :: history
            options.Progress.Epoch row

            if not (Double.IsFinite loss) then
                ended <- ValueSome FitEnd.Diverged
            else
                best <- best |> Option.map (Best.next row state)

                if isWorn best then
                    ended <- ValueSome FitEnd.EarlyStopped

                let told = { Row = row; History = List.rev history; State = state }

                for callback in options.Callbacks do
                    if ended.IsNone && callback told = Answer.Stop then
                        ended <- ValueSome FitEnd.Stopped

                if ended.IsNone && options.Cancellation.IsCancellationRequested then
                    ended <- ValueSome FitEnd.Cancelled

                match options.Saving with
                | Some saving when
                    ended.IsSome || (number + 1) % saving.Every = 0 || number + 1 = options.Epochs
                    ->
                    Checkpoint.write saving.Path (checkpoint options best (List.rev history) state.Value)
                | Some _
                | None -> ()

        let mutable number = history.Length

        while ended.IsNone && number < options.Epochs do
            let watch = Stopwatch.StartNew()

            match epoch trainer options data number with
            | Some means -> finish number watch means
            | None -> ended <- ValueSome FitEnd.Cancelled

            number <- number + 1

        let last = trainer.State

        let parameters, state =
            match best with
            | Some b when b.Rule.RestoresBest && b.Epoch > 0 -> b.Parameters, b.State
            | Some _
            | None -> last.Parameters, last.State

        // One row of what goes in, for the model's table.
        let example = Expr.variable "input" data.Inputs.DType (1 :: List.tail (data.Inputs.Shape.ToList()))

        {
            Trained = Trained(learner.Model, parameters, state, outputs, Some example)
            State = last
            History = List.rev history
            BestEpoch = best |> Option.bind (fun b -> if b.Epoch > 0 then Some b.Epoch else None)
            End = ValueOption.defaultValue FitEnd.Finished ended
        }
