using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace DL1;

/// <summary>
/// Expressions from C#: making them, shaping them, reducing them. Operators (<c>+ - * /</c>, <c>&lt; &gt;</c>) work as
/// on numbers, and numbers stand where expressions may: <c>(x - 2) * x + 3</c>. Functions are in <see cref="Functions"/>.
/// </summary>
public static class ExpressionExtensions
{
    extension(Expr)
    {
        /// <summary>A scalar variable of f64, for calculus.</summary>
        /// <param name="name">The variable's name, by which it is given a value.</param>
        /// <example><code>var x = Expr.Symbol("x");</code></example>
        public static Expr Symbol(string name) => ExprModule.symbol(name);

        /// <summary>A variable of f32 with these extents.</summary>
        /// <param name="name">The variable's name, by which it is given a value.</param>
        /// <param name="shape">The extents, one for each axis; none for a scalar.</param>
        /// <example><code>var w = Expr.Variable("w", 784, 10);</code></example>
        public static Expr Variable(string name, params int[] shape) => Variable(name, DType.F32, shape);

        /// <summary>A variable of an element type with these extents.</summary>
        /// <param name="name">The variable's name, by which it is given a value.</param>
        /// <param name="type">The element type.</param>
        /// <param name="shape">The extents, one for each axis; none for a scalar.</param>
        /// <example><code>var labels = Expr.Variable("labels", DType.I64, 128);</code></example>
        public static Expr Variable(string name, DType type, params int[] shape) =>
            ExprModule.variable(name, type, Interop.List(shape));

        /// <summary>
        /// Reads a formula: what <c>ToAscii</c> writes, and what people write, <c>2x² − π·sin x</c>. Names stand for f64 scalars unless
        /// declared in front (<c>x: f32[3];</c>); <c>pi</c> is the number, and <c>e^x</c> the exponential, unless declared or quoted.
        /// </summary>
        /// <param name="text">A formula as <c>ToAscii</c> writes it, such as <c>sin(x)^2 + 1</c>.</param>
        /// <exception cref="FormatError">The text is not an expression; the message shows the place.</exception>
        /// <example><code>var f = Expr.Parse("(x - 2)^2 + 3");</code></example>
        public static Expr Parse(string text) => DL1.Parse.expr(text);

        /// <summary>A key of randomness as a constant operand, i32 <c>[2]</c>.</summary>
        /// <param name="key">The key.</param>
        /// <example><code>var mask = Expr.Key(Key.OfSeed(1)).Bernoulli(0.5, 3, 4);</code></example>
        public static Expr Key(Key key) => Draw.key(key);

        /// <summary>The first expression where the condition holds, the second elsewhere; all broadcast.</summary>
        /// <param name="condition">Truth values, of a shape that broadcasts with the others.</param>
        /// <param name="then">What stands where the condition holds.</param>
        /// <param name="otherwise">What stands elsewhere, of the same type.</param>
        /// <exception cref="ShapeError">The condition has no truth values, types differ, or shapes do not broadcast.</exception>
        /// <example><code>var positive = Expr.Where(x > 0, x, 0);</code></example>
        public static Expr Where(Expr condition, Expr then, Expr otherwise) =>
            ExprModule.@where(condition, then, otherwise);

        /// <summary>The larger of two elements; equal ones share the gradient.</summary>
        /// <param name="a">The first operand.</param>
        /// <param name="b">The second operand; it broadcasts with the first.</param>
        /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
        /// <example><code>var hinge = Expr.Maximum(0, 1 - margin);</code></example>
        public static Expr Maximum(Expr a, Expr b) => ExprModule.maximum(a, b);

        /// <summary>The smaller of two elements; equal ones share the gradient.</summary>
        /// <param name="a">The first operand.</param>
        /// <param name="b">The second operand; it broadcasts with the first.</param>
        /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
        /// <example><code>var capped = Expr.Minimum(x, 6);</code></example>
        public static Expr Minimum(Expr a, Expr b) => ExprModule.minimum(a, b);

        /// <summary>Where elements are equal, as truth values. (<c>==</c> compares expressions.)</summary>
        /// <param name="a">The first operand.</param>
        /// <param name="b">The second operand; it broadcasts with the first.</param>
        /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
        /// <example><code>var hits = Expr.Equal(predicted, labels);</code></example>
        public static Expr Equal(Expr a, Expr b) => ExprModule.equal(a, b);

