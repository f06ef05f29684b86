namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Normalisations.
[<RequireQualifiedAccess>]
module internal NormalisationRules =
    let private placed (x: Expr) (perChannel: Expr) =
        Expr.reshape (perChannel.Shape.Size :: List.replicate (x.Shape.Rank - 2) 1) perChannel

    /// Data less its mean over its deviation, along axes.
    let normal (epsilon: float) axes (x: Expr) : Expr =
        let _, centred, variance = NormParts.centred axes x
        centred * Expr.rsqrt (variance + epsilon)

    let private batch (c: OnnxCall) =
        let x = c.X 0
        let epsilon = c.Float("epsilon", 1e-5)
        let momentum = c.Float("momentum", 0.9)

        if c.Version < 7 && not (c.Flag "is_test") then
            c.NotSupported("batch normalisation in training", "is_test = 1")

        if c.Int("spatial", 1) <> 1 then
            c.NotSupported("spatial = 0", "statistics of each channel")

        let scaled (mean: Expr) (variance: Expr) : Expr =
            // A scale and a shift of each channel: in prediction both are computed once.
            let scale = Expr.rsqrt (variance + epsilon) * placed x (c.X 1)
            x * scale + (placed x (c.X 2) - mean * scale)

        if c.Version >= 14 && c.Flag "training_mode" then
            let axes = [ 0 .. x.Shape.Rank - 1 ] |> List.except [ 1 ]
            let mean, _, variance = NormParts.centred axes x
            let flat (e: Expr) = Expr.reshape [ x.Shape[1] ] e
            let next (old: Expr) (now: Expr) = old * momentum + flat now * (1.0 - momentum)

            [
                c.Like 0 (scaled mean variance)
                c.Like 3 (next (c.X 3) mean)
                c.Like 4 (next (c.X 4) variance)
            ]
        elif c.Outputs > 1 then
            c.NotSupported("more outputs than one, as in training", "batch normalisation in inference")
        else
            [ c.Like 0 (scaled (placed x (c.X 3)) (placed x (c.X 4))) ]

    let private instance (c: OnnxCall) =
        let x = c.X 0
        normal (c.Float("epsilon", 1e-5)) [ 2 .. x.Shape.Rank - 1 ] x * placed x (c.X 1) + placed x (c.X 2)

    let private group (c: OnnxCall) =
        let x = c.X 0
        let groups = c.Int("num_groups", 1)
        let dims = x.Shape.ToList()

        if x.Shape.Rank < 2 || groups < 1 || dims[1] % groups <> 0 then
            c.Refuse($"%d{groups} groups", "groups that divide the channels", "export the model again")

        let grouped = Expr.reshape [ dims[0]; groups; -1 ] x
        let y = normal (c.Float("epsilon", 1e-5)) [ 2 ] grouped |> Expr.reshape dims

        if c.Version < 21 then
            // A scale and a shift for each group.
            let each (e: Expr) = Axes.repeatEach (dims[1] / groups) 0 e
            y * placed x (each (c.X 1)) + placed x (each (c.X 2))
        else
            y * placed x (c.X 1) + placed x (c.X 2)

    let private layer (c: OnnxCall) =
        let x = c.X 0
        let axes = [ c.Axis(c.Int("axis", -1), x.Shape.Rank) .. x.Shape.Rank - 1 ]
        let mean, centred, variance = NormParts.centred axes x
        let inverse = Expr.rsqrt (variance + c.Float("epsilon", 1e-5))
        c.Int("stash_type", 1) |> ignore
        let y = centred * inverse * c.X 1

        let y =
            match c.TryX 2 with
            | Some bias -> y + bias
            | None -> y

        [ c.Like 0 y; OnnxTerm.ofExpr OnnxType.Float mean; OnnxTerm.ofExpr OnnxType.Float inverse ]

    let private rms (c: OnnxCall) =
        let x = c.X 0
        let axes = [ c.Axis(c.Int("axis", -1), x.Shape.Rank) .. x.Shape.Rank - 1 ]
        c.Int("stash_type", 1) |> ignore
        let squares = Reduce.keepDims Reduce.mean axes (x * x)
        x * Expr.rsqrt (squares + c.Float("epsilon", 1e-5)) * c.X 1

    let private meanVariance (c: OnnxCall) =
        let x = c.X 0

        let axes =
            c.TrySmalls "axes"
            |> Option.defaultValue [ 0; 2; 3 ]
            |> List.map (fun a -> c.Axis(a, x.Shape.Rank))

        let _, centred, variance = NormParts.centred axes x
        centred / (sqrt variance + 1e-9)

    /// Local response: each element over the squares of neighbouring channels (Krizhevsky et al. 2012).
    let private response (c: OnnxCall) =
        let x = c.X 0
        let size = c.Int("size", 1)

        if size < 1 || x.Shape.Rank < 2 then
            c.Refuse(
                $"the size %d{size}",
                "1 or more channels of data [batch; channels; ...]",
                "export the model again"
            )

        let before = (size - 1) / 2
        let after = size - 1 - before

        let edges =
            [
                for i in 0 .. x.Shape.Rank - 1 ->
                    {
                        Before = (if i = 1 then before else 0)
                        After = (if i = 1 then after else 0)
                        Between = 0
                    }
            ]

        let squares = Expr.padWith edges 0.0 (x * x)

        let sums =
            List.init size (fun i -> Expr.sliceAxis 1 i (i + x.Shape[1]) squares)
            |> List.reduce (fun a b -> a + b)

        x / (c.Float("bias", 1.0) + c.Float("alpha", 0.0001) / float size * sums) ** c.Float("beta", 0.75)

    let rules: OnnxRule list =
        [
            { OnnxRule.make
                  "BatchNormalization"
                  [ 7; 9; 14; 15 ]
                  5
                  [ "consumed_inputs"; "epsilon"; "is_test"; "momentum"; "spatial"; "training_mode" ]
                  batch with
                Statistics = [ 3; 4 ]
            }
            OnnxRule.one "InstanceNormalization" [ 6; 22 ] 3 [ "epsilon" ] instance
            OnnxRule.one "GroupNormalization" [ 18; 21 ] 3 [ "epsilon"; "num_groups"; "stash_type" ] group
            OnnxRule.make "LayerNormalization" [ 17 ] 3 [ "axis"; "epsilon"; "stash_type" ] layer
            OnnxRule.one "RMSNormalization" [ 23 ] 2 [ "axis"; "epsilon"; "stash_type" ] rms
            OnnxRule.one "MeanVarianceNormalization" [ 9; 13 ] 1 [ "axes" ] meanVariance
            OnnxRule.one "LRN" [ 1; 13 ] 1 [ "alpha"; "beta"; "bias"; "size" ] response
        ]
