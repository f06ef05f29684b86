using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>The model that was chosen is tested once: intervals, and whether its probabilities can be believed.</summary>
internal static class PenguinsTestLesson
{
    public static void Run(Chapter c)
    {
        #region test
        var (train, test) = PenguinsLesson.Split();
        var model = PenguinsModelsLesson.With(PenguinsModelsLesson.Search(train, c.Brief).Best().Setting).Fit(train);
        Metric[] metrics = [Metrics.Accuracy, Metrics.BalancedAccuracy, Metrics.LogLossOfLogits];
        var intervals = metrics.Select(metric => model.Interval(test, metric, level: 0.95, repeats: c.Brief ? 100 : 2000)).ToArray();
        #endregion
        c.Text(
            $"The best setting of the search is fitted to all {train.RowCount} training rows. Now, and only once, we open the test part: {test.RowCount} birds.",
            $"La mejor configuración de la búsqueda se ajusta con las {train.RowCount} filas de entrenamiento. Ahora, y una sola vez, abrimos la parte de prueba: {test.RowCount} aves.");
        c.Code("test");
        Words[] names = [("accuracy", "exactitud"), ("balanced accuracy", "exactitud equilibrada"), ("log loss", "pérdida logarítmica")];
        c.Table([("metric", "métrica"), ("test", "prueba"), ("95% interval", "intervalo del 95%")],
            names.Zip(intervals, (name, i) => new[] { c[name.English, name.Spanish], $"{i.Estimate:0.000}", $"{i.Lower:0.000} – {i.Upper:0.000}" }));
        c.Text(
            $"The interval comes from the *bootstrap*: the {test.RowCount} test rows are drawn with replacement many times, and 95% of the accuracies lie between {intervals[0].Lower:0.000} and {intervals[0].Upper:0.000}. One bird more or less changes the accuracy by {1.0 / test.RowCount:0.000}: without the interval, its third digit would promise too much.",
            $"El intervalo es el del *bootstrap*: las {test.RowCount} filas de prueba se sortean con reemplazo muchas veces, y el 95% de las exactitudes queda entre {intervals[0].Lower:0.000} y {intervals[0].Upper:0.000}. Un ave más o menos cambia la exactitud en {1.0 / test.RowCount:0.000}: sin el intervalo, la tercera cifra prometería demasiado.");
        c.Result("test accuracy without the beak, 95% interval", "exactitud de prueba sin el pico, intervalo del 95%", $"{intervals[0].Estimate:0.000} ({intervals[0].Lower:0.000} – {intervals[0].Upper:0.000})");

        c.Heading("Can we trust its probabilities?", "¿Podemos confiar en sus probabilidades?");
        var truths = Tensor.Of(test.Texts("species").Select(s => (long)model.Classes.ToList().IndexOf(s)).ToArray());
        var chances = model.Probabilities(test);
        var bins = Metrics.Confidence(truths, chances, bins: 5);
        c.Formula(@"\mathrm{ECE} = \sum_b \frac{n_b}{n} \, \left| \mathrm{acc}_b - \mathrm{conf}_b \right|");
        c.Text("A calibrated model is right in 80% of the cases where it says 0.8. We sort the test birds into bins $b$ by the probability of the predicted class and compare its mean, $\\mathrm{conf}_b$, with the part that is right, $\\mathrm{acc}_b$. The *expected calibration error* (ECE) is their mean distance, weighted by the birds $n_b$ in each bin.",
            "Un modelo calibrado acierta en el 80% de los casos en que dice 0.8. Repartimos las aves de prueba en intervalos $b$ según la probabilidad de la clase predicha y comparamos su media, $\\mathrm{conf}_b$, con la proporción de aciertos, $\\mathrm{acc}_b$. El *error de calibración esperado* (ECE) es su distancia media, ponderada por las aves $n_b$ de cada intervalo.");
        c.Figure("penguins-calibration", Plot.Titled(c["Predicted and observed", "Lo predicho y lo observado"]).Labels(c["predicted probability", "probabilidad predicha"], c["part that is right", "proporción de aciertos"])
                .Dashes(c["perfect calibration", "calibración perfecta"], [0.3, 1], [0.3, 1]).Line(c["test", "prueba"], bins.Select(b => b.Predicted), bins.Select(b => b.Observed)).Dots(c["test", "prueba"], bins.Select(b => b.Predicted), bins.Select(b => b.Observed))
                .Texts(bins.Select(b => b.Predicted), bins.Select(b => b.Observed + 0.06), bins.Select(b => $"{b.Count}")),
            ("The part of right predictions over their probability", "Proporción de aciertos según la probabilidad"),
            ("The numbers are the birds in each bin. Where there are few, a point far from the dashed line says little.", "Los números son las aves de cada intervalo. Donde hay pocas, un punto lejos de la línea discontinua dice poco."));
        var ece = Metrics.ExpectedCalibrationError(truths, chances, bins: 5);

        // What ECE has a calibrated classifier on as few rows? The true classes are drawn from its own probabilities.
        #region honest
        var honest = Enumerable.Range(0, c.Brief ? 20 : 500).Select(i =>
        {
            var drawn = Key.OfSeed(3).Fold(i).Uniform(0, 1, test.RowCount, 1);
            var labels = chances.Compute(p => (p.CumSum(1) < Expr.Constant(drawn.Cast(DType.F64))).Cast(DType.I64).Sum(1));
            return Metrics.ExpectedCalibrationError(labels, chances, bins: 5);
        }).Order().ToArray();
        #endregion
        c.Code("honest");
        var usual = honest[(int)(0.95 * honest.Length)];
        c.Text(
            $"The ECE is {ece:0.000}. Is that much? A *perfectly* calibrated classifier does not come to 0 on {test.RowCount} rows either: if we draw the true classes from the model's own probabilities, the ECE is {honest.Average():0.000} on average, and below {usual:0.000} in 95% of draws. By this measure nothing speaks against the probabilities. It says little of a single bird, though: part 4 finds one that is wrong with great confidence.",
            $"El ECE es {ece:0.000}. ¿Es mucho? Un clasificador *perfectamente* calibrado tampoco llega a 0 con {test.RowCount} filas: si sorteamos las clases verdaderas con las probabilidades del propio modelo, el ECE es {honest.Average():0.000} en promedio, y menor que {usual:0.000} en el 95% de los sorteos. Según esta medida, nada habla en contra de las probabilidades. Pero dice poco de un ave en particular: la parte 4 encuentra una en la que el modelo se equivoca con gran confianza.");
        c.Claim(ece < usual, "the calibration error is one that a calibrated classifier has");
        c.Result("calibration error on the test; calibrated classifiers, 95% below", "error de calibración en la prueba; clasificadores calibrados, 95% por debajo de", $"{ece:0.000}; {usual:0.000}");

        c.Question(
            ("The test accuracy differs from that of cross-validation. Which one do you report?", "La exactitud de prueba difiere de la de la validación cruzada. ¿Cuál informas?"),
            ($"That of the test, with its interval ({intervals[0].Lower:0.000} to {intervals[0].Upper:0.000}). Cross-validation chose the setting, so its best score is a little too good; the test chose nothing.", $"La de prueba, con su intervalo ({intervals[0].Lower:0.000} a {intervals[0].Upper:0.000}). La validación cruzada eligió la configuración, así que su mejor resultado es un poco optimista; la prueba no eligió nada."));
        c.Question(
            ("Another model has an accuracy higher by 0.02 on the same test. Is it better?", "Otro modelo tiene una exactitud 0.02 mayor en la misma prueba. ¿Es mejor?"),
            ($"It has about {0.02 * test.RowCount:0} birds more right. On the same test we compare bird by bird. If the two disagree on just these birds, equally good models would give both to the same one in half of all cases, like two tosses of a coin. This test cannot say.", $"Acierta unas {0.02 * test.RowCount:0} aves más. En la misma prueba se compara ave por ave. Si solo discrepan en esas aves, con modelos igual de buenos ambas caerían del mismo lado en la mitad de los casos, como dos lanzamientos de una moneda. Esta prueba no puede decirlo."));
    }
}
