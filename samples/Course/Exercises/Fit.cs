using DL1;

namespace Course;

/// <summary>Data in three parts: one to learn from, one to choose by, one to report on.</summary>
internal sealed record Parts((Tensor X, Tensor Y) Train, (Tensor X, Tensor Y) Validation, (Tensor X, Tensor Y) Test)
{
    /// <summary>Shuffles the rows by a key and cuts them in three.</summary>
    public static Parts Of(Tensor x, Tensor y, int train, int validation, Key key)
    {
        var order = key.Permutation(x.Shape[0]);
        (Tensor, Tensor) Take(Range range) => (x.Rows(order[range]), y.Rows(order[range]));
        return new Parts(Take(..train), Take(train..(train + validation)), Take((train + validation)..));
    }
}

/// <summary>The mean and deviation of each column, fitted on the training rows alone.</summary>
internal sealed class Scaler
{
    private readonly Tensor mean, deviation;

    public Scaler(Tensor train)
    {
        var x = Expr.Constant(train);
        mean = x.Mean(0).Evaluate();
        deviation = Functions.Sqrt(x.Variance(0)).Evaluate();
    }

    public Tensor Scale(Tensor x) => ((Expr.Constant(x) - Expr.Constant(mean)) / Expr.Constant(deviation)).Evaluate();

    public Tensor Unscale(Tensor x) => (Expr.Constant(x) * Expr.Constant(deviation) + Expr.Constant(mean)).Evaluate();
}

/// <summary>Measures of a fit.</summary>
internal static class Error
{
    public static double MeanSquared(Tensor predicted, Tensor target) =>
        Functions.Square(Expr.Constant(predicted) - Expr.Constant(target)).Mean().Evaluate().ToDouble();

    public static double MeanAbsolute(Tensor predicted, Tensor target) =>
        Functions.Abs(Expr.Constant(predicted) - Expr.Constant(target)).Mean().Evaluate().ToDouble();
}
