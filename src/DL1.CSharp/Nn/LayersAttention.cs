namespace DL1;

/// <content>Attention (Vaswani et al. 2017) and transformers over sequences <c>[batch; length; features]</c>.</content>
public static partial class Layers
{
    /// <summary>
    /// A sequence that attends to itself in several heads; <paramref name="causal"/> hides what comes later. Parameters
    /// <c>in_proj_weight</c>, <c>in_proj_bias</c>, <c>out_proj.weight</c>, <c>out_proj.bias</c>.
    /// </summary>
    /// <param name="heads">Heads of attention, 1 or more; they divide the features.</param>
    /// <param name="causal">Whether each place sees only itself and what is before it.</param>
    /// <param name="dropout">
    /// The probability of dropout on the attention's weights, in training: from 0 up to but not including 1.
    /// </param>
    /// <param name="bias">Whether the projections have biases.</param>
    /// <exception cref="ShapeError">The heads do not divide the features.</exception>
    /// <example><code>Layers.SelfAttention(4, causal: true)</code></example>
    public static Layer<Expr, Expr> SelfAttention(
        int heads, bool causal = false, double dropout = 0, bool bias = true) =>
        LayerModule.before(
            Interop.Function<Expr, (Expr Input, Expr? Mask)>(x => (
                x, causal && x.Shape.Rank > 1 ? Attention.causalMask(x.Shape[1], x.Shape[1]) : null)),
            MaskedSelfAttention(heads, dropout, bias));

    /// <summary>
    /// <c>SelfAttention</c> with a mask that broadcasts to <c>[batch; heads; queries; keys]</c>: truth values, true where
    /// attention is allowed, or numbers that are added to the scores.
    /// </summary>
    /// <param name="heads">Heads of attention, 1 or more; they divide the features.</param>
    /// <param name="dropout">
    /// The probability of dropout on the attention's weights, in training: from 0 up to but not including 1.
    /// </param>
    /// <param name="bias">Whether the projections have biases.</param>
    /// <example><code>Layers.MaskedSelfAttention(4)</code></example>
    public static Layer<(Expr Input, Expr? Mask), Expr> MaskedSelfAttention(
        int heads, double dropout = 0, bool bias = true) =>
        LayerModule.before(
            Interop.Function<(Expr Input, Expr? Mask), Tuple<Expr, Microsoft.FSharp.Core.FSharpOption<Expr>?>>(x =>
                Tuple.Create(x.Input, Interop.Option(x.Mask))),
            Attention.maskedSelfWith(new AttentionOptions(heads, dropout, bias)));

    /// <summary>
    /// Several heads, each attending in its own projection; queries <c>[batch; queries; features]</c> and memory
    /// <c>[batch; keys; features]</c> may differ. A mask holds truth values, true where attention is allowed, or numbers that
    /// are added to the scores.
    /// </summary>
    /// <param name="heads">Heads of attention, 1 or more; they divide the features.</param>
    /// <param name="dropout">
    /// The probability of dropout on the attention's weights, in training: from 0 up to but not including 1.
    /// </param>
    /// <param name="bias">Whether the projections have biases.</param>
    /// <example><code>Layers.MultiHeadAttention(4)</code></example>
    public static Layer<(Expr Query, Expr Memory, Expr? Mask), Expr> MultiHeadAttention(
        int heads, double dropout = 0, bool bias = true) =>
        LayerModule.before(
            Interop.Function<(Expr Query, Expr Memory, Expr? Mask), AttentionInput>(x =>
                new AttentionInput(x.Query, x.Memory, Interop.Option(x.Mask))),
            Attention.multiHeadWith(new AttentionOptions(heads, dropout, bias)));

