namespace DL1

open System
open System.IO
open System.IO.Compression
open System.Text

/// NumPy's files: `npy` holds one tensor, `npz` is a zip archive of some. Types that tensors do not have are widened
/// (f16 to f32, bytes to i32), columns-first data are turned to rows. A damaged file, and one of Python objects, is a
/// `FormatError`; what a file says of its length is not believed before it is seen.
[<RequireQualifiedAccess>]
module Npy =
    let private operation = "Npy.read"
    let private magic = [| 0x93uy; byte 'N'; byte 'U'; byte 'M'; byte 'P'; byte 'Y' |]

    let private refuse given expected : 'a =
        Refuse.format
            operation
            given
            expected
            "write the file by numpy.save, and check that all of it was copied"

    let private bytes (stream: Stream) (count: int64) : byte[] =
        if count > stream.Length - stream.Position then
            refuse $"%d{stream.Length - stream.Position} bytes where %d{count} are announced" "a whole file"

        let b = Array.zeroCreate<byte>(int count)
        stream.ReadExactly b
        b

    /// Rows first, from columns first.
    let private turned (shape: Shape) (elements: Elements) =
        let dims = shape.ToList()
        let reversed = Tensor(Shape.ofList (List.rev dims), elements)
        let strides = List.scan (*) 1 dims |> List.truncate dims.Length |> Array.ofList
        let extents = Array.ofList dims

        let source (i: int) =
            let mutable rest = i
            let mutable offset = 0

            for axis in extents.Length - 1 .. -1 .. 0 do
                offset <- offset + rest % extents[axis] * strides[axis]
                rest <- rest / extents[axis]

            offset

        Tensor(shape, Elements.take (Array.init reversed.Size source) elements)

    /// The header of a file; the stream stands at the first byte of the data then.
    let internal header (stream: Stream) : NpyHeader =
        Raw.refuseOther operation "an npy file" "an npy file" stream

        let start = bytes stream 8L

        if Array.truncate 6 start <> magic then
            refuse "a file that does not begin as npy does" "the bytes 93 4E 55 4D 50 59"

        let length =
            match start[6] with
            | 1uy -> int64 (BitConverter.ToUInt16(bytes stream 2L, 0))
            | 2uy
            | 3uy -> int64 (BitConverter.ToUInt32(bytes stream 4L, 0))
            | version -> refuse $"version {version} of the format" "version 1, 2 or 3"

        NpyHeader.parse (Encoding.UTF8.GetString(bytes stream length))

    let private tensor (stream: Stream) : Tensor =
        let header = header stream
        let shape, size = Raw.shape operation "a tensor" header.Raw header.Dims
        let left = stream.Length - stream.Position

        if left <> size then
            refuse $"%d{left} bytes of data for the shape {shape}" $"%d{size} bytes"

        let elements = Raw.read operation header.Raw header.BigEndian shape.Size stream

        if header.ColumnMajor && shape.Rank > 1 then
            turned shape elements
        else
            Tensor(shape, elements)

    let private put (stream: Stream) (t: Tensor) =
        let text = NpyHeader.text t
        // The data begin at a multiple of 64 bytes, as NumPy has it.
        let long = text.Length + 11 > 65535
        let before = if long then 12 else 10
        let padded = text.PadRight((before + text.Length + 64) / 64 * 64 - before - 1) + "\n"
        stream.Write(magic, 0, magic.Length)
        stream.Write([| (if long then 2uy else 1uy); 0uy |], 0, 2)

        let length =
            if long then
                BitConverter.GetBytes(uint32 padded.Length)
            else
                BitConverter.GetBytes(uint16 padded.Length)

        stream.Write(length, 0, length.Length)
        stream.Write(Encoding.ASCII.GetBytes padded, 0, padded.Length)
        FloatStorage.write FloatStorage.AsIs t stream

    /// A tensor from an npy file. `Npy.read path`
    let read (path: string) : Tensor = Raw.openFile operation "an npy file" path tensor

    /// A tensor from the bytes of an npy file. `Npy.ofBytes (Npy.toBytes t)`
    let ofBytes (bytes: byte[]) : Tensor = Raw.openBytes operation bytes tensor

    /// The bytes of a tensor as an npy file. `Npy.toBytes t`
    let toBytes (t: Tensor) : byte[] =
        use memory = new MemoryStream()
        put memory t
        memory.ToArray()

    /// Writes a tensor as an npy file, whole or not at all. `Npy.write path t`
    let write (path: string) (t: Tensor) : unit = AtomicFile.write path (fun stream -> put stream t)

    let private suffix = ".npy"

    let private archive (stream: Stream) : Tree<Tensor> =
        Raw.refuseOther operation "a zip archive" "an npz file, a zip archive of npy files" stream

        use zip = new ZipArchive(stream, ZipArchiveMode.Read)
        let seen = Collections.Generic.HashSet<string>()

        [
            for entry in zip.Entries do
                let name =
                    if entry.FullName.EndsWith(suffix, StringComparison.Ordinal) then
                        entry.FullName.Substring(0, entry.FullName.Length - suffix.Length)
                    else
                        refuse $"the entry {entry.FullName}" "entries whose names end in .npy"

                if String.IsNullOrWhiteSpace name || not (seen.Add name) then
                    refuse $"the name '{name}', empty or twice" "each tensor by a name of its own"

                use part = entry.Open()
                name, Raw.part operation part tensor
        ]
        |> Tree.ofList

    let private putArchive (stream: Stream) (tensors: Tree<Tensor>) =
        use zip = new ZipArchive(stream, ZipArchiveMode.Create, true)

        for path, t in Tree.toList tensors do
            let length = Encoding.UTF8.GetByteCount path + suffix.Length

            if length > int UInt16.MaxValue then
                Refuse.domain
                    "Npy.writeAll"
                    $"a tensor's name of %d{length} bytes"
                    "at most 65535 bytes, as a zip archive has it"
                    "rename the tensor, or write it as safetensors"

            let entry = zip.CreateEntry(path + suffix, CompressionLevel.NoCompression)
            // The same tensors give the same bytes at any time.
            entry.LastWriteTime <- DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero)
            use part = entry.Open()
            put part t

    /// The tensors of an npz file by their names, in the file's order. `Npy.readAll path`
    let readAll (path: string) : Tree<Tensor> = Raw.openFile operation "an npz file" path archive

    /// The tensors from the bytes of an npz file. `Npy.allOfBytes (Npy.allToBytes tensors)`
    let allOfBytes (bytes: byte[]) : Tree<Tensor> = Raw.openBytes operation bytes archive

    /// The bytes of tensors as an npz file, not compressed. `Npy.allToBytes tensors`
    let allToBytes (tensors: Tree<Tensor>) : byte[] =
        use memory = new MemoryStream()
        putArchive memory tensors
        memory.ToArray()

    /// Writes tensors as an npz file, whole or not at all; `numpy.load` reads it. `Npy.writeAll path tensors`
    let writeAll (path: string) (tensors: Tree<Tensor>) : unit =
        AtomicFile.writeBytes path (allToBytes tensors)
