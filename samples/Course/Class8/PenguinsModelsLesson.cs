using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>Baselines and a search for the penguins, by cross-validation of the whole pipeline.</summary>
internal static class PenguinsModelsLesson
{
    #region pipeline
    public static readonly Pipeline Pipeline = Pipeline.Classify("species")
        .Inputs("island", "sex", "flipper_length_mm", "body_mass_g")
        .Impute(ColumnFill.Median).Scale(ColumnScaling.Standard).Model(Estimator.Logistic());
    #endregion

    #region search
    public static IReadOnlyList<Trial> Search(Table train, bool brief) =>
        HyperSearch.Random(brief ? 4 : 30, [("C", Ranges.LogUniform(1e-2, 1e3)), ("fill", Ranges.Among("mean", "median"))], seed: 2)
            .Search(With, train, Metrics.LogLossOfLogits, folds: 5, seed: 1);

    public static Pipeline With(Setting setting) => Pipeline
        .Impute(setting.Word("fill") == "mean" ? ColumnFill.Mean : ColumnFill.Median)
        .Model(Estimator.Logistic(setting.Number("C")));
    #endregion

    public static void Run(Chapter c)
    {
        var train = PenguinsLesson.Split().Train;
        var majority = train.ValueCounts("species")[0].Count / (double)train.RowCount;
        c.Heading("Baselines first", "Primero, los modelos de referencia");
        c.Code("pipeline");
        c.Text(
            "The pipeline is one object: medians for missing numbers, a column of 0 and 1 for each category, standardized numbers, a model. In cross-validation all of it is fitted anew on four fifths of the training rows and measured on the last fifth; no median and no mean has seen the rows that it is judged by.",
            "El *pipeline* (la cadena completa de pasos) es un solo objeto: medianas en lugar de los números faltantes, una columna de 0 y 1 por categoría, números estandarizados y un modelo. En la validación cruzada todo se ajusta de nuevo con cuatro quintos de las filas de entrenamiento y se mide en el quinto restante; ninguna mediana ni media ha visto las filas con las que se la juzga.");
        var network = Layers.Linear(16).Then(Layers.Relu()).Then(Layers.Linear(3)).Learner(Losses.CrossEntropy, Optimizers.AdamW(1e-2, 1e-2));
        (string Name, Pipeline Model)[] candidates =
        [
            (c["logistic", "logística"], Pipeline),
            (c["9 neighbours", "9 vecinos"], Pipeline.Model(Estimator.Neighbours(9))),
            (c["network 16", "red 16"], Pipeline.Model(Estimator.Network(network, new TrainingOptions(Epochs: c.Brief ? 5 : 40, BatchSize: 32, Seed: 1)))),
            (c["logistic + beak", "logística + pico"], Pipeline.Inputs("beak_length_mm", "beak_depth_mm")),
        ];
        var scores = candidates.Select(p => p.Model.CrossValidate(train, folds: 5, seed: 1, Metrics.Accuracy, Metrics.LogLossOfLogits)).ToArray();
        c.Table([("model", "modelo"), ("accuracy, mean of 5 folds", "exactitud, media de 5 pliegues"), ("deviation between folds", "desviación entre pliegues")],
            candidates.Zip(scores, (p, s) => new[] { p.Name, $"{s.Mean("accuracy"):0.000}", $"{s.Deviation("accuracy"):0.000}" }));
        c.Figure("penguins-baselines", Plot.Titled(c["Five folds of each model", "Cinco pliegues de cada modelo"]).Labels("", c["accuracy", "exactitud"]).WithNames(candidates.Select(p => p.Name))
                .Dots(c["one fold", "un pliegue"], scores.SelectMany((s, i) => s["accuracy"].Select((_, f) => i + 0.9 + 0.05 * f)), scores.SelectMany(s => s["accuracy"]))
                .Dots(c["mean", "media"], [1, 2, 3, 4], scores.Select(s => s.Mean("accuracy")))
                .Dashes(c["always the most common", "siempre la más frecuente"], [0.6, 4.4], [majority, majority]),
            ("Accuracy of each fold for four models", "Exactitud de cada pliegue para cuatro modelos"),
            ("The first three models cannot be told apart by these folds. The fourth has two more columns, not a better method.", "Estos pliegues no permiten distinguir los tres primeros modelos. El cuarto tiene dos columnas más, no un método mejor."));
        double Accuracy(int i) => scores[i].Mean("accuracy");
        c.Claim(Enumerable.Range(0, 3).All(i => Accuracy(i) > majority + 0.3), "each baseline is far above the most common class");
        c.Claim(Math.Abs(Accuracy(0) - Accuracy(1)) < scores[0].Deviation("accuracy") && Math.Abs(Accuracy(0) - Accuracy(2)) < scores[0].Deviation("accuracy"), "the first three differ by less than the folds do");
        c.Claim(Accuracy(3) > Accuracy(0) + 2 * scores[0].Deviation("accuracy"), "the beak is worth more than two deviations");

        c.Heading("Search over the whole pipeline", "Búsqueda sobre el pipeline completo");
        c.Code("search");
        var trials = Search(train, c.Brief);
        var best = trials.Best();
        var gain = scores[0].Mean(Metrics.LogLossOfLogits.Name) - best.Score;
        c.Figure("penguins-search", Plot.Titled(c["Trials of the search", "Ensayos de la búsqueda"]).Labels(c["C, the inverse of the penalty", "C, el inverso de la penalización"], c["log loss, 5 folds", "pérdida logarítmica, 5 pliegues"]).WithLogX()
                .Dots(c["trial", "ensayo"], trials.Select(t => t.Setting.Number("C")), trials.Select(t => t.Score)).Dots(c["best", "mejor"], [best.Setting.Number("C")], [best.Score]),
            ("Log loss over the inverse penalty, one dot a trial", "Pérdida logarítmica según el inverso de la penalización, un punto por ensayo"),
            ("Too strong a penalty on the left; from about C = 3 on the curve is flat.", "A la izquierda la penalización es demasiado fuerte; desde C = 3, más o menos, la curva es plana."));
        c.Text(
            $"{trials.Count} settings were tried, each with five fits, judged by the *log loss*, which judges the predicted probabilities, not only the class. The best (`{best.Setting}`) comes to {best.Score:0.000}, better than `C = 1` by {gain:0.000}; between folds the log loss has a deviation of {scores[0].Deviation(Metrics.LogLossOfLogits.Name):0.000}. The search was cheap and gained almost nothing. Two columns of the beak would take the accuracy from {Accuracy(0):0.000} to {Accuracy(3):0.000}.",
            $"Se probaron {trials.Count} configuraciones, cada una con cinco ajustes, juzgadas por la *pérdida logarítmica*, que juzga las probabilidades predichas y no solo la clase. La mejor (`{best.Setting}`) llega a {best.Score:0.000}, mejor que `C = 1` en {gain:0.000}; entre pliegues la pérdida tiene una desviación de {scores[0].Deviation(Metrics.LogLossOfLogits.Name):0.000}. La búsqueda fue barata y casi no dio ganancia. Dos columnas del pico llevarían la exactitud de {Accuracy(0):0.000} a {Accuracy(3):0.000}.");
        c.Claim(gain > 0 && gain < scores[0].Deviation(Metrics.LogLossOfLogits.Name), "the search gains less than the folds differ by");
        c.Result("accuracy without the beak, cross-validated", "exactitud sin el pico, con validación cruzada", $"{Accuracy(0):0.000} ± {scores[0].Deviation("accuracy"):0.000}");
        c.Result("accuracy with the beak, cross-validated", "exactitud con el pico, con validación cruzada", $"{Accuracy(3):0.000} ± {scores[3].Deviation("accuracy"):0.000}");

        c.Question(
            ("A colleague first fills the missing values with the medians of the whole table and then splits it. What goes wrong?", "Un colega rellena primero los valores faltantes con la mediana de toda la tabla y después la divide. ¿Qué falla?"),
            ("The medians have seen the held-out rows, so the score is that of a model that knew a little of its test. Here it would hardly show, with so few missing values; with a selection of columns or an encoding by the target, the same slip can make noise look like a discovery.", "Las medianas han visto las filas apartadas, así que el resultado es el de un modelo que ya sabía algo de su prueba. Aquí apenas se notaría, con tan pocos valores faltantes; con una selección de columnas o una codificación según el objetivo, el mismo descuido puede hacer pasar ruido por un descubrimiento."));
        c.Question(
            ("You have one more week: more search, or callipers for the beaks?", "Tienes una semana más: ¿más búsqueda o un calibrador para medir picos?"),
            ($"The callipers. The figure of the folds shows it: with the same columns three methods are about equal, and two more columns cut the error from {1 - Accuracy(0):0.0%} to {1 - Accuracy(3):0.0%}.", $"El calibrador. Lo muestra la figura de los pliegues: con las mismas columnas los tres métodos son casi iguales, y dos columnas más reducen el error del {1 - Accuracy(0):0.0%} al {1 - Accuracy(3):0.0%}."));
    }
}
