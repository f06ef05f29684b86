/// Loops with less in them: the same values and gradients as before, and what is left in the bodies.
module DL1.Tests.HoistTests

open DL1
open DL1.Tests.Numbers
open DL1.Tests.Source
open Expecto
open DL1.Compiler.Scan

let private steps, batch, width, state = 5, 3, 4, 2
let private variable name dims = Expr.variable name DType.F64 dims
let private xs = variable "xs" [ steps; batch; width ]
let private h0, c0 = variable "h0" [ batch; state ], variable "c0" [ batch; state ]
let private w gates = variable "w" [ width; gates * state ]
let private u gates = variable "u" [ state; gates * state ]
let private b gates = variable "b" [ gates * state ]
let private gate i (z: Expr) = Expr.sliceAxis 1 (i * state) ((i + 1) * state) z

/// A model: what it gives, what it is differentiated by.
type private Model = { Name: string; Results: Expr list; Parameters: Expr list }

let private over name activation =
    let last, all =
        Scan.run h0 xs (fun h x ->
            let h = activation (Expr.matmul x (w 1) + Expr.matmul h (u 1) + b 1)
            h, h)

    { Name = name; Results = [ last; all ]; Parameters = [ w 1; u 1; b 1; h0; xs ] }

let private rnn = over "rnn" tanh

let private lstm =
    let finals, stacked =
        Scan.many false steps [ h0; c0 ] [ xs ] (fun s x ->
            let z = Expr.matmul x[0] (w 4) + Expr.matmul s[0] (u 4) + b 4
            let i, f, o = Expr.sigmoid (gate 0 z), Expr.sigmoid (gate 1 z), Expr.sigmoid (gate 2 z)
            let c = f * s[1] + i * tanh (gate 3 z)
            let h = o * tanh c
            [ h; c ], [ h ])

    { Name = "lstm"; Results = finals @ stacked; Parameters = [ w 4; u 4; b 4; h0; c0; xs ] }

/// The same cell, whose slice and state stand side by side before one weight.
let private joined =
    let w = variable "w" [ width + state; 4 * state ]

    let finals, stacked =
        Scan.many false steps [ h0; c0 ] [ xs ] (fun s x ->
            let z = Expr.matmul (Expr.concat 1 [ x[0]; s[0] ]) w + b 4
            let i, f, o = Expr.sigmoid (gate 0 z), Expr.sigmoid (gate 1 z), Expr.sigmoid (gate 2 z)
            let c = f * s[1] + i * tanh (gate 3 z)
            let h = o * tanh c
            [ h; c ], [ h ])

    { Name = "joined"; Results = finals @ stacked; Parameters = [ w; b 4; h0; c0; xs ] }

let private gru =
    let v = variable "v" [ state; state ]

    let last, all =
        Scan.run h0 xs (fun h x ->
            let zx = Expr.matmul x (w 3) + b 3
            let zh = Expr.matmul h (u 2)
            let r = Expr.sigmoid (gate 0 zx + gate 0 zh)
            let z = Expr.sigmoid (gate 1 zx + gate 1 zh)
            let n = tanh (gate 2 zx + Expr.matmul (r * h) v)
            let h = (1.0 - z) * n + z * h
            h, h)

    { Name = "gru"; Results = [ last; all ]; Parameters = [ w 3; u 2; v; b 3; h0; xs ] }

/// With an output layer in the loop, and its loss.
let private projected =
    let v = variable "v" [ state; 7 ]

    let finals, stacked =
        Scan.many true steps [ h0; lit 0.0 ] [ xs ] (fun s x ->
            let h = tanh (Expr.matmul x[0] (w 1) + Expr.matmul s[0] (u 1) + b 1)
            let y = Expr.matmul h v
            [ h; s[1] + Expr.sum [ 0; 1 ] (Expr.logSumExp 1 y |> Expr.expandDims 1) ], [ Expr.softmax 1 y ])

    {
        Name = "projected"
        Results = finals @ stacked
        Parameters = [ w 1; u 1; b 1; v; h0; xs ]
    }

