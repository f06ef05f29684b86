// A program that .ci/publish publishes in each way that .NET has. `answers FILE` prints a digest of each of its results, which
// must be the same bits however it was published, and saves a model; `predict FILE` loads that model and predicts once; `start`
// trains for one epoch; `speed` times training.
using System.Diagnostics;
using DL1;

switch (args)
{
    case ["answers", var path]:
        // The files of a browser are in memory, where there is no folder yet.
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        Answers.All(path);
        break;
    case ["predict", var path]:
        Console.WriteLine($"label {Networks.Digits().Load(path, 1, 64).PredictLabel(new float[64])}");
        Used.Print();
        break;
    case ["start"]:
        var (train, _) = Datasets.Iris().Split(0.8, seed: 1);
        var result = Networks.Flowers().Fit(train, Losses.CrossEntropy, Optimizers.Adam(0.01), epochs: 1);
        Console.WriteLine($"loss {result.History[0].Loss:0.0000}");
        Used.Print();
        break;
    case ["speed"]:
        Speed.Print();
        break;
    default:
        Console.Error.WriteLine("published answers FILE | predict FILE | start | speed");
        return 2;
}

return 0;

/// <summary>The most memory that the process held.</summary>
internal static class Used
{
    public static void Print()
    {
        // A browser does not tell it.
        if (OperatingSystem.IsBrowser())
        {
            return;
        }

        using var self = Process.GetCurrentProcess();
        Console.WriteLine($"{self.PeakWorkingSet64 / 1e6:0.0} MB");
    }
}

/// <summary>The networks that are trained.</summary>
internal static class Networks
{
    public static Layer<Expr, Expr> Digits() => Model.Sequential(
        Layers.Linear(64), Layers.BatchNorm(), Layers.Relu(), Layers.Dropout(0.2), Layers.Linear(10));

    public static Layer<Expr, Expr> Flowers() => Model.Sequential(Layers.Linear(16), Layers.Gelu(), Layers.Linear(3));

    public static Layer<Expr, Expr> Pixels() => Model.Sequential(
        Layers.Reshape(1, 8, 8), Layers.Conv2d(16, 3, padding: 1), Layers.BatchNorm(), Layers.Gelu(), Layers.MaxPool(2),
        Layers.Flatten(), Layers.Linear(64), Layers.Gelu(), Layers.Linear(10));

    public static Layer<Expr, Expr> Words() => Model.Sequential(
        Layers.Embedding(20, 16), Layers.SinusoidalPositions(),
        Layers.TransformerEncoderLayer(heads: 2, inner: 32, dropout: 0.1, causal: true), Layers.Linear(20));

    public static Layer<Expr, Expr> Lstm() => Model.Sequential(
        Layers.Reshape(8, 8), Layers.Lstm(24).Last(), Layers.Linear(10));
}

/// <summary>Results of many kinds, each as a digest of its bits or as text.</summary>
internal static class Answers
{
    private static void Say(string name, string text) => Console.WriteLine($"{name}: {text.ReplaceLineEndings("; ")}");

    // FNV-1a: nothing of the system is asked, which an emulated processor may not have.
    private static string Digest(ReadOnlySpan<byte> bytes)
    {
        var hash = 14695981039346656037;

        foreach (var b in bytes)
        {
            hash = (hash ^ b) * 1099511628211;
        }

        return hash.ToString("x16");
    }

    private static string Digest(Tensor t) => t.DType.Name + " " + t.Shape + " " + Digest(
        t.DType == DType.F32 ? System.Runtime.InteropServices.MemoryMarshal.AsBytes(t.AsSpan<float>())
        : t.DType == DType.F64 ? System.Runtime.InteropServices.MemoryMarshal.AsBytes(t.AsSpan<double>())
        : t.DType == DType.I32 ? System.Runtime.InteropServices.MemoryMarshal.AsBytes(t.AsSpan<int>())
        : t.DType == DType.I64 ? System.Runtime.InteropServices.MemoryMarshal.AsBytes(t.AsSpan<long>())
        : System.Runtime.InteropServices.MemoryMarshal.AsBytes(t.AsSpan<bool>()));

    private static void Say(string name, params Tensor[] values) => Say(name, string.Join(", ", values.Select(Digest)));

    public static void All(string path)
    {
        Elementwise(DType.F32);
        Elementwise(DType.F64);
        Matrices();
        Formulas(path);
        Trainings(path);
        Tables();
    }

