using DL1;
using DL1.Data;
using DL1.Pictures;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace Course;

/// <summary>Searches for hyper-parameters at equal budget: grid, random, successive halving, and the tree-structured Parzen estimator.</summary>
internal static class SearchLesson
{
    #region training
    // One step of momentum with a penalty as a graph, compiled once: what is searched for is among its inputs.
    private sealed class Trainer
    {
        private static readonly Layer<Expr, Expr> Net = Model.Sequential(Layers.Linear(16), Layers.Tanh(), Layers.Linear(2));
        private readonly CompiledFunction step, losses;

        public Trainer(Dataset train, Dataset validation, Dataset test)
        {
            Tree<Expr> weights = Start(Key.OfSeed(0)).Variables(), speeds = Start(Key.OfSeed(0)).Variables("speed.");
            Expr rate = Expr.Variable("rate"), momentum = Expr.Variable("momentum"), decay = Expr.Variable("decay");
            Expr Loss(Dataset data) => Losses.CrossEntropy(
                Expr.Constant(data.Targets), Net.Apply(weights, Trees.Empty<Expr>(), Expr.Constant(data.Inputs)).Output);
            var slopes = Loss(train).Gradient(weights);
            var next = speeds.Values.Zip(weights.Values, slopes.Values).Select(v => momentum * v.First + v.Third + decay * v.Second).ToList();
            var moved = weights.Values.Zip(next, (w, v) => w - rate * v);
            step = new CompiledFunction([.. weights.Values, .. speeds.Values, rate, momentum, decay], [.. moved, .. next]);
            losses = new CompiledFunction(weights.Values, [Loss(validation), Loss(test)]);
        }

        private static Tree<Tensor> Start(Key key) => Net.Init(key, 1, 30).Parameters;

        public (double Validation, double Test) Train(Setting setting, Key key, int steps)
        {
            var weights = Start(key);
            Tensor[] state = [.. weights.Values, .. weights.Values.Select(w => w.Compute(x => 0 * x))];
            Tensor[] chosen = [.. new[] { "rate", "momentum", "decay" }.Select(name => Tensor.Full(DType.F32, setting.Number(name)))];
            for (var i = 0; i < steps; i++)
                state = step.Invoke([.. state, .. chosen]);

            static double Finite(Tensor loss) => loss.ToDouble() is var v && double.IsFinite(v) ? Math.Min(v, 10) : 10;
            var reached = losses.Invoke(state[..weights.Count]);
            return (Finite(reached[0]), Finite(reached[1]));
        }
    }
    #endregion

