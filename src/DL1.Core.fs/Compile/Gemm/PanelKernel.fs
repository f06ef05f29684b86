namespace DL1.Compiler.Gemm

open System.Runtime.CompilerServices
open DL1.Compiler.Simd

/// Computes a column of tiles of C: any number of rows of A times one panel of B, at most two vectors wide.
[<AbstractClass; Sealed>]
type internal PanelKernel<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged> private () =

    /// `MultiplyTable` divides any multiple of this number of rows into whole tiles, for every vector width.
    static member Multiple = 12

    /// The bytes of scratch memory that `TableEdge` needs: for a tile of at most 13 rows, and two tables of row offsets.
    static member Spare = 13 * (2 * 'S.Bytes + 2 * sizeof<nativeint>)

    /// The height of the next tile at strides, where `left` rows are left. If 3 rows or more are left for tiles of 4 and 6 rows,
    /// these tiles together have at most one unused row.
    static member private Height(left: int) =
        if 'S.Bytes = 64 && left >= 12 then 12
        elif left = 5 || left = 6 || left > 8 then 6
        else 4

    static member private Tile(height, t: inref<Tile>) =
        if height = 6 then MicroKernel<'S, 'V, 'T>.Rows6 &t
        elif height = 4 then MicroKernel<'S, 'V, 'T>.Rows4 &t
        else MicroKernel<'S, 'V, 'T>.Rows12 &t

    /// Computes a tile at strides that goes beyond C: computes the whole tile in `spare`, and copies to C what belongs there.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    static member private Edge(height: int, columns: int, t: byref<Tile>, spare: nativeint) =
        let bytes = columns * sizeof<'T>
        let wide = nativeint (2 * 'S.Bytes)
        let c, cRows = t.C, t.CRows

        if t.Add then
            Pack<'S, 'V, 'T>.Rows(t.Rows, bytes, c, cRows, spare, wide)

        t.C <- spare
        t.CRows <- wide
        PanelKernel<'S, 'V, 'T>.Tile(height, &t)
        t.C <- c
        t.CRows <- cRows
        Pack<'S, 'V, 'T>.Rows(t.Rows, bytes, spare, wide, c, cRows)

    /// Packs `m` rows of A tile by tile, and each tile column by column, so that the rows of a packed tile are one element apart.
    static member PackA(m, k, a: nativeint, aRow: nativeint, aColumn, target: nativeint) =
        let size = nativeint sizeof<'T>
        let height = PanelKernel<'S, 'V, 'T>.Height m
        let mutable row = 0

        // Where A's columns are contiguous, packs all whole tiles at once, reading each column of A from beginning to end.
        if aRow = size then
            while m - row >= height && PanelKernel<'S, 'V, 'T>.Height(m - row) = height do
                row <- row + height

            Pack<'S, 'V, 'T>.Tiles(k, row / height, height, a, aColumn, target)

        while row < m do
            let height = PanelKernel<'S, 'V, 'T>.Height(m - row)
            let rows = min height (m - row)
            let target = target + nativeint (row * k) * size
            Pack<'S, 'V, 'T>.Tile(k, rows, height, a + nativeint row * aRow, aRow, aColumn, target)
            row <- row + rows

    /// Multiplies `m` rows of A by the first `columns` columns of a panel of B; `t` is the first tile. The tile that begins with
    /// row r reads A from `t.A` + r·`aNext` on (`aNext` in bytes). With `packed`, A is as `PackA` leaves it, and the memory
    /// behind the panel, where the next panel usually is, is prefetched. `spare` has space for 12 rows of two vectors.
    static member Multiply(m, columns, aNext: nativeint, packed, t: byref<Tile>, spare) =
        let whole = columns * sizeof<'T> = 2 * 'S.Bytes
        let a, c, aRow, depth = t.A, t.C, t.ARows, nativeint t.Count
        // With `packed`, each tile prefetches its share of the next panel of B.
        let share =
            if packed then
                nativeint (2 * 'S.Bytes * PanelKernel<'S, 'V, 'T>.Height m / m + 1)
            else
                0n

        t.Next <- t.B + depth * t.BRow
        t.NextStep <- share
        let mutable row = 0

        while row < m do
            let height = PanelKernel<'S, 'V, 'T>.Height(m - row)
            let rows = min height (m - row)
            t.Rows <- rows
            t.A <- a + nativeint row * aNext
            t.C <- c + nativeint row * t.CRows

            if packed then
                t.Step <- nativeint height * aRow

            if whole && rows = height then
                PanelKernel<'S, 'V, 'T>.Tile(height, &t)
            else
                PanelKernel<'S, 'V, 'T>.Edge(height, columns, &t, spare)

            t.Next <- t.Next + depth * share
            row <- row + rows

    static member private TableTile(height, isNarrow, t: inref<Tile>) =
        if isNarrow then
            match height with
            | 6 -> MicroKernel<'S, 'V, 'T>.Narrow6 &t
            | 9 -> MicroKernel<'S, 'V, 'T>.Narrow9 &t
            | 12 -> MicroKernel<'S, 'V, 'T>.Narrow12 &t
            | _ -> MicroKernel<'S, 'V, 'T>.Narrow13 &t
        else
            match height with
            | 6 -> MicroKernel<'S, 'V, 'T>.Table6 &t
            | 9 -> MicroKernel<'S, 'V, 'T>.Table9 &t
            | 12 -> MicroKernel<'S, 'V, 'T>.Table12 &t
            | _ -> MicroKernel<'S, 'V, 'T>.Table13 &t

    /// The height of the next tile by tables, where `left` rows are left. With vectors of 64 bytes, tiles of 12 and 13 rows
    /// divide any number of rows from 132 on without computing a row twice, and also 25 and 49, the pixels of small images.
    static member private TableHeight(left: int) =
        if 'S.Bytes < 64 || left <= 6 then 6
        elif left <= 9 then 9
        elif left % 12 > 0 && left >= 13 * (left % 12) then 13
        else 12

    /// Computes a tile by tables that goes beyond C, by way of a whole one in `spare`. Rows from `rows` on repeat A's last row.
    static member private TableEdge(height: int, rows, columns: int, t: byref<Tile>, spare: nativeint) =
        let wide = nativeint (2 * 'S.Bytes)
        let bytes = columns * sizeof<'T>
        let c, cTable, aTable = t.C, t.CRows, t.ARows
        let spareRows = spare + nativeint height * wide
        let aRows = spareRows + nativeint (height * sizeof<nativeint>)

        for i in 0 .. height - 1 do
            At.set<nativeint> spareRows i (nativeint i * wide)
            At.set<nativeint> aRows i (At.get<nativeint> aTable (min i (rows - 1)))

        if t.Add then
            for i in 0 .. rows - 1 do
                At.copy (c + At.get<nativeint> cTable i) (spare + nativeint i * wide) bytes

        t.ARows <- aRows
        t.C <- spare
        t.CRows <- spareRows
        PanelKernel<'S, 'V, 'T>.TableTile(height, (bytes <= 'S.Bytes), &t)
        t.ARows <- aTable
        t.C <- c
        t.CRows <- cTable

        for i in 0 .. rows - 1 do
            At.copy (spare + nativeint i * wide) (c + At.get<nativeint> cTable i) bytes

    /// Multiplies `m` rows, whose offsets are in the tables of `t`, by the first `columns` columns of a panel of B. If these
    /// columns do not fill whole vectors, the first `over` rows may be written in whole vectors all the same: the elements beyond
    /// the columns are overwritten later. `spare` has `Spare` bytes.
    static member MultiplyTable(m: int, columns: int, over: int, t: byref<Tile>, spare: nativeint) =
        let bytes = columns * sizeof<'T>
        let isNarrow = bytes <= 'S.Bytes
        let over = if bytes % 'S.Bytes = 0 then m else over
        let word = nativeint sizeof<nativeint>
        let mutable row = 0

        while row < m do
            let height = PanelKernel<'S, 'V, 'T>.TableHeight(m - row)
            // With too few rows left, the last tile begins earlier, and computes rows again with the same values, unless it adds.
            let first = if t.Add || m < height then row else min row (m - height)
            let rows = min height (m - first)
            t.ARows <- t.ARows + nativeint (first - row) * word
            t.CRows <- t.CRows + nativeint (first - row) * word

            if rows = height && first + rows <= over then
                PanelKernel<'S, 'V, 'T>.TableTile(height, isNarrow, &t)
            else
                PanelKernel<'S, 'V, 'T>.TableEdge(height, rows, columns, &t, spare)

            t.ARows <- t.ARows + nativeint rows * word
            t.CRows <- t.CRows + nativeint rows * word
            row <- first + rows
