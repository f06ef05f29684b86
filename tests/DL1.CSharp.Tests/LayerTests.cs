using Microsoft.FSharp.Collections;

namespace DL1.CSharp.Tests;

/// <summary>
/// Layers from C#: each is the F# layer that it stands for, parameter by parameter and operation by operation. The
/// examples of the documentation stand here to the letter.
/// </summary>
public class LayerTests
{
    private static FSharpList<T> List<T>(params T[] items) => ListModule.OfSeq(items);

    private static WindowOptions Window(int[] stride, int[] padding, int dilation = 1, int groups = 1) =>
        new(List(stride), List(padding), List(dilation), groups);

    private static ParameterOptions With(Initializer? weight = null, Initializer? biasInit = null) => new(
        true, weight ?? Init.standard, biasInit is null ? null : Microsoft.FSharp.Core.FSharpOption<Initializer>.Some(biasInit));

    private static RecurrentOptions Recurrence(int hidden, int layers = 1, bool bidirectional = false) =>
        new(hidden, layers, bidirectional, true, 0, null);

    private sealed record Pair(Layer<Expr, Expr> Ours, Layer<Expr, Expr> Theirs, params int[] Shape);

    private static void Same<TIn>(Layer<TIn, Expr> ours, Layer<TIn, Expr> theirs, TIn example)
    {
        var (parameters, state) = ours.Init(Key.OfSeed(3), example);
        var (theirParameters, theirState) = theirs.Init(Key.OfSeed(3), example);
        Assert.Equal(theirParameters, parameters);
        Assert.Equal(theirState, state);

        Tree<Expr> weights = parameters.Variables(), buffers = state.Variables();
        var key = Expr.Variable("key", DType.I32, 2);
        foreach (var mode in new[] { null, key })
        {
            var (output, next) = ours.Apply(weights, buffers, example, mode);
            var (theirOutput, theirNext) = theirs.Apply(weights, buffers, example, mode);
            Assert.True(theirOutput == output, $"{output}");
            Assert.Equal(theirNext, next);
        }
    }

    private static void AllTheSame(params Pair[] pairs) =>
        Assert.All(pairs, pair => Same(pair.Ours, pair.Theirs, Expr.Variable("x", pair.Shape)));

    [Fact]
    public void DenseAndShapingLayers() => AllTheSame(
        new(Layers.Linear(64), Dense.linear(64), 8, 20),
        new(Layers.Linear(3, bias: false), Dense.linearWith(new ParameterOptions(false, Init.standard, null), 3), 8, 20),
        new(Layers.Flatten(), Shaping.flatten, 8, 3, 4),
        new(Layers.Reshape(1, 28, 28), Shaping.reshape(List(1, 28, 28)), 8, 784),
        new(Layers.Dropout(0.2), Shaping.dropout(0.2), 8, 20),
        new(Layers.Dropout(), Shaping.dropout(0.5), 8, 20),
        new(Layers.Identity(), LayerModule.identity<Expr>(), 8, 20),
        new(Layers.Function("Double", x => 2 * x), LayerModule.ofFunction("Double", Of((Expr x) => 2 * x)), 8, 20));

    [Fact]
    public void Embeddings()
    {
        Expr words = Expr.Variable("words", DType.I64, 8, 12), some = Expr.Variable("some", DType.I64, 8);
        Same(Layers.Embedding(1000, 64), Dense.embedding(1000, 64), words);
        Same(Layers.Embedding(1000, 64, weight: Initializers.Normal(0, 0.1)), Dense.embeddingWith(Init.normal(0, 0.1), 1000, 64), words);
        Same(Layers.Embedding(1000, 64, padding: 3), Dense.embeddingPadded(3, 1000, 64), words);
        var scores = Layers.SkipGram(1000, 64).Init(Key.OfSeed(1), (some, words)).Parameters;
        Assert.Equal(["words", "contexts"], scores.Paths);
    }

