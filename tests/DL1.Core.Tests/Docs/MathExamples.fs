/// The examples of Math. Here x and y are vectors, m is a matrix, and images are one image of one channel.
module DL1.Tests.MathExamples

open DL1
open DL1.Tests.Example

let private x = Expr.constant (Tensor.vector [ -2.0; 0.0; 1.0 ])
let private y = Expr.constant (Tensor.vector [ 1.0; 2.0; 3.0 ])
let private m = Expr.constant (Tensor.ofArray [ 2; 3 ] [| 1.0; 2.0; 3.0; 3.0; 4.0; 7.0 |])

let private elementwise =
    [
        gives "square" "f64 [3] [4 0 1]" (fun () -> Elementwise.square x)
        gives "clamp" "f64 [3] [-1 0 1]" (fun () -> Elementwise.clamp -1.0 1.0 x)
        gives "leakyRelu" "f64 [3] [-0.02 0.00 1.00]" (fun () -> Elementwise.leakyRelu 0.01 x)
        gives "elu" "f64 [3] [-0.8647 0.0000 1.0000]" (fun () -> Elementwise.elu 1.0 x)
        gives "selu" "f64 [3] [-1.5202 0.0000 1.0507]" (fun () -> Elementwise.selu x)
        gives "gelu" "f64 [3] [-0.04550 0.00000 0.84134]" (fun () -> Elementwise.gelu x)
        gives "silu" "f64 [3] [-0.23841 0.00000 0.73106]" (fun () -> Elementwise.silu x)
        gives "mish" "f64 [3] [-0.2525 0.0000 0.8651]" (fun () -> Elementwise.mish x)
        gives "hardtanh" "f64 [3] [-1 0 1]" (fun () -> Elementwise.hardtanh x)
        gives "softsign" "f64 [3] [-0.66667 0.00000 0.50000]" (fun () -> Elementwise.softsign x)
        gives "logSigmoid" "f64 [3] [-2.1269 -0.6931 -0.3133]" (fun () -> Elementwise.logSigmoid x)
        // The root of a negative number is NaN, as it is by `sqrt`.
        gives "safeSqrt" "f64 [3] [NaN 0 1]" (fun () -> Elementwise.safeSqrt x)
        gives "relu6" "f64 [3] [0 0 1]" (fun () -> Elementwise.relu6 x)
        gives "hardSigmoid" "f64 [3] [0.16667 0.50000 0.66667]" (fun () -> Elementwise.hardSigmoid x)
        gives "hardSwish" "f64 [3] [-0.33333 0.00000 0.66667]" (fun () -> Elementwise.hardSwish x)
        gives "celu" "f64 [3] [-0.8647 0.0000 1.0000]" (fun () -> Elementwise.celu 1.0 x)
        gives "geluTanh" "f64 [3] [-0.04540 0.00000 0.84119]" (fun () -> Elementwise.geluTanh x)
        gives "hardShrink" "f64 [3] [-2 0 1]" (fun () -> Elementwise.hardShrink 0.5 x)
        gives "softShrink" "f64 [3] [-1.5 0.0 0.5]" (fun () -> Elementwise.softShrink 0.5 x)
        gives "tanhShrink" "f64 [3] [-1.0360 0.0000 0.2384]" (fun () -> Elementwise.tanhShrink x)
        gives "threshold" "f64 [3] [20 20 1]" (fun () -> Elementwise.threshold 0.1 20.0 x)
        gives "softplusScaled" "f64 [3] [0.0091 0.3466 1.0635]" (fun () -> Elementwise.softplusScaled 2.0 x)
        gives "truncate" "f64 [3] [-2 0 1]" (fun () -> Elementwise.truncate x)
        gives "fraction" "f64 [3] [0 0 0]" (fun () -> Elementwise.fraction x)
        gives "isNaN" "bool [3] [false false false]" (fun () -> Elementwise.isNaN x)
        gives "isInfinity" "bool [3] [false false false]" (fun () -> Elementwise.isInfinity x)
        gives "isFinite" "bool [3] [true true true]" (fun () -> Elementwise.isFinite x)
        gives "replaceNonFinite" "f64 [3] [-2 0 1]" (fun () -> Elementwise.replaceNonFinite 0.0 1e6 -1e6 x)
        gives "lerp" "f64 0.5" (fun () ->
            let a, b = Expr.symbol "a", Expr.symbol "b"
            Elementwise.lerp (lit 0.5) a b)
    ]

