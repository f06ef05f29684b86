using DL1;

namespace DL1.CSharp.Tests;

/// <summary>Training from C#, on a part of the digits.</summary>
[Collection("console")]
public class TrainingTests
{
    private static readonly Dataset Data = Datasets.Digits().Take(400);
    private static readonly (Dataset Train, Dataset Test) Parts = Data.Split(0.8, seed: 1);

    private static readonly Layer<Expr, Expr> Net = Model.Sequential(
        Layers.Linear(32), Layers.BatchNorm(), Layers.Relu(), Layers.Dropout(0.1), Layers.Linear(10));

    private static void InFolder(Action<string> use)
    {
        var folder = Directory.CreateTempSubdirectory("dl1");
        try
        {
            use(folder.FullName);
        }
        finally
        {
            folder.Delete(true);
        }
    }

    private static void SameBits(Tree<Tensor> expected, Tree<Tensor> actual)
    {
        Assert.Equal(expected.Paths, actual.Paths);
        Assert.All(expected.Paths, path => Assert.Equal(expected[path], actual[path]));
    }

    [Fact]
    public void WhatThrowsLeavesTheResult()
    {
        var (train, _) = Parts;
        var model = Net;
        InFolder(folder =>
        {
            var path = Path.Combine(folder, "model.safetensors");
            var log = new List<string>();
            try { model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(1e-2), epochs: 1, progress: TrainingProgress.Lines(line => log.Add(line))); } catch (FitError failed) { failed.Result.Save(path); }
            Assert.False(File.Exists(path));
            var error = Assert.Throws<FitError>(() => model.Fit(
                train, Losses.CrossEntropy, Optimizers.Adam(1e-2), epochs: 3,
                progress: TrainingProgress.Lines(line => throw new InvalidOperationException(line))));
            Assert.IsType<InvalidOperationException>(error.InnerException);
            Assert.Equal(TrainingEnd.Failed, error.Result.End);
            Assert.Single(error.Result.History);
            error.Result.Save(path);
            Assert.Equal(train.Count, model.Load(path, 1, 64).PredictLabels(train.Inputs).Shape[0]);
            var unsafePath = Path.Combine(folder, "not there", "x.ckpt");
            Assert.Throws<DomainError>(() => model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(), savePath: unsafePath));
            Assert.Throws<DomainError>(() => model.Learner(Losses.CrossEntropy, Optimizers.Adam()).Frozen(p => p.StartsWith("head.")).Fit(train));
        });
    }

    [Fact]
    public void ALossOverManyRowsIsThatOfOneBatch()
    {
        // 600 rows, more than are computed at a time, of which a third does not count.
        var inputs = Tensor.Of(Enumerable.Range(0, 1200).Select(i => (float)Math.Sin(i)).ToArray(), 600, 2);
        var labels = Tensor.Of(Enumerable.Range(0, 600).Select(i => i < 300 ? i % 2 : i % 3 == 0 ? -1L : 1L).ToArray(), 600);
        var data = Dataset.From(inputs, labels);
        var same = Model.Sequential();
        static Expr Loss(Expr y, Expr x) => Losses.CrossEntropy(y, x, ignore: -1).Pow(2);
        var expected = Loss(Expr.Constant(labels), Expr.Constant(inputs)).Evaluate().ToDoubles().Single();
        var none = Trees.From(Array.Empty<(string, Tensor)>());
        var found = same.With(none, none).Evaluate(data, Loss, Metrics.Accuracy.Ignoring(-1));
        Assert.Equal(expected, found.Loss, 1e-6);
    }

    [Fact]
    public void OneLayerInARowIsNumbered()
    {
        Assert.Equal(["0.weight", "0.bias"], Model.Sequential(Layers.Linear(2)).Init(Key.OfSeed(1), 1, 3).Parameters.Paths);
        Assert.Equal(["weight", "bias"], Layers.Residual(Layers.Linear(3)).Init(Key.OfSeed(1), 1, 3).Parameters.Paths);
    }

    [Fact]
    public void OneSampleOfAnotherWidthIsToldSo()
    {
        var result = Net.Fit(Parts.Train, Losses.CrossEntropy, Optimizers.Adam(), epochs: 1);
        var error = Assert.Throws<ShapeError>(() => result.Predict(new float[3]));
        Assert.Contains("inputs f32 [1, 3]", error.Given);
        Assert.Contains("[rows, 64]", error.Expected);
    }

    [Fact]
    public void TenLinesTrainANetwork()
    {
        var (train, test) = Parts;
        var model = Net;
        var result = model.Fit(train, Losses.CrossEntropy, Optimizers.AdamW(1e-3), epochs: 20, validation: test);
        Assert.Equal(20, result.History.Count);
        Assert.Equal(TrainingEnd.Finished, result.End);
        Assert.Null(result.BestEpoch);
        Assert.True(result.History[^1].Loss < result.History[0].Loss / 2);
        Assert.All(result.History, epoch => Assert.NotNull(epoch.ValidationLoss));
        Assert.Equal(100, result.History[^1].Steps);

        Console.WriteLine(result.Evaluate(test, Metrics.Accuracy));
        var scores = result.Evaluate(test, Metrics.Accuracy, Metrics.F1);
        Assert.True(scores[Metrics.Accuracy] > 0.8, $"{scores}");
        Assert.Matches("^loss 0\\.\\d+  accuracy 0\\.\\d+  f1 0\\.\\d+$", scores.ToString());
        string line = scores.ToString();
        Assert.Equal(scores.Metrics["f1"], scores[Metrics.F1]);
        double loss = scores.Loss;
        Assert.Equal(result.History[^1].ValidationLoss!.Value, loss, 1e-12);
        double accuracy = scores[Metrics.Accuracy];
        var names = new List<string>();
        foreach (var (name, value) in scores.Metrics)
        {
            names.Add(name);
            Assert.InRange(value, 0, 1);
        }

        Assert.Equal(["accuracy", "f1"], names);
        Assert.Throws<DomainError>(() => scores[Metrics.Mae]);

        Tensor logits = result.Predict(test.Inputs);
        Tensor classes = result.PredictLabels(test.Inputs);
        Assert.Equal(Shape.Of([80, 10]), logits.Shape);
        Assert.Equal(accuracy, Metrics.Confusion(test.Targets, classes).Accuracy, 1e-12);
        Assert.Equal(0, result.Predict(test.Inputs.Rows([])).Shape[0]);

        Trained trained = result.Trained;
        Tensor outputs = trained.Predict(test.Inputs);
        Assert.Equal(logits, outputs);
        Tensor labels = trained.PredictLabels(test.Inputs);
        Assert.Equal(classes, labels);
        Assert.Equal(line, trained.Evaluate(test, Losses.CrossEntropy, Metrics.Accuracy, Metrics.F1).ToString());

        double? validationLoss = result.History[0].ValidationLoss;
        Assert.True(validationLoss > loss);
        double[] losses = [.. result.History.Select(epoch => epoch.Loss)];
        Assert.Equal(20, losses.Length);
        TrainState last = result.State;
        Assert.Equal(100, last.Steps);
        int? best = result.BestEpoch;
        Assert.Null(best);
        bool wasStoppedEarly = result.End == TrainingEnd.EarlyStopped;
        Assert.False(wasStoppedEarly);
        Fitted core = result.Fitted;
        Assert.Equal(20, core.History.Length);
        Console.WriteLine(result);
        Console.WriteLine(result.History[^1]);
        Assert.StartsWith("epoch 20  loss ", result.ToString());
        Assert.EndsWith("(Finished)", result.ToString());
    }

    [Fact]
    public void TheSameSeedGivesTheSameBits()
    {
        TrainingResult Run(long seed) => Net.Fit(Parts.Train, Losses.CrossEntropy, Optimizers.Adam(), epochs: 2, seed: seed);
        SameBits(Run(3).Trained.Parameters, Run(3).Trained.Parameters);
        Assert.NotEqual(Run(3).Trained.Parameters.Values[0], Run(4).Trained.Parameters.Values[0]);
    }

    [Fact]
    public async Task TrainingOnTheThreadPoolIsTheSame()
    {
        var (train, test) = Parts;
        var model = Net;
        var later = await model.FitAsync(train, Losses.CrossEntropy, Optimizers.AdamW(1e-3), epochs: 2);
        var now = model.Fit(train, Losses.CrossEntropy, Optimizers.AdamW(1e-3), epochs: 2);
        SameBits(now.Trained.Parameters, later.Trained.Parameters);

        var learner = model.Learner(Losses.CrossEntropy, Optimizers.AdamW(1e-3));
        var fittedLater = await learner.FitAsync(train, new TrainingOptions(Epochs: 3));
        Assert.Equal(3, fittedLater.History.Count);
        Assert.Equal(test.Count, fittedLater.Predict(test.Inputs).Shape[0]);
    }

    [Fact]
    public void OptionsAreOneValue()
    {
        var (train, test) = Parts;
        var model = Net;
        var learner = model.Learner(Losses.CrossEntropy, Optimizers.Adam(1e-2));
        var fitted = learner.Fit(train, new TrainingOptions(Epochs: 3, BatchSize: 32, Metrics: [Metrics.Accuracy]));
        Assert.Equal(3, fitted.History.Count);
        Assert.Equal(["accuracy"], fitted.History[0].Metrics.Paths);
        Assert.Empty(fitted.History[0].Gradients);

        var watched = learner.Fit(train, new TrainingOptions { Epochs = 1, WatchGradients = true, DropLast = true });
        Assert.Equal(fitted.Trained.Parameters.Paths, watched.History[0].Gradients.Paths);
        Assert.Equal(5, watched.State.Steps);
        var once = new TrainingOptions(Key: Key.OfSeed(7), Epochs: 1);
        SameBits(learner.Fit(train, once).Trained.Parameters, learner.Fit(train, once with { Seed = 9 }).Trained.Parameters);
        Assert.Throws<DomainError>(() => learner.Fit(train, new TrainingOptions(BatchSize: 0)));
        Assert.Throws<DomainError>(() => learner.Fit(train.Take(0)));
    }

    [Fact]
    public void ACallbackEndsTraining()
    {
        var states = new List<long>();
        var result = Net.Learner(Losses.CrossEntropy, Optimizers.Adam()).Fit(
            Parts.Train,
            new TrainingOptions(OnEpoch: report =>
            {
                Assert.Equal(report.Epoch, report.History[^1]);
                states.Add(report.State.Value.Steps);
                return report.Epoch.Number == 2 ? Answer.Stop : Answer.Continue;
            }));
        Assert.Equal(TrainingEnd.Stopped, result.End);
        Assert.Equal([5, 10], states);
        var options = new TrainingOptions(
            Epochs: 20, OnEpoch: report => report.Epoch.Loss < 0.5 ? Answer.Stop : Answer.Continue);
        result = Net.Learner(Losses.CrossEntropy, Optimizers.Adam(0.01)).Fit(Parts.Train, options);
        Assert.True(result.History[^1].Loss < 0.5 && result.History[^2].Loss >= 0.5);
        var longer = options with { Epochs = 5, EarlyStopping = EarlyStopping.After(2) };
        Assert.Equal((5, 20), (longer.Epochs, options.Epochs));
    }

    [Fact]
    public void PatienceGivesTheBestBack()
    {
        var (train, test) = Parts;
        var result = Net.Fit(
            train, Losses.CrossEntropy, Optimizers.Adam(0.1), epochs: 60, validation: test, patience: 2);
        Assert.Equal(TrainingEnd.EarlyStopped, result.End);
        Assert.Equal(result.History.Count - 2, result.BestEpoch);
        Assert.Equal(
            result.History[result.BestEpoch!.Value - 1].ValidationLoss!.Value,
            result.Evaluate(test).Loss,
            1e-12);
        EarlyStopping rule = EarlyStopping.After(5, monitor: Metrics.Accuracy);
        Assert.Equal("accuracy", rule.Monitor);
        Assert.Throws<DomainError>(() => Net.Learner(Losses.CrossEntropy, Optimizers.Adam())
            .Fit(train, new TrainingOptions(EarlyStopping: rule)));
    }

    [Fact]
    public void CancellingLeavesWhatIsLearnt()
    {
        using var source = new CancellationTokenSource();
        var result = Net.Fit(
            Parts.Train, Losses.CrossEntropy, Optimizers.Adam(), epochs: 100,
            progress: new Heard(p =>
            {
                if (p.Epoch == 2 && p.Step == 3)
                {
                    source.Cancel();
                }
            }),
            cancellation: source.Token);
        Assert.Equal(TrainingEnd.Cancelled, result.End);
        Assert.Single(result.History);
        Assert.Equal(8, result.State.Steps);
    }

    private sealed class Heard(Action<TrainingProgress> hear) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => hear(value);
    }

    [Fact]
    public void ProgressIsToldInOrder()
    {
        var told = new List<TrainingProgress>();
        var result = Net.Fit(
            Parts.Train, Losses.CrossEntropy, Optimizers.Adam(), epochs: 2, progress: new Heard(told.Add));
        Assert.Equal(12, told.Count);
        Assert.Equal(new TrainingProgress(1, 1, 5, told[0].Loss, null), told[0]);
        Assert.Equal(result.History[0], told[5].Ended);
        Assert.Equal((1, 5, result.History[0].Loss), (told[5].Epoch, told[5].Step, told[5].Loss));
        Assert.Equal(2, told[6].Epoch);

        var log = new List<string>();
        Net.Fit(
            Parts.Train, Losses.CrossEntropy, Optimizers.Adam(), epochs: 2,
            progress: TrainingProgress.Lines(line => log.Add(line)));
        Assert.Equal(2, log.Count);
        Assert.NotNull(new Progress<TrainingProgress>(p => log.Add($"{p.Epoch}: {p.Step} of {p.Steps}")));
        Assert.StartsWith("epoch 2  loss ", log[1]);

        var (train, model) = (Parts.Train, Net);
        model.Fit(train, Losses.CrossEntropy, Optimizers.AdamW(), epochs: 2, progress: TrainingProgress.Console());
    }

    [Fact]
    public void TrainingIsResumedToTheSameBits() => InFolder(folder =>
    {
        var path = Path.Combine(folder, "run.ckpt");
        var whole = Net.Fit(Parts.Train, Losses.CrossEntropy, Optimizers.Adam(), epochs: 4);
        Net.Fit(Parts.Train, Losses.CrossEntropy, Optimizers.Adam(), epochs: 2, savePath: path);
        var learner = Net.Learner(Losses.CrossEntropy, Optimizers.Adam());
        var resumed = learner.Fit(Parts.Train, new TrainingOptions(Epochs: 4, Resume: Checkpoint.Read(path)));
        SameBits(whole.Trained.Parameters, resumed.Trained.Parameters);
        Assert.Equal(4, resumed.History.Count);
        Assert.Equal(whole.History[3].Loss, resumed.History[3].Loss);
    });

    [Fact]
    public void RatesFallOnPlateausAndAveragesAreMeasured()
    {
        var (train, test) = Parts;
        Assert.Equal("accuracy", Plateau.After(3, factor: 0.5, monitor: Metrics.Accuracy).Monitor);
        Assert.Equal("validation price", Plateau.After(3).Of("validation price").Monitor);
        IReadOnlyList<double> factors = Plateau.After(1).Factors([1, 0.5, 0.6, 0.7]);
        Assert.Equal([1, 1, 1, 0.1], factors);

        var learner = Net.Learner(Losses.CrossEntropy, Optimizers.Adam(0.01).Averaged(0.9));
        var options = new TrainingOptions(
            Epochs: 4, Validation: test, Plateau: Plateau.After(0, factor: 0.5, threshold: 0.9), UseAverage: true);
        var result = learner.Fit(train, options);
        double[] ratesOfEpochs = [.. result.History.Select(epoch => epoch.Rate)];
        Assert.Equal([0.01, 0.01, 0.005, 0.0025], ratesOfEpochs);
        Assert.Equal(result.History[^1].ValidationLoss!.Value, result.Evaluate(test).Loss, 1e-12);
        Assert.NotEqual(result.State.Parameters["0.weight"], result.Trained.Parameters["0.weight"]);

        var half = learner.Fit(train, options with { Epochs = 2 });
        SameBits(
            result.Trained.Parameters,
            learner.Fit(train, options with { Resume = half.Checkpoint }).Trained.Parameters);
        var further = learner.Fit(train, new TrainingOptions(Epochs: 4, Resume: result.Checkpoint));
        Assert.Equal(4, further.History.Count);
        Assert.NotNull(learner.MaskingTargets());
    }

    [Fact]
    public void AllRowsAtOnceByLbfgs()
    {
        var train = Parts.Train;
        var learner = Model.Sequential(Layers.Linear(32), Layers.Tanh(), Layers.Linear(10)).Learner(Losses.CrossEntropy, Optimizers.Adam());
        var (exact, found) = learner.FitByLbfgs(train, LbfgsOptions.Of(iterations: 20));
        double lowestValue = found.Losses[^1];
        Assert.Equal(lowestValue, exact.Evaluate(train, Losses.CrossEntropy).Loss, 1e-4);
        Assert.True(lowestValue < 0.1 * found.Losses[0]);
        Assert.Equal(20, LbfgsOptions.Of(iterations: 50, history: 20).History);

        var bowlStart = Trees.From([("w", Tensor.Of([5.0, -3]))]);
        LbfgsResult bowl = new Func<Tree<Expr>, Expr>(p => (p["w"] - 2).Pow(2).Sum()).MinimizeByLbfgs(bowlStart);
        Assert.Equal([2, 2], bowl.Parameters["w"].ToDoubles(), (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Fact]
    public void WhatIsLearntIsSavedAndLoaded() => InFolder(folder =>
    {
        var path = Path.Combine(folder, "digits.safetensors");
        var (model, test) = (Net, Parts.Test);
        var result = model.Fit(Parts.Train, Losses.CrossEntropy, Optimizers.Adam(), epochs: 1);
        result.Save(path);
        Trained loaded = model.Load(path, 1, 64);
        Assert.Equal(result.Predict(test.Inputs), loaded.Predict(test.Inputs));
        var trained = loaded;
        trained.Save(path);
        Scores scores = trained.Evaluate(test, Losses.CrossEntropy, Metrics.Accuracy);
        Assert.Equal(result.Evaluate(test, Metrics.Accuracy).ToString(), scores.ToString());
        var error = Assert.Throws<FormatError>(() => Layers.Linear(10).Load(path, 1, 64));
        Assert.Contains("0.weight", error.Given);

        Tree<Tensor> activations = trained.Activations(test.Inputs);
        Assert.Equal(Shape.Of([80, 32]), activations["0"].Shape);
        var pixels = Expr.Variable("pixels", [.. test.Inputs.Shape]);
        Expr[] slopes = trained.Apply(pixels).Max(1).Sum().Gradient(pixels);
        Assert.Equal(test.Inputs.Shape, slopes[0].Evaluate(("pixels", test.Inputs)).Shape);
        Assert.True(trained.Predict(test.Inputs).AllClose(trained.Apply(pixels).Evaluate(("pixels", test.Inputs)), 1e-4, 1e-5));
        string structure = model.ToJson(1, 64);
        model.CheckJson(structure, 1, 64);
        Assert.Throws<FormatError>(() => Layers.Linear(10).CheckJson(structure, 1, 64));

        var (parameters, state) = (trained.Parameters, trained.State);
        Trained ready = model.With(parameters, state);
        Assert.Equal(result.Predict(test.Inputs), ready.Predict(test.Inputs));
    });

    [Fact]
    public async Task WhatIsLearntIsSavedWhileOthersWork()
    {
        var folder = Directory.CreateTempSubdirectory("dl1");
        var path = Path.Combine(folder.FullName, "words.safetensors");
        var words = Model.Sequential(Layers.Embedding(20, 4), Layers.Linear(3));
        var (parameters, state) = words.Init(Key.OfSeed(1), DType.I64, 1, 12);
        var trained = words.With(parameters, state);
        var padded = Layers.Embedding(20, 4, padding: 3).Init(Key.OfSeed(1), DType.I64, 1, 12).Parameters["weight"];
        Assert.Equal(0, padded[3, 0]);
        Assert.NotEqual(0, padded[2, 0]);
        Assert.Throws<DomainError>(() => Layers.Embedding(20, 4, padding: 20));
        await trained.SaveAsync(path);
        Trained loadedWords = words.Load(path, DType.I64, 1, 12);
        var sentence = Tensor.Of(new long[12], 1, 12);
        Assert.Equal(trained.Predict(sentence), loadedWords.Predict(sentence));
        folder.Delete(true);
    }

    [Fact]
    public void LearnersAreChanged()
    {
        var train = Parts.Train;
        var learner = Net.Learner(Losses.CrossEntropy, Optimizers.Sgd(0.1));
        var once = new TrainingOptions(Epochs: 1);
        var plain = learner.Fit(train, once).Trained.Parameters;
        var lighter = learner.Penalized(weights => weights.L2Penalty(1e-4)).Fit(train, once);
        Assert.NotEqual(plain["0.weight"], lighter.Trained.Parameters["0.weight"]);

        var frozen = learner.Frozen(path => path.StartsWith("0.")).Fit(train, once).Trained.Parameters;
        var first = learner.Start(Key.OfSeed(0), train.Inputs);
        Assert.Equal(first.Parameters["0.weight"], frozen["0.weight"]);
        Assert.NotEqual(first.Parameters["4.weight"], frozen["4.weight"]);

        Assert.Equal(DType.F64, learner.Typed(DType.F64).Start(Key.OfSeed(1), train.Inputs.Cast(DType.F64)).Parameters["0.weight"].DType);
    }

    [Fact]
    public void ARateIsFound()
    {
        var (train, learner) = (Parts.Train, Net.Learner(Losses.CrossEntropy, Optimizers.Adam()));
        double rate = learner.FindRate(train, steps: 30).Suggested;
        Assert.InRange(rate, 1e-6, 1);
        var before = 0.0;
        foreach (var (tried, smoothed) in learner.FindRate(train, steps: 30).Points)
        {
            Assert.True(tried > before && smoothed > 0);
            before = tried;
        }

        Assert.Throws<DomainError>(() => learner.FindRate(train, low: 1, high: 0.1));
    }

    [Fact]
    public void StepsArePureOrInPlace()
    {
        var (train, learner) = (Parts.Train, Net.Learner(Losses.CrossEntropy, Optimizers.Adam()));
        TrainState first = learner.Start(Key.OfSeed(1), train.Inputs);
        var batch = train.Take(32);
        var advance = learner.Prepare(first, batch);
        var (second, firstLoss) = advance(first, batch);
        Assert.Equal(0, first.Steps);
        Assert.Equal(1, second.Steps);

        var trainer = new Trainer(learner, first, false);
        Assert.Equal(firstLoss, trainer.Step(batch));
        SameBits(second.Parameters, trainer.State.Parameters);

        var (parameters, state) = (second.Parameters, second.State);
        TrainState tuned = learner.Start(Key.OfSeed(1), parameters, state);
        Assert.Equal(0, tuned.Steps);
        var fine = learner.Fit(train, new TrainingOptions(Epochs: 0, Start: tuned));
        SameBits(parameters, fine.Trained.Parameters);
    }

    [Fact]
    public void AStepOfOnesOwn()
    {
        var start = Trees.From([("w", Tensor.Ones(2))]);
        var adding = Transition.Create((tree, given) => (tree.Map(w => w + given[0]), []), start, Tensor.Zeros());
        var (added, _) = adding.Run(start, 2f);
        Assert.Equal([3, 3], added["w"].ToDoubles());
        Assert.Equal([1, 1], start["w"].ToDoubles());
    }

    [Fact]
    public void WhatDoesNotFitNamesTheLayer()
    {
        var error = Assert.Throws<ShapeError>(() =>
            Net.Fit(Parts.Train.WithInputs(Tensor.Zeros(320)), Losses.CrossEntropy, Optimizers.Adam()));
        Assert.NotEqual("", error.Operation);
        Assert.NotEqual("", error.Given);
        Assert.NotEqual("", error.Expected);
        Assert.NotEqual("", error.Cure);
        Assert.All([error.Operation, error.Given, error.Expected, error.Cure], part => Assert.Contains(part, error.Message));
    }

    [Fact]
    public void OneSampleIsPredictedWithItsProbabilities()
    {
        var (train, test) = Datasets.Iris().Split(0.8, seed: 1);
        var result = Layers.Linear(3).Fit(train, Losses.CrossEntropy, Optimizers.Adam(1e-2), epochs: 2);
        var trained = result.Trained;
        var sample = test.Inputs.Row(0).ToArray<float>();
        var row = test.Inputs.Rows(..1);
        float[] scoresOfOne = trained.Predict(sample);
        Assert.Equal(trained.Predict(row).ToArray<float>(), scoresOfOne);
        int label = trained.PredictLabel(sample);
        Assert.Equal(trained.PredictLabels(row)[0], label);
        float[] chances = trained.PredictProbabilities(sample);
        Assert.Equal(label, Array.IndexOf(chances, chances.Max()));
        Assert.Equal(Math.Exp(scoresOfOne[0] - scoresOfOne[1]), chances[0] / chances[1], 1e-3 * chances[0] / chances[1]);
        Tensor probabilities = trained.PredictProbabilities(test.Inputs);
        Assert.Equal(test.Count, probabilities.ToDoubles().Sum(), 1e-3);
        Tensor chancesOfAll = result.PredictProbabilities(test.Inputs);
        Assert.Equal(probabilities, chancesOfAll);
        float[] outputsOfOne = result.Predict(sample);
        int classOfOne = result.PredictLabel(sample);
        float[] chancesOfOne = result.PredictProbabilities(sample);
        Assert.Equal(scoresOfOne, outputsOfOne);
        Assert.Equal(label, classOfOne);
        Assert.Equal(chances, chancesOfOne);
        Assert.Throws<ShapeError>(() => trained.Predict([1f, 2f]));

        // One score a row is that of the second of two classes; a model of f64 takes the sample in its own type.
        var single = Layers.Linear(1).Learner(Losses.Mse, Optimizers.Sgd(0.1)).Typed(DType.F64)
            .Fit(new Dataset(Tensor.Of([0.0, 1.0], 2, 1), Tensor.Of([0.0, 1.0], 2, 1)), new TrainingOptions(Epochs: 1)).Trained;
        var score = single.Predict([2f])[0];
        Assert.Equal(1 / (1 + Math.Exp(-score)), single.PredictProbabilities([2f])[0], 1e-6);
    }

    [Fact]
    public void InputsOfAnotherTypeAreToldInTheirOwnWords()
    {
        var (train, test) = Datasets.Iris().Split(0.8, seed: 1);
        var single = test.Inputs.Cast(DType.F64);
        var model = Layers.Linear(3);
        var trained = model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(), epochs: 1).Trained;
        foreach (var error in new[]
        {
            Assert.Throws<ShapeError>(() => trained.Predict(single)),
            Assert.Throws<ShapeError>(() => trained.Evaluate(test.WithInputs(single), Losses.CrossEntropy)),
            Assert.Throws<ShapeError>(() => model.Fit(test.WithInputs(single), Losses.CrossEntropy, Optimizers.Adam(), epochs: 1)),
        })
        {
            Assert.Contains("inputs: f64", error.Given);
            Assert.Equal("cast the inputs to f32", error.Cure);
        }

        // Another slip with inputs of the right type stays what it is.
        var slip = Assert.Throws<ShapeError>(() => trained.Predict(Tensor.Ones(2, 7)));
        Assert.Contains("parameter weight", slip.Message);
        var targets = Assert.Throws<ShapeError>(() =>
            model.Fit(test.WithTargets(Tensor.Zeros(test.Count)), Losses.CrossEntropy, Optimizers.Adam(), epochs: 1));
        Assert.Contains("targets: f32", targets.Message);
        var scores = trained.Evaluate(test, Losses.CrossEntropy);
        Assert.Contains("give it to Evaluate", Assert.Throws<DomainError>(() => scores[Metrics.Accuracy]).Cure);
    }
}
