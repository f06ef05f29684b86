namespace DL1;

/// <content>Optimizers around optimizers, their use in a step, and descents.</content>
public static partial class Optimizers
{
    extension(Optimizer optimizer)
    {
        /// <summary>The same optimizer with a learning rate that follows a schedule.</summary>
        /// <param name="rate">The learning rate by the number of updates made.</param>
        /// <example><code>Optimizers.Adam().Scheduled(Schedules.Cosine(1e-3, steps: 500))</code></example>
        public Optimizer Scheduled(Schedule rate) => OptimizerModule.scheduled(rate, optimizer);

        /// <summary>The same optimizer under another name, for tables and plots.</summary>
        /// <param name="name">The optimizer's name in tables and plots.</param>
        /// <example><code>Optimizers.Sgd(0.001).Named("slow")</code></example>
        public Optimizer Named(string name) => OptimizerModule.named(name, optimizer);

        /// <summary>All gradients shrunk by one factor to a common norm of at most the limit (Pascanu et al. 2013).</summary>
        /// <param name="limit">The largest norm that is left as it is, above 0.</param>
        /// <exception cref="DomainError">The limit is not above 0 and finite.</exception>
        /// <example><code>Optimizers.Adam().ClipByGlobalNorm(1)</code></example>
        public Optimizer ClipByGlobalNorm(double limit) => optimizer.After(Transforms.ClipByGlobalNorm(limit));

        /// <summary>The same by another norm, (Σ |u|ᵖ)^(1/p); the largest magnitude where the power is infinite.</summary>
        /// <param name="limit">The largest norm that is left as it is, above 0.</param>
        /// <param name="power">The p of the norm, above 0: 2 is the Euclidean one, infinity the largest magnitude.</param>
        /// <exception cref="DomainError">The power or the limit is not above 0.</exception>
        /// <example><code>Optimizers.Adam().ClipByGlobalNorm(1, power: double.PositiveInfinity)</code></example>
        public Optimizer ClipByGlobalNorm(double limit, double power) =>
            optimizer.After(TransformModule.clipByGlobalNormOf(power, limit));

        /// <summary>Goes uphill: the objective grows.</summary>
        /// <example><code>Optimizers.Sgd(0.1).Maximizing()</code></example>
        public Optimizer Maximizing() => Wrap.maximizing(optimizer);

        /// <summary>The gradient of each parameter shrunk to a norm of at most the limit.</summary>
        /// <param name="limit">The largest norm that is left as it is, above 0.</param>
        /// <exception cref="DomainError">The limit is not above 0 and finite.</exception>
        /// <example><code>Optimizers.Adam().ClipByNorm(1)</code></example>
        public Optimizer ClipByNorm(double limit) => optimizer.After(Transforms.ClipByNorm(limit));

        /// <summary>Each element of the gradients held between −limit and limit.</summary>
        /// <param name="limit">The largest magnitude of an element, above 0.</param>
        /// <exception cref="DomainError">The limit is not above 0 and finite.</exception>
        /// <example><code>Optimizers.Adam().ClipByValue(0.5)</code></example>
        public Optimizer ClipByValue(double limit) => optimizer.After(Transforms.ClipByValue(limit));

        /// <summary>A transformation of the gradients before the optimizer sees them.</summary>
        /// <param name="transform">Applied to the gradients.</param>
        /// <exception cref="DomainError">The transformation contains the learning rate.</exception>
        /// <example><code>Optimizers.Adam().After(Transforms.AddDecay(0.01).Masked(Penalties.IsWeight))</code></example>
        public Optimizer After(Transform transform) => Wrap.after(transform, optimizer);

        /// <summary>The optimizer for the parameters whose paths are wanted; the others stay as they are.</summary>
        /// <param name="wanted">Whether a path, such as <c>0.weight</c>, is one of them.</param>
        /// <exception cref="DomainError">With the first state: no path is wanted.</exception>
        /// <example><code>Optimizers.Sgd(0.1).Only(path => path.StartsWith("head."))</code></example>
        public Optimizer Only(Func<string, bool> wanted) => Wrap.only(Interop.Function(wanted), optimizer);

