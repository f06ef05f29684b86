using DL1;
using DL1.Pictures;

namespace Course;

/// <summary>Schedules of the learning rate, drawn and compared on one problem with a known minimum.</summary>
internal static class SchedulesLesson
{
    public static void Run(Chapter c)
    {
        c.Text("A mini-batch tells the gradient only roughly. A large rate gets near the minimum fast and then jumps about in that noise; a small one settles, but takes long. A *schedule* changes the rate on the way. How far from the minimum does each end?",
            "Un minilote solo da una idea aproximada del gradiente. Una tasa grande se acerca deprisa al mínimo y luego salta de un lado a otro con ese ruido; una pequeña se asienta, pero tarda. Un *programa* de la tasa de aprendizaje la cambia por el camino. ¿A qué distancia del mínimo termina cada uno?");
        var epochs = c.Brief ? 4 : 30;
        var seeds = c.Brief ? 1 : 8;
        var data = Datasets.Diabetes();
        data = Scaler.Standard(data.Inputs).Apply(data).WithTargets(Scaler.Standard(data.Targets).Apply(data.Targets));
        var perEpoch = (data.Count + 15) / 16;
        var steps = epochs * perEpoch;
        c.Code("schedules");
        #region schedules
        (string Name, Schedule Schedule)[] schedules =
        [
            (c["constant 0.1", "constante 0.1"], Schedules.Constant(0.1)),
            (c["constant 0.002", "constante 0.002"], Schedules.Constant(0.002)),
            (c["steps", "escalones"], Schedules.Step(0.1, steps / 3)),
            (c["exponential", "exponencial"], Schedules.Exponential(0.1, Math.Pow(0.002, 1.0 / steps))),
            (c["cosine", "coseno"], Schedules.Cosine(0.1, steps)),
            (c["cosine with restarts", "coseno con reinicios"], Schedules.CosineRestarts(0.1, steps / 3)),
            (c["one cycle", "un ciclo"], Schedules.OneCycle(0.1, steps)),
            (c["warm-up, then 1/√t", "calentamiento y 1/√t"], Schedules.Create("1/√t", t => 0.1 * Functions.Rsqrt(1 + t / 20)).WarmUp(perEpoch)),
        ];
        #endregion
        double[] at = [.. Enumerable.Range(0, steps).Select(step => (double)step)];
        c.Figure("schedules", Figure.Grid(2, schedules.Chunk(4).Select(part => Figure.Of(part.Aggregate(
                Plot.Titled("").Labels(c["update", "actualización"], c["rate", "tasa"]).WithYLimits(0, 0.11),
                (plot, s) => plot.Line(s.Name, at, at.Select(step => s.Schedule.ValueAt((int)step))))))).Titled(c["Eight schedules", "Ocho programas de la tasa"]),
            ("The learning rate over the updates for eight schedules", "La tasa de aprendizaje a lo largo de las actualizaciones en ocho programas"),
            ("Constant rates, falling ones, and two that rise first.", "Tasas constantes, tasas que bajan y dos que primero suben."));

        c.Heading("One problem, eight schedules", "Un problema, ocho programas");
        c.Text($"A linear model of the diabetes data: {data.Count} patients, batches of 16, {steps} updates. L-BFGS finds its exact minimum first, so that we can draw how much loss is left above it, the mean of {seeds} runs.",
            $"Un modelo lineal de los datos de diabetes: {data.Count} pacientes, lotes de 16, {steps} actualizaciones. L-BFGS encuentra primero el mínimo exacto, y así podemos dibujar cuánta pérdida queda por encima de él, en promedio de {seeds} ejecuciones.");
        c.Code("runs");
        #region runs
        Learner Linear(Schedule schedule) =>
            Layers.Linear(1).Learner(Losses.Mse, Optimizers.Sgd(1).Scheduled(schedule));
        var lowest = Linear(Schedules.Constant(1)).FitByLbfgs(data).Result.Losses[^1];

        // The loss above the minimum after each epoch, on all rows.
        double[] Excess(Schedule schedule, int seed) =>
            [.. Linear(schedule).Fit(data, new TrainingOptions(epochs, BatchSize: 16, Seed: seed, Validation: data))
                .History.Select(epoch => epoch.ValidationLoss!.Value - lowest)];
        double[] Mean(Schedule schedule)
        {
            var runs = Enumerable.Range(1, seeds).Select(seed => Excess(schedule, seed)).ToList();
            return [.. Enumerable.Range(0, epochs).Select(epoch => runs.Average(run => run[epoch]))];
        }
        #endregion
        var curves = schedules.Select(s => Mean(s.Schedule)).ToList();
        var numbers = Enumerable.Range(1, epochs).Select(i => (double)i).ToList();
        c.Figure("schedules-race", schedules.Zip(curves).Aggregate(
                Plot.Titled(c["Loss above the minimum", "Pérdida por encima del mínimo"]).Labels(c["epoch", "época"], c["loss above the minimum", "pérdida sobre el mínimo"]).WithLogY(),
                (plot, s) => plot.Line(s.First.Name, numbers, s.Second)),
            ("The loss above the minimum over epochs for eight schedules", "La pérdida por encima del mínimo a lo largo de las épocas en ocho programas"),
            ("The large constant rate stays at its noise floor. Every schedule that ends near 0 gets below it; the restarts go back up each time.", "La tasa constante grande se queda en su suelo de ruido. Todo programa que termina cerca de 0 baja de él; los reinicios vuelven a subir cada vez."));
        double End(int i) => curves[i][^1];
        double Early(int i) => curves[i][epochs / 5];
        c.Claim(Enumerable.Range(2, 5).All(i => End(i) < End(0) / 5), "schedules that end near 0 end at less than a fifth of the floor");
        c.Claim(Early(1) > 2 * Early(4), "the small constant rate is far behind early on");
        c.Table([("schedule", "programa"), ("last rate", "última tasa"), ("loss above the minimum", "pérdida sobre el mínimo")],
            schedules.Select((s, i) => new[] { s.Name, $"{s.Schedule.ValueAt(steps - 1):0.00000}", $"{End(i):0.00000}" }));
        c.Result("loss above the minimum: constant 0.1, cosine", "pérdida sobre el mínimo: constante 0.1, coseno", $"{End(0):0.00000}, {End(4):0.00000}");
        c.Text($"With the rate 0.1 throughout, {End(0):0.0000} is left after {epochs} epochs; with a cosine down from the same rate {End(4):0.0000}. The floor is in proportion to the rate: noise enters with every step and the rate is its size. Start large, end small.",
            $"Con la tasa 0.1 de principio a fin quedan {End(0):0.0000} tras {epochs} épocas; con un coseno que baja desde esa misma tasa, {End(4):0.0000}. El suelo es proporcional a la tasa: en cada paso entra ruido, y la tasa es su tamaño. Empezar grande, terminar pequeño.");

        c.Question(("Which schedule would you take if you did not know beforehand how long you can train?", "¿Qué programa elegirías si no supieras de antemano cuánto tiempo puedes entrenar?"),
            ($"Cosine, steps and one cycle need the end. $1/\\sqrt{{t}}$ does not: it stands at {End(7):0.0000} and falls on. Restarts, too, give a usable model at the end of each cycle.", $"El coseno, los escalones y el ciclo único necesitan conocer el final. $1/\\sqrt{{t}}$ no: queda en {End(7):0.0000} y sigue bajando. También los reinicios dan un modelo utilizable al final de cada ciclo."));
        double third = curves[2][epochs / 3 - 1], twoThirds = curves[2][2 * epochs / 3 - 1];
        c.Claim(twoThirds < third / 5 && End(2) > twoThirds / 3, "the first step gains much, the second little");
        c.Question(("Why does the curve of the steps fall so far at the first step, and so little at the second?", "¿Por qué la curva de los escalones cae tanto en el primer escalón y tan poco en el segundo?"),
            ($"At the first it had reached the floor of its rate and only jumped about ({third:0.0000}); a tenth of the rate lowers that floor at once ({twoThirds:0.0000}). After the second hardly any noise is left, but the flat directions are not yet learned, and a rate so small descends them slowly ({End(2):0.0000}).", $"En el primero ya había alcanzado el suelo de su tasa y solo saltaba de un lado a otro ({third:0.0000}); un décimo de la tasa baja ese suelo de inmediato ({twoThirds:0.0000}). Tras el segundo apenas queda ruido, pero las direcciones planas aún no se han aprendido, y una tasa tan pequeña las baja despacio ({End(2):0.0000})."));
    }
}
