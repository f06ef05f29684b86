using DL1;
using DL1.Pictures;

namespace Course;

/// <summary>Schedules of the learning rate, drawn and compared on one problem with a known minimum.</summary>
internal static class SchedulesLesson
{
    public static void Run(Chapter c)
    {
        c.Text("A mini-batch gives only a noisy estimate of the gradient. A large rate gets near the minimum fast, and then jumps about because of the noise; a small one settles, but takes long. A *schedule* changes the rate on the way. How far from the minimum does each schedule end?",
            "Un minilote solo da una estimación ruidosa del gradiente. Una tasa grande se acerca rápido al mínimo y luego salta de un lado a otro por ese ruido; una pequeña se asienta, pero tarda. Un *plan* (*schedule*) cambia la tasa de aprendizaje por el camino. ¿A qué distancia del mínimo termina cada plan?");
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
                (plot, s) => plot.Line(s.Name, at, at.Select(step => s.Schedule.ValueAt((int)step))))))).Titled(c["Eight schedules", "Ocho planes para la tasa"]),
            ("The learning rate over the updates for eight schedules", "La tasa de aprendizaje a lo largo de las actualizaciones con ocho planes"),
            ("Left: two constant rates and two that fall. Right: four that end low; one cycle and the warm-up rise first, and the restarts jump back up.", "Izquierda: dos tasas constantes y dos que bajan. Derecha: cuatro que terminan bajas; el ciclo único y el calentamiento suben primero, y los reinicios vuelven a empezar arriba."));

        c.Heading("One problem, eight schedules", "Un problema, ocho planes");
        c.Text($"A linear model of the diabetes data: {data.Count} patients, batches of 16, {steps} updates. L-BFGS finds its minimum first, so that we can draw how far the loss is above it, averaged over {seeds} runs.",
            $"Un modelo lineal de los datos de diabetes: {data.Count} pacientes, lotes de 16, {steps} actualizaciones. L-BFGS encuentra primero el mínimo, y así podemos dibujar cuánto queda la pérdida por encima de él, en promedio de {seeds} ejecuciones.");
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
            ("The loss above the minimum over epochs for eight schedules", "La pérdida por encima del mínimo a lo largo de las épocas con ocho planes"),
            ("The large constant rate stays at its noise floor. Every schedule whose rate ends near 0 gets below that floor; after each restart the loss goes back up.", "La tasa constante grande se queda en su nivel de ruido. Todo plan cuya tasa termina cerca de 0 baja de ese nivel; tras cada reinicio la pérdida vuelve a subir."));
        double End(int i) => curves[i][^1];
        double Early(int i) => curves[i][epochs / 5];
        c.Claim(Enumerable.Range(2, 5).All(i => End(i) < End(0) / 5), "schedules that end near 0 end at less than a fifth of the floor");
        c.Claim(Early(1) > 2 * Early(4), "the small constant rate is far behind early on");
        c.Table([("schedule", "plan"), ("last rate", "última tasa"), ("loss above the minimum", "pérdida sobre el mínimo")],
            schedules.Select((s, i) => new[] { s.Name, $"{s.Schedule.ValueAt(steps - 1):0.00000}", $"{End(i):0.00000}" }));
        c.Result("loss above the minimum: constant 0.1, cosine", "pérdida sobre el mínimo: constante 0.1, coseno", $"{End(0):0.00000}, {End(4):0.00000}");
        c.Text($"With the rate 0.1 throughout, {End(0):0.0000} is left after {epochs} epochs; with a cosine down from the same rate, {End(4):0.0000}. In each step the noise of the gradient is multiplied by the rate, so a smaller rate has a lower floor. Start large, end small.",
            $"Con la tasa 0.1 de principio a fin quedan {End(0):0.0000} tras {epochs} épocas; con un coseno que baja desde esa misma tasa, {End(4):0.0000}. En cada paso el ruido del gradiente se multiplica por la tasa, de modo que una tasa menor tiene un nivel de ruido más bajo. Conviene empezar con una tasa grande y terminar con una pequeña.");

        c.Question(("Which schedule would you take if you did not know beforehand how long you can train?", "¿Qué plan elegirías si no supieras de antemano cuánto tiempo puedes entrenar?"),
            ($"Cosine, steps and one cycle must know the number of steps beforehand. $1/\\sqrt{{t}}$ need not: it is at {End(7):0.0000} and still falling. Restarts, too, give a usable model at the end of each cycle.", $"El coseno, los escalones y el ciclo único necesitan saber de antemano el número de pasos. $1/\\sqrt{{t}}$ no: va en {End(7):0.0000} y sigue bajando. También los reinicios dan un modelo utilizable al final de cada ciclo."));
        double third = curves[2][epochs / 3 - 1], twoThirds = curves[2][2 * epochs / 3 - 1];
        c.Claim(twoThirds < third / 5 && End(2) > twoThirds / 3, "the first step gains much, the second little");
        c.Question(("With the schedule in steps, why does the curve fall so far at the first drop of the rate, and so little at the second?", "Con el plan por escalones, ¿por qué la curva cae tanto en el primer escalón y tan poco en el segundo?"),
            ($"Before the first it had reached the noise floor of its rate ({third:0.0000}); a tenth of the rate lowers that floor ({twoThirds:0.0000}). After the second hardly any noise is left, and what remains lies in flat directions, which so small a rate descends slowly ({End(2):0.0000}).", $"Antes del primero ya había alcanzado el nivel de ruido de su tasa ({third:0.0000}); con un décimo de la tasa ese nivel baja ({twoThirds:0.0000}). Tras el segundo apenas queda ruido, y lo que falta está en direcciones planas, por las que una tasa tan pequeña baja despacio ({End(2):0.0000})."));
    }
}
