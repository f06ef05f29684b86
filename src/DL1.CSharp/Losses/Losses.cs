namespace DL1;

/// <summary>
/// Losses: how far predictions are from targets. The target comes first, then the prediction; they have one type and
/// broadcast. Without a reduction a loss is the mean over all elements. The form of two arguments is what training takes:
/// <c>Losses.CrossEntropy</c>, without parentheses.
/// </summary>
public static partial class Losses
{
    private static Reduction Or(Reduction? reduction) => reduction ?? DL1.Reduction.Mean;

    /// <summary>Squared error: (x − y)².</summary>
    /// <param name="target">What is to be predicted, of any shape; it broadcasts with the prediction.</param>
    /// <param name="prediction">What a model gives, of the same type.</param>
    /// <exception cref="ShapeError">The two do not fit.</exception>
    /// <example><code>Losses.Mse(y, x)</code></example>
    public static Expr Mse(Expr target, Expr prediction) => Mse(target, prediction, null);

    /// <inheritdoc cref="Mse(Expr, Expr)"/>
    /// <param name="target">What is to be predicted, of any shape; it broadcasts with the prediction.</param>
    /// <param name="prediction">What a model gives, of the same type.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <example><code>Losses.Mse(y, x, Reduction.Sum)</code></example>
    public static Expr Mse(Expr target, Expr prediction, Reduction? reduction = null) =>
        Loss.mse(Or(reduction), target, prediction);

    /// <summary>Absolute error: |x − y|.</summary>
    /// <param name="target">What is to be predicted, of any shape; it broadcasts with the prediction.</param>
    /// <param name="prediction">What a model gives, of the same type.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Losses.L1(y, x)</code></example>
    public static Expr L1(Expr target, Expr prediction) => L1(target, prediction, null);

    /// <inheritdoc cref="L1(Expr, Expr)"/>
    /// <param name="target">What is to be predicted, of any shape; it broadcasts with the prediction.</param>
    /// <param name="prediction">What a model gives, of the same type.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <example><code>Losses.L1(y, x, Reduction.None)</code></example>
    public static Expr L1(Expr target, Expr prediction, Reduction? reduction = null) =>
        Loss.l1(Or(reduction), target, prediction);

    /// <summary>Quadratic near 0, linear beyond δ, 1 unless given: ½d² where |d| &lt; δ, else δ·(|d| − ½δ) (Huber 1964).</summary>
    /// <param name="target">What is to be predicted, of any shape; it broadcasts with the prediction.</param>
    /// <param name="prediction">What a model gives, of the same type.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Losses.Huber(y, x)</code></example>
    public static Expr Huber(Expr target, Expr prediction) => Huber(target, prediction, 1);

    /// <inheritdoc cref="Huber(Expr, Expr)"/>
    /// <param name="target">What is to be predicted, of any shape; it broadcasts with the prediction.</param>
    /// <param name="prediction">What a model gives, of the same type.</param>
    /// <param name="delta">Where the loss becomes linear, δ, above 0.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <exception cref="DomainError">δ is not above 0.</exception>
    /// <example><code>Losses.Huber(y, x, delta: 0.7)</code></example>
    public static Expr Huber(Expr target, Expr prediction, double delta = 1, Reduction? reduction = null) =>
        Loss.huber(delta, Or(reduction), target, prediction);

    /// <summary>Huber's loss over β, 1 unless given: ½d²/β where |d| &lt; β, else |d| − ½β (Girshick 2015).</summary>
    /// <param name="target">What is to be predicted, of any shape; it broadcasts with the prediction.</param>
    /// <param name="prediction">What a model gives, of the same type.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Losses.SmoothL1(y, x)</code></example>
    public static Expr SmoothL1(Expr target, Expr prediction) => SmoothL1(target, prediction, 1);

