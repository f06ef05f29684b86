namespace DL1;

/// <summary>Functions along an axis, and sums of products by the names of axes, from C#.</summary>
public static class AlongAxisExtensions
{
    extension(Expr)
    {
        /// <summary>
        /// The sum of products that a formula names: a letter for each axis, operands separated by commas, the axes of the
        /// result after <c>-&gt;</c>; letters that are not among those are summed over. A letter that stands twice in one
        /// operand takes its diagonal. Operands are multiplied from the left.
        /// </summary>
        /// <param name="formula">
        /// A letter for each axis, such as <c>ij,jk-&gt;ik</c>; without <c>-&gt;</c> the result has the letters that stand
        /// once, in alphabetical order.
        /// </param>
        /// <param name="operands">One for each part between commas, with as many axes as that part has letters.</param>
        /// <exception cref="ShapeError">A letter with two extents, or more axes than letters.</exception>
        /// <example><code>var products = Expr.Einsum("bij,bjk->bik", a, b);</code></example>
        public static Expr Einsum(string formula, params Expr[] operands) =>
            DL1.Einsum.einsum(formula, Interop.List(operands));

        /// <summary>log(exp a + exp b), without overflow.</summary>
        /// <param name="a">Numbers of any shape.</param>
        /// <param name="b">Numbers of the same type, whose shape broadcasts with the first.</param>
        /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
        /// <example><code>var either = Expr.LogAddExp(a, b);</code></example>
        public static Expr LogAddExp(Expr a, Expr b) => Axes.logAddExp(a, b);
    }

    extension(Expr x)
    {
        /// <summary>The running product along an axis.</summary>
        /// <param name="axis">The axis along which it is computed; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there.</exception>
        /// <example><code>var factors = rates.CumProd();</code></example>
        public Expr CumProd(int axis = -1) => Axes.cumProd(axis, x);

        /// <summary>The largest element so far along an axis; NaN from the first NaN on.</summary>
        /// <param name="axis">The axis along which it is computed; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there.</exception>
        /// <example><code>var records = x.CumMax();</code></example>
        public Expr CumMax(int axis = -1) => Axes.cumMax(axis, x);

        /// <summary>The smallest element so far along an axis; NaN from the first NaN on.</summary>
        /// <param name="axis">The axis along which it is computed; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there.</exception>
        /// <example><code>var lows = x.CumMin();</code></example>
        public Expr CumMin(int axis = -1) => Axes.cumMin(axis, x);

        /// <summary>The running log Σ exp(x) along an axis, without overflow.</summary>
        /// <param name="axis">The axis along which it is computed; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there.</exception>
        /// <example><code>var totals = x.CumLogSumExp();</code></example>
        public Expr CumLogSumExp(int axis = -1) => Axes.cumLogSumExp(axis, x);

        /// <summary>The elements moved along an axis, those that leave one end entering at the other.</summary>
        /// <param name="shift">By how many places elements move towards the end; below 0 towards the beginning.</param>
        /// <param name="axis">The axis along which it is computed; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there.</exception>
        /// <example><code>var before = x.Roll(1);</code></example>
        public Expr Roll(int shift, int axis = -1) => Axes.roll(shift, axis, x);

        /// <summary>Each element of an axis several times in a row: [a; b] twice is [a; a; b; b].</summary>
        /// <param name="times">How often each element stands in the result, 0 or more.</param>
        /// <param name="axis">The axis along which it is computed; −1 is the last.</param>
        /// <exception cref="DomainError">A negative number of times.</exception>
        /// <exception cref="ShapeError">The axis is not there, or the result would be too large for a tensor.</exception>
        /// <example><code>var doubled = x.RepeatEach(2);</code></example>
        public Expr RepeatEach(int times, int axis = -1) => Axes.repeatEach(times, axis, x);

        /// <summary>The lower triangle of a matrix <c>[...; m; n]</c>, zeros above the diagonal that lies <paramref name="offset"/> above the main one.</summary>
        /// <param name="offset">How far the last diagonal that is kept lies above the main one; below 0 it lies under it.</param>
        /// <exception cref="ShapeError">There are fewer than two axes.</exception>
        /// <example><code>var past = m.LowerTriangle();</code></example>
        public Expr LowerTriangle(int offset = 0) => Axes.lowerTriangle(offset, x);

        /// <summary>The upper triangle of a matrix <c>[...; m; n]</c>, zeros below the diagonal that lies <paramref name="offset"/> above the main one.</summary>
        /// <param name="offset">
        /// How far the first diagonal that is kept lies above the main one; below 0 it lies under it.
        /// </param>
        /// <exception cref="ShapeError">There are fewer than two axes.</exception>
        /// <example><code>var future = m.UpperTriangle(1);</code></example>
        public Expr UpperTriangle(int offset = 0) => Axes.upperTriangle(offset, x);

        /// <summary>The first half of an axis times the sigmoid of the second half; the extent is halved (Dauphin et al. 2017).</summary>
        /// <param name="axis">The axis that is halved; its extent is even. −1 is the last.</param>
        /// <exception cref="ShapeError">The extent is odd.</exception>
        /// <example><code>var gated = m.Glu();</code></example>
        public Expr Glu(int axis = -1) => Axes.glu(axis, x);
    }
}
