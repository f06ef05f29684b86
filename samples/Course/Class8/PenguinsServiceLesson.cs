using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>What the tested model gets wrong, what it goes by, and the file that a service loads.</summary>
internal static class PenguinsServiceLesson
{
    public static void Run(Chapter c)
    {
        var (train, test) = PenguinsLesson.Split();
        var model = PenguinsModelsLesson.With(PenguinsModelsLesson.Search(train, c.Brief).Best().Setting).Fit(train);
        var truths = Tensor.Of(test.Texts("species").Select(s => (long)model.Classes.ToList().IndexOf(s)).ToArray());
        c.Text($"The model of the lesson before has been tested. Now we may look at its errors among the {test.RowCount} test birds, as long as we change nothing because of them.", $"El modelo de la lección anterior ya se probó. Ahora podemos mirar sus errores en las {test.RowCount} aves de prueba, siempre que no cambiemos nada a causa de ellos.");
        c.Heading("Which birds does it get wrong?", "¿En qué aves se equivoca?");
        var answers = model.PredictTable(test);
        var wrong = Enumerable.Range(0, test.RowCount).Where(i => answers[i].Class != test.Row(i).Text("species")).ToArray();
        var predicted = Tensor.Of(answers.Select(a => (long)model.Classes.ToList().IndexOf(a.Class)).ToArray());
        c.Figure("penguins-confusion", ConfusionMatrix.Of(Metrics.Confusion(truths, predicted), model.Classes, c["predicted", "predicha"], c["actual", "verdadera"]).Titled(c["Confusion matrix", "Matriz de confusión"]),
            ("Confusion matrix of the test rows", "Matriz de confusión de las filas de prueba"),
            ("Rows are the true species, columns the predicted one.", "Las filas son la especie verdadera; las columnas, la predicha."));
        var judged = test.Add("wrong", Column.Of([.. answers.Select((a, i) => a.Class == test.Row(i).Text("species") ? 0.0 : 1)]));
        var missed = judged.Where(r => r.Number("wrong") == 1);
        var errors = Plot.Titled(c["Dream: the birds of the test", "Dream: las aves de la prueba"]).Labels(c["flipper (mm)", "aleta (mm)"], c["body mass (g)", "masa corporal (g)"]);
        foreach (var isWrong in new[] { 0, 1 })
            foreach (var name in new[] { "Adelie", "Chinstrap" })
            {
                var birds = judged.Where(r => r.Text("island") == "Dream" && r.Text("species") == name && r.Number("wrong") == isWrong);
                errors = errors.Dots(isWrong == 1 ? c[$"{name}, wrong", $"{name}, error"] : name, birds.Values("flipper_length_mm"), birds.Values("body_mass_g"));
            }
        c.Figure("penguins-errors", errors,
            ("Mass over flipper of the birds on Dream, errors in colours of their own", "Masa según la aleta de las aves de Dream, los errores con colores propios"),
            ("Birds on Dream, with the errors in colours of their own. They lie among birds of both species.", "Aves de Dream, con los errores en colores propios. Están entre aves de ambas especies."));
        var sure = wrong.OrderByDescending(i => answers[i].Probabilities.Max(p => p.Probability)).Take(4).ToArray();
        c.Table([("island", "isla"), ("sex", "sexo"), ("flipper", "aleta"), ("mass", "masa"), ("beak length (not used)", "largo del pico (no usado)"), ("species", "especie"), ("predicted", "predicha")],
            sure.Select(i => test.Row(i)).Zip(sure, (r, i) => new[] { r.Text("island"), r.Text("sex"), $"{r.Number("flipper_length_mm")}", $"{r.Number("body_mass_g")}", $"{r.Number("beak_length_mm")}", r.Text("species"), $"{answers[i]}" }));
        var onDream = missed.Where(r => r.Text("island") == "Dream").RowCount;
        c.Text(
            $"The table has the four errors with the greatest confidence. Of {test.RowCount} birds {wrong.Length} are wrong, {onDream} of them on Dream, the one island with two species of similar size. What tells these two apart is the length of the beak, which the model did not have. The first row is a warning: nothing is known of this bird but the island, the medians stand in for its measures, and the model is sure all the same.",
            $"La tabla muestra los cuatro errores con mayor confianza. Son {wrong.Length} errores en {test.RowCount} aves, {onDream} de ellos en Dream, la única isla con dos especies de tamaño parecido. Lo que distingue a ambas es el largo del pico, que el modelo no tenía. La primera fila es una advertencia: de esa ave solo se conoce la isla, las medianas sustituyen sus medidas y aun así el modelo está seguro.");
        c.Claim(onDream >= 0.8 * wrong.Length, "most errors are on Dream");
        c.Claim(double.IsNaN(test.Row(sure[0]).Number("body_mass_g")) && answers[sure[0]].Probabilities.Max(p => p.Probability) > 0.99, "the surest error is a bird without measures");

        c.Heading("Which fields does it use?", "¿Qué campos usa?");
        var worth = model.Importances(test, Metrics.Accuracy, repeats: c.Brief ? 3 : 50, seed: 1).OrderByDescending(w => w.Mean).ToArray();
        c.Figure("penguins-importances", Plot.Titled(c["Accuracy lost when a column is shuffled", "Exactitud perdida al barajar una columna"]).Labels("", c["loss of accuracy", "pérdida de exactitud"]).WithNames(worth.Select(w => w.Name))
                .Bars("", worth.Select(w => w.Mean)),
            ("Permutation importance of each field", "Importancia por permutación de cada campo"),
            ("The values of one field are shuffled among the test rows, many times; the bar is the mean loss of accuracy.", "Los valores de un campo se barajan muchas veces entre las filas de prueba; la barra es la pérdida media de exactitud."));
        c.Text($"`{worth[0].Name}` and `{worth[1].Name}` matter most to this model. A field with a small bar may still be informative: others may carry the same information.", $"`{worth[0].Name}` y `{worth[1].Name}` son los que más importan a este modelo. Un campo con una barra pequeña puede ser informativo: otros pueden contener la misma información.");

        c.Heading("One file, and a service", "Un archivo y un servicio");
        #region save
        var path = Path.Combine(c.Folder, "penguins.pipeline");
        model.Save(path);
        var again = FittedPipeline.Load(path);
        var same = again.Outputs(test).ToDoubles().SequenceEqual(model.Outputs(test).ToDoubles());
        #endregion
        c.Code("save");
        c.Claim(same, "the loaded pipeline predicts the same to the bit");
        c.Text(
            $"The file has {new FileInfo(path).Length:#,##0} bytes: encoder, medians, scales, weights and names of the classes, and no code. Once loaded it gives the same outputs to the last bit. `dotnet run -c Release --project samples/Serve -- --pipeline penguins.pipeline` serves it over HTTP, with a form in both languages, and refuses what the pipeline does not know.",
            $"El archivo tiene {new FileInfo(path).Length:#,##0} bytes: codificador, medianas, escalas, pesos y nombres de las clases, y nada de código. Una vez cargado da las mismas salidas hasta el último bit. `dotnet run -c Release --project samples/Serve -- --pipeline penguins.pipeline` lo sirve por HTTP, con un formulario en ambos idiomas, y rechaza lo que el pipeline no conoce.");

        c.Question(
            ("You see that the errors are on Dream, add a rule for Dream, and measure again on these birds. What is wrong with the new number?", "Ves que los errores están en Dream, agregas una regla para Dream y mides otra vez con estas aves. ¿Qué tiene de malo el nuevo número?"),
            ("The test has now helped to make the model, so it no longer tells what to expect on new birds. You need new birds, or a second part that was locked away as well.", "La prueba ya ayudó a hacer el modelo, así que no dice qué esperar con aves nuevas. Hacen falta aves nuevas, o una segunda parte que también se haya guardado bajo llave."));
        c.Question(
            ("Shuffling `sex` costs least. May the team stop noting it?", "Barajar `sex` es lo que menos cuesta. ¿Puede el equipo dejar de anotarlo?"),
            ($"Perhaps: for this model the loss of accuracy is {worth.Single(w => w.Name == "sex").Mean:0.000}. But the importance is that of this model with its other fields; with the beak measured, the sex may matter again. Cross-validate without it on the training rows, and see.", $"Quizá: para este modelo la pérdida de exactitud es {worth.Single(w => w.Name == "sex").Mean:0.000}. Pero la importancia es la de este modelo con sus otros campos; con el pico medido, el sexo puede volver a contar. Conviene quitarlo, validar con las filas de entrenamiento y ver."));
    }
}
