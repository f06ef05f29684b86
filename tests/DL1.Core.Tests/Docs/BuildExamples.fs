/// The examples of Expr/Build.fs and Expr/Operators/Operators.fs. Here x and y are vectors, and m is a matrix.
module DL1.Tests.BuildExamples

open DL1
open DL1.Tests.Example

let private x = Expr.constant (Tensor.vector [ -1.0; 0.0; 0.5 ])
let private y = Expr.constant (Tensor.vector [ 0.0; 0.0; 2.0 ])
let private m = Expr.constant (Tensor.ofArray [ 2; 3 ] [| 1.0; 2.0; 3.0; 6.0; 5.0; 4.0 |])
let private row = Expr.constant (Tensor.ofArray [ 1; 2 ] [| 7.0; 8.0 |])
let private indices = Expr.constant (Tensor.vector [ 2; 0 ])
let private updates = Expr.constant (Tensor.vector [ 10.0; 20.0 ])
let private key = Draw.key (Key.ofSeed 42L)

let private made =
    [
        prints "variable" "w" (fun () -> Expr.variable "w" DType.F32 [ 784; 512 ])
        prints "symbol" "x" (fun () -> Expr.symbol "x")
        gives "ofVariable" "f64 2" (fun () ->
            Expr.ofVariable { Name = "x"; DType = DType.F64; Shape = Shape.Scalar })
        gives "constant" "f64 [2] [1 2]" (fun () -> Expr.constant (Tensor.vector [ 1.0; 2.0 ]))
        gives "scalar" "f32 0.5" (fun () -> Expr.scalar DType.F32 0.5)
        gives "full" "f32 [2, 3] [[0.5 0.5 0.5] [0.5 0.5 0.5]]" (fun () -> Expr.full DType.F32 [ 2; 3 ] 0.5)
        gives "zerosLike" "f64 [3] [0 0 0]" (fun () -> Expr.zerosLike x)
        gives "onesLike" "f64 [3] [1 1 1]" (fun () -> Expr.onesLike x)
        gives "arange" "i64 [4] [0 1 2 3]" (fun () -> Expr.arange DType.I64 4)
        gives
            "randomBits"
            "i32 [2, 3] [[-1662324653 2012563771 314527917] [ 1463989207 -52747993 1404726525]]"
            (fun () -> Expr.randomBits 0 [ 2; 3 ] key)
    ]

