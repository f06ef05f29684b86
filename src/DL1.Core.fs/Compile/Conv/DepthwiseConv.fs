namespace DL1.Compiler.Conv

open FSharp.NativeInterop
open DL1.Compiler.Gemm
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// A depthwise convolution, each channel by itself, or its transpose: weights are packed with channels last, and
/// vectors run along channels. `kernel` is the number of weights of a channel.
[<Sealed>]
type internal DepthwiseConv<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>
    (plan: ConvPlan, samples, channels, kernel) =
    inherit ConvKernel()

    let o = ConvOperands()
    let size = sizeof<'T>
    let pixel = channels * size
    /// The index at which the taps of each residue begin in the packed weights.
    let starts = plan.Positions |> Array.scan (fun start p -> start + p.Taps.Length) 0

    let packed = Block.Kept(int64 starts[plan.Positions.Length] * int64 pixel)

    let packTask residue =
        let taps = plan.Positions[residue].Taps

        for t in 0 .. taps.Length - 1 do
            let from, step = o.Right + nativeint (taps[t] * size), nativeint (kernel * size)
            let into = packed.Address + nativeint (starts[residue] + t) * nativeint pixel
            Pack<'S, 'V, 'T>.Elements(1, channels, from, 0n, step, into, 0n)

    let multiplyTask number =
        let spare = Scratch.Get(ScratchSlot.ConvEdge, 12 * sizeof<nativeint>)
        let task = ConvTask.make plan samples number o.Left o.Result

        for residue in 0 .. plan.Positions.Length - 1 do
            let positions = plan.Positions[residue]
            let m = ConvTask.count task positions
            // The runs of all k-blocks, one after the other.
            let struct (last, lastRuns) = positions.KBlocks[positions.KBlocks.Length - 1]
            let mutable tile = Tile()
            tile.Runs <- positions.Runs.Address 0
            tile.Count <- last / 2 + lastRuns
            tile.A <- task.Source
            tile.Step <- nativeint pixel
            tile.B <- packed.Address + nativeint starts[residue] * nativeint pixel
            tile.BRow <- nativeint pixel
            tile.C <- task.Result
            tile.ARows <- positions.Sources.Address 0
            tile.CRows <- positions.Results.Address 0

            if 0 < m && m < 6 then
                // Rows beyond the last repeat it.
                let from = NativePtr.ofNativeInt<nativeint> tile.ARows
                let into = NativePtr.ofNativeInt<nativeint> tile.CRows
                let tail = NativePtr.ofNativeInt<nativeint> spare

                for i in 0..5 do
                    NativePtr.set tail i (NativePtr.get from (min i (m - 1)))
                    NativePtr.set tail (6 + i) (NativePtr.get into (min i (m - 1)))

                tile.ARows <- spare
                tile.CRows <- spare + nativeint (6 * sizeof<nativeint>)

            if m > 0 then
                DepthwiseRows<'S, 'V, 'T>.Sweep(max 6 m, channels, &tile)

        ConvTask.complete plan channels size task o.Result 0 channels o.Epilogue

    // The bodies of the pool's runs, made once so that a run allocates nothing.
    let pack: int -> unit = packTask
    let multiply: int -> unit = multiplyTask

    override _.Operands = o
    override _.Kept = packed

    override this.Compute threads =
        if plan.Positions.Length > 0 then
            if this.Packs() then
                WorkerPool.runOn threads plan.Positions.Length pack

            WorkerPool.runOn threads plan.Tasks multiply

/// The gradient of a depthwise convolution's weights: rows are taps, and vectors run along channels.
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
    /// A sum has, for each vector of channels and each tap, the lanes of a vector.
    let vectorBytes = nativeint height * nativeint 'S.Bytes
    let partialBytes = nativeint vectors * vectorBytes
    let sums = Block.Kept(int64 chunks.Partials * int64 partialBytes)

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

    /// The first channel of a vector: the last vector overlaps the one before it.
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

                if channels >= lanes then
                    MicroKernel<'S, 'V, 'T>.Lanes6 &tile
                else
                    DepthwiseRows<'S, 'V, 'T>.Few(channels, &tile)

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

    // The bodies of the pool's runs, made once so that a run allocates nothing.
    let multiplies: int -> unit = multiplyTask
    let adds: int -> unit = addTask

    override _.Operands = o
    override _.Kept = sums

    override _.Compute threads =
        WorkerPool.runOn threads chunks.Partials multiplies
        WorkerPool.runOn threads vectors adds
