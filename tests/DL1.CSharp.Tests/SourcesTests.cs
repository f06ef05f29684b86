using System.Formats.Tar;
using System.Text;
using DL1.Data;
using DL1.Pictures;
using SkiaSharp;

namespace DL1.CSharp.Tests;

/// <summary>The C# face of sources: the examples of docs/large-data.md and of the documentation, run.</summary>
public sealed class SourcesTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dl1-").FullName;

    public void Dispose() => Directory.Delete(folder, true);

    private static Dataset RowsOf(int[] numbers)
    {
        var x = numbers.Select(n => (float)n).ToArray();
        return Dataset.From(Tensor.Of(x).Reshape(x.Length, 1), Tensor.Of(x.Select(v => 2 * v).ToArray()).Reshape(x.Length, 1));
    }

    /// <summary>An npy file of bytes.</summary>
    private void Bytes(string name, string shape, byte[] data)
    {
        var header = $"{{'descr': '|u1', 'fortran_order': False, 'shape': ({shape}), }}".PadRight(117) + "\n";
        File.WriteAllBytes(Path.Combine(folder, name), [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header), .. data]);
    }

    [Fact]
    public void MappedFilesAreLearntFrom()
    {
        Bytes("images.npy", "200, 3, 8, 8", [.. Enumerable.Range(0, 200 * 192).Select(i => (byte)(i * 7 + i / 192))]);
        Tensor.Of([.. Enumerable.Range(0, 200).Select(i => (long)(i % 3))]).WriteNpy(Path.Combine(folder, "labels.npy"));
        var learner = Layers.Flatten().Then(Layers.Linear(3)).Learner(Losses.CrossEntropy, Optimizers.Adam(1e-3));

        using var images = MappedTensor.Npy(Path.Combine(folder, "images.npy")); // u8 [rows, 3, 8, 8]
        using var labels = MappedTensor.Npy(Path.Combine(folder, "labels.npy")); // i64 [rows]
        var source = MappedTensor.ToSource(images.Scaled(1 / 255.0), labels);
        var (learnt, measured) = source.SplitRows(0.9, seed: 1);
        var augmented = learnt.Augment((key, row) => row.MapInputs(x => x + key.Normal(0, 0.02, [.. x.Shape])));
        var result = learner.Fit(augmented, new TrainingOptions(
            Epochs: 2, BatchSize: 32, Validation: measured, Prefetch: new Prefetch(4, 2), Blocks: new BlockOrder(64, 4)));

        Assert.Equal(2, result.History.Count);
        Assert.Equal((180, 20), (learnt.Count, measured.Count));
        var byNames = MappedTensor.NamedSource([("pixels", images)], [("label", labels)]);
        Assert.Equal(["pixels"], byNames.Example.NamedInputs.Paths);

        // The same rows in memory, to the bit.
        var options = new TrainingOptions(Epochs: 2, BatchSize: 32, Validation: measured.ToDataset(), Blocks: new BlockOrder(64, 4));
        var streamed = learner.Fit(learnt, options with { Validation = measured, Prefetch = new Prefetch(3, 2) });
        Assert.Equal(learner.Fit(learnt.ToDataset(), options).Trained.Parameters, streamed.Trained.Parameters);
        Assert.NotEqual(result.Trained.Parameters, streamed.Trained.Parameters);
    }

    [Fact]
    public void ImagesTarFilesAndTablesAreSources()
    {
        var pictures = Path.Combine(folder, "pictures");
        foreach (var (kind, red) in new[] { ("cat", 250), ("dog", 10) })
        {
            Directory.CreateDirectory(Path.Combine(pictures, kind));
            for (var i = 0; i < 4; i++)
            {
                using var bitmap = new SKBitmap(9, 9);
                bitmap.Erase(new SKColor((byte)red, (byte)(20 * i), 0));
                using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
                File.WriteAllBytes(Path.Combine(pictures, kind, $"{i}.png"), png.ToArray());
            }
        }

        using (var writer = new TarWriter(File.Create(Path.Combine(folder, "a.tar"))))
        {
            for (var i = 0; i < 5; i++)
            {
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{i}.bin") { DataStream = new MemoryStream([(byte)i, 1]) });
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{i}.cls") { DataStream = new MemoryStream([(byte)('0' + (i % 2))]) });
            }
        }

        File.WriteAllText(Path.Combine(folder, "clicks.csv"), "age,hour,clicked\n31,9,1\n44,23,0\n27,12,1\n");
        static Tensor Decode(byte[] bytes) => Tensor.Of(bytes.Select(b => (float)b).ToArray()).Reshape(1, bytes.Length);
        var learner = Layers.Flatten().Then(Layers.Linear(2)).Learner(Losses.CrossEntropy, Optimizers.Adam(1e-3));

        var photos = ImageFiles.Open(pictures, 8, 8); // cat/1.png, dog/1.png, ...
        var ofPhotos = learner.Fit(photos.Source, new TrainingOptions(Epochs: 1, Prefetch: new Prefetch(4, 2)));

        using var shards = new TarShards(Directory.GetFiles(folder, "*.tar").Order());
        var samples = shards.ToSource(sample => Dataset.From(Decode(sample["bin"]), Tensor.Of(new[] { long.Parse(sample.Text("cls")) })));

        using var clicks = CsvRows.Open(Path.Combine(folder, "clicks.csv"));
        var rows = clicks.ToSource(table => Dataset.From(table.Numbers("age", "hour"), table.Numbers("clicked")));
        var both = Source.Append(rows, rows);

        Assert.Single(ofPhotos.History);
        Assert.Equal([3f, 1f], samples.Rows([3]).Inputs.ToArray<float>());
        Assert.Equal([1L, 0L], samples.Rows([3, 2]).Targets.ToArray<long>());
        Assert.Equal([44f, 23f], both.Rows([4]).Inputs.ToArray<float>());
        Assert.Equal(2, learner.Fit(samples, new TrainingOptions(Epochs: 2, BatchSize: 2)).History.Count);
    }

    [Fact]
    public void AFunctionGivesRows()
    {
        Dataset RowsOf(int[] numbers)
        {
            var x = numbers.Select(n => n / 1000f).ToArray();
            return Dataset.From(Tensor.Of(x).Reshape(x.Length, 1), Tensor.Of(x.Select(v => v * v).ToArray()).Reshape(x.Length, 1));
        }

        var squares = Source.From(1000, RowsOf([0]), RowsOf);
        var regression = Layers.Linear(8).Then(Layers.Tanh()).Then(Layers.Linear(1)).Learner(Losses.Mse, Optimizers.Adam(0.01));
        var ofSquares = regression.Fit(squares, new TrainingOptions(Epochs: 2));

        Assert.Equal(ofSquares.Trained.Parameters, regression.Fit(squares.ToDataset(), new TrainingOptions(Epochs: 2)).Trained.Parameters);
    }

    [Fact]
    public void TheExamplesOfTheFaceRun()
    {
        var squares = Source.From(1000, RowsOf([0]), RowsOf);
        var twice = Source.Append(squares, squares);
        var blend = Source.Mixed(500, [(0.7, squares), (0.3, twice)]);
        var even = squares.Only([0, 2, 4]);
        var (learnt, measured) = squares.SplitRows(0.9, seed: 1);
        var scaled = squares.Map(rows => rows.MapInputs(x => x * 0.001f));
        var noisy = squares.Augment((key, row) => row.MapInputs(x => x + key.Normal(0, 0.01, 1, 1)));
        var drawn = squares.Weighted(Enumerable.Range(0, 1000).Select(i => i % 10 == 0 ? 9.0 : 1.0), 1000);
        Dataset inMemory = even.ToDataset();

        Assert.Equal((2000, 500, 3, 900, 100), (twice.Count, blend.Count, even.Count, learnt.Count, measured.Count));
        Assert.Equal([0f, 2f, 4f], inMemory.Inputs.ToArray<float>());
        Assert.Equal([0.5f], scaled.Rows([500]).Inputs.ToArray<float>());
        Assert.Equal([7f], noisy.Rows([7]).Inputs.ToArray<float>());
        Assert.NotEqual([7f], noisy.Drawn(Key.OfSeed(1), [7]).Inputs.ToArray<float>());
        Assert.InRange(drawn.Drawn(Key.OfSeed(1), [.. Enumerable.Range(0, 1000)]).Inputs.ToArray<float>().Count(v => v % 10 == 0), 420, 580);
        Assert.Equal(["1000 rows", "source of 3 rows"], [RowsOf([.. Enumerable.Range(0, 1000)]).ToString()[..9], even.ToString()[..16]]);
        Assert.Throws<DomainError>(() => Source.Append());
        Assert.Throws<DomainError>(() => squares.Only([1000]));
        Assert.Throws<ArgumentNullException>(() => Source.Append(squares, null!));
        Assert.Equal("4 batches ahead on 2 threads", new Prefetch(4, 2).ToString());
        Assert.Equal("blocks of 64 rows, mixed among 4", new BlockOrder(64, 4).ToString());
    }
}