    /// <summary>
    /// Several heads that attend to keys and values which may differ from one another, in their features too, as PyTorch's
    /// <c>MultiheadAttention</c> with <c>kdim</c> and <c>vdim</c>. The weights <c>[batch; heads; queries; keys]</c> are a
    /// result. Where keys or values have other features than queries, the parameters are <c>q_proj_weight</c>,
    /// <c>k_proj_weight</c>, <c>v_proj_weight</c>, else <c>in_proj_weight</c>.
    /// </summary>
    /// <param name="heads">Heads of attention, 1 or more; they divide the features.</param>
    /// <param name="dropout">
    /// The probability of dropout on the attention's weights, in training: from 0 up to but not including 1.
    /// </param>
    /// <param name="bias">Whether the projections have biases.</param>
    /// <exception cref="ShapeError">The heads do not divide the features, or keys and values are of different lengths.</exception>
    /// <example><code>Layers.GeneralAttention(4, bias: false)</code></example>
    public static Layer<(Expr Query, Expr Key, Expr Value, Expr? Mask), (Expr Output, Expr Weights)> GeneralAttention(
        int heads, double dropout = 0, bool bias = true) =>
        LayerModule.before(
            Interop.Function<(Expr Query, Expr Key, Expr Value, Expr? Mask), AttentionParts>(x =>
                new AttentionParts(x.Query, x.Key, x.Value, Interop.Option(x.Mask))),
            LayerModule.map(
                Interop.Function<AttentionResult, (Expr Output, Expr Weights)>(r => (r.Output, r.Weights)),
                Attention.general(new AttentionOptions(heads, dropout, bias))));

    private static GroupedAttentionOptions Grouped(
        int heads, int keyHeads, RotaryOptions? rotary, bool causal, double dropout, bool bias) =>
        new(heads, keyHeads, Interop.Option(rotary), causal, bias, dropout);

    /// <summary>
    /// A sequence <c>[batch; length; features]</c> that attends to itself, where several heads of queries share one head of
    /// keys and values (Ainslie et al. 2023), with rotary positions if asked for. Parameters as in Llama:
    /// <c>q_proj.weight</c>, <c>k_proj.weight</c>, <c>v_proj.weight</c>, <c>o_proj.weight</c>.
    /// </summary>
    /// <param name="heads">Heads of the queries; they divide the features.</param>
    /// <param name="keyHeads">Heads of keys and values; they divide the heads. One is multi-query attention.</param>
    /// <param name="rotary">Rotary positions, such as <c>RotaryOptions.Default</c>; none unless given.</param>
    /// <param name="causal">Whether each place sees only itself and what is before it.</param>
    /// <param name="dropout">The probability of dropout on the weights, in training.</param>
    /// <param name="bias">Whether the projections of queries, keys and values have biases.</param>
    /// <exception cref="ShapeError">The heads do not divide.</exception>
    /// <example><code>Layers.GroupedAttention(4, keyHeads: 2, RotaryOptions.Default)</code></example>
    public static Layer<Expr, Expr> GroupedAttention(
        int heads, int keyHeads, RotaryOptions? rotary = null, bool causal = true, double dropout = 0, bool bias = false) =>
        DL1.GroupedAttention.self(Grouped(heads, keyHeads, rotary, causal, dropout, bias));

    /// <summary><c>GroupedAttention</c> with a mask of your own beside <paramref name="causal"/>.</summary>
    /// <param name="heads">Heads of attention, 1 or more; they divide the features.</param>
    /// <param name="keyHeads">Heads of keys and values; they divide the heads. One is multi-query attention.</param>
    /// <param name="rotary">Rotary positions, such as <c>RotaryOptions.Default</c>; none unless given.</param>
    /// <param name="causal">Whether each place sees only itself and what is before it.</param>
    /// <param name="dropout">
    /// The probability of dropout on the attention's weights, in training: from 0 up to but not including 1.
    /// </param>
    /// <param name="bias">Whether the projections have biases.</param>
    /// <exception cref="ShapeError">The heads do not divide.</exception>
    /// <example><code>Layers.MaskedGroupedAttention(4, keyHeads: 2)</code></example>
    public static Layer<(Expr Input, Expr? Mask), Expr> MaskedGroupedAttention(
        int heads, int keyHeads, RotaryOptions? rotary = null, bool causal = true, double dropout = 0, bool bias = false) =>
        LayerModule.before(
            Interop.Function<(Expr Input, Expr? Mask), Tuple<Expr, Microsoft.FSharp.Core.FSharpOption<Expr>?>>(x =>
                Tuple.Create(x.Input, Interop.Option(x.Mask))),
            DL1.GroupedAttention.masked(Grouped(heads, keyHeads, rotary, causal, dropout, bias)));

    private static TransformerOptions Transformed(
        int heads, int inner, double dropout, bool normFirst, bool causal, Func<Expr, Expr>? activation, double normEpsilon,
        bool finalNorm, bool bias) =>
        new(
            heads, inner, dropout, normFirst, causal, Interop.Function(activation ?? ExprModule.relu), normEpsilon, finalNorm,
            bias);

