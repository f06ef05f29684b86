namespace DL1

/// Names for what rules look for.
module internal Pattern =
    /// A number, whole tensors of one number included.
    let (|Number|_|) (e: Expr) = if e.DType = DType.Bool then None else Local.number e

    /// A node's form: a pattern can look into operands, as `Form(Node.MatMul(a, b))`.
    let (|Form|) (e: Expr) = e.Node

    let private (|Is|_|) (value: float) (e: Expr) =
        match e with
        // Bits are compared, so that 0 is not −0.
        | Number v when System.BitConverter.DoubleToInt64Bits v = System.BitConverter.DoubleToInt64Bits value ->
            Some()
        | _ -> None

    let (|Zero|_|) (e: Expr) =
        match e with
        | Number 0.0 -> Some()
        | _ -> None

    let (|PlusZero|_|) e = (|Is|_|) 0.0 e
    let (|MinusZero|_|) e = (|Is|_|) -0.0 e
    let (|One|_|) e = (|Is|_|) 1.0 e
    let (|MinusOne|_|) e = (|Is|_|) -1.0 e
    let (|Two|_|) e = (|Is|_|) 2.0 e

    let private binaryOf op (e: Expr) =
        match e.Node with
        | Node.Binary(o, x, y) when o = op -> Some(x, y)
        | _ -> None

    let (|Add|_|) e = binaryOf BinaryOp.Add e
    let (|Sub|_|) e = binaryOf BinaryOp.Sub e
    let (|Mul|_|) e = binaryOf BinaryOp.Mul e
    let (|Div|_|) e = binaryOf BinaryOp.Div e
    let (|Pow|_|) e = binaryOf BinaryOp.Pow e

    let private unaryOf op (e: Expr) =
        match e.Node with
        | Node.Unary(o, x) when o = op -> Some x
        | _ -> None

    let (|Neg|_|) e = unaryOf UnaryOp.Neg e
    let (|Abs|_|) e = unaryOf UnaryOp.Abs e
    let (|Exp|_|) e = unaryOf UnaryOp.Exp e
    let (|Log|_|) e = unaryOf UnaryOp.Log e
    let (|Log1p|_|) e = unaryOf UnaryOp.Log1p e
    let (|Sqrt|_|) e = unaryOf UnaryOp.Sqrt e
    let (|Rsqrt|_|) e = unaryOf UnaryOp.Rsqrt e
    let (|Reciprocal|_|) e = unaryOf UnaryOp.Reciprocal e
    let (|Sin|_|) e = unaryOf UnaryOp.Sin e
    let (|Cos|_|) e = unaryOf UnaryOp.Cos e
    let (|Sigmoid|_|) e = unaryOf UnaryOp.Sigmoid e
    let (|Not|_|) e = unaryOf UnaryOp.Not e

    /// A sum over axes.
    let (|Sum|_|) (e: Expr) =
        match e.Node with
        | Node.Reduce(ReduceOp.Sum, axes, x) -> Some(axes, x)
        | _ -> None

    /// An expression stretched to a shape.
    let (|Stretched|_|) (e: Expr) =
        match e.Node with
        | Node.Broadcast(_, x) -> Some x
        | _ -> None

    /// What lacks an axis and was stretched back over it, as `Reduce.keepDims` does it; over axis 0, broadcasting alone
    /// does it, and over an extent of 1 a reshape.
    let private stretchedBack (e: Expr) =
        match e.Node with
        | Node.Broadcast(_, y)
        | Node.Reshape(_, y) when y.Shape.Rank = e.Shape.Rank - 1 -> Some y
        | Node.Broadcast(_, kept) ->
            match kept.Node with
            | Node.Reshape(_, y) when y.Shape.Rank = e.Shape.Rank - 1 -> Some y
            | _ -> None
        | _ -> None

    let private isBackOver axis (e: Expr) (y: Expr) =
        e = Vjp.spread [ axis ] e.Shape y || (axis = 0 && e = Expr.Stretch(e.Shape, y))

    /// Σ x over one axis, stretched back over it.
    let (|StretchedBackSum|_|) (e: Expr) =
        match stretchedBack e with
        | Some(Sum([ axis ], x) as y) when x.Shape = e.Shape && isBackOver axis e y -> Some(axis, x)
        | _ -> None

    /// log Σ exp x over one axis, stretched back over it.
    let (|StretchedBackLse|_|) (e: Expr) =
        match stretchedBack e with
        | Some y ->
            match y.Node with
            | Node.LogSumExp(axis, x) when x.Shape = e.Shape && isBackOver axis e y -> Some(axis, x)
            | _ -> None
        | None -> None
