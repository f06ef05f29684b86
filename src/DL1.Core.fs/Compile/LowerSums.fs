namespace DL1

/// Sums in an order that suits kernels.
[<RequireQualifiedAccess>]
module internal LowerSums =
    /// A value padded with zeros along one axis alone: the axis, where the value begins, and the value.
    let private (|Placed|_|) (e: Expr) =
        match e.Node with
        | Node.Pad(edges, 0.0, x) when edges |> List.forall (fun edge -> edge.Between = 0) ->
            match
                edges |> List.indexed |> List.filter (fun (_, edge) -> edge.Before <> 0 || edge.After <> 0)
            with
            | [ (axis, edge) ] when edge.Before >= 0 && edge.After >= 0 -> Some(struct (axis, edge.Before, x))
            | _ -> None
        | _ -> None

    // Terms of one sum that are looked at together.
    let private mostTerms = 64

    /// The sum of padded values that fill an axis piece by piece puts them one after another.
    let sumOfPieces (e: Expr) =
        let rec terms left (todo: Expr list) found =
            match todo with
            | [] -> Some found
            | _ when left = 0 -> None
            | (Placed piece) :: todo -> terms (left - 1) todo (piece :: found)
            | e :: todo ->
                match e.Node with
                | Node.Binary(BinaryOp.Add, a, b) -> terms (left - 1) (a :: b :: todo) found
                | _ -> None

        match e.Node with
        | Node.Binary(BinaryOp.Add, _, _) ->
            match terms mostTerms [ e ] [] with
            | Some(struct (axis, _, _) :: _ as pieces) when
                pieces |> List.forall (fun (struct (a, _, _)) -> a = axis)
                ->
                let ordered = pieces |> List.sortBy (fun (struct (_, start, _)) -> start)

                let fills =
                    ordered
                    |> List.fold
                        (fun place (struct (_, start, x)) ->
                            match place with
                            | Some p when p = start -> Some(p + x.Shape[axis])
                            | _ -> None)
                        (Some 0)

                if fills = Some e.Shape[axis] then
                    Some(Expr.concat axis (ordered |> List.map (fun (struct (_, _, x)) -> x)))
                else
                    None
            | _ -> None
        | _ -> None

    /// Folds of many into few go in two steps, so that threads can share the first.
    let private manyPoints = 65536

    /// The fold itself, in two.
    let foldInTwo (e: Expr) =
        match e.Node with
        | Node.Reduce(op, axes, x) when x.DType.IsFloat && x.Shape.Size > manyPoints ->
            let last = x.Shape.Rank - 1
            let across = List.contains last axes
            // Rows, or blocks of columns.
            let items = if across then e.Shape.Size else e.Shape.Size / 16

            match axes |> List.filter (fun axis -> x.Shape[axis] <> 1) with
            | _ when items >= 16 -> None
            | [ axis ] ->
                // The longest parts that still are many, of equal length.
                let extent = x.Shape[axis]
                let inner = x.Shape.Size / extent
                let fits n = extent % n = 0 && extent / n >= 16 && n * (if across then 1 else inner) >= 4096

                seq { 2 .. extent / 16 }
                |> Seq.tryFind fits
                |> Option.map (fun n ->
                    let dims = x.Shape.ToList()
                    let cut = List.take axis dims @ [ extent / n; n ] @ List.skip (axis + 1) dims

                    Expr.reduce op [ axis + 1 ] (Expr.reshape cut x)
                    |> Expr.reduce op [ axis ]
                    |> Expr.reshape (e.Shape.ToList()))
            | first :: rest when x.Shape[first] >= 16 && not rest.IsEmpty ->
                let others = axes |> List.except [ first ]
                let place = first - (others |> List.filter (fun axis -> axis < first)).Length
                Some(Expr.reduce op others x |> Expr.reduce op [ place ] |> Expr.reshape (e.Shape.ToList()))
            | _ -> None
        | _ -> None
