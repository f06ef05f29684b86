using DL1;
using DL1.Pictures;
using static Course.Cells;
using static DL1.Functions;

namespace Course;

/// <summary>How far back a loss reaches in recurrent networks: measured on fresh cells, on a task of memory, and with clipping.</summary>
internal static class VanishingLesson
{
    #region reach
    // How strongly the loss at the end depends on each step: the size of its gradient by what is read there.
    private static double[] Reach(Layer<Expr, Expr> model, Tree<Tensor> parameters, Dataset data)
    {
        var x = Expr.Constant(data.Inputs.Cast(DType.F64));
        var (output, _) = model.Apply(parameters.Map(p => Expr.Constant(p.Cast(DType.F64))), Trees.Empty<Expr>(), x);
        var gradient = Losses.CrossEntropy(Expr.Constant(data.Targets), output).Gradient(x)[0];
        return Sqrt(Square(gradient).Sum(0, 2)).Evaluate().ToDoubles();
    }
    #endregion

    #region training
    private static TrainingResult Trained(string name, Dataset data, int epochs, long seed, double rate, double gain = 1, double clip = 1)
    {
        var learner = Model(name).Learner(Losses.CrossEntropy, Optimizers.Adam(rate).ClipByGlobalNorm(clip));
        var first = Drawn(Model(name), seed, gain, BiasOf(name, data.Inputs.Shape[1]));
        return learner.Fit(data, new TrainingOptions(
            Epochs: epochs, BatchSize: 32, Seed: seed, Start: learner.Start(Key.OfSeed(seed), first, Trees.Empty<Tensor>())));
    }
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("A recurrent network reads step by step and keeps what it has read in a state $h$. The gradient of a step long ago comes back through all states since then: a product of as many matrices as there are steps.",
            "Una red recurrente lee paso a paso y guarda lo leído en un estado $h$. El gradiente de un paso lejano vuelve a través de todos los estados posteriores: un producto de tantas matrices como pasos.");
        Expr h = Expr.Symbol("h"), u = Expr.Symbol("u"), x = Expr.Symbol("x");
        var unit = Tanh(u * h + x);
        c.Formula($@"\frac{{\partial}}{{\partial h}} {unit.ToLatex()} = {unit.Derivative(h).ToLatex()}");
        c.Formula(@"\frac{\partial h_T}{\partial h_t} = \prod_{k=t+1}^{T} \operatorname{diag}(1 - h_k^2) \, U, \qquad \text{LSTM: } c_t = f_t \odot c_{t-1} + i_t \odot g_t");
        c.Text("The first formula is of one unit, the second of a layer. With factors below 1 nothing comes back from afar; with factors above 1, too much. The cell of an LSTM adds: what comes back along it is multiplied by the forget gate $f$ alone, and the network can hold that near 1. In a GRU the update gate does it.",
            "La primera fórmula es de una unidad; la segunda, de una capa. Con factores menores que 1 no vuelve nada de lejos; con mayores que 1, demasiado. La celda de una LSTM suma: lo que vuelve por ella se multiplica solo por la compuerta de olvido $f$, y la red puede mantenerla cerca de 1. En una GRU lo hace la compuerta de actualización.");
        c.Code("cells", "Class6/Cells.cs");

