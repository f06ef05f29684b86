namespace DL1;

/// <summary>
/// Minimisers for any scalar expression of f64 variables, with its exact gradient and Hessian. Each
/// variable has a start value, of its shape and of any type of numbers. What stops them is a tolerance (of the simplex's
/// values, of the gradient), and a number of iterations, more than which are a <see cref="DomainError"/>. From maxima and
/// saddles they go on downhill; an objective without a minimum is a <see cref="DomainError"/>. The result's <c>Kind</c> says
/// what derivatives tell of the point.
/// </summary>
public static class MinimizerExtensions
{
    private static Tree<Tensor> Start(IEnumerable<(Expr Variable, Tensor Value)> start) =>
        Trees.From(start.Select(s => (Interop.VariableOf(s.Variable, "Minimizers").Name, s.Value)));

    extension(Expr objective)
    {
        /// <summary>
        /// What derivatives say of a point of an objective: whether it is a minimum, a maximum, a saddle, flat, or none of them
        /// because the gradient does not vanish. The gradient counts as 0 where what the objective would still gain by it is at
        /// most the tolerance.
        /// </summary>
        /// <param name="point">A value for each variable of the objective.</param>
        /// <param name="tolerance">What the objective must still gain for the gradient not to count as 0, 0 or more.</param>
        /// <exception cref="DomainError">A variable has no value, or one that is not finite.</exception>
        /// <example><code>PointKind kind = (u * u - u.Pow(4)).KindAt([(u, 0.0)]);</code></example>
        public PointKind KindAt(IEnumerable<(Expr Variable, Tensor Value)> point, double tolerance = 1e-8) =>
            Classical.kindOf(tolerance, objective, Start(point));

        /// <summary>By values alone (Nelder and Mead 1965): for a few variables, and objectives with kinks.</summary>
        /// <param name="start">A value to begin with for each variable of the objective.</param>
        /// <param name="tolerance">What counts as flat: of the simplex's values, 0 or more.</param>
        /// <param name="maxIterations">The most iterations; a minimum that takes more is refused.</param>
        /// <exception cref="ShapeError">
        /// The objective is no scalar, a variable is not of f64, or a value has another shape than its variable.
        /// </exception>
        /// <exception cref="DomainError">
        /// A variable has no value, the objective is not finite, or there is no minimum within the iterations.
        /// </exception>
        /// <example><code>var lowest = Functions.Abs(u - 2).MinimizeByNelderMead([(u, 0.0)]);</code></example>
        public Minimum MinimizeByNelderMead(
            IEnumerable<(Expr Variable, Tensor Value)> start, double tolerance = 1e-8, int maxIterations = 10000) =>
            Classical.nelderMead(new MinimizerOptions(tolerance, maxIterations), objective, Start(start));

        /// <summary>By values and gradients, whose changes tell the curvature (Broyden, Fletcher, Goldfarb, Shanno 1970).</summary>
        /// <param name="start">A value to begin with for each variable of the objective.</param>
        /// <param name="tolerance">What counts as flat: of the gradient, relative to the values, 0 or more.</param>
        /// <param name="maxIterations">The most iterations; a minimum that takes more is refused.</param>
        /// <exception cref="ShapeError">
        /// The objective is no scalar, a variable is not of f64, or a value has another shape than its variable.
        /// </exception>
        /// <exception cref="DomainError">
        /// A variable has no value, the objective is not finite, or there is no minimum within the iterations.
        /// </exception>
        /// <example><code>var minimum = ((u - 2).Pow(2) + 3).MinimizeByBfgs([(u, 0.0)]);</code></example>
        public Minimum MinimizeByBfgs(
            IEnumerable<(Expr Variable, Tensor Value)> start, double tolerance = 1e-8, int maxIterations = 10000) =>
            Classical.bfgs(new MinimizerOptions(tolerance, maxIterations), objective, Start(start));

        /// <summary>By values, gradients and Hessians, along a line that descends: for smooth objectives.</summary>
        /// <param name="start">A value to begin with for each variable of the objective.</param>
        /// <param name="tolerance">What counts as flat: of the gradient, relative to the values, 0 or more.</param>
        /// <param name="maxIterations">The most iterations; a minimum that takes more is refused.</param>
        /// <exception cref="ShapeError">
        /// The objective is no scalar, a variable is not of f64, or a value has another shape than its variable.
        /// </exception>
        /// <exception cref="DomainError">
        /// A variable has no value, the objective is not finite, or there is no minimum within the iterations.
        /// </exception>
        /// <example><code>var bottom = (Functions.Exp(u) - 2 * u).MinimizeByNewton([(u, 0.0)]);</code></example>
        public Minimum MinimizeByNewton(
            IEnumerable<(Expr Variable, Tensor Value)> start, double tolerance = 1e-8, int maxIterations = 10000) =>
            Classical.newton(new MinimizerOptions(tolerance, maxIterations), objective, Start(start));
    }
}
