namespace DL1

open System
open System.IO

/// What can be told to be wrong before the first step of a training.
[<RequireQualifiedAccess>]
module internal FitChecks =
    let private operation = "Fit.run"

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
    let rows (operation: string) (batch: BatchOptions) (data: Dataset) : unit =
        if data.Count = 0 then
            Refuse.domain operation "no rows" "one at least" "check how the data were split"

        if batch.DropLast && data.Count < batch.Size then
            Refuse.domain
                operation
                $"%d{data.Count} rows in batches of %d{batch.Size}, the last one dropped"
                "one whole batch at least"
                "make batches smaller, or keep the last"

    /// Refuses options and data that cannot be trained with.
    let options (options: FitOptions) (data: Dataset) : unit =
        if options.Epochs < 0 then
            Refuse.domain operation $"%d{options.Epochs} epochs" "0 or more" "10 is a start"

        rows operation options.Batch data

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
        Option.iter saving options.Saving

    let private variable name (rows: int) (t: Tensor) : Expr =
        Expr.variable name t.DType (rows :: t.Shape.ToList().Tail)

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
        (learner: Learner)
        (start: TrainState)
        (data: Dataset)
        : struct (Expr * Expr) =
        let ps, ss = Trace.tree "parameters" start.Parameters, Trace.tree "state" start.State
        let key = Expr.variable "key" DType.I32 [ 2 ]

        let look rows =
            let target = variable "targets" rows data.Targets

            let struct (output, _, loss) =
                Step.forward learner ps ss key (variable "inputs" rows data.Inputs) target

            let trained = Tree.filter learner.Trains ps |> Tree.values |> List.map _.Digest |> set

            if not (Graph.topological [ loss ] |> Array.exists (fun e -> trained.Contains e.Digest)) then
                Refuse.domain
                    operation
                    "a loss that does not depend on any parameter that is trained"
                    "a loss of the model's outputs"
                    "check that the loss uses its second argument, the outputs, and what is frozen"

            struct (target, output)

        if options.Size < 1 then
            Refuse.domain operation $"batches of %d{options.Size} rows" "1 or more" "64 or 128 is usual"

        let size = min options.Size data.Count
        let whole = look size
        let rest = data.Count % size

        if rest > 0 && not options.DropLast then
            about
                $"the last batch, of %d{rest} of %d{data.Count} rows in batches of %d{size}"
                "choose a batch size that leaves more rows over, or drop the last batch"
                (fun () -> look rest)
            |> ignore

        whole

    /// Runs the model and the loss on rows of the validation set, without computing a number.
    let validation (learner: Learner) (start: TrainState) (data: Dataset) (validation: Dataset) : unit =
        let tail (t: Tensor) = t.Shape.ToList().Tail
        let rows = min 256 validation.Count

        about "the validation set" "" (fun () ->
            if tail validation.Inputs = tail data.Inputs && tail validation.Targets <> tail data.Targets then
                Refuse.shape
                    operation
                    $"targets {validation.Targets.DType} {validation.Targets.Shape}"
                    $"rows as those of the training targets {data.Targets.DType} {data.Targets.Shape}"
                    "make both sets in the same way"

            let ps, ss = Trace.tree "parameters" start.Parameters, Trace.tree "state" start.State
            let x = variable "inputs" rows validation.Inputs

            let look () =
                InputType.explained (Tree.values ps |> List.map _.DType) x (fun () ->
                    Layer.apply Mode.Inference ps ss learner.Model x)

            let output, _ =
                try
                    look ()
                with :? ShapeError as e when tail validation.Inputs <> tail data.Inputs ->
                    Refuse.shape
                        e.Operation
                        $"inputs {validation.Inputs.DType} {validation.Inputs.Shape}"
                        $"rows as those of the training inputs {data.Inputs.DType} {data.Inputs.Shape}"
                        "make both sets in the same way"

            learner.Loss (variable "targets" rows validation.Targets) output
            |> LossSums.requireScalar
            |> ignore)
