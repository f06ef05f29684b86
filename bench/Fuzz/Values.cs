using System.Linq.Expressions;
using System.Text;
using DL1.Data;
using DL1.Pictures;
using MathNet.Numerics.LinearAlgebra;
using Microsoft.FSharp.Collections;
using static DL1.Initializers;

namespace DL1.Fuzzing;

/// <summary>Ordinary values: for each type a few makers, and for parameters of some names those that fit together.</summary>
public static partial class Values
{
    private static readonly Dictionary<Type, List<Func<Rng, object>>> makers = [];
    private static readonly Dictionary<(Type, string), List<Func<Rng, object>>> named = [];

    public static IReadOnlyList<Func<Rng, object>> Of(Type type) => makers.TryGetValue(type, out var found) ? found : [];

    public static IReadOnlyList<Func<Rng, object>> Of(Type type, string name) =>
        named.TryGetValue((type, name.ToLowerInvariant()), out var found) ? found : [];

    private static void Add<T>(params Func<Rng, T>[] ways)
        where T : notnull
    {
        if (!makers.TryGetValue(typeof(T), out var list)) makers[typeof(T)] = list = [];
        list.AddRange(ways.Select(way => (Func<Rng, object>)(r => way(r))));
    }

    private static void Kept<T>(params T[] values)
        where T : notnull => Add(values.Select(v => (Func<Rng, T>)(_ => v)).ToArray());

    private static void Named<T>(string names, params T[] values)
        where T : notnull
    {
        foreach (var name in names.Split(' '))
        {
            named[(typeof(T), name.ToLowerInvariant())] = [.. values.Select(v => (Func<Rng, object>)(_ => v))];
        }
    }

    /// <summary>Small numbers that both element types hold exactly, with signs, ties and zeros.</summary>
    public static double[] Numbers(int count, int seed = 1) =>
        [.. Enumerable.Range(0, count).Select(i => (((i * 7919L) + (seed * 104729L)) % 41 - 20) / 8.0)];

    public static Tensor Floats(DType type, params int[] shape)
    {
        var numbers = Numbers(shape.Aggregate(1, (a, b) => a * b), shape.Length + type.Name.Length);
        return TensorModule.ofArray(ListModule.OfArray(shape), numbers).Cast(type);
    }

    private static Tensor Labels(int rows, int classes) =>
        Tensor.Of([.. Enumerable.Range(0, rows).Select(i => (long)(i * 5 % classes))]);

    private static Expr C(DType type, params int[] shape) => Expr.Constant(Floats(type, shape));

    private static Expr V(string name, DType type, params int[] shape) => Expr.Variable(name, type, shape);

    private static Func<double, double> Half => x => x / 2;

    static Values()
    {
        Scalars();
        Graphs();
        Networks();
        Collections();
        Pictures();
        Files();
        Lists();
        Forms();
        Learned();
        OnnxModels();
    }

