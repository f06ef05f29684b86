using System.Diagnostics.CodeAnalysis;

namespace DL1;

/// <summary>
/// Layers: functions in a scope that knows their parameters. They are put in a row by <see cref="Model.Sequential"/> or
/// by <c>Then</c>; parameter names, layouts and defaults are PyTorch's. Extents of the input are learnt from the input,
/// so that only outputs are named.
/// </summary>
public static partial class Layers
{
    private static ParameterOptions Parameters(bool bias, Initializer? weight, Initializer? biasInit) =>
        new(bias, weight ?? Init.standard, Interop.Option(biasInit));

    /// <summary>
    /// x·Wᵀ + b: <c>[...; in]</c> to <c>[...; out]</c>. Parameters <c>weight</c> <c>[out; in]</c> and <c>bias</c> <c>[out]</c>.
    /// </summary>
    /// <param name="outputs">How many numbers come out.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="weight">How the weight begins: uniform within ±1/√in unless given.</param>
    /// <param name="biasInit">How the bias begins: uniform within ±1/√in unless given.</param>
    /// <exception cref="DomainError">There are no outputs.</exception>
    /// <example><code>Layers.Linear(64)</code></example>
    public static Layer<Expr, Expr> Linear(
        int outputs, bool bias = true, Initializer? weight = null, Initializer? biasInit = null) =>
        Dense.linearWith(Parameters(bias, weight, biasInit), outputs);

    /// <summary>
    /// A row of the table for each index, i32 or i64 from 0 to count − 1: <c>[...]</c> to <c>[...; features]</c>. Parameter
    /// <c>weight</c> <c>[count; features]</c>. An index may stand for padding: its row begins as zeros and is not trained.
    /// </summary>
    /// <param name="count">The number of rows of the table; indices are below it.</param>
    /// <param name="features">The length of each row, 1 or more.</param>
    /// <param name="padding">The index that stands for padding; none unless given.</param>
    /// <param name="weight">How the table begins: standard normal unless given.</param>
    /// <exception cref="DomainError">The padding is no index.</exception>
    /// <example><code>Layers.Embedding(1000, 64)</code></example>
    public static Layer<Expr, Expr> Embedding(int count, int features, int? padding = null, Initializer? weight = null)
    {
        var begins = weight ?? Init.normal(0, 1);
        return padding is { } index
            ? Dense.embeddingPaddedWith(begins, index, count, features)
            : Dense.embeddingWith(begins, count, features);
    }

    /// <summary>
    /// Skip-gram's scores of words beside others (Mikolov et al. 2013): words <c>[rows]</c> and what each is compared with
    /// <c>[rows; compared]</c> to the products of their vectors, <c>[rows; compared]</c>, logits for <c>Losses.BceWithLogits</c>.
    /// Parameters <c>words</c>, the vectors that are wanted, and <c>contexts</c>, both <c>[count; features]</c>.
    /// </summary>
    /// <param name="count">The number of words; indices are below it.</param>
    /// <param name="features">The length of each vector, 1 or more.</param>
    /// <exception cref="DomainError">There are no words or no features.</exception>
    /// <example><code>Layers.SkipGram(1000, 64)</code></example>
    public static Layer<(Expr Words, Expr Compared), Expr> SkipGram(int count, int features) =>
        LayerModule.before(
            Interop.Function<(Expr Words, Expr Compared), Tuple<Expr, Expr>>(x => x.ToTuple()),
            DL1.Embedding.skipGram(count, features));

    /// <summary>
    /// The rows of the table for a bag of indices, reduced to one row: <c>[batch; length]</c> of i32 or i64 to
    /// <c>[batch; features]</c>. Parameter <c>weight</c> <c>[count; features]</c>. An index may stand for padding, which does
    /// not count: so bags of different lengths are filled up.
    /// </summary>
    /// <param name="count">The number of rows of the table; indices are below it.</param>
    /// <param name="features">The length of each row, 1 or more.</param>
    /// <param name="mode">
    /// How the rows of a bag become one: their sum, their mean, or the largest element of each feature.
    /// </param>
    /// <param name="padding">The index that stands for padding; none unless given.</param>
    /// <exception cref="DomainError">The padding is no index.</exception>
    /// <example><code>Layers.EmbeddingBag(1000, 64, BagMode.Mean)</code></example>
    public static Layer<Expr, Expr> EmbeddingBag(int count, int features, BagMode mode, int? padding = null) =>
        padding is { } index
            ? DL1.Embedding.bagPadded(mode, index, count, features)
            : DL1.Embedding.bag(mode, count, features);

