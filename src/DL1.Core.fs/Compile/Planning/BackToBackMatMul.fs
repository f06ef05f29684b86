namespace DL1.Compiler.Planning

open DL1.Compiler.Execution
open DL1.Compiler.Fusion
open DL1.Compiler.Gemm

/// Finds back-to-back matrix products among the steps of a plan, and joins each into one step: a stack of products, a
/// fused loop along the rows of their results, and a second stack of products with those rows as the left operand.
[<RequireQualifiedAccess>]
module internal BackToBackMatMul =
    /// Whether a stack of matrices is contiguous and row-major, from the beginning of its buffer.
    let private isPlain (m: MatrixBuffer) batch rows columns =
        let follows stack = m.Layout.Start stack = nativeint (stack * rows * columns)

        m.Offset = 0
        && m.Layout.Column = 1
        && (rows = 1 || m.Layout.Row = columns)
        && List.forall follows [ 0 .. batch - 1 ]

    /// Whether a fused loop reduces along the rows of a stack of matrices, where each row is an item.
    let private isAlong (loop: FusedLoopJob) batch rows columns =
        loop.Reduces
        && loop.Space.Across
        && loop.Space.Segments = 1
        && loop.Space.Items = batch * rows
        && loop.Space.Columns = columns

    /// Whether all operands of a fused loop in `buffer` are contiguous: item n begins at element n · columns.
    let private isPlainIn (loop: FusedLoopJob) buffer =
        let plain i =
            loop.Offsets[i] = 0
            && loop.Space.Along[i]
            && loop.Space.Starts[i]
               |> Array.indexed
               |> Array.forall (fun (n, s) -> s = n * loop.Space.Columns)

        [ 0 .. loop.Buffers.Length - 1 ] |> List.forall (fun i -> loop.Buffers[i] <> buffer || plain i)

    /// Joins the steps of each back-to-back product into one, at the place of the last. `results` are the buffers of the roots.
    let run (results: int[]) (steps: PlanStep[]) : PlanStep[] =
        let all, left = StepList steps, StepList steps
        let writers buffer = all.Writers buffer |> List.map fst
        let readers buffer = all.Readers buffer |> List.map fst

        /// Whether `steps'` can wait until step `until`: no other step before `until` reads or writes buffers that they write.
        let canWait (steps': int list) until =
            steps'
            |> List.collect (fun i -> List.ofArray (Array.distinct steps[i].Writes))
            |> List.forall (fun buffer ->
                readers buffer @ writers buffer
                |> List.forall (fun i -> i >= until || List.contains i steps'))

        /// Whether only these steps read a buffer, and no root is in it.
        let isOnlyFor buffer (steps': int list) =
            readers buffer |> List.forall (fun i -> List.contains i steps')
            && not (Array.contains buffer results)

        /// The index and work of the only step that writes a buffer; `None` unless it precedes step `until` and was not removed.
        let onlyWriter buffer until =
            match writers buffer with
            | [ f ] when f < until -> left[f] |> Option.map (fun step -> f, step.Work)
            | _ -> None

        /// Returns a joined step for step i as its second product, and removes the other two steps; `None` where there is none.
        let find i : PlanStep option =
            match steps[i].Work with
            | Work.Gemm second when
                second.Batch > 1 && second.K > 0 && isPlain second.A second.Batch second.M second.K
                ->
                match onlyWriter second.A.Buffer i with
                | Some(f, Work.FusedLoop loop) when
                    isAlong loop second.Batch second.M second.K && isPlainIn loop second.A.Buffer
                    ->
                    let isFirst buffer =
                        match onlyWriter buffer f with
                        | Some(p, Work.Gemm first) when
                            isPlainIn loop buffer
                            && first.C.Buffer = buffer
                            && first.Slice.IsNone
                            && struct (first.Type, first.Batch, first.M, first.N) =
                                struct (second.Type, second.Batch, second.M, second.K)
                            && first.A.Layout.Column = 1
                            && isPlain first.C first.Batch first.M first.N
                            && isOnlyFor buffer [ p; f ]
                            && canWait [ p; f ] i
                            ->
                            Some(p, first)
                        | _ -> None

                    Array.distinct steps[f].Reads
                    |> Array.tryPick isFirst
                    |> Option.map (fun (p, first) ->
                        let hidesRows = isOnlyFor second.A.Buffer [ f; i ]
                        let job = { First = first; Rows = loop; Second = second; HidesRows = hidesRows }
                        let own = [ steps[p]; steps[f]; steps[i] ]

                        let shown (buffers: PlanStep -> int[]) =
                            own
                            |> Seq.collect buffers
                            |> Seq.distinct
                            |> Seq.toArray
                            |> Array.filter (fun buffer ->
                                buffer <> first.C.Buffer && not (hidesRows && buffer = second.A.Buffer))

                        left[p] <- None
                        left[f] <- None

                        {
                            Work = Work.BackToBack(job, own)
                            Group = steps[i].Group
                            Reads = shown _.Reads
                            Writes = shown _.Writes
                        })
                | _ -> None
            | _ -> None

        for i in 0 .. steps.Length - 1 do
            find i |> Option.iter (fun job -> left[i] <- Some job)

        left.Left
