namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Attention of ONNX Runtime's text models: heads that share keys, a buffer of past keys and values, rotary positions.
[<RequireQualifiedAccess>]
module internal CachedAttentionRules =
    let private headsOf (c: OnnxCall) =
        let heads, keyHeads = c.Int("num_heads", 0), c.Int("kv_num_heads", 0)

        if heads < 1 || keyHeads < 1 || heads % keyHeads <> 0 then
            c.Refuse(
                $"%d{heads} heads of queries and %d{keyHeads} of keys",
                "numbers of heads, the first a multiple of the second",
                "export the model again"
            )

        heads, keyHeads

    /// What is not written: each is refused by its name.
    let private requirePlain (c: OnnxCall) =
        if c.Int("smooth_softmax", 0) = 1 then
            c.NotSupported("smooth_softmax", "the softmax of attention alone")

        if c.Int("qk_output", 0) <> 0 then
            c.NotSupported("qk_output", "the attention's result, keys and values")

        for name in [ "k_quant_type"; "v_quant_type" ] do
            if c.Text(name, "NONE") <> "NONE" then
                c.NotSupported($"{name}", "keys and values that are not quantised")

    /// Queries, keys and values `[batch; heads; length; d]`, from three operands or from one that holds all.
    let private parts (c: OnnxCall) heads keyHeads =
        if c.Has 1 && c.Has 2 then
            AttentionRules.split heads (c.X 0),
            AttentionRules.split keyHeads (c.X 1),
            AttentionRules.split keyHeads (c.X 2)
        else
            let x = c.X 0
            let d = x.Shape[2] / (heads + 2 * keyHeads)
            let part start count = Expr.sliceAxis 2 (start * d) ((start + count) * d) x

            AttentionRules.split heads (part 0 heads),
            AttentionRules.split keyHeads (part heads keyHeads),
            AttentionRules.split keyHeads (part (heads + keyHeads) keyHeads)

    /// The buffer `[batch; heads; extent; d]` after new rows are put behind the past ones of each sample, of which there are
    /// `before [batch]`; zeros behind them.
    let private appended (extent: int) (before: Expr) (past: Expr option) (now: Expr) : Expr =
        let length = now.Shape[2]

        match past with
        | None -> Expr.pad [ 0; 0; 0; 0 ] [ 0; 0; extent - length; 0 ] 0.0 now
        | Some past ->
            let before = Expr.reshape [ -1; 1 ] before
            let place = Expr.arange DType.I64 extent |> Expr.reshape [ 1; extent ]
            let isNew = Expr.both (place .>= before) (place .< before + float length)
            let isReal = place .< before + float length
            let from = Expr.where isNew (place - before + float past.Shape[2]) place
            let from = Expr.where isReal from (lit 0.0)
            let wide (e: Expr) = Expr.reshape [ e.Shape[0]; 1; extent; 1 ] e
            let dims = [ now.Shape[0]; now.Shape[1]; extent; now.Shape[3] ]

            let rows = Indexing.takeAlong 2 (Expr.broadcastTo dims (wide from)) (Expr.concat 2 [ past; now ])

            Expr.where (wide isReal) rows (lit 0.0)

    let private grouped (c: OnnxCall) =
        let heads, keyHeads = headsOf c
        requirePlain c
        let q, k, v = parts c heads keyHeads
        let length, d = q.Shape[2], q.Shape[3]

        let total =
            match c.Ints 6 with
            | [ length ] -> c.Small length
            | lengths ->
                c.Refuse(
                    $"total_sequence_length of %d{lengths.Length} elements",
                    "one element",
                    "give the length of the longest sequence, past and new positions together"
                )

        let past = c.TryX 3

        let extent =
            match past with
            | Some past -> max total past.Shape[2]
            | None -> total

        if total < length || (past.IsNone && total <> length) || past.IsSome <> c.Has 4 then
            c.Refuse(
                $"a total_sequence_length of %d{total} with %d{length} new places",
                "the places of the past and the new ones, and past_key with past_value",
                "check the inputs that the model is run with"
            )

        let counts = Expr.reshape [ -1 ] (Expr.cast DType.I64 (c.X 5)) + 1.0

        // A prompt begins an empty buffer, whatever stands in it.
        let isPrompt = total = length

        let before = if isPrompt then Expr.zerosLike counts else counts - float length
        let past i = if isPrompt then None else c.TryX i
        let here = Expr.arange DType.I64 length |> Expr.reshape [ 1; length ]
        let places = Expr.reshape [ -1; 1 ] before + here

        let rotated (x: Expr) =
            if not (c.Flag "do_rotary") then
                x
            else
                let angles i = Expr.gather 0 (c.TryX 9 |> Option.defaultValue places) (c.X i)

                Expr.transpose [ 0; 2; 1; 3 ] x
                |> AttentionRules.turn (c.Flag "rotary_interleaved") (angles 7) (angles 8)
                |> Expr.transpose [ 0; 2; 1; 3 ]

        let q = rotated q
        let keys = appended extent before (past 3) (rotated k)
        let values = appended extent before (past 4) v

        let column = Expr.arange DType.I64 total |> Expr.reshape [ 1; 1; 1; total ]
        let row = Expr.reshape [ places.Shape[0]; 1; length; 1 ] places
        let causal = column .<= row

        let mask =
            match c.Int("local_window_size", -1) with
            | -1 -> causal
            | window -> Expr.both causal (column .> row - float window)

        let wide (e: Expr) =
            let e = Expr.sliceAxis 2 0 total e
            if heads = keyHeads then e else Axes.repeatEach (heads / keyHeads) 1 e

        let scale =
            match c.Float("scale", 0.0) with
            | 0.0 -> None
            | s -> Some s

        let y =
            match c.Float("softcap", 0.0), c.TryX 10 with
            | 0.0, None -> AttentionRules.scaled scale (Some mask) q (wide keys) (wide values)
            | cap, bias ->
                let scores =
                    Expr.matmul (q * (scale |> Option.defaultValue (1.0 / sqrt (float d)))) (wide keys).T

                let scores = if cap > 0.0 then cap * tanh (scores / cap) else scores

                let scores =
                    match bias with
                    | Some bias -> scores + Expr.sliceAxis 3 0 total bias
                    | None -> scores

                Expr.matmul (Expr.softmax -1 (scores + AttentionRules.added scores.DType mask)) (wide values)

        [ AttentionRules.merged y; keys; values ] |> List.map (c.Like 0)

    /// ONNX Runtime's rotary embedding: positions `[batch; length]`, or the first one alone, stand before the tables.
    let private rotary (c: OnnxCall) =
        let x, positions, cos, sin = c.X 0, c.X 1, c.X 2, c.X 3
        let is3D = x.Shape.Rank = 3

        if c.Float("scale", 1.0) <> 1.0 || c.Flag "is_packed_batching" then
            c.NotSupported("a scale or packed batches", "rows of one length, scale 1")

        let turned =
            match c.Int("rotary_embedding_dim", 0) with
            | 0 -> 2 * cos.Shape[1]
            | n -> n

        let rows =
            if is3D then
                let heads =
                    match c.Int("num_heads", 0) with
                    | 0 -> x.Shape[2] / (2 * cos.Shape[1])
                    | n -> n

                Expr.reshape [ x.Shape[0]; x.Shape[1]; heads; x.Shape[2] / heads ] x
            else
                c.TryInt "num_heads" |> ignore
                Expr.transpose [ 0; 2; 1; 3 ] x

        let places =
            if positions.Shape.Size = 1 && rows.Shape[0] * rows.Shape[1] > 1 then
                Expr.reshape [ 1; 1 ] positions + Expr.arange positions.DType rows.Shape[1]
            else
                positions

        let angles table = Expr.gather 0 places (Expr.sliceAxis 1 0 (turned / 2) table)
        let y = AttentionRules.turn (c.Flag "interleaved") (angles cos) (angles sin) rows

        if is3D then
            Expr.reshape (x.Shape.ToList()) y
        else
            Expr.transpose [ 0; 2; 1; 3 ] y

    let rules: OnnxRule list =
        [
            OnnxRule.make
                "GroupQueryAttention"
                [ 1 ]
                11
                [
                    "do_rotary"
                    "k_quant_type"
                    "kv_num_heads"
                    "local_window_size"
                    "num_heads"
                    "qk_output"
                    "rotary_interleaved"
                    "scale"
                    "smooth_softmax"
                    "softcap"
                    "v_quant_type"
                ]
                grouped
            |> OnnxRule.numbers [ 6 ]
            |> OnnxRule.inDomain "com.microsoft"
            OnnxRule.one
                "RotaryEmbedding"
                [ 1 ]
                4
                [ "interleaved"; "is_packed_batching"; "num_heads"; "rotary_embedding_dim"; "scale" ]
                rotary
            |> OnnxRule.inDomain "com.microsoft"
        ]
