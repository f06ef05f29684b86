using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Weights that PyTorch saved, loaded by their names: the same outputs, the same gradient, and then trained further.</summary>
internal static class FromPyTorchLesson
{
    #region model
    // The layers bear the names that they have in PyTorch.
    private static Layer<Expr, Expr> Net(int classes) => Model.Sequential(
        Layers.Conv2d(8, 3, padding: 1).Named("conv1"),
        Layers.BatchNorm().Named("norm1"),
        Layers.Relu(),
        Layers.MaxPool(2),
        Layers.Conv2d(16, 3, padding: 1).Named("conv2"),
        Layers.BatchNorm().Named("norm2"),
        Layers.Relu(),
        Layers.MaxPool(2),
        Layers.Flatten(),
        Layers.Linear(32).Named("hidden"),
        Layers.Relu(),
        Layers.Linear(classes).Named("head"));
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("Somebody has trained a network on digits in PyTorch and sends a file of 20 kB in the *safetensors* format: a header in JSON with names, types and shapes, then the numbers. Nothing in it can run as a program. The file also has eight images and what PyTorch computes for them, so that we can check that it was read correctly.",
            "Alguien entrenó en PyTorch una red para dígitos y envía un archivo de 20 kB en formato *safetensors*: un encabezado JSON con nombres, tipos y formas, y después los números. Nada en él puede ejecutarse como programa. El archivo trae además ocho imágenes y lo que PyTorch calcula para ellas, así que podemos comprobar que se leyó bien.");
        #region file
        var found = TensorFiles.FromSafetensors(SourceText.Bytes("Class7/digits-net.safetensors"));
        Tree<Tensor> saved = found.At("model"), expected = found.At("expected");
        var (parameters, state) = Net(10).Init(Key.OfSeed(0), 1, 1, 8, 8);
        var loaded = saved.Into(parameters, state);
        var known = Net(10).With(loaded.Parameters, loaded.State);
        #endregion
        #region expected
        var outputs = known.Predict(expected["inputs"]);

        var weights = loaded.Parameters.Variables();
        var (logits, _) = Net(10).Apply(weights, loaded.State.Map(Expr.Constant), Expr.Constant(expected["inputs"]));
        var loss = Losses.CrossEntropy(Expr.Constant(expected["labels"]), logits);
        (string, Tensor)[] values = [.. loaded.Parameters.ToDictionary().Select(p => (p.Key, p.Value))];
        var gradient = loss.Gradient(weights["conv1.weight"])[0].Evaluate(values);
        #endregion
        c.Comparison("DL1 (C#)", "PyTorch (Python)", "Class7/digits_net.py", CodeLanguage.Python, "model", "file", "expected");
        c.Text("The names are those of PyTorch: `conv1.weight`, `norm1.running_mean`. The layout is the same, too, so nothing is transposed. The report of `Into`:",
            "Los nombres son los de PyTorch: `conv1.weight`, `norm1.running_mean`. También coincide la disposición de los números, así que no hay nada que trasponer. El informe de `Into`:");
        c.Output($"{loaded}\n{string.Join('\n', loaded.Taken.Chunk(4).Select(names => "  " + string.Join(", ", names)))}");
        c.Claim(loaded.IsWhole, "every tensor of the model was found, and nothing was left");

        double Apart(Tensor a, Tensor b) => a.Compute(b, (x, y) => Abs(x - y)).Max().ToDouble();
        double Largest(Tensor a) => a.Compute(Abs).Max().ToDouble();
        var (apart, slopeApart) = (Apart(outputs, expected["outputs"]), Apart(gradient, expected["gradient"]));
        c.Claim(apart < 1e-4 && slopeApart < 1e-5, "outputs and gradient are those of PyTorch but for rounding");
        c.Text($"Outputs for 8 images and 10 classes, as large as {Largest(expected["outputs"]):0.00}, differ from those of PyTorch by {apart:0.0e+0} at most; the gradient of the loss with respect to `conv1.weight`, as large as {Largest(expected["gradient"]):0.000}, by {slopeApart:0.0e+0}. This is rounding: sums of 32-bit numbers in another order. Since the gradient agrees as well, training can go on here as it would in PyTorch.",
            $"Las salidas para 8 imágenes y 10 clases, de hasta {Largest(expected["outputs"]):0.00}, difieren de las de PyTorch en {apart:0.0e+0} como máximo; el gradiente de la pérdida respecto a `conv1.weight`, de hasta {Largest(expected["gradient"]):0.000}, en {slopeApart:0.0e+0}. Es el redondeo: sumas de números de 32 bits en otro orden. Como también coincide el gradiente, el entrenamiento puede seguir aquí como seguiría en PyTorch.");

