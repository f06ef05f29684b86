namespace DL1

open System
open System.Collections.Generic
open DL1.Notebooks

/// What is told about a computation, so that its gradients can be written with matrices.
type MatrixNotation =
    {
        /// Names of values inside, put in for what they stand for: `[ "Z", z; "P", p ]`. Variables have their own, and the
        /// loss is called L unless it is named here.
        Names: (string * Expr) list
        /// Matrices that are equal to their transposes.
        Symmetric: Expr list
        /// Matrices whose rows each add up to 1, such as one-hot targets and probabilities of classes.
        Stochastic: Expr list
        /// Whether gradients are written by those of the values named, one step of the chain rule in each: ∂L/∂W₁ = Xᵀ·∂L/∂Z₁.
        Stepwise: bool
    }

/// A formula with matrices: vectors are columns, · is the product of matrices, ⊙ and ⊘ work on elements, and 1 is a column of
/// ones, or, in a sum, ones everywhere.
[<Sealed; StructuredFormatDisplay("{Display}")>]
[<TypeFormatterSource(typeof<FormulaSource>, PreferredMimeTypes = [| "text/latex" |])>]
type MatrixFormula
    internal (subject: string, e: Expr, written: Result<MatrixTerm, string>, value: Expr, shape: string) =
    let text script fallback =
        match written with
        | Ok t -> MatrixText.text script (MatrixLayout.tidy t)
        | Error _ -> fallback ()

    /// What the formula is of: `∂L/∂W₁`.
    member _.Subject = MatrixScripts.unicodeName subject
    /// The expression that the gradient is by, or that was written.
    member _.Of = e
    /// The right side: `Xᵀ·((P − Y)·W₂ᵀ ⊙ σ′(Z))`.
    member _.Text = text MatrixScripts.unicode (fun () -> string value)
    /// The right side in ASCII: `X.T @ ((P - Y) @ W2.T * sigmoid'(Z))`.
    member _.Ascii = text MatrixScripts.ascii (fun () -> Text.ascii value)

    /// Both sides in LaTeX.
    member _.Latex =
        MatrixScripts.latexName subject + " = " + text MatrixScripts.latex (fun () -> Latex.ofExpr value)

    /// The shapes in the places of the names: `4×3 = 4×120 · (120×2 · 2×3 ⊙ 120×3)`.
    member _.Shapes =
        match written with
        | Ok t -> shape + " = " + MatrixText.text MatrixScripts.shapes (MatrixLayout.shapes t)
        | Error _ -> shape

    /// What the formula says as an expression, in the shape of `Of`.
    member _.Value = value
    /// Whether it is written with matrices; else `Text` is that of the gradient as an expression, and `Reason` tells why.
    member _.IsMatrixForm = Result.isOk written

    /// Why it is not written with matrices; empty where it is.
    member _.Reason =
        match written with
        | Ok _ -> ""
        | Error why -> why

    /// Both sides: `∂L/∂w = 2·Aᵀ·(A·w − b)`; where there is no matrix form, the reason on a line of its own.
    override this.ToString() =
        let line = $"{this.Subject} = {this.Text}"

        if this.IsMatrixForm then line else line + "\n  (" + this.Reason + ")"

    member internal this.Display = Format.following (this.ToString())

    interface INotebookFormula with
        member this.Latex = this.Latex
        member this.Html = Html.pre (this.ToString())

