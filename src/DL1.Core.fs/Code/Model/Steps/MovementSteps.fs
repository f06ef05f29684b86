namespace DL1.Compiler.Source

open DL1

/// Indexing, padding and joining.
module internal MovementSteps =
    let private unit' axes place = List.init axes (fun i -> if i = place then 1 else 0)

    /// The elements of a view at the counters of loops around, and its axes behind them.
    let private inside (counters: (string * int) list) (kept: int list) (view: View) =
        { view with
            At =
                { view.At with
                    Times =
                        view.At.Times @ (counters |> List.map (fun (name, axis) -> name, view.Strides[axis]))
                }
            Dims = kept |> List.map (fun axis -> view.Dims[axis])
            Strides = kept |> List.map (fun axis -> view.Strides[axis])
        }

    /// Slices of an axis at indices.
    let gather (scope: GraphScope) (e: Expr) (axis: int) (x: Expr) (indices: Expr) (target: View) : View =
        let data, places = scope.View x, scope.View indices
        let before, width = axis, places.Dims.Length
        let behind = [ axis + 1 .. data.Dims.Length - 1 ]

        if e.Shape.Size > 0 then
            scope.Builder.Step(
                "Gather",
                scope.Note e,
                [ data; places ],
                [ target ],
                fun w name ->
                    let outer = List.take (before + width) target.Dims

                    Nest.loops w "n" 0 outer (fun counters ->
                        let first, second = List.splitAt before counters
                        w.Line $"int g = Index({Nest.element name second places}, %d{data.Dims[axis]});"
                        let numbered names = names |> List.mapi (fun i c -> c, i)
                        let from = inside (numbered first @ [ "g", axis ]) behind data

                        let into =
                            inside (numbered counters) [ before + width .. target.Dims.Length - 1 ] target

                        let axes = behind.Length

                        let index = List.init axes (fun i -> { Base = 0; Factors = unit' axes i })

                        Nest.store w name into.Dims into (Scalar.Read(View.at index axes from)))
            )

        target

    /// Updates added to the slices of an axis at indices.
    let scatterAdd
        (scope: GraphScope)
        (e: Expr)
        (axis: int)
        extent
        (updates: Expr)
        (indices: Expr)
        (target: View)
        : View =
        let zero = Scalar.Number(e.DType, Literal.number e.DType 0.0)
        scope.Fill("Clear", "", target.Dims, target, zero)

        if updates.Shape.Size > 0 then
            let given, places = scope.View updates, scope.View indices
            let width = places.Dims.Length

            scope.Builder.Step(
                "ScatterAdd",
                scope.Note e,
                [ given; places ],
                [ target ],
                fun w name ->
                    Nest.loops w "n" 0 given.Dims (fun counters ->
                        let first, rest = List.splitAt axis counters
                        let second, last = List.splitAt width rest
                        w.Line $"int g = Index({Nest.element name second places}, %d{extent});"
                        let into = Nest.element name (first @ [ "g" ] @ last) target
                        let update = Nest.element name counters given
                        w.Line $"{into} = unchecked({into} + {update});")
            )

        target

    /// A value around and between elements.
    let pad (scope: GraphScope) (e: Expr) (edges: Edge list) (value: float) (x: Expr) (target: View) : View =
        let kept =
            List.zip3 edges (x.Shape.ToList()) target.Dims
            |> List.map (fun (edge, extent, out) ->
                let step = edge.Between + 1
                let first = if edge.Before >= 0 then 0 else (-edge.Before + step - 1) / step
                let room = out - 1 - edge.Before
                let last = if room < 0 then -1 else min (extent - 1) (room / step)
                edge, step, first, max 0 (last - first + 1))

        let dims = kept |> List.map (fun (_, _, _, count) -> count)

        if dims <> target.Dims then
            let number = Scalar.Number(e.DType, Literal.number e.DType value)
            scope.Fill("Clear", "", target.Dims, target, number)

        if not (List.contains 0 dims) then
            let axes = dims.Length

            let index =
                kept |> List.mapi (fun axis (_, _, first, _) -> { Base = first; Factors = unit' axes axis })

            let start =
                List.map2
                    (fun (edge: Edge, step, first, _) s -> (edge.Before + first * step) * s)
                    kept
                    target.Strides
                |> List.sum

            let into =
                { View.moved start target with
                    Dims = dims
                    Strides =
                        List.map2
                            (fun (_, step, _, count) s -> if count = 1 then s else step * s)
                            kept
                            target.Strides
                }

            scope.Fill("Pad", scope.Note e, dims, into, scope.Body(x, index, axes))

        target

    /// Operands one after another along an axis.
    let concat (scope: GraphScope) (axis: int) (xs: Expr list) (target: View) : View =
        ignore (
            (0, xs)
            ||> List.fold (fun first x ->
                let dims = x.Shape.ToList()
                let part = { View.moved (first * target.Strides[axis]) target with Dims = dims }
                scope.CopyTo(x, part)
                first + dims[axis])
        )

        target
