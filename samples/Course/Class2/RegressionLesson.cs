using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>The third exercise, first half: three coefficients by mini-batches, and why they are slow.</summary>
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

    #region fit
    /// <summary>The columns x², x and 1 beside y, in rows to train, to validate and to test; in f64.</summary>
    public static (Dataset Train, Dataset Validation, Dataset Test) Powers()
    {
        var (x, y) = Samples(10_000, seed: 3);
        var powers = x.Cast(DType.F64).Compute(v => Expr.Concat(1, Square(v), v, 0 * v + 1));
        return Dataset.From(powers, y.Cast(DType.F64)).Split(validation: 0.1, test: 0.1, seed: 3);
    }

    /// <summary>Mini-batch SGD from weights of 0, with a penalty or without.</summary>
    public static TrainingResult Fit(
        Dataset data, bool bias, double rate, int epochs, Func<Tree<Expr>, Expr>? penalty, Func<EpochReport, Answer>? each = null)
    {
        var learner = Layers.Linear(1, bias, weight: Initializers.Zeros).Learner(Losses.Mse, Optimizers.Sgd(rate)).Typed(DType.F64);
        return (penalty is null ? learner : learner.Penalized(penalty))
            .Fit(data, new TrainingOptions(epochs, BatchSize: 4_000, Seed: 3, OnEpoch: each));
    }

    /// <summary>The mean squared error of a fit.</summary>
    public static double Error(TrainingResult fit, Dataset data) => Metrics.Mse.Of(data.Targets, fit.Trained.Predict(data.Inputs));
    #endregion

    /// <summary>A row of a table: the name, the weights, the error.</summary>
    public static string[] Row(string name, TrainingResult fit, Dataset data) =>
        [name, .. fit.Trained.Parameters.Values.SelectMany(w => w.ToDoubles()).Select(w => $"{w:0.000}"), $"{Error(fit, data):0.000}"];

    /// <summary>The columns of that table.</summary>
    public static Words[] Columns =>
        [("penalty", "penalización"), ("$w_1$", "$w_1$"), ("$w_2$", "$w_2$"), ("$w_3$", "$w_3$"), ("test error", "error de prueba")];

    public static void Run(Chapter c)
    {
        c.Text(
            "Ten thousand samples of $(x-2)^2+3$ with noise, and a model that holds the truth: $w_1 x^2 + w_2 x + w_3$ with $w = (1, -4, 7)$. "
                + "Mini-batch SGD with the rate and the epochs of the course. Will it find the three numbers?",
            "Diez mil muestras de $(x-2)^2+3$ con ruido y un modelo que contiene la verdad: $w_1 x^2 + w_2 x + w_3$ con $w = (1, -4, 7)$. "
                + "SGD por minilotes con la tasa y las épocas del curso. ¿Encontrará los tres números?");
        c.Code("data");

        #region course
        var (train, _, test) = Powers();
        var epochs = c.Brief ? 60 : 1000;
        (string Name, Func<Tree<Expr>, Expr>? Penalty)[] penalties =
        [
            (c["none", "ninguna"], null), ("L1, λ = 0.5", w => w.L1Penalty(0.5)), ("L2, λ = 0.5", w => w.L2Penalty(0.5)),
        ];
        var path = new List<double[]>();
        var fits = penalties.Select(p => Fit(train, bias: false, 1e-4, epochs, p.Penalty, report =>
        {
            if (p.Penalty is null)
                path.Add(report.State.Value.Parameters.Values[0].ToDoubles());
            return Answer.Continue;
        })).ToList();
        #endregion

        c.Code("fit");
        c.Code("course");
        c.Table(Columns, penalties.Zip(fits, (p, fit) => Row(p.Name, fit, test)));
        double first = Error(fits[0], test);
        c.Text(
            $"After {epochs} epochs the error is {first:0.00}, though the noise alone makes 0.04, and $w_3$ is nowhere near 7. The three penalties hardly differ. "
                + "The course stopped here, with 6.75; what is wrong is neither the model nor the penalty.",
            $"Tras {epochs} épocas el error es {first:0.00}, aunque el ruido por sí solo produce 0.04, y $w_3$ está muy lejos de 7. Las tres penalizaciones apenas se distinguen. "
                + "El curso terminaba aquí, con 6.75; el problema no es el modelo ni la penalización.");
        c.Result("test error, unscaled", "error de prueba, sin escalar", $"{first:0.00}");
        c.Claim(first is > 5 and < 8 && fits.All(fit => Math.Abs(Error(fit, test) - first) < 0.8), "errors of about 6.7, alike for the penalties");

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
        var plot = Plot.Titled(c["Distance from the minimum, by direction", "Distancia al mínimo, por dirección"]).Labels(c["epoch", "época"], "|d|").WithLogX().WithLogY();
        for (var i = 2; i >= 0; i--)
            plot = plot.Line($"λ = {curvature[i]:0.##}", steps, path.Select(w => Math.Abs(axes.Column(i).DotProduct(MathNet.Numerics.LinearAlgebra.Vector<double>.Build.Dense(w) - goal))));
        c.Figure("regression-directions", plot,
            ("The distance from the minimum along three eigenvectors, on logarithmic axes", "La distancia al mínimo a lo largo de tres autovectores, en ejes logarítmicos"),
            ("The steep direction is done in a few epochs, and then trembles with the batches; the flat one has hardly begun.",
                "La dirección empinada termina en pocas épocas y luego tiembla con los minilotes; la plana apenas ha empezado."));

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