    /// <summary>The sum of the rows of a bag, each times a weight of its own: indices and weights <c>[batch; length]</c>.</summary>
    /// <param name="count">The number of rows of the table; indices are below it.</param>
    /// <param name="features">The length of each row, 1 or more.</param>
    /// <exception cref="DomainError">A number is below 1.</exception>
    /// <example><code>Layers.WeightedEmbeddingBag(1000, 64)</code></example>
    public static Layer<(Expr Indices, Expr Weights), Expr> WeightedEmbeddingBag(int count, int features) =>
        LayerModule.before(
            Interop.Function<(Expr Indices, Expr Weights), Tuple<Expr, Expr>>(x => x.ToTuple()),
            DL1.Embedding.bagWeighted(count, features));

    /// <summary>
    /// <c>Embedding</c> whose rows are at most so long: a longer one is scaled when it is read. The table itself stays as it
    /// is, and the gradient is that of the scaled row.
    /// </summary>
    /// <param name="count">The number of rows of the table; indices are below it.</param>
    /// <param name="features">The length of each row, 1 or more.</param>
    /// <param name="longest">The largest Euclidean norm of a row that is read, above 0.</param>
    /// <exception cref="DomainError">The length is not above 0.</exception>
    /// <example><code>Layers.BoundedEmbedding(1000, 64, longest: 1)</code></example>
    public static Layer<Expr, Expr> BoundedEmbedding(int count, int features, double longest) =>
        DL1.Embedding.bounded(longest, count, features);

    /// <summary>
    /// An embedding, layers over its rows, and an output projection by the same table (Press and Wolf 2017): indices
    /// <c>[...]</c> to scores <c>[...; count]</c>. Parameters <c>embedding.weight</c>, once, and those of the layers below
    /// <c>body</c>. A layer of your own ties weights by asking for one name twice.
    /// </summary>
    /// <param name="count">The number of rows of the table, and of scores; indices are below it.</param>
    /// <param name="features">The length of each row, 1 or more.</param>
    /// <param name="body">Layers from <c>[...; features]</c> to <c>[...; features]</c>.</param>
    /// <exception cref="ShapeError">The layers end with another number of features.</exception>
    /// <exception cref="DomainError">A number is below 1.</exception>
    /// <example><code>Layers.TiedEmbedding(1000, 64, Layers.SelfAttention(4, causal: true))</code></example>
    public static Layer<Expr, Expr> TiedEmbedding(int count, int features, params Layer<Expr, Expr>[] body) =>
        DL1.Embedding.tied(count, features, body is [var single] ? single : Model.Sequential(body));

    /// <summary>
    /// x₁ᵀ·W·x₂ + b for each output: <c>[...; in1]</c> and <c>[...; in2]</c> to <c>[...; outputs]</c>. Parameters
    /// <c>weight</c> <c>[outputs; in1; in2]</c> and <c>bias</c> <c>[outputs]</c>, uniform within ±1/√in1 unless given.
    /// </summary>
    /// <param name="outputs">How many numbers come out, 1 or more.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="weight">How the weight begins: uniform within ±1/√in1 unless given.</param>
    /// <param name="biasInit">How the bias begins: uniform within ±1/√in1 unless given.</param>
    /// <exception cref="DomainError">There are no outputs.</exception>
    /// <example><code>Layers.Bilinear(10)</code></example>
    public static Layer<(Expr First, Expr Second), Expr> Bilinear(
        int outputs, bool bias = true, Initializer? weight = null, Initializer? biasInit = null) =>
        LayerModule.before(
            Interop.Function<(Expr First, Expr Second), Tuple<Expr, Expr>>(x => x.ToTuple()),
            Dense.bilinearWith(
                new ParameterOptions(bias, weight ?? Dense.ofFirst, Interop.Option(biasInit)), outputs));