        c.Heading("Two other scanners", "Otros dos escáneres");
        c.Code("training");
        #region training
        // The network has seen the first 1000 images. The others come from a worn scanner, or from one mounted sideways.
        var others = Datasets.Digits().Skip(1000).MapInputs(x => x.Reshape(-1, 1, 8, 8));
        var noise = Key.OfSeed(5).Normal(0, 0.12, [.. others.Inputs.Shape]);
        var worn = others.MapInputs(x => x.Compute(noise, (image, n) => 0.5 * image + n));
        var turned = others.MapInputs(x => x.Compute(image => image.Transpose(0, 1, 3, 2).Reverse(3)));

        // The same few images, the same steps: from the loaded weights, or from random ones.
        Trained Tuned(Dataset few, double rate, int seed, bool isLoaded)
        {
            var learner = Net(10).Learner(Losses.CrossEntropy, Optimizers.Adam(rate));
            var options = new TrainingOptions(Epochs: c.Brief ? 1 : 30, BatchSize: 25, Seed: seed);
            if (isLoaded)
                options = options with { Start = learner.Start(Key.OfSeed(seed), loaded.Parameters, loaded.State) };
            return learner.Fit(few, options).Trained;
        }
        #endregion
        double Accuracy(Trained model, Dataset data) => Metrics.Accuracy.Of(data.Targets, model.Predict(data.Inputs));
        double[] before = [.. new[] { others, worn, turned }.Select(data => Accuracy(known, data))];
        c.Figure("from-pytorch-scanners", ImageGrid.Of(Tensor.Concat(0, others.Inputs.Rows(..8), worn.Inputs.Rows(..8), turned.Inputs.Rows(..8)).Reshape(24, 8, 8), columns: 8, low: 0, high: 1, rowNames: [c["as known", "conocido"], c["worn", "gastado"], c["sideways", "de lado"]]),
            ("Eight digits, as known, from a worn scanner, and sideways", "Ocho dígitos: como los conocidos, de un escáner gastado y de lado"),
            ($"The loaded network reads {before[0]:0%}, {before[1]:0%} and {before[2]:0%} of such images correctly.", $"La red cargada lee bien el {before[0]:0%}, el {before[1]:0%} y el {before[2]:0%} de estas imágenes."));

        int[] counts = c.Brief ? [25, 50] : [25, 50, 100];
        var (seeds, tries) = c.Brief ? (1, 1) : (8, 3);
        double[] rates = c.Brief ? [3e-3] : [1e-3, 3e-3, 1e-2];
        c.Say("Fine-tuning, and training from scratch ...", "Ajuste fino, y entrenamiento desde cero ...");
        // For each number of images: the rate that is best on validation rows, then other draws of images, judged on test rows.
        double[][] Scores(Dataset data, bool isLoaded)
        {
            var (pool, test) = data.Split(0.5, seed: 1, stratified: true);
            double Score(int count, double rate, int seed, Dataset judge) => Accuracy(Tuned(pool.Take(250).Shuffle(seed).Take(count), rate, seed, isLoaded), judge);
            double Best(int count) => rates.MaxBy(rate => Enumerable.Range(1, tries).Average(seed => Score(count, rate, seed, pool.Skip(250))));
            return [.. counts.Select(count => (Count: count, Rate: Best(count))).Select(at => Enumerable.Range(10, seeds).Select(seed => Score(at.Count, at.Rate, seed, test)).ToArray())];
        }

