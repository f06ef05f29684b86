using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

internal static class TransformerLesson
{
    public static void Run(Chapter c)
    {
        var book = CharactersLesson.Read();
        // width layers heads length batch rate epochs kind
        var arg = (Environment.GetEnvironmentVariable("TF") ?? "96 2 4 64 32 3e-3 4 sin").Split(' ');
        int width = int.Parse(arg[0]), layers = int.Parse(arg[1]), heads = int.Parse(arg[2]), length = int.Parse(arg[3]), batch = int.Parse(arg[4]), epochs = int.Parse(arg[6]); var rate = double.Parse(arg[5]);
        var train = book.Letters.Examples(book.Train, length);
        var validation = book.Letters.Examples(book.Validation, length);
        var model = Layers.Embedding(book.Letters.Count, width).Then(arg[7] == "sin" ? Layers.SinusoidalPositions() : Layers.LearnedPositions(length));
        for (var i = 0; i < layers; i++) model = model.Then(Layers.TransformerEncoderLayer(heads, 4 * width, dropout: 0, normFirst: true, causal: true));
        model = model.Then(Layers.LayerNorm()).Then(Layers.Linear(book.Letters.Count));
        Console.WriteLine(model.Summary(DType.I64, 1, length));
        var steps = epochs * (train.Count / batch);
        var result = model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(rate).Scheduled(Schedules.Cosine(rate, steps, rate / 20).WarmUp(50)).ClipByGlobalNorm(1), epochs: epochs, batchSize: batch, validation: validation, metrics: [Metrics.BitsPerToken], progress: TrainingProgress.Lines(Console.WriteLine));
        Console.WriteLine(result.Evaluate(book.Letters.Examples(book.Test, length), Metrics.BitsPerToken));
    }
}
