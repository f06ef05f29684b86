namespace DL1.Onnx

open System
open DL1

/// What moves data, as nodes of ONNX. Extents that depend on the batch are computed in the file.
[<RequireQualifiedAccess>]
module internal EmitMovement =
    /// A tensor of one number.
    let fill (w: GraphWriter) (value: Tensor) (extents: Extent list) : string =
        let count = extents |> List.fold (fun n (e: Extent) -> n * int64 e.Offset) 1L

        if extents |> List.forall _.IsFixed && count <= 16L then
            let dims = extents |> List.map _.Offset
            w.Constant(Tensor(Shape.ofList dims, Elements.take (Array.zeroCreate (int count)) value.Elements))
        else
            w.Add(
                "ConstantOfShape",
                [ w.Extents extents ],
                [ Attributes.tensor "value" (Tensor.reshape [ 1 ] value) ]
            )

    /// The same elements in another shape: the one extent that depends on the batch is what the others leave.
    let reshape (w: GraphWriter) (extents: Extent list) (x: string) : string =
        let moving = extents |> List.filter (fun e -> not e.IsFixed)

        let shape =
            if moving.Length = 1 && extents |> List.forall (fun e -> not e.IsFixed || e.Offset > 0) then
                w.Ints(extents |> List.map (fun e -> if e.IsFixed then e.Offset else -1))
            else
                w.Extents extents

        w.Add("Reshape", [ x; shape ], [])

    /// Stretches axes of extent 1 and puts new ones in front. An extent of 1 in the shape leaves an axis as it is.
    let broadcast (w: GraphWriter) (from: Extent list) (target: Extent list) (x: string) : string =
        let missing = target.Length - from.Length

        let shape =
            target
            |> List.mapi (fun i e -> if i >= missing && from[i - missing] = e then Extent.constant 1 else e)

        w.Add("Expand", [ x; w.Extents shape ], [])

    let transpose (w: GraphWriter) (permutation: int list) (x: string) : string =
        w.Add("Transpose", [ x ], [ Attributes.ints "perm" permutation ])

    /// One cut for each axis: start, stop, step. Whole axes are left out.
    let slice
        (w: GraphWriter)
        (cuts: struct (Extent * Extent * int) list)
        (whole: Extent list)
        (x: string)
        : string =
        let cut =
            List.zip cuts whole
            |> List.indexed
            |> List.filter (fun (_, (struct (start, stop, step), extent)) ->
                not (start = Extent.constant 0 && stop = extent && step = 1))
            |> List.map (fun (axis, (cut, _)) -> axis, cut)

        if cut.IsEmpty then
            x
        else
            let starts = cut |> List.map (fun (_, struct (start, _, _)) -> start)
            let stops = cut |> List.map (fun (_, struct (_, stop, _)) -> stop)
            let steps = cut |> List.map (fun (_, struct (_, _, step)) -> step)

            w.Add(
                "Slice",
                [ x; w.Extents starts; w.Extents stops; w.Ints(List.map fst cut); w.Ints steps ],
                []
            )

    /// A value around the elements; edges of at least 0.
    let pad (w: GraphWriter) (before: Extent list) (after: Extent list) (value: Tensor) (x: string) : string =
        w.Add(
            "Pad",
            [ x; w.Extents(before @ after); w.Constant value ],
            [ Attributes.text "mode" "constant" ]
        )

    let concat (w: GraphWriter) (axis: int) (xs: string list) : string =
        match xs with
        | [ x ] -> x
        | xs -> w.Add("Concat", xs, [ Attributes.int "axis" axis ])

    /// Axes turned around: slices from the end to the beginning.
    let reverse (w: GraphWriter) (axes: int list) (x: string) : string =
        let all (value: int64) = w.Longs(axes |> List.map (fun _ -> value))

        if axes.IsEmpty then
            x
        else
            w.Add("Slice", [ x; all -1L; all Int64.MinValue; w.Ints axes; all -1L ], [])

    let gather (w: GraphWriter) (axis: int) (x: string) (indices: string) : string =
        w.Add("Gather", [ x; indices ], [ Attributes.int "axis" axis ])

    /// Updates added to zeros at their indices. The axes of the indices go to the front and the sums back to their axis.
    let scatterAdd
        (w: GraphWriter)
        (axis: int)
        (width: int)
        (result: Extent list)
        (updates: DType * string)
        (indices: DType * string)
        : string =
        let dtype, u = updates
        let rank = result.Length - 1 + width

        let places =
            match indices with
            | DType.I64, i -> i
            | _, i -> w.Add("Cast", [ i ], [ Attributes.int "to" (int OnnxType.Int64) ])

        let front = [ axis .. axis + width - 1 ]
        let order = front @ ([ 0 .. rank - 1 ] |> List.except front)
        let u = if order = [ 0 .. rank - 1 ] then u else transpose w order u
        let zeros = fill w (Tensor.full dtype [] 0.0) (result[axis] :: List.removeAt axis result)
        let at = w.Add("Unsqueeze", [ places; w.Ints [ -1 ] ], [])
        let sums = w.Add("ScatterND", [ zeros; at; u ], [ Attributes.text "reduction" "add" ])

        if axis = 0 then
            sums
        else
            transpose w ([ 1..axis ] @ [ 0 ] @ [ axis + 1 .. result.Length - 1 ]) sums

    /// A constant that may depend on the batch: the same in all batches, one number of any extents, a number over the batch, or
    /// numbers in equal steps.
    let constant (w: GraphWriter) (extents: Extent list) (values: Tensor[]) : string =
        let first = values[0]
        let dtype = first.DType

        let refuse () =
            Extent.refuse
                "a constant whose numbers differ"
                "constants that are the same, one number, or equal steps"

        let uniform (t: Tensor) =
            let elements = Tensor.toFloats t
            let head = Tensor(Shape.Scalar, Elements.take [| 0 |] t.Elements)

            let isOne =
                Tensor.sameBits
                    t
                    (Tensor(t.Shape, Elements.take (Array.zeroCreate elements.Length) head.Elements))

            if isOne then ValueSome head else ValueNone

        let sized = first.Size > 64 || extents |> List.exists (fun e -> not e.IsFixed)
        let ones = if sized || values.Length > 1 then values |> Array.map uniform else [||]

        if values |> Array.forall (Tensor.sameBits first) then
            match Array.tryHead ones with
            | Some(ValueSome one) when sized -> fill w one extents
            | Some _
            | None -> w.Constant first
        elif ones |> Array.forall _.IsSome then
            let numbers = ones |> Array.map (fun one -> Tensor.toFloat one.Value)
            let at i = Extent.sizes[i]

            if numbers |> Array.forall ((=) numbers[0]) then
                fill w ones[0].Value extents
            else
                // A share of the batch, k / batch, or a number of rows.
                let share = Math.Round(numbers[0] * float (at 0) * 1e6) / 1e6
                let rounded (x: float) = if dtype = DType.F32 then float (float32 x) else x
                let slope = (numbers[1] - numbers[0]) / float (at 1 - at 0)
                let offset = numbers[0] - slope * float (at 0)

                let scalar =
                    if
                        dtype.IsFloat
                        && numbers
                           |> Array.indexed
                           |> Array.forall (fun (i, v) -> rounded (share / float (at i)) = v)
                    then
                        w.Add("Div", [ w.Scalar(dtype, share); w.BatchAs dtype ], [])
                    elif
                        numbers
                        |> Array.indexed
                        |> Array.forall (fun (i, v) -> slope * float (at i) + offset = v)
                    then
                        let scaled = w.Add("Mul", [ w.BatchAs dtype; w.Scalar(dtype, slope) ], [])
                        w.Add("Add", [ scaled; w.Scalar(dtype, offset) ], [])
                    else
                        refuse ()

                if extents.IsEmpty then
                    scalar
                else
                    w.Add("Expand", [ scalar; w.Extents extents ], [])
        else
            // Numbers in equal steps along one axis that grows with the batch.
            let numbers = values |> Array.map Tensor.toFloats
            let start = numbers[0][0]
            let step = numbers[0][1] - start

            let isRange =
                numbers
                |> Array.forall (fun vs ->
                    vs |> Array.indexed |> Array.forall (fun (i, v) -> start + float i * step = v))

            if not isRange then
                refuse ()

            let total = Versions.size (values |> Array.map Expr.constant)
            let count = w.Add("Squeeze", [ w.Extents [ total ]; w.Ints [ 0 ] ], [])
            let zero, one = w.Constant(Tensor.scalar 0L), w.Constant(Tensor.scalar 1L)
            let places = w.Add("Range", [ zero; count; one ], [])

            let typed =
                if dtype = DType.I64 then
                    places
                else
                    w.Add("Cast", [ places ], [ Attributes.int "to" (int (GraphWriter.TypeOf dtype)) ])

            let scaled = if step = 1.0 then typed else w.Add("Mul", [ typed; w.Scalar(dtype, step) ], [])

            let moved =
                if start = 0.0 then
                    scaled
                else
                    w.Add("Add", [ scaled; w.Scalar(dtype, start) ], [])

            if extents.Length = 1 then moved else reshape w extents moved
