namespace DL1

open System
open FSharp.Quotations
open FSharp.Quotations.Patterns
open FSharp.Reflection

/// Which pieces of quoted code are meant: by their owners in .NET and F#'s library, or by their shape.
module internal QuotePatterns =
    let isMath (owner: Type | null) =
        owner = typeof<Math> || owner = typeof<MathF> || owner = typeof<float> || owner = typeof<float32>

    let isCore (owner: Type | null) =
        match owner with
        | null -> false
        | owner ->
            owner.Assembly = typeof<list<int>>.Assembly
            && (owner.Name = "Operators"
                || owner.Name.EndsWith("OperatorIntrinsics", StringComparison.Ordinal)
                || owner.Name = "ExtraTopLevelOperators")

    let isList (t: Type) = t.IsGenericType && t.GetGenericTypeDefinition() = typedefof<list<int>>

    /// A function of List, Array or Seq, a place of an array, or a sequence expression.
    let isCollection (m: Reflection.MethodInfo) =
        match m.DeclaringType with
        | null -> false
        | owner ->
            owner.Assembly = typeof<list<int>>.Assembly
            && (List.contains owner.Name [ "ListModule"; "ArrayModule"; "SeqModule" ]
                || List.contains m.Name [ "GetArray"; "CreateSequence" ])

    let isRecordField (p: Reflection.PropertyInfo) =
        match p.DeclaringType with
        | null -> false
        | owner -> FSharpType.IsRecord(owner, QuoteValue.anyAccess)

    let fieldPlace (p: Reflection.PropertyInfo) =
        match p.DeclaringType with
        | null -> -1
        | owner ->
            FSharpType.GetRecordFields(owner, QuoteValue.anyAccess)
            |> Array.findIndex (fun field -> field.Name = p.Name)

    /// A loop over the elements of a list or a sequence, as the compiler writes it: by an enumerator.
    let (|Each|_|) (code: Expr) =
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