    [Fact]
    public void TheBiasThatKeepsBeginsAsAsked()
    {
        foreach (var kept in new[] { Layers.Lstm(4, forgetBias: 1).Last(), Layers.Gru(4, forgetBias: 1).Last() })
        {
            var parameters = kept.Init(Key.OfSeed(1), 1, 5, 3).Parameters;
            Assert.Equal([1, 1, 1, 1], parameters["bias_ih_l0"].ToDoubles()[4..8]);
            Assert.Equal([0, 0, 0, 0], parameters["bias_hh_l0"].ToDoubles()[4..8]);
        }
    }

    [Fact]
    public void Normalisations() => AllTheSame(
        new(Layers.BatchNorm(), Norm.batchNorm1d, 8, 20),
        new(Layers.BatchNorm(), Norm.batchNorm1d, 8, 3, 20),
        new(Layers.BatchNorm(), Norm.batchNorm2d, 8, 3, 5, 5),
        new(Layers.BatchNorm(1e-3, momentum: 0.2, affine: false), Norm.batchNorm2dWith(new NormOptions(1e-3, 0.2, false)), 8, 3, 5, 5),
        new(Layers.LayerNorm(), Norm.layerNorm, 8, 20),
        new(Layers.LayerNorm(2, 1e-3, false), Norm.layerNormWith(new NormOptions(1e-3, 0.1, false), 2), 8, 3, 20),
        new(Layers.GroupNorm(2), Norm.groupNorm(2), 8, 4, 5),
        new(Layers.GroupNorm(4, 1e-3, false), Norm.groupNormWith(new NormOptions(1e-3, 0.1, false), 4), 8, 4, 5));

    [Fact]
    public void ActivationFunctions() => AllTheSame(
        new(Layers.Relu(), Activation.relu, 8, 20), new(Layers.LeakyRelu(0.1), Activation.leakyRelu(0.1), 8, 20),
        new(Layers.PRelu(perChannel: true), Activation.prelu(true), 8, 20), new(Layers.PRelu(), Activation.prelu(false), 8, 20),
        new(Layers.Elu(), Activation.elu(1), 8, 20), new(Layers.Selu(), Activation.selu, 8, 20),
        new(Layers.Gelu(), Activation.gelu, 8, 20), new(Layers.Silu(), Activation.silu, 8, 20),
        new(Layers.Mish(), Activation.mish, 8, 20), new(Layers.Hardtanh(), Activation.hardtanh, 8, 20),
        new(Layers.Softsign(), Activation.softsign, 8, 20), new(Layers.Softplus(), Activation.softplus, 8, 20),
        new(Layers.Sigmoid(), Activation.sigmoid, 8, 20), new(Layers.LogSigmoid(), Activation.logSigmoid, 8, 20),
        new(Layers.Tanh(), Activation.tanh, 8, 20), new(Layers.Softmax(), Activation.softmax(-1), 8, 20),
        new(Layers.LogSoftmax(), Activation.logSoftmax(-1), 8, 20),
        new(Layers.Relu6(), Activation.relu6, 8, 20), new(Layers.HardSigmoid(), Activation.hardSigmoid, 8, 20),
        new(Layers.HardSwish(), Activation.hardSwish, 8, 20), new(Layers.Celu(), Activation.celu(1), 8, 20),
        new(Layers.GeluTanh(), Activation.geluTanh, 8, 20), new(Layers.HardShrink(), Activation.hardShrink(0.5), 8, 20),
        new(Layers.SoftShrink(), Activation.softShrink(0.5), 8, 20), new(Layers.TanhShrink(), Activation.tanhShrink, 8, 20),
        new(Layers.Threshold(0.1, 20), Activation.threshold(0.1, 20), 8, 20), new(Layers.Glu(), Activation.glu(-1), 8, 20));

