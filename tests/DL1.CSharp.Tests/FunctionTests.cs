using static DL1.Functions;

namespace DL1.CSharp.Tests;

/// <summary>Functions of elements and along axes from C#: each is the F# function that it stands for.</summary>
public class FunctionTests
{
    private static readonly Expr X = Expr.Symbol("x");

    [Fact]
    public void FunctionsOfElements()
    {
        (Expr Ours, Expr Theirs)[] pairs =
        [
            (Log2(X), Special.log2(X)), (Log10(X), Special.log10(X)), (Exp2(X), Special.exp2(X)),
            (Asinh(X), Special.asinh(X)), (Acosh(X), Special.acosh(X)), (Atanh(X), Special.atanh(X)),
            (Atan2(X, X + 1), Special.atan2(X, X + 1)), (Erfc(X), Special.erfc(X)), (ErfInv(X), Special.erfInv(X)),
            (Logit(X), Special.logit(X)), (LogGamma(X), Special.logGamma(X)), (Digamma(X), Special.digamma(X)),
            (Sinc(X), Special.sinc(X)), (Truncate(X), Elementwise.truncate(X)), (Fraction(X), Elementwise.fraction(X)),
            (IsNaN(X), Elementwise.isNaN(X)), (IsInfinity(X), Elementwise.isInfinity(X)),
            (IsFinite(X), Elementwise.isFinite(X)),
            (ReplaceNonFinite(X, 0, 1e6, -1e6), Elementwise.replaceNonFinite(0, 1e6, -1e6, X)),
            (Lerp(X, X * X, 0.25), Elementwise.lerp(0.25, X, X * X)), (Relu6(X), Elementwise.relu6(X)),
            (HardSigmoid(X), Elementwise.hardSigmoid(X)), (HardSwish(X), Elementwise.hardSwish(X)),
            (Celu(X), Elementwise.celu(1, X)), (GeluTanh(X), Elementwise.geluTanh(X)),
            (HardShrink(X), Elementwise.hardShrink(0.5, X)), (SoftShrink(X), Elementwise.softShrink(0.5, X)),
            (TanhShrink(X), Elementwise.tanhShrink(X)), (Threshold(X, 0.1, 20), Elementwise.threshold(0.1, 20, X)),
            (SoftplusScaled(X, 2), Elementwise.softplusScaled(2, X)),
        ];
        Assert.All(pairs, pair => Assert.Equal(pair.Theirs, pair.Ours));
    }

    [Fact]
    public void FunctionsAlongAxes()
    {
        Expr x = Expr.Variable("x", 3, 4), m = x, rates = x, a = Expr.Variable("a", 2, 3, 4), b = Expr.Variable("b", 2, 4, 5);
        var factors = rates.CumProd();
        var records = x.CumMax();
        var lows = x.CumMin();
        var totals = x.CumLogSumExp();
        var before = x.Roll(1);
        var doubled = x.RepeatEach(2);
        var past = m.LowerTriangle();
        var future = m.UpperTriangle(1);
        var gated = m.Glu();
        var products = Expr.Einsum("bij,bjk->bik", a, b);
        Assert.Equal(Axes.cumProd(-1, x), factors);
        Assert.Equal(Axes.cumMax(-1, x), records);
        Assert.Equal(Axes.cumMin(-1, x), lows);
        Assert.Equal(Axes.cumLogSumExp(-1, x), totals);
        Assert.Equal(Axes.roll(1, -1, x), before);
        Assert.Equal([3, 8], doubled.Shape);
        Assert.Equal(Axes.lowerTriangle(0, x), past);
        Assert.Equal(Axes.upperTriangle(1, x), future);
        Assert.Equal([3, 2], gated.Shape);
        Assert.Equal([2, 3, 5], products.Shape);
        (a, b) = (x, x + 1);
        var either = Expr.LogAddExp(a, b);
        Assert.Equal(Axes.logAddExp(a, b), either);
    }
}
