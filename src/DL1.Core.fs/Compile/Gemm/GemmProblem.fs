namespace DL1.Compiler.Gemm

open DL1.Compiler

/// A matrix in memory, or a stack of matrices of the same shape: the address of its first element, and strides in elements: `Row`
/// from one row to the next, `Column` from one column to the next, `Batch` from one matrix to the next. A transpose is the same
/// memory with `Row` and `Column` exchanged; a stride of 0 repeats. In a stack of stacks, each inner stack has `Inner` matrices,
/// and inner stacks are `Outer` elements apart. `Inner` is 0 if the stride `Batch` alone leads to each matrix.
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

    /// The offset of matrix number `stack` of the stack, in elements.
    member this.Start(stack: int) =
        if this.Inner = 0 then
            nativeint stack * nativeint this.Batch
        else
            nativeint (stack / this.Inner) * nativeint this.Outer
            + nativeint (stack % this.Inner) * nativeint this.Batch

/// An epilogue. A product or convolution calls it on each finished block of its result C while the block is in the cache, with
/// the address of the block's first element, its first row (counted through all matrices of the stack), its number of rows, its
/// first column and its number of columns. Of C the epilogue may change this block alone, and it must not start another product.
type internal BlockEpilogue =
    delegate of address: nativeint * row: int * rows: int * column: int * columns: int -> unit

/// C = A·B for every matrix of a stack; then the epilogue is called. A is [m; k], B [k; n] and C [m; n]. Each row of C is
/// contiguous (`C.Column` = 1), and C overlaps neither A nor B.
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

/// How the sum over k is divided into k-blocks. This decides the bits of every product: each k-block is one chain of fused
/// multiply-adds from 0 in the order of k, and the k-blocks are added in order. The division depends on the length of the sum
/// alone, so that each element has the same bits for every vector width, number of threads, shape and code path.
[<RequireQualifiedAccess>]
module internal KBlocks =
    /// The number of k-blocks of a sum of `k` terms. If `k` is 0, there is one k-block, and it is empty.
    let count k = max 1 ((k + Tuning.KBlockRows - 1) / Tuning.KBlockRows)

    /// The length of each k-block but the last, which may be shorter.
    let length k =
        let count = count k
        (k + count - 1) / count

    /// The length of k-block number `kBlock`.
    let at k kBlock = min (length k) (k - kBlock * length k)

    /// The offset in bytes of a panel's k-block in a packed matrix: `panels` panels of `wide` bytes a row, k-block after k-block.
    let packed k panels wide kBlock panel = nativeint (kBlock * panels + panel) * nativeint (length k * wide)
