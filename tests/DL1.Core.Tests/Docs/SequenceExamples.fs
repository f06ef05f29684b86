/// The examples of layers over sequences: for each the shape of its result, and the shapes of what it asks for.
module DL1.Tests.SequenceExamples

open DL1
open DL1.Tests.Example

let private sequences = data [ 2; 5; 16 ]

let private looped (layer: Layer<Expr, RecurrentResult>) =
    shapedBy (fun r -> r.Sequence.Shape) sequences layer

let private lengths = Expr.constant (Tensor.vector [ 3; 5 ])
let private mixed = { Values = sequences; IsReal = Some(PaddingMask.mask 5 lengths) }

let private loopedPadded (layer: Layer<PaddedSequence, RecurrentResult>) =
    shapedBy (fun r -> r.Sequence.Shape) mixed layer

let private loopedPaddedFrom states (layer: Layer<PaddedSequence * RecurrentState, RecurrentResult>) =
    let zeros = Expr.full DType.F32 [ 1; 2; 32 ] 0.0
    let state = { Hidden = zeros; Cell = (if states = 2 then Some zeros else None) }
    shapedBy (fun r -> r.Sequence.Shape) (mixed, state) layer

let private loopedFrom states (layer: Layer<Expr * RecurrentState, RecurrentResult>) =
    let zeros = Expr.full DType.F32 [ 1; 2; 32 ] 0.0
    let state = { Hidden = zeros; Cell = (if states = 2 then Some zeros else None) }
    shapedBy (fun r -> r.Sequence.Shape) (sequences, state) layer

let private q, k, v = data [ 2; 3; 4 ], data [ 2; 3; 4 ], data [ 2; 3; 4 ]
let private isReal = Expr.constant (Tensor.ofArray [ 2; 3 ] [| true; true; false; true; false; false |])
let private a, b = Attention.causalMask 3 3, Attention.paddingMask isReal
let private padded (width: int) = { Values = data [ 2; 5; width ]; IsReal = None }
let private decoded (width: int) = { Target = padded width; Memory = padded width }
let private encodes width layer = shapedBy (fun (r: PaddedSequence) -> r.Values.Shape) (padded width) layer

let private decodes width layer =
    shapedBy (fun (r: DecoderInput) -> r.Target.Values.Shape) (decoded width) layer

