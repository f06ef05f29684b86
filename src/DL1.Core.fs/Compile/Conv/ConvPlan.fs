namespace DL1.Compiler.Conv

open System
open System.Collections.Generic
open DL1
open DL1.Compiler.Gemm

/// The results of one residue along both axes, for one task: their offsets, in tables for the micro-kernels.
[<NoEquality; NoComparison>]
type internal ConvPositions =
    {
        /// The results of the residue along the rows, and along the columns.
        Rows: int
        Columns: int
        /// Offsets in bytes: where each result's first tap is read, and where the result is written. By sample, row,
        /// column.
        Sources: ConvTable
        Results: ConvTable
        /// The kernel elements of the taps, as row · width + column, in the order of the runs.
        Taps: int[]
        /// For each k-block of the sum, where its runs begin in `Runs`, and their number.
        Cuts: struct (int * int)[]
        Runs: ConvTable
    }

/// How a convolution, or its transpose, is divided into tasks: some whole samples, or a band of results of one sample.
/// The division depends on the extents alone.
[<NoEquality; NoComparison>]
type internal ConvPlan =
    {
        Source: ConvSource
        Places: ConvPositions[]
        /// The samples of a task; with more than one, there is one band.
        SamplesEach: int
        /// The rows of results, of each residue, in a task.
        Band: int
        Bands: int
        Parts: int
        /// Whether the result has channels first: then tasks are computed in scratch memory, and transposed into the
        /// result.
        Turns: bool
    }

/// What is to be planned: a convolution over two axes, or its transpose.
[<NoEquality; NoComparison>]
type internal ConvTask =
    {
        Rows: ConvAxis
        Columns: ConvAxis
        Samples: int
        /// The channels of the source and of the result, of all groups.
        Source: int
        Result: int
        KernelWidth: int
        /// The elements of a tap in the runs; whether those of neighbouring taps are contiguous; and the bytes from one
        /// element to the next.
        Each: int
        Joins: bool
        Step: int
        /// Multiply-adds of one sample.
        Work: int64
        /// The bytes of an element.
        Size: int
        /// The rows of results in a task are a multiple of this.
        Multiple: int
        /// Whether the source, and the result, have channels first.
        SourceFirst: bool
        ResultFirst: bool
    }

[<RequireQualifiedAccess>]
module internal ConvPlan =
    /// The bytes of data and results in a task, which stay in a second-level cache.
    let private room = 196608L

    /// The runs of the taps of one residue, in their order, as (offset, length). Taps whose elements are contiguous
    /// share a run.
    let private runs (task: ConvTask) (source: ConvSource) (rows: ConvResidue) (columns: ConvResidue) =
        let found = List<struct (nativeint * int)>()

        for struct (row, _) in rows.Taps do
            let mutable following = Int32.MinValue

            for struct (column, _) in columns.Taps do
                if task.Joins && column = following then
                    let struct (offset, length) = found[found.Count - 1]
                    found[found.Count - 1] <- struct (offset, length + task.Each)
                else
                    let offset = source.Offset(row - source.Rows.Low, column - source.Columns.Low)
                    found.Add(struct (offset, task.Each))

                following <- column + 1

        found

    /// The runs divided where the sum's k-blocks end, as words; and for each k-block where its runs begin, and their
    /// number.
    let private cut (step: int) (runs: List<struct (nativeint * int)>) =
        let whole = runs |> Seq.sumBy (fun (struct (_, length)) -> length)
        let words = List<nativeint>()
        let cuts = Array.zeroCreate<struct (int * int)>(KBlocks.count whole)
        let mutable run = 0
        let mutable taken = 0

        for cut in 0 .. cuts.Length - 1 do
            let mutable left = KBlocks.at whole cut
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

            cuts[cut] <- struct (start, (words.Count - start) / 2)

        struct (ConvTable(words.ToArray()), cuts)

    let private places (task: ConvTask) (source: ConvSource) samples band rows columns =
        let struct (runs, cuts) = cut task.Step (runs task source rows columns)
        let place = task.Result * task.Size
        let plane = task.Rows.Length * task.Columns.Length

        let table sample (place: int -> int -> nativeint) =
            ConvTable
                [|
                    for i in 0 .. samples - 1 do
                        for q in 0 .. min band rows.Count - 1 do
                            for p in 0 .. columns.Count - 1 do
                                nativeint i * nativeint<int> sample + place q p
                |]

        let result q p =
            let row = rows.First + q * task.Rows.Spacing
            let column = columns.First + p * task.Columns.Spacing
            nativeint (row * task.Columns.Length + column) * nativeint place

        {
            Rows = rows.Count
            Columns = columns.Count
            Sources =
                table source.Sample (fun q p -> source.Offset(q * task.Rows.Step, p * task.Columns.Step))
            Results = table (plane * place) result
            Taps =
                [|
                    for struct (_, row) in rows.Taps do
                        for struct (_, column) in columns.Taps do
                            row * task.KernelWidth + column
                |]
            Cuts = cuts
            Runs = runs
        }

    let make (task: ConvTask) : ConvPlan =
        let count = max 1 task.Rows.Most
        let results = task.Rows.Length * task.Columns.Length

        let sample =
            (int64 (task.Rows.Extent * task.Columns.Extent) * int64 task.Source
             + int64 results * int64 task.Result)
            * int64 task.Size

        // Small samples share a task, for fuller tiles; large samples are divided, and so are samples that are few.
        let full = int64 (192 / max 1 results) |> min (room / max 1L sample)
        let light = min 1024L (65536L / max 1L task.Work)
        let samples = int (max full light |> min (int64 (task.Samples / 8)) |> max 1L)

        let bands =
            max ((sample + room - 1L) / room) (int64 ((15 + task.Samples) / max 1 task.Samples))
            |> min (max 1L (task.Work / 65536L))
            |> min (int64 count)
            |> int

        let even rows = (rows + task.Multiple - 1) / task.Multiple * task.Multiple
        let band = if samples > 1 then count else min count (even ((count + bands - 1) / bands))
        let bands = (count + band - 1) / band
        let source = ConvSource.make task.Rows task.Columns task.Source task.Size band task.SourceFirst

        {
            Source = source
            Places =
                [|
                    for rows in task.Rows.Phases do
                        for columns in task.Columns.Phases do
                            places task source samples band rows columns
                |]
            SamplesEach = samples
            Band = band
            Bands = bands
            Parts = (task.Samples + samples - 1) / samples * bands
            Turns = task.ResultFirst
        }
