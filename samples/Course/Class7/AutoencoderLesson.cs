using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>Autoencoders of several widths beside principal components, and one that removes noise beside the best linear filter.</summary>
internal static class AutoencoderLesson
{
    #region model
    private static Layer<Expr, Expr> Encoder(int codes) => Layers.Linear(256).Then(Layers.Relu()).Then(Layers.Linear(codes));
    private static Layer<Expr, Expr> Decoder() => Layers.Linear(256).Then(Layers.Relu()).Then(Layers.Linear(784));
    #endregion

    #region pca
    // Images projected on the first k directions; where factors are given, each direction is scaled by its own.
    private static Tensor Projected(PrincipalComponents pca, Tensor images, int k, Tensor? factors = null)
    {
        var (axes, mean) = (pca.Components.Rows(..k).Cast(DType.F32), pca.Means.Cast(DType.F32));
        var along = (images - mean).MatMul(axes.Transpose(1, 0));
        return (factors is null ? along : along * factors.Cast(DType.F32)).MatMul(axes) + mean;
    }
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("An autoencoder reproduces its input: an encoder $f$ turns it into a short code, and a decoder $g$ rebuilds it from the code. The code is a bottleneck: only what images have in common gets through. No labels are needed.",
            "Un autocodificador reproduce su entrada: un codificador $f$ la resume en un código corto y un decodificador $g$ la reconstruye a partir del código. El código es un cuello de botella: solo pasa lo que las imágenes tienen en común. No hacen falta etiquetas.");
        c.Formula(@"L = \frac{1}{n} \sum_{i=1}^{n} \left\lVert x_i - g(f(x_i)) \right\rVert^2");
        c.Code("model");
        #region data
        var (whole, test) = c.Data is { } folder ? Datasets.FashionMnist(folder) : Datasets.FashionMnistSmall();
        var (train, validation) = (c.Brief ? whole.Take(600) : whole).Split(5.0 / 6, seed: 1, stratified: true);
        TrainingResult Learned(Layer<Expr, Expr> model, int epochs) => model
            .Learner(Losses.Mse, Optimizers.Adam(1e-3))
            .Fit(Dataset.OfInputs(train.Inputs), new TrainingOptions(Epochs: c.Epochs(epochs), BatchSize: 64, Validation: Dataset.OfInputs(validation.Inputs)));
        double Error(Tensor images, Tensor rebuilt) => Metrics.Mse.Of(images, rebuilt);
        #endregion
        c.Code("data");

