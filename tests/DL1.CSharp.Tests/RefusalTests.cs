using DL1.Data;
using DL1.Pictures;

namespace DL1.CSharp.Tests;

/// <summary>Calls that generated arguments found to answer with an exception of another kind, or with none of ours.</summary>
public class RefusalTests
{
    private static readonly Shape Two = Shape.Of([4, 3]);
    private static readonly Expr Scalar = Expr.Symbol("x");

    private static readonly Confusion Counts = Metrics.Confusion(Tensor.Of([0, 1, 1]), Tensor.Of([0, 1, 0]));

    public static TheoryData<string, Func<object>> Refused => new()
    {
        { "an axis past the last", () => Two[2] },
        { "an axis before the first", () => Two[-1] },
        { "the axis of a scalar", () => Shape.Scalar[0] },
        { "removing an axis that is not there", () => ShapeModule.removeAxis(2, Two) },
        { "removing the axis of a scalar", () => ShapeModule.removeAxis(0, Shape.Scalar) },
        { "inserting an axis behind the last but one", () => ShapeModule.insertAxis(3, 1, Two) },
        { "inserting an axis at a negative place", () => ShapeModule.insertAxis(int.MinValue, 1, Two) },
        { "the extent of an axis that is not there", () => ShapeModule.withAxis(int.MaxValue, 1, Two) },
        { "a class that is not there", () => Counts.Precision(2) },
        { "a class below 0", () => Counts.Recall(-1) },
        { "the F1 of a class that is not there", () => Counts.F1(int.MaxValue) },
        { "the rows of a class that is not there", () => Counts.Support(int.MinValue) },
        { "the count of a class that is not there", () => Counts[0, 2] },
        { "tables beside each other, of which there are none", () => EncodingExtensions.Beside() },
        { "the area of a curve with another number of y than x", () => Metrics.Area(new Curve(List(1), List(0, 1), List(1))) },
        { "fewer rows than none", () => Batches.indices(Batches.ofSize(2), Key.OfSeed(1), 0, int.MinValue) },
        { "fewer settings than none", () => HyperSearch.Random(int.MinValue, [("rate", DL1.Ranges.Uniform(0, 1))]) },
        { "a series of more x than y", () => new Plot("", "", "", false, false, [new Series("s", [1, 2], [1], Mark.Line)], (0, 1), (0, 1), false, []).Svg(80, 64) },
        { "a folder that no path can name", () => Datasets.FashionMnist("a\0b") },
        { "a report in a file that no path can name", () => { Report.Write("a\0b", "title", []); return Two; } },
        { "a separator that no file has", () => Csv.ParseWith(CsvOptions.Default.WithSeparator('\0'), "text", "a,b\n1,2\n") },
        { "attention of scalars", () => Attentions.Weights(Scalar, Scalar) },
        { "an image of more numbers than a tensor has", () => ImageFolder.ReadImage(typeof(RefusalTests).Assembly.Location, int.MaxValue, int.MaxValue) },
    };

    private static Microsoft.FSharp.Collections.FSharpList<double> List(params double[] numbers) =>
        Microsoft.FSharp.Collections.ListModule.OfArray(numbers);

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public void IsRefusedWithACure(string what, Func<object> call)
    {
        var error = Assert.ThrowsAny<DL1Error>(call);
        Assert.All([error.Given, error.Expected, error.Cure], part => Assert.False(string.IsNullOrWhiteSpace(part), what));
    }
}
