namespace DL1.Compiler.Gemm

open System.Runtime.CompilerServices
open FSharp.NativeInterop
open DL1
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// A column of tiles of C: any number of rows of A times one panel of B, at most two vectors wide. All strides are in
/// bytes.
[<AbstractClass; Sealed>]
type internal PanelKernel<'S, 'V, 'T
    when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct and 'T: unmanaged and 'T: struct> private () =

    /// The height of the next tile, where `left` rows are left. 12 rows need 32 registers. Tiles of 4 and of 6 rows
    /// together leave at most one row of a tile unused.
    static member private Height(left: int) =
        if 'S.Bytes = 64 && left >= 12 then 12
        elif left = 5 || left = 6 || left > 8 then 6
        else 4

    static member private Tile(height, k, a, aRow, aColumn, rows, b, bRow, c, cRow, add, next, step) =
        if height = 6 then
            MicroKernel<'S, 'V, 'T>.Rows6(k, a, aRow, aColumn, rows, b, bRow, c, cRow, add, next, step)
        elif height = 4 then
            MicroKernel<'S, 'V, 'T>.Rows4(k, a, aRow, aColumn, rows, b, bRow, c, cRow, add, next, step)
        else
            TallMicroKernel<'S, 'V, 'T>.Rows12(k, a, aRow, aColumn, rows, b, bRow, c, cRow, add, next, step)

    /// Computes a tile that goes beyond C, by way of a whole tile in `spare`.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    static member private Edge
        (
            height: int,
            k,
            a,
            aRow,
            aColumn,
            rows: int,
            b,
            bRow,
            c: nativeint,
            cRow: nativeint,
            columns: int,
            add,
            next,
            step,
            spare
        ) =
        let bytes = columns * sizeof<'T>
        let wide = nativeint (2 * 'S.Bytes)

        if add then
            Pack<'S, 'V, 'T>.Rows(rows, bytes, c, cRow, spare, wide)

        PanelKernel<'S, 'V, 'T>.Tile(height, k, a, aRow, aColumn, rows, b, bRow, spare, wide, add, next, step)
        Pack<'S, 'V, 'T>.Rows(rows, bytes, spare, wide, c, cRow)

    /// Packs `m` rows of A tile by tile; in a tile column by column, so that its `aRow` is then one element.
    static member PackA
        (m: int, k: int, a: nativeint, aRow: nativeint, aColumn: nativeint, target: nativeint)
        =
        let size = nativeint sizeof<'T>
        let height = PanelKernel<'S, 'V, 'T>.Height m
        let mutable row = 0

        // Where A's columns are contiguous, packs all whole tiles at once, reading each column of A from beginning to
        // end.
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

    /// Multiplies `m` rows of A, `k` long, by a panel of `columns` columns; the products replace C's elements or, with
    /// `add`, are added to them. A tile's first row r is at `a` + r·`aNext`, its further rows `aRow` bytes apart. With
    /// `packed`, A is as `PackA` leaves it, and panels of B follow one another. `spare` has space for 12 rows of two
    /// vectors.
    static member Multiply
        (
            m: int,
            k: int,
            a: nativeint,
            aNext: nativeint,
            aRow: nativeint,
            aColumn: nativeint,
            b: nativeint,
            bRow: nativeint,
            c: nativeint,
            cRow: nativeint,
            columns: int,
            packed: bool,
            add: bool,
            spare: nativeint
        ) =
        let whole = columns * sizeof<'T> = 2 * 'S.Bytes
        let mutable row = 0
        // Each tile prefetches its share of the next panel of B, which follows this one where B is packed.
        let mutable next = b + nativeint k * bRow

        let step =
            if packed then
                nativeint (2 * 'S.Bytes * PanelKernel<'S, 'V, 'T>.Height m / m + 1)
            else
                0n

        while row < m do
            let height = PanelKernel<'S, 'V, 'T>.Height(m - row)
            let rows = min height (m - row)
            let a = a + nativeint row * aNext
            let aColumn = if packed then nativeint height * aRow else aColumn
            let c = c + nativeint row * cRow

            if whole && rows = height then
                PanelKernel<'S, 'V, 'T>
                    .Tile(height, k, a, aRow, aColumn, rows, b, bRow, c, cRow, add, next, step)
            else
                PanelKernel<'S, 'V, 'T>
                    .Edge(
                        height,
                        k,
                        a,
                        aRow,
                        aColumn,
                        rows,
                        b,
                        bRow,
                        c,
                        cRow,
                        columns,
                        add,
                        next,
                        step,
                        spare
                    )

            next <- next + nativeint k * step
            row <- row + rows
