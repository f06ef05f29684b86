using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>A generative adversarial network on eight Gaussians: modes counted, collapse shown and cured.</summary>
internal static class GanLesson
{
    private const int Rows = 256;

    private sealed record Rules(string Name, double Rate, int Pack = 1, double Penalty = 0);

    private sealed record Game(double[] Steps, Tensor[] Points, int[] Modes, double Good);

    private static Game Play(Rules rules, int seed, int steps, int snapshots)
    {
        #region game
        var generator = Model.Sequential(
            Layers.Linear(64), Layers.Relu(), Layers.Linear(64), Layers.Relu(), Layers.Linear(2))
            .Trainable("generator", Optimizers.Adam(1e-3, beta1: 0.5));
        var discriminator = Model.Sequential(
            Layers.Linear(64), Layers.LeakyRelu(0.2), Layers.Linear(64), Layers.LeakyRelu(0.2), Layers.Linear(1))
            .Trainable("discriminator", Optimizers.Adam(rules.Rate, beta1: 0.5));
        var loop = new TrainingLoop(Key.OfSeed(seed));
        var play = loop.Training(step =>
        {
            // In packs of 2 the discriminator judges two points at once, side by side in a row.
            Expr Score(Expr points) => step.Apply(discriminator, points.Reshape(Rows / rules.Pack, 2 * rules.Pack));
            Expr real = EightGaussians.Draw(step.Key(), step.Key(), Rows), drawn = step.Apply(generator, step.Key().Normal(0, 1, Rows, 8));
            var onReal = Score(real);
            var loss = Softplus(-onReal).Mean() + Softplus(Score(drawn.StopGradient())).Mean();
            var slope = onReal.Sum().Gradient(real)[0];
            step.Minimize(discriminator, rules.Penalty == 0 ? loss : loss + rules.Penalty / 2 * Square(slope).Sum(1).Mean());
            step.Minimize(generator, Softplus(-Score(drawn)).Mean());
            step.Report("loss", loss);
        });
        var draw = loop.Measuring(step => step.Report("points", step.Predict(generator, step["noise"])));
        #endregion

        var noise = Key.OfSeed(1000).Normal(0, 1, 2000, 8);
        var points = new List<Tensor>();
        for (var i = 1; i <= steps; i++)
        {
            play.Run();
            if (i % (steps / snapshots) != 0) continue;
            draw.Run(("noise", noise));
            points.Add(draw.Output("points"));
        }

        var every = (double)(steps / snapshots);
        return new Game([.. points.Select((_, i) => (i + 1) * every)], [.. points], [.. points.Select(p => EightGaussians.Judge(p).Modes)], EightGaussians.Judge(points[^1]).Good);
    }

    /// <summary>The points that the generator draws after a game with equal rates.</summary>
    public static Tensor Points(int steps) => Play(new Rules("", 1e-3), 1, steps, 1).Points[^1];

