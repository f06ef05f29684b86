namespace DL1.Onnx

open System
open System.Buffers.Binary
open System.Runtime.InteropServices
open DL1

/// Elements of tensors in files as tensors. Narrow types are widened to the next of DL1's: half precision to f32, whole
/// numbers below 32 bits to i32, unsigned ones of 32 bits to i64.
[<RequireQualifiedAccess>]
module internal TensorData =
    let private known = "float, double, float16, bfloat16, bool and whole numbers of up to 64 bits"

    /// DL1's type for a type of ONNX; f32 becomes the type of the floating-point numbers that is asked for.
    let tryStorage (real: DType) (kind: OnnxType) : DType voption =
        match kind with
        | OnnxType.Float
        | OnnxType.Float16
        | OnnxType.BFloat16 -> ValueSome real
        | OnnxType.Double -> ValueSome DType.F64
        | OnnxType.Int8
        | OnnxType.UInt8
        | OnnxType.Int16
        | OnnxType.UInt16
        | OnnxType.Int4
        | OnnxType.UInt4
        | OnnxType.Int32 -> ValueSome DType.I32
        | OnnxType.UInt32
        | OnnxType.Int64 -> ValueSome DType.I64
        | OnnxType.Bool -> ValueSome DType.Bool
        | _ -> ValueNone

    /// The type's name as ONNX writes it.
    let nameOf (kind: OnnxType) = (string kind).ToLowerInvariant()

    let private refuse (t: OnnxTensor) (what: string) : 'a =
        Refuse.format
            "Onnx.read"
            $"the tensor '{t.Name}' {what}"
            $"a tensor of {known}, complete"
            "export the model again, in f32 where its type is not among these"

    /// Bits of an element in `raw_data`.
    let private bits (kind: OnnxType) =
        match kind with
        | OnnxType.Float
        | OnnxType.Int32
        | OnnxType.UInt32 -> 32
        | OnnxType.Double
        | OnnxType.Int64 -> 64
        | OnnxType.Int8
        | OnnxType.UInt8
        | OnnxType.Bool -> 8
        | OnnxType.Float16
        | OnnxType.BFloat16
        | OnnxType.Int16
        | OnnxType.UInt16 -> 16
        | OnnxType.Int4
        | OnnxType.UInt4 -> 4
        | _ -> 0

    /// The extents and the number of elements; extents that no tensor has are refused.
    let shape (t: OnnxTensor) : int list * int =
        let mutable count = 1L

        for d in t.Dims do
            if d < 0L || d > int64 Shape.MostElements then
                refuse t $"with the extent %d{d}"

            count <- if count > int64 Shape.MostElements then count else count * max 1L d

        if count > int64 Shape.MostElements then
            refuse t "of more elements than a tensor can have"

        let dims = t.Dims |> List.map int
        dims, (if List.contains 0 dims then 0 else int count)

    /// A tensor of an array that nothing else holds.
    let private wrap (dims: int list) (elements: 'e[]) : Tensor =
        Tensor.Wrap("Onnx.read", Shape.ofList dims, elements)

    let private ofHalf (x: uint16) = float32 (BitConverter.UInt16BitsToHalf x)
    let private ofBrain (x: uint16) = BitConverter.UInt32BitsToSingle(uint32 x <<< 16)

    let private ofRaw (t: OnnxTensor) (dims: int list) (count: int) (span: WireSpan) : Tensor =
        let width = bits t.Type

        if width = 0 then
            refuse t $"of type {nameOf t.Type}"

        let expected = (int64 count * int64 width + 7L) / 8L

        if int64 span.Length <> expected then
            refuse t $"of %d{count} elements of {nameOf t.Type} in %d{span.Length} bytes"

        // Numbers that are widened are read first; the others go to their place at once.
        let isCopied =
            match t.Type with
            | OnnxType.Float
            | OnnxType.Double
            | OnnxType.Int32
            | OnnxType.Int64 -> true
            | _ -> false

        let raw = if isCopied then ReadOnlyMemory.Empty else span.Read()
        let each (f: int -> 'e) = wrap dims (Array.init count f)
        let short i = BinaryPrimitives.ReadUInt16LittleEndian(raw.Span.Slice(2 * i))

        let copied () : 'e[] =
            let target = GC.AllocateUninitializedArray<'e> count
            span.Source.CopyTo(span.Offset, MemoryMarshal.AsBytes(target.AsSpan()))
            target

        let nibble i =
            let b = int (raw.Span[i / 2])
            if i % 2 = 0 then b &&& 15 else b >>> 4

        match t.Type with
        | OnnxType.Float -> wrap dims (copied (): float32[])
        | OnnxType.Double -> wrap dims (copied (): float[])
        | OnnxType.Int32 -> wrap dims (copied (): int[])
        | OnnxType.Int64 -> wrap dims (copied (): int64[])
        | OnnxType.UInt32 ->
            each (fun i -> int64 (BinaryPrimitives.ReadUInt32LittleEndian(raw.Span.Slice(4 * i))))
        | OnnxType.Float16 -> each (fun i -> ofHalf (short i))
        | OnnxType.BFloat16 -> each (fun i -> ofBrain (short i))
        | OnnxType.Int16 -> each (fun i -> int (int16 (short i)))
        | OnnxType.UInt16 -> each (fun i -> int (short i))
        | OnnxType.Int8 -> each (fun i -> int (sbyte raw.Span[i]))
        | OnnxType.UInt8 -> each (fun i -> int raw.Span[i])
        | OnnxType.Bool -> each (fun i -> raw.Span[i] <> 0uy)
        | OnnxType.UInt4 -> each nibble
        | OnnxType.Int4 -> each (fun i -> (nibble i ^^^ 8) - 8)
        | _ -> refuse t $"of type {nameOf t.Type}"

    /// The elements of typed fields: counted first, so that a forged shape reserves no memory.
    let private ofFields (t: OnnxTensor) (dims: int list) (count: int) (message: WireSpan) : Tensor =
        let field =
            match t.Type with
            | OnnxType.Float -> 4
            | OnnxType.Int64 -> 7
            | OnnxType.Double -> 10
            | OnnxType.UInt32 -> 11
            | OnnxType.Int4
            | OnnxType.UInt4 -> refuse t $"of type {nameOf t.Type} outside of raw_data"
            | _ when bits t.Type > 0 -> 5
            | _ -> refuse t $"of type {nameOf t.Type}"

        let walk (each: uint64 -> unit) =
            let reader = WireReader message

            let one (r: WireReader) wire =
                match field, wire with
                | 4, WireType.Fixed32 -> each (uint64 (r.Fixed32()))
                | 10, WireType.Fixed64 -> each (r.Fixed64())
                | (5 | 7 | 11), WireType.Varint -> each (r.Varint())
                | _ -> refuse t "with elements of an unexpected encoding"

            let single =
                match field with
                | 4 -> WireType.Fixed32
                | 10 -> WireType.Fixed64
                | _ -> WireType.Varint

            Wire.fields reader (fun found wire ->
                if found <> field then
                    false
                else
                    (match wire with
                     | WireType.Bytes ->
                         let packed = reader.Message()

                         while not packed.AtEnd do
                             one packed single
                     | wire -> one reader wire)

                    true)

        let mutable found = 0

        walk (fun _ ->
            found <- found + 1

            // A forged tensor of one element may hold gigabytes.
            if found > count then
                refuse t $"of %d{count} elements with more in the file")

        if found < count then
            refuse t $"of %d{count} elements with %d{found} in the file"

        let filled (f: uint64 -> 'e) =
            let target = Array.zeroCreate<'e> count
            let mutable i = 0

            walk (fun value ->
                target[i] <- f value
                i <- i + 1)

            wrap dims target

        match t.Type with
        | OnnxType.Float -> filled (fun v -> BitConverter.UInt32BitsToSingle(uint32 v))
        | OnnxType.Double -> filled BitConverter.UInt64BitsToDouble
        | OnnxType.Int64 -> filled int64
        | OnnxType.UInt32 -> filled (fun v -> int64 (uint32 v))
        | OnnxType.Float16 -> filled (fun v -> ofHalf (uint16 v))
        | OnnxType.BFloat16 -> filled (fun v -> ofBrain (uint16 v))
        | OnnxType.Bool -> filled (fun v -> v <> 0UL)
        | OnnxType.Int8 -> filled (fun v -> int (sbyte v))
        | OnnxType.UInt8 -> filled (fun v -> int (byte v))
        | OnnxType.Int16 -> filled (fun v -> int (int16 v))
        | OnnxType.UInt16 -> filled (fun v -> int (uint16 v))
        | OnnxType.Int32 -> filled (fun v -> int (int64 v))
        | _ -> refuse t $"of type {nameOf t.Type}"

    /// The elements of a tensor; those in another file are not there.
    let read (t: OnnxTensor) : Tensor =
        let dims, count = shape t

        match t.Bytes with
        | TensorBytes.Raw raw -> ofRaw t dims count raw
        | TensorBytes.Fields message -> ofFields t dims count message
        | TensorBytes.External place -> refuse t $"in the file '{place.Location}', which was not read"

    /// A tensor as a record to be written, with its elements little-endian.
    let ofTensor (name: string) (value: Tensor) : OnnxTensor =
        let kind, bytes =
            match value.DType with
            | DType.F32 -> OnnxType.Float, MemoryMarshal.AsBytes(value.AsSpan<float32>()).ToArray()
            | DType.F64 -> OnnxType.Double, MemoryMarshal.AsBytes(value.AsSpan<float>()).ToArray()
            | DType.I32 -> OnnxType.Int32, MemoryMarshal.AsBytes(value.AsSpan<int>()).ToArray()
            | DType.I64 -> OnnxType.Int64, MemoryMarshal.AsBytes(value.AsSpan<int64>()).ToArray()
            | DType.Bool -> OnnxType.Bool, MemoryMarshal.AsBytes(value.AsSpan<bool>()).ToArray()

        {
            Name = name
            Type = kind
            Dims = value.Shape.ToList() |> List.map int64
            Bytes = TensorBytes.Raw(WireSpan.OfMemory(ReadOnlyMemory bytes))
        }
