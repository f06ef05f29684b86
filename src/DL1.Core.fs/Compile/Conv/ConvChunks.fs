namespace DL1.Compiler.Conv

open DL1.Compiler
open DL1.Compiler.Movement
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

/// The division of a weight gradient's sum over all pixels of all samples; it depends on the extents alone. Samples are read in
/// groups of `SamplesEach`. A chunk is a group or, if that is a single sample, part of it; its sum is one chain of fused
/// multiply-adds. Chunks are added in order to a partial sum, and the partial sums are added in order.
[<NoEquality; NoComparison>]
type internal ConvChunks =
    {
        Source: ConvSource
        /// The number of samples in a group, which are read together. If there are several, they are one chunk.
        SamplesEach: int
        /// Runs of pixels, with two words for each run: the offset in bytes at which it is read, and its number of pixels.
        Runs: ConvTable
        /// For each chunk of a group: the number of its first run, its number of runs, its first pixel, its number of pixels.
        Chunks: struct (int * int * int * int)[]
        /// The number of partial sums, and the number of groups of samples in each.
        Partials: int
        GroupsEach: int
        /// Whether the cotangents have channels first: then they are transposed.
        Transposes: bool
    }

/// The work on one chunk. It takes the number of the chunk's first run, its number of runs, its number of pixels, the address of
/// its group's data (from which the runs' offsets count), the address of the chunk's cotangents, the address of the partial sum,
/// the `block` that `ConvChunks.run` was given, and whether to add to the sum or to replace it.
type internal ConvChunk =
    delegate of
        run: int *
        runs: int *
        pixels: int *
        data: nativeint *
        cotangents: nativeint *
        sum: nativeint *
        block: int *
        add: bool ->
            unit

[<RequireQualifiedAccess>]
module internal ConvChunks =
    /// Cuts `count` rows or columns into ranges of at most `most`, all nearly equally long.
    let private slices count most =
        let slices = (count + most - 1) / most
        let at i = int (int64 count * int64 i / int64 slices)
        List.init slices (fun i -> struct (at i, at (i + 1)))

    /// Makes the division, for elements of `size` bytes; `first` says which operands have channels first.
    let make (g: ConvGeometry) (first: ConvFirst) size : ConvChunks =
        let rows = ConvAxis.forward g.SweepHeight g.KernelHeight g.Height g.OutHeight
        let columns = ConvAxis.forward g.SweepWidth g.KernelWidth g.Width g.OutWidth
        let source = ConvSource.make rows columns g.Channels size g.OutHeight first.Left false
        let pixels = g.OutHeight * g.OutWidth
        let samples = max 1 (min (Tuning.ConvChunkPixels / max 1 pixels) g.Images)

        /// The runs of one chunk, as (offset in bytes, number of pixels, first pixel): in each of `samples` samples, rows `from`
        /// to `until` − 1 of the results, from column `first` to `last` − 1.
        let chunk samples from until first last =
            [
                for i in 0 .. samples - 1 do
                    for p in from .. until - 1 do
                        struct (nativeint i * nativeint source.Sample
                                + source.Offset(p * rows.Step, first * columns.Step),
                                last - first,
                                p * g.OutWidth + first)
            ]

        let chunks =
            if samples > 1 then
                [ chunk samples 0 g.OutHeight 0 g.OutWidth ]
            elif g.OutWidth <= Tuning.ConvChunkPixels then
                slices g.OutHeight (Tuning.ConvChunkPixels / max 1 g.OutWidth)
                |> List.map (fun (struct (from, until)) -> chunk 1 from until 0 g.OutWidth)
            else
                [
                    for p in 0 .. g.OutHeight - 1 do
                        for struct (first, last) in slices g.OutWidth Tuning.ConvChunkPixels do
                            chunk 1 p (p + 1) first last
                ]

        let starts = chunks |> List.scan (fun start runs -> start + List.length runs) 0
        let groups = (g.Images + samples - 1) / samples
        // Each partial sum has memory of its own.
        let weights = int64 g.Outputs * int64 g.ChannelsEach * int64 g.Taps * int64 size
        let most = min Tuning.ConvPartials (Tuning.ConvPartialBytes / max 1L weights)
        let partials = int most |> min groups |> max 1

        {
            Source = source
            SamplesEach = samples
            Runs =
                ConvTable
                    [|
                        for struct (offset, length, _) in List.concat chunks do
                            offset
                            nativeint<int> length
                    |]
            Chunks =
                [|
                    for start, runs in List.zip (List.take chunks.Length starts) chunks do
                        let struct (_, _, first) = List.head runs
                        let count = runs |> List.sumBy (fun (struct (_, length, _)) -> length)
                        struct (start, runs.Length, first, count)
                |]
            Partials = partials
            GroupsEach = (groups + partials - 1) / partials
            Transposes = first.Right
        }

    /// The offset in bytes in the source of kernel element `number` (row · kernel width + column).
    let tap (chunks: ConvChunks) (g: ConvGeometry) number =
        let row, column = number / g.KernelWidth, number % g.KernelWidth
        chunks.Source.Offset(row * g.SweepHeight.Dilation, column * g.SweepWidth.Dilation)

    /// Computes partial sum number `partial` at the address `sum`: calls `body` for each of its chunks, with `block`. `data` and
    /// `dy` are the addresses of all data and all cotangents. A sum without chunks is set to `bytes` bytes of zeros.
    let run chunks (g: ConvGeometry) size partial data (dy: nativeint) sum block bytes (body: ConvChunk) =
        let source = chunks.Source

        let dataEach, outEach =
            nativeint g.DataEach * nativeint<int> size, nativeint g.OutEach * nativeint size

        let mutable add = false

        for group in partial * chunks.GroupsEach .. (partial + 1) * chunks.GroupsEach - 1 do
            let sample = group * chunks.SamplesEach
            let count = min chunks.SamplesEach (g.Images - sample)

            if count > 0 then
                let from = data + nativeint sample * dataEach

                let dy =
                    if chunks.Transposes then
                        let copy =
                            Scratch.Get(ScratchSlot.ConvTransposed, int64 chunks.SamplesEach * int64 outEach)

                        let plane = g.OutHeight * g.OutWidth

                        for i in 0 .. count - 1 do
                            let from, into =
                                dy + nativeint (sample + i) * outEach, copy + nativeint i * outEach

                            let row, intoRow = nativeint (plane * size), nativeint (g.Outputs * size)
                            TransposeBlock.matrix size from row g.Outputs plane into intoRow

                        copy
                    else
                        dy + nativeint sample * outEach

                let read = source.Read(from, count, chunks.SamplesEach, 0, g.OutHeight)

                // The last group may have fewer samples than the others, and then a shorter chunk.
                for struct (run, runs, pixel, pixels) in chunks.Chunks do
                    let dy = dy + nativeint pixel * nativeint (g.Outputs * size)
                    let runs = runs / chunks.SamplesEach * count
                    let pixels = pixels / chunks.SamplesEach * count
                    body.Invoke(run, runs, pixels, read, dy, sum, block, add)
                    add <- true

        if not add then
            At.clear sum bytes
