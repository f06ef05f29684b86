using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>Depth without and with shortcuts: gradients by layer and training curves; and a residual network with and without augmentation.</summary>
internal static class ResNetLesson
{
    #region network
    // Two convolutions with batch norm; where there is a shortcut, their input is added (He et al., 2016).
    private static Layer<Expr, Expr> Block(int channels, bool hasShortcut, int stride = 1)
    {
        var branch = Model.Sequential(
            Layers.Conv2d(channels, 3, stride, padding: 1, bias: false), Layers.BatchNorm(), Layers.Relu(),
            Layers.Conv2d(channels, 3, padding: 1, bias: false), Layers.BatchNorm());
        var shortcut = stride == 1 ? Layers.Identity() : Layers.Conv2d(channels, 1, stride, bias: false).Then(Layers.BatchNorm());
        return Model.Sequential(hasShortcut ? Layers.ResidualWith(shortcut, branch) : branch, Layers.Relu()).Block();
    }

    // Maps of 14 by 14, then half as many in each direction and twice as many channels.
    private static Layer<Expr, Expr> Network(int blocks, bool hasShortcut) => Model.Sequential(
    [
        Layers.Conv2d(8, 3, stride: 2, padding: 1, bias: false), Layers.BatchNorm(), Layers.Relu(),
        .. Enumerable.Range(0, blocks).Select(_ => Block(8, hasShortcut)),
        .. Enumerable.Range(0, blocks).Select(i => Block(16, hasShortcut, stride: i == 0 ? 2 : 1)),
        Layers.AdaptiveAveragePool(1), Layers.Flatten(), Layers.Linear(10),
    ]);
    #endregion

