namespace DL1.CSharp.Tests;

/// <summary>Losses, likelihoods and penalties from C#: each is the F# function that it stands for.</summary>
public class LossTests
{
    private static readonly Expr
        x = Expr.Variable("x", 4, 3), y = Expr.Variable("y", 4, 3), p = Expr.Variable("p", 4, 3), signs = Expr.Variable("s", 4, 3),
        logits = Expr.Variable("logits", 4, 5), labels = Expr.Variable("labels", DType.I64, 4);

    private static readonly Reduction Mean = Reduction.Mean, Sum = Reduction.Sum, None = Reduction.None;

    private static void Same(Expr theirs, Expr ours) => Assert.True(theirs == ours, $"{theirs}\n{ours}");

    private static ClassOptions Classes(double smoothing = 0, int? ignore = null, Reduction? reduction = null) => new(
        reduction ?? Mean, null, smoothing, ignore is { } i ? Microsoft.FSharp.Core.FSharpOption<int>.Some(i) : null, -1);

    [Fact]
    public void EveryLossIsThatOfTheCore()
    {
        Same(Loss.mse(Mean, y, x), Losses.Mse(y, x));
        Same(Loss.mse(Sum, y, x), Losses.Mse(y, x, Reduction.Sum));
        Same(Loss.l1(Mean, y, x), Losses.L1(y, x));
        Same(Loss.l1(None, y, x), Losses.L1(y, x, Reduction.None));
        Same(Loss.huber(1, Mean, y, x), Losses.Huber(y, x));
        Same(Loss.huber(0.7, Mean, y, x), Losses.Huber(y, x, delta: 0.7));
        Same(Loss.smoothL1(1, Mean, y, x), Losses.SmoothL1(y, x));
        Same(Loss.smoothL1(0.7, Mean, y, x), Losses.SmoothL1(y, x, beta: 0.7));
        Same(Loss.bce(Mean, p, p), Losses.Bce(p, p));
        Same(Loss.bce(Sum, p, p), Losses.Bce(p, p, Reduction.Sum));
        Same(Loss.bceWithLogits(Mean, p, x), Losses.BceWithLogits(p, x));
        Same(Loss.bceWeighted(3, Mean, p, x), Losses.BceWithLogits(p, x, positiveWeight: 3));
        Same(Loss.crossEntropy(Classes(), labels, logits), Losses.CrossEntropy(labels, logits));
        Same(Loss.crossEntropy(Classes(0.1, -1), labels, logits), Losses.CrossEntropy(labels, logits, labelSmoothing: 0.1, ignore: -1));
        Same(Loss.nll(Classes(), labels, logits.LogSoftmax()), Losses.Nll(labels, logits.LogSoftmax()));
        Same(Loss.nll(Classes(reduction: Sum), labels, logits.LogSoftmax()), Losses.Nll(labels, logits.LogSoftmax(), reduction: Reduction.Sum));
        Same(Loss.klDiv(Mean, p, x), Losses.KlDivergence(p, x));
        Same(Loss.klDiv(Sum, p, x), Losses.KlDivergence(p, x, Reduction.Sum));
        Same(Loss.poissonNll(false, Mean, y, x), Losses.PoissonNll(y, x));
        Same(Loss.poissonNll(true, Mean, y, x), Losses.PoissonNll(y, x, full: true));
        Same(Loss.poissonNllOfRate(false, Mean, y, p), Losses.PoissonNllOfRate(y, p));
        Same(Loss.gaussianNll(false, 1e-6, Mean, y, p, x), Losses.GaussianNll(y, mean: x, variance: p));
        Same(Loss.gaussianKl(Reduction.BatchMean, y, x), Losses.GaussianKl(mean: x, logVariance: y));
        Same(Loss.gaussianKl(Sum, y, x), Losses.GaussianKl(x, y, Reduction.Sum));
        Same(Loss.hingeEmbedding(1, Mean, signs, x), Losses.HingeEmbedding(signs, x));
        Same(Loss.tripletMargin(1, 2, Mean, y, p, x), Losses.TripletMargin(anchor: x, positive: y, negative: p));
        Same(Loss.reduce(Sum, x), Losses.Reduce(Reduction.Sum, x));
        Same(Loss.weightedMean(p, Loss.mse(None, y, x)), Losses.WeightedMean(p, Losses.Mse(y, x, Reduction.None)));
    }

