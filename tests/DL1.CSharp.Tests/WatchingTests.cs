using System.Diagnostics.Metrics;
using DL1.Live;
using DL1.Pictures;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DL1.CSharp.Tests;

/// <summary>The C# face of what tells of a training: the examples of docs/watching.md and of the documentation, run.</summary>
public sealed class WatchingTests : IDisposable
{
    private readonly string runs = Directory.CreateTempSubdirectory("dl1-").FullName;

    public void Dispose() => Directory.Delete(runs, true);

    [Fact]
    public void ATrainingIsWatchedInFiveWays()
    {
        var (train, test) = Datasets.Iris().Split(0.8, seed: 1);
        var model = Layers.Linear(8).Then(Layers.Relu()).Then(Layers.Linear(3));
        var learner = model.Learner(Losses.CrossEntropy, Optimizers.Adam(0.01));
        List<string> lines = [], losses = [];
        ILogger logger = NullLogger.Instance;

        var board = new TensorBoard(Path.Combine(runs, "adam"));
        board.WriteHyperparameters([("rate", HyperValue.NewNumber(0.01)), ("optimizer", HyperValue.NewWord("adam"))], ["epoch/validation_loss"]);
        var watched = learner.Fit(train, new TrainingOptions(
            Epochs: 3, Validation: test, WatchGradients: true,
            Progress: TrainingProgress.All(TrainingProgress.Lines(lines.Add), TrainingProgress.From(board.Progress)),
            OnEpoch: report => board.WriteParameters(report)));
        board.Graph([watched.Trained.Apply(Expr.Variable("x", 32, 4))]);
        board.Image("loss", watched.State.Steps, LearningCurves.Loss(watched.History).Png(600, 400));
        board.Text("notes", 0, "Fisher's irises, **standardised**.");
        board.Ended(true);
        Assert.Equal(3, lines.Count);
        var written = File.ReadAllText(board.Path, System.Text.Encoding.Latin1);
        foreach (var tag in new[] { "batch/loss", "epoch/validation_loss", "rate/rate", "gradient/0.weight", "parameter/2.bias", "_hparams_/session_start_info", "standardised", "\u0089PNG" })
            Assert.Contains(tag, written);

        using var page = LivePage.Open(); // or LivePage.Open(5000)
        Console.WriteLine(page.Address);
        var shown = learner.Fit(
            train,
            new TrainingOptions(
                Epochs: 3, Validation: test, Progress: TrainingProgress.From(page.Progress), OnEpoch: report =>
                {
                    page.ShowPredictions(learner, test, report.State.Value);
                    return Answer.Continue;
                }),
            page.Stopping);
        page.Picture("confusion", ConfusionMatrix.Of(Metrics.Confusion(test.Targets, shown.PredictLabels(test.Inputs))).Png(400));
        Assert.Equal(watched.Trained.Parameters, shown.Trained.Parameters);

        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, own) =>
            {
                if (instrument.Meter.Name == "DL1") own.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, state) => losses.Add($"{instrument.Name} {value}"));
        listener.Start();

        var logged = learner.Fit(train, new TrainingOptions(Epochs: 1, Progress: TrainingProgress.From(TrainingLog.Progress(logger))));
        Assert.Contains(losses, line => line.StartsWith("dl1.loss "));
        Assert.Single(logged.History);
    }

    [Fact]
    public void TheExamplesOfTheFaceRun()
    {
        var train = Datasets.Iris().Take(32);
        var learner = Layers.Linear(3).Learner(Losses.CrossEntropy, Optimizers.Adam(0.01));
        var folder = runs;
        var watched = TrainingProgress.TensorBoard(Path.Combine(folder, "first"));
        var both = TrainingProgress.All(TrainingProgress.Console(), watched);
        var board = new TensorBoard(Path.Combine(folder, "second"));
        var shown = TrainingProgress.From(board.Progress);
        board.WriteHyperparameters([("rate", HyperValue.NewNumber(0.01)), ("optimizer", HyperValue.NewWord("adam"))], ["epoch/loss"]);
        learner.Fit(train, new TrainingOptions(Epochs: 1, Progress: TrainingProgress.All(watched, shown), OnEpoch: report => board.WriteParameters(report)));
        Assert.NotNull(both);
        Assert.Single(Directory.GetFiles(Path.Combine(folder, "first")));
        Assert.Throws<ArgumentNullException>(() => TrainingProgress.All(watched, null!));
    }
}
