using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>LeNet against a dense network of as many parameters and logistic regression, each tuned alike; and what happens to shifted images.</summary>
internal static class LeNetLesson
{
    public static void Run(Chapter c)
    {
        var (train, validation, test) = Networks.Images(c);
        var names = FashionLesson.Classes.Select(w => c[w.English, w.Spanish]).ToArray();
        c.Text($"LeNet-5 read the handwritten cheques of American banks in the nineties. Here it reads clothes: {train.Count} images to learn from, {validation.Count} to choose by, {test.Count} for a test at the end. Does it gain from its convolutions, or only from its number of parameters? A dense network of as many parameters tells, and logistic regression says what is possible without any hidden layer.",
            $"LeNet-5 leía en los años noventa los cheques manuscritos de los bancos estadounidenses. Aquí lee ropa: {train.Count} imágenes para aprender, {validation.Count} para elegir y {test.Count} para una prueba final. ¿Gana por sus convoluciones o solo por su número de parámetros? Lo dice una red densa con otros tantos, y la regresión logística dice qué se puede sin ninguna capa oculta.");
        c.Code("models");
        #region models
        (string Name, Layer<Expr, Expr> Layers)[] models =
        [
            (c["logistic regression", "regresión logística"], Layers.Flatten().Then(Layers.Linear(10))),
            (c["dense network", "red densa"], Model.Sequential(Layers.Flatten(), Layers.Linear(78), Layers.Relu(), Layers.Linear(10))),
            ("LeNet", Networks.LeNet()),
        ];
        #endregion
        var sizes = models.Select(m => m.Layers.Summary(1, 1, 28, 28).Parameters).ToArray();
        c.Claim(Math.Abs(sizes[1] - sizes[2]) < 0.01 * sizes[2] && sizes[1] >= sizes[2], "the dense network has as many parameters as LeNet, and a few more");
        c.Text("The convolutions of LeNet hold few of its parameters: most are in its dense layers at the end.", "Las convoluciones de LeNet tienen pocos de sus parámetros: la mayoría está en sus capas densas finales.");
        c.Output(models[2].Layers.Summary(1, 1, 28, 28).ToString());

        c.Heading("Tuned alike", "Ajustados por igual");
        c.Say("Three learning rates for each of three models ...", "Tres tasas de aprendizaje para cada uno de tres modelos ...");
        c.Code("tuning");
        #region tuning
        double[] rates = c.Brief ? [1e-3] : [5e-4, 1e-3, 3e-3];
        TrainingResult Trained(Layer<Expr, Expr> model, double rate, long seed) => model.Fit(
            train, Losses.CrossEntropy, Optimizers.Adam(rate), epochs: c.Brief ? 1 : 20, batchSize: 64, seed: seed,
            validation: validation, metrics: [Metrics.Accuracy], patience: 4);   // the best epoch is kept

        var trials = models.Select(m => rates.Select(rate => Trained(m.Layers, rate, seed: 1)).ToArray()).ToArray();
        int[] chosen = [.. trials.Select(of => Array.IndexOf(of, of.MinBy(t => t.History.Min(e => e.ValidationLoss))))];
        var best = trials.Zip(chosen, (of, i) => of[i]).ToArray();
        #endregion
        var curves = best.Select((t, i) => (models[i].Name, Epochs: t.History.Select(e => (double)e.Number).ToArray(), t.History)).ToArray();
        Plot Curve(string title, string label, Func<Epoch, double> measure) => curves.Aggregate(
            Plot.Titled(title).Labels(c["epoch", "época"], label), (plot, t) => plot.Line(t.Name, t.Epochs, t.History.Select(measure)));
        c.Figure("lenet-training", Curve(c["On the training images", "En las imágenes de entrenamiento"], c["loss", "pérdida"], e => e.Loss),
            ("Training loss of three models", "Pérdida de entrenamiento de tres modelos"),
            ("Training loss at the best rate of each. A curve ends where the validation loss has not improved for four epochs.", "Pérdida de entrenamiento con la mejor tasa de cada uno. Una curva termina cuando la pérdida de validación lleva cuatro épocas sin mejorar."));
        c.Figure("lenet-validation", Curve(c["On the validation images", "En las imágenes de validación"], c["loss", "pérdida"], e => e.ValidationLoss!.Value),
            ("Validation loss of three models", "Pérdida de validación de tres modelos"),
            ("Validation loss. It turns upwards where a model begins to learn the training images by heart; the epoch of the least loss is kept.", "Pérdida de validación. Sube donde un modelo empieza a memorizar las imágenes de entrenamiento; se conserva la época de menor pérdida."));
        double Accuracy(TrainingResult t, Dataset data) => t.Evaluate(data, Metrics.Accuracy)[Metrics.Accuracy];
        var others = models.Select((m, i) => Enumerable.Range(2, c.Brief ? 0 : 2).Select(seed => Trained(m.Layers, rates[chosen[i]], seed)).Prepend(best[i]).Select(t => Accuracy(t, validation)).ToArray()).ToArray();
        c.Table([("model", "modelo"), ("parameters", "parámetros"), ("rate", "tasa"), ("validation accuracy, three seeds", "exactitud de validación, tres semillas")],
            models.Select((m, i) => new[] { m.Name, $"{sizes[i]:N0}", $"{rates[chosen[i]]}", $"{others[i].Average():0.000} ({others[i].Min():0.000}–{others[i].Max():0.000})" }));
        c.Claim(others[2].Min() > others[1].Max() && others[1].Min() > others[0].Max(), "LeNet is ahead of the dense network, and that of logistic regression, for all seeds");

        c.Heading("The test, once", "La prueba, una sola vez");
        c.Code("test");
        #region test
        var intervals = best.Select(t => Metrics.Accuracy.Interval(test.Targets, t.Predict(test.Inputs))).ToArray();
        // Of the images on which LeNet and the dense network differ: who is right?
        bool[] Right(TrainingResult t) => [.. t.PredictLabels(test.Inputs).ToDoubles().Zip(test.Targets.ToDoubles(), (said, truth) => said == truth)];
        var (dense, lenet) = (Right(best[1]), Right(best[2]));
        var (won, lost) = (lenet.Zip(dense).Count(r => r.First && !r.Second), lenet.Zip(dense).Count(r => !r.First && r.Second));
        #endregion
        c.Table([("model", "modelo"), ("test accuracy", "exactitud de prueba"), ("95% interval", "intervalo del 95%")],
            models.Select((m, i) => new[] { m.Name, $"{intervals[i].Estimate:0.000}", $"{intervals[i].Lower:0.000} – {intervals[i].Upper:0.000}" }));
        foreach (var (m, i) in models.Zip(intervals))
            c.Result($"test accuracy, {m.Name}", $"exactitud de prueba, {m.Name}", $"{i.Estimate:0.000} ({i.Lower:0.000} – {i.Upper:0.000})");
        // Were both equally good, won would be about half of those that differ, give or take its standard deviation.
        var deviations = (won - lost) / Math.Sqrt(won + lost);
        c.Claim(deviations > 2, "LeNet is better than the dense network on the test by more than chance");
        c.Text($"The intervals are wide on {test.Count} images; a paired comparison sees more. LeNet and the dense network differ in {won + lost} of them: LeNet alone is right in {won}, the dense network alone in {lost}. With equal skill each would have half, give or take {Math.Sqrt(won + lost) / 2:0}; this is {deviations:0.0} standard deviations away from it.",
            $"Con {test.Count} imágenes los intervalos son anchos; una comparación pareada ve más. LeNet y la red densa difieren en {won + lost} de ellas: en {won} solo acierta LeNet, en {lost} solo la red densa. A igual destreza cada una tendría la mitad, más o menos {Math.Sqrt(won + lost) / 2:0}; esto está a {deviations:0.0} desviaciones típicas.");
        var confusion = Metrics.Confusion(test.Targets, best[2].PredictLabels(test.Inputs));
        c.Figure("lenet-confusion", ConfusionMatrix.Of(confusion, names, c["predicted", "predicha"], c["actual", "verdadera"]).Titled("LeNet"),
            ("Confusion matrix of LeNet on the test images", "Matriz de confusión de LeNet en las imágenes de prueba"),
            ("What LeNet confuses: shirts with all that is worn on the upper body.", "Lo que LeNet confunde: las camisas con todo lo que se lleva en la parte superior del cuerpo."));
        var recalls = Enumerable.Range(0, 10).Select(k => confusion[k, k] / (double)Enumerable.Range(0, 10).Sum(p => confusion[k, p])).ToArray();
        c.Claim(recalls[6] == recalls.Min(), "shirts are the hardest class");

        c.Heading("Moved by a few pixels", "Movidas unos píxeles");
        c.Code("shifts");
        #region shifts
        // The validation images, moved to the right; black comes in from the left.
        Dataset Moved(int pixels) => validation.MapInputs(x => pixels == 0 ? x : TensorsComputed.Concat(3, Tensor.Zeros(x.Shape[0], 1, 28, pixels), x.Slice(3, ..^pixels)));
        double[] shifts = [0, 1, 2, 3, 4];
        var moved = best.Select(t => shifts.Select(s => Accuracy(t, Moved((int)s))).ToArray()).ToArray();
        #endregion
        c.Figure("lenet-shifts", models.Zip(moved).Aggregate(
                Plot.Titled(c["Images moved to the right", "Imágenes movidas a la derecha"]).Labels(c["pixels", "píxeles"], c["validation accuracy", "exactitud de validación"]).WithYLimits(0, 1),
                (plot, m) => plot.Line(m.First.Name, shifts, m.Second).Dots(m.First.Name, shifts, m.Second)),
            ("Accuracy over the shift in pixels, for three models", "Exactitud según el desplazamiento en píxeles, para tres modelos"),
            ($"Two pixels to the right cost LeNet {moved[2][0] - moved[2][2]:0.00} of its accuracy, the dense network {moved[1][0] - moved[1][2]:0.00}, logistic regression {moved[0][0] - moved[0][2]:0.00}.", $"Dos píxeles a la derecha le cuestan a LeNet {moved[2][0] - moved[2][2]:0.00} de exactitud, a la red densa {moved[1][0] - moved[1][2]:0.00} y a la regresión logística {moved[0][0] - moved[0][2]:0.00}."));
        c.Claim(moved[2][0] - moved[2][2] < 0.7 * (moved[1][0] - moved[1][2]), "a shift costs LeNet less than the dense network");

        c.Question(("Both networks have about 62,000 parameters. What, then, makes the difference?", "Ambas redes tienen unos 62 000 parámetros. ¿Qué hace entonces la diferencia?"),
            ("Where the parameters are. The filters of LeNet learn from each place of each image; a weight of the dense network learns from one pixel. The last figure shows what comes with it: a pattern is known again where it was never seen.", "Dónde están los parámetros. Los filtros de LeNet aprenden de cada lugar de cada imagen; un peso de la red densa aprende de un píxel. La última figura muestra lo que eso trae: un patrón se reconoce donde nunca se había visto."));
        c.Question(("Convolutions commute with shifts. Why does LeNet lose accuracy all the same when images move?", "Las convoluciones conmutan con las traslaciones. ¿Por qué LeNet pierde exactitud igualmente cuando las imágenes se mueven?"),
            ("Its maps move with the image, but the dense layers behind them have a weight for each place of the maps. And poolings of stride 2 commute with even shifts only.", "Sus mapas se mueven con la imagen, pero las capas densas que siguen tienen un peso para cada lugar de los mapas. Y el pooling con paso 2 solo conmuta con desplazamientos pares."));
    }
}
