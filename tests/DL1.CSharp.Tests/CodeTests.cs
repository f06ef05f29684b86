using System.Linq.Expressions;

namespace DL1.CSharp.Tests;

/// <summary>Lambdas as formulas, formulas as lambdas, and what is refused.</summary>
public class CodeTests
{
    private static double At(Expr f, params (string Name, double Value)[] point) =>
        f.Evaluate([.. point.Select(p => (p.Name, (Tensor)p.Value))]).ToDouble();

    private static string Text(Expr f) => f.ToString();

    private readonly double offset = 2;
    private static double Half => 0.5;

    [Fact]
    public void TheExamplesOfTheDocumentation()
    {
        var x = Expr.Symbol("x");
        var bowl = Expr.From((double x) => Math.Pow(x - 2, 2) + 3);
        Assert.Equal("(x − 2)² + 3", Text(bowl));
        Assert.Equal("2·(x − 2)", Text(bowl.Derivative("x")));
        var saddle = Expr.From((x, y) => x * x - y * y);
        Assert.Equal(5, At(saddle, ("x", 3), ("y", 2)));
        var product = Expr.From((a, b, c) => (a + b) * (b - c));
        Assert.Equal("(a + b)·(b − c)", Text(product));
        var determinant = Expr.From((a, b, c, d) => a * d - b * c);
        Assert.Equal(-2, At(determinant, ("a", 1), ("b", 2), ("c", 3), ("d", 4)));
        var wave = Expr.From((float t) => MathF.Sin(3f * t));
        Assert.Equal(DType.F32, wave.DType);
        Expression<Func<double, double>> slope = bowl.Derivative("x").ToLambda<Func<double, double>>(x);
        Assert.Equal(6, slope.Compile()(5));
        LambdaExpression lambda = bowl.ToLambda(x);
        Assert.Equal("x => (Pow((x - 2), 2) + 3)", lambda.ToString());
        var method = bowl.Derivative("x").ToCSharp("Slope", x);
        Assert.Equal("public static double Slope(double x)\n{\n    return 2.0 * (x - 2.0);\n}", method);
        var function = bowl.Derivative("x").ToFSharp("slope", x);
        Assert.Equal("let slope (x: float) : float =\n    2.0 * (x - 2.0)", function);
    }

    [Fact]
    public void CalculusOnLambdas()
    {
        var cosine = Calculus.Derivative(x => Math.Sin(x));
        Assert.Equal("cos x", Text(cosine));
        Assert.Equal("−sin x", Text(Calculus.Derivative(x => Math.Sin(x), order: 2)));
        var downhill = Calculus.Gradient((x, y) => x * x + 10 * y * y);
        Assert.Equal(["2·x", "20·y"], downhill.Select(Text));
        var gradient = Calculus.Gradient((a, b, c) => (a + b) * (b - c));
        Assert.Equal(["b − c", "2·b − c + a", "−a − b"], gradient.Select(Text));
        var minors = Calculus.Gradient((a, b, c, d) => a * d - b * c);
        Assert.Equal(["d", "−c", "−b", "a"], minors.Select(Text));
        var parts = Calculus.Gradient((double x, float k) => MathF.Exp(k) * x);
        Assert.Equal([DType.F64, DType.F64], parts.Select(p => p.DType));
        Func<double, double> slope = Calculus.CompileDerivative(x => x * x * x);
        Assert.Equal(12, slope(2));
        ScalarMap both = Calculus.CompileGradient((double x, double y) => x * Math.Exp(y));
        var results = new double[3];
        both.Invoke([2, 0], results);
        Assert.Equal([2, 1, 2], results);
    }

    [Fact]
    public void WhatIsCapturedIsAConstantOfNow()
    {
        var scale = 3.0;
        int whole = 7;
        double[] weights = [1.5, 2.5];
        var f = Expr.From((double x) => scale * x + offset * Half + weights[1] + whole / 2);
        scale = 100;
        Assert.Equal(3 * 2 + 1 + 2.5 + 3, At(f, ("x", 2)));
    }

