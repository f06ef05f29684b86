namespace DL1;

/// <summary>Optimizers: pure transitions from parameters, gradients and state to the next parameters and state.</summary>
public static class Optimizers
{
    /// <summary>Plain descent: x ← x − rate·g.</summary>
    /// <example><code>var sgd = Optimizers.Sgd(0.01);</code></example>
    public static Optimizer Sgd(double rate) => OptimizerModule.sgd(rate);

    /// <summary>Descent with a first moment: v ← decay·v + rate·g; x ← x − v.</summary>
    /// <example><code>var momentum = Optimizers.Momentum(0.01, decay: 0.9);</code></example>
    public static Optimizer Momentum(double rate, double decay = 0.9, double initial = 0) =>
        OptimizerModule.momentumFrom(initial, decay, rate);

    /// <summary>
    /// Descent by adaptive second moments without bias correction: v ← p1·v + (1 − p1)·g; r ← p2·r + (1 − p2)·g²;
    /// x ← x − rate·v/√r.
    /// </summary>
    /// <example><code>var adaptive = Optimizers.SecondMoment(0.1);</code></example>
    public static Optimizer SecondMoment(
        double rate, double p1 = 0.9, double p2 = 0.999, double initialV = 0, double initialR = 1) =>
        OptimizerModule.secondMomentFrom(initialV, initialR, p1, p2, rate);

    extension(Optimizer optimizer)
    {
        /// <summary>The first state for these parameters.</summary>
        /// <example><code>Tensor[] state = optimizer.InitialState(weights);</code></example>
        public Tensor[] InitialState(params Tensor[] parameters) =>
            [.. OptimizerModule.start(optimizer, Interop.Numbered(parameters)).Values];

        /// <summary>The transition as expressions, to be made part of a training step.</summary>
        /// <example><code>var (next, nextState) = optimizer.Step(gradients, state, parameters);</code></example>
        public (Expr[] Parameters, Expr[] State) Step(
            IEnumerable<Expr> gradients, IEnumerable<Expr> state, IEnumerable<Expr> parameters)
        {
            var tree = Interop.Numbered(parameters);
            var slots = TreeModule.ofValues(Interop.List(state), optimizer.Init.Invoke(tree));
            var (next, nextState) = optimizer.Update.Invoke(Interop.Numbered(gradients)).Invoke(slots).Invoke(tree);
            return ([.. next.Values], [.. nextState.Values]);
        }
    }

    extension(Descent)
    {
        /// <summary>
        /// Descends an objective from a start until <paramref name="patience"/> epochs in a row each lowered it by less
        /// than <paramref name="tolerance"/>.
        /// </summary>
        /// <exception cref="DomainError">The objective is no longer finite: the rate is too high.</exception>
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