let private recurrents =
    [
        prints "options" "2" (fun () -> { Recurrent.options 32 with Layers = 2 }.Layers)
        prints
            "rnn"
            "[2, 5, 32] weight_ih_l0 [32, 16] weight_hh_l0 [32, 32] bias_ih_l0 [32] bias_hh_l0 [32]"
            (fun () -> Recurrent.rnn (Recurrent.options 32) |> looped)
        prints
            "rnnRelu"
            "[2, 5, 32] weight_ih_l0 [32, 16] weight_hh_l0 [32, 32] bias_ih_l0 [32] bias_hh_l0 [32]"
            (fun () -> Recurrent.rnnRelu (Recurrent.options 32) |> looped)
        prints
            "lstm"
            "[2, 5, 32] weight_ih_l0 [128, 16] weight_hh_l0 [128, 32] bias_ih_l0 [128] bias_hh_l0 [128]"
            (fun () -> Recurrent.lstm (Recurrent.options 32) |> looped)
        prints
            "gru"
            "[2, 5, 32] weight_ih_l0 [96, 16] weight_hh_l0 [96, 32] bias_ih_l0 [96] bias_hh_l0 [96]"
            (fun () -> Recurrent.gru (Recurrent.options 32) |> looped)
        prints
            "rnnFrom"
            "[2, 5, 32] weight_ih_l0 [32, 16] weight_hh_l0 [32, 32] bias_ih_l0 [32] bias_hh_l0 [32]"
            (fun () -> Recurrent.rnnFrom (Recurrent.options 32) |> loopedFrom 1)
        prints
            "lstmFrom"
            "[2, 5, 32] weight_ih_l0 [128, 16] weight_hh_l0 [128, 32] bias_ih_l0 [128] bias_hh_l0 [128]"
            (fun () -> Recurrent.lstmFrom (Recurrent.options 32) |> loopedFrom 2)
        prints
            "gruFrom"
            "[2, 5, 32] weight_ih_l0 [96, 16] weight_hh_l0 [96, 32] bias_ih_l0 [96] bias_hh_l0 [96]"
            (fun () -> Recurrent.gruFrom (Recurrent.options 32) |> loopedFrom 1)
        prints
            "rnnPadded"
            "[2, 5, 32] weight_ih_l0 [32, 16] weight_hh_l0 [32, 32] bias_ih_l0 [32] bias_hh_l0 [32]"
            (fun () -> Recurrent.rnnPadded (Recurrent.options 32) |> loopedPadded)
        prints
            "rnnReluPadded"
            "[2, 5, 32] weight_ih_l0 [32, 16] weight_hh_l0 [32, 32] bias_ih_l0 [32] bias_hh_l0 [32]"
            (fun () -> Recurrent.rnnReluPadded (Recurrent.options 32) |> loopedPadded)
        prints
            "lstmPadded"
            "[2, 5, 32] weight_ih_l0 [128, 16] weight_hh_l0 [128, 32] bias_ih_l0 [128] bias_hh_l0 [128]"
            (fun () -> Recurrent.lstmPadded (Recurrent.options 32) |> loopedPadded)
        prints
            "gruPadded"
            "[2, 5, 32] weight_ih_l0 [96, 16] weight_hh_l0 [96, 32] bias_ih_l0 [96] bias_hh_l0 [96]"
            (fun () -> Recurrent.gruPadded (Recurrent.options 32) |> loopedPadded)
        prints
            "rnnPaddedFrom"
            "[2, 5, 32] weight_ih_l0 [32, 16] weight_hh_l0 [32, 32] bias_ih_l0 [32] bias_hh_l0 [32]"
            (fun () -> Recurrent.rnnPaddedFrom (Recurrent.options 32) |> loopedPaddedFrom 1)
        prints
            "lstmPaddedFrom"
            "[2, 5, 32] weight_ih_l0 [128, 16] weight_hh_l0 [128, 32] bias_ih_l0 [128] bias_hh_l0 [128]"
            (fun () -> Recurrent.lstmPaddedFrom (Recurrent.options 32) |> loopedPaddedFrom 2)
        prints
            "gruPaddedFrom"
            "[2, 5, 32] weight_ih_l0 [96, 16] weight_hh_l0 [96, 32] bias_ih_l0 [96] bias_hh_l0 [96]"
            (fun () -> Recurrent.gruPaddedFrom (Recurrent.options 32) |> loopedPaddedFrom 1)
        prints
            "rnnReluFrom"
            "[2, 5, 32] weight_ih_l0 [32, 16] weight_hh_l0 [32, 32] bias_ih_l0 [32] bias_hh_l0 [32]"
            (fun () -> Recurrent.rnnReluFrom (Recurrent.options 32) |> loopedFrom 1)
        prints
            "rnnReluPaddedFrom"
            "[2, 5, 32] weight_ih_l0 [32, 16] weight_hh_l0 [32, 32] bias_ih_l0 [32] bias_hh_l0 [32]"
            (fun () -> Recurrent.rnnReluPaddedFrom (Recurrent.options 32) |> loopedPaddedFrom 1)
        prints
            "lstmProjected"
            "[2, 5, 8] weight_ih_l0 [128, 16] weight_hh_l0 [128, 8] bias_ih_l0 [128] bias_hh_l0 [128] weight_hr_l0 [8, 32]"
            (fun () -> Recurrent.lstmProjected 8 (Recurrent.options 32) |> looped)
        prints
            "lstmProjectedFrom"
            "[2, 5, 8] weight_ih_l0 [128, 16] weight_hh_l0 [128, 8] bias_ih_l0 [128] bias_hh_l0 [128] weight_hr_l0 [8, 32]"
            (fun () ->
                let zeros features = Expr.full DType.F32 [ 1; 2; features ] 0.0
                let state = { Hidden = zeros 8; Cell = Some(zeros 32) }

                Recurrent.lstmProjectedFrom 8 (Recurrent.options 32)
                |> shapedBy (fun r -> r.Sequence.Shape) (sequences, state))
        prints
            "lstmProjectedPadded"
            "[2, 5, 8] weight_ih_l0 [128, 16] weight_hh_l0 [128, 8] bias_ih_l0 [128] bias_hh_l0 [128] weight_hr_l0 [8, 32]"
            (fun () -> Recurrent.lstmProjectedPadded 8 (Recurrent.options 32) |> loopedPadded)
        prints
            "sequence"
            "[2, 5, 32] weight_ih_l0 [128, 16] weight_hh_l0 [128, 32] bias_ih_l0 [128] bias_hh_l0 [128]"
            (fun () -> Recurrent.sequence (Recurrent.lstm (Recurrent.options 32)) |> shaped sequences)
        prints
            "last"
            "[2, 32] weight_ih_l0 [96, 16] weight_hh_l0 [96, 32] bias_ih_l0 [96] bias_hh_l0 [96]"
            (fun () -> Recurrent.last (Recurrent.gru (Recurrent.options 32)) |> shaped sequences)
    ]