    /// <inheritdoc cref="SmoothL1(Expr, Expr)"/>
    /// <param name="target">What is to be predicted, of any shape; it broadcasts with the prediction.</param>
    /// <param name="prediction">What a model gives, of the same type.</param>
    /// <param name="beta">Where the loss becomes linear, β, 0 or more; with 0 it is <c>L1</c>.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <exception cref="DomainError">β is below 0; with 0 it is <c>L1</c>.</exception>
    /// <example><code>Losses.SmoothL1(y, x, beta: 0.7)</code></example>
    public static Expr SmoothL1(Expr target, Expr prediction, double beta = 1, Reduction? reduction = null) =>
        Loss.smoothL1(beta, Or(reduction), target, prediction);

    /// <summary>Cross-entropy of probabilities against targets, both in [0, 1]. From logits, <c>BceWithLogits</c> is exact.</summary>
    /// <param name="target">From 0 to 1, of any shape.</param>
    /// <param name="probability">Probabilities from 0 to 1; they broadcast with the targets.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Losses.Bce(p, p)</code></example>
    public static Expr Bce(Expr target, Expr probability) => Bce(target, probability, null);

    /// <inheritdoc cref="Bce(Expr, Expr)"/>
    /// <param name="target">From 0 to 1, of any shape.</param>
    /// <param name="probability">Probabilities from 0 to 1; they broadcast with the targets.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <example><code>Losses.Bce(p, p, Reduction.Sum)</code></example>
    public static Expr Bce(Expr target, Expr probability, Reduction? reduction = null) =>
        Loss.bce(Or(reduction), target, probability);

    /// <summary>Cross-entropy of the sigmoid of logits against targets in [0, 1], without overflow.</summary>
    /// <param name="target">From 0 to 1, of any shape.</param>
    /// <param name="logits">The model's outputs before the sigmoid, of any size; they broadcast with the targets.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Losses.BceWithLogits(p, x)</code></example>
    public static Expr BceWithLogits(Expr target, Expr logits) => BceWithLogits(target, logits, null);

    /// <inheritdoc cref="BceWithLogits(Expr, Expr)"/>
    /// <param name="target">From 0 to 1.</param>
    /// <param name="logits">Of any size.</param>
    /// <param name="positiveWeight">How much positive targets count, 1 unless given; it broadcasts.</param>
    /// <param name="reduction">The mean, unless given.</param>
    /// <example><code>Losses.BceWithLogits(p, x, positiveWeight: 3)</code></example>
    public static Expr BceWithLogits(
        Expr target, Expr logits, Expr? positiveWeight = null, Reduction? reduction = null) =>
        positiveWeight is null
            ? Loss.bceWithLogits(Or(reduction), target, logits)
            : Loss.bceWeighted(positiveWeight, Or(reduction), target, logits);

    private static ClassOptions Classes(
        Expr? weight, double labelSmoothing, int? ignore, int axis, Reduction? reduction) =>
        new(
            Or(reduction),
            Interop.Option(weight),
            labelSmoothing,
            ignore is { } i ? Microsoft.FSharp.Core.FSharpOption<int>.Some(i) : null!,
            axis);

    /// <summary>
    /// The negative logarithm of the label's softmax, from labels <c>[...]</c>, i32 or i64 from 0 to classes − 1, and logits
    /// <c>[...; classes]</c>; without overflow. The loss of a label that is no class is NaN, unless it is ignored; <c>Fit</c> and
    /// <c>Evaluate</c> refuse such a one before, by its row.
    /// </summary>
    /// <param name="labels">Class indices <c>[...]</c>, i32 or i64, from 0 to classes − 1.</param>
    /// <param name="logits">The model's outputs <c>[...; classes]</c> before the softmax, of any size.</param>
    /// <exception cref="ShapeError">The labels are no whole numbers, one for each row of logits.</exception>
    /// <example><code>Losses.CrossEntropy(labels, logits)</code></example>
    public static Expr CrossEntropy(Expr labels, Expr logits) => CrossEntropy(labels, logits, null);

