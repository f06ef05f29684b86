using System.Diagnostics;
using System.Globalization;
using DL1;
using DL1.Bench;
using static DL1.Functions;

// The same work through the C# face and through F#'s functions, one process, in turns: which of the two begins changes from
// round to round. A ratio is the time of C# over that of F# in one round; what is printed is its median with the 10th and 90th
// percentiles, and the two medians. Before anything is timed, both must give the same bits.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int rounds = args is [var given, ..] ? int.Parse(given) : 100;
// Short rounds: what else the machine does then falls on both alike.
const int batch = 128, stepsOfARound = 11, calls = 200_000;

var (plain, feed) = Plain.session(batch);
var faced = Faced.Session(batch, feed.Invoke(0));
for (var i = 0; i < 3; i++)
{
    plain.Step(feed.Invoke(i));
    faced.Step(feed.Invoke(i));
}

Same("a step", plain.Scalar(0), faced.Scalar(0));
var made = 0;
Compare(
    "a step of mlp1", rounds, "ms", 1e3 / stepsOfARound,
    () => Steps(plain), () => Steps(faced));

var data = Faced.Sine();
Same("Fit", Plain.fit(2, data), Faced.Fit(2, data));
Compare("Fit, an epoch of mlp1", Math.Max(3, rounds / 10), "ms", 1e3 / 2, () => Plain.fit(2, data), () => Faced.Fit(2, data));

var (one, other) = (Plain.scalar(), Faced.Scalar());
Same("a compiled scalar", one(1.25), other(1.25));
Compare("a compiled scalar", rounds, "ns", 1e9 / calls, () => Calls(one), () => Calls(other));

double Steps(Session session)
{
    for (var i = 0; i < stepsOfARound; i++)
    {
        session.Step(feed.Invoke(made + i));
    }

    made += stepsOfARound;
    return session.Scalar(0);
}

static double Calls(Func<double, double> function)
{
    var sum = 0.0;
    for (var i = 0; i < calls; i++)
    {
        sum += function(i & 1023);
    }

    return sum;
}

static void Same(string what, double plain, double faced)
{
    if (BitConverter.DoubleToInt64Bits(plain) != BitConverter.DoubleToInt64Bits(faced))
    {
        throw new InvalidOperationException($"{what} gives {faced} in C# and {plain} in F#: they do not do the same work.");
    }
}

static void Compare(string name, int rounds, string unit, double scale, Func<double> plain, Func<double> faced)
{
    double Time(Func<double> work)
    {
        var start = Stopwatch.GetTimestamp();
        GC.KeepAlive(work());
        return Stopwatch.GetElapsedTime(start).TotalSeconds * scale;
    }

    // Code is compiled again where it proves to be hot.
    for (var i = 0; i < 3; i++)
    {
        plain();
        faced();
    }

    var times = new List<(double Plain, double Faced)>();
    for (var i = 0; i < rounds; i++)
    {
        var first = Time(i % 2 == 0 ? plain : faced);
        var second = Time(i % 2 == 0 ? faced : plain);
        times.Add(i % 2 == 0 ? (first, second) : (second, first));
    }

    double At(Func<(double Plain, double Faced), double> value, double part)
    {
        var sorted = times.Select(value).Order().ToArray();
        return sorted[(int)Math.Round(part * (sorted.Length - 1))];
    }

    double Ratio((double Plain, double Faced) t) => t.Faced / t.Plain;
    Console.WriteLine(
        $"{name}: C# / F# {At(Ratio, 0.5):0.000} [{At(Ratio, 0.1):0.000}..{At(Ratio, 0.9):0.000}]  "
        + $"F# {At(t => t.Plain, 0.5):0.000} {unit}, C# {At(t => t.Faced, 0.5):0.000} {unit}, {rounds} rounds");
}

/// <summary>The work as a C# user writes it.</summary>
internal static class Faced
{
    private static Layer<Expr, Expr> Model() =>
        DL1.Model.Sequential(Layers.Linear(300), Layers.Relu(), Layers.Linear(300), Layers.Relu(), Layers.Linear(1));

    /// <summary>A session of whole training steps: the rows of each batch are picked from the data inside the step.</summary>
    public static Session Session(int batch, Tensor[] example)
    {
        Expr data = Expr.Variable("data", [.. example[0].Shape]), targets = Expr.Variable("targets", [.. example[1].Shape]);
        var rows = Expr.Variable("rows", DType.I64, batch);
        var x = data.Gather(0, rows);
        var model = Model();
        var (parameters, state) = model.Init(Key.OfSeed(1), x);
        var weights = parameters.Variables();
        var (predicted, _) = model.Apply(weights, state.Variables(), x, Expr.Key(Key.OfSeed(2)));
        var loss = Losses.Mse(targets.Gather(0, rows), predicted);
        var (next, _) = Optimizers.Sgd(1e-4).Step(loss.Gradient(weights), Trees.Empty<Expr>(), weights);
        return DL1.Session.Start(weights.Advancing(parameters, next), [data, targets, rows], [loss]);
    }

    public static Dataset Sine()
    {
        var x = Key.OfSeed(7).Uniform(-3, 3, 7000, 1);
        return Dataset.From(x, Tensor.Of([.. x.ToArray<float>().Select(MathF.Sin)], 7000, 1));
    }

    public static double Fit(int epochs, Dataset data) =>
        Model().Fit(data, Losses.Mse, Optimizers.Sgd(1e-4), epochs, batchSize: 128, seed: 1).History[^1].Loss;

    public static Func<double, double> Scalar()
    {
        var x = Expr.Symbol("x");
        return (x * Sin(x) + Exp(-x)).Compile(x);
    }
}
