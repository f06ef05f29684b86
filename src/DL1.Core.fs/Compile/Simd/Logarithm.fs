namespace DL1.Compiler.Simd

open DL1.Compiler.Simd.Lanewise

/// log, log1p and softplus. x = 2ᵏ·(1 + f) with 1 + f in [√½, √2), and with s = f / (2 + f),
/// log(1 + f) = 2 artanh s = f − (f²/2 − s·(f²/2 + s²·R(s²))), as in FDLIBM's e_log.c (Sun Microsystems, 1993).
module internal Logarithm =
    /// R(s²) = (2 artanh s − 2 s) / s³ for f32. Without rounding, log(1 + f) made of it has a relative error below 2⁻³¹.
    let inline r32 z =
        like z 0.23553209006786346
        |> next z 0.2853906750679016
        |> next z 0.40000301599502563
        |> next z 0.6666666865348816

    /// R(s²) for f64. Without rounding, log(1 + f) made of it has a relative error below 2⁻⁵⁸.
    let inline r64 z =
        like z 0.1475796695661258
        |> next z 0.153180979380818
        |> next z 0.18183394121312824
        |> next z 0.22222202140248823
        |> next z 0.2857142870385995
        |> next z 0.3999999999961191
        |> next z 0.6666666666666698

    let inline leastNormal x = pick x 1.1754943508222875e-38 2.2250738585072014e-308

    /// The k for which x·2⁻ᵏ is in [√½, √2), for a normal positive x.
    let inline exponent x =
        // Adding the bits of 1 minus those of √½ makes a mantissa of √2 or more carry into the exponent.
        let biased = addBits x (subBits (like x 1.0) (like x 0.7071067811865476))
        // Puts the exponent into the lowest bits of 2²³ (f32) or 2⁵² (f64), then subtracts that power and the bias.
        (lowered biased ||| pick x 8388608.0 4503599627370496.0) - pick x 8388735.0 4503599627371519.0

    /// x·2⁻ᵏ.
    let inline mantissa x k = subBits x (raised (k + magic k))

    /// k·ln 2 + log(1 + f), for 1 + f in [√½, √2) and a whole k; `poly` is `r32` or `r64`.
    let inline combine ([<InlineIfLambda>] poly) k f =
        let s = f / (like f 2.0 + f)
        let z = s * s
        let half = like f 0.5 * f * f
        let rest = fma s (fma z (poly z) half) (k * pick f 1.4286068203094173e-06 5.497923018708371e-14)
        // k times the upper part of ln 2 is exact.
        k * pick f 0.693145751953125 0.6931471805598903 - ((half - rest) - f)

    /// `result` with the special cases of a logarithm: −∞ where x = `least`, NaN where x is less, x where x is +∞ or NaN.
    let inline ended least x result =
        let infinity = like x infinity
        let known = select (equal x least) (like x 0.0 - infinity) (select (equal x infinity) x result)
        select (less x least) (like x nan) (select (equal x x) known x)

    /// log x. If any lane is subnormal, 0, negative, infinite or NaN, all take a slower path through the same steps.
    let inline log ([<InlineIfLambda>] poly) x =
        let plain = allLess (leastNormal x) x && allLess x (like x infinity)

        // Scales subnormal lanes by 2²⁴ (f32) or 2⁵⁴ (f64) into the normal range.
        let normal =
            if plain then
                x
            else
                select (less x (leastNormal x)) (x * pick x 16777216.0 18014398509481984.0) x

        let e = exponent normal
        let f = mantissa normal e - like x 1.0

        let k = if plain then e else select (less x (leastNormal x)) (e - pick x 24.0 54.0) e

        let result = combine poly k f

        if plain then result else ended (like x 0.0) x result

    /// log(1 + x) for finite x > −1; +0 for −0.
    let inline log1pPlain ([<InlineIfLambda>] poly) x =
        let one = like x 1.0
        let u = one + x
        // The rounding error of u, by D. E. Knuth's sum of two.
        let v = u - one
        let lost = (one - (u - v)) + (x - v)
        let k = exponent u
        // lost·2⁻ᵏ, multiplied in an order in which 2⁻ᵏ does not overflow.
        combine poly k (fma (like x 0.5 * lost) (pow2 (one - k)) (mantissa u k - one))

    /// log(1 + x).
    let inline log1p ([<InlineIfLambda>] poly) x =
        let least = like x -1.0
        // The result gets the sign bit of x, so that −0 gives −0.
        let result = log1pPlain poly x ||| (x &&& like x -0.0)

        if allLess least x && allLess x (like x infinity) then
            result
        else
            ended least x result

    /// log(1 + exp x) = max(x, 0) + log(1 + exp(−|x|)).
    let inline softplus ([<InlineIfLambda>] q) ([<InlineIfLambda>] poly) x =
        let zero = like x 0.0
        let z = Exponential.exp q (x ||| like x -0.0)
        select (less x zero) zero x + log1pPlain poly z

    // The forms for each element type.
    let inline log32 x = log r32 x
    let inline log64 x = log r64 x
    let inline log1p32 x = log1p r32 x
    let inline log1p64 x = log1p r64 x
    let inline softplus32 x = softplus Exponential.q32 r32 x
    let inline softplus64 x = softplus Exponential.q64 r64 x
