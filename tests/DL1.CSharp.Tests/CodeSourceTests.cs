namespace DL1.CSharp.Tests;

/// <summary>Source text of C# that the library wrote, compiled into these tests: it has the bits of Eval.</summary>
public class CodeSourceTests
{
    private static readonly double[] Special =
        [0, -0.0, 1, -1, 0.5, 3.7, -2.2, 1e-300, 1e300, 1e-40, 1e30, double.NaN, double.PositiveInfinity, double.NegativeInfinity];

    public static TheoryData<string> Names => [.. GeneratedCode.All.Select(g => g.Name)];

    [Theory, MemberData(nameof(Names))]
    public void CompiledSourceHasTheBitsOfEval(string name)
    {
        var (_, run, formula, isSingle) = GeneratedCode.All.Single(g => g.Name == name);
        var f = Expr.Parse(formula);
        foreach (var x in Special)
        {
            foreach (var y in Special)
            {
                Tensor Given(double v) => isSingle ? (Tensor)(float)v : (Tensor)v;
                double expected = f.Evaluate(("x", Given(x)), ("y", Given(y))).ToDouble(), actual = run(x, y);
                var isSame = BitConverter.DoubleToInt64Bits(expected) == BitConverter.DoubleToInt64Bits(actual)
                    || double.IsNaN(expected) && double.IsNaN(actual);
                Assert.True(isSame, $"{f} at {x}, {y} is {expected:R}, not {actual:R}");
            }
        }
    }
}
