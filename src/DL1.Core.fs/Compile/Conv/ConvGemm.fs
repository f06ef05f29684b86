namespace DL1.Compiler.Conv

open DL1.Compiler.Gemm
open DL1.Compiler.Movement
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// A task of a kernel whose results are pixels: `Samples` samples, from sample `First` on, and a band of rows of their results.
[<Struct; NoEquality; NoComparison>]
type internal ConvTask =
    {
        First: int
        Samples: int
        /// The rows of results that the task computes of each residue: `From` to `To` − 1.
        From: int
        To: int
        /// The addresses from which tiles read and to which they write.
        Source: nativeint
        Result: nativeint
    }

[<RequireQualifiedAccess>]
module internal ConvTask =
    /// Returns a sample's number of result pixels, and the first pixels of rows `from` and `last`, as numbered in
    /// `ConvTask.From`.
    let private pixels (plan: ConvPlan) from last =
        let rows, columns = plan.Source.Rows, plan.Source.Columns
        let pixel row = min rows.Length (row * rows.Spacing) * columns.Length
        struct (rows.Length * columns.Length, pixel from, pixel last)

    /// Makes task number `task`, given the addresses of the first of all `samples` samples, and copies its source if the plan
    /// says so. The kernels derive the task's slice of channels from its number themselves.
    let make (plan: ConvPlan) samples task (source: nativeint) (result: nativeint) =
        let s, resultPixel = plan.Source, plan.ResultPixel
        let task = task / plan.Slices
        let first = task / plan.Bands * plan.SamplesEach
        let count = min plan.SamplesEach (samples - first)
        let from = task % plan.Bands * plan.Band
        let last = from + plan.Band |> min s.Rows.Most
        let sample = nativeint (s.Rows.Extent * s.Columns.Extent) * nativeint s.PixelBytes
        let struct (plane, start, stop) = pixels plan from last

        {
            First = first
            Samples = count
            From = from
            To = last
            Source = s.Read(source + nativeint first * sample, count, plan.SamplesEach, from, last)
            Result =
                if plan.Transposes then
                    let each = if count > 1 then plane else stop - start
                    Scratch.Get(ScratchSlot.ConvTransposed, int64 count * int64 each * int64 resultPixel)
                else
                    result + (nativeint first * nativeint plane + nativeint start) * nativeint resultPixel
        }

    /// Calls the epilogue for channels `first` to `until` − 1 of a finished task; if the result has channels first, then
    /// transposes the task from scratch memory into it. `channels` is the number of all channels of the result.
    let complete (plan: ConvPlan) channels size (task: ConvTask) (result: nativeint) first until epilogue =
        let struct (plane, start, last) = pixels plan task.From task.To
        let pixel, width = nativeint plan.ResultPixel, nativeint<int> size
        let at i = task.Result + nativeint (i * plane) * pixel

        match (epilogue: BlockEpilogue | null) with
        | null -> ()
        | epilogue ->
            for i in 0 .. task.Samples - 1 do
                let row = (task.First + i) * plane + start
                epilogue.Invoke(at i + nativeint<int> first * width, row, last - start, first, until - first)

        if plan.Transposes then
            for i in 0 .. task.Samples - 1 do
                let sample = nativeint (task.First + i) * nativeint plane * nativeint channels

                let from, row = at i, nativeint plane * width
                let into = result + (sample + nativeint start) * width
                TransposeBlock.matrix size from pixel (last - start) channels into row

