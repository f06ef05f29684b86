using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Output units matched to likelihoods, and what goes wrong with a unit or a loss that does not match.</summary>
internal static class OutputUnitsLesson
{
    // A linear layer and an output unit, with the weights that L-BFGS finds to minimize a loss.
    private static Trained Fitted(Dataset data, int outputs, Func<Expr, Expr, Expr> loss, Layer<Expr, Expr>? unit = null) =>
        Layers.Linear(outputs).Then(unit ?? Layers.Identity()).Learner(loss, Optimizers.Sgd(1)).FitByLbfgs(data).Trained;

    // How many of a class are found, as a part of all of them.
    private static double Recall(Confusion confusion, int k) => confusion[k, k] / (double)Enumerable.Range(0, 3).Sum(other => confusion[k, other]);

    public static void Run(Chapter c)
    {
        c.Text("The last layer gives a number $z$ without bounds. The output unit turns it into the parameter of a distribution over the targets, and the loss is that distribution's negative log-likelihood. Here are four kinds of targets, each with the matched pair of unit and loss, and with a mismatched one.",
            "La última capa da un número $z$ sin cotas. La unidad de salida lo convierte en el parámetro de una distribución sobre los objetivos, y la pérdida es la log-verosimilitud negativa de esa distribución. Veamos cuatro tipos de objetivos, cada uno con el par adecuado de unidad y pérdida, y con uno inadecuado.");
        c.Table([("target", "objetivo"), ("distribution", "distribución"), ("output unit", "unidad de salida"), ("−log p, up to a factor and a constant", "−log p, salvo factor y constante")],
            [[c["a real number", "un número real"], c["Gaussian", "gaussiana"], c["identity", "identidad"], "$(y - z)^2$"],
            [c["yes or no", "sí o no"], "Bernoulli", c["sigmoid", "sigmoide"], @"$\log(1 + e^z) - y z$"],
            [c["one of k classes", "una de k clases"], c["categorical", "categórica"], "softmax", @"$\log \sum_k e^{z_k} - z_y$"],
            [c["a count", "un conteo"], "Poisson", "exp", "$e^z - y z$"]]);
        var penguins = Tables.Penguins().Complete();

        c.Heading("A real number: Gaussian", "Un número real: gaussiana");
        c.Code("gaussian");
        #region gaussian
        var masses = penguins.Map("body_mass_g", g => g / 1000).ForRegression("body_mass_g", "flipper_length_mm", "beak_depth_mm");
        masses = Scaler.Standard(masses.Inputs).Apply(masses);
        var identity = Fitted(masses, 1, Losses.Mse).Predict(masses.Inputs);
        var bounded = Fitted(masses, 1, Losses.Mse, Layers.Function("4·sigmoid", z => 4 * Sigmoid(z))).Predict(masses.Inputs);
        #endregion
        var (right, wrong) = (Metrics.Rmse.Of(masses.Targets, identity), Metrics.Rmse.Of(masses.Targets, bounded));
        c.Claim(wrong > right && bounded.Max().ToDouble() <= 4, "a bounded unit misses what lies beyond its bound");
        Figure Predictions(string title, Tensor predicted) => Figure.Of(Plot.Titled(title)
            .Labels(c["body mass (kg)", "masa corporal (kg)"], c["prediction (kg)", "predicción (kg)"]).WithYLimits(2.5, 6.5)
            .Dots("", masses.Targets.ToDoubles(), predicted.ToDoubles()).Dashes("", [2.5, 6.5], [2.5, 6.5]));
        c.Figure("output-gaussian", Figure.Grid(2, [
            Predictions(c["identity", "identidad"], identity), Predictions(c["4·sigmoid", "4·sigmoide"], bounded)]),
            ("Predicted over true body mass with two output units", "Masa predicha frente a masa real con dos unidades de salida"),
            ($"Body mass of penguins in kg. A unit that cannot exceed 4 kg cannot predict the heavy ones: the root mean squared error grows from {right:0.00} to {wrong:0.00} kg.", $"Masa corporal de pingüinos en kg. Una unidad que no pasa de 4 kg no puede predecir los más pesados: la raíz del error cuadrático medio sube de {right:0.00} a {wrong:0.00} kg."));

        c.Heading("Yes or no: Bernoulli", "Sí o no: Bernoulli");
        c.Code("bernoulli");
        #region bernoulli
        var gentoo = penguins.Where(row => row.Text("species") == "Gentoo").Add("male", row => row.Text("sex") == "MALE" ? 1 : 0);
        var sexes = gentoo.ForRegression("male", "beak_depth_mm");
        var depth = Scaler.Standard(sexes.Inputs);
        var logistic = Fitted(depth.Apply(sexes), 1, Losses.BceWithLogits);
        var straight = Fitted(depth.Apply(sexes), 1, Losses.Mse);
        #endregion
        var depths = Tensor.Linspace(12.5, 18, 111);
        var column = depth.Apply(depths.Reshape(-1, 1).Cast(DType.F32));
        var line = straight.Predict(column).ToDoubles();
        var chances = logistic.Predict(column).Compute(Sigmoid).ToDoubles();
        var outside = straight.Predict(depth.Apply(sexes.Inputs)).ToDoubles().Count(p => p is < 0 or > 1);
        c.Claim(outside > 0 && chances.All(p => p is > 0 and < 1), "the line leaves [0, 1], the sigmoid does not");
        c.Figure("output-bernoulli", Plot.Titled(c["Is a Gentoo penguin male?", "¿Es macho un pingüino Gentoo?"]).Labels(c["depth of the beak (mm)", "alto del pico (mm)"], c["probability", "probabilidad"])
            .Dots(c["penguins", "pingüinos"], sexes.Inputs.ToDoubles(), sexes.Targets.ToDoubles())
            .Line(c["sigmoid, cross-entropy", "sigmoide, entropía cruzada"], depths.ToDoubles(), chances)
            .Dashes(c["identity, squared error", "identidad, error cuadrático"], depths.ToDoubles(), line),
            ("The probability of being male over the depth of the beak", "La probabilidad de ser macho según el alto del pico"),
            ($"The line gives {outside} of {sexes.Count} penguins a probability below 0 or above 1; the sigmoid none.", $"La recta da a {outside} de {sexes.Count} pingüinos una probabilidad menor que 0 o mayor que 1; la sigmoide, a ninguno."));

        c.Heading("One of several classes: categorical", "Una de varias clases: categórica");
        c.Code("categorical");
        #region categorical
        var wine = Tables.Wine().ForClassification("cultivar", "flavanoids", "color_intensity");
        wine = Scaler.Standard(wine.Inputs).Apply(wine);
        var softmax = Fitted(wine, 3, Losses.CrossEntropy);
        var number = Fitted(wine.WithTargets(wine.Targets.Cast(DType.F32).Reshape(-1, 1)), 1, Losses.Mse);
        Tensor Nearest(Tensor rows) => number.Predict(rows).Compute(n => Clamp(Round(n), 0, 2)).Reshape(-1).Cast(DType.I64);
        #endregion
        var (good, bad) = (Metrics.Confusion(wine.Targets, softmax.PredictLabels(wine.Inputs)), Metrics.Confusion(wine.Targets, Nearest(wine.Inputs)));
        c.Claim(good.Accuracy > bad.Accuracy, "softmax is right more often");
        string Found(bool isSoftmax, int k) => $"{Recall(isSoftmax ? good : bad, k):0%}";
        c.Claim(Recall(bad, 2) > 0.9 && Recall(bad, 0) < 0.8 && Recall(bad, 1) < 0.8, "the stripes find most of cultivar 2 alone");
        string[] cultivars = [.. "012".Select(k => $"{c["cultivar", "variedad"]} {k}")];
        Figure Regions(Func<Tensor, Tensor> scores) => DecisionRegions.Of(wine.Inputs, wine.Targets, scores, cultivars,
            c["flavanoids (standardized)", "flavonoides (estandarizados)"], c["colour intensity", "intensidad de color"]);
        c.Figure("output-categorical", Figure.Grid(2, [
            Regions(softmax.Predict).Titled($"softmax: {good.Accuracy:0.00}"),
            Regions(rows => Nearest(rows).Compute(k => Expr.Equal(k.ExpandDims(1), Expr.Constant(Tensor.Of([0L, 1, 2])))).Cast(DType.F32)).Titled($"{c["number", "número"]}: {bad.Accuracy:0.00}")]),
            ("Decision regions of two classifiers of wines", "Regiones de decisión de dos clasificadores de vinos"),
            ($"With softmax (accuracy {good.Accuracy:0.00}) each cultivar gets a region of its own. Treated as numbers ({bad.Accuracy:0.00}), the classes lie in parallel stripes, with 1 always between 0 and 2: an order that cultivars do not have.", $"Con softmax (exactitud {good.Accuracy:0.00}) cada variedad tiene su propia región. Tratadas como números ({bad.Accuracy:0.00}), las clases forman franjas paralelas, con la 1 siempre entre la 0 y la 2: un orden que las variedades no tienen."));

        c.Heading("A count: Poisson", "Un conteo: Poisson");
        c.Code("poisson");
        #region poisson
        var keys = Key.OfSeed(7).Split(2);
        var x = keys[0].Uniform(-2, 2, 300, 1);
        var rate = x.Compute(v => Exp(0.4 + v));   // each of 1000 events happens with probability rate/1000: nearly Poisson
        var counts = keys[1].Uniform(0, 1, 300, 1000).Compute(rate, (u, r) => (u < r / 1000).Cast(DType.F32).Sum(1).ExpandDims(1));
        var data = Dataset.From(x, counts);
        var (poisson, gauss) = (Fitted(data, 1, (y, z) => Losses.PoissonNll(y, z)), Fitted(data, 1, Losses.Mse));
        #endregion
        var grid = Tensor.Linspace(-2, 2, 101);
        double[] along = grid.ToDoubles();
        double[] Over(Trained model, Func<Expr, Expr> unit) => model.Predict(grid.Reshape(-1, 1).Cast(DType.F32)).Compute(unit).ToDoubles();
        double[] expected = Over(poisson, Exp), fitted = Over(gauss, z => z);
        var spread = Metrics.Rmse.Of(counts, gauss.Predict(x));
        var negative = gauss.Predict(x).ToDoubles().Count(y => y < 0);
        double[] xs = x.ToDoubles(), ys = counts.ToDoubles();
        double errorOfExp = Metrics.Rmse.Of(rate, poisson.Predict(x).Compute(Exp)), errorOfLine = Metrics.Rmse.Of(rate, gauss.Predict(x));
        c.Claim(negative > 0 && errorOfExp < errorOfLine / 3, "the line gives negative counts, and misses the rates");
        Figure Panel(string title, double[] mean, Func<double, double> deviation, double least) => Figure.Of(Plot.Titled(title).Labels("x", c["count", "conteo"]).WithYLimits(-6, 20)
            .Dots(c["counts", "conteos"], xs, ys).Line(c["mean ± 2σ", "media ± 2σ"], along, mean)
            .Band(c["mean ± 2σ", "media ± 2σ"], along, mean.Select(m => Math.Max(least, m - 2 * deviation(m))), mean.Select(m => m + 2 * deviation(m))));
        c.Figure("output-poisson", Figure.Grid(2, [
            Panel(c["exp, Poisson", "exp, Poisson"], expected, Math.Sqrt, 0), Panel(c["identity, squared error", "identidad, error cuadrático"], fitted, _ => spread, double.MinValue)]),
            ("Counts with the mean and spread of two models", "Conteos con la media y la dispersión de dos modelos"),
            ($"Counts drawn with a known rate, $e^{{0.4 + x}}$. The exponential follows it (error {errorOfExp:0.00}), and its spread grows with the mean. The line (error {errorOfLine:0.00}) gives {negative} of {xs.Length} points a negative mean, and the same spread to all.", $"Conteos generados con una tasa conocida: $e^{{0.4 + x}}$. La exponencial la sigue (error {errorOfExp:0.00}) y su dispersión crece con la media. La recta (error {errorOfLine:0.00}) asigna una media negativa a {negative} de {xs.Length} puntos, y la misma dispersión a todos."));
        c.Table([("target", "objetivo"), ("measure", "medida"), ("matched", "par adecuado"), ("mismatched", "par inadecuado")],
            [[c["body mass", "masa corporal"], c["root mean squared error (kg)", "raíz del error cuadrático medio (kg)"], $"{right:0.00}", $"{wrong:0.00}"],
            [c["sex", "sexo"], c["probabilities outside [0, 1]", "probabilidades fuera de [0, 1]"], "0", $"{outside}"],
            [c["cultivar", "variedad"], c["accuracy", "exactitud"], $"{good.Accuracy:0.00}", $"{bad.Accuracy:0.00}"],
            [c["counts", "conteos"], c["error of the rate", "error de la tasa"], $"{errorOfExp:0.00}", $"{errorOfLine:0.00}"]]);
        c.Result("accuracy on wines: softmax, classes as numbers", "exactitud con los vinos: softmax, clases como números", $"{good.Accuracy:0.00}, {bad.Accuracy:0.00}");

        c.Question(("Which output unit and loss fit the number of visitors of a shop in an hour? And the time until the next one comes?", "¿Qué unidad de salida y qué pérdida convienen para el número de visitantes de una tienda en una hora? ¿Y para el tiempo hasta que llegue el siguiente?"),
            ("A count: exp and the Poisson likelihood, as in the last figure. The time is positive and not a count: again exp, with the likelihood of a distribution over positive numbers, such as the exponential.", "Un conteo: exp y la verosimilitud de Poisson, como en la última figura. El tiempo es positivo y no es un conteo: otra vez exp, con la verosimilitud de una distribución sobre números positivos, como la exponencial."));
        c.Question(("Which cultivar suffers least when the classes are treated as numbers?", "¿A qué variedad perjudica menos tratar las clases como números?"),
            ($"Cultivar 2, which lies at one end of the figure as it does in the order: {Found(false, 2)} of its wines are found, with softmax {Found(true, 2)}. Of 0 and 1 only {Found(false, 0)} and {Found(false, 1)} are found, with softmax {Found(true, 0)} and {Found(true, 1)}: most wines of 1 lie not between the others but below them.", $"A la 2, que en la figura está en un extremo, igual que en el orden: se reconoce el {Found(false, 2)} de sus vinos; con softmax, el {Found(true, 2)}. De la 0 y la 1 solo se reconocen el {Found(false, 0)} y el {Found(false, 1)}; con softmax, el {Found(true, 0)} y el {Found(true, 1)}: la mayoría de los vinos de la 1 no está entre las otras dos, sino por debajo de ellas."));
    }
}
