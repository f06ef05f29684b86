namespace DL1.Compiler.Planning

open DL1
open DL1.Compiler.Execution
open DL1.Compiler.Fusion
open DL1.Compiler.Lowering

/// Removes copies between layouts around convolutions, which then read or write channels first themselves, block by block: a
/// copy to channels last that only convolutions read, and a copy to channels first that alone reads the result of a convolution.
[<RequireQualifiedAccess>]
module internal FoldLayoutCopies =
    /// Whether a copy with result `shape` reads the whole of a contiguous value of shape `source`, with its axes permuted.
    let private permutes (permutation: int list) (r: StridedView) (source: Shape) (shape: Shape) =
        shape.Rank > 2
        && r.Offset = 0
        && source.Rank = shape.Rank
        && permutation
           |> List.indexed
           |> List.forall (fun (axis, from) ->
               shape[axis] = source[from] && (shape[axis] = 1 || r.Strides[axis] = source.Strides[from]))

    /// Whether a copy with result `shape` moves channels last, from contiguous data `[n; c; spatial...]`.
    let private putsLast (r: StridedView) (shape: Shape) =
        let rank = shape.Rank

        rank > 2
        && (let first = Shape.ofList [ for axis in ChannelsLast.lastToFirst rank -> shape[axis] ]
            permutes (ChannelsLast.firstToLast rank) r first shape)

    /// The indices of a convolution's operands that are images, not weights.
    let private data (job: ChannelsLastJob) =
        match job.Node.Node with
        | Node.Conv(ConvRole.WeightGrad _, _, _, _) -> [ 0; 1 ]
        | Node.Conv _ -> [ 0 ]
        | _ -> []

    /// Whether a job is a convolution that reads this buffer only as images.
    let private isData (job: ChannelsLastJob) buffer =
        let operands = data job

        not operands.IsEmpty
        && Array.indexed job.Operands |> Array.forall (fun (i, p) -> p <> buffer || List.contains i operands)

    /// Returns the job with `source`, a buffer that has channels first, in the place of the operand `buffer`.
    let private readingFirst (job: ChannelsLastJob) buffer source =
        let isHere i = i < job.Operands.Length && job.Operands[i] = buffer

        { job with
            Operands = job.Operands |> Array.map (fun p -> if p = buffer then source else p)
            ChannelsFirst =
                { job.ChannelsFirst with
                    Left = job.ChannelsFirst.Left || isHere 0
                    Right = job.ChannelsFirst.Right || isHere 1
                }
        }

    /// Returns the job with its result written to the buffer `target`, channels first.
    let private writingFirst (job: ChannelsLastJob) target =
        let epilogue (f: EpilogueJob) = { f with Buffers = f.Exchange(job.Result, target, f.Buffers) }

        { job with
            Result = target
            ChannelsFirst = { job.ChannelsFirst with Result = true }
            Epilogue = Option.map epilogue job.Epilogue
        }

    /// Removes copies that convolutions do themselves. `values` has the node of each buffer, `results` the buffers of the roots.
    let run (values: Expr[]) (results: int[]) (steps: PlanStep[]) : PlanStep[] =
        let left = StepList steps

        let replace i (step: PlanStep) job buffer other =
            left[i] <- Some(step.Redirect(Work.Channels job, buffer, other))

        for i in 0 .. steps.Length - 1 do
            match steps[i].Work with
            | Work.Copy(r, _, shape, source, target) when not (Array.contains target results) ->
                // An epilogue that reads the images itself needs them with channels last.
                let jobs =
                    left.Readers target
                    |> List.map (fun (at, step) ->
                        match step.Work with
                        | Work.Channels job when
                            isData job target
                            && job.Epilogue |> Option.forall (fun f -> not (Array.contains target f.Buffers))
                            ->
                            Some(at, step, job)
                        | _ -> None)

                if putsLast r shape && List.forall Option.isSome jobs && (left.Writers target).Length = 1 then
                    left[i] <- None

                    for at, step, job in List.choose id jobs do
                        replace at step (readingFirst job target source) target source
            | _ -> ()

        for i in 0 .. steps.Length - 1 do
            match left[i] with
            | Some { Work = Work.Copy(r, _, shape, source, target) } when not (Array.contains source results) ->
                match
                    left.Writers source,
                    left.Readers source
                    |> List.filter (fun (at, step) -> at <> i && not (Array.contains source step.Writes))
                with
                | [ at, ({ Work = Work.Channels job } as step) ], [] when
                    job.Result = source
                    && data job = [ 0 ]
                    && permutes (ChannelsLast.lastToFirst shape.Rank) r values[source].Shape shape
                    ->
                    left[i] <- None
                    replace at step (writingFirst job target) source target
                | _ -> ()
            | _ -> ()

        left.Left
