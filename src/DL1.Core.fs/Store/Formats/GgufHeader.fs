namespace DL1

open System
open System.Collections.Generic
open System.Globalization
open System.IO
open System.Text
open System.Text.Json

/// One tensor that a GGUF header announces: where its bytes begin in the file.
[<NoEquality; NoComparison>]
type internal GgufEntry = { Name: string; Type: string; Kind: GgufType; Shape: Shape; Begin: int64 }

/// The header of a GGUF file: values about the model by name, and the tensors. Each count is held against what is left of the file
/// before anything of its size is allocated.
[<RequireQualifiedAccess>]
module internal GgufHeader =
    let operation = "Gguf.read"

    let refuse given expected : 'a =
        Refuse.format operation given expected "check that all of the file was written or copied"

    /// Longer lists than the vocabularies of any model are.
    let private longest = 64_000_000L

    let private left (stream: Stream) = stream.Length - stream.Position

    let private take (what: string) (count: int) (stream: Stream) : byte[] =
        if left stream < int64 count then
            refuse $"an end inside {what}, at byte %d{stream.Length}" "a whole file"

        let bytes = Array.zeroCreate<byte> count
        stream.ReadExactly bytes
        bytes

    let private u32 what stream = BitConverter.ToUInt32(take what 4 stream, 0)
    let private u64 what stream = BitConverter.ToUInt64(take what 8 stream, 0)

    /// Reads a count of items, each of at least `bytesEach` bytes; more than the file can hold is refused.
    let private count (what: string) (bytesEach: int64) (stream: Stream) : int =
        let n = u64 what stream

        if n > uint64 (left stream / bytesEach) || n > uint64 Array.MaxLength then
            refuse
                $"{what} {n}, at byte %d{stream.Position - 8L} of %d{stream.Length}"
                "a count that the file has room for"

        int n

    let private text (what: string) (stream: Stream) : string =
        let length = count $"the length of {what}" 1L stream
        Encoding.UTF8.GetString(take what length stream)

    /// Bytes of values that have a fixed length, by the code of their type.
    let private sizeOf code =
        match code with
        | 0u
        | 1u
        | 7u -> 1
        | 2u
        | 3u -> 2
        | 4u
        | 5u
        | 6u -> 4
        | 10u
        | 11u
        | 12u -> 8
        | _ -> 0

    /// A value of a fixed length as text.
    let private plain (name: string) code (b: byte[]) (i: int) : string =
        let invariant (value: IFormattable) = value.ToString(null, CultureInfo.InvariantCulture)

        match code with
        | 0u -> invariant b[i]
        | 1u -> invariant (sbyte b[i])
        | 2u -> invariant (BitConverter.ToUInt16(b, i))
        | 3u -> invariant (BitConverter.ToInt16(b, i))
        | 4u -> invariant (BitConverter.ToUInt32(b, i))
        | 5u -> invariant (BitConverter.ToInt32(b, i))
        | 6u -> invariant (BitConverter.ToSingle(b, i))
        | 7u when b[i] <= 1uy -> if b[i] = 1uy then "true" else "false"
        | 7u -> refuse $"the byte {b[i]} as the truth value {name}" "0 or 1"
        | 10u -> invariant (BitConverter.ToUInt64(b, i))
        | 11u -> invariant (BitConverter.ToInt64(b, i))
        | 12u -> invariant (BitConverter.ToDouble(b, i))
        | _ -> refuse $"the type %d{code} of {name}" "types 0 to 12"

    /// A list as JSON: numbers and truth values as they are written, texts in quotes; NaN and infinity are texts too.
    let rec private list depth (name: string) (json: Utf8JsonWriter) (stream: Stream) : unit =
        if depth > 8 then
            refuse $"lists inside one another in {name}" "at most 8 levels"

        let code = u32 name stream
        let size = sizeOf code
        json.WriteStartArray()

        // As text a byte may become four.
        let requireRoom () =
            if json.BytesCommitted + int64 json.BytesPending > longest then
                refuse $"a list {name} of more than %d{longest} bytes as text" "a shorter list"

        match code with
        | 8u ->
            for _ in 1 .. count $"the number of texts in {name}" 8L stream do
                json.WriteStringValue(text name stream)
                requireRoom ()
        | 9u ->
            for _ in 1 .. count $"the number of lists in {name}" 12L stream do
                list (depth + 1) name json stream
        | _ when size > 0 ->
            let n = count $"the number of values in {name}" (int64 size) stream
            let buffer = Array.zeroCreate<byte> size

            for _ in 1..n do
                stream.ReadExactly buffer
                let value = plain name code buffer 0

                // NaN and Infinity.
                if Char.IsLetter value[value.Length - 1] && code <> 7u then
                    json.WriteStringValue value
                else
                    json.WriteRawValue value

                requireRoom ()
        | _ -> refuse $"a list of the type %d{code} in {name}" "types 0 to 12"

        json.WriteEndArray()

    let private value (name: string) (stream: Stream) : string =
        match u32 name stream with
        | 8u -> text name stream
        | 9u ->
            use memory = new MemoryStream()

            (use json = new Utf8JsonWriter(memory)
             // The type of the elements comes next, as in a list within a list.
             list 0 name json stream)

            Encoding.UTF8.GetString(memory.GetBuffer(), 0, int memory.Length)
        | code -> plain name code (take name (max 1 (sizeOf code)) stream) 0

    let private entry alignment (stream: Stream) : GgufEntry =
        let name = text "the name of a tensor" stream
        let rank = u32 $"the rank of {name}" stream

        if int64 rank > left stream / 8L || rank > 16u then
            refuse $"%d{rank} axes of {name}" "at most 16"

        // The axis whose neighbours are next to each other comes first.
        let dims =
            [ for _ in 1u .. rank -> int64 (min (u64 $"the shape of {name}" stream) (uint64 Int64.MaxValue)) ]

        let shape, _ = Raw.extents operation name (List.rev dims)
        let kind, layout = GgufBlocks.find (u32 $"the type of {name}" stream)
        let place = u64 $"the place of {name}" stream

        if place > uint64 stream.Length || place % uint64 alignment <> 0UL then
            refuse $"{name} at byte {place} of the data" $"a multiple of %d{alignment} within the file"

        { Name = name; Type = kind; Kind = layout; Shape = shape; Begin = int64 place }

    /// The tensors and the texts of a file, which begins at the stream's position.
    let read (stream: Stream) : GgufEntry list * Map<string, string> =
        Raw.refuseOther operation "a GGUF file" "a GGUF file" stream
        let start = take "the first bytes" 8 stream

        if Encoding.ASCII.GetString(start, 0, 4) <> "GGUF" then
            refuse "a file that does not begin with GGUF" "a GGUF file"

        match BitConverter.ToUInt32(start, 4) with
        | 2u
        | 3u -> ()
        | version when version > 0xFFFFu ->
            Refuse.format
                operation
                "a GGUF file with the big end first"
                "the little end first"
                "convert it by gguf-py's gguf_convert_endian"
        | version ->
            Refuse.format
                operation
                $"version %d{version} of GGUF"
                "version 2 or 3"
                "convert it by a newer llama.cpp"

        // A tensor is a text, a rank, a type and a place at least; a value a text, a type and a byte.
        let tensors = count "the number of tensors" 24L stream
        let values = count "the number of values" 13L stream
        let texts = Dictionary<string, string>()

        for _ in 1..values do
            let name = text "the name of a value" stream

            if not (texts.TryAdd(name, value name stream)) then
                refuse $"two values named {name}" "each name once"

        let alignment =
            match texts.TryGetValue "general.alignment" with
            | true, text ->
                match Int64.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
                | true, n when n > 0L && n <= 1_048_576L && n &&& (n - 1L) = 0L -> n
                | _ -> refuse $"an alignment of {text}" "a power of two up to 1048576"
            | false, _ -> 32L

        let entries = [ for _ in 1..tensors -> entry alignment stream ]
        let data = (stream.Position + alignment - 1L) / alignment * alignment
        let seen = HashSet<string>()
        let mutable sum = 0L

        let placed =
            [
                for e in entries do
                    if String.IsNullOrWhiteSpace e.Name || not (seen.Add e.Name) then
                        refuse $"the name '{e.Name}', empty or twice" "each tensor by a name of its own"

                    { e with Begin = data + e.Begin }
            ]

        // Tensors that share bytes would make a small file large.
        for e in placed do
            let row = if e.Shape.Rank = 0 then 1L else int64 e.Shape.Dims[e.Shape.Rank - 1]

            match e.Kind, GgufBlocks.length e.Kind row (int64 e.Shape.Size) with
            | GgufType.Unread, _ -> ()
            | _, None -> refuse $"{e.Name} of {e.Type} {e.Shape}" "rows that fill blocks"
            | _, Some length ->
                sum <- sum + length

                if length > stream.Length - e.Begin || sum > stream.Length then
                    refuse
                        $"{e.Name} of %d{length} bytes from byte %d{e.Begin} in a file of %d{stream.Length}"
                        "tensors within the file, which share no bytes"

        placed, Map.ofSeq (Seq.map (fun (KeyValue(k, v)) -> k, v) texts)
