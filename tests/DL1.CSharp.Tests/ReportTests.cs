using System.Text.RegularExpressions;
using DL1.Pictures;

namespace DL1.CSharp.Tests;

/// <summary>The report: one page, whole in itself.</summary>
public class ReportTests
{
    private static readonly byte[] Png = Plot.Titled("Loss").Line("SGD", [3, 2, 1]).Png(200, 120);
    private static readonly string Svg = Plot.Titled("Loss").Line("SGD", [3, 2, 1]).Svg(200, 120);

    private static string Page() =>
        Report.Page("Gradients & <more>",
        [
            Section.Titled("Descent <1>")
                .Paragraph("a < b && c > \"d\"")
                .Preformatted("if (x < 0)\n    x = -x;")
                .Table(["optimizer", "epochs"], [["SGD", "618"], ["<b>Adam</b>", "1,340"]])
                .Picture(Png, "a line that \"falls\"", "The loss"),
            Section.Titled("Graph").Drawing(Svg, "a graph", "").Drawing(Svg, "another", "Again"),
        ]);

    [Fact]
    public void Texts_are_escaped()
    {
        var page = Page();
        Assert.Contains("<title>Gradients &amp; &lt;more&gt;</title>", page);
        Assert.Contains("<p>a &lt; b &amp;&amp; c &gt; &quot;d&quot;</p>", page);
        Assert.Contains("&lt;b&gt;Adam&lt;/b&gt;", page);
        Assert.DoesNotContain("<b>", page);
        Assert.Contains("alt=\"a line that &quot;falls&quot;\"", page);
        Assert.Contains("    x = -x;", page);
    }

    [Fact]
    public void The_page_refers_to_nothing_outside_itself()
    {
        var page = Page();
        var references = Regex.Matches(page, "(?:src|href|action|data)=\"([^\"]*)\"").Select(m => m.Groups[1].Value);
        Assert.All(references, r => Assert.True(r.StartsWith('#') || r.StartsWith("data:image/"), r));
        Assert.DoesNotContain("<script", page);
        Assert.DoesNotContain("<link", page);
        Assert.DoesNotContain("@import", page);
        Assert.DoesNotMatch(@"url\((?!#)", page);
    }

    [Fact]
    public void Each_id_stands_once_and_each_reference_finds_it()
    {
        var page = Page();
        var ids = Regex.Matches(page, "\\bid=\"([^\"]*)\"").Select(m => m.Groups[1].Value).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.True(ids.Count > 2);
        Assert.All(Regex.Matches(page, @"url\(#([^)]*)\)").Select(m => m.Groups[1].Value), r => Assert.Contains(r, ids));
    }

    [Fact]
    public void Tags_are_closed_and_pictures_have_texts()
    {
        var page = Page();

        foreach (var tag in new[] { "html", "head", "body", "section", "figure", "table", "tr", "td", "p", "pre", "svg", "h2" })
            Assert.Equal(Regex.Count(page, $"<{tag}[ >]"), Regex.Count(page, $"</{tag}>"));

        Assert.All(Regex.Matches(page, "<img [^>]*>").Select(m => m.Value), img => Assert.Contains(" alt=", img));
        Assert.All(Regex.Matches(page, "<svg [^>]*>").Select(m => m.Value), svg => Assert.Contains("aria-label=", svg));
        Assert.DoesNotContain("<?xml", page);
        Assert.Contains("prefers-color-scheme: dark", page);
        Assert.Contains("width=device-width", page);
    }

    [Fact]
    public void Columns_of_numbers_stand_to_the_right() => Assert.Contains("<td class=\"number\">618</td>", Page());

    [Fact]
    public void Wrong_parts_are_refused()
    {
        var section = Section.Titled("Descent");
        Assert.Throws<FormatError>(() => section.Picture([1, 2, 3], "three bytes", ""));
        Assert.Throws<ShapeError>(() => section.Table(["a", "b"], [["1"]]));
    }

    [Fact]
    public void The_file_is_replaced_whole_and_nothing_stays_beside_it()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        var file = Path.Combine(folder, "new", "index.html");
        Report.Write(file, "First", []);
        Report.Write(file, "Second", []);

