namespace DL1.Compiler.Conv

open FSharp.NativeInterop
open DL1
open DL1.Compiler.Gemm
open DL1.Compiler.Movement
open DL1.Compiler.Runtime
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller answers for their extents.

/// A task of a plan: its samples and its band of results, for the kernels whose results are pixels.
[<Struct; NoEquality; NoComparison>]
type internal ConvPart =
    {
        First: int
        Samples: int
        /// The rows of results of each residue: From to To − 1.
        From: int
        To: int
        /// The addresses from which tiles read and to which they write.
        Source: nativeint
        Result: nativeint
    }

[<RequireQualifiedAccess>]
module internal ConvPart =
    /// The number of result pixels of a sample; the first one of rows `from` on, and of rows `last` on.
    let private places (plan: ConvPlan) from last =
        let rows, columns = plan.Source.Rows, plan.Source.Columns
        let place row = min rows.Length (row * rows.Spacing) * columns.Length
        struct (rows.Length * columns.Length, place from, place last)

    /// Task number `part`, for the samples at `source` and `result`; copies the source where that is necessary.
    let make (plan: ConvPlan) samples resultPlace part (source: nativeint) (result: nativeint) =
        let s = plan.Source
        let first = part / plan.Bands * plan.SamplesEach
        let count = min plan.SamplesEach (samples - first)
        let from = part % plan.Bands * plan.Band
        let last = from + plan.Band |> min s.Rows.Most
        let sample = nativeint (s.Rows.Extent * s.Columns.Extent) * nativeint s.Place
        let struct (plane, start, finish) = places plan from last

        let read =
            if s.Copies then
                let room = Scratch.Get(ScratchSlot.ConvSource, int64 plan.SamplesEach * int64 s.Sample)

                for i in 0 .. count - 1 do
                    s.Read(
                        source + nativeint (first + i) * sample,
                        from,
                        last,
                        room + nativeint (i * s.Sample)
                    )
                    |> ignore

                room
            else
                s.Read(source + nativeint first * sample, from, last, 0n)

        {
            First = first
            Samples = count
            From = from
            To = last
            Source = read
            Result =
                if plan.Turns then
                    let each = if count > 1 then plane else finish - start
                    Scratch.Get(ScratchSlot.ConvTransposed, int64 count * int64 each * int64<int> resultPlace)
                else
                    result
                    + (nativeint first * nativeint plane + nativeint start) * nativeint<int> resultPlace
        }

    /// The number of results of one residue in a task.
    let count (part: ConvPart) (places: ConvPositions) =
        part.Samples * max 0 (min part.To places.Rows - part.From) * places.Columns

    /// Calls the epilogue for a finished task, and transposes it into the result if it is in scratch memory.
    let finish (plan: ConvPlan) (channels: int) resultPlace (part: ConvPart) (result: nativeint) finish =
        let struct (plane, start, last) = places plan part.From part.To
        let at i = part.Result + nativeint (i * plane) * nativeint<int> resultPlace

        match (finish: BlockEpilogue | null) with
        | null -> ()
        | finish ->
            for i in 0 .. part.Samples - 1 do
                finish.Invoke(at i, (part.First + i) * plane + start, last - start, 0, channels)

        if plan.Turns then
            let size = nativeint (resultPlace / channels)

            for i in 0 .. part.Samples - 1 do
                let sample = nativeint (part.First + i) * nativeint plane * nativeint channels

                TransposeBlock.matrix
                    (int size)
                    (at i)
                    (nativeint resultPlace)
                    (last - start)
                    channels
                    (result + (sample + nativeint start) * size)
                    (nativeint plane * size)

