using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>The diffusion model of the lesson before, on handwritten digits that are asked for by name.</summary>
internal static class DiffusionDigitsLesson
{
    private const int Levels = DiffusionLesson.Levels;

    public static void Run(Chapter c)
    {
        c.Text("The same diffusion model, with 64 pixels instead of two coordinates and with a request: the digit asked for enters the network beside the level. One network draws all ten digits, on request.",
            "El mismo modelo de difusión, con 64 píxeles en lugar de dos coordenadas y con un encargo: el dígito pedido entra en la red junto al nivel. De una sola red salen los diez dígitos, a pedido.");
        string Level(int k) => $"{c["level", "nivel"]} {k}";
        var (epochs, asks, frames) = c.Brief ? (1, 30, 2) : (360, 360, 25);
        c.Say("Training ...", "Entrenamiento ...");
        c.Code("digits");
        #region digits
        // The digit asked for enters the network in one-hot form.
        var (train, test) = Datasets.Digits().Split(0.8, seed: 1, stratified: true);
        var names = Tensor.Of([.. Enumerable.Range(0, 10).Select(digit => (long)digit)]);
        Tensor Kind(Tensor labels) => labels.Compute(label => Expr.Equal(label.ExpandDims(1), Expr.Constant(names)).Cast(DType.F32));
        var digits = new DiffusionLesson.Diffusion(256, epochs * (train.Count / 128));
        for (var epoch = 0; epoch < epochs; epoch++)
            foreach (var batch in train.Batches(128, dropLast: true, seed: 1, epoch: epoch))
                digits.Train(batch.Inputs * 2 - 1, Kind(batch.Targets));

        var asked = names.Rows([.. Enumerable.Range(0, asks).Select(i => i % 10)]);
        var drawn = digits.Sample(Key.OfSeed(4), Kind(asked), 64).Select(x => (x + 1) / 2).ToList();
        #endregion
        c.Picture("diffusion-digits", Animation.OfFigures(560, 0.25, Enumerable.Range(0, frames + 1).Select(i => Levels * i / frames).Select(at => ImageGrid.Of(drawn[at].Rows(..30).Reshape(30, 8, 8), columns: 10, low: 0, high: 1).Titled(Level(Levels - at)))),
            ("Thirty digits come out of noise", "Treinta dígitos salen del ruido"),
            ("Each column asks for one digit, from 0 to 9.", "Cada columna pide un dígito, del 0 al 9."));
        var classifier = Model.Sequential(Layers.Linear(64), Layers.Relu(), Layers.Linear(16), Layers.Relu().Named("features"), Layers.Linear(10))
            .Fit(train, Losses.CrossEntropy, Optimizers.Adam(3e-3), epochs: c.Brief ? 1 : 30, batchSize: 32).Trained;
        Tensor Features(Tensor images) => classifier.Activations(images)["features"];
        var labels = train.Targets.ToDoubles();
        var gaussian = Tensor.Concat(0, [.. Enumerable.Range(0, 10).Select(digit => GaussianFit.Draw(train.Rows(Enumerable.Range(0, train.Count).Where(i => labels[i] == digit)).Inputs, asks / 10))]);
        var ordered = names.Rows([.. Enumerable.Range(0, asks).Select(i => i / (asks / 10))]);
        var reference = Features(train.Inputs);
        int[] Closest(Tensor images) => [.. images.Compute(train.Inputs, (a, b) => a.Distances(b).ArgMin()).ToDoubles().Select(row => (int)row)];
        Tensor Nearest(Tensor images) => images.Compute(train.Inputs, (a, b) => a.Distances(b).Min(-1));
        var rows = new (string Name, Tensor Images, Tensor? Labels)[]
        {
            (c["real, held out", "reales, apartados"], test.Inputs, test.Targets), (c["diffusion", "difusión"], drawn[^1], asked),
            (c["a Gaussian for each digit", "una gaussiana por dígito"], gaussian, ordered), (c["one Gaussian for all", "una gaussiana para todos"], GaussianFit.Draw(train.Inputs, asks), null), (c["noise", "ruido"], Key.OfSeed(3).Uniform(0, 1, asks, 64), null),
        };
        var scores = rows.Select(row => (Far: GaussianFit.Distance(reference, Features(row.Images)), Read: row.Labels is { } l ? Metrics.Accuracy.Of(l, classifier.Predict(row.Images)) : double.NaN, Near: Nearest(row.Images).Mean().ToDouble())).ToList();
        c.Table([("images", "imágenes"), ("distance d²", "distancia d²"), ("read as asked", "leídos como se pidió"), ("to the nearest image", "a la imagen más cercana")],
            rows.Zip(scores, (row, s) => new[] { row.Name, $"{s.Far:0.0}", double.IsNaN(s.Read) ? "" : $"{s.Read:0.000}", $"{s.Near:0.00}" }));
        c.Figure("diffusion-compared", ImageGrid.Of(Tensor.Concat(0, drawn[^1].Rows(..10), train.Inputs.Rows(Closest(drawn[^1].Rows(..10))), gaussian.Rows([.. Enumerable.Range(0, 10).Select(digit => digit * (asks / 10))])).Reshape(30, 8, 8), columns: 10, low: 0, high: 1, rowNames: [c["drawn", "generado"], c["nearest", "más cercano"], c["Gaussian", "gaussiana"]]),
            ("Ten drawn digits, the training images nearest to them, and ten of Gaussians", "Diez dígitos generados, las imágenes de entrenamiento más cercanas y diez de gaussianas"),
            ("Above, drawn digits; below each the training image nearest to it, and a digit from a Gaussian over its pixels.", "Arriba, dígitos generados; debajo de cada uno, la imagen de entrenamiento más cercana y un dígito de una gaussiana de sus píxeles."));
        c.Claim(scores[0].Far < scores[2].Far && scores[2].Far < scores[1].Far && scores[1].Far < scores[3].Far && scores[3].Far < scores[4].Far, "by features: real digits, a Gaussian for each digit, diffusion, one Gaussian, noise");
        c.Claim(scores[0].Near < scores[1].Near && scores[1].Near < (scores[0].Near + scores[2].Near) / 2, "drawn digits are no copies, and nearer to real images than those of Gaussians");
        c.Claim(scores[1].Read > 0.95, "drawn digits are read as asked");
        c.Text($"A classifier reads {scores[1].Read:0.0%} of the drawn digits as the digit asked for, and {scores[0].Read:0.0%} of held-out real ones correctly. The drawn digits are no copies: the nearest training image is {scores[1].Near:0.00} away on average; for a held-out real digit it is {scores[0].Near:0.00} away.",
            $"Un clasificador lee el {scores[1].Read:0.0%} de los dígitos generados como lo que se pidió, y acierta con el {scores[0].Read:0.0%} de los reales apartados. Los generados no son copias: la imagen de entrenamiento más cercana está en promedio a {scores[1].Near:0.00}; la de un dígito real apartado, a {scores[0].Near:0.00}.");
        c.Text($"The distance of features (of the lesson on images) has a surprise. Diffusion lies at {scores[1].Far:0.0}, far nearer than one Gaussian for all digits ({scores[3].Far:0.0}), but a Gaussian for each digit is nearer still ({scores[2].Far:0.0}). The measure sees only means and covariances, and a Gaussian matches those of the pixels by construction. The last column separates them: digits of Gaussians are on average {scores[2].Near:0.00} from the nearest real one, and look smudged. One number is not enough to judge a generator.",
            $"La distancia de características (de la lección sobre imágenes) trae una sorpresa. La difusión queda a {scores[1].Far:0.0}, mucho más cerca que una sola gaussiana para todos los dígitos ({scores[3].Far:0.0}), pero una gaussiana por dígito queda aún más cerca ({scores[2].Far:0.0}). La medida solo ve medias y covarianzas, y una gaussiana reproduce las de los píxeles por construcción. La última columna los distingue: los dígitos de las gaussianas están en promedio a {scores[2].Near:0.00} de la imagen real más cercana, y se ven borrosos. Un solo número no basta para juzgar un generador.");
        c.Result("digits, distance of features: held out, diffusion, a Gaussian each, one Gaussian", "dígitos, distancia de características: apartados, difusión, una gaussiana por dígito, una para todos", string.Join(", ", scores.Take(4).Select(s => $"{s.Far:0.0}")));
        c.Question(("How would one notice that the model has memorized its training images?", "¿Cómo se notaría que el modelo memorizó las imágenes de entrenamiento?"),
            ($"Drawn images would lie much nearer to training images than new real ones do. Here it is {scores[1].Near:0.00} against {scores[0].Near:0.00}.", $"Las imágenes generadas estarían mucho más cerca de las de entrenamiento que las reales nuevas. Aquí es {scores[1].Near:0.00} frente a {scores[0].Near:0.00}."));
        c.Question(("Why is it better to request a digit than to draw any and keep the one wanted?", "¿Por qué es mejor pedir un dígito que generar cualquiera y quedarse con el deseado?"),
            ("Nothing has to be thrown away. And the network need not guess what a blur will become: at high levels all digits look alike, and the request says which mean to aim at.", "No hay que descartar nada. Además, la red no tiene que adivinar en qué se convertirá una mancha: en los niveles altos todos los dígitos se parecen, y el encargo indica a qué media apuntar."));
    }
}
