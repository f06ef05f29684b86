using System.Text.Json;
using DL1;
using DL1.Data;

namespace DL1.CSharp.Tests;

/// <summary>Pipelines, preparations and baselines as a C# user has them.</summary>
public class PipelineTests
{
    private static readonly Table penguins = Tables.Penguins();

    private static Pipeline Logistic() =>
        Pipeline.Classify("species").Inputs().Impute(ColumnFill.Median).Scale(ColumnScaling.Standard).Model(Estimator.Logistic());

    [Fact]
    public void APipelineIsCrossValidatedSearchedAndKept()
    {
        var pipeline = Logistic();
        var scores = pipeline.CrossValidate(penguins, folds: 5, seed: 1, Metrics.Accuracy);
        Assert.True(scores.Mean("accuracy") > 0.97, scores.ToString());
        var trials = HyperSearch.Grid(("c", Ranges.Among(0.01, 1))).Search(s => pipeline.Model(Estimator.Logistic(s.Number("c"))), penguins, Metrics.Accuracy);
        Assert.Equal(1, trials.Best().Setting.Number("c"));
        var (train, test) = penguins.SplitStratified("species", 0.7, seed: 1);
        var fitted = pipeline.Fit(train);
        Assert.Equal(fitted.ToBytes(), pipeline.Fit(train).ToBytes());
        var again = FittedPipeline.OfBytes(fitted.ToBytes());
        TableRow third = test.Row(2);
        Assert.Equal(fitted.PredictTable(test)[2].Class, again.Predict(third).Class);
        Assert.Throws<DomainError>(() => test.Row(test.RowCount));
        var sure = fitted.Interval(test, Metrics.Accuracy, repeats: 100);
        Assert.InRange(sure.Estimate, sure.Lower, sure.Upper);
        var fields = fitted.Importances(test, Metrics.Accuracy, repeats: 3);
        Assert.Equal("beak_length_mm", fields.MaxBy(f => f.Mean)!.Name);
        Assert.Equal(fitted.PredictClasses(test), fitted.Calibrated(test).PredictClasses(test));
        var folds = pipeline.CrossValidate(penguins.FoldsStratified("species", 3, seed: 2), Metrics.Accuracy, Metrics.F1);
        Assert.Equal(["accuracy", "f1"], folds.Names);
    }

    public sealed record Penguin(string Island, double? BeakLength, int Mass);

    [Fact]
    public void ARowIsARecordAnAnonymousObjectOrADictionary()
    {
        var known = penguins.Rename("beak_length_mm", "BeakLength").Rename("body_mass_g", "mass");
        var fitted = Pipeline.Classify("species").Inputs("island", "BeakLength", "mass")
            .Impute(ColumnFill.Mean).Scale(ColumnScaling.Standard).Model(Estimator.Logistic()).Fit(known);
        var one = fitted.Predict(new Penguin("Biscoe", 48.5, 5200));
        Assert.Equal("Gentoo", one.Class);
        Assert.Equal(one.ToString(), fitted.Predict(new { island = "Biscoe", beaklength = 48.5, mass = 5200L }).ToString());
        Assert.Equal(one.ToString(), fitted.Predict(new Dictionary<string, object> { ["island"] = "Biscoe", ["BeakLength"] = 48.5m, ["mass"] = 5200 }).ToString());
        Assert.Equal(3, fitted.Predict(new Penguin("Biscoe", null, 5200)).Probabilities.Count);
        var error = Assert.Throws<DomainError>(() => fitted.Predict(new Penguin("Atlantis", 48.5, 5200)));
        Assert.Contains("'Atlantis' for the field 'island'", error.Message);
        Assert.Contains("Biscoe, Dream, Torgersen", error.Message);
        Assert.Throws<ArgumentNullException>(() => fitted.Predict(null!));
        Assert.Equal(["BeakLength", "mass", "island"], fitted.Inputs.Select(field => field.Name));
        var problem = Assert.Single(fitted.Check(new Penguin("Atlantis", 48.5, 5200)));
        Assert.Equal(("island", "Atlantis", true), (problem.Field.Name, problem.Value, problem.Fault.IsUnknownCategory));
        Assert.Equal("'Atlantis' for the field 'island'; expected: one of: Biscoe, Dream, Torgersen", problem.ToString());
    }

