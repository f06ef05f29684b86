using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>A denoising diffusion model on the ring of Gaussians.</summary>
internal static class DiffusionLesson
{
    public const int Levels = 100;

    #region network
    // At level k of K the data are multiplied by cos φ, the noise by sin φ.
    private static Expr Signal(Expr k) => Cos(k * (Math.PI / 2 / (Levels + 1)));
    private static Expr Noise(Expr k) => Sin(k * (Math.PI / 2 / (Levels + 1)));

    // Inputs: points, their levels (passed on as waves of several lengths), and the kind that is asked for. Output: velocities.
    private static Layer<(Expr X, Expr K, Expr Kind), Expr> Denoiser(int width) => Layers.CreateOf<(Expr X, Expr K, Expr Kind), Expr>("Denoiser", (scope, at) =>
    {
        var angles = at.K / Levels * Expr.Constant(Tensor.Of([1f, 2, 4, 8, 16, 32]));
        var level = Silu(scope.Run("level", Layers.Linear(width), Expr.Concat(1, Sin(angles), Cos(angles), at.Kind)));
        var h = Silu(scope.Run("first", Layers.Linear(width), at.X) + level);
        for (var i = 1; i <= 2; i++)
            h += Silu(scope.Run($"block{i}", Layers.Linear(width), Expr.Concat(1, h, level)));
        return scope.Run("last", Layers.Linear(at.X.Shape[1]), h);
    });
    #endregion

    public sealed class Diffusion
    {
        private readonly LoopStep train, reverse;

        public Diffusion(int width, int steps)
        {
            #region training
            var model = Denoiser(width).Trainable("denoiser", Optimizers.Adam().Scheduled(Schedules.Cosine(2e-3, steps)));
            var loop = new TrainingLoop(Key.OfSeed(1));
            train = loop.Training(step =>
            {
                Expr x = step["x"], noise = step.Key().Normal(0, 1, [.. x.Shape]);
                var k = 1 + Floor(step.Key().Uniform(0, Levels, step.Rows, 1));
                var velocity = step.Apply(model, (Signal(k) * x + Noise(k) * noise, k, step["kind"]));
                var loss = Losses.Mse(Signal(k) * noise - Noise(k) * x, velocity);
                step.Minimize(model, loss);
                step.Report("loss", loss);
            });
            // One step back, from level k to a lower one: the clean point is estimated, and fresh noise is added.
            reverse = loop.Measuring(step =>
            {
                Expr x = step["x"], k = step["k"], next = step["next"];
                var clean = Clamp(Signal(k) * x - Noise(k) * step.Predict(model, (x, k, step["kind"])), -1, 1);
                var kept = Signal(k) / Signal(next);
                var mean = Signal(next) * (1 - Square(kept)) / Square(Noise(k)) * clean + kept * Square(Noise(next) / Noise(k)) * x;
                step.Report("x", mean + Noise(next) / Noise(k) * Sqrt(1 - Square(kept)) * step["noise"]);
            });
            #endregion
        }

        public void Train(Tensor x, Tensor kind) => train.Run(("x", x), ("kind", kind));

        #region sampling
        // Points at each level, from noise to data.
        public IReadOnlyList<Tensor> Sample(Key key, Tensor kind, int extent, int steps = Levels)
        {
            Tensor Drawn(int i) => key.Fold(i).Normal(0, 1, kind.Shape[0], extent);
            Tensor Level(int i) => Tensor.Full(DType.F32, i * Levels / steps, kind.Shape[0], 1);
            List<Tensor> path = [Drawn(steps)];
            for (var i = steps - 1; i >= 0; i--)
            {
                reverse.Run(("x", path[^1]), ("k", Level(i + 1)), ("next", Level(i)), ("noise", Drawn(i)), ("kind", kind));
                path.Add(reverse.Output("x"));
            }
            return path;
        }
        #endregion
    }

