namespace DL1

/// Movement of data by offsets: every movement names, for each element of its result, the place it comes from.
[<RequireQualifiedAccess>]
module internal Strided =
    /// The offsets of a view in row-major order: start + Σ index·stride.
    let offsets (dims: int list) (strides: int list) (start: int) : int[] =
        let mutable places = if List.contains 0 dims then [||] else [| start |]

        for extent, stride in List.zip dims strides do
            places <- places |> Array.collect (fun p -> Array.init extent (fun i -> p + i * stride))

        places

    let private take (shape: Shape) places (x: Tensor) = Tensor(shape, Elements.take places x.Elements)

    let private strides (x: Tensor) = List.ofArray x.Shape.Strides

    let broadcast (shape: Shape) (x: Tensor) =
        let missing = shape.Rank - x.Rank

        let stride axis =
            if axis < missing || x.Shape[axis - missing] = 1 then
                0
            else
                x.Shape.Strides[axis - missing]

        if x.Size = 1 then
            Tensor(shape, Elements.repeat shape.Size x.Elements)
        else
            take shape (offsets (shape.ToList()) (List.init shape.Rank stride) 0) x

    let transpose (shape: Shape) (permutation: int list) (x: Tensor) =
        let strides = x.Shape.Strides
        take shape (offsets (shape.ToList()) (permutation |> List.map (fun axis -> strides[axis])) 0) x

    let slice (shape: Shape) (cuts: Cut list) (x: Tensor) =
        let start = List.map2 (fun (c: Cut) s -> c.Start * s) cuts (strides x) |> List.sum
        let steps = List.map3 Cut.stride (shape.ToList()) cuts (strides x)
        take shape (offsets (shape.ToList()) steps start) x

    let reverse (axes: int list) (x: Tensor) =
        let turned axis = List.contains axis axes

        let start =
            strides x
            |> List.mapi (fun axis s -> if turned axis then (x.Shape[axis] - 1) * s else 0)
            |> List.sum

        let steps = strides x |> List.mapi (fun axis s -> if turned axis then -s else s)
        take x.Shape (offsets (x.Shape.ToList()) steps start) x

    /// One element put before all others, so that an offset can say "the fill value".
    let private withFill (value: float) (x: Tensor) =
        let fill = Elements.ofFloats x.DType [| value |]
        Elements.concat [ fill; x.Elements ]

    let pad (shape: Shape) (edges: Edge list) value (x: Tensor) =
        let source axis (e: Edge) (stride: int) =
            Array.init shape[axis] (fun i ->
                let place = i - e.Before
                let step = e.Between + 1

                if place >= 0 && place % step = 0 && place / step < x.Shape[axis] then
                    place / step * stride
                else
                    -1)

        // Where one axis is empty, the others, however long, have no places either.
        let isEmpty = shape.Size = 0
        let mutable places = if isEmpty then [||] else [| 0 |]

        for axis, (e, stride) in List.indexed (if isEmpty then [] else List.zip edges (strides x)) do
            let along = source axis e stride

            places <-
                places
                |> Array.collect (fun p -> along |> Array.map (fun s -> if p < 0 || s < 0 then -1 else p + s))

        Tensor(shape, Elements.take (Array.map (fun p -> p + 1) places) (withFill value x))

    /// A shape as (outer, extent, inner) about an axis.
    let about axis (shape: Shape) =
        let dims = shape.ToList()
        let product = List.fold (*) 1
        product (List.take axis dims), dims[axis], product (List.skip (axis + 1) dims)

    /// Tensors of one type joined along an axis.
    let concat (shape: Shape) axis (xs: Tensor list) =
        let outer, _, _ = about axis shape
        let all = xs |> List.map _.Elements |> Elements.concat
        let starts = xs |> List.scan (fun start x -> start + x.Size) 0

        let places =
            [|
                for o in 0 .. outer - 1 do
                    for x, start in List.zip xs (List.take xs.Length starts) do
                        let run = x.Size / outer
                        yield! Seq.init run (fun i -> start + o * run + i)
            |]

        Tensor(shape, Elements.take places all)

    /// Refuses an index outside its axis.
    let refuseIndex operation extent (index: int64) (place: int) : 'a =
        Refuse.domain
            operation
            $"index %d{index} (element %d{place} of the indices) for an axis of extent %d{extent}"
            $"indices from 0 to %d{extent - 1}"
            "check the vocabulary or the class numbers: they count from 0"

    let private checkIndices operation extent (indices: int64[]) =
        match indices |> Array.tryFindIndex (fun i -> i < 0L || i >= int64 extent) with
        | Some place -> refuseIndex operation extent indices[place] place
        | None -> ()

    let gather (shape: Shape) axis (x: Tensor) (indices: Tensor) =
        let outer, extent, inner = about axis x.Shape
        let indices = Elements.toIntegers indices.Elements
        checkIndices "gather" extent indices

        let places =
            [|
                for o in 0 .. outer - 1 do
                    for i in indices do
                        for j in 0 .. inner - 1 do
                            (o * extent + int i) * inner + j
            |]

        take shape places x

    /// For each update in order, the place in the result that it is added to.
    let scatterPlaces (shape: Shape) axis (indices: Tensor) =
        let outer, extent, inner = about axis shape
        let indices = Elements.toIntegers indices.Elements
        checkIndices "scatter_add" extent indices

        [|
            for o in 0 .. outer - 1 do
                for i in indices do
                    for j in 0 .. inner - 1 do
                        (o * extent + int i) * inner + j
        |]
