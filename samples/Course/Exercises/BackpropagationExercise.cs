using DL1;
using DL1.Pictures;

namespace Course;

/// <summary>Exercise 2: backpropagation by hand and by machine on Y = (a + b)·(b − c).</summary>
internal static class BackpropagationExercise
{
    public static void Run(Page page)
    {
        Expr a = Expr.Symbol("a"), b = Expr.Symbol("b"), c = Expr.Symbol("c");
        var d = a + b;
        var e = b - c;
        var y = d * e;
        (string, Tensor)[] at = [("a", 1.0), ("b", 2.0), ("c", 3.0)];

        Page.Say("");
        Page.Say($"Exercise 2. The graph Y = {y} at a = 1, b = 2, c = 3, forward and back, as on paper:");
        var explanation = y.Explain([("d", d), ("e", e), ("Y", y)], at);
        Page.Say(string.Join(Environment.NewLine, explanation.ToString().Split(Environment.NewLine).Select(line => "  " + line)));

        var gradients = y.Gradient(a, b, c);
        var numbers = gradients.Select(g => g.Evaluate(at).ToDouble()).ToArray();
        Page.Say($"  The gradient is itself a graph, and a formula: dY/da = {gradients[0].Simplify()}, dY/db = {gradients[1].Simplify()}, dY/dc = {gradients[2].Simplify()}.");

        page.Result("2. Backward", "Y", $"{y.Evaluate(at).ToDouble()}");
        page.Result("2. Backward", "dY/da, dY/db, dY/dc", string.Join(", ", numbers));

        var svg = page.Save("graph.svg", GraphSvg.Draw(explanation));
        page.Add(Section.Titled("2. Backpropagation")
            .Paragraph($"The graph of Y = {y}. Values stand on the nodes; on each edge stands what flows back along it.")
            .Drawing(svg, "The computation graph with values on its nodes and gradients on its edges", "Forward values and backward gradients.")
            .Preformatted(explanation.ToString()));
    }
}
