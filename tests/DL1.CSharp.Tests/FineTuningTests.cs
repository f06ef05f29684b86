namespace DL1.CSharp.Tests;

/// <summary>Fine-tuning from C#: parts that rest, weights in part, rates by name, images and batches that are changed.</summary>
public class FineTuningTests
{
    private static readonly Expr Images = Expr.Variable("i", 2, 4, 32, 32);
    private static readonly Dataset Train = Dataset.From(
        Key.OfSeed(1).Normal(0, 1, 24, 4), Tensor.Of([.. Enumerable.Range(0, 24).Select(i => i % 3L)]));

    private static Layer<Expr, Expr> Net => Model.Sequential(
        Layers.Linear(8), Layers.BatchNorm(), Layers.Relu(), Layers.Dropout(0.2), Layers.Linear(3));

    [Fact]
    public void ImagesAreChangedInTrainingAlone()
    {
        Layer<Expr, Expr>[] layers =
        [
            Layers.FlipHorizontal(), Layers.FlipVertical(0.2), Layers.RandomCrop(padding: 4), Layers.RandomCropTo(24, 24),
            Layers.RandomRotation(15), Layers.RandomErasing(0.25),
        ];
        var key = Expr.Variable("key", DType.I32, 2);
        Assert.All(layers, layer =>
        {
            var none = Trees.Empty<Expr>();
            var trained = layer.Apply(none, none, Images, key).Output;
            Assert.Equal(trained.Shape, layer.Apply(none, none, Images).Output.Shape);
            Assert.NotEqual(trained, layer.Apply(none, none, Images).Output);
        });
        Assert.Throws<DomainError>(() => Layers.RandomErasing(smallest: 0.5));
        Assert.Throws<DomainError>(() => Layers.RandomRotation(-1));
        Assert.Throws<DomainError>(() => Layers.FlipHorizontal(2));
    }

    [Fact]
    public void PartsRest()
    {
        var learner = Net.Learner(Losses.CrossEntropy, Optimizers.Sgd(0.1));
        var once = new TrainingOptions(Epochs: 1);
        var first = learner.Start(Key.OfSeed(0), Train.Inputs);
        static bool IsFirst(string path) => path.StartsWith("0.") || path.StartsWith("1.");
        var moved = learner.Frozen(IsFirst).Fit(Train, once).Trained;
        var still = learner.Frozen(IsFirst, inInference: true).Fit(Train, once).Trained;
        Assert.Equal(first.Parameters["1.weight"], moved.Parameters["1.weight"]);
        Assert.NotEqual(first.State, moved.State);
        Assert.Equal(first.State, still.State);
        Assert.NotNull(learner.Frozen(path => path.StartsWith("0."), inInference: true));
        Assert.Throws<DomainError>(() => learner.Frozen(p => p.StartsWith("encoder."), inInference: true).Fit(Train));

        var resting = Model.Sequential(Layers.Linear(8), Layers.BatchNorm().InInference(), Layers.Linear(3));
        Assert.Equal(
            first.State.Values,
            resting.Learner(Losses.CrossEntropy, Optimizers.Sgd(0.1)).Fit(Train, once).Trained.State.Values);
    }

    [Fact]
    public void WeightsAreTakenOverInPart()
    {
        var (parameters, state) = Net.Init(Key.OfSeed(1), 1, 4);
        var tree = Net.Init(Key.OfSeed(2), 1, 4).Parameters.Rename(path => path.Replace("0.", "fc."));
        var renamed = tree.Rename(path => path.Replace("fc", "0"));
        var found = renamed.Append(Trees.From([("extra", Tensor.Zeros(2))]));
        LoadedWeights loaded = found.Into(parameters, state);
        Assert.Equal(renamed.Paths, loaded.Taken);
        Assert.Equal(["extra"], loaded.Left);
        Assert.Equal(state.Paths, loaded.Missing);
        Assert.Empty(loaded.Unfit);
        Assert.False(loaded.IsWhole);
        Assert.Equal(renamed, loaded.Parameters);
        Assert.Equal("4.bias", Trees.From([("4.bias", Tensor.Zeros(9)), ("0.bias", Tensor.Zeros(8))]).Into(parameters, state).Unfit[0].Path);
        Assert.Throws<FormatError>(() => Trees.From([("extra", Tensor.Zeros(2))]).Into(parameters, state));
    }

    [Fact]
    public void RatesAndBatchesAreChanged()
    {
        var optimizers = new[]
        {
            Optimizers.Adam(1e-3).RateFactors((path => path.StartsWith("0."), 0.1)),
            Optimizers.Adam(1e-3).LayerDecay(0.1, "0", "4"),
        };
        var all = optimizers.Select(o => Net.Learner(Losses.CrossEntropy, o).Fit(Train, new TrainingOptions(Epochs: 1)).Trained.Parameters).ToList();
        Assert.Equal(all[0]["0.weight"], all[1]["0.weight"]);
        Assert.Equal("Adam", Optimizers.Adam(1e-3).LayerDecay(0.5, "0", "2").Name);
        Assert.Throws<DomainError>(() => Net.Learner(Losses.CrossEntropy, Optimizers.Adam().LayerDecay(0.5, "encoder")).Fit(Train));

        var learner = Net.Learner(Losses.CrossEntropy, Optimizers.Adam());
        var mixed = learner.Mixup(0.2).Fit(Train, new TrainingOptions(Epochs: 1));
        Assert.NotEqual(learner.Fit(Train, new TrainingOptions(Epochs: 1)).Trained.Parameters, mixed.Trained.Parameters);
        Assert.Throws<DomainError>(() => learner.Mixup(0));
    }

    [Fact]
    public void ALearnerBeginsWithWhatAnotherHasLearnt()
    {
        var learner = Net.Learner(Losses.CrossEntropy, Optimizers.Sgd(0.1));
        var trained = learner.Fit(Train, new TrainingOptions(Epochs: 1)).Trained;
        var (parameters, train) = (trained.Parameters, Train);
        Assert.Equal(parameters, learner.From(trained).Start(Key.OfSeed(5), Train).Parameters);
        Assert.Equal(parameters, learner.From(parameters).Start(Key.OfSeed(5), Train).Parameters);
        LoadedWeights report = learner.From(trained).Taken(train);
        Assert.True(report.IsWhole);
        Assert.NotEmpty(learner.From(trained, path => path.StartsWith("0.")).Taken(train).Missing);
        Assert.Throws<DomainError>(() => learner.Taken(train));
        Assert.NotNull(learner.From(trained));
        Assert.NotNull(learner.From(parameters));
    }
}
