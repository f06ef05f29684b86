using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>A variational autoencoder: its bound in two parts, its latent plane, a walk through it, and what β trades.</summary>
internal static class VaeLesson
{
    #region model
    private sealed record Vae(Expr Rebuilt, Expr Mean, Expr LogVariance);

    private static Layer<Expr, Expr> Decoder() => Layers.Linear(256).Then(Layers.Relu()).Then(Layers.Linear(784));

    private static Layer<Expr, Vae> Model(int codes) => Layers.CreateOf<Expr, Vae>("Vae", (scope, x) =>
    {
        var hidden = scope.Run("encoder", Layers.Linear(256).Then(Layers.Relu()), x);
        var mean = scope.Run("mean", Layers.Linear(codes), hidden);
        var logVariance = scope.Run("logVariance", Layers.Linear(codes), hidden);
        var z = scope.IsTraining ? mean + Exp(logVariance / 2) * scope.Key().Normal(0, 1, [.. mean.Shape]) : mean;
        return new Vae(scope.Run("decoder", Decoder(), z), mean, logVariance);
    });

    // Both parts in nats for each image: means over pixels or codes, times how many there are.
    private static Learner Bound(int codes, double beta) => Model(codes).Learner(
        [
            ("reconstruction", 1, (Expr x, Vae o) => 784 * Losses.BceWithLogits(x, o.Rebuilt)),
            ("kl", beta, (Expr _, Vae o) => codes * (Exp(o.LogVariance) + o.Mean * o.Mean - o.LogVariance - 1).Mean() / 2),
        ],
        Optimizers.Adam(2e-3)).ValidatedInTraining(); // z is drawn in validation, too
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("x", "x");
        #region training
        var (whole, _) = c.Data is { } folder ? Datasets.FashionMnist(folder) : Datasets.FashionMnistSmall();
        var (train, validation) = (c.Brief ? whole.Take(600) : whole).Split(5.0 / 6, seed: 1, stratified: true);
        TrainingResult Learned(int codes, double beta, int epochs) => Bound(codes, beta).Fit(
            Dataset.OfInputs(train.Inputs),
            new TrainingOptions(Epochs: c.Brief ? 1 : epochs, BatchSize: 64, Validation: Dataset.OfInputs(validation.Inputs)));
        var plane = Learned(codes: 2, beta: 1, epochs: 40);
        #endregion
        Console.WriteLine(plane.History.ToTable());
        double[] betas = c.Brief ? [1] : [0.01, 0.1, 0.3, 1, 3, 10, 30, 100];
        foreach (var beta in betas)
        {
            var r = Learned(8, beta, 15);
            Console.WriteLine($"{beta}: " + r.History[^1] + $" {r.History.Sum(e => e.Seconds):0.0} s");
        }
        var mean = train.Inputs.Mean(0).Clip(0.001, 0.999).ToDoubles();
        var x = validation.Inputs.ToDoubles();
        Console.WriteLine($"mean image: {-Enumerable.Range(0, x.Length).Sum(i => x[i] * Math.Log(mean[i % 784]) + (1 - x[i]) * Math.Log(1 - mean[i % 784])) / validation.Count:0.0}");
        Console.WriteLine($"floor: {-x.Where(v => v is > 0 and < 1).Sum(v => v * Math.Log(v) + (1 - v) * Math.Log(1 - v)) / validation.Count:0.0}");
    }
}
