namespace DL1.Onnx

open DL1

/// What a walk does with a node: it takes the value of another, or makes nodes over the values of some.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type internal Work =
    | Through of Versions
    | Make of Versions list * (string list -> string)

/// The work of one node.
[<RequireQualifiedAccess>]
module internal NodeWork =
    let private number (dtype: DType) (value: float) =
        Tensor(Shape.Scalar, Elements.ofFloats dtype [| value |])

    /// A result of one number.
    let filled (w: GraphWriter) (es: Versions) (value: float) =
        Work.Make([], fun _ -> EmitMovement.fill w (number es[0].DType value) (Versions.extents es))

    /// Nodes with operands of no elements, whose values are known.
    let overNothing (w: GraphWriter) (es: Versions) (operands: Versions list) : Work voption =
        match es[0].Node with
        | Node.Reduce(ReduceOp.Prod, _, _) -> ValueSome(filled w es 1.0)
        | Node.LogSumExp _ -> ValueSome(filled w es -infinity)
        | Node.Pad(_, value, _) -> ValueSome(filled w es value)
        | Node.Reduce _
        | Node.MatMul _
        | Node.ScatterAdd _
        | Node.Conv _
        | Node.MaxPoolScatter _
        | Node.AvgPoolGrad _ -> ValueSome(filled w es 0.0)
        | Node.Concat(axis, _) ->
            let full = operands |> List.filter (fun o -> not (Versions.isEmpty o))
            ValueSome(Work.Make(full, EmitMovement.concat w axis))
        | _ -> ValueNone

    let private read (name: string) (pick: Expr -> 'a) (es: Versions) = Versions.same name pick es

    /// The work of a node that ONNX has an operator for.
    let direct (w: GraphWriter) (es: Versions) (operands: Versions list) : Work =
        let e = es[0]
        let one (emit: string -> string) = Work.Make(operands, List.head >> emit)

        let two (emit: string -> string -> string) = Work.Make(operands, fun xs -> emit xs[0] xs[1])

        // The extents that windows move over, which are the same for all batches.
        let spatial (o: Versions) = read "the spatial extents" (fun e -> List.skip 2 (e.Shape.ToList())) o

        match e.Node with
        | Node.Unary(UnaryOp.Erf, _) when e.DType = DType.F64 ->
            Refuse.domain
                "Onnx.write"
                "the error function of f64"
                "f32: runtimes have no kernel of f64"
                "train and export the model in f32, or cast before and after"
        | Node.Unary(op, x) -> one (EmitElementwise.unary w op x.DType)
        | Node.Binary(op, _, _) ->
            Work.Make(Stretching.elementwise es operands, fun xs -> EmitElementwise.binary w op xs[0] xs[1])
        | Node.Compare(op, _, _) ->
            Work.Make(Stretching.elementwise es operands, fun xs -> EmitElementwise.compare w op xs[0] xs[1])
        | Node.Select _ ->
            Work.Make(
                Stretching.elementwise es operands,
                fun xs -> EmitElementwise.select w e.DType xs[0] xs[1] xs[2]
            )
        | Node.Cast(dtype, x) -> one (EmitElementwise.castTo w x.DType dtype)
        | Node.Reduce(op, axes, x) -> one (EmitAlong.reduce w op axes x.DType)
        | Node.ArgReduce(op, axis, x) -> one (EmitAlong.argReduce w op axis x.DType)
        | Node.CumSum(axis, reversed, _) -> one (EmitAlong.cumSum w axis reversed)
        | Node.ArgSort(axis, x) ->
            let extent = List.item axis (Versions.extents es)
            one (EmitAlong.argSort w axis extent x.DType)
        | Node.Softmax(axis, _) -> one (EmitAlong.softmax w axis)
        | Node.LogSumExp(axis, _) -> one (EmitAlong.logSumExp w axis)
        | Node.MatMul _ -> Work.Make(Stretching.product es operands, fun xs -> w.Add("MatMul", xs, []))
        | Node.Broadcast _ ->
            one (EmitMovement.broadcast w (Versions.extents operands.Head) (Versions.extents es))
        | Node.Reshape _ -> one (EmitMovement.reshape w (Versions.extents es))
        | Node.Transpose(permutation, _) -> one (EmitMovement.transpose w permutation)
        | Node.Slice(cuts, _) ->
            let cut i (pick: Cut -> int) =
                es
                |> Versions.extent "slices" (fun e ->
                    match e.Node with
                    | Node.Slice(cuts, _) -> pick cuts[i]
                    | _ -> 0)

            let all =
                cuts |> List.mapi (fun i _ -> struct (cut i _.Start, cut i _.Stop, (cut i _.Step).Offset))

            one (EmitMovement.slice w all (Versions.extents operands.Head))
        | Node.Pad(edges, value, _) ->
            let edge i (pick: Edge -> int) =
                es
                |> Versions.extent "paddings" (fun e ->
                    match e.Node with
                    | Node.Pad(edges, _, _) -> pick edges[i]
                    | _ -> 0)

            let before = edges |> List.mapi (fun i _ -> edge i _.Before)
            let after = edges |> List.mapi (fun i _ -> edge i _.After)
            one (EmitMovement.pad w before after (number e.DType value))
        | Node.Concat(axis, _) -> Work.Make(operands, EmitMovement.concat w axis)
        | Node.Reverse(axes, _) -> one (EmitMovement.reverse w axes)
        | Node.Gather(axis, _, _) -> two (EmitMovement.gather w axis)
        | Node.ScatterAdd(axis, _, u, i) ->
            two (fun updates indices ->
                EmitMovement.scatterAdd
                    w
                    axis
                    i.Shape.Rank
                    (Versions.extents es)
                    (u.DType, updates)
                    (i.DType, indices))
        | Node.Conv(role, spec, _, _) ->
            two (EmitWindows.conv w role spec (spatial operands[1]) (spatial operands[0]))
        | Node.MaxPool(window, _) ->
            one (EmitWindows.maxPool w window e.DType (spatial operands.Head) (spatial es))
        | Node.MaxPoolPick(window, _, _) ->
            two (EmitWindows.maxPoolPick w window e.DType (spatial operands.Head) (spatial es))
        | Node.MaxPoolScatter(window, _, _) ->
            let places = spatial operands[1]
            spatial es |> ignore
            two (EmitWindows.maxPoolScatter w window e.DType places (Versions.size es) (Versions.extents es))
        | Node.AvgPool(window, _) -> one (EmitWindows.avgPool w window)
        | Node.AvgPoolGrad _
        | Node.Constant _
        | Node.Variable _
        | Node.RandomBits _
        | Node.Scan _
        | Node.StopGradient _
        | Node.Custom _ ->
            Refuse.domain
                "Onnx.write"
                (Node.name e.Node)
                "a node that is an operator of ONNX"
                "compose it of others"
