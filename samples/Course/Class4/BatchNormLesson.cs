using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Batch normalization: by hand, and what it does to the training of a deep sigmoid network.</summary>
internal static class BatchNormLesson
{
    public static void Run(Chapter c)
    {
        c.Text("Good initial weights help at the start only; then the weights move, and the values of deep layers drift. Batch normalization readjusts them at every step: over the batch each unit gets mean 0 and variance 1, then a scale $\\gamma$ and a shift $\\beta$ that are learned (Ioffe and Szegedy, 2015).",
            "Unos buenos pesos iniciales solo ayudan al comienzo; después los pesos cambian y los valores de las capas profundas se desplazan. La normalización por lotes los reajusta en cada paso: en el lote, cada unidad pasa a tener media 0 y varianza 1, y luego una escala $\\gamma$ y un desplazamiento $\\beta$ que se aprenden (Ioffe y Szegedy, 2015).");
        c.Formula(@"\hat{x}_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad y_i = \gamma \, \hat{x}_i + \beta");
        c.Code("hand");
        #region hand
        // By hand, and by the layer in training (with a key); at first the scale is 1 and the shift 0.
        var batch = Key.OfSeed(1).Normal(3, 2, 64, 5);
        var x = Expr.Constant(batch);
        var mean = x.Mean(true, 0);
        var byHand = (x - mean) / Sqrt(Square(x - mean).Mean(true, 0) + 1e-5);
        var layer = Layers.BatchNorm();
        var (weights, state) = layer.Init(Key.OfSeed(0), 64, 5);
        var (byLayer, next) = layer.Apply(weights.Map(Expr.Constant), state.Map(Expr.Constant), x, Expr.Constant(Key.OfSeed(0).ToTensor()));
        #endregion
        var difference = Abs(byHand - byLayer).Max().Evaluate().ToDouble();
        c.Claim(difference < 1e-5, "the layer computes what is computed by hand");
        c.Text($"The two differ by at most {difference:0e+0}. The layer also keeps running averages of $\\mu$ and $\\sigma^2$ and uses them for prediction: a prediction must not depend on the other rows of the batch.",
            $"Ambos difieren como mucho en {difference:0e+0}. La capa guarda además promedios móviles de $\\mu$ y $\\sigma^2$ y los usa al predecir: una predicción no debe depender de las demás filas del lote.");

        c.Heading("Five layers of sigmoids", "Cinco capas de sigmoides");
        c.Text("Sigmoids saturate easily, so a deep network of them is hard to train. We train one with and one without normalization, at six learning rates.", "Las sigmoides se saturan con facilidad, y por eso una red profunda de sigmoides es difícil de entrenar. Entrenamos una con normalización y otra sin ella, con seis tasas de aprendizaje.");
        c.Code("training");
        #region training
        var (train, held) = Datasets.Digits().Split(0.8, seed: 1);
        double[] rates = c.Brief ? [0.1] : [0.01, 0.03, 0.1, 0.3, 1, 3];
        TrainingResult Trained(bool isNormalized, double rate)
        {
            Layer<Expr, Expr>[] Hidden() => isNormalized ? [Layers.Linear(64, bias: false), Layers.BatchNorm(), Layers.Sigmoid()] : [Layers.Linear(64), Layers.Sigmoid()];
            var model = Model.Sequential([.. Enumerable.Range(0, 5).SelectMany(_ => Hidden()), Layers.Linear(10)]);
            return model.Fit(train, Losses.CrossEntropy, Optimizers.Sgd(rate), epochs: c.Brief ? 1 : 10, batchSize: 32, validation: held);
        }

        var plain = rates.Select(rate => Trained(false, rate)).ToList();
        var normalized = rates.Select(rate => Trained(true, rate)).ToList();
        #endregion
        double Accuracy(TrainingResult result) => result.Evaluate(held, Metrics.Accuracy)[Metrics.Accuracy];
        double[] plainAccuracy = [.. plain.Select(Accuracy)], normalizedAccuracy = [.. normalized.Select(Accuracy)];
        var (without, with) = (c["without", "sin normalización"], c["with batch normalization", "con normalización por lotes"]);
        if (!c.Brief)
        {
            c.Figure("batch-norm-rates", Plot.Titled(c["Validation accuracy after ten epochs", "Exactitud de validación tras diez épocas"]).Labels(c["learning rate", "tasa de aprendizaje"], c["accuracy", "exactitud"]).WithLogX().WithYLimits(0, 1)
                    .Line(without, rates, plainAccuracy).Line(with, rates, normalizedAccuracy),
                ("Accuracy over the learning rate, with and without batch normalization", "Exactitud según la tasa de aprendizaje, con y sin normalización por lotes"),
                ("With it the network learns at all these rates, which span a factor of 300; without it, at none: one in ten right is guessing.", "Con ella la red aprende con todas estas tasas, que abarcan un factor de 300; sin ella, con ninguna: acertar una de cada diez es responder al azar."));
        }

        var chosen = c.Brief ? 0 : Array.IndexOf(rates, 0.1);
        Plot Curve(Plot plot, string name, TrainingResult result) => plot.Line(name, result.History.Select(e => (double)e.Number), result.History.Select(e => e.Loss));
        c.Figure("batch-norm-curves", Curve(Curve(Plot.Titled(c["Training loss at the rate 0.1", "Pérdida de entrenamiento con tasa 0.1"]).Labels(c["epoch", "época"], c["training loss", "pérdida de entrenamiento"]), without, plain[chosen]), with, normalized[chosen]),
            ("Training losses with and without batch normalization", "Pérdidas de entrenamiento con y sin normalización por lotes"),
            ("Without it the loss stays at that of guessing, $\\log 10 = 2.30$.", "Sin ella la pérdida se queda en la de responder al azar, $\\log 10 = 2.30$."));
        c.Claim(rates.Length > 1 && normalizedAccuracy.Min() > 0.8, "with batch normalization it learns at every rate");
        c.Claim(plainAccuracy.Max() < 0.2, "without, at none of them");

        c.Heading("Inside", "Por dentro");
        c.Code("inside");
        #region inside
        // The outputs of the last sigmoids for the validation rows.
        Tensor Last(TrainingResult result) => result.Trained.Activations(held.Inputs)[$"{(result == plain[chosen] ? 9 : 14)}"];
        (string, Tensor)[] inside = [(without, Last(plain[chosen])), (with, Last(normalized[chosen]))];
        #endregion
        c.Figure("batch-norm-inside", Histograms.Of(inside).Titled(c["Outputs of the last hidden layer", "Salidas de la última capa oculta"]), ("The values of the last hidden layer, with and without", "Los valores de la última capa oculta, con y sin normalización"),
            ("Outputs of all units for all validation rows. With normalization they spread over the range of the sigmoid. Without it they do not: each of the 64 units gives nearly the same for every digit.", "Salidas de todas las unidades para todas las filas de validación. Con normalización se reparten por el rango de la sigmoide. Sin ella no: cada una de las 64 unidades da casi lo mismo para cualquier dígito."));
        double Spread(Tensor t) => t.Compute(e => e.StandardDeviation(0).Mean()).ToDouble();
        var (flat, alive) = (Spread(inside[0].Item2), Spread(inside[1].Item2));
        c.Claim(alive > 10 * flat, "units differ from row to row ten times as much with batch normalization");

        var predictor = normalized[chosen].Trained;
        var alone = predictor.Predict(held.Inputs.Rows(..1)).ToDoubles();
        var among = predictor.Predict(held.Inputs).Rows(..1).ToDoubles();
        c.Claim(alone.Zip(among).All(pair => Math.Abs(pair.First - pair.Second) < 1e-4), "a prediction does not depend on the rows beside it");
        c.Result("validation accuracy at the rate 0.1: without, with", "exactitud de validación con tasa 0.1: sin normalización, con ella", $"{plainAccuracy[chosen]:0.00}, {normalizedAccuracy[chosen]:0.00}");
        c.Text($"From row to row, the output of a unit has a standard deviation of {flat:0.0e+0} without and of {alive:0.00} with normalization, on average. At the rate 0.1 the accuracy is {plainAccuracy[chosen]:0.00} without and {normalizedAccuracy[chosen]:0.00} with it.",
            $"De una fila a otra, la salida de una unidad tiene en promedio una desviación estándar de {flat:0.0e+0} sin normalización y de {alive:0.00} con ella. Con la tasa 0.1 la exactitud es {plainAccuracy[chosen]:0.00} sin normalización y {normalizedAccuracy[chosen]:0.00} con ella.");
        c.Question(("Why does the linear layer before batch normalization have no bias?", "¿Por qué la capa lineal previa a una normalización por lotes no lleva sesgo?"),
            ("The mean is subtracted, and a bias with it: it would have no effect and no gradient. $\\beta$ takes its place.", "Se resta la media, y con ella el sesgo: no tendría efecto ni gradiente. $\\beta$ ocupa su lugar."));
        c.Question(("What would go wrong with batches of one row?", "¿Qué fallaría con lotes de una sola fila?"),
            ("$x - \\mu$ would be 0 for every unit: nothing of the input would be left. Small batches give noisy statistics; layer normalization, which takes the mean over the units of each row, does not depend on the batch.",
             "$x - \\mu$ sería 0 en todas las unidades: no quedaría nada de la entrada. Los lotes pequeños dan estadísticas ruidosas; la normalización por capas, que promedia sobre las unidades de cada fila, no depende del lote."));
    }
}
