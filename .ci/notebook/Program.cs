using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.CSharp;
using Microsoft.DotNet.Interactive.Events;
using Microsoft.DotNet.Interactive.Formatting;

// Runs cells of a notebook over the libraries of a folder, and looks at what each is shown as: by its first MIME type, and by a
// text that must be in it.
var folder = args[0];
var kernel = new CompositeKernel { new CSharpKernel() };
var wrong = 0;

async Task<IReadOnlyList<FormattedValue>> Run(string cell)
{
    var result = await kernel.SubmitCodeAsync(cell);
    foreach (var failure in result.Events.OfType<CommandFailed>())
    {
        Console.WriteLine($"{cell}: {failure.Message}");
        wrong++;
    }

    return [.. result.Events.OfType<DisplayEvent>().SelectMany(shown => shown.FormattedValues)];
}

var libraries = Directory.GetFiles(folder, "*.dll").Where(file => !Path.GetFileName(file).StartsWith("System."));
await Run(string.Join('\n', libraries.Select(file => $"#r \"{file}\"")));
await Run("using DL1; using DL1.Pictures;");
await Run("""
    var (train, test) = Datasets.Iris().Split(0.8, seed: 1);
    var model = Model.Sequential(Layers.Linear(8), Layers.Relu(), Layers.Linear(3));
    var result = model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(0.01), epochs: 3, validation: test);
    """);

(string Cell, string MimeType, string Text)[] cells =
[
    ("Expr.Symbol(\"x\").Pow(2) / 3", "text/latex", @"$$\frac{x^{2}}{3}$$"),
    ("Tensor.Of(new[] { 1.0, 2, 3, 4 }, 2, 2)", "text/html", "<caption>f64 [2, 2]</caption>"),
    ("result", "text/html", "<polyline"),
    ("result.Trained", "text/html", "<th style=\"text-align:right\">Layer</th>"),
    ("model.Summary(1, 4)", "text/html", "<td style=\"text-align:right\">0 (Linear)</td>"),
    ("model", "text/html", "Linear(8) =&gt; ReLU =&gt; Linear(3)"),
    ("LearningCurves.Loss(result.History)", "text/html", "<svg"),
    ("Figure.Of(LearningCurves.Loss(result.History))", "text/html", "<svg"),
];

foreach (var (cell, mimeType, text) in cells)
{
    var shown = await Run(cell);
    if (shown is not [var first, ..] || first.MimeType != mimeType || !first.Value.Contains(text))
    {
        Console.WriteLine($"{cell} is not shown as {mimeType} with {text}: {string.Join("; ", shown.Select(v => v.MimeType + " " + v.Value))}");
        wrong++;
    }
}

Console.WriteLine(wrong == 0 ? $"{cells.Length} cells are shown as they should be" : $"{wrong} cells are not shown as they should be");
return wrong == 0 ? 0 : 1;
