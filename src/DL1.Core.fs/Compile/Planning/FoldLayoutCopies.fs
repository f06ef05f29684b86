namespace DL1.Compiler.Planning

open DL1
open DL1.Compiler.Execution
open DL1.Compiler.Fusion

/// Convolutions that read and write data with channels first, as it stands in the graph, where a copy would put channels
/// last for them alone.
[<RequireQualifiedAccess>]
module internal FoldLayoutCopies =
    /// Whether a copy puts channels last, of data `[n; c; spatial...]` that stands row by row.
    let private putsLast (r: StridedView) (shape: Shape) =
        let rank = shape.Rank

        rank > 2
        && r.Offset = 0
        && (let first = Shape.ofList (shape[0] :: shape[rank - 1] :: [ for i in 1 .. rank - 2 -> shape[i] ])

            Seq.forall
                (fun axis ->
                    let from =
                        if axis = 0 then 0
                        elif axis = rank - 1 then 1
                        else axis + 1

                    shape[axis] = 1 || r.Strides[axis] = first.Strides[from])
                (seq { 0 .. rank - 1 }))

    /// Whether a copy puts channels first, of a whole value that has them last.
    let private putsFirst (r: StridedView) (source: Shape) (shape: Shape) =
        let rank = shape.Rank

        rank > 2
        && r.Offset = 0
        && source.Rank = rank
        && source.Size = shape.Size
        && Seq.forall
            (fun axis ->
                let from =
                    if axis = 0 then 0
                    elif axis = 1 then rank - 1
                    else axis - 1

                shape[axis] = source[from] && (shape[axis] = 1 || r.Strides[axis] = source.Strides[from]))
            (seq { 0 .. rank - 1 })

    /// The operands of a convolution that are data.
    let private data (job: ChannelsLastJob) =
        match job.Node.Node with
        | Node.Conv(ConvRole.WeightGrad _, _, _, _) -> [ 0; 1 ]
        | Node.Conv _ -> [ 0 ]
        | _ -> []

    let private isData (job: ChannelsLastJob) place =
        let operands = data job

        not operands.IsEmpty
        && Array.indexed job.Operands |> Array.forall (fun (i, p) -> p <> place || List.contains i operands)

    /// A job that reads from one place, channels first, what stood in another.
    let private reading (job: ChannelsLastJob) place source =
        let isHere i = i < job.Operands.Length && job.Operands[i] = place

        { job with
            Operands = job.Operands |> Array.map (fun p -> if p = place then source else p)
            First = { job.First with Left = job.First.Left || isHere 0; Right = job.First.Right || isHere 1 }
        }

    /// A job that writes to another place, channels first.
    let private writing (job: ChannelsLastJob) target =
        let finish (f: EpilogueJob) =
            { f with Places = f.Places |> Array.map (fun p -> if p = job.Result then target else p) }

        { job with
            Result = target
            First = { job.First with Result = true }
            Finish = Option.map finish job.Finish
        }

    /// A step's job, and a place for another.
    let private moved (step: PlanStep) job place other =
        let places = Array.map (fun p -> if p = place then other else p)

        { step with
            Work = Work.Channels job
            Reads = places step.Reads
            Writes = places step.Writes
        }

    /// The steps that are left.
    let run (values: Expr[]) (results: int[]) (steps: PlanStep[]) : PlanStep[] =
        let left = Array.map Some steps

        let all which place =
            [
                for i in 0 .. steps.Length - 1 do
                    match left[i] with
                    | Some step when Array.contains place (which step) -> i, step
                    | Some _
                    | None -> ()
            ]

        let readers, writers = all _.Reads, all _.Writes

        let replace i (step: PlanStep) job place other = left[i] <- Some(moved step job place other)

        for i in 0 .. steps.Length - 1 do
            match steps[i].Work with
            | Work.Copy(r, _, shape, source, target) when not (Array.contains target results) ->
                // A finish that reads the data reads it as it stands.
                let jobs =
                    readers target
                    |> List.map (fun (at, step) ->
                        match step.Work with
                        | Work.Channels job when
                            isData job target
                            && job.Finish |> Option.forall (fun f -> not (Array.contains target f.Places))
                            ->
                            Some(at, step, job)
                        | _ -> None)

                if putsLast r shape && List.forall Option.isSome jobs && (writers target).Length = 1 then
                    left[i] <- None

                    for at, step, job in List.choose id jobs do
                        replace at step (reading job target source) target source
            | _ -> ()

        for i in 0 .. steps.Length - 1 do
            match left[i] with
            | Some { Work = Work.Copy(r, _, shape, source, target) } when not (Array.contains source results) ->
                match
                    writers source,
                    readers source
                    |> List.filter (fun (at, step) -> at <> i && not (Array.contains source step.Writes))
                with
                | [ at, ({ Work = Work.Channels job } as step) ], [] when
                    job.Result = source && (data job = [ 0 ]) && putsFirst r values[source].Shape shape
                    ->
                    left[i] <- None
                    replace at step (writing job target) source target
                | _ -> ()
            | Some _
            | None -> ()

        Array.choose id left
