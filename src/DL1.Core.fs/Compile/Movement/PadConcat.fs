namespace DL1.Compiler.Movement

open System
open DL1

/// The size of an element in bytes.
[<RequireQualifiedAccess>]
module internal ElementSize =
    let ofType (dtype: DType) =
        match dtype with
        | DType.F32
        | DType.I32 -> 4
        | DType.F64
        | DType.I64 -> 8
        | DType.Bool -> 1

    /// The bits of a number as an element of a type, converted as `Elements.ofFloats` does.
    let bits (dtype: DType) (value: float) : uint64 =
        match dtype with
        | DType.F32 -> uint64 (BitConverter.SingleToUInt32Bits(float32 value))
        | DType.F64 -> BitConverter.DoubleToUInt64Bits value
        | DType.I32 -> uint64 (uint32 (int value))
        | DType.I64 -> uint64 (int64 value)
        | DType.Bool -> if value <> 0.0 then 1UL else 0UL

/// `Node.Pad`: every element is written once. For each axis, fills the padding along it, over the data's indices of the
/// axes before it and all indices of the axes after it; the data is copied to the rest.
[<Sealed>]
type internal Pad(dtype: DType, edges: Edge list, value: float, source: Shape) =
    let size = ElementSize.ofType dtype
    let bits = ElementSize.bits dtype value

    let target =
        edges
        |> List.mapi (fun axis e ->
            let spread = int64 source[axis] + int64 (max 0 (source[axis] - 1)) * int64 e.Between
            int (int64 e.Before + spread + int64 e.After))
        |> Shape.ofList

    // Along an axis: the first element that is in the result, the number of those that are, the index of the first one
    // in the result, and the step to the next.
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

        // What is not used gets a fixed value: all of it where there is no element, the step where there is one.
        match int count with
        | 0 -> struct (0, 0, 0, 1)
        | 1 -> struct (int first, 1, int position, 1)
        | count -> struct (int first, count, int position, int step)

    let spans = edges |> List.mapi along
    let strides = List.ofArray target.Strides
    let dims = target.ToList()

    /// The fill of a region: the data's indices along the axes before `before`; along that axis `inside`, loops of
    /// (extent, step), from `axisStart` on; all indices along the axes after it.
    let fill (before: int) (inside: (int * int) list) (axisStart: int) =
        let data =
            List.take before spans
            |> List.mapi (fun axis (struct (_, count, position, step)) ->
                count, step * strides[axis], position * strides[axis])

        let own = inside |> List.map (fun (extent, step) -> extent, step * strides[before])
        let after = List.skip (before + 1) dims |> List.mapi (fun i d -> d, strides[before + 1 + i])
        let all = (data |> List.map (fun (n, s, _) -> n, s)) @ own @ after
        let start = axisStart * strides[before] + List.sumBy (fun (_, _, s) -> s) data
        Fill(size, bits, List.map fst all, { Start = start; Strides = List.map snd all })

    let fills =
        [|
            for axis, (struct (_, count, position, step)) in List.indexed spans do
                if count = 0 then
                    fill axis [ dims[axis], 1 ] 0
                else
                    let until = position + (count - 1) * step + 1

                    if position > 0 then
                        fill axis [ position, 1 ] 0

                    if count > 1 && step > 1 then
                        fill axis [ count - 1, step; step - 1, 1 ] (position + 1)

                    if until < dims[axis] then
                        fill axis [ dims[axis] - until, 1 ] until
        |]

    let copy =
        let sum f = List.mapi f spans |> List.sum

        StridedCopy(
            size,
            spans |> List.map (fun (struct (_, count, _, _)) -> count),
            {
                Start = sum (fun axis (struct (first, _, _, _)) -> first * source.Strides[axis])
                Strides = List.ofArray source.Strides
            },
            {
                Start = sum (fun axis (struct (_, _, position, _)) -> position * strides[axis])
                Strides = List.map2 (fun (struct (_, _, _, step)) s -> step * s) spans strides
            }
        )

    /// The shape of the result.
    member _.Shape = target

    /// Pads the tensor at `from` into the tensor at `into`.
    member _.Run(threads: int, from: nativeint, into: nativeint) =
        for fill in fills do
            fill.Run(threads, into)

        copy.Run(threads, from, into)

/// `Node.Concat`: tensors one after another along an axis.
[<Sealed>]
type internal Concat(dtype: DType, axis: int, sources: Shape list) =
    let size = ElementSize.ofType dtype
    let extents = sources |> List.map (fun s -> s[axis])
    let target = Shape.withAxis axis (List.sum extents) (List.head sources)
    let starts = List.scan (+) 0 extents

    let copies =
        List.map2
            (fun (source: Shape) start ->
                StridedCopy(
                    size,
                    source.ToList(),
                    View.whole source,
                    { View.whole target with Start = start * target.Strides[axis] }
                ))
            sources
            (List.take sources.Length starts)
        |> Array.ofList

    /// The shape of the result.
    member _.Shape = target

    /// Copies the tensors at the addresses `from`, in order, into the tensor at `into`.
    member _.Run(threads: int, from: nativeint[], into: nativeint) =
        for i in 0 .. copies.Length - 1 do
            copies[i].Run(threads, from[i], into)