        /// <summary>Expressions one after another along an axis.</summary>
        /// <param name="axis">The axis along which they stand; −1 is the last.</param>
        /// <param name="parts">Expressions of one type, one or more, equal in all other extents.</param>
        /// <exception cref="ShapeError">
        /// There is nothing to join, the axis is not there, or types or the other extents differ.
        /// </exception>
        /// <example><code>var both = Expr.Concat(1, left, right);</code></example>
        public static Expr Concat(int axis, params Expr[] parts) => ExprModule.concat(axis, Interop.List(parts));

        /// <summary>Expressions of one shape along a new axis.</summary>
        /// <param name="axis">Where the new axis stands in the result; −1 puts it last.</param>
        /// <param name="parts">Expressions of one type and shape, one or more.</param>
        /// <exception cref="ShapeError">There is nothing to join, the axis is not there, or types or shapes differ.</exception>
        /// <example><code>var pair = Expr.Stack(0, a, b);</code></example>
        public static Expr Stack(int axis, params Expr[] parts) => ExprModule.stack(axis, Interop.List(parts));

        /// <summary>
        /// A loop over the leading axis of a sequence: the body is given the carry and a slice, and gives the next carry
        /// and an output. The result is the last carry and the stacked outputs.
        /// </summary>
        /// <param name="initial">The carry before the first step.</param>
        /// <param name="sequence"><c>[steps; ...]</c>, cut along its leading axis.</param>
        /// <param name="body">From the carry and a slice to the next carry, of the same type and shape, and an output.</param>
        /// <exception cref="ShapeError">
        /// The sequence has no axis, or the next carry has another type or shape than the carry.
        /// </exception>
        /// <example><code>var (sum, sums) = Expr.Scan(0, xs, (s, x) => (s + x, s + x));</code></example>
        public static (Expr Final, Expr Outputs) Scan(Expr initial, Expr sequence, Func<Expr, Expr, (Expr, Expr)> body)
        {
            var step = FSharpFunc<Expr, FSharpFunc<Expr, Tuple<Expr, Expr>>>.FromConverter(carry =>
                FSharpFunc<Expr, Tuple<Expr, Expr>>.FromConverter(slice =>
                {
                    var (next, output) = body(carry, slice);
                    return Tuple.Create(Interop.Answered(next), Interop.Answered(output));
                }));
            return DL1.Scan.run(initial, sequence, step).ToValueTuple();
        }

        /// <summary>
        /// A function with a derivative of your own: <paramref name="gradients"/> is given the inputs and the cotangent
        /// of the value, and gives the cotangent of each input.
        /// </summary>
        /// <param name="name">The function's name in printed graphs.</param>
        /// <param name="value">From variables shaped as the inputs to the value.</param>
        /// <param name="gradients">
        /// From the inputs and the cotangent of the value to the cotangent of each input, linear in the cotangent.
        /// </param>
        /// <param name="inputs">What the function is applied to.</param>
        /// <exception cref="ShapeError">
        /// The cotangents are more or fewer than the inputs, or one has another type or shape than its input.
        /// </exception>
        /// <example><code>var y = Expr.Custom("reversed", v => v[0], (v, dy) => [-dy], x);</code></example>
        public static Expr Custom(
            string name,
            Func<IReadOnlyList<Expr>, Expr> value,
            Func<IReadOnlyList<Expr>, Expr, IEnumerable<Expr>> gradients,
            params Expr[] inputs) =>
            DL1.Scan.custom(
                name,
                FSharpFunc<FSharpList<Expr>, Expr>.FromConverter(xs => Interop.Answered(value(xs))),
                FSharpFunc<FSharpList<Expr>, FSharpFunc<Expr, FSharpList<Expr>>>.FromConverter(xs =>
                    FSharpFunc<Expr, FSharpList<Expr>>.FromConverter(dy => Interop.Answers(gradients(xs, dy)))),
                Interop.List(inputs));

