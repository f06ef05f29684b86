using System.Diagnostics;
using System.Net;
using System.Reflection;
using System.Text.Json;
using DL1.Pictures;

namespace DL1.CSharp.Tests;

/// <summary>A theory that is skipped, and says so, where there is no browser.</summary>
internal sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute()
    {
        if (BrowserTests.Browser is null)
            Skip = "No Chromium is on the PATH: the report was not opened in a browser.";
    }
}

/// <summary>
/// The report with every picture, opened in headless Chromium where one is on the PATH: on a phone and on a desk, in
/// light and in dark. Where there is none, the tests say that the report was not opened.
/// </summary>
public class BrowserTests
{
    internal static readonly string? Browser =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => new[] { "chromium", "chromium-browser", "google-chrome" }.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);

    // Looks at the page inside the frame, and writes what it finds as JSON. Contrast is that of WCAG 2: each text against
    // the nearest opaque background, for texts of drawings the box or paper drawn last below their middle.
    private const string Script = """
        const lum = c => { const f = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : Math.pow((v + .055) / 1.055, 2.4) }); return .2126 * f[0] + .7152 * f[1] + .0722 * f[2] };
        const rgb = s => { const m = (s || '').match(/[\d.]+/g); return m && (m.length < 4 || +m[3] > .9) ? m.slice(0, 3).map(Number) : null };
        const ratio = (a, b) => { const [x, y] = [lum(a), lum(b)]; return (Math.max(x, y) + .05) / (Math.min(x, y) + .05) };
        const look = frame => {
          const d = frame.contentDocument, w = frame.contentWindow, root = d.documentElement;
          const seen = e => e.getClientRects().length > 0 && w.getComputedStyle(e).visibility !== 'hidden';
          const outside = [...d.body.querySelectorAll('*')].filter(e => seen(e) && !e.closest('.card, .wide, pre, .formula'))
            .filter(e => { const r = e.getBoundingClientRect(); return r.width > 0 && (r.right > root.clientWidth + 1 || r.left < -1) }).map(e => e.tagName);
          const images = [...d.images].filter(i => !(i.complete && i.naturalWidth > 0)).length;
          let dim = [], small = [], cut = [];
          for (const e of d.querySelectorAll('h1, h2, h3, p, pre, pre span, code, summary, strong, a, th, td, figcaption, math')) {
            let b = e, back = null;
            while (b && !(back = rgb(w.getComputedStyle(b).backgroundColor))) b = b.parentElement;
            const r = ratio(rgb(w.getComputedStyle(e).color), back || [255, 255, 255]);
            if (r < 4.5) dim.push(e.tagName + ' ' + r.toFixed(1));
          }
          let texts = 0;
          for (const svg of d.querySelectorAll('.card svg')) {
            if (!seen(svg)) continue;
            const box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
            const boxes = [...svg.querySelectorAll('rect')].filter(r => rgb(w.getComputedStyle(r).fill)).map(r => [r.getBoundingClientRect(), rgb(w.getComputedStyle(r).fill)]);
            for (const t of svg.querySelectorAll('text')) {
              if (!t.textContent.trim()) continue;
              texts++;
              const r = t.getBoundingClientRect(), x = r.left + r.width / 2, y = r.top + r.height / 2;
              const below = boxes.filter(([q]) => q.left <= x && x <= q.right && q.top <= y && y <= q.bottom);
              const back = below.length ? below[below.length - 1][1] : [255, 255, 255];
              const c = ratio(rgb(w.getComputedStyle(t).fill), back), px = parseFloat(w.getComputedStyle(t).fontSize) * scale;
              const name = svg.getAttribute('aria-label') + ': ' + t.textContent.trim() + ' ';
              if (c < 4.5) dim.push(name + c.toFixed(1));
              if (px < 6.9) small.push(name + px.toFixed(1));
              if (r.left < box.left - 2 || r.right > box.right + 2 || r.top < box.top - 2 || r.bottom > box.bottom + 2) cut.push(name);
            }
          }
          return { width: w.innerWidth, wide: root.scrollWidth, dark: w.matchMedia('(prefers-color-scheme: dark)').matches,
            paper: w.getComputedStyle(d.body).backgroundColor, outside, images, dim, small, cut, texts,
            shown: [...d.querySelectorAll('.card svg')].filter(s => seen(s) && !s.parentElement.closest('svg')).length };
        };
        addEventListener('load', () => { const p = document.createElement('pre'); p.id = 'found'; p.textContent = JSON.stringify(look(document.getElementById('page'))); document.body.append(p); });
        """;

    private sealed record Findings(
        int Width, int Wide, bool Dark, string Paper, string[] Outside, int Images, string[] Dim, string[] Small, string[] Cut, int Texts, int Shown);

    private static readonly Lazy<string> Whole = new(Page);

    private static string Page()
    {
        var png = Make("loss").Png(780);
        Expr a = Expr.Symbol("a"), b = Expr.Symbol("b"), c = Expr.Symbol("c"), d = a + b;
        var explained = (d * (b - c)).Explain([("d", d), ("Y", d * (b - c))], ("a", 2.0), ("b", 5.0), ("c", 1.0));
        return Report.Page("Every picture of DL1",
        [
            Section.Titled("Texts").Paragraph("A paragraph with a word as long as " + new string('x', 120))
                .Preformatted(new string('=', 200))
                .Table([.. Enumerable.Range(1, 12).Select(i => $"column {i}")], [[.. Enumerable.Range(1, 12).Select(i => $"{i * 1000}")]]),
            Section.Marked("Marks").Paragraph("A formula $\\frac{a}{b}$, `code`, *emphasis*.").Subheading("A heading")
                .Formula(@"p(\mathbf{y} \mid \mathbf{X}, \boldsymbol{\theta}) = \prod_{i=1}^{n} \frac{1}{\sqrt{2\pi\sigma^2}} \exp\left(-\frac{(y_i-\hat{y}_i)^2}{2\sigma^2}\right), \quad A = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}")
                .Code("var x = \"text\"; // a comment that is longer than any phone is wide, and goes on and on and on\nint y = 1;", CodeLanguage.CSharp, "File.cs")
                .Comparison("DL1", CodeLanguage.CSharp, "PyTorch", CodeLanguage.Python, [("Relu(x)", "torch.relu(x)")])
                .Question("A question?", "An answer.").Folded(Section.Titled("Folded").Table(["a"], [["1"]])),
            Section.Titled("Files").Picture(png, "a picture", "A PNG").Drawing(GraphSvg.Draw(explained), "a graph", "A drawing"),
            Gallery.Section(),
        ]);

        static Figure Make(string name) => Gallery.Figures.Single(f => f.Name == name).Make();
    }

    private static (Findings Found, string Log) Open(string page, int width, bool dark)
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            // A window cannot be as narrow as a phone, a frame can; it is of the page's own origin.
            var frame = $"<iframe id=\"page\" style=\"width:{width}px;height:900px;border:0\" srcdoc=\"{WebUtility.HtmlEncode(page)}\"></iframe>";
            var file = Path.Combine(folder, "look.html");
            File.WriteAllText(file, $"<!DOCTYPE html><meta charset=\"utf-8\"><script>{Script}</script>{frame}");

            var start = new ProcessStartInfo(Browser!)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                ArgumentList =
                {
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
                    "--no-first-run", "--disable-extensions", "--disable-background-networking", $"--user-data-dir={Path.Combine(folder, "profile")}",
                    $"--blink-settings=preferredColorScheme={(dark ? 0 : 1)}", "--window-size=1400,1000",
                    "--virtual-time-budget=20000", "--dump-dom", new Uri(file).AbsoluteUri,
                },
            };
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(300_000))
            {
                process.Kill(entireProcessTree: true);
                Assert.Fail("The browser did not end within five minutes.");
            }

            const string marker = "<pre id=\"found\">";
            var dom = output.Result;
            var at = dom.LastIndexOf(marker, StringComparison.Ordinal);
            Assert.True(at >= 0, $"the script found nothing; the browser said:\n{errors.Result}");
            var json = WebUtility.HtmlDecode(dom[(at + marker.Length)..dom.IndexOf("</pre>", at, StringComparison.Ordinal)]);
            return (JsonSerializer.Deserialize<Findings>(json, JsonSerializerOptions.Web)!, errors.Result);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    /// <summary>How this assembly was built, and so the programs beside it: Release, Debug.</summary>
    internal static string Configuration =>
        typeof(BrowserTests).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;

    /// <summary>A page of any number of pictures: nothing is too wide, too small, too pale, cut or missing, and nothing is said.</summary>
    internal static void Legible(string page, int width, bool dark)
    {
        var (found, log) = Open(page, width, dark);
        Assert.Equal((width, dark), (found.Width, found.Dark));
        Assert.True(found.Wide <= width, $"the page is {found.Wide} wide: {string.Join(", ", found.Outside)}");
        Assert.Empty(found.Outside);
        Assert.Equal(0, found.Images);
        Assert.True(found.Shown > 0);
        Assert.True(found.Dim.Length == 0, "too pale:\n" + string.Join('\n', found.Dim));
        Assert.True(found.Small.Length == 0, "too small:\n" + string.Join('\n', found.Small));
        Assert.True(found.Cut.Length == 0, "cut off:\n" + string.Join('\n', found.Cut));
        Assert.DoesNotContain("CONSOLE", log);
    }

    [BrowserTheory]
    [InlineData(390, false)]
    [InlineData(390, true)]
    [InlineData(1200, false)]
    [InlineData(1200, true)]
    public void The_report_can_be_read(int width, bool dark)
    {
        var (found, log) = Open(Whole.Value, width, dark);

        Assert.Equal((width, dark), (found.Width, found.Dark));
        Assert.Equal(dark ? "rgb(22, 25, 29)" : "rgb(255, 255, 255)", found.Paper);
        Assert.True(found.Wide <= width, $"the page is {found.Wide} wide");
        Assert.Empty(found.Outside);
        Assert.Equal(0, found.Images);
        Assert.Equal(Gallery.Figures.Length + 1, found.Shown);
        Assert.True(found.Texts > 150, $"{found.Texts} texts of drawings");
        Assert.True(found.Dim.Length == 0, "too pale:\n" + string.Join('\n', found.Dim));
        Assert.True(found.Small.Length == 0, "too small:\n" + string.Join('\n', found.Small));
        Assert.True(found.Cut.Length == 0, "cut off:\n" + string.Join('\n', found.Cut));
        Assert.DoesNotContain("CONSOLE", log);
        if (Environment.GetEnvironmentVariable("DL1_REPORT") is { } kept)
            File.WriteAllText(kept, Whole.Value);
    }

    [BrowserTheory]
    [InlineData(390, true)]
    public void What_cannot_be_read_is_found(int width, bool dark)
    {
        // The check itself is checked: a page that is too wide, pale, with a broken picture and a tiny text.
        var broken = Whole.Value
            .Replace("</h1>", "</h1><div style=\"width:900px\">x</div><p style=\"color:#888;background:#999\">pale</p><img src=\"data:image/png;base64,AAAA\">"
                + "<div class=\"card\"><svg viewBox=\"0 0 100 20\" width=\"100\" aria-label=\"bad\"><text x=\"0\" y=\"10\" font-size=\"4\" fill=\"#eee\">tiny</text></svg></div><script>console.error('said')</script>");
        var (found, log) = Open(broken, width, dark);
        Assert.True(found.Wide > width);
        Assert.Contains("DIV", found.Outside);
        Assert.Equal(1, found.Images);
        Assert.Contains(found.Dim, d => d.StartsWith("P "));
        Assert.Contains(found.Dim, d => d.StartsWith("bad: tiny"));
        Assert.Contains(found.Small, d => d.StartsWith("bad: tiny"));
        Assert.Contains("CONSOLE", log);
    }
}
