namespace DL1

/// Metrics of numbers: targets come before predictions, of the same size.
[<RequireQualifiedAccess>]
module Regression =
    let private pairs operation (target: Tensor) (predicted: Tensor) =
        Classification.requireSame operation target predicted
        Tensor.toFloats target, Tensor.toFloats predicted

    let private errors operation target predicted =
        let t, p = pairs operation target predicted
        t, Array.map2 (-) t p

    /// The mean square error. `Regression.mse target predicted`
    let mse (target: Tensor) (predicted: Tensor) : float =
        let _, e = errors "Regression.mse" target predicted
        e |> Array.averageBy (fun e -> e * e)

    /// The root of the mean square error, in the units of the target. `Regression.rmse target predicted`
    let rmse (target: Tensor) (predicted: Tensor) : float = sqrt (mse target predicted)

    /// The mean absolute error. `Regression.mae target predicted`
    let mae (target: Tensor) (predicted: Tensor) : float =
        let _, e = errors "Regression.mae" target predicted
        e |> Array.averageBy abs

    /// The median absolute error. `Regression.medianError target predicted`
    let medianError (target: Tensor) (predicted: Tensor) : float =
        let _, e = errors "Regression.medianError" target predicted
        Scale.quantile 0.5 (Array.sort (Array.map abs e))

    /// 1 − the mean square of what is left over that of the whole; where there is nothing to explain, a target that does
    /// not vary, 1 for no error and 0 for any.
    let private explained (left: float[]) (whole: float[]) =
        let struct (left, leftUnit) = Statistics.meanSquare left
        let struct (whole, wholeUnit) = Statistics.meanSquare whole

        if whole > 0.0 then
            let units = leftUnit / wholeUnit
            1.0 - left / whole * units * units
        elif left = 0.0 then
            1.0
        else
            0.0

    /// The coefficient of determination, 1 − Σ(t − p)² / Σ(t − mean t)²: 1 is perfect, 0 no better than the mean.
    /// `Regression.r2 target predicted`
    let r2 (target: Tensor) (predicted: Tensor) : float =
        let t, e = errors "Regression.r2" target predicted
        explained e (Statistics.deviations t)

    /// 1 − var(t − p) / var(t): as `r2`, but a constant error counts for nothing.
    /// `Regression.explainedVariance target predicted`
    let explainedVariance (target: Tensor) (predicted: Tensor) : float =
        let t, e = errors "Regression.explainedVariance" target predicted
        explained (Statistics.deviations e) (Statistics.deviations t)
