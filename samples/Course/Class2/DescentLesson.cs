using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>The first exercise of the course: one minimum by three optimizers; then a race down hills and basins.</summary>
internal static class DescentLesson
{
    public static void Run(Chapter c)
    {
        #region formula
        var x = Expr.Symbol("x");
        var y = (x - 2).Pow(2) + 3;
        Expr slope = y.Derivative(x);
        #endregion

        c.Text(
            "Where is a function lowest, if all that we can ask for is its value and its slope at a point? Training a network is this "
                + "question with a million variables. We begin with one:",
            "¿Dónde es mínima una función si solo podemos preguntar su valor y su pendiente en un punto? Entrenar una red es esta misma "
                + "pregunta con un millón de variables. Empezamos con una:");
        c.Formula($"y(x) = {y.ToLatex()}, \\qquad y'(x) = {slope.ToLatex()}");
        c.Code("formula");
        c.Text(
            "The derivative was found symbolically. The answer is plain to see, $x = 2$; what we learn is how three methods find it from $x = 50$.",
            "La derivada se obtuvo simbólicamente. La respuesta salta a la vista, $x = 2$; lo que aprendemos es cómo la encuentran tres métodos desde $x = 50$.");
        c.Formula(
            @"\begin{aligned} \text{SGD:} & \quad x \leftarrow x - \eta\, g \\ "
            + @"\text{" + c["first moment", "primer momento"] + @":} & \quad v \leftarrow \beta v + \eta\, g, \quad x \leftarrow x - v \\ "
            + @"\text{" + c["second moment", "segundo momento"] + @":} & \quad v \leftarrow \beta_1 v + (1 - \beta_1) g, \quad r \leftarrow \beta_2 r + (1 - \beta_2) g^2, \quad x \leftarrow x - \eta \frac{v}{\sqrt{r}} \end{aligned}");

        #region descents
        // The first moments are those that the printed run of the course had drawn at random.
        (string Name, Optimizer Optimizer)[] optimizers =
        [
            ("SGD", Optimizers.Sgd(0.01)),
            (c["first moment", "primer momento"], Optimizers.Momentum(0.01, decay: 0.5, initial: 8.125370841)),
            (c["second moment", "segundo momento"],
                Optimizers.SecondMoment(1, p1: 0.1, p2: 0.9, initialV: 4.201658515, initialR: 4.631009083)),
        ];
        var descents = optimizers.Select(o => (o.Name, Descent.Run(y, o.Optimizer, [(x, 50)]).Rows)).ToList();
        #endregion

        c.Code("descents");
        var plot = Plot.Titled(c["The gradient on the way down", "El gradiente durante el descenso"]).Labels(c["epoch", "época"], "|y'(x)|").WithLogY();
        foreach (var (name, rows) in descents)
        {
            var shown = rows.Where(row => row.Gradient[0] != 0).ToList();
            plot = plot.Line(name, shown.Select(row => (double)row.Epoch), shown.Select(row => Math.Abs(row.Gradient[0])));
            c.Result($"epochs of {name}", $"épocas de {name}", $"{rows.Count}");
        }

        c.Table(
            [("optimizer", "optimizador"), ("epochs", "épocas"), ("x reached", "x alcanzada"), ("y reached", "y alcanzada")],
            descents.Select(d => (string[])[d.Name, $"{d.Rows.Count}", $"{d.Rows[^1].After[0]:0.000000}", $"{d.Rows[^1].Value:0.000000}"]));
        c.Figure("descent", plot,
            ("The gradient of three optimizers over epochs, on a logarithmic axis", "El gradiente de tres optimizadores por época, en escala logarítmica"),
            ("A straight line on this axis is a constant factor per epoch. Each descent stops once 50 epochs in a row lowered $y$ by less than $10^{-8}$.",
                "Una recta en este eje es un factor constante por época. Cada descenso se detiene cuando 50 épocas seguidas reducen $y$ en menos de $10^{-8}$."));

        #region prediction
        // SGD shrinks the error x - 2 by the factor 1 - 2·rate, and y - 3 by its square.
        double factor = 1 - 2 * 0.01, share = 1 - factor * factor;
        double until = Math.Log(1e-8 / (48 * 48 * share)) / Math.Log(factor * factor);
        int predicted = (int)Math.Ceiling(until) + 50;
        #endregion

        c.Heading("The count of epochs, from the formula", "El número de épocas, a partir de la fórmula");
        c.Text(
            $"For SGD the whole way can be foretold: the error $x - 2$ shrinks by the factor $1 - 2\\eta = {factor}$ in each epoch. So the epoch in which $y$ "
                + $"falls by less than $10^{{-8}}$ is known beforehand, and {predicted} epochs are predicted; the run took {descents[0].Rows.Count}.",
            $"En el caso de SGD se puede predecir todo el camino: el error $x - 2$ se reduce por el factor $1 - 2\\eta = {factor}$ en cada época. Por tanto, se sabe "
                + $"de antemano en qué época $y$ baja menos de $10^{{-8}}$: se predicen {predicted} épocas y la ejecución tardó {descents[0].Rows.Count}.");
        c.Code("prediction");
        c.Claim(predicted == descents[0].Rows.Count, "the formula predicts the epochs of SGD");
        c.Claim(descents.Select(d => d.Rows.Count).SequenceEqual([618, 324, 134]), "the epochs of the course: 618, 324, 134");
        Race(c, x);

        c.Question(
            ("How many epochs would SGD need with twice the rate?", "¿Cuántas épocas necesitaría SGD con el doble de tasa?"),
            ("About half as many until it stands still: the slope of its line is $\\log(1 - 2\\eta)$, which is nearly $-2\\eta$. The 50 epochs of waiting stay.",
                "Aproximadamente la mitad hasta detenerse: la pendiente de su recta es $\\log(1 - 2\\eta)$, casi $-2\\eta$. Las 50 épocas de espera no cambian."));
        c.Question(
            ("Why is the line of the second moment not straight?", "¿Por qué no es recta la línea del segundo momento?"),
            ("Its steps are divided by the size of recent gradients, so that far away they are about $\\eta = 1$ long, whatever the slope; only near the minimum does it speed up.",
                "Sus pasos se dividen por el tamaño de los gradientes recientes: lejos del mínimo miden cerca de $\\eta = 1$, sea cual sea la pendiente; solo cerca del mínimo acelera."));
    }

