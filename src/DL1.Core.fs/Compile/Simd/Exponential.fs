namespace DL1.Compiler.Simd

open DL1.Compiler.Simd.Lanewise

/// exp, expm1 and sigmoid. x = n·ln 2 + r with |r| ≤ ln 2 / 2, where ln 2 is subtracted in two parts, the upper one
/// first (W. J. Cody, W. Waite, "Software manual for the elementary functions", 1980); then
/// exp x = 2ⁿ·(1 + r + r²·q(r)). `q` is the minimax polynomial of each type.
module internal Exponential =
    /// (exp r − 1 − r) / r² for |r| ≤ 0.3467, in f32: the relative error of exp r is 2⁻³⁴.
    let inline q32 r square =
        pair r 0.00019918300677090883 0.0013945854734629393
        |> over square (pair r 0.008333264850080013 0.04166627302765846)
        |> over square (pair r 0.1666666716337204 0.5)

    /// (exp r − 1 − r) / r² for |r| ≤ 0.3467, in f64: the relative error of exp r is 2⁻⁵⁸.
    let inline q64 r square =
        let fourth = square * square

        pair r 2.5117832789151606e-08 2.7631333053766965e-07
        |> over
            fourth
            (pair r 2.755721637340247e-06 2.480148981111195e-05
             |> over square (pair r 0.00019841269917336417 0.0013888888947124354))
        |> over
            fourth
            (pair r 0.008333333333307203 0.04166666666651508
             |> over square (pair r 0.166666666666667 0.5000000000000013))

    /// x / ln 2 + `magic`: leaves n, the integer nearest to x / ln 2, in the lowest bits of the mantissa.
    let inline marked x = fma x (like x 1.4426950408889634) (magic x)

    /// n, the integer nearest to x / ln 2, as a float.
    let inline twos x = marked x - magic x

    /// x − n·(upper part of ln 2), exact.
    let inline upper x n = fma n (pick x -0.6931471824645996 -0.6931471805599453) x

    /// x − n·(lower part of ln 2).
    let inline lower x n = fma n (pick x 1.9046542121259336e-09 -2.3190468138462996e-17) x

    /// exp r − 1, with r = x − n·ln 2.
    let inline shortMinus1 ([<InlineIfLambda>] q) x n =
        let r = lower (upper x n) n
        let square = r * r
        fma square (q r square) r

    /// exp r − 1, with r = x − n·ln 2 and the rounding error of r (`rest`) added in.
    let inline reducedMinus1 ([<InlineIfLambda>] q) x n =
        let u = upper x n
        let r = lower u n
        let rest = lower (u - r) n
        let square = r * r
        r + fma square (q r square) rest

    /// exp x. If any lane is NaN or beyond ±87 (f32) or ±708 (f64), all take a slower path through the same steps,
    /// which handles infinities, overflow and subnormal results.
    let inline exp ([<InlineIfLambda>] q) x =
        if allWithin (pick x 87.0 708.0) x then
            let mark = marked x
            addBits (shortMinus1 q x (mark - magic x) + like x 1.0) (raised mark)
        else
            let bounded = atLeast (pick x -105.0 -750.0) (atMost (pick x 89.0 710.0) x)
            let n = twos bounded
            // 2ⁿ as two factors, neither of which overflows or underflows before the result does.
            let half = nearest (n * like x 0.5)
            (shortMinus1 q bounded n + like x 1.0) * pow2 half * pow2 (n - half)

    /// exp x − 1.
    let inline expm1 ([<InlineIfLambda>] q) x =
        let bounded = atLeast (pick x -20.0 -40.0) (atMost (pick x 89.0 710.0) x)
        let n = twos bounded
        let p = reducedMinus1 q bounded n
        // Computes half of the result, and doubles it at the end: 2ⁿ may overflow where the result does not.
        let t = pow2 (n - like x 1.0)
        let h = fma p t (t - like x 0.5)
        // x itself where it is so small that the rest is below half an ulp; subnormals and −0 are among these.
        select (less (abs x) (pick x 2.98e-8 5.55e-17)) x (h + h)

    /// 1 / (1 + exp(−x)). With z = exp(−|x|) and w = z / (1 + z), it is 1 − w for x ≥ 0, and w for x < 0, computed as z
    /// − z·w, which loses less to rounding.
    let inline sigmoid ([<InlineIfLambda>] q) x =
        let z = exp q (x ||| like x -0.0)
        let one = like x 1.0
        let b = select (less x (like x 0.0)) z one
        let minusW = z / (like x -1.0 - z)
        fma minusW b b

    // The forms for each element type.
    let inline exp32 x = exp q32 x
    let inline exp64 x = exp q64 x
    let inline expm132 x = expm1 q32 x
    let inline expm164 x = expm1 q64 x
    let inline sigmoid32 x = sigmoid q32 x
    let inline sigmoid64 x = sigmoid q64 x
