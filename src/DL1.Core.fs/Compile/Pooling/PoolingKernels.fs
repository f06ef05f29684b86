namespace DL1.Compiler.Pooling

open DL1.Compiler
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// A pooling, ready to run; it serves one run at a time. `left` and `right` are the addresses of the operands in the graph's
/// order, with channels last. A pooling with one operand ignores `right`.
[<AbstractClass>]
type internal PoolingKernel() =
    /// Runs on at most `threads` threads.
    abstract Run: threads: int * left: nativeint * right: nativeint * result: nativeint -> unit

/// A pooling in vectors 'V; channels that do not fill one are computed in vectors of 128 bits, and the rest in single elements. A
/// task computes some results of a sample. But if several windows may add to the same element of the result, a task has all
/// windows of a sample or, if samples are few, of a block of its channels: so each element's sum is in the order of the windows.
[<Sealed>]
type internal PoolingOf<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>
    (role: PoolingRole, g: PoolingGeometry) =
    inherit PoolingKernel()

    let size = sizeof<'T>
    let pixel = nativeint g.Channels * nativeint size
    let data = nativeint (g.Height * g.Width) * pixel
    let out = nativeint (g.OutHeight * g.OutWidth) * pixel

    /// Whether each element of the result is written for one window only.
    let isOfOneWindow = not (role.IsMaxScatter || role.IsAvgGrad)

    /// The number of channels in one task.
    let block = if g.Samples >= 16 || isOfOneWindow then max 1 g.Channels else 64
    let blocks = (g.Channels + block - 1) / block
    let windows = g.OutHeight * g.OutWidth

    /// The number of windows in one task: about 16 tasks in all, but at least `Tuning.TaskElements` elements to read in each.
    let band =
        if isOfOneWindow then
            let each = max 1L (int64 g.Most * int64 g.Channels)
            let enough = (int64 Tuning.TaskElements + each - 1L) / each
            let share = (int64 g.Samples * int64 windows + 15L) / 16L
            int (max enough share |> min (int64 windows) |> max 1L)
        else
            max 1 windows

    let bands = max 1 ((windows + band - 1) / band)
    let mutable left, right, result = 0n, 0n, 0n

    /// Writes to `taps` the offsets in bytes of a window's elements from its first one, for `rows` by `columns` elements.
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

        // The extents of the window in `taps`. Most windows have the same extents as the one before, and use its offsets again.
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

            let x = left + (if role.IsAvgGrad then at else corner)
            let u = right + (if role.IsMaxPick then corner else at)
            let y = result + (if isOfOneWindow then at else corner)
            let from = PoolingWindow<'S, 'V, 'T>.Compute(role, taps, n, x, u, y, g.Area, from, last)

            if from < last then
                let from =
                    PoolingWindow<Simd128<'T>, _, 'T>.Compute(role, taps, n, x, u, y, g.Area, from, last)

                PoolingWindow<Simd1<'T>, _, 'T>.Compute(role, taps, n, x, u, y, g.Area, from, last) |> ignore

    // The task function for `WorkerPool.runOn`: a closure made once, so that a run allocates nothing.
    let body: int -> unit = runTask

    override _.Run(threads, left', right', result') =
        left <- left'
        right <- right'
        result <- result'
        WorkerPool.runOn threads (g.Samples * blocks * bands) body

/// Poolings with channels last, for vectors of each width.
[<RequireQualifiedAccess>]
module internal PoolingKernels =
    /// Makes a kernel for elements of f32 or f64, with vectors of the given width.
    let on<'T when 'T: unmanaged> width role geometry : PoolingKernel =
        match width with
        | Width.Bits128 -> PoolingOf<Simd128<'T>, _, 'T>(role, geometry)
        | Width.Bits256 -> PoolingOf<Simd256<'T>, _, 'T>(role, geometry)
        | Width.Bits512 -> PoolingOf<Simd512<'T>, _, 'T>(role, geometry)
