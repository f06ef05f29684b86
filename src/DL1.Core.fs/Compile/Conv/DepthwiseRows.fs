namespace DL1.Compiler.Conv

open DL1
open DL1.Compiler.Gemm
open DL1.Compiler.Simd

/// The results of a depthwise convolution for one residue and sample, and memory for tables of addresses. Strides are in bytes.
[<Struct; NoEquality; NoComparison>]
type internal DepthwisePlane =
    /// The number of rows of taps, and the number of taps in each row.
    val mutable Down: int
    val mutable Across: int
    /// The address of a table: by row of results and row of taps, the address of the source row's column 0; 0 for a row outside.
    val mutable Sources: nativeint
    /// The address of the first result; the strides from row to row, and from result to result in a row.
    val mutable Result: nativeint
    val mutable ResultRow: nativeint
    val mutable ResultStep: nativeint
    /// The source column of the first result's first tap; the columns from one tap to the next, and from one result to the next.
    val mutable First: int
    val mutable TapStep: int
    val mutable Step: int
    /// Taps in source columns `Low` to `High` − 1 are read; taps in other columns read zeros.
    val mutable Low: int
    val mutable High: int
    /// The address of zeros, as many as six neighbouring results read of one source row.
    val mutable Zeros: nativeint
    /// The address of memory for a table of six words for each tap, and six more.
    val mutable Table: nativeint

