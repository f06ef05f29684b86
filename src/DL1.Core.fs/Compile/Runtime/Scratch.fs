namespace DL1.Compiler.Runtime

open System
open DL1

/// The purposes of scratch memory. Purposes with the same number share a buffer on each thread, so no thread may need two
/// of them at once. A task's memory is in use until the task ends; a run's memory, on the caller's thread, until all tasks
/// of the run have ended. The purposes in one row of this table are in use at once, so their numbers must differ:
///
/// | kernel               | a run's memory               | a task's memory                                        |
/// |----------------------|------------------------------|--------------------------------------------------------|
/// | SmallGemm            |                              | GemmEdge, GemmPanel, GemmPackedA                       |
/// | BlockedGemm          | SharedPackedB, SharedPackedA | GemmEdge, GemmPackedA                                  |
/// | BackToBackKernel     |                              | FirstRows, SecondRows, Spill, RandomWords; SmallGemm's |
/// | FusedLoopKernel      |                              | Spill, RandomWords                                     |
/// | SplitReductionKernel | PartialResults               | RandomWords                                            |
/// | ConvGemm             |                              | ConvSource, ConvTransposed, ConvEdge                   |
/// | DepthwiseConv        |                              | ConvSource, ConvTransposed, ConvEdge                   |
/// | DepthwiseWeights     |                              | ConvSource, ConvTransposed                             |
/// | ConvWeights          |                              | ConvSource, ConvTransposed, ConvEdge, ConvPacked       |
/// | WinogradConv         |                              | ConvSource, ConvTransposed, ConvEdge, ConvPacked       |
/// | WinogradWeights      |                              | ConvSource, ConvTransposed, ConvEdge, ConvPacked       |
/// | PoolingKernel        |                              | PoolingTaps                                            |
///
/// An epilogue needs no scratch memory.
type internal ScratchSlot =
    /// A tile of C that goes beyond the edge of the matrix.
    | GemmEdge = 0
    /// A packed panel of B.
    | GemmPanel = 1
    /// A packed block of A, or all of A.
    | GemmPackedA = 2
    /// The values that a fused loop spills for its later stages, for one item.
    | Spill = 3
    /// A block of B, packed for all threads.
    | SharedPackedB = 3
    /// The random words that one call of a fused loop reads, for all its random operands.
    | RandomWords = 4
    /// A tile of a convolution that goes beyond the edge of the result, with its tables of offsets; tables of the addresses of
    /// taps; a vector of flags of the Winograd kernels.
    | ConvEdge = 4
    /// A block of A, packed for all threads.
    | SharedPackedA = 5
    /// Rows of the results of the first products of back-to-back matmuls.
    | FirstRows = 5
    /// A copy of a convolution's source, with zeros around it or channels last.
    | ConvSource = 5
    /// Rows that the loop between back-to-back matmuls writes.
    | SecondRows = 6
    /// The results of a split reduction: of finished stages for each item, of the current stage for each slice and item.
    | PartialResults = 6
    /// Packed weights or cotangents of a convolution; Winograd's transformed tiles and their products.
    | ConvPacked = 6
    /// A convolution's result before it is transposed to channels first; cotangents after they are transposed to channels last.
    | ConvTransposed = 7
    /// The offsets of the elements in a pooling's window.
    | PoolingTaps = 7

/// Scratch memory: a few buffers for each thread, kept from call to call, so that steady work allocates nothing. The
/// content of a buffer is lost at the next `Get` for a slot with the same number on the same thread.
[<AbstractClass; Sealed>]
type internal Scratch private () =
    [<ThreadStatic; DefaultValue>]
    static val mutable private blocks: (Block | null)[] | null

    static let mutable total = 0L

    /// The bytes of scratch memory that all threads have together.
    static member Total = Threading.Volatile.Read &total

    /// Checks a size in bytes and converts it; refuses sizes beyond the longest array.
    static member Bytes(bytes: int64) : int =
        if bytes > int64 Array.MaxLength - Block.Alignment then
            Refuse.domain
                "Compile"
                $"%d{bytes} bytes for a kernel to work in"
                $"at most %d{int64 Array.MaxLength - Block.Alignment}"
                "use a smaller batch, or smaller images"

        int bytes

    /// The address, aligned to 64 bytes, of at least `bytes` bytes in this thread's buffer for a slot; with guards, of
    /// the last `bytes` bytes of the buffer, unaligned.
    static member Get(slot: ScratchSlot, bytes: int64) : nativeint =
        let number = int slot

        let blocks =
            match Scratch.blocks with
            | null ->
                let fresh = Array.create<Block | null> 8 null
                Scratch.blocks <- fresh
                fresh
            | known -> known

        let fresh known =
            let block = Block.Kept(bytes)
            Threading.Interlocked.Add(&total, bytes - known) |> ignore
            blocks[number] <- block
            block.Address

        match blocks[number] with
        | null -> fresh 0L
        | block when block.Bytes < bytes -> fresh block.Bytes
        // Ends the bytes asked for where the block ends, at the inaccessible page.
        | block when Guard.IsOn -> block.Address + nativeint (block.Bytes - bytes)
        | block -> block.Address

    /// `Get` for sizes that fit into 32 bits.
    static member Get(slot: ScratchSlot, bytes: int) : nativeint = Scratch.Get(slot, int64 bytes)
