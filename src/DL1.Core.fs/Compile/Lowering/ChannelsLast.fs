namespace DL1.Compiler.Lowering

open System.Collections.Generic
open DL1

/// Layout assignment: convolutions and poolings get channels as their innermost axis, as their kernels need it. The
/// graph becomes another of the same meaning, in which every such node reads its data through transposes from
/// channels-last values, and is read through a transpose to channels last. What lies between such nodes is computed
/// channels last too, so that nothing is moved within an island of them. Sums over several axes are in another order;
/// everything else keeps its bits.
[<RequireQualifiedAccess>]
module internal ChannelsLast =
    /// The permutation from channels first to channels last, `[n; spatial...; c]`.
    let firstToLast rank = [ 0 ] @ [ 2 .. rank - 1 ] @ [ 1 ]

    /// The permutation from channels last to channels first, `[n; c; spatial...]`.
    let lastToFirst rank = [ 0; rank - 1 ] @ [ 1 .. rank - 2 ]

    /// The channels-last value of which a node is the channels-first transpose.
    let private (|FromLast|_|) (e: Expr) =
        match e.Node with
        | Node.Transpose(permutation, x) when e.Shape.Rank >= 3 && permutation = lastToFirst e.Shape.Rank ->
            Some x
        | _ -> None

    /// A convolution or pooling whose result and operands, except weights, are channels last: its node in the graph,
    /// and its operands as its kernel takes them. A gradient by the weights is matched itself; any other by its
    /// channels-last transpose.
    let (|ChannelsLast|_|) (e: Expr) : (Expr * Expr list) option =
        match e.Node with
        | Node.Conv(ConvRole.WeightGrad _, _, FromLast x, FromLast y) -> Some(e, [ x; y ])
        | Node.Transpose(permutation, inner) when
            e.Shape.Rank >= 3 && permutation = firstToLast e.Shape.Rank && NodeClass.isWindow inner
            ->
            match inner.Node with
            | Node.Conv((ConvRole.Forward | ConvRole.InputGrad _), _, FromLast x, w) -> Some(inner, [ x; w ])
            | Node.MaxPool(_, FromLast x)
            | Node.AvgPool(_, FromLast x)
            | Node.AvgPoolGrad(_, _, FromLast x) -> Some(inner, [ x ])
            | Node.MaxPoolPick(_, FromLast x, FromLast u)
            | Node.MaxPoolScatter(_, FromLast x, FromLast u) -> Some(inner, [ x; u ])
            | _ -> None
        | _ -> None

    /// The layouts in which a value is at hand.
    [<RequireQualifiedAccess; NoEquality; NoComparison>]
    type private Form =
        /// Channels first, as in the graph.
        | First of Expr
        /// Channels last: the transpose of the value in the graph.
        | Last of Expr
        /// Either, at little cost: broadcasts, and what is computed from broadcasts alone.
        | Both of first: Expr * last: Expr

    let private permuted (permutation: int list) (xs: 'a list) =
        permutation |> List.map (fun i -> List.item i xs)

    /// A transpose; a reshape where only axes of extent 1 change places; x itself where no axis does.
    let private transpose (permutation: int list) (x: Expr) =
        let moving = permutation |> List.filter (fun axis -> x.Shape[axis] <> 1)
        let dims = permuted permutation (x.Shape.ToList())

        if permutation = List.sort permutation then
            x
        elif moving = List.sort moving then
            Expr.reshape dims x
        else
            match x.Node with
            | Node.Constant t -> Expr.constant (Strided.transpose (Shape.ofList dims) permutation t)
            | _ -> Expr.Make(Node.Transpose(permutation, x))

    /// The transpose of a value; if that is a transpose itself, the two become one.
    let private transposed (permutation: int list) (x: Expr) =
        match x.Node with
        | Node.Transpose(inner, y) -> transpose (permuted permutation inner) y
        | _ -> transpose permutation x

    /// Rewrites one graph, node by node.
    [<Sealed>]
    type private Rewriting() =
        let forms = Dictionary<Digest, Form>()
        // Values in the other layout than their form's.
        let firsts, lasts = Dictionary<Digest, Expr>(), Dictionary<Digest, Expr>()

        let isLast (e: Expr) = forms[e.Digest].IsLast
        let isBoth (e: Expr) = forms[e.Digest].IsBoth

        let first (e: Expr) =
            match forms[e.Digest] with
            | Form.First x
            | Form.Both(x, _) -> x
            // Not merged with a transpose in x: that of a convolution is part of what its kernel computes.
            | Form.Last x -> Lookup.orAdd firsts e.Digest (fun () -> transpose (lastToFirst e.Shape.Rank) x)

        let last (e: Expr) =
            match forms[e.Digest] with
            | Form.Last x
            | Form.Both(_, x) -> x
            | Form.First x -> Lookup.orAdd lasts e.Digest (fun () -> transposed (firstToLast e.Shape.Rank) x)

        let made node = Expr.Make node
        /// The form of a value whose channels-last transpose is this node.
        let inLast node = Form.Last(made node)

        /// A data operand as convolutions and poolings read it: through a transpose of its channels-last value.
        let read (e: Expr) = made (Node.Transpose(lastToFirst e.Shape.Rank, last e))

        /// A convolution or pooling over channels-last operands, weights excepted.
        let window (e: Expr) =
            let turned node = inLast (Node.Transpose(firstToLast e.Shape.Rank, made node))

            match e.Node with
            | Node.Conv(ConvRole.WeightGrad _, _, _, _) -> Form.First(made (Node.map read e.Node))
            | Node.Conv(role, spec, x, w) -> turned (Node.Conv(role, spec, read x, first w))
            | pooling -> turned (Node.map read pooling)

        /// The operand of a broadcast to `rank` axes, with channels last. Axes that it lacks are added in front with extent 1 first,
        /// so that its channels meet those of the result; a scalar stays a scalar.
        let aligned rank (x: Expr) =
            let missing = rank - x.Shape.Rank

            if missing = 0 then
                last x
            elif x.Shape.IsScalar then
                first x
            else
                first x
                |> Expr.reshape (List.replicate missing 1 @ x.Shape.ToList())
                |> transpose (firstToLast rank)

        let plain (e: Expr) =
            let unchanged = Node.operands e.Node |> List.forall (fun o -> (first o).Digest = o.Digest)
            Form.First(if unchanged then e else made (Node.map first e.Node))

        /// A reduction over `axes`, computed with channels last, for which `make` gets the positions of the axes.
        let without (axes: int list) (x: Expr) (make: int list -> Node<Expr>) =
            let order = firstToLast x.Shape.Rank
            let positions = axes |> List.map (fun axis -> List.findIndex ((=) axis) order) |> List.sort
            let left = order |> List.filter (fun axis -> not (List.contains axis axes))
            let back = List.sort left |> List.map (fun axis -> List.findIndex ((=) axis) left)
            Form.First(transpose back (made (make positions)))

        member _.First(e: Expr) = first e

        /// Finds the form of a node, after those of its operands.
        member _.Visit(e: Expr) =
            let rank = e.Shape.Rank
            let order = firstToLast rank
            let spatial = rank = 3 || rank = 4
            let position axis = List.findIndex ((=) axis) order

            forms[e.Digest] <-
                match e.Node with
                | _ when NodeClass.isWindow e -> window e
                | _ when spatial && (NodeClass.isElementwise e || e.Node.IsStopGradient) ->
                    let operands = Node.operands e.Node

                    if List.exists isLast operands then
                        inLast (Node.map last e.Node)
                    elif List.forall isBoth operands then
                        Form.Both(made (Node.map first e.Node), made (Node.map last e.Node))
                    else
                        plain e
                | Node.Broadcast(shape, x) when spatial ->
                    let shape' = Shape.ofList (permuted order (shape.ToList()))
                    let repeated = made (Node.Broadcast(shape', aligned rank x))

                    if isLast x && x.Shape.Rank = rank then
                        Form.Last repeated
                    else
                        Form.Both(made (Node.Broadcast(shape, first x)), repeated)
                | Node.Pad(edges, value, x) when isLast x ->
                    inLast (Node.Pad(permuted order edges, value, last x))
                | Node.Slice(cuts, x) when isLast x -> inLast (Node.Slice(permuted order cuts, last x))
                | Node.Reverse(axes, x) when isLast x ->
                    inLast (Node.Reverse(axes |> List.map position |> List.sort, last x))
                | Node.Concat(axis, xs) when List.exists isLast xs ->
                    inLast (Node.Concat(position axis, List.map last xs))
                | Node.Softmax(axis, x) when isLast x -> inLast (Node.Softmax(position axis, last x))
                | Node.CumSum(axis, reversed, x) when isLast x ->
                    inLast (Node.CumSum(position axis, reversed, last x))
                | Node.ArgSort(axis, x) when isLast x -> inLast (Node.ArgSort(position axis, last x))
                | Node.Reduce(op, axes, x) when isLast x ->
                    without axes x (fun positions -> Node.Reduce(op, positions, last x))
                | Node.ArgReduce(op, axis, x) when isLast x ->
                    without [ axis ] x (fun positions -> Node.ArgReduce(op, List.head positions, last x))
                | Node.LogSumExp(axis, x) when isLast x ->
                    without [ axis ] x (fun positions -> Node.LogSumExp(List.head positions, last x))
                | Node.Transpose(permutation, x) when isLast x ->
                    Form.First(transpose (permuted permutation (lastToFirst x.Shape.Rank)) (last x))
                | Node.Reshape(shape, x) when isLast x ->
                    match (first x).Node with
                    | Node.Reshape(_, inner) -> Form.First(made (Node.Reshape(shape, inner)))
                    | _ -> plain e
                | _ -> plain e

    /// The graph with channels last in its convolutions and poolings; without any, the graph itself. It must be the
    /// last rewriting: another would cancel the pairs of transposes about a convolution or pooling.
    let channelsLast (roots: Expr list) : Expr list =
        let nodes = Graph.topological roots

        if Array.exists NodeClass.isWindow nodes then
            let rewriting = Rewriting()

            for e in nodes do
                Origin.within e.Origin (fun () -> rewriting.Visit e)

            roots |> List.map rewriting.First
        else
            roots
