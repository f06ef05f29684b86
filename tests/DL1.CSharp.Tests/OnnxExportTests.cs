using DL1;
using DL1.Data;
using DL1.Onnx;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace DL1.CSharp.Tests;

/// <summary>ONNX files written from C#, run by ONNX Runtime.</summary>
public sealed class OnnxExportTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("dl1");

    public void Dispose() => folder.Delete(true);

    private string At(string name) => Path.Combine(folder.FullName, name);

    private static NamedOnnxValue Value<T>(string name, Tensor t) =>
        NamedOnnxValue.CreateFromTensor(name, new DenseTensor<T>(t.ToArray<T>(), [.. t.Shape]));

    private static NamedOnnxValue Given(string name, Tensor t) =>
        t.DType == DType.F32 ? Value<float>(name, t) : t.DType == DType.F64 ? Value<double>(name, t) : Value<long>(name, t);

    private static Dictionary<string, double[]> Run(string path, params (string Name, Tensor Value)[] inputs)
    {
        using var session = new InferenceSession(path);
        using var results = session.Run([.. inputs.Select(input => Given(input.Name, input.Value))]);
        return results.ToDictionary(
            r => r.Name,
            r => r.Value is DenseTensor<double> wide ? wide.ToArray() : [.. r.AsEnumerable<float>().Select(v => (double)v)]);
    }

    private static void Near(double[] expected, double[] found, double tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        foreach (var (e, f) in expected.Zip(found)) Assert.InRange(f, e - tolerance, e + tolerance);
    }

    [Fact]
    public void DigitsAreTrainedExportedAndRunAtAnyBatch()
    {
        var (train, test) = Datasets.Digits().Split(0.8, seed: 1);
        var model = Model.Sequential(Layers.Linear(32), Layers.BatchNorm(), Layers.Relu(), Layers.Dropout(0.2), Layers.Linear(10));
        var trained = model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(1e-2), epochs: 3, seed: 1).Trained;
        var onnxPath = At("digits.onnx");
        trained.SaveOnnx(onnxPath, test.Inputs, x => x / 16, probabilities: true);
        var bytes = File.ReadAllBytes(onnxPath);
        trained.SaveOnnx(onnxPath, test.Inputs.Rows(0..1), x => x / 16, probabilities: true);
        Assert.Equal(bytes, File.ReadAllBytes(onnxPath));
        var externalPath = At("external/digits.onnx");
        Directory.CreateDirectory(At("external"));
        trained.SaveOnnx(externalPath, test.Inputs, x => x / 16, externalFrom: 1024);
        Assert.Single(Directory.GetFiles(At("external"), "digits.onnx.*.data"));
        Assert.True(new FileInfo(externalPath).Length < bytes.Length);
        Assert.Equal(trained.Parameters["0.weight"], OnnxFile.Read(externalPath).Parameters["0.weight"]);
        Near(
            trained.Predict(test.Inputs.Rows(0..3)).ToDoubles(),
            Run(externalPath, ("inputs", test.Inputs.Rows(0..3) * 16))["output"],
            1e-4);
        // The counter of batches is state of training alone.
        Assert.Contains("1.num_batches_tracked", trained.State.Paths);
        Assert.DoesNotContain("1.num_batches_tracked", System.Text.Encoding.Latin1.GetString(bytes));

        foreach (var rows in new[] { 1, 7, 64 })
        {
            var x = test.Inputs.Rows(0..rows);
            // The file takes pixels from 0 to 16.
            var found = Run(onnxPath, ("inputs", x * 16));
            Near(trained.Predict(x).ToDoubles(), found["output"], 1e-4);
            Near(trained.PredictProbabilities(x).ToDoubles(), found["probabilities"], 1e-5);
        }
    }

    [Fact]
    public void AModelOfSeveralTensorsHasTheirNames()
    {
        var twoHeads = Layers.CreateOf<(Expr Area, Expr Age), (Expr Price, Expr Kind)>("Homes", (scope, home) =>
        {
            var hidden = scope.Run("hidden", Layers.Linear(6).Then(Layers.Relu()), Expr.Concat(1, home.Area, home.Age));
            return (scope.Run("price", Layers.Linear(1), hidden), scope.Run("kind", Layers.Linear(3), hidden));
        });
        Tensor areas = Key.OfSeed(1).Normal(0, 1, 20, 2), ages = Key.OfSeed(2).Normal(0, 1, 20, 1);
        var rooms = Dataset.Of((areas, ages), (Key.OfSeed(3).Normal(0, 1, 20, 1), Tensor.Of([.. Enumerable.Range(0, 20).Select(i => i % 3L)])));
        var homes = twoHeads.Fit(
            rooms, ((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.Mse(y.Price, o.Price) + Losses.CrossEntropy(y.Kind, o.Kind),
            Optimizers.Adam(1e-2), epochs: 1).Trained;
        var homesPath = At("homes.onnx");
        homes.SaveOnnx(homesPath, rooms);
        var found = Run(homesPath, ("inputs.1", areas), ("inputs.2", ages));
        Near(homes.PredictNamed(rooms)["1"].ToDoubles(), found["output.1"], 1e-5);
        Near(homes.PredictNamed(rooms)["2"].ToDoubles(), found["output.2"], 1e-5);
    }

    [Fact]
    public void APipelineIsOneFile()
    {
        var penguins = Tables.Penguins();
        var fitted = Pipeline.Classify("species").Inputs("island", "beak_length_mm", "body_mass_g")
            .Impute(ColumnFill.Median).Scale(ColumnScaling.Standard).Model(Estimator.Logistic()).Fit(penguins);
        var pipelinePath = At("penguins.onnx");
        fitted.SaveOnnx(pipelinePath);
        var island = fitted.Inputs.Single(field => field.Name == "island").Categories.ToList();

        foreach (var rows in new[] { 1, 7, 64 })
        {
            var some = penguins.Rows([.. Enumerable.Range(0, rows).Select(i => i * 5)]);
            var places = some.Texts("island").Select(text => (long)island.IndexOf(text)).ToArray();
            var found = Run(
                pipelinePath,
                ("island", Tensor.Of(places, rows, 1)),
                ("beak_length_mm", some.Numbers(DType.F64, "beak_length_mm")),
                ("body_mass_g", some.Numbers(DType.F64, "body_mass_g")));
            Near(fitted.Probabilities(some).ToDoubles(), found["probabilities"], 1e-12);
        }

        using var session = new InferenceSession(pipelinePath);
        Assert.Equal(string.Join('\n', island), session.ModelMetadata.CustomMetadataMap["categories.island"]);
        Assert.Equal("Adelie\nChinstrap\nGentoo", session.ModelMetadata.CustomMetadataMap["classes"]);
    }

    [Fact]
    public void GraphsAndStepsAreFiles()
    {
        var a = Expr.Variable("a", DType.F64, 2);
        var b = Expr.Variable("b", DType.F64, 2);
        var graphPath = At("graph.onnx");
        Expr.SaveOnnx(graphPath, [a, b], [("sum", a + b), ("product", a * b)]);
        var found = Run(graphPath, ("a", Tensor.Of([1.0, 2.0], 2)), ("b", Tensor.Of([3.0, 4.0], 2)));
        Assert.Equal([4, 6], found["sum"]);
        Assert.Equal([3, 8], found["product"]);
        Expr.SaveOnnx(graphPath, a, x => [("doubled", x * 2)]);
        Assert.Equal([2, 4, 6], Run(graphPath, ("a", Tensor.Of([1.0, 2.0, 3.0], 3)))["doubled"]);
        Assert.Throws<DomainError>(() => Expr.SaveOnnx(graphPath, [a], [("sum", a + b)]));

        var data = new Dataset(Tensor.Of([1f, 2f, 3f, 4f], 4, 1), Tensor.Of([2f, 4f, 6f, 8f], 4, 1));
        var learner = Layers.Linear(1).Learner(Losses.Mse, Optimizers.Sgd(0.01));
        TrainState state = learner.Start(Key.OfSeed(1), data.Inputs);
        var stepPath = At("step.onnx");
        learner.SaveOnnxStep(stepPath, state, data);
        var weight = state.Parameters["weight"];
        var bias = state.Parameters["bias"];
        var before = double.MaxValue;

        for (var i = 0; i < 20; i++)
        {
            var next = Run(
                stepPath, ("inputs", data.Inputs), ("targets", data.Targets), ("parameters.weight", weight), ("parameters.bias", bias));
            Assert.True(next["loss"][0] < before, "the loss falls");
            before = next["loss"][0];
            weight = Tensor.Of([(float)next["next.parameters.weight"][0]], 1, 1);
            bias = Tensor.Of([(float)next["next.parameters.bias"][0]], 1);
        }
    }
}
