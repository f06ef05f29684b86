using System.Reflection;
using static DL1.Functions;

namespace DL1.CSharp.Tests;

/// <summary>Graphs walked by what their nodes do: matched, evaluated, folded, made anew.</summary>
public class OperationTests
{
    private static readonly Expr X = Expr.Symbol("x"), Y = Expr.Symbol("y");

    private static Expr Mixed(Expr v) => Expr.Custom("kept", xs => xs[0], (_, dy) => [dy], v);

    /// <summary>Graphs in which each form of a node stands somewhere.</summary>
    private static IEnumerable<Expr> Everything()
    {
        Expr m = Expr.Variable("m", 2, 3), w = Expr.Variable("w", 3, 4), i = Expr.Variable("i", DType.I32, 2);
        Expr images = Expr.Variable("images", 1, 2, 6, 6), kernel = Expr.Variable("kernel", 3, 2, 3, 3);
        var convolved = images.Conv(kernel, padding: 1);
        var pooled = images.MaxPool(2);
        var means = images.AvgPool(2);
        yield return (m.MatMul(w) + Expr.Variable("b", 4)).Sum(0);
        yield return Expr.Where(m > 0, Sin(m), 2).Cast(DType.F64).ArgMax();
        yield return m.CumSum() + m.Softmax() * m.LogSumExp().ExpandDims(-1);
        yield return m.ArgSort();
        yield return m.Transpose(1, 0).Reshape(6).Slice(0, 1..3);
        yield return Expr.Concat(0, m, m.Reverse(1)).PadBetween(0, (1, 0, 0), (0, 0, 1));
        yield return m.Gather(1, i);
        yield return m.Gather(1, i).Sum().Gradient(m)[0];
        yield return convolved;
        yield return convolved.Sum().Gradient(images)[0];
        yield return (convolved * convolved).Sum().Gradient(kernel)[0];
        yield return pooled;
        yield return pooled.Sum().Gradient(images)[0];
        yield return pooled.Jvp(images, images);
        yield return means.Sum().Gradient(images)[0];
        yield return means;
        yield return Expr.Key(Key.OfSeed(1)).Bernoulli(0.5, 3);
        yield return Expr.Scan(0, Expr.Variable("xs", DType.F64, 5), (s, v) => (s + v, s)).Outputs;
        yield return Mixed(X.StopGradient());
    }

    private static string Described(Expr e) => e.Operation switch
    {
        Operation.Constant(var value) => $"{value.Shape} of numbers",
        Operation.Variable(var name, _, _) => name,
        Operation.Unary(var function, var x) => $"{function} of {x.Shape}",
        Operation.Binary(BinaryFunction.Mul, _, _) => "a product of elements",
        Operation.Binary => "another pair",
        Operation.Compare(var comparison, _, _) => $"where {comparison} holds",
        Operation.Where(var condition, _, _) => $"one of two by {condition.Shape}",
        Operation.Cast(var type, _) => $"as {type}",
        Operation.Reduce(var function, var axes, _) => $"{function} over {axes}",
        Operation.ArgReduce(var which, var axis, _) => $"place of the {which} along {axis}",
        Operation.CumSum(var axis, var reversed, _) => $"running sum along {axis}, {reversed}",
        Operation.ArgSort(var axis, _) => $"order along {axis}",
        Operation.Softmax(var axis, _) => $"softmax along {axis}",
        Operation.LogSumExp(var axis, _) => $"log of summed exponentials along {axis}",
        Operation.MatMul(var a, var b) => $"{a.Shape} by {b.Shape}",
        Operation.Broadcast(var shape, _) => $"stretched to {shape}",
        Operation.Reshape(var shape, _) => $"laid out as {shape}",
        Operation.Transpose(var permutation, _) => $"axes {permutation}",
        Operation.Slice(var cuts, _) => $"cut at {cuts}",
        Operation.Pad(var edges, var value, _) => $"{value} put at {edges}",
        Operation.Concat(var axis, var parts) => $"{parts.Count} parts along {axis}",
        Operation.Reverse(var axes, _) => $"axes {axes} turned around",
        Operation.Gather(var axis, _, var indices) => $"{indices.Shape} slices of axis {axis}",
        Operation.ScatterAdd(var axis, var extent, _, _) => $"added into {extent} slices of axis {axis}",
        Operation.Conv(var sweeps, var groups, _, _) => $"a convolution in {groups} groups, {sweeps}",
        Operation.ConvInputGrad(var spatial, _, _, _, _) => $"a transposed convolution to {spatial}",
        Operation.ConvWeightGrad(var kernel, _, _, _, _) => $"a kernel of {kernel}",
        Operation.MaxPool(var kernel, _, _) => $"maxima of {kernel}",
        Operation.MaxPoolPick(var kernel, _, _, _) => $"picked by maxima of {kernel}",
        Operation.MaxPoolScatter(var kernel, _, _, _) => $"scattered to maxima of {kernel}",
        Operation.AvgPool(var kernel, _, _) => $"means of {kernel}",
        Operation.AvgPoolGrad(var spatial, _, _, _) => $"means spread over {spatial}",
        Operation.RandomBits(var stream, var shape, _) => $"{shape} of bits of stream {stream}",
        Operation.Scan(var result, var steps, _, _, _, _, var body) => $"result {result} of {steps} steps with {body.Carries.Count} carries",
        Operation.StopGradient(var x) => $"{x.Shape}, held fast",
        Operation.Custom(var name, var operands, _, _, _, _) => $"{name} of {operands.Count}",
        var unknown => throw new NotSupportedException($"{unknown}"),
    };

