namespace DL1;

/// <content>
/// Layers over sequences <c>[batch; length; features]</c>: recurrent ones, attention (Vaswani et al. 2017) and transformers.
/// </content>
public static partial class Layers
{
    private static RecurrentOptions Recurrence(int hidden, int layers, bool bidirectional, bool bias, double dropout) =>
        new(hidden, layers, bidirectional, bias, dropout);

    private static Layer<(Expr Input, RecurrentState State), RecurrentResult> FromState(
        Layer<Tuple<Expr, RecurrentState>, RecurrentResult> layer) =>
        LayerModule.before(
            Interop.Function<(Expr Input, RecurrentState State), Tuple<Expr, RecurrentState>>(x => x.ToTuple()), layer);

    /// <summary>
    /// The simple network of Elman (1990): h ← tanh(W·x + b + U·h + c), from 0; with <paramref name="relu"/> in the place of
    /// tanh, where asked for. Its result is made an expression by <c>Sequence()</c> or <c>Last()</c>.
    /// </summary>
    /// <param name="hidden">Units of one direction of one layer.</param>
    /// <param name="layers">Layers, each over the outputs of the one before.</param>
    /// <param name="bidirectional">Whether a second pass goes from the end to the beginning.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training.</param>
    /// <param name="relu">max(x, 0) in the place of tanh.</param>
    /// <example><code>Layers.Rnn(32).Last()</code></example>
    public static Layer<Expr, RecurrentResult> Rnn(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0, bool relu = false)
    {
        var options = Recurrence(hidden, layers, bidirectional, bias, dropout);
        return relu ? Recurrent.rnnRelu(options) : Recurrent.rnn(options);
    }

