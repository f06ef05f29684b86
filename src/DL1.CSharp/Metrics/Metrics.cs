namespace DL1;

/// <summary>
/// Metrics: numbers that say how good outputs are. As values they are given to training and evaluation;
/// <c>Metrics.Accuracy.Of(targets, outputs)</c> measures at once. Targets come before outputs.
/// </summary>
public static partial class Metrics
{
    private static Metric OfClasses(string name, Func<Confusion, double> measure) =>
        Create(name, (target, output) => measure(Confusion(target, output)));

    /// <summary>A metric of one's own, from the targets and outputs of all rows.</summary>
    /// <param name="name">What it is called in histories.</param>
    /// <param name="measure">From targets and outputs to a number.</param>
    /// <param name="isGain">Whether a greater number is better.</param>
    /// <example><code>Metrics.Create("worst", (target, output) => (target.ToDoubles().Zip(output.ToDoubles(), (t, o) => Math.Abs(t - o))).Max(), isGain: false)</code></example>
    public static Metric Create(string name, Func<Tensor, Tensor, double> measure, bool isGain = true) =>
        MetricModule.create(name, isGain, Interop.Function(measure));

    /// <summary>
    /// The part of rows whose greatest score <c>[rows; classes]</c> is that of the label; of scores <c>[rows; 1]</c>, one a row as
    /// for two classes, the part whose score is above 0 where the target is 1.
    /// </summary>
    /// <example><code>Metrics.Accuracy.Of(labels, scores)</code></example>
    public static Metric Accuracy => MetricModule.accuracy;

    /// <summary>The mean F1 of the classes, from scores or logits, which are read as those of <c>Accuracy</c>.</summary>
    /// <example><code>Metrics.F1.Of(labels, scores)</code></example>
    public static Metric F1 => MetricModule.f1;

    /// <summary>The mean recall of the classes, from scores or labels.</summary>
    /// <example><code>Metrics.BalancedAccuracy.Of(labels, scores)</code></example>
    public static Metric BalancedAccuracy { get; } = OfClasses("balancedAccuracy", c => c.BalancedAccuracy);

    /// <summary>The correlation of targets and predictions (Matthews 1975), from scores or labels.</summary>
    /// <example><code>Metrics.Matthews.Of(labels, scores)</code></example>
    public static Metric Matthews { get; } = OfClasses("matthews", c => c.Matthews);

    /// <summary>Agreement beyond chance (Cohen 1960), from scores or labels.</summary>
    /// <example><code>Metrics.Kappa.Of(labels, scores)</code></example>
    public static Metric Kappa { get; } = OfClasses("kappa", c => c.Kappa);

    /// <summary>
    /// The area under the ROC curve, from one score a row, a logit or a probability; targets are 0 and 1, and of both classes.
    /// </summary>
    /// <example><code>Metrics.RocAuc.Of(truth, score)</code></example>
    public static Metric RocAuc => MetricModule.rocAuc;

    /// <summary>
    /// The mean precision over the recall that each threshold adds, from one score a row, a logit or a probability; targets are 0
    /// and 1, one of them 1 at least.
    /// </summary>
    /// <example><code>Metrics.AveragePrecision.Of(truth, score)</code></example>
    public static Metric AveragePrecision { get; } = Create("averagePrecision", Binary.averagePrecision);

    /// <summary>
    /// The mean square difference of targets 0 and 1 and the probabilities of class 1 (Brier 1950), from 0 to 1; others, logits in
    /// particular, are a <see cref="DomainError"/>.
    /// </summary>
    /// <example><code>Metrics.Brier.Of(truth, score)</code></example>
    public static Metric Brier { get; } = Create("brier", Binary.brier, isGain: false);

    /// <summary><c>Brier</c> of the sigmoid of logits, one a row: for models that end without a sigmoid.</summary>
    /// <example><code>Metrics.BrierOfLogits.Of(truth, logits)</code></example>
    public static Metric BrierOfLogits { get; } = Create("brierOfLogits", Binary.brierOfLogits, isGain: false);

    /// <summary>The mean square error.</summary>
    /// <example><code>Metrics.Mse.Of(y, predicted)</code></example>
    public static Metric Mse { get; } = Create("mse", Regression.mse, isGain: false);

    /// <summary>The root of the mean square error, in the units of the target; of several columns the mean of their roots.</summary>
    /// <example><code>Metrics.Rmse.Of(y, predicted)</code></example>
    public static Metric Rmse => MetricModule.rmse;

    /// <summary>The mean absolute error.</summary>
    /// <example><code>Metrics.Mae.Of(y, predicted)</code></example>
    public static Metric Mae => MetricModule.mae;

    /// <summary>The median absolute error; of several columns the mean of their medians.</summary>
    /// <example><code>Metrics.MedianError.Of(y, predicted)</code></example>
    public static Metric MedianError { get; } = Create("medianError", Regression.medianError, isGain: false);

    /// <summary>The coefficient of determination: 1 is perfect, 0 no better than the mean; of several columns the mean of each one's.</summary>
    /// <example><code>Metrics.R2.Of(y, predicted)</code></example>
    public static Metric R2 => MetricModule.r2;

    /// <summary>As <c>R2</c>, but a constant error counts for nothing; of several columns the mean of each one's.</summary>
    /// <example><code>Metrics.ExplainedVariance.Of(y, predicted)</code></example>
    public static Metric ExplainedVariance { get; } = Create("explainedVariance", Regression.explainedVariance);

