using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>A variational autoencoder: its bound in two parts, its latent plane, a walk through it, and what β trades.</summary>
internal static class VaeLesson
{
    #region model
    private sealed record Vae(Expr Rebuilt, Expr Mean, Expr LogVariance);

    private static Layer<Expr, Expr> Decoder() => Layers.Linear(256).Then(Layers.Relu()).Then(Layers.Linear(784));

    private static Layer<Expr, Vae> Model(int codes) => Layers.CreateOf<Expr, Vae>("Vae", (scope, x) =>
    {
        var hidden = scope.Run("encoder", Layers.Linear(256).Then(Layers.Relu()), x);
        var mean = scope.Run("mean", Layers.Linear(codes), hidden);
        var logVariance = scope.Run("logVariance", Layers.Linear(codes), hidden);
        var z = scope.IsTraining ? mean + Exp(logVariance / 2) * scope.Key().Normal(0, 1, [.. mean.Shape]) : mean;
        return new Vae(scope.Run("decoder", Decoder(), z), mean, logVariance);
    });

    // Both parts in nats for each image: sums over pixels or codes.
    private static Learner Bound(int codes, double beta) => Model(codes).Learner(
        [
            ("reconstruction", 1, (Expr x, Vae o) => Losses.BceWithLogits(x, o.Rebuilt, reduction: Reduction.BatchMean)),
            ("kl", beta, (Expr _, Vae o) => Losses.GaussianKl(o.Mean, o.LogVariance)),
        ],
        Optimizers.Adam(2e-3)).ValidatedInTraining(); // z is drawn in validation, too
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("An autoencoder has codes, but nothing says where they lie: a random code is decoded to rubbish. A *variational* autoencoder turns each image into a small cloud $q(z \\mid x)$ instead of a point, and pulls all clouds towards the normal distribution $p(z)$. Then a code can be drawn from $p(z)$, and the decoder makes a new image from it.",
            "Un autocodificador tiene códigos, pero nada determina dónde están: un código al azar se decodifica en basura. Un autocodificador *variacional* convierte cada imagen en una pequeña nube $q(z \\mid x)$ en vez de un punto, y atrae todas las nubes hacia la distribución normal $p(z)$. Así se puede extraer un código de $p(z)$, y el decodificador produce con él una imagen nueva.");
        c.Formula(@"\log p(x) \ge \underbrace{\mathbb{E}_{q(z \mid x)} \log p(x \mid z)}_{-\text{reconstruction}} - \underbrace{\operatorname{KL}(q(z \mid x) \,\|\, p(z))}_{\text{KL}}, \qquad \operatorname{KL} = \frac{1}{2} \sum_j (\sigma_j^2 + \mu_j^2 - 1 - \log \sigma_j^2)");
        c.Text("The right side is the evidence lower bound (ELBO). The loss is its negative, a sum of two named parts; $\\beta$ is the weight of the second, and is 1 in the bound itself.",
            "El lado derecho es la cota inferior de la evidencia (ELBO). La función de pérdida es su negativo, una suma de dos partes con nombre; $\\beta$ es el peso de la segunda, y en la cota misma vale 1.");
        c.Code("model");
        c.Code("training");
        #region training
        var (whole, _) = c.Data is { } folder ? Datasets.FashionMnist(folder) : Datasets.FashionMnistSmall();
        var (train, validation) = (c.Brief ? whole.Take(600) : whole).Split(5.0 / 6, seed: 1, stratified: true);
        TrainingResult Learned(int codes, double beta, int epochs) => Bound(codes, beta).Fit(
            Dataset.OfInputs(train.Inputs),
            new TrainingOptions(Epochs: c.Epochs(epochs), BatchSize: 64, Validation: Dataset.OfInputs(validation.Inputs)));
        Trained DecoderOf(TrainingResult vae) => Decoder().With(vae.Trained.Parameters.At("decoder"), Trees.Empty<Tensor>());
        var plane = Learned(codes: 2, beta: 1, epochs: 30);
        #endregion
        double[] numbers = [.. plane.History.Select(e => (double)e.Number)];
        Figure Part(string title, string part) => Figure.Of(Plot.Titled(title).Labels(c["epoch", "época"], c["nats per image", "nats por imagen"])
            .Line(c["training", "entrenamiento"], numbers, plane.History.Select(e => e.Metrics[part])).Line(c["validation", "validación"], numbers, plane.History.Select(e => e.Metrics["validation " + part])));
        Expr x = Expr.Constant(validation.Inputs), grey = Expr.Constant(train.Inputs.Mean(0).Clip(0.001, 0.999)).BroadcastTo(validation.Count, 784);
        var (mean, floor) = ((784 * Losses.Bce(x, grey)).Evaluate().ToDouble(), (784 * Losses.Bce(x, x)).Evaluate().ToDouble());
        var bound = plane.History[^1].ValidationLoss ?? double.NaN;
        c.Figure("vae-parts", Figure.Grid(2, [Part(c["Reconstruction", "Reconstrucción"], "reconstruction"), Part("KL", "kl")]),
            ("The two parts of the loss over the epochs", "Las dos partes de la pérdida según las épocas"),
            ($"With a code of two numbers the bound ends at −{bound:0.0} nats on validation images. One grey mean image for all gets −{mean:0.0}; no model of these grey pixels can exceed −{floor:0.0}.",
             $"Con un código de dos números, la cota termina en −{bound:0.0} nats con las imágenes de validación. Una sola imagen media para todas logra −{mean:0.0}; ningún modelo de estos píxeles grises puede superar −{floor:0.0}."));
        c.Claim(bound < mean - 100 && floor < bound, "the bound is far above that of the mean image");
        c.Result("validation ELBO with two codes; of the mean image", "ELBO de validación con dos códigos; de la imagen media", $"−{bound:0.0}, −{mean:0.0}");

