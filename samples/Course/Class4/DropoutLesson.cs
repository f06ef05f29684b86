using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>Dropout: the mask by hand, and its effect on a network that could learn wrong labels by heart.</summary>
internal static class DropoutLesson
{
    public static void Run(Chapter c)
    {
        c.Text("In training, dropout sets each hidden value to 0 with probability $p$, drawn anew at every step, and divides the others by $1 - p$ to keep the mean (Srivastava et al., 2014). In prediction it does nothing.",
            "Durante el entrenamiento, el *dropout* anula cada valor oculto con probabilidad $p$, con un sorteo nuevo en cada paso, y divide los demás entre $1 - p$ para conservar la media (Srivastava et al., 2014). Al predecir no hace nada.");
        c.Formula(@"\tilde{h}_i = \frac{m_i}{1 - p} \, h_i, \qquad m_i \sim \operatorname{Bernoulli}(1 - p)");
        c.Code("mask");
        #region mask
        // A thousand draws of the mask over ten values that are all 1: the layer with a key is in training.
        var layer = Layers.Dropout(0.4);
        var (weights, state) = layer.Init(Key.OfSeed(0), 1000, 10);
        var (dropped, _) = layer.Apply(weights.Map(Expr.Constant), state.Map(Expr.Constant), Expr.Constant(Tensor.Ones(1000, 10)), Expr.Constant(Key.OfSeed(1).ToTensor()));
        var values = dropped.Evaluate();
        #endregion
        var (zeros, mean) = (values.ToDoubles().Count(v => v == 0) / 10000.0, values.ToDoubles().Average());
        c.Claim(Math.Abs(zeros - 0.4) < 0.02 && Math.Abs(mean - 1) < 0.03, "two fifths are dropped, and the mean stays");
        c.Text($"With $p = 0.4$, {zeros:0.0%} of 10000 values were dropped, and the mean of all is {mean:0.000}; it was 1.",
            $"Con $p = 0.4$, se anuló el {zeros:0.0%} de 10000 valores, y la media de todos es {mean:0.000}; antes era 1.");

        c.Heading("Few samples, some of them wrong", "Pocas muestras, y algunas equivocadas");
        c.Text("200 of the handwritten digits for training, one label in five wrong, and two hidden layers of 256 units: the network can learn all of it by heart, mistakes included. 600 others, with right labels, show how well it recognizes digits. Each curve is the mean of three seeds.",
            "200 dígitos manuscritos para entrenar, con una de cada cinco etiquetas equivocada, y dos capas ocultas de 256 unidades: la red puede aprenderlo todo de memoria, errores incluidos. Otros 600, con etiquetas correctas, muestran qué tan bien reconoce dígitos. Cada curva es la media de tres semillas.");
        c.Code("training");
        #region training
        var digits = Datasets.Digits().Shuffle(seed: 2);
        var (rows, held) = (digits.Take(200), digits.Skip(200).Take(600));
        long[] labels = [.. rows.Targets.ToDoubles().Select((label, i) => i % 5 == 0 ? ((long)label + 1 + i / 5 % 9) % 10 : (long)label)];
        var train = rows.WithTargets(Tensor.Of(labels, labels.Length));
        double[] probabilities = [0, 0.25, 0.5, 0.75];
        TrainingResult Trained(double p, long seed)
        {
            var model = Model.Sequential(
                Layers.Linear(256), Layers.Relu(), Layers.Dropout(p), Layers.Linear(256), Layers.Relu(), Layers.Dropout(p), Layers.Linear(10));
            return model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(1e-3), epochs: c.Brief ? 2 : 40, batchSize: 32, seed: seed, validation: held);
        }

