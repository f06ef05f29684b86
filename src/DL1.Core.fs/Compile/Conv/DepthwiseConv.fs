namespace DL1.Compiler.Conv

open FSharp.NativeInterop
open DL1
open DL1.Compiler.Gemm
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// A depthwise convolution, each channel by itself, or its transpose: weights are packed with channels last, and
/// vectors run along channels. `kernel` is the number of weights of a channel.
[<Sealed>]
type internal DepthwiseConv<'S, 'V, 'T
    when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct and 'T: unmanaged and 'T: struct>
    (plan: ConvPlan, samples, channels, kernel) =
    inherit ConvKernel()

    let size = sizeof<'T>
    let pixel = channels * size
    /// The index at which the taps of each residue begin in the packed weights.
    let starts = plan.Positions |> Array.scan (fun start p -> start + p.Taps.Length) 0
    let packed = ConvBuffer(int64 starts[plan.Positions.Length] * int64 pixel)
    let mutable x = 0n
    let mutable w = 0n
    let mutable y = 0n
    let mutable epilogue: BlockEpilogue | null = null

    let packTask residue =
        let taps = plan.Positions[residue].Taps

        for t in 0 .. taps.Length - 1 do
            Pack<'S, 'V, 'T>
                .Elements(
                    1,
                    channels,
                    w + nativeint (taps[t] * size),
                    0n,
                    nativeint (kernel * size),
                    packed.Address + nativeint (starts[residue] + t) * nativeint pixel,
                    0n
                )

    let multiplyTask number =
        let spare = Scratch.Get(ScratchSlot.ConvEdge, 12 * sizeof<nativeint>)
        let task = ConvTask.make plan samples pixel number x y

        for residue in 0 .. plan.Positions.Length - 1 do
            let positions = plan.Positions[residue]
            let m = ConvTask.count task positions
            let b = packed.Address + nativeint starts[residue] * nativeint pixel
            // The runs of all k-blocks, one after the other.
            let struct (last, lastRuns) = positions.KBlocks[positions.KBlocks.Length - 1]
            let runs = last / 2 + lastRuns
            let step = nativeint pixel
            let mutable row = 0

            while row < m do
                let at = nativeint row * nativeint sizeof<nativeint>
                let mutable sources = positions.Sources.Address 0 + at
                let mutable results = positions.Results.Address 0 + at

                if m - row < 6 then
                    // Rows beyond the last repeat it.
                    let from, into =
                        NativePtr.ofNativeInt<nativeint> sources, NativePtr.ofNativeInt<nativeint> results

                    let tail = NativePtr.ofNativeInt<nativeint> spare

                    for i in 0..5 do
                        NativePtr.set tail i (NativePtr.get from (min i (m - row - 1)))
                        NativePtr.set tail (6 + i) (NativePtr.get into (min i (m - row - 1)))

                    sources <- spare
                    results <- spare + nativeint (6 * sizeof<nativeint>)

                DepthwiseMicroKernel<'S, 'V, 'T>
                    .Channels(
                        channels,
                        positions.Runs.Address 0,
                        runs,
                        step,
                        task.Source,
                        sources,
                        b,
                        step,
                        task.Result,
                        results
                    )

                row <- row + 6

        ConvTask.complete plan channels pixel task y epilogue

    // The bodies of the pool's runs, made once so that a run allocates nothing.
    let mutable pack: int -> unit = ignore
    let mutable multiply: int -> unit = ignore
    do pack <- fun residue -> packTask residue
    do multiply <- fun task -> multiplyTask task

    override _.KeptBytes = packed.Bytes

    override this.Run(threads, left, right, target, epilogue') =
        x <- left
        w <- right
        y <- target
        epilogue <- epilogue'

        if plan.Positions.Length > 0 then
            if this.Packs() then
                WorkerPool.runOn threads plan.Positions.Length pack

            WorkerPool.runOn threads plan.Tasks multiply

        epilogue <- null
        packed.Hold()

/// The gradient of a depthwise convolution's weights: rows are taps, and vectors run along channels.
[<Sealed>]
type internal DepthwiseWeights<'S, 'V, 'T
    when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct and 'T: unmanaged and 'T: struct>
    (g: ConvGeometry, first: ConvFirst) =
    inherit ConvKernel()

    let size = sizeof<'T>
    let lanes = 'S.Bytes / size
    let channels = g.Channels
    let chunks = ConvChunks.make g first size
    let source = chunks.Source
    let pixel = nativeint (channels * size)
    let vectors = (channels + lanes - 1) / lanes
    let height = (g.Taps + 5) / 6 * 6
    /// A sum has, for each vector of channels and each tap, the lanes of a vector.
    let vectorBytes = nativeint height * nativeint 'S.Bytes
    let partialBytes = nativeint vectors * vectorBytes
    let sums = ConvBuffer(int64 chunks.Partials * int64 partialBytes)

    /// The offset of each tap; rows beyond the last repeat it.
    let sources =
        ConvTable
            [|
                for i in 0 .. height - 1 do
                    let tap = min i (g.Taps - 1)

                    source.Offset(
                        tap / g.KernelWidth * g.SweepHeight.Dilation,
                        tap % g.KernelWidth * g.SweepWidth.Dilation
                    )
            |]

    let results = ConvTable [| for i in 0 .. height - 1 -> nativeint i * nativeint 'S.Bytes |]
    let step = nativeint source.Columns.Step * pixel
    let mutable x = 0n
    let mutable y = 0n
    let mutable w = 0n
    let mutable epilogue: BlockEpilogue | null = null

    /// The first channel of a vector: the last vector overlaps the one before it.
    let begins vector = max 0 (min (vector * lanes) (channels - lanes))

    let multiply run count (data: nativeint) (dy: nativeint) (sum: nativeint) add =
        let runs = chunks.Runs.Address(2 * run)

        for vector in 0 .. vectors - 1 do
            let sum = sum + nativeint vector * vectorBytes
            let at = nativeint (begins vector * size)

            for tap in 0..6 .. height - 1 do
                let sources, results = sources.Address tap, results.Address tap

                if channels >= lanes then
                    DepthwiseMicroKernel<'S, 'V, 'T>
                        .Rows6(runs, count, step, data + at, sources, dy + at, pixel, sum, results, add)
                else
                    for row in 0..5 do
                        let row = nativeint (row * sizeof<nativeint>)
                        let tap = NativePtr.read (NativePtr.ofNativeInt<nativeint>(sources + row))
                        let into = NativePtr.read (NativePtr.ofNativeInt<nativeint>(results + row))

                        for channel in 0 .. channels - 1 do
                            let at = nativeint (channel * size)

                            DepthwiseMicroKernel<'S, 'V, 'T>
                                .One(runs, count, step, data + tap + at, dy + at, pixel, sum + into + at, add)

    let chunk = ConvChunk(fun run runs _ data dy sum _ add -> multiply run runs data dy sum add)

    let multiplyTask partial =
        let sum = sums.Address + nativeint partial * partialBytes
        ConvChunks.run chunks g size partial x y sum 0 (int64 partialBytes) chunk

    /// Adds up the partial sums of one vector of channels, and writes them as weights.
    let addTask vector =
        let sum = sums.Address + nativeint vector * vectorBytes

        for partial in 1 .. chunks.Partials - 1 do
            AddRow<'S, 'V, 'T>.Add(g.Taps * lanes, sum + nativeint partial * partialBytes, sum)

        for channel in max (vector * lanes) (begins vector) .. min channels ((vector + 1) * lanes) - 1 do
            let target = w + nativeint (channel * g.Taps) * nativeint size

            Pack<'S, 'V, 'T>
                .Elements(
                    1,
                    g.Taps,
                    sum + nativeint ((channel - begins vector) * size),
                    0n,
                    nativeint 'S.Bytes,
                    target,
                    0n
                )

            match epilogue with
            | null -> ()
            | epilogue -> epilogue.Invoke(target, channel, 1, 0, g.Taps)

    // The bodies of the pool's runs, made once so that a run allocates nothing.
    let mutable multiplies: int -> unit = ignore
    let mutable adds: int -> unit = ignore
    do multiplies <- fun partial -> multiplyTask partial
    do adds <- fun vector -> addTask vector

    override _.KeptBytes = sums.Bytes

    override _.Run(threads, left, right, target, epilogue') =
        x <- left
        y <- right
        w <- target
        epilogue <- epilogue'
        WorkerPool.runOn threads chunks.Partials multiplies
        WorkerPool.runOn threads vectors adds
        epilogue <- null
        sums.Hold()
