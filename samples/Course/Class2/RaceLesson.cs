using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>A race of eight optimizers: away from a saddle in lanes, and down a surface with hills and basins.</summary>
internal static class RaceLesson
{
    private static readonly Expr X = Expr.Symbol("x"), Y = Expr.Symbol("y");

    #region racers
    private static (string Name, Optimizer Optimizer)[] Racers(Chapter c) =>
    [
        ("SGD", Optimizers.Sgd(0.05)),
        (c["momentum", "momento"], Optimizers.Momentum(0.05, decay: 0.9)),
        ("Nesterov", Optimizers.Sgd(0.05, momentum: 0.9, nesterov: true)),
        ("Adagrad", Optimizers.Adagrad(0.05)),
        ("RMSProp", Optimizers.RmsProp(0.05, alpha: 0.9)),
        ("Adam", Optimizers.Adam(0.05)),
        ("Lion", Optimizers.Lion(0.05)),
        ("Rprop", Optimizers.Rprop(0.05)),
    ];

    private static Descent Race(Expr height, Optimizer optimizer, double x, double y, int steps) =>
        Descent.Run(height, optimizer, [(X, x), (Y, y)], maxEpochs: steps, patience: steps);
    #endregion

    private static Trail TrailOf(string name, double x, double y, Descent descent) =>
        Trail.Of(name, [(x, y), .. descent.Rows.Select(row => (row.After[0], row.After[1]))]);

