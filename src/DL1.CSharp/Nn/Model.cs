namespace DL1;

/// <summary>
/// Models: layers put together, initialised and applied. A model is a layer; its parameters and its state are trees of
/// their own, which it is given.
/// </summary>
public static class Model
{
    /// <summary>Layers one after another, numbered from 0.</summary>
    /// <param name="layers">Layers, each over the result of the one before.</param>
    /// <example><code>Model.Sequential(Layers.Linear(64), Layers.BatchNorm(), Layers.Relu(), Layers.Dropout(0.2), Layers.Linear(10))</code></example>
    public static Layer<Expr, Expr> Sequential(params Layer<Expr, Expr>[] layers) =>
        LayerModule.sequential(Interop.List(layers));

    extension<TOut>(Layer<Expr, TOut> model)
    {
        /// <summary>
        /// Parameters (f32) and state, drawn with a key, for inputs of this shape, the batch first; its extent there makes no
        /// difference. The same key gives the same bits.
        /// </summary>
        /// <param name="key">The same key gives the same bits.</param>
        /// <param name="inputShape">The extents of the input, the batch first; any batch will do.</param>
        /// <exception cref="ShapeError">An input of this shape does not fit; the message names the layer.</exception>
        /// <example><code>var (parameters, state) = model.Init(Key.OfSeed(1), 1, 784);</code></example>
        public (Tree<Tensor> Parameters, Tree<Tensor> State) Init(Key key, params int[] inputShape) =>
            model.Init(key, Expr.Variable("input", inputShape));

        /// <summary><c>Init</c> for inputs of an element type: i32 or i64 for a model that begins with an embedding.</summary>
        /// <param name="key">The same key gives the same bits.</param>
        /// <param name="inputType">The element type of the input: i32 or i64 where the model begins with an embedding.</param>
        /// <param name="inputShape">The extents of the input, the batch first; any batch will do.</param>
        /// <exception cref="ShapeError">An input of this type and shape does not fit; the message names the layer.</exception>
        /// <example><code>words.Init(Key.OfSeed(1), DType.I64, 1, 12)</code></example>
        public (Tree<Tensor> Parameters, Tree<Tensor> State) Init(Key key, DType inputType, params int[] inputShape) =>
            model.Init(key, Expr.Variable("input", inputType, inputShape));

        /// <summary>The model as a table, for inputs of this shape: layers, shapes of their results, parameters, work.</summary>
        /// <param name="inputShape">The extents of the input, the batch first; any batch will do.</param>
        /// <exception cref="ShapeError">An input of this type and shape does not fit; the message names the layer.</exception>
        /// <example><code>model.Summary(1, 784)</code></example>
        public Summary Summary(params int[] inputShape) => model.Summary(Expr.Variable("input", inputShape));

        /// <summary><c>Summary</c> for inputs of an element type.</summary>
        /// <param name="inputType">The element type of the input: i32 or i64 where the model begins with an embedding.</param>
        /// <param name="inputShape">The extents of the input, the batch first; any batch will do.</param>
        /// <exception cref="ShapeError">An input of this type and shape does not fit; the message names the layer.</exception>
        /// <example><code>words.Summary(DType.I64, 1, 12)</code></example>
        public Summary Summary(DType inputType, params int[] inputShape) =>
            model.Summary(Expr.Variable("input", inputType, inputShape));
    }

    extension<TIn, TOut>(Layer<TIn, TOut> model)
    {
        /// <summary>
        /// Parameters and state for an example of the input, of which only shapes and types matter: variables will do.
        /// </summary>
        /// <param name="key">The same key gives the same bits.</param>
        /// <param name="example">What goes in.</param>
        /// <param name="type">The type of floating-point parameters: f32 unless given.</param>
        /// <exception cref="ShapeError">An input of this type and shape does not fit; the message names the layer.</exception>
        /// <example><code>var (weights64, _) = model.Init(Key.OfSeed(1), Expr.Variable("x", DType.F64, 1, 784), DType.F64);</code></example>
        public (Tree<Tensor> Parameters, Tree<Tensor> State) Init(Key key, TIn example, DType? type = null) =>
            LayerModule.initAs(type ?? DType.F32, key, Interop.Present(example), model).ToValueTuple();

        /// <summary>
        /// What comes out, and the next state, as expressions. With a key (i32 <c>[2]</c>) the model is being trained: dropout
        /// drops, batch norm goes by the batch. Without one it predicts.
        /// </summary>
        /// <param name="parameters">The parameters by their paths, such as <c>Init</c> makes.</param>
        /// <param name="state">The layers' state by its paths, such as <c>Init</c> makes.</param>
        /// <param name="input">What goes in.</param>
        /// <param name="key">A key of two numbers, i32 <c>[2]</c>, in training; null in inference.</param>
        /// <exception cref="DomainError">A parameter or a piece of state is missing.</exception>
        /// <exception cref="ShapeError">A parameter, or the input of a layer, has another shape; the message names the layer.</exception>
        /// <example><code>var (logits, nextState) = model.Apply(parameters.Variables(), state.Variables(), x, key);</code></example>
        public (TOut Output, Tree<Expr> State) Apply(
            Tree<Expr> parameters, Tree<Expr> state, TIn input, Expr? key = null) =>
            LayerModule.apply(key is null ? Mode.Inference : Mode.NewTraining(key), parameters, state, model, Interop.Present(input))
                .ToValueTuple();

