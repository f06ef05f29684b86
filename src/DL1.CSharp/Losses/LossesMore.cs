namespace DL1;

/// <summary>Losses of classes with probabilities or several labels, of margins, of overlaps and of sequences.</summary>
public static partial class Losses
{
    private static Microsoft.FSharp.Core.FSharpOption<double> Number(double? value) =>
        value is { } number ? Microsoft.FSharp.Core.FSharpOption<double>.Some(number) : null!;

    /// <summary>
    /// The mean of the losses of what is real: <c>[batch; length; ...]</c> with truth values <c>[batch; length]</c>. What stands in padding
    /// counts nowhere, not even a NaN. Over many batches it is the mean of all that is real in them.
    /// </summary>
    /// <param name="isReal">Where targets are real: <c>Attentions.IsToken(tokens, padding)</c> of tokens.</param>
    /// <param name="losses">The losses of the elements: with <c>Reduction.None</c>.</param>
    /// <exception cref="ShapeError">Truth values and losses do not go together.</exception>
    /// <example><code>Losses.Masked(isReal, Losses.Mse(y, x, Reduction.None))</code></example>
    public static Expr Masked(Expr isReal, Expr losses) => SequenceLoss.masked(isReal, losses);

    /// <summary>
    /// Cross-entropy from logits <c>[...; classes]</c> against the probabilities of the classes, of the same shape. The mean is over the
    /// rows, whatever the weights are. A class of probability 0 counts for nothing.
    /// </summary>
    /// <param name="target">Probabilities of the classes, <c>[...; classes]</c>.</param>
    /// <param name="logits">The model's outputs <c>[...; classes]</c> before the softmax, of any size.</param>
    /// <exception cref="ShapeError">Types differ, or there is not one probability for each logit.</exception>
    /// <example><code>Losses.CrossEntropyOfProbabilities(p, x)</code></example>
    public static Expr CrossEntropyOfProbabilities(Expr target, Expr logits) => CrossEntropyOfProbabilities(target, logits, null);

    /// <inheritdoc cref="CrossEntropyOfProbabilities(Expr, Expr)"/>
    /// <param name="target">Probabilities of the classes.</param>
    /// <param name="logits">Of any size.</param>
    /// <param name="weight">A weight for each class, <c>[classes]</c>.</param>
    /// <param name="labelSmoothing">How much of each target, from 0 to 1, is spread over all classes (Szegedy et al. 2015).</param>
    /// <param name="axis">The axis of the classes.</param>
    /// <param name="reduction">The mean, unless given.</param>
    /// <exception cref="ShapeError">Targets and logits are of two shapes.</exception>
    /// <example><code>Losses.CrossEntropyOfProbabilities(p, x, labelSmoothing: 0.1)</code></example>
    public static Expr CrossEntropyOfProbabilities(
        Expr target, Expr logits, Expr? weight = null, double labelSmoothing = 0, int axis = -1, Reduction? reduction = null) =>
        ClassLoss.crossEntropyOfProbabilities(Classes(weight, labelSmoothing, null, axis, reduction), target, logits);

    /// <summary>
    /// Cross-entropy of the sigmoid of logits against targets 0 and 1, in which what is already right counts less (Lin et al. 2017):
    /// γ 2 and α ¼ unless given.
    /// </summary>
    /// <param name="target">0 or 1, of any shape.</param>
    /// <param name="logits">The model's outputs before the sigmoid, of any size, of the targets' shape.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Losses.Focal(p, x)</code></example>
    public static Expr Focal(Expr target, Expr logits) => Focal(target, logits, 2);

    /// <inheritdoc cref="Focal(Expr, Expr)"/>
    /// <param name="target">0 or 1.</param>
    /// <param name="logits">Of any size.</param>
    /// <param name="gamma">The power of what is not yet right, 0 or more; with 0 the loss is cross-entropy.</param>
    /// <param name="alpha">How much targets 1 count, from 0 to 1, and targets 0 the rest; with null both count fully.</param>
    /// <param name="reduction">The mean, unless given.</param>
    /// <exception cref="DomainError">γ is below 0, or α outside 0 to 1.</exception>
    /// <example><code>Losses.Focal(p, x, gamma: 1.5, alpha: null)</code></example>
    public static Expr Focal(
        Expr target, Expr logits, double gamma = 2, double? alpha = 0.25, Reduction? reduction = null) =>
        ClassLoss.focal(gamma, Number(alpha), Or(reduction), target, logits);

