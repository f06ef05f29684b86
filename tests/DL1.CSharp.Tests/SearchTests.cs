using DL1;

namespace DL1.CSharp.Tests;

/// <summary>Metrics, and searching for hyper-parameters.</summary>
[Collection("console")]
public class SearchTests
{
    private static Tensor Of(params double[] values) => Tensor.Of(values);

    [Fact]
    public void ClassesAreMeasured()
    {
        var labels = Tensor.Of([0L, 1L, 1L, 0L]);
        var scores = Tensor.Of([2f, 1, 0, 3, 4, 1, 5, 2], 4, 2);
        double accuracy = Metrics.Accuracy.Of(labels, scores);
        Assert.Equal(0.75, accuracy);
        Assert.Equal(11.0 / 15, Metrics.F1.Of(labels, scores), 1e-12);
        Assert.Equal(0.75, Metrics.BalancedAccuracy.Of(labels, scores));
        Assert.Equal(1 / Math.Sqrt(3), Metrics.Matthews.Of(labels, scores), 1e-12);
        Assert.Equal(0.5, Metrics.Kappa.Of(labels, scores), 1e-12);
        Tensor predictedLabels = scores.ArgMax();
        Assert.Equal([0, 1, 0, 0], predictedLabels.ToDoubles());
        Assert.Equal(0.5, Metrics.Kappa.Of(labels, predictedLabels), 1e-12);
        Console.WriteLine(Metrics.Confusion(labels, scores).Report(["cat", "dog"]));
        var confusion = Metrics.Confusion(labels, scores);
        Assert.Equal((2, 1), (confusion[0, 0], confusion[1, 0]));
        Assert.Contains("dog", confusion.Report(["cat", "dog"]));
    }

    [Fact]
    public void ClassesAreAveragedAndWeighed()
    {
        Tensor labels = Tensor.Of([0L, 1L, 2L, 2L]), scores = Tensor.Of([0.8, 0.1, 0.1, 0.2, 0.5, 0.3, 0.1, 0.6, 0.3, 0.3, 0.2, 0.5], 4, 3);
        Tensor probabilities = scores, predictedLabels = scores.ArgMax(), weights = Of(1, 1, 2, 0), y = Of(1, 2, 4), predicted = Of(1, 1, 5);
        Assert.Equal(0.875, Metrics.Precision(Average.Weighted).Of(labels, scores), 1e-12);
        Assert.Equal(0.75, Metrics.Recall(Average.Micro).Of(labels, scores), 1e-12);
        Assert.Equal((1 + 5.0 / 6 + 5.0 / 9) / 3, Metrics.FBeta(2, Average.Macro).Of(labels, scores), 1e-12);
        Assert.Equal(2.0 / 3, Metrics.Jaccard(Average.Macro).Of(labels, scores), 1e-12);
        Assert.Equal(-(Math.Log(0.8) + 2 * Math.Log(0.5) + Math.Log(0.3)) / 4, Metrics.LogLoss.Of(labels, probabilities), 1e-12);
        Assert.True(Metrics.LogLossOfLogits.Of(labels, scores) > 0);
        Assert.Equal(1, Metrics.TopK(2).Of(labels, scores));
        Assert.Equal(ClassChances.rocAucOneVsRest(Average.Macro, labels, scores), Metrics.RocAucOneVsRest(Average.Macro).Of(labels, scores));
        Assert.Equal(ClassChances.rocAucOneVsOne(Average.Macro, labels, scores), Metrics.RocAucOneVsOne(Average.Macro).Of(labels, scores));
        Assert.Equal(0.25, Metrics.Mape.Of(y, predicted), 1e-12);
        Assert.Equal(1, Metrics.MaxError.Of(y, predicted));
        double wrong = Metrics.Hamming(labels, predictedLabels);
        Assert.Equal(0.25, wrong);
        var counts = Metrics.Confusion(labels, predictedLabels);
        double precision = counts.Precision(Average.Weighted, zeroDivision: 1);
        double recall = counts.Recall(Average.Macro);
        double f2 = counts.FBeta(2, Average.Macro);
        double jaccard = counts.Jaccard(Average.Macro);
        Assert.Equal((0.875, 2.5 / 3, 2.0 / 3), (precision, recall, Math.Round(jaccard, 12)), (a, b) =>
            Math.Abs(a.Item1 - b.Item1) + Math.Abs(a.Item2 - b.Item2) + Math.Abs(a.Item3 - b.Item3) < 1e-11);
        Assert.Equal(f2, Metrics.FBeta(2, Average.Macro).Of(labels, scores));
        Tensor shares = counts.Shares(Share.OfTargets);
        Assert.Equal([1, 0, 0, 0, 1, 0, 0, 0.5, 0.5], shares.ToDoubles());
        double kappa = counts.WeightedKappa(Distance.Quadratic);
        Assert.Equal(0.8, kappa, 1e-12);
        var weightedCounts = Metrics.Confusion(labels, predictedLabels, weights);
        Assert.Equal(0.5, weightedCounts.Accuracy);
        Assert.Equal(1, weightedCounts[2, 2]);
    }

