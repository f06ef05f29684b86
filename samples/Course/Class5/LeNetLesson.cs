using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>LeNet, a dense network of as many parameters and logistic regression, tuned alike, on centred images and on images that are moved.</summary>
internal static class LeNetLesson
{
    #region moved
    // Each image moved once by up to four pixels in both directions, as a camera might: the layer of augmentation, with a key.
    private static Dataset Moved(Dataset images, long seed) => images.MapInputs(x => Layers.RandomCrop(4).Apply(
        Trees.Empty<Expr>(), Trees.Empty<Expr>(), Expr.Constant(x), Expr.Constant(Key.OfSeed(seed).ToTensor())).Output.Evaluate());
    #endregion

    public static void Run(Chapter c)
    {
        var (train, validation, test) = Networks.Images(c);
        var names = FashionLesson.Classes.Select(w => c[w.English, w.Spanish]).ToArray();
        c.Text($"LeNet-5 read handwritten checks for American banks in the nineties. Here it reads clothes: {train.Count} images to learn from, {validation.Count} to choose by, {test.Count} for a test at the end. What does it gain from its convolutions? It is compared with a dense network of as many parameters, and with logistic regression, which has no hidden layer.",
            $"LeNet-5 leía en los años noventa cheques manuscritos para bancos estadounidenses. Aquí lee ropa: {train.Count} imágenes para aprender, {validation.Count} para elegir y {test.Count} para una prueba final. ¿Qué gana con sus convoluciones? Se compara con una red densa de igual número de parámetros y con la regresión logística, que no tiene capa oculta.");
        c.Code("models");
        #region models
        (string Name, Layer<Expr, Expr> Layers)[] models =
        [
            (c["logistic", "logística"], Layers.Flatten().Then(Layers.Linear(10))),
            (c["dense", "densa"], Model.Sequential(Layers.Flatten(), Layers.Linear(78), Layers.Relu(), Layers.Linear(10))),
            ("LeNet", Networks.LeNet()),
        ];
        #endregion
        var sizes = models.Select(m => m.Layers.Summary(1, 1, 28, 28).Parameters).ToArray();
        c.Claim(sizes[1] >= sizes[2] && sizes[1] < 1.01 * sizes[2], "the dense network has as many parameters as LeNet, and a few more");
        c.Output(models[2].Layers.Summary(1, 1, 28, 28).ToString());

        c.Heading("Tuned alike", "Ajustados por igual");
        c.Text("Each model gets the same three rates, each the highest of a *one-cycle* schedule, and the rate with the least validation loss at the end is taken. Three seeds at that rate show how much is luck.",
            "Cada modelo recibe las mismas tres tasas, cada una como máximo de un plan de *un ciclo*, y se toma la de menor pérdida de validación al final. Tres semillas con esa tasa muestran cuánto es suerte.");
        c.Code("tuning");
        #region tuning
        double[] rates = c.Brief ? [2e-3] : [2e-3, 4e-3, 8e-3];
        var epochs = c.Epochs(10);
        TrainingResult Trained(Layer<Expr, Expr> model, double rate, long seed, Dataset rows, Dataset held) => model.Fit(
            rows, Losses.CrossEntropy, Optimizers.Adam().Scheduled(Schedules.OneCycle(rate, epochs * (int)Math.Ceiling(rows.Count / 32.0))),
            epochs, batchSize: 32, seed: seed, validation: held);

        var tuned = models.Select(m => rates.Select(rate => (Rate: rate, Fit: Trained(m.Layers, rate, 1, train, validation)))
            .MinBy(t => t.Fit.History[^1].ValidationLoss)).ToArray();
        TrainingResult[] Seeds(int model, Dataset rows, Dataset held, params long[] seeds) =>
            [.. seeds.Select(seed => Trained(models[model].Layers, tuned[model].Rate, seed, rows, held))];
        #endregion
        var edge = string.Join(", ", models.Where((_, i) => tuned[i].Rate == rates[^1]).Select(m => m.Name));
        c.Say("Three seeds of each model, on centred images and on moved ones ...", "Tres semillas de cada modelo, con imágenes centradas y con imágenes movidas ...");
        var (movedTrain, movedValidation, movedTest) = (Moved(train, 1), Moved(validation, 2), Moved(test, 3));
        TrainingResult[][] centred = [.. tuned.Select((t, i) => (TrainingResult[])[t.Fit, .. c.Brief ? [] : Seeds(i, train, validation, 2, 3)])];
        Plot Drawn(string title, TrainingResult[][] runs, Func<Epoch, double> measure) => models.Zip(runs).Aggregate(
            Plot.Titled(title).Labels(c["epoch", "época"], c["loss", "pérdida"]), (plot, m) => plot.Run(m.First.Name, m.Second[0], measure));
        c.Figure("lenet-curves", Figure.Grid(2, [Figure.Of(Drawn(c["Training", "Entrenamiento"], centred, e => e.Loss)), Figure.Of(Drawn(c["Validation", "Validación"], centred, e => e.ValidationLoss!.Value))]),
            ("Training and validation loss of three models", "Pérdida de entrenamiento y de validación de tres modelos"),
            ($"Losses on centred images, at the best rate of each. The rate first rises and then falls to 0, and the curves calm down with it. The best rate was the highest tried for: {edge}. A still higher one might do more for them.", $"Pérdidas con imágenes centradas, con la mejor tasa de cada modelo. La tasa primero sube y después baja a 0, y las curvas se calman con ella. La mejor tasa fue la más alta probada para: {edge}. Otra aún más alta podría mejorarlas."));

        c.Heading("Moved images", "Imágenes movidas");
        c.Text("Fashion-MNIST is centred and scaled to fill its frame: position tells the dense network a lot, and a camera would not be so kind. So the same models, at the same rates, also learn from moved images and are measured on moved ones.",
            "Las imágenes de Fashion-MNIST están centradas y escaladas para llenar el marco: la posición le dice mucho a la red densa, y una cámara no sería tan amable. Por eso los mismos modelos, con las mismas tasas, aprenden también de imágenes movidas y se miden con imágenes movidas.");
        c.Code("moved");
        var few = Enumerable.Range(0, 8).ToArray();
        c.Figure("lenet-moved", ImageGrid.Of(Tensor.Concat(0, train.Inputs.Rows(few), movedTrain.Inputs.Rows(few)), columns: 8, low: 0, high: 1),
            ("Eight images, and below each the same moved", "Ocho imágenes y, debajo, las mismas movidas"), ("Above as they come, below as they are moved.", "Arriba, tal como vienen; abajo, movidas."));
        TrainingResult[][] moved = [.. models.Select((_, i) => Seeds(i, movedTrain, movedValidation, c.Brief ? [1] : [1, 2, 3]))];
        double Accuracy(TrainingResult t, Dataset data) => t.Evaluate(data, Metrics.Accuracy)[Metrics.Accuracy];
        double[][] onCentred = [.. centred.Select(of => of.Select(t => Accuracy(t, validation)).ToArray())], onMoved = [.. moved.Select(of => of.Select(t => Accuracy(t, movedValidation)).ToArray())];
        c.Table([("model", "modelo"), ("parameters", "parámetros"), ("rate", "tasa"), ("centred, validation", "centradas, validación"), ("moved, validation", "movidas, validación")],
            models.Select((m, i) => new[] { m.Name, $"{sizes[i]:N0}", $"{tuned[i].Rate}", Curves.Spread(onCentred[i]), Curves.Spread(onMoved[i]) }));
        c.Claim(onCentred[1].Min() > onCentred[0].Max() && onCentred[2].Min() > onCentred[0].Max(), "both networks beat logistic regression on centred images, for all seeds");
        c.Claim(Math.Abs(onCentred[2].Average() - onCentred[1].Average()) < 0.01, "on centred validation images the dense network is as good as LeNet");
        c.Claim(onMoved[2].Min() > onMoved[1].Max() && onMoved[1].Min() > onMoved[0].Max(), "on moved images LeNet is ahead for all seeds");
        // For the models of centred images: the validation images moved to the right, with black from the left.
        double[] shifts = [0, 1, 2, 3, 4];
        Dataset Right(int pixels) => pixels == 0 ? validation : validation.MapInputs(x =>
            Tensor.Concat(3, Tensor.Zeros(x.Shape[0], 1, 28, pixels), x.Slice(3, ..^pixels)));
        var shifted = centred.Select(of => shifts.Select(s => Accuracy(of[0], Right((int)s))).ToArray()).ToArray();
        c.Figure("lenet-shifts", models.Zip(shifted).Aggregate(
                Plot.Titled(c["Shifted images", "Imágenes desplazadas"]).Labels(c["pixels to the right", "píxeles a la derecha"], c["validation accuracy", "exactitud de validación"]).WithYLimits(0, 1),
                (plot, m) => plot.Marked(m.First.Name, shifts, m.Second)),
            ("Accuracy over the shift in pixels, for three models", "Exactitud según el desplazamiento en píxeles, para tres modelos"),
            ($"The models that learned from centred images. Two pixels cost LeNet {shifted[2][0] - shifted[2][2]:0.00} of its accuracy, the dense network {shifted[1][0] - shifted[1][2]:0.00}, logistic regression {shifted[0][0] - shifted[0][2]:0.00}.", $"Los modelos que aprendieron de imágenes centradas. Dos píxeles le cuestan a LeNet {shifted[2][0] - shifted[2][2]:0.00} de exactitud, a la red densa {shifted[1][0] - shifted[1][2]:0.00} y a la regresión logística {shifted[0][0] - shifted[0][2]:0.00}."));
        c.Claim(shifted[2][0] - shifted[2][2] < 0.7 * (shifted[1][0] - shifted[1][2]), "a shift costs LeNet less than the dense network");

        c.Heading("The test, once", "La prueba, una sola vez");
        c.Code("test");
        #region test
        // Of the images on which LeNet and the dense network differ, who is right? Of equals, each in half of them.
        (int Won, int Lost) Paired(TrainingResult lenet, TrainingResult dense, Dataset data)
        {
            bool[] Right(TrainingResult t) => [.. t.PredictLabels(data.Inputs).ToDoubles().Zip(data.Targets.ToDoubles(), (said, truth) => said == truth)];
            var pairs = Right(lenet).Zip(Right(dense)).ToList();
            return (pairs.Count(p => p.First && !p.Second), pairs.Count(p => !p.First && p.Second));
        }
        ScoreInterval Tested(TrainingResult t, Dataset data) => Metrics.Accuracy.Interval(data.Targets, t.Predict(data.Inputs), repeats: c.Brief ? 100 : 1000);
        #endregion
        ScoreInterval[] tests = [.. centred.Select(of => Tested(of[0], test))], movedTests = [.. moved.Select(of => Tested(of[0], movedTest))];
        string Shown(ScoreInterval i) => $"{i.Estimate:0.000} ({i.Lower:0.000}–{i.Upper:0.000})";
        c.Table([("model", "modelo"), ("centred, test", "centradas, prueba"), ("moved, test", "movidas, prueba")], models.Select((m, i) => new[] { m.Name, Shown(tests[i]), Shown(movedTests[i]) }));
        foreach (var (m, i) in models.Select((m, i) => (m, i)))
            c.Result($"test accuracy, {m.Name}: centred; moved (95% intervals)", $"exactitud de prueba, {m.Name}: centradas; movidas (intervalos del 95%)", $"{Shown(tests[i])}; {Shown(movedTests[i])}");
        var (one, two) = (Paired(centred[2][0], centred[1][0], test), Paired(moved[2][0], moved[1][0], movedTest));
        double Deviations((int Won, int Lost) p) => (p.Won - p.Lost) / Math.Sqrt(p.Won + p.Lost);
        c.Text($"A paired comparison resolves more than intervals. On centred images LeNet alone is right in {one.Won} and the dense network alone in {one.Lost}, {Math.Abs(Deviations(one)):0.0} standard deviations from a draw; on moved images {two.Won} against {two.Lost}, {Deviations(two):0.0} standard deviations.",
            $"Una comparación pareada distingue más que los intervalos. Con imágenes centradas, en {one.Won} solo acierta LeNet y en {one.Lost} solo la red densa, a {Math.Abs(Deviations(one)):0.0} desviaciones estándar del empate; con imágenes movidas, {two.Won} contra {two.Lost}, a {Deviations(two):0.0} desviaciones estándar.");
        c.Claim(Deviations(two) > 3 && Deviations(two) > Deviations(one), "on moved images LeNet is better on the test by more than chance");
        var confusion = Metrics.Confusion(test.Targets, centred[2][0].PredictLabels(test.Inputs));
        c.Figure("lenet-confusion", ConfusionMatrix.Of(confusion, names, c["predicted", "predicha"], c["actual", "verdadera"]).Titled("LeNet"),
            ("Confusion matrix of LeNet on the test images", "Matriz de confusión de LeNet en las imágenes de prueba"),
            ("LeNet on centred test images: shirts are the hardest, mistaken for other garments of the upper body.", "LeNet con las imágenes de prueba centradas: lo más difícil son las camisas, que se confunden con otras prendas de la parte superior."));
        var shares = confusion.Shares(Share.OfTargets).ToDoubles();
        c.Claim(Enumerable.Range(0, 10).MinBy(k => shares[11 * k]) == 6, "shirts are the hardest class");

        c.Question(("Why does the dense network come so close on centred images?", "¿Por qué la red densa queda tan cerca con imágenes centradas?"),
            ("Where everything stands in its place, a weight for each pixel is no bad idea: a sleeve is always at the same pixels. What a convolution assumes, that a pattern may be anywhere, is of little use there.", "Donde todo está en su lugar, un peso por píxel no es mala idea: una manga está siempre en los mismos píxeles. Lo que una convolución supone, que un patrón puede estar en cualquier parte, ahí sirve de poco."));
        c.Question(("Convolutions commute with shifts. Why does LeNet still lose accuracy when images move?", "Las convoluciones conmutan con las traslaciones. ¿Por qué LeNet también pierde exactitud cuando las imágenes se mueven?"),
            ("Its maps move with the image, but the dense layers behind them have a weight for each place of the maps: the table of layers shows that most of its parameters are there. And poolings of stride 2 commute with even shifts only.", "Sus mapas se mueven con la imagen, pero las capas densas que siguen tienen un peso para cada lugar de los mapas: la tabla de capas muestra que ahí está la mayoría de sus parámetros. Y el *pooling* con paso 2 solo conmuta con desplazamientos pares."));
    }
}
