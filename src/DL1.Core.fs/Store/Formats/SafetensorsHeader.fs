namespace DL1

open System
open System.Collections.Generic
open System.IO
open System.Text.Json

/// One tensor that a safetensors header announces: where its bytes lie behind the header. `Raw` is `None` for types that
/// are not read: other tensors of the file still are.
[<NoEquality; NoComparison>]
type internal SafetensorsEntry =
    { Name: string; Type: string; Raw: Raw option; Shape: Shape; Begin: int64; End: int64 }

/// The header of a safetensors file, a JSON object: it is checked in full before anything is read by it.
[<RequireQualifiedAccess>]
module internal SafetensorsHeader =
    let operation = "Safetensors.read"

    let refuse given expected : 'a =
        Refuse.format operation given expected "check that the file was fully written, and write it anew"

    /// The name of what is no tensor: texts about the file.
    let metadataName = "__metadata__"

    let private kinds =
        [
            "F32", Raw.F32
            "F64", Raw.F64
            "I32", Raw.I32
            "I64", Raw.I64
            "BOOL", Raw.Bool
            "F16", Raw.F16
            "BF16", Raw.BF16
            "I8", Raw.I8
            "U8", Raw.U8
            "I16", Raw.I16
            "U16", Raw.U16
            "U32", Raw.U32
            "F8_E4M3", Raw.F8E4M3
            "F8_E5M2", Raw.F8E5M2
        ]

    /// Types that are known and not read: their bits, and what helps.
    let private unread =
        let scaled = "multiply out the scales where the file was made, and save the tensor as bfloat16"

        [
            "U64", (64, "save it as int64: tensor.to(torch.int64)")
            "C64", (64, "save real and imaginary parts as numbers: torch.view_as_real(tensor)")
            "F8_E8M0", (8, scaled)
            "F6_E2M3", (6, scaled)
            "F6_E3M2", (6, scaled)
            "F4", (4, scaled)
        ]

    /// The name that a kind of numbers has in the format.
    let nameOf raw = kinds |> List.find (fun (_, r) -> r = raw) |> fst

    /// How the elements of an entry lie; refuses a type that is not read.
    let rawOf (e: SafetensorsEntry) : Raw =
        match e.Raw, List.tryFind (fun (name, _) -> name = e.Type) unread with
        | Some raw, _ -> raw
        | None, found ->
            let known = kinds |> List.map fst |> String.concat ", "

            let cure =
                match found with
                | Some(_, (_, cure)) -> cure
                | None -> "save the tensor as float32 or bfloat16 where the file was made"

            Refuse.format
                operation
                $"the type '{e.Type}' of {e.Name}"
                $"one of {known}"
                (cure + ", or read other tensors alone by their names")

    let private whole (name: string) (e: JsonElement) =
        match e.ValueKind with
        | JsonValueKind.Number ->
            match e.TryGetInt64() with
            | true, n when n >= 0L -> n
            | _ -> refuse $"the number {e.GetRawText()} for {name}" "a whole number from 0 to 2⁶³ − 1"
        | _ -> refuse $"{e.ValueKind} for {name}" "a whole number"

    let private list (name: string) (e: JsonElement) =
        match e.ValueKind with
        | JsonValueKind.Array -> [ for n in e.EnumerateArray() -> whole name n ]
        | _ -> refuse $"{e.ValueKind} for {name}" "a list of whole numbers"

    let private text (name: string) (e: JsonElement) : string =
        match e.ValueKind with
        | JsonValueKind.String -> Option.ofObj (e.GetString()) |> Option.defaultValue ""
        | _ -> refuse $"{e.ValueKind} for {name}" "a text"

    let private requireObject (name: string) (e: JsonElement) =
        if e.ValueKind <> JsonValueKind.Object then
            refuse $"{e.ValueKind} for {name}" "an object"

    let private entry (name: string) (e: JsonElement) : SafetensorsEntry =
        requireObject name e

        let field (field: string) =
            match e.TryGetProperty field with
            | true, value -> value
            | false, _ -> refuse $"no {field} for {name}" "dtype, shape and data_offsets for each tensor"

        let kind = text $"the type of {name}" (field "dtype")
        let raw = kinds |> List.tryFind (fun (known, _) -> known = kind) |> Option.map snd
        let shape, elements = Raw.extents operation name (list $"the shape of {name}" (field "shape"))

        // Of a type that nobody knows here the file alone knows the length.
        let length =
            match raw, List.tryFind (fun (known, _) -> known = kind) unread with
            | Some raw, _ -> Some(elements * int64 (Raw.size raw))
            | None, Some(_, (bits, _)) -> Some((elements * int64 bits + 7L) / 8L)
            | None, None -> None

        match list $"the offsets of {name}" (field "data_offsets"), length with
        | [ first; last ], length when last >= first && (length = None || length = Some(last - first)) ->
            { Name = name; Type = kind; Raw = raw; Shape = shape; Begin = first; End = last }
        | offsets, length ->
            let found = offsets |> List.truncate 3 |> List.map string |> String.concat ", "
            let apart = length |> Option.map (fun n -> $", %d{n} bytes apart") |> Option.defaultValue ""
            refuse $"the offsets [{found}] of {name}" $"two offsets{apart}"

    /// Each byte of the data belongs to one tensor: no gap, no overlap, nothing left.
    let private requireCover (available: int64) (entries: SafetensorsEntry list) =
        let last =
            (0L, entries |> List.sortBy (fun e -> e.Begin, e.End))
            ||> List.fold (fun reached e ->
                if e.Begin <> reached then
                    refuse
                        $"{e.Name} from byte %d{e.Begin}"
                        $"byte %d{reached}, where the tensor before it ends"

                e.End)

        if last <> available then
            refuse $"%d{available} bytes of data" $"%d{last}, as the header announces"

    /// The tensors in the header's order, and the texts.
    let parse (available: int64) (json: byte[]) : SafetensorsEntry list * Map<string, string> =
        // Duplicates would let two readers see two things in one file.
        let options = JsonDocumentOptions(AllowDuplicateProperties = false, MaxDepth = 8)

        let document =
            try
                JsonDocument.Parse(ReadOnlyMemory json, options)
            with :? JsonException as e ->
                refuse
                    $"a header that is no JSON object ({e.Message})"
                    "an object with one entry for each tensor"

        use document = document
        requireObject "the header" document.RootElement
        let properties = [ for p in document.RootElement.EnumerateObject() -> p.Name, p.Value ]

        let entries =
            [
                for name, e in properties do
                    if name <> metadataName then
                        if String.IsNullOrWhiteSpace name then
                            refuse "a tensor without a name" "a name for each tensor"

                        entry name e
            ]

        let texts =
            match properties |> List.tryFind (fun (name, _) -> name = metadataName) with
            | None -> Map.empty
            | Some(_, e) ->
                requireObject metadataName e
                Map [ for p in e.EnumerateObject() -> p.Name, text p.Name p.Value ]

        requireCover available entries
        entries, texts

    /// The header for tensors and texts, padded by blanks to a multiple of 8 bytes, and the order in which the bytes of
    /// the tensors follow: the widest elements first, so that each lies at a multiple of its size.
    let write storage (texts: Map<string, string>) (tensors: Tree<Tensor>) : byte[] * Tensor list =
        let size (t: Tensor) = Raw.size (FloatStorage.rawOf storage t.DType)
        let placed = Tree.toList tensors |> List.sortBy (fun (_, t) -> -(size t))
        let lengths = placed |> List.map (fun (_, t) -> FloatStorage.length storage t)
        let begins = List.scan (+) 0L lengths

        let places = Dictionary<string, struct (int64 * int64)>()

        for (name, _), first, length in List.zip3 placed (List.truncate placed.Length begins) lengths do
            places[name] <- struct (first, first + length)

        use memory = new MemoryStream()

        (use json = new Utf8JsonWriter(memory)
         json.WriteStartObject()

         if not texts.IsEmpty then
             json.WriteStartObject metadataName

             for entry in texts do
                 json.WriteString(entry.Key, entry.Value)

             json.WriteEndObject()

         for name, t in Tree.toList tensors do
             let struct (first, last) = places[name]
             json.WriteStartObject name
             json.WriteString("dtype", nameOf (FloatStorage.rawOf storage t.DType))
             json.WriteStartArray "shape"

             for d in t.Shape.Dims do
                 json.WriteNumberValue d

             json.WriteEndArray()
             json.WriteStartArray "data_offsets"
             json.WriteNumberValue first
             json.WriteNumberValue last
             json.WriteEndArray()
             json.WriteEndObject()

         json.WriteEndObject())

        while memory.Length % 8L <> 0L do
            memory.WriteByte(byte ' ')

        memory.ToArray(), List.map snd placed
