/// What the loops of passes ask for ahead: each line once, before it is touched, by a loop that has time for it.
module DL1.Tests.PassFetchTests

open DL1
open DL1.Tests.Law
open DL1.Tests.PassCases
open Expecto
open DL1.Compiler.FusedLoop

let private asked (plan: StagedLoop) =
    [
        for at, lines in Array.indexed (Prefetch.plan plan) do
            for line in lines -> at, line
    ]

let private ahead =
    law
        "a line is asked for once, by a loop that is before the first to touch it, or by one of the item before"
        (fun (seed: int) ->
            let plan = Stages.plan (generate seed).Loop
            let asked = asked plan
            let touched = plan.Stages |> Array.map (Stages.moving plan.Loop)
            let first operand = touched |> Array.findIndex (Array.contains operand)

            List.distinctBy (fun (_, line) -> line.Operand) asked = asked
            && asked
               |> List.forall (fun (at, line) ->
                   let o = plan.Loop.Operands[line.Operand]

                   plan.Stages[at].Loops
                   && o.Along
                   && not o.Invariant
                   && not o.Spill
                   && (line.IsNext || at < first line.Operand)))

/// Softmax and its gradient, as `GroupProgram` makes them: x, the cotangent, spill memory for the exponentials, and two results.
let private softmax =
    let moving = { Type = DType.F32; Along = true; Invariant = false; Spill = false }

    {
        Type = DType.F32
        Operands = [| moving; moving; { moving with Spill = true }; moving; moving |]
        Steps =
            [|
                LoopStep.Load 0
                LoopStep.Reduce(ReduceOp.Max, 0)
                LoopStep.Binary(BinaryOp.Sub, 0, 1)
                LoopStep.Unary(UnaryOp.Exp, 2)
                LoopStep.Reduce(ReduceOp.Sum, 3)
                LoopStep.Binary(BinaryOp.Div, 3, 4)
                LoopStep.Load 1
                LoopStep.Binary(BinaryOp.Mul, 6, 5)
                LoopStep.Reduce(ReduceOp.Sum, 7)
                LoopStep.Binary(BinaryOp.Sub, 6, 8)
                LoopStep.Binary(BinaryOp.Mul, 5, 9)
            |]
        Stores = [| struct (3, 2); struct (5, 3); struct (10, 4) |]
        Across = true
    }

let private shared =
    test "the lines of softmax are shared out to its four loops" {
        let this operand = { Operand = operand; IsNext = false }
        let found = Prefetch.plan (Stages.plan softmax)
        let expected = [| [| this 1 |]; [| { Operand = 0; IsNext = true }; this 3 |]; [| this 4 |]; [||] |]
        Expect.equal found expected "the maximum asks for the cotangent, and so on"
    }

let private moved =
    test "a pass that only moves asks for nothing" {
        let steps =
            softmax.Steps
            |> Array.map (function
                | LoopStep.Unary(UnaryOp.Exp, x) -> LoopStep.Unary(UnaryOp.Abs, x)
                | step -> step)

        Expect.isEmpty (asked (Stages.plan { softmax with Steps = steps })) "no loop computes"
    }

let tests = testList "PassFetch" [ ahead; shared; moved ]
