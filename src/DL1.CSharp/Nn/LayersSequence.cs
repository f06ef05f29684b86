namespace DL1;

/// <content>
/// Recurrent layers over sequences <c>[batch; length; features]</c>.
/// </content>
public static partial class Layers
{
    private static RecurrentOptions Recurrence(
        int hidden, int layers, bool bidirectional, bool bias, double dropout, double? forgetBias = null) =>
        new(hidden, layers, bidirectional, bias, dropout, Interop.Optional(forgetBias));

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
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <param name="forgetBias">
    /// What the bias of the forget gate begins with, by which the state is kept, 1 as a rule; as the other biases unless given.
    /// </param>
    /// <example><code>Layers.Lstm(32, bidirectional: true).Sequence()</code></example>
    public static Layer<Expr, RecurrentResult> Lstm(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0,
        double? forgetBias = null) =>
        Recurrent.lstm(Recurrence(hidden, layers, bidirectional, bias, dropout, forgetBias));

    /// <summary>
    /// The gated unit of Cho et al. (2014), from 0. Its result is made an expression by <c>Sequence()</c> or <c>Last()</c>.
    /// </summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <param name="forgetBias">
    /// What the bias of the update gate begins with, by which the state is kept, 1 as a rule; as the other biases unless given.
    /// </param>
    /// <example><code>Layers.Gru(32, layers: 2).Last()</code></example>
    public static Layer<Expr, RecurrentResult> Gru(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0,
        double? forgetBias = null) =>
        Recurrent.gru(Recurrence(hidden, layers, bidirectional, bias, dropout, forgetBias));

    /// <summary>
    /// <c>Lstm</c> whose hidden state is projected to fewer features after each step (Sak et al. 2014), as PyTorch's
    /// <c>proj_size</c>: outputs and hidden states have <paramref name="projection"/> features, cells
    /// <paramref name="hidden"/>. Further parameters <c>weight_hr_l0</c> <c>[projection; hidden]</c>.
    /// </summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="projection">Features of the outputs and hidden states, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <exception cref="DomainError">The projection has no features.</exception>
    /// <example><code>Layers.LstmProjected(32, projection: 8).Last()</code></example>
    public static Layer<Expr, RecurrentResult> LstmProjected(
        int hidden, int projection, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        Recurrent.lstmProjected(projection, Recurrence(hidden, layers, bidirectional, bias, dropout));

    /// <summary><c>LstmProjected</c> from a state that is given: hidden <c>[...; projection]</c>, cell <c>[...; hidden]</c>.</summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="projection">Features of the outputs and hidden states, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <exception cref="DomainError">A number is below 1.</exception>
    /// <example><code>Layers.LstmProjectedFrom(32, projection: 8)</code></example>
    public static Layer<(Expr Input, RecurrentState State), RecurrentResult> LstmProjectedFrom(
        int hidden, int projection, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        FromState(Recurrent.lstmProjectedFrom(projection, Recurrence(hidden, layers, bidirectional, bias, dropout)));

    /// <summary><c>LstmProjected</c> over sequences with padding, which no state sees: see <c>RnnPadded</c>.</summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="projection">Features of the outputs and hidden states, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <exception cref="ShapeError">The truth values are of another shape or type.</exception>
    /// <exception cref="DomainError">A number is below 1.</exception>
    /// <example><code>Layers.LstmProjectedPadded(32, projection: 8).Last()</code></example>
    public static Layer<(Expr Input, Expr? IsReal), RecurrentResult> LstmProjectedPadded(
        int hidden, int projection, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        WithPadding(Recurrent.lstmProjectedPadded(projection, Recurrence(hidden, layers, bidirectional, bias, dropout)));

    /// <summary><c>Rnn</c> from a state that is given.</summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <example><code>Layers.RnnFrom(32)</code></example>
    public static Layer<(Expr Input, RecurrentState State), RecurrentResult> RnnFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        FromState(Recurrent.rnnFrom(Recurrence(hidden, layers, bidirectional, bias, dropout)));

    /// <summary><c>Lstm</c> from a state that is given, such as an encoder's.</summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <param name="forgetBias">
    /// What the bias of the forget gate begins with, by which the state is kept, 1 as a rule; as the other biases unless given.
    /// </param>
    /// <example><code>Layers.LstmFrom(32)</code></example>
    public static Layer<(Expr Input, RecurrentState State), RecurrentResult> LstmFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0,
        double? forgetBias = null) =>
        FromState(Recurrent.lstmFrom(Recurrence(hidden, layers, bidirectional, bias, dropout, forgetBias)));

    /// <summary><c>Gru</c> from a state that is given, such as an encoder's.</summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <param name="forgetBias">
    /// What the bias of the update gate begins with, by which the state is kept, 1 as a rule; as the other biases unless given.
    /// </param>
    /// <example><code>Layers.GruFrom(32)</code></example>
    public static Layer<(Expr Input, RecurrentState State), RecurrentResult> GruFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0,
        double? forgetBias = null) =>
        FromState(Recurrent.gruFrom(Recurrence(hidden, layers, bidirectional, bias, dropout, forgetBias)));

    /// <summary><c>Rnn</c> of ReLU from a state that is given.</summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
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
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <param name="relu">max(x, 0) in the place of tanh.</param>
    /// <exception cref="ShapeError">The truth values are of another shape or type.</exception>
    /// <example><code>Layers.RnnPadded(32).Last()</code></example>
    public static Layer<(Expr Input, Expr? IsReal), RecurrentResult> RnnPadded(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0, bool relu = false)
    {
        var options = Recurrence(hidden, layers, bidirectional, bias, dropout);
        return WithPadding(relu ? Recurrent.rnnReluPadded(options) : Recurrent.rnnPadded(options));
    }

    /// <summary><c>Lstm</c> over sequences with padding, which no state sees: see <c>RnnPadded</c>.</summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <param name="forgetBias">
    /// What the bias of the forget gate begins with, by which the state is kept, 1 as a rule; as the other biases unless given.
    /// </param>
    /// <exception cref="ShapeError">The truth values are of another shape or type.</exception>
    /// <example><code>Layers.LstmPadded(32, bidirectional: true).Last()</code></example>
    public static Layer<(Expr Input, Expr? IsReal), RecurrentResult> LstmPadded(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0,
        double? forgetBias = null) =>
        WithPadding(Recurrent.lstmPadded(Recurrence(hidden, layers, bidirectional, bias, dropout, forgetBias)));

    /// <summary><c>Gru</c> over sequences with padding, which no state sees: see <c>RnnPadded</c>.</summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <param name="forgetBias">
    /// What the bias of the update gate begins with, by which the state is kept, 1 as a rule; as the other biases unless given.
    /// </param>
    /// <exception cref="ShapeError">The truth values are of another shape or type.</exception>
    /// <example><code>Layers.GruPadded(32).Sequence()</code></example>
    public static Layer<(Expr Input, Expr? IsReal), RecurrentResult> GruPadded(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0,
        double? forgetBias = null) =>
        WithPadding(Recurrent.gruPadded(Recurrence(hidden, layers, bidirectional, bias, dropout, forgetBias)));

    /// <summary><c>RnnPadded</c> from a state that is given.</summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <example><code>Layers.RnnPaddedFrom(32)</code></example>
    public static Layer<(Expr Input, Expr? IsReal, RecurrentState State), RecurrentResult> RnnPaddedFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        WithPaddingFromState(Recurrent.rnnPaddedFrom(Recurrence(hidden, layers, bidirectional, bias, dropout)));

    /// <summary><c>RnnPadded</c> of ReLU from a state that is given.</summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <example><code>Layers.RnnReluPaddedFrom(32)</code></example>
    public static Layer<(Expr Input, Expr? IsReal, RecurrentState State), RecurrentResult> RnnReluPaddedFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0) =>
        WithPaddingFromState(Recurrent.rnnReluPaddedFrom(Recurrence(hidden, layers, bidirectional, bias, dropout)));