        Assert.Contains("<title>Second</title>", File.ReadAllText(file));
        Assert.Single(Directory.GetFiles(Path.Combine(folder, "new")));
        Directory.Delete(folder, true);
    }

    private static Section Marked() =>
        Section.Marked("Descent with $\\eta$")
            .Paragraph("The rate is $\\eta = 0.1$ & `x < 1`, *always*; it costs 5 \\$, 2 * 3 is 6.")
            .Subheading("Why")
            .Formula(@"\sum_{i=1}^n x_i")
            .Code("var x = \"a < b\"; // note", CodeLanguage.CSharp, "Descent.cs")
            .Code("let f (x: float) = x + 1.5 (* note *)", CodeLanguage.FSharp)
            .Comparison("DL1", CodeLanguage.CSharp, "PyTorch", CodeLanguage.Python, [("Relu(x)", "torch.relu(x)  # note")])
            .Question("Is $x$ small?", "Yes: `1`.")
            .Table(["$n$"], [["`1`"]])
            .Folded(Section.Titled("All *numbers*").Paragraph("5 $ each"));

    [Fact]
    public void Marks_are_read_in_marked_sections_alone()
    {
        var page = Report.Page("Marks", [Marked(), Section.Titled("Plain").Paragraph("$x$ and *y* and `z`")]);
        Assert.Contains("The rate is <math><mrow><mi>η</mi>", page);
        Assert.Contains("<code>x &lt; 1</code>, <em>always</em>; it costs 5 $, 2 * 3 is 6.", page);
        Assert.Contains("<h3>Why</h3>", page);
        Assert.Contains("<div class=\"formula\"><math display=\"block\"><mrow><munderover>", page);
        Assert.Contains("<th scope=\"col\"><math><mi>n</mi></math></th>", page);
        Assert.Contains("<summary>All *numbers*</summary><p>5 $ each</p>", page);
        Assert.Contains("<p>$x$ and *y* and `z`</p>", page);
        Assert.Contains("<details class=\"question\"><summary>Is <math><mi>x</mi></math> small?</summary><p>Yes: <code>1</code>.</p></details>", page);
    }

    [Fact]
    public void Code_has_the_colours_of_its_language()
    {
        var page = Report.Page("Code", [Marked()]);
        Assert.Contains("<span class=\"k\">var</span> x = <span class=\"s\">&quot;a &lt; b&quot;</span>; <span class=\"c\">// note</span>", page);
        Assert.Contains("<span class=\"k\">let</span> f (x: float) = x + <span class=\"n\">1.5</span> <span class=\"c\">(* note *)</span>", page);
        Assert.Contains("<span class=\"f\">relu</span>(x)  <span class=\"c\"># note</span>", page);
        Assert.Contains("<p class=\"source\" translate=\"no\">Descent.cs</p>", page);
    }

    /// <summary>The text of a piece of code stays as it was, whatever its colours.</summary>
    [Theory]
    [InlineData("Console.WriteLine($\"{a[\"x\"]:0.0} {b}\");")]
    [InlineData("var s = @\"a \"\"b\"\" \\\"; char c = '\"'; // it's")]
    [InlineData("/* a\n \"b\" */ x <= 1_000.5e-3f && y")]
    [InlineData("\"not closed")]
    public void Colours_leave_the_text_as_it_was(string code)
    {
        foreach (var language in new[] { CodeLanguage.CSharp, CodeLanguage.FSharp, CodeLanguage.Python, CodeLanguage.Plain })
        {
            var page = Report.Page("Code", [Section.Titled("Code").Code(code, language)]);
            var shown = Regex.Match(page, "<pre[^>]*><code>(.*?)</code></pre>", RegexOptions.Singleline).Groups[1].Value;
            Assert.Equal(code, System.Net.WebUtility.HtmlDecode(Regex.Replace(shown, "<[^>]*>", "")));
        }
    }

    [Fact]
    public void Marks_that_do_not_end_and_formulas_that_cannot_be_read_are_refused_where_they_are_added()
    {
        var section = Section.Marked("Descent");
        Assert.Contains("$ that does not end", Assert.Throws<FormatError>(() => section.Paragraph("it costs 5 $")).Message);
        Assert.Contains("` that does not end", Assert.Throws<FormatError>(() => section.Question("why `x?", "")).Message);
        Assert.Contains("* that does not end", Assert.Throws<FormatError>(() => section.Table(["*a"], [])).Message);
        Assert.Contains("\\frc", Assert.Throws<FormatError>(() => section.Picture(Png, "a line", @"the $\frc{a}{b}$")).Message);
        Assert.Contains("\\frac", Assert.Throws<FormatError>(() => section.Formula(@"\frc{a}{b}")).Message);
    }

    [Fact]
    public void A_page_has_parts_an_opening_and_a_language()
    {
        var page = ReportPage.Titled("Curso").InLanguage("es").Opening(Section.Marked("").Paragraph("Hola, $x$."))
            .Part("Clase 1", [Section.Titled("Uno"), Section.Titled("Dos")]).Part("Clase 2", [Section.Titled("Tres")]).Html();
        Assert.Contains("<html lang=\"es\">", page);
        Assert.Contains("<nav class=\"contents\" aria-label=\"Contenido\">", page);
        Assert.Contains("<h2 class=\"part\">Clase 2</h2>", page);
        Assert.Contains("<h2 id=\"section-3\">Tres</h2>", page);
        Assert.Contains("<a href=\"#section-3\">Tres</a>", page);
        Assert.Contains("font-family: \"DL1 Math\"", page);
        Assert.DoesNotContain("@font-face", Page());
        Assert.Throws<DomainError>(() => ReportPage.Titled("Kurs").InLanguage("de"));
    }

    [Fact]
    public void Formulas_become_elements()
    {
        Assert.Equal("<math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>", MathML.OfLatex(@"\frac{a}{b}"));
        Assert.StartsWith("<math display=\"block\">", MathML.Display((Expr.Symbol("x") / 2).ToLatex()));
    }
}