    [Fact]
    public void ConvolutionsAndPoolings() => AllTheSame(
        new(Layers.Conv1d(8, 3, padding: 1), Conv.conv1dWith(With(), Window([1], [1]), 8, 3), 2, 3, 16),
        new(Layers.Conv2d(32, 3, padding: 1), Conv.conv2dWith(With(), Window([1], [1]), 32, List(3)), 2, 3, 8, 8),
        new(Layers.Conv2d(32, (3, 5), padding: (1, 2)), Conv.conv2dWith(With(), Window([1, 1], [1, 2]), 32, List(3, 5)), 2, 3, 8, 8),
        new(Layers.Conv2d(4, 3, stride: 2, dilation: 2, groups: 2), Conv.conv2dWith(With(), Window([2], [0], 2, 2), 4, List(3)), 2, 4, 9, 9),
        new(
            Layers.ConvTranspose2d(8, 2, stride: 2),
            Conv.convTranspose2d(8, 2, 2), 2, 3, 8, 8),
        new(
            Layers.ConvTranspose2d(8, 3, stride: 2, padding: 1, outputPadding: 1),
            Conv.convTranspose2dWith(With(), Window([2], [1]), List(1), 8, List(3)), 2, 3, 8, 8),
        new(Layers.MaxPool(2), Pooling.max(2), 2, 3, 8, 8),
        new(Layers.MaxPool(3, stride: 1, padding: 1), Pooling.maxWith(Window([1], [1]), List(3)), 2, 3, 8),
        new(Layers.AveragePool(2), Pooling.average(2), 2, 3, 8, 8),
        new(Layers.AveragePool(3, stride: 1), Pooling.averageWith(Window([1], [0]), List(3)), 2, 3, 8),
        new(Layers.AdaptiveAveragePool(1), Pooling.adaptiveAverage(List(1)), 2, 3, 8, 8),
        new(Layers.AdaptiveMaxPool(2), Pooling.adaptiveMax(List(2)), 2, 3, 8, 8),
        new(Layers.UpsampleNearest(2), Upsample.nearest(2), 2, 3, 4, 4),
        new(Layers.UpsampleLinear(2), Upsample.linear(false, 2), 2, 3, 4, 4),
        new(Layers.PixelShuffle(2), Upsample.pixelShuffle(2), 2, 4, 3, 3));

    [Fact]
    public void RecurrentLayers()
    {
        AllTheSame(
            new(Layers.Rnn(32).Last(), Recurrent.last(Recurrent.rnn(Recurrence(32))), 2, 5, 4),
            new(Layers.Rnn(32, relu: true).Last(), Recurrent.last(Recurrent.rnnRelu(Recurrence(32))), 2, 5, 4),
            new(Layers.Lstm(32).Last(), Recurrent.last(Recurrent.lstm(Recurrence(32))), 2, 5, 4),
            new(
                Layers.Lstm(32, bidirectional: true).Sequence(),
                Recurrent.sequence(Recurrent.lstm(Recurrence(32, bidirectional: true))), 2, 5, 4),
            new(Layers.Gru(32).Sequence(), Recurrent.sequence(Recurrent.gru(Recurrence(32))), 2, 5, 4),
            new(Layers.Gru(32, layers: 2).Last(), Recurrent.last(Recurrent.gru(Recurrence(32, 2))), 2, 5, 4));

        // A decoder that starts where an encoder ended gives, over zeros, what the encoder itself gives of the zero state.
        Expr x = Expr.Variable("x", 2, 5, 4), hidden = Expr.Variable("h", 1, 2, 32), cell = Expr.Variable("c", 1, 2, 32);
        var (weights, _) = Layers.Lstm(32).Last().Init(Key.OfSeed(1), x);
        var zero = Expr.Constant(Tensor.Zeros(1, 2, 32));
        var fromZero = Layers.LstmFrom(32).Last().Apply(weights.Variables(), Trees.Empty<Expr>(), (x, RecurrentState.From(zero, zero))).Output;
        var plain = Layers.Lstm(32).Last().Apply(weights.Variables(), Trees.Empty<Expr>(), x).Output;
        (string, Tensor)[] values = [("x", Key.OfSeed(2).Normal(0, 1, 2, 5, 4)), .. weights.Select(w => (w.Key, w.Value))];
        Assert.Equal(plain.Evaluate(values), fromZero.Evaluate(values));

        Assert.Equal([2, 5, 32], Layers.LstmFrom(32).Sequence().Shape((x, RecurrentState.From(hidden, cell))));
        var result = Layers.LstmFrom(32).OutputOf((x, RecurrentState.From(hidden, cell)));
        Assert.Equal([1, 2, 32], result.Final.CellOrNull!.Shape);
        Assert.Null(Layers.Gru(32).OutputOf(x).Final.CellOrNull);
        Assert.Equal([2, 32], Layers.GruFrom(32).Last().Shape((x, RecurrentState.From(hidden))));
        Assert.Equal([2, 32], Layers.RnnFrom(32).Last().Shape((x, RecurrentState.From(hidden))));
        Assert.Throws<ShapeError>(() => Layers.GruFrom(32).Last().Shape((x, RecurrentState.From(hidden, cell))));
    }

