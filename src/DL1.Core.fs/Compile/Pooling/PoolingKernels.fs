namespace DL1.Compiler.Pooling

open DL1.Compiler
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// A pooling, ready to run; it serves one run at a time. `left` and `right` are the operands as in the graph, but with
/// channels last; `right` is ignored by a pooling of one operand.
[<AbstractClass>]
type internal PoolingKernel() =
    /// Runs on at most `threads` threads.
    abstract Run: threads: int * left: nativeint * right: nativeint * result: nativeint -> unit

/// A pooling in vectors 'V, in vectors of 128 bits for the channels that do not fill one, and in single elements for
/// the rest. A task is some results of a sample. Where results add to what others have written, it is one sample or,
/// where samples are few, a block of a sample's channels; each element's sum is in the order of the windows.
[<Sealed>]
type internal PoolingOf<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>
    (role: PoolingRole, g: PoolingGeometry) =
    inherit PoolingKernel()

    let size = sizeof<'T>
    let pixel = nativeint g.Channels * nativeint size
    let data = nativeint (g.Height * g.Width) * pixel
    let out = nativeint (g.OutHeight * g.OutWidth) * pixel

    /// Whether each element of what is written belongs to one window.
    let isOfOneWindow = not (role.IsMaxScatter || role.IsAvgGrad)

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

            let x = left + (if role.IsAvgGrad then at else corner)
            let u = right + (if role.IsMaxPick then corner else at)
            let y = result + (if isOfOneWindow then at else corner)
            let from = PoolingWindow<'S, 'V, 'T>.Compute(role, taps, n, x, u, y, g.Area, from, last)

            if from < last then
                let from =
                    PoolingWindow<Simd128<'T>, _, 'T>.Compute(role, taps, n, x, u, y, g.Area, from, last)

                PoolingWindow<Simd1<'T>, _, 'T>.Compute(role, taps, n, x, u, y, g.Area, from, last) |> ignore

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
