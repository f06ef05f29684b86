using System.Collections.Concurrent;
using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>Fashion-MNIST from its raw files: explored, baselines, and a small convolutional network by a search that stops bad trials.</summary>
internal static class FashionLesson
{
    private static readonly ConcurrentDictionary<(bool Brief, string? Data), Found> kept = [];

    public static readonly Words[] Classes = [.. Datasets.FashionClasses.Zip(
        ["camiseta", "pantalón", "suéter", "vestido", "abrigo", "sandalia", "camisa", "zapatilla", "bolso", "botín"])];

    public sealed record Found(Dataset Train, Dataset Validation, Dataset Test, IReadOnlyList<Trial> Trials);

    /// <summary>The split data and the trials of the search, made once for the two lessons.</summary>
    public static Found Searched(Chapter c) => kept.GetOrAdd((c.Brief, c.Data), _ =>
    {
        #region split
        var (whole, test) = c.Data is { } folder ? Datasets.FashionMnist(folder) : Datasets.FashionMnistSmall();
        var (train, validation) = whole.Split(5.0 / 6, seed: 1, stratified: true);
        #endregion
        #region search
        var settings = HyperSearch.Random(
            c.Brief ? 2 : 6,
            [("rate", Ranges.LogUniform(5e-4, 1e-2)), ("dropout", Ranges.Among(0, 0.3)), ("batch", Ranges.Among(32, 64))], seed: 8);
        var trials = settings.Study(
            run =>
            {
                var network = Network(run.Setting.Number("dropout"));
                var fit = network.Learner(Losses.CrossEntropy, Optimizers.Adam(run.Setting.Number("rate"))).Fit(
                    c.Brief ? train.Take(500) : train,
                    new TrainingOptions(Epochs: run.Budget, BatchSize: run.Setting.Whole("batch"), Key: run.Key, Validation: validation, OnEpoch: run.Watch()));
                return TrialResult.Of(fit.History[^1].ValidationLoss ?? double.NaN, fit.Trained);
            },
            new StudySettings(Budget: c.Brief ? 1 : 8, Round: 1, Seed: 1, Pruning: Pruning.NewHalving(1, 2)));
        #endregion
        return new Found(train, validation, test, trials);
    });

    #region network
    public static Layer<Expr, Expr> Network(double dropout) => Model.Sequential(
        Layers.Reshape(1, 28, 28),
        Layers.Conv2d(8, 3, same: true), Layers.Relu(), Layers.MaxPool(2),
        Layers.Conv2d(16, 3, same: true), Layers.Relu(), Layers.MaxPool(2),
        Layers.Flatten(), Layers.Dropout(dropout), Layers.Linear(10));
    #endregion

