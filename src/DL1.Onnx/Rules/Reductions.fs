namespace DL1.Onnx.Rules

open System
open DL1
open DL1.Onnx

/// Reductions, softmax, and what goes along one axis.
[<RequireQualifiedAccess>]
module internal ReductionRules =
    /// The axes of a reduction: an attribute in old versions, an operand from `since` on; none are all, unless they are to be
    /// none.
    let private axesOf (c: OnnxCall) since : int list option =
        let rank = c.X(0).Shape.Rank

        let given =
            if c.Version < since then
                c.TryInts "axes"
            elif c.Has 1 then
                Some(c.Ints 1)
            else
                // Some exporters keep the attribute.
                c.TryInts "axes"

        match given with
        | Some(_ :: _ as axes) -> Some(axes |> List.map (fun a -> c.Axis(c.Small a, rank)))
        | Some []
        | None -> if c.Flag "noop_with_empty_axes" then None else Some [ 0 .. rank - 1 ]

    /// A reduction over axes, which are kept with extent 1 unless `keepdims` is 0. Without axes, `one` is applied to each
    /// element.
    let private reduction operator versions since (one: Expr -> Expr) (f: int list -> Expr -> Expr) =
        OnnxRule.one operator versions 2 [ "axes"; "keepdims"; "noop_with_empty_axes" ] (fun c ->
            let x = c.X 0

            match axesOf c since with
            | None -> one x
            | Some axes when c.Int("keepdims", 1) <> 0 -> Reduce.keepDims f axes x
            | Some axes -> f axes x)
        |> OnnxRule.numbers [ 1 ]

    /// Over no elements, what the standard says: infinities of the type.
    let private extreme (isMax: bool) (axes: int list) (x: Expr) =
        let isEmpty = axes |> List.exists (fun a -> x.Shape[a] = 0)

        let f (x: Expr) = if isMax then Expr.max axes x else Expr.min axes x

        if x.DType = DType.Bool then
            Expr.cast DType.Bool (f (Expr.cast DType.I32 x))
        elif isEmpty then
            let dims =
                x.Shape.ToList()
                |> List.indexed
                |> List.filter (fun (i, _) -> not (List.contains i axes))
                |> List.map snd

            let value =
                match x.DType, isMax with
                | DType.I32, true -> float Int32.MinValue
                | DType.I32, false -> float Int32.MaxValue
                | _, true -> -infinity
                | _, false -> infinity

            Expr.full x.DType dims value
        else
            f x

    let private mean (axes: int list) (x: Expr) =
        if x.DType.IsFloat then
            Reduce.mean axes x
        else
            let count = axes |> List.fold (fun n a -> n * x.Shape[a]) 1
            Division.truncDivide (Expr.sum axes x) (lit (float count))

    let private logSumExp (axes: int list) (x: Expr) =
        let x = if x.DType.IsFloat then x else Expr.cast DType.F64 x

        if axes |> List.exists (fun a -> x.Shape[a] = 0) then
            log (Expr.sum axes (exp x))
        else
            // One axis at a time, from the last on, so that places stay.
            axes |> List.sortDescending |> List.fold (fun x axis -> Expr.logSumExp axis x) x

    let private inFloat (f: Expr -> Expr) (x: Expr) =
        if x.DType.IsFloat then f x else Expr.cast x.DType (f (Expr.cast DType.F64 x))

    let private argReduce operator versions (pick: int -> Expr -> Expr) =
        OnnxRule.make operator versions 1 [ "axis"; "keepdims"; "select_last_index" ] (fun c ->
            let x = c.X 0
            let axis = c.Axis(c.Int("axis", 0), x.Shape.Rank)

            let places =
                if c.Flag "select_last_index" then
                    float (x.Shape[axis] - 1) - pick axis (Expr.reverse [ axis ] x)
                else
                    pick axis x

            [
                OnnxTerm.ofExpr
                    OnnxType.Int64
                    (if c.Int("keepdims", 1) <> 0 then Expr.expandDims axis places else places)
            ])

    /// Softmax and its kin: along one axis from version 13 on, before it over all axes from one on.
    let private softmax operator (f: int -> Expr -> Expr) =
        OnnxRule.one operator [ 1; 11; 13 ] 1 [ "axis" ] (fun c ->
            let x = c.X 0
            let rank = x.Shape.Rank

            if c.Version >= 13 then
                f (c.Axis(c.Int("axis", -1), rank)) x
            else
                let axis = c.Axis(c.Int("axis", 1), rank)

                if axis = rank - 1 then
                    f axis x
                else
                    let rows = x.Shape.ToList() |> List.take axis |> List.fold (*) 1
                    let columns = x.Shape.ToList() |> List.skip axis |> List.fold (*) 1
                    Expr.reshape [ rows; columns ] x |> f 1 |> Expr.reshape (x.Shape.ToList()))

    let private hardmax axis (x: Expr) =
        let places = Expr.argMax axis x |> Expr.expandDims axis
        let extents = x.Shape.ToList() |> List.mapi (fun i d -> if i = axis then d else 1)
        let here = Expr.arange DType.I64 x.Shape[axis] |> Expr.reshape extents
        Expr.cast x.DType (Expr.equal places here)

    /// A running result along an axis, from its end where `backwards` says so; exclusive, each place has that of the ones before.
    let private running operator versions (f: int -> bool -> Expr -> Expr) (neutral: float) =
        OnnxRule.one operator versions 2 [ "exclusive"; "reverse" ] (fun c ->
            let x = c.X 0
            let axis = c.Axis(c.Numbers 1 |> Tensor.toFloat |> int, x.Shape.Rank)
            let backwards = c.Flag "reverse"
            let extent = x.Shape[axis]

            if c.Flag "exclusive" then
                let extents = x.Shape.ToList() |> List.mapi (fun i d -> if i = axis then min 1 d else d)
                let edge = Expr.full x.DType extents neutral

                let inner =
                    if backwards then
                        Expr.sliceAxis axis (min 1 extent) extent x
                    else
                        Expr.sliceAxis axis 0 (max 0 (extent - 1)) x

                f axis backwards (Expr.concat axis (if backwards then [ inner; edge ] else [ edge; inner ]))
            else
                f axis backwards x)
        |> OnnxRule.numbers [ 1 ]

    let private cumSum axis backwards x = Expr.Make(Node.CumSum(axis, backwards, x))

    let private cumProd axis backwards x =
        if backwards then
            Expr.reverse [ axis ] (Axes.cumProd axis (Expr.reverse [ axis ] x))
        else
            Axes.cumProd axis x

    let private lpNormalization (c: OnnxCall) =
        let x = c.X 0
        let axis = c.Axis(c.Int("axis", -1), x.Shape.Rank)

        let norm =
            match c.Int("p", 2) with
            | 1 -> Reduce.keepDims Expr.sum [ axis ] (abs x)
            | 2 -> sqrt (Reduce.keepDims Expr.sum [ axis ] (x * x))
            | p -> c.Refuse($"the norm of order %d{p}", "1 or 2", "export the model again")

        x / norm

    let private topK (c: OnnxCall) =
        let x = c.X 0
        let axis = c.Axis(c.Int("axis", -1), x.Shape.Rank)

        let k =
            if c.Version < 10 then
                c.Int("k", 0)
            else
                match c.Ints 1 with
                | [ k ] -> c.Small k
                | ks -> c.Refuse($"%d{ks.Length} numbers k", "one number", "export the model again")

        c.Int("sorted", 1) |> ignore
        let pick = if c.Int("largest", 1) <> 0 then Order.topK else Order.bottomK
        let values, places = pick k axis x
        [ c.Like 0 values; OnnxTerm.ofExpr OnnxType.Int64 places ]

    let rules: OnnxRule list =
        [
            reduction "ReduceSum" [ 1; 11; 13 ] 13 id Expr.sum
            reduction "ReduceMean" [ 1; 11; 13; 18 ] 18 id mean
            reduction "ReduceProd" [ 1; 11; 13; 18 ] 18 id Expr.prod
            reduction "ReduceMax" [ 1; 11; 12; 13; 18; 20 ] 18 id (extreme true)
            reduction "ReduceMin" [ 1; 11; 12; 13; 18; 20 ] 18 id (extreme false)
            reduction "ReduceL1" [ 1; 11; 13; 18 ] 18 abs (fun axes x -> Expr.sum axes (abs x))
            reduction "ReduceL2" [ 1; 11; 13; 18 ] 18 abs (fun axes ->
                inFloat (fun x -> sqrt (Expr.sum axes (x * x))))
            reduction "ReduceSumSquare" [ 1; 11; 13; 18 ] 18 (fun x -> x * x) (fun axes x ->
                Expr.sum axes (x * x))
            reduction "ReduceLogSum" [ 1; 11; 13; 18 ] 18 log (fun axes ->
                inFloat (fun x -> log (Expr.sum axes x)))
            reduction "ReduceLogSumExp" [ 1; 11; 13; 18 ] 18 id (fun axes x ->
                Expr.cast x.DType (logSumExp axes x))
            argReduce "ArgMax" [ 1; 11; 12; 13 ] Expr.argMax
            argReduce "ArgMin" [ 1; 11; 12; 13 ] Expr.argMin
            softmax "Softmax" Expr.softmax
            softmax "LogSoftmax" Reduce.logSoftmax
            softmax "Hardmax" hardmax
            running "CumSum" [ 11; 14 ] cumSum 0.0
            running "CumProd" [ 26 ] cumProd 1.0
            OnnxRule.one "LpNormalization" [ 1; 22 ] 1 [ "axis"; "p" ] lpNormalization
            OnnxRule.make "TopK" [ 1; 10; 11; 24 ] 2 [ "axis"; "largest"; "sorted"; "k" ] topK
            |> OnnxRule.numbers [ 1 ]
        ]
