namespace DL1.Onnx.Rules

open DL1
open DL1.Onnx

/// Losses, and the steps of optimizers.
[<RequireQualifiedAccess>]
module internal LossRules =
    /// −log p of each label, weighted, reduced: classes are axis 1.
    let private loss (c: OnnxCall) (logs: Expr) : Expr =
        let labels = Expr.cast DType.I64 (c.X 1)
        let classes = logs.Shape[1]
        let ignored = c.TryInt "ignore_index"

        let isReal =
            match ignored with
            | Some i -> Some(Expr.notEqual labels (lit (float i)))
            | None -> None

        let inside =
            match isReal with
            | Some real -> Expr.where real labels (lit 0.0)
            | None -> IndexRules.fromEnd classes (OnnxTerm.ofExpr OnnxType.Int64 labels)

        let picked = Indexing.takeAlong 1 (Expr.expandDims 1 inside) logs |> Expr.squeeze [ 1 ]

        let weights =
            match c.TryX 2 with
            | Some w -> Expr.gather 0 inside w
            | None -> Expr.onesLike picked

        let weights =
            match isReal with
            | Some real -> Expr.where real weights (lit 0.0)
            | None -> weights

        let losses = -picked * weights

        match c.Text("reduction", "mean") with
        | "none" -> losses
        | "sum" -> Expr.sumAll losses
        | "mean" -> Expr.sumAll losses / Expr.sumAll weights
        | other -> c.Refuse($"the reduction '{other}'", "none, sum or mean", "export the model again")

    let private crossEntropy (c: OnnxCall) =
        let logs = Reduce.logSoftmax 1 (c.X 0)
        [ c.Like 0 (loss c logs); c.Like 0 logs ]

    /// The tensors of an optimizer's operands: after the rate and the step, `kinds` tensors for each parameter.
    let private groups (c: OnnxCall) kinds =
        let count = (c.Inputs.Length - 2) / kinds

        if count < 1 || c.Inputs.Length <> 2 + kinds * count then
            c.Refuse(
                $"%d{c.Inputs.Length} operands",
                "a rate, a step, and as many of each kind",
                "export the model again"
            )

        List.init count (fun i -> List.init kinds (fun k -> c.X(2 + k * count + i)))

    let private together (c: OnnxCall) (results: Expr list list) =
        results |> List.transpose |> List.concat |> List.map (c.Like 2)

    let private rate (c: OnnxCall) = c.X 0
    let private step (c: OnnxCall) (x: Expr) = Expr.cast x.DType (c.X 1)

    let private adagrad (c: OnnxCall) =
        groups c 3
        |> List.map (fun parts ->
            let x, g, h = parts[0], parts[1], parts[2]
            let decayed = rate c / (1.0 + step c x * c.Float("decay_factor", 0.0))
            let g = c.Float("norm_coefficient", 0.0) * x + g
            let h = h + g * g
            [ x - decayed * g / (sqrt h + c.Float("epsilon", 0.0)); h ])
        |> together c

    let private adam (c: OnnxCall) =
        let alpha, beta = c.Float("alpha", 0.9), c.Float("beta", 0.999)

        groups c 4
        |> List.map (fun parts ->
            let x, g, v, h = parts[0], parts[1], parts[2], parts[3]
            let g = c.Float("norm_coefficient", 0.0) * x + g
            let v, h = alpha * v + (1.0 - alpha) * g, beta * h + (1.0 - beta) * g * g
            let t = step c x
            let power (b: float) = Expr.scalar x.DType b ** t
            let adjusted = rate c * sqrt (1.0 - power beta) / (1.0 - power alpha)
            let r = Expr.where (t .> 0.0) adjusted (rate c)
            let next = x - r * v / (sqrt h + c.Float("epsilon", 0.0))
            [ (1.0 - c.Float("norm_coefficient_post", 0.0)) * next; v; h ])
        |> together c

    let private momentum (c: OnnxCall) =
        let alpha, beta = c.Float("alpha", 0.0), c.Float("beta", 0.0)

        groups c 3
        |> List.map (fun parts ->
            let x, g, v = parts[0], parts[1], parts[2]
            let g = c.Float("norm_coefficient", 0.0) * x + g
            let adjusted = Expr.where (step c x .> 0.0) (Expr.scalar x.DType beta) (Expr.scalar x.DType 1.0)
            let v = alpha * v + adjusted * g

            match c.Text("mode", "standard") with
            | "standard" -> [ x - rate c * v; v ]
            | "nesterov" -> [ x - rate c * (g + alpha * v); v ]
            | other -> c.Refuse($"the mode '{other}'", "standard or nesterov", "export the model again"))
        |> together c

    let private training operator attributes build =
        { OnnxRule.make operator [ 1 ] -1 attributes build with
            Domain = "ai.onnx.preview.training"
        }

    let rules: OnnxRule list =
        [
            OnnxRule.make "SoftmaxCrossEntropyLoss" [ 12; 13 ] 3 [ "ignore_index"; "reduction" ] crossEntropy
            OnnxRule.one
                "NegativeLogLikelihoodLoss"
                [ 12; 13; 22 ]
                3
                [ "ignore_index"; "reduction" ]
                (fun c -> loss c (c.X 0))
            training "Adagrad" [ "decay_factor"; "epsilon"; "norm_coefficient" ] adagrad
            training "Adam" [ "alpha"; "beta"; "epsilon"; "norm_coefficient"; "norm_coefficient_post" ] adam
            training "Momentum" [ "alpha"; "beta"; "mode"; "norm_coefficient" ] momentum
        ]
