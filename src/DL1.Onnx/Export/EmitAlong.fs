namespace DL1.Onnx

open System
open DL1

/// What is computed along axes, as nodes of ONNX.
[<RequireQualifiedAccess>]
module internal EmitAlong =
    let private keep = Attributes.int "keepdims" 0

    let private isNaN (w: GraphWriter) (x: string) = w.Add("IsNaN", [ x ], [])

    let private asInt (w: GraphWriter) (x: string) =
        w.Add("Cast", [ x ], [ Attributes.int "to" (int OnnxType.Int32) ])

    let private asBool (w: GraphWriter) (x: string) =
        w.Add("Cast", [ x ], [ Attributes.int "to" (int OnnxType.Bool) ])

    /// Removes axes. The extremes of real numbers are NaN where one of the numbers is, which ONNX does not say.
    let reduce (w: GraphWriter) (op: ReduceOp) (axes: int list) (dtype: DType) (x: string) : string =
        let over operator (x: string) = w.Add(operator, [ x; w.Ints axes ], [ keep ])

        let extreme operator =
            let value = over operator x

            if dtype.IsFloat then
                let any = asBool w (over "ReduceMax" (asInt w (isNaN w x)))
                w.Add("Where", [ any; w.Scalar(dtype, nan); value ], [])
            else
                value

        if axes.IsEmpty then
            x
        else
            match op, dtype with
            | ReduceOp.Sum, _ -> over "ReduceSum" x
            | ReduceOp.Prod, _ -> over "ReduceProd" x
            | ReduceOp.Max, _ -> extreme "ReduceMax"
            | ReduceOp.Min, _ -> extreme "ReduceMin"

    /// The place of an extreme: the first, and that of the first NaN where there is one.
    let argReduce (w: GraphWriter) (op: ArgOp) (axis: int) (dtype: DType) (x: string) : string =
        let attributes = [ Attributes.int "axis" axis; keep ]
        let operator = if op = ArgOp.Max then "ArgMax" else "ArgMin"

        match dtype with
        | DType.F32
        | DType.F64 ->
            let nans = asInt w (isNaN w x)
            let any = asBool w (w.Add("ReduceMax", [ nans; w.Ints [ axis ] ], [ keep ]))

            w.Add(
                "Where",
                [ any; w.Add("ArgMax", [ nans ], attributes); w.Add(operator, [ x ], attributes) ],
                []
            )
        | DType.I32
        | DType.I64
        | DType.Bool -> w.Add(operator, [ x ], attributes)

    let cumSum (w: GraphWriter) (axis: int) (reversed: bool) (x: string) : string =
        w.Add(
            "CumSum",
            [ x; w.Constant(Tensor.scalar (int64 axis)) ],
            [
                if reversed then
                    Attributes.int "reverse" 1
            ]
        )

    /// The places in ascending order, by TopK, which puts the first of equal ones first. Real numbers are sorted twice: by
    /// value, and then NaN behind the others.
    let argSort (w: GraphWriter) (axis: int) (extent: Extent) (dtype: DType) (x: string) : string =
        let places (x: string) =
            let attributes = [ Attributes.int "axis" axis; Attributes.int "largest" 0 ]
            (w.AddMany("TopK", [ x; w.Extents [ extent ] ], attributes, 2))[1]

        if dtype.IsFloat then
            let nans = isNaN w x
            let byValue = places (w.Add("Where", [ nans; w.Scalar(dtype, infinity); x ], []))

            let take (x: string) (at: string) =
                w.Add("GatherElements", [ x; at ], [ Attributes.int "axis" axis ])

            take byValue (places (take (asInt w nans) byValue))
        else
            places x

    let softmax (w: GraphWriter) (axis: int) (x: string) : string =
        w.Add("Softmax", [ x ], [ Attributes.int "axis" axis ])

    let logSumExp (w: GraphWriter) (axis: int) (x: string) : string =
        w.Add("ReduceLogSumExp", [ x; w.Ints [ axis ] ], [ keep ])
