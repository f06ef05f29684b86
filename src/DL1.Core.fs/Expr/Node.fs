namespace DL1

/// An attribute of a node, for digests, printing and reading back.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Attribute<'e> =
    /// A whole number: an axis, an extent.
    | Int of int
    /// Whole numbers, one for each axis.
    | Ints of int list
    /// A number, such as the value of a padding.
    | Float of float
    /// A choice of two, such as a direction.
    | Flag of bool
    /// A name.
    | Text of string
    /// An element type.
    | Type of DType
    /// A shape.
    | Dims of Shape
    /// The tensor of a constant.
    | Value of Tensor
    /// A variable, or those that a body is given.
    | Variables of Variable list
    /// Graphs closed over variables of their own.
    | Graphs of 'e list

/// What all forms have in common: a name, attributes, and operands.
[<RequireQualifiedAccess>]
module Node =
    /// The name of a unary operation, as printed in ASCII and read back. `Node.unaryName UnaryOp.Neg` is "neg".
    let unaryName op =
        match op with
        | UnaryOp.Neg -> "neg"
        | UnaryOp.Abs -> "abs"
        | UnaryOp.Sign -> "sign"
        | UnaryOp.Floor -> "floor"
        | UnaryOp.Ceiling -> "ceiling"
        | UnaryOp.Round -> "round"
        | UnaryOp.Exp -> "exp"
        | UnaryOp.Expm1 -> "expm1"
        | UnaryOp.Log -> "log"
        | UnaryOp.Log1p -> "log1p"
        | UnaryOp.Sqrt -> "sqrt"
        | UnaryOp.Rsqrt -> "rsqrt"
        | UnaryOp.Reciprocal -> "reciprocal"
        | UnaryOp.Sin -> "sin"
        | UnaryOp.Cos -> "cos"
        | UnaryOp.Tan -> "tan"
        | UnaryOp.Asin -> "asin"
        | UnaryOp.Acos -> "acos"
        | UnaryOp.Atan -> "atan"
        | UnaryOp.Sinh -> "sinh"
        | UnaryOp.Cosh -> "cosh"
        | UnaryOp.Tanh -> "tanh"
        | UnaryOp.Sigmoid -> "sigmoid"
        | UnaryOp.Softplus -> "softplus"
        | UnaryOp.Erf -> "erf"
        | UnaryOp.Relu -> "relu"
        | UnaryOp.Not -> "not"

    /// The name of a binary operation. `Node.binaryName BinaryOp.Max` is "maximum".
    let binaryName op =
        match op with
        | BinaryOp.Add -> "add"
        | BinaryOp.Sub -> "sub"
        | BinaryOp.Mul -> "mul"
        | BinaryOp.Div -> "div"
        | BinaryOp.Pow -> "pow"
        | BinaryOp.Max -> "maximum"
        | BinaryOp.Min -> "minimum"
        | BinaryOp.And -> "and"
        | BinaryOp.Or -> "or"

    /// The name of a comparison. `Node.compareName CompareOp.Lt` is "lt".
    let compareName op =
        match op with
        | CompareOp.Eq -> "eq"
        | CompareOp.Ne -> "ne"
        | CompareOp.Lt -> "lt"
        | CompareOp.Le -> "le"
        | CompareOp.Gt -> "gt"
        | CompareOp.Ge -> "ge"

    /// The name of a reduction. `Node.reduceName ReduceOp.Sum` is "sum".
    let reduceName op =
        match op with
        | ReduceOp.Sum -> "sum"
        | ReduceOp.Prod -> "prod"
        | ReduceOp.Max -> "max"
        | ReduceOp.Min -> "min"

    /// The name of a form, as printed in ASCII and read back. `Node.name (x * y).Node` is "mul".
    let name (node: Node<'e>) =
        match node with
        | Node.Constant _ -> "constant"
        | Node.Variable _ -> "variable"
        | Node.Unary(op, _) -> unaryName op
        | Node.Binary(op, _, _) -> binaryName op
        | Node.Compare(op, _, _) -> compareName op
        | Node.Select _ -> "where"
        | Node.Cast _ -> "cast"
        | Node.Reduce(op, _, _) -> reduceName op
        | Node.ArgReduce(ArgOp.Max, _, _) -> "argmax"
        | Node.ArgReduce(ArgOp.Min, _, _) -> "argmin"
        | Node.CumSum _ -> "cumsum"
        | Node.ArgSort _ -> "argsort"
        | Node.Softmax _ -> "softmax"
        | Node.LogSumExp _ -> "logsumexp"
        | Node.MatMul _ -> "matmul"
        | Node.Broadcast _ -> "broadcast"
        | Node.Reshape _ -> "reshape"
        | Node.Transpose _ -> "transpose"
        | Node.Slice _ -> "slice"
        | Node.Pad _ -> "pad"
        | Node.Concat _ -> "concat"
        | Node.Reverse _ -> "reverse"
        | Node.Gather _ -> "gather"
        | Node.ScatterAdd _ -> "scatter_add"
        | Node.Conv(ConvRole.Forward, _, _, _) -> "conv"
        | Node.Conv(ConvRole.InputGrad _, _, _, _) -> "conv_input_grad"
        | Node.Conv(ConvRole.WeightGrad _, _, _, _) -> "conv_weight_grad"
        | Node.MaxPool _ -> "max_pool"
        | Node.MaxPoolPick _ -> "max_pool_pick"
        | Node.MaxPoolScatter _ -> "max_pool_scatter"
        | Node.AvgPool _ -> "avg_pool"
        | Node.AvgPoolGrad _ -> "avg_pool_grad"
        | Node.RandomBits _ -> "random_bits"
        | Node.Scan _ -> "scan"
        | Node.StopGradient _ -> "stop_gradient"
        | Node.Custom _ -> "custom"

    /// The name that a user calls a form by, for errors. `Node.calledAs (Expr.argMax 0 x).Node` is "argMax".
    let calledAs (node: Node<'e>) =
        match node with
        | Node.Binary(BinaryOp.And, _, _) -> "both"
        | Node.Binary(BinaryOp.Or, _, _) -> "either"
        | Node.ArgReduce(ArgOp.Max, _, _) -> "argMax"
        | Node.ArgReduce(ArgOp.Min, _, _) -> "argMin"
        | Node.CumSum _ -> "cumSum"
        | Node.ArgSort _ -> "argSort"
        | Node.LogSumExp _ -> "logSumExp"
        | Node.Broadcast _ -> "broadcastTo"
        | Node.ScatterAdd _ -> "scatterAdd"
        | Node.Conv(ConvRole.InputGrad _, _, _, _) -> "convTranspose"
        | Node.MaxPool _ -> "maxPool"
        | Node.AvgPool _ -> "avgPool"
        | Node.RandomBits _ -> "randomBits"
        | other -> name other

    /// The operands, in order. Bodies of loops are no operands. `Node.operands (x * y).Node` is `[ x; y ]`.
    let operands (node: Node<'e>) : 'e list =
        match node with
        | Node.Constant _
        | Node.Variable _ -> []
        | Node.Unary(_, x)
        | Node.Cast(_, x)
        | Node.Reduce(_, _, x)
        | Node.ArgReduce(_, _, x)
        | Node.CumSum(_, _, x)
        | Node.ArgSort(_, x)
        | Node.Softmax(_, x)
        | Node.LogSumExp(_, x)
        | Node.Broadcast(_, x)
        | Node.Reshape(_, x)
        | Node.Transpose(_, x)
        | Node.Slice(_, x)
        | Node.Pad(_, _, x)
        | Node.Reverse(_, x)
        | Node.MaxPool(_, x)
        | Node.AvgPool(_, x)
        | Node.AvgPoolGrad(_, _, x)
        | Node.RandomBits(_, _, x)
        | Node.StopGradient x -> [ x ]
        | Node.Binary(_, x, y)
        | Node.Compare(_, x, y)
        | Node.MatMul(x, y)
        | Node.Gather(_, x, y)
        | Node.ScatterAdd(_, _, x, y)
        | Node.Conv(_, _, x, y)
        | Node.MaxPoolPick(_, x, y)
        | Node.MaxPoolScatter(_, x, y) -> [ x; y ]
        | Node.Select(c, x, y) -> [ c; x; y ]
        | Node.Concat(_, xs)
        | Node.Custom(_, xs) -> xs
        | Node.Scan(_, call) -> call.Initial @ call.Sequences @ call.Fixed

    /// The same form over other operands. `Node.map (fun operand -> -operand) (x * y).Node`
    let map (f: 'e -> 'e) (node: Node<'e>) : Node<'e> =
        match node with
        | Node.Constant _
        | Node.Variable _ -> node
        | Node.Unary(op, x) -> Node.Unary(op, f x)
        | Node.Binary(op, x, y) -> Node.Binary(op, f x, f y)
        | Node.Compare(op, x, y) -> Node.Compare(op, f x, f y)
        | Node.Select(c, x, y) -> Node.Select(f c, f x, f y)
        | Node.Cast(t, x) -> Node.Cast(t, f x)
        | Node.Reduce(op, axes, x) -> Node.Reduce(op, axes, f x)
        | Node.ArgReduce(op, axis, x) -> Node.ArgReduce(op, axis, f x)
        | Node.CumSum(axis, reversed, x) -> Node.CumSum(axis, reversed, f x)
        | Node.ArgSort(axis, x) -> Node.ArgSort(axis, f x)
        | Node.Softmax(axis, x) -> Node.Softmax(axis, f x)
        | Node.LogSumExp(axis, x) -> Node.LogSumExp(axis, f x)
        | Node.MatMul(x, y) -> Node.MatMul(f x, f y)
        | Node.Broadcast(shape, x) -> Node.Broadcast(shape, f x)
        | Node.Reshape(shape, x) -> Node.Reshape(shape, f x)
        | Node.Transpose(permutation, x) -> Node.Transpose(permutation, f x)
        | Node.Slice(cuts, x) -> Node.Slice(cuts, f x)
        | Node.Pad(edges, value, x) -> Node.Pad(edges, value, f x)
        | Node.Concat(axis, xs) -> Node.Concat(axis, List.map f xs)
        | Node.Reverse(axes, x) -> Node.Reverse(axes, f x)
        | Node.Gather(axis, x, i) -> Node.Gather(axis, f x, f i)
        | Node.ScatterAdd(axis, extent, u, i) -> Node.ScatterAdd(axis, extent, f u, f i)
        | Node.Conv(role, spec, x, y) -> Node.Conv(role, spec, f x, f y)
        | Node.MaxPool(window, x) -> Node.MaxPool(window, f x)
        | Node.MaxPoolPick(window, x, u) -> Node.MaxPoolPick(window, f x, f u)
        | Node.MaxPoolScatter(window, x, u) -> Node.MaxPoolScatter(window, f x, f u)
        | Node.AvgPool(window, x) -> Node.AvgPool(window, f x)
        | Node.AvgPoolGrad(window, spatial, x) -> Node.AvgPoolGrad(window, spatial, f x)
        | Node.RandomBits(stream, shape, key) -> Node.RandomBits(stream, shape, f key)
        | Node.Scan(result, call) ->
            let call =
                { call with
                    Initial = List.map f call.Initial
                    Sequences = List.map f call.Sequences
                    Fixed = List.map f call.Fixed
                }

            Node.Scan(result, call)
        | Node.StopGradient x -> Node.StopGradient(f x)
        | Node.Custom(rule, xs) -> Node.Custom(rule, List.map f xs)
