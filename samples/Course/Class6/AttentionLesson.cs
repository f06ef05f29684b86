using DL1;
using DL1.Pictures;
using static Course.LookUpTask;
using static DL1.Functions;

namespace Course;

/// <summary>Scaled dot-product attention as one expression: the library's numbers, why the scale, and a task that needs it.</summary>
internal static class AttentionLesson
{
    #region scratch
    // Scores of each query with each key, made weights that sum to 1, and the mean of the values by these weights.
    private static Expr Weights(Expr q, Expr k, double scale) => (scale * q.MatMul(k.T)).Softmax();
    private static Expr Attention(Expr q, Expr k, Expr v) => Weights(q, k, 1 / Math.Sqrt(q.Shape[^1])).MatMul(v);
    #endregion

    #region model
    private static Layer<Lookup, (Expr Answers, Expr Weights)> Model(int width, double scale) =>
        Layers.CreateOf<Lookup, (Expr Answers, Expr Weights)>("Lookup", (scope, x) =>
        {
            var queries = scope.Run("queries", Layers.Embedding(Letters, width), x.Asked);
            var keys = scope.Run("keys", Layers.Embedding(Letters, width), x.Letters);
            var values = scope.Run("values", Layers.Embedding(Digits, width), x.Digits);
            var weights = Weights(queries, keys, scale);
            return (scope.Run("answers", Layers.Linear(Digits), weights.MatMul(values)), weights);
        });
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("A recurrent network passes what it has read through one state, step by step. Attention looks back directly: a query is compared with a key at each place, and the answer is a mean of the values there, weighted by how well they fit.",
            "Una red recurrente pasa lo leído por un único estado, paso a paso. La atención mira atrás directamente: una consulta (*query*) se compara con una clave (*key*) en cada lugar, y la respuesta es una media de los valores, ponderada según lo bien que encajan.");
        c.Code("scratch");
        Expr Named(string name, int rows) => Expr.Variable(name, DType.F64, rows, 16);
        c.Formula(Attention(Named("Q", 3), Named("K", 5), Named("V", 5)).ToLatex());

        c.Heading("The same numbers as the library", "Los mismos números que la biblioteca");
        c.Code("same");
        #region same
        var x = Key.OfSeed(1).Normal(0, 1, 2, 6, 32);
        var layer = Layers.SelfAttention(heads: 4);
        var (p, state) = layer.Init(Key.OfSeed(2), 2, 6, 32);
        var product = x.MatMul(p["in_proj_weight"].Transpose(1, 0)) + p["in_proj_bias"];
        Expr Part(int i) => Expr.Constant(product).Slice(-1, (32 * i)..(32 * i + 32)).Reshape(2, 6, 4, 8).Transpose(0, 2, 1, 3);   // [rows; heads; places; 8]
        var joined = Attention(Part(0), Part(1), Part(2)).Transpose(0, 2, 1, 3).Reshape(2, 6, 32).Evaluate();
        var byHand = joined.MatMul(p["out_proj.weight"].Transpose(1, 0)) + p["out_proj.bias"];
        var difference = (byHand - layer.Apply(p, state, x)).Compute(Abs).Max().ToDouble();
        #endregion
        c.Claim(difference < 1e-6, "attention by hand has the layer's numbers");
        c.Text($"Four heads attend side by side, each in its own 8 of the 32 features. With the layer's parameters, the largest difference from `Layers.SelfAttention` is {difference:0.0e0}.",
            $"Cuatro cabezas atienden en paralelo, cada una en sus 8 de los 32 atributos. Con los parámetros de la capa, la mayor diferencia con `Layers.SelfAttention` es {difference:0.0e0}.");

