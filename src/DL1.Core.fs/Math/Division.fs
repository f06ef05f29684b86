namespace DL1

/// Whole quotients and their remainders, of floats and of whole numbers. A remainder is exact where the quotient is below
/// 2⁵³, and NaN beyond. By 0, floats give NaN (quotients what the quotient is), whole numbers the quotient 0 and the
/// remainder a: an expression cannot refuse.
[<RequireQualifiedAccess>]
module Division =
    // What is lost when a product is rounded (Dekker 1971): halves of 26 bits, whose products are exact.
    let private lost (x: Expr) (y: Expr) (product: Expr) =
        let halves (v: Expr) =
            let scaled = 134217729.0 * v
            let high = scaled - (scaled - v)
            high, v - high

        let (xh, xl), (yh, yl) = halves x, halves y
        xl * yl - (((product - xh * yh) - xl * yh) - xh * yl)

    /// The remainder of magnitudes a and b in f64, from 0 to b.
    let private ofMagnitudes (a: Expr) (b: Expr) =
        // So that halves do not overflow; the quotient stays.
        let scale = Expr.where (a .> 1e280) (lit 5.421010862427522e-20) (lit 1.0)
        let a', b' = a * scale, b * scale
        let quotient = floor (a' / b')
        let product = quotient * b'
        let rest = (a' - product) - lost quotient b' product
        let rest = Expr.where (rest .< 0.0) (rest + b') rest
        let rest = Expr.where (rest .>= b') (rest - b') rest
        let rest = Expr.where (quotient .>= 9007199254740992.0) (lit nan) rest
        Expr.where (a .< b) a (rest / scale)

    let private inDouble (f: Expr -> Expr -> Expr) (a: Expr) (b: Expr) =
        if a.DType = DType.F64 then
            f a b
        else
            f (Expr.cast DType.F64 a) (Expr.cast DType.F64 b) |> Expr.cast a.DType

    let private truncated (a: Expr) (b: Expr) =
        let rest = ofMagnitudes (abs a) (abs b)
        Expr.where (a .< 0.0) -rest rest

    // Not 0, and of another sign than b.
    let private isAcross (rest: Expr) (b: Expr) =
        Expr.both (Expr.notEqual rest (lit 0.0)) (Expr.notEqual (rest .< 0.0) (b .< 0.0))

    let private floored (a: Expr) (b: Expr) =
        let rest = truncated a b
        Expr.where (isAcross rest b) (rest + b) rest

    /// The whole quotient of whole numbers towards 0: a first one in f64, and what its remainder holds.
    let private wholeQuotient (a: Expr) (b: Expr) =
        let isZero = Expr.equal b (lit 0.0)
        let divisor = Expr.where isZero (lit 1.0) b

        let quotient (x: Expr) =
            Elementwise.truncate (Expr.cast DType.F64 x / Expr.cast DType.F64 divisor) |> Expr.cast a.DType

        let first = quotient a
        let second = first + quotient (a - divisor * first)
        let rest = a - divisor * second
        // Towards 0, the remainder has the sign of a.
        let unit = Expr.unary UnaryOp.Sign a * Expr.unary UnaryOp.Sign divisor
        let isBeyond = Expr.both (Expr.notEqual rest (lit 0.0)) (Expr.notEqual (rest .< 0.0) (a .< 0.0))
        let isShort = abs rest .>= abs divisor
        let whole = Expr.where isBeyond (second - unit) (Expr.where isShort (second + unit) second)
        Expr.where isZero (lit 0.0) whole

    let private pair operation (a: Expr) (b: Expr) =
        let a, b = Expr.Typed(operation, b, a), Expr.Typed(operation, a, b)
        Operand.requireSameType operation a b
        Operand.requireNumber operation a
        let shape = (a + b).Shape.ToList()
        Expr.broadcastTo shape a, Expr.broadcastTo shape b

    let private differentiable name (value: Expr -> Expr -> Expr) (quotient: Expr -> Expr -> Expr) a b =
        Scan.custom
            name
            (fun xs -> inDouble value xs[0] xs[1])
            (fun xs dy -> [ dy; -(dy * quotient xs[0] xs[1]) ])
            [ a; b ]

    /// a − b·⌊a/b⌋: the remainder with the sign of b, as Python's `%` and PyTorch's `remainder`; its derivatives are 1 and
    /// −⌊a/b⌋. The operands broadcast. `Division.remainder x y`
    let remainder (a: Expr) (b: Expr) : Expr =
        let a, b = pair "remainder" a b

        if a.DType.IsFloat then
            differentiable "remainder" floored (fun a b -> floor (a / b)) a b
        else
            let rest = a - b * wholeQuotient a b
            Expr.where (Expr.both (isAcross rest b) (Expr.notEqual b (lit 0.0))) (rest + b) rest

    /// The remainder with the sign of a, as C's `fmod` and `%`; its derivatives are 1 and minus the whole quotient. The
    /// operands broadcast. `Division.fmod x y`
    let fmod (a: Expr) (b: Expr) : Expr =
        let a, b = pair "fmod" a b

        if a.DType.IsFloat then
            differentiable "fmod" truncated (fun a b -> Elementwise.truncate (a / b)) a b
        else
            a - b * wholeQuotient a b

    /// The largest whole number that is not above a/b, as Python's `//`; its derivative is 0. Of floats it is ⌊a/b⌋ of the
    /// rounded quotient; of i64 it is exact up to 2⁶². The operands broadcast. `Division.floorDivide x y`
    let floorDivide (a: Expr) (b: Expr) : Expr =
        let a, b = pair "floorDivide" a b

        if a.DType.IsFloat then
            floor (a / b)
        else
            let whole = wholeQuotient a b
            let isBelow = Expr.both (isAcross (a - b * whole) b) (Expr.notEqual b (lit 0.0))
            Expr.where isBelow (whole - 1.0) whole

    /// The whole part of a/b, towards 0, as C's `/` of whole numbers; its derivative is 0. The operands broadcast.
    /// `Division.truncDivide x y`
    let truncDivide (a: Expr) (b: Expr) : Expr =
        let a, b = pair "truncDivide" a b

        if a.DType.IsFloat then Elementwise.truncate (a / b) else wholeQuotient a b
