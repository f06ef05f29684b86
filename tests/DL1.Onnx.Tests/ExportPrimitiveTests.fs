/// Every primitive, written to a file and run by ONNX Runtime, against its definition.
module DL1.Tests.ExportPrimitiveTests

open System
open DL1
open DL1.Onnx
open DL1.Tests.Graphs
open DL1.Tests.Source
open Expecto

/// What became of a graph.
type Outcome =
    | Equal
    | Different of string
    | Refused of string

let private shown (t: Tensor) = let s = string t in if s.Length > 300 then s.Substring(0, 300) + "…" else s

/// The roots of a graph by ONNX Runtime and by their definitions.
let judge tolerance (values: (string * Tensor) list) (roots: Expr list) : Outcome =
    let inputs = Graph.variables roots |> List.map Expr.ofVariable
    let named = roots |> List.mapi (fun i e -> $"out%d{i}", e)

    try
        let bytes = OnnxExport.graphToBytes inputs named
        let expected = Eval.many values roots

        try
            let found = ExportJudge.run bytes values

            List.zip expected found
            |> List.tryFind (fun (t, (_, f)) -> not (ExportJudge.close (tolerance t.DType) t f))
            |> function
                | None -> Equal
                | Some(t, (name, f)) -> Different $"{name}: expected {shown t}, found {shown f}"
        with e when not (e :? DL1Error) ->
            Different(e.Message.Split('\n')[0])
    with :? DomainError as e ->
        Refused $"{e.Given}: {e.Cure}"

let private tolerance (dtype: DType) =
    match dtype with
    | DType.F32 -> 2e-5
    | DType.F64 -> 1e-11
    | DType.I32
    | DType.I64
    | DType.Bool -> 0.0

/// What files do not hold, and what to do about it.
let refusals =
    [
        "a graph that draws random numbers: export the model in inference, or leave dropout and noise out of what is trained elsewhere"
        "the error function of f64: train and export the model in f32, or cast before and after"
    ]

/// Corners that are the runtime's own, and which values of theirs are left out: a maximum pooling of NaN or of nothing but −∞, a
/// softmax of +∞, a transposed convolution of weights that are not finite.
let private corners =
    dict
        [
            for name in [ "softmax"; "max_pool"; "max_pool_pick"; "max_pool_scatter"; "conv_input_grad" ] do
                name, (fun v -> if Double.IsFinite v then v else 1.5)
        ]

let private within (name: string) (values: (string * Tensor) list) =
    match corners.TryGetValue name with
    | true, change ->
        values
        |> List.map (fun (name, t) ->
            name,
            Tensor.ofArray (t.Shape.ToList()) (Tensor.toFloats t |> Array.map change) |> Tensor.cast t.DType)
    | false, _ -> values

let tests =
    testList
        "ExportPrimitives"
        [
            for name, maker in Primitives.all do
                test name {
                    for style in [ Wild; Tame; Single ] do
                        for seed in 1..25 do
                            let e, values = single style maker (seed * 7919)

                            match judge tolerance (within name values) [ e ] with
                            | Equal -> ()
                            | Refused reason -> Expect.contains refusals reason $"{style}, seed {seed}"
                            | Different what -> failtest $"{style}, seed {seed}: {what}"
                }
            graphLaw 150 "graphs of many primitives keep their values" (fun (g: TameGraph) ->
                let isKept =
                    function
                    | Equal -> true
                    | Refused reason -> List.contains reason refusals
                    | Different _ -> false

                g.Tame.Roots.IsEmpty || isKept (judge (fun _ -> 1e-8) g.Tame.Values g.Tame.Roots))
            test "few graphs are refused" {
                let refused =
                    [ 1..200 ]
                    |> List.filter (fun seed ->
                        let g = make Tame seed 6

                        match if g.Roots.IsEmpty then Equal else judge (fun _ -> 1e-8) g.Values g.Roots with
                        | Refused _ -> true
                        | Equal -> false
                        | Different what -> failtest $"seed {seed}: {what}")

                Expect.isLessThan refused.Length 60 "of 200"
            }
            test "the same graph is the same file" {
                for seed in 1..20 do
                    let write () =
                        let g = make Tame seed 10

                        try
                            OnnxExport.graphToBytes
                                (Graph.variables g.Roots |> List.map Expr.ofVariable)
                                (g.Roots |> List.mapi (fun i e -> $"out%d{i}", e))
                        with :? DomainError ->
                            [||]

                    Expect.equal (write ()) (write ()) "bytes"
            }
        ]