let private paddings =
    [
        gives "mask" "bool [2, 5] [[ true true true false false] [ true true true true true]]" (fun () ->
            PaddingMask.mask 5 lengths)
        gives "ofTokens" "bool [3] [ true false true]" (fun () ->
            let tokens = Expr.constant (Tensor.vector [ 3L; 0L; 1L ])
            PaddingMask.ofTokens 0 tokens)
        gives "lengths" "i64 [2] [2 1]" (fun () -> PaddingMask.lengths isReal)
    ]

let private attentions =
    [
        gives
            "causalMask"
            "bool [4, 4] [[ true false false false] [ true true false false] [ true true true false] [ true true true true]]"
            (fun () -> Attention.causalMask 4 4)
        gives "paddingMask" "bool [2, 1, 1, 3] [[[[ true true false]]] [[[ true false false]]]]" (fun () ->
            Attention.paddingMask isReal)
        prints "combine" "Some([2; 1; 3; ... ])" (fun () ->
            Attention.combine (Some a) (Some b) |> Option.map (fun e -> e.Shape.ToList()))
        prints "weights" "[2, 3, 3]" (fun () -> (Attention.weights (Some a) q k).Shape)
        prints "scaledDotProduct" "[2, 3, 4]" (fun () -> (Attention.scaledDotProduct None q k v).Shape)
        prints "options" "False" (fun () -> { Attention.options 4 with Bias = false }.Bias)
        prints
            "general"
            "[2, 4, 5, 3] q_proj_weight [16, 16] k_proj_weight [16, 4] v_proj_weight ..."
            (fun () ->
                Attention.general (Attention.options 4)
                |> Layer.before (fun x -> { Query = x; Key = k; Value = v; Mask = None })
                |> shapedBy (fun r -> r.Weights.Shape) sequences)
        prints "multiHeadWith" "[2, 5, 16] in_proj_weight [48, 16] out_proj.weight [16, 16]" (fun () ->
            Attention.multiHeadWith { Attention.options 4 with Bias = false }
            |> Layer.before (fun x -> { Query = x; Memory = x; Mask = None })
            |> shaped sequences)
        prints "maskedSelfWith" "[2, 5, 16] in_proj_weight [48, 16] out_proj.weight [16, 16]" (fun () ->
            Attention.maskedSelfWith { Attention.options 4 with Bias = false }
            |> Layer.before (fun x -> x, None)
            |> shaped sequences)
        prints
            "multiHead"
            "[2, 5, 16] in_proj_weight [48, 16] in_proj_bias [48] out_proj.weight [16, 16] out_proj.bias [16]"
            (fun () ->
                Attention.multiHead 4 0.0
                |> Layer.before (fun x -> { Query = x; Memory = x; Mask = None })
                |> shaped sequences)
        prints
            "maskedSelf"
            "[2, 5, 16] in_proj_weight [48, 16] in_proj_bias [48] out_proj.weight [16, 16] out_proj.bias [16]"
            (fun () -> Attention.maskedSelf 4 0.0 |> Layer.before (fun x -> x, None) |> shaped sequences)
        prints
            "self"
            "[2, 5, 16] in_proj_weight [48, 16] in_proj_bias [48] out_proj.weight [16, 16] out_proj.bias [16]"
            (fun () -> Attention.self 4 true |> shaped sequences)
    ]

let private rotations =
    let places = Expr.arange DType.I32 3

    [
        prints "options" "500000" (fun () -> { Rotary.options with Base = 500000.0 }.Base)
        prints "rotateAt" "[2, 3, 4]" (fun () -> (Rotary.rotateAt Rotary.options places q).Shape)
        prints "rotate" "[2, 3, 4]" (fun () -> (Rotary.rotate Rotary.options q).Shape)
    ]

let private groupedAttentions =
    let heads count = data [ 2; count; 5; 4 ]
    let q, k, v = heads 4, heads 2, heads 2

    [
        prints "options" "False" (fun () -> { GroupedAttention.options 8 2 with Causal = false }.Causal)
        prints "scaledDotProduct" "[2, 4, 5, 4]" (fun () ->
            (GroupedAttention.scaledDotProduct None q k v).Shape)
        prints
            "masked"
            "[2, 5, 16] q_proj.weight [16, 16] k_proj.weight [8, 16] v_proj.weight [8, 16] o_proj.weight [16, 16]"
            (fun () ->
                GroupedAttention.masked (GroupedAttention.options 4 2)
                |> Layer.before (fun x -> x, None)
                |> shaped sequences)
        prints
            "self"
            "[2, 5, 16] q_proj.weight [16, 16] k_proj.weight [8, 16] v_proj.weight [8, 16] o_proj.weight [16, 16]"
            (fun () -> GroupedAttention.self (GroupedAttention.options 4 2) |> shaped sequences)
    ]

