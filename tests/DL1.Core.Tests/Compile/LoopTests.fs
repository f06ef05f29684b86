/// Loops in plans: the values of Eval, with gradients, in both directions, one in another, and at their edges.
module DL1.Tests.LoopTests

open DL1
open DL1.Tests.Numbers
open DL1.Tests.Training
open Expecto

let private variable name dims = Expr.variable name DType.F64 dims
let private steps, batch, width, state = 6, 3, 4, 5
let private xs = variable "xs" [ steps; batch; width ]
let private h0, c0 = variable "h0" [ batch; state ], variable "c0" [ batch; state ]
let private w gates = variable "w" [ width; gates * state ]
let private u gates = variable "u" [ state; gates * state ]
let private b gates = variable "b" [ gates * state ]
let private gate i (z: Expr) = Expr.sliceAxis 1 (i * state) ((i + 1) * state) z
let private both (finals: Expr list, outputs: Expr list) = finals @ outputs

let private rnn isReversed length (xs: Expr) =
    Scan.many isReversed length [ h0 ] [ xs ] (fun s x ->
        let h = tanh (Expr.matmul x[0] (w 1) + Expr.matmul s[0] (u 1) + b 1)
        [ h ], [ h ])
    |> both

let private lstm isReversed =
    Scan.many isReversed steps [ h0; c0 ] [ xs ] (fun s x ->
        let z = Expr.matmul x[0] (w 4) + Expr.matmul s[0] (u 4) + b 4
        let i, f, o = Expr.sigmoid (gate 0 z), Expr.sigmoid (gate 1 z), Expr.sigmoid (gate 2 z)
        let c = f * s[1] + i * tanh (gate 3 z)
        let h = o * tanh c
        [ h; c ], [ h ])
    |> both

/// Results, and their gradients by all variables.
let private withGradients (results: Expr list) =
    let loss = results |> List.map weighted |> List.reduce (+)
    results @ Grad.grad loss (reals results)

let private check what (roots: Expr list) =
    agrees what 1e-9 roots
    Expect.equal (definedIn (plan (Graph.variables roots) roots)) [] $"{what}: every node has a kernel"

let private carry = variable "carry" [ 3 ]
let private rows = variable "rows" [ 4; 3 ]

let tests =
    testList
        "Loop"
        [
            for isReversed in [ false; true ] do
                let direction = if isReversed then "reversed" else "forward"

                test $"a simple cell, {direction}, and its gradients" {
                    check direction (withGradients (rnn isReversed steps xs))
                }

                test $"an LSTM, {direction}, and its gradients" {
                    check direction (withGradients (lstm isReversed))
                }

            test "second derivatives" {
                let loss = rnn false steps xs |> List.map weighted |> List.reduce (+)
                let gradient = Grad.grad loss [ u 1 ]
                check "twice" (gradient @ Grad.grad (weighted gradient.Head) [ u 1; xs ])
            }
            test "one loop in another, and its gradients" {
                let outer, sums =
                    Scan.run carry rows (fun h row ->
                        let inner, _ =
                            Scan.run (Expr.sumAll h) row (fun s x ->
                                let s = sin (s + x)
                                s, s)

                        let h = tanh (h * inner + row)
                        h, Expr.sumAll h)

                check "nested" (withGradients [ outer; sums ])
            }
            test "no steps" {
                let none = variable "xs" [ 0; batch; width ]
                let roots = rnn false 0 none
                agrees "forward" 1e-12 roots
                agrees "with gradients" 1e-12 (roots @ Grad.grad (weighted roots.Head) [ h0; w 1 ])
            }
            test "one step" {
                let one = variable "xs" [ 1; batch; width ]
                check "one" (withGradients (rnn false 1 one))
                check "one, reversed" (withGradients (rnn true 1 one))
            }
            test "carries that stay, change places, are constants, slices or one another" {
                let a, c = variable "a" [ 3 ], variable "c" [ 3 ]

                let results =
                    Scan.many false 4 [ carry; a; c; a; Expr.zerosLike a ] [ rows ] (fun s x ->
                        // Stays; becomes the next; becomes a slice; two become one value; a constant.
                        let value = s[1] * 0.5 + x[0]
                        [ s[0]; s[2]; x[0]; value; Expr.onesLike a ], [ s[0]; s[4]; x[0]; value; value ])
                    |> both

                agrees "values" 1e-12 results
                agrees "gradients" 1e-9 (withGradients results)
            }
            test "two carries that change places" {
                let a, c = variable "a" [ 3 ], variable "c" [ 3 ]

                for length in [ 3; 4 ] do
                    Scan.many false length [ a; c ] [] (fun s _ -> [ s[1]; s[0] ], [ s[0] ])
                    |> both
                    |> agrees $"{length} steps" 1e-12
            }
            test "carries that begin as inputs, constants and values" {
                let step (s: Expr list) (x: Expr list) = [ s[0] + x[0]; s[1] * x[0]; s[2] - x[0] ], [ s[1] ]

                Scan.many
                    true
                    4
                    [ carry; Expr.constant (Tensor.vector [ 1.0; 2.0; 3.0 ]); tanh carry ]
                    [ rows ]
                    step
                |> both
                |> withGradients
                |> check "begins"
            }
            test "only some results are wanted" {
                let results = lstm false
                check "the last state" [ results[1] ]
                check "the stack" [ results[2] ]
                check "a gradient alone" (Grad.grad (weighted results[0]) [ w 4 ])
            }
            test "whole numbers and truth values are carried" {
                let n = Expr.variable "n" DType.I32 [ 3 ]

                Scan.many false 5 [ n; n .> Expr.zerosLike n ] [] (fun s _ ->
                    [ s[0] + Expr.onesLike n; Expr.not' s[1] ], [ Expr.where s[1] s[0] (-s[0]) ])
                |> both
                |> agrees "whole" 0.0
            }
            test "a loop and what stands about it" {
                let results = rnn false steps (tanh xs * 2.0)
                check "around" (withGradients [ Expr.softmax 1 results[0]; Expr.sum [ 0 ] results[1] ])
            }
        ]
