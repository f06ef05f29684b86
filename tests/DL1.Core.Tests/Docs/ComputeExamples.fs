/// The examples of what computes at once, on tensors.
module DL1.Tests.ComputeExamples

open DL1
open DL1.Tests.Example

let private t = Tensor.ofArray [ 2; 3 ] [| 1.0; 2.0; 3.0; 3.0; 4.0; 7.0 |]
let private a, b = Tensor.vector [ 1.0; 5.0; 3.0 ], Tensor.vector [ 2.0; 5.0; 1.0 ]
let private first, second = Tensor.vector [ 1.0 ], Tensor.vector [ 2.0; 3.0 ]
let private rows = [ a; b ]
let private scores, distances = t, t
let private x = Expr.variable "x" DType.F64 [ 2 ]

let private tensors =
    [
        prints "compute" "f64 [2, 3] [[0.30061 0.33222 0.36717] [0.27801 0.30725 0.41474]]" (fun () ->
            Tensor.compute (fun x -> Expr.softmax -1 (x / 10.0)) scores)
        prints "compute2" "f64 [2] [0.96403 0.99980]" (fun () ->
            let data, weights = t * 0.1, Tensor.vector [ 0.0; 1.0; 6.0 ] |> Tensor.reshape [ 3; 1 ]
            Tensor.compute2 (fun x w -> tanh (Expr.matmul x w)) data weights |> Tensor.reshape [ 2 ])
        prints "equal" "bool [3] [false true false]" (fun () -> Tensor.equal a b)
        prints "notEqual" "bool [3] [ true false true]" (fun () -> Tensor.notEqual a b)
        prints "less" "bool [3] [ true false false]" (fun () -> Tensor.less a b)
        prints "lessEqual" "bool [3] [ true true false]" (fun () -> Tensor.lessEqual a b)
        prints "greater" "bool [3] [false false true]" (fun () -> Tensor.greater a b)
        prints "greaterEqual" "bool [3] [false true true]" (fun () -> Tensor.greaterEqual a b)
        prints "maximum" "f64 [3] [2 5 3]" (fun () -> Tensor.maximum a b)
        prints "minimum" "f64 [3] [1 5 1]" (fun () -> Tensor.minimum a b)
        prints "where" "f64 [3] [1 5 1]" (fun () -> Tensor.where (Tensor.less a b) a b)
        prints "clip" "f64 [2, 3] [[1 1 1] [1 1 1]]" (fun () -> Tensor.clip 0.0 1.0 t)
        prints "concat" "f64 [3] [1 2 3]" (fun () -> Tensor.concat 0 [ first; second ])
        prints "stack" "f64 [2, 3] [[1 5 3] [2 5 1]]" (fun () -> Tensor.stack 0 rows)
        prints "sum" "f64 [3] [ 4 6 10]" (fun () -> Tensor.sum [ 0 ] t)
        prints "prod" "f64 [3] [ 3 8 21]" (fun () -> Tensor.prod [ 0 ] t)
        prints "max" "f64 [3] [3 4 7]" (fun () -> Tensor.max [ 0 ] t)
        prints "min" "f64 [3] [1 2 3]" (fun () -> Tensor.min [ 0 ] t)
        prints "mean" "f64 [3] [2 3 5]" (fun () -> Tensor.mean [ 0 ] t)
        prints "variance" "f64 [3] [2 2 8]" (fun () -> Tensor.variance 1 [ 0 ] t)
        prints "sumAll" "f64 20" (fun () -> Tensor.sumAll t)
        prints "meanAll" "f64 3.3333" (fun () -> Tensor.meanAll t)
        prints "keepDims" "f64 [2, 3] [[-1 -1 -2] [ 1 1 2]]" (fun () ->
            t - Tensor.keepDims Tensor.mean [ 0 ] t)
        prints "argMax" "i64 [2] [2 2]" (fun () -> Tensor.argMax -1 scores)
        prints "argMin" "i64 [2] [0 0]" (fun () -> Tensor.argMin -1 distances)
        prints "matmul" "f64 [1, 1] [[30]]" (fun () ->
            let a, b = Tensor.reshape [ 1; 3 ] a, Tensor.reshape [ 3; 1 ] b
            Tensor.matmul a b)
        prints "transpose" "f64 [3, 2] [[1 3] [2 4] [3 7]]" (fun () -> Tensor.transpose [ 1; 0 ] t)
        prints "sliceAxis" "f64 [3] [2 3 4]" (fun () ->
            let t = Tensor.arange DType.F64 9
            Tensor.sliceAxis 0 2 5 t)
    ]

let private compute =
    [
        prints "many" "[f64 20]" (fun () -> Compute.many (fun xs -> [ Expr.sumAll xs[0] ]) [ t ])
        prints "values" "[f64 2; f64 4]" (fun () ->
            let x = Expr.symbol "x"
            Compute.values [ "x", Tensor.scalar 2.0 ] [ x; x * x ])
        prints "value" "f64 [2] [4 9]" (fun () -> Compute.value [ "x", Tensor.vector [ 2.0; 3.0 ] ] (x * x))
    ]

let all: Examples list =
    [
        { Module = moduleOf <@ Tensor.sumAll @>; Rows = tensors }
        { Module = moduleOf <@ Compute.many @>; Rows = compute }
    ]