    /// <summary>
    /// Long short-term memory (Hochreiter and Schmidhuber 1997), from 0. Its result is made an expression by
    /// <c>Sequence()</c> or <c>Last()</c>.
    /// </summary>
    /// <example><code>Layers.Lstm(32, bidirectional: true).Sequence()</code></example>
    public static Layer<Expr, RecurrentResult> Lstm(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        Recurrent.lstm(Recurrence(hidden, layers, bidirectional, bias, dropout));

    /// <summary>
    /// The gated unit of Cho et al. (2014), from 0. Its result is made an expression by <c>Sequence()</c> or <c>Last()</c>.
    /// </summary>
    /// <example><code>Layers.Gru(32, layers: 2).Last()</code></example>
    public static Layer<Expr, RecurrentResult> Gru(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        Recurrent.gru(Recurrence(hidden, layers, bidirectional, bias, dropout));

    /// <summary><c>Rnn</c> from a state that is given.</summary>
    /// <example><code>Layers.RnnFrom(32)</code></example>
    public static Layer<(Expr Input, RecurrentState State), RecurrentResult> RnnFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        FromState(Recurrent.rnnFrom(Recurrence(hidden, layers, bidirectional, bias, dropout)));

    /// <summary><c>Lstm</c> from a state that is given, such as an encoder's.</summary>
    /// <example><code>Layers.LstmFrom(32)</code></example>
    public static Layer<(Expr Input, RecurrentState State), RecurrentResult> LstmFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        FromState(Recurrent.lstmFrom(Recurrence(hidden, layers, bidirectional, bias, dropout)));

    /// <summary><c>Gru</c> from a state that is given, such as an encoder's.</summary>
    /// <example><code>Layers.GruFrom(32)</code></example>
    public static Layer<(Expr Input, RecurrentState State), RecurrentResult> GruFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        FromState(Recurrent.gruFrom(Recurrence(hidden, layers, bidirectional, bias, dropout)));

    /// <summary><c>Rnn</c> of ReLU from a state that is given.</summary>
    /// <example><code>Layers.RnnReluFrom(32)</code></example>
    public static Layer<(Expr Input, RecurrentState State), RecurrentResult> RnnReluFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        FromState(Recurrent.rnnReluFrom(Recurrence(hidden, layers, bidirectional, bias, dropout)));

    private static Layer<(Expr Input, Expr? IsReal), RecurrentResult> WithPadding(
        Layer<PaddedSequence, RecurrentResult> layer) =>
        LayerModule.before(
            Interop.Function<(Expr Input, Expr? IsReal), PaddedSequence>(x => Padded(x.Input, x.IsReal)), layer);

    private static Layer<(Expr Input, Expr? IsReal, RecurrentState State), RecurrentResult> WithPaddingFromState(
        Layer<Tuple<PaddedSequence, RecurrentState>, RecurrentResult> layer) =>
        LayerModule.before(
            Interop.Function<(Expr Input, Expr? IsReal, RecurrentState State), Tuple<PaddedSequence, RecurrentState>>(x =>
                Tuple.Create(Padded(x.Input, x.IsReal), x.State)),
            layer);

    /// <summary>
    /// <c>Rnn</c> over sequences with padding, which no state sees: at a place that is not real the states stay as they are
    /// and the output is 0, in both directions, as in PyTorch's packed sequences. Padding is told by truth values
    /// <c>[batch; length]</c>, true where a place is real: <c>Attentions.IsReal</c> makes them from lengths.
    /// </summary>
    /// <exception cref="ShapeError">The truth values are of another shape or type.</exception>
    /// <example><code>Layers.RnnPadded(32).Last()</code></example>
    public static Layer<(Expr Input, Expr? IsReal), RecurrentResult> RnnPadded(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0, bool relu = false)
    {
        var options = Recurrence(hidden, layers, bidirectional, bias, dropout);
        return WithPadding(relu ? Recurrent.rnnReluPadded(options) : Recurrent.rnnPadded(options));
    }

    /// <summary><c>Lstm</c> over sequences with padding, which no state sees: see <c>RnnPadded</c>.</summary>
    /// <exception cref="ShapeError">The truth values are of another shape or type.</exception>
    /// <example><code>Layers.LstmPadded(32, bidirectional: true).Last()</code></example>
    public static Layer<(Expr Input, Expr? IsReal), RecurrentResult> LstmPadded(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        WithPadding(Recurrent.lstmPadded(Recurrence(hidden, layers, bidirectional, bias, dropout)));

    /// <summary><c>Gru</c> over sequences with padding, which no state sees: see <c>RnnPadded</c>.</summary>
    /// <exception cref="ShapeError">The truth values are of another shape or type.</exception>
    /// <example><code>Layers.GruPadded(32).Sequence()</code></example>
    public static Layer<(Expr Input, Expr? IsReal), RecurrentResult> GruPadded(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        WithPadding(Recurrent.gruPadded(Recurrence(hidden, layers, bidirectional, bias, dropout)));

    /// <summary><c>RnnPadded</c> from a state that is given.</summary>
    /// <example><code>Layers.RnnPaddedFrom(32)</code></example>
    public static Layer<(Expr Input, Expr? IsReal, RecurrentState State), RecurrentResult> RnnPaddedFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        WithPaddingFromState(Recurrent.rnnPaddedFrom(Recurrence(hidden, layers, bidirectional, bias, dropout)));

    /// <summary><c>LstmPadded</c> from a state that is given.</summary>
    /// <example><code>Layers.LstmPaddedFrom(32)</code></example>
    public static Layer<(Expr Input, Expr? IsReal, RecurrentState State), RecurrentResult> LstmPaddedFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        WithPaddingFromState(Recurrent.lstmPaddedFrom(Recurrence(hidden, layers, bidirectional, bias, dropout)));

    /// <summary><c>GruPadded</c> from a state that is given.</summary>
    /// <example><code>Layers.GruPaddedFrom(32)</code></example>
    public static Layer<(Expr Input, Expr? IsReal, RecurrentState State), RecurrentResult> GruPaddedFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        WithPaddingFromState(Recurrent.gruPaddedFrom(Recurrence(hidden, layers, bidirectional, bias, dropout)));

    /// <summary>
    /// A sequence that attends to itself in several heads; <paramref name="causal"/> hides what comes later. Parameters
    /// <c>in_proj_weight</c>, <c>in_proj_bias</c>, <c>out_proj.weight</c>, <c>out_proj.bias</c>.
    /// </summary>
    /// <exception cref="ShapeError">The heads do not divide the features.</exception>
    /// <example><code>Layers.SelfAttention(4, causal: true)</code></example>
    public static Layer<Expr, Expr> SelfAttention(int heads, bool causal = false, double dropout = 0) =>
        LayerModule.before(
            Interop.Function<Expr, (Expr Input, Expr? Mask)>(x => (
                x, causal && x.Shape.Rank > 1 ? Attention.causalMask(x.Shape[1], x.Shape[1]) : null)),
            MaskedSelfAttention(heads, dropout));

    /// <summary>
    /// <c>SelfAttention</c> with a mask: truth values, true where attention is allowed, that broadcast to
    /// <c>[batch; heads; queries; keys]</c>.
    /// </summary>
    /// <example><code>Layers.MaskedSelfAttention(4)</code></example>
    public static Layer<(Expr Input, Expr? Mask), Expr> MaskedSelfAttention(int heads, double dropout = 0) =>
        LayerModule.before(
            Interop.Function<(Expr Input, Expr? Mask), Tuple<Expr, Microsoft.FSharp.Core.FSharpOption<Expr>?>>(x =>
                Tuple.Create(x.Input, Interop.Option(x.Mask))),
            Attention.maskedSelf(heads, dropout));

    /// <summary>
    /// Several heads, each attending in its own projection; queries <c>[batch; queries; features]</c> and memory
    /// <c>[batch; keys; features]</c> may differ. A mask holds truth values, true where attention is allowed.
    /// </summary>
    /// <example><code>Layers.MultiHeadAttention(4)</code></example>
    public static Layer<(Expr Query, Expr Memory, Expr? Mask), Expr> MultiHeadAttention(int heads, double dropout = 0) =>
        LayerModule.before(
            Interop.Function<(Expr Query, Expr Memory, Expr? Mask), AttentionInput>(x =>
                new AttentionInput(x.Query, x.Memory, Interop.Option(x.Mask))),
            Attention.multiHead(heads, dropout));

    private static TransformerOptions Transformed(
        int heads, int inner, double dropout, bool normFirst, bool causal, Func<Expr, Expr>? activation) =>
        new(heads, inner, dropout, normFirst, causal, Interop.Function(activation ?? ExprModule.relu));

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
    /// <example><code>Layers.TransformerEncoderLayer(4, 64, activation: Functions.Gelu)</code></example>
    public static Layer<Expr, Expr> TransformerEncoderLayer(
        int heads, int inner, double dropout = 0.1, bool normFirst = false, bool causal = false,
        Func<Expr, Expr>? activation = null) =>
        Transformer.encoderLayer(Transformed(heads, inner, dropout, normFirst, causal, activation));

    /// <summary>
    /// Encoder layers in a row, with PyTorch's names: <c>layers.0.self_attn.in_proj_weight</c>. Padding is told by truth
    /// values <c>[batch; length]</c>, true where a place is real.
    /// </summary>
    /// <example><code>Layers.TransformerEncoder(2, heads: 4, inner: 64)</code></example>
    public static Layer<(Expr Input, Expr? IsReal), Expr> TransformerEncoder(
        int layers, int heads, int inner, double dropout = 0.1, bool normFirst = false, bool causal = false,
        Func<Expr, Expr>? activation = null) =>
        LayerModule.before(
            Interop.Function<(Expr Input, Expr? IsReal), PaddedSequence>(x => Padded(x.Input, x.IsReal)),
            LayerModule.map(
                Interop.Function<PaddedSequence, Expr>(x => x.Values),
                Transformer.encoder(layers, Transformed(heads, inner, dropout, normFirst, causal, activation))));

    /// <summary>
    /// Decoder layers in a row: self-attention, causal unless told otherwise, attention to an encoder's memory, two linear
    /// layers. Padding of both sequences is told by truth values <c>[batch; length]</c>.
    /// </summary>
    /// <example><code>Layers.TransformerDecoder(2, heads: 4, inner: 64)</code></example>
    public static Layer<(Expr Target, Expr Memory, Expr? TargetIsReal, Expr? MemoryIsReal), Expr> TransformerDecoder(
        int layers, int heads, int inner, double dropout = 0.1, bool normFirst = false, bool causal = true,
        Func<Expr, Expr>? activation = null) =>
        LayerModule.before(
            Interop.Function<(Expr Target, Expr Memory, Expr? TargetIsReal, Expr? MemoryIsReal), DecoderInput>(x =>
                new DecoderInput(Padded(x.Target, x.TargetIsReal), Padded(x.Memory, x.MemoryIsReal))),
            LayerModule.map(
                Interop.Function<DecoderInput, Expr>(x => x.Target.Values),
                Transformer.decoder(layers, Transformed(heads, inner, dropout, normFirst, causal, activation))));

    /// <summary>
    /// One decoder layer: self-attention, causal unless told otherwise, attention to an encoder's memory, two linear layers.
    /// </summary>
    /// <example><code>Layers.TransformerDecoderLayer(4, 64)</code></example>
    public static Layer<(Expr Target, Expr Memory), Expr> TransformerDecoderLayer(
        int heads, int inner, double dropout = 0.1, bool normFirst = false, bool causal = true,
        Func<Expr, Expr>? activation = null) =>
        LayerModule.before(
            Interop.Function<(Expr Target, Expr Memory), DecoderInput>(x =>
                new DecoderInput(Padded(x.Target, null), Padded(x.Memory, null))),
            LayerModule.map(
                Interop.Function<DecoderInput, Expr>(x => x.Target.Values),
                Transformer.decoderLayer(Transformed(heads, inner, dropout, normFirst, causal, activation))));

    private static PaddedSequence Padded(Expr values, Expr? isReal) => new(values, Interop.Option(isReal));

    /// <summary>Adds the sinusoids of places to <c>[batch; length; features]</c>.</summary>
    /// <example><code>Layers.SinusoidalPositions()</code></example>
    public static Layer<Expr, Expr> SinusoidalPositions() => Transformer.sinusoidalPositions;

    /// <summary>Adds a learnt vector for each place, for lengths up to <paramref name="longest"/>.</summary>
    /// <exception cref="ShapeError">A sequence is longer.</exception>
    /// <example><code>Layers.LearnedPositions(128)</code></example>
    public static Layer<Expr, Expr> LearnedPositions(int longest) => Transformer.learnedPositions(longest);

    extension<TIn>(Layer<TIn, RecurrentResult> layer)
    {
        /// <summary>The outputs of all steps: <c>[batch; length; directions·hidden]</c>.</summary>
        /// <example><code>Layers.Gru(32).Sequence()</code></example>
        public Layer<TIn, Expr> Sequence() => Recurrent.sequence(layer);

        /// <summary>What the last layer ends with: <c>[batch; directions·hidden]</c>.</summary>
        /// <example><code>Layers.Lstm(32).Last()</code></example>
        public Layer<TIn, Expr> Last() => Recurrent.last(layer);
    }

    extension(RecurrentState state)
    {
        /// <summary>The cell of an LSTM; null for the others.</summary>
        /// <example><code>result.Final.CellOrNull</code></example>
        public Expr? CellOrNull => state.Cell?.Value;
    }

    extension(RecurrentState)
    {
        /// <summary>
        /// A state to start from: <c>[layers·directions; batch; hidden]</c>, and for an LSTM its cell, of the same shape.
        /// </summary>
        /// <example><code>RecurrentState.From(hidden, cell)</code></example>
        public static RecurrentState From(Expr hidden, Expr? cell = null) => new(hidden, Interop.Option(cell));
    }
}
