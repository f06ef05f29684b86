namespace DL1

open System

/// What each elementwise primitive means, for one element. Floating-point operations are computed in double and
/// rounded to the node's own type by the caller: for + − × ÷ and square roots that is the correctly rounded result.
[<RequireQualifiedAccess>]
module internal Scalar =
    /// The error function: a Taylor series near 0, and beyond it a continued fraction of its complement (Abramowitz
    /// and Stegun 7.1.5 and 7.1.14).
    let erf (x: float) =
        let a = abs x

        if Double.IsNaN x then
            x
        elif a < 2.5 then
            // Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!! times 2/√π·exp(−x²): every term is positive, nothing cancels.
            let mutable term = a
            let mutable sum = a
            let mutable n = 0.0

            while term > sum * 1e-17 do
                n <- n + 1.0
                term <- term * 2.0 * a * a / (2.0 * n + 1.0)
                sum <- sum + term

            Math.CopySign(2.0 / sqrt Math.PI * exp (-a * a) * sum, x)
        elif a > 6.0 then
            Math.CopySign(1.0, x)
        else
            let mutable fraction = a

            for k in 60..-1..1 do
                fraction <- a + float k / 2.0 / fraction

            Math.CopySign(1.0 - exp (-a * a) / (sqrt Math.PI * fraction), x)

    /// exp(x) − 1 without cancellation (Kahan's method).
    let expm1 (x: float) =
        if abs x > 0.5 then
            exp x - 1.0
        elif x = 0.0 then
            x
        else
            let u = exp x

            if u = 1.0 then x else (u - 1.0) * x / log u

    /// log(1 + x) without cancellation (Kahan's method).
    let log1p (x: float) =
        if x = 0.0 || x = Double.PositiveInfinity then
            x
        else
            let u = 1.0 + x
            if u = 1.0 then x else log u * (x / (u - 1.0))

    /// −1, 0 or 1; zeros keep their sign, and NaN stays.
    let signOf (x: float) = if Double.IsNaN x || x = 0.0 then x else float (sign x)

    /// 1 / (1 + exp(−x)): the exponent is never positive, so nothing overflows.
    let sigmoid (x: float) = if x >= 0.0 then 1.0 / (1.0 + exp -x) else exp x / (1.0 + exp x)

    /// log(1 + exp(x)), without overflow.
    let softplus (x: float) = max x 0.0 + log1p (exp -(abs x))

    /// max(x, 0), written so that NaN passes.
    let relu (x: float) = if x <= 0.0 then 0.0 else x

    /// A unary function of a float.
    let unary op (x: float) =
        match op with
        | UnaryOp.Neg -> -x
        | UnaryOp.Abs -> abs x
        | UnaryOp.Sign -> signOf x
        | UnaryOp.Floor -> floor x
        | UnaryOp.Ceiling -> ceil x
        | UnaryOp.Round -> Math.Round(x, MidpointRounding.ToEven)
        | UnaryOp.Exp -> exp x
        | UnaryOp.Expm1 -> expm1 x
        | UnaryOp.Log -> log x
        | UnaryOp.Log1p -> log1p x
        | UnaryOp.Sqrt -> sqrt x
        | UnaryOp.Rsqrt -> 1.0 / sqrt x
        | UnaryOp.Reciprocal -> 1.0 / x
        | UnaryOp.Sin -> sin x
        | UnaryOp.Cos -> cos x
        | UnaryOp.Tan -> tan x
        | UnaryOp.Asin -> asin x
        | UnaryOp.Acos -> acos x
        | UnaryOp.Atan -> atan x
        | UnaryOp.Sinh -> sinh x
        | UnaryOp.Cosh -> cosh x
        | UnaryOp.Tanh -> tanh x
        | UnaryOp.Sigmoid -> sigmoid x
        | UnaryOp.Softplus -> softplus x
        | UnaryOp.Erf -> erf x
        | UnaryOp.Relu -> relu x
        | UnaryOp.Not -> if x = 0.0 then 1.0 else 0.0

    /// A binary function of floats.
    let binary op (x: float) (y: float) =
        match op with
        | BinaryOp.Add -> x + y
        | BinaryOp.Sub -> x - y
        | BinaryOp.Mul -> x * y
        | BinaryOp.Div -> x / y
        | BinaryOp.Pow -> Math.Pow(x, y)
        | BinaryOp.Max -> Math.Max(x, y)
        | BinaryOp.Min -> Math.Min(x, y)
        | BinaryOp.And -> if x <> 0.0 && y <> 0.0 then 1.0 else 0.0
        | BinaryOp.Or -> if x <> 0.0 || y <> 0.0 then 1.0 else 0.0

    /// A unary function of a 64-bit integer; the forms that integers do not have are refused when the node is made.
    let unaryInteger op (x: int64) =
        match op with
        | UnaryOp.Neg -> -x
        | UnaryOp.Abs -> if x < 0L then -x else x
        | UnaryOp.Sign -> int64 (sign x)
        | UnaryOp.Relu -> max x 0L
        | other -> int64 (unary other (float x))

    /// A binary function of 64-bit integers, wrapping around.
    let binaryInteger op (x: int64) (y: int64) =
        match op with
        | BinaryOp.Add -> x + y
        | BinaryOp.Sub -> x - y
        | BinaryOp.Mul -> x * y
        | BinaryOp.Max -> max x y
        | BinaryOp.Min -> min x y
        | BinaryOp.And -> x &&& y
        | BinaryOp.Or -> x ||| y
        | BinaryOp.Div
        | BinaryOp.Pow -> int64 (binary op (float x) (float y))

    /// A comparison of two elements.
    let inline compare op x y =
        match op with
        | CompareOp.Eq -> x = y
        | CompareOp.Ne -> x <> y
        | CompareOp.Lt -> x < y
        | CompareOp.Le -> x <= y
        | CompareOp.Gt -> x > y
        | CompareOp.Ge -> x >= y
