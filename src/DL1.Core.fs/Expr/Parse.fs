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

    let deepest = 600
    let float64 at text = ParseNumber.float64 source at text
    let functions = ParseCall.functions float64
    let refuse at what expected cure : 'a = ParseToken.refuse source at what expected cure

    let symbol name =
        match scope.TryGetValue name with
        | true, e -> e
        | false, _ ->
            implied.Add name |> ignore
            let e = Expr.symbol name
            scope[name] <- e
            e

    let binaryOf sign : (int * (Expr -> Expr -> Expr)) option =
        match sign with
        | Token.Name "or" -> Some(1, Expr.either)
        | Token.Name "and" -> Some(2, Expr.both)
        | Token.Sign "==" -> Some(3, Expr.equal)
        | Token.Sign "!=" -> Some(3, Expr.notEqual)
        | Token.Sign "<" -> Some(3, Expr.compare CompareOp.Lt)
        | Token.Sign "<=" -> Some(3, Expr.compare CompareOp.Le)
        | Token.Sign ">" -> Some(3, Expr.compare CompareOp.Gt)
        | Token.Sign ">=" -> Some(3, Expr.compare CompareOp.Ge)
        | Token.Sign "+" -> Some(4, Expr.binary BinaryOp.Add)
        | Token.Sign "-" -> Some(4, Expr.binary BinaryOp.Sub)
        | Token.Sign "*" -> Some(5, Expr.binary BinaryOp.Mul)
        | Token.Sign "/" -> Some(5, Expr.binary BinaryOp.Div)
        | Token.Sign "@" -> Some(5, Expr.matmul)
        | Token.Sign("^" | "**") -> Some(7, Expr.binary BinaryOp.Pow)
        | Token.Sign _
        | Token.Name _
        | Token.Number _
        | Token.Quoted _
        | Token.End -> None

    let comparison = 3
    let negation = 6
    let power = 7

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

        while goesOn do
            match binaryOf (words.Word) with
            | Some(level, build) when level >= least ->
                words.Step()
                // Powers nest to the right, the others to the left; comparisons do neither.
                let right = this.Expression(if level = power then negation else level + 1)
                left <- build left right

                if level = comparison then
                    match binaryOf (words.Word) with
                    | Some(3, _) ->
                        words.Unexpected(
                            "one comparison",
                            "join two with 'and': a < b and b < c, or put one in parentheses"
                        )
                    | Some _
                    | None -> ()
            | Some _
            | None -> goesOn <- false

        depth <- depth - 1
        left

    member private this.Prefix() : Expr =
        if words.Taken "-" then
            match words.Word, words.Following with
            // -2 is a number; -2^x is the negative of a power.
            | Token.Number text, next when not (words.IsBefore "^" || words.IsBefore "**") ->
                let at = words.Place
                words.Step()

                if text.StartsWith("nan", StringComparison.Ordinal) then
                    -(Expr.Literal(float64 at text))
                else
                    Expr.Literal(float64 at ("-" + text))
            | _ -> -(this.Expression negation)
        elif words.Taken "+" then
            this.Expression negation
        else
            this.Primary()

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
        | Token.Name("let" | "and" | "or" | "true" | "false" as name) ->
            refuse
                at
                $"the word {name}"
                "a number, a variable or a function"
                $"quote a variable of that name: \"{name}\"; a truth value is bool(true)"
        | Token.Name name ->
            words.Step()
            symbol name
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
        | Token.Sign _
        | Token.End ->
            words.Unexpected(
                "a number, a variable, a function or '('",
                "complete the expression, or take the operator out"
            )

    member private this.Called(at: int, name: string) : Expr =
        match name, DType.tryParse name with
        | "tensor", _ -> Expr.Constant(words.Tensor())
        | _, Some dtype ->
            let item = words.Element()
            words.Take(")", $"write {name}(2), one number; a tensor is tensor({name}, [2], [0, 1])")
            Expr.Constant(ParseNumber.tensor source dtype [] [| item |])
        | _, None ->
            match functions.TryGetValue name with
            | false, _ -> ParseNumber.unknown source at name functions.Keys
            | true, build ->
                let operands, attributes = this.Arguments()
                let call = Call(source, at, name, operands, attributes)
                call.Finish(build call)

    /// Operands, then attributes by name, up to the closing parenthesis.
    member private this.Arguments() : Expr list * (string * int * Value) list =
        let operands = List<Expr>()
        let attributes = List<string * int * Value>()
        let known = List<Variable>()

        let argument () =
            match words.Word with
            | Token.Name name when words.IsBefore "=" ->
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

        words.ListUntil(")", argument) |> ignore
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

/// Reads expressions from ASCII text.
[<RequireQualifiedAccess>]
module Parse =
    /// The expression that a text stands for. Names stand for f64 scalars unless declared in front (`x: f32[3];`);
    /// numbers take the type of what they meet; operators broadcast; `let t1 = ...;` names a part. |x| is a magnitude,
    /// log(x, b) a logarithm to base b; the functions of `Special` have their names. What `Text.ascii`
    /// writes is read back to an equal expression. Raises `FormatError` with line and column for a text that cannot be
    /// read, and `ShapeError` for operands that do not fit.
    /// `Parse.expr "x*sin(x) + 2"`, `Parse.expr "x: f32[8, 3]; sum(x^2, axes=[1])"`
    let expr (text: string) : Expr = Reader(text).Program()

/// `Expr.parse`, beside the constructors of the module `Expr`.
[<AutoOpen>]
module ParseExtension =
    type Expr with

        /// The expression that a text stands for: `Expr.parse "x*sin(x) + 2"`. See `Parse.expr`.
        static member parse(text: string) : Expr = Parse.expr text