/// Gradients of losses as formulas with matrices, as in a textbook: `∂L/∂W₁ = Xᵀ·((P − Y)·W₂ᵀ ⊙ σ′(Z))`.
[<RequireQualifiedAccess>]
module MatrixCalculus =
    /// No names, no assumptions, each gradient whole. `{ MatrixCalculus.notation with Names = [ "p", x ] }`
    let notation: MatrixNotation = { Names = []; Symmetric = []; Stochastic = []; Stepwise = false }

    let private contextOf (n: MatrixNotation) : MatrixContext =
        let names = Dictionary<Digest, string>()

        for name, e in n.Names do
            names[e.Digest] <- name

        {
            Names = names
            Symmetric = HashSet<Digest>(n.Symmetric |> Seq.map _.Digest)
            Stochastic = HashSet<Digest>(n.Stochastic |> Seq.map _.Digest)
            Known = Dictionary<Digest, MatrixTerm>()
        }

    let private shape (e: Expr) =
        match MatrixRead.extents e with
        | ValueSome(struct (m, n)) -> $"%d{m}×%d{n}"
        | ValueNone -> string e.Shape

    let private named (c: MatrixContext) (e: Expr) =
        match c.Names.TryGetValue e.Digest, e.Node with
        | (true, name), _ -> Some name
        | _, Node.Variable v -> Some v.Name
        | _ -> None

    /// Parts that are equal to what a name stands for, by that name.
    let private renamed (c: MatrixContext) (names: (string * Expr) list) : MatrixTerm -> MatrixTerm =
        let table =
            names
            |> List.choose (fun (_, e) ->
                match MatrixRead.definition c e, MatrixRead.term c e with
                | ValueSome made, ValueSome leaf when MatrixTerm.parts made <> [] -> Some(made, leaf)
                | _ -> None)

        let rec go (t: MatrixTerm) : MatrixTerm =
            match table |> List.tryFind (fun (made, _) -> made = t) with
            | Some(_, leaf) -> leaf
            | None -> MatrixTerm.map go t

        go

    /// What an expression is made of, with matrices and the names given: `P = softmax(H·W₂ + 1·b₂ᵀ)`. One of more than two
    /// axes, or that no matrices say, is written as it is elsewhere.
    /// `MatrixCalculus.write MatrixCalculus.notation (Expr.matmul m m)`
    let write (notation: MatrixNotation) (e: Expr) : MatrixFormula =
        let c = contextOf notation

        let written =
            match MatrixRead.definition c e with
            | ValueSome t -> Ok t
            | ValueNone -> Error $"{Node.name e.Node} has no form with matrices"

        let value =
            match written with
            | Ok t -> MatrixValue.like e t
            | Error _ -> e

        MatrixFormula(named c e |> Option.defaultValue "y", e, written, value, shape e)

    let private check (wrt: Expr list) (loss: Expr) =
        let operation = "MatrixCalculus.gradients"

        if not loss.Shape.IsScalar || not loss.DType.IsFloat then
            Refuse.shape
                operation
                (Operand.text loss)
                "a scalar of type f32 or f64"
                "reduce it first, for example to its sum"

        if wrt.IsEmpty then
            Refuse.domain
                operation
                "nothing to differentiate by"
                "one expression or more"
                "name the parameters"

        Graph.variables (loss :: wrt) |> ignore

    /// The gradients of a scalar by each of some expressions, whole or step by step (see `MatrixNotation.Stepwise`: then those by
    /// the values named come first, from the loss back). Those that no matrices say (convolutions, more than two axes, sorting)
    /// are given as expressions, with the reason. Where a formula divides by 0, as x/‖x‖ does at 0, its value is NaN; reverse
    /// mode has 0 there. A loss that is no scalar of f32 or f64 is a `ShapeError`.
    /// `MatrixCalculus.gradients MatrixCalculus.notation [ x ] (Linear.dot x (Linear.matvec m x))`
    let gradients (notation: MatrixNotation) (wrt: Expr list) (loss: Expr) : MatrixFormula list =
        check wrt loss
        let c = contextOf notation

        let lossName =
            match c.Names.TryGetValue loss.Digest with
            | true, name -> name
            | false, _ -> "L"

        let subject (e: Expr) = $"∂{lossName}/∂{named c e |> Option.defaultValue (string e)}"

        let steps =
            if notation.Stepwise then
                notation.Names |> List.map snd |> List.filter (fun e -> e <> loss && e.DType.IsFloat)
            else
                []

        let targets = List.distinct (steps @ wrt)
        let exact = Dictionary<Digest, Expr>()

        for e, g in List.zip targets (Grad.grad loss targets) do
            exact[e.Digest] <- g

        let leafOf (e: Expr) =
            if notation.Stepwise && targets |> List.exists (fun t -> t = e) then
                match MatrixRead.leaf c true (subject e) e with
                | ValueSome(MatrixTerm.Leaf leaf) ->
                    Some(
                        MatrixTerm.Leaf
                            { leaf with Value = exact[e.Digest]; IsSymmetric = false; IsStochastic = false }
                    )
                | _ -> None
            else
                None

        let found = MatrixReverse.adjoints c loss targets leafOf
        let rename = renamed c notation.Names

        let formula (e: Expr) =
            let written =
                match found |> List.tryFind (fun (o, _) -> o = e) with
                | Some(_, Ok t) -> Ok(rename t)
                | Some(_, Error why) -> Error why
                | None ->
                    match MatrixRead.extents e with
                    | ValueSome(struct (m, n)) -> Ok(MatrixTerm.Zero(m, n))
                    | ValueNone -> Error "it has more than two axes"

            let value =
                match written with
                | Ok t -> MatrixValue.like e t
                | Error _ -> Rewrite.simplify exact[e.Digest]

            MatrixFormula(subject e, e, written, value, shape e)

        let place (e: Expr) =
            found |> List.tryFindIndex (fun (o, _) -> o = e) |> Option.defaultValue Int32.MaxValue

        let isWanted e = List.contains e wrt

        let inside =
            steps |> List.filter (fun e -> not (isWanted e) && place e < Int32.MaxValue) |> List.sortBy place

        List.map formula (inside @ wrt)
