using System.Collections;
using System.Xml.Linq;
using DL1.Pictures;

namespace DL1.CSharp.Tests;

/// <summary>
/// What notebooks show, by the convention of .NET Interactive: an attribute by its name, a source with <c>CreateTypeFormatters</c>,
/// formatters with <c>MimeType</c> and <c>Format</c>, all public and found by reflection. <c>.ci/notebook</c> runs the kernel itself.
/// </summary>
public class NotebookTests
{
    /// <summary>The forms of a value by their MIME types, and which of them is preferred.</summary>
    private static (Dictionary<string, string> Forms, string Preferred) Shown(object value)
    {
        var attribute = Assert.Single(value.GetType().GetCustomAttributes(true), a => a.GetType().Name == "TypeFormatterSourceAttribute");
        object Property(object owner, string name) => owner.GetType().GetProperty(name)!.GetValue(owner)!;
        var source = Activator.CreateInstance((Type)Property(attribute, "FormatterSourceType"))!;
        var formatters = (IEnumerable)source.GetType().GetMethod("CreateTypeFormatters")!.Invoke(source, null)!;
        var forms = new Dictionary<string, string>();
        foreach (var formatter in formatters)
        {
            using var writer = new StringWriter();
            Assert.Equal(true, formatter.GetType().GetMethod("Format", [typeof(object), typeof(TextWriter)])!.Invoke(formatter, [value, writer]));
            Assert.Equal(false, formatter.GetType().GetMethod("Format")!.Invoke(formatter, [new Unshown(), new StringWriter()]));
            forms.Add((string)Property(formatter, "MimeType"), writer.ToString());
        }

        // A form that is preferred and not there ends the kernel.
        var preferred = Assert.Single((string[])Property(attribute, "PreferredMimeTypes"));
        Assert.Contains(preferred, forms.Keys);
        return (forms, preferred);
    }

    private sealed class Unshown
    {
        public override string? ToString() => null;
    }

    private static XElement Html(object value)
    {
        var (forms, preferred) = Shown(value);
        Assert.Equal("text/html", preferred);
        return XElement.Parse($"<div>{forms["text/html"]}</div>");
    }

    private static List<string> Cells(XElement html) => [.. html.Descendants("td").Select(cell => cell.Value)];

    [Fact]
    public void Formulas_are_typeset()
    {
        var (forms, preferred) = Shown(Expr.Symbol("x").Pow(2) / 3);
        Assert.Equal("text/latex", preferred);
        Assert.Equal(@"$$\frac{x^{2}}{3}$$", forms["text/latex"]);
        Assert.Equal("x²/3", forms["text/plain"]);
    }

    [Fact]
    public void Tensors_are_tables_whose_middle_is_left_out()
    {
        Assert.Equal(["1", "2", "3", "4"], Cells(Html(Tensor.Of(new[] { 1.0, 2, 3, 4 }, 2, 2))));
        Assert.Equal(["1", "2"], Cells(Html(Tensor.Of(new[] { 1, 2 }))));
        Assert.Equal("f64 [2, 2]", Html(Tensor.Of(new[] { 1.0, 2, 3, 4 }, 2, 2)).Descendants("caption").Single().Value);
        var large = Html(Tensor.Zeros(500, 300));
        Assert.Equal((7, 49), (large.Descendants("tr").Count(), Cells(large).Count));
        Assert.Contains("f32 [2, 2, 2]", Html(Tensor.Zeros(2, 2, 2)).Descendants("pre").Single().Value);
        Assert.Contains("2.5", Html(Tensor.Of(new[] { 2.5 }).Reshape()).Value);
    }

    [Fact]
    public void Trainings_are_curves_and_models_summaries()
    {
        var (train, test) = Datasets.Iris().Split(0.8, seed: 1);
        var model = Model.Sequential(Layers.Linear(8), Layers.Relu(), Layers.Linear(3));
        var result = model.Fit(train, Losses.CrossEntropy, Optimizers.Adam(0.01), epochs: 4, validation: test);
        var shown = Html(result);
        XNamespace svg = "http://www.w3.org/2000/svg";
        var curves = shown.Descendants(svg + "polyline").Select(line => ((string)line.Attribute("points")!).Split(' ').Length);
        Assert.Equal([4, 4], curves);
        Assert.Contains("0 (Linear)", Cells(shown));
        Assert.Contains("0 (Linear)", Cells(Html(result.Trained)));
        Assert.Contains("0 (Linear)", Cells(Html(model.Summary(1, 4))));
        Assert.Equal("Linear(8) => ReLU => Linear(3)", Html(model).Value);
        Assert.Contains("0.weight", Html(result.Trained.Parameters).Value);
        var plot = LearningCurves.Loss(result.History);
        Assert.Equal(plot.Svg(800, 480), Shown(plot).Forms["text/html"]);
        Assert.Equal(Figure.Of(plot).Svg(780), Shown(Figure.Of(plot)).Forms["text/html"]);
    }

