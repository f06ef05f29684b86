namespace DL1.Compiler.Gemm

open DL1.Compiler

/// A matrix in memory, or a stack of equally large ones: the address of its first element and its strides in elements.
/// A transpose is the same memory with its strides exchanged; a stride of 0 repeats. The matrices of a stack are
/// `Batch` elements apart. In a stack of stacks each has `Inner` matrices, and they are `Outer` elements apart; `Inner`
/// is 0 where the stride `Batch` suffices.
[<Struct; NoEquality; NoComparison>]
type internal MatrixView =
    {
        Data: nativeint
        Row: int
        Column: int
        Batch: int
        Inner: int
        Outer: int
    }

    /// The offset of one matrix of the stack, in elements.
    member this.Start(stack: int) =
        if this.Inner = 0 then
            nativeint stack * nativeint this.Batch
        else
            nativeint (stack / this.Inner) * nativeint this.Outer
            + nativeint (stack % this.Inner) * nativeint this.Batch

/// An epilogue: called on each finished block of a product while it is in the cache, with the address of its first
/// element, its row (counted through the whole stack), its number of rows, its column and its number of columns. It may
/// change these elements of C and no others, and must not start another product.
type internal BlockEpilogue =
    delegate of address: nativeint * row: int * rows: int * column: int * columns: int -> unit

/// C = A·B for every matrix of a stack; then the epilogue is called. A is [m; k], B [k; n] and C [m; n]; C's columns are
/// contiguous, and C overlaps neither.
[<Struct; NoEquality; NoComparison>]
type internal GemmProblem =
    {
        M: int
        N: int
        K: int
        Batch: int
        A: MatrixView
        B: MatrixView
        C: MatrixView
        /// The address of B as `PackedMatrix` packs it, where B is a single matrix that never changes; else 0.
        Packed: nativeint
        Epilogue: BlockEpilogue | null
    }

    /// A problem without elements.
    static member None =
        let nothing = { Data = 0n; Row = 0; Column = 0; Batch = 0; Inner = 0; Outer = 0 }

        {
            M = 0
            N = 0
            K = 0
            Batch = 0
            A = nothing
            B = nothing
            C = nothing
            Packed = 0n
            Epilogue = null
        }

/// How the sum over k is divided into k-blocks, which decides the bits of every product: each k-block is one chain of
/// fused multiply-adds from 0 in the order of k, and the k-blocks are added in order. The division depends on k alone,
/// so that each element has the same bits for every vector width, number of threads, shape and code path.
[<RequireQualifiedAccess>]
module internal KBlocks =
    /// The number of k-blocks; where k is 0, one that is empty.
    let count k = max 1 ((k + Tuning.KBlockRows - 1) / Tuning.KBlockRows)

    /// The length of each k-block but the last, which may be shorter.
    let length k =
        let count = count k
        (k + count - 1) / count

    /// The length of one k-block.
    let at k kBlock = min (length k) (k - kBlock * length k)

    /// The offset of a panel in a packed matrix of `panels` panels of `wide` bytes a row, k-block after k-block.
    let packed k panels wide kBlock panel = nativeint (kBlock * panels + panel) * nativeint (length k * wide)
