namespace DL1.Compiler.Source

open DL1

/// Matrix products and convolutions.
module internal ProductSteps =
    let private transposed (permutation: int list) (e: Expr) =
        Expr.constant (Eval.run [] (Expr.transpose permutation e))

    /// A slice of a span from an element on.
    let private from (name: Slot -> string) (counters: string list) (view: View) =
        let text = Nest.offset (Nest.terms counters view) view.At
        if text = "0" then name view.Slot else $"{name view.Slot}.Slice({text})"

    /// Products of whole numbers.
    let private whole (scope: GraphScope) (e: Expr) (a: View) (b: View) (target: View) =
        scope.Builder.Step(
            "Product",
            scope.Note e,
            [ a; b ],
            [ target ],
            fun w name ->
                let rank = target.Dims.Length
                let k, element = List.last a.Dims, Literal.typeName e.DType

                Nest.loops w "i" 0 target.Dims (fun counters ->
                    let stack = List.take (rank - 2) counters
                    w.Line $"{element} sum = 0;"

                    w.Block(
                        $"for (int k = 0; k < %d{k}; k++)",
                        fun () ->
                            let left = Nest.element name (stack @ [ counters[rank - 2]; "k" ]) a
                            let right = Nest.element name (stack @ [ "k"; counters[rank - 1] ]) b
                            w.Line $"sum = unchecked(sum + {left} * {right});"
                    )

                    w.Line $"{Nest.element name counters target} = sum;")
        )

        target

    /// A product of matrices, or of stacks of them.
    let matmul (scope: GraphScope) (e: Expr) (x: Expr) (y: Expr) (target: View) : View =
        let rank = e.Shape.Rank
        let m, n, k = e.Shape[rank - 2], e.Shape[rank - 1], x.Shape[rank - 1]

        if e.Shape.Size = 0 then
            target
        elif not e.DType.IsFloat || k = 0 then
            whole scope e (scope.View x) (scope.View y) target
        else
            let swap = List.init rank (fun i -> if i < rank - 2 then i else 2 * rank - 3 - i)
            let stride (view: View) axis = view.Strides[rank - 2 + axis]
            let extents = [ 0 .. rank - 3 ] |> List.map (fun i -> e.Shape[i])

            /// The matrix so that neighbours along an axis are neighbours in memory.
            let along axis (view: View) =
                if view.Dims[rank - 2 + axis] = 1 || stride view axis = 1 then view
                elif axis = 1 then scope.Contiguous view
                else View.transpose swap (scope.Contiguous(View.transpose swap view))

            // Few columns fill no vector: the products of rows and columns, each along the axis that is summed.
            if n < 8 then
                let a = along 1 (scope.View x)

                let b =
                    match y.Node with
                    | Node.Constant _ when n > 1 -> View.transpose swap (scope.View(transposed swap y))
                    | _ -> along 0 (scope.View y)

                scope.Builder.Step(
                    "Product",
                    scope.Note e,
                    [ a; b ],
                    [ target ],
                    fun w name ->
                        Nest.loops w "i" 0 extents (fun counters ->
                            w.Line
                                $"Dots(%d{m}, %d{n}, %d{k}, {from name counters a}, %d{stride a 0}, {from name counters b}, %d{stride b 1}, {from name counters target}, %d{stride target 0}, %d{stride target 1});")
                )
            else
                let a, b = scope.View x, along 1 (scope.View y)

                scope.Builder.Step(
                    "Product",
                    scope.Note e,
                    [ a; b ],
                    [ target ],
                    fun w name ->
                        Nest.loops w "i" 0 extents (fun counters ->
                            w.Line
                                $"Product(%d{m}, %d{n}, 1, 0, 1, 0, %d{k}, %d{stride b 0}, {from name counters a}, %d{stride a 0}, %d{stride a 1}, {from name counters b}, {from name counters target}, %d{stride target 0});")
                )

            target

    let private point = { Stride = 1; PadBefore = 0; PadAfter = 0; Dilation = 1 }

    /// One spatial axis as the second of two.
    let private plane (view: View) =
        match view.Dims, view.Strides with
        | [ n; c; l ], [ sn; sc; sl ] -> { view with Dims = [ n; c; 1; l ]; Strides = [ sn; sc; sl * l; sl ] }
        | _ -> view

    /// The data with zeros around, as much of it as windows see.
    let private padded (scope: GraphScope) (rows: int) (columns: int) (before: int * int) (view: View) =
        match view.Dims, view.Strides with
        | [ n; c; h; w ], [ _; _; row; 1 ] when
            before = (0, 0) && rows <= h && columns <= w && row >= 0 && row <= 2 * columns
            ->
            view
        | [ n; c; h; w ], _ ->
            let top, left = before
            let copy = scope.Builder.Buffer(view.DType, [ n; c; rows; columns ])
            let height, width = min h (rows - top), min w (columns - left)

            if height < rows || width < columns then
                scope.Fill(
                    "Clear",
                    "",
                    copy.Dims,
                    copy,
                    Scalar.Number(view.DType, Literal.number view.DType 0.0)
                )

            if height > 0 && width > 0 then
                let inside = { View.moved (top * columns + left) copy with Dims = [ n; c; height; width ] }

                scope.Fill("Copy", "", inside.Dims, inside, Scalar.Read { view with Dims = inside.Dims })

            copy
        | _ -> view

    /// A convolution of stride 1 reads the plane where it is: neighbouring places are neighbours in it, those beyond the
    /// right edge too, whose results nobody reads. Others copy what each window sees.
    let conv (scope: GraphScope) (e: Expr) (spec: ConvSpec) (x: Expr) (w: Expr) (target: View) : View =
        let sweeps =
            match spec.Sweeps with
            | [ s ] -> [ point; s ]
            | both -> both

        let weights = scope.Contiguous(scope.View w)
        let data, out = plane (scope.View x), plane target
        let down, across = sweeps[0], sweeps[1]
        let n, outs, places, columns = out.Dims[0], out.Dims[1], out.Dims[2], out.Dims[3]

        let kh, kw =
            match w.Shape.ToList() with
            | [ _; _; k ] -> 1, k
            | [ _; _; h; k ] -> h, k
            | _ -> 1, 1

        let groups = max 1 spec.Groups
        let ins, perGroup = w.Shape[1], outs / groups

        if e.Shape.Size = 0 then
            target
        elif ins * kh * kw = 0 then
            scope.Fill("Clear", "", target.Dims, target, Scalar.Number(e.DType, Literal.number e.DType 0.0))
            target
        else
            let needed (s: Sweep) places kernel = (places - 1) * s.Stride + (kernel - 1) * s.Dilation + 1

            let source =
                padded
                    scope
                    (needed down places kh)
                    (needed across columns kw)
                    (down.PadBefore, across.PadBefore)
                    data

            let row = source.Strides[2]
            let length = ins * kh * kw
            let flat = (places - 1) * row + columns

            let step (view: View) (result: View) (call: (Slot -> string) -> string list -> string) =
                scope.Builder.Step(
                    "Convolution",
                    scope.Note e,
                    [ view; weights ],
                    [ result ],
                    fun w name ->
                        Nest.loops w "i" 0 [ n; groups ] (fun counters -> w.Line(call name counters))
                )

            let filter: View = { weights with Dims = [ 1; groups ]; Strides = [ 0; perGroup * length ] }

            if down.Stride = 1 && across.Stride = 1 && flat >= 8 then
                let result = scope.Builder.Buffer(e.DType, [ n; outs; flat ])

                let grouped (view: View) count =
                    { view with Dims = [ n; groups ]; Strides = [ view.Strides[0]; count * view.Strides[1] ] }

                step source result (fun name counters ->
                    let data, into = grouped source ins, grouped result perGroup

                    $"Product(%d{perGroup}, %d{flat}, %d{ins}, %d{source.Strides[1]}, %d{kh}, %d{down.Dilation * row}, %d{kw}, %d{across.Dilation}, {from name counters filter}, %d{length}, 1, {from name counters data}, {from name counters into}, %d{flat});")

                let strides = [ outs * flat; flat; row; 1 ]

                match target.Dims with
                | [ _; _; _ ] -> { result with Dims = target.Dims; Strides = [ outs * flat; flat; 1 ] }
                | _ -> { result with Dims = target.Dims; Strides = strides }
            else
                let area = places * columns

                let seen: View =
                    { source with
                        Dims = [ n; groups; ins; kh; kw; places; columns ]
                        Strides =
                            [
                                source.Strides[0]
                                ins * source.Strides[1]
                                source.Strides[1]
                                down.Dilation * row
                                across.Dilation
                                down.Stride * row
                                across.Stride
                            ]
                    }

                let patches = scope.Builder.Buffer(e.DType, seen.Dims)
                let block = [ groups * length * area; length * area ]
                let grouped = { patches with Dims = [ n; groups ]; Strides = block }
                let into = { target with Dims = [ n; groups ]; Strides = [ outs * area; perGroup * area ] }

                if area >= 8 then
                    scope.Fill("Patches", "", seen.Dims, patches, Scalar.Read seen)

                    step patches target (fun name counters ->
                        $"Product(%d{perGroup}, %d{area}, 1, 0, 1, 0, %d{length}, %d{area}, {from name counters filter}, %d{length}, 1, {from name counters grouped}, {from name counters into}, %d{area});")
                else
                    let beside =
                        { patches with Strides = block @ [ kh * kw; kw; 1; columns * length; length ] }

                    scope.Fill("Patches", "", seen.Dims, beside, Scalar.Read seen)

                    step patches target (fun name counters ->
                        $"Dots(%d{perGroup}, %d{area}, %d{length}, {from name counters filter}, %d{length}, {from name counters grouped}, %d{length}, {from name counters into}, %d{area}, 1);")

                target