    public static void Run(Chapter c)
    {
        c.Text("To destroy is easy: add noise to data, a little at a time, until only noise is left. A *diffusion model* (Ho and others, 2020) learns the way back. It needs no opponent: its loss is a mean squared error. It learns which part of a noisy point is noise.",
            "Destruir es fácil: se agrega ruido a los datos, poco a poco, hasta que solo queda ruido. Un *modelo de difusión* (Ho y otros, 2020) aprende el camino de vuelta. No necesita adversario: su pérdida es un error cuadrático medio. Aprende qué parte de un punto ruidoso es ruido.");
        c.Formula(@"x_k = \cos(\varphi_k) \, x + \sin(\varphi_k) \, \epsilon, \qquad \varphi_k = \frac{\pi}{2} \frac{k}{K + 1}, \qquad \epsilon \sim N(0, I)");
        c.Text("From level to level a point turns from data towards noise. The network predicts the velocity $v = dx_k / d\\varphi_k$ (Salimans and Ho, 2022). From it follow both the data and the noise in a point.",
            "De nivel en nivel, un punto gira de los datos hacia el ruido. La red predice la velocidad $v = dx_k / d\\varphi_k$ (Salimans y Ho, 2022). De ella se obtienen tanto los datos como el ruido que hay en un punto.");
        c.Formula(@"L = \mathbb{E} \left\| v_\theta(x_k, k) - (\cos(\varphi_k) \, \epsilon - \sin(\varphi_k) \, x) \right\|^2, \qquad \hat{x} = \cos(\varphi_k) \, x_k - \sin(\varphi_k) \, v_\theta(x_k, k)");
        c.Code("network");
        c.Code("training");
        c.Code("sampling");

        c.Heading("The ring of eight Gaussians", "El anillo de ocho gaussianas");
        var (steps, count, frames) = c.Brief ? (4, 100, 2) : (4000, 2000, 25);
        var points = EightGaussians.Draw(Expr.Key(Key.OfSeed(7)), Expr.Key(Key.OfSeed(8)), 256 * 80).Evaluate();
        var ring = new Diffusion(192, steps);
        for (var i = 0; i < steps; i++)
            ring.Train(points.Rows((i % 80 * 256)..(i % 80 * 256 + 256)) / 2.5, Tensor.Zeros(256, 1));

        Plot Shown(string title, Tensor x) => Plot.Titled(title).WithXLimits(-3, 3).WithYLimits(-3, 3).WithEqualAxes().Dots("", x.Slice(1, ..1).ToDoubles(), x.Slice(1, 1..).ToDoubles());
        string Level(int k) => $"{c["level", "nivel"]} {k}";
        var (few, noise) = (points.Rows(..400), Key.OfSeed(9).Normal(0, 2.5, 400, 2));
        c.Figure("diffusion-noise", Figure.Grid(2, new[] { 0, 5, 15, 100 }.Select(k => Figure.Of(Shown(Level(k), few.Compute(noise, (x, e) => Signal(k) * x + Noise(k) * e))))),
            ("The ring dissolves in noise over four levels", "El anillo se disuelve en ruido a lo largo de cuatro niveles"),
            ("Forward: at level 100 nothing shows which mode a point came from.", "Hacia adelante: en el nivel 100 nada indica de qué modo vino un punto."));
        var path = ring.Sample(Key.OfSeed(3), Tensor.Zeros(count, 1), 2);
        c.Picture("diffusion-ring", Animation.OfFigures(480, 0.25, Enumerable.Range(0, frames + 1).Select(i => Levels * i / frames).Select(at => Figure.Of(Shown(Level(Levels - at), path[at].Rows(..Math.Min(count, 400)) * 2.5)))),
            ("Points of noise gather on eight spots", "Puntos de ruido se reúnen en ocho manchas"),
            ("Backward: the same steps, learned. First the points form a ring; at the lowest levels they split into modes.", "Hacia atrás: los mismos pasos, aprendidos. Primero los puntos forman un anillo; en los niveles más bajos se separan en modos."));
        int[] parts = c.Brief ? [2, 5, 10] : [2, 5, 10, 20, 50, 100];
        var judged = parts.Select(part => EightGaussians.Judge(ring.Sample(Key.OfSeed(3), Tensor.Zeros(count, 1), 2, part)[^1] * 2.5)).ToList();
        var (real, gan) = (EightGaussians.Judge(points.Rows(..count)), EightGaussians.Judge(GanLesson.Points(steps)));
        c.Table([("points", "puntos"), ("modes of 8", "modos de 8"), ("good points", "puntos buenos")],
            [[c["real", "reales"], $"{real.Modes}", $"{real.Good:0.00}"], [c["GAN, equal rates", "GAN, tasas iguales"], $"{gan.Modes}", $"{gan.Good:0.00}"],
                .. parts.Select((part, i) => new[] { c[$"diffusion, {part} steps", $"difusión, {part} pasos"], $"{judged[i].Modes}", $"{judged[i].Good:0.00}" })]);
        c.Claim(judged[^1].Modes == 8 && judged[0].Modes == 0 && judged[0].Good < judged[2].Good && judged[2].Good < judged[^1].Good, "diffusion draws all eight modes, more steps make more points good, and two make none of the modes");
        c.Claim(real.Good > judged[^1].Good, "real points are better");
        c.Text($"No mode is lost, and no cure is needed: {judged[^1].Modes} of 8 in the first run. By the measure of the lesson on the GAN {judged[^1].Good:0%} of the points are good; of the points of the GAN {gan.Good:0%}, of real points {real.Good:0%}. The cost is time: {Levels} evaluations for a point; the GAN needs one. With {parts[2]} steps {judged[2].Good:0%} are good, with {parts[0]} {judged[0].Good:0%}.",
            $"No se pierde ningún modo, y sin remedios: {judged[^1].Modes} de 8 en la primera ejecución. Con la medida de la lección de la GAN, es bueno el {judged[^1].Good:0%} de los puntos; de los de la GAN, el {gan.Good:0%}; de los reales, el {real.Good:0%}. El costo es el tiempo: {Levels} evaluaciones por punto; la GAN necesita una. Con {parts[2]} pasos es bueno el {judged[2].Good:0%}; con {parts[0]}, el {judged[0].Good:0%}.");
        c.Result("ring: modes of 8, good points", "anillo: modos de 8, puntos buenos", $"{judged[^1].Modes}, {judged[^1].Good:0.00}");
        c.Question(("Why does diffusion not collapse to a few modes?", "¿Por qué la difusión no colapsa en unos pocos modos?"),
            ("Its loss is a mean over all data: an omitted mode would add to the loss at every step. The generator of a GAN pays only for what it generates, never for what it omits.", "Su pérdida es una media sobre todos los datos: un modo olvidado aumentaría la pérdida en cada paso. El generador de una GAN solo paga por lo que genera, nunca por lo que omite."));
        c.Question(("Why are two steps not enough, although the network can estimate the data at once?", "¿Por qué no bastan dos pasos, si la red puede estimar los datos de una vez?"),
            ("From pure noise the best estimate, in squared error, is the mean of all modes: the middle of the ring, where no data are. With small steps a point decides for a mode, little by little.", "Desde el ruido puro, la mejor estimación, en error cuadrático, es la media de todos los modos: el centro del anillo, donde no hay datos. Con pasos pequeños, un punto se decide por un modo poco a poco."));
    }
}