    [Fact]
    public void APipelineEndsInANetwork()
    {
        var small = Layers.Linear(8).Then(Layers.Relu()).Then(Layers.Linear(3));
        var net = Estimator.Network(small.Learner(Losses.CrossEntropy, Optimizers.Adam(0.02)), new TrainingOptions(Epochs: 30));
        var fitted = Logistic().Model(net).Fit(penguins);
        Assert.True(fitted.Evaluate(penguins, Metrics.Accuracy)[0].Value > 0.97);
        // Two classes by one output: labels as they are.
        var sexed = penguins.Complete("sex");
        var single = Layers.Linear(8).Then(Layers.Relu()).Then(Layers.Linear(1));
        var two = Pipeline.Classify("sex").Inputs().Impute(ColumnFill.Mean).Scale(ColumnScaling.Standard)
            .Feature("index", row => row["body_mass_g"] / row["flipper_length_mm"])
            .Model(Estimator.Network(single.Learner(Losses.BceWithLogits, Optimizers.Adam(0.02)), new TrainingOptions(Epochs: 30)))
            .Fit(sexed);
        Assert.True(two.Evaluate(sexed, Metrics.Accuracy)[0].Value > 0.85);
        Assert.Equal(two.PredictClasses(sexed), FittedPipeline.OfBytes(two.ToBytes()).PredictClasses(sexed));
    }

    [Fact]
    public void LabelsOfTwoClassesBesideOneScore()
    {
        var x = Tensor.From(new float[,] { { -2 }, { -1 }, { 1 }, { 2 } });
        foreach (var labels in new[] { Tensor.Of([false, false, true, true]), Tensor.Of([0L, 0, 1, 1]), Tensor.Of([0, 0, 1, 1]) })
        {
            var result = Layers.Linear(1).Fit(Dataset.From(x, labels), Losses.BceWithLogits, Optimizers.Sgd(1), epochs: 20, metrics: [Metrics.Accuracy]);
            Assert.Equal(1, Metrics.Accuracy.Of(labels, result.Trained.Predict(x)));
            Assert.Equal(1, Metrics.Accuracy.Of(labels, result.Trained.Predict(x).Reshape(4)));
        }
    }

    [Fact]
    public void ProbabilitiesAreMeasuredAndCalibrated()
    {
        var truths = Tensor.Of([0L, 1, 0, 1, 1]);
        var chances = Tensor.Of([0.1, 0.6, 0.7, 0.9, 0.8]);
        var logits = Tensor.Of([-2.2, 0.4, 0.8, 2.2, 1.4]);
        var reliability = Metrics.Reliability(truths, chances, bins: 4);
        Assert.Equal(5, reliability.Sum(bin => bin.Count));
        var confidence = Metrics.Confidence(truths, chances);
        Assert.Equal(5, confidence.Sum(bin => bin.Count));
        double gap = Metrics.ExpectedCalibrationError(truths, chances);
        double worst = Metrics.LargestCalibrationError(truths, chances);
        Assert.True(gap <= worst);
        double temperature = Metrics.Temperature(truths, logits);
        Assert.True(temperature > 0);
        var interval = Metrics.Accuracy.Interval(truths, logits, level: 0.9);
        Assert.Equal(0.8, interval.Estimate, 1e-12);
        var ofNine = ScoreInterval.OfProportion(9, 10);
        Assert.Equal("0.9 (0.5958 to 0.9821)", ofNine.ToString());
        var ofThree = ScoreInterval.OfMean([0.91, 0.93, 0.92]);
        Assert.Equal("0.92 (0.8952 to 0.9448)", ofThree.ToString());
        var labels = Tensor.Of([0L, 1, 2, 2]);
        var scores = Tensor.From(new double[,] { { 3, 1, 0 }, { 0, 2, 1 }, { 0, 2, 1 }, { 0, 1, 2 } });
        var curves = Metrics.RocOneVsRest(labels, scores);
        Assert.Equal(3, curves.Count);
        var twins = Dataset.From([1.0, 2, 3], [1.0, 2, 3]);
        var worth = Metrics.Importances(Metrics.R2, x => x, twins, repeats: 3);
        Assert.Equal(3, worth[0].Drops.Count);
    }

