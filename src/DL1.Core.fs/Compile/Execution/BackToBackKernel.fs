namespace DL1.Compiler.Execution

open FSharp.NativeInterop
open DL1
open DL1.Compiler.Gemm
open DL1.Compiler.Movement
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

#nowarn "9" // Operands are addresses; the plan answers for their extents.

/// A stack of products, a pass along the rows of their results, and products of those rows: attention, for one. Some
/// rows go through all three while they are in the cache, so that what stands between need not be in memory.
[<NoEquality; NoComparison>]
type internal BackToBackJob =
    {
        /// Their results are for the pass alone.
        First: GemmJob
        /// Its items are the rows of the first products, its columns their columns.
        Rows: FusedLoopJob
        /// Its A are the pass's rows.
        Second: GemmJob
        /// Whether the pass's rows are for the second products alone.
        HidesRows: bool
    }

/// Runs a chain: each part takes some rows of one matrix of the stack from the beginning to the end.
[<Sealed>]
type internal BackToBackKernel(frame: Frame, width: Width, job: BackToBackJob) =
    inherit Kernel()

    /// Rows between the products that stay in the second-level cache, in bytes; no fewer rows than pay for packing B.
    [<Literal>]
    let Bytes = 98304

    [<Literal>]
    let FewestRows = 24

    [<Literal>]
    let MostRows = 144

    /// The fewest parts that are worth cutting a matrix for.
    [<Literal>]
    let Parts = 8

    let first, second, pass = job.First, job.Second, job.Rows
    let size = if first.Type = DType.F64 then 8 else 4
    let line = nativeint first.N * nativeint size

    let blocks =
        let tall = min MostRows (max FewestRows (int (int64 Bytes / (int64 first.N * int64 size))))
        let few = min ((Parts + first.Batch - 1) / first.Batch) (first.M / FewestRows)
        max ((first.M + tall - 1) / tall) few

    let tall = (first.M + blocks - 1) / blocks
    let operands = pass.Places.Length
    let columns = pass.Space.Columns
    let draws = pass.Streams |> Array.exists (fun stream -> stream >= 0)
    let rooms = pass.Rooms |> Array.sumBy (fun isRoom -> if isRoom then 1 else 0)
    let room = nativeint first.N * nativeint (64 / pass.Block)
    let mutable part: (int -> unit) | null = null

    /// Some rows of one matrix of a stack of products, and the pass that follows them.
    member private _.Multiply(product: GemmJob, stack: int, row: int, rows: int, at: inref<Whereabouts>) =
        let matrix (m: MatrixBuffer) (address: nativeint) row =
            let start = nativeint m.Offset + m.Layout.Start stack + nativeint (row * m.Layout.Row)
            { m.Layout with Data = address + start * nativeint size; Batch = 0; Inner = 0; Outer = 0 }

        let part =
            { GemmProblem.None with
                M = rows
                N = product.N
                K = product.K
                Batch = 1
                A = matrix product.A (at.Address product.A.Place) row
                B = matrix product.B (at.Address product.B.Place) 0
                C = matrix product.C (at.Address product.C.Place) row
            }

        match product.Type with
        | DType.F64 -> Gemm.rowsF64On width &part
        | _ -> Gemm.rowsF32On width &part

        match product.Finish with
        | Some finish -> EpilogueJob.run finish &at product.M (stack * product.M + row) rows 0 product.N
        | None -> ()

    /// The pass, row by row.
    member private _.Pass(item: int, rows: int, at: inref<Whereabouts>) =
        let block = NativePtr.stackalloc<nativeint>(2 * operands)

        let mutable own =
            if rooms > 0 then
                Scratch.Get(ScratchSlot.Spill, int64 rooms * int64 room)
            else
                0n

        for i in 0 .. operands - 1 do
            NativePtr.set block (2 * i + 1) 0n

            if pass.Rooms[i] then
                NativePtr.set block (2 * i) own
                own <- own + room

        let words =
            if draws then
                Scratch.Get(ScratchSlot.RandomWords, int64 operands * int64 columns * 4L)
            else
                0n

        for item in item .. item + rows - 1 do
            for i in 0 .. operands - 1 do
                let address = if pass.Rooms[i] then 0n else at.Address(pass.Places[i])
                let start = pass.Space.Starts[i][item]

                if pass.Streams[i] >= 0 then
                    let key = NativePtr.ofNativeInt<uint32> address
                    let line = words + nativeint i * nativeint columns * 4n
                    let one, two = NativePtr.get key 0, NativePtr.get key 1
                    RandomBlocks.Fill(uint32 pass.Streams[i], one, two, int64 start, columns, line)
                    NativePtr.set block (2 * i) line
                elif not pass.Rooms[i] then
                    let offset = nativeint (pass.Offsets[i] + start) * nativeint (pass.Sizes[i])
                    NativePtr.set block (2 * i) (address + offset)

            pass.Body.Invoke(NativePtr.toNativeInt block, 1n, nativeint columns, 0n)

    member private this.Part number =
        let stack, row = number / blocks, number % blocks * tall
        let rows = min tall (first.M - row)
        let item = stack * first.M + row
        // Row `item` of the whole stack stands at the beginning of the thread's own memory.
        let own slot = Scratch.Get(slot, int64 tall * int64 line) - nativeint item * line

        let at =
            {
                Frame = frame
                One = first.C.Place
                OneAt = own ScratchSlot.FirstRows
                Other = (if job.HidesRows then second.A.Place else -1)
                OtherAt = (if job.HidesRows then own ScratchSlot.SecondRows else 0n)
            }

        this.Multiply(first, stack, row, rows, &at)
        this.Pass(item, rows, &at)
        this.Multiply(second, stack, row, rows, &at)

    override this.Run() =
        let body =
            match part with
            | null ->
                let body = fun number -> this.Part number
                part <- body
                body
            | body -> body

        if first.M > 0 then
            WorkerPool.runOn frame.Threads (first.Batch * blocks) body