        var runs = probabilities.ToDictionary(p => p, p => Enumerable.Range(0, c.Brief ? 1 : 3).Select(seed => Trained(p, seed)).ToList());
        #endregion
        double[] Mean(double p, Func<Epoch, double> measure) =>
            [.. Enumerable.Range(0, runs[p][0].History.Count).Select(i => runs[p].Average(run => measure(run.History[i])))];
        var epochs = Enumerable.Range(1, runs[0][0].History.Count).Select(i => (double)i).ToList();
        Plot Curves(string title, Func<Epoch, double> measure) => probabilities.Aggregate(
            Plot.Titled(title).Labels(c["epoch", "época"], c["cross-entropy", "entropía cruzada"]).WithLogY(),
            (plot, p) => plot.Line($"p = {p}", epochs, Mean(p, measure)));
        c.Figure("dropout-training", Curves(c["On the 200 training rows", "En las 200 filas de entrenamiento"], e => e.Loss),
            ("Training losses for four probabilities", "Pérdidas de entrenamiento con cuatro probabilidades"),
            ("Training loss, measured with units dropped: the more are dropped, the higher it stays.", "Pérdida de entrenamiento, medida con unidades anuladas: cuantas más se anulan, más alta queda."));
        c.Figure("dropout-validation", Curves(c["On rows never seen", "En filas nunca vistas"], e => e.ValidationLoss!.Value),
            ("Validation losses for four probabilities", "Pérdidas de validación con cuatro probabilidades"),
            ("Validation loss, nothing dropped. Without dropout it rises again while the training loss still falls; with $p = 0.5$ it falls to the end. With $p = 0.75$ learning is slow.", "Pérdida de validación, sin anular nada. Sin *dropout* vuelve a subir mientras la de entrenamiento aún baja; con $p = 0.5$ baja hasta el final. Con $p = 0.75$ se aprende despacio."));

        double Accuracy(TrainingResult run) => run.Evaluate(held, Metrics.Accuracy)[Metrics.Accuracy];
        var ends = probabilities.Select(p => (p, Training: Mean(p, e => e.Loss)[^1], Validation: Mean(p, e => e.ValidationLoss!.Value)[^1], Accuracies: runs[p].Select(Accuracy).ToList())).ToList();
        c.Table([("p", "p"), ("training loss", "pérdida de entrenamiento"), ("validation loss", "pérdida de validación"), ("accuracy, mean (least to most)", "exactitud, media (de menor a mayor)")],
            ends.Select(r => new[] { $"{r.p}", $"{r.Training:0.0000}", $"{r.Validation:0.000}", $"{r.Accuracies.Average():0.000} ({r.Accuracies.Min():0.000}–{r.Accuracies.Max():0.000})" }));
        c.Claim(ends.Zip(ends.Skip(1)).All(pair => pair.First.Training < pair.Second.Training), "the more is dropped, the higher the training loss");
        double Rise(double p) => Mean(p, e => e.ValidationLoss!.Value)[^1] / Mean(p, e => e.ValidationLoss!.Value).Min();
        c.Claim(Rise(0) > 1.05 && Rise(0.5) < 1.02, "without dropout the validation loss rises again, with p = 0.5 it does not");
        c.Claim(ends[2].Validation < 0.9 * ends[0].Validation, "with p = 0.5 the validation loss is lower than without dropout");
        c.Claim(ends[3].Validation > ends[2].Validation, "with p = 0.75 it is not yet as low");
        c.Result("validation loss without and with p = 0.5", "pérdida de validación sin y con p = 0.5", $"{ends[0].Validation:0.000}, {ends[2].Validation:0.000}");
        c.Text($"With half of the units dropped, the training loss ends {ends[2].Training / ends[0].Training:0.0} times as high, but the validation loss falls from {ends[0].Validation:0.000} to {ends[2].Validation:0.000}, and of {held.Count} unseen digits {100 * ends[2].Accuracies.Average():0.0}% are recognized instead of {100 * ends[0].Accuracies.Average():0.0}%.",
            $"Con la mitad de las unidades anuladas, la pérdida de entrenamiento termina {ends[2].Training / ends[0].Training:0.0} veces más alta, pero la de validación baja de {ends[0].Validation:0.000} a {ends[2].Validation:0.000}, y de {held.Count} dígitos no vistos se reconoce el {100 * ends[2].Accuracies.Average():0.0}% en lugar del {100 * ends[0].Accuracies.Average():0.0}%.");
        c.Question(("What does the training loss without dropout tell, and what does it not?", "¿Qué dice la pérdida de entrenamiento sin *dropout* y qué no dice?"),
            ("That the network fits its labels better and better, the wrong ones among them: it falls to the end, while the validation loss has risen for some time. Only rows that it has never seen tell whether it recognizes digits.", "Que la red se ajusta cada vez mejor a sus etiquetas, también a las equivocadas: baja hasta el final, mientras la pérdida de validación lleva tiempo subiendo. Solo las filas que nunca ha visto dicen si reconoce dígitos."));
        c.Question(("Why does dividing by $1 - p$ matter?", "¿Por qué importa dividir entre $1 - p$?"),
            ("Without it the values of a layer would on average be larger in prediction than in training, by the factor $1/(1-p)$, and the next layer was not trained for that.",
             "Sin esa división, los valores de una capa serían en promedio mayores al predecir que al entrenar, por un factor $1/(1-p)$, y la capa siguiente no se entrenó para eso."));
    }
}
