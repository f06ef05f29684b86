using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>What a network learnt on five classes of clothes is worth for five others, with 10 to 500 images to learn from.</summary>
internal static class TransferLesson
{
    #region network
    // In training each image is moved and mirrored anew: clothes may lie anywhere.
    private static Layer<Expr, Expr> Moving() => Layers.RandomCrop(6).Then(Layers.FlipHorizontal());

    private static Layer<Expr, Expr> Network() => Model.Sequential(
        Layers.Reshape(1, 28, 28), Moving(),
        Model.Sequential(
            Layers.Conv2d(8, 3, same: true), Layers.Relu(), Layers.MaxPool(2),
            Layers.Conv2d(16, 3, same: true), Layers.Relu(), Layers.MaxPool(2)).Named("convolutions"),
        Model.Sequential(Layers.Flatten(), Layers.Linear(64), Layers.Relu()).Named("hidden"),
        Layers.Linear(5).Named("head"));
    #endregion

    private static readonly double[] Known = [0, 2, 5, 7, 8], New = [1, 3, 4, 6, 9];

    // The rows of five classes, numbered 0 to 4, each image moved once for good.
    private static Dataset Only(Dataset data, double[] classes, int seed)
    {
        var labels = data.Targets.ToDoubles();
        var chosen = data.Rows(Enumerable.Range(0, data.Count).Where(i => classes.Contains(labels[i])));
        var (images, _) = Moving().Apply(Trees.Empty<Expr>(), Trees.Empty<Expr>(), Expr.Constant(chosen.Inputs.Reshape(-1, 1, 28, 28)), Expr.Key(Key.OfSeed(seed)));
        return Dataset.From(images.Evaluate().Reshape(-1, 784), Tensor.Of([.. chosen.Targets.ToDoubles().Select(label => (long)Array.IndexOf(classes, label))]));
    }

