using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Losses as negative log-likelihoods: the squared error, the cross-entropy, and a surface with its maximum.</summary>
internal static class LikelihoodLesson
{
    public static void Run(Chapter c)
    {
        c.Text("Where do losses come from? A model says how probable each observation is; the best parameters make the observed data most probable. Minimizing the *negative log-likelihood* is the same, and turns a product over the data into a sum.",
            "¿De dónde salen las funciones de pérdida? Un modelo dice qué tan probable es cada observación; los mejores parámetros hacen que los datos observados sean lo más probables posible. Minimizar la *log-verosimilitud negativa* es equivalente, y convierte un producto sobre los datos en una suma.");

        c.Heading("Gaussian noise gives the squared error", "El ruido gaussiano da el error cuadrático");
        c.Code("gaussian");
        #region gaussian
        Expr y = Expr.Symbol("y"), mu = Expr.Symbol("μ"), sigma = Expr.Symbol("σ");
        var density = Exp(-(y - mu).Pow(2) / (2 * sigma.Pow(2))) / (sigma * Sqrt(2 * Expr.Symbol("π")));
        var gaussian = (-Log(density)).ExpandLog();
        var slope = gaussian.Derivative(mu);
        #endregion
        c.Formula($@"p(y) = {density.ToLatex()}");
        c.Formula($@"-\log p(y) = {gaussian.ToLatex()}");
        c.Formula($@"\frac{{\partial}}{{\partial μ}}\left(-\log p\right) = {slope.ToLatex()}");
        c.Text("Only the first term depends on the prediction $μ$: with $σ$ fixed, the negative log-likelihood is the squared error, up to a factor and a constant. DL1 derived the formulas above from the density.",
            "Solo el primer término depende de la predicción $μ$: con $σ$ fijo, la log-verosimilitud negativa es el error cuadrático, salvo un factor y una constante. DL1 dedujo las fórmulas anteriores a partir de la densidad.");

        c.Heading("A categorical distribution gives the cross-entropy", "La distribución categórica da la entropía cruzada");
        c.Code("categorical");
        #region categorical
        Expr a = Expr.Symbol("z1"), b = Expr.Symbol("z2"), d = Expr.Symbol("z3");
        var probability = Exp(a) / (Exp(a) + Exp(b) + Exp(d));   // the softmax, and the first class is the true one
        var crossEntropy = (-Log(probability)).ExpandLog();
        var (own, other) = (crossEntropy.Derivative(a), crossEntropy.Derivative(b));
        #endregion
        c.Formula($@"-\log p_1 = {crossEntropy.ToLatex()}");
        c.Formula($@"\frac{{\partial}}{{\partial z_1}} = {own.ToLatex()} \qquad \frac{{\partial}}{{\partial z_2}} = {other.ToLatex()}");
        c.Text("The second derivative shown is the softmax $p_2$, and the first is $p_1 - 1$: predicted probability minus target, in both cases. It is the same shape as the Gaussian's prediction minus target.",
            "La segunda derivada es la softmax $p_2$, y la primera es $p_1 - 1$: en ambos casos, probabilidad predicha menos objetivo. Tiene la misma forma que la gaussiana: predicción menos objetivo.");

        c.Heading("A likelihood surface", "Una superficie de verosimilitud");
        var table = Tables.Penguins().Complete("flipper_length_mm", "body_mass_g");
        var lengths = table.Where(row => row.Text("species") == "Gentoo").Numbers("flipper_length_mm").ToDoubles();
        c.Text($"How long are the flippers of a Gentoo penguin? Two parameters, $μ$ and $σ$, and {lengths.Length} birds. The log-likelihood of all of them is one formula of the two; Newton's method finds its maximum.",
            $"¿Cuánto mide la aleta de un pingüino papúa? Dos parámetros, $μ$ y $σ$, y {lengths.Length} aves. La log-verosimilitud de todas ellas es una sola fórmula de los dos parámetros; el método de Newton encuentra su máximo.");
        c.Code("surface");
        #region surface
        Expr NegativeLog(double length) => 0.5 * ((length - mu) / sigma).Pow(2) + Log(sigma) + 0.5 * Math.Log(2 * Math.PI);
        var average = lengths.Select(NegativeLog).Aggregate((sum, term) => sum + term) / lengths.Length;
        var best = average.MinimizeByNewton([(mu, 200.0), (sigma, 20.0)]);
        var (top, spread) = (best.Point["μ"].ToDouble(), best.Point["σ"].ToDouble());
        var surface = Surface.Over(213, 221, 4.5, 9.5, (-average).Compile(mu, sigma));
        #endregion
        var (mean, deviation) = (lengths.Average(), Math.Sqrt(lengths.Select(v => Math.Pow(v - lengths.Average(), 2)).Average()));
        c.Claim(Math.Abs(top - mean) < 1e-6 && Math.Abs(spread - deviation) < 1e-6, "the maximum is at the mean and the deviation of the sample");
        c.Figure("likelihood-surface",
            DescentPicture.Figure(View.Map, [Trail.Of(c["maximum", "máximo"], [(top, spread)])], surface.Labels("μ (mm)", "σ (mm)").Titled(c["Log-likelihood per penguin", "Log-verosimilitud por pingüino"])),
            ("A map of the log-likelihood over μ and σ with one summit", "Mapa de la log-verosimilitud según μ y σ, con una sola cima"),
            ($"One summit, at μ = {top:0.00} mm and σ = {spread:0.00} mm: the sample's mean and deviation. It falls steeply where σ is too small for the data.", $"Una sola cima, en μ = {top:0.00} mm y σ = {spread:0.00} mm: la media y la desviación de la muestra. La caída es abrupta donde σ es demasiado pequeña para los datos."));

        c.Heading("The same for a line", "Lo mismo con una recta");
        c.Text("Now the mean is a line: $μ = w x + b$, the body mass by the length of the flipper (standardized). We minimize the squared error once, and once the negative log-likelihood, in which $σ$ is learned too.",
            "Ahora la media es una recta: $μ = w x + b$, la masa corporal según la longitud de la aleta (estandarizada). Minimizamos primero el error cuadrático y después la log-verosimilitud negativa, en la que también se aprende $σ$.");
        c.Code("line");
        #region line
        var flippers = table.Numbers("flipper_length_mm");
        Expr x = Expr.Constant(Scaler.Standard(flippers).Apply(flippers)).Cast(DType.F64), mass = Expr.Constant(table.Numbers("body_mass_g")).Cast(DType.F64) / 1000;
        Expr w = Expr.Symbol("w"), shift = Expr.Symbol("b"), s = Expr.Symbol("s");   // σ = eˢ is above 0 for every s
        var line = w * x + shift;
        var squared = Losses.Mse(mass, line).MinimizeByNewton([(w, 0.0), (shift, 0.0)]);
        var likely = Likelihoods.Gaussian(mass, line, Exp(s).BroadcastTo(table.RowCount, 1)).Mean()
            .MinimizeByNewton([(w, 0.0), (shift, 0.0), (s, 1.0)]);
        #endregion
        double Of(Minimum minimum, string name) => minimum.Point[name].ToDouble();
        c.Table([("minimized", "se minimiza"), ("w (kg)", "w (kg)"), ("b (kg)", "b (kg)"), ("σ (kg)", "σ (kg)")],
            [[c["mean squared error", "error cuadrático medio"], $"{Of(squared, "w"):0.000000}", $"{Of(squared, "b"):0.000000}", ""],
            [c["negative log-likelihood", "log-verosimilitud negativa"], $"{Of(likely, "w"):0.000000}", $"{Of(likely, "b"):0.000000}", $"{Math.Exp(Of(likely, "s")):0.000}"]]);
        c.Claim(Math.Abs(Of(squared, "w") - Of(likely, "w")) < 1e-6 && Math.Abs(Of(squared, "b") - Of(likely, "b")) < 1e-6, "both find the same line");
        c.Claim(Math.Abs(Math.Exp(2 * Of(likely, "s")) - squared.Value) < 1e-6, "σ² is the mean squared error");
        c.Result("w of the line by squared error and by likelihood", "w de la recta por error cuadrático y por verosimilitud", $"{Of(squared, "w"):0.000000}, {Of(likely, "w"):0.000000}");
        c.Text($"The same line to all digits shown. What the likelihood adds is $σ$: its square, {Math.Exp(2 * Of(likely, "s")):0.0000}, is the mean squared error of the line, {squared.Value:0.0000}. So a prediction comes with a statement of how far off it usually is.",
            $"La misma recta en todos los dígitos mostrados. Lo que añade la verosimilitud es $σ$: su cuadrado, {Math.Exp(2 * Of(likely, "s")):0.0000}, es el error cuadrático medio de la recta, {squared.Value:0.0000}. Así, cada predicción viene acompañada de cuánto suele equivocarse.");

        c.Question(("Why does the surface fall so steeply towards small σ and so gently towards large ones?", "¿Por qué la superficie cae tan abruptamente hacia σ pequeñas y tan suavemente hacia las grandes?"),
            ("In the formula the squared error is divided by σ², while only log σ grows with σ: claiming too much certainty costs far more than claiming too little.", "En la fórmula el error cuadrático se divide entre σ², mientras que con σ solo crece log σ: afirmar demasiada certeza cuesta mucho más que afirmar poca."));
        c.Question(("What would the gradient by $z_1$ be if the model were certain of the right class? And of a wrong one?", "¿Cuánto valdría el gradiente respecto de $z_1$ si el modelo estuviera seguro de la clase correcta? ¿Y de una incorrecta?"),
            ("It is $p_1 - 1$: near 0 if it is right, and near −1, the largest pull there is, if it is wrong.", "Es $p_1 - 1$: casi 0 si acierta, y casi −1, el mayor tirón posible, si se equivoca."));
    }
}
