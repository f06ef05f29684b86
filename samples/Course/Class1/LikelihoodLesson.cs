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
        c.Text("Where do losses come from? A model says how probable each observation is. The best parameters make the observed data most probable: they maximize the *likelihood*. Minimizing the *negative log-likelihood* gives the same parameters, and for independent observations it turns a product into a sum.",
            "¿De dónde salen las funciones de pérdida? Un modelo dice qué tan probable es cada observación. Los mejores parámetros son los que hacen más probables los datos observados: maximizan la *verosimilitud*. Minimizar la *log-verosimilitud negativa* da los mismos parámetros y, si las observaciones son independientes, convierte un producto en una suma.");

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
        c.Text("Only the squared error depends on the prediction $μ$: with $σ$ fixed, the negative log-likelihood is the squared error, up to a factor and a constant. DL1 derived the formulas above from the density.",
            "Solo el error cuadrático depende de la predicción $μ$: con $σ$ fijo, la log-verosimilitud negativa es el error cuadrático, salvo un factor y una constante. DL1 dedujo las fórmulas anteriores a partir de la densidad.");

        c.Heading("A categorical distribution gives the cross-entropy", "La distribución categórica da la entropía cruzada");
        c.Code("categorical");
        #region categorical
        Expr a = Expr.Symbol("z1"), b = Expr.Symbol("z2"), d = Expr.Symbol("z3");
        var probability = Exp(a) / (Exp(a) + Exp(b) + Exp(d));   // the softmax, and the first class is the true one
        var crossEntropy = (-Log(probability)).ExpandLog();
        var (own, other) = (crossEntropy.Derivative(a), crossEntropy.Derivative(b));
        #endregion
        c.Formula(@"p_k = \frac{e^{z_k}}{e^{z_1} + e^{z_2} + e^{z_3}}");
        c.Formula($@"-\log p_1 = {crossEntropy.ToLatex()}");
        c.Formula($@"\frac{{\partial (-\log p_1)}}{{\partial z_1}} = {own.ToLatex()} \qquad \frac{{\partial (-\log p_1)}}{{\partial z_2}} = {other.ToLatex()}");
        c.Text("The derivative with respect to $z_1$, the score of the true class, is $p_1 - 1$; that with respect to $z_2$ is $p_2 - 0$. Both are *predicted probability minus target*, just as the Gaussian's derivative is prediction minus target, divided by $σ^2$.",
            "La derivada respecto de $z_1$, el puntaje de la clase verdadera, es $p_1 - 1$; respecto de $z_2$ es $p_2 - 0$. Ambas son *probabilidad predicha menos objetivo*, así como la derivada de la gaussiana es predicción menos objetivo, dividida entre $σ^2$.");

        c.Heading("A likelihood surface", "Una superficie de verosimilitud");
        var table = Tables.Penguins().Complete("flipper_length_mm", "body_mass_g");
        var lengths = table.Where(row => row.Text("species") == "Gentoo").Numbers("flipper_length_mm").ToDoubles();
        c.Text($"How long are the flippers of a Gentoo penguin? Two parameters, $μ$ and $σ$, and {lengths.Length} birds. The log-likelihood of all of them is one formula in the two parameters; Newton's method finds its maximum.",
            $"¿Cuánto mide la aleta de un pingüino papúa (Gentoo)? Dos parámetros, $μ$ y $σ$, y {lengths.Length} aves. La log-verosimilitud de todas es una sola fórmula de los dos parámetros; el método de Newton encuentra su máximo.");
        c.Code("surface");
        #region surface
        Expr NegativeLog(double length) => 0.5 * ((length - mu) / sigma).Pow(2) + Log(sigma) + 0.5 * Math.Log(2 * Math.PI);
        var average = lengths.Select(NegativeLog).Aggregate((sum, term) => sum + term) / lengths.Length;
        var best = average.MinimizeByNewton([(mu, 200.0), (sigma, 20.0)]);
        var (top, spread) = (best.Point["μ"].ToDouble(), best.Point["σ"].ToDouble());
        var surface = Surface.Over(213, 221, 4.5, 9.5, (-average).Compile(mu, sigma));
        #endregion
        double Cost(double shift) => average.Compile(mu, sigma)(top, spread + shift) - best.Value;
        var (narrow, wide) = (Cost(-1.5), Cost(1.5));
        c.Claim(narrow > 2 * wide, "a deviation that is too small costs more than twice as much as one that is too large");
        var (mean, deviation) = (lengths.Average(), Math.Sqrt(lengths.Select(v => Math.Pow(v - lengths.Average(), 2)).Average()));
        c.Claim(Math.Abs(top - mean) < 1e-6 && Math.Abs(spread - deviation) < 1e-6, "the maximum is at the mean and the deviation of the sample");
        c.Figure("likelihood-surface",
            DescentPicture.Figure(View.Map, [Trail.Of(c["maximum", "máximo"], [(top, spread)])], surface.Labels("μ (mm)", "σ (mm)").Titled(c["Log-likelihood per penguin", "Log-verosimilitud por pingüino"])),
            ("A map of the log-likelihood over μ and σ with one summit", "Mapa de la log-verosimilitud según μ y σ, con una sola cima"),
            ($"One summit, at μ = {top:0.00} mm and σ = {spread:0.00} mm: the sample's mean and its standard deviation (with divisor n). The surface falls steeply where σ is too small for the data.", $"Una sola cima, en μ = {top:0.00} mm y σ = {spread:0.00} mm: la media y la desviación estándar de la muestra (con divisor n). La superficie cae abruptamente donde σ es demasiado pequeña para los datos."));

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
        c.Text($"The same line, to the last digit shown. What the likelihood adds is $σ$: its square, {Math.Exp(2 * Of(likely, "s")):0.0000}, is the mean squared error of the line, {squared.Value:0.0000}. So each prediction comes with a statement of how far off it usually is.",
            $"La misma recta, hasta la última cifra mostrada. Lo que añade la verosimilitud es $σ$: su cuadrado, {Math.Exp(2 * Of(likely, "s")):0.0000}, es el error cuadrático medio de la recta, {squared.Value:0.0000}. Así, cada predicción viene acompañada de su error habitual.");

        c.Question(("Why does the surface fall so steeply towards small σ and so gently towards large ones?", "¿Por qué la superficie cae tan abruptamente hacia σ pequeñas y tan suavemente hacia las grandes?"),
            ($"In the formula the squared error is divided by σ², while only log σ grows with σ. Here a σ that is 1.5 mm too small costs {narrow:0.000} per penguin, one that is 1.5 mm too large {wide:0.000}: claiming too much certainty costs more than claiming too little.", $"En la fórmula el error cuadrático se divide entre σ², mientras que lo único que crece con σ es log σ. Aquí una σ 1.5 mm menor cuesta {narrow:0.000} por pingüino, y una 1.5 mm mayor, {wide:0.000}: afirmar demasiada certeza cuesta más que afirmar muy poca."));
        c.Question(("What would the derivative with respect to $z_1$ be if the model were certain of the right class? And of a wrong one?", "¿Cuánto valdría la derivada respecto de $z_1$ si el modelo estuviera seguro de la clase correcta? ¿Y de una incorrecta?"),
            ("It is $p_1 - 1$: near 0 if it is right, and near −1, the largest size that it can have, if it is wrong.", "Es $p_1 - 1$: casi 0 si acierta, y casi −1, su mayor magnitud posible, si se equivoca."));
    }
}