    private static void Scalars()
    {
        Kept(0, 1, 2, 3, 4, 5, 7, 8, 16, -1, -2);
        Kept(0L, 1L, 2L, 3L, 5L, 17L, -1L);
        Kept(0.1, 0.25, 0.5, 0.9, 1.0, 2.0, 3.5, 1e-3, 1e-8, 0.0, -0.5, -2.0);
        Kept(0.5f, 1f, -2f, 0f);
        Kept(true, false);
        Kept<ulong>(0, 1, ulong.MaxValue);
        Kept<byte>(0, 1, 255);
        Kept('a', '\0');
        Kept(DType.F32, DType.F32, DType.F64, DType.F64, DType.I32, DType.I64, DType.Bool);
        Kept(
            "x", "y", "z", "w", "name", "loss", "0.weight", "0.bias", "a", "b", "sin(x) * y", "x^2 + 3*x - 1",
            "x: f32[4, 3]; sum(x * x, [0])", "softmax(x, 0)", "species", "some text of some words");
        Named("text", "x^2 + sin(x)", "exp(-x) / (1 + y)", "some words, some more words", "a,b,c\n1,2,u\n3,4,v\n5,6,u\n");
        Named("name", "x", "y", "a", "b", "c", "species", "0.weight", "width", "rate");
        Named("names", "a", "b");
        Named("path", "out.bin", "sub.json", "tensors.npy", "tensors.npz", "tensors.safetensors", "tensors.pt", "tensors.dat", "table.csv", "image.idx",
            "checkpoint.safetensors", "trained.safetensors", "model.onnx");
        Named("file", "picture.png", "tensors.npy");
        Named("folder", ".", "images", "images/a");
        Named("json", "{}", "[]");
        Named("monitor", "loss", "validation loss", "accuracy");
        Named("target", "c", "species", "a");
        Named("rate", 0.1, 0.01, 1e-3);
        Named("part", 0.5, 0.8, 0.25);
        Named("p probability validation test part ratio dropout labelsmoothing", 0.5, 0.25, 0.1);
        Named("decay momentum dampening b1 b2 beta1 beta2 p1 p2 alpha rho gamma psi weightdecay momentumdecay", 0.9, 0.99, 0.5, 0.0);
        Named("low first lowest smallest", 0.0, 0.1, -1.0, 1e-3);
        Named("high last highest largest", 1.0, 2.0, 3.0);
        Named("epsilon tolerance", 1e-8, 1e-3);
        Named("xfrom yfrom", -2.0, 0.0);
        Named("xto yto", 2.0, 1.0);
        Named("density", 1.0, 2.0);
        Named("axis source target", 0, 1, -1);
        Named("width height", 64, 300, 640, 28);
        Named("frames bins columns channels", 1, 2, 3);
        Named("epochs maxepochs steps maxiterations", 1, 2, 3);
        Named("threads", 1, 2);
        Named("heads groups", 1, 2, 3);
        Named("features hidden inner outputs kernel stride dilation", 1, 2, 3, 4);
        Named("padding", 0, 1);
        Named("extent classes", 3, 4, 5);
        Named("size batchsize", 1, 2, 3, 4);
        Named("count", 1, 2, 3, 5);
        Named("k folds", 2, 3);
        Named("order n", 0, 1, 2, 3);
        Named("c", 0, 1, 2);
        Named("factor", 2, 3);
        Named("least", 1);
        Named("most", 4, 9, 27);
        Add(_ => new Range(0, 2), _ => Range.All, _ => new Range(^2, ^0), _ => new Range(1, 1));
        Add(_ => new Index(0), _ => ^1);
        Add(_ => CancellationToken.None);
        Add(r => KeyModule.ofSeed(r.Below(5)));
        Kept(Shape.Of([]), Shape.Of([3]), Shape.Of([4, 3]), Shape.Of([2, 3, 4]), Shape.Of([0, 3]), Shape.Of([1]));
        Add<StringComparer>(_ => StringComparer.Ordinal);
        Add<System.Collections.IEqualityComparer>(_ => EqualityComparer<object>.Default);
        Add<System.Collections.IComparer>(_ => Comparer<object>.Default);
        Add(_ => Matrix<double>.Build.Dense(2, 3, Numbers(6)), _ => Matrix<double>.Build.Dense(3, 3, Numbers(9)));
        Add(_ => Vector<double>.Build.Dense(Numbers(3)));
        Add(_ => Matrix<float>.Build.Dense(2, 3, (i, j) => i - j));
        Add(_ => Vector<float>.Build.Dense(3, 1f));
        Add<Expression<Func<double, double>>>(
            _ => x => (x * x) + Math.Sin(x), _ => x => x > 0 ? Math.Sqrt(x) : -x, _ => x => Math.Exp(-x) / (1 + x));
        Add<Expression<Func<double, double, double>>>(_ => (x, y) => (x * y) + Math.Cos(y), _ => (x, y) => Math.Pow(x, y));
        Add<Expression<Func<double, double, double, double>>>(_ => (x, y, z) => x + (y * z));
        Add<Expression<Func<double, double, double, double, double>>>(_ => (x, y, z, w) => x + (y * z / w));
        Add<LambdaExpression>(
            _ => (Expression<Func<double, double>>)(x => x * x), _ => (Expression<Func<double, double, double>>)((x, y) => x / y),
            _ => (Expression<Func<string, int>>)(s => s.Length), _ => (Expression<Func<double>>)(() => 1.0));
    }

