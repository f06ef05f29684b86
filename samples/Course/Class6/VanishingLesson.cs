using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>How far back a loss reaches in recurrent networks: measured on fresh cells, on a task of memory, and with clipping.</summary>
internal static class VanishingLesson
{
    private const int Symbols = 4, Width = 32;
    private static readonly string[] Names = ["RNN", "LSTM", "LSTM + b", "GRU"];

    #region cells
    private static Layer<Expr, Expr> Model(string name) => (name switch
    {
        "RNN" => Layers.Rnn(Width),
        "GRU" => Layers.Gru(Width),
        _ => Layers.Lstm(Width),
    }).Last().Then(Layers.Linear(Symbols));

    // Random symbols, one-hot; the first of them is to be told at the end.
    private static Dataset Recall(int rows, int length, long seed)
    {
        var symbols = Key.OfSeed(seed).Uniform(0, Symbols, rows, length).Compute(Floor).Cast(DType.I64);
        return Dataset.Of(symbols.Compute(s => s.OneHot(Symbols)), symbols.Slice(1, ..1).Reshape(rows));
    }

    // First parameters; those of the hidden state times a gain, and a bias added to the LSTM's forget gate, its second of four.
    private static Tree<Tensor> Drawn(Layer<Expr, Expr> model, long seed, double gain = 1, double forget = 0)
    {
        var gate = Tensor.Concat(0, Tensor.Zeros(Width), Tensor.Full(DType.F32, forget, Width), Tensor.Zeros(2 * Width));
        return model.Init(Key.OfSeed(seed), 1, 1, Symbols).Parameters.Map((path, p) =>
            path.EndsWith("weight_hh_l0") ? p * gain : path.EndsWith("bias_hh_l0") && forget > 0 ? p + gate : p);
    }
    #endregion

    #region reach
    // How strongly the loss at the end depends on each step: the size of its gradient by what is read there.
    private static double[] Reach(Layer<Expr, Expr> model, Tree<Tensor> parameters, Dataset data)
    {
        var x = Expr.Constant(data.Inputs.Cast(DType.F64));
        var (output, _) = model.Apply(parameters.Map(p => Expr.Constant(p.Cast(DType.F64))), Trees.Empty<Expr>(), x);
        var gradient = Losses.CrossEntropy(Expr.Constant(data.Targets), output).Gradient(x)[0];
        return Sqrt(Square(gradient).Sum(0, 2)).Evaluate().ToDoubles();
    }
    #endregion

    #region training
    private static TrainingResult Trained(string name, Dataset data, int epochs, long seed, double rate = 3e-3, double gain = 1, double clip = 1)
    {
        var model = Model(name);
        var learner = model.Learner(Losses.CrossEntropy, Optimizers.Adam(rate).ClipByGlobalNorm(clip));
        var first = Drawn(model, seed, gain, name == "LSTM + b" ? Math.Log(data.Inputs.Shape[1]) : 0);
        return learner.Fit(data, new TrainingOptions(
            Epochs: epochs, BatchSize: 32, Seed: seed, WatchGradients: true, Start: learner.Start(Key.OfSeed(seed), first, Trees.Empty<Tensor>())));
    }
    #endregion

    public static void Run(Chapter c)
    {
        Expr h = Expr.Symbol("h"), u = Expr.Symbol("u"), x = Expr.Symbol("x");
        var step = Tanh(u * h + x);
        c.Formula($@"\frac{{\partial}}{{\partial h}} {step.ToLatex()} = {step.Derivative(h).ToLatex()}");
        foreach (var n in Names)
        {
            var r = Reach(Model(n), Drawn(Model(n), 1, 1, n == "LSTM + b" ? Math.Log(100) : 0), Recall(64, 100, 1));
            Console.WriteLine($"{n}: {string.Join(" ", r.Where((_, i) => i % 11 == 0).Select(v => v.ToString("0.0e+0")))}");
        }
        foreach (var g in new[] { 1, 1.5, 1.73, 2, 3 })
        {
            var r = Reach(Model("RNN"), Drawn(Model("RNN"), 1, g), Recall(64, 100, 1));
            Console.WriteLine($"gain {g}: {string.Join(" ", r.Where((_, i) => i % 11 == 0).Select(v => v.ToString("0.0e+0")))}");
        }
        foreach (var len in new[] { 10, 20, 40, 80 })
            foreach (var n in Names)
                foreach (var seed in new[] { 1, 2 })
                {
                    var t = System.Diagnostics.Stopwatch.StartNew();
                    var r = Trained(n, Recall(1024, len, 5), 10, seed);
                    Console.WriteLine($"{len} {n} {seed}: {r.Evaluate(Recall(500, len, 6), Metrics.Accuracy)} {t.Elapsed.TotalSeconds:0.0} losses {string.Join(" ", r.History.Select(e => e.Loss.ToString("0.00")))}");
                }
    }
}
