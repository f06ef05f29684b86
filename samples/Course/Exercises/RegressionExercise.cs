using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>
/// Exercise 3, first half: the three coefficients of y = w₁·x² + w₂·x + w₃ by mini-batch SGD on noisy samples of
/// (x − 2)² + 3, without a penalty, with L1 and with L2.
/// </summary>
internal static class RegressionExercise
{
    private const int Samples = 10_000, Train = 8_000, Validation = 1_000, Batch = 4_000, Epochs = 1_000;
    private const double Rate = 1e-4;

    /// <summary>x uniform on [0, 10), y = (x − 2)² + 3 with noise of deviation 0.2, drawn anew for every sample.</summary>
    public static (Tensor X, Tensor Y) Data(Key key)
    {
        var keys = key.Split(2);
        var x = keys[0].Uniform(0, 10, Samples, 1);
        var y = Square(Expr.Constant(x) - 2) + 3 + Expr.Constant(keys[1].Normal(0, 0.2, Samples, 1));
        return (x, y.Evaluate());
    }

    public static void Run(Page page)
    {
        Page.Say("");
        Page.Say($"Exercise 3. {Samples} samples of (x - 2)^2 + 3 with noise of deviation 0.2, one noise value a sample.");
        Page.Say($"  Mini-batch SGD on the three coefficients of w1*x^2 + w2*x + w3: {Train} samples to train, {Validation} to validate, {Samples - Train - Validation} to test.");

        var keys = Key.OfSeed(3).Split(3);
        var (x, y) = Data(keys[0]);
        var features = Expr.Concat(1, Square(Expr.Constant(x)), Expr.Constant(x), Expr.Constant(Tensor.Ones(Samples, 1)));
        var parts = Parts.Of(features.Evaluate().Cast(DType.F64), y.Cast(DType.F64), Train, Validation, keys[1]);

        var section = Section.Titled("3. Regression: three coefficients")
            .Paragraph($"The model w₁·x² + w₂·x + w₃ learns from {Train} samples in batches of {Batch} by SGD with the rate {Rate}. " +
                "Each penalty is tried at several strengths, and the validation samples choose among them. The truth is 1, −4, 7.");
        var plot = Plot.Titled("Learning curves").Labels("epoch", "mean squared error, validation").WithLogX().WithLogY();
        var grid = Tensor.Linspace(0, 10, 100).ToDoubles();
        var fits = Plot.Titled("The fits").Labels("x", "y")
            .Dots("test samples", parts.Test.X.ToDoubles().Where((_, i) => i % 3 == 1).Take(250), parts.Test.Y.ToDoubles().Take(250));
        var rows = new List<string[]>();

        (string Name, Func<Expr, Expr>? Penalty, double[] Strengths)[] kinds =
        [
            ("none", null, [0]),
            ("L1", w => Abs(w).Sum(), [0.5, 0.05]),
            ("L2", w => Square(w).Sum(), [0.5, 0.05]),
        ];

        foreach (var (name, penalty, strengths) in kinds)
        {
            var best = strengths
                .Select(strength => (Strength: strength, Result: Fit(parts, penalty, strength, keys[2])))
                .MinBy(run => run.Result.Validation[^1]);
            var w = best.Result.Coefficients.ToDoubles();
            var test = Error.MeanSquared(Predict(parts.Test.X, best.Result.Coefficients), parts.Test.Y);
            var strength = penalty is null ? "" : $" (λ = {best.Strength})";

            Page.Say($"  Penalty {name}{strength}: w = {w[0]:0.000}, {w[1]:0.000}, {w[2]:0.000}; mean squared error {best.Result.Validation[^1]:0.000} on validation, {test:0.000} on test.");
            page.Result("3. Regression", $"test error of the coefficients, penalty {name}{strength}", $"{test:0.000}");
            rows.Add([name + strength, $"{w[0]:0.000}", $"{w[1]:0.000}", $"{w[2]:0.000}", $"{best.Result.Validation[^1]:0.000}", $"{test:0.000}"]);
            fits = fits.Line(name + strength, grid, grid.Select(v => w[0] * v * v + w[1] * v + w[2]));
            plot = plot.Line(name + strength, Enumerable.Range(1, Epochs).Select(i => (double)i), best.Result.Validation);
        }

        page.Add(section
            .Figure(page.Save("regression.png", plot), "Validation error over epochs for the three penalties", "The direction of w₃ is nearly flat, so a rate that x² allows leaves it far from 7 after 1,000 epochs.")
            .Figure(page.Save("regression-fit.png", fits), "The test samples and the three parabolas", "The three parabolas lie almost on one another.")
            .Table(["penalty", "w₁", "w₂", "w₃", "validation", "test"], rows));
    }

    private static Tensor Predict(Tensor features, Tensor w) =>
        Expr.Constant(features).MatMul(Expr.Constant(w)).Evaluate();

    private static (Tensor Coefficients, List<double> Validation) Fit(Parts parts, Func<Expr, Expr>? penalty, double strength, Key key)
    {
        // One step as one graph: the loss, its gradient, and the optimizer's transition.
        Expr w = Expr.Variable("w", DType.F64, 3, 1), x = Expr.Variable("x", DType.F64, Batch, 3), y = Expr.Variable("y", DType.F64, Batch, 1);
        var loss = Square(x.MatMul(w) - y).Mean();
        var objective = penalty is null ? loss : loss + strength * penalty(w);
        var (next, _) = Optimizers.Sgd(Rate).Step(objective.Gradient(w), [], [w]);
        var step = new CompiledFunction([w, x, y], next);

        Expr allX = Expr.Constant(parts.Validation.X), allY = Expr.Constant(parts.Validation.Y);
        var validate = new CompiledFunction([w], [Square(allX.MatMul(w) - allY).Mean()]);

        // The batches are the same in every epoch but for their order, so they are cut once.
        var batches = key.Permutation(Train).Chunk(Batch)
            .Select(rows => (X: parts.Train.X.Rows(rows), Y: parts.Train.Y.Rows(rows))).ToList();

        var values = Tensor.Full(DType.F64, 0, 3, 1);
        var curve = new List<double>();
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            foreach (var batch in batches)
            {
                values = step.Invoke(values, batch.X, batch.Y)[0];
            }

            curve.Add(validate.Invoke(values)[0].ToDouble());
        }

        return (values, curve);
    }
}
