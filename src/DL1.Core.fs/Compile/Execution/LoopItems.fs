namespace DL1.Compiler.Execution

open FSharp.NativeInterop
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Fusion
open DL1.Compiler.Movement
open DL1.Compiler.Planning
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

#nowarn "9" // Operands are addresses; the plan answers for their extents.

/// A pass over a space, with the places of its operands.
[<NoEquality; NoComparison>]
type internal FusedLoopJob =
    {
        Pass: FusedLoop
        Body: LoopBody
        Space: IterationSpace
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
        /// Which operands are rooms: memory that an item's phases leave to later ones.
        Rooms: bool[]
        /// The columns of a block, where folds go downward.
        Block: int
    }

    /// How many items the space has, blocks of columns counted apart.
    member this.Items = this.Space.ItemsBy this.Block

    /// The work of all of it: elements that are moved, or the time of as many.
    member this.Work =
        int64 this.Space.Items * int64 this.Space.Segments * int64 this.Space.Columns * int64 this.Weight

/// The items of a pass: where the operands of each begin.
[<Sealed>]
type internal LoopItems(frame: Frame, work: FusedLoopJob) =
    let space = work.Space
    let count = work.Places.Length
    let blocks = space.BlocksBy work.Block
    let bases: nativeint[] = Array.zeroCreate count

    let segmentBytes =
        Array.map2 (fun (s: int) size -> nativeint s * nativeint size) space.SegmentStrides work.Sizes

    let columnBytes =
        Array.map2 (fun along size -> if along then nativeint size else 0n) space.Along work.Sizes

    /// A line of a room, and all lanes of one, and how many there are.
    let laneBytes = nativeint (64 / work.Block)
    let roomLine = if space.Across then nativeint space.Columns * laneBytes else 64n
    let roomBytes = roomLine * nativeint space.Segments
    let drawn = work.Streams |> Array.sumBy (fun stream -> if stream >= 0 then 1 else 0)
    let rooms = work.Rooms |> Array.sumBy (fun isRoom -> if isRoom then 1 else 0)

    /// Whether operands are drawn, line by line.
    member _.Draws = drawn > 0
    /// The bytes that an item's rooms want.
    member _.RoomBytes = Scratch.Bytes(int64 roomBytes * int64 rooms)
    /// How many addresses and strides a block for a body has.
    member _.BlockLength = 2 * count

    /// The columns of an item.
    member _.ColumnsOf item =
        if space.Across then
            space.Columns
        else
            min work.Block (space.Columns - item % blocks * work.Block)

    /// Finds where the operands are in the frame now.
    member _.Find() =
        for i in 0 .. count - 1 do
            if not work.Rooms[i] then
                bases[i] <-
                    frame.Addresses[work.Places[i]] + nativeint (work.Offsets[i]) * nativeint (work.Sizes[i])

    /// Puts the operands of an item, from a segment and a column on, into a block of addresses and strides; its rooms are
    /// at `own`.
    member _.Point(block: nativeptr<nativeint>, item: int, segment: int, column: int, own: nativeint) =
        let outer = item / blocks
        let first = column + item % blocks * work.Block
        let mutable room = own

        for i in 0 .. count - 1 do
            if work.Rooms[i] then
                let along = nativeint segment * roomLine + nativeint column * laneBytes
                NativePtr.set block (2 * i) (room + along)
                NativePtr.set block (2 * i + 1) roomLine
                room <- room + roomBytes
            else
                let start = nativeint (space.Starts[i][outer]) * nativeint (work.Sizes[i])
                let along = nativeint segment * segmentBytes[i] + nativeint first * columnBytes[i]
                NativePtr.set block (2 * i) (bases[i] + start + along)
                NativePtr.set block (2 * i + 1) segmentBytes[i]

    /// Draws words for the operands that want them: those of a line from a segment and column on, or of several lines that
    /// follow one another.
    member _.Draw(block: nativeptr<nativeint>, item: int, segment: int, column: int, words: int) =
        let mutable target =
            Scratch.Get(ScratchSlot.RandomWords, Scratch.Bytes(4L * int64 drawn * int64 words))

        for i in 0 .. count - 1 do
            if work.Streams[i] >= 0 then
                let key = NativePtr.ofNativeInt<uint32> bases[i]

                let first =
                    int64 (space.Starts[i][item])
                    + int64 segment * int64 (space.SegmentStrides[i])
                    + int64 column

                RandomBlocks.Fill(
                    uint32 work.Streams[i],
                    NativePtr.get key 0,
                    NativePtr.get key 1,
                    first,
                    words,
                    target
                )

                NativePtr.set block (2 * i) target
                target <- target + 4n * nativeint words
