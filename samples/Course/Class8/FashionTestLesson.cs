using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>The best network of the search is tested once: intervals, confusion, its most confident errors, calibration before and after.</summary>
internal static class FashionTestLesson
{
    public static void Run(Chapter c)
    {
        c.Say("The search of the lesson before...", "La búsqueda de la lección anterior...");
        var (train, validation, test, trials) = FashionLesson.Searched(c);
        var names = FashionLesson.Classes.Select(w => c[w.English, w.Spanish]).ToArray();
        #region test
        var network = trials.Best().TrainedModel!;
        var scores = network.Predict(test.Inputs);
        var accuracy = Metrics.Accuracy.Interval(test.Targets, scores, repeats: c.Brief ? 100 : 1000);
        var balanced = Metrics.BalancedAccuracy.Interval(test.Targets, scores, repeats: c.Brief ? 100 : 1000);
        #endregion
        c.Code("test");
        c.Text(
            $"The network is tested once, on {test.Count} images that it has never seen: accuracy {accuracy.Estimate:0.000}, 95% interval {accuracy.Lower:0.000} to {accuracy.Upper:0.000}; the mean of the recalls of the classes is {balanced.Estimate:0.000} ({balanced.Lower:0.000} to {balanced.Upper:0.000}).",
            $"La red se prueba una sola vez, con {test.Count} imágenes que nunca ha visto: exactitud {accuracy.Estimate:0.000}, intervalo del 95% de {accuracy.Lower:0.000} a {accuracy.Upper:0.000}; la media de las exhaustividades por clase es {balanced.Estimate:0.000} (de {balanced.Lower:0.000} a {balanced.Upper:0.000}).");
        c.Result("test accuracy, 95% interval", "exactitud de prueba, intervalo del 95%", $"{accuracy.Estimate:0.000} ({accuracy.Lower:0.000} – {accuracy.Upper:0.000})");

        c.Heading("What does it confuse?", "¿Qué confunde?");
        var predicted = network.PredictLabels(test.Inputs);
        var confusion = Metrics.Confusion(test.Targets, predicted);
        c.Figure("fashion-confusion", ConfusionMatrix.Of(confusion, names, c["predicted", "predicha"], c["actual", "verdadera"]).Titled(c["Confusion matrix", "Matriz de confusión"]),
            ("Confusion matrix of the test images", "Matriz de confusión de las imágenes de prueba"),
            ("Rows are the true class, columns the predicted one.", "Las filas son la clase verdadera; las columnas, la predicha."));
        var recalls = Enumerable.Range(0, 10).Select(k => confusion[k, k] / (double)Enumerable.Range(0, 10).Sum(p => confusion[k, p])).ToArray();
        var hard = Array.IndexOf(recalls, recalls.Min());
        int[] upper = [0, 2, 3, 4, 6], shoes = [5, 7, 9];
        double Errors(int[] truth, int[] said) => truth.Sum(t => said.Where(p => p != t).Sum(p => (double)confusion[t, p]));
        int[] all = [.. Enumerable.Range(0, 10)];
        var amongUpper = Errors(upper, upper) / Errors(all, all);
        c.Claim(amongUpper > 0.7 && Errors(shoes, shoes) > 0.7 * Errors(shoes, all), "most errors are among garments of the upper body, and footwear is confused with footwear");
        c.Text(
            $"The hardest class is *{names[hard]}*: {recalls[hard]:0%} of its images are recognized. Of all errors, {amongUpper:0%} are among the garments of the upper body. Footwear is mostly confused with footwear.",
            $"La clase más difícil es *{names[hard]}*: se reconoce el {recalls[hard]:0%} de sus imágenes. De todos los errores, el {amongUpper:0%} está entre las prendas de la parte superior del cuerpo. El calzado se confunde sobre todo con calzado.");

        var chances = network.PredictProbabilities(test.Inputs);
        var sure = chances.Max(1).ToDoubles();
        var (truths, said) = (test.Targets.ToDoubles(), predicted.ToDoubles());
        int[] worst = [.. Enumerable.Range(0, test.Count).Where(i => truths[i] != said[i]).OrderByDescending(i => sure[i]).Take(15)];
        c.Figure("fashion-errors", ImageGrid.Of(test.Inputs.Rows(worst).Reshape(worst.Length, 28, 28), labels: worst.Select(i => $"{names[(int)truths[i]]} → {names[(int)said[i]]}"), columns: 5),
            ("The fifteen most confident errors", "Los quince errores con más confianza"),
            ($"True class → predicted class; the first error was made with the probability {sure[worst[0]]:0.0000}. Some of the true labels we would not have guessed either.", $"Clase verdadera → clase predicha; el primer error se cometió con probabilidad {sure[worst[0]]:0.0000}. Algunas de las etiquetas verdaderas tampoco las habríamos adivinado."));

        c.Heading("Calibration, with and without a temperature", "Calibración, con temperatura y sin ella");
        var epochs = trials.Best().ReportEntries.Count;
        c.Text(
            $"The best trial had {epochs} epochs. What if we let the same network go on learning for 12 more? Its probabilities may then promise too much. The cure is a *temperature* $T$, which divides all scores $z_k$ and is fitted on the validation images.",
            $"El mejor ensayo tuvo {epochs} épocas. ¿Y si dejamos que la misma red siga aprendiendo durante 12 más? Sus probabilidades pueden entonces prometer demasiado. El remedio es una *temperatura* $T$, que divide todos los puntajes $z_k$ y se ajusta con las imágenes de validación.");
        c.Formula(@"p_k = \frac{e^{z_k / T}}{\sum_j e^{z_j / T}}");
        #region temperature
        var setting = trials.Best().Setting;
        var learner = FashionLesson.Network(setting.Number("dropout")).Learner(Losses.CrossEntropy, Optimizers.Adam(setting.Number("rate")));
        var longer = learner.Fit(c.Brief ? train.Take(500) : train, new TrainingOptions(
            Epochs: c.Brief ? 1 : 12, BatchSize: setting.Whole("batch"), Start: learner.Start(Key.OfSeed(3), network.Parameters, network.State))).Trained;
        var temperature = Metrics.Temperature(validation.Targets, longer.Predict(validation.Inputs));
        var (hot, cooled) = (longer.Predict(test.Inputs), longer.Predict(test.Inputs) / (float)temperature);
        #endregion
        c.Code("temperature");
        (string Name, Tensor Scores)[] stages = [(c[$"{epochs} epochs", $"{epochs} épocas"], scores), (c["12 more epochs", "12 épocas más"], hot), (c["… with temperature", "… con temperatura"], cooled)];
        double Error(Tensor z) => Metrics.ExpectedCalibrationError(test.Targets, z.Compute(x => x.Softmax()));
        double Loss(Tensor z) => Metrics.LogLossOfLogits.Of(test.Targets, z);
        double Right(Tensor z) => Metrics.Accuracy.Of(test.Targets, z);
        var reliability = Plot.Titled(c["Predicted and observed", "Lo predicho y lo observado"]).Labels(c["predicted probability", "probabilidad predicha"], c["part that is right", "proporción de aciertos"])
            .Dashes(c["perfect calibration", "calibración perfecta"], [0.2, 1], [0.2, 1]);
        foreach (var (name, z) in stages)
        {
            var bins = Metrics.Confidence(test.Targets, z.Compute(x => x.Softmax())).Where(b => b.Count >= 10).ToArray();
            reliability = reliability.Line(name, bins.Select(b => b.Predicted), bins.Select(b => b.Observed)).Dots(name, bins.Select(b => b.Predicted), bins.Select(b => b.Observed));
        }
        c.Figure("fashion-calibration", reliability,
            ("The part of right predictions over their probability, for three stages", "Proporción de aciertos según la probabilidad, en tres etapas"),
            ("Below the dashed line the network promises too much. Bins of fewer than ten images are left out.", "Por debajo de la línea discontinua la red promete demasiado. Se omiten los intervalos con menos de diez imágenes."));
        c.Table([("network", "red"), ("accuracy", "exactitud"), ("calibration error", "error de calibración"), ("log loss", "pérdida logarítmica")],
            stages.Select(s => new[] { s.Name, $"{Right(s.Scores):0.000}", $"{Error(s.Scores):0.000}", $"{Loss(s.Scores):0.000}" }));
        c.Text(
            $"Twelve more epochs hardly change the accuracy ({Right(scores):0.000}, then {Right(hot):0.000}), but raise the calibration error from {Error(scores):0.000} to {Error(hot):0.000} and the log loss from {Loss(scores):0.000} to {Loss(hot):0.000}: here *overfitting shows in the probabilities*, not in the classes. The temperature is {temperature:0.00}: above 1, it makes the probabilities more cautious. Divided by it the scores keep their order, so the accuracy stays, and the calibration error falls to {Error(cooled):0.000}.",
            $"Doce épocas más apenas cambian la exactitud ({Right(scores):0.000}, luego {Right(hot):0.000}), pero suben el error de calibración de {Error(scores):0.000} a {Error(hot):0.000} y la pérdida logarítmica de {Loss(scores):0.000} a {Loss(hot):0.000}: aquí *el sobreajuste se ve en las probabilidades*, no en las clases. La temperatura es {temperature:0.00}: mayor que 1, hace más prudentes las probabilidades. Divididos entre ella, los puntajes conservan su orden, de modo que la exactitud no cambia, y el error de calibración baja a {Error(cooled):0.000}.");
        c.Claim(temperature > 1 && Error(cooled) < Error(hot) && Loss(cooled) < Loss(hot) && Right(cooled) == Right(hot), "the temperature lowers calibration error and log loss on the test, and leaves the accuracy");
        c.Claim(Error(hot) > 1.5 * Error(scores) && Loss(hot) > Loss(scores) && Math.Abs(Right(hot) - Right(scores)) < 0.03, "more epochs raise the calibration error, and hardly change the accuracy");
        c.Result("calibration error: best trial, 12 more epochs, with temperature", "error de calibración: mejor ensayo, 12 épocas más, con temperatura", $"{Error(scores):0.000}, {Error(hot):0.000}, {Error(cooled):0.000}");
        c.Question(
            ("Why is the temperature found on the validation images and not on the test images?", "¿Por qué se busca la temperatura con las imágenes de validación y no con las de prueba?"),
            ("It is a parameter like any other: found on the test images it would be fitted to them, and the calibration error of the table would no longer say what to expect on new images.", "Es un parámetro como cualquier otro: ajustada con la prueba se adaptaría a ella, y el error de calibración de la tabla ya no diría qué esperar con imágenes nuevas."));
        c.Question(
            ("A shop wants at most 2% errors and may send doubtful images to a person. Does it need accuracy or calibration above all?", "Una tienda quiere a lo sumo un 2% de errores y puede enviar las imágenes dudosas a una persona. ¿Qué le hace falta sobre todo: exactitud o calibración?"),
            ("Calibration: where 0.98 means 98%, a threshold on the probability keeps the promise. The curve of the network with 12 more epochs lies below the dashed line at high probabilities: there the threshold would promise too much.", "Calibración: si 0.98 significa 98%, un umbral sobre la probabilidad cumple la promesa. La curva de la red con 12 épocas más queda por debajo de la línea discontinua en las probabilidades altas: ahí el umbral prometería demasiado."));
    }
}
