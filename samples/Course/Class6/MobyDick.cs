using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using DL1;
using DL1.Data;

namespace Course;

/// <summary>What the lessons on text share: thirty chapters of Moby-Dick in three parts, and the LSTM, trained once.</summary>
internal static partial class MobyDick
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

    #region model
    public static Layer<Expr, Expr> Model(int letters) =>
        Layers.Embedding(letters, 64).Then(Layers.Lstm(192).Sequence()).Then(Layers.Dropout(0.2)).Then(Layers.Linear(letters));

    // Trained once, for this lesson and for the transformer's.
    public static (Book Book, TrainingResult Result) Trained(bool brief) => kept.GetOrAdd(brief, _ =>
    {
        var book = Read(brief);
        var (train, validation) = (book.Letters.Examples(book.Train, 64), book.Letters.Examples(book.Validation, 64));
        var (epochs, steps) = brief ? (1, 60) : (16, 16 * train.Count / 16);
        var rate = Schedules.Cosine(6e-3, steps, lowest: 3e-4).WarmUp(20);
        return (book, Model(book.Letters.Count).Fit(
            train, Losses.CrossEntropy, Optimizers.Adam(6e-3).Scheduled(rate).ClipByGlobalNorm(1),
            epochs: epochs, batchSize: 16, seed: 1, validation: validation, metrics: [Metrics.BitsPerToken]));
    });
    #endregion
}
