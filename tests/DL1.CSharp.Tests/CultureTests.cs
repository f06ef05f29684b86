using System.Globalization;
using DL1.Data;

namespace DL1.CSharp.Tests;

/// <summary>What C# has of texts is the same in every culture.</summary>
public class CultureTests
{
    /// <summary>Runs a function in a culture that writes −1,5.</summary>
    private static T Hostile<T>(Func<T> run)
    {
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = HostileCulture.Made();
        try
        {
            return run();
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    public static TheoryData<string, Func<string>> Texts => new()
    {
        { "f = −0.5·x", () => $"f = {-0.5 * Expr.Symbol("x")}" },
        { "TrainingProgress { Epoch = 1, Step = -2, Steps = 3, Loss = -0.5, Ended =  }", () => new TrainingProgress(1, -2, 3, -0.5, null).ToString() },
        { "-0.5*x", () => (-0.5 * Expr.Symbol("x")).ToAscii() },
        { "Epochs = -1", () => new TrainingOptions(Epochs: -1).ToString() },
        { "the learning rate -0.5", () => Assert.Throws<DomainError>(() => Optimizers.Create("o", -0.5)).Given },
        { "CumSum { Axis = 0, Reversed = False, X = v }", () => Expr.Variable("v", 3).CumSum(0).Operation.ToString() },
        { "x1", () => Assert.Throws<DomainError>(() => Expr.Symbol("x").WithOperands(Expr.Symbol("y"))).Given + "x1" },
    };

    [Theory]
    [MemberData(nameof(Texts), DisableDiscoveryEnumeration = true)]
    public void AreTheSameInAHostileCulture(string part, Func<string> write)
    {
        var hostile = Hostile(write);
        Assert.Contains(part, hostile);
        Assert.Equal(write(), hostile);
    }

    [Fact]
    public void EveryPictureIsTheSameInAHostileCulture()
    {
        foreach (var (name, make) in Gallery.Figures)
        {
            Assert.True(make().Svg(400) == Hostile(() => make().Svg(400)), name);
        }
    }

    [Fact]
    public void RecordsShowTheirMembers()
    {
        var loss = Expr.Variable("x", 2, 3).Sum();
        var progress = new TrainingProgress(1, 2, 3, 0.5, null);
        var options = new TrainingOptions(Epochs: 3);
        Console.WriteLine(loss.Operation);
        Console.WriteLine(progress);
        Console.WriteLine(options);
        Assert.StartsWith("TrainingOptions { Epochs = 3, BatchSize = 64, ", $"{options}");
    }

    [Fact]
    public void TheStructureOfAModelOfWordsIsWritten()
    {
        var words = Model.Sequential(Layers.Embedding(10, 4), Layers.Flatten(), Layers.Linear(2));
        string wordStructure = words.ToJson(DType.I64, 1, 12);
        words.CheckJson(wordStructure, DType.I64, 1, 12);
        Assert.Contains("[10, 4]", wordStructure);
        Assert.ThrowsAny<DL1Error>(() => words.ToJson(1, 12));
        Assert.Throws<FormatError>(() => words.CheckJson(wordStructure, DType.I64, 1, 11));
    }

    [Fact]
    public void TablesAreReadByOptions()
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, "a,b\n1,x\nn/a,y\n");
        var german = Tables.ReadCsv(path, CsvOptions.Default.WithSeparator(',').WithMissing("n/a"));
        Assert.Equal([1, double.NaN], german.Values("a"));
        File.Delete(path);

        var shops = Tables.FromCsv("zip;rent\n01067;12,5\n", CsvOptions.Default.WithSeparator(';').WithDecimalComma().WithColumn("zip", ColumnType.Text));
        Assert.Equal("01067", shops.Texts("zip")[0]);
        Assert.Equal(12.5, shops.Values("rent")[0]);
        Assert.Throws<FormatError>(() => Tables.ReadCsv(""));
    }

    [Fact]
    public async Task FilesThatAreNotThereAreToldAlikeWithoutAThread()
    {
        foreach (var path in new[] { "", "no/such/file", "a\0b", "." })
        {
            await Assert.ThrowsAsync<FormatError>(() => Tables.ReadCsvAsync(path));
            await Assert.ThrowsAsync<FormatError>(() => Tensor.ReadNpyAsync(path));
            await Assert.ThrowsAsync<FormatError>(() => Checkpoint.ReadAsync(path));
        }

        foreach (var path in new[] { "", "no/such/file", "a\0b", "." })
        {
            await Assert.ThrowsAsync<DomainError>(() => Tensor.Zeros(2).WriteNpyAsync(path));
            Assert.Throws<DomainError>(() => Tensor.Zeros(2).WriteNpy(path));
        }
    }

    [Fact]
    public void AScalerOfNumbersThatDoNotFitIsRefused()
    {
        Assert.Throws<DomainError>(() => Scaler.Of([0, 1], [1]));
        Assert.Throws<DomainError>(() => Scaler.Of([0], [0]));
        Assert.Throws<DomainError>(() => Scaler.Of([double.NaN], [1]));
        Assert.Equal([2f], Scaler.Of([1], [0.5]).Apply(Tensor.Of(new[,] { { 2f } })).ToArray<float>());
    }
}
