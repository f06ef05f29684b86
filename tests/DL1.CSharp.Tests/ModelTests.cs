namespace DL1.CSharp.Tests;

/// <summary>Models from C#: initialised, applied, shown, trained; their trees of parameters; layers of one's own.</summary>
public class ModelTests
{
    private static readonly Layer<Expr, Expr> model =
        Model.Sequential(Layers.Linear(64), Layers.BatchNorm(), Layers.Relu(), Layers.Dropout(0.2), Layers.Linear(10));

    [Fact]
    public void AModelIsInitialisedAndShown()
    {
        var (parameters, state) = model.Init(Key.OfSeed(1), 1, 784);
        Assert.Equal(["0.weight", "0.bias", "1.weight", "1.bias", "4.weight", "4.bias"], parameters.Paths);
        Assert.Equal([64, 784], parameters["0.weight"].Shape);
        Assert.Equal(["1.running_mean", "1.running_var", "1.num_batches_tracked"], state.Paths);
        Assert.Equal(parameters, model.Init(Key.OfSeed(1), 128, 784).Parameters);

        var words = Model.Sequential(Layers.Embedding(1000, 8), Layers.Flatten(), Layers.Linear(2));
        Assert.Equal([2, 96], words.Init(Key.OfSeed(1), DType.I64, 1, 12).Parameters["2.weight"].Shape);

        var (weights64, _) = model.Init(Key.OfSeed(1), Expr.Variable("x", DType.F64, 1, 784), DType.F64);
        Assert.Equal(DType.F64, weights64["0.weight"].DType);

        var summary = model.Summary(Expr.Variable("x", 1, 784)).ToString();
        Assert.Contains("1 (BatchNorm1d)", summary);
        Assert.Contains(FormattableString.Invariant($"Parameters: {784 * 64 + 64 + 128 + 640 + 10:N0}"), summary);
        Assert.Equal(summary, model.Summary(1, 784).ToString());
        Assert.Equal([1, 64], model.Summary(1, 784).Rows[0].OutputShape!);
        Assert.Equal(3, words.Summary(DType.I64, 1, 12).Rows.Length);
    }

    [Fact]
    public void AnErrorNamesTheLayer()
    {
        var error = Assert.Throws<ShapeError>(() => model.Init(Key.OfSeed(1), 4, 3, 28, 28, 1));
        Assert.StartsWith("layer 1 (BatchNorm1d)", error.Operation);
        var (parameters, state) = model.Init(Key.OfSeed(1), 1, 784);
        Assert.Contains("parameter 0.weight", Assert.Throws<ShapeError>(() => model.Apply(parameters, state, Tensor.Zeros(2, 20))).Message);
    }

    [Fact]
    public void APredictionIsWhatTheGraphSays()
    {
        var (parameters, state) = model.Init(Key.OfSeed(1), 1, 784);
        Expr x = Expr.Variable("x", 5, 784), key = Expr.Variable("key", DType.I32, 2);
        var images = Key.OfSeed(2).Normal(0, 1, 5, 784);
        var predicted = model.Apply(parameters, state, images);
        Func<Tensor, Tensor> predict = model.Predictor(parameters, state);
        Assert.Equal(predicted, predict(images));
        Assert.Equal([3, 10], predict(images.Rows([0, 1, 2])).Shape);

        (string, Tensor)[] values =
        [
            ("x", images), ("key", Key.OfSeed(5).ToTensor()), .. parameters.Concat(state).Select(leaf => (leaf.Key, leaf.Value)),
        ];
        var plain = model.Apply(parameters.Variables(), state.Variables(), x).Output;
        Assert.True(plain.Evaluate(values).AllClose(predicted, 1e-4, 1e-5));
        var (logits, nextState) = model.Apply(parameters.Variables(), state.Variables(), x, key);
        Assert.False(logits.Evaluate(values).AllClose(predicted, 1e-4, 1e-5));
        Assert.Equal(1, nextState["1.num_batches_tracked"].Evaluate(values).ToDouble());
    }

