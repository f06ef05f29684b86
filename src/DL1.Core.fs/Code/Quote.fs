namespace DL1

open System
open FSharp.Linq.RuntimeHelpers
open FSharp.Quotations
open FSharp.Quotations.DerivedPatterns
open FSharp.Quotations.Patterns
open FSharp.Reflection

/// F# code as expressions: quotations of functions of numbers are read, and become formulas of scalar symbols, f64 for
/// `float` and f32 for `float32`. They compute what the code computes; the branches of a condition are both evaluated, and one
/// is chosen. Where F# raises an exception (`sign nan`), they give NaN; `pown` is a power, `log10` a quotient of logarithms:
/// the last digits may differ there.
///
/// What is read: arithmetic, comparisons, truth values, `if`, `let`, tuples, inner functions, pipes, F#'s and System.Math's
/// functions, and functions marked `[<ReflectedDefinition>]`. Everything that does not depend on a parameter is evaluated
/// once, by .NET itself, and is a constant.
[<RequireQualifiedAccess>]
module Quote =
    /// What a piece of code stands for.
    [<RequireQualifiedAccess; NoEquality; NoComparison>]
    type private Value =
        /// A number or a truth value; whole numbers are held as f64.
        | Number of DL1.Expr
        | Tuple of Value list
        | Function of (Value -> Value)

    /// What names stand for, and how deep functions are in one another.
    [<NoEquality; NoComparison>]
    type private Scope = { Names: Map<Var, Value>; Depth: int }

    /// More calls within one another than code has that does not call itself.
    let private deepest = 200

    let private isWhole (t: Type) = t = typeof<int> || t = typeof<int64>

    let private isScalar (t: Type) = t = typeof<float> || t = typeof<float32> || t = typeof<bool> || isWhole t

    /// The value of code that depends on nothing.
    let private constant (code: Expr) : Value =
        let value =
            match code with
            | Value(value, _) -> value
            | _ ->
                try
                    LeafExpressionConverter.EvaluateQuotation code
                with error ->
                    Unreadable.refuse
                        $"a constant that cannot be computed: {error.Message}"
                        "compute it before the quotation"

        match value with
        | :? float as v -> Value.Number(Expr.scalar DType.F64 v)
        | :? float32 as v -> Value.Number(Expr.scalar DType.F32 (float v))
        | :? bool as v -> Value.Number(Expr.scalar DType.Bool (if v then 1.0 else 0.0))
        | :? int as v -> Value.Number(Expr.scalar DType.F64 (float v))
        | :? int64 as v -> Value.Number(Expr.scalar DType.F64 (float v))
        | _ -> Unreadable.code code

    let rec private choose (code: Expr) (condition: DL1.Expr) (a: Value) (b: Value) : Value =
        match a, b with
        | Value.Number a, Value.Number b -> Value.Number(Meaning.choose condition a b)
        | Value.Tuple a, Value.Tuple b -> Value.Tuple(List.map2 (choose code condition) a b)
        | Value.Function f, Value.Function g -> Value.Function(fun x -> choose code condition (f x) (g x))
        | _ -> Unreadable.code code

    let private apply (code: Expr) (f: Value) (x: Value) =
        match f with
        | Value.Function f -> f x
        | Value.Number _
        | Value.Tuple _ -> Unreadable.code code

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
        | ("op_Division" | "op_Modulus"), _ when isWhole code.Type ->
            Unreadable.refuse
                "a division of whole numbers that depend on a parameter"
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

    let rec private read (scope: Scope) (code: Expr) : Value =
        if not (Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack()) then
            Unreadable.refuse "code that is nested too deep" "name parts of it by let"

        match code with
        | Var v ->
            match scope.Names.TryFind v with
            | Some value -> value
            | None ->
                Unreadable.refuse
                    $"the name {v.Name}, which nothing explains"
                    "make it a parameter of the quoted function"
        | _ when isScalar code.Type && Seq.isEmpty (code.GetFreeVars()) -> constant code
        | Let(v, value, body) -> read (bind v (read scope value) scope) body
        | Lambda(v, body) -> Value.Function(fun x -> read (bind v x scope) body)
        | NewTuple parts -> Value.Tuple(parts |> List.map (read scope))
        | TupleGet(tuple, place) ->
            match read scope tuple with
            | Value.Tuple parts -> parts[place]
            | Value.Number _
            | Value.Function _ -> Unreadable.code code
        | IfThenElse(condition, a, b) -> choose code (number scope condition) (read scope a) (read scope b)
        | Application(f, x) -> apply code (read scope f) (read scope x)
        | SpecificCall <@ (|>) @> (_, _, [ x; f ])
        | SpecificCall <@ (<|) @> (_, _, [ f; x ]) -> apply code (read scope f) (read scope x)
        | SpecificCall <@ (>>) @> (_, _, [ f; g ])
        | SpecificCall <@ (<<) @> (_, _, [ g; f ]) ->
            let f, g = read scope f, read scope g
            Value.Function(fun x -> apply code g (apply code f x))
        | SpecificCall <@ fst @> (_, _, [ pair ]) -> read scope (Expr.TupleGet(pair, 0))
        | SpecificCall <@ snd @> (_, _, [ pair ]) -> read scope (Expr.TupleGet(pair, 1))
        | Call(None, MethodWithReflectedDefinition body, arguments) -> inlined scope code body arguments
        | Call(None, m, arguments) when isMath m.DeclaringType -> math scope code m arguments
        | Call(None, m, arguments) when isCore m.DeclaringType ->
            match operator code m (arguments |> List.map (number scope)) with
            | Some e -> Value.Number e
            | None -> Unreadable.code code
        | _ -> Unreadable.code code

    and private bind v value scope = { scope with Names = scope.Names.Add(v, value) }

    and private number scope (code: Expr) : DL1.Expr =
        match read scope code with
        | Value.Number e -> e
        | Value.Tuple _
        | Value.Function _ -> Unreadable.code code

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
        | Some e -> Value.Number e
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
                supply (apply code f (Value.Tuple(List.map (read scope) parts))) rest others
            | Lambda(_, rest), first :: others -> supply (apply code f (read scope first)) rest others
            | _, first :: others -> supply (apply code f (read scope first)) parameters others

        supply (read { Names = Map.empty; Depth = scope.Depth + 1 } body) body arguments

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
                "make it a float, a float32, or a tuple of them"

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
    /// tupled. What cannot be translated is a `DomainError` that names it.
    /// `let inputs, f = Quote.lambda <@ fun (a: float) b -> a * b @>`
    let lambda (code: Expr<'f>) : DL1.Expr list * DL1.Expr =
        let rec parameters scope inputs (rest: Expr) =
            match rest with
            | Lambda(v, body) when FSharpType.IsTuple v.Type ->
                let names = Map(partNames v body)

                let parts =
                    FSharpType.GetTupleElements v.Type
                    |> Array.mapi (fun i t ->
                        symbol (names |> Map.tryFind i |> Option.defaultValue $"{v.Name}%d{i + 1}") t)
                    |> List.ofArray

                parameters (bind v (Value.Tuple(List.map Value.Number parts)) scope) (inputs @ parts) body
            | Lambda(v, body) ->
                let x = symbol v.Name v.Type
                parameters (bind v (Value.Number x) scope) (inputs @ [ x ]) body
            // The parts of a tuple get their names before the next parameter.
            | Let(v, value, body) when FSharpType.IsFunction body.Type ->
                parameters (bind v (read scope value) scope) inputs body
            | body ->
                match read scope body with
                | Value.Number f when f.DType.IsFloat -> inputs, f
                | Value.Number _ ->
                    Unreadable.refuse
                        "a truth value as the result"
                        "choose numbers by it: if ... then 1.0 else 0.0"
                | Value.Tuple _
                | Value.Function _ ->
                    Unreadable.refuse "a result that is no number" "quote a function for each number"

        Unreadable.within code (fun () ->
            let inputs, f = parameters { Names = Map.empty; Depth = 0 } [] code
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
