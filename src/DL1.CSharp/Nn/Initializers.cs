namespace DL1;

/// <summary>
/// How parameters begin. Weights are <c>[out; in; kernel...]</c>: the inputs of one output (fan-in) are in·kernel, the
/// outputs of one input (fan-out) out·kernel. The gain makes up for what the activation takes away: √2 for ReLU, 5/3 for
/// tanh.
/// </summary>
public static class Initializers
{
    /// <summary>Zeros.</summary>
    /// <example><code>Layers.Linear(10, biasInit: Initializers.Zeros)</code></example>
    public static Initializer Zeros => Init.zeros;

    /// <summary>Ones.</summary>
    /// <example><code>Layers.Linear(10, biasInit: Initializers.Ones)</code></example>
    public static Initializer Ones => Init.ones;

    /// <summary>PyTorch's default for weights: uniform within ±1/√fanIn.</summary>
    /// <example><code>Layers.Linear(10, weight: Initializers.Standard)</code></example>
    public static Initializer Standard => Init.standard;

    /// <summary>One value everywhere.</summary>
    /// <param name="value">A finite number.</param>
    /// <exception cref="DomainError">The value is not finite.</exception>
    /// <example><code>Layers.Linear(10, biasInit: Initializers.Constant(0.1))</code></example>
    public static Initializer Constant(double value) => Init.constant(value);

    /// <summary>Uniform in [low, high).</summary>
    /// <param name="low">The lower end, which may be drawn.</param>
    /// <param name="high">The upper end, which is not drawn.</param>
    /// <exception cref="DomainError">A bound is not finite.</exception>
    /// <example><code>Layers.Linear(10, weight: Initializers.Uniform(-0.1, 0.1))</code></example>
    public static Initializer Uniform(double low, double high) => Init.uniform(low, high);

    /// <summary>Normal.</summary>
    /// <param name="mean">The mean of the distribution.</param>
    /// <param name="deviation">The standard deviation, 0 or more.</param>
    /// <exception cref="DomainError">The mean is not finite, or the deviation is below 0 or not finite.</exception>
    /// <example><code>Layers.Linear(10, weight: Initializers.Normal(0, 0.02))</code></example>
    public static Initializer Normal(double mean = 0, double deviation = 1) => Init.normal(mean, deviation);

    /// <summary>Normal, restricted to two deviations on both sides.</summary>
    /// <param name="mean">The mean of the distribution before it is cut.</param>
    /// <param name="deviation">The standard deviation before it is cut, 0 or more.</param>
    /// <exception cref="DomainError">The mean is not finite, or the deviation is below 0 or not finite.</exception>
    /// <example><code>Layers.Linear(10, weight: Initializers.TruncatedNormal(0, 0.02))</code></example>
    public static Initializer TruncatedNormal(double mean = 0, double deviation = 1) =>
        Init.truncatedNormal(mean, deviation);

    /// <summary>Uniform within ±gain·√(6/(fanIn + fanOut)) (Glorot and Bengio 2010).</summary>
    /// <param name="gain">The factor on the deviation, which the next activation asks for: 1 for none, √2 for ReLU.</param>
    /// <exception cref="DomainError">The gain is not above 0 and finite.</exception>
    /// <example><code>Layers.Linear(10, weight: Initializers.XavierUniform())</code></example>
    public static Initializer XavierUniform(double gain = 1) => Init.xavierUniform(gain);

    /// <summary>Normal of deviation gain·√(2/(fanIn + fanOut)) (Glorot and Bengio 2010).</summary>
    /// <param name="gain">The factor on the deviation, which the next activation asks for: 1 for none, √2 for ReLU.</param>
    /// <exception cref="DomainError">The gain is not above 0 and finite.</exception>
    /// <example><code>Layers.Linear(10, weight: Initializers.XavierNormal())</code></example>
    public static Initializer XavierNormal(double gain = 1) => Init.xavierNormal(gain);

