namespace DL1

open System
open System.Collections.Generic
open System.IO
open System.Text

/// Writes zip archives whose entries are stored as they are, each from a multiple of 64 bytes on, as `torch.save` does it
/// so that files can be mapped into memory. The same entries give the same bytes at any time.
[<RequireQualifiedAccess>]
module internal StoredZipWriter =
    /// The first of January 1980, where the time of zip archives begins.
    let private date = 0x00210000u
    let private alignment = 64L

    /// Places and lengths above this one are written in 64 bits.
    let limit = int64 UInt32.MaxValue - 1L

    let private narrow (isWide: bool) (value: int64) = if isWide then UInt32.MaxValue else uint32 value

    /// Writes entries: the name of each, and what fills it, which is called twice, at first for the checksum. Numbers above
    /// `limit` are written in 64 bits.
    let write (limit: int64) (entries: (string * (Stream -> unit)) list) (stream: Stream) : unit =
        use writer = new BinaryWriter(stream, Encoding.UTF8, true)
        let directory = new MemoryStream()
        use central = new BinaryWriter(directory, Encoding.UTF8, true)
        let mutable place = 0L

        for name, fill in entries do
            let sum = new Crc32Stream()
            fill sum
            let length, bytes = sum.Length, Encoding.UTF8.GetBytes name
            let isLong, isFar = length > limit, place > limit
            let wide = if isLong then 20 else 0
            // The padding is an extra field of its own, with four bytes of kind and length.
            let bare = place + 30L + int64 (bytes.Length + wide)
            let gap = (alignment - bare % alignment) % alignment
            let padding = int (if gap = 0L || gap >= 4L then gap else gap + alignment)

            let common (w: BinaryWriter) (extra: int) =
                w.Write(if isLong || isFar then 45us else 20us)
                w.Write 0x0800us // names in UTF-8
                w.Write 0us // stored
                w.Write date
                w.Write sum.Checksum
                w.Write(narrow isLong length)
                w.Write(narrow isLong length)
                w.Write(uint16 bytes.Length)
                w.Write(uint16 extra)

            writer.Write 0x04034b50u
            common writer (wide + padding)
            writer.Write bytes

            if isLong then
                writer.Write 1us
                writer.Write 16us
                writer.Write length
                writer.Write length

            if padding > 0 then
                writer.Write 0x4246us
                writer.Write(uint16 (padding - 4))
                writer.Write(Array.create (padding - 4) (byte 'Z'))

            writer.Flush()
            fill stream

            let extra = (if isLong then 16 else 0) + (if isFar then 8 else 0)
            central.Write 0x02014b50u
            central.Write 45us
            common central (if extra > 0 then extra + 4 else 0)
            central.Write 0us // no comment
            central.Write 0us // the first disk
            central.Write 0us
            central.Write 0u
            central.Write(narrow isFar place)
            central.Write bytes

            if extra > 0 then
                central.Write 1us
                central.Write(uint16 extra)

                if isLong then
                    central.Write length
                    central.Write length

                if isFar then
                    central.Write place

            place <- bare + int64 padding + length

        central.Flush()
        let first, size, count = place, directory.Length, int64 entries.Length
        directory.WriteTo stream
        let isWide = first > limit || size > limit || count >= int64 UInt16.MaxValue

        if isWide then
            writer.Write 0x06064b50u
            writer.Write 44L
            writer.Write 45us
            writer.Write 45us
            writer.Write 0u
            writer.Write 0u
            writer.Write count
            writer.Write count
            writer.Write size
            writer.Write first
            writer.Write 0x07064b50u
            writer.Write 0u
            writer.Write(first + size)
            writer.Write 1u

        writer.Write 0x06054b50u
        writer.Write 0us
        writer.Write 0us
        writer.Write(if isWide then UInt16.MaxValue else uint16 count)
        writer.Write(if isWide then UInt16.MaxValue else uint16 count)
        writer.Write(narrow isWide size)
        writer.Write(narrow isWide first)
        writer.Write 0us