let private special =
    let p = Expr.constant (Tensor.vector [ 0.25; 0.5 ])

    [
        gives "log2" "f64 [3] [0.000 1.000 1.585]" (fun () -> let x = y in Special.log2 x)
        gives "log10" "f64 [3] [0.00000 0.30103 0.47712]" (fun () -> let x = y in Special.log10 x)
        gives "exp2" "f64 [3] [0.25 1.00 2.00]" (fun () -> Special.exp2 x)
        gives "asinh" "f64 [3] [-1.4436 0.0000 0.8814]" (fun () -> Special.asinh x)
        gives "acosh" "f64 [3] [0.0000 1.3170 1.7627]" (fun () -> let x = y in Special.acosh x)
        gives "atanh" "f64 [2] [0.25541 0.54931]" (fun () -> let x = p in Special.atanh x)
        gives "atan2" "f64 [3] [2.6779 1.5708 1.2490]" (fun () -> Special.atan2 y x)
        gives "erfc" "f64 [3] [1.9953 1.0000 0.1573]" (fun () -> Special.erfc x)
        gives "erfInv" "f64 [2] [0.22531 0.47694]" (fun () -> let x = p in Special.erfInv x)
        gives "logit" "f64 [2] [-1.0986 0.0000]" (fun () -> Special.logit p)
        gives "logGamma" "f64 [3] [0.00000 0.00000 0.69315]" (fun () -> let x = y in Special.logGamma x)
        gives "digamma" "f64 [3] [-0.57722 0.42278 0.92278]" (fun () -> let x = y in Special.digamma x)
        gives "sinc" "f64 [2] [0.90032 0.63662]" (fun () -> let x = p in Special.sinc x)
    ]

let private division =
    [
        gives "remainder" "f64 [3] [-0 0 1]" (fun () -> Division.remainder x y)
        gives "fmod" "f64 [3] [-0 0 1]" (fun () -> Division.fmod x y)
        gives "floorDivide" "f64 [3] [-2 0 0]" (fun () -> Division.floorDivide x y)
        gives "truncDivide" "f64 [3] [-2 0 0]" (fun () -> Division.truncDivide x y)
    ]

let private axes =
    let v = y

    [
        gives "glu" "f64 [2, 1] [[0.8808] [2.9460]]" (fun () ->
            let m = Expr.sliceAxis 1 0 2 m
            Axes.glu -1 m)
        gives "roll" "f64 [3] [3 1 2]" (fun () -> Axes.roll 1 0 v)
        gives "repeatEach" "f64 [6] [1 1 2 2 3 3]" (fun () -> Axes.repeatEach 2 0 v)
        gives "cumProd" "f64 [3] [1 2 6]" (fun () -> Axes.cumProd 0 v)
        gives "cumMax" "f64 [3] [1 2 3]" (fun () -> Axes.cumMax 0 v)
        gives "cumMin" "f64 [3] [1 1 1]" (fun () -> Axes.cumMin 0 v)
        gives "logAddExp" "f64 [3] [1.0486 2.1269 3.1269]" (fun () -> Axes.logAddExp x y)
        gives "cumLogSumExp" "f64 [3] [1.0000 2.3133 3.4076]" (fun () -> Axes.cumLogSumExp 0 v)
        gives "lowerTriangle" "f64 [2, 3] [[1 0 0] [3 4 0]]" (fun () -> Axes.lowerTriangle 0 m)
        gives "upperTriangle" "f64 [2, 3] [[1 2 3] [0 4 7]]" (fun () -> Axes.upperTriangle 0 m)
    ]

let private einsum =
    let a = Expr.constant (Tensor.ofArray [ 1; 2; 2 ] [| 1.0; 2.0; 3.0; 4.0 |])
    let b = Expr.constant (Tensor.ofArray [ 1; 2; 1 ] [| 10.0; 1.0 |])
    [ gives "einsum" "f64 [1, 2, 1] [[[12] [34]]]" (fun () -> Einsum.einsum "bij,bjk->bik" [ a; b ]) ]

