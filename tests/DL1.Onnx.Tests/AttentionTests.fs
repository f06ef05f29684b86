/// Attention and rotary embeddings, the standard's and ONNX Runtime's fused ones, with ONNX Runtime as the judge.
module DL1.Onnx.Tests.AttentionTests

open DL1
open DL1.Onnx
open DL1.Onnx.Tests.OperatorCase
open Expecto

let tests =
    testList
        "attention beside ONNX Runtime"

        [
            let qkv heads keyHeads length keys =
                [
                    drawn "q" 1 [ 2; heads; length; 8 ]
                    drawn "k" 2 [ 2; keyHeads; keys; 8 ]
                    drawn "v" 3 [ 2; keyHeads; keys; 6 ]
                ]

            let attention name operands attributes =
                caseOf $"Attention, {name}" "" "Attention" 23L operands attributes

            attention "plain" (qkv 3 3 5 7) []
            attention "causal" (qkv 3 3 5 5) [ number "is_causal" 1 ]
            attention "shared keys" (qkv 4 2 5 7) []
            attention "scale and cap" (qkv 3 3 5 7) [ real "scale" 0.4; real "softcap" 1.5 ]
            attention "additive mask" (qkv 3 3 5 7 @ [ drawn "mask" 4 [ 5; 7 ] ]) []
            attention "mask of each head" (qkv 3 3 5 7 @ [ drawn "mask" 4 [ 2; 3; 5; 7 ] ]) []

            attention
                "mask of truth values"
                (qkv 3 3 5 7 @ [ "mask", Tensor.ofArray [ 5; 7 ] (Array.init 35 (fun i -> i % 3 <> 1)) ])
                []

            attention
                "heads in the last axis"
                [ drawn "q" 1 [ 2; 5; 24 ]; drawn "k" 2 [ 2; 7; 24 ]; drawn "v" 3 [ 2; 7; 18 ] ]
                [ number "q_num_heads" 3; number "kv_num_heads" 3 ]

            caseWith
                [ "y", OnnxType.Float; "keys", OnnxType.Float; "values", OnnxType.Float ]
                "Attention, past keys"
                ""
                "Attention"
                23L
                (qkv 3 3 5 7 @ [ none; drawn "pk" 5 [ 2; 3; 4; 8 ]; drawn "pv" 6 [ 2; 3; 4; 6 ] ])
                []

            for interleaved in 0..1 do
                caseOf
                    $"RotaryEmbedding, interleaved %d{interleaved}"
                    ""
                    "RotaryEmbedding"
                    23L
                    (drawn "x" 1 [ 2; 3; 5; 8 ] :: angles 12 4
                     @ [ "at", Tensor.ofArray [ 2; 5 ] (Array.init 10 (fun i -> int64 (i * 7 % 12))) ])
                    [ number "interleaved" interleaved ]

            caseOf
                "RotaryEmbedding of a part, three axes"
                ""
                "RotaryEmbedding"
                23L
                (drawn "x" 1 [ 2; 5; 24 ] :: angles 12 2
                 @ [ "at", Tensor.ofArray [ 2; 5 ] (Array.init 10 (fun i -> int64 (i * 7 % 12))) ])
                [ number "num_heads" 3; number "rotary_embedding_dim" 4 ]

            let fused = "com.microsoft"

            for name, operands, attributes in
                [
                    "plain", [], []
                    "causal", [], [ number "unidirectional" 1 ]
                    "lengths", [ "mask", i32 [ 2 ] [ 5; 3 ] ], []
                    "mask of keys", [ "mask", i32 [ 2; 5 ] [ 1; 1; 1; 1; 0; 1; 1; 0; 0; 0 ] ], []
                    "scale", [], [ real "scale" 0.3 ]
                ] do
                caseOf
                    $"fused Attention, {name}"
                    fused
                    "Attention"
                    17L
                    ([ drawn "x" 1 [ 2; 5; 6 ]; drawn "w" 2 [ 6; 36 ]; drawn "b" 3 [ 36 ] ] @ operands)
                    (number "num_heads" 3 :: attributes)

            for name, operands, attributes in
                [
                    "plain", [], []
                    "bias", [ drawn "b" 4 [ 66 ] ], []
                    "mask of keys",
                    [ none; "mask", i32 [ 2; 7 ] [ 1; 1; 1; 1; 1; 0; 1; 1; 1; 0; 0; 0; 0; 0 ] ],
                    []
                    "added to scores", [ none; none; drawn "scores" 4 [ 1; 3; 5; 7 ] ], [ real "scale" 0.3 ]
                ] do
                caseOf
                    $"MultiHeadAttention, {name}"
                    fused
                    "MultiHeadAttention"
                    17L
                    ([ drawn "q" 1 [ 2; 5; 24 ]; drawn "k" 2 [ 2; 7; 24 ]; drawn "v" 3 [ 2; 7; 18 ] ]
                     @ operands)
                    (number "num_heads" 3 :: attributes)
        ]