        /// <summary>A function of one example, applied to a batch: inputs and outputs have the batch as leading axis.</summary>
        /// <param name="function">A function of one example: its arguments lack the leading axis.</param>
        /// <param name="inputs"><c>[batch; ...]</c>, with one extent of the batch.</param>
        /// <exception cref="ShapeError">
        /// The inputs have no leading axis, or axes of different extents; or the function refuses a slice.
        /// </exception>
        /// <example><code>var norms = Expr.Vmap(v => v[0].Norm(), rows);</code></example>
        public static Expr Vmap(Func<IReadOnlyList<Expr>, Expr> function, params Expr[] inputs) =>
            Grad.vmap(
                FSharpFunc<FSharpList<Expr>, FSharpList<Expr>>.FromConverter(xs => Interop.Answers([function(xs)])),
                Interop.List(inputs)).Head;

        /// <summary>An expression of a type and shape filled with one value: a scalar that is stretched.</summary>
        /// <param name="type">The element type.</param>
        /// <param name="value">The value of every element.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <example><code>var halves = Expr.Full(DType.F32, 0.5, 2, 3);</code></example>
        public static Expr Full(DType type, double value, params int[] shape) =>
            ExprModule.full(type, Interop.List(shape), value);
    }

    extension(Expr x)
    {
        private FSharpList<int> Axes(int[] axes) => axes.Length == 0 ? ExprModule.allAxes(x) : Interop.List(axes);

        /// <summary>The sum over axes; over all of them where none is named.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or these are truth values.</exception>
        /// <example><code>var total = x.Sum();</code></example>
        public Expr Sum(params int[] axes) => ExprModule.sum(x.Axes(axes), x);

        /// <summary>The mean over axes; over all of them where none is named.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var means = x.Mean(0);</code></example>
        public Expr Mean(params int[] axes) => Reduce.mean(x.Axes(axes), x);

        /// <summary>The product over axes; over all of them where none is named.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or these are truth values.</exception>
        /// <example><code>var volume = extents.Prod();</code></example>
        public Expr Prod(params int[] axes) => ExprModule.prod(x.Axes(axes), x);

        /// <summary>The largest over axes; over all of them where none is named.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or is empty; or these are truth values.</exception>
        /// <example><code>var peak = x.Max();</code></example>
        public Expr Max(params int[] axes) => ExprModule.max(x.Axes(axes), x);

        /// <summary>The smallest over axes; over all of them where none is named.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or is empty; or these are truth values.</exception>
        /// <example><code>var low = x.Min();</code></example>
        public Expr Min(params int[] axes) => ExprModule.min(x.Axes(axes), x);

        /// <summary>The variance over axes (all, where none is named): Σ (x − mean)² / (count − ddof), ddof 0.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var spread = x.Variance(0);</code></example>
        public Expr Variance(params int[] axes) => Reduce.variance(0, x.Axes(axes), x);

        /// <summary>The Euclidean norm over axes; over all of them where none is named.</summary>
        /// <param name="axes">The axes to reduce, −1 the last; all of them where none is named.</param>
        /// <exception cref="ShapeError">An axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var length = gradient.Norm();</code></example>
        public Expr Norm(params int[] axes) => Reduce.norm(x.Axes(axes), x);

        /// <summary>Where along an axis the largest element is, as i64.</summary>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there, or is empty; or these are truth values.</exception>
        /// <example><code>var predicted = logits.ArgMax(-1);</code></example>
        public Expr ArgMax(int axis = -1) => ExprModule.argMax(axis, x);

        /// <summary>Where along an axis the smallest element is, as i64.</summary>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there, or is empty; or these are truth values.</exception>
        /// <example><code>var nearest = distances.ArgMin(-1);</code></example>
        public Expr ArgMin(int axis = -1) => ExprModule.argMin(axis, x);

        /// <summary>The running sum along an axis.</summary>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there, or these are truth values.</exception>
        /// <example><code>var walk = steps.CumSum(0);</code></example>
        public Expr CumSum(int axis = -1) => ExprModule.cumSum(axis, x);

        /// <summary>exp(x) / Σ exp(x) along an axis.</summary>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var p = logits.Softmax();</code></example>
        public Expr Softmax(int axis = -1) => ExprModule.softmax(axis, x);

        /// <summary>The logarithm of the softmax along an axis.</summary>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var logp = logits.LogSoftmax();</code></example>
        public Expr LogSoftmax(int axis = -1) => Reduce.logSoftmax(axis, x);

        /// <summary>log Σ exp(x) along an axis, which goes.</summary>
        /// <param name="axis">The axis; −1 is the last.</param>
        /// <exception cref="ShapeError">The axis is not there, or the elements are not of f32 or f64.</exception>
        /// <example><code>var z = logits.LogSumExp();</code></example>
        public Expr LogSumExp(int axis = -1) => ExprModule.logSumExp(axis, x);

