namespace DL1.Compiler.Conv

open System.Runtime.CompilerServices
open FSharp.NativeInterop
open DL1
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// The micro-kernel for processors with 32 vector registers: as `ConvMicroKernel`, but 12 rows high.
[<AbstractClass; Sealed>]
type internal ConvTallMicroKernel<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct>
    private () =

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

    /// A tile of 12 rows by two vectors.
    static member Rows12
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
        let a0 = a + ConvTallMicroKernel<'S, 'V, 'T>.Word(aRows, 0)
        let a1 = a + ConvTallMicroKernel<'S, 'V, 'T>.Word(aRows, 1)
        let a2 = a + ConvTallMicroKernel<'S, 'V, 'T>.Word(aRows, 2)
        let a3 = a + ConvTallMicroKernel<'S, 'V, 'T>.Word(aRows, 3)
        let a4 = a + ConvTallMicroKernel<'S, 'V, 'T>.Word(aRows, 4)
        let a5 = a + ConvTallMicroKernel<'S, 'V, 'T>.Word(aRows, 5)
        let a6 = a + ConvTallMicroKernel<'S, 'V, 'T>.Word(aRows, 6)
        let a7 = a + ConvTallMicroKernel<'S, 'V, 'T>.Word(aRows, 7)
        let a8 = a + ConvTallMicroKernel<'S, 'V, 'T>.Word(aRows, 8)
        let a9 = a + ConvTallMicroKernel<'S, 'V, 'T>.Word(aRows, 9)
        let a10 = a + ConvTallMicroKernel<'S, 'V, 'T>.Word(aRows, 10)
        let a11 = a + ConvTallMicroKernel<'S, 'V, 'T>.Word(aRows, 11)
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
        let mutable l6 = 'S.Zero
        let mutable r6 = 'S.Zero
        let mutable l7 = 'S.Zero
        let mutable r7 = 'S.Zero
        let mutable l8 = 'S.Zero
        let mutable r8 = 'S.Zero
        let mutable l9 = 'S.Zero
        let mutable r9 = 'S.Zero
        let mutable l10 = 'S.Zero
        let mutable r10 = 'S.Zero
        let mutable l11 = 'S.Zero
        let mutable r11 = 'S.Zero
        // Prefetches C's rows while the sums are computed.
        for i in 0..11 do
            Simd.fetchRow (c + ConvTallMicroKernel<'S, 'V, 'T>.Word(cRows, i)) (2n * width)

        let mutable b = b
        let mutable run = runs
        let mutable runsLeft = count

        while runsLeft > 0 do
            let mutable at = ConvTallMicroKernel<'S, 'V, 'T>.Word(run, 0)
            let mutable left = ConvTallMicroKernel<'S, 'V, 'T>.Word(run, 1)

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
                let e = 'S.Broadcast(a6 + at)
                l6 <- 'S.MultiplyAdd(e, x, l6)
                r6 <- 'S.MultiplyAdd(e, y, r6)
                let e = 'S.Broadcast(a7 + at)
                l7 <- 'S.MultiplyAdd(e, x, l7)
                r7 <- 'S.MultiplyAdd(e, y, r7)
                let e = 'S.Broadcast(a8 + at)
                l8 <- 'S.MultiplyAdd(e, x, l8)
                r8 <- 'S.MultiplyAdd(e, y, r8)
                let e = 'S.Broadcast(a9 + at)
                l9 <- 'S.MultiplyAdd(e, x, l9)
                r9 <- 'S.MultiplyAdd(e, y, r9)
                let e = 'S.Broadcast(a10 + at)
                l10 <- 'S.MultiplyAdd(e, x, l10)
                r10 <- 'S.MultiplyAdd(e, y, r10)
                let e = 'S.Broadcast(a11 + at)
                l11 <- 'S.MultiplyAdd(e, x, l11)
                r11 <- 'S.MultiplyAdd(e, y, r11)
                at <- at + step
                b <- b + 2n * width
                left <- left - 1n

            run <- run + nativeint (2 * sizeof<nativeint>)
            runsLeft <- runsLeft - 1

        ConvTallMicroKernel<'S, 'V, 'T>.Put(l0, r0, c + ConvTallMicroKernel<'S, 'V, 'T>.Word(cRows, 0), add)
        ConvTallMicroKernel<'S, 'V, 'T>.Put(l1, r1, c + ConvTallMicroKernel<'S, 'V, 'T>.Word(cRows, 1), add)
        ConvTallMicroKernel<'S, 'V, 'T>.Put(l2, r2, c + ConvTallMicroKernel<'S, 'V, 'T>.Word(cRows, 2), add)
        ConvTallMicroKernel<'S, 'V, 'T>.Put(l3, r3, c + ConvTallMicroKernel<'S, 'V, 'T>.Word(cRows, 3), add)
        ConvTallMicroKernel<'S, 'V, 'T>.Put(l4, r4, c + ConvTallMicroKernel<'S, 'V, 'T>.Word(cRows, 4), add)
        ConvTallMicroKernel<'S, 'V, 'T>.Put(l5, r5, c + ConvTallMicroKernel<'S, 'V, 'T>.Word(cRows, 5), add)
        ConvTallMicroKernel<'S, 'V, 'T>.Put(l6, r6, c + ConvTallMicroKernel<'S, 'V, 'T>.Word(cRows, 6), add)
        ConvTallMicroKernel<'S, 'V, 'T>.Put(l7, r7, c + ConvTallMicroKernel<'S, 'V, 'T>.Word(cRows, 7), add)
        ConvTallMicroKernel<'S, 'V, 'T>.Put(l8, r8, c + ConvTallMicroKernel<'S, 'V, 'T>.Word(cRows, 8), add)
        ConvTallMicroKernel<'S, 'V, 'T>.Put(l9, r9, c + ConvTallMicroKernel<'S, 'V, 'T>.Word(cRows, 9), add)

        ConvTallMicroKernel<'S, 'V, 'T>
            .Put(l10, r10, c + ConvTallMicroKernel<'S, 'V, 'T>.Word(cRows, 10), add)

        ConvTallMicroKernel<'S, 'V, 'T>
            .Put(l11, r11, c + ConvTallMicroKernel<'S, 'V, 'T>.Word(cRows, 11), add)