        c.Heading("How wide must the bottleneck be?", "¿Qué ancho debe tener el cuello de botella?");
        c.Text("The baseline is old: principal components, the best $k$ directions for a *linear* code. Both are fitted on the same images and compared on images that they have not seen.",
            "El modelo de referencia es antiguo: las componentes principales, las mejores $k$ direcciones para un código *lineal*. Ambos se ajustan con las mismas imágenes y se comparan con imágenes que no han visto.");
        c.Code("pca");
        c.Code("widths");
        #region widths
        int[] widths = c.Brief ? [2, 8] : [2, 4, 8, 16, 32, 64];
        var pca = PrincipalComponents.FitRandomised(train.Inputs, c.Brief ? 8 : 150, Key.OfSeed(1), powers: 2);
        var networks = widths.ToDictionary(k => k, k => Learned(Encoder(k).Then(Decoder()), epochs: 20));
        double[] byNetwork = [.. widths.Select(k => Error(validation.Inputs, networks[k].Predict(validation.Inputs)))];
        double[] byPca = [.. widths.Select(k => Error(validation.Inputs, Projected(pca, validation.Inputs, k)))];
        #endregion
        var (eight, last) = (Array.IndexOf(widths, 8), widths.Length - 1);
        c.Claim(byNetwork[..last].Zip(byPca, (n, p) => n < p).All(less => less), "the network is better at all widths before the last");
        var ahead = byNetwork[last] < 0.95 * byPca[last];
        c.Claim(byNetwork[0] < 0.75 * byPca[0] && byNetwork[last] / byPca[last] > byNetwork[0] / byPca[0] + 0.1, "far better at the smallest, and the advantage shrinks");
        double[] across = [.. widths.Select((_, i) => i + 1.0)];
        Plot Two(string network, string pcaName) => Plot.Titled(c["Error by the width of the code", "Error según el ancho del código"])
            .Labels(c["numbers in the code", "números en el código"], c["squared error of a pixel", "error cuadrático por píxel"]).WithNames(widths.Select(k => $"{k}"))
            .Line(network, across, byNetwork).Dots(network, across, byNetwork).Line(pcaName, across, byPca).Dots(pcaName, across, byPca);
        c.Figure("autoencoder-widths", Two(c["autoencoder", "autocodificador"], c["principal components", "componentes principales"]),
            ("Validation error of autoencoders and of principal components for codes of 2 to 64 numbers", "Error de validación de los autocodificadores y de las componentes principales con códigos de 2 a 64 números"),
            ($"The narrower the code, the more a curved code gains: with {widths[0]} numbers its error is {byNetwork[0]:0.0000} against {byPca[0]:0.0000}. {(ahead ? $"With {widths[last]} its lead has shrunk" : $"With {widths[last]}, straight directions are as good and need no gradient descent")}: {byNetwork[last]:0.0000} against {byPca[last]:0.0000}.",
             $"Cuanto más estrecho es el código, más rinde uno curvo: con {widths[0]} números su error es {byNetwork[0]:0.0000} frente a {byPca[0]:0.0000}. {(ahead ? $"Con {widths[last]} su ventaja es menor" : $"Con {widths[last]} bastan direcciones rectas, que no requieren descenso por gradiente")}: {byNetwork[last]:0.0000} frente a {byPca[last]:0.0000}."));
        c.Result("error with 8 numbers: autoencoder, principal components", "error con 8 números: autocodificador, componentes", $"{byNetwork[eight]:0.0000}, {byPca[eight]:0.0000}");
        var labels = validation.Targets.ToDoubles();
        int[] shown = [.. Enumerable.Range(0, 10).Select(label => Array.IndexOf(labels, label))];
        Figure Grid(IEnumerable<(string Name, Tensor Images)> rows) => ImageGrid.Of(
            Tensor.Concat(0, [.. rows.Select(row => row.Images.Rows(shown))]).Reshape(-1, 28, 28), low: 0, high: 1, rowNames: rows.Select(row => row.Name), columns: 10);
        c.Figure("autoencoder-images", Grid([(c["image", "imagen"], validation.Inputs), (c["components", "componentes"], Projected(pca, validation.Inputs, 8)), (c["network", "red"], networks[8].Predict(validation.Inputs))]),
            ("Ten images, and what two codes of eight numbers keep of them", "Diez imágenes, y lo que dos códigos de ocho números conservan de ellas"),
            ("784 pixels from 8 numbers. Principal components add up whole pictures and leave ghosts of other garments; the network gives clear outlines. Both lose the patterns.",
             "784 píxeles a partir de 8 números. Las componentes principales suman imágenes enteras y dejan fantasmas de otras prendas; la red da contornos nítidos. Ambas pierden los estampados."));

        c.Heading("Images without their noise", "Imágenes sin ruido");
        c.Text("A *denoising* autoencoder gets a noisy image and must return the clean one. Copying no longer works: it has to know what clothes look like. Its baseline is the best linear filter in principal components (the Wiener filter): each direction is scaled by $\\lambda_i / (\\lambda_i + \\sigma^2)$, where $\\lambda_i$ is its variance.",
            "Un autocodificador *que quita el ruido* recibe una imagen ruidosa y debe devolver la limpia. Copiar ya no sirve: tiene que saber cómo es la ropa. Su modelo de referencia es el mejor filtro lineal en componentes principales (el de Wiener): cada dirección se multiplica por $\\lambda_i / (\\lambda_i + \\sigma^2)$, donde $\\lambda_i$ es su varianza.");
        c.Code("noise");
        #region noise
        var (sigma, kept) = (0.5, pca.Variances.Shape[0]);
        var cleaner = Learned(Layers.GaussianNoise(sigma).Then(Encoder(64)).Then(Decoder()), epochs: 30); // noise in training alone
        Tensor Noisy(Tensor images, double deviation) => images + Key.OfSeed(2).Normal(0, deviation, images.Shape[0], 784);
        Tensor Filtered(Tensor noisy, double deviation) => Projected(pca, noisy, kept, pca.Variances / (pca.Variances + deviation * deviation));
        #endregion
        var noisy = Noisy(validation.Inputs, sigma);
        c.Figure("autoencoder-noise", Grid([(c["image", "imagen"], validation.Inputs), (c["noisy", "ruidosa"], noisy), (c["filter", "filtro"], Filtered(noisy, sigma)), (c["network", "red"], cleaner.Predict(noisy))]),
            ("Ten images, with noise, and after two ways to remove it", "Diez imágenes, con ruido, y tras dos maneras de quitarlo"),
            ("The filter leaves streaks and ghosts of other garments. The network gives clean outlines, but invents smooth cloth where the noise hid a pattern.",
             "El filtro deja rayas y fantasmas de otras prendas. La red da contornos limpios, pero inventa tela lisa donde el ruido ocultaba un estampado."));
        var noisyTest = Noisy(test.Inputs, sigma);
        ScoreInterval Of(Tensor rebuilt) => Metrics.Mae.Interval(Tensor.Zeros(test.Count), ((test.Inputs - rebuilt) * (test.Inputs - rebuilt)).Mean(1)); // over images
        var rows = new (string Name, ScoreInterval Error)[]
        {
            (c["noisy image", "imagen ruidosa"], Of(noisyTest)),
            (c["autoencoder of clean images, width 64", "autocodificador de imágenes limpias, ancho 64"], Of(networks[widths[last]].Predict(noisyTest))),
            (c["linear filter", "filtro lineal"], Of(Filtered(noisyTest, sigma))),
            (c["denoising autoencoder", "autocodificador que quita el ruido"], Of(cleaner.Predict(noisyTest))),
        };
        c.Table([("on the test images", "con las imágenes de prueba"), ("error", "error"), ("95% interval", "intervalo del 95%")], rows.Select(row => new[] { row.Name, $"{row.Error.Estimate:0.0000}", $"{row.Error.Lower:0.0000} – {row.Error.Upper:0.0000}" }));
        c.Claim(rows[3].Error.Upper < rows[2].Error.Lower && rows[2].Error.Upper < rows[1].Error.Lower, "the network beats the filter, the filter the autoencoder of clean images");
        c.Result("error of noisy test images: filter, denoising autoencoder", "error con imágenes ruidosas: filtro, autocodificador", $"{rows[2].Error.Estimate:0.0000}, {rows[3].Error.Estimate:0.0000}");