    /// <inheritdoc cref="CrossEntropy(Expr, Expr)"/>
    /// <param name="labels">Class indices.</param>
    /// <param name="logits">Of any size.</param>
    /// <param name="weight">A weight for each class, <c>[classes]</c>; the mean is weighted by them.</param>
    /// <param name="labelSmoothing">How much of each target, from 0 to 1, is spread over all classes (Szegedy et al. 2015).</param>
    /// <param name="ignore">A label whose elements do not count.</param>
    /// <param name="axis">The axis of the classes.</param>
    /// <param name="reduction">The mean, unless given.</param>
    /// <exception cref="ShapeError">Labels are not one for each row of classes.</exception>
    /// <example><code>Losses.CrossEntropy(labels, logits, labelSmoothing: 0.1, ignore: -1)</code></example>
    public static Expr CrossEntropy(
        Expr labels, Expr logits, Expr? weight = null, double labelSmoothing = 0, int? ignore = null, int axis = -1,
        Reduction? reduction = null) =>
        Loss.crossEntropy(Classes(weight, labelSmoothing, ignore, axis, reduction), labels, logits);

    /// <summary>
    /// The negative logarithm of the label's probability, from labels and logarithms of probabilities
    /// <c>[...; classes]</c>.
    /// </summary>
    /// <param name="labels">Class indices <c>[...]</c>, i32 or i64, from 0 to classes − 1.</param>
    /// <param name="logProbabilities">Logarithms of probabilities <c>[...; classes]</c>.</param>
    /// <exception cref="ShapeError">
    /// The labels are no whole numbers, one for each row of classes, or the weights are not one for each class.
    /// </exception>
    /// <example><code>Losses.Nll(labels, logits.LogSoftmax())</code></example>
    public static Expr Nll(Expr labels, Expr logProbabilities) => Nll(labels, logProbabilities, null);

    /// <inheritdoc cref="Nll(Expr, Expr)"/>
    /// <param name="labels">Class indices <c>[...]</c>, i32 or i64, from 0 to classes − 1.</param>
    /// <param name="logProbabilities">Logarithms of probabilities <c>[...; classes]</c>.</param>
    /// <param name="weight">A weight for each class, <c>[classes]</c>; the mean is weighted by them.</param>
    /// <param name="labelSmoothing">
    /// How much of each target, from 0 to 1, is spread over all classes (Szegedy et al. 2015).
    /// </param>
    /// <param name="ignore">A label whose elements do not count.</param>
    /// <param name="axis">The axis of the classes.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <example><code>Losses.Nll(labels, logits.LogSoftmax(), reduction: Reduction.Sum)</code></example>
    public static Expr Nll(
        Expr labels, Expr logProbabilities, Expr? weight = null, double labelSmoothing = 0, int? ignore = null,
        int axis = -1, Reduction? reduction = null) =>
        Loss.nll(Classes(weight, labelSmoothing, ignore, axis, reduction), labels, logProbabilities);

    /// <summary>
    /// Divergence of Kullback and Leibler of a prediction, given as logarithms, from target probabilities: y·(log y − x).
    /// The mean is over all elements; <c>Reduction.BatchMean</c> is that of the divergences of rows.
    /// </summary>
    /// <param name="target">Probabilities from 0 to 1.</param>
    /// <param name="logPrediction">Logarithms of the predicted probabilities, of the same shape.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Losses.KlDivergence(p, x)</code></example>
    public static Expr KlDivergence(Expr target, Expr logPrediction) => KlDivergence(target, logPrediction, null);

    /// <inheritdoc cref="KlDivergence(Expr, Expr)"/>
    /// <param name="target">Probabilities from 0 to 1.</param>
    /// <param name="logPrediction">Logarithms of the predicted probabilities, of the same shape.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <example><code>Losses.KlDivergence(p, x, Reduction.Sum)</code></example>
    public static Expr KlDivergence(Expr target, Expr logPrediction, Reduction? reduction = null) =>
        Loss.klDiv(Or(reduction), target, logPrediction);

