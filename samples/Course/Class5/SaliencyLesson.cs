using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>What a prediction depends on: gradients by the pixels, SmoothGrad and Grad-CAM, and a test of what they are worth.</summary>
internal static class SaliencyLesson
{
    #region network
    private static readonly Layer<Expr, Expr> Features = Model.Sequential(
        Layers.Conv2d(12, 3, same: true), Layers.BatchNorm(), Layers.Relu(), Layers.MaxPool(2),
        Layers.Conv2d(24, 3, same: true), Layers.BatchNorm(), Layers.Relu(),
        Layers.Conv2d(24, 3, same: true), Layers.BatchNorm(), Layers.Relu());

    // After the maps only their means and one linear layer.
    private static readonly Layer<Expr, Expr> Head = Model.Sequential(Layers.AdaptiveAveragePool(1), Layers.Flatten(), Layers.Linear(10));

    private static readonly Layer<Expr, Expr> Network = Model.Sequential(Features.Named("features"), Head.Named("head"));
    #endregion

    public static void Run(Chapter c)
    {
        var (train, held, _) = Networks.Images(c);
        var validation = held.Take(1000);
        var names = FashionLesson.Classes.Select(w => c[w.English, w.Spanish]).ToArray();
        c.Text("A network says *shirt*. Because of which pixels? The score of the class has a gradient by each pixel, as by each weight: how much the score would change if that pixel did. Its size, drawn as an image, is a *saliency map* (Simonyan et al., 2014).",
            "Una red dice *camisa*. ¿Debido a qué píxeles? El puntaje de la clase tiene un gradiente respecto de cada píxel, igual que respecto de cada peso: cuánto cambiaría el puntaje si cambiara ese píxel. Su tamaño, dibujado como imagen, es un *mapa de saliencia* (Simonyan et al., 2014).");
        c.Formula(@"M_{ij}(x) = \left| \frac{\partial s_k(x)}{\partial x_{ij}} \right|, \qquad k = \arg\max_m s_m(x)");
        c.Code("network");
        c.Say("A small network with maps of 14 by 14 ...", "Una red pequeña con mapas de 14 por 14 ...");
        var epochs = c.Epochs(8);
        var trained = Network.Fit(train, Losses.CrossEntropy, Optimizers.Adam().Scheduled(Schedules.OneCycle(1e-2, epochs * (int)Math.Ceiling(train.Count / 50.0))), epochs, batchSize: 50).Trained;
        c.Result("validation accuracy of the network that is explained", "exactitud de validación de la red que se explica", $"{trained.Evaluate(validation, Losses.CrossEntropy, Metrics.Accuracy)[Metrics.Accuracy]:0.000}");

        c.Heading("Three maps", "Tres mapas");
        c.Text("A single gradient is noisy. *SmoothGrad* takes the mean over copies of the image with a little noise (Smilkov et al., 2017). *Grad-CAM* (Selvaraju et al., 2017) asks the last feature maps instead: each is weighted by the mean gradient of the score by its places, and only what raises the score is kept.",
            "Un solo gradiente es ruidoso. *SmoothGrad* promedia sobre copias de la imagen con un poco de ruido (Smilkov et al., 2017). *Grad-CAM* (Selvaraju et al., 2017) pregunta en cambio a los últimos mapas: cada uno se pondera con el gradiente medio del puntaje respecto de sus lugares, y solo se conserva lo que sube el puntaje.");
        c.Formula(@"\text{CAM}_{ij} = \operatorname{ReLU}\Big( \sum_c \alpha_c A_{c,ij} \Big), \qquad \alpha_c = \frac{1}{n} \sum_{ij} \frac{\partial s_k}{\partial A_{c,ij}}");
        c.Code("maps");
        #region maps
        var images = validation.Inputs;
        var x = Expr.Variable("x", [.. images.Shape]);

        // The score of the predicted class, summed over images: each has a gradient by its own pixels only.
        var gradient = new CompiledFunction([x], [Abs(trained.Apply(x).Max(1).Sum().Gradient(x)[0])]);
        var plain = gradient.Invoke(images)[0];
        var smooth = Enumerable.Range(0, c.Brief ? 2 : 25)
            .Select(i => gradient.Invoke(images + Key.OfSeed(i).Normal(0, 0.1, [.. images.Shape]))[0]).Aggregate((a, b) => a + b);
        Expr Part(Layer<Expr, Expr> part, string name, Expr input) => part.Apply(trained.Parameters.At(name).Map(Expr.Constant), trained.State.At(name).Map(Expr.Constant), input).Output;
        var maps = Part(Features, "features", x);
        var scores = Part(Head, "head", maps);
        Tensor GradCam(Tensor labels)
        {
            var alpha = scores.TakeAlong(Expr.Constant(labels.Reshape(-1, 1)), 1).Sum().Gradient(maps)[0].Mean(true, 2, 3);
            return Relu((alpha * maps).Sum(true, 1)).ResizeLinear([28]).Evaluate((x, images));
        }
        #endregion
        var said = trained.PredictLabels(images);
        var cam = GradCam(said);
        double[] truths = validation.Targets.ToDoubles(), answers = said.ToDoubles(), sure = trained.PredictProbabilities(images).Max(1).ToDoubles();
        int[] right = [.. new[] { 9, 8, 3, 2, 6 }.Select(k => Enumerable.Range(0, images.Shape[0]).FirstOrDefault(i => truths[i] == k && answers[i] == k))];
        int[] wrong = [.. Enumerable.Range(0, images.Shape[0]).Where(i => truths[i] != answers[i]).OrderByDescending(i => sure[i]).Take(5)];
        Tensor Grey(Tensor t, int[] rows) => Networks.Greys(t.Rows(rows));
        Tensor Tinted(Tensor map, int[] rows) => Networks.Tinted(images.Rows(rows), map.Rows(rows));
        var black = images.Compute(smooth, (i, m) => Expr.Stack(0, (m * (i <= 0.02).Cast(DType.F32)).Sum() / m.Sum(), (i <= 0.02).Cast(DType.F32).Mean())).ToDoubles();
        c.Claim(black[0] > 0.4, "much of the gradient lies on black pixels");
        ImageGridRows("saliency-right", right, i => names[(int)truths[i]],
            [c["image", "imagen"], c["gradient", "gradiente"], "SmoothGrad", "Grad-CAM"], rows => [Grey(images, rows), Grey(plain, rows), Grey(smooth, rows), Tinted(cam, rows)],
            ("Five images that are recognized, with three maps", "Cinco imágenes reconocidas, con tres mapas"),
            ($"Gradients are large at outlines, collars and shoulders, and *beside* the garment as well: {black[0]:P0} of SmoothGrad lies on black pixels, which are {black[1]:P0} of all. That there is *no* sleeve beside a dress says as much as the cloth does. Grad-CAM, in orange, is coarse and says which region speaks for the class.", $"Los gradientes son grandes en contornos, cuellos y hombros, y también *al lado* de la prenda: el {black[0]:P0} de SmoothGrad cae en píxeles negros, que son el {black[1]:P0} del total. Que *no* haya manga al lado de un vestido dice tanto como la tela. Grad-CAM, en naranja, es impreciso y dice qué región habla a favor de la clase."));
        var otherwise = GradCam(validation.Targets);
        ImageGridRows("saliency-wrong", wrong, i => $"{names[(int)truths[i]]} → {names[(int)answers[i]]}",
            [c["image", "imagen"], "SmoothGrad", c["for the error", "por el error"], c["for the truth", "por la verdad"]], rows => [Grey(images, rows), Grey(smooth, rows), Tinted(cam, rows), Tinted(otherwise, rows)],
            ("Five errors with maps for two classes", "Cinco errores con mapas para dos clases"),
            ("The surest errors, *truth → answer*. The last two columns show what speaks for the answer and what for the truth.", "Los errores más seguros, *verdad → respuesta*. Las dos últimas columnas muestran qué habla por la respuesta y qué por la verdad."));

        void ImageGridRows(string file, int[] rows, Func<int, string> name, string[] columns, Func<int[], Tensor[]> parts, Words shows, Words caption)
        {
            if (rows.Length > 0)
                c.Figure(file, ImageGrid.Of(Tensor.Stack(1, parts(rows)).Reshape(rows.Length * columns.Length, 3, 28, 28), low: 0, high: 1, columnNames: columns, rowNames: rows.Select(name)), shows, caption);
        }


        c.Heading("Do the maps tell the truth?", "¿Dicen la verdad los mapas?");
        c.Text("A map that looks good proves nothing. A test: blur the pixels that it ranks highest, and see how fast the network loses the class. The baselines are pixels at random and simply the brightest.",
            "Que un mapa se vea bien no prueba nada. Una prueba: difuminar los píxeles a los que da más importancia y ver con qué rapidez la red pierde la clase. Las referencias son píxeles al azar y, simplemente, los más claros.");
        c.Code("deletion");
        #region deletion
        double[] shares = [0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3];
        var blurred = images.Compute(i => i.AvgPoolEdges(9, ceiling: false, countsPadding: false, stride: 1, padding: 4)).Reshape(-1, 784);   // means of 9×9 pixels
        double[] Kept(Tensor map, Tensor fill)
        {
            var ranks = map.Reshape(-1, 784).Compute(m => m.ArgSort(descending: true).ArgSort().Cast(DType.F32));   // 0 is the most important pixel
            return [.. shares.Select(share => Metrics.Accuracy.Of(validation.Targets, trained.Predict(Tensor.Where(
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
                Plot.Titled(c["What is left of the accuracy", "Lo que queda de la exactitud"]).Labels(c["part blurred", "parte difuminada"], c["accuracy", "exactitud"]).WithYLimits(0, 1),
                (plot, k) => plot.Marked(k.Name, shares, k.Kept)),
            ("Accuracy over the part of the pixels that are blurred, by five orders", "Exactitud según la parte de píxeles difuminados, en cinco órdenes"),
            ($"With a fifth of the pixels blurred, {kept[2].Kept[5]:0.00} of the images are recognized where the gradient chose them, {kept[3].Kept[5]:0.00} where SmoothGrad did, {kept[4].Kept[5]:0.00} with Grad-CAM, {kept[0].Kept[5]:0.00} at random and {kept[1].Kept[5]:0.00} where the brightest go first.", $"Con un quinto de los píxeles difuminado se reconoce {kept[2].Kept[5]:0.00} de las imágenes si los elige el gradiente, {kept[3].Kept[5]:0.00} si SmoothGrad, {kept[4].Kept[5]:0.00} si Grad-CAM, {kept[0].Kept[5]:0.00} al azar y {kept[1].Kept[5]:0.00} si van primero los más claros."));
        c.Claim(new[] { 2, 3, 4 }.All(m => kept[m].Kept[5] < kept[0].Kept[5] - 0.02) && kept[0].Kept[5] < kept[1].Kept[5], "each map finds what matters better than chance, and brightness worse");
        c.Claim(greyRandom < greyGradient - 0.1, "with grey instead of blur chance harms more");
        c.Text($"The test has to be tested as well. With grey pixels in place of blurred ones (and with black ones, in an earlier trial) some maps do no better than chance, so the order of the maps depends on the measure. With grey, a tenth of the pixels at random leaves {greyRandom:0.00}, those of the gradient {greyGradient:0.00}: scattered grey dots are a texture that the network has never seen, and it fails because they are strange, not because of what they hide.",
            $"También hay que poner a prueba la prueba. Con píxeles grises en lugar de difuminados (y con negros, en un ensayo anterior), algunos mapas no son mejores que el azar: el orden de los mapas depende de la medida. Con gris, un décimo de los píxeles al azar deja {greyRandom:0.00}, y los del gradiente {greyGradient:0.00}: los puntos grises dispersos son una textura que la red nunca ha visto, y falla por lo extraños que son, no por lo que tapan.");
        c.Result("accuracy with a fifth of the pixels blurred: at random, by gradient, by Grad-CAM", "exactitud con un quinto de los píxeles difuminado: al azar, por gradiente, por Grad-CAM", $"{kept[0].Kept[5]:0.00}, {kept[2].Kept[5]:0.00}, {kept[4].Kept[5]:0.00}");

        c.Question(("Saliency is bright at the outline of a bag. Does the network need the outline?", "La saliencia es clara en el contorno de un bolso. ¿Necesita la red el contorno?"),
            ("Saliency says only that small changes there would change the score most. It is the test by blurring that shows that the network needs these pixels: without them accuracy falls faster than by chance.", "La saliencia solo dice que cambios pequeños allí cambiarían más el puntaje. Que la red necesita esos píxeles lo muestra la prueba de difuminarlos: sin ellos la exactitud cae más rápido que al azar."));
        c.Question(("SmoothGrad looks better than the gradient. Is it truer?", "SmoothGrad se ve mejor que el gradiente. ¿Es más veraz?"),
            ($"The test does not go by looks: it leaves {kept[3].Kept[5]:0.00} for SmoothGrad and {kept[2].Kept[5]:0.00} for the gradient, where less is better. Judge a map by what it predicts, not by its looks.", $"La prueba no se fija en el aspecto: deja {kept[3].Kept[5]:0.00} con SmoothGrad y {kept[2].Kept[5]:0.00} con el gradiente, y menos es mejor. Un mapa se juzga por lo que predice, no por su aspecto."));
    }
}
