namespace DL1;

/// <summary>Scores of classes with their averages, metrics of several classes' scores, and metrics of rows with weights.</summary>
public static partial class Metrics
{
    /// <summary>The part of the predictions of a class that are right, averaged over the classes, from scores or logits.</summary>
    /// <param name="average">
    /// Over the classes that are met, over all rows together, or over the classes weighted by their rows.
    /// </param>
    /// <example><code>Metrics.Precision(Average.Weighted).Of(labels, scores)</code></example>
    public static Metric Precision(Average average) => MetricModule.ofClasses(average, ClassScore.Precision);

    /// <summary>The part of the rows of a class that are found, averaged over the classes, from scores or logits.</summary>
    /// <param name="average">
    /// Over the classes that are met, over all rows together, or over the classes weighted by their rows.
    /// </param>
    /// <example><code>Metrics.Recall(Average.Micro).Of(labels, scores)</code></example>
    public static Metric Recall(Average average) => MetricModule.ofClasses(average, ClassScore.Recall);

    /// <summary>
    /// (1 + β²)·right / ((1 + β²)·right + β²·missed + wrong), averaged over the classes, from scores or logits: recall counts β times as
    /// much as precision.
    /// </summary>
    /// <param name="beta">How many times as much recall counts as precision, 0 or more; 1 gives F1.</param>
    /// <param name="average">
    /// Over the classes that are met, over all rows together, or over the classes weighted by their rows.
    /// </param>
    /// <exception cref="DomainError">Measured: β is below 0 or not finite.</exception>
    /// <example><code>Metrics.FBeta(2, Average.Macro).Of(labels, scores)</code></example>
    public static Metric FBeta(double beta, Average average) => MetricModule.ofClasses(average, ClassScore.NewFBeta(beta));

    /// <summary>The intersection over the union of a class and its predictions, averaged over the classes, from scores or logits.</summary>
    /// <param name="average">
    /// Over the classes that are met, over all rows together, or over the classes weighted by their rows.
    /// </param>
    /// <example><code>Metrics.Jaccard(Average.Macro).Of(labels, scores)</code></example>
    public static Metric Jaccard(Average average) => MetricModule.ofClasses(average, ClassScore.Jaccard);

    /// <summary>The mean negative logarithm of the label's probability, from probabilities <c>[rows; classes]</c>.</summary>
    /// <example><code>Metrics.LogLoss.Of(labels, probabilities)</code></example>
    public static Metric LogLoss => MetricModule.logLoss;

    /// <summary>The mean negative logarithm of the label's softmax, from logits <c>[rows; classes]</c>: for models that end in logits.</summary>
    /// <example><code>Metrics.LogLossOfLogits.Of(labels, scores)</code></example>
    public static Metric LogLossOfLogits => MetricModule.logLossOfLogits;

    /// <summary>The part of rows whose label is among the k greatest scores <c>[rows; classes]</c>.</summary>
    /// <param name="k">How many of the greatest scores are looked at: 1 or more, at most the number of classes.</param>
    /// <exception cref="DomainError">k is below 1; measured, it is more than the number of classes.</exception>
    /// <example><code>Metrics.TopK(2).Of(labels, scores)</code></example>
    public static Metric TopK(int k) => MetricModule.topK(k);

    /// <summary>The area under the ROC curve of each class against the others, averaged, from scores <c>[rows; classes]</c>.</summary>
    /// <param name="average">Over the classes, over all rows and classes together, or weighted by the rows of each class.</param>
    /// <example><code>Metrics.RocAucOneVsRest(Average.Macro).Of(labels, scores)</code></example>
    public static Metric RocAucOneVsRest(Average average) => MetricModule.rocAucOneVsRest(average);

