using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Computed = DL1.TensorFunctions.TensorModule;

namespace DL1;

/// <summary>
/// What expressions compute, of tensors at once: arithmetic is <c>+ - * /</c> between tensors and numbers; for what is not here
/// there is <c>Compute</c>, with any function of expressions. Code that is compiled for types and shapes is kept.
/// </summary>
public static class ComputedTensorExtensions
{
    extension(Tensor)
    {
        /// <summary>Numbers from <c>start</c> on, <c>step</c> apart, to before <c>stop</c>; f32.</summary>
        /// <param name="start">The first number.</param>
        /// <param name="stop">The end, which is not reached.</param>
        /// <param name="step">From one number to the next: not 0; below 0 they fall.</param>
        /// <exception cref="DomainError">The step is 0, or one of the numbers is not finite.</exception>
        /// <example><code>var tens = Tensor.Range(0, 100, 10);</code></example>
        public static Tensor Range(double start, double stop, double step = 1) =>
            TensorModule.range(DType.F32, start, stop, step);

        /// <summary>Elements of <c>then</c> where the condition holds, of <c>otherwise</c> elsewhere; all broadcast.</summary>
        /// <param name="condition">Truth values, of a shape that broadcasts with the others.</param>
        /// <param name="then">What stands where the condition holds.</param>
        /// <param name="otherwise">What stands elsewhere, of the same type.</param>
        /// <exception cref="ShapeError">The condition has no truth values, types differ, or shapes do not broadcast.</exception>
        /// <example><code>var larger = Tensor.Where(a > b, a, b);</code></example>
        public static Tensor Where(Tensor condition, Tensor then, Tensor otherwise) =>
            Computed.where(condition, then, otherwise);

        /// <summary>Tensors one after another along an axis; the other extents are equal.</summary>
        /// <param name="axis">The axis along which they stand; −1 is the last.</param>
        /// <param name="parts">Tensors of one type, one or more, equal in all other extents.</param>
        /// <exception cref="ShapeError">There is no tensor, or types or the other extents differ.</exception>
        /// <example><code>var all = Tensor.Concat(0, a, b);</code></example>
        public static Tensor Concat(int axis, params Tensor[] parts) =>
            Computed.concat(axis, Interop.List(parts));

        /// <summary>Tensors of one shape side by side along a new axis.</summary>
        /// <param name="axis">Where the new axis stands in the result; −1 puts it last.</param>
        /// <param name="parts">Tensors of one type and shape, one or more.</param>
        /// <exception cref="ShapeError">There is no tensor, or types or shapes differ.</exception>
        /// <example><code>var pair = Tensor.Stack(0, a, b);</code></example>
        public static Tensor Stack(int axis, params Tensor[] parts) =>
            Computed.stack(axis, Interop.List(parts));

        /// <summary>The larger of each pair of elements, broadcast.</summary>
        /// <param name="a">The first operand.</param>
        /// <param name="b">The second operand; it broadcasts with the first.</param>
        /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
        /// <example><code>var upper = Tensor.Maximum(a, b);</code></example>
        public static Tensor Maximum(Tensor a, Tensor b) => Computed.maximum(a, b);

        /// <summary>The smaller of each pair of elements, broadcast.</summary>
        /// <param name="a">The first operand.</param>
        /// <param name="b">The second operand; it broadcasts with the first.</param>
        /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
        /// <example><code>var lower = Tensor.Minimum(a, b);</code></example>
        public static Tensor Minimum(Tensor a, Tensor b) => Computed.minimum(a, b);

        /// <summary>Where the first is larger, as truth values, broadcast.</summary>
        /// <example><code>var isLarger = a > b;</code></example>
        public static Tensor operator >(Tensor a, Tensor b) => Computed.greater(a, b);

        /// <summary>Where the first is smaller, as truth values, broadcast.</summary>
        /// <example><code>var isSmaller = a &lt; b;</code></example>
        public static Tensor operator <(Tensor a, Tensor b) => Computed.less(a, b);

        /// <summary>Where the first is larger or equal, as truth values, broadcast.</summary>
        /// <example><code>var isNotSmaller = a >= b;</code></example>
        public static Tensor operator >=(Tensor a, Tensor b) => Computed.greaterEqual(a, b);

        /// <summary>Where the first is smaller or equal, as truth values, broadcast.</summary>
        /// <example><code>var isNotLarger = a &lt;= b;</code></example>
        public static Tensor operator <=(Tensor a, Tensor b) => Computed.lessEqual(a, b);

