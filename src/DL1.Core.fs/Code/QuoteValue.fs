namespace DL1

open System
open FSharp.Quotations
open FSharp.Reflection

/// What a piece of quoted code stands for.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type internal QuoteValue =
    /// A number or a truth value; whole numbers are held as f64.
    | Number of DL1.Expr
    /// The parts of a tuple, or the fields of a record in their order; no parts are the unit value.
    | Tuple of QuoteValue list
    /// The elements of an array, a list or a sequence.
    | Sequence of QuoteValue list
    | Function of (QuoteValue -> QuoteValue)

/// Values of quoted code: constants of .NET, and the functions of F#'s collections over elements that are known one by one.
[<RequireQualifiedAccess>]
module internal QuoteValue =
    /// More steps of loops, and more elements, than a formula that is written out should have.
    let most = 10_000

    /// Records of private types too.
    let anyAccess = Reflection.BindingFlags.Public ||| Reflection.BindingFlags.NonPublic

    let isWhole (t: Type) = t = typeof<int> || t = typeof<int64>

    let isScalar (t: Type) = t = typeof<float> || t = typeof<float32> || t = typeof<bool> || isWhole t

    let private isCollection (t: Type) =
        t.IsGenericType
        && (let definition = t.GetGenericTypeDefinition()
            definition = typedefof<list<int>> || definition = typedefof<seq<int>>)

    /// Whether a type is made of numbers alone: by tuples, records, arrays, lists and sequences.
    let rec private isDataInside (inside: Type list) (t: Type) =
        let all (types: Type seq) = types |> Seq.forall (isDataInside (t :: inside))

        if isScalar t then
            true
        elif List.contains t inside then
            false
        elif t.IsArray then
            t.GetArrayRank() = 1 && all (Option.toList (Option.ofObj (t.GetElementType())))
        elif isCollection t then
            all (t.GetGenericArguments())
        elif FSharpType.IsTuple t then
            all (FSharpType.GetTupleElements t)
        elif FSharpType.IsRecord(t, anyAccess) then
            all (FSharpType.GetRecordFields(t, anyAccess) |> Seq.map _.PropertyType)
        else
            false

    let isData (t: Type) = isDataInside [] t

    /// A number of .NET as a constant; none where it is not a number.
    let private scalar (value: obj | null) =
        let constant dtype v = Some(QuoteValue.Number(Expr.scalar dtype v))

        match value with
        | :? float as v -> constant DType.F64 v
        | :? float32 as v -> constant DType.F32 (float v)
        | :? bool as v -> constant DType.Bool (if v then 1.0 else 0.0)
        | :? int as v -> constant DType.F64 (float v)
        | :? int64 as v -> constant DType.F64 (float v)
        | _ -> None

    let private tooLong () : 'a =
        Unreadable.refuse
            $"more than %d{most} steps or elements"
            "use Scan.run over tensors, or tensors and their sums"

    /// A value of a type that `isData` holds for; none for others.
    let rec ofObject (value: obj | null) : QuoteValue option =
        let all (values: (obj | null) seq) =
            let parts = values |> Seq.map ofObject |> Seq.truncate (most + 1) |> List.ofSeq

            if parts.Length > most then
                tooLong ()

            if List.forall Option.isSome parts then Some(List.choose id parts) else None

        match value with
        | null -> None
        | value ->
            let t = value.GetType()

            match value with
            | _ when (scalar value).IsSome -> scalar value
            | :? Collections.IEnumerable as items when not (value :? string) ->
                all (Seq.cast items) |> Option.map QuoteValue.Sequence
            | _ when FSharpType.IsTuple t ->
                all (FSharpValue.GetTupleFields value) |> Option.map QuoteValue.Tuple
            | _ when FSharpType.IsRecord(t, anyAccess) ->
                all (FSharpValue.GetRecordFields(value, anyAccess)) |> Option.map QuoteValue.Tuple
            | _ -> None

    let isConstant (e: DL1.Expr) =
        match e.Node with
        | Node.Constant _ -> true
        | _ -> false

    /// What is made of constants alone is computed, so that places and numbers of steps are known.
    let folded (operands: DL1.Expr list) (e: DL1.Expr) : DL1.Expr =
        if not (isConstant e) && List.forall isConstant operands then
            Expr.constant (Eval.run [] e)
        else
            e

    let apply (code: Expr) (f: QuoteValue) (x: QuoteValue) =
        match f with
        | QuoteValue.Function f -> f x
        | QuoteValue.Number _
        | QuoteValue.Tuple _
        | QuoteValue.Sequence _ -> Unreadable.code code

    let rec choose (code: Expr) (condition: DL1.Expr) (a: QuoteValue) (b: QuoteValue) : QuoteValue =
        let all = List.map2 (choose code condition)

        match a, b with
        | QuoteValue.Number a, QuoteValue.Number b -> QuoteValue.Number(Meaning.choose condition a b)
        | QuoteValue.Tuple a, QuoteValue.Tuple b -> QuoteValue.Tuple(all a b)
        | QuoteValue.Sequence a, QuoteValue.Sequence b when a.Length = b.Length ->
            QuoteValue.Sequence(all a b)
        | QuoteValue.Function f, QuoteValue.Function g ->
            QuoteValue.Function(fun x -> choose code condition (f x) (g x))
        | _ -> Unreadable.code code

    /// A whole number that depends on no parameter: a place, or a number of steps.
    let whole (what: string) (value: QuoteValue) : int =
        match value with
        | QuoteValue.Number e when isConstant e -> int (Local.number e |> Option.defaultValue 0.0)
        | QuoteValue.Number _
        | QuoteValue.Tuple _
        | QuoteValue.Sequence _
        | QuoteValue.Function _ ->
            Unreadable.refuse $"{what} that depends on a parameter" "let constants alone say it"

    /// Whether there are too many of something.
    let checkSteps count =
        if count > most then
            tooLong ()

    let element (values: QuoteValue list) (place: int) =
        match List.tryItem place values with
        | Some value -> value
        | None ->
            Unreadable.refuse
                $"the place %d{place} of %d{values.Length} elements"
                "count from 0 to one less than their number"

    /// What a function of List, Array or Seq gives, by its compiled name; none for a function that is not read.
    let collection (code: Expr) (name: string) (arguments: QuoteValue list) : QuoteValue option =
        let call f x = apply code f x
        let call2 f x y = apply code (apply code f x) y
        let pair x y = QuoteValue.Tuple [ x; y ]
        let number n = QuoteValue.Number(Expr.scalar DType.F64 (float n))

        let numbers values =
            values
            |> List.map (function
                | QuoteValue.Number e -> e
                | QuoteValue.Tuple _
                | QuoteValue.Sequence _
                | QuoteValue.Function _ -> Unreadable.code code)

        let reduced f values =
            match numbers values with
            | [] -> Unreadable.refuse $"{name} of no elements" "give one element or more"
            | es -> QuoteValue.Number(List.reduce f es)

        let isF32 = code.Type = typeof<float32>

        let sum values =
            match numbers values with
            | [] -> QuoteValue.Number(Expr.scalar (if isF32 then DType.F32 else DType.F64) 0.0)
            | es -> QuoteValue.Number(List.reduce (+) es)

        let mean values =
            match sum values with
            | QuoteValue.Number total when not values.IsEmpty ->
                QuoteValue.Number(total / float values.Length)
            | _ -> Unreadable.refuse $"{name} of no elements" "give one element or more"

        // F# refuses lists of different lengths too.
        let same xs ys f =
            if List.length xs = List.length ys then
                f ()
            else
                Unreadable.refuse
                    $"{name} of %d{xs.Length} and %d{ys.Length} elements"
                    "give as many elements on both sides"

        match name, arguments with
        | ("ToList" | "ToArray" | "OfList" | "OfArray" | "OfSeq" | "ToSeq" | "CreateSequence"),
          [ QuoteValue.Sequence _ as xs ] -> Some xs
        | "Delay", [ f ] -> Some(call f (QuoteValue.Tuple []))
        | "Singleton", [ x ] -> Some(QuoteValue.Sequence [ x ])
        | "Map", [ f; QuoteValue.Sequence xs ] -> Some(QuoteValue.Sequence(List.map (call f) xs))
        | "MapIndexed", [ f; QuoteValue.Sequence xs ] ->
            Some(QuoteValue.Sequence(List.mapi (fun i x -> call2 f (number i) x) xs))
        | "Map2", [ f; QuoteValue.Sequence xs; QuoteValue.Sequence ys ] ->
            same xs ys (fun () -> Some(QuoteValue.Sequence(List.map2 (call2 f) xs ys)))
        | "Zip", [ QuoteValue.Sequence xs; QuoteValue.Sequence ys ] ->
            same xs ys (fun () -> Some(QuoteValue.Sequence(List.map2 pair xs ys)))
        | "Indexed", [ QuoteValue.Sequence xs ] ->
            Some(QuoteValue.Sequence(List.mapi (fun i x -> pair (number i) x) xs))
        | "Initialize", [ count; f ] ->
            let count = whole "a number of elements" count
            checkSteps count
            Some(QuoteValue.Sequence(List.init count (fun i -> call f (number i))))
        | "Append", [ QuoteValue.Sequence xs; QuoteValue.Sequence ys ] -> Some(QuoteValue.Sequence(xs @ ys))
        | "Reverse", [ QuoteValue.Sequence xs ] -> Some(QuoteValue.Sequence(List.rev xs))
        | "Pairwise", [ QuoteValue.Sequence xs ] ->
            Some(QuoteValue.Sequence(List.pairwise xs |> List.map (fun (x, y) -> pair x y)))
        | "Sum", [ QuoteValue.Sequence xs ] -> Some(sum xs)
        | "SumBy", [ f; QuoteValue.Sequence xs ] -> Some(sum (List.map (call f) xs))
        | "Average", [ QuoteValue.Sequence xs ] -> Some(mean xs)
        | "AverageBy", [ f; QuoteValue.Sequence xs ] -> Some(mean (List.map (call f) xs))
        | "Max", [ QuoteValue.Sequence xs ] -> Some(reduced Expr.maximum xs)
        | "Min", [ QuoteValue.Sequence xs ] -> Some(reduced Expr.minimum xs)
        | "Fold", [ f; state; QuoteValue.Sequence xs ] -> Some(List.fold (call2 f) state xs)
        | "Fold2", [ f; state; QuoteValue.Sequence xs; QuoteValue.Sequence ys ] ->
            same xs ys (fun () -> Some(List.fold2 (fun s x y -> apply code (call2 f s x) y) state xs ys))
        | "FoldBack", [ f; QuoteValue.Sequence xs; state ] -> Some(List.foldBack (call2 f) xs state)
        | "Reduce", [ f; QuoteValue.Sequence(first :: rest) ] -> Some(List.fold (call2 f) first rest)
        | "Length", [ QuoteValue.Sequence xs ] -> Some(number xs.Length)
        | "Head", [ QuoteValue.Sequence xs ] -> Some(element xs 0)
        | "Last", [ QuoteValue.Sequence xs ] -> Some(element xs (xs.Length - 1))
        | ("Item" | "Get" | "GetArray"),
          ([ QuoteValue.Sequence xs; place ] | [ place; QuoteValue.Sequence xs ]) ->
            Some(element xs (whole "a place" place))
        | _ -> None
