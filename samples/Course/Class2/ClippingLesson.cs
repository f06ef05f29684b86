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
        c.Text("A recurrent unit applies the same weight again and again. Its gradient is a product of as many factors as there are steps: below 1 they vanish, above 1 they explode.",
            "Una unidad recurrente aplica el mismo peso una y otra vez. Su gradiente es un producto de tantos factores como pasos: por debajo de 1 se desvanecen, por encima de 1 explotan.");
        c.Code("powers");
        #region powers
        // h ← w·h + b repeated: the gradient of the last h by w, after a number of steps.
        double SizeOf(int steps, double weight)
        {
            var last = Enumerable.Range(0, steps).Aggregate(Expr.Constant(Tensor.Full(DType.F64, 1)), (h, _) => W * h + B);
            return Math.Abs(last.Gradient(W)[0].Evaluate((W, weight), (B, 0.0)).ToDouble());
        }

        double[] lengths = [1, 5, 10, 20, 30, 40, 50], weights = [0.8, 0.95, 1, 1.05, 1.2];
        #endregion
        c.Figure("clipping-powers", weights.Aggregate(
                Plot.Titled(c["The gradient through a recurrent unit", "El gradiente a través de una unidad recurrente"]).Labels(c["steps", "pasos"], "|∂h/∂w|").WithLogY(),
                (plot, weight) => plot.Line($"w = {weight}", lengths, lengths.Select(n => SizeOf((int)n, weight)))),
            ("The gradient over the steps for five weights", "El gradiente según los pasos para cinco pesos"),
            ("The axis is logarithmic: a weight 5% above 1 already multiplies the gradient, one below 1 makes it vanish.", "El eje es logarítmico: un peso un 5% por encima de 1 ya multiplica el gradiente, y uno por debajo de 1 lo desvanece."));
        c.Claim(SizeOf(50, 1.2) > 1e4 && SizeOf(50, 0.8) < 0.01, "it explodes at 1.2 and vanishes at 0.8");

        c.Heading("A cliff", "Un precipicio");
        c.Text("With a sigmoid in the loop the values stay bounded, but not the gradient. The surface of the squared error over the two parameters has a wall, as Pascanu, Mikolov and Bengio (2013) showed.",
            "Con una sigmoide en el bucle los valores quedan acotados, pero el gradiente no. La superficie del error cuadrático según los dos parámetros tiene una pared, como mostraron Pascanu, Mikolov y Bengio (2013).");
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
            ($"Both slide down to the edge. There the gradient is huge: without clipping one step throws the parameters to ({free.Rows[^1].After[0]:0}, {free.Rows[^1].After[1]:0}), where the unit is saturated and learns nothing more; with clipping they follow the edge to where the wall is low.", $"Ambas descienden hasta el borde. Ahí el gradiente es enorme: sin recorte, un paso lanza los parámetros a ({free.Rows[^1].After[0]:0}, {free.Rows[^1].After[1]:0}), donde la unidad está saturada y ya no aprende; con recorte siguen el borde hasta donde la pared es baja."));
        var numbers = Enumerable.Range(1, steps).Select(i => (double)i).ToList();
        c.Figure("clipping-norms", Plot.Titled(c["The norm of the gradient", "La norma del gradiente"]).Labels(c["step", "paso"], c["norm", "norma"]).WithLogY()
            .Line(names.Plain, numbers, free.Rows.Select(Norm)).Line(names.Held, numbers, clipped.Rows.Select(Norm))
            .Dashes(c["limit", "límite"], [1, steps], [0.1, 0.1]),
            ("The norm of the gradient over the steps", "La norma del gradiente según los pasos"),
            ("The norm before it is clipped. What lies above the limit is shortened to it, in the same direction.", "La norma antes de recortarse. Lo que supera el límite se acorta hasta él, en la misma dirección."));
        var (first, largest, worst, best) = (Norm(free.Rows[0]), free.Rows.Max(Norm), free.Rows[^1].Value, clipped.Rows.Skip(steps / 2).Average(row => row.Value));
        c.Claim(largest > 1000 * first, "without clipping the gradient explodes");
        c.Claim(best < worst / 5, "clipped descent ends at less than a fifth of the error");
        c.Result("largest gradient, error at the end without and with clipping", "mayor gradiente, error final sin y con recorte", $"{largest:0}, {worst:0.000}, {clipped.Rows[^1].Value:0.000}");
        c.Text($"The largest gradient has the norm {largest:0}, {largest / first:0} times that of the first step. Without clipping the error ends at {worst:0.000}; with clipping it is {best:0.000} on average over the second half. Clipping keeps the direction and bounds the length of a step.",
            $"El mayor gradiente tiene norma {largest:0}, {largest / first:0} veces la del primer paso. Sin recorte el error termina en {worst:0.000}; con recorte es {best:0.000} de media en la segunda mitad. El recorte conserva la dirección y acota la longitud del paso.");

        c.Question(("Would a smaller rate do as well as clipping?", "¿Serviría igual una tasa de aprendizaje menor?"),
            ($"To survive a gradient of {largest:0} the rate would have to be {largest / 0.1:0} times smaller, and the way to the edge, where gradients are near {first:0.00}, would take as many times longer.", $"Para soportar un gradiente de {largest:0} la tasa tendría que ser {largest / 0.1:0} veces menor, y el camino hasta el borde, con gradientes cercanos a {first:0.00}, sería otras tantas veces más largo."));
        c.Question(("Does clipping help against vanishing gradients?", "¿Ayuda el recorte contra los gradientes que se desvanecen?"),
            ("No: it only shortens. The first figure's lines below 1 need another cure: gates (LSTM, GRU), residual connections, good initial weights.", "No: solo acorta. Las curvas de la primera figura por debajo de 1 necesitan otro remedio: compuertas (LSTM, GRU), conexiones residuales, buenos pesos iniciales."));
    }
}
