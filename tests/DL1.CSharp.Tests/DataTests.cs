using DL1;
using DL1.Data;

namespace DL1.CSharp.Tests;

/// <summary>Rows to learn from, as a C# user makes, splits, scales and encodes them.</summary>
public class DataTests
{
    private static readonly Dataset Irises = Datasets.Iris();

    /// <summary>Ten rows whose input is their number, of classes 0 and 1 in turn.</summary>
    private static readonly Dataset Ten = new(
        Tensor.Of([.. Enumerable.Range(0, 10).Select(i => (float)i)], 10, 1),
        Tensor.Of([.. Enumerable.Range(0, 10).Select(i => (long)(i % 2))]));

    private static double[] Numbers(Dataset data) => data.Inputs.ToDoubles();

    [Fact]
    public void ADataSetComesApart()
    {
        var data = Dataset.From([0.0, 1.0, 2.0], [0.0, 1.0, 4.0]);
        var (inputs, targets) = data;
        Assert.Equal((data.Inputs, data.Targets), (inputs, targets));
    }

    [Fact]
    public void WhatIsShownIsRead()
    {
        // Nothing of F#'s own notation for records and unions, {Name = value} or Some 1, on a C# console.
        var x = Expr.Symbol("x");
        var train = Dataset.From(new double[,] { { 1, 2 }, { 3, 6 } }, new[] { 0, 1 });
        var learner = Layers.Linear(2).Learner(Losses.CrossEntropy, Optimizers.Adam());
        var grid = HyperSearch.Grid(("rate", Ranges.Among(0.1, 0.01)));
        Assert.Equal("(x − 2) / 1, (x − 4) / 2", Scaler.Standard(train.Inputs).ToString());
        Assert.Equal("3 texts: b, missing, a", Tables.FromCsv("n,t\n1,b\n2,\n3,a\n")["t"].ToString());
        Assert.Equal("3 numbers: 1, missing, 3", Tables.FromCsv("n,t\n1,b\n,c\n3,a\n")["n"].ToString());
        Assert.Equal("0 a, 1 b", Tables.FromCsv("n,t\n1,b\n3,a\n").Categories("t").ToString());
        Assert.Equal("one of 0.1, 0.01", Ranges.Among(0.1, 0.01).ToString());
        Assert.Equal("from 0.0001 to 1, uniform in the logarithm", Ranges.LogUniform(1e-4, 1).ToString());
        Assert.Equal("from 0 to 0.5", Ranges.Uniform(0, 0.5).ToString());
        Assert.Equal("a whole number from 1 to 8", Ranges.Whole(1, 8).ToString());
        Assert.Equal("0: rate=0.1 with budget 1: score 0.5", grid.Run((_, _) => 0.5)[0].ToString());
        Assert.Equal("after 5 epochs without a better loss, the best restored", EarlyStopping.After(5).ToString());
        Assert.Equal("2 threads, dynamic code, no checks", new CompileOptions(2, true, false).ToString());
        Assert.Equal("batches of 64, shuffled", new BatchOptions(64, true, false, null).ToString());
        Assert.Equal("tolerance 1E-08, at most 10 iterations", new MinimizerOptions(1e-8, 10).ToString());
        Assert.Equal("at most 9 epochs, patience 2, tolerance 0.5", new StopRule(9, 2, 0.5).ToString());
        Assert.Equal("4 points from (0, 0) to (1, 1)", Metrics.Roc(Tensor.Of([0, 1, 0]), Tensor.Of([0.1, 0.9, 0.5])).ToString());
        Assert.Equal("Linear(2) by Adam, f32", learner.ToString());
        Assert.Equal(
            "after 0 steps: 6 parameters, 0 numbers of state, 13 of the optimizer",
            learner.Start(Key.OfSeed(1), train.Inputs).ToString());
        Assert.StartsWith("0 after ", (x - 2).Pow(2).MinimizeByBfgs([(x, 0.0)]).ToString());
        Assert.StartsWith("SGD: came to rest after ", Descent.Run((x - 2).Pow(2), Optimizers.Sgd(0.1), [(x, 5)]).ToString());
        Assert.Equal("a transformation", Transforms.ClipByNorm(1).ToString());
        Assert.EndsWith("0.1", learner.FindRate(train, steps: 3).ToString());
        Assert.Equal("x: f64 []", ((Node<Expr>.Variable)x.Node).Item.ToString());
        Assert.Equal(
            Metrics.Confusion(Tensor.Of([0, 1]), Tensor.Of([1, 1])).ToString(),
            Metrics.Confusion(Tensor.Of([0, 1]), Tensor.Of([1, 1])).Report());
    }

