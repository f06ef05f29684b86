namespace DL1.Compiler.Conv

open System.Runtime.CompilerServices
open FSharp.NativeInterop
open DL1
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// The micro-kernel of a convolution: a tile of C in registers, two vectors wide and 6 rows high. Row i of A begins at
/// `a` plus entry i of the table `aRows`, and is read along `count` runs: pairs (offset, length), with an element every
/// `step` bytes. B has one row of two vectors for each element of the runs. Each element is one chain of fused
/// multiply-adds from 0; then it replaces C's element at `c` plus the entry of `cRows` or, with `add`, is added to it.
/// Tables hold machine words; all is in bytes except the lengths of runs.
[<AbstractClass; Sealed>]
type internal ConvMicroKernel<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct> private () =

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member private Word(table: nativeint, i: int) =
        NativePtr.get (NativePtr.ofNativeInt<nativeint> table) i

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member private Put(left: 'V, right: 'V, c: nativeint, add) =
        let width = nativeint 'S.Bytes

        if add then
            'S.Store('S.Add('S.Load c, left), c)
            'S.Store('S.Add('S.Load(c + width), right), c + width)
        else
            'S.Store(left, c)
            'S.Store(right, c + width)

    /// A tile of 6 rows by two vectors.
    static member Rows6
        (
            runs: nativeint,
            count: int,
            step: nativeint,
            a: nativeint,
            aRows: nativeint,
            b: nativeint,
            c: nativeint,
            cRows: nativeint,
            add: bool
        ) =
        Hot.loop ()
        let width = nativeint 'S.Bytes
        let a0 = a + ConvMicroKernel<'S, 'V, 'T>.Word(aRows, 0)
        let a1 = a + ConvMicroKernel<'S, 'V, 'T>.Word(aRows, 1)
        let a2 = a + ConvMicroKernel<'S, 'V, 'T>.Word(aRows, 2)
        let a3 = a + ConvMicroKernel<'S, 'V, 'T>.Word(aRows, 3)
        let a4 = a + ConvMicroKernel<'S, 'V, 'T>.Word(aRows, 4)
        let a5 = a + ConvMicroKernel<'S, 'V, 'T>.Word(aRows, 5)
        let mutable l0 = 'S.Zero
        let mutable r0 = 'S.Zero
        let mutable l1 = 'S.Zero
        let mutable r1 = 'S.Zero
        let mutable l2 = 'S.Zero
        let mutable r2 = 'S.Zero
        let mutable l3 = 'S.Zero
        let mutable r3 = 'S.Zero
        let mutable l4 = 'S.Zero
        let mutable r4 = 'S.Zero
        let mutable l5 = 'S.Zero
        let mutable r5 = 'S.Zero
        // Prefetches C's rows while the sums are computed.
        for i in 0..5 do
            Simd.fetchRow (c + ConvMicroKernel<'S, 'V, 'T>.Word(cRows, i)) (2n * width)

        let mutable b = b
        let mutable run = runs
        let mutable runsLeft = count

        while runsLeft > 0 do
            let mutable at = ConvMicroKernel<'S, 'V, 'T>.Word(run, 0)
            let mutable left = ConvMicroKernel<'S, 'V, 'T>.Word(run, 1)

            while left > 0n do
                let x = 'S.Load b
                let y = 'S.Load(b + width)
                let e = 'S.Broadcast(a0 + at)
                l0 <- 'S.MultiplyAdd(e, x, l0)
                r0 <- 'S.MultiplyAdd(e, y, r0)
                let e = 'S.Broadcast(a1 + at)
                l1 <- 'S.MultiplyAdd(e, x, l1)
                r1 <- 'S.MultiplyAdd(e, y, r1)
                let e = 'S.Broadcast(a2 + at)
                l2 <- 'S.MultiplyAdd(e, x, l2)
                r2 <- 'S.MultiplyAdd(e, y, r2)
                let e = 'S.Broadcast(a3 + at)
                l3 <- 'S.MultiplyAdd(e, x, l3)
                r3 <- 'S.MultiplyAdd(e, y, r3)
                let e = 'S.Broadcast(a4 + at)
                l4 <- 'S.MultiplyAdd(e, x, l4)
                r4 <- 'S.MultiplyAdd(e, y, r4)
                let e = 'S.Broadcast(a5 + at)
                l5 <- 'S.MultiplyAdd(e, x, l5)
                r5 <- 'S.MultiplyAdd(e, y, r5)
                at <- at + step
                b <- b + 2n * width
                left <- left - 1n

            run <- run + nativeint (2 * sizeof<nativeint>)
            runsLeft <- runsLeft - 1

        ConvMicroKernel<'S, 'V, 'T>.Put(l0, r0, c + ConvMicroKernel<'S, 'V, 'T>.Word(cRows, 0), add)
        ConvMicroKernel<'S, 'V, 'T>.Put(l1, r1, c + ConvMicroKernel<'S, 'V, 'T>.Word(cRows, 1), add)
        ConvMicroKernel<'S, 'V, 'T>.Put(l2, r2, c + ConvMicroKernel<'S, 'V, 'T>.Word(cRows, 2), add)
        ConvMicroKernel<'S, 'V, 'T>.Put(l3, r3, c + ConvMicroKernel<'S, 'V, 'T>.Word(cRows, 3), add)
        ConvMicroKernel<'S, 'V, 'T>.Put(l4, r4, c + ConvMicroKernel<'S, 'V, 'T>.Word(cRows, 4), add)
        ConvMicroKernel<'S, 'V, 'T>.Put(l5, r5, c + ConvMicroKernel<'S, 'V, 'T>.Word(cRows, 5), add)
