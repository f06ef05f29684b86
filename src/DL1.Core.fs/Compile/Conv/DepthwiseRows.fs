namespace DL1.Compiler.Conv

open System.Runtime.CompilerServices
open FSharp.NativeInterop
open DL1
open DL1.Compiler.Gemm
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// 6 rows of a depthwise convolution, by tables: vectors run along channels. See `Tile`.
[<AbstractClass; Sealed>]
type internal DepthwiseRows<'S, 'V, 'T
    when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct and 'T: unmanaged and 'T: struct> private () =

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

    /// 6 rows of any number of channels. The last vector may overlap the one before. Replaces C's elements: with
    /// overlapping vectors some would be added twice.
    static member Channels(channels: int, t: byref<Tile>) =
        let lanes = 'S.Bytes / sizeof<'T>
        let a, b, c = t.A, t.B, t.C
        let mutable channel = 0

        if channels < lanes then
            DepthwiseRows<'S, 'V, 'T>.Few(channels, &t)
        else
            while channel < channels do
                let isWide = channels - channel >= 2 * lanes
                let at = nativeint (min channel (channels - lanes) * sizeof<'T>)
                t.A <- a + at
                t.B <- b + at
                t.C <- c + at

                if isWide then
                    MicroKernel<'S, 'V, 'T>.LanesWide6 &t
                else
                    MicroKernel<'S, 'V, 'T>.Lanes6 &t

                channel <- channel + (if isWide then 2 * lanes else lanes)

            t.A <- a
            t.B <- b
            t.C <- c