    [Fact]
    public void ASingleScoreARowIsOfTwoClasses()
    {
        var scores = Tensor.Of([-3f, 3f, 2f, -1f], 4, 1);
        var labels = Tensor.Of([0L, 1L, 1L, 1L]);
        Assert.Equal(0.75, Metrics.Accuracy.Of(labels, scores));
        Assert.Equal(0.75, Metrics.Confusion(labels, scores).Accuracy);
        Assert.Equal(0.75, Metrics.Confusion(Tensor.Of([0f, 1f, 1f, 1f], 4, 1), scores).Accuracy);

        var (train, test) = Datasets.BreastCancer().Split(0.8, seed: 1, stratified: true);
        var scaler = Scaler.Standard(train.Inputs);
        Dataset Ready(Dataset data) =>
            Dataset.From(scaler.Apply(data.Inputs), data.Targets.Cast(DType.F32).Reshape(-1, 1));
        var trained = Layers.Linear(1).Fit(
            Ready(train), Losses.BceWithLogits, Optimizers.Adam(1e-2), epochs: 20, metrics: [Metrics.Accuracy]).Trained;
        var accuracy = trained.Evaluate(Ready(test), Losses.BceWithLogits, Metrics.Accuracy)[Metrics.Accuracy];
        Assert.True(accuracy > 0.93, $"{accuracy}");
        var predicted = trained.PredictLabels(Ready(test).Inputs);
        Assert.Equal(accuracy, Metrics.Confusion(test.Targets, predicted).Accuracy, 1e-12);
        Assert.Equal(predicted[0], trained.PredictLabel(Ready(test).Inputs.Row(0).ToArray<float>()));
    }

    [Fact]
    public void APartIsToldAsItWasGiven()
    {
        var data = Datasets.Iris();
        Assert.Contains("the part 80", Assert.Throws<DomainError>(() => data.Split(80)).Given);
        Assert.Throws<ShapeError>(() => data.WithTargets(data.Targets.Cast(DType.F32)).Split(0.8, stratified: true));
    }

    [Fact]
    public void ADatasetIsMadeOfArrays()
    {
        var made = Dataset.From(Tensor.Zeros(4, 2), Tensor.Ones(4, 1));
        Assert.Equal(4, made.Count);
        var classes = Dataset.From(new double[,] { { 1, 2 }, { 3, 4 } }, new[] { 0, 1 });
        var pairs = Dataset.From(new float[,] { { 1, 2 }, { 3, 4 } }, new[] { 0, 1 });
        Assert.Equal(classes.Inputs, pairs.Inputs);
        Assert.Equal((DType.F32, DType.I64), (classes.Inputs.DType, pairs.Targets.DType));
        var prices = Dataset.From(new double[,] { { 1, 2 }, { 3, 4 } }, new[] { 0.5, 0.7 });
        var values = Dataset.From(new float[,] { { 1, 2 }, { 3, 4 } }, new[] { 0.5f, 0.7f });
        Assert.Equal(prices.Targets, values.Targets);
        Assert.Equal(Shape.Of([2, 1]), prices.Targets.Shape);
        var curve = Dataset.From([0.0, 1.0, 2.0], [0.0, 1.0, 4.0]);
        Assert.Equal("3 rows: inputs f32 [3, 1], targets f32 [3, 1]", curve.ToString());
        var error = Assert.Throws<ShapeError>(() => Dataset.From(new float[,] { { 1, 2 } }, new[] { 0, 1 }));
        Assert.Contains("1 rows of inputs", error.Given);
    }

