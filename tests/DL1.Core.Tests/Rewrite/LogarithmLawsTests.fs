/// Logarithms of products as sums: equal where arguments are positive, and as a text book writes them.
module DL1.Tests.LogarithmLawsTests

open DL1
open Expecto
open FsCheck
open FsCheck.FSharp

let private x, y, z = Expr.symbol "x", Expr.symbol "y", Expr.symbol "z"

/// Positive expressions of three positive variables.
let rec private positive depth : Gen<Expr> =
    if depth = 0 then
        Gen.elements [ x; y; z; lit 2.5 ]
    else
        let below = positive (depth - 1)

        Gen.oneof
            [
                Gen.map2 (fun (a: Expr) (b: Expr) -> a * b) below below
                Gen.map2 (fun (a: Expr) (b: Expr) -> a / b) below below
                Gen.map2 (fun (a: Expr) (b: Expr) -> Expr.Pow(a, b)) below (Gen.elements [ x; -y; z - 1.0 ])
                Gen.map (fun (a: Expr) -> exp (a - 2.0)) (Gen.elements [ x; y * z; -z ])
                Gen.map sqrt below
                Gen.map Expr.rsqrt below
            ]

let private value (e: Expr) (a, b, c) =
    let at = [ "x", Tensor.scalar a; "y", Tensor.scalar b; "z", Tensor.scalar c ]
    Eval.run at e |> Tensor.toFloat

let private printed (e: Expr) = Rewrite.expandLog e |> string

[<Tests>]
let tests =
    testList
        "LogarithmLaws"
        [
            test "the value is the same where all variables are positive" {
                let number = Gen.choose (2, 30) |> Gen.map (fun n -> float n / 10.0)
                let instances = Gen.zip (positive 3) (Gen.zip3 number number number)

                for e, at in Gen.sampleWithSeed (Rnd(4711UL, 1789UL)) 20 300 instances do
                    let before, after = value (log e) at, value (Rewrite.expandLog (log e)) at

                    if System.Double.IsFinite before then
                        Expect.isTrue
                            (abs (before - after) <= 1e-9 * (1.0 + abs before))
                            $"{log e} is {before}, expanded {after}"
            }

            test "densities and probabilities become text-book losses" {
                let gaussian = exp (-((y - x) ** 2.0) / 2.0)
                Expect.equal (printed (-(log gaussian))) "(y − x)²/2" "Gaussian of variance 1"
                let softmax = exp x / (exp x + exp y + exp z)
                Expect.equal (printed (-(log softmax))) "log(exp x + exp y + exp z) − x" "categorical"
                let k = Expr.symbol "k"
                Expect.equal (printed (log (exp (-z) * z ** k))) "k·log z − z" "Poisson"
            }

            test "the logarithm of a product of rows is a sum" {
                let rows = Expr.variable "p" DType.F64 [ 4 ]
                let expanded = Rewrite.expandLog (log (Expr.prod [ 0 ] (exp (2.0 * rows))))
                Expect.equal expanded (Rewrite.simplify (Expr.sum [ 0 ] (2.0 * rows))) "of exponentials"
            }

            test "sums have no law" {
                Expect.equal (printed (log (x + y))) "log(x + y)" "a sum"
                Expect.equal (printed (x * y)) "x·y" "no logarithm"
            }
        ]
