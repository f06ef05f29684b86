namespace DL1.Compiler.Conv

open System
open System.Collections.Generic
open DL1.Compiler
open DL1.Compiler.Gemm

/// The results of one residue along both axes, for one task: their offsets, in tables for the micro-kernels.
[<NoEquality; NoComparison>]
type internal ConvPositions =
    {
        /// The results of the residue along the rows, and along the columns.
        Rows: int
        Columns: int
        /// Offsets in bytes, by sample, row and column: where each result's first tap is read, and where it is written.
        Sources: ConvTable
        Results: ConvTable
        /// The kernel elements of the taps, as row · width + column, in the order of the runs.
        Taps: int[]
        /// For each k-block of the sum, where its runs begin in `Runs`, and their number.
        KBlocks: struct (int * int)[]
        Runs: ConvTable
    }

/// How the extents divide a convolution, or its transpose, into tasks: some samples, or a band of results of one sample.
[<NoEquality; NoComparison>]
type internal ConvPlan =
    {
        Source: ConvSource
        Positions: ConvPositions[]
        /// The samples of a task; with more than one, there is one band.
        SamplesEach: int
        /// The rows of results, of each residue, in a task.
        Band: int
        Bands: int
        /// The slices of the result's channels, each of whole panels: a task computes one.
        Slices: int
        Tasks: int
        /// The bytes from a pixel of the result to the next: more than its channels where they are a slice of a larger result.
        ResultPixel: int
        /// Whether the result has channels first: then tasks are computed in scratch memory, and transposed into it.
        Transposes: bool
    }

/// What is to be planned: a convolution over two axes, or its transpose.
[<NoEquality; NoComparison>]
type internal ConvProblem =
    {
        Geometry: ConvGeometry
        Rows: ConvAxis
        Columns: ConvAxis
        /// The channels of the source and of the result, of all groups.
        Source: int
        Result: int
        /// The elements from a pixel of the result to the next.
        ResultPixel: int
        /// Multiply-adds of one sample.
        Work: int64
        /// The bytes of an element.
        Size: int
        /// The rows of results in a task are a multiple of this.
        Multiple: int
        /// The panels of result channels that tasks may divide; 1 where each task needs all channels.
        Panels: int
        /// Whether the kernel reads zeros instead of what is outside the source, so that no copy has to have them.
        Masks: bool
        /// Whether the source (`Left`) and the result have channels first.
        First: ConvFirst
    }

