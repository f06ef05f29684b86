using System.Text.Json;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace DL1.CSharp.Tests;

/// <summary>
/// The C# examples of the guides in docs/, run. Each stands here to the letter: the first test compares this file with the
/// guides; those of docs/own-loop.md stand in TrainingLoopTests.cs, those of docs/pytorch-files.md in WeightFilesTests.cs,
/// the program of docs/several-machines.md in samples/Machines, those of docs/onnx.md in OnnxTests.cs and OnnxExportTests.cs,
/// those of docs/watching.md in WatchingTests.cs, those of docs/large-data.md in SourcesTests.cs.
/// </summary>
[Collection("console")]
public class GuideTests
{
    [Fact]
    public void EveryExampleOfTheGuidesStandsHere()
    {
        var here = string.Concat(((string[])["GuideTests.cs", "OnnxTests.cs", "OnnxExportTests.cs", "TrainingLoopTests.cs", "WeightFilesTests.cs", "ReadmeTests.cs", "WatchingTests.cs", "SourcesTests.cs"])
            .Select(file => Repository.Folded(Repository.Read("tests", "DL1.CSharp.Tests", file))))
            + Repository.Folded(Repository.Read("samples", "Machines", "Program.cs").Replace("using DL1;", ""));
        var guides = Directory.GetFiles(Repository.Folder("docs"), "*.md");
        var snippets = guides.SelectMany(guide => Repository.Snippets(guide, "csharp")).ToList();
        Assert.True(snippets.Count >= 10, $"{snippets.Count} examples were found");
        Assert.All(snippets, snippet => Assert.Contains(Repository.Folded(snippet), here));
    }

    [Fact]
    public void GradientsAreWrittenWithMatrices()
    {
        Expr x = Expr.Variable("X", DType.F64, 120, 4), y = Expr.Variable("Y", DType.F64, 120, 3);
        Expr w1 = Expr.Variable("W1", DType.F64, 4, 8), w2 = Expr.Variable("W2", DType.F64, 8, 3);
        var z = x.MatMul(w1);
        var h = Sigmoid(z);
        var p = h.MatMul(w2).Softmax(-1);
        var loss = -(y * Log(p)).Sum() / 120;

        var formulas = loss.MatrixGradients([w1, w2], names: [("Z", z), ("H", h), ("P", p)], stochastic: [y]);
        Console.WriteLine(formulas[0]);        // ∂L/∂W₁ = 1/120·Xᵀ·((P − Y)·W₂ᵀ ⊙ σ′(Z))
        Console.WriteLine(formulas[0].Shapes); // 4×8 = 4×120 · (120×3 · 3×8 ⊙ 120×8)
        Console.WriteLine(formulas[1]);        // ∂L/∂W₂ = 1/120·Hᵀ·(P − Y)

        Assert.Equal("∂L/∂W₁ = 1/120·Xᵀ·((P − Y)·W₂ᵀ ⊙ σ′(Z))", formulas[0].ToString());
        Assert.Equal("4×8 = 4×120 · (120×3 · 3×8 ⊙ 120×8)", formulas[0].Shapes);
        Assert.Equal("∂L/∂W₂ = 1/120·Hᵀ·(P − Y)", formulas[1].ToString());

        foreach (var step in loss.MatrixGradients([w1, w2], [("Z", z), ("H", h), ("P", p)], stochastic: [y], stepwise: true))
            Console.WriteLine(step); // ... ∂L/∂Z = ∂L/∂H ⊙ σ′(Z), ∂L/∂W₁ = Xᵀ·∂L/∂Z
        Console.WriteLine(h.MatrixForm(("Z", z), ("H", h))); // H = σ(Z)
        Assert.Equal("H = σ(Z)", h.MatrixForm(("Z", z), ("H", h)).ToString());
    }

    [Fact]
    public void ShardsAndRanksDoNotChangeTheBits()
    {
        var data = Datasets.Digits();
        var learner = Layers.Linear(32).Then(Layers.Relu()).Then(Layers.Dropout(0.1)).Then(Layers.Linear(10))
            .Learner(Losses.CrossEntropy, Optimizers.Adam(3e-3));
        var options = new TrainingOptions(Epochs: 2, BatchSize: 128, Shards: 8);
        var alone = learner.Fit(data, options);

        var together = Ranks.Threads(4, ranks => learner.Fit(data, options with { Ranks = ranks }));
        Console.WriteLine(together[3].State.Parameters["0.weight"].Equals(alone.State.Parameters["0.weight"])); // True

        Assert.All(together, one =>
            Assert.Equal(alone.State.Parameters["0.weight"].ToArray<float>(), one.State.Parameters["0.weight"].ToArray<float>()));
        Assert.Equal(1, Ranks.Alone.Size);
    }

    [Fact]
    public void OneRankAloneComputesAllShards()
    {
        var options = new TrainingOptions(Shards: 8, Ranks: Ranks.Alone);
        Assert.Equal(new TrainingOptions(Shards: 8).Shards, options.Shards);
        var learner = Layers.Linear(10).Learner(Losses.CrossEntropy, Optimizers.Sgd(0.1));
        Tensor Weights(TrainingOptions given) =>
            learner.Fit(Datasets.Digits().Take(100), given with { Epochs = 1 }).State.Parameters["weight"];
        Assert.Equal(Weights(new TrainingOptions(Shards: 8)), Weights(options));
        var squares = Ranks.Threads(4, ranks => ranks.Rank * ranks.Rank);
        Assert.Equal([0, 1, 4, 9], squares);
    }