        c.Heading("Why divide by √d?", "¿Por qué dividir por √d?");
        c.Text("The product of two vectors of $d$ independent numbers of variance 1 has the variance $d$. Large scores saturate the softmax: one weight is almost 1, and the gradient, with factors $a_i (1 - a_i)$, is almost 0.",
            "El producto de dos vectores de $d$ números independientes de varianza 1 tiene varianza $d$. Los puntajes grandes saturan la softmax: un peso es casi 1, y el gradiente, con factores $a_i (1 - a_i)$, es casi 0.");
        c.Formula(@"\operatorname{Var}(q \cdot k) = \sum_{i=1}^{d} \operatorname{Var}(q_i k_i) = d, \qquad \frac{\partial a_i}{\partial s_j} = a_i (\delta_{ij} - a_j)");
        c.Code("saturation");
        #region saturation
        double[] widths = [1, 4, 16, 64, 256, 1024];
        (double Deviation, double Greatest, double Slope) Measured(double d, double scale)
        {
            var q = Expr.Constant(Key.OfSeed(3).Normal(0, 1, c.Brief ? 50 : 500, 1, (int)d));
            var k = Expr.Constant(Key.OfSeed(4).Normal(0, 1, c.Brief ? 50 : 500, 16, (int)d));
            var a = Weights(q, k, scale);
            Expr[] wanted = [Sqrt((scale * q.MatMul(k.T)).Variance()), a.Max(-1).Mean(), (a * (1 - a)).Sum(-1).Mean()];
            return new CompiledFunction([], wanted).Invoke() is [var s, var g, var t] ? (s.ToDouble(), g.ToDouble(), t.ToDouble()) : default;
        }
        var plain = widths.Select(d => Measured(d, 1)).ToList();
        var scaled = widths.Select(d => Measured(d, 1 / Math.Sqrt(d))).ToList();
        #endregion
        (string Plain, string Scaled) names = ("q·k", "q·k / √d");
        Plot Of(string title, string label, Func<(double Deviation, double Greatest, double Slope), double> value) =>
            Plot.Titled(title).Labels(c["width d", "ancho d"], label).WithLogX().Line(names.Plain, widths, plain.Select(value)).Line(names.Scaled, widths, scaled.Select(value));
        c.Figure("attention-saturation", Figure.Grid(2, [
                Figure.Of(Of(c["Best of 16 keys", "La mejor de 16 claves"], c["weight", "peso"], m => m.Greatest).WithYLimits(0, 1)),
                Figure.Of(Of(c["Slope of softmax", "Pendiente softmax"], "Σ a(1 − a)", m => m.Slope).WithYLimits(0, 1))]),
            ("The greatest weight and the slope of the softmax over the width, with and without the scale", "El peso mayor y la pendiente de la softmax según el ancho, con escala y sin ella"),
            ($"Left the greatest weight, right the slope that is left. Without the scale, scores deviate by {plain[^1].Deviation:0.0} at $d = 1024$ ($\\sqrt{{d}} = 32$); a key picked by chance takes {plain[^1].Greatest:0.00} of the weight, and a slope of {plain[^1].Slope:0.00} is left. With the scale, nothing depends on $d$.", $"A la izquierda, el peso mayor; a la derecha, la pendiente que queda. Sin la escala, los puntajes se desvían {plain[^1].Deviation:0.0} con $d = 1024$ ($\\sqrt{{d}} = 32$); una clave elegida al azar se lleva {plain[^1].Greatest:0.00} del peso y queda una pendiente de {plain[^1].Slope:0.00}. Con la escala nada depende de $d$."));
        c.Claim(Math.Abs(plain[^1].Deviation - 32) < 1.5 && plain[^1].Greatest > 0.9 && plain[^1].Slope < 0.1 && scaled[^1].Slope > 0.6, "wide unscaled scores saturate the softmax");