    private static string Form(Expr e)
    {
        string kind = e.Match(
            constant: _ => "constant",
            variable: _ => "variable",
            unary: _ => "unary", // and so on: a function for each form
            binary: _ => "binary", compare: _ => "compare", where: _ => "where", cast: _ => "cast", reduce: _ => "reduce",
            argReduce: _ => "argReduce", cumSum: _ => "cumSum", argSort: _ => "argSort", softmax: _ => "softmax", logSumExp: _ => "logSumExp",
            matMul: _ => "matMul", broadcast: _ => "broadcast", reshape: _ => "reshape", transpose: _ => "transpose",
            slice: _ => "slice", pad: _ => "pad", concat: _ => "concat", reverse: _ => "reverse", gather: _ => "gather",
            scatterAdd: _ => "scatterAdd", conv: _ => "conv", convInputGrad: _ => "convInputGrad",
            convWeightGrad: _ => "convWeightGrad", maxPool: _ => "maxPool", maxPoolPick: _ => "maxPoolPick",
            maxPoolScatter: _ => "maxPoolScatter", avgPool: _ => "avgPool", avgPoolGrad: _ => "avgPoolGrad",
            randomBits: _ => "randomBits", scan: _ => "scan", stopGradient: _ => "stopGradient", custom: _ => "custom");
        return kind;
    }

    private static List<Expr> Nodes() => [.. Everything().SelectMany(e => e.Nodes).Distinct()];

    [Fact]
    public void EveryFormIsAnOperationAndIsMatched()
    {
        var nodes = Nodes();
        var forms = typeof(Operation).GetNestedTypes().Where(t => t.IsSubclassOf(typeof(Operation))).Select(t => t.Name).ToHashSet();
        Assert.Equal(35, forms.Count);
        Assert.Equal(forms.Order(), nodes.Select(e => e.Operation.GetType().Name).Distinct().Order());
        // Each by the function of its own name.
        Assert.All(nodes, e => Assert.Equal(e.Operation.GetType().Name, Form(e), ignoreCase: true));
        Assert.All(nodes, e => Assert.Equal("another", e.Match(_ => "another")));
        Assert.All(nodes, e => Assert.NotEqual("", Described(e)));
    }

    [Fact]
    public void AnOperationHasTheOperandsOfItsNode()
    {
        static IEnumerable<Expr> Inside(object? part, bool isOperand) => part switch
        {
            Expr e when isOperand => [e],
            IReadOnlyList<Expr> list when isOperand => list,
            _ => [],
        };

        // What stands for operands inside a custom function is none.
        string[] closed = ["Inputs", "Value", "Cotangent", "Gradients"];
        Assert.All(Nodes(), e => Assert.Equal(
            e.Operands,
            e.Operation.GetType().GetProperties().Where(p => e.Operation is not Operation.Custom || !closed.Contains(p.Name))
                .SelectMany(p => Inside(p.GetValue(e.Operation), true))));
    }

