namespace DL1.Compiler.Execution

open DL1
open DL1.Compiler
open DL1.Compiler.FusedLoop
open DL1.Compiler.Interpret
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// Runs a fused loop that reduces much data to few results. Threads share its few items stage by stage: each takes a
/// slice of the segments or columns of an item, and the partial results of a stage are then combined in the order of
/// the slices. Slices are cut by size alone, and the compiled code is the same that runs whole items.
[<Sealed>]
type internal SplitReductionKernel(frame: Frame, work: FusedLoopJob) =
    inherit TaskKernel()

    let space = work.Space
    let plan = Stages.plan work.Loop
    let items = LoopItems(frame, work)
    let single = work.Loop.Type = DType.F32
    let reductions = plan.Stages |> Array.sumBy _.Reductions.Length
    let mostReductions = plan.Stages |> Array.fold (fun most stage -> max most stage.Reductions.Length) 0
    let storesInvariant = plan.Stages |> Array.exists (fun stage -> stage.InvariantStores.Length > 0)

    /// Whether slices cut columns rather than segments: where an item has few long rows, and no stage stores a value for
    /// each segment, which every slice of the row would write.
    let splitsColumns =
        space.Across
        && space.Columns > Tuning.ColumnChunk
        && space.Columns / Tuning.ColumnChunk >= space.Segments
        && plan.Stages |> Array.forall (fun stage -> stage.SegmentStores.Length = 0)

    let units =
        if splitsColumns then
            (space.Columns + Tuning.ColumnChunk - 1) / Tuning.ColumnChunk
        else
            space.Segments

    let slices =
        work.Work / (int64 work.Items * frame.Grain)
        |> min Tuning.ReductionSlices
        |> min (int64 units)
        |> max 1L
        |> int

    let mutable stage = 0
    let mutable known, totals = 0n, 0n
    /// The spill memory of all items.
    let spills = Block.Kept(int64 work.Items * int64 items.SpillBytes)

    let before = plan.Stages |> Array.scan (fun count stage -> count + stage.Reductions.Length) 0
    /// The address of an item's results of finished stages: 64 bytes for each reduction, in the order of the stages.
    let knownOf item = known + nativeint (item * reductions * 64)

    /// The address of a slice's partial results in the current stage.
    let totalsOf slice item =
        totals + nativeint ((slice * work.Items + item) * plan.Stages[stage].Reductions.Length * 64)

    /// Whether this kernel runs a fused loop: a reduction with few items, and work for at least 4 tasks, 2 or more an item.
    static member Suits(frame: Frame, work: FusedLoopJob) =
        work.Reduces
        && work.Items < Tuning.FewItems
        && work.Work >= frame.Grain * max 4L (2L * int64 work.Items)

    /// Runs the current stage over some segments and columns of an item, and writes its partial results to address `totals`.
    member private _.RunSlice(item, firstSegment, segments, firstColumn, columns, totals) =
        let block = At.stack<nativeint> items.BlockLength
        let request = At.stack<SplitReduction> 1

        let own = spills.Address + nativeint item * nativeint items.SpillBytes
        items.SetOperands(block, item, firstSegment, firstColumn, own)

        if items.Draws && stage < plan.Stages.Length then
            items.Draw(block, item, firstSegment, firstColumn, columns)

        At.write request { Stage = nativeint stage; Known = knownOf item; Totals = totals }
        work.Body.Invoke(block, nativeint segments, nativeint columns, request)

    /// Runs task `number`: one slice of one item. Consecutive tasks are the same slice of consecutive items.
    override this.Task number =
        let slice, item = number / work.Items, number % work.Items
        let first = int (int64 units * int64 slice / int64 slices)
        let last = int (int64 units * int64 (slice + 1) / int64 slices)
        let totals = totalsOf slice item

        if splitsColumns then
            let column = first * Tuning.ColumnChunk
            let columns = min space.Columns (last * Tuning.ColumnChunk) - column
            this.RunSlice(item, 0, space.Segments, column, columns, totals)
        else
            this.RunSlice(item, first, last - first, 0, items.ColumnsOf item, totals)

    /// Combines the partial results of all slices in the current stage, in the order of the slices.
    member private _.Gather() =
        let reductions = plan.Stages[stage].Reductions

        for item in 0 .. work.Items - 1 do
            for i in 0 .. reductions.Length - 1 do
                let struct (_, op, x) = reductions[i]
                let target = knownOf item + nativeint ((before[stage] + i) * 64)
                LoopMemory.Copy(totalsOf 0 item + nativeint (64 * i), target, 64)

                for slice in 1 .. slices - 1 do
                    let partial = totalsOf slice item + nativeint (64 * i)
                    InterpretReduce.combine single plan.Kinds[x] op 1 partial target

    override _.KeptBytes = spills.Bytes

    override this.Run() =
        items.ReadAddresses()

        known <-
            Scratch.Get(ScratchSlot.PartialResults, 64 * work.Items * (reductions + slices * mostReductions))

        totals <- known + nativeint (64 * work.Items * reductions)

        for number in 0 .. plan.Stages.Length - 1 do
            stage <- number

            if plan.Stages[number].Loops then
                this.RunTasks(frame.Threads, slices * work.Items)
                this.Gather()

        stage <- plan.Stages.Length

        if storesInvariant then
            for item in 0 .. work.Items - 1 do
                this.RunSlice(item, 0, space.Segments, 0, items.ColumnsOf item, 0n)

        spills.Hold()
