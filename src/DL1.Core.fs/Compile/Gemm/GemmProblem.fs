namespace DL1.Compiler.Gemm

open DL1

/// A matrix in memory, or a stack of equal ones: the address of its first element and its strides in elements.
/// A transpose is the same matrix with its strides exchanged; a stride of 0 repeats. A stack of stacks has `Inner`
/// matrices in each, `Outer` elements apart; `Inner` is 0 where one stride, `Batch`, says all.
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

    /// Where one matrix of the stack begins, in elements.
    member this.Start(stack: int) =
        if this.Inner = 0 then
            nativeint stack * nativeint this.Batch
        else
            nativeint (stack / this.Inner) * nativeint this.Outer
            + nativeint (stack % this.Inner) * nativeint this.Batch

/// What follows a product while its result is still in the cache: called once for each finished block of rows, with the
/// address of its first element, its row (counted through the whole stack) and column, and how many rows and columns it
/// has. It may change these elements and no others of C, and must not start another product.
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
        Finish: BlockEpilogue | null
    }

    /// Nothing to do.
    static member None =
        let nothing = { Data = 0n; Row = 0; Column = 0; Batch = 0; Inner = 0; Outer = 0 }

        { M = 0; N = 0; K = 0; Batch = 0; A = nothing; B = nothing; C = nothing; Finish = null }

/// How the sum over k is cut, which decides the bits of every product: each cut is one chain of fused
/// multiply-adds from 0 in the order of k, and the cuts are added in order. The rule knows k alone, so that each
/// element has the same bits whatever the width, the threads, the shape and the path.
[<RequireQualifiedAccess>]
module internal KBlocks =
    /// A panel of B of this height, 64 bytes wide, leaves room for a tile of A in a first-level cache of 32 KB.
    [<Literal>]
    let Longest = 384

    /// How many cuts there are; one, an empty one, when k is 0.
    let count k = max 1 ((k + Longest - 1) / Longest)

    /// The length of each cut but the last, which may be shorter.
    let length k =
        let count = count k
        (k + count - 1) / count

    /// The length of one cut.
    let at k cut = min (length k) (k - cut * length k)