    [Fact]
    public void EnumerationsHaveTheNamesOfTheCore()
    {
        static void Same<TEnum>(Type union)
            where TEnum : struct, Enum
        {
            var tags = union.GetNestedType("Tags")!.GetFields(BindingFlags.Public | BindingFlags.Static);
            Assert.Equal(
                tags.Select(t => (t.Name, (int)t.GetRawConstantValue()!)).Order(),
                Enum.GetValues<TEnum>().Select(v => (v.ToString(), Convert.ToInt32(v))).Order());
        }

        Same<UnaryFunction>(typeof(UnaryOp));
        Same<BinaryFunction>(typeof(BinaryOp));
        Same<CompareFunction>(typeof(CompareOp));
        Same<ReduceFunction>(typeof(ReduceOp));
        Same<ArgFunction>(typeof(ArgOp));
    }

    [Fact]
    public void OperationsAreShownAndCompared()
    {
        var m = Expr.Variable("m", 2, 3);
        Assert.Equal("Reduce { Function = Sum, Axes = [0, 1], X = m }", m.Sum().Operation.ToString());
        Assert.Equal(m.Sum().Operation, m.Sum(0, 1).Operation);
        Assert.NotEqual(m.Sum().Operation, m.Sum(0).Operation);
        Assert.Equal("cut at [0:2:1, 1:3:1]", Described(m.Slice(1, 1..3)));
        var y = Expr.Variable("a", 2, 3).MatMul(Expr.Variable("b", 3, 4));
        string read = y.Operation switch
        {
            Operation.MatMul(var a, var b) => $"{a.Shape} by {b.Shape}",
            Operation.Unary(UnaryFunction.Sin or UnaryFunction.Cos, _) => "a wave",
            var other => other.ToString(),
        };
        Assert.Equal("[2, 3] by [3, 4]", read);
        var (finals, _) = Expr.Scan(6, [0, 1], [], (c, _) => ([c[1], c[0] + c[1]], [c[0]]));
        int made = ((Operation.Scan)finals[0].Operation).Body.Next.Count;
        Assert.Equal(2, made);
    }

    // Scalar graphs at random, with shared parts, over x and y.
    private static Expr Generated(Random random, int nodes)
    {
        List<Expr> made = [X, Y, 0.5, 2];
        Expr Any() => made[random.Next(made.Count)];
        for (var i = 0; i < nodes; i++)
        {
            made.Add(random.Next(8) switch
            {
                0 => Any() + Any(),
                1 => Any() - Any(),
                2 => Any() * Any(),
                3 => Any() / Any(),
                4 => Expr.Maximum(Any(), Expr.Minimum(Any(), Any())),
                5 => Expr.Where(Any() < Any(), Any(), Any()),
                6 => random.Next(4) switch { 0 => Sin(Any()), 1 => Tanh(Any()), 2 => Sqrt(Any()), _ => Abs(Any()) },
                _ => random.Next(4) switch { 0 => Exp(Any()), 1 => Log(Any()), 2 => -Any(), _ => Any().Pow(2) },
            });
        }

        return made[^1] + made[^2];
    }

    private static double Unary(UnaryFunction function, double x) => function switch
    {
        UnaryFunction.Neg => -x,
        UnaryFunction.Abs => Math.Abs(x),
        UnaryFunction.Sin => Math.Sin(x),
        UnaryFunction.Tanh => Math.Tanh(x),
        UnaryFunction.Sqrt => Math.Sqrt(x),
        UnaryFunction.Exp => Math.Exp(x),
        UnaryFunction.Log => Math.Log(x),
        _ => throw new NotSupportedException($"{function}"),
    };

    private static double Binary(BinaryFunction function, double a, double b) => function switch
    {
        BinaryFunction.Add => a + b,
        BinaryFunction.Sub => a - b,
        BinaryFunction.Mul => a * b,
        BinaryFunction.Div => a / b,
        BinaryFunction.Pow => Math.Pow(a, b),
        BinaryFunction.Max => Math.Max(a, b),
        BinaryFunction.Min => Math.Min(a, b),
        _ => throw new NotSupportedException($"{function}"),
    };