        /// <summary>
        /// The product of matrices <c>[...; m; k]</c> and <c>[...; k; n]</c>. A vector on the right is a column, one on the left a
        /// row, and the result has no axis for it.
        /// </summary>
        /// <param name="other">The right factor, <c>[...; k; n]</c> or <c>[k]</c>; leading axes broadcast.</param>
        /// <exception cref="ShapeError">
        /// Types differ, one is a scalar, the inner extents differ, or the leading axes do not broadcast.
        /// </exception>
        /// <example><code>var hidden = input.MatMul(w) + b;</code></example>
        public Expr MatMul(Expr other) => ExprModule.matmul(x, other);

        /// <summary>x raised to a power.</summary>
        /// <param name="exponent">The power; it broadcasts with the base.</param>
        /// <exception cref="ShapeError">Types differ, or shapes do not broadcast.</exception>
        /// <example><code>var square = (x - 2).Pow(2);</code></example>
        public Expr Pow(Expr exponent) => Expr.Pow(x, exponent);

        /// <summary>The same elements in another shape; one extent may be −1.</summary>
        /// <param name="shape">Extents with as many elements in all; one of them may be −1 and follows from the others.</param>
        /// <exception cref="ShapeError">The shape has more or fewer elements, or more than one extent of −1.</exception>
        /// <example><code>var rows = images.Reshape(-1, 784);</code></example>
        public Expr Reshape(params int[] shape) => ExprModule.reshape(Interop.List(shape), x);

        /// <summary>Axes in another order.</summary>
        /// <param name="permutation">The operand's axes in the order of the result, each once.</param>
        /// <exception cref="ShapeError">Each axis is not named once.</exception>
        /// <example><code>var channelsLast = images.Transpose(0, 2, 3, 1);</code></example>
        public Expr Transpose(params int[] permutation) => ExprModule.transpose(Interop.List(permutation), x);

        /// <summary>Stretched to a shape.</summary>
        /// <param name="shape">
        /// The extents of the result; axes of extent 1, and axes that are missing in front, are stretched.
        /// </param>
        /// <exception cref="ShapeError">The shape's last extents are others than these, where these are not 1.</exception>
        /// <example><code>var rows = bias.BroadcastTo(128, 10);</code></example>
        public Expr BroadcastTo(params int[] shape) => ExprModule.broadcastTo(Interop.List(shape), x);

        /// <summary>A new axis of extent 1; −1 puts it last.</summary>
        /// <param name="axis">Where the new axis stands in the result; −1 puts it last.</param>
        /// <exception cref="ShapeError">The axis is not there.</exception>
        /// <example><code>var column = vector.ExpandDims(-1);</code></example>
        public Expr ExpandDims(int axis) => ExprModule.expandDims(axis, x);

        /// <summary>Takes out axes of extent 1.</summary>
        /// <param name="axes">Axes of extent 1; −1 is the last.</param>
        /// <exception cref="ShapeError">An axis is not there, or of another extent than 1.</exception>
        /// <example><code>var vector = column.Squeeze(-1);</code></example>
        public Expr Squeeze(params int[] axes) => ExprModule.squeeze(Interop.List(axes), x);

        /// <summary>The elements of a range along an axis.</summary>
        /// <param name="axis">The axis that is cut; −1 is the last.</param>
        /// <param name="range">Which elements, such as <c>1..^1</c>.</param>
        /// <exception cref="ShapeError">The axis is not there, or the range reaches beyond it.</exception>
        /// <example><code>var firstHalf = x.Slice(0, ..50);</code></example>
        public Expr Slice(int axis, Range range)
        {
            var place = ShapeModule.axis("Slice", x.Shape, axis);
            var extent = x.Shape[place];
            int start = range.Start.GetOffset(extent), stop = range.End.GetOffset(extent);
            return start >= 0 && start <= stop && stop <= extent
                ? ExprModule.sliceAxis(place, start, stop, x)
                : throw new ShapeError(
                    "Slice",
                    FormattableString.Invariant($"{range} along axis {place} of {x.Label}: {x.DType} {x.Shape}"),
                    FormattableString.Invariant($"a range from 0 to {extent}, the start not behind the end"),
                    "count from 0; the end is not included, and ^1 is the last element");
        }

