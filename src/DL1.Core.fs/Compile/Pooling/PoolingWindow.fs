namespace DL1.Compiler.Pooling

open System
open DL1
open DL1.Compiler.Simd

/// The kinds of pooling, named as their nodes.
[<RequireQualifiedAccess; Struct>]
type internal PoolingRole =
    /// y from x: the maximum of each window.
    | Max
    /// y from x and u, which has the shape of x: for each window, the element of u where x has its maximum.
    | MaxPick
    /// dx from x and dy: each element of dy is added to the element of dx where x has its maximum in the window.
    | MaxScatter
    /// y from x: the average of each window.
    | Avg
    /// dx from dy: the gradient of the average.
    | AvgGrad

[<RequireQualifiedAccess>]
module internal Vectors =
    /// Calls `body` with the byte at which each vector of `width` bytes begins, from `at` to at most `last`; returns where it
    /// stopped. With `overlaps`, the last vector ends at `last`; it may overlap the one before it and begin before `at`, but not
    /// before `from`.
    let inline sweep
        (width: nativeint)
        overlaps
        (from: nativeint)
        (at: nativeint)
        (last: nativeint)
        ([<InlineIfLambda>] body)
        =
        let until = if overlaps && last - from >= width then last else last - width + 1n
        let mutable at = at

        while at < until do
            body (min at (last - width))
            at <- at + width

        min at last

/// Computes one window. `taps` is the address of `count` offsets in bytes, of the window's elements from its first one, at `x`
/// (`u`, `dx`). Methods compute whole vectors of channels, from byte `from` to at most `last`, and return where they stopped.
[<AbstractClass; Sealed>]
type internal PoolingWindow<'S, 'V, 'T when 'S :> ISimd<'V, 'T>> private () =

    /// Sets y to the greatest x of the window, or to −∞ if no element of the window is in the data.
    static member Max(taps, count, x: nativeint, y: nativeint, from: nativeint, last: nativeint) =
        Hot.loop ()
        let width = nativeint 'S.Bytes
        let inline greater best v = 'S.Select('S.Above(v, best), v, best)
        let mutable at = from

        // Computes four vectors at a time, whose comparisons do not wait for one another.
        while count > 0 && at + 4n * width <= last do
            let first = x + At.get<nativeint> taps 0 + at
            let mutable b0 = 'S.Load first
            let mutable b1 = 'S.Load(first + width)
            let mutable b2 = 'S.Load(first + 2n * width)
            let mutable b3 = 'S.Load(first + 3n * width)

            for t in 1 .. count - 1 do
                let tap = x + At.get<nativeint> taps t + at
                b0 <- greater b0 ('S.Load tap)
                b1 <- greater b1 ('S.Load(tap + width))
                b2 <- greater b2 ('S.Load(tap + 2n * width))
                b3 <- greater b3 ('S.Load(tap + 3n * width))

            'S.Store(b0, y + at)
            'S.Store(b1, y + at + width)
            'S.Store(b2, y + at + 2n * width)
            'S.Store(b3, y + at + 3n * width)
            at <- at + 4n * width

        Vectors.sweep width true from at last (fun at ->
            let mutable best = 'S.Of Double.NegativeInfinity

            if count > 0 then
                best <- 'S.Load(x + At.get<nativeint> taps 0 + at)

                for t in 1 .. count - 1 do
                    best <- greater best ('S.Load(x + At.get<nativeint> taps t + at))

            'S.Store(best, y + at))

    /// Sets y to the element of u where x is greatest, or to 0 if no element of the window is in the data.
    static member MaxPick(taps, count, x: nativeint, u: nativeint, y: nativeint, from, last) =
        Hot.loop ()

        Vectors.sweep (nativeint 'S.Bytes) true from from last (fun at ->
            let mutable picked = 'S.Of 0.0

            if count > 0 then
                let first = At.get<nativeint> taps 0 + at
                let mutable best = 'S.Load(x + first)
                picked <- 'S.Load(u + first)

                for t in 1 .. count - 1 do
                    let tap = At.get<nativeint> taps t + at
                    let v = 'S.Load(x + tap)
                    let above = 'S.Above(v, best)
                    best <- 'S.Select(above, v, best)
                    picked <- 'S.Select(above, 'S.Load(u + tap), picked)

            'S.Store(picked, y + at))

    /// Adds dy to that element of dx in the window where x is greatest.
    static member MaxScatter(taps, count, x: nativeint, dy: nativeint, dx: nativeint, from, last) =
        Hot.loop ()

        Vectors.sweep (nativeint 'S.Bytes) false from from last (fun at ->
            if count > 0 then
                let mutable best = 'S.Load(x + At.get<nativeint> taps 0 + at)
                // The number of the tap as a float, which is exact for small integers.
                let mutable bestTap = 'S.Of 0.0

                for t in 1 .. count - 1 do
                    let v = 'S.Load(x + At.get<nativeint> taps t + at)
                    let above = 'S.Above(v, best)
                    best <- 'S.Select(above, v, best)
                    bestTap <- 'S.Select(above, 'S.Of(float t), bestTap)

                let cotangent = 'S.Load(dy + at)

                for t in 0 .. count - 1 do
                    let into = dx + At.get<nativeint> taps t + at
                    let addend = 'S.Select('S.Equal(bestTap, 'S.Of(float t)), cotangent, 'S.Of 0.0)
                    'S.Store('S.Add('S.Load into, addend), into))

    /// Sets each y to the sum of its window's elements of x, divided by `area`.
    static member Avg(taps, count, x: nativeint, y: nativeint, area, from, last) =
        Hot.loop ()

        Vectors.sweep (nativeint 'S.Bytes) true from from last (fun at ->
            let mutable sum = 'S.Of 0.0

            for t in 0 .. count - 1 do
                sum <- 'S.Add(sum, 'S.Load(x + At.get<nativeint> taps t + at))

            'S.Store('S.Divide(sum, 'S.Of area), y + at))

    /// Adds dy, divided by `area`, to each element of dx in the window.
    static member AvgGrad(taps, count, dy: nativeint, dx: nativeint, area, from, last) =
        Hot.loop ()

        Vectors.sweep (nativeint 'S.Bytes) false from from last (fun at ->
            let addend = 'S.Divide('S.Load(dy + at), 'S.Of area)

            for t in 0 .. count - 1 do
                let into = dx + At.get<nativeint> taps t + at
                'S.Store('S.Add('S.Load into, addend), into))

    /// Computes one window by the role's method: `x` and `u` are the addresses of the operands, `y` that of the result.
    static member Compute(role, taps, count, x, u, y, area, from, last) =
        match role with
        | PoolingRole.Max -> PoolingWindow<'S, 'V, 'T>.Max(taps, count, x, y, from, last)
        | PoolingRole.MaxPick -> PoolingWindow<'S, 'V, 'T>.MaxPick(taps, count, x, u, y, from, last)
        | PoolingRole.MaxScatter -> PoolingWindow<'S, 'V, 'T>.MaxScatter(taps, count, x, u, y, from, last)
        | PoolingRole.Avg -> PoolingWindow<'S, 'V, 'T>.Avg(taps, count, x, y, area, from, last)
        | PoolingRole.AvgGrad -> PoolingWindow<'S, 'V, 'T>.AvgGrad(taps, count, x, y, area, from, last)