    [Fact]
    public void StudiesRunInParts()
    {
        var before = Directory.GetCurrentDirectory();
        var folder = Directory.CreateTempSubdirectory("dl1-").FullName;
        Directory.SetCurrentDirectory(folder);

        try
        {
            var settings = HyperSearch.Random(6, [("rate", Ranges.LogUniform(1e-3, 1e-1))], seed: 1);
            TrialResult Tried(TrialRun run) => TrialResult.Of(Math.Abs(Math.Log10(run.Setting.Number("rate")) + 2));
            var whole = settings.Study(Tried);
            foreach (var i in new[] { 0, 1 })
                settings.Study(Tried, new StudySettings(Part: (i, 2), Path: $"part-{i}.json"));
            var joined = Studies.Join("part-0.json", "part-1.json");

            Assert.Equal(whole.Select(t => (t.Number, t.Score)), joined.Select(t => (t.Number, t.Score)));
        }
        finally
        {
            Directory.SetCurrentDirectory(before);
            Directory.Delete(folder, true);
        }
    }

    [Fact]
    public void HyperParametersAreSearched()
    {
        var space = new[]
        {
            ("rate", Ranges.LogUniform(1e-4, 1)), ("units", Ranges.Whole(4, 32)), ("decay", Ranges.LogUniform(1e-6, 1e-1)),
        };
        var (train, validation) = Datasets.Iris().Split(0.7, seed: 1);
        TrialResult Trained(TrialRun run)
        {
            var model = Layers.Linear(run.Setting.Whole("units")).Then(Layers.Relu()).Then(Layers.Linear(3));
            var optimizer = Optimizers.AdamW(run.Setting.Number("rate"), run.Setting.Number("decay"));
            var fitted = model.Learner(Losses.CrossEntropy, optimizer).Fit(train, new TrainingOptions(
                Epochs: run.Budget, Key: run.Key, Validation: validation, OnEpoch: run.Watch()));
            return TrialResult.Of(
                fitted.History[^1].ValidationLoss ?? double.NaN, fitted.Trained, [("steps", $"{fitted.State.Steps}")]);
        }

        var trials = HyperSearch.Random(12, space, seed: 1).Study(Trained, new StudySettings(Budget: 6, Threads: 2));
        Console.WriteLine(trials.Table());
        Trained? best = trials.Best().TrainedModel;

        Assert.NotNull(best);
        Assert.Equal(trials.Best().Score, best.Evaluate(validation, Losses.CrossEntropy).Loss, 1e-12);
        Assert.Contains("steps", trials.Table());

        var led = HyperSearch.Tpe(20, space, Trained, random: 8, new StudySettings(Budget: 6, Pruning: Pruning.NewMedian(4, 1)));

        Assert.Equal(20, led.Count);
        Assert.Contains(led, t => t.End.IsPruned);
        Assert.True(led.Best().Score < 0.5);
    }

    [Fact]
    public void ACharacterModelWrites()
    {
        var text = string.Concat(Enumerable.Repeat("the cat sat on the mat, and the dog sat by the door. ", 30));
        var letters = Vocabulary.Characters(text);
        var (train, test) = letters.Examples(text, length: 32).Split(0.9, seed: 1);
        var model = Layers.Embedding(letters.Count, 32)
            .Then(Layers.Lstm(64).Sequence())
            .Then(Layers.Linear(letters.Count));

        var result = model.Fit(
            train, Losses.CrossEntropy, Optimizers.Adam(1e-2), epochs: 12, batchSize: 8, validation: test,
            metrics: [Metrics.BitsPerToken]);
        Stepper stepper = result.Trained.Stepwise();
        Console.WriteLine(stepper.Write(letters, "the ", most: 60, Key.OfSeed(1), temperature: 0.5, topK: 5));

        Assert.True(result.History[^1].Metrics["bitsPerToken"] < 1, result.History.ToTable());
        Assert.StartsWith("the", stepper.Write(letters, "on ", 3, Key.OfSeed(1), temperature: 0.5));
    }

    public sealed record Pair(Expr Source, Expr Target);

