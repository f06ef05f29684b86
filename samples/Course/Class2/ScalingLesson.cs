using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>The same three numbers with features of one scale: the fit succeeds, and penalties show what they do.</summary>
internal static class ScalingLesson
{
    public static void Run(Chapter c)
    {
        #region scaled
        var (train, _, test) = RegressionLesson.Powers();
        var scaler = Scaler.Standard(train.Inputs.Slice(1, ..2));
        Dataset Scaled(Dataset data) => data.MapInputs(x => scaler.Apply(x.Slice(1, ..2)));
        // The slope of |w| does not fade at 0: with L1 the weight jumps by rate·λ around it, so its rate is lower.
        (string Name, double Rate, Func<Tree<Expr>, Expr>? Penalty)[] stronger =
        [
            (c["none", "ninguna"], 0.25, null), ("L1, λ = 4", 0.05, w => w.L1Penalty(4)), ("L2, λ = 0.5", 0.25, w => w.L2Penalty(0.5)),
        ];
        var scaled = stronger.Select(p => RegressionLesson.Fit(Scaled(train), bias: true, p.Rate, c.Brief ? 20 : 300, p.Penalty)).ToList();
        #endregion

        c.Text(
            "The lesson before this one did not find three numbers, since one learning rate had to serve curvatures that differ by a factor of thousands. The cure is one line: features of mean 0 and standard deviation 1, both measured on the training rows.",
            "La lección anterior no encontró tres números porque una sola tasa de aprendizaje debía servir para curvaturas que difieren en un factor de miles. La solución cabe en una línea: atributos de media 0 y desviación estándar 1, ambas medidas en las filas de entrenamiento.");
        c.Formula(@"z_j = \frac{x_j - \bar{x}_j}{s_j}, \qquad L(w) = \frac{1}{n} \|Z w + b - y\|^2 + \lambda \sum_j |w_j| \quad \text{" + c["or", "o"] + @"} \quad \dots + \lambda \sum_j w_j^2");
        c.Code("scaled");
        var rows = Expr.Constant(Scaled(train).Inputs);
        var ofScaled = (2.0 / train.Count * rows.T.MatMul(rows)).Eigh().Values.Evaluate().ToDoubles();
        c.Table(RegressionLesson.Columns, stronger.Zip(scaled, (p, fit) => RegressionLesson.Row(p.Name, fit, Scaled(test))));
        double Weight(int fit) => scaled[fit].Trained.Parameters["weight"].ToDoubles()[1];
        double ScaledError(int i) => RegressionLesson.Error(scaled[i], Scaled(test));
        c.Text(
            $"Now $\\kappa = {ofScaled[^1] / ofScaled[0]:0}$, the rate may be 0.25, and the error falls to {ScaledError(0):0.000}, that of the noise. And the penalties show what they do. The features $x^2$ and $x$ are strongly correlated: L2 shares the weight between them, L1 keeps one and pushes the other to about 0 ({Weight(1):0.00}). Both raise the error here, since the model is right and samples are many.",
            $"Ahora $\\kappa = {ofScaled[^1] / ofScaled[0]:0}$, la tasa puede ser 0.25 y el error baja a {ScaledError(0):0.000}, el del ruido. Y las penalizaciones muestran lo que hacen. Los atributos $x^2$ y $x$ están muy correlacionados: L2 reparte el peso entre ambos; L1 conserva uno y lleva el otro a casi 0 ({Weight(1):0.00}). Aquí ambas aumentan el error, porque el modelo es correcto y las muestras abundan.");
        c.Result("test error, scaled", "error de prueba, escalado", $"{ScaledError(0):0.000}");
        c.Claim(ScaledError(0) < 0.05 && ScaledError(1) > 0.5 && ScaledError(2) > 0.5, "scaled, the error is the noise; the penalties cost");
        c.Claim(Math.Abs(Weight(1)) < 0.3 && Weight(2) > 1, "L1 pushes a weight to about 0, L2 shares");

        var grid = Tensor.Linspace(0, 10, 100);
        var inputs = grid.Reshape(100, 1).Cast(DType.F64).Compute(v => Expr.Concat(1, Square(v), v));
        var curves = Plot.Titled(c["Scaled features: the fits", "Atributos escalados: los ajustes"]).Labels("x", "y")
            .Dots(c["test samples", "muestras de prueba"], test.Inputs.Slice(1, 1..2).ToDoubles().Take(250), test.Targets.ToDoubles().Take(250));
        foreach (var ((name, _, _), fit) in stronger.Zip(scaled))
            curves = curves.Line(name, grid.ToDoubles(), fit.Trained.Predict(scaler.Apply(inputs)).ToDoubles());
        c.Figure("regression-scaled", curves, ("The test samples and three fitted curves", "Las muestras de prueba y tres curvas ajustadas"),
            ("Without a penalty the curve goes through the samples; both penalties flatten it.", "Sin penalización, la curva pasa por las muestras; ambas penalizaciones la aplanan."));

        c.Question(
            ("Why does L1 push a weight to 0, and L2 not?", "¿Por qué L1 lleva un peso a 0 y L2 no?"),
            ("The slope of $\\lambda w^2$ fades as $w$ comes near 0, that of $\\lambda |w|$ does not: a weight that lowers the error by less than $\\lambda$ per unit is pushed to 0. With steps of a fixed rate it then jumps a little about 0; the lesson `penalty-path` has a step that sets it to exactly 0.",
                "La pendiente de $\\lambda w^2$ se desvanece cuando $w$ se acerca a 0; la de $\\lambda |w|$ no: un peso que reduce el error en menos de $\\lambda$ por unidad termina en 0. Con pasos de tasa fija salta luego un poco alrededor de 0; la lección `penalty-path` tiene un paso que lo hace exactamente 0."));
        c.Question(
            ("Are the weights now 1, $-4$ and 7?", "¿Son ahora los pesos 1, $-4$ y 7?"),
            ($"Not directly, since the features are scaled. Divided by the standard deviations of $x^2$ and $x$ the first two are {Natural(0):0.000} and {Natural(1):0.000}.",
                $"No directamente, porque los atributos están escalados. Divididos entre las desviaciones estándar de $x^2$ y $x$, los dos primeros son {Natural(0):0.000} y {Natural(1):0.000}."));
        c.Claim(Math.Abs(Natural(0) - 1) < 0.02 && Math.Abs(Natural(1) + 4) < 0.2, "in the units of x, the weights are the true ones");

        double Natural(int i) => scaled[0].Trained.Parameters["weight"].ToDoubles()[i] / scaler.Divisors[i];
    }
}
