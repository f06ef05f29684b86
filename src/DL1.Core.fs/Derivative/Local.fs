namespace DL1

/// The derivatives of elementwise primitives, as factors: what vjp, jvp, symbolic derivatives and `explain` share.
/// Where the derivative is not defined, the conventions are PyTorch's.
[<RequireQualifiedAccess>]
module internal Local =
    /// Truth values as 1 and 0 in the type of an expression.
    let indicator (x: Expr) (condition: Expr) = Expr.cast x.DType condition

    /// ∂y/∂x of y = op x; `None` where it is 0 everywhere that it is defined.
    let unary op (x: Expr) (y: Expr) : Expr option =
        match op with
        | UnaryOp.Neg -> Some(Expr.scalar x.DType -1.0)
        | UnaryOp.Abs -> Some(Expr.sign x)
        | UnaryOp.Exp -> Some y
        | UnaryOp.Expm1 -> Some(exp x)
        | UnaryOp.Log -> Some(1.0 / x)
        | UnaryOp.Log1p -> Some(1.0 / (1.0 + x))
        | UnaryOp.Sqrt -> Some(1.0 / (2.0 * y))
        | UnaryOp.Rsqrt -> Some(-0.5 * (y / x))
        | UnaryOp.Reciprocal -> Some(-(y * y))
        | UnaryOp.Sin -> Some(cos x)
        | UnaryOp.Cos -> Some(-(sin x))
        | UnaryOp.Tan -> Some(1.0 + y * y)
        | UnaryOp.Asin -> Some(1.0 / sqrt (1.0 - x * x))
        | UnaryOp.Acos -> Some(-1.0 / sqrt (1.0 - x * x))
        | UnaryOp.Atan -> Some(1.0 / (1.0 + x * x))
        | UnaryOp.Sinh -> Some(cosh x)
        | UnaryOp.Cosh -> Some(sinh x)
        | UnaryOp.Tanh -> Some(1.0 - y * y)
        | UnaryOp.Sigmoid -> Some(y * (1.0 - y))
        | UnaryOp.Softplus -> Some(Expr.sigmoid x)
        | UnaryOp.Erf -> Some(2.0 / sqrt System.Math.PI * exp (-(x * x)))
        | UnaryOp.Relu -> Some(indicator x (x .> 0.0))
        | UnaryOp.Sign
        | UnaryOp.Floor
        | UnaryOp.Ceiling
        | UnaryOp.Round
        | UnaryOp.Not -> None

    /// The factor of an operand that may win: 1 where it does, a half where both are equal, 0 elsewhere.
    let private share (loses: Expr) (x: Expr) (y: Expr) =
        Expr.where
            loses
            (Expr.zerosLike x)
            (Expr.where (Expr.equal x y) (Expr.scalar x.DType 0.5) (Expr.onesLike x))

    /// The number that an expression is everywhere, if it is a constant of one value, broadcast or not.
    let rec number (e: Expr) =
        match e.Node with
        | Node.Constant value when value.Size = 1 -> Some(Tensor.toFloat value)
        | Node.Broadcast(_, x)
        | Node.Reshape(_, x) -> number x
        | _ -> None

    /// Where xʸ has the derivative 0 by its exponent, by convention: at x = 0, for y ≥ 0.
    let isFlat (x: Expr) (y: Expr) = Expr.both (Expr.equal x (lit 0.0)) (y .>= 0.0)

    let private power (x: Expr) (y: Expr) (z: Expr) =
        let reduced = y * Expr.Pow(x, y - 1.0)

        let toBase =
            match number y with
            | Some 0.0 -> None
            | Some 1.0 -> Some(Expr.scalar x.DType 1.0)
            | Some 2.0 -> Some(2.0 * x)
            | Some n -> Some(n * Expr.Pow(x, n - 1.0))
            | None -> Some(Expr.where (Expr.equal y (lit 0.0)) (lit 0.0) reduced)

        toBase, Some(Expr.where (isFlat x y) (lit 0.0) (z * log x))

    /// ∂z/∂x and ∂z/∂y of z = op(x, y).
    let binary op (x: Expr) (y: Expr) (z: Expr) : Expr option * Expr option =
        let constant v = Some(Expr.scalar x.DType v)

        match op with
        | BinaryOp.Add -> constant 1.0, constant 1.0
        | BinaryOp.Sub -> constant 1.0, constant -1.0
        | BinaryOp.Mul -> Some y, Some x
        | BinaryOp.Div -> Some(1.0 / y), Some(-(z / y))
        | BinaryOp.Pow -> power x y z
        | BinaryOp.Max -> Some(share (x .< y) x y), Some(share (y .< x) x y)
        | BinaryOp.Min -> Some(share (x .> y) x y), Some(share (y .> x) x y)
        | BinaryOp.And
        | BinaryOp.Or -> None, None

    /// Whether log Σ exp is above −∞, which it is of nothing but −∞.
    let isAboveNothing (y: Expr) = Expr.notEqual y (lit System.Double.NegativeInfinity)

    /// The elements of an extremum as shares of the gradient: 1 over the number of elements that attain it.
    let extremumShare axes (x: Expr) (y: Expr) =
        let dims = x.Shape.ToList() |> List.mapi (fun i d -> if List.contains i axes then 1 else d)

        let attains = indicator x (Expr.equal x (Expr.reshape dims y))
        attains / Expr.reshape dims (Expr.sum axes attains)

    /// The product of the others, for each element along the axes: no division, so zeros do no harm. The elements
    /// are multiplied pairwise upwards, then each takes from above what its sibling does not hold.
    let productOfOthers (axes: int list) (x: Expr) =
        let kept = Expr.allAxes x |> List.except axes
        let order = kept @ axes
        let moved = Expr.transpose order x
        let lead = moved.Shape.ToList() |> List.take kept.Length
        let flat = Expr.reshape (lead @ [ axes |> List.fold (fun n axis -> n * x.Shape[axis]) 1 ]) moved

        let rec others (v: Expr) =
            let n = v.Shape[kept.Length]

            if n <= 1 then
                Expr.onesLike v
            else
                let last = kept.Length
                let half = (n + 1) / 2
                let zeros = List.replicate last 0
                let even = Expr.pad (zeros @ [ 0 ]) (zeros @ [ 2 * half - n ]) 1.0 v
                let pairs = Expr.reshape (lead @ [ half; 2 ]) even
                let above = Expr.expandDims -1 (others (Expr.prod [ last + 1 ] pairs))
                let siblings = Expr.reverse [ last + 1 ] pairs
                Expr.reshape (lead @ [ 2 * half ]) (above * siblings) |> Expr.sliceAxis last 0 n

        let inverse = [ 0 .. order.Length - 1 ] |> List.map (fun axis -> List.findIndex ((=) axis) order)
        others flat |> Expr.reshape (moved.Shape.ToList()) |> Expr.transpose inverse
