namespace DL1.Onnx

open DL1

/// Broadcasts that ONNX's operators make by themselves, as NumPy does: those nodes are left out of the file.
[<RequireQualifiedAccess>]
module internal Stretching =
    /// What a broadcast stretches, where all versions are one.
    let private inner (es: Versions) : Versions voption =
        let under =
            es
            |> Array.choose (fun e ->
                match e.Node with
                | Node.Broadcast(_, x) -> Some x
                | _ -> None)

        if under.Length = es.Length then ValueSome under else ValueNone

    let private leading (shape: Shape) = Shape.ofList (List.take (shape.Rank - 2) (shape.ToList()))
    let private last (shape: Shape) = List.skip (shape.Rank - 2) (shape.ToList())

    /// Each choice of operands to leave as they are, those of the fewest first.
    let rec private choices (count: int) : bool list list =
        if count = 0 then
            [ [] ]
        else
            choices (count - 1)
            |> List.collect (fun rest -> [ false :: rest; true :: rest ])
            |> List.sortBy (List.filter id >> List.length)

    /// Whether shapes broadcast to another.
    let private give (target: Shape) (shapes: Shape list) =
        let joined =
            (Some Shape.Scalar, shapes)
            ||> List.fold (fun joined shape ->
                joined |> Option.bind (fun all -> Shape.tryBroadcast all shape))

        joined = Some target

    let private choose
        (fits: Versions list -> bool)
        (allowed: Versions -> Versions -> bool)
        (operands: Versions list)
        =
        let inners =
            operands
            |> List.map (fun o ->
                match inner o with
                | ValueSome x when allowed o x -> ValueSome x
                | ValueSome _
                | ValueNone -> ValueNone)

        if inners |> List.forall _.IsNone then
            operands
        else
            choices operands.Length
            |> List.map (fun keeps ->
                List.zip3 keeps operands inners
                |> List.map (fun (keep, o, inner) ->
                    match inner with
                    | ValueSome x when not keep -> x
                    | ValueSome _
                    | ValueNone -> o))
            |> List.tryFind fits
            |> Option.defaultValue operands

    /// The operands of an elementwise node, each without its broadcast where the others stretch it as far.
    let elementwise (es: Versions) (operands: Versions list) : Versions list =
        let fits (chosen: Versions list) =
            es
            |> Array.indexed
            |> Array.forall (fun (i, e) -> give e.Shape (chosen |> List.map (fun o -> o[i].Shape)))

        choose fits (fun _ _ -> true) operands

    /// The operands of a product, each without the broadcast of its stack.
    let product (es: Versions) (operands: Versions list) : Versions list =
        let fits (chosen: Versions list) =
            es
            |> Array.indexed
            |> Array.forall (fun (i, e) ->
                give (leading e.Shape) (chosen |> List.map (fun o -> leading o[i].Shape)))

        let allowed (o: Versions) (x: Versions) =
            Array.forall2 (fun (o: Expr) (x: Expr) -> x.Shape.Rank >= 2 && last o.Shape = last x.Shape) o x

        choose fits allowed operands
