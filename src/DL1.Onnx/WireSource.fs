namespace DL1.Onnx

open System
open System.IO
open DL1

/// Where the bytes of a file are: in memory, or on the disk, from which they are read as they are needed.
[<AbstractClass>]
type internal WireSource() =
    abstract Length: int
    /// Whether `Read` copies.
    abstract IsStored: bool
    /// Bytes around a place of the file, and the place of the first of them.
    abstract Around: at: int -> struct (ReadOnlyMemory<byte> * int)
    /// Bytes of the file, a view where they are in memory. The caller has checked the length.
    abstract Read: offset: int * count: int -> ReadOnlyMemory<byte>
    /// The same, into memory that is there.
    abstract CopyTo: offset: int * target: Span<byte> -> unit

/// Bytes in memory.
[<Sealed>]
type internal MemorySource(memory: ReadOnlyMemory<byte>) =
    inherit WireSource()
    override _.Length = memory.Length
    override _.IsStored = false
    override _.Around _ = struct (memory, 0)
    override _.Read(offset, count) = memory.Slice(offset, count)
    override _.CopyTo(offset, target) = memory.Slice(offset, target.Length).Span.CopyTo target

/// Bytes that were read of a file, and the place of the first of them: one object, so that threads exchange it whole.
[<Sealed; AllowNullLiteral>]
type private FileBlock(bytes: ReadOnlyMemory<byte>, start: int) =
    member _.Bytes = bytes
    member _.Start = start

    member _.Holds(at: int, count: int) =
        at >= start && int64 at + int64 count <= int64 start + int64 bytes.Length

/// A file that stays open, and is read in blocks where its structure is, and whole pieces where the weights are. Another file that
/// takes its name changes nothing; one that is written to in the meantime is refused.
[<Sealed>]
type internal FileSource(path: string) =
    inherit WireSource()
    let blockSize = 65536

    let handle =
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite ||| FileShare.Delete)

    let length = RandomAccess.GetLength handle
    let written = File.GetLastWriteTimeUtc handle
    let mutable block = FileBlock(ReadOnlyMemory.Empty, 0)

    let refuse (why: string) : 'a =
        Refuse.format "Onnx.read" $"{path}, which {why}" "an ONNX file that stays as it is" "read it again"

    let fill (offset: int) (target: Span<byte>) =
        try
            let mutable found = 0
            let mutable more = true

            while more && found < target.Length do
                let count = RandomAccess.Read(handle, target.Slice found, int64 offset + int64 found)
                found <- found + count
                more <- count > 0

            if found < target.Length || File.GetLastWriteTimeUtc handle <> written then
                refuse "was changed after it was opened"
        with
        | :? IOException
        | :? UnauthorizedAccessException as e -> refuse $"could not be read ({e.Message})"

    let read (offset: int) (count: int) : ReadOnlyMemory<byte> =
        let bytes = GC.AllocateUninitializedArray<byte> count
        fill offset (bytes.AsSpan())
        ReadOnlyMemory bytes

    override _.Length = int length
    override _.IsStored = true

    override _.Around at =
        let known = block

        let current =
            if known.Holds(at, 1) then
                known
            else
                FileBlock(read at (int (min (int64 blockSize) (length - int64 at))), at)

        block <- current
        struct (current.Bytes, current.Start)

    override _.Read(offset, count) =
        let known = block

        if known.Holds(offset, count) then
            known.Bytes.Slice(offset - known.Start, count)
        else
            read offset count

    override _.CopyTo(offset, target) = fill offset target

/// A piece of a file.
[<Struct; NoComparison; NoEquality>]
type internal WireSpan =
    {
        Source: WireSource
        Offset: int
        Length: int
    }

    /// The bytes: a view where they are in memory.
    member this.Read() : ReadOnlyMemory<byte> = this.Source.Read(this.Offset, this.Length)

    /// Bytes in memory.
    static member OfMemory(memory: ReadOnlyMemory<byte>) : WireSpan =
        { Source = MemorySource memory; Offset = 0; Length = memory.Length }
