namespace DL1

open FSharp.NativeInterop

#nowarn "9" // Operands are addresses; the plan answers for their extents.

/// A matrix of a product by its place: elements from its beginning, and strides.
[<NoEquality; NoComparison>]
type internal MatrixPlace = { Place: int; Offset: int; Layout: Matrix }

/// A pass that follows a product block by block: its operands by the matrix of the stack, the row and the column.
[<NoEquality; NoComparison>]
type internal FinishJob =
    {
        Body: PassBody
        Sizes: int[]
        Places: int[]
        Offsets: int[]
        /// Where each matrix of the stack begins, for each operand, in elements.
        Starts: int[][]
        /// Elements from row to row, for each operand.
        Rows: int[]
        /// Whether each operand moves from column to column.
        Along: bool[]
    }

/// Where places stand for one thread: in the frame, but for at most two, which stand in the thread's own memory.
[<Struct; NoEquality; NoComparison>]
type internal Whereabouts =
    {
        Frame: Frame
        One: int
        OneAt: nativeint
        Other: int
        OtherAt: nativeint
    }

    /// All in the frame.
    static member Of(frame: Frame) = { Frame = frame; One = -1; OneAt = 0n; Other = -1; OtherAt = 0n }

    member this.Address(place: int) =
        if place = this.One then this.OneAt
        elif place = this.Other then this.OtherAt
        else this.Frame.Addresses[place]

/// Passes that follow products.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal FinishJob =
    /// Over a finished block: its first row, counted through the whole stack of matrices `m` rows high, its first column,
    /// and how many it has.
    let run (pass: FinishJob) (at: inref<Whereabouts>) m row rows column columns =
        let count = pass.Places.Length
        let block = NativePtr.stackalloc<nativeint>(2 * count)
        let matrix, row = row / m, row % m

        for i in 0 .. count - 1 do
            let size = nativeint (pass.Sizes[i])

            let start =
                at.Address(pass.Places[i])
                + (nativeint (pass.Offsets[i])
                   + nativeint (pass.Starts[i][matrix])
                   + nativeint row * nativeint (pass.Rows[i]))
                  * size

            NativePtr.set block (2 * i) (if pass.Along[i] then start + nativeint column * size else start)
            NativePtr.set block (2 * i + 1) (nativeint (pass.Rows[i]) * size)

        pass.Body.Invoke(NativePtr.toNativeInt block, nativeint rows, nativeint columns, 0n)

/// A product of matrices, and the pass that follows it.
[<NoEquality; NoComparison>]
type internal ProductJob =
    {
        Type: DType
        M: int
        N: int
        K: int
        Batch: int
        A: MatrixPlace
        B: MatrixPlace
        /// Its columns are contiguous.
        C: MatrixPlace
        /// The value that is written, where C's place holds others beside it.
        Part: Expr option
        Finish: FinishJob option
    }

/// Runs a product.
[<Sealed>]
type internal ProductKernel(frame: Frame, width: Width, work: ProductJob) =
    inherit Kernel()
    let size = if work.Type = DType.F64 then 8n else 4n
    let mutable finish: BlockFinish | null = null

    member private _.After(pass: FinishJob, row: int, rows: int, column: int, columns: int) =
        let at = Whereabouts.Of frame
        FinishJob.run pass &at work.M row rows column columns

    override this.Run() =
        match finish, work.Finish with
        | null, Some pass ->
            finish <-
                BlockFinish(fun _ row rows column columns -> this.After(pass, row, rows, column, columns))
        | _ -> ()

        let matrix (m: MatrixPlace) =
            { m.Layout with Data = frame.Addresses[m.Place] + nativeint m.Offset * size }

        let product =
            {
                M = work.M
                N = work.N
                K = work.K
                Batch = work.Batch
                A = matrix work.A
                B = matrix work.B
                C = matrix work.C
                Accumulate = false
                Bias = 0n
                Finish = finish
            }

        match work.Type with
        | DType.F64 -> Gemm.f64On width frame.Threads &product
        | _ -> Gemm.f32On width frame.Threads &product
