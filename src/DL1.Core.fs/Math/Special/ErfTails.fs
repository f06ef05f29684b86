namespace DL1

/// A polynomial of an expression.
[<RequireQualifiedAccess>]
module internal Polynomial =
    /// c₀ + x·(c₁ + x·(c₂ + ...)).
    let at (coefficients: float list) (x: Expr) : Expr =
        match List.rev coefficients with
        | [] -> Expr.zerosLike x
        | last :: rest -> rest |> List.fold (fun sum c -> sum * x + c) (Expr.zerosLike x + last)

/// The complement and the inverse of the error function, as ratios of polynomials.
[<RequireQualifiedAccess>]
module internal ErfTails =
    // exp(−x²): x is split so that its square loses no digits (Cody 1969).
    let private gaussian (x: Expr) =
        let rough = floor (x * 16.0) / 16.0
        exp (-rough * rough) * exp (-(x - rough) * (x + rough))

    let private erfcMiddle (x: Expr) =
        Polynomial.at
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
        / Polynomial.at
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
            Polynomial.at
                [
                    6.58749161529837803e-4
                    1.60837851487422766e-2
                    0.125781726111229246
                    0.360344899949804439
                    0.305326634961232344
                    1.63153871373020978e-2
                ]
                y
            / Polynomial.at
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

    /// 1 − erf x, in f64.
    let complement (x: Expr) : Expr =
        // exp(−30²) is 0.
        let size = Expr.minimum (abs x) (lit 30.0)

        let upper =
            Expr.where (size .> 4.0) (erfcTail (Expr.maximum size (lit 4.0))) (erfcMiddle size)
            * gaussian size

        let far = Expr.where (x .< 0.0) (2.0 - upper) upper
        Expr.where (size .<= 0.46875) (1.0 - Expr.erf x) far

    // Wichura's AS 241, PPND16: the normal quantile at ½ + q, as ratios of polynomials.
    let private quantileCentre (r: Expr) =
        Polynomial.at
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
        / Polynomial.at
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
        Polynomial.at
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
        / Polynomial.at
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
        Polynomial.at
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
        / Polynomial.at
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

    /// The inverse of erf, in f64.
    let inverse (x: Expr) : Expr =
        let size = abs x
        let half = 0.5 * x
        // √(−log of the smaller tail's probability): from 1.6 where the centre ends to 6.1 at the last f64 below 1.
        let r = sqrt -(log (0.5 * (1.0 - size)))

        let tail =
            Expr.where (r .<= 5.0) (quantileMiddle (r - 1.6)) (quantileTail (Expr.minimum r (lit 1e3) - 5.0))

        let far = Expr.where (x .< 0.0) -tail tail
        let quantile = Expr.where (size .<= 0.85) (half * quantileCentre (0.180625 - half * half)) far

        Expr.where (Expr.equal size (lit 1.0)) (x * infinity) (quantile * 0.70710678118654752440)