    /// <summary>
    /// <c>CrossEntropy</c> of labels <c>[...]</c> from logits <c>[...; classes]</c>, each row times (1 − p)^γ, where p is the
    /// probability of its label (Lin et al. 2017); γ is 2 unless given.
    /// </summary>
    /// <param name="labels">Class indices <c>[...]</c>, i32 or i64, from 0 to classes − 1.</param>
    /// <param name="logits">The model's outputs <c>[...; classes]</c> before the softmax, of any size.</param>
    /// <exception cref="ShapeError">The labels are no whole numbers, one for each row of logits.</exception>
    /// <example><code>Losses.FocalOfLabels(labels, logits)</code></example>
    public static Expr FocalOfLabels(Expr labels, Expr logits) => FocalOfLabels(labels, logits, 2);

    /// <inheritdoc cref="FocalOfLabels(Expr, Expr)"/>
    /// <param name="labels">Class indices <c>[...]</c>, i32 or i64, from 0 to classes − 1.</param>
    /// <param name="logits">The model's outputs <c>[...; classes]</c> before the softmax, of any size.</param>
    /// <param name="gamma">The power γ of what is not yet right, 0 or more; with 0 the loss is cross-entropy.</param>
    /// <param name="weight">A weight for each class, <c>[classes]</c>; the mean is weighted by them.</param>
    /// <param name="labelSmoothing">
    /// How much of each target, from 0 to 1, is spread over all classes (Szegedy et al. 2015).
    /// </param>
    /// <param name="ignore">A label whose elements do not count.</param>
    /// <param name="axis">The axis of the classes.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <exception cref="ShapeError">Labels are not one for each row of two classes or more.</exception>
    /// <example><code>Losses.FocalOfLabels(labels, logits, gamma: 1, ignore: -1)</code></example>
    public static Expr FocalOfLabels(
        Expr labels, Expr logits, double gamma = 2, Expr? weight = null, double labelSmoothing = 0, int? ignore = null,
        int axis = -1, Reduction? reduction = null) =>
        ClassLoss.focalOfLabels(gamma, Classes(weight, labelSmoothing, ignore, axis, reduction), labels, logits);

    /// <summary>
    /// Several labels a row: the mean over the classes of the binary cross-entropies of logits <c>[...; classes]</c> against targets 0
    /// or 1 of the same shape.
    /// </summary>
    /// <param name="target">0 or 1, <c>[...; classes]</c>.</param>
    /// <param name="logits">The model's outputs <c>[...; classes]</c> before the softmax, of any size.</param>
    /// <exception cref="ShapeError">Types differ, or there is not one target for each logit.</exception>
    /// <example><code>Losses.MultiLabelSoftMargin(p, x)</code></example>
    public static Expr MultiLabelSoftMargin(Expr target, Expr logits) => MultiLabelSoftMargin(target, logits, null);

    /// <inheritdoc cref="MultiLabelSoftMargin(Expr, Expr)"/>
    /// <param name="target">0 or 1, <c>[...; classes]</c>.</param>
    /// <param name="logits">The model's outputs <c>[...; classes]</c> before the softmax, of any size.</param>
    /// <param name="weight">A weight for each class, <c>[classes]</c>.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <example><code>Losses.MultiLabelSoftMargin(p, x, reduction: Reduction.Sum)</code></example>
    public static Expr MultiLabelSoftMargin(
        Expr target, Expr logits, Expr? weight = null, Reduction? reduction = null) =>
        ClassLoss.multiLabelSoftMargin(Interop.Option(weight), Or(reduction), target, logits);

    /// <summary>
    /// Pairs of rows <c>[...; features]</c> that are alike (sign 1) or not (sign −1, signs <c>[...]</c>): 1 − cos(a, b), or
    /// max(0, cos(a, b) − margin).
    /// </summary>
    /// <param name="target">Signs <c>[...]</c>: 1 where a pair is alike, −1 where it is not.</param>
    /// <param name="first">Rows <c>[...; features]</c>.</param>
    /// <param name="second">Rows of the same shape.</param>
    /// <param name="margin">The cosine up to which pairs that are not alike cost nothing, from −1 to 1.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <exception cref="DomainError">The margin is outside −1 to 1.</exception>
    /// <exception cref="ShapeError">The two have not one type and shape, or there is not one sign for each row.</exception>
    /// <example><code>Losses.CosineEmbedding(rowSigns, x, y, margin: 0.2)</code></example>
    public static Expr CosineEmbedding(
        Expr target, Expr first, Expr second, double margin = 0, Reduction? reduction = null) =>
        MarginLoss.cosineEmbedding(margin, Or(reduction), target, first, second);