    /// <summary><c>KlDivergence</c> with the target as logarithms, too: eʸ·(y − x).</summary>
    /// <param name="logTarget">Logarithms of the target probabilities.</param>
    /// <param name="logPrediction">Logarithms of the predicted probabilities, of the same shape.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Losses.KlDivergenceOfLog(y, x, Reduction.BatchMean)</code></example>
    public static Expr KlDivergenceOfLog(Expr logTarget, Expr logPrediction, Reduction? reduction = null) =>
        Loss.klDivOfLog(Or(reduction), logTarget, logPrediction);

    /// <summary>Counts against a Poisson rate given by its logarithm: eˣ − y·x.</summary>
    /// <param name="target">Counts, 0 or more.</param>
    /// <param name="logRate">The logarithm of the rate; it broadcasts with the target.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Losses.PoissonNll(y, x)</code></example>
    public static Expr PoissonNll(Expr target, Expr logRate) => PoissonNll(target, logRate, false);

    /// <inheritdoc cref="PoissonNll(Expr, Expr)"/>
    /// <param name="target">Counts.</param>
    /// <param name="logRate">The logarithm of the rate.</param>
    /// <param name="full">Whether Stirling's log y! is added.</param>
    /// <param name="reduction">The mean, unless given.</param>
    /// <example><code>Losses.PoissonNll(y, x, full: true)</code></example>
    public static Expr PoissonNll(Expr target, Expr logRate, bool full = false, Reduction? reduction = null) =>
        Loss.poissonNll(full, Or(reduction), target, logRate);

    /// <summary>Counts against a Poisson rate: r − y·log(r + 1e-8), and with <paramref name="full"/> Stirling's log y!.</summary>
    /// <param name="target">Counts, 0 or more.</param>
    /// <param name="rate">The rate, 0 or more; it broadcasts with the counts.</param>
    /// <param name="full">Whether Stirling's log y! is added.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Losses.PoissonNllOfRate(y, p)</code></example>
    public static Expr PoissonNllOfRate(Expr target, Expr rate, bool full = false, Reduction? reduction = null) =>
        Loss.poissonNllOfRate(full, Or(reduction), target, rate);

    /// <summary>
    /// Targets against a normal distribution's mean and variance: ½(log v + (x − y)²/v), and with <paramref name="full"/>
    /// + ½ log 2π; a variance from 0 to ε is held at ε (Nix and Weigend 1994), and the
    /// loss of one below 0 is NaN.
    /// </summary>
    /// <param name="target">What is to be predicted, of any shape; it broadcasts with the prediction.</param>
    /// <param name="mean">The predicted mean; it broadcasts with the target.</param>
    /// <param name="variance">The predicted variance, 0 or more; it broadcasts with the target.</param>
    /// <param name="full">Whether the constant ½ log 2π is added.</param>
    /// <param name="epsilon">The least variance ε, above 0.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <exception cref="DomainError">ε is not above 0 and finite.</exception>
    /// <example><code>Losses.GaussianNll(y, mean: x, variance: p)</code></example>
    public static Expr GaussianNll(
        Expr target, Expr mean, Expr variance, bool full = false, double epsilon = 1e-6, Reduction? reduction = null) =>
        Loss.gaussianNll(full, epsilon, Or(reduction), target, variance, mean);

