namespace DL1.CSharp.Tests.Programs;

public class Transfer
{
    #region program
    private static Layer<Expr, Expr> Network(int classes) => Model.Sequential(
        Model.Sequential(
            Layers.Reshape(1, 8, 8), Layers.Conv2d(8, 3, same: true), Layers.BatchNorm(), Layers.Relu(), Layers.MaxPool(2),
            Layers.Flatten(), Layers.Linear(32), Layers.Relu()).Named("body"),
        Layers.Linear(classes).Named("head"));
    #endregion

    [Fact]
    public void Run()
    {
        #region program
        var digits = Datasets.Digits();
        var known = Network(5).Fit(digits.OfClasses(0, 1, 2, 3, 4), Losses.CrossEntropy, Optimizers.Adam(3e-3), epochs: 8, batchSize: 32);
        var (few, test) = digits.OfClasses(5, 6, 7, 8, 9).Split(0.5, seed: 1, stratified: true);
        var head = Network(5).Learner(Losses.CrossEntropy, Optimizers.Adam(1e-2))
            .From(known.Trained, path => path.StartsWith("body.")).Frozen(path => path.StartsWith("body."), inInference: true);
        Console.WriteLine(head.Taken(few));
        var first = head.Fit(few.TakeOfEach(10), new TrainingOptions(Epochs: 40, BatchSize: 10));
        var tuned = Network(5).Learner(Losses.CrossEntropy, Optimizers.Adam(3e-4)).From(first.Trained)
            .Fit(few.TakeOfEach(10), new TrainingOptions(Epochs: 20, BatchSize: 10));
        var accuracy = tuned.Evaluate(test, Metrics.Accuracy)[Metrics.Accuracy];
        #endregion

        Assert.True(accuracy > 0.8, $"{accuracy}");
        Assert.Equal(["head.weight", "head.bias"], head.Taken(few).Missing);
        var body = (Tree<Tensor> tree) => tree.Filter(path => path.StartsWith("body."));
        Assert.Equal(body(known.Trained.Parameters).Values, body(first.Trained.Parameters).Values);
        Assert.NotEqual(body(first.Trained.Parameters).Values, body(tuned.Trained.Parameters).Values);
    }
}