/// A convolution, or its transpose, as a GEMM: rows are pixels of the result, whose taps are read in place in the source; columns
/// are channels of the result. Weights are packed at each run, or once if they never change. `source` and `result` are the
/// numbers of channels of one group, `weightSource` and `weightResult` the weights' strides along them, in elements.
[<Sealed>]
type internal ConvGemm<'S, 'V, 'T when 'S :> ISimd<'V, 'T> and 'T: unmanaged>
    (plan: ConvPlan, samples, groups, source, result, weightSource, weightResult, kernel) =
    inherit ConvKernel()

    let o = ConvOperands()
    let size = sizeof<'T>
    let wide = 2 * 'S.Bytes
    let panelColumns = wide / size
    let panels = (result + panelColumns - 1) / panelColumns
    let channels = groups * result
    let pixel = channels * size
    /// Whether a task's results are contiguous and have all channels of the result.
    let isWhole = groups = 1 && plan.Slices = 1 && plan.Positions.Length = 1 && plan.ResultPixel = pixel

    /// For each residue, the offset in bytes at which its panels begin in the packed weights.
    let starts =
        plan.Positions
        |> Array.scan
            (fun start p -> start + int64 (groups * panels) * int64 wide * int64 p.Taps.Length * int64 source)
            0L

    let packed = Block.Kept(starts[plan.Positions.Length])

    /// The address of the packed weights of one panel, for a residue and a group.
    let panelOf residue group panel =
        let bytes = nativeint plan.Positions[residue].Taps.Length * nativeint<int> source * nativeint wide
        packed.Address + nativeint starts[residue] + nativeint (group * panels + panel) * bytes

    let packTask task =
        let residue, rest = task / (groups * panels), task % (groups * panels)
        let group, panel = rest / panels, rest % panels
        let first = panel * panelColumns
        let target = panelOf residue group panel
        let taps = plan.Positions[residue].Taps
        let at = nativeint group * nativeint (source * result * kernel) + nativeint (first * weightResult)

        for t in 0 .. taps.Length - 1 do
            let from = o.Right + (at + nativeint taps[t]) * nativeint size
            let row, column = nativeint (weightSource * size), nativeint (weightResult * size)
            let into = target + nativeint (t * source) * nativeint wide
            Pack<'S, 'V, 'T>.Panel(source, min panelColumns (result - first), from, row, column, into)

    let multiplyTask number =
        let spare = Scratch.Get(ScratchSlot.ConvEdge, PanelKernel<'S, 'V, 'T>.Spare)
        let task = ConvTask.make plan samples number o.Left o.Result
        let panelsEach = (panels + plan.Slices - 1) / plan.Slices
        let from = number % plan.Slices * panelsEach
        let until = min panels (from + panelsEach)
        let mutable tile = Tile()
        tile.Step <- nativeint size

        for residue in 0 .. plan.Positions.Length - 1 do
            let positions = plan.Positions[residue]
            let rows = max 0 (min task.To positions.Rows - task.From)
            let m = task.Samples * rows * positions.Columns
            let sum = positions.Taps.Length * source

            for group in 0 .. groups - 1 do
                for kBlock in 0 .. positions.KBlocks.Length - 1 do
                    let struct (run, count) = positions.KBlocks[kBlock]
                    let deep = nativeint (kBlock * KBlocks.length sum) * nativeint wide

                    tile.Runs <- positions.Runs.Address run
                    tile.Count <- count
                    tile.A <- task.Source + nativeint (group * source * size)
                    tile.Add <- kBlock > 0

                    // Goes from the last panel to the first: what the last one writes beyond its columns belongs to the next
                    // pixel, and is overwritten later.
                    for panel in until - 1 .. -1 .. from do
                        let first = panel * panelColumns
                        tile.ARows <- positions.Sources.Address 0
                        tile.B <- panelOf residue group panel + deep
                        tile.C <- task.Result + nativeint ((group * result + first) * size)
                        tile.CRows <- positions.Results.Address 0
                        let columns = min panelColumns (result - first)

                        let over =
                            if isWhole && kBlock = 0 then m - (wide - columns * size) / pixel - 1 else 0

                        PanelKernel<'S, 'V, 'T>.MultiplyTable(m, columns, over, &tile, spare)

        let last = if until = panels then channels else until * panelColumns
        ConvTask.complete plan channels size task o.Result (from * panelColumns) last o.Epilogue

    let all = Array.create plan.Tasks true
    let mutable chosen = all

    let multiplyChosen task =
        if chosen[task] then
            multiplyTask task

    // The task functions for `WorkerPool.runOn`: closures made once, so that a run allocates nothing.
    let pack: int -> unit = packTask
    let multiply: int -> unit = multiplyChosen

    override _.Operands = o
    override _.Kept = packed

    /// Runs only the tasks of the plan for which `tasks` is true.
    member this.RunTasks(threads, left, right, target, epilogue, tasks: bool[]) =
        chosen <- tasks
        this.Run(threads, left, right, target, epilogue)
        chosen <- all

    override this.Compute threads =
        if plan.Positions.Length > 0 && channels > 0 then
            if this.Packs() then
                WorkerPool.runOn threads (plan.Positions.Length * groups * panels) pack

            WorkerPool.runOn threads plan.Tasks multiply
