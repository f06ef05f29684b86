namespace DL1

open System.Collections.Generic

/// vmap, graph to graph: a computation on one example becomes the computation on a batch of them. A batched value has
/// the batch as its leading axis; what does not depend on a batched input stays as it is.
[<RequireQualifiedAccess>]
module internal Batched =
    let private stretch size (e: Expr) = Expr.broadcastTo (size :: e.Shape.ToList()) e

    let private later (axes: int list) = axes |> List.map (fun axis -> axis + 1)
    let private whole extent = { Start = 0; Stop = extent; Step = 1 }
    let private bare = { Before = 0; After = 0; Between = 0 }

    /// Indices into rows that stand one below another: example b's i becomes i + b·extent. An index out of range
    /// becomes −1, so that it is refused instead of reaching into the next example.
    let private offset size extent (indices: Expr) =
        let ones = List.replicate (indices.Shape.Rank - 1) 1
        let starts = Expr.reshape (size :: ones) (Expr.arange indices.DType size * float extent)
        let inside = Expr.both (indices .>= 0.0) (indices .< float extent)
        Expr.where inside (indices + starts) (lit -1.0)

    /// Where each axis goes when those from `from`, `count` of them, come second, after the batch.
    let private bring from count rank =
        let moved = [ from .. from + count - 1 ]
        0 :: moved @ ([ 1 .. rank - 1 ] |> List.except moved)

    let private invert (permutation: int list) =
        permutation |> List.mapi (fun i axis -> axis, i) |> List.sort |> List.map snd

    /// The batch joined to the axis after it, and taken apart again.
    let private join (x: Expr) =
        let dims = x.Shape.ToList()
        Expr.reshape (dims[0] * dims[1] :: List.skip 2 dims) x

    let private split size (x: Expr) =
        let dims = x.Shape.ToList()
        Expr.reshape (size :: dims[0] / size :: List.tail dims) x

    let private gather size axis (x: Expr) (indices: Expr) =
        let width = indices.Shape.Rank - 1
        let extent = x.Shape[axis + 1]
        let rows = Expr.transpose (bring (axis + 1) 1 x.Shape.Rank) x |> join
        let taken = Expr.gather 0 (offset size extent indices) rows
        // Now [batch; indices...; rest...]; the indices belong where the axis was.
        let rank = taken.Shape.Rank
        Expr.transpose (invert (bring (axis + 1) width rank)) taken

    let private scatterAdd size axis extent (updates: Expr) (indices: Expr) =
        let width = indices.Shape.Rank - 1
        let rows = Expr.transpose (bring (axis + 1) width updates.Shape.Rank) updates
        // The sums of all examples stand side by side, as they do in the result.
        let all =
            Shape.extent
                "vmap"
                (fun () -> $"%d{size} examples of a scatter to %d{extent} places")
                (int64 size * int64 extent)

        let sums = Expr.scatterAdd 0 all (offset size extent indices) rows |> split size
        Expr.transpose (invert (bring (axis + 1) 1 sums.Shape.Rank)) sums

    /// Every example's convolution as groups of one: data `[batch; n; c; ...]` to `[n; batch·c; ...]`.
    let private conv size role (spec: ConvSpec) (a: Expr) (b: Expr) =
        let data (e: Expr) =
            Expr.moveAxis 0 1 e
            |> fun e -> Expr.reshape (e.Shape[0] :: size * e.Shape[2] :: List.skip 3 (e.Shape.ToList())) e

        let spec = { spec with Groups = spec.Groups * size }
        let make a b = Expr.Make(Node.Conv(role, spec, a, b))

        let apart (e: Expr) =
            Expr.reshape (e.Shape[0] :: size :: e.Shape[1] / size :: List.skip 2 (e.Shape.ToList())) e
            |> Expr.moveAxis 1 0

        match role with
        | ConvRole.Forward
        | ConvRole.InputGrad _ -> make (data a) (join b) |> apart
        | ConvRole.WeightGrad _ -> make (data a) (data b) |> split size

    /// The batched outputs, where the variables stand for the batched values given.
    let rec outputs (size: int) (bindings: (Variable * Expr) list) (roots: Expr list) : Expr list =
        // For each node its value, and whether it is batched.
        let values = Dictionary<Digest, struct (Expr * bool)>()

        for v, e in bindings do
            values[(Expr.ofVariable v).Digest] <- struct (e, true)

        let batched (e: Expr) =
            let struct (value, isBatched) = values[e.Digest]
            if isBatched then value else stretch size value

        for e in Graph.topological roots do
            if not (values.ContainsKey e.Digest) then
                let isBatched =
                    Node.operands e.Node
                    |> List.exists (fun o ->
                        let struct (_, isBatched) = values[o.Digest]
                        isBatched)

                values[e.Digest] <-
                    if not isBatched then
                        struct (e, false)
                    elif size = 0 then
                        struct (Expr.full e.DType (0 :: e.Shape.ToList()) 0.0, true)
                    else
                        let value =
                            Origin.within e.Origin (fun () -> node size batched (fun o -> values[o.Digest]) e)

                        struct (value, true)

        roots |> List.map batched

    /// The batched value of a node of which some operand is batched.
    and private node size (batched: Expr -> Expr) (known: Expr -> struct (Expr * bool)) (e: Expr) : Expr =
        let isBatched o =
            let struct (_, b) = known o
            b

        let make (n: Node<Expr>) = Expr.Make n

        match e.Node with
        // These do to the batch what they do to one example.
        | Node.Constant _
        | Node.Variable _
        | Node.Unary _
        | Node.Binary _
        | Node.Compare _
        | Node.Select _
        | Node.Cast _
        | Node.MatMul _
        | Node.StopGradient _ -> make (Node.map batched e.Node)
        | Node.Reduce(op, axes, x) -> make (Node.Reduce(op, later axes, batched x))
        | Node.ArgReduce(op, axis, x) -> make (Node.ArgReduce(op, axis + 1, batched x))
        | Node.CumSum(axis, reversed, x) -> make (Node.CumSum(axis + 1, reversed, batched x))
        | Node.ArgSort(axis, x) -> make (Node.ArgSort(axis + 1, batched x))
        | Node.Softmax(axis, x) -> make (Node.Softmax(axis + 1, batched x))
        | Node.LogSumExp(axis, x) -> make (Node.LogSumExp(axis + 1, batched x))
        | Node.Broadcast(shape, x) ->
            let missing = List.replicate (shape.Rank - x.Shape.Rank) 1

            Expr.reshape (size :: missing @ x.Shape.ToList()) (batched x)
            |> Expr.broadcastTo (size :: shape.ToList())
        | Node.Reshape(shape, x) -> Expr.reshape (size :: shape.ToList()) (batched x)
        | Node.Transpose(permutation, x) -> Expr.transpose (0 :: later permutation) (batched x)
        | Node.Slice(cuts, x) -> make (Node.Slice(whole size :: cuts, batched x))
        | Node.Pad(edges, value, x) -> make (Node.Pad(bare :: edges, value, batched x))
        | Node.Concat(axis, xs) -> make (Node.Concat(axis + 1, List.map batched xs))
        | Node.Reverse(axes, x) -> make (Node.Reverse(later axes, batched x))
        | Node.Gather(axis, x, i) ->
            if isBatched x && isBatched i then gather size axis (batched x) (batched i)
            elif isBatched x then Expr.gather (axis + 1) i (batched x)
            else Expr.gather axis (batched i) x |> Expr.moveAxis axis 0
        | Node.ScatterAdd(axis, extent, u, i) ->
            if isBatched i then
                scatterAdd size axis extent (batched u) (batched i)
            else
                Expr.scatterAdd (axis + 1) extent i (batched u)
        | Node.Conv((ConvRole.Forward | ConvRole.InputGrad _) as role, spec, x, w) when not (isBatched w) ->
            make (Node.Conv(role, spec, join (batched x), w)) |> split size
        | Node.Conv(role, spec, a, b) -> conv size role spec (batched a) (batched b)
        | Node.MaxPool _
        | Node.MaxPoolPick _
        | Node.MaxPoolScatter _
        | Node.AvgPool _
        | Node.AvgPoolGrad _ -> make (Node.map (batched >> join) e.Node) |> split size
        | Node.RandomBits(stream, shape, key) ->
            let draw _ (keys: Expr list) = [], keys |> List.map (Expr.randomBits stream (shape.ToList()))

            Scan.many false size [] [ batched key ] draw |> snd |> List.head
        | Node.Scan(result, call) -> scan size batched result call
        | Node.Custom(rule, xs) -> custom size batched rule xs

    and private fresh size (v: Variable) = Rebuild.fresh v.DType (Shape.insertAxis 0 size v.Shape)

    and private scan size batched result (call: ScanCall<Expr>) =
        let body = call.Body

        let carries, slices, constants =
            List.map (fresh size) body.Carries,
            List.map (fresh size) body.Slices,
            List.map (fresh size) body.Fixed

        let bindings =
            List.zip
                (body.Carries @ body.Slices @ body.Fixed)
                (List.map Expr.ofVariable (carries @ slices @ constants))

        let next, stacked = outputs size bindings (body.Next @ body.Outputs) |> List.splitAt body.Next.Length

        let finals, stacks =
            Scan.ofBody
                call.Reversed
                call.Length
                { Carries = carries; Slices = slices; Fixed = constants; Next = next; Outputs = stacked }
                (List.map batched call.Initial)
                (call.Sequences |> List.map (batched >> Expr.moveAxis 1 0))
                (List.map batched call.Fixed)

        // A stack has time first; the batch comes before it.
        List.item result (finals @ List.map (Expr.moveAxis 1 0) stacks)

    and private custom size batched (rule: CustomVjp<Expr>) (xs: Expr list) =
        let inputs, cotangent = List.map (fresh size) rule.Inputs, fresh size rule.Cotangent

        let bindings =
            List.zip (rule.Cotangent :: rule.Inputs) (List.map Expr.ofVariable (cotangent :: inputs))

        match outputs size bindings (rule.Value :: rule.Gradients) with
        | value :: gradients ->
            Scan.ofRule
                {
                    Name = rule.Name
                    Inputs = inputs
                    Value = value
                    Cotangent = cotangent
                    Gradients = gradients
                }
                (List.map batched xs)
        | [] ->
            Refuse.shape
                "vmap"
                $"the custom function {rule.Name} without a value"
                "a value"
                "give the rule a value"