    /// <summary>The first greater (sign 1) or less (sign −1) than the second by a margin: max(0, margin − y·(a − b)).</summary>
    /// <param name="target">Signs: 1 where the first should be greater, −1 where it should be less.</param>
    /// <param name="first">Scores, of any shape.</param>
    /// <param name="second">Scores that broadcast with the first.</param>
    /// <param name="margin">By how much they should differ, finite and 0 or more.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <exception cref="DomainError">The margin is below 0.</exception>
    /// <exception cref="ShapeError">The scores have not one type and shape, or the signs do not fit them.</exception>
    /// <example><code>Losses.MarginRanking(signs, x, y, margin: 0.5)</code></example>
    public static Expr MarginRanking(
        Expr target, Expr first, Expr second, double margin = 0, Reduction? reduction = null) =>
        MarginLoss.ranking(margin, Or(reduction), target, first, second);

    /// <summary>The logistic loss of signs: log(1 + exp(−y·x)), without overflow.</summary>
    /// <param name="target">Signs, 1 or −1, of any shape.</param>
    /// <param name="prediction">Scores, whose sign should be the target's.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Losses.SoftMargin(signs, x)</code></example>
    public static Expr SoftMargin(Expr target, Expr prediction) => SoftMargin(target, prediction, null);

    /// <inheritdoc cref="SoftMargin(Expr, Expr)"/>
    /// <param name="target">Signs, 1 or −1, of any shape.</param>
    /// <param name="prediction">Scores, whose sign should be the target's.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <example><code>Losses.SoftMargin(signs, x, Reduction.Sum)</code></example>
    public static Expr SoftMargin(Expr target, Expr prediction, Reduction? reduction = null) =>
        MarginLoss.softMargin(Or(reduction), target, prediction);

    /// <summary>
    /// The label's score above every other one by a margin: of each row the mean over the classes of
    /// max(0, margin − x[label] + x[other])^p.
    /// </summary>
    /// <param name="labels">Class indices <c>[...]</c>, i32 or i64, from 0 to classes − 1.</param>
    /// <param name="scores">Scores <c>[...; classes]</c>.</param>
    /// <exception cref="ShapeError">The labels are no whole numbers, one for each row of scores.</exception>
    /// <example><code>Losses.MultiMargin(labels, logits)</code></example>
    public static Expr MultiMargin(Expr labels, Expr scores) => MultiMargin(labels, scores, 1);

    /// <inheritdoc cref="MultiMargin(Expr, Expr)"/>
    /// <param name="labels">Class indices <c>[...]</c>, i32 or i64, from 0 to classes − 1.</param>
    /// <param name="scores">Scores <c>[...; classes]</c>.</param>
    /// <param name="power">The power p of each difference, 1 or 2.</param>
    /// <param name="margin">By how much the label's score should be above the others, finite and 0 or more.</param>
    /// <param name="weight">A weight for each class, <c>[classes]</c>.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <exception cref="DomainError">The power is neither 1 nor 2, or the margin is below 0.</exception>
    /// <example><code>Losses.MultiMargin(labels, logits, power: 2, margin: 0.5)</code></example>
    public static Expr MultiMargin(
        Expr labels, Expr scores, int power = 1, double margin = 1, Expr? weight = null, Reduction? reduction = null) =>
        MarginLoss.multiMargin(power, margin, Interop.Option(weight), Or(reduction), labels, scores);

    /// <summary>
    /// The score of each label of a row above that of each other class by 1, summed over such pairs, over the number of classes; targets
    /// are 1 for the labels and 0 for the others, of the shape of the scores <c>[...; classes]</c>.
    /// </summary>
    /// <param name="target">1 for the labels of a row and 0 for the other classes, <c>[...; classes]</c>.</param>
    /// <param name="scores">Scores, of the shape of the targets.</param>
    /// <exception cref="ShapeError">There is not one target for each score.</exception>
    /// <example><code>Losses.MultiLabelMargin(p, x)</code></example>
    public static Expr MultiLabelMargin(Expr target, Expr scores) => MultiLabelMargin(target, scores, null);

    /// <inheritdoc cref="MultiLabelMargin(Expr, Expr)"/>
    /// <param name="target">1 for the labels of a row and 0 for the other classes, <c>[...; classes]</c>.</param>
    /// <param name="scores">Scores, of the shape of the targets.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <example><code>Losses.MultiLabelMargin(p, x, Reduction.None)</code></example>
    public static Expr MultiLabelMargin(Expr target, Expr scores, Reduction? reduction = null) =>
        MarginLoss.multiLabelMargin(Or(reduction), target, scores);

