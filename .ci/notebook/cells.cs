// Runs the cells of a notebook in .NET Interactive, as editors do, over the packages of a folder: each cell must succeed, and what
// it ends in must be shown by a MIME type and with a text. Then cells in C#.
//
//     dotnet run cells.cs -- TOOL NOTEBOOK FOLDER VERSION
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

var (tool, notebook, folder, version) = (args[0], args[1], args[2], args[3]);
var watch = Stopwatch.StartNew();

// What the notebook's cells are shown as, one after another; the first in each language loads the packages.
(string MimeType, string Text)[] inNotebook =
[
    ("text/html", "DL1.Pictures"),
    ("text/latex", @"x^{2}"),
    ("text/latex", @"\cos"),
    ("text/html", "<svg"),
    ("text/html", "[150, 4]</caption>"),
    ("text/html", "<polyline"),
    ("text/html", "<th style=\"text-align:right\">Layer</th>"),
];

(string Cell, string MimeType, string Text)[] inCSharp =
[
    ($"#r \"nuget: DL1.CSharp, {version}\"\n#r \"nuget: DL1.Pictures, {version}\"", "text/html", "DL1.CSharp"),
    ("""
     using DL1; using DL1.Pictures;
     var (train, test) = Datasets.Iris().Split(0.8, seed: 1);
     var model = Model.Sequential(Layers.Linear(8), Layers.Relu(), Layers.Linear(3));
     var result = model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(0.01), epochs: 3, validation: test);
     result
     """, "text/html", "<polyline"),
    ("Expr.Symbol(\"x\").Pow(2) / 3", "text/latex", @"$$\frac{x^{2}}{3}$$"),
    ("Tensor.Of(new[] { 1.0, 2, 3, 4 }, 2, 2)", "text/html", "<caption>f64 [2, 2]</caption>"),
    ("result.Trained", "text/html", "<th style=\"text-align:right\">Layer</th>"),
    ("model.Summary(1, 4)", "text/html", "<td style=\"text-align:right\">0 (Linear)</td>"),
    ("model", "text/html", "Linear(8) =&gt; ReLU =&gt; Linear(3)"),
    ("LearningCurves.Loss(result.History)", "text/html", "<svg"),
    ("Figure.Of(LearningCurves.Loss(result.History))", "text/html", "<svg"),
];

string[] written =
[
    .. JsonDocument.Parse(File.ReadAllText(notebook)).RootElement.GetProperty("cells").EnumerateArray()
        .Where(cell => cell.GetProperty("cell_type").GetString() == "code")
        .Select(cell => string.Concat(cell.GetProperty("source").EnumerateArray().Select(line => line.GetString()))),
];

if (written.Length != inNotebook.Length)
{
    Console.WriteLine($"the notebook has {written.Length} cells of code, and {inNotebook.Length} are known here");
    return 1;
}

using var kernels = Process.Start(new ProcessStartInfo(tool, ["stdio", "--default-kernel", "fsharp"])
{
    RedirectStandardInput = true,
    RedirectStandardOutput = true,
})!;
using var late = new Timer(_ => kernels.Kill(), null, TimeSpan.FromMinutes(5), Timeout.InfiniteTimeSpan);
var wrong = 0;
var count = 0;

// What a cell is shown as; none where it fails.
List<(string MimeType, string Value)> Run(string kernel, string cell)
{
    var token = $"cell-{count++}";
    kernels.StandardInput.WriteLine(new JsonObject
    {
        ["token"] = token,
        ["commandType"] = "SubmitCode",
        ["command"] = new JsonObject { ["code"] = cell, ["targetKernelName"] = kernel },
        ["routingSlip"] = new JsonArray(),
    }.ToJsonString());
    kernels.StandardInput.Flush();
    var shown = new List<(string, string)>();
    while (kernels.StandardOutput.ReadLine() is { } line)
    {
        if (!line.StartsWith('{')) continue;
        using var message = JsonDocument.Parse(line);
        var said = message.RootElement;
        if (said.GetProperty("command") is not { ValueKind: JsonValueKind.Object } command || command.GetProperty("token").GetString() != token) continue;
        var happened = said.GetProperty("event");
        switch (said.GetProperty("eventType").GetString())
        {
            case "DisplayedValueProduced" or "DisplayedValueUpdated" or "ReturnValueProduced":
                shown.AddRange(happened.GetProperty("formattedValues").EnumerateArray()
                    .Select(value => (value.GetProperty("mimeType").GetString()!, value.GetProperty("value").GetString()!)));
                break;
            case "CommandFailed":
                Console.WriteLine($"{cell}: {happened.GetProperty("message").GetString()}");
                wrong++;
                return [];
            case "CommandSucceeded":
                return shown;
        }
    }

    throw new InvalidOperationException($".NET Interactive ended at the cell {cell}");
}

void Look(string kernel, string cell, string mimeType, string text)
{
    var shown = Run(kernel, cell);
    if (!shown.Any(one => one.MimeType == mimeType && one.Value.Contains(text)))
    {
        Console.WriteLine($"{cell} is not shown as {mimeType} with {text}: {string.Join("; ", shown)}");
        wrong++;
    }
}

try
{
    Run("fsharp", $"#i \"nuget:{folder}\"");
    var packages = new Regex("(#r \"nuget: DL1[.A-Za-z]*), [^\"]+\"");
    if (!packages.IsMatch(written[0])) throw new InvalidOperationException($"the first cell loads no package: {written[0]}");
    foreach (var (cell, due) in written.Zip(inNotebook))
        Look("fsharp", packages.Replace(cell, $"$1, {version}\""), due.MimeType, due.Text);
    Console.WriteLine($"the notebook ran in {watch.Elapsed.TotalSeconds:0.0} s");

    Run("csharp", $"#i \"nuget:{folder}\"");
    foreach (var (cell, mimeType, text) in inCSharp) Look("csharp", cell, mimeType, text);
}
finally
{
    kernels.Kill();
}

Console.WriteLine(wrong == 0 ? $"{written.Length + inCSharp.Length} cells are shown as they should be" : $"{wrong} cells are not");
return wrong == 0 ? 0 : 1;
