namespace DL1;

/// <summary>Whether probabilities are as often true as they say, curves of each class, how sure a metric is, what a model goes by.</summary>
public static partial class Metrics
{
    /// <summary>
    /// The reliability curve of two classes: for each bin of probabilities of class 1 their mean beside the part of rows that are of
    /// class 1. Bins without rows are left out.
    /// </summary>
    /// <param name="target">Labels <c>[rows]</c>, 0 or 1.</param>
    /// <param name="probability">The probability of class 1 for each row, <c>[rows]</c>, from 0 to 1.</param>
    /// <param name="bins">How many bins there are, 1 or more.</param>
    /// <param name="binning">Bins of one width, unless given, or of as many rows each.</param>
    /// <exception cref="DomainError">There are no bins, a target is not 0 or 1, or a probability is not from 0 to 1.</exception>
    /// <exception cref="ShapeError">There is not one probability for each target.</exception>
    /// <example><code>var reliability = Metrics.Reliability(truths, chances, bins: 4);</code></example>
    public static IReadOnlyList<ReliabilityBin> Reliability(
        Tensor target, Tensor probability, int bins = 10, Binning binning = default) =>
        Calibration.reliability(binning, bins, target, probability);

    /// <summary>
    /// The reliability of what is said: for each bin of the probability of the likeliest class its mean beside the part of rows that
    /// are right. Probabilities are <c>[rows; classes]</c>, or those of class 1.
    /// </summary>
    /// <param name="target">Labels <c>[rows]</c>, whole numbers from 0.</param>
    /// <param name="probabilities">Probabilities <c>[rows; classes]</c>, or those of class 1, <c>[rows]</c>.</param>
    /// <param name="bins">Into how many parts the range from 0 to 1 is cut, 1 or more.</param>
    /// <exception cref="DomainError">There are no bins, a label is no class, or a probability is not from 0 to 1.</exception>
    /// <exception cref="ShapeError">The targets are no labels <c>[rows]</c>, or the probabilities are of other rows.</exception>
    /// <example><code>var confidence = Metrics.Confidence(truths, chances);</code></example>
    public static IReadOnlyList<ReliabilityBin> Confidence(Tensor target, Tensor probabilities, int bins = 10) =>
        Calibration.confidence(bins, target, probabilities);

    /// <summary>The mean distance of what is said and what is right over the bins of <c>Confidence</c> (Guo et al. 2017); 0 is best.</summary>
    /// <param name="target">Labels <c>[rows]</c>, whole numbers from 0.</param>
    /// <param name="probabilities">Probabilities <c>[rows; classes]</c>, or those of class 1, <c>[rows]</c>.</param>
    /// <param name="bins">Into how many parts the range from 0 to 1 is cut, 1 or more.</param>
    /// <exception cref="DomainError">There are no bins, a label is no class, or a probability is not from 0 to 1.</exception>
    /// <exception cref="ShapeError">The targets are no labels <c>[rows]</c>, or the probabilities are of other rows.</exception>
    /// <example><code>double gap = Metrics.ExpectedCalibrationError(truths, chances);</code></example>
    public static double ExpectedCalibrationError(Tensor target, Tensor probabilities, int bins = 10) =>
        Calibration.expectedError(bins, target, probabilities);

    /// <summary>The calibration error of the worst bin of <c>Confidence</c>.</summary>
    /// <param name="target">Labels <c>[rows]</c>, whole numbers from 0.</param>
    /// <param name="probabilities">Probabilities <c>[rows; classes]</c>, or those of class 1, <c>[rows]</c>.</param>
    /// <param name="bins">Into how many parts the range from 0 to 1 is cut, 1 or more.</param>
    /// <exception cref="DomainError">There are no bins, a label is no class, or a probability is not from 0 to 1.</exception>
    /// <exception cref="ShapeError">The targets are no labels <c>[rows]</c>, or the probabilities are of other rows.</exception>
    /// <example><code>double worst = Metrics.LargestCalibrationError(truths, chances);</code></example>
    public static double LargestCalibrationError(Tensor target, Tensor probabilities, int bins = 10) =>
        Calibration.largestError(bins, target, probabilities);

    /// <summary>
    /// The temperature by which logits are divided so that the log loss is least (Guo et al. 2017). Fit it on rows that the model was
    /// not trained on.
    /// </summary>
    /// <param name="target">Labels <c>[rows]</c>, whole numbers from 0.</param>
    /// <param name="logits">Scores <c>[rows; classes]</c> before the softmax.</param>
    /// <exception cref="DomainError">Every label has the largest score of its row, or scores tell no more than chance.</exception>
    /// <exception cref="ShapeError">The targets are no labels <c>[rows]</c>, or the logits are of other rows.</exception>
    /// <example><code>double temperature = Metrics.Temperature(truths, logits);</code></example>
    public static double Temperature(Tensor target, Tensor logits) => Calibration.temperature(target, logits);

