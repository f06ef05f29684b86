namespace DL1

/// Special functions of one element, or of two, composed of primitives; each has the derivative of its definition, not
/// that of its approximation. An f32 operand is computed in f64 and rounded once. Their errors are in docs/numerics.md.
[<RequireQualifiedAccess>]
module Special =
    // A function with its derivative, both from the operand.
    let private differentiable name (value: Expr -> Expr) (slope: Expr -> Expr) (x: Expr) : Expr =
        Operand.requireFloat name x
        Scan.custom name (fun xs -> value xs.Head) (fun xs dy -> [ dy * slope xs.Head ]) [ x ]

    // Computes in f64, and gives the operand's type back.
    let private inDouble (f: Expr -> Expr) (x: Expr) : Expr =
        if x.DType = DType.F64 then
            f x
        else
            Expr.cast DType.F64 x |> f |> Expr.cast x.DType

    let private log2e, private log10e = 1.4426950408889634074, 0.43429448190325182765

    // A logarithm to a base; exact where x is a whole power of it.
    let private logarithm (name: string) (numberBase: float) (scale: float) =
        differentiable
            name
            (fun x ->
                let value = log x * scale
                let whole = round value
                Expr.where (Expr.equal (lit numberBase ** whole) x) whole value)
            (fun x -> scale / x)

    /// The logarithm to base 2, exact for whole powers of 2: −∞ at 0, NaN below. `Special.log2 x`
    let log2 (x: Expr) : Expr = logarithm "log2" 2.0 log2e x

    /// The logarithm to base 10, exact for whole powers of 10: −∞ at 0, NaN below. `Special.log10 x`
    let log10 (x: Expr) : Expr = logarithm "log10" 10.0 log10e x

    /// 2ˣ. `Special.exp2 x`
    let exp2 (x: Expr) : Expr = lit 2.0 ** x

    // Beyond this, 1 + x² is x² to the last digit, and x² does not overflow yet.
    let private large = 1e8
    let private log2OfE = 0.69314718055994530942

    /// The inverse hyperbolic sine; its derivative is 0 where x² overflows. `Special.asinh x`
    let asinh (x: Expr) : Expr =
        x
        |> differentiable
            "asinh"
            (inDouble (fun x ->
                let size = abs x
                let held = Expr.minimum size (lit large)
                let small = Expr.log1p (held + held * held / (1.0 + sqrt (held * held + 1.0)))
                let value = Expr.where (size .> large) (log size + log2OfE) small
                Expr.where (x .< 0.0) -value value))
            (fun x -> Expr.rsqrt (x * x + 1.0))

    /// The inverse hyperbolic cosine, 0 or more: NaN below 1; its derivative is 0 where x² overflows.
    /// `Special.acosh x`
    let acosh (x: Expr) : Expr =
        x
        |> differentiable
            "acosh"
            (inDouble (fun x ->
                let above = Expr.minimum x (lit large) - 1.0
                let small = Expr.log1p (above + sqrt (above * (above + 2.0)))
                Expr.where (x .> large) (log x + log2OfE) small))
            (fun x -> Expr.rsqrt ((x - 1.0) * (x + 1.0)))

    /// The inverse hyperbolic tangent: ±∞ at ±1, NaN beyond. `Special.atanh x`
    let atanh (x: Expr) : Expr =
        x
        |> differentiable "atanh" (fun x -> 0.5 * (Expr.log1p x - Expr.log1p -x)) (fun x ->
            1.0 / ((1.0 - x) * (1.0 + x)))

    /// The angle of the point (x, y) in radians, in [−π, π], with the signs of zero that IEEE 754 asks for; its
    /// derivatives at the origin are 0, as in PyTorch. The operands broadcast. `Special.atan2 y x`
    let atan2 (y: Expr) (x: Expr) : Expr = Expr.Atan2(y, x)

    /// 1 − erf x, accurate where it is small (Cody 1969). `Special.erfc x`
    let erfc (x: Expr) : Expr =
        x
        |> differentiable "erfc" (inDouble ErfTails.complement) (fun x ->
            -1.1283791670955125739 * exp (-x * x))

    /// The inverse of the error function: ±∞ at ±1, NaN beyond (Wichura 1988). `Special.erfInv x`
    let erfInv (x: Expr) : Expr =
        x
        |> differentiable "erfInv" (inDouble ErfTails.inverse) (fun x ->
            let y = inDouble ErfTails.inverse x
            0.88622692545275801365 * exp (y * y))

    /// log(x / (1 − x)), the inverse of the sigmoid: ±∞ at 1 and 0, NaN outside [0, 1]. `Special.logit p`
    let logit (x: Expr) : Expr = log x - Expr.log1p -x

    /// ψ(x), the derivative of log Γ: −∞ at 0, NaN at negative whole numbers, as in PyTorch. `Special.digamma x`
    let digamma (x: Expr) : Expr =
        x
        |> differentiable
            "digamma"
            (inDouble (fun x ->
                let value = Expr.where (Gamma.isPole x) (lit nan) (Gamma.digamma x)
                Expr.where (Expr.equal x (lit 0.0)) -(Expr.reciprocal x) value))
            (inDouble Gamma.trigamma)

    /// log |Γ(x)|: ∞ at 0 and at negative whole numbers. `Special.logGamma x`
    let logGamma (x: Expr) : Expr =
        x
        |> differentiable
            "logGamma"
            (inDouble (fun x ->
                let isInfinite = Expr.either (Gamma.isPole x) (Expr.equal (abs x) (lit infinity))
                Expr.where isInfinite (lit infinity) (Gamma.logarithm x)))
            digamma

    /// sin(πx) / (πx), and 1 at 0. `Special.sinc x`
    let sinc (x: Expr) : Expr =
        let isZero = Expr.equal x (lit 0.0)
        let angle = System.Math.PI * Expr.where isZero (lit 1.0) x
        Expr.where isZero (lit 1.0) (sin angle / angle)
