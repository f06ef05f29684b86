/// Files that are written and read back as graphs: after rewriting they are the graph that was written, or hold an operator that
/// a file has in another form.
module DL1.Tests.ExportDigestTests

open DL1
open DL1.Onnx
open DL1.Tests.Graphs
open DL1.Tests.Source
open Expecto

let private isFloat (e: Expr) = e.DType.IsFloat

let private functions =
    set [ UnaryOp.Tan; UnaryOp.Asin; UnaryOp.Acos; UnaryOp.Atan; UnaryOp.Sinh; UnaryOp.Cosh ]

let private unstretched (e: Expr) =
    match e.Node with
    | Node.Broadcast(_, x) -> x
    | _ -> e

/// What a file has in another form, and why: a node of the graph that is written.
let private forms: (string * (Expr -> bool)) list =
    [
        "nothing is computed of empty values",
        (fun e -> e.Shape.Size = 0 || Node.operands e.Node |> List.exists (fun x -> x.Shape.Size = 0))
        "a sign of NaN",
        (fun e ->
            match e.Node with
            | Node.Unary(UnaryOp.Sign, x) -> isFloat x
            | _ -> false)
        "exp(x) − 1 and log(1 + x), for which the standard has no operator",
        (fun e ->
            match e.Node with
            | Node.Unary((UnaryOp.Expm1 | UnaryOp.Log1p), _) -> true
            | _ -> false)
        "functions of f64 for which ONNX Runtime has no kernel",
        (fun e ->
            match e.Node with
            | Node.Unary(op, x) -> x.DType = DType.F64 && functions.Contains op
            | _ -> false)
        "the largest and the least among numbers with a NaN",
        (fun e ->
            match e.Node with
            | Node.Reduce((ReduceOp.Max | ReduceOp.Min), _, x)
            | Node.ArgReduce(_, _, x)
            | Node.ArgSort(_, x) -> isFloat x
            | _ -> false)
        "a stack of matrices by one matrix, which is one product of all rows",
        (fun e ->
            match e.Node with
            | Node.MatMul(a, b) -> a.Shape.Rank > 2 && (unstretched b).Shape.Rank = 2
            | _ -> false)
        "padding between elements, and edges that are cut",
        (fun e ->
            match e.Node with
            | Node.Pad(edges, _, _) ->
                edges |> List.exists (fun e -> e.Between > 0 || e.Before < 0 || e.After < 0)
            | _ -> false)
        "places that count from the end where they are negative",
        (fun e ->
            match e.Node with
            | Node.Gather _
            | Node.ScatterAdd _ -> true
            | _ -> false)
        "gradients of windows",
        (fun e ->
            match e.Node with
            | Node.Conv(ConvRole.WeightGrad _, _, _, _)
            | Node.MaxPoolPick _
            | Node.MaxPoolScatter _
            | Node.AvgPoolGrad _ -> true
            | _ -> false)
        "convolutions and means of f64, for which ONNX Runtime has no kernel",
        (fun e ->
            match e.Node with
            | Node.Conv(_, _, x, _)
            | Node.AvgPool(_, x) -> x.DType = DType.F64
            | _ -> false)
        "means of windows with gaps, which opset 18 does not have",
        (fun e ->
            match e.Node with
            | Node.AvgPool(window, _) -> window.Sweeps |> List.exists (fun s -> s.Dilation > 1)
            | _ -> false)
        "what is for derivatives alone",
        (fun e ->
            match e.Node with
            | Node.StopGradient _
            | Node.Custom _ -> true
            | _ -> false)
    ]

let private nodesOf (e: Expr) = Graph.topological [ e ]

/// The forms of a graph's nodes.
let private formsOf (e: Expr) =
    let nodes = nodesOf e
    forms |> List.filter (fun (_, has) -> Array.exists has nodes) |> List.map fst

/// A graph after a file: nothing where it is refused.
let private back (inputs: Expr list) (e: Expr) : Expr option =
    try
        let bytes = OnnxExport.graphToBytes inputs [ "out", e ]
        Some((Onnx.import [] (Onnx.ofBytes bytes)).Apply inputs |> List.head)
    with :? DomainError ->
        None

/// The graph that is written: by the rows that an export begins with, and simplified.
let private written (e: Expr) = Rewrite.simplify (List.head (Rewrite.stableAll [ e ]))

let private cut (e: Expr) = let s = string e in if s.Length > 600 then s.Substring(0, 600) + "…" else s

let tests =
    testList
        "ExportDigest"
        [
            for name, maker in Primitives.all do
                test $"{name} comes back" {
                    for style in [ Tame; Single ] do
                        for seed in 1..12 do
                            let e, _ = single style maker (seed * 7919)
                            let inputs = Graph.variables [ e ] |> List.map Expr.ofVariable

                            match back inputs e with
                            | None -> ()
                            | Some again ->
                                let e = written e

                                if (Rewrite.simplify again).Digest <> e.Digest && (formsOf e).IsEmpty then
                                    failtest
                                        $"{style}, seed {seed}: {e.DType} {e.Shape}\n  {cut e}\n  {cut (Rewrite.simplify again)}"
                }
            test "each form is one that comes back otherwise" {
                // The forms that a graph of one primitive has alone, and that comes back as another graph.
                let seen =
                    set
                        [
                            for _, maker in Primitives.all do
                                for style in [ Tame; Single ] do
                                    for seed in 1..12 do
                                        let e, _ = single style maker (seed * 7919)
                                        let inputs = Graph.variables [ e ] |> List.map Expr.ofVariable

                                        match formsOf (written e), back inputs e with
                                        | [ form ], Some again when
                                            (Rewrite.simplify again).Digest <> (written e).Digest
                                            ->
                                            form
                                        | _ -> ()
                        ]

                let unseen = forms |> List.map fst |> List.filter (seen.Contains >> not)
                Expect.isEmpty unseen "forms without an example"
            }
            graphLaw 100 "graphs of many primitives come back" (fun (g: TameGraph) ->
                let roots = g.Tame.Roots |> List.truncate 1
                let inputs = Graph.variables roots |> List.map Expr.ofVariable

                roots
                |> List.forall (fun e ->
                    match back inputs e with
                    | None -> true
                    | Some again ->
                        let e = written e
                        (Rewrite.simplify again).Digest = e.Digest || not (formsOf e).IsEmpty))
        ]
