namespace DL1;

/// <summary>
/// Draws from logits <c>[...; classes]</c>, of which some may be left out: what is left out becomes −∞. Each function takes
/// expressions, or tensors, which are computed at once.
/// </summary>
public static class Samplers
{
    internal static SamplingOptions Options(double temperature, int? topK, double? topP) =>
        new(temperature, Interop.Optional(topK), Interop.Optional(topP));

    /// <summary>Logits over a temperature: below 1 the likely become likelier, above 1 chances come nearer to each other.</summary>
    /// <param name="logits">Logits <c>[...; classes]</c>.</param>
    /// <param name="value">The temperature, finite and above 0.</param>
    /// <exception cref="DomainError">The temperature is not above 0 and finite.</exception>
    /// <exception cref="ShapeError">The logits are not <c>[...; classes]</c> of f32 or f64, or have no classes.</exception>
    /// <example><code>Samplers.Temperature(x, 0.5)</code></example>
    public static Expr Temperature(Expr logits, double value) => Sampling.temperature(value, logits);

    /// <summary>The k greatest logits, and those equal to the least of them; the others become −∞.</summary>
    /// <param name="logits">Logits <c>[...; classes]</c>.</param>
    /// <param name="k">How many logits stay, 1 or more.</param>
    /// <exception cref="DomainError">k is below 1.</exception>
    /// <exception cref="ShapeError">The axis is not there, or these are truth values.</exception>
    /// <example><code>Samplers.TopK(x, 2)</code></example>
    public static Expr TopK(Expr logits, int k) => Sampling.topK(k, logits);

    /// <summary>
    /// The likeliest classes whose chances together first reach p; the others become −∞: the nucleus of Holtzman et al. (2020).
    /// </summary>
    /// <param name="logits">Logits <c>[...; classes]</c>.</param>
    /// <param name="p">The chance that the classes that stay must reach together: above 0, at most 1.</param>
    /// <exception cref="DomainError">p is outside (0, 1].</exception>
    /// <exception cref="ShapeError">The logits are not <c>[...; classes]</c> of f32 or f64, or have no classes.</exception>
    /// <example><code>Samplers.TopP(x, 0.9)</code></example>
    public static Expr TopP(Expr logits, double p) => Sampling.topP(p, logits);

    /// <summary>A class for each row of logits, drawn with a key (i32 <c>[2]</c>): i64 <c>[...]</c>.</summary>
    /// <param name="logits"><c>[...; classes]</c>.</param>
    /// <param name="key">What is drawn with: the same key gives the same classes.</param>
    /// <param name="temperature">What logits are divided by.</param>
    /// <param name="topK">How many of the likeliest classes may be drawn; all unless given.</param>
    /// <param name="topP">The chance that the likeliest classes together must reach; all unless given.</param>
    /// <exception cref="DomainError">The temperature, k or p is out of its range.</exception>
    /// <exception cref="ShapeError">The logits are not <c>[...; classes]</c> of f32 or f64, or have no classes.</exception>
    /// <example><code>Samplers.Draw(x, key, temperature: 0.8, topK: 2)</code></example>
    public static Expr Draw(Expr logits, Expr key, double temperature = 1, int? topK = null, double? topP = null) =>
        Sampling.draw(Options(temperature, topK, topP), logits, key);

    /// <summary>Logits that are left by a temperature, k and p.</summary>
    /// <param name="logits">Logits <c>[...; classes]</c>.</param>
    /// <param name="temperature">
    /// What logits are divided by, above 0: below 1 the likely become likelier, 1 changes nothing.
    /// </param>
    /// <param name="topK">How many of the likeliest may be drawn, 1 or more; all unless given.</param>
    /// <param name="topP">
    /// The chance, above 0 and at most 1, that the likeliest together must reach to be drawn; all unless given.
    /// </param>
    /// <exception cref="DomainError">The temperature, k or p is out of its range.</exception>
    /// <exception cref="ShapeError">The logits are not <c>[...; classes]</c> of f32 or f64, or have no classes.</exception>
    /// <example><code>Tensor left = Samplers.Filter(logits, topK: 2);</code></example>
    public static Tensor Filter(Tensor logits, double temperature = 1, int? topK = null, double? topP = null) =>
        logits.Compute(x => Sampling.filter(Options(temperature, topK, topP), x));

    /// <summary>A class for each row of logits, drawn with a key: i64 <c>[...]</c>.</summary>
    /// <param name="logits">Logits <c>[...; classes]</c>.</param>
    /// <param name="key">What is drawn with: the same key gives the same result.</param>
    /// <param name="temperature">
    /// What logits are divided by, above 0: below 1 the likely become likelier, 1 changes nothing.
    /// </param>
    /// <param name="topK">How many of the likeliest may be drawn, 1 or more; all unless given.</param>
    /// <param name="topP">
    /// The chance, above 0 and at most 1, that the likeliest together must reach to be drawn; all unless given.
    /// </param>
    /// <exception cref="DomainError">The temperature, k or p is out of its range.</exception>
    /// <exception cref="ShapeError">The logits are not <c>[...; classes]</c> of f32 or f64, or have no classes.</exception>
    /// <example><code>Tensor classes = Samplers.Draw(logits, Key.OfSeed(1), topP: 0.9);</code></example>
    public static Tensor Draw(Tensor logits, Key key, double temperature = 1, int? topK = null, double? topP = null) =>
        logits.Compute(KeyModule.toTensor(key), (x, k) => Sampling.draw(Options(temperature, topK, topP), x, k));
}