let private reduce =
    [
        gives "keepDims" "f64 [2, 3] [[-1 -1 -2] [ 1 1 2]]" (fun () ->
            m - Reduce.keepDims Reduce.mean [ 0 ] m)
        gives "mean" "f64 [3] [2 3 5]" (fun () -> Reduce.mean [ 0 ] m)
        gives "meanAll" "f64 3.3333" (fun () -> Reduce.meanAll m)
        gives "variance" "f64 [3] [2 2 8]" (fun () -> Reduce.variance 1 [ 0 ] m)
        gives "deviation" "f64 [3] [1 1 2]" (fun () -> Reduce.deviation 0 [ 0 ] m)
        gives "norm" "f64 [2] [3.7417 8.6023]" (fun () -> Reduce.norm [ 1 ] m)
        gives "powerNorm" "f64 [2] [3.3019 7.5712]" (fun () -> Reduce.powerNorm 3.0 [ 1 ] m)
        gives "logSoftmax" "f64 [2, 3] [[-2.4076 -1.4076 -0.4076] [-4.0659 -3.0659 -0.0659]]" (fun () ->
            Reduce.logSoftmax 1 m)
    ]

let private w = Expr.constant (Tensor.ofArray [ 3; 2 ] [| 1.0; 0.0; 0.0; 1.0; 0.0; 0.0 |])
let private b = Expr.constant (Tensor.vector [ 10.0; 20.0 ])
let private labels = Expr.constant (Tensor.vector [ 3; 0 ])

let private linear =
    [
        gives "dot" "f64 1" (fun () -> Linear.dot x y)
        gives "outer" "f64 [3, 3] [[-2 -4 -6] [ 0 0 0] [ 1 2 3]]" (fun () -> Linear.outer x y)
        gives "matvec" "f64 [2] [1 1]" (fun () -> Linear.matvec m x)
        gives "affine" "f64 [2, 2] [[11 22] [13 24]]" (fun () -> Linear.affine w b m)
        gives "identity" "f64 [3, 3] [[1 0 0] [0 1 0] [0 0 1]]" (fun () -> Linear.identity DType.F64 3)
        gives "oneHot" "f32 [2, 10] [[0 0 0 1 0 0 0 0 0 0] [1 0 0 0 0 0 0 0 0 0]]" (fun () ->
            Linear.oneHot DType.F32 10 labels)
        gives "diagonal" "f64 [2] [1 4]" (fun () -> Linear.diagonal m)
        gives "trace" "f64 5" (fun () -> Linear.trace m)
        prints "kron" "[4, 9]" (fun () -> (Linear.kron m m).Shape)
        gives "tensorDot" "f64 [2, 2] [[14 32] [32 74]]" (fun () -> Linear.tensorDot [ 1 ] [ 0 ] m m.T)
        gives "cosineSimilarity" "f64 0.11952" (fun () -> Linear.cosineSimilarity 0 x y)
        gives "distances" "f64 [2, 2] [[0.000 4.899] [4.899 0.000]]" (fun () -> Linear.distances 2.0 m m)
    ]

let private ordering =
    [
        gives "argSortDescending" "i64 [2, 3] [[2 1 0] [2 1 0]]" (fun () -> Order.argSortDescending 1 m)
        gives "sort" "f64 [2, 3] [[1 2 3] [3 4 7]]" (fun () -> Order.sort 1 m)
        gives "sortDescending" "f64 [2, 3] [[3 2 1] [7 4 3]]" (fun () -> Order.sortDescending 1 m)
        gives "topK" "f64 [2, 2] [[3 2] [7 4]]" (fun () -> Order.topK 2 1 m |> fst)
        gives "bottomK" "i64 [2, 2] [[0 1] [0 1]]" (fun () -> Order.bottomK 2 1 m |> snd)
        gives "quantile" "f64 [2] [1.5 3.5]" (fun () -> Order.quantile 0.25 1 m)
        gives "median" "f64 [2] [2 4]" (fun () -> Order.median 1 m)
    ]

let private indexing =
    let places = Expr.constant (Tensor.vector [ 2L; 0L; 0L ])

    [
        gives "takeAlong" "f64 [2, 3] [[1 2 3] [3 4 7]]" (fun () -> Indexing.takeAlong 1 (Expr.argSort 1 m) m)
        gives "scatterAdd" "f64 [3] [0 0 2]" (fun () -> Indexing.scatterAdd 0 places (lit 1.0) x)
        gives "scatterMax" "f64 [3] [3 0 3]" (fun () -> Indexing.scatterMax 0 places (lit 3.0) x)
    ]

let private a = Expr.constant (Tensor.ofArray [ 2; 2 ] [| 4.0; 2.0; 2.0; 5.0 |])