        /// <summary>Where elements are larger than a number, as truth values.</summary>
        /// <example><code>var isPositive = a > 0;</code></example>
        public static Tensor operator >(Tensor a, double b) => a.Compute(x => x > b);

        /// <summary>Where elements are smaller than a number, as truth values.</summary>
        /// <example><code>var isNegative = a &lt; 0;</code></example>
        public static Tensor operator <(Tensor a, double b) => a.Compute(x => x < b);

        /// <summary>Where elements are larger than a number or equal to it, as truth values.</summary>
        /// <example><code>var isNotNegative = a >= 0;</code></example>
        public static Tensor operator >=(Tensor a, double b) => a.Compute(x => x >= b);

        /// <summary>Where elements are smaller than a number or equal to it, as truth values.</summary>
        /// <example><code>var isNotPositive = a &lt;= 0;</code></example>
        public static Tensor operator <=(Tensor a, double b) => a.Compute(x => x <= b);
    }

    extension(Tensor t)
    {
        private FSharpList<int> Axes(int[] axes) =>
            axes.Length == 0 ? Interop.List(Enumerable.Range(0, t.Rank)) : Interop.List(axes);

        private Tensor Reduced(Tensor result, int[] axes, bool keepAxes) =>
            keepAxes ? Computed.keepDims(Interop.Function<FSharpList<int>, Tensor, Tensor>((_, _) => result), t.Axes(axes), t) : result;

        /// <summary>What a function of expressions gives for this tensor; a chain of operations is one pass over memory.</summary>
        /// <param name="function">From this tensor as an expression to what is computed.</param>
        /// <exception cref="DomainError">The function uses a variable that has no value here.</exception>
        /// <example><code>var p = scores.Compute(x => (x / 10).Softmax());</code></example>
        public Tensor Compute(Func<Expr, Expr> function) =>
            Computed.compute(Interop.Function(function), t);

        /// <summary>What a function of two expressions gives for this tensor and another.</summary>
        /// <param name="other">The second argument of the function.</param>
        /// <param name="function">From both tensors as expressions to what is computed.</param>
        /// <exception cref="ShapeError">The function refuses tensors of these types and shapes.</exception>
        /// <example><code>var hidden = data.Compute(weights, (x, w) => Tanh(x.MatMul(w)));</code></example>
        public Tensor Compute(Tensor other, Func<Expr, Expr, Expr> function) =>
            DL1.Compute.many(
                FSharpFunc<FSharpList<Expr>, FSharpList<Expr>>.FromConverter(
                    xs => Interop.Answers([function(xs[0], xs[1])])),
                Interop.List([t, other])).Head;

        /// <summary>Where elements are equal, as truth values, broadcast; <c>==</c> compares whole tensors.</summary>
        /// <param name="other">What it is compared with; it broadcasts.</param>
        /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
        /// <example><code>var hits = predicted.EqualTo(labels);</code></example>
        public Tensor EqualTo(Tensor other) => Computed.equal(t, other);

        /// <summary>Where elements differ, as truth values, broadcast; <c>!=</c> compares whole tensors.</summary>
        /// <param name="other">What it is compared with; it broadcasts.</param>
        /// <exception cref="ShapeError">Types differ.</exception>
        /// <example><code>var misses = predicted.NotEqualTo(labels);</code></example>
        public Tensor NotEqualTo(Tensor other) => Computed.notEqual(t, other);

        /// <summary>Each element held between two bounds.</summary>
        /// <param name="low">The lower bound.</param>
        /// <param name="high">The upper bound, not below the lower one.</param>
        /// <exception cref="DomainError">The lower bound is above the upper one, or one is NaN.</exception>
        /// <exception cref="ShapeError">A bound is no number of this type.</exception>
        /// <example><code>var shares = t.Clip(0, 1);</code></example>
        public Tensor Clip(double low, double high) => Computed.clip(low, high, t);

        /// <summary>The sum over axes; over all of them where none is named.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or these are truth values.</exception>
        /// <example><code>var total = t.Sum();</code></example>
        public Tensor Sum(params int[] axes) => Computed.sum(t.Axes(axes), t);

        /// <summary>The same over axes that stay, with extent 1, where <c>keepAxes</c> is true.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <param name="keepAxes">Whether the reduced axes stay, with extent 1.</param>
        /// <exception cref="ShapeError">An axis is not there, or these are truth values.</exception>
        /// <example><code>var centredSum = t - t.Sum([0], keepAxes: true);</code></example>
        public Tensor Sum(int[] axes, bool keepAxes) => t.Reduced(t.Sum(axes), axes, keepAxes);

