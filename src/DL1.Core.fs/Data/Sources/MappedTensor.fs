namespace DL1

#nowarn "9"

open System
open System.Diagnostics
open System.IO
open System.IO.MemoryMappedFiles
open System.Runtime.InteropServices
open Microsoft.FSharp.NativeInterop

/// A file that is mapped into memory: the system reads its pages when they are asked for, and gives them up when memory is short.
[<Sealed>]
type private MappedFile(operation: string, kind: string, path: string) =
    let file = Files.openRead operation kind path

    let mapped =
        MemoryMappedFile.CreateFromFile(
            file,
            null,
            0L,
            MemoryMappedFileAccess.Read,
            HandleInheritability.None,
            false
        )

    let view = mapped.CreateViewAccessor(0L, 0L, MemoryMappedFileAccess.Read)
    let mutable first: nativeptr<byte> = NativePtr.nullPtr
    do view.SafeMemoryMappedViewHandle.AcquirePointer &first

    /// The address of the first byte.
    member _.Address: nativeint =
        if first = NativePtr.nullPtr then
            0n
        else
            NativePtr.toNativeInt first + nativeint view.PointerOffset

    member _.Length: int64 = file.Length

    interface IDisposable with
        member _.Dispose() =
            if first <> NativePtr.nullPtr then
                view.SafeMemoryMappedViewHandle.ReleasePointer()
                first <- NativePtr.nullPtr

            view.Dispose()
            mapped.Dispose()