    /// <summary>
    /// The area under the ROC curve over the pairs of classes, averaged (Hand and Till 2001), from scores <c>[rows; classes]</c>; there is no
    /// micro average.
    /// </summary>
    /// <param name="average">Over the pairs of classes, or weighted by their rows; there is no micro average.</param>
    /// <example><code>Metrics.RocAucOneVsOne(Average.Macro).Of(labels, scores)</code></example>
    public static Metric RocAucOneVsOne(Average average) => MetricModule.rocAucOneVsOne(average);

    /// <summary>
    /// exp of the mean negative logarithm of the target's softmax, from targets <c>[...]</c> and logits <c>[...; classes]</c>: among how
    /// many tokens a model is at a loss. Padding is left out by <c>Ignoring</c>.
    /// </summary>
    /// <example><code>Metrics.Perplexity.Of(labels, scores)</code></example>
    public static Metric Perplexity => MetricModule.perplexity;

    /// <summary>
    /// The mean negative logarithm to base 2 of the target's softmax, from logits <c>[...; classes]</c>: bits a character where tokens are
    /// characters.
    /// </summary>
    /// <example><code>Metrics.BitsPerToken.Of(labels, scores)</code></example>
    public static Metric BitsPerToken => MetricModule.bitsPerToken;

    /// <summary>
    /// Bits a character where tokens are words or byte pairs: the bits for all tokens over the characters of the text that is measured.
    /// </summary>
    /// <param name="characters">How many characters the text has.</param>
    /// <exception cref="DomainError">Measured: there are no characters.</exception>
    /// <example><code>Metrics.BitsPerCharacter(12).Of(labels, scores)</code></example>
    public static Metric BitsPerCharacter(int characters) => MetricModule.bitsPerCharacter(characters);

    /// <summary>
    /// The part of rows that are right at each place: targets <c>[rows; length]</c>, and predictions, or scores
    /// <c>[rows; length; classes]</c>. Places whose target is the ignored label, such as that of padding, are not looked at.
    /// </summary>
    /// <param name="ignore">A label whose places are not looked at; all places count unless given.</param>
    /// <example><code>Metrics.ExactMatch(ignore: 0).Of(labels, scores)</code></example>
    public static Metric ExactMatch(int? ignore = null) => MetricModule.exactMatch(Interop.Optional(ignore));

    /// <summary>The mean of |t − p| / |t|, as a part of 1.</summary>
    /// <example><code>Metrics.Mape.Of(y, predicted)</code></example>
    public static Metric Mape => MetricModule.mape;

    /// <summary>The largest absolute error; of several columns the mean of their largest.</summary>
    /// <example><code>Metrics.MaxError.Of(y, predicted)</code></example>
    public static Metric MaxError => MetricModule.maxError;

    /// <summary>The part of labels that are wrong, from labels: one a row, or 0 and 1 <c>[rows; labels]</c>.</summary>
    /// <param name="target">Labels <c>[rows]</c>, or 0 and 1 <c>[rows; labels]</c>.</param>
    /// <param name="predicted">Predicted labels, of the shape of the targets.</param>
    /// <exception cref="ShapeError">These are no labels, or predictions are not one for each target.</exception>
    /// <example><code>double wrong = Metrics.Hamming(labels, predictedLabels);</code></example>
    public static double Hamming(Tensor target, Tensor predicted) => ClassScoreModule.hamming(target, predicted);

    /// <summary>
    /// How often each class was taken for each, each row by its weight: the scores of the matrix and its averages count by weights, its
    /// counts are of rows.
    /// </summary>
    /// <param name="target">Labels <c>[rows]</c>, whole numbers from 0.</param>
    /// <param name="predicted">Predicted labels <c>[rows]</c>, or scores <c>[rows; classes]</c>.</param>
    /// <param name="weights">The weight of each row, <c>[rows]</c>, finite, 0 or more and not all 0.</param>
    /// <exception cref="DomainError">A weight is below 0 or not finite, or all are 0.</exception>
    /// <exception cref="ShapeError">
    /// The targets are no labels, or predictions or weights are not one for each of them.
    /// </exception>
    /// <example><code>var weightedCounts = Metrics.Confusion(labels, predictedLabels, weights);</code></example>
    public static Confusion Confusion(Tensor target, Tensor predicted, Tensor weights) =>
        Weighted.confusion(weights, target, predicted);

