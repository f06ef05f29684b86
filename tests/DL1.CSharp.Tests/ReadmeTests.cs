using DL1;
using Xunit;
using static DL1.Functions;

namespace DL1.CSharp.Tests;

/// <summary>
/// The README's C# examples, run. Each stands here to the letter: the first test compares this file with the README.
/// </summary>
[Collection("console")]
public class ReadmeTests
{
    [Fact]
    public void EveryExampleOfTheReadmeStandsHere()
    {
        var here = Repository.Folded(Repository.Read("tests", "DL1.CSharp.Tests", "ReadmeTests.cs"));
        // What a file-based app begins with is run from packages by .ci/packages.
        List<string> snippets = [.. Repository.Snippets("README.md", "csharp").Select(s => s.Replace("#:package DL1.CSharp@0.2.0", "")), .. Repository.Snippets("docs/tour.md", "csharp")];
        Assert.Equal(8, snippets.Count);
        Assert.All(snippets, snippet => Assert.Contains(Repository.Folded(snippet), here));
    }

    [Fact]
    public void ADerivativeIsReadAndADescentRuns() =>
        Assert.Equal("2·(x − 2)\n271 epochs, x = 2.000\n", ConsoleCapture.Of(() =>
        {
            var x = Expr.Symbol("x");
            var y = (x - 2).Pow(2) + 3;
            Console.WriteLine(y.Derivative(x));                // 2·(x − 2)

            var descent = Descent.Run(y, Optimizers.Momentum(0.01), [(x, 50)]);
            Console.WriteLine($"{descent.Rows.Count} epochs, x = {descent.Rows[^1].After[0]:0.000}");
        }));

    [Fact]
    public void TenLinesTrainANetwork()
    {
        var output = ConsoleCapture.Of(() =>
        {
            var (train, test) = Datasets.Digits().Split(0.8, seed: 1);
            var model = Model.Sequential(
                Layers.Linear(64), Layers.BatchNorm(), Layers.Relu(), Layers.Dropout(0.2), Layers.Linear(10));
            var result = model.Fit(train, Losses.CrossEntropy, Optimizers.AdamW(1e-3), epochs: 20, validation: test);
            Console.WriteLine(result.Evaluate(test, Metrics.Accuracy));

            result.Save("digits.safetensors");                 // by PyTorch's names
            var loaded = model.Load("digits.safetensors", 1, 64);
            Console.WriteLine(loaded.PredictLabels(test.Inputs.Rows([0, 1, 2])));
        });
        File.Delete("digits.safetensors");
        Assert.Matches("^loss 0\\.\\d+  accuracy 0\\.9\\d+\n", output);
        Assert.Contains("i64 [3]", output);
    }

    [Fact]
    public async Task HyperParametersAreSearched()
    {
        var output = await ConsoleCapture.Of(async () =>
        {
            var (train, test) = Tables.Diabetes().ForRegression("progression").Split(0.8, seed: 1);
            var scaler = Scaler.Standard(train.Inputs);        // fitted on the rows of training alone
            (train, test) = (scaler.Apply(train), scaler.Apply(test));

            Learner Network(int hidden, double rate) =>
                Model.Sequential(Layers.Linear(hidden), Layers.Relu(), Layers.Linear(1))
                    .Learner(Losses.Mse, Optimizers.Adam(rate))
                    .Penalized(weights => weights.L2Penalty(1e-3));

            var options = new TrainingOptions(Epochs: 60, BatchSize: 32, EarlyStopping: EarlyStopping.After(8));
            var trials = HyperSearch
                .Random(4, [("hidden", Ranges.Whole(4, 32)), ("rate", Ranges.LogUniform(0.01, 0.3))], seed: 1)
                .Run(
                    (setting, key) => train.CrossValidate(3, (kept, held, _) =>
                        Network(setting.Whole("hidden"), setting.Number("rate"))
                            .Fit(kept, options with { Key = key, Validation = held })
                            .Evaluate(held).Loss).Average(),
                    threads: 2);
            Console.WriteLine(trials.Table());

            var best = trials.Best().Setting;
            var result = await Network(best.Whole("hidden"), best.Number("rate"))
                .FitAsync(train, options with { Validation = test, Progress = TrainingProgress.Lines(Console.WriteLine) });
            Console.WriteLine(result.Evaluate(test, Metrics.R2, Metrics.Mae));
            Assert.True(result.Evaluate(test, Metrics.R2)[Metrics.R2] > 0.3, $"{result}");
        });
        Assert.Contains("hidden", output);
        Assert.Matches("loss \\d+  r2 0\\.\\d+  mae \\d+(\\.\\d+)?\n$", output);
    }

    [Fact]
    public void ATrainingStepIsOneGraph() =>
        Assert.Equal("loss 1\n", ConsoleCapture.Of(() =>
        {
            Expr w = Expr.Variable("w", 3, 1), b = Expr.Variable("b", 1);
            Expr input = Expr.Variable("input", 8, 3), target = Expr.Variable("target", 8, 1);
            var loss = Square(input.MatMul(w) + b - target).Mean();
            var (next, _) = Optimizers.Sgd(0.1).Step(loss.Gradient(w, b), [], [w, b]);
            var step = new CompiledFunction([w, b, input, target], [loss, .. next]);

            var key = Key.OfSeed(1);                           // the same key, the same bits
            var results = step.Invoke(Tensor.Zeros(3, 1), Tensor.Zeros(1), key.Normal(0, 1, 8, 3), Tensor.Ones(8, 1));
            Console.WriteLine($"loss {results[0].ToDouble()}");
        }));

