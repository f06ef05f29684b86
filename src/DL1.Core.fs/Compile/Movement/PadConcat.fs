namespace DL1.Compiler.Movement

open System
open DL1
open DL1.Compiler.Generic

/// Converts numbers to the bits of elements.
[<RequireQualifiedAccess>]
module internal ElementBits =
    /// The bits of a number as an element of a type, converted as `Elements.ofFloats` does.
    let of' (dtype: DType) (value: float) : uint64 =
        match dtype with
        | DType.F32 -> uint64 (BitConverter.SingleToUInt32Bits(float32 value))
        | DType.F64 -> BitConverter.DoubleToUInt64Bits value
        | DType.I32 -> uint64 (uint32 (int value))
        | DType.I64 -> uint64 (int64 value)
        | DType.Bool -> if value <> 0.0 then 1UL else 0UL

/// The elements along one axis of the source that a padded result contains (negative edges cut some off): the index of the
/// first and their number in the source, the position of the first and the step to the next in the result.
[<Struct; NoEquality; NoComparison>]
type private PaddedSpan = { First: int; Count: int; Position: int; Step: int }

/// `Node.Pad`: writes every element of the result once. For each axis, fills the padding along it, at the indices of data
/// along the axes before it and at all indices along the axes after it; then copies the data to the other elements.
[<Sealed>]
type internal Pad(dtype: DType, edges: Edge list, value: float, source: Shape) =
    inherit TensorKernel()
    let size = dtype.Bytes
    let bits = ElementBits.of' dtype value

    let target =
        edges
        |> List.mapi (fun axis e ->
            let spread = int64 source[axis] + int64 (max 0 (source[axis] - 1)) * int64 e.Between
            int (int64 e.Before + spread + int64 e.After))
        |> Shape.ofList

    let along axis (e: Edge) =
        let step = int64 e.Between + 1L
        let before = int64 e.Before
        let first = if before >= 0L then 0L else (step - 1L - before) / step
        let position = before + first * step
        let left = int64 target[axis] - position

        let count =
            if left <= 0L then
                0L
            else
                max 0L (min (int64 source[axis] - first) ((left + step - 1L) / step))

        // Fields without a meaning get fixed values: all fields where no element is left, the step where one is.
        match int count with
        | 0 -> { First = 0; Count = 0; Position = 0; Step = 1 }
        | 1 -> { First = int first; Count = 1; Position = int position; Step = 1 }
        | count -> { First = int first; Count = count; Position = int position; Step = int step }

    let spans = edges |> List.mapi along
    let strides = List.ofArray target.Strides
    let dims = target.ToList()

    /// Fills a region. Along axes before number `before` it has the indices of data, along later axes all indices; along
    /// axis `before` itself it begins at index `axisStart` and has loops `inside`, pairs of (extent, step).
    let fill (before: int) (inside: (int * int) list) (axisStart: int) =
        let data =
            List.take before spans
            |> List.mapi (fun axis s -> s.Count, s.Step * strides[axis], s.Position * strides[axis])

        let own = inside |> List.map (fun (extent, step) -> extent, step * strides[before])
        let after = List.skip (before + 1) dims |> List.mapi (fun i d -> d, strides[before + 1 + i])
        let all = (data |> List.map (fun (n, s, _) -> n, s)) @ own @ after
        let start = axisStart * strides[before] + List.sumBy (fun (_, _, s) -> s) data
        Fill(size, bits, List.map fst all, { Start = start; Strides = List.map snd all })

    let fills =
        [|
            for axis, s in List.indexed spans do
                if s.Count = 0 then
                    fill axis [ dims[axis], 1 ] 0
                else
                    let until = s.Position + (s.Count - 1) * s.Step + 1

                    if s.Position > 0 then
                        fill axis [ s.Position, 1 ] 0

                    if s.Count > 1 && s.Step > 1 then
                        fill axis [ s.Count - 1, s.Step; s.Step - 1, 1 ] (s.Position + 1)

                    if until < dims[axis] then
                        fill axis [ dims[axis] - until, 1 ] until
        |]

    let copy =
        let sum f = List.mapi f spans |> List.sum

        StridedCopy(
            size,
            spans |> List.map _.Count,
            {
                Start = sum (fun axis s -> s.First * source.Strides[axis])
                Strides = List.ofArray source.Strides
            },
            {
                Start = sum (fun axis s -> s.Position * strides[axis])
                Strides = List.map2 (fun s stride -> s.Step * stride) spans strides
            }
        )

    override _.Run(threads, from, into) =
        for fill in fills do
            fill.Run(threads, into)

        copy.Run(threads, from, into)

/// `Node.Concat`: tensors one after another along an axis.
[<Sealed>]
type internal Concat(dtype: DType, axis: int, sources: Shape list) =
    let size = dtype.Bytes
    let extents = sources |> List.map (fun s -> s[axis])
    let target = Shape.withAxis axis (List.sum extents) (List.head sources)
    let starts = List.scan (+) 0 extents

    let copies =
        List.map2
            (fun (source: Shape) start ->
                let into = { View.whole target with Start = start * target.Strides[axis] }
                StridedCopy(size, source.ToList(), View.whole source, into))
            sources
            (List.take sources.Length starts)
        |> Array.ofList

    /// Copies the tensors at the addresses `from`, in order, into the tensor at `into`.
    member _.Run(threads: int, from: nativeint[], into: nativeint) =
        for i in 0 .. copies.Length - 1 do
            copies[i].Run(threads, from[i], into)
