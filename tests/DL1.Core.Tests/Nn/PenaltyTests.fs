/// Penalties touch what they name, and nothing else.
module DL1.Tests.PenaltyTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open Expecto

let private values =
    [
        "0.weight", Tensor.ofArray [ 1; 2 ] [| 3.0; -4.0 |]
        "0.bias", Tensor.vector [ 5.0 ]
        "1.weight_ih_l0", Tensor.vector [ 2.0 ]
    ]

let private parameters = Tree.ofList (Reference.variables values)
let private value (e: Expr) = Eval.run values e |> Tensor.toFloat

let tests =
    testList
        "Penalty"
        [
            test "which parameters are weights" {
                Expect.equal (Penalty.touched Penalty.weights parameters) [ "0.weight"; "1.weight_ih_l0" ] ""
                Expect.isTrue (Penalty.weights "self_attn.in_proj_weight") ""
                Expect.isFalse (Penalty.weights "weights.bias") ""
            }
            test "sums of magnitudes and squares" {
                Expect.equal (value (Penalty.l1 0.5 Penalty.weights parameters)) 4.5 "0.5·(3 + 4 + 2)"
                Expect.equal (value (Penalty.l2 0.5 Penalty.weights parameters)) 14.5 "0.5·(9 + 16 + 4)"
                Expect.equal (value (Penalty.l2 1.0 (fun path -> path = "0.bias") parameters)) 25.0 "by name"
            }
            law "the elastic net lies between" (fun (r: byte) ->
                let ratio = float r / 255.0
                let mixed = value (Penalty.elastic 0.7 ratio Penalty.weights parameters)
                near 1e-12 mixed (0.7 * (ratio * 9.0 + 0.5 * (1.0 - ratio) * 29.0)))
            test "what is not touched has gradient 0" {
                let gradients = Grad.grad (Penalty.l2 1.0 Penalty.weights parameters) (Tree.values parameters)
                let found = Eval.many values gradients |> List.map (Tensor.toFloats >> List.ofArray)
                Expect.equal found [ [ 6.0; -8.0 ]; [ 0.0 ]; [ 4.0 ] ] ""
            }
            test "nothing to touch, and wrong numbers, are refused" {
                let refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
                refused (fun () -> Penalty.l1 1.0 (fun _ -> false) parameters)
                refused (fun () -> Penalty.l2 -1.0 Penalty.weights parameters)
                refused (fun () -> Penalty.elastic 1.0 1.5 Penalty.weights parameters)
            }
        ]
