namespace DL1

open System
open System.Buffers.Binary
open System.IO
open System.Runtime.InteropServices

/// How numbers lie in files. Types that tensors do not have are widened to the next that holds every value.
[<RequireQualifiedAccess; Struct>]
type internal Raw =
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

    let private truth operation (b: byte) =
        match b with
        | 0uy -> false
        | 1uy -> true
        | _ -> Refuse.format operation $"the byte {b} as a truth value" "0 or 1" "write the file anew"

    /// Turns each element's bytes around.
    let private turn size (bytes: byte[]) =
        for i in 0..size .. bytes.Length - size do
            Array.Reverse(bytes, i, size)

    let private span (b: byte[]) (i: int) = ReadOnlySpan(b, i, b.Length - i)

    /// The elements that `count` numbers of a kind are, from a stream that is known to have so many bytes.
    let read operation raw bigEndian count (stream: Stream) : Elements =
        let chunk = 67108864
        Allocation.requireElements operation count (size raw)

        let direct (array: 'e[]) =
            // A span of bytes ends at 2 GB.
            for first in 0..chunk .. array.Length - 1 do
                let part = array.AsSpan(first, min chunk (array.Length - first))
                stream.ReadExactly(MemoryMarshal.AsBytes part)

            array

        let turned (wrap: byte[] -> 'e[]) =
            let bytes = int64 count * int64 (size raw)

            if bytes > int64 Array.MaxLength then
                Refuse.format
                    operation
                    $"%d{bytes} bytes of a type that is converted"
                    $"at most %d{Array.MaxLength} bytes of one tensor"
                    "save the tensor as float32, or in parts"

            Allocation.require operation (fun () -> $"%d{count} elements") (2L * bytes)
            let bytes = Array.zeroCreate<byte>(int bytes)
            stream.ReadExactly bytes

            if bigEndian then
                turn (size raw) bytes

            wrap bytes

        let each (read: byte[] -> int -> 'e) =
            turned (fun bytes -> Array.init count (fun i -> read bytes (i * size raw)))

        let swap = bigEndian && size raw > 1

        match raw with
        | Raw.F32 when not swap -> Elements.F32(direct (Array.zeroCreate count))
        | Raw.F64 when not swap -> Elements.F64(direct (Array.zeroCreate count))
        | Raw.I32 when not swap -> Elements.I32(direct (Array.zeroCreate count))
        | Raw.I64 when not swap -> Elements.I64(direct (Array.zeroCreate count))
        | Raw.F32 -> Elements.F32(each (fun b i -> BinaryPrimitives.ReadSingleLittleEndian(span b i)))
        | Raw.F64 -> Elements.F64(each (fun b i -> BinaryPrimitives.ReadDoubleLittleEndian(span b i)))
        | Raw.I32 -> Elements.I32(each (fun b i -> BinaryPrimitives.ReadInt32LittleEndian(span b i)))
        | Raw.I64 -> Elements.I64(each (fun b i -> BinaryPrimitives.ReadInt64LittleEndian(span b i)))
        | Raw.F16 -> Elements.F32(each (fun b i -> float32 (BinaryPrimitives.ReadHalfLittleEndian(span b i))))
        | Raw.BF16 ->
            Elements.F32(
                each (fun b i ->
                    BitConverter.Int32BitsToSingle(
                        int (BinaryPrimitives.ReadUInt16LittleEndian(span b i)) <<< 16
                    ))
            )
        | Raw.I8 -> Elements.I32(each (fun b i -> int (sbyte b[i])))
        | Raw.U8 -> Elements.I32(each (fun b i -> int b[i]))
        | Raw.I16 -> Elements.I32(each (fun b i -> int (BinaryPrimitives.ReadInt16LittleEndian(span b i))))
        | Raw.U16 -> Elements.I32(each (fun b i -> int (BinaryPrimitives.ReadUInt16LittleEndian(span b i))))
        | Raw.U32 -> Elements.I64(each (fun b i -> int64 (BinaryPrimitives.ReadUInt32LittleEndian(span b i))))
        | Raw.Bool -> Elements.Bool(each (fun b i -> truth operation b[i]))

    /// The shape of extents that a file declares, and the number of bytes of its elements; a `FormatError` where no
    /// tensor can have them.
    let shape operation (what: string) raw (dims: int64 list) : Shape * int64 =
        let text = dims |> List.map string |> String.concat ", "
        let most = int64 Shape.MostElements

        let refuse () =
            Refuse.format
                operation
                $"{what} of shape [{text}]"
                $"extents of 0 or more, and at most %d{most} elements"
                "check that the whole file was written, and is what it is said to be"

        if dims |> List.exists (fun d -> d < 0L || d > most) then
            refuse ()

        // As `Shape` counts them: axes of extent 0 left out.
        let counted = dims |> List.fold (fun n d -> if n > most then n else n * max 1L d) 1L
        let elements = if List.contains 0L dims then 0L else counted

        if counted > most || elements * int64 (size raw) > int64 Array.MaxLength * 8L then
            refuse ()

        Shape.ofList (List.map int dims), elements * int64 (size raw)

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

    /// Opens a file for a reader of a kind of files, such as "a safetensors file"; one packed by gzip is unpacked first.
    let openFile operation kind (path: string) (read: Stream -> 'a) : 'a =
        use file = Files.openRead operation kind path
        opened operation path file read

    /// The same from bytes.
    let openBytes operation (bytes: byte[]) (read: Stream -> 'a) : 'a =
        use memory = new MemoryStream(bytes, false)
        opened operation "the bytes" memory read

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
