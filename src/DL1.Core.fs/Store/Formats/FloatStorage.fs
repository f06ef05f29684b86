namespace DL1

open System
open System.IO
open System.Runtime.InteropServices

/// How floating-point tensors are written to a file. Computation is in f32 and f64; 16 bits halve a file of f32.
[<RequireQualifiedAccess; Struct>]
type FloatStorage =
    /// f32 as f32, f64 as f64.
    | AsIs
    /// IEEE's half: 11 significant bits, up to 65504.
    | F16
    /// bfloat16: 8 significant bits, the range of f32.
    | BF16

/// What a file says of a tensor: how its numbers are stored, in the words of the format, and its shape.
[<StructuredFormatDisplay("{Display}")>]
type TensorInfo =
    {
        /// The type by the format's name: `BF16`, `torch.float16`, `Q4_K`.
        Type: string
        /// The shape of the tensor.
        Shape: Shape
    }

    override this.ToString() = $"{this.Type} {this.Shape}"
    member internal this.Display = this.ToString()

/// Elements written as a storage has them.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal FloatStorage =
    /// How a tensor's elements lie in the file.
    let rawOf (storage: FloatStorage) (dtype: DType) : Raw =
        match storage with
        | FloatStorage.F16 when dtype.IsFloat -> Raw.F16
        | FloatStorage.BF16 when dtype.IsFloat -> Raw.BF16
        | FloatStorage.AsIs
        | FloatStorage.F16
        | FloatStorage.BF16 -> Raw.ofDType dtype

    /// The number of bytes of a tensor in the file.
    let length storage (t: Tensor) : int64 = int64 t.Size * int64 (Raw.size (rawOf storage t.DType))

    /// From this magnitude on numbers round to infinity: half a unit in the last place above the largest.
    let private bound storage =
        match storage with
        | FloatStorage.AsIs -> infinity
        | FloatStorage.F16 -> 65520.0
        | FloatStorage.BF16 -> float (BitConverter.UInt32BitsToSingle 0x7F7F8000u)

    /// Refuses a finite number that the storage would turn to infinity.
    let require operation storage (path: string) (t: Tensor) : unit =
        let bound = bound storage

        let refuse (value: float) : unit =
            let value = value.ToString("R", Globalization.CultureInfo.InvariantCulture)
            let name = if storage = FloatStorage.F16 then "f16" else "bf16"

            Refuse.domain
                operation
                $"the number {value} in {path}, to be written as {name}"
                $"numbers that {name} holds"
                (if storage = FloatStorage.F16 then
                     "write it as bf16, which has the range of f32, or as it is"
                 else
                     "write it as it is")

        match t.Elements with
        | Elements.F32 a when storage <> FloatStorage.AsIs ->
            for v in a do
                if abs (float v) >= bound && Single.IsFinite v then
                    refuse (float v)
        | Elements.F64 a when storage <> FloatStorage.AsIs ->
            for v in a do
                if abs v >= bound && Double.IsFinite v then
                    refuse v
        | Elements.F32 _
        | Elements.F64 _
        | Elements.I32 _
        | Elements.I64 _
        | Elements.Bool _ -> ()

    /// So many elements are converted at a time.
    let private step = 32768

    /// Writes elements, little end first.
    let write storage (t: Tensor) (stream: Stream) : unit =
        let direct (array: 'e[]) =
            // A span of bytes ends at 2 GB.
            let most = 67108864

            for first in 0..most .. array.Length - 1 do
                let part = array.AsSpan(first, min most (array.Length - first))
                stream.Write((Span.op_Implicit (MemoryMarshal.AsBytes part): ReadOnlySpan<byte>))

        let narrowed count (convert: int -> int -> byte[] -> unit) =
            let buffer = Array.zeroCreate<byte>(2 * min step count)

            for first in 0..step .. count - 1 do
                let part = min step (count - first)
                convert first part buffer
                stream.Write(buffer, 0, 2 * part)

        let narrow (source: float32[]) first part buffer =
            if storage = FloatStorage.F16 then
                NarrowFloats.toHalves source first part buffer
            else
                NarrowFloats.toBrains source first part buffer

        match t.Elements, storage with
        | Elements.F32 a, FloatStorage.AsIs -> direct a
        | Elements.F64 a, FloatStorage.AsIs -> direct a
        | Elements.F32 a, (FloatStorage.F16 | FloatStorage.BF16) -> narrowed a.Length (narrow a)
        | Elements.F64 a, (FloatStorage.F16 | FloatStorage.BF16) ->
            let odd = Array.zeroCreate<float32>(min step a.Length)

            narrowed a.Length (fun first part buffer ->
                for i in 0 .. part - 1 do
                    odd[i] <- NarrowFloats.roundToOdd a[first + i]

                narrow odd 0 part buffer)
        | Elements.I32 a, _ -> direct a
        | Elements.I64 a, _ -> direct a
        | Elements.Bool a, _ -> direct a

/// Which tensors of a file are read.
[<RequireQualifiedAccess>]
module internal Chosen =
    /// Refuses a choice of no tensor among names.
    let refuse operation (names: string list) : 'a =
        let shown = names |> List.truncate 10 |> String.concat ", "
        let more = if names.Length > 10 then ", ..." else ""

        Refuse.format
            operation
            $"a choice of none of %d{names.Length} tensors"
            (if names.IsEmpty then "a file with tensors" else $"some of {shown}{more}")
            "compare the names that are asked for with those of the file"