/// A loop of loops: each step of the outer one goes over three slices of its own.
let private nested =
    let last, all =
        Scan.run h0 (variable "xss" [ 2; steps; batch; width ]) (fun h xs ->
            let last, all =
                Scan.run h xs (fun h x ->
                    let h = tanh (Expr.matmul x (w 1) + Expr.matmul h (u 1) + b 1)
                    h, h)

            last, Expr.sum [ 0 ] all)

    { Name = "nested"; Results = [ last; all ]; Parameters = [ w 1; u 1; b 1; h0 ] }

/// Every node of every body: of each loop once, bodies in bodies among them.
let rec private loops (roots: Expr list) : (ScanCall<Expr> * Expr list) list =
    Graph.topological roots
    |> List.ofArray
    |> List.choose (fun e ->
        match e.Node with
        | Node.Scan(_, call) -> Some call
        | _ -> None)
    |> List.distinctBy (fun call -> Expr.Make(Node.Scan(0, call)).Digest)
    |> List.collect (fun call ->
        let body = call.Body.Next @ call.Body.Outputs
        (call, List.ofArray (Graph.topological body)) :: loops body)

let private products (roots: Expr list) =
    loops roots
    |> List.map (fun (call, nodes) ->
        call.Reversed,
        nodes
        |> List.filter (fun e ->
            match e.Node with
            | Node.MatMul _ -> true
            | _ -> false)
        |> List.length)
    |> List.sort

let private graph model =
    let loss = model.Results |> List.map (fun e -> Expr.sumAll (e * e * 0.5 + sin e)) |> List.reduce (+)
    model.Results @ Grad.grad loss model.Parameters

let private rounded (t: Tensor) =
    let numbers = Tensor.toFloats t |> Array.map (fun x -> System.Math.Round(x * 2.0))
    Tensor(t.Shape, Elements.ofFloats t.DType numbers)

let private values whole (roots: Expr list) =
    let source = Source(4711, Tame, true)

    Graph.variables roots
    |> List.sortBy _.Name
    |> List.map (fun v ->
        let t = source.Tensor(v.DType, v.Shape.ToList())
        v.Name, (if whole then rounded t else t))

let private same what tolerance whole (roots: Expr list) =
    let hoisted = Hoist.run roots
    let values = values whole roots

    for i, (a, b) in List.indexed (List.zip (Eval.many values hoisted) (Eval.many values roots)) do
        if whole then
            Expect.equal a b $"{what}: root {i}"
        else
            expectClose tolerance b a $"{what}: root {i}"

    hoisted

let private weights model =
    model.Parameters |> List.map _.Shape |> List.filter (fun s -> s.Rank = 2 && s[0] <> batch)

let private isProduct (e: Expr) =
    match e.Node with
    | Node.MatMul _ -> true
    | _ -> false

let private cell model (expected: (bool * int) list) outside =
    test model.Name {
        let hoisted = graph model |> same model.Name 1e-12 false
        Expect.equal (products hoisted) expected "products left in the bodies, of each loop"

        let all = Graph.topological hoisted |> Array.filter isProduct
        Expect.equal all.Length outside "products of all steps"

        for call, _ in loops hoisted do
            for carry in call.Body.Carries do
                if weights model |> List.contains carry.Shape then
                    failtest $"a carry of a weight's shape {carry.Shape}"

        let again = Hoist.run hoisted
        Expect.equal (products again) expected "moved out once and for all"
        Expect.isLessThanOrEqual (loops again).Length (loops hoisted).Length "loops"
    }

let private exact =
    test "whole numbers stay the same bits" {
        let relu = over "relu" Expr.relu
        let loss = relu.Results |> List.map Expr.sumAll |> List.reduce (+)
        relu.Results @ Grad.grad loss relu.Parameters |> same "relu" 0.0 true |> ignore
    }

let private alone (roots: Expr list) =
    let hoisted = same "a small loop" 1e-13 false roots
    hoisted, loops hoisted |> List.map fst

