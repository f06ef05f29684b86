namespace DL1.Onnx

open System
open System.Text
open DL1

/// The parts of ONNX's messages: tensors, shapes and types. Fields that are not known are passed over, as the format has it.
module internal ReadParts =
    let listOf (items: ResizeArray<'a>) = List.ofSeq items

    let domain (name: string) = if name = "ai.onnx" then "" else name

    /// A pair of texts: `StringStringEntryProto`.
    let pair (reader: WireReader) : string * string =
        let mutable key, value = "", ""

        Wire.fields reader (fun field wire ->
            match field with
            | 1 ->
                key <- Wire.text reader field wire
                true
            | 2 ->
                value <- Wire.text reader field wire
                true
            | _ -> false)

        key, value

    let external (name: string) (entries: (string * string) list) : TensorBytes =
        let find key = entries |> List.tryFind (fst >> (=) key) |> Option.map snd

        let number (key: string) =
            find key
            |> Option.map (fun text ->
                match
                    Int64.TryParse(
                        text,
                        Globalization.NumberStyles.None,
                        Globalization.CultureInfo.InvariantCulture
                    )
                with
                | true, n -> n
                | false, _ ->
                    Refuse.format
                        "Onnx.read"
                        $"the tensor '{name}', whose {key} in an external file is '{text}'"
                        "a whole number of bytes"
                        "export the model again")

        TensorBytes.External
            {
                Location = find "location" |> Option.defaultValue ""
                Offset = number "offset" |> Option.defaultValue 0L
                Length = number "length"
            }

    /// `TensorProto`.
    let tensor (message: WireSpan) : OnnxTensor =
        let reader = WireReader message
        let dims, entries = ResizeArray<int64>(), ResizeArray<string * string>()
        let mutable name, kind, raw, isExternal = "", 0, ValueNone, false

        Wire.fields reader (fun field wire ->
            match field with
            | 1 ->
                Wire.int64s dims reader field wire
                true
            | 2 ->
                kind <- Wire.int32 reader field wire
                true
            | 8 ->
                name <- Wire.text reader field wire
                true
            | 9 ->
                raw <- ValueSome(Wire.span reader field wire)
                true
            | 13 ->
                entries.Add(pair (Wire.message reader field wire))
                true
            | 14 ->
                isExternal <- Wire.int64 reader field wire = 1L
                true
            | _ -> false)

        {
            Name = name
            Type = enum kind
            Dims = listOf dims
            Bytes =
                if isExternal then
                    external name (listOf entries)
                else
                    match raw with
                    | ValueSome raw -> TensorBytes.Raw raw
                    | ValueNone -> TensorBytes.Fields message
        }

    let tensorIn (reader: WireReader) field wire = tensor (Wire.span reader field wire)

    /// `TensorShapeProto.Dimension`.
    let dim (reader: WireReader) : OnnxDim =
        let mutable found = OnnxDim.Any

        Wire.fields reader (fun field wire ->
            match field with
            | 1 ->
                found <- OnnxDim.Fixed(Wire.int64 reader field wire)
                true
            | 2 ->
                let name = Wire.text reader field wire
                found <- if name = "" then OnnxDim.Any else OnnxDim.Named name
                true
            | _ -> false)

        found

    let shape (reader: WireReader) : OnnxDim list =
        let dims = ResizeArray()

        Wire.fields reader (fun field wire ->
            field = 1
            && (dims.Add(dim (Wire.message reader field wire))
                true))

        listOf dims

    /// `TypeProto.Tensor`.
    let tensorType (reader: WireReader) : OnnxType * OnnxDim list option =
        let mutable kind, dims = 0, None

        Wire.fields reader (fun field wire ->
            match field with
            | 1 ->
                kind <- Wire.int32 reader field wire
                true
            | 2 ->
                dims <- Some(shape (Wire.message reader field wire))
                true
            | _ -> false)

        enum kind, dims

    /// `ValueInfoProto`.
    let value (reader: WireReader) : OnnxValue =
        let mutable name, kind, dims, isTensor = "", OnnxType.Undefined, None, true

        let typed (reader: WireReader) =
            Wire.fields reader (fun field wire ->
                match field with
                | 1 ->
                    let k, d = tensorType (Wire.message reader field wire)
                    kind <- k
                    dims <- d
                    true
                | 4
                | 5
                | 8
                | 9 ->
                    isTensor <- false
                    false
                | _ -> false)

        Wire.fields reader (fun field wire ->
            match field with
            | 1 ->
                name <- Wire.text reader field wire
                true
            | 2 ->
                typed (Wire.message reader field wire)
                true
            | _ -> false)

        { Name = name; Type = kind; Dims = dims; IsTensor = isTensor }