    /// <summary>The ROC curve of each class against all others, from scores <c>[rows; classes]</c>, in the order of the classes.</summary>
    /// <param name="target">Labels <c>[rows]</c>, whole numbers from 0.</param>
    /// <param name="scores">Scores <c>[rows; classes]</c>: the greater, the likelier the class.</param>
    /// <exception cref="DomainError">A class has no rows.</exception>
    /// <exception cref="ShapeError">The targets are no labels <c>[rows]</c>, or the scores are of other rows.</exception>
    /// <example><code>var curves = Metrics.RocOneVsRest(labels, scores);</code></example>
    public static IReadOnlyList<Curve> RocOneVsRest(Tensor target, Tensor scores) => ClassChances.rocOneVsRest(target, scores);

    /// <summary>
    /// The worth of each column of inputs <c>[rows; columns]</c> to a model: how much worse the metric becomes where the column's values
    /// are exchanged among the rows.
    /// </summary>
    /// <param name="metric">What is measured.</param>
    /// <param name="predict">From inputs to outputs, such as <c>trained.Predict</c>.</param>
    /// <param name="data">Rows that the model was not trained on.</param>
    /// <param name="repeats">How often each column is exchanged.</param>
    /// <param name="seed">The same seed gives the same numbers.</param>
    /// <exception cref="DomainError">There are no repetitions.</exception>
    /// <exception cref="ShapeError">
    /// The inputs are no table <c>[rows; columns]</c>, or the outputs do not fit the targets.
    /// </exception>
    /// <example><code>var worth = Metrics.Importances(Metrics.R2, x => x, twins, repeats: 3);</code></example>
    public static IReadOnlyList<Importance> Importances(
        Metric metric, Func<Tensor, Tensor> predict, Dataset data, int repeats = 5, long seed = 0) =>
        Resampling.importance(repeats, Key.OfSeed(seed), metric, Interop.Function(predict), data);

    extension(ScoreInterval)
    {
        /// <summary>
        /// The confidence interval of a probability, from a number of successes and a number of trials (Wilson 1927). It lies within 0 and
        /// 1, and has a width above 0 where no trial or each succeeded.
        /// </summary>
        /// <param name="successes">How many came true, from 0 to all trials.</param>
        /// <param name="trials">How many were tried, 1 or more.</param>
        /// <param name="level">How sure the interval is, above 0 and below 1.</param>
        /// <exception cref="DomainError">The level or a count is out of its range.</exception>
        /// <example><code>var ofNine = ScoreInterval.OfProportion(9, 10);</code></example>
        public static ScoreInterval OfProportion(int successes, int trials, double level = 0.95) =>
            DL1.Interval.proportion(level, successes, trials);

        /// <summary>
        /// The interval of the mean of numbers that vary as normal ones do, such as scores of several seeds, by Student's distribution: the
        /// mean ± t·s/√n.
        /// </summary>
        /// <param name="values">Two finite numbers or more.</param>
        /// <param name="level">How sure the interval is, above 0 and below 1.</param>
        /// <exception cref="DomainError">There are fewer than two numbers, one is not finite, or the level is out of its range.</exception>
        /// <example><code>var ofThree = ScoreInterval.OfMean([0.91, 0.93, 0.92]);</code></example>
        public static ScoreInterval OfMean(IEnumerable<double> values, double level = 0.95) => DL1.Interval.mean(level, values);
    }

    extension(Metric metric)
    {
        /// <summary>The metric with a confidence interval by the percentiles of the bootstrap (Efron 1979).</summary>
        /// <param name="target">The targets of all rows.</param>
        /// <param name="output">The outputs of all rows.</param>
        /// <param name="level">The part of repetitions within the ends.</param>
        /// <param name="repeats">How often the metric is measured anew.</param>
        /// <param name="seed">The same seed gives the same numbers.</param>
        /// <exception cref="DomainError">The level is not above 0 and below 1, there are no repetitions, or the metric refuses most draws.</exception>
        /// <exception cref="ShapeError">There are no rows, or targets and outputs have not the same number of them.</exception>
        /// <example><code>var interval = Metrics.Accuracy.Interval(truths, logits, level: 0.9);</code></example>
        public ScoreInterval Interval(Tensor target, Tensor output, double level = 0.95, int repeats = 1000, long seed = 0) =>
            Resampling.interval(level, repeats, Key.OfSeed(seed), metric, target, output);
    }
}
