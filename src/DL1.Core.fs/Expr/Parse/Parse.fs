namespace DL1

open System
open System.Collections.Generic
open System.Globalization
open System.Runtime.CompilerServices

/// Reads one text: recursive descent over its words, operators by how tightly they bind.
[<Sealed>]
type internal Reader(source: string) =
    let words = Words source
    let mutable depth = 0
    // Variables and parts by name; graphs inside a call have their own.
    let mutable scope = Dictionary<string, Expr>()
    // Names met before a declaration of them: they stand for f64 scalars from then on.
    let mutable implied = HashSet<string>()

    // Where the argument of a function without parentheses ended last: `sin x`.
    let mutable applied = -1

    let deepest = 600
    let float64 at text = ParseNumber.float64 source at text
    let functions = ParseCall.functions float64
    let refuse at what expected cure : 'a = ParseToken.refuse source at what expected cure

    let isNumbered name =
        let struct (_, digits) = ParseToken.subscript name
        digits <> ""

    let isRaised token =
        match token with
        | Token.Sign sign -> (ParseToken.exponent sign).IsSome
        | Token.Number _
        | Token.Name _
        | Token.Quoted _
        | Token.End -> false

    let symbol name =
        Lookup.orAdd scope name (fun () ->
            implied.Add name |> ignore
            Expr.symbol name)

    /// An expression whose operators bind at least this tightly.
    member private this.Expression(least: int) : Expr =
        depth <- depth + 1

        if depth > deepest || not (RuntimeHelpers.TryEnsureSufficientExecutionStack()) then
            refuse
                (words.Place)
                $"nesting deeper than %d{deepest}"
                "parts by name where expressions are deep"
                "write let t1 = ...; and use t1"

        let mutable left = this.Prefix()
        let mutable goesOn = true
        let mutable isQuotient = false

        while goesOn do
            match ParseOperator.binary words.Word with
            | Some(level, _) when level = ParseOperator.product && level >= least && words.Position = applied ->
                words.Unexpected(
                    "a sum, or parentheses around the argument",
                    "write sin(x)*y where only x is the argument, sin(x*y) where all of it is"
                )
            | Some(level, build) when level >= least ->
                isQuotient <- words.IsAt "/"
                words.Step()
                // Powers nest to the right, the others to the left; comparisons do neither.
                let right =
                    this.Expression(if level = ParseOperator.power then ParseOperator.negation else level + 1)

                left <- build left right

                if level = ParseOperator.comparison then
                    match ParseOperator.binary words.Word with
                    | Some(level, _) when level = ParseOperator.comparison ->
                        words.Unexpected(
                            "one comparison",
                            "join two with 'and': a < b and b < c, or put one in parentheses"
                        )
                    | Some _
                    | None -> ()
            | None when ParseOperator.product >= least && not words.Opens && ParseOperator.isFactor words.Word ->
                // 1/2x and sin 2x could each be read in two ways.
                if isQuotient || words.Position = applied then
                    words.Unexpected(
                        "an operator",
                        "put in the sign that is left out: 1/2*x or 1/(2*x), sin(2*x) or sin(2)*x"
                    )

                left <- left * this.Expression ParseOperator.negation
            | Some _
            | None -> goesOn <- false

        depth <- depth - 1
        left

    member private this.Prefix() : Expr =
        if words.Taken "-" then
            match words.Word, words.Following with
            // -2 is a number; -2^x is the negative of a power.
            | Token.Number text, next when not (words.IsBefore "^" || words.IsBefore "**" || isRaised next) ->
                let at = words.Place
                words.Step()

                if text.StartsWith("nan", StringComparison.Ordinal) then
                    -(Expr.Literal(float64 at text))
                else
                    Expr.Literal(float64 at ("-" + text))
            | _ -> -(this.Expression ParseOperator.negation)
        elif words.Taken "+" then
            this.Expression ParseOperator.negation
        elif words.Taken "¬" then
            Expr.not' (this.Expression ParseOperator.negation)
        elif words.Taken "√" then
            let root =
                sqrt (
                    if words.IsAt "√" then
                        this.Expression(ParseOperator.power + 1)
                    else
                        this.Primary()
                )

            if words.IsAt "^" || words.IsAt "**" || isRaised words.Word then
                words.Unexpected("parentheses that say what the root is of", "write √(x²) or (√x)²")

            root
        else
            this.Postfix(this.Primary())

    /// What stands behind an operand and binds before all else: `x²`, `xᵀ`, `x[0:2, :]`.
    member private _.Postfix(operand: Expr) : Expr =
        let mutable e = operand
        let mutable goesOn = true

        while goesOn do
            match words.Word with
            | Token.Sign "ᵀ" when e.Shape.Rank < 2 ->
                words.Unexpected("a matrix to transpose", "declare the variable: m: f32[2, 3];")
            | Token.Sign "ᵀ" ->
                words.Step()
                let n = e.Shape.Rank
                e <- Expr.transpose ([ 0 .. n - 3 ] @ [ n - 1; n - 2 ]) e
            | Token.Sign "[" when not words.Opens -> e <- Expr.Make(Node.Slice(words.Cuts e.Shape, e))
            | Token.Sign sign when (ParseToken.exponent sign).IsSome ->
                let text = ParseToken.exponent sign |> Option.defaultValue ""
                e <- e ** Expr.Literal(float64 words.Place text)
                words.Step()

                if words.IsAt "^" || words.IsAt "**" then
                    words.Unexpected(
                        "one exponent",
                        "put parentheses around the power that is raised: (x²)^3"
                    )
            | Token.Sign _
            | Token.Number _
            | Token.Name _
            | Token.Quoted _
            | Token.End -> goesOn <- false

        e

    member private this.Primary() : Expr =
        let at = words.Place

        match words.Word with
        | Token.Number text ->
            words.Step()
            Expr.Literal(float64 at text)
        | Token.Quoted name ->
            words.Step()
            symbol name
        | Token.Name name when words.IsBefore "(" ->
            words.Step()
            words.Step()
            this.Called(at, name)
        | Token.Name name when words.IsApplied scope.ContainsKey ->
            words.Step()
            let argument = this.Expression ParseOperator.power
            applied <- words.Position
            functions[name](Call(source, at, name, [ argument ], []))
        | Token.Name("let" | "and" | "or" | "true" | "false" as name) ->
            refuse
                at
                $"the word {name}"
                "a number, a variable or a function"
                $"quote a variable of that name: \"{name}\"; a truth value is bool(true)"
        | Token.Name name when
            words.IsBefore "[" && (DType.tryParse name).IsSome && not (scope.ContainsKey name)
            ->
            refuse
                at
                $"a tensor of {name} without its elements"
                "all elements"
                "take the ASCII text of the expression, which leaves nothing out"
        | Token.Name name ->
            words.Step()

            let isBase = words.IsAt "^" || words.IsAt "**" || isRaised words.Word

            match ParseOperator.constant isBase name with
            | Some number when not (scope.ContainsKey name) -> Expr.Literal number
            | Some _
            | None -> symbol name
        | Token.Sign "(" ->
            words.Step()
            let e = this.Expression 0
            words.Take(")", "close the parenthesis, or write an operator between two factors: 2*x")
            e
        | Token.Sign "|" ->
            words.Step()
            let e = this.Expression 0
            words.Take("|", "close the magnitude, or write an operator between two factors: |2*x|")
            abs e
        | Token.Sign "⌊" ->
            words.Step()
            let e = this.Expression 0
            words.Take("⌋", "close what is rounded down: ⌊x⌋")
            floor e
        | Token.Sign "⌈" ->
            words.Step()
            let e = this.Expression 0
            words.Take("⌉", "close what is rounded up: ⌈x⌉")
            ceil e
        | Token.Sign "[" -> Expr.Constant(words.Numbers())
        | Token.Sign _
        | Token.End ->
            words.Unexpected(
                "a number, a variable, a function or '('",
                "complete the expression, or take the operator out"
            )

    member private this.Called(at: int, name: string) : Expr =
        let struct (name, axes) =
            if scope.ContainsKey name then struct (name, []) else ParseOperator.called name

        match name, DType.tryParse name with
        | "tensor", _ -> Expr.Constant(words.Tensor())
        // A number with its type, all its bits; everything else is cast.
        | _, Some dtype when words.IsElement -> Expr.Constant(words.Typed(name, dtype))
        | _, Some dtype ->
            let e = this.Expression 0
            words.Take(")", $"write {name}(x), one expression; a tensor is tensor({name}, [2], [0, 1])")
            Expr.Make(Node.Cast(dtype, e))
        | _, None ->
            match functions.TryGetValue name with
            | false, _ -> ParseNumber.unknown source at name functions.Keys
            | true, build ->
                let operands, attributes = this.Arguments name

                let lowered =
                    if axes.IsEmpty then
                        []
                    else
                        [ "axes", at, Value.List [ for a in axes -> Value.Number $"%d{a}" ] ]

                let call = Call(source, at, name, operands, lowered @ attributes)
                call.Finish(build call)

    /// Operands, then attributes by name, up to the closing parenthesis.
    member private this.Arguments(caller: string) : Expr list * (string * int * Value) list =
        let operands = List<Expr>()
        let attributes = List<string * int * Value>()
        let known = List<Variable>()

        let argument () =
            match words.Word with
            // A condition is an operand: where(x = y, a, b).
            | Token.Name name when words.IsBefore "=" && not (caller = "where" && operands.Count = 0) ->
                let at = words.Place
                words.Step()
                words.Step()
                attributes.Add((name, at, this.Value known))
            | Token.Name _
            | Token.Number _
            | Token.Quoted _
            | Token.Sign _
            | Token.End ->
                if attributes.Count > 0 then
                    words.Unexpected(
                        "an attribute by name",
                        "put operands first, then attributes: sum(x, axes=[0])"
                    )

                operands.Add(this.Expression 0)

        words.ArgumentsUntil(")", argument)
        List.ofSeq operands, List.ofSeq attributes

    member private this.Value(known: List<Variable>) : Value =
        match words.Word with
        | Token.Sign "[" ->
            words.Step()

            match words.Name with
            | Some _ when words.IsBefore ":" ->
                let declared =
                    words.ListUntil(
                        "]",
                        fun () ->
                            match words.Name with
                            | Some name ->
                                words.Step()
                                words.Take(":", "write the type after the name: x: f32[3]")
                                words.Variable name
                            | None -> words.Unexpected("a variable", "write [x: f32[3], y: f64]")
                    )

                known.AddRange declared
                Value.Variables declared
            | _ ->
                Value.List(
                    words.ListUntil(
                        "]",
                        fun () ->
                            let struct (_, text) = words.Element()
                            Value.Number text
                    )
                )
        | Token.Sign "{" ->
            words.Step()
            Value.Graphs(this.Block(List.ofSeq known))
        | Token.Name name ->
            words.Step()
            Value.Word name
        | Token.Quoted text ->
            words.Step()
            Value.Quoted text
        | Token.Number _
        | Token.Sign "-" ->
            let struct (_, text) = words.Element()
            Value.Number text
        | Token.Sign _
        | Token.End ->
            words.Unexpected("the attribute's value", "write axis=1, axes=[0, 1], type=f32 or name=\"f\"")

    /// Graphs closed over variables of their own.
    member private this.Block(known: Variable list) : Expr list =
        let outer, outerImplied = scope, implied
        scope <- Dictionary<string, Expr>()
        implied <- HashSet<string>()

        for v in known do
            scope[v.Name] <- Expr.ofVariable v

        this.Statements()
        let results = words.ListUntil("}", fun () -> this.Expression 0)
        scope <- outer
        implied <- outerImplied
        results

    /// `x: f32[3];` and `let t1 = ...;`, as many as there are.
    member private this.Statements() =
        let mutable goesOn = true

        while goesOn do
            let at = words.Place

            match words.Word, words.Name with
            | Token.Name "let", _ when
                (match words.Following with
                 | Token.Name _
                 | Token.Quoted _ -> true
                 | Token.Number _
                 | Token.Sign _
                 | Token.End -> false)
                ->
                words.Step()
                let name = words.Name |> Option.defaultValue ""
                words.Step()
                words.Take("=", "write let t1 = x + 1;")
                let e = this.Expression 0
                words.Take(";", "end the definition with ';'")
                scope[name] <- e
            | _, Some name when words.IsBefore ":" ->
                words.Step()
                words.Step()

                if implied.Contains name then
                    refuse
                        at
                        $"{name}, declared after it was used"
                        "declarations in front"
                        "move the declaration to the head"

                let v = words.Variable name
                words.Take(";", "end the declaration with ';'")
                scope[name] <- Expr.ofVariable v
            // t₁ = sin x; as Unicode mathematics names a part.
            | Token.Name name, _ when words.IsBefore "=" && isNumbered name ->
                words.Step()
                words.Step()
                let e = this.Expression 0

                if not (words.Taken ";" || words.Opens) then
                    words.Take(";", "end the definition with ';' or with its line")

                scope[name] <- e
            | _ -> goesOn <- false

    /// The whole text.
    member this.Program() : Expr =
        match words.Word with
        | Token.End -> refuse 0 "an empty text" "an expression" "write x*sin(x) + 2, for example"
        | Token.Name _
        | Token.Number _
        | Token.Quoted _
        | Token.Sign _ -> ()

        this.Statements()
        let e = this.Expression 0

        match words.Word with
        | Token.End -> e
        | Token.Name _
        | Token.Number _
        | Token.Quoted _
        | Token.Sign "(" ->
            words.Unexpected(
                "an operator or the end of the text",
                "write an operator between two factors, 2*x, and parentheses after a function, sin(x)"
            )
        | Token.Sign _ ->
            words.Unexpected(
                "an operator or the end of the text",
                "take it out, or complete what it belongs to; declarations (x: f32[3];) stand in front"
            )