        /// <summary>The slices of an axis at indices.</summary>
        /// <param name="axis">The axis that is picked from; −1 is the last.</param>
        /// <param name="indices">Whole numbers (i32 or i64) from 0, of any shape, which takes the place of the axis.</param>
        /// <exception cref="ShapeError">The axis is not there, or the indices are no whole numbers.</exception>
        /// <example><code>var vectors = table.Gather(0, words);</code></example>
        public Expr Gather(int axis, Expr indices) => ExprModule.gather(axis, indices, x);

        /// <summary>Axes turned around.</summary>
        /// <param name="axes">The axes to turn around; −1 is the last.</param>
        /// <example><code>var mirrored = image.Reverse(-1);</code></example>
        public Expr Reverse(params int[] axes) => ExprModule.reverse(Interop.List(axes), x);

        /// <summary>The same values in another element type.</summary>
        /// <param name="type">The element type of the result.</param>
        /// <example><code>var ones = hits.Cast(DType.F32);</code></example>
        public Expr Cast(DType type) => ExprModule.cast(type, x);

        /// <summary>The same value, seen as a constant by derivatives.</summary>
        /// <example><code>var target = (reward + next).StopGradient();</code></example>
        public Expr StopGradient() => ExprModule.stopGradient(x);

        /// <summary>Truth values that hold with a probability, from this key (i32 <c>[2]</c>).</summary>
        /// <param name="probability">The chance of true, from 0 to 1.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <exception cref="ShapeError">This is no key, i32 <c>[2]</c>.</exception>
        /// <exception cref="DomainError">The probability is not from 0 to 1.</exception>
        /// <example><code>var keep = key.Bernoulli(0.8, 128, 300);</code></example>
        public Expr Bernoulli(double probability, params int[] shape) =>
            Draw.bernoulli(probability, Interop.List(shape), x);

        /// <summary>Normal numbers of f32, from this key (i32 <c>[2]</c>).</summary>
        /// <param name="mean">The mean of the distribution.</param>
        /// <param name="deviation">The standard deviation, 0 or more.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <exception cref="ShapeError">This is no key, i32 <c>[2]</c>.</exception>
        /// <exception cref="DomainError">The mean is not finite, or the deviation is below 0 or not finite.</exception>
        /// <example><code>var noise = key.Normal(0, 0.1, 128, 1);</code></example>
        public Expr Normal(double mean, double deviation, params int[] shape) =>
            Draw.normal(mean, deviation, DType.F32, Interop.List(shape), x);

        /// <summary>Uniform numbers of f32 in [low, high), from this key (i32 <c>[2]</c>).</summary>
        /// <param name="low">The lower end, which may be drawn.</param>
        /// <param name="high">The upper end, which is not drawn.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <exception cref="ShapeError">This is no key, i32 <c>[2]</c>.</exception>
        /// <exception cref="DomainError">The bounds are not finite, or low is not below high.</exception>
        /// <example><code>var u = key.Uniform(0, 1, 128);</code></example>
        public Expr Uniform(double low, double high, params int[] shape) =>
            Draw.uniform(low, high, DType.F32, Interop.List(shape), x);

        /// <summary>Independent keys from this one (i32 <c>[2]</c>).</summary>
        /// <param name="count">How many keys are made.</param>
        /// <exception cref="ShapeError">This is no key, i32 <c>[2]</c>.</exception>
        /// <exception cref="DomainError">The count is below 0.</exception>
        /// <example><code>var keys = key.SplitKey(2);</code></example>
        public Expr[] SplitKey(int count)
        {
            var keys = Draw.split(count, x);
            return [.. Enumerable.Range(0, count).Select(i => ExprModule.item(0, i, keys))];
        }

        /// <summary>Plain text that <c>Expr.Parse</c> reads back.</summary>
        /// <example><code>File.WriteAllText("loss.txt", loss.ToAscii());</code></example>
        public string ToAscii() => Text.ascii(x);

        /// <summary>LaTeX.</summary>
        /// <example><code>Console.WriteLine(f.ToLatex());</code></example>
        public string ToLatex() => Latex.ofExpr(x);

        /// <summary>A Graphviz DOT drawing of the graph.</summary>
        /// <example><code>File.WriteAllText("loss.dot", loss.ToDot());</code></example>
        public string ToDot() => Dot.ofExpr(x);
    }
}
