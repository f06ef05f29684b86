using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Word vectors by skip-gram with negative sampling on Moby-Dick, beside counted ones.</summary>
internal static class EmbeddingsLesson
{
    private const int Negatives = 5;

    #region model
    private sealed record Near(Expr Centre, Expr Context);

    // A word, a neighbour of it, and words drawn at random: which of them is the neighbour? Scores, the neighbour's first.
    private static Layer<Near, Expr> SkipGram(int words, int features, Tensor urn) => Layers.CreateOf<Near, Expr>("SkipGram", (scope, x) =>
    {
        var rows = x.Centre.Shape[0];
        Expr Drawn() => Expr.Constant(urn).Gather(0, scope.Key().Uniform(0, urn.Shape[0], rows, Negatives).Cast(DType.I32));
        var inner = scope.Parameter("in", Initializers.Normal(0, 0.1), words, features).Gather(0, x.Centre.Reshape(rows, 1));
        var outer = scope.Parameter("out", Initializers.Normal(0, 0.1), words, features).Gather(0, scope.IsTraining ? Expr.Concat(1, x.Context.Reshape(rows, 1), Drawn()) : x.Context.Reshape(rows, 1));
        return (inner * outer).Sum(-1);
    });

    private static Expr Loss(Near _, Expr scores) =>
        Softplus(-scores.Slice(1, ..1)).Mean() + Negatives * Softplus(scores.Slice(1, 1..)).Mean();
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("x", "x");
        #region text
        var text = Datasets.MobyDick();
        var paragraphs = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        var T = double.Parse(Environment.GetEnvironmentVariable("T") ?? "5e-4");
        var W = int.Parse(Environment.GetEnvironmentVariable("W") ?? "4");
        var L = int.Parse(Environment.GetEnvironmentVariable("L") ?? "5");
        var chapters = paragraphs;
        var words = Vocabulary.WordsOf(chapters, least: L, lowerCase: true);
        bool IsWord(long w) => w > 0 && char.IsLetter(words.Pieces[(int)w][0]);
        var total = words.Counts.Sum();

        // Of very common words most are left out: of a word with the share f of the text, √(0.0005 / f) remain.
        int[] Read(IEnumerable<string> parts, Random draw) => [.. parts.SelectMany(part => words.Encode(part).ToArray<long>()).Where(IsWord)
            .Where(w => draw.NextDouble() < Math.Sqrt(T * total / words.Counts[(int)w])).Select(w => (int)w)];

        // Each word with those up to four places away.
        List<(int Centre, int Context)> Pairs(int[] read) => [.. read.SelectMany((w, i) =>
            Enumerable.Range(Math.Max(0, i - W), Math.Min(read.Length, i + W + 1) - Math.Max(0, i - W)).Where(j => j != i).Select(j => (w, read[j])))];
        #endregion
        var draws = Key.OfSeed(1).ToRandom();
        var learned = Pairs(Read(paragraphs.Where((p, i) => i % 10 != 9), draws));
        var held = Pairs(Read(paragraphs.Where((p, i) => i % 10 == 9), draws));
        Console.WriteLine($"{chapters.Length} chapters, {words.Count} words, {learned.Count} pairs, {held.Count} held");

