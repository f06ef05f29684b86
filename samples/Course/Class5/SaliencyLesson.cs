using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>What a prediction depends on: gradients by the pixels, SmoothGrad, class activation maps, and a check that they mean something.</summary>
internal static class SaliencyLesson
{
    #region network
    private static readonly Layer<Expr, Expr> Features = Model.Sequential(
        Layers.Conv2d(12, 3, same: true), Layers.BatchNorm(), Layers.Relu(), Layers.MaxPool(2),
        Layers.Conv2d(24, 3, same: true), Layers.BatchNorm(), Layers.Relu(),
        Layers.Conv2d(24, 3, same: true), Layers.BatchNorm(), Layers.Relu());

    // Behind the maps nothing but their means and one linear layer: what the class activation map needs.
    private static readonly Layer<Expr, Expr> Head = Model.Sequential(Layers.AdaptiveAveragePool(1), Layers.Flatten(), Layers.Linear(10));

    private static readonly Layer<Expr, Expr> Network = Model.Sequential(Features.Named("features"), Head.Named("head"));
    #endregion

    // Each map from 0 to 1, and as a colour over the image.
    private static Expr Scaled(Expr maps) => maps / (maps.Max(true, 1, 2, 3) + 1e-9);

    private static Tensor Over(Tensor images, Tensor maps) => images.Compute(maps, (x, m) =>
        (1 - 0.75 * Scaled(m)) * x + 0.75 * Scaled(m) * Expr.Constant(Tensor.Of([1f, 0.45f, 0f], 1, 3, 1, 1)));

