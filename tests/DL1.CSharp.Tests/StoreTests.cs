using DL1;

namespace DL1.CSharp.Tests;

/// <summary>Tensors and checkpoints in files.</summary>
public sealed class StoreTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("dl1");
    private readonly string path;
    private readonly Tree<Tensor> parameters = Trees.From([("0.weight", Tensor.Ones(2, 3)), ("0.bias", Tensor.Zeros(2))]);

    public StoreTests() => path = Path.Combine(folder.FullName, "file");

    public void Dispose() => folder.Delete(true);

    private static void Same(Tree<Tensor> expected, Tree<Tensor> actual) =>
        Assert.Equal(expected.Select(p => (p.Key, p.Value)), actual.Select(p => (p.Key, p.Value)));

    [Fact]
    public async Task TensorsGoToNumPyAndBack()
    {
        var tensor = Tensor.Of([1.5, -2], 2, 1);
        tensor.WriteNpy(path);
        Tensor read = Tensor.ReadNpy(path);
        await tensor.WriteNpyAsync(path);
        Tensor readLater = await Tensor.ReadNpyAsync(path);
        byte[] bytes = tensor.ToNpy();
        Tensor ofBytes = Tensor.FromNpy(bytes);
        Assert.Equal(tensor, read);
        Assert.Equal(tensor, readLater);
        Assert.Equal(tensor, ofBytes);
        Assert.Equal(bytes, File.ReadAllBytes(path));

        parameters.WriteNpz(path);
        Tree<Tensor> arrays = TensorFiles.ReadNpz(path);
        byte[] zipped = parameters.ToNpz();
        Tree<Tensor> unzipped = TensorFiles.FromNpz(zipped);
        Same(parameters, arrays);
        Same(parameters, unzipped);

        Tensor seven = Tensor.FromIdx([0, 0, 8, 1, 0, 0, 0, 1, 7]);
        Assert.Equal([7], seven.ToDoubles());
        var idxPath = path;
        File.WriteAllBytes(idxPath, [0, 0, 8, 1, 0, 0, 0, 1, 7]);
        Tensor pixels = Tensor.ReadIdx(idxPath);
        Assert.Equal(seven, pixels);
    }

    [Fact]
    public async Task TensorsGoToSafetensorsAndBack()
    {
        parameters.WriteSafetensors(path, new Dictionary<string, string> { ["made by"] = "DL1" });
        Tree<Tensor> found = TensorFiles.ReadSafetensors(path);
        Same(parameters, found);
        var (tensors, texts) = TensorFiles.ReadSafetensorsWithTexts(path);
        Same(parameters, tensors);
        Assert.Equal("DL1", texts["made by"]);
        await parameters.WriteSafetensorsAsync(path);
        Tree<Tensor> foundLater = await TensorFiles.ReadSafetensorsAsync(path);
        Same(parameters, foundLater);
        byte[] content = parameters.ToSafetensors();
        Assert.Equal(content, File.ReadAllBytes(path));
        Tree<Tensor> ofContent = TensorFiles.FromSafetensors(content);
        Same(parameters, ofContent);
        Tree<Tensor> filled = parameters.FilledFrom(found);
        Same(parameters, filled);
        var error = Assert.Throws<FormatError>(() => parameters.FilledFrom(found.Filter(p => p == "0.bias")));
        Assert.Contains("0.weight", error.Given);
    }

    [Fact]
    public async Task ADamagedOrMissingFileIsRefused()
    {
        await Assert.ThrowsAsync<FormatError>(() => Tensor.ReadNpyAsync(path));
        await Assert.ThrowsAsync<FormatError>(() => Checkpoint.ReadAsync(path));
        await File.WriteAllBytesAsync(path, parameters.ToSafetensors()[..20]);
        await Assert.ThrowsAsync<FormatError>(() => TensorFiles.ReadSafetensorsAsync(path));
        Assert.Throws<FormatError>(() => TensorFiles.ReadSafetensors(path));
    }

    [Fact]
    public async Task CancellingLeavesTheOldFile()
    {
        File.WriteAllText(path, "old");
        using var source = new CancellationTokenSource();
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => parameters.WriteSafetensorsAsync(path, cancellation: source.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TensorFiles.ReadSafetensorsAsync(path, source.Token));
        Assert.Equal("old", File.ReadAllText(path));
        TensorFiles.WriteWhole(path, stream => stream.WriteByte(1));
        Assert.Equal([1], File.ReadAllBytes(path));
        Assert.Single(folder.GetFiles());
    }

    [Fact]
    public async Task CheckpointsAreKept()
    {
        var learner = Layers.Linear(2).Learner(Losses.Mse, Optimizers.Adam());
        var state = learner.Start(Key.OfSeed(1), Tensor.Zeros(1, 3));
        Checkpoint now = state.ToCheckpoint();
        var checkpoint = now;
        var signed = checkpoint.WithTexts(new Dictionary<string, string> { ["author"] = "Ada" });
        checkpoint = signed;
        checkpoint.Write(path);
        Assert.Equal("Ada", Checkpoint.Read(path).Texts["author"]);
        await checkpoint.WriteAsync(path);
        Checkpoint checkpointLater = await Checkpoint.ReadAsync(path);
        string author = checkpoint.Texts["author"];
        Assert.Equal(author, checkpointLater.Texts["author"]);
        byte[] message = checkpoint.ToBytes();
        Checkpoint sent = Checkpoint.FromBytes(message);
        Same(checkpoint.Parameters, sent.Parameters);
        TrainState resumed = checkpoint.ToState();
        Same(state.Optimizer, resumed.Optimizer);
        Assert.Equal(state.Steps, resumed.Steps);
        ReadsAgain(path);
    }

    private static void ReadsAgain(string path)
    {
        Checkpoint checkpoint = Checkpoint.Read(path);
        Assert.Equal(0, checkpoint.Step);
    }
}
