namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Attention and rotary embeddings.
[<RequireQualifiedAccess>]
module internal AttentionRules =
    /// Less than any score, and finite.
    let private masked = -1e30

    /// `[batch; length; heads·d]` as `[batch; heads; length; d]`.
    let split (heads: int) (x: Expr) : Expr =
        let d = x.Shape.ToList()
        Expr.reshape [ d[0]; d[1]; heads; d[2] / heads ] x |> Expr.transpose [ 0; 2; 1; 3 ]

    /// The inverse of `split`.
    let merged (x: Expr) : Expr =
        let d = x.Shape.ToList()
        Expr.transpose [ 0; 2; 1; 3 ] x |> Expr.reshape [ d[0]; d[2]; d[1] * d[3] ]

    /// A mask as what is added to scores.
    let added (dtype: DType) (mask: Expr) : Expr =
        if mask.DType = DType.Bool then
            Expr.where mask (Expr.scalar dtype 0.0) (Expr.scalar dtype masked)
        else
            Expr.maximum mask (Expr.scalar dtype masked)

    /// softmax(Q·Kᵀ·scale + mask)·V, by the named form where the scale is the usual one.
    let scaled (scale: float option) (mask: Expr option) (q: Expr) (k: Expr) (v: Expr) : Expr =
        match scale with
        | None -> Attention.scaledDotProduct mask q k v
        | Some scale ->
            let scores = Expr.matmul (q * scale) k.T

            let scores =
                match mask with
                | Some mask -> scores + added scores.DType mask
                | None -> scores

            Expr.matmul (Expr.softmax -1 scores) v

    let private attention (c: OnnxCall) =
        let q, k, v = c.X 0, c.X 1, c.X 2
        let is3D = q.Shape.Rank = 3

        let heads name =
            match c.TryInt name with
            | Some n when n > 0L -> c.Small n
            | _ ->
                c.Refuse(
                    $"no {name} beside operands of three axes",
                    "the number of heads",
                    "export the model again"
                )

        let q = if is3D then split (heads "q_num_heads") q else q
        let k = if is3D then split (heads "kv_num_heads") k else k
        let v = if is3D then split (heads "kv_num_heads") v else v

        if not is3D then
            c.TryInt "q_num_heads" |> ignore
            c.TryInt "kv_num_heads" |> ignore

        let join past now =
            match past with
            | Some past -> Expr.concat 2 [ past; now ]
            | None -> now

        let keys, values = join (c.TryX 4) k, join (c.TryX 5) v

        let past =
            match c.TryX 4 with
            | Some p -> p.Shape[2]
            | None -> 0

        let queries, count = q.Shape[2], keys.Shape[2]

        // A mask that is shorter than the keys allows none of the others.
        let given =
            c.TryX 3
            |> Option.map (fun mask ->
                let missing = count - mask.Shape[mask.Shape.Rank - 1]

                if missing <= 0 then
                    mask
                else
                    let edges =
                        List.init mask.Shape.Rank (fun i ->
                            {
                                Before = 0
                                After = (if i = mask.Shape.Rank - 1 then missing else 0)
                                Between = 0
                            })

                    if mask.DType = DType.Bool then
                        Expr.cast DType.Bool (Expr.padWith edges 0.0 (Expr.cast DType.I32 mask))
                    else
                        Expr.padWith edges masked mask)

        let row = Expr.arange DType.I64 queries |> Expr.reshape [ queries; 1 ]
        let column = Expr.arange DType.I64 count |> Expr.reshape [ 1; count ]
        let lengths = c.TryX 6 |> Option.map (fun n -> Expr.reshape [ -1; 1; 1; 1 ] (Expr.cast DType.I64 n))

        let causal =
            if not (c.Flag "is_causal") then
                None
            else
                match lengths with
                | Some lengths when past = 0 && not (c.Has 4) ->
                    Some(column .<= (row + (lengths - float queries)))
                | _ -> Some(column .<= (row + float past))

        let padded = lengths |> Option.map (fun lengths -> column .< lengths)
        let mask = Attention.combine (Attention.combine given causal) padded
        let shared = q.Shape[1] / max 1 keys.Shape[1]
        let wide (e: Expr) = if shared = 1 then e else Axes.repeatEach shared 1 e
        let k, v = wide keys, wide values
        let softcap = c.Float("softcap", 0.0)
        c.TryInt "softmax_precision" |> ignore
        let mode = c.Int("qk_matmul_output_mode", 0)

        let scale =
            c.TryFloat "scale" |> Option.filter (fun s -> abs (s - 1.0 / sqrt (float q.Shape[3])) > 1e-9)

        let y, scores =
            if softcap = 0.0 && c.Outputs < 4 then
                scaled scale mask q k v, None
            else
                let factor = scale |> Option.defaultValue (1.0 / sqrt (float q.Shape[3]))
                let scores = Expr.matmul (q * factor) k.T
                let scores = if softcap > 0.0 then softcap * tanh (scores / softcap) else scores

                let biased =
                    match mask with
                    | Some mask -> scores + added scores.DType mask
                    | None -> scores

                let weights = Expr.softmax -1 biased

                let shown =
                    match mode with
                    | 0
                    | 1 -> scores
                    | 2 ->
                        // As the standard has it: −∞ where nothing is attended to.
                        match mask with
                        | Some mask when mask.DType = DType.Bool -> Expr.where mask scores (lit -infinity)
                        | Some mask -> Expr.where (mask .<= masked) (lit -infinity) (scores + mask)
                        | None -> scores
                    | 3 -> weights
                    | other ->
                        c.Refuse($"qk_matmul_output_mode %d{other}", "0 to 3", "export the model again")

                Expr.matmul weights v, Some shown

        let y = if is3D then merged y else y
        let results = [ y; keys; values ] @ Option.toList scores
        results |> List.map (c.Like 0)

    /// Pairs of features `[batch; length; heads; d]` turned by angles whose cosines and sines are `[batch or 1; length; half]`:
    /// the first 2·half features; the others stay. Pairs stand side by side, or half a width apart.
    let turn (interleaved: bool) (cos: Expr) (sin: Expr) (rows: Expr) : Expr =
        let half, features = cos.Shape[cos.Shape.Rank - 1], rows.Shape[3]
        let turned = 2 * half
        let cos, sin = Expr.expandDims (cos.Shape.Rank - 1) cos, Expr.expandDims (sin.Shape.Rank - 1) sin
        let part = Expr.sliceAxis 3 0 turned rows

        let y =
            if interleaved then
                let pairs = Expr.reshape [ rows.Shape[0]; rows.Shape[1]; rows.Shape[2]; half; 2 ] part
                let a, b = Expr.item 4 0 pairs, Expr.item 4 1 pairs
                Expr.stack -1 [ cos * a - sin * b; sin * a + cos * b ] |> Expr.reshape (part.Shape.ToList())
            else
                let a, b = Expr.sliceAxis 3 0 half part, Expr.sliceAxis 3 half turned part
                Expr.concat 3 [ cos * a - sin * b; sin * a + cos * b ]

        if turned = features then
            y
        else
            Expr.concat 3 [ y; Expr.sliceAxis 3 turned features rows ]

    let private rotary (c: OnnxCall) =
        let x = c.X 0
        let is3D = x.Shape.Rank = 3
        // `[batch; length; heads; d]`
        let rows =
            if is3D then
                let heads = c.Int("num_heads", 0)

                if heads < 1 then
                    c.Refuse(
                        "no num_heads beside data of three axes",
                        "the number of heads",
                        "export the model again"
                    )

                Expr.reshape [ x.Shape[0]; x.Shape[1]; heads; x.Shape[2] / heads ] x
            else
                Expr.transpose [ 0; 2; 1; 3 ] x

        c.TryInt "num_heads" |> ignore
        let features = rows.Shape[3]

        let turned =
            match c.Int("rotary_embedding_dim", 0) with
            | 0 -> features
            | n -> n

        let half = turned / 2

        let table i =
            match c.TryX 3 with
            | Some places -> Expr.gather 0 places (c.X i)
            | None -> c.X i
            |> fun table -> Expr.sliceAxis (table.Shape.Rank - 1) 0 half table

        let y = turn (c.Flag "interleaved") (table 1) (table 2) rows

        if is3D then
            Expr.reshape (x.Shape.ToList()) y
        else
            Expr.transpose [ 0; 2; 1; 3 ] y

    let rules: OnnxRule list =
        [
            OnnxRule.make
                "Attention"
                [ 23; 24 ]
                7
                [
                    "is_causal"
                    "kv_num_heads"
                    "q_num_heads"
                    "qk_matmul_output_mode"
                    "scale"
                    "softcap"
                    "softmax_precision"
                ]
                attention
            OnnxRule.one
                "RotaryEmbedding"
                [ 23 ]
                4
                [ "interleaved"; "num_heads"; "rotary_embedding_dim" ]
                rotary
        ]
