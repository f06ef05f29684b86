using DL1;
using static DL1.Functions;

namespace Course;

/// <summary>Gaussians fitted to images or to their features: a measure of generated images, and a baseline for them.</summary>
internal static class GaussianFit
{
    /// <summary>
    /// The squared Fréchet distance between the Gaussians fitted to two sets of features [rows; features]
    /// (Heusel and others, 2017): the distance of their means, and that of their covariances.
    /// </summary>
    public static double Distance(Tensor a, Tensor b)
    {
        (Expr Mean, Expr Covariance) Fitted(Tensor features)
        {
            var x = Expr.Constant(features.Cast(DType.F64));
            var mean = x.Mean(true, 0);
            return (mean, (x - mean).T.MatMul(x - mean) / (features.Shape[0] - 1.0));
        }

        Expr Root(Expr s) => s.Eigh() is var (values, vectors) ? (vectors * Sqrt(Relu(values))).MatMul(vectors.T) : s;
        var ((m, s), (n, t)) = (Fitted(a), Fitted(b));
        return (Square(m - n).Sum() + (s + t - 2 * Root(Root(s).MatMul(t).MatMul(Root(s)))).Trace()).Evaluate().ToDouble();
    }

    /// <summary>
    /// Images drawn from one Gaussian over all pixels: the mean image plus a random mixture of the deviations from it.
    /// </summary>
    public static Tensor Draw(Tensor images, int count)
    {
        var mean = images.Mean([0], true);
        var mixture = Key.OfSeed(11).Normal(0, 1 / Math.Sqrt(images.Shape[0] - 1), count, images.Shape[0]);
        return (mean + mixture.MatMul(images - mean)).Clip(0, 1);
    }
}
