namespace DL1.Compiler.Source

open DL1

/// Reductions, running sums and orders along axes.
module internal AxisSteps =
    /// Each axis of a value by its place in a nest whose axes are those in an order.
    let private ordered (order: int list) : Index list =
        List.init order.Length (fun axis ->
            let place = List.findIndex ((=) axis) order
            { Base = 0; Factors = List.init order.Length (fun i -> if i = place then 1 else 0) })

    /// The target along the axes kept, and the same element along the others.
    let private spread (axes: int) (target: View) =
        { target with Strides = target.Strides @ List.replicate (axes - target.Strides.Length) 0 }

    let private split (dims: int list) (target: View) =
        let kept =
            List.zip dims target.Strides |> List.takeWhile (fun (_, stride) -> stride <> 0) |> List.length

        kept, List.take kept dims, List.skip kept dims

    let private read name counters value = (ScalarText.element (Nest.element name counters) value).Text

    let private wide (dtype: DType) =
        match dtype with
        | DType.F32 -> "double"
        | _ -> Literal.typeName dtype

    /// A reduction of some axes.
    let reduce (scope: GraphScope) (e: Expr) op (axes: int list) (x: Expr) (target: View) : View =
        let kept = [ 0 .. x.Shape.Rank - 1 ] |> List.except axes
        let order = kept @ axes
        let value = scope.Body(x, ordered order, order.Length)
        let dims = order |> List.map (fun axis -> x.Shape[axis])

        if e.Shape.Size > 0 then
            scope.Builder.Step(
                "Reduce",
                scope.Note e,
                ScalarText.reads value,
                [ target ],
                fun w name ->
                    let dims, target, value = Nest.simplified dims (spread dims.Length target) value
                    let _, kept, reduced = split dims target
                    let dtype = e.DType

                    let sum, first =
                        match op with
                        | ReduceOp.Sum -> wide dtype, "0"
                        | ReduceOp.Prod -> wide dtype, "1"
                        | ReduceOp.Max when dtype.IsFloat ->
                            Literal.typeName dtype, Literal.number dtype -infinity
                        | ReduceOp.Min when dtype.IsFloat ->
                            Literal.typeName dtype, Literal.number dtype infinity
                        | ReduceOp.Max -> Literal.typeName dtype, $"{Literal.typeName dtype}.MinValue"
                        | ReduceOp.Min -> Literal.typeName dtype, $"{Literal.typeName dtype}.MaxValue"

                    Nest.loops w "i" 0 kept (fun outer ->
                        w.Line $"{sum} sum = {first};"

                        Nest.loops w "r" 0 reduced (fun inner ->
                            let text = read name (outer @ inner) value

                            w.Line(
                                match op with
                                | ReduceOp.Sum when dtype.IsFloat -> $"sum += {text};"
                                | ReduceOp.Prod when dtype.IsFloat -> $"sum *= {text};"
                                | ReduceOp.Sum -> $"sum = unchecked(sum + {text});"
                                | ReduceOp.Prod -> $"sum = unchecked(sum * ({text}));"
                                | ReduceOp.Max -> $"sum = Math.Max(sum, {text});"
                                | ReduceOp.Min -> $"sum = Math.Min(sum, {text});"
                            ))

                        let result =
                            if sum = Literal.typeName dtype then "sum" else $"({Literal.typeName dtype})sum"

                        w.Line $"{Nest.element name outer target} = {result};")
            )

        target

    /// The place of the largest or smallest element along an axis.
    let argReduce (scope: GraphScope) (e: Expr) op (axis: int) (x: Expr) (target: View) : View =
        let order = ([ 0 .. x.Shape.Rank - 1 ] |> List.except [ axis ]) @ [ axis ]
        let value = scope.Body(x, ordered order, order.Length)
        let dims = order |> List.map (fun a -> x.Shape[a])

        if e.Shape.Size > 0 then
            scope.Builder.Step(
                "ArgReduce",
                scope.Note e,
                ScalarText.reads value,
                [ target ],
                fun w name ->
                    let target = spread dims.Length target
                    let kept, extent = List.take (dims.Length - 1) dims, List.last dims
                    let element = Literal.typeName x.DType

                    Nest.loops w "i" 0 kept (fun outer ->
                        let first = read name (outer @ [ "0" ]) value
                        w.Line $"{element} best = {first};"
                        w.Line "long place = 0;"

                        w.Block(
                            $"for (int r = 1; r < %d{extent}; r++)",
                            fun () ->
                                let text = read name (outer @ [ "r" ]) value
                                let sign = if op = ArgOp.Max then ">" else "<"
                                w.Line $"{element} value = {text};"

                                let isNaN =
                                    if x.DType.IsFloat then
                                        $" || ({element}.IsNaN(value) && !{element}.IsNaN(best))"
                                    else
                                        ""

                                w.Block(
                                    $"if (value {sign} best{isNaN})",
                                    fun () ->
                                        w.Line "best = value;"
                                        w.Line "place = r;"
                                )
                        )

                        w.Line $"{Nest.element name outer target} = place;")
            )

        target

    /// A running sum along an axis, from one end.
    let cumSum (scope: GraphScope) (e: Expr) (axis: int) (reversed: bool) (x: Expr) (target: View) : View =
        let order = ([ 0 .. x.Shape.Rank - 1 ] |> List.except [ axis ]) @ [ axis ]
        let value = scope.Body(x, ordered order, order.Length)
        let dims = order |> List.map (fun a -> x.Shape[a])
        let placed = View.transpose order target

        if e.Shape.Size > 0 then
            scope.Builder.Step(
                "CumulativeSum",
                scope.Note e,
                ScalarText.reads value,
                [ target ],
                fun w name ->
                    let kept, extent = List.take (dims.Length - 1) dims, List.last dims
                    let element, sum = Literal.typeName e.DType, wide e.DType

                    let head =
                        if reversed then
                            $"for (int r = %d{extent - 1}; r >= 0; r--)"
                        else
                            $"for (int r = 0; r < %d{extent}; r++)"

                    Nest.loops w "i" 0 kept (fun outer ->
                        w.Line $"{sum} sum = 0;"

                        w.Block(
                            head,
                            fun () ->
                                let text = read name (outer @ [ "r" ]) value
                                w.Line $"sum = unchecked(sum + {text});"
                                let into = Nest.element name (outer @ [ "r" ]) placed
                                w.Line $"{into} = ({element})sum;"
                        ))
            )

        target

    /// The places along an axis in ascending order, each counted by those before it.
    let argSort (scope: GraphScope) (e: Expr) (axis: int) (x: Expr) (target: View) : View =
        let order = ([ 0 .. x.Shape.Rank - 1 ] |> List.except [ axis ]) @ [ axis ]
        let source = View.transpose order (scope.View x)
        let placed = View.transpose order target

        if e.Shape.Size > 0 then
            scope.Builder.Step(
                "Sort",
                scope.Note e,
                [ source ],
                [ target ],
                fun w name ->
                    let kept, extent = List.take (source.Dims.Length - 1) source.Dims, List.last source.Dims
                    let element = Literal.typeName x.DType

                    Nest.loops w "i" 0 kept (fun outer ->
                        w.Block(
                            $"for (int r = 0; r < %d{extent}; r++)",
                            fun () ->
                                let from counter = Nest.element name (outer @ [ counter ]) source
                                let own, its = from "r", from "s"
                                w.Line $"{element} value = {own};"
                                w.Line "int before = 0;"

                                w.Block(
                                    $"for (int s = 0; s < %d{extent}; s++)",
                                    fun () ->
                                        w.Line $"{element} other = {its};"

                                        let isEqual, isNaN =
                                            if x.DType.IsFloat then
                                                $"(other == value || ({element}.IsNaN(other) && {element}.IsNaN(value)))",
                                                $" || ({element}.IsNaN(value) && !{element}.IsNaN(other))"
                                            else
                                                "other == value", ""

                                        w.Line $"if (other < value{isNaN} || ({isEqual} && s < r)) before++;"
                                )

                                let into = Nest.element name (outer @ [ "before" ]) placed
                                w.Line $"{into} = r;"
                        ))
            )

        target
