/// Operators that ONNX's node tests of opset 17 do not reach, with ONNX Runtime as the judge.
module DL1.Onnx.Tests.OperatorTests

open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build
open DL1.Onnx.Tests.OperatorCase
open Expecto

/// One node over an input of f32 that is drawn, its weights in the file.
let private case name domain operator opset dims weights attributes =
    caseOf name domain operator opset (drawn "x" 1 dims :: weights) attributes

let private others =
    [
        let fused = "com.microsoft"
        caseOf "QuickGelu" fused "QuickGelu" 17L [ drawn "x" 1 [ 3; 5 ] ] [ real "alpha" 1.5 ]

        caseOf
            "TransposeMatMul"
            fused
            "TransposeMatMul"
            17L
            [ drawn "x" 1 [ 2; 5; 3 ]; drawn "w" 2 [ 2; 4; 5 ] ]
            [ number "transA" 1; number "transB" 1; real "alpha" 0.5 ]

        for activation in [ "Relu"; "Tanh"; "Sigmoid"; "LeakyRelu" ] do
            caseOf
                $"FusedConv, {activation}"
                fused
                "FusedConv"
                17L
                [ drawn "x" 1 [ 2; 4; 7; 6 ]; drawn "w" 2 [ 6; 2; 3; 3 ]; drawn "b" 3 [ 6 ] ]
                ([
                    number "group" 2
                    "kernel_shape", ints [ 3; 3 ]
                    "pads", ints [ 1; 0; 1; 2 ]
                    "strides", ints [ 2; 1 ]
                    "activation", text activation
                 ]
                 @ (if activation = "LeakyRelu" then
                        [ "activation_params", OnnxAttribute.Floats [ 0.2f ] ]
                    else
                        []))

        caseOf
            "FusedGemm"
            fused
            "FusedGemm"
            17L
            [ drawn "x" 1 [ 5; 3 ]; drawn "w" 2 [ 4; 5 ]; drawn "b" 3 [ 4 ] ]
            [
                number "transA" 1
                number "transB" 1
                real "alpha" 0.5
                real "beta" 2.0
                "activation", text "Relu"
            ]

        caseOf
            "SimplifiedLayerNormalization"
            ""
            "SimplifiedLayerNormalization"
            17L
            [ drawn "x" 1 [ 2; 3; 8 ]; drawn "g" 2 [ 8 ] ]
            [ number "axis" -1; real "epsilon" 1e-3 ]

        caseOf
            "SkipSimplifiedLayerNormalization"
            fused
            "SkipSimplifiedLayerNormalization"
            17L
            [ drawn "x" 1 [ 2; 3; 8 ]; drawn "s" 2 [ 2; 3; 8 ]; drawn "g" 3 [ 8 ]; drawn "b" 4 [ 8 ] ]
            [ real "epsilon" 1e-3 ]

        caseWith
            [ "y", OnnxType.Float; "lengths", OnnxType.Int32 ]
            "EmbedLayerNormalization"
            fused
            "EmbedLayerNormalization"
            17L
            [
                "ids", i32 [ 2; 4 ] [ 3; 0; 9; 9; 1; 2; 0; 0 ]
                "kinds", i32 [ 2; 4 ] [ 0; 0; 1; 1; 0; 1; 0; 1 ]
                drawn "words" 1 [ 10; 6 ]
                drawn "places" 2 [ 8; 6 ]
                drawn "segments" 3 [ 2; 6 ]
                drawn "g" 4 [ 6 ]
                drawn "b" 5 [ 6 ]
                "mask", i32 [ 2; 4 ] [ 1; 1; 1; 0; 1; 1; 0; 0 ]
            ]
            [ real "epsilon" 1e-5 ]

        for aligned in 0..1 do
            caseOf
                $"AffineGrid, align_corners %d{aligned}"
                ""
                "AffineGrid"
                20L
                [ drawn "theta" 1 [ 2; 2; 3 ]; "size", i64 [ 2; 3; 4; 5 ] ]
                [ number "align_corners" aligned ]

        caseOf
            "DeformConv"
            ""
            "DeformConv"
            19L
            [
                drawn "x" 1 [ 1; 4; 6; 6 ]
                drawn "w" 2 [ 2; 4; 3; 3 ]
                drawn "offset" 3 [ 1; 18; 4; 4 ]
                drawn "b" 4 [ 2 ]
                drawn "mask" 5 [ 1; 9; 4; 4 ]
            ]
            [ "kernel_shape", ints [ 3; 3 ] ]

        caseOf
            "LpNormalization"
            ""
            "LpNormalization"
            17L
            [ drawn "x" 1 [ 3; 5 ] ]
            [ number "axis" 0; number "p" 1 ]

        caseOf
            "CenterCropPad"
            ""
            "CenterCropPad"
            18L
            [ drawn "x" 1 [ 3; 5; 4 ]; "size", i64 [ 4; 7 ] ]
            [ "axes", ints [ 0; 2 ] ]

        for mode in [ "linear"; "circular" ] do
            caseOf
                $"TensorScatter, {mode}"
                ""
                "TensorScatter"
                24L
                [ drawn "past" 1 [ 2; 3; 6; 4 ]; drawn "update" 2 [ 2; 3; 2; 4 ]; "at", i64 [ 1; 4 ] ]
                [ "mode", text mode ]

        caseOf
            "ArrayFeatureExtractor"
            "ai.onnx.ml"
            "ArrayFeatureExtractor"
            17L
            [ drawn "x" 1 [ 3; 5 ]; "at", i64 [ 4; 0; 2 ] ]
            []

        // ONNX Runtime 1.31 does not know opset 27: x·σ(αx)·w by its definition.
        test "SwiGLU" {
            let x, w = normal 1 [ 3; 4 ], normal 2 [ 3; 4 ]
            let gate = Tensor.compute (fun x -> x * Expr.sigmoid (1.5 * x)) x

            let run inputs attributes (values: (string * Tensor) list) =
                let of' (name, t: Tensor) =
                    value name OnnxType.Float (t.Shape.ToList() |> List.map (fun d -> d :> obj))

                let node = node "SwiGLU" inputs [ "y" ] (real "alpha" 1.5 :: attributes)
                let file = graph (List.map of' values) [ node ] [] [ output "y" ] |> fileOf 27L
                (Onnx.import [] file).Run(values)["y"]

            let expected = Tensor.toFloats (gate * w)

            let close found =
                Expect.all (Array.map2 (-) (Tensor.toFloats found) expected) (fun d -> abs d < 1e-6) "SwiGLU"

            close (run [ "x"; "w" ] [] [ "x", x; "w", w ])

            close (
                run
                    [ "x" ]
                    [ number "axis" -1 ]
                    [ "x", Tensor.compute2 (fun x w -> Expr.concat 1 [ x; w ]) x w ]
            )
        }

        for approximate in [ "none"; "tanh" ] do
            caseOf
                $"Gelu, {approximate}"
                ""
                "Gelu"
                20L
                [ drawn "x" 1 [ 3; 5 ] ]
                [ "approximate", text approximate ]

        caseOf "Mish" "" "Mish" 18L [ drawn "x" 1 [ 3; 5 ] ] []
        caseOf "Swish" "" "Swish" 24L [ drawn "x" 1 [ 3; 5 ] ] [ real "alpha" 1.5 ]

        caseOf
            "CumProd"
            ""
            "CumProd"
            26L
            [ drawn "x" 1 [ 3; 5 ]; "axis", Tensor.vector [ 1L ] ]
            [ number "reverse" 1; number "exclusive" 1 ]
    ]

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
            testList "other operators" others
        ]
