namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// What carries a state from place to place: linear attention, and convolutions of what came before.
[<RequireQualifiedAccess>]
module internal LinearRules =
    /// A depthwise convolution that sees what is before each place, and hands on the end of its data.
    let private causalConv (c: OnnxCall) =
        let x, w = c.X 0, c.X 1

        if c.Int("ndim", 1) <> 1 || x.Shape.Rank <> 3 then
            c.NotSupported("data of several spatial axes", "data [batch; channels; length]")

        let reach = w.Shape[2] - 1

        let past =
            match c.TryX 3 with
            | Some past -> past
            | None -> Expr.full x.DType [ x.Shape[0]; x.Shape[1]; reach ] 0.0

        let padded = if reach = 0 then x else Expr.concat 2 [ past; x ]
        let y = Convolution.conv { Convolution.options with Groups = x.Shape[1] } padded w

        let y =
            match c.TryX 2 with
            | Some b -> Convolution.addBias b y
            | None -> y

        let y =
            match c.Text("activation", "none") with
            | "none" -> y
            | "silu"
            | "swish" -> Elementwise.silu y
            | other -> c.Refuse($"the activation '{other}'", "none, silu or swish", "export the model again")

        [ c.Like 0 y; c.Like 0 (Expr.sliceAxis 2 (padded.Shape[2] - reach) padded.Shape[2] padded) ]

    /// Attention whose keys and values are summed up in a matrix of each head, step by step.
    let private linearAttention (c: OnnxCall) =
        let queries, heads = c.Int("q_num_heads", 0), c.Int("kv_num_heads", 0)

        if queries < 1 || heads < 1 || queries % heads <> 0 then
            c.Refuse(
                $"%d{queries} and %d{heads} heads",
                "heads of queries that are a multiple of the others",
                "export the model again"
            )

        let rule = c.Text("update_rule", "gated_delta")
        let isGated, isDelta = rule = "gated" || rule = "gated_delta", rule = "delta" || rule = "gated_delta"

        if not (isGated || isDelta || rule = "linear") then
            c.Refuse($"the rule '{rule}'", "linear, gated, delta or gated_delta", "export the model again")

        c.TryInt "chunk_size" |> ignore

        let q, k, v =
            AttentionRules.split queries (c.X 0),
            AttentionRules.split heads (c.X 1),
            AttentionRules.split heads (c.X 2)

        let d, e = k.Shape[3], v.Shape[3]
        let batch, length = k.Shape[0], k.Shape[2]

        let scale =
            match c.Float("scale", 0.0) with
            | 0.0 -> 1.0 / sqrt (float d)
            | s -> s

        /// `[batch; length; heads·n]` as `[batch; heads; length; n]`.
        let perHead (count: int) (x: Expr) =
            Expr.reshape [ batch; length; count; x.Shape[2] / count ] x |> Expr.transpose [ 0; 2; 1; 3 ]

        let decay = if isGated then Some(exp (perHead heads (c.X 4))) else None
        let beta = if isDelta then Some(let b = c.X 5 in perHead b.Shape[2] b) else None
        let erase = c.TryX 6 |> Option.map (perHead heads)

        let initial =
            match c.TryX 3 with
            | Some past -> past
            | None -> Expr.full q.DType [ batch; heads; d; e ] 0.0

        let timeFirst (x: Expr) = Expr.moveAxis 2 0 x
        let sequences = [ Some q; Some k; Some v; decay; beta; erase ] |> List.choose (Option.map timeFirst)
        let column (x: Expr) = Expr.expandDims -1 x
        let row (x: Expr) = Expr.expandDims -2 x

        let step (states: Expr list) (slices: Expr list) =
            let q, k, v = slices[0], slices[1], slices[2]
            let mutable rest = List.skip 3 slices

            let next () =
                let first = rest.Head
                rest <- rest.Tail
                first

            let state = if isGated then states.Head * column (next ()) else states.Head

            let v =
                if isDelta then
                    let beta = next ()
                    let k = if erase.IsSome then next () * k else k
                    beta * (v - Expr.squeeze [ -2 ] (Expr.matmul (row k) state))
                else
                    v

            let state = state + column k * row v
            let shared = queries / heads
            let read = if shared = 1 then state else Axes.repeatEach shared 1 state
            [ state ], [ scale * Expr.squeeze [ -2 ] (Expr.matmul (row q) read) ]

        let finals, outputs = Scan.many false length [ initial ] sequences step
        // `[length; batch; heads; e]`
        let y = outputs.Head |> Expr.transpose [ 1; 0; 2; 3 ] |> Expr.reshape [ batch; length; queries * e ]
        [ c.Like 0 y; c.Like 0 finals.Head ]

    let private convolution inputs attributes =
        OnnxRule.make "CausalConvWithState" [ 27 ] inputs attributes causalConv

    let private attention inputs =
        OnnxRule.make
            "LinearAttention"
            [ 27 ]
            inputs
            [ "chunk_size"; "kv_num_heads"; "q_num_heads"; "scale"; "update_rule" ]
            linearAttention

    let rules: OnnxRule list =
        [
            convolution 4 [ "activation" ]
            attention 7
            // The forms of ONNX Runtime, over one spatial axis.
            convolution 4 [ "activation"; "ndim" ] |> OnnxRule.inDomain "com.microsoft"
            attention 6 |> OnnxRule.inDomain "com.microsoft"
        ]