    /// <summary>
    /// A transformer's encoder layer: self-attention, then two linear layers, with residuals; the shape stays. Parameters as
    /// in PyTorch: <c>self_attn</c>, <c>linear1</c>, <c>linear2</c>, <c>norm1</c>, <c>norm2</c>.
    /// </summary>
    /// <param name="heads">Heads of attention; they divide the features.</param>
    /// <param name="inner">Features between the two linear layers.</param>
    /// <param name="dropout">The probability of dropout, after attention, between the linear layers and after them.</param>
    /// <param name="normFirst">Normalisation before each part (Xiong et al. 2020), or after it, as it was first.</param>
    /// <param name="causal">Whether each place sees only what is before it.</param>
    /// <param name="activation">Between the linear layers: ReLU unless given.</param>
    /// <param name="normEpsilon">What normalisations add to the variance.</param>
    /// <param name="bias">Whether projections, linear layers and normalisations have biases.</param>
    /// <example><code>Layers.TransformerEncoderLayer(4, 64, activation: Functions.Gelu)</code></example>
    public static Layer<Expr, Expr> TransformerEncoderLayer(
        int heads, int inner, double dropout = 0.1, bool normFirst = false, bool causal = false,
        Func<Expr, Expr>? activation = null, double normEpsilon = 1e-5, bool bias = true) =>
        Transformer.encoderLayer(
            Transformed(heads, inner, dropout, normFirst, causal, activation, normEpsilon, false, bias));

    /// <summary><c>TransformerEncoderLayer</c> with padding and a mask of your own: see <c>MaskedTransformerEncoder</c>.</summary>
    /// <param name="heads">Heads of attention, 1 or more; they divide the features.</param>
    /// <param name="inner">Features between the two linear layers, 1 or more.</param>
    /// <param name="dropout">
    /// The probability of dropout after attention, between the linear layers and after them, in training.
    /// </param>
    /// <param name="normFirst">
    /// Whether normalisation stands before each part (Xiong et al. 2020), or after it, as it was first.
    /// </param>
    /// <param name="causal">Whether each place sees only itself and what is before it.</param>
    /// <param name="activation">Between the linear layers: ReLU unless given.</param>
    /// <param name="normEpsilon">What normalisations add to the variance, above 0.</param>
    /// <param name="bias">Whether projections, linear layers and normalisations have biases.</param>
    /// <example><code>Layers.MaskedTransformerEncoderLayer(4, 64)</code></example>
    public static Layer<(Expr Input, Expr? IsReal, Expr? Mask), Expr> MaskedTransformerEncoderLayer(
        int heads, int inner, double dropout = 0.1, bool normFirst = false, bool causal = false,
        Func<Expr, Expr>? activation = null, double normEpsilon = 1e-5, bool bias = true) =>
        Masked(Transformer.maskedEncoderLayer(
            Transformed(heads, inner, dropout, normFirst, causal, activation, normEpsilon, false, bias)));

    private static Layer<(Expr Input, Expr? IsReal, Expr? Mask), Expr> Masked(Layer<MaskedSequence, MaskedSequence> layer) =>
        LayerModule.before(
            Interop.Function<(Expr Input, Expr? IsReal, Expr? Mask), MaskedSequence>(x =>
                new MaskedSequence(Padded(x.Input, x.IsReal), Interop.Option(x.Mask))),
            LayerModule.map(Interop.Function<MaskedSequence, Expr>(x => x.Sequence.Values), layer));

