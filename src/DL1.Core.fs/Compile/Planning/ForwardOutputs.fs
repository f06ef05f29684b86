namespace DL1.Compiler.Planning

open DL1
open DL1.Pattern
open DL1.Compiler.Execution
open DL1.Compiler.Fusion
open DL1.Compiler.Gemm

/// Lets matrix products write their results into the target of the copy or concatenation that reads them, and convolutions into
/// the target of a concatenation of channels. The copy or concatenation is then removed.
[<RequireQualifiedAccess>]
module internal ForwardOutputs =
    /// One axis of a map between offsets, in elements, in two buffers. A list of digits, innermost first, maps the source offset
    /// Σ dₖ·Strideₖ to the target offset Σ dₖ·Targetₖ, for 0 ≤ dₖ < Extentₖ, and covers each element of the source once.
    [<Struct>]
    type private Digit = { Extent: int; Stride: int; Target: int }

    /// The digits of a copy; `None` unless it reads each element of its source exactly once.
    let private ofCopy (r: StridedView) (source: Shape) (shape: Shape) : Digit list option =
        let targets = shape.Strides

        let digits =
            [
                for axis in 0 .. shape.Rank - 1 do
                    if shape[axis] <> 1 then
                        { Extent = shape[axis]; Stride = r.Strides[axis]; Target = targets[axis] }
            ]
            |> List.sortBy _.Stride

        let isOnce = (1, digits) ||> List.fold (fun next d -> if d.Stride = next then next * d.Extent else -1)

        if r.Offset = 0 && isOnce = source.Size && shape.Size = source.Size then
            Some digits
        else
            None

    /// For an operand of a concatenation along `axis`, its digits and the offset of its first element in the result `whole`.
    /// `before` is the extent along `axis` of all operands before it.
    let private ofConcat (axis: int) (whole: Shape) (before: int) (operand: Shape) : Digit list * int =
        let inner = whole.Strides[axis]
        let width = operand[axis] * inner
        let outer = { Extent = operand.Size / width; Stride = width; Target = whole[axis] * inner }
        [ { Extent = width; Stride = 1; Target = 1 }; outer ], before * inner

    /// Where the elements at source offsets `step` · i, 0 ≤ i < `extent`, lie in the target: the loops that visit them there, as
    /// (extent, stride in elements), innermost first. `None` where the digits allow no such loops.
    let private runs (digits: Digit list) (extent: int, step: int) : (int * int) list option =
        let rec go extent step =
            if extent = 1 then
                Some []
            else
                match digits |> List.tryFind (fun d -> step >= d.Stride && step < d.Stride * d.Extent) with
                | Some d when step % d.Stride = 0 ->
                    let count = d.Stride * d.Extent / step
                    let stride = step / d.Stride * d.Target

                    if extent <= count then
                        Some [ extent, stride ]
                    elif d.Stride * d.Extent % step = 0 && extent % count = 0 then
                        go (extent / count) (step * count) |> Option.map (fun rest -> (count, stride) :: rest)
                    else
                        None
                | _ -> None

        /// Merges neighbouring loops that one loop with one stride can replace.
        let rec merged list =
            match list with
            | (a, s) :: (b, t) :: rest when t = s * a -> merged ((a * b, s) :: rest)
            | run :: rest -> run :: merged rest
            | [] -> []

        go extent step |> Option.map merged

    /// Returns the job with its result in the buffer `target`, mapped by the digits, from element `start` on. `None` where a
    /// `MatrixView` cannot express that: its rows are contiguous, and a stack has at most two strides.
    let private moved (digits: Digit list) (start: int) (target: int) (job: GemmJob) : GemmJob option =
        let c = job.C.Layout
        let inner = if c.Inner = 0 then job.Batch else c.Inner

        /// The stride of an axis in the target, 0 where its extent is 1; `None` where it needs more than one.
        let stride axis =
            match runs digits axis with
            | Some [] -> Some 0
            | Some [ _, stride ] -> Some stride
            | _ -> None

        let stack =
            match runs digits (inner, c.Batch), runs digits (job.Batch / inner, c.Outer) with
            | Some a, Some b ->
                match a @ b with
                | [] -> Some { c with Batch = 0; Inner = 0; Outer = 0 }
                | [ _, stride ] -> Some { c with Batch = stride; Inner = 0; Outer = 0 }
                | [ extent, stride; _, outer ] ->
                    Some { c with Batch = stride; Inner = extent; Outer = outer }
                | _ -> None
            | _ -> None

        match stride (job.N, 1), stride (job.M, c.Row), stack with
        | Some column, Some row, Some layout when job.C.Offset = 0 && (job.N = 1 || column = 1) ->
            let layout = { layout with Row = row }
            let starts = Array.init job.Batch (fun stack -> int (layout.Start stack))

            let epilogue (f: EpilogueJob) =
                { f with
                    Starts = f.Exchange(job.C.Buffer, starts, f.Starts)
                    Rows = f.Exchange(job.C.Buffer, row, f.Rows)
                    Offsets = f.Exchange(job.C.Buffer, start, f.Offsets)
                    Buffers = f.Exchange(job.C.Buffer, target, f.Buffers)
                }

            Some
                { job with
                    C = { Buffer = target; Offset = start; Layout = layout }
                    Epilogue = Option.map epilogue job.Epilogue
                }
        | _ -> None

    /// Returns a convolution that writes its result as channels of `target`, which has `all` channels, from channel `first` on.
    let private sliced (value: Expr) (first: int) (all: int) (target: int) (job: ChannelsLastJob) =
        let epilogue (f: EpilogueJob) =
            { f with
                Rows = f.Exchange(job.Result, all, f.Rows)
                Buffers = f.Exchange(job.Result, target, f.Buffers)
            }

        { job with
            Result = target
            Slice = Some { Value = value; First = first; All = all }
            Epilogue = Option.map epilogue job.Epilogue
        }

    /// Removes copies and concatenations whose operands are written to their target directly. `values` has the node of each
    /// buffer, `results` the buffers of the roots.
    let run (values: Expr[]) (results: int[]) (steps: PlanStep[]) : PlanStep[] =
        let left = StepList steps

        /// The index and the work of the only step that writes a buffer; `None` where several steps write it, where a root is in
        /// it, or where the steps that read it, apart from its writer, are not `reader` alone.
        let onlyWriter reader buffer =
            match left.Writers buffer with
            | [ writer, step ] when
                List.except [ writer ] (left.Readers buffer |> List.map fst) = [ reader ]
                && not (Array.contains buffer results)
                ->
                Some(writer, step.Work)
            | _ -> None

        /// For the buffer of an operand of step i, the concatenation `e` along `axis`: the buffer, the index of its writer, and
        /// the work that writes it to the buffer `target` directly, from index `before` of `axis` on; `None` where no work can.
        let part i axis (e: Expr) target buffer (operand: Expr) before =
            match onlyWriter i buffer with
            | Some(writer, Work.Gemm job) when job.C.Buffer = buffer ->
                let digits, start = ofConcat axis e.Shape before operand.Shape

                moved digits start target job
                |> Option.map (fun job -> buffer, writer, Work.Gemm { job with Slice = Some operand })
            | Some(writer, Work.Channels job) when
                job.Result = buffer
                && axis = e.Shape.Rank - 1
                && operand.Shape[axis] = job.Node.Shape[1]
                && not job.ChannelsFirst.Result
                ->
                match job.Node.Node with
                | Node.Conv((ConvRole.Forward | ConvRole.InputGrad _), _, _, _) ->
                    Some(buffer, writer, Work.Channels(sliced operand before e.Shape[axis] target job))
                | _ -> None
            | _ -> None

        /// Gives the step `writer` this work, with `target` in the place of `buffer`.
        let redirect writer work buffer target =
            left[writer] <- left[writer] |> Option.map _.Redirect(work, buffer, target)

        for i in 0 .. steps.Length - 1 do
            match steps[i].Work with
            | Work.Copy(r, _, shape, read, write) ->
                match onlyWriter i read, ofCopy r values[read].Shape shape with
                | Some(writer, Work.Gemm job), Some digits when job.C.Buffer = read ->
                    moved digits 0 write job
                    |> Option.iter (fun job ->
                        left[i] <- None
                        redirect writer (Work.Gemm job) read write)
                | _ -> ()
            | Work.Static((Form(Node.Concat(axis, operands)) as e), reads, write) when
                (Array.distinct reads).Length = reads.Length
                && operands |> List.forall (fun o -> o.Shape.Size > 0)
                ->
                let begins = (0, operands) ||> List.scan (fun at o -> at + o.Shape[axis])

                let all =
                    List.zip3 (List.ofArray reads) operands (List.take operands.Length begins)
                    |> List.map (fun (buffer, operand, before) -> part i axis e write buffer operand before)

                if List.forall Option.isSome all then
                    left[i] <- None

                    for buffer, writer, work in List.choose id all do
                        redirect writer work buffer write
            | _ -> ()

        left.Left