    [Fact]
    public void RowsAreSplit()
    {
        var data = Ten;
        var (train, test) = data.Split(0.8, seed: 1);
        Assert.Equal((8, 2), (train.Count, test.Count));
        Assert.Equal(Numbers(data), Numbers(train).Concat(Numbers(test)).Order());
        Assert.Equal(Numbers(test), Numbers(data.Split(0.8, seed: 1).Second));
        Assert.NotEqual(Numbers(train), Numbers(data.Split(0.8, seed: 2).First));

        var (kept4, held4) = data.Split(0.6, seed: 1, stratified: true);
        Assert.Equal(2, held4.Targets.ToDoubles().Sum());
        Assert.Equal(3, kept4.Targets.ToDoubles().Sum());

        var (toLearn, toChoose, toJudge) = data.Split(validation: 0.2, test: 0.2, seed: 1);
        Assert.Equal((6, 2, 2), (toLearn.Count, toChoose.Count, toJudge.Count));
        var swapped = Assert.Throws<DomainError>(() => Datasets.Digits().Split(0.8, 0.1, 1));
        Assert.Contains("validation 0.1 and test 0.1", swapped.Cure);
        var (most, tenth, lastTenth) = Datasets.Digits().Split(validation: 0.1, test: 0.1, seed: 1);
        Assert.Equal((1437, 180, 180), (most.Count, tenth.Count, lastTenth.Count));

        var pairs = Dataset.From(new double[100, 1], [.. Enumerable.Range(0, 100).Select(i => i / 2)]);
        var (nine, one) = pairs.Split(0.9, seed: 1, stratified: true);
        Assert.Equal((90, 10, 10), (nine.Count, one.Count, one.Targets.ToDoubles().Distinct().Count()));
        Assert.Throws<DomainError>(() => data.Split(1.2));

        var seen = new List<double>();
        foreach (var (kept, held) in data.Folds(5, seed: 1))
        {
            Assert.Equal(8, kept.Count);
            seen.AddRange(Numbers(held));
        }

        Assert.Equal(Numbers(data), seen.Order());
        Assert.All(data.Folds(5, stratified: true), fold => Assert.Equal(1, fold.Held.Targets.ToDoubles().Sum()));
    }

    [Fact]
    public void RowsAreChosenAndOrdered()
    {
        var data = Ten;
        var few = data.Rows([2, 0]);
        Assert.Equal([2, 0], Numbers(few));
        var first = data.Take(10);
        Assert.Equal(10, first.Count);
        var others = data.Skip(10);
        Assert.Equal(0, others.Count);
        Assert.Equal([8, 9], Numbers(data.Skip(8)));
        Assert.Empty(Numbers(data.Skip(11)));
        var mixed = data.Shuffle(seed: 1);
        Assert.NotEqual(Numbers(data), Numbers(mixed));
        Assert.Equal(Numbers(data), Numbers(mixed).Order());
        var twice = data.Append(data);
        Assert.Equal(20, twice.Count);
        var copied = data.WithTargets(data.Inputs);
        Assert.Equal(copied.Inputs, copied.Targets);
        var half = data.MapInputs(x => Tensor.Full(DType.F32, 0.5, [.. x.Shape]));
        Assert.Equal(0.5, Numbers(half)[3]);
        data = Datasets.Digits().Take(3);
        var images = data.WithInputs(data.Inputs.Reshape(-1, 1, 8, 8));
        Assert.Equal(Shape.Of([3, 1, 8, 8]), images.Inputs.Shape);
        Assert.Throws<ShapeError>(() => data.Inputs.Reshape(-1, 5));
        Assert.Throws<ShapeError>(() => data.Inputs.Reshape(-1, -1));
        Assert.Throws<DomainError>(() => data.Rows([3]));
    }

    [Fact]
    public void TypesAndKeysAreCompared()
    {
        Assert.True(Irises.Inputs.DType == DType.F32 && Irises.Targets.DType != DType.F32);
        Assert.True(Key.OfSeed(1) == Key.OfSeed(1) && Key.OfSeed(1) != Key.OfSeed(2));
    }