    /// <summary>
    /// Encoder layers in a row, with PyTorch's names: <c>layers.0.self_attn.in_proj_weight</c>. Padding is told by truth
    /// values <c>[batch; length]</c>, true where a place is real. With <paramref name="finalNorm"/> a normalisation
    /// <c>norm</c> stands behind the last layer: usual where <paramref name="normFirst"/> is.
    /// </summary>
    /// <param name="layers">The number of layers in a row, 1 or more.</param>
    /// <param name="heads">Heads of attention, 1 or more; they divide the features.</param>
    /// <param name="inner">Features between the two linear layers, 1 or more.</param>
    /// <param name="dropout">
    /// The probability of dropout after attention, between the linear layers and after them, in training.
    /// </param>
    /// <param name="normFirst">
    /// Whether normalisation stands before each part (Xiong et al. 2020), or after it, as it was first.
    /// </param>
    /// <param name="causal">Whether each place sees only itself and what is before it.</param>
    /// <param name="activation">Between the linear layers: ReLU unless given.</param>
    /// <param name="normEpsilon">What normalisations add to the variance, above 0.</param>
    /// <param name="finalNorm">Whether a normalisation <c>norm</c> stands behind the last layer.</param>
    /// <param name="bias">Whether projections, linear layers and normalisations have biases.</param>
    /// <exception cref="DomainError">
    /// A number of layers, heads or features is below 1, or epsilon or dropout is out of its range.
    /// </exception>
    /// <example><code>Layers.TransformerEncoder(2, heads: 4, inner: 64)</code></example>
    public static Layer<(Expr Input, Expr? IsReal), Expr> TransformerEncoder(
        int layers, int heads, int inner, double dropout = 0.1, bool normFirst = false, bool causal = false,
        Func<Expr, Expr>? activation = null, double normEpsilon = 1e-5, bool finalNorm = false, bool bias = true) =>
        LayerModule.before(
            Interop.Function<(Expr Input, Expr? IsReal), PaddedSequence>(x => Padded(x.Input, x.IsReal)),
            LayerModule.map(
                Interop.Function<PaddedSequence, Expr>(x => x.Values),
                Transformer.encoder(
                    layers,
                    Transformed(heads, inner, dropout, normFirst, causal, activation, normEpsilon, finalNorm, bias))));

    /// <summary>
    /// <c>TransformerEncoder</c> with a mask of your own, which all layers use: it broadcasts to
    /// <c>[batch; heads; length; length]</c>, truth values, true where attention is allowed, or numbers that are added to the
    /// scores.
    /// </summary>
    /// <param name="layers">The number of layers in a row, 1 or more.</param>
    /// <param name="heads">Heads of attention, 1 or more; they divide the features.</param>
    /// <param name="inner">Features between the two linear layers, 1 or more.</param>
    /// <param name="dropout">
    /// The probability of dropout after attention, between the linear layers and after them, in training.
    /// </param>
    /// <param name="normFirst">
    /// Whether normalisation stands before each part (Xiong et al. 2020), or after it, as it was first.
    /// </param>
    /// <param name="causal">Whether each place sees only itself and what is before it.</param>
    /// <param name="activation">Between the linear layers: ReLU unless given.</param>
    /// <param name="normEpsilon">What normalisations add to the variance, above 0.</param>
    /// <param name="finalNorm">Whether a normalisation <c>norm</c> stands behind the last layer.</param>
    /// <param name="bias">Whether projections, linear layers and normalisations have biases.</param>
    /// <exception cref="DomainError">
    /// A number of layers, heads or features is below 1, or epsilon or dropout is out of its range.
    /// </exception>
    /// <example><code>Layers.MaskedTransformerEncoder(2, heads: 4, inner: 64, normFirst: true, finalNorm: true)</code></example>
    public static Layer<(Expr Input, Expr? IsReal, Expr? Mask), Expr> MaskedTransformerEncoder(
        int layers, int heads, int inner, double dropout = 0.1, bool normFirst = false, bool causal = false,
        Func<Expr, Expr>? activation = null, double normEpsilon = 1e-5, bool finalNorm = false, bool bias = true) =>
        Masked(Transformer.maskedEncoder(
            layers, Transformed(heads, inner, dropout, normFirst, causal, activation, normEpsilon, finalNorm, bias)));

