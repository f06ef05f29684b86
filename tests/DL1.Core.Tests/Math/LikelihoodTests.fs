/// A likelihood is one: probabilities add to 1, and densities agree with MathNet's distributions.
module DL1.Tests.LikelihoodTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open Expecto
open MathNet.Numerics
open MathNet.Numerics.Distributions

let private value (e: Expr) = Eval.run [] e |> Tensor.toFloat
let private at (x: float) = Expr.scalar DType.F64 x

let tests =
    testList
        "Likelihood"
        [
            law "a normal density is MathNet's" (fun (m: int) (s: byte) (y: int) ->
                let mean, deviation, target =
                    float (m % 50) / 10.0, 0.1 + float s / 64.0, float (y % 50) / 10.0

                near
                    1e-10
                    (value (Likelihood.gaussian (at target) (at deviation) (at mean)))
                    -(Normal.PDFLn(mean, deviation, target)))
            law "a Poisson probability is MathNet's" (fun (r: int) (k: byte) ->
                let logRate = float (r % 30) / 10.0

                near
                    1e-10
                    (value (Likelihood.poisson (at (float k)) (at logRate)))
                    -(Poisson.PMFLn(exp logRate, int k)))
            law "the probabilities of both truth values add to 1" (fun (x: int) ->
                let logit = at (float (x % 300) / 10.0)
                let p target = exp -(value (Likelihood.bernoulli (at target) logit))
                near 1e-12 (p 0.0 + p 1.0) 1.0)
            law "the probabilities of all classes add to 1" (fun seed ->
                let logits = Expr.constant (Key.normal 0.0 3.0 DType.F64 [ 1; 4 ] (Key.ofSeed seed))

                let p (label: int) =
                    Likelihood.categorical (Expr.constant (Tensor.vector [ label ])) logits
                    |> value
                    |> fun nll -> exp -nll

                near 1e-12 (List.sumBy p [ 0..3 ]) 1.0)
            test "factorials to the last digits" {
                for n in 0..170 do
                    let found = value (Likelihood.logFactorial (at (float n)))
                    let expected = SpecialFunctions.FactorialLn n
                    Expect.isLessThan (abs (found - expected)) (1e-13 * (1.0 + expected)) $"{n}!"
            }
            test "squared error is a normal likelihood, up to scale" {
                let x = Expr.symbol "x"

                let slope (e: Expr) =
                    Grad.grad e [ x ] |> List.head |> Eval.run [ "x", Tensor.scalar 0.3 ] |> Tensor.toFloat

                let squared = slope (Loss.mse Reduction.Sum (at 1.5) x)

                Expect.floatClose
                    Accuracy.veryHigh
                    (slope (Likelihood.gaussian (at 1.5) (at 1.0) x))
                    (squared / 2.0)
                    ""
            }
        ]
