namespace DL1.Compiler.Execution

open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Fusion
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// A fused loop with its iteration space and its operands. Arrays have an element for each operand.
[<NoEquality; NoComparison>]
type internal FusedLoopJob =
    {
        Loop: FusedLoop
        Body: LoopBody
        Space: IterationSpace
        /// Whether the loop has reductions.
        Reduces: bool
        /// The cost of a point, in elements moved; 1 where the arithmetic is negligible.
        Weight: int
        /// Bytes of an element.
        Sizes: int[]
        /// The buffer of each operand; for random words the buffer of their key, for spill memory −1.
        Buffers: int[]
        /// The index of the first element, from the beginning of the buffer.
        Offsets: int[]
        /// The stream of an operand of random words; −1 for other operands.
        Streams: int[]
        /// The most columns of an item where reductions go downward: 8 for f64, 16 for other types.
        BlockColumns: int
    }

    /// The number of items, counting each block of columns where reductions go downward.
    member this.Items = this.Space.ItemsBy this.BlockColumns

    /// The work of the whole loop: points times `Weight`, in elements moved.
    member this.Work =
        int64 this.Space.Items * int64 this.Space.Segments * int64 this.Space.Columns * int64 this.Weight

/// Computes the operand addresses of each item of a fused loop, and draws its random words.
[<Sealed>]
type internal LoopItems(frame: Frame, work: FusedLoopJob) =
    let space = work.Space
    let count = work.Buffers.Length
    let blocks = space.BlocksBy work.BlockColumns
    let bases: nativeint[] = Array.zeroCreate count

    let segmentBytes =
        Array.map2 (fun (s: int) size -> nativeint s * nativeint size) space.SegmentStrides work.Sizes

    let columnBytes =
        Array.map2 (fun along size -> if along then nativeint size else 0n) space.Along work.Sizes

    // Spill memory of one value: the bytes of a lane, of a row, and of all rows of an item.
    let laneBytes = nativeint (64 / work.BlockColumns)
    let spillRowBytes = if space.Across then nativeint space.Columns * laneBytes else 64n
    let spillBytes = spillRowBytes * nativeint space.Segments
    let drawn = work.Streams |> Array.sumBy (fun stream -> if stream >= 0 then 1 else 0)
    let spills = work.Buffers |> Array.sumBy (fun buffer -> if buffer < 0 then 1 else 0)

    /// Whether the loop has operands of random words, which must be drawn before a body is called.
    member _.Draws = drawn > 0
    /// The bytes of spill memory of an item.
    member _.SpillBytes = Scratch.Bytes(int64 spillBytes * int64 spills)
    /// This thread's spill memory for one item; 0 where the loop spills nothing.
    member items.SpillMemory() = if spills > 0 then Scratch.Get(ScratchSlot.Spill, items.SpillBytes) else 0n

    /// The length of a body's operand block, in words: an address and a segment stride in bytes for each operand.
    member _.BlockLength = 2 * count

    /// The number of columns of an item.
    member _.ColumnsOf item =
        if space.Across then
            space.Columns
        else
            min work.BlockColumns (space.Columns - item % blocks * work.BlockColumns)

    /// Reads the operands' addresses from the frame. A kernel calls it at the beginning of each run.
    member _.ReadAddresses() =
        for i in 0 .. count - 1 do
            if work.Buffers[i] >= 0 then
                bases[i] <-
                    frame.Addresses[work.Buffers[i]] + nativeint (work.Offsets[i]) * nativeint (work.Sizes[i])

    /// Fills `block` with the addresses and segment strides, in bytes, of an item's operands from a segment and column
    /// on. `own` is the address of the item's spill memory.
    member _.SetOperands(block: nativeint, item: int, segment: int, column: int, own: nativeint) =
        let outer = item / blocks
        let first = column + item % blocks * work.BlockColumns
        let mutable spill = own

        for i in 0 .. count - 1 do
            if work.Buffers[i] < 0 then
                let along = nativeint segment * spillRowBytes + nativeint column * laneBytes
                At.set<nativeint> block (2 * i) (spill + along)
                At.set<nativeint> block (2 * i + 1) spillRowBytes
                spill <- spill + spillBytes
            else
                let start = nativeint (space.Starts[i][outer]) * nativeint (work.Sizes[i])
                let along = nativeint segment * segmentBytes[i] + nativeint first * columnBytes[i]
                At.set<nativeint> block (2 * i) (bases[i] + start + along)
                At.set<nativeint> block (2 * i + 1) segmentBytes[i]

    /// Draws `words` random words into scratch memory for each operand that has a stream, from the word of this item, segment
    /// and column on. Stores their address in the operand's entry of `block`.
    member _.Draw(block: nativeint, item: int, segment: int, column: int, words: int) =
        let mutable target =
            Scratch.Get(ScratchSlot.RandomWords, Scratch.Bytes(4L * int64 drawn * int64 words))

        for i in 0 .. count - 1 do
            if work.Streams[i] >= 0 then
                let first =
                    int64 (space.Starts[i][item])
                    + int64 segment * int64 (space.SegmentStrides[i])
                    + int64 column

                let one, two = At.get<uint32> bases[i] 0, At.get<uint32> bases[i] 1
                RandomBlocks.Fill(uint32 work.Streams[i], one, two, first, words, target)
                At.set<nativeint> block (2 * i) target
                target <- target + 4n * nativeint words
