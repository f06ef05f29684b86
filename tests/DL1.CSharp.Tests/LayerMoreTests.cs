namespace DL1.CSharp.Tests;

/// <summary>
/// More layers from C#: each asks for what its F# layer asks for, gives its shape, and takes its options in their places. The
/// examples of the documentation stand here to the letter.
/// </summary>
public class LayerMoreTests
{
    private static readonly Expr Rows = Expr.Variable("x", 8, 20), Sounds = Expr.Variable("s", 2, 4, 9);
    private static readonly Expr Images = Expr.Variable("i", 2, 4, 8, 8), Words = Expr.Variable("w", DType.I64, 8, 5);
    private static readonly Expr Sequences = Expr.Variable("q", 2, 5, 8), Memory = Expr.Variable("m", 2, 3, 8);

    private static (TOut Output, Tree<Tensor> Parameters, Tree<Tensor> State) Made<TIn, TOut>(Layer<TIn, TOut> layer, TIn input)
    {
        var (parameters, state) = layer.Init(Key.OfSeed(1), input);
        return (layer.Apply(parameters.Variables(), state.Variables(), input).Output, parameters, state);
    }

    private static void Gives<TIn>(Layer<TIn, Expr> layer, TIn input, int[] shape, params string[] parameters)
    {
        var (output, found, _) = Made(layer, input);
        Assert.Equal(shape, output.Shape);
        Assert.Equal(parameters, found.Paths);
    }

    [Fact]
    public void Normalisations()
    {
        Gives(Layers.BatchNorm(tracking: NormTracking.Cumulative), Rows, [8, 20], "weight", "bias");
        Assert.Equal(0, Made(Layers.BatchNorm(tracking: NormTracking.Off), Rows).State.Count);
        Assert.Equal(3, Made(Layers.BatchNorm(tracking: NormTracking.Moving), Images).State.Count);
        Gives(Layers.InstanceNorm(), Sounds, [2, 4, 9]);
        Gives(Layers.InstanceNorm(affine: true, tracking: NormTracking.Moving), Images, [2, 4, 8, 8], "weight", "bias");
        Gives(Layers.LayerNorm(bias: false), Rows, [8, 20], "weight");
        Gives(Layers.RmsNorm(), Rows, [8, 20], "weight");
        Assert.Equal([4, 9], Made(Layers.RmsNorm(2, 1e-6), Sounds).Parameters["weight"].Shape);
        Assert.Equal([4, 9], Made(Layers.RmsNorm(2), Sounds).Parameters["weight"].Shape);
        Gives(Layers.LocalResponseNorm(5), Images, [2, 4, 8, 8]);
        Gives(Layers.GaussianNoise(0.1), Rows, [8, 20]);
        Assert.Throws<DomainError>(() => Layers.RmsNorm(epsilon: 0));
        Assert.Throws<DomainError>(() => Layers.LocalResponseNorm(0));
        Assert.Throws<DomainError>(() => Layers.GaussianNoise(double.NaN));
    }

    [Fact]
    public void ThreeSpatialAxes()
    {
        var scans = Expr.Variable("x", 2, 1, 5, 6, 6);
        Gives(Layers.Conv3d(8, 3, padding: 1), scans, [2, 8, 5, 6, 6], "weight", "bias");
        Gives(Layers.Conv3d(8, 2, same: true, bias: false), scans, [2, 8, 5, 6, 6], "weight");
        Gives(Layers.MaxPool(2), scans, [2, 1, 2, 3, 3]);
        Gives(Layers.AveragePool(2), scans, [2, 1, 2, 3, 3]);
        Assert.Throws<ShapeError>(() => Made(Layers.Conv3d(8, 9), scans));
        Assert.Throws<DomainError>(() => Layers.Conv3d(8, 0));
    }