/// Computes a depthwise convolution, six results by one or two vectors of channels at a time. Taps outside the source read zeros.
[<AbstractClass; Sealed>]
type internal DepthwiseRows<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged> private () =

    static member inline private Size = nativeint sizeof<nativeint>

    /// Computes six results at any addresses. `table` has six words for each tap, the addresses that the results read, then six
    /// for the results; `at`, the offset of the first channel, is added to each. `b` is the address of the first tap's weights.
    static member inline private Pixels(isWide, taps, table: nativeint, at: nativeint, b: nativeint, bRow) =
        Hot.loop ()
        let width = nativeint 'S.Bytes
        let z = 'S.Zero
        let mutable l0, r0, l1, r1, l2, r2 = z, z, z, z, z, z
        let mutable l3, r3, l4, r4, l5, r5 = z, z, z, z, z, z
        let mutable table = table
        let mutable b = b
        let inline address table i = At.get<nativeint> table i + at
        let inline left a x sum = 'S.MultiplyAdd('S.Load a, x, sum)

        let inline right a y sum = if isWide then 'S.MultiplyAdd('S.Load(a + width), y, sum) else sum

        for _ in 1..taps do
            let x = 'S.Load b
            let y = if isWide then 'S.Load(b + width) else x
            let a = address table 0
            l0 <- left a x l0
            r0 <- right a y r0
            let a = address table 1
            l1 <- left a x l1
            r1 <- right a y r1
            let a = address table 2
            l2 <- left a x l2
            r2 <- right a y r2
            let a = address table 3
            l3 <- left a x l3
            r3 <- right a y r3
            let a = address table 4
            l4 <- left a x l4
            r4 <- right a y r4
            let a = address table 5
            l5 <- left a x l5
            r5 <- right a y r5
            b <- b + bRow
            table <- table + 6n * DepthwiseRows<'S, 'V, 'T>.Size

        let inline put c l r =
            'S.Store(l, c)

            if isWide then
                'S.Store(r, c + width)

        put (address table 0) l0 r0
        put (address table 1) l1 r1
        put (address table 2) l2 r2
        put (address table 3) l3 r3
        put (address table 4) l4 r4
        put (address table 5) l5 r5

    static member private Narrow(taps, table, at, b, bRow) =
        DepthwiseRows<'S, 'V, 'T>.Pixels(false, taps, table, at, b, bRow)

    static member private Wide(taps, table, at, b, bRow) =
        DepthwiseRows<'S, 'V, 'T>.Pixels(true, taps, table, at, b, bRow)

    /// Enters result number `p` of row `q` in the table as the i-th of six: the addresses of its taps, and its own.
    static member private Enter(r: inref<DepthwisePlane>, i: int, q, p, pixel: nativeint) =
        let mutable entry = r.Table + nativeint i * DepthwiseRows<'S, 'V, 'T>.Size

        for row in 0 .. r.Down - 1 do
            let source = At.get<nativeint> r.Sources (q * r.Down + row)
            let mutable column = r.First + p * r.Step

            for _ in 1 .. r.Across do
                let isOutside = source = 0n || column < r.Low || column >= r.High
                At.write entry (if isOutside then r.Zeros else source + nativeint column * pixel)
                entry <- entry + 6n * DepthwiseRows<'S, 'V, 'T>.Size
                column <- column + r.TapStep

        At.write entry (r.Result + nativeint<int> q * r.ResultRow + nativeint<int> p * r.ResultStep)

    /// Computes all results of `rows` rows of `count` but numbers `inside` to `outside` − 1 of each row; their taps may be
    /// outside the source. The `channels` channels fill at least one vector. `b` is the address of the weights.
    static member Edges
        (r: inref<DepthwisePlane>, rows, count, inside, outside, channels, b: nativeint, pixel)
        =
        let size, lanes = sizeof<'T>, 'S.Bytes / sizeof<'T>
        let each = count - (outside - inside)
        let results = rows * each

        for first in 0..6 .. results - 1 do
            for i in 0..5 do
                // Table entries beyond the last result repeat it.
                let number = min (first + i) (results - 1)
                let p = number % each
                let p = if p < inside then p else p - inside + outside
                DepthwiseRows<'S, 'V, 'T>.Enter(&r, i, number / each, p, pixel)

            let mutable channel = 0

            while channel < channels do
                // The last vector may overlap the one before it.
                let at = nativeint (min channel (channels - lanes) * size)

                if channels - channel >= 2 * lanes then
                    DepthwiseRows<'S, 'V, 'T>.Wide(r.Down * r.Across, r.Table, at, b + at, pixel)
                    channel <- channel + 2 * lanes
                else
                    DepthwiseRows<'S, 'V, 'T>.Narrow(r.Down * r.Across, r.Table, at, b + at, pixel)
                    channel <- channel + lanes

    /// Computes results `inside` to `outside` − 1 (at least six) of row `q`, for channels `from` to `until` − 1 (at least one
    /// vector). All columns of their taps are in the source. `t` has the address of the weights in `B`, the bytes of a pixel in
    /// `BRow`, of a step from tap to tap in `Step`, and in its tables the offsets of six pixels of the source and of the result.
    static member Strips(r: inref<DepthwisePlane>, q, inside, outside, from, until, t: byref<Tile>) =
        let size, lanes = sizeof<'T>, 'S.Bytes / sizeof<'T>
        let b = t.B
        t.Runs <- r.Table
        t.Count <- r.Down

        for p in inside..6 .. outside - 1 do
            // The last six results may overlap the six before.
            let p = min p (outside - 6)
            let column = nativeint (r.First + p * r.Step) * t.BRow
            let c = r.Result + nativeint<int> q * r.ResultRow + nativeint<int> p * r.ResultStep

            for row in 0 .. r.Down - 1 do
                let source = At.get<nativeint> r.Sources (q * r.Down + row)
                At.set<nativeint> r.Table (2 * row) (if source = 0n then r.Zeros else source + column)
                At.set<nativeint> r.Table (2 * row + 1) (nativeint r.Across)

            let mutable channel = from

            while channel < until do
                let at = nativeint (min channel (until - lanes) * size)
                t.A <- at
                t.B <- b + at
                t.C <- c + at

                if until - channel >= 2 * lanes then
                    MicroKernel<'S, 'V, 'T>.LanesWide6 &t
                    channel <- channel + 2 * lanes
                else
                    MicroKernel<'S, 'V, 'T>.Lanes6 &t
                    channel <- channel + lanes

        t.B <- b
