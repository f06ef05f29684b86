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

/// A pooling in vectors 'V, and in single elements for the channels that do not fill a vector. A task is some results of
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

    /// Where the last vector of channels begins: it overlaps the one before it, if both fit between `from` and `last`.
    let overlap (from: nativeint) (stopped: nativeint) (last: nativeint) =
        if stopped < last && stopped > from then last - nativeint 'S.Bytes else stopped

    /// Writes the offsets of the elements in the window of result (p, q) to `taps`, in bytes; returns their number.
    let tabulate p q (taps: nativeint) =
        let mutable count = 0

        for i in 0 .. g.Rows.Counts[p] - 1 do
            let row = g.Rows.Firsts[p] + i * g.Rows.Dilation

            for j in 0 .. g.Columns.Counts[q] - 1 do
                let column = g.Columns.Firsts[q] + j * g.Columns.Dilation
                At.set<nativeint> taps count (nativeint (row * g.Width + column) * pixel)
                count <- count + 1

        count

    let runTask task =
        let sample = nativeint<int>(task / (blocks * bands))
        let block', first = task / bands % blocks, task % bands * band
        let from = nativeint (block' * block) * nativeint size
        let last = nativeint (min g.Channels ((block' + 1) * block)) * nativeint size
        let taps = Scratch.Get(ScratchSlot.PoolingTaps, int64 g.Most * int64 sizeof<nativeint>)

        if not isOfOneWindow then
            for i in 0 .. g.Height * g.Width - 1 do
                At.clear (result + sample * data + nativeint i * pixel + from) (int (last - from))

        for window in first .. min windows (first + band) - 1 do
            let n = tabulate (window / g.OutWidth) (window % g.OutWidth) taps
            let at = sample * out + nativeint window * pixel

            match role with
            | PoolingRole.Max ->
                let x, y = left + sample * data, result + at
                let lowest = Double.NegativeInfinity
                let stopped = PoolingWindow<'S, 'V, 'T>.Max(taps, n, x, y, lowest, from, last)
                let from = overlap from stopped last
                let from = PoolingWindow<'S, 'V, 'T>.Max(taps, n, x, y, lowest, from, last)
                PoolingWindow<Simd1<'T>, _, 'T>.Max(taps, n, x, y, lowest, from, last) |> ignore
            | PoolingRole.MaxPick ->
                let x, u, y = left + sample * data, right + sample * data, result + at
                let stopped = PoolingWindow<'S, 'V, 'T>.MaxPick(taps, n, x, u, y, from, last)
                let from = overlap from stopped last
                let from = PoolingWindow<'S, 'V, 'T>.MaxPick(taps, n, x, u, y, from, last)
                PoolingWindow<Simd1<'T>, _, 'T>.MaxPick(taps, n, x, u, y, from, last) |> ignore
            | PoolingRole.MaxScatter ->
                let x, dy, dx = left + sample * data, right + at, result + sample * data
                let from = PoolingWindow<'S, 'V, 'T>.MaxScatter(taps, n, x, dy, dx, from, last)
                PoolingWindow<Simd1<'T>, _, 'T>.MaxScatter(taps, n, x, dy, dx, from, last) |> ignore
            | PoolingRole.Avg ->
                let x, y = left + sample * data, result + at
                let stopped = PoolingWindow<'S, 'V, 'T>.Avg(taps, n, x, y, area, from, last)
                let from = overlap from stopped last
                let from = PoolingWindow<'S, 'V, 'T>.Avg(taps, n, x, y, area, from, last)
                PoolingWindow<Simd1<'T>, _, 'T>.Avg(taps, n, x, y, area, from, last) |> ignore
            | PoolingRole.AvgGrad ->
                let dy, dx = left + at, result + sample * data
                let from = PoolingWindow<'S, 'V, 'T>.AvgGrad(taps, n, dy, dx, area, from, last)
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