    private static void Graphs()
    {
        foreach (var type in new[] { DType.F32, DType.F64 })
        {
            var t = type.Name;
            Kept(
                C(type), C(type, 3), C(type, 4, 3), C(type, 4, 3), C(type, 3, 4), C(type, 2, 3, 4), C(type, 0, 3), C(type, 4, 0),
                C(type, 1), C(type, 1, 1), C(type, 2, 2, 8, 8), C(type, 3, 2, 3, 3), C(type, 2, 2, 8), C(type, 40, 33),
                V("x" + t, type), V("v" + t, type, 3), V("m" + t, type, 4, 3), V("m" + t, type, 4, 3), V("q" + t, type, 3, 3),
                V("im" + t, type, 2, 2, 8, 8), V("k" + t, type, 3, 2, 3, 3), V("none" + t, type, 0, 3), V("t" + t, type, 2, 3, 4),
                V("r" + t, type, 70), V("seq" + t, type, 2, 5, 4));
            var m = V("m" + t, type, 4, 3);
            Kept(m * m + 1.0, m.Softmax(), m.MatMul(C(type, 3, 4)), Expr.Where(m > 0.0, m, m * 0.5), m.Sum(0), m.Mean(), Functions.Exp(m));
            Kept(Floats(type), Floats(type, 3), Floats(type, 4, 3), Floats(type, 4, 3), Floats(type, 2, 3, 4), Floats(type, 0, 3),
                Floats(type, 1), Floats(type, 2, 2, 8, 8), Floats(type, 30));
        }

        Kept(
            Expr.Symbol("x"), Expr.Symbol("y"), Expr.Parse("x^2 + sin(x)*y"), Expr.Parse("log(x)/x"), Expr.Literal(2),
            Expr.Constant(Labels(4, 3)), Expr.Constant(Tensor.Of([2, 0, 1])), C(DType.I32, 4, 3), C(DType.Bool, 4, 3), C(DType.I64, 3),
            V("i", DType.I32, 3), V("l", DType.I64, 4), V("b", DType.Bool, 4, 3),
            Expr.Key(Key.OfSeed(3)), Expr.Key(Key.OfSeed(3)).Uniform(0, 1, 4, 3));
        Kept(Labels(4, 3), Labels(30, 2), Tensor.Of([2, 0, 1]), Floats(DType.Bool, 4), Floats(DType.I32, 4, 3), KeyModule.toTensor(Key.OfSeed(1)));
        var x = Expr.Symbol("x");
        Named("f", Expr.Parse("x^2 + 3*x"), Expr.Parse("sin(x)*x"), Expr.Parse("x*y"), x * x);
        Named("x", C(DType.F32, 4, 3), V("m", DType.F64, 4, 3), x, C(DType.F32, 2, 2, 8, 8), C(DType.F64, 2, 2, 8), V("im", DType.F32, 2, 2, 8, 8));
        Named("y", Expr.Symbol("y"), x * x, C(DType.F64, 4, 3));
        Named("e", x * x, C(DType.F32, 4, 3), V("m", DType.F64, 4, 3));
        Named("objective", Expr.Parse("(x-1)^2"), Expr.Parse("(x-1)^2 + y^2"), Expr.Parse("x^4 + y^2 + x*y"));
        Named("weights w", C(DType.F32, 3, 2, 3, 3), C(DType.F64, 3, 2, 3), V("w", DType.F32, 3, 2, 3, 3), C(DType.F32, 4, 3));
        Named("labels", Expr.Constant(Labels(4, 3)));
        Named("logits logprobabilities lograte logprediction rate prediction probability mean losses distance anchor positive negative a b",
            C(DType.F32, 4, 3), V("p", DType.F32, 4, 3));
        Named("target variance deviation", C(DType.F32, 4, 3), Expr.Literal(1));
        Named("query memory keys", C(DType.F32, 2, 5, 4), C(DType.F32, 4, 4));
        Named("value", C(DType.F32, 2, 5, 4), C(DType.F32, 4, 3));
        Named("input", C(DType.F32, 4, 3));
        Named("key", Expr.Key(Key.OfSeed(4)), C(DType.F32, 2, 5, 4));
        Named("indices", Expr.Constant(Tensor.Of([1, 0, 2])), Expr.Constant(Labels(4, 3)));
        Named("condition", C(DType.Bool, 4, 3), C(DType.Bool));
        Named("isreal mask", C(DType.Bool, 2, 5), C(DType.Bool, 5, 5));
        Named("bias", C(DType.F32, 3), C(DType.F32, 2));
        Named("step", Expr.Literal(3));
        Named("tangent direction cotangent", Expr.Literal(1), C(DType.F32, 4, 3));
        Named("inputs", Floats(DType.F32, 4, 3), Floats(DType.F32, 30, 3));
        Named("targets labels", Labels(4, 3), Floats(DType.F32, 4, 1));
        Named("target", Labels(4, 3), Floats(DType.F32, 4), Labels(4, 2));
        Named("predicted score probability", Labels(4, 3), Floats(DType.F32, 4), Floats(DType.F32, 4, 3));
        Named("scores output", Floats(DType.F32, 4, 3), Floats(DType.F32, 4));
        Named("rows", Floats(DType.F32, 4, 3), Floats(DType.F64, 30, 2));
        Named("series", Floats(DType.F32, 30), Floats(DType.F32, 30, 2));
        Named("numbers", Labels(30, 5));
        Named("points", Floats(DType.F32, 4, 2));
        Named("images", Floats(DType.F32, 3, 8, 8), Floats(DType.F32, 2, 3, 8, 8));
        Named("value t", Floats(DType.F32, 4, 3), Floats(DType.F64), Floats(DType.F64, 2, 3));
        Named("weights", Floats(DType.F32, 4, 4).Cast(DType.F32));
        Named("dtype type", DType.F32, DType.F64, DType.F32, DType.I64);
    }