        var (tunedWorn, freshWorn, tunedTurned, freshTurned) = (Scores(worn, true), Scores(worn, false), Scores(turned, true), Scores(turned, false));
        (double Mean, double Half) Interval(double[] v) => (v.Average(), 1.96 * Math.Sqrt(v.Sum(x => Math.Pow(x - v.Average(), 2)) / Math.Max(1, v.Length - 1) / v.Length));
        double[] images = [.. counts.Select(n => (double)n)];
        Plot Curve(Plot plot, string name, double[][] scores) => plot.Line(name, images, scores.Select(s => s.Average()))
            .Band(name, images, scores.Select(s => Interval(s).Mean - Interval(s).Half), scores.Select(s => Interval(s).Mean + Interval(s).Half));
        Figure Both(string title, double[][] tuned, double[][] fresh) => Figure.Of(Curve(Curve(
            Plot.Titled(title).Labels(c["images to learn from", "imágenes para aprender"], c["test accuracy", "exactitud de prueba"]).WithYLimits(0.2, 1),
            c["fine-tuned", "ajuste fino"], tuned), c["from scratch", "desde cero"], fresh));
        c.Figure("from-pytorch-tuned", Figure.Grid(2, [Both(c["Worn scanner", "Escáner gastado"], tunedWorn, freshWorn), Both(c["Sideways", "De lado"], tunedTurned, freshTurned)]),
            ("Test accuracy over the number of images, for both scanners, fine-tuned and from scratch", "Exactitud de prueba según el número de imágenes, con ambos escáneres, con ajuste fino y desde cero"),
            ($"Means of {seeds} draws of images, with 95% intervals. A fainter stroke is the same stroke; a turned stroke is another.", $"Medias de {seeds} sorteos de imágenes, con intervalos del 95%. Un trazo más débil es el mismo trazo; un trazo girado es otro."));
        bool Above(double[] high, double[] low) => Interval(high).Mean - Interval(high).Half > Interval(low).Mean + Interval(low).Half;
        c.Claim(before[0] > 0.9 && before[2] < 0.3, "the loaded network reads images as it knows them, and few sideways");
        c.Claim(counts.Select((_, i) => i).All(i => Above(tunedWorn[i], freshWorn[i]) && !Above(tunedTurned[i], freshTurned[i])), "fine-tuning is better at each number of images on the worn scanner, at none sideways");
        c.Text($"On the worn scanner {counts[0]} images are enough to improve from {before[1]:0.000} to {tunedWorn[0].Average():0.000}; from scratch they give {freshWorn[0].Average():0.000}. Sideways, what the network knows gives no clear gain: with {counts[0]} images {tunedTurned[0].Average():0.000} against {freshTurned[0].Average():0.000}, and at no number of images do the intervals part in its favour. Learning rates were chosen for each curve and number on validation images, and test images were used once. The way back: `Trained.Save` writes the same format with the same names, and `load_state_dict` reads it in PyTorch.",
            $"Con el escáner gastado bastan {counts[0]} imágenes para pasar de {before[1]:0.000} a {tunedWorn[0].Average():0.000}; desde cero dan {freshWorn[0].Average():0.000}. De lado, lo que la red sabe no da una ventaja clara: con {counts[0]} imágenes, {tunedTurned[0].Average():0.000} frente a {freshTurned[0].Average():0.000}, y con ningún número de imágenes se separan los intervalos a su favor. Las tasas de aprendizaje se eligieron para cada curva y número con imágenes de validación, y las de prueba se usaron una sola vez. El camino de vuelta: `Trained.Save` escribe el mismo formato con los mismos nombres, y en PyTorch lo lee `load_state_dict`.");
        c.Result("largest difference to PyTorch's outputs", "mayor diferencia con las salidas de PyTorch", $"{apart:0.0e+0}");
        c.Result($"worn scanner, {counts[0]} images: fine-tuned, from scratch", $"escáner gastado, {counts[0]} imágenes: ajuste fino, desde cero", $"{tunedWorn[0].Average():0.000}, {freshWorn[0].Average():0.000}");
        c.Question(("Why must the running means of `norm1` be loaded along with the weights?", "¿Por qué hay que cargar las medias móviles de `norm1` junto con los pesos?"),
            ("At inference batch normalization uses them. With the mean and variance of a new layer (0 and 1) the outputs would not be those of PyTorch, although every weight is right.", "Al predecir, la normalización por lotes las utiliza. Con la media y la varianza de una capa nueva (0 y 1) las salidas no serían las de PyTorch, aunque todos los pesos fueran correctos."));
        c.Question(("The same weights help with one scanner and not with the other. Why?", "Los mismos pesos ayudan con un escáner y no con el otro. ¿Por qué?"),
            ($"It depends on what the two tasks share. Faint digits have the strokes that the filters look for, in the same places: {before[1]:0%} are read without any training. Turned by 90 degrees, a vertical stroke becomes horizontal, and the last layers look for shapes that no longer occur.", $"Depende de lo que comparten las tareas. Los dígitos débiles tienen los trazos que buscan los filtros, en los mismos lugares: el {before[1]:0%} se lee sin entrenar nada. Al girar 90 grados, un trazo vertical se vuelve horizontal, y las últimas capas buscan formas que ya no aparecen."));
    }
}
