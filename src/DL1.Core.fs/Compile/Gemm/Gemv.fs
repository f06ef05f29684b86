namespace DL1.Compiler.Gemm

open System.Runtime.CompilerServices
open DL1
open DL1.Compiler.Simd

/// A matrix times a vector (GEMV): outputs y[o] = Σ x[k]·m[o, k] over one k-block, each by the same chain of fused multiply-adds
/// as in `MicroKernel`. With `add`, sums are added to y; else they replace y. Strides are in bytes: `mOut` and `mDeep` are those
/// of m along the outputs and along k, `xDeep` is that of x, `yOut` that of y.
[<AbstractClass; Sealed>]
type internal Gemv<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged> private () =

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member private Put(value: 'T, address: nativeint, add) =
        At.write address (if add then One.add (At.read<'T> address) value else value)

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member private PutVector(value: 'V, address: nativeint, add) =
        'S.Store((if add then 'S.Add('S.Load address, value) else value), address)

    /// Computes outputs as scalar dot products, eight independent ones at a time: for a matrix whose rows run along k.
    static member Dots(outputs, k, m: nativeint, mOut, mDeep, x: nativeint, xDeep, y: nativeint, yOut, add) =
        Hot.loop ()
        let mutable o = 0

        while o + 8 <= outputs do
            let first = m + nativeint o * mOut
            let inline row i = first + nativeint<int> i * mOut
            let m0, m1, m2, m3 = row 0, row 1, row 2, row 3
            let m4, m5, m6, m7 = row 4, row 5, row 6, row 7
            let z = One.zero<'T>
            let mutable s0, s1, s2, s3 = z, z, z, z
            let mutable s4, s5, s6, s7 = z, z, z, z
            let mutable at = 0n
            let mutable xAt = x

            for _ in 1..k do
                let e = At.read<'T> xAt
                s0 <- One.multiplyAdd e (At.read<'T>(m0 + at)) s0
                s1 <- One.multiplyAdd e (At.read<'T>(m1 + at)) s1
                s2 <- One.multiplyAdd e (At.read<'T>(m2 + at)) s2
                s3 <- One.multiplyAdd e (At.read<'T>(m3 + at)) s3
                s4 <- One.multiplyAdd e (At.read<'T>(m4 + at)) s4
                s5 <- One.multiplyAdd e (At.read<'T>(m5 + at)) s5
                s6 <- One.multiplyAdd e (At.read<'T>(m6 + at)) s6
                s7 <- One.multiplyAdd e (At.read<'T>(m7 + at)) s7
                at <- at + mDeep
                xAt <- xAt + xDeep

            let y = y + nativeint o * yOut
            Gemv<'S, 'V, 'T>.Put(s0, y + 0n * yOut, add)
            Gemv<'S, 'V, 'T>.Put(s1, y + 1n * yOut, add)
            Gemv<'S, 'V, 'T>.Put(s2, y + 2n * yOut, add)
            Gemv<'S, 'V, 'T>.Put(s3, y + 3n * yOut, add)
            Gemv<'S, 'V, 'T>.Put(s4, y + 4n * yOut, add)
            Gemv<'S, 'V, 'T>.Put(s5, y + 5n * yOut, add)
            Gemv<'S, 'V, 'T>.Put(s6, y + 6n * yOut, add)
            Gemv<'S, 'V, 'T>.Put(s7, y + 7n * yOut, add)
            o <- o + 8

        while o < outputs do
            let mutable mAt = m + nativeint o * mOut
            let mutable xAt = x
            let mutable s = One.zero<'T>

            for _ in 1..k do
                s <- One.multiplyAdd (At.read<'T> xAt) (At.read<'T> mAt) s
                mAt <- mAt + mDeep
                xAt <- xAt + xDeep

            Gemv<'S, 'V, 'T>.Put(s, y + nativeint o * yOut, add)
            o <- o + 1

    /// Computes outputs that are contiguous both in m and in y, eight vectors at a time.
    static member Sweep(outputs, k, m: nativeint, mDeep, x: nativeint, xDeep, y: nativeint, add) =
        Hot.loop ()
        let width = nativeint 'S.Bytes
        let lanes = 'S.Bytes / sizeof<'T>
        let size = nativeint sizeof<'T>
        let mutable o = 0

        while o + 8 * lanes <= outputs do
            let mutable mAt = m + nativeint o * size
            let mutable xAt = x
            let z = 'S.Zero
            let mutable s0, s1, s2, s3 = z, z, z, z
            let mutable s4, s5, s6, s7 = z, z, z, z

            for _ in 1..k do
                let e = 'S.Broadcast xAt
                s0 <- 'S.MultiplyAdd(e, 'S.Load(mAt + 0n * width), s0)
                s1 <- 'S.MultiplyAdd(e, 'S.Load(mAt + 1n * width), s1)
                s2 <- 'S.MultiplyAdd(e, 'S.Load(mAt + 2n * width), s2)
                s3 <- 'S.MultiplyAdd(e, 'S.Load(mAt + 3n * width), s3)
                s4 <- 'S.MultiplyAdd(e, 'S.Load(mAt + 4n * width), s4)
                s5 <- 'S.MultiplyAdd(e, 'S.Load(mAt + 5n * width), s5)
                s6 <- 'S.MultiplyAdd(e, 'S.Load(mAt + 6n * width), s6)
                s7 <- 'S.MultiplyAdd(e, 'S.Load(mAt + 7n * width), s7)
                mAt <- mAt + mDeep
                xAt <- xAt + xDeep

            let y = y + nativeint o * size
            Gemv<'S, 'V, 'T>.PutVector(s0, y + 0n * width, add)
            Gemv<'S, 'V, 'T>.PutVector(s1, y + 1n * width, add)
            Gemv<'S, 'V, 'T>.PutVector(s2, y + 2n * width, add)
            Gemv<'S, 'V, 'T>.PutVector(s3, y + 3n * width, add)
            Gemv<'S, 'V, 'T>.PutVector(s4, y + 4n * width, add)
            Gemv<'S, 'V, 'T>.PutVector(s5, y + 5n * width, add)
            Gemv<'S, 'V, 'T>.PutVector(s6, y + 6n * width, add)
            Gemv<'S, 'V, 'T>.PutVector(s7, y + 7n * width, add)
            o <- o + 8 * lanes

        while o + lanes <= outputs do
            let mutable mAt = m + nativeint o * size
            let mutable xAt = x
            let mutable s = 'S.Zero

            for _ in 1..k do
                s <- 'S.MultiplyAdd('S.Broadcast xAt, 'S.Load mAt, s)
                mAt <- mAt + mDeep
                xAt <- xAt + xDeep

            Gemv<'S, 'V, 'T>.PutVector(s, y + nativeint o * size, add)
            o <- o + lanes

        let from = nativeint o * size

        if o < outputs then
            Gemv<'S, 'V, 'T>.Dots(outputs - o, k, m + from, size, mDeep, x, xDeep, y + from, size, add)

    /// Computes the outputs of two whole panels, `panel` bytes apart, as four chains, which hide the latency of the
    /// multiply-adds. A method of its own, without calls: across a call no vector stays in a register, and the sums would be
    /// stored at each step.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    static member private TwoPanels(k: int, m: nativeint, panel: nativeint, x: nativeint, xDeep, y, add) =
        Hot.loop ()
        let width = nativeint 'S.Bytes
        let mutable m0 = m
        let mutable m1 = m + panel
        let mutable xAt = x
        let z = 'S.Zero
        let mutable s0, s1, s2, s3 = z, z, z, z

        for _ in 1..k do
            let e = 'S.Broadcast xAt
            s0 <- 'S.MultiplyAdd(e, 'S.Load m0, s0)
            s1 <- 'S.MultiplyAdd(e, 'S.Load(m0 + width), s1)
            s2 <- 'S.MultiplyAdd(e, 'S.Load m1, s2)
            s3 <- 'S.MultiplyAdd(e, 'S.Load(m1 + width), s3)
            m0 <- m0 + 2n * width
            m1 <- m1 + 2n * width
            xAt <- xAt + xDeep

        Gemv<'S, 'V, 'T>.PutVector(s0, y + 0n * width, add)
        Gemv<'S, 'V, 'T>.PutVector(s1, y + 1n * width, add)
        Gemv<'S, 'V, 'T>.PutVector(s2, y + 2n * width, add)
        Gemv<'S, 'V, 'T>.PutVector(s3, y + 3n * width, add)

    /// Computes the outputs of one whole panel, likewise without calls.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    static member private OnePanel(k: int, m: nativeint, x: nativeint, xDeep: nativeint, y: nativeint, add) =
        Hot.loop ()
        let width = nativeint 'S.Bytes
        let mutable m0 = m
        let mutable xAt = x
        let mutable s0 = 'S.Zero
        let mutable s1 = 'S.Zero

        for _ in 1..k do
            let e = 'S.Broadcast xAt
            s0 <- 'S.MultiplyAdd(e, 'S.Load m0, s0)
            s1 <- 'S.MultiplyAdd(e, 'S.Load(m0 + width), s1)
            m0 <- m0 + 2n * width
            xAt <- xAt + xDeep

        Gemv<'S, 'V, 'T>.PutVector(s0, y, add)
        Gemv<'S, 'V, 'T>.PutVector(s1, y + width, add)

    /// Computes outputs from packed panels, two panels at a time. A panel's row has two vectors, and panels are `panel` bytes
    /// apart. `spare` has space for one row of a panel.
    static member Panels(outputs, k, m: nativeint, panel, x, xDeep, y: nativeint, add, spare) =
        let wide = nativeint (2 * 'S.Bytes)
        let lanes = 2 * 'S.Bytes / sizeof<'T>
        let whole = outputs / lanes

        for pair in 0 .. whole / 2 - 1 do
            let at = nativeint (2 * pair)
            Gemv<'S, 'V, 'T>.TwoPanels(k, m + at * panel, panel, x, xDeep, y + at * wide, add)

        if whole % 2 = 1 then
            let at = nativeint (whole - 1)
            Gemv<'S, 'V, 'T>.OnePanel(k, m + at * panel, x, xDeep, y + at * wide, add)

        // A panel that goes beyond the outputs is computed in `spare`; only its outputs are copied to y.
        let bytes = (outputs - whole * lanes) * sizeof<'T>

        if bytes > 0 then
            let y = y + nativeint whole * wide

            if add then
                Pack<'S, 'V, 'T>.Rows(1, bytes, y, 0n, spare, 0n)

            Gemv<'S, 'V, 'T>.OnePanel(k, m + nativeint whole * panel, x, xDeep, spare, add)
            Pack<'S, 'V, 'T>.Rows(1, bytes, spare, 0n, y, 0n)
