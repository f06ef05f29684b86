namespace DL1.Compiler.Conv

open System
open FSharp.NativeInterop
open DL1
open DL1.Compiler.Gemm
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// A table of machine words at a fixed address: offsets for the micro-kernels.
[<Sealed>]
type internal ConvTable(words: nativeint[]) =
    let block =
        Block("Compile", "offsets of a convolution", int64 (max 1 words.Length) * int64 sizeof<nativeint>)

    do Runtime.InteropServices.Marshal.Copy(words, 0, block.Address, words.Length)

    /// The address of entry number i.
    member _.Address(i: int) = block.Address + nativeint i * nativeint sizeof<nativeint>

/// Memory that a kernel keeps between its runs.
[<Sealed>]
type internal ConvBuffer(bytes: int64) =
    let block = Block("Compile", "what a kernel works in", bytes)

    member _.Address = block.Address
    member _.Bytes = bytes
    /// Keeps the memory alive until this call.
    member _.Hold() = block.Hold()

/// A column of tiles of a convolution: any number of rows times one panel of packed B.
[<AbstractClass; Sealed>]
type internal ConvPanel<'S, 'V, 'T
    when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct and 'T: unmanaged and 'T: struct> private () =

    /// The most rows of a tile.
    static member Tallest = 12

    /// The bytes of scratch memory that `Multiply` needs: a tile, and two tables of rows.
    static member Spare = ConvPanel<'S, 'V, 'T>.Tallest * (2 * 'S.Bytes + 2 * sizeof<nativeint>)

    static member private Tile(height, runs, count, step, a, aRows, b, c, cRows, add) =
        if height = 6 then
            ConvMicroKernel<'S, 'V, 'T>.Rows6(runs, count, step, a, aRows, b, c, cRows, add)
        else
            ConvTallMicroKernel<'S, 'V, 'T>.Rows12(runs, count, step, a, aRows, b, c, cRows, add)

    /// Computes a tile that goes beyond C, by way of a whole tile in `spare`. Rows of A from `rows` on repeat the last.
    static member private Edge
        (
            height: int,
            rows: int,
            columns: int,
            runs,
            count,
            step,
            a,
            aRows: nativeint,
            b,
            c: nativeint,
            cRows: nativeint,
            add,
            spare: nativeint
        ) =
        let wide = nativeint (2 * 'S.Bytes)
        let bytes = columns * sizeof<'T>
        let offsets = NativePtr.ofNativeInt<nativeint>(spare + nativeint height * wide)
        let from = NativePtr.ofNativeInt<nativeint> aRows
        let into = NativePtr.ofNativeInt<nativeint> cRows

        for i in 0 .. height - 1 do
            NativePtr.set offsets i (nativeint i * wide)
            NativePtr.set offsets (height + i) (NativePtr.get from (min i (rows - 1)))

        if add then
            for i in 0 .. rows - 1 do
                Pack<'S, 'V, 'T>
                    .Rows(1, bytes, c + NativePtr.get into i, 0n, spare + nativeint i * wide, wide)

        let spareRows = NativePtr.toNativeInt offsets
        let aRows = NativePtr.toNativeInt (NativePtr.add offsets height)
        ConvPanel<'S, 'V, 'T>.Tile(height, runs, count, step, a, aRows, b, spare, spareRows, add)

        for i in 0 .. rows - 1 do
            Pack<'S, 'V, 'T>.Rows(1, bytes, spare + nativeint i * wide, wide, c + NativePtr.get into i, 0n)

    /// Multiplies `m` rows, whose offsets are in the tables `aRows` and `cRows`, by a panel whose first `columns`
    /// columns are used.
    static member Multiply
        (
            m: int,
            columns: int,
            runs: nativeint,
            count: int,
            step: nativeint,
            a: nativeint,
            aRows: nativeint,
            b: nativeint,
            c: nativeint,
            cRows: nativeint,
            add: bool,
            spare: nativeint
        ) =
        let whole = columns * sizeof<'T> = 2 * 'S.Bytes
        let mutable row = 0

        while row < m do
            // 12 rows need 32 registers.
            let height = if 'S.Bytes = 64 && m - row > 6 then 12 else 6
            let rows = min height (m - row)
            let at = nativeint (row * sizeof<nativeint>)

            if whole && rows = height then
                ConvPanel<'S, 'V, 'T>.Tile(height, runs, count, step, a, aRows + at, b, c, cRows + at, add)
            else
                ConvPanel<'S, 'V, 'T>
                    .Edge(
                        height,
                        rows,
                        columns,
                        runs,
                        count,
                        step,
                        a,
                        aRows + at,
                        b,
                        c,
                        cRows + at,
                        add,
                        spare
                    )

            row <- row + rows