        c.Heading("How far back a loss reaches", "Hasta dónde llega una pérdida");
        c.Code("reach");
        var far = c.Brief ? 20 : 100;
        var back = Enumerable.Range(0, far).Select(t => (double)(far - 1 - t)).ToList();
        Plot Reaches(string title, IEnumerable<(string Name, double[] Sizes)> lines) => lines.Aggregate(
            Plot.Titled(title).Labels(c["steps before the end", "pasos antes del final"], c["gradient", "gradiente"]).WithLogY(),
            (plot, line) => plot.Line(line.Name, back, line.Sizes));
        var read = Recall(64, far, 1);
        var fresh = Names.ToDictionary(name => name, name => Reach(Model(name), Drawn(Model(name), 1, 1, BiasOf(name, far)), read));
        c.Figure("vanishing-fresh", Reaches(c["Before training", "Antes de entrenar"], fresh.Select(f => (f.Key, f.Value))),
            ("The gradient over the steps before the end, for five cells", "El gradiente según los pasos antes del final, para cinco celdas"),
            ($"A logarithmic axis: {far - 1} steps back the RNN's gradient is {fresh["RNN"][0]:0e+0}. Freshly drawn LSTM and GRU are no better: their gates stand near ½, and half of a half is soon nothing. A bias of log {far} on the gate that keeps (+ b) holds it open: {fresh["LSTM + b"][0]:0e+0} and {fresh["GRU + b"][0]:0e+0}.",
             $"Eje logarítmico: {far - 1} pasos atrás el gradiente de la RNN es {fresh["RNN"][0]:0e+0}. LSTM y GRU recién iniciadas no son mejores: sus compuertas están cerca de ½, y la mitad de la mitad pronto no es nada. Un sesgo de log {far} en la compuerta que conserva (+ b) la mantiene abierta: {fresh["LSTM + b"][0]:0e+0} y {fresh["GRU + b"][0]:0e+0}."));
        c.Claim(new[] { "RNN", "LSTM", "GRU" }.All(name => fresh[name][0] < 1e-15) && fresh["LSTM + b"][0] > 1e-6 && fresh["GRU + b"][0] > 1e-6, "only cells with an open gate reach back");
        double[] gains = [1, 1.5, 2, 3];
        var grown = gains.Select(gain => Reach(Model("RNN"), Drawn(Model("RNN"), 1, gain), read)).ToList();
        c.Figure("vanishing-gains", Reaches(c["RNN: larger weights", "RNN: pesos mayores"], gains.Zip(grown, (gain, sizes) => ($"{gain} U", sizes))),
            ("The gradient of an RNN whose recurrent weights are multiplied by 1 to 3", "El gradiente de una RNN cuyos pesos recurrentes se multiplican por 1 a 3"),
            ($"The RNN with its recurrent weights $U$ times a gain. Between vanishing and exploding lies a narrow ridge: with three times $U$ the first step has {grown[3][0] / grown[3][^1]:0} times the gradient of the last.",
             $"La RNN con sus pesos recurrentes $U$ multiplicados por un factor. Entre desvanecerse y explotar hay una cresta estrecha: con el triple de $U$ el primer paso recibe {grown[3][0] / grown[3][^1]:0} veces el gradiente del último."));
        c.Claim(grown[3][0] > 100 * grown[3][^1], "three times the weights explode");

        c.Heading("A task of memory", "Una tarea de memoria");
        c.Text($"A row of {Symbols} random symbols, and the question at its end: what was the first? Nothing in between helps. Guessing is right in {1.0 / Symbols:0.00}.",
            $"Una fila de {Symbols} símbolos al azar y la pregunta al final: ¿cuál fue el primero? Nada de lo intermedio ayuda. Adivinar acierta {1.0 / Symbols:0.00}.");
        c.Code("training");
        c.Code("memory");
        #region memory
        int[] lengths = c.Brief ? [4, 8] : [10, 30, 60];
        var seeds = c.Brief ? 1 : 3;
        double[] Tried(string name, int length)
        {
            // The better of two rates, by rows of their own; then the test.
            var runs = (c.Brief ? [3e-3] : new[] { 3e-3, 1e-2 }).Select(rate => Enumerable.Range(1, seeds).Select(seed => Trained(name, Recall(c.Brief ? 64 : 2048, length, 5), c.Brief ? 1 : 15, seed, rate)).ToList());
            double Right(TrainingResult run, Dataset rows) => run.Evaluate(rows, Metrics.Accuracy)[Metrics.Accuracy];
            return [.. runs.MaxBy(set => set.Average(run => Right(run, Recall(1000, length, 6))))!.Select(run => Right(run, Recall(1000, length, 7)))];
        }

        var right = Names.ToDictionary(name => name, name => lengths.Select(length => Tried(name, length)).ToList());
        #endregion
        c.Figure("vanishing-memory", Names.Aggregate(
                Plot.Titled(c["Recalling the first symbol", "Recordar el primer símbolo"]).Labels(c["length", "longitud"], c["accuracy", "exactitud"]).WithYLimits(0, 1.05),
                (plot, name) => plot.Line(name, lengths.Select(n => (double)n), right[name].Select(r => r.Average())).Dots(name, lengths.SelectMany(n => Enumerable.Repeat((double)n, seeds)), right[name].SelectMany(r => r))),
            ("Accuracy over the length for five cells", "Exactitud según la longitud para cinco celdas"),
            ($"Lines are means over {seeds} seeds, dots the seeds. The RNN fails as its gradient vanishes, and freshly drawn LSTM and GRU fail earlier still; with the gate open at the start both remember.",
             $"Las líneas son medias de {seeds} semillas; los puntos, las semillas. La RNN falla cuando su gradiente se desvanece; LSTM y GRU recién iniciadas fallan aún antes; con la compuerta abierta al inicio, ambas recuerdan."));
        double At(string name, Index place) => right[name][place].Average();
        c.Claim(Names.All(name => At(name, 0) > 0.9), "at length 10 every cell remembers");
        c.Claim(At("LSTM + b", ^1) > 0.95 && At("GRU + b", ^1) > 0.95 && At("LSTM", ^1) < 0.35 && At("GRU", ^1) < 0.35 && At("RNN", ^1) < 0.8, "with the gate open both remember 60 steps, and the others do not");
        c.Claim(At("LSTM", 1) < At("RNN", 1) - 0.1 && At("GRU", 1) < At("RNN", 1) - 0.1, "freshly drawn LSTM and GRU fail earlier than the RNN");
        c.Table([("cell", "celda"), .. lengths.Select(n => ($"accuracy at {n}", $"exactitud con {n}"))],
            Names.Select(name => (string[])[name, .. right[name].Select(r => $"{r.Average():0.00}")]));

