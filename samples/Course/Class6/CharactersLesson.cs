using System.Text.RegularExpressions;
using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>A model of the characters of Moby-Dick: bits a character on held-out chapters against counts, and text at several temperatures.</summary>
internal static partial class CharactersLesson
{
    [GeneratedRegex("(?=^CHAPTER )", RegexOptions.Multiline)]
    private static partial Regex Chapter();

    #region book
    public sealed record Book(string Train, string Validation, string Test, Vocabulary Letters);

    // Chapters 1 to 24, 25 to 27 and 28 to 30: the last ones are read once, at the end.
    public static Book Read()
    {
        string[] chapters = [.. Chapter().Split(Datasets.MobyDick()).Where(chapter => chapter != "")];
        var train = string.Concat(chapters[..24]);
        return new(train, string.Concat(chapters[24..27]), string.Concat(chapters[27..]), Vocabulary.CharactersOf([train]));
    }
    #endregion

    #region counts
    // Bits of each character of a text by counts of what followed the characters before it in another text: the share after
    // a long context, drawn to that after a shorter one with the weight of some observations; at the end all are alike.
    public static double[] BitsByCounts(string learnt, string read, int order, int alphabet, double weight)
    {
        Dictionary<string, int> counts = [];
        for (var i = 0; i < learnt.Length; i++)
            for (var n = 0; n <= order && i + n <= learnt.Length; n++)
                counts[learnt.Substring(i, n)] = counts.GetValueOrDefault(learnt.Substring(i, n)) + 1;

        double Chance(string context, char next)
        {
            var shorter = context == "" ? 1.0 / alphabet : Chance(context[1..], next);
            return (counts.GetValueOrDefault(context + next) + weight * shorter) / (counts.GetValueOrDefault(context) + weight);
        }

        return [.. read.Select((next, i) => -Math.Log2(Chance(read[Math.Max(0, i - order + 1)..i], next)))];
    }
    #endregion

    public static void Run(Chapter c)
    {
        var book = Read();
        Console.WriteLine($"{book.Train.Length} {book.Validation.Length} {book.Test.Length} {book.Letters.Count}");
        foreach (var order in new int[] { })
            foreach (var w in new[] { 2.0, 5, 10 })
            {
                var t = System.Diagnostics.Stopwatch.StartNew();
                Console.WriteLine($"order {order} w {w}: val {BitsByCounts(book.Train, book.Validation, order, book.Letters.Count, w).Average():0.000} test {BitsByCounts(book.Train, book.Test, order, book.Letters.Count, w).Average():0.000} {t.Elapsed.TotalSeconds:0.0} s");
            }
        var arg = (Environment.GetEnvironmentVariable("LS") ?? "128 64 32 3e-3 4").Split(' ');
        int width = int.Parse(arg[0]), length = int.Parse(arg[1]), batch = int.Parse(arg[2]), epochs = int.Parse(arg[4]); var rate = double.Parse(arg[3]);
        {
            var train = book.Letters.Examples(book.Train, length);
            var validation = book.Letters.Examples(book.Validation, length);
            var model = Layers.Embedding(book.Letters.Count, 64).Then(Layers.Lstm(width).Sequence()).Then(Layers.Dropout(arg.Length > 5 ? double.Parse(arg[5]) : 0)).Then(Layers.Linear(book.Letters.Count));
            var steps = epochs * (train.Count / batch);
            var result = model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(rate).Scheduled(Schedules.Cosine(rate, steps, rate / 20).WarmUp(20)).ClipByGlobalNorm(1), epochs: epochs, batchSize: batch, validation: validation, metrics: [Metrics.BitsPerToken], progress: TrainingProgress.Lines(Console.WriteLine));
            Console.WriteLine(model.Summary(DType.I64, 1, 64));
            Console.WriteLine(result.Evaluate(book.Letters.Examples(book.Test, 512), Metrics.BitsPerToken));
        }
    }
}