    /// <summary>
    /// Decoder layers in a row: self-attention, causal by default, attention to an encoder's memory, two linear
    /// layers. Padding of both sequences is told by truth values <c>[batch; length]</c>.
    /// </summary>
    /// <param name="layers">The number of layers in a row, 1 or more.</param>
    /// <param name="heads">Heads of attention, 1 or more; they divide the features.</param>
    /// <param name="inner">Features between the two linear layers, 1 or more.</param>
    /// <param name="dropout">
    /// The probability of dropout after each attention, between the linear layers and after them, in training.
    /// </param>
    /// <param name="normFirst">
    /// Whether normalisation stands before each part (Xiong et al. 2020), or after it, as it was first.
    /// </param>
    /// <param name="causal">Whether each place sees only itself and what is before it.</param>
    /// <param name="activation">Between the linear layers: ReLU unless given.</param>
    /// <param name="normEpsilon">What normalisations add to the variance, above 0.</param>
    /// <param name="finalNorm">Whether a normalisation <c>norm</c> stands behind the last layer.</param>
    /// <param name="bias">Whether projections, linear layers and normalisations have biases.</param>
    /// <exception cref="DomainError">
    /// A number of layers, heads or features is below 1, or epsilon or dropout is out of its range.
    /// </exception>
    /// <example><code>Layers.TransformerDecoder(2, heads: 4, inner: 64)</code></example>
    public static Layer<(Expr Target, Expr Memory, Expr? TargetIsReal, Expr? MemoryIsReal), Expr> TransformerDecoder(
        int layers, int heads, int inner, double dropout = 0.1, bool normFirst = false, bool causal = true,
        Func<Expr, Expr>? activation = null, double normEpsilon = 1e-5, bool finalNorm = false, bool bias = true) =>
        LayerModule.before(
            Interop.Function<(Expr Target, Expr Memory, Expr? TargetIsReal, Expr? MemoryIsReal), DecoderInput>(x =>
                new DecoderInput(Padded(x.Target, x.TargetIsReal), Padded(x.Memory, x.MemoryIsReal))),
            LayerModule.map(
                Interop.Function<DecoderInput, Expr>(x => x.Target.Values),
                Transformer.decoder(
                    layers,
                    Transformed(heads, inner, dropout, normFirst, causal, activation, normEpsilon, finalNorm, bias))));

    /// <summary>
    /// <c>TransformerDecoder</c> with masks of your own: one for the attention of the target to itself, which broadcasts to
    /// <c>[batch; heads; length; length]</c>, and one for that to the memory, <c>[batch; heads; length; memory length]</c>.
    /// </summary>
    /// <param name="layers">The number of layers in a row, 1 or more.</param>
    /// <param name="heads">Heads of attention, 1 or more; they divide the features.</param>
    /// <param name="inner">Features between the two linear layers, 1 or more.</param>
    /// <param name="dropout">
    /// The probability of dropout after each attention, between the linear layers and after them, in training.
    /// </param>
    /// <param name="normFirst">
    /// Whether normalisation stands before each part (Xiong et al. 2020), or after it, as it was first.
    /// </param>
    /// <param name="causal">Whether each place sees only itself and what is before it.</param>
    /// <param name="activation">Between the linear layers: ReLU unless given.</param>
    /// <param name="normEpsilon">What normalisations add to the variance, above 0.</param>
    /// <param name="finalNorm">Whether a normalisation <c>norm</c> stands behind the last layer.</param>
    /// <param name="bias">Whether projections, linear layers and normalisations have biases.</param>
    /// <exception cref="DomainError">
    /// A number of layers, heads or features is below 1, or epsilon or dropout is out of its range.
    /// </exception>
    /// <example><code>Layers.MaskedTransformerDecoder(2, heads: 4, inner: 64)</code></example>
    public static Layer<(Expr Target, Expr Memory, Expr? TargetMask, Expr? MemoryMask), Expr> MaskedTransformerDecoder(
        int layers, int heads, int inner, double dropout = 0.1, bool normFirst = false, bool causal = true,
        Func<Expr, Expr>? activation = null, double normEpsilon = 1e-5, bool finalNorm = false, bool bias = true) =>
        MaskedDecoder(Transformer.maskedDecoder(
            layers, Transformed(heads, inner, dropout, normFirst, causal, activation, normEpsilon, finalNorm, bias)));

    /// <summary>One decoder layer with masks of your own: see <c>MaskedTransformerDecoder</c>.</summary>
    /// <param name="heads">Heads of attention, 1 or more; they divide the features.</param>
    /// <param name="inner">Features between the two linear layers, 1 or more.</param>
    /// <param name="dropout">
    /// The probability of dropout after each attention, between the linear layers and after them, in training.
    /// </param>
    /// <param name="normFirst">
    /// Whether normalisation stands before each part (Xiong et al. 2020), or after it, as it was first.
    /// </param>
    /// <param name="causal">Whether each place sees only itself and what is before it.</param>
    /// <param name="activation">Between the linear layers: ReLU unless given.</param>
    /// <param name="normEpsilon">What normalisations add to the variance, above 0.</param>
    /// <param name="bias">Whether projections, linear layers and normalisations have biases.</param>
    /// <example><code>Layers.MaskedTransformerDecoderLayer(4, 64)</code></example>
    public static Layer<(Expr Target, Expr Memory, Expr? TargetMask, Expr? MemoryMask), Expr> MaskedTransformerDecoderLayer(
        int heads, int inner, double dropout = 0.1, bool normFirst = false, bool causal = true,
        Func<Expr, Expr>? activation = null, double normEpsilon = 1e-5, bool bias = true) =>
        MaskedDecoder(Transformer.maskedDecoderLayer(
            Transformed(heads, inner, dropout, normFirst, causal, activation, normEpsilon, false, bias)));

