/// Linear attention and causal convolutions with a state: the forms of ONNX Runtime beside it, and those of the standard, which
/// ONNX Runtime 1.31 does not run (opset 27), beside them.
module DL1.Onnx.Tests.LinearTests

open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build
open DL1.Onnx.Tests.OperatorCase
open Expecto

let private fused = "com.microsoft"

/// The form of ONNX Runtime by it, and the standard's by the form of ONNX Runtime, to the bit.
let private both name operator operands attributes =
    ran.Add(struct ("", operator)) |> ignore
    let results = [ "y", OnnxType.Float; "state", OnnxType.Float ]

    testList
        name
        [
            caseWith results "fused" fused operator 17L operands attributes

            test "of the standard" {
                let run domain opset =
                    let first, x: string * Tensor = operands.Head

                    let g =
                        graph
                            [ value first OnnxType.Float (x.Shape.ToList() |> List.map (fun n -> n :> obj)) ]
                            [ nodeOf domain operator (List.map fst operands) [ "y"; "state" ] attributes ]
                            (operands.Tail |> List.filter (fun (name, _) -> name <> ""))
                            [ output "y"; output "state" ]

                    (Onnx.import [] (fileOf opset g)).Run [ operands.Head ]

                Expect.equal (run "" 27L) (run fused 17L) "the outputs"
            }
        ]

let tests =
    testList
        "states along a sequence"
        [
            let x, w = drawn "x" 1 [ 2; 4; 7 ], drawn "w" 2 [ 4; 1; 3 ]
            let bias, past = drawn "b" 3 [ 4 ], drawn "past" 4 [ 2; 4; 2 ]
            let activation name = [ "activation", text name ]

            both "CausalConvWithState" "CausalConvWithState" [ x; w ] []
            both "CausalConvWithState, bias" "CausalConvWithState" [ x; w; bias ] (activation "silu")
            both "CausalConvWithState, past" "CausalConvWithState" [ x; w; bias; past ] (activation "swish")

            let q, k, v = drawn "q" 1 [ 2; 5; 32 ], drawn "k" 2 [ 2; 5; 16 ], drawn "v" 3 [ 2; 5; 12 ]
            let past = drawn "past" 4 [ 2; 2; 8; 6 ]
            let decay = "decay", Tensor.compute (fun x -> -(abs x)) (normal 5 [ 2; 5; 16 ])
            let decayOfHead = "decay", Tensor.compute (fun x -> -(abs x)) (normal 5 [ 2; 5; 2 ])
            let beta = "beta", Tensor.compute Expr.sigmoid (normal 6 [ 2; 5; 2 ])

            for rule, operands in
                [
                    "linear", []
                    "linear, past", [ past ]
                    "gated", [ past; decay ]
                    "gated, a number of each head", [ past; decayOfHead ]
                    "delta", [ past; none; beta ]
                    "gated_delta", [ past; decay; beta ]
                    "gated_delta, no past", [ none; decay; beta ]
                ] do
                both
                    $"LinearAttention, {rule}"
                    "LinearAttention"
                    ([ q; k; v ] @ operands)
                    [
                        number "q_num_heads" 4
                        number "kv_num_heads" 2
                        "update_rule", text (rule.Split(',')[0])
                        real "scale" 0.4
                    ]
        ]