    /// <summary>All axes but the first as one: <c>[batch; ...]</c> to <c>[batch; features]</c>.</summary>
    /// <example><code>Layers.Flatten()</code></example>
    public static Layer<Expr, Expr> Flatten() => Shaping.flatten;

    /// <summary>All axes but the first in another shape, of which one extent may be −1.</summary>
    /// <param name="shape">The extents after the batch; one of them may be −1 and follows from the others.</param>
    /// <example><code>Layers.Reshape(1, 28, 28)</code></example>
    public static Layer<Expr, Expr> Reshape(params int[] shape) => Shaping.reshape(Interop.List(shape));

    /// <summary>
    /// In training each element is 0 with a probability, and 1/(1 − probability) times itself else; in inference nothing
    /// happens (Srivastava et al. 2014).
    /// </summary>
    /// <param name="probability">The chance that an element is dropped, from 0 up to but not including 1.</param>
    /// <exception cref="DomainError">The probability is outside [0, 1).</exception>
    /// <example><code>Layers.Dropout(0.2)</code></example>
    public static Layer<Expr, Expr> Dropout(double probability = 0.5) => Shaping.dropout(probability);

    /// <summary>
    /// In training normal noise of a standard deviation is added to each element; in inference nothing happens.
    /// </summary>
    /// <param name="deviation">The standard deviation of the noise, finite and 0 or more.</param>
    /// <exception cref="DomainError">The deviation is negative or not finite.</exception>
    /// <example><code>Layers.GaussianNoise(0.1)</code></example>
    public static Layer<Expr, Expr> GaussianNoise(double deviation) => Shaping.gaussianNoise(deviation);

    /// <summary>
    /// A layer of your own from a function of its scope and its input; the name is for errors and tables. The scope gives
    /// parameters, state and keys, and runs other layers as parts.
    /// </summary>
    /// <param name="name">The layer's name in errors and tables.</param>
    /// <param name="function">From the scope, which gives parameters, state and keys, and the input to the output.</param>
    /// <example><code>
    /// Layers.Create("Gated", (scope, x) =>
    /// {
    ///     var gate = scope.Run("gate", Layers.Linear(32), x);
    ///     var scale = scope.Parameter("scale", Initializers.Ones, 32);
    ///     return scale * gate * Functions.Sigmoid(gate);
    /// })
    /// </code></example>
    public static Layer<Expr, Expr> Create(string name, Func<Scope, Expr, Expr> function) =>
        LayerModule.create(name, Interop.Function(function));

    /// <summary>A layer of your own whose input or output is something else than one expression: a tuple, a record.</summary>
    /// <param name="name">The layer's name in errors and tables.</param>
    /// <param name="function">From the scope, which gives parameters, state and keys, and the input to the output.</param>
    /// <example><code>Layers.CreateOf("Swap", (Scope scope, (Expr A, Expr B) x) => (x.B, x.A))</code></example>
    public static Layer<TIn, TOut> CreateOf<[DynamicallyAccessedMembers(Interop.Members)] TIn, [DynamicallyAccessedMembers(Interop.Members)] TOut>(
        string name, Func<Scope, TIn, TOut> function) =>
        LayerModule.createOf(name, Interop.Function(function));

    /// <summary>A function of expressions as a layer without parameters.</summary>
    /// <param name="name">The layer's name in errors and tables.</param>
    /// <param name="function">From the input to the output.</param>
    /// <example><code>Layers.Function("Double", x => 2 * x)</code></example>
    public static Layer<Expr, Expr> Function(string name, Func<Expr, Expr> function) =>
        LayerModule.ofFunction(name, Interop.Function(function));

    /// <summary>What comes in goes out; it takes no number in a row.</summary>
    /// <example><code>Layers.Identity()</code></example>
    public static Layer<Expr, Expr> Identity() => LayerModule.identity<Expr>();

