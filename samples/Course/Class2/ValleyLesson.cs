using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>A narrow valley: the condition number, the rates that it allows, and what momentum gains.</summary>
internal static class ValleyLesson
{
    private static readonly Expr X = Expr.Symbol("x"), Y = Expr.Symbol("y");

    #region valley
    private static Expr Valley(double condition) => (X.Pow(2) + condition * Y.Pow(2)) / 2;

    private static Descent From(Expr valley, Optimizer optimizer, int epochs) =>
        Descent.Run(valley, optimizer, [(X, -9.0), (Y, 2.0)], maxEpochs: epochs);

    // Steps until a millionth of the height at the start is left; all of them, where it is not reached.
    private static int StepsOf(Expr valley, Optimizer optimizer, int epochs)
    {
        var start = valley.Compile(X, Y)(-9, 2);
        var reached = From(valley, optimizer, epochs).Rows.FirstOrDefault(row => row.Value <= 1e-6 * start);
        return reached is null ? epochs : reached.Epoch + 1;
    }
    #endregion

    public static void Run(Chapter c)
    {
        var valley = Valley(20);
        c.Text("Near their minimum, most loss functions look like a long valley: steep across, almost flat along. The ratio of the greatest to the least curvature is the *condition number* $κ$.",
            "Cerca de su mínimo, la mayoría de las funciones de pérdida parecen un valle alargado: empinado a lo ancho y casi plano a lo largo. El cociente entre la curvatura máxima y la mínima es el *número de condición* $κ$.");
        c.Code("valley");
        c.Formula($@"f(x, y) = {valley.ToLatex()}");
        c.Formula($@"\frac{{\partial^2 f}}{{\partial x^2}} = {valley.Derivative(X, 2).ToLatex()} \qquad \frac{{\partial^2 f}}{{\partial y^2}} = {valley.Derivative(Y, 2).ToLatex()}");

        c.Heading("Three ways down", "Tres formas de bajar");
        c.Code("trails");
        #region trails
        (string Name, Optimizer Optimizer)[] ways =
        [
            (c["rate 0.02", "tasa 0.02"], Optimizers.Sgd(0.02)),
            (c["rate 0.095", "tasa 0.095"], Optimizers.Sgd(0.095)),
            (c["rate 0.04, momentum 0.7", "tasa 0.04, momento 0.7"], Optimizers.Momentum(0.04, decay: 0.7)),
        ];
        var descents = ways.Select(way => From(valley, way.Optimizer, 40)).ToList();
        var trails = ways.Zip(descents, (way, descent) =>
            Trail.Of(way.Name, [(-9, 2), .. descent.Rows.Select(row => (row.After[0], row.After[1]))]));
        #endregion
        var surface = Surface.Over(-10, 4, -3, 3, valley.Compile(X, Y)).Titled(c["A narrow valley, κ = 20: 40 steps", "Un valle estrecho, κ = 20: 40 pasos"]);
        double Value(int i) => descents[i].Rows[^1].Value;
        c.Claim(Value(2) < Value(1) / 100 && Value(1) < Value(0), "momentum is ahead after 40 steps, the small rate last");
        c.Figure("valley", DescentPicture.Figure(View.Map, trails, surface), ("A map of a narrow valley with three trails", "Mapa de un valle estrecho con tres trayectorias"),
            ($"A small rate creeps along the valley (f = {Value(0):0.0e0} after 40 steps), one near the limit jumps from side to side ({Value(1):0.0e0}); momentum cancels the jumps, which change sign, and adds up the steps along, which do not ({Value(2):0.0e0}).", $"Una tasa pequeña avanza despacio por el valle (f = {Value(0):0.0e0} tras 40 pasos); una cercana al límite salta de un lado a otro ({Value(1):0.0e0}); el momento cancela los saltos, que cambian de signo, y acumula los pasos a lo largo, que no cambian ({Value(2):0.0e0})."));

        c.Heading("How large may the learning rate be?", "¿Qué tan grande puede ser la tasa de aprendizaje?");
        c.Text("A step multiplies $y$ by $1 - ηκ$ and $x$ by $1 - η$. Beyond $η = 2/κ$ the first factor exceeds 1 in absolute value, and the descent diverges: the steepest direction limits the rate, and the flattest one decides how many steps are needed.",
            "Un paso multiplica $y$ por $1 - ηκ$ y $x$ por $1 - η$. Más allá de $η = 2/κ$ el primer factor supera 1 en valor absoluto y el descenso diverge: la dirección más empinada limita la tasa, y la más plana marca cuántos pasos hacen falta.");
        c.Code("rates");
        #region rates
        double[] rates = [.. Enumerable.Range(1, 21).Select(i => 0.005 * i)];
        double[] steps = [.. rates.Select(rate => (double)StepsOf(valley, Optimizers.Sgd(rate), 1000))];
        #endregion
        var fewest = rates[Array.IndexOf(steps, steps.Min())];
        c.Claim(Math.Abs(fewest - 2.0 / 21) <= 0.005 && steps[^1] == 1000, "the best rate is 2 / (1 + κ), and beyond 2 / κ nothing is reached");
        c.Figure("valley-rates", Plot.Titled(c["Steps to a millionth of the height", "Pasos hasta una millonésima de la altura"]).Labels(c["rate η", "tasa η"], c["steps, at most 1000", "pasos, como mucho 1000"]).WithLogY()
            .Line(c["gradient descent", "descenso por gradiente"], rates[..^1], steps[..^1]).Dots(c["gradient descent", "descenso por gradiente"], rates[..^1], steps[..^1])
            .Dashes(c["limit 2/κ", "límite 2/κ"], [0.1, 0.1], [10, 1000]),
            ("Steps over the rate, with a sudden rise at two over kappa", "Pasos según la tasa, con un salto brusco en dos entre kappa"),
            ($"The fewest steps, {steps.Min():0}, are at the rate {fewest:0.000}, close to 2/(1 + κ) = {2.0 / 21:0.000}. From 2/κ = 0.1 on, 1000 steps are not enough.", $"El mínimo, {steps.Min():0} pasos, se da con la tasa {fewest:0.000}, cerca de 2/(1 + κ) = {2.0 / 21:0.000}. A partir de 2/κ = 0.1 no bastan 1000 pasos."));

        c.Heading("What the condition number costs", "Lo que cuesta el número de condición");
        c.Code("conditions");
        #region conditions
        double[] conditions = c.Brief ? [2, 20] : [2, 5, 10, 20, 50, 100, 200, 500];
        double[] plain = [.. conditions.Select(k => (double)StepsOf(Valley(k), Optimizers.Sgd(2 / (1 + k)), 5000))];
        double[] momentum = [.. conditions.Select(k => (Root: Math.Sqrt(k), Ratio: (Math.Sqrt(k) - 1) / (Math.Sqrt(k) + 1)))
            .Zip(conditions, (k, condition) => (double)StepsOf(
                Valley(condition), Optimizers.Momentum(Math.Pow(2 / (k.Root + 1), 2), decay: Math.Pow(k.Ratio, 2)), 5000))];
        #endregion
        double Growth(double[] counts) => Math.Log(counts[^1] / counts[^3]) / Math.Log(conditions[^1] / conditions[^3]);
        c.Claim(c.Brief || (Growth(plain) is > 0.85 and < 1.15 && Growth(momentum) is > 0.4 and < 0.65), "steps grow as κ, with momentum as its root");
        c.Figure("valley-conditions", Plot.Titled(c["Steps at the best rate and momentum", "Pasos con la mejor tasa y el mejor momento"]).Labels(c["condition number κ", "número de condición κ"], c["steps", "pasos"]).WithLogX().WithLogY()
            .Line(c["gradient descent", "descenso por gradiente"], conditions, plain).Line(c["with momentum", "con momento"], conditions, momentum),
            ("Steps over the condition number on logarithmic axes", "Pasos según el número de condición, en ejes logarítmicos"),
            ("Each with the rate and the momentum that are best in theory: without momentum the steps grow as κ, with momentum as √κ.", "Cada uno con la tasa y el momento óptimos según la teoría: sin momento los pasos crecen como κ; con momento, como √κ."));

        c.Heading("The other cure: scaled inputs", "El otro remedio: entradas escaladas");
        c.Code("scaled");
        #region scaled
        var table = Tables.Penguins().Complete();
        var inputs = table.Numbers(DType.F64, "beak_length_mm", "beak_depth_mm", "flipper_length_mm", "body_mass_g");
        double Condition(Tensor rows)
        {
            var w = Expr.Variable("w", DType.F64, 4, 1);
            var loss = Losses.Mse(Expr.Constant(Tensor.Zeros(table.RowCount, 1).Cast(DType.F64)), Expr.Constant(rows).MatMul(w));
            return loss.Hessian(w).Evaluate(("w", Tensor.Zeros(4, 1).Cast(DType.F64))).Reshape(4, 4).ToMatrix().ConditionNumber();
        }
        #endregion
        var (raw, scaled) = (Condition(inputs), Condition(Scaler.Standard(inputs).Apply(inputs)));
        c.Claim(raw > 1e4 * scaled && scaled < Math.Sqrt(raw) / 10, "scaling lowers the condition number by orders of magnitude, below the root of the raw one");
        c.Result("condition number of a linear model on penguins: raw, standardized", "número de condición de un modelo lineal con los pingüinos: original, estandarizado", $"{raw:0.0e0}, {scaled:0.0}");
        c.Text($"A linear model on four measures of penguins, in millimetres and grams, has the condition number {raw:0.0e0}. With standardized inputs it is {scaled:0.0}. Momentum on the raw inputs, with $\\sqrt{{κ}}$ = {Math.Sqrt(raw):0}, would gain less than this one line of scaling.",
            $"Un modelo lineal con cuatro medidas de pingüinos, en milímetros y gramos, tiene número de condición {raw:0.0e0}. Con entradas estandarizadas es {scaled:0.0}. El momento con las entradas originales, con $\\sqrt{{κ}}$ = {Math.Sqrt(raw):0}, ganaría menos que esta línea de escalado.");

        c.Question(("At κ = 100, how many steps does momentum save?", "Con κ = 100, ¿cuántos pasos ahorra el momento?"),
            ($"{plain[c.Brief ? 1 : 5]:0} without and {momentum[c.Brief ? 1 : 5]:0} with it: a factor of {plain[c.Brief ? 1 : 5] / momentum[c.Brief ? 1 : 5]:0}, of the order of √κ = 10.", $"{plain[c.Brief ? 1 : 5]:0} sin momento y {momentum[c.Brief ? 1 : 5]:0} con él: un factor de {plain[c.Brief ? 1 : 5] / momentum[c.Brief ? 1 : 5]:0}, del orden de √κ = 10."));
        c.Question(("Why not simply take a larger rate along the valley?", "¿Por qué no tomar simplemente una tasa mayor a lo largo del valle?"),
            ("The same rate holds for all directions, and the steep one does not allow it. A rate for each direction is what adaptive optimizers and Newton's method try to find.", "La misma tasa rige en todas las direcciones, y la empinada no la admite. Una tasa para cada dirección es lo que buscan los optimizadores adaptativos y el método de Newton."));
    }
}
