namespace DL1

open System
open System.Buffers.Binary
open System.IO
open System.Numerics

/// TensorFlow's record files: for each record its length in 8 bytes, a checksum of the length, the bytes, and a checksum of
/// the bytes. Numbers are little-endian.
[<RequireQualifiedAccess>]
module internal EventRecord =
    /// CRC32C of bytes, masked as TensorFlow does, so that the checksum of data that hold checksums stays a good one: rotated
    /// right by 15 bits, plus a constant.
    let checksum (bytes: ReadOnlySpan<byte>) : uint32 =
        let mutable crc = UInt32.MaxValue
        let mutable i = 0

        while i + 8 <= bytes.Length do
            crc <- BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(i, 8)))
            i <- i + 8

        while i < bytes.Length do
            crc <- BitOperations.Crc32C(crc, bytes[i])
            i <- i + 1

        BitOperations.RotateRight(~~~crc, 15) + 0xa282ead8u

    /// Appends a record.
    let write (stream: Stream) (record: ReadOnlyMemory<byte>) : unit =
        let header = Array.zeroCreate<byte> 12
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(), uint64 record.Length)
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan 8, checksum (ReadOnlySpan(header, 0, 8)))
        stream.Write(header, 0, 12)
        stream.Write record.Span
        let footer = Array.zeroCreate<byte> 4
        BinaryPrimitives.WriteUInt32LittleEndian(footer.AsSpan(), checksum record.Span)
        stream.Write(footer, 0, 4)