    [Fact]
    public void CapturedLambdasAreCalledByCompile()
    {
        Expression<Func<double, double>> square = u => u * u;
        var f = Expr.From((double x) => square.Compile()(x + 1) + square.Compile()(2));
        Assert.Equal(20, At(f, ("x", 3)));
        Assert.Equal(20, Expr.From((double x) => square.Compile()(square.Compile()(x))).ToLambda<Func<double, double>>(Expr.Symbol("x")).Compile()(2) + 4);
    }

    public static TheoryData<string, Expression<Func<double, double>>, double> Exactly => new()
    {
        { "away from zero", x => Math.Round(x, MidpointRounding.AwayFromZero), 0 },
        { "two decimals", x => Math.Round(x, 2), 0 },
        { "decimals and way", x => Math.Round(x, 1, MidpointRounding.ToZero), 0 },
        { "to even", x => Math.Round(x), 0 },
        { "remainder", x => x % 0.7, 0 },
        { "remainder by a negative", x => x % -3, 0 },
        { "remainder of a constant", x => 10 % x, 0 },
        { "remainder by infinity", x => x % double.PositiveInfinity, 0 },
        { "truncate", x => Math.Truncate(x), 0 },
        { "maximum", x => Math.Max(x, 1) + Math.Min(1, x), 0 },
        { "clamp", x => Math.Clamp(x, -1, 2.5), 0 },
        { "sign of", x => Math.CopySign(2, x), 0 },
        { "power of two", x => double.Exp2(x), 0 },
        { "is it NaN", x => double.IsNaN(x) ? 1 : double.IsInfinity(x) ? 2 : double.IsFinite(x) ? 3 : 4, 0 },
        { "logarithm to 1", x => Math.Log(x, 1), 0 },
        { "logarithm to 0", x => Math.Log(x, 0), 0 },
        { "logarithm to x", x => Math.Log(2, x), 0 },
        { "or, and, not, unequal", x => (x > 1 || x < -1) & !(x == 2) ^ (x > 0) ? 1 : 0, 0 },
        { "whole numbers", x => double.IsNaN(x) ? 0 : 2 * Math.Sign(x) + 1, 0 },
        { "rounded to float", x => (float)x * 3f, 0 },
        { "fused", x => Math.FusedMultiplyAdd(x, 2, 1), 0 },
        { "arcs", x => Math.Atan2(x, -1), 4 }, { "arcs of constants", x => Math.Atan2(-2, x), 4 },
        { "arcs of both", x => Math.Atan2(x, x), 4 }, { "arcs of both, turned", x => Math.Atan2(x, -x), 4 },
        { "cube root", x => Math.Cbrt(x), 4 }, { "asinh", x => Math.Asinh(x), 4 }, { "acosh", x => Math.Acosh(x), 8 },
        { "atanh", x => Math.Atanh(x), 4 }, { "log10", x => Math.Log10(x), 4 }, { "log2", x => Math.Log2(x), 4 },
    };

