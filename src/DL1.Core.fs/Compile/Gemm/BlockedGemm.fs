namespace DL1.Compiler.Gemm

open DL1.Compiler
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// Computes a product in blocks. First all threads pack B, for as many k-blocks as fit into `Tuning.GemmPackedBytes`. Then each
/// task multiplies a block of rows of A by some panels of B, one packed k-block after another, while its part of C is in the
/// second-level cache of its thread. Packing and multiplying alternate until all k-blocks are done.
///
/// If A has more than twice `Tuning.GemmBlockRows` rows, a task computes all columns of the current block of columns, and packs
/// its rows of A for itself. Otherwise tasks divide the columns too, and all threads pack A together, as they do B.
[<Sealed>]
type internal BlockedGemm<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>() =

    let mutable p = GemmProblem.None
    let size = sizeof<'T>
    let wide = 2 * 'S.Bytes
    let panelColumns = wide / size
    // The current matrix of the stack and the current block of its columns: first column, number of columns, number of panels.
    let mutable stack = 0
    let mutable column = 0
    let mutable columns = 0
    let mutable panels = 0
    // The k-blocks that are packed at present: the number of the first one, and how many there are.
    let mutable firstKBlock = 0
    let mutable kBlocks = 0
    /// The number of rows of the tallest tile; blocks are made of whole tiles.
    let tile = if 'S.Bytes = 64 then 12 else 6
    let mutable tiles = 0
    // A task multiplies one of `blocks` blocks of rows (at most `tall` rows each) by at most `across` panels of columns.
    let mutable tall = 0
    let mutable blocks = 0
    let mutable across = 0
    /// Whether all threads pack A together; else each task packs its rows of A for itself.
    let mutable shared = false
    let mutable packedA = 0n
    let mutable packedB = 0n

    /// The first row of a block of rows; all blocks have nearly the same number of tiles.
    let rowOf block = min p.M (int (int64 tiles * int64 block / int64 blocks) * tile)

    /// The number of rows in a block.
    let rowsOf block = rowOf (block + 1) - rowOf block

    /// The bytes of one k-block of a packed block of A, with space for a last tile that goes beyond the block's rows.
    let bytesOfA () = (tall + 12) * KBlocks.length p.K * size

    /// The address of one packed k-block of a block of A, where all threads pack A together. `kBlock` counts from `firstKBlock`.
    let sharedA block kBlock = packedA + nativeint (kBlock * blocks + block) * nativeint (bytesOfA ())

    /// The address of one packed k-block of a panel of B. `kBlock` counts from `firstKBlock`.
    let sharedB panel kBlock =
        if p.Packed = 0n then
            packedB + KBlocks.packed p.K panels wide kBlock panel
        else
            SmallGemm<'S, 'V, 'T>.Packed(&p, firstKBlock + kBlock, column / panelColumns + panel)

    /// The number of panels of B to pack for each k-block: 0 where B was packed before (`PackedMatrix`).
    let packsB () = if p.Packed = 0n then panels else 0

    /// The number of blocks of A to pack for each k-block by all threads: 0 where each task packs its own rows.
    let packsA () = if shared then blocks else 0

    let packA block kBlock target =
        let k, deep = KBlocks.at p.K (firstKBlock + kBlock), (firstKBlock + kBlock) * KBlocks.length p.K
        let from = SmallGemm<'S, 'V, 'T>.Address(p.A, stack, rowOf block, deep)
        let row, column = nativeint p.A.Row * nativeint size, nativeint p.A.Column * nativeint size
        PanelKernel<'S, 'V, 'T>.PackA(rowsOf block, k, from, row, column, target)

    let packB panel kBlock target =
        let k, deep = KBlocks.at p.K (firstKBlock + kBlock), (firstKBlock + kBlock) * KBlocks.length p.K
        let first = panel * panelColumns
        let from = SmallGemm<'S, 'V, 'T>.Address(p.B, stack, deep, column + first)
        let row, column = nativeint p.B.Row * nativeint size, nativeint p.B.Column * nativeint size
        Pack<'S, 'V, 'T>.Panel(k, min panelColumns (columns - first), from, row, column, target)

    /// A packing task: packs one k-block of a block of A, where all threads pack A together, or of a panel of B.
    let packTask task =
        let ofA = kBlocks * packsA ()

        if task < ofA then
            let block, kBlock = task / kBlocks, task % kBlocks
            packA block kBlock (sharedA block kBlock)
        else
            let panel, kBlock = (task - ofA) % panels, (task - ofA) / panels
            packB panel kBlock (sharedB panel kBlock)

    /// A multiplying task: multiplies a block of rows by some panels, over all k-blocks that are packed.
    let multiplyTask task =
        let block, first = task % blocks, task / blocks * across
        let row, rows = rowOf block, rowsOf block
        let last = min panels (first + across)
        let spare = Scratch.Get(ScratchSlot.GemmEdge, 12 * wide)
        let mutable tile = Tile()

        for kBlock in 0 .. kBlocks - 1 do
            let k = KBlocks.at p.K (firstKBlock + kBlock)

            let a =
                if shared then
                    sharedA block kBlock
                else
                    let own = Scratch.Get(ScratchSlot.GemmPackedA, (bytesOfA ()))
                    packA block kBlock own
                    own

            tile.Count <- k
            tile.ARows <- nativeint size
            tile.BRow <- nativeint wide
            tile.CRows <- nativeint p.C.Row * nativeint size
            tile.Add <- firstKBlock + kBlock > 0

            for panel in first .. last - 1 do
                let from = panel * panelColumns
                let count = min panelColumns (columns - from)
                tile.A <- a
                tile.B <- sharedB panel kBlock
                tile.C <- SmallGemm<'S, 'V, 'T>.Address(p.C, stack, row, column + from)
                PanelKernel<'S, 'V, 'T>.Multiply(rows, count, nativeint (k * size), true, &tile, spare)

        // Calls the epilogue once for all columns of the task, so that its other operands are also read in long contiguous rows.
        if firstKBlock + kBlocks = KBlocks.count p.K then
            let from = first * panelColumns
            let count = min columns (last * panelColumns) - from
            SmallGemm<'S, 'V, 'T>.RunEpilogue(&p, stack, row, rows, column + from, count)

    /// Divides the rows into blocks of about `most` rows at most; with enough tiles, into a multiple of `multiple` blocks.
    let divideRows most multiple =
        let count = ((p.M + most - 1) / most + multiple - 1) / multiple * multiple
        tiles <- (p.M + tile - 1) / tile
        blocks <- min count tiles
        tall <- (tiles + blocks - 1) / blocks * tile

    /// Chooses the current block of columns, the shape of the tasks, and the number of k-blocks that are packed at once.
    let choose () =
        shared <- p.M <= 2 * Tuning.GemmBlockRows

        let hasEpilogue = not (isNull p.Epilogue)

        let widest =
            if hasEpilogue && not shared then
                Tuning.EpilogueColumns
            else
                Tuning.GemmBlockColumns

        columns <- min widest (p.N - column)
        panels <- (columns + panelColumns - 1) / panelColumns

        if shared then
            divideRows Tuning.GemmBlockRows 1
            let each = (panels * blocks + Tuning.GemmTasks - 1) / Tuning.GemmTasks

            across <-
                if hasEpilogue then
                    max 1 (min each (Tuning.EpilogueBytes / (tall * wide)))
                else
                    each
        else
            // If the number of blocks is a multiple of four, two or four threads get equally many.
            let most =
                if hasEpilogue then
                    max 12 (Tuning.EpilogueBytes / (columns * size))
                else
                    Tuning.GemmBlockRows

            divideRows (min Tuning.GemmBlockRows most) 4
            across <- panels

        let bytes = KBlocks.length p.K * packsB () * wide + packsA () * bytesOfA ()
        kBlocks <- max 1 (min (KBlocks.count p.K) (Tuning.GemmPackedBytes / max 1 bytes))

    // The task functions for `WorkerPool.runOn`: closures made once, so that a run allocates nothing.
    let pack: int -> unit = packTask
    let multiply: int -> unit = multiplyTask

    /// Computes the product on at most `threads` threads.
    member _.Run(threads: int, product: inref<GemmProblem>) : unit =
        p <- product

        for stack' in 0 .. p.Batch - 1 do
            stack <- stack'
            column <- 0

            while column < p.N do
                choose ()
                let most = kBlocks
                let bytesOfB = kBlocks * packsB () * KBlocks.length p.K * wide
                packedB <- Scratch.Get(ScratchSlot.SharedPackedB, bytesOfB)
                packedA <- Scratch.Get(ScratchSlot.SharedPackedA, kBlocks * packsA () * bytesOfA ())
                firstKBlock <- 0

                while firstKBlock < KBlocks.count p.K do
                    kBlocks <- min most (KBlocks.count p.K - firstKBlock)
                    WorkerPool.runOn threads (kBlocks * (packsB () + packsA ())) pack
                    WorkerPool.runOn threads (blocks * ((panels + across - 1) / across)) multiply
                    firstKBlock <- firstKBlock + kBlocks

                column <- column + columns

        p <- GemmProblem.None
