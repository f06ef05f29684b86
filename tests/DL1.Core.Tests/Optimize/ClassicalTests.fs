/// The classical minimisers find what can be found by hand.
module DL1.Tests.ClassicalTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open Expecto

let private x, y = Expr.symbol "x", Expr.symbol "y"
let private start = Tree.ofList [ "x", Tensor.scalar -1.2; "y", Tensor.scalar 1.0 ]
let private valley = (1.0 - x) ** 2.0 + 100.0 * (y - x * x) ** 2.0

let private methods =
    [ "Nelder-Mead", Classical.nelderMead; "BFGS", Classical.bfgs; "Newton", Classical.newton ]

let tests =
    testList
        "Classical"
        [
            for name, minimise in methods do
                test $"{name} comes through Rosenbrock's valley" {
                    let found = minimise Classical.options valley start
                    Expect.isLessThan (abs (Tensor.toFloat found.Point["x"] - 1.0)) 1e-3 "x"
                    Expect.isLessThan (abs (Tensor.toFloat found.Point["y"] - 1.0)) 1e-3 "y"
                    Expect.isLessThan found.Value 1e-6 "the value"
                    Expect.isGreaterThan found.Iterations 1 "iterations"
                }
            law "Newton's method needs one step for a paraboloid, whatever its shape" (fun seed ->
                let m = Expr.constant (Key.normal 0.0 1.0 DType.F64 [ 3; 3 ] (Key.ofSeed seed))
                let w = Expr.variable "w" DType.F64 [ 3 ]
                let target = Expr.constant (Tensor.vector [ 1.0; -2.0; 3.0 ])
                let image = Linear.matvec m (w - target)
                let objective = Linear.dot image image + Expr.sumAll (Elementwise.square (w - target))

                let found =
                    Classical.newton
                        Classical.options
                        objective
                        (Tree.ofList [ "w", Tensor.zeros DType.F64 [ 3 ] ])

                found.Iterations <= 2 && close 1e-8 (Tensor.vector [ 1.0; -2.0; 3.0 ]) found.Point["w"])
            test "variables of any shape keep it, in their order" {
                let w = Expr.variable "w" DType.F64 [ 2; 2 ]
                let goal = Expr.constant (Tensor.ofArray [ 2; 2 ] [| 1.0; 2.0; 3.0; 4.0 |])
                let objective = Expr.sumAll ((w - goal) ** 2.0) + (x + 5.0) ** 2.0
                let start = Tree.ofList [ "x", Tensor.scalar 0.0; "w", Tensor.zeros DType.F64 [ 2; 2 ] ]
                let found = Classical.bfgs Classical.options objective start
                expectClose 1e-6 (Tensor.ofArray [ 2; 2 ] [| 1.0; 2.0; 3.0; 4.0 |]) found.Point["w"] "w"
                expectClose 1e-6 (Tensor.scalar -5.0) found.Point["x"] "x"
            }
            test "what cannot be minimised is refused" {
                let refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""

                refused (fun () ->
                    Classical.newton Classical.options valley (Tree.ofList [ "x", Tensor.scalar 0.0 ]))

                refused (fun () -> Classical.bfgs { Classical.options with MaxIterations = 2 } valley start)

                refused (fun () ->
                    Classical.nelderMead { Classical.options with Tolerance = 0.0 } valley start)

                Expect.throwsT<ShapeError>
                    (fun () -> Classical.bfgs Classical.options (Expr.stack 0 [ x; y ]) start |> ignore)
                    "a vector"
            }
        ]
