using MathNet.Numerics.LinearAlgebra;

namespace DL1;

/// <summary>Tensors and keys from C#.</summary>
public static class TensorExtensions
{
    extension(Tensor)
    {
        /// <summary>Zeros of f32.</summary>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <example><code>var bias = Tensor.Zeros(10);</code></example>
        public static Tensor Zeros(params int[] shape) => TensorModule.zeros(DType.F32, Interop.List(shape));

        /// <summary>Ones of f32.</summary>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <example><code>var scale = Tensor.Ones(10);</code></example>
        public static Tensor Ones(params int[] shape) => TensorModule.ones(DType.F32, Interop.List(shape));

        /// <summary>A tensor of a type filled with one value.</summary>
        /// <param name="type">The element type.</param>
        /// <param name="value">The value of every element.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <example><code>var mask = Tensor.Full(DType.F64, -1e9, 4, 4);</code></example>
        public static Tensor Full(DType type, double value, params int[] shape) =>
            TensorModule.full(type, Interop.List(shape), value);

        /// <summary>A vector of f64, evenly spaced from first to last, both included.</summary>
        /// <param name="first">The first number.</param>
        /// <param name="last">The last number.</param>
        /// <param name="count">How many numbers there are.</param>
        /// <exception cref="ShapeError">The count is below 0, or too large for a tensor.</exception>
        /// <example><code>var grid = Tensor.Linspace(0, 10, 200);</code></example>
        public static Tensor Linspace(double first, double last, int count) =>
            TensorModule.linspace(DType.F64, first, last, count);

        /// <summary>A matrix of f64 from a rectangular array.</summary>
        /// <param name="values"><c>[rows; columns]</c>.</param>
        /// <example><code>var m = Tensor.From(new double[,] { { 1, 2 }, { 3, 4 } });</code></example>
        public static Tensor From(double[,] values) => ConvertModule.ofArray2D(values);

        /// <summary>A matrix of f32 from a rectangular array.</summary>
        /// <param name="values"><c>[rows; columns]</c>.</param>
        /// <example><code>var m = Tensor.From(new float[,] { { 1, 2 }, { 3, 4 } });</code></example>
        public static Tensor From(float[,] values) => ConvertModule.ofArray2D(values);

        /// <summary>A matrix of f64 from a rectangular array, as <c>From</c> makes it.</summary>
        /// <param name="values"><c>[rows; columns]</c>.</param>
        /// <example><code>var m = Tensor.Of(new double[,] { { 1, 2 }, { 3, 4 } });</code></example>
        public static Tensor Of(double[,] values) => ConvertModule.ofArray2D(values);

        /// <summary>A matrix of f32 from a rectangular array, as <c>From</c> makes it.</summary>
        /// <param name="values"><c>[rows; columns]</c>.</param>
        /// <example><code>var m = Tensor.Of(new float[,] { { 1, 2 }, { 3, 4 } });</code></example>
        public static Tensor Of(float[,] values) => ConvertModule.ofArray2D(values);

        /// <summary>A matrix of f64 from one of MathNet's.</summary>
        /// <param name="values">A matrix of MathNet's; it is copied.</param>
        /// <example><code>var m = Tensor.From(Matrix&lt;double&gt;.Build.DenseIdentity(3));</code></example>
        public static Tensor From(Matrix<double> values) => ConvertModule.ofMatrix(values);
    }

    extension(Tensor t)
    {
        /// <summary>The same values in another element type.</summary>
        /// <param name="type">The element type of the result.</param>
        /// <example><code>var single = t.Cast(DType.F32);</code></example>
        public Tensor Cast(DType type) => TensorModule.cast(type, t);

        /// <summary>The same elements in another shape of the same size.</summary>
        /// <param name="shape">Extents with as many elements in all.</param>
        /// <exception cref="ShapeError">The shape has more or fewer elements.</exception>
        /// <example><code>var rows = t.Reshape(10, 4);</code></example>
        public Tensor Reshape(params int[] shape) => TensorModule.reshape(Interop.List(shape), t);

        /// <summary>The value of a tensor of one element.</summary>
        /// <exception cref="ShapeError">The tensor has more or fewer elements.</exception>
        /// <example><code>double loss = results[0].ToDouble();</code></example>
        public double ToDouble() => TensorModule.toFloat(t);

        /// <summary>The elements in row-major order, as doubles whatever their type.</summary>
        /// <example><code>double[] ys = prediction.ToDoubles();</code></example>
        public double[] ToDoubles() => TensorModule.toFloats(t);

        /// <summary>The rows of the leading axis at these indices, in their order.</summary>
        /// <param name="indices">Numbers of rows, from 0; one may stand there several times.</param>
        /// <exception cref="DomainError">A row is not there.</exception>
        /// <exception cref="ShapeError">The tensor is a scalar.</exception>
        /// <example><code>var batch = images.Rows(order[..128]);</code></example>
        public Tensor Rows(IReadOnlyList<int> indices) => DL1.Rows.take("Rows", [.. indices], t);

        /// <summary>The rows of a range of the leading axis.</summary>
        /// <param name="range">Which rows, such as <c>1..^1</c>.</param>
        /// <exception cref="ShapeError">The range reaches beyond it, or the tensor is a scalar.</exception>
        /// <example><code>var lastTwo = images.Rows(^2..);</code></example>
        public Tensor Rows(Range range) => t.Slice(0, range);

