namespace DL1.Compiler.Winograd

open DL1.Compiler.Simd

/// Decides where Winograd's algorithm computes 3×3 convolutions of stride 1, their transposes and their weight gradients.
[<RequireQualifiedAccess>]
module internal Winograd =
    /// The number of products of a tile: 4 by 4.
    let Products = 16

    /// The number of tiles of 2×2 results in a sample.
    let tilesEach rows columns = int64 ((rows + 1) / 2) * int64 ((columns + 1) / 2)

    /// Whether the algorithm pays. `source` and `result` are numbers of channels, `rows` and `columns` the extents of a sample's
    /// results, `size` the bytes of an element, `most` the largest bytes of transformed weights. Channels must fill vectors of
    /// any width, tiles must be enough to pay for transforming the weights, and the direct form must need at least 1.5 times the
    /// multiply-adds: 9 for each result, against 16 for each tile, also for tiles of which an edge leaves results unused.
    let suits samples source result rows columns (size: int) most =
        let tiles = tilesEach rows columns

        source >= 16
        && result >= 16
        && source % 16 = 0
        && result % 16 = 0
        && int64 samples * tiles >= 128L
        && 2L * 9L * int64 rows * int64 columns >= 3L * 16L * tiles
        && 16L * int64 source * int64 result * int64 size <= most

/// Numbers the tiles of 2×2 results of several samples, sample by sample and row by row, and computes their offsets.
[<Struct; NoEquality; NoComparison>]
type internal WinogradTiles =
    {
        /// The rows and columns of results in a sample.
        Rows: int
        Columns: int
    }

    member this.Across = (this.Columns + 1) / 2
    member this.RowsEach = (this.Rows + 1) / 2
    member this.Sample(tile: int) = tile / this.Across / this.RowsEach
    member this.Row(tile: int) = tile / this.Across % this.RowsEach
    member this.Column(tile: int) = tile % this.Across
    /// The number of tiles, from `tile` on and before tile `last`, that are in the same row of tiles.
    member this.Neighbours(tile: int, last: int) = min (this.Across - tile % this.Across) (last - tile)
    /// Whether the result has both of a tile's rows.
    member this.HasBoth(tile: int) = 2 * this.Row tile + 1 < this.Rows

    /// Of `count` neighbours from `tile` on, whether the result has only the first column of the last one.
    member this.IsNarrow(tile: int, count: int) = 2 * (this.Column tile + count) > this.Columns

    /// The offset in bytes of a tile's first pixel or result. `sample`, `row` and `pixel` are the strides of these in bytes.
    member this.Offset(tile: int, sample: nativeint, row: nativeint, pixel: nativeint) =
        nativeint (this.Sample tile) * sample
        + nativeint (2 * this.Row tile) * row
        + nativeint (2 * this.Column tile) * pixel

/// Functions that Winograd's kernels share.
[<AbstractClass; Sealed>]
type internal WinogradBlock<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged> private () =

    /// Transforms the pixels of tiles `first` to `last` − 1 into 16 matrices, `step` bytes apart, each with one row of all
    /// channels for each tile. In the source, samples are `sample` bytes apart and rows `pitch` bytes.
    static member Read
        (tiles: inref<WinogradTiles>, channels, source, sample, pitch, first, last, target: nativeint, step)
        =
        let pixel = nativeint (channels * sizeof<'T>)
        let mutable tile = first

        while tile < last do
            let count = tiles.Neighbours(tile, last)
            let from = source + tiles.Offset(tile, sample, pitch, pixel)
            let into = target + nativeint (tile - first) * pixel

            let below = if tiles.HasBoth tile then pitch else 0n
            let end' = if tiles.IsNarrow(tile, count) then 0n else pixel

            for v in 0 .. channels * sizeof<'T> / 'S.Bytes - 1 do
                let at, to' = from + nativeint (v * 'S.Bytes), into + nativeint (v * 'S.Bytes)
                WinogradTile<'S, 'V, 'T>.Pixels(count, at, pitch, below, pixel, end', to', step, pixel)

            tile <- tile + count

    /// Sets the vector at an address to 0, for `IsZero`.
    static member Clear(seen: nativeint) = 'S.Store('S.Zero, seen)

    /// Whether the vector at an address is 0 in all lanes.
    static member IsZero(seen: nativeint) =
        let mutable zero = true

        for i in 0 .. 'S.Bytes / 8 - 1 do
            zero <- zero && At.get<int64> seen i = 0L

        zero
