namespace DL1

open System
open System.Collections.Generic

/// A number that was measured, with what it could as well have been.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type ScoreInterval =
    {
        /// What was measured on all rows.
        Estimate: float
        /// The lower end.
        Lower: float
        /// The upper end.
        Upper: float
        /// The part of repetitions within the ends.
        Level: float
    }

    /// `0.931 (0.902 to 0.957)`.
    override this.ToString() =
        let number (v: float) = v.ToString("G4", Globalization.CultureInfo.InvariantCulture)
        $"{number this.Estimate} ({number this.Lower} to {number this.Upper})"

    member internal this.Display = this.ToString()

/// What one input is worth to a model.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type Importance =
    {
        /// The input's name.
        Name: string
        /// How much worse the metric became, for each time the input's values were exchanged among the rows.
        Drops: IReadOnlyList<float>
    }

    /// The mean of the drops.
    member this.Mean =
        if this.Drops.Count = 0 then
            Refuse.domain "Importance.Mean" "no drops" "one drop or more" "let importances be measured"

        Seq.average this.Drops

    /// The standard deviation of the drops, as of a whole population.
    member this.Deviation =
        let mean = this.Mean
        this.Drops |> Seq.averageBy (fun d -> (d - mean) * (d - mean)) |> sqrt

    /// `bmi 0.31 ± 0.02`.
    override this.ToString() =
        let number (v: float) = v.ToString("G4", Globalization.CultureInfo.InvariantCulture)
        $"{this.Name} {number this.Mean} ± {number this.Deviation}"

    member internal this.Display = this.ToString()

/// What metrics say of a model, with how sure it is, and of what it goes by. Draws are made with a key: the same key gives the
/// same numbers.
[<RequireQualifiedAccess>]
module Resampling =
    let private requireRepeats operation (repeats: int) usual =
        if repeats < 1 || repeats > 1_000_000 then
            Refuse.domain operation $"%d{repeats} repetitions" "1 to 1000000" $"%d{usual} is usual"

    /// A confidence interval of a metric by the bootstrap's percentiles (Efron 1979): the metric is measured anew on as many rows
    /// drawn with replacement, `repeats` times. Draws that the metric refuses, such as those without a row of one class, are made
    /// again; where more than half are refused it is a `DomainError`.
    /// `Resampling.interval 0.95 1000 (Key.ofSeed 1L) Metric.accuracy target output`
    let interval
        (level: float)
        (repeats: int)
        (key: Key)
        (metric: Metric)
        (target: Tensor)
        (output: Tensor)
        : ScoreInterval =
        let operation = "Resampling.interval"
        requireRepeats operation repeats 1000

        if not (level > 0.0 && level < 1.0) then
            Refuse.domain operation $"the level {string level}" "above 0 and below 1" "0.95 is usual"

        let rows = Rows.count operation target

        if rows = 0 || Rows.count operation output <> rows then
            Refuse.shape
                operation
                $"targets {target.Shape} and outputs {output.Shape}"
                "the same rows, one at least"
                "predict the same rows"

        let estimate = metric.Measure target output

        let draw i =
            let chosen =
                Key.integers 0 rows DType.I32 [ rows ] (Key.fold i key) |> Tensor.toFloats |> Array.map int

            try
                Some(metric.Measure (Rows.take operation chosen target) (Rows.take operation chosen output))
            with :? DomainError ->
                None

        let drawn =
            Seq.initInfinite draw |> Seq.truncate (2 * repeats) |> Seq.choose id |> Seq.truncate repeats

        let drawn = Array.ofSeq drawn

        if drawn.Length < repeats then
            Refuse.domain
                operation
                $"%d{rows} rows, of which {metric.Name} refuses most draws"
                "rows on most draws of which the metric has a number"
                "take more rows of each class"

        let sorted = Array.sort drawn

        {
            Estimate = estimate
            Lower = Scale.quantile ((1.0 - level) / 2.0) sorted
            Upper = Scale.quantile ((1.0 + level) / 2.0) sorted
            Level = level
        }

    /// How much worse a metric becomes where one input at a time has its values exchanged among the rows (Breiman 2001): the
    /// input of each number is measured by a function of its values' new order.
    let internal importances
        operation
        (repeats: int)
        (key: Key)
        (metric: Metric)
        (rows: int)
        (inputs: (string * (int[] option -> float)) list)
        : Importance list =
        requireRepeats operation repeats 5

        let sign = if metric.IsGain then 1.0 else -1.0

        [
            for i, (name, measure) in List.indexed inputs do
                let whole = measure None

                {
                    Name = name
                    Drops =
                        [
                            for r in 0 .. repeats - 1 ->
                                let order =
                                    Key.permutation rows (Key.fold r (Key.fold i key))
                                    |> Tensor.toFloats
                                    |> Array.map int

                                sign * (whole - measure (Some order))
                        ]
                }
        ]

    /// The worth of each column of the inputs `[rows; columns]` to a model (scikit-learn's `permutation_importance`): how much
    /// worse the metric becomes where the column's values are exchanged among the rows, `repeats` times. Take rows that the model
    /// was not trained on. Columns that tell the same share their worth, or have none. Columns are named column 0, column 1, ...
    /// `Resampling.importance 5 (Key.ofSeed 1L) Metric.r2 (fun x -> Trained.predict x trained) data`
    let importance
        (repeats: int)
        (key: Key)
        (metric: Metric)
        (predict: Tensor -> Tensor)
        (data: Dataset)
        : Importance list =
        let operation = "Resampling.importance"
        let x = data.Inputs

        if x.Rank <> 2 || x.Size = 0 then
            Refuse.shape
                operation
                $"inputs {x.Shape}"
                "[rows; columns], a row and a column at least"
                "flatten them"

        let rows, columns = x.Shape[0], x.Shape[1]
        let target = data.Targets
        let whole = lazy (metric.Measure target (predict x))

        let measure column (order: int[] option) =
            match order with
            | None -> whole.Force()
            | Some order ->
                let exchanged (values: 'v[]) =
                    Array.init values.Length (fun i ->
                        if i % columns = column then
                            values[order[i / columns] * columns + column]
                        else
                            values[i])

                let elements =
                    match x.Elements with
                    | Elements.F32 a -> Elements.F32(exchanged a)
                    | Elements.F64 a -> Elements.F64(exchanged a)
                    | Elements.I32 a -> Elements.I32(exchanged a)
                    | Elements.I64 a -> Elements.I64(exchanged a)
                    | Elements.Bool a -> Elements.Bool(exchanged a)

                metric.Measure target (predict (Tensor(x.Shape, elements)))

        importances
            operation
            repeats
            key
            metric
            rows
            [ for c in 0 .. columns - 1 -> $"column %d{c}", measure c ]