        /// <summary>The product over axes; over all of them where none is named.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or these are truth values.</exception>
        /// <example><code>var product = t.Prod(0);</code></example>
        public Tensor Prod(params int[] axes) => Computed.prod(t.Axes(axes), t);

        /// <summary>The same over axes that stay, with extent 1, where <c>keepAxes</c> is true.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <param name="keepAxes">Whether the reduced axes stay, with extent 1.</param>
        /// <exception cref="ShapeError">An axis is not there, or these are truth values.</exception>
        /// <example><code>var centredProd = t - t.Prod([0], keepAxes: true);</code></example>
        public Tensor Prod(int[] axes, bool keepAxes) => t.Reduced(t.Prod(axes), axes, keepAxes);

        /// <summary>The mean over axes; over all of them where none is named.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var means = t.Mean(0);</code></example>
        public Tensor Mean(params int[] axes) => Computed.mean(t.Axes(axes), t);

        /// <summary>The same over axes that stay, with extent 1, where <c>keepAxes</c> is true.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <param name="keepAxes">Whether the reduced axes stay, with extent 1.</param>
        /// <exception cref="ShapeError">An axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var centredMean = t - t.Mean([0], keepAxes: true);</code></example>
        public Tensor Mean(int[] axes, bool keepAxes) => t.Reduced(t.Mean(axes), axes, keepAxes);

        /// <summary>The largest over axes; over all of them where none is named.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or is empty; or these are truth values.</exception>
        /// <example><code>var peaks = t.Max(0);</code></example>
        public Tensor Max(params int[] axes) => Computed.max(t.Axes(axes), t);

        /// <summary>The same over axes that stay, with extent 1, where <c>keepAxes</c> is true.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <param name="keepAxes">Whether the reduced axes stay, with extent 1.</param>
        /// <exception cref="ShapeError">An axis is not there, or is empty; or these are truth values.</exception>
        /// <example><code>var centredMax = t - t.Max([0], keepAxes: true);</code></example>
        public Tensor Max(int[] axes, bool keepAxes) => t.Reduced(t.Max(axes), axes, keepAxes);

        /// <summary>The smallest over axes; over all of them where none is named.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or is empty; or these are truth values.</exception>
        /// <example><code>var lows = t.Min(0);</code></example>
        public Tensor Min(params int[] axes) => Computed.min(t.Axes(axes), t);

        /// <summary>The same over axes that stay, with extent 1, where <c>keepAxes</c> is true.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <param name="keepAxes">Whether the reduced axes stay, with extent 1.</param>
        /// <exception cref="ShapeError">An axis is not there, or is empty; or these are truth values.</exception>
        /// <example><code>var centredMin = t - t.Min([0], keepAxes: true);</code></example>
        public Tensor Min(int[] axes, bool keepAxes) => t.Reduced(t.Min(axes), axes, keepAxes);

        /// <summary>The variance over axes (all, where none is named): Σ (x − mean)² / count.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var spread = t.Variance(0);</code></example>
        public Tensor Variance(params int[] axes) => Computed.variance(0, t.Axes(axes), t);

        /// <summary>Where along an axis the largest element is, as i64; the first of equal ones.</summary>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there, or is empty; or these are truth values.</exception>
        /// <example><code>var classes = scores.ArgMax();</code></example>
        public Tensor ArgMax(int axis = -1) => Computed.argMax(axis, t);

        /// <summary>Where along an axis the smallest element is, as i64; the first of equal ones.</summary>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there, or is empty; or these are truth values.</exception>
        /// <example><code>var nearest = distances.ArgMin();</code></example>
        public Tensor ArgMin(int axis = -1) => Computed.argMin(axis, t);

        /// <summary>The product of two matrices, or of stacks of them.</summary>
        /// <param name="other">The right factor, <c>[...; k; n]</c>; leading axes broadcast.</param>
        /// <exception cref="ShapeError">
        /// Types differ, there are no matrices, the inner extents differ, or the leading axes do not broadcast.
        /// </exception>
        /// <example><code>var projected = rows.MatMul(directions);</code></example>
        public Tensor MatMul(Tensor other) => Computed.matmul(t, other);

        /// <summary>The axes in another order.</summary>
        /// <param name="permutation">The operand's axes in the order of the result, each once.</param>
        /// <exception cref="ShapeError">Each axis is not named once.</exception>
        /// <example><code>var columns = rows.Transpose(1, 0);</code></example>
        public Tensor Transpose(params int[] permutation) =>
            Computed.transpose(Interop.List(permutation), t);
    }
}
