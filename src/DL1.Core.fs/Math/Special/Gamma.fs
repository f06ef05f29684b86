namespace DL1

/// The logarithm of Γ and its derivatives in f64: Stirling's series far from 0, a shift and the reflection formula nearer.
[<RequireQualifiedAccess>]
module internal Gamma =
    // Stirling's series begins here: its last term is below 1e−16 of the sum.
    let private shift = 9

    let private shifted (x: Expr) = [ for k in 0 .. shift - 1 -> x + float k ]

    // How far x is from the nearest whole number: sin πx and tan πx keep their digits.
    let private offWhole (x: Expr) = System.Math.PI * (x - round x)

    /// Whether Γ has a pole there: at 0 and at negative whole numbers.
    let isPole (x: Expr) = Expr.both (x .<= 0.0) (Expr.equal x (round x))

    // By the reflection formula where x is below ½.
    let private reflected (right: Expr -> Expr) (combine: Expr -> Expr -> Expr) (x: Expr) =
        let isLeft = x .< 0.5
        let value = right (Expr.where isLeft (1.0 - x) x)
        Expr.where isLeft (combine x value) value

    /// The derivative of `digamma`.
    let trigamma =
        reflected
            (fun x ->
                let z = x + float shift
                let y = 1.0 / (z * z)

                let series =
                    Polynomial.at
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

    /// ψ, the derivative of log Γ, beside its poles.
    let digamma =
        reflected
            (fun x ->
                let z = x + float shift
                let y = 1.0 / (z * z)

                let series =
                    Polynomial.at
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

    // log Γ(2 + z) for |z| ≤ ½: z·(1 − γ) + Σ (−1)ᵏ·(ζ(k) − 1)·zᵏ/k, which keeps its digits near its zero at z = 0.
    let private logGammaNearTwo =
        Polynomial.at
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

    /// log |Γ|, beside its poles.
    let logarithm =
        reflected
            (fun x ->
                let z = x + float shift
                let y = 1.0 / (z * z)

                let series =
                    Polynomial.at
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
