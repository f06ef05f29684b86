using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>The best network of the search is tested once: intervals, confusion, its most confident errors, calibration before and after.</summary>
internal static class FashionTestLesson
{
    public static void Run(Chapter c)
    {
        c.Say("The search of the lesson before ...", "La búsqueda de la lección anterior ...");
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
            $"Tested once on {test.Count} images that nothing has seen: accuracy {accuracy.Estimate:0.000}, 95% interval {accuracy.Lower:0.000} to {accuracy.Upper:0.000}; the mean over the classes is {balanced.Estimate:0.000} ({balanced.Lower:0.000} to {balanced.Upper:0.000}).",
            $"Probada una sola vez con {test.Count} imágenes que nada ha visto: exactitud {accuracy.Estimate:0.000}, intervalo del 95% de {accuracy.Lower:0.000} a {accuracy.Upper:0.000}; la media sobre las clases es {balanced.Estimate:0.000} (de {balanced.Lower:0.000} a {balanced.Upper:0.000}).");
        c.Result("test accuracy, 95% interval", "exactitud de prueba, intervalo del 95%", $"{accuracy.Estimate:0.000} ({accuracy.Lower:0.000} – {accuracy.Upper:0.000})");

        c.Heading("What does it confuse?", "¿Qué confunde?");
        var predicted = network.PredictLabels(test.Inputs);
        var confusion = Metrics.Confusion(test.Targets, predicted);
        c.Figure("fashion-confusion", ConfusionMatrix.Of(confusion, names, c["predicted", "predicha"], c["actual", "verdadera"]).Titled(c["Confusion matrix", "Matriz de confusión"]),
            ("Confusion matrix of the test images", "Matriz de confusión de las imágenes de prueba"),
            ("Rows are what the image is, columns what the network says.", "Las filas son lo que la imagen es; las columnas, lo que dice la red."));
        var recalls = Enumerable.Range(0, 10).Select(k => confusion[k, k] / (double)Enumerable.Range(0, 10).Sum(p => confusion[k, p])).ToArray();
        var hard = Array.IndexOf(recalls, recalls.Min());
        c.Text(
            $"The hardest class is *{names[hard]}*: {recalls[hard]:P0} of them are found. Almost all confusion is among the garments of the upper body; shoes are taken for shoes, and trousers are rarely taken for anything else.",
            $"La clase más difícil es *{names[hard]}*: se reconoce el {recalls[hard]:P0}. Casi toda la confusión está entre las prendas de la parte superior del cuerpo; el calzado se confunde con calzado, y los pantalones con casi nada.");
        int[] upper = [0, 2, 3, 4, 6];
        var wrongs = Enumerable.Range(0, 10).SelectMany(t => Enumerable.Range(0, 10).Select(p => (t, p))).Where(k => k.t != k.p).ToArray();
        c.Claim(wrongs.Where(k => upper.Contains(k.t) && upper.Contains(k.p)).Sum(k => confusion[k.t, k.p]) > 0.7 * wrongs.Sum(k => confusion[k.t, k.p]), "most confusion is among garments of the upper body");

        var chances = network.PredictProbabilities(test.Inputs);
        var sure = chances.Max(1).ToDoubles();
        var (truths, said) = (test.Targets.ToDoubles(), predicted.ToDoubles());
        int[] worst = [.. Enumerable.Range(0, test.Count).Where(i => truths[i] != said[i]).OrderByDescending(i => sure[i]).Take(15)];
        c.Figure("fashion-errors", ImageGrid.Of(test.Inputs.Rows(worst).Reshape(worst.Length, 28, 28), labels: worst.Select(i => $"{names[(int)truths[i]]} → {names[(int)said[i]]}"), columns: 5),
            ("The fifteen most confident errors", "Los quince errores con más confianza"),
            ($"What it is → what the network says, the most confident error first, at {sure[worst[0]]:0.000}. Some labels one would not have guessed either.", $"Lo que es → lo que dice la red, primero el error más confiado, con {sure[worst[0]]:0.000}. Algunas etiquetas tampoco las habríamos adivinado."));