        /// <summary>The model as a table, for an example of the input, of which only shapes and types matter.</summary>
        /// <param name="example">What goes in, of which only shapes and types matter: variables will do.</param>
        /// <exception cref="ShapeError">An input of this type and shape does not fit; the message names the layer.</exception>
        /// <example><code>model.Summary(Expr.Variable("x", 1, 784))</code></example>
        public Summary Summary(TIn example) => SummaryModule.ofLayer(Interop.Present(example), model);

        /// <summary>A function of the layer's result; it takes no number of its own in a row.</summary>
        /// <param name="function">From the layer's result to another.</param>
        /// <example><code>Layers.Linear(4).Map(y => y * 2)</code></example>
        public Layer<TIn, TNext> Map<TNext>(Func<TOut, TNext> function) =>
            LayerModule.map(Interop.Function(function), model);

        /// <summary>A function of what goes in before the layer; it takes no number of its own in a row.</summary>
        /// <param name="function">From what goes in to what the layer is given.</param>
        /// <example><code>Layers.Linear(4).Before((Expr x) => x / 255)</code></example>
        public Layer<TFirst, TOut> Before<TFirst>(Func<TFirst, TIn> function) =>
            LayerModule.before(Interop.Function(function), model);

        /// <summary>A name in the place of the layer's number: <c>encoder.weight</c>.</summary>
        /// <param name="name">The name of the layer in the paths of its parameters.</param>
        /// <example><code>Layers.Linear(64).Named("encoder")</code></example>
        public Layer<TIn, TOut> Named(string name) => LayerModule.named(name, model);

        /// <summary>
        /// The layer in inference, also where the model around it is trained: batch norm goes by its running statistics and leaves
        /// them as they are, nothing is dropped or drawn. Its parameters are trained unless they are frozen.
        /// </summary>
        /// <example><code>Layers.BatchNorm().InInference()</code></example>
        public Layer<TIn, TOut> InInference() => LayerModule.inInference(model);

        /// <summary>A row as one member of another: its numbers stand below its own, <c>1.0.weight</c>.</summary>
        /// <example><code>Model.Sequential(Layers.Linear(8), Layers.Relu()).Block()</code></example>
        public Layer<TIn, TOut> Block() => LayerModule.block(model);

        /// <summary>A row that puts numbers before its names even where it has one member only.</summary>
        /// <example><code>Layers.Linear(64).Numbered()</code></example>
        public Layer<TIn, TOut> Numbered() => LayerModule.numbered(model);
    }

    extension(SummaryRow row)
    {
        /// <summary>The shape of the layer's result; null where that is not one expression.</summary>
        /// <example><code>model.Summary(1, 784).Rows[0].OutputShape</code></example>
        public Shape? OutputShape => row.Output?.Value;
    }

    extension(Layer<Expr, Expr> model)
    {
        /// <summary>
        /// The prediction for an input, by these parameters and this state. <c>Predictor</c> is made once for many inputs.
        /// </summary>
        /// <param name="parameters">The parameters by their paths, such as <c>Init</c> makes.</param>
        /// <param name="state">The layers' state by its paths, such as <c>Init</c> makes.</param>
        /// <param name="input">What goes in.</param>
        /// <exception cref="ShapeError">
        /// A parameter or the input has another type or shape; the message names the layer.
        /// </exception>
        /// <exception cref="DomainError">A parameter or a piece of state is missing.</exception>
        /// <example><code>var predicted = model.Apply(parameters, state, images);</code></example>
        public Tensor Apply(Tree<Tensor> parameters, Tree<Tensor> state, Tensor input) =>
            model.Predictor(parameters, state)(input);

        /// <summary>
        /// The prediction as a function of the input, by these parameters and this state; it is compiled for each shape that it
        /// meets, once, and may be called from many threads.
        /// </summary>
        /// <param name="parameters">The parameters by their paths, such as <c>Init</c> makes.</param>
        /// <param name="state">The layers' state by its paths, such as <c>Init</c> makes.</param>
        /// <example><code>Func&lt;Tensor, Tensor&gt; predict = model.Predictor(parameters, state);</code></example>
        public Func<Tensor, Tensor> Predictor(Tree<Tensor> parameters, Tree<Tensor> state)
        {
            Tree<Expr> weights = parameters.Variables("parameters."), buffers = state.Variables("state.");
            Tensor[] values = [.. parameters.Values, .. state.Values];
            var compiled = new System.Collections.Concurrent.ConcurrentDictionary<(DType, Shape), CompiledFunction>();

            CompiledFunction Compiled((DType Type, Shape Shape) of)
            {
                var input = Expr.Variable("input", of.Type, [.. of.Shape]);
                var (output, _) = model.Apply(weights, buffers, input);
                return new CompiledFunction([.. weights.Values, .. buffers.Values, input], [output]);
            }

            return input =>
            {
                ArgumentNullException.ThrowIfNull(input);
                return compiled.GetOrAdd((input.DType, input.Shape), Compiled).Invoke([.. values, input])[0];
            };
        }
    }
}
