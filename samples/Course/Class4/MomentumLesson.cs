using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>Momentum: a ball in a bowl, then a network, at one learning rate and at one effective rate.</summary>
internal static class MomentumLesson
{
    public static void Run(Chapter c)
    {
        c.Text("Momentum adds up gradients into a velocity, which is multiplied by the factor $\\mu < 1$ at every step. On a constant slope the velocity grows to $1 + \\mu + \\mu^2 + \\dots = 1/(1 - \\mu)$ times the gradient: with $\\mu = 0.9$ steps become ten times as long.",
            "El momento acumula los gradientes en una velocidad que en cada paso se multiplica por el factor $\\mu < 1$. En una pendiente constante la velocidad crece hasta $1 + \\mu + \\mu^2 + \\dots = 1/(1 - \\mu)$ veces el gradiente: con $\\mu = 0.9$ los pasos se hacen diez veces más largos.");
        c.Formula(@"v \leftarrow \mu \, v + \nabla L(\theta), \qquad \theta \leftarrow \theta - \eta \, v");

        c.Heading("A ball in a bowl", "Una bola en un cuenco");
        c.Code("bowl");
        #region bowl
        double[] momenta = [0, 0.5, 0.9, 0.99];
        var x = Expr.Symbol("x");
        var paths = momenta.ToDictionary(mu => mu, mu => (double[])
            [1, .. Descent.Run(x * x / 2, Optimizers.Sgd(0.05, momentum: mu), [(x, 1)], maxEpochs: 80, patience: 80).Rows.Select(row => row.After[0])]);
        #endregion
        c.Figure("momentum-bowl", momenta.Aggregate(
                Plot.Titled(c["Down the bowl x²/2 at the rate 0.05", "Descenso en el cuenco x²/2 con tasa 0.05"]).Labels(c["step", "paso"], "x"),
                (plot, mu) => plot.Line($"μ = {mu}", Enumerable.Range(0, paths[mu].Length).Select(i => (double)i), paths[mu])),
            ("The position over the steps for four values of μ", "La posición según los pasos con cuatro valores de μ"),
            ("Without momentum the ball moves slowly. With 0.5 it is faster; with 0.9 it shoots past the lowest point and comes back; with 0.99 it swings for a long time.", "Sin momento la bola avanza despacio. Con 0.5 va más rápido; con 0.9 se pasa del mínimo y vuelve; con 0.99 oscila mucho tiempo."));
        double Late(double mu) => paths[mu].TakeLast(20).Max(Math.Abs);
        c.Claim(paths[0].All(v => v > 0) && paths[0.9].Min() < -0.1, "without momentum it does not pass the minimum, with 0.9 it does");
        c.Claim(Late(0.5) < Late(0) && Late(0.99) > 0.2, "0.5 is faster than none; 0.99 still swings after 60 steps");

        c.Heading("A network", "Una red");
        c.Code("network");
        #region network
        // The digits, one hidden layer, three seeds; the rate is the same for all momenta, or such that rate/(1 − μ) is.
        var (train, held) = Datasets.Digits().Split(0.8, seed: 1);
        var model = Model.Sequential(Layers.Linear(64), Layers.Tanh(), Layers.Linear(10));
        double[] Losses(double rate, double mu)
        {
            var runs = Enumerable.Range(0, c.Brief ? 1 : 3).Select(seed => model.Fit(
                train, DL1.Losses.CrossEntropy, Optimizers.Sgd(rate, momentum: mu), epochs: c.Brief ? 2 : 15, batchSize: 64, seed: seed, validation: held)).ToList();
            return [.. Enumerable.Range(0, runs[0].History.Count).Select(i => runs.Average(run => run.History[i].ValidationLoss!.Value))];
        }

        var equalRates = momenta.ToDictionary(mu => mu, mu => Losses(0.02, mu));
        var equalEffects = momenta.ToDictionary(mu => mu, mu => Losses(0.2 * (1 - mu), mu));
        #endregion
        Plot Curves(string title, Dictionary<double, double[]> losses, Func<double, string> name) => momenta.Aggregate(
            Plot.Titled(title).Labels(c["epoch", "época"], c["validation loss", "pérdida de validación"]).WithLogY(),
            (plot, mu) => plot.Line(name(mu), Enumerable.Range(1, losses[mu].Length).Select(i => (double)i), losses[mu]));
        c.Figure("momentum-rates", Curves(c["One rate, 0.02", "Una misma tasa, 0.02"], equalRates, mu => $"μ = {mu}"),
            ("Validation losses for four values of μ at one rate", "Pérdidas de validación con cuatro valores de μ y una misma tasa"),
            ("At the same rate, more momentum is faster here: steps are up to $1/(1 - \\mu)$ times as long.", "Con la misma tasa, aquí más momento es más rápido: los pasos son hasta $1/(1 - \\mu)$ veces más largos."));
        c.Figure("momentum-effects", Curves(c["One effective rate, 0.2", "Una misma tasa efectiva, 0.2"], equalEffects, mu => c[$"μ = {mu}, rate {0.2 * (1 - mu):0.###}", $"μ = {mu}, tasa {0.2 * (1 - mu):0.###}"]),
            ("Validation losses for four values of μ at one effective rate", "Pérdidas de validación con cuatro valores de μ y una misma tasa efectiva"),
            ("With $\\eta/(1 - \\mu)$ held fixed, the curves up to $\\mu = 0.9$ soon coincide; $\\mu = 0.99$ needs its first hundred steps, here four to five epochs, to gather speed.", "Con $\\eta/(1 - \\mu)$ fijo, las curvas hasta $\\mu = 0.9$ pronto coinciden; $\\mu = 0.99$ necesita sus primeros cien pasos, aquí de cuatro a cinco épocas, para ganar velocidad."));
        c.Table([("momentum", "momento"), ("loss at the rate 0.02", "pérdida con tasa 0.02"), ("loss at the effective rate 0.2", "pérdida con tasa efectiva 0.2")],
            momenta.Select(mu => new[] { $"{mu}", $"{equalRates[mu][^1]:0.000}", $"{equalEffects[mu][^1]:0.000}" }));
        var factor = equalRates[0][^1] / equalRates[0.9][^1];
        var apart = Math.Abs(equalEffects[0.9][^1] / equalEffects[0][^1] - 1);
        c.Claim(equalRates[0.5][^1] < equalRates[0][^1] && equalRates[0.9][^1] < equalRates[0.5][^1], "at one rate, momentum is faster");
        c.Claim(apart < 0.15 && factor > 2, "at one effective rate 0 and 0.9 end alike, at one rate they do not");
        c.Result("validation loss at one rate: μ = 0, μ = 0.9", "pérdida de validación con una misma tasa: μ = 0, μ = 0.9", $"{equalRates[0][^1]:0.000}, {equalRates[0.9][^1]:0.000}");
        c.Text($"At one rate the loss without momentum is {factor:0.0} times that with $\\mu = 0.9$. At one effective rate they differ by {apart:0%} only: on an easy problem, momentum is above all a longer step. Its own merit shows in narrow valleys, where a longer step alone would diverge (lesson `valley`).",
            $"Con una misma tasa, la pérdida sin momento es {factor:0.0} veces la de $\\mu = 0.9$. Con una misma tasa efectiva solo difieren en {apart:0%}: en un problema fácil, el momento es ante todo un paso más largo. Su mérito propio aparece en valles estrechos, donde un paso más largo por sí solo divergiría (lección `valley`).");
        c.Question(("You raise $\\mu$ from 0.9 to 0.99. What should you do with the rate?", "Subes $\\mu$ de 0.9 a 0.99. ¿Qué debes hacer con la tasa?"),
            ("Divide it by ten, to keep $\\eta/(1 - \\mu)$; otherwise steps become ten times as long.", "Dividirla entre diez, para mantener $\\eta/(1 - \\mu)$; si no, los pasos se hacen diez veces más largos."));
        c.Question(("Why does the ball with $\\mu = 0.99$ swing for so long?", "¿Por qué la bola con $\\mu = 0.99$ oscila tanto tiempo?"),
            ("$1 - \\mu$ acts as friction: at each step only 1% of the velocity is lost.", "$1 - \\mu$ actúa como fricción: en cada paso solo se pierde el 1% de la velocidad."));
    }
}
