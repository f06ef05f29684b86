namespace DL1

open System

/// Points of a curve of two rates, one for each threshold of the score, from the strictest.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type Curve =
    {
        /// The scores from which on a row is said to be positive; the first is infinite.
        Thresholds: float list
        /// The horizontal axis.
        X: float list
        /// The vertical axis.
        Y: float list
    }

    /// How many points there are, from where to where.
    override this.ToString() =
        let number (value: float) = value.ToString("G4", Globalization.CultureInfo.InvariantCulture)

        match this.X, this.Y, List.tryLast this.X, List.tryLast this.Y with
        | x :: _, y :: _, Some x', Some y' ->
            $"%d{this.X.Length} points from ({number x}, {number y}) to ({number x'}, {number y'})"
        | _ -> "no points"

    member internal this.Display = this.ToString()

/// Metrics of a score for two classes: targets are truth values or 0 and 1, `[rows]`; a greater score says the positive
/// class. Scores are logits, probabilities or any other numbers, infinite ones too, since only their order counts; `brier`
/// takes probabilities. Targets come before scores. No rows, a score that is NaN and another target are refused.
[<RequireQualifiedAccess>]
module Binary =
    let private rows operation (target: Tensor) (score: Tensor) : struct (bool * float)[] =
        Classification.requireSame operation target score

        Array.map2
            (fun t (s: float) ->
                if Double.IsNaN s then
                    Refuse.domain
                        operation
                        "a score that is NaN"
                        "scores that can be put in order"
                        "look for what made it: a training that diverged, or 0/0"

                match t with
                | 0.0 -> struct (false, s)
                | 1.0 -> struct (true, s)
                | other ->
                    Refuse.domain
                        operation
                        $"the target {string other}"
                        "0 or 1"
                        "compare labels with one class")
            (Tensor.toFloats target)
            (Tensor.toFloats score)

    /// For each distinct score, from the greatest: the score, and how many positive and negative rows have it or more;
    /// then the number of positive and of negative rows.
    let private counts operation needsNegatives target score =
        let rows = rows operation target score
        let sorted = rows |> Array.sortBy (fun (struct (_, s)) -> -s)
        let positives = rows |> Array.filter (fun (struct (t, _)) -> t) |> Array.length

        if positives = 0 || (needsNegatives && positives = rows.Length) then
            Refuse.domain
                operation
                (if positives = 0 then "no positive row" else "no negative row")
                (if needsNegatives then
                     "positive and negative rows"
                 else
                     "a positive row at least")
                "stratify the split"

        let steps = Collections.Generic.List<struct (float * float * float)>()
        let mutable right, wrong = 0.0, 0.0

        sorted
        |> Array.iteri (fun i (struct (isPositive, s)) ->
            if isPositive then right <- right + 1.0 else wrong <- wrong + 1.0

            let isLast = i = sorted.Length - 1 || (let struct (_, next) = sorted[i + 1] in next <> s)

            if isLast then
                steps.Add(struct (s, right, wrong)))

        List.ofSeq steps, float positives, float (rows.Length - positives)

    /// The receiver's operating characteristic: the part of negative rows that a threshold takes for positive (x), and
    /// the part of positive rows that it finds (y). `Binary.roc target score`
    let roc (target: Tensor) (score: Tensor) : Curve =
        let steps, positives, negatives = counts "Binary.roc" true target score
        let all = struct (infinity, 0.0, 0.0) :: steps

        {
            Thresholds = all |> List.map (fun (struct (s, _, _)) -> s)
            X = all |> List.map (fun (struct (_, _, wrong)) -> wrong / negatives)
            Y = all |> List.map (fun (struct (_, right, _)) -> right / positives)
        }

    /// Precision (y) against recall (x) at each threshold, from the strictest; it begins at recall 0 and precision 1. Without
    /// a positive row there is no recall: a `DomainError`, where scikit-learn warns.
    /// `Binary.precisionRecall target score`
    let precisionRecall (target: Tensor) (score: Tensor) : Curve =
        let steps, positives, _ = counts "Binary.precisionRecall" false target score

        {
            Thresholds = infinity :: (steps |> List.map (fun (struct (s, _, _)) -> s))
            X = 0.0 :: (steps |> List.map (fun (struct (_, right, _)) -> right / positives))
            Y = 1.0 :: (steps |> List.map (fun (struct (_, right, wrong)) -> right / (right + wrong)))
        }

    /// The area under a curve, by trapezia. `Binary.area (Binary.roc target score)`
    let area (curve: Curve) : float =
        if curve.X.Length <> curve.Y.Length then
            Refuse.shape
                "Binary.area"
                $"a curve of %d{curve.X.Length} x and %d{curve.Y.Length} y"
                "as many y as x"
                "take the points of one curve"

        List.zip curve.X curve.Y
        |> List.pairwise
        |> List.sumBy (fun ((x0, y0), (x1, y1)) -> (x1 - x0) * (y0 + y1) / 2.0)

    /// The area under the receiver's operating characteristic: the chance that a positive row scores above a negative
    /// one. Targets of one class are a `DomainError`, where scikit-learn gives NaN. `Binary.rocAuc target score`
    let rocAuc (target: Tensor) (score: Tensor) : float = area (roc target score)

    /// The mean precision over the recall that each threshold adds: Σ (Rₙ − Rₙ₋₁)·Pₙ.
    /// `Binary.averagePrecision target score`
    let averagePrecision (target: Tensor) (score: Tensor) : float =
        let curve = precisionRecall target score

        List.zip curve.X curve.Y |> List.pairwise |> List.sumBy (fun ((x0, _), (x1, y1)) -> (x1 - x0) * y1)

    let private squares operation probabilityOf (target: Tensor) (score: Tensor) =
        rows operation target score
        |> Array.averageBy (fun (struct (t, s)) ->
            let p: float = probabilityOf s
            let y = if t then 1.0 else 0.0
            (p - y) * (p - y))

    /// The mean square difference of targets and the positive class's probabilities (Brier 1950), which are from 0 to 1:
    /// others, logits in particular, are a `DomainError`. `Binary.brier target probability`
    let brier (target: Tensor) (probability: Tensor) : float =
        let held (p: float) =
            if p >= 0.0 && p <= 1.0 then
                p
            else
                Refuse.domain
                    "Binary.brier"
                    $"the probability {string p}"
                    "probabilities from 0 to 1"
                    "of a model that ends in logits take brierOfLogits, or their sigmoid"

        squares "Binary.brier" held target probability

    /// `brier` of the sigmoid of logits. `Binary.brierOfLogits target logits`
    let brierOfLogits (target: Tensor) (logits: Tensor) : float =
        squares "Binary.brierOfLogits" (fun x -> 1.0 / (1.0 + exp -x)) target logits
