using static DL1.Functions;

namespace DL1.CSharp.Tests;

/// <summary>Order, places, linear algebra, padding, resizing and kept axes from C#; the examples of the documentation stand here.</summary>
public class ArrayTests
{
    private static double[] Values(Expr e) => e.Evaluate().ToDoubles();

    private static Expr Of(double[,] values) => Expr.Constant(Tensor.From(values));

    [Fact]
    public void ElementsInOrder()
    {
        var x = Of(new double[,] { { 3, 1, 2 }, { 4, 6, 6 } });
        var places = x.ArgSort(descending: true);
        Assert.Equal([0, 2, 1, 1, 2, 0], Values(places));
        Assert.Equal([1, 2, 0, 0, 1, 2], Values(x.ArgSort()));
        var sorted = x.Sort();
        Assert.Equal([1, 2, 3, 4, 6, 6], Values(sorted));
        Assert.Equal([4, 6, 6, 3, 1, 2], Values(x.Sort(0, descending: true)));
        var (best, where) = x.TopK(2);
        Assert.Equal([3, 2, 6, 6], Values(best));
        Assert.Equal([0, 2, 1, 2], Values(where));
        var (nearest, rows) = x.BottomK(2);
        Assert.Equal([1, 2, 4, 6], Values(nearest));
        Assert.Equal([1, 2, 0, 1], Values(rows));
        var middle = x.Median();
        Assert.Equal([2, 6], Values(middle));
        var upper = x.Quantile(0.75);
        Assert.Equal([2.5, 6], Values(upper));
        Assert.Throws<DomainError>(() => x.TopK(4));
        Assert.Throws<DomainError>(() => x.Quantile(1.5));
    }

    [Fact]
    public void ElementsAtPlaces()
    {
        var x = Of(new double[,] { { 3, 1, 2 }, { 4, 6, 6 } });
        var taken = x.TakeAlong(x.ArgSort());
        Assert.Equal(Values(x.Sort()), Values(taken));
        var (_, where) = x.TopK(1);
        var raised = x.ScatterAddAlong(where, 1);
        Assert.Equal([4, 1, 2, 4, 7, 6], Values(raised));
        var floored = x.ScatterMaxAlong(where, 2);
        Assert.Equal(Values(x), Values(floored));
        Assert.Equal([9, 1, 2, 4, 9, 6], Values(x.ScatterMaxAlong(where, 9)));
        Assert.Throws<ShapeError>(() => x.TakeAlong(Expr.Constant(Tensor.Of([1, 0]))));
    }

    [Fact]
    public void SquareMatricesAreSolved()
    {
        var a = Of(new double[,] { { 4, 2 }, { 2, 5 } });
        Expr b = Tensor.Of([2.0, 9]);
        var volume = a.Det();
        Assert.Equal(16, volume.Evaluate().ToDouble(), 1e-12);
        var (sign, logDet) = a.SignLogDet();
        Assert.Equal(1, sign.Evaluate().ToDouble());
        Assert.Equal(Math.Log(16), logDet.Evaluate().ToDouble(), 1e-12);
        var inverse = a.Inverse();
        var solution = a.Solve(b);
        Assert.Equal(Values(inverse.MatVec(b)), Values(solution), (u, v) => Math.Abs(u - v) < 1e-12);
        var root = a.Cholesky();
        Assert.Equal([2, 0, 1, 2], Values(root), (u, v) => Math.Abs(u - v) < 1e-12);
        var diagonal = a.Diagonal();
        Assert.Equal([4, 5], Values(diagonal));
        var trace = a.Trace();
        Assert.Equal(9, trace.Evaluate().ToDouble());
        var blocks = a.Kron(a);
        Assert.Equal(81, blocks.Trace().Evaluate().ToDouble());
        var product = a.TensorDot(a, [1], [0]);
        Assert.Equal(Values(a.MatMul(a)), Values(product));
        var alike = a.CosineSimilarity(a.T);
        Assert.Equal([1, 1], Values(alike), (u, v) => Math.Abs(u - v) < 1e-12);
        var apart = a.Distances(a);
        Assert.Equal([0, Math.Sqrt(13), Math.Sqrt(13), 0], Values(apart), (u, v) => Math.Abs(u - v) < 1e-12);
        var sizes = a.PowerNorm(1, -1);
        Assert.Equal([6, 7], Values(sizes));
        Assert.Equal(13, a.PowerNorm(1).Evaluate().ToDouble());
    }

