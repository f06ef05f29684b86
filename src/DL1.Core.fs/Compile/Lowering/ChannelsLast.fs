namespace DL1.Compiler.Lowering

open System.Collections.Generic
open DL1

/// Layout assignment: channels become the innermost axis of convolutions and poolings, as their kernels need it. In the
/// rewritten graph, of equal meaning, each of these nodes reads its data through transposes of channels-last values, and a
/// transpose to channels last reads its result. Nodes between them are computed channels last too, so that neighbouring
/// convolutions and poolings need no copies. Sums over several axes are added in another order; all else keeps its bits.
[<RequireQualifiedAccess>]
module internal ChannelsLast =
    /// The permutation from channels first to channels last, `[n; spatial...; c]`.
    let firstToLast rank = [ 0 ] @ [ 2 .. rank - 1 ] @ [ 1 ]

    /// The permutation from channels last to channels first, `[n; c; spatial...]`.
    let lastToFirst rank = [ 0; rank - 1 ] @ [ 1 .. rank - 2 ]

    /// Matches a transpose from channels last to channels first; gives its operand, the channels-last value.
    let private (|FromLast|_|) (e: Expr) =
        match e.Node with
        | Node.Transpose(permutation, x) when e.Shape.Rank >= 3 && permutation = lastToFirst e.Shape.Rank ->
            Some x
        | _ -> None

    /// Matches a convolution or pooling whose result and operands, except weights, are channels last; gives its node in the
    /// graph, and its operands as the kernel takes them. It matches the transpose of the node to channels last; for a gradient
    /// by the weights, the node itself.
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

    /// The layouts in which the rewritten graph has a value.
    [<RequireQualifiedAccess; NoEquality; NoComparison>]
    type private Form =
        /// Channels first, as in the graph.
        | First of Expr
        /// Channels last: the transpose of the value in the graph.
        | Last of Expr
        /// Either, at little cost: broadcasts, and values computed from broadcasts alone.
        | Both of first: Expr * last: Expr

    let private permuted (permutation: int list) (xs: 'a list) =
        permutation |> List.map (fun i -> List.item i xs)

    /// Makes a transpose; a reshape where only axes of extent 1 change places; x itself where no axis does.
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

    /// Makes the transpose of a value; if the value is a transpose itself, the two become one.
    let private transposed (permutation: int list) (x: Expr) =
        match x.Node with
        | Node.Transpose(inner, y) -> transpose (permuted permutation inner) y
        | _ -> transpose permutation x

    /// Rewrites one graph, node by node.
    [<Sealed>]
    type private Rewriting() =
        let forms = Dictionary<Digest, Form>()
        // Values in the layout that their `Form` lacks.
        let firsts, lasts = Dictionary<Digest, Expr>(), Dictionary<Digest, Expr>()

        let isLast (e: Expr) = forms[e.Digest].IsLast
        let isBoth (e: Expr) = forms[e.Digest].IsBoth

        let first (e: Expr) =
            match forms[e.Digest] with
            | Form.First x
            | Form.Both(x, _) -> x
            // Not merged with a transpose in x: a convolution is computed together with the transpose of its result.
            | Form.Last x -> Lookup.orAdd firsts e.Digest (fun () -> transpose (lastToFirst e.Shape.Rank) x)

        let last (e: Expr) =
            match forms[e.Digest] with
            | Form.Last x
            | Form.Both(_, x) -> x
            | Form.First x -> Lookup.orAdd lasts e.Digest (fun () -> transposed (firstToLast e.Shape.Rank) x)

        let made node = Expr.Make node
        /// The form of a value whose channels-last transpose is this node.
        let inLast node = Form.Last(made node)

        /// Returns a data operand as convolutions and poolings read it: through a transpose of its channels-last value.
        let read (e: Expr) = made (Node.Transpose(lastToFirst e.Shape.Rank, last e))

        /// Rewrites a convolution or pooling to read its operands, except weights, channels last.
        let window (e: Expr) =
            let turned node = inLast (Node.Transpose(firstToLast e.Shape.Rank, made node))

            match e.Node with
            | Node.Conv(ConvRole.WeightGrad _, _, _, _) -> Form.First(made (Node.map read e.Node))
            | Node.Conv(role, spec, x, w) -> turned (Node.Conv(role, spec, read x, first w))
            | pooling -> turned (Node.map read pooling)

        /// Returns the operand of a broadcast to `rank` axes, channels last. Where it has fewer axes, axes of extent 1 are added
        /// in front beforehand, so that its channels meet those of the result; a scalar stays a scalar.
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

        /// A reduction of `x` over `axes`, done in channels last by `make` (given their positions there), then transposed back.
        let without (axes: int list) (x: Expr) (make: int list -> Node<Expr>) =
            let order = firstToLast x.Shape.Rank
            let positions = axes |> List.map (fun axis -> List.findIndex ((=) axis) order) |> List.sort
            let left = order |> List.filter (fun axis -> not (List.contains axis axes))
            let back = List.sort left |> List.map (fun axis -> List.findIndex ((=) axis) left)
            Form.First(transpose back (made (make positions)))

        member _.First(e: Expr) = first e

        /// Finds the form of a node. The forms of its operands must be known.
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

    /// Rewrites the convolutions and poolings of a graph to channels last; a graph without any stays as it is. It must be the
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
