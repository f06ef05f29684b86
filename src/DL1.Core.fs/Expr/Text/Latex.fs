namespace DL1

open System
open System.Text

/// Names and numbers in LaTeX.
module private LatexName =
    let private greek =
        [
            "alpha"
            "beta"
            "gamma"
            "delta"
            "epsilon"
            "zeta"
            "eta"
            "theta"
            "iota"
            "kappa"
            "lambda"
            "mu"
            "nu"
            "xi"
            "pi"
            "rho"
            "sigma"
            "tau"
            "upsilon"
            "phi"
            "chi"
            "psi"
            "omega"
            "Gamma"
            "Delta"
            "Theta"
            "Lambda"
            "Xi"
            "Pi"
            "Sigma"
            "Upsilon"
            "Phi"
            "Psi"
            "Omega"
        ]
        |> Set.ofList

    /// Text with LaTeX's own characters made harmless.
    let escape (text: string) =
        let b = StringBuilder()

        for c in text do
            match c with
            | '\\' -> b.Append "\\backslash "
            | '{'
            | '}'
            | '_'
            | '&'
            | '%'
            | '#'
            | '$' -> b.Append('\\').Append c
            | '^' -> b.Append "\\hat{}"
            | '~' -> b.Append "\\sim "
            | ' ' -> b.Append "\\ "
            | _ when Char.IsControl c -> b.Append "?"
            | _ -> b.Append c
            |> ignore

        b.ToString()

    let private word (text: string) =
        if greek.Contains text then "\\" + text
        elif text.Length = 1 then escape text
        elif Seq.forall Char.IsAsciiDigit text then text
        else $"\\mathit{{{escape text}}}"

    /// A name: what follows an underscore, and digits at the end, are lowered: `w_1` and `w1` are `w_{1}`.
    let variable (name: string) =
        let head, lowered =
            match name.IndexOf '_' with
            | at when at > 0 && at < name.Length - 1 -> name.Substring(0, at), Some(name.Substring(at + 1))
            | _ ->
                let digits = name |> Seq.rev |> Seq.takeWhile Char.IsAsciiDigit |> Seq.length
                let at = name.Length - digits

                if digits > 0 && at > 0 && Char.IsLetter name[at - 1] && not (name.Contains '.') then
                    name.Substring(0, at), Some(name.Substring at)
                else
                    name, None

        match lowered with
        | None -> word head
        | Some text ->
            let parts = text.Split('_', StringSplitOptions.RemoveEmptyEntries) |> Array.map word
            $"{word head}_{{{String.Join(',', parts)}}}"

    /// A number from its ASCII text: `1.5e-7` is `1.5 \times 10^{-7}`.
    let number (text: string) =
        if text.StartsWith("nan", StringComparison.Ordinal) then
            "\\mathrm{NaN}"
        else
            match text, text.IndexOf 'e' with
            | "true", _
            | "false", _ -> $"\\mathrm{{{text}}}"
            | "inf", _ -> "\\infty"
            | "-inf", _ -> "-\\infty"
            | _, -1 -> text
            | _, at -> $"{text.Substring(0, at)} \\times 10^{{{text.Substring(at + 1)}}}"

