namespace DL1

/// The vjp of every primitive: from the cotangent of a node to those of its operands. An absent cotangent is `None`,
/// never a node of zeros. Loops are in ScanRules.
[<RequireQualifiedAccess>]
module internal Vjp =
    /// Undoes a broadcast: sums the axes that were put in front, and those that were stretched.
    let unbroadcast (shape: Shape) (dy: Expr) =
        let missing = dy.Shape.Rank - shape.Rank

        let stretched =
            [
                for axis in 0 .. dy.Shape.Rank - 1 do
                    if axis < missing || (shape[axis - missing] = 1 && dy.Shape[axis] <> 1) then
                        axis
            ]

        Expr.sum stretched dy |> Expr.reshape (shape.ToList())

    /// A result that lacks axes, stretched back over them.
    let spread (axes: int list) (shape: Shape) (y: Expr) =
        let dims = shape.ToList() |> List.mapi (fun i d -> if List.contains i axes then 1 else d)
        // A scalar stretches as it is, which reads better.
        let kept = if y.Shape.IsScalar then y else Expr.reshape dims y
        Expr.broadcastTo (shape.ToList()) kept

    let private inverse (permutation: int list) =
        permutation |> List.mapi (fun i axis -> axis, i) |> List.sort |> List.map snd

    let private slice (cuts: Cut list) (x: Expr) (dy: Expr) =
        let edge axis (c: Cut) =
            let taken = dy.Shape[axis]
            let reach = if taken = 0 then 0 else (taken - 1) * c.Step + 1
            let before = if taken = 0 then 0 else c.Start

            {
                Before = before
                After = x.Shape[axis] - before - reach
                Between = (if taken <= 1 then 0 else c.Step - 1)
            }

        Expr.padWith (List.mapi edge cuts) 0.0 dy

    let private pad (edges: Edge list) (x: Expr) (dy: Expr) =
        // Where an edge cropped, the elements that went have no gradient: zeros stand for them first.
        let restored =
            edges |> List.map (fun e -> { Before = max 0 -e.Before; After = max 0 -e.After; Between = 0 })

        let cut axis (e: Edge) =
            let start, step = max 0 e.Before, e.Between + 1
            let extent = x.Shape[axis]

            {
                Start = start
                Stop = (if extent = 0 then start else start + (extent - 1) * step + 1)
                Step = step
            }

        Expr.Make(Node.Slice(List.mapi cut edges, Expr.padWith restored 0.0 dy))

    let private concat axis (xs: Expr list) (dy: Flow) =
        let starts = xs |> List.scan (fun start x -> start + x.Shape[axis]) 0

        List.map2
            (fun start (x: Expr) -> Some(Flow.moved (Expr.sliceAxis axis start (start + x.Shape[axis])) dy))
            (List.take xs.Length starts)
            xs

    let private conv role spec (a: Expr) (b: Expr) (dy: Expr) =
        let make role a b = Some(Expr.Make(Node.Conv(role, spec, a, b)))
        let spatial (e: Expr) = List.skip 2 (e.Shape.ToList())

        match role with
        | ConvRole.Forward ->
            [ make (ConvRole.InputGrad(spatial a)) dy b; make (ConvRole.WeightGrad(spatial b)) a dy ]
        | ConvRole.InputGrad _ -> [ make ConvRole.Forward dy b; make (ConvRole.WeightGrad(spatial b)) dy a ]
        | ConvRole.WeightGrad _ -> [ make (ConvRole.InputGrad(spatial a)) b dy; make ConvRole.Forward a dy ]

    /// A loser of a maximum or minimum over axes, whose value is `y`.
    let loses op (axes: int list) (x: Expr) (y: Expr) =
        match op with
        | ReduceOp.Min -> Expr.compare CompareOp.Gt x (spread axes x.Shape y)
        | ReduceOp.Max
        | ReduceOp.Sum
        | ReduceOp.Prod -> Expr.compare CompareOp.Lt x (spread axes x.Shape y)

    /// The cotangents of the operands of `e`, in their order, from its own, with their masks.
    let flows (e: Expr) (dy: Flow) : Flow option list =
        let moved move = [ Some(Flow.moved move dy) ]
        let through (f: Expr -> Expr) = Some(Flow.through f dy)

        match e.Node with
        | Node.Constant _
        | Node.Variable _ -> []
        | Node.Unary(op, x) -> [ Local.unary op x e |> Option.map (fun factor -> Flow.times factor dy) ]
        | Node.Binary(op, x, y) ->
            let dx, dy' = Local.binary op x y e
            // Both operands of a product read the same settled cotangent, so that it is computed and stored once.
            let times factor =
                match Local.number factor with
                | Some _ -> Flow.times factor dy
                | None -> Flow.times factor (Flow.endAtProduct dy)

            [ Option.map times dx; Option.map times dy' ]
        | Node.Select(c, _, _) -> [ None; Some(Flow.whereTrue c dy); Some(Flow.whereFalse c dy) ]
        | Node.Cast(_, x) -> [ Some { dy with Value = Expr.cast x.DType dy.Value } ]
        | Node.Reduce(op, axes, x) ->
            let dy = Flow.moved (spread axes x.Shape) dy

            match op with
            | ReduceOp.Sum -> [ Some dy ]
            | ReduceOp.Prod -> [ dy |> Flow.scaled (fun u -> u * Local.productOfOthers axes x) |> Some ]
            | ReduceOp.Max
            | ReduceOp.Min ->
                [
                    dy
                    |> Flow.scaled (fun u -> u * Local.extremumShare axes x e)
                    |> Flow.within (Expr.not' (loses op axes x e))
                    |> Some
                ]
        | Node.CumSum(axis, reversed, _) ->
            [ Some(Flow.summed (fun u -> Expr.Make(Node.CumSum(axis, not reversed, u))) dy) ]
        | Node.Softmax(axis, x) ->
            let back (u: Expr) = e * (u - spread [ axis ] x.Shape (Expr.sum [ axis ] (u * e)))
            // A row of which nothing is selected may have no softmax.
            let rowMask = Flow.summed (Expr.sum [ axis ] >> spread [ axis ] x.Shape) dy
            [ Some { rowMask with Value = back (Flow.settle dy); IsMasked = false } ]
        | Node.LogSumExp(axis, x) ->
            // Of nothing but −∞ the softmax is undefined, and the derivative 0.
            [
                dy
                |> Flow.moved (spread [ axis ] x.Shape)
                |> Flow.scaled (fun u -> u * Expr.softmax axis x)
                |> Flow.within (spread [ axis ] x.Shape (Local.isAboveNothing e))
                |> Some
            ]
        | Node.MatMul(x, y) -> [ through (fun u -> Expr.matmul u y.T); through (fun u -> Expr.matmul x.T u) ]
        | Node.Broadcast(_, x) -> [ Some(Flow.summed (unbroadcast x.Shape) dy) ]
        | Node.Reshape(_, x) -> moved (Expr.reshape (x.Shape.ToList()))
        | Node.Transpose(permutation, _) -> moved (Expr.transpose (inverse permutation))
        | Node.Slice(cuts, x) -> [ Some(Flow.movedNumbers (slice cuts x) dy) ]
        | Node.Pad(edges, _, x) -> [ Some(Flow.movedNumbers (pad edges x) dy) ]
        | Node.Concat(axis, xs) -> concat axis xs dy
        | Node.Reverse(axes, _) -> moved (Expr.reverse axes)
        | Node.Gather(axis, x, i) -> [ Some(Flow.summed (Expr.scatterAdd axis x.Shape[axis] i) dy); None ]
        | Node.ScatterAdd(axis, _, _, i) -> [ Some(Flow.moved (Expr.gather axis i) dy); None ]
        | Node.Conv(role, spec, a, b) ->
            conv role spec a b (Flow.settle dy) |> List.map (Option.map Flow.plain)
        | Node.MaxPool(window, x) -> [ through (fun u -> Expr.Make(Node.MaxPoolScatter(window, x, u))) ]
        | Node.MaxPoolPick(window, x, _) ->
            [ None; through (fun u -> Expr.Make(Node.MaxPoolScatter(window, x, u))) ]
        | Node.MaxPoolScatter(window, x, _) ->
            [ None; through (fun u -> Expr.Make(Node.MaxPoolPick(window, x, u))) ]
        | Node.AvgPool(window, x) ->
            let spatial = List.skip 2 (x.Shape.ToList())
            [ through (fun u -> Expr.Make(Node.AvgPoolGrad(window, spatial, u))) ]
        | Node.AvgPoolGrad(window, _, _) -> [ through (fun u -> Expr.Make(Node.AvgPool(window, u))) ]
        | Node.Custom(rule, xs) ->
            let apply u =
                Rebuild.substitute ((rule.Cotangent, u) :: List.zip rule.Inputs xs) rule.Gradients

            if Flow.isElementwise rule then
                apply dy.Value |> List.map (fun d -> Some(Flow.scaled (fun _ -> d) dy))
            else
                apply (Flow.settle dy) |> List.map (Flow.plain >> Some)
        // Whole numbers, truth values and random bits have no derivative; a stopped gradient has none by its meaning.
        | Node.Compare _
        | Node.ArgReduce _
        | Node.ArgSort _
        | Node.RandomBits _
        | Node.StopGradient _
        | Node.Scan _ -> Node.operands e.Node |> List.map (fun _ -> None)

    /// The cotangents of the operands of `e`, in their order, from its own.
    let rule (e: Expr) (dy: Expr) : Expr option list =
        flows e (Flow.plain dy) |> List.map (Option.map Flow.settle)
