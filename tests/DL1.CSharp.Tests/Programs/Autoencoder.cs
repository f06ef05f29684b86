namespace DL1.CSharp.Tests.Programs;

public class Autoencoder
{
    [Fact]
    public void Run()
    {
        #region program
        var (train, test) = Dataset.OfInputs(Datasets.Digits().Inputs).Split(0.8, seed: 1);
        var encoder = Layers.Linear(32).Then(Layers.Relu()).Then(Layers.Linear(8));
        var decoder = Layers.Linear(32).Then(Layers.Relu()).Then(Layers.Linear(64));
        var result = encoder.Named("encoder").Then(decoder.Named("decoder")).Fit(
            train, Losses.Mse, Optimizers.Adam(3e-3), epochs: 20, batchSize: 32, validation: test);
        var codes = encoder.With(result.Trained.Parameters.At("encoder"), Trees.Empty<Tensor>()).Predict(test.Inputs);
        var rebuilt = result.Predict(test.Inputs);
        #endregion

        Assert.Equal($"[{test.Count}, 8]", codes.Shape.ToString());
        var mean = train.Inputs.Mean(0).Reshape(1, 64) + Tensor.Zeros(test.Count, 64);
        Assert.True(Metrics.Mse.Of(test.Inputs, rebuilt) < 0.4 * Metrics.Mse.Of(test.Inputs, mean));
    }
}
