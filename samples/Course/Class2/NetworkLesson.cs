using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>The third exercise, second half: a network of two hidden layers on the same curve, and on real data.</summary>
internal static class NetworkLesson
{
    #region network
    /// <summary>Two hidden layers with batch normalization, ReLU and dropout, and a linear output; weights by He's rule.</summary>
    private static Layer<Expr, Expr> Network(double dropout)
    {
        var he = Initializers.KaimingNormal();
        Layer<Expr, Expr>[] Hidden() => [Layers.Linear(300, bias: false, weight: he), Layers.BatchNorm(), Layers.Relu(), Layers.Dropout(dropout)];
        return Model.Sequential([.. Hidden(), .. Hidden(), Layers.Linear(1, weight: he)]);
    }
    #endregion

    public static void Run(Chapter c)
    {
        c.Text(
            "The same samples as before, but the model is not told that the curve is a parabola: a network with two hidden layers of 300 units must find it. "
                + "The input is scaled; batch normalization (BN) comes before each ReLU, dropout after it.",
            "Las mismas muestras que antes, pero nadie le dice al modelo que la curva es una parábola: una red con dos capas ocultas de 300 unidades debe descubrirla. "
                + "La entrada se escala; la normalización por lotes (BN) precede a cada ReLU y el *dropout* la sigue.");
        c.Formula(@"h_k = \mathrm{dropout}\left(\max\left(0, \mathrm{BN}(W_k h_{k-1})\right)\right), \quad k = 1, 2, \qquad \hat{y} = W_3 h_2 + b");
        c.Code("network");

        #region curve
        var (train, validation, test) = RegressionLesson.Samples(10_000, seed: 4).Split(validation: 0.2, test: 0.1, seed: 4);
        var scaler = Scaler.Standard(train.Inputs);
        var epochs = c.Brief ? 2 : 100;
        var fitted = Network(dropout: 0.1).Learner(Losses.Mse, Optimizers.Sgd(1e-4)).Fit(scaler.Apply(train), new TrainingOptions(
            epochs, BatchSize: 128, DropLast: true, Seed: 4, Validation: scaler.Apply(validation), EarlyStopping: EarlyStopping.After(epochs)));
        #endregion

        c.Code("curve");
        c.Text(
            "One training step is one graph, compiled once: forward, loss, gradients, update, new running statistics. The parameters of the epoch with the lowest validation error are kept.",
            "Un paso de entrenamiento es un único grafo, compilado una vez: pasada hacia adelante, pérdida, gradientes, actualización y nuevas estadísticas. Se conservan los parámetros de la época con menor error de validación.");
        var error = Metrics.Mse.Of(test.Targets, fitted.Trained.Predict(scaler.Apply(test).Inputs));
        c.Figure("network-curves", Curves(c, fitted), ("Training and validation error over epochs", "Error de entrenamiento y de validación por época"),
            ("The validation error is below the training error: dropout disturbs the network in training, and is switched off in validation.",
                "El error de validación queda por debajo del de entrenamiento: el *dropout* perturba la red al entrenar y se desactiva al validar."));
        var grid = Tensor.Linspace(0, 10, 200).Reshape(200, 1).Cast(DType.F32);
        c.Figure("network-fit", Plot.Titled(c["The network's fit", "El ajuste de la red"]).Labels("x", "y")
                .Dots(c["test samples", "muestras de prueba"], test.Inputs.ToDoubles().Take(250), test.Targets.ToDoubles().Take(250))
                .Line(c["network", "red"], grid.ToDoubles(), fitted.Trained.Predict(scaler.Apply(grid)).ToDoubles()),
            ("Test samples and the network's prediction", "Muestras de prueba y predicción de la red"),
            ("The network has found the curve from samples alone, though not exactly: it is off at both ends and near x = 5.", "La red encontró la curva solo a partir de las muestras, aunque no con exactitud: falla en ambos extremos y cerca de x = 5."));
        var first = fitted.History[0].Loss;
        c.Text(
            $"The error fell from {first:0.0} in the first epoch to {error:0.000} on test rows; the noise alone makes 0.04. The course's run, without scaled input and without batch normalization, fell from 81 to about 1, with spikes up to 19.",
            $"El error bajó de {first:0.0} en la primera época a {error:0.000} en las filas de prueba; el ruido por sí solo produce 0.04. La ejecución del curso, sin escalar la entrada ni normalizar por lotes, bajó de 81 a cerca de 1, con picos de hasta 19.");
        c.Result($"test error after {epochs} epochs", $"error de prueba tras {epochs} épocas", $"{error:0.000}");
        c.Claim(error < 1, "the network does better than the course's");
        c.Claim(fitted.History.Skip(50).All(e => e.ValidationLoss < e.Loss), "validation is below training");
        double quiet = Metrics.Mse.Of(train.Targets, fitted.Trained.Predict(scaler.Apply(train).Inputs)), held = Metrics.Mse.Of(validation.Targets, fitted.Trained.Predict(scaler.Apply(validation).Inputs));
        c.Claim(Math.Abs(quiet - held) < 0.3 * held, "without dropout, training and validation rows have the same error");
        c.Question(
            ("The validation error lies below the training error. Are its rows easier?", "El error de validación queda por debajo del de entrenamiento. ¿Son más fáciles sus filas?"),
            ($"No. Measured without dropout, as in validation, the error is {quiet:0.000} on the training rows and {held:0.000} on the validation rows; the curve of training shows more, {fitted.History[^1].Loss:0.0} in the last epoch, because of dropout.",
                $"No. Medido sin *dropout*, como en la validación, el error es {quiet:0.000} en las filas de entrenamiento y {held:0.000} en las de validación; la curva de entrenamiento muestra más, {fitted.History[^1].Loss:0.0} en la última época, a causa del *dropout*."));
        Diabetes(c);
    }

