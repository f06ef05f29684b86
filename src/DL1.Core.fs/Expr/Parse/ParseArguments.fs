namespace DL1

open System
open System.Collections.Generic
open System.Globalization

/// The value of an attribute as read.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type internal Value =
    | Number of string
    | Word of string
    | Quoted of string
    | List of Value list
    | Variables of Variable list
    | Graphs of Expr list

/// A call as read, from which the functions below take what they need.
[<Sealed>]
type internal Call
    (source: string, at: int, name: string, operands: Expr list, attributes: (string * int * Value) list) =
    let left = HashSet<string>(attributes |> Seq.map (fun (n, _, _) -> n))

    let kind at expected example : 'a = ParseToken.refuse source at $"an attribute of {name}" expected example

    let whole at value =
        match value with
        | Value.Number text ->
            match Int32.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) with
            | true, n -> n
            | false, _ -> kind at "a whole number of 32 bits" "write axis=1, for example"
        | Value.Word _
        | Value.Quoted _
        | Value.List _
        | Value.Variables _
        | Value.Graphs _ -> kind at "a whole number" "write axis=1, for example"

    member _.Name = name

    member _.Refuse(what: string, expected: string, cure: string) : 'a =
        ParseToken.refuse source at what expected cure

    member this.Counted(expected: string, example: string) : 'a =
        let count = List.length operands
        let s = if count = 1 then "" else "s"
        this.Refuse($"{name} with %d{count} operand{s}", expected, example)

    member this.One =
        match operands with
        | [ x ] -> x
        | _ -> this.Counted("one operand", $"write {name}(x), its attributes by name")

    member this.Two =
        match operands with
        | [ x; y ] -> x, y
        | _ -> this.Counted("two operands", $"write {name}(x, y), its attributes by name")

    member this.Three =
        match operands with
        | [ x; y; z ] -> x, y, z
        | _ -> this.Counted("three operands", $"write {name}(x, y, z)")

    member _.All = operands

    member private _.TryTake(key: string) =
        left.Remove key |> ignore

        attributes |> List.tryPick (fun (n, at, value) -> if n = key then Some(at, value) else None)

    member private this.Take(key: string, example: string) =
        match this.TryTake key with
        | Some found -> found
        | None -> this.Refuse($"{name} without {key}", $"the attribute {key}", $"add {key}={example}")

    member this.Int(key: string) =
        let at, value = this.Take(key, (if key = "axis" then "-1" else "1"))
        whole at value

    member this.IntOr(key: string, otherwise: int) =
        match this.TryTake key with
        | Some(at, value) -> whole at value
        | None -> otherwise

    member private _.ListOf(at: int, value: Value) =
        match value with
        | Value.List items -> items |> List.map (whole at)
        // `[]` may have been meant as a list of anything.
        | Value.Variables [] -> []
        | Value.Number _
        | Value.Word _
        | Value.Quoted _
        | Value.Variables _
        | Value.Graphs _ -> kind at "a list of whole numbers" "write axes=[0, 1], for example"

    member this.Ints(key: string) = this.ListOf(this.Take(key, "[0, 1]"))

    member this.IntsOr(key: string, otherwise: int list) =
        match this.TryTake key with
        | Some found -> this.ListOf found
        | None -> otherwise

    member this.Float(key: string) : int * string =
        match this.Take(key, "0") with
        | at, Value.Number text -> at, text
        | at, (Value.Word _ | Value.Quoted _ | Value.List _ | Value.Variables _ | Value.Graphs _) ->
            kind at "a number" "write value=0, for example"

    member this.Flag(key: string) =
        match this.TryTake key with
        | None -> false
        | Some(_, Value.Word "true") -> true
        | Some(_, Value.Word "false") -> false
        | Some(at,
               (Value.Word _ | Value.Number _ | Value.Quoted _ | Value.List _ | Value.Variables _ | Value.Graphs _)) ->
            kind at "true or false" $"write {key}=true, or leave it out"

    member this.Text(key: string) =
        match this.Take(key, "\"f\"") with
        | _, Value.Quoted text -> text
        | at, (Value.Word _ | Value.Number _ | Value.List _ | Value.Variables _ | Value.Graphs _) ->
            kind at "a quoted text" $"write {key}=\"f\""

    member this.Type(key: string) =
        match this.Take(key, "f32") with
        | at, Value.Word text ->
            match DType.tryParse text with
            | Some dtype -> dtype
            | None -> kind at "f32, f64, i32, i64 or bool" $"write {key}=f32"
        | at, (Value.Quoted _ | Value.Number _ | Value.List _ | Value.Variables _ | Value.Graphs _) ->
            kind at "f32, f64, i32, i64 or bool" $"write {key}=f32"

    member this.Variables(key: string) =
        match this.Take(key, "[x: f64]") with
        | _, Value.Variables vs -> vs
        | _, Value.List [] -> []
        | at, (Value.List _ | Value.Word _ | Value.Quoted _ | Value.Number _ | Value.Graphs _) ->
            kind at "a list of variables" $"write {key}=[x: f32[3]]"

    member this.Graphs(key: string) =
        match this.Take(key, "{x}") with
        | _, Value.Graphs es -> es
        | at, (Value.List _ | Value.Word _ | Value.Quoted _ | Value.Number _ | Value.Variables _) ->
            kind at "expressions in braces" $"write {key}={{x + 1}}"

    /// Counts an axis from the end where it is negative.
    member _.Axis(x: Expr, axis: int) =
        if axis < 0 && axis >= -x.Shape.Rank then axis + x.Shape.Rank else axis

    /// Refuses attributes that nothing has asked for.
    member this.Finish(result: Expr) =
        match attributes |> List.tryFind (fun (n, _, _) -> left.Contains n) with
        | Some(key, at, _) ->
            ParseToken.refuse
                source
                at
                $"the attribute {key}, which {name} does not have"
                "only attributes of the function"
                $"take {key} out"
        | None -> result
