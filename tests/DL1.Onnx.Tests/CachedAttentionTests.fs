/// Attention with a buffer of past keys, as ONNX Runtime's text models have it, with ONNX Runtime as the judge.
module DL1.Onnx.Tests.CachedAttentionTests

open DL1
open DL1.Onnx
open DL1.Onnx.Tests.Build
open DL1.Onnx.Tests.OperatorCase
open Expecto

let private heads, keyHeads, d = 4, 2, 16

/// A node over these operands, all of them inputs but the total length, which decides shapes.
let private model (operands: (string * Tensor) list) attributes =
    let shape (t: Tensor) = t.Shape.ToList() |> List.map (fun n -> n :> obj)

    let kind (t: Tensor) =
        if t.DType = DType.F32 then OnnxType.Float
        elif t.DType = DType.I64 then OnnxType.Int64
        else OnnxType.Int32

    let given = operands |> List.filter (fun (name, _) -> name <> "" && name <> "total")
    let results = [ "y"; "keys"; "values" ]

    let attributes = [ number "num_heads" heads; number "kv_num_heads" keyHeads ] @ attributes

    graph
        [ for name, t in given -> value name (kind t) (shape t) ]
        [ nodeOf "com.microsoft" "GroupQueryAttention" (List.map fst operands) results attributes ]
        (operands |> List.filter (fun (name, _) -> name = "total"))
        (List.map output results)
    |> modelWith [] 17L
    |> bytesOf,
    given

let private agrees name operands attributes =
    ran.Add(struct ("com.microsoft", "GroupQueryAttention")) |> ignore

    test name {
        let bytes, inputs = model operands attributes
        Judge.agrees name bytes [] inputs
    }

let private rows batch length =
    [
        drawn "q" 1 [ batch; length; heads * d ]
        drawn "k" 2 [ batch; length; keyHeads * d ]
        drawn "v" 3 [ batch; length; keyHeads * d ]
    ]

let private qkv = rows 2

let private packed length = [ drawn "q" 1 [ 2; length; (heads + 2 * keyHeads) * d ]; none; none ]

/// A buffer of past places, the number of places of each sample less one, and that of the longest.
let private cache buffer (counts: int list) =
    [
        drawn "pk" 4 [ counts.Length; keyHeads; buffer; d ]
        drawn "pv" 5 [ counts.Length; keyHeads; buffer; d ]
        "seqlens", i32 [ counts.Length ] (counts |> List.map (fun n -> n - 1))
        "total", i32 [ 1 ] [ List.max counts ]
    ]

let private fresh length =
    [ none; none; "seqlens", i32 [ 2 ] [ length - 1; length - 1 ]; "total", i32 [ 1 ] [ length ] ]

let private refused name operands attributes (words: string) =
    test $"{name} is refused" {
        let bytes, inputs = model operands attributes

        try
            (Onnx.import [] (Onnx.ofBytes bytes)).Run inputs |> ignore
            failtest "it was not refused"
        with :? FormatError as e ->
            Expect.stringContains e.Message words "the error names it"
    }

let tests =
    testList
        "attention with past keys"
        [
            let rotary = [ number "do_rotary" 1 ]
            let tables = angles 16 8

            agrees "a prompt" (qkv 5 @ fresh 5) []
            agrees "a prompt, packed" (packed 5 @ fresh 5) []
            agrees "a prompt into a buffer" (qkv 5 @ cache 9 [ 5; 5 ]) []
            agrees "one more place" (qkv 1 @ cache 6 [ 7; 7 ]) []
            agrees "one more place of samples of several lengths" (qkv 1 @ cache 6 [ 4; 7 ]) []
            agrees "a buffer with room" (qkv 1 @ cache 9 [ 4; 7 ]) []
            agrees "three more places" (rows 1 3 @ cache 6 [ 9 ]) []
            agrees "three more places, a buffer with room" (rows 1 3 @ cache 9 [ 8 ]) []
            agrees "scale" (qkv 5 @ fresh 5) [ real "scale" 0.3 ]
            agrees "cap" (rows 1 3 @ cache 6 [ 9 ]) [ real "softcap" 1.5 ]

            for window in [ 1; 2; 4; 20 ] do
                agrees
                    $"a window of %d{window}, prompt"
                    (qkv 5 @ fresh 5)
                    [ number "local_window_size" window ]

                agrees
                    $"a window of %d{window}, one more place"
                    (qkv 1 @ cache 6 [ 4; 7 ])
                    [ number "local_window_size" window ]

            for interleaved in 0..1 do
                let rotary = number "rotary_interleaved" interleaved :: rotary
                agrees $"rotary %d{interleaved}, prompt" (qkv 5 @ fresh 5 @ tables) rotary
                agrees $"rotary %d{interleaved}, packed" (packed 5 @ fresh 5 @ tables) rotary

                agrees $"rotary %d{interleaved}, one more place" (qkv 1 @ cache 6 [ 4; 7 ] @ tables) rotary

            // In a prompt ONNX Runtime 1.31 counts on from the first position alone.
            agrees
                "positions that are given"
                (qkv 1 @ cache 6 [ 4; 7 ] @ tables @ [ "at", Tensor.ofArray [ 2; 1 ] [| 9L; 2L |] ])
                rotary

            agrees
                "added to scores"
                (rows 1 3 @ cache 6 [ 9 ] @ [ none; none; none; drawn "bias" 6 [ 1; heads; 3; 9 ] ])
                []

            refused "smooth_softmax" (qkv 5 @ fresh 5) [ number "smooth_softmax" 1 ] "smooth_softmax"
            refused "qk_output" (qkv 5 @ fresh 5) [ number "qk_output" 1 ] "qk_output"

            refused
                "a sink of heads"
                (qkv 5 @ fresh 5 @ [ none; none; none; none; drawn "sink" 7 [ heads ] ])
                []
                "'sink'"

            let fused = "com.microsoft"

            for interleaved in 0..1 do
                for name, x, attributes in
                    [
                        "three axes", drawn "x" 1 [ 2; 5; 24 ], []
                        "four axes", drawn "x" 1 [ 2; 3; 5; 8 ], []
                        "a part",
                        drawn "x" 1 [ 2; 5; 30 ],
                        [ number "num_heads" 3; number "rotary_embedding_dim" 8 ]
                    ] do
                    for place, at in
                        [
                            "positions", Tensor.ofArray [ 2; 5 ] (Array.init 10 (fun i -> int64 (i * 7 % 12)))
                            "the first position", Tensor.vector [ 3L ]
                        ] do
                        caseOf
                            $"RotaryEmbedding, interleaved %d{interleaved}, {name}, {place}"
                            fused
                            "RotaryEmbedding"
                            17L
                            ([ x; "at", at ] @ angles 12 4)
                            (number "interleaved" interleaved :: attributes)
        ]
