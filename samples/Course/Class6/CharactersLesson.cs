using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>A model of the characters of Moby-Dick: bits a character on held-out chapters against counts, and text at several temperatures.</summary>
internal static partial class CharactersLesson
{
    private static readonly ConcurrentDictionary<bool, (Book Book, TrainingResult Result)> kept = [];

    [GeneratedRegex("(?=^CHAPTER )", RegexOptions.Multiline)]
    private static partial Regex Beginning();

    #region book
    public sealed record Book(string Train, string Validation, string Test, Vocabulary Letters);

    // Chapters 1 to 24 to learn from, 25 to 27 to choose by, 28 to 30 to be measured on, once.
    public static Book Read(bool brief)
    {
        string[] chapters = [.. Beginning().Split(Datasets.MobyDick()).Where(chapter => chapter != "")];
        var train = string.Concat(chapters[..24]);
        var letters = Vocabulary.CharactersOf([train]);
        return brief
            ? new(train[..4000], chapters[24], chapters[29], letters)
            : new(train, string.Concat(chapters[24..27]), string.Concat(chapters[27..]), letters);
    }
    #endregion

    #region counts
    // Bits of each character of a text, by counts of what followed the characters before it in another one: the share after
    // a context, drawn to that after a shorter context as by some more observations; after no context, to all alike.
    private static double[] BitsByCounts(string learnt, string read, int order, int alphabet, double prior)
    {
        Dictionary<string, int> counts = [];
        for (var i = 0; i < learnt.Length; i++)
            for (var n = 0; n <= order && i + n <= learnt.Length; n++)
                counts[learnt.Substring(i, n)] = counts.GetValueOrDefault(learnt.Substring(i, n)) + 1;

        double Chance(string context, char next)
        {
            var shorter = context == "" ? 1.0 / alphabet : Chance(context[1..], next);
            return (counts.GetValueOrDefault(context + next) + prior * shorter) / (counts.GetValueOrDefault(context) + prior);
        }

        return [.. read.Select((next, i) => -Math.Log2(Chance(read[Math.Max(0, i - order + 1)..i], next)))];
    }
    #endregion

    #region model
    public static Layer<Expr, Expr> Model(int letters) =>
        Layers.Embedding(letters, 64).Then(Layers.Lstm(192).Sequence()).Then(Layers.Linear(letters));

    // Trained once, for this lesson and for the transformer's.
    public static (Book Book, TrainingResult Result) Trained(bool brief) => kept.GetOrAdd(brief, _ =>
    {
        var book = Read(brief);
        var (train, validation) = (book.Letters.Examples(book.Train, 64), book.Letters.Examples(book.Validation, 64));
        var (epochs, steps) = brief ? (1, 40) : (10, 10 * train.Count / 16);
        var rate = Schedules.Cosine(6e-3, steps, lowest: 3e-4).WarmUp(20);
        return (book, Model(book.Letters.Count).Fit(
            train, Losses.CrossEntropy, Optimizers.Adam(6e-3).Scheduled(rate).ClipByGlobalNorm(1),
            epochs: epochs, batchSize: 16, seed: 1, validation: validation, metrics: [Metrics.BitsPerToken]));
    });
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("A model of characters tells at each place how likely each character is to come next. What it is worth is measured in bits: the mean of $-\\log_2 p$ of those that came. It is the size to which the model would compress the text.",
            "Un modelo de caracteres dice en cada lugar qué tan probable es cada carácter siguiente. Lo que vale se mide en bits: la media de $-\\log_2 p$ de los que llegaron. Es el tamaño al que el modelo comprimiría el texto.");
        c.Formula(@"\text{bits} = -\frac{1}{n} \sum_{i=1}^{n} \log_2 p(x_i \mid x_1, \dots, x_{i-1})");
        c.Code("book");

        c.Heading("Baselines: counting", "Modelos de referencia: contar");
        c.Code("counts");
        var (book, result) = Trained(c.Brief);
        #region baselines
        // The order and the prior are chosen on the validation chapters.
        double[] priors = c.Brief ? [10] : [3, 10, 30];
        int[] orders = [1, 2, 3, 4, 5, 6, 7];
        double Bits(string read, int order, double prior) => BitsByCounts(book.Train, read, order, book.Letters.Count, prior).Average();
        var best = orders.Select(order => priors.Select(prior => (Order: order, Prior: prior, Bits: Bits(book.Validation, order, prior))).MinBy(b => b.Bits)).ToList();
        var counted = best.MinBy(b => b.Bits);
        #endregion
        c.Code("baselines");
        c.Text($"One character (order 1) needs {best[0].Bits:0.00} bits, with the one before it {best[1].Bits:0.00}, with two {best[2].Bits:0.00}. The best table looks {counted.Order - 1} characters back, {counted.Bits:0.00} bits on the validation chapters; longer contexts have been seen too seldom.",
            $"Un carácter solo (orden 1) cuesta {best[0].Bits:0.00} bits; con el anterior, {best[1].Bits:0.00}; con dos, {best[2].Bits:0.00}. La mejor tabla mira {counted.Order - 1} caracteres atrás, {counted.Bits:0.00} bits en los capítulos de validación; los contextos más largos se han visto muy pocas veces.");

        c.Heading("An LSTM", "Una LSTM");
        c.Code("model");
        var epochs = result.History.Select(epoch => (double)epoch.Number).ToList();
        double[] ends = [0, epochs[^1]];
        c.Figure("characters-bits", best.Take(3).Append(counted).Aggregate(
                Plot.Titled(c["Bits a character, chapters 25 to 27", "Bits por carácter, capítulos 25 a 27"]).Labels(c["epoch", "época"], "bits")
                    .Line("LSTM", epochs, result.History.Select(epoch => epoch.Metrics["bitsPerToken"])),
                (plot, b) => plot.Dashes(c[$"counts, order {b.Order}", $"conteos, orden {b.Order}"], ends, [b.Bits, b.Bits])),
            ("Bits a character over the epochs, with the baselines as dashed lines", "Bits por carácter según las épocas, con los modelos de referencia como líneas discontinuas"),
            ("The LSTM is given 64 characters at a time here, without what stands before them: the counts always see their context, so the race is close.", "Aquí la LSTM recibe 64 caracteres a la vez, sin lo que hay antes; los conteos siempre ven su contexto, así que la carrera es reñida."));
        #region test
        // The chapters of the test in rows of 512, and by the best counts.
        var held = book.Letters.Examples(book.Test, 512);
        var (byLstm, byCounts) = (result.Evaluate(held, Metrics.BitsPerToken)[Metrics.BitsPerToken], Bits(book.Test, counted.Order, counted.Prior));
        #endregion
        Console.WriteLine($"test lstm {byLstm:0.000} counts {byCounts:0.000} val {result.History[^1]} seconds {result.History.Sum(e => e.Seconds):0}");
    }
}