    private static void Networks()
    {
        var dense = Model.Sequential(Layers.Linear(5), Layers.Tanh(), Layers.Linear(3));
        Kept(
            Layers.Linear(3), dense, Layers.Relu(), Layers.Dropout(0.5), Layers.BatchNorm(), Layers.LayerNorm(), Layers.Flatten(),
            Layers.Conv2d(3, 3, padding: 1), Layers.MaxPool(2), Layers.Softmax(), Layers.SelfAttention(2), Layers.Identity(),
            Layers.Lstm(3).Last(), Layers.Embedding(5, 3), Layers.Residual(Layers.Linear(3)));
        Named("model layer", dense, Layers.Linear(3));
        Kept(Layers.Lstm(3), Layers.Gru(2), Layers.Rnn(2));
        var (parameters, state) = dense.Init(Key.OfSeed(1), 4, 3);
        Kept(parameters, state, Trees.From([("x", Floats(DType.F64))]), Trees.From([("x", Floats(DType.F64)), ("y", Floats(DType.F64))]));
        Named("parameters", parameters);
        Named("state", state);
        Named("start", Trees.From([("x", Floats(DType.F64))]), Trees.From([("x", Floats(DType.F64)), ("y", Floats(DType.F64))]));
        Kept(parameters.Variables(), Trees.From([("w", C(DType.F32, 4, 3)), ("b.bias", C(DType.F32, 3))]));
        Kept(Trees.From([("loss", 1.0), ("accuracy", 0.5)]), Trees.Empty<double>());
        Kept(Optimizers.Sgd(0.1), Optimizers.Adam(), Optimizers.Sgd(0.1, momentum: 0.9), Optimizers.Lbfgs(), Optimizers.Adam().Averaged(0.9));
        Kept(Transforms.Scale(0.5), Transforms.ClipByNorm(1), Transforms.Adam());
        Kept(Schedules.Constant(0.1), Schedules.Cosine(0.1, 10), Schedules.Step(0.1, 3));
        Kept(Metrics.Accuracy, Metrics.Mse, Metrics.R2);
        Kept(ZerosOf(), OnesOf(), XavierUniform(1));
        var data = Dataset.From(Floats(DType.F32, 12, 3), Labels(12, 3));
        var regression = Dataset.From(Floats(DType.F32, 12, 3), Floats(DType.F32, 12, 1));
        Kept(data, data, regression, Dataset.From(Floats(DType.F32, 0, 3), Labels(0, 3)), Dataset.From(Floats(DType.F64, 5), Floats(DType.F64, 5)));
        Named("data batch", data);
        Func<Expr, Expr, Expr> loss = (labels, logits) => Losses.CrossEntropy(labels, logits);
        Kept(loss);
        var learner = dense.Learner(loss, Optimizers.Adam());
        Kept(learner);
        Kept(learner.Start(Key.OfSeed(2), Floats(DType.F32, 4, 3)));
        Kept(dense.With(parameters, state));
        Add(_ => dense.Fit(data, loss, Optimizers.Adam(), epochs: 1, batchSize: 4));
        Kept(learner.Start(Key.OfSeed(2), Floats(DType.F32, 4, 3)).ToCheckpoint());
        Add(_ => new Trainer(learner, learner.Start(Key.OfSeed(2), Floats(DType.F32, 4, 3)), true));
        var (s, given) = (V("s", DType.F32, 3), V("given", DType.F32, 3));
        Add(_ => Session.Start([(s, Floats(DType.F32, 3), (s * 0.5) + given)], [given], [(s * given).Sum()]));
        Named("values", new[] { Floats(DType.F32, 3) }, [Floats(DType.F64), Floats(DType.F64)]);
        Named("like", Trees.From([("s", Floats(DType.F32, 3))]));
        Named("index", 0, 1);
        Kept(Transition.Create((state, _) => (state.Map(e => e * 0.5), []), parameters));
        Add(_ => ScopeOf(dense));
        Kept(dense.Summary(4, 3));
        Named("example input", C(DType.F32, 4, 3));
        Add(_ => ScalarFunction.ofMany(ListModule.OfArray([Expr.Symbol("x")]), ListModule.OfArray([Expr.Parse("x^2"), Expr.Parse("x+1")])));
        Add<IProgress<TrainingProgress>>(_ => TrainingProgress.Lines(_ => { }));
        Kept(new TrainingOptions(Epochs: 1, BatchSize: 4), new TrainingOptions(Epochs: 2, Validation: data, Metrics: [Metrics.Accuracy]));
        Kept(FitModule(2));
        Kept(new BatchOptions(4, true, false, null), new BatchOptions(2, false, true, null));
        Kept(new BlockOrder(2, 2), new BlockOrder(1, 3));
        Kept(new Prefetch(1, 1), new Prefetch(3, 2));
        Kept(CompileOptionsOf(1), CompileOptionsOf(2));
        Kept(DL1.Ranges.Uniform(0, 1), DL1.Ranges.LogUniform(0.1, 1), DL1.Ranges.Whole(1, 5), DL1.Ranges.Among(1, 2), DL1.Ranges.Among("u", "v"));
        Kept(HyperValue.NewNumber(0.5), HyperValue.NewWord("u"));
        var settings = HyperSearch.Grid(("rate", DL1.Ranges.Among(0.1, 0.2)), ("width", DL1.Ranges.Whole(1, 2)), ("name", DL1.Ranges.Among("u")));
        Kept(settings[0], settings[1]);
        Kept(settings.Run((setting, _) => setting.Number("rate"))[0], settings.Run((setting, _) => -setting.Number("rate"))[1]);
        Kept(new Explanation[] { Expr.Parse("x^2 + y").Explain([], ("x", Tensor.Of([1.0]).Reshape()), ("y", Tensor.Of([2.0]).Reshape())) });
        Kept(Mode.NewTraining(Expr.Key(Key.OfSeed(1))), Mode.Inference);
        Kept(ConvRole.NewInputGrad(ListModule.OfArray([4, 4])), ConvRole.NewWeightGrad(ListModule.OfArray([3, 3])), ConvRole.Forward);
    }