let private squareMatrix =
    let v = Expr.constant (Tensor.vector [ 2.0; 9.0 ])

    [
        gives "inverse" "f64 [2, 2] [[ 0.3125 -0.1250] [-0.1250 0.2500]]" (fun () -> SquareMatrix.inverse a)
        gives "solve" "f64 [2] [-0.5 2.0]" (fun () -> SquareMatrix.solve a v)
        gives "det" "f64 16" (fun () -> SquareMatrix.det a)
        gives "signLogDet" "f64 2.7726" (fun () -> SquareMatrix.signLogDet a |> snd)
        gives "cholesky" "f64 [2, 2] [[2 0] [1 2]]" (fun () -> SquareMatrix.cholesky a)
    ]

let private decomposition =
    [
        gives "eigh" "f64 [2] [2.4384 6.5616]" (fun () -> Decomposition.eigh a |> fst)
        gives "qr" "f64 [2, 2] [[4.4721 4.0249] [0.0000 3.5777]]" (fun () -> Decomposition.qr a |> snd)
        gives "svd" "f64 [2] [6.5616 2.4384]" (fun () ->
            let u, s, v = Decomposition.svd a
            s)
        gives "pinv" "f64 [2, 2] [[ 0.3125 -0.1250] [-0.1250 0.2500]]" (fun () -> Decomposition.pinv a)
        gives "pinvWith" "f64 [2, 2] [[ 0.3125 -0.1250] [-0.1250 0.2500]]" (fun () ->
            Decomposition.pinvWith 1e-10 a)
    ]

let private images = Expr.constant (Tensor.ofArray [ 1; 1; 3; 3 ] [| 1.0 .. 9.0 |])
let private weights = Expr.constant (Tensor.ofArray [ 1; 1; 2; 2 ] [| 1.0; 0.0; 0.0; -1.0 |])
let private bias = Expr.constant (Tensor.vector [ 100.0 ])

let private convolution =
    [
        prints "options" "[1]" (fun () -> { Convolution.options with Padding = [ 1 ] }.Padding)
        gives "conv" "f64 [1, 1, 2, 2] [[[[-4 -4] [-4 -4]]]]" (fun () ->
            Convolution.conv Convolution.options images weights)
        gives "convSame" "f64 [1, 1, 3, 3] [[[[-4 -4 3] [-4 -4 6] [ 7 8 9]]]]" (fun () ->
            Convolution.convSame Convolution.options images weights)
        gives
            "convTranspose"
            "f64 [1, 1, 6, 6] [[[[ 1 0 2 0 3 0] [ 0 -1 0 -2 0 -3] [ 4 0 5 0 6 0] [ 0 -4 0 -5 0 -6] [ 7 0 8 0 9 0] [ 0 -7 0 -8 0 -9]]]]"
            (fun () ->
                Convolution.convTranspose { Convolution.options with Stride = [ 2 ] } [] images weights)
        gives "maxPool" "f64 [1, 1, 1, 1] [[[[5]]]]" (fun () ->
            Convolution.maxPool [ 2 ] Convolution.options images)
        gives "avgPool" "f64 [1, 1, 1, 1] [[[[3]]]]" (fun () ->
            Convolution.avgPool [ 2 ] Convolution.options images)
        gives "addBias" "f64 [1, 1, 3, 3] [[[[101 102 103] [104 105 106] [107 108 109]]]]" (fun () ->
            Convolution.addBias bias images)
    ]

let private padding =
    let v = y

    [
        gives "edge" "f64 [6] [1 1 1 2 3 3]" (fun () -> Padding.edge [ 2 ] [ 1 ] v)
        gives "reflect" "f64 [5] [2 1 2 3 2]" (fun () -> Padding.reflect [ 1 ] [ 1 ] v)
        gives "wrap" "f64 [6] [3 1 2 3 1 2]" (fun () -> Padding.wrap [ 1 ] [ 2 ] v)
    ]

let private resize =
    [
        gives "nearest" "f64 [1, 1, 2, 2] [[[[1 2] [4 5]]]]" (fun () -> Resize.nearest [ 2 ] images)
        prints "linear" "[1, 1, 6, 6]" (fun () -> (Resize.linear false [ 6 ] images).Shape)
        prints "pixelShuffle" "[1, 1, 3, 3]" (fun () -> (Resize.pixelShuffle 1 images).Shape)
        prints "pixelUnshuffle" "[1, 9, 1, 1]" (fun () -> (Resize.pixelUnshuffle 3 images).Shape)
    ]

