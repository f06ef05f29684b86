namespace DL1

open DL1.Pattern

/// Identities that hold for every value bit for bit: NaN, infinities, signed zeros and rounding included. Always
/// safe.
[<RequireQualifiedAccess>]
module internal Exact =
    let private rule = Rule.rule

    // Larger tensors are kept as expressions: folding them would trade time for memory.
    let private mostFolded = 1024

    let private isPowerOfTwo (v: float) =
        let bits = System.BitConverter.DoubleToInt64Bits v
        // Only such exponents that the reciprocal is normal in f32, too.
        bits &&& 0x000FFFFFFFFFFFFFL = 0L && abs v > 1e-30 && abs v < 1e30

    let private arithmetic =
        [
            rule "x * 1 -> x" [ "mul" ] (function
                | Mul(x, One)
                | Mul(One, x) -> Some x
                | _ -> None)
            rule "x * -1 -> -x" [ "mul" ] (function
                | Mul(x, MinusOne)
                | Mul(MinusOne, x) -> Some -x
                | _ -> None)
            rule "x / 1 -> x" [ "div" ] (function
                | Div(x, One) -> Some x
                | _ -> None)
            rule "x / -1 -> -x" [ "div" ] (function
                | Div(x, MinusOne) -> Some -x
                | _ -> None)
            rule "x + -0 -> x" [ "add" ] (function
                | Add(x, MinusZero)
                | Add(MinusZero, x) -> Some x
                | _ -> None)
            rule "x - 0 -> x" [ "sub" ] (function
                | Sub(x, PlusZero) -> Some x
                | _ -> None)
            rule "--x -> x" [ "neg" ] (function
                | Neg(Neg x) -> Some x
                | _ -> None)
            rule "x + -y -> x - y" [ "add" ] (function
                | Add(x, Neg y)
                | Add(Neg y, x) -> Some(x - y)
                | _ -> None)
            rule "x - -y -> x + y" [ "sub" ] (function
                | Sub(x, Neg y) -> Some(x + y)
                | _ -> None)
            rule "-x * -y -> x * y" [ "mul" ] (function
                | Mul(Neg x, Neg y) -> Some(x * y)
                | _ -> None)
            rule "-x / -y -> x / y" [ "div" ] (function
                | Div(Neg x, Neg y) -> Some(x / y)
                | _ -> None)
            rule "x ** 1 -> x" [ "pow" ] (function
                | Pow(x, One) -> Some x
                | _ -> None)
            rule "x ** 0 -> 1" [ "pow" ] (function
                | Pow(x, Zero) -> Some(Expr.onesLike x)
                | _ -> None)
            rule "|-x| -> |x|" [ "abs" ] (function
                | Abs(Neg x) -> Some(abs x)
                | _ -> None)
        ]

    let rec private isReduced (e: Expr) =
        match e.Node with
        | Node.Reduce _ -> true
        | Node.Reshape(_, x)
        | Node.Broadcast(_, x) -> isReduced x
        | _ -> false

    /// Faster, but not what a person would write. Means are left alone: they are few numbers, and divided by how many
    /// they are of, which must not decide what is computed.
    let private division =
        rule "x / 2^k -> x * 2^-k" [ "div" ] (function
            | Div(x, Number v) when isPowerOfTwo v && v <> 1.0 && not (isReduced x) -> Some(x * (1.0 / v))
            | _ -> None)

    let private repeated =
        let idempotent op =
            rule $"{Node.unaryName op} twice -> once" [ Node.unaryName op ] (fun e ->
                match e.Node with
                | Node.Unary(o, x) when o = op ->
                    match x.Node with
                    | Node.Unary(o, _) when o = op -> Some x
                    | _ -> None
                | _ -> None)

        let ofItself op =
            let name = Node.binaryName op

            rule $"{name}(x, x) -> x" [ name ] (fun e ->
                match e.Node with
                | Node.Binary(o, x, y) when o = op && x = y -> Some x
                | _ -> None)

        List.map
            idempotent
            [ UnaryOp.Abs; UnaryOp.Sign; UnaryOp.Floor; UnaryOp.Ceiling; UnaryOp.Round; UnaryOp.Relu ]
        @ List.map ofItself [ BinaryOp.Max; BinaryOp.Min; BinaryOp.And; BinaryOp.Or ]
        @ [
            rule "not not x -> x" [ "not" ] (function
                | Not(Not x) -> Some x
                | _ -> None)
        ]

    let private choices =
        [
            rule "where(c, x, x) -> x" [ "where" ] (fun e ->
                match e.Node with
                | Node.Select(_, x, y) when x = y -> Some x
                | _ -> None)
            rule "where(not c, x, y) -> where(c, y, x)" [ "where" ] (fun e ->
                match e.Node with
                | Node.Select(Not c, x, y) -> Some(Expr.where c y x)
                | _ -> None)
            rule "where(constant, x, y) -> x or y" [ "where" ] (fun e ->
                match e.Node with
                | Node.Select(c, x, y) ->
                    match Local.number c with
                    | Some v -> Some(if v <> 0.0 then x else y)
                    | None -> None
                | _ -> None)
        ]

    let private compose (outer: int list) (inner: int list) =
        outer |> List.map (fun axis -> List.item axis inner)

    let private isWhole (x: Expr) (cuts: Cut list) =
        cuts
        |> List.indexed
        |> List.forall (fun (axis, c) -> c.Start = 0 && c.Stop = x.Shape[axis] && c.Step = 1)

    let private narrower (a: DType) (b: DType) =
        match a, b with
        | DType.F32, DType.F64
        | DType.I32, (DType.I64 | DType.F64)
        | DType.Bool, (DType.F32 | DType.F64 | DType.I32 | DType.I64) -> true
        | _ -> false

    let private movement =
        [
            rule "cast(cast x), there and back -> x" [ "cast" ] (fun e ->
                match e.Node with
                | Node.Cast(dtype, x) when dtype = x.DType -> Some x
                | Node.Cast(dtype, y) ->
                    match y.Node with
                    | Node.Cast(wide, x) when x.DType = dtype && narrower dtype wide -> Some x
                    | _ -> None
                | _ -> None)
            rule "reshape(reshape x) -> reshape x" [ "reshape" ] (fun e ->
                match e.Node with
                | Node.Reshape(shape, x) when shape = x.Shape -> Some x
                | Node.Reshape(shape, y) ->
                    match y.Node with
                    | Node.Reshape(_, x) -> Some(Expr.reshape (shape.ToList()) x)
                    | _ -> None
                | _ -> None)
            rule "broadcast(broadcast x) -> broadcast x" [ "broadcast" ] (fun e ->
                match e.Node with
                | Node.Broadcast(shape, x) when shape = x.Shape -> Some x
                | Node.Broadcast(shape, Stretched x) -> Some(Expr.Stretch(shape, x))
                | _ -> None)
            rule "transpose(transpose x) -> transpose x" [ "transpose" ] (fun e ->
                match e.Node with
                | Node.Transpose(p, x) when p = Expr.allAxes x -> Some x
                | Node.Transpose(p, y) ->
                    match y.Node with
                    | Node.Transpose(q, x) -> Some(Expr.transpose (compose p q) x)
                    | _ -> None
                | _ -> None)
            rule "reverse(reverse x) -> x" [ "reverse" ] (fun e ->
                match e.Node with
                | Node.Reverse(axes, y) ->
                    match y.Node with
                    | Node.Reverse(axes', x) when axes' = axes -> Some x
                    | _ -> None
                | _ -> None)
            rule "slice of everything -> x" [ "slice" ] (fun e ->
                match e.Node with
                | Node.Slice(cuts, x) when isWhole x cuts -> Some x
                | _ -> None)
            rule "pad with nothing -> x" [ "pad" ] (fun e ->
                match e.Node with
                | Node.Pad(edges, _, x) when
                    edges |> List.forall (fun e -> e.Before = 0 && e.After = 0 && e.Between = 0)
                    ->
                    Some x
                | _ -> None)
            rule "concat of one -> x" [ "concat" ] (fun e ->
                match e.Node with
                | Node.Concat(_, [ x ]) -> Some x
                | _ -> None)
            rule "max over extents of 1 -> reshape" [ "max"; "min" ] (fun e ->
                match e.Node with
                | Node.Reduce((ReduceOp.Max | ReduceOp.Min), axes, x) when
                    axes |> List.forall (fun axis -> x.Shape[axis] = 1)
                    ->
                    Some(Expr.reshape (e.Shape.ToList()) x)
                | _ -> None)
        ]

    /// Elementwise work is done before the stretching, on fewer elements.
    let private beforeBroadcast =
        Rule.anywhere "f(broadcast x) -> broadcast(f x)" (fun e ->
            match e.Node with
            | Node.Unary(op, Stretched x) -> Some(Expr.Stretch(e.Shape, Expr.unary op x))
            | Node.Binary(op, Stretched x, Stretched y) when x.Shape = y.Shape ->
                Some(Expr.Stretch(e.Shape, Expr.binary op x y))
            | Node.Compare(op, Stretched x, Stretched y) when x.Shape = y.Shape ->
                Some(Expr.Stretch(e.Shape, Expr.compare op x y))
            | Node.Cast(dtype, Stretched x) -> Some(Expr.Stretch(e.Shape, Expr.cast dtype x))
            | _ -> None)

    let private isConstant (e: Expr) =
        match e.Node with
        | Node.Constant _ -> true
        | _ -> false

    /// A node over constants is the constant that Eval gives. A gather out of range stays, to be refused when run.
    let private foldWhere worthIt (e: Expr) =
        let operands = Node.operands e.Node

        match e.Node with
        | Node.Broadcast _
        | Node.Reshape _
        | Node.Gather _
        | Node.ScatterAdd _ -> None
        | _ when
            not operands.IsEmpty
            && e.Shape.Size <= mostFolded
            && List.forall isConstant operands
            && operands |> List.forall (fun o -> o.Shape.Size <= mostFolded)
            ->
            let value = Eval.run [] e
            if worthIt e value then Some(Expr.constant value) else None
        | _ -> None

    let private folding = Rule.anywhere "node over constants -> constant" (foldWhere (fun _ _ -> true))

    /// `log 2` reads better than 0.6931471805599453; `log 1` is 0.
    let private readableFolding =
        Rule.anywhere
            "number op number -> number"
            (foldWhere (fun e value ->
                match e.Node with
                | Node.Unary _ ->
                    not e.DType.IsFloat
                    || Tensor.toFloats value |> Array.forall (fun v -> System.Double.IsNaN v || v = round v)
                | _ -> true))

    let private ofEither = arithmetic @ repeated @ choices @ movement @ [ beforeBroadcast ]

    /// The rows that leave a formula as readable as it was.
    let readable = readableFolding :: ofEither

    /// The rows, in the order in which they are tried.
    let table = division :: folding :: ofEither