/// Reads expressions from text.
[<RequireQualifiedAccess>]
module Parse =
    /// The expression that a text stands for. Names stand for f64 scalars unless declared in front (`x: f32[3];`);
    /// numbers take the type of what they meet; operators broadcast; `let t1 = ...;` names a part. |x| is a magnitude,
    /// log(x, b) a logarithm to base b, `pi` its number and `e^x` the exponential unless declared or quoted; the functions of `Special`
    /// have their names. A product may go without its sign, `2x` or `3(x + 1)`, where it can be read in one way alone.
    /// What `Text.ascii` writes is read back to an equal expression; what `Text.unicode` writes whole is read back to one
    /// that is written alike, in f64 unless its variables are declared. Raises `FormatError` with line and column for a
    /// text that cannot be read, and `ShapeError` for operands that do not fit.
    /// `Parse.expr "x*sin(x) + 2"`, `Parse.expr "x: f32[8, 3]; sum(x^2, axes=[1])"`, `Parse.expr "2x² − π·sin x"`
    let expr (text: string) : Expr = Reader(text).Program()

/// `Expr.parse`, beside the constructors of the module `Expr`.
[<AutoOpen>]
module ParseExtension =
    type Expr with

        /// The expression that a text stands for: `Expr.parse "x*sin(x) + 2"`. See `Parse.expr`.
        static member parse(text: string) : Expr = Parse.expr text