    /// <summary><c>LstmPadded</c> from a state that is given.</summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <param name="forgetBias">
    /// What the bias of the forget gate begins with, by which the state is kept, 1 as a rule; as the other biases unless given.
    /// </param>
    /// <example><code>Layers.LstmPaddedFrom(32)</code></example>
    public static Layer<(Expr Input, Expr? IsReal, RecurrentState State), RecurrentResult> LstmPaddedFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0,
        double? forgetBias = null) =>
        WithPaddingFromState(Recurrent.lstmPaddedFrom(Recurrence(hidden, layers, bidirectional, bias, dropout, forgetBias)));

    /// <summary><c>GruPadded</c> from a state that is given.</summary>
    /// <param name="hidden">Units of one direction of one layer, 1 or more.</param>
    /// <param name="layers">Layers in a row, 1 or more: each reads the outputs of the one before.</param>
    /// <param name="bidirectional">
    /// Whether a second pass goes from the end to the beginning; its outputs stand behind those of the first.
    /// </param>
    /// <param name="bias">Whether the units have biases.</param>
    /// <param name="dropout">The probability of dropout between layers, in training: from 0 up to but not including 1.</param>
    /// <param name="forgetBias">
    /// What the bias of the update gate begins with, by which the state is kept, 1 as a rule; as the other biases unless given.
    /// </param>
    /// <example><code>Layers.GruPaddedFrom(32)</code></example>
    public static Layer<(Expr Input, Expr? IsReal, RecurrentState State), RecurrentResult> GruPaddedFrom(
        int hidden, int layers = 1, bool bidirectional = false, bool bias = true, double dropout = 0,
        double? forgetBias = null) =>
        WithPaddingFromState(Recurrent.gruPaddedFrom(Recurrence(hidden, layers, bidirectional, bias, dropout, forgetBias)));

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
        /// <param name="hidden">The hidden states, <c>[layers·directions; batch; hidden]</c>.</param>
        /// <param name="cell">The cells of an LSTM, of the same shape; none for other units.</param>
        /// <example><code>RecurrentState.From(hidden, cell)</code></example>
        public static RecurrentState From(Expr hidden, Expr? cell = null) => new(hidden, Interop.Option(cell));
    }
}