        var n = words.Count;
        var joint = new double[n, n];
        var (rows, columns) = (new double[n], new double[n]);
        foreach (var (a, b) in learned) { joint[a, b]++; rows[a]++; columns[b]++; }
        var seen = Enumerable.Range(0, n).Where(i => rows[i] > 0).ToArray();
        Console.WriteLine($"{seen.Length} seen");
        var sum = (double)learned.Count;
        double Rank(Func<int, int, double> score)
        {
            var ranks = held.Where(p => rows[p.Centre] > 0 && rows[p.Context] > 0).GroupBy(p => p.Centre).SelectMany(g =>
            {
                var s = seen.Select(j => score(g.Key, j)).ToArray();
                var at = seen.Select((j, i) => (j, i)).ToDictionary(p => p.j, p => p.i);
                return g.Select(p => 1.0 + s.Count(v => v > s[at[p.Context]]));
            }).ToList();
            return Math.Exp(ranks.Average(Math.Log));
        }
        Console.WriteLine($"frequency {Rank((a, b) => columns[b]):0.0}");
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var ppmi = Tensor.Of(Flat(seen.Length, (i, j) => Math.Max(0, Math.Log(joint[seen[i], seen[j]] * sum / (rows[seen[i]] * columns[seen[j]]))) is var v && double.IsFinite(v) ? v : 0), seen.Length, seen.Length);
        var pos = seen.Select((w, i) => (w, i)).ToDictionary(p => p.w, p => p.i);
        var big = PrincipalComponents.FitRandomised(ppmi, 100, Key.OfSeed(1));
        Console.WriteLine($"svd {clock.Elapsed.TotalSeconds:0.0} s");
        foreach (var d in new[] { 5, 20, 50, 100 })
        {
            var axes = big.Components.Rows(..d);
            var hat = ((ppmi - big.Means).MatMul(axes.Transpose(1, 0)).MatMul(axes) + big.Means).ToDoubles();
            foreach (var alpha in new[] { 0.5, 1.0 })
                Console.WriteLine($"ppmi svd {d} γ {alpha}: {Rank((a, b) => alpha * hat[pos[a] * seen.Length + pos[b]] + Math.Log(columns[b])):0.0}");
        }
        var lam = Tensor.Of(Flat(seen.Length, (i, j) => rows[seen[i]] * columns[seen[j]] / sum is var e ? Math.Log((joint[seen[i], seen[j]] + 1) / (e + 1)) : 0), seen.Length, seen.Length);
        var big2 = PrincipalComponents.FitRandomised(lam, 100, Key.OfSeed(1));
        foreach (var d in new[] { 5, 20, 50, 100 })
        {
            var axes = big2.Components.Rows(..d);
            var hat = ((lam - big2.Means).MatMul(axes.Transpose(1, 0)).MatMul(axes) + big2.Means).ToDoubles();
            foreach (var alpha in new[] { 1.0, 2.0 })
                Console.WriteLine($"smooth svd {d} γ {alpha}: {Rank((a, b) => alpha * hat[pos[a] * seen.Length + pos[b]] + Math.Log(columns[b])):0.0}");
        }
        Near2(big2, lam, "smooth");
        Near2(hat: big, ppmi, "svd");

        void Near2(PrincipalComponents hat, Tensor m, string name)
        {
            var v = hat.Apply(m).ToDoubles();
            Show(name, 100, v);
        }

        void Show(string name, int d, double[] v)
        {
            double Cos(int i, int j)
            {
                double ab = 0, aa = 0, bb = 0;
                for (var k = 0; k < d; k++) { ab += v[i * d + k] * v[j * d + k]; aa += v[i * d + k] * v[i * d + k]; bb += v[j * d + k] * v[j * d + k]; }
                return ab / Math.Sqrt(aa * bb + 1e-12);
            }
            foreach (var w in "whale ship queequeg captain sea father bed money three black".Split(' '))
            {
                var i = pos[(int)words.IndexOf(w)];
                Console.WriteLine($"{name} {w}: " + string.Join(" ", Enumerable.Range(0, seen.Length).Where(j => j != i).OrderByDescending(j => Cos(i, j)).Take(8).Select(j => words.Pieces[seen[j]])));
            }
        }

        foreach (var (d, epochs, rate) in new[] { (20, 5, 0.005), (50, 5, 0.005), (50, 20, 0.003) })
        {
            var urn = Tensor.Of(seen.SelectMany(w => Enumerable.Repeat(pos[w], (int)Math.Ceiling(Math.Pow(columns[w], 0.75)))).ToArray());
            var data = Dataset.OfInputs(new { Centre = Tensor.Of(learned.Select(p => pos[p.Centre]).ToArray()), Context = Tensor.Of(learned.Select(p => pos[p.Context]).ToArray()) });
            var r = SkipGram(seen.Length, d, urn).Fit(data, (Func<Near, Expr, Expr>)Loss, Optimizers.Adam(rate), epochs: epochs, batchSize: 512);
            Console.WriteLine($"{urn.Shape} {string.Join(" ", r.History.Select(e => $"{e.Loss:0.000}"))}  {r.History.Sum(e => e.Seconds):0.0} s; {string.Join(" ", r.Trained.Parameters.Select(p => p.Key))}");
            var inner = r.Trained.Parameters.Values[0];
            var outer = r.Trained.Parameters.Values[1];
            var dots = inner.MatMul(outer.Transpose(1, 0)).ToDoubles();
            foreach (var alpha in new[] { 0.75, 1.0 })
                Console.WriteLine($"sgns {d} α {alpha}: {Rank((a, b) => dots[pos[a] * seen.Length + pos[b]] + alpha * Math.Log(columns[b])):0.0} half: {Rank((a, b) => 0.5*dots[pos[a] * seen.Length + pos[b]] + alpha * Math.Log(columns[b])):0.0}");
            Show("sgns", d, inner.ToDoubles());
        }
    }

    private static double[] Flat(int n, Func<int, int, double> f) => [.. Enumerable.Range(0, n * n).Select(k => f(k / n, k % n))];
}
