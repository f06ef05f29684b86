using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>Searches for hyper-parameters at equal budget: grid, random, halving, and the tree-structured Parzen estimator.</summary>
internal static class SearchLesson
{
    #region training
    // One step of momentum with a penalty as a graph, compiled once: what is searched for is among its inputs.
    private sealed class Trainer(Dataset train, Dataset validation, Dataset test)
    {
        private static readonly Layer<Expr, Expr> Net = Model.Sequential(Layers.Linear(16), Layers.Tanh(), Layers.Linear(2));
        private static readonly Expr Rate = Expr.Variable("rate"), Momentum = Expr.Variable("momentum"), Decay = Expr.Variable("decay");
        private readonly CompiledFunction step = Step(train), onValidation = Loss(validation), onTest = Loss(test);

        private static Tree<Tensor> Start(Key key) => Net.Init(key, 1, 30).Parameters;

        private static Expr LossOf(Tree<Expr> weights, Dataset data) => Losses.CrossEntropy(
            Expr.Constant(data.Targets), Net.Apply(weights, Trees.Empty<Expr>(), Expr.Constant(data.Inputs)).Output);

        private static CompiledFunction Loss(Dataset data)
        {
            var weights = Start(Key.OfSeed(0)).Variables();
            return new CompiledFunction(weights.Values, [LossOf(weights, data)]);
        }

        private static CompiledFunction Step(Dataset data)
        {
            Tree<Expr> weights = Start(Key.OfSeed(0)).Variables(), speeds = Start(Key.OfSeed(0)).Variables("speed.");
            var slopes = LossOf(weights, data).Gradient(weights);
            var next = speeds.Values.Zip(weights.Values, slopes.Values).Select(v => Momentum * v.First + v.Third + Decay * v.Second).ToList();
            var moved = weights.Values.Zip(next, (w, v) => w - Rate * v);
            return new CompiledFunction([.. weights.Values, .. speeds.Values, Rate, Momentum, Decay], [.. moved, .. next]);
        }

        public (double Validation, double Test) Train(Setting setting, Key key, int steps)
        {
            Tensor Number(string name) => Tensor.Full(DType.F32, setting.Number(name));
            var weights = Start(key);
            Tensor[] state = [.. weights.Values, .. weights.Values.Select(w => w.Compute(x => 0 * x))];
            for (var i = 0; i < steps; i++)
                state = step.Invoke([.. state, Number("rate"), Number("momentum"), Number("decay")]);

            double At(CompiledFunction loss) => loss.Invoke(state[..weights.Count])[0].ToDouble() is var v && double.IsFinite(v) ? Math.Min(v, 10) : 10;
            return (At(onValidation), At(onTest));
        }
    }
    #endregion