    [Fact]
    public void ATreeIsADictionaryInOrder()
    {
        var tree = Trees.From([("0.weight", 1), ("0.bias", 2)]);
        Assert.Equal([1, 2], tree.Values);
        Assert.Equal(2, tree["0.bias"]);
        var isThere = tree.TryGetValue("0.bias", out var bias);
        Assert.Equal((true, 2), (isThere, bias));
        Assert.False(tree.TryGetValue("1.bias", out _));
        Assert.Contains("0.weight", Assert.Throws<DomainError>(() => tree["weight"]).Message);
        IReadOnlyDictionary<string, int> byPath = tree.ToDictionary();
        Assert.Equal(["0.weight", "0.bias"], byPath.Keys);
        Assert.Equal(tree, Trees.From(byPath));
        var weightsOnly = Trees.From(tree.Where(leaf => leaf.Key.EndsWith("weight")));
        Assert.Equal(["0.weight"], weightsOnly.Paths);
        var tenfold = tree.Map(leaf => 10 * leaf);
        Assert.Equal([10, 20], tenfold.Values);
        var named = tree.Map((path, leaf) => $"{path} = {leaf}");
        Assert.Equal("0.bias = 2", named["0.bias"]);
        var sums = tree.Zip(tree, (a, b) => a + b);
        Assert.Equal([2, 4], sums.Values);
        var biases = tree.Filter(path => path.EndsWith("bias"));
        Assert.Equal([2], biases.Values);
        Assert.Throws<DomainError>(() => tree.Zip(biases, (a, b) => a + b));
        var first = tree.At("0");
        Assert.Equal(["weight", "bias"], first.Paths);
        var inside = tree.Under("encoder");
        Assert.Equal(["encoder.0.weight", "encoder.0.bias"], inside.Paths);
        Assert.Equal(tree, inside.At("encoder"));
        var both = tree.Append(tree.Under("copy"));
        Assert.Equal(4, both.Count);
        var changed = tree.Replace(Trees.From([("0.bias", 5)]));
        Assert.Equal([1, 5], changed.Values);
        var other = tree.WithValues([7, 8]);
        Assert.Equal(8, other["0.bias"]);
        Assert.Throws<DomainError>(() => Trees.From([("a", 1), ("a", 2)]));
    }

    [Fact]
    public void ALayerOfOnesOwn()
    {
        var gated =
            Layers.Create("Gated", (scope, x) =>
            {
                var gate = scope.Run("gate", Layers.Linear(32), x);
                var scale = scope.Parameter("scale", Initializers.Ones, 32);
                return scale * gate * Functions.Sigmoid(gate);
            });
        var both = Model.Sequential(Layers.Linear(16), gated);
        Assert.Equal(
            ["0.weight", "0.bias", "1.gate.weight", "1.gate.bias", "1.scale"], both.Init(Key.OfSeed(1), 1, 4).Parameters.Paths);

        var scaled =
            Layers.Create("Scale", (scope, x) => x * scope.Parameter("scale", Initializers.Ones, x.Shape.Last()));
        Assert.Equal([4], scaled.Init(Key.OfSeed(1), 1, 4).Parameters["scale"].Shape);
    }

    [Fact]
    public void StateGoesFromRunToRun()
    {
        var total =
            Layers.Create("Total", (scope, x) =>
            {
                var total = scope.State("total", Initializers.Zeros) + x.Sum();
                scope.Update("total", total);
                return x;
            });
        var count =
            Layers.Create("Count", (scope, x) =>
            {
                scope.Update("calls", scope.State("calls", DType.I64, Initializers.Zeros) + 1);
                return x;
            });

        var counted = Model.Sequential(total, count);
        var x = Expr.Variable("x", 3);
        var (_, state) = counted.Init(Key.OfSeed(1), x);
        var buffers = state.Variables();
        var next = counted.Apply(Trees.Empty<Expr>(), buffers, x).State;
        var session = Session.Start([.. buffers.Advancing(state, next)], [x], []);
        session.Step(Tensor.Of([1f, 2, 3]));
        session.Step(Tensor.Of([4f, 5, 6]));
        Assert.Equal(21, session.Read(buffers)["0.total"].ToDouble());
        Assert.Equal(2, session.Read(buffers)["1.calls"].ToDouble());
    }

