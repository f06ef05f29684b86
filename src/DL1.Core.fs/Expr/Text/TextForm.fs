namespace DL1

/// The operations written between their operands.
[<RequireQualifiedAccess>]
type internal Infix =
    | Add
    | Sub
    | Mul
    | Div
    | MatMul
    | And
    | Or
    | Compare of CompareOp

/// What a node looks like in mathematics, whatever the script.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type internal Form<'e> =
    | Symbol of string
    | Constant of Tensor
    | Infix of Infix * 'e * 'e
    | Negation of 'e
    | Complement of 'e
    | Power of 'e * 'e
    | Root of 'e
    | InverseRoot of 'e
    | Inverse of 'e
    | Magnitude of 'e
    | Floor of 'e
    | Ceiling of 'e
    /// A function with a name in mathematics, which stands before its argument: `sin x`.
    | Function of string * 'e
    | Sigmoid of 'e
    /// The last two axes change places.
    | Transposed of 'e
    /// A reduction; no axes stand for all of them.
    | Fold of ReduceOp * axes: int list * 'e
    | Cut of Cut list * 'e
    /// Everything else: a name, operands, and attributes that are not at rest.
    | Call of string * 'e list * (string * Attribute<'e>) list
    | Loop of result: int * ScanCall<'e>
    /// A broadcast: written only where axes are looked at, for there it changes the meaning.
    | Stretched of 'e

