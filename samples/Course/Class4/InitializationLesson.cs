using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>How signals and gradients pass through 20 layers, for each scheme of initialization.</summary>
internal static class InitializationLesson
{
    private const int Depth = 20, Width = 128;

    #region signals
    private sealed record Passage(double[] Signals, double[] Gradients, Tensor Middle);

    // One batch through 20 layers: the size of the values after each, and of the gradients that come back to them.
    private static Passage Through(Initializer weight, Func<Expr, Expr> activation, int rows)
    {
        List<Expr> layers = [Expr.Constant(Key.OfSeed(0).Normal(0, 1, rows, Width).Cast(DType.F64))];
        for (var i = 0; i < Depth; i++)
        {
            var layer = Layers.Linear(Width, bias: false, weight: weight);
            var (drawn, _) = layer.Init(Key.OfSeed(1).Fold(i), Expr.Variable("x", DType.F64, 1, Width), DType.F64);
            layers.Add(activation(layers[^1].MatMul(Expr.Constant(drawn["weight"]).T)));
        }

        var target = Expr.Constant(Key.OfSeed(2).Normal(0, 1, rows, Width).Cast(DType.F64));
        static Expr Size(Expr e) => Sqrt(Square(e).Mean());
        Expr[] sizes = [.. layers.Select(Size), .. (layers[^1] * target).Sum().Gradient([.. layers]).Select(Size), layers[Depth / 2]];
        var results = new CompiledFunction([], sizes).Invoke();
        double[] Numbers(Range part) => [.. results[part].Select(r => r.ToDouble())];
        return new Passage(Numbers(..(Depth + 1)), Numbers((Depth + 1)..^1), results[^1]);
    }
    #endregion

