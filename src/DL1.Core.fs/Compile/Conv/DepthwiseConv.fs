namespace DL1.Compiler.Conv

open System
open DL1.Compiler
open DL1.Compiler.Gemm
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// A depthwise convolution, where each channel is convolved by itself, or its transpose. Weights are packed with channels last.
/// Vectors run along channels, which fill at least one vector. `kernel` is the number of weights of one channel.
[<Sealed>]
type internal DepthwiseConv<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>
    (plan: ConvPlan, samples, channels, kernel) =
    inherit ConvKernel()

    let o = ConvOperands()
    let size = sizeof<'T>
    let word = nativeint sizeof<nativeint>
    let lanes = 'S.Bytes / size
    let pixel = nativeint (channels * size)
    let source = plan.Source
    let rows, columns = source.Rows, source.Columns
    /// The number of channels that a task computes in all its rows before the next channels. With at most
    /// `Tuning.DepthwisePixelBytes` a pixel, these are two vectors: what they read of neighbouring rows then stays in the
    /// first-level cache.
    let each = if channels * size <= Tuning.DepthwisePixelBytes then 2 * lanes else channels

    /// Whether samples are read in place and have together at least `Tuning.DepthwiseFetchBytes` bytes, so that prefetching rows pays.
    let isLarge = not source.Copies && int64 samples * int64 source.Sample >= Tuning.DepthwiseFetchBytes

    /// The source column of tap number i, for the first result.
    let column (taps: struct (int * int)[]) i =
        let struct (column, _) = taps[i]
        column

    let first (taps: struct (int * int)[]) = if taps.Length = 0 then 0 else column taps 0
    let stepOf (taps: struct (int * int)[]) = if taps.Length < 2 then 1 else column taps 1 - column taps 0

    /// The results along a row, as (first, last + 1), whose taps are all in columns of the source; (0, 0) if fewer than six.
    let within (across: ConvResidue) =
        let taps = across.Taps
        let last = columns.Extent - 1 - first taps - (taps.Length - 1) * stepOf taps

        let struct (from, until) =
            if source.Copies || taps.Length = 0 then
                struct (0, across.Count)
            else
                struct ((max 0 -(first taps) + columns.Step - 1) / columns.Step,
                        (if last < 0 then 0 else min across.Count (last / columns.Step + 1)))

        if until - from < 6 then struct (0, 0) else struct (from, until)

    /// The index at which the taps of each residue begin in the packed weights.
    let starts = plan.Positions |> Array.scan (fun start p -> start + p.Taps.Length) 0

    /// The offset in bytes of zeros after the weights. Outside the data, `Strips` reads them for a source row, `Edges` for a tap.
    let zeros = nativeint starts[plan.Positions.Length] * pixel

    let zeroBytes = max 1 (min columns.Extent (columns.Reach + 5 * columns.Step)) * int pixel
    let packed = Block.Kept(int64 zeros + int64 zeroBytes)

    let packTask residue =
        let taps = plan.Positions[residue].Taps

        for t in 0 .. taps.Length - 1 do
            let from, step = o.Right + nativeint (taps[t] * size), nativeint (kernel * size)
            let into = packed.Address + nativeint (starts[residue] + t) * pixel
            Pack<'S, 'V, 'T>.Elements(1, channels, from, 0n, step, into, 0n)

    /// Writes, for each of `count` rows of results, the addresses of the source rows of its taps; 0 for rows outside the source.
    let findRows (task: ConvTask) (taps: struct (int * int)[]) count (data: nativeint) (table: nativeint) =
        for q in 0 .. count - 1 do
            for i in 0 .. taps.Length - 1 do
                let struct (tap, _) = taps[i]
                let at = (task.From + q) * rows.Step + tap
                let isOutside = not source.Copies && (at < 0 || at >= rows.Extent)
                let address = data + source.Offset(q * rows.Step + tap - rows.Low, -columns.Low)
                At.set<nativeint> table (q * taps.Length + i) (if isOutside then 0n else address)

    /// Prefetches those rows of the source that no row of results before row `q` reads.
    let fetchRows (plane: inref<DepthwisePlane>) q =
        for row in max 0 (plane.Down - rows.Step) .. plane.Down - 1 do
            let from = At.get<nativeint> plane.Sources (q * plane.Down + row)

            if from <> 0n then
                for line in 0..64 .. columns.Extent * int pixel - 1 do
                    Simd.fetchFar (from + nativeint line)

    let multiplyTask number =
        let task = ConvTask.make plan samples number o.Left o.Result
        // Words for `DepthwisePlane.Table`, the offsets of six pixels read and six written, and `DepthwisePlane.Sources`.
        let table = Scratch.Get(ScratchSlot.ConvEdge, (6 * kernel + 18 + plan.Band * kernel) * int word)
        let offsets = table + nativeint (6 * kernel + 6) * word
        let resultPixel = nativeint plan.ResultPixel
        let mutable plane = DepthwisePlane()
        plane.Sources <- offsets + 12n * word
        plane.ResultRow <- nativeint (rows.Spacing * columns.Length) * resultPixel
        plane.ResultStep <- nativeint columns.Spacing * resultPixel
        plane.Step <- columns.Step
        plane.Low <- if source.Copies then Int32.MinValue else 0
        plane.High <- if source.Copies then Int32.MaxValue else columns.Extent
        plane.Zeros <- packed.Address + zeros
        plane.Table <- table
        let mutable tile = Tile()
        tile.BRow <- pixel
        tile.ARows <- offsets
        tile.CRows <- offsets + 6n * word

        for i in 0..5 do
            At.set<nativeint> tile.ARows i (nativeint (i * columns.Step) * pixel)
            At.set<nativeint> tile.CRows i (nativeint i * plane.ResultStep)

        for residue in 0 .. plan.Positions.Length - 1 do
            let down = rows.Residues[residue / columns.Residues.Length]
            let across = columns.Residues[residue % columns.Residues.Length]
            let struct (inside, outside) = within across
            let height = min task.To down.Count - task.From
            plane.Down <- down.Taps.Length
            plane.Across <- across.Taps.Length
            plane.First <- first across.Taps
            plane.TapStep <- stepOf across.Taps
            tile.Step <- nativeint plane.TapStep * pixel
            tile.B <- packed.Address + nativeint starts[residue] * pixel

            for sample in 0 .. task.Samples - 1 do
                let data = task.Source + nativeint sample * nativeint source.Sample
                findRows task down.Taps height data plane.Sources
                let before = (sample * rows.Length + down.First) * columns.Length + across.First
                plane.Result <- task.Result + nativeint before * resultPixel

                if inside < outside then
                    for part in 0 .. (channels + each - 1) / each - 1 do
                        // If the last part has fewer channels than a vector, it begins earlier, and overlaps the part before.
                        let until = min channels ((part + 1) * each)
                        let from = max 0 (min (part * each) (until - lanes))

                        for q in 0 .. height - 1 do
                            if isLarge && part = 0 && q + 1 < height then
                                fetchRows &plane (q + 1)

                            DepthwiseRows<'S, 'V, 'T>.Strips(&plane, q, inside, outside, from, until, &tile)

                DepthwiseRows<'S, 'V, 'T>
                    .Edges(&plane, height, across.Count, inside, outside, channels, tile.B, pixel)

        ConvTask.complete plan channels size task o.Result 0 channels o.Epilogue

    // The task functions for `WorkerPool.runOn`: closures made once, so that a run allocates nothing.
    let pack: int -> unit = packTask
    let multiply: int -> unit = multiplyTask

    override _.Operands = o
    override _.Kept = packed

    override this.Compute threads =
        if plan.Positions.Length > 0 then
            if this.Packs() then
                At.clear (packed.Address + zeros) zeroBytes
                WorkerPool.runOn threads plan.Positions.Length pack

            WorkerPool.runOn threads plan.Tasks multiply

