namespace DL1

open System

/// Metrics of the scores or probabilities of several classes, `[rows; classes]`: labels are i32 or i64 `[rows]`, from 0, and
/// come before scores. A label that is no class, no rows, and a score that is NaN are refused.
[<RequireQualifiedAccess>]
module ClassChances =
    /// Labels and rows of scores.
    let private rows operation (target: Tensor) (scores: Tensor) : struct (int[] * float[][]) =
        if scores.Rank <> 2 || scores.Shape[1] = 0 || scores.Shape[0] <> target.Size then
            Refuse.shape
                operation
                $"labels {target.Shape} and scores {scores.Shape}"
                "labels [rows] and scores [rows; classes]"
                "predict the same rows; one score a row is measured by Binary"

        if target.Size = 0 then
            Refuse.domain operation "no rows" "one at least" "check how the data were split"

        let classes = scores.Shape[1]

        let labels =
            Classification.labels operation target
            |> Array.map (fun l ->
                if l >= classes then
                    Refuse.domain
                        operation
                        $"the label %d{l} of %d{classes} classes"
                        $"a class from 0 to %d{classes - 1}"
                        "give a score for each class"

                l)

        let values = Tensor.toFloats scores

        if Array.exists Double.IsNaN values then
            Refuse.domain
                operation
                "a score that is NaN"
                "scores that can be put in order"
                "look for what made it: a training that diverged, or 0/0"

        labels, Array.chunkBySize classes values

    /// The two columns of a single score a row, `[rows]` or `[rows; 1]`, from what the other class has.
    let private ofTwo (other: float -> float) (target: Tensor) (scores: Tensor) : struct (Tensor * Tensor) =
        if
            scores.Size > 0
            && scores.Size = target.Size
            && (scores.Rank = 1 || (scores.Rank = 2 && scores.Shape[1] = 1))
        then
            let columns = Tensor.toFloats scores |> Array.collect (fun s -> [| other s; s |])
            let labels = if target.DType = DType.I32 then target else Tensor.cast DType.I64 target
            struct (labels, Tensor.ofArray [ scores.Size; 2 ] columns)
        else
            struct (target, scores)

    let private meanLog operation (logOf: float[] -> int -> float) target scores =
        let struct (labels, rows) = rows operation target scores
        -(Array.map2 logOf rows labels |> Array.average)

    // The least probability whose logarithm is taken, as in scikit-learn.
    let private least = Math.ScaleB(1.0, -52)

    /// The mean negative logarithm of the label's probability, held within 2⁻⁵² and 1 − 2⁻⁵² (scikit-learn's log loss). Rows
    /// that are no probabilities, from 0 to 1 with a sum of 1, are a `DomainError`: of logits take `logLossOfLogits`. Of two classes
    /// it takes one probability a row, that of class 1, `[rows]` or `[rows; 1]`, too.
    /// `ClassChances.logLoss target probabilities`
    let logLoss (target: Tensor) (probabilities: Tensor) : float =
        let operation = "ClassChances.logLoss"
        let struct (target, probabilities) = ofTwo (fun p -> 1.0 - p) target probabilities

        let logOf (row: float[]) label =
            let sum = Array.sum row

            if not (Array.forall (fun p -> p >= 0.0 && p <= 1.0 + 1e-6) row && abs (sum - 1.0) < 1e-3) then
                Refuse.domain
                    operation
                    $"a row of probabilities with the sum {string sum}"
                    "probabilities from 0 to 1, with a sum of 1 in each row"
                    "of a model that ends in logits take logLossOfLogits, or their softmax"

            log (row[label] |> max least |> min (1.0 - least))

        meanLog operation logOf target probabilities

    /// The mean negative logarithm of the label's softmax, from logits; of two classes also from one score a row, `[rows]` or
    /// `[rows; 1]`, by its sigmoid. `ClassChances.logLossOfLogits target logits`
    let logLossOfLogits (target: Tensor) (logits: Tensor) : float =
        let struct (target, logits) = ofTwo (fun _ -> 0.0) target logits

        meanLog
            "ClassChances.logLossOfLogits"
            (fun row label ->
                let top = Array.max row
                row[label] - top - log (row |> Array.sumBy (fun x -> exp (x - top))))
            target
            logits

    /// The part of rows whose label is among the k greatest scores; of equal scores the later class is before, as in
    /// scikit-learn. k is from 1 to the number of classes. `ClassChances.topK 2 target scores`
    let topK (k: int) (target: Tensor) (scores: Tensor) : float =
        let operation = "ClassChances.topK"
        let struct (labels, rows) = rows operation target scores
        let classes = rows[0].Length

        if k < 1 || k > classes then
            Refuse.domain operation $"k = %d{k}" $"1 to %d{classes}, the number of classes" "5 is usual"

        Array.map2
            (fun (row: float[]) label ->
                let isBefore c = row[c] > row[label] || (row[c] = row[label] && c > label)
                let before = Seq.init classes id |> Seq.filter isBefore |> Seq.length
                if before < k then 1.0 else 0.0)
            rows
            labels
        |> Array.average

    let private areaOf (isPositive: bool[]) (scores: float[]) =
        Binary.rocAuc
            (Tensor.vector (isPositive |> Array.map (fun t -> if t then 1.0 else 0.0)))
            (Tensor.vector scores)

    let private weightedMean (parts: struct (float * float) list) =
        let whole = parts |> List.sumBy (fun (struct (_, weight)) -> weight)
        (parts |> List.sumBy (fun (struct (area, weight)) -> weight * area)) / whole

    let private requireAll operation (labels: int[]) classes =
        let present = set labels

        for c in 0 .. classes - 1 do
            if not (present.Contains c) then
                Refuse.domain
                    operation
                    $"no row of class %d{c}"
                    $"a row of each of %d{classes} classes"
                    "stratify the split, or leave the class out of the scores"

    /// The area under the ROC curve of each class against all others: their mean, the mean weighted by the rows of the classes, or
    /// that of all classes' rows together (micro). A class without rows is a `DomainError`. Scores of any kind: only the order of
    /// each class's matters. `ClassChances.rocAucOneVsRest Average.Macro target scores`
    let rocAucOneVsRest (average: Average) (target: Tensor) (scores: Tensor) : float =
        let operation = "ClassChances.rocAucOneVsRest"
        let struct (labels, rows) = rows operation target scores
        let classes = rows[0].Length
        requireAll operation labels classes

        let one c = areaOf (labels |> Array.map ((=) c)) (rows |> Array.map (fun row -> row[c]))

        match average with
        | Average.Micro ->
            areaOf (labels |> Array.collect (fun label -> Array.init classes ((=) label))) (Array.concat rows)
        | Average.Macro -> weightedMean [ for c in 0 .. classes - 1 -> struct (one c, 1.0) ]
        | Average.Weighted ->
            weightedMean
                [
                    for c in 0 .. classes - 1 ->
                        struct (one c, labels |> Array.filter ((=) c) |> Array.length |> float)
                ]

    /// The ROC curve of each class against all others, in the order of the classes: `Binary.roc` of the class's scores. A class
    /// without rows is a `DomainError`. `ClassChances.rocOneVsRest target scores`
    let rocOneVsRest (target: Tensor) (scores: Tensor) : Curve list =
        let operation = "ClassChances.rocOneVsRest"
        let struct (labels, rows) = rows operation target scores
        let classes = rows[0].Length
        requireAll operation labels classes

        [
            for c in 0 .. classes - 1 ->
                Binary.roc
                    (Tensor.vector (labels |> Array.map (fun l -> if l = c then 1.0 else 0.0)))
                    (Tensor.vector (rows |> Array.map (fun row -> row[c])))
        ]

    /// The mean over all pairs of classes of the area under the ROC curve of their rows, by the score of one and by that of the
    /// other (Hand and Till 2001): it does not depend on how many rows the classes have, unless pairs are weighted by their rows.
    /// There is no micro average. `ClassChances.rocAucOneVsOne Average.Macro target scores`
    let rocAucOneVsOne (average: Average) (target: Tensor) (scores: Tensor) : float =
        let operation = "ClassChances.rocAucOneVsOne"

        if average = Average.Micro then
            Refuse.domain
                operation
                "the micro average"
                "the macro or the weighted average"
                "pairs of classes have no common rows to be put together"

        let struct (labels, rows) = rows operation target scores
        let classes = rows[0].Length

        if classes < 2 then
            Refuse.shape
                operation
                $"scores {scores.Shape}"
                "two classes at least"
                "one score a row is measured by Binary"

        requireAll operation labels classes

        weightedMean
            [
                for a in 0 .. classes - 1 do
                    for b in a + 1 .. classes - 1 do
                        let those =
                            [| 0 .. labels.Length - 1 |]
                            |> Array.filter (fun i -> labels[i] = a || labels[i] = b)

                        let by c =
                            areaOf
                                (those |> Array.map (fun i -> labels[i] = c))
                                (those |> Array.map (fun i -> rows[i].[c]))

                        struct (0.5 * (by a + by b),
                                if average = Average.Macro then 1.0 else float those.Length)
            ]
