namespace DL1;

/// <summary>Products of vectors and matrices, truth values, padding, and sums at indices, from C#.</summary>
public static class LinearAlgebraExtensions
{
    extension(Expr)
    {
        /// <summary>Both of two truth values.</summary>
        /// <param name="a">Truth values.</param>
        /// <param name="b">Truth values, of a shape that broadcasts with the first.</param>
        /// <exception cref="ShapeError">The operands are no truth values, or their shapes do not broadcast.</exception>
        /// <example><code>var inside = Expr.And(x > 0, x &lt; 1);</code></example>
        public static Expr And(Expr a, Expr b) => ExprModule.both(a, b);

        /// <summary>Either of two truth values.</summary>
        /// <param name="a">Truth values.</param>
        /// <param name="b">Truth values, of a shape that broadcasts with the first.</param>
        /// <exception cref="ShapeError">The operands are no truth values, or their shapes do not broadcast.</exception>
        /// <example><code>var outside = Expr.Or(x &lt; 0, x > 1);</code></example>
        public static Expr Or(Expr a, Expr b) => ExprModule.either(a, b);

        /// <summary>Where elements differ, as truth values. (<c>!=</c> compares expressions.)</summary>
        /// <param name="a">The first operand.</param>
        /// <param name="b">The second operand; it broadcasts with the first.</param>
        /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
        /// <example><code>var misses = Expr.NotEqual(predicted, labels);</code></example>
        public static Expr NotEqual(Expr a, Expr b) => ExprModule.notEqual(a, b);
    }

    extension(Expr x)
    {
        /// <summary>The negation of truth values.</summary>
        /// <exception cref="ShapeError">These are no truth values.</exception>
        /// <example><code>var missing = present.Not();</code></example>
        public Expr Not() => ExprModule.unary(UnaryOp.Not, x);

        /// <summary>The inner product of two vectors <c>[n]</c>.</summary>
        /// <param name="other">A vector <c>[n]</c> of the same length and type.</param>
        /// <exception cref="ShapeError">The two are no vectors of one length and type.</exception>
        /// <example><code>var similarity = a.Dot(b);</code></example>
        public Expr Dot(Expr other) => Linear.dot(x, other);

        /// <summary>The outer product of vectors <c>[m]</c> and <c>[n]</c>: <c>[m; n]</c>.</summary>
        /// <param name="other">A vector <c>[n]</c> of the same type.</param>
        /// <exception cref="ShapeError">The two are no vectors of one type.</exception>
        /// <example><code>var table = rows.Outer(columns);</code></example>
        public Expr Outer(Expr other) => Linear.outer(x, other);

        /// <summary>This matrix <c>[m; n]</c> times a vector <c>[n]</c>.</summary>
        /// <param name="vector">A vector <c>[n]</c> of the same type.</param>
        /// <exception cref="ShapeError">The other is no vector of this type whose length is the matrix's columns.</exception>
        /// <example><code>var y = a.MatVec(v);</code></example>
        public Expr MatVec(Expr vector) => Linear.matvec(x, vector);

        /// <summary>Rows of the identity for class indices: <c>[...]</c> to <c>[...; classes]</c>, f32.</summary>
        /// <param name="classes">The number of classes; indices are from 0 below it.</param>
        /// <exception cref="ShapeError">The indices are no whole numbers, or the number of classes is below 0.</exception>
        /// <example><code>var targets = labels.OneHot(10);</code></example>
        public Expr OneHot(int classes) => Linear.oneHot(DType.F32, classes, x);

        /// <summary>A value put before and after the elements of each axis.</summary>
        /// <param name="before">
        /// How many elements are put before those of each axis, one number for each; below 0 it crops.
        /// </param>
        /// <param name="after">How many elements are put after those of each axis, one number for each; below 0 it crops.</param>
        /// <param name="value">What is put there.</param>
        /// <exception cref="ShapeError">
        /// There is not one number before and one after for each axis, or an extent would be below 0.
        /// </exception>
        /// <example><code>var framed = image.Pad([1, 1], [1, 1]);</code></example>
        public Expr Pad(IEnumerable<int> before, IEnumerable<int> after, double value = 0) =>
            ExprModule.pad(Interop.List(before), Interop.List(after), value, x);

        /// <summary>Zeros of an extent along an axis, with each of these updates added to the slice of its index.</summary>
        /// <param name="axis">The axis of the result that the slices are added along; −1 is the last.</param>
        /// <param name="extent">Its extent in the result.</param>
        /// <param name="indices">Where each slice is added: whole numbers (i32 or i64) from 0 below the extent.</param>
        /// <exception cref="ShapeError">
        /// The indices are no whole numbers, the updates do not fit them, or the extent is below 0.
        /// </exception>
        /// <example><code>var counts = ones.ScatterAdd(0, 10, labels);</code></example>
        public Expr ScatterAdd(int axis, int extent, Expr indices) => ExprModule.scatterAdd(axis, extent, indices, x);
    }
}
