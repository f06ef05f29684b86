namespace DL1

open DL1.PointwiseOperators

/// Remainders and whole quotients towards 0, of floats and of whole numbers: what `%` is made of.
[<RequireQualifiedAccess>]
module internal Remainder =
    /// What is lost when a product is rounded (Dekker 1971): halves of 26 bits, whose products are exact.
    let private lost (x: 'e) (y: 'e) (product: 'e) : 'e :> IExpression<'e> =
        let halves (v: 'e) =
            let scaled = 'e.Literal 134217729.0 * v
            let high = scaled - (scaled - v)
            high, v - high

        let (xh, xl), (yh, yl) = halves x, halves y
        xl * yl - (((product - xh * yh) - xl * yh) - xh * yl)

    /// The remainder of magnitudes a and b in f64, from 0 to b.
    let private ofMagnitudes (a: 'e) (b: 'e) : 'e :> IExpression<'e> =
        // So that halves do not overflow; the quotient stays.
        let scale = where (a .> 'e.Literal 1e280) ('e.Literal 5.421010862427522e-20) ('e.Literal 1.0)
        let a', b' = a * scale, b * scale
        let quotient = floor (a' / b')
        let product = quotient * b'
        let rest = (a' - product) - lost quotient b' product
        let rest = where (rest .< 'e.Literal 0.0) (rest + b') rest
        let rest = where (rest .>= b') (rest - b') rest
        let rest = where (quotient .>= 'e.Literal 9007199254740992.0) ('e.Literal nan) rest
        where (a .< b) a (rest / scale)

    /// The remainder of floats with the sign of a, computed in f64.
    let truncated (a: 'e) (b: 'e) : 'e :> IExpression<'e> =
        let rest = ofMagnitudes (abs a) (abs b)
        where (a .< 'e.Literal 0.0) -rest rest

    /// The whole quotient of whole numbers towards 0: a first one in f64, and what its remainder holds.
    let wholeQuotient (a: 'e) (b: 'e) : 'e :> IExpression<'e> =
        let zero = 'e.Literal 0.0
        let isZero = b .= zero
        let divisor = where isZero ('e.Literal 1.0) b

        let quotient (x: 'e) =
            Pointwise.truncate (Pointwise.cast DType.F64 x / Pointwise.cast DType.F64 divisor)
            |> Pointwise.cast a.DType

        let first = quotient a
        let second = first + quotient (a - divisor * first)
        let rest = a - divisor * second
        // Towards 0, the remainder has the sign of a.
        let unit = sign a * sign divisor
        let isBeyond = both (rest .<> zero) ((rest .< zero) .<> (a .< zero))
        let isShort = abs rest .>= abs divisor
        let whole = where isBeyond (second - unit) (where isShort (second + unit) second)
        where isZero zero whole

    /// Operands of one type of numbers, typed and stretched to one shape.
    let numbers operation (a: 'e) (b: 'e) : struct ('e * 'e) when 'e :> IExpression<'e> =
        let struct (a, b) = Pointwise.pair operation a b
        Operand.requireNumber operation a
        struct (a, b)

    /// A function of two floats, computed in f64.
    let inDouble (f: 'e -> 'e -> 'e) (a: 'e) (b: 'e) : 'e :> IExpression<'e> =
        if a.DType = DType.F64 then
            f a b
        else
            f (Pointwise.cast DType.F64 a) (Pointwise.cast DType.F64 b) |> Pointwise.cast a.DType

    /// The remainder with the sign of a; its derivatives are 1 and minus the whole quotient.
    let fmod (a: 'e) (b: 'e) : 'e :> IExpression<'e> =
        let struct (a, b) = numbers "fmod" a b

        if a.DType.IsFloat then
            let gradients (a: 'e) (b: 'e) (dy: 'e) = [ dy; -(dy * Pointwise.truncate (a / b)) ]
            Pointwise.custom "fmod" (inDouble truncated) gradients a b
        else
            a - b * wholeQuotient a b