    public static void Run(Chapter c)
    {
        var (seeds, steps, snapshots) = c.Brief ? (1, 20, 2) : (5, 4000, 40);
        c.Text("A *generative adversarial network* (Goodfellow and others, 2014) is a game of two networks. The generator $G$ turns noise $z$ into points. The discriminator $D$ tells real points from drawn ones. Each has its own loss and its own optimizer; here $\\sigma(D(x))$ is the probability that $x$ is real.",
            "Una *red generativa antagónica* (GAN; Goodfellow y otros, 2014) es un juego entre dos redes. El generador $G$ convierte ruido $z$ en puntos. El discriminador $D$ distingue los puntos reales de los generados. Cada una tiene su función de pérdida y su optimizador; aquí $\\sigma(D(x))$ es la probabilidad de que $x$ sea real.");
        c.Formula(@"L_D = -\mathbb{E}_x \log \sigma(D(x)) - \mathbb{E}_z \log(1 - \sigma(D(G(z)))), \qquad L_G = -\mathbb{E}_z \log \sigma(D(G(z)))");
        c.Text("In two dimensions one can see what goes wrong. The data are eight Gaussians on a ring. A generated point is *good* if it lies within three deviations of a centre. The generator covers a mode if good points fill a quarter of its share, and we count the modes that it covers.",
            "En dos dimensiones se ve qué sale mal. Los datos son ocho gaussianas en un anillo. Un punto generado es *bueno* si está a menos de tres desviaciones de un centro. El generador cubre un modo si los puntos buenos llenan la cuarta parte de su cuota, y contamos los modos que cubre.");
        c.Code("game");

        c.Heading("Five games, five times each", "Cinco juegos, cinco partidas de cada uno");
        Rules[] all =
        [
            new(c["slow discriminator", "discriminador lento"], 2.5e-4),
            new(c["slow, with a penalty", "lento, con penalización"], 2.5e-4, Penalty: 0.1),
            new(c["slow, judging pairs", "lento, juzga pares"], 2.5e-4, Pack: 2),
            new(c["equal rates", "tasas iguales"], 1e-3),
            new(c["equal rates, penalty", "tasas iguales, penalización"], 1e-3, Penalty: 0.1),
        ];
        var games = all.Select(rules =>
        {
            c.Say($"{rules.Name} ...", $"{rules.Name} ...");
            return Enumerable.Range(1, seeds).Select(seed => Play(rules, seed, steps, snapshots)).ToList();
        }).ToList();
        c.Text("The generator's rate is always 0.001. A discriminator with a quarter of it is *slow*: the generator finds its weakest place before it moves. We try three cures: a penalty on the slope of $D$ at real points (R1; Mescheder and others, 2018); *pairs* of points to judge (packing; Lin and others, 2018); and simply equal rates.",
            "La tasa del generador es siempre 0.001. Un discriminador con la cuarta parte es *lento*: el generador encuentra su punto más débil antes de que se mueva. Probamos tres remedios: penalizar la pendiente de $D$ en los puntos reales (R1; Mescheder y otros, 2018), juzgar *pares* de puntos (*packing*; Lin y otros, 2018) y, sencillamente, igualar las tasas.");
        c.Formula(@"L_D + \frac{\gamma}{2} \, \mathbb{E}_x \left\| \nabla_x D(x) \right\|^2, \qquad \gamma = 0.1");

        Figure Frame(int game, int i) => Figure.Of(Plot.Titled($"{all[game].Name}: {games[game][0].Modes[i]} {c["of 8", "de 8"]}").WithXLimits(-3, 3).WithYLimits(-3, 3).WithEqualAxes()
            .Dots(c["generated", "generado"], games[game][0].Points[i].Rows(..300).Slice(1, ..1).ToDoubles(), games[game][0].Points[i].Rows(..300).Slice(1, 1..).ToDoubles())
            .Dots(c["centre", "centro"], EightGaussians.Centres.Slice(1, ..1).ToDoubles(), EightGaussians.Centres.Slice(1, 1..).ToDoubles()));
        c.Picture("gan-moving", Animation.OfFigures(900, 0.25, Enumerable.Range(0, snapshots).Select(i => Figure.Grid(2, [Frame(0, i), Frame(2, i)]).Titled($"{c["step", "paso"]} {games[0][0].Steps[i]:0}"))),
            ("Generated points move over the plane while two games are played", "Los puntos generados se mueven por el plano mientras se juegan dos partidas"),
            ("Left, a slow discriminator: all points run together from mode to mode. Right, the same with pairs: they spread over the ring.", "Izquierda, discriminador lento: todos los puntos corren juntos de modo en modo. Derecha, lo mismo con pares: se reparten por el anillo."));
        c.Figure("gan-modes", all.Select((rules, i) => (rules.Name, Mean: games[i][0].Steps.Select((_, s) => games[i].Average(game => game.Modes[s])))).Aggregate(
                Plot.Titled(c["Modes found", "Modos encontrados"]).Labels(c["step", "paso"], c["modes of 8", "modos de 8"]).WithYLimits(0, 8.5),
                (plot, curve) => plot.Line(curve.Name, games[0][0].Steps, curve.Mean)),
            ("The number of modes over the steps for five games", "El número de modos según los pasos en cinco juegos"),
            ($"Mean of {seeds} runs each. With equal rates the ring is found early; pairs need longer, since the discriminator is slow; the penalty alone does not help a slow one.", $"Media de {seeds} partidas. Con tasas iguales el anillo aparece pronto; los pares tardan más, porque el discriminador es lento; la penalización sola no ayuda a uno lento."));
        int[] Last(int i) => [.. games[i].Select(game => game.Modes[^1])];
        double Good(int i) => games[i].Average(game => game.Good);
        c.Table([("game", "juego"), ("modes: mean (least–most)", "modos: media (mín.–máx.)"), ("good points", "puntos buenos")],
            all.Select((rules, i) => new[] { rules.Name, $"{Last(i).Average():0.0} ({Last(i).Min()}–{Last(i).Max()})", $"{Good(i):0.00}" }));
        c.Claim(Last(0).Max() <= 1, "a slow discriminator: every run ends in one mode or none");
        c.Claim(Last(1).Max() <= 1, "the penalty does not cure it");
        c.Claim(Last(2).Min() == 8 && Last(3).Min() == 8 && Last(4).Min() == 8, "pairs and equal rates find all eight modes in each run");
        int Found(int i) => games[i].Max(game => Array.FindIndex(game.Modes, m => m == 8)) is var at and >= 0 ? (int)games[i][0].Steps[at] : steps;
        c.Claim(Found(4) < Found(3) && Found(3) < Found(2), "the penalty makes equal rates faster, and pairs take longest");
        c.Claim(Good(3) > Good(2) + 0.1, "with equal rates more points are good than with pairs");
        c.Text($"The slow discriminator ends with {Last(0).Average():0.0} modes, and with the penalty it is no better ({Last(1).Average():0.0}). Pairs cure it: all {Last(2).Average():0} modes in all runs. It is best not to let the generator run ahead at all: with equal rates {Good(3):0%} of the points are good, with pairs {Good(2):0%}. There the penalty is useful, too: by step {Found(4)} every run has reached all eight modes at some time; without it, by step {Found(3)}.",
            $"El discriminador lento termina con {Last(0).Average():0.0} modos, y con la penalización no mejora ({Last(1).Average():0.0}). Los pares lo curan: los {Last(2).Average():0} modos en todas las partidas. Lo mejor es no dejar que el generador se adelante: con tasas iguales es bueno el {Good(3):0%} de los puntos; con pares, el {Good(2):0%}. Ahí también sirve la penalización: en el paso {Found(4)} todas las partidas ya alcanzaron alguna vez los ocho modos; sin ella, en el paso {Found(3)}.");
        c.Result("modes of 8: slow, slow with pairs, equal rates", "modos de 8: lento, lento con pares, tasas iguales", $"{Last(0).Average():0.0}, {Last(2).Average():0.0}, {Last(3).Average():0.0}");

        c.Question(("Why do the points of the collapsed generator run from mode to mode?", "¿Por qué los puntos del generador colapsado corren de modo en modo?"),
            ("Against a discriminator that stands still the best answer is one point: where $D$ is highest. All noise leads there. Then $D$ learns that this place is fake, another place is highest, and all move on.", "Contra un discriminador quieto la mejor respuesta es un solo punto: donde $D$ es máximo. Todo el ruido lleva ahí. Luego $D$ aprende que ese lugar es falso, el máximo queda en otro sitio y todos se mudan."));
        c.Question(("What can a discriminator see in a pair that it cannot see in a point?", "¿Qué ve un discriminador en un par que no ve en un punto?"),
            ("Variety. Each point of a collapsed generator looks real by itself; but two real points share a mode one time in eight, and two of its points always.", "La variedad. Cada punto de un generador colapsado parece real por sí solo; pero dos puntos reales comparten modo una vez de cada ocho, y dos de los suyos, siempre."));
    }
}
