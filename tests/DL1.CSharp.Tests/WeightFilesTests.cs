using System.Text;
using DL1;
using DL1.Data;

namespace DL1.CSharp.Tests;

/// <summary>Files of weights of other frameworks: PyTorch's, TorchSharp's, llama.cpp's, and safetensors in several files.</summary>
[Collection("console")]
public sealed class WeightFilesTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("dl1");
    private readonly string path;
    private readonly Tree<Tensor> parameters = Trees.From([("0.weight", Tensor.Ones(2, 3)), ("0.bias", Tensor.Zeros(2))]);

    public WeightFilesTests() => path = Path.Combine(folder.FullName, "file");

    public void Dispose() => folder.Delete(true);

    private static void Same(Tree<Tensor> expected, Tree<Tensor> actual) =>
        Assert.Equal(expected.Select(p => (p.Key, p.Value)), actual.Select(p => (p.Key, p.Value)));

    [Fact]
    public async Task TensorsGoToPyTorchAndBack()
    {
        parameters.WritePyTorch(path);
        Tree<Tensor> saved = TensorFiles.ReadPyTorch(path);
        Same(parameters, saved);
        Tree<Tensor> savedLater = await TensorFiles.ReadPyTorchAsync(path);
        Same(parameters, savedLater);
        byte[] content = parameters.ToPyTorch();
        Assert.Equal(content, File.ReadAllBytes(path));
        Tree<Tensor> received = TensorFiles.FromPyTorch(content);
        Same(parameters, received);
        var (tensors, texts) = TensorFiles.ReadPyTorchWithTexts(path);
        Same(parameters, tensors);
        Assert.Empty(texts);
        Tree<Tensor> biases = TensorFiles.ReadPyTorch(path, name => name.EndsWith(".bias"));
        Assert.Equal(["0.bias"], biases.Paths);

        parameters.WritePyTorch(path, FloatStorage.BF16);
        TensorInfo stored = TensorFiles.PyTorchContents(path)["0.weight"];
        Assert.Equal("torch.bfloat16 [2, 3]", stored.ToString());
        Assert.Equal("torch.bfloat16", stored.Type);
        Assert.Equal([2, 3], stored.Shape);
        Same(parameters, TensorFiles.ReadPyTorch(path));

        var checkpointPath = path;
        parameters.Under("model").WritePyTorch(checkpointPath);
        Tree<Tensor> weights = TensorFiles.ReadPyTorch(checkpointPath, at: "model");
        Same(parameters, weights);
        var error = Assert.Throws<FormatError>(() => TensorFiles.ReadPyTorch(path, at: "net"));
        Assert.Contains("model.0.weight", error.Expected);
    }

    [Fact]
    public void TensorsGoToTorchSharpAndBack()
    {
        parameters.WriteTorchSharp(path);
        Tree<Tensor> module = TensorFiles.ReadTorchSharp(path);
        Same(parameters, module);
        byte[] data = parameters.ToTorchSharp();
        Tree<Tensor> sent = TensorFiles.FromTorchSharp(data);
        Same(parameters, sent);
        Assert.Equal(data, File.ReadAllBytes(path));
        Assert.Throws<FormatError>(() => TensorFiles.FromTorchSharp(data[..^1]));
    }

    [Fact]
    public void GgufIsRead()
    {
        byte[] gguf =
        [
            .. "GGUF"u8, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // one tensor, no values
            7, 0, 0, 0, 0, 0, 0, 0, .. "blk.0.w"u8, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            .. BitConverter.GetBytes(1f), .. BitConverter.GetBytes(2f),
        ];
        File.WriteAllBytes(path, gguf);
        Tree<Tensor> model = TensorFiles.ReadGguf(path);
        Assert.Equal([1, 2], model["blk.0.w"].ToDoubles());
        Tree<Tensor> block = TensorFiles.ReadGguf(path, name => name.StartsWith("blk.0."));
        Same(model, block);
        Tree<Tensor> fromBytes = TensorFiles.FromGguf(gguf);
        Same(model, fromBytes);
        var (tensors, texts) = TensorFiles.ReadGgufWithTexts(path);
        Same(model, tensors);
        Assert.Empty(texts);
        TensorInfo stored = TensorFiles.GgufContents(path)["blk.0.w"];
        Assert.Equal("F32 [2]", stored.ToString());
    }

    [Fact]
    public void SafetensorsAreReadInPartAndFromSeveralFiles()
    {
        parameters.WriteSafetensors(path, floats: FloatStorage.F16);
        TensorInfo stored = TensorFiles.SafetensorsContents(path)["0.weight"];
        Assert.Equal("F16 [2, 3]", stored.ToString());
        Tree<Tensor> biases = TensorFiles.ReadSafetensors(path, name => name.EndsWith(".bias"));
        Assert.Equal(["0.bias"], biases.Paths);
        Same(parameters, TensorFiles.ReadSafetensors(path));

        File.Move(path, Path.Combine(folder.FullName, "a.safetensors"));
        File.WriteAllText(
            Path.Combine(folder.FullName, "model.safetensors.index.json"), """{"weight_map": {"0.bias": "a.safetensors"}}""");
        Assert.Equal(["0.bias"], TensorFiles.ReadSafetensors(folder.FullName).Paths);
        Assert.Throws<DomainError>(() => Trees.From([("w", Tensor.Of([1e30f]))]).ToSafetensors(floats: FloatStorage.F16));
    }

    [Fact]
    public void PartsOfATreeAreRenamed()
    {
        var tree = Trees.From([("0.weight", 1), ("0.bias", 2), ("1.weight", 3), ("10.weight", 4)]);
        var layers = tree.Rename(("0", "hidden"), ("1", "head"));
        Assert.Equal(["hidden.weight", "hidden.bias", "head.weight", "10.weight"], layers.Paths);
        Assert.Equal(["weight", "bias"], tree.At("0").Under("net").Rename(("net", "")).Paths);
        Assert.Contains("2, which is to become x", Assert.Throws<DomainError>(() => tree.Rename(("2", "x"))).Given);
        Assert.Throws<DomainError>(() => tree.Rename(("0", "1")));
    }

    [Fact]
    public void PyTorchsWeightsComeInAreTrainedAndGoBack()
    {
        var digits = Datasets.Digits();
        var (images, few) = (digits.Take(5).Inputs, digits.Take(100));
        var there = Model.Sequential(
            Layers.Reshape(1, 8, 8),
            Model.Sequential(Layers.Conv2d(8, 3, padding: 1), Layers.BatchNorm(), Layers.Relu(), Layers.MaxPool(2)).Named("features"),
            Layers.Flatten(), Layers.Linear(10).Named("classifier"));
        var begun = there.Init(Key.OfSeed(7), 1, 64);
        var known = begun.Parameters.Append(begun.State);
        known.Under("model").WritePyTorch(path);

        Console.WriteLine(TensorFiles.PyTorchContents(path)); // model.features.0.weight: torch.float32 [8, 1, 3, 3] ...

        static Layer<Expr, Expr> Net() => Model.Sequential(
            Layers.Reshape(1, 8, 8), Layers.Conv2d(8, 3, padding: 1).Named("conv"), Layers.BatchNorm().Named("norm"), Layers.Relu(),
            Layers.MaxPool(2), Layers.Flatten(), Layers.Linear(10).Named("head"));

        var saved = TensorFiles.ReadPyTorch(path, at: "model");
        var found = saved.Rename(("features.0", "conv"), ("features.1", "norm"), ("classifier", "head"));
        var (parameters, state) = Net().Init(Key.OfSeed(1), 1, 64);
        var loaded = found.Into(parameters, state);
        Console.WriteLine(loaded); // 9 taken
        var net = Net().With(loaded.Parameters, loaded.State);
        Tensor scores = net.Predict(images);

        var learner = Net().Learner(Losses.CrossEntropy, Optimizers.Adam(1e-3));
        var start = learner.Start(Key.OfSeed(2), loaded.Parameters, loaded.State);
        var tuned = learner.Fit(few, new TrainingOptions(Epochs: 3, BatchSize: 20, Start: start)).Trained;

        var back = tuned.Parameters.Append(tuned.State).Rename(("conv", "features.0"), ("norm", "features.1"), ("head", "classifier"));
        back.WritePyTorch(path);

        Assert.True(loaded.IsWhole, loaded.ToString());
        Assert.Equal($"{known.Count} taken", loaded.ToString());
        Assert.Equal(there.With(begun.Parameters, begun.State).Predict(images), scores);
        Assert.Equal(known.Paths.Order(), TensorFiles.ReadPyTorch(path).Paths.Order());
        Assert.NotEqual(known["classifier.weight"], TensorFiles.ReadPyTorch(path)["classifier.weight"]);
    }
}
