namespace DL1

open System

/// The layer that a node was made in, by its path in the model and its name; or the gradient of that layer. No part of a
/// node's content: equal nodes may come from different layers.
[<RequireQualifiedAccess>]
type internal Origin =
    {
        Path: string
        Name: string
        IsGradient: bool
    }

    /// `layer encoder.2 (Softmax)`, `the gradient of layer 1 (Log)`.
    override this.ToString() =
        let layer =
            if this.Path = "" then
                $"layer {this.Name}"
            else
                $"layer {this.Path} ({this.Name})"

        if this.IsGradient then $"the gradient of {layer}" else layer

/// What nodes are being made for on this thread.
[<AbstractClass; Sealed>]
type internal Making private () =
    [<ThreadStatic; DefaultValue>]
    static val mutable private origin: Origin option

    static member Origin
        with get () = Making.origin
        and set (value: Origin option) = Making.origin <- value

/// Where nodes come from.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal Origin =
    /// Has nodes come from somewhere; where that is nowhere, from where those around them do.
    let inline within (origin: Origin option) ([<InlineIfLambda>] make: unit -> 'a) : 'a =
        let around = Making.Origin

        if origin.IsSome then
            Making.Origin <- origin

        try
            make ()
        finally
            Making.Origin <- around

    /// The gradient of where something comes from.
    let gradient (origin: Origin option) : Origin option =
        match origin with
        | Some o when not o.IsGradient -> Some { o with IsGradient = true }
        | _ -> origin

    /// Some origins in words, each once, few of them.
    let text (origins: Origin option seq) : string =
        let all = origins |> Seq.distinct |> List.ofSeq

        let said (origin: Origin option) =
            match origin with
            | Some o -> string o
            | None -> "outside of layers"

        match all with
        | []
        | [ None ] -> ""
        | _ when all.Length > 4 -> (List.truncate 4 all |> List.map said |> String.concat ", ") + " or others"
        | _ ->
            let first, last = List.splitAt (all.Length - 1) all
            let last = said last.Head

            if first.IsEmpty then
                last
            else
                (first |> List.map said |> String.concat ", ") + " or " + last