    /// <summary>x + f(x), where f is these layers in a row (He et al. 2016).</summary>
    /// <param name="layers">Layers in a row whose result has the shape of what goes in.</param>
    /// <example><code>Layers.Residual(Layers.Linear(64), Layers.Relu(), Layers.Linear(64))</code></example>
    public static Layer<Expr, Expr> Residual(params Layer<Expr, Expr>[] layers) =>
        LayerModule.residual(layers is [var single] ? single : Model.Sequential(layers));

    /// <summary>
    /// g(x) + f(x), where f changes the shape: the parts are named <c>shortcut</c> and <c>branch</c>.
    /// </summary>
    /// <param name="shortcut">From what goes in to the shape of the branch's result, such as a convolution of kernel 1.</param>
    /// <param name="branch">The layer beside it, whose result is added.</param>
    /// <example><code>Layers.ResidualWith(Layers.Linear(8), Model.Sequential(Layers.Linear(8), Layers.Relu()))</code></example>
    public static Layer<Expr, Expr> ResidualWith(Layer<Expr, Expr> shortcut, Layer<Expr, Expr> branch) =>
        LayerModule.residualWith(shortcut, branch);

    /// <summary>
    /// These layers in a row, with the same parameters, values and gradients, of which a training keeps only what goes in: what is
    /// computed inside is computed again when the backward pass comes to it (Chen et al. 2016). Memory for activations falls to those
    /// between such parts and those inside one; a step takes up to a third longer. Random draws and statistics of the batch are
    /// those of the forward pass. Gradients are equal but for the rounding of sums, which compiled loops may cut otherwise. Best
    /// around each block of a deep model.
    /// </summary>
    /// <param name="layers">Layers in a row.</param>
    /// <example><code>Layers.Recompute(Layers.Linear(64), Layers.Relu(), Layers.Linear(64))</code></example>
    public static Layer<Expr, Expr> Recompute(params Layer<Expr, Expr>[] layers) =>
        DL1.Recompute.layer(layers is [var single] ? single : Model.Sequential(layers));

    /// <summary>Layers beside one another on the same input, numbered, their results joined along an axis.</summary>
    /// <param name="axis">The axis along which the results are joined; −1 is the last.</param>
    /// <param name="layers">Layers on the same input, whose results are equal in all other extents.</param>
    /// <example><code>Layers.Concat(1, Layers.Linear(4), Layers.Linear(8))</code></example>
    public static Layer<Expr, Expr> Concat(int axis, params Layer<Expr, Expr>[] layers) =>
        Parallel(parts => Expr.Concat(axis, [.. parts]), layers);

    /// <summary>Layers beside one another on the same input, numbered, their results joined by a function.</summary>
    /// <param name="join">From the results, in the order of the layers, to one expression.</param>
    /// <param name="layers">Layers on the same input.</param>
    /// <example><code>Layers.Parallel(parts => parts[0] * Functions.Sigmoid(parts[1]), Layers.Linear(8), Layers.Linear(8))</code></example>
    public static Layer<TIn, Expr> Parallel<TIn, TPart>(
        Func<IReadOnlyList<TPart>, Expr> join, params Layer<TIn, TPart>[] layers) =>
        LayerModule.parallelBy(
            Interop.Function<Microsoft.FSharp.Collections.FSharpList<TPart>, Expr>(parts => join(parts)),
            Interop.List(layers));

    /// <summary>Two layers on the same input, numbered 0 and 1.</summary>
    /// <param name="first">The layer whose result comes first.</param>
    /// <param name="second">The layer whose result comes second.</param>
    /// <example><code>Layers.Both(Layers.Linear(4), Layers.Linear(8))</code></example>
    public static Layer<TIn, (TFirst First, TSecond Second)> Both<TIn, TFirst, TSecond>(
        Layer<TIn, TFirst> first, Layer<TIn, TSecond> second) =>
        LayerModule.map(
            Interop.Function<Tuple<TFirst, TSecond>, (TFirst, TSecond)>(pair => (pair.Item1, pair.Item2)),
            LayerModule.both(first, second));
}
