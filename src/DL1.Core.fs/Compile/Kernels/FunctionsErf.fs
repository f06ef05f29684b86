namespace DL1

open DL1.Lanewise

/// The error function: below 1 an odd polynomial, and beyond it 1 − exp(−a·G(a)), where G is the polynomial of
/// −log(erfc a) / a.
module internal ErrorFunction =
    /// (erf x / x − 2/√π) / x² as a function of x² ≤ 1, in f32: erf x is off by 2⁻²⁹ of itself.
    let inline small32 z =
        let square = z * z

        pair z 7.935843314044178e-05 -0.0008035897044464946
        |> over square (pair z 0.005191395059227943 -0.02685554139316082)
        |> over square (pair z 0.1128363162279129 -0.37612631916999817)

    /// −log(erfc a) / a for a in [1, 4], in f32: erf a is off by 2⁻³².
    let inline large32 a =
        let square = a * a

        pair a 3.5571142689150292e-06 -2.8436914362828247e-05
        |> over square (pair a -0.00013874085561838 0.003181989071890712)
        |> over
            (square * square)
            (pair a -0.023091597482562065 0.10566901415586472
             |> over square (pair a 0.6354101300239563 1.1285995244979858))

    /// (erf x / x − 2/√π) / x² as a function of x² ≤ 1, in f64: erf x is off by 2⁻⁶² of itself.
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

    /// −log(erfc a) / a for a in [1, 6], in f64: erf a is off by 2⁻⁶¹.
    let inline large64 a =
        like a 2.0097800776523328e-13
        |> next a -9.94632138215648e-12
        |> next a 2.319374529991832e-10
        |> next a -3.387946352015985e-09
        |> next a 3.473932166604763e-08
        |> next a -2.652557760592598e-07
        |> next a 1.5580080688634489e-06
        |> next a -7.141652322833349e-06
        |> next a 2.543296813216168e-05
        |> next a -6.774724973179423e-05
        |> next a 0.00011702464403533886
        |> next a -3.253205129991469e-05
        |> next a -0.0005380998744216078
        |> next a 0.001659569990667602
        |> next a -0.0001892558245027071
        |> next a -0.019136531471948316
        |> next a 0.10277490033942668
        |> next a 0.636619364729795
        |> next a 1.1283792010595584

    /// erf x.
    let inline erf ([<InlineIfLambda>] q) ([<InlineIfLambda>] smallPoly) ([<InlineIfLambda>] largePoly) x =
        let one = like x 1.0
        let z = x * x
        // 2/√π in two parts, the polynomial with the lower.
        let tail = fma z (smallPoly z) (pick x 6.057390617389616e-08 1.533545961316588e-17)
        let small = fma x (pick x 1.1283791065216064 1.1283791670955126) (x * tail)
        // From here on the result is 1.
        let a = atMost (pick x 4.0 6.0) (abs x)
        let y = (a ||| like x -0.0) * largePoly a
        let mark = Exponential.marked y
        let p = Exponential.shortMinus1 q y (mark - magic y) + one
        let large = one - addBits p (raised mark)
        // NaN passes by way of the small.
        select (less one (abs x)) (large ||| (x &&& like x -0.0)) small
