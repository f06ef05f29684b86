/// Explanations: their numbers are those of Eval and reverse mode, and each adjoint is the sum of its contributions.
module DL1.Tests.ExplainTests

open DL1
open DL1.Tests.Law
open Expecto
open FsCheck

let private a, b, c = Expr.symbol "a", Expr.symbol "b", Expr.symbol "c"

/// A scalar expression that uses what came before again and again, from a list of choices.
let private grown (choices: byte list) =
    let step (made: Expr list) (choice: byte) =
        let pick i = List.item ((int choice / 8 + i) % made.Length) made

        let next =
            match int choice % 8 with
            | 0
            | 1 -> pick 0 + pick 1
            | 2 -> pick 0 - pick 1
            | 3
            | 4 -> pick 0 * pick 1
            | 5 -> sin (pick 0)
            | 6 -> tanh (pick 0)
            | _ -> Expr.sigmoid (pick 1)

        next :: made

    List.fold step [ a; b; c ] (List.truncate 25 choices) |> List.head

let private at = [ "a", Tensor.scalar 0.3; "b", Tensor.scalar -0.7; "c", Tensor.scalar 1.1 ]
let private close (x: Tensor) (y: Tensor) = Tensor.allClose 1e-9 1e-12 x y

let tests =
    testList
        "Explain"
        [
            law "adjoints are reverse mode's, and sums of their contributions" (fun (choices: byte list) ->
                let y = grown choices
                let explanation = Explain.run [] at y

                explanation.Steps
                |> Seq.forall (fun step ->
                    match step.Adjoint with
                    | None -> true
                    | Some adjoint ->
                        let gradient = Eval.run at (Grad.grad y [ step.Expr ] |> List.head)

                        let contributions =
                            (if step.Expr = y then 1.0 else 0.0)
                            + List.sumBy (fun edge -> Tensor.toFloat edge.Contribution) step.Edges

                        close adjoint gradient && close (Tensor.scalar contributions) adjoint))
            law "values are Eval's" (fun (choices: byte list) ->
                let explanation = Explain.run [] at (grown choices)

                explanation.Steps
                |> Seq.forall (fun step -> Tensor.sameBits step.Value (Eval.run at step.Expr)))
            test "a layer is explained by the formulas of its vjps" {
                let x = Expr.variable "x" DType.F64 [ 1; 2 ]
                let w = Expr.variable "w" DType.F64 [ 2; 1 ]
                let z = Expr.matmul x w
                let y = Expr.sumAll (tanh z)

                let bindings =
                    [
                        "x", Tensor.ofArray [ 1; 2 ] [| 1.0; 2.0 |]
                        "w", Tensor.ofArray [ 2; 1 ] [| 0.5; -0.25 |]
                    ]

                let text = string (Explain.run [ "z", z; "y", y ] bindings y)
                Expect.stringContains text "z = x @ w = f64 [1, 1]" "forward"
                Expect.stringContains text "∂y/∂w = xᵀ @ ∂y/∂z = f64 [2, 1]" "backward"
            }
            test "notes put values on nodes and gradients on edges" {
                let d, e = a + b, b - c
                let y = d * e

                let notes =
                    (Explain.run
                        [ "Y", y ]
                        [ "a", Tensor.scalar 1.0; "b", Tensor.scalar 2.0; "c", Tensor.scalar 3.0 ]
                        y)
                        .Notes

                Expect.equal (notes.OfNode y) "Y = −3" ""

                Expect.equal
                    [ notes.OfEdge y 0; notes.OfEdge y 1; notes.OfEdge d 1; notes.OfEdge e 0 ]
                    [ "−1"; "3"; "−1"; "3" ]
                    ""
            }
            test "only scalars are explained" {
                Expect.throwsT<ShapeError>
                    (fun () -> Explain.run [] [] (Expr.variable "x" DType.F64 [ 2 ]) |> ignore)
                    ""
            }
        ]
