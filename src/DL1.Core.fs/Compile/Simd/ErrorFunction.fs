namespace DL1.Compiler.Simd

open DL1.Compiler.Simd.Lanewise

/// The error function: for |x| ≤ 1 an odd polynomial; beyond, with a = |x|, 1 − exp(−a²)·R(a) with the sign of x, where
/// the polynomial R(a) approximates erfc a · exp a².
module internal ErrorFunction =
    /// (erf x / x − 2/√π) / x² as a function of x² ≤ 1, in f32: the relative error of erf x is 2⁻²⁹.
    let inline small32 z =
        let square = z * z

        pair z 7.935843314044178e-05 -0.0008035897044464946
        |> over square (pair z 0.005191395059227943 -0.02685554139316082)
        |> over square (pair z 0.1128363162279129 -0.37612631916999817)

    /// −erfc a · exp a² as a function of t = a − 2, for a in [1, 4], in f32: the error of erf a is 2⁻²⁸.
    let inline large32 t =
        let square = t * t
        let fourth = square * square

        let upper =
            pair t 0.0002006112626986578 -0.0005007678992114961
            |> over square (pair t 0.0018611676059663296 -0.0054756952449679375)

        let lower =
            pair t 0.01544167660176754 -0.04180184751749039
            |> over square (pair t 0.10679784417152405 -0.2553955912590027)

        like t -0.00010836626461241394 |> over fourth upper |> over fourth lower

    /// (erf x / x − 2/√π) / x² as a function of x² ≤ 1, in f64: the relative error of erf x is 2⁻⁶².
    let inline small64 z =
        like z 5.960685338520971e-11
        |> next z -1.137495573607015e-09
        |> next z 1.466032872274226e-08
        |> next z -1.6350396222864617e-07
        |> next z 1.64610084778027e-06
        |> next z -1.4925595772180906e-05
        |> next z 0.0001205533113295582
        |> next z -0.0008548326981425542
        |> next z 0.005223977624828431
        |> next z -0.026866170645077875
        |> next z 0.11283791670954885
        |> next z -0.3761263890318375

    /// −erfc a · exp a² as a function of t = a − 2, for a in [1, 6], in f64: the error of erf a is 2⁻⁵⁸.
    let inline large64 t =
        like t 2.1492150288142905e-13
        |> next t -3.1980311024138416e-12
        |> next t 2.136108003654737e-11
        |> next t -9.316134238953237e-11
        |> next t 3.553341120001129e-10
        |> next t -1.4235393976680577e-09
        |> next t 5.848578111856153e-09
        |> next t -2.3374112956224935e-08
        |> next t 9.078587756773636e-08
        |> next t -3.4482300330857927e-07
        |> next t 1.2794791970573058e-06
        |> next t -4.628197401382522e-06
        |> next t 1.629374130544898e-05
        |> next t -5.572830478404842e-05
        |> next t 0.0001847783611042471
        |> next t -0.000592469998277192
        |> next t 0.0018316642764709475
        |> next t -0.0054407385370779165
        |> next t 0.015460637764268724
        |> next t -0.04180275260354434
        |> next t 0.10679646185348923
        |> next t -0.25539567631050564

    /// −x².
    let inline minusSquare x = x * x ||| like x -0.0

    /// erf x, given `gaussian` = exp(−x²), so that code that needs the exponential too, such as the derivative, computes it once.
    let inline erf ([<InlineIfLambda>] smallPoly) ([<InlineIfLambda>] largePoly) x gaussian =
        let one = like x 1.0
        let z = x * x
        // 2/√π as an upper and a lower part; the lower part is added to the polynomial.
        let tail = fma z (smallPoly z) (pick x 6.057390617389616e-08 1.533545961316588e-17)
        let small = fma x (pick x 1.1283791065216064 1.1283791670955126) (x * tail)
        // From 4 (f32) or 6 (f64) on the result rounds to 1.
        let a = atMost (pick x 4.0 6.0) (abs x)
        let large = fma gaussian (largePoly (a - like x 2.0)) one
        // NaN compares false, so it takes `small`, which propagates it.
        select (less one (abs x)) (large ||| (x &&& like x -0.0)) small

    // For f32 and f64; the `By` forms take `gaussian` = exp(−x²) from the caller, the others compute it.
    let inline erfBy32 x gaussian = erf small32 large32 x gaussian
    let inline erfBy64 x gaussian = erf small64 large64 x gaussian
    let inline erf32 x = erfBy32 x (Exponential.exp32 (minusSquare x))
    let inline erf64 x = erfBy64 x (Exponential.exp64 (minusSquare x))
