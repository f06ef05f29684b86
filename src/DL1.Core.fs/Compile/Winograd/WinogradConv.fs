namespace DL1.Compiler.Winograd

open DL1
open DL1.Compiler.Conv
open DL1.Compiler.Gemm
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// A 3×3 convolution of stride 1, or its transpose, by Winograd's algorithm: see `WinogradTile`. Some tiles at a time
/// are transformed, multiplied by the transformed weights and transformed back, in the nearest caches.
///
/// Results are those of the direct convolution but for rounding, whose error is smaller in the mean. A task with a
/// result that is not finite is computed again directly: an infinite pixel may make NaN of results that should be
/// infinite.
[<Sealed>]
type internal WinogradConv<'S, 'V, 'T
    when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct and 'T: unmanaged and 'T: struct>
    (plan: ConvPlan, samples, source: int, result: int, weightSource, weightResult) =
    inherit ConvKernel()

    let size = sizeof<'T>
    let lanes = 'S.Bytes / size
    let wide = 2 * 'S.Bytes
    let panelColumns = wide / size
    let panels = (result + panelColumns - 1) / panelColumns
    let pixel = result * size
    let width = plan.Source.Columns.Length
    // The tiles that are computed at a time: whole micro-kernel tiles; more where each has many weights to read.
    let tall = WinogradConv<'S, 'V, 'T>.Tall source
    let sourceBytes = source * size
    let pixelStep = nativeint (tall * sourceBytes)
    let productStep = nativeint (tall * wide)

    // The transformed weights: for each panel and each of the 16 products, a row of the panel for each channel of the
    // source.
    let weightStep = nativeint (source * wide)
    let weights = ConvBuffer(int64 panels * int64 Winograd.Products * int64 weightStep)
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

    // The channels of the source whose weights one task transforms.
    let channelsEach = min 16 source
    let channelTasks = (source + channelsEach - 1) / channelsEach

    let mutable x = 0n
    let mutable w = 0n
    let mutable y = 0n
    let mutable epilogue: BlockEpilogue | null = null
    let isBad: bool[] = Array.zeroCreate plan.Tasks
    let mutable direct: ConvGemm<'S, 'V, 'T> | null = null

    let transformTask number =
        let panel, first = number / channelTasks, number % channelTasks * channelsEach
        let channels = min channelsEach (source - first)
        let column = panel * panelColumns
        let tap = channelsEach * wide
        let packed = Scratch.Get(ScratchSlot.ConvPacked, 9 * tap)
        let at = first * weightSource + column * weightResult

        for t in 0..8 do
            Pack<'S, 'V, 'T>
                .Panel(
                    channels,
                    min panelColumns (result - column),
                    w + nativeint (at + plan.Positions[0].Taps[t]) * nativeint size,
                    nativeint (weightSource * size),
                    nativeint (weightResult * size),
                    packed + nativeint (t * tap)
                )

        let target =
            weights.Address + nativeint (panel * Winograd.Products) * weightStep + nativeint (first * wide)

        for v in 0..1 do
            let at = nativeint (v * 'S.Bytes)

            WinogradTile<'S, 'V, 'T>
                .Weights(channels, packed + at, nativeint tap, target + at, weightStep, nativeint wide)

    let writeTiles (task: ConvTask) (tiles: inref<WinogradTiles>) first last panel products seen =
        let pitch = nativeint (width * pixel)
        let plane = nativeint plan.Source.Rows.Length * pitch
        let vectors = min 2 ((result - panel * panelColumns) / lanes)
        let mutable tile = first

        while tile < last do
            let count = tiles.Neighbours(tile, last)
            let into = task.Result + tiles.Offset(tile, plane, pitch, nativeint pixel)
            let from = products + nativeint (tile - first) * nativeint wide

            for v in 0 .. vectors - 1 do
                let vector = nativeint (v * 'S.Bytes)

                WinogradTile<'S, 'V, 'T>
                    .Results(
                        count,
                        from + vector,
                        productStep,
                        nativeint wide,
                        into + nativeint (panel * wide) + vector,
                        pitch,
                        nativeint pixel,
                        tiles.HasBoth tile,
                        tiles.IsNarrow(tile, count),
                        seen
                    )

            tile <- tile + count

    let multiplyTask number =
        let task = ConvTask.make plan samples pixel number x y
        let spare = Scratch.Get(ScratchSlot.ConvEdge, ConvPanel<'S, 'V, 'T>.Spare + 'S.Bytes)
        let seen = spare + nativeint ConvPanel<'S, 'V, 'T>.Spare
        WinogradBlock<'S, 'V, 'T>.Clear seen
        let pixels = Scratch.Get(ScratchSlot.ConvPacked, Winograd.Products * int (pixelStep + productStep))
        let products = pixels + nativeint Winograd.Products * pixelStep
        let tiles = { Rows = task.To - task.From; Columns = width }
        let count = task.Samples * tiles.RowsEach * tiles.Across
        let sample = nativeint plan.Source.Sample
        let pitch = nativeint (plan.Source.Pitch * sourceBytes)
        let mutable first = 0

        while first < count do
            let last = min count (first + tall)

            WinogradBlock<'S, 'V, 'T>
                .Read(&tiles, source, task.Source, sample, pitch, first, last, pixels, pixelStep)

            // Whole tiles of the micro-kernel; the rows beyond are not used.
            let m = min tall ((last - first + 5) / 6 * 6)

            for panel in 0 .. panels - 1 do
                let weights = weights.Address + nativeint (panel * Winograd.Products) * weightStep

                for p in 0 .. Winograd.Products - 1 do
                    for kBlock in 0 .. kBlocks - 1 do
                        let deep = kBlock * KBlocks.length source

                        ConvPanel<'S, 'V, 'T>
                            .Multiply(
                                m,
                                panelColumns,
                                runs.Address(2 * kBlock),
                                1,
                                nativeint size,
                                pixels + nativeint p * pixelStep + nativeint (deep * size),
                                sourceRows.Address 0,
                                weights + nativeint p * weightStep + nativeint (deep * wide),
                                products + nativeint p * productStep,
                                productRows.Address 0,
                                kBlock > 0,
                                spare
                            )

                writeTiles task &tiles first last panel products seen

            first <- last

        isBad[number] <- not (WinogradBlock<'S, 'V, 'T>.IsZero seen)

        if not isBad[number] then
            ConvTask.complete plan result pixel task y epilogue

    // The bodies of the pool's runs, made once so that a run allocates nothing.
    let mutable transform: int -> unit = ignore
    let mutable multiply: int -> unit = ignore
    do transform <- fun task -> transformTask task
    do multiply <- fun task -> multiplyTask task

    static member private Tall(source: int) = if source * sizeof<'T> <= 512 then 12 else 24

    override _.KeptBytes =
        weights.Bytes
        + (match direct with
           | null -> 0L
           | direct -> direct.KeptBytes)

    override this.Run(threads, left, right, target, epilogue') =
        x <- left
        w <- right
        y <- target
        epilogue <- epilogue'

        if this.Packs() then
            WorkerPool.runOn threads (panels * channelTasks) transform

        WorkerPool.runOn threads plan.Tasks multiply

        if Array.contains true isBad then
            let direct =
                match direct with
                | null ->
                    let made =
                        ConvGemm<'S, 'V, 'T>(plan, samples, 1, source, result, weightSource, weightResult, 9)

                    direct <- made
                    made
                | known -> known

            direct.RunTasks(threads, left, right, target, epilogue', isBad)

        epilogue <- null
        weights.Hold()
