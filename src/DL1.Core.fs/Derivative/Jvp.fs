namespace DL1

/// The jvp of every primitive: from the tangents of the operands to that of the node. An absent tangent is `None`.
/// Loops are in ScanRules, custom rules in Forward.
[<RequireQualifiedAccess>]
module internal Jvp =
    let private add (a: Flow option) (b: Flow option) =
        match a, b with
        | Some a, Some b -> Some(Flow.add a b)
        | Some a, None
        | None, Some a -> Some a
        | None, None -> None

    /// A product that is linear in each operand: the sum of what each tangent gives in its operand's place.
    let private bilinear (make: Expr -> Expr -> Expr) x y dx dy =
        add
            (dx |> Option.map (Flow.through (fun dx -> make dx y)))
            (dy |> Option.map (Flow.through (fun dy -> make x dy)))

    /// The tangent of `e` from those of its operands, in their order, with their masks.
    let flows (e: Expr) (tangents: Flow option list) : Flow option =
        let tangent i = List.item i tangents
        /// For nodes that are linear in their first operand: the same node over its tangent.
        let linear by (make: Expr -> Node<Expr>) = tangent 0 |> Option.map (by (make >> Expr.Make))
        let times factor dx = Option.map2 Flow.times factor dx

        match e.Node with
        | Node.Unary(op, x) -> times (Local.unary op x e) (tangent 0)
        | Node.Binary(op, x, y) ->
            let toX, toY = Local.binary op x y e
            add (times toX (tangent 0)) (times toY (tangent 1))
        | Node.Select(c, _, _) -> Flow.select c (tangent 1) (tangent 2)
        | Node.Cast(dtype, _) ->
            if dtype.IsFloat then
                tangent 0 |> Option.map (fun dx -> { dx with Value = Expr.cast dtype dx.Value })
            else
                None
        | Node.Reduce(ReduceOp.Sum, axes, _) ->
            linear Flow.summed (fun d -> Node.Reduce(ReduceOp.Sum, axes, d))
        | Node.Reduce(ReduceOp.Prod, axes, x) ->
            tangent 0
            |> Option.map (
                Flow.scaled (fun dx -> dx * Local.productOfOthers axes x) >> Flow.summed (Expr.sum axes)
            )
        | Node.Reduce((ReduceOp.Max | ReduceOp.Min) as op, axes, x) ->
            tangent 0
            |> Option.map (
                Flow.scaled (fun dx -> dx * Local.extremumShare axes x e)
                >> Flow.within (Expr.not' (Vjp.loses op axes x e))
                >> Flow.summed (Expr.sum axes)
            )
        | Node.CumSum(axis, reversed, _) -> linear Flow.summed (fun d -> Node.CumSum(axis, reversed, d))
        | Node.Softmax(axis, x) ->
            tangent 0
            |> Option.map (
                Flow.through (fun dx -> e * (dx - Vjp.spread [ axis ] x.Shape (Expr.sum [ axis ] (e * dx))))
            )
        | Node.LogSumExp(axis, x) ->
            let isAbove = Vjp.spread [ axis ] x.Shape (Local.isAboveNothing e)

            tangent 0
            |> Option.map (
                Flow.scaled (fun dx -> Expr.softmax axis x * dx)
                >> Flow.within isAbove
                >> Flow.summed (Expr.sum [ axis ])
            )
        | Node.MatMul(x, y) -> bilinear Expr.matmul x y (tangent 0) (tangent 1)
        | Node.Broadcast(shape, _) -> linear Flow.moved (fun d -> Node.Broadcast(shape, d))
        | Node.Reshape(shape, _) -> linear Flow.moved (fun d -> Node.Reshape(shape, d))
        | Node.Transpose(permutation, _) -> linear Flow.moved (fun d -> Node.Transpose(permutation, d))
        | Node.Slice(cuts, _) -> linear Flow.moved (fun d -> Node.Slice(cuts, d))
        | Node.Pad(edges, _, _) -> linear Flow.movedNumbers (fun d -> Node.Pad(edges, 0.0, d))
        | Node.Concat(axis, xs) -> Flow.concat axis xs tangents
        | Node.Reverse(axes, _) -> linear Flow.moved (fun d -> Node.Reverse(axes, d))
        | Node.Gather(axis, _, i) -> linear Flow.moved (fun d -> Node.Gather(axis, d, i))
        | Node.ScatterAdd(axis, extent, _, i) ->
            linear Flow.summed (fun d -> Node.ScatterAdd(axis, extent, d, i))
        | Node.Conv(role, spec, a, b) ->
            bilinear (fun a b -> Expr.Make(Node.Conv(role, spec, a, b))) a b (tangent 0) (tangent 1)
        | Node.MaxPool(window, x) ->
            tangent 0 |> Option.map (Flow.through (fun dx -> Expr.Make(Node.MaxPoolPick(window, x, dx))))
        | Node.MaxPoolPick(window, x, _) ->
            tangent 1 |> Option.map (Flow.through (fun du -> Expr.Make(Node.MaxPoolPick(window, x, du))))
        | Node.MaxPoolScatter(window, x, _) ->
            tangent 1 |> Option.map (Flow.through (fun du -> Expr.Make(Node.MaxPoolScatter(window, x, du))))
        | Node.AvgPool(window, _) -> linear Flow.through (fun d -> Node.AvgPool(window, d))
        | Node.AvgPoolGrad(window, spatial, _) ->
            linear Flow.through (fun d -> Node.AvgPoolGrad(window, spatial, d))
        | Node.Constant _
        | Node.Variable _
        | Node.Compare _
        | Node.ArgReduce _
        | Node.ArgSort _
        | Node.RandomBits _
        | Node.StopGradient _
        | Node.Scan _
        | Node.Custom _ -> None

    /// The tangent of `e` from those of its operands, in their order.
    let rule (e: Expr) (tangents: Expr option list) : Expr option =
        tangents |> List.map (Option.map Flow.plain) |> flows e |> Option.map Flow.settle