    /// <summary>
    /// How often each class was taken for each, from labels and predicted labels or scores <c>[rows; classes]</c>, or scores
    /// <c>[rows; 1]</c> of two classes, the second where the score is above 0; its
    /// <c>Report(names)</c> is a table of precision, recall and F1.
    /// </summary>
    /// <param name="target">Labels <c>[rows]</c>, whole numbers from 0.</param>
    /// <param name="predicted">
    /// Predicted labels <c>[rows]</c>, or scores <c>[rows; classes]</c>, or <c>[rows; 1]</c> of two classes.
    /// </param>
    /// <exception cref="ShapeError">The targets are no labels, or predictions are not one for each of them.</exception>
    /// <example><code>Console.WriteLine(Metrics.Confusion(labels, scores).Report(["cat", "dog"]));</code></example>
    public static Confusion Confusion(Tensor target, Tensor predicted) =>
        predicted.DType.IsFloat && predicted.Rank > 1
            ? Classification.confusionOfScores(target, predicted)
            : Classification.confusion(target, predicted);

    /// <summary>
    /// The receiver's operating characteristic: the part of negative rows that a threshold takes for positive (X), and the part
    /// of positive rows that it finds (Y).
    /// </summary>
    /// <param name="target">Labels <c>[rows]</c>, 0 or 1; there are both.</param>
    /// <param name="score">The score of class 1 for each row, <c>[rows]</c> or <c>[rows; 1]</c>.</param>
    /// <exception cref="DomainError">Targets are of one class, or not 0 and 1.</exception>
    /// <exception cref="ShapeError">There is not one score for each target.</exception>
    /// <example><code>var roc = Metrics.Roc(truth, score);</code></example>
    public static Curve Roc(Tensor target, Tensor score) => Binary.roc(target, score);

    /// <summary>Precision (Y) against recall (X) at each threshold, from the strictest.</summary>
    /// <param name="target">Labels <c>[rows]</c>, 0 or 1; there is a 1.</param>
    /// <param name="score">The score of class 1 for each row, <c>[rows]</c> or <c>[rows; 1]</c>.</param>
    /// <exception cref="DomainError">No target is 1, or one is neither 0 nor 1.</exception>
    /// <exception cref="ShapeError">There is not one score for each target.</exception>
    /// <example><code>var precision = Metrics.PrecisionRecall(truth, score);</code></example>
    public static Curve PrecisionRecall(Tensor target, Tensor score) => Binary.precisionRecall(target, score);

    extension(Metric metric)
    {
        /// <summary>The number for targets and outputs.</summary>
        /// <param name="target">Targets, one for each row.</param>
        /// <param name="output">What a model gives for the same rows.</param>
        /// <exception cref="ShapeError">Targets and outputs do not fit one another.</exception>
        /// <exception cref="DomainError">
        /// The metric refuses the targets, such as labels that are no class, or an option of its own is out of range.
        /// </exception>
        /// <example><code>double error = Metrics.Mae.Of(y, predicted);</code></example>
        public double Of(Tensor target, Tensor output) => metric.Measure.Invoke(target).Invoke(output);

        /// <summary>
        /// The same metric over the elements whose target is not this label, such as that of padding: beside a loss that ignores it.
        /// </summary>
        /// <param name="label">The label that is left out, such as the number of padding.</param>
        /// <exception cref="DomainError">Measured, no target counts.</exception>
        /// <example><code>double ofWords = Metrics.Accuracy.Ignoring(-100).Of(labels, scores);</code></example>
        public Metric Ignoring(int label) => MetricModule.ignoring(label, metric);

        /// <summary>
        /// The metric of one output of a model that has several, and of the targets of the same name, or the only ones; it is called
        /// <c>price r2</c>.
        /// </summary>
        /// <param name="output">The name of the output that is measured.</param>
        /// <exception cref="DomainError">Measured, there is no such output.</exception>
        /// <example><code>var ofKind = Metrics.Accuracy.On("2");</code></example>
        public Metric On(string output) => MetricModule.on(Interop.Present(output), metric);

        /// <summary>The metric of one output, and of the targets of another name.</summary>
        /// <param name="output">The name of the output that is measured.</param>
        /// <param name="target">The name of the targets that it is measured against.</param>
        /// <exception cref="DomainError">Measured, there are no such targets, or no such output.</exception>
        /// <example><code>var ofLogits = Metrics.Accuracy.On("logits", target: "label");</code></example>
        public Metric On(string output, string target) =>
            MetricModule.between(Interop.Present(target), Interop.Present(output), metric);

        /// <summary>Whether a search that scores by this is to maximise or to minimise.</summary>
        /// <example><code>Goal goal = Metrics.Accuracy.Goal;</code></example>
        public Goal Goal => GoalModule.ofMetric(metric);
    }

    extension(Curve curve)
    {
        /// <summary>The points from the strictest threshold on; the first one's is infinite.</summary>
        /// <example><code>foreach (var (x, y, threshold) in roc.Points)</code></example>
        public IReadOnlyList<(double X, double Y, double Threshold)> Points => [.. curve.X.Zip(curve.Y, curve.Thresholds)];

        /// <summary>The area under the curve, by trapezia.</summary>
        /// <example><code>double area = roc.Area();</code></example>
        public double Area() => Binary.area(curve);
    }

    extension(Tensor scores)
    {
        /// <summary>The place of the greatest score on the last axis, the first of several, i64.</summary>
        /// <example><code>Tensor predictedLabels = scores.ArgMax();</code></example>
        public Tensor ArgMax() => Classification.argMax(scores);
    }
}
