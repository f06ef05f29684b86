using static DL1.Functions;

namespace DL1.CSharp.Tests;

/// <summary>Tensors that are computed at once.</summary>
public class TensorsComputedTests
{
    private static readonly Tensor a = Tensor.Of([1f, 5, 3]), b = Tensor.Of([2f, 5, 1]);
    private static readonly Tensor t = Tensor.Of([1f, 2, 3, 3, 4, 7], 2, 3);

    private static void Holds(Tensor tensor, params double[] values) => Assert.Equal(values, tensor.ToDoubles());

    [Fact]
    public void ArithmeticBroadcasts()
    {
        Holds(a + b, 3, 10, 4);
        Holds(t - a, 0, -3, 0, 2, -1, 4);
        Holds(2 * a / 4, 0.5, 2.5, 1.5);
        Holds(1 / -a * 15, -15, -3, -5);
        Assert.Equal(DType.F32, (a * 0.5 + 1).DType);
        Assert.Throws<ShapeError>(() => a + Tensor.Of([1.0, 2, 3]));
        Assert.Throws<ShapeError>(() => a + Tensor.Ones(2));
    }

    [Fact]
    public void ComparisonsGiveTruthValues()
    {
        var isLarger = a > b;
        var isSmaller = a < b;
        var isNotSmaller = a >= b;
        var isNotLarger = a <= b;
        Holds(isLarger, 0, 0, 1);
        Holds(isSmaller, 1, 0, 0);
        Holds(isNotSmaller, 0, 1, 1);
        Holds(isNotLarger, 1, 1, 0);
        var isPositive = a > 0;
        var isNegative = a < 0;
        var isNotNegative = a >= 0;
        var isNotPositive = a <= 0;
        Holds(isPositive, 1, 1, 1);
        Holds(isNegative, 0, 0, 0);
        Holds(isNotNegative, 1, 1, 1);
        Holds(isNotPositive, 0, 0, 0);
        Tensor predicted = a, labels = b;
        var hits = predicted.EqualTo(labels);
        var misses = predicted.NotEqualTo(labels);
        Holds(hits, 0, 1, 0);
        Holds(misses, 1, 0, 1);
        var larger = Tensor.Where(a > b, a, b);
        var upper = Tensor.Maximum(a, b);
        var lower = Tensor.Minimum(a, b);
        Holds(larger, 2, 5, 3);
        Assert.Equal(larger, upper);
        Holds(lower, 1, 5, 1);
    }

    [Fact]
    public void Reductions()
    {
        var total = t.Sum();
        var product = t.Prod(0);
        var means = t.Mean(0);
        var peaks = t.Max(0);
        var lows = t.Min(0);
        var spread = t.Variance(0);
        Holds(total, 20);
        Holds(product, 3, 8, 21);
        Holds(means, 2, 3, 5);
        Holds(peaks, 3, 4, 7);
        Holds(lows, 1, 2, 3);
        Holds(spread, 1, 1, 4);
        var centredSum = t - t.Sum([0], keepAxes: true);
        var centredProd = t - t.Prod([0], keepAxes: true);
        var centredMean = t - t.Mean([0], keepAxes: true);
        var centredMax = t - t.Max([0], keepAxes: true);
        var centredMin = t - t.Min([0], keepAxes: true);
        Holds(centredSum, -3, -4, -7, -1, -2, -3);
        Holds(centredProd, -2, -6, -18, 0, -4, -14);
        Holds(centredMean, -1, -1, -2, 1, 1, 2);
        Holds(centredMax, -2, -2, -4, 0, 0, 0);
        Holds(centredMin, 0, 0, 0, 2, 2, 4);
        Assert.Equal([1, 1], t.Mean([], keepAxes: true).Shape);
        Assert.Equal([3], t.Mean([0], keepAxes: false).Shape);
        Tensor scores = t, distances = t;
        var classes = scores.ArgMax();
        var nearest = distances.ArgMin();
        Holds(classes, 2, 2);
        Holds(nearest, 0, 0);
    }

    [Fact]
    public void PartsAndWholes()
    {
        var tens = Tensor.Range(0, 100, 10);
        Holds(tens.Slice(0, 7..), 70, 80, 90);
        var all = Tensor.Concat(0, a, b);
        var pair = Tensor.Stack(0, a, b);
        Holds(all, 1, 5, 3, 2, 5, 1);
        Assert.Equal([2, 3], pair.Shape);
        var shares = t.Clip(0, 1);
        Holds(shares, 1, 1, 1, 1, 1, 1);
        var rows = t;
        var columns = rows.Transpose(1, 0);
        Holds(columns, 1, 3, 2, 4, 3, 7);
        var directions = Tensor.Of([1f, 0, 0, 1, 1, 1], 3, 2);
        var projected = rows.MatMul(directions);
        Holds(projected, 4, 5, 10, 11);
    }

    [Fact]
    public void AnyFunctionOfExpressions()
    {
        Tensor scores = t, data = t * 0.1, weights = Tensor.Of([0f, 1, 6], 3, 1);
        var p = scores.Compute(x => (x / 10).Softmax());
        Holds(p.Sum(1), 1, 1);
        var hidden = data.Compute(weights, (x, w) => Tanh(x.MatMul(w)));
        Assert.Equal(Math.Tanh(2), hidden[0, 0], 1e-6);
        Assert.Throws<ArgumentNullException>(() => t.Compute(null!));
    }

    [Fact]
    public void EvaluationIsThatOfCompiledCode()
    {
        var x = Expr.Variable("x", DType.F32, 2, 3);
        var f = Exp(x).Softmax() * Expr.Constant(t);
        Assert.True(TensorModule.sameBits(new CompiledFunction([x], [f]).Invoke(t)[0], f.Evaluate((x, t))));
    }
}
