namespace DL1

open System

/// One epoch of a training: its steps, and what they sum up to.
[<RequireQualifiedAccess>]
module internal FitEpoch =
    /// The loss of the rows of an epoch, its parts, and the mean norms of its gradients; `None` where it was cancelled.
    /// Of each step, `progress` collects the sums of the loss where there are some, those of its parts, and its penalty.
    let run
        (trainer: Trainer)
        (options: FitOptions)
        (sums: Tally option)
        (parts: Tally list)
        (data: Source)
        number
        (progress: EpochProgress)
        (save: unit -> unit)
        =
        let tallies = Option.toList sums @ parts
        let order = Batches.indices options.Batch (Key.fold 1 options.Key) number data.Count
        let drawing = Key.fold number (Key.fold 3 options.Key)
        let first = progress.Steps

        let ownRows (rows: int[]) =
            let struct (low, high) = trainer.Own rows.Length
            if high - low = rows.Length then rows else rows[low .. high - 1]

        use batches =
            (Prefetch.run
                options.Prefetch
                (fun i -> data.Drawn(drawing, ownRows order[first + i]))
                (order.Length - first))
                .GetEnumerator()

        let mutable isCancelled = false

        while not isCancelled && Double.IsFinite progress.Sum && batches.MoveNext() do
            let rows = order[progress.Steps].Length

            let loss = trainer.StepPart(batches.Current, rows, options.Cancellation.IsCancellationRequested)

            progress.Sum <- progress.Sum + loss * float rows
            progress.Rows <- progress.Rows + rows
            progress.Steps <- progress.Steps + 1

            if not tallies.IsEmpty then
                progress.Told.AddRange trainer.Told
                progress.Penalties <- progress.Penalties + float rows * trainer.Penalty

            if options.WatchesGradients then
                let now = trainer.GradientNorms
                progress.Norms <- if progress.Steps = 1 then now else Tree.map2 (+) progress.Norms now

            if options.Ranks.Rank = 0 then
                options.Progress.Step (number + 1) progress.Steps order.Length loss

            isCancelled <-
                if options.Ranks.Size > 1 then
                    trainer.IsCancelled
                else
                    options.Cancellation.IsCancellationRequested

            if progress.Steps < order.Length then
                save ()

        if isCancelled && progress.Steps < order.Length then
            None
        else
            let isFinite = Double.IsFinite progress.Sum

            let values, _ =
                tallies
                |> List.mapFold
                    (fun (steps: struct (int * Tensor list) list) tally ->
                        let own, rest =
                            steps
                            |> List.map (fun (struct (rows, told)) ->
                                let own, rest = List.splitAt tally.Count told
                                struct (rows, own), struct (rows, rest))
                            |> List.unzip

                        (if isFinite then tally.Finish own else nan), rest)
                    (List.ofSeq progress.Told)

            let mean = progress.Sum / float progress.Rows

            let loss, partValues =
                match sums, values with
                | Some _, loss :: parts when isFinite ->
                    loss + progress.Penalties / float progress.Rows, parts
                | Some _, _ :: parts -> mean, parts
                | _ -> mean, values

            Some(loss, partValues, Tree.map (fun n -> n / float progress.Steps) progress.Norms)