    // Every function of one operand and of two, in compiled loops, with what is kept of their reductions.
    private static void Elementwise(DType type)
    {
        Expr x = Expr.Variable("x", type, 7, 33), y = Expr.Variable("y", type, 7, 33);
        (string Name, Expr Value)[] all =
        [
            ("neg", -x), ("abs", Functions.Abs(x)), ("sign", Functions.Sign(x)), ("floor", Functions.Floor(x)),
            ("ceiling", Functions.Ceiling(x)), ("round", Functions.Round(x)), ("exp", Functions.Exp(x)), ("expm1", Functions.Expm1(x)),
            ("log", Functions.Log(y)), ("log1p", Functions.Log1p(y)), ("sqrt", Functions.Sqrt(y)), ("rsqrt", Functions.Rsqrt(y)),
            ("sin", Functions.Sin(x)), ("cos", Functions.Cos(x)), ("tan", Functions.Tan(x)), ("asin", Functions.Asin(y / 4)),
            ("acos", Functions.Acos(y / 4)), ("atan", Functions.Atan(x)), ("sinh", Functions.Sinh(x)), ("cosh", Functions.Cosh(x)),
            ("tanh", Functions.Tanh(x)), ("sigmoid", Functions.Sigmoid(x)), ("softplus", Functions.Softplus(x)), ("relu", Functions.Relu(x)),
            ("erf", Functions.Erf(x)), ("reciprocal", 1 / y), ("add", x + y), ("sub", x - y), ("mul", x * y), ("div", x / y), ("pow", Functions.Pow(y, x)),
            ("max", Expr.Maximum(x, y)), ("min", Expr.Minimum(x, y)), ("where", Expr.Where(x < y, x * 2, y)),
            ("whole", (x * 3).Cast(DType.I32) * 5), ("truth", (x > 0).Cast(type)),
            ("sum", x.Sum()), ("sums", x.Sum(0)), ("rows", x.Sum(1)), ("greatest", x.Max(1)), ("softmax", x.Softmax()), ("product", (y / 2).Prod(1)),
        ];
        var values = new CompiledFunction([x, y], all.Select(a => a.Value))
            .Invoke(Key.OfSeed(1).Normal(0, 2, 7, 33).Cast(type), Key.OfSeed(2).Uniform(0.5, 3.5, 7, 33).Cast(type));

        foreach (var (i, (name, _)) in all.Index())
        {
            Say($"{type.Name} {name}", values[i]);
        }
    }

    private static void Matrices()
    {
        foreach (var (m, k, n) in new[] { (1, 64, 10), (33, 65, 17), (64, 300, 128), (200, 7, 200) })
        {
            Say($"matmul {m} {k} {n}", Expr.Constant(Key.OfSeed(3).Normal(0, 1, m, k)).MatMul(Expr.Constant(Key.OfSeed(4).Normal(0, 1, k, n))).Evaluate());
        }

        Expr x = Expr.Variable("x", 2, 8, 20, 20), w = Expr.Variable("w", 16, 8, 3, 3);
        var y = x.Conv(w, padding: 1);
        var function = new CompiledFunction([x, w], [y, .. y.Sum().Gradient(x, w)]);
        Say("convolution", function.Invoke(Key.OfSeed(5).Normal(0, 1, 2, 8, 20, 20), Key.OfSeed(6).Normal(0, 1, 16, 8, 3, 3)));
        Say("sorted", Expr.Constant(Key.OfSeed(7).Normal(0, 1, 5, 40)).Sort().Evaluate());
        Say("cumulated", Expr.Constant(Key.OfSeed(7).Normal(0, 1, 5, 40)).CumSum(1).Evaluate());
    }

