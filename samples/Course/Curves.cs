using DL1;
using DL1.Pictures;

namespace Course;

/// <summary>Lines that several lessons draw, and numbers as they write them.</summary>
internal static class Curves
{
    /// <summary>A line with a dot at each of its points.</summary>
    public static Plot Marked(this Plot plot, string name, IEnumerable<double> x, IEnumerable<double> y) =>
        plot.Line(name, x, y).Dots(name, x, y);

    /// <summary>A measure of one run over its epochs.</summary>
    public static Plot Run(this Plot plot, string name, TrainingResult run, Func<Epoch, double> measure, bool isDashed = false)
    {
        IEnumerable<double> epochs = run.History.Select(e => (double)e.Number), values = run.History.Select(measure);
        return isDashed ? plot.Dashes(name, epochs, values) : plot.Line(name, epochs, values);
    }

    /// <summary>A measure of runs with several seeds over their epochs: the mean, and a band from the least to the greatest.</summary>
    public static Plot Runs(this Plot plot, string name, IEnumerable<TrainingResult> runs, Func<Epoch, double> measure) =>
        plot.Ranged(name, runs.First().History.Select(e => (double)e.Number), [.. runs.Select(run => run.History.Select(measure).ToArray())]);

    /// <summary>Several curves as their mean, and a band from the least to the greatest of them.</summary>
    public static Plot Ranged(this Plot plot, string name, IEnumerable<double> x, IReadOnlyList<double[]> curves)
    {
        double[] Each(Func<IEnumerable<double>, double> of) => [.. curves[0].Select((_, i) => of(curves.Select(curve => curve[i])))];
        return plot.Line(name, x, Each(Enumerable.Average)).Band(name, x, Each(Enumerable.Min), Each(Enumerable.Max));
    }

    /// <summary>The mean of some numbers, with the least and the greatest.</summary>
    public static string Spread(IReadOnlyList<double> of) => $"{of.Average():0.000} ({of.Min():0.000}–{of.Max():0.000})";
}
