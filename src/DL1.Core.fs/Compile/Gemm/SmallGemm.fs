namespace DL1.Compiler.Gemm

open DL1.Compiler
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// Computes some columns of one matrix of a product from beginning to end on one thread; if B is a single column, some rows.
[<AbstractClass; Sealed>]
type internal SmallGemm<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged> private () =

    /// The address of an element of one matrix of a stack.
    static member Address(m: MatrixView, stack: int, row: int, column: int) =
        m.Data
        + (m.Start stack + nativeint row * nativeint m.Row + nativeint column * nativeint m.Column)
          * nativeint sizeof<'T>

    /// The address of one k-block of a panel of B, as `PackedMatrix` packs B.
    static member Packed(p: inref<GemmProblem>, kBlock, panel) =
        let panels = (p.N * sizeof<'T> + 2 * 'S.Bytes - 1) / (2 * 'S.Bytes)
        p.Packed + KBlocks.packed p.K panels (2 * 'S.Bytes) kBlock panel

    /// Calls the epilogue for a finished block of C.
    static member RunEpilogue(p: inref<GemmProblem>, stack, row, rows, column, count) =
        match p.Epilogue with
        | null -> ()
        | epilogue ->
            let at = SmallGemm<'S, 'V, 'T>.Address(p.C, stack, row, column)
            epilogue.Invoke(at, stack * p.M + row, rows, column, count)

    /// Whether A is read in place: if each row is contiguous; or if each column is, and A has at most `Tuning.StraightRows` rows
    /// or `Tuning.StraightBytes` bytes.
    static member private ReadsAInPlace(p: inref<GemmProblem>) =
        p.A.Column = 1
        || p.A.Row = 1
           && (p.M <= Tuning.StraightRows || int64 p.M * int64 p.K * int64 sizeof<'T> <= Tuning.StraightBytes)

    /// Whether A is small enough for each strip to read all of it. If A cannot be read in place, each of its columns must be
    /// contiguous, the sum must have one k-block only, and the stack at least four matrices: threads then share the matrices of
    /// the stack, so that a strip can have all columns of B, which is worth a copy of A.
    static member Suits(p: inref<GemmProblem>) =
        int64 p.M * int64 (min p.K Tuning.KBlockRows) * int64 sizeof<'T> <= Tuning.SmallGemmBytes
        && (SmallGemm<'S, 'V, 'T>.ReadsAInPlace &p || p.A.Row = 1 && p.Batch >= 4 && p.K <= Tuning.KBlockRows)

    /// Computes columns `first` to `last` − 1 panel by panel. B is packed, except contiguous rows that at most two tiles read.
    static member private Columns(p: inref<GemmProblem>, stack, first, last) =
        let size = nativeint sizeof<'T>
        let whole = 2 * 'S.Bytes / sizeof<'T>
        let spare = Scratch.Get(ScratchSlot.GemmEdge, 12 * 2 * 'S.Bytes)
        let panel = Scratch.Get(ScratchSlot.GemmPanel, Tuning.KBlockRows * 2 * 'S.Bytes)
        let bRow, bColumn = nativeint p.B.Row * size, nativeint p.B.Column * size
        let aRow, aColumn = nativeint p.A.Row * size, nativeint p.A.Column * size
        let aInPlace = SmallGemm<'S, 'V, 'T>.ReadsAInPlace &p
        // The address of a packed copy of A, or 0 if A is read in place. With a copy there is only one k-block (`Suits`).
        let copy =
            if aInPlace then
                0n
            else
                let copy = Scratch.Get(ScratchSlot.GemmPackedA, (p.M + 12) * p.K * sizeof<'T>)
                let a = SmallGemm<'S, 'V, 'T>.Address(p.A, stack, 0, 0)
                PanelKernel<'S, 'V, 'T>.PackA(p.M, p.K, a, aRow, aColumn, copy)
                copy

        let mutable tile = Tile()
        tile.ARows <- if aInPlace then aRow else size
        tile.Step <- aColumn
        tile.CRows <- nativeint p.C.Row * size
        let mutable column = first

        while column < last do
            let columns = min whole (last - column)
            let bInPlace = p.Packed = 0n && p.M <= 12 && bColumn = size && columns = whole

            for kBlock in 0 .. KBlocks.count p.K - 1 do
                let k, deep = KBlocks.at p.K kBlock, kBlock * KBlocks.length p.K
                let b = SmallGemm<'S, 'V, 'T>.Address(p.B, stack, deep, column)

                let panel =
                    if p.Packed <> 0n then
                        SmallGemm<'S, 'V, 'T>.Packed(&p, kBlock, column / whole)
                    else
                        panel

                if p.Packed = 0n && not bInPlace then
                    Pack<'S, 'V, 'T>.Panel(k, columns, b, bRow, bColumn, panel)

                tile.Count <- k
                tile.A <- if aInPlace then SmallGemm<'S, 'V, 'T>.Address(p.A, stack, 0, deep) else copy
                tile.B <- if bInPlace then b else panel
                tile.BRow <- if bInPlace then bRow else nativeint (2 * 'S.Bytes)
                tile.C <- SmallGemm<'S, 'V, 'T>.Address(p.C, stack, 0, column)
                tile.Add <- kBlock > 0
                let aNext = if aInPlace then aRow else nativeint k * size
                PanelKernel<'S, 'V, 'T>.Multiply(p.M, columns, aNext, not aInPlace, &tile, spare)

            column <- column + columns

        SmallGemm<'S, 'V, 'T>.RunEpilogue(&p, stack, 0, p.M, first, last - first)

    /// Computes outputs `first` to `last` − 1 of a matrix times a vector: A is a single row, or B a single column.
    static member private Outputs(p: inref<GemmProblem>, stack, first, last) =
        let size = nativeint sizeof<'T>
        let isRow = p.M = 1
        let m, x = if isRow then p.B, p.A else p.A, p.B
        let mOut, mDeep = if isRow then m.Column, m.Row else m.Row, m.Column
        let xDeep = nativeint (if isRow then x.Column else x.Row) * size
        let yOut = if isRow then size else nativeint p.C.Row * size
        let row, column = if isRow then 0, first else first, 0
        let y = SmallGemm<'S, 'V, 'T>.Address(p.C, stack, row, column)

        for kBlock in 0 .. KBlocks.count p.K - 1 do
            let deep = kBlock * KBlocks.length p.K
            let k = KBlocks.at p.K kBlock
            let add = kBlock > 0
            let b = SmallGemm<'S, 'V, 'T>.Address(p.B, stack, deep, column)
            let a = SmallGemm<'S, 'V, 'T>.Address(p.A, stack, row, deep)
            let m, x = if isRow then b, a else a, b
            let mDeep = nativeint mDeep * size

            if isRow && p.Packed <> 0n then
                let packed = SmallGemm<'S, 'V, 'T>.Packed(&p, kBlock, first * sizeof<'T> / (2 * 'S.Bytes))
                let panel = KBlocks.packed p.K 1 (2 * 'S.Bytes) 0 1
                let spare = Scratch.Get(ScratchSlot.GemmEdge, 12 * 2 * 'S.Bytes)
                Gemv<'S, 'V, 'T>.Panels(last - first, k, packed, panel, x, xDeep, y, add, spare)
            elif mOut = 1 && yOut = size then
                Gemv<'S, 'V, 'T>.Sweep(last - first, k, m, mDeep, x, xDeep, y, add)
            else
                Gemv<'S, 'V, 'T>
                    .Dots(last - first, k, m, nativeint mOut * size, mDeep, x, xDeep, y, yOut, add)

        if isRow then
            SmallGemm<'S, 'V, 'T>.RunEpilogue(&p, stack, 0, 1, first, last - first)
        else
            SmallGemm<'S, 'V, 'T>.RunEpilogue(&p, stack, first, last - first, 0, 1)

    /// Computes columns `first` to `last` − 1; where B is a single column, rows `first` to `last` − 1.
    static member Run(p: inref<GemmProblem>, stack: int, first: int, last: int) : unit =
        if p.M = 1 || p.N = 1 then
            SmallGemm<'S, 'V, 'T>.Outputs(&p, stack, first, last)
        else
            SmallGemm<'S, 'V, 'T>.Columns(&p, stack, first, last)