    [Fact]
    public void RowsComeInBatches()
    {
        var data = Irises;
        var count = 0;
        foreach (var batch in data.Batches(64, seed: 1, epoch: 3))
        {
            count += batch.Count;
        }

        Assert.Equal(150, count);
        Assert.Equal([64, 64], data.Batches(64, dropLast: true).Select(b => b.Count));
        Assert.Equal(Numbers(data), data.Batches(64, shuffle: false).SelectMany(Numbers));
        Assert.NotEqual(Numbers(data.Batches(64).First()), Numbers(data.Batches(64, epoch: 1).First()));
        Assert.Throws<DomainError>(() => data.Batches(0).ToList());
    }

    [Fact]
    public void DataSetsHaveNames()
    {
        var digits = Datasets.Digits();
        Assert.Equal("1797 rows: inputs f32 [1797, 64], targets i64 [1797]", digits.ToString());
        Assert.Equal((0, 1), (digits.Inputs.ToDoubles().Min(), digits.Inputs.ToDoubles().Max()));
        var irises = Datasets.Iris();
        Assert.Equal(Shape.Of([150, 4]), irises.Inputs.Shape);
        var wines = Datasets.Wine();
        Assert.Equal(2, wines.Targets.ToDoubles().Max());
        var tumours = Datasets.BreastCancer();
        Assert.Equal(212, tumours.Targets.ToDoubles().Sum());
        var patients = Datasets.Diabetes();
        Assert.Equal(Shape.Of([442, 1]), patients.Targets.Shape);
        var penguins = Datasets.Penguins();
        Assert.Contains(double.NaN, penguins.Inputs.ToDoubles());
        Assert.Equal(Shape.Of([344, 4]), penguins.Inputs.Shape);
        Tensor co2 = Datasets.Co2();
        Assert.Equal(315.7, co2[0, 0], 1e-3);
        string novel = Datasets.MobyDick();
        Assert.Contains("Call me Ishmael.", novel);
        var folder = Path.Combine(Path.GetTempPath(), "no such folder");
        Assert.Throws<FormatError>(() =>
        {
            var (clothes, heldClothes) = Datasets.FashionMnist(folder);
        });
        Assert.Equal("DL1_FASHION", Datasets.FashionVariable);
        var (someClothes, otherClothes) = Datasets.FashionMnistSmall();
        Assert.Equal((6000, 1000), (someClothes.Count, otherClothes.Count));
        string boot = Datasets.FashionClasses[9];
        Assert.Equal("ankle boot", boot);
    }

    [Fact]
    public void TablesHaveNames()
    {
        Table diabetes = Tables.Diabetes();
        Table iris = Tables.Iris();
        Table wine = Tables.Wine();
        Table breastCancer = Tables.BreastCancer();
        Table penguinTable = Tables.Penguins();
        Table digitTable = Tables.Digits();
        Table months = Tables.Co2();
        Assert.Equal(
            [442, 150, 178, 569, 344, 1797],
            new[] { diabetes, iris, wine, breastCancer, penguinTable, digitTable }.Select(t => t.RowCount));
        Assert.Equal(["Date", "CO2", "adjusted CO2"], months.Names);
        Assert.Equal(["setosa", "versicolor", "virginica"], iris.Categories("species").Names);
        var bmi = diabetes.ForRegression("progression", "bmi", "age");
        Assert.Equal(Shape.Of([442, 2]), bmi.Inputs.Shape);
        Assert.Equal(Shape.Of([344, 4]), penguinTable.Inputs("island", "body_mass_g").Shape);
    }