    public static void Run(Chapter c)
    {
        var (seeds, most) = c.Brief ? (2, 9) : (20, 27);
        c.Text("We look for the learning rate, momentum and penalty of a small network that diagnoses tumours. Four searches get the same budget, counted in training steps. *Grid* search tries all combinations of a few values; *random* search draws each value anew; *successive halving* starts many trials and lets the best third go on; the *tree-structured Parzen estimator* (TPE) draws near the settings that were good so far.",
            "Buscamos la tasa de aprendizaje, el momento y la penalización de una red pequeña que diagnostica tumores. Cuatro búsquedas reciben el mismo presupuesto, contado en pasos de entrenamiento. La búsqueda en *cuadrícula* prueba todas las combinaciones de unos pocos valores; la *aleatoria* sortea cada valor de nuevo; la *reducción sucesiva* (*successive halving*) inicia muchos ensayos y deja seguir al mejor tercio; el *estimador de Parzen con estructura de árbol* (TPE) sortea cerca de las configuraciones que hasta ahora dieron buen resultado.");
        c.Code("training");
        c.Code("searches");
        #region searches
        (string, HyperRange)[] space = [("rate", Ranges.LogUniform(1e-3, 10)), ("momentum", Ranges.Uniform(0, 0.99)), ("decay", Ranges.LogUniform(1e-6, 1e-1))];
        var grid = HyperSearch.Grid(
            ("rate", Ranges.Among(0.001, 0.0464, 0.215, 10)), ("momentum", Ranges.Among(0, 0.5, 0.99)), ("decay", Ranges.Among(1e-6, 1e-1)));
        var (train, rest) = Datasets.BreastCancer().Split(0.5, seed: 1, stratified: true);
        var scaler = Scaler.Standard(train.Inputs);
        var (validation, test) = scaler.Apply(rest).Split(0.5, seed: 2, stratified: true);
        var trainer = new Trainer(scaler.Apply(train), validation, test);
        var trials = grid.Count;
        double Score(Setting setting, Key key, int steps) => trainer.Train(setting, key, steps).Validation;

        var halving = c["halving", "reducción"];
        // Halving costs as much: 3n settings for a ninth of the steps, n for a third, a third of n for all of them.
        (string Name, Func<int, IReadOnlyList<Trial>> Search)[] searches =
        [
            (c["grid", "cuadrícula"], seed => grid.Run((setting, key) => Score(setting, key, most), seed: seed)),
            (c["random", "aleatoria"], seed => HyperSearch.Random(trials, space, seed).Run((setting, key) => Score(setting, key, most), seed: seed)),
            (halving, seed => HyperSearch.Random(3 * trials, space, seed).Halve(Score, least: most / 9, most: most, seed: seed)),
            ("TPE", seed => HyperSearch.Tpe(trials, space, run => TrialResult.Of(Score(run.Setting, run.Key, most)), random: 8, new StudySettings(Round: 1, Seed: seed))),
        ];
        var found = searches.Select(search => Enumerable.Range(1, seeds).Select(seed => search.Search(seed)).ToList()).ToList();
        #endregion

        // The lowest score seen so far, after each part of the budget: mean over the seeds.
        int[] parts = [.. Enumerable.Range(1, trials).Select(i => i * most)];
        double BestAt(string search, IReadOnlyList<Trial> run, int budget)
        {
            var spent = 0;
            return run.TakeWhile(trial => (spent += search == halving ? trial.Budget : most) <= budget).Select(trial => trial.Score).Append(10).Min();
        }

        c.Figure("search-budget", searches.Select((search, i) => (search.Name, Curve: parts.Select(budget => found[i].Average(run => BestAt(search.Name, run, budget))))).Aggregate(
                Plot.Titled(c["The best trial so far", "El mejor ensayo hasta el momento"]).Labels(c["training steps used", "pasos de entrenamiento usados"], c["validation loss", "pérdida de validación"]).WithYLimits(0.094, 0.13),
                (plot, search) => plot.Line(search.Name, parts.Select(budget => (double)budget), search.Curve)),
            ("The lowest validation loss over the budget for four searches", "La menor pérdida de validación según el presupuesto para cuatro búsquedas"),
            ($"The mean of {seeds} repetitions with {trials} · {most} = {trials * most} steps each. The axis is cut off: the grid begins with small learning rates and lies above the picture at first.", $"La media de {seeds} repeticiones con {trials} · {most} = {trials * most} pasos cada una. El eje está recortado: la cuadrícula empieza con tasas pequeñas y al principio queda por encima de la figura."));

        // The winner of each search, trained anew, on rows that nothing was chosen by.
        double[][] tests = [.. found.Select(runs => runs.Select((run, seed) => trainer.Train(run.Best().Setting, Key.OfSeed(1000 + seed), most).Test).ToArray())];
        (double Mean, double Half) Interval(double[] values) => (values.Average(), StudentT.InvCDF(0, 1, seeds - 1, 0.975) * values.StandardDeviation() / Math.Sqrt(seeds));
        double[][] scores = [.. found.Select(runs => runs.Select(run => run.Best().Score).ToArray())];
        var (means, judged) = (scores.Select(Interval).ToList(), tests.Select(Interval).ToList());
        var mean95 = c["mean and 95% interval", "media e intervalo del 95%"];
        c.Figure("search-seeds", Plot.Titled(c[$"{seeds} repetitions of each search", $"{seeds} repeticiones de cada búsqueda"]).Labels("", c["best validation loss", "mejor pérdida de validación"])
                .Dots(c["one repetition", "una repetición"], searches.SelectMany((_, i) => Enumerable.Repeat(i + 0.9, seeds)), scores.SelectMany(s => s))
                .Line(mean95, means.SelectMany((_, i) => new[] { i + 1.1, i + 1.1, i + 1.1 }), means.SelectMany(m => new[] { m.Mean - m.Half, m.Mean + m.Half, double.NaN }))
                .Dots(mean95, means.Select((_, i) => i + 1.1), means.Select(m => m.Mean))
                .WithNames(searches.Select(search => search.Name)),
            ("The results of all repetitions with means and intervals", "Los resultados de todas las repeticiones con medias e intervalos"),
            ("Each dot is the best trial of one repetition. TPE's interval lies below those of grid and random.", "Cada punto es el mejor ensayo de una repetición. El intervalo de TPE queda por debajo de los de la cuadrícula y la aleatoria."));
        string Shown((double Mean, double Half) v) => $"{v.Mean:0.0000} ± {v.Half:0.0000}";
        c.Table([("search", "búsqueda"), ("validation loss", "pérdida de validación"), ("test loss, trained anew", "pérdida de prueba, con nuevo entrenamiento")],
            searches.Select((search, i) => new[] { search.Name, Shown(means[i]), Shown(judged[i]) }));
        bool Apart((double Mean, double Half) low, (double Mean, double Half) high) => low.Mean + low.Half < high.Mean - high.Half;
        c.Claim(Apart(means[3], means[0]) && Apart(means[3], means[1]), "TPE finds lower validation losses than grid and random");
        c.Claim(judged.All(a => judged.All(b => !Apart(a, b))), "on test rows no search is better");
        c.Claim(judged.Zip(means).All(pair => pair.First.Mean > pair.Second.Mean), "test losses are higher than the validation losses that were chosen by");
        c.Result("validation loss of the best trial: random, TPE", "pérdida de validación del mejor ensayo: aleatoria, TPE", $"{Shown(means[1])}, {Shown(means[3])}");
        c.Text($"At equal budget TPE finds the lowest validation losses ({Shown(means[3])}): its interval lies apart from those of random search ({Shown(means[1])}) and grid ({Shown(means[0])}), which spends its trials on only four learning rates. But look at the last column: on the test rows, trained anew, no search is ahead. What TPE gained on the validation rows did not carry over: a search, too, can overfit the rows that it chooses by.",
            $"Con igual presupuesto, TPE encuentra las menores pérdidas de validación ({Shown(means[3])}): su intervalo queda separado de los de la búsqueda aleatoria ({Shown(means[1])}) y la cuadrícula ({Shown(means[0])}), que gasta sus ensayos en solo cuatro tasas. Pero mira la última columna: con las filas de prueba y un nuevo entrenamiento, ninguna búsqueda va por delante. Lo que TPE ganó con las filas de validación no se trasladó: también una búsqueda puede sobreajustarse a las filas con las que elige.");

        c.Question(("Which search would you take if one trial took a day and four machines were free?", "¿Qué búsqueda elegirías si un ensayo durara un día y hubiera cuatro máquinas libres?"),
            ("Few and expensive trials speak for TPE, which found the lowest losses here, but learns from finished trials: four at once teach it less. Halving leaves machines free early, if early results predict late ones. Random trials run in parallel in any number.", "Pocos ensayos y caros hablan a favor de TPE, que aquí encontró las menores pérdidas, pero aprende de ensayos terminados: cuatro a la vez le enseñan menos. La reducción sucesiva libera máquinas pronto, si los resultados tempranos anticipan los tardíos. Los ensayos aleatorios se ejecutan en paralelo en cualquier número."));
        c.Question(("How could the searches be kept from overfitting the validation rows?", "¿Cómo evitar que las búsquedas se sobreajusten a las filas de validación?"),
            ("With more validation rows, or with cross-validation, where each score rests on all rows. And with fewer trials: each one is another chance to be lucky.", "Con más filas de validación o con validación cruzada: así cada resultado se apoya en todas las filas. Y con menos ensayos: cada uno es otra oportunidad de tener suerte."));
    }
}
