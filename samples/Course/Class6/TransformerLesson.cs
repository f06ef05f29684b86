using System.Diagnostics;
using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>A small decoder-only transformer against the LSTM on Moby-Dick; what its heads look at, and the key-value cache.</summary>
internal static class TransformerLesson
{
    private const int Width = 96, Heads = 4, Context = 64;

    #region model
    private static Layer<Expr, Expr> Block() =>
        Layers.TransformerEncoderLayer(Heads, 4 * Width, dropout: 0, normFirst: true, causal: true);

    private static Layer<Expr, Expr> Model(int letters) => Model2(letters);
    #endregion

    private static Layer<Expr, Expr> Model2(int letters) => DL1.Model.Sequential(
        Layers.Embedding(letters, Width), Layers.LearnedPositions(Context), Block(), Block(), Layers.LayerNorm(), Layers.Linear(letters));

    public static void Run(Chapter c)
    {
        var (book, lstm) = CharactersLesson.Trained(c.Brief);
        var letters = book.Letters;
        #region training
        var (train, validation) = (letters.Examples(book.Train, Context), letters.Examples(book.Validation, Context));
        var (epochs, batch) = c.Brief ? (1, 16) : (8, 8);
        var steps = epochs * train.Count / batch;
        var result = Model(letters.Count).Fit(
            train, Losses.CrossEntropy, Optimizers.Adam(2e-3).Scheduled(Schedules.Cosine(2e-3, Math.Max(40, steps), lowest: 1e-4).WarmUp(50)).ClipByGlobalNorm(1),
            epochs: epochs, batchSize: batch, seed: 1, validation: validation, metrics: [Metrics.BitsPerToken]);
        #endregion
        Console.WriteLine($"tf {result.History[^1]} {result.History.Sum(e => e.Seconds):0} s; lstm {lstm.History[^1]} {lstm.History.Sum(e => e.Seconds):0} s");

        #region cache
        var stepper = result.Trained.Stepwise();
        var prompt = letters.Encode("The whale ").Reshape(1, -1);
        var room = Context - prompt.Shape[1];

        // With the cache: one place for each character. What was said at each is kept, for the comparison.
        List<Tensor> said = [];
        long[] Cached()
        {
            said.Clear();
            var next = stepper.Prompt(prompt, room);
            List<long> tokens = [.. prompt.ToArray<long>()];
            for (var i = 0; i < room; i++)
            {
                said.Add(next.Scores);
                tokens.Add((long)next.Scores.ArgMax()[0]);
                if (i + 1 < room) next = next.Following(Tensor.Of([tokens[^1]], 1));
            }

            return [.. tokens];
        }

        // Without: all places again for each character.
        List<Tensor> whole = [];
        long[] Again()
        {
            whole.Clear();
            var tokens = new long[Context];
            prompt.ToArray<long>().CopyTo(tokens, 0);
            for (var i = prompt.Shape[1]; i < Context; i++)
            {
                whole.Add(result.Predict(Tensor.Of(tokens, 1, Context)).Slice(1, (i - 1)..i).Reshape(1, -1));
                tokens[i] = (long)whole[^1].ArgMax()[0];
            }

            return tokens;
        }
        #endregion
        double Seconds(Func<long[]> way) { way(); var clock = Stopwatch.StartNew(); for (var i = 0; i < 3; i++) way(); return clock.Elapsed.TotalSeconds / 3; }
        var (fast, slow) = (Seconds(Cached), Seconds(Again));
        var apart = said.Zip(whole, (a, b) => (a - b).Compute(Abs).Max().ToDouble()).Max();
        Console.WriteLine($"{fast:0.000} {slow:0.000} {apart} {letters.Decode(Tensor.Of(Cached(), Context))} {Cached().SequenceEqual(Again())}");
        var text = book.Test[..48];
        foreach (var (k, v) in result.Trained.Activations(letters.Encode(text).Reshape(1, -1))) Console.WriteLine($"{k} {v.Shape}");
        foreach (var (k, v) in result.Trained.Parameters) Console.WriteLine($"{k} {v.Shape}");
    }
}