    public static void Run(Chapter c)
    {
        var (all, held, _) = Networks.Images(c);
        var (train, validation) = (all.Take(c.Brief ? 64 : 1500), held.Take(1000));
        c.Text("More layers can compute all that fewer can: the extra ones need only pass on their input. Yet deep plain networks *train* worse than shallow ones, and lack of data does not explain it. In a residual block passing on is the easiest thing to do: the block adds what its layers compute to its input.",
            "Más capas pueden calcular todo lo que pueden menos: a las que sobran les basta con dejar pasar su entrada. Sin embargo, las redes simples profundas *se entrenan* peor que las poco profundas, y eso no lo explica la falta de datos. Un bloque residual hace que dejar pasar sea lo más fácil: el bloque suma a su entrada lo que calculan sus capas.");
        c.Formula(@"h_{\ell + 1} = h_\ell + f_\ell(h_\ell), \qquad \frac{\partial L}{\partial h_\ell} = \frac{\partial L}{\partial h_{\ell + 1}} \left( I + \frac{\partial f_\ell}{\partial h_\ell} \right)");
        c.Code("network");
        c.Heading("Four depths, with and without shortcuts", "Cuatro profundidades, con y sin atajos");
        c.Text($"All of these networks have batch normalization, the same optimizer and the same {train.Count} images. What differs is the shortcut, which has parameters only where the size of the maps changes.",
            $"Todas estas redes tienen normalización por lotes, el mismo optimizador y las mismas {train.Count} imágenes. Lo que cambia es el atajo, que solo tiene parámetros donde cambia el tamaño de los mapas.");
        c.Code("depths");
        #region depths
        int[] blocks = c.Brief ? [1] : [1, 3, 6, 10];
        double[] layers = [.. blocks.Select(b => 4.0 * b + 2)];
        TrainingResult Trained(int blocks, bool hasShortcut) => Network(blocks, hasShortcut).Learner(Losses.CrossEntropy, Optimizers.Adam(2e-3))
            .Fit(train, new TrainingOptions(Epochs: c.Brief ? 1 : 6, BatchSize: 50, Seed: 1, Validation: validation, WatchGradients: true));
        var (plain, residual) = (blocks.Select(b => Trained(b, false)).ToArray(), blocks.Select(b => Trained(b, true)).ToArray());

        // The mean norm of the gradient over the first epoch, for each convolution of 3 by 3 in its order.
        double[] Norms(TrainingResult t) => [.. t.History[0].Gradients.Where(g => t.Trained.Parameters[g.Key].Shape is [_, _, 3, 3]).Select(g => g.Value)];
        #endregion
        var (without, with) = (c["plain", "simple"], c["with shortcuts", "con atajos"]);
        double[] Last(TrainingResult[] of) => [.. of.Select(t => t.History[^1].Loss)];
        c.Figure("resnet-depths", Plot.Titled(c["Training loss, epoch 6", "Entrenamiento: pérdida, época 6"]).Labels(c["layers", "capas"], c["loss", "pérdida"])
                .Marked(without, layers, Last(plain)).Marked(with, layers, Last(residual)),
            ("Training loss over the number of layers, with and without shortcuts", "Pérdida de entrenamiento según el número de capas, con y sin atajos"),
            ($"One seed and one rate for all. The plain network loses by too much depth; with shortcuts, {layers[^1]:0} layers train about as well as the best.", $"Una semilla y una tasa para todas. La red simple pierde con demasiada profundidad; con atajos, {layers[^1]:0} capas se entrenan casi tan bien como la mejor."));
        c.Figure("resnet-curves", Plot.Titled(c[$"{layers[^1]:0} layers", $"{layers[^1]:0} capas"]).Labels(c["epoch", "época"], c["loss", "pérdida"])
                .Run(without, plain[^1], e => e.Loss).Run(with, residual[^1], e => e.Loss)
                .Run(c["plain, validation", "simple, validación"], plain[^1], e => e.ValidationLoss!.Value, isDashed: true).Run(c["shortcuts, validation", "atajos, validación"], residual[^1], e => e.ValidationLoss!.Value, isDashed: true),
            ("Losses of the deepest networks over the epochs", "Pérdidas de las redes más profundas según la época"),
            ("The deepest two. The plain one is behind on its own training images: this is not overfitting.", "Las dos más profundas. La simple va atrás en sus propias imágenes de entrenamiento: no es sobreajuste."));
        c.Figure("resnet-gradients", new[] { (without, plain[^1]), (with, residual[^1]) }.Aggregate(
                Plot.Titled(c["Gradients in the first epoch", "Gradientes en la primera época"]).Labels(c["convolution", "convolución"], c["norm", "norma"]).WithLogY(),
                (plot, n) => plot.Marked(n.Item1, Enumerable.Range(1, Norms(n.Item2).Length).Select(i => (double)i), Norms(n.Item2))),
            ("Norms of the gradients of each convolution, with and without shortcuts", "Normas de los gradientes de cada convolución, con y sin atajos"),
            ("Convolutions are counted from the image on. In the plain network gradients *explode* on their way back to the image, in spite of batch normalization; with shortcuts all layers get gradients of one size.", "Las convoluciones se cuentan desde la imagen. En la red simple los gradientes *explotan* en su camino de vuelta a ella, a pesar de la normalización por lotes; con atajos todas las capas reciben gradientes de un mismo tamaño."));
        double Range(TrainingResult t) => Norms(t).Max() / Norms(t).Min();
        c.Claim(Last(plain)[^1] > Last(plain).Min() + 0.3 && Last(residual)[^1] < Last(residual).Min() + 0.05, "depth harms the plain network and not the residual one");
        c.Claim(Range(plain[^1]) > 5 * Range(residual[^1]) && Norms(plain[^1])[1] > 20 * Norms(plain[^1])[^2], "gradients explode in the plain network only");
        c.Table([("layers", "capas"), ("plain: loss", "simple: pérdida"), ("gradients, largest : least", "gradientes, mayor : menor"), ("shortcuts: loss", "con atajos: pérdida"), ("gradients", "gradientes")],
            layers.Select((n, i) => new[] { $"{n:0}", $"{Last(plain)[i]:0.00}", $"{Range(plain[i]):0} : 1", $"{Last(residual)[i]:0.00}", $"{Range(residual[i]):0} : 1" }));
        c.Result($"training loss of {layers[^1]:0} layers: plain, with shortcuts", $"pérdida de entrenamiento con {layers[^1]:0} capas: simple, con atajos", $"{Last(plain)[^1]:0.00}, {Last(residual)[^1]:0.00}");

        c.Heading("More images from the same ones", "Más imágenes a partir de las mismas");
        var few = all.Take(c.Brief ? 64 : 500);
        c.Text($"Now a residual network of ten layers and only {few.Count} images, which it learns by heart. *Augmentation* shows it another version of each image in each epoch: mirrored or not, moved by up to one pixel. The label stays: this one must know about the data.",
            $"Ahora una red residual de diez capas y solo {few.Count} imágenes, que aprende de memoria. El *aumento de datos* le muestra en cada época otra versión de cada imagen: reflejada o no, movida hasta un píxel. La etiqueta no cambia: eso hay que saberlo de los datos.");
        c.Say("Three seeds with and three without augmentation ...", "Tres semillas con aumento de datos y tres sin él ...");
        c.Code("augmentation");
        #region augmentation
        Layer<Expr, Expr>[] changes = [Layers.FlipHorizontal(), Layers.RandomCrop(1)];   // they act in training only
        var epochs = c.Brief ? 1 : 60;
        TrainingResult Fitted(bool isAugmented, long seed) => Model.Sequential([.. isAugmented ? changes : [], Network(2, hasShortcut: true)]).Fit(
            few, Losses.CrossEntropy, Optimizers.Adam().Scheduled(Schedules.OneCycle(8e-3, epochs * 10)),
            epochs, batchSize: 50, seed: seed, validation: validation, metrics: [Metrics.Accuracy]);
        long[] seeds = c.Brief ? [1] : [1, 2, 3];
        var (bare, augmented) = (seeds.Select(s => Fitted(false, s)).ToArray(), seeds.Select(s => Fitted(true, s)).ToArray());
        #endregion
        // What the network sees of some images: as they are, and in three epochs.
        var shown = Expr.Constant(few.Inputs.Rows(..8));
        Expr Changed(int epoch) => Model.Sequential(changes).Apply(Trees.Empty<Expr>(), Trees.Empty<Expr>(), shown, Expr.Constant(Key.OfSeed(epoch).ToTensor())).Output;
        c.Figure("resnet-augmented", ImageGrid.Of(Expr.Concat(0, shown, Changed(1), Changed(2), Changed(3)).Evaluate(), columns: 8, low: 0, high: 1),
            ("Eight images, and three augmented versions of each", "Ocho imágenes y tres versiones aumentadas de cada una"), ("Above, the images; below, what the network is shown in three epochs.", "Arriba, las imágenes; debajo, lo que se le muestra a la red en tres épocas."));
        double Loss(TrainingResult[] of) => of.Average(t => t.History[^1].Loss);
        double Validation(TrainingResult[] of) => of.Average(t => t.History[^1].ValidationLoss!.Value);
        var (alone, more) = (c["as they are", "tal cual"], c["augmented", "con aumento"]);
        c.Figure("resnet-augmentation", new[] { (alone, bare), (more, augmented) }.Aggregate(
                Plot.Titled(c[$"{few.Count} images, three seeds", $"{few.Count} imágenes, tres semillas"]).Labels(c["epoch", "época"], c["validation accuracy", "exactitud de validación"]),
                (plot, n) => plot.Runs(n.Item1, n.Item2, e => e.Metrics["accuracy"])),
            ("Validation accuracy over the epochs with and without augmentation", "Exactitud de validación según la época, con y sin aumento de datos"),
            ("Mean and range of three seeds. This gain is one of few images: in an earlier trial with 1,500 images and 16 epochs augmentation did not help (0.79 on validation, against 0.83 without it).", "Media y rango de tres semillas. Esta ganancia es de pocas imágenes: en un ensayo anterior con 1500 imágenes y 16 épocas el aumento no ayudó (0.79 en validación, frente a 0.83 sin él)."));
        double[] Ends(TrainingResult[] of, Dataset data) => [.. of.Select(t => t.Evaluate(data, Metrics.Accuracy)[Metrics.Accuracy])];
        var movedOnes = validation.MapInputs(x => Layers.RandomCrop(2).Apply(Trees.Empty<Expr>(), Trees.Empty<Expr>(), Expr.Constant(x), Expr.Constant(Key.OfSeed(5).ToTensor())).Output.Evaluate());
        var (bareEnds, moreEnds, bareMoved, moreMoved) = (Ends(bare, validation), Ends(augmented, validation), Ends(bare, movedOnes), Ends(augmented, movedOnes));
        c.Table([("training images", "imágenes de entrenamiento"), ("training loss", "pérdida de entrenamiento"), ("validation loss", "pérdida de validación"), ("accuracy", "exactitud"), ("moved by up to 2 pixels", "movidas hasta 2 píxeles")],
            [[alone, $"{Loss(bare):0.000}", $"{Validation(bare):0.00}", Curves.Spread(bareEnds), Curves.Spread(bareMoved)], [more, $"{Loss(augmented):0.000}", $"{Validation(augmented):0.00}", Curves.Spread(moreEnds), Curves.Spread(moreMoved)]]);
        c.Claim(moreEnds.Min() > bareEnds.Max() && moreMoved.Min() > bareMoved.Max() + 0.05, "augmentation helps for all seeds, and more on moved images");
        c.Claim(Loss(bare) < 0.05 && Validation(bare) > Validation(augmented), "without augmentation the images are learned by heart");
        c.Result("validation accuracy from 500 images: as they are, augmented", "exactitud de validación con 500 imágenes: tal cual, con aumento", $"{Curves.Spread(bareEnds)}, {Curves.Spread(moreEnds)}");

        c.Question(("Batch normalization is in all of these networks. What does a shortcut do that it does not?", "La normalización por lotes está en todas estas redes. ¿Qué hace un atajo que ella no hace?"),
            ($"It keeps the values of each layer in range, not the gradients: from layer to layer they still multiply, by {Range(plain[^1]):0} in all over the plain network of {layers[^1]:0} layers. With shortcuts the sum in the formula gives them a path that multiplies by 1.", $"Mantiene en rango los valores de cada capa, no los gradientes: de capa en capa se siguen multiplicando, por {Range(plain[^1]):0} en total en la red simple de {layers[^1]:0} capas. Con atajos, la suma de la fórmula les da un camino que multiplica por 1."));
        c.Question(("The augmented network has the higher training loss. Is that bad?", "La red con aumento de datos tiene mayor pérdida de entrenamiento. ¿Es malo?"),
            ("No: its training images are harder, since they change in each epoch. On images that neither has seen its loss is lower, as the table says.", "No: sus imágenes de entrenamiento son más difíciles, porque cambian en cada época. En imágenes que ninguna ha visto su pérdida es menor, como dice la tabla."));
    }
}
