namespace DL1;

/// <summary>
/// Linear algebra over square matrices, or stacks of them <c>[...; n; n]</c>, from C#; with derivatives of all orders. An
/// expression cannot refuse: of a singular matrix the inverse and solutions are infinite or NaN.
/// </summary>
public static class SquareMatrixExtensions
{
    extension(Expr a)
    {
        /// <summary>The determinant of each matrix, <c>[...]</c>; 0 of a singular one, whose derivative is NaN.</summary>
        /// <exception cref="ShapeError">No square matrices.</exception>
        /// <example><code>var volume = a.Det();</code></example>
        public Expr Det() => SquareMatrix.det(a);

        /// <summary>The sign of each determinant, and the logarithm of its magnitude, without overflow.</summary>
        /// <exception cref="ShapeError">No square matrices.</exception>
        /// <example><code>var (sign, logDet) = a.SignLogDet();</code></example>
        public (Expr Sign, Expr Log) SignLogDet() => SquareMatrix.signLogDet(a).ToValueTuple();

        /// <summary>The inverse of each matrix.</summary>
        /// <exception cref="ShapeError">No square matrices.</exception>
        /// <example><code>var inverse = a.Inverse();</code></example>
        public Expr Inverse() => SquareMatrix.inverse(a);

        /// <summary>The solution x of a·x = b, for a vector <c>[n]</c> or columns <c>[...; n; m]</c>.</summary>
        /// <param name="b">The right sides: a vector <c>[n]</c>, or columns <c>[...; n; m]</c>.</param>
        /// <exception cref="ShapeError">No square matrices, or right sides that do not fit.</exception>
        /// <example><code>var solution = a.Solve(b);</code></example>
        public Expr Solve(Expr b) => SquareMatrix.solve(a, b);

        /// <summary>The lower triangle L with L·L.T = a of each symmetric positive definite matrix; NaN where it is not positive definite.</summary>
        /// <exception cref="ShapeError">No square matrices.</exception>
        /// <example><code>var root = a.Cholesky();</code></example>
        public Expr Cholesky() => SquareMatrix.cholesky(a);

        /// <summary>
        /// Orthonormal columns <c>Q</c> and an upper triangle <c>R</c> with Q·R = a, of any matrix; the diagonal of R is 0 or more.
        /// </summary>
        /// <exception cref="ShapeError">No matrices, or without elements.</exception>
        /// <example><code>var (q, r) = a.Qr();</code></example>
        public (Expr Q, Expr R) Qr() => Decomposition.qr(a).ToValueTuple();

        /// <summary>
        /// The eigenvalues of each symmetric matrix in ascending order, and their vectors as columns; the lower triangle alone is read.
        /// </summary>
        /// <exception cref="ShapeError">No square matrices, or without elements.</exception>
        /// <example><code>var (values, vectors) = a.Eigh();</code></example>
        public (Expr Values, Expr Vectors) Eigh() => Decomposition.eigh(a).ToValueTuple();

        /// <summary>
        /// The singular value decomposition a = U·diag(S)·V of any matrix: left vectors as columns, values in descending order, right
        /// vectors as rows.
        /// </summary>
        /// <exception cref="ShapeError">No matrices, or without elements.</exception>
        /// <example><code>var (left, sizes, right) = a.Svd();</code></example>
        public (Expr U, Expr S, Expr V) Svd() => Decomposition.svd(a).ToValueTuple();

        /// <summary>The pseudo-inverse of any matrix.</summary>
        /// <param name="tolerance">
        /// How small a singular value is nothing, beside the greatest; unless given, the smallest step of the type beside 1, times the
        /// larger extent.
        /// </param>
        /// <exception cref="ShapeError">No matrices, or without elements.</exception>
        /// <exception cref="DomainError">The tolerance is negative or NaN.</exception>
        /// <example><code>var fitted = a.PseudoInverse().MatMul(b);</code></example>
        public Expr PseudoInverse(double? tolerance = null) =>
            tolerance is { } t ? Decomposition.pinvWith(t, a) : Decomposition.pinv(a);

        /// <summary>The main diagonal of each matrix: <c>[...; m; n]</c> gives <c>[...; min m n]</c>.</summary>
        /// <exception cref="ShapeError">Fewer than two axes.</exception>
        /// <example><code>var diagonal = a.Diagonal();</code></example>
        public Expr Diagonal() => Linear.diagonal(a);

        /// <summary>The sum of the main diagonal of each matrix.</summary>
        /// <exception cref="ShapeError">Fewer than two axes.</exception>
        /// <example><code>var trace = a.Trace();</code></example>
        public Expr Trace() => Linear.trace(a);

        /// <summary>The Kronecker product: each element of this times the whole other matrix.</summary>
        /// <param name="other">A matrix <c>[...; p; q]</c> of the same type.</param>
        /// <exception cref="ShapeError">Fewer than two axes.</exception>
        /// <example><code>var blocks = a.Kron(a);</code></example>
        public Expr Kron(Expr other) => Linear.kron(a, other);

        /// <summary>Sums of products over pairs of axes; the other axes of this, then those of the other tensor.</summary>
        /// <param name="other">The other tensor.</param>
        /// <param name="axes">Axes of this.</param>
        /// <param name="otherAxes">Axes of the other tensor, in the order of their pairs.</param>
        /// <exception cref="ShapeError">Extents of pairs that differ.</exception>
        /// <example><code>var product = a.TensorDot(a, [1], [0]);</code></example>
        public Expr TensorDot(Expr other, IEnumerable<int> axes, IEnumerable<int> otherAxes) =>
            Linear.tensorDot(Interop.List(axes), Interop.List(otherAxes), a, other);

        /// <summary>The cosine of the angle between vectors along an axis, which goes.</summary>
        /// <param name="other">Vectors of the same type; shapes broadcast.</param>
        /// <param name="axis">The axis of the vectors' elements, which goes; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there, types differ, or shapes do not broadcast.</exception>
        /// <example><code>var alike = a.CosineSimilarity(a.T);</code></example>
        public Expr CosineSimilarity(Expr other, int axis = -1) => Linear.cosineSimilarity(axis, a, other);

        /// <summary>The distances of rows <c>[...; m; d]</c> from rows <c>[...; n; d]</c> by the p-norm: <c>[...; m; n]</c>.</summary>
        /// <param name="other">The other rows.</param>
        /// <param name="p">Above 0; <see cref="double.PositiveInfinity"/> for the largest difference.</param>
        /// <exception cref="DomainError"><paramref name="p"/> is not above 0.</exception>
        /// <exception cref="ShapeError">
        /// These are no matrices of one type and as many columns, or the leading axes do not broadcast.
        /// </exception>
        /// <example><code>var apart = a.Distances(a);</code></example>
        public Expr Distances(Expr other, double p = 2) => Linear.distances(p, a, other);

        /// <summary>The p-norm (Σ |x|ᵖ)^(1/p) over axes (all, where none is named); the largest magnitude where p is infinite.</summary>
        /// <param name="p">Above 0.</param>
        /// <param name="axes">The axes, which go.</param>
        /// <exception cref="DomainError"><paramref name="p"/> is not above 0.</exception>
        /// <exception cref="ShapeError">An axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var sizes = a.PowerNorm(1, -1);</code></example>
        public Expr PowerNorm(double p, params int[] axes) =>
            Reduce.powerNorm(p, axes.Length == 0 ? ExprModule.allAxes(a) : Interop.List(axes), a);
    }
}
