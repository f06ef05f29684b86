using DL1.Onnx;

namespace DL1.CSharp.Tests;

/// <summary>ONNX files from C#: a small network exported by PyTorch, <c>[batch; 4]</c> to <c>[batch; 3]</c>.</summary>
[Collection("console")]
public class OnnxTests
{
    private static readonly string path = Path.Combine(Repository.Folder("tests", "DL1.Onnx.Tests"), "fixtures", "mlp.onnx");

    private static readonly Tensor samples = Tensor.Of([1f, -2, 3, -4, 0.5f, 0.25f, -1, 2], 2, 4);

    [Fact]
    public void AFileIsReadImportedAndRun()
    {
        var file = OnnxFile.Read(path);
        Console.WriteLine(file);

        Assert.Contains("x: float [batch, 4]", file.ToString());
        Assert.Empty(file.Unsupported);
        Assert.Equal(17, file.Opset);
        var network = file.Import();
        Tensor scores = network.Run(("x", samples))["y"];
        Tree<Tensor> inside = network.Activations(["x", "y"], ("x", samples));

        Assert.Equal([2, 3], scores.Shape);
        var embedded = OnnxFile.OfBytes(File.ReadAllBytes(path));
        Assert.Equal(scores, embedded.Import().Run(("x", samples))["y"]);

        Assert.Equal(samples, inside["x"]);
        Assert.Equal(scores, inside["y"]);

        Expr logits = network.Apply(Expr.Variable("x", 2, 4))[0];
        Assert.Contains("tanh", logits.ToString());

        Layer<Tree<Expr>, Tree<Expr>> named = network.ToNamedModel();
        Assert.Contains("ONNX", named.ToString());
    }

    [Fact]
    public void AnUnknownInputIsRefused()
    {
        var error = Assert.Throws<DomainError>(() => OnnxFile.Read(path).Import().Run(("z", samples)));
        Assert.Contains("one of: x", error.Message);
        Assert.Throws<FormatError>(() => OnnxFile.Read(path + ".none"));
        Assert.Throws<FormatError>(() => OnnxFile.OfBytes([1, 2, 3]));
    }

    [Fact]
    public void AModelOfOneSampleTakesBatches()
    {
        var file = OnnxFile.Read(path);
        var batched = file.ImportPerSample();
        Assert.Equal([2, 3], batched.Run(("x", samples))["y"].Shape);
        var lifted = file.ToModelPerSample().Then(Layers.Linear(2));
        var (parameters, state) = lifted.Init(Key.OfSeed(1), samples);
        Assert.Equal([2, 2], lifted.Apply(parameters.Map(Expr.Constant), state.Map(Expr.Constant), Expr.Constant(samples)).Output.Shape);
    }

    [Fact]
    public void AFileIsTunedAsPartOfAModel()
    {
        var file = OnnxFile.Read(path);
        var tuned = file.ToModel().Then(Layers.Relu()).Then(Layers.Linear(2));
        var data = new Dataset(samples, Tensor.Of([0L, 1L]));
        var fitted = tuned.Learner(Losses.CrossEntropy, Optimizers.Adam(0.1)).Fit(data, new TrainingOptions(Epochs: 20));
        Assert.True(fitted.History[^1].Loss < 0.5 * fitted.History[0].Loss);
    }
}
