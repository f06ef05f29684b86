using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>What a network learned on five classes of clothes gains for five others, with 10 to 500 images to learn from.</summary>
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

    private static readonly int[] Known = [0, 2, 5, 7, 8], New = [1, 3, 4, 6, 9];

    // The rows of five classes, numbered 0 to 4, each image moved once for good.
    private static Dataset Only(Dataset data, int[] classes, int seed)
    {
        var chosen = data.OfClasses(classes);
        var (images, _) = Moving().Apply(Trees.Empty<Expr>(), Trees.Empty<Expr>(), Expr.Constant(chosen.Inputs.Reshape(-1, 1, 28, 28)), Expr.Key(Key.OfSeed(seed)));
        return chosen.WithInputs(images.Evaluate().Reshape(-1, 784));
    }

    public static void Run(Chapter c)
    {
        var (all, allTest) = c.Data is { } folder ? Datasets.FashionMnist(folder) : Datasets.FashionMnistSmall();
        if (c.Brief) all = all.Take(1000);
        var (source, few, test) = (Only(all, Known, 1), Only(all, New, 2), Only(allTest, New, 3));
        var (pool, validation) = few.Split(0.75, seed: 1, stratified: true);
        c.Text($"There are {source.Count} images of five classes: T-shirts, pullovers, sandals, sneakers and bags. Of trousers, dresses, coats, shirts and ankle boots we have 10 to 500. Each garment is moved by up to six pixels and may be mirrored, as in photographs that nobody has centred. Does what a network learned on the first five classes help with the others? The setting was chosen so that there is something to gain: on centred images without augmentation, and with another split of the classes (0–4 to 5–9), transfer gained little in earlier trials.",
            $"Hay {source.Count} imágenes de cinco clases: camisetas, suéteres, sandalias, zapatillas y bolsos. De pantalones, vestidos, abrigos, camisas y botines tenemos entre 10 y 500. Cada prenda está desplazada hasta seis píxeles y puede estar reflejada, como en fotos que nadie centró. ¿Sirve para las otras lo que una red aprendió con las cinco primeras? La situación se eligió de modo que hubiera algo que ganar: con imágenes centradas y sin aumento de datos, y con otra división de las clases (de 0–4 a 5–9), la transferencia aportó poco en ensayos anteriores.");
        var names = FashionLesson.Classes.Select(w => c[w.English, w.Spanish]).ToList();
        Tensor First(Dataset data) => data.TakeOfEach(2).Inputs.Rows([0, 2, 4, 6, 8, 1, 3, 5, 7, 9]);
        c.Figure("transfer-classes", ImageGrid.Of(Tensor.Concat(0, First(source), First(few)).Reshape(20, 28, 28), columns: 5,
                labels: new[] { Known, Known, New, New }.SelectMany(classes => classes.Select(k => names[k]))),
            ("Two images of each class, moved and mirrored", "Dos imágenes de cada clase, desplazadas y reflejadas"),
            ("The upper two rows show the known classes, the lower two the new ones.", "Las dos filas de arriba muestran las clases conocidas; las dos de abajo, las nuevas."));
        c.Code("network");
        c.Say("Learning the five known classes ...", "Aprendiendo las cinco clases conocidas ...");
        var known = Network().Fit(source, Losses.CrossEntropy, Optimizers.Adam(3e-3), epochs: c.Epochs(12), batchSize: 64).Trained;

        c.Code("methods");
        #region methods
        // Each with a learner, and whether it starts from the learned weights (all but the head); from scratch, three times the steps.
        var methods = new (string Name, bool IsLoaded, double[] Rates, Func<double, Learner> Learner)[]
        {
            (c["pixels, no hidden layer", "píxeles, sin capa oculta"], false, [1e-3, 3e-3, 1e-2], rate => Layers.Reshape(1, 28, 28).Then(Moving()).Then(Layers.Flatten()).Then(Layers.Linear(5)).Learner(Losses.CrossEntropy, Optimizers.Adam(rate))),
            (c["from scratch", "desde cero"], false, [1e-3, 3e-3, 1e-2], rate => Network().Learner(Losses.CrossEntropy, Optimizers.Adam(rate))),
            (c["all frozen", "todo congelado"], true, [3e-3, 1e-2, 3e-2], rate => Network().Learner(Losses.CrossEntropy, Optimizers.Adam(rate)).Frozen(path => !path.StartsWith("head."))),
            (c["partly frozen", "congelado en parte"], true, [1e-3, 3e-3, 1e-2], rate => Network().Learner(Losses.CrossEntropy, Optimizers.Adam(rate)).Frozen(path => path.StartsWith("convolutions."))),
            (c["fine-tuned", "ajuste fino"], true, [1e-3, 3e-3, 1e-2], rate => Network().Learner(Losses.CrossEntropy, Optimizers.Adam(rate).LayerDecay(0.4, "convolutions", "hidden", "head"))),
        };

        double Accuracy(int method, double rate, int count, int seed, Dataset judge)
        {
            var learner = methods[method].Learner(rate);
            var rows = pool.Shuffle(seed).TakeOfEach(count / 5);
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
            // The best of three rates on validation images: chosen at 50 images for up to 50, at 500 for more.
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
            ($"Means of {seeds} draws of images, with 95% intervals. Frozen: everything but the head, or the convolutions alone (partly). Training from scratch gets three times the steps.", $"Medias de {seeds} sorteos de imágenes, con intervalos del 95%. Congelado: todo salvo la capa de salida, o solo las convoluciones (en parte). El entrenamiento desde cero recibe el triple de pasos."));
        c.Table([("method", "método"), .. counts.Select(n => (Words)($"{n} images", $"{n} imágenes"))],
            methods.Zip(scores, (m, s) => (string[])[m.Name, .. s.Select(v => $"{Interval(v).Mean:0.000} ± {Interval(v).Half:0.000}")]));
        var (pixels, scratch, frozen, convolutions, tuned) = (scores[0], scores[1], scores[2], scores[3], scores[4]);
        // All learn from the same draws of images, so that differences are taken draw by draw.
        (double Mean, double Half) Gain(double[] high, double[] low) => Interval([.. high.Zip(low, (a, b) => a - b)]);
        bool Above(double[] high, double[] low) => Gain(high, low) is var (mean, half) && mean > half;
        var last = counts.Length - 1;
        var apart = Above(tuned[last], scratch[last]);
        c.Claim(Above(tuned[0], scratch[0]), "with the fewest images fine-tuning is better than training from scratch");
        var between = convolutions[last].Average() < tuned[last].Average();
        c.Claim(frozen[last].Average() < convolutions[last].Average() && !Above(convolutions[last], tuned[last]), "frozen convolutions are better than a frozen network, and no better than fine-tuning");
        c.Claim(frozen[0].Average() > scratch[0].Average() && Above(tuned[last], frozen[last]) && frozen[last].Average() < scratch[last].Average(), "a frozen network is better than one from scratch with few images, and worst with many");
        c.Claim(tuned[0].Average() - scratch[0].Average() > tuned[last].Average() - scratch[last].Average(), "the advantage shrinks");
        c.Claim(scores.Skip(1).All(s => s[last].Average() > pixels[last].Average() + 0.1), "pixels alone are far behind");
        c.Text($"Which method wins where? With {counts[0]} images, two of each class, fine-tuning reaches {tuned[0].Average():0.000} and training from scratch to {scratch[0].Average():0.000}: here transfer gains most (draw by draw, {Gain(tuned[0], scratch[0]).Mean:0.000} ± {Gain(tuned[0], scratch[0]).Half:0.000}). With {counts[last]} it is {tuned[last].Average():0.000} against {scratch[last].Average():0.000}{(apart ? "" : ", a difference within chance: one may as well start anew")}. The fully frozen network is good with few images ({frozen[0].Average():0.000}) and the last of the networks with many ({frozen[last].Average():0.000}). With only the convolutions frozen the accuracy is {(between ? "between" : "as good as with fine-tuning")} ({convolutions[last].Average():0.000}). Pixels without a hidden layer reach {pixels[last].Average():0.000}: when garments move, a single pixel says little.",
            $"¿Qué método gana dónde? Con {counts[0]} imágenes, dos de cada clase, el ajuste fino llega a {tuned[0].Average():0.000} y el entrenamiento desde cero a {scratch[0].Average():0.000}: aquí es donde más aporta la transferencia (sorteo por sorteo, {Gain(tuned[0], scratch[0]).Mean:0.000} ± {Gain(tuned[0], scratch[0]).Half:0.000}). Con {counts[last]} es {tuned[last].Average():0.000} frente a {scratch[last].Average():0.000}{(apart ? "" : ", una diferencia atribuible al azar: da lo mismo empezar de nuevo")}. La red del todo congelada va bien con pocas imágenes ({frozen[0].Average():0.000}) y es la última de las redes con muchas ({frozen[last].Average():0.000}). Con solo las convoluciones congeladas la exactitud {(between ? "queda en medio" : "es tan buena como con el ajuste fino")} ({convolutions[last].Average():0.000}). Los píxeles sin capa oculta llegan a {pixels[last].Average():0.000}: si las prendas se mueven, un solo píxel dice poco.");
        c.Result($"accuracy with {counts[0]} images: fine-tuned, all frozen, from scratch", $"exactitud con {counts[0]} imágenes: ajuste fino, todo congelado, desde cero", $"{tuned[0].Average():0.000}, {frozen[0].Average():0.000}, {scratch[0].Average():0.000}");
        c.Result($"accuracy with {counts[last]} images: the same", $"exactitud con {counts[last]} imágenes: lo mismo", $"{tuned[last].Average():0.000}, {frozen[last].Average():0.000}, {scratch[last].Average():0.000}");
        c.Question(("Why does the frozen network stop getting better?", "¿Por qué la red congelada deja de mejorar?"),
            ("Its hidden layer was trained to separate the old classes. What distinguishes a coat from a shirt may be lost there, and no head can recover it, however many images there are.", "Su capa oculta se entrenó para distinguir las clases antiguas. Lo que distingue un abrigo de una camisa puede haberse perdido ahí, y ninguna capa de salida lo recupera, por muchas imágenes que haya."));
        c.Question(("Why do the convolutions get the smallest rate in fine-tuning?", "¿Por qué las convoluciones llevan la tasa más pequeña en el ajuste fino?"),
            ($"Edges and textures are common to all clothes: with convolutions that do not change at all the accuracy is {convolutions[0].Average():0.000} with {counts[0]} images, close to {tuned[0].Average():0.000}. The layers behind them have more to change.", $"Los bordes y las texturas son comunes a toda la ropa: con convoluciones que no cambian, la exactitud es {convolutions[0].Average():0.000} con {counts[0]} imágenes, cerca de {tuned[0].Average():0.000}. Las capas posteriores tienen más que cambiar."));
    }
}
