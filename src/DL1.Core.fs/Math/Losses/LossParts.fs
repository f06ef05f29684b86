namespace DL1

/// What several losses share: means, and what is asked of targets and predictions.
[<RequireQualifiedAccess>]
module internal LossParts =
    let batchMean (losses: Expr) =
        let rows = if losses.Shape.Rank = 0 then 1 else losses.Shape[0]
        Expr.sumAll losses / float rows

    /// A sum of weighted losses over the sum of the weights. Where both are 0 nothing counts: the loss is 0 with gradient 0.
    let divided (sum: Expr) (weights: Expr) =
        let isNothing = Expr.both (Expr.equal weights (lit 0.0)) (Expr.equal sum (lit 0.0))
        sum / Expr.where isNothing (lit 1.0) weights

    let requirePositive (name: string) (what: string) (value: float) =
        if not (value > 0.0) || System.Double.IsInfinity value then
            Refuse.domain name $"{what} = {string value}" $"{what} above 0, and finite" "1 is the usual value"

    let requireMargin (name: string) (margin: float) =
        if not (margin >= 0.0 && System.Double.IsFinite margin) then
            Refuse.domain
                name
                $"margin = {string margin}"
                "a finite margin of 0 or more"
                "1 is the usual value"

    /// Refuses targets and predictions of which neither broadcasts to the other.
    let requireLike name (target: Expr) (prediction: Expr) =
        match Shape.tryBroadcast target.Shape prediction.Shape with
        | Some both when both <> target.Shape && both <> prediction.Shape ->
            Refuse.shape
                name
                $"targets {Operand.text target} and predictions {Operand.text prediction}"
                $"one shape, for they would become {both}, each target with each prediction"
                $"reshape the targets to {prediction.Shape}"
        | Some _
        | None -> ()

    /// Targets of two classes beside one score each, in the type of the scores, and a check of the losses: whole numbers and
    /// truth values become 0 and 1, labels `[rows]` beside scores `[rows; 1]`, or the other way round, take their shape, and the
    /// loss of a label that is neither 0 nor 1 is NaN. Floats are targets as they are.
    let ofTwoClasses (target: Expr) (score: Expr) : struct (Expr * (Expr -> Expr)) =
        if target.DType.IsFloat || not score.DType.IsFloat then
            struct (target, id)
        else
            let dims (e: Expr) = e.Shape.ToList()

            let labels =
                if dims score = dims target @ [ 1 ] || dims target = dims score @ [ 1 ] then
                    Expr.reshape (dims score) target
                else
                    target

            let check (losses: Expr) =
                if labels.DType = DType.Bool then
                    losses
                else
                    LabelGuard.apply 2 None (Expr.broadcastTo (dims losses) labels) losses

            struct (Expr.cast score.DType labels, check)
