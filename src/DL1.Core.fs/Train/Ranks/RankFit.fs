namespace DL1

/// How ranks train together: what they compare before the first step, and what becomes of an error on one of them.
[<RequireQualifiedAccess>]
module internal RankFit =
    /// Runs a training on this rank. An error ends the other ranks with its message; one that all ranks find together, when they
    /// compare what they train, ends each by itself.
    let guarded (ranks: Ranks) (train: ((string * Digest) list -> unit) -> 'a) : 'a =
        if ranks.Size = 1 then
            train ignore
        else
            let mutable isCommon = false

            let agree parts =
                isCommon <- true
                RankMessages.agree ranks parts
                isCommon <- false

            try
                train agree
            with error ->
                match error, error.InnerException with
                | :? RankError, _
                | _, (:? RankError) -> ()
                | _ when isCommon -> ()
                | _ -> ranks.Abort $"{error.GetType().Name}: {error.Message}"

                reraise ()

    /// What ranks must have in common, by the names under which it is refused.
    let digests
        (options: FitOptions)
        (learner: Learner)
        (trainer: Trainer)
        (start: TrainState)
        (data: Source)
        : (string * Digest) list =
        if options.Ranks.Size = 1 then
            []
        else
            let numbers = Digest.Mixer()
            let flag (value: bool) = numbers.Add(if value then 1 else 0)
            numbers.Add options.Epochs
            numbers.Add options.Batch.Size
            flag options.Batch.Shuffle
            flag options.Batch.DropLast

            match options.Batch.Blocks with
            | Some order ->
                numbers.Add order.Rows
                numbers.Add order.Window
            | None -> flag false

            numbers.Add(Key.toTensor options.Key)
            numbers.Add options.Shards
            flag options.UsesAverage
            flag options.WatchesGradients

            match options.EarlyStopping with
            | Some rule ->
                numbers.Add rule.Monitor
                numbers.Add rule.Patience
                numbers.Add rule.Tolerance
                flag rule.RestoresBest
            | None -> flag false

            match options.Plateau with
            | Some rule ->
                numbers.Add rule.Monitor
                numbers.Add rule.Factor
                numbers.Add rule.Patience
                numbers.Add rule.Threshold
                flag rule.IsRelative
                numbers.Add rule.Cooldown
                numbers.Add rule.Lowest
            | None -> flag false

            for metric in options.Metrics do
                numbers.Add metric.Name

            let sets = data :: Option.toList options.Validation
            let whole = min options.Batch.Size data.Count

            // All rows of a data set; of another source their number and one of them.
            let tensors (set: Source) =
                let struct (rows, count) =
                    match set with
                    | :? Dataset as all -> struct (all, "")
                    | _ -> struct (set.Example, $"%d{set.Count} like ")

                [ rows.NamedInputs; rows.NamedTargets ]
                |> List.map (RankMessages.ofTensors >> string)
                |> String.concat " "
                |> (+) count

            [
                "options", numbers.Finish()
                "data", RankMessages.ofText (sets |> List.map tensors |> String.concat "; ")
                "parameters or state to begin with", RankMessages.ofTensors (Step.toTree start)
                "model, loss or optimizer", trainer.Digest(data.Rows [| 0 |], whole)
            ]
