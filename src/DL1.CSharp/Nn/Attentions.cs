namespace DL1;

/// <summary>
/// The parts of attention. A mask broadcasts to <c>[batch; heads; queries; keys]</c>: truth values, true where attention is
/// allowed, or numbers that are added to the scores.
/// </summary>
public static class Attentions
{
    /// <summary>Each query sees itself and what is before it: <c>[queries; keys]</c>, the last of both aligned.</summary>
    /// <param name="queries">The number of queries.</param>
    /// <param name="keys">The number of keys.</param>
    /// <exception cref="ShapeError">A number is below 0.</exception>
    /// <example><code>Attentions.CausalMask(4, 4)</code></example>
    public static Expr CausalMask(int queries, int keys) => Attention.causalMask(queries, keys);

    /// <summary>
    /// From truth values <c>[batch; keys]</c>, true where a key is real and not padding: <c>[batch; 1; 1; keys]</c>.
    /// </summary>
    /// <param name="isReal">Truth values <c>[batch; keys]</c>, true where a key is real.</param>
    /// <exception cref="ShapeError">The truth values are no matrix.</exception>
    /// <example><code>Attentions.PaddingMask(isReal)</code></example>
    public static Expr PaddingMask(Expr isReal) => Attention.paddingMask(isReal);

    /// <summary>
    /// True at the places before each row's length: whole numbers <c>[batch]</c> give <c>[batch; length]</c>. A row whose
    /// length is 0 or less is padding everywhere.
    /// </summary>
    /// <param name="lengths">Whole numbers <c>[batch]</c>: how many places of each row are real.</param>
    /// <param name="length">The number of places of a row, padding counted.</param>
    /// <exception cref="ShapeError">The lengths are no vector of whole numbers.</exception>
    /// <example><code>Attentions.IsReal(lengths, 5)</code></example>
    public static Expr IsReal(Expr lengths, int length) => DL1.PaddingMask.mask(length, lengths);

    /// <summary>True where a token is not that of padding: whole numbers <c>[batch; length]</c> give truth values of their shape.</summary>
    /// <param name="tokens">Whole numbers <c>[batch; length]</c>.</param>
    /// <param name="padding">The number of the token that fills rows up, such as <c>vocabulary.Padding</c>.</param>
    /// <exception cref="ShapeError">The tokens are no whole numbers.</exception>
    /// <exception cref="DomainError">There is no padding.</exception>
    /// <example><code>Attentions.IsToken(tokens, padding: 0)</code></example>
    public static Expr IsToken(Expr tokens, int? padding) => DL1.PaddingMask.ofTokens(
        padding ?? throw new DomainError(
            "Attentions.IsToken", "no padding", "the number of a token", "make the vocabulary with padding: true"), tokens);

    /// <summary>How many places of each row are real: truth values <c>[batch; length]</c> give i64 <c>[batch]</c>.</summary>
    /// <param name="isReal">Truth values <c>[batch; length]</c>, true where a place is real.</param>
    /// <exception cref="ShapeError">The truth values are no matrix.</exception>
    /// <example><code>Attentions.Lengths(isReal)</code></example>
    public static Expr Lengths(Expr isReal) => DL1.PaddingMask.lengths(isReal);

    /// <summary>How much each query attends to each key: softmax(Q·Kᵀ/√d) along the keys.</summary>
    /// <param name="query">Queries <c>[batch; heads; queries; d]</c>.</param>
    /// <param name="key">Keys <c>[batch; heads; keys; d]</c>.</param>
    /// <param name="mask">Broadcasts to <c>[batch; heads; queries; keys]</c>; every query sees every key unless given.</param>
    /// <exception cref="ShapeError">
    /// Queries and keys differ in type or in features, or the mask does not broadcast to the scores.
    /// </exception>
    /// <example><code>Attentions.Weights(q, k, Attentions.CausalMask(4, 4))</code></example>
    public static Expr Weights(Expr query, Expr key, Expr? mask = null) =>
        Attention.weights(Interop.Option(mask), query, key);

    /// <summary>softmax(Q·Kᵀ/√d)·V, with d the features of a head.</summary>
    /// <param name="query">Queries <c>[batch; heads; queries; d]</c>.</param>
    /// <param name="key">Keys <c>[batch; heads; keys; d]</c>.</param>
    /// <param name="value">Values <c>[batch; heads; keys; features]</c>.</param>
    /// <param name="mask">Broadcasts to <c>[batch; heads; queries; keys]</c>; every query sees every key unless given.</param>
    /// <exception cref="ShapeError">
    /// Queries, keys and values do not fit one another, or the mask does not broadcast to the scores.
    /// </exception>
    /// <example><code>Attentions.ScaledDotProduct(q, k, v)</code></example>
    public static Expr ScaledDotProduct(Expr query, Expr key, Expr value, Expr? mask = null) =>
        Attention.scaledDotProduct(Interop.Option(mask), query, key, value);

    /// <summary>
    /// softmax(Q·Kᵀ/√d)·V where several heads of queries share one of keys and values: <c>[batch; heads; length; d]</c>
    /// each, with as many heads of values as of keys, and a multiple of them for the queries.
    /// </summary>
    /// <param name="query">Queries <c>[batch; heads; queries; d]</c>; their heads are a multiple of those of the keys.</param>
    /// <param name="key">Keys <c>[batch; key heads; keys; d]</c>.</param>
    /// <param name="value">Values <c>[batch; key heads; keys; d]</c>.</param>
    /// <param name="mask">Broadcasts to <c>[batch; heads; queries; keys]</c>; every query sees every key unless given.</param>
    /// <exception cref="ShapeError">The heads do not divide.</exception>
    /// <example><code>Attentions.GroupedScaledDotProduct(queries, keys, values)</code></example>
    public static Expr GroupedScaledDotProduct(Expr query, Expr key, Expr value, Expr? mask = null) =>
        GroupedAttention.scaledDotProduct(Interop.Option(mask), query, key, value);

    /// <summary>
    /// Rotary positions (Su et al. 2021): pairs of the features of <c>[...; length; d]</c> turned by angles that grow with the
    /// place, so that the score of a query and a key depends on their distance alone.
    /// </summary>
    /// <param name="x">Queries or keys; d is even.</param>
    /// <param name="options">Which features are paired, and the base: <c>RotaryOptions.Default</c> unless given.</param>
    /// <param name="places">Numbers <c>[length]</c>: 0, 1, 2, ... unless given.</param>
    /// <exception cref="ShapeError">An odd number of features, or another number of places.</exception>
    /// <example><code>Attentions.Rotate(q)</code></example>
    public static Expr Rotate(Expr x, RotaryOptions? options = null, Expr? places = null) =>
        places is null
            ? Rotary.rotate(options ?? Rotary.options, x)
            : Rotary.rotateAt(options ?? Rotary.options, places, x);

    /// <summary>The sinusoids of places, f32 <c>[length; features]</c>.</summary>
    /// <param name="length">The number of places.</param>
    /// <param name="features">The features of each place, 1 or more: sines on even ones, cosines on odd ones.</param>
    /// <exception cref="ShapeError">A number is below 0, or the result would be too large for a tensor.</exception>
    /// <example><code>Attentions.Sinusoids(16, 64)</code></example>
    public static Expr Sinusoids(int length, int features) => Transformer.sinusoids(DType.F32, length, features);
}