        c.Heading("The other half: clipping", "La otra mitad: el recorte");
        c.Code("clipping");
        #region clipping
        // An RNN with three times its recurrent weights, which reaches back and explodes, with and without clipping.
        List<TrainingResult> Exploding(double clip) => [.. Enumerable.Range(1, c.Brief ? 1 : 5).Select(seed =>
            Trained("RNN", Recall(c.Brief ? 64 : 1024, 20, 5), c.Brief ? 2 : 12, seed, 1e-2, gain: 3, clip: clip))];
        var (free, clipped) = (Exploding(double.MaxValue), Exploding(1));
        #endregion
        double Last(TrainingResult run) => run.History[^1].Loss;
        c.Claim(free.Max(Last) > 0.5 && clipped.Max(Last) < 0.1, "some seeds are thrown off without clipping, none with it");

        c.Figure("vanishing-clipping", Plot.Titled(c["RNN with 3 U, length 20", "RNN con 3 U, longitud 20"]).Labels(c["epoch", "época"], c["loss", "pérdida"])
                .Runs(c["free", "sin recorte"], free, e => e.Loss).Runs(c["clipped to 1", "recorte a 1"], clipped, e => e.Loss),
            ("Training losses with and without clipping", "Pérdidas de entrenamiento con recorte y sin él"),
            ($"Mean and range of {free.Count} seeds, rate 0.01. Without clipping a huge gradient now and then throws away what was learned: the worst seed ends at {free.Max(Last):0.00}; clipped, the worst ends at {clipped.Max(Last):0.000}.",
             $"Media y rango de {free.Count} semillas, tasa 0.01. Sin recorte, de vez en cuando un gradiente enorme echa a perder lo aprendido: la peor semilla termina en {free.Max(Last):0.00}; con recorte, la peor termina en {clipped.Max(Last):0.000}."));
        c.Result($"recall after {lengths[^1]} steps: RNN, LSTM, GRU, LSTM + b, GRU + b", $"recuerdo tras {lengths[^1]} pasos: RNN, LSTM, GRU, LSTM + b, GRU + b", string.Join(", ", Names.Select(name => $"{right[name][^1].Average():0.00}")));
        c.Question(("Are LSTM and GRU better than an RNN by themselves?", "¿Son LSTM y GRU mejores que una RNN por sí solas?"),
            ($"Not on this task: after {lengths[^1]} steps they have {right["LSTM"][^1].Average():0.00} and {right["GRU"][^1].Average():0.00}, the RNN {right["RNN"][^1].Average():0.00}. Gates make it possible to remember; the bias makes them begin by remembering. Keras sets it, PyTorch does not.",
             $"En esta tarea no: tras {lengths[^1]} pasos aciertan {right["LSTM"][^1].Average():0.00} y {right["GRU"][^1].Average():0.00}; la RNN, {right["RNN"][^1].Average():0.00}. Las compuertas hacen posible recordar; el sesgo hace que empiecen recordando. Keras lo pone; PyTorch no."));
        c.Question(("Why not simply take larger recurrent weights?", "¿Por qué no tomar simplemente pesos recurrentes mayores?"),
            ("The second figure: at $2 U$ the gradient survives, at $U$ it vanishes, at $3 U$ it explodes. A gate near 1 multiplies by almost 1 without such tuning, and can close when something is to be forgotten.",
             "La segunda figura: con $2 U$ el gradiente sobrevive, con $U$ se desvanece, con $3 U$ explota. Una compuerta cerca de 1 multiplica por casi 1 sin ese ajuste fino, y puede cerrarse cuando hay que olvidar."));
    }
}
