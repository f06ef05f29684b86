using System.Diagnostics;
using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>The gradients of a two-layer network as formulas with matrices, beside the loop over samples.</summary>
internal static class MatrixCalculusLesson
{
    private sealed record Network(Expr X, Expr Y, Expr[] Weights, (string Name, Expr Value)[] Names, Expr Loss);

    #region network
    // 64 pixels, 32 hidden units, 10 digits; the targets are one-hot rows.
    private static Network Of(int rows)
    {
        Expr x = Expr.Variable("X", DType.F64, rows, 64), y = Expr.Variable("Y", DType.F64, rows, 10);
        Expr w1 = Expr.Variable("W1", DType.F64, 64, 32), b1 = Expr.Variable("b1", DType.F64, 32);
        Expr w2 = Expr.Variable("W2", DType.F64, 32, 10), b2 = Expr.Variable("b2", DType.F64, 10);
        var z = x.MatMul(w1) + b1;
        var h = Sigmoid(z);
        var scores = h.MatMul(w2) + b2;
        var p = scores.Softmax(-1);
        var loss = -(y * Log(p)).Sum() / rows;
        return new Network(x, y, [w1, b1, w2, b2], [("Z", z), ("H", h), ("S", scores), ("P", p), ("L", loss)], loss);
    }
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("How does the loss of a two-layer network change with its weights? DL1 derives it, with matrices that hold the whole batch: one row of $X$ for each sample. All formulas below are printed from the graph of the network.",
            "¿Cómo cambia la pérdida de una red de dos capas con sus pesos? DL1 lo deduce, con matrices que contienen el lote completo: una fila de $X$ por muestra. Todas las fórmulas que siguen se imprimen a partir del grafo de la red.");
        c.Code("network");
        var rows = c.Brief ? 128 : 1024;
        var network = Of(rows);
        foreach (var (_, value) in network.Names) c.Formula(value.MatrixForm(network.Names).Latex);

        c.Heading("The gradients as formulas", "Los gradientes como fórmulas");
        c.Code("formulas");
        #region formulas
        var formulas = network.Loss.MatrixGradients(network.Weights, network.Names, stochastic: [network.Y]);
        #endregion
        foreach (var formula in formulas) c.Formula(formula.Latex);
        c.Table([("gradient", "gradiente"), ("formula", "fórmula"), ("shapes", "formas")],
            formulas.Select(f => new[] { f.Subject, f.Text, f.Shapes }));
        c.Text(@"Follow the gradient of $W_1$ from the error outwards: $P - Y$ is the error of the probabilities, $W_2^{\top}$ carries it back to the hidden units, $\sigma'(Z)$ makes it small where units are saturated, and $X^{\top}$ adds up the samples. The shapes are a good check: these factors must give a $64 \times 32$ matrix. $\odot$ multiplies element by element; the vector of ones $\mathbf{1}$ in the gradient of a bias adds up the rows.",
            @"Sigamos el gradiente de $W_1$ desde el error hacia afuera: $P - Y$ es el error de las probabilidades, $W_2^{\top}$ lo lleva de vuelta a las unidades ocultas, $\sigma'(Z)$ lo reduce donde las unidades están saturadas y $X^{\top}$ suma las muestras. Las formas son una buena comprobación: estos factores deben dar una matriz de $64 \times 32$. $\odot$ multiplica elemento a elemento; el vector de unos $\mathbf{1}$ en el gradiente de un sesgo suma las filas.");
        c.Claim(formulas.All(f => f.IsMatrixForm) && formulas[0].Text.Contains("·((P − Y)·W₂ᵀ ⊙ σ′(Z))"), "the gradient of W₁ has its textbook form");

        c.Heading("One step of the chain rule at a time", "La regla de la cadena, paso a paso");
        c.Code("steps");
        #region steps
        // Softmax and logarithm are one step: without the name P, nothing is written between the loss and the scores.
        var steps = network.Loss.MatrixGradients(
            network.Weights, network.Names.Where(n => n.Name != "P"), stochastic: [network.Y], stepwise: true);
        #endregion
        foreach (var step in steps) c.Formula(step.Latex);
        c.Claim(steps[0].Text.EndsWith("(softmax(S) − Y)") && steps[3].Text == "Xᵀ·∂L/∂Z", "the chain begins with the error of the probabilities and ends with the weights");
        c.Text("The same formulas, each written with the gradient before it. This is backpropagation: every product is computed once and used by all that come after it.",
            "Las mismas fórmulas, cada una escrita con el gradiente anterior. Esto es la retropropagación: cada producto se calcula una vez y lo usan todos los que vienen después.");

