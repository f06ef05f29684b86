using DL1;
using DL1.Pictures;
using static DL1.Functions;

namespace Course;

/// <summary>
/// Exercise 1: the minimum of y(x) = (x − 2)² + 3 from x = 50 by three optimizers, compared; and a race of optimizers
/// down a surface with hills and basins.
/// </summary>
internal static class DescentExercise
{
    // The moments that the course's printed run had drawn at random.
    private static readonly (string Name, Optimizer Optimizer)[] Optimizers3 =
    [
        ("SGD", Optimizers.Sgd(0.01)),
        ("first moment", Optimizers.Momentum(0.01, decay: 0.5, initial: 8.125370841)),
        ("second moment", Optimizers.SecondMoment(1, p1: 0.1, p2: 0.9, initialV: 4.201658515, initialR: 4.631009083)),
    ];

    public static void Run(Page page)
    {
        var x = Expr.Symbol("x");
        var y = (x - 2).Pow(2) + 3;
        var slope = y.Derivative(x);

        Page.Say("Exercise 1. Three optimizers look for the minimum of");
        Page.Say($"  y(x) = {y}, whose derivative is y'(x) = {slope}, from x = 50.");

        var plot = Plot.Titled("The gradient on the way down").Labels("epoch", "|y'(x)|").WithLogY();
        var section = Section.Titled("1. Descent")
            .Paragraph($"Three optimizers look for the minimum of y(x) = {y} from x = 50. Its derivative, y'(x) = {slope}, " +
                "was found symbolically; each optimizer is a pure transition from one state to the next. A descent stops " +
                "once 50 epochs in a row each lowered y by less than 1e-8.");

        var rows = new List<string[]>();
        foreach (var (name, optimizer) in Optimizers3)
        {
            var descent = Descent.Run(y, optimizer, [(x, 50)]);
            var last = descent.Rows[^1];
            Page.Say($"  {name} stopped after {descent.Rows.Count} epochs at x = {last.After[0]:0.000000}, y = {last.Value:0.000000}.");
            page.Result("1. Descent", $"epochs of {name}, x reached", $"{descent.Rows.Count}, {last.After[0]:0.000000}");

            foreach (var row in descent.Rows.Where(r => r.Epoch % 50 == 0))
            {
                rows.Add([name, $"{row.Epoch}", $"{row.After[0]:0.000000}", $"{row.Decrease:0.000000}"]);
            }

            var shown = descent.Rows.Where(r => r.Gradient[0] != 0).ToList();
            plot = plot.Line(name, shown.Select(r => (double)r.Epoch), shown.Select(r => Math.Abs(r.Gradient[0])));
        }

        section = section
            .Figure(page.Save("descent.png", plot), "The gradient of three optimizers over epochs, on a logarithmic axis", "The adaptive step reaches the minimum first; momentum halves the way of plain descent.")
            .Table(["optimizer", "epoch", "x after it", "decrease of y"], rows);

        page.Add(Race(page, section));
    }

    /// <summary>A race down a surface of two variables: drawn from above, and animated.</summary>
    private static Section Race(Page page, Section section)
    {
        Expr x = Expr.Symbol("x"), y = Expr.Symbol("y");
        Expr Bump(double a, double b, double width) => Exp(-(Square(x - a) + Square(y - b)) / width);
        var height = 0.08 * (Square(x) + Square(y))
            + 1.3 * Bump(0.2, 0.5, 0.6) + 1.1 * Bump(-1.1, 1.8, 0.5)
            - 1.6 * Bump(1.5, -1.2, 0.8) - Bump(-1.5, -0.9, 0.6) - 0.5 * Bump(1.9, 0.7, 0.3);

        Page.Say("  Now they race down a surface of two variables with hills and basins, from (1.8, 2.8).");

        (string Name, Optimizer Optimizer)[] racers =
        [
            ("SGD", Optimizers.Sgd(0.05)),
            ("momentum", Optimizers.Momentum(0.05, decay: 0.9)),
            ("second moment", Optimizers.SecondMoment(0.05, p1: 0.9, p2: 0.99)),
        ];

        var trails = new List<Trail>();
        foreach (var (name, optimizer) in racers)
        {
            var descent = Descent.Run(height, optimizer, [(x, 1.8), (y, 2.8)], maxEpochs: 300, patience: 300);
            var last = descent.Rows[^1];
            Page.Say($"  {name} reaches ({last.After[0]:0.00}, {last.After[1]:0.00}), at height {last.Value:0.000}.");
            page.Result("1. Descent", $"height that {name} reaches on the surface", $"{last.Value:0.000}");
            trails.Add(Trail.Of(name, [(1.8, 2.8), .. descent.Rows.Select(r => (r.After[0], r.After[1]))]));
        }

        var surface = Surface.Over(-3, 3, -3, 3, height.Compile(x, y)).Titled("Hills and basins");
        return section
            .Paragraph("The same optimizers on a surface with hills and basins. The gradients come from reverse mode on the " +
                "expression of the surface. A shallow basin lies on the way: it catches the descents that have no momentum to carry them on.")
            .Figure(page.Save("surface.png", DescentPicture.Figure(View.Map, trails, surface)), "A map of the surface with the trails of three optimizers", "The way each optimizer took.")
            .Picture(page.Save("surface.gif", Animation.Gif(View.Landscape, 480, 360, 72, trails, surface)), "Three points rolling down a landscape", "The race, epoch by epoch.");
    }
}