/// The gradient of a depthwise convolution's weights: rows are taps; vectors run along channels, which fill at least one.
[<Sealed>]
type internal DepthwiseWeights<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>
    (g: ConvGeometry, first: ConvFirst) =
    inherit ConvKernel()

    let o = ConvOperands()
    let size = sizeof<'T>
    let lanes = 'S.Bytes / size
    let channels = g.Channels
    let chunks = ConvChunks.make g first size
    let source = chunks.Source
    let pixel = nativeint (channels * size)
    let vectors = (channels + lanes - 1) / lanes
    let height = (g.Taps + 5) / 6 * 6
    /// The bytes of a partial sum for one vector of channels: one vector for each tap, in whole tiles of six taps.
    let vectorBytes = nativeint height * nativeint 'S.Bytes
    let partialBytes = nativeint vectors * vectorBytes
    let sums = Block.Kept(int64 chunks.Partials * int64 partialBytes)

    /// The offset in bytes of each tap. Rows beyond the last repeat it.
    let sources = ConvTable [| for i in 0 .. height - 1 -> ConvChunks.tap chunks g (min i (g.Taps - 1)) |]

    let results = ConvTable [| for i in 0 .. height - 1 -> nativeint i * nativeint 'S.Bytes |]
    let step = nativeint source.Columns.Step * pixel

    /// The first channel of a vector. The last vector may overlap the one before it.
    let begins vector = max 0 (min (vector * lanes) (channels - lanes))

    let multiply run count (data: nativeint) (dy: nativeint) (sum: nativeint) add =
        let mutable tile = Tile()
        tile.Runs <- chunks.Runs.Address(2 * run)
        tile.Count <- count
        tile.Step <- step
        tile.BRow <- pixel
        tile.Add <- add

        for vector in 0 .. vectors - 1 do
            let at = nativeint (begins vector * size)
            tile.A <- data + at
            tile.B <- dy + at
            tile.C <- sum + nativeint vector * vectorBytes

            for tap in 0..6 .. height - 1 do
                tile.ARows <- sources.Address tap
                tile.CRows <- results.Address tap

                MicroKernel<'S, 'V, 'T>.Lanes6 &tile

    let chunk = ConvChunk(fun run runs _ data dy sum _ add -> multiply run runs data dy sum add)

    let multiplyTask partial =
        let sum = sums.Address + nativeint partial * partialBytes
        ConvChunks.run chunks g size partial o.Left o.Right sum 0 (int partialBytes) chunk

    /// Adds up the partial sums of one vector of channels, and writes them as weights.
    let addTask vector =
        let sum = sums.Address + nativeint vector * vectorBytes

        for partial in 1 .. chunks.Partials - 1 do
            AddRow.Add<'T>(g.Taps * lanes, sum + nativeint partial * partialBytes, sum)

        for channel in max (vector * lanes) (begins vector) .. min channels ((vector + 1) * lanes) - 1 do
            let target = o.Result + nativeint (channel * g.Taps) * nativeint size

            let from = sum + nativeint ((channel - begins vector) * size)
            Pack<'S, 'V, 'T>.Elements(1, g.Taps, from, 0n, nativeint 'S.Bytes, target, 0n)

            match o.Epilogue with
            | null -> ()
            | epilogue -> epilogue.Invoke(target, channel, 1, 0, g.Taps)

    // The task functions for `WorkerPool.runOn`: closures made once, so that a run allocates nothing.
    let multiplies: int -> unit = multiplyTask
    let adds: int -> unit = addTask

    override _.Operands = o
    override _.Kept = sums

    override _.Compute threads =
        WorkerPool.runOn threads chunks.Partials multiplies
        WorkerPool.runOn threads vectors adds