    extension(Confusion confusion)
    {
        /// <summary>The precision of the classes, averaged.</summary>
        /// <param name="average">How.</param>
        /// <param name="zeroDivision">What the score of a class without predictions is: 0, 1, or NaN to leave it out.</param>
        /// <exception cref="DomainError">A division by zero is to be another number.</exception>
        /// <example><code>double precision = counts.Precision(Average.Weighted, zeroDivision: 1);</code></example>
        public double Precision(Average average, double zeroDivision = 0) =>
            ClassScoreModule.average(zeroDivision, average, ClassScore.Precision, confusion);

        /// <summary>The recall of the classes, averaged.</summary>
        /// <param name="average">
        /// Over the classes that are met, over all rows together, or over the classes weighted by their rows.
        /// </param>
        /// <param name="zeroDivision">
        /// What the score of a class is where there is nothing to divide by: 0, 1, or NaN to leave it out.
        /// </param>
        /// <exception cref="DomainError">The number where there is nothing to divide by is not 0, 1 or NaN.</exception>
        /// <example><code>double recall = counts.Recall(Average.Macro);</code></example>
        public double Recall(Average average, double zeroDivision = 0) =>
            ClassScoreModule.average(zeroDivision, average, ClassScore.Recall, confusion);

        /// <summary>F-beta of the classes, averaged: recall counts β times as much as precision.</summary>
        /// <param name="beta">How many times as much recall counts as precision, 0 or more; 1 gives F1.</param>
        /// <param name="average">
        /// Over the classes that are met, over all rows together, or over the classes weighted by their rows.
        /// </param>
        /// <param name="zeroDivision">
        /// What the score of a class is where there is nothing to divide by: 0, 1, or NaN to leave it out.
        /// </param>
        /// <exception cref="DomainError">β is below 0 or not finite.</exception>
        /// <example><code>double f2 = counts.FBeta(2, Average.Macro);</code></example>
        public double FBeta(double beta, Average average, double zeroDivision = 0) =>
            ClassScoreModule.average(zeroDivision, average, ClassScore.NewFBeta(beta), confusion);

        /// <summary>The intersection over the union of the classes and their predictions, averaged.</summary>
        /// <param name="average">
        /// Over the classes that are met, over all rows together, or over the classes weighted by their rows.
        /// </param>
        /// <param name="zeroDivision">
        /// What the score of a class is where there is nothing to divide by: 0, 1, or NaN to leave it out.
        /// </param>
        /// <exception cref="DomainError">The number where there is nothing to divide by is not 0, 1 or NaN.</exception>
        /// <example><code>double jaccard = counts.Jaccard(Average.Macro);</code></example>
        public double Jaccard(Average average, double zeroDivision = 0) =>
            ClassScoreModule.average(zeroDivision, average, ClassScore.Jaccard, confusion);

        /// <summary>The shares of the counts, f64 <c>[classes; classes]</c>: of the rows of the target's class, of a class's predictions, or of all.</summary>
        /// <param name="share">What the counts are divided by.</param>
        /// <example><code>Tensor shares = counts.Shares(Share.OfTargets);</code></example>
        public Tensor Shares(Share share) => ClassScoreModule.shares(share, confusion);

        /// <summary>Agreement beyond chance (Cohen 1968), where a mistake counts by how far apart the two classes are.</summary>
        /// <param name="distance">
        /// How far apart two classes are: right or wrong, the difference of their numbers, or its square.
        /// </param>
        /// <example><code>double kappa = counts.WeightedKappa(Distance.Quadratic);</code></example>
        public double WeightedKappa(Distance distance) => ClassScoreModule.kappa(distance, confusion);
    }
}