    [Fact]
    public void MatricesAreDecomposed()
    {
        var a = Of(new double[,] { { 4, 2 }, { 2, 5 } });
        var b = Of(new double[,] { { 2 }, { 9 } });
        bool Near(double u, double v) => Math.Abs(u - v) < 1e-12;
        var (q, r) = a.Qr();
        Assert.Equal(Values(a), Values(q.MatMul(r)), Near);
        var (values, vectors) = a.Eigh();
        Assert.Equal(Values(a.MatMul(vectors)), Values(vectors * values), Near);
        var (left, sizes, right) = a.Svd();
        Assert.Equal(Values(a), Values((left * sizes).MatMul(right)), Near);
        var fitted = a.PseudoInverse().MatMul(b);
        Assert.Equal(Values(a.Solve(b)), Values(fitted), Near);
        Assert.Equal(Values(fitted), Values(a.PseudoInverse(1e-9).MatMul(b)), Near);
        Assert.Throws<DomainError>(() => a.PseudoInverse(-1));
    }

    [Fact]
    public void PaddingAndResizing()
    {
        var images = Expr.Constant(Tensor.Of(Enumerable.Range(1, 64).Select(v => (double)v).ToArray())).Reshape(1, 4, 4, 4);
        var framed = images.PadEdge([0, 0, 1, 1], [0, 0, 1, 1]);
        var mirrored = images.PadReflect([0, 0, 1, 1], [0, 0, 1, 1]);
        var ring = images.PadWrap([0, 0, 1, 1], [0, 0, 1, 1]);
        Assert.Equal([1, 6, 16], new[] { framed, mirrored, ring }.Select(e => Values(e)[0]).ToArray());
        var larger = images.ResizeNearest(8);
        Assert.Equal(Shape.Of([1, 4, 8, 8]), larger.Shape);
        var smooth = images.ResizeLinear([8, 6]);
        Assert.Equal(Shape.Of([1, 4, 8, 6]), smooth.Shape);
        var shuffled = images.PixelShuffle(2);
        Assert.Equal([1, 17, 2, 18], Values(shuffled)[..4]);
        var back = shuffled.PixelUnshuffle(2);
        Assert.Equal(Values(images), Values(back));
        var columns = images.Unfold(2);
        Assert.Equal(Shape.Of([1, 16, 9]), columns.Shape);
        var (maxima, spots) = images.MaxPoolWithPlaces(2);
        Assert.Equal([5, 7, 13, 15], Values(spots)[..4]);
        var sparse = maxima.MaxUnpool(spots, 4, 4);
        Assert.Equal([0, 0, 0, 0, 0, 6, 0, 8], Values(sparse)[..8]);
        var all = images.MaxPoolCeiling(3);
        Assert.Equal([11, 12, 15, 16], Values(all)[..4]);
        var inner = images.AvgPoolEdges(3, ceiling: false, countsPadding: false, stride: 1, padding: 1);
        Assert.Equal(3.5, Values(inner)[0], 1e-12);
    }

    [Fact]
    public void Remainders()
    {
        Expr x = Tensor.Of([-7.0, 7, 7.5]), whole = Tensor.Of([-7, 7, 8]);
        var rest = x % 3;
        Assert.Equal([-1, 1, 1.5], Values(rest));
        Assert.Equal([2, 1, 1.5], Values(Remainder(x, 3)));
        Assert.Equal(Values(rest), Values(Fmod(x, 3)));
        Assert.Equal([-3, 2, 2], Values(FloorDivide(x, 3)));
        Assert.Equal([-2, 2, 2], Values(TruncDivide(whole, 3)));
        Assert.Equal(DType.I32, FloorDivide(whole, 3).DType);
        Assert.Equal([-3, 2, 2], Values(FloorDivide(whole, 3)));
    }

    [Fact]
    public void ReductionsKeepTheirAxes()
    {
        var x = Of(new double[,] { { 3, 1, 2 }, { 4, 6, 5 } });
        var totals = x.Sum(keepAxes: true, 1);
        Assert.Equal(Shape.Of([2, 1]), totals.Shape);
        var centred = x - x.Mean(keepAxes: true, 1);
        Assert.Equal([1, -1, 0, -1, 1, 0], Values(centred));
        var volumes = x.Prod(keepAxes: true, 1);
        Assert.Equal([6, 120], Values(volumes));
        var below = x - x.Max(keepAxes: true, 1);
        Assert.Equal([0, -2, -1, -2, 0, -1], Values(below));
        var above = x - x.Min(keepAxes: true, 1);
        Assert.Equal([2, 0, 1, 0, 2, 1], Values(above));
        var units = x / x.Norm(keepAxes: true, 1);
        Assert.Equal([1, 1], Values(units.Norm(1)), (u, v) => Math.Abs(u - v) < 1e-12);
        var spread = x.Variance(keepAxes: true, ddof: 1, 1);
        Assert.Equal([1, 1], Values(spread));
        Assert.Equal(Values(x.Sum()), Values(x.Sum(keepAxes: false)));
        Assert.Equal(0.5, (x > 3).Mean().Evaluate().ToDouble());
    }
}