    /// <summary>What a layer sees of its model while it is initialised.</summary>
    private static Scope ScopeOf(Layer<Expr, Expr> layer)
    {
        Scope? seen = null;
        Layers.Create("probe", (scope, x) =>
        {
            seen = scope;
            return x;
        }).Init(Key.OfSeed(1), 4, 3);
        return seen!;
    }

    /// <summary>Every form of a node, its attributes, and the cases of unions under types of their own.</summary>
    private static void Forms()
    {
        var key = Expr.Key(Key.OfSeed(1));
        var image = C(DType.F32, 2, 2, 8, 8);
        var variable = V("m", DType.F32, 4, 3);
        var pooled = V("im", DType.F32, 2, 2, 8, 8);
        Expr[] made =
        [
            variable.Softmax().LogSumExp(), variable.ArgMax().Cast(DType.F32), variable.CumSum(), variable.Reverse(0), variable.Transpose(1, 0).MatMul(variable),
            variable.Slice(0, 1..3), variable.ExpandDims(0).BroadcastTo(2, 4, 3), ExprModule.pad(ListModule.OfArray([1, 1]), ListModule.OfArray([0, 0]), 0, variable),
            Expr.Concat(0, variable, variable), variable.Gather(0, Expr.Constant(Tensor.Of([1, 0]))), variable.StopGradient(), key.Uniform(0, 1, 3),
            Expr.Where(variable > 0.0, variable, -variable), pooled.Conv(C(DType.F32, 3, 2, 3, 3)), pooled.MaxPool(2), pooled.AvgPool(2),
            variable.ScatterAdd(0, 5, Expr.Constant(Tensor.Of([1, 0, 2, 1]))), image,
            Expr.Scan(V("c", DType.F32), V("many", DType.F32, 5), (carry, x) => (carry + x, carry * x)).Item1,
            Expr.Custom("own", x => x[0] * 2.0, (x, g) => [g * 2.0], variable),
        ];
        var all = made.Concat(made.Where(e => e.DType.IsFloat && ListModule.ToArray(Graph.variables(ListModule.OfArray([e]))).Length > 0)
            .Select(e => Grad.grad(ExprModule.sumAll(e * e), ListModule.OfArray([ExprModule.ofVariable(Graph.variables(ListModule.OfArray([e])).Head)])).Head));
        foreach (var e in Graph.topological(ListModule.OfSeq(all)))
        {
            Kept(e.Node);
            foreach (var (_, attribute) in Attributes.ofNode(e.Node)) Kept(attribute);
            if (e.Node is Node<Expr>.Custom custom) Kept(custom.Item1);
            if (e.Node is not Node<Expr>.Scan scan) continue;
            Kept(scan.Item2);
            Kept(scan.Item2.Body);
        }

        Kept(Column.NewNumbers([1.0, 2.0]), Column.NewTexts(["u", "v"]));
        Kept(
            Block.NewParagraph("text"), Block.NewPreformatted("text"), Block.NewDrawing("<svg/>", "alt", "caption"), Block.NewFigure("<svg/>", "<svg/>", "alt", "caption"),
            Block.NewPicture([1], "alt", "caption"), Block.NewTable(["a"], [["1"]]));
        // A member of a case of a union is called on values of that case alone.
        foreach (var (type, ways) in makers.ToList())
        {
            if (type.IsValueType || type.IsSealed) continue;
            foreach (var group in ways.Where(w => w.Target is not null).GroupBy(w => w(new Rng(1)).GetType()).Where(g => g.Key != type)) makers[group.Key] = [.. group];
        }
    }