        /// <summary>
        /// Learning rates by name: the change of a parameter is multiplied by the factor of the first group that its path is in, and
        /// by 1 where it is in none. Schedules go on as they are.
        /// </summary>
        /// <param name="groups">Predicates of a parameter's path, each with a finite factor above 0.</param>
        /// <exception cref="DomainError">A factor is not above 0; with the first state: a group that no parameter is in.</exception>
        /// <example><code>Optimizers.Adam(1e-3).RateFactors((path => path.StartsWith("0."), 0.1))</code></example>
        public Optimizer RateFactors(params (Func<string, bool> IsIn, double Factor)[] groups) =>
            Wrap.rateFactors(
                Interop.List(Interop.Whole(groups).Select(g => Tuple.Create(Interop.Function(g.IsIn), g.Factor))), optimizer);

        /// <summary>
        /// Smaller rates for the layers nearer to the inputs (Howard and Ruder 2018): of the parts named, from the first to the last,
        /// the last has the optimizer's rate, the one before it <paramref name="decay"/> times that, and so on. A part is a name
        /// with what is below it; other parameters keep the rate.
        /// </summary>
        /// <param name="decay">The factor from each part to the one before it: above 0, at most 1.</param>
        /// <param name="parts">Names of the model's parts, such as <c>encoder</c>, from the inputs on.</param>
        /// <exception cref="DomainError">A decay outside (0, 1]; with the first state: a part that no parameter is in.</exception>
        /// <example><code>Optimizers.Adam(1e-3).LayerDecay(0.5, "0", "2")</code></example>
        public Optimizer LayerDecay(double decay, params string[] parts) =>
            Wrap.layerDecay(decay, Interop.List(parts), optimizer);

        /// <summary>
        /// One update for a given number of calls, by the mean of their gradients; in training each batch counts by what its loss was divided by,
        /// so that the update is the one of the whole batch.
        /// </summary>
        /// <param name="calls">How many batches make one update, 1 or more.</param>
        /// <exception cref="DomainError">The number of calls is below 1.</exception>
        /// <example><code>Optimizers.Sgd(0.1).Accumulate(4)</code></example>
        public Optimizer Accumulate(int calls) => Wrap.accumulate(calls, optimizer);

        /// <summary>A slow copy of the parameters that goes a part of the way to the fast ones (Zhang et al. 2019).</summary>
        /// <param name="updates">
        /// How many updates the fast parameters make from one step of the slow ones to the next, 1 or more.
        /// </param>
        /// <param name="part">The part of the way that the slow ones go: above 0, at most 1.</param>
        /// <exception cref="DomainError">The number of updates is below 1, or the part is not above 0 and at most 1.</exception>
        /// <example><code>Optimizers.Adam().Lookahead(updates: 5, part: 0.5)</code></example>
        public Optimizer Lookahead(int updates = 5, double part = 0.5) => Wrap.lookahead(updates, part, optimizer);

        /// <summary>
        /// Keeps a moving average of the parameters in the state, a ← decay·a + (1 − decay)·x; <c>memory.Average()</c> reads it
        /// (Polyak and Juditsky 1992).
        /// </summary>
        /// <param name="decay">How much of the average is kept in each update, from 0 up to but not including 1.</param>
        /// <exception cref="DomainError">The decay is outside [0, 1).</exception>
        /// <example><code>Optimizers.Sgd(0.1).Averaged(0.99)</code></example>
        public Optimizer Averaged(double decay = 0.999) => Wrap.averaged(decay, optimizer);

        /// <summary>
        /// Keeps the mean of the parameters after updates <paramref name="start"/>, start + every and so on in the state: stochastic
        /// weight averaging (Izmailov et al. 2018); before it the parameters themselves. <c>memory.Average()</c> reads it, and training with
        /// <c>UseAverage</c> measures with it.
        /// </summary>
        /// <param name="start">The number of the first update that counts, 1 or more.</param>
        /// <param name="every">From one update that counts to the next, 1 or more.</param>
        /// <exception cref="DomainError">A number is below 1.</exception>
        /// <example><code>Optimizers.Sgd(0.1).AveragedFrom(100, every: 10)</code></example>
        public Optimizer AveragedFrom(int start, int every = 1) => Wrap.averagedFrom(start, every, optimizer);

        /// <summary>The first state for these parameters.</summary>
        /// <param name="parameters">The parameters to be trained, of floating-point types.</param>
        /// <exception cref="DomainError">
        /// The optimizer cannot have these parameters: there are none, one is in no group, or a group has none.
        /// </exception>
        /// <example><code>Tensor[] first = optimizer.InitialState(Tensor.Zeros(3), Tensor.Zeros(2));</code></example>
        public Tensor[] InitialState(params Tensor[] parameters) =>
            [.. OptimizerModule.start(optimizer, Interop.Numbered(parameters)).Values];

