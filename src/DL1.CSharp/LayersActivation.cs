namespace DL1;

/// <content>Activation functions as layers: each element by itself, the shape stays.</content>
public static partial class Layers
{
    /// <summary>max(x, 0).</summary>
    /// <example><code>Layers.Relu()</code></example>
    public static Layer<Expr, Expr> Relu() => Activation.relu;

    /// <summary>x where positive, slope·x elsewhere.</summary>
    /// <example><code>Layers.LeakyRelu(0.1)</code></example>
    public static Layer<Expr, Expr> LeakyRelu(double slope = 0.01) => Activation.leakyRelu(slope);

    /// <summary>
    /// x where positive, a·x elsewhere, with a learnt slope that begins at 0.25 (He et al. 2015). Parameter <c>weight</c>:
    /// <c>[1]</c>, or <c>[channels]</c> for data <c>[batch; channels; ...]</c>.
    /// </summary>
    /// <example><code>Layers.PRelu(perChannel: true)</code></example>
    public static Layer<Expr, Expr> PRelu(bool perChannel = false) => Activation.prelu(perChannel);

    /// <summary>x where positive, α·(eˣ − 1) elsewhere.</summary>
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
    /// <example><code>Layers.Softmax()</code></example>
    public static Layer<Expr, Expr> Softmax(int axis = -1) => Activation.softmax(axis);

    /// <summary>The logarithm of the softmax along an axis.</summary>
    /// <example><code>Layers.LogSoftmax()</code></example>
    public static Layer<Expr, Expr> LogSoftmax(int axis = -1) => Activation.logSoftmax(axis);
}
