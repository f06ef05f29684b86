namespace DL1

/// Losses of the overlap of two sets, such as the pixels of a segmentation: they do not depend on how large the rest is.
/// Targets are 0 or 1, or between; predictions are probabilities, of the same shape.
[<RequireQualifiedAccess>]
module OverlapLoss =
    /// 1 − (Σtp + s) / (Σtp + α·Σ(1 − t)p + β·Σt(1 − p) + s), summed over the given axes, for each place of the others, then
    /// reduced (Salehi et al. 2017): α weighs what is found and is not there, β what is there and not found, s > 0 keeps
    /// empty sets apart from 0/0. With α = β = 1 it is Jaccard's loss, the intersection over the union.
    /// `OverlapLoss.tversky 0.3 0.7 1.0 [ 1 ] Reduction.Mean truths chances`
    let tversky
        (alpha: float)
        (beta: float)
        (smooth: float)
        (axes: int list)
        reduction
        (target: Expr)
        (probability: Expr)
        =
        let operation = "OverlapLoss.tversky"
        LossParts.requirePositive operation "smooth" smooth

        for name, value in [ "alpha", alpha; "beta", beta ] do
            if not (value >= 0.0 && System.Double.IsFinite value) then
                Refuse.domain
                    operation
                    $"{name} = {string value}"
                    "a finite weight of 0 or more"
                    "½ and ½ give Dice's loss, 1 and 1 Jaccard's"

        if target.Shape <> probability.Shape then
            Refuse.shape
                operation
                $"targets {Operand.text target} and probabilities {Operand.text probability}"
                "a target for each probability"
                "labels become targets by oneHot"

        let sum = Expr.sum axes
        let both = sum (target * probability)
        let extra = sum ((1.0 - target) * probability)
        let missed = sum (target * (1.0 - probability))

        1.0 - (both + smooth) / (both + alpha * extra + beta * missed + smooth) |> Loss.reduce reduction

    /// 1 − (2Σtp + s) / (Σt + Σp + s), summed over the given axes, for each place of the others, then reduced (Milletari et
    /// al. 2016, without squares): 0 where both sets are the same, s > 0 keeps empty sets apart from 0/0. With axes `[ 2; 3 ]`
    /// of `[batch; classes; height; width]` each class of each picture counts alike.
    /// `OverlapLoss.dice 1.0 [ 1 ] Reduction.Mean truths chances`
    let dice (smooth: float) (axes: int list) reduction (target: Expr) (probability: Expr) =
        LossParts.requirePositive "OverlapLoss.dice" "smooth" smooth
        tversky 0.5 0.5 (0.5 * smooth) axes reduction target probability