    [Fact]
    public void ASessionAdvancesInPlace()
    {
        Expr n = Expr.Variable("n"), step = Expr.Variable("step");
        var counting = Session.Start(state: [(n, Tensor.Zeros(), n + step)], inputs: [step], outputs: [n * n]);
        Assert.Throws<DomainError>(() => counting.Scalar(0));
        counting.Step(2f);
        counting.Step(3f);
        Assert.Equal(2, counting.Steps);
        Assert.Equal(4, counting.Scalar(0));
        Assert.Equal(4, counting.Output(0).ToDouble());
        Assert.Equal(5, counting.State[0].ToDouble());
        Assert.Throws<ShapeError>(() => counting.Step(Tensor.Zeros(2)));
        Assert.Throws<DomainError>(() => counting.Step());
        Assert.Throws<DomainError>(() => Session.Start([(n + 1, Tensor.Zeros(), n)], [], []));
        Assert.Throws<DomainError>(() => Session.Start([(n, Tensor.Zeros(), n + step)], [], []));
    }

    /// <summary>Trains a model on whole data; gives the last loss and the prediction.</summary>
    private static (double Loss, Func<Tensor, Tensor> Predict) Trained(
        Layer<Expr, Expr> model, Func<Expr, Expr, Expr> lossOf, Optimizer optimizer, Tensor inputs, Tensor targets, int epochs)
    {
        Expr x = Expr.Variable("x", [.. inputs.Shape]), y = Expr.Variable("y", targets.DType, [.. targets.Shape]);
        var key = Expr.Variable("key", DType.I32, 2);
        var (parameters, state) = model.Init(Key.OfSeed(1), x);
        Tree<Expr> weights = parameters.Variables(), buffers = state.Variables();
        var (output, nextState) = model.Apply(weights, buffers, x, key);
        var loss = lossOf(y, output);
        Tree<Expr> gradients = loss.Gradient(weights);

        Tree<Tensor> memory = optimizer.InitialState(parameters);
        var slots = memory.Variables();
        var (nextWeights, nextMemory) = optimizer.Step(loss.Gradient(weights), slots, weights);
        Assert.Equal(weights.Paths, gradients.Paths);
        var session = Session.Start(
            [.. weights.Advancing(parameters, nextWeights), .. slots.Advancing(memory, nextMemory), .. buffers.Advancing(state, nextState)],
            [x, y, key],
            [loss]);

        var (images, labels) = (inputs, targets);
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            session.Step(images, labels, Key.OfSeed(2).Fold(epoch).ToTensor());
        }

        Tree<Tensor> trained = session.Read(weights);
        return (session.Scalar(0), model.Predictor(trained, session.Read(buffers, weights.Count + slots.Count)));
    }

    [Fact]
    public void ARegressionIsLearnt()
    {
        var x = Key.OfSeed(3).Uniform(-2, 2, 128, 1);
        var y = Functions.Sin(2 * (Expr)x).Evaluate();
        var model = Model.Sequential(Layers.Linear(32), Layers.Tanh(), Layers.Linear(32), Layers.Tanh(), Layers.Linear(1));
        var (loss, predict) = Trained(model, Losses.Mse, Optimizers.Adam(1e-2), x, y, epochs: 400);
        Assert.InRange(loss, 0, 2e-3);
        Assert.Equal(Math.Sin(1), predict(Tensor.Of([0.5f], 1, 1)).ToDouble(), 0.1);
    }

    [Fact]
    public void AClassificationIsLearnt()
    {
        // Three classes by angle; the network sees points of the plane.
        var points = Key.OfSeed(4).Uniform(-1, 1, 240, 2);
        var at = points.ToDoubles();
        var classes = Enumerable.Range(0, 240)
            .Select(i => (long)Math.Floor((Math.Atan2(at[2 * i + 1], at[2 * i]) + Math.PI) / (2 * Math.PI / 3)) % 3).ToArray();
        var model = Model.Sequential(
            Layers.Linear(32), Layers.BatchNorm(), Layers.Relu(), Layers.Dropout(0.1), Layers.Linear(3));
        var optimizer = Optimizers.AdamW(1e-2).Scheduled(Schedules.OneCycle(3e-2, 300));
        var (loss, predict) = Trained(model, Losses.CrossEntropy, optimizer, points, Tensor.Of(classes), epochs: 300);
        Assert.InRange(loss, 0, 0.2);
        var found = Expr.Constant(predict(points)).ArgMax().Evaluate().ToArray<long>();
        Assert.True(found.Zip(classes).Count(pair => pair.First == pair.Second) > 0.95 * 240);
    }
}
