namespace DL1

open System
open FSharp.Quotations
open FSharp.Quotations.DerivedPatterns
open FSharp.Quotations.Patterns

/// F# code that has no meaning as an expression: what it is called, and what to do about it.
[<RequireQualifiedAccess>]
module internal Unreadable =
    let private operation = "Quote.expr"

    /// Where a quotation stands in its file, if the compiler has told.
    let private place (code: Expr) =
        let line =
            code.CustomAttributes
            |> List.tryPick (function
                | NewTuple [ String "DebugRange"; NewTuple [ String file; Int32 line; Int32 column; _; _ ] ] ->
                    Some $", in {IO.Path.GetFileName file}, line %d{line}, column %d{column + 1}"
                | _ -> None)

        Option.defaultValue "" line

    let private called (m: Reflection.MethodInfo) =
        match m.DeclaringType with
        | null -> m.Name
        | owner when owner.Name = "Operators" -> m.Name
        | owner -> $"{owner.Name}.{m.Name}"

    /// Refuses a piece of code.
    let refuse what cure : 'a =
        Refuse.domain
            operation
            what
            "arithmetic, comparisons, conditions, let, tuples, records, loops over constants, and functions of F# and System.Math, of float or float32"
            cure

    /// Functions whose effect is no value: output and exceptions.
    let private effect (m: Reflection.MethodInfo) =
        let isOutput =
            m.Name.StartsWith("PrintFormat", StringComparison.Ordinal) || m.DeclaringType = typeof<Console>

        if isOutput then
            Some("output, which a formula cannot make", "print before the quotation or after it")
        elif
            List.contains m.Name [ "FailWith"; "Raise"; "InvalidArg"; "InvalidOp"; "NullArg"; "Reraise" ]
        then
            Some("an exception, which a formula cannot raise", "give nan where there is no value")
        else
            None

    /// Calls that are refused before their arguments are read.
    let (|Effect|_|) (code: Expr) =
        match code with
        | Call(None, m, _) when (effect m).IsSome -> Some()
        | _ -> None

    /// What a piece of code is, in words, and what to do about it.
    let private describe (code: Expr) =
        match code with
        | Call(None, m, _) when (effect m).IsSome -> Option.get (effect m)
        | TryWith _
        | TryFinally _ ->
            "a try, which a formula cannot make: it raises no exception",
            "take the part without the try, and choose by if where a value is not finite"
        | UnionCaseTest _
        | NewUnionCase _ ->
            $"a case of the union {code.Type.Name}", "match before the quotation, or use if over numbers"
        | TypeTest _ -> "a test of a type", "write a quotation for each type"
        | Call(_, m, _) ->
            $"the call of {called m}",
            "write its formula out, or mark the function with [<ReflectedDefinition>]"
        | Application _
        | Value _ ->
            $"a value of type {code.Type.Name} whose code cannot be seen",
            "put the code into the quotation, or mark the function with [<ReflectedDefinition>]"
        | VarSet(v, _) ->
            $"the variable {v.Name}, which changes and is not of this function",
            "let the function hold it by let mutable, or give each value a name of its own"
        | WhileLoop _ ->
            "a loop by while, whose number of steps is not known",
            "loop over constant bounds by for, or use Scan.run over tensors"
        | ForIntegerRangeLoop _
        | Sequential _ -> "a step whose value is not used", "let each step set a variable, or leave it out"
        | LetRecursive _ -> "a function that calls itself", "write its steps out"
        | PropertyGet(_, p, _) -> $"the property {p.Name}", "read it before the quotation, into a number"
        | _ -> $"code of type {code.Type.Name}", "write it with arithmetic and functions of numbers"

    /// Refuses code that no case of the reader knows.
    let code (code: Expr) : 'a =
        let what, cure = describe code
        refuse what cure

    /// Runs what reads a quotation; a refusal tells where the quotation stands.
    let within (quotation: Expr) (read: unit -> 'a) : 'a =
        try
            read ()
        with :? DomainError as e when e.Operation = operation && place quotation <> "" ->
            Refuse.domain operation (e.Given + place quotation) e.Expected e.Cure
