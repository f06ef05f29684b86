namespace DL1.CSharp.Tests.Programs;

public class OwnLoop
{
    [Fact]
    public void Run()
    {
        #region program
        var (train, held) = Datasets.Diabetes().Split(0.8, seed: 1);
        var scaler = Scaler.Standard(train.Targets);
        var model = Layers.Linear(16).Then(Layers.Tanh()).Then(Layers.Linear(1)).Trainable("model", Optimizers.Adam(0.01));
        var loop = new TrainingLoop(Key.OfSeed(1));
        var learn = loop.Training(step =>
        {
            var noisy = step["inputs"] + 0.1 * step.Key().Normal(0, 1, [.. step["inputs"].Shape]);
            step.Minimize(model, Losses.Mse(step["targets"], step.Apply(model, noisy)));
        });
        var measure = loop.Measuring(step => step.Report("loss", Losses.Mse(step["targets"], step.Predict(model, step["inputs"]))));
        var stop = Patience<LoopState>.Lowest(5);
        for (var epoch = 0; epoch < 60 && !stop.IsOver; epoch++)
        {
            foreach (var batch in train.WithTargets(scaler.Apply(train.Targets)).Batches(32, seed: 3, epoch: epoch))
                learn.Run(batch);
            measure.Run(held.WithTargets(scaler.Apply(held.Targets)));
            stop = stop.Next(measure["loss"], loop.State);
        }
        loop.Restore(stop.Kept);
        var predicted = scaler.Invert(loop.Trained(model).Predict(held.Inputs));
        #endregion

        Assert.True(Metrics.R2.Of(held.Targets, predicted) > 0.3, $"{Metrics.R2.Of(held.Targets, predicted)}");
    }
}
