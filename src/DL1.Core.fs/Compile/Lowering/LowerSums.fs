namespace DL1.Compiler.Lowering

open DL1

/// Replaces chains of additions (not reductions) by something simpler: concatenations.
[<RequireQualifiedAccess>]
module internal LowerSums =
    /// Matches a value padded with zeros along one axis alone: the axis, the index at which the value begins, and the value.
    let private (|Padded|_|) (e: Expr) =
        match e.Node with
        | Node.Pad(edges, 0.0, x) when edges |> List.forall (fun edge -> edge.Between = 0) ->
            match
                edges |> List.indexed |> List.filter (fun (_, edge) -> edge.Before <> 0 || edge.After <> 0)
            with
            | [ (axis, edge) ] when edge.Before >= 0 && edge.After >= 0 -> Some(struct (axis, edge.Before, x))
            | _ -> None
        | _ -> None

    // At most this many nodes of one sum, terms and additions together, are examined.
    let private mostTerms = 64

    /// A sum of zero-padded values that fill an axis, one after another without overlap, becomes their concatenation.
    let sumOfPadded (e: Expr) =
        let rec terms left (todo: Expr list) found =
            match todo with
            | [] -> Some found
            | _ when left = 0 -> None
            | (Padded term) :: todo -> terms (left - 1) todo (term :: found)
            | e :: todo ->
                match e.Node with
                | Node.Binary(BinaryOp.Add, a, b) -> terms (left - 1) (a :: b :: todo) found
                | _ -> None

        match e.Node with
        | Node.Binary(BinaryOp.Add, _, _) ->
            match terms mostTerms [ e ] [] with
            | Some(struct (axis, _, _) :: _ as padded) when
                padded |> List.forall (fun (struct (a, _, _)) -> a = axis)
                ->
                let ordered = padded |> List.sortBy (fun (struct (_, start, _)) -> start)
                let starts = ordered |> List.map (fun (struct (_, start, _)) -> start)
                let terms = ordered |> List.map (fun (struct (_, _, x)) -> x)
                let ends = terms |> List.scan (fun filled x -> filled + x.Shape[axis]) 0

                if starts @ [ e.Shape[axis] ] = ends then Some(Expr.concat axis terms) else None
            | _ -> None
        | _ -> None
