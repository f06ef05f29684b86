namespace DL1

/// The jvp of every primitive: from the tangents of the operands to that of the node. An absent tangent is `None`.
/// Loops are in ScanRules, custom rules in Forward.
[<RequireQualifiedAccess>]
module internal Jvp =
    let private add (a: Expr option) (b: Expr option) =
        match a, b with
        | Some a, Some b -> Some(a + b)
        | Some a, None
        | None, Some a -> Some a
        | None, None -> None

    /// A product that is linear in each operand: the sum of what each tangent gives in its operand's place.
    let private bilinear (make: Expr -> Expr -> Expr) x y dx dy =
        add (dx |> Option.map (fun dx -> make dx y)) (dy |> Option.map (fun dy -> make x dy))

    /// The tangent of `e` from those of its operands, in their order.
    let rule (e: Expr) (tangents: Expr option list) : Expr option =
        let tangent i = List.item i tangents
        /// For nodes that are linear in their first operand: the same node over its tangent.
        let linear (make: Expr -> Node<Expr>) = tangent 0 |> Option.map (make >> Expr.Make)

        let times factor dx = Option.map2 (fun factor dx -> Local.times dx factor) factor dx

        match e.Node with
        | Node.Unary(op, x) -> times (Local.unary op x e) (tangent 0)
        | Node.Binary(op, x, y) ->
            let toX, toY = Local.binary op x y e
            add (times toX (tangent 0)) (times toY (tangent 1))
        | Node.Select(c, x, y) ->
            match tangent 1, tangent 2 with
            | None, None -> None
            | dx, dy ->
                let orZero d like = Option.defaultWith (fun () -> Expr.zerosLike like) d
                Some(Expr.where c (orZero dx x) (orZero dy y))
        | Node.Cast(dtype, _) -> if dtype.IsFloat then linear (fun d -> Node.Cast(dtype, d)) else None
        | Node.Reduce(ReduceOp.Sum, axes, _) -> linear (fun d -> Node.Reduce(ReduceOp.Sum, axes, d))
        | Node.Reduce(ReduceOp.Prod, axes, x) ->
            tangent 0 |> Option.map (fun dx -> Expr.sum axes (dx * Local.productOfOthers axes x))
        | Node.Reduce((ReduceOp.Max | ReduceOp.Min), axes, x) ->
            tangent 0 |> Option.map (fun dx -> Expr.sum axes (dx * Local.extremumShare axes x e))
        | Node.CumSum(axis, reversed, _) -> linear (fun d -> Node.CumSum(axis, reversed, d))
        | Node.Softmax(axis, x) ->
            tangent 0
            |> Option.map (fun dx -> e * (dx - Vjp.spread [ axis ] x.Shape (Expr.sum [ axis ] (e * dx))))
        | Node.LogSumExp(axis, x) ->
            tangent 0 |> Option.map (fun dx -> Expr.sum [ axis ] (Expr.softmax axis x * dx))
        | Node.MatMul(x, y) -> bilinear Expr.matmul x y (tangent 0) (tangent 1)
        | Node.Broadcast(shape, _) -> linear (fun d -> Node.Broadcast(shape, d))
        | Node.Reshape(shape, _) -> linear (fun d -> Node.Reshape(shape, d))
        | Node.Transpose(permutation, _) -> linear (fun d -> Node.Transpose(permutation, d))
        | Node.Slice(cuts, _) -> linear (fun d -> Node.Slice(cuts, d))
        | Node.Pad(edges, _, _) -> linear (fun d -> Node.Pad(edges, 0.0, d))
        | Node.Concat(axis, xs) ->
            if List.forall Option.isNone tangents then
                None
            else
                List.map2 (fun x d -> Option.defaultWith (fun () -> Expr.zerosLike x) d) xs tangents
                |> Expr.concat axis
                |> Some
        | Node.Reverse(axes, _) -> linear (fun d -> Node.Reverse(axes, d))
        | Node.Gather(axis, _, i) -> linear (fun d -> Node.Gather(axis, d, i))
        | Node.ScatterAdd(axis, extent, _, i) -> linear (fun d -> Node.ScatterAdd(axis, extent, d, i))
        | Node.Conv(role, spec, a, b) ->
            bilinear (fun a b -> Expr.Make(Node.Conv(role, spec, a, b))) a b (tangent 0) (tangent 1)
        | Node.MaxPool(window, x) ->
            tangent 0 |> Option.map (fun dx -> Expr.Make(Node.MaxPoolPick(window, x, dx)))
        | Node.MaxPoolPick(window, x, _) ->
            tangent 1 |> Option.map (fun du -> Expr.Make(Node.MaxPoolPick(window, x, du)))
        | Node.MaxPoolScatter(window, x, _) ->
            tangent 1 |> Option.map (fun du -> Expr.Make(Node.MaxPoolScatter(window, x, du)))
        | Node.AvgPool(window, _) -> linear (fun d -> Node.AvgPool(window, d))
        | Node.AvgPoolGrad(window, spatial, _) -> linear (fun d -> Node.AvgPoolGrad(window, spatial, d))
        | Node.Constant _
        | Node.Variable _
        | Node.Compare _
        | Node.ArgReduce _
        | Node.RandomBits _
        | Node.StopGradient _
        | Node.Scan _
        | Node.Custom _ -> None
