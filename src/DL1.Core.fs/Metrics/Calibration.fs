namespace DL1

open System

/// How probabilities are put into bins.
[<RequireQualifiedAccess; Struct>]
type Binning =
    /// Bins of one width, from 0 to 1.
    | Uniform
    /// Bins of as many rows each, as far as equal probabilities allow.
    | Quantile

/// Rows of nearly one probability.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type ReliabilityBin =
    {
        /// The lower end of the bin, which belongs to the bin below; of the first bin it is its own.
        Low: float
        /// The upper end of the bin.
        High: float
        /// The mean probability of its rows.
        Predicted: float
        /// The part of its rows for which it came true.
        Observed: float
        /// The number of its rows.
        Count: int
    }

    /// `0.2 to 0.4: 0.31 predicted, 0.28 observed in 25 rows`.
    override this.ToString() =
        let number (v: float) = v.ToString("G4", Globalization.CultureInfo.InvariantCulture)

        $"{number this.Low} to {number this.High}: {number this.Predicted} predicted, {number this.Observed} observed in %d{this.Count} rows"

    member internal this.Display = this.ToString()

/// Whether probabilities are as often true as they say, and what to do where they are not. Targets come before
/// probabilities: labels from 0, truth values, or 0 and 1, `[rows]`.
[<RequireQualifiedAccess>]
module Calibration =
    let private requireBins operation (bins: int) =
        if bins < 1 || bins > 100_000 then
            Refuse.domain operation $"%d{bins} bins" "1 to 100000" "10 is usual"

    /// The bins that have rows: each row's probability and whether it came true, by the inner edges.
    let private binned (edges: float[]) (rows: struct (float * bool)[]) : ReliabilityBin list =
        let inner = edges[1 .. edges.Length - 2]
        // As many inner edges lie below: an edge belongs to the bin below it.
        let place (p: float) = inner |> Seq.filter (fun edge -> edge < p) |> Seq.length

        rows
        |> Array.groupBy (fun (struct (p, _)) -> place p)
        |> Array.sortBy fst
        |> Array.map (fun (bin, own) ->
            {
                Low = edges[bin]
                High = edges[bin + 1]
                Predicted = own |> Array.averageBy (fun (struct (p, _)) -> p)
                Observed = own |> Array.averageBy (fun (struct (_, isTrue)) -> if isTrue then 1.0 else 0.0)
                Count = own.Length
            })
        |> List.ofArray

    let private even bins = Array.init (bins + 1) (fun i -> float i / float bins)

    let private requireProbability operation (p: float) =
        if not (p >= 0.0 && p <= 1.0 + 1e-6) then
            Refuse.domain
                operation
                $"the probability {string p}"
                "probabilities from 0 to 1"
                "of a model that ends in logits take their sigmoid or softmax"

    /// The reliability curve of two classes (scikit-learn's `calibration_curve`): for each bin of probabilities of class 1,
    /// `[rows]` or `[rows; 1]`, their mean beside the part of rows that are of class 1. Bins without rows are left out.
    /// `Calibration.reliability Binning.Uniform 10 truths chances`
    let reliability
        (binning: Binning)
        (bins: int)
        (target: Tensor)
        (probability: Tensor)
        : ReliabilityBin list =
        let operation = "Calibration.reliability"
        requireBins operation bins
        Classification.requireSame operation target probability
        let chances = Tensor.toFloats probability
        Array.iter (requireProbability operation) chances

        let isTrue (t: float) =
            if t = 0.0 || t = 1.0 then
                t = 1.0
            else
                Refuse.domain operation $"the target {string t}" "0 or 1" "compare labels with one class"

        let rows = Array.map2 (fun p t -> struct (p, isTrue t)) chances (Tensor.toFloats target)

        let edges =
            match binning with
            | Binning.Uniform -> even bins
            | Binning.Quantile ->
                let sorted = Array.sort chances
                Array.init (bins + 1) (fun i -> Scale.quantile (float i / float bins) sorted)

        binned edges rows

    /// For each row the probability of the class that is said, and whether it is right.
    let private confidences operation (target: Tensor) (probabilities: Tensor) : struct (float * bool)[] =
        let chances = Tensor.toFloats probabilities
        Array.iter (requireProbability operation) chances

        if
            probabilities.Rank = 0
            || target.Size = 0
            || target.Size <> probabilities.Shape[0]
            || probabilities.Rank > 2
            || chances.Length = 0
        then
            Refuse.shape
                operation
                $"labels {target.Shape} and probabilities {probabilities.Shape}"
                "labels [rows] and probabilities [rows; classes], or one a row"
                "predict the same rows; a row at least"

        let width = chances.Length / target.Size
        let labels = Tensor.toFloats target

        Array.init target.Size (fun row ->
            let own =
                if width = 1 then
                    [| 1.0 - chances[row]; chances[row] |]
                else
                    Array.sub chances (row * width) width

            if
                not (
                    labels[row] >= 0.0
                    && labels[row] < float own.Length
                    && labels[row] = Math.Floor labels[row]
                )
            then
                Refuse.domain
                    operation
                    $"the label {string labels[row]} in row %d{row}"
                    $"a class from 0 to %d{own.Length - 1}"
                    "number the classes from 0"

            let best = own |> Array.indexed |> Array.reduce (fun a b -> if snd b > snd a then b else a)
            struct (snd best, float (fst best) = labels[row]))

    /// The reliability of what is said: for each bin of the probability of the likeliest class, its mean beside the part of rows
    /// that are right. Probabilities are `[rows; classes]`, or those of class 1, `[rows]` or `[rows; 1]`.
    /// `Calibration.confidence 10 target probabilities`
    let confidence (bins: int) (target: Tensor) (probabilities: Tensor) : ReliabilityBin list =
        let operation = "Calibration.confidence"
        requireBins operation bins
        confidences operation target probabilities |> binned (even bins)

    let private gap (bin: ReliabilityBin) = abs (bin.Observed - bin.Predicted)

    /// The expected calibration error (Guo et al. 2017): how far what is said and what is right are apart, in the mean over the
    /// bins of `confidence`, weighted by their rows. 0 is best. `Calibration.expectedError 10 target probabilities`
    let expectedError (bins: int) (target: Tensor) (probabilities: Tensor) : float =
        let operation = "Calibration.expectedError"
        requireBins operation bins
        let found = confidences operation target probabilities |> binned (even bins)
        (found |> List.sumBy (fun bin -> float bin.Count * gap bin)) / float (found |> List.sumBy _.Count)

    /// The largest calibration error: that of the worst bin of `confidence`. `Calibration.largestError 10 target probabilities`
    let largestError (bins: int) (target: Tensor) (probabilities: Tensor) : float =
        let operation = "Calibration.largestError"
        requireBins operation bins
        confidences operation target probabilities |> binned (even bins) |> List.map gap |> List.max

    /// How the mean loss changes with 1 / temperature: the mean of what the scores expect less the label's own.
    let private slope (rows: float[][]) (labels: int[]) (inverse: float) : float =
        Array.map2
            (fun (row: float[]) (label: int) ->
                let most = Array.max row
                let e = row |> Array.map (fun z -> exp (inverse * (z - most)))
                Array.fold2 (fun sum z w -> sum + z * w) 0.0 row e / Array.sum e - row[label])
            rows
            labels
        |> Array.average

    /// The temperature T by which logits are divided so that the log loss is least (Guo et al. 2017): above 1 where a model says
    /// too much, below 1 where it says too little. Classes stay as they are. Fit it on rows that the model was not trained on.
    /// Logits are `[rows; classes]`, or one a row for two classes, `[rows]` or `[rows; 1]`. Where there is none, because every
    /// label has the largest score of its row, or scores tell no more than chance, it is a `DomainError`.
    /// `Calibration.temperature target logits`
    let temperature (target: Tensor) (logits: Tensor) : float =
        let operation = "Calibration.temperature"
        let values = Tensor.toFloats logits

        if
            logits.Rank = 0
            || logits.Rank > 2
            || target.Size = 0
            || target.Size <> logits.Shape[0]
            || values.Length = 0
        then
            Refuse.shape
                operation
                $"labels {target.Shape} and logits {logits.Shape}"
                "labels [rows] and logits [rows; classes], or one a row"
                "predict the same rows; a row at least"

        Admit.finite operation "logits" logits

        let rows =
            if values.Length = target.Size then
                values |> Array.map (fun z -> [| 0.0; z |])
            else
                Array.chunkBySize (values.Length / target.Size) values

        let labels =
            Tensor.toFloats target
            |> Array.mapi (fun row l ->
                if not (l >= 0.0 && l < float rows[row].Length && l = Math.Floor l) then
                    Refuse.domain
                        operation
                        $"the label {string l} in row %d{row}"
                        $"a class from 0 to %d{rows[row].Length - 1}"
                        "number the classes from 0"

                int l)

        if slope rows labels 0.0 >= 0.0 then
            Refuse.domain
                operation
                "logits that tell no more than chance"
                "logits of a model that has learnt"
                "look at the model's accuracy first"

        if Array.forall2 (fun (row: float[]) label -> row[label] = Array.max row) rows labels then
            Refuse.domain
                operation
                "labels that all have the largest score of their rows"
                "some rows that are wrong, as a temperature of 0 would be the best"
                "take more rows, which the model was not trained on"

        // The slope grows with 1 / temperature. From the spread of the scores it is known where to look.
        let spread = rows |> Array.averageBy (fun row -> Array.max row - Array.min row)
        let mutable low, high = 0.0, 1.0 / spread

        while slope rows labels high < 0.0 do
            low <- high
            high <- 2.0 * high

        let mutable steps = 0

        while steps < 200 && high - low > 1e-15 * high do
            let middle = low + (high - low) / 2.0

            if slope rows labels middle < 0.0 then low <- middle else high <- middle

            steps <- steps + 1

        2.0 / (low + high)