        /// <summary>The first state for the parameters of a model.</summary>
        /// <param name="parameters">The parameters to be trained by their paths, of floating-point types.</param>
        /// <exception cref="DomainError">
        /// The optimizer cannot have these parameters: there are none, one is in no group, or a group has none.
        /// </exception>
        /// <example><code>Tree&lt;Tensor&gt; memory = optimizer.InitialState(parameters);</code></example>
        public Tree<Tensor> InitialState(Tree<Tensor> parameters) => OptimizerModule.start(optimizer, parameters);

        /// <summary>The transition as expressions, to be made part of a training step.</summary>
        /// <param name="gradients">The gradients, one for each parameter.</param>
        /// <param name="state">The optimizer's state, shaped as <c>InitialState</c> makes it.</param>
        /// <param name="parameters">The parameters as they are.</param>
        /// <exception cref="ShapeError">There are more or fewer gradients than parameters, or one has another shape.</exception>
        /// <exception cref="DomainError">State or gradients are not those of these parameters.</exception>
        /// <example><code>var (next, nextState) = Optimizers.Sgd(0.1).Step([2 * w], [], [w]);</code></example>
        public (Expr[] Parameters, Expr[] State) Step(
            IEnumerable<Expr> gradients, IEnumerable<Expr> state, IEnumerable<Expr> parameters)
        {
            var tree = Interop.Numbered(parameters);
            var slots = TreeModule.ofValues(Interop.List(state), optimizer.Init.Invoke(tree));
            var (next, nextState) = optimizer.Update.Invoke(Interop.Numbered(gradients)).Invoke(slots).Invoke(tree);
            return ([.. next.Values], [.. nextState.Values]);
        }

        /// <summary>The transition of a model's parameters, as expressions.</summary>
        /// <param name="gradients">The gradients, one for each parameter.</param>
        /// <param name="state">The optimizer's state, shaped as <c>InitialState</c> makes it.</param>
        /// <param name="parameters">The parameters as they are.</param>
        /// <exception cref="ShapeError">Gradients or state do not fit the parameters, path by path.</exception>
        /// <example><code>var (nextWeights, nextMemory) = optimizer.Step(loss.Gradient(weights), slots, weights);</code></example>
        public (Tree<Expr> Parameters, Tree<Expr> State) Step(
            Tree<Expr> gradients, Tree<Expr> state, Tree<Expr> parameters) =>
            optimizer.Update.Invoke(gradients).Invoke(state).Invoke(parameters).ToValueTuple();
    }

    extension(Descent)
    {
        /// <summary>
        /// Descends an objective from a start until <paramref name="patience"/> epochs in a row each lowered it by less
        /// than <paramref name="tolerance"/>.
        /// </summary>
        /// <param name="objective">A scalar of the parameters, which is made small.</param>
        /// <param name="optimizer">How parameters follow their gradients.</param>
        /// <param name="start">
        /// The parameters, scalar variables of the objective, each with the value that it begins with.
        /// </param>
        /// <param name="maxEpochs">The most steps, after which the descent ends as it is.</param>
        /// <param name="patience">How many steps in a row may gain less than the tolerance, 1 or more.</param>
        /// <param name="tolerance">How much lower a step must make the objective to count, 0 or more.</param>
        /// <exception cref="DomainError">The objective is no longer finite: the rate is too high.</exception>
        /// <exception cref="ShapeError">The objective is no scalar, or a parameter is no scalar variable.</exception>
        /// <example><code>var descent = Descent.Run((x - 2).Pow(2) + 3, Optimizers.Sgd(0.01), [(x, 50)]);</code></example>
        public static Descent Run(
            Expr objective,
            Optimizer optimizer,
            IReadOnlyList<(Expr Parameter, double Start)> start,
            int maxEpochs = 5000,
            int patience = 50,
            double tolerance = 1e-8) =>
            DescentModule.run(
                new StopRule(maxEpochs, patience, tolerance),
                optimizer,
                objective,
                Interop.List(start.Select(s => s.Parameter)),
                Interop.List(start.Select(s => s.Start)));
    }
}