    private static Layer<(Expr Target, Expr Memory, Expr? TargetMask, Expr? MemoryMask), Expr> MaskedDecoder(
        Layer<MaskedDecoderInput, MaskedDecoderInput> layer) =>
        LayerModule.before(
            Interop.Function<(Expr Target, Expr Memory, Expr? TargetMask, Expr? MemoryMask), MaskedDecoderInput>(x =>
                new MaskedDecoderInput(
                    new DecoderInput(Padded(x.Target, null), Padded(x.Memory, null)),
                    Interop.Option(x.TargetMask),
                    Interop.Option(x.MemoryMask))),
            LayerModule.map(Interop.Function<MaskedDecoderInput, Expr>(x => x.Sequences.Target.Values), layer));

    /// <summary>
    /// One decoder layer: self-attention, causal by default, attention to an encoder's memory, two linear layers.
    /// </summary>
    /// <param name="heads">Heads of attention, 1 or more; they divide the features.</param>
    /// <param name="inner">Features between the two linear layers, 1 or more.</param>
    /// <param name="dropout">
    /// The probability of dropout after each attention, between the linear layers and after them, in training.
    /// </param>
    /// <param name="normFirst">
    /// Whether normalisation stands before each part (Xiong et al. 2020), or after it, as it was first.
    /// </param>
    /// <param name="causal">Whether each place sees only itself and what is before it.</param>
    /// <param name="activation">Between the linear layers: ReLU unless given.</param>
    /// <param name="normEpsilon">What normalisations add to the variance, above 0.</param>
    /// <param name="bias">Whether projections, linear layers and normalisations have biases.</param>
    /// <example><code>Layers.TransformerDecoderLayer(4, 64)</code></example>
    public static Layer<(Expr Target, Expr Memory), Expr> TransformerDecoderLayer(
        int heads, int inner, double dropout = 0.1, bool normFirst = false, bool causal = true,
        Func<Expr, Expr>? activation = null, double normEpsilon = 1e-5, bool bias = true) =>
        LayerModule.before(
            Interop.Function<(Expr Target, Expr Memory), DecoderInput>(x =>
                new DecoderInput(Padded(x.Target, null), Padded(x.Memory, null))),
            LayerModule.map(
                Interop.Function<DecoderInput, Expr>(x => x.Target.Values),
                Transformer.decoderLayer(
                    Transformed(heads, inner, dropout, normFirst, causal, activation, normEpsilon, false, bias))));

    private static PaddedSequence Padded(Expr values, Expr? isReal) => new(values, Interop.Option(isReal));

    /// <summary>Adds the sinusoids of places to <c>[batch; length; features]</c>.</summary>
    /// <example><code>Layers.SinusoidalPositions()</code></example>
    public static Layer<Expr, Expr> SinusoidalPositions() => Transformer.sinusoidalPositions;

    /// <summary>Adds a learnt vector for each place, for lengths up to <paramref name="longest"/>.</summary>
    /// <param name="longest">The greatest length of a sequence, 1 or more.</param>
    /// <exception cref="ShapeError">A sequence is longer.</exception>
    /// <exception cref="DomainError">There are no places.</exception>
    /// <example><code>Layers.LearnedPositions(128)</code></example>
    public static Layer<Expr, Expr> LearnedPositions(int longest) => Transformer.learnedPositions(longest);

    extension(RotaryOptions)
    {
        /// <summary>Halves of the features turned together, base 10,000: as in Hugging Face's Llama.</summary>
        /// <example><code>RotaryOptions.Default</code></example>
        public static RotaryOptions Default => Rotary.options;
    }
}