    [Fact]
    public void TablesAreEncodedAsTheTrainingRowsWere()
    {
        var (known, later) = Tables.Penguins().Split(0.8, seed: 1);
        Assert.Equal((275, 69), (known.RowCount, later.RowCount));
        TableEncoder encoder = known.Encoder("island", "body_mass_g");
        Assert.Equal(["island=Biscoe", "island=Dream", "island=Torgersen", "body_mass_g"], encoder.Names);
        var labels = known.Categories("species");
        var imputer = Imputer.Mean(encoder.Apply(known));
        var scaler = Scaler.Standard(encoder.Apply(known));
        Dataset Rows(Table table) => new(scaler.Apply(imputer.Apply(encoder.Apply(table))), labels.Labels(table.Texts("species")));
        var result = Layers.Linear(3).Fit(Rows(known), Losses.CrossEntropy, Optimizers.Adam(0.1), epochs: 20, metrics: [Metrics.Accuracy]);
        Assert.True(result.Evaluate(Rows(later), Metrics.Accuracy)[Metrics.Accuracy] > 0.7, $"{result}");

        var atSea = Tables.FromCsv("body_mass_g,island\n4000,Atlantis\n");
        Assert.Contains("line 2, column 'island'", Assert.Throws<DomainError>(() => encoder.Apply(atSea)).Message);
        Assert.Equal([0, 0, 0, 4000], encoder.IgnoringUnknown().Apply(atSea).ToDoubles());
        var kept = TableEncoder.Of(encoder.Columns.Select(c => new EncodedColumn(c.Name, [.. c.Categories])));
        Assert.Equal(encoder.Apply(known.Rows([2, 0])), kept.Apply(known.Rows([2, 0])));
    }

