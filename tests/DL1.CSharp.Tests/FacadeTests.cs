using System.Reflection;
using System.Text.Json;
using DL1;
using Xunit;
using static DL1.Functions;

namespace DL1.CSharp.Tests;

/// <summary>The C# face of expressions, tensors and descents: that what it shows works.</summary>
public class FacadeTests
{
    private static readonly Expr X = Expr.Symbol("x");

    private static double At(Expr f, double x) => f.Evaluate(("x", x)).ToDouble();

    [Fact]
    public void LongNumbersKeepTheirDigits()
    {
        // 2²⁴ + 1 is no number of 32 bits.
        Assert.Equal(3 * 16777217.0, At(X * 16777217L, 3));
        Assert.Equal(3 + 16777217.0, At(X + (Expr)16777217L, 3));
        Assert.Equal(3 + 16777217.0, At(X + 16777217u, 3));
        Assert.Equal(3 + 16777217.0, At(X + 16777217ul, 3));
        Assert.Equal("x < 16777217", (X < 16777217L).ToString());
        Assert.Equal("x > 16777217", (X > 16777217u).ToString());
        Assert.Equal(16777217.0 - 3, At(16777217L - X, 3));
        Assert.Equal(1.5, At(X * 0.5f, 3));
    }

    [Fact]
    public void EqualityComparesContent()
    {
        Assert.True(X == Expr.Symbol("x"));
        Assert.True(X != Expr.Symbol("y"));
        Assert.True(X != null);
        Assert.True(X.Shape == Expr.Symbol("y").Shape);
        Assert.True(Tensor.Ones(2) == Tensor.Ones(2));
        Assert.False(Tensor.Ones(2) == Tensor.Zeros(2));
    }

    [Fact]
    public void ADerivativeByNameFindsTheVariable()
    {
        var v = Expr.Variable("v");
        Assert.Equal("2·v", Square(v).Derivative("v").ToString());
        var unknown = Assert.Throws<DomainError>(() => Square(v).Derivative("u"));
        Assert.Contains("one of its variables: v", unknown.Message);
        Assert.Equal("0", Expr.Literal(2).Derivative("u").ToString());
        // By a symbol it is what mathematics says.
        Assert.Equal("0", Square(v).Derivative(Expr.Symbol("u")).ToString());
    }

    [Fact]
    public void DerivativesHaveOrders()
    {
        var f = X.Pow(3);
        var bend = f.Derivative("x", order: 2);
        Assert.Equal("6·x", bend.ToString());
        Assert.Equal(bend, f.Derivative(X, order: 2));
        Assert.Equal(f, f.Derivative(X, order: 0));
        Assert.Throws<DomainError>(() => f.Derivative("x", order: -1));
    }

    [Fact]
    public void DelegatesAreCompiledByNames()
    {
        Expr x = X, y = Expr.Symbol("y"), z = Expr.Symbol("z");
        Func<double, double> only = (x * x).Compile();
        Assert.Equal(9, only(3));
        var byName = (x * Sin(x)).Compile("x");
        Assert.Equal(Math.Sin(1), byName(1));
        var byNames = (x * y).Compile("x", "y");
        Assert.Equal(6, byNames(2, 3));
        var byThree = (x * y * z).Compile("x", "y", "z");
        Assert.Equal(24, byThree(2, 3, 4));
        Assert.Equal(0.5, (x / y).Compile("y", "x")(4, 2));
        Assert.Contains("the variables x, y", Assert.Throws<DomainError>(() => (x * y).Compile()).Message);
        Assert.Equal(1, Expr.Literal(1).Compile()(7));
        Assert.Contains("one of its variables: x", Assert.Throws<DomainError>(() => x.Compile("X")).Message);
        Assert.Throws<DomainError>(() => (x * y).Compile("x"));
    }

    [Fact]
    public void AConstantIsAFunctionOfWhatItDoesNotRead()
    {
        var slope = Expr.Parse("3*x").Derivative("x");
        Assert.Equal(3, slope.Compile("x")(5));
        Assert.Equal(3, slope.Compile()(5));
        Assert.Equal(3, slope.Compile("x", "y")(5, 6));
        Assert.Equal(0, slope.Derivative("x").Compile("x")(5));
        Expr x = X, y = Expr.Symbol("y");
        Assert.Equal(7, (x * y).Derivative("x").Compile("x", "y")(2, 7));
        Assert.Equal([3.0], new CompiledFunction([x], [slope]).Invoke(5.0)[0].ToArray<double>());
        Assert.Contains("'Y'", Assert.Throws<DomainError>(() => (x * y).Compile("x", "Y")).Message);
    }