    public static void Run(Chapter c)
    {
        var (seeds, most) = c.Brief ? (2, 9) : (20, 27);
        c.Text("Rate, momentum and penalty of a small network that judges tumours are to be found. Four searches get the same budget, counted in training steps. *Grid* tries all combinations of a few values; *random* draws each value anew; *halving* starts many and lets the best third go on; the *tree-structured Parzen estimator* (TPE) draws where trials were good so far.",
            "Buscamos la tasa de aprendizaje, el momento y la penalización de una red pequeña que diagnostica tumores. Cuatro búsquedas reciben el mismo presupuesto, contado en pasos de entrenamiento. La *rejilla* prueba todas las combinaciones de unos pocos valores; la *aleatoria* sortea cada valor de nuevo; *halving* (reducción sucesiva) empieza con muchas y deja seguir al mejor tercio; el *estimador de Parzen* (TPE) sortea donde los ensayos han ido bien hasta ahora.");
        c.Code("training");
        c.Code("searches");
        #region searches
        (string, HyperRange)[] space =
        [
            ("rate", Ranges.LogUniform(1e-3, 10)), ("momentum", Ranges.Uniform(0, 0.99)), ("decay", Ranges.LogUniform(1e-6, 1e-1)),
        ];
        var grid = HyperSearch.Grid(
            ("rate", Ranges.Among(0.001, 0.0464, 0.215, 10)), ("momentum", Ranges.Among(0, 0.5, 0.99)), ("decay", Ranges.Among(1e-6, 1e-1)));
        var (train, rest) = Datasets.BreastCancer().Split(0.5, seed: 1, stratified: true);
        var scaler = Scaler.Standard(train.Inputs);
        var (validation, test) = scaler.Apply(rest).Split(0.5, seed: 2, stratified: true);
        var trainer = new Trainer(scaler.Apply(train), validation, test);
        var trials = grid.Count;
        double Score(Setting setting, Key key, int steps) => trainer.Train(setting, key, steps).Validation;

        // Halving costs as much: 3n settings for a ninth of the steps, n for a third, a third of n for all of them.
        (string Name, Func<int, IReadOnlyList<Trial>> Search)[] searches =
        [
            (c["grid", "rejilla"], seed => grid.Run((setting, key) => Score(setting, key, most), seed: seed)),
            (c["random", "aleatoria"], seed => HyperSearch.Random(trials, space, seed).Run((setting, key) => Score(setting, key, most), seed: seed)),
            ("halving", seed => HyperSearch.Random(3 * trials, space, seed).Halve(Score, least: most / 9, most: most, seed: seed)),
            ("TPE", seed => HyperSearch.Tpe(trials, space, run => TrialResult.Of(Score(run.Setting, run.Key, most)), random: 8,
                new StudySettings(Round: 1, Seed: seed))),
        ];
        var found = searches.Select(search => Enumerable.Range(1, seeds).Select(seed => search.Search(seed)).ToList()).ToList();
        #endregion

        // The lowest score seen so far, after each part of the budget: mean over the seeds.
        var halving = Array.FindIndex(searches, search => search.Name == "halving");
        int[] parts = [.. Enumerable.Range(1, trials).Select(i => i * most)];
        double BestAt(int search, IReadOnlyList<Trial> run, int budget)
        {
            var (spent, lowest) = (0, 10.0);
            foreach (var trial in run)
            {
                spent += search == halving ? trial.Budget : most;
                if (spent > budget) break;
                lowest = Math.Min(lowest, trial.Score);
            }

            return lowest;
        }

        double[] budgets = [.. parts.Select(budget => (double)budget)];
        c.Figure("search-budget", searches.Select((search, i) => (search.Name, Curve: parts.Select(budget => found[i].Average(run => BestAt(i, run, budget))))).Aggregate(
                Plot.Titled(c["The best trial so far", "El mejor ensayo hasta el momento"]).Labels(c["training steps spent", "pasos de entrenamiento gastados"], c["validation loss", "pérdida de validación"]).WithYLimits(0.094, 0.13),
                (plot, search) => plot.Line(search.Name, budgets, search.Curve)),
            ("The lowest validation loss over the budget for four searches", "La menor pérdida de validación según el presupuesto para cuatro búsquedas"),
            ($"The mean of {seeds} repetitions, {trials} trials of {most} steps each, or as many steps. The axis begins at 0.094; the grid enters from above.", $"La media de {seeds} repeticiones, {trials} ensayos de {most} pasos cada una, o el mismo número de pasos. El eje empieza en 0.094 y la rejilla entra desde arriba."));

        // What the winner of each search comes to on rows that nothing was chosen by, trained anew.
        double[][] tests = [.. found.Select(runs => runs.Select((run, seed) => trainer.Train(run.Best().Setting, Key.OfSeed(1000 + seed), most).Test).ToArray())];
        double[] Scores(int i) => [.. found[i].Select(run => run.Best().Score)];
        (double Mean, double Half) Interval(double[] values) =>
            (values.Average(), 1.96 * Math.Sqrt(values.Select(v => Math.Pow(v - values.Average(), 2)).Sum() / (seeds - 1.0) / seeds));
        var means = searches.Select((_, i) => Interval(Scores(i))).ToList();
        var mean95 = c["mean and 95% interval", "media e intervalo del 95%"];
        c.Figure("search-seeds", Plot.Titled(c[$"{seeds} repetitions of each search", $"{seeds} repeticiones de cada búsqueda"]).Labels("", c["best validation loss", "mejor pérdida de validación"])
                .Dots(c["one repetition", "una repetición"], searches.SelectMany((_, i) => Enumerable.Repeat(i + 0.9, seeds)), searches.SelectMany((_, i) => Scores(i)))
                .Line(mean95, means.SelectMany((_, i) => new[] { i + 1.1, i + 1.1, i + 1.1 }), means.SelectMany(m => new[] { m.Mean - m.Half, m.Mean + m.Half, double.NaN }))
                .Dots(mean95, means.Select((_, i) => i + 1.1), means.Select(m => m.Mean))
                .WithNames(searches.Select(search => search.Name)),
            ("The results of all repetitions with means and intervals", "Los resultados de todas las repeticiones con medias e intervalos"),
            ("Where intervals overlap widely, these repetitions do not tell which search is better.", "Donde los intervalos se solapan mucho, estas repeticiones no dicen qué búsqueda es mejor."));
        string Shown((double Mean, double Half) v) => $"{v.Mean:0.0000} ± {v.Half:0.0000}";
        c.Table([("search", "búsqueda"), ("validation loss", "pérdida de validación"), ("loss on test rows, trained anew", "pérdida en prueba, entrenada de nuevo")],
            searches.Select((search, i) => new[] { search.Name, Shown(means[i]), Shown(Interval(tests[i])) }));
        var judged = searches.Select((_, i) => Interval(tests[i])).ToList();
        bool Apart((double Mean, double Half) low, (double Mean, double Half) high) => low.Mean + low.Half < high.Mean - high.Half;
        c.Claim(Apart(means[3], means[0]) && Apart(means[3], means[1]), "TPE finds lower validation losses than grid and random");
        c.Claim(judged.All(a => judged.All(b => !Apart(a, b))), "on test rows no search is better");
        c.Claim(searches.Select((_, i) => i).All(i => judged[i].Mean > means[i].Mean), "test losses are higher than those chosen by");
        c.Result("validation loss of the best trial: random, TPE", "pérdida de validación del mejor ensayo: aleatoria, TPE", $"{Shown(means[1])}, {Shown(means[3])}");
        c.Text($"At equal budget the estimator finds the lowest validation losses ({Shown(means[3])}), and its interval lies apart from those of random ({Shown(means[1])}) and grid ({Shown(means[0])}), which wastes trials on few values of what matters. But look at the last column: on test rows, trained anew, no search is ahead. The last thousandths on the validation rows were luck with these rows: a search, too, overfits what it chooses by.",
            $"Con igual presupuesto el estimador encuentra las menores pérdidas de validación ({Shown(means[3])}), y su intervalo queda separado de los de la aleatoria ({Shown(means[1])}) y la rejilla ({Shown(means[0])}), que gasta ensayos en pocos valores de lo que importa. Pero mira la última columna: en las filas de prueba, con un entrenamiento nuevo, ninguna búsqueda va por delante. Las últimas milésimas en validación eran suerte con esas filas: también una búsqueda se sobreajusta a aquello con lo que elige.");

        c.Question(("Which search would you take if one trial took a day and four machines were free?", "¿Qué búsqueda elegirías si un ensayo durara un día y hubiera cuatro máquinas libres?"),
            ("Few and expensive trials speak for the estimator, which needs rounds; halving uses machines best, as long as early results foretell late ones; random search runs side by side in any number.", "Pocos ensayos y caros hablan a favor del estimador, que necesita rondas; halving aprovecha mejor las máquinas si los resultados tempranos anticipan los tardíos; la búsqueda aleatoria se ejecuta en paralelo en cualquier número."));
        c.Question(("How could the searches be kept from overfitting the validation rows?", "¿Cómo evitar que las búsquedas se sobreajusten a las filas de validación?"),
            ("More validation rows, or cross-validation: each score then rests on all rows. And fewer trials: each one is another chance to be lucky.", "Con más filas de validación o con validación cruzada: así cada puntuación se apoya en todas las filas. Y con menos ensayos: cada uno es otra oportunidad de tener suerte."));
    }
}
