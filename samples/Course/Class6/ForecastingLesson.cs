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
    // Windows whose 24 targets lie between two months, each with the 36 months before: no month is a target in two parts.
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

    // Models see a window less its mean; their target is the error of the baseline with drift.
    private static Dataset Centred(Dataset windows) => Dataset.Of(
        windows.Inputs - windows.Inputs.Mean([1], keepAxes: true), windows.Targets - Drift(windows.Inputs));
    #endregion

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
        Dataset learned = Centred(train), chosen = Centred(choice);
        Func<Dataset, Tensor> Corrected(Func<Tensor, Tensor> model) => d => Drift(d.Inputs) + model(Centred(d).Inputs);
        Func<Dataset, Tensor> Network(Layer<Expr, Expr> layer, double rate, long seed) => Corrected(layer
            .Learner(Losses.Mse, Optimizers.Adam(rate).ClipByGlobalNorm(1)).Typed(DType.F64)
            .Fit(learned, new TrainingOptions(Epochs: c.Brief ? 2 : 300, BatchSize: 32, Seed: seed, Validation: chosen, EarlyStopping: EarlyStopping.After(30))).Predict);
        double Score(Func<Dataset, Tensor> model, Dataset d) => Metrics.Rmse.Of(d.Targets, model(d));
        var linear = new double[] { 1, 10, 100, 1000, 10000 }.Select(penalty => Corrected(Ridge.Fit(learned.Inputs, learned.Targets, penalty).Predict)).MinBy(model => Score(model, choice))!;
        var seeds = Enumerable.Range(1, c.Brief ? 1 : 5);
        (string Name, Func<Dataset, Tensor>[] Runs)[] models =
        [
            (c["last year", "año pasado"], [d => Naive(d.Inputs)]), (c["last year + drift", "año pasado + deriva"], [d => Drift(d.Inputs)]), (c["linear", "lineal"], [linear]),
            ("MLP", [.. seeds.Select(seed => Network(Mlp(), 1e-3, seed))]), ("GRU", [.. seeds.Select(seed => Network(Gru(), 3e-3, seed))]),
        ];
        #endregion
        #region intervals
        // The 90% quantile of the absolute errors at each horizon, on years that no model has seen: the half width of an interval.
        Tensor Mean(Func<Dataset, Tensor>[] runs, Dataset d) => runs.Select(run => run(d)).Aggregate((a, b) => a + b) / runs.Length;
        Tensor Errors(Func<Dataset, Tensor>[] runs, Dataset d) => (d.Targets - Mean(runs, d)).Compute(Abs);
        Tensor Half(Func<Dataset, Tensor>[] runs) => Errors(runs, calibration).Compute(e => e.Quantile(0.9, 0));
        double Covered(Func<Dataset, Tensor>[] runs) => Errors(runs, test).Compute(Half(runs), (e, half) => (e <= half).Cast(DType.F64).Mean()).ToDouble();
        #endregion
        c.Text($"Monthly CO2 at Mauna Loa, {n / 12} years. The question is honest only if it is asked as in life: from one month, the next {Ahead} months, with nothing known of them. Models learn from the first {(n - 264) / 12} years, stop on six more, have their intervals measured on another six, and are compared on the last decade, which is looked at once.",
            $"CO2 mensual en Mauna Loa, {n / 12} años. La pregunta es honesta solo si se hace como en la vida: desde un mes, los {Ahead} siguientes, sin saber nada de ellos. Los modelos aprenden de los primeros {(n - 264) / 12} años, se detienen según otros seis, miden sus intervalos en seis más y se comparan en la última década, que se mira una sola vez.");
        c.Code("split");
        c.Code("windows");
        double[] years = [.. Enumerable.Range(0, n).Select(i => i / 12.0)], values = series.ToDoubles();
        (string Name, Range Months)[] parts = [(c["learn", "aprender"], ..(n - 264)), (c["stop", "detener"], (n - 264)..(n - 192)), (c["intervals", "intervalos"], (n - 192)..(n - 120)), (c["test", "prueba"], (n - 120)..)];
        c.Figure("forecasting-series", parts.Aggregate(Plot.Titled(c["CO2 at Mauna Loa", "CO2 en Mauna Loa"]).Labels(c["years since May 1964", "años desde mayo de 1964"], "ppm"), (plot, part) => plot.Line(part.Name, years[part.Months], values[part.Months])),
            ("Monthly CO2 with its four parts in four colours", "CO2 mensual con sus cuatro partes en cuatro colores"),
            ("A season on a trend that steepens: each part rises above what came before.", "Un ciclo anual sobre una tendencia cada vez más empinada: cada parte sube por encima de lo anterior."));
        c.Code("baselines");
        c.Code("models");

        c.Heading("Who wins?", "¿Quién gana?");
        var horizons = Enumerable.Range(1, Ahead).Select(h => (double)h).ToList();
        var errors = models.Select(m => m.Runs.Select(run => (test.Targets - run(test)).Compute(e => Sqrt(Square(e).Mean(0))).ToDoubles()).ToList()).ToList();
        c.Figure("forecasting-horizons", models.Zip(errors).Skip(1).Aggregate(
                Plot.Titled(c["Error by horizon", "Error por horizonte"]).Labels(c["months ahead", "meses por delante"], "RMSE, ppm"),
                (plot, m) => plot.Ranged(m.First.Name, horizons, m.Second)),
            ("Root mean squared error over the months ahead for four models", "Raíz del error cuadrático medio según los meses por delante para cuatro modelos"),
            ("The last decade. Bands are the range over seeds. Last year's value alone is off the picture.", "La última década. Las bandas son el rango entre semillas. El valor del año pasado por sí solo queda fuera de la figura."));
        (string Name, double Choice, double Test, double Least, double Most, double Covered, double Wide)[] rows = [.. models.Select(m => (
            m.Name, m.Runs.Average(run => Score(run, choice)), m.Runs.Average(run => Score(run, test)), m.Runs.Min(run => Score(run, test)), m.Runs.Max(run => Score(run, test)),
            Covered(m.Runs), 2 * Half(m.Runs).Mean().ToDouble()))];
        c.Table([("model", "modelo"), ("RMSE, years of stopping", "RMSE, años de parada"), ("RMSE, last decade", "RMSE, última década"), ("range over seeds", "rango entre semillas"), ("interval covers", "el intervalo cubre"), ("mean width, ppm", "ancho medio, ppm")],
            rows.Select(r => new[] { r.Name, $"{r.Choice:0.00}", $"{r.Test:0.00}", r.Least == r.Most ? "" : $"{r.Least:0.00}, {r.Most:0.00}", $"{r.Covered:0.00}", $"{r.Wide:0.0}" }));
        var near = errors.Select(runs => runs.Average(run => run[0])).ToList();
        c.Claim(near[2] < 0.7 * near[1] && near[3] < near[1] && near[4] < near[1], "one month ahead the models win");
        c.Claim(rows[1].Test < rows[2..].Min(r => r.Least), "in the last decade the baseline with drift beats every seed of every model");
        c.Claim(rows[2..].All(r => r.Choice < 0.7 * rows[1].Choice && r.Most < 0.5 * rows[0].Test), "in the years of stopping every model beats the baselines by far; all beat last year's value twofold");
        c.Text($"Over two years the simple baseline wins: last year with drift errs by {rows[1].Test:0.00} ppm in the last decade, the GRU by {rows[4].Test:0.00}, the MLP by {rows[3].Test:0.00}, the linear model by {rows[2].Test:0.00}; last year's value alone by {rows[0].Test:0.00}. In the years of stopping it was the other way round: {rows[1].Choice:0.00} for drift, {rows[2].Choice:0.00}, {rows[3].Choice:0.00} and {rows[4].Choice:0.00} for the models. What they had learned from the years before no longer held. One month ahead, though, they win: {near[2]:0.00} for the linear model, {near[1]:0.00} for the drift.",
            $"A dos años gana el modelo de referencia simple: en la última década el año pasado con deriva se equivoca en {rows[1].Test:0.00} ppm; la GRU, en {rows[4].Test:0.00}; el MLP, en {rows[3].Test:0.00}; el modelo lineal, en {rows[2].Test:0.00}; el valor del año pasado por sí solo, en {rows[0].Test:0.00}. En los años de parada era al revés: {rows[1].Choice:0.00} la deriva y {rows[2].Choice:0.00}, {rows[3].Choice:0.00} y {rows[4].Choice:0.00} los modelos. Lo que habían aprendido de los años anteriores ya no valía. A un mes, en cambio, ganan: {near[2]:0.00} el modelo lineal, {near[1]:0.00} la deriva.");
        c.Result("RMSE two years ahead, last decade: last year, + drift, linear, MLP, GRU", "RMSE a dos años, última década: año pasado, + deriva, lineal, MLP, GRU", string.Join(", ", rows.Select(r => $"{r.Test:0.00}")));

        c.Heading("Intervals, and what they are worth", "Intervalos, y lo que valen");
        c.Code("intervals");
        var (forecast, half) = (Mean(models[1].Runs, test), Half(models[1].Runs).ToDoubles());
        double[] when = years[^120..], told = [.. Enumerable.Range(0, 5).SelectMany(i => forecast.Row(24 * i).ToDoubles())], wide = [.. Enumerable.Repeat(half, 5).SelectMany(h => h)];
        c.Figure("forecasting-fans", Plot.Titled(c["Five forecasts", "Cinco pronósticos"]).Labels(c["years since May 1964", "años desde mayo de 1964"], "ppm")
            .Line(models[1].Name, when, told).Band(models[1].Name, when, told.Zip(wide, (a, b) => a - b), told.Zip(wide, (a, b) => a + b)).Line(c["measured", "medido"], when, values[^120..]),
            ("The last decade with five two-year forecasts and their intervals", "La última década con cinco pronósticos a dos años y sus intervalos"),
            ($"The winner from five starts, two years each, one after the other. Its intervals were to hold 90% of the months; they hold {100 * rows[1].Covered:0}%.", $"El ganador desde cinco inicios, dos años cada vez, uno tras otro. Sus intervalos debían contener el 90% de los meses; contienen el {100 * rows[1].Covered:0}%."));
        var calm = Score(models[1].Runs[0], calibration);
        c.Claim(rows.All(r => r.Covered < 0.85) && calm < rows[1].Test, "no interval covers what it promises, since errors were smaller where it was measured");
        c.Text($"An interval promises that the years to come are like those on which it was measured. Here no model keeps the promise: {rows.Min(r => r.Covered):0.00} to {rows.Max(r => r.Covered):0.00} instead of 0.90. The years before were calmer: there the drift erred by {calm:0.00} ppm.",
            $"Un intervalo promete que los años venideros se parecen a aquellos en que se midió. Aquí ningún modelo lo cumple: de {rows.Min(r => r.Covered):0.00} a {rows.Max(r => r.Covered):0.00} en vez de 0.90. Los años anteriores fueron más tranquilos: ahí la deriva se equivocaba en {calm:0.00} ppm.");
        c.Question(("Which model would the years of stopping have chosen?", "¿Qué modelo se habría elegido por los años de parada?"),
            ($"The {rows.MinBy(r => r.Choice).Name} ({rows.MinBy(r => r.Choice).Choice:0.00}); it errs by {rows.MinBy(r => r.Choice).Test:0.00} in the last decade, more than the drift's {rows[1].Test:0.00}. One stretch of a series is one observation of how it changes.",
             $"El modelo {rows.MinBy(r => r.Choice).Name} ({rows.MinBy(r => r.Choice).Choice:0.00}); en la última década se equivoca en {rows.MinBy(r => r.Choice).Test:0.00}, más que el {rows[1].Test:0.00} de la deriva. Un tramo de una serie es una sola observación de cómo cambia."));
        c.Question(("Why not split the windows at random, as with other data?", "¿Por qué no dividir las ventanas al azar, como con otros datos?"),
            ("Neighbouring windows share all months but one: the test would be in the training data, and the rising trend would be filled in between known years. The errors would look smaller, and be wrong.",
             "Ventanas vecinas comparten todos los meses menos uno: la prueba estaría en los datos de entrenamiento, y la tendencia creciente se rellenaría entre años conocidos. Los errores parecerían menores, y serían falsos."));
    }
}
