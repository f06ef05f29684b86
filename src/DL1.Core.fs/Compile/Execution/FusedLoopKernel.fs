namespace DL1.Compiler.Execution

open DL1.Compiler
open DL1.Compiler.Simd

/// Runs a fused loop as tasks of several items each. A loop of one item without reductions is cut into ranges of
/// segments, or, if it has one segment, of columns. The cut depends on the size alone.
[<Sealed>]
type internal FusedLoopKernel(frame: Frame, work: FusedLoopJob) =
    inherit TaskKernel()

    let space = work.Space
    let items = LoopItems(frame, work)

    let splitsSegments = work.Items = 1 && not work.Reduces && space.Segments > 1
    let splitsColumns = work.Items = 1 && not work.Reduces && space.Segments = 1

    /// Whether the random words of consecutive segments are contiguous in their stream.
    let drawsWhole =
        work.Streams
        |> Seq.indexed
        |> Seq.forall (fun (i, stream) -> stream < 0 || space.SegmentStrides[i] = space.Columns)

    let units =
        if splitsSegments then
            space.Segments
        elif splitsColumns then
            (space.Columns + Tuning.ColumnChunk - 1) / Tuning.ColumnChunk
        else
            work.Items

    let tasks = int (max 1L (min (int64 units) (work.Work / frame.Grain)))

    /// Runs a range of segments and columns of an item. Random words are drawn before each call of the body: for columns of one
    /// segment (all of them, if the loop reduces), or for several short segments.
    member private _.RunRange(block, item, firstSegment, lastSegment, firstColumn, lastColumn, spills) =
        let run =
            if items.Draws && not work.Reduces then
                Tuning.ColumnChunk
            else
                lastColumn - firstColumn

        // Short rows whose words are contiguous are drawn and computed together.
        let rows =
            if not items.Draws then lastSegment - firstSegment
            elif drawsWhole then max 1 (Tuning.ColumnChunk / max 1 space.Columns)
            else 1

        let mutable segment = firstSegment

        while segment < lastSegment do
            let segments = min rows (lastSegment - segment)
            let mutable column = firstColumn

            while column < lastColumn do
                let columns = min run (lastColumn - column)
                items.SetOperands(block, item, segment, column, spills)

                if items.Draws then
                    items.Draw(block, item, segment, column, segments * columns)

                work.Body.Invoke(block, nativeint segments, nativeint columns, 0n)
                column <- column + columns

            segment <- segment + segments

    /// Runs task `number`.
    override this.Task number =
        let first = int (int64 units * int64 number / int64 tasks)
        let last = int (int64 units * int64 (number + 1) / int64 tasks)
        let block = At.stack<nativeint> items.BlockLength
        let spills = items.SpillMemory()

        if splitsSegments then
            this.RunRange(block, 0, first, last, 0, space.Columns, spills)
        elif splitsColumns then
            let column, until = first * Tuning.ColumnChunk, min space.Columns (last * Tuning.ColumnChunk)
            this.RunRange(block, 0, 0, space.Segments, column, until, spills)
        else
            for item in first .. last - 1 do
                this.RunRange(block, item, 0, space.Segments, 0, items.ColumnsOf item, spills)

    override this.Run() =
        items.ReadAddresses()
        this.RunTasks(frame.Threads, tasks)
