namespace DL1.Onnx

open System
open System.Buffers.Binary
open System.IO
open System.Text
open DL1

/// How the value of a field is encoded in protocol buffers' wire format.
[<RequireQualifiedAccess>]
type internal WireType =
    /// A number of seven bits a byte.
    | Varint
    /// Eight bytes, little-endian.
    | Fixed64
    /// A length and as many bytes.
    | Bytes
    /// Four bytes, little-endian.
    | Fixed32

/// A reader of one message of protocol buffers. Every length is checked before it is used; what does not fit is a `FormatError`
/// that names the byte of the file.
[<Sealed>]
type internal WireReader(span: WireSpan) =
    let source, start, length = span.Source, span.Offset, span.Length
    let mutable position = 0
    let mutable block: ReadOnlyMemory<byte> = ReadOnlyMemory.Empty
    let mutable blockStart = 0

    let refuse (what: string) : 'a =
        Refuse.format
            "Onnx.read"
            $"%s{what} at byte %d{start + position}"
            "an ONNX file, complete and unchanged"
            "copy or download the file again"

    /// Passes over as many bytes; the place of the first.
    let pass (count: uint64) : int =
        if count > uint64 (length - position) then
            refuse $"a length of %d{count} bytes where %d{length - position} are left"

        let place = start + position
        position <- position + int count
        place

    /// Makes the block hold the byte at a place of the file.
    let reach (at: int) =
        if at < blockStart || at >= blockStart + block.Length then
            let struct (bytes, first) = source.Around at
            block <- bytes
            blockStart <- first

    /// Whether all fields have been read.
    member _.AtEnd = position >= length

    /// The place of the next byte in the file.
    member _.Position = start + position

    /// A number of at most ten bytes.
    member _.Varint() : uint64 =
        let mutable value, shift, more = 0UL, 0, true

        while more do
            if position >= length then
                refuse "a number that is cut off"

            if shift > 63 then
                refuse "a number of more than ten bytes"

            let at = start + position
            reach at
            let b = block.Span[at - blockStart]
            position <- position + 1
            value <- value ||| (uint64 (b &&& 0x7Fuy) <<< shift)
            shift <- shift + 7
            more <- b >= 0x80uy

        value

    /// The number of the next field and its encoding.
    member this.Tag() : struct (int * WireType) =
        let tag = this.Varint()
        let field = tag >>> 3

        if field = 0UL || field > 536870911UL then
            refuse "a field with an impossible number"

        let wire =
            match tag &&& 7UL with
            | 0UL -> WireType.Varint
            | 1UL -> WireType.Fixed64
            | 2UL -> WireType.Bytes
            | 5UL -> WireType.Fixed32
            | _ -> refuse "a field of an unknown encoding"

        struct (int field, wire)

    /// A few bytes, which may lie across the end of a block.
    member private _.Take(count: int) : ReadOnlyMemory<byte> =
        let at = pass (uint64 count)
        reach at

        if at - blockStart <= block.Length - count then
            block.Slice(at - blockStart, count)
        else
            source.Read(at, count)

    /// The piece of the file that a field with a length holds: nothing is read.
    member this.Span() : WireSpan =
        let count = this.Varint()
        { Source = source; Offset = pass count; Length = int count }

    /// The bytes of a field with a length: a view where they are in memory.
    member this.Bytes() : ReadOnlyMemory<byte> = this.Span().Read()

    /// A reader of the message that stands in the next field.
    member this.Message() : WireReader = WireReader(this.Span())

    /// Eight bytes as a number.
    member this.Fixed64() : uint64 = BinaryPrimitives.ReadUInt64LittleEndian((this.Take 8).Span)

    /// Four bytes as a number.
    member this.Fixed32() : uint32 = BinaryPrimitives.ReadUInt32LittleEndian((this.Take 4).Span)

    /// Passes over a value.
    member this.Skip(wire: WireType) : unit =
        match wire with
        | WireType.Varint -> this.Varint() |> ignore
        | WireType.Fixed64 -> pass 8UL |> ignore
        | WireType.Bytes -> this.Span() |> ignore
        | WireType.Fixed32 -> pass 4UL |> ignore

/// Reading the values of fields.
[<RequireQualifiedAccess>]
module internal Wire =
    let private wrong (reader: WireReader) (field: int) : 'a =
        Refuse.format
            "Onnx.read"
            $"field %d{field} of an unexpected encoding before byte %d{reader.Position}"
            "an ONNX file"
            "check that the file is an ONNX model: an .ort or a .tflite file is another format"

    /// Calls a function for each field, which reads its value or returns false; then it is passed over.
    let fields (reader: WireReader) (read: int -> WireType -> bool) : unit =
        while not reader.AtEnd do
            let struct (field, wire) = reader.Tag()

            if not (read field wire) then
                reader.Skip wire

    /// Strict, so that two names that differ in the file differ in memory.
    let private utf8 = UTF8Encoding(false, true)

    /// A text.
    let text (reader: WireReader) field wire : string =
        if wire <> WireType.Bytes then
            wrong reader field

        let bytes = reader.Bytes()

        try
            utf8.GetString bytes.Span
        with :? ArgumentException ->
            Refuse.format
                "Onnx.read"
                $"a text that is not UTF-8 before byte %d{reader.Position}"
                "an ONNX file"
                "copy or download the file again"

    /// Bytes.
    let bytes (reader: WireReader) field wire : ReadOnlyMemory<byte> =
        if wire = WireType.Bytes then reader.Bytes() else wrong reader field

    /// The piece of the file that a field holds: nothing is read.
    let span (reader: WireReader) field wire : WireSpan =
        if wire = WireType.Bytes then reader.Span() else wrong reader field

    /// A message.
    let message (reader: WireReader) field wire : WireReader =
        if wire = WireType.Bytes then reader.Message() else wrong reader field

    /// A whole number.
    let int64 (reader: WireReader) field wire : int64 =
        if wire = WireType.Varint then int64 (reader.Varint()) else wrong reader field

    /// A whole number of 32 bits; others are refused.
    let int32 (reader: WireReader) field wire : int =
        let value = int64 reader field wire

        if value < Operators.int64 Int32.MinValue || value > Operators.int64 Int32.MaxValue then
            Refuse.format
                "Onnx.read"
                $"the number %d{value} in field %d{field} before byte %d{reader.Position}"
                "a number of 32 bits"
                "copy or download the file again"

        int value

    /// A number of four bytes.
    let single (reader: WireReader) field wire : float32 =
        if wire = WireType.Fixed32 then
            BitConverter.UInt32BitsToSingle(reader.Fixed32())
        else
            wrong reader field

    /// Whole numbers of a repeated field, packed or one by one.
    let int64s (into: ResizeArray<int64>) (reader: WireReader) field wire : unit =
        match wire with
        | WireType.Varint -> into.Add(Operators.int64 (reader.Varint()))
        | WireType.Bytes ->
            let packed = reader.Message()

            while not packed.AtEnd do
                into.Add(Operators.int64 (packed.Varint()))
        | WireType.Fixed32
        | WireType.Fixed64 -> wrong reader field

    /// Numbers of four bytes of a repeated field, packed or one by one.
    let singles (into: ResizeArray<float32>) (reader: WireReader) field wire : unit =
        match wire with
        | WireType.Fixed32 -> into.Add(BitConverter.UInt32BitsToSingle(reader.Fixed32()))
        | WireType.Bytes ->
            let packed = reader.Message()

            while not packed.AtEnd do
                into.Add(BitConverter.UInt32BitsToSingle(packed.Fixed32()))
        | WireType.Varint
        | WireType.Fixed64 -> wrong reader field
