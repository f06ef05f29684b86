using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>The third exercise, first half: three coefficients by mini-batches, why they are slow, and what scaling changes.</summary>
internal static class RegressionLesson
{
    #region data
    /// <summary>x uniform on [0, 10), y = (x − 2)² + 3 with noise of deviation 0.2, drawn anew for every sample.</summary>
    public static Dataset Samples(int count, long seed)
    {
        var keys = Key.OfSeed(seed).Split(2);
        var x = keys[0].Uniform(0, 10, count, 1);
        var y = Square(Expr.Constant(x) - 2) + 3 + Expr.Constant(keys[1].Normal(0, 0.2, count, 1));
        return Dataset.From(x, y.Evaluate());
    }
    #endregion

    public static void Run(Chapter c)
    {
        c.Text(
            "Ten thousand samples of $(x-2)^2+3$ with noise, and a model that holds the truth: $w_1 x^2 + w_2 x + w_3$ with $w = (1, -4, 7)$. "
                + "Mini-batch SGD with the rate and the epochs of the course. Will it find the three numbers?",
            "Diez mil muestras de $(x-2)^2+3$ con ruido y un modelo que contiene la verdad: $w_1 x^2 + w_2 x + w_3$ con $w = (1, -4, 7)$. "
                + "SGD por minilotes con la tasa y las épocas del curso. ¿Encontrará los tres números?");
        c.Code("data");

        #region fit
        var (x, y) = Samples(10_000, seed: 3);
        var powers = x.Cast(DType.F64).Compute(v => Expr.Concat(1, Square(v), v, 0 * v + 1));
        var (train, validation, test) = Dataset.From(powers, y.Cast(DType.F64)).Split(validation: 0.1, test: 0.1, seed: 3);
        var coefficients = Layers.Linear(1, bias: false, weight: Initializers.Zeros);

        TrainingResult Fit(Dataset data, Layer<Expr, Expr> model, double rate, int epochs, int batch, Func<Tree<Expr>, Expr>? penalty = null, Func<EpochReport, Answer>? each = null)
        {
            var learner = model.Learner(Losses.Mse, Optimizers.Sgd(rate)).Typed(DType.F64);
            return (penalty is null ? learner : learner.Penalized(penalty))
                .Fit(data, new TrainingOptions(epochs, batch, Seed: 3, OnEpoch: each));
        }
        #endregion

        #region course
        var epochs = c.Brief ? 60 : 1000;
        (string Name, Func<Tree<Expr>, Expr>? Penalty)[] penalties =
        [
            (c["none", "ninguna"], null), ("L1, λ = 0.5", w => w.L1Penalty(0.5)), ("L2, λ = 0.5", w => w.L2Penalty(0.5)),
        ];
        var path = new List<double[]>();
        var fits = penalties.Select(p => Fit(train, coefficients, 1e-4, epochs, 4_000, p.Penalty, report =>
        {
            if (p.Penalty is null)
                path.Add(report.State.Value.Parameters.Values[0].ToDoubles());
            return Answer.Continue;
        })).ToList();
        #endregion

        c.Code("fit");
        c.Code("course");
        string[] Row(string name, TrainingResult fit, Dataset data) =>
            [name, .. fit.Trained.Parameters.Values.SelectMany(w => w.ToDoubles()).Select(w => $"{w:0.000}"), $"{Metrics.Mse.Of(data.Targets, fit.Trained.Predict(data.Inputs)):0.000}"];
        Words[] columns = [("penalty", "penalización"), ("$w_1$", "$w_1$"), ("$w_2$", "$w_2$"), ("$w_3$", "$w_3$"), ("test error", "error de prueba")];
        c.Table(columns, penalties.Zip(fits, (p, fit) => Row(p.Name, fit, test)));
        double Error(TrainingResult fit) => Metrics.Mse.Of(test.Targets, fit.Trained.Predict(test.Inputs));
        c.Text(
            $"After {epochs} epochs the error is {Error(fits[0]):0.00}, though the noise alone makes 0.04, and $w_3$ is nowhere near 7. The three penalties hardly differ. "
                + "The course stopped here, with 6.75; what is wrong is neither the model nor the penalty.",
            $"Tras {epochs} épocas el error es {Error(fits[0]):0.00}, aunque el ruido por sí solo produce 0.04, y $w_3$ está muy lejos de 7. Las tres penalizaciones apenas se distinguen. "
                + "El curso terminaba aquí, con 6.75; el problema no es el modelo ni la penalización.");
        c.Result("test error, unscaled", "error de prueba, sin escalar", $"{Error(fits[0]):0.00}");
        c.Claim(Error(fits[0]) is > 5 and < 8 && fits.All(fit => Math.Abs(Error(fit) - Error(fits[0])) < 0.8), "errors of about 6.7, alike for the penalties");

        #region why
        Expr features = Expr.Constant(train.Inputs), targets = Expr.Constant(train.Targets);
        var hessian = 2.0 / train.Count * features.T.MatMul(features);
        var (values, vectors) = hessian.Eigh();
        var best = features.PseudoInverse().MatMul(targets);
        double[] curvature = values.Evaluate().ToDoubles();
        double bound = 2 / curvature[^1], condition = curvature[^1] / curvature[0];
        #endregion

        c.Heading("Why: one rate for three curvatures", "Por qué: una sola tasa para tres curvaturas");
        c.Text(
            "The error is a quadratic bowl whose second derivative is the Gram matrix of the features. Along its eigenvector of eigenvalue $\\lambda_i$ "
                + "each step multiplies the distance from the minimum by a factor of its own:",
            "El error es un cuenco cuadrático cuya segunda derivada es la matriz de Gram de los atributos. A lo largo del autovector de autovalor $\\lambda_i$, "
                + "cada paso multiplica la distancia al mínimo por su propio factor:");
        c.Formula(@"H = \frac{2}{n} X^\top X, \qquad d_i \leftarrow (1 - \eta \lambda_i)\, d_i, \qquad 0 < \eta < \frac{2}{\lambda_{\max}}, \qquad \kappa = \frac{\lambda_{\max}}{\lambda_{\min}}");
        c.Code("why");
        var lambdas = string.Join(@",\ ", curvature.Reverse().Select(v => $"{v:0.##}"));
        var slow = 1 / (2 * 1e-4 * curvature[0]);
        c.Text(
            $"Here $\\lambda = {lambdas}$, so $\\kappa = {condition:0}$: the steep direction allows no rate above {bound:0.00000}, and at "
                + $"$10^{{-4}}$ the flat one needs {slow:0} epochs to come closer by the factor $e$.",
            $"Aquí $\\lambda = {lambdas}$ y $\\kappa = {condition:0}$: la dirección empinada no admite tasas mayores que {bound:0.00000}, y con "
                + $"$10^{{-4}}$ la plana necesita {slow:0} épocas para acercarse por un factor $e$.");
        c.Result("condition number, unscaled", "número de condición, sin escalar", $"{condition:0}");

        var (axes, goal) = (vectors.Evaluate().ToMatrix(), best.Evaluate().ToMatrix().Column(0));
        var steps = Enumerable.Range(1, path.Count).Select(epoch => (double)epoch).ToList();
        var plot = Plot.Titled(c["Distance from the minimum, by direction", "Distancia al mínimo, por dirección"]).Labels(c["epoch", "época"], "|dᵢ|").WithLogX().WithLogY();
        for (var i = 2; i >= 0; i--)
            plot = plot.Line($"λ = {curvature[i]:0.##}", steps, path.Select(w => Math.Abs(axes.Column(i).DotProduct(MathNet.Numerics.LinearAlgebra.Vector<double>.Build.Dense(w) - goal))));
        c.Figure("regression-directions", plot,
            ("The distance from the minimum along three eigenvectors, on logarithmic axes", "La distancia al mínimo a lo largo de tres autovectores, en ejes logarítmicos"),
            ("The steep direction is done in a few epochs, and then trembles with the batches; the flat one has hardly begun.",
                "La dirección empinada termina en pocas épocas y luego tiembla con los minilotes; la plana apenas ha empezado."));

        #region scaled
        var scaler = Scaler.Standard(train.Inputs.Slice(1, ..2));
        Dataset Scaled(Dataset data) => data.MapInputs(x => scaler.Apply(x.Slice(1, ..2)));
        // The slope of |w| does not fade at 0: with L1 the weight jumps by rate·λ around it, so its rate is lower.
        (string Name, double Rate, Func<Tree<Expr>, Expr>? Penalty)[] stronger =
        [
            (c["none", "ninguna"], 0.25, null), ("L1, λ = 4", 0.05, w => w.L1Penalty(4)), ("L2, λ = 0.5", 0.25, w => w.L2Penalty(0.5)),
        ];
        var line = Layers.Linear(1, weight: Initializers.Zeros);
        var scaled = stronger.Select(p => Fit(Scaled(train), line, p.Rate, c.Brief ? 20 : 300, 4_000, p.Penalty)).ToList();
        #endregion

        c.Heading("The cure: features of one scale", "La solución: atributos en la misma escala");
        c.Code("scaled");
        var rows = Expr.Constant(Scaled(train).Inputs);
        var ofScaled = (2.0 / train.Count * rows.T.MatMul(rows)).Eigh().Values.Evaluate().ToDoubles();
        c.Table(columns, stronger.Zip(scaled, (p, fit) => Row(p.Name, fit, Scaled(test))));
        double ScaledError(int i) => Metrics.Mse.Of(test.Targets, scaled[i].Trained.Predict(Scaled(test).Inputs));
        c.Text(
            $"Mean 0 and deviation 1, fitted on the training rows: now $\\kappa = {ofScaled[^1] / ofScaled[0]:0}$, the rate may be 0.25, and the error falls to {ScaledError(0):0.000}, the noise. The penalties "
                + "show what they do: L2 shares the weight between the two features, which are nearly the same; L1 takes one of them away altogether. Both cost accuracy here, since the model is right and samples are many.",
            $"Media 0 y desviación 1, ajustadas con las filas de entrenamiento: ahora $\\kappa = {ofScaled[^1] / ofScaled[0]:0}$, la tasa puede ser 0.25 y el error baja a {ScaledError(0):0.000}, el del ruido. Las penalizaciones "
                + "muestran lo que hacen: L2 reparte el peso entre los dos atributos, que son casi iguales; L1 elimina uno por completo. Aquí ambas cuestan precisión, porque el modelo es correcto y las muestras abundan.");
        c.Result("test error, scaled", "error de prueba, con escala", $"{ScaledError(0):0.000}");
        c.Claim(ScaledError(0) < 0.05 && ScaledError(1) > 0.5 && ScaledError(2) > 0.5, "scaled, the error is the noise; the penalties cost");
        c.Claim(Math.Abs(scaled[1].Trained.Parameters["weight"].ToDoubles()[1]) < 0.3 && scaled[2].Trained.Parameters["weight"].ToDoubles()[1] > 1, "L1 takes a feature away, L2 shares");

        var grid = Tensor.Linspace(0, 10, 100);
        var inputs = grid.Reshape(100, 1).Cast(DType.F64).Compute(v => Expr.Concat(1, Square(v), v));
        var curves = Plot.Titled(c["Scaled features: the fits", "Atributos escalados: los ajustes"]).Labels("x", "y")
            .Dots(c["test samples", "muestras de prueba"], test.Inputs.Slice(1, 1..2).ToDoubles().Take(250), test.Targets.ToDoubles().Take(250));
        foreach (var ((name, _, _), fit) in stronger.Zip(scaled))
            curves = curves.Line(name, grid.ToDoubles(), fit.Trained.Predict(scaler.Apply(inputs)).ToDoubles());
        c.Figure("regression-scaled", curves, ("The test samples and three fitted curves", "Las muestras de prueba y tres curvas ajustadas"),
            ("Without a penalty the curve goes through the samples; each penalty bends it in its own way.", "Sin penalización, la curva pasa por las muestras; cada penalización la deforma a su manera."));

        c.Question(
            ("Would ten times the epochs have saved the first fit?", "¿Diez veces más épocas habrían salvado el primer ajuste?"),
            ($"Barely: the flat direction needs {slow:0} epochs for each factor $e$, and its distance must shrink by a factor of a hundred, some {Math.Log(100) * slow:0} epochs.",
                $"Apenas: la dirección plana necesita {slow:0} épocas por cada factor $e$, y su distancia debe reducirse cien veces, unas {Math.Log(100) * slow:0} épocas."));
        c.Question(
            ("What happens with a rate just above the bound?", "¿Qué ocurre con una tasa apenas mayor que la cota?"),
            ($"Above $2/\\lambda_{{\\max}} = {bound:0.00000}$ the factor $1 - \\eta\\lambda_{{\\max}}$ is below $-1$: the distance along the steep direction changes its sign and grows in each step.",
                $"Por encima de $2/\\lambda_{{\\max}} = {bound:0.00000}$ el factor $1 - \\eta\\lambda_{{\\max}}$ es menor que $-1$: la distancia en la dirección empinada cambia de signo y crece en cada paso."));
    }
}