    [Fact]
    public void SamePaddingKeepsExtents()
    {
        Gives(Layers.Conv1d(8, 4, same: true), Sounds, [2, 8, 9], "weight", "bias");
        Gives(Layers.Conv2d(32, 3, same: true), Images, [2, 32, 8, 8], "weight", "bias");
        Gives(Layers.Conv2d(32, (3, 5), stride: (2, 1), same: true), Images, [2, 32, 4, 8], "weight", "bias");
        Gives(Layers.MaxPool(3, stride: 1, same: true), Images, [2, 4, 8, 8]);
        Gives(Layers.AveragePool(3, same: true), Images, [2, 4, 3, 3]);
        Gives(Layers.ConvTranspose1d(8, 2, stride: 2), Sounds, [2, 8, 18], "weight", "bias");
        Assert.Throws<DomainError>(() => Made(Layers.Conv2d(32, 3, padding: 1, same: true), Images));

        Expr images = Images, w = Expr.Variable("w", 3, 4, 2, 2), b = Expr.Variable("b", 3);
        var y = images.ConvSame(w).AddBias(b);
        Assert.Equal([2, 3, 8, 8], y.Shape);
        Assert.Equal([2, 3, 4, 4], images.ConvSame(w, stride: 2).Shape);
        var dilated = images.MaxPoolSame(3);
        Assert.Equal([2, 4, 8, 8], dilated.Shape);
        var blurred = images.AvgPoolSame(3);
        Assert.Equal([2, 4, 8, 8], blurred.Shape);
        Assert.Equal([1, 1, 1], Expr.Constant(Tensor.Ones(1, 1, 3)).AvgPoolSame(3).Evaluate().ToDoubles());
    }

    [Fact]
    public void Embeddings()
    {
        Gives(Layers.EmbeddingBag(1000, 64, BagMode.Mean), Words, [8, 64], "weight");
        Gives(Layers.EmbeddingBag(1000, 64, BagMode.Max, padding: 0), Words, [8, 64], "weight");
        Gives(Layers.WeightedEmbeddingBag(1000, 64), (Words, Expr.Variable("p", 8, 5)), [8, 64], "weight");
        Gives(Layers.BoundedEmbedding(1000, 64, longest: 1), Words, [8, 5, 64], "weight");
        Gives(
            Layers.TiedEmbedding(1000, 64, Layers.SelfAttention(4, causal: true)), Words, [8, 5, 1000],
            "embedding.weight", "body.in_proj_weight", "body.in_proj_bias", "body.out_proj.weight", "body.out_proj.bias");
        Gives(Layers.TiedEmbedding(10, 4, Layers.Linear(4), Layers.Relu()), Words, [8, 5, 10], "embedding.weight", "body.0.weight", "body.0.bias");
        Gives(Layers.Bilinear(10), (Rows, Expr.Variable("z", 8, 3)), [8, 10], "weight", "bias");
        Gives(Layers.Bilinear(10, bias: false, weight: Initializers.Ones), (Rows, Rows), [8, 10], "weight");
        Assert.Throws<DomainError>(() => Layers.EmbeddingBag(10, 4, BagMode.Sum, padding: 10));
        Assert.Throws<DomainError>(() => Layers.BoundedEmbedding(10, 4, longest: 0));
    }

