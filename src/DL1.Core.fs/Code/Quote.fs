namespace DL1

open System
open FSharp.Quotations
open FSharp.Quotations.Patterns
open FSharp.Reflection

/// F# code as expressions: quotations of functions of numbers are read, and become formulas of scalar symbols, f64 for
/// `float` and f32 for `float32`. They compute what the code computes; the branches of a condition are both evaluated, and one
/// is chosen. Where F# raises an exception (`sign nan`), they give NaN; `pown` is a power, `log10` a quotient of logarithms:
/// the last digits may differ there.
///
/// What is read: arithmetic, comparisons, truth values, `if`, `let`, tuples, records, inner functions, pipes, F#'s and System.Math's
/// functions, and functions marked `[<ReflectedDefinition>]`. Loops over constant bounds, arrays and lists are written out, with
/// variables that change, as are sums, folds and maps of `List`, `Array` and `Seq`. Everything that does not depend on a parameter
/// is evaluated once, by .NET itself, and is a constant.
///
/// Arrays and lists that are defined outside of the quotation are read, their elements as constants: `let w = [| 1.0; 2.0 |]`, then
/// `<@ fun x -> Array.sumBy (fun a -> a * x) w @>`. A parameter that is an array is refused, since the code does not say its
/// length; make it a tuple or a record, or write a sum over any number of elements with a tensor:
/// `Expr.sumAll (Expr.variable "xs" DType.F64 [ n ])`.
[<RequireQualifiedAccess>]
module Quote =
    /// The symbol of a parameter, by its type.
    let private symbol (name: string) (t: Type) =
        if t = typeof<float> then
            Expr.variable name DType.F64 []
        elif t = typeof<float32> then
            Expr.variable name DType.F32 []
        elif QuoteValue.isWhole t then
            Unreadable.refuse
                $"a parameter {name} of type {t.Name}"
                $"write ({name}: float); F# takes numbers to be int where nothing says otherwise"
        elif t.IsArray || QuotePatterns.isList t then
            let kind = if t.IsArray then "an array" else "a list"

            Unreadable.refuse
                $"a parameter {name}, {kind} whose number of elements the code does not say"
                $"define {name} outside of the quotation, make it a tuple, or sum over a tensor: Expr.sumAll"
        else
            Unreadable.refuse
                $"a parameter {name} of type {t.Name}"
                "make it a float, a float32, or a tuple or a record of them"

    /// The names that a tuple's parts are given at the beginning of a function's body.
    let rec private partNames (tuple: Var) (body: Expr) =
        match body with
        | Let(name, TupleGet(Var v, place), rest) when v = tuple -> (place, name.Name) :: partNames tuple rest
        | _ -> []

    let private refuseDuplicates (names: string list) =
        match names |> List.countBy id |> List.tryFind (fun (_, n) -> n > 1) with
        | Some(name, _) -> Unreadable.refuse $"two parameters named {name}" "give each a name of its own"
        | None -> ()

    /// The parameters of a quoted function as symbols, in their order, and its formula over them. They may be curried or
    /// tupled, or records, whose fields are named `p.X`. What cannot be translated is a `DomainError` that names it.
    /// `let inputs, f = Quote.lambda <@ fun (a: float) b -> a * b @>`
    let lambda (code: Expr<'f>) : DL1.Expr list * DL1.Expr =
        let bindParts v parts scope =
            QuoteReader.bind v (QuoteValue.Tuple(List.map QuoteValue.Number parts)) scope

        let rec parameters scope inputs (rest: Expr) =
            match rest with
            | Lambda(v, body) when FSharpType.IsTuple v.Type ->
                let names = Map(partNames v body)

                let parts =
                    FSharpType.GetTupleElements v.Type
                    |> Array.mapi (fun i t ->
                        symbol (names |> Map.tryFind i |> Option.defaultValue $"{v.Name}%d{i + 1}") t)
                    |> List.ofArray

                parameters (bindParts v parts scope) (inputs @ parts) body
            | Lambda(v, body) when FSharpType.IsRecord(v.Type, QuoteValue.anyAccess) ->
                let parts =
                    [
                        for field in FSharpType.GetRecordFields(v.Type, QuoteValue.anyAccess) ->
                            symbol $"{v.Name}.{field.Name}" field.PropertyType
                    ]

                parameters (bindParts v parts scope) (inputs @ parts) body
            | Lambda(v, body) ->
                let x = symbol v.Name v.Type
                parameters (QuoteReader.bind v (QuoteValue.Number x) scope) (inputs @ [ x ]) body
            // The parts of a tuple get their names before the next parameter.
            | Let(v, value, body) when FSharpType.IsFunction body.Type ->
                parameters (QuoteReader.bind v (QuoteReader.read scope value) scope) inputs body
            | body ->
                match QuoteReader.read scope body with
                | QuoteValue.Number f when f.DType.IsFloat -> inputs, f
                | QuoteValue.Number _ ->
                    Unreadable.refuse
                        "a truth value as the result"
                        "choose numbers by it: if ... then 1.0 else 0.0"
                | QuoteValue.Tuple _
                | QuoteValue.Sequence _
                | QuoteValue.Function _ ->
                    Unreadable.refuse "a result that is no number" "quote a function for each number"

        Unreadable.within code (fun () ->
            let inputs, f = parameters (QuoteReader.outermost ()) [] code
            refuseDuplicates (inputs |> List.map _.Label)
            inputs, f)

    /// The formula of a quoted function; its variables are named as its parameters. What cannot be translated is a
    /// `DomainError` that names it. `Quote.expr <@ fun x -> (x - 2.0) ** 2.0 + 3.0 @>`
    let expr (code: Expr<'f>) : DL1.Expr = snd (lambda code)

    /// The derivatives of a quoted function by each of its parameters, in their order, as formulas to be read.
    /// `Quote.gradient <@ fun (a: float) b c -> (a + b) * (b - c) @>`
    let gradient (code: Expr<'f>) : DL1.Expr list =
        let inputs, f = lambda code
        inputs |> List.map (fun x -> Symbolic.derivative x f)