    public static void Run(Chapter c)
    {
        c.Say("Six trials of a convolutional network...", "Seis ensayos de una red convolucional...");
        var (train, validation, test, trials) = Searched(c);
        var names = Classes.Select(w => c[w.English, w.Spanish]).ToArray();
        c.Text(
            $"Fashion-MNIST comes as four files in the IDX format: two zero bytes, the type of the numbers, how many axes there are, the length of each axis in four bytes, and then one byte for each of the 28 · 28 pixels of an image. DL1 reads them. Here are {train.Count + validation.Count} images to learn from and {test.Count} for the test (all of Fashion-MNIST has 70,000: `--full`). The test images are locked away, and a sixth of the rest is held out for validation.",
            $"Fashion-MNIST viene en cuatro archivos con el formato IDX: dos bytes en cero, el tipo de los números, cuántos ejes hay, la longitud de cada eje en cuatro bytes y después un byte por cada uno de los 28 · 28 píxeles de una imagen. DL1 los lee. Hay {train.Count + validation.Count} imágenes para aprender y {test.Count} para la prueba (Fashion-MNIST completo tiene 70,000: `--full`). Las imágenes de prueba quedan bajo llave, y un sexto del resto se aparta para validar.");
        c.Code("split");

        var labels = train.Targets.ToDoubles();
        int[] shown = [.. Enumerable.Range(0, 4).SelectMany(k => Enumerable.Range(0, 10).Select(label => Enumerable.Range(0, train.Count).Where(i => labels[i] == label).ElementAt(k)))];
        c.Figure("fashion-classes", ImageGrid.Of(train.Inputs.Rows(shown).Reshape(40, 28, 28), columnNames: names),
            ("Four training images of each class", "Cuatro imágenes de entrenamiento de cada clase"),
            ("A column for each class. T-shirts, shirts, pullovers and coats differ by a collar or a sleeve.", "Una columna por clase. Camisetas, camisas, suéteres y abrigos se distinguen por un cuello o una manga."));

        c.Heading("Baselines", "Modelos de referencia");
        #region baselines
        var few = c.Brief ? train.Take(500) : train.Take(5000);
        var neighbours = Neighbours.Classify(few.Inputs.Cast(DType.F64), few.Targets, count: 5).Predict(validation.Inputs.Cast(DType.F64));
        var logistic = Layers.Linear(10).Fit(few, Losses.CrossEntropy, Optimizers.Adam(1e-3), epochs: c.Brief ? 1 : 8, batchSize: 64);
        var dense = Layers.Linear(128).Then(Layers.Relu()).Then(Layers.Linear(10))
            .Fit(few, Losses.CrossEntropy, Optimizers.Adam(1e-3), epochs: c.Brief ? 1 : 8, batchSize: 64);
        #endregion
        c.Code("baselines");
        c.Text(
            "Logistic regression is a network without a hidden layer, and is trained as one. The five nearest neighbours need no training: they compare pixels.",
            "La regresión logística es una red sin capa oculta, y como tal se entrena. Los cinco vecinos más cercanos no necesitan entrenamiento: comparan píxeles.");

        c.Heading("A network, and a search that stops bad trials early", "Una red y una búsqueda que detiene pronto los malos ensayos");
        c.Code("network");
        c.Code("search");
        var best = trials.Best();
        var spent = trials.Sum(t => t.ReportEntries.Count);
        var curves = Plot.Titled(c["Trials of the search", "Ensayos de la búsqueda"]).Labels(c["epoch", "época"], c["validation loss", "pérdida de validación"]);
        foreach (var t in trials)
            curves = curves.Line($"{t.Number}: {c["rate", "tasa"]} {t.Setting.Number("rate"):0.0000}{(t.Number == best.Number ? c[", best", ", el mejor"] : "")}", t.ReportEntries.Select(r => (double)r.Epoch), t.ReportEntries.Select(r => r.Score))
                .Dots($"{t.Number}: {c["rate", "tasa"]} {t.Setting.Number("rate"):0.0000}{(t.Number == best.Number ? c[", best", ", el mejor"] : "")}", t.ReportEntries.Select(r => (double)r.Epoch), t.ReportEntries.Select(r => r.Score));
        c.Figure("fashion-search", curves,
            ("Validation loss of each trial over its epochs", "Pérdida de validación de cada ensayo según las épocas"),
            ("A trial goes on after epochs 1, 2 and 4 only if it is in the best half of those that have reached that epoch so far; the others end there. The first trial has no rivals yet.", "Un ensayo sigue tras las épocas 1, 2 y 4 solo si está en la mejor mitad de los que hasta entonces llegaron a esa época; los demás terminan ahí. El primero aún no tiene rivales."));
        var rows = new (string Name, double Accuracy)[]
        {
            (c["logistic regression", "regresión logística"], Metrics.Accuracy.Of(validation.Targets, logistic.Predict(validation.Inputs))),
            (c["5 nearest neighbours", "5 vecinos más cercanos"], Metrics.Confusion(validation.Targets, neighbours).Accuracy),
            (c["hidden layer of 128 units", "capa oculta de 128 unidades"], Metrics.Accuracy.Of(validation.Targets, dense.Predict(validation.Inputs))),
            (c["convolutional network", "red convolucional"], Metrics.Accuracy.Of(validation.Targets, best.TrainedModel!.Predict(validation.Inputs))),
        };
        c.Table([("model", "modelo"), ("accuracy, validation", "exactitud, validación")], rows.Select(r => new[] { r.Name, $"{r.Accuracy:0.000}" }));
        c.Text(
            $"The search made {spent} epochs where {trials.Count} full trials would have made {trials.Count * trials.Max(t => t.Budget)}. Its best, `{best.Setting}`, has a validation accuracy of {rows[3].Accuracy:0.000}; the best baseline has {rows[..3].Max(r => r.Accuracy):0.000}. The trial was chosen on these images, so its number is a little too good: the test comes in part 2.",
            $"La búsqueda hizo {spent} épocas; {trials.Count} ensayos completos habrían hecho {trials.Count * trials.Max(t => t.Budget)}. El mejor, `{best.Setting}`, tiene una exactitud de validación de {rows[3].Accuracy:0.000}; el mejor modelo de referencia, de {rows[..3].Max(r => r.Accuracy):0.000}. El ensayo se eligió con estas imágenes, así que su cifra es un poco optimista: la prueba está en la parte 2.");
        c.Claim(rows[3].Accuracy > rows[..3].Max(r => r.Accuracy) + 0.01, "the convolutional network is better than each baseline by a point");
        c.Claim(spent < 0.7 * trials.Count * trials.Max(t => t.Budget), "the search saves three tenths of the epochs");
        c.Result("validation accuracy, convolutional network", "exactitud de validación, red convolucional", $"{rows[3].Accuracy:0.000}");
        c.Question(
            ("Why does the network with convolutions beat the hidden layer, with the same images and the same number of epochs?", "¿Por qué la red con convoluciones supera a la capa oculta, con las mismas imágenes y el mismo número de épocas?"),
            ("Its structure says beforehand that neighbouring pixels belong together and that an edge is an edge wherever it lies: the same 3 · 3 weights are applied at each place. The hidden layer must learn that for each place anew.", "Su estructura dice de antemano que los píxeles vecinos van juntos y que un borde es un borde esté donde esté: los mismos 3 · 3 pesos se aplican en cada lugar. La capa oculta debe aprenderlo de nuevo en cada lugar."));
        c.Question(
            ("A trial with a small rate was stopped after one epoch. Was that right?", "Un ensayo con una tasa pequeña se detuvo tras una época. ¿Fue correcto?"),
            ("The figure cannot tell: it does not show how the stopped curve would have gone on. Halving assumes that the early order is mostly the final one, and now and then loses a trial that starts slowly.", "La figura no permite saberlo: no muestra cómo habría seguido la curva detenida. La reducción sucesiva supone que el orden temprano es casi siempre el final, y de vez en cuando pierde un ensayo de arranque lento."));
    }
}
