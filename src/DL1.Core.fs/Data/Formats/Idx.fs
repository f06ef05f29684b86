namespace DL1

open System
open System.Buffers.Binary
open System.IO

/// The IDX format, in which MNIST and its kin are published: a type, the extents, the numbers, big end first. Files may
/// be packed by gzip. Bytes and short integers become i32. A file that is damaged, or is no IDX, is a `FormatError`.
[<RequireQualifiedAccess>]
module Idx =
    let private operation = "Idx.read"

    let private refuse given expected : 'a =
        Refuse.format
            operation
            given
            expected
            "check that the whole file was written, and is in the IDX format"

    let private kind code =
        match code with
        | 0x08uy -> Raw.U8
        | 0x09uy -> Raw.I8
        | 0x0Buy -> Raw.I16
        | 0x0Cuy -> Raw.I32
        | 0x0Duy -> Raw.F32
        | 0x0Euy -> Raw.F64
        | _ -> refuse $"the type 0x{code:X2}" "one of 0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E"

    let private bytes (stream: Stream) count =
        if stream.Length - stream.Position < int64 count then
            refuse $"a file of %d{stream.Length} bytes" "a header of 4 bytes, and 4 for each extent"

        let b = Array.zeroCreate<byte> count
        stream.ReadExactly b
        b

    let private tensor (stream: Stream) =
        Raw.refuseOther operation "an IDX file" "an IDX file" stream

        let header = bytes stream 4

        if header[0] <> 0uy || header[1] <> 0uy then
            refuse $"a file that begins with the bytes {header[0]} and {header[1]}" "two zero bytes"

        let raw = kind header[2]
        let extents = bytes stream (4 * int header[3])

        let dims =
            [
                for i in 0 .. int header[3] - 1 ->
                    int64 (BinaryPrimitives.ReadUInt32BigEndian(ReadOnlySpan(extents, 4 * i, 4)))
            ]

        let shape, length = Raw.shape operation "a tensor" raw dims
        let left = stream.Length - stream.Position

        if left <> length then
            refuse $"%d{left} bytes of data for the shape {shape}" $"%d{length} bytes"

        Tensor(shape, Raw.read operation raw true shape.Size stream)

    /// A tensor from a file, packed or not. `Idx.read path`
    let read (path: string) : Tensor = Raw.openFile operation "an IDX file" path tensor

    /// A tensor from the bytes of a file, packed or not. `Idx.ofBytes [| 0uy; 0uy; 8uy; 1uy; 0uy; 0uy; 0uy; 1uy; 7uy |]`
    let ofBytes (bytes: byte[]) : Tensor = Raw.openBytes operation bytes tensor