        double[] levels = [.. Enumerable.Range(1, 10).Select(i => 0.1 * i)];
        double[] Errors(Func<Tensor, double, Tensor> cleaned) => [.. levels.Select(level => Error(validation.Inputs, cleaned(Noisy(validation.Inputs, level), level)))];
        var (left, filtered, denoised) = (Errors((x, _) => x), Errors(Filtered), Errors((x, _) => cleaner.Predict(x)));
        c.Claim(denoised[0] > left[0] && denoised[4] < filtered[4], "at little noise the network does harm, at its own it is the best");
        c.Figure("autoencoder-levels", Plot.Titled(c["Less and more noise", "Menos y más ruido"]).Labels(c["deviation σ of the noise", "desviación σ del ruido"], c["squared error of a pixel", "error cuadrático por píxel"])
                .Line(c["untouched", "sin tocar"], levels, left).Line(c["filter, knows σ", "filtro, conoce σ"], levels, filtered).Line(c["network, trained at 0.5", "red, entrenada con 0.5"], levels, denoised).WithYLimits(0, 0.06),
            ("Errors over the noise: of the noisy image, of the filter and of the network", "Errores según el ruido: de la imagen ruidosa, del filtro y de la red"),
            ($"The filter is given each $\\sigma$; the network was trained with one. At $\\sigma = 0.1$ the network makes images worse ({denoised[0]:0.0000}; untouched {left[0]:0.0000}).",
             $"El filtro conoce cada $\\sigma$; la red se entrenó con una sola. Con $\\sigma = 0.1$ la red empeora las imágenes ({denoised[0]:0.0000}; sin tocar, {left[0]:0.0000})."));
        c.Question(("Why does the autoencoder of clean images remove some noise, although it was not trained for that?", "¿Por qué el autocodificador de imágenes limpias quita parte del ruido, aunque no se entrenó para eso?"),
            ($"Most noise does not fit through 64 numbers: the error falls from {rows[0].Error.Estimate:0.0000} to {rows[1].Error.Estimate:0.0000}. What does fit is rebuilt as clothing, since the encoder has never seen noise.",
             $"La mayor parte del ruido no cabe en 64 números: el error baja de {rows[0].Error.Estimate:0.0000} a {rows[1].Error.Estimate:0.0000}. Lo que sí cabe se reconstruye como ropa, porque el codificador nunca había visto ruido."));
        c.Question(("Would you use this network for images with a noise of 0.1?", "¿Usarías esta red para imágenes con un ruido de 0.1?"),
            ($"No: its bottleneck loses more ({denoised[0]:0.0000}) than the noise costs ({left[0]:0.0000}). The filter knows the noise, keeps more directions and gets {filtered[0]:0.0000}.",
             $"No: lo que se pierde en el cuello de botella ({denoised[0]:0.0000}) supera al ruido ({left[0]:0.0000}). El filtro conoce el ruido, conserva más direcciones y logra {filtered[0]:0.0000}."));
    }
}