let private masks width = { Sequence = padded width; Mask = None }

let private masksOf width : MaskedDecoderInput =
    { Sequences = decoded width; TargetMask = None; MemoryMask = None }

let private transformers =
    [
        prints "options" "True" (fun () -> { Transformer.options 4 512 with Causal = true }.Causal)
        prints
            "paddedEncoderLayer"
            "[2, 5, 16] self_attn.in_proj_weight [48, 16] self_attn.in_proj_bias [4 ..."
            (fun () -> Transformer.paddedEncoderLayer (Transformer.options 4 512) |> encodes 16)
        prints
            "encoderLayer"
            "[2, 5, 16] self_attn.in_proj_weight [48, 16] self_attn.in_proj_bias [4 ..."
            (fun () -> Transformer.encoderLayer (Transformer.options 4 512) |> shaped sequences)
        prints
            "decoderLayer"
            "[2, 5, 16] self_attn.in_proj_weight [48, 16] self_attn.in_proj_bias [4 ..."
            (fun () ->
                Transformer.decoderLayer { Transformer.options 4 512 with Causal = true } |> decodes 16)
        prints
            "maskedEncoderLayer"
            "[2, 5, 16] self_attn.in_proj_weight [48, 16] self_attn.in_proj_bias [4 ..."
            (fun () ->
                Transformer.maskedEncoderLayer (Transformer.options 4 512)
                |> shapedBy (fun y -> y.Sequence.Values.Shape) (masks 16))
        prints
            "maskedDecoderLayer"
            "[2, 5, 16] self_attn.in_proj_weight [48, 16] self_attn.in_proj_bias [4 ..."
            (fun () ->
                Transformer.maskedDecoderLayer (Transformer.options 4 512)
                |> shapedBy (fun y -> y.Sequences.Target.Values.Shape) (masksOf 16))
        prints
            "maskedEncoder"
            "[2, 5, 16] layers.0.self_attn.in_proj_weight [48, 16] layers.0.self_at ..."
            (fun () ->
                Transformer.maskedEncoder 6 (Transformer.options 8 2048)
                |> shapedBy (fun y -> y.Sequence.Values.Shape) (masks 16))
        prints
            "maskedDecoder"
            "[2, 5, 16] layers.0.self_attn.in_proj_weight [48, 16] layers.0.self_at ..."
            (fun () ->
                Transformer.maskedDecoder 6 (Transformer.options 8 2048)
                |> shapedBy (fun y -> y.Sequences.Target.Values.Shape) (masksOf 16))
        prints
            "encoder"
            "[2, 5, 16] layers.0.self_attn.in_proj_weight [48, 16] layers.0.self_at ..."
            (fun () -> Transformer.encoder 6 (Transformer.options 8 2048) |> encodes 16)
        prints
            "decoder"
            "[2, 5, 16] layers.0.self_attn.in_proj_weight [48, 16] layers.0.self_at ..."
            (fun () -> Transformer.decoder 6 { Transformer.options 8 2048 with Causal = true } |> decodes 16)
        prints "sinusoids" "[16, 64]" (fun () -> (Transformer.sinusoids DType.F32 16 64).Shape)
        prints "sinusoidalPositions" "[2, 5, 16]" (fun () ->
            Transformer.sinusoidalPositions |> shaped sequences)
        prints "learnedPositions" "[2, 5, 16] weight [128, 16]" (fun () ->
            Transformer.learnedPositions 128 |> shaped sequences)
    ]

let all =
    [
        { Module = moduleOf <@ PaddingMask.mask 1 @>; Rows = paddings }
        { Module = moduleOf <@ Recurrent.options 1 @>; Rows = recurrents }
        { Module = moduleOf <@ Attention.causalMask 1 1 @>; Rows = attentions }
        { Module = moduleOf <@ Rotary.options @>; Rows = rotations }
        { Module = moduleOf <@ GroupedAttention.options 1 1 @>; Rows = groupedAttentions }
        { Module = moduleOf <@ Transformer.options 1 1 @>; Rows = transformers }
    ]
