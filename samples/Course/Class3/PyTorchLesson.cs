using System.Text.Json;
using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>The same program in DL1 and in PyTorch, step by step, with the numbers of both.</summary>
internal static class PyTorchLesson
{
    /// <summary>What pytorch.py printed.</summary>
    private sealed record Printed(double[] Losses, double[] Probabilities, int Right);

    public static void Run(Chapter c)
    {
        #region data
        var i = Tensor.Linspace(0, 199, 200);
        var x = i.Compute(v => Expr.Stack(1, Sin(1.3 * v), Cos(0.7 * v)));
        var y = i.Compute(v => (Sin(1.3 * v) * Cos(0.7 * v) > 0).Cast(DType.I64));
        #endregion

        #region model
        var model = Model.Sequential(
            Layers.Linear(16),
            Layers.Tanh(),
            Layers.Linear(2));
        #endregion

        #region weights
        var (drawn, state) = model.Init(Key.OfSeed(0), Expr.Constant(x), DType.F64);
        var weights = drawn.Map(p =>
        {
            var wave = Tensor.Linspace(1, p.Size, p.Size).Compute(v => Sin(v));
            return wave.Reshape([.. p.Shape]);
        });
        #endregion

        #region training
        var learner = model.Learner(Losses.CrossEntropy, Optimizers.Adam(0.05)).Typed(DType.F64);
        var result = learner.Fit(Dataset.From(x, y), new TrainingOptions(
            Epochs: 200, BatchSize: 200, Shuffle: false,
            Start: learner.Start(Key.OfSeed(0), weights, state)));
        #endregion

        #region prediction
        var p = result.Trained.Predict(x).Compute(z => z.Softmax(1).Slice(1, 1..));
        var right = p.ToDoubles().Zip(y.ToDoubles()).Count(r => r.First > 0.5 == (r.Second == 1));
        #endregion

        var printed = JsonSerializer.Deserialize<Printed>(SourceText.Read("Class3/pytorch.json"), JsonSerializerOptions.Web)!;
        var losses = result.History.Select(e => e.Loss).ToList();
        var apart = losses.Zip(printed.Losses, (a, b) => Math.Abs(a - b)).Max();
        var apartInEnd = p.ToDoubles().Take(10).Zip(printed.Probabilities, (a, b) => Math.Abs(a - b)).Max();

        c.Text(
            "If you know PyTorch, you can read DL1, and the other way round. Here is the same program in both, step by step: points of two classes, a network of 16 hidden units, the same initial weights and 200 steps of Adam on all rows.",
            "Quien conoce PyTorch puede leer DL1, y viceversa. Aquí está el mismo programa en ambos, paso a paso: puntos de dos clases, una red de 16 unidades ocultas, los mismos pesos iniciales y 200 pasos de Adam con todas las filas.");
        c.Comparison("DL1 (C#)", "PyTorch (Python)", "Class3/pytorch.py", CodeLanguage.Python, "data", "model", "weights", "training", "prediction");
        c.Heading("The numbers of both", "Los números de ambos");
        c.Table([("step", "paso"), ("loss, DL1", "pérdida, DL1"), ("loss, PyTorch", "pérdida, PyTorch")],
            new[] { 1, 2, 10, 50, 100, 200 }.Select(n => (string[])[$"{n}", $"{losses[n - 1]:0.0000000000}", $"{printed.Losses[n - 1]:0.0000000000}"]));
        c.Text(
            $"The PyTorch column was printed by the file beside this lesson, with PyTorch 1.13.1. The losses differ by at most {apart:G2} over 200 steps, the first ten predicted probabilities by {apartInEnd:G2}; DL1 classifies {right} of 200 points correctly, PyTorch {printed.Right}.",
            $"La columna de PyTorch la imprimió el archivo que acompaña a esta lección, con PyTorch 1.13.1. Las pérdidas difieren como mucho en {apart:G2} a lo largo de 200 pasos; las diez primeras probabilidades, en {apartInEnd:G2}. DL1 acierta {right} de 200 puntos y PyTorch {printed.Right}.");
        c.Result("largest difference of a loss from PyTorch's", "mayor diferencia de una pérdida respecto de PyTorch", $"{apart:G2}");
        c.Claim(apart < 1e-6 && apartInEnd < 1e-6 && right == printed.Right, "the numbers of PyTorch to 1e-6");
        var epochs = losses.Select((_, n) => n + 1.0).ToList();
        c.Figure("pytorch", Plot.Titled(c["One training, two libraries", "Un entrenamiento, dos bibliotecas"]).Labels(c["step", "paso"], c["cross-entropy", "entropía cruzada"]).WithLogY()
                .Line("DL1", epochs, losses).Dots("PyTorch", epochs.Where((_, n) => n % 10 == 0), printed.Losses.Where((_, n) => n % 10 == 0)),
            ("A curve with points on it", "Una curva con puntos sobre ella"), ("The points of PyTorch lie on the curve of DL1.", "Los puntos de PyTorch caen sobre la curva de DL1."));
        c.Heading("What differs", "Qué cambia");
        c.Table([("in PyTorch", "en PyTorch"), ("in DL1", "en DL1")],
        [
            [c["`loss.backward()` writes gradients into the parameters", "`loss.backward()` escribe los gradientes en los parámetros"], c["a gradient is an expression: `loss.Gradient(w)`", "un gradiente es una expresión: `loss.Gradient(w)`"]],
            [c["`zero_grad()`, since gradients add up", "`zero_grad()`, porque los gradientes se acumulan"], c["nothing to clear: no tensor is changed", "nada que borrar: ningún tensor se modifica"]],
            [c["one hidden generator of random numbers", "un generador oculto de números aleatorios"], c["keys: the same key, the same numbers", "claves: la misma clave, los mismos números"]],
            [c["a layer is told how many inputs it has", "a una capa se le dice cuántas entradas tiene"], c["it takes them from what comes in; weights are `[outputs, inputs]` in both", "las toma de lo que recibe; los pesos son `[salidas, entradas]` en ambos"]],
            [c["each operation runs when it is written", "cada operación se ejecuta al escribirla"], c["a step is one graph, compiled once", "un paso es un grafo, compilado una sola vez"]],
        ]);
        c.Question(
            ("Why are the numbers not equal to the last digit?", "¿Por qué no coinciden los números hasta la última cifra?"),
            ($"The two libraries add in different orders, and a sum in f64 is rounded by about $10^{{-16}}$ of its size; after 200 steps the losses are still within {apart:G2}.",
                $"Las dos bibliotecas suman en distinto orden, y una suma en f64 se redondea en cerca de $10^{{-16}}$ de su tamaño; tras 200 pasos las pérdidas aún difieren como mucho en {apart:G2}."));
        c.Question(
            ("What would happen without `zero_grad()`?", "¿Qué ocurriría sin `zero_grad()`?"),
            ("Each step would use the sum of all gradients so far. The first two losses of the table would stay, the later ones would differ. In DL1 there is no such sum to forget.",
                "Cada paso usaría la suma de todos los gradientes hasta entonces. Las dos primeras pérdidas de la tabla no cambiarían; las siguientes, sí. En DL1 no existe esa suma que olvidar."));
    }
}
