namespace DL1.CSharp.Tests.Programs;

public class OwnLoop
{
    [Fact]
    public void Run()
    {
        #region program
        var (train, held) = Datasets.Digits().Split(0.8, seed: 1);
        var model = Layers.Linear(32).Then(Layers.Relu()).Then(Layers.Linear(10)).Trainable("model", Optimizers.Adam(3e-3));
        var loop = new TrainingLoop(Key.OfSeed(1));
        var learn = loop.Training(step =>
        {
            var noisy = step["inputs"] + 0.1 * step.Key().Normal(0, 1, [.. step["inputs"].Shape]);
            step.Minimize(model, Losses.CrossEntropy(step["targets"], step.Apply(model, noisy)));
        });
        var measure = loop.Measuring(step =>
            step.Report("loss", Losses.CrossEntropy(step["targets"], step.Predict(model, step["inputs"]))));
        var stop = Patience<LoopState>.Lowest(5);
        for (var epoch = 0; epoch < 40 && !stop.IsOver; epoch++)
        {
            foreach (var batch in train.Batches(32, seed: 3, epoch: epoch))
                learn.Run(batch);
            measure.Run(held);
            stop = stop.Next(measure["loss"], loop.State);
        }
        loop.Restore(stop.Kept);
        var predicted = loop.Trained(model).PredictLabels(held.Inputs);
        #endregion

        var right = predicted.ToDoubles().Zip(held.Targets.ToDoubles(), (a, b) => a == b ? 1.0 : 0).Average();
        Assert.True(right > 0.95, $"{right}");
    }
}
