namespace DL1.Compiler.Gemm

open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open DL1
open DL1.Compiler.Simd

/// Copies blocks of matrices into the order in which the micro-kernels read them. All strides are in bytes.
[<AbstractClass; Sealed>]
type internal Pack<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged> private () =

    /// Copies `rows` rows of `bytes` bytes.
    static member Rows(rows, bytes, source: nativeint, sourceRow, target: nativeint, targetRow) =
        Hot.loop ()

        for row in 0 .. rows - 1 do
            At.copy (source + nativeint row * sourceRow) (target + nativeint row * targetRow) bytes

    /// Copies `rows` by `columns` elements at any strides into contiguous rows.
    static member Elements(rows, columns, source: nativeint, row, column, target: nativeint, targetRow) =
        Hot.loop ()
        let size = nativeint sizeof<'T>

        for i in 0 .. rows - 1 do
            let mutable from = source + nativeint i * row
            let mutable target = target + nativeint i * targetRow

            for _ in 1..columns do
                At.write target (At.read<'T> from)
                from <- from + column
                target <- target + size

    /// Transposes four contiguous columns of f32, which are `column` bytes apart, into rows of four elements. Returns the number
    /// of rows written, a multiple of 4; the caller copies the rest.
    static member private Transpose4(rows, source: nativeint, column, target: nativeint, targetRow) =
        Hot.loop ()
        let inline load (address: nativeint) = At.read<Vector128<float32>> address
        let mutable row = 0

        while row + 4 <= rows do
            let from = source + nativeint (row * 4)
            let a = load from
            let b = load (from + column)
            let c = load (from + 2n * column)
            let d = load (from + 3n * column)
            let ab, cd = Sse.UnpackLow(a, b), Sse.UnpackLow(c, d)
            let ba, dc = Sse.UnpackHigh(a, b), Sse.UnpackHigh(c, d)
            let into = target + nativeint row * targetRow
            At.write into (Sse.MoveLowToHigh(ab, cd))
            At.write (into + targetRow) (Sse.MoveHighToLow(cd, ab))
            At.write (into + 2n * targetRow) (Sse.MoveLowToHigh(ba, dc))
            At.write (into + 3n * targetRow) (Sse.MoveHighToLow(dc, ba))
            row <- row + 4

        row

    /// Transposes two contiguous columns of f64, which are `column` bytes apart, into rows of two elements. Returns the number of
    /// rows written, a multiple of 2; the caller copies the rest.
    static member private Transpose2(rows, source: nativeint, column, target: nativeint, targetRow) =
        Hot.loop ()
        let mutable row = 0

        while row + 2 <= rows do
            let from = source + nativeint (row * 8)
            let a = At.read<Vector128<float>> from
            let b = At.read<Vector128<float>>(from + column)
            let into = target + nativeint row * targetRow
            At.write into (Sse2.UnpackLow(a, b))
            At.write (into + targetRow) (Sse2.UnpackHigh(a, b))
            row <- row + 2

        row

    /// Copies `rows` by `columns` elements from contiguous columns, which are `column` bytes apart, into contiguous rows.
    static member Columns(rows: int, columns: int, source: nativeint, column, target: nativeint, targetRow) =
        let size = nativeint sizeof<'T>

        let mutable j = 0

        while j < columns do
            let left = columns - j

            let group =
                if not Sse2.IsSupported || left = 1 then 1
                elif sizeof<'T> = 8 then 2
                elif columns >= 4 then 4
                else 1

            // The last group of four may overlap the one before it.
            let first = min j (columns - group)
            let from = source + nativeint first * column
            let into = target + nativeint first * size

            let transposed =
                if group = 1 then
                    0
                elif sizeof<'T> = 8 then
                    Pack<'S, 'V, 'T>.Transpose2(rows, from, column, into, targetRow)
                else
                    Pack<'S, 'V, 'T>.Transpose4(rows, from, column, into, targetRow)

            let from = from + nativeint transposed * size
            let into = into + nativeint transposed * targetRow
            Pack<'S, 'V, 'T>.Elements(rows - transposed, group, from, size, column, into, targetRow)
            j <- j + group

    /// Packs whole tiles of A, if each column of A is contiguous: reads one column of A after the other, and copies `height`
    /// elements of it to each tile.
    static member Tiles(k, tiles, height, a: nativeint, aColumn: nativeint, target: nativeint) =
        Hot.loop ()
        let bytes = height * sizeof<'T>
        let tileRow = nativeint bytes
        let vectors = bytes / 16
        let tile = nativeint k * tileRow

        for i in 0 .. k - 1 do
            let mutable from = a + nativeint i * aColumn
            let mutable into = target + nativeint i * tileRow

            for _ in 1..tiles do
                // The hardware does not prefetch columns that are far apart.
                Simd.fetch (from + 8n * aColumn)

                for v in 0 .. vectors - 1 do
                    let at = nativeint (16 * v)
                    At.write (into + at) (At.read<Vector128<byte>>(from + at))

                // Heights are even, so that after whole vectors of 16 bytes either nothing is left or two elements of f32.
                if bytes % 16 <> 0 then
                    At.write (into + tileRow - 8n) (At.read<int64>(from + tileRow - 8n))

                from <- from + tileRow
                into <- into + tile

    /// Packs one tile of A: for each of `k` columns, `rows` elements, into a packed row of `height` elements.
    static member Tile(k, rows, height: int, a, aRow, aColumn, target) =
        let size = nativeint sizeof<'T>
        let targetRow = nativeint height * size

        if aColumn = size then
            Pack<'S, 'V, 'T>.Columns(k, rows, a, aRow, target, targetRow)
        else
            Pack<'S, 'V, 'T>.Elements(k, rows, a, aColumn, aRow, target, targetRow)

    /// Packs one panel of B: `k` rows of `columns` elements, filled up with zeros to two vectors a row.
    static member Panel(k, columns, b, bRow, bColumn, target) =
        let size = sizeof<'T>
        let wide = 2 * 'S.Bytes
        let targetRow = nativeint wide

        if columns * size < wide then
            At.clear target (k * wide)

        if bColumn = nativeint size then
            if columns * size = wide then
                Pack<'S, 'V, 'T>.Whole(k, b, bRow, target)
            else
                Pack<'S, 'V, 'T>.Rows(k, columns * size, b, bRow, target, targetRow)
        elif bRow = nativeint size then
            Pack<'S, 'V, 'T>.Columns(k, columns, b, bColumn, target, targetRow)
        else
            Pack<'S, 'V, 'T>.Elements(k, columns, b, bRow, bColumn, target, targetRow)

    static member private Whole(k: int, b: nativeint, bRow: nativeint, target: nativeint) =
        Hot.loop ()
        let width = nativeint 'S.Bytes
        let mutable from = b
        let mutable into = target

        for _ in 1..k do
            // The hardware does not prefetch rows that are far apart.
            Simd.fetch (from + 8n * bRow)
            let x = 'S.Load from
            let y = 'S.Load(from + width)
            'S.Store(x, into)
            'S.Store(y, into + width)
            from <- from + bRow
            into <- into + 2n * width
