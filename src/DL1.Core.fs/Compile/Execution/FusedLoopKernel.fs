namespace DL1.Compiler.Execution

open FSharp.NativeInterop
open DL1
open DL1.Compiler.Planning
open DL1.Compiler.Runtime

#nowarn "9" // Operands are addresses; the plan answers for their extents.

/// Runs a pass in parts, cut by its size alone: items, or where nothing is folded, segments or columns of the only one.
[<Sealed>]
type internal FusedLoopKernel(frame: Frame, work: FusedLoopJob) =
    inherit Kernel()

    /// Columns that are cut, and drawn, at once.
    [<Literal>]
    let Stretch = 2048

    let space = work.Space
    let items = LoopItems(frame, work)

    let cutsSegments = work.Items = 1 && not work.Folds && space.Segments > 1
    let cutsColumns = work.Items = 1 && not work.Folds && space.Segments = 1

    /// Whether the words that are drawn for all segments of an item follow one another.
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

    /// Some segments and columns of an item whose words are drawn first, line by line.
    member private _.Drawn(block, item, firstSegment, lastSegment, firstColumn, lastColumn, own) =
        let run = if work.Folds then lastColumn - firstColumn else Stretch
        // Short lines whose words follow one another go together.
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
