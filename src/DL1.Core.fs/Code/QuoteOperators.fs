namespace DL1

open System
open FSharp.Linq.RuntimeHelpers
open FSharp.Quotations

/// What operators and functions of numbers are as expressions, by the names of their methods in quoted code.
module internal QuoteOperators =
    /// F#'s operators by their compiled names, over operands that were read; none for one that is not read.
    let operator (code: Expr) (m: Reflection.MethodInfo) (values: DL1.Expr list) : DL1.Expr option =
        let compared op =
            match values with
            | [ a; b ] -> Some(Expr.compare op a b)
            | _ -> None

        match m.Name, values with
        | "op_Addition", [ a; b ] -> Some(a + b)
        | "op_Subtraction", [ a; b ] -> Some(a - b)
        | "op_Multiply", [ a; b ] -> Some(a * b)
        | ("op_Division" | "op_Modulus"), [ a; b ] when QuoteValue.isWhole code.Type ->
            match Local.number a, Local.number b with
            | Some a, Some b when b <> 0.0 ->
                let value = if m.Name = "op_Division" then truncate (a / b) else a % b
                Some(Expr.scalar DType.F64 value)
            | _ ->
                Unreadable.refuse
                    "a division of whole numbers that depend on a parameter, or by 0"
                    "convert them to float first; floor or truncate the quotient where it is to be whole"
        | "op_Division", [ a; b ] -> Some(a / b)
        | "op_Modulus", [ _; _ ] -> Meaning.call "Remainder" values
        | "op_UnaryNegation", [ a ] -> Some(-a)
        | "op_UnaryPlus", [ a ] -> Some a
        | "op_LessThan", _ -> compared CompareOp.Lt
        | "op_LessThanOrEqual", _ -> compared CompareOp.Le
        | "op_GreaterThan", _ -> compared CompareOp.Gt
        | "op_GreaterThanOrEqual", _ -> compared CompareOp.Ge
        | "op_Equality", _ -> compared CompareOp.Eq
        | "op_Inequality", _ -> compared CompareOp.Ne
        | "Not", [ a ] -> Some(Expr.not' a)
        | "Identity", [ a ] -> Some a
        | "op_Exponentiation", _ -> Meaning.call "Pow" values
        | "PowInteger", [ x; n ] ->
            match Local.number n with
            | Some n -> Some(Expr.Pow(x, Expr.scalar x.DType n))
            | None -> Some(Expr.Pow(x, Expr.cast x.DType n))
        | ("ToInt" | "ToInt64"), [ a ] when QuoteValue.isConstant a -> Some(truncate a)
        | "ToDouble", [ a ] -> Some(Expr.cast DType.F64 a)
        | "ToSingle", [ a ] -> Some(Expr.cast DType.F32 a)
        | "Abs", [ _ ] when QuoteValue.isWhole code.Type -> Meaning.call m.Name values
        | name, _ when not (QuoteValue.isWhole code.Type) || name = "Sign" -> Meaning.call name values
        | _ -> None

    /// Functions of Math and MathF, and those of the same names of float and float32, over operands that `number` reads; none for
    /// one that is not read.
    let math (number: Expr -> DL1.Expr) (m: Reflection.MethodInfo) (arguments: Expr list) : DL1.Expr option =
        let closed (e: Expr) =
            if Seq.isEmpty (e.GetFreeVars()) then
                Some(LeafExpressionConverter.EvaluateQuotation e)
            else
                None

        let rounded x digits mode =
            match digits |> Option.bind closed, mode |> Option.bind closed with
            | Some(:? int as n), Some(:? MidpointRounding as mode) -> Meaning.round n mode (number x)
            | Some(:? int as n), None when mode.IsNone -> Meaning.round n MidpointRounding.ToEven (number x)
            | None, Some(:? MidpointRounding as mode) when digits.IsNone -> Meaning.round 0 mode (number x)
            | _ -> None

        let isFloat (e: Expr) = e.Type = typeof<float> || e.Type = typeof<float32>

        match m.Name, arguments with
        | "Round", [ x; n ] when n.Type = typeof<int> -> rounded x (Some n) None
        | "Round", [ x; mode ] -> rounded x None (Some mode)
        | "Round", [ x; n; mode ] -> rounded x (Some n) (Some mode)
        | name, _ when List.forall isFloat arguments -> Meaning.call name (arguments |> List.map number)
        | _ -> None
