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

    // c₀ + x·(c₁ + x·(c₂ + ...)).
    let private polynomial (coefficients: float list) (x: Expr) : Expr =
        match List.rev coefficients with
        | [] -> Expr.zerosLike x
        | last :: rest -> rest |> List.fold (fun sum c -> sum * x + c) (Expr.zerosLike x + last)

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
    let atan2 (y: Expr) (x: Expr) : Expr =
        Operand.requireFloat "atan2" y
        let zero = 0.0 * (y + x)
        let y, x = Expr.broadcastTo (zero.Shape.ToList()) y, Expr.broadcastTo (zero.Shape.ToList()) x
        let pi = System.Math.PI
        let isNegative (e: Expr) = Expr.either (e .< 0.0) (Expr.reciprocal e .< 0.0)

        let value (y: Expr) (x: Expr) =
            let bothInfinite =
                Expr.both (Expr.equal (abs y) (lit infinity)) (Expr.equal (abs x) (lit infinity))

            let bothZero = Expr.both (Expr.equal y (lit 0.0)) (Expr.equal x (lit 0.0))
            // The angle to the nearer end of the x axis, from 0 to π/2.
            let sharp =
                Expr.where
                    bothInfinite
                    (lit (pi / 4.0))
                    (Expr.where bothZero (lit 0.0) (atan (abs y / abs x)))

            let angle = Expr.where (isNegative x) (pi - sharp) sharp
            Expr.where (isNegative y) -angle angle

        let slopes (y: Expr) (x: Expr) =
            let size = Expr.maximum (abs x) (abs y)
            let isOrigin = Expr.equal size (lit 0.0)
            let scale = Expr.where isOrigin (lit 1.0) size
            let u, v = y / scale, x / scale
            let square = Expr.where isOrigin (lit 1.0) (u * u + v * v)
            v / square / scale, -u / square / scale

        Scan.custom
            "atan2"
            (fun operands -> value operands[0] operands[1])
            (fun operands dy ->
                let byY, byX = slopes operands[0] operands[1]
                [ dy * byY; dy * byX ])
            [ y; x ]

    // exp(−x²): x is split so that its square loses no digits (Cody 1969).
    let private gaussian (x: Expr) =
        let rough = floor (x * 16.0) / 16.0
        exp (-rough * rough) * exp (-(x - rough) * (x + rough))

    let private erfcMiddle (x: Expr) =
        polynomial
            [
                1230.33935479799725
                2051.07837782607147
                1712.04761263407058
                881.952221241769090
                298.635138197400131
                66.1191906371416295
                8.88314979438837594
                0.564188496988670089
                2.15311535474403846e-8
            ]
            x
        / polynomial
            [
                1230.33935480374942
                3439.36767414372164
                4362.61909014324716
                3290.79923573345963
                1621.38957456669019
                537.181101862009858
                117.693950891312499
                15.7449261107098347
                1.0
            ]
            x

    let private erfcTail (x: Expr) =
        let y = 1.0 / (x * x)

        let ratio =
            polynomial
                [
                    6.58749161529837803e-4
                    1.60837851487422766e-2
                    0.125781726111229246
                    0.360344899949804439
                    0.305326634961232344
                    1.63153871373020978e-2
                ]
                y
            / polynomial
                [
                    2.33520497626869185e-3
                    6.05183413124413191e-2
                    0.527905102951428412
                    1.87295284992346725
                    2.56852019228982242
                    1.0
                ]
                y

        (0.56418958354775628695 - y * ratio) / x

    /// 1 − erf x, accurate where it is small (Cody 1969). `Special.erfc x`
    let erfc (x: Expr) : Expr =
        x
        |> differentiable
            "erfc"
            (inDouble (fun x ->
                // exp(−30²) is 0.
                let size = Expr.minimum (abs x) (lit 30.0)

                let upper =
                    Expr.where (size .> 4.0) (erfcTail (Expr.maximum size (lit 4.0))) (erfcMiddle size)
                    * gaussian size

                let far = Expr.where (x .< 0.0) (2.0 - upper) upper
                Expr.where (size .<= 0.46875) (1.0 - Expr.erf x) far))
            (fun x -> -1.1283791670955125739 * exp (-x * x))

    // Wichura's AS 241, PPND16: the normal quantile at ½ + q, as ratios of polynomials.
    let private quantileCentre (r: Expr) =
        polynomial
            [
                3.3871328727963666080
                133.14166789178437745
                1971.5909503065514427
                13731.693765509461125
                45921.953931549871457
                67265.770927008700853
                33430.575583588128105
                2509.0809287301226727
            ]
            r
        / polynomial
            [
                1.0
                42.313330701600911252
                687.18700749205790830
                5394.1960214247511077
                21213.794301586595867
                39307.895800092710610
                28729.085735721942674
                5226.4952788528545610
            ]
            r

    let private quantileMiddle (r: Expr) =
        polynomial
            [
                1.42343711074968357734
                4.63033784615654529590
                5.76949722146069140550
                3.64784832476320460504
                1.27045825245236838258
                0.241780725177450611770
                2.27238449892691845833e-2
                7.74545014278341407640e-4
            ]
            r
        / polynomial
            [
                1.0
                2.05319162663775882187
                1.67638483018380384940
                0.689767334985100004550
                0.148103976427480074590
                1.51986665636164571966e-2
                5.47593808499534494600e-4
                1.05075007164441684324e-9
            ]
            r

    let private quantileTail (r: Expr) =
        polynomial
            [
                6.65790464350110377720
                5.46378491116411436990
                1.78482653991729133580
                0.296560571828504891230
                2.65321895265761230930e-2
                1.24266094738807843860e-3
                2.71155556874348757815e-5
                2.01033439929228813265e-7
            ]
            r
        / polynomial
            [
                1.0
                0.599832206555887937690
                0.136929880922735805310
                1.48753612908506148525e-2
                7.86869131145613259100e-4
                1.84631831751005468180e-5
                1.42151175831644588870e-7
                2.04426310338993978564e-15
            ]
            r

    let private erfInvValue =
        inDouble (fun x ->
            let size = abs x
            let half = 0.5 * x
            // √(−log of the smaller tail's probability): from 1.6 where the centre ends to 6.1 at the last f64 below 1.
            let r = sqrt -(log (0.5 * (1.0 - size)))

            let tail =
                Expr.where
                    (r .<= 5.0)
                    (quantileMiddle (r - 1.6))
                    (quantileTail (Expr.minimum r (lit 1e3) - 5.0))

            let far = Expr.where (x .< 0.0) -tail tail
            let quantile = Expr.where (size .<= 0.85) (half * quantileCentre (0.180625 - half * half)) far

            Expr.where (Expr.equal size (lit 1.0)) (x * infinity) (quantile * 0.70710678118654752440))

    /// The inverse of the error function: ±∞ at ±1, NaN beyond (Wichura 1988). `Special.erfInv x`
    let erfInv (x: Expr) : Expr =
        x
        |> differentiable "erfInv" erfInvValue (fun x ->
            let y = erfInvValue x
            0.88622692545275801365 * exp (y * y))

    /// log(x / (1 − x)), the inverse of the sigmoid: ±∞ at 1 and 0, NaN outside [0, 1]. `Special.logit p`
    let logit (x: Expr) : Expr = log x - Expr.log1p -x

    // Stirling's series begins here: its last term is below 1e−16 of the sum.
    let private shift = 9

    let private shifted (x: Expr) = [ for k in 0 .. shift - 1 -> x + float k ]

    // How far x is from the nearest whole number: sin πx and tan πx keep their digits.
    let private offWhole (x: Expr) = System.Math.PI * (x - round x)

    let private isPole (x: Expr) = Expr.both (x .<= 0.0) (Expr.equal x (round x))

    // By the reflection formula where x is below ½.
    let private reflected (right: Expr -> Expr) (combine: Expr -> Expr -> Expr) (x: Expr) =
        let isLeft = x .< 0.5
        let value = right (Expr.where isLeft (1.0 - x) x)
        Expr.where isLeft (combine x value) value

    let private trigammaValue =
        reflected
            (fun x ->
                let z = x + float shift
                let y = 1.0 / (z * z)

                let series =
                    polynomial
                        [
                            1.0 / 6.0
                            -1.0 / 30.0
                            1.0 / 42.0
                            -1.0 / 30.0
                            5.0 / 66.0
                            -691.0 / 2730.0
                            7.0 / 6.0
                        ]
                        y

                (1.0 + 0.5 / z + y * series) / z
                + (shifted x |> List.map (fun e -> 1.0 / (e * e)) |> List.reduce (+)))
            (fun x value ->
                let sine = sin (offWhole x)
                System.Math.PI * System.Math.PI / (sine * sine) - value)

    let private digammaValue =
        reflected
            (fun x ->
                let z = x + float shift
                let y = 1.0 / (z * z)

                let series =
                    polynomial
                        [
                            1.0 / 12.0
                            -1.0 / 120.0
                            1.0 / 252.0
                            -1.0 / 240.0
                            1.0 / 132.0
                            -691.0 / 32760.0
                            1.0 / 12.0
                        ]
                        y

                log z - 0.5 / z - y * series - (shifted x |> List.map Expr.reciprocal |> List.reduce (+)))
            (fun x value -> value - System.Math.PI / tan (offWhole x))

    /// ψ(x), the derivative of log Γ: −∞ at 0, NaN at negative whole numbers, as in PyTorch. `Special.digamma x`
    let digamma (x: Expr) : Expr =
        x
        |> differentiable
            "digamma"
            (inDouble (fun x ->
                let value = Expr.where (isPole x) (lit nan) (digammaValue x)
                Expr.where (Expr.equal x (lit 0.0)) -(Expr.reciprocal x) value))
            (inDouble trigammaValue)

    // log Γ(2 + z) for |z| ≤ ½: z·(1 − γ) + Σ (−1)ᵏ·(ζ(k) − 1)·zᵏ/k, which keeps its digits near its zero at z = 0.
    let private logGammaNearTwo =
        polynomial
            [
                0.0
                0.42278433509846713
                0.3224670334241132
                -0.0673523010531981
                0.020580808427784546
                -0.007385551028673986
                0.0028905103307415234
                -0.001192753911703261
                0.0005096695247430425
                -0.00022315475845357939
                9.945751278180853e-05
                -4.492623673813314e-05
                2.050721277567069e-05
                -9.439488275268397e-06
                4.374866789907488e-06
                -2.039215753801366e-06
                9.55141213040742e-07
                -4.492469198764566e-07
                2.1207184805554665e-07
                -1.0043224823968099e-07
                4.7698101693639804e-08
                -2.2711094608943164e-08
                1.0838659214896955e-08
                -5.183475041970047e-09
                2.4836745438024785e-09
                -1.1921401405860912e-09
                5.731367241678862e-10
                -2.7595228851242334e-10
            ]

    let private logGammaValue =
        reflected
            (fun x ->
                let z = x + float shift
                let y = 1.0 / (z * z)

                let series =
                    polynomial
                        [
                            1.0 / 12.0
                            -1.0 / 360.0
                            1.0 / 1260.0
                            -1.0 / 1680.0
                            1.0 / 1188.0
                            -691.0 / 360360.0
                            1.0 / 156.0
                        ]
                        y

                let product = shifted x |> List.reduce (*)
                let stirling = (z - 0.5) * log z - z + 0.91893853320467274178 + series / z
                // Beyond 1e10 the shift is below the last digit, and the product would overflow.
                let far = (x - 0.5) * log x - x + 0.91893853320467274178

                let right =
                    Expr.where (x .> 1e10) far (stirling - log (Expr.where (x .> 1e10) (lit 1.0) product))

                let nearOne = logGammaNearTwo (x - 1.0) - Expr.log1p (x - 1.0)
                Expr.where (x .<= 1.5) nearOne (Expr.where (x .<= 2.5) (logGammaNearTwo (x - 2.0)) right))
            (fun x value -> 1.1447298858494001741 - log (abs (sin (offWhole x))) - value)

    /// log |Γ(x)|: ∞ at 0 and at negative whole numbers. `Special.logGamma x`
    let logGamma (x: Expr) : Expr =
        x
        |> differentiable
            "logGamma"
            (inDouble (fun x ->
                let isInfinite = Expr.either (isPole x) (Expr.equal (abs x) (lit infinity))
                Expr.where isInfinite (lit infinity) (logGammaValue x)))
            digamma

    /// sin(πx) / (πx), and 1 at 0. `Special.sinc x`
    let sinc (x: Expr) : Expr =
        let isZero = Expr.equal x (lit 0.0)
        let angle = System.Math.PI * Expr.where isZero (lit 1.0) x
        Expr.where isZero (lit 1.0) (sin angle / angle)
