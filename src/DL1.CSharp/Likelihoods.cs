namespace DL1;

/// <summary>
/// Negative log-likelihoods: what a distribution says of the target, every constant included, so that exp(−nll) is the
/// probability, or its density. Each gives one number an element; <c>Mean()</c> makes a loss of them.
/// </summary>
public static class Likelihoods
{
    /// <summary>A normal distribution of given mean and standard deviation.</summary>
    /// <example><code>Likelihoods.Gaussian(y, mean: x, deviation: p)</code></example>
    public static Expr Gaussian(Expr target, Expr mean, Expr deviation) => Likelihood.gaussian(target, deviation, mean);

    /// <summary>A truth value (target 1 or 0) of probability σ(logit): the binary cross-entropy.</summary>
    /// <example><code>Likelihoods.Bernoulli(p, x)</code></example>
    public static Expr Bernoulli(Expr target, Expr logits) => Likelihood.bernoulli(target, logits);

    /// <summary>A class of probability softmax(logits), the classes on the last axis: the cross-entropy.</summary>
    /// <example><code>Likelihoods.Categorical(labels, logits)</code></example>
    public static Expr Categorical(Expr labels, Expr logits) => Likelihood.categorical(labels, logits);

    /// <summary>A count of rate eˣ: eˣ − y·x + log y!.</summary>
    /// <example><code>Likelihoods.Poisson(y, x)</code></example>
    public static Expr Poisson(Expr target, Expr logRate) => Likelihood.poisson(target, logRate);

    /// <summary>log n! of whole numbers from 0; a constant to derivatives.</summary>
    /// <example><code>Likelihoods.LogFactorial(y)</code></example>
    public static Expr LogFactorial(Expr n) => Likelihood.logFactorial(n);
}
