namespace DL1;

/// <summary>Rules of lowering the learning rate.</summary>
public static class PlateauExtensions
{
    extension(Plateau)
    {
        /// <summary>
        /// Lowers the rate once more epochs in a row than the patience were no better than the best: PyTorch's <c>ReduceLROnPlateau</c>.
        /// </summary>
        /// <param name="epochs">How many epochs may be no better, 0 or more.</param>
        /// <param name="factor">What the rate is multiplied by, above 0 and below 1.</param>
        /// <param name="monitor">The metric that is watched, one of those measured; the (validation) loss, unless given.</param>
        /// <param name="threshold">How much better counts as better, 0 or more.</param>
        /// <param name="relative">Whether the threshold is relative to the best value.</param>
        /// <param name="cooldown">For how many epochs after the rate was lowered none counts as bad.</param>
        /// <param name="lowest">A rate that it does not go below.</param>
        /// <exception cref="DomainError">When training begins: an option is out of its range, or the metric is not measured.</exception>
        /// <example><code>Plateau.After(3, factor: 0.5, monitor: Metrics.Accuracy)</code></example>
        public static Plateau After(
            int epochs = 10, double factor = 0.1, Metric? monitor = null, double threshold = 1e-4, bool relative = true,
            int cooldown = 0, double lowest = 0) =>
            new(monitor?.Name ?? "", factor, epochs, threshold, relative, cooldown, lowest);
    }

    extension(Plateau rule)
    {
        /// <summary>The same rule for a part of the loss, or a metric, by its name in the history: <c>validation kl</c>.</summary>
        /// <param name="monitor">The name of what is watched, as it stands in the history.</param>
        /// <exception cref="DomainError">When training begins: nothing is measured by that name.</exception>
        /// <example><code>Plateau.After(3).Of("validation price")</code></example>
        public Plateau Of(string monitor) =>
            new(Interop.Present(monitor), rule.Factor, rule.Patience, rule.Threshold, rule.IsRelative, rule.Cooldown, rule.Lowest);

        /// <summary>What the rate is multiplied by after each of some values, in their order.</summary>
        /// <param name="values">What is watched, one an epoch.</param>
        /// <param name="isGain">Whether greater is better.</param>
        /// <exception cref="DomainError">An option of the rule is out of its range.</exception>
        /// <example><code>IReadOnlyList&lt;double&gt; factors = Plateau.After(1).Factors([1, 0.5, 0.6, 0.7]);</code></example>
        public IReadOnlyList<double> Factors(IEnumerable<double> values, bool isGain = false) =>
            PlateauModule.factors(rule, isGain, Interop.List(values));
    }
}