        c.Heading("The plane, and a walk through it", "El plano, y un paseo por él");
        var codes = plane.PredictAs<Tree<Tensor>>(Dataset.OfInputs(validation.Inputs))["Mean"].ToDoubles();
        var labels = validation.Targets.ToDoubles();
        int[] Of(int label) => [.. Enumerable.Range(0, validation.Count).Where(i => labels[i] == label)];
        (double X, double Y) Centre(int label) => (Of(label).Average(i => codes[2 * i]), Of(label).Average(i => codes[2 * i + 1]));
        Plot Map(int every) => Enumerable.Range(0, 10).Aggregate(Plot.Titled("").Labels("z₁", "z₂"), (plot, label) =>
            plot.Dots(c[FashionLesson.Classes[label].English, FashionLesson.Classes[label].Spanish], Of(label).Where((_, i) => i % every == 0).Select(i => codes[2 * i]), Of(label).Where((_, i) => i % every == 0).Select(i => codes[2 * i + 1])));
        c.Figure("vae-plane", Map(1), ("The codes of the validation images in the plane, coloured by class", "Los códigos de las imágenes de validación en el plano, coloreados por clase"),
            ("No label was used, and yet the classes form groups: shoes on one side, trousers on another, and pullovers, coats and shirts, which look alike, together.",
             "No se usó ninguna etiqueta y, sin embargo, las clases se agrupan: el calzado a un lado, los pantalones a otro, y los suéteres, abrigos y camisas, que se parecen, en un mismo montón."));
        #region grid
        var decoder = DecoderOf(plane);
        Tensor Images(params (double X, double Y)[] points) => decoder.Predict(Tensor.Of([.. points.SelectMany(p => new[] { (float)p.X, (float)p.Y })], points.Length, 2)).Compute(Sigmoid).Reshape(-1, 28, 28);
        double[] ticks = [.. Enumerable.Range(-5, 11).Select(i => 0.5 * i)];
        var grid = Images([.. ticks.Reverse().SelectMany(y => ticks.Select(x => (x, y)))]);
        #endregion
        c.Figure("vae-grid", ImageGrid.Of(grid, low: 0, high: 1, columns: ticks.Length), ("Images decoded from a grid of 11 by 11 points of the plane", "Imágenes decodificadas de una cuadrícula de 11 por 11 puntos del plano"),
            ("The decoder at the points from −2.5 to 2.5 in both directions: each garment turns into the next one without a gap.", "El decodificador en los puntos de −2.5 a 2.5 en ambas direcciones: cada prenda se convierte en la siguiente sin saltos."));
        c.Code("grid");
        int[] stops = [9, 7, 5, 8, 6, 0, 3, 1]; // boot, sneaker, sandal, bag, shirt, t-shirt, dress, trousers
        var walk = stops.Zip(stops.Skip(1), (a, b) => Enumerable.Range(0, c.Brief ? 1 : 6).Select(i => (From: Centre(a), To: Centre(b), Part: i / 6.0)))
            .SelectMany(step => step).Select(s => (X: s.From.X + s.Part * (s.To.X - s.From.X), Y: s.From.Y + s.Part * (s.To.Y - s.From.Y))).ToArray();
        var seen = Images(walk);
        c.Picture("vae-walk", Animation.OfFigures(720, 0.12, walk.Select((at, i) => Figure.Grid(2, [
                Figure.Of(Map(3).Line(c["walk", "paseo"], walk.Select(p => p.X), walk.Select(p => p.Y)).Texts([at.X], [at.Y], ["⬤"])), ImageGrid.Of(seen.Rows(i..(i + 1)), low: 0, high: 1, columns: 1)]))),
            ("A point walks through the plane; beside it the image that is decoded there", "Un punto pasea por el plano; al lado, la imagen que allí se decodifica"),
            ("From boots through sneakers, sandals and bags to shirts, dresses and trousers: the decoder also shows what lies between.", "De los botines, por zapatillas, sandalias y bolsos, a camisas, vestidos y pantalones: el decodificador muestra también lo que hay en medio."));