    [Theory, MemberData(nameof(Exactly))]
    public void ValuesAreThoseOfTheCode(string name, Expression<Func<double, double>> code, double units)
    {
        var f = Expr.From(code);
        var run = code.Compile();
        double[] special =
            [0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994, 1, -1, 2, 1e-5, -1e-5, 0.7, 2.1, -2.0999999999999996, 1000, 1e15, -1e15, 1e100, 1e-300, 1e300, -1e300, double.MaxValue, double.NaN, double.PositiveInfinity, double.NegativeInfinity];
        var random = new Random(1);
        foreach (var x in special.Concat(Enumerable.Range(0, 300).Select(_ => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-3, 6)))))
        {
            // A NaN has a sign too, but not in DL1.
            if (name == "sign of" && double.IsNaN(x))
            {
                continue;
            }

            // Beyond a quotient of 2⁵³ the remainder is not that of .NET.
            if (name.StartsWith("remainder") && (Math.Abs(x) > 1e15 || Math.Abs(x) < 1e-14 && name.EndsWith("constant")))
            {
                continue;
            }

            double expected = run(x), actual = At(f, (code.Parameters[0].Name!, x));
            var isSame = expected.Equals(actual) && double.IsNegative(expected) == double.IsNegative(actual)
                || double.IsNaN(expected) && double.IsNaN(actual)
                || Math.Abs(expected - actual) <= units * Math.BitIncrement(Math.Abs(expected)) - units * Math.Abs(expected);
            Assert.True(isSame, $"{code} at {x:R} is {expected:R}, not {actual:R}");
        }
    }

    [Fact]
    public void AConditionsDerivativeIsThatOfTheBranch()
    {
        // The branch that is not taken is NaN, and harms nothing.
        var slope = Calculus.CompileDerivative(x => x > 0 ? Math.Sqrt(x) : -x);
        Assert.Equal(-1, slope(-4));
        Assert.Equal(0.25, slope(4));
    }

    private static double Cube(double x) => x * x * x;

    public static TheoryData<LambdaExpression, string> Refused()
    {
        Func<double, double> held = Math.Sin;
        var word = "five";
        return new()
        {
            { (double x) => 1 + Cube(x), "the call Cube(x) of CodeTests.Cube" },
            { (double x) => held(x), "of a delegate, whose code cannot be seen" },
            { (double x) => (int)x * 2.0, "the conversion Convert(x, Int32) to Int32" },
            { (double x) => Math.Sign(x) / 2 * x, "the division of whole numbers (Sign(x) / 2)" },
            { (double x) => Math.ScaleB(x, 3), "the call ScaleB(x, 3) of Math.ScaleB" },
            { (int n) => n * 2.0, "the parameter n of type Int32" },
            { (double x) => x > 0, "the truth value (x > 0) as the result" },
            { (double x) => x + double.Parse(word), "which cannot be computed" },
            { (double x) => (double)(decimal)x, "(x" },
            { (double x) => new[] { x, 1 }[0], "[0]" },
            { (double x) => Math.Clamp(x, 2, 1), "the bounds 2 and 1" },
            { (double x) => Math.Round(x, 20), "the call Round(x, 20)" },
        };
    }

    [Theory, MemberData(nameof(Refused))]
    public void WhatCannotBeTranslatedIsNamed(LambdaExpression code, string piece)
    {
        var error = Assert.Throws<DomainError>(() => Expr.From(code));
        Assert.Contains(piece, error.Message);
        Assert.NotEqual("", error.Cure);
    }

    [Fact]
    public void BlocksAreReadWhereNothingChanges()
    {
        var (x, t) = (Expression.Parameter(typeof(double), "x"), Expression.Variable(typeof(double), "t"));
        var once = Expression.Assign(t, Expression.Multiply(x, x));
        var f = Expr.From(Expression.Lambda(Expression.Block([t], once, Expression.Add(t, t)), x));
        Assert.Equal(18, At(f, ("x", 3)));
        var twice = Expression.Lambda(Expression.Block([t], once, once, t), x);
        Assert.Throws<DomainError>(() => Expr.From(twice));
    }

    [Fact]
    public void LambdasThatDoNotFitAreRefused()
    {
        Expr x = Expr.Symbol("x"), f = x * x;
        Assert.Throws<DomainError>(() => f.ToLambda<Func<float, float>>(x));
        Assert.Throws<DomainError>(() => f.ToLambda<Func<double, double, double>>(x));
        Assert.Throws<DomainError>(() => f.ToLambda(Expr.Symbol("y")));
        Assert.Throws<DomainError>(() => f.ToLambda(x, x));
        Assert.Throws<DomainError>(() => Expr.Variable("v", 3).Sum().ToCSharp("F", Expr.Variable("v", 3)));
    }
}