    [Fact]
    public void WhatIsNotSelectedHasNoDerivative()
    {
        var f = Expr.Where(X > 0, Sqrt(X), X);
        Assert.Equal(1, f.Gradient(X)[0].Evaluate(("x", -1)).ToDouble());
        Assert.Equal(1, f.Jvp(X, 1).Evaluate(("x", -1)).ToDouble());
        Assert.Equal(1, f.Derivative("x").Evaluate(("x", -1)).ToDouble());
        Assert.Equal(1, f.Gradient(X)[0].Compile("x")(-1));
        Assert.Equal(0, Expr.Where(X > 0, Sqrt(X), 0).Gradient(X)[0].Evaluate(("x", 0)).ToDouble());
    }

    [Fact]
    public void ANumberTakesTheTypeOfWhatItMeets()
    {
        var x = Expr.Variable("x", 3);
        Assert.All(
            new[]
            {
                Losses.BceWithLogits(1, x), Losses.KlDivergence(0.5, x), Expr.Where(x > 0, 1, 0) * x, Sqrt(2) * x,
                Likelihoods.Bernoulli(1, x), Losses.GaussianNll(0, mean: x, variance: 1),
            },
            e => Assert.Equal(DType.F32, e.DType));
    }

    [Fact]
    public void StepsOfAnExplanationTellTheirUses()
    {
        Expr a = Expr.Symbol("a"), b = Expr.Symbol("b");
        var explained = (a * b + a).Explain([], ("a", 2), ("b", 3));
        double slopeThere = explained.Steps[0].Gradient!.ToDouble();
        Assert.Equal(4, slopeThere);
        var sum = 0.0;
        foreach (var use in explained.Steps[0].Uses)
        {
            sum += use.Contribution.ToDouble();
        }

        Assert.Equal(slopeThere, sum);
        Assert.Equal(2, explained.Steps[0].Uses.Count);
        // A value that no derivative passes has none.
        var held = (b + Floor(a).StopGradient()).Explain([], ("a", 2.5), ("b", 3));
        Assert.Null(held.Steps.Single(step => step.Name == "a").Gradient);
    }

    [Fact]
    public void NumbersTakeTheTypeOfTheirVariable()
    {
        Expr x = X, y = Expr.Symbol("y"), s = Expr.Variable("s");
        var value = (x * x).Evaluate(("x", 3)); // 9
        Assert.Equal((9.0, DType.F64), (value.ToDouble(), value.DType));
        var same = (x * y).Evaluate((x, 3), (y, 0.5)); // 1.5
        Assert.Equal(1.5, same.ToDouble());
        Assert.Equal((0.25, DType.F32), ((s * s).Evaluate((s, 0.5)).ToDouble(), s.DType));
        var total = Expr.Constant(Tensor.Ones(3)).Sum().Evaluate();
        Assert.Equal(3, total.ToDouble());
        // Tensors keep theirs.
        Assert.Throws<ShapeError>(() => Expr.Variable("v", 2).Evaluate(("v", Tensor.Of([1.0, 2.0]))));
        Assert.Throws<DomainError>(() => (x * x).Evaluate((x * x, 3)));
    }

    [Fact]
    public void TensorsHaveRowsAndParts()
    {
        var images = Tensor.Of(new double[,] { { 1, 2, 3 }, { 4, 5, 6 } });
        Assert.Equal(Tensor.From(new double[,] { { 1, 2, 3 }, { 4, 5, 6 } }), images);
        Assert.Equal(DType.F32, Tensor.Of(new float[,] { { 1, 2 } }).DType);
        Tensor last = images.Row(^1);
        Assert.Equal(Tensor.Of([4.0, 5.0, 6.0]), last);
        Assert.Equal(Tensor.Of([1.0, 2.0, 3.0]), images.Row(0));
        Assert.Equal(5, last.Row(1).ToDouble());
        Assert.Empty(last.Row(1).Shape);
        var lastTwo = images.Rows(^2..);
        Assert.Equal(images, lastTwo);
        var leftHalf = images.Slice(-1, ..2);
        Assert.Equal(Tensor.Of([1.0, 2.0, 4.0, 5.0], 2, 2), leftHalf);
        Assert.Equal("a row from 0 to 1", Assert.Throws<DomainError>(() => images.Row(2)).Expected);
        Assert.Equal("Rows", Assert.Throws<DomainError>(() => images.Rows([7])).Operation);
        Assert.Throws<DomainError>(() => images.Row(^3));
        Assert.Throws<ShapeError>(() => images.Rows(1..5));
        Assert.Throws<ShapeError>(() => Tensor.Full(DType.F64, 1).Row(0));
    }

