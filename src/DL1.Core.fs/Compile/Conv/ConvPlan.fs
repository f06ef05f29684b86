namespace DL1.Compiler.Conv

open System
open System.Collections.Generic
open DL1.Compiler
open DL1.Compiler.Gemm

/// The results of one task for one residue along the rows and one along the columns: tables of offsets for the micro-kernels.
[<NoEquality; NoComparison>]
type internal ConvPositions =
    {
        /// The number of rows and of columns that these residues have in a whole sample.
        Rows: int
        Columns: int
        /// Offsets in bytes by sample, row and column: of the place in the source from which `Runs` counts, and of the result.
        Sources: ConvTable
        Results: ConvTable
        /// For each tap, its kernel element as row · kernel width + column, in the order of the runs.
        Taps: int[]
        /// For each k-block of the sum, the index of its first word in `Runs`, and its number of runs.
        KBlocks: struct (int * int)[]
        /// For each run, two words: its offset in bytes, and its number of elements.
        Runs: ConvTable
    }

/// The division of a convolution, or its transpose, into tasks, by size alone: some samples, or a band of one sample's results.
[<NoEquality; NoComparison>]
type internal ConvPlan =
    {
        Source: ConvSource
        /// For each pair of a residue along the rows and one along the columns, row by row.
        Positions: ConvPositions[]
        /// The number of samples in a task. If there are several, a sample has one band.
        SamplesEach: int
        /// The number of rows of results, of each residue, in a task; and the number of such bands in a sample.
        Band: int
        Bands: int
        /// The number of slices of the result's channels, each of whole panels. A task computes one slice.
        Slices: int
        Tasks: int
        /// The bytes from one pixel of the result to the next: more than its channels if they are a slice of a larger result.
        ResultPixel: int
        /// Whether the result has channels first. If so, a task computes in scratch memory, and then transposes into the result.
        Transposes: bool
    }

/// The convolution over two axes, or its transpose, that `ConvPlan.make` divides.
[<NoEquality; NoComparison>]
type internal ConvProblem =
    {
        Geometry: ConvGeometry
        Rows: ConvAxis
        Columns: ConvAxis
        /// The numbers of channels of the source and of the result, over all groups.
        Source: int
        Result: int
        /// The elements from one pixel of the result to the next.
        ResultPixel: int
        /// The work on one sample, in multiply-adds of a GEMM.
        Work: int64
        /// The bytes of an element.
        Size: int
        /// The number of rows of results in a task is a multiple of this, except in the last band of a sample.
        Multiple: int
        /// The number of panels of result channels that tasks may divide; 1 if each task needs all channels.
        Panels: int
        /// Whether the kernel itself reads zeros for taps outside the source, so that padding needs no copy of the source.
        Masks: bool
        /// Whether the source (`Left`) and the result have channels first.
        First: ConvFirst
    }

[<RequireQualifiedAccess>]
module internal ConvPlan =
    /// The runs of the taps of one residue, in order, as (offset in bytes, number of elements). Contiguous taps share a run.
    let private runs (problem: ConvProblem) (source: ConvSource) (rows: ConvResidue) (columns: ConvResidue) =
        let found = List<struct (nativeint * int)>()
        let each = problem.Source / problem.Geometry.Groups
        // With several groups, the channels of the other groups lie between those of a group at neighbouring pixels.
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

    /// Divides runs where k-blocks end. Returns their table and, for each k-block, its first word's index and its number of runs.
    /// `step` is the bytes from one element of a run to the next.
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

    /// The rows of results in a band, from `least` to twice as many: the number with the smallest share of unused tile rows.
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

        // Small samples share a task, for fuller tiles. Large samples are divided; so are few samples, for enough tasks.
        let full =
            int64 (Tuning.ConvTaskResults / max 1 results) |> min (Tuning.ConvTaskBytes / max 1L sample)

        let light = min Tuning.ConvMostImages (Tuning.ConvImagesOperations / max 1L problem.Work)
        let samples = int (max full light |> min (int64 (images / 8)) |> max 1L)

        let wanted =
            int64 ((Tuning.ConvTasks - 1 + images) / max 1 images)
            |> min (problem.Work / Tuning.ConvTaskOperations)
            |> max 1L

        // Each band reads all weights, each slice reads the whole source: the smaller of the two is read several times.
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
