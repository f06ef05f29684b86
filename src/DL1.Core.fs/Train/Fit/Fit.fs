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
            Plateau = None
            UsesAverage = false
            Callbacks = []
            Progress = Progress.quiet
            WatchesGradients = false
            Saving = None
            Resume = None
            Start = None
            Cancellation = CancellationToken.None
            Shards = 1
            Ranks = Ranks.alone
            SavingSteps = None
            Prefetch = Prefetch.one
        }

    /// Stops after the given number of epochs without a lower loss, and returns the best parameters. Without a validation set the loss
    /// on the training set is computed after each epoch.
    /// `{ Fit.patience 5 with Monitor = "accuracy" }`
    let patience (epochs: int) : EarlyStopping =
        { Monitor = ""; Patience = epochs; Tolerance = 0.0; RestoresBest = true }

    let private historyName = "history"

    let private checkpoint
        (names: string list)
        (rates: string list)
        (best: Best option)
        (history: EpochRow list)
        (begun: Tree<Tensor>)
        (state: TrainState)
        =
        let rows = History.toTensor names rates history

        { Step.toCheckpoint state with
            Extra =
                Tree.append
                    (Tree.ofList [ historyName, rows ])
                    (Tree.append begun (best |> Option.map Best.toExtra |> Option.defaultValue Tree.empty))
        }

    /// `run`; `agree` compares what ranks train, and refuses on all of them.
    let private train
        (options: FitOptions)
        (learner: Learner)
        (data: Source)
        (agree: (string * Digest) list -> unit)
        : Fitted =
        FitChecks.options options learner data
        let ranks = options.Ranks
        SourceChecks.wholeOf data |> List.map (fun d -> "", d) |> Learner.admits learner "Fit.run"

        options.Validation
        |> Option.toList
        |> List.collect SourceChecks.wholeOf
        |> List.map (fun d -> "validation ", d)
        |> Learner.admits learner "Fit.run"

        let example = data.Example

        let key =
            if learner.ValidatesInTraining then
                ValueSome(Key.fold 2 options.Key)
            else
                ValueNone

        let evaluator =
            Evaluator(learner.Network, learner.Objective, learner.Parts, options.Metrics, key, ranks)

        let partNames = FitChecks.partNames options.Validation.IsSome learner
        let names = partNames @ (options.Metrics |> List.map _.Name)
        let extra = options.Resume |> Option.map _.Extra |> Option.defaultValue Tree.empty

        let start =
            match options.Resume, options.Start with
            | Some c, _ -> Step.ofCheckpoint c
            | None, Some s -> s
            | None, None -> Step.startOn learner options.Key example

        let mutable best =
            options.EarlyStopping |> Option.map (Best.start partNames options.Metrics >> Best.ofExtra extra)

        let admitted name set =
            SourceChecks.admitted learner start (min options.Batch.Size data.Count) name set

        let data = admitted "" data
        Learner.requireTrained learner start.Parameters
        let struct (targets, outputs) = FitChecks.batches options.Batch options.Shards learner start data

        options.Validation
        |> Option.iter (FitChecks.validation learner.ValidatesInTraining learner start data)

        let measured = options.Validation |> Option.map (admitted "validation ") |> Option.defaultValue data

        // The loss of mixed batches is the mean over the steps.
        let sumsOf loss =
            if learner.Mixup.IsSome then
                None
            else
                Tally.sumsOf options.Batch loss data.Count targets outputs

        let sums = sumsOf learner.Objective

        let parts =
            learner.Parts
            |> List.map (fun part ->
                sumsOf part.Loss |> Option.defaultWith (fun () -> Tally.ofMeans part.Loss))

        let tells =
            match Option.toList sums @ parts with
            | [] -> None
            | tallies ->
                Some(fun rows targets outputs ->
                    tallies |> List.collect (fun tally -> tally.OfPart rows targets outputs))

        // Greater is better, and the epochs so far, of a rule that lowers rates.
        let plateau =
            options.Plateau
            |> Option.map (fun rule -> struct (rule, Plateau.check partNames options.Metrics rule))

        let rates = learner.Optimizer.Rates(Trace.tree "optimizer" start.Optimizer) |> List.map fst

        let scale = plateau |> Option.map (fun (struct (rule, _)) -> Plateau.scaled rule)

        let trainer =
            Trainer(learner, start, options.WatchesGradients, tells, rates, scale, options.Shards, ranks)

        agree (RankFit.digests options learner trainer start data)

        /// The state with what the model would be given back with.
        let shown (now: TrainState) =
            if options.UsesAverage then
                { now with Parameters = Tree.replace now.Parameters (Wrap.averageOf now.Optimizer) }
            else
                now

        // An optimizer without an average is refused here.
        shown start |> ignore

        let mutable history =
            match Tree.tryFind historyName extra with
            | Some t -> History.ofTensor options.Validation.IsSome names rates t |> List.rev
            | None -> []

        let mutable lowered =
            plateau
            |> Option.map (fun (struct (rule, isGain)) ->
                List.rev history
                |> List.map (Plateau.watched rule)
                |> List.fold (Plateau.next rule isGain) (Plateau.start isGain))

        let follow () = lowered |> Option.iter (fun now -> trainer.Factor <- now.Times)

        follow ()

        let isWorn (b: Best option) = b |> Option.exists (fun b -> b.Waits >= b.Rule.Patience)
        let watchesTraining = Best.watchesTraining options.Validation.IsSome best

        let mutable ended: FitEnd voption = if isWorn best then ValueSome FitEnd.EarlyStopped else ValueNone

        let evaluates = options.Validation.IsSome || not options.Metrics.IsEmpty || watchesTraining

        if evaluates then
            evaluator.Check(start.Parameters, start.State, measured, 256)

        let evaluate (state: Lazy<TrainState>) =
            if evaluates then
                let now = state.Value
                Some(evaluator.Run(now.Parameters, now.State, measured, 256))
            else
                None

        let write begun state =
            if ranks.Rank = 0 then
                options.Saving
                |> Option.iter (fun saving ->
                    Checkpoint.write saving.Path (checkpoint names rates best (List.rev history) begun state))

        let isDue () =
            options.SavingSteps |> Option.exists (fun steps -> trainer.Steps % int64 steps = 0L)

        let finish number (seconds: float) (loss: float, parts: float list, norms: Tree<float>) =
            let state = lazy trainer.State
            let measured = lazy (shown state.Value)
            let found = if Double.IsFinite loss then evaluate measured else None

            let row =
                {
                    Epoch = number + 1
                    Steps = trainer.Steps
                    Loss = loss
                    ValidationLoss = options.Validation |> Option.bind (fun _ -> found |> Option.map _.Loss)
                    Metrics =
                        [
                            yield! List.zip (learner.Parts |> List.map _.Name) parts
                            match found with
                            | Some found ->
                                if options.Validation.IsSome then
                                    for name, value in found.Parts do
                                        FitChecks.ofValidation name, value

                                yield! found.Metrics
                            | None -> ()
                        ]
                    Gradients = norms
                    Seconds = RankMessages.ofFirst ranks seconds
                    Rates = trainer.Rates
                }

            history <- row :: history

            if Double.IsFinite loss then
                best <- best |> Option.map (Best.next row (found |> Option.map _.Loss) measured)

                lowered <-
                    Option.map2
                        (fun (struct (rule, isGain)) now ->
                            Plateau.next rule isGain now (Plateau.watched rule row))
                        plateau
                        lowered

                follow ()

            Option.iter Telemetry.validation row.ValidationLoss

            if ranks.Rank = 0 then
                options.Progress.Epoch row

            if not (Double.IsFinite loss) then
                ended <- ValueSome FitEnd.Diverged
            else
                if isWorn best then
                    ended <- ValueSome FitEnd.EarlyStopped

                let told = { Row = row; History = List.rev history; State = state }

                if ranks.Rank = 0 then
                    for callback in options.Callbacks do
                        if ended.IsNone && callback told = Answer.Stop then
                            ended <- ValueSome FitEnd.Stopped

                if RankMessages.any ranks (ended = ValueSome FitEnd.Stopped) then
                    ended <- ValueSome FitEnd.Stopped

                if RankMessages.any ranks options.Cancellation.IsCancellationRequested && ended.IsNone then
                    ended <- ValueSome FitEnd.Cancelled

                match options.Saving with
                | Some saving when
                    ended.IsSome || (number + 1) % saving.Every = 0 || number + 1 = options.Epochs || isDue ()
                    ->
                    write Tree.empty state.Value
                | Some _
                | None -> ()

        // One row of what goes in, for the model's table.
        let example = Trace.setOf (ValueSome 1) "input" example.NamedInputs

        let result (ended: FitEnd) : Fitted =
            let last = trainer.State
            let epochs = List.rev history

            let parameters, state =
                match best with
                | Some b when b.Rule.RestoresBest && b.Epoch > 0 -> b.Parameters, b.State
                | Some _
                | None -> (shown last).Parameters, last.State

            let kept = best

            {
                Trained = Trained(learner.Network, parameters, state, Some example)
                State = last
                History = epochs
                Checkpoint = lazy checkpoint names rates kept epochs Tree.empty last
                BestEpoch = best |> Option.bind (fun b -> if b.Epoch > 0 then Some b.Epoch else None)
                End = ended
            }

        let mutable number = history.Length
        // Where a checkpoint was written in the middle of an epoch, the rest of it is trained first.
        let mutable begun = EpochProgress.OfExtra(Tree.filter learner.Trains start.Parameters, extra)

        try
            while ended.IsNone && number < options.Epochs do
                let watch = Stopwatch.StartNew()
                let progress = begun
                begun <- EpochProgress()
                let seconds () = progress.Seconds + watch.Elapsed.TotalSeconds

                let save () =
                    if isDue () then
                        write (progress.ToExtra(seconds ())) trainer.State

                match FitEpoch.run trainer options sums parts data number progress save with
                | Some means -> finish number (seconds ()) means
                | None -> ended <- ValueSome FitEnd.Cancelled

                number <- number + 1
        with error when trainer.Steps > start.Steps ->
            raise (FitError(result FitEnd.Failed, learner, error))

        result (ValueOption.defaultValue FitEnd.Finished ended)

    /// Trains a learner on data, and measures after each epoch. The same key gives the same bits, and so does a training
    /// that is resumed from a checkpoint: the epochs of its history, the best of them and the rates that they led to go
    /// on. What can be told to be wrong is refused before the first step: data that do not fit the model, a validation
    /// set of another width, or a last batch that a layer cannot take are a `ShapeError`; a NaN or an infinity among
    /// the data, or a label that is no class, a `DomainError` that names its row (of a source that is no `Dataset` rows
    /// are checked as they are read, before the step that would learn from them); so are metrics that cannot take the
    /// targets, two of one name, and checkpoints in a folder that is not there. What throws later is a `FitError`,
    /// which carries what was trained until then.
    /// ```
    /// let learner = Learner.create model (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.001)
    /// let fitted = Fit.run { Fit.options (Key.ofSeed 1L) with Validation = Some validation } learner train
    /// let outputs = Trained.predict test.Inputs fitted.Trained
    /// ```
    let run (options: FitOptions) (learner: Learner) (data: Source) : Fitted =
        RankFit.guarded options.Ranks (fun agree -> train options learner data agree)
