namespace DL1.Compiler.Gemm

open System.Runtime.CompilerServices
open DL1
open DL1.Compiler.Simd

/// The micro-kernel for processors with 32 vector registers: as `MicroKernel`, but 12 rows high.
[<AbstractClass; Sealed>]
type internal TallMicroKernel<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct> private () =

    /// A tile of 12 rows by two vectors.
    static member Rows12
        (
            k: int,
            a: nativeint,
            aRow: nativeint,
            aColumn: nativeint,
            rows: int,
            b: nativeint,
            bRow: nativeint,
            c: nativeint,
            cRow: nativeint,
            add: bool,
            next: nativeint,
            nextStep: nativeint
        ) =
        Hot.loop ()
        let width = nativeint 'S.Bytes
        let last = rows - 1
        let a0 = a
        let a1 = a + nativeint (min 1 last) * aRow
        let a2 = a + nativeint (min 2 last) * aRow
        let a3 = a + nativeint (min 3 last) * aRow
        let a4 = a + nativeint (min 4 last) * aRow
        let a5 = a + nativeint (min 5 last) * aRow
        let a6 = a + nativeint (min 6 last) * aRow
        let a7 = a + nativeint (min 7 last) * aRow
        let a8 = a + nativeint (min 8 last) * aRow
        let a9 = a + nativeint (min 9 last) * aRow
        let a10 = a + nativeint (min 10 last) * aRow
        let a11 = a + nativeint (min 11 last) * aRow
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
            Simd.fetchRow (c + nativeint i * cRow) (2n * width)

        let mutable b = b
        let mutable at = 0n
        let mutable next = next
        let mutable left = k

        while left > 0 do
            Simd.fetchFar next
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
            at <- at + aColumn
            b <- b + bRow
            next <- next + nextStep
            left <- left - 1

        let mutable c = c

        if add then
            'S.Store('S.Add('S.Load c, l0), c)
            'S.Store('S.Add('S.Load(c + width), r0), c + width)
            c <- c + cRow
            'S.Store('S.Add('S.Load c, l1), c)
            'S.Store('S.Add('S.Load(c + width), r1), c + width)
            c <- c + cRow
            'S.Store('S.Add('S.Load c, l2), c)
            'S.Store('S.Add('S.Load(c + width), r2), c + width)
            c <- c + cRow
            'S.Store('S.Add('S.Load c, l3), c)
            'S.Store('S.Add('S.Load(c + width), r3), c + width)
            c <- c + cRow
            'S.Store('S.Add('S.Load c, l4), c)
            'S.Store('S.Add('S.Load(c + width), r4), c + width)
            c <- c + cRow
            'S.Store('S.Add('S.Load c, l5), c)
            'S.Store('S.Add('S.Load(c + width), r5), c + width)
            c <- c + cRow
            'S.Store('S.Add('S.Load c, l6), c)
            'S.Store('S.Add('S.Load(c + width), r6), c + width)
            c <- c + cRow
            'S.Store('S.Add('S.Load c, l7), c)
            'S.Store('S.Add('S.Load(c + width), r7), c + width)
            c <- c + cRow
            'S.Store('S.Add('S.Load c, l8), c)
            'S.Store('S.Add('S.Load(c + width), r8), c + width)
            c <- c + cRow
            'S.Store('S.Add('S.Load c, l9), c)
            'S.Store('S.Add('S.Load(c + width), r9), c + width)
            c <- c + cRow
            'S.Store('S.Add('S.Load c, l10), c)
            'S.Store('S.Add('S.Load(c + width), r10), c + width)
            c <- c + cRow
            'S.Store('S.Add('S.Load c, l11), c)
            'S.Store('S.Add('S.Load(c + width), r11), c + width)
        else
            'S.Store(l0, c)
            'S.Store(r0, c + width)
            c <- c + cRow
            'S.Store(l1, c)
            'S.Store(r1, c + width)
            c <- c + cRow
            'S.Store(l2, c)
            'S.Store(r2, c + width)
            c <- c + cRow
            'S.Store(l3, c)
            'S.Store(r3, c + width)
            c <- c + cRow
            'S.Store(l4, c)
            'S.Store(r4, c + width)
            c <- c + cRow
            'S.Store(l5, c)
            'S.Store(r5, c + width)
            c <- c + cRow
            'S.Store(l6, c)
            'S.Store(r6, c + width)
            c <- c + cRow
            'S.Store(l7, c)
            'S.Store(r7, c + width)
            c <- c + cRow
            'S.Store(l8, c)
            'S.Store(r8, c + width)
            c <- c + cRow
            'S.Store(l9, c)
            'S.Store(r9, c + width)
            c <- c + cRow
            'S.Store(l10, c)
            'S.Store(r10, c + width)
            c <- c + cRow
            'S.Store(l11, c)
            'S.Store(r11, c + width)