    public static void Run(Chapter c)
    {
        c.Text("A linear layer with $n$ inputs multiplies the mean square of its values by $n \\sigma^2$, where $\\sigma$ is the standard deviation of its weights, whose mean is 0. Through 20 layers that factor is raised to the 20th power. Only where it is near 1 do signals get through, and gradients back (with the number of outputs as $n$).",
            "Una capa lineal con $n$ entradas multiplica la media de los cuadrados de sus valores por $n \\sigma^2$, donde $\\sigma$ es la desviación estándar de sus pesos, de media 0. A lo largo de 20 capas ese factor se eleva a la vigésima potencia. Solo si es cercano a 1 pasan las señales y regresan los gradientes (con el número de salidas como $n$).");
        c.Formula(@"\mathbb{E}\, z_i^2 = n \, \sigma^2 \; \mathbb{E}\, h_j^2, \qquad \sigma_{\text{Xavier}} = \sqrt{\frac{2}{n_{\text{in}} + n_{\text{out}}}}, \qquad \sigma_{\text{He}} = \sqrt{\frac{2}{n_{\text{in}}}}");
        c.Code("signals");
        var rows = c.Brief ? 32 : 256;
        var layers = Enumerable.Range(0, Depth + 1).Select(i => (double)i).ToList();

        Dictionary<string, Passage> Compared(string file, string name, Func<Expr, Expr> activation, (string Name, Initializer Weight)[] schemes, Words signals, Words gradients)
        {
            var passages = schemes.ToDictionary(s => s.Name, s => Through(s.Weight, activation, rows));
            Plot Of(string title, Func<Passage, double[]> sizes) => passages.Aggregate(
                Plot.Titled(title).Labels(c["layer", "capa"], c["root mean square", "valor cuadrático medio"]).WithLogY(),
                (plot, entry) => plot.Line(entry.Key, layers, sizes(entry.Value)));
            c.Figure(file + "-signals", Of(c[$"Signals through 20 layers of {name}", $"Señales a través de 20 capas de {name}"], p => p.Signals),
                ($"Size of the values after each layer of {name}", $"Tamaño de los valores tras cada capa de {name}"), signals);
            c.Figure(file + "-gradients", Of(c[$"Gradients back through 20 layers of {name}", $"Gradientes de vuelta por 20 capas de {name}"], p => p.Gradients),
                ($"Size of the gradients at each layer of {name}", $"Tamaño de los gradientes en cada capa de {name}"), gradients);
            return passages;
        }

        c.Heading("tanh", "tanh");
        var (small, large) = (c["normal, deviation 0.01", "normal, desviación 0.01"], c["normal, deviation 1", "normal, desviación 1"]);
        var tanh = Compared("initialization-tanh", "tanh", Tanh,
            [(small, Initializers.Normal(0, 0.01)), (large, Initializers.Normal(0, 1)), ("Xavier", Initializers.XavierNormal()), (c["orthogonal", "ortogonal"], Initializers.Orthogonal())],
            ("Small weights: the signal is lost within a few layers. Large weights: it stays near 1, but only because most units are saturated. With Xavier's and with orthogonal weights it shrinks slowly; their curves coincide.", "Pesos pequeños: la señal se pierde en pocas capas. Pesos grandes: se mantiene cerca de 1, pero solo porque la mayoría de las unidades está saturada. Con los pesos de Xavier y los ortogonales disminuye despacio; sus curvas se superponen."),
            ("Read from the right: gradients start at the output. With large weights they explode, with small ones they vanish.", "Léase desde la derecha: los gradientes parten de la salida. Con pesos grandes explotan, con pequeños se desvanecen."));
        double Saturated(string scheme) => tanh[scheme].Middle.ToDoubles().Average(v => Math.Abs(v) > 0.9 ? 1.0 : 0);
        c.Claim(Saturated(large) > 0.8 && Saturated("Xavier") < 0.1, "large weights saturate most units, Xavier's do not");
        c.Figure("initialization-middle", Histograms.Of([(small, tanh[small].Middle), (large, tanh[large].Middle), ("Xavier", tanh["Xavier"].Middle)]).Titled(c["Layer 10", "Capa 10"]),
            ("The values of the tenth layer for three schemes", "Los valores de la décima capa con tres esquemas"),
            ($"The values of the tenth layer of tanh. Left: of the size {tanh[small].Signals[10]:0e+0}. Middle: {Saturated(large):0%} of them beyond ±0.9. Right: spread over the range of tanh, {Saturated("Xavier"):0%} beyond ±0.9.", $"Los valores de la décima capa de tanh. Izquierda: de tamaño {tanh[small].Signals[10]:0e+0}. Centro: el {Saturated(large):0%} más allá de ±0.9. Derecha: repartidos por el rango de tanh, el {Saturated("Xavier"):0%} más allá de ±0.9."));
        c.Claim(tanh[small].Signals[^1] < 1e-12, "small weights lose the signal");
        c.Claim(tanh[large].Gradients[0] > 1e3 * tanh[large].Gradients[^1], "large weights make gradients explode");
        c.Claim(tanh["Xavier"].Signals[^1] > 0.05 && tanh["Xavier"].Gradients[0] is > 0.05 and < 20, "with Xavier both shrink slowly");

        c.Heading("ReLU", "ReLU");
        var he = Compared("initialization-relu", "ReLU", Relu,
            [(small, Initializers.Normal(0, 0.01)), ("Xavier", Initializers.XavierNormal()), ("He", Initializers.KaimingNormal())],
            ("ReLU sets half of the values to 0, and with them half of the mean square: Xavier loses a factor $\\sqrt{2}$ at each layer. He's rule makes up for it.", "ReLU anula la mitad de los valores, y con ellos la mitad de la media de los cuadrados: Xavier pierde un factor $\\sqrt{2}$ en cada capa. La regla de He lo compensa."),
            ("The same factors on the way back, from right to left.", "Los mismos factores en el camino de vuelta, de derecha a izquierda."));
        var lost = Math.Pow(he["Xavier"].Signals[1] / he["Xavier"].Signals[^1], 1.0 / (Depth - 1));
        c.Claim(Math.Abs(lost - Math.Sqrt(2)) < 0.1, "Xavier loses about √2 for each layer of ReLU");
        c.Claim(he["He"].Signals[^1] is > 0.2 and < 5, "He's rule keeps the signal");
        c.Table([("activation", "activación"), ("scheme", "esquema"), ("signal after 20 layers", "señal tras 20 capas"), ("gradient at the input", "gradiente en la entrada")],
            tanh.Select(p => (Name: "tanh", p)).Concat(he.Select(p => (Name: "ReLU", p)))
                .Select(row => new[] { row.Name, row.p.Key, $"{row.p.Value.Signals[^1]:0.0e+0}", $"{row.p.Value.Gradients[0]:0.0e+0}" }));
        c.Text($"In this run Xavier loses a factor of {lost:0.00} for each layer of ReLU; theory says $\\sqrt{{2}} = {Math.Sqrt(2):0.00}$.",
            $"En esta ejecución Xavier pierde un factor de {lost:0.00} por cada capa de ReLU; la teoría dice $\\sqrt{{2}} = {Math.Sqrt(2):0.00}$.");

        c.Heading("Does it learn?", "¿Aprende?");
        c.Code("training");
        #region training
        // Ten hidden layers of ReLU on the handwritten digits; nothing differs but the first weights.
        var (train, test) = Datasets.Digits().Split(0.8, seed: 1);
        TrainingResult Trained(Initializer weight)
        {
            Layer<Expr, Expr>[] Hidden() => [Layers.Linear(64, weight: weight, biasInit: Initializers.Zeros), Layers.Relu()];
            var model = Model.Sequential([.. Enumerable.Range(0, 10).SelectMany(_ => Hidden()), Layers.Linear(10, weight: weight, biasInit: Initializers.Zeros)]);
            return model.Fit(train, Losses.CrossEntropy, Optimizers.Sgd(0.05), epochs: c.Brief ? 1 : 12, batchSize: 32, validation: test);
        }

        var learned = new[] { (small, Initializers.Normal(0, 0.01)), ("Xavier", Initializers.XavierNormal()), ("He", Initializers.KaimingNormal()) }
            .ToDictionary(s => s.Item1, s => Trained(s.Item2));
        #endregion
        c.Figure("initialization-training", learned.Aggregate(
                Plot.Titled(c["Ten layers of ReLU on the digits", "Diez capas de ReLU con los dígitos"]).Labels(c["epoch", "época"], c["training loss", "pérdida de entrenamiento"]),
                (plot, entry) => plot.Line(entry.Key, entry.Value.History.Select(epoch => (double)epoch.Number), entry.Value.History.Select(epoch => epoch.Loss))),
            ("Training losses for three schemes", "Pérdidas de entrenamiento con tres esquemas"),
            ("From small weights the loss never leaves that of guessing, $\\log 10 = 2.30$. From Xavier's it falls late, from He's at once.", "Con pesos pequeños la pérdida no sale de la de responder al azar, $\\log 10 = 2.30$. Con los de Xavier baja tarde; con los de He, de inmediato."));
        var (stuck, xavier, best) = (learned[small].History[^1].Loss, learned["Xavier"].History[^1].Loss, learned["He"].History[^1].Loss);
        c.Claim(stuck > 2.2 && best < 0.2 && xavier > best, "small weights do not learn, He's do, and better than Xavier's");
        c.Result("training loss: small, Xavier, He", "pérdida de entrenamiento: pequeños, Xavier, He", $"{stuck:0.00}, {xavier:0.000}, {best:0.000}");
        c.Question(("Why not simply start from weights of 0?", "¿Por qué no empezar sencillamente con pesos 0?"),
            ("All units of a layer would compute the same and get the same gradient: they would stay equal. And as the first figure shows for weights near 0, no signal reaches the output.",
             "Todas las unidades de una capa calcularían lo mismo y recibirían el mismo gradiente: seguirían iguales para siempre. Y, como muestra la primera figura con pesos casi nulos, ninguna señal llega a la salida."));
        c.Question(("Large weights keep the signal of tanh near 1. Why are they bad nevertheless?", "Con pesos grandes la señal de tanh sigue cerca de 1. ¿Por qué son malos de todos modos?"),
            ($"The histogram shows it: {Saturated(large):0%} of the values are near −1 or 1, where the units are saturated. And gradients grow by the factor {tanh[large].Gradients[0] / tanh[large].Gradients[^1]:0e+0} on the way back.",
             $"Lo muestra el histograma: el {Saturated(large):0%} de los valores está cerca de −1 o 1, donde las unidades están saturadas. Y los gradientes crecen por un factor de {tanh[large].Gradients[0] / tanh[large].Gradients[^1]:0e+0} en el camino de vuelta."));
    }
}
