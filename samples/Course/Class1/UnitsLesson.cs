using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Hidden units beside their derivatives: where they saturate, what ten layers leave of a gradient, and what is stuck.</summary>
internal static class UnitsLesson
{
    public static void Run(Chapter c)
    {
        c.Text("A hidden unit applies a nonlinear function to a weighted sum $z$. Its derivative decides how much of the gradient passes back to the layers below. The code names nine units; DL1 derives their derivatives.",
            "Una unidad oculta aplica una función no lineal a una suma ponderada $z$. Su derivada decide qué parte del gradiente llega a las capas anteriores. El código nombra nueve unidades; DL1 deduce sus derivadas.");
        c.Code("units");
        #region units
        var z = Expr.Symbol("z");
        (string Name, Func<Expr, Expr> Function)[] units =
        [
            (c["sigmoid", "sigmoide"], Sigmoid), ("tanh", Tanh), ("softsign", Softsign),
            ("softplus", Softplus), ("ReLU", Relu), (c["leaky ReLU", "ReLU con fuga"], x => LeakyRelu(x, 0.1)),
            ("ELU", Elu), ("GELU", Gelu), ("SiLU", Silu),
        ];
        var slopes = units.Select(unit => unit.Function(z).Derivative(z)).ToList();
        #endregion
        foreach (var i in new[] { 0, 1, 3, 8 })
        {
            c.Formula($@"f(z) = {units[i].Function(z).ToLatex()}, \qquad f'(z) = {slopes[i].ToLatex()}");
        }

        var grid = Tensor.Linspace(-5, 5, 301).ToDoubles();
        double[] Over(Expr f) => [.. grid.Select(f.Compile(z))];
        var panels = units.Select((unit, i) => Figure.Of(Plot.Titled(unit.Name).Labels("z", "")
            .Line("", grid, Over(unit.Function(z))).Dashes("", grid, Over(slopes[i])).WithYLimits(-1.2, 3.2)));
        c.Figure("units", Figure.Grid(3, panels).Titled(c["Hidden units (solid) and their derivatives (dashed)", "Unidades ocultas (línea) y sus derivadas (trazos)"]),
            ("Nine panels, each with a unit and its derivative", "Nueve paneles, cada uno con una unidad y su derivada"),
            ("Sigmoid, tanh and softsign are flat on both sides; ReLU, softplus, ELU, GELU and SiLU on the left only; the leaky ReLU nowhere. GELU and SiLU dip below 0 and come back, so their derivatives take both signs.", "La sigmoide, la tanh y la softsign son planas a ambos lados; ReLU, softplus, ELU, GELU y SiLU, solo a la izquierda; la ReLU con fuga, en ninguno. GELU y SiLU bajan de 0 y regresan, así que su derivada toma ambos signos."));

        c.Heading("Saturation", "Saturación");
        c.Text("A unit *saturates* where its derivative is near 0: there its own weights do not learn, nor do those of the layers below. Through ten layers the derivatives multiply. We apply each unit ten times in a row and ask reverse mode for the derivative of the whole at $z = 1$.",
            "Una unidad se *satura* donde su derivada es casi 0: ahí no aprenden sus pesos ni los de las capas anteriores. A lo largo de diez capas las derivadas se multiplican. Aplicamos cada unidad diez veces seguidas y pedimos al modo inverso la derivada del conjunto en $z = 1$.");
        c.Code("deep");
        #region deep
        double ThroughTen(Func<Expr, Expr> unit)
        {
            var deep = Enumerable.Range(0, 10).Aggregate(z, (below, _) => unit(below));
            return deep.Gradient(z)[0].Evaluate((z, 1.0)).ToDouble();
        }
        #endregion
        double Slope(int unit, double at) => Math.Round(slopes[unit].Compile(z)(at), 4) + 0.0;   // no −0.0000
        var passed = units.Select(unit => ThroughTen(unit.Function)).ToList();
        c.Table([("unit", "unidad"), ("f′(−5)", "f′(−5)"), ("f′(0)", "f′(0)"), ("f′(5)", "f′(5)"), ("greatest slope", "pendiente máxima"), ("through ten layers", "tras diez capas")],
            units.Select((unit, i) => new[] { unit.Name, $"{Slope(i, -5):0.0000}", $"{Slope(i, 0):0.0000}", $"{Slope(i, 5):0.0000}", $"{Over(slopes[i]).Max():0.000}", $"{passed[i]:0.0e0}" }));
        c.Claim(passed[0] < 1e-6 && passed[4] == 1, "ten sigmoids pass less than a millionth, ReLUs pass everything");
        c.Claim(Slope(0, 0) == 0.25 && Over(slopes[0]).Max() <= 0.25 + 1e-12, "the slope of a sigmoid is at most a quarter");
        c.Result("gradient left after ten layers: sigmoid, ReLU", "gradiente que queda tras diez capas: sigmoide, ReLU", $"{passed[0]:0.0e0}, {passed[4]:0}");
        c.Text($"The slope of a sigmoid is at most a quarter, so ten of them leave {passed[0]:0.0e0} of the gradient. A positive ReLU passes all of it. This is one reason why deep networks use ReLU and its relatives, normalization and well-chosen initial weights.",
            $"La pendiente de una sigmoide es como mucho un cuarto, así que diez dejan {passed[0]:0.0e0} del gradiente. Una ReLU con entrada positiva lo deja pasar íntegro. Es una de las razones por las que las redes profundas usan la ReLU y sus variantes, normalización y pesos iniciales bien elegidos.");

        c.Heading("A unit that starts on the wrong side", "Una unidad que empieza en el lado equivocado");
        c.Text("Now one unit is to give 0.6, and starts at $z = -2$. Gradient descent moves $z$ by the squared error, with the rate 0.5.",
            "Ahora una unidad debe dar 0.6 y empieza en $z = -2$. El descenso por gradiente mueve $z$ según el error cuadrático, con una tasa de aprendizaje de 0.5.");
        c.Code("start");
        #region start
        var steps = c.Brief ? 40 : 400;
        var runs = units.Select(unit => Descent.Run(
            (unit.Function(z) - 0.6).Pow(2), Optimizers.Sgd(0.5), [(z, -2.0)], maxEpochs: steps, patience: steps)).ToList();
        #endregion
        var picture = runs.Zip(units).Aggregate(
            Plot.Titled(c["From z = −2 to an output of 0.6", "De z = −2 a una salida de 0.6"]).Labels(c["step", "paso"], c["squared error", "error cuadrático"]).WithLogX(),
            (plot, run) => plot.Line(run.Second.Name, run.First.Rows.Select(row => row.Epoch + 1.0), run.First.Rows.Select(row => row.Value)));
        double Last(int unit) => runs[unit].Rows[^1].Value;
        c.Claim(runs[4].Rows[^1].After[0] == -2, "the ReLU has not moved");
        c.Claim(Math.Abs(Slope(1, 5)) < Slope(0, 5), "tanh is flatter at 5 than the sigmoid");
        c.Claim(new[] { 0, 1, 2, 3, 5, 6 }.All(unit => Last(unit) < 1e-4), "the others arrive");
        c.Claim(new[] { 7, 8 }.All(unit => runs[unit].Rows[^1].After[0] < -2 && Last(unit) > 0.3), "GELU and SiLU go the wrong way");
        c.Figure("units-start", picture, ("The squared error of nine units over steps", "El error cuadrático de nueve unidades a lo largo de los pasos"),
            ($"Six units arrive. ReLU has the slope 0 and never moves; GELU and SiLU have a negative slope there and move away slowly, to z = {runs[7].Rows[^1].After[0]:0.0} and {runs[8].Rows[^1].After[0]:0.0}.", $"Seis unidades llegan. La ReLU tiene pendiente 0 y no se mueve; GELU y SiLU tienen ahí pendiente negativa y se alejan despacio, hasta z = {runs[7].Rows[^1].After[0]:0.0} y {runs[8].Rows[^1].After[0]:0.0}."));
        c.Text("In a network the unit sees many inputs, and some of them usually put it on its active side. A ReLU that no input activates has the gradient 0 for all of them: it is *dead*.",
            "En una red la unidad recibe muchas entradas y, por lo general, alguna la sitúa en su lado activo. Una ReLU que ninguna entrada activa tiene gradiente 0 en todas: está *muerta*.");

        c.Question(("Which of the nine would you put into a network of fifty layers without normalization, and which certainly not?", "¿Cuál de las nueve pondrías en una red de cincuenta capas sin normalización, y cuál de ningún modo?"),
            ($"One whose slope is 1 over a wide range: ReLU or its leaky variant. Certainly not the sigmoid: ten layers already leave only {passed[0]:0.0e0}.", $"Una cuya pendiente sea 1 en un rango amplio: la ReLU o su variante con fuga. De ningún modo la sigmoide: diez capas ya dejan solo {passed[0]:0.0e0}."));
        c.Question(("By the table, tanh is even flatter at ±5 than the sigmoid. Why is it preferred for hidden layers all the same?", "Según la tabla, la tanh es aún más plana en ±5 que la sigmoide. ¿Por qué se prefiere de todos modos en las capas ocultas?"),
            ($"Around 0 its slope is {Slope(1, 0):0}, four times the sigmoid's {Slope(0, 0):0.00}, and its output is centred on 0. Through ten layers it passes {passed[1]:0.000} of the gradient, the sigmoid {passed[0]:0.0e0}.", $"Cerca de 0 su pendiente es {Slope(1, 0):0}, cuatro veces la de la sigmoide, {Slope(0, 0):0.00}, y su salida está centrada en 0. Tras diez capas deja {passed[1]:0.000} del gradiente; la sigmoide, {passed[0]:0.0e0}."));
    }
}