    private static void Collections()
    {
        Kept(new[] { 0, 1 }, new[] { 1 }, Array.Empty<int>(), new[] { 4, 3 }, new[] { 2, 3, 4 });
        Named("axes", new[] { 0 }, [1], [], [-1], [0, 1]);
        Named("shape dims", new[] { 4, 3 }, [3], [], [12], [3, 4], [2, 6]);
        Named("inputshape", new[] { 4, 3 });
        Named("permutation", new[] { 1, 0 }, [0, 2, 1], [0]);
        Named("size kernel", new[] { 2, 2 }, [3], [1, 2]);
        Named("numbers", new[] { 0, 1 }, [2]);
        foreach (var (names, lists) in new (string, int[][])[]
            {
                ("axes", [[0], [1], [], [-1], [0, 1]]), ("shape dims", [[4, 3], [3], [], [12], [3, 4], [2, 6]]),
                ("permutation", [[1, 0], [0, 2, 1]]), ("kernel size", [[2, 2], [3], [1, 2]]), ("starts before after", [[0, 0], [1, 1], [0]]),
                ("stops", [[2, 2], [3, 3], [1]]), ("steps", [[1, 1], [2, 1], [1]]), ("outputpadding", [[0, 0], [1, 1], [0]]),
                ("stride padding dilation", [[], [1], [2], [1, 1]]), ("milestones", [[2, 5]]),
            })
        {
            Named(names, lists.Select(l => ListModule.OfArray(l)).ToArray());
        }

        Kept(new[] { 1.0, 2.0, 3.0 }, Numbers(12), Array.Empty<double>());
        Kept(new[] { 1f, 2f, 3f }, Array.Empty<float>(), new float[12]);
        Kept(new[] { "a", "b" }, Array.Empty<string>(), new[] { "u", "v", "u" });
        Named("columns names inputs left", new[] { "a", "b" }, ["a"], []);
        Kept(Categories.Of(["u", "v", "u"]));
        Kept(Vocabulary.Characters("some text"), Vocabulary.Words("some words and more words", 4));
        var table = Tables.FromCsv("a,b,c\n1,2,u\n3,4,v\n5,6,u\n7,8.5,w\n");
        Kept(table, table, Tables.Iris());
        Named("table", table);
        Kept<IReadOnlyDictionary<string, string>>(new Dictionary<string, string> { ["note"] = "value" });
        Kept(MapModule.OfSeq(new[] { Tuple.Create("note", "value") }));
    }

