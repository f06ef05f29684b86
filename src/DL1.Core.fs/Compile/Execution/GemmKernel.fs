namespace DL1.Compiler.Execution

open FSharp.NativeInterop
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Gemm
open DL1.Compiler.Planning
open DL1.Compiler.Simd

#nowarn "9" // Operands are addresses; the plan answers for their extents.

/// A matrix of a product by its place: elements from its beginning, and strides.
[<NoEquality; NoComparison>]
type internal MatrixBuffer = { Place: int; Offset: int; Layout: MatrixView }

/// A pass that follows a product block by block: its operands by the matrix of the stack, the row and the column.
[<NoEquality; NoComparison>]
type internal EpilogueJob =
    {
        Body: LoopBody
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
module internal EpilogueJob =
    /// Over a finished block: its first row, counted through the whole stack of matrices `m` rows high, its first column,
    /// and how many it has.
    let run (pass: EpilogueJob) (at: inref<Whereabouts>) m row rows column columns =
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
type internal GemmJob =
    {
        Type: DType
        M: int
        N: int
        K: int
        Batch: int
        A: MatrixBuffer
        B: MatrixBuffer
        /// Its columns are contiguous.
        C: MatrixBuffer
        /// The value that is written, where C's place holds others beside it.
        Part: Expr option
        Finish: EpilogueJob option
    }

/// Runs a product.
[<Sealed>]
type internal GemmKernel(frame: Frame, width: Width, work: GemmJob) =
    inherit Kernel()
    let size = if work.Type = DType.F64 then 8n else 4n
    let mutable finish: BlockEpilogue | null = null

    member private _.After(pass: EpilogueJob, row: int, rows: int, column: int, columns: int) =
        let at = Whereabouts.Of frame
        EpilogueJob.run pass &at work.M row rows column columns

    override this.Run() =
        match finish, work.Finish with
        | null, Some pass ->
            finish <-
                BlockEpilogue(fun _ row rows column columns -> this.After(pass, row, rows, column, columns))
        | _ -> ()

        let matrix (m: MatrixBuffer) =
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
                Finish = finish
            }

        match work.Type with
        | DType.F64 -> Gemm.f64On width frame.Threads &product
        | _ -> Gemm.f32On width frame.Threads &product