    [Fact]
    public void ScoresAreMeasured()
    {
        var truth = Tensor.Of([0L, 0L, 1L, 1L]);
        var score = Of(0.1, 0.4, 0.35, 0.8);
        Assert.Equal(0.75, Metrics.RocAuc.Of(truth, score));
        Assert.Equal(0.8333333, Metrics.AveragePrecision.Of(truth, score), 1e-6);
        Assert.Equal(0.158125, Metrics.Brier.Of(truth, score), 1e-12);
        var logits = Of([.. score.ToDoubles().Select(p => Math.Log(p / (1 - p)))]);
        Assert.Equal(0.158125, Metrics.BrierOfLogits.Of(truth, logits), 1e-12);
        Assert.Contains("logits", Assert.Throws<DomainError>(() => Metrics.Brier.Of(truth, logits)).Cure);
        var roc = Metrics.Roc(truth, score);
        double area = roc.Area();
        Assert.Equal(0.75, area);
        var last = 0.0;
        foreach (var (x, y, threshold) in roc.Points)
        {
            Assert.True(x >= last && y <= 1 && threshold >= 0.1);
            last = x;
        }

        Assert.Equal(1, last);
        var precision = Metrics.PrecisionRecall(truth, score);
        Assert.Equal((0, 1), (precision.Points[0].X, precision.Points[0].Y));
        Assert.Throws<DomainError>(() => Metrics.Roc(Tensor.Of([1L, 1L]), Of(0.1, 0.2)));
    }

    [Fact]
    public void NumbersAreMeasured()
    {
        Tensor y = Of(3, -0.5, 2, 7), predicted = Of(2.5, 0, 2, 8);
        Assert.Equal(0.375, Metrics.Mse.Of(y, predicted));
        Assert.Equal(Math.Sqrt(0.375), Metrics.Rmse.Of(y, predicted));
        double error = Metrics.Mae.Of(y, predicted);
        Tensor labels = Tensor.Of(new long[] { 1, -100, 0 }, 3), scores = Tensor.Of(new float[] { 0, 1, 9, 0, 0, 1 }, 3, 2);
        double ofWords = Metrics.Accuracy.Ignoring(-100).Of(labels, scores);
        Assert.Equal(0.5, ofWords);
        Assert.Equal(0.5, error);
        Assert.Equal(0.5, Metrics.MedianError.Of(y, predicted));
        Assert.Equal(0.9486081370449679, Metrics.R2.Of(y, predicted), 1e-12);
        Assert.Equal(0.9571734475374732, Metrics.ExplainedVariance.Of(y, predicted), 1e-12);
        var worst = Metrics.Create("worst", (target, output) => (target.ToDoubles().Zip(output.ToDoubles(), (t, o) => Math.Abs(t - o))).Max(), isGain: false);
        Assert.Equal(1, worst.Of(y, predicted));
        Assert.False(worst.IsGain);
    }