        c.Heading("A task: look it up", "Una tarea: buscar");
        c.Text("Eight letters come with a digit each; then they are asked for in another order. The network does not know which query goes with which key: it learns both tables of vectors, and that of the digits.",
            "Llegan ocho letras, cada una con un dígito; después se pregunta por ellas en otro orden. La red no sabe qué consulta va con qué clave: aprende las dos tablas de vectores, y la de los dígitos.");
        c.Code("task", "Class6/LookUpTask.cs");
        c.Code("model");
        c.Code("training");
        #region training
        const int width = 128;
        var (train, test) = (Drawn(c.Brief ? 128 : 4096, 5), Drawn(c.Brief ? 64 : 1000, 6));
        TrainingResult Trained(double scale, long seed) => Model(width, scale).Fit(
            train, (Expr y, (Expr Answers, Expr Weights) o) => Losses.CrossEntropy(y, o.Answers), Optimizers.Adam(3e-3), epochs: c.Brief ? 1 : 12, batchSize: 64, seed: seed, validation: test);
        (string Name, double Scale)[] ways = [(names.Scaled, 1 / Math.Sqrt(width)), (names.Plain, 1), (c["plain mean", "media simple"], 0)];
        var runs = ways.Select(way => Enumerable.Range(1, c.Brief ? 1 : 3).Select(seed => Trained(way.Scale, seed)).ToList()).ToList();
        var rights = runs.Select(set => set.Select(run => Metrics.Accuracy.Of(test.Targets.Reshape(-1), run.PredictAs<(Tensor Answers, Tensor Weights)>(test).Answers.Reshape(-1, Digits))).ToList()).ToList();
        #endregion
        c.Figure("attention-training", ways.Zip(runs).Aggregate(
                Plot.Titled(c["Loss on new rows", "Pérdida en filas nuevas"]).Labels(c["epoch", "época"], c["loss", "pérdida"]),
                (plot, way) => plot.Runs(way.First.Name, way.Second, epoch => epoch.ValidationLoss!.Value)),
            ("Loss on new rows over the epochs for three kinds of weights", "Pérdida en filas nuevas según las épocas con tres clases de pesos"),
            ($"Mean and range of {runs[0].Count} seeds, width {width}, the same rate. With the scale the softmax starts soft and the tables fall into place; without it each query starts sure of a key picked by chance. The plain mean cannot tell one query from another.", $"Media y rango de {runs[0].Count} semillas, ancho {width}, la misma tasa. Con la escala la softmax empieza suave y las tablas encajan; sin ella cada consulta empieza segura de una clave elegida al azar. La media simple no distingue una consulta de otra."));
        c.Table([("weights", "pesos"), ("right on new rows: mean (range)", "aciertos en filas nuevas: media (rango)")], ways.Zip(rights, (way, r) => new[] { way.Name, Curves.Spread(r) }));
        c.Claim(rights[0].Min() > 0.99 && rights[2].Max() < 0.35 && rights[1].Max() < rights[0].Min(), "scaled attention looks up, a plain mean does not, and every seed without the scale is worse than each with it");
        c.Result("answers right: scaled, not scaled, plain mean", "respuestas correctas: con escala, sin escala, media simple", $"{rights[0].Average():0.000}, {rights[1].Average():0.000}, {rights[2].Average():0.000}");

        c.Heading("What it looks at", "Qué mira");
        var row = test.Take(1);
        var begun = Model(width, ways[0].Scale).Learner((Expr y, (Expr Answers, Expr Weights) o) => Losses.CrossEntropy(y, o.Answers), Optimizers.Adam(3e-3)).Start(Key.OfSeed(1), train);
        Tensor Map(Trained model) => model.PredictAs<(Tensor Answers, Tensor Weights)>(row).Weights.Row(0);
        var (before, after) = (Map(Model(width, ways[0].Scale).With(begun.Parameters, begun.State)), Map(runs[0][0].Trained));
        string[] Signs(string name) => [.. row.NamedInputs[name].ToDoubles().Select(letter => $"{(char)('A' + (int)letter)}")];
        Figure Drawing(Tensor map, string title) => HeatMap.Of(map, Signs("Asked"), Signs("Letters"), numbers: false, low: 0, high: 1, xLabel: c["read", "leído"], yLabel: c["asked", "pregunta"]).Titled(title);
        var own = Signs("Asked").Select((letter, i) => after.Row(i).ToDoubles()[Array.IndexOf(Signs("Letters"), letter)]).Min();
        c.Figure("attention-maps", Figure.Grid(2, [Drawing(before, c["Before training", "Antes de entrenar"]), Drawing(after, c["After training", "Tras entrenar"])]),
            ("The weights of eight queries on eight keys before and after training", "Los pesos de ocho consultas sobre ocho claves antes y después de entrenar"),
            ($"A test row: each query (down) has weights over the letters that were read (across). After training each puts at least {own:0.00} on its own letter.", $"Una fila de prueba: cada consulta (hacia abajo) reparte pesos sobre las letras leídas (a lo ancho). Tras entrenar, cada una pone al menos {own:0.00} en su propia letra."));
        c.Claim(own > 0.5, "each query looks at its own letter");

        c.Question(("Would a larger rate do instead of the scale?", "¿Serviría una tasa mayor en lugar de la escala?"),
            ($"The right half of the first figure says no: at $d = {width}$ most rows of the softmax have almost no slope, so almost no gradient reaches queries and keys, whatever the rate; and the few rows that have some would take huge steps.", $"La mitad derecha de la primera figura dice que no: con $d = {width}$ la mayoría de las filas de la softmax casi no tienen pendiente, así que a consultas y claves apenas les llega gradiente, sea cual sea la tasa; y las pocas filas que tienen algo darían pasos enormes."));
        c.Question(("Why does the plain mean do better than one in ten?", "¿Por qué la media simple acierta más que una de cada diez?"),
            ($"It knows which digits are in the row, but not whose they are, and names the most common one: right in {rights[2].Average():0.00}.", $"Sabe qué dígitos hay en la fila, pero no de qué letra son, y nombra el más frecuente: acierta {rights[2].Average():0.00}."));
    }
}
