namespace DL1

open System.Collections.Generic

/// What is told about a computation, to write it with matrices.
type internal MatrixContext =
    {
        /// Names of values inside, by their nodes.
        Names: Dictionary<Digest, string>
        Symmetric: HashSet<Digest>
        Stochastic: HashSet<Digest>
        Known: Dictionary<Digest, MatrixTerm>
    }

/// Expressions read as matrices: a scalar has one row and one column, a vector is a column.
[<RequireQualifiedAccess>]
module internal MatrixRead =
    /// Rows and columns of an expression; `None` where it has more than two axes.
    let extents (e: Expr) : struct (int * int) voption =
        match e.Shape.ToList() with
        | [] -> ValueSome(struct (1, 1))
        | [ n ] -> ValueSome(struct (n, 1))
        | [ m; n ] -> ValueSome(struct (m, n))
        | _ -> ValueNone

    /// A value by a name or a text.
    let leaf (c: MatrixContext) isName (text: string) (e: Expr) : MatrixTerm voption =
        match extents e with
        | ValueNone -> ValueNone
        | ValueSome(struct (rows, columns)) ->
            ValueSome(
                MatrixTerm.Leaf
                    {
                        Text = text
                        IsName = isName
                        Value = e
                        Rows = rows
                        Columns = columns
                        IsSymmetric = c.Symmetric.Contains e.Digest
                        IsStochastic = c.Stochastic.Contains e.Digest
                    }
            )

    /// The matrix whose trace this is: the sum of the main diagonal.
    let (|TraceOf|_|) (e: Expr) =
        let under (e: Expr) =
            match Node.operands e.Node with
            | [ x ] -> Some x
            | _ -> None

        match e.Node with
        | Node.Reduce(ReduceOp.Sum, [ 0 ], slice) ->
            match slice.Node with
            | Node.Slice _ ->
                match under slice |> Option.bind under with
                | Some x when x.Shape.Rank = 2 && Linear.trace x = e -> Some x
                | _ -> None
            | _ -> None
        | _ -> None

    /// What this is the Euclidean norm of, over all its elements.
    let (|NormOf|_|) (e: Expr) =
        let isNormOf (x: Expr) =
            x.DType.IsFloat && x.Shape.Rank > 0 && x.Shape.Rank < 3 && Reduce.norm (Expr.allAxes x) x = e

        match e.Node with
        | Node.Binary(BinaryOp.Mul, _, root) when e.Shape.IsScalar ->
            match root.Node with
            | Node.Select _ ->
                Graph.topological [ root ]
                |> Seq.choose (fun n ->
                    match n.Node with
                    | Node.Binary(BinaryOp.Div, x, _) -> Some x
                    | _ -> None)
                |> Seq.truncate 8
                |> Seq.tryFind isNormOf
            | _ -> None
        | _ -> None

    /// A product y·v that a guard makes 0 where y is, however infinite v is: the product itself.
    let (|Guarded|_|) (e: Expr) =
        let isZeroOf (y: Expr) (condition: Expr) =
            match condition.Node with
            | Node.Compare(CompareOp.Eq, a, b) -> a = y && Local.number b = Some 0.0
            | _ -> false

        match e.Node with
        | Node.Select(condition, zero, product) when Local.number zero = Some 0.0 ->
            match condition.Node, product.Node with
            | Node.Binary(BinaryOp.And, a, b), Node.Binary(BinaryOp.Mul, y, v) when
                [ a; b ] |> List.exists (fun c -> isZeroOf y c || isZeroOf v c)
                ->
                Some product
            | _ -> None
        | _ -> None

    /// How the elements of a matrix or vector were put in another shape of the same matrix.
    [<RequireQualifiedAccess>]
    type Reshaping =
        | Same
        | Turned

    let reshaping (from: Expr) (into: Expr) : Reshaping voption =
        match extents from, extents into with
        | ValueSome a, ValueSome b when a = b -> ValueSome Reshaping.Same
        | ValueSome(struct (1, n)), ValueSome(struct (m, 1))
        | ValueSome(struct (m, 1)), ValueSome(struct (1, n)) when m = n -> ValueSome Reshaping.Turned
        | _ -> ValueNone

    let private isOnLast axis (e: Expr) = e.Shape.Rank = 2 && axis = 1

    let private ofUnary op (x: MatrixTerm) =
        match op with
        | UnaryOp.Neg -> MatrixProduct.negate x
        | UnaryOp.Sqrt -> MatrixProduct.power 0.5 x
        | UnaryOp.Rsqrt -> MatrixProduct.power -0.5 x
        | UnaryOp.Reciprocal -> MatrixProduct.power -1.0 x
        | _ -> MatrixProduct.apply (MatrixFunction.Of op) x

    /// A column or a row, or a scalar, stretched to a matrix.
    let private stretched (e: Expr) (x: Expr) (t: MatrixTerm) =
        match extents e with
        | ValueNone -> ValueNone
        | ValueSome(struct (m, n)) ->
            let struct (rows, columns) = MatrixTerm.shape t

            match rows, columns, x.Shape.Rank with
            | 1, 1, _ -> ValueSome(MatrixProduct.times t (MatrixTerm.Ones(m, n)))
            // A vector stands for each row.
            | k, 1, 1 when e.Shape.Rank = 2 && k = n ->
                ValueSome(MatrixProduct.times (MatrixTerm.Ones(m, 1)) (MatrixProduct.transpose t))
            | 1, k, _ when k = n && m > 1 -> ValueSome(MatrixProduct.times (MatrixTerm.Ones(m, 1)) t)
            | k, 1, _ when k = m && n > 1 -> ValueSome(MatrixProduct.times t (MatrixTerm.Ones(1, n)))
            | k, l, _ when k = m && l = n -> ValueSome t
            | _ -> ValueNone

    /// The node itself over terms of its operands; `None` where it has no form with matrices.
    let private structure (read: Expr -> MatrixTerm voption) (e: Expr) : MatrixTerm voption =
        let one f x = read x |> ValueOption.map f

        let two f a b =
            match read a, read b with
            | ValueSome a, ValueSome b -> ValueSome(f a b)
            | _ -> ValueNone

        match e with
        | TraceOf x -> one MatrixTerm.Trace x
        | NormOf x -> one MatrixTerm.Norm x
        | Guarded x -> read x
        | _ ->
            match e.Node with
            | Node.Constant value when value.Rank = 0 && value.DType.IsFloat ->
                ValueSome(MatrixProduct.number (Tensor.toFloat value))
            | Node.Unary(op, x) when op <> UnaryOp.Not -> one (ofUnary op) x
            | Node.Binary(BinaryOp.Add, a, b) -> two MatrixSum.add a b
            | Node.Binary(BinaryOp.Sub, a, b) -> two MatrixSum.subtract a b
            | Node.Binary(BinaryOp.Mul, a, b) -> two MatrixProduct.hadamard a b
            | Node.Binary(BinaryOp.Div, a, b) ->
                match Local.number b with
                | Some n when n <> 0.0 && System.Double.IsFinite n -> one (MatrixProduct.divided n) a
                | _ -> two (fun a b -> MatrixProduct.hadamard a (MatrixProduct.power -1.0 b)) a b
            | Node.Binary(BinaryOp.Pow, a, b) ->
                match Local.number b with
                | Some n -> one (MatrixProduct.power n) a
                | None -> ValueNone
            | Node.Cast(_, x) when x.DType.IsFloat -> read x
            | Node.Cast(dtype, _) when
                dtype.IsFloat
                && e.Shape.Rank = 2
                && e.Shape[0] = e.Shape[1]
                && e = Linear.identity dtype e.Shape[0]
                ->
                ValueSome(MatrixTerm.Identity e.Shape[0])
            | Node.Reduce(ReduceOp.Sum, axes, x) ->
                match read x, axes, x.Shape.Rank with
                | ValueSome t, _, rank when axes.Length = rank -> ValueSome(MatrixSum.total t)
                | ValueSome t, [ 0 ], 2 ->
                    ValueSome(
                        MatrixProduct.times (MatrixProduct.transpose t) (MatrixTerm.Ones(x.Shape[0], 1))
                    )
                | ValueSome t, [ 1 ], 2 -> ValueSome(MatrixProduct.times t (MatrixTerm.Ones(x.Shape[1], 1)))
                | _ -> ValueNone
            | Node.Softmax(axis, x) -> one (fun t -> MatrixTerm.Softmax(isOnLast axis x, t)) x
            | Node.LogSumExp(axis, x) -> one (fun t -> MatrixTerm.LogSumExp(isOnLast axis x, t)) x
            | Node.MatMul(a, b) when e.Shape.Rank = 2 -> two MatrixProduct.times a b
            | Node.Broadcast(_, x) -> read x |> ValueOption.bind (stretched e x)
            | Node.Reshape(_, x) ->
                match reshaping x e with
                | ValueSome Reshaping.Same -> read x
                | ValueSome Reshaping.Turned -> one MatrixProduct.transpose x
                | ValueNone -> ValueNone
            | Node.Transpose([ 1; 0 ], x) -> one MatrixProduct.transpose x
            | Node.Transpose([ 0; 1 ], x)
            | Node.Transpose([ 0 ], x)
            | Node.StopGradient x -> read x
            | Node.Custom(rule, [ a ]) when rule.Name = "inverse" && a.Shape.Rank = 2 ->
                one MatrixTerm.Inverse a
            | Node.Custom(rule, [ a ]) when rule.Name = "det" && a.Shape.Rank = 2 -> one MatrixTerm.Det a
            | Node.Custom(rule, [ a ]) when rule.Name = "logDet" && a.Shape.Rank = 2 ->
                one MatrixTerm.LogDet a
            | Node.Custom(rule, [ a; b ]) when rule.Name = "solve" && e.Shape.Rank = 2 ->
                two (fun a b -> MatrixProduct.times (MatrixTerm.Inverse a) b) a b
            | _ -> ValueNone

    /// An expression as a term: by its name, by its structure, or as one piece of another notation. `None` where it has more
    /// than two axes.
    let rec term (c: MatrixContext) (e: Expr) : MatrixTerm voption =
        match c.Known.TryGetValue e.Digest with
        | true, t -> ValueSome t
        | false, _ ->
            let made =
                match c.Names.TryGetValue e.Digest, e.Node with
                | (true, name), _ -> leaf c true name e
                | _, Node.Variable v -> leaf c true v.Name e
                | _ ->
                    match structure (term c) e with
                    | ValueSome t -> ValueSome t
                    | ValueNone -> leaf c false (string e) e

            made |> ValueOption.iter (fun t -> c.Known[e.Digest] <- t)
            made

    /// A named expression by what it is made of.
    let definition (c: MatrixContext) (e: Expr) : MatrixTerm voption = structure (term c) e
