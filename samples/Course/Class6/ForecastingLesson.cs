using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>CO2 at Mauna Loa two years ahead: seasonal baselines, a linear model and networks, by horizon, with intervals whose coverage is measured.</summary>
internal static class ForecastingLesson
{
    private const int Past = 36, Ahead = 24;

    #region windows
    // Windows whose 24 targets lie between two months, each with the 36 months before it: no month is a target in two parts.
    private static Dataset Between(Tensor series, int from, int to)
    {
        var (x, y) = series.Slice(0, Math.Max(0, from - Past)..to).Windows(Past, Ahead);
        return Dataset.Of(x.Reshape(-1, Past), y.Reshape(-1, Ahead));
    }
    #endregion

    #region baselines
    // Last year's months, twice; with drift, the growth of a year (the mean of the last two) is added once and twice.
    private static Tensor Naive(Tensor x) => Tensor.Concat(1, x.Slice(1, ^12..), x.Slice(1, ^12..));

    private static Tensor Drift(Tensor x)
    {
        var growth = (x.Slice(1, ^12..) - x.Slice(1, ..12)).Mean([1], keepAxes: true) / 2;
        return Naive(x) + growth * Tensor.Concat(1, Tensor.Full(DType.F64, 1, 1, 12), Tensor.Full(DType.F64, 2, 1, 12));
    }

    // What models see is a window less its mean; what they are to tell is by how much the baseline with drift errs.
    private static Dataset Centred(Dataset windows) => Dataset.Of(
        windows.Inputs - windows.Inputs.Mean([1], keepAxes: true), windows.Targets - Drift(windows.Inputs));
    #endregion

    private static double[] ByHorizon(Tensor prediction, Dataset windows) =>
        (windows.Targets - prediction).Compute(e => Sqrt(Square(e).Mean(0))).ToDoubles();

    public static void Run(Chapter c)
    {
        #region split
        // Five of the first months are missing; from May 1964 on there is every one.
        var months = Tables.Co2().Where(row => string.CompareOrdinal(row.Text("Date"), "1964-05") > 0);
        var series = months.Numbers(DType.F64, "CO2");
        var n = series.Shape[0];
        Dataset train = Between(series, 0, n - 264), choice = Between(series, n - 264, n - 192),
            calibration = Between(series, n - 192, n - 120), test = Between(series, n - 120, n);
        #endregion

        #region models
        Layer<Expr, Expr> Mlp() => Layers.Linear(32).Then(Layers.Tanh()).Then(Layers.Linear(Ahead));
        Layer<Expr, Expr> Gru() => Layers.Reshape(Past, 1).Then(Layers.Gru(32).Last()).Then(Layers.Linear(Ahead));
        Dataset learnt = Centred(train), chosen = Centred(choice);
        Func<Dataset, Tensor> Corrected(Func<Tensor, Tensor> model) => d => Drift(d.Inputs) + model(Centred(d).Inputs);
        Func<Dataset, Tensor> Network(Layer<Expr, Expr> layer, double rate, long seed) => Corrected(layer
            .Learner(Losses.Mse, Optimizers.Adam(rate).ClipByGlobalNorm(1)).Typed(DType.F64)
            .Fit(learnt, new TrainingOptions(Epochs: c.Brief ? 2 : 300, BatchSize: 32, Seed: seed, Validation: chosen, EarlyStopping: EarlyStopping.After(30)))
            .Predict);
        double Score(Func<Dataset, Tensor> model, Dataset d) => Metrics.Rmse.Of(d.Targets, model(d));

        double[] penalties = [1, 10, 100, 1000, 10000];
        var linear = penalties.Select(penalty => Corrected(Ridge.Fit(learnt.Inputs, learnt.Targets, penalty).Predict)).MinBy(model => Score(model, choice))!;
        var seeds = Enumerable.Range(1, c.Brief ? 1 : 5);
        (string Name, Func<Dataset, Tensor>[] Runs)[] models =
        [
            (c["last year", "año pasado"], [d => Naive(d.Inputs)]),
            (c["last year + drift", "año pasado + deriva"], [d => Drift(d.Inputs)]),
            (c["linear", "lineal"], [linear]),
            ("MLP", [.. seeds.Select(seed => Network(Mlp(), 1e-3, seed))]),
            ("GRU", [.. seeds.Select(seed => Network(Gru(), 3e-3, seed))]),
        ];
        #endregion

        #region intervals
        // The 90% quantile of the absolute errors at each horizon, on years that no model has seen: the half width of an interval.
        Tensor Mean(Func<Dataset, Tensor>[] runs, Dataset d) => runs.Select(run => run(d)).Aggregate((a, b) => a + b) / runs.Length;
        Tensor Errors(Func<Dataset, Tensor>[] runs, Dataset d) => (d.Targets - Mean(runs, d)).Compute(Abs);
        Tensor Half(Func<Dataset, Tensor>[] runs) => Errors(runs, calibration).Compute(e => e.Quantile(0.9, 0));
        double Covered(Func<Dataset, Tensor>[] runs) => Errors(runs, test).Compute(Half(runs), (e, half) => (e <= half).Cast(DType.F64).Mean()).ToDouble();
        #endregion
        foreach (var (name, runs) in models)
            Console.WriteLine($"{name}: choice {runs.Average(r => Score(r, choice)):0.000} test {string.Join(" ", runs.Select(r => Score(r, test).ToString("0.000")))} mean {Metrics.Rmse.Of(test.Targets, Mean(runs, test)):0.000} covered {Covered(runs):0.000} width {2 * Half(runs).Mean().ToDouble():0.00}");
    }
}
