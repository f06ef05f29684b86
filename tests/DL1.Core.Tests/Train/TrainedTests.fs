/// Looking into a model that was trained, and steps that allocate nothing.
module DL1.Tests.TrainedTests

open System
open DL1
open DL1.Tests.Learners
open Expecto

let private data = clouds 3L 20

let private start = Step.start learner (Key.ofSeed 1L) data.Inputs
let private trained = Trained.create learner.Model start.Parameters start.State

let tests =
    testList
        "Trained"
        [
            test "the last activation is the prediction" {
                let found = Trained.activations data.Inputs trained
                Expect.equal (List.last (Tree.values found)) (Trained.predict data.Inputs trained) ""
                Expect.isGreaterThan found.Count 2 "a layer each"
            }
            test "the output as an expression is the prediction, and has gradients by the input" {
                let x = Expr.variable "x" DType.F32 (data.Inputs.Shape.ToList())
                let scores = Trained.apply x trained
                let at = [ "x", data.Inputs ]

                let value, predicted =
                    Tensor.toFloats (Eval.run at scores),
                    Tensor.toFloats (Trained.predict data.Inputs trained)

                for v, p in Seq.zip value predicted do
                    Expect.floatClose Accuracy.medium v p "the same output"

                let moved =
                    data.Inputs
                    |> Expr.constant
                    |> fun inputs ->
                        inputs
                        + 0.01 * Expr.constant (Eval.run at (Grad.grad (Expr.sumAll scores) [ x ]).Head)
                    |> Eval.run []

                let total (t: Tensor) = Trained.predict t trained |> Tensor.toFloats |> Seq.sum

                Expect.isGreaterThan
                    (total moved)
                    (total data.Inputs)
                    "a step along the gradient raises the sum"
            }
            test "activations show where a signal vanishes" {
                let deep = List.init 6 (fun _ -> Dense.linear 16 => Activation.sigmoid) |> Layer.sequential
                let x = Key.normal 0.0 1.0 DType.F32 [ 32; 16 ] (Key.ofSeed 1L)
                let parameters, state = Layer.init (Key.ofSeed 2L) (Expr.constant x) deep

                let spread (t: Tensor) =
                    let column =
                        Tensor.toFloats t
                        |> Seq.indexed
                        |> Seq.filter (fun (i, _) -> i % 16 = 0)
                        |> Seq.map snd

                    Seq.max column - Seq.min column

                let found = Trained.create deep parameters state |> Trained.activations x

                Expect.isLessThan
                    (spread found["11"])
                    (spread found["1"] / 20.0)
                    "rows are hardly told apart at the end"
            }
            test "steps of a trainer allocate nothing" {
                let trainer = Trainer(learner, start, false)
                let batch = Dataset.rows [| 0..15 |] data

                let run count =
                    for _ in 1..count do
                        trainer.Step batch |> ignore

                run 50

                // What the runtime itself allocates now and then is not seen in every ten.
                let quiet =
                    Seq.init 100 (fun _ ->
                        let before = GC.GetAllocatedBytesForCurrentThread()
                        run 10
                        GC.GetAllocatedBytesForCurrentThread() - before)
                    |> Seq.filter (fun bytes -> bytes = 0L)
                    |> Seq.length

                Expect.isGreaterThan quiet 90 "tens of steps without allocation"
            }
        ]
