namespace DL1.Compiler.Execution

open DL1
open DL1.Compiler
open DL1.Compiler.Gemm
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// Back-to-back matrix products, such as attention: a stack of products, a fused loop along the rows of their results,
/// and a second stack of products of those rows. Blocks of rows go through all three while they are in the cache, so
/// the values in between need no buffer.
[<NoEquality; NoComparison>]
type internal BackToBackJob =
    {
        /// The first products; only `Rows` reads their results.
        First: GemmJob
        /// The fused loop between the products: each item is one row of the first products' results, in their order.
        Rows: FusedLoopJob
        /// The second products, whose A is the result of `Rows`.
        Second: GemmJob
        /// Whether only the second products read the result of `Rows`, which then needs no buffer.
        HidesRows: bool
    }

/// Runs back-to-back products: each task takes a block of rows of one matrix of the stack through all three stages.
[<Sealed>]
type internal BackToBackKernel(frame: Frame, width: Width, job: BackToBackJob) =
    inherit TaskKernel()

    let first, second, loop = job.First, job.Second, job.Rows
    let size = if first.Type = DType.F64 then 8 else 4
    let rowBytes = nativeint first.N * nativeint size

    let blocks =
        let tall =
            int (int64 Tuning.BackToBackBytes / (int64 first.N * int64 size))
            |> max Tuning.BackToBackFewestRows
            |> min Tuning.BackToBackMostRows

        let fewest = (Tuning.BackToBackFewestTasks + first.Batch - 1) / first.Batch
        max ((first.M + tall - 1) / tall) (min fewest (first.M / Tuning.BackToBackFewestRows))

    let tall = (first.M + blocks - 1) / blocks
    let items = LoopItems(frame, loop)
    let columns = loop.Space.Columns

    /// Computes rows `row` to `row + rows − 1` of matrix number `stack` of a stack of products, with its epilogue.
    member private _.Multiply(product: GemmJob, stack: int, row: int, rows: int, at: inref<BufferAddresses>) =
        let matrix (m: MatrixBuffer) (address: nativeint) row =
            let start = nativeint m.Offset + m.Layout.Start stack + nativeint (row * m.Layout.Row)
            { m.Layout with Data = address + start * nativeint size; Batch = 0; Inner = 0; Outer = 0 }

        let problem =
            { GemmProblem.None with
                M = rows
                N = product.N
                K = product.K
                Batch = 1
                A = matrix product.A (at.Address product.A.Buffer) row
                B = matrix product.B (at.Address product.B.Buffer) 0
                C = matrix product.C (at.Address product.C.Buffer) row
            }

        match product.Type with
        | DType.F64 -> Gemm.rowsOn<float> width &problem
        | _ -> Gemm.rowsOn<float32> width &problem

        match product.Epilogue with
        | Some epilogue -> EpilogueJob.run epilogue &at product.M (stack * product.M + row) rows 0 product.N
        | None -> ()

    /// Runs the fused loop over `rows` items, beginning with `item`.
    member private _.RunLoop(item: int, rows: int, at: inref<BufferAddresses>) =
        let block = At.stack<nativeint> items.BlockLength
        let own = items.SpillMemory()

        for item in item .. item + rows - 1 do
            items.SetOperands(block, item, 0, 0, own)

            if items.Draws then
                items.Draw(block, item, 0, 0, columns)

            // The rows that the loop reads from the first product or writes for the second may be in the thread's scratch memory.
            for i in 0 .. loop.Buffers.Length - 1 do
                if at.IsOwn(loop.Buffers[i]) then
                    let offset = nativeint (loop.Space.Starts[i][item]) * nativeint (loop.Sizes[i])
                    At.set<nativeint> block (2 * i) (at.Address(loop.Buffers[i]) + offset)

            loop.Body.Invoke(block, 1n, nativeint columns, 0n)

    /// Runs task `number`: one block of rows of one matrix.
    override this.Task number =
        let stack, row = number / blocks, number % blocks * tall
        let rows = min tall (first.M - row)
        let item = stack * first.M + row
        // The thread's scratch memory begins with row `item` of the whole stack; `own` gives the address that row 0 would have.
        let own slot = Scratch.Get(slot, int64 tall * int64 rowBytes) - nativeint item * rowBytes

        let at =
            {
                Frame = frame
                One = first.C.Buffer
                OneAt = own ScratchSlot.FirstRows
                Other = (if job.HidesRows then second.A.Buffer else -1)
                OtherAt = (if job.HidesRows then own ScratchSlot.SecondRows else 0n)
            }

        this.Multiply(first, stack, row, rows, &at)
        this.RunLoop(item, rows, &at)
        this.Multiply(second, stack, row, rows, &at)

    override this.Run() =
        items.ReadAddresses()

        if first.M > 0 then
            this.RunTasks(frame.Threads, first.Batch * blocks)
