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
            $"The interval is of the bootstrap: the {test.RowCount} test rows are drawn anew with replacement many times, and 95% of the accuracies lie between {intervals[0].Lower:0.000} and {intervals[0].Upper:0.000}. One bird more or less is {1.0 / test.RowCount:0.000}: whoever reports three digits of such a test without an interval reports noise.",
            $"El intervalo es el del bootstrap: las {test.RowCount} filas de prueba se sortean de nuevo con reemplazo muchas veces, y el 95% de las exactitudes queda entre {intervals[0].Lower:0.000} y {intervals[0].Upper:0.000}. Un ave más o menos son {1.0 / test.RowCount:0.000}: quien informa tres cifras de una prueba así sin intervalo, informa ruido.");
        c.Result("test accuracy without the beak, 95% interval", "exactitud de prueba sin el pico, intervalo del 95%", $"{intervals[0].Estimate:0.000} ({intervals[0].Lower:0.000} – {intervals[0].Upper:0.000})");

        c.Heading("Can its probabilities be believed?", "¿Se puede creer en sus probabilidades?");
        var truths = Tensor.Of(test.Texts("species").Select(s => (long)model.Classes.ToList().IndexOf(s)).ToArray());
        var chances = model.Probabilities(test);
        var bins = Metrics.Confidence(truths, chances, bins: 5);
        c.Formula(@"\mathrm{ECE} = \sum_b \frac{n_b}{n} \, \left| \mathrm{acc}_b - \mathrm{conf}_b \right|");
        c.Figure("penguins-calibration", Plot.Titled(c["Said and observed", "Lo dicho y lo observado"]).Labels(c["probability of the class that is said", "probabilidad de la clase que se dice"], c["part that is right", "proporción de aciertos"])
                .Dashes(c["honest", "honesto"], [0.3, 1], [0.3, 1]).Line(c["test", "prueba"], bins.Select(b => b.Predicted), bins.Select(b => b.Observed)).Dots(c["test", "prueba"], bins.Select(b => b.Predicted), bins.Select(b => b.Observed))
                .Texts(bins.Select(b => b.Predicted), bins.Select(b => b.Observed + 0.06), bins.Select(b => $"{b.Count}")),
            ("The part of right predictions over their probability", "Proporción de aciertos según la probabilidad"),
            ("The numbers are the birds in each bin. Where there are few, a point far from the line says little.", "Los números son las aves de cada intervalo. Donde hay pocas, un punto lejos de la recta dice poco."));
        var ece = Metrics.ExpectedCalibrationError(truths, chances, bins: 5);

        // What would an honest classifier come to on as few rows? Its truths are drawn from its own probabilities.
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
            $"The expected calibration error is {ece:0.000}. Is that much? A classifier that is *perfectly* honest does not come to 0 on {test.RowCount} rows either: if we draw the truths from the model's own probabilities, the error is {honest.Average():0.000} on average, and below {usual:0.000} in 95% of draws. Nothing speaks against these probabilities, and there is nothing that a temperature should repair.",
            $"El error de calibración esperado es {ece:0.000}. ¿Es mucho? Un clasificador *perfectamente* honesto tampoco llega a 0 con {test.RowCount} filas: si sorteamos las clases verdaderas con las probabilidades del propio modelo, el error es {honest.Average():0.000} en promedio, y menor que {usual:0.000} en el 95% de los sorteos. Nada habla en contra de estas probabilidades, y no hay nada que una temperatura deba reparar.");
        c.Claim(ece < usual, "the calibration error is one that an honest classifier has");
        c.Result("calibration error, test; honest classifiers in 95% of draws below", "error de calibración, prueba; clasificadores honestos en el 95% por debajo de", $"{ece:0.000}; {usual:0.000}");

        c.Question(
            ("The test accuracy differs from that of cross-validation. Which one do you report?", "La exactitud de prueba difiere de la de la validación cruzada. ¿Cuál informa?"),
            ($"That of the test, with its interval ({intervals[0].Lower:0.000} to {intervals[0].Upper:0.000}). Cross-validation chose the setting, so its best score is a little too good; the test chose nothing.", $"La de prueba, con su intervalo ({intervals[0].Lower:0.000} a {intervals[0].Upper:0.000}). La validación cruzada eligió la configuración, así que su mejor puntuación es un poco optimista; la prueba no eligió nada."));
        c.Question(
            ("Another model has an accuracy higher by 0.02 on the same test. Is it better?", "Otro modelo tiene una exactitud 0.02 mayor en la misma prueba. ¿Es mejor?"),
            ($"It has about {0.02 * test.RowCount:0} birds more right. The interval is {intervals[0].Upper - intervals[0].Lower:0.000} wide: this test cannot say.", $"Acierta unas {0.02 * test.RowCount:0} aves más. El intervalo mide {intervals[0].Upper - intervals[0].Lower:0.000}: esta prueba no puede decirlo."));
    }
}
