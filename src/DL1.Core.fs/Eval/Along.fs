namespace DL1

open System

/// What is computed along axes: reductions, running sums, softmax.
[<RequireQualifiedAccess>]
module internal Along =
    /// The axes to reduce put last: one row of elements for each element of the result.
    let private rows (shape: Shape) (axes: int list) (x: Tensor) (elements: 'n[]) : 'n[][] =
        let kept = [ 0 .. x.Rank - 1 ] |> List.except axes
        let order = kept @ axes
        let dims = order |> List.map (fun axis -> x.Shape[axis])
        let places = Strided.offsets dims (order |> List.map (fun axis -> x.Shape.Strides[axis])) 0
        let width = axes |> List.fold (fun n axis -> n * x.Shape[axis]) 1
        Array.init shape.Size (fun r -> Array.init width (fun c -> elements[places[r * width + c]]))

    let reduce op (shape: Shape) axes (x: Tensor) =
        if x.DType.IsFloat then
            let row: float[] -> float =
                match op with
                | ReduceOp.Sum -> Summation.sum
                | ReduceOp.Prod -> Array.fold (*) 1.0
                | ReduceOp.Max -> Array.reduce (fun a b -> Math.Max(a, b))
                | ReduceOp.Min -> Array.reduce (fun a b -> Math.Min(a, b))

            Tensor(shape, rows shape axes x (Tensor.toFloats x) |> Array.map row |> Elements.ofFloats x.DType)
        else
            let row: int64[] -> int64 =
                match op with
                // Array.sum would refuse to wrap around.
                | ReduceOp.Sum -> Array.fold (+) 0L
                | ReduceOp.Prod -> Array.fold (*) 1L
                | ReduceOp.Max -> Array.reduce max
                | ReduceOp.Min -> Array.reduce min

            let integers = Elements.toIntegers x.Elements
            Tensor(shape, rows shape axes x integers |> Array.map row |> Elements.ofIntegers x.DType)

    let argReduce op (shape: Shape) axis (x: Tensor) =
        // The first place that no other is better than; NaN is better than every number.
        let inline place (isNaN: 'n -> bool) (values: 'n[]) =
            let better best i =
                (match op with
                 | ArgOp.Max -> values[i] > values[best]
                 | ArgOp.Min -> values[i] < values[best])
                || (isNaN values[i] && not (isNaN values[best]))

            [ 0 .. values.Length - 1 ]
            |> List.reduce (fun best i -> if better best i then i else best)
            |> int64

        let places =
            if x.DType.IsFloat then
                rows shape [ axis ] x (Tensor.toFloats x) |> Array.map (place Double.IsNaN)
            else
                rows shape [ axis ] x (Elements.toIntegers x.Elements) |> Array.map (place (fun _ -> false))

        Tensor(shape, Elements.I64 places)

    /// Computes each row along an axis from that row, and puts the results where the row stood.
    let private alongAxis axis (row: 'n[] -> 'n[]) (shape: Shape) (values: 'n[]) =
        let outer, extent, inner = Strided.about axis shape
        let result = Array.zeroCreate values.Length

        for o in 0 .. outer - 1 do
            for j in 0 .. inner - 1 do
                let place i = (o * extent + i) * inner + j

                row (Array.init extent (fun i -> values[place i]))
                |> Array.iteri (fun i v -> result[place i] <- v)

        result

    let cumSum axis reversed (x: Tensor) =
        let inline sums zero row =
            if reversed then
                Array.scanBack (+) row zero |> Array.take row.Length
            else
                Array.scan (+) zero row |> Array.skip 1

        let elements =
            if x.DType.IsFloat then
                Tensor.toFloats x |> alongAxis axis (sums 0.0) x.Shape |> Elements.ofFloats x.DType
            else
                Elements.toIntegers x.Elements
                |> alongAxis axis (sums 0L) x.Shape
                |> Elements.ofIntegers x.DType

        Tensor(x.Shape, elements)

    let argSort axis (x: Tensor) =
        // A stable sort of the places by their elements, NaN behind all others.
        let inline places (isNaN: 'n -> bool) (row: 'n[]) =
            let last, others = [ 0 .. row.Length - 1 ] |> List.partition (fun i -> isNaN row[i])
            List.sortBy (fun i -> row[i]) others @ last |> List.map int64

        let outer, extent, inner = Strided.about axis x.Shape
        let result = Array.zeroCreate x.Shape.Size

        let inline fill (isNaN: 'n -> bool) (values: 'n[]) =
            for o in 0 .. outer - 1 do
                for j in 0 .. inner - 1 do
                    let place i = (o * extent + i) * inner + j

                    Array.init extent (fun i -> values[place i])
                    |> places isNaN
                    |> List.iteri (fun i p -> result[place i] <- p)

        if x.DType.IsFloat then
            fill Double.IsNaN (Tensor.toFloats x)
        else
            fill (fun _ -> false) (Elements.toIntegers x.Elements)

        Tensor(x.Shape, Elements.I64 result)

    /// The exponentials of a row, relative to its maximum, and that maximum; infinities leave no NaN behind.
    let private relativeExp (row: float[]) =
        let peak = Array.fold (fun (a: float) b -> Math.Max(a, b)) Double.NegativeInfinity row
        let shift = if Double.IsInfinity peak then 0.0 else peak
        row |> Array.map (fun v -> exp (v - shift)), shift

    let softmax axis (x: Tensor) =
        let row values =
            let exps, _ = relativeExp values
            let sum = Array.sum exps
            exps |> Array.map (fun e -> e / sum)

        Tensor(x.Shape, Tensor.toFloats x |> alongAxis axis row x.Shape |> Elements.ofFloats x.DType)

    let logSumExp (shape: Shape) axis (x: Tensor) =
        let row values =
            let exps, shift = relativeExp values
            shift + log (Array.sum exps)

        Tensor(shape, rows shape [ axis ] x (Tensor.toFloats x) |> Array.map row |> Elements.ofFloats x.DType)
