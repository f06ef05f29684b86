namespace DL1.CSharp.Tests.Programs;

public class HyperParameters
{
    [Fact]
    public void Run()
    {
        #region program
        var (train, validation) = Datasets.Iris().Split(0.7, seed: 1);
        var space = new[] { ("rate", Ranges.LogUniform(1e-3, 1e-1)), ("units", Ranges.Whole(4, 32)) };
        var trials = HyperSearch.Random(12, space, seed: 1).Study(run =>
        {
            var model = Layers.Linear(run.Setting.Whole("units")).Then(Layers.Relu()).Then(Layers.Linear(3));
            var result = model.Learner(Losses.CrossEntropy, Optimizers.Adam(run.Setting.Number("rate"))).Fit(
                train, new TrainingOptions(Epochs: run.Budget, Validation: validation, OnEpoch: run.Watch()));
            return TrialResult.Of(result.History[^1].ValidationLoss ?? double.NaN, result.Trained);
        }, new StudySettings(Budget: 20, Pruning: Pruning.NewMedian(4, 5)));
        Console.WriteLine(trials.Table());
        var best = trials.Best().TrainedModel!;
        #endregion

        Assert.Equal(12, trials.Count);
        Assert.True(best.Evaluate(validation, Losses.CrossEntropy, Metrics.Accuracy)[Metrics.Accuracy] > 0.8, trials.Table());
    }
}
