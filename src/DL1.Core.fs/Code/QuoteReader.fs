namespace DL1

open System
open FSharp.Linq.RuntimeHelpers
open FSharp.Quotations
open FSharp.Quotations.DerivedPatterns
open FSharp.Quotations.Patterns
open FSharp.Reflection
open System.Collections.Generic
open DL1.QuotePatterns

/// Reads quoted code: the value of each piece, in a scope of names and variables.
module internal QuoteReader =
    /// What names stand for, what mutable variables hold, how deep functions are in one another, and the steps of all loops.
    [<NoEquality; NoComparison>]
    type Scope =
        {
            Names: Map<Var, QuoteValue>
            Cells: Dictionary<Var, QuoteValue>
            Depth: int
            Steps: int ref
        }

    /// More calls within one another than code has that does not call itself.
    let private deepest = 200

    /// The value of code that depends on nothing; none where it holds what is not evaluated but read, such as a loop.
    let private constant (code: Expr) : QuoteValue option =
        let value =
            match code with
            | Value(value, _) -> Some value
            | _ ->
                try
                    Some(LeafExpressionConverter.EvaluateQuotation code)
                with
                | :? NotSupportedException -> None
                | error ->
                    Unreadable.refuse
                        $"a constant that cannot be computed: {error.Message}"
                        "compute it before the quotation"

        value
        |> Option.map (fun value ->
            match QuoteValue.ofObject value with
            | Some value -> value
            | None -> Unreadable.code code)

    let private apply code f x = QuoteValue.apply code f x

    /// The scope of the outermost code: no names, and no step taken.
    let outermost () : Scope = { Names = Map.empty; Cells = Dictionary(); Depth = 0; Steps = ref 0 }

    /// The value of a piece of code.
    let rec read (scope: Scope) (code: Expr) : QuoteValue =
        if not (Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack()) then
            Unreadable.refuse "code that is nested too deep" "name parts of it by let"

        match code with
        | Var v ->
            match scope.Names.TryFind v, scope.Cells.TryGetValue v with
            | Some value, _ -> value
            | None, (true, value) -> value
            | None, (false, _) ->
                Unreadable.refuse
                    $"the name {v.Name}, which nothing explains"
                    "make it a parameter of the quoted function"
        | Unreadable.Effect -> Unreadable.code code
        | Value(null, t) when t = typeof<unit> -> QuoteValue.Tuple []
        | _ when QuoteValue.isData code.Type && Seq.isEmpty (code.GetFreeVars()) ->
            match constant code with
            | Some value -> value
            | None -> form scope code
        | _ -> form scope code

    /// The value of code by its form.
    and private form scope (code: Expr) : QuoteValue =
        match code with
        | Each(v, items, body) ->
            match read scope items with
            | QuoteValue.Sequence items -> loop scope v items body
            | QuoteValue.Number _
            | QuoteValue.Tuple _
            | QuoteValue.Function _ -> Unreadable.code code
        | Let(v, value, body) -> read (bind v (read scope value) scope) body
        | Lambda(v, body) -> QuoteValue.Function(fun x -> read (bind v x scope) body)
        | NewTuple parts
        | NewRecord(_, parts) -> QuoteValue.Tuple(parts |> List.map (read scope))
        | NewArray(_, parts) -> QuoteValue.Sequence(parts |> List.map (read scope))
        | NewUnionCase(case, parts) when isList case.DeclaringType ->
            match parts |> List.map (read scope) with
            | [ head; QuoteValue.Sequence tail ] -> QuoteValue.Sequence(head :: tail)
            | _ -> QuoteValue.Sequence []
        | TupleGet(tuple, place) ->
            match read scope tuple with
            | QuoteValue.Tuple parts -> parts[place]
            | QuoteValue.Number _
            | QuoteValue.Sequence _
            | QuoteValue.Function _ -> Unreadable.code code
        | PropertyGet(Some owner, p, places) when isRecordField p ->
            match read scope owner, places with
            | QuoteValue.Tuple parts, [] -> parts[fieldPlace p]
            | _ -> Unreadable.code code
        | PropertyGet(Some owner, p, places) when isList owner.Type || owner.Type.IsArray ->
            let arguments = read scope owner :: List.map (read scope) places
            collection code p.Name arguments
        | Coerce(inner, _) -> read scope inner
        | IfThenElse(condition, a, b) -> conditional scope code condition a b
        | VarSet(v, value) when scope.Cells.ContainsKey v ->
            scope.Cells[v] <- read scope value
            QuoteValue.Tuple []
        | Sequential(first, rest) ->
            match read scope first with
            | QuoteValue.Tuple [] -> read scope rest
            | QuoteValue.Tuple _
            | QuoteValue.Number _
            | QuoteValue.Sequence _
            | QuoteValue.Function _ -> Unreadable.code first
        | ForIntegerRangeLoop(v, first, last, body) ->
            let bound (e: Expr) = QuoteValue.whole "a bound of a loop" (read scope e)
            let first, last = bound first, bound last
            QuoteValue.checkSteps (last - first)

            let steps = [ for i in first..last -> QuoteValue.Number(Expr.scalar DType.F64 (float i)) ]

            loop scope v steps body
        | Application(f, x) -> apply code (read scope f) (read scope x)
        | SpecificCall <@ (|>) @> (_, _, [ x; f ])
        | SpecificCall <@ (<|) @> (_, _, [ f; x ]) -> apply code (read scope f) (read scope x)
        | SpecificCall <@ (>>) @> (_, _, [ f; g ])
        | SpecificCall <@ (<<) @> (_, _, [ g; f ]) ->
            let f, g = read scope f, read scope g
            QuoteValue.Function(fun x -> apply code g (apply code f x))
        | SpecificCall <@ fst @> (_, _, [ pair ]) -> read scope (Expr.TupleGet(pair, 0))
        | SpecificCall <@ snd @> (_, _, [ pair ]) -> read scope (Expr.TupleGet(pair, 1))
        | SpecificCall <@ ignore @> (_, _, [ _ ]) -> QuoteValue.Tuple []
        | Call(None, MethodWithReflectedDefinition body, arguments) -> inlined scope code body arguments
        | Call(None, m, arguments) when isMath m.DeclaringType ->
            match QuoteOperators.math (number scope) m arguments with
            | Some e -> QuoteValue.Number e
            | None -> Unreadable.code code
        | Call(None, m, arguments) when isCollection m ->
            collection code m.Name (arguments |> List.map (read scope))
        | Call(None, m, arguments) when isCore m.DeclaringType ->
            let arguments = arguments |> List.map (number scope)

            match QuoteOperators.operator code m arguments with
            | Some e -> QuoteValue.Number(QuoteValue.folded arguments e)
            | None -> Unreadable.code code
        | _ -> Unreadable.code code

    and private collection code name arguments =
        match QuoteValue.collection code name arguments with
        | Some value -> value
        | None -> Unreadable.code code

    /// A loop written out: its body for each element.
    and private loop scope v items body =
        scope.Steps.Value <- scope.Steps.Value + items.Length
        QuoteValue.checkSteps scope.Steps.Value

        for item in items do
            match read (bind v item scope) body with
            | QuoteValue.Tuple [] -> ()
            | QuoteValue.Tuple _
            | QuoteValue.Number _
            | QuoteValue.Sequence _
            | QuoteValue.Function _ -> Unreadable.code body

        QuoteValue.Tuple []

    /// Both branches, of which one is chosen: of their values, and of what they leave in variables that change. A condition that
    /// depends on no parameter chooses at once.
    and private conditional scope code condition a b =
        let condition = number scope condition

        match (if QuoteValue.isConstant condition then Local.number condition else None) with
        | Some truth -> read scope (if truth <> 0.0 then a else b)
        | None ->
            let before = List.ofSeq scope.Cells
            let first = read scope a
            let changed = before |> List.map (fun cell -> cell.Key, scope.Cells[cell.Key])

            for cell in before do
                scope.Cells[cell.Key] <- cell.Value

            let second = read scope b

            for v, value in changed do
                if not (obj.ReferenceEquals(value, scope.Cells[v])) then
                    scope.Cells[v] <- QuoteValue.choose code condition value scope.Cells[v]

            QuoteValue.choose code condition first second

    /// A scope in which a name stands for a value; a variable that changes gets a cell.
    and bind v value scope =
        if v.IsMutable then
            scope.Cells[v] <- value
            scope
        else
            { scope with Names = scope.Names.Add(v, value) }

    and private number scope (code: Expr) : DL1.Expr =
        match read scope code with
        | QuoteValue.Number e -> e
        | QuoteValue.Tuple _
        | QuoteValue.Sequence _
        | QuoteValue.Function _ -> Unreadable.code code

    /// A function whose code is known, applied: a parameter that is a tuple takes as many arguments as it has parts.
    and private inlined scope (code: Expr) body arguments =
        if scope.Depth > deepest then
            Unreadable.refuse "a function that calls itself" "write its steps out"

        let rec supply f (parameters: Expr) (given: Expr list) =
            match parameters, given with
            | _, [] -> f
            | Lambda(v, rest), first :: others when FSharpType.IsTuple v.Type && first.Type <> v.Type ->
                let count = (FSharpType.GetTupleElements v.Type).Length
                let parts, others = List.splitAt count (first :: others)
                supply (apply code f (QuoteValue.Tuple(List.map (read scope) parts))) rest others
            | Lambda(_, rest), first :: others -> supply (apply code f (read scope first)) rest others
            | _, first :: others -> supply (apply code f (read scope first)) parameters others

        supply (read { scope with Names = Map.empty; Depth = scope.Depth + 1 } body) body arguments