    [Fact]
    public void Gradients_with_matrices_are_typeset()
    {
        Expr x = Expr.Variable("X", DType.F64, 5, 4), w = Expr.Variable("W", DType.F64, 4, 3);
        var formula = Assert.Single(x.MatMul(w).Sum().MatrixGradients([w]));
        var (forms, preferred) = Shown(formula);
        Assert.Equal("text/latex", preferred);
        Assert.Equal($"$${formula.Latex}$$", forms["text/latex"]);
        Assert.Equal(formula.ToString(), forms["text/plain"]);
        Assert.Equal(formula.ToString(), XElement.Parse(forms["text/html"]).Value);
    }

    [Fact]
    public void Explanations_keep_their_lines()
    {
        Expr a = Expr.Symbol("a"), b = Expr.Symbol("b");
        var explained = (a * b + a).Explain([], ("a", 2), ("b", 3));
        Assert.Equal(explained.ToString(), Html(explained).Element("pre")!.Value);
    }

    [Fact]
    public void Tables_show_their_first_rows()
    {
        var few = Tables.FromCsv("size,colour\n1,red\n2.5,\n");
        Assert.Equal(["1", "red", "2.5", ""], Cells(Html(few)));
        var penguins = Html(Tables.Penguins());
        Assert.Equal(Tables.Penguins().Names, penguins.Descendants("th").Select(cell => cell.Value));
        // Ten rows, and one that says that there are more.
        Assert.Equal(11, penguins.Descendants("tbody").Single().Elements("tr").Count());
        Assert.Contains("rows", penguins.Descendants("caption").Single().Value);
    }

    [Fact]
    public void Confusions_are_tables_of_counts_and_scores()
    {
        var confusion = Metrics.Confusion(Tensor.Of([0, 1, 1]), Tensor.Of([1, 1, 0]));
        var shown = Html(confusion);
        Assert.Equal(["0", "0", "1", "1", "1", "1"], Cells(shown));
        Assert.Equal(confusion.Report(), shown.Descendants("pre").Single().Value);
    }

    [Fact]
    public void Descents_are_curves_of_the_objective()
    {
        var x = Expr.Symbol("x");
        XNamespace svg = "http://www.w3.org/2000/svg";
        var descent = Descent.Run((x - 2).Pow(2), Optimizers.Sgd(0.1), [(x, 0.0)], maxEpochs: 30);
        var shown = Html(descent);
        Assert.Equal(descent.ToString(), shown.Element("pre")!.Value);
        var points = ((string)shown.Descendants(svg + "polyline").First().Attribute("points")!).Split(' ');
        Assert.Equal(descent.Rows.Count, points.Length);
        var slow = Descent.Run((x - 2).Pow(2), Optimizers.Sgd(1e-5), [(x, 0.0)], maxEpochs: 3000);
        points = ((string)Html(slow).Descendants(svg + "polyline").First().Attribute("points")!).Split(' ');
        Assert.InRange(points.Length, 300, 500);
        // Nothing to draw.
        Assert.Empty(Html(Descent.Run((x - 2).Pow(2), Optimizers.Sgd(0.1), [(x, 0.0)], maxEpochs: 1)).Descendants(svg + "svg"));
    }

    [Fact]
    public void Onnx_files_and_models_are_their_summaries()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".onnx");
        try
        {
            Expr.SaveOnnx(path, Expr.Variable("rows", 1, 4), rows => [("y", Functions.Tanh(rows) * 2)]);
            var file = DL1.Onnx.OnnxFile.Read(path);
            Assert.Equal(file.ToString(), Html(file).Element("pre")!.Value);
            var model = file.Import();
            Assert.Equal(model.ToString(), Html(model).Element("pre")!.Value);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
