using DL1;
using DL1.Pictures;

namespace Course;

/// <summary>One overfitting problem and six answers to it, by their validation curves.</summary>
internal static class RegularizationLesson
{
    public static void Run(Chapter c)
    {
        var (epochs, seeds) = c.Brief ? (4, 1) : (80, 3);
        c.Text("A network with more parameters than data can learn its rows by heart, mistakes included. We give one network 120 handwritten digits, of which about a sixth carry a wrong label, and let it train for long. Six measures against overfitting follow, each on the same problem.",
            "Una red con más parámetros que datos puede aprenderse las filas de memoria, errores incluidos. Le damos 120 dígitos manuscritos, de los cuales cerca de un sexto lleva una etiqueta equivocada, y la dejamos entrenar mucho tiempo. Siguen seis medidas contra el sobreajuste, cada una sobre el mismo problema.");
        c.Code("data");
        #region data
        var digits = Datasets.Digits().Shuffle(seed: 1);
        var (few, many, validation) = (digits.Take(120), digits.Take(1200), digits.Skip(1200));

        // About a sixth of the labels are drawn anew; the validation rows keep theirs.
        Dataset Mislabelled(Dataset rows)
        {
            var keys = Key.OfSeed(5).Split(2);
            var (chance, other) = (keys[0].Uniform(0, 1, 1200).Rows(..rows.Count), keys[1].Uniform(0, 10, 1200).Rows(..rows.Count).Cast(DType.I64));
            return rows.WithTargets(Tensor.Where(chance < 0.18, other, rows.Targets));
        }
        #endregion
        c.Code("cures");
        #region cures
        Layer<Expr, Expr> Net(double dropout) => Model.Sequential(
            Layers.Linear(64), Layers.Relu(), Layers.Dropout(dropout), Layers.Linear(64), Layers.Relu(), Layers.Dropout(dropout), Layers.Linear(10));
        Learner Plain(double dropout = 0) => Net(dropout).Learner(Losses.CrossEntropy, Optimizers.Adam(3e-3));
        (string Name, Learner Learner, Dataset Rows)[] cures =
        [
            (c["none", "ninguna"], Plain(), few),
            ("L2", Plain().Penalized(w => w.L2Penalty(3e-3)), few),
            ("L1", Plain().Penalized(w => w.L1Penalty(1e-3)), few),
            (c["elastic net", "red elástica"], Plain().Penalized(w => w.ElasticPenalty(2e-3, ratio: 0.4)), few),
            ("dropout", Plain(0.5), few),
            (c["ten times the data", "diez veces más datos"], Plain(), many),
        ];

        IReadOnlyList<Epoch> Train(Learner learner, Dataset rows, int seed) => learner.Fit(Mislabelled(rows), new TrainingOptions(
            epochs, BatchSize: 32, Seed: seed, Validation: validation, Metrics: [Metrics.LogLossOfLogits, Metrics.Accuracy])).History;
        #endregion

        // The mean over seeds of what a run says of each epoch.
        double[][] Means(Learner learner, Dataset rows, params Func<Epoch, double>[] measures)
        {
            var runs = Enumerable.Range(1, seeds).Select(seed => Train(learner, rows, seed)).ToList();
            return [.. measures.Select(measure => Enumerable.Range(0, epochs).Select(i => runs.Average(run => measure(run[i]))).ToArray())];
        }

        var curves = cures.Select(cure => Means(cure.Learner, cure.Rows,
            epoch => epoch.Loss, epoch => epoch.Metrics[Metrics.LogLossOfLogits.Name], epoch => epoch.Metrics[Metrics.Accuracy.Name])).ToList();
        double[] numbers = [.. Enumerable.Range(1, epochs).Select(i => (double)i)];
        var best = Array.IndexOf(curves[0][1], curves[0][1].Min());
        var stop = c["early stopping", "parada temprana"];
        Plot Empty(string title) => Plot.Titled(title).Labels(c["epoch", "época"], c["cross-entropy", "entropía cruzada"]);
        c.Figure("regularization", Figure.Grid(2, [
            Figure.Of(Empty(c["Without any measure", "Sin ninguna medida"]).Line(c["training", "entrenamiento"], numbers, curves[0][0])
                .Line(c["validation", "validación"], numbers, curves[0][1]).Dots(stop, [best + 1], [curves[0][1][best]])),
            Figure.Of(cures.Zip(curves).Aggregate(Empty(c["Validation", "Validación"]), (plot, cure) => plot.Line(cure.First.Name, numbers, cure.Second[1])))]),
            ("Training and validation loss without any measure, and validation loss with each of five", "Pérdida de entrenamiento y de validación sin ninguna medida, y pérdida de validación con cada una de cinco"),
            ($"Left: the training loss goes towards 0 while the validation loss turns after {best + 1} epochs and grows. Right: with penalties it ends lower, with dropout it hardly rises, and with more data it reaches the lowest point.", $"Izquierda: la pérdida de entrenamiento va hacia 0, mientras la de validación alcanza su mínimo tras {best + 1} épocas y luego crece. Derecha: con penalizaciones termina más abajo, con dropout apenas sube y con más datos alcanza el punto más bajo."));

        double End(int i) => curves[i][1][^1];
        double Right(int i) => curves[i][2][^1];
        double Lowest(int i) => curves[i][1].Min();
        c.Claim(curves[0][0][^1] < 0.2 && End(0) > 1.5 * curves[0][1][best], "training goes to 0, validation rises");
        c.Claim(Enumerable.Range(1, 5).All(i => End(i) < End(0)), "each measure ends lower than none");
        c.Claim(Lowest(5) == Enumerable.Range(0, 6).Min(Lowest) && Right(5) > Right(0), "more data reaches the lowest point");
        c.Claim(End(4) < 1.1 * Lowest(4) && End(4) < Lowest(0), "with dropout the loss hardly rises, and ends below the best without it");
        c.Table([("measure", "medida"), ("lowest validation loss", "menor pérdida de validación"), ("at the end", "al final"), ("accuracy at the end", "exactitud al final")],
            cures.Select((cure, i) => new[] { cure.Name, $"{Lowest(i):0.00}", $"{End(i):0.00}", $"{Right(i):0.000}" })
                .Append([stop, $"{Lowest(0):0.00}", $"{Lowest(0):0.00}", $"{curves[0][2][best]:0.000}"]));
        c.Result("validation loss: none, early stopping, L2, ten times the data", "pérdida de validación: ninguna, parada temprana, L2, diez veces más datos", $"{End(0):0.00}, {curves[0][1][best]:0.00}, {End(1):0.00}, {End(5):0.00}");

        c.Heading("What they do", "Qué hace cada una");
        Expr w = Expr.Symbol("w"), strength = Expr.Symbol("λ");
        var (ridge, lasso) = (strength * w.Pow(2), strength * Functions.Abs(w));
        c.Formula($@"\text{{L2}}: \quad \frac{{\partial}}{{\partial w}}\, {ridge.ToLatex()} = {ridge.Derivative(w).ToLatex()} \qquad \text{{L1}}: \quad \frac{{\partial}}{{\partial w}}\, {lasso.ToLatex()} = {lasso.Derivative(w).ToLatex()}");
        c.Text("L2 pulls a weight towards 0 with a force in proportion to its size; L1 pulls all with the same force, so that small ones go to 0; the elastic net does both. Dropout switches off half of the units in each step, so that none can rely on one particular other unit. Early stopping takes the parameters of the epoch that was best on the validation rows: it needs no further training, and even saves some.",
            "L2 tira de cada peso hacia 0 con una fuerza proporcional a su tamaño; L1 tira de todos con la misma fuerza, de modo que los pequeños terminan en 0; la red elástica hace ambas cosas. El *dropout* apaga la mitad de las unidades en cada paso, para que ninguna dependa de otra en particular. La parada temprana se queda con los parámetros de la mejor época en validación: no exige más entrenamiento e incluso lo acorta.");
        var atBest = curves[0][2][best];
        c.Claim(Right(0) < atBest - 0.05, "the accuracy suffers, too");
        c.Text($"Without any measure the accuracy goes from {atBest:0.000} at the best epoch to {Right(0):0.000} at the end, the loss from {Lowest(0):0.00} to {End(0):0.00}. Those are the epochs in which it learns the wrong labels: the training loss falls from {curves[0][0][best]:0.00} to {curves[0][0][^1]:0.00}.",
            $"Sin ninguna medida la exactitud pasa de {atBest:0.000} en la mejor época a {Right(0):0.000} al final, y la pérdida, de {Lowest(0):0.00} a {End(0):0.00}. En esas épocas aprende las etiquetas equivocadas: la pérdida de entrenamiento baja de {curves[0][0][best]:0.00} a {curves[0][0][^1]:0.00}.");

        // Who knew every digit and gave the other nine labels their share would still have this loss on the noisy labels.
        var (wrong, share) = (0.18 * 0.9, 0.18 / 10);
        var least = -(1 - wrong) * Math.Log(1 - wrong) - wrong * Math.Log(share);
        c.Claim(curves[5][0][^1] < least - 0.2, "even the wrong ones of ten times the labels are learned by heart");
        c.Question(("Even with ten times the data the validation loss rises in the end. Why?", "Incluso con diez veces más datos la pérdida de validación termina subiendo. ¿Por qué?"),
            ($"About a sixth of those labels is wrong, too, and ten times the rows make ten times the steps in {epochs} epochs: enough to learn them by heart. The training loss ends at {curves[5][0][^1]:0.00}; a network that knew every digit and no wrong label could not come below {least:0.00}.", $"También cerca de un sexto de esas etiquetas es erróneo, y diez veces más filas dan diez veces más pasos en {epochs} épocas: suficientes para memorizarlas. La pérdida de entrenamiento termina en {curves[5][0][^1]:0.00}; una red que conociera cada dígito y ninguna etiqueta equivocada no podría bajar de {least:0.00}."));
        c.Question(("May the validation loss of the stopped network be reported as its quality?", "¿Puede presentarse la pérdida de validación de la red detenida como su calidad?"),
            ("No: the epoch was chosen by that loss, so it is a little too good. Test rows are for that: nothing is chosen by them.", "No: con ella se eligió la época, así que es un poco optimista. Para eso están las filas de prueba, con las que no se elige nada."));
    }
}
