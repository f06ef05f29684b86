/// Windows whose padding differs from side to side: by ONNX Runtime, and without a copy of the padded data.
module DL1.Onnx.Tests.PaddingTests

open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build
open DL1.Onnx.Tests.OperatorCase
open Expecto

let private x = drawn "x" 1 [ 2; 4; 9; 8 ]
let private weights = drawn "w" 2 [ 6; 4; 4; 3 ]

/// How a node pads: what is in its name, and its attributes.
let private paddings =
    [
        "SAME_UPPER", [ "auto_pad", text "SAME_UPPER" ]
        "SAME_LOWER", [ "auto_pad", text "SAME_LOWER" ]
        "pads that differ", [ "pads", ints [ 2; 0; 1; 1 ] ]
    ]

let private operators =
    [
        "Conv", [ x; weights ], []
        "MaxPool", [ x ], [ "kernel_shape", ints [ 4; 3 ] ]
        "AveragePool", [ x ], [ "kernel_shape", ints [ 4; 3 ] ]
        "LpPool", [ x ], [ "kernel_shape", ints [ 4; 3 ] ]
    ]

/// Zeros around x, then a node over them.
let private afterPad (operator: string) weights attributes =
    let edges = i64 [ 0; 0; 2; 1; 0; 0; 1; 0 ]

    graph
        [ value "x" OnnxType.Float [ 2; 4; 9; 8 ] ]
        [
            node "Pad" [ "x"; "edges" ] [ "p" ] []
            node operator ("p" :: List.map fst weights) [ "y" ] attributes
        ]
        (("edges", edges) :: weights)
        [ output "y" ]
    |> modelWith [] 18L
    |> bytesOf

let private isPad (e: Expr) =
    match e.Node with
    | Node.Pad _ -> true
    | _ -> false

let private hasNoPad (bytes: byte[]) =
    let v = Expr.variable "x" DType.F32 [ 2; 4; 9; 8 ]
    let y = (Onnx.import [] (Onnx.ofBytes bytes)).Apply [ v ]
    Expect.isFalse (Graph.topological y |> Array.exists isPad) "the graph pads nothing"
    let plan = string (Compile.explain (Graph.variables y) y)
    Expect.isFalse (plan.Contains "pad(") $"no kernel pads: {plan}"

let tests =
    testList
        "padding"
        [
            for operator, operands, attributes in operators do
                for name, padding in paddings do
                    for strides in [ [ 1; 1 ]; [ 2; 3 ] ] do
                        let attributes = ("strides", ints strides) :: padding @ attributes
                        caseOf $"{operator}, {name}, strides %A{strides}" "" operator 18L operands attributes

                    test $"{operator}, {name}: nothing is copied" {
                        graph
                            [ value "x" OnnxType.Float [ 2; 4; 9; 8 ] ]
                            [
                                node
                                    operator
                                    ("x" :: List.map fst operands.Tail)
                                    [ "y" ]
                                    (padding @ attributes)
                            ]
                            operands.Tail
                            [ output "y" ]
                        |> modelWith [] 18L
                        |> bytesOf
                        |> hasNoPad
                    }

            let convolution = [ "pads", ints [ 0; 1; 1; 0 ]; "strides", ints [ 2; 1 ] ]

            let pooling counts =
                [
                    "kernel_shape", ints [ 4; 3 ]
                    "pads", ints [ 1; 0; 0; 1 ]
                    number "count_include_pad" counts
                ]

            for name, operator, weights, attributes in
                [
                    "Conv", "Conv", [ weights ], convolution
                    "AveragePool", "AveragePool", [], pooling 0
                    "AveragePool that counts padding", "AveragePool", [], pooling 1
                ] do
                test $"{name} after Pad" {
                    let bytes = afterPad operator weights attributes
                    Judge.agrees name bytes [] [ x ]
                    hasNoPad bytes
                }

            // ONNX Runtime 1.31 makes the zeros padding of the pooling, which counts for nothing: −1 at the edge.
            test "MaxPool after Pad keeps the zeros" {
                let file = Onnx.ofBytes (afterPad "MaxPool" [] [ "kernel_shape", ints [ 4; 3 ] ])
                let x = "x", Tensor.full DType.F32 [ 2; 4; 9; 8 ] -1.0
                let y = (Onnx.import [] file).Run([ x ])["y"]
                Expect.equal (y[0, 0, 0, 0], y[1, 3, 3, 3]) (0.0, -1.0) "at the edge, and inside"
            }
        ]
