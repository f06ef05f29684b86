namespace DL1

/// Whole quotients and their remainders, of floats and of whole numbers. A remainder is exact where the quotient is below
/// 2⁵³, and NaN beyond. By 0, floats give NaN (quotients what the quotient is), whole numbers the quotient 0 and the
/// remainder a: an expression cannot refuse.
[<RequireQualifiedAccess>]
module Division =
    // Not 0, and of another sign than b.
    let private isAcross (rest: Expr) (b: Expr) =
        Expr.both (Expr.notEqual rest (lit 0.0)) (Expr.notEqual (rest .< 0.0) (b .< 0.0))

    let private floored (a: Expr) (b: Expr) =
        let rest = Remainder.truncated a b
        Expr.where (isAcross rest b) (rest + b) rest

    let private pair operation (a: Expr) (b: Expr) =
        let struct (a, b) = Remainder.numbers operation a b
        a, b

    let private differentiable name (value: Expr -> Expr -> Expr) (quotient: Expr -> Expr -> Expr) a b =
        Scan.custom
            name
            (fun xs -> Remainder.inDouble value xs[0] xs[1])
            (fun xs dy -> [ dy; -(dy * quotient xs[0] xs[1]) ])
            [ a; b ]

    /// a − b·⌊a/b⌋: the remainder with the sign of b, as Python's `%` and PyTorch's `remainder`; its derivatives are 1 and
    /// −⌊a/b⌋. The operands broadcast. `Division.remainder x y`
    let remainder (a: Expr) (b: Expr) : Expr =
        let a, b = pair "remainder" a b

        if a.DType.IsFloat then
            differentiable "remainder" floored (fun a b -> floor (a / b)) a b
        else
            let rest = a - b * Remainder.wholeQuotient a b
            Expr.where (Expr.both (isAcross rest b) (Expr.notEqual b (lit 0.0))) (rest + b) rest

    /// The remainder with the sign of a, as C's `fmod` and `%`; its derivatives are 1 and minus the whole quotient. The
    /// operands broadcast. `Division.fmod x y`
    let fmod (a: Expr) (b: Expr) : Expr = Remainder.fmod a b

    /// The largest whole number that is not above a/b, as Python's `//`; its derivative is 0. Of floats it is ⌊a/b⌋ of the
    /// rounded quotient; of i64 it is exact up to 2⁶². The operands broadcast. `Division.floorDivide x y`
    let floorDivide (a: Expr) (b: Expr) : Expr =
        let a, b = pair "floorDivide" a b

        if a.DType.IsFloat then
            floor (a / b)
        else
            let whole = Remainder.wholeQuotient a b
            let isBelow = Expr.both (isAcross (a - b * whole) b) (Expr.notEqual b (lit 0.0))
            Expr.where isBelow (whole - 1.0) whole

    /// The whole part of a/b, towards 0, as C's `/` of whole numbers; its derivative is 0. The operands broadcast.
    /// `Division.truncDivide x y`
    let truncDivide (a: Expr) (b: Expr) : Expr =
        let a, b = pair "truncDivide" a b

        if a.DType.IsFloat then
            Elementwise.truncate (a / b)
        else
            Remainder.wholeQuotient a b
