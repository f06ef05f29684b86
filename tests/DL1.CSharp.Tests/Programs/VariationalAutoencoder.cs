using static DL1.Functions;

namespace DL1.CSharp.Tests.Programs;

public class VariationalAutoencoder
{
    #region program
    public sealed record Vae(Expr Rebuilt, Expr Mean, Expr LogVariance);
    #endregion

    [Fact]
    public void Run()
    {
        #region program
        var (train, test) = Dataset.OfInputs(Datasets.Digits().Inputs).Split(0.8, seed: 1);
        var decoder = Layers.Linear(64).Then(Layers.Relu()).Then(Layers.Linear(64));
        var vae = Layers.CreateOf<Expr, Vae>("Vae", (scope, x) =>
        {
            var hidden = scope.Run("encoder", Layers.Linear(64).Then(Layers.Relu()), x);
            var mean = scope.Run("mean", Layers.Linear(8), hidden);
            var logVariance = scope.Run("logVariance", Layers.Linear(8), hidden);
            var z = scope.IsTraining ? mean + Exp(logVariance / 2) * scope.Key().Normal(0, 1, [.. mean.Shape]) : mean;
            return new Vae(scope.Run("decoder", decoder, z), mean, logVariance);
        });
        var learner = vae.Learner(
            [
                ("reconstruction", 1, (Expr x, Vae o) => Losses.BceWithLogits(x, o.Rebuilt, reduction: Reduction.BatchMean)),
                ("kl", 1, (Expr _, Vae o) => Losses.GaussianKl(o.Mean, o.LogVariance)),
            ], Optimizers.Adam(2e-3)).ValidatedInTraining();
        var result = learner.Fit(train, new TrainingOptions(Epochs: 15, BatchSize: 32, Validation: test));
        var ofDecoder = decoder.With(result.Trained.Parameters.At("decoder"), Trees.Empty<Tensor>());
        var drawn = ofDecoder.Predict(Key.OfSeed(2).Normal(0, 1, 10, 8)).Compute(Sigmoid);
        #endregion

        Assert.Equal("[10, 64]", drawn.Shape.ToString());
        var first = result.History[0];
        var last = result.History[^1];
        Assert.True(last.ValidationLoss < first.ValidationLoss - 2, result.History.ToTable());
        Assert.Equal(last.ValidationLoss!.Value, last.Metrics["validation reconstruction"] + last.Metrics["validation kl"], 3);
        Assert.True(last.Metrics["validation kl"] > 1, result.History.ToTable());
    }
}
