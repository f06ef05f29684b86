using System.Linq.Expressions;

namespace DL1.CSharp.Tests;

/// <summary>
/// Generated lambdas: their formulas compute what they compute, and their derivatives agree with differences of their values.
/// </summary>
public class CodeGeneratedTests
{
    private static readonly double[] Special =
        [0, -0.0, 1, -1, 0.5, -2.5, 3.7, 1e-300, 1e300, -1e30, double.NaN, double.PositiveInfinity, double.NegativeInfinity];

    /// <summary>The code itself as a delegate. The sign of NaN is NaN, where Math.Sign raises an exception.</summary>
    private static Func<double[], double> Run(LambdaExpression code)
    {
        var point = Expression.Parameter(typeof(double[]));
        var values = code.Parameters.Select((_, i) => Expression.ArrayIndex(point, Expression.Constant(i)));
        var run = Expression.Lambda<Func<double[], double>>(Expression.Invoke(code, values), point).Compile();
        return at =>
        {
            try
            {
                return run(at);
            }
            catch (ArithmeticException)
            {
                return double.NaN;
            }
        };
    }

    private static bool SameNumber(double a, double b) => a.Equals(b) && double.IsNegative(a) == double.IsNegative(b) || double.IsNaN(a) && double.IsNaN(b);

    private static double At(Expr f, IReadOnlyList<ParameterExpression> names, double[] point) =>
        f.Evaluate([.. names.Select((p, i) => (p.Name!, (Tensor)point[i]))]).ToDouble();

    [Fact]
    public void AThousandFormulasComputeWhatTheirCodeComputes()
    {
        var generator = new CodeGenerator(seed: 1, onlyExact: true);
        var random = new Random(2);
        for (var i = 0; i < 1000; i++)
        {
            var code = generator.Lambda(1 + i % 3);
            var (f, run) = (Expr.From(code), Run(code));
            for (var trial = 0; trial < 6; trial++)
            {
                double[] point = [.. code.Parameters.Select(_ =>
                    trial < 3 ? Special[random.Next(Special.Length)] : random.NextDouble() * 6 - 3)];
                double expected = run(point), actual = At(f, code.Parameters, point);
                Assert.True(SameNumber(expected, actual), $"{code} at {string.Join(", ", point)} is {expected}, not {actual}");
            }
        }
    }

    [Fact]
    public void AThousandFormulasAreReadBackFromTheirLambdas()
    {
        var generator = new CodeGenerator(seed: 3, onlyExact: true);
        for (var i = 0; i < 1000; i++)
        {
            var code = generator.Lambda(1 + i % 3);
            var f = Expr.From(code);
            var back = f.ToLambda([.. code.Parameters.Select(p => Expr.Symbol(p.Name!))]);
            // Constants that a lambda inside is given are computed on the way back.
            Assert.Equal(Rewrite.exact(f), Rewrite.exact(Expr.From(back)));
        }
    }

    /// <summary>
    /// Ridders' method: differences of ever smaller steps, extrapolated to none; the result and how far the best ones lie apart.
    /// </summary>
    private static (double Slope, double Error) Difference(Func<double, double> f, double x)
    {
        const int rows = 10;
        var table = new double[rows, rows];
        var (slope, error, step) = (double.NaN, double.MaxValue, 0.02);
        for (var i = 0; i < rows; i++, step /= 1.6)
        {
            table[0, i] = (f(x + step) - f(x - step)) / (2 * step);
            var factor = 1.6 * 1.6;
            for (var j = 1; j <= i; j++, factor *= 1.6 * 1.6)
            {
                table[j, i] = (table[j - 1, i] * factor - table[j - 1, i - 1]) / (factor - 1);
                var change = Math.Max(Math.Abs(table[j, i] - table[j - 1, i]), Math.Abs(table[j, i] - table[j - 1, i - 1]));
                if (change <= error)
                {
                    (slope, error) = (table[j, i], change);
                }
            }
        }

        return (slope, error);
    }

    private static bool PassesInfinity(LambdaExpression code, double[] point)
    {
        (string, Tensor)[] values = [.. code.Parameters.Select((p, i) => (p.Name!, (Tensor)point[i]))];
        var f = Expr.From(code);
        // A slope may be infinite where the value is not: that of acosh at 1.
        var slopes = f.Gradient([.. code.Parameters.Select(p => Expr.Symbol(p.Name!))]);
        return f.Nodes.Concat(slopes.SelectMany(slope => slope.Nodes))
            .Any(e => e.DType == DType.F64 && !double.IsFinite(e.Evaluate(values).ToDouble()));
    }

    [Fact]
    public void DerivativesAgreeWithDifferences()
    {
        var generator = new CodeGenerator(seed: 5);
        var random = new Random(6);
        int agreed = 0, points = 0, unclear = 0;
        // Most of the time goes into compiling lambdas.
        var wanted = Environment.GetEnvironmentVariable("DL1_LONG") == "1" ? 1000 : 250;
        for (var i = 0; agreed < wanted; i++)
        {
            Assert.True(i < 2 * wanted, $"only {agreed} of {i} lambdas have points away from kinks");
            var code = generator.Lambda(1 + i % 3);
            var run = Run(code);
            var derivatives = Calculus.CompileGradient(code);
            var results = new double[code.Parameters.Count + 1];
            var isChecked = false;
            for (var trial = 0; trial < 4; trial++)
            {
                double[] point = [.. code.Parameters.Select(_ => random.NextDouble() * 4 - 2)];
                derivatives.Invoke(point, results);
                for (var k = 0; k < point.Length; k++)
                {
                    double Along(double v) => run([.. point.Select((p, at) => at == k ? v : p)]);

                    // Where the differences do not settle, a kink, a pole or rounding is near: judged by the code alone.
                    var (slope, error) = Difference(Along, point[k]);
                    var (left, right) = (Difference(Along, point[k] - 0.03).Slope, Difference(Along, point[k] + 0.03).Slope);
                    var near = (Along(point[k] + 1e-6) - Along(point[k] - 1e-6)) / 2e-6;
                    var isSmooth = Math.Abs(left - right) <= 0.5 * (1 + Math.Abs(slope))
                        && Math.Abs(near - slope) <= 1e-5 * (1 + Math.Abs(slope));
                    if (!double.IsFinite(slope) || error > 1e-8 * (1 + Math.Abs(slope)) || !isSmooth)
                    {
                        unclear++;
                        continue;
                    }

                    // By way of an infinity the chain rule leads nowhere, though the result may be as flat as 1/∞.
                    if (!double.IsFinite(results[k + 1]) && PassesInfinity(code, point))
                    {
                        unclear++;
                        continue;
                    }

                    Assert.True(
                        Math.Abs(results[k + 1] - slope) <= 1e-6 * (1 + Math.Abs(slope)),
                        $"{code} at {string.Join(", ", point)} by {code.Parameters[k]}: {results[k + 1]}, but differences give {slope}");
                    isChecked = true;
                    points++;
                }
            }

            agreed += isChecked ? 1 : 0;
        }

        Assert.True(unclear < points, $"{unclear} points were unclear, {points} were checked");
        string[] forms =
            ["Abs", "Acosh", "Asinh", "Atanh", "Cbrt", "Log10", "Pow", "Atan2", "%", "Sign", "Log base", "Clamp", "?:", "invoke", "compile", "field", "whole division"];
        Assert.All(forms, form => Assert.True(generator.Used.GetValueOrDefault(form) > 5, $"{form} was hardly made"));
    }
}
