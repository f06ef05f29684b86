namespace DL1;

/// <summary>
/// Negative log-likelihoods: what a distribution says of the target, every constant included, so that exp(−nll) is the
/// probability, or its density. Each gives one number an element; <c>Mean()</c> makes a loss of them.
/// </summary>
public static class Likelihoods
{
    /// <summary>A normal distribution of given mean and standard deviation.</summary>
    /// <param name="target">What was observed, of any shape.</param>
    /// <param name="mean">The distribution's mean; it broadcasts with the target.</param>
    /// <param name="deviation">The standard deviation, above 0; it broadcasts with the target.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Likelihoods.Gaussian(y, mean: x, deviation: p)</code></example>
    public static Expr Gaussian(Expr target, Expr mean, Expr deviation) => Likelihood.gaussian(target, deviation, mean);

    /// <summary>A truth value (target 1 or 0) of probability σ(logit): the binary cross-entropy.</summary>
    /// <param name="target">0 or 1, of any shape.</param>
    /// <param name="logits">The logarithm of the odds of 1, of any size; it broadcasts with the target.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Likelihoods.Bernoulli(p, x)</code></example>
    public static Expr Bernoulli(Expr target, Expr logits) => Likelihood.bernoulli(target, logits);

    /// <summary>A class of probability softmax(logits), the classes on the last axis: the cross-entropy.</summary>
    /// <param name="labels">Whole numbers <c>[...]</c>, i32 or i64, from 0 to classes − 1.</param>
    /// <param name="logits"><c>[...; classes]</c>, of any size.</param>
    /// <exception cref="ShapeError">The labels are no whole numbers, one for each row of logits.</exception>
    /// <example><code>Likelihoods.Categorical(labels, logits)</code></example>
    public static Expr Categorical(Expr labels, Expr logits) => Likelihood.categorical(labels, logits);

    /// <summary>A count of rate eˣ: eˣ − y·x + log y!.</summary>
    /// <param name="target">Counts, 0 or more.</param>
    /// <param name="logRate">The logarithm of the rate; it broadcasts with the target.</param>
    /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
    /// <example><code>Likelihoods.Poisson(y, x)</code></example>
    public static Expr Poisson(Expr target, Expr logRate) => Likelihood.poisson(target, logRate);

    /// <summary>log n! of whole numbers from 0; a constant to derivatives.</summary>
    /// <param name="n">Whole numbers from 0, of any shape, as floating-point numbers.</param>
    /// <exception cref="ShapeError">The numbers are not of f32 or f64.</exception>
    /// <example><code>Likelihoods.LogFactorial(y)</code></example>
    public static Expr LogFactorial(Expr n) => Likelihood.logFactorial(n);
}
