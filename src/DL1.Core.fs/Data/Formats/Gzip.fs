namespace DL1

open System
open System.IO
open System.IO.Compression

/// Data packed by gzip (RFC 1952), unpacked whole into memory. .NET takes what is cut off before its trailer for whole: here
/// the checksum and the length at the end of the file are compared with what was unpacked.
[<RequireQualifiedAccess>]
module internal Gzip =
    /// Whether a stream begins as gzip does; its position stays.
    let isPacked (stream: Stream) =
        let begins = stream.Position
        let packed = stream.ReadByte() = 0x1f && stream.ReadByte() = 0x8b
        stream.Position <- begins
        packed

    /// The whole of a stream whose length is not known, in memory.
    let whole operation (stream: Stream) : MemoryStream =
        let memory = new MemoryStream()
        let buffer = Array.zeroCreate<byte> 81920
        let mutable count = stream.Read(buffer, 0, buffer.Length)

        while count > 0 do
            if memory.Length + int64 count > int64 Array.MaxLength then
                Refuse.format operation "more than 2 GB of data" "at most 2 GB" "split the file"

            memory.Write(buffer, 0, count)
            count <- stream.Read(buffer, 0, buffer.Length)

        memory.Position <- 0L
        memory

    /// Unpacks a stream from its position to its end. A file of several parts, one behind another, ends with the trailer of
    /// the last: its length says how many bytes at the end its checksum is of.
    let unpack operation (source: string) (stream: Stream) : MemoryStream =
        let trailer = Array.zeroCreate<byte> 8
        let begins = stream.Position
        let length = stream.Length - begins
        use unpacked = new GZipStream(stream, CompressionMode.Decompress, true)
        let memory = whole operation unpacked

        let isWhole =
            length >= 18L
            && (stream.Position <- begins + length - 8L
                stream.ReadExactly trailer
                let last = int64 (BitConverter.ToUInt32(trailer, 4))

                last <= memory.Length
                && Crc32.append 0u (ReadOnlySpan(memory.GetBuffer(), int (memory.Length - last), int last)) =
                    BitConverter.ToUInt32(trailer, 0))

        if not isWhole then
            memory.Dispose()

            Refuse.format
                operation
                $"{source}, packed by gzip, whose last bytes are not the checksum and length of what is in it"
                "a whole file of gzip, with nothing behind it"
                "copy or pack it anew: it was cut off or changed"

        memory
