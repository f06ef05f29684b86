namespace DL1.Compiler.Conv

open System.Runtime.CompilerServices
open FSharp.NativeInterop
open DL1
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// The micro-kernel of a depthwise convolution: 6 rows, one vector of channels wide. Row i of A begins at `a` plus
/// entry i of `aRows`, and is read along `count` runs: pairs (offset, length), with a vector every `step` bytes; B has
/// a vector every `bStep` bytes. Each element is one chain of fused multiply-adds from 0; then it replaces C's element
/// at `c` plus the entry of `cRows` or, with `add`, is added to it.
[<AbstractClass; Sealed>]
type internal DepthwiseMicroKernel<'S, 'V, 'T
    when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct and 'T: unmanaged and 'T: struct> private () =

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member private Word(table: nativeint, i: int) =
        NativePtr.get (NativePtr.ofNativeInt<nativeint> table) i

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member private Put(sum: 'V, c: nativeint, add) =
        'S.Store((if add then 'S.Add('S.Load c, sum) else sum), c)

    /// 6 rows by one vector.
    static member Rows6
        (
            runs: nativeint,
            count: int,
            step: nativeint,
            a: nativeint,
            aRows: nativeint,
            b: nativeint,
            bStep: nativeint,
            c: nativeint,
            cRows: nativeint,
            add: bool
        ) =
        Hot.loop ()
        let a0 = a + DepthwiseMicroKernel<'S, 'V, 'T>.Word(aRows, 0)
        let a1 = a + DepthwiseMicroKernel<'S, 'V, 'T>.Word(aRows, 1)
        let a2 = a + DepthwiseMicroKernel<'S, 'V, 'T>.Word(aRows, 2)
        let a3 = a + DepthwiseMicroKernel<'S, 'V, 'T>.Word(aRows, 3)
        let a4 = a + DepthwiseMicroKernel<'S, 'V, 'T>.Word(aRows, 4)
        let a5 = a + DepthwiseMicroKernel<'S, 'V, 'T>.Word(aRows, 5)
        let mutable s0 = 'S.Zero
        let mutable s1 = 'S.Zero
        let mutable s2 = 'S.Zero
        let mutable s3 = 'S.Zero
        let mutable s4 = 'S.Zero
        let mutable s5 = 'S.Zero
        let mutable b = b
        let mutable run = runs

        for _ in 1..count do
            let mutable at = DepthwiseMicroKernel<'S, 'V, 'T>.Word(run, 0)
            let mutable left = DepthwiseMicroKernel<'S, 'V, 'T>.Word(run, 1)

            while left > 0n do
                let x = 'S.Load b
                s0 <- 'S.MultiplyAdd('S.Load(a0 + at), x, s0)
                s1 <- 'S.MultiplyAdd('S.Load(a1 + at), x, s1)
                s2 <- 'S.MultiplyAdd('S.Load(a2 + at), x, s2)
                s3 <- 'S.MultiplyAdd('S.Load(a3 + at), x, s3)
                s4 <- 'S.MultiplyAdd('S.Load(a4 + at), x, s4)
                s5 <- 'S.MultiplyAdd('S.Load(a5 + at), x, s5)
                at <- at + step
                b <- b + bStep
                left <- left - 1n

            run <- run + nativeint (2 * sizeof<nativeint>)

        DepthwiseMicroKernel<'S, 'V, 'T>.Put(s0, c + DepthwiseMicroKernel<'S, 'V, 'T>.Word(cRows, 0), add)
        DepthwiseMicroKernel<'S, 'V, 'T>.Put(s1, c + DepthwiseMicroKernel<'S, 'V, 'T>.Word(cRows, 1), add)
        DepthwiseMicroKernel<'S, 'V, 'T>.Put(s2, c + DepthwiseMicroKernel<'S, 'V, 'T>.Word(cRows, 2), add)
        DepthwiseMicroKernel<'S, 'V, 'T>.Put(s3, c + DepthwiseMicroKernel<'S, 'V, 'T>.Word(cRows, 3), add)
        DepthwiseMicroKernel<'S, 'V, 'T>.Put(s4, c + DepthwiseMicroKernel<'S, 'V, 'T>.Word(cRows, 4), add)
        DepthwiseMicroKernel<'S, 'V, 'T>.Put(s5, c + DepthwiseMicroKernel<'S, 'V, 'T>.Word(cRows, 5), add)

    /// One element of one row, by the same chain of multiply-adds.
    static member One
        (
            runs: nativeint,
            count: int,
            step: nativeint,
            a: nativeint,
            b: nativeint,
            bStep: nativeint,
            c: nativeint,
            add: bool
        ) =
        Hot.loop ()
        let mutable sum = One.zero<'T>
        let mutable b = b
        let mutable run = runs

        for _ in 1..count do
            let mutable at = a + DepthwiseMicroKernel<'S, 'V, 'T>.Word(run, 0)
            let mutable left = DepthwiseMicroKernel<'S, 'V, 'T>.Word(run, 1)

            while left > 0n do
                sum <-
                    One.multiplyAdd
                        (NativePtr.read (NativePtr.ofNativeInt<'T> at))
                        (NativePtr.read (NativePtr.ofNativeInt<'T> b))
                        sum

                at <- at + step
                b <- b + bStep
                left <- left - 1n

            run <- run + nativeint (2 * sizeof<nativeint>)

        let target = NativePtr.ofNativeInt<'T> c
        NativePtr.write target (if add then One.add (NativePtr.read target) sum else sum)

    /// 6 rows of any number of channels. The last vector may overlap the one before; channels that do not fill one
    /// vector are computed one by one. Replaces C's elements: with overlapping vectors some would be added twice.
    static member Channels
        (
            channels: int,
            runs: nativeint,
            count: int,
            step: nativeint,
            a: nativeint,
            aRows: nativeint,
            b: nativeint,
            bStep: nativeint,
            c: nativeint,
            cRows: nativeint
        ) =
        Hot.loop ()
        let lanes = 'S.Bytes / sizeof<'T>

        if channels < lanes then
            for row in 0..5 do
                for channel in 0 .. channels - 1 do
                    let at = nativeint (channel * sizeof<'T>)
                    let source = a + DepthwiseMicroKernel<'S, 'V, 'T>.Word(aRows, row) + at
                    let target = c + DepthwiseMicroKernel<'S, 'V, 'T>.Word(cRows, row) + at

                    DepthwiseMicroKernel<'S, 'V, 'T>
                        .One(runs, count, step, source, b + at, bStep, target, false)
        else
            for vector in 0 .. (channels + lanes - 1) / lanes - 1 do
                let at = nativeint ((min (vector * lanes) (channels - lanes)) * sizeof<'T>)

                DepthwiseMicroKernel<'S, 'V, 'T>
                    .Rows6(runs, count, step, a + at, aRows, b + at, bStep, c + at, cRows, false)
