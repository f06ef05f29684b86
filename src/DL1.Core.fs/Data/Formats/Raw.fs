namespace DL1

open System
open System.Buffers.Binary
open System.IO
open System.Runtime.InteropServices

/// How numbers lie in files. Types that tensors do not have are widened to the next that holds every value.
[<RequireQualifiedAccess; Struct>]
type internal Raw =
    | F8E4M3
    | F8E5M2
    | F16
    | BF16
    | F32
    | F64
    | I8
    | U8
    | I16
    | U16
    | I32
    | U32
    | I64
    | Bool

[<RequireQualifiedAccess>]
module internal Raw =
    /// Bytes of one element.
    let size raw =
        match raw with
        | Raw.F8E4M3
        | Raw.F8E5M2
        | Raw.I8
        | Raw.U8
        | Raw.Bool -> 1
        | Raw.F16
        | Raw.BF16
        | Raw.I16
        | Raw.U16 -> 2
        | Raw.F32
        | Raw.I32
        | Raw.U32 -> 4
        | Raw.F64
        | Raw.I64 -> 8

    /// How a tensor's own type is written.
    let ofDType dtype =
        match dtype with
        | DType.F32 -> Raw.F32
        | DType.F64 -> Raw.F64
        | DType.I32 -> Raw.I32
        | DType.I64 -> Raw.I64
        | DType.Bool -> Raw.Bool

    /// The bytes of elements, little end first.
    let bytes elements : ReadOnlySpan<byte> =
        match elements with
        | Elements.F32 a -> Span.op_Implicit (MemoryMarshal.AsBytes(a.AsSpan()))
        | Elements.F64 a -> Span.op_Implicit (MemoryMarshal.AsBytes(a.AsSpan()))
        | Elements.I32 a -> Span.op_Implicit (MemoryMarshal.AsBytes(a.AsSpan()))
        | Elements.I64 a -> Span.op_Implicit (MemoryMarshal.AsBytes(a.AsSpan()))
        | Elements.Bool a -> Span.op_Implicit (MemoryMarshal.AsBytes(a.AsSpan()))

    /// Turns each element's bytes around.
    let private turn size (bytes: Span<byte>) =
        match size with
        | 2 ->
            let part = MemoryMarshal.Cast<byte, uint16> bytes
            BinaryPrimitives.ReverseEndianness((Span.op_Implicit part: ReadOnlySpan<uint16>), part)
        | 4 ->
            let part = MemoryMarshal.Cast<byte, uint32> bytes
            BinaryPrimitives.ReverseEndianness((Span.op_Implicit part: ReadOnlySpan<uint32>), part)
        | 8 ->
            let part = MemoryMarshal.Cast<byte, uint64> bytes
            BinaryPrimitives.ReverseEndianness((Span.op_Implicit part: ReadOnlySpan<uint64>), part)
        | _ -> ()

    /// Bytes of the buffer that elements are converted through; it fits the processor's cache.
    let private bufferSize = 131072

    let private uninitialised<'e> count : 'e[] = GC.AllocateUninitializedArray<'e> count

    /// Reads `count` elements of a type from a stream that is known to hold their bytes.
    let read operation raw bigEndian count (stream: Stream) : Elements =
        let swaps = bigEndian && size raw > 1

        // Numbers that lie in the file as they do in memory.
        let direct (array: 'e[]) =
            // A span of bytes ends at 2 GB.
            let most = 67108864

            for first in 0..most .. array.Length - 1 do
                let part = MemoryMarshal.AsBytes(array.AsSpan(first, min most (array.Length - first)))
                stream.ReadExactly part

                if swaps then
                    turn (size raw) part

            array

        // Numbers that are converted, some thousand at a time: bytes, their count, the target, the place in it.
        let converted (convert: byte[] -> int -> 'e[] -> int -> unit) =
            let target = uninitialised<'e> count
            let buffer = uninitialised<byte>(min bufferSize (count * size raw))
            let step = bufferSize / size raw

            for first in 0..step .. count - 1 do
                let part = min step (count - first)
                let bytes = Span(buffer, 0, part * size raw)
                stream.ReadExactly bytes

                if swaps then
                    turn (size raw) bytes

                convert buffer part target first

            target

        let each (value: byte[] -> int -> 'e) =
            converted (fun bytes part target first ->
                for i in 0 .. part - 1 do
                    target[first + i] <- value bytes (i * size raw))

        let wide =
            match raw with
            | Raw.U32 -> 8
            | Raw.F8E4M3
            | Raw.F8E5M2
            | Raw.F16
            | Raw.BF16
            | Raw.I8
            | Raw.U8
            | Raw.I16
            | Raw.U16 -> 4
            | Raw.F32
            | Raw.I32
            | Raw.F64
            | Raw.I64
            | Raw.Bool -> size raw

        Allocation.requireElements operation count wide

        match raw with
        | Raw.F32 -> Elements.F32(direct (uninitialised count))
        | Raw.F64 -> Elements.F64(direct (uninitialised count))
        | Raw.I32 -> Elements.I32(direct (uninitialised count))
        | Raw.I64 -> Elements.I64(direct (uninitialised count))
        | Raw.F16 -> Elements.F32(converted NarrowFloats.ofHalves)
        | Raw.BF16 -> Elements.F32(converted NarrowFloats.ofBrains)
        | Raw.F8E4M3 -> Elements.F32(each (fun b i -> NarrowFloats.e4m3[int b[i]]))
        | Raw.F8E5M2 -> Elements.F32(each (fun b i -> NarrowFloats.e5m2[int b[i]]))
        | Raw.I8 -> Elements.I32(each (fun b i -> int (sbyte b[i])))
        | Raw.U8 -> Elements.I32(each (fun b i -> int b[i]))
        | Raw.I16 -> Elements.I32(each (fun b i -> int (BitConverter.ToInt16(b, i))))
        | Raw.U16 -> Elements.I32(each (fun b i -> int (BitConverter.ToUInt16(b, i))))
        | Raw.U32 -> Elements.I64(each (fun b i -> int64 (BitConverter.ToUInt32(b, i))))
        | Raw.Bool ->
            let values = direct (uninitialised<bool> count)
            let bytes = MemoryMarshal.AsBytes(values.AsSpan())
            let wrong = bytes.IndexOfAnyExceptInRange(0uy, 1uy)

            if wrong >= 0 then
                Refuse.format
                    operation
                    $"the byte {bytes[wrong]} as a truth value"
                    "0 or 1"
                    "write the file anew"

            Elements.Bool values

    /// The shape of extents that a file declares, and the number of its elements; a `FormatError` where no tensor can
    /// have them.
    let extents operation (what: string) (dims: int64 list) : Shape * int64 =
        let most = int64 Shape.MostElements

        let refuse () =
            let text = dims |> List.truncate 20 |> List.map string |> String.concat ", "

            Refuse.format
                operation
                $"{what} of shape [{text}]"
                $"extents of 0 or more, and at most %d{most} elements"
                "check that the whole file was written, and is what it is said to be"

        if dims |> List.exists (fun d -> d < 0L || d > most) then
            refuse ()

        // As `Shape` counts them: axes of extent 0 left out.
        let counted = dims |> List.fold (fun n d -> if n > most then n else n * max 1L d) 1L

        if counted > most then
            refuse ()

        Shape.ofList (List.map int dims), (if List.contains 0L dims then 0L else counted)

    /// The shape of extents that a file declares, and the number of bytes of its elements.
    let shape operation (what: string) raw (dims: int64 list) : Shape * int64 =
        let shape, elements = extents operation what dims
        shape, elements * int64 (size raw)

    /// Runs a reader of a format; what streams and archives throw at damaged data becomes a `FormatError`.
    let guarded operation (source: string) (read: unit -> 'a) : 'a =
        let refuse (e: exn) =
            Refuse.format
                operation
                $"{source}, which is damaged ({e.Message})"
                "a whole file of this format"
                "check that all of the file was written or copied"

        try
            read ()
        with
        | :? IOException
        | :? InvalidDataException
        | :? UnauthorizedAccessException
        | :? NotSupportedException
        | :? ArgumentException
        | :? OverflowException
        | :? InvalidOperationException as e -> refuse e

    /// Runs a reader on a stream; one that begins as gzip does is unpacked first.
    let private opened operation (source: string) (stream: Stream) (read: Stream -> 'a) : 'a =
        guarded operation source (fun () ->
            if Gzip.isPacked stream then
                use memory = Gzip.unpack operation source stream
                read memory
            else
                read stream)

    /// Opens a file for a reader of a kind of files, such as "an npy file"; one packed by gzip is unpacked first.
    let openFile operation kind (path: string) (read: Stream -> 'a) : 'a =
        use file = Files.openRead operation kind path
        opened operation path file read

    /// The same from bytes.
    let openBytes operation (bytes: byte[]) (read: Stream -> 'a) : 'a =
        use memory = new MemoryStream(bytes, false)
        opened operation "the bytes" memory read

    /// Opens a file of a format whose first bytes may be those of gzip: nothing is unpacked.
    let openFileAsIs operation kind (path: string) (read: Stream -> 'a) : 'a =
        use file = Files.openRead operation kind path
        guarded operation path (fun () -> read file)

    /// The same from bytes.
    let openBytesAsIs operation (bytes: byte[]) (read: Stream -> 'a) : 'a =
        use memory = new MemoryStream(bytes, false)
        guarded operation "the bytes" (fun () -> read memory)

    /// The first bytes of a stream, whose position stays: they tell one format from another.
    let start (stream: Stream) : byte[] =
        let begins = stream.Position
        let bytes = Array.zeroCreate<byte>(int (min 16L (stream.Length - begins)))
        stream.ReadExactly bytes
        stream.Position <- begins
        bytes

    /// Refuses a stream of another format than its own, which begins with the given words in `Files.kindOf`, where the
    /// first bytes tell which it is.
    let refuseOther operation (own: string) (expected: string) (stream: Stream) : unit =
        match Files.kindOf (start stream) with
        | Some(found, cure) when not (found.StartsWith(own, StringComparison.Ordinal)) ->
            Refuse.format operation found expected cure
        | _ -> ()

    /// The bytes of one part of an archive, whose length is what it is and not what the archive says.
    let part operation (stream: Stream) (read: Stream -> 'a) : 'a =
        use memory = Gzip.whole operation stream
        read memory
