namespace DL1;

/// <summary>Gradients as formulas with matrices, as in a textbook.</summary>
public static class MatrixFormulaExtensions
{
    extension(Expr f)
    {
        /// <summary>
        /// The gradients of a scalar as formulas with matrices: <c>∂L/∂W₁ = Xᵀ·((P − Y)·W₂ᵀ ⊙ σ′(Z))</c>, each with its shapes, in
        /// LaTeX, and as an expression. Vectors are columns. What no matrices say is given as an expression, with the reason.
        /// </summary>
        /// <param name="wrt">Variables, or named values inside.</param>
        /// <param name="names">Names of values inside, put in for what they stand for; the loss is L unless it is named.</param>
        /// <param name="symmetric">Matrices that are equal to their transposes.</param>
        /// <param name="stochastic">Matrices whose rows each add up to 1, such as one-hot targets.</param>
        /// <param name="stepwise">Whether gradients are written by those of the values named: <c>∂L/∂W₁ = Xᵀ·∂L/∂Z</c>; these come first.</param>
        /// <exception cref="ShapeError">The expression is no scalar of f32 or f64.</exception>
        /// <exception cref="DomainError">There is nothing to differentiate by.</exception>
        /// <example><code>var formulas = loss.MatrixGradients([w], names: [("P", p)], stochastic: [y]);</code></example>
        public IReadOnlyList<MatrixFormula> MatrixGradients(
            IEnumerable<Expr> wrt,
            IEnumerable<(string Name, Expr Expr)>? names = null,
            IEnumerable<Expr>? symmetric = null,
            IEnumerable<Expr>? stochastic = null,
            bool stepwise = false) =>
            MatrixCalculus.gradients(Notation(names, symmetric, stochastic, stepwise), Interop.List(wrt), f);

        /// <summary>What an expression is made of, with matrices and the names given: <c>H = σ(Z)</c>.</summary>
        /// <param name="names">Names of values inside, and of the expression itself.</param>
        /// <example><code>Console.WriteLine(h.MatrixForm(("Z", z), ("H", h))); // H = σ(Z)</code></example>
        public MatrixFormula MatrixForm(params (string Name, Expr Expr)[] names) =>
            MatrixCalculus.write(Notation(names, null, null, false), f);
    }

    private static MatrixNotation Notation(
        IEnumerable<(string Name, Expr Expr)>? names,
        IEnumerable<Expr>? symmetric,
        IEnumerable<Expr>? stochastic,
        bool stepwise) =>
        new(
            Interop.List((names ?? []).Select(n => Tuple.Create(n.Name, n.Expr))),
            Interop.List(symmetric ?? []),
            Interop.List(stochastic ?? []),
            stepwise);
}
