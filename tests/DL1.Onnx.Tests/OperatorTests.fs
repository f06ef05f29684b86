/// Operators that ONNX's node tests of opset 17 do not reach, with ONNX Runtime as the judge.
module DL1.Onnx.Tests.OperatorTests

open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build
open Expecto

let private normal seed dims = Key.normal 0.0 1.0 DType.F32 dims (Key.ofSeed (int64 seed))

/// One node over inputs of f32 that are drawn, its weights in the file.
let private case name domain operator opset dims weights attributes =
    test name {
        let inputs = [ "x", normal 1 dims ]
        let names = "x" :: List.map fst weights

        let g =
            graph
                [ value "x" OnnxType.Float (dims |> List.map (fun (d: int) -> d :> obj)) ]
                [ nodeOf domain operator names [ "y" ] attributes ]
                weights
                [ output "y" ]

        Judge.agrees name (modelWith [] opset g |> bytesOf) [] inputs
    }

let private fused name operator dims weights = case name "com.microsoft" operator 17L dims weights []

let tests =
    testList
        "operators beside ONNX Runtime"
        [
            for p in 1..3 do
                case
                    $"LpPool, p = %d{p}"
                    ""
                    "LpPool"
                    18L
                    [ 2; 3; 7; 8 ]
                    []
                    [
                        "kernel_shape", ints [ 3; 2 ]
                        "strides", ints [ 2; 1 ]
                        "p", OnnxAttribute.Int(int64 p)
                    ]

                case
                    $"GlobalLpPool, p = %d{p}"
                    ""
                    "GlobalLpPool"
                    17L
                    [ 2; 3; 5; 4 ]
                    []
                    [ "p", OnnxAttribute.Int(int64 p) ]
            case "RMSNormalization" "" "RMSNormalization" 23L [ 2; 3; 8 ] [ "g", normal 2 [ 8 ] ] []

            case "Col2Im" "" "Col2Im" 18L [ 2; 12; 12 ] [ "image", i64 [ 5; 4 ]; "block", i64 [ 2; 2 ] ] []

            case
                "GroupNormalization"
                ""
                "GroupNormalization"
                21L
                [ 2; 4; 3 ]
                [ "g", normal 2 [ 4 ]; "b", normal 3 [ 4 ] ]
                [ "num_groups", OnnxAttribute.Int 2L ]
            fused "Gelu" "Gelu" [ 3; 5 ] []
            fused "FastGelu" "FastGelu" [ 3; 5 ] [ "b", normal 2 [ 5 ] ]
            fused "BiasGelu" "BiasGelu" [ 3; 5 ] [ "b", normal 2 [ 5 ] ]
            fused "FusedMatMul" "FusedMatMul" [ 3; 5 ] [ "w", normal 2 [ 5; 4 ] ]
            fused
                "SkipLayerNormalization"
                "SkipLayerNormalization"
                [ 2; 3; 8 ]
                [ "s", normal 2 [ 2; 3; 8 ]; "g", normal 3 [ 8 ]; "b", normal 4 [ 8 ] ]
        ]
