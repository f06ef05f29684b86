using static DL1.Functions;

namespace DL1.CSharp.Tests;

/// <summary>Models of several tensors, and losses of several parts, from C#.</summary>
public class NamedTests
{
    private sealed record Home(Expr Area, Expr District);

    private sealed record Told(Expr Price, Expr Kind);

    private static readonly Tensor areas = Key.OfSeed(1).Normal(0, 1, 60, 2);
    private static readonly Tensor districts = Tensor.Of([.. Enumerable.Range(0, 60).Select(i => i * 7 % 4L)]);
    private static readonly Tensor prices =
        Tensor.Of([.. Enumerable.Range(0, 60).Select(i => (float)(areas[i, 0] - 2 * areas[i, 1]))], 60, 1);

    private static readonly Tensor kinds = Tensor.Of([.. Enumerable.Range(0, 60).Select(i => Math.Min(2L, i * 7 % 4))]);

    private static (Expr Price, Expr Kind) Heads(Scope scope, Expr area, Expr district)
    {
        var seen = scope.Run("table", Layers.Embedding(4, 4), district);
        var hidden = scope.Run("hidden", Layers.Linear(16).Then(Layers.Relu()), Expr.Concat(1, area, seen));
        return (scope.Run("price", Layers.Linear(1), hidden), scope.Run("kind", Layers.Linear(3), hidden));
    }

    private static readonly Layer<(Expr Area, Expr District), (Expr Price, Expr Kind)> twoHeads =
        Layers.CreateOf<(Expr Area, Expr District), (Expr Price, Expr Kind)>(
            "Homes", (scope, home) => Heads(scope, home.Area, home.District));

    private static readonly Layer<Home, Told> ofRecords =
        Layers.CreateOf<Home, Told>("Homes", (scope, home) =>
        {
            var (price, kind) = Heads(scope, home.Area, home.District);
            return new Told(price, kind);
        });

