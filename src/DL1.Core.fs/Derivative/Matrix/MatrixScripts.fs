namespace DL1

open System

/// The scripts that matrices are written in.
[<RequireQualifiedAccess>]
module internal MatrixScripts =
    let private lowered = "₀₁₂₃₄₅₆₇₈₉"

    let private greek =
        dict
            [
                'α', "alpha"
                'β', "beta"
                'γ', "gamma"
                'δ', "delta"
                'ε', "epsilon"
                'η', "eta"
                'θ', "theta"
                'λ', "lambda"
                'μ', "mu"
                'ν', "nu"
                'ρ', "rho"
                'σ', "sigma"
                'τ', "tau"
                'φ', "phi"
                'ω', "omega"
                'Σ', "Sigma"
                'Λ', "Lambda"
                'Φ', "Phi"
            ]

    /// A name in ASCII: `W₁` is `W1`, `λ` is `lambda`.
    let private plain (name: string) =
        name
        |> String.collect (fun c ->
            match lowered.IndexOf c, greek.TryGetValue c with
            | -1, (true, word) -> word
            | -1, _ -> string c
            | digit, _ -> digit.ToString Globalization.CultureInfo.InvariantCulture)

    /// A name with its last digits lowered: `W1` and `W_1` are `W₁`.
    let private pretty (name: string) =
        let digits = name |> Seq.rev |> Seq.takeWhile Char.IsAsciiDigit |> Seq.length
        let head = name.Substring(0, name.Length - digits)

        if digits = 0 || head = "" || not (Char.IsLetter head[head.Length - 1] || head.EndsWith '_') then
            name
        else
            let tail = name.Substring head.Length |> String.map (fun c -> lowered[int c - int '0'])
            head.TrimEnd '_' + tail

    /// The parts of `∂L/∂W`.
    let private (|Derivative|_|) (name: string) =
        match name.Split "/∂" with
        | [| top; below |] when top.StartsWith '∂' -> Some(top.Substring 1, below)
        | _ -> None

    let private digits x = TextNumber.ascii x

    let private functionName op =
        match op with
        | UnaryOp.Sigmoid -> "σ"
        | _ -> Node.unaryName op

    /// What a matrix of 0 and 1 tells.
    let private (|Condition|_|) (leaf: MatrixLeaf) =
        match leaf.Value.Node with
        | Node.Cast(_, condition) when not leaf.IsName && leaf.Text.StartsWith '[' -> Some condition
        | _ -> None

    let unicodeName (name: string) =
        match name with
        | Derivative(top, below) -> $"∂{pretty top}/∂{pretty below}"
        | _ -> pretty name

    let asciiName (name: string) =
        match name with
        | Derivative(top, below) -> $"d{plain top}/d{plain below}"
        | _ -> plain name

    let private latexOf (name: string) = Latex.ofExpr (Expr.symbol (plain name))

    let latexName (name: string) =
        match name with
        | Derivative(top, below) -> $"\\frac{{\\partial {latexOf top}}}{{\\partial {latexOf below}}}"
        | _ -> latexOf name

    let unicode: MatrixScript =
        {
            Leaf = fun leaf -> if leaf.IsName then unicodeName leaf.Text else leaf.Text
            Number = digits >> TextNumber.pretty
            Minus = "−"
            Dot = "·"
            ScalarDot = "·"
            IsDotTighter = true
            Hadamard = " ⊙ "
            Divided = " ⊘ "
            Fraction = fun a b -> a + "/" + b
            IsInline = true
            Open = "("
            Close = ")"
            Raised = fun x n -> x + "^" + n
            Whole = TextNumber.superscript
            Transpose = "ᵀ"
            InverseTranspose = "⁻ᵀ"
            Inverse = "⁻¹"
            Ones = "1"
            Identity = "I"
            Function = functionName
            Prime = "′"
            Abs = fun x -> "|" + x + "|"
            Norm = fun _ x -> "‖" + x + "‖"
            Root = fun x -> "√(" + x + ")"
            RootOf = fun x -> "√" + x
            Called = fun name -> if name.EndsWith '0' then name.TrimEnd '0' + "₀" else name
        }

    /// As unicode, with the dots apart, for shapes.
    let shapes: MatrixScript = { unicode with Dot = " · " }

    let ascii: MatrixScript =
        {
            Leaf =
                fun leaf ->
                    match leaf with
                    | Condition condition -> "[" + (Text.ascii condition).Replace("\n", " ") + "]"
                    | _ -> if leaf.IsName then asciiName leaf.Text else Text.ascii leaf.Value
            Number = digits
            Minus = "-"
            Dot = " @ "
            ScalarDot = " * "
            IsDotTighter = false
            Hadamard = " * "
            Divided = " / "
            Fraction = fun a b -> a + "/" + b
            IsInline = true
            Open = "("
            Close = ")"
            Raised = fun x n -> x + "^" + n.Replace("∘", "")
            Whole = fun n -> $"^%d{n}"
            Transpose = ".T"
            InverseTranspose = ".inv.T"
            Inverse = ".inv"
            Ones = "ones"
            Identity = "I"
            Function = Node.unaryName
            Prime = "'"
            Abs = fun x -> "abs(" + x + ")"
            Norm = fun _ x -> "norm(" + x + ")"
            Root = fun x -> "sqrt(" + x + ")"
            RootOf = fun x -> "sqrt(" + x + ")"
            Called = id
        }

    let private known = set [ "exp"; "log"; "sin"; "cos"; "tan"; "sinh"; "cosh"; "tanh"; "det" ]

    let private called (name: string) =
        if known.Contains name then "\\" + name
        elif name.EndsWith '0' then $"\\operatorname{{{name.TrimEnd '0'}}}_0"
        else $"\\operatorname{{{name}}}"

    let latex: MatrixScript =
        {
            Leaf =
                fun leaf ->
                    match leaf with
                    | Condition condition -> "\\left[" + Latex.ofExpr condition + "\\right]"
                    | _ -> if leaf.IsName then latexName leaf.Text else Latex.ofExpr leaf.Value
            Number = fun x -> Latex.ofExpr (lit x)
            Minus = "-"
            Dot = " \\, "
            ScalarDot = " \\, "
            IsDotTighter = true
            Hadamard = " \\odot "
            Divided = " \\oslash "
            Fraction = fun a b -> $"\\frac{{{a}}}{{{b}}}"
            IsInline = false
            Open = "\\left("
            Close = "\\right)"
            Raised = fun x n -> $"""{x}^{{{n.Replace("∘", "\\circ ")}}}"""
            Whole = fun n -> $"^{{%d{n}}}"
            Transpose = "^{\\top}"
            InverseTranspose = "^{-\\top}"
            Inverse = "^{-1}"
            Ones = "\\mathbf{1}"
            Identity = "I"
            Function =
                function
                | UnaryOp.Sigmoid -> "\\sigma"
                | op -> called (Node.unaryName op)
            Prime = "'"
            Abs = fun x -> "\\left|" + x + "\\right|"
            Norm = fun isMatrix x -> "\\left\\|" + x + "\\right\\|" + (if isMatrix then "_F" else "")
            Root = fun x -> $"\\sqrt{{{x}}}"
            RootOf = fun x -> $"\\sqrt{{{x}}}"
            Called = called
        }
