namespace DL1

open System

/// Metrics of rows with weights, as scikit-learn's with `sample_weight`: weights are numbers of 0 or more, one a row, with a sum
/// above 0. Weights come first, then targets, then predictions.
[<RequireQualifiedAccess>]
module Weighted =
    let private checkedWeights operation (weights: Tensor) (target: Tensor) : float[] =
        let rows = if target.Rank = 0 then 1 else target.Shape[0]
        let values = Tensor.toFloats weights

        if values.Length <> rows then
            Refuse.shape
                operation
                $"weights {weights.Shape} of targets {target.Shape}"
                $"%d{rows} weights, one a row"
                "weigh the rows that are measured"

        if
            not (values |> Array.forall (fun w -> w >= 0.0 && Double.IsFinite w))
            || not (Array.sum values > 0.0)
        then
            Refuse.domain
                operation
                "weights that are below 0 or not finite, or all of them 0"
                "finite weights of 0 or more, not all 0"
                "a weight of 1 a row changes nothing"

        values

    /// The weighted mean over rows of a measure of each element, over the columns.
    let private meanOf
        operation
        (measure: float -> float -> float)
        (weights: Tensor)
        (target: Tensor)
        (predicted: Tensor)
        =
        Classification.requireSame operation target predicted
        let w = checkedWeights operation weights target
        let t, p = Tensor.toFloats target, Tensor.toFloats predicted
        let width = t.Length / w.Length
        let sum = Seq.init t.Length (fun i -> w[i / width] * measure t[i] p[i]) |> Seq.sum
        sum / (Array.sum w * float width)

    /// How often each class was taken for each, each row by its weight; the scores of the matrix, its report and its averages
    /// count by weights, its counts and `Support` are of rows. `Weighted.confusion weights target predicted`
    let confusion (weights: Tensor) (target: Tensor) (predicted: Tensor) : Confusion =
        let operation = "Weighted.confusion"
        let w = checkedWeights operation weights target
        Classification.confusionBy operation (fun row -> w[row]) target predicted

    /// The weight of the rows whose class is right. `Weighted.accuracy weights target predicted`
    let accuracy (weights: Tensor) (target: Tensor) (predicted: Tensor) : float =
        (confusion weights target predicted).Accuracy

    /// The weighted mean square error. `Weighted.mse weights target predicted`
    let mse (weights: Tensor) (target: Tensor) (predicted: Tensor) : float =
        meanOf "Weighted.mse" (fun t p -> (t - p) * (t - p)) weights target predicted

    /// The weighted mean absolute error. `Weighted.mae weights target predicted`
    let mae (weights: Tensor) (target: Tensor) (predicted: Tensor) : float =
        meanOf "Weighted.mae" (fun t p -> abs (t - p)) weights target predicted

    /// The weighted mean of |t − p| / |t|, as `Regression.mape`. `Weighted.mape weights target predicted`
    let mape (weights: Tensor) (target: Tensor) (predicted: Tensor) : float =
        let least = Math.ScaleB(1.0, -52)
        meanOf "Weighted.mape" (fun t p -> abs (t - p) / max least (abs t)) weights target predicted

    /// The coefficient of determination of one column, with weights. `Weighted.r2 weights target predicted`
    let r2 (weights: Tensor) (target: Tensor) (predicted: Tensor) : float =
        let operation = "Weighted.r2"
        let left = meanOf operation (fun t p -> (t - p) * (t - p)) weights target predicted
        let w = checkedWeights operation weights target
        let t = Tensor.toFloats target

        if t.Length <> w.Length then
            Refuse.shape
                operation
                $"targets {target.Shape}"
                "one column"
                "measure each column by itself, and average"

        let mean = Array.fold2 (fun sum w t -> sum + w * t) 0.0 w t / Array.sum w
        let whole = Array.fold2 (fun sum w t -> sum + w * (t - mean) * (t - mean)) 0.0 w t / Array.sum w

        if whole > 0.0 then 1.0 - left / whole
        elif left = 0.0 then 1.0
        else 0.0

    /// The weighted mean negative logarithm of the label's probability, as `ClassChances.logLoss`.
    /// `Weighted.logLoss weights labels probabilities`
    let logLoss (weights: Tensor) (target: Tensor) (probabilities: Tensor) : float =
        let operation = "Weighted.logLoss"
        let w = checkedWeights operation weights target

        if probabilities.Rank <> 2 || probabilities.Shape[0] <> w.Length then
            Refuse.shape
                operation
                $"labels {target.Shape} and probabilities {probabilities.Shape}"
                "labels [rows] and probabilities [rows; classes]"
                "predict the same rows"

        let row (t: Tensor) i = Rows.take operation [| i |] t

        let sum =
            Seq.init w.Length (fun i ->
                if w[i] = 0.0 then
                    0.0
                else
                    w[i]
                    * ClassChances.logLoss (row (Tensor.reshape [ w.Length ] target) i) (row probabilities i))
            |> Seq.sum

        sum / Array.sum w

    /// The area under the ROC curve, each row by its weight: targets 0 and 1, one score a row; both classes must have weight.
    /// `Weighted.rocAuc weights truths score`
    let rocAuc (weights: Tensor) (target: Tensor) (score: Tensor) : float =
        let operation = "Weighted.rocAuc"
        // The unweighted area refuses what is wrong with targets and scores.
        Binary.rocAuc target score |> ignore
        let w = checkedWeights operation weights target
        let t, s = Tensor.toFloats target, Tensor.toFloats score
        let sum label = Array.fold2 (fun sum t w -> if t = label then sum + w else sum) 0.0 t w
        let positives, negatives = sum 1.0, sum 0.0

        if positives = 0.0 || negatives = 0.0 then
            Refuse.domain
                operation
                "rows of one class that have all the weight"
                "weight on both classes"
                "weigh at least one row of each class"

        // From the greatest score on: what a threshold finds, and half of what it finds among equals.
        let mutable area, found = 0.0, 0.0

        for _, group in Array.zip3 s t w |> Array.groupBy (fun (s, _, _) -> s) |> Array.sortByDescending fst do
            let own label = group |> Array.sumBy (fun (_, t, w) -> if t = label then w else 0.0)
            area <- area + own 0.0 * (found + 0.5 * own 1.0)
            found <- found + own 1.0

        area / (positives * negatives)
