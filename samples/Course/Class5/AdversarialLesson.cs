using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>A network misled by one gradient step, what more steps do, training against it, and its price.</summary>
internal static class AdversarialLesson
{
    private const double Most = 0.1;

    #region attack
    // The images moved by at most ε a pixel so that the loss grows: one step is FGSM, several are projected gradient ascent.
    private static Tensor Attacked(Trained model, Dataset data, double epsilon, int steps = 1)
    {
        var x = Expr.Variable("x", [.. data.Inputs.Shape]);
        var loss = Losses.CrossEntropy(Expr.Constant(data.Targets), model.Apply(x));
        var direction = new CompiledFunction([x], [Sign(loss.Gradient(x)[0])]);
        var size = steps == 1 ? epsilon : 2.5 * epsilon / steps;
        var (low, high) = ((data.Inputs - epsilon).Clip(0, 1), (data.Inputs + epsilon).Clip(0, 1));
        return Enumerable.Range(0, steps).Aggregate(data.Inputs, (moved, _) =>
            Tensor.Minimum(Tensor.Maximum(moved + size * direction.Invoke(moved)[0], low), high));
    }
    #endregion

    #region training
    // Each batch is first attacked where the network stands, from a random place within ±ε (Wong et al., 2020), and then learned.
    private static Trained Hardened(Dataset train, double epsilon, int epochs, long seed)
    {
        var steps = epochs * (int)Math.Ceiling(train.Count / 32.0);
        var model = Networks.LeNet().Trainable("model", Optimizers.Adam().Scheduled(Schedules.OneCycle(4e-3, steps)));
        var loop = new TrainingLoop(Key.OfSeed(seed));
        var training = loop.Training(step =>
        {
            var (x, y) = (step["inputs"], step["targets"]);
            if (epsilon > 0)
            {
                var start = Clamp(x + step.Key().Uniform(-epsilon, epsilon, [.. x.Shape]), 0, 1);
                var slope = Losses.CrossEntropy(y, step.Apply(model, start)).Gradient(start)[0];
                x = Clamp(x + Clamp(start - x + 1.25 * epsilon * Sign(slope), -epsilon, epsilon), 0, 1).StopGradient();
            }

            step.Minimize(model, Losses.CrossEntropy(y, step.Apply(model, x)));
        });
        for (var epoch = 0; epoch < epochs; epoch++)
            foreach (var batch in train.Batches(32, seed: seed, epoch: epoch))
                training.Run(batch);
        return loop.Trained(model);
    }
    #endregion