    private static void Formulas(string path)
    {
        Expr a = Expr.Symbol("a"), b = Expr.Symbol("b");
        var y = (a - 2).Pow(2) * Functions.Sin(b) + 3;
        Say("derivative", y.Derivative(a).ToString());
        Say("latex", y.Derivative(b).ToLatex());
        Say("read", Expr.Parse("exp(-a^2) * tanh(b)").Derivative(a).ToString());
        Say("value", y.Evaluate(("a", 1.25), ("b", 0.75)));
        var bowl = Expr.From((double p) => p > 0 ? 2 * Math.Sin(p) : Math.Pow(p, 3));
        Say("lambda", bowl.Derivative("p").ToString());
        Func<double, double> slope = Calculus.CompileDerivative(p => Math.Exp(-p * p) + Math.Max(p, 0.5));
        Say("compiled derivative", BitConverter.DoubleToInt64Bits(slope(1.5)).ToString("x"));
        var descent = Descent.Run((a - 2).Pow(2) + (b + 1).Pow(4), Optimizers.Momentum(0.01), [(a, 50), (b, 0.5)], maxEpochs: 40);
        Say("descent", BitConverter.DoubleToInt64Bits(descent.Rows[^1].After[0]).ToString("x"));
        Say("code", y.ToCSharp("F", a, b));
        Say("explained", (a + b).Explain([("y", a + b)], ("a", 1.0), ("b", 3.0)).ToString());

        try
        {
            Expr.Variable("x", 2, 3).MatMul(Expr.Variable("w", 2, 3));
        }
        catch (ShapeError error)
        {
            Say("error", error.Message);
        }

        Expr.SaveOnnx(path + ".onnx", Expr.Variable("rows", 1, 4), p => [("y", Functions.Tanh(p) * 2)]);
        Say("onnx", Digest(File.ReadAllBytes(path + ".onnx")));
    }

    private static void Trained(string name, Layer<Expr, Expr> model, Dataset data, int epochs, Func<Expr, Expr, Expr> loss, string? path = null)
    {
        var result = model.Fit(data, loss, Optimizers.AdamW(3e-3), epochs: epochs, seed: 5);
        Say(name, result.Predict(data.Inputs.Rows([0, 1, 2, 3, 4])));
        Say($"{name}, history", BitConverter.DoubleToInt64Bits(result.History[^1].Loss).ToString("x"));

        if (path is not null)
        {
            result.Save(path);
            Say($"{name}, saved", Digest(File.ReadAllBytes(path)));
            Say($"{name}, loaded", model.Load(path, 1, 64).Predict(data.Inputs.Rows([7, 8])));
            Say($"{name}, scores", result.Evaluate(data, Metrics.Accuracy).ToString());
            Say($"{name}, summary", model.Summary(1, 64).ToString());
        }
    }

    private static void Trainings(string path)
    {
        // A fourth of them: emulated processors are slow.
        var (digits, _) = Datasets.Digits().Split(0.75, seed: 1);
        Trained("digits", Networks.Digits(), digits, 3, Losses.CrossEntropy, path);
        Trained("pixels", Networks.Pixels(), digits, 1, Losses.CrossEntropy);
        Trained("lstm", Networks.Lstm(), digits, 1, Losses.CrossEntropy);
        var tokens = Tensor.Of([.. Enumerable.Range(0, 32 * 12).Select(i => (long)(i * i % 19))], 32, 12);
        Trained("words", Networks.Words(), Dataset.From(tokens, tokens), 2, Losses.CrossEntropy);
    }

    private static void Tables()
    {
        var table = DL1.Tables.FromCsv("size,colour,price\n1,red,2.5\n2,blue,3.5\n3,red,\n");
        Say("csv", table.ToString());
        Say("penguins", DL1.Tables.Penguins().ToString());
    }
}

/// <summary>How long training takes: a small network, a convolutional one, and a wide one of products and fused loops.</summary>
internal static class Speed
{
    private static void Time(string name, Layer<Expr, Expr> model, Dataset data, int epochs)
    {
        model.Fit(data, Losses.CrossEntropy, Optimizers.AdamW(1e-3), epochs: 1);
        // An epoch takes seconds there.
        epochs = OperatingSystem.IsBrowser() ? 1 : epochs;
        var watch = Stopwatch.StartNew();
        model.Fit(data, Losses.CrossEntropy, Optimizers.AdamW(1e-3), epochs: epochs);
        Console.WriteLine($"{name}: {watch.Elapsed.TotalMilliseconds / epochs:0.0} ms an epoch");
    }

    public static void Print()
    {
        var digits = Datasets.Digits();
        Time("digits", Networks.Digits(), digits, 10);
        Time("pixels", Networks.Pixels(), digits, 3);
        var key = Key.OfSeed(1);
        var wide = Dataset.From(key.Normal(0, 1, 2000, 784), Tensor.Of([.. Enumerable.Range(0, 2000).Select(i => (long)(i % 10))], 2000));
        Time("wide", Model.Sequential(Layers.Linear(256), Layers.BatchNorm(), Layers.Gelu(), Layers.Linear(10)), wide, 3);
    }
}