    [Fact]
    public void ASliceKeepsWithinItsAxis()
    {
        var m = Expr.Variable("m", 3, 4);
        Assert.Equal([1, 4], m.Slice(0, ^1..).Shape);
        Assert.Throws<ShapeError>(() => m.Slice(0, 2..5));
        Assert.Throws<ShapeError>(() => m.Slice(0, ^5..));
        Assert.Throws<ShapeError>(() => m.Slice(0, 2..1));
    }

    [Fact]
    public void AFunctionWithoutOneOfItsInputsIsRefusedAtOnce()
    {
        var error = Assert.Throws<DomainError>(() => new CompiledFunction([X], [X * Expr.Symbol("y")]));
        Assert.Contains("add y to the inputs", error.Message);
    }

    public static TheoryData<string, double, double> KnownValues => new()
    {
        { nameof(Abs), -2, 2 }, { nameof(Sign), -2, -1 }, { nameof(Exp), 1, Math.E }, { nameof(Expm1), 1, Math.E - 1 },
        { nameof(Log), 2, Math.Log(2) }, { nameof(Log1p), 1, Math.Log(2) }, { nameof(Sqrt), 9, 3 }, { nameof(Rsqrt), 4, 0.5 },
        { nameof(Sin), 1, Math.Sin(1) }, { nameof(Cos), 1, Math.Cos(1) }, { nameof(Tan), 1, Math.Tan(1) },
        { nameof(Asin), 0.5, Math.Asin(0.5) }, { nameof(Acos), 0.5, Math.Acos(0.5) }, { nameof(Atan), 2, Math.Atan(2) },
        { nameof(Sinh), 1, Math.Sinh(1) }, { nameof(Cosh), 1, Math.Cosh(1) }, { nameof(Tanh), 1, Math.Tanh(1) },
        { nameof(Floor), -1.5, -2 }, { nameof(Ceiling), 1.2, 2 }, { nameof(Round), 2.5, 2 },
        { nameof(Erf), 0.5, 0.5204998778130465 }, { nameof(Sigmoid), 0, 0.5 }, { nameof(Softplus), 0, Math.Log(2) },
        { nameof(Relu), -1, 0 }, { nameof(Elu), -1, 1 / Math.E - 1 }, { nameof(Selu), 1, 1.0507009873554805 },
        { nameof(Gelu), 1, 0.8413447460685429 }, { nameof(Silu), 1, 0.7310585786300049 }, { nameof(Mish), 1, 0.8650983882673103 },
        { nameof(Softsign), -1, -0.5 }, { nameof(Hardtanh), 3, 1 }, { nameof(Square), 3, 9 },
        { nameof(Log2), 8, 3 }, { nameof(Log10), 1000, 3 }, { nameof(Exp2), 3, 8 }, { nameof(Asinh), 1, 0.881373587019543 },
        { nameof(Acosh), 2, 1.3169578969248166 }, { nameof(Atanh), 0.5, 0.5493061443340548 },
        { nameof(Erfc), 0.5, 0.4795001221869535 }, { nameof(ErfInv), 0.5, 0.4769362762044699 },
        { nameof(Logit), 0.75, Math.Log(3) }, { nameof(LogGamma), 5, Math.Log(24) },
        { nameof(Digamma), 1, -0.5772156649015329 }, { nameof(Sinc), 0.5, 2 / Math.PI }, { nameof(Truncate), -1.5, -1 },
        { nameof(Fraction), -1.5, -0.5 }, { nameof(IsNaN), double.NaN, 1 }, { nameof(IsInfinity), double.NegativeInfinity, 1 },
        { nameof(IsFinite), 3, 1 }, { nameof(Relu6), 8, 6 }, { nameof(HardSigmoid), 0, 0.5 }, { nameof(HardSwish), 1, 2.0 / 3 },
        { nameof(GeluTanh), 1, 0.8411919906082768 }, { nameof(TanhShrink), 1, 1 - Math.Tanh(1) },
    };

    [Theory]
    [MemberData(nameof(KnownValues))]
    public void AFunctionHasItsValue(string name, double x, double expected)
    {
        var function = typeof(Functions).GetMethod(name, [typeof(Expr)])!;
        Assert.Equal(expected, At((Expr)function.Invoke(null, [X])!, x), 1e-12);
    }

