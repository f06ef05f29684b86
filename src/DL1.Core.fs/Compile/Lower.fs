namespace DL1

open System.Collections.Generic

/// What is done to a graph before it is cut into kernels: forms that are made of others are opened, products over a
/// stack that share a matrix become one product, and reshapes move out of the way of fusion. The values stay the same
/// but for the order of sums.
[<RequireQualifiedAccess>]
module internal Lower =
    /// Keeps the reduced axis, with extent 1, and stretches it back.
    let private spread axis (x: Expr) (y: Expr) =
        let kept = Shape.withAxis axis 1 x.Shape
        Expr.broadcastTo (x.Shape.ToList()) (Expr.reshape (kept.ToList()) y)

    /// The maximum along an axis, where it is finite; 0 elsewhere, so that infinities leave no NaN behind.
    let private peak axis (x: Expr) =
        let top = Expr.max [ axis ] x
        Expr.where (Expr.equal (abs top) (lit infinity)) (Expr.zerosLike top) top

    let private softmax (e: Expr) =
        match e.Node with
        | Node.Softmax(axis, x) when x.Shape[axis] > 0 ->
            let exps = exp (x - spread axis x (peak axis x))
            Some(exps / spread axis x (Expr.sum [ axis ] exps))
        | _ -> None

    let private logSumExp (e: Expr) =
        match e.Node with
        | Node.LogSumExp(axis, x) when x.Shape[axis] > 0 ->
            let shift = peak axis x
            Some(shift + log (Expr.sum [ axis ] (exp (x - spread axis x shift))))
        | _ -> None

    let private custom (e: Expr) =
        match e.Node with
        | Node.Custom(rule, xs) -> Rebuild.substitute (List.zip rule.Inputs xs) [ rule.Value ] |> List.tryHead
        | _ -> None

    let private stopped (e: Expr) =
        match e.Node with
        | Node.StopGradient x -> Some x
        | _ -> None

    let private (|Number|_|) (e: Expr) = Local.number e

    /// A word's chance test without leaving the whole numbers: n·2⁻³² < p is n < ⌈p·2³²⌉.
    let private chance (e: Expr) =
        match e.Node with
        | Node.Compare(CompareOp.Lt, x, Number p) ->
            match x.Node with
            | Node.Binary((BinaryOp.Div as op), y, Number scale)
            | Node.Binary((BinaryOp.Mul as op), y, Number scale) when
                scale = (if op = BinaryOp.Div then 4294967296.0 else 1.0 / 4294967296.0)
                ->
                match y.Node with
                | Node.Binary(BinaryOp.Add, z, Number 2147483648.0) ->
                    match z.Node with
                    | Node.Cast(DType.F64, bits) when bits.DType = DType.I32 ->
                        let bound = ceil (p * 4294967296.0) - 2147483648.0

                        if bound > 2147483647.0 || not (p > 0.0) then
                            None
                        else
                            Some(
                                Expr.compare
                                    CompareOp.Lt
                                    bits
                                    (Expr.full DType.I32 (bits.Shape.ToList()) bound)
                            )
                    | _ -> None
                | _ -> None
            | _ -> None
        | _ -> None

    let private squeezed (s: Shape) = s.ToList() |> List.filter (fun d -> d <> 1)

    /// What stands beneath reshapes.
    let rec private beneath (e: Expr) =
        match e.Node with
        | Node.Reshape(_, x) -> beneath x
        | _ -> e

    /// A reshape that does more than put in or take out axes of extent 1.
    let private (|Reshaped|_|) (e: Expr) =
        match e.Node with
        | Node.Reshape(_, x) ->
            let x = beneath x
            if squeezed x.Shape <> squeezed e.Shape && e.Shape.Size > 0 then Some x else None
        | _ -> None

    let private isElementwise (e: Expr) =
        match e.Node with
        | Node.Unary _
        | Node.Binary _
        | Node.Compare _
        | Node.Select _
        | Node.Cast _ -> true
        | _ -> false

    /// Elementwise nodes work in the shape beneath a reshape, where that has fewer axes: op(reshape x, y) is
    /// reshape(op(x, reshape⁻¹ y)).
    let private reshapeOutwards (e: Expr) =
        if isElementwise e then
            Node.operands e.Node
            |> List.tryPick (function
                | Reshaped x when (squeezed x.Shape).Length < (squeezed e.Shape).Length -> Some x.Shape
                | _ -> None)
            |> Option.map (fun shape ->
                let inner = Node.map (fun o -> Expr.reshape (shape.ToList()) o) e.Node
                Expr.reshape (e.Shape.ToList()) (Expr.Make inner))
        else
            None

    /// A broadcast in another shape is a broadcast still, where the axes that it stretches stay together.
    let private reshapedBroadcast (e: Expr) =
        match e.Node with
        | Node.Reshape(shape, b) ->
            match b.Node with
            | Node.Broadcast(from, x) when e.Shape.Size > 0 ->
                let missing = from.Rank - x.Shape.Rank

                // Strides that are 0 exactly where the broadcast stretches.
                let strides =
                    Array.init from.Rank (fun axis ->
                        if axis < missing || x.Shape[axis - missing] <> from[axis] then
                            0
                        else
                            x.Shape.Strides[axis - missing])

                Reading.reshaped from strides shape
                |> Option.map (fun strides ->
                    let kept = List.init shape.Rank (fun i -> if strides[i] = 0 then 1 else shape[i])
                    Expr.broadcastTo (shape.ToList()) (Expr.reshape kept x))
            | _ -> None
        | _ -> None

    /// A fold of trailing axes that a reshape of leading ones does not touch.
    let private foldOfReshaped (e: Expr) =
        match e.Node with
        | Node.Reduce(op, axes, (Reshaped x as r)) ->
            let first = List.head axes
            let tail = List.skip first (r.Shape.ToList())
            let own = x.Shape.ToList()
            let leading = own.Length - tail.Length

            if leading >= 0 && List.skip leading own = tail && not (List.contains 0 own) then
                let inner = Expr.reduce op (axes |> List.map (fun a -> a - first + leading)) x
                Some(Expr.reshape (e.Shape.ToList()) inner)
            else
                None
        | _ -> None

    /// Folds of single elements, and transposes of nothing but axes of extent 1, are reshapes.
    let private trivial (e: Expr) =
        match e.Node with
        | Node.Reduce(_, axes, x) when axes |> List.forall (fun a -> x.Shape[a] = 1) ->
            Some(Expr.reshape (e.Shape.ToList()) x)
        | Node.Transpose(permutation, x) when
            (permutation |> List.filter (fun a -> x.Shape[a] <> 1) |> (fun kept -> List.sort kept = kept))
            ->
            Some(Expr.reshape (e.Shape.ToList()) x)
        | _ -> None

    /// Whether a value can be seen in another shape without being moved.
    let private reshapesFreely (target: Shape) (e: Expr) =
        let r = Reading.through e
        (Reading.reshaped e.Shape r.Strides target).IsSome

    let private rowsOf (e: Expr) =
        let columns = e.Shape[e.Shape.Rank - 1]
        Shape.Of [ (if columns = 0 then 0 else e.Shape.Size / columns); columns ]

    /// A stack of matrices times one matrix is one product.
    let private sharedMatrix (e: Expr) =
        match e.Node with
        | Node.MatMul(a, b) when a.Shape.Rank > 2 && e.Shape.Size > 0 && e.DType.IsFloat ->
            let rank = b.Shape.Rank
            let r = Reading.through b
            let k, n = b.Shape[rank - 2], b.Shape[rank - 1]

            let shared =
                Seq.forall (fun axis -> r.Strides[axis] = 0 || b.Shape[axis] = 1) (seq { 0 .. rank - 3 })

            if shared && r.Source.Shape.Size = k * n && reshapesFreely (rowsOf a) a then
                let isRow stride other extent =
                    r.Strides[rank - 1] = stride && (extent = 1 || r.Strides[rank - 2] = other)

                let matrix =
                    if r.Offset = 0 && isRow 1 n k then Some(Expr.reshape [ k; n ] r.Source)
                    elif r.Offset = 0 && isRow k 1 k then Some((Expr.reshape [ n; k ] r.Source).T)
                    else None

                matrix
                |> Option.map (fun matrix ->
                    Expr.matmul (Expr.reshape ((rowsOf a).ToList()) a) matrix
                    |> Expr.reshape (e.Shape.ToList()))
            else
                None
        | _ -> None

    let private lastTwo (rank: int) = [ 0 .. rank - 3 ] @ [ rank - 1; rank - 2 ]

    /// The transpose of a product is the product of the transposes, the other way around: nothing is moved.
    let private transposedProduct (e: Expr) =
        match e.Node with
        | Node.Transpose(permutation, p) when p.Shape.Rank >= 2 && permutation = lastTwo p.Shape.Rank ->
            match p.Node with
            | Node.MatMul(a, b) ->
                let turn = Expr.transpose (lastTwo p.Shape.Rank)
                Some(Expr.matmul (turn b) (turn a))
            | _ -> None
        | _ -> None

    /// The sum of products over a stack is one product of the stacks.
    let private summedStack (e: Expr) =
        match e.Node with
        | Node.Reduce(ReduceOp.Sum, axes, p) when e.DType.IsFloat && axes = [ 0 .. p.Shape.Rank - 3 ] ->
            match p.Node with
            | Node.MatMul(aT, b) when p.Shape.Size > 0 ->
                let rank = aT.Shape.Rank
                let a = Expr.transpose (lastTwo rank) aT

                if reshapesFreely (rowsOf a) a && reshapesFreely (rowsOf b) b then
                    let rows (x: Expr) = Expr.reshape ((rowsOf x).ToList()) x
                    Some(Expr.matmul (rows a).T (rows b))
                else
                    None
            | _ -> None
        | _ -> None

    /// A value padded with zeros along one axis alone: the axis, where the value begins, and the value.
    let private (|Placed|_|) (e: Expr) =
        match e.Node with
        | Node.Pad(edges, 0.0, x) when edges |> List.forall (fun edge -> edge.Between = 0) ->
            match edges |> List.indexed |> List.filter (fun (_, edge) -> edge.Before <> 0 || edge.After <> 0) with
            | [ (axis, edge) ] when edge.Before >= 0 && edge.After >= 0 -> Some(struct (axis, edge.Before, x))
            | _ -> None
        | _ -> None

    // Terms of one sum that are looked at together.
    let private mostTerms = 64

    /// The sum of padded values that fill an axis piece by piece puts them one after another.
    let private sumOfPieces (e: Expr) =
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
            | Some(struct (axis, _, _) :: _ as pieces) when pieces |> List.forall (fun (struct (a, _, _)) -> a = axis) ->
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

    let private foldInTwo (e: Expr) =
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

    let private table =
        [
            Rule.anywhere "custom -> its value" custom
            Rule.anywhere "stopGradient x -> x" stopped
<<<<<<< HEAD
            Rule.anywhere "softmax -> exp(x - max) / sum" softmax
            Rule.anywhere "logSumExp -> max + log(sum(exp(x - max)))" logSumExp
=======
            Rule.rule "softmax -> exp(x - max) / sum" [ "softmax" ] softmax
            Rule.rule "logSumExp -> max + log(sum(exp(x - max)))" [ "logsumexp" ] logSumExp
>>>>>>> dc7fba2ee897341868f76c622be961cf77881c93
            Rule.anywhere "chance of a word -> comparison of whole numbers" chance
            Rule.anywhere "op(reshape x) -> reshape(op x)" reshapeOutwards
            Rule.anywhere "reshape(broadcast x) -> broadcast(reshape x)" reshapedBroadcast
            Rule.anywhere "reduce(reshape x) -> reshape(reduce x)" foldOfReshaped
            Rule.anywhere "moves of single elements -> reshape" trivial
            Rule.anywhere "fold of many into few -> two folds" foldInTwo
            Rule.anywhere "stack @ one matrix -> one product" sharedMatrix
            Rule.anywhere "sum of pads that fill an axis -> concat" sumOfPieces
            Rule.anywhere "(a @ b)ᵀ -> bᵀ @ aᵀ" transposedProduct
            Rule.anywhere "sum of a stack of products -> one product" summedStack
        ]

    /// Rebuilds a graph, some of its nodes replaced: `change` is given each node, and what its operands have become.
    let private rebuild (change: Expr -> (Expr -> Expr) -> Expr option) (order: Expr[]) (roots: Expr list) =
        let results = Dictionary<Digest, Expr>()
        let become (o: Expr) = results[o.Digest]

        for e in order do
            results[e.Digest] <-
                match change e become with
                | Some e' -> e'
                | None -> Expr.Make(Node.map become e.Node)

        List.map become roots

    /// max(x, 0) > 0 says the same as x > 0, and the maximum is there anyhow: x need not be kept.
    let private masksFromRelu (roots: Expr list) =
        let order = Graph.topological roots
        let isRelu = HashSet<Digest>()

        for e in order do
            match e.Node with
            | Node.Unary(UnaryOp.Relu, x) -> isRelu.Add x.Digest |> ignore
            | _ -> ()

        let change (e: Expr) become =
            match e.Node with
            | Node.Compare(CompareOp.Gt, x, (Number 0.0 as zero)) when isRelu.Contains x.Digest ->
                Some(Expr.compare CompareOp.Gt (Expr.relu (become x)) (become zero))
            | _ -> None

        if isRelu.Count = 0 then roots else rebuild change order roots

    /// Sigmoids of x and of −x, which a sigmoid and its derivative need, have one exponential: with t = exp(−|x|) they
    /// are 1/(1 + t) and t/(1 + t), in the order of x's sign.
    let private pairsOfSigmoids (roots: Expr list) =
        let order = Graph.topological roots
        let sigmoids = HashSet<Digest>()
        let pairs = HashSet<Digest>()

        for e in order do
            match e.Node with
            | Node.Unary(UnaryOp.Sigmoid, x) -> sigmoids.Add x.Digest |> ignore
            | _ -> ()

        for e in order do
            match e.Node with
            | Node.Unary(UnaryOp.Neg, x) when sigmoids.Contains e.Digest && sigmoids.Contains x.Digest ->
                pairs.Add x.Digest |> ignore
            | _ -> ()

        let half (x: Expr) isUpper =
            let t = exp (-(abs x))
            let upper = 1.0 / (1.0 + t)
            let condition = x .>= 0.0

            if isUpper then
                Expr.where condition upper (t * upper)
            else
                Expr.where condition (t * upper) upper

        let change (e: Expr) become =
            match e.Node with
            | Node.Unary(UnaryOp.Sigmoid, x) when pairs.Contains x.Digest -> Some(half (become x) true)
            | Node.Unary(UnaryOp.Sigmoid, n) ->
                match n.Node with
                | Node.Unary(UnaryOp.Neg, x) when pairs.Contains x.Digest -> Some(half (become x) false)
                | _ -> None
            | _ -> None

        if pairs.Count = 0 then roots else rebuild change order roots

    /// The graph as it is cut into kernels.
    let run (roots: Expr list) : Expr list = Rule.run ignore table roots |> masksFromRelu |> pairsOfSigmoids

    /// What the order of axes decides: to be done again once channels stand last.
    let again (roots: Expr list) : Expr list =
        Rule.run ignore [ Rule.anywhere "fold of many into few -> two folds" foldInTwo ] roots