    [Fact]
    public void AWalkByMatchEvaluatesAsTheLibraryDoes()
    {
        var random = new Random(20240229);
        var finite = 0;
        for (var round = 0; round < 300; round++)
        {
            // A walk without memory: small graphs, else shared parts make it long.
            var f = Generated(random, random.Next(1, 14));
            var given = new Dictionary<string, double> { ["x"] = 4 * random.NextDouble() - 2, ["y"] = 4 * random.NextDouble() - 2 };

            bool Truth(Expr condition) => condition.Operation is Operation.Compare(CompareFunction.Lt, var a, var b)
                ? Value(a) < Value(b)
                : throw new NotSupportedException();

            double Value(Expr node) => node.Match(
                constant: c => c.Value.ToDouble(),
                variable: v => given[v.Name],
                unary: u => Unary(u.Function, Value(u.X)),
                binary: b => Binary(b.Function, Value(b.A), Value(b.B)),
                where: w => Truth(w.Condition) ? Value(w.Then) : Value(w.Otherwise),
                otherwise: o => throw new NotSupportedException($"{o}"));

            // The same, each shared node once.
            var folded = f.Fold<double>((node, below) => node.Operation switch
            {
                Operation.Constant(var value) => value.ToDouble(),
                Operation.Variable(var name, _, _) => given[name],
                Operation.Unary(var function, _) => Unary(function, below[0]),
                Operation.Binary(var function, _, _) => Binary(function, below[0], below[1]),
                Operation.Compare => below[0] < below[1] ? 1 : 0,
                Operation.Where => below[0] != 0 ? below[1] : below[2],
                var other => throw new NotSupportedException($"{other}"),
            });
            var expected = f.Evaluate([.. given.Select(v => (v.Key, (Tensor)v.Value))]).ToDouble();
            finite += double.IsFinite(expected) ? 1 : 0;
            Assert.Equal(expected, Value(f));
            Assert.Equal(expected, folded);
        }

        Assert.InRange(finite, 150, 300);
    }

    [Fact]
    public void ARebuiltGraphIsTheSameGraph()
    {
        var random = new Random(7);
        for (var round = 0; round < 100; round++)
        {
            var f = Generated(random, 12);
            Assert.Equal(f, f.Rebuild(node => node));
            Assert.Equal(f, f.Fold<Expr>((node, below) => node.WithOperands(below)));
            // y for x everywhere leaves no x.
            var other = f.Rebuild(node => node == X ? Y : node);
            Assert.DoesNotContain(X, other.Nodes);
            Assert.Equal(
                f.Evaluate(("x", 0.7), ("y", 0.7)).ToDouble(), other.Evaluate(("x", 0.7), ("y", 0.7)).ToDouble());
        }

        Assert.All(Nodes(), e => Assert.Equal(e, e.WithOperands(e.Operands)));
    }

    [Fact]
    public void GraphsAreCountedChangedAndMeasured()
    {
        var loss = (X * Y + Sin(X)) * (X * Y);
        int products = loss.Nodes.Count(node => node.Operation is Operation.Binary(BinaryFunction.Mul, _, _));
        Assert.Equal(2, products);
        var y = loss;
        int depth = y.Fold<int>((_, below) => 1 + below.DefaultIfEmpty().Max());
        Assert.Equal(4, depth);
        var waves = y.Rebuild(node => node.Operation is Operation.Unary(UnaryFunction.Sin, var x) ? Functions.Cos(x) : node);
        Assert.Equal((X * Y + Cos(X)) * (X * Y), waves);
        var product = X / Y;
        Expr swapped = product.WithOperands(product.Operands[1], product.Operands[0]);
        Assert.Equal(Y / X, swapped);
        Assert.Contains("2, ", Assert.Throws<DomainError>(() => product.WithOperands(X)).Message.Replace(".\n", ", "));
        Assert.Throws<ShapeError>(() => product.WithOperands(X, Expr.Variable("v", 2)));
        // A long chain is folded and rebuilt by loops.
        var chain = X;
        for (var i = 0; i < 50_000; i++)
        {
            chain = Sin(chain);
        }

        Assert.Equal(50_001, chain.Fold<int>((_, below) => 1 + below.DefaultIfEmpty().Max()));
        Assert.Equal(50_001, chain.Rebuild(node => node == X ? Y : node).Nodes.Count);
    }
}
