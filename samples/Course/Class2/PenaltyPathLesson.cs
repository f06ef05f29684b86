using DL1;
using DL1.Data;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>Coefficients along the path of the penalty's strength: ridge and lasso, and which strength validation takes.</summary>
internal static class PenaltyPathLesson
{
    #region lasso
    // The lasso by proximal descent: a step down the squared error to u, then every weight pulled towards 0 by η·λ, but not across.
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
        c.Text("A penalty with the strength $λ$ pulls coefficients towards 0. We follow the ten coefficients of a linear model of the diabetes data, all standardized, while $λ$ grows: *ridge* penalizes the sum of squares, *lasso* the sum of absolute values.",
            "Una penalización de intensidad $λ$ tira de los coeficientes hacia 0. Seguimos los diez coeficientes de un modelo lineal de los datos de diabetes, todo estandarizado, mientras $λ$ crece: *ridge* penaliza la suma de cuadrados; *lasso*, la suma de valores absolutos.");
        c.Formula(@"\frac{1}{2n} \sum_i \left(y_i - x_i^\top w\right)^2 + \frac{λ}{2} \sum_j w_j^2 \qquad \frac{1}{2n} \sum_i \left(y_i - x_i^\top w\right)^2 + λ \sum_j |w_j|");
        c.Text("The absolute value has no slope at 0, so the lasso takes a step down the error $E$ alone, and then shrinks every weight:", "El valor absoluto no tiene pendiente en 0, así que lasso da un paso según el error $E$ solo y después encoge cada peso:");
        c.Formula(@"u = w - η \nabla E(w), \qquad w_j \leftarrow \operatorname{sign}(u_j) \max\left(0, |u_j| - η λ\right)");
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
            ("Ridge shrinks all coefficients together, and none is exactly 0. Lasso sets them to 0 one after the other; bmi and ltg stay longest.", "Ridge encoge todos los coeficientes a la vez y ninguno llega a ser exactamente 0. Lasso los anula uno tras otro; bmi y ltg son los últimos."));
        int Alive(Tensor w) => w.ToDoubles().Count(v => v != 0);
        double At(List<Tensor> path, int k, string name) => path[k].ToDoubles()[Array.IndexOf(names, name)];
        c.Claim(ridge.All(w => Alive(w) == names.Length), "ridge never sets a coefficient to 0");
        c.Claim(Alive(lasso[0]) > 7 && Alive(lasso[^1]) == 0, "lasso sets all to 0 in the end");
        var two = lasso.FindIndex(w => Alive(w) == 2);
        c.Claim(two >= 0 && At(lasso, two, "bmi") != 0 && At(lasso, two, "ltg") != 0, "bmi and ltg stay longest");
        c.Claim(At(ridge, 0, "tc") < -0.3 && At(ridge, 0, "ldl") > 0.1, "with a weak penalty tc and ldl have opposite signs");

        c.Heading("Which strength?", "¿Qué intensidad?");
        c.Text("Five folds decide: for each $λ$ we fit on four and measure the error on the fifth. The four also give the means and deviations to standardize with.",
            "Deciden cinco pliegues: para cada $λ$ se ajusta con cuatro y se mide el error en el quinto. Las medias y desviaciones para estandarizar salen también de esos cuatro.");
        c.Code("folds");
        #region folds
        double[] Errors(Func<Tensor, Tensor, List<Tensor>> path)
        {
            var folds = Dataset.From(table.Numbers(DType.F64, names), table.Numbers(DType.F64, "progression")).Folds(5, seed: 3).Select(fold =>
            {
                var (inputs, target) = (Scaler.Standard(fold.Kept.Inputs), Scaler.Standard(fold.Kept.Targets));
                var (held, truth) = (inputs.Apply(fold.Held.Inputs), target.Apply(fold.Held.Targets));
                return path(inputs.Apply(fold.Kept.Inputs), target.Apply(fold.Kept.Targets)).Select(w => Metrics.Mse.Of(truth, held.MatMul(w))).ToArray();
            }).ToList();
            return [.. strengths.Select((_, k) => folds.Average(errors => errors[k]))];
        }

        var (ridgeErrors, lassoErrors) = (Errors(RidgePath), Errors(LassoPath));
        #endregion
        int Best(double[] errors) => Array.IndexOf(errors, errors.Min());
        c.Figure("penalty-folds", Plot.Titled(c["Error on held-out folds", "Error en los pliegues reservados"]).Labels("λ", c["error / variance", "error / varianza"]).WithLogX()
            .Line("ridge", strengths, ridgeErrors).Line("lasso", strengths, lassoErrors)
            .Dots("ridge", [strengths[Best(ridgeErrors)]], [ridgeErrors.Min()]).Dots("lasso", [strengths[Best(lassoErrors)]], [lassoErrors.Min()]),
            ("The error of ridge and lasso over the strength, with the minima marked", "El error de ridge y lasso según la intensidad, con los mínimos marcados"),
            ("Too strong a penalty is much worse: at the right end lasso predicts the mean for every patient. Too weak a one hardly matters here, with hundreds of patients for ten coefficients.", "Una penalización demasiado fuerte es mucho peor: en el extremo derecho, lasso predice la media para todos los pacientes. Una demasiado débil apenas importa aquí, con cientos de pacientes para diez coeficientes."));
        string[] Row(string name, double[] errors, List<Tensor> path) =>
            [name, $"{strengths[Best(errors)]:0.0000}", $"{errors.Min():0.0000}", $"{Alive(path[Best(errors)])}"];
        c.Table([("penalty", "penalización"), ("best λ", "mejor λ"), ("error", "error"), ("coefficients left", "coeficientes distintos de 0")],
            [Row("ridge", ridgeErrors, ridge), Row("lasso", lassoErrors, lasso)]);
        c.Claim(Alive(lasso[Best(lassoErrors)]) < names.Length && Math.Abs(lassoErrors.Min() - ridgeErrors.Min()) < 0.01, "lasso predicts as well with fewer measures");
        double[] tc = Standard(table.Numbers(DType.F64, "tc")).ToDoubles(), ldl = Standard(table.Numbers(DType.F64, "ldl")).ToDoubles();
        var together = tc.Zip(ldl, (p, q) => p * q).Average();
        c.Claim(together > 0.8, "tc and ldl are strongly correlated");
        c.Claim(ridgeErrors[^1] > ridgeErrors.Min() + 0.1 && lassoErrors[^1] > lassoErrors.Min() + 0.1, "too strong is worse");
        var middle = strengths.Length * 3 / 4;
        c.Result("coefficients that lasso keeps, of ten", "coeficientes que conserva lasso, de diez", $"{Alive(lasso[Best(lassoErrors)])}");
        c.Text($"Lasso keeps {Alive(lasso[Best(lassoErrors)])} of {names.Length} measures and predicts as well. The pair tc and ldl shows what ridge is good for: total cholesterol and LDL are strongly correlated ({together:0.00}), and almost without a penalty they get large coefficients of opposite signs ({At(ridge, 0, "tc"):0.00} and {At(ridge, 0, "ldl"):0.00}), which nearly cancel; with $λ = {strengths[middle]:0.00}$ both are small ({At(ridge, middle, "tc"):0.00} and {At(ridge, middle, "ldl"):0.00}).",
            $"Lasso conserva {Alive(lasso[Best(lassoErrors)])} de {names.Length} medidas y predice igual de bien. El par tc y ldl muestra para qué sirve ridge: el colesterol total y el LDL están muy correlacionados ({together:0.00}), y casi sin penalización reciben coeficientes grandes de signos opuestos ({At(ridge, 0, "tc"):0.00} y {At(ridge, 0, "ldl"):0.00}), que casi se cancelan; con $λ = {strengths[middle]:0.00}$ ambos son pequeños ({At(ridge, middle, "tc"):0.00} y {At(ridge, middle, "ldl"):0.00}).");

        c.Question(("From which part of the step does lasso's exact 0 come?", "¿De qué parte de la fórmula del paso sale el 0 exacto de lasso?"),
            ("From $\\max(0, |u_j| - ηλ)$: a weight whose size is below $ηλ$ after the step becomes 0. The penalty of ridge only multiplies a weight by $1 - ηλ$, which never gives 0.", "De $\\max(0, |u_j| - ηλ)$: un peso cuyo tamaño tras el paso sea menor que $ηλ$ se vuelve 0. La penalización de ridge solo multiplica un peso por $1 - ηλ$, lo que nunca da 0."));
        c.Question(("Why must inputs be standardized before a penalty?", "¿Por qué hay que estandarizar las entradas antes de penalizar?"),
            ("The penalty depends on the size of coefficients, and that depends on the unit: for a mass in grams instead of kilograms, the coefficient is a thousand times smaller and hardly penalized.", "La penalización depende del tamaño de los coeficientes, y este, de la unidad: con una masa en gramos en vez de kilogramos, el coeficiente es mil veces menor y apenas se penaliza."));
    }
}