    private static Plot Curves(Chapter c, TrainingResult fitted)
    {
        var epochs = fitted.History.Select(e => (double)e.Number).ToList();
        return Plot.Titled(c["Learning curves", "Curvas de aprendizaje"]).Labels(c["epoch", "época"], c["mean squared error", "error cuadrático medio"]).WithLogY()
            .Line(c["training", "entrenamiento"], epochs, fitted.History.Select(e => e.Loss))
            .Line(c["validation", "validación"], epochs, fitted.History.Select(e => e.ValidationLoss!.Value));
    }

    private static void Diabetes(Chapter c)
    {
        #region diabetes
        var table = Tables.Diabetes();
        var measures = table.Names.Where(name => name != "progression").ToArray();
        var data = Dataset.From(table.Numbers(measures), table.Numbers("progression"));

        (double Network, double Line) Errors(int seed)
        {
            var (train, validation, test) = data.Split(validation: 0.2, test: 0.2, seed);
            var (input, target) = (Scaler.Standard(train.Inputs), Scaler.Standard(train.Targets));
            Dataset Scaled(Dataset rows) => input.Apply(rows).WithTargets(target.Apply(rows.Targets));
            var fitted = Network(dropout: 0.3).Learner(Losses.Mse, Optimizers.Sgd(1e-2)).Fit(Scaled(train), new TrainingOptions(
                c.Brief ? 5 : 40, BatchSize: 64, DropLast: true, Seed: seed, Validation: Scaled(validation), EarlyStopping: EarlyStopping.After(40)));
            var line = Ridge.Fit(train.Inputs, train.Targets, penalty: 0);
            return (Metrics.Mae.Of(test.Targets, target.Invert(fitted.Trained.Predict(input.Apply(test.Inputs)))), Metrics.Mae.Of(test.Targets, line.Predict(test.Inputs)));
        }

        var errors = Enumerable.Range(1, c.Brief ? 2 : 6).Select(Errors).ToList();
        #endregion

        c.Heading("Real data: is a network worth it?", "Datos reales: ¿vale la pena una red?");
        c.Text(
            $"The same code on {table.RowCount} diabetes patients: {measures.Length} measures, and the progression of the disease after a year (Efron et al., 2004). With so few rows one split says little, so network and least squares are compared on {errors.Count} splits.",
            $"El mismo código con {table.RowCount} pacientes con diabetes: {measures.Length} medidas y la progresión de la enfermedad tras un año (Efron et al., 2004). Con tan pocas filas una sola partición dice poco, así que la red y los mínimos cuadrados se comparan en {errors.Count} particiones.");
        c.Code("diabetes");
        var splits = errors.Select((_, i) => (double)(i + 1)).ToList();
        c.Figure("diabetes", Plot.Titled(c["Mean absolute error by split", "Error absoluto medio por partición"]).Labels(c["split", "partición"], c["mean absolute error", "error absoluto medio"])
                .Dots(c["network", "red"], splits, errors.Select(e => e.Network)).Dots(c["least squares", "mínimos cuadrados"], splits, errors.Select(e => e.Line)).WithYLimits(36, 52),
            ("Errors of a network and of least squares on the same splits", "Errores de una red y de los mínimos cuadrados en las mismas particiones"),
            ("Which method is ahead changes from split to split, and the splits differ more than the two means.", "El método que gana cambia de una partición a otra, y las particiones difieren más que las dos medias."));
        double network = errors.Average(e => e.Network), least = errors.Average(e => e.Line);
        int wins = errors.Count(e => e.Network < e.Line);
        c.Text(
            $"On average the network is off by {network:0.0} and least squares by {least:0.0}; the network is ahead in {wins} of {errors.Count} splits. With {table.RowCount} rows the network gains nothing that these splits could show, and the linear model is far simpler.",
            $"En promedio la red se equivoca en {network:0.0} y los mínimos cuadrados en {least:0.0}; la red gana en {wins} de {errors.Count} particiones. Con {table.RowCount} filas la red no gana nada que estas particiones puedan mostrar, y el modelo lineal es mucho más sencillo.");
        c.Result("mean absolute error, network", "error absoluto medio, red", $"{network:0.0}");
        c.Result("mean absolute error, least squares", "error absoluto medio, mínimos cuadrados", $"{least:0.0}");
        c.Claim(Math.Abs(network - least) < errors.Max(e => e.Line) - errors.Min(e => e.Line), "the means differ less than the splits");
        c.Question(
            ("One split shows the network ahead. Is it better?", "En una partición gana la red. ¿Es mejor?"),
            ($"One split cannot tell: it was ahead in {wins} of {errors.Count}, and the same method varies by {errors.Max(e => e.Line) - errors.Min(e => e.Line):0.0} between splits.",
                $"Una sola no permite afirmarlo: ganó en {wins} de {errors.Count}, y el mismo método varía {errors.Max(e => e.Line) - errors.Min(e => e.Line):0.0} entre particiones."));
    }
}