    [Fact]
    public void EveryFunctionOfOneExpressionIsTested()
    {
        var names = typeof(Functions).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(m => m.GetParameters().Length == 1).Select(m => m.Name);
        Assert.Equal(names.Order(), KnownValues.Select(row => (string)row[0]).Order());
    }

    [Fact]
    public void OperatorsTakeNumbersOnBothSides()
    {
        Assert.Equal("2·x + 1 − x/3", (2 * X + 1 - X / 3).ToString());
        Assert.Equal(1.0, At(Expr.Where(X > 0, 1, -1), 2));
        Assert.Equal(-1.0, At(Expr.Where(X >= 3.0, 1, -1), 2));
        Assert.Equal(0.25, At(Pow(X, -2), 2));
        Assert.Equal(6.0, At(Clamp(X, 0, 6), 8));
        Assert.Equal(-0.1, At(LeakyRelu(X, 0.1), -1), 1e-15);
    }

    [Fact]
    public void ShapesAndReductions()
    {
        var m = Expr.Constant(Tensor.From(new double[,] { { 1, 2, 3 }, { 4, 5, 6 } }));
        Assert.Equal(21, m.Sum().Evaluate().ToDouble());
        Assert.Equal([2, 5], m.Mean(1).Evaluate().ToDoubles());
        Assert.Equal([4, 10, 18], m.Prod(0).Evaluate().ToDoubles());
        Assert.Equal([3, 6], m.Max(-1).Evaluate().ToDoubles());
        Assert.Equal([1, 2, 3], m.Min(0).Evaluate().ToDoubles());
        Assert.Equal([2, 2], m.ArgMax().Evaluate().ToDoubles());
        Assert.Equal([1, 3, 6, 4, 9, 15], m.CumSum().Evaluate().ToDoubles());
        Assert.Equal([2, 3, 5, 6], m.Slice(1, 1..).Evaluate().ToDoubles());
        Assert.Equal([3, 2, 1, 6, 5, 4], m.Reverse(1).Evaluate().ToDoubles());
        Assert.Equal([1, 4, 2, 5, 3, 6], m.Transpose(1, 0).Evaluate().ToDoubles());
        Assert.Equal([14, 32, 32, 77], m.MatMul(m.T).Evaluate().ToDoubles());
        Assert.Equal([4, 5, 6, 1, 2, 3], m.Gather(0, Expr.Constant(Tensor.Of([1, 0]))).Evaluate().ToDoubles());
        Assert.Equal(6, Expr.Concat(0, m, m, m).Shape[0]);
        Assert.Equal(3, Expr.Stack(-1, m, m).Shape.Rank);
        Assert.Equal([-1, 6], [m.Reshape(-1, 3, 1).Squeeze(2).ExpandDims(0).Shape[0] - 2, m.BroadcastTo(4, 2, 3).Shape.Size / 4]);
        Assert.Equal(1.0, m.Softmax(0).Sum(0).Slice(0, ..1).Evaluate().ToDoubles()[0], 1e-15);
        Assert.Equal(m.LogSoftmax().LogSumExp().Evaluate().ToDoubles(), [0, 0], (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(Math.Sqrt(91), m.Norm().Evaluate().ToDouble(), 1e-12);
    }

    [Fact]
    public void DerivativesOfEveryKindAgree()
    {
        var f = X.Pow(3) + Sin(X);
        Assert.Equal("3·x² + cos x", f.Derivative(X).ToString());
        Assert.Equal(f.Derivative("x"), f.Derivative(X));
        var exact = 3 * 4 + Math.Cos(2);
        Assert.Equal(exact, At(f.Gradient(X)[0], 2), 1e-12);
        Assert.Equal(exact, At(f.Jvp(X, 1), 2), 1e-12);
        Assert.Equal(exact, At(f.Vjp(1, X)[0], 2), 1e-12);
        Assert.Equal(exact, At(f.Jacobian(X), 2), 1e-12);
        Assert.Equal(12 - Math.Sin(2), At(f.Hessian(X), 2), 1e-12);
        Assert.Equal(2 * (12 - Math.Sin(2)), At(f.HessianVector(X, 2), 2), 1e-12);
        Assert.Equal(0, At(X.StopGradient().Gradient(X)[0], 2));
        Assert.Equal("softplus(x)", Log(1 + Exp(X)).Stabilize().ToString());
        Assert.Equal("2·x", (X + X).Simplify().ToString());
        Assert.Equal("log x − x", Log(X * Exp(-X)).ExpandLog().ToString());
    }

    [Fact]
    public void ScalarsAreCompiledToDelegates()
    {
        Expr y = Expr.Symbol("y"), z = Expr.Symbol("z");
        Assert.Equal(2 * Math.Sin(2), (X * Sin(X)).Compile(X)(2));
        Assert.Equal(7, (X * y + 1).Compile(X, y)(2, 3));
        Assert.Equal(24, (X * y * z).Compile(X, y, z)(2, 3, 4));
        var results = new double[3];
        (X * X * y).CompileGradient(X, y).Invoke([3, 2], results);
        Assert.Equal([18, 12, 9], results);
    }

    [Fact]
    public void LoopsBatchesAndCustomRules()
    {
        var xs = Expr.Variable("xs", DType.F64, 4);
        (string, Tensor) values = ("xs", Tensor.Of([1.0, 2, 3, 4]));
        var (last, sums) = Expr.Scan(0, xs, (sum, x) => (sum + x, sum + x));
        Assert.Equal(10, last.Evaluate(values).ToDouble());
        Assert.Equal([1, 3, 6, 10], sums.Evaluate(values).ToDoubles());
        Assert.Equal([4, 3, 2, 1], sums.Sum().Gradient(xs)[0].Evaluate(values).ToDoubles());
        Assert.Equal([1, 4, 9, 16], Expr.Vmap(v => v[0] * v[0], xs).Evaluate(values).ToDoubles());
        var reversed = Expr.Custom("reversed", v => v[0], (_, dy) => [-dy], xs);
        Assert.Equal([-1, -1, -1, -1], reversed.Sum().Gradient(xs)[0].Evaluate(values).ToDoubles());
    }

    [Fact]
    public void TextIsReadBack()
    {
        var f = Exp(-Square(X)) * Expr.Maximum(X, Expr.Minimum(2, X)) / Tanh(X);
        Assert.Equal(f, Expr.Parse(f.ToAscii()));
        Assert.Contains("\\tanh", f.ToLatex());
        Assert.StartsWith("digraph", f.ToDot());
        Assert.Throws<FormatError>(() => Expr.Parse("2 * (x"));
    }

    [Fact]
    public void TheSameKeyGivesTheSameBitsInsideAndOutsideGraphs()
    {
        var key = Key.OfSeed(7);
        var inside = Expr.Key(key);
        Assert.Equal(key.Normal(0, 1, 3, 4), inside.Normal(0, 1, 3, 4).Evaluate());
        Assert.Equal(key.Uniform(-1, 2, 5), inside.Uniform(-1, 2, 5).Evaluate());
        Assert.Equal(key.Split(2)[1].Uniform(0, 1, 9), inside.SplitKey(2)[1].Uniform(0, 1, 9).Evaluate());
        Assert.Equal(Enumerable.Range(0, 20), key.Permutation(20).Order());
        var random = key.ToRandom();
        Assert.InRange(MathNet.Numerics.Distributions.Normal.Sample(random, 0, 1), -9, 9);
        Assert.InRange(inside.Bernoulli(0.25, 4000).Cast(DType.F64).Mean().Evaluate().ToDouble(), 0.22, 0.28);
    }

    [Fact]
    public void ErrorsCarryTheirPartsAsProperties()
    {
        var error = Assert.Throws<ShapeError>(() => Expr.Variable("x", 128, 784).MatMul(Expr.Variable("w", 10, 784)));
        Assert.Equal("matmul", error.Operation);
        Assert.Contains("x: f32 [128, 784]", error.Given);
        Assert.Contains("inner extents", error.Expected);
        Assert.Contains("transpose", error.Cure);
        Assert.Contains("w", Assert.Throws<DomainError>(() => Expr.Variable("w", 2).Evaluate()).Message);
        Assert.Throws<DomainError>(() => new CompiledFunction([X + 1], [X]));
    }

    [Fact]
    public void TensorsComeAndGo()
    {
        var t = Tensor.Linspace(0, 1, 5).Reshape(5, 1).Cast(DType.F32);
        Assert.Equal([0.75, 0.25], t.Rows([3, 1]).ToDoubles());
        Assert.True(t.AllClose(Tensor.From(t.ToMatrix()).Cast(DType.F32)));
        Assert.Equal(Tensor.Zeros(2, 2), Tensor.From(new float[2, 2]));
        Assert.Equal(4.0, Tensor.Full(DType.I32, 2, 2).ToDoubles().Sum());
    }

    public static TheoryData<string> Runs => ["plain", "momentum", "second moment"];

    /// <summary>The course's printed rows: every one to six decimals, and the number of epochs.</summary>
    [Theory]
    [MemberData(nameof(Runs))]
    public void TheCoursesDescentIsReproduced(string name)
    {
        var optimizer = name switch
        {
            "plain" => Optimizers.Sgd(0.01),
            "momentum" => Optimizers.Momentum(0.01, decay: 0.5, initial: 8.125370841),
            _ => Optimizers.SecondMoment(1, p1: 0.1, p2: 0.9, initialV: 4.201658515, initialR: 4.631009083),
        };
        var descent = Descent.Run(Pow(X - 2, 2) + 3, optimizer, [(X, 50)]);

        using var course = JsonDocument.Parse(Repository.Read("tests", "fixtures", "descent.json"));
        var run = course.RootElement.GetProperty("runs").EnumerateArray().Single(r => r.GetProperty("name").GetString() == name);
        Assert.True(descent.Converged);
        Assert.Equal(run.GetProperty("epochs_run").GetInt32(), descent.Rows.Count);
        Assert.NotEmpty(run.GetProperty("rows").EnumerateArray());
        Assert.All(run.GetProperty("rows").EnumerateArray(), row =>
        {
            var ours = descent.Rows[row.GetProperty("epoch").GetInt32()];
            Assert.Equal(row.GetProperty("x").GetDouble(), ours.After[0], 5.001e-7);
            Assert.Equal(row.GetProperty("decrease").GetDouble(), ours.Decrease, 5.001e-7);
        });
    }

    [Fact]
    public void AnOptimizerIsAPartOfAStep()
    {
        Expr w = Expr.Variable("w", DType.F64, 2), v = Expr.Variable("v", DType.F64, 2);
        var optimizer = Optimizers.Momentum(0.5, decay: 0.5);
        var (next, nextState) = optimizer.Step([w], [v], [w]);
        var step = new CompiledFunction([w, v], [.. next, .. nextState]);
        Assert.Contains("v", step.Explain());
        var state = optimizer.InitialState(Tensor.Of([4.0, -8.0]));
        Assert.Single(state);

        // v = g/2, then v/2 + g/2.
        var first = step.Invoke(Tensor.Of([4.0, -8.0]), state[0]);
        Assert.Equal([2.0, -4.0], first[0].ToDoubles());
        var second = step.Invoke(first[0], first[1]);
        Assert.Equal([0.0, 0.0], second[0].ToDoubles());
    }

    [Fact]
    public void ADescentThatDivergesSaysSo() =>
        Assert.Contains("learning rate", Assert.Throws<DomainError>(() =>
            Descent.Run(X.Pow(4), Optimizers.Sgd(1), [(X, 50)])).Cure);

    [Fact]
    public void BackpropagationByHandAndByMachine()
    {
        Expr a = Expr.Symbol("a"), b = Expr.Symbol("b"), c = Expr.Symbol("c");
        var d = a + b;
        var e = b - c;
        var y = d * e;
        (string, Tensor)[] at = [("a", 1.0), ("b", 2.0), ("c", 3.0)];
        Assert.Equal(-3, y.Evaluate(at).ToDouble());
        Assert.Equal([-1, 2, -3], y.Gradient(a, b, c).Select(g => g.Evaluate(at).ToDouble()));
        Assert.Equal(
            """
            Forward
              a = 1
              b = 2
              c = 3
              d = a + b = 3
              e = b − c = −1
              Y = d·e = −3
            Backward
              ∂Y/∂Y = 1
              ∂Y/∂e = d = 3
              ∂Y/∂d = e = −1
              ∂e/∂c = −1
                ∂Y/∂c = ∂Y/∂e·∂e/∂c = 3·(−1) = −3
              ∂d/∂b = 1,  ∂e/∂b = 1
                ∂Y/∂b = ∂Y/∂d·∂d/∂b + ∂Y/∂e·∂e/∂b = (−1)·1 + 3·1 = 2
              ∂d/∂a = 1
                ∂Y/∂a = ∂Y/∂d·∂d/∂a = (−1)·1 = −1
            """.ReplaceLineEndings("\n"),
            y.Explain([("d", d), ("e", e), ("Y", y)], at).ToString());
    }
}