/// A tensor `[rows; ...]` that stays in its file, an npy file or one of safetensors, and whose rows are read when they are asked
/// for: it may be larger than memory. Rows come in the type that `Npy.read` gives (16 and 8 bits of floating point as f32, bytes as
/// i32), or as f32 times a factor by `Scaled`. For many threads. The file must stay as it is while it is mapped: what another
/// program cuts off would end this one.
///
/// <example><code>
/// use images = MappedTensor.Npy "images.npy"      // u8 [1000000, 3, 64, 64]
/// use labels = MappedTensor.Npy "labels.npy"      // i64 [1000000]
/// let source = MappedTensor.ToSource(images.Scaled(1.0 / 255.0), labels)
/// </code></example>
[<Sealed; DebuggerDisplay("{ToString(),nq}"); StructuredFormatDisplay("{Display}")>]
type MappedTensor
    private (file: MappedFile, offset: int64, raw: Raw, count: int, row: Shape, scale: float voption) =
    static let operation = "MappedTensor"

    /// Bytes of a row; checked where the file is opened.
    let width = row.Size * Raw.size raw

    let address (number: int) : nativeint =
        file.Address + nativeint offset + nativeint number * nativeint width

    let bytesOf (number: int) : Span<byte> =
        Span<byte>(NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte>(address number)), width)

    /// Rows as they lie in the file.
    let direct (numbers: int[]) : 'e[] =
        let target = GC.AllocateUninitializedArray<'e>(numbers.Length * row.Size)
        let bytes = MemoryMarshal.AsBytes(target.AsSpan())

        for i in 0 .. numbers.Length - 1 do
            (bytesOf numbers[i]).CopyTo(bytes.Slice(i * width, width))

        target

    /// Rows whose bytes a function converts: from bytes, how many numbers, into the target from a place on.
    let converted (numbers: int[]) (convert: byte[] -> int -> 'e[] -> int -> unit) : 'e[] =
        let target = GC.AllocateUninitializedArray<'e>(numbers.Length * row.Size)
        let buffer = GC.AllocateUninitializedArray<byte> width

        for i in 0 .. numbers.Length - 1 do
            (bytesOf numbers[i]).CopyTo(Span buffer)
            convert buffer row.Size target (i * row.Size)

        target

    let each (value: byte[] -> int -> 'e) (bytes: byte[]) (count: int) (target: 'e[]) (first: int) =
        for i in 0 .. count - 1 do
            target[first + i] <- value bytes (i * Raw.size raw)

    let elements (numbers: int[]) : Elements =
        match raw with
        | Raw.F32 -> Elements.F32(direct numbers)
        | Raw.F64 -> Elements.F64(direct numbers)
        | Raw.I32 -> Elements.I32(direct numbers)
        | Raw.I64 -> Elements.I64(direct numbers)
        | Raw.F16 -> Elements.F32(converted numbers NarrowFloats.ofHalves)
        | Raw.BF16 -> Elements.F32(converted numbers NarrowFloats.ofBrains)
        | Raw.F8E4M3 -> Elements.F32(converted numbers (each (fun b i -> NarrowFloats.e4m3[int b[i]])))
        | Raw.F8E5M2 -> Elements.F32(converted numbers (each (fun b i -> NarrowFloats.e5m2[int b[i]])))
        | Raw.I8 -> Elements.I32(converted numbers (each (fun b i -> int (sbyte b[i]))))
        | Raw.U8 -> Elements.I32(converted numbers (each (fun b i -> int b[i])))
        | Raw.I16 -> Elements.I32(converted numbers (each (fun b i -> int (BitConverter.ToInt16(b, i)))))
        | Raw.U16 -> Elements.I32(converted numbers (each (fun b i -> int (BitConverter.ToUInt16(b, i)))))
        | Raw.U32 -> Elements.I64(converted numbers (each (fun b i -> int64 (BitConverter.ToUInt32(b, i)))))
        | Raw.Bool -> Elements.Bool(converted numbers (each (fun b i -> b[i] <> 0uy)))

    /// Bytes as f32 times a factor, the commonest kind of images.
    let scaledBytes (numbers: int[]) (factor: float32) : float32[] =
        let table = Array.init 256 (fun b -> float32 b * factor)
        let target = GC.AllocateUninitializedArray<float32>(numbers.Length * row.Size)

        for i in 0 .. numbers.Length - 1 do
            let bytes = bytesOf numbers[i]
            let own = target.AsSpan(i * row.Size, row.Size)

            for k in 0 .. bytes.Length - 1 do
                own[k] <- table[int bytes[k]]

        target

    let scaled (numbers: int[]) (factor: float) : float32[] =
        match raw with
        | Raw.U8 -> scaledBytes numbers (float32 factor)
        | _ ->
            match elements numbers with
            | Elements.F32 values ->
                for i in 0 .. values.Length - 1 do
                    values[i] <- values[i] * float32 factor

                values
            | Elements.F64 values -> Array.map (fun v -> float32 (v * factor)) values
            | Elements.I32 values -> Array.map (fun v -> float32 (float v * factor)) values
            | Elements.I64 values -> Array.map (fun v -> float32 (float v * factor)) values
            | Elements.Bool values -> Array.map (fun v -> if v then float32 factor else 0f) values

    static member private Open
        (path: string, kind: string, raw: Raw, bigEndian: bool, columns: bool, dims: int64 list, offset: int64) =
        let refuse given expected cure : 'a = Refuse.format operation $"{path}: %s{given}" expected cure

        if bigEndian && Raw.size raw > 1 then
            refuse
                "numbers with the big end first"
                "numbers with the little end first"
                "write the array anew by numpy.save, after array.astype('<f4') for f32"

        match dims with
        | [] -> refuse "a single number" "a tensor with rows: a first axis" "give a tensor [rows, ...]"
        | rows :: _ when rows > int64 Int32.MaxValue ->
            refuse
                $"%d{rows} rows"
                $"at most %d{Int32.MaxValue} rows"
                "write several files, and append their sources"
        | rows :: inner ->
            if columns && inner.Length > 0 then
                refuse
                    "an array in the order of columns"
                    "an array in the order of rows"
                    "write it anew by numpy.save, after numpy.ascontiguousarray"

            let row, size = Raw.shape operation "one row" raw inner

            if size > int64 Int32.MaxValue then
                refuse
                    $"rows of %d{size} bytes"
                    $"at most %d{Int32.MaxValue} bytes in a row"
                    "cut the rows into smaller ones"

            let file = new MappedFile(operation, kind, path)

            // Rows and bytes are below 2³¹ each.
            if file.Length - offset < rows * size then
                let length = file.Length
                (file :> IDisposable).Dispose()

                refuse
                    $"%d{length - offset} bytes of data for %d{rows} rows of %d{size} bytes"
                    "the bytes that the header announces"
                    "check that all of the file was copied"

            new MappedTensor(file, offset, raw, int rows, row, ValueNone)

    /// Maps an npy file, which `numpy.save` writes. What is no such file, is packed, or has fewer bytes than it announces is a
    /// `FormatError`, and so are arrays in the order of columns or with the big end first.
    static member Npy(path: string) : MappedTensor =
        let struct (header, offset) =
            Raw.openFileAsIs operation "an npy file" path (fun stream ->
                let header = Npy.header stream
                struct (header, stream.Position))

        MappedTensor.Open(
            path,
            "an npy file",
            header.Raw,
            header.BigEndian,
            header.ColumnMajor,
            header.Dims,
            offset
        )

    /// Maps one tensor of a safetensors file, or of a folder of them, by its name: at most 2³¹ − 2¹⁶ elements, as the format's
    /// other readers here. A name that is not there, and what is wrong with the file, are a `FormatError`.
    static member Safetensors(path: string, name: string) : MappedTensor =
        let entry, file, offset = Safetensors.placeOf operation name path
        let dims = entry.Shape.ToList() |> List.map int64

        MappedTensor.Open(
            file,
            "a safetensors file",
            SafetensorsHeader.rawOf entry,
            false,
            false,
            dims,
            offset
        )

    /// The number of rows.
    member _.Count: int = count
    /// The extents of a row.
    member _.RowShape: Shape = row

    /// The type that rows are given in.
    member _.DType: DType =
        match scale, raw with
        | ValueSome _, _ -> DType.F32
        | ValueNone, (Raw.F32 | Raw.F16 | Raw.BF16 | Raw.F8E4M3 | Raw.F8E5M2) -> DType.F32
        | ValueNone, Raw.F64 -> DType.F64
        | ValueNone, (Raw.I32 | Raw.I8 | Raw.U8 | Raw.I16 | Raw.U16) -> DType.I32
        | ValueNone, (Raw.I64 | Raw.U32) -> DType.I64
        | ValueNone, Raw.Bool -> DType.Bool

    /// The same rows as f32, each number times a factor: 1/255 for bytes of images. The file is shared.
    member _.Scaled(factor: float) : MappedTensor =
        if not (Double.IsFinite factor) then
            Refuse.domain operation $"the factor {string factor}" "a finite number" "1/255 is usual for bytes"

        new MappedTensor(file, offset, raw, count, row, ValueSome factor)

    /// Some rows, `[numbers; ...]`, in the order of their numbers, which may repeat. A row that is not there is a `DomainError`, and
    /// so is a file that was given back.
    member _.Rows(numbers: int[]) : Tensor =
        if file.Address = 0n then
            Refuse.domain operation "rows of a file that was closed" "an open file" "close it after training"

        for number in numbers do
            if number < 0 || number >= count then
                Refuse.domain
                    operation
                    $"row %d{number} of %d{count}"
                    $"a row from 0 to %d{count - 1}"
                    "count rows from 0"

        let shape = Shape.ofList (numbers.Length :: row.ToList())
        Allocation.requireElements operation shape.Size 8

        Tensor(
            shape,
            match scale with
            | ValueSome factor -> Elements.F32(scaled numbers factor)
            | ValueNone -> elements numbers
        )

    /// A source of inputs and targets by their names. Other numbers of rows are a `ShapeError`.
    static member ToSource
        (inputs: (string * MappedTensor) seq, targets: (string * MappedTensor) seq)
        : Source =
        let inputs, targets = List.ofSeq inputs, List.ofSeq targets

        match inputs @ targets with
        | [] -> Refuse.domain operation "no tensors" "one input and one target" "give the mapped tensors"
        | (first, t) :: rest ->
            for name, other in rest do
                if other.Count <> t.Count then
                    Refuse.shape
                        operation
                        $"%d{t.Count} rows of {first} with %d{other.Count} rows of {name}"
                        "as many rows in each of the tensors"
                        "check how the files were made"

            let read (numbers: int[]) =
                let of' = List.map (fun (name: string, t: MappedTensor) -> name, t.Rows numbers)
                Dataset.named (of' inputs) (of' targets)

            let example = if t.Count > 0 then read [| 0 |] else read [||]

            Source.create t.Count example read

    /// A source of inputs and targets, one tensor each. Other numbers of rows are a `ShapeError`.
    static member ToSource(inputs: MappedTensor, targets: MappedTensor) : Source =
        MappedTensor.ToSource([ Erased.inputs, inputs ], [ Erased.targets, targets ])

    /// Gives the file back; no rows are read from then on. Tensors made by `Scaled` go with it.
    member _.Dispose() : unit = (file :> IDisposable).Dispose()

    interface IDisposable with
        member this.Dispose() = this.Dispose()

    /// `1000 rows of f32 [3, 64, 64]`.
    override this.ToString() = $"%d{count} rows of {this.DType} {row}"
    member internal this.Display = this.ToString()