    [Fact]
    public void LossesOfClassesMarginsOverlapsAndSequencesAreThoseOfTheCore()
    {
        Expr rowSigns = Expr.Variable("r", 4), words = Expr.Variable("words", DType.I64, 4, 3), steps = Expr.Variable("steps", 4, 7, 5),
            wordLengths = Expr.Variable("n", DType.I64, 4), stepLengths = Expr.Variable("t", DType.I64, 4);
        var quarter = Microsoft.FSharp.Core.FSharpOption<double>.Some(0.25);
        var one = Microsoft.FSharp.Collections.ListModule.OfArray(new[] { 1 });
        Same(Loss.klDivOfLog(Reduction.BatchMean, y, x), Losses.KlDivergenceOfLog(y, x, Reduction.BatchMean));
        Same(ClassLoss.crossEntropyOfProbabilities(Classes(), p, x), Losses.CrossEntropyOfProbabilities(p, x));
        Same(ClassLoss.crossEntropyOfProbabilities(Classes(0.1), p, x), Losses.CrossEntropyOfProbabilities(p, x, labelSmoothing: 0.1));
        Same(ClassLoss.focal(2, quarter, Mean, p, x), Losses.Focal(p, x));
        Same(ClassLoss.focal(1.5, null, Mean, p, x), Losses.Focal(p, x, gamma: 1.5, alpha: null));
        Same(ClassLoss.focalOfLabels(2, Classes(), labels, logits), Losses.FocalOfLabels(labels, logits));
        Same(ClassLoss.focalOfLabels(1, Classes(0, -1), labels, logits), Losses.FocalOfLabels(labels, logits, gamma: 1, ignore: -1));
        Same(ClassLoss.multiLabelSoftMargin(null, Mean, p, x), Losses.MultiLabelSoftMargin(p, x));
        Same(ClassLoss.multiLabelSoftMargin(null, Sum, p, x), Losses.MultiLabelSoftMargin(p, x, reduction: Reduction.Sum));
        Same(MarginLoss.cosineEmbedding(0.2, Mean, rowSigns, x, y), Losses.CosineEmbedding(rowSigns, x, y, margin: 0.2));
        Same(MarginLoss.ranking(0.5, Mean, signs, x, y), Losses.MarginRanking(signs, x, y, margin: 0.5));
        Same(MarginLoss.softMargin(Mean, signs, x), Losses.SoftMargin(signs, x));
        Same(MarginLoss.softMargin(Sum, signs, x), Losses.SoftMargin(signs, x, Reduction.Sum));
        Same(MarginLoss.multiMargin(1, 1, null, Mean, labels, logits), Losses.MultiMargin(labels, logits));
        Same(MarginLoss.multiMargin(2, 0.5, null, Mean, labels, logits), Losses.MultiMargin(labels, logits, power: 2, margin: 0.5));
        Same(MarginLoss.multiLabelMargin(Mean, p, x), Losses.MultiLabelMargin(p, x));
        Same(MarginLoss.multiLabelMargin(None, p, x), Losses.MultiLabelMargin(p, x, Reduction.None));
        Same(MarginLoss.tripletSwap(1, 2, Mean, y, p, x), Losses.TripletMargin(anchor: x, positive: y, negative: p, swap: true));
        Same(OverlapLoss.dice(1, one, Mean, p, p), Losses.Dice(p, p));
        Same(OverlapLoss.dice(0.1, one, Mean, p, p), Losses.Dice(p, p, smooth: 0.1, axes: [1]));
        Same(OverlapLoss.tversky(0.3, 0.7, 1, one, Mean, p, p), Losses.Tversky(p, p, alpha: 0.3, beta: 0.7));
        Same(
            SequenceLoss.ctc(new(0, Mean, false), words, wordLengths, steps.LogSoftmax(), stepLengths),
            Losses.Ctc(words, wordLengths, steps.LogSoftmax(), stepLengths));
    }

    /// <summary>Training takes a loss without parentheses, whichever it is.</summary>
    [Fact]
    public void ALossOfTwoArgumentsIsAFunction()
    {
        Func<Expr, Expr, Expr>[] losses =
        [
            Losses.Mse, Losses.L1, Losses.Huber, Losses.SmoothL1, Losses.Bce, Losses.BceWithLogits, Losses.KlDivergence, Losses.PoissonNll,
            Losses.CrossEntropyOfProbabilities, Losses.Focal, Losses.MultiLabelSoftMargin, Losses.SoftMargin, Losses.MultiLabelMargin, Losses.Dice,
        ];
        Assert.All(losses, loss => Assert.True(loss(y, x).Shape.IsScalar));
        Func<Expr, Expr, Expr> ofClasses = Losses.CrossEntropy, ofLogarithms = Losses.Nll;
        Same(ofClasses(labels, logits), ofLogarithms(labels, logits.LogSoftmax()));
    }

    [Fact]
    public void LikelihoodsCarryTheirConstants()
    {
        Same(Likelihood.gaussian(y, p, x), Likelihoods.Gaussian(y, mean: x, deviation: p));
        Same(Likelihood.bernoulli(p, x), Likelihoods.Bernoulli(p, x));
        Same(Likelihood.categorical(labels, logits), Likelihoods.Categorical(labels, logits));
        Same(Likelihood.poisson(y, x), Likelihoods.Poisson(y, x));
        Same(Likelihood.logFactorial(y), Likelihoods.LogFactorial(y));
        Assert.Equal(Math.Log(120), Likelihoods.LogFactorial(Expr.Symbol("n")).Evaluate(("n", 5.0)).ToDouble(), 1e-12);
    }

    [Fact]
    public void PenaltiesTouchWeightsUnlessToldOtherwise()
    {
        var parameters = Layers.Linear(2).Then(Layers.Linear(1)).Init(Key.OfSeed(1), 1, 3).Parameters;
        var weights = parameters.Variables();
        double At(Expr penalty) => penalty.Evaluate([.. parameters.Select(leaf => (leaf.Key, leaf.Value))]).ToDouble();
        double Sum(Func<double, double> of, params string[] paths) => paths.SelectMany(path => parameters[path].ToDoubles()).Sum(of);

        Assert.True(Penalties.IsWeight("0.weight"));
        Assert.False(Penalties.IsWeight("0.bias"));
        Assert.Equal(1e-4 * Sum(Math.Abs, "0.weight", "1.weight"), At(weights.L1Penalty(1e-4)), 1e-9);
        Assert.Equal(1e-4 * Sum(w => w * w, "0.weight", "0.bias"), At(weights.L2Penalty(1e-4, path => path.StartsWith("0."))), 1e-9);
        Assert.Equal(
            1e-4 * Sum(w => 0.3 * Math.Abs(w) + 0.35 * w * w, "0.weight", "1.weight"), At(weights.ElasticPenalty(1e-4, ratio: 0.3)), 1e-9);
        Assert.Throws<DomainError>(() => weights.L1Penalty(1, path => false));
    }
}