    [Fact]
    public void Preparations()
    {
        var x = Tensor.From(new double[,] { { 1, 10 }, { 2, 20 }, { 3, 40 }, { 4, double.NaN } });
        var power = PowerTransform.YeoJohnson(x);
        Assert.Equal(2, power.Powers.Count);
        Assert.True(double.IsNaN(power.Apply(x).ToDoubles()[7]));
        var quantiles = QuantileTransform.Uniform(x);
        Assert.Equal([0, 0, 1.0 / 3, 0.5, 2.0 / 3, 1, 1, double.NaN], quantiles.Apply(x).ToDoubles().Select(v => Math.Round(v * 6) / 6));
        Assert.Equal([1.0, 0.5], Scaler.MaxAbs(x).Apply(x).Row(3).ToDoubles().Take(1).Append(Scaler.MaxAbs(x).Apply(x).Row(1).ToDoubles()[1]));
        var told = Imputer.Constant(x, 7).Indicating(x).Apply(x);
        Assert.Equal([4.0, 7, 1], told.Row(3).ToDoubles());
        Assert.Throws<DomainError>(() => PowerTransform.BoxCox(Tensor.From(new double[,] { { 0 }, { 1 } })));
        Assert.Throws<DomainError>(() => QuantileTransform.Normal(x, quantiles: 1));
    }

    [Fact]
    public void Baselines()
    {
        var x = Tensor.From(new double[,] { { 0 }, { 1 }, { 2 }, { 3 }, { 4 } });
        var y = Tensor.Of([1.0, 3, 5, 7, 9.5]);
        var ridge = Ridge.Fit(x, y, penalty: 0);
        Assert.Equal(2.1, ridge.Weights.ToDoubles()[0], 1e-9);
        var coefficients = ridge.Coefficients(names: "x");
        Assert.Equal(["intercept", "x"], coefficients.Select(c => c.Name));
        Assert.All(coefficients, c => Assert.InRange(c.Estimate, c.Lower, c.Upper));
        var labels = Tensor.Of([0L, 0, 1, 0, 1]);
        var logistic = DL1.Data.Logistic.Fit(x, labels);
        Assert.All(logistic.Coefficients(0.9, 0, "x"), c => Assert.InRange(c.Estimate, c.Lower, c.Upper));
        Assert.Equal([5, 2], logistic.Probabilities(x).Shape);
        Assert.Equal([0.0, 0, 0, 1, 1], Neighbours.Classify(x, Tensor.Of([0L, 0, 0, 1, 1]), count: 1).Predict(x).ToDoubles());
        Assert.Equal([0.0, 0, 0, 1, 1], NaiveBayes.Fit(x, Tensor.Of([0L, 0, 0, 1, 1])).Predict(x).ToDoubles());
        var means = KMeans.Fit(x, 2, Key.OfSeed(1));
        Assert.Equal(2, means.Predict(x).ToDoubles().Distinct().Count());
        var components = PrincipalComponents.Fit(Tables.Iris().Numbers(DType.F64, "sepal_length_cm", "petal_length_cm"), 1);
        Assert.True(components.Apply(Tables.Iris().Numbers(DType.F64, "sepal_length_cm", "petal_length_cm")).Size == 150);
        // Each is an expression, too.
        var rows = Expr.Variable("rows", DType.F64, 5, 1);
        var expressed = ridge.Express(rows).Evaluate(("rows", x)).ToDoubles();
        Assert.All(ridge.Predict(x).ToDoubles().Zip(expressed), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    [Fact]
    public void PredictionsAreJson()
    {
        var birds = Tables.Penguins().Complete("body_mass_g");
        var species = Pipeline.Classify("species").Numbers("body_mass_g").Model(Estimator.Logistic()).Fit(birds).PredictTable(birds)[0];
        var mass = Pipeline.Regress("body_mass_g").Numbers("flipper_length_mm").Model(Estimator.Ridge()).Fit(birds).PredictTable(birds)[0];
        var ofClass = JsonSerializer.Serialize(species, JsonSerializerOptions.Web);
        Assert.StartsWith("{\"class\":\"" + species.Class + "\",\"probabilities\":{\"Adelie\":", ofClass);
        Assert.DoesNotContain("NaN", ofClass);
        Assert.Equal("{\"Value\":" + mass.Value.ToString("R", System.Globalization.CultureInfo.InvariantCulture) + "}", JsonSerializer.Serialize(mass));
        foreach (var prediction in new[] { species, mass })
        {
            var again = JsonSerializer.Deserialize<Prediction>(JsonSerializer.Serialize(prediction))!;
            Assert.Equal(JsonSerializer.Serialize(prediction), JsonSerializer.Serialize(again));
            Assert.Equal((prediction.Value, prediction.Class), (again.Value, again.Class));
        }

        foreach (var wrong in new[] { "[]", "{}", "{\"Value\":\"x\"}", "{\"Class\":\"a\"}", "{\"Class\":1,\"Probabilities\":{}}", "{\"Class\":\"a\",\"Probabilities\":{\"a\":[]}}" })
            Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Prediction>(wrong));
    }
}
