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

    /// The median absolute error; NaN where an error is. `Regression.medianError target predicted`
    let medianError (target: Tensor) (predicted: Tensor) : float =
        let _, e = errors "Regression.medianError" target predicted

        if Array.exists System.Double.IsNaN e then
            nan
        else
            Scale.quantile 0.5 (Array.sort (Array.map abs e))

    let private variance (values: float[]) =
        let mean = Array.average values
        values |> Array.averageBy (fun v -> (v - mean) * (v - mean))

    /// 1 − part, where a target that does not vary gives 1 for no error and 0 for any.
    let private explained (left: float) (whole: float) =
        if System.Double.IsNaN(left + whole) then nan
        elif whole > 0.0 then 1.0 - left / whole
        elif left = 0.0 then 1.0
        else 0.0

    /// The coefficient of determination, 1 − Σ(t − p)² / Σ(t − mean t)²: 1 is perfect, 0 no better than the mean.
    /// `Regression.r2 target predicted`
    let r2 (target: Tensor) (predicted: Tensor) : float =
        let t, e = errors "Regression.r2" target predicted
        explained (e |> Array.averageBy (fun e -> e * e)) (variance t)

    /// 1 − var(t − p) / var(t): as `r2`, but a constant error counts for nothing.
    /// `Regression.explainedVariance target predicted`
    let explainedVariance (target: Tensor) (predicted: Tensor) : float =
        let t, e = errors "Regression.explainedVariance" target predicted
        explained (variance e) (variance t)
