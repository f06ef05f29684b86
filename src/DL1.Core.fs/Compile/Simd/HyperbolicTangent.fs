namespace DL1.Compiler.Simd

open DL1.Compiler.Simd.Lanewise

/// The hyperbolic tangent. In f32 it computes two polynomials, and each lane selects one: together they take half the
/// time of an exponential with its range reduction, and do not depend on each other. In f64, where the polynomials would
/// be long, it uses the exponential.
module internal HyperbolicTangent =
    /// (tanh x / x − 1) / x² as a function of x² ≤ 1: the relative error of tanh x is 2⁻²⁷.
    let inline small z =
        let square = z * z

        like z -0.0003583804063964635
        |> next z 0.002301195403560996
        |> next z -0.007945992052555084
        |> over square (pair z 0.021486671641469002 -0.05387984588742256)
        |> over square (pair z 0.13332346081733704 -0.33333295583724976)

    /// eˣ for x in [1, 9.02], accurate enough for tanh x = 1 − 2 / (e²ˣ + 1) to have an error of 2⁻²⁵.
    let inline large x =
        let square = x * x

        let upper =
            pair x 0.005853286013007164 -0.02454519458115101
            |> over square (pair x 0.08403875678777695 -0.1030501127243042)

        let lower =
            pair x 0.34711170196533203 0.35874202847480774
            |> over square (pair x 1.0629576444625854 0.9878270626068115)

        let fourth = square * square

        pair x 4.6730834583286196e-05 -0.0007001523044891655 |> over fourth upper |> over fourth lower

    /// tanh x in f32.
    let inline tanh32 x =
        let one = like x 1.0
        let z = x * x
        let near = fma (x * z) (small z) x
        // From 9.2 on the result rounds to 1.
        let e = large (atMost (like x 9.2) (abs x))
        let far = one - like x 2.0 / fma e e one
        // NaN compares false, so it takes `near`. The sign is set for both: `far` has none, `near` loses that of −0.
        select (less one (abs x)) far near ||| (x &&& like x -0.0)

    /// tanh x in f64. With exp 2|x| = 2ⁿ·(1 + p) and m = exp 2|x| − 1 = 2ⁿ·p + 2ⁿ − 1, tanh |x| = m / (m + 2) = w. To
    /// lose less by rounding, it is computed as m/2 − m/2·w where 2|x| ≤ 1, and as 1 − 2 / (m + 2) elsewhere.
    let inline tanh64 x =
        let y = abs x + abs x
        // From |x| = 20 on the result rounds to 1.
        let bounded = atMost (like x 40.0) y
        let mark = Exponential.marked bounded
        let one = like x 1.0
        let p = Exponential.reducedMinus1 Exponential.q64 bounded (mark - magic x)
        let t = addBits one (raised mark)
        let m = fma p t (t - one)
        let large = less one y
        let w = select large (like x 2.0) m / fma p t (t + one)
        let b = select large one (like x 0.5 * m)
        fma -w b b ||| (x &&& like x -0.0)
