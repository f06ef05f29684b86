using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Batch normalisation: by hand, and what it does to the training of a deep sigmoid network.</summary>
internal static class BatchNormLesson
{
    public static void Run(Chapter c)
    {
        c.Text("Good first weights help at the first step only; then weights move, and the values of deep layers drift. Batch normalisation puts them back at every step: each unit's values over the batch get mean 0 and variance 1, then a scale $\\gamma$ and a shift $\\beta$ that are learnt (Ioffe and Szegedy, 2015).",
            "Unos buenos pesos iniciales solo ayudan en el primer paso; después los pesos se mueven y los valores de las capas profundas derivan. La normalización por lotes los devuelve a su sitio en cada paso: los valores de cada unidad en el lote pasan a tener media 0 y varianza 1, y luego una escala $\\gamma$ y un desplazamiento $\\beta$ que se aprenden (Ioffe y Szegedy, 2015).");
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
        c.Text($"Both agree to {difference:0e+0}. The layer also keeps running averages of mean and variance: at inference there may be one row alone, and what it becomes must not depend on the others.",
            $"Ambos coinciden, con diferencias de {difference:0e+0}. La capa guarda además medias móviles de la media y la varianza: al predecir puede haber una sola fila, y su resultado no debe depender de las demás.");

        c.Heading("Five layers of sigmoids", "Cinco capas de sigmoides");
        c.Text("Sigmoids saturate easily, so a deep network of them is hard to train: a good patient.", "Las sigmoides se saturan con facilidad, y por eso una red profunda de ellas es difícil de entrenar: un buen paciente.");
        c.Code("training");
        #region training
        var (train, test) = Datasets.Digits().Split(0.8, seed: 1);
        double[] rates = c.Brief ? [0.1] : [0.01, 0.03, 0.1, 0.3, 1, 3];
        TrainingResult Trained(bool isNormalised, double rate)
        {
            Layer<Expr, Expr>[] Hidden() => isNormalised ? [Layers.Linear(64, bias: false), Layers.BatchNorm(), Layers.Sigmoid()] : [Layers.Linear(64), Layers.Sigmoid()];
            var model = Model.Sequential([.. Enumerable.Range(0, 5).SelectMany(_ => Hidden()), Layers.Linear(10)]);
            return model.Fit(train, Losses.CrossEntropy, Optimizers.Sgd(rate), epochs: c.Brief ? 1 : 10, batchSize: 32, validation: test);
        }

        var plain = rates.Select(rate => Trained(false, rate)).ToList();
        var normalised = rates.Select(rate => Trained(true, rate)).ToList();
        #endregion
        double Accuracy(TrainingResult result) => result.Evaluate(test, Metrics.Accuracy)[Metrics.Accuracy];
        double[] plainAccuracy = [.. plain.Select(Accuracy)], normalisedAccuracy = [.. normalised.Select(Accuracy)];
        var (without, with) = (c["without", "sin normalización"], c["with batch normalisation", "con normalización por lotes"]);
        if (!c.Brief)
        {
            c.Figure("batch-norm-rates", Plot.Titled(c["Test accuracy after ten epochs", "Exactitud de prueba tras diez épocas"]).Labels(c["learning rate", "tasa de aprendizaje"], c["accuracy", "exactitud"]).WithLogX().WithYLimits(0, 1)
                    .Line(without, rates, plainAccuracy).Line(with, rates, normalisedAccuracy),
                ("Accuracy over the learning rate, with and without batch normalisation", "Exactitud según la tasa de aprendizaje, con y sin normalización por lotes"),
                ("With it the network learns over the whole range of rates, a factor of 300; without it, nowhere: it guesses.", "Con ella la red aprende en todo el intervalo de tasas, un factor de 300; sin ella, en ninguno: responde al azar."));
        }

        var chosen = c.Brief ? 0 : Array.IndexOf(rates, 0.1);
        Plot Curve(Plot plot, string name, TrainingResult result) => plot.Line(name, result.History.Select(e => (double)e.Number), result.History.Select(e => e.Loss));
        c.Figure("batch-norm-curves", Curve(Curve(Plot.Titled(c["Learning at the rate 0.1", "El aprendizaje con tasa 0.1"]).Labels(c["epoch", "época"], c["training loss", "pérdida de entrenamiento"]), without, plain[chosen]), with, normalised[chosen]),
            ("Training losses with and without batch normalisation", "Pérdidas de entrenamiento con y sin normalización por lotes"),
            ("Without it the loss stays at that of guessing, $\\log 10 = 2.30$.", "Sin ella la pérdida se queda en la de responder al azar, $\\log 10 = 2.30$."));
        c.Claim(rates.Length > 1 && normalisedAccuracy.Min() > 0.8, "with batch normalisation it learns at every rate");
        c.Claim(plainAccuracy.Max() < 0.2, "without, at none of them");

        c.Heading("Inside", "Por dentro");
        c.Code("inside");
        #region inside
        // What comes out of the last sigmoids for the test rows, each unit's spread over the rows.
        Tensor Last(TrainingResult result) => result.Trained.Activations(test.Inputs)[$"{(result == plain[chosen] ? 9 : 14)}"];
        (string, Tensor)[] inside = [(without, Last(plain[chosen])), (with, Last(normalised[chosen]))];
        #endregion
        c.Figure("batch-norm-inside", Histograms.Of(inside).Titled(c["With and without", "Con y sin ella"]), ("The values of the last hidden layer, with and without", "Los valores de la última capa oculta, con y sin normalización"),
            ("Values of the last hidden layer for all test rows. Without normalisation each unit says nearly the same for every digit.", "Valores de la última capa oculta para todas las filas de prueba. Sin normalización cada unidad dice casi lo mismo para cualquier dígito."));
        double Spread(Tensor t) => t.Compute(e => e.StandardDeviation(0).Mean()).ToDouble();
        var (flat, alive) = (Spread(inside[0].Item2), Spread(inside[1].Item2));
        c.Claim(alive > 10 * flat, "units differ from row to row ten times as much with batch normalisation");

        var predictor = normalised[chosen].Trained;
        var alone = predictor.Predict(test.Inputs.Rows(..1)).ToDoubles();
        var among = predictor.Predict(test.Inputs).Rows(..1).ToDoubles();
        c.Claim(alone.Zip(among).All(pair => Math.Abs(pair.First - pair.Second) < 1e-4), "a prediction does not depend on the rows beside it");
        c.Result("accuracy at the rate 0.1 without and with", "exactitud con tasa 0.1 sin y con", $"{plainAccuracy[chosen]:0.00}, {normalisedAccuracy[chosen]:0.00}");
        c.Text($"Over the rows a unit varies by {flat:0.0e+0} without and by {alive:0.00} with normalisation. At the rate 0.1 the accuracy is {plainAccuracy[chosen]:0.00} without and {normalisedAccuracy[chosen]:0.00} with.",
            $"Entre filas, una unidad varía en {flat:0.0e+0} sin normalización y en {alive:0.00} con ella. Con la tasa 0.1 la exactitud es {plainAccuracy[chosen]:0.00} sin y {normalisedAccuracy[chosen]:0.00} con normalización.");
        c.Question(("Why has the linear layer before a batch normalisation no bias?", "¿Por qué la capa lineal previa a una normalización por lotes no lleva sesgo?"),
            ("The mean is subtracted, and a bias with it: it would have no effect and no gradient. $\\beta$ takes its place.", "Se resta la media, y con ella el sesgo: no tendría efecto ni gradiente. $\\beta$ ocupa su lugar."));
        c.Question(("What would go wrong with batches of one row?", "¿Qué fallaría con lotes de una sola fila?"),
            ("$x - \\mu$ would be 0 for every unit: nothing of the input would be left. Small batches make noisy statistics; layer normalisation, which takes the mean over units instead, does not mind.",
             "$x - \\mu$ sería 0 en todas las unidades: no quedaría nada de la entrada. Los lotes pequeños dan estadísticas ruidosas; a la normalización por capas, que promedia sobre las unidades, no le importa."));
    }
}