    [Fact]
    public void SettingsAreTried()
    {
        var grid = HyperSearch.Grid(("rate", Ranges.Among(0.1, 0.01)), ("hidden", Ranges.Whole(1, 3)));
        Assert.Equal(6, grid.Count);
        var trials = grid.Run((setting, key) => setting.Number("rate") * setting.Whole("hidden"), threads: 2);
        Setting winner = trials.Best().Setting;
        Assert.Equal((0.01, 1), (winner.Number("rate"), winner.Whole("hidden")));
        var entries = new List<string>();
        foreach (var (name, value) in winner.Entries)
        {
            entries.Add($"{name} {value}");
        }

        Assert.Equal(["rate 0.01", "hidden 1"], entries);
        IReadOnlyList<Trial> ranked = trials.Ranked();
        Assert.Equal(ranked.Select(t => t.Score).Order(), ranked.Select(t => t.Score));
        Console.WriteLine(trials.Table());
        Assert.StartsWith("trial", trials.Table());

        var drawn = HyperSearch.Random(20, [("rate", Ranges.LogUniform(1e-4, 1e-1))], seed: 1);
        Assert.All(drawn, s => Assert.InRange(s.Number("rate"), 1e-4, 1e-1));
        var rounds = drawn.Halve((setting, key, epochs) => setting.Number("rate") / epochs, least: 1, most: 9);
        Assert.Equal([20, 6, 2], rounds.GroupBy(t => t.Budget).Select(g => g.Count()));

        var others = HyperSearch.Random(5, [("drop", Ranges.Uniform(0, 0.5)), ("f", Ranges.Among("relu", "tanh")), ("n", Ranges.Whole(8, 64))]);
        Assert.All(others, s => Assert.InRange(s.Number("drop"), 0, 0.5));
        Assert.All(others, s => Assert.Contains(s.Word("f"), new[] { "relu", "tanh" }));
        Goal goal = Metrics.Accuracy.Goal;
        Assert.Equal((Goal.Maximise, Goal.Minimise), (goal, Metrics.Rmse.Goal));
        var high = grid.Run((setting, key) => setting.Number("rate") * setting.Whole("hidden"), goal: Metrics.Accuracy.Goal);
        Assert.Equal((0.1, 3), (high.Best().Setting.Number("rate"), high.Best().Setting.Whole("hidden")));
        Assert.Equal(high.Select(t => t.Score).OrderDescending(), high.Ranked().Select(t => t.Score));
        var last = drawn.Halve((setting, key, epochs) => setting.Number("rate"), least: 1, most: 9, goal: Goal.Maximise);
        Assert.Equal(drawn.Max(s => s.Number("rate")), last.Best().Score);

        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => drawn.Run((_, _) => 0, cancellation: source.Token));
        Assert.Throws<DomainError>(() => HyperSearch.Grid(("rate", Ranges.Uniform(0, 1))));
    }

    [Fact]
    public void StudiesAreKept()
    {
        var folder = Directory.CreateTempSubdirectory("dl1-study").FullName;
        try
        {
            var path = Path.Combine(folder, "study.json");
            var grid = HyperSearch.Grid(("rate", Ranges.Among(0.1, 0.01, 1)));
            var kept = grid.Study(run => TrialResult.Of(run.Setting.Number("rate")), new StudySettings(Threads: 2, Path: path));
            Assert.Equal(0.01, kept.Best().Score);
            IReadOnlyList<Trial> read = HyperSearch.ReadStudy(path);
            Assert.Equal(kept.Select(t => t.Score), read.Select(t => t.Score));
            var resumedStudy = grid.Study(_ => throw new InvalidOperationException("not again"), new StudySettings(Path: path));
            Assert.Equal(kept.Select(t => t.Score), resumedStudy.Select(t => t.Score));
            var trials = kept;
            trials.WriteStudy(path);
            Assert.Equal(3, HyperSearch.ReadStudy(path).Count);
            File.WriteAllText(path, trials.ToCsv());
            Assert.Equal("trial,budget,score,rate", File.ReadLines(path).First());
            Assert.Throws<FormatError>(() => HyperSearch.ReadStudy(path));

            var told = new List<Trial>();
            var study = new StudySettings(Budget: 9, Round: 2, Pruning: Pruning.NewHalving(1, 3));
            Console.WriteLine(study);
            Assert.Contains("Budget = 9", study.ToString());
            kept = grid.Study(
                run =>
                {
                    if (run.Setting.Number("rate") == 0.1) throw new InvalidOperationException("too warm");
                    run.Report(1, run.Setting.Number("rate"));
                    return TrialResult.Of(0.25, notes: [("epochs", "12")]);
                },
                study with { Progress = new Told(told.Add) });
            Assert.Equal(3, told.Count);
            Assert.True(kept[0].End.IsFailed);
            Assert.True(kept[2].End.IsPruned);
            Assert.Contains("too warm", kept.Table());
            var notes = new List<string>();
            foreach (var (name, text) in kept.Best().NoteEntries)
            {
                notes.Add($"{name} {text}");
            }

            foreach (var (epoch, reported) in kept.Best().ReportEntries)
            {
                notes.Add(FormattableString.Invariant($"{epoch} {reported}"));
            }

            Assert.Equal(["epochs 12", "1 0.01"], notes);
            Trained? winner = kept.Best().TrainedModel;
            Assert.Null(winner);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    private sealed class Told(Action<Trial> hear) : IProgress<Trial>
    {
        public void Report(Trial value) => hear(value);
    }

    [Fact]
    public void TrialsTrainAndGoOn()
    {
        var (train, test) = Datasets.Iris().Split(0.8, seed: 1);
        var net = Layers.Linear(3);
        var grid = HyperSearch.Grid(("rate", Ranges.Among(0.1, 0.01)));
        var trials = grid.Study(
            run =>
            {
                var fit = net.Learner(Losses.CrossEntropy, Optimizers.Adam(run.Setting.Number("rate"))).Fit(
                    train, new TrainingOptions(Epochs: run.Budget, Validation: test, OnEpoch: run.Watch()));
                return TrialResult.Of(fit.History[^1].ValidationLoss!.Value, fit.Trained);
            },
            new StudySettings(Budget: 3));
        Assert.All(trials, t => Assert.Equal(3, t.ReportEntries.Count));
        Assert.Equal(trials[0].Score, trials[0].TrainedModel!.Evaluate(test, Losses.CrossEntropy).Loss, 1e-12);

        var resumed = grid.HalveOn<Checkpoint>((setting, key, epochs, state) => { var fit = net.Learner(Losses.CrossEntropy, Optimizers.Adam(setting.Number("rate"))).Fit(train, new TrainingOptions(Epochs: epochs, Resume: state)); return (fit.History[^1].Loss, fit.Checkpoint); }, factor: 2, least: 1, most: 2);
        Assert.Equal([1, 1, 2], resumed.Select(t => t.Budget));

        var led = HyperSearch.Tpe(30, [("rate", Ranges.LogUniform(1e-4, 1))], run => TrialResult.Of(Math.Abs(Math.Log10(run.Setting.Number("rate")) + 2)));
        Assert.InRange(led.Best().Score, 0, 0.1);
        Assert.Throws<DomainError>(() => HyperSearch.Tpe(0, [("rate", Ranges.LogUniform(1, 1))], _ => TrialResult.Of(0)));
    }

    [Fact]
    public void FoldsAreScored()
    {
        var data = Datasets.Iris();
        IReadOnlyList<double> scoresOfFolds = data.CrossValidate(3, (kept, held, key) => held.Count, stratified: true);
        Assert.Equal([50, 50, 50], scoresOfFolds);
        var accuracies = data.CrossValidate(3, (kept, held, key) =>
        {
            var scaler = Scaler.Standard(kept.Inputs);
            return Layers.Linear(3)
                .Learner(Losses.CrossEntropy, Optimizers.Adam(0.1))
                .Fit(scaler.Apply(kept), new TrainingOptions(Key: key))
                .Evaluate(scaler.Apply(held), Metrics.Accuracy)[Metrics.Accuracy];
        });
        Assert.True(accuracies.Average() > 0.85, $"{accuracies.Average()}");
    }
}