        c.Heading("Calibration, before and after a temperature", "Calibración, antes y después de una temperatura");
        c.Text(
            "The network was stopped early. What if we let the same network learn on, because its training loss still falls? A temperature $T$ divides all scores, and is found on the validation images.",
            "La red se detuvo pronto. ¿Y si dejamos que siga aprendiendo, porque su pérdida de entrenamiento aún baja? Una temperatura $T$ divide todas las puntuaciones, y se busca con las imágenes de validación.");
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
        (string Name, Tensor Scores)[] stages = [(c["stopped early", "detenida pronto"], scores), (c["12 epochs more", "12 épocas más"], hot), (c["… with temperature", "… con temperatura"], cooled)];
        double Error(Tensor z) => Metrics.ExpectedCalibrationError(test.Targets, z.Compute(x => x.Softmax()));
        double Loss(Tensor z) => Metrics.LogLossOfLogits.Of(test.Targets, z);
        double Right(Tensor z) => Metrics.Accuracy.Of(test.Targets, z);
        var reliability = Plot.Titled(c["Said and observed", "Lo dicho y lo observado"]).Labels(c["probability of the class that is said", "probabilidad de la clase que se dice"], c["part that is right", "proporción de aciertos"])
            .Dashes(c["honest", "honesto"], [0.2, 1], [0.2, 1]);
        foreach (var (name, z) in stages)
        {
            var bins = Metrics.Confidence(test.Targets, z.Compute(x => x.Softmax())).Where(b => b.Count >= 10).ToArray();
            reliability = reliability.Line(name, bins.Select(b => b.Predicted), bins.Select(b => b.Observed)).Dots(name, bins.Select(b => b.Predicted), bins.Select(b => b.Observed));
        }
        c.Figure("fashion-calibration", reliability,
            ("The part of right predictions over their probability, for three stages", "Proporción de aciertos según la probabilidad, en tres etapas"),
            ("Below the dashes the network is too sure. Bins of fewer than ten images are left out.", "Por debajo de la línea la red está demasiado segura. Se omiten los intervalos con menos de diez imágenes."));
        c.Table([("network", "red"), ("accuracy", "exactitud"), ("calibration error", "error de calibración"), ("log loss", "pérdida logarítmica")],
            stages.Select(s => new[] { s.Name, $"{Right(s.Scores):0.000}", $"{Error(s.Scores):0.000}", $"{Loss(s.Scores):0.000}" }));
        c.Text(
            $"Twelve more epochs leave the accuracy about where it was ({Right(scores):0.000}, then {Right(hot):0.000}) and raise the calibration error from {Error(scores):0.000} to {Error(hot):0.000}: *overfitting is seen in the probabilities first*. The temperature is {temperature:0.00}, above 1: the network was too sure of itself. Divided by it the scores keep their order, so the accuracy stays, and the calibration error falls to {Error(cooled):0.000}.",
            $"Doce épocas más dejan la exactitud más o menos donde estaba ({Right(scores):0.000}, luego {Right(hot):0.000}) y suben el error de calibración de {Error(scores):0.000} a {Error(hot):0.000}: *el sobreajuste se ve primero en las probabilidades*. La temperatura es {temperature:0.00}, mayor que 1: la red estaba demasiado segura de sí. Divididas por ella, las puntuaciones conservan su orden, de modo que la exactitud no cambia, y el error de calibración baja a {Error(cooled):0.000}.");
        c.Claim(temperature > 1 && Error(cooled) < Error(hot) && Loss(cooled) < Loss(hot) && Right(cooled) == Right(hot), "the temperature lowers calibration error and log loss on the test, and leaves the accuracy");
        c.Claim(Error(hot) > 1.5 * Error(scores) && Math.Abs(Right(hot) - Right(scores)) < 0.03, "more epochs raise the calibration error, and hardly change the accuracy");
        c.Result("calibration error: stopped early, trained on, with temperature", "error de calibración: detenida pronto, entrenada más, con temperatura", $"{Error(scores):0.000}, {Error(hot):0.000}, {Error(cooled):0.000}");
        c.Question(
            ("Why is the temperature found on the validation images and not on the test images?", "¿Por qué se busca la temperatura con las imágenes de validación y no con las de prueba?"),
            ("It is a parameter like any other: found on the test it would be fitted to it, and the calibration error above would no longer say what to expect of new images.", "Es un parámetro como cualquier otro: hallada con la prueba estaría ajustada a ella, y el error de calibración de arriba ya no diría qué esperar de imágenes nuevas."));
        c.Question(
            ("A shop wants at most 2% errors and may send doubtful images to a person. What do you need, accuracy or calibration?", "Una tienda quiere a lo sumo un 2% de errores y puede enviar las imágenes dudosas a una persona. ¿Qué hace falta: exactitud o calibración?"),
            ("Calibration: where 0.98 means 98%, a threshold on the probability keeps the promise. On the curve of the network that learnt on, such a threshold promises more than it keeps.", "Calibración: si 0.98 significa 98%, un umbral sobre la probabilidad cumple la promesa. En la curva de la red que siguió aprendiendo, ese umbral promete más de lo que cumple."));
    }
}