    [Fact]
    public void RecurrentLayersNeverSeePadding()
    {
        Expr x = Expr.Variable("x", 2, 5, 4), lengths = Expr.Variable("n", DType.I32, 2), state = Expr.Variable("h", 1, 2, 32);
        Expr isReal = Attentions.IsReal(lengths, 5);
        Assert.Equal([2, 5], isReal.Shape);
        Assert.Equal([3, 5], Attentions.Lengths(isReal).Evaluate(("n", Tensor.Of(new[] { 3, 5 }))).ToDoubles());
        var from = RecurrentState.From(state);
        Assert.Equal([2, 32], Layers.RnnPadded(32).Last().Shape((x, isReal)));
        Assert.Equal([2, 32], Layers.RnnPadded(32, relu: true).Last().Shape((x, isReal)));
        Assert.Equal([2, 64], Layers.LstmPadded(32, bidirectional: true).Last().Shape((x, isReal)));
        Assert.Equal([2, 5, 32], Layers.GruPadded(32).Sequence().Shape((x, isReal)));
        Assert.Equal([2, 32], Layers.RnnPaddedFrom(32).Last().Shape((x, isReal, from)));
        Assert.Equal([2, 32], Layers.LstmPaddedFrom(32).Last().Shape((x, isReal, RecurrentState.From(state, state))));
        Assert.Equal([2, 32], Layers.GruPaddedFrom(32).Last().Shape((x, null, from)));
        Assert.Equal([2, 32], Layers.RnnReluFrom(32).Last().Shape((x, from)));

        // The first row is three places long: what stands behind them changes nothing.
        var model = Layers.GruPadded(32, bidirectional: true).Last();
        var (weights, _) = model.Init(Key.OfSeed(1), (x, isReal));
        var last = model.Apply(weights.Variables(), Trees.Empty<Expr>(), (x, isReal)).Output;
        Tensor input = Key.OfSeed(2).Normal(0, 1, 2, 5, 4);
        Tensor Run(Tensor data) => last.Evaluate(
            [("x", data), ("n", Tensor.Of(new[] { 3, 5 })), .. weights.Select(w => (w.Key, w.Value))]);
        var other = input.ToDoubles().Select((v, i) => i is >= 12 and < 20 ? 100f : (float)v).ToArray();
        Assert.Equal(Run(input), Run(Tensor.Of(other, 2, 5, 4)));
        Assert.Throws<ShapeError>(() => Layers.GruPadded(32).Last().Shape((x, x)));
    }

