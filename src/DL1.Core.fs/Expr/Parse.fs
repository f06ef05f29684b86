namespace DL1

open System
open System.Collections.Generic
open System.Globalization
open System.Runtime.CompilerServices

/// Reads one text: recursive descent over its words, operators by how tightly they bind.
[<Sealed>]
type internal Reader(source: string) =
    let words = ParseToken.all source
    let mutable position = 0
    let mutable depth = 0
    // Variables and parts by name; graphs inside a call have their own.
    let mutable scope = Dictionary<string, Expr>()
    // Names met before a declaration of them: they stand for f64 scalars from then on.
    let mutable implied = HashSet<string>()

    let deepest = 600
    let word () = words[position].Token
    let place () = words[position].At
    let following () = words[min (position + 1) (words.Length - 1)].Token
    let step () = position <- min (position + 1) (words.Length - 1)

    let isSign text token =
        match token with
        | Token.Sign s -> s = text
        | Token.Number _
        | Token.Name _
        | Token.Quoted _
        | Token.End -> false

    let refuse at what expected cure : 'a = ParseToken.refuse source at what expected cure
    let unexpected expected cure : 'a = refuse (place ()) (ParseToken.describe (word ())) expected cure

    let take text cure = if isSign text (word ()) then step () else unexpected $"'{text}'" cure

    let taken text =
        let found = isSign text (word ())

        if found then
            step ()

        found

    let float64 at text = ParseNumber.float64 source at text
    let int32' at text = ParseNumber.int32' source at text
    let functions = ParseCall.functions float64

    /// A number or truth value with its sign, as text.
    let element () : struct (int * string) =
        let at = place ()
        let minus = if taken "-" then "-" else ""

        match word () with
        | Token.Number text ->
            step ()
            struct (at, minus + text)
        | Token.Name("true" | "false" as text) when minus = "" ->
            step ()
            struct (at, text)
        | Token.Name _
        | Token.Quoted _
        | Token.Sign _
        | Token.End ->
            unexpected "a number" "write f32(0.5), for example; another type of x is cast(x, type=f32)"

    /// Items between commas up to a closing sign, which is taken; none where it closes at once.
    let listUntil (close: string) (item: unit -> 'a) : 'a list =
        let items = List<'a>()

        if not (taken close) then
            items.Add(item ())

            while taken "," do
                items.Add(item ())

            take close $"put ',' between items and '{close}' after the last"

        List.ofSeq items

    let dims () =
        take "[" "write the shape as [2, 3]"

        listUntil "]" (fun () ->
            let struct (at, text) = element ()
            int32' at text)

    let dtype () =
        match word () with
        | Token.Name name when (DType.tryParse name).IsSome ->
            step ()
            DType.tryParse name |> Option.defaultValue DType.F64
        | Token.Name _
        | Token.Number _
        | Token.Quoted _
        | Token.Sign _
        | Token.End -> unexpected "an element type: f32, f64, i32, i64 or bool" "write x: f32[3], for example"

    /// `f32[3, 4]` after a name and its colon.
    let variable name : Variable =
        let dtype = dtype ()
        let shape = if isSign "[" (word ()) then Shape.ofList (dims ()) else Shape.Scalar
        { Name = name; DType = dtype; Shape = shape }

    let nameOf token =
        match token with
        | Token.Name name
        | Token.Quoted name -> Some name
        | Token.Number _
        | Token.Sign _
        | Token.End -> None

    let symbol name =
        match scope.TryGetValue name with
        | true, e -> e
        | false, _ ->
            implied.Add name |> ignore
            let e = Expr.symbol name
            scope[name] <- e
            e

    let constantTensor () =
        let dtype = dtype ()
        take "," "write tensor(f32, [2], [0.5, 1])"
        let dims = dims ()
        take "," "write tensor(f32, [2], [0.5, 1])"
        take "[" "write the elements in one list: tensor(f32, [2], [0.5, 1])"
        let items = listUntil "]" element
        take ")" "close the tensor with ')'"
        Expr.Constant(ParseNumber.tensor source dtype dims (Array.ofList items))

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
                (place ())
                $"nesting deeper than {deepest}"
                "parts by name where expressions are deep"
                "write let t1 = ...; and use t1"

        let mutable left = this.Prefix()
        let mutable goesOn = true

        while goesOn do
            match binaryOf (word ()) with
            | Some(level, build) when level >= least ->
                step ()
                // Powers nest to the right, the others to the left; comparisons do neither.
                let right = this.Expression(if level = power then negation else level + 1)
                left <- build left right

                if level = comparison then
                    match binaryOf (word ()) with
                    | Some(3, _) ->
                        unexpected
                            "one comparison"
                            "join two with 'and': a < b and b < c, or put one in parentheses"
                    | Some _
                    | None -> ()
            | Some _
            | None -> goesOn <- false

        depth <- depth - 1
        left

    member private this.Prefix() : Expr =
        if taken "-" then
            match word (), following () with
            // -2 is a number; -2^x is the negative of a power.
            | Token.Number text, next when not (isSign "^" next || isSign "**" next) ->
                let at = place ()
                step ()

                if text.StartsWith "nan" then
                    -(Expr.Literal(float64 at text))
                else
                    Expr.Literal(float64 at ("-" + text))
            | _ -> -(this.Expression negation)
        elif taken "+" then
            this.Expression negation
        else
            this.Primary()

    member private this.Primary() : Expr =
        let at = place ()

        match word () with
        | Token.Number text ->
            step ()
            Expr.Literal(float64 at text)
        | Token.Quoted name ->
            step ()
            symbol name
        | Token.Name name when isSign "(" (following ()) ->
            step ()
            step ()
            this.Called(at, name)
        | Token.Name("let" | "and" | "or" | "true" | "false" as name) ->
            refuse
                at
                $"the word {name}"
                "a number, a variable or a function"
                $"quote a variable of that name: \"{name}\"; a truth value is bool(true)"
        | Token.Name name ->
            step ()
            symbol name
        | Token.Sign "(" ->
            step ()
            let e = this.Expression 0
            take ")" "close the parenthesis, or write an operator between two factors: 2*x"
            e
        | Token.Sign _
        | Token.End ->
            unexpected
                "a number, a variable, a function or '('"
                "complete the expression, or take the operator out"

    member private this.Called(at: int, name: string) : Expr =
        match name, DType.tryParse name with
        | "tensor", _ -> constantTensor ()
        | _, Some dtype ->
            let item = element ()
            take ")" $"write {name}(2), one number; a tensor is tensor({name}, [2], [0, 1])"
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
            match word () with
            | Token.Name name when isSign "=" (following ()) ->
                let at = place ()
                step ()
                step ()
                attributes.Add((name, at, this.Value known))
            | Token.Name _
            | Token.Number _
            | Token.Quoted _
            | Token.Sign _
            | Token.End ->
                if attributes.Count > 0 then
                    unexpected "an attribute by name" "put operands first, then attributes: sum(x, axes=[0])"

                operands.Add(this.Expression 0)

        listUntil ")" argument |> ignore
        List.ofSeq operands, List.ofSeq attributes

    member private this.Value(known: List<Variable>) : Value =
        match word () with
        | Token.Sign "[" ->
            step ()

            match nameOf (word ()) with
            | Some _ when isSign ":" (following ()) ->
                let declared =
                    listUntil "]" (fun () ->
                        match nameOf (word ()) with
                        | Some name ->
                            step ()
                            take ":" "write the type after the name: x: f32[3]"
                            variable name
                        | None -> unexpected "a variable" "write [x: f32[3], y: f64]")

                known.AddRange declared
                Value.Variables declared
            | _ ->
                Value.List(
                    listUntil "]" (fun () ->
                        let struct (_, text) = element ()
                        Value.Number text)
                )
        | Token.Sign "{" ->
            step ()
            Value.Graphs(this.Block(List.ofSeq known))
        | Token.Name name ->
            step ()
            Value.Word name
        | Token.Quoted text ->
            step ()
            Value.Quoted text
        | Token.Number _
        | Token.Sign "-" ->
            let struct (_, text) = element ()
            Value.Number text
        | Token.Sign _
        | Token.End -> unexpected "the attribute's value" "write axis=1, axes=[0, 1], type=f32 or name=\"f\""

    /// Graphs closed over variables of their own.
    member private this.Block(known: Variable list) : Expr list =
        let outer, outerImplied = scope, implied
        scope <- Dictionary<string, Expr>()
        implied <- HashSet<string>()

        for v in known do
            scope[v.Name] <- Expr.ofVariable v

        this.Statements()
        let results = listUntil "}" (fun () -> this.Expression 0)
        scope <- outer
        implied <- outerImplied
        results

    /// `x: f32[3];` and `let t1 = ...;`, as many as there are.
    member private this.Statements() =
        let mutable goesOn = true

        while goesOn do
            let at = place ()

            match word (), nameOf (word ()) with
            | Token.Name "let", _ when (nameOf (following ())).IsSome ->
                step ()
                let name = nameOf (word ()) |> Option.defaultValue ""
                step ()
                take "=" "write let t1 = x + 1;"
                let e = this.Expression 0
                take ";" "end the definition with ';'"
                scope[name] <- e
            | _, Some name when isSign ":" (following ()) ->
                step ()
                step ()

                if implied.Contains name then
                    refuse
                        at
                        $"{name}, declared after it was used"
                        "declarations in front"
                        "move the declaration to the head"

                let v = variable name
                take ";" "end the declaration with ';'"
                scope[name] <- Expr.ofVariable v
            | _ -> goesOn <- false

    /// The whole text.
    member this.Program() : Expr =
        match word () with
        | Token.End -> refuse 0 "an empty text" "an expression" "write x*sin(x) + 2, for example"
        | Token.Name _
        | Token.Number _
        | Token.Quoted _
        | Token.Sign _ -> ()

        this.Statements()
        let e = this.Expression 0

        match word () with
        | Token.End -> e
        | Token.Name _
        | Token.Number _
        | Token.Quoted _
        | Token.Sign _ ->
            unexpected "an operator or the end of the text" "write an operator between two factors: 2*x"

/// Reads expressions from ASCII text.
[<RequireQualifiedAccess>]
module Parse =
    /// The expression that a text stands for. Names stand for f64 scalars unless declared in front (`x: f32[3];`);
    /// numbers take the type of what they meet; operators broadcast; `let t1 = ...;` names a part. What `Text.ascii`
    /// writes is read back to an equal expression. Raises `FormatError` with line and column for a text that cannot be
    /// read, and `ShapeError` for operands that do not fit.
    /// `Parse.expr "x*sin(x) + 2"`, `Parse.expr "x: f32[8, 3]; sum(x^2, axes=[1])"`
    let expr (text: string) : Expr = Reader(text).Program()
