/// That the generators reach every form of node, every operation, every type and every special value.
module DL1.Tests.GraphsTests

open System
open System.Diagnostics
open DL1
open DL1.Tests.Graphs
open Expecto
open FsCheck
open FsCheck.FSharp
open FSharp.Reflection

/// The names of the cases of a union.
let private cases (union: Type) = FSharpType.GetUnionCases(union, true) |> Array.map _.Name |> set

let private caseOf (value: 'a) = (fst (FSharpValue.GetUnionFields(value, typeof<'a>, true))).Name

let rec private inside (e: Expr) =
    match e.Node with
    | Node.Scan(_, call) -> call.Body.Next @ call.Body.Outputs
    | Node.Custom(rule, _) -> rule.Value :: rule.Gradients
    | _ -> []

let private sample = lazy (Gen.sampleWithSeed (Rnd(20240229UL, 271828183UL)) 30 400 wild)

let private nodes =
    lazy
        ([
            for g in sample.Value do
                yield!
                    Graph.topological (
                        g.Roots @ (Graph.topological g.Roots |> List.ofArray |> List.collect inside)
                    )
        ])

let private covers name (expected: Set<string>) (found: seq<string>) =
    test name { Expect.isEmpty (Set.difference expected (set found)) "nothing is left out" }

let private choose chooser = nodes.Value |> Seq.choose (fun (e: Expr) -> chooser e.Node)

let private coverage =
    testList
        "coverage"
        [
            covers
                "every form of node"
                (cases typeof<Node<Expr>>)
                (seq { for e in nodes.Value -> caseOf e.Node })
            covers
                "every unary operation"
                (cases typeof<UnaryOp>)
                (seq {
                    yield!
                        choose (function
                            | Node.Unary(op, _) -> Some(string op)
                            | _ -> None)
                })
            covers
                "every binary operation"
                (cases typeof<BinaryOp>)
                (seq {
                    yield!
                        choose (function
                            | Node.Binary(op, _, _) -> Some(string op)
                            | _ -> None)
                })
            covers
                "every comparison"
                (cases typeof<CompareOp>)
                (seq {
                    yield!
                        choose (function
                            | Node.Compare(op, _, _) -> Some(string op)
                            | _ -> None)
                })
            covers
                "every reduction"
                (cases typeof<ReduceOp>)
                (seq {
                    yield!
                        choose (function
                            | Node.Reduce(op, _, _) -> Some(string op)
                            | _ -> None)
                })
            covers
                "every arg-reduction"
                (cases typeof<ArgOp>)
                (seq {
                    yield!
                        choose (function
                            | Node.ArgReduce(op, _, _) -> Some(string op)
                            | _ -> None)
                })
            covers
                "every role of a convolution"
                (cases typeof<ConvRole>)
                (seq {
                    yield!
                        choose (function
                            | Node.Conv(role, _, _, _) -> Some(caseOf role)
                            | _ -> None)
                })
            covers
                "every option of a convolution"
                (set [ "1-d"; "2-d"; "stride"; "before"; "after"; "dilation"; "groups" ])
                (seq {
                    for spec in
                        choose (function
                            | Node.Conv(_, spec, _, _) -> Some spec
                            | _ -> None) do
                        $"{spec.Sweeps.Length}-d"

                        if spec.Groups > 1 then
                            "groups"

                        for s in spec.Sweeps do
                            if s.Stride > 1 then
                                "stride"

                            if s.PadBefore > 0 then
                                "before"

                            if s.PadAfter > 0 then
                                "after"

                            if s.Dilation > 1 then
                                "dilation"
                })
            covers
                "loops forward, reversed and without a step"
                (set [ "forward"; "reversed"; "no step" ])
                (seq {
                    for call in
                        choose (function
                            | Node.Scan(_, call) -> Some call
                            | _ -> None) do
                        if call.Reversed then "reversed" else "forward"

                        if call.Length = 0 then
                            "no step"
                })
            covers
                "every element type, as variables and constants"
                (set
                    [
                        for t in DType.all do
                            $"variable {t}"
                            $"constant {t}"
                    ])
                (seq {
                    for e in nodes.Value do
                        match e.Node with
                        | Node.Variable v -> $"variable {v.DType}"
                        | Node.Constant t -> $"constant {t.DType}"
                        | _ -> ()
                })
            covers
                "ranks 0 to 4, empty axes and axes of one"
                (set [ "rank 0"; "rank 1"; "rank 2"; "rank 3"; "rank 4"; "empty"; "one" ])
                (seq {
                    for e in nodes.Value do
                        $"rank {e.Shape.Rank}"

                        if e.Shape.Size = 0 then
                            "empty"

                        if Seq.contains 1 e.Shape then
                            "one"
                })
            covers
                "special values of both floating-point types"
                (set
                    [
                        for t in [ "f32"; "f64" ] do
                            for v in [ "NaN"; "∞"; "-∞"; "0"; "-0"; "subnormal"; "large" ] do
                                $"{t} {v}"
                    ])
                (seq {
                    for g in sample.Value do
                        for _, t in g.Values do
                            if t.DType.IsFloat then
                                let tiny, large = if t.DType = DType.F32 then 1e-38, 1e38 else 1e-307, 1e299

                                for v in Tensor.toFloats t do
                                    if Double.IsNaN v then
                                        $"{t.DType} NaN"
                                    elif v = infinity then
                                        $"{t.DType} ∞"
                                    elif v = -infinity then
                                        $"{t.DType} -∞"
                                    elif v = 0.0 then
                                        (if Double.IsNegative v then $"{t.DType} -0" else $"{t.DType} 0")
                                    elif abs v < tiny then
                                        $"{t.DType} subnormal"
                                    elif abs v > large then
                                        $"{t.DType} large"
                })
        ]

/// Reports the cost where it is asked for: `DL1_COSTS=1`.
let private costs =
    test "a graph comes from its seed alone" {
        let makeAll () = [ for seed in 1..200 -> make Source.Wild seed 30 ]

        for _ in 1..5 do
            makeAll () |> ignore

        let watch = Stopwatch.StartNew()
        let made = makeAll ()
        let first = watch.Elapsed.TotalMilliseconds

        if not (isNull (Environment.GetEnvironmentVariable "DL1_COSTS")) then
            eprintfn $"a 30-node graph: {first / 200.0:F3} ms"

        for g in made do
            let again = make Source.Wild g.Seed 30
            Expect.equal (again.Roots |> List.map _.Digest) (g.Roots |> List.map _.Digest) "the same graph"

            Expect.isTrue
                (List.forall2 (fun (_, a) (_, b) -> Tensor.sameBits a b) again.Values g.Values)
                "the same values"
    }

let tests =
    testList
        "Graphs"
        [
            coverage
            costs
            graphLaw 300 "every generated graph can be evaluated" (fun (g: WildGraph) ->
                let values = Eval.many g.Wild.Values g.Wild.Roots

                List.forall2
                    (fun (e: Expr) (t: Tensor) -> e.Shape = t.Shape && e.DType = t.DType)
                    g.Wild.Roots
                    values)
        ]
