namespace DL1

/// What tells two nodes of one form and the same operands apart.
[<RequireQualifiedAccess>]
module Attributes =
    let private sweeps (sweeps: Sweep list) : (string * Attribute<'e>) list =
        [
            "stride", Attribute.Ints(sweeps |> List.map _.Stride)
            "pad_before", Attribute.Ints(sweeps |> List.map _.PadBefore)
            "pad_after", Attribute.Ints(sweeps |> List.map _.PadAfter)
            "dilation", Attribute.Ints(sweeps |> List.map _.Dilation)
        ]

    let private window (w: Window) = ("kernel", Attribute.Ints w.Kernel) :: sweeps w.Sweeps

    /// The attributes of a node by name, always in the same order. `Attributes.ofNode (Expr.sum [ 0 ] x).Node`
    let ofNode (node: Node<'e>) : (string * Attribute<'e>) list =
        match node with
        | Node.Constant value -> [ "value", Attribute.Value value ]
        | Node.Variable v -> [ "variable", Attribute.Variables [ v ] ]
        | Node.Unary _
        | Node.Binary _
        | Node.Compare _
        | Node.Select _
        | Node.MatMul _
        | Node.StopGradient _ -> []
        | Node.Cast(dtype, _) -> [ "type", Attribute.Type dtype ]
        | Node.Reduce(_, axes, _)
        | Node.Reverse(axes, _) -> [ "axes", Attribute.Ints axes ]
        | Node.ArgReduce(_, axis, _)
        | Node.Softmax(axis, _)
        | Node.LogSumExp(axis, _)
        | Node.ArgSort(axis, _)
        | Node.Concat(axis, _)
        | Node.Gather(axis, _, _) -> [ "axis", Attribute.Int axis ]
        | Node.CumSum(axis, reversed, _) ->
            [ "axis", Attribute.Int axis; "reversed", Attribute.Flag reversed ]
        | Node.Broadcast(shape, _)
        | Node.Reshape(shape, _) -> [ "shape", Attribute.Dims shape ]
        | Node.Transpose(permutation, _) -> [ "permutation", Attribute.Ints permutation ]
        | Node.Slice(cuts, _) ->
            [
                "start", Attribute.Ints(cuts |> List.map _.Start)
                "stop", Attribute.Ints(cuts |> List.map _.Stop)
                "step", Attribute.Ints(cuts |> List.map _.Step)
            ]
        | Node.Pad(edges, value, _) ->
            [
                "before", Attribute.Ints(edges |> List.map _.Before)
                "after", Attribute.Ints(edges |> List.map _.After)
                "between", Attribute.Ints(edges |> List.map _.Between)
                "value", Attribute.Float value
            ]
        | Node.ScatterAdd(axis, extent, _, _) ->
            [ "axis", Attribute.Int axis; "extent", Attribute.Int extent ]
        | Node.Conv(role, spec, _, _) ->
            let extent: (string * Attribute<'e>) list =
                match role with
                | ConvRole.Forward -> []
                | ConvRole.InputGrad spatial -> [ "spatial", Attribute.Ints spatial ]
                | ConvRole.WeightGrad kernel -> [ "kernel", Attribute.Ints kernel ]

            sweeps spec.Sweeps @ ("groups", Attribute.Int spec.Groups) :: extent
        | Node.MaxPool(w, _)
        | Node.MaxPoolPick(w, _, _)
        | Node.MaxPoolScatter(w, _, _)
        | Node.AvgPool(w, _) -> window w
        | Node.AvgPoolGrad(w, spatial, _) -> window w @ [ "spatial", Attribute.Ints spatial ]
        | Node.RandomBits(stream, shape, _) ->
            [ "stream", Attribute.Int stream; "shape", Attribute.Dims shape ]
        | Node.Scan(result, call) ->
            [
                "result", Attribute.Int result
                "length", Attribute.Int call.Length
                "reversed", Attribute.Flag call.Reversed
                "carries", Attribute.Variables call.Body.Carries
                "slices", Attribute.Variables call.Body.Slices
                "fixed", Attribute.Variables call.Body.Fixed
                "next", Attribute.Graphs call.Body.Next
                "outputs", Attribute.Graphs call.Body.Outputs
            ]
        | Node.Custom(rule, _) ->
            [
                "name", Attribute.Text rule.Name
                "inputs", Attribute.Variables rule.Inputs
                "value", Attribute.Graphs [ rule.Value ]
                "cotangent", Attribute.Variables [ rule.Cotangent ]
                "gradients", Attribute.Graphs rule.Gradients
            ]
