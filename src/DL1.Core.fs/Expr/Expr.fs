namespace DL1

open System

/// An immutable expression: a node, with its element type, its shape, and a digest of its content. Equality is
/// equality of digests. Operators and functions build larger expressions; shapes and types are checked at once.
[<Sealed; StructuredFormatDisplay("{Display}")>]
type Expr private (node: Node<Expr>, dtype: DType, shape: Shape, digest: Digest, isLiteral: bool) =
    /// The form of this node, over its operands.
    member _.Node = node
    /// The element type.
    member _.DType = dtype
    /// The shape.
    member _.Shape = shape
    /// 128 bits that stand for the content.
    member _.Digest = digest
    /// Whether this is a number without a type of its own: it takes the type of what it meets.
    member internal _.IsLiteral = isLiteral

    /// What it is called in an error.
    member _.Label =
        match node with
        | Node.Variable v -> v.Name
        | Node.Constant value when shape.IsScalar && dtype = DType.Bool ->
            if Tensor.toFloat value = 0.0 then "false" else "true"
        | Node.Constant value when shape.IsScalar -> string (Tensor.toFloat value)
        | Node.Constant _ -> "a constant"
        | _ -> $"the result of {Node.name node}"

    interface INode<Expr> with
        member _.Node = node
        member _.DType = dtype
        member _.Shape = shape
        member _.Digest = digest
        member this.Label = this.Label

    interface IEquatable<Expr> with
        member _.Equals(other: Expr | null) =
            match other with
            | null -> false
            | e -> digest = e.Digest

    override _.Equals other =
        match other with
        | :? Expr as e -> digest = e.Digest
        | _ -> false

    override _.GetHashCode() = digest.GetHashCode()

    // C#'s == and != would otherwise compare references.
    static member op_Equality(a: Expr | null, b: Expr | null) = Object.Equals(a, b)
    static member op_Inequality(a: Expr | null, b: Expr | null) = not (Object.Equals(a, b))

    /// Unicode mathematics: `2·(x − 2)`.
    override this.ToString() = Text.unicode this
    member internal this.Display = this.ToString()

    static member private DigestOf(node, dtype, shape) =
        Digest.ofNode (fun (e: Expr) -> e.Digest) node dtype shape

    /// Makes a node; refuses operands that do not fit.
    static member internal Make(node: Node<Expr>) =
        let dtype, shape = Infer.node node
        Expr(node, dtype, shape, Expr.DigestOf(node, dtype, shape), false)

    /// A number without a type of its own: f64 by itself, the type of the other operand beside one.
    static member Literal(value: float) =
        let tensor = Tensor.scalar value
        let node = Node.Constant tensor
        Expr(node, DType.F64, Shape.Scalar, Expr.DigestOf(node, DType.F64, Shape.Scalar), true)

    /// A tensor as a constant.
    static member Constant(value: Tensor) = Expr.Make(Node.Constant value)

    /// Gives a literal the type of the operand it meets; leaves everything else as it is.
    static member internal Typed(operation: string, other: Expr, e: Expr) =
        let dtype = other.DType

        match e.Node with
        | Node.Constant value when e.IsLiteral && dtype <> DType.F64 ->
            let typed = Tensor.cast dtype value

            if not dtype.IsFloat && (dtype = DType.Bool || Tensor.toFloat typed <> Tensor.toFloat value) then
                Refuse.shape
                    operation
                    $"the number {e.Label} beside {Operand.text other}"
                    $"a value of {dtype}"
                    $"cast the operand first: Expr.cast DType.F32 {Operand.argument other}"

            Expr.Constant typed
        | _ -> e

    /// Stretches an operand to a shape; one that has it already is left as it is.
    static member internal Stretch(shape: Shape, e: Expr) =
        if e.Shape = shape then e else Expr.Make(Node.Broadcast(shape, e))

    /// Two operands with one type, literals typed, broadcast to one shape.
    static member internal Pair(operation: string, a: Expr, b: Expr) : struct (Expr * Expr) =
        let a' = Expr.Typed(operation, b, a)
        let b' = Expr.Typed(operation, a, b)
        // Before an operand is stretched, while it still goes by its own name.
        Operand.requireSameType operation a' b'

        match Shape.tryBroadcast a.Shape b.Shape with
        | Some shape -> struct (Expr.Stretch(shape, a'), Expr.Stretch(shape, b'))
        | None ->
            Refuse.shape
                operation
                (Operand.texts [ a; b ])
                "shapes that broadcast: aligned at the last axis, equal extents, or 1"
                (if a.Shape.Rank > 0 && b.Shape.Rank > 0 && a.Shape[0] = b.Shape[b.Shape.Rank - 1] then
                     "add an axis of extent 1 (Expr.expandDims) or transpose, so that equal extents meet"
                 else
                     "reshape or slice one operand so that the extents meet")

    static member internal OfUnary(op: UnaryOp, x: Expr) = Expr.Make(Node.Unary(op, x))

    static member internal OfBinary(op: BinaryOp, a: Expr, b: Expr) =
        let struct (a, b) = Expr.Pair(Node.binaryName op, a, b)
        Expr.Make(Node.Binary(op, a, b))

    static member internal OfCompare(op: CompareOp, a: Expr, b: Expr) =
        let struct (a, b) = Expr.Pair(Node.compareName op, a, b)
        Expr.Make(Node.Compare(op, a, b))

    // Numbers become literals (an F# operator applies no implicit conversion, hence its overloads for numbers).
    static member op_Implicit(value: float) : Expr = Expr.Literal value
    static member op_Implicit(value: float32) : Expr = Expr.Literal(float value)
    static member op_Implicit(value: int) : Expr = Expr.Literal(float value)
    static member op_Implicit(value: Tensor) : Expr = Expr.Constant value

    static member (+)(a: Expr, b: Expr) = Expr.OfBinary(BinaryOp.Add, a, b)
    static member (+)(a: Expr, b: float) = a + Expr.Literal b
    static member (+)(a: float, b: Expr) = Expr.Literal a + b
    static member (-)(a: Expr, b: Expr) = Expr.OfBinary(BinaryOp.Sub, a, b)
    static member (-)(a: Expr, b: float) = a - Expr.Literal b
    static member (-)(a: float, b: Expr) = Expr.Literal a - b
    static member (*)(a: Expr, b: Expr) = Expr.OfBinary(BinaryOp.Mul, a, b)
    static member (*)(a: Expr, b: float) = a * Expr.Literal b
    static member (*)(a: float, b: Expr) = Expr.Literal a * b
    static member (/)(a: Expr, b: Expr) = Expr.OfBinary(BinaryOp.Div, a, b)
    static member (/)(a: Expr, b: float) = a / Expr.Literal b
    static member (/)(a: float, b: Expr) = Expr.Literal a / b
    static member Pow(a: Expr, b: Expr) = Expr.OfBinary(BinaryOp.Pow, a, b)
    static member Pow(a: Expr, b: float) = Expr.OfBinary(BinaryOp.Pow, a, Expr.Literal b)
    static member Pow(a: float, b: Expr) = Expr.OfBinary(BinaryOp.Pow, Expr.Literal a, b)
    static member (~-)(x: Expr) = Expr.OfUnary(UnaryOp.Neg, x)

    // Comparisons: `x > 0` in C#, `x .> 0.0` in F#. (Equality stays that of expressions: Expr.equal compares elements.)
    static member op_LessThan(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Lt, a, b)
    static member Less(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Lt, a, b)
    static member Less(a: Expr, b: float) = Expr.OfCompare(CompareOp.Lt, a, Expr.Literal b)
    static member Less(a: float, b: Expr) = Expr.OfCompare(CompareOp.Lt, Expr.Literal a, b)
    static member op_GreaterThan(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Gt, a, b)
    static member Greater(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Gt, a, b)
    static member Greater(a: Expr, b: float) = Expr.OfCompare(CompareOp.Gt, a, Expr.Literal b)
    static member Greater(a: float, b: Expr) = Expr.OfCompare(CompareOp.Gt, Expr.Literal a, b)
    static member op_LessThanOrEqual(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Le, a, b)
    static member LessEqual(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Le, a, b)
    static member LessEqual(a: Expr, b: float) = Expr.OfCompare(CompareOp.Le, a, Expr.Literal b)
    static member LessEqual(a: float, b: Expr) = Expr.OfCompare(CompareOp.Le, Expr.Literal a, b)
    static member op_GreaterThanOrEqual(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Ge, a, b)
    static member GreaterEqual(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Ge, a, b)
    static member GreaterEqual(a: Expr, b: float) = Expr.OfCompare(CompareOp.Ge, a, Expr.Literal b)
    static member GreaterEqual(a: float, b: Expr) = Expr.OfCompare(CompareOp.Ge, Expr.Literal a, b)

    // What F#'s own functions look for, so that `sin x` and `x ** 2.0 * sqrt x` work as they stand.
    static member Abs(x: Expr) = Expr.OfUnary(UnaryOp.Abs, x)
    static member Floor(x: Expr) = Expr.OfUnary(UnaryOp.Floor, x)
    static member Ceiling(x: Expr) = Expr.OfUnary(UnaryOp.Ceiling, x)
    static member Round(x: Expr) = Expr.OfUnary(UnaryOp.Round, x)
    static member Exp(x: Expr) = Expr.OfUnary(UnaryOp.Exp, x)
    static member Log(x: Expr) = Expr.OfUnary(UnaryOp.Log, x)
    static member Sqrt(x: Expr) = Expr.OfUnary(UnaryOp.Sqrt, x)
    static member Sin(x: Expr) = Expr.OfUnary(UnaryOp.Sin, x)
    static member Cos(x: Expr) = Expr.OfUnary(UnaryOp.Cos, x)
    static member Tan(x: Expr) = Expr.OfUnary(UnaryOp.Tan, x)
    static member Asin(x: Expr) = Expr.OfUnary(UnaryOp.Asin, x)
    static member Acos(x: Expr) = Expr.OfUnary(UnaryOp.Acos, x)
    static member Atan(x: Expr) = Expr.OfUnary(UnaryOp.Atan, x)
    static member Sinh(x: Expr) = Expr.OfUnary(UnaryOp.Sinh, x)
    static member Cosh(x: Expr) = Expr.OfUnary(UnaryOp.Cosh, x)
    static member Tanh(x: Expr) = Expr.OfUnary(UnaryOp.Tanh, x)

    /// The transpose of a matrix, or of each matrix of a stack: the last two axes change places.
    member this.T =
        if shape.Rank < 2 then
            Refuse.shape
                "transpose"
                (Operand.text this)
                "at least two axes"
                "reshape a vector to a row [1; n] or a column [n; 1]"

        let n = shape.Rank
        Expr.Make(Node.Transpose([ 0 .. n - 3 ] @ [ n - 1; n - 2 ], this))
