namespace DL1

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// Some columns of one matrix of a product, from beginning to end on one thread; rows, where B is a column.
[<AbstractClass; Sealed>]
type internal Strip<'S, 'V, 'T
    when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct and 'T: unmanaged and 'T: struct> private () =

    /// The address of an element.
    static member Place(m: Matrix, stack: int, row: int, column: int) =
        m.Data
        + (m.Start stack + nativeint row * nativeint m.Row + nativeint column * nativeint m.Column)
          * nativeint sizeof<'T>

    /// Bias and finish, for a finished block of C.
    static member Finish(p: inref<Product>, stack, row, rows, column, count) =
        if p.Bias <> 0n then
            let bias = p.Bias + nativeint column * nativeint sizeof<'T>

            for i in row .. row + rows - 1 do
                Bias<'S, 'V, 'T>.Add(count, bias, Strip<'S, 'V, 'T>.Place(p.C, stack, i, column))

        match p.Finish with
        | null -> ()
        | finish ->
            finish.Invoke(
                Strip<'S, 'V, 'T>.Place(p.C, stack, row, column),
                stack * p.M + row,
                rows,
                column,
                count
            )

    /// Whether A is read where it is: its rows are contiguous, or its columns, few of them or all in the first-level cache.
    static member private IsStraight(p: inref<Product>) =
        p.A.Column = 1 || p.A.Row = 1 && (p.M <= 48 || int64 p.M * int64 p.K * int64 sizeof<'T> <= 24576L)

    /// Whether A is small enough for each strip to go through all of it; and if it cannot be read where it is, whether it is
    /// one of a stack, which is shared out, so that a strip may have the whole of B, and is worth a copy of A.
    static member Suits(p: inref<Product>) =
        int64 p.M * int64 (min p.K SumCut.Longest) * int64 sizeof<'T> <= 262144L
        && (Strip<'S, 'V, 'T>.IsStraight &p || p.A.Row = 1 && p.Batch >= 4 && p.K <= SumCut.Longest)

    /// Columns `first` to `last` − 1, a panel at a time. B is packed unless it is read once or twice only.
    static member private Columns(p: inref<Product>, stack, first, last) =
        let size = nativeint sizeof<'T>
        let whole = 2 * 'S.Bytes / sizeof<'T>
        let spare = Scratch.Get(0, 12 * 2 * 'S.Bytes)
        let panel = Scratch.Get(1, SumCut.Longest * 2 * 'S.Bytes)
        let bRow, bColumn = nativeint p.B.Row * size, nativeint p.B.Column * size
        let aRow, aColumn = nativeint p.A.Row * size, nativeint p.A.Column * size
        let straight = Strip<'S, 'V, 'T>.IsStraight &p
        // A copy of A, in one cut.
        let copy =
            if straight then
                0n
            else
                let copy = Scratch.Get(2, (p.M + 12) * p.K * sizeof<'T>)

                Panel<'S, 'V, 'T>
                    .PackA(p.M, p.K, Strip<'S, 'V, 'T>.Place(p.A, stack, 0, 0), aRow, aColumn, copy)

                copy

        let mutable column = first

        while column < last do
            let columns = min whole (last - column)
            let inPlace = p.M <= 12 && bColumn = size && columns = whole

            for cut in 0 .. SumCut.count p.K - 1 do
                let k = SumCut.at p.K cut
                let b = Strip<'S, 'V, 'T>.Place(p.B, stack, cut * SumCut.length p.K, column)

                if not inPlace then
                    Pack<'S, 'V, 'T>.Panel(k, columns, b, bRow, bColumn, panel)

                let a = Strip<'S, 'V, 'T>.Place(p.A, stack, 0, cut * SumCut.length p.K)

                Panel<'S, 'V, 'T>
                    .Multiply(
                        p.M,
                        k,
                        (if straight then a else copy),
                        (if straight then aRow else nativeint k * size),
                        (if straight then aRow else size),
                        aColumn,
                        (if inPlace then b else panel),
                        (if inPlace then bRow else nativeint (2 * 'S.Bytes)),
                        Strip<'S, 'V, 'T>.Place(p.C, stack, 0, column),
                        nativeint p.C.Row * size,
                        columns,
                        not straight,
                        p.Accumulate || cut > 0,
                        spare
                    )

            column <- column + columns

        Strip<'S, 'V, 'T>.Finish(&p, stack, 0, p.M, first, last - first)

    /// Outputs `first` to `last` − 1 of a matrix times a vector: A is a row, or B a column.
    static member private Outputs(p: inref<Product>, stack, first, last) =
        let size = nativeint sizeof<'T>
        let isRow = p.M = 1
        let m, x = if isRow then p.B, p.A else p.A, p.B
        let mOut, mDeep = if isRow then m.Column, m.Row else m.Row, m.Column
        let xDeep = nativeint (if isRow then x.Column else x.Row) * size
        let yOut = if isRow then size else nativeint p.C.Row * size
        let row, column = if isRow then 0, first else first, 0
        let y = Strip<'S, 'V, 'T>.Place(p.C, stack, row, column)

        for cut in 0 .. SumCut.count p.K - 1 do
            let deep = cut * SumCut.length p.K
            let k = SumCut.at p.K cut
            let add = p.Accumulate || cut > 0
            let b = Strip<'S, 'V, 'T>.Place(p.B, stack, deep, column)
            let a = Strip<'S, 'V, 'T>.Place(p.A, stack, row, deep)
            let m, x = if isRow then b, a else a, b
            let mDeep = nativeint mDeep * size

            if mOut = 1 && yOut = size then
                Line<'S, 'V, 'T>.Sweep(last - first, k, m, mDeep, x, xDeep, y, add)
            else
                Line<'S, 'V, 'T>
                    .Dots(last - first, k, m, nativeint mOut * size, mDeep, x, xDeep, y, yOut, add)

        if isRow then
            Strip<'S, 'V, 'T>.Finish(&p, stack, 0, 1, first, last - first)
        else
            Strip<'S, 'V, 'T>.Finish(&p, stack, first, last - first, 0, 1)

    /// Columns `first` to `last` − 1; rows, where B is a column.
    static member Run(p: inref<Product>, stack: int, first: int, last: int) : unit =
        if p.M = 1 || p.N = 1 then
            Strip<'S, 'V, 'T>.Outputs(&p, stack, first, last)
        else
            Strip<'S, 'V, 'T>.Columns(&p, stack, first, last)
