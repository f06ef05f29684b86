using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>A convolutional GAN on images of clothes, judged by the features of a classifier.</summary>
internal static class DcganLesson
{
    private const int Rows = 64;

    public static void Run(Chapter c)
    {
        var (steps, snapshots, count) = c.Brief ? (4, 2, 64) : (1500, 15, 900);
        c.Text("The same game with images: a *deep convolutional* GAN (DCGAN; Radford and others, 2015). The generator unfolds 32 random numbers into a small image of many channels, and doubles its size twice by transposed convolutions. The discriminator goes the same way back; the penalty on its slope is that of the lesson on eight modes.",
            "El mismo juego con imágenes: una GAN *convolucional profunda* (DCGAN; Radford y otros, 2015). El generador despliega 32 números aleatorios en una imagen pequeña de muchos canales y duplica dos veces su tamaño con convoluciones traspuestas. El discriminador recorre el mismo camino de vuelta; la penalización de su pendiente es la de la lección de los ocho modos.");
        #region data
        // Three classes of Fashion-MNIST: trousers, bags and ankle boots.
        var (train, _) = c.Data is { } folder ? Datasets.FashionMnist(folder) : Datasets.FashionMnistSmall();
        var labels = train.Targets.ToDoubles();
        var clothes = train.Rows(Enumerable.Range(0, c.Brief ? 600 : train.Count).Where(i => labels[i] is 1 or 8 or 9));
        #endregion
        #region game
        var generator = Model.Sequential(
            Layers.Linear(32 * 7 * 7), Layers.Reshape(32, 7, 7), Layers.BatchNorm(), Layers.Relu(),
            Layers.ConvTranspose2d(16, 4, stride: 2, padding: 1), Layers.BatchNorm(), Layers.Relu(),
            Layers.ConvTranspose2d(1, 4, stride: 2, padding: 1), Layers.Sigmoid())
            .Trainable("generator", Optimizers.Adam(1e-3, beta1: 0.5));
        var discriminator = Model.Sequential(
            Layers.Conv2d(16, 4, stride: 2, padding: 1), Layers.LeakyRelu(0.2),
            Layers.Conv2d(32, 4, stride: 2, padding: 1), Layers.LeakyRelu(0.2),
            Layers.Flatten(), Layers.Linear(1))
            .Trainable("discriminator", Optimizers.Adam(1e-3, beta1: 0.5));
        var loop = new TrainingLoop(Key.OfSeed(1));
        var play = loop.Training(step =>
        {
            var real = step["inputs"].Reshape(Rows, 1, 28, 28);
            var drawn = step.Apply(generator, step.Key().Normal(0, 1, Rows, 32));
            var onReal = step.Apply(discriminator, real);
            var slope = onReal.Sum().Gradient(real)[0];
            var loss = Softplus(-onReal).Mean() + Softplus(step.Apply(discriminator, drawn.StopGradient())).Mean();
            step.Minimize(discriminator, loss + 0.5 * Square(slope).Sum(1, 2, 3).Mean());
            step.Minimize(generator, Softplus(-step.Apply(discriminator, drawn)).Mean());
            step.Report("loss", loss);
        });
        var draw = loop.Measuring(step => step.Report("images", step.Predict(generator, step["noise"]).Reshape(count, 784)));
        #endregion
        c.Code("data");
        c.Code("game");

        c.Heading("How good are generated images?", "¿Qué tan buenas son las imágenes generadas?");
        c.Text("The losses do not say: they only measure which network is ahead. We compare what a *classifier* sees. Its last hidden layer computes 32 features of an image. One Gaussian is fitted to the features of real images, another to those of generated images. Their distance is small if generated images look like real ones and vary as they do. With the features of a large network it is called FID (Heusel and others, 2017).",
            "Las pérdidas no lo dicen: solo miden cuál de las redes va ganando. Comparamos lo que ve un *clasificador*. Su última capa oculta calcula 32 características de una imagen. Se ajusta una gaussiana a las características de las imágenes reales y otra a las de las generadas. La distancia entre ambas es pequeña si las generadas se parecen a las reales y varían como ellas. Con las características de una red grande se llama FID (Heusel y otros, 2017).");
        c.Formula(@"d^2 = \left\| \mu - \nu \right\|^2 + \operatorname{tr}\left( \Sigma + T - 2 \left( \Sigma^{1/2} \, T \, \Sigma^{1/2} \right)^{1/2} \right)");
        c.Say("The classifier, then the game ...", "El clasificador, y después el juego ...");
        #region classifier
        var classifier = Model.Sequential(
            Layers.Reshape(1, 28, 28),
            Layers.Conv2d(8, 3, same: true), Layers.Relu(), Layers.MaxPool(2),
            Layers.Conv2d(16, 3, same: true), Layers.Relu(), Layers.MaxPool(2),
            Layers.Flatten(), Layers.Linear(32), Layers.Relu().Named("features"), Layers.Linear(10))
            .Fit(c.Brief ? train.Take(300) : train.Take(6000), Losses.CrossEntropy, Optimizers.Adam(2e-3), epochs: c.Brief ? 1 : 5, batchSize: 64).Trained;
        Tensor Features(Tensor images) => classifier.Activations(images)["features"];

        var mixed = clothes.Shuffle(5);
        var reference = Features(mixed.Take(count).Inputs);
        double Far(Tensor images) => GaussianFit.Distance(reference, Features(images));
        #endregion
        c.Code("classifier");
        var noise = Key.OfSeed(1000).Normal(0, 1, count, 32);
        var (frames, far, at, n) = (new List<Tensor>(), new List<double>(), new List<double>(), 0);
        for (var epoch = 0; n < steps; epoch++)
            foreach (var batch in clothes.Batches(Rows, dropLast: true, seed: 1, epoch: epoch).TakeWhile(_ => n < steps))
            {
                play.Run(("inputs", batch.Inputs));
                if (++n % (steps / snapshots) != 0) continue;
                draw.Run(("noise", noise));
                frames.Add(draw.Output("images"));
                far.Add(Far(frames[^1]));
                at.Add(n);
                c.Say($"step {n}: distance {far[^1]:0.0}", $"paso {n}: distancia {far[^1]:0.0}");
            }

        c.Picture("dcgan-moving", Animation.OfFigures(560, 0.5, frames.Select((images, i) => ImageGrid.Of(images.Rows(..32).Reshape(32, 28, 28), columns: 8, low: 0, high: 1).Titled($"{c["step", "paso"]} {at[i]:0}"))),
            ("Thirty-two generated images become clothes", "Treinta y dos imágenes generadas se convierten en prendas"),
            ("The same 32 noise vectors in each frame: first spots, then outlines, then trousers, bags and boots.", "Los mismos 32 vectores de ruido en cada cuadro: primero manchas, luego contornos, luego pantalones, bolsos y botines."));
        var (other, gaussian, uniform) = (mixed.Skip(count).Take(count).Inputs, GaussianFit.Draw(clothes.Inputs, count), Key.OfSeed(3).Uniform(0, 1, count, 784));
        var judged = new (string Name, Tensor Images)[]
        {
            (c["real, other half", "reales, otra mitad"], other), (c["GAN", "GAN"], frames[^1]),
            (c["one Gaussian", "una gaussiana"], gaussian), (c["noise", "ruido"], uniform),
        };
        double[] distances = [.. judged.Select(j => Far(j.Images))];
        c.Figure("dcgan-rows", ImageGrid.Of(Tensor.Concat(0, [.. judged.Select(j => j.Images.Rows(..8))]).Reshape(32, 28, 28), columns: 8, low: 0, high: 1, rowNames: judged.Select((_, i) => $"{distances[i]:0.0}")),
            ("Rows of images: real, of the GAN, of a Gaussian, and noise, with their distances", "Filas de imágenes reales, de la GAN, de una gaussiana y de ruido, con sus distancias"),
            ("From top to bottom: real images, those of the GAN, those of one Gaussian over pixels, and noise. On the left, the distance to real images.", "De arriba abajo: imágenes reales, de la GAN, de una gaussiana de píxeles y ruido. A la izquierda, la distancia a las reales."));
        c.Figure("dcgan-distance", Plot.Titled(c["Distance to real images", "Distancia a las reales"]).Labels(c["step", "paso"], c["distance d²", "distancia d²"]).WithLogY()
                .Line("GAN", at, far)
                .Dashes(judged[2].Name, [at[0], at[^1]], [distances[2], distances[2]]).Dashes(judged[0].Name, [at[0], at[^1]], [distances[0], distances[0]]),
            ("The distance of generated images over the steps", "La distancia de las imágenes generadas según los pasos"),
            ("Dashed: one Gaussian over pixels, and real images themselves, which no generator can be expected to beat.", "A trazos: una gaussiana de píxeles, y las propias imágenes reales, que ningún generador puede mejorar."));
        string[] kinds = [c["trousers", "pantalones"], c["bags", "bolsos"], c["boots", "botines"]];
        double[] Shares(Tensor images) => [.. new[] { 1, 8, 9 }.Select(k => classifier.PredictLabels(images).ToDoubles().Average(label => label == k ? 1.0 : 0))];
        var drawnShares = Shares(frames[^1]);
        c.Table([("images", "imágenes"), ("distance d²", "distancia d²"), .. kinds.Select(k => (Words)(k, k))],
            judged.Select((j, i) => (string[])[j.Name, $"{distances[i]:0.0}", .. Shares(j.Images).Select(share => $"{share:0%}")]));
        c.Claim(distances[0] < distances[1] && distances[1] < distances[2] && distances[2] < distances[3] / 5, "real images are nearest, then the GAN's, then the Gaussian's, and noise is far");
        c.Claim(far[^1] < far[0] / 5, "training brings generated images nearer");
        c.Claim(drawnShares.Min() > 0.15, "no kind of clothes is missing");
        c.Text($"The other half of the real images lies at {distances[0]:0.0}, as no two samples are the same. The GAN improves from {far[0]:0} to {distances[1]:0.0} in {steps} steps. One Gaussian over all pixels has the right mean image and the right variation of each pixel, and stays at {distances[2]:0.0}. The last three columns show what the classifier recognizes: the GAN generates all three kinds.",
            $"La otra mitad de las imágenes reales queda a {distances[0]:0.0}, porque dos muestras nunca son iguales. La GAN pasa de {far[0]:0} a {distances[1]:0.0} en {steps} pasos. Una sola gaussiana de píxeles tiene la imagen media correcta y la variación correcta de cada píxel, y se queda en {distances[2]:0.0}. Las tres últimas columnas muestran qué reconoce el clasificador: la GAN genera los tres tipos.");
        c.Result("distance to real images: other half, GAN, one Gaussian, noise", "distancia a las reales: otra mitad, GAN, una gaussiana, ruido", string.Join(", ", distances.Select(d => $"{d:0.0}")));
        c.Question(("Could a generator that draws one perfect boot, again and again, have a small distance?", "¿Podría tener una distancia pequeña un generador que dibuja una y otra vez un botín perfecto?"),
            ("No: its features would not vary, so $T = 0$ and the trace of $\\Sigma$ would remain, besides a mean that is only that of boots. The measure requires variety as well as good looks.", "No: sus características no variarían, así que $T = 0$ y quedaría la traza de $\\Sigma$, además de una media que es solo la de los botines. La medida exige variedad además de apariencia."));
        c.Question(("And one that has memorized the training images?", "¿Y uno que memorizó las imágenes de entrenamiento?"),
            ($"Yes: its images would be as near as the other half of the real ones, {distances[0]:0.0} or less. The distance does not detect copies; one must look for the nearest training image.", $"Sí: sus imágenes quedarían tan cerca como la otra mitad de las reales, a {distances[0]:0.0} o menos. La distancia no detecta las copias; hay que buscar la imagen de entrenamiento más cercana."));
    }
}