    [Fact]
    public async Task TuplesTrainByFit()
    {
        var rooms = Dataset.Of((areas, districts), (prices, kinds));
        var homes = twoHeads.Fit(rooms, ((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.Mse(y.Price, o.Price) + Losses.CrossEntropy(y.Kind, o.Kind), Optimizers.Adam(1e-2), epochs: 3);
        Assert.Equal(TrainingEnd.Finished, homes.End);
        Tensor sizes = homes.PredictNamed(rooms)["1"];
        var (predictedPrice, predictedKind) = homes.PredictAs<(Tensor, Tensor)>(rooms);
        Assert.Equal(sizes, predictedPrice);
        Assert.Equal([60, 3], predictedKind.Shape);
        var homesLater = await twoHeads.FitAsync(rooms, ((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.Mse(y.Price, o.Price), Optimizers.Adam(1e-2), epochs: 1);
        Assert.Single(homesLater.History);
        Assert.Throws<DomainError>(() => rooms.Inputs);
        Assert.Throws<DomainError>(() => Dataset.Of("rooms", prices));
        Assert.Equal(12, rooms.Split(0.8, seed: 1).Second.Count);
    }

    [Fact]
    public void RecordsAndAnonymousObjectsGiveTheBitsOfTuples()
    {
        var rooms = Dataset.Of((areas, districts), (prices, kinds));
        var expected = twoHeads.Fit(
            rooms, ((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.Mse(y.Price, o.Price) + Losses.CrossEntropy(y.Kind, o.Kind),
            Optimizers.Adam(1e-2), epochs: 2);
        Dataset[] alike =
        [
            Dataset.Of(new { Area = areas, District = districts }, new { Price = prices, Kind = kinds }),
            Dataset.Named([("district", districts), ("area", areas)], [("kind", kinds), ("price", prices)]),
        ];
        Assert.All(alike, data =>
        {
            var found = ofRecords.Fit(
                data, (Told y, Told o) => Losses.Mse(y.Price, o.Price) + Losses.CrossEntropy(y.Kind, o.Kind), Optimizers.Adam(1e-2), epochs: 2);
            Assert.Equal(expected.Trained.Parameters, found.Trained.Parameters);
            Assert.Equal(expected.History[^1].Loss, found.History[^1].Loss);
        });
    }

    [Fact]
    public void PartsOfALossAreInTheHistory()
    {
        var rooms = Dataset.Of((areas, districts), (prices, kinds));
        var inParts = twoHeads.Learner([("price", 1.0, ((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.Mse(y.Price, o.Price)), ("kind", 0.5, ((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.CrossEntropy(y.Kind, o.Kind))], Optimizers.Adam(1e-2));
        var ofKind = Metrics.Accuracy.On("2");
        var ofLogits = Metrics.Accuracy.On("logits", target: "label");
        Assert.Equal("logits accuracy", ofLogits.Name);
        var homes = inParts.Fit(rooms, new TrainingOptions(
            Epochs: 40, BatchSize: 16, Validation: rooms, Metrics: [ofKind], EarlyStopping: EarlyStopping.AfterNamed(5, "validation price")));
        var last = homes.History[^1];
        Assert.Equal(["price", "kind", "validation price", "validation kind", "2 accuracy"], last.Metrics.Paths);
        Assert.Equal(last.Loss, last.Metrics["price"] + 0.5 * last.Metrics["kind"], 4);
        Assert.True(last.Metrics["2 accuracy"] > 0.9);
        double ofKinds = homes.Evaluate(rooms).Parts["kind"];
        Assert.True(ofKinds < homes.History[0].Metrics["kind"]);
        Assert.Contains("kind", homes.Evaluate(rooms, ofKind).ToString());

        var folder = Directory.CreateTempSubdirectory("dl1");
        try
        {
            var path = Path.Combine(folder.FullName, "homes.safetensors");
            homes.Save(path);
            Trained loadedHomes = twoHeads.Load(path, rooms);
            Tree<Tensor> ofHomes = loadedHomes.PredictNamed(rooms);
            var (thePrice, theKind) = loadedHomes.PredictAs<(Tensor, Tensor)>(rooms);
            Assert.Equal(ofHomes["2"], theKind);
            Assert.Equal(homes.PredictNamed(rooms)["1"], thePrice);
            double ofPrice = loadedHomes.Evaluate(rooms, inParts).Parts["price"];
            Assert.Equal(homes.Evaluate(rooms).Parts["price"], ofPrice);
        }
        finally
        {
            folder.Delete(true);
        }

        var ofPrices = twoHeads.Learner(((Expr Price, Expr Kind) y, (Expr Price, Expr Kind) o) => Losses.Mse(y.Price, o.Price), Optimizers.Adam(1e-2));
        TrainState firstOfHomes = ofPrices.Start(Key.OfSeed(1), rooms);
        Assert.Contains("price.weight", firstOfHomes.Parameters.Paths);
    }

    [Fact]
    public void ALearnerHasItsLoss()
    {
        var learner = Layers.Linear(1).Learner(Losses.Mse, Optimizers.Adam());
        Expr target = Expr.Constant(prices), output = 2 * target;
        Expr ofRows = learner.LossFunction(target, output);
        Assert.Equal(Losses.Mse(target, output), ofRows);
    }

    [Fact]
    public void DataSetsHaveNames()
    {
        var byName = Dataset.Named([("area", areas), ("district", districts)], [("price", prices)]);
        var scaled = byName.MapInput("area", area => area.Cast(DType.F64));
        Assert.Equal(DType.F64, scaled.NamedInputs["area"].DType);
        Assert.Equal(DType.I64, scaled.NamedInputs["district"].DType);
        var data = Dataset.From(areas, prices);
        var pixels = Dataset.OfInputs(data.Inputs);
        Assert.Same(pixels.Inputs, pixels.Targets);
        Assert.Equal(["area", "district"], byName.WithTargets(kinds).NamedInputs.Paths);
        Assert.Throws<DomainError>(() => byName.MapInput("size", area => area));
    }

    [Fact]
    public void ASequenceIsLearntWithTeacherForcing()
    {
        // Words are told backwards; 0 begins each answer.
        const int rows = 300, length = 3, vocabulary = 5;
        long Word(int n) => 1 + (n * 2654435761L >> 7) % (vocabulary - 1);
        long Answer(int n) => Word(n / length * length + length - 1 - n % length);
        Tensor Table(Func<int, long> of) => Tensor.Of([.. Enumerable.Range(0, rows * length).Select(of)], rows, length);
        var data = Dataset.Of((Table(Word), Table(n => n % length == 0 ? 0 : Answer(n - 1))), Table(Answer));

        var model = Layers.CreateOf<(Expr Source, Expr Before), Expr>("Seq2Seq", (scope, given) =>
        {
            var read = scope.Run("encoder", Layers.Gru(24), scope.Run("words", Layers.Embedding(vocabulary, 12), given.Source));
            var before = scope.Run("answers", Layers.Embedding(vocabulary, 12), given.Before);
            return scope.Run("decoder", Layers.GruFrom(24).Sequence().Then(Layers.Linear(vocabulary)), (before, read.Final));
        });

        var result = model.Fit(
            data, (Expr y, Expr o) => Losses.CrossEntropy(y.Reshape(-1), o.Reshape(-1, vocabulary)), Optimizers.Adam(2e-2),
            epochs: 15, batchSize: 32);
        Assert.True(result.History[^1].Loss < 0.3, $"{result.History[^1].Loss}");
    }
}