    /// <summary>
    /// How far normal distributions of given means and logarithms of variances are from the standard one, in nats: ½(eᵛ + μ² − 1 − v) an
    /// element, KL(N(μ, eᵛ) ‖ N(0, 1)). Summed over all codes and averaged over the rows unless another reduction is given, as the bound
    /// of a variational autoencoder has it (Kingma and Welling 2014).
    /// </summary>
    /// <param name="mean">Means μ, <c>[rows; codes]</c>.</param>
    /// <param name="logVariance">Logarithms v of the variances; they broadcast with the means.</param>
    /// <param name="reduction">What is made of the elements: the mean over rows of their sums, unless given.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Losses.GaussianKl(mean: x, logVariance: y)</code></example>
    public static Expr GaussianKl(Expr mean, Expr logVariance, Reduction? reduction = null) =>
        Loss.gaussianKl(reduction ?? DL1.Reduction.BatchMean, logVariance, mean);

    /// <summary>Distances x of pairs that are alike (target 1) or not (target −1): x, or max(0, margin − x).</summary>
    /// <param name="target">1 where a pair is alike, −1 where it is not.</param>
    /// <param name="distance">The distances of the pairs, 0 or more.</param>
    /// <param name="margin">How far apart pairs that are not alike should be, finite and 0 or more.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <exception cref="ShapeError">Shapes do not broadcast.</exception>
    /// <exception cref="DomainError">The margin is below 0 or not finite.</exception>
    /// <example><code>Losses.HingeEmbedding(signs, x)</code></example>
    public static Expr HingeEmbedding(
        Expr target, Expr distance, double margin = 1, Reduction? reduction = null) =>
        Loss.hingeEmbedding(margin, Or(reduction), target, distance);

    /// <summary>
    /// The anchor nearer to the positive than to the negative by a margin, rows <c>[...; features]</c>:
    /// max(0, d(a, p) − d(a, n) + margin) with d the p-norm of the difference (Schroff et al. 2015). With
    /// <paramref name="swap"/> the negative's distance is that to the anchor or to the positive, whichever is less
    /// (Balntas et al. 2016).
    /// </summary>
    /// <param name="anchor">Rows <c>[...; features]</c>.</param>
    /// <param name="positive">Rows that should be near the anchor's, of the same shape.</param>
    /// <param name="negative">Rows that should be far from the anchor's, of the same shape.</param>
    /// <param name="margin">By how much the positive should be nearer, finite and 0 or more.</param>
    /// <param name="power">
    /// The p of the norm of differences, above 0: 2 is the Euclidean one, infinity the largest magnitude.
    /// </param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <param name="swap">Whether the negative's distance is the lesser of those to the anchor and to the positive.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <exception cref="DomainError">The margin is below 0 or not finite, or the power is not above 0.</exception>
    /// <example><code>Losses.TripletMargin(anchor: x, positive: y, negative: p)</code></example>
    public static Expr TripletMargin(
        Expr anchor, Expr positive, Expr negative, double margin = 1, double power = 2, Reduction? reduction = null,
        bool swap = false) =>
        swap
            ? MarginLoss.tripletSwap(margin, power, Or(reduction), positive, negative, anchor)
            : Loss.tripletMargin(margin, power, Or(reduction), positive, negative, anchor);

    /// <summary>What is made of the losses of many elements.</summary>
    /// <param name="reduction">Their mean, their sum, the mean of the rows' sums, or each by itself.</param>
    /// <param name="losses">The losses of the elements.</param>
    /// <example><code>Losses.Reduce(Reduction.Sum, x)</code></example>
    public static Expr Reduce(Reduction reduction, Expr losses) => Loss.reduce(reduction, losses);

    /// <summary>The mean of losses weighted by weights that broadcast to them: Σ w·loss / Σ w.</summary>
    /// <param name="weights">0 or more; they broadcast with the losses.</param>
    /// <param name="losses">The losses of the elements.</param>
    /// <exception cref="ShapeError">Types differ, or the weights do not broadcast to the losses.</exception>
    /// <example><code>Losses.WeightedMean(p, Losses.Mse(y, x, Reduction.None))</code></example>
    public static Expr WeightedMean(Expr weights, Expr losses) => Loss.weightedMean(weights, losses);
}
