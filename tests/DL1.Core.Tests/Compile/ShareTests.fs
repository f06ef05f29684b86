/// Folds of much into little: threads share the items of one pass, phase by phase, and the code is that of small sizes.
module DL1.Tests.ShareTests

open System
open System.Collections.Generic
open DL1
open DL1.Tests.Training
open Expecto
open DL1.Compiler.Execution
open DL1.Compiler.FusedLoop
open DL1.Compiler.Planning
open DL1.Compiler.Simd

/// What the codes of a plan's passes are kept by, and the passes.
let private codesAndPasses (roots: Expr list) =
    let codes = HashSet<CodeKey>()

    let code pass =
        codes.Add(CodeKey(pass, Simd.widest, true)) |> ignore
        LoopBody(fun _ _ _ _ -> ())

    let plan = Plan.makeFor 0 true code (Graph.variables roots) roots

    let passes =
        plan.Steps
        |> Array.choose (fun step ->
            match step.Work with
            | Work.FusedLoop job -> Some job
            | _ -> None)

    codes, passes

/// A graph over an input of some extents, by name, with the extents of a small input and of some large ones.
let private cases: (string * (Expr -> Expr list) * int list * int list list) list =
    let centred axes (x: Expr) =
        let mean = Reduce.keepDims (fun axes x -> Reduce.mean axes x) axes x
        let spread = Reduce.keepDims (fun axes x -> Reduce.mean axes x) axes (((x - mean) * (x - mean)))
        (x - mean) * Expr.rsqrt (spread + lit 1e-5)

    let shares (x: Expr) =
        let e = exp (x - Expr.max [ 0 ] x)
        e / Expr.sumAll e

    [
        "a sum of all", (fun x -> [ Expr.sumAll x ]), [ 50 ], [ [ 70_001 ]; [ 1_000_003 ] ]
        "a sum and what follows it",
        (fun x -> [ log (Expr.sumAll (exp x) + lit 1.0) ]),
        [ 50 ],
        [ [ 65_537 ] ]
        "softmax of all", (fun x -> [ shares x ]), [ 33 ], [ [ 131_071 ]; [ 400_000 ] ]
        "rows, normalised", (fun x -> [ centred [ 1 ] x ]), [ 3; 40 ], [ [ 2; 70_003 ]; [ 7; 65_536 ] ]
        "columns, normalised", (fun x -> [ centred [ 0 ] x ]), [ 40; 24 ], [ [ 20_011; 24 ]; [ 9_000; 100 ] ]
        "channels, normalised",
        (fun x -> [ centred [ 0; 2 ] x ]),
        [ 6; 4; 9 ],
        [ [ 300; 4; 401 ]; [ 3; 5; 50_000 ] ]
    ]

let private sameBits (a: Tensor list) (b: Tensor list) = List.forall2 Tensor.sameBits a b

let private laws =
    [
        for name, graph, small, large in cases do
            for dtype in [ DType.F32; DType.F64 ] do
                let known = lazy (fst (codesAndPasses (graph (Expr.variable "x" dtype small))))

                for dims in large do
                    test $"{name}, {dtype} %A{dims}" {
                        let x = Expr.variable "x" dtype dims
                        let roots = graph x
                        let codes, passes = codesAndPasses roots
                        Expect.isTrue (codes.IsSubsetOf known.Value) "the code is that of a small one"
                        let frame = Frame(1, 0L, Frame.UsualGrain)

                        Expect.isTrue
                            (passes |> Array.exists (fun job -> SplitReductionKernel.Suits(frame, job)))
                            "shared"

                        let values = [ normal 7L dtype dims ]

                        let run width generates threads =
                            Compile.prepareOn width generates threads [ variableOf x ] roots values

                        let found = run Simd.widest true 2
                        let tolerance = if dtype = DType.F32 then 1e-4 else 1e-10

                        Expect.isTrue
                            (List.forall2
                                (Numbers.close tolerance)
                                (Eval.prepare [ variableOf x ] roots values)
                                found)
                            "Eval's"

                        Expect.isTrue
                            (sameBits found (run Width.Bits128 true 1))
                            "the same bits, narrow, on one thread"

                        Expect.isTrue
                            (sameBits found (run Simd.widest false 3))
                            "the same bits, interpreted, on three"
                    }
    ]

let private whole =
    test "sums of whole numbers, and extremes, are exact" {
        let x = Expr.variable "x" DType.I32 [ 200_003 ]
        let values = [ Tensor.vector (Array.init 200_003 (fun i -> i * 7919 % 1001 - 500)) ]
        let roots = [ Expr.sumAll x; Expr.max [ 0 ] x; Expr.min [ 0 ] x ]
        let inputs = [ variableOf x ]

        Expect.isTrue
            (sameBits (Eval.prepare inputs roots values) (Compile.prepare inputs roots values))
            "Eval's"
    }

let private drawn =
    test "a mask of a long vector is the one that Eval draws" {
        let x, key = Expr.variable "x" DType.F32 [ 300_007 ], Expr.variable "key" DType.I32 [ 2 ]
        let mask = Draw.bernoulli 0.5 [ 300_007 ] key
        let kept = Expr.where mask x (lit 0.0)
        // Whole numbers, whose sums are exact in any order.
        let total = Expr.sumAll kept
        let roots = [ total; kept - Expr.max [ 0 ] kept ]
        let inputs = [ variableOf x; variableOf key ]

        let values =
            [
                Tensor.vector (Array.init 300_007 (fun i -> float32 (i % 9 - 4)))
                Key.toTensor (Key.ofSeed 3L)
            ]

        Expect.isTrue
            (sameBits (Eval.prepare inputs roots values) (Compile.prepare inputs roots values))
            "Eval's"
    }

let private allocation =
    test "a shared pass allocates nothing" {
        let x = Expr.variable "x" DType.F32 [ 100_000 ]
        let roots = [ Expr.sumAll ((x * x)) ]
        let plan = Plan.makeFor 0 true (CodeCache.get Simd.widest true) (Graph.variables roots) roots
        let executable = Executable(plan, Simd.widest)
        let values, result = Array.create 100_000 1.0f, Array.zeroCreate<float32> 1

        plan.Locations
        |> Array.iteri (fun place where ->
            match where with
            | Location.Input _ -> executable.Put(place, Elements.F32 values)
            | Location.Output _ -> executable.Put(place, Elements.F32 result)
            | Location.Constant _
            | Location.Arena _ -> ())

        executable.Run 1
        let before = GC.GetAllocatedBytesForCurrentThread()
        executable.Run 1
        Expect.equal (GC.GetAllocatedBytesForCurrentThread() - before) 0L "allocated"
        executable.Release()
        Expect.equal result[0] 100_000.0f "the sum of squares"
    }

let tests = testList "Shares" (laws @ [ whole; drawn; allocation ])
