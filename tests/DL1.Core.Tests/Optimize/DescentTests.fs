/// Optimizers as pure transitions, and descents as data.
module DL1.Tests.DescentTests

open DL1
open DL1.Tests.Law
open Expecto

let private x, y = Expr.symbol "x", Expr.symbol "y"
let private bowl = (x - 2.0) ** 2.0 + 3.0 * (y + 1.0) ** 2.0

let private optimizers =
    [ Optimizer.sgd 0.05; Optimizer.momentum 0.8 0.02; Optimizer.secondMoment 0.5 0.9 0.1 ]

let private run rule optimizer start = Descent.run rule optimizer bowl [ x; y ] start
let private epochs n = { Descent.standard with MaxEpochs = n; Patience = n + 1 }

let tests =
    testList
        "Descent"
        [
            law "the same start gives the same bits" (fun (choice: int) (p: int) (q: int) ->
                let optimizer = optimizers[abs (choice % 3)]
                let start = [ float (p % 10); float (q % 10) ]

                let rows () =
                    (run (epochs 10) optimizer start).Rows
                    |> Seq.map (fun r -> r.After[0], r.After[1], r.Value)

                Seq.forall2 (=) (rows ()) (rows ()))
            law
                "each epoch starts where the one before ended, and its decrease is that of the objective"
                (fun (choice: int) ->
                    let descent = run (epochs 20) optimizers[abs (choice % 3)] [ 5.0; 4.0 ]

                    Seq.pairwise descent.Rows
                    |> Seq.forall (fun (r, s) ->
                        Seq.forall2 (=) r.After s.Before
                        && s.Decrease = r.Value - s.Value
                        && s.Epoch = r.Epoch + 1))
            law "the first step of plain descent is the gradient times the rate" (fun (p: int) ->
                let start = float (p % 100)
                let row = (run (epochs 1) (Optimizer.sgd 0.05) [ start; 0.0 ]).Rows[0]
                row.After[0] = start - 0.05 * row.Gradient[0] && row.Gradient[0] = 2.0 * (start - 2.0))
            test "every optimizer comes near the minimum" {
                for optimizer in optimizers do
                    let descent = Descent.run Descent.standard optimizer bowl [ x; y ] [ 5.0; 4.0 ]
                    let last = descent.Rows[descent.Rows.Count - 1]
                    // Adaptive steps do not shrink with the gradient: they end in a small circle about the minimum.
                    Expect.isLessThan (abs (last.After[0] - 2.0)) 0.1 optimizer.Name
                    Expect.isLessThan (abs (last.After[1] + 1.0)) 0.1 optimizer.Name
            }
            test "descents whose steps shrink converge" {
                for optimizer in List.take 2 optimizers do
                    Expect.isTrue
                        (Descent.run Descent.standard optimizer bowl [ x; y ] [ 5.0; 4.0 ]).Converged
                        optimizer.Name
            }
            test "a descent that rises has not converged" {
                let descent = Descent.run Descent.standard (Optimizer.sgd 1.001) (x * x) [ x ] [ 1.0 ]

                Expect.isGreaterThan descent.Rows[descent.Rows.Count - 1].Value 1.0 "it rises"
                Expect.isFalse descent.Converged "and does not come to rest"
            }
            test "no epochs, no rows" { Expect.isEmpty (run (epochs 0) optimizers[0] [ 1.0; 1.0 ]).Rows "" }
            test "wrong options are refused" {
                let refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
                refused (fun () -> Optimizer.sgd 0.0)
                refused (fun () -> Optimizer.sgd nan)
                refused (fun () -> Optimizer.momentum 1.0 0.1)
                refused (fun () -> Optimizer.secondMomentFrom 0.0 0.0 0.9 0.9 0.1)

                Expect.throwsT<DomainError>
                    (fun () -> run (epochs 1) optimizers[0] [ 1.0 ] |> ignore)
                    "one start"

                Expect.throwsT<DomainError>
                    (fun () ->
                        run { Descent.standard with Patience = 0 } optimizers[0] [ 1.0; 1.0 ] |> ignore)
                    "patience"

                Expect.throwsT<DomainError>
                    (fun () -> run (epochs 400) (Optimizer.sgd 10.0) [ 5.0; 4.0 ] |> ignore)
                    "divergence"
            }
            test
                "an infinite objective or gradient is refused, even where the step would end at a finite objective" {
                let refused objective start =
                    Expect.throwsT<DomainError>
                        (fun () ->
                            Descent.run (epochs 1) (Optimizer.sgd 0.1) objective [ x ] [ start ] |> ignore)
                        $"{objective}"

                // At 1000 the exponential and its slope are infinite; one step leads to −∞, where it is 0.
                refused (exp x) 1000.0
                // √|x| at 0: the value is 0, the slope is not a number.
                refused (sqrt (abs x)) 0.0
                // |x| to the power 0.5 under a clamp: a finite value on both sides of an infinite slope.
                refused (Elementwise.clamp 0.0 1.0 (sqrt x)) 0.0
            }
        ]
