namespace DL1.Compiler.Winograd

open System.Runtime.CompilerServices
open DL1
open DL1.Compiler.Simd

/// The transforms of Winograd's F(2×2, 3×3) (Lavin and Gray 2016), which computes four results of a 3×3 convolution from 4×4
/// pixels by 16 multiplications instead of 36. In one direction, with pixels d, weights g and results y:
/// y₀ = (d₀−d₂)·g₀ + m₁ + m₂ and y₁ = m₁ − m₂ − (d₁−d₃)·g₂, where m₁ = (d₁+d₂)·(g₀+g₁+g₂)/2 and
/// m₂ = (d₂−d₁)·(g₀−g₁+g₂)/2.
/// So the first pixel affects the first result alone, and the last pixel the last result alone, as in the direct
/// convolution. All strides are in bytes.
[<AbstractClass; Sealed>]
type internal WinogradTile<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged> private () =

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member private Put4(a: 'V, b: 'V, c: 'V, d: 'V, at: nativeint, step: nativeint) =
        'S.Store(a, at)
        'S.Store(b, at + step)
        'S.Store(c, at + 2n * step)
        'S.Store(d, at + 3n * step)

    /// Stores `first`, x + y, x − y and `last`, `step` bytes apart.
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member private PutSums(first: 'V, x: 'V, y: 'V, last: 'V, at: nativeint, step: nativeint) =
        WinogradTile<'S, 'V, 'T>.Put4(first, 'S.Add(x, y), 'S.Subtract(x, y), last, at, step)

    /// Transforms four values of a row, and stores the four transformed ones `step` bytes apart.
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member private PutRow(a: 'V, b: 'V, c: 'V, d: 'V, at: nativeint, step: nativeint) =
        let first, second = 'S.Subtract(a, c), 'S.Add(b, c)
        WinogradTile<'S, 'V, 'T>.Put4(first, second, 'S.Subtract(c, b), 'S.Subtract(b, d), at, step)

    /// Transforms the pixels of `tiles` neighbours in a row, for one vector of channels. `row` and `column` are the strides of
    /// pixels. `last` is `row` again, or 0 if the tiles' last row of pixels does not exist; `end'` is `column` again, or 0 if the
    /// last tile's last column of pixels does not exist. Results that depend on such pixels are not used. The 16 transformed
    /// pixels of a tile are `step` bytes apart, and tiles are `next` bytes apart.
    static member Pixels(tiles, source: nativeint, row, last, column, end', target: nativeint, step, next) =
        Hot.loop ()
        let s1 = source + row
        let s2 = s1 + row
        let s3 = s2 + last
        let mutable at = 0n
        let mutable d1 = 'S.Load s1
        let mutable d2 = 'S.Load s2
        let mutable a0, a1 = 'S.Subtract('S.Load source, d2), 'S.Add(d1, d2)
        let mutable a2, a3 = 'S.Subtract(d2, d1), 'S.Subtract(d1, 'S.Load s3)
        at <- column
        d1 <- 'S.Load(s1 + at)
        d2 <- 'S.Load(s2 + at)
        let mutable b0, b1 = 'S.Subtract('S.Load(source + at), d2), 'S.Add(d1, d2)
        let mutable b2, b3 = 'S.Subtract(d2, d1), 'S.Subtract(d1, 'S.Load(s3 + at))
        let mutable into = target
        let mutable left = tiles

        while left > 0 do
            at <- at + column
            d1 <- 'S.Load(s1 + at)
            d2 <- 'S.Load(s2 + at)
            let c0, c1 = 'S.Subtract('S.Load(source + at), d2), 'S.Add(d1, d2)
            let c2, c3 = 'S.Subtract(d2, d1), 'S.Subtract(d1, 'S.Load(s3 + at))
            at <- at + (if left = 1 then end' else column)
            d1 <- 'S.Load(s1 + at)
            d2 <- 'S.Load(s2 + at)
            let e0, e1 = 'S.Subtract('S.Load(source + at), d2), 'S.Add(d1, d2)
            let e2, e3 = 'S.Subtract(d2, d1), 'S.Subtract(d1, 'S.Load(s3 + at))

            WinogradTile<'S, 'V, 'T>.PutRow(a0, b0, c0, e0, into, step)
            WinogradTile<'S, 'V, 'T>.PutRow(a1, b1, c1, e1, into + 4n * step, step)
            WinogradTile<'S, 'V, 'T>.PutRow(a2, b2, c2, e2, into + 8n * step, step)
            WinogradTile<'S, 'V, 'T>.PutRow(a3, b3, c3, e3, into + 12n * step, step)

            a0 <- c0
            a1 <- c1
            a2 <- c2
            a3 <- c3
            b0 <- e0
            b1 <- e1
            b2 <- e2
            b3 <- e3
            into <- into + next
            left <- left - 1

    /// Computes the results of `tiles` neighbours in a row, for one vector of channels, from the 16 products of each. A tile's
    /// products are `step` bytes apart, and tiles `next` bytes. `row` and `column` are the strides of results. Without `both`
    /// only the first row of results exists; with `narrow` only the first column of the last tile. `seen` is the address of a
    /// vector of zeros, in which a lane becomes NaN if the sum of a tile's results is not finite.
    static member Results(tiles, source, step: nativeint, next, target, row, column, both, narrow, seen) =
        Hot.loop ()
        let down = 4n * step
        let mutable from = source
        let mutable into = target
        let mutable left = tiles
        let mutable seen' = 'S.Load seen
        // `upper` and `lower` transform a column of four products into its two results.
        let inline at q row = 'S.Load(q + row * down)
        let inline upper q p z = 'S.Add('S.Load q, 'S.Add(p, z))
        let inline lower q p z = 'S.Subtract('S.Subtract(p, z), at q 3n)

        while left > 0 do
            let q0 = from
            let p, z = at q0 1n, at q0 2n
            let a0, b0 = upper q0 p z, lower q0 p z
            let q1 = q0 + step
            let p, z = at q1 1n, at q1 2n
            let a1, b1 = upper q1 p z, lower q1 p z
            let q2 = q1 + step
            let p, z = at q2 1n, at q2 2n
            let a2, b2 = upper q2 p z, lower q2 p z
            let q3 = q2 + step
            let p, z = at q3 1n, at q3 2n
            let a3, b3 = upper q3 p z, lower q3 p z
            let y0 = 'S.Add(a0, 'S.Add(a1, a2))
            let y1 = 'S.Subtract('S.Subtract(a1, a2), a3)
            let z0 = 'S.Add(b0, 'S.Add(b1, b2))
            let z1 = 'S.Subtract('S.Subtract(b1, b2), b3)
            let isWide = left > 1 || not narrow
            'S.Store(y0, into)

            if isWide then
                'S.Store(y1, into + column)

            if both then
                'S.Store(z0, into + row)

                if isWide then
                    'S.Store(z1, into + row + column)

            // 0 times a finite number is 0; 0 times an infinite one or NaN is NaN.
            seen' <- 'S.MultiplyAdd('S.Add('S.Add(y0, y1), 'S.Add(z0, z1)), 'S.Zero, seen')
            from <- from + next
            into <- into + 2n * column
            left <- left - 1

        'S.Store(seen', seen)

    /// Transforms the weights of `channels` source channels, for one vector of result channels: from 9 vectors, `tap` bytes
    /// apart, to 16, `step` bytes apart. Source channels are `next` bytes apart in both.
    static member Weights(channels, source: nativeint, tap, target: nativeint, step, next) =
        Hot.loop ()
        let half = 'S.Of 0.5

        for channel in 0 .. channels - 1 do
            let from = source + nativeint channel * next
            let into = target + nativeint channel * next

            // First transforms the columns, from 3×3 to 4×3, into the first three columns of the 4×4; then the rows, in place.
            for j in 0..2 do
                let g0 = 'S.Load(from + nativeint j * tap)
                let g1 = 'S.Load(from + nativeint (3 + j) * tap)
                let g2 = 'S.Load(from + nativeint (6 + j) * tap)
                let outer = 'S.MultiplyAdd('S.Add(g0, g2), half, 'S.Zero)
                let inner = 'S.MultiplyAdd(g1, half, 'S.Zero)
                WinogradTile<'S, 'V, 'T>.PutSums(g0, outer, inner, g2, into + nativeint j * step, 4n * step)

            for i in 0..3 do
                let at = into + nativeint (4 * i) * step
                let g0, g1, g2 = 'S.Load at, 'S.Load(at + step), 'S.Load(at + 2n * step)
                let outer = 'S.MultiplyAdd('S.Add(g0, g2), half, 'S.Zero)
                let inner = 'S.MultiplyAdd(g1, half, 'S.Zero)
                WinogradTile<'S, 'V, 'T>.PutSums(g0, outer, inner, g2, at, step)

    /// Transforms the cotangents of the results of `tiles` neighbours in a row, for one vector of channels, into the cotangents
    /// of the 16 products: the transpose of `Results`, with the same strides.
    static member Cotangents(tiles, source, row, column, both, narrow, target, step: nativeint, next) =
        Hot.loop ()
        let down = 4n * step
        let mutable from = source
        let mutable into = target
        let mutable left = tiles

        while left > 0 do
            let isWide = left > 1 || not narrow
            let y0 = 'S.Load from
            let y1 = if isWide then 'S.Load(from + column) else 'S.Zero
            let z0 = if both then 'S.Load(from + row) else 'S.Zero
            let z1 = if both && isWide then 'S.Load(from + row + column) else 'S.Zero
            let a0, a1 = 'S.Add(y0, z0), 'S.Add(y1, z1)
            let b0, b1 = 'S.Subtract(y0, z0), 'S.Subtract(y1, z1)
            let c0, c1 = 'S.Subtract('S.Zero, z0), 'S.Subtract('S.Zero, z1)
            let minusA, minusB = 'S.Subtract('S.Zero, a1), 'S.Subtract('S.Zero, b1)
            WinogradTile<'S, 'V, 'T>.PutSums(y0, y0, y1, 'S.Subtract('S.Zero, y1), into, step)
            WinogradTile<'S, 'V, 'T>.PutSums(a0, a0, a1, minusA, into + down, step)
            WinogradTile<'S, 'V, 'T>.PutSums(b0, b0, b1, minusB, into + 2n * down, step)
            WinogradTile<'S, 'V, 'T>.PutSums(c0, c0, c1, z1, into + 3n * down, step)
            from <- from + 2n * column
            into <- into + next
            left <- left - 1

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member private Halves(a: 'V, b: 'V) = 'S.MultiplyAdd('S.Add(a, b), 'S.Of 0.5, 'S.Zero)

    /// Transforms the cotangents of the 16 transformed weights, for `channels` source channels and one vector of outputs, into
    /// the cotangents of the 9 weights, which replace the first 9: the transpose of `Weights`. `seen` is as for `Results`.
    static member WeightGradients(channels, at: nativeint, step: nativeint, next, seen) =
        Hot.loop ()
        let down = 4n * step
        let mutable seen' = 'S.Load seen

        for channel in 0 .. channels - 1 do
            let at = at + nativeint channel * next

            // First transforms the columns, from 4×4 to 3×4, into the first three rows; then the rows, from 3×4 to 3×3.
            for j in 0..3 do
                let q = at + nativeint j * step
                let m1, m2 = 'S.Load(q + down), 'S.Load(q + 2n * down)
                let half = WinogradTile<'S, 'V, 'T>.Halves(m1, m2)
                let rest = 'S.MultiplyAdd('S.Subtract(m1, m2), 'S.Of 0.5, 'S.Zero)
                'S.Store('S.Add('S.Load q, half), q)
                'S.Store(rest, q + down)
                'S.Store('S.Add(half, 'S.Load(q + 3n * down)), q + 2n * down)

            for i in 0..2 do
                let q = at + nativeint i * down

                let m0, m1, m2, m3 =
                    'S.Load q, 'S.Load(q + step), 'S.Load(q + 2n * step), 'S.Load(q + 3n * step)

                let half = WinogradTile<'S, 'V, 'T>.Halves(m1, m2)
                let g0, g2 = 'S.Add(m0, half), 'S.Add(half, m3)
                let g1 = 'S.MultiplyAdd('S.Subtract(m1, m2), 'S.Of 0.5, 'S.Zero)
                let into = at + nativeint (3 * i) * step
                'S.Store(g0, into)
                'S.Store(g1, into + step)
                'S.Store(g2, into + 2n * step)
                seen' <- 'S.MultiplyAdd('S.Add('S.Add(g0, g1), g2), 'S.Zero, seen')

        'S.Store(seen', seen)
