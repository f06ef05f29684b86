namespace DL1;

/// <content>Activation functions as layers: each element by itself, the shape stays.</content>
public static partial class Layers
{
    /// <summary>max(x, 0).</summary>
    /// <example><code>Layers.Relu()</code></example>
    public static Layer<Expr, Expr> Relu() => Activation.relu;

    /// <summary>x where positive, slope·x elsewhere.</summary>
    /// <param name="slope">The factor of what is not positive.</param>
    /// <example><code>Layers.LeakyRelu(0.1)</code></example>
    public static Layer<Expr, Expr> LeakyRelu(double slope = 0.01) => Activation.leakyRelu(slope);

    /// <summary>
    /// x where positive, a·x elsewhere, with a learnt slope that begins at 0.25 (He et al. 2015). Parameter <c>weight</c>:
    /// <c>[1]</c>, or <c>[channels]</c> for data <c>[batch; channels; ...]</c>.
    /// </summary>
    /// <param name="perChannel">Whether each channel has a slope of its own; else there is one for all.</param>
    /// <example><code>Layers.PRelu(perChannel: true)</code></example>
    public static Layer<Expr, Expr> PRelu(bool perChannel = false) => Activation.prelu(perChannel);

    /// <summary>x where positive, α·(eˣ − 1) elsewhere.</summary>
    /// <param name="alpha">The scale α of what is not positive; −α is the limit at −∞.</param>
    /// <example><code>Layers.Elu()</code></example>
    public static Layer<Expr, Expr> Elu(double alpha = 1) => Activation.elu(alpha);

    /// <summary>The self-normalising ELU.</summary>
    /// <example><code>Layers.Selu()</code></example>
    public static Layer<Expr, Expr> Selu() => Activation.selu;

    /// <summary>x·Φ(x), by the error function.</summary>
    /// <example><code>Layers.Gelu()</code></example>
    public static Layer<Expr, Expr> Gelu() => Activation.gelu;

    /// <summary>x·σ(x).</summary>
    /// <example><code>Layers.Silu()</code></example>
    public static Layer<Expr, Expr> Silu() => Activation.silu;

    /// <summary>x·tanh(softplus x).</summary>
    /// <example><code>Layers.Mish()</code></example>
    public static Layer<Expr, Expr> Mish() => Activation.mish;

    /// <summary>x held between −1 and 1.</summary>
    /// <example><code>Layers.Hardtanh()</code></example>
    public static Layer<Expr, Expr> Hardtanh() => Activation.hardtanh;

    /// <summary>x / (1 + |x|).</summary>
    /// <example><code>Layers.Softsign()</code></example>
    public static Layer<Expr, Expr> Softsign() => Activation.softsign;

    /// <summary>log(1 + eˣ).</summary>
    /// <example><code>Layers.Softplus()</code></example>
    public static Layer<Expr, Expr> Softplus() => Activation.softplus;

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    /// <example><code>Layers.Sigmoid()</code></example>
    public static Layer<Expr, Expr> Sigmoid() => Activation.sigmoid;

    /// <summary>log σ(x).</summary>
    /// <example><code>Layers.LogSigmoid()</code></example>
    public static Layer<Expr, Expr> LogSigmoid() => Activation.logSigmoid;

    /// <summary>The hyperbolic tangent.</summary>
    /// <example><code>Layers.Tanh()</code></example>
    public static Layer<Expr, Expr> Tanh() => Activation.tanh;

    /// <summary>exp(x) / Σ exp(x) along an axis. For a loss, <c>Losses.CrossEntropy</c> takes logits as they are.</summary>
    /// <param name="axis">The axis; −1 is the last.</param>
    /// <example><code>Layers.Softmax()</code></example>
    public static Layer<Expr, Expr> Softmax(int axis = -1) => Activation.softmax(axis);

    /// <summary>The logarithm of the softmax along an axis.</summary>
    /// <param name="axis">The axis; −1 is the last.</param>
    /// <example><code>Layers.LogSoftmax()</code></example>
    public static Layer<Expr, Expr> LogSoftmax(int axis = -1) => Activation.logSoftmax(axis);

    /// <summary>x held between 0 and 6.</summary>
    /// <example><code>Layers.Relu6()</code></example>
    public static Layer<Expr, Expr> Relu6() => Activation.relu6;

    /// <summary>The sigmoid by straight lines: relu6(x + 3) / 6.</summary>
    /// <example><code>Layers.HardSigmoid()</code></example>
    public static Layer<Expr, Expr> HardSigmoid() => Activation.hardSigmoid;

    /// <summary>x·relu6(x + 3) / 6 (Howard et al. 2019).</summary>
    /// <example><code>Layers.HardSwish()</code></example>
    public static Layer<Expr, Expr> HardSwish() => Activation.hardSwish;

    /// <summary>x where positive, α·(exp(x/α) − 1) elsewhere (Barron 2017).</summary>
    /// <param name="alpha">The scale α of what is not positive: finite and not 0; −α is the limit at −∞.</param>
    /// <exception cref="DomainError">α is 0 or not finite.</exception>
    /// <example><code>Layers.Celu()</code></example>
    public static Layer<Expr, Expr> Celu(double alpha = 1) => Activation.celu(alpha);

    /// <summary>x·Φ(x) by tanh, as GPT-2 has it.</summary>
    /// <example><code>Layers.GeluTanh()</code></example>
    public static Layer<Expr, Expr> GeluTanh() => Activation.geluTanh;

    /// <summary>x where |x| is above λ, else 0.</summary>
    /// <param name="lambda">The magnitude λ up to which elements become 0.</param>
    /// <example><code>Layers.HardShrink()</code></example>
    public static Layer<Expr, Expr> HardShrink(double lambda = 0.5) => Activation.hardShrink(lambda);

    /// <summary>x drawn towards 0 by λ.</summary>
    /// <param name="lambda">The magnitude λ by which elements are drawn towards 0, 0 or more.</param>
    /// <exception cref="DomainError">λ is below 0.</exception>
    /// <example><code>Layers.SoftShrink()</code></example>
    public static Layer<Expr, Expr> SoftShrink(double lambda = 0.5) => Activation.softShrink(lambda);

    /// <summary>x − tanh x.</summary>
    /// <example><code>Layers.TanhShrink()</code></example>
    public static Layer<Expr, Expr> TanhShrink() => Activation.tanhShrink;

    /// <summary>x where it is above a limit, a value elsewhere.</summary>
    /// <param name="limit">Elements that are above it stay.</param>
    /// <param name="value">What stands in the place of the others.</param>
    /// <example><code>Layers.Threshold(0.1, 20)</code></example>
    public static Layer<Expr, Expr> Threshold(double limit, double value) => Activation.threshold(limit, value);

    /// <summary>The first half of an axis times the sigmoid of the second half; the extent is halved (Dauphin et al. 2017).</summary>
    /// <param name="axis">The axis that is halved; its extent is even. −1 is the last.</param>
    /// <exception cref="ShapeError">The extent is odd.</exception>
    /// <example><code>Layers.Glu()</code></example>
    public static Layer<Expr, Expr> Glu(int axis = -1) => Activation.glu(axis);
}
