namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Fused operators of ONNX Runtime's optimiser.
[<RequireQualifiedAccess>]
module internal FusedRules =
    let private one operator inputs attributes build =
        OnnxRule.one operator [ 1 ] inputs attributes build |> OnnxRule.inDomain "com.microsoft"

    let private many operator inputs attributes build =
        OnnxRule.make operator [ 1 ] inputs attributes build |> OnnxRule.inDomain "com.microsoft"

    let private matmul (c: OnnxCall) =
        let turned name (e: Expr) = if c.Flag name then e.T else e

        if c.Flag "transBatchA" || c.Flag "transBatchB" then
            c.NotSupported("a turned batch", "matrices whose last two axes are turned")

        let y = ProductRules.matmul (turned "transA" (c.X 0)) (turned "transB" (c.X 1))

        match c.Float("alpha", 1.0) with
        | 1.0 -> y
        | alpha -> alpha * y

    let private activation (c: OnnxCall) (y: Expr) =
        let number i standard =
            c.TryFloats "activation_params" |> Option.bind (List.tryItem i) |> Option.defaultValue standard

        match c.Text("activation", "") with
        | "" -> y
        | "Relu" -> Expr.relu y
        | "Tanh" -> tanh y
        | "Sigmoid" -> Expr.sigmoid y
        | "LeakyRelu" -> Elementwise.leakyRelu (number 0 0.01) y
        | "Clip" -> Elementwise.clamp (number 0 -3.4e38) (number 1 3.4e38) y
        | "HardSigmoid" -> Elementwise.clamp 0.0 1.0 (number 0 0.2 * y + number 1 0.5)
        | other ->
            c.NotSupported($"the activation '{other}'", "Relu, Tanh, Sigmoid, LeakyRelu, Clip or HardSigmoid")

    let private conv (c: OnnxCall) =
        let y = WindowRules.convolved c (c.X 0) (c.X 1)

        let y =
            match c.TryX 2 with
            | Some b -> Convolution.addBias b y
            | None -> y

        let y =
            match c.TryX 3 with
            | Some z -> y + z
            | None -> y

        activation c y

    let private gemm (c: OnnxCall) =
        let turned name (e: Expr) = if c.Flag name then e.T else e
        let scaled (f: float) (e: Expr) = if f = 1.0 then e else f * e

        let y =
            scaled (c.Float("alpha", 1.0)) (Expr.matmul (turned "transA" (c.X 0)) (turned "transB" (c.X 1)))

        let y =
            match c.TryX 2 with
            | Some b -> y + scaled (c.Float("beta", 1.0)) b
            | None -> y

        activation c y

    let private affine (c: OnnxCall) gamma beta (y: Expr) =
        let y = y * c.X gamma

        match c.TryX beta with
        | Some b -> y + b
        | None -> y

    /// Input and skip, with a bias, normalised; and the sum itself as the fourth result.
    let private skip (gamma: int) (beta: int) (bias: int) (normal: float -> Expr -> Expr) (c: OnnxCall) =
        let sum = c.X 0 + c.X 1

        let sum =
            match c.TryX bias with
            | Some b -> sum + b
            | None -> sum

        let y = normal (c.Float("epsilon", 1e-12)) sum * c.X gamma

        let y =
            if beta < 0 then
                y
            else
                (match c.TryX beta with
                 | Some b -> y + b
                 | None -> y)

        // Means and deviations are for training.
        if c.Node.Outputs |> List.truncate 3 |> List.skip 1 |> List.exists ((<>) "") then
            c.NotSupported("the outputs mean and inverse deviation", "the normalised result and the sum")

        [ c.Like 0 y; c.Like 0 sum; c.Like 0 sum; c.Like 0 sum ]

    let private layerNorm epsilon (x: Expr) = NormalisationRules.normal epsilon [ x.Shape.Rank - 1 ] x

    let private rmsNorm (epsilon: float) (x: Expr) =
        x * Expr.rsqrt (Reduce.keepDims Reduce.mean [ x.Shape.Rank - 1 ] (x * x) + epsilon)

    let private embed (c: OnnxCall) =
        let ids = c.X 0
        let length = ids.Shape[1]
        let words = Expr.gather 0 ids (c.X 2)

        let positions =
            match c.TryX 8 with
            | Some places -> Expr.gather 0 places (c.X 3)
            | None -> Expr.sliceAxis 0 0 length (c.X 3)

        let sum = words + positions

        let sum =
            match c.TryX 1, c.TryX 4 with
            | Some segments, Some table -> sum + Expr.gather 0 segments table
            | _ -> sum

        let y = layerNorm (c.Float("epsilon", 1e-12)) sum |> affine c 5 6
        let kind = c.Type 2

        let counts =
            match c.TryX 7 with
            | Some mask -> Expr.cast DType.I32 (Expr.sum [ 1 ] mask)
            | None -> Expr.full DType.I32 [ ids.Shape[0] ] 0.0

        c.Int("mask_index_type", 0) |> ignore
        [ OnnxTerm.ofExpr kind y; OnnxTerm.ofExpr OnnxType.Int32 counts; OnnxTerm.ofExpr kind sum ]

    /// Masks of keys, as lengths `[batch]`, `[batch; keys]` or `[batch; queries; keys]`, as what is added to scores.
    let private keyMask (c: OnnxCall) (dtype: DType) (keys: int) (mask: Expr) : Expr =
        let filter = c.Float("mask_filter_value", -10000.0)
        let allowed (isReal: Expr) = Expr.where isReal (Expr.scalar dtype 0.0) (Expr.scalar dtype filter)

        match mask.Shape.ToList() with
        | [ batch ] ->
            let here = Expr.arange mask.DType keys |> Expr.reshape [ 1; 1; 1; keys ]
            allowed (here .< Expr.reshape [ batch; 1; 1; 1 ] mask)
        | [ batch; count ] when count = keys -> allowed (Expr.reshape [ batch; 1; 1; count ] mask .> 0.0)
        | [ batch; queries; count ] -> allowed (Expr.reshape [ batch; 1; queries; count ] mask .> 0.0)
        | _ ->
            c.NotSupported(
                "a mask of this shape",
                "lengths [batch], or a mask [batch; keys] or [batch; queries; keys]"
            )

    let private causal (c: OnnxCall) (dtype: DType) queries keys =
        if c.Flag "unidirectional" then
            Some(AttentionRules.added dtype (Attention.causalMask queries keys))
        else
            None

    let private sum (terms: Expr option list) =
        match List.choose id terms with
        | [] -> None
        | terms -> Some(List.reduce (fun a b -> a + b) terms)

    let private scaleOf (c: OnnxCall) = c.TryFloat "scale" |> Option.filter ((<>) 0.0)

    let private attention (c: OnnxCall) =
        let heads = c.Int("num_heads", 0)

        if heads < 1 then
            c.Refuse($"%d{heads} heads", "1 or more", "export the model again")

        if c.Has 4 || c.Outputs > 1 then
            c.NotSupported("past keys and values", "attention over one whole sequence")

        let projected = ProductRules.matmul (c.X 0) (c.X 1)

        let projected =
            match c.TryX 2 with
            | Some b -> projected + b
            | None -> projected

        let width = projected.Shape[2]
        let sizes = c.TrySmalls "qkv_hidden_sizes" |> Option.defaultValue (List.replicate 3 (width / 3))

        let parts =
            List.scan (+) 0 sizes
            |> List.pairwise
            |> List.map (fun (start, stop) ->
                AttentionRules.split heads (Expr.sliceAxis 2 start stop projected))

        let q, k, v = parts[0], parts[1], parts[2]

        let mask =
            sum
                [
                    c.TryX 3 |> Option.map (keyMask c q.DType k.Shape[2])
                    causal c q.DType q.Shape[2] k.Shape[2]
                    c.TryX 5
                ]

        AttentionRules.scaled (scaleOf c) mask q k v |> AttentionRules.merged

    let private multiHead (c: OnnxCall) =
        let heads = c.Int("num_heads", 0)

        if heads < 1 || not (c.Has 1 && c.Has 2) then
            c.NotSupported("packed keys and values", "a query, a key and a value, and the number of heads")

        let biased i (x: Expr) =
            match c.TryX 3 with
            | Some b ->
                let q, k = c.X(0).Shape[2], c.X(1).Shape[c.X(1).Shape.Rank - 1]

                let start =
                    match i with
                    | 0 -> 0
                    | 1 -> q
                    | _ -> q + k

                x + Expr.sliceAxis 0 start (start + x.Shape[2]) b
            | None -> x

        let part i =
            let x = c.X i in if x.Shape.Rank = 3 then AttentionRules.split heads (biased i x) else x

        let joined past now =
            match past with
            | Some p -> Expr.concat 2 [ p; now ]
            | None -> now

        let q, k, v = part 0, joined (c.TryX 6) (part 1), joined (c.TryX 7) (part 2)

        let mask =
            sum
                [
                    c.TryX 4 |> Option.map (keyMask c q.DType k.Shape[2])
                    causal c q.DType q.Shape[2] k.Shape[2]
                    c.TryX 5
                ]

        let y = AttentionRules.scaled (scaleOf c) mask q k v |> AttentionRules.merged
        [ y; k; v ] |> List.map (c.Like 0)

    let private window = [ "auto_pad"; "dilations"; "group"; "kernel_shape"; "pads"; "strides" ]

    let rules: OnnxRule list =
        [
            one "FusedMatMul" 2 [ "alpha"; "transA"; "transB"; "transBatchA"; "transBatchB" ] matmul
            one "TransposeMatMul" 2 [ "alpha"; "transA"; "transB" ] matmul
            one "FusedConv" 4 ([ "activation"; "activation_params" ] @ window) conv
            one "FusedGemm" 3 [ "activation"; "activation_params"; "alpha"; "beta"; "transA"; "transB" ] gemm
            one "Gelu" 1 [] (fun c -> Elementwise.gelu (c.X 0))
            one "BiasGelu" 2 [] (fun c -> Elementwise.gelu (c.X 0 + c.X 1))
            one "FastGelu" 2 [] (fun c ->
                Elementwise.geluTanh (
                    match c.TryX 1 with
                    | Some b -> c.X 0 + b
                    | None -> c.X 0
                ))
            one "QuickGelu" 1 [ "alpha" ] (fun c ->
                let x = c.X 0 in x * Expr.sigmoid (c.Float("alpha", 1.702) * x))
            many "SkipLayerNormalization" 5 [ "epsilon" ] (skip 2 3 4 layerNorm)
            many "SkipSimplifiedLayerNormalization" 4 [ "epsilon" ] (skip 2 -1 3 rmsNorm)
            many "EmbedLayerNormalization" 9 [ "epsilon"; "mask_index_type" ] embed
            one
                "Attention"
                6
                [ "mask_filter_value"; "num_heads"; "qkv_hidden_sizes"; "scale"; "unidirectional" ]
                attention
            many
                "MultiHeadAttention"
                8
                [ "mask_filter_value"; "num_heads"; "scale"; "unidirectional" ]
                multiHead
            OnnxRule.one "SimplifiedLayerNormalization" [ 1 ] 2 [ "axis"; "epsilon"; "stash_type" ] (fun c ->
                rmsNorm (c.Float("epsilon", 1e-5)) (c.X 0) * c.X 1)
        ]