    /// <summary>Lists of inputs and results that belong together.</summary>
    private static void Lists()
    {
        var (x, y, z) = (Expr.Symbol("x"), Expr.Symbol("y"), Expr.Symbol("z"));
        Variable[] variables = [.. new[] { x, y, z }.Select(e => ((Node<Expr>.Variable)e.Node).Item)];
        Kept(variables);
        Named("inputs", ListModule.OfArray(variables));
        Named("inputs symbols wrt", ListModule.OfArray([x, y]), ListModule.OfArray([x]));
        Named("roots outputs next es", ListModule.OfArray([x * y]), ListModule.OfArray([(x * x) + y]), ListModule.OfArray([x, y]));
        Named("cotangents tangents direction", ListModule.OfArray([Expr.Literal(1)]), ListModule.OfArray([Expr.Literal(1), Expr.Literal(2)]));
        Named("parameters", ListModule.OfArray([x]), ListModule.OfArray([x, y]));
        Named("start", ListModule.OfArray([1.0]), ListModule.OfArray([1.0, 2.0]));
        Named("bindings", ListModule.OfArray([Tuple.Create("x", Floats(DType.F64)), Tuple.Create("y", Floats(DType.F64)), Tuple.Create("z", Floats(DType.F64))]));
        Named("inputs symbols wrt", new[] { x }, [x, y], [x, y, z]);
        Named("outputs", new[] { x * y }, [x, y * y]);
        Named("values", new[] { ("x", Floats(DType.F64)), ("y", Floats(DType.F64)) });
        Named("values", new[] { (x, Floats(DType.F64)), (y, Floats(DType.F64)) });
        Named<IEnumerable<(Expr, Tensor)>>("start", new[] { (x, Floats(DType.F64)) }, new[] { (x, Floats(DType.F64)), (y, Floats(DType.F64)) });
        Named<IReadOnlyList<(Expr, double)>>("start", new[] { (x, 1.0) }, new[] { (x, 1.0), (y, 2.0) });
        Named("x y z", "x", "y", "z");
        Named("state", ListModule.OfArray([Tuple.Create(variables[0], Floats(DType.F64))]));
        Named("point results", new double[2], new double[1]);
        Named("probabilities score", Floats(DType.F32, 4));
        Named("a b other", ListOfVectors());
        Named("c", 0, 1);
    }