    [Fact]
    public void ANetworkIsTrained()
    {
        var output = ConsoleCapture.Of(() =>
        {
            var model = Model.Sequential(
                Layers.Linear(32), Layers.BatchNorm(), Layers.Relu(), Layers.Dropout(0.1), Layers.Linear(3));
            var (parameters, state) = model.Init(Key.OfSeed(1), 64, 2);
            Console.WriteLine(model.Summary(64, 2));

            Expr x = Expr.Variable("x", 64, 2), y = Expr.Variable("y", DType.I64, 64), key = Expr.Variable("key", DType.I32, 2);
            Tree<Expr> weights = parameters.Variables(), buffers = state.Variables();
            var (logits, nextBuffers) = model.Apply(weights, buffers, x, key);
            var loss = Losses.CrossEntropy(y, logits) + weights.L2Penalty(1e-4);

            var adam = Optimizers.AdamW(1e-2).Scheduled(Schedules.Cosine(1e-2, steps: 200)).ClipByGlobalNorm(1);
            var memory = adam.InitialState(parameters);
            var slots = memory.Variables();
            var (nextWeights, nextMemory) = adam.Step(loss.Gradient(weights), slots, weights);
            var training = Session.Start(
                [.. weights.Advancing(parameters, nextWeights), .. slots.Advancing(memory, nextMemory), .. buffers.Advancing(state, nextBuffers)],
                inputs: [x, y, key],
                outputs: [loss]);

            var points = Key.OfSeed(2).Uniform(-1, 1, 64, 2);
            var labels = Expr.Constant(points).ArgMax().Evaluate();           // which of the two is larger
            for (var step = 0; step < 200; step++)
            {
                training.Step(points, labels, Key.OfSeed(3).Fold(step).ToTensor());
            }

            var trained = training.Read(weights);
            var statistics = training.Read(buffers, start: weights.Count + slots.Count);
            Console.WriteLine($"loss {training.Scalar(0):0.00}, {model.Apply(trained, statistics, points).Shape}");
            Assert.InRange(training.Scalar(0), 0, 0.5);
        });
        Assert.Contains("BatchNorm1d", output);
        Assert.Matches("loss 0\\.[0-4][0-9], \\[64, 3\\]\n$", output);
    }

    [Fact]
    public void ALayerIsWritten() =>
        Assert.Equal("gate.weight, gate.bias, scale\n", ConsoleCapture.Of(() =>
        {
            var gated = Layers.Create("Gated", (scope, x) =>
            {
                var gate = scope.Run("gate", Layers.Linear(32), x);
                return gate * Functions.Sigmoid(gate) * scope.Parameter("scale", Initializers.Ones, 32);
            });
            Console.WriteLine(string.Join(", ", gated.Init(Key.OfSeed(1), 1, 8).Parameters.Paths));
        }));

    [Fact]
    public void AnExplanationReadsAsOnPaper() =>
        Assert.Contains("∂Y/∂c = ∂Y/∂d·∂d/∂c + ∂(d·c)/∂c = 3·1 + 4 = 7", ConsoleCapture.Of(() =>
        {
            Expr a = Expr.Symbol("a"), c = Expr.Symbol("c");
            var d = a + c;
            Console.WriteLine((d * c).Explain([("d", d), ("Y", d * c)], ("a", 1.0), ("c", 3.0)));
        }));

    [Fact]
    public void CodeIsReadAndWritten() =>
        Assert.Equal(
            "where(x > 0, 3·cos x, 3·x²)\nb − c, -0.7358\n"
            + "x => IIF((x > 0), (3 * Cos(x)), (3 * Pow(x, 2)))\n"
            + "public static double Slope(double x)\n{\n    return (x > 0.0 ? 3.0 * Math.Cos(x) : 3.0 * Math.Pow(x, 2.0));\n}\n",
            ConsoleCapture.Of(() =>
            {
                var scale = 3.0;
                var f = Expr.From((double x) => x > 0 ? scale * Math.Sin(x) : Math.Pow(x, 3));
                Console.WriteLine(f.Derivative("x"));                                   // where(x > 0, 3·cos x, 3·x²)

                var gradient = Calculus.Gradient((a, b, c) => (a + b) * (b - c));       // formulas, one for each parameter
                Func<double, double> slope = Calculus.CompileDerivative(x => Math.Exp(-x * x));
                Console.WriteLine($"{gradient[0]}, {slope(1):0.0000}");

                Console.WriteLine(f.Derivative("x").ToLambda(Expr.Symbol("x")));        // a LINQ expression tree
                Console.WriteLine(f.Derivative("x").ToCSharp("Slope", Expr.Symbol("x")));
            }));
}
