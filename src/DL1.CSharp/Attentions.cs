namespace DL1;

/// <summary>
/// The parts of attention. A mask holds truth values, true where attention is allowed, that broadcast to
/// <c>[batch; heads; queries; keys]</c>.
/// </summary>
public static class Attentions
{
    /// <summary>Each query sees itself and what is before it: <c>[queries; keys]</c>, the last of both aligned.</summary>
    /// <example><code>Attentions.CausalMask(4, 4)</code></example>
    public static Expr CausalMask(int queries, int keys) => Attention.causalMask(queries, keys);

    /// <summary>
    /// From truth values <c>[batch; keys]</c>, true where a key is real and not padding: <c>[batch; 1; 1; keys]</c>.
    /// </summary>
    /// <example><code>Attentions.PaddingMask(isReal)</code></example>
    public static Expr PaddingMask(Expr isReal) => Attention.paddingMask(isReal);

    /// <summary>
    /// True at the places before each row's length: whole numbers <c>[batch]</c> give <c>[batch; length]</c>. A row whose
    /// length is 0 or less is padding everywhere.
    /// </summary>
    /// <exception cref="ShapeError">The lengths are no vector of whole numbers.</exception>
    /// <example><code>Attentions.IsReal(lengths, 5)</code></example>
    public static Expr IsReal(Expr lengths, int length) => DL1.PaddingMask.mask(length, lengths);

    /// <summary>True where a token is not that of padding: whole numbers <c>[batch; length]</c> give truth values of their shape.</summary>
    /// <exception cref="ShapeError">The tokens are no whole numbers.</exception>
    /// <example><code>Attentions.IsToken(tokens, padding: 0)</code></example>
    public static Expr IsToken(Expr tokens, int padding) => DL1.PaddingMask.ofTokens(padding, tokens);

    /// <summary>How many places of each row are real: truth values <c>[batch; length]</c> give i64 <c>[batch]</c>.</summary>
    /// <exception cref="ShapeError">The truth values are no matrix.</exception>
    /// <example><code>Attentions.Lengths(isReal)</code></example>
    public static Expr Lengths(Expr isReal) => DL1.PaddingMask.lengths(isReal);

    /// <summary>How much each query attends to each key: softmax(Q·Kᵀ/√d) along the keys.</summary>
    /// <example><code>Attentions.Weights(q, k, Attentions.CausalMask(4, 4))</code></example>
    public static Expr Weights(Expr query, Expr key, Expr? mask = null) =>
        Attention.weights(Interop.Option(mask), query, key);

    /// <summary>softmax(Q·Kᵀ/√d)·V, with d the features of a head.</summary>
    /// <example><code>Attentions.ScaledDotProduct(q, k, v)</code></example>
    public static Expr ScaledDotProduct(Expr query, Expr key, Expr value, Expr? mask = null) =>
        Attention.scaledDotProduct(Interop.Option(mask), query, key, value);

    /// <summary>The sinusoids of places, f32 <c>[length; features]</c>.</summary>
    /// <example><code>Attentions.Sinusoids(16, 64)</code></example>
    public static Expr Sinusoids(int length, int features) => Transformer.sinusoids(DType.F32, length, features);
}