let private windowed =
    [
        prints "edges" "True" (fun () -> { Windowed.edges with Ceiling = true }.Ceiling)
        gives "max" "f64 [1, 1, 2, 2] [[[[5 6] [8 9]]]]" (fun () ->
            Windowed.max { Windowed.edges with Ceiling = true } [ 2 ] Convolution.options images)
        gives "average" "f64 [1, 1, 1, 1] [[[[3]]]]" (fun () ->
            Windowed.average { Windowed.edges with CountsPadding = false } [ 2 ] Convolution.options images)
        gives "maxSame" "f64 [1, 1, 3, 3] [[[[5 6 6] [8 9 9] [8 9 9]]]]" (fun () ->
            Windowed.maxSame [ 3 ] { Convolution.options with Stride = [ 1 ] } images)
        gives "averageSame" "f64 [1, 1, 3, 3] [[[[3.0 3.5 4.0] [4.5 5.0 5.5] [6.0 6.5 7.0]]]]" (fun () ->
            Windowed.averageSame [ 3 ] { Convolution.options with Stride = [ 1 ] } images)
        gives "maxWithPlaces" "i64 [1, 1, 1, 1] [[[[4]]]]" (fun () ->
            Windowed.maxWithPlaces [ 2 ] Convolution.options images |> snd)
        gives "unpool" "f64 [1, 1, 3, 3] [[[[0 0 0] [0 5 0] [0 0 0]]]]" (fun () ->
            let values, places = Windowed.maxWithPlaces [ 2 ] Convolution.options images
            Windowed.unpool [ 3; 3 ] places values)
        gives "unfold" "f64 [1, 4, 4] [[[1 2 4 5] [2 3 5 6] [4 5 7 8] [5 6 8 9]]]" (fun () ->
            Windowed.unfold [ 2 ] Convolution.options images)
    ]

let private key = Draw.key (Key.ofSeed 42L)

let private draw =
    [
        gives "key" "i32 [2] [42 0]" (fun () -> Draw.key (Key.ofSeed 42L))
        gives "uniform" "f32 [2, 3] [[-0.77408 0.93717 0.14646] [ 0.68172 -0.02456 0.65413]]" (fun () ->
            Draw.uniform -1.0 1.0 DType.F32 [ 2; 3 ] key)
        gives "normal" "f32 [2, 3] [[ 0.4878 2.5231 -0.5988] [ 1.0444 0.9239 -0.2766]]" (fun () ->
            Draw.normal 0.0 1.0 DType.F32 [ 2; 3 ] key)
        gives "bernoulli" "bool [2, 3] [[ true false true] [ true true true]]" (fun () ->
            Draw.bernoulli 0.9 [ 2; 3 ] key)
        gives "categorical" "i64 1" (fun () ->
            Draw.categorical (Expr.constant (Tensor.vector [ 0.0; 1.0 ])) key)
        gives "split" "i32 [2, 2] [[ 541301508 -1744314334] [ 528846114 1519611893]]" (fun () ->
            Draw.split 2 key)
    ]

let all =
    [
        { Module = moduleOf <@ Elementwise.square @>; Rows = elementwise }
        { Module = moduleOf <@ Reduce.meanAll @>; Rows = reduce }
        { Module = moduleOf <@ Linear.dot @>; Rows = linear }
        { Module = moduleOf <@ Convolution.options @>; Rows = convolution }
        { Module = moduleOf <@ Order.sort @>; Rows = ordering }
        { Module = moduleOf <@ Indexing.takeAlong @>; Rows = indexing }
        { Module = moduleOf <@ SquareMatrix.det @>; Rows = squareMatrix }
        { Module = moduleOf <@ Decomposition.pinv @>; Rows = decomposition }
        { Module = moduleOf <@ Padding.edge @>; Rows = padding }
        { Module = moduleOf <@ Resize.nearest @>; Rows = resize }
        { Module = moduleOf <@ Windowed.edges @>; Rows = windowed }
        { Module = moduleOf <@ Division.fmod @>; Rows = division }
        { Module = moduleOf <@ Special.log2 @>; Rows = special }
        { Module = moduleOf <@ Axes.glu @>; Rows = axes }
        { Module = moduleOf <@ Einsum.einsum @>; Rows = einsum }
        { Module = moduleOf <@ Draw.key @>; Rows = draw }
    ]
