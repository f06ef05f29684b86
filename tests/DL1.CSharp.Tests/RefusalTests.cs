using DL1.Pictures;

namespace DL1.CSharp.Tests;

/// <summary>Calls that generated arguments found to answer with an exception of another kind, or with none of ours.</summary>
public class RefusalTests
{
    private static readonly Shape Two = Shape.Of([4, 3]);
    private static readonly Expr Scalar = Expr.Symbol("x");

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
        { "attention of scalars", () => Attentions.Weights(Scalar, Scalar) },
        { "an image of more numbers than a tensor has", () => ImageFolder.ReadImage(typeof(RefusalTests).Assembly.Location, int.MaxValue, int.MaxValue) },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public void IsRefusedWithACure(string what, Func<object> call)
    {
        var error = Assert.ThrowsAny<DL1Error>(call);
        Assert.All([error.Given, error.Expected, error.Cure], part => Assert.False(string.IsNullOrWhiteSpace(part), what));
    }
}
