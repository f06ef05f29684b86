namespace DL1.Compiler.Winograd

open DL1.Compiler
open DL1.Compiler.Conv
open DL1.Compiler.Gemm
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// The gradient of the weights of a 3×3 convolution of stride 1 by Winograd's algorithm: the transpose of `WinogradConv` with
/// respect to its weights. Pixels and cotangents of some tiles at a time are transformed, and their products summed over the
/// tiles; partial sums are added and transformed back at the end. If any result is not finite, the direct kernel computes all.
[<Sealed>]
type internal WinogradWeights<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>
    (g: ConvGeometry, first: ConvFirst) =
    inherit ConvKernel()

    let o = ConvOperands()
    let size = sizeof<'T>
    let lanes = 'S.Bytes / size
    let wide = 2 * 'S.Bytes
    let panelColumns = wide / size
    let channels, outputs = g.Channels, g.Outputs
    let panels = (outputs + panelColumns - 1) / panelColumns
    /// The number of rows of a sum, rounded up to whole tiles of the micro-kernel.
    let height = (channels + 5) / 6 * 6
    let sumStep = nativeint (height * wide)
    let panelBytes = nativeint Winograd.Products * sumStep
    let partialBytes = nativeint panels * panelBytes

    /// The division of the sum: each chunk is a group of whole samples.
    let chunks =
        let usual = ConvChunks.make g first size
        let groups = (g.Images + usual.SamplesEach - 1) / usual.SamplesEach
        // Sizes that are the same for every vector width; those of panels, which may be filled up, are not.
        let weights = int64 Winograd.Products * int64 channels * int64 outputs * int64 size

        let partials =
            int (min Tuning.ConvPartials (Tuning.WinogradWeightBytes / weights)) |> min groups |> max 1

        { usual with
            // One chunk for each group. Its number of runs serves as the number of samples.
            Chunks = [| struct (0, usual.SamplesEach, 0, usual.SamplesEach) |]
            Partials = partials
            GroupsEach = (groups + partials - 1) / partials
        }

    let sums = Block.Kept(int64 chunks.Partials * int64 partialBytes)
    let pixelStep = nativeint (Tuning.WinogradTilesAtOnce * channels * size)
    let cotangentStep = nativeint (Tuning.WinogradTilesAtOnce * wide)

    /// Runs of 0, 1, 2, ... tiles, all at offset 0.
    let runs =
        ConvTable(
            Array.init (2 * Tuning.WinogradTilesAtOnce + 2) (fun i ->
                if i % 2 = 0 then 0n else nativeint (i / 2))
        )

    let sources = ConvTable [| for i in 0 .. height - 1 -> nativeint (min i (channels - 1) * size) |]
    let results = ConvTable [| for i in 0 .. height - 1 -> nativeint (i * wide) |]
    /// For each panel of outputs, whether any of its results is not finite.
    let isBad: bool[] = Array.zeroCreate panels
    /// The direct kernel, for results that are not finite.
    let direct = lazy ConvWeights<'S, 'V, 'T>(g, first)

    let readCotangents (tiles: inref<WinogradTiles>) (dy: nativeint) first last panel target =
        let pixel = nativeint (outputs * size)
        let pitch = nativeint g.OutWidth * pixel
        let plane = nativeint g.OutHeight * pitch
        let vectors = min 2 ((outputs - panel * panelColumns) / lanes)
        let mutable tile = first

        while tile < last do
            let count = tiles.Neighbours(tile, last)
            let from = dy + tiles.Offset(tile, plane, pitch, pixel) + nativeint (panel * wide)
            let into = target + nativeint (tile - first) * nativeint wide

            let both, narrow = tiles.HasBoth tile, tiles.IsNarrow(tile, count)

            for v in 0 .. vectors - 1 do
                let at, to' = from + nativeint (v * 'S.Bytes), into + nativeint (v * 'S.Bytes)

                WinogradTile<'S, 'V, 'T>
                    .Cotangents(count, at, pitch, pixel, both, narrow, to', cotangentStep, nativeint wide)

            tile <- tile + count

    let multiply samples (data: nativeint) dy (sum: nativeint) add =
        let spare = Scratch.Get(ScratchSlot.ConvEdge, PanelKernel<'S, 'V, 'T>.Spare)
        let pixels = Scratch.Get(ScratchSlot.ConvPacked, Winograd.Products * int (pixelStep + cotangentStep))
        let cotangents = pixels + nativeint Winograd.Products * pixelStep
        let tiles = { Rows = g.OutHeight; Columns = g.OutWidth }
        let count = samples * tiles.RowsEach * tiles.Across
        let source = chunks.Source
        let pitch = nativeint (source.Pitch * channels * size)
        let mutable tile = Tile()
        tile.Count <- 1
        tile.Step <- nativeint (channels * size)
        let mutable first = 0

        while first < count do
            let last = min count (first + Tuning.WinogradTilesAtOnce)
            tile.Runs <- runs.Address(2 * (last - first))
            tile.Add <- add || first > 0

            WinogradBlock<'S, 'V, 'T>
                .Read(&tiles, channels, data, nativeint source.Sample, pitch, first, last, pixels, pixelStep)

            for panel in 0 .. panels - 1 do
                readCotangents &tiles dy first last panel cotangents

                for p in 0 .. Winograd.Products - 1 do
                    tile.A <- pixels + nativeint p * pixelStep
                    tile.ARows <- sources.Address 0
                    tile.B <- cotangents + nativeint p * cotangentStep
                    tile.C <- sum + nativeint panel * panelBytes + nativeint p * sumStep
                    tile.CRows <- results.Address 0
                    PanelKernel<'S, 'V, 'T>.MultiplyTable(height, panelColumns, 0, &tile, spare)

            first <- last

    let chunk = ConvChunk(fun _ samples _ data dy sum _ add -> multiply samples data dy sum add)

    let multiplyTask partial =
        let sum = sums.Address + nativeint partial * partialBytes
        ConvChunks.run chunks g size partial o.Left o.Right sum 0 (int partialBytes) chunk

    let addTask panel =
        let sum = sums.Address + nativeint panel * panelBytes

        for partial in 1 .. chunks.Partials - 1 do
            let other = sum + nativeint partial * partialBytes
            AddRow.Add<'T>(Winograd.Products * height * panelColumns, other, sum)

        let seen = Scratch.Get(ScratchSlot.ConvEdge, 'S.Bytes)
        WinogradBlock<'S, 'V, 'T>.Clear seen

        for v in 0 .. min 2 ((outputs - panel * panelColumns) / lanes) - 1 do
            let at = sum + nativeint (v * 'S.Bytes)
            WinogradTile<'S, 'V, 'T>.WeightGradients(channels, at, sumStep, nativeint wide, seen)

        isBad[panel] <- not (WinogradBlock<'S, 'V, 'T>.IsZero seen)

    let writeTask panel =
        let sum = sums.Address + nativeint panel * panelBytes
        let first = panel * panelColumns

        ConvSums<'S, 'V, 'T>
            .Write(9, channels, sumStep, sum, o.Result, first, min panelColumns (outputs - first), o.Epilogue)

    // The task functions for `WorkerPool.runOn`: closures made once, so that a run allocates nothing.
    let multiplies: int -> unit = multiplyTask
    let adds: int -> unit = addTask
    let writes: int -> unit = writeTask

    override _.Operands = o
    override _.Kept = sums

    override _.KeptBytes = sums.Bytes + if direct.IsValueCreated then direct.Value.KeptBytes else 0L

    override _.Compute threads =
        WorkerPool.runOn threads chunks.Partials multiplies
        WorkerPool.runOn threads panels adds

        if Array.contains true isBad then
            direct.Value.Run(threads, o.Left, o.Right, o.Result, o.Epilogue)
        else
            WorkerPool.runOn threads panels writes