    private static Expr[] ListOfVectors() => [C(DType.F32, 3), C(DType.F32, 4, 3), C(DType.Bool, 4, 3), C(DType.F32, 3, 4)];

    private static void Pictures()
    {
        Kept(Plot.Titled("title").Line("line", [1, 2, 3], [1, 4, 9]), Plot.Titled("dots").Dots("d", [0, 1], [0, 1]).WithLogY());
        Add(_ => Surface.Over(-2, 2, -2, 2, (x, y) => (x * x) + (y * y)));
        Add(_ => Trail.Of("trail", [(0.0, 0.0), (1.0, 1.0)]));
        Add(_ => Figure.Of(Plot.Titled("t").Line("l", [1, 2], [3, 4])));
        Add(_ => Section.Titled("heading").Paragraph("text"));
        Kept(Classification.confusion(Labels(4, 3), Labels(4, 3)));
        Kept(new Curve(ListModule.OfArray(new[] { 1.0, 0.5, 0.0 }), ListModule.OfArray(new[] { 0.0, 0.5, 1.0 }), ListModule.OfArray(new[] { 0.0, 0.7, 1.0 })));
    }

    /// <summary>Content of files of each format, whole, cut off, and with bytes that changed.</summary>
    private static void Files()
    {
        var tensor = Floats(DType.F32, 4, 3);
        var tree = Trees.From([("a", tensor), ("b.c", Floats(DType.I64, 3))]);
        byte[][] whole =
        [
            tensor.ToNpy(), tree.ToNpz(), tree.ToSafetensors(), tree.ToPyTorch(), tree.ToTorchSharp(), [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6],
        ];
        foreach (var bytes in whole)
        {
            Add(_ => (byte[])bytes.Clone());
            Add(r => bytes[..r.Below(bytes.Length)]);
            Add(r =>
            {
                var changed = (byte[])bytes.Clone();
                for (var i = 0; i <= r.Below(3); i++) changed[r.Below(changed.Length)] = (byte)r.Next();
                return changed;
            });
        }
    }

    private static Initializer ZerosOf() => Initializers.Constant(0);

    private static Initializer OnesOf() => Initializers.Normal(0, 1);

    private static FitOptions FitModule(int seed) => DL1.Fit.options(Key.OfSeed(seed)) is var o
        ? new FitOptions(1, new BatchOptions(4, true, false, null), o.Key, null, o.Metrics, null, null, false, o.Callbacks, o.Progress, false, null, null, null, CancellationToken.None, o.Shards, o.Ranks, null, o.Prefetch)
        : throw new InvalidOperationException();

    private static CompileOptions CompileOptionsOf(int threads) => new(threads, true, false);

    /// <summary>Files of each format in the current folder, for members that read.</summary>
    public static void WriteFiles()
    {
        var tree = Trees.From([("a", Floats(DType.F32, 4, 3)), ("b.c", Floats(DType.I64, 3))]);
        File.WriteAllBytes("tensors.npy", Floats(DType.F32, 4, 3).ToNpy());
        File.WriteAllBytes("tensors.npz", tree.ToNpz());
        File.WriteAllBytes("tensors.safetensors", tree.ToSafetensors());
        File.WriteAllBytes("tensors.pt", tree.ToPyTorch());
        File.WriteAllBytes("tensors.dat", tree.ToTorchSharp());
        File.WriteAllBytes("image.idx", [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]);
        File.WriteAllText("table.csv", "a,b,c\n1,2,u\n3,4,v\n5,6,u\n", Encoding.UTF8);
        ((TrainState)Of(typeof(TrainState))[0](new Rng(1))).ToCheckpoint().Write("checkpoint.safetensors");
        ((Trained)Of(typeof(Trained))[0](new Rng(1))).Save("trained.safetensors");
        var picture = Plot.Titled("picture").Line("line", [1, 2], [3, 4]).Png(80, 60);
        foreach (var folder in new[] { "images/a", "images/b" })
        {
            Directory.CreateDirectory(folder);
            File.WriteAllBytes($"{folder}/1.png", picture);
        }

        File.WriteAllBytes("picture.png", picture);
        File.WriteAllBytes("model.onnx", onnx.Value);
    }
}