    [Fact]
    public void AttentionAndTransformers()
    {
        var options = new TransformerOptions(4, 64, 0.1, false, false, Of<Expr, Expr>(Functions.Gelu), 1e-5, false, true);
        AllTheSame(
            new(Layers.SelfAttention(4, causal: true), Attention.self(4, true), 2, 5, 8),
            new(Layers.TransformerEncoderLayer(4, 64, activation: Functions.Gelu), Transformer.encoderLayer(options), 2, 5, 8),
            new(Layers.SinusoidalPositions(), Transformer.sinusoidalPositions, 2, 5, 8),
            new(Layers.LearnedPositions(128), Transformer.learnedPositions(128), 2, 5, 8));

        Expr x = Expr.Variable("x", 2, 5, 8), memory = Expr.Variable("m", 2, 3, 8), isReal = Expr.Variable("real", DType.Bool, 2, 5);
        Assert.Equal([2, 5, 8], Layers.MaskedSelfAttention(4).Shape((x, Attentions.PaddingMask(isReal))));
        Assert.Equal([2, 5, 8], Layers.MultiHeadAttention(4).Shape((x, memory, null)));
        Assert.Equal([2, 5, 8], Layers.TransformerEncoder(2, heads: 4, inner: 64).Shape((x, isReal)));
        Assert.Equal([2, 3, 8], Layers.TransformerDecoder(2, heads: 4, inner: 64).Shape((memory, x, null, isReal)));
        Assert.Equal([2, 3, 8], Layers.TransformerDecoderLayer(4, 64).Shape((memory, x)));
        Assert.Contains(
            "layers.1.multihead_attn.in_proj_weight",
            Layers.TransformerDecoder(2, 4, 64).Init(Key.OfSeed(1), (memory, x, null, null)).Parameters.Paths);

        Expr q = Expr.Variable("q", 2, 4, 8), k = Expr.Variable("k", 2, 4, 8), v = Expr.Variable("v", 2, 4, 6);
        Assert.Equal([4, 4], Attentions.CausalMask(4, 4).Shape);
        Assert.Equal(Attention.scaledDotProduct(null, q, k, v), Attentions.ScaledDotProduct(q, k, v));
        Assert.Equal([2, 4, 4], Attentions.Weights(q, k, Attentions.CausalMask(4, 4)).Shape);
        Assert.Equal([16, 64], Attentions.Sinusoids(16, 64).Shape);
    }

    [Fact]
    public void LayersMadeOfLayers()
    {
        AllTheSame(
            new(
                Layers.Residual(Layers.Linear(64), Layers.Relu(), Layers.Linear(64)),
                LayerModule.residual(Dense.linear(64).Then(Activation.relu).Then(Dense.linear(64))), 8, 64),
            new(
                Layers.Recompute(Layers.Linear(64), Layers.Relu(), Layers.Linear(64)),
                Recompute.layer(Dense.linear(64).Then(Activation.relu).Then(Dense.linear(64))), 8, 64),
            new(
                Layers.ResidualWith(Layers.Linear(8), Model.Sequential(Layers.Linear(8), Layers.Relu())),
                LayerModule.residualWith(Dense.linear(8), Dense.linear(8).Then(Activation.relu)), 8, 20),
            new(
                Model.Sequential(Layers.Linear(8), Layers.Relu()).Block(),
                LayerModule.block(Dense.linear(8).Then(Activation.relu)), 8, 20),
            new(Layers.Linear(64).Numbered(), LayerModule.numbered(Dense.linear(64)), 8, 20),
            new(Layers.Linear(64).Named("encoder"), LayerModule.named("encoder", Dense.linear(64)), 8, 20),
            new(Layers.Linear(4).Map(y => y * 2), LayerModule.map(Of((Expr y) => y * 2), Dense.linear(4)), 8, 20),
            new(Layers.Linear(4).Before((Expr x) => x / 255), LayerModule.before(Of((Expr x) => x / 255), Dense.linear(4)), 8, 20));

        var x = Expr.Variable("x", 8, 20);
        Assert.Equal([8, 12], Layers.Concat(1, Layers.Linear(4), Layers.Linear(8)).Shape(x));
        var gate = Layers.Parallel(parts => parts[0] * Functions.Sigmoid(parts[1]), Layers.Linear(8), Layers.Linear(8));
        Assert.Equal([8, 8], gate.Shape(x));
        Assert.Equal(["0.weight", "0.bias", "1.weight", "1.bias"], gate.Init(Key.OfSeed(1), 8, 20).Parameters.Paths);
        var (first, second) = Layers.Both(Layers.Linear(4), Layers.Linear(8)).OutputOf(x);
        Assert.Equal([4, 8], [first.Shape[1], second.Shape[1]]);
        Expr a = Expr.Variable("a", 2), b = Expr.Variable("b", 3);
        Assert.Equal((b, a), Layers.CreateOf("Swap", (Scope scope, (Expr A, Expr B) x) => (x.B, x.A)).OutputOf((a, b)));
    }