    public static void Run(Chapter c)
    {
        var (train, _, whole) = Networks.Images(c);
        var test = whole.Take(1000);
        var names = FashionLesson.Classes.Select(w => c[w.English, w.Spanish]).ToArray();
        c.Text("Training moves the weights so that the loss falls. Now keep the weights and move the *image*: each pixel by the same small step ε in the direction in which the loss grows. This is the *fast gradient sign method* (Goodfellow et al., 2015).",
            "El entrenamiento mueve los pesos para que la pérdida baje. Ahora los pesos quedan fijos y se mueve la *imagen*: cada píxel da el mismo paso pequeño ε en la dirección en que crece la pérdida. Es el *método rápido del signo del gradiente*, FGSM (Goodfellow et al., 2015).");
        c.Formula(@"x' = x + \varepsilon \operatorname{sign}\big( \nabla_x L(x, y) \big), \qquad L(x') \approx L(x) + \varepsilon \, \lVert \nabla_x L \rVert_1");
        c.Code("attack");
        c.Say("LeNet, trained as usual ...", "LeNet, con el entrenamiento usual ...");
        var epochs = c.Epochs(10);
        var plain = Hardened(train, 0, epochs, seed: 1);

        double Right(Trained model, Tensor images) => Metrics.Accuracy.Of(test.Targets, model.Predict(images));
        var moved = Attacked(plain, test, 0.05);
        double[] before = plain.PredictLabels(test.Inputs).ToDoubles(), after = plain.PredictLabels(moved).ToDoubles(), truths = test.Targets.ToDoubles();
        double[] sure = plain.PredictProbabilities(test.Inputs).Max(1).ToDoubles(), wrongly = plain.PredictProbabilities(moved).Max(1).ToDoubles();
        int[] shown = [.. Enumerable.Range(0, test.Count).Where(i => before[i] == truths[i] && after[i] != truths[i]).OrderByDescending(i => sure[i] + wrongly[i]).DistinctBy(i => truths[i]).Take(5)];
        if (shown.Length > 0)
            c.Figure("adversarial-images", ImageGrid.Of(
                    Tensor.Stack(1, test.Inputs.Rows(shown), ((moved - test.Inputs).Rows(shown) + 0.1) / 0.2, moved.Rows(shown)).Reshape(3 * shown.Length, 28, 28), low: 0, high: 1, columns: 3,
                    labels: shown.SelectMany(i => new[] { $"{names[(int)before[i]]} {sure[i]:P0}", "", $"{names[(int)after[i]]} {wrongly[i]:P0}" }), columnNames: [c["image", "imagen"], c["step", "paso"], c["sum", "suma"]]),
                ("Images, the step, and the images after it", "Imágenes, el paso y las imágenes después de él"),
                ("Left, the image and what the network says, correctly; in the middle the step with ε = 0.05, its contrast raised; right, what it says after the step, and how sure it is.", "A la izquierda, la imagen y lo que dice la red, con acierto; en medio, el paso con ε = 0.05, con más contraste; a la derecha, lo que dice después y con qué seguridad."));

        c.Heading("Accuracy over the size of the step", "Exactitud según el tamaño del paso");
        c.Code("training");
        c.Say("LeNet, trained against the attack ...", "LeNet, entrenada contra el ataque ...");
        var hard = Hardened(train, Most, epochs, seed: 1);
        double[] sizes = c.Brief ? [0, 0.1] : [0, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15];
        double[] Over(Func<double, Tensor> images, Trained model) => [.. sizes.Select(e => Right(model, images(e)))];
        var noise = Over(e => (test.Inputs + e * Key.OfSeed(3).Normal(0, 1, [.. test.Inputs.Shape]).Compute(Sign)).Clip(0, 1), plain);
        double[] one = Over(e => Attacked(plain, test, e), plain), many = Over(e => Attacked(plain, test, e, steps: 10), plain);
        double[] hardOne = Over(e => Attacked(hard, test, e), hard), hardMany = Over(e => Attacked(hard, test, e, steps: 10), hard);
        var (usual, against) = (c["usual training", "entrenamiento usual"], c["trained against it", "entrenada contra él"]);
        c.Figure("adversarial-curves", Plot.Titled(c["LeNet under attack", "LeNet bajo ataque"]).Labels("ε", c["accuracy", "exactitud"]).WithYLimits(0, 1)
                .Line(c["noise ±ε", "ruido ±ε"], sizes, noise).Line(usual, sizes, one).Dashes(c["usual, 10 steps", "usual, 10 pasos"], sizes, many)
                .Line(against, sizes, hardOne).Dashes(c["against, 10 steps", "contra él, 10 pasos"], sizes, hardMany),
            ("Accuracy over epsilon for two networks and two attacks", "Exactitud según épsilon para dos redes y dos ataques"),
            ("Test images. Noise of the same size, ε up or down at each pixel, does little: it is the direction that harms. Dashed: the same ε in ten smaller steps.", "Imágenes de prueba. El ruido del mismo tamaño, ε hacia arriba o hacia abajo en cada píxel, hace poco: lo que daña es la dirección. En líneas discontinuas, el mismo ε en diez pasos menores."));
        var last = Array.IndexOf(sizes, Most);
        c.Claim(noise[last] > one[0] - 0.15 && one[last] < 0.3, "noise does little, a step of the same size much");
        c.Claim(many[last] <= one[last] && hardMany[last] <= hardOne[last] + 0.005, "ten steps harm at least as much as one");
        c.Claim(hardMany[last] > many[last] + 0.3 && hardOne[0] < one[0], "training against it helps under attack, and costs accuracy on clean images");
        c.Result("test accuracy, usual training: clean, FGSM at ε = 0.1, ten steps", "exactitud de prueba, entrenamiento usual: limpia, FGSM con ε = 0.1, diez pasos", $"{one[0]:0.000}, {one[last]:0.000}, {many[last]:0.000}");
        c.Result("… trained against it", "… entrenada contra él", $"{hardOne[0]:0.000}, {hardOne[last]:0.000}, {hardMany[last]:0.000}");
        c.Text($"At ε = 0.1 the usual network recognizes {one[last]:0.00} of the images after one step and {many[last]:0.00} after ten. Trained against the attack it recognizes {hardMany[last]:0.00} after ten. The price is paid on clean images: {hardOne[0]:0.000} instead of {one[0]:0.000}.",
            $"Con ε = 0.1, la red usual reconoce {one[last]:0.00} de las imágenes tras un paso y {many[last]:0.00} tras diez. Entrenada contra el ataque, reconoce {hardMany[last]:0.00} tras diez. El precio se paga en las imágenes limpias: {hardOne[0]:0.000} en lugar de {one[0]:0.000}.");

        c.Heading("Gradients that one can read", "Gradientes que se pueden leer");
        Tensor Slope(Trained model, Dataset data)
        {
            var x = Expr.Variable("x", [.. data.Inputs.Shape]);
            return Losses.CrossEntropy(Expr.Constant(data.Targets), model.Apply(x)).Gradient(x)[0].Evaluate((x, data.Inputs));
        }
        // How much of the gradient lies on the cloth: on pixels that are not black.
        double OnCloth(Trained model) => test.Inputs.Compute(Slope(model, test), (x, g) => (Abs(g) * (x > 0.02).Cast(DType.F32)).Sum() / Abs(g).Sum()).ToDouble();
        var (ofUsual, ofHard) = (OnCloth(plain), OnCloth(hard));
        c.Claim(ofHard > ofUsual + 0.05, "more of the gradient lies on the cloth after training against the attack");
        var few = test.Rows(Networks.FirstOf(test, 9, 8, 3, 1, 7));
        c.Figure("adversarial-slopes", ImageGrid.Of(Tensor.Concat(0, few.Inputs, Networks.Shades(Slope(plain, few)), Networks.Shades(Slope(hard, few))).Reshape(15, 28, 28), low: 0, high: 1, columns: 5, rowNames: [c["image", "imagen"], c["usual", "usual"], c["against", "contra"]]),
            ("Gradients of the loss by the pixels, for two networks", "Gradientes de la pérdida respecto de los píxeles, para dos redes"),
            ($"The gradient of the loss by the pixels; grey is 0. For the usual network it is a patchwork, {ofUsual:P0} of it on the cloth. For the one trained against the attack it follows the garment, {ofHard:P0} on the cloth: to mislead it one has to change what people look at too.", $"El gradiente de la pérdida respecto de los píxeles; el gris es 0. En la red usual es un mosaico, con el {ofUsual:P0} sobre la tela. En la entrenada contra el ataque sigue la prenda, con el {ofHard:P0} sobre la tela: para engañarla hay que cambiar también lo que mira una persona."));

        c.Question(("Why does such a small step change so much?", "¿Por qué un paso tan pequeño cambia tanto?"),
            ($"By the formula the loss grows by ε times the *sum* of the sizes of all slopes: 784 small changes, all in the worst direction. Noise of the same size has signs that cancel: at ε = 0.1 it leaves {noise[last]:0.00}.", $"Según la fórmula, la pérdida crece ε por la *suma* de los tamaños de todas las pendientes: 784 cambios pequeños, todos en la peor dirección. En el ruido del mismo tamaño los signos se cancelan: con ε = 0.1 deja {noise[last]:0.00}."));
        c.Question(("May one report the accuracy under one step as the robustness of a network?", "¿Se puede informar la exactitud ante un solo paso como la robustez de una red?"),
            ($"No: ten steps of the same total size leave {hardMany[last]:0.000} of the images right for the network trained against the attack, one step leaves {hardOne[last]:0.000}, and a stronger attack may leave fewer. The measured accuracy is an upper bound.", $"No: diez pasos del mismo tamaño total dejan {hardMany[last]:0.000} de aciertos a la red entrenada contra el ataque, donde uno deja {hardOne[last]:0.000}, y un ataque más fuerte puede dejar menos. La exactitud medida es una cota superior."));
    }
}
