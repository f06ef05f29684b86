namespace DL1

open System
open System.Buffers.Binary
open System.Text

/// Values of TensorFlow's `Summary`, one in each event: what TensorBoard draws.
[<RequireQualifiedAccess>]
module internal EventValue =
    /// An event of a time, in seconds since 1970, and a step.
    let event (seconds: float) (step: int64) (content: WireWriter -> unit) : ReadOnlyMemory<byte> =
        let w = WireWriter()
        w.Double(1, seconds)

        if step <> 0L then
            w.Int64(2, step)

        content w
        w.ToMemory()

    /// The first event of a file.
    let version (w: WireWriter) : unit = w.Text(3, "brain.Event:2")

    let private value (tag: string) (content: WireWriter -> unit) (w: WireWriter) =
        w.Message(
            5,
            fun summary ->
                summary.Message(
                    1,
                    fun value ->
                        value.Text(1, tag)
                        content value
                )
        )

    /// A number.
    let scalar (tag: string) (number: float) : WireWriter -> unit =
        value tag (fun v -> v.Single(2, float32 number))

    /// The graph of some results.
    let graph (roots: Expr list) (w: WireWriter) : unit =
        let inner = WireWriter()
        EventGraph.ofRoots roots inner
        w.Bytes(4, inner.ToMemory())

    /// TensorFlow's limits of buckets: growing by a tenth from 10⁻¹² to 10²⁰, mirrored, 0 between them.
    let private limits =
        lazy
            (let positive = Array.unfold (fun x -> if x < 1e20 then Some(x, x * 1.1) else None) 1e-12
             Array.concat [ Array.rev (Array.map (~-) positive); [| 0.0 |]; positive; [| Double.MaxValue |] ])

    /// How often numbers lie between limits. What is NaN or infinite is not counted.
    let histogram (tag: string) (numbers: float[]) : WireWriter -> unit =
        let finite = Array.filter Double.IsFinite numbers
        let limits = limits.Value
        let counts = Array.zeroCreate<float> limits.Length
        let mutable sum, squares = 0.0, 0.0

        for x in finite do
            // The first limit that is above the number.
            let found = Array.BinarySearch(limits, x)
            let place = if found >= 0 then found + 1 else ~~~found
            counts[min place (limits.Length - 1)] <- counts[min place (limits.Length - 1)] + 1.0
            sum <- sum + x
            squares <- squares + x * x

        let first = max 0 (Array.FindIndex(counts, fun c -> c > 0.0) - 1)
        let last = max first (Array.FindLastIndex(counts, fun c -> c > 0.0))

        value tag (fun v ->
            v.Message(
                5,
                fun h ->
                    h.Double(1, (if finite.Length = 0 then 0.0 else Array.min finite))
                    h.Double(2, (if finite.Length = 0 then 0.0 else Array.max finite))
                    h.Double(3, float finite.Length)
                    h.Double(4, sum)
                    h.Double(5, squares)
                    h.Doubles(6, limits[first..last])
                    h.Doubles(7, counts[first..last])
            ))

    let private signature = [| 0x89uy; 0x50uy; 0x4Euy; 0x47uy; 0x0Duy; 0x0Auy; 0x1Auy; 0x0Auy |]

    /// A PNG file's extents and the number of its channels; a `FormatError` where the bytes are none.
    let private pngSize operation (png: byte[]) : struct (int * int * int) =
        let refuse (given: string) : 'a =
            Refuse.format operation given "the bytes of a PNG file" "write the picture as PNG, whole"

        if png.Length < 33 || not (png.AsSpan(0, 8).SequenceEqual(ReadOnlySpan signature)) then
            refuse $"%d{png.Length} bytes that do not begin as a PNG file does"

        let width, height =
            BinaryPrimitives.ReadInt32BigEndian(ReadOnlySpan(png, 16, 4)),
            BinaryPrimitives.ReadInt32BigEndian(ReadOnlySpan(png, 20, 4))

        let channels =
            match png[25] with
            | 0uy -> 1
            | 2uy
            | 3uy -> 3
            | 4uy -> 2
            | 6uy -> 4
            | other -> refuse $"a PNG file of the colour type %d{other}"

        if width < 1 || height < 1 then
            refuse $"a PNG file of %d{width} by %d{height} points"

        struct (width, height, channels)

    /// A picture.
    let image operation (tag: string) (png: byte[]) : WireWriter -> unit =
        let struct (width, height, channels) = pngSize operation png

        value tag (fun v ->
            v.Message(
                4,
                fun i ->
                    i.Int64(1, int64 height)
                    i.Int64(2, int64 width)
                    i.Int64(3, int64 channels)
                    i.Bytes(4, ReadOnlyMemory png)
            ))

    let private plugin (name: string) (content: ReadOnlyMemory<byte>) (v: WireWriter) =
        v.Message(
            9,
            fun metadata ->
                metadata.Message(
                    1,
                    fun plugin ->
                        plugin.Text(1, name)

                        if content.Length > 0 then
                            plugin.Bytes(2, content)
                )
        )

    let private ofType (number: int64) (extents: int64 list) (content: WireWriter -> unit) (v: WireWriter) =
        v.Message(
            8,
            fun tensor ->
                tensor.Int64(1, number)

                tensor.Message(
                    2,
                    fun shape ->
                        for extent in extents do
                            shape.Message(2, (fun dim -> dim.Int64(1, extent)))
                )

                content tensor
        )

    /// A text, which TensorBoard reads as Markdown.
    let text (tag: string) (markdown: string) : WireWriter -> unit =
        value tag (fun v ->
            plugin "text" ReadOnlyMemory.Empty v
            ofType 7L [ 1L ] (fun t -> t.Bytes(8, ReadOnlyMemory(Encoding.UTF8.GetBytes markdown))) v)

    let private hparams (tag: string) (content: WireWriter -> unit) : WireWriter -> unit =
        let inner = WireWriter()
        content inner

        value tag (fun v ->
            plugin "hparams" (inner.ToMemory()) v
            // A value without a tensor is left out by some readers.
            ofType 1L [] (fun t -> t.Singles(5, [ 0f ])) v)

    /// Which hyper-parameters there are, and the tags of the numbers that trainings are compared by.
    let experiment (values: (string * HyperValue) list) (metrics: string list) : WireWriter -> unit =
        hparams "_hparams_/experiment" (fun data ->
            data.Message(
                2,
                fun experiment ->
                    for name, value in values do
                        experiment.Message(
                            4,
                            fun info ->
                                info.Text(1, name)

                                info.Int64(
                                    4,
                                    match value with
                                    | HyperValue.Word _ -> 1L
                                    | HyperValue.Number _ -> 3L
                                )
                        )

                    for tag in metrics do
                        experiment.Message(5, (fun info -> info.Message(1, (fun name -> name.Text(2, tag)))))
            ))

    /// The hyper-parameters of this training.
    let session (seconds: float) (values: (string * HyperValue) list) : WireWriter -> unit =
        hparams "_hparams_/session_start_info" (fun data ->
            data.Message(
                3,
                fun start ->
                    for name, value in values do
                        start.Message(
                            1,
                            fun entry ->
                                entry.Text(1, name)

                                entry.Message(
                                    2,
                                    fun v ->
                                        match value with
                                        | HyperValue.Number number -> v.Double(2, number)
                                        | HyperValue.Word word -> v.Item(3, word)
                                )
                        )

                    start.Double(5, seconds)
            ))

    /// The end of this training: that it succeeded, or did not.
    let ended (seconds: float) (succeeded: bool) : WireWriter -> unit =
        hparams "_hparams_/session_end_info" (fun data ->
            data.Message(
                4,
                fun ending ->
                    ending.Int64(1, (if succeeded then 1L else 2L))
                    ending.Double(2, seconds)
            ))