    private static void Race(Chapter c, Expr x)
    {
        #region race
        var z = Expr.Symbol("z");
        Expr Bump(double a, double b, double width) => Exp(-(Square(x - a) + Square(z - b)) / width);
        var height = 0.08 * (Square(x) + Square(z))
            + 1.3 * Bump(0.2, 0.5, 0.6) + 1.1 * Bump(-1.1, 1.8, 0.5)
            - 1.6 * Bump(1.5, -1.2, 0.8) - Bump(-1.5, -0.9, 0.6) - 0.5 * Bump(1.9, 0.7, 0.3);

        (string Name, Optimizer Optimizer)[] racers =
        [
            ("SGD", Optimizers.Sgd(0.05)),
            (c["momentum", "momento"], Optimizers.Momentum(0.05, decay: 0.9)),
            (c["second moment", "segundo momento"], Optimizers.SecondMoment(0.05, p1: 0.9, p2: 0.99)),
        ];
        var runs = racers.Select(r => (r.Name, Descent.Run(height, r.Optimizer, [(x, 1.8), (z, 2.8)], maxEpochs: 300, patience: 300).Rows)).ToList();
        #endregion

        c.Heading("A race", "Una carrera");
        c.Text(
            "The same optimizers on a surface of two variables with hills and basins. The gradient is that of reverse mode; nothing else changes.",
            "Los mismos optimizadores en una superficie de dos variables con colinas y cuencas. El gradiente es el del modo inverso; nada más cambia.");
        c.Code("race");
        var trails = runs.Select(r => Trail.Of(r.Name, [(1.8, 2.8), .. r.Rows.Select(row => (row.After[0], row.After[1]))])).ToArray();
        var surface = Surface.Over(-3, 3, -3, 3, height.Compile(x, z)).Titled(c["Hills and basins", "Colinas y cuencas"]);
        c.Figure("surface", DescentPicture.Figure(View.Map, trails, surface),
            ("A map of the surface with the trails of three optimizers", "Un mapa de la superficie con los recorridos de tres optimizadores"),
            ("The way that each took.", "El camino que siguió cada uno."));
        c.Picture("surface", Animation.Gif(View.Landscape, 480, 360, c.Brief ? 12 : 72, trails, surface),
            ("Three points that roll down a landscape", "Tres puntos que ruedan por un paisaje"), ("The race, epoch by epoch.", "La carrera, época a época."));
        foreach (var (name, rows) in runs)
            c.Result($"height that {name} reaches", $"altura a la que llega {name}", $"{rows[^1].Value:0.000}");

        var (plain, momentum) = (runs[0].Rows[^1].Value, runs[1].Rows[^1].Value);
        c.Text(
            $"A shallow basin lies on the way. Plain descent ends in it, at the height {plain:0.000}; momentum carries on through it, to {momentum:0.000}.",
            $"En el camino hay una cuenca poco profunda. El descenso simple termina en ella, a la altura {plain:0.000}; el momento la atraviesa y llega a {momentum:0.000}.");
        c.Claim(momentum < plain - 0.1, "momentum ends lower than plain descent");
    }
}
