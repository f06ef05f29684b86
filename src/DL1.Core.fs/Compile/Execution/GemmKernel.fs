namespace DL1.Compiler.Execution

open System
open DL1
open DL1.Compiler.FusedLoop
open DL1.Compiler.Gemm
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// A matrix operand, or a stack of them: its buffer, the index of its first element there (`Offset`), and its strides in elements
/// (`Layout`, whose `Data` is unset).
[<NoEquality; NoComparison>]
type internal MatrixBuffer = { Buffer: int; Offset: int; Layout: MatrixView }

/// An epilogue: a fused loop that runs on each finished block of a product. Operands are addressed by the matrix of the
/// stack, the row and the column; each array has an element for each operand.
[<NoEquality; NoComparison>]
type internal EpilogueJob =
    {
        Body: LoopBody
        /// Bytes of an element.
        Sizes: int[]
        Buffers: int[]
        /// The index of the first element, from the beginning of the buffer.
        Offsets: int[]
        /// For each operand, the offset of each matrix of the stack, in elements.
        Starts: int[][]
        /// The stride of a row, in elements.
        Rows: int[]
        /// Whether the operand has an element for each column; otherwise one element serves the whole row.
        Along: bool[]
    }

    /// Replaces, in an array with a value for each operand, the values of the operands in `buffer` by `value`.
    member this.Exchange(buffer: int, value: 'a, values: 'a[]) =
        Array.map2 (fun b v -> if b = buffer then value else v) this.Buffers values

/// The addresses of buffers as one thread sees them: those of the frame, except for at most two buffers (`One`,
/// `Other`) that are in the thread's scratch memory. An index of −1 means none.
[<Struct; NoEquality; NoComparison>]
type internal BufferAddresses =
    {
        Frame: Frame
        One: int
        OneAt: nativeint
        Other: int
        OtherAt: nativeint
    }

    /// All buffers at the addresses of the frame.
    static member Of(frame: Frame) = { Frame = frame; One = -1; OneAt = 0n; Other = -1; OtherAt = 0n }

    /// Whether a buffer is in the thread's scratch memory.
    member this.IsOwn(buffer: int) = buffer >= 0 && (buffer = this.One || buffer = this.Other)

    member this.Address(buffer: int) =
        if buffer = this.One then this.OneAt
        elif buffer = this.Other then this.OtherAt
        else this.Frame.Addresses[buffer]

[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal EpilogueJob =
    /// Runs an epilogue on a finished block of `rows` × `columns` elements from (`row`, `column`) on. `row` counts
    /// through the whole stack of matrices, each of `m` rows.
    let run (job: EpilogueJob) (at: inref<BufferAddresses>) m row rows column columns =
        let count = job.Buffers.Length
        let block = At.stack<nativeint>(2 * count)
        let matrix, row = row / m, row % m

        for i in 0 .. count - 1 do
            let size = nativeint (job.Sizes[i])

            let start =
                at.Address(job.Buffers[i])
                + (nativeint (job.Offsets[i])
                   + nativeint (job.Starts[i][matrix])
                   + nativeint row * nativeint (job.Rows[i]))
                  * size

            At.set<nativeint> block (2 * i) (if job.Along[i] then start + nativeint column * size else start)
            At.set<nativeint> block (2 * i + 1) (nativeint (job.Rows[i]) * size)

        job.Body.Invoke(block, nativeint rows, nativeint columns, 0n)

/// A stack of `Batch` matrix products C [M; N] = A [M; K] · B [K; N], with an epilogue.
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
        /// Each row of C is contiguous: its stride from one column to the next is 1.
        C: MatrixBuffer
        /// The value of the product, where C is a slice of a larger buffer (`ForwardOutputs`); else `None`.
        Slice: Expr option
        Epilogue: EpilogueJob option
    }

/// Runs matrix products with their epilogue.
[<Sealed>]
type internal GemmKernel(frame: Frame, width: Width, work: GemmJob) =
    inherit Kernel()
    let size = if work.Type = DType.F64 then 8n else 4n
    let mutable packed: Block | null = null
    let mutable isBound = false

    /// Packs B, if it never changes. Called at the first run: a scan marks its body's buffers as frozen only after their
    /// kernels are made.
    let bind () =
        match frame.Frozen[work.B.Buffer] with
        | null -> ()
        | array when work.Batch = 1 && work.N > 1 ->
            let key =
                {
                    Offset = work.B.Offset
                    Row = work.B.Layout.Row
                    Column = work.B.Layout.Column
                    K = work.K
                    N = work.N
                    Width = width
                }

            let data = frame.Addresses[work.B.Buffer] + nativeint work.B.Offset * size
            packed <- PackedMatrix.Of(work.Type, key, array, data)
        | _ -> ()

        isBound <- true

    /// Runs the epilogue on a finished block.
    let epilogue: BlockEpilogue | null =
        match work.Epilogue with
        | None -> null
        | Some job ->
            BlockEpilogue(fun _ row rows column columns ->
                let at = BufferAddresses.Of frame
                EpilogueJob.run job &at work.M row rows column columns)

    override _.Run() =
        if not isBound then
            bind ()

        let matrix (m: MatrixBuffer) =
            { m.Layout with Data = frame.Addresses[m.Buffer] + nativeint m.Offset * size }

        let product =
            {
                M = work.M
                N = work.N
                K = work.K
                Batch = work.Batch
                A = matrix work.A
                B = matrix work.B
                C = matrix work.C
                Packed =
                    (match packed with
                     | null -> 0n
                     | block -> block.Address)
                Epilogue = epilogue
            }

        match work.Type with
        | DType.F64 -> Gemm.on<float> width frame.Threads &product
        | _ -> Gemm.on<float32> width frame.Threads &product

        GC.KeepAlive packed
