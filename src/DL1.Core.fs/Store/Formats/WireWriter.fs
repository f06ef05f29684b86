namespace DL1

open System
open System.Buffers.Binary
open System.IO
open System.Text

/// A writer of one message of protocol buffers. A field with its default value is left out where a function says so.
[<Sealed>]
type internal WireWriter() =
    let stream = new MemoryStream()

    let varint (value: uint64) =
        let mutable rest = value

        while rest >= 0x80UL do
            stream.WriteByte(byte rest ||| 0x80uy)
            rest <- rest >>> 7

        stream.WriteByte(byte rest)

    let tag (field: int) (wire: int) = varint (uint64 ((field <<< 3) ||| wire))

    let fixed64 (value: float) =
        let bytes = Array.zeroCreate<byte> 8
        BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(), value)
        stream.Write(bytes, 0, 8)

    /// A whole number.
    member _.Int64(field: int, value: int64) : unit =
        tag field 0
        varint (uint64 value)

    /// A number of four bytes.
    member _.Single(field: int, value: float32) : unit =
        tag field 5
        let bytes = Array.zeroCreate<byte> 4
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(), value)
        stream.Write(bytes, 0, 4)

    /// A number of eight bytes.
    member _.Double(field: int, value: float) : unit =
        tag field 1
        fixed64 value

    /// Bytes with their length.
    member _.Bytes(field: int, value: ReadOnlyMemory<byte>) : unit =
        tag field 2
        varint (uint64 value.Length)
        stream.Write value.Span

    /// A text, where it is not empty.
    member this.Text(field: int, value: string) : unit =
        if value <> "" then
            this.Bytes(field, ReadOnlyMemory(Encoding.UTF8.GetBytes value))

    /// A text, also where it is empty: an element of a list.
    member this.Item(field: int, value: string) : unit =
        this.Bytes(field, ReadOnlyMemory(Encoding.UTF8.GetBytes value))

    /// A message that a function writes.
    member this.Message(field: int, write: WireWriter -> unit) : unit =
        let inner = WireWriter()
        write inner
        this.Bytes(field, inner.ToMemory())

    /// Whole numbers, packed.
    member this.Int64s(field: int, values: int64 seq) : unit =
        let inner = WireWriter()

        for value in values do
            inner.Varint value

        this.Bytes(field, inner.ToMemory())

    /// Numbers of four bytes, packed.
    member this.Singles(field: int, values: float32 seq) : unit =
        let values = Array.ofSeq values
        let bytes = Array.zeroCreate<byte>(4 * values.Length)

        for i in 0 .. values.Length - 1 do
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), values[i])

        this.Bytes(field, ReadOnlyMemory bytes)

    /// Numbers of eight bytes, packed.
    member this.Doubles(field: int, values: float seq) : unit =
        let inner = WireWriter()

        for value in values do
            inner.Fixed64 value

        this.Bytes(field, inner.ToMemory())

    member internal _.Fixed64(value: float) : unit = fixed64 value

    member internal _.Varint(value: int64) : unit = varint (uint64 value)

    /// What has been written: a view.
    member _.ToMemory() : ReadOnlyMemory<byte> = ReadOnlyMemory(stream.GetBuffer(), 0, int stream.Length)
