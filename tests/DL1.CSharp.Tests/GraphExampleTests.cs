using DL1;

namespace DL1.CSharp.Tests;

/// <summary>Graphs walked and loops built from C#, and what is drawn with keys.</summary>
public class GraphExampleTests
{
    [Fact]
    public void GraphsAreWalked()
    {
        Expr x = Expr.Variable("x", 2, 3), w = Expr.Variable("w", 3, 4);
        var y = x.MatMul(w);
        int products = y.Nodes.Count(node => node.Node is Node<Expr>.MatMul);
        Assert.Equal(1, products);
        Assert.Equal(y, y.Nodes[^1]);
        IReadOnlyList<Expr> operands = y.Operands;
        Assert.Equal([x, w], operands);
    }

    [Fact]
    public void RareExpressionsAreBuilt()
    {
        var rows = Expr.Constant(Tensor.From(new float[,] { { 1, 2 }, { 3, 6 } }));
        var spread = rows.StandardDeviation(0);
        Assert.Equal([1, 2], spread.Evaluate().ToDoubles());
        Assert.Equal(Math.Sqrt(3.5), rows.StandardDeviation().Evaluate().ToDouble(), 1e-6);
        var spaced = rows.PadBetween(0, (0, 0, 0), (1, 1, 2));
        Assert.Equal([0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 6, 0], spaced.Evaluate().ToDoubles());
        var halves = Expr.Full(DType.F32, 0.5, 2, 3);
        Assert.Equal(3, halves.Sum().Evaluate().ToDouble());
        var (lasts, numbers) = Expr.Scan(6, [0, 1], [], (c, _) => ([c[1], c[0] + c[1]], [c[0]]));
        Assert.Equal([0, 1, 1, 2, 3, 5], numbers[0].Evaluate().ToDoubles());
        Assert.Equal(8, lasts[0].Evaluate().ToDouble());

        Expr u = Expr.Symbol("u"), v = Expr.Symbol("v");
        var both = new double[2];
        Expr.CompileMany([u, v], [u + v, u * v]).Invoke([2.0, 3.0], both);
        Assert.Equal([5, 6], both);
    }

    [Fact]
    public void OptionsAreTaken()
    {
        var x = Expr.Variable("x", 2);
        var checking = new CompiledFunction([x], [Functions.Log(x)], new CompileOptions(1, true, true));
        Assert.Equal([0, 0], checking.Invoke(Tensor.Ones(2))[0].ToDoubles());
        Assert.Throws<DomainError>(() => checking.Invoke(Tensor.Zeros(2)));
        var session = Session.Start([(x, Tensor.Ones(2), x - 1)], [], [Functions.Log(x)], new CompileOptions(1, true, true));
        session.Step();
        Assert.Throws<DomainError>(() => session.Step());
    }

    [Fact]
    public void KeysInitialisersAndSchedulesAreAsked()
    {
        var key = Key.OfSeed(1);
        Tensor coins = key.Bernoulli(0.5, 100);
        Assert.InRange(coins.ToDoubles().Sum(), 30, 70);
        Tensor dice = key.Integers(1, 7, 100);
        Assert.Equal([1, 2, 3, 4, 5, 6], dice.ToDoubles().Distinct().Order());
        Tensor near = key.TruncatedNormal(0, 1, low: -2, high: 2, 100);
        Assert.All(near.ToDoubles(), n => Assert.InRange(n, -2, 2));
        Tensor weights = Initializers.Orthogonal().Sample(key, 4, 4);
        Assert.Equal(4, weights.ToDoubles().Sum(w => w * w), 1e-5);
        double rate = Schedules.Cosine(1e-2, steps: 100).RateAt(50);
        Assert.Equal(5e-3, rate, 1e-12);
    }

    [Fact]
    public void ScopesArrangeAndSessionsLoad()
    {
        var turned = Layers.Create("Turned", (scope, x) =>
        {
            var y = scope.Run("second", Layers.Linear(2), scope.Run("first", Layers.Linear(2), x));
            scope.Arrange("second", "first");
            return y;
        });
        Assert.StartsWith("second", turned.Init(Key.OfSeed(1), 1, 2).Parameters.Paths[0]);
        Expr w = Expr.Variable("w", 2);
        var large = Session.Start([(w, Tensor.Ones(2), 2 * w)], [], []);
        var small = Session.Start([(w, Tensor.Zeros(2), 2 * w)], [], []);
        large.Step();
        small.Load([.. large.State]);
        Assert.Equal([2, 2], small.State[0].ToDoubles());
    }

    [Fact]
    public void HistoriesAreWritten()
    {
        var path = Path.GetTempFileName();
        var result = Layers.Linear(1).Fit(
            Dataset.From([0.0, 1.0, 2.0], [0.0, 1.0, 4.0]), Losses.Mse, Optimizers.Sgd(0.1), epochs: 2,
            metrics: [Metrics.R2]);
        File.WriteAllText(path, result.History.ToCsv());
        Assert.Contains("r2", result.History.ToTable());
        var table = Tables.ReadCsv(path);
        Assert.Equal(["epoch", "steps", "loss", "validation_loss", "r2", "rate", "seconds"], table.Names);
        Assert.Equal(result.History[1].Loss, table.Values("loss")[1]);
        File.Delete(path);
    }
}
