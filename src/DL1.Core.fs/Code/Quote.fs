namespace DL1

open System
open FSharp.Linq.RuntimeHelpers
open FSharp.Quotations
open FSharp.Quotations.DerivedPatterns
open FSharp.Quotations.Patterns
open FSharp.Reflection
open System.Collections.Generic

/// F# code as expressions: quotations of functions of numbers are read, and become formulas of scalar symbols, f64 for
/// `float` and f32 for `float32`. They compute what the code computes; the branches of a condition are both evaluated, and one
/// is chosen. Where F# raises an exception (`sign nan`), they give NaN; `pown` is a power, `log10` a quotient of logarithms:
/// the last digits may differ there.
///
/// What is read: arithmetic, comparisons, truth values, `if`, `let`, tuples, records, inner functions, pipes, F#'s and System.Math's
/// functions, and functions marked `[<ReflectedDefinition>]`. Loops over constant bounds, arrays and lists are written out, with
/// variables that change, as are sums, folds and maps of `List`, `Array` and `Seq`. Everything that does not depend on a parameter
/// is evaluated once, by .NET itself, and is a constant.
[<RequireQualifiedAccess>]
module Quote =
    /// What names stand for, what mutable variables hold, how deep functions are in one another, and the steps of all loops.
    [<NoEquality; NoComparison>]
    type private Scope =
        {
            Names: Map<Var, QuoteValue>
            Cells: Dictionary<Var, QuoteValue>
            Depth: int
            Steps: int ref
        }

    /// More calls within one another than code has that does not call itself.
    let private deepest = 200

    let private isWhole (t: Type) = QuoteValue.isWhole t

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

    /// F#'s operators by their compiled names.
    let private operator (code: Expr) (m: Reflection.MethodInfo) (values: DL1.Expr list) : DL1.Expr option =
        let compared op =
            match values with
            | [ a; b ] -> Some(Expr.compare op a b)
            | _ -> None

        match m.Name, values with
        | "op_Addition", [ a; b ] -> Some(a + b)
        | "op_Subtraction", [ a; b ] -> Some(a - b)
        | "op_Multiply", [ a; b ] -> Some(a * b)
        | ("op_Division" | "op_Modulus"), [ a; b ] when isWhole code.Type ->
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
        | "Abs", [ _ ] when isWhole code.Type -> Meaning.call m.Name values
        | name, _ when not (isWhole code.Type) || name = "Sign" -> Meaning.call name values
        | _ -> None

    let private isMath (owner: Type | null) =
        owner = typeof<Math> || owner = typeof<MathF> || owner = typeof<float> || owner = typeof<float32>

    let private isCore (owner: Type | null) =
        match owner with
        | null -> false
        | owner ->
            owner.Assembly = typeof<list<int>>.Assembly
            && (owner.Name = "Operators"
                || owner.Name.EndsWith("OperatorIntrinsics", StringComparison.Ordinal)
                || owner.Name = "ExtraTopLevelOperators")

    let private isList (t: Type) = t.IsGenericType && t.GetGenericTypeDefinition() = typedefof<list<int>>

    /// A function of List, Array or Seq, a place of an array, or a sequence expression.
    let private isCollection (m: Reflection.MethodInfo) =
        match m.DeclaringType with
        | null -> false
        | owner ->
            owner.Assembly = typeof<list<int>>.Assembly
            && (List.contains owner.Name [ "ListModule"; "ArrayModule"; "SeqModule" ]
                || List.contains m.Name [ "GetArray"; "CreateSequence" ])

    let private isRecordField (p: Reflection.PropertyInfo) =
        match p.DeclaringType with
        | null -> false
        | owner -> FSharpType.IsRecord(owner, QuoteValue.anyAccess)

    let private fieldPlace (p: Reflection.PropertyInfo) =
        match p.DeclaringType with
        | null -> -1
        | owner ->
            FSharpType.GetRecordFields(owner, QuoteValue.anyAccess)
            |> Array.findIndex (fun field -> field.Name = p.Name)

    /// A loop over the elements of a list or a sequence, as the compiler writes it: by an enumerator.
    let private (|Each|_|) (code: Expr) =
        match code with
        | Let(enumerator,
              Call(Some items, begins, []),
              TryFinally(WhileLoop(Call(Some(Var moved), moves, []),
                                   Let(v, PropertyGet(Some(Var read), _, []), body)),
                         _)) when
            begins.Name = "GetEnumerator"
            && moves.Name = "MoveNext"
            && moved = enumerator
            && read = enumerator
            ->
            Some(v, items, body)
        | _ -> None

    let rec private read (scope: Scope) (code: Expr) : QuoteValue =
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
        | Call(None, m, arguments) when isMath m.DeclaringType -> math scope code m arguments
        | Call(None, m, arguments) when isCollection m ->
            collection code m.Name (arguments |> List.map (read scope))
        | Call(None, m, arguments) when isCore m.DeclaringType ->
            let arguments = arguments |> List.map (number scope)

            match operator code m arguments with
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

    and private bind v value scope =
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

    /// Functions of Math and MathF, and those of the same names of float and float32.
    and private math scope (code: Expr) m arguments =
        let closed (e: Expr) =
            if Seq.isEmpty (e.GetFreeVars()) then
                Some(LeafExpressionConverter.EvaluateQuotation e)
            else
                None

        let rounded x digits mode =
            match digits |> Option.bind closed, mode |> Option.bind closed with
            | Some(:? int as n), Some(:? MidpointRounding as mode) -> Meaning.round n mode (number scope x)
            | Some(:? int as n), None when mode.IsNone ->
                Meaning.round n MidpointRounding.ToEven (number scope x)
            | None, Some(:? MidpointRounding as mode) when digits.IsNone ->
                Meaning.round 0 mode (number scope x)
            | _ -> None

        let isFloat (e: Expr) = e.Type = typeof<float> || e.Type = typeof<float32>

        let found =
            match m.Name, arguments with
            | "Round", [ x; n ] when n.Type = typeof<int> -> rounded x (Some n) None
            | "Round", [ x; mode ] -> rounded x None (Some mode)
            | "Round", [ x; n; mode ] -> rounded x (Some n) (Some mode)
            | name, _ when List.forall isFloat arguments ->
                Meaning.call name (arguments |> List.map (number scope))
            | _ -> None

        match found with
        | Some e -> QuoteValue.Number e
        | None -> Unreadable.code code

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

    /// The symbol of a parameter, by its type.
    let private symbol (name: string) (t: Type) =
        if t = typeof<float> then
            Expr.variable name DType.F64 []
        elif t = typeof<float32> then
            Expr.variable name DType.F32 []
        elif isWhole t then
            Unreadable.refuse
                $"a parameter {name} of type {t.Name}"
                $"write ({name}: float); F# takes numbers to be int where nothing says otherwise"
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
        let bindParts v parts scope = bind v (QuoteValue.Tuple(List.map QuoteValue.Number parts)) scope

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
                parameters (bind v (QuoteValue.Number x) scope) (inputs @ [ x ]) body
            // The parts of a tuple get their names before the next parameter.
            | Let(v, value, body) when FSharpType.IsFunction body.Type ->
                parameters (bind v (read scope value) scope) inputs body
            | body ->
                match read scope body with
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
            let scope = { Names = Map.empty; Cells = Dictionary(); Depth = 0; Steps = ref 0 }

            let inputs, f = parameters scope [] code
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