    public static void Run(Chapter c)
    {
        var (train, validation, _) = Networks.Images(c);
        var names = FashionLesson.Classes.Select(w => c[w.English, w.Spanish]).ToArray();
        c.Text("A network says *shirt*. By which pixels? The score of the class has a gradient by each pixel of the image, as it has by each weight: how much the score would change if that pixel did. Its size, drawn as an image, is a *saliency map* (Simonyan et al., 2014).",
            "Una red dice *camisa*. ¿Por qué píxeles? La puntuación de la clase tiene un gradiente respecto de cada píxel, igual que respecto de cada peso: cuánto cambiaría la puntuación si cambiara ese píxel. Su tamaño, dibujado como imagen, es un *mapa de saliencia* (Simonyan et al., 2014).");
        c.Formula(@"M_{ij}(x) = \left| \frac{\partial s_k(x)}{\partial x_{ij}} \right|, \qquad k = \arg\max_m s_m(x)");
        c.Code("network");
        c.Say("A small network with maps of 14 by 14 ...", "Una red pequeña con mapas de 14 por 14 ...");
        c.Code("training");
        #region training
        var epochs = c.Brief ? 1 : 8;
        var trained = Network.Fit(
            train, Losses.CrossEntropy, Optimizers.Adam().Scheduled(Schedules.OneCycle(1e-2, epochs * (int)Math.Ceiling(train.Count / 50.0))),
            epochs, batchSize: 50).Trained;
        #endregion
        var accuracy = trained.Evaluate(validation, Losses.CrossEntropy, Metrics.Accuracy)[Metrics.Accuracy];
        c.Result("validation accuracy of the network that is explained", "exactitud de validación de la red que se explica", $"{accuracy:0.000}");

        c.Heading("Three maps", "Tres mapas");
        c.Text("Single gradients are noisy: a ReLU switches here and there. *SmoothGrad* takes the mean over copies of the image with a little noise (Smilkov et al., 2017). *Grad-CAM* (Selvaraju et al., 2017) asks the last feature maps instead: each is weighted by the mean gradient of the score by its places, and only what raises the score is kept.",
            "Un solo gradiente es ruidoso: aquí y allá conmuta una ReLU. *SmoothGrad* promedia sobre copias de la imagen con un poco de ruido (Smilkov et al., 2017). *Grad-CAM* (Selvaraju et al., 2017) pregunta en cambio a los últimos mapas: cada uno se pondera con el gradiente medio de la puntuación respecto de sus lugares, y solo se conserva lo que sube la puntuación.");
        c.Formula(@"\text{CAM}_{ij} = \operatorname{ReLU}\Big( \sum_c \alpha_c A_{c,ij} \Big), \qquad \alpha_c = \frac{1}{n} \sum_{ij} \frac{\partial s_k}{\partial A_{c,ij}}");
        c.Code("maps");
        #region maps
        var images = validation.Inputs;
        var x = Expr.Variable("x", [.. images.Shape]);

        // The scores of what is said, all images in one sum: each has a gradient by its own pixels only.
        var gradient = new CompiledFunction([x], [Abs(trained.Apply(x).Max(1).Sum().Gradient(x)[0])]);
        var plain = gradient.Invoke(images)[0];
        var smooth = Enumerable.Range(0, c.Brief ? 2 : 25)
            .Select(i => gradient.Invoke(images + Key.OfSeed(i).Normal(0, 0.1, [.. images.Shape]))[0]).Aggregate((a, b) => a + b);

        Expr Part(Layer<Expr, Expr> part, string name, Expr input) =>
            part.Apply(trained.Parameters.At(name).Map(Expr.Constant), trained.State.At(name).Map(Expr.Constant), input).Output;
        var maps = Part(Features, "features", x);
        var scores = Part(Head, "head", maps);

        // For the classes of these labels.
        Tensor GradCam(Tensor labels)
        {
            var score = scores.TakeAlong(Expr.Constant(labels.Reshape(-1, 1)), 1).Sum();
            var alpha = score.Gradient(maps)[0].Mean(true, 2, 3);
            return Relu((alpha * maps).Sum(true, 1)).ResizeLinear([28]).Evaluate((x, images));
        }
        #endregion
        var said = trained.PredictLabels(images);
        var cam = GradCam(said);
        double[] truths = validation.Targets.ToDoubles(), answers = said.ToDoubles(), sure = trained.PredictProbabilities(images).Max(1).ToDoubles();
        int[] right = [.. new[] { 9, 8, 3, 2, 6 }.Select(k => Enumerable.Range(0, images.Shape[0]).FirstOrDefault(i => truths[i] == k && answers[i] == k))];
        int[] wrong = [.. Enumerable.Range(0, images.Shape[0]).Where(i => truths[i] != answers[i]).OrderByDescending(i => sure[i]).Take(5)];
        Tensor Grey(Tensor t, int[] rows) => t.Rows(rows).Compute(m => Scaled(m) * Expr.Constant(Tensor.Ones(1, 3, 1, 1)));
        ImageGridRows("saliency-right", right, i => names[(int)truths[i]], cam,
            [c["image", "imagen"], c["gradient", "gradiente"], "SmoothGrad", "Grad-CAM"], rows => [Grey(images, rows), Grey(plain, rows), Grey(smooth, rows), Over(images.Rows(rows), cam.Rows(rows))],
            ("Five images that are recognised, with three maps", "Cinco imágenes reconocidas, con tres mapas"),
            ("Gradients are bright at outlines, collars and shoulders, and *beside* the garment as well. Grad-CAM, in orange, is coarse and says which region speaks for the class.", "Los gradientes son claros en contornos, cuellos y hombros, y también *al lado* de la prenda. Grad-CAM, en naranja, es impreciso y dice qué región habla a favor de la clase."));
        var black = images.Compute(smooth, (i, m) => Expr.Stack(0, (m * (i <= 0.02).Cast(DType.F32)).Sum() / m.Sum(), (i <= 0.02).Cast(DType.F32).Mean())).ToDoubles();
        c.Claim(black[0] > 0.4, "much of the gradient lies on black pixels");
        c.Text($"Of all that SmoothGrad draws, {black[0]:P0} lies on black pixels, which are {black[1]:P0} of all: that there is *no* sleeve beside a dress and no shaft above a shoe says as much as the cloth does.",
            $"De todo lo que dibuja SmoothGrad, el {black[0]:P0} cae en píxeles negros, que son el {black[1]:P0} del total: que *no* haya manga al lado de un vestido ni caña sobre un zapato dice tanto como la tela.");
        var otherwise = GradCam(validation.Targets);
        ImageGridRows("saliency-wrong", wrong, i => $"{names[(int)truths[i]]} → {names[(int)answers[i]]}", cam,
            [c["image", "imagen"], "SmoothGrad", c["for the error", "por el error"], c["for the truth", "por la verdad"]], rows => [Grey(images, rows), Grey(smooth, rows), Over(images.Rows(rows), cam.Rows(rows)), Over(images.Rows(rows), otherwise.Rows(rows))],
            ("Five errors with maps for two classes", "Cinco errores con mapas para dos clases"),
            ("The surest errors, *truth → answer*. The last two columns ask the same maps what speaks for the answer and what for the truth.", "Los errores más seguros, *verdad → respuesta*. Las dos últimas columnas preguntan a los mismos mapas qué habla por la respuesta y qué por la verdad."));

        void ImageGridRows(string file, int[] rows, Func<int, string> name, Tensor map, string[] columns, Func<int[], Tensor[]> parts, Words shows, Words caption)
        {
            if (rows.Length > 0)
                c.Figure(file, ImageGrid.Of(TensorsComputed.Stack(1, parts(rows)).Reshape(rows.Length * columns.Length, 3, 28, 28), low: 0, high: 1, columnNames: columns, rowNames: rows.Select(name)), shows, caption);
        }

        c.Heading("Grad-CAM without a gradient", "Grad-CAM sin gradiente");
        c.Code("cam");
        #region cam
        // Behind global means the gradient is known: the weights of the linear layer, divided by the places (Zhou et al., 2016).
        var rows = Expr.Constant(trained.Parameters["head.2.weight"]).Gather(0, Expr.Constant(said));   // [images; maps]
        var byWeights = Relu((rows.Reshape(-1, 24, 1, 1) / (14 * 14) * maps).Sum(true, 1)).ResizeLinear([28]).Evaluate((x, images));
        #endregion
        var apart = Abs(Expr.Constant(byWeights - cam)).Max().Evaluate().ToDouble() / cam.Max().ToDouble();
        c.Claim(apart < 1e-4, "Grad-CAM is the class activation map where the head is a mean and a linear layer");
        c.Text($"For this network the gradient gives nothing new: the map by the last weights is the same, to {apart:0e+0} of its maximum. Grad-CAM is worth its gradient where the head has more layers.",
            $"Para esta red el gradiente no da nada nuevo: el mapa con los últimos pesos es el mismo, con diferencias de {apart:0e+0} de su máximo. El gradiente de Grad-CAM vale la pena cuando la cabeza tiene más capas.");

        c.Heading("Do the maps tell the truth?", "¿Dicen la verdad los mapas?");
        c.Text("A map that looks good proves nothing. A test: blur the pixels that it holds for the most important, and see how fast the network loses the class. Pixels at random, and simply the brightest, are the baselines.",
            "Que un mapa se vea bien no prueba nada. Una prueba: difuminar los píxeles que considera más importantes y ver con qué rapidez la red pierde la clase. Las referencias son píxeles al azar y, simplemente, los más claros.");
        c.Code("deletion");
        #region deletion
        double[] shares = [0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3];
        var blurred = images.Compute(i => i.AvgPoolEdges(9, ceiling: false, countsPadding: false, stride: 1, padding: 4)).Reshape(-1, 784);   // means of 9×9 pixels
        double[] Kept(Tensor map, Tensor fill)
        {
            var ranks = map.Reshape(-1, 784).Compute(m => m.ArgSort(descending: true).ArgSort().Cast(DType.F32));   // 0 is the most important pixel
            return [.. shares.Select(share => Metrics.Accuracy.Of(validation.Targets, trained.Predict(TensorsComputed.Where(
                ranks < share * 784, fill, images.Reshape(-1, 784)).Reshape(-1, 1, 28, 28))))];
        }

        var chance = Key.OfSeed(7).Uniform(0, 1, [.. images.Shape]);
        (string Name, double[] Kept)[] kept =
        [
            (c["at random", "al azar"], Kept(chance, blurred)), (c["brightest", "los más claros"], Kept(images, blurred)),
            (c["gradient", "gradiente"], Kept(plain, blurred)), ("SmoothGrad", Kept(smooth, blurred)), ("Grad-CAM", Kept(cam, blurred)),
        ];
        var grey = Tensor.Full(DType.F32, images.Mean().ToDouble(), 1, 1);
        var (greyRandom, greyGradient) = (Kept(chance, grey)[3], Kept(plain, grey)[3]);
        #endregion
        c.Figure("saliency-deletion", kept.Aggregate(
                Plot.Titled(c["What is left of the accuracy", "Lo que queda de la exactitud"]).Labels(c["part of the pixels blurred", "parte de los píxeles difuminada"], c["accuracy", "exactitud"]).WithYLimits(0, 1),
                (plot, k) => plot.Line(k.Name, shares, k.Kept).Dots(k.Name, shares, k.Kept)),
            ("Accuracy over the part of the pixels that are blurred, by five orders", "Exactitud según la parte de píxeles difuminados, en cinco órdenes"),
            ($"With a fifth of the pixels blurred, {kept[2].Kept[5]:0.00} of the images are recognised where the gradient chose them, {kept[3].Kept[5]:0.00} where SmoothGrad did, {kept[4].Kept[5]:0.00} with Grad-CAM, {kept[0].Kept[5]:0.00} at random.", $"Con un quinto de los píxeles difuminado se reconoce {kept[2].Kept[5]:0.00} de las imágenes si los elige el gradiente, {kept[3].Kept[5]:0.00} si SmoothGrad, {kept[4].Kept[5]:0.00} si Grad-CAM y {kept[0].Kept[5]:0.00} al azar."));
        c.Table([("blurred first", "se difuminan primero"), ("5%", "5%"), ("10%", "10%"), ("20%", "20%"), ("30%", "30%")], kept.Select(k => new[] { k.Name, $"{k.Kept[2]:0.00}", $"{k.Kept[3]:0.00}", $"{k.Kept[5]:0.00}", $"{k.Kept[6]:0.00}" }));
        c.Claim(new[] { 2, 3, 4 }.All(m => kept[m].Kept[5] < kept[0].Kept[5] - 0.02) && kept[0].Kept[5] < kept[1].Kept[5], "each map finds what matters better than chance, and brightness worse");
        c.Claim(greyRandom < greyGradient - 0.1, "with grey instead of blur chance harms more");
        c.Text($"The test has to be tested as well. With grey in the place of the blur a tenth of the pixels at random leaves {greyRandom:0.00}, and those of the gradient {greyGradient:0.00}: scattered grey dots are a texture that the network has never seen, and it fails for their strangeness, not for what they hide.",
            $"También hay que poner a prueba la prueba. Con gris en lugar de difuminar, un décimo de los píxeles al azar deja {greyRandom:0.00}, y los del gradiente {greyGradient:0.00}: unos puntos grises dispersos son una textura que la red nunca ha visto, y falla por lo extraños que son, no por lo que tapan.");
        c.Result("accuracy with a fifth of the pixels blurred: at random, by gradient, by Grad-CAM", "exactitud con un quinto de los píxeles difuminado: al azar, por gradiente, por Grad-CAM", $"{kept[0].Kept[5]:0.00}, {kept[2].Kept[5]:0.00}, {kept[4].Kept[5]:0.00}");

        c.Question(("Saliency is bright at the outline of a bag. Does the network look at the outline?", "La saliencia es clara en el contorno de un bolso. ¿Mira la red el contorno?"),
            ("It says only that small changes there would change the score most. The test by blurring is what shows that the network needs these pixels: without them the curve falls faster than by chance.", "Solo dice que pequeños cambios allí cambiarían más la puntuación. Que la red necesita esos píxeles lo muestra la prueba de difuminarlos: sin ellos la curva cae más rápido que al azar."));
        c.Question(("SmoothGrad looks better than the gradient. Is it truer?", "SmoothGrad se ve mejor que el gradiente. ¿Es más veraz?"),
            ($"The test does not go by looks: it leaves {kept[3].Kept[5]:0.00} for SmoothGrad and {kept[2].Kept[5]:0.00} for the gradient, where less is better. Judge a map by what it predicts, not by how it pleases.", $"La prueba no se fija en el aspecto: deja {kept[3].Kept[5]:0.00} con SmoothGrad y {kept[2].Kept[5]:0.00} con el gradiente, y menos es mejor. Un mapa se juzga por lo que predice, no por lo que agrada."));
        c.Question(("Why is the Grad-CAM map coarse?", "¿Por qué es impreciso el mapa de Grad-CAM?"),
            ("It is made of maps of 14 by 14 and drawn at 28 by 28. And each of its places sees a window of the image, its receptive field.", "Está hecho de mapas de 14 por 14 y se dibuja a 28 por 28. Y cada uno de sus lugares ve una ventana de la imagen: su campo receptivo."));
    }
}
