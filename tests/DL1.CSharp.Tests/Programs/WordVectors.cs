namespace DL1.CSharp.Tests.Programs;

public class WordVectors
{
    [Fact]
    public void Run()
    {
        #region program
        var texts = Datasets.MobyDick().Split("\n\n").Take(300).ToList();
        var words = Vocabulary.WordsOf(texts, least: 5, lowerCase: true, punctuation: false);
        var pairs = words.SkipGrams(texts, window: 3, negatives: 4, subsampling: 1e-3, seed: 1);
        var result = Layers.SkipGram(words.Count, 32).Fit(
            pairs, (Expr y, Expr scores) => Losses.BceWithLogits(y, scores), Optimizers.Adam(5e-3), epochs: 3, batchSize: 256);
        var vectors = result.Trained.Parameters["words"];
        var near = words.Nearest(vectors, "whale", count: 5);
        var analogy = words.Analogy(vectors, "man", "men", "hand", count: 5);
        #endregion

        Assert.Equal((5, 5), (near.Count, analogy.Count));
        Assert.DoesNotContain(near, n => n.Word is "whale" or "," or "�");
        Assert.DoesNotContain(analogy, n => n.Word is "man" or "men" or "hand");
        Assert.True(result.History[^1].Loss < result.History[0].Loss && result.History[^1].Loss < 0.6, result.History.ToTable());
    }
}
