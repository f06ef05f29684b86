using DL1;
using static DL1.Functions;

namespace Course;

/// <summary>The points of two lessons: eight Gaussians on a circle of radius 2, each of deviation 0.1.</summary>
internal static class EightGaussians
{
    private const double Deviation = 0.1;

    /// <summary>The centres of the Gaussians: [8; 2].</summary>
    public static Tensor Centres { get; } = Tensor.Range(0, 8).Compute(i => 2 * Expr.Stack(1, Cos(i * (Math.PI / 4)), Sin(i * (Math.PI / 4))));

    /// <summary>Points [rows; 2] drawn from the eight Gaussians.</summary>
    public static Expr Draw(Expr modeKey, Expr noiseKey, int rows) =>
        Expr.Constant(Centres).Gather(0, Floor(modeKey.Uniform(0, 8, rows)).Cast(DType.I64)) + noiseKey.Normal(0, Deviation, rows, 2);

    /// <summary>
    /// How many of the eight modes points cover, and the share of good points. A point is good within three deviations of a
    /// centre; a mode counts if good points fill a quarter of its share.
    /// </summary>
    public static (int Modes, double Good) Judge(Tensor points)
    {
        var distances = points.Compute(p => p.Distances(Expr.Constant(Centres)));
        double[] nearest = distances.ArgMin().ToDoubles(), apart = distances.Min(-1).ToDoubles();
        var good = nearest.Where((_, i) => apart[i] < 3 * Deviation).ToList();
        return (good.GroupBy(mode => mode).Count(mode => mode.Count() >= nearest.Length / 8 / 4), (double)good.Count / nearest.Length);
    }
}
