namespace DL1

open System
open System.Buffers.Binary
open System.Collections.Generic
open System.IO
open System.Text

/// An entry of a zip archive as the directory at its end describes it.
[<NoEquality; NoComparison>]
type internal ZipEntry =
    { Name: string; Method: int; Flags: int; Header: int64; Packed: int64; Length: int64 }

/// Zip archives whose entries lie in them as they are, not compressed (PKWARE's APPNOTE 6.3): those of `torch.save`. Every
/// length and place is compared with the file's before it is used.
[<RequireQualifiedAccess>]
module internal StoredZip =
    let private local, central, last, last64, locator64 =
        0x04034b50u, 0x02014b50u, 0x06054b50u, 0x06064b50u, 0x07064b50u

    let private refuse operation given expected : 'a =
        Refuse.format
            operation
            given
            expected
            "check that all of the file was written or copied; one that was packed again is packed without compression (zip -0)"

    let private at operation (stream: Stream) (place: int64) (count: int) (what: string) : byte[] =
        if place < 0L || place > stream.Length - int64 count then
            refuse
                operation
                $"{what} at byte %d{place} in a file of %d{stream.Length}"
                "places within the file"

        let bytes = Array.zeroCreate<byte> count
        stream.Position <- place
        stream.ReadExactly bytes
        bytes

    let private u16 (b: byte[]) i = int (BinaryPrimitives.ReadUInt16LittleEndian(ReadOnlySpan(b, i, 2)))
    let private u32 (b: byte[]) i = BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan(b, i, 4))

    /// A place or length of 64 bits; what is beyond the signed ones is beyond every file.
    let private u64 (b: byte[]) i =
        int64 (min (BinaryPrimitives.ReadUInt64LittleEndian(ReadOnlySpan(b, i, 8))) (uint64 Int64.MaxValue))

    /// The place of the extra field of numbers of 64 bits between two places, or −1.
    let private extraOf (b: byte[]) (first: int) (bound: int) : int =
        let mutable j = first
        let mutable found = -1

        while found < 0 && j + 4 <= bound do
            let next = j + 4 + u16 b (j + 2)

            if u16 b j = 1 && next <= bound then
                found <- j

            j <- next

        found

    /// The place, length and count of the directory, from the record at the end of the file.
    let private directory operation (stream: Stream) : struct (int64 * int64 * int64) =
        let tail = int (min stream.Length 65557L)
        let start = stream.Length - int64 tail
        let b = at operation stream start tail "the end"
        let mutable i = tail - 22

        while i >= 0 && not (u32 b i = last && i + 22 + u16 b (i + 20) = tail) do
            i <- i - 1

        if i < 0 then
            refuse
                operation
                "a zip archive without the directory that stands at its end"
                "a whole zip archive"

        let place = start + int64 i

        if i >= 20 && u32 b (i - 20) = locator64 then
            let record = at operation stream (u64 b (i - 12)) 56 "the directory's record"

            if u32 record 0 <> last64 then
                refuse operation "a directory of 64 bits that is not where it should be" "a whole zip archive"

            struct (u64 record 48, u64 record 40, u64 record 32)
        else
            struct (int64 (u32 b (i + 16)), int64 (u32 b (i + 12)), int64 (u16 b (i + 10)))
        |> fun (struct (first, length, count)) ->
            if first > place || length > place - first || count > length / 46L then
                refuse
                    operation
                    $"a directory of %d{count} entries and %d{length} bytes at byte %d{first}"
                    $"a directory before byte %d{place}"

            struct (first, length, count)

    /// The entries of an archive, in the directory's order.
    let entries operation (stream: Stream) : ZipEntry list =
        let struct (first, length, count) = directory operation stream

        if length > int64 Array.MaxLength then
            refuse operation $"a directory of %d{length} bytes" $"at most %d{Array.MaxLength}"

        let b = at operation stream first (int length) "the directory"
        let seen = HashSet<string>()
        let found = List<ZipEntry>()
        let mutable i = 0

        for n in 1L .. count do
            if b.Length - i < 46 || u32 b i <> central then
                refuse
                    operation
                    $"a directory that breaks off before entry %d{n} of %d{count}"
                    "a whole directory"

            let names, extra, comment = u16 b (i + 28), u16 b (i + 30), u16 b (i + 32)

            if b.Length - i - 46 < names + extra + comment then
                refuse
                    operation
                    $"a directory that breaks off in entry %d{n} of %d{count}"
                    "a whole directory"

            let name = Encoding.UTF8.GetString(b, i + 46, names)
            // Numbers that do not fit 32 bits stand in an extra field of the kind 1.
            let wide = extraOf b (i + 46 + names) (i + 46 + names + extra)

            // Of a number of 32 bits and the place of the next of 64: the number, and the place after it.
            let full (value: uint32) (next: int) : struct (int64 * int) =
                if value <> UInt32.MaxValue || wide < 0 then
                    struct (int64 value, next)
                elif next + 8 > wide + 4 + u16 b (wide + 2) then
                    refuse operation $"the entry {name} without its length or place" "numbers of 64 bits"
                else
                    struct (u64 b next, next + 8)

            let struct (wholeLength, next) = full (u32 b (i + 24)) (wide + 4)
            let struct (packedLength, next) = full (u32 b (i + 20)) next
            let struct (place, _) = full (u32 b (i + 42)) next

            if not (seen.Add name) then
                refuse operation $"two entries named {name}" "each name once"

            found.Add
                {
                    Name = name
                    Method = u16 b (i + 10)
                    Flags = u16 b (i + 8)
                    Header = place
                    Packed = packedLength
                    Length = wholeLength
                }

            i <- i + 46 + names + extra + comment

        // Entries that share bytes would make a small file large.
        let rest =
            (stream.Length, found)
            ||> Seq.fold (fun rest e -> if e.Packed > rest then -1L else rest - e.Packed)

        if rest < 0L then
            refuse
                operation
                $"entries longer together than the file of %d{stream.Length} bytes"
                "entries that share no bytes"

        List.ofSeq found

    /// The place of the first byte of an entry, whose bytes lie in the file as they are.
    let place operation (stream: Stream) (e: ZipEntry) : int64 =
        if e.Flags &&& 1 <> 0 then
            refuse operation $"the entry {e.Name}, which is encrypted" "entries that are stored as they are"

        if e.Method <> 0 then
            refuse
                operation
                $"the entry {e.Name}, which is compressed (method %d{e.Method})"
                "entries that are stored as they are, as torch.save writes them"

        if e.Packed <> e.Length then
            refuse
                operation
                $"the entry {e.Name} of %d{e.Packed} bytes that says to be %d{e.Length}"
                "one length"

        let head = at operation stream e.Header 30 $"the entry {e.Name}"

        if u32 head 0 <> local then
            refuse
                operation
                $"no entry at byte %d{e.Header}, where {e.Name} should be"
                "entries where the directory says"

        let names = u16 head 26
        let own = Encoding.UTF8.GetString(at operation stream (e.Header + 30L) names $"the name of {e.Name}")

        if own <> e.Name then
            refuse operation $"the entry {own} where the directory says {e.Name}" "one name"

        let first = e.Header + 30L + int64 (names + u16 head 28)

        if e.Length > stream.Length - first then
            refuse
                operation
                $"the entry {e.Name} of %d{e.Length} bytes from byte %d{first} in a file of %d{stream.Length}"
                "entries within the file"

        first
