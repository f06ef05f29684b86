namespace DL1.Compiler.Execution

open FSharp.NativeInterop
open DL1
open DL1.Compiler.Planning
open DL1.Compiler.Runtime

#nowarn "9" // Operands are unchecked addresses; the plan guarantees their extents.

/// Runs a fused loop as tasks of several items each. A loop of one item without reductions is cut into ranges of
/// segments, or, if it has one segment, of columns. The cut depends on the size alone.
[<Sealed>]
type internal FusedLoopKernel(frame: Frame, work: FusedLoopJob) =
    inherit Kernel()

    /// Columns are cut at multiples of this, and random words are drawn for at most this many columns at once.
    [<Literal>]
    let Stretch = 2048

    let space = work.Space
    let items = LoopItems(frame, work)

    let cutsSegments = work.Items = 1 && not work.Folds && space.Segments > 1
    let cutsColumns = work.Items = 1 && not work.Folds && space.Segments = 1

    /// Whether the random words of consecutive segments are contiguous in their stream.
    let drawsWhole =
        work.Streams
        |> Seq.indexed
        |> Seq.forall (fun (i, stream) -> stream < 0 || space.SegmentStrides[i] = space.Columns)

    let units =
        if cutsSegments then space.Segments
        elif cutsColumns then (space.Columns + Stretch - 1) / Stretch
        else work.Items

    let parts = int (max 1L (min (int64 units) (work.Work / frame.Grain)))
    let mutable part: (int -> unit) | null = null

    /// Runs a range of segments and columns of an item. Random words are drawn before each call of the body: for a
    /// block of columns of one segment, or for several short segments.
    member private _.Drawn(block, item, firstSegment, lastSegment, firstColumn, lastColumn, own) =
        let run = if work.Folds then lastColumn - firstColumn else Stretch
        // Short rows whose words are contiguous are drawn and computed together.
        let lines = if drawsWhole then max 1 (Stretch / max 1 space.Columns) else 1
        let mutable segment = firstSegment

        while segment < lastSegment do
            let segments = min lines (lastSegment - segment)
            let mutable column = firstColumn

            while column < lastColumn do
                let columns = min run (lastColumn - column)
                items.Point(block, item, segment, column, own)
                items.Draw(block, item, segment, column, segments * columns)
                work.Body.Invoke(NativePtr.toNativeInt block, nativeint segments, nativeint columns, 0n)
                column <- column + columns

            segment <- segment + segments

    /// Runs task `number`.
    member private this.Part number =
        let first = int (int64 units * int64 number / int64 parts)
        let last = int (int64 units * int64 (number + 1) / int64 parts)
        let block = NativePtr.stackalloc<nativeint> items.BlockLength

        let own =
            if items.RoomBytes > 0 then
                Scratch.Get(ScratchSlot.Spill, items.RoomBytes)
            else
                0n

        if cutsSegments || cutsColumns then
            let firstSegment, lastSegment = if cutsSegments then first, last else 0, space.Segments

            let firstColumn, lastColumn =
                if cutsColumns then
                    first * Stretch, min space.Columns (last * Stretch)
                else
                    0, space.Columns

            if items.Draws then
                this.Drawn(block, 0, firstSegment, lastSegment, firstColumn, lastColumn, own)
            else
                items.Point(block, 0, firstSegment, firstColumn, own)

                work.Body.Invoke(
                    NativePtr.toNativeInt block,
                    nativeint (lastSegment - firstSegment),
                    nativeint (lastColumn - firstColumn),
                    0n
                )
        else
            for item in first .. last - 1 do
                if items.Draws then
                    this.Drawn(block, item, 0, space.Segments, 0, space.Columns, own)
                else
                    items.Point(block, item, 0, 0, own)
                    let columns = nativeint (items.ColumnsOf item)
                    work.Body.Invoke(NativePtr.toNativeInt block, nativeint space.Segments, columns, 0n)

    override this.Run() =
        items.Find()

        let body =
            match part with
            | null ->
                let body = fun number -> this.Part number
                part <- body
                body
            | body -> body

        WorkerPool.runOn frame.Threads parts body
