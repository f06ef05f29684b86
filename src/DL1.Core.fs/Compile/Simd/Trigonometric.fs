namespace DL1.Compiler.Simd

open System
open DL1.Compiler.Simd.Lanewise

/// Sine and cosine: x = n·π/2 + r with |r| ≤ π/4, where π/2 is subtracted in three parts (Cody and Waite), the first
/// difference exact; then the polynomials of sine and cosine; the quadrant, n mod 4, chooses one of them and its sign. A
/// lane beyond 2¹⁷ (f32) or 2³⁰ (f64) is computed by `Math.Sin` and `Math.Cos`.
module internal Trigonometric =
    /// f32 lanes are reduced by n·π/2 where |x| is below this limit.
    let Limit32 = 131072.0f

    /// f64 lanes are reduced by n·π/2 where |x| is below this limit.
    let Limit64 = 1073741824.0

    let sinBeyond32 (x: float32) y = if MathF.Abs x < Limit32 then y else float32 (Math.Sin(float x))
    let cosBeyond32 (x: float32) y = if MathF.Abs x < Limit32 then y else float32 (Math.Cos(float x))
    let sinBeyond64 (x: float) y = if Math.Abs x < Limit64 then y else Math.Sin x
    let cosBeyond64 (x: float) y = if Math.Abs x < Limit64 then y else Math.Cos x

    /// (sin r − r) / r³ as a function of r², in f32, for |r| ≤ 0.8: the relative error of sin r is 2⁻³⁷.
    let inline sinPoly32 z =
        like z 2.71692147180147e-06
        |> next z -0.00019839187734760344
        |> next z 0.008333329111337662
        |> next z -0.1666666716337204

    /// (cos r − 1 + r²/2) / r⁴ as a function of r², in f32, for |r| ≤ 0.8: the error of cos r is 2⁻³³.
    let inline cosPoly32 z =
        like z 2.4425058654742315e-05 |> next z -0.001388725358992815 |> next z 0.04166664555668831

    /// (sin r − r) / r³ as a function of r², in f64: the relative error of sin r is 2⁻⁵⁸.
    let inline sinPoly64 z =
        like z 1.5896857571917885e-10
        |> next z -2.505075927562173e-08
        |> next z 2.7557313700093985e-06
        |> next z -0.0001984126982983424
        |> next z 0.008333333333322451
        |> next z -0.16666666666666632

    /// (cos r − 1 + r²/2) / r⁴ as a function of r², in f64: the error of cos r is 2⁻⁶⁴.
    let inline cosPoly64 z =
        like z -1.1359767529184346e-11
        |> next z 2.0875725762703514e-09
        |> next z -2.7557314372323876e-07
        |> next z 2.4801587289559088e-05
        |> next z -0.0013888888888874264
        |> next z 0.0416666666666666

    /// sin(x + turn·π/2), for an integer `turn` and |x| below the limit.
    let inline turned ([<InlineIfLambda>] sinPoly) ([<InlineIfLambda>] cosPoly) turn x =
        let one = like x 1.0
        let counted = x * like x 0.6366197723675814 + magic x
        let n = counted - magic x
        let a = fma n (pick x -1.5707963705062866 -1.5707963267948966) x
        let b = fma n (pick x 4.371138828673793e-08 -6.123233995736766e-17) a
        let r = fma n (pick x 1.7151245100058819e-15 1.4973849048591698e-33) b
        let z = r * r
        let sine = fma (r * z) (sinPoly z) r
        // 1 − z/2, and its rounding error.
        let half = like x 0.5 * z
        let w = one - half
        let cosine = w + fma (z * z) (cosPoly z) ((one - w) - half)
        // The two lowest bits are the quadrant: the lower one swaps sine and cosine, the upper one negates.
        let quadrant = counted + like x turn
        let bit1 = pick x 1.401298464324817e-45 4.94065645841246544e-324
        let bit2 = pick x 2.802596928649634e-45 9.88131291682493088e-324
        let even = equal ((quadrant &&& bit1) ||| one) one
        let positive = equal ((quadrant &&& bit2) ||| one) one
        let y = select even sine cosine
        select positive y (y ^^^ like x -0.0)

    /// y if every |x| is below the limit; else `f x y` lane by lane, which computes anew the lanes beyond it.
    let inline mend x y ([<InlineIfLambda>] f) =
        if allLess (abs x) (pick x (float Limit32) Limit64) then y else mendLanes x y f

    /// The sine; −0 gives −0. `beyond` computes lanes beyond the limit.
    let inline sin ([<InlineIfLambda>] sinPoly) ([<InlineIfLambda>] cosPoly) ([<InlineIfLambda>] beyond) x =
        mend x (select (equal x (like x 0.0)) x (turned sinPoly cosPoly 0.0 x)) beyond

    /// The cosine.
    let inline cos ([<InlineIfLambda>] sinPoly) ([<InlineIfLambda>] cosPoly) ([<InlineIfLambda>] beyond) x =
        mend x (turned sinPoly cosPoly 1.0 x) beyond

    // The forms for each element type.
    let inline sin32 x = sin sinPoly32 cosPoly32 sinBeyond32 x
    let inline sin64 x = sin sinPoly64 cosPoly64 sinBeyond64 x
    let inline cos32 x = cos sinPoly32 cosPoly32 cosBeyond32 x
    let inline cos64 x = cos sinPoly64 cosPoly64 cosBeyond64 x
