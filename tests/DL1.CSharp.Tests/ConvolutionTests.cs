namespace DL1.CSharp.Tests;

/// <summary>Windows, products and truth values from C#: options reach the core in their places.</summary>
public class ConvolutionTests
{
    private static Expr Range(params int[] shape)
    {
        var size = shape.Aggregate(1, (a, b) => a * b);
        return Expr.Constant(Tensor.Linspace(0, size - 1, size).Reshape(shape));
    }

    private static double[] Values(Expr e) => e.Evaluate().ToDoubles();

    [Fact]
    public void ConvolutionsTakeTheirOptions()
    {
        var (x, w) = (Range(1, 1, 4, 4), Expr.Constant(Tensor.Full(DType.F64, 1, 1, 1, 2, 2)));
        Assert.Equal([10, 14, 18, 26, 30, 34, 42, 46, 50], Values(x.Conv(w)));
        Assert.Equal([10, 18, 42, 50], Values(x.Conv(w, stride: 2)));
        Assert.Equal(5, x.Conv(w, padding: 1).Shape[2]);
        Assert.Equal([20, 24, 36, 40], Values(x.Conv(w, dilation: 2)));
        Assert.Equal([1, 2, 1, 2, 4, 2, 1, 2, 1], Values(Expr.Constant(Tensor.Full(DType.F64, 1, 1, 1, 2, 2)).ConvTranspose(w)));
        Assert.Equal(8, x.ConvTranspose(w, stride: 2).Shape[3]);
        Assert.Equal([11, 12], Values(Range(1, 2, 1).AddBias(Expr.Constant(Tensor.Of([11.0, 11.0])))));
        Assert.Throws<ShapeError>(() => x.Conv(w, groups: 2));
    }

    [Fact]
    public void PoolingsStepByTheirKernelUnlessTold()
    {
        var x = Range(1, 1, 4, 4);
        Assert.Equal([5, 7, 13, 15], Values(x.MaxPool(2)));
        Assert.Equal([2.5, 4.5, 10.5, 12.5], Values(x.AvgPool(2)));
        Assert.Equal([5, 6, 7, 9, 10, 11, 13, 14, 15], Values(x.MaxPool(2, stride: 1)));
    }

    [Fact]
    public void ProductsTruthValuesAndIndices()
    {
        var (a, b) = (Expr.Constant(Tensor.Of([1.0, 2, 3])), Expr.Constant(Tensor.Of([4.0, 5, 6])));
        Assert.Equal([32], Values(a.Dot(b)));
        Assert.Equal([4, 5, 6, 8, 10, 12, 12, 15, 18], Values(a.Outer(b)));
        Assert.Equal([5, 14], Values(Range(2, 3).MatVec(Expr.Constant(Tensor.Of([0.0, 1, 2]))) + 0));
        Assert.Equal([0, 1, 0], Values(Expr.And(a > 1, a < 3).Cast(DType.F64)));
        Assert.Equal([1, 0, 1], Values(Expr.Or(a < 2, a > 2).Cast(DType.F64)));
        Assert.Equal([1, 0, 0], Values((a > 1).Not().Cast(DType.F64)));
        Assert.Equal([0, 1, 1], Values(Expr.NotEqual(a, 1).Cast(DType.F64)));
        Assert.Equal([0, 1, 2, 3, 0], Values(a.Pad([1], [1])));
        Assert.Equal([3, 0, 3], Values(a.ScatterAdd(0, 3, Expr.Constant(Tensor.Of([0, 0, 2])))));
        Assert.Equal([0, 1, 1, 0], Values(Expr.Constant(Tensor.Of([1, 0])).OneHot(2)));
    }
}
