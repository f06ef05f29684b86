using DL1;
using DL1.Pictures;

namespace Course;

/// <summary>The first exercise of the course: one minimum by three optimizers, and the number of epochs from a formula.</summary>
internal static class DescentLesson
{
    public static void Run(Chapter c)
    {
        #region formula
        var x = Expr.Symbol("x");
        var y = (x - 2).Pow(2) + 3;
        Expr slope = y.Derivative(x);
        #endregion

        c.Text(
            "Where is a function lowest, if all that we can ask for is its value and its slope at a point? Training a network is this "
                + "question with a million variables. We begin with one:",
            "¿Dónde es mínima una función si solo podemos preguntar su valor y su pendiente en un punto? Entrenar una red es esta misma "
                + "pregunta con un millón de variables. Empezamos con una:");
        c.Formula($"y(x) = {y.ToLatex()}, \\qquad y'(x) = {slope.ToLatex()}");
        c.Code("formula");
        c.Text(
            "The derivative was found symbolically. The minimum is plain to see, at $x = 2$; what we want to know is how three methods get there from $x = 50$. They use the slope $g = y'(x)$, the learning rate $\\eta$ and running sums or averages of $g$ and $g^2$, called *moments*:",
            "La derivada se obtuvo simbólicamente. El mínimo salta a la vista, en $x = 2$; lo que queremos saber es cómo llegan a él tres métodos desde $x = 50$. Usan la pendiente $g = y'(x)$, la tasa de aprendizaje $\\eta$ y sumas o promedios móviles de $g$ y $g^2$, llamados *momentos*:");
        c.Formula(
            @"\begin{aligned} \text{SGD:} & \quad x \leftarrow x - \eta\, g \\ "
            + @"\text{" + c["first moment", "primer momento"] + @":} & \quad v \leftarrow \beta v + \eta\, g, \quad x \leftarrow x - v \\ "
            + @"\text{" + c["second moment", "segundo momento"] + @":} & \quad v \leftarrow \beta_1 v + (1 - \beta_1) g, \quad r \leftarrow \beta_2 r + (1 - \beta_2) g^2, \quad x \leftarrow x - \eta \frac{v}{\sqrt{r}} \end{aligned}");

        #region descents
        // The first moments are those that the printed run of the course had drawn at random.
        (string Name, Optimizer Optimizer)[] optimizers =
        [
            ("SGD", Optimizers.Sgd(0.01)),
            (c["first moment", "primer momento"], Optimizers.Momentum(0.01, decay: 0.5, initial: 8.125370841)),
            (c["second moment", "segundo momento"],
                Optimizers.SecondMoment(1, p1: 0.1, p2: 0.9, initialV: 4.201658515, initialR: 4.631009083)),
        ];
        var descents = optimizers.Select(o => (o.Name, Descent.Run(y, o.Optimizer, [(x, 50)]).Rows)).ToList();
        #endregion

        c.Code("descents");
        var plot = Plot.Titled(c["The gradient on the way down", "El gradiente durante el descenso"]).Labels(c["epoch", "época"], "|y'(x)|").WithLogY();
        foreach (var (name, rows) in descents)
        {
            var shown = rows.Where(row => row.Gradient[0] != 0).ToList();
            plot = plot.Line(name, shown.Select(row => (double)row.Epoch), shown.Select(row => Math.Abs(row.Gradient[0])));
            c.Result($"epochs of {name}", $"épocas de {name}", $"{rows.Count}");
        }

        c.Table(
            [("optimizer", "optimizador"), ("epochs", "épocas"), ("x reached", "x alcanzada"), ("y reached", "y alcanzada")],
            descents.Select(d => (string[])[d.Name, $"{d.Rows.Count}", $"{d.Rows[^1].After[0]:0.000000}", $"{d.Rows[^1].Value:0.000000}"]));
        c.Figure("descent", plot,
            ("The gradient of three optimizers over epochs, on a logarithmic axis", "El gradiente de tres optimizadores por época, en escala logarítmica"),
            ("On this axis a straight line means a constant factor per epoch. Each descent stops once $y$ has fallen by less than $10^{-8}$ in each of 50 epochs in a row.",
                "En este eje una recta significa un factor constante por época. Cada descenso se detiene cuando $y$ baja menos de $10^{-8}$ en 50 épocas seguidas."));

        #region prediction
        // SGD shrinks the error x - 2 by the factor 1 - 2·rate, and y - 3 by its square.
        double factor = 1 - 2 * 0.01, share = 1 - factor * factor;
        double until = Math.Log(1e-8 / (48 * 48 * share)) / Math.Log(factor * factor);
        int predicted = (int)Math.Ceiling(until) + 50;
        #endregion

        c.Heading("The number of epochs, from the formula", "El número de épocas, a partir de la fórmula");
        c.Text(
            $"For SGD the whole way can be predicted: the error $x - 2$ shrinks by the factor $1 - 2\\eta = {factor}$ in each epoch. So we know beforehand from which epoch on $y$ "
                + $"falls by less than $10^{{-8}}$. With the 50 epochs of waiting, the formula predicts {predicted} epochs; the run took {descents[0].Rows.Count}.",
            $"En el caso de SGD se puede predecir todo el camino: el error $x - 2$ se reduce por el factor $1 - 2\\eta = {factor}$ en cada época. Por tanto, se sabe "
                + $"de antemano desde qué época $y$ baja menos de $10^{{-8}}$. Con las 50 épocas de espera, la fórmula predice {predicted} épocas; la ejecución tardó {descents[0].Rows.Count}.");
        c.Code("prediction");
        c.Claim(predicted == descents[0].Rows.Count, "the formula predicts the epochs of SGD");
        c.Claim(descents.Select(d => d.Rows.Count).SequenceEqual([618, 324, 134]), "the epochs of the course: 618, 324, 134");

        c.Question(
            ("How many epochs would SGD need with twice the learning rate?", "¿Cuántas épocas necesitaría SGD con el doble de tasa de aprendizaje?"),
            ("$y$ would stand still after about half as many: the logarithm of the gradient falls by $-\\log(1 - 2\\eta)$ per epoch, which is nearly $2\\eta$. The 50 epochs of waiting stay.",
                "$y$ dejaría de bajar en cerca de la mitad: el logaritmo del gradiente disminuye $-\\log(1 - 2\\eta)$ por época, casi $2\\eta$. Las 50 épocas de espera no cambian."));
        var arrived = descents[2].Rows.First(row => Math.Abs(row.After[0] - 2) < 1).Epoch + 1;
        c.Claim(arrived is > 40 and < 70, "the second moment comes near in about 48 steps of 1");
        c.Question(
            ("Why is the line of the second moment not straight?", "¿Por qué no es recta la línea del segundo momento?"),
            ($"Its steps are divided by the size of recent gradients, so that they are about $\\eta = 1$ long, whatever the slope: the 48 units to the minimum take {arrived} epochs. Only then does the gradient fall fast.",
                $"Sus pasos se dividen entre el tamaño de los gradientes recientes y miden cerca de $\\eta = 1$, sea cual sea la pendiente: las 48 unidades hasta el mínimo toman {arrived} épocas. Solo entonces el gradiente cae rápido."));
    }
}
