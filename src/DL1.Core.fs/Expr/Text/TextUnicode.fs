namespace DL1

/// Unicode mathematics, as a person writes it: `2·(x − 2)`, `sin x + x·cos x`, `√(x + 1)`.
module internal TextUnicode =
    let private signs =
        {
            Open = "("
            Close = ")"
            Minus = "−"
            Infix =
                function
                | Infix.Add -> " + "
                | Infix.Sub -> " − "
                | Infix.Mul -> "·"
                | Infix.Div -> "/"
                | Infix.MatMul -> " @ "
                | Infix.And -> " ∧ "
                | Infix.Or -> " ∨ "
                | Infix.Compare CompareOp.Eq -> " = "
                | Infix.Compare CompareOp.Ne -> " ≠ "
                | Infix.Compare CompareOp.Lt -> " < "
                | Infix.Compare CompareOp.Le -> " ≤ "
                | Infix.Compare CompareOp.Gt -> " > "
                | Infix.Compare CompareOp.Ge -> " ≥ "
            Exact = false
        }

    let private comma (items: string list) = System.String.Join(", ", items)

    /// A constant: a number, a small vector or matrix, or the type and shape of a large one.
    let constant (value: Tensor) : Piece =
        if value.Rank = 0 then
            let p = TextNumber.elements value |> Seq.head |> TextNumber.pretty |> TextCompose.number
            if value.DType.IsFloat then TextFold.number (Tensor.toFloat value) p else p
        else
            match TextNumber.brackets 8 TextNumber.pretty value with
            | Some text when text.Length <= 60 -> Piece.atom text
            | _ -> Piece.atom $"{value.DType}{value.Shape}"

    let private numbers = TextFold.signs signs constant

    let private attribute (name: string, value: Attribute<'e>) =
        match value with
        | Attribute.Int n -> $"{name}=%d{n}"
        | Attribute.Ints ns -> $"{name}=[{comma (List.map string ns)}]"
        | Attribute.Float x -> $"{name}={TextNumber.pretty (TextNumber.ascii x)}"
        | Attribute.Flag on -> name + (if on then "=true" else "=false")
        | Attribute.Text text -> $"{name}={text}"
        | Attribute.Type dtype -> $"{name}={dtype}"
        | Attribute.Dims shape -> $"{name}={shape}"
        | Attribute.Value _ -> $"{name}=…"
        | Attribute.Variables vs -> $"{name}=[{vs |> List.map (fun v -> TextName.unicode v.Name) |> comma}]"
        | Attribute.Graphs _ -> $"{name}=…"

    let private arguments isWhole (items: string list) =
        let n = items.Length

        if isWhole || n <= 12 then
            comma items
        else
            comma (List.take 6 items @ [ $"… %d{n - 8} more …" ] @ List.skip (n - 2) items)

    let private cut (shape: Shape) axis (c: Cut) =
        if c = { Start = 0; Stop = shape[axis]; Step = 1 } then
            ":"
        else
            $"%d{c.Start}:%d{c.Stop}" + (if c.Step = 1 then "" else $":%d{c.Step}")

    let private power (x: Piece) (y: Piece) (whole: int option) =
        let b = TextCompose.powerBase signs x

        match whole with
        | Some n -> Piece.make Level.Power (b + TextNumber.superscript n)
        | None -> Piece.make Level.Power (b + "^" + TextCompose.unit signs y)

    let private quotient (y: Piece) = TextCompose.infix signs Infix.Div (Piece.atom "1") y

    let private root (x: Piece) = Piece.make Level.Prefix ("√" + TextCompose.unit signs x)

    let private foldName op =
        match op with
        | ReduceOp.Sum -> "Σ"
        | ReduceOp.Prod -> "Π"
        | ReduceOp.Max
        | ReduceOp.Min -> Node.reduceName op

    // `max₀₁(x)`; two digits of one axis would read as two axes.
    let private fold op (axes: int list) (x: Piece) =
        let separator = if axes |> List.exists (fun a -> a > 9) then "," else ""
        let lowered = axes |> List.map TextNumber.subscript |> String.concat separator
        Piece.call $"{foldName op}{lowered}({x.Text})"

    let private stretched (shape: Shape) (x: Piece) = Piece.call $"broadcast({x.Text}; shape={shape})"

    // Bodies of loops are shown where they are short, and not inside one another without end.
    let private deepestBody = 2

    let rec private notation
        (isWhole: bool)
        (body: int)
        (prefix: string)
        : Notation<'e> when 'e :> INode<'e> =
        {
            Operands = Form.operands
            Render = TextCompose.withShapes stretched (render isWhole body)
            Name = fun n -> prefix + TextNumber.subscript n
            IsLeaf = fun e -> List.isEmpty (Form.operands e)
            Whole = 300
            Longest = 72
            Deepest = 24
        }

    and private render isWhole body (piece: 'e -> Piece) (e: 'e) : Piece when 'e :> INode<'e> =
        match Form.ofNode e with
        | Form.Symbol name -> Piece.atom (TextName.unicode name)
        | Form.Constant value -> constant value
        | Form.Infix(op, x, y) ->
            let x, y = Form.numberFirst op x y
            TextFold.infix (numbers e.DType) op (piece x) (piece y)
        | Form.Negation x -> TextFold.negate (numbers e.DType) (piece x)
        | Form.Complement x -> Piece.make Level.Prefix ("¬" + TextCompose.inner signs Level.Call (piece x))
        | Form.Power(x, y) -> power (piece x) (piece y) (Form.wholeNumber y)
        | Form.Root x -> root (piece x)
        | Form.InverseRoot x -> quotient (root (piece x))
        | Form.Inverse x -> quotient (piece x)
        | Form.Magnitude x -> Piece.atom $"|{(piece x).Text}|"
        | Form.Floor x -> Piece.atom $"⌊{(piece x).Text}⌋"
        | Form.Ceiling x -> Piece.atom $"⌈{(piece x).Text}⌉"
        | Form.Function(name, x) -> TextCompose.apply signs name (piece x)
        | Form.Sigmoid x -> Piece.call $"σ({(piece x).Text})"
        | Form.Transposed x -> Piece.make Level.Power (TextCompose.unit signs (piece x) + "ᵀ")
        | Form.Fold(op, axes, x) -> fold op axes (piece x)
        | Form.Cut(cuts, x) ->
            let text = cuts |> List.mapi (cut x.Shape) |> comma
            Piece.make Level.Power $"{TextCompose.unit signs (piece x)}[{text}]"
        | Form.Call(name, xs, attributes) ->
            let operands = xs |> List.map (fun x -> (piece x).Text) |> arguments isWhole
            let named = attributes |> List.map attribute |> comma
            let gap = if operands <> "" && named <> "" then "; " else ""
            Piece.call $"{name}({operands}{gap}{named})"
        | Form.Loop(result, loop) -> Piece.call (scan isWhole body piece result loop)
        | Form.Stretched x -> stretched e.Shape (piece x)

    /// `scan(h₀; xs; (h, x) ↦ tanh(h + x))`: what is handed on, what is gone through, and one step.
    and private scan
        isWhole
        body
        (piece: 'e -> Piece)
        result
        (loop: ScanCall<'e>)
        : string when 'e :> INode<'e> =
        let texts (xs: 'e list) = xs |> List.map (fun x -> (piece x).Text) |> arguments isWhole

        let step =
            if body >= deepestBody then
                "…"
            else
                let variables = loop.Body.Carries @ loop.Body.Slices @ loop.Body.Fixed
                let names = variables |> List.map (fun v -> TextName.unicode v.Name) |> comma

                let layout =
                    TextLayout.run
                        (notation isWhole (body + 1) "t")
                        (List.map Form.seen (loop.Body.Next @ loop.Body.Outputs))

                let results = layout.Results |> List.map _.Text |> comma

                if layout.Definitions.Length > 0 || results.Length > 200 then
                    $"({names}) ↦ …"
                else
                    $"({names}) ↦ ({results})"

        let given = [ texts loop.Initial; texts loop.Sequences; texts loop.Fixed ] |> List.filter ((<>) "")

        let reversed = if loop.Reversed then [ "reversed" ] else []
        let parts = given @ [ step; $"length=%d{loop.Length}"; $"result=%d{result}" ] @ reversed
        $"""scan({System.String.Join("; ", parts)})"""

    let private definition (struct (name: string, p: Piece)) =
        // `t₁ = (x = y)`.
        let text = if p.Level <= Level.Compare then TextCompose.parens signs p else p.Text
        $"{name} = {text}"

    /// Most lines of definitions that a short text shows.
    let private mostLines = 6

    // Definitions in the middle are left out where there are many.
    let private shorten (lines: (string * int) list) =
        if lines.Length <= mostLines then
            List.map fst lines
        else
            let kept = mostLines / 2
            let hidden = lines |> List.skip kept |> List.take (lines.Length - 2 * kept) |> List.sumBy snd

            (lines |> List.take kept |> List.map fst)
            @ [ $"… %d{hidden} more …" ]
            @ (lines |> List.skip (lines.Length - kept) |> List.map fst)

    /// The text of a graph; the middle of a long one is left out unless the whole is asked for.
    let write (isWhole: bool) (e: 'e) : string when 'e :> INode<'e> =
        let root = Form.seen e

        let names =
            TextLayout.walk Form.operands [ root ]
            |> Seq.choose (fun e ->
                match e.Node with
                | Node.Variable v -> Some v.Name
                | _ -> None)

        let layout = TextLayout.run (notation isWhole 0 (TextName.prefix names)) [ root ]
        let lines = layout.Definitions |> Seq.map definition |> TextLayout.pack ";  "
        let shown = if isWhole then List.map fst lines else shorten lines
        System.String.Join("\n", shown @ (layout.Results |> List.map _.Text))
