/// A number without a type takes the type of what it meets, also after it has passed through functions.
module DL1.Tests.LiteralTests

open DL1
open Expecto

let private x dtype = Expr.variable "x" dtype [ 3 ]
let private mean = Reduction.Mean

/// Functions of a number and a tensor, or of a number alone, beside a tensor.
let private cases: (string * (Expr -> Expr -> Expr)) list =
    [
        "a choice", (fun n x -> Expr.where (x .> 0.0) n (lit 0.0) * x)
        "a choice of choices",
        (fun n x -> Expr.where (x .> 0.0) (Expr.where (x .> 1.0) n (lit 2.0)) (lit 0.0) + x)
        "a root", (fun n x -> sqrt n * x)
        "functions of functions", (fun n x -> Expr.maximum (log (n + 1.0)) (exp -n) / x)
        "a special function", (fun n x -> Special.log2 n * x)
        "another special function", (fun n x -> Special.asinh n + x)
        "a function with a derivative of its own",
        (fun n x -> Scan.custom "double" (fun xs -> 2.0 * xs.Head) (fun _ dy -> [ 2.0 * dy ]) [ n ] * x)
        "a stretched number", (fun n x -> Expr.broadcastTo [ 3 ] n * x)
        "a reshaped number", (fun n x -> Expr.reshape [ 1 ] n - x)
        "a sum of a stretched number", (fun n x -> Expr.sumAll (Expr.broadcastTo [ 3 ] n) * x)
        "zeros and ones like a number", (fun n x -> Expr.zerosLike n + Expr.onesLike n * x)
        "a clamped number", (fun n x -> Elementwise.clamp 0.0 1.0 n * x)
        "a stack", (fun n x -> Expr.stack 0 [ n; Expr.item 0 0 x ])
        "a stack that begins with a tensor", (fun n x -> Expr.stack 0 [ Expr.item 0 0 x; sqrt n ])
        "a concatenation", (fun n x -> Expr.concat 0 [ Expr.reshape [ 1 ] n; x ])
        "a matrix product", (fun n x -> Expr.matmul (Expr.broadcastTo [ 2; 3 ] n) (Expr.expandDims 1 x))
        "mse", (fun n x -> Loss.mse mean n x)
        "l1", (fun n x -> Loss.l1 mean n x)
        "huber", (fun n x -> Loss.huber 1.0 mean n x)
        "smoothL1", (fun n x -> Loss.smoothL1 1.0 mean n x)
        "bce", (fun n x -> Loss.bce mean n x)
        "bceWithLogits", (fun n x -> Loss.bceWithLogits mean n x)
        "bceWeighted", (fun n x -> Loss.bceWeighted n mean (lit 1.0) x)
        "klDiv", (fun n x -> Loss.klDiv mean n x)
        "poissonNll", (fun n x -> Loss.poissonNll true mean n x)
        "poissonNllOfRate", (fun n x -> Loss.poissonNllOfRate true mean n x)
        "gaussianNll", (fun n x -> Loss.gaussianNll true 1e-6 mean n n x)
        "hingeEmbedding", (fun n x -> Loss.hingeEmbedding 1.0 mean n x)
        "tripletMargin", (fun n x -> Loss.tripletMargin 1.0 3.0 mean (n, lit 0.0) x)
        "gaussian", (fun n x -> Likelihood.gaussian n n x)
        "bernoulli", (fun n x -> Likelihood.bernoulli n x)
        "poisson", (fun n x -> Likelihood.poisson n x)
        "weightedMean", (fun n x -> Loss.weightedMean n x)
        "the number as the prediction", (fun n x -> Loss.bceWithLogits mean x n)
        "the number as the prediction of klDiv", (fun n x -> Loss.klDiv mean x n)
    ]

let tests =
    testList
        "Literal"
        [
            for name, f in cases do
                test name {
                    for dtype in [ DType.F32; DType.F64 ] do
                        let x = x dtype
                        let weak = f (lit 0.5) x
                        let typed = f (Expr.scalar dtype 0.5) x
                        Expect.equal weak.DType dtype "the type"
                        let inputs = [ "x", Tensor.cast dtype (Tensor.vector [| 0.25; 0.5; 0.75 |]) ]

                        let values e = Eval.run inputs e |> Tensor.toFloats

                        for a, b in Seq.zip (values weak) (values typed) do
                            Expect.isTrue
                                (abs (a - b) <= 3e-7 * abs b)
                                $"{a}, where a number that has the type from the start gives {b}"
                }
            test "the same as text" {
                for text in
                    [ "where(x > 0, 1, 0)*x"; "sqrt(2)*x"; "(1/3 + 2^0.5)*x"; "maximum(exp(1), 2) - x" ] do
                    let e = Parse.expr $"x: f32[];\n{text}"
                    Expect.equal e.DType DType.F32 text
            }
            test "numbers alone are f64" { Expect.equal (sqrt (lit 2.0) + 1.0).DType DType.F64 "f64" }
            test "a cast gives a type for good" {
                let typed = Expr.cast DType.F64 (lit 2.0)
                let error = Expect.throwsC (fun () -> typed * x DType.F32 |> ignore) id
                Expect.stringContains error.Message "operands of one element type" "refused"
            }
            test "whole numbers stay whole, others are refused beside integers" {
                let i = Expr.variable "i" DType.I32 [ 2 ]
                Expect.equal ((lit 1.0 + lit 2.0) * i).DType DType.I32 "i32"
                let error = Expect.throwsC (fun () -> (lit 0.5 + lit 2.0) * i |> ignore) id
                Expect.stringContains error.Message "0.5" "the number"
            }
            test "a long chain of numbers takes the type" {
                let chain = Seq.fold (fun (e: Expr) _ -> sin e) (lit 0.5) (seq { 1..100_000 })
                Expect.equal (chain * x DType.F32).DType DType.F32 "f32"
            }
        ]