    /// <summary>Uniform within ±gain·√(3/fan) (He et al. 2015); the gain √2, for ReLU, unless given.</summary>
    /// <param name="gain">The factor on the deviation, which the next activation asks for: 1 for none, √2 for ReLU.</param>
    /// <param name="fanOut">
    /// Whether the fan is that of the outputs, which keeps the gradients' variance, and not that of the inputs.
    /// </param>
    /// <exception cref="DomainError">The gain is not above 0 and finite.</exception>
    /// <example><code>Layers.Linear(10, weight: Initializers.KaimingUniform(gain: 1))</code></example>
    public static Initializer KaimingUniform(double gain = 1.4142135623730951, bool fanOut = false) =>
        Init.kaimingUniform(fanOut ? Fan.Out : Fan.In, gain);

    /// <summary>Normal of deviation gain/√fan (He et al. 2015); the gain √2, for ReLU, unless given.</summary>
    /// <param name="gain">The factor on the deviation, which the next activation asks for: 1 for none, √2 for ReLU.</param>
    /// <param name="fanOut">
    /// Whether the fan is that of the outputs, which keeps the gradients' variance, and not that of the inputs.
    /// </param>
    /// <exception cref="DomainError">The gain is not above 0 and finite.</exception>
    /// <example><code>Layers.Linear(10, weight: Initializers.KaimingNormal())</code></example>
    public static Initializer KaimingNormal(double gain = 1.4142135623730951, bool fanOut = false) =>
        Init.kaimingNormal(fanOut ? Fan.Out : Fan.In, gain);

    /// <summary>Uniform of deviation 1/√fanIn (LeCun et al. 1998).</summary>
    /// <example><code>Layers.Linear(10, weight: Initializers.LecunUniform)</code></example>
    public static Initializer LecunUniform => Init.lecunUniform;

    /// <summary>Normal of deviation 1/√fanIn (LeCun et al. 1998).</summary>
    /// <example><code>Layers.Linear(10, weight: Initializers.LecunNormal)</code></example>
    public static Initializer LecunNormal => Init.lecunNormal;

    /// <summary>Orthonormal rows, or columns where they are fewer, times a gain (Saxe et al. 2014).</summary>
    /// <param name="gain">The factor on the orthonormal matrix.</param>
    /// <exception cref="DomainError">The gain is not above 0 and finite.</exception>
    /// <example><code>Layers.Linear(10, weight: Initializers.Orthogonal())</code></example>
    public static Initializer Orthogonal(double gain = 1) => Init.orthogonal(gain);

    /// <summary>An initializer of your own, from the element type, the extents and a key.</summary>
    /// <param name="name">What it is, for tables.</param>
    /// <param name="draw">Draws a tensor of this type and these extents.</param>
    /// <example><code>Layers.Linear(10, weight: Initializers.Create("small", (type, shape, key) => key.Normal(0, 0.001, [.. shape]).Cast(type)))</code></example>
    public static Initializer Create(string name, Func<DType, IReadOnlyList<int>, Key, Tensor> draw) =>
        new(name, Microsoft.FSharp.Core.FuncConvert.FromFunc(
            (DType type, Microsoft.FSharp.Collections.FSharpList<int> shape, Key key) => Interop.Answered(draw(type, shape, key))));

    extension(Initializer initializer)
    {
        /// <summary>A tensor of f32 as the initialiser draws it.</summary>
        /// <param name="key">What is drawn with: the same key gives the same tensor.</param>
        /// <param name="shape">The extents of the result, one for each axis; none for a scalar.</param>
        /// <exception cref="ShapeError">The initialiser needs a fan, of two axes or more.</exception>
        /// <example><code>Tensor weights = Initializers.Orthogonal().Sample(key, 4, 4);</code></example>
        public Tensor Sample(Key key, params int[] shape) =>
            initializer.Draw.Invoke(DType.F32).Invoke(Interop.List(shape)).Invoke(key);
    }
}
