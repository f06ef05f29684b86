namespace DL1.Compiler.Conv

open System.Runtime.CompilerServices
open FSharp.NativeInterop
open DL1
open DL1.Compiler
open DL1.Compiler.Gemm
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// 6 rows of a depthwise convolution, by tables: vectors run along channels. See `Tile`.
[<AbstractClass; Sealed>]
type internal DepthwiseRows<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged> private () =

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member private Word(table: nativeint, i: int) =
        NativePtr.get (NativePtr.ofNativeInt<nativeint> table) i

    /// One element of one row, by the same chain of multiply-adds.
    static member private One(t: inref<Tile>, row: int, at: nativeint) =
        Hot.loop ()
        let a = t.A + DepthwiseRows<'S, 'V, 'T>.Word(t.ARows, row) + at
        let mutable sum = One.zero<'T>
        let mutable b = t.B + at
        let mutable run = t.Runs

        for _ in 1 .. t.Count do
            let mutable a = a + DepthwiseRows<'S, 'V, 'T>.Word(run, 0)
            let mutable left = DepthwiseRows<'S, 'V, 'T>.Word(run, 1)

            while left > 0n do
                sum <-
                    One.multiplyAdd
                        (NativePtr.read (NativePtr.ofNativeInt<'T> a))
                        (NativePtr.read (NativePtr.ofNativeInt<'T> b))
                        sum

                a <- a + t.Step
                b <- b + t.BRow
                left <- left - 1n

            run <- run + nativeint (2 * sizeof<nativeint>)

        let target = NativePtr.ofNativeInt<'T>(t.C + DepthwiseRows<'S, 'V, 'T>.Word(t.CRows, row) + at)

        NativePtr.write target (if t.Add then One.add (NativePtr.read target) sum else sum)

    /// 6 rows of `channels` channels, fewer than fill a vector, one element at a time.
    static member Few(channels: int, t: inref<Tile>) =
        for row in 0..5 do
            for channel in 0 .. channels - 1 do
                DepthwiseRows<'S, 'V, 'T>.One(&t, row, nativeint (channel * sizeof<'T>))

    /// 6 of `m` rows from `row` on, for a vector or two of channels from `channel` on. The last vector may overlap the one before, and
    /// the last 6 rows those before.
    static member private Part(m: int, channels: int, row, channel, origin: inref<Tile>, t: byref<Tile>) =
        let lanes = 'S.Bytes / sizeof<'T>
        let at = nativeint (max 0 (min channel (channels - lanes)) * sizeof<'T>)
        let first = nativeint (min row (m - 6) * sizeof<nativeint>)
        t.A <- origin.A + at
        t.B <- origin.B + at
        t.C <- origin.C + at
        t.ARows <- origin.ARows + first
        t.CRows <- origin.CRows + first

        if channels < lanes then DepthwiseRows<'S, 'V, 'T>.Few(channels, &t)
        elif channels - channel >= 2 * lanes then MicroKernel<'S, 'V, 'T>.LanesWide6 &t
        else MicroKernel<'S, 'V, 'T>.Lanes6 &t

    /// `m` rows, at least 6, of any number of channels, by tables with an entry for each row. Channels are the outer loop where
    /// pixels are near one another: what a vector of channels needs of neighbouring rows of an image stays in the first-level
    /// cache. Replaces C's elements: where vectors or rows overlap, some would be added twice.
    static member Sweep(m: int, channels: int, t: byref<Tile>) =
        let lanes = 'S.Bytes / sizeof<'T>
        let origin = t
        let tiles, pairs = (m + 5) / 6, (channels + 2 * lanes - 1) / (2 * lanes)
        let isNear = channels * sizeof<'T> <= Tuning.DepthwisePixelBytes

        for part in 0 .. tiles * pairs - 1 do
            let tile, pair = if isNear then part % tiles, part / tiles else part / pairs, part % pairs
            let channel = 2 * pair * lanes
            DepthwiseRows<'S, 'V, 'T>.Part(m, channels, 6 * tile, channel, &origin, &t)

            // The last pair may be a vector and a part of one.
            if channels - channel > lanes && channels - channel < 2 * lanes then
                DepthwiseRows<'S, 'V, 'T>.Part(m, channels, 6 * tile, channel + lanes, &origin, &t)
