using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>One network written three times: by hand, by layers with a loop, and by Fit; the numbers are the same.</summary>
internal static class LayersLesson
{
    public static void Run(Chapter c)
    {
        #region data
        var iris = Datasets.Iris();
        var scaler = Scaler.Standard(iris.Inputs.Slice(1, 2..4));
        var data = iris.MapInputs(rows => scaler.Apply(rows.Slice(1, 2..4)));
        var model = Model.Sequential(Layers.Linear(16), Layers.Tanh(), Layers.Linear(3));
        var (start, state) = model.Init(Key.OfSeed(1), 1, 2);
        var steps = c.Brief ? 20 : 300;
        #endregion

        c.Text(
            $"{data.Count} irises, two measures of each petal, three species: a network with one hidden layer of 16 units. We write it three times, from the same weights, and compare number by number.",
            $"{data.Count} lirios, dos medidas de cada pétalo, tres especies: una red con una capa oculta de 16 unidades. La escribimos tres veces, con los mismos pesos iniciales, y comparamos número a número.");
        c.Formula(@"Z = \tanh(X W_1^\top + b_1)\, W_2^\top + b_2, \qquad L = -\frac{1}{n} \sum_{i=1}^{n} \log \operatorname{softmax}(Z_i)_{y_i}, \qquad W \leftarrow W - \eta \frac{\partial L}{\partial W}");
        c.Code("data");

        #region hand
        Expr x = Expr.Constant(data.Inputs), labels = Expr.Constant(data.Targets);
        Expr[] w = [Expr.Variable("w1", 16, 2), Expr.Variable("b1", 16), Expr.Variable("w2", 3, 16), Expr.Variable("b2", 3)];
        Expr logits = Tanh(x.MatMul(w[0].T) + w[1]).MatMul(w[2].T) + w[3];
        Expr loss = Losses.CrossEntropy(labels, logits);
        Expr[] slopes = loss.Gradient(w);
        var step = new CompiledFunction(w, [loss, .. w.Zip(slopes, (weight, slope) => weight - 0.5 * slope)]);

        Tensor[] weights = [start["0.weight"], start["0.bias"], start["2.weight"], start["2.bias"]];
        var byHand = new List<double>();
        for (var i = 0; i < steps; i++)
        {
            var results = step.Invoke(weights);
            byHand.Add(results[0].ToDouble());
            weights = results[1..];
        }
        #endregion

        c.Heading("By hand", "A mano");
        c.Text("Every matrix has a name and every formula takes one line. Reverse mode finds the gradient; we write the step ourselves.",
            "Cada matriz tiene un nombre y cada fórmula ocupa una línea. El modo inverso halla el gradiente; el paso lo escribimos nosotros.");
        c.Code("hand");

        #region layers
        var learner = model.Learner(Losses.CrossEntropy, Optimizers.Sgd(0.5));
        var current = learner.Start(Key.OfSeed(1), start, state);
        var prepared = learner.Prepare(current, data);
        var byLayers = new List<double>();
        for (var i = 0; i < steps; i++)
        {
            (current, var value) = prepared(current, data);
            byLayers.Add(value);
        }
        #endregion

        c.Heading("By layers", "Con capas");
        c.Text("A layer knows its parameters and its formula; a `Learner` joins model, loss and optimizer. The loop is still ours.",
            "Una capa conoce sus parámetros y su fórmula; un `Learner` une modelo, pérdida y optimizador. El bucle sigue siendo nuestro.");
        c.Code("layers");

        #region fit
        var fitted = learner.Fit(data, new TrainingOptions(
            steps, BatchSize: data.Count, Shuffle: false, Metrics: [Metrics.Accuracy], Start: learner.Start(Key.OfSeed(1), start, state)));
        #endregion

        c.Heading("In one line", "En una línea");
        c.Text("`Fit` is that loop, with batches, metrics, validation and early stopping for those who want them.",
            "`Fit` es ese mismo bucle, con lotes, métricas, validación y parada temprana para quien los quiera.");
        c.Code("fit");
        var apart = byHand.Zip(byLayers, (p, q) => Math.Abs(p - q)).Max();
        var apartOfFit = byLayers.Zip(fitted.History, (p, e) => Math.Abs(p - e.Loss)).Max();
        var accuracy = Metrics.Accuracy.Of(data.Targets, fitted.Trained.Predict(data.Inputs));
        c.Table([("step", "paso"), ("by hand", "a mano"), ("by layers", "con capas"), ("Fit", "Fit")],
            new[] { 1, 2, 5, 10, steps / 2, steps }.Distinct().Order().Select(i => (string[])[$"{i}", $"{byHand[i - 1]:0.000000}", $"{byLayers[i - 1]:0.000000}", $"{fitted.History[i - 1].Loss:0.000000}"]));
        c.Text(
            $"The largest difference of the three losses over {steps} steps is {Math.Max(apart, apartOfFit):G2}: it is the same computation. In the end {accuracy:0.0%} of the flowers are classified correctly.",
            $"La mayor diferencia entre las tres pérdidas en {steps} pasos es {Math.Max(apart, apartOfFit):G2}: es el mismo cálculo. Al final se clasifica correctamente el {accuracy:0.0%} de las flores.");
        c.Result("largest difference of the three losses", "mayor diferencia entre las tres pérdidas", $"{Math.Max(apart, apartOfFit):G2}");
        c.Result("accuracy on the training rows", "exactitud en las filas de entrenamiento", $"{accuracy:0.0%}");
        c.Claim(apart < 1e-5 && apartOfFit < 1e-5, "the same numbers in three ways");
        c.Claim(accuracy > 0.93, "most flowers are classified correctly");

        c.Figure("layers-loss", Plot.Titled(c["One loss, three programs", "Una pérdida, tres programas"]).Labels(c["step", "paso"], c["cross-entropy", "entropía cruzada"]).WithLogY()
                .Line(c["by hand", "a mano"], fitted.History.Select(e => (double)e.Number), byHand).Dashes("Fit", fitted.History.Select(e => (double)e.Number), fitted.History.Select(e => e.Loss)),
            ("Two curves that lie on each other", "Dos curvas superpuestas"), ("The curves lie on each other.", "Las curvas coinciden."));
        c.Figure("layers-regions", DecisionRegions.Of(data.Inputs, data.Targets, fitted.Trained, ["setosa", "versicolor", "virginica"],
                c["petal length, standardized", "largo del pétalo, estandarizado"], c["petal width, standardized", "ancho del pétalo, estandarizado"]),
            ("Three regions with the flowers of three species", "Tres regiones con las flores de tres especies"), ("The species that the network predicts at each point of the plane; the dots are the flowers.", "La especie que la red predice en cada punto del plano; los puntos son las flores."));

        c.Question(
            ("How many numbers does the network learn?", "¿Cuántos números aprende la red?"),
            ($"$2 \\cdot 16 + 16 + 16 \\cdot 3 + 3 = {start.Values.Sum(t => t.Size)}$: the four tensors of the version by hand.", $"$2 \\cdot 16 + 16 + 16 \\cdot 3 + 3 = {start.Values.Sum(t => t.Size)}$: los cuatro tensores de la versión a mano."));
        c.Question(
            ("May we expect this accuracy on new flowers?", "¿Podemos esperar esta exactitud con flores nuevas?"),
            ("No: it was measured on the rows that the network learned from. The lessons of class 8 hold out rows to find out.", "No: se midió con las filas de las que aprendió la red. Las lecciones de la clase 8 reservan filas para averiguarlo."));
    }
}