let private small =
    testList
        "small loops"
        [
            test "what the results do not need is dropped" {
                let finals, stacked =
                    Scan.many false steps [ h0; c0; c0 ] [ xs; xs * 2.0 ] (fun s x ->
                        [ s[0] * s[0]; s[1] + s[0]; s[2] + Expr.sumAll x[1] ],
                        [ s[0] * 2.0; s[1]; x[0] * Expr.sumAll s[2] ])

                let _, calls = alone [ finals[0]; stacked[0] ]

                Expect.equal
                    (calls |> List.map (fun c -> c.Initial.Length, c.Sequences.Length, c.Body.Outputs.Length))
                    [ 1, 0, 1 ]
                    "one carry, one output"
            }

            test "loops that differ in their outputs alone are one" {
                let loop output = Scan.run h0 xs (fun h x -> let h = tanh (h + Expr.sumAll x) in h, output h)
                let a, b = loop (fun h -> h), loop (fun h -> h * 3.0)
                let _, calls = alone [ fst a; snd a; fst b; snd b ]
                Expect.equal (calls |> List.map _.Body.Outputs.Length) [ 2 ] "one loop, both outputs"
            }

            test "equal sequences are joined, and a carry that stays is fixed" {
                let finals, _ =
                    Scan.many false steps [ h0; c0 ] [ xs; xs ] (fun s x ->
                        [ s[0] * s[1] + Expr.sumAll (tanh x[0] * x[1]); s[1] ], [])

                let _, calls = alone finals

                Expect.equal
                    (calls |> List.map (fun c -> c.Initial.Length, c.Sequences.Length))
                    [ 1, 1 ]
                    "one carry, one sequence"
            }

            test
                "an output that is a slice is the sequence, and what is the same at every step is computed once" {
                let v, q = variable "v" [ state; state ], variable "q" [ state; state ]

                let last, seen = Scan.run h0 xs (fun h x -> Expr.matmul h (tanh (Expr.matmul v q)), x)

                let hoisted, calls = alone [ last; seen ]
                Expect.equal hoisted[1] xs "the sequence itself"
                Expect.equal (products hoisted) [ false, 1 ] "v times q stands outside"

                Expect.equal
                    (calls |> List.map (fun c -> c.Sequences.Length, c.Fixed.Length))
                    [ 0, 1 ]
                    "fixed operands"
            }

            test "a product of a looked-up row" {
                let table, i =
                    variable "table" [ 6; width ], Expr.constant (Tensor.Of([| 3; 1; 5; 5; 0 |], steps, 1))

                let last, _ =
                    Scan.run h0 i (fun h i ->
                        let h = tanh (h + Expr.matmul (Expr.gather 0 i table) (w 1)) in h, h)

                let loss = Expr.sumAll last
                let hoisted, _ = alone (last :: Grad.grad loss [ table; w 1 ])
                Expect.equal (products hoisted |> List.map snd |> List.sum) 0 "no product is left"
            }

            test "a loop without steps" {
                let last, all =
                    Scan.run h0 (variable "none" [ 0; batch; width ]) (fun h x ->
                        let h = h + Expr.matmul x (w 1) in h, h)

                let loss = Expr.sumAll last + Expr.sumAll all
                alone ([ last; all ] @ Grad.grad loss [ h0; w 1 ]) |> ignore
            }

            test "unbatched, the gradient of a weight is one product too" {
                let one, x = variable "one" [ state ], variable "x" [ steps; width ]
                let row (x: Expr) w = Expr.matmul (Expr.expandDims 0 x) w |> Expr.squeeze [ 0 ]

                let last, all =
                    Scan.run one x (fun h x -> let h = tanh (row x (w 1) + row h (u 1) + b 1) in h, h)

                let loss = Expr.sumAll (all * all) + Expr.sumAll last
                let hoisted, _ = alone ([ last; all ] @ Grad.grad loss [ w 1; u 1; b 1; one; x ])
                Expect.equal (products hoisted) [ false, 1; true, 1 ] "one product each"
            }
        ]

let private wild =
    Graphs.graphLaw 300 "random graphs keep their values" (fun (g: Graphs.WildGraph) ->
        let g = g.Wild
        let both = Eval.many g.Values (Hoist.run g.Roots), Eval.many g.Values g.Roots
        List.iteri2 (fun i a b -> expectClose 1e-4 b a $"root {i}") (fst both) (snd both))

let tests =
    testList
        "Hoist"
        [
            cell rnn [ false, 1; true, 1 ] 4
            cell lstm [ false, 1; true, 1 ] 4
            cell joined [ false, 1; true, 1 ] 3
            cell gru [ false, 2; true, 2 ] 5
            cell projected [ false, 1; true, 1 ] 7
            // What the inner loop is given in reverse comes from running it forward again.
            cell nested [ false, 0; false, 1; false, 1; true, 0; true, 1 ] 3
            exact
            small
            wild
        ]
