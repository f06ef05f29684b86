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

    public static double Error(TrainingResult fit, Dataset data) => Metrics.Mse.Of(data.Targets, fit.Trained.Predict(data.Inputs));
    #endregion

    /// <summary>A row of the table of fits, which is that of the next lesson as well.</summary>
    public static string[] Row(string name, TrainingResult fit, Dataset data) =>
        [name, .. fit.Trained.Parameters.Values.SelectMany(w => w.ToDoubles()).Select(w => $"{w:0.000}"), $"{Error(fit, data):0.000}"];

    public static Words[] Columns =>
        [("penalty", "penalización"), ("$w_1$", "$w_1$"), ("$w_2$", "$w_2$"), ("$w_3$", "$w_3$"), ("test error", "error de prueba")];

    public static void Run(Chapter c)
    {
        c.Text("Ten thousand samples of $(x-2)^2+3$ with noise, and a model that contains the truth: $w_1 x^2 + w_2 x + w_3$ with $w = (1, -4, 7)$. Mini-batch SGD runs with the learning rate and the epochs of the course. Will it find the three numbers?",
            "Diez mil muestras de $(x-2)^2+3$ con ruido y un modelo que contiene la verdad: $w_1 x^2 + w_2 x + w_3$ con $w = (1, -4, 7)$. SGD por minilotes usa la tasa de aprendizaje y las épocas del curso. ¿Encontrará los tres números?");
        c.Code("data");
        #region course
        var (train, _, test) = Powers();
        var epochs = c.Brief ? 60 : 1000;
        (string Name, Func<Tree<Expr>, Expr>? Penalty)[] penalties =
            [(c["none", "ninguna"], null), ("L1, λ = 0.5", w => w.L1Penalty(0.5)), ("L2, λ = 0.5", w => w.L2Penalty(0.5))];
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
        c.Text($"After {epochs} epochs the error is {first:0.00}, though the noise alone makes 0.04, and $w_3$ is nowhere near 7. The penalties hardly change that. The course stopped here, with 6.75. Neither the model nor the penalty is to blame.",
            $"Tras {epochs} épocas el error es {first:0.00}, aunque el ruido por sí solo produce 0.04, y $w_3$ está muy lejos de 7. Las penalizaciones apenas lo cambian. El curso terminaba aquí, con 6.75. La culpa no es del modelo ni de la penalización.");
        c.Result("test error, unscaled", "error de prueba, sin escalar", $"{first:0.00}");
        c.Claim(first is > 5 and < 8 && fits.All(fit => Math.Abs(Error(fit, test) - first) < 0.8), "errors of about 6, alike for the penalties");

        c.Heading("Why: one rate for three curvatures", "Por qué: una sola tasa para tres curvaturas");
        c.Text("The error is a quadratic bowl with the constant Hessian $H$. Along its eigenvector with eigenvalue $\\lambda_i$, each step multiplies the distance $d_i$ from the minimum by a factor of its own; the rate $\\eta$ must suit them all:",
            "El error es un cuenco cuadrático con hessiano constante $H$. A lo largo del autovector con autovalor $\\lambda_i$, cada paso multiplica la distancia $d_i$ al mínimo por su propio factor; la tasa $\\eta$ debe servir para todas:");
        c.Formula(@"H = \frac{2}{n} X^\top X, \qquad d_i \leftarrow (1 - \eta \lambda_i)\, d_i, \qquad 0 < \eta < \frac{2}{\lambda_{\max}}, \qquad \kappa = \frac{\lambda_{\max}}{\lambda_{\min}}");
        c.Code("why");
        #region why
        Expr features = Expr.Constant(train.Inputs), targets = Expr.Constant(train.Targets);
        var (values, vectors) = (2.0 / train.Count * features.T.MatMul(features)).Eigh();
        var best = features.PseudoInverse().MatMul(targets);
        double[] curvature = values.Evaluate().ToDoubles();
        double bound = 2 / curvature[^1], condition = curvature[^1] / curvature[0];
        double slow = 1 / (2 * 1e-4 * curvature[0]);   // an epoch has two steps
        #endregion
        var lambdas = string.Join(@",\ ", curvature.Reverse().Select(v => $"{v:0.##}"));
        c.Text($"Here $\\lambda = {lambdas}$ and $\\kappa = {condition:0}$. The steep direction allows no rate above {bound:0.00000}. At $\\eta = 10^{{-4}}$, with two steps per epoch, the flat one needs $1 / (2 \\eta \\lambda_{{\\min}}) = {slow:0}$ epochs to come closer by the factor $e$.",
            $"Aquí $\\lambda = {lambdas}$ y $\\kappa = {condition:0}$. La dirección empinada no admite tasas mayores que {bound:0.00000}. Con $\\eta = 10^{{-4}}$ y dos pasos por época, la plana necesita $1 / (2 \\eta \\lambda_{{\\min}}) = {slow:0}$ épocas para acercarse por un factor $e$.");
        c.Result("condition number, unscaled", "número de condición, sin escalar", $"{condition:0}");

        var (axes, goal) = (vectors.Evaluate().ToMatrix(), best.Evaluate().ToMatrix().Column(0));
        double Distance(double[] w, int direction) => Math.Abs(axes.Column(direction).DotProduct(MathNet.Numerics.LinearAlgebra.Vector<double>.Build.Dense(w) - goal));
        var plot = Plot.Titled(c["Distance from the minimum, by direction", "Distancia al mínimo, por dirección"]).Labels(c["epoch", "época"], "|d|").WithLogX().WithLogY();
        foreach (var i in new[] { 2, 1, 0 })
            plot = plot.Line($"λ = {curvature[i]:0.##}", path.Select((_, epoch) => epoch + 1.0), path.Select(w => Distance(w, i)));
        c.Figure("regression-directions", plot,
            ("The distance from the minimum along three eigenvectors, on logarithmic axes", "La distancia al mínimo a lo largo de tres autovectores, en ejes logarítmicos"),
            ("The steep direction arrives in a few epochs and then trembles with the mini-batches; the middle one is half-way; the flat one has hardly begun.", "La dirección empinada llega en pocas épocas y luego tiembla con los minilotes; la intermedia va a medio camino; la plana apenas ha empezado."));
        c.Claim(Distance(path[^1], 2) < 0.01 && Distance(path[^1], 0) > 0.9 * Distance(path[0], 0), "the steep direction has arrived, the flat one has hardly begun");

        c.Question(("Would ten times the epochs have saved the first fit?", "¿Diez veces más épocas habrían salvado el primer ajuste?"),
            ($"No: after {10 * epochs} epochs the distance in the flat direction is still {Math.Exp(-10 * epochs / slow):0%} of what it was. To a hundredth of it, some {Math.Log(100) * slow:0} epochs are needed.",
                $"No: tras {10 * epochs} épocas, la distancia en la dirección plana aún es el {Math.Exp(-10 * epochs / slow):0%} de la inicial. Para llegar a un centésimo hacen falta unas {Math.Log(100) * slow:0} épocas."));
        c.Question(("What happens with a rate just above the bound?", "¿Qué ocurre con una tasa apenas mayor que la cota?"),
            ($"Above $2/\\lambda_{{\\max}} = {bound:0.00000}$ the factor $1 - \\eta\\lambda_{{\\max}}$ is below $-1$: the distance along the steep direction changes its sign and grows in each step.",
                $"Por encima de $2/\\lambda_{{\\max}} = {bound:0.00000}$ el factor $1 - \\eta\\lambda_{{\\max}}$ es menor que $-1$: la distancia en la dirección empinada cambia de signo y crece en cada paso."));
    }
}
