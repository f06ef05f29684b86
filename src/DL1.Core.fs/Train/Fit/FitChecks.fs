namespace DL1

open System
open System.IO

/// What can be told to be wrong before the first step of a training.
[<RequireQualifiedAccess>]
module internal FitChecks =
    let private operation = "Fit.run"

    /// The name of a part of the loss on the validation set.
    let ofValidation (name: string) : string = $"validation {name}"

    /// Refuses a file that could not be written at the end of an epoch.
    let private saving (saving: Saving) =
        if saving.Every < 1 then
            Refuse.domain
                operation
                $"a checkpoint every %d{saving.Every} epochs"
                "1 or more"
                "1 writes after each"

        let struct (folder, full) = Files.placeToWrite operation saving.Path

        let refuse (given: string) expected cure =
            Refuse.domain operation $"checkpoints at {saving.Path}: {given}" expected cure

        try
            let probe = Path.Combine(folder, $".{Path.GetFileName full}.{Guid.NewGuid():N}.tmp")

            use _ =
                new FileStream(
                    probe,
                    FileMode.CreateNew,
                    FileAccess.Write,
                    FileShare.None,
                    1,
                    FileOptions.DeleteOnClose
                )

            ()
        with
        | :? IOException as e -> refuse e.Message "a folder that can be written to" "choose another folder"
        | :? UnauthorizedAccessException as e ->
            refuse e.Message "a folder that can be written to" "choose another folder"

    /// Refuses rows of which an epoch would have no batch.
    let rows (operation: string) (batch: BatchOptions) (data: Source) : unit =
        if data.Count = 0 then
            Refuse.domain operation "no rows" "one at least" "check how the data were split"

        if batch.DropLast && data.Count < batch.Size then
            Refuse.domain
                operation
                $"%d{data.Count} rows in batches of %d{batch.Size}, the last one dropped"
                "one whole batch at least"
                "make batches smaller, or keep the last"

    /// The names of the parts of a loss in the history, for training and for validation.
    let partNames (hasValidation: bool) (learner: Learner) : string list =
        let names = learner.Parts |> List.map _.Name
        names @ (if hasValidation then names |> List.map ofValidation else [])

    /// Refuses options and data that cannot be trained with.
    let options (options: FitOptions) (learner: Learner) (data: Source) : unit =
        if options.Shards < 1 then
            Refuse.domain operation $"%d{options.Shards} shards" "1 or more" "1 trains each batch as a whole"

        if options.Epochs < 0 then
            Refuse.domain operation $"%d{options.Epochs} epochs" "0 or more" "10 is a start"

        rows operation options.Batch data
        Prefetch.require operation options.Prefetch

        match options.Validation with
        | Some validation when validation.Count = 0 ->
            Refuse.domain
                operation
                "a validation set without rows"
                "one row at least"
                "check how the data were split, or train without a validation set"
        | Some _
        | None -> ()

        Metric.requireNames operation options.Metrics

        for name in partNames options.Validation.IsSome learner do
            if options.Metrics |> List.exists (fun m -> m.Name = name) then
                Refuse.domain
                    operation
                    $"a metric named {name} beside a part of the loss of that name"
                    "each name once"
                    "give one of them another name"

        match options.SavingSteps, options.Saving with
        | Some steps, Some _ when steps < 1 ->
            Refuse.domain
                operation
                $"a checkpoint every %d{steps} steps"
                "1 or more"
                "1 writes after each; 1000 is usual"
        | Some _, None ->
            Refuse.domain
                operation
                "checkpoints by steps without a file"
                "a path for them"
                "give Saving a path"
        | _ -> ()

        if options.Ranks.Rank = 0 then
            Option.iter saving options.Saving

    /// A `ShapeError` with what was being looked at before it.
    let private about (what: string) (cure: string) (look: unit -> 'a) : 'a =
        try
            look ()
        with :? ShapeError as e ->
            Refuse.shape $"{what}: {e.Operation}" e.Given e.Expected (if cure = "" then e.Cure else cure)

    /// Runs the model and the loss on every size of batch that training will meet, without computing a number; gives the
    /// targets and outputs of a whole batch. A loss that does not depend on what is trained is refused.
    let batches
        (options: BatchOptions)
        (shards: int)
        (learner: Learner)
        (start: TrainState)
        (data: Source)
        : struct (Tree<Expr> * Tree<Expr>) =
        let ps, ss = Trace.tree "parameters" start.Parameters, Trace.tree "state" start.State
        let key = Expr.variable "key" DType.I32 [ 2 ]
        let example = data.Example

        let look rows =
            let inputs = Trace.setOf (ValueSome rows) Erased.inputs example.NamedInputs
            let targets = Trace.setOf (ValueSome rows) Erased.targets example.NamedTargets
            let struct (outputs, _, loss) = Step.forward learner ps ss key inputs targets

            let trained = Tree.filter learner.Trains ps |> Tree.values |> List.map _.Digest |> set

            if not (Graph.topological [ loss ] |> Array.exists (fun e -> trained.Contains e.Digest)) then
                Refuse.domain
                    operation
                    "a loss that does not depend on any parameter that is trained"
                    "a loss of the model's outputs"
                    "check that the loss uses its second argument, the outputs, and what is frozen"

            struct (targets, outputs)

        if options.Size < 1 then
            Refuse.domain operation $"batches of %d{options.Size} rows" "1 or more" "64 or 128 is usual"

        let size = min options.Size data.Count
        let rest = if options.DropLast then 0 else data.Count % size

        /// The smallest and the largest shard of so many rows.
        let parts rows = List.distinct [ max 1 (rows / shards); (rows + shards - 1) / shards ]

        if shards = 1 then
            let whole = look size

            if rest > 0 then
                about
                    $"the last batch, of %d{rest} of %d{data.Count} rows in batches of %d{size}"
                    "choose a batch size that leaves more rows over, or drop the last batch"
                    (fun () -> look rest)
                |> ignore

            whole
        else
            for rows in parts size do
                about
                    $"a shard of %d{rows} rows, of batches of %d{size} in %d{shards} shards"
                    "make batches larger, or the shards fewer"
                    (fun () -> look rows)
                |> ignore

            for rows in (if rest > 0 then parts rest else []) do
                about
                    $"a shard of %d{rows} rows, of a last batch of %d{rest} in %d{shards} shards"
                    "choose a batch size that leaves more rows over, or drop the last batch"
                    (fun () -> look rows)
                |> ignore

            look size

    /// Refuses tensors of other names than those of training.
    let private sameNames (what: string) (training: Tree<Tensor>) (validation: Tree<Tensor>) : unit =
        let names (tree: Tree<Tensor>) = Tree.paths tree |> List.sort

        if names training <> names validation then
            let shown (tree: Tree<Tensor>) = Tree.paths tree |> String.concat ", "

            Refuse.domain
                operation
                $"a validation set with {what} named {shown validation}"
                $"{what} named {shown training}, as those of training"
                "make both sets in the same way"

    /// The first of some tensors whose rows have another shape than those of training.
    let private otherRow kind (training: Tree<Tensor>) (validation: Tree<Tensor>) =
        let tail (t: Tensor) = t.Shape.ToList().Tail

        Tree.toList validation
        |> List.tryFind (fun (path, t) -> tail t <> tail training[path])
        |> Option.map (fun (path, t) -> Trace.nameOf kind path, t, training[path])

    /// Runs the model and the loss on rows of the validation set, without computing a number.
    let validation
        (draws: bool)
        (learner: Learner)
        (start: TrainState)
        (training: Source)
        (measured: Source)
        : unit =
        // Refusals show the rows of a data set, and one row of another source.
        let shown (set: Source) =
            match set with
            | :? Dataset as all -> all
            | _ -> set.Example

        let data, validation = shown training, shown measured

        let mode =
            if draws then
                Mode.Training(Expr.variable "key" DType.I32 [ 2 ])
            else
                Mode.Inference

        let rows = min 256 measured.Count

        about "the validation set" "" (fun () ->
            sameNames "inputs" data.NamedInputs validation.NamedInputs
            sameNames "targets" data.NamedTargets validation.NamedTargets
            let otherInputs = otherRow Erased.inputs data.NamedInputs validation.NamedInputs

            match otherInputs, otherRow Erased.targets data.NamedTargets validation.NamedTargets with
            | None, Some(name, other, due) ->
                Refuse.shape
                    operation
                    $"{name} {other.DType} {other.Shape}"
                    $"rows as those of the training {name} {due.DType} {due.Shape}"
                    "make both sets in the same way"
            | _ -> ()

            let ps, ss = Trace.tree "parameters" start.Parameters, Trace.tree "state" start.State
            let inputs = Trace.setOf (ValueSome rows) Erased.inputs validation.NamedInputs

            let look () =
                InputType.explained (Tree.values ps |> List.map _.DType) inputs (fun () ->
                    Layer.apply mode ps ss learner.Network inputs)

            let outputs, _ =
                try
                    look ()
                with :? ShapeError as e ->
                    match otherInputs with
                    | Some(name, other, due) ->
                        Refuse.shape
                            e.Operation
                            $"{name} {other.DType} {other.Shape}"
                            $"rows as those of the training {name} {due.DType} {due.Shape}"
                            "make both sets in the same way"
                    | None -> reraise ()

            learner.Objective (Trace.setOf (ValueSome rows) Erased.targets validation.NamedTargets) outputs
            |> LossSums.requireScalar
            |> ignore)
