using System.Text;

namespace DL1.Fuzzing;

/// <summary>The values at the ends of each type.</summary>
public static class Extremes
{
    public static readonly int[] Ints =
    [
        0, -1, 1, -2, 1 << 15, 1 << 16, 1 << 30, (1 << 30) + 1, int.MaxValue, int.MaxValue - 1, int.MinValue, int.MinValue + 1, -(1 << 16),
    ];

    public static readonly long[] Longs = [0, -1, 1, 1L << 31, 1L << 32, 1L << 53, long.MaxValue, long.MinValue];

    public static readonly double[] Doubles =
    [
        0, -0.0, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon, -double.Epsilon, double.MaxValue,
        double.MinValue, 1e-310, 1e308, float.MaxValue, 1e39, -1e-20, 1 - 1e-16, 1 + 3e-16, -1, 1, 2147483648.0,
    ];

    public static readonly string?[] Texts =
    [
        null, "", " ", "\0", "x\ny", "NaN", "-1", "1e999", "1e-999", "{}", "[]", "null", "..", "/nonexistent/a/b", "sub/none/file",
        "\ud800", "ÅÄÖ\u0130ı", "𝒙 + 𝓎", "עברית ‏", "%s{0}{1:N}", "<script>&\"'", "a,b\n\"1", "a,a\n1,2", ",\n,", "x + ", "sin", "(x", "x)",
        "x: f32[2147483647, 2147483647]; sum(x, [0])", "x: f32[4]; pad(x, [2147483647], [2147483647])",
        "x: f32[1, 1, 8, 8]; w: f32[1, 1, 3, 3]; conv(x, w, dilation = [2147483647, 2147483647])",
        new('a', 100_000), new('(', 100_000), new('[', 100_000), new('-', 100_000), Deep("sin(", "x", ")", 100_000),
        Repeated("x", " + x", 20_000), Repeated("x", "^x", 20_000), Deep("[", "", "]", 100_000), Deep("{\"a\":", "1", "}", 100_000),
        new('9', 5_000), "0." + new string('0', 5_000) + "1",
    ];

    /// <summary>
    /// Parameters by which a call does that many times the work: a large number there is legitimate and takes for ever, so
    /// that the largest given is the cap.
    /// </summary>
    public static readonly (string Member, string Parameter, int Cap)[] Work =
    [
        ("", "epochs", 3), ("", "maxEpochs", 50), ("", "maxIterations", 50), ("RateFinder.", "steps", 20), ("FindRate", "steps", 20),
        ("Session.Run", "steps", 20), ("Search.random", "count", 100), ("HyperSearch.Random", "count", 100), ("Tpe", "count", 20),
        ("Study.", "count", 20), ("Generation", "most", 30), ("Transformer", "count", 3),
        ("Transformer", "layers", 3), ("Recurrent", "layers", 3), ("Layers.", "layers", 3), ("Derivative", "order", 4), ("Symbolic.nth", "n", 4),
        ("Batches.prefetched", "count", 100), ("Wrap.", "size", 1000), ("Lbfgs", "history", 20),
    ];

    public static int? Cap(string member, string parameter)
    {
        foreach (var (part, name, cap) in Work)
        {
            if (name.Equals(parameter, StringComparison.OrdinalIgnoreCase) && member.Contains(part, StringComparison.Ordinal)) return cap;
        }

        return null;
    }

    /// <summary>
    /// Extents are all extreme or few, never a tensor that one could really ask for and that fills the memory: the count of
    /// elements is small, or more than a tensor may have.
    /// </summary>
    public static int[] Extents(int[] values)
    {
        double Count() => values.Aggregate(1.0, (a, b) => a * Math.Max(1, Math.Abs((double)b)));
        for (var i = 0; i < values.Length && Count() is > (1 << 20) and < 2147483648.0; i++) values[i] = i % 3;
        return values;
    }

    private static string Deep(string open, string inner, string close, int depth) =>
        new StringBuilder().Insert(0, open, depth).Append(inner).Insert((open.Length * depth) + inner.Length, close, depth).ToString();

    private static string Repeated(string first, string next, int count) => new StringBuilder(first).Insert(first.Length, next, count).ToString();
}
