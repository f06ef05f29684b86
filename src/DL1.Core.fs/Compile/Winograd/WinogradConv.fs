namespace DL1.Compiler.Winograd

open DL1.Compiler.Conv
open DL1.Compiler.Gemm
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// A 3×3 convolution of stride 1, or its transpose, by Winograd's algorithm: see `WinogradTile`. A few tiles at a time are
/// transformed, multiplied by the transformed weights and transformed back, while they are in the nearest caches.
///
/// Results differ from those of the direct convolution by rounding, whose error is smaller in the mean. The direct kernel
/// computes a task again if a result is not finite: with an infinite pixel, results that should be infinite may be NaN.
[<Sealed>]
type internal WinogradConv<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>
    (plan: ConvPlan, samples, source: int, result: int, weightSource, weightResult) =
    inherit ConvKernel()

    let o = ConvOperands()
    let size = sizeof<'T>
    let lanes = 'S.Bytes / size
    let wide = 2 * 'S.Bytes
    let panelColumns = wide / size
    let panels = (result + panelColumns - 1) / panelColumns
    let pixel = plan.ResultPixel
    let width = plan.Source.Columns.Length
    let sourceBytes = source * size
    // The number of Winograd tiles computed at a time: whole micro-kernel tiles, more if they share the reading of many weights.
    let tall = if sourceBytes <= 512 then 12 else 24
    let pixelStep = nativeint (tall * sourceBytes)
    let productStep = nativeint (tall * wide)

    // The transformed weights: for each panel and each of the 16 products, a row of the panel for each channel of the source.
    let weightStep = nativeint (source * wide)

    let weights = Block.Kept(int64 panels * int64 Winograd.Products * int64 weightStep)

    let kBlocks = KBlocks.count source

    let runs =
        ConvTable
            [|
                for kBlock in 0 .. kBlocks - 1 do
                    0n
                    nativeint (KBlocks.at source kBlock)
            |]

    let sourceRows = ConvTable(Array.init tall (fun i -> nativeint (i * sourceBytes)))
    let productRows = ConvTable(Array.init tall (fun i -> nativeint (i * wide)))

    // The number of channels of the source whose weights one task transforms.
    let channelsEach = min 16 source
    let channelTasks = (source + channelsEach - 1) / channelsEach

    /// For each task, whether any of its results is not finite.
    let isBad: bool[] = Array.zeroCreate plan.Tasks
    /// The direct kernel, for tasks with results that are not finite.
    let direct = lazy ConvGemm<'S, 'V, 'T>(plan, samples, 1, source, result, weightSource, weightResult, 9)

    let transformTask number =
        let panel, first = number / channelTasks, number % channelTasks * channelsEach
        let channels = min channelsEach (source - first)
        let column = panel * panelColumns
        let tap = channelsEach * wide
        let packed = Scratch.Get(ScratchSlot.ConvPacked, 9 * tap)
        let at = first * weightSource + column * weightResult

        for t in 0..8 do
            let from = o.Right + nativeint (at + plan.Positions[0].Taps[t]) * nativeint size
            let row, step = nativeint (weightSource * size), nativeint (weightResult * size)
            let columns, into = min panelColumns (result - column), packed + nativeint (t * tap)
            Pack<'S, 'V, 'T>.Panel(channels, columns, from, row, step, into)

        let target =
            weights.Address + nativeint (panel * Winograd.Products) * weightStep + nativeint (first * wide)

        for v in 0..1 do
            let at = nativeint (v * 'S.Bytes)

            WinogradTile<'S, 'V, 'T>
                .Weights(channels, packed + at, nativeint tap, target + at, weightStep, nativeint wide)

    let writeTiles (task: ConvTask) (tiles: inref<WinogradTiles>) first last panel products seen =
        let pixel, step = nativeint pixel, nativeint wide
        let pitch = nativeint width * pixel
        let plane = nativeint plan.Source.Rows.Length * pitch
        let vectors = min 2 ((result - panel * panelColumns) / lanes)
        let mutable tile = first

        while tile < last do
            let count = tiles.Neighbours(tile, last)
            let both, narrow = tiles.HasBoth tile, tiles.IsNarrow(tile, count)
            let into = task.Result + tiles.Offset(tile, plane, pitch, pixel) + nativeint panel * step
            let from = products + nativeint (tile - first) * step

            for v in 0 .. vectors - 1 do
                let at, to' = from + nativeint (v * 'S.Bytes), into + nativeint (v * 'S.Bytes)

                WinogradTile<'S, 'V, 'T>
                    .Results(count, at, productStep, step, to', pitch, pixel, both, narrow, seen)

            tile <- tile + count

    let multiplyTask number =
        let task = ConvTask.make plan samples number o.Left o.Result
        let spare = Scratch.Get(ScratchSlot.ConvEdge, PanelKernel<'S, 'V, 'T>.Spare + 'S.Bytes)
        let seen = spare + nativeint PanelKernel<'S, 'V, 'T>.Spare
        WinogradBlock<'S, 'V, 'T>.Clear seen
        let pixels = Scratch.Get(ScratchSlot.ConvPacked, Winograd.Products * int (pixelStep + productStep))
        let products = pixels + nativeint Winograd.Products * pixelStep
        let tiles = { Rows = task.To - task.From; Columns = width }
        let count = task.Samples * tiles.RowsEach * tiles.Across
        let sample = nativeint plan.Source.Sample
        let pitch = nativeint (plan.Source.Pitch * sourceBytes)
        let mutable tile = Tile()
        tile.Count <- 1
        tile.Step <- nativeint size
        let mutable first = 0

        while first < count do
            let last = min count (first + tall)

            WinogradBlock<'S, 'V, 'T>
                .Read(&tiles, source, task.Source, sample, pitch, first, last, pixels, pixelStep)

            // Whole tiles of the micro-kernel: rows beyond `last` are computed but not used.
            let m = min tall ((last - first + 5) / 6 * 6)

            for panel in 0 .. panels - 1 do
                let weights = weights.Address + nativeint (panel * Winograd.Products) * weightStep

                for p in 0 .. Winograd.Products - 1 do
                    for kBlock in 0 .. kBlocks - 1 do
                        let deep = kBlock * KBlocks.length source

                        tile.Runs <- runs.Address(2 * kBlock)
                        tile.A <- pixels + nativeint p * pixelStep + nativeint (deep * size)
                        tile.ARows <- sourceRows.Address 0
                        tile.B <- weights + nativeint p * weightStep + nativeint (deep * wide)
                        tile.C <- products + nativeint p * productStep
                        tile.CRows <- productRows.Address 0
                        tile.Add <- kBlock > 0
                        PanelKernel<'S, 'V, 'T>.MultiplyTable(m, panelColumns, 0, &tile, spare)

                writeTiles task &tiles first last panel products seen

            first <- last

        isBad[number] <- not (WinogradBlock<'S, 'V, 'T>.IsZero seen)

        if not isBad[number] then
            ConvTask.complete plan result size task o.Result 0 result o.Epilogue

    // The task functions for `WorkerPool.runOn`: closures made once, so that a run allocates nothing.
    let transform: int -> unit = transformTask
    let multiply: int -> unit = multiplyTask

    override _.Operands = o
    override _.Kept = weights

    override _.KeptBytes = weights.Bytes + if direct.IsValueCreated then direct.Value.KeptBytes else 0L

    override this.Compute threads =
        if this.Packs() then
            WorkerPool.runOn threads (panels * channelTasks) transform

        WorkerPool.runOn threads plan.Tasks multiply

        if Array.contains true isBad then
            direct.Value.RunTasks(threads, o.Left, o.Right, o.Result, o.Epilogue, isBad)
