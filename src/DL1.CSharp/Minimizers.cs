namespace DL1;

/// <summary>
/// The minimisers of MathNet.Numerics for any scalar expression of f64 variables, with its exact gradient and Hessian. Each
/// variable has a start value, of its shape. What stops them is a tolerance (of the simplex's values, of the gradient), and a
/// number of iterations, more than which are a <see cref="DomainError"/>.
/// </summary>
public static class Minimizers
{
    private static Tree<Tensor> Start(IEnumerable<(Expr Variable, Tensor Value)> start) =>
        Trees.From(start.Select(s => (Interop.VariableOf(s.Variable, "Minimizers").Name, s.Value)));

    extension(Expr objective)
    {
        /// <summary>By values alone (Nelder and Mead 1965): for a few variables, and objectives with kinks.</summary>
        /// <example><code>var lowest = Functions.Abs(u - 2).MinimizeByNelderMead([(u, 0.0)]);</code></example>
        public Minimum MinimizeByNelderMead(
            IEnumerable<(Expr Variable, Tensor Value)> start, double tolerance = 1e-8, int maxIterations = 10000) =>
            Classical.nelderMead(new MinimizerOptions(tolerance, maxIterations), objective, Start(start));

        /// <summary>By values and gradients, whose changes tell the curvature (Broyden, Fletcher, Goldfarb, Shanno 1970).</summary>
        /// <example><code>var minimum = ((u - 2).Pow(2) + 3).MinimizeByBfgs([(u, 0.0)]);</code></example>
        public Minimum MinimizeByBfgs(
            IEnumerable<(Expr Variable, Tensor Value)> start, double tolerance = 1e-8, int maxIterations = 10000) =>
            Classical.bfgs(new MinimizerOptions(tolerance, maxIterations), objective, Start(start));

        /// <summary>By values, gradients and Hessians, along a line that descends: for smooth objectives.</summary>
        /// <example><code>var bottom = (Functions.Exp(u) - 2 * u).MinimizeByNewton([(u, 0.0)]);</code></example>
        public Minimum MinimizeByNewton(
            IEnumerable<(Expr Variable, Tensor Value)> start, double tolerance = 1e-8, int maxIterations = 10000) =>
            Classical.newton(new MinimizerOptions(tolerance, maxIterations), objective, Start(start));
    }
}