    [Fact]
    public async Task TablesAreRead()
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, "a,b\n1,x\n2,y\n", new System.Text.UTF8Encoding(true));
        var table = Tables.ReadCsv(path);
        var tableLater = await Tables.ReadCsvAsync(path);
        Assert.Equal(table.Names, tableLater.Names);
        Assert.Equal([1, 2], tableLater.Values("a"));
        File.Delete(path);
        await Assert.ThrowsAsync<FormatError>(() => Tables.ReadCsvAsync(path));
        var scoresTable = Tables.FromCsv("name,score\nAda,9.5\nBob,7\n");
        Assert.Equal([0, 1], scoresTable.Labels("name").ToDoubles());
    }

    [Fact]
    public void ColumnsAreScaled()
    {
        var (train, test) = Irises.Split(0.8, seed: 1);
        var scaler = Scaler.Standard(train.Inputs);
        Tensor scaled = scaler.Apply(test.Inputs);
        Dataset scaledTest = scaler.Apply(test);
        Assert.Equal(scaled, scaledTest.Inputs);
        Tensor natural = scaler.Invert(scaled);
        Assert.True(natural.AllClose(test.Inputs, 1e-5, 1e-6));
        Assert.Equal(0, scaler.Apply(train.Inputs).ToDoubles().Average(), 1e-6);
        IReadOnlyList<double> means = scaler.Shifts;
        IReadOnlyList<double> deviations = scaler.Divisors;
        Assert.Equal(4, means.Count);
        Assert.All(deviations, d => Assert.True(d > 0));
        var again = Scaler.Of(scaler.Shifts, scaler.Divisors);
        Assert.Equal(scaled, again.Apply(test.Inputs));
        var toUnit = Scaler.MinMax(train.Inputs);
        Assert.Equal((0, 1), (toUnit.Apply(train.Inputs).ToDoubles().Min(), toUnit.Apply(train.Inputs).ToDoubles().Max()));
        var robust = Scaler.Robust(train.Inputs);
        var toOne = Scaler.MaxAbs(train.Inputs);
        Assert.All(toOne.Shifts, shift => Assert.Equal(0, shift));
        Assert.Equal(0, robust.Apply(train.Inputs).ToDoubles().Where((_, i) => i % 4 == 0).Order().ElementAt(60), 0.2);
        Assert.Throws<ShapeError>(() => scaler.Apply(Tensor.Zeros(2, 3)));
    }

    [Fact]
    public void MissingValuesAreFilledIn()
    {
        var penguins = Datasets.Penguins();
        var imputer = Imputer.Median(penguins.Inputs);
        Tensor whole = imputer.Apply(penguins.Inputs);
        Assert.DoesNotContain(double.NaN, whole.ToDoubles());
        Dataset complete = imputer.Apply(penguins);
        Assert.Equal(whole, complete.Inputs);
        IReadOnlyList<double> medians = imputer.Values;
        Assert.Equal(4050, medians[3]);
        var same = Imputer.Of(imputer.Values);
        Assert.Equal(whole, same.Apply(penguins.Inputs));
        var byMean = Imputer.Mean(penguins.Inputs);
        var byCount = Imputer.Commonest(penguins.Inputs);
        var byZero = Imputer.Constant(penguins.Inputs, 0);
        Assert.All(byZero.Values, value => Assert.Equal(0, value));
        var telling = imputer.Indicating(penguins.Inputs);
        Assert.Equal(8, telling.Apply(penguins.Inputs).Shape[1]);
        Assert.NotEqual(byMean.Values, byCount.Values);
        string shown = imputer.ToString();
        Assert.EndsWith(", 4050", shown);
    }

    [Fact]
    public void TextsBecomeNumbers()
    {
        var categories = Categories.Of(["b", "a", "b"]);
        Tensor numbered = categories.Labels(["a", "b"]);
        Assert.Equal([0, 1], numbered.ToDoubles());
        Tensor columns = categories.OneHot(["a", ""]);
        Assert.Equal([1, 0, 0, 0], columns.ToDoubles());
        Tensor byName = categories.Weights(("b", 5));
        Assert.Equal([1, 5], byName.ToDoubles());
        var labels = Tensor.Of([0L, 0, 0, 1]);
        Tensor balanced = labels.BalancedWeights(2);
        Assert.Equal([2f / 3, 2], balanced.ToArray<float>());
        Tensor wide = Tensor.Beside(Tensor.Zeros(2, 3), columns);
        Assert.Equal(Shape.Of([2, 5]), wide.Shape);
        Assert.Throws<DomainError>(() => categories.Labels(["c"]));

        var letters = Vocabulary.Characters("abca");
        Assert.Equal("cab", letters.Decode(letters.Encode("cab")));
        Dataset next = letters.Examples("abcabcabc", length: 4);
        Assert.Equal(Shape.Of([2, 4]), next.Inputs.Shape);
        Assert.Equal(next.Inputs[0, 1], next.Targets[0, 0]);
        var vocabulary = Vocabulary.Words("the cat, the dog", most: 1000);
        Assert.Equal("the", vocabulary.Pieces[1]);
    }

    [Fact]
    public void WordsStandNearOthers()
    {
        var cats = Vocabulary.WordsOf(["The cat, the dog", "a cat"], lowerCase: true, punctuation: false);
        Assert.Equal(["�", "cat", "the", "a", "dog"], cats.Pieces);
        Dataset near = cats.SkipGrams(["the cat", "the dog"], window: 2, negatives: 1);
        Assert.Equal("4 rows: inputs 1 i64 [4], 2 i64 [4, 2], targets f32 [4, 2]", near.ToString());
        var vectors = Tensor.From(new double[,] { { 0, 0 }, { 1, 1 }, { 0, 1 }, { 1, 0 }, { 1, 0.9 } });
        IReadOnlyList<Neighbour> nearest = cats.Nearest(vectors, "cat", count: 2);
        Assert.Equal(["dog", "the"], nearest.Select(n => n.Word));
        IReadOnlyList<Neighbour> answers = cats.Analogy(vectors, "the", "cat", "dog", count: 1);
        Assert.Equal("a", answers.Single().Word);
        Assert.Throws<DomainError>(() => cats.Nearest(vectors, "whale"));
        Assert.Throws<DomainError>(() => Attentions.IsToken(Expr.Variable("t", DType.I64, 2, 3), cats.Padding));
    }

    [Fact]
    public void RowsAreChosenByTheirTargets()
    {
        var data = Dataset.From(new double[,] { { 0 }, { 1 }, { 2 }, { 3 } }, new[] { 0, 1, 2, 0 });
        Dataset firstTwo = data.Where(label => label < 2);
        Assert.Equal([0, 1, 3], firstTwo.Inputs.ToDoubles());
        Dataset twoKinds = data.OfClasses(2, 0);
        Assert.Equal([1, 0, 1], twoKinds.Targets.ToDoubles());
        Dataset fewOfEach = data.TakeOfEach(1);
        Assert.Equal([0, 1, 2], fewOfEach.Inputs.ToDoubles());
    }

    [Fact]
    public void TextsOfDifferentLengthsBecomeOneTensor()
    {
        var bounded = Vocabulary.CharactersOf(["abc", "ca"], bounds: true);
        Assert.Equal("cab", bounded.Decode(bounded.Encode("cab")));
        Assert.Null(bounded.Padding);
        var cats = Vocabulary.WordsOf(["The cat", "the dog"], lowerCase: true, bounds: true, padding: true);
        PaddedRows rows = cats.EncodeAll(["the cat", "the"]);
        Assert.Equal([4, 3], rows.Lengths.ToDoubles());
        Assert.Equal(cats.Padding, (int)rows.Values.ToDoubles()[7]);
        Assert.Equal(Shape.Of([2, 3]), cats.EncodeAll(["the cat", "the"], length: 3).IsReal.Shape);
        Assert.Equal(4, cats.IndexOf("the"));
        Assert.Equal(2, cats.Counts[4]);
        PaddedRows filled = PaddedRows.Of([Tensor.Zeros(3), Tensor.Zeros(1)], value: -1);
        Assert.Equal([0, 0, 0, 0, -1, -1], filled.Values.ToDoubles());
        Assert.Equal(Shape.Of([1, 2]), PaddedRows.Of([Tensor.Zeros(3)], length: 2).Values.Shape);
        Assert.Throws<DomainError>(() => bounded.EncodeAll(["a"]));
        IReadOnlyList<Tensor> unfilled = filled.ToRows();
        Assert.Equal([3, 1], unfilled.Select(row => row.Size));
        IReadOnlyList<string> texts = cats.DecodeAll(rows);
        Assert.Equal(["the cat", "the"], texts);
        var (before, after) = rows.Shifted();
        Assert.Equal([3, 2], after.Lengths.ToDoubles());
        Assert.Equal(Shape.Of([2, 3]), before.Values.Shape);
    }

    [Fact]
    public void VocabulariesAreKept()
    {
        var cats = Vocabulary.WordsOf(["The cat", "the dog"], lowerCase: true, bounds: true, padding: true);
        string asJson = cats.ToJson();
        var same = Vocabulary.FromJson(cats.ToJson());
        Assert.Equal(asJson, same.ToJson());
        string path = Path.Combine(Directory.CreateTempSubdirectory("dl1-").FullName, "vocabulary.json");
        cats.Save(path);
        var again = Vocabulary.Load(path);
        Assert.Equal(cats.Encode("THE cat"), again.Encode("the CAT"));
        Assert.Throws<FormatError>(() => Vocabulary.FromJson("{}"));
    }

    [Fact]
    public void BytePairsAreLearntAndKept()
    {
        var pairs = BytePairs.Train("low lower lowest, new newer newest", size: 270);
        Tensor encoded = pairs.Encode("lower");
        Assert.Equal("lower", pairs.Decode(encoded));
        string json = pairs.ToJson();
        var copy = BytePairs.FromJson(pairs.ToJson());
        Assert.Equal(json, copy.ToJson());
        string path = Path.Combine(Directory.CreateTempSubdirectory("dl1-").FullName, "pairs.json");
        pairs.Save(path);
        var loaded = BytePairs.Load(path);
        Assert.Equal(encoded, loaded.Encode("lower"));
        Assert.Throws<FormatError>(() => BytePairs.FromJson("{}"));
        PaddedRows ofPairs = pairs.EncodeAll(["lower", "low"]);
        IReadOnlyList<string> lows = pairs.DecodeAll(ofPairs);
        Assert.Equal(["lower", "low"], lows);
        Dataset pairExamples = pairs.Examples("low lower lowest", length: 2);
        Assert.Equal(DType.I64, pairExamples.Inputs.DType);
    }

    [Fact]
    public void SeriesBecomeExamples()
    {
        Tensor co2 = Datasets.Co2();
        var (earlier, later) = co2.SplitByTime(0.8);
        Assert.Equal(co2.Shape[0], earlier.Shape[0] + later.Shape[0]);
        Dataset windows = earlier.Windows(length: 12, horizon: 1);
        Assert.Equal(Shape.Of([earlier.Shape[0] - 12, 12, 1]), windows.Inputs.Shape);
        Assert.Equal(earlier[12, 0], windows.Targets[0, 0, 0]);
    }
}
