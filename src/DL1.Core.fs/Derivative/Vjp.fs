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

    let private concat axis (xs: Expr list) (dy: Expr) =
        let starts = xs |> List.scan (fun start x -> start + x.Shape[axis]) 0

        List.map2
            (fun start (x: Expr) -> Some(Expr.sliceAxis axis start (start + x.Shape[axis]) dy))
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

    /// The cotangents of the operands of `e`, in their order, from its own.
    let rule (e: Expr) (dy: Expr) : Expr option list =
        match e.Node with
        | Node.Constant _
        | Node.Variable _ -> []
        | Node.Unary(op, x) -> [ Local.unary op x e |> Option.map (Local.times dy) ]
        | Node.Binary(op, x, y) ->
            let dx, dy' = Local.binary op x y e
            [ Option.map (Local.times dy) dx; Option.map (Local.times dy) dy' ]
        | Node.Select(c, _, _) ->
            let zero = Expr.zerosLike dy
            [ None; Some(Expr.where c dy zero); Some(Expr.where c zero dy) ]
        | Node.Cast(_, x) -> [ Some(Expr.cast x.DType dy) ]
        | Node.Reduce(op, axes, x) ->
            let dy = spread axes x.Shape dy

            match op with
            | ReduceOp.Sum -> [ Some dy ]
            | ReduceOp.Prod -> [ Some(dy * Local.productOfOthers axes x) ]
            | ReduceOp.Max
            | ReduceOp.Min -> [ Some(dy * Local.extremumShare axes x e) ]
        | Node.CumSum(axis, reversed, _) -> [ Some(Expr.Make(Node.CumSum(axis, not reversed, dy))) ]
        | Node.Softmax(axis, x) -> [ Some(e * (dy - spread [ axis ] x.Shape (Expr.sum [ axis ] (dy * e)))) ]
        | Node.LogSumExp(axis, x) -> [ Some(spread [ axis ] x.Shape dy * Expr.softmax axis x) ]
        | Node.MatMul(x, y) -> [ Some(Expr.matmul dy y.T); Some(Expr.matmul x.T dy) ]
        | Node.Broadcast(_, x) -> [ Some(unbroadcast x.Shape dy) ]
        | Node.Reshape(_, x) -> [ Some(Expr.reshape (x.Shape.ToList()) dy) ]
        | Node.Transpose(permutation, _) -> [ Some(Expr.transpose (inverse permutation) dy) ]
        | Node.Slice(cuts, x) -> [ Some(slice cuts x dy) ]
        | Node.Pad(edges, _, x) -> [ Some(pad edges x dy) ]
        | Node.Concat(axis, xs) -> concat axis xs dy
        | Node.Reverse(axes, _) -> [ Some(Expr.reverse axes dy) ]
        | Node.Gather(axis, x, i) -> [ Some(Expr.scatterAdd axis x.Shape[axis] i dy); None ]
        | Node.ScatterAdd(axis, _, _, i) -> [ Some(Expr.gather axis i dy); None ]
        | Node.Conv(role, spec, a, b) -> conv role spec a b dy
        | Node.MaxPool(window, x) -> [ Some(Expr.Make(Node.MaxPoolScatter(window, x, dy))) ]
        | Node.MaxPoolPick(window, x, _) -> [ None; Some(Expr.Make(Node.MaxPoolScatter(window, x, dy))) ]
        | Node.MaxPoolScatter(window, x, _) -> [ None; Some(Expr.Make(Node.MaxPoolPick(window, x, dy))) ]
        | Node.AvgPool(window, x) ->
            [ Some(Expr.Make(Node.AvgPoolGrad(window, List.skip 2 (x.Shape.ToList()), dy))) ]
        | Node.AvgPoolGrad(window, _, _) -> [ Some(Expr.Make(Node.AvgPool(window, dy))) ]
        | Node.Custom(rule, xs) ->
            let bindings = (rule.Cotangent, dy) :: List.zip rule.Inputs xs
            Rebuild.substitute bindings rule.Gradients |> List.map Some
        // Whole numbers, truth values and random bits have no derivative; a stopped gradient has none by its meaning.
        | Node.Compare _
        | Node.ArgReduce _
        | Node.RandomBits _
        | Node.StopGradient _
        | Node.Scan _ -> Node.operands e.Node |> List.map (fun _ -> None)