module internal Form =
    // Attributes at rest go without saying.
    let private isAtRest (name: string, value: Attribute<'e>) =
        match name, value with
        | ("stride" | "dilation"), Attribute.Ints all -> List.forall ((=) 1) all
        | ("pad_before" | "pad_after" | "between"), Attribute.Ints all -> List.forall ((=) 0) all
        | "groups", Attribute.Int n -> n = 1
        | "reversed", Attribute.Flag on -> not on
        | _ -> false

    let private call (node: Node<'e>) =
        Form.Call(Node.name node, Node.operands node, Attributes.ofNode node |> List.filter (isAtRest >> not))

    let private swapsLast (permutation: int list) =
        let n = permutation.Length
        n >= 2 && permutation = [ 0 .. n - 3 ] @ [ n - 1; n - 2 ]

    let private unary op (node: Node<'e>) (x: 'e) =
        match op with
        | UnaryOp.Neg -> Form.Negation x
        | UnaryOp.Not -> Form.Complement x
        | UnaryOp.Abs -> Form.Magnitude x
        | UnaryOp.Floor -> Form.Floor x
        | UnaryOp.Ceiling -> Form.Ceiling x
        | UnaryOp.Sqrt -> Form.Root x
        | UnaryOp.Rsqrt -> Form.InverseRoot x
        | UnaryOp.Reciprocal -> Form.Inverse x
        | UnaryOp.Sigmoid -> Form.Sigmoid x
        | UnaryOp.Exp
        | UnaryOp.Log
        | UnaryOp.Sin
        | UnaryOp.Cos
        | UnaryOp.Tan
        | UnaryOp.Asin
        | UnaryOp.Acos
        | UnaryOp.Atan
        | UnaryOp.Sinh
        | UnaryOp.Cosh
        | UnaryOp.Tanh -> Form.Function(Node.unaryName op, x)
        | UnaryOp.Sign
        | UnaryOp.Round
        | UnaryOp.Expm1
        | UnaryOp.Log1p
        | UnaryOp.Softplus
        | UnaryOp.Erf
        | UnaryOp.Relu -> call node

    let private binary op (x: 'e) (y: 'e) =
        match op with
        | BinaryOp.Add -> Form.Infix(Infix.Add, x, y)
        | BinaryOp.Sub -> Form.Infix(Infix.Sub, x, y)
        | BinaryOp.Mul -> Form.Infix(Infix.Mul, x, y)
        | BinaryOp.Div -> Form.Infix(Infix.Div, x, y)
        | BinaryOp.And -> Form.Infix(Infix.And, x, y)
        | BinaryOp.Or -> Form.Infix(Infix.Or, x, y)
        | BinaryOp.Pow -> Form.Power(x, y)
        | BinaryOp.Max -> Form.Call("max", [ x; y ], [])
        | BinaryOp.Min -> Form.Call("min", [ x; y ], [])

    /// What a node looks like.
    let ofNode (e: 'e) : Form<'e> when 'e :> INode<'e> =
        match e.Node with
        | Node.Constant value -> Form.Constant value
        | Node.Variable v -> Form.Symbol v.Name
        | Node.Unary(op, x) -> unary op e.Node x
        | Node.Binary(op, x, y) -> binary op x y
        | Node.Compare(op, x, y) -> Form.Infix(Infix.Compare op, x, y)
        | Node.MatMul(x, y) -> Form.Infix(Infix.MatMul, x, y)
        | Node.Cast(dtype, x) -> Form.Call(dtype.Name, [ x ], [])
        | Node.Reduce(op, axes, x) -> Form.Fold(op, (if axes.Length = x.Shape.Rank then [] else axes), x)
        | Node.Broadcast(_, x) -> Form.Stretched x
        | Node.Transpose(permutation, x) when swapsLast permutation -> Form.Transposed x
        | Node.Slice(cuts, x) -> Form.Cut(cuts, x)
        | Node.Scan(result, loop) -> Form.Loop(result, loop)
        | Node.Custom(rule, xs) -> Form.Call(TextName.unicode rule.Name, xs, [])
        | Node.Select _
        | Node.ArgReduce _
        | Node.CumSum _
        | Node.ArgSort _
        | Node.Softmax _
        | Node.LogSumExp _
        | Node.Reshape _
        | Node.Transpose _
        | Node.Pad _
        | Node.Concat _
        | Node.Reverse _
        | Node.Gather _
        | Node.ScatterAdd _
        | Node.Conv _
        | Node.MaxPool _
        | Node.MaxPoolPick _
        | Node.MaxPoolScatter _
        | Node.AvgPool _
        | Node.AvgPoolGrad _
        | Node.RandomBits _
        | Node.StopGradient _ -> call e.Node

    /// The expression that a person sees where this one stands: broadcasting is a matter of shapes.
    let rec seen (e: 'e) : 'e :> INode<'e> =
        match ofNode e with
        | Form.Stretched x -> seen x
        | _ -> e

    /// Whether a node computes each element from those at the same place: shapes go without saying there.
    let private isElementwise (e: 'e) : bool when 'e :> INode<'e> =
        match e.Node with
        | Node.Unary _
        | Node.Binary _
        | Node.Compare _
        | Node.Select _
        | Node.Cast _
        | Node.Broadcast _
        | Node.StopGradient _ -> true
        | Node.Constant _
        | Node.Variable _
        | Node.Reduce _
        | Node.ArgReduce _
        | Node.CumSum _
        | Node.ArgSort _
        | Node.Softmax _
        | Node.LogSumExp _
        | Node.Reshape _
        | Node.Transpose _
        | Node.Slice _
        | Node.Pad _
        | Node.Concat _
        | Node.Reverse _
        | Node.Gather _
        | Node.ScatterAdd _
        | Node.Conv _
        | Node.MaxPool _
        | Node.MaxPoolPick _
        | Node.MaxPoolScatter _
        | Node.AvgPool _
        | Node.AvgPoolGrad _
        | Node.RandomBits _
        | Node.MatMul _
        | Node.Scan _
        | Node.Custom _ -> false

    let private matrix (shape: Shape) =
        let dims = shape.ToList()
        List.splitAt (max 0 (dims.Length - 2)) dims

    let private sameMatrix (a: Shape) (b: Shape) = snd (matrix a) = snd (matrix b)

    /// An operand as a person sees it in a node. Σ over an axis that a broadcast made is not Σ over what was broadcast;
    /// elementwise, shapes go without saying.
    let shown (e: 'e) (operand: 'e) : 'e :> INode<'e> =
        match e.Node with
        | Node.MatMul _ -> if sameMatrix operand.Shape (seen operand).Shape then seen operand else operand
        | _ -> if isElementwise e then seen operand else operand

    /// The operands as a person sees them.
    let operands (e: 'e) : 'e list when 'e :> INode<'e> = Node.operands e.Node |> List.map (shown e)

    /// A whole number of at most three digits that a scalar constant is, or `None`: an exponent to be raised.
    let wholeNumber (e: 'e) : int option when 'e :> INode<'e> =
        match (seen e).Node with
        | Node.Constant value when value.Size = 1 && value.Rank = 0 && value.DType <> DType.Bool ->
            let x = Tensor.toFloat value
            let isNegativeZero = x = 0.0 && System.Double.IsNegative x

            if x = floor x && abs x < 1000.0 && not isNegativeZero then
                Some(int x)
            else
                None
        | _ -> None

    /// Whether this is a single number: it goes before symbols in a product.
    let isNumber (e: 'e) : bool when 'e :> INode<'e> =
        match (seen e).Node with
        | Node.Constant value -> value.Rank = 0
        | _ -> false

    /// The operands of a sign, a number first in a product.
    let numberFirst op (x: 'e) (y: 'e) : 'e * 'e when 'e :> INode<'e> =
        if op = Infix.Mul && isNumber y && not (isNumber x) then y, x else x, y

    let private broadcast (shapes: Shape list) : Shape option =
        (Some Shape.Scalar, shapes)
        ||> List.fold (fun all shape -> all |> Option.bind (Shape.tryBroadcast shape))

    /// The shape that a reader gives the text of a node, from those of its operands: elementwise, that of the largest, whatever
    /// they are stretched to.
    let readShape (shapeOf: 'e -> Shape) (e: 'e) : Shape when 'e :> INode<'e> =
        let operands = operands e |> List.map shapeOf

        match e.Node with
        | Node.Broadcast _ -> e.Shape
        | Node.MatMul _ ->
            broadcast (operands |> List.map (matrix >> fst >> Shape.ofList))
            |> Option.map (fun batch -> Shape.ofList (batch.ToList() @ snd (matrix e.Shape)))
            |> Option.defaultValue e.Shape
        | _ when isElementwise e -> broadcast operands |> Option.defaultValue e.Shape
        | _ -> e.Shape

    /// Whether an operand has another shape than a reader gives its text, and the node looks at its axes.
    let hidesShape (e: 'e) (operand: 'e) (read: Shape) : bool when 'e :> INode<'e> =
        match e.Node with
        | Node.MatMul _ -> not (sameMatrix operand.Shape read)
        | _ -> not (isElementwise e) && operand.Shape <> read
