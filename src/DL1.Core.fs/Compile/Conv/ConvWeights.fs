namespace DL1.Compiler.Conv

open DL1.Compiler.Gemm
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// Copies a panel of summed weight gradients to the places of these weights in the result.
[<AbstractClass; Sealed>]
type internal ConvSums<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged> private () =

    /// Writes the weights of outputs `first` to `first + columns − 1`, and then calls the epilogue for each output. In `sum`,
    /// each tap has one row of two vectors for each channel, and taps are `step` bytes apart.
    static member Write
        (taps, channels, step, sum, weights: nativeint, first, columns, epilogue: BlockEpilogue | null)
        =
        let size = sizeof<'T>
        let rows, wide = taps * channels, nativeint (2 * 'S.Bytes)

        for column in 0 .. columns - 1 do
            let target = weights + nativeint ((first + column) * rows) * nativeint size

            for tap in 0 .. taps - 1 do
                let from = sum + nativeint tap * step + nativeint (column * size)
                let into, each = target + nativeint (tap * size), nativeint (taps * size)
                Pack<'S, 'V, 'T>.Elements(channels, 1, from, wide, nativeint size, into, each)

            match epilogue with
            | null -> ()
            | epilogue -> epilogue.Invoke(target, first + column, 1, 0, rows)

/// The gradient of a convolution's weights as a GEMM. Its rows are taps and channels, its columns are outputs, and it sums over
/// pixels, which are read in place. Partial sums are added at the end.
[<Sealed>]
type internal ConvWeights<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>
    (g: ConvGeometry, first: ConvFirst) =
    inherit ConvKernel()

    let o = ConvOperands()
    let size = sizeof<'T>
    let wide = 2 * 'S.Bytes
    let panelColumns = wide / size
    let chunks = ConvChunks.make g first size
    let source = chunks.Source
    let each, outputs = g.ChannelsEach, g.OutputsEach
    let panels = (outputs + panelColumns - 1) / panelColumns
    let rows = g.Taps * each
    let multiple = PanelKernel<'S, 'V, 'T>.Multiple
    /// The number of rows of a sum, rounded up to whole tiles.
    let height = (rows + multiple - 1) / multiple * multiple
    let panelBytes = nativeint height * nativeint wide
    let partialBytes = nativeint (g.Groups * panels) * panelBytes
    let sums = Block.Kept(int64 chunks.Partials * int64 partialBytes)

    /// The offset in bytes of each row of A. Rows beyond the last repeat it.
    let sources =
        ConvTable
            [|
                for i in 0 .. height - 1 do
                    let tap, channel = min i (rows - 1) / max 1 each, min i (rows - 1) % max 1 each

                    ConvChunks.tap chunks g tap + nativeint (channel * size)
            |]

    let results = ConvTable [| for i in 0 .. height - 1 -> nativeint i * nativeint wide |]
    let step = nativeint source.Columns.Step * nativeint (g.Channels * size)
    /// The number of blocks of rows into which tasks divide each partial sum: several, if there are few partial sums.
    let blocks = max 1 (min (height / multiple) ((15 + chunks.Partials) / chunks.Partials))
    let blockRows = (height / multiple + blocks - 1) / blocks * multiple

    /// Computes the block of rows that begins with `first`, for one chunk.
    let multiply run runs count (data: nativeint) (dy: nativeint) (sum: nativeint) first add =
        let spare = Scratch.Get(ScratchSlot.ConvEdge, PanelKernel<'S, 'V, 'T>.Spare)
        let packed = Scratch.Get(ScratchSlot.ConvPacked, int64<int> count * int64 wide)
        let last = min height (first + blockRows)
        let mutable tile = Tile()
        tile.Runs <- chunks.Runs.Address(2 * run)
        tile.Count <- runs
        tile.Step <- step
        tile.B <- packed
        tile.Add <- add

        for group in 0 .. g.Groups - 1 do
            for panel in 0 .. panels - 1 do
                let column = panel * panelColumns
                let columns = min panelColumns (outputs - column)
                let from = dy + nativeint ((group * outputs + column) * size)
                let outRow = nativeint (g.Outputs * size)
                Pack<'S, 'V, 'T>.Panel(count, columns, from, outRow, nativeint size, packed)

                tile.A <- data + nativeint (group * each * size)
                tile.ARows <- sources.Address first
                tile.C <- sum + nativeint (group * panels + panel) * panelBytes
                tile.CRows <- results.Address first
                PanelKernel<'S, 'V, 'T>.MultiplyTable(last - first, panelColumns, 0, &tile, spare)

    let chunk = ConvChunk(multiply)

    let multiplyTask number =
        let partial, first = number / blocks, number % blocks * blockRows
        let sum = sums.Address + nativeint partial * partialBytes
        ConvChunks.run chunks g size partial o.Left o.Right sum first (int partialBytes) chunk

    /// Adds up the partial sums of one panel, and writes them as weights.
    let addTask number =
        let group, panel = number / panels, number % panels
        let sum = sums.Address + nativeint number * panelBytes

        for partial in 1 .. chunks.Partials - 1 do
            AddRow.Add<'T>(rows * panelColumns, sum + nativeint partial * partialBytes, sum)

        let first = group * outputs + panel * panelColumns
        let columns = min panelColumns (outputs - panel * panelColumns)

        ConvSums<'S, 'V, 'T>
            .Write(g.Taps, each, nativeint each * nativeint wide, sum, o.Result, first, columns, o.Epilogue)

    // The task functions for `WorkerPool.runOn`: closures made once, so that a run allocates nothing.
    let multiplies: int -> unit = multiplyTask
    let adds: int -> unit = addTask

    override _.Operands = o
    override _.Kept = sums

    override _.Compute threads =
        if g.Outputs > 0 && rows > 0 then
            WorkerPool.runOn threads (chunks.Partials * blocks) multiplies
            WorkerPool.runOn threads (g.Groups * panels) adds