        /// <summary>A row of the leading axis, which goes: of a matrix a vector, of a vector a scalar.</summary>
        /// <param name="row">The number of the row, such as <c>0</c> or <c>^1</c>.</param>
        /// <exception cref="DomainError">The row is not there.</exception>
        /// <exception cref="ShapeError">The tensor is a scalar.</exception>
        /// <example><code>Tensor last = images.Row(^1);</code></example>
        public Tensor Row(Index row)
        {
            var count = DL1.Rows.count("Row", t);
            return DL1.Rows.take("Row", [row.GetOffset(count)], t).Reshape([.. t.Shape.Skip(1)]);
        }

        /// <summary>The elements of a range along an axis; −1 is the last.</summary>
        /// <param name="axis">The axis that is cut; −1 is the last.</param>
        /// <param name="range">Which elements, such as <c>1..^1</c>.</param>
        /// <exception cref="ShapeError">The axis is not there, or the range reaches beyond it.</exception>
        /// <example><code>var leftHalf = images.Slice(-1, ..2);</code></example>
        public Tensor Slice(int axis, Range range) => t.Compute(x => x.Slice(axis, range));

        /// <summary>The elements as a matrix of MathNet's.</summary>
        /// <exception cref="ShapeError">The tensor has not two axes.</exception>
        /// <example><code>var solved = t.ToMatrix().QR();</code></example>
        public Matrix<double> ToMatrix() => ConvertModule.toMatrix<double>(TensorModule.cast(DType.F64, t));

        /// <summary>Whether type and shape agree and each |a − b| ≤ absolute + relative·|b|.</summary>
        /// <param name="other">What it is compared with; the relative tolerance is a part of its elements.</param>
        /// <param name="relative">The tolerance as a part of the other's elements.</param>
        /// <param name="absolute">The tolerance beside it.</param>
        /// <example><code>Debug.Assert(a.AllClose(b, 1e-6, 1e-9));</code></example>
        public bool AllClose(Tensor other, double relative = 1e-5, double absolute = 1e-8) =>
            TensorModule.allClose(relative, absolute, t, other);
    }

    extension(Key key)
    {
        /// <summary>Uniform numbers of f32 in [low, high).</summary>
        /// <param name="low">The lower end, which may be drawn.</param>
        /// <param name="high">The upper end, which is not drawn.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <exception cref="DomainError">The bounds are not finite, or low is not below high.</exception>
        /// <example><code>var x = key.Uniform(0, 10, 1000, 1);</code></example>
        public Tensor Uniform(double low, double high, params int[] shape) =>
            KeyModule.uniform(low, high, DType.F32, Interop.List(shape), key);

        /// <summary>Normal numbers of f32.</summary>
        /// <param name="mean">The mean of the distribution.</param>
        /// <param name="deviation">The standard deviation, 0 or more.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <exception cref="DomainError">The mean is not finite, or the deviation is below 0 or not finite.</exception>
        /// <example><code>var noise = key.Normal(0, 0.2, 1000, 1);</code></example>
        public Tensor Normal(double mean, double deviation, params int[] shape) =>
            KeyModule.normal(mean, deviation, DType.F32, Interop.List(shape), key);

        /// <summary>0 to n − 1 in random order.</summary>
        /// <param name="n">How many numbers there are, 0 or more.</param>
        /// <exception cref="DomainError">The number is below 0, or too large for memory.</exception>
        /// <example><code>int[] order = key.Permutation(7000);</code></example>
        public int[] Permutation(int n) =>
            [.. KeyModule.permutation(n, key).ToArray<long>().Select(i => (int)i)];

        /// <summary>A <see cref="System.Random"/> over this key, for MathNet's distributions.</summary>
        /// <example><code>var gamma = new Gamma(2, 1, key.ToRandom());</code></example>
        public Random ToRandom() => KeyModule.toRandom(key);

        /// <summary>Truth values, each true with this probability.</summary>
        /// <param name="probability">The chance of true, from 0 to 1.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <exception cref="DomainError">It is not from 0 to 1.</exception>
        /// <example><code>Tensor coins = key.Bernoulli(0.5, 100);</code></example>
        public Tensor Bernoulli(double probability, params int[] shape) =>
            KeyModule.bernoulli(probability, Interop.List(shape), key);

        /// <summary>Whole numbers of i64 from low, included, to high, not included.</summary>
        /// <param name="low">The smallest number that may be drawn.</param>
        /// <param name="high">The end of the range, which is not drawn; above the low one.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <exception cref="DomainError">Low is not below high.</exception>
        /// <example><code>Tensor dice = key.Integers(1, 7, 100);</code></example>
        public Tensor Integers(int low, int high, params int[] shape) =>
            KeyModule.integers(low, high, DType.I64, Interop.List(shape), key);

        /// <summary>Normal numbers of f32 between two bounds.</summary>
        /// <param name="mean">The mean of the distribution before it is cut.</param>
        /// <param name="deviation">The standard deviation before it is cut, 0 or more.</param>
        /// <param name="low">The lower bound.</param>
        /// <param name="high">The upper bound, above the lower one.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <exception cref="DomainError">The bounds are not apart, or too far out.</exception>
        /// <example><code>Tensor near = key.TruncatedNormal(0, 1, low: -2, high: 2, 100);</code></example>
        public Tensor TruncatedNormal(double mean, double deviation, double low, double high, params int[] shape) =>
            KeyModule.truncatedNormal(mean, deviation, low, high, DType.F32, Interop.List(shape), key);
    }
}
