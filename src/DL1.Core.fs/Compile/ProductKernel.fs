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
        C: int
        Finish: FinishJob option
    }

/// Runs a product.
[<Sealed>]
type internal ProductKernel(frame: Frame, width: Width, work: ProductJob) =
    inherit Kernel()
    let size = if work.Type = DType.F64 then 8n else 4n
    let mutable finish: BlockFinish | null = null

    member private _.After(pass: FinishJob, row: int, rows: int, column: int, columns: int) =
        let count = pass.Places.Length
        let block = NativePtr.stackalloc<nativeint>(2 * count)
        let matrix, row = row / work.M, row % work.M

        for i in 0 .. count - 1 do
            let size = nativeint (pass.Sizes[i])

            let start =
                frame.Addresses[pass.Places[i]]
                + (nativeint (pass.Offsets[i])
                   + nativeint (pass.Starts[i][matrix])
                   + nativeint row * nativeint (pass.Rows[i]))
                  * size

            NativePtr.set block (2 * i) (if pass.Along[i] then start + nativeint column * size else start)
            NativePtr.set block (2 * i + 1) (nativeint (pass.Rows[i]) * size)

        pass.Body.Invoke(NativePtr.toNativeInt block, nativeint rows, nativeint columns)

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
                C =
                    {
                        Data = frame.Addresses[work.C]
                        Row = work.N
                        Column = 1
                        Batch = work.M * work.N
                        Inner = 0
                        Outer = 0
                    }
                Accumulate = false
                Bias = 0n
                Finish = finish
            }

        match work.Type with
        | DType.F64 -> Gemm.f64On width frame.Threads &product
        | _ -> Gemm.f32On width frame.Threads &product
