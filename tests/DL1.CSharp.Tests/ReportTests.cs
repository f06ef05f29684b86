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
}
