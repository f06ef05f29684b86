namespace DL1

open FSharp.NativeInterop

#nowarn "9" // Operands are addresses; the plan answers for their extents.

/// A pass over a space, with the places of its operands.
[<NoEquality; NoComparison>]
type internal PassJob =
    {
        Pass: Pass
        Body: PassBody
        Space: Space
        /// Whether it folds anything.
        Folds: bool
        /// What an element costs; 1 where it is hardly more than moved.
        Weight: int
        /// Bytes of each operand's elements.
        Sizes: int[]
        /// The place of each operand; that of the key, where random words are drawn.
        Places: int[]
        /// Elements from the beginning of its place, for each operand.
        Offsets: int[]
        /// The stream of an operand that is drawn; −1 for the others.
        Streams: int[]
        /// Which operands are rooms of the thread's own.
        Rooms: bool[]
        /// The columns of a block, where folds go downward.
        Block: int
    }

/// Runs a pass in parts, cut by its size alone.
[<Sealed>]
type internal PassKernel(frame: Frame, work: PassJob) =
    inherit Kernel()

    /// A part is some ten microseconds of work: so many elements that are moved.
    [<Literal>]
    let Grain = 16384L

    /// Columns that are cut, and drawn, at once.
    [<Literal>]
    let Stretch = 2048

    let space = work.Space
    let count = work.Places.Length
    let draws = work.Streams |> Array.exists (fun stream -> stream >= 0)
    let blocks = if space.Across then 1 else (space.Columns + work.Block - 1) / work.Block
    let items = space.Items * blocks

    /// The loop that is cut: items; or the segments or columns of the only item, where nothing is folded.
    let cutsSegments = items = 1 && not work.Folds && space.Segments > 1
    let cutsColumns = items = 1 && not work.Folds && space.Segments = 1

    let units =
        if cutsSegments then space.Segments
        elif cutsColumns then (space.Columns + Stretch - 1) / Stretch
        else items

    let parts =
        let points = int64 space.Items * int64 space.Segments * int64 space.Columns
        int (max 1L (min (int64 units) (points * int64 work.Weight / Grain)))

    let segmentBytes =
        Array.map2 (fun (s: int) size -> nativeint s * nativeint size) space.SegmentStrides work.Sizes

    let columnBytes =
        Array.map2 (fun along size -> if along then nativeint size else 0n) space.Along work.Sizes

    let bases: nativeint[] = Array.zeroCreate count

    /// A line of a room, and all lines of one.
    let roomLine = nativeint (if space.Across then space.Columns * 64 / work.Block else 64)
    let roomBytes = int roomLine * space.Segments
    let rooms = work.Rooms |> Array.sumBy (fun isRoom -> if isRoom then 1 else 0)
    let mutable part: (int -> unit) | null = null

    /// Puts the operands of an item, from a segment and a column on, into a block of addresses and strides.
    member private _.Point(block: nativeptr<nativeint>, item: int, segment: int, column: int) =
        let outer = item / blocks
        let column = column + item % blocks * work.Block
        let mutable room = if rooms > 0 then Scratch.Get(3, rooms * roomBytes) else 0n

        for i in 0 .. count - 1 do
            if work.Rooms[i] then
                NativePtr.set block (2 * i) room
                room <- room + nativeint roomBytes
            else
                let start = nativeint (space.Starts[i][outer]) * nativeint (work.Sizes[i])
                let along = nativeint segment * segmentBytes[i] + nativeint column * columnBytes[i]
                NativePtr.set block (2 * i) (bases[i] + start + along)

    /// Draws the words of a line of one segment for the operands that want them.
    member private _.Draw(block: nativeptr<nativeint>, item: int, segment: int, column: int, columns: int) =
        let buffer = Scratch.Get(4, count * columns * 4)

        for i in 0 .. count - 1 do
            if work.Streams[i] >= 0 then
                let key = NativePtr.ofNativeInt<uint32> bases[i]
                let target = buffer + nativeint (i * columns * 4)

                let first =
                    int64 (space.Starts[i][item])
                    + int64 segment * int64 (space.SegmentStrides[i])
                    + int64 column

                RandomWords.Fill(
                    uint32 work.Streams[i],
                    NativePtr.get key 0,
                    NativePtr.get key 1,
                    first,
                    columns,
                    target
                )

                NativePtr.set block (2 * i) target

    /// Some segments and columns of an item whose words are drawn line by line.
    member private this.Drawn(block, item, firstSegment, lastSegment, firstColumn, lastColumn) =
        let run = if work.Folds then lastColumn - firstColumn else Stretch

        for segment in firstSegment .. lastSegment - 1 do
            let mutable column = firstColumn

            while column < lastColumn do
                let columns = min run (lastColumn - column)
                this.Point(block, item, segment, column)
                this.Draw(block, item, segment, column, columns)
                work.Body.Invoke(NativePtr.toNativeInt block, 1n, nativeint columns)
                column <- column + columns

    member private this.Part number =
        let first = int (int64 units * int64 number / int64 parts)
        let last = int (int64 units * int64 (number + 1) / int64 parts)
        let block = NativePtr.stackalloc<nativeint>(2 * count)

        for i in 0 .. count - 1 do
            NativePtr.set block (2 * i + 1) (if work.Rooms[i] then roomLine else segmentBytes[i])

        if cutsSegments || cutsColumns then
            let firstSegment, lastSegment = if cutsSegments then first, last else 0, space.Segments

            let firstColumn, lastColumn =
                if cutsColumns then
                    first * Stretch, min space.Columns (last * Stretch)
                else
                    0, space.Columns

            if draws then
                this.Drawn(block, 0, firstSegment, lastSegment, firstColumn, lastColumn)
            else
                this.Point(block, 0, firstSegment, firstColumn)

                work.Body.Invoke(
                    NativePtr.toNativeInt block,
                    nativeint (lastSegment - firstSegment),
                    nativeint (lastColumn - firstColumn)
                )
        else
            for item in first .. last - 1 do
                if draws then
                    this.Drawn(block, item, 0, space.Segments, 0, space.Columns)
                else
                    this.Point(block, item, 0, 0)

                    let columns =
                        if space.Across then
                            space.Columns
                        else
                            min work.Block (space.Columns - item % blocks * work.Block)

                    work.Body.Invoke(NativePtr.toNativeInt block, nativeint space.Segments, nativeint columns)

    override this.Run() =
        for i in 0 .. count - 1 do
            if not work.Rooms[i] then
                bases[i] <-
                    frame.Addresses[work.Places[i]] + nativeint (work.Offsets[i]) * nativeint (work.Sizes[i])

        let body =
            match part with
            | null ->
                let body = fun number -> this.Part number
                part <- body
                body
            | body -> body

        Pool.runOn frame.Threads parts body
