namespace DL1;

/// <summary>
/// Penalties on parameters, to be added to a loss. Each touches weights, and no biases, unless a predicate on paths says
/// which parameters it touches.
/// </summary>
public static class Penalties
{
    /// <summary>Whether a path is that of weights: its last name begins or ends with <c>weight</c>.</summary>
    /// <param name="path">A parameter's path, such as <c>0.weight</c>.</param>
    /// <example><code>Penalties.IsWeight("0.weight")</code></example>
    public static bool IsWeight(string path) => Penalty.weights(path);

    extension(Tree<Expr> parameters)
    {
        /// <summary>strength·Σ|w|, the lasso's (Tibshirani 1996).</summary>
        /// <param name="strength">The factor of the penalty, 0 or more.</param>
        /// <param name="touches">Whether the parameter at a path counts: weights, by <c>IsWeight</c>, unless given.</param>
        /// <exception cref="DomainError">The strength is below 0, or no parameter is touched.</exception>
        /// <example><code>weights.L1Penalty(1e-4)</code></example>
        public Expr L1Penalty(double strength, Func<string, bool>? touches = null) =>
            Penalty.l1(strength, Interop.Function(touches ?? IsWeight), parameters);

        /// <summary>strength·Σw², the ridge's (Hoerl and Kennard 1970).</summary>
        /// <param name="strength">The factor of the penalty, 0 or more.</param>
        /// <param name="touches">Whether the parameter at a path counts: weights, by <c>IsWeight</c>, unless given.</param>
        /// <exception cref="DomainError">The strength is below 0, or no parameter is touched.</exception>
        /// <exception cref="ShapeError">The parameters that are touched are of several types.</exception>
        /// <example><code>weights.L2Penalty(1e-4, path => path.StartsWith("0."))</code></example>
        public Expr L2Penalty(double strength, Func<string, bool>? touches = null) =>
            Penalty.l2(strength, Interop.Function(touches ?? IsWeight), parameters);

        /// <summary>strength·(ratio·Σ|w| + ½(1 − ratio)·Σw²), ratio from 0 to 1: the elastic net (Zou and Hastie 2005).</summary>
        /// <param name="strength">The factor of the penalty, 0 or more.</param>
        /// <param name="ratio">The share of the lasso, from 0 to 1; the rest is the ridge's.</param>
        /// <param name="touches">Whether the parameter at a path counts: weights, by <c>IsWeight</c>, unless given.</param>
        /// <exception cref="DomainError">The strength is below 0, the ratio outside [0, 1], or no parameter is touched.</exception>
        /// <example><code>weights.ElasticPenalty(1e-4, ratio: 0.3)</code></example>
        public Expr ElasticPenalty(double strength, double ratio = 0.5, Func<string, bool>? touches = null) =>
            Penalty.elastic(strength, ratio, Interop.Function(touches ?? IsWeight), parameters);
    }
}