[<RequireQualifiedAccess>]
module internal ConvPlan =
    /// The runs of the taps of one residue, in order, as (offset, length); contiguous taps share a run.
    let private runs (problem: ConvProblem) (source: ConvSource) (rows: ConvResidue) (columns: ConvResidue) =
        let found = List<struct (nativeint * int)>()
        let each = problem.Source / problem.Geometry.Groups
        // At one pixel, the channels of a group are followed by those of the next group.
        let joins = problem.Geometry.Groups = 1 || problem.Geometry.IsDepthwise

        for struct (row, _) in rows.Taps do
            let mutable following = Int32.MinValue

            for struct (column, _) in columns.Taps do
                if joins && column = following then
                    let struct (offset, length) = found[found.Count - 1]
                    found[found.Count - 1] <- struct (offset, length + each)
                else
                    let offset = source.Offset(row - source.Rows.Low, column - source.Columns.Low)
                    found.Add(struct (offset, each))

                following <- column + 1

        found

    /// The runs divided where the sum's k-blocks end, as words; and for each k-block its first run and their number.
    let private divided (step: int) (runs: List<struct (nativeint * int)>) =
        let whole = runs |> Seq.sumBy (fun (struct (_, length)) -> length)
        let words = List<nativeint>()
        let kBlocks = Array.zeroCreate<struct (int * int)>(KBlocks.count whole)
        let mutable run = 0
        let mutable taken = 0

        for kBlock in 0 .. kBlocks.Length - 1 do
            let mutable left = KBlocks.at whole kBlock
            let start = words.Count

            while left > 0 do
                let struct (offset, length) = runs[run]
                let now = min left (length - taken)
                words.Add(offset + nativeint (taken * step))
                words.Add(nativeint now)
                left <- left - now
                taken <- taken + now

                if taken = length then
                    run <- run + 1
                    taken <- 0

            kBlocks[kBlock] <- struct (start, (words.Count - start) / 2)

        struct (ConvTable(words.ToArray()), kBlocks)

    let private positions (problem: ConvProblem) (source: ConvSource) samples band rows columns =
        let channels = if problem.Geometry.IsDepthwise then problem.Geometry.Groups else 1
        let struct (runs, kBlocks) = divided (channels * problem.Size) (runs problem source rows columns)
        let pixel = problem.ResultPixel * problem.Size
        let plane = problem.Rows.Length * problem.Columns.Length

        let table sample (offsetOf: int -> int -> nativeint) =
            ConvTable
                [|
                    for i in 0 .. samples - 1 do
                        for q in 0 .. min band rows.Count - 1 do
                            for p in 0 .. columns.Count - 1 do
                                nativeint i * nativeint<int> sample + offsetOf q p
                |]

        let result q p =
            let row = rows.First + q * problem.Rows.Spacing
            let column = columns.First + p * problem.Columns.Spacing
            nativeint (row * problem.Columns.Length + column) * nativeint pixel

        {
            Rows = rows.Count
            Columns = columns.Count
            Sources =
                table source.Sample (fun q p ->
                    source.Offset(q * problem.Rows.Step, p * problem.Columns.Step))
            Results = table (plane * pixel) result
            Taps =
                [|
                    for struct (_, row) in rows.Taps do
                        for struct (_, column) in columns.Taps do
                            row * problem.Geometry.KernelWidth + column
                |]
            KBlocks = kBlocks
            Runs = runs
        }

    /// The rows of results in a band, from `least` to twice as many, of which the fewest rows of tiles are unused.
    let private fullest (problem: ConvProblem) count least =
        let even = (least + problem.Multiple - 1) / problem.Multiple * problem.Multiple
        let padded results = if results % 12 <= 6 then (results + 5) / 6 * 6 else (results + 11) / 12 * 12

        seq { even .. problem.Multiple .. min count (2 * even) }
        |> Seq.append [ min count even ]
        |> Seq.minBy (fun rows ->
            let results = rows * max 1 problem.Columns.Most / (problem.Multiple * problem.Multiple) |> max 1
            float (padded results) / float results)

    let make (problem: ConvProblem) : ConvPlan =
        let rows, columns, images = problem.Rows, problem.Columns, problem.Geometry.Images
        let count = max 1 rows.Most
        let results = rows.Length * columns.Length
        let sourceElements = int64 (rows.Extent * columns.Extent) * int64 problem.Source
        let sample = (sourceElements + int64 results * int64 problem.Result) * int64 problem.Size

        // Small samples share a task, for fuller tiles; large samples are divided, and so are samples that are few.
        let full =
            int64 (Tuning.ConvTaskResults / max 1 results) |> min (Tuning.ConvTaskBytes / max 1L sample)

        let light = min Tuning.ConvMostImages (Tuning.ConvImagesOperations / max 1L problem.Work)
        let samples = int (max full light |> min (int64 (images / 8)) |> max 1L)

        let wanted =
            int64 ((Tuning.ConvTasks - 1 + images) / max 1 images)
            |> min (problem.Work / Tuning.ConvTaskOperations)
            |> max 1L

        // All bands read all weights, all slices read all of the source: the smaller one is read several times.
        let slices =
            let weights = problem.Work / max 1L (int64 results)

            if problem.First.Result || weights < sourceElements then
                1
            else
                let each = (int64 problem.Panels + wanted - 1L) / wanted
                int ((int64 problem.Panels + each - 1L) / each)

        let bands =
            max
                ((sample / int64 slices + Tuning.ConvTaskBytes - 1L) / Tuning.ConvTaskBytes)
                ((wanted + int64 slices - 1L) / int64 slices)
            |> min (int64 count)
            |> int

        let band =
            if samples > 1 then
                count
            else
                fullest problem count ((count + bands - 1) / bands)

        let bands = (count + band - 1) / band

        let source =
            ConvSource.make rows columns problem.Source problem.Size band problem.First.Left problem.Masks

        {
            Source = source
            Positions =
                [|
                    for rows in rows.Residues do
                        for columns in columns.Residues do
                            positions problem source samples band rows columns
                |]
            SamplesEach = samples
            Band = band
            Bands = bands
            Slices = slices
            Tasks = (images + samples - 1) / samples * bands * slices
            ResultPixel = problem.ResultPixel * problem.Size
            Transposes = problem.First.Result
        }