    [Fact]
    public void InitializersBegin()
    {
        static Tensor Begun(Layer<Expr, Expr> layer, string path = "weight") => layer.Init(Key.OfSeed(2), 1, 40).Parameters[path];
        static Tensor Fs(Initializer begin) => Begun(Dense.linearWith(With(begin), 10));

        Assert.Equal(Tensor.Zeros(10), Begun(Layers.Linear(10, biasInit: Initializers.Zeros), "bias"));
        Assert.Equal(Tensor.Ones(10), Begun(Layers.Linear(10, biasInit: Initializers.Ones), "bias"));
        Assert.Equal(Tensor.Full(DType.F32, 0.1, 10), Begun(Layers.Linear(10, biasInit: Initializers.Constant(0.1)), "bias"));
        Assert.Equal(Fs(Init.standard), Begun(Layers.Linear(10, weight: Initializers.Standard)));
        Assert.Equal(Fs(Init.uniform(-0.1, 0.1)), Begun(Layers.Linear(10, weight: Initializers.Uniform(-0.1, 0.1))));
        Assert.Equal(Fs(Init.normal(0, 0.02)), Begun(Layers.Linear(10, weight: Initializers.Normal(0, 0.02))));
        Assert.Equal(Fs(Init.truncatedNormal(0, 0.02)), Begun(Layers.Linear(10, weight: Initializers.TruncatedNormal(0, 0.02))));
        Assert.Equal(Fs(Init.xavierUniform(1)), Begun(Layers.Linear(10, weight: Initializers.XavierUniform())));
        Assert.Equal(Fs(Init.xavierNormal(1)), Begun(Layers.Linear(10, weight: Initializers.XavierNormal())));
        Assert.Equal(Fs(Init.kaimingUniform(Fan.In, 1)), Begun(Layers.Linear(10, weight: Initializers.KaimingUniform(gain: 1))));
        Assert.Equal(Fs(Init.kaimingNormal(Fan.In, Math.Sqrt(2))), Begun(Layers.Linear(10, weight: Initializers.KaimingNormal())));
        Assert.Equal(Fs(Init.kaimingNormal(Fan.Out, 1)), Begun(Layers.Linear(10, weight: Initializers.KaimingNormal(1, fanOut: true))));
        Assert.Equal(Fs(Init.lecunUniform), Begun(Layers.Linear(10, weight: Initializers.LecunUniform)));
        Assert.Equal(Fs(Init.lecunNormal), Begun(Layers.Linear(10, weight: Initializers.LecunNormal)));
        Assert.Equal(Fs(Init.orthogonal(1)), Begun(Layers.Linear(10, weight: Initializers.Orthogonal())));
        var small = Begun(Layers.Linear(10, weight: Initializers.Create("small", (type, shape, key) => key.Normal(0, 0.001, [.. shape]).Cast(type))));
        Assert.InRange(small.ToDoubles().Max(), 1e-4, 1e-2);
    }

    private static Microsoft.FSharp.Core.FSharpFunc<T, TResult> Of<T, TResult>(Func<T, TResult> f) =>
        Microsoft.FSharp.Core.FuncConvert.FromFunc(f);
}

/// <summary>What comes out of a layer for an example.</summary>
internal static class LayerOutputs
{
    extension<TIn, TOut>(Layer<TIn, TOut> layer)
    {
        public TOut OutputOf(TIn example)
        {
            var (parameters, state) = layer.Init(Key.OfSeed(1), example);
            return layer.Apply(parameters.Variables(), state.Variables(), example).Output;
        }
    }

    extension<TIn>(Layer<TIn, Expr> layer)
    {
        public IEnumerable<int> Shape(TIn example) => layer.OutputOf(example).Shape;
    }
}
