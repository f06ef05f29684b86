namespace DL1

open System
open FSharp.NativeInterop

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// Where 3×3 convolutions of stride 1, or their transposes, are done in Winograd's tiles.
[<RequireQualifiedAccess>]
module internal Winograd =
    // Weights, 16 for 9, that stay in the caches.
    let private mostBytes = 8388608L

    /// Tiles of 2×2 results in a sample.
    let tilesEach rows columns = int64 ((rows + 1) / 2) * int64 ((columns + 1) / 2)

    /// Whether tiles are worth while for so many samples, channels of the source and of the result, rows and columns of
    /// results, and bytes of an element: where channels make whole vectors of any width, edges waste less than is won, and
    /// there are tiles enough for the weights that are transformed.
    let suits samples source result rows columns (size: int) =
        let tiles = tilesEach rows columns

        source >= 16
        && result >= 16
        && source % 16 = 0
        && result % 16 = 0
        && int64 samples * tiles >= 128L
        && 90L * int64 rows * int64 columns >= 240L * tiles
        && 16L * int64 source * int64 result * int64 size <= mostBytes

/// A 3×3 convolution of stride 1, or its transpose, by Winograd's tiles: see `WinogradTile`. Some tiles at a time are
/// transformed, multiplied with the transformed weights and transformed back, in the nearest caches.
///
/// Results are those of the direct convolution but for rounding, whose error is smaller in the mean. A part with a
/// result that is no finite number is done again directly: an infinite place may make NaN of tiles that should be infinite.
[<Sealed>]
type internal ConvWinograd<'S, 'V, 'T
    when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct and 'T: unmanaged and 'T: struct>
    (plan: ConvPlan, samples, source: int, result: int, weightSource, weightResult) =
    inherit ConvKernel()

    /// The places of a tile: 4 by 4.
    [<Literal>]
    let Products = 16

    let size = sizeof<'T>
    let lanes = 'S.Bytes / size
    let wide = 2 * 'S.Bytes
    let panelColumns = wide / size
    let panels = (result + panelColumns - 1) / panelColumns
    let place = result * size
    let width = plan.Source.Columns.Length
    let across = (width + 1) / 2
    // Tiles at a time: whole ones of the products; fewer where their places would leave the nearest caches.
    let tall = ConvWinograd<'S, 'V, 'T>.Tall source
    let sourceBytes = source * size
    let placeStep = nativeint (tall * sourceBytes)
    let productStep = nativeint (tall * wide)

    // For each panel and each of the 16 products, a row of a panel for each channel of the source.
    let weightStep = nativeint (source * wide)
    let weights = ConvBuffer(int64 panels * int64 Products * int64 weightStep)
    let runs = ConvTable [| 0n; nativeint source |]
    let sourceRows = ConvTable(Array.init tall (fun i -> nativeint (i * sourceBytes)))
    let productRows = ConvTable(Array.init tall (fun i -> nativeint (i * wide)))

    // Channels of the source whose weights are transformed at once.
    let channelsEach = min 16 source
    let channelParts = (source + channelsEach - 1) / channelsEach

    let mutable x = 0n
    let mutable w = 0n
    let mutable y = 0n
    let mutable finish: BlockFinish | null = null
    let isBad: bool[] = Array.zeroCreate plan.Parts
    let mutable direct: ConvProduct<'S, 'V, 'T> | null = null

    let transformPart number =
        let panel, first = number / channelParts, number % channelParts * channelsEach
        let channels = min channelsEach (source - first)
        let column = panel * panelColumns
        let tap = channelsEach * wide
        let packed = Scratch.Get(6, 9 * tap)
        let at = first * weightSource + column * weightResult

        for t in 0..8 do
            Pack<'S, 'V, 'T>
                .Panel(
                    channels,
                    min panelColumns (result - column),
                    w + nativeint (at + plan.Places[0].Taps[t]) * nativeint size,
                    nativeint (weightSource * size),
                    nativeint (weightResult * size),
                    packed + nativeint (t * tap)
                )

        let target = weights.Address + nativeint (panel * Products) * weightStep + nativeint (first * wide)

        for v in 0..1 do
            let at = nativeint (v * 'S.Bytes)

            WinogradTile<'S, 'V, 'T>
                .Weights(channels, packed + at, nativeint tap, target + at, weightStep, nativeint wide)

    /// Tiles of a part that are neighbours in a row, from `first` on to before `last`: how many.
    let neighbours first last = min (across - first % across) (last - first)

    let readTiles (part: ConvPart) rowsEach first last places =
        let pitch = nativeint (plan.Source.Pitch * sourceBytes)
        let step = nativeint sourceBytes
        let mutable tile = first

        while tile < last do
            let count = neighbours tile last
            let sample, row, column = tile / across / rowsEach, tile / across % rowsEach, tile % across
            let isLower = 2 * row + 1 < part.To - part.From
            let isWide = 2 * (column + count) <= width
            let from = part.Source + nativeint sample * nativeint plan.Source.Sample
            let from = from + nativeint (2 * row) * pitch + nativeint (2 * column) * step
            let into = places + nativeint (tile - first) * step

            for v in 0 .. source / lanes - 1 do
                let channel = nativeint (v * 'S.Bytes)

                WinogradTile<'S, 'V, 'T>
                    .Places(
                        count,
                        from + channel,
                        pitch,
                        (if isLower then pitch else 0n),
                        step,
                        (if isWide then step else 0n),
                        into + channel,
                        placeStep,
                        step
                    )

            tile <- tile + count

    let writeTiles (part: ConvPart) rowsEach first last panel products seen =
        let pitch = nativeint (width * place)
        let plane = nativeint plan.Source.Rows.Length * pitch
        let vectors = min 2 ((result - panel * panelColumns) / lanes)
        let mutable tile = first

        while tile < last do
            let count = neighbours tile last
            let sample, row, column = tile / across / rowsEach, tile / across % rowsEach, tile % across
            let into = part.Result + nativeint sample * plane + nativeint (2 * row) * pitch
            let into = into + nativeint (2 * column * place + panel * wide)
            let from = products + nativeint (tile - first) * nativeint wide

            for v in 0 .. vectors - 1 do
                let vector = nativeint (v * 'S.Bytes)

                WinogradTile<'S, 'V, 'T>
                    .Results(
                        count,
                        from + vector,
                        productStep,
                        nativeint wide,
                        into + vector,
                        pitch,
                        nativeint place,
                        2 * row + 1 < part.To - part.From,
                        2 * (column + count) > width,
                        seen
                    )

            tile <- tile + count

    /// Whether lanes are all 0.
    let areZero (seen: nativeint) =
        let words = NativePtr.ofNativeInt<int64> seen
        let mutable zero = true

        for i in 0 .. 'S.Bytes / 8 - 1 do
            zero <- zero && NativePtr.get words i = 0L

        zero

    let multiplyPart number =
        let part = ConvPart.make plan samples place number x y
        let spare = Scratch.Get(4, ConvPanel<'S, 'V, 'T>.Spare + 'S.Bytes)
        let seen = spare + nativeint ConvPanel<'S, 'V, 'T>.Spare
        'S.Store('S.Zero, seen)
        let places = Scratch.Get(6, Products * int (placeStep + productStep))
        let products = places + nativeint Products * placeStep
        let rowsEach = (part.To - part.From + 1) / 2
        let tiles = part.Samples * rowsEach * across
        let mutable first = 0

        while first < tiles do
            let last = min tiles (first + tall)
            readTiles part rowsEach first last places
            // Whole tiles of the products; the rows beyond are no one's.
            let m = min tall ((last - first + 5) / 6 * 6)

            for panel in 0 .. panels - 1 do
                let weights = weights.Address + nativeint (panel * Products) * weightStep

                for p in 0 .. Products - 1 do
                    ConvPanel<'S, 'V, 'T>
                        .Multiply(
                            m,
                            panelColumns,
                            runs.Address 0,
                            1,
                            nativeint size,
                            places + nativeint p * placeStep,
                            sourceRows.Address 0,
                            weights + nativeint p * weightStep,
                            products + nativeint p * productStep,
                            productRows.Address 0,
                            false,
                            spare
                        )

                writeTiles part rowsEach first last panel products seen

            first <- last

        isBad[number] <- not (areZero seen)

        if not isBad[number] then
            ConvPart.finish plan result place part y finish

    // The bodies of the pool's runs, made once.
    let mutable transform: int -> unit = ignore
    let mutable multiply: int -> unit = ignore
    do transform <- fun part -> transformPart part
    do multiply <- fun part -> multiplyPart part

    static member private Tall(source: int) = if source * sizeof<'T> <= 512 then 12 else 24

    override _.KeptBytes =
        weights.Bytes
        + (match direct with
           | null -> 0L
           | direct -> direct.KeptBytes)

    override _.Run(threads, left, right, target, finish') =
        x <- left
        w <- right
        y <- target
        finish <- finish'
        Pool.runOn threads (panels * channelParts) transform
        Pool.runOn threads plan.Parts multiply

        if Array.contains true isBad then
            let direct =
                match direct with
                | null ->
                    let made =
                        ConvProduct<'S, 'V, 'T>(
                            plan,
                            samples,
                            1,
                            source,
                            result,
                            weightSource,
                            weightResult,
                            9
                        )

                    direct <- made
                    made
                | known -> known

            direct.RunParts(threads, left, right, target, finish', isBad)

        finish <- null
        weights.Hold()