        c.Heading("Against a loop over samples", "Frente a un bucle sobre las muestras");
        c.Code("loop");
        #region loop
        // One sample at a time: the gradients of a network with one row, added up over the rows.
        var one = Of(1);
        var ofOne = new CompiledFunction([one.X, one.Y, .. one.Weights], one.Loss.Gradient(one.Weights));
        double[][] Loop(Tensor x, Tensor y, Tensor[] weights)
        {
            var sums = weights.Select(w => new double[w.Size]).ToArray();
            for (var row = 0; row < x.Shape[0]; row++)
            {
                var gradients = ofOne.Invoke([x.Rows(row..(row + 1)), y.Rows(row..(row + 1)), .. weights]);
                foreach (var (sum, gradient) in sums.Zip(gradients))
                    for (var (i, values) = (0, gradient.ToDoubles()); i < sum.Length; i++) sum[i] += values[i] / x.Shape[0];
            }

            return sums;
        }
        #endregion
        var data = Datasets.Digits();
        var (pixels, targets) = (data.Inputs.Cast(DType.F64), data.Targets.Compute(labels => labels.OneHot(10)).Cast(DType.F64));
        var weights = network.Weights.Select((w, i) => Key.OfSeed(i).Normal(0, 0.2, [.. w.Shape]).Cast(DType.F64)).ToArray();
        static double Milliseconds(Action work) => Enumerable.Range(0, 6).Select(_ =>
        {
            var clock = Stopwatch.StartNew();
            work();
            return clock.Elapsed.TotalMilliseconds;
        }).Skip(1).Min();
        var runs = (c.Brief ? new[] { 1, 16, 128 } : [1, 4, 16, 64, 256, 1024]).Select(n =>
        {
            var (batch, x, y) = (Of(n), pixels.Rows(..n), targets.Rows(..n));
            var whole = new CompiledFunction([batch.X, batch.Y, .. batch.Weights], batch.Loss.MatrixGradients(batch.Weights, batch.Names, stochastic: [batch.Y]).Select(f => f.Value));
            var apart = whole.Invoke([x, y, .. weights]).Zip(Loop(x, y, weights)).Max(pair => pair.First.ToDoubles().Zip(pair.Second).Max(v => Math.Abs(v.First - v.Second)));
            return (Size: (double)n, Apart: apart, Loop: Milliseconds(() => Loop(x, y, weights)), Matrices: Milliseconds(() => whole.Invoke([x, y, .. weights])));
        }).ToList();
        c.Figure("matrix-calculus-times", Plot.Titled(c["Time for the gradients of a batch", "Tiempo para los gradientes de un lote"]).Labels(c["samples in the batch", "muestras en el lote"], c["milliseconds", "milisegundos"]).WithLogX().WithLogY()
                .Line(c["loop over samples", "bucle sobre las muestras"], runs.Select(r => r.Size), runs.Select(r => r.Loop)).Line(c["formulas with matrices", "fórmulas con matrices"], runs.Select(r => r.Size), runs.Select(r => r.Matrices)),
            ("Times of the loop and of the formulas over the size of the batch", "Tiempos del bucle y de las fórmulas según el tamaño del lote"),
            ("Both axes are logarithmic. The loop pays for each sample anew; a product of matrices uses the processor's vector units and caches for all samples together. (Times differ a little from run to run.)",
             "Ambos ejes son logarítmicos. El bucle paga de nuevo por cada muestra; un producto de matrices aprovecha las unidades vectoriales y las cachés del procesador para todas las muestras a la vez. (Los tiempos varían un poco entre ejecuciones.)"));
        var (difference, gain) = (runs.Max(r => r.Apart), runs[^1].Loop / runs[^1].Matrices);
        c.Claim(difference < 1e-12, "formulas and loop agree to 1e-12");
        c.Claim(gain > 3, "the formulas are more than three times as fast as the loop for the largest batch");
        c.Result("greatest difference between loop and formulas", "mayor diferencia entre bucle y fórmulas", $"{difference:0.0e+0}");
        c.Text($"The gradients of the two differ by at most {difference:0.0e+0}. With {runs[^1].Size} samples the formulas take {runs[^1].Matrices:0.0} ms, the loop {runs[^1].Loop:0} ms: {gain:0} times as long.",
            $"Los gradientes de ambos difieren como mucho en {difference:0.0e+0}. Con {runs[^1].Size} muestras las fórmulas tardan {runs[^1].Matrices:0.0} ms y el bucle {runs[^1].Loop:0} ms: {gain:0} veces más.");
        c.Question(("Why is the error of softmax and cross-entropy simply $P - Y$?", "¿Por qué el error de softmax con entropía cruzada es simplemente $P - Y$?"),
            (@"The derivative of the logarithm, $1/P$, cancels the factor $P$ in the derivative of softmax. What is left is the probabilities minus the targets, because each row of $Y$ adds up to 1. Without that assumption DL1 prints $P \odot (Y \mathbf{1} \mathbf{1}^{\top}) - Y$.",
             @"La derivada del logaritmo, $1/P$, cancela el factor $P$ de la derivada de softmax. Quedan las probabilidades menos los objetivos, porque cada fila de $Y$ suma 1. Sin esa hipótesis DL1 imprime $P \odot (Y \mathbf{1} \mathbf{1}^{\top}) - Y$."));
        c.Question(("Which factor vanishes when hidden units are saturated, and which gradients does it stop?", "¿Qué factor se anula cuando las unidades ocultas se saturan, y qué gradientes detiene?"),
            (@"$\sigma'(Z)$: it is a factor of the gradients of $W_1$ and $b_1$ only; those of $W_2$ and $b_2$ do not contain it.",
             @"$\sigma'(Z)$: solo aparece en los gradientes de $W_1$ y $b_1$. Los de $W_2$ y $b_2$ no lo tienen."));
    }
}
