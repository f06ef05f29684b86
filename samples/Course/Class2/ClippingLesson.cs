using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Exploding gradients: where they come from, the cliff that they stand for, and clipping.</summary>
internal static class ClippingLesson
{
    private static readonly Expr W = Expr.Symbol("w"), B = Expr.Symbol("b");

    public static void Run(Chapter c)
    {
        c.Text("A recurrent unit applies the same weight at every step. The derivative of its last value with respect to the first is a product with one factor per step: with factors below 1 it vanishes, with factors above 1 it explodes.",
            "Una unidad recurrente aplica el mismo peso en cada paso. La derivada de su último valor respecto del primero es un producto con un factor por paso: con factores menores que 1 se desvanece y con factores mayores que 1 explota.");
        c.Formula(@"h_t = w\, h_{t-1} + b, \qquad \frac{\partial h_T}{\partial h_0} = \prod_{t=1}^{T} \frac{\partial h_t}{\partial h_{t-1}} = w^T");
        c.Code("powers");
        #region powers
        // h ← w·h + b repeated: the derivative of the last h with respect to the first, after a number of steps.
        double SizeOf(int steps, double weight)
        {
            var start = Expr.Symbol("h0");
            var last = Enumerable.Range(0, steps).Aggregate(start, (h, _) => W * h + B);
            return Math.Abs(last.Gradient(start)[0].Evaluate((W, weight)).ToDouble());
        }

        double[] lengths = [1, 5, 10, 20, 30, 40, 50], weights = [0.8, 0.95, 1, 1.05, 1.2];
        #endregion
        c.Figure("clipping-powers", weights.Aggregate(
                Plot.Titled(c["The gradient through a recurrent unit", "El gradiente a través de una unidad recurrente"]).Labels(c["steps", "pasos"], "|∂h/∂h₀|").WithLogY(),
                (plot, weight) => plot.Line($"w = {weight}", lengths, lengths.Select(n => SizeOf((int)n, weight)))),
            ("The derivative over the number of steps for five weights", "La derivada según el número de pasos para cinco pesos"),
            ($"The axis is logarithmic. In 50 steps a weight 5% above 1 multiplies the gradient by {SizeOf(50, 1.05):0.0}, and one 5% below 1 leaves {SizeOf(50, 0.95):0.00} of it.", $"El eje es logarítmico. En 50 pasos, un peso 5% mayor que 1 multiplica el gradiente por {SizeOf(50, 1.05):0.0}, y uno 5% menor deja {SizeOf(50, 0.95):0.00} de él."));
        c.Claim(SizeOf(50, 1.2) > 1e3 && SizeOf(50, 0.8) < 1e-4, "it explodes at 1.2 and vanishes at 0.8");

        c.Heading("A cliff", "Un precipicio");
        c.Text("With a sigmoid in the loop, $h \\leftarrow w\\, σ(h) + b$, the values stay bounded, but the gradient does not. The surface of the squared error over the two parameters has a wall, as Pascanu, Mikolov and Bengio (2013) showed.",
            "Con una sigmoide en el bucle, $h \\leftarrow w\\, σ(h) + b$, los valores quedan acotados, pero el gradiente no. La superficie del error cuadrático según los dos parámetros tiene una pared, como mostraron Pascanu, Mikolov y Bengio (2013).");
        c.Code("cliff");
        #region cliff
        var hidden = Enumerable.Range(0, 30).Aggregate(Expr.Constant(Tensor.Full(DType.F64, 0.5)), (h, _) => W * Sigmoid(h) + B);
        var error = Square(Sigmoid(hidden) - 0.7);

        var steps = c.Brief ? 20 : 200;
        Descent From(Optimizer optimizer) => Descent.Run(error, optimizer, [(W, 5.6), (B, -2.4)], maxEpochs: steps, patience: steps);
        var free = From(Optimizers.Sgd(1));
        var clipped = From(Optimizers.Sgd(1).ClipByGlobalNorm(0.1));
        #endregion
        double Norm(DescentRow row) => Math.Sqrt(row.Gradient.Sum(g => g * g));
        Trail TrailOf(string name, Descent descent) => Trail.Of(name, [(5.6, -2.4), .. descent.Rows.Select(row => (row.After[0], row.After[1]))]);
        (string Plain, string Held) names = (c["without clipping", "sin recorte"], c["clipped to the norm 0.1", "recortado a norma 0.1"]);
        var surface = Surface.Over(3.2, 6.2, -3.2, -1.4, error.Compile(W, B)).Labels("w", "b").Titled(c["The error of a recurrent unit after 30 steps", "El error de una unidad recurrente tras 30 pasos"]);
        Trail[] trails = [TrailOf(names.Plain, free), TrailOf(names.Held, clipped)];
        c.Figure("clipping-cliff", DescentPicture.Figure(View.Map, trails, surface), ("A map with a cliff and two trails", "Mapa con un precipicio y dos trayectorias"),
            ($"Both slide down to the edge. There the gradient is huge: without clipping one step throws the parameters to ({free.Rows[^1].After[0]:0}, {free.Rows[^1].After[1]:0}), where the unit is saturated and the gradient almost 0; with clipping they follow the edge to where the wall is low.", $"Ambas descienden hasta el borde. Ahí el gradiente es enorme: sin recorte, un paso lanza los parámetros a ({free.Rows[^1].After[0]:0}, {free.Rows[^1].After[1]:0}), donde la unidad está saturada y el gradiente es casi 0; con recorte siguen el borde hasta donde la pared es baja."));
        var numbers = Enumerable.Range(1, steps).Select(i => (double)i).ToList();
        c.Figure("clipping-norms", Plot.Titled(c["The norm of the gradient", "La norma del gradiente"]).Labels(c["step", "paso"], c["norm", "norma"]).WithLogY()
            .Line(names.Plain, numbers, free.Rows.Select(Norm)).Line(names.Held, numbers, clipped.Rows.Select(Norm))
            .Dashes(c["limit", "límite"], [1, steps], [0.1, 0.1]),
            ("The norm of the gradient over the steps", "La norma del gradiente según los pasos"),
            ("The norm before it is clipped. A gradient longer than the limit is shortened to it, and keeps its direction.", "La norma antes de recortarse. Un gradiente más largo que el límite se acorta hasta él y conserva su dirección."));
        var (first, largest, worst, best) = (Norm(free.Rows[0]), free.Rows.Max(Norm), free.Rows[^1].Value, clipped.Rows.Skip(steps / 2).Average(row => row.Value));
        c.Claim(largest > 1000 * first, "without clipping the gradient explodes");
        c.Claim(Norm(free.Rows[^1]) < 1e-3, "after the jump the gradient is almost 0");
        c.Claim(best < worst / 5, "clipped descent ends at less than a fifth of the error");
        c.Result("largest gradient, error at the end without and with clipping", "mayor gradiente, error final sin y con recorte", $"{largest:0}, {worst:0.000}, {clipped.Rows[^1].Value:0.000}");
        c.Text($"The largest gradient has the norm {largest:0}, {largest / first:0} times that of the first step. Without clipping the error ends at {worst:0.000}; with clipping it is {best:0.000} on average over the second half. Clipping keeps the direction and bounds the length of a step.",
            $"El mayor gradiente tiene norma {largest:0}, {largest / first:0} veces la del primer paso. Sin recorte el error termina en {worst:0.000}; con recorte es {best:0.000} en promedio en la segunda mitad. El recorte conserva la dirección y acota la longitud del paso.");

        c.Question(("Would a smaller rate do as well as clipping?", "¿Serviría igual una tasa de aprendizaje menor?"),
            ($"To survive a gradient of {largest:0} the rate would have to be {largest / 0.1:0} times smaller, and the way to the edge, where gradients are near {first:0.00}, would take as many times more steps.", $"Para soportar un gradiente de {largest:0} la tasa tendría que ser {largest / 0.1:0} veces menor, y el camino hasta el borde, con gradientes de alrededor de {first:0.00}, tomaría otras tantas veces más pasos."));
        c.Question(("Does clipping help against vanishing gradients?", "¿Ayuda el recorte contra los gradientes que se desvanecen?"),
            ("No: it only shortens. The falling curves of the first figure need another cure: gates (LSTM, GRU), residual connections, good initial weights.", "No: solo acorta. Las curvas descendentes de la primera figura necesitan otro remedio: compuertas (LSTM, GRU), conexiones residuales, buenos pesos iniciales."));
    }
}