    [Fact]
    public void WordsAreTranslated()
    {
        string[] digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
        var numbers = Enumerable.Range(0, 1000).Select(n => n.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        var sources = numbers.Select(n => string.Join(' ', n.Select(c => digits[c - '0']))).ToArray();

        var words = Vocabulary.WordsOf(sources, padding: true);
        var signs = Vocabulary.CharactersOf(numbers, bounds: true, padding: true); // with marks that begin, end and pad
        var read = words.EncodeAll(sources).Values;
        var (before, after) = signs.EncodeAll(numbers).Shifted();
        var (train, test) = Dataset
            .Named([("Source", read), ("Target", before.Values)], [("Answer", after.Values)])
            .Split(0.9, seed: 1);

        var model = Layers.CreateOf<Pair, Expr>("Translator", (scope, x) =>
        {
            var source = scope.Run("words", Layers.Embedding(words.Count, 32), x.Source);
            var known = scope.Run("encoder", Layers.GruPadded(64), (source, Attentions.IsToken(x.Source, words.Padding)));
            var told = scope.Run("signs", Layers.Embedding(signs.Count, 32), x.Target);
            var scores = Layers.GruFrom(64).Sequence().Then(Layers.Linear(signs.Count));
            return scope.Run("decoder", scores, (told, known.Final));
        });

        var result = model.Fit(
            train, (Expr y, Expr o) => Losses.CrossEntropy(y, o, ignore: signs.Padding), Optimizers.Adam(1e-2), epochs: 25,
            validation: test, metrics: [Metrics.ExactMatch(ignore: signs.Padding)]);

        var translating = result.Trained.Stepwise("Target");
        var context = Trees.From([("Source", words.EncodeAll(["four two", "seven zero nine"]).Values)]);
        IReadOnlyList<string> written = translating.WriteAll(signs, context, most: 5, width: 4);
        Console.WriteLine(string.Join(", ", written)); // 42, 709

        Assert.Equal(["42", "709"], written);
        Assert.True(result.History[^1].Metrics["exactMatch"] > 0.9, result.History.ToTable());
    }

    [Fact]
    public void WordsHaveVectors()
    {
        string[] sentences = [.. Enumerable.Repeat("the king rules. the queen rules. a dog barks, a cat sleeps.", 50).SelectMany(s => s.Split('.'))];
        var known = Vocabulary.WordsOf(sentences, lowerCase: true, punctuation: false);
        var near = known.SkipGrams(sentences, window: 2, negatives: 4, seed: 1);
        var vectors = Layers.SkipGram(known.Count, 16).Fit(
            near, (Expr isNear, Expr scores) => Losses.BceWithLogits(isNear, scores), Optimizers.Adam(1e-2), epochs: 5).Trained.Parameters["words"];
        Console.WriteLine(string.Join(", ", known.Nearest(vectors, "king", count: 3))); // the nearest first, with their cosines
        Assert.Equal("queen", known.Nearest(vectors, "king", count: 1).Single().Word);
    }

    [Fact]
    public void APipelineIsServed()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "penguins-of-the-guide.csv");
        File.Copy(Path.Combine(Repository.Folder("data"), "penguins.csv"), path, overwrite: true);
        var folder = Directory.GetCurrentDirectory();
        Directory.SetCurrentDirectory(AppContext.BaseDirectory);
        try
        {
            var penguins = Tables.ReadCsv(path, CsvOptions.Default.WithMissing(".")).Complete("species");
            var pipeline = Pipeline.Classify("species").Inputs().Impute(ColumnFill.Median).Scale(ColumnScaling.Standard).Model(Estimator.Logistic());
            Console.WriteLine(pipeline.CrossValidate(penguins, folds: 5, seed: 1, Metrics.Accuracy));
            pipeline.Fit(penguins).Save("penguins.pipeline");
            var service = FittedPipeline.Load("penguins.pipeline");
            var answer = service.Predict(new { island = "Biscoe", sex = "MALE", beak_length_mm = 49, beak_depth_mm = 15, flipper_length_mm = 220, body_mass_g = 5200 });
            Console.WriteLine($"{answer.Class}: {answer}");
            Assert.Equal("Gentoo", answer.Class);

            try
            {
                service.Predict(new { island = "Atlantis", sex = "MALE", beak_length_mm = 49, beak_depth_mm = 15, flipper_length_mm = 220, body_mass_g = 5200 });
            }
            catch (DomainError error)
            {
                Console.WriteLine(error.Message); // 'Atlantis' for the field 'island'. Expected: one of: Biscoe, Dream, Torgersen ...
            }

            foreach (var problem in service.Check(new { island = "Atlantis", sex = "MALE" }))
                Console.WriteLine($"{problem.Field.Name}: {problem.Fault}, {problem.Expected}");

            var (train, rest) = penguins.SplitStratified("species", 0.6, seed: 1);
            var (validation, test) = rest.SplitStratified("species", 0.5, seed: 2);
            var calibrated = pipeline.Fit(train).Calibrated(validation);
            Console.WriteLine(calibrated.Interval(test, Metrics.Accuracy));
            Console.WriteLine(string.Join("\n", calibrated.Importances(test, Metrics.LogLossOfLogits)));

            var trials = HyperSearch.Grid(("c", Ranges.Among(0.01, 0.1, 1, 10)))
                .Search(s => pipeline.Model(Estimator.Logistic(s.Number("c"))), penguins, Metrics.Accuracy, folds: 5);
            Console.WriteLine(trials.Table());
            Assert.True(trials.Best().Score > 0.97);
        }
        finally
        {
            Directory.SetCurrentDirectory(folder);
        }
    }

    public sealed record Vae(Expr Rebuilt, Expr Mean, Expr LogVariance);

    [Fact]
    public void AVariationalAutoencoderIsTrained()
    {
        var (train, test) = Dataset.OfInputs(Datasets.Digits().Take(200).Inputs).Split(0.8, seed: 1);
        var vae = Layers.CreateOf<Expr, Vae>("Vae", (scope, x) =>
        {
            var hidden = scope.Run("encoder", Layers.Linear(64).Then(Layers.Relu()), x);
            var mean = scope.Run("mean", Layers.Linear(8), hidden);
            var logVariance = scope.Run("logVariance", Layers.Linear(8), hidden);
            var z = scope.IsTraining ? mean + Exp(logVariance / 2) * scope.Key().Normal(0, 1, [.. mean.Shape]) : mean;
            return new Vae(scope.Run("decoder", Layers.Linear(64).Then(Layers.Relu()).Then(Layers.Linear(64)), z), mean, logVariance);
        });

        var learner = vae.Learner(
            [
                ("reconstruction", 1.0, (Expr x, Vae o) => Losses.BceWithLogits(x, o.Rebuilt)),
                ("kl", 0.01, (Expr _, Vae o) => Losses.GaussianKl(o.Mean, o.LogVariance, Reduction.Mean)),
            ],
            Optimizers.Adam(2e-3)).ValidatedInTraining();
        var result = learner.Fit(train, new TrainingOptions(Epochs: 5, BatchSize: 32, Validation: test));
        Console.WriteLine(result.History.ToTable()); // loss, validation loss, reconstruction, kl, validation reconstruction, ...
        var images = result.PredictAs<Tree<Tensor>>(test)["Rebuilt"];

        Assert.Equal([40, 64], images.Shape);
        Assert.True(result.History[^1].Loss < result.History[0].Loss);
        Assert.Equal(
            ["reconstruction", "kl", "validation reconstruction", "validation kl"], result.History[0].Metrics.Paths);
        var asInTraining = learner.ValidatedInTraining();
        Assert.True(asInTraining.ValidatesInTraining);
        double bound = result.EvaluateInTraining(test, seed: 1).Loss;
        Assert.True(bound > 0);
    }

    [Fact]
    public void TwoInputsAndTwoOutputsAreTrained()
    {
        var (words, numbers) = (Tensor.Of([.. Enumerable.Range(0, 120).Select(i => i * 7 % 5L)], 40, 3), Key.OfSeed(1).Normal(0, 1, 40, 2));
        var (price, kind) = (Key.OfSeed(2).Normal(0, 1, 40, 1), Tensor.Of([.. Enumerable.Range(0, 40).Select(i => i % 3L)]));
        var model = Layers.CreateOf<(Expr Words, Expr Numbers), (Expr Price, Expr Kind)>("Homes", (scope, x) =>
        {
            var seen = scope.Run("words", Layers.Embedding(5, 8).Then(Layers.Flatten()), x.Words);
            var hidden = scope.Run("hidden", Layers.Linear(32).Then(Layers.Relu()), Expr.Concat(1, seen, x.Numbers));
            return (scope.Run("price", Layers.Linear(1), hidden), scope.Run("kind", Layers.Linear(3), hidden));
        });

        var data = Dataset.Of((words, numbers), (price, kind)); // i64 [rows; 3] beside f32 [rows; 2]
        var result = model.Fit(
            data,
            ((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.Mse(y.Price, o.Price) + Losses.CrossEntropy(y.Kind, o.Kind),
            Optimizers.Adam(1e-2), epochs: 5, metrics: [Metrics.Rmse.On("1"), Metrics.Accuracy.On("2")]);
        var (prices, logits) = result.PredictAs<(Tensor, Tensor)>(data);

        Assert.Equal([40, 1], prices.Shape);
        Assert.Equal([40, 3], logits.Shape);
        Assert.Equal(["1 rmse", "2 accuracy"], result.History[0].Metrics.Paths);
    }

    [Fact]
    public void ANetworkIsFineTuned()
    {
        var folder = Directory.CreateTempSubdirectory("dl1-");
        var path = Path.Combine(folder.FullName, "known.safetensors");
        var rest = Datasets.Digits().Skip(1000);
        var odd = Dataset.From(rest.Inputs, Tensor.Of([.. rest.Targets.ToDoubles().Select(t => (long)t % 2)]));
        var (few, others) = (odd.Take(40), odd.Skip(40));
        static Layer<Expr, Expr> Network(int classes) => Model.Sequential(
            Model.Sequential(
                Layers.Reshape(1, 8, 8), Layers.Conv2d(8, 3, same: true), Layers.BatchNorm(), Layers.Relu(), Layers.MaxPool(2),
                Layers.Flatten(), Layers.Linear(32), Layers.Relu(), Layers.Dropout(0.2)).Named("backbone"),
            Layers.Linear(classes).Named("head"));

        var digits = Datasets.Digits();
        var known = Network(10).Fit(digits.Take(1000), Losses.CrossEntropy, Optimizers.Adam(3e-3), epochs: 6, batchSize: 32);
        known.Trained.Save(path); // safetensors, which PyTorch reads as well

        var begun = Network(2).Learner(Losses.CrossEntropy, Optimizers.Adam(1e-2)).From(known.Trained);
        Console.WriteLine(begun.Taken(few)); // 9 taken, 2 unfit: head.weight: f32 [10, 32] for f32 [2, 32], ...
        var quick = begun.Fit(few, new TrainingOptions(Epochs: 10, BatchSize: 16));
        Assert.Equal(quick.Trained.Parameters.Paths, known.Trained.Parameters.Paths);

        var (parameters, state) = Network(2).Init(Key.OfSeed(2), 1, 64);
        var loaded = TensorFiles.ReadSafetensors(path).Into(parameters, state);
        Console.WriteLine(loaded); // 9 taken, 2 unfit: head.weight: f32 [10, 32] for f32 [2, 32], ...

        var learner = Network(2).Learner(Losses.CrossEntropy, Optimizers.Adam(1e-2))
            .Frozen(name => name.StartsWith("backbone."), inInference: true);
        var start = learner.Start(Key.OfSeed(3), loaded.Parameters, loaded.State);
        var head = learner.Fit(few, new TrainingOptions(Epochs: 40, BatchSize: 16, Start: start));

        var augmented = Layers.Reshape(1, 8, 8).Then(Layers.RandomRotation(10)).Then(Layers.Flatten()).Then(Network(2));
        var tuner = augmented.Learner(Losses.CrossEntropy, Optimizers.Adam(3e-3).LayerDecay(0.3, "backbone", "head")).Mixup(0.2);
        var tuned = tuner.Fit(few, new TrainingOptions(
            Epochs: 40, BatchSize: 16, Start: tuner.Start(Key.OfSeed(4), head.Trained.Parameters, head.Trained.State)));
        Console.WriteLine(tuned.Evaluate(others, Metrics.Accuracy));

        Assert.Equal(
            "9 taken\n2 unfit: head.weight: f32 [10, 32] for f32 [2, 32], head.bias: f32 [10] for f32 [2]", loaded.ToString());
        Assert.Equal(known.Trained.Parameters["backbone.1.weight"], head.Trained.Parameters["backbone.1.weight"]);
        Assert.Equal(known.Trained.State, head.Trained.State);
        Assert.NotEqual(head.Trained.Parameters["backbone.1.weight"], tuned.Trained.Parameters["backbone.1.weight"]);
        Assert.InRange(tuned.Evaluate(others, Metrics.Accuracy).Metrics["accuracy"], 0.85, 1);
        folder.Delete(true);
    }

    [Fact]
    public void AFormulaHasTheDerivativeThatTheGuideShows() =>
        Assert.Equal("2·(x − 2)\n6\n6\n", ConsoleCapture.Of(() =>
        {
            var x = Expr.Symbol("x");
            var y = (x - 2).Pow(2) + 3;
            Expr slope = y.Derivative(x);
            Console.WriteLine(slope);                                  // 2·(x − 2)
            Console.WriteLine(slope.Evaluate(("x", 5.0)).ToDouble());  // 6

            Func<double, double> fast = slope.Compile(x);
            Console.WriteLine(fast(5));                                // 6
        }));

    [Fact]
    public void TensorsHaveTheShapesThatTheGuideShows() =>
        Assert.Equal("[100, 2], [2]\n", ConsoleCapture.Of(() =>
        {
            var points = Key.OfSeed(1).Normal(0, 1, 100, 2);
            var centre = Expr.Constant(points).Mean(0).Evaluate();
            Console.WriteLine($"{points.Shape}, {centre.Shape}");      // [100, 2], [2]
        }));

    [Fact]
    public void AClassifierIsTrainedAndTold()
    {
        var output = ConsoleCapture.Of(() =>
        {
            var (train, test) = Datasets.Digits().Split(0.8, seed: 1); // 1797 images of 8 by 8, pixels 0 to 1
            var model = Model.Sequential(Layers.Linear(64), Layers.Relu(), Layers.Dropout(0.1), Layers.Linear(10));
            Console.WriteLine(model.Summary(32, 64));

            var result = model.Fit(
                train, Losses.CrossEntropy, Optimizers.Adam(2e-3), epochs: 8, batchSize: 32, validation: test,
                metrics: [Metrics.Accuracy]);
            Console.WriteLine(result.History.ToTable());

            var predicted = result.Trained.PredictLabels(test.Inputs);
            var confusion = Metrics.Confusion(test.Targets, predicted);
            Console.WriteLine($"{confusion.Accuracy:0.00}");

            var wrong = Enumerable.Range(0, test.Count).Where(i => predicted[i] != test.Targets[i]).Take(24).ToArray();
            var section = Section.Titled("Digits")
                .Figure(LearningCurves.Loss(result.History), "The loss falls", "The loss after each epoch.")
                .Figure(ConfusionMatrix.Of(confusion), "Most digits are found", "Each digit and what it was taken for.")
                .Figure(
                    ImageGrid.Of(
                        test.Inputs.Rows(wrong).Reshape(wrong.Length, 8, 8),
                        labels: wrong.Select(i => $"{test.Targets[i]} as {predicted[i]}")),
                    "The images that were taken for another digit", "What it gets wrong.")
                .Figure(Histograms.Of(result.Trained.Parameters), "Weights are spread around 0", "The parameters.");
            Report.Write("out/digits.html", "Handwritten digits", [section]);

            Assert.True(confusion.Accuracy > 0.9, $"accuracy {confusion.Accuracy}");
            Assert.Contains("What it gets wrong.", File.ReadAllText("out/digits.html"));
        });
        Assert.Matches("\n0[,.]9[0-9]\n$", output);
    }

    [Fact]
    public void ALayerHasThePathsThatTheGuideShows() =>
        Assert.Equal("gate.weight, gate.bias, scale\n", ConsoleCapture.Of(() =>
        {
            var gated = Layers.Create("Gated", (scope, input) =>
            {
                var gate = scope.Run("gate", Layers.Linear(32), input);
                return gate * Sigmoid(gate) * scope.Parameter("scale", Initializers.Ones, 32);
            });
            Console.WriteLine(string.Join(", ", gated.Init(Key.OfSeed(1), 16, 64).Parameters.Paths));
        }));

    [Fact]
    public void AGraphIsWalkedAsTheGuideShows() =>
        Assert.Equal("1\nTrue\na·b + cos(a·b)\n", ConsoleCapture.Of(() =>
        {
            Expr a = Expr.Symbol("a"), b = Expr.Symbol("b");
            var f = a * b + Sin(a * b);
            int products = f.Nodes.Count(node => node.Operation is Operation.Binary(BinaryFunction.Mul, _, _));
            Console.WriteLine(products);                               // 1: a·b is one node, which is used twice

            double value = f.Fold<double>((node, below) => node.Operation switch
            {
                Operation.Variable("a", _, _) => 2,
                Operation.Variable("b", _, _) => 3,
                Operation.Unary(UnaryFunction.Sin, _) => Math.Sin(below[0]),
                Operation.Binary(BinaryFunction.Add, _, _) => below[0] + below[1],
                Operation.Binary(BinaryFunction.Mul, _, _) => below[0] * below[1],
                var other => throw new NotSupportedException($"{other}"),
            });
            Console.WriteLine(value == f.Evaluate((a, 2), (b, 3)).ToDouble()); // True

            var waves = f.Rebuild(node => node.Operation is Operation.Unary(UnaryFunction.Sin, var z) ? Cos(z) : node);
            Console.WriteLine(waves);                                  // a·b + cos(a·b)
        }));

    [Fact]
    public void ImagesAreClassifiedAsTheGuideSays()
    {
        var output = ConsoleCapture.Of(() =>
        {
            var (train, test) = Datasets.Digits().MapInputs(rows => rows.Reshape(-1, 1, 8, 8)).Split(0.8, seed: 1, stratified: true);
            var model = Model.Sequential(
                Layers.Conv2d(8, 3, padding: 1), Layers.Relu(), Layers.MaxPool(2),
                Layers.Conv2d(16, 3, padding: 1), Layers.Relu(), Layers.MaxPool(2),
                Layers.Flatten(), Layers.Linear(10));
            Console.WriteLine(model.Summary(1, 1, 8, 8));

            var result = model.Fit(
                train, Losses.CrossEntropy, Optimizers.Adam(5e-3), epochs: 20, batchSize: 32, validation: test,
                metrics: [Metrics.Accuracy], patience: 3);
            Console.WriteLine(result.Evaluate(test, Metrics.Accuracy));
            Console.WriteLine(Metrics.Confusion(test.Targets, result.PredictLabels(test.Inputs)).Report());
            Assert.True(result.Evaluate(test, Metrics.Accuracy)[Metrics.Accuracy] > 0.94, $"{result}");
        });
        Assert.Contains("Conv2d", output);
        Assert.Matches("loss 0\\.[0-9]+  accuracy 0\\.9[0-9]+\n", output);
    }

    [Fact]
    public void PenguinsAreServedAsTheGuideSays()
    {
        var output = ConsoleCapture.Of(() =>
        {
            var table = Tables.Penguins();
            string[] columns = ["beak_length_mm", "beak_depth_mm", "flipper_length_mm", "body_mass_g"];
            var (train, test) = table.ForClassification("species", columns).Split(0.8, seed: 1, stratified: true);
            var imputer = Imputer.Median(train.Inputs);
            var scaler = Scaler.Standard(train.Inputs);
            Console.WriteLine(imputer);
            Console.WriteLine(scaler);

            Dataset Ready(Dataset rows) => scaler.Apply(imputer.Apply(rows));
            var model = Model.Sequential(Layers.Linear(16), Layers.Relu(), Layers.Linear(3));
            var result = model.Fit(Ready(train), Losses.CrossEntropy, Optimizers.Adam(1e-2), epochs: 30, batchSize: 32);
            Console.WriteLine(result.Evaluate(Ready(test), Metrics.Accuracy));
            var missing = Assert.Throws<DomainError>(
                () => model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(1e-2), epochs: 2));
            Assert.Matches("NaN among the inputs .* in row [0-9]+, column [0-9]", missing.Given);

            var pipeline = Pipeline.Classify("species").Inputs(columns).Impute(ColumnFill.Median).Scale(ColumnScaling.Standard)
                .Model(Estimator.Network(model.Learner(Losses.CrossEntropy, Optimizers.Adam(1e-2)), new TrainingOptions(Epochs: 30, BatchSize: 32)));
            pipeline.Fit(table).Save("penguins.pipeline");
            var service = FittedPipeline.Load("penguins.pipeline");
            Prediction Classify(double beak, double depth, double flipper, double mass) => service.Predict(
                new { beak_length_mm = beak, beak_depth_mm = depth, flipper_length_mm = flipper, body_mass_g = mass });
            Console.WriteLine(Classify(39.1, 18.7, 181, 3750).Class);       // Adelie
            Console.WriteLine(Classify(46.5, double.NaN, 217, 5200).Class); // Gentoo
            Parallel.For(0, 1000, request => Classify(40 + request % 10, 18, 190, 4000));

            // Many threads get what one gets.
            var alone = Enumerable.Range(0, 10).Select(i => $"{Classify(40 + i, 18, 190, 4000)}").ToArray();
            var together = new string[200];
            Parallel.For(0, 200, i => together[i] = $"{Classify(40 + i % 10, 18, 190, 4000)}");
            Assert.All(Enumerable.Range(0, 200), i => Assert.Equal(alone[i % 10], together[i]));
            Assert.True(result.Evaluate(Ready(test), Metrics.Accuracy)[Metrics.Accuracy] > 0.94, $"{result}");
        });
        Assert.StartsWith("44", output);
        Assert.EndsWith("Adelie\nGentoo\n", output);
        File.Delete("penguins.pipeline");
    }

    [Fact]
    public void AGradientIsAsInPyTorch() =>
        Assert.Equal("3·x² + cos x: 11.5839\n", ConsoleCapture.Of(() =>
        {
            var x = Expr.Symbol("x");
            var y = x.Pow(3) + Sin(x);
            var slope = y.Derivative(x);
            Console.WriteLine($"{slope}: {slope.Evaluate(("x", 2.0)).ToDouble():0.0000}");
        }));

    [Fact]
    public void ALoopIsAsInPyTorch()
    {
        var output = ConsoleCapture.Of(() =>
        {
            var model = Model.Sequential(
                Layers.Conv2d(8, 3, padding: 1), Layers.Relu(), Layers.MaxPool(2),
                Layers.Flatten(), Layers.Linear(10));
            var (parameters, state) = model.Init(Key.OfSeed(1), 1, 1, 8, 8);
            Console.WriteLine(string.Join(", ", parameters.Paths));

            Expr images = Expr.Variable("images", 32, 1, 8, 8), labels = Expr.Variable("labels", DType.I64, 32), key = Expr.Variable("key", DType.I32, 2);
            var weights = parameters.Variables();
            var (logits, _) = model.Apply(weights, state.Variables(), images, key);
            var loss = Losses.CrossEntropy(labels, logits);

            var adam = Optimizers.AdamW(1e-2);
            var memory = adam.InitialState(parameters);
            var slots = memory.Variables();
            var (nextWeights, nextSlots) = adam.Step(loss.Gradient(weights), slots, weights);
            var training = Session.Start(
                [.. weights.Advancing(parameters, nextWeights), .. slots.Advancing(memory, nextSlots)],
                inputs: [images, labels, key], outputs: [loss]);

            var pictures = Key.OfSeed(2).Normal(0, 1, 32, 1, 8, 8);
            var classes = Tensor.Of([.. Enumerable.Range(0, 32).Select(i => i % 10L)]);
            for (var epoch = 0; epoch < 50; epoch++)
            {
                training.Step(pictures, classes, Key.OfSeed(3).Fold(epoch).ToTensor());
            }

            Console.WriteLine($"loss {training.Scalar(0):0.00}");
        });
        Assert.StartsWith("0.weight, 0.bias, 4.weight, 4.bias\n", output);
        Assert.Matches("loss 0\\.[0-4]", output);
    }

    [Fact]
    public void AModuleIsAsInPyTorch() =>
        Assert.Equal("gate.weight, gate.bias, scale\n", ConsoleCapture.Of(() =>
        {
            Layer<Expr, Expr> Gated(int outputs) => Layers.Create("Gated", (scope, x) =>
            {
                var gate = scope.Run("gate", Layers.Linear(outputs), x);
                return gate * Functions.Sigmoid(gate) * scope.Parameter("scale", Initializers.Ones, outputs);
            });
            Console.WriteLine(string.Join(", ", Gated(4).Init(Key.OfSeed(1), 2, 3).Parameters.Paths));
        }));

    [Fact]
    public void PicturesAreDrawnAsTheGuideSays()
    {
        double[] epochs = [1, 2, 3, 4], mean = [1.2, 0.7, 0.5, 0.4], low = [1.0, 0.6, 0.45, 0.35], high = [1.5, 0.9, 0.6, 0.5];
        var runs = Plot.Titled("Five runs").Labels("epoch", "loss")
            .Line("training", epochs, mean)
            .Band("training", epochs, low, high)            // the interval, in the colour of its line
            .Dots("best", [4], [0.35])
            .Texts([4], [0.35], ["run 3"])
            .WithYLimits(0, 2);

        var bars = Plot.Titled("Accuracy").Labels("", "accuracy")
            .Bars("training", [0.91, 0.97]).Bars("test", [0.90, 0.93])
            .WithNames(["SGD", "Adam"]);

        var circle = Plot.Titled("Round").Dashes("", mean, low).WithEqualAxes();
        var rates = Plot.Titled("Rates").Line("loss", [1e-4, 1e-3, 1e-2], [1, 0.5, 2]).WithLogX().WithLogY();

        var correlations = Tensor.Of([1.0, -0.4, -0.4, 1.0], 2, 2);
        var heat = HeatMap.Of(correlations, ["mass", "length"], ["mass", "length"]).Titled("Correlations");
        var images = Key.OfSeed(1).Uniform(0, 1, 4, 8, 8);
        var grid = ImageGrid.Of(images, rowNames: ["input", "output"], columnNames: ["first", "second"]);

        var calibration = ScoreCurves.Calibration([0.1, 0.5, 0.9], [0.05, 0.5, 0.97]);

        var space = HyperSearch.Random(20, [("rate", Ranges.LogUniform(1e-4, 1e-1)), ("units", Ranges.Whole(8, 64))], seed: 1);
        var trials = space.Run((setting, key) => Math.Abs(Math.Log10(setting.Number("rate")) + 2));
        var one = SearchPicture.Scatter(trials, "rate");
        var all = SearchPicture.Parallel(trials).Titled("Twenty trials");

        var section = Section.Titled("Runs")
            .Figure(runs, "The loss falls", "Mean and spread of five runs.")
            .Figure(heat, "Mass and length", "Correlations.")
            .Figure(all, "Rates near 0.01 are best", "All trials.");
        string page = Report.Page("Pictures", [section]);

        var slope = (Expr.Symbol("x").Pow(2) / 2).Derivative("x");
        var lesson = Section.Marked("Descent")
            .Paragraph("The rate is $\\eta = 0.1$; `Sgd` does the rest.")
            .Formula($"y' = {slope.ToLatex()}")
            .Code("var y = x.Pow(2) / 2;", CodeLanguage.CSharp)
            .Comparison("DL1", CodeLanguage.CSharp, "PyTorch", CodeLanguage.Python, [("Relu(x)", "torch.relu(x)")])
            .Question("Is $x = 0$ the minimum?", "Yes: the slope is *zero* there.");
        string course = ReportPage.Titled("A course")
            .Opening(Section.Marked("").Paragraph("Every number is from this run."))
            .Part("Class 1", [lesson])
            .Html();

        Assert.Contains("the slope is <em>zero</em> there", course);
        Assert.All(new[] { runs, bars, circle, rates, calibration, one }, plot => Assert.NotEmpty(plot.Png(800, 480)));
        Assert.NotEmpty(grid.Png(400));
        Assert.Contains("Mean and spread of five runs.", page);
    }

    [Fact]
    public void AModelIsWrittenAsOneFile()
    {
        var folder = Directory.CreateTempSubdirectory("dl1-").FullName;
        var digits = Datasets.Digits();
        var trained = Model.Sequential(Layers.Linear(32), Layers.Relu(), Layers.Linear(10))
            .Fit(digits.Take(1000), Losses.CrossEntropy, Optimizers.Adam(3e-3), epochs: 5, batchSize: 32).Trained;

        ModelSource source = trained.ToCSharp("Digits", [digits.Inputs], finish: scores => scores.Softmax());
        source.Save(folder); // Digits.cs, and Digits.bin where there are more than 100,000 numbers

        Assert.Equal(source.Text, File.ReadAllText(Path.Combine(folder, "Digits.cs")));
        Assert.Contains("public const int Inputs = 64;", source.Text);
        Assert.Contains("namespace Shop.Models", trained.ToCSharp("Digits", within: "Shop.Models", csharp9: true).Text);
        Directory.Delete(folder, true);

        var table = Tables.Penguins();
        var fitted = Pipeline.Classify("species").Inputs().Impute(ColumnFill.Median).Scale(ColumnScaling.Standard)
            .Model(Estimator.Logistic()).Fit(table);
        ModelSource asCode = fitted.ToCSharp("Penguins");
        Assert.Contains("return \"Gentoo\";", asCode.Text);

        var vector = Expr.Variable("vector", DType.F32, 3);
        ModelSource norm = (vector * vector).Sum().ToModelSource("SquaredNorm", [vector]);
        Assert.Contains("public static void Predict(ReadOnlySpan<float> vector, Span<float> output)", norm.Text);
        Assert.Throws<DomainError>(() => trained.ToCSharp("class"));
    }

    /// <summary>The guide names each member that makes a picture, so that a reader finds which to take.</summary>
    [Fact]
    public void TheGuideNamesEveryPicture()
    {
        var guide = Repository.Read("docs", "pictures.md");
        var pictures = typeof(Plot).Assembly.GetExportedTypes()
            .Where(t => t.Namespace == "DL1.Pictures" && !Microsoft.FSharp.Reflection.FSharpType.IsModule(t))
            .SelectMany(t => t.GetMethods(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.DeclaredOnly))
            .Where(m => m.ReturnType == typeof(Figure) || m.ReturnType == typeof(Plot))
            .Select(m => $"`{m.DeclaringType!.Name}.{m.Name}`").Distinct().ToList();
        Assert.True(pictures.Count >= 17, $"{pictures.Count} pictures");
        Assert.DoesNotContain(pictures, name => !guide.Contains(name));
    }
}
