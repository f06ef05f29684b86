namespace DL1.Onnx

open System
open DL1

/// ONNX's messages written as protocol buffers: what `ReadModel` reads.
[<RequireQualifiedAccess>]
module internal WriteModel =
    let private pair (key: string, value: string) (w: WireWriter) =
        w.Text(1, key)
        w.Item(2, value)

    /// The fields of a tensor whose elements are in another file.
    let private external (place: ExternalPlace) (w: WireWriter) =
        let entry key value = w.Message(13, pair (key, value))
        entry "location" place.Location
        entry "offset" (string place.Offset)
        place.Length |> Option.iter (fun length -> entry "length" (string length))
        w.Int64(14, 1L)

    /// `TensorProto`; elements in an external file stay there.
    let tensor (t: OnnxTensor) (w: WireWriter) : unit =
        w.Int64s(1, t.Dims)
        w.Int64(2, int64 (int t.Type))
        w.Text(8, t.Name)

        match t.Bytes with
        | TensorBytes.Raw raw -> w.Bytes(9, raw.Read())
        | TensorBytes.Fields message ->
            let reader = WireReader message

            // The fields of elements, as they are.
            Wire.fields reader (fun field wire ->
                match field, wire with
                | (4 | 5 | 6 | 7 | 10 | 11), WireType.Bytes ->
                    w.Bytes(field, reader.Bytes())
                    true
                | (5 | 7 | 11), WireType.Varint ->
                    w.Int64(field, int64 (reader.Varint()))
                    true
                | 4, WireType.Fixed32 ->
                    w.Single(field, BitConverter.UInt32BitsToSingle(reader.Fixed32()))
                    true
                | _ -> false)
        | TensorBytes.External place -> external place w

    let private dim (d: OnnxDim) (w: WireWriter) =
        match d with
        | OnnxDim.Fixed n -> w.Int64(1, n)
        | OnnxDim.Named name -> w.Text(2, name)
        | OnnxDim.Any -> ()

    let private value (v: OnnxValue) (w: WireWriter) =
        w.Text(1, v.Name)

        if v.IsTensor then
            w.Message(
                2,
                fun w ->
                    w.Message(
                        1,
                        fun w ->
                            w.Int64(1, int64 (int v.Type))

                            match v.Dims with
                            | Some dims ->
                                w.Message(
                                    2,
                                    (fun w ->
                                        for d in dims do
                                            w.Message(1, dim d))
                                )
                            | None -> ()
                    )
            )

    let rec private attribute (name: string, a: OnnxAttribute) (w: WireWriter) =
        w.Text(1, name)
        let kind (n: int64) = w.Int64(20, n)

        match a with
        | OnnxAttribute.Float f ->
            w.Single(2, f)
            kind 1L
        | OnnxAttribute.Int i ->
            w.Int64(3, i)
            kind 2L
        | OnnxAttribute.Text s ->
            w.Bytes(4, s)
            kind 3L
        | OnnxAttribute.Tensor t ->
            w.Message(5, tensor t)
            kind 4L
        | OnnxAttribute.Graph g ->
            w.Message(6, graph g)
            kind 5L
        | OnnxAttribute.Floats fs ->
            w.Singles(7, fs)
            kind 6L
        | OnnxAttribute.Ints is ->
            w.Int64s(8, is)
            kind 7L
        | OnnxAttribute.Texts ss ->
            for s in ss do
                w.Bytes(9, s)

            kind 8L
        | OnnxAttribute.Tensors ts ->
            for t in ts do
                w.Message(10, tensor t)

            kind 9L
        | OnnxAttribute.Graphs gs ->
            for g in gs do
                w.Message(11, graph g)

            kind 10L
        | OnnxAttribute.Reference other -> w.Text(21, other)
        | OnnxAttribute.Other what ->
            Refuse.domain
                "Onnx.write"
                $"the attribute '{name}' of {what}"
                "numbers, texts, tensors and graphs"
                "leave the attribute out"

    and private node (n: OnnxNode) (w: WireWriter) =
        for input in n.Inputs do
            w.Item(1, input)

        for output in n.Outputs do
            w.Item(2, output)

        w.Text(3, n.Name)
        w.Text(4, n.Operator)

        for a in n.Attributes do
            w.Message(5, attribute a)

        w.Text(7, n.Domain)

    /// `GraphProto`.
    and graph (g: OnnxGraph) (w: WireWriter) : unit =
        for n in g.Nodes do
            w.Message(1, node n)

        w.Text(2, g.Name)

        for t in g.Initializers do
            w.Message(5, tensor t)

        for v in g.Inputs do
            w.Message(11, value v)

        for v in g.Outputs do
            w.Message(12, value v)

    let private opset (domain: string, version: int64) (w: WireWriter) =
        w.Text(1, domain)
        w.Int64(2, version)

    let private functionOf (f: OnnxFunction) (w: WireWriter) =
        w.Text(1, f.Name)
        f.Inputs |> List.iter (fun i -> w.Item(4, i))
        f.Outputs |> List.iter (fun o -> w.Item(5, o))
        f.Attributes |> List.iter (fun a -> w.Item(6, a))
        f.Nodes |> List.iter (fun n -> w.Message(7, node n))
        f.Opsets |> List.iter (fun o -> w.Message(9, opset o))
        w.Text(10, f.Domain)
        f.Defaults |> List.iter (fun a -> w.Message(11, attribute a))

    /// The bytes of a whole file.
    let model (m: OnnxModel) : ReadOnlyMemory<byte> =
        let w = WireWriter()
        w.Int64(1, m.IrVersion)
        w.Text(2, m.Producer)
        w.Text(3, m.ProducerVersion)
        w.Message(7, graph m.Graph)
        m.Opsets |> List.iter (fun o -> w.Message(8, opset o))
        m.Metadata |> List.iter (fun entry -> w.Message(14, pair entry))
        m.Functions |> List.iter (fun f -> w.Message(25, functionOf f))
        w.ToMemory()

    /// Copies the fields of a message, known or not, but those with bytes for which `instead` has a writer.
    let private copied instead (message: WireSpan) (w: WireWriter) : unit =
        let reader = WireReader message

        Wire.fields reader (fun field wire ->
            match wire with
            | WireType.Varint -> w.Int64(field, int64 (reader.Varint()))
            | WireType.Fixed32 -> w.Single(field, BitConverter.UInt32BitsToSingle(reader.Fixed32()))
            | WireType.Fixed64 -> w.Double(field, BitConverter.UInt64BitsToDouble(reader.Fixed64()))
            | WireType.Bytes ->
                let bytes = reader.Span()

                match instead field bytes with
                | Some write -> write w
                | None -> w.Bytes(field, bytes.Read())

            true)

    /// A file whose initializers are in another file where the model, which was read from it, has them there. Everything else
    /// stays as it is in `source`, with what `OnnxModel` has no place for: shapes of values, descriptions, training.
    let withExternal (source: ReadOnlyMemory<byte>) (model: OnnxModel) : ReadOnlyMemory<byte> =
        let places =
            dict
                [
                    for t in model.Graph.Initializers do
                        match t.Bytes with
                        | TensorBytes.External place -> t.Name, place
                        | TensorBytes.Raw _
                        | TensorBytes.Fields _ -> ()
                ]

        let withoutElements field (_: WireSpan) = if field = 9 then Some ignore else None

        let initializer (field: int) (message: WireSpan) =
            let found, place =
                if field = 5 then
                    places.TryGetValue (ReadParts.tensor message).Name
                else
                    false, Unchecked.defaultof<ExternalPlace>

            if found then
                let tensor (w: WireWriter) =
                    copied withoutElements message w
                    external place w

                Some(fun (w: WireWriter) -> w.Message(5, tensor))
            else
                None

        let graph (field: int) (message: WireSpan) =
            if field = 7 then
                Some(fun (w: WireWriter) -> w.Message(7, copied initializer message))
            else
                None

        let w = WireWriter()
        copied graph { Source = MemorySource source; Offset = 0; Length = source.Length } w
        w.ToMemory()