/// Expressions as LaTeX, for use between `$` signs or in a display.
[<RequireQualifiedAccess>]
module Latex =
    let private signs =
        {
            Open = "\\left("
            Close = "\\right)"
            Minus = "-"
            Infix =
                function
                | Infix.Add -> " + "
                | Infix.Sub -> " - "
                | Infix.Mul -> " \\cdot "
                | Infix.Div -> " / "
                | Infix.MatMul -> " \\, "
                | Infix.And -> " \\land "
                | Infix.Or -> " \\lor "
                | Infix.Compare CompareOp.Eq -> " = "
                | Infix.Compare CompareOp.Ne -> " \\neq "
                | Infix.Compare CompareOp.Lt -> " < "
                | Infix.Compare CompareOp.Le -> " \\leq "
                | Infix.Compare CompareOp.Gt -> " > "
                | Infix.Compare CompareOp.Ge -> " \\geq "
            Exact = false
        }

    let private comma (items: string list) = String.Join(", ", items)

    let private operator (name: string) = $"\\operatorname{{{LatexName.escape name}}}"

    let private constant (value: Tensor) : Piece =
        let items = TextNumber.elements value

        if value.Rank = 0 then
            let text = Seq.head items

            let p =
                { Piece.make (if text.Contains 'e' then Level.Product else Level.Atom) (LatexName.number text) with
                    Negative = text.StartsWith '-'
                }

            if value.DType.IsFloat then TextFold.number (Tensor.toFloat value) p else p
        elif value.Rank > 2 || value.Size > 12 || value.Size = 0 then
            Piece.atom $"\\mathrm{{{value.DType}}}_{{{value.Shape}}}"
        else
            let columns = if value.Rank = 1 then value.Size else value.Shape[1]

            let rows =
                items
                |> Seq.map LatexName.number
                |> Seq.chunkBySize columns
                |> Seq.map (fun row -> String.Join(" & ", row))

            Piece.atom ("\\begin{bmatrix} " + String.Join(" \\\\ ", rows) + " \\end{bmatrix}")

    let private numbers = TextFold.signs signs constant

    let private fraction (a: string) (b: string) = Piece.make Level.Prefix $"\\frac{{{a}}}{{{b}}}"

    // Names that LaTeX knows; the others are operators by their names.
    let private functionName (name: string) =
        match name with
        | "asin" -> "\\arcsin"
        | "acos" -> "\\arccos"
        | "atan" -> "\\arctan"
        | _ -> "\\" + name

    let private foldName op =
        match op with
        | ReduceOp.Sum -> "\\sum"
        | ReduceOp.Prod -> "\\prod"
        | ReduceOp.Max -> "\\max"
        | ReduceOp.Min -> "\\min"

    let private attribute (name: string, value: Attribute<'e>) : string option =
        let named (text: string) = Some($"\\mathrm{{{LatexName.escape name}}}={text}")

        match value with
        | Attribute.Int n -> named (string n)
        | Attribute.Ints ns -> named $"[{comma (List.map string ns)}]"
        | Attribute.Float x -> named (LatexName.number (TextNumber.ascii x))
        | Attribute.Flag on -> named (if on then "1" else "0")
        | Attribute.Text text -> named (LatexName.escape text)
        | Attribute.Type dtype -> named dtype.Name
        | Attribute.Dims shape -> named (string shape)
        | Attribute.Value _
        | Attribute.Variables _
        | Attribute.Graphs _ -> None

    let private call (name: string) (operands: Piece list) (lowered: string list) =
        let below = if lowered.IsEmpty then "" else $"_{{{comma lowered}}}"
        let inside = operands |> List.map _.Text |> comma
        Piece.call $"{name}{below}{signs.Open}{inside}{signs.Close}"

    let private stretched (shape: Shape) (x: Piece) = call (operator "broadcast") [ x ] [ string shape ]

    let private render (piece: 'e -> Piece) (e: 'e) : Piece when 'e :> INode<'e> =
        let text (x: 'e) = (piece x).Text
        let tight (x: 'e) = TextCompose.unit signs (piece x)

        match Form.ofNode e with
        | Form.Symbol name -> Piece.atom (LatexName.variable name)
        | Form.Constant value -> constant value
        | Form.Infix(Infix.Div, x, y) when not (TextFold.isOne (piece y)) -> fraction (text x) (text y)
        | Form.Infix(op, x, y) ->
            let x, y = Form.numberFirst op x y
            TextFold.infix (numbers e.DType) op (piece x) (piece y)
        | Form.Negation x -> TextFold.negate (numbers e.DType) (piece x)
        | Form.Complement x ->
            Piece.make Level.Prefix ("\\lnot " + TextCompose.inner signs Level.Call (piece x))
        | Form.Power(x, y) -> Piece.make Level.Power $"{tight x}^{{{text y}}}"
        | Form.Root x -> Piece.make Level.Prefix $"\\sqrt{{{text x}}}"
        | Form.InverseRoot x -> fraction "1" $"\\sqrt{{{text x}}}"
        | Form.Inverse x -> fraction "1" (text x)
        | Form.Magnitude x -> Piece.atom $"\\left|{text x}\\right|"
        | Form.Floor x -> Piece.atom $"\\left\\lfloor {text x}\\right\\rfloor "
        | Form.Ceiling x -> Piece.atom $"\\left\\lceil {text x}\\right\\rceil "
        | Form.Function(name, x) -> TextCompose.apply signs (functionName name) (piece x)
        | Form.Sigmoid x -> call "\\sigma" [ piece x ] []
        | Form.Transposed x -> Piece.make Level.Power $"{tight x}^{{\\top}}"
        | Form.Fold(op, axes, x) -> call (foldName op) [ piece x ] (List.map string axes)
        | Form.Cut(cuts, x) ->
            let range (c: Cut) = $"%d{c.Start}:%d{c.Stop}" + (if c.Step = 1 then "" else $":%d{c.Step}")

            // A name may have a subscript of its own, and TeX takes no second one.
            let target = tight x

            let isLowered =
                target.Contains "_{" && not (target.StartsWith(signs.Open, StringComparison.Ordinal))

            let target = if isLowered then $"{{{target}}}" else target
            Piece.make Level.Power $"{target}_{{{cuts |> List.map range |> comma}}}"
        | Form.Call(name, xs, attributes) ->
            call (operator name) (List.map piece xs) (List.choose attribute attributes)
        | Form.Loop(result, loop) ->
            let operands = loop.Initial @ loop.Sequences @ loop.Fixed |> List.map piece
            call (operator "scan") operands [ $"%d{loop.Length} \\to %d{result}" ]
        | Form.Stretched x -> stretched e.Shape (piece x)

    let private notation (prefix: string) : Notation<'e> when 'e :> INode<'e> =
        {
            Operands = Form.operands
            Render = TextCompose.withShapes stretched render
            Name = fun n -> $"{prefix}_{{%d{n}}}"
            IsLeaf = fun e -> List.isEmpty (Form.operands e)
            Whole = 500
            Longest = 160
            Deepest = 16
        }

    // The number of definitions that fit a page.
    let private mostDefinitions = 24

    let private write (isWhole: bool) (e: 'e) : string when 'e :> INode<'e> =
        let root = Form.seen e

        let names =
            TextLayout.walk Form.operands [ root ]
            |> Seq.choose (fun e ->
                match e.Node with
                // `t_1` and `t1` are written alike.
                | Node.Variable v -> Some(v.Name.Replace("_", ""))
                | _ -> None)

        let layout = TextLayout.run (notation (TextName.prefix names)) [ root ]
        let result = layout.Results |> List.map _.Text |> comma
        let count = layout.Definitions.Length

        if count = 0 then
            result
        else
            let line (struct (name: string, p: Piece)) =
                let text = if p.Level <= Level.Compare then TextCompose.parens signs p else p.Text
                $"{name} &= {text}"

            let shown =
                if isWhole || count <= mostDefinitions then
                    layout.Definitions |> Array.map line |> List.ofArray
                else
                    let kept = mostDefinitions / 2
                    let first = layout.Definitions |> Seq.take kept |> Seq.map line |> List.ofSeq
                    let last = layout.Definitions |> Seq.skip (count - kept) |> Seq.map line |> List.ofSeq
                    first @ [ $"&\\;\\vdots \\quad \\text{{%d{count - 2 * kept} more}}" ] @ last

            "\\begin{aligned}\n" + String.Join(" \\\\\n", shown @ [ "& " + result ]) + "\n\\end{aligned}"

    /// LaTeX of an expression, to be put between `$` signs: fractions, roots and powers as in a book; names with
    /// digits or underscores get subscripts, Greek names Greek letters. Of a large graph the shared and long parts are
    /// named in an `aligned` block, the result last, and the middle of a long list left out. Matrix products are
    /// juxtaposed. Takes time in proportion to the graph, and does not recurse.
    /// `Latex.ofExpr (x ** 2.0 / lit 3.0)` is `\frac{x^{2}}{3}`.
    let ofExpr (e: 'e) : string when 'e :> INode<'e> = write false e

    /// The same with nothing left out, however long.
    /// `File.WriteAllText("loss.tex", Latex.whole loss)`
    let whole (e: 'e) : string when 'e :> INode<'e> = write true e