    [Fact]
    public void Attention()
    {
        var (output, weights) = Made(Layers.GeneralAttention(4, bias: false), (Sequences, Expr.Variable("k", 2, 3, 6), Expr.Variable("v", 2, 3, 7), null)).Output;
        Assert.Equal([2, 5, 8], output.Shape);
        Assert.Equal([2, 4, 5, 3], weights.Shape);
        Gives(Layers.SelfAttention(4, bias: false), Sequences, [2, 5, 8], "in_proj_weight", "out_proj.weight");
        Gives(Layers.MultiHeadAttention(4, bias: false), (Sequences, Memory, null), [2, 5, 8], "in_proj_weight", "out_proj.weight");
        var added = Expr.Variable("mask", 5, 5);
        Gives(Layers.MaskedSelfAttention(4, bias: false), (Sequences, added), [2, 5, 8], "in_proj_weight", "out_proj.weight");

        string[] llama = ["q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight"];
        Gives(Layers.GroupedAttention(4, keyHeads: 2, RotaryOptions.Default), Sequences, [2, 5, 8], llama);
        Gives(Layers.MaskedGroupedAttention(4, keyHeads: 2), (Sequences, added), [2, 5, 8], llama);
        Assert.Equal(RotaryPairs.Halves, RotaryOptions.Default.Pairs);
        Expr queries = Expr.Variable("q", 2, 4, 5, 6), keys = Expr.Variable("k", 2, 2, 3, 6), values = Expr.Variable("v", 2, 2, 3, 7);
        Assert.Equal([2, 4, 5, 7], Attentions.GroupedScaledDotProduct(queries, keys, values).Shape);
        var q = queries;
        Assert.Equal(
            Attentions.Rotate(q),
            Attentions.Rotate(q, new RotaryOptions(RotaryPairs.Halves, 10000), Expr.Constant(Tensor.Of(new[] { 0, 1, 2, 3, 4 }))));
        Assert.Throws<ShapeError>(() => Made(Layers.GroupedAttention(4, keyHeads: 3), Sequences));
    }

    [Fact]
    public void TransformersWithMasksAndFinalNorms()
    {
        Expr mask = Expr.Variable("mask", 2, 1, 5, 5), cross = Expr.Variable("cross", 5, 3);
        var stack = Layers.MaskedTransformerEncoder(2, heads: 4, inner: 64, normFirst: true, finalNorm: true);
        var (output, parameters, _) = Made(stack, (Sequences, null, mask));
        Assert.Equal([2, 5, 8], output.Shape);
        Assert.Equal(["norm.weight", "norm.bias"], parameters.Paths.TakeLast(2));
        Assert.Equal([2, 5, 8], Made(Layers.MaskedTransformerEncoderLayer(4, 64), (Sequences, null, mask)).Output.Shape);
        Assert.Equal([2, 5, 8], Made(Layers.MaskedTransformerDecoder(2, heads: 4, inner: 64), (Sequences, Memory, mask, cross)).Output.Shape);
        Assert.Equal([2, 5, 8], Made(Layers.MaskedTransformerDecoderLayer(4, 64), (Sequences, Memory, null, cross)).Output.Shape);
        var unbiased = Made(Layers.TransformerDecoder(1, 4, 16, finalNorm: true, bias: false), (Sequences, Memory, null, null)).Parameters;
        Assert.DoesNotContain(unbiased.Paths, p => p.EndsWith("bias"));
        Assert.Contains("norm.weight", unbiased.Paths);
        Assert.NotEqual(
            Made(Layers.TransformerEncoderLayer(4, 16, dropout: 0), Sequences).Output,
            Made(Layers.TransformerEncoderLayer(4, 16, dropout: 0, normEpsilon: 0.1), Sequences).Output);
    }

    [Fact]
    public void ProjectedLstms()
    {
        string[] names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_hr_l0"];
        Gives(Layers.LstmProjected(32, projection: 8).Last(), Sequences, [2, 8], names);
        var isReal = Expr.Variable("real", DType.Bool, 2, 5);
        Gives(Layers.LstmProjectedPadded(32, projection: 8).Last(), (Sequences, isReal), [2, 8], names);
        var state = RecurrentState.From(Expr.Variable("h", 1, 2, 8), Expr.Variable("c", 1, 2, 32));
        var final = Made(Layers.LstmProjectedFrom(32, projection: 8), (Sequences, state)).Output.Final;
        Assert.Equal([1, 2, 8], final.Hidden.Shape);
        Assert.Equal([1, 2, 32], final.CellOrNull!.Shape);
        var from = RecurrentState.From(Expr.Variable("h", 1, 2, 32));
        Assert.Equal([2, 5, 32], Made(Layers.RnnReluPaddedFrom(32), (Sequences, isReal, from)).Output.Sequence.Shape);
    }
}