    public static void Run(Chapter c)
    {
        c.Text("Optimizers differ little on an easy slope. They differ where the gradient vanishes or misleads: at a saddle, and among hills with several basins. Eight of them race, all with the rate 0.05, each from its own start, so that every trail can be seen.",
            "En una pendiente fácil los optimizadores apenas se distinguen. La diferencia aparece donde el gradiente se anula o engaña: en un punto de silla y entre colinas con varias cuencas. Compiten ocho, todos con tasa 0.05 y cada uno desde su propio punto de partida, para que se vean todas las trayectorias.");
        c.Code("racers");
        var racers = Racers(c);
        string Step(int step) => $"{c["step", "paso"]} {step}";

        c.Heading("Away from a saddle", "Escapar de un punto de silla");
        c.Code("saddle");
        #region saddle
        var saddle = 0.02 * X.Pow(2) - Y.Pow(2) / 2 + Y.Pow(4) / 8;
        var steps = c.Brief ? 40 : 160;
        (double X, double Y)[] lanes = [.. Enumerable.Range(0, 8).Select(i => (-2.45 + 0.7 * i, i % 2 == 0 ? 0.001 : -0.001))];
        var runs = racers.Zip(lanes, (racer, lane) => Race(saddle, racer.Optimizer, lane.X, lane.Y, steps)).ToList();
        int[] escaped = [.. runs.Select(run => run.Rows.TakeWhile(row => Math.Abs(row.After[1]) < 1).Count() + 1)];
        #endregion
        c.Formula($@"f(x, y) = {saddle.ToLatex()} \qquad \frac{{\partial f}}{{\partial y}} = {saddle.Derivative(Y).ToLatex()}");
        c.Text("At $(0, 0)$ the gradient is 0, yet it is no minimum: along $x$ the surface rises gently, along $y$ it falls on both sides. All start at $y = \\pm 0.001$, where the slope along $y$ is a thousandth, each in its own lane, alternately above and below.",
            "En $(0, 0)$ el gradiente es 0, pero no es un mínimo: a lo largo de $x$ la superficie sube con suavidad y a lo largo de $y$ cae por ambos lados. Todos parten de $y = \\pm 0.001$, donde la pendiente según $y$ es una milésima, cada uno por su carril, alternando arriba y abajo.");
        var trails = runs.Select((run, i) => TrailOf(racers[i].Name, lanes[i].X, lanes[i].Y, run)).ToList();
        var pass = Surface.Over(-3, 7, -2.2, 2.2, saddle.Compile(X, Y)).Titled(c["Eight lanes away from a saddle", "Ocho carriles desde un punto de silla"]);
        c.Picture("race-saddle", Animation.GifNoting(Step, View.Map, 480, 360, c.Brief ? 8 : 36, trails, pass),
            ("Eight points leave a saddle one after the other", "Ocho puntos abandonan un punto de silla uno tras otro"),
            ("RMSProp and Rprop leave almost at once, Adam and Lion soon after: the size of their steps does not depend on the size of the slope. SGD waits longest, since its step is as small as the slope.", "RMSProp y Rprop salen casi de inmediato; Adam y Lion, poco después: el tamaño de sus pasos no depende del de la pendiente. SGD es el que más espera, porque su paso es tan pequeño como la pendiente."));
        c.Claim(escaped[0] > 2 * escaped[1] && escaped[0] == escaped.Max() && escaped[5] < escaped[1], "SGD needs more than twice momentum's steps, and Adam fewer");
        c.Claim(escaped[4] < 15 && escaped[7] < 15 && escaped[5] < 30 && escaped[6] < 30, "RMSProp and Rprop leave within 15 steps, Adam and Lion within 30");
        c.Figure("race-escape", Plot.Titled(c["Steps to leave the saddle (|y| > 1)", "Pasos para abandonar el punto de silla (|y| > 1)"]).Labels("", c["steps", "pasos"])
            .Bars("", escaped.Select(n => (double)n)).WithNames(racers.Select(racer => racer.Name)),
            ("Bars of the steps that each optimizer needs", "Barras con los pasos que necesita cada optimizador"),
            ($"SGD multiplies $y$ by about 1.05 in each step, and takes {escaped[0]}; momentum speeds up the growth ({escaped[1]}); Adam divides the slope by its own size ({escaped[5]}).", $"SGD multiplica $y$ por cerca de 1.05 en cada paso y tarda {escaped[0]}; el momento acelera el crecimiento ({escaped[1]}); Adam divide la pendiente entre su propio tamaño ({escaped[5]})."));

        c.Heading("Among hills and basins", "Entre colinas y cuencas");
        c.Code("hills");
        #region hills
        Expr Bump(double a, double b, double width) => Exp(-(Square(X - a) + Square(Y - b)) / width);
        var hills = 0.08 * (Square(X) + Square(Y))
            + 1.3 * Bump(0.2, 0.5, 0.6) + 1.1 * Bump(-1.1, 1.8, 0.5)
            - 1.6 * Bump(1.5, -1.2, 0.8) - Bump(-1.5, -0.9, 0.6) - 0.5 * Bump(1.9, 0.7, 0.3);
        double[] starts = [1.6, 1.8, 2, 1.4, 1.2, 2.2, 2.4, 1];
        var apart = racers.Zip(starts, (racer, x) => Race(hills, racer.Optimizer, x, 2.8, 2 * steps)).ToList();
        var together = racers.Select(racer => Race(hills, racer.Optimizer, 1.8, 2.8, 2 * steps)).ToList();
        #endregion
        var ways = apart.Select((run, i) => TrailOf(racers[i].Name, starts[i], 2.8, run)).ToList();
        var land = Surface.Over(-3, 3, -3, 3, hills.Compile(X, Y)).Titled(c["Hills and basins", "Colinas y cuencas"]);
        c.Figure("race-hills", DescentPicture.Figure(View.Map, ways, land), ("A map of hills and basins with eight trails", "Mapa de colinas y cuencas con ocho trayectorias"),
            ("A shallow basin at (1.9, 0.7) lies on the way to the deep one at (1.5, −1.2). Most trails end in the shallow one.", "Una cuenca poco profunda en (1.9, 0.7) está en el camino hacia la profunda, en (1.5, −1.2). La mayoría de las trayectorias termina en la poco profunda."));
        c.Picture("race-hills-moving", Animation.GifNoting(Step, View.Landscape, 480, 360, c.Brief ? 8 : 40, ways, land),
            ("Eight points roll down a landscape", "Ocho puntos ruedan por un paisaje"), ("The same race, step by step.", "La misma carrera, paso a paso."));
        double[] heights = [.. together.Select(run => run.Rows[^1].Value)];
        c.Table([("optimizer", "optimizador"), ("steps to leave the saddle", "pasos hasta abandonar la silla"), ("end point", "punto final"), ("height", "altura")],
            racers.Select((racer, i) => new[] { racer.Name, $"{escaped[i]}", $"({together[i].Rows[^1].After[0]:0.00}, {together[i].Rows[^1].After[1]:0.00})", $"{heights[i]:0.000}" }));
        c.Claim(heights[0] > heights[1] + 0.3, "SGD stays in the shallow basin, momentum does not");
        c.Result("height reached from (1.8, 2.8): SGD, momentum, Adam", "altura alcanzada desde (1.8, 2.8): SGD, momento, Adam", $"{heights[0]:0.000}, {heights[1]:0.000}, {heights[5]:0.000}");
        string Those(Func<double, bool> isThere) => string.Join(", ", racers.Where((_, i) => isThere(heights[i])).Select(racer => racer.Name));
        var (deep, shallow, above) = (Those(h => h < -1), Those(h => h is > -0.25 and < -0.1), Those(h => h > 0));
        c.Text($"The table repeats the second race, now with all from (1.8, 2.8). In the deep basin: {deep}. In the shallow one: {shallow}. Still on the slope: {above}. In the shallow basin the gradient is 0 as well, and no gradient tells that a lower basin lies behind the rise. Which basin an optimizer finds depends on its speed and its start: one such run does not say which optimizer is better.",
            $"La tabla repite la segunda carrera, ahora con todos desde (1.8, 2.8). En la cuenca profunda: {deep}. En la poco profunda: {shallow}. Aún en la pendiente: {above}. En la cuenca poco profunda el gradiente también es 0, y ningún gradiente avisa que tras la subida hay una cuenca más baja. Qué cuenca encuentra un optimizador depende de su velocidad y de su punto de partida: una sola carrera así no dice cuál es mejor.");

        c.Question(("Would SGD leave the saddle if it started exactly at $y = 0$? Why does that hardly ever matter in practice?", "¿Saldría SGD del punto de silla si partiera exactamente de $y = 0$? ¿Por qué eso casi nunca importa en la práctica?"),
            ("No: the slope along $y$ is exactly 0 there. But the gradients of mini-batches are noisy, and any noise starts the exponential growth.", "No: ahí la pendiente según $y$ es exactamente 0. Pero los gradientes de los minilotes tienen ruido, y cualquier ruido inicia el crecimiento exponencial."));
        int Nearer(int i) => Race(saddle, racers[i].Optimizer, 0, 1e-6, 400).Rows.TakeWhile(row => Math.Abs(row.After[1]) < 1).Count() + 1;
        var (slow, adaptive) = (Nearer(0), Nearer(5));
        c.Claim(Math.Abs(slow - escaped[0] - Math.Log(1000) / Math.Log(1.05)) < 3 && adaptive < escaped[5] + 5, "SGD needs log 1000 / log 1.05 steps more, Adam hardly any");
        c.Question(("What would happen to SGD's time if the start were $y = 0.000001$? And to Adam's?", "¿Qué pasaría con el tiempo de SGD si partiera de $y = 0.000001$? ¿Y con el de Adam?"),
            ($"$y$ grows by the factor 1.05 per step, so a factor of 1000 takes log 1000 / log 1.05 = {Math.Log(1000) / Math.Log(1.05):0} steps more; run, SGD takes {slow} instead of {escaped[0]}. Adam takes {adaptive} instead of {escaped[5]}.", $"$y$ crece por un factor de 1.05 en cada paso, así que un factor de 1000 cuesta log 1000 / log 1.05 = {Math.Log(1000) / Math.Log(1.05):0} pasos más; al ejecutarlo, SGD tarda {slow} en lugar de {escaped[0]}. Adam tarda {adaptive} en lugar de {escaped[5]}."));
    }
}
