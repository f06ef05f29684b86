namespace DL1.Compiler.Pooling

open System
open DL1.Compiler
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// A pooling, ready to run; it serves one run at a time. `left` and `right` are the operands as in the graph, but with
/// channels last; `right` is ignored by a pooling of one operand.
[<AbstractClass>]
type internal PoolingKernel() =
    /// Runs on at most `threads` threads.
    abstract Run: threads: int * left: nativeint * right: nativeint * result: nativeint -> unit

/// Calls of a computation of one window for all of its channels.
module internal Channels =
    /// In vectors, where the last one may overlap the one before it.
    let inline inVectors ([<InlineIfLambda>] compute: nativeint -> nativeint) width from last =
        let stopped = compute from

        if stopped < last && stopped > from then compute (last - width) else stopped

    /// In vectors of `width` bytes, in narrower ones, and what is left in single elements. Elements may be computed twice.
    let inline each
        ([<InlineIfLambda>] wide: nativeint -> nativeint)
        ([<InlineIfLambda>] narrow: nativeint -> nativeint)
        ([<InlineIfLambda>] single: nativeint -> nativeint)
        width
        from
        last
        =
        let from = inVectors wide width from last
        let from = inVectors narrow 16n from last
        single from |> ignore

/// A pooling in vectors 'V, in vectors of 128 bits for the channels that do not fill one, and in single elements for the rest. A task is some results of
/// a sample. Where results add to what others have written, it is one sample or, where samples are few, a block of a
/// sample's channels; each element's sum is in the order of the windows.
[<Sealed>]
type internal PoolingOf<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>
    (role: PoolingRole, g: PoolingGeometry) =
    inherit PoolingKernel()

    let size = sizeof<'T>
    let pixel = nativeint g.Channels * nativeint size
    let data = nativeint (g.Height * g.Width) * pixel
    let out = nativeint (g.OutHeight * g.OutWidth) * pixel

    /// Whether each element of what is written belongs to one window.
    let isOfOneWindow =
        match role with
        | PoolingRole.Max
        | PoolingRole.MaxPick
        | PoolingRole.Avg -> true
        | PoolingRole.MaxScatter
        | PoolingRole.AvgGrad -> false

    /// The channels of one task.
    let block = if g.Samples >= 16 || isOfOneWindow then max 1 g.Channels else 64
    let blocks = (g.Channels + block - 1) / block
    let windows = g.OutHeight * g.OutWidth

    /// The windows of one task: about 16 tasks in all, if each reads enough.
    let band =
        if isOfOneWindow then
            let each = max 1L (int64 g.Most * int64 g.Channels)
            let enough = (int64 Tuning.TaskElements + each - 1L) / each
            let share = (int64 g.Samples * int64 windows + 15L) / 16L
            int (max enough share |> min (int64 windows) |> max 1L)
        else
            max 1 windows

    let bands = max 1 ((windows + band - 1) / band)
    let area = g.Area
    let mutable left, right, result = 0n, 0n, 0n

    /// Writes the offsets of the elements of a window of `rows` by `columns` elements from its first one, in bytes.
    let tabulate rows columns (taps: nativeint) =
        for i in 0 .. rows - 1 do
            for j in 0 .. columns - 1 do
                let offset = i * g.Rows.Dilation * g.Width + j * g.Columns.Dilation
                At.set<nativeint> taps (i * columns + j) (nativeint offset * pixel)

    let runTask task =
        let sample = nativeint<int>(task / (blocks * bands))
        let block', first = task / bands % blocks, task % bands * band
        let from = nativeint (block' * block) * nativeint size
        let last = nativeint (min g.Channels ((block' + 1) * block)) * nativeint size
        let taps = Scratch.Get(ScratchSlot.PoolingTaps, int64 g.Most * int64 sizeof<nativeint>)

        if not isOfOneWindow then
            for i in 0 .. g.Height * g.Width - 1 do
                At.clear (result + sample * data + nativeint i * pixel + from) (int (last - from))

        // Most windows are as large as the one before.
        let mutable rows, columns = 0, 0

        for window in first .. min windows (first + band) - 1 do
            let p, q = window / g.OutWidth, window % g.OutWidth

            if g.Rows.Counts[p] <> rows || g.Columns.Counts[q] <> columns then
                rows <- g.Rows.Counts[p]
                columns <- g.Columns.Counts[q]
                tabulate rows columns taps

            let n = rows * columns
            let corner = sample * data + nativeint (g.Rows.Firsts[p] * g.Width + g.Columns.Firsts[q]) * pixel
            let at = sample * out + nativeint window * pixel

            match role with
            | PoolingRole.Max ->
                let x, y, lowest = left + corner, result + at, Double.NegativeInfinity

                Channels.each
                    (fun from -> PoolingWindow<'S, 'V, 'T>.Max(taps, n, x, y, lowest, from, last))
                    (fun from -> PoolingWindow<Simd128<'T>, _, 'T>.Max(taps, n, x, y, lowest, from, last))
                    (fun from -> PoolingWindow<Simd1<'T>, _, 'T>.Max(taps, n, x, y, lowest, from, last))
                    (nativeint 'S.Bytes)
                    from
                    last
            | PoolingRole.MaxPick ->
                let x, u, y = left + corner, right + corner, result + at

                Channels.each
                    (fun from -> PoolingWindow<'S, 'V, 'T>.MaxPick(taps, n, x, u, y, from, last))
                    (fun from -> PoolingWindow<Simd128<'T>, _, 'T>.MaxPick(taps, n, x, u, y, from, last))
                    (fun from -> PoolingWindow<Simd1<'T>, _, 'T>.MaxPick(taps, n, x, u, y, from, last))
                    (nativeint 'S.Bytes)
                    from
                    last
            | PoolingRole.Avg ->
                let x, y = left + corner, result + at

                Channels.each
                    (fun from -> PoolingWindow<'S, 'V, 'T>.Avg(taps, n, x, y, area, from, last))
                    (fun from -> PoolingWindow<Simd128<'T>, _, 'T>.Avg(taps, n, x, y, area, from, last))
                    (fun from -> PoolingWindow<Simd1<'T>, _, 'T>.Avg(taps, n, x, y, area, from, last))
                    (nativeint 'S.Bytes)
                    from
                    last
            | PoolingRole.MaxScatter ->
                let x, dy, dx = left + corner, right + at, result + corner
                let from = PoolingWindow<'S, 'V, 'T>.MaxScatter(taps, n, x, dy, dx, from, last)
                let from = PoolingWindow<Simd128<'T>, _, 'T>.MaxScatter(taps, n, x, dy, dx, from, last)
                PoolingWindow<Simd1<'T>, _, 'T>.MaxScatter(taps, n, x, dy, dx, from, last) |> ignore
            | PoolingRole.AvgGrad ->
                let dy, dx = left + at, result + corner
                let from = PoolingWindow<'S, 'V, 'T>.AvgGrad(taps, n, dy, dx, area, from, last)
                let from = PoolingWindow<Simd128<'T>, _, 'T>.AvgGrad(taps, n, dy, dx, area, from, last)
                PoolingWindow<Simd1<'T>, _, 'T>.AvgGrad(taps, n, dy, dx, area, from, last) |> ignore

    // The body of the pool's run, made once so that a run allocates nothing.
    let body: int -> unit = runTask

    override _.Run(threads, left', right', result') =
        left <- left'
        right <- right'
        result <- result'
        WorkerPool.runOn threads (g.Samples * blocks * bands) body

/// Poolings with channels last, for vectors of each width.
[<RequireQualifiedAccess>]
module internal PoolingKernels =
    /// A kernel for elements of f32 or f64, in vectors of a width.
    let on<'T when 'T: unmanaged> width role geometry : PoolingKernel =
        match width with
        | Width.Bits128 -> PoolingOf<Simd128<'T>, _, 'T>(role, geometry)
        | Width.Bits256 -> PoolingOf<Simd256<'T>, _, 'T>(role, geometry)
        | Width.Bits512 -> PoolingOf<Simd512<'T>, _, 'T>(role, geometry)
