namespace DL1.Compiler.Gemm

open System.Runtime.CompilerServices
open DL1
open DL1.Compiler.Simd

/// The micro-kernels of a product: a tile of C in registers, two vectors wide and 4 or 6 rows high. Each element is one
/// chain of fused multiply-adds from 0, in the order of k; then it replaces C's element or, with `add`, is added to it.
/// A is read at any strides; B's rows are contiguous, `bRow` bytes apart. All strides are in bytes. Rows from `rows` on
/// read the last row of A again, so that a tile never reads beyond A; their results are not used. The address `next` is
/// prefetched, and moves on by `nextStep` bytes, at each step of k.
[<AbstractClass; Sealed>]
type internal MicroKernel<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct> private () =

    /// A tile of 4 rows by two vectors.
    static member Rows4
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
        let mutable l0 = 'S.Zero
        let mutable r0 = 'S.Zero
        let mutable l1 = 'S.Zero
        let mutable r1 = 'S.Zero
        let mutable l2 = 'S.Zero
        let mutable r2 = 'S.Zero
        let mutable l3 = 'S.Zero
        let mutable r3 = 'S.Zero
        // Prefetches C's rows while the sums are computed.
        for i in 0..3 do
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

    /// A tile of 6 rows by two vectors.
    static member Rows6
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
