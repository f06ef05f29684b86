namespace DL1.CSharp.Tests.Programs;

public class SequenceToSequence
{
    #region program
    public sealed record Pair(Expr Source, Expr Target);
    #endregion

    [Fact]
    public void Run()
    {
        #region program
        string[] digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
        string[] numbers = [.. Enumerable.Range(0, 1000).Select(n => $"{n}")];
        string[] sources = [.. numbers.Select(n => string.Join(' ', n.Select(c => digits[c - '0'])))];
        var words = Vocabulary.WordsOf(sources, padding: true);
        var signs = Vocabulary.CharactersOf(numbers, bounds: true, padding: true);
        var (before, after) = signs.EncodeAll(numbers).Shifted();
        var (train, test) = Dataset.Named(
            [("Source", words.EncodeAll(sources).Values), ("Target", before.Values)], [("Answer", after.Values)]).Split(0.9, seed: 1);
        var model = Layers.CreateOf<Pair, Expr>("Translator", (scope, x) =>
        {
            var source = scope.Run("words", Layers.Embedding(words.Count, 32), x.Source);
            var read = scope.Run("encoder", Layers.GruPadded(64), (source, Attentions.IsToken(x.Source, words.Padding)));
            var told = scope.Run("signs", Layers.Embedding(signs.Count, 32), x.Target);
            return scope.Run("decoder", Layers.GruFrom(64).Sequence().Then(Layers.Linear(signs.Count)), (told, read.Final));
        });
        var result = model.Fit(
            train, (Expr y, Expr o) => Losses.CrossEntropy(y, o, ignore: signs.Padding), Optimizers.Adam(1e-2), epochs: 20,
            validation: test, metrics: [Metrics.ExactMatch(ignore: signs.Padding)]);
        var asked = Trees.From([("Source", words.EncodeAll(["four two", "seven zero nine"]).Values)]);
        var written = result.Trained.Stepwise("Target").WriteAll(signs, asked, most: 5, width: 4);
        #endregion

        Assert.Equal(["42", "709"], written);
        Assert.True(result.History[^1].Metrics["exactMatch"] > 0.8, result.History.ToTable());
    }
}
