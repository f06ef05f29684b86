using DL1;
using DL1.Pictures;

namespace Course;

/// <summary>One overfitting problem and seven answers to it, by their validation curves.</summary>
internal static class RegularizationLesson
{
    public static void Run(Chapter c)
    {
        var (epochs, seeds) = c.Brief ? (4, 1) : (80, 3);
        c.Text("A network with more parameters than data can learn its rows by heart, mistakes included. We give one 120 handwritten digits, of which about a sixth carry a wrong label, and let it train for long. Seven measures against overfitting follow, each on the same problem.",
            "Una red con más parámetros que datos puede aprenderse las filas de memoria, errores incluidos. Le damos a una 120 dígitos manuscritos, de los que cerca de un sexto llevan una etiqueta equivocada, y la dejamos entrenar mucho tiempo. Siguen siete medidas contra el sobreajuste, cada una sobre el mismo problema.");
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
            ("Training and validation loss without, and validation loss with six measures", "Pérdida de entrenamiento y de validación sin medidas, y de validación con seis de ellas"),
            ($"Left: the training loss goes towards 0 while the validation loss turns after {best + 1} epochs and grows. Right: penalties hold it down, dropout lets it fall on; more data reaches the lowest point.", $"Izquierda: la pérdida de entrenamiento va hacia 0, mientras la de validación da la vuelta tras {best + 1} épocas y crece. Derecha: las penalizaciones la contienen y con dropout sigue bajando; con más datos se alcanza el punto más bajo."));

        double End(int i) => curves[i][1][^1];
        double Right(int i) => curves[i][2][^1];
        double Lowest(int i) => curves[i][1].Min();
        c.Claim(curves[0][0][^1] < 0.2 && End(0) > 1.5 * curves[0][1][best], "training goes to 0, validation turns");
        c.Claim(Enumerable.Range(1, 5).All(i => End(i) < End(0)), "each measure ends lower than none");
        c.Claim(Lowest(5) == Enumerable.Range(0, 6).Min(Lowest) && Right(5) > Right(0), "more data reaches the lowest point");
        c.Claim(End(4) < 1.1 * Lowest(4) && End(4) < Lowest(0), "dropout does not turn, and ends below the best without it");
        c.Table([("measure", "medida"), ("lowest validation loss", "menor pérdida de validación"), ("at the end", "al final"), ("accuracy at the end", "exactitud al final")],
            cures.Select((cure, i) => new[] { cure.Name, $"{Lowest(i):0.00}", $"{End(i):0.00}", $"{Right(i):0.000}" })
                .Append([stop, $"{Lowest(0):0.00}", $"{Lowest(0):0.00}", $"{curves[0][2][best]:0.000}"]));
        c.Result("validation loss: none, early stopping, L2, ten times the data", "pérdida de validación: ninguna, parada temprana, L2, diez veces más datos", $"{End(0):0.00}, {curves[0][1][best]:0.00}, {End(1):0.00}, {End(5):0.00}");

        c.Heading("What they do", "Qué hace cada una");
        Expr w = Expr.Symbol("w"), strength = Expr.Symbol("λ");
        var (ridge, lasso) = (strength * w.Pow(2), strength * Functions.Abs(w));
        c.Formula($@"\text{{L2}}: \quad \frac{{\partial}}{{\partial w}}\, {ridge.ToLatex()} = {ridge.Derivative(w).ToLatex()} \qquad \text{{L1}}: \quad \frac{{\partial}}{{\partial w}}\, {lasso.ToLatex()} = {lasso.Derivative(w).ToLatex()}");
        c.Text("L2 pulls a weight the more the larger it is; L1 pulls all with the same force, so that small ones go to 0; the elastic net does both. Dropout switches off half of the units in each step, so that none can rely on a particular other. Early stopping takes the parameters of the epoch that was best on validation rows: it costs nothing and even saves time.",
            "L2 tira de un peso tanto más cuanto mayor es; L1 tira de todos con la misma fuerza, de modo que los pequeños acaban en 0; la red elástica hace ambas cosas. El dropout (abandono) apaga la mitad de las unidades en cada paso, para que ninguna dependa de otra en particular. La parada temprana se queda con los parámetros de la época mejor en validación: no cuesta nada e incluso ahorra tiempo.");
        var atBest = curves[0][2][best];
        c.Claim(End(0) / Lowest(0) > (1 - Right(0)) / (1 - atBest), "the loss suffers more than the accuracy");
        c.Text($"Without any measure the accuracy goes from {atBest:0.000} at the best epoch to {Right(0):0.000} at the end, the loss from {Lowest(0):0.00} to {End(0):0.00}. What overfitting ruins most is the confidence: wrong answers are given with probabilities near 1, which the cross-entropy punishes.",
            $"Sin ninguna medida la exactitud pasa de {atBest:0.000} en la mejor época a {Right(0):0.000} al final, y la pérdida, de {Lowest(0):0.00} a {End(0):0.00}. Lo que más estropea el sobreajuste es la confianza: se dan respuestas erróneas con probabilidades cercanas a 1, y la entropía cruzada lo castiga.");

        c.Claim(curves[5][0][^1] < 0.5, "even the wrong ones of ten times the labels are learned by heart");
        c.Question(("Even with ten times the data the validation loss turns in the end. Why?", "Incluso con diez veces más datos la pérdida de validación acaba dando la vuelta. ¿Por qué?"),
            ($"A sixth of those labels is wrong, too, and ten times the rows make ten times the steps in {epochs} epochs: enough to learn them by heart. The training loss ends at {curves[5][0][^1]:0.00}, which right answers alone could not reach.", $"También un sexto de esas etiquetas es erróneo, y diez veces más filas dan diez veces más pasos en {epochs} épocas: suficientes para memorizarlas. La pérdida de entrenamiento termina en {curves[5][0][^1]:0.00}, algo que con las respuestas correctas por sí solas no se podría alcanzar."));
        c.Question(("May the validation loss of the stopped network be reported as its quality?", "¿Puede presentarse la pérdida de validación de la red detenida como su calidad?"),
            ("No: the epoch was chosen by it, so it is a little too good. That is what the test rows are for, which nothing was chosen by.", "No: con ella se eligió la época, así que es un poco demasiado buena. Para eso están las filas de prueba, con las que no se ha elegido nada."));
    }
}
