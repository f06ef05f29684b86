namespace DL1

/// Metrics of numbers: targets come before predictions, of the same rows and columns. Of several columns,
/// `[rows; columns]`, each is measured by itself and the measures are averaged, as in scikit-learn.
[<RequireQualifiedAccess>]
module Regression =
    let private pairs operation (target: Tensor) (predicted: Tensor) =
        Classification.requireSame operation target predicted
        Tensor.toFloats target, Tensor.toFloats predicted

    let private errors operation target predicted =
        let t, p = pairs operation target predicted
        t, Array.map2 (-) t p

    /// The mean over the columns, all that lies behind the first axis, of what is measured of the targets and predictions of
    /// one.
    let private overColumns operation (measure: float[] -> float[] -> float) (target: Tensor) predicted =
        let t, p = pairs operation target predicted
        let width = if target.Rank = 0 then 1 else t.Length / target.Shape[0]

        let column c (values: float[]) =
            Array.init (values.Length / width) (fun row -> values[row * width + c])

        Seq.init width (fun c -> measure (column c t) (column c p)) |> Seq.average

    /// The mean square error. `Regression.mse target predicted`
    let mse (target: Tensor) (predicted: Tensor) : float =
        let _, e = errors "Regression.mse" target predicted
        e |> Array.averageBy (fun e -> e * e)

    /// The root of the mean square error, in the units of the target; of several columns the mean of their roots.
    /// `Regression.rmse target predicted`
    let rmse (target: Tensor) (predicted: Tensor) : float =
        overColumns
            "Regression.rmse"
            (fun t p -> Array.map2 (fun t p -> (t - p) * (t - p)) t p |> Array.average |> sqrt)
            target
            predicted

    /// The mean absolute error. `Regression.mae target predicted`
    let mae (target: Tensor) (predicted: Tensor) : float =
        let _, e = errors "Regression.mae" target predicted
        e |> Array.averageBy abs

    /// The median absolute error; of several columns the mean of their medians; NaN where an error is.
    /// `Regression.medianError target predicted`
    let medianError (target: Tensor) (predicted: Tensor) : float =
        overColumns
            "Regression.medianError"
            (fun t p ->
                let errors = Array.map2 (fun t p -> abs (t - p)) t p

                if Array.exists System.Double.IsNaN errors then
                    nan
                else
                    Scale.quantile 0.5 (Array.sort errors))
            target
            predicted

    /// The mean of |t − p| / |t|; a target nearer to 0 than 2⁻⁵² counts as that, as in scikit-learn.
    /// `Regression.mape target predicted`
    let mape (target: Tensor) (predicted: Tensor) : float =
        let t, e = errors "Regression.mape" target predicted
        let least = System.Math.ScaleB(1.0, -52)
        Array.map2 (fun t e -> abs e / max least (abs t)) t e |> Array.average

    /// The largest absolute error; of several columns the mean of their largest; NaN where an error is.
    /// `Regression.maxError target predicted`
    let maxError (target: Tensor) (predicted: Tensor) : float =
        overColumns
            "Regression.maxError"
            (Array.fold2 (fun worst t p -> System.Math.Max(worst, abs (t - p))) 0.0)
            target
            predicted

    /// 1 − the mean square of what is left over that of the whole; where there is nothing to explain, a target that does
    /// not vary, 1 for no error and 0 for any.
    let private explained (left: float[]) (whole: float[]) =
        let struct (left, leftUnit) = Statistics.meanSquare left
        let struct (whole, wholeUnit) = Statistics.meanSquare whole

        if System.Double.IsNaN(left + whole) then
            nan
        elif whole > 0.0 then
            let units = leftUnit / wholeUnit
            1.0 - left / whole * units * units
        elif left = 0.0 then
            1.0
        else
            0.0

    /// The coefficient of determination, 1 − Σ(t − p)² / Σ(t − mean t)²: 1 is perfect, 0 no better than the mean; of
    /// several columns the mean of each one's. `Regression.r2 target predicted`
    let r2 (target: Tensor) (predicted: Tensor) : float =
        overColumns
            "Regression.r2"
            (fun t p -> explained (Array.map2 (-) t p) (Statistics.deviations t))
            target
            predicted

    /// 1 − var(t − p) / var(t): as `r2`, but a constant error counts for nothing; of several columns the mean of each
    /// one's. `Regression.explainedVariance target predicted`
    let explainedVariance (target: Tensor) (predicted: Tensor) : float =
        overColumns
            "Regression.explainedVariance"
            (fun t p -> explained (Statistics.deviations (Array.map2 (-) t p)) (Statistics.deviations t))
            target
            predicted
