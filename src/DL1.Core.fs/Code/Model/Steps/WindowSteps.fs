namespace DL1.Compiler.Source

open DL1

/// Poolings.
module internal WindowSteps =
    let private point = { Stride = 1; PadBefore = 0; PadAfter = 0; Dilation = 1 }

    let private planar (window: Window) : Window =
        match window.Kernel, window.Sweeps with
        | [ k ], [ s ] -> { Kernel = [ 1; k ]; Sweeps = [ point; s ] }
        | _ -> window

    let private plane (view: View) =
        match view.Dims, view.Strides with
        | [ n; c; l ], [ sn; sc; sl ] -> { view with Dims = [ n; c; 1; l ]; Strides = [ sn; sc; sl * l; sl ] }
        | _ -> view

    /// Maxima or means of windows: rows of a window joined element by element, then elements of the joined row.
    let private rows (scope: GraphScope) (e: Expr) isMax (window: Window) (x: Expr) (target: View) : View =
        let window = planar window
        let given = plane (scope.View x)

        let source =
            if given.Strides[3] = 1 || given.Dims[3] = 1 then
                given
            else
                plane (scope.Contiguous given)

        let out = plane target
        let down, across = window.Sweeps[0], window.Sweeps[1]
        let kh, kw = window.Kernel[0], window.Kernel[1]
        let height, width = source.Dims[2], source.Dims[3]
        let rows, columns = out.Dims[2], out.Dims[3]
        let length = (columns - 1) * across.Stride + (kw - 1) * across.Dilation + 1
        let left = min across.PadBefore length
        let seen = max 0 (min width (length - left))

        if e.Shape.Size > 0 then
            let joined = scope.Builder.Buffer(e.DType, [ length ])
            let real = Literal.typeName e.DType
            let empty = if isMax then Literal.number e.DType -infinity else Literal.number e.DType 0.0

            scope.Builder.Step(
                (if isMax then "MaxPool" else "AveragePool"),
                scope.Note e,
                [ source ],
                [ joined; target ],
                fun w name ->
                    let row = name joined.Slot
                    w.Line $"{row}.Fill({empty});"

                    Nest.loops w "i" 0 [ out.Dims[0]; out.Dims[1]; rows ] (fun counters ->
                        let stack = List.take 2 counters
                        let above = counters[2]

                        if seen > 0 then
                            w.Line $"var seen = {row}.Slice(%d{left}, %d{seen});"
                            let data = Nest.offset (Nest.terms stack source) source.At

                            let isAll =
                                down.PadBefore = 0
                                && (rows - 1) * down.Stride + (kh - 1) * down.Dilation < height

                            let take k =
                                let r =
                                    Nest.offset
                                        [ above, down.Stride ]
                                        { Constant = k * down.Dilation - down.PadBefore; Times = [] }

                                $"{name source.Slot}.Slice({data} + ({r}) * %d{source.Strides[2]}, %d{seen})",
                                r

                            if isAll then
                                w.Line $"{fst (take 0)}.CopyTo(seen);"
                            else
                                w.Line $"seen.Fill({empty});"

                            for k in (if isAll then 1 else 0) .. kh - 1 do
                                let text, r = take k

                                let guard =
                                    if isAll then "" else $"if (unchecked((uint)({r})) < %d{height}) "

                                let join = if isMax then "JoinLarger" else "JoinSum"
                                w.Line $"{guard}{join}({text}, seen);"

                        w.Block(
                            $"for (int j = 0; j < %d{columns}; j++)",
                            fun () ->
                                let at k =
                                    let text =
                                        Nest.offset
                                            [ "j", across.Stride ]
                                            { Constant = k * across.Dilation; Times = [] }

                                    $"{row}[{text}]"

                                let join (a: string) (b: string) =
                                    if isMax then $"Math.Max({a}, {b})" else $"{a} + {b}"

                                let text =
                                    if kw <= 8 then
                                        List.init kw at |> List.reduce join
                                    else
                                        w.Line $"{real} sum = {at 0};"
                                        let next = $"{row}[j * %d{across.Stride} + k * %d{across.Dilation}]"
                                        let next = join "sum" next
                                        w.Line $"for (int k = 1; k < %d{kw}; k++) sum = {next};"
                                        "sum"

                                let area = Literal.number e.DType (float kh * float kw)
                                let result = if isMax then text else $"({text}) / {area}"
                                let into = Nest.element name (counters @ [ "j" ]) out
                                w.Line $"{into} = {result};"
                        ))
            )

        target

    let maxPool scope e window x target = rows scope e true window x target
    let avgPool scope e window x target = rows scope e false window x target

    /// For each window the place of its maximum, and what is done with it: `inside` is given the texts of the window's and of
    /// the maximum's place, as counters.
    let private peaks
        (scope: GraphScope)
        (e: Expr)
        (window: Window)
        (x: View)
        (pooled: int list)
        (others: View list)
        (target: View)
        (inside: CodeWriter -> (Slot -> string) -> string list -> string list -> unit)
        =
        let window = planar window
        let source = plane x
        let down, across = window.Sweeps[0], window.Sweeps[1]
        let kh, kw = window.Kernel[0], window.Kernel[1]
        let real = Literal.typeName x.DType

        scope.Builder.Step(
            "Peaks",
            scope.Note e,
            x :: others,
            [ target ],
            fun w name ->
                Nest.loops w "i" 0 pooled (fun counters ->
                    w.Line $"int row = -1, column = -1;"
                    w.Line $"{real} best = 0;"

                    w.Block(
                        $"for (int k = 0; k < %d{kh}; k++)",
                        fun () ->
                            w.Line
                                $"int r = {counters[2]} * %d{down.Stride} + k * %d{down.Dilation} - %d{down.PadBefore};"

                            w.Line $"if (unchecked((uint)r) >= %d{source.Dims[2]}) continue;"

                            w.Block(
                                $"for (int l = 0; l < %d{kw}; l++)",
                                fun () ->
                                    w.Line
                                        $"int c = {counters[3]} * %d{across.Stride} + l * %d{across.Dilation} - %d{across.PadBefore};"

                                    w.Line $"if (unchecked((uint)c) >= %d{source.Dims[3]}) continue;"
                                    let place = List.take 2 counters @ [ "r"; "c" ]
                                    w.Line $"{real} value = {Nest.element name place source};"

                                    w.Block(
                                        $"if (row < 0 || value > best || ({real}.IsNaN(value) && !{real}.IsNaN(best)))",
                                        fun () ->
                                            w.Line "best = value;"
                                            w.Line "row = r;"
                                            w.Line "column = c;"
                                    )
                            )
                    )

                    inside w name counters (List.take 2 counters @ [ "row"; "column" ]))
        )

    let maxPoolPick (scope: GraphScope) (e: Expr) window (x: Expr) (u: Expr) (target: View) : View =
        if e.Shape.Size > 0 then
            let picked, out = plane (scope.View u), plane target

            peaks scope e window (scope.View x) out.Dims [ picked ] target (fun w name counters peak ->
                let from = Nest.element name peak picked
                let into = Nest.element name counters out
                w.Line $"{into} = row < 0 ? 0 : {from};")

        target

    let maxPoolScatter (scope: GraphScope) (e: Expr) window (x: Expr) (u: Expr) (target: View) : View =
        let zero = Scalar.Number(e.DType, Literal.number e.DType 0.0)
        scope.Fill("Clear", "", target.Dims, target, zero)

        if u.Shape.Size > 0 then
            let updates, into = plane (scope.View u), plane target

            peaks scope e window (scope.View x) updates.Dims [ updates ] target (fun w name counters peak ->
                let from = Nest.element name counters updates
                let place = Nest.element name peak into
                w.Line $"if (row >= 0) {place} += {from};")

        target