    public static void Run(Chapter c)
    {
        var (all, allTest) = c.Data is { } folder ? Datasets.FashionMnist(folder) : Datasets.FashionMnistSmall();
        if (c.Brief) all = all.Take(1000);
        var (source, few, test) = (Only(all, Known, 1), Only(all, New, 2), Only(allTest, New, 3));
        var (pool, validation) = few.Split(0.75, seed: 1, stratified: true);
        c.Text($"T-shirts, pullovers, sandals, sneakers and bags: of these five classes there are {source.Count} images to learn from. Of trousers, dresses, coats, shirts and ankle boots we have 10 to 500. Each garment is moved by up to six pixels and may be mirrored, as in photographs that nobody has centred. Does what was learnt on the first five help with the others?",
            $"Camisetas, suéteres, sandalias, zapatillas y bolsos: de estas cinco clases hay {source.Count} imágenes para aprender. De pantalones, vestidos, abrigos, camisas y botines tenemos entre 10 y 500. Cada prenda está desplazada hasta seis píxeles y puede estar reflejada, como en fotos que nadie centró. ¿Sirve para las otras lo aprendido con las cinco primeras?");
        var names = FashionLesson.Classes.Select(w => c[w.English, w.Spanish]).ToList();
        int[] First(Dataset data) => [.. Enumerable.Range(0, 10).Select(i => data.Targets.ToDoubles().Select((label, row) => (label, row)).Where(at => at.label == i % 5).ElementAt(i / 5).row)];
        c.Figure("transfer-classes", ImageGrid.Of(Tensor.Concat(0, source.Inputs.Rows(First(source)), few.Inputs.Rows(First(few))).Reshape(20, 28, 28), columns: 5,
                labels: new[] { Known, Known, New, New }.SelectMany(classes => classes.Select(k => names[(int)k]))),
            ("Two images of each class, moved and mirrored", "Dos imágenes de cada clase, desplazadas y reflejadas"),
            ("The upper two rows are of the classes known, the lower two of the new ones.", "Las dos filas de arriba son de las clases conocidas; las dos de abajo, de las nuevas."));
        c.Code("network");
        c.Say("Learning the five classes known ...", "Aprendiendo las cinco clases conocidas ...");
        var known = Network().Fit(source, Losses.CrossEntropy, Optimizers.Adam(3e-3), epochs: c.Brief ? 1 : 12, batchSize: 64).Trained;

        c.Code("methods");
        #region methods
        // A learner, and whether it begins with what was learnt: all but the head. Who begins from scratch gets three times
        // the steps.
        var methods = new (string Name, bool IsLoaded, double[] Rates, Func<double, Learner> Learner)[]
        {
            (c["pixels, no hidden layer", "píxeles, sin capa oculta"], false, [1e-3, 3e-3, 1e-2], rate => Layers.Reshape(1, 28, 28).Then(Moving()).Then(Layers.Flatten()).Then(Layers.Linear(5)).Learner(Losses.CrossEntropy, Optimizers.Adam(rate))),
            (c["from scratch", "desde cero"], false, [1e-3, 3e-3, 1e-2], rate => Network().Learner(Losses.CrossEntropy, Optimizers.Adam(rate))),
            (c["all frozen, new head", "todo congelado, salida nueva"], true, [3e-3, 1e-2, 3e-2], rate => Network().Learner(Losses.CrossEntropy, Optimizers.Adam(rate)).Frozen(path => !path.StartsWith("head."))),
            (c["convolutions frozen", "convoluciones congeladas"], true, [1e-3, 3e-3, 1e-2], rate => Network().Learner(Losses.CrossEntropy, Optimizers.Adam(rate)).Frozen(path => path.StartsWith("convolutions."))),
            (c["fine-tuned, rates by layer", "ajuste fino, tasas por capa"], true, [1e-3, 3e-3, 1e-2], rate => Network().Learner(Losses.CrossEntropy, Optimizers.Adam(rate).LayerDecay(0.4, "convolutions", "hidden", "head"))),
        };

        double Accuracy(int method, double rate, int count, int seed, Dataset judge)
        {
            var learner = methods[method].Learner(rate);
            var mixed = pool.Shuffle(seed);
            var labels = mixed.Targets.ToDoubles();
            var rows = mixed.Rows(Enumerable.Range(0, 5).SelectMany(k => Enumerable.Range(0, mixed.Count).Where(i => labels[i] == k).Take(count / 5)));
            var options = new TrainingOptions(Epochs: c.Brief ? 1 : (methods[method].IsLoaded ? 160 : 480) * 32 / Math.Max(32, count), BatchSize: Math.Min(32, count), Seed: seed);
            if (methods[method].IsLoaded)
            {
                var (parameters, state) = Network().Init(Key.OfSeed(seed), 1, 784);
                var loaded = known.Parameters.Filter(path => !path.StartsWith("head.")).Into(parameters, state);
                options = options with { Start = learner.Start(Key.OfSeed(seed), loaded.Parameters, loaded.State) };
            }

            return learner.Fit(rows, options).Evaluate(judge, Metrics.Accuracy)[Metrics.Accuracy];
        }
        #endregion
        int[] counts = c.Brief ? [10, 50] : [10, 50, 150, 500];
        var seeds = c.Brief ? 1 : 5;
        var scores = methods.Select((method, m) =>
        {
            c.Say($"{method.Name} ...", $"{method.Name} ...");
            // Of three rates the best on validation images: with 50 images for few, with 500 for many.
            double Best(int count) => c.Brief ? method.Rates[1] : method.Rates.MaxBy(rate => Enumerable.Range(1, 2).Average(seed => Accuracy(m, rate, count, seed, validation)));
            var (low, high) = (Best(50), Best(c.Brief ? 50 : 500));
            return counts.Select(count => Enumerable.Range(10, seeds).Select(seed => Accuracy(m, count > 50 ? high : low, count, seed, test)).ToArray()).ToArray();
        }).ToArray();
        (double Mean, double Half) Interval(double[] v) => (v.Average(), 1.96 * Math.Sqrt(v.Sum(x => Math.Pow(x - v.Average(), 2)) / Math.Max(1, v.Length - 1) / v.Length));
        double[] images = [.. counts.Select(n => (double)n)];
        c.Figure("transfer-curves", methods.Zip(scores).Skip(1).Aggregate(
                Plot.Titled(c["Five new classes", "Cinco clases nuevas"]).Labels(c["images to learn from", "imágenes para aprender"], c["test accuracy", "exactitud de prueba"]).WithLogX(),
                (plot, entry) => plot.Line(entry.First.Name, images, entry.Second.Select(v => v.Average()))
                    .Band(entry.First.Name, images, entry.Second.Select(v => Interval(v).Mean - Interval(v).Half), entry.Second.Select(v => Interval(v).Mean + Interval(v).Half))),
            ("Test accuracy over the number of images for four ways to train", "Exactitud de prueba según el número de imágenes con cuatro formas de entrenar"),
            ($"Means of {seeds} draws of images, with 95% intervals; who begins from scratch gets three times the steps.", $"Medias de {seeds} sorteos de imágenes, con intervalos del 95%; quien empieza desde cero recibe el triple de pasos."));
        c.Table([("method", "método"), .. counts.Select(n => (Words)($"{n} images", $"{n} imágenes"))],
            methods.Zip(scores, (m, s) => (string[])[m.Name, .. s.Select(v => $"{Interval(v).Mean:0.000} ± {Interval(v).Half:0.000}")]));
        foreach (var (m, s) in methods.Zip(scores)) c.Say($"{m.Name}: {string.Join(", ", s.Select(v => $"{v.Average():0.000}"))}", $"{m.Name}: {string.Join(", ", s.Select(v => $"{v.Average():0.000}"))}");
        var (pixels, scratch, frozen, convolutions, tuned) = (scores[0], scores[1], scores[2], scores[3], scores[4]);
        // All learn from the same draws of images, so that differences are taken draw by draw.
        (double Mean, double Half) Gain(double[] high, double[] low) => Interval([.. high.Zip(low, (a, b) => a - b)]);
        bool Above(double[] high, double[] low) => Gain(high, low) is var (mean, half) && mean > half;
        var last = counts.Length - 1;
        var apart = Above(tuned[last], scratch[last]);
        c.Claim(Above(tuned[0], scratch[0]), "with the fewest images fine-tuning is better than training from scratch");
        c.Claim(frozen[last].Average() < convolutions[last].Average() && convolutions[last].Average() < tuned[last].Average(), "frozen convolutions stay between");
        c.Claim(frozen[0].Average() > scratch[0].Average() && Above(tuned[last], frozen[last]) && frozen[last].Average() < scratch[last].Average(), "a frozen network is better than one from scratch with few images, and worst with many");
        c.Claim(tuned[0].Average() - scratch[0].Average() > tuned[last].Average() - scratch[last].Average(), "the advantage shrinks");
        c.Claim(scores.Skip(1).All(s => s[last].Average() > pixels[last].Average() + 0.1), "pixels alone are far behind");
        c.Text($"Who wins where? With {counts[0]} images, two of each class, fine-tuning comes to {tuned[0].Average():0.000} and training from scratch to {scratch[0].Average():0.000}: here transfer is worth most (draw by draw, {Gain(tuned[0], scratch[0]).Mean:0.000} ± {Gain(tuned[0], scratch[0]).Half:0.000}). With {counts[last]} it is {tuned[last].Average():0.000} against {scratch[last].Average():0.000}{(apart ? "" : ", no more than chance: one may as well begin anew")}. All frozen is good with few images ({frozen[0].Average():0.000}) and the last of the networks with many ({frozen[last].Average():0.000}). With frozen convolutions alone one stays between ({convolutions[last].Average():0.000}). Pixels without a hidden layer come to {pixels[last].Average():0.000}: with garments that move, no pixel means anything by itself.",
            $"¿Quién gana dónde? Con {counts[0]} imágenes, dos de cada clase, el ajuste fino llega a {tuned[0].Average():0.000} y el entrenamiento desde cero a {scratch[0].Average():0.000}: aquí es donde más vale la transferencia (sorteo por sorteo, {Gain(tuned[0], scratch[0]).Mean:0.000} ± {Gain(tuned[0], scratch[0]).Half:0.000}). Con {counts[last]} es {tuned[last].Average():0.000} frente a {scratch[last].Average():0.000}{(apart ? "" : ", no más que el azar: da lo mismo empezar de nuevo")}. Congelarlo todo va bien con pocas imágenes ({frozen[0].Average():0.000}) y es la última de las redes con muchas ({frozen[last].Average():0.000}). Congelar solo las convoluciones queda en medio ({convolutions[last].Average():0.000}). Los píxeles sin capa oculta llegan a {pixels[last].Average():0.000}: con prendas que se mueven, ningún píxel significa nada por sí solo.");
        c.Result($"accuracy with {counts[0]} images: fine-tuned, all frozen, from scratch", $"exactitud con {counts[0]} imágenes: ajuste fino, todo congelado, desde cero", $"{tuned[0].Average():0.000}, {frozen[0].Average():0.000}, {scratch[0].Average():0.000}");
        c.Result($"accuracy with {counts[last]} images: the same", $"exactitud con {counts[last]} imágenes: lo mismo", $"{tuned[last].Average():0.000}, {frozen[last].Average():0.000}, {scratch[last].Average():0.000}");
        c.Question(("Why does the frozen network stop getting better?", "¿Por qué la red congelada deja de mejorar?"),
            ("Its hidden layer was made to tell the old classes apart. What tells a coat from a shirt may be lost there, and no head can bring it back, however many images there are.", "Su capa oculta se hizo para distinguir las clases antiguas. Lo que distingue un abrigo de una camisa puede haberse perdido ahí, y ninguna capa de salida lo recupera, por muchas imágenes que haya."));
        c.Question(("Why do the convolutions get the smallest rate in fine-tuning?", "¿Por qué las convoluciones llevan la tasa más pequeña en el ajuste fino?"),
            ($"Edges and textures are the same in all clothes: with convolutions that do not move at all the accuracy is {convolutions[0].Average():0.000} with {counts[0]} images, close to {tuned[0].Average():0.000}. The layers behind them have more to change.", $"Los bordes y las texturas son los mismos en toda la ropa: con convoluciones que no se mueven, la exactitud es {convolutions[0].Average():0.000} con {counts[0]} imágenes, cerca de {tuned[0].Average():0.000}. Las capas posteriores tienen más que cambiar."));
    }
}
