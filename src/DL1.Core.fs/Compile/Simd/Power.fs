namespace DL1.Compiler.Simd

open DL1.Compiler.Simd.Lanewise

/// Powers: |x|ʸ = exp(y·log|x|), where the logarithm is computed to more than the result's precision, since its error
/// is multiplied by up to 709; then signs and the special cases of IEEE 754, clause 9.2.1.
module internal Power =
    /// ((2 artanh s − 2 s) / s³ − 2/3) / s² as a function of s², in f64.
    let inline tail64 z =
        like z 0.11971864334766234
        |> next z 0.11677103623885404
        |> next z 0.133361911981048
        |> next z 0.15384560596827618
        |> next z 0.1818181880728247
        |> next z 0.2222222221814204
        |> next z 0.2857142857144209
        |> next z 0.39999999999999986

    /// (2 artanh s − 2 s) / s³ as a function of s², accurate to 2⁻⁵⁰.
    let inline r40 z =
        like z 0.16784013721133553
        |> next z 0.18126920666983112
        |> next z 0.2222325859482367
        |> next z 0.28571418935374754
        |> next z 0.4000000003929254
        |> next z 0.6666666666661929

    /// (exp r − 1 − r) / r² for |r| ≤ 0.3467, accurate to 2⁻³⁹.
    let inline q39 r =
        like r 2.4887453303163758e-05
        |> next r 0.00019909127811273028
        |> next r 0.0013888796888838755
        |> next r 0.008333281508892629
        |> next r 0.04166666704991198
        |> next r 0.1666666678547314
        |> next r 0.49999999999531436

    /// Whether every lane is an ordinary case: x positive, normal and finite, and |y| < 10²⁰.
    let inline plain x y =
        allLess (Logarithm.leastNormal x) x && allLess x (like x infinity) && allLess (abs y) (like x 1e20)

    /// y limited to ±10²⁰, where the power of any |x| other than 1 has overflowed or underflowed already.
    let inline bound y = select (less (abs y) (like y 1e20)) y (withSign (like y 1e20) y)

    /// `power`, which is |x|ʸ for ordinary x and y, with the sign of xʸ and the special cases of zeros, infinities and NaN.
    let inline special x y power =
        let zero = like x 0.0
        let one = like x 1.0
        let infinity = like x infinity
        let a = abs x
        let whole = equal (floor y) y
        let half = like x 0.5 * y
        let even = equal (floor half) half
        let vanishes = less y zero
        let ofZero = select vanishes infinity zero
        let ofInfinity = select vanishes zero infinity
        let sized = select (equal a zero) ofZero (select (equal a infinity) ofInfinity power)
        let signed = select even sized (select whole (sized ||| (x &&& like x -0.0)) sized)
        // A negative base, other than −∞, to a power that is not an integer: NaN.
        let undefined = select (less x zero) (less (zero - infinity) x) zero
        let real = select whole signed (select undefined (like x nan) signed)
        let known = select (equal (x + y) (x + y)) real (select (equal x x) (select (equal y y) real y) x)
        select (equal y zero) one (select (equal x one) one known)

    /// xʸ in f64, from log |x| computed as a sum of two numbers, which is accurate to about 2⁻⁶⁰.
    let inline pow64 x y =
        let simple = plain x y
        let one = like x 1.0
        let a = abs x
        let small = less a (Logarithm.leastNormal x)
        let normal = if simple then x else select small (a * like x 18014398509481984.0) a
        let e = Logarithm.exponent normal
        let f = Logarithm.mantissa normal e - one
        let k = if simple then e else select small (e - like x 54.0) e
        let y' = if simple then y else bound y
        // s = f / (2 + f), and its rounding error sLow. A name with `Low` is the rounding error of the name without it.
        let d = like x 2.0 + f
        let inverse = one / d
        let s = f * inverse
        let minus = like x 0.0 - s
        let sLow = inverse * fma minus (f - (d - like x 2.0)) (fma minus d f)
        let z = s * s
        let zLow = fma s s (like x 0.0 - z) + (s + s) * sLow
        // 2/3 + z·tail.
        let third = like x 0.6666666666666666
        let u = z * tail64 z
        let t = third + u
        let tLow = (u - (t - third)) + like x 3.700743415417188e-17
        // g = 2 + z·t.
        let v = z * t
        let vLow = fma z t (like x 0.0 - v) + fma z tLow (zLow * t)
        let g = like x 2.0 + v
        let gLow = (v - (g - like x 2.0)) + vLow
        // log(1 + f) = s·g.
        let l = s * g
        let lLow = fma s g (like x 0.0 - l) + fma s gLow (sLow * g)
        // log x = k·ln 2 + log(1 + f).
        let k2 = k * like x 0.6931471805598903
        let sum = k2 + l
        let sumLow = (l - (sum - k2)) + fma k (like x 5.497923018708371e-14) lLow
        let logarithm = sum + sumLow
        let logarithmLow = sumLow - (logarithm - sum)
        let product = y' * logarithm
        let productLow = fma y' logarithm (like x 0.0 - product) + y' * logarithmLow
        let inside = less (abs product) (like x 750.0)
        let bounded = select inside product (withSign (like x 750.0) product)
        let rest = select inside productLow (like x 0.0)
        let n = Exponential.twos bounded
        let upper = Exponential.upper bounded n
        let whole = Exponential.lower upper n
        let over = Exponential.lower (upper - whole) n + rest
        let r = whole + over
        let rLow = over - (r - whole)
        let square = r * r
        let p = (r + fma square (Exponential.q64 r square) (fma rLow r rLow)) + one

        if simple && allLess (abs product) (like x 708.0) then
            scale p n
        else
            let half = nearest (n * like x 0.5)
            let power = p * pow2 half * pow2 (n - half)
            if simple then power else special x y power

    /// |x|ʸ for f32 values widened to f64. y·log|x| is limited to ±200, beyond which rounding to f32 gives 0 or
    /// infinity anyway.
    let inline wide a y =
        let k = Logarithm.exponent a
        let product = y * Logarithm.combine r40 k (Logarithm.mantissa a k - like a 1.0)
        let limit = like a 200.0
        let bounded = select (less (abs product) limit) product (withSign limit product)
        let n = Exponential.twos bounded
        let r = Exponential.upper bounded n
        scale (fma (r * r) (q39 r) r + like a 1.0) n

    /// xʸ in f32, by way of f64.
    let inline pow32 x y =
        let simple = plain x y
        let a = abs x
        let y' = if simple then y else bound y

        let power = narrow (wide (widenLower a) (widenLower y')) (wide (widenUpper a) (widenUpper y'))

        if simple then power else special x y power
