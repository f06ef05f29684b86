namespace DL1;

/// <summary>L-BFGS with a line search, for functions and for losses over all rows.</summary>
public static class FullBatchExtensions
{
    extension(LbfgsOptions)
    {
        /// <summary>How a descent goes.</summary>
        /// <param name="iterations">The most iterations.</param>
        /// <param name="evaluations">After how many evaluations no iteration begins; 5/4 of the iterations, unless given.</param>
        /// <param name="history">How many pairs of steps and changes of the gradient are kept.</param>
        /// <param name="rate">The step along a direction that is tried first, or made where no line is searched.</param>
        /// <param name="gradientTolerance">The largest magnitude of a gradient's element that ends the descent.</param>
        /// <param name="changeTolerance">The smallest change of a value or a parameter that another iteration is made for.</param>
        /// <param name="searchesLine">Whether each step satisfies the strong conditions of Wolfe; else each is rate times direction.</param>
        /// <example><code>LbfgsOptions.Of(iterations: 50, history: 20)</code></example>
        public static LbfgsOptions Of(
            int iterations = 100, int? evaluations = null, int history = 10, double rate = 1, double gradientTolerance = 1e-7,
            double changeTolerance = 1e-9, bool searchesLine = true) =>
            new(
                rate, iterations, evaluations ?? (int)Math.Min(int.MaxValue, Math.Max(1, iterations * 5L / 4)), gradientTolerance,
                changeTolerance, history, searchesLine);
    }

    extension(LbfgsResult result)
    {
        /// <summary>The value after each iteration, the first one before them.</summary>
        /// <example><code>double lowestValue = found.Losses[^1];</code></example>
        public IReadOnlyList<double> Losses => result.Values;
    }

    extension(Learner learner)
    {
        /// <summary>
        /// Trains on all rows at once by L-BFGS with a line search (PyTorch's <c>LBFGS</c> with <c>strong_wolfe</c>), for small models
        /// and data, to a minimum that is exact; the learner's optimizer is not used. Layers run as in training, with the same draws at
        /// each evaluation.
        /// </summary>
        /// <param name="data">All rows that are learnt from, inputs and targets.</param>
        /// <param name="options">Iterations, tolerances and line search: those of <c>LbfgsOptions.Of()</c> unless given.</param>
        /// <param name="seed">What parameters and dropout are drawn from.</param>
        /// <exception cref="ShapeError">The data do not fit the model; the message names the layer.</exception>
        /// <exception cref="DomainError">A NaN or an infinity is among the data, a label is no class, or an option is out of its range.</exception>
        /// <example><code>var (exact, found) = learner.FitByLbfgs(train, LbfgsOptions.Of(iterations: 20));</code></example>
        public (Trained Trained, LbfgsResult Result) FitByLbfgs(Dataset data, LbfgsOptions? options = null, long seed = 0) =>
            FullBatch.lbfgs(options ?? LbfgsSearch.options, Key.OfSeed(seed), learner, data).ToValueTuple();
    }

    extension(Func<Tree<Expr>, Expr> objective)
    {
        /// <summary>Minimises a scalar function of named tensors from a start, by L-BFGS with a line search.</summary>
        /// <param name="start">Where the search begins, a tensor for each path.</param>
        /// <param name="options">Iterations, tolerances and line search: those of <c>LbfgsOptions.Of()</c> unless given.</param>
        /// <exception cref="DomainError">There are no parameters, or the value at the start is not finite.</exception>
        /// <exception cref="ShapeError">The objective is no scalar.</exception>
        /// <example><code>LbfgsResult bowl = new Func&lt;Tree&lt;Expr&gt;, Expr&gt;(p => (p["w"] - 2).Pow(2).Sum()).MinimizeByLbfgs(bowlStart);</code></example>
        public LbfgsResult MinimizeByLbfgs(Tree<Tensor> start, LbfgsOptions? options = null) =>
            LbfgsSearch.minimize(options ?? LbfgsSearch.options, Interop.Function(objective), start);
    }
}