    /// <summary>
    /// 1 − (2Σtp + s) / (Σt + Σp + s), summed over the axes, all but the first unless given, then reduced (Milletari et al. 2016):
    /// the overlap of sets, such as the pixels of a segmentation.
    /// </summary>
    /// <param name="target">From 0 to 1, of any shape, the rows first.</param>
    /// <param name="probability">Probabilities from 0 to 1, of the same shape.</param>
    /// <exception cref="ShapeError">There is not one target for each probability, or an axis is not there.</exception>
    /// <example><code>Losses.Dice(p, p)</code></example>
    public static Expr Dice(Expr target, Expr probability) => Dice(target, probability, 1);

    /// <inheritdoc cref="Dice(Expr, Expr)"/>
    /// <param name="target">From 0 to 1, of any shape, the rows first.</param>
    /// <param name="probability">Probabilities from 0 to 1, of the same shape.</param>
    /// <param name="smooth">The number s that keeps empty sets apart from 0/0, above 0.</param>
    /// <param name="axes">The axes of one set: all but the first unless given.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <exception cref="DomainError">The number that keeps empty sets apart from 0/0 is not above 0.</exception>
    /// <example><code>Losses.Dice(p, p, smooth: 0.1, axes: [1])</code></example>
    public static Expr Dice(
        Expr target, Expr probability, double smooth = 1, IEnumerable<int>? axes = null, Reduction? reduction = null) =>
        OverlapLoss.dice(smooth, Summed(probability, axes), Or(reduction), target, probability);

    /// <summary>
    /// 1 − (Σtp + s) / (Σtp + α·Σ(1 − t)p + β·Σt(1 − p) + s), summed over the axes, all but the first unless given, then reduced
    /// (Salehi et al. 2017). With α = β = 1 it is Jaccard's loss.
    /// </summary>
    /// <param name="target">From 0 to 1, of any shape, the rows first.</param>
    /// <param name="probability">Probabilities from 0 to 1, of the same shape.</param>
    /// <param name="alpha">How much false positives count, 0 or more.</param>
    /// <param name="beta">How much missed ones count, 0 or more.</param>
    /// <param name="smooth">The number s that keeps empty sets apart from 0/0, above 0.</param>
    /// <param name="axes">The axes of one set: all but the first unless given.</param>
    /// <param name="reduction">What is made of the losses of the elements: their mean, unless given.</param>
    /// <exception cref="DomainError">α or β is below 0, or the number that keeps empty sets apart from 0/0 is not above 0.</exception>
    /// <exception cref="ShapeError">There is not one target for each probability, or an axis is not there.</exception>
    /// <example><code>Losses.Tversky(p, p, alpha: 0.3, beta: 0.7)</code></example>
    public static Expr Tversky(
        Expr target, Expr probability, double alpha = 0.5, double beta = 0.5, double smooth = 1, IEnumerable<int>? axes = null,
        Reduction? reduction = null) =>
        OverlapLoss.tversky(alpha, beta, smooth, Summed(probability, axes), Or(reduction), target, probability);

    private static Microsoft.FSharp.Collections.FSharpList<int> Summed(Expr e, IEnumerable<int>? axes) =>
        Interop.List(axes ?? Enumerable.Range(1, Math.Max(0, e.Shape.Rank - 1)));

    /// <summary>
    /// The negative logarithm of the probability that a sequence of classes says the labels, when repeats are taken together and
    /// blanks left out (Graves et al. 2006): connectionist temporal classification.
    /// </summary>
    /// <param name="labels"><c>[batch; labels]</c>, i32 or i64; what lies behind the number of labels counts for nothing.</param>
    /// <param name="labelLengths">The number of labels of each sequence, <c>[batch]</c>.</param>
    /// <param name="logProbabilities"><c>[batch; time; classes]</c>.</param>
    /// <param name="lengths">The number of steps of each sequence, <c>[batch]</c>.</param>
    /// <param name="blank">The class that stands for no label.</param>
    /// <param name="zeroInfinity">Whether sequences that are too short for their labels count 0, where they would be infinite.</param>
    /// <param name="reduction">Unless given, the mean of each loss over its number of labels.</param>
    /// <exception cref="ShapeError">The shapes do not fit.</exception>
    /// <exception cref="DomainError">The blank is no class.</exception>
    /// <example><code>Losses.Ctc(words, wordLengths, steps.LogSoftmax(), stepLengths)</code></example>
    public static Expr Ctc(
        Expr labels, Expr labelLengths, Expr logProbabilities, Expr lengths, int blank = 0, bool zeroInfinity = false,
        Reduction? reduction = null) =>
        SequenceLoss.ctc(new CtcOptions(blank, Or(reduction), zeroInfinity), labels, labelLengths, logProbabilities, lengths);
}