        c.Heading("What β trades", "Lo que β intercambia");
        double[] betas = c.Brief ? [1, 100] : [0.1, 0.3, 1, 3, 10, 30, 100];
        var sweep = betas.Select(beta => Learned(codes: 8, beta, epochs: 10)).ToList();
        double Last(TrainingResult vae, string part) => vae.History[^1].Metrics["validation " + part];
        double[] kl = [.. sweep.Select(v => Last(v, "kl"))], reconstruction = [.. sweep.Select(v => Last(v, "reconstruction"))];
        double[] sums = [.. kl.Zip(reconstruction, (a, b) => a + b)];
        c.Claim(kl.Zip(kl.Skip(1), (a, b) => a > b).All(falls => falls) && betas[Array.IndexOf(sums, sums.Min())] == 1, "KL falls with β, and the bound is best at 1");
        c.Claim(Math.Abs(reconstruction[^1] - mean) < 2 && kl[^1] < 0.1, "at β = 100 the code says nothing");
        c.Figure("vae-beta", Plot.Titled(c["Eight codes, seven weights β", "Ocho códigos, siete pesos β"]).Labels(c["KL: nats in the code", "KL: nats en el código"], c["reconstruction, nats", "reconstrucción, nats"])
                .Line("β", kl, reconstruction).Dots("β", kl, reconstruction).Texts(kl, reconstruction, betas.Select(b => $"  {b}")),
            ("Reconstruction over KL for seven values of β", "Reconstrucción según KL para siete valores de β"),
            ($"A large β makes the code cheap and the image poor. Their sum is smallest at $\\beta = 1$ ({sums.Min():0.0}), as it should be: the sum is the negative of the bound, and $\\beta = 1$ trains just that.",
             $"Un β grande abarata el código y empobrece la imagen. Su suma es mínima con $\\beta = 1$ ({sums.Min():0.0}), como debe ser: es la cota con signo negativo, que es lo que se entrena con $\\beta = 1$."));
        Tensor Drawn(TrainingResult vae) => DecoderOf(vae).Predict(Key.OfSeed(4).Normal(0, 1, 10, 8)).Compute(Sigmoid);
        int[] chosen = c.Brief ? [0, 1] : [0, 2, 4, 6];
        c.Figure("vae-drawn", ImageGrid.Of(Tensor.Concat(0, [.. chosen.Select(i => Drawn(sweep[i]))]).Reshape(-1, 28, 28), low: 0, high: 1, rowNames: chosen.Select(i => $"β = {betas[i]}"), columns: 10),
            ("Ten images decoded from drawn codes, for several values of β", "Diez imágenes decodificadas de códigos al azar, para varios valores de β"),
            ("Codes drawn from the normal distribution. At β = 0.1, and even at 1, many fall between the clouds and give shapes that nobody wears. At 10 they are garments, though blurred; at 100 all are the mean. The best bound does not make the best images.",
             "Códigos extraídos de la distribución normal. Con β = 0.1, e incluso con 1, muchos caen entre las nubes y dan formas que nadie usa. Con 10 son prendas, aunque borrosas; con 100, todas son la media. La mejor cota no da las mejores imágenes."));
        c.Result("best validation ELBO with eight codes (at β)", "mejor ELBO de validación con ocho códigos (con β)", $"−{sums.Min():0.0} ({betas[Array.IndexOf(sums, sums.Min())]})");
        c.Question(("What happened at β = 100?", "¿Qué ocurrió con β = 100?"),
            ($"All clouds have become $p(z)$: KL is {kl[^1]:0.000}, the code says nothing about the image, and the decoder answers with the mean image: {reconstruction[^1]:0.0} nats, like the mean image itself ({mean:0.0}). This is called posterior collapse.",
             $"Todas las nubes se volvieron $p(z)$: KL vale {kl[^1]:0.000}, el código no dice nada de la imagen y el decodificador responde con la imagen media: {reconstruction[^1]:0.0} nats, lo mismo que la imagen media ({mean:0.0}). Se llama colapso de la distribución a posteriori."));
        c.Question(("Why is $z$ drawn as $\\mu + \\sigma \\varepsilon$ in the code above?", "¿Por qué en el código de arriba $z$ se extrae como $\\mu + \\sigma \\varepsilon$?"),
            ("Then the noise $\\varepsilon$ has no parameters, and the gradient flows through $\\mu$ and $\\sigma$ as through any layer: the encoder learns where its clouds should lie and how wide they may be.",
             "Así el ruido $\\varepsilon$ no tiene parámetros, y el gradiente fluye por $\\mu$ y $\\sigma$ como por cualquier capa: el codificador aprende dónde poner sus nubes y cuán anchas pueden ser."));
    }
}
