namespace DL1

open System
open System.Diagnostics
open System.Runtime.CompilerServices
open DL1.Notebooks

/// An immutable expression: a node, with its element type, its shape, and a digest of its content. Equality is
/// equality of digests. Operators and functions build larger expressions; shapes and types are checked at once.
[<Sealed; DebuggerDisplay("{Label,nq}: {DType,nq} {Shape,nq}"); StructuredFormatDisplay("{Display}")>]
[<TypeFormatterSource(typeof<FormulaSource>, PreferredMimeTypes = [| "text/latex" |])>]
type Expr private (node: Node<Expr>, dtype: DType, shape: Shape, digest: Digest, isLiteral: bool) =
    let origin = Making.Origin
    /// The form of this node, over its operands.
    member _.Node = node
    /// The element type.
    member _.DType = dtype
    /// The shape.
    member _.Shape = shape
    /// 128 bits that stand for the content.
    member _.Digest = digest
    /// Whether this is made of numbers without a type of their own, such as `lit 2.0`, `sqrt (lit 2.0)` or a choice between
    /// two of them: it takes the type of what it meets.
    member internal _.IsLiteral = isLiteral
    /// The layer that it was made in, if any: of no account to what it is.
    member internal _.Origin = origin

    /// What it is called in an error: a variable's name, a scalar constant's value, or the operation that made it.
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

    interface IExpression<Expr> with
        static member Make node = Expr.Make node
        static member Literal value = Expr.Literal value
        member _.IsLiteral = isLiteral

    interface INotebookFormula with
        member this.Latex = Latex.ofExpr this
        member this.Html = Html.pre (this.ToString())

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
        Expr(node, dtype, shape, Expr.DigestOf(node, dtype, shape), Literals.isMadeOf node dtype)

    /// A number without a type of its own: f64 by itself, the type of the other operand beside one.
    /// `Expr.Literal 2.0`
    static member Literal(value: float) =
        let tensor = Tensor.scalar value
        let node = Node.Constant tensor
        Expr(node, DType.F64, Shape.Scalar, Expr.DigestOf(node, DType.F64, Shape.Scalar), true)

    /// A tensor as a constant. `Expr.Constant tensor`
    static member Constant(value: Tensor) = Expr.Make(Node.Constant value)

    /// Converts an untyped expression to the type of the other operand; returns a typed expression unchanged.
    static member internal Typed(operation: string, other: Expr, e: Expr) = Literals.typed operation other e

    /// Tensors of which those made of literals take the type of the first that is not.
    static member internal Alike(operation: string, es: Expr list) = Literals.alike operation es

    /// Stretches an operand to a shape; one that has it already is left as it is.
    static member internal Stretch(shape: Shape, e: Expr) = Pointwise.stretch shape e

    /// Two operands with one type, literals typed, broadcast to one shape.
    static member internal Pair(operation: string, a: Expr, b: Expr) = Pointwise.pair operation a b

    /// The first operand where the condition holds, the second elsewhere; all three broadcast.
    static member internal Choose(condition: Expr, a: Expr, b: Expr) = Pointwise.choose condition a b

    static member internal OfUnary(op: UnaryOp, x: Expr) : Expr = Pointwise.unary op x
    static member internal OfBinary(op: BinaryOp, a: Expr, b: Expr) : Expr = Pointwise.binary op a b
    static member internal OfCompare(op: CompareOp, a: Expr, b: Expr) : Expr = Pointwise.compare op a b

    // Numbers become literals (an F# operator applies no implicit conversion, hence its overloads for numbers). C# would convert
    // long to float32 where there is such an overload, and lose digits: its priority keeps C# at the one for float. Conversions have
    // no priority, hence those of long, uint and ulong.
    /// A number as an expression, without a type of its own. `Expr e = 2.0;`
    static member op_Implicit(value: float) : Expr = Expr.Literal value
    /// A number as an expression, without a type of its own. `Expr e = 2f;`
    static member op_Implicit(value: float32) : Expr = Expr.Literal(float value)
    /// A number as an expression, without a type of its own. `Expr e = 2;`
    static member op_Implicit(value: int) : Expr = Expr.Literal(float value)
    /// A number as an expression, without a type of its own; above 2⁵³ the next double. `Expr e = 2L;`
    static member op_Implicit(value: int64) : Expr = Expr.Literal(float value)
    /// A number as an expression, without a type of its own. `Expr e = 2u;`
    static member op_Implicit(value: uint32) : Expr = Expr.Literal(float value)
    /// A number as an expression, without a type of its own; above 2⁵³ the next double. `Expr e = 2ul;`
    static member op_Implicit(value: uint64) : Expr = Expr.Literal(float value)
    /// A tensor as a constant. `Expr e = tensor;`
    static member op_Implicit(value: Tensor) : Expr = Expr.Constant value

    /// The sum of elements: numbers of one type, shapes that broadcast, else a `ShapeError`. `a + b`
    static member (+)(a: Expr, b: Expr) = Expr.OfBinary(BinaryOp.Add, a, b)
    /// The sum of elements; the number takes the expression's type. `a + 2.0`
    static member (+)(a: Expr, b: float) = a + Expr.Literal b
    /// The sum of elements; the number takes the expression's type. `2.0 + b`
    static member (+)(a: float, b: Expr) = Expr.Literal a + b
    /// The sum of elements; the number takes the expression's type. `a + 2`
    static member (+)(a: Expr, b: int) = a + float b
    /// The sum of elements; the number takes the expression's type. `2 + b`
    static member (+)(a: int, b: Expr) = float a + b

    /// The sum of elements; the number takes the expression's type. `a + 2.0f`
    [<OverloadResolutionPriority(-1)>]
    static member (+)(a: Expr, b: float32) = a + Expr.Literal(float b)

    /// The sum of elements; the number takes the expression's type. `2.0f + b`
    [<OverloadResolutionPriority(-1)>]
    static member (+)(a: float32, b: Expr) = Expr.Literal(float a) + b

    /// The difference of elements: numbers of one type, shapes that broadcast, else a `ShapeError`. `a - b`
    static member (-)(a: Expr, b: Expr) = Expr.OfBinary(BinaryOp.Sub, a, b)
    /// The difference of elements; the number takes the expression's type. `a - 2.0`
    static member (-)(a: Expr, b: float) = a - Expr.Literal b
    /// The difference of elements; the number takes the expression's type. `2.0 - b`
    static member (-)(a: float, b: Expr) = Expr.Literal a - b
    /// The difference of elements; the number takes the expression's type. `a - 2`
    static member (-)(a: Expr, b: int) = a - float b
    /// The difference of elements; the number takes the expression's type. `2 - b`
    static member (-)(a: int, b: Expr) = float a - b

    /// The difference of elements; the number takes the expression's type. `a - 2.0f`
    [<OverloadResolutionPriority(-1)>]
    static member (-)(a: Expr, b: float32) = a - Expr.Literal(float b)

    /// The difference of elements; the number takes the expression's type. `2.0f - b`
    [<OverloadResolutionPriority(-1)>]
    static member (-)(a: float32, b: Expr) = Expr.Literal(float a) - b

    /// The product of elements, not of matrices: numbers of one type, shapes that broadcast, else a `ShapeError`. `a * b`
    static member (*)(a: Expr, b: Expr) = Expr.OfBinary(BinaryOp.Mul, a, b)
    /// The product of elements, not of matrices; the number takes the expression's type. `a * 2.0`
    static member (*)(a: Expr, b: float) = a * Expr.Literal b
    /// The product of elements, not of matrices; the number takes the expression's type. `2.0 * b`
    static member (*)(a: float, b: Expr) = Expr.Literal a * b
    /// The product of elements; the number takes the expression's type. `a * 2`
    static member (*)(a: Expr, b: int) = a * float b
    /// The product of elements; the number takes the expression's type. `2 * b`
    static member (*)(a: int, b: Expr) = float a * b

    /// The product of elements; the number takes the expression's type. `a * 2.0f`
    [<OverloadResolutionPriority(-1)>]
    static member (*)(a: Expr, b: float32) = a * Expr.Literal(float b)

    /// The product of elements; the number takes the expression's type. `2.0f * b`
    [<OverloadResolutionPriority(-1)>]
    static member (*)(a: float32, b: Expr) = Expr.Literal(float a) * b

    /// The quotient of elements: f32 or f64 of one type, shapes that broadcast, else a `ShapeError`. `a / b`
    static member (/)(a: Expr, b: Expr) = Expr.OfBinary(BinaryOp.Div, a, b)
    /// The quotient of elements; the number takes the expression's type. `a / 2.0`
    static member (/)(a: Expr, b: float) = a / Expr.Literal b
    /// The quotient of elements; the number takes the expression's type. `2.0 / b`
    static member (/)(a: float, b: Expr) = Expr.Literal a / b
    /// The quotient of elements; the number takes the expression's type. `a / 2`
    static member (/)(a: Expr, b: int) = a / float b
    /// The quotient of elements; the number takes the expression's type. `2 / b`
    static member (/)(a: int, b: Expr) = float a / b

    /// The quotient of elements; the number takes the expression's type. `a / 2.0f`
    [<OverloadResolutionPriority(-1)>]
    static member (/)(a: Expr, b: float32) = a / Expr.Literal(float b)

    /// The quotient of elements; the number takes the expression's type. `2.0f / b`
    [<OverloadResolutionPriority(-1)>]
    static member (/)(a: float32, b: Expr) = Expr.Literal(float a) / b

    /// aᵇ for each element: f32 or f64, shapes that broadcast, else a `ShapeError`. `a ** b`
    static member Pow(a: Expr, b: Expr) = Expr.OfBinary(BinaryOp.Pow, a, b)
    /// aᵇ for each element; the number takes the expression's type. `a ** 2.0`
    static member Pow(a: Expr, b: float) = Expr.OfBinary(BinaryOp.Pow, a, Expr.Literal b)
    /// aᵇ for each element; the number takes the expression's type. `a ** 2`
    static member Pow(a: Expr, b: int) = Expr.Pow(a, float b)

    /// aᵇ for each element; the number takes the expression's type. `a ** 0.5f`
    [<OverloadResolutionPriority(-1)>]
    static member Pow(a: Expr, b: float32) = Expr.Pow(a, float b)

    /// aᵇ for each element; the number takes the expression's type. `Expr.Pow(2.0, b)`
    static member Pow(a: float, b: Expr) = Expr.OfBinary(BinaryOp.Pow, Expr.Literal a, b)
    /// aᵇ for each element; the number takes the expression's type. `Expr.Pow(2, b)`
    static member Pow(a: int, b: Expr) = Expr.Pow(float a, b)

    /// aᵇ for each element; the number takes the expression's type. `Expr.Pow(2.0f, b)`
    [<OverloadResolutionPriority(-1)>]
    static member Pow(a: float32, b: Expr) = Expr.Pow(float a, b)

    /// The remainder with the sign of a, as `%` of numbers: NaN by 0, and a by 0 for whole numbers. Its derivatives are 1 and
    /// minus the whole quotient. Numbers of one type, shapes that broadcast, else a `ShapeError`. `a % b`
    static member (%)(a: Expr, b: Expr) : Expr = Remainder.fmod a b
    /// The remainder with the sign of a; the number takes the expression's type. `a % 2.0`
    static member (%)(a: Expr, b: float) = a % Expr.Literal b
    /// The remainder with the sign of a; the number takes the expression's type. `7.0 % b`
    static member (%)(a: float, b: Expr) = Expr.Literal a % b
    /// The remainder with the sign of a; the number takes the expression's type. `a % 2`
    static member (%)(a: Expr, b: int) = a % float b
    /// The remainder with the sign of a; the number takes the expression's type. `7 % b`
    static member (%)(a: int, b: Expr) = float a % b

    /// The remainder with the sign of a; the number takes the expression's type. `a % 2.0f`
    [<OverloadResolutionPriority(-1)>]
    static member (%)(a: Expr, b: float32) = a % Expr.Literal(float b)

    /// The remainder with the sign of a; the number takes the expression's type. `7.0f % b`
    [<OverloadResolutionPriority(-1)>]
    static member (%)(a: float32, b: Expr) = Expr.Literal(float a) % b

    /// The number 0 without a type of its own: where `List.sum` begins. `List.sum [ a; b ]`
    static member Zero = Expr.Literal 0.0
    /// The number 1 without a type of its own: `pown x 0`. Other powers by `pown` are products. `pown x 3`
    static member One = Expr.Literal 1.0
    /// −x for each element; truth values are refused. `-x`
    static member (~-)(x: Expr) = Expr.OfUnary(UnaryOp.Neg, x)

    // Comparisons: `x > 0` in C#, `x .> 0.0` in F#. (Equality stays that of expressions: Expr.equal compares elements.)
    /// Where a is smaller, as truth values, in C#. `a < b`
    static member op_LessThan(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Lt, a, b)
    /// Where a is smaller: numbers of one type, shapes that broadcast, else a `ShapeError`. `a .< b`
    static member Less(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Lt, a, b)
    /// Where a is smaller than a number, which takes its type. `a .< 0.0`
    static member Less(a: Expr, b: float) = Expr.OfCompare(CompareOp.Lt, a, Expr.Literal b)
    /// Where a number, which takes b's type, is smaller. `0.0 .< b`
    static member Less(a: float, b: Expr) = Expr.OfCompare(CompareOp.Lt, Expr.Literal a, b)
    /// Where a is smaller than a number, which takes its type. `a .< 0`
    static member Less(a: Expr, b: int) = Expr.Less(a, float b)
    /// Where a number, which takes b's type, is smaller. `0 .< b`
    static member Less(a: int, b: Expr) = Expr.Less(float a, b)

    /// Where a is smaller than a number, which takes its type. `a .< 0.0f`
    [<OverloadResolutionPriority(-1)>]
    static member Less(a: Expr, b: float32) = Expr.Less(a, float b)

    /// Where a number, which takes b's type, is smaller. `0.0f .< b`
    [<OverloadResolutionPriority(-1)>]
    static member Less(a: float32, b: Expr) = Expr.Less(float a, b)

    /// Where a is larger, as truth values, in C#. `a > b`
    static member op_GreaterThan(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Gt, a, b)
    /// Where a is larger: numbers of one type, shapes that broadcast, else a `ShapeError`. `a .> b`
    static member Greater(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Gt, a, b)
    /// Where a is larger than a number, which takes its type. `a .> 0.0`
    static member Greater(a: Expr, b: float) = Expr.OfCompare(CompareOp.Gt, a, Expr.Literal b)
    /// Where a number, which takes b's type, is larger. `0.0 .> b`
    static member Greater(a: float, b: Expr) = Expr.OfCompare(CompareOp.Gt, Expr.Literal a, b)
    /// Where a is larger than a number, which takes its type. `a .> 0`
    static member Greater(a: Expr, b: int) = Expr.Greater(a, float b)
    /// Where a number, which takes b's type, is larger. `0 .> b`
    static member Greater(a: int, b: Expr) = Expr.Greater(float a, b)

    /// Where a is larger than a number, which takes its type. `a .> 0.0f`
    [<OverloadResolutionPriority(-1)>]
    static member Greater(a: Expr, b: float32) = Expr.Greater(a, float b)

    /// Where a number, which takes b's type, is larger. `0.0f .> b`
    [<OverloadResolutionPriority(-1)>]
    static member Greater(a: float32, b: Expr) = Expr.Greater(float a, b)

    /// Where a is smaller or equal, as truth values, in C#. `a <= b`
    static member op_LessThanOrEqual(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Le, a, b)
    /// Where a is smaller or equal: numbers of one type, shapes that broadcast, else a `ShapeError`. `a .<= b`
    static member LessEqual(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Le, a, b)
    /// Where a is smaller than, or equal to, a number, which takes its type. `a .<= 0.0`
    static member LessEqual(a: Expr, b: float) = Expr.OfCompare(CompareOp.Le, a, Expr.Literal b)
    /// Where a number, which takes b's type, is smaller or equal. `0.0 .<= b`
    static member LessEqual(a: float, b: Expr) = Expr.OfCompare(CompareOp.Le, Expr.Literal a, b)
    /// Where a is smaller than, or equal to, a number, which takes its type. `a .<= 0`
    static member LessEqual(a: Expr, b: int) = Expr.LessEqual(a, float b)
    /// Where a number, which takes b's type, is smaller or equal. `0 .<= b`
    static member LessEqual(a: int, b: Expr) = Expr.LessEqual(float a, b)

    /// Where a is smaller than, or equal to, a number, which takes its type. `a .<= 0.0f`
    [<OverloadResolutionPriority(-1)>]
    static member LessEqual(a: Expr, b: float32) = Expr.LessEqual(a, float b)

    /// Where a number, which takes b's type, is smaller or equal. `0.0f .<= b`
    [<OverloadResolutionPriority(-1)>]
    static member LessEqual(a: float32, b: Expr) = Expr.LessEqual(float a, b)

    /// Where a is larger or equal, as truth values, in C#. `a >= b`
    static member op_GreaterThanOrEqual(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Ge, a, b)
    /// Where a is larger or equal: numbers of one type, shapes that broadcast, else a `ShapeError`. `a .>= b`
    static member GreaterEqual(a: Expr, b: Expr) = Expr.OfCompare(CompareOp.Ge, a, b)
    /// Where a is larger than, or equal to, a number, which takes its type. `a .>= 0.0`
    static member GreaterEqual(a: Expr, b: float) = Expr.OfCompare(CompareOp.Ge, a, Expr.Literal b)
    /// Where a number, which takes b's type, is larger or equal. `0.0 .>= b`
    static member GreaterEqual(a: float, b: Expr) = Expr.OfCompare(CompareOp.Ge, Expr.Literal a, b)
    /// Where a is larger than, or equal to, a number, which takes its type. `a .>= 0`
    static member GreaterEqual(a: Expr, b: int) = Expr.GreaterEqual(a, float b)
    /// Where a number, which takes b's type, is larger or equal. `0 .>= b`
    static member GreaterEqual(a: int, b: Expr) = Expr.GreaterEqual(float a, b)

    /// Where a is larger than, or equal to, a number, which takes its type. `a .>= 0.0f`
    [<OverloadResolutionPriority(-1)>]
    static member GreaterEqual(a: Expr, b: float32) = Expr.GreaterEqual(a, float b)

    /// Where a number, which takes b's type, is larger or equal. `0.0f .>= b`
    [<OverloadResolutionPriority(-1)>]
    static member GreaterEqual(a: float32, b: Expr) = Expr.GreaterEqual(float a, b)

    // What F#'s own functions look for, so that `sin x` and `x ** 2.0 * sqrt x` work as they stand: for each element,
    // f32 or f64 (`abs` also integers); another type is a `ShapeError`.
    /// |x|, with derivative 0 at 0. `abs x`
    static member Abs(x: Expr) = Expr.OfUnary(UnaryOp.Abs, x)
    /// The largest whole number that is not above x; its derivative is 0. `floor x`
    static member Floor(x: Expr) = Expr.OfUnary(UnaryOp.Floor, x)
    /// The smallest whole number that is not below x; its derivative is 0. `ceil x`
    static member Ceiling(x: Expr) = Expr.OfUnary(UnaryOp.Ceiling, x)
    /// The nearest whole number, halves to even; its derivative is 0. `round x`
    static member Round(x: Expr) = Expr.OfUnary(UnaryOp.Round, x)
    /// eˣ. `exp x`
    static member Exp(x: Expr) = Expr.OfUnary(UnaryOp.Exp, x)
    /// The natural logarithm: −∞ at 0, NaN below. `log x`
    static member Log(x: Expr) = Expr.OfUnary(UnaryOp.Log, x)
    /// √x: NaN below 0; its derivative at 0 is infinite. `sqrt x`
    static member Sqrt(x: Expr) = Expr.OfUnary(UnaryOp.Sqrt, x)
    /// The logarithm to base 10, `log x / log 10`: −∞ at 0, NaN below. `log10 x`
    static member Log10(x: Expr) = log x / log (Expr.Literal 10.0)

    /// The whole number next to x towards 0; its derivative is 0. `truncate x`
    static member Truncate(x: Expr) : Expr = Pointwise.truncate x

    /// The sine of an angle in radians. `sin x`
    static member Sin(x: Expr) = Expr.OfUnary(UnaryOp.Sin, x)
    /// The cosine of an angle in radians. `cos x`
    static member Cos(x: Expr) = Expr.OfUnary(UnaryOp.Cos, x)
    /// The tangent of an angle in radians. `tan x`
    static member Tan(x: Expr) = Expr.OfUnary(UnaryOp.Tan, x)
    /// The inverse sine, in [−π/2, π/2]: NaN outside [−1, 1]. `asin x`
    static member Asin(x: Expr) = Expr.OfUnary(UnaryOp.Asin, x)
    /// The inverse cosine, in [0, π]: NaN outside [−1, 1]. `acos x`
    static member Acos(x: Expr) = Expr.OfUnary(UnaryOp.Acos, x)
    /// The inverse tangent, in [−π/2, π/2]. `atan x`
    static member Atan(x: Expr) = Expr.OfUnary(UnaryOp.Atan, x)
    /// The angle of the point (x, y) in radians, in [−π, π], with the signs of zero that IEEE 754 asks for; its derivatives at
    /// the origin are 0, as in PyTorch. f32 or f64 of one type, shapes that broadcast, else a `ShapeError`. `atan2 y x`
    static member Atan2(y: Expr, x: Expr) : Expr = Angle.atan2 y x
    /// The hyperbolic sine. `sinh x`
    static member Sinh(x: Expr) = Expr.OfUnary(UnaryOp.Sinh, x)
    /// The hyperbolic cosine. `cosh x`
    static member Cosh(x: Expr) = Expr.OfUnary(UnaryOp.Cosh, x)
    /// The hyperbolic tangent. `tanh x`
    static member Tanh(x: Expr) = Expr.OfUnary(UnaryOp.Tanh, x)

    /// The transpose of a matrix, or of each matrix of a stack: the last two axes change places. Fewer than two axes
    /// are a `ShapeError`. `x.T`
    member this.T =
        if shape.Rank < 2 then
            Refuse.shape
                "transpose"
                (Operand.text this)
                "at least two axes"
                "reshape a vector to a row [1; n] or a column [n; 1]"

        let n = shape.Rank
        Expr.Make(Node.Transpose([ 0 .. n - 3 ] @ [ n - 1; n - 2 ], this))

    /// The element of a vector, or the row of a matrix; a negative index counts from the end. One that is not there is a
    /// `ShapeError`. `v[0]`
    member this.Item
        with get (i: int): Expr = Slicing.take [ SliceIndex.At i ] this

    /// The element of a matrix; of more axes, what follows is taken whole. `m[0, 1]`
    member this.Item
        with get (i: int, j: int): Expr = Slicing.take [ SliceIndex.At i; SliceIndex.At j ] this

    /// The element of a tensor of three axes; of more, what follows is taken whole. `t[0, 1, 2]`
    member this.Item
        with get (i: int, j: int, k: int): Expr =
            Slicing.take [ SliceIndex.At i; SliceIndex.At j; SliceIndex.At k ] this

    /// The element of a tensor of four axes; of more, what follows is taken whole. `t[0, 1, 2, 3]`
    member this.Item
        with get (i: int, j: int, k: int, l: int): Expr =
            Slicing.take [ SliceIndex.At i; SliceIndex.At j; SliceIndex.At k; SliceIndex.At l ] this

    /// The places from the first to the last along the leading axis; both are part of it. `v[1..3]`
    member this.GetSlice(first: int option, last: int option) : Expr =
        Slicing.take [ SliceIndex.Range(first, last) ] this

    /// A part of a matrix. `m[0..1, 1..]`
    member this.GetSlice
        (first0: int option, last0: int option, first1: int option, last1: int option)
        : Expr =
        Slicing.take [ SliceIndex.Range(first0, last0); SliceIndex.Range(first1, last1) ] this

    /// A part of a row. `m[0, 1..]`
    member this.GetSlice(i: int, first: int option, last: int option) : Expr =
        Slicing.take [ SliceIndex.At i; SliceIndex.Range(first, last) ] this

    /// A part of a column. `m[1.., 0]`
    member this.GetSlice(first: int option, last: int option, j: int) : Expr =
        Slicing.take [ SliceIndex.Range(first, last); SliceIndex.At j ] this
