namespace DL1.CSharp.Tests.Programs;

public class LanguageModel
{
    [Fact]
    public void Run()
    {
        #region program
        var text = string.Concat(Enumerable.Repeat("the cat sat on the mat, and the dog sat by the door. ", 30));
        var letters = Vocabulary.Characters(text);
        var (train, test) = letters.Examples(text, length: 32).Split(0.9, seed: 1);
        var model = Model.Sequential(
            Layers.Embedding(letters.Count, 32), Layers.Lstm(64, forgetBias: 1).Sequence(), Layers.Linear(letters.Count));
        var result = model.Fit(
            train, Losses.CrossEntropy, Optimizers.Adam(1e-2), epochs: 12, batchSize: 8, validation: test,
            metrics: [Metrics.BitsPerToken]);
        var written = result.Trained.Stepwise().Write(letters, "the ", most: 60, Key.OfSeed(1), temperature: 0.5);
        #endregion

        Assert.Equal(60, written.Length);
        Assert.True(result.History[^1].Metrics["bitsPerToken"] < 1, result.History.ToTable());
    }
}