/// A convolution, or its transpose, as a GEMM: rows are pixels of the result, whose taps are read where they are in the
/// source; columns are channels of the result; the weights are packed at each run. `source` and `result` are channels
/// of one group; `weightSource` and `weightResult` are the weights' strides along them, in elements.
[<Sealed>]
type internal ConvGemm<'S, 'V, 'T
    when 'S :> ISimd<'V, 'T> and 'S: struct and 'V: struct and 'T: unmanaged and 'T: struct>
    (plan: ConvPlan, samples, groups, source, result, weightSource, weightResult, kernel) =
    inherit ConvKernel()

    let size = sizeof<'T>
    let wide = 2 * 'S.Bytes
    let panelColumns = wide / size
    let panels = (result + panelColumns - 1) / panelColumns
    let channels = groups * result
    let place = channels * size

    /// The offsets at which the panels of each residue begin in the packed weights, in bytes.
    let starts =
        plan.Places
        |> Array.scan
            (fun start p -> start + int64 (groups * panels) * int64 wide * int64 p.Taps.Length * int64 source)
            0L

    let packed = ConvBuffer(starts[plan.Places.Length])
    let mutable x = 0n
    let mutable w = 0n
    let mutable y = 0n
    let mutable finish: BlockEpilogue | null = null

    /// The address of the packed weights of one panel, of a residue and group.
    let panelOf phase group panel =
        let bytes = nativeint plan.Places[phase].Taps.Length * nativeint<int> source * nativeint wide
        packed.Address + nativeint starts[phase] + nativeint (group * panels + panel) * bytes

    let packPart part =
        let phase, rest = part / (groups * panels), part % (groups * panels)
        let group, panel = rest / panels, rest % panels
        let first = panel * panelColumns
        let target = panelOf phase group panel
        let taps = plan.Places[phase].Taps
        let at = nativeint group * nativeint (source * result * kernel) + nativeint (first * weightResult)

        for t in 0 .. taps.Length - 1 do
            Pack<'S, 'V, 'T>
                .Panel(
                    source,
                    min panelColumns (result - first),
                    w + (at + nativeint taps[t]) * nativeint size,
                    nativeint (weightSource * size),
                    nativeint (weightResult * size),
                    target + nativeint (t * source) * nativeint wide
                )

    let multiplyPart number =
        let spare = Scratch.Get(ScratchSlot.ConvEdge, ConvPanel<'S, 'V, 'T>.Spare)
        let part = ConvPart.make plan samples place number x y

        for phase in 0 .. plan.Places.Length - 1 do
            let places = plan.Places[phase]
            let m = ConvPart.count part places
            let sum = places.Taps.Length * source

            for group in 0 .. groups - 1 do
                for cut in 0 .. places.Cuts.Length - 1 do
                    let struct (run, count) = places.Cuts[cut]
                    let deep = nativeint (cut * KBlocks.length sum) * nativeint wide

                    for panel in 0 .. panels - 1 do
                        let first = panel * panelColumns

                        ConvPanel<'S, 'V, 'T>
                            .Multiply(
                                m,
                                min panelColumns (result - first),
                                places.Runs.Address run,
                                count,
                                nativeint size,
                                part.Source + nativeint (group * source * size),
                                places.Sources.Address 0,
                                panelOf phase group panel + deep,
                                part.Result + nativeint ((group * result + first) * size),
                                places.Results.Address 0,
                                cut > 0,
                                spare
                            )

        ConvPart.finish plan channels place part y finish

    // The bodies of the pool's runs, made once so that a run allocates nothing.
    let mutable pack: int -> unit = ignore
    let mutable multiply: int -> unit = ignore
    let mutable chosen: bool[] | null = null
    do pack <- fun part -> packPart part

    do
        multiply <-
            fun part ->
                match chosen with
                | null -> multiplyPart part
                | chosen ->
                    if chosen[part] then
                        multiplyPart part

    override _.KeptBytes = packed.Bytes

    /// Runs only the tasks of the plan for which `parts` is true.
    member this.RunParts(threads, left, right, target, finish, parts: bool[]) =
        chosen <- parts
        this.Run(threads, left, right, target, finish)
        chosen <- null

    override _.Run(threads, left, right, target, finish') =
        x <- left
        w <- right
        y <- target
        finish <- finish'

        if plan.Places.Length > 0 && channels > 0 then
            WorkerPool.runOn threads (plan.Places.Length * groups * panels) pack
            WorkerPool.runOn threads plan.Parts multiply

        finish <- null
        packed.Hold()