let private elementwise =
    [
        gives "unary" "f64 [3] [0.5403 1.0000 0.8776]" (fun () -> Expr.unary UnaryOp.Cos x)
        gives "expm1" "f64 [3] [-0.63212 0.00000 0.64872]" (fun () -> Expr.expm1 x)
        gives "log1p" "f64 [3] [ -∞ 0.00000 0.40547]" (fun () -> Expr.log1p x)
        gives "rsqrt" "f64 [3] [ NaN ∞ 1.4142]" (fun () -> Expr.rsqrt x)
        gives "reciprocal" "f64 [3] [-1 ∞ 2]" (fun () -> Expr.reciprocal x)
        gives "sign" "f64 [3] [-1 0 1]" (fun () -> Expr.sign x)
        gives "sigmoid" "f64 [3] [0.26894 0.50000 0.62246]" (fun () -> Expr.sigmoid x)
        gives "softplus" "f64 [3] [0.31326 0.69315 0.97408]" (fun () -> Expr.softplus x)
        gives "erf" "f64 [3] [-0.8427 0.0000 0.5205]" (fun () -> Expr.erf x)
        gives "relu" "f64 [3] [0.0 0.0 0.5]" (fun () -> Expr.relu x)
        gives "not'" "bool [3] [ true true false]" (fun () -> Expr.not' (x .> 0.0))
        gives "binary" "f64 [3] [-0 0 1]" (fun () -> Expr.binary BinaryOp.Mul x y)
        gives "maximum" "f64 [3] [0 0 2]" (fun () -> Expr.maximum x y)
        gives "minimum" "f64 [3] [-1.0 0.0 0.5]" (fun () -> Expr.minimum x y)
        gives "both" "bool [3] [false false true]" (fun () -> Expr.both (x .> 0.0) (x .< 1.0))
        gives "either" "bool [3] [ true false false]" (fun () -> Expr.either (x .< 0.0) (x .> 1.0))
        gives "compare" "bool [3] [true true true]" (fun () -> Expr.compare CompareOp.Le x y)
        gives "equal" "bool [3] [false true false]" (fun () -> Expr.equal x y)
        gives "notEqual" "bool [3] [ true false true]" (fun () -> Expr.notEqual x y)
        gives "where" "f64 [3] [0.0 0.0 0.5]" (fun () -> Expr.where (x .> 0.0) x y)
        gives "cast" "f32 [3] [-1.0 0.0 0.5]" (fun () -> Expr.cast DType.F32 x)
        gives "stopGradient" "f64 [3] [-1.0 0.0 0.5]" (fun () -> Expr.stopGradient x)
    ]

let private alongAxes =
    [
        gives "reduce" "f64 [3] [7 7 7]" (fun () -> Expr.reduce ReduceOp.Sum [ 0 ] m)
        gives "sum" "f64 [2] [ 6 15]" (fun () -> Expr.sum [ 1 ] m)
        gives "prod" "f64 [2] [ 6 120]" (fun () -> Expr.prod [ 1 ] m)
        gives "max" "f64 [2] [3 6]" (fun () -> Expr.max [ 1 ] m)
        gives "min" "f64 [2] [1 4]" (fun () -> Expr.min [ 1 ] m)
        prints "allAxes" "[0; 1]" (fun () -> Expr.allAxes m)
        gives "sumAll" "f64 21" (fun () -> Expr.sumAll m)
        gives "argSort" "i64 [2, 3] [[0 1 2] [2 1 0]]" (fun () -> Expr.argSort 1 m)
        gives "argMax" "i64 [2] [2 0]" (fun () -> Expr.argMax 1 m)
        gives "argMin" "i64 [2] [0 2]" (fun () -> Expr.argMin 1 m)
        gives "cumSum" "f64 [2, 3] [[ 1 3 6] [ 6 11 15]]" (fun () -> Expr.cumSum 1 m)
        gives "softmax" "f64 [2, 3] [[0.09003 0.24473 0.66524] [0.66524 0.24473 0.09003]]" (fun () ->
            Expr.softmax 1 m)
        gives "logSumExp" "f64 [2] [3.4076 6.4076]" (fun () -> Expr.logSumExp 1 m)
        gives "matmul" "f64 [2, 2] [[14 28] [28 77]]" (fun () -> Expr.matmul m m.T)
    ]

let private moved =
    [
        gives "broadcastTo" "f64 [2, 3] [[-1.0 0.0 0.5] [-1.0 0.0 0.5]]" (fun () ->
            Expr.broadcastTo [ 2; 3 ] x)
        gives "reshape" "f64 [3, 2] [[1 2] [3 6] [5 4]]" (fun () -> Expr.reshape [ 3; -1 ] m)
        gives "expandDims" "f64 [1, 3] [[-1.0 0.0 0.5]]" (fun () -> Expr.expandDims 0 x)
        gives "squeeze" "f64 [2] [7 8]" (fun () -> Expr.squeeze [ 0 ] row)
        gives "transpose" "f64 [3, 2] [[1 6] [2 5] [3 4]]" (fun () -> Expr.transpose [ 1; 0 ] m)
        gives "moveAxis" "f64 [3, 2] [[1 6] [2 5] [3 4]]" (fun () -> Expr.moveAxis 0 1 m)
        gives "t" "f64 [3, 2] [[1 6] [2 5] [3 4]]" (fun () -> Expr.t m)
        gives "slice" "f64 [2, 2] [[1 3] [6 4]]" (fun () -> Expr.slice [ 0; 0 ] [ 2; 3 ] [ 1; 2 ] m)
        gives "sliceAxis" "f64 [2, 2] [[1 2] [6 5]]" (fun () -> Expr.sliceAxis 1 0 2 m)
        gives "item" "f64 [3] [6 5 4]" (fun () -> Expr.item 0 -1 m)
        gives "padWith" "f64 [6] [ 0.0 -1.0 0.0 0.0 0.0 0.5]" (fun () ->
            Expr.padWith [ { Before = 1; After = 0; Between = 1 } ] 0.0 x)
        gives "pad" "f64 [6] [ 0.0 -1.0 0.0 0.5 0.0 0.0]" (fun () -> Expr.pad [ 1 ] [ 2 ] 0.0 x)
        gives "concat" "f64 [6] [-1.0 0.0 0.5 0.0 0.0 2.0]" (fun () -> Expr.concat 0 [ x; y ])
        gives "stack" "f64 [2, 3] [[-1.0 0.0 0.5] [ 0.0 0.0 2.0]]" (fun () -> Expr.stack 0 [ x; y ])
        gives "reverse" "f64 [2, 3] [[3 2 1] [4 5 6]]" (fun () -> Expr.reverse [ 1 ] m)
        gives "gather" "f64 [2, 2] [[3 1] [4 6]]" (fun () -> Expr.gather 1 indices m)
        gives "scatterAdd" "f64 [4] [20 0 10 0]" (fun () -> Expr.scatterAdd 0 4 indices updates)
    ]

let private operators =
    [
        gives "op_DotGreater" "bool [3] [false false true]" (fun () -> x .> 0.0)
        gives "op_DotGreaterEquals" "bool [3] [false true true]" (fun () -> x .>= 0.0)
        gives "op_DotLess" "bool [3] [ true false false]" (fun () -> x .< 0.0)
        gives "op_DotLessEquals" "bool [3] [ true true false]" (fun () -> x .<= 0.0)
        gives "lit" "f64 2" (fun () -> lit 2.0)
    ]

let all =
    [
        { Module = moduleOf <@ Expr.symbol @>; Rows = made @ elementwise @ alongAxes @ moved }
        { Module = moduleOf <@ lit @>; Rows = operators }
    ]
