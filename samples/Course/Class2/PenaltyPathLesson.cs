using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Coefficients along the path of the penalty's strength: ridge and lasso, and which strength validation takes.</summary>
internal static class PenaltyPathLesson
{
    #region lasso
    // The lasso by proximal descent: a step down the squared error, then every weight pulled towards 0 by η·λ, and held there.
    private static Func<double, Tensor, Tensor> Lasso(Tensor x, Tensor y, int steps)
    {
        Expr w = Expr.Variable("w", DType.F64, x.Shape[1], 1), strength = Expr.Variable("λ", DType.F64);
        const double rate = 0.2;
        var error = Square(Expr.Constant(x).MatMul(w) - Expr.Constant(y)).Mean() / 2;
        var moved = w - rate * error.Gradient(w)[0];
        var step = new CompiledFunction([w, strength], [Sign(moved) * Relu(Abs(moved) - rate * strength)]);
        return (lambda, from) => Enumerable.Range(0, steps).Aggregate(from, (at, _) => step.Invoke(at, Tensor.Full(DType.F64, lambda))[0]);
    }
    #endregion

    public static void Run(Chapter c)
    {
        var table = Tables.Diabetes();
        string[] names = [.. table.NamesBut("progression")];
        double[] strengths = [.. Enumerable.Range(0, c.Brief ? 6 : 33).Select(i => Math.Pow(10, -3 + i * (c.Brief ? 0.7 : 0.125)))];
        var steps = c.Brief ? 50 : 2000;
        var none = Tensor.Zeros(names.Length, 1).Cast(DType.F64);
        c.Text("A penalty with the strength $λ$ pulls coefficients towards 0. We follow the ten coefficients of a linear model of the diabetes data, all standardized, while $λ$ grows: *ridge* with the sum of squares, *lasso* with the sum of absolute values.",
            "Una penalización de intensidad $λ$ tira de los coeficientes hacia 0. Seguimos los diez coeficientes de un modelo lineal de los datos de diabetes, todo estandarizado, mientras $λ$ crece: *ridge* con la suma de cuadrados, *lasso* con la suma de valores absolutos.");
        c.Formula(@"\frac{1}{2n} \sum_i \left(y_i - x_i^\top w\right)^2 + \frac{λ}{2} \sum_j w_j^2 \qquad \frac{1}{2n} \sum_i \left(y_i - x_i^\top w\right)^2 + λ \sum_j |w_j|");
        c.Code("lasso");
        c.Code("paths");
        #region paths
        static Tensor Standard(Tensor rows) => Scaler.Standard(rows).Apply(rows);
        Tensor x = Standard(table.Numbers(DType.F64, names)), y = Standard(table.Numbers(DType.F64, "progression"));

        // From the strongest λ to the weakest, each from the weights of the one before.
        List<Tensor> LassoPath(Tensor inputs, Tensor targets)
        {
            var (lasso, path) = (Lasso(inputs, targets, steps), new List<Tensor>());
            foreach (var lambda in strengths.Reverse())
                path.Insert(0, lasso(lambda, path.FirstOrDefault(none)));
            return path;
        }

        List<Tensor> RidgePath(Tensor inputs, Tensor targets) =>
            [.. strengths.Select(lambda => Ridge.Fit(inputs, targets, lambda * inputs.Shape[0]).Weights.Reshape(-1, 1))];

        var (ridge, lasso) = (RidgePath(x, y), LassoPath(x, y));
        #endregion
        Figure Panel(string title, List<Tensor> path) => Figure.Of(names.Select((name, j) => (name, Weights: path.Select(w => w.ToDoubles()[j]))).Aggregate(
            Plot.Titled(title).Labels("λ", c["coefficient", "coeficiente"]).WithLogX(), (plot, line) => plot.Line(line.name, strengths, line.Weights)));
        c.Figure("penalty-path", Figure.Grid(1, [Panel("ridge", ridge), Panel("lasso", lasso)]),
            ("Ten coefficients over the strength of the penalty, ridge above, lasso below", "Diez coeficientes según la intensidad de la penalización, ridge arriba y lasso abajo"),
            ("Ridge lets all coefficients shrink together, none is ever 0. Lasso switches them off one after the other; bmi and ltg stay longest.", "Ridge encoge todos los coeficientes a la vez y ninguno llega a 0. Lasso los apaga uno tras otro; bmi y ltg aguantan más."));
        int Alive(Tensor w) => w.ToDoubles().Count(v => v != 0);
        double At(List<Tensor> path, int k, string name) => path[k].ToDoubles()[Array.IndexOf(names, name)];
        c.Claim(ridge.All(w => Alive(w) == names.Length), "ridge never sets a coefficient to 0");
        c.Claim(Alive(lasso[0]) > 7 && Alive(lasso[^1]) == 0, "lasso switches all off in the end");
        var two = lasso.FindIndex(w => Alive(w) == 2);
        c.Claim(two >= 0 && At(lasso, two, "bmi") != 0 && At(lasso, two, "ltg") != 0, "bmi and ltg stay longest");
        c.Claim(At(ridge, 0, "tc") < -0.3 && At(ridge, 0, "ldl") > 0.1, "tc and ldl stand against one another without a penalty");

        c.Heading("Which strength?", "¿Qué intensidad?");
        c.Text("Five folds decide: fit on four, measure the error on the fifth, for each $λ$.",
            "Deciden cinco particiones: se ajusta con cuatro y se mide el error en la quinta, para cada $λ$.");
        c.Code("folds");
        #region folds
        double[] Errors(Func<Tensor, Tensor, List<Tensor>> path)
        {
            var folds = Dataset.From(x, y).Folds(5, seed: 3).Select(fold =>
                path(fold.Kept.Inputs, fold.Kept.Targets).Select(w => Metrics.Mse.Of(fold.Held.Targets, fold.Held.Inputs.MatMul(w))).ToArray()).ToList();
            return [.. strengths.Select((_, k) => folds.Average(errors => errors[k]))];
        }

        var (ridgeErrors, lassoErrors) = (Errors(RidgePath), Errors(LassoPath));
        #endregion
        int Best(double[] errors) => Array.IndexOf(errors, errors.Min());
        c.Figure("penalty-folds", Plot.Titled(c["Error on held-out folds", "Error en las particiones reservadas"]).Labels("λ", c["error, in variances", "error, en varianzas"]).WithLogX()
            .Line("ridge", strengths, ridgeErrors).Line("lasso", strengths, lassoErrors)
            .Dots("ridge", [strengths[Best(ridgeErrors)]], [ridgeErrors.Min()]).Dots("lasso", [strengths[Best(lassoErrors)]], [lassoErrors.Min()]),
            ("The error of ridge and lasso over the strength, with the minima marked", "El error de ridge y lasso según la intensidad, con los mínimos marcados"),
            ("Too strong is much worse: on the right everything is predicted by the mean. Too weak hardly matters here, with hundreds of patients for ten coefficients.", "Demasiado fuerte es mucho peor: a la derecha todo se predice con la media. Demasiado débil apenas importa aquí, con cientos de pacientes para diez coeficientes."));
        string[] Row(string name, double[] errors, List<Tensor> path) =>
            [name, $"{strengths[Best(errors)]:0.0000}", $"{errors.Min():0.0000}", $"{Alive(path[Best(errors)])}"];
        c.Table([("penalty", "penalización"), ("best λ", "mejor λ"), ("error", "error"), ("coefficients left", "coeficientes distintos de 0")],
            [Row("ridge", ridgeErrors, ridge), Row("lasso", lassoErrors, lasso)]);
        c.Claim(Alive(lasso[Best(lassoErrors)]) < names.Length && Math.Abs(lassoErrors.Min() - ridgeErrors.Min()) < 0.01, "lasso predicts as well with fewer measures");
        c.Claim(ridgeErrors[^1] > ridgeErrors.Min() + 0.1 && lassoErrors[^1] > lassoErrors.Min() + 0.1, "too strong is worse");
        var middle = strengths.Length * 3 / 4;
        c.Result("coefficients that lasso keeps, of ten", "coeficientes que conserva lasso, de diez", $"{Alive(lasso[Best(lassoErrors)])}");
        c.Text($"Lasso keeps {Alive(lasso[Best(lassoErrors)])} of {names.Length} measures and predicts as well. The pair tc and ldl shows what ridge is good for: total cholesterol and LDL go almost together, and without a penalty they stand against one another ({At(ridge, 0, "tc"):0.00} and {At(ridge, 0, "ldl"):0.00}); with $λ = {strengths[middle]:0.00}$ ridge shares the effect out ({At(ridge, middle, "tc"):0.00} and {At(ridge, middle, "ldl"):0.00}).",
            $"Lasso conserva {Alive(lasso[Best(lassoErrors)])} de {names.Length} medidas y predice igual de bien. El par tc y ldl muestra para qué sirve ridge: el colesterol total y el LDL van casi juntos, y sin penalización se oponen ({At(ridge, 0, "tc"):0.00} y {At(ridge, 0, "ldl"):0.00}); con $λ = {strengths[middle]:0.00}$ ridge reparte el efecto ({At(ridge, middle, "tc"):0.00} y {At(ridge, middle, "ldl"):0.00}).");

        c.Question(("Where in the formula of the step does lasso's exact 0 come from?", "¿De qué parte de la fórmula del paso sale el 0 exacto de lasso?"),
            ("From $relu(|w| - ηλ)$: whatever is smaller than $ηλ$ after the step becomes 0. Ridge only multiplies by a factor below 1, which never gives 0.", "De $relu(|w| - ηλ)$: todo lo que tras el paso sea menor que $ηλ$ se vuelve 0. Ridge solo multiplica por un factor menor que 1, que nunca da 0."));
        c.Question(("Why must inputs be standardized before a penalty?", "¿Por qué hay que estandarizar las entradas antes de penalizar?"),
            ("The penalty sees only the size of coefficients, which depends on the unit: in grams instead of kilograms a coefficient is a thousandth, and is hardly penalized.", "La penalización solo ve el tamaño de los coeficientes, que depende de la unidad: en gramos en vez de kilogramos un coeficiente es mil veces menor y apenas se penaliza."));
    }
}
