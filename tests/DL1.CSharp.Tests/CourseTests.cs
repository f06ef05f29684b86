using System.Diagnostics;
using System.Text.RegularExpressions;

namespace DL1.CSharp.Tests;

/// <summary>
/// The course in short form, as a reader gets it: its command line, and its page in both languages, opened in Chromium where
/// there is one.
/// </summary>
public class CourseTests(CourseTests.Pages pages) : IClassFixture<CourseTests.Pages>
{
    /// <summary>The pages of all lessons in short form, made once; from a folder where one is given by DL1_COURSE.</summary>
    public sealed class Pages : IDisposable
    {
        private readonly string folder = Directory.CreateTempSubdirectory().FullName;
        private readonly Dictionary<string, string> pages = [];

        /// <summary>The page in a language: <c>en</c>, <c>es</c>.</summary>
        public string this[string language]
        {
            get
            {
                if (!pages.TryGetValue(language, out var page))
                {
                    var kept = Environment.GetEnvironmentVariable("DL1_COURSE");
                    var place = Path.Combine(kept ?? folder, language);
                    if (kept is null)
                        Succeed("all", "--brief", "--lang", language, "--out", place);
                    pages[language] = page = File.ReadAllText(Path.Combine(place, "index.html"));
                }

                return page;
            }
        }

        public void Dispose() => Directory.Delete(folder, true);
    }

    private static (int Code, string Output, string Errors) Run(params string[] arguments)
    {
        var program = Repository.Folder("samples", "Course", "bin", BrowserTests.Configuration, "net10.0", "Course.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }

    /// <summary>What a run prints that ends well and has nothing to say on standard error.</summary>
    private static string Succeed(params string[] arguments)
    {
        var run = Run(arguments);
        Assert.True(run is (0, not "", ""), $"course {string.Join(' ', arguments)}: {run}");
        return run.Output;
    }

    [Fact]
    public void Lessons_are_listed_by_name_and_class()
    {
        Assert.Matches(@"descent\s+class 2", Succeed("list"));
        Assert.Matches(@"pytorch\s+clase 3\s+El mismo programa", Succeed("list", "--lang", "es"));
    }

    [Fact]
    public void Formulas_on_the_console_are_plain_text()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            var output = Succeed("descent", "valley", "--brief", "--out", folder);
            Assert.Contains("the factor 1 − 2η = 0.98", output);
            Assert.Contains("falls by less than 10⁻⁸", output);
            Assert.DoesNotMatch(@"[$\\]", output.Replace(folder, ""));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [Theory]
    [InlineData("There is no lesson decsent. The nearest is descent.", "decsent")]
    [InlineData("No existe la lección regresion. La más parecida es regression.", "regresion", "--lang", "es")]
    [InlineData("There is no option --breif. The nearest is --brief.", "--breif")]
    [InlineData("--out needs a value.", "--out")]
    [InlineData("en | es", "--lang", "de")]
    public void What_is_not_known_is_refused_with_what_is_nearest(string message, params string[] arguments)
    {
        var (code, _, errors) = Run(arguments);
        Assert.Equal(2, code);
        Assert.Contains(message, errors);
    }

    // Words of one language that are none of the other, nor names of the field.
    private const string EnglishWords =
        @"\b(the|and|of|with|which|this|that|from|are|is|was|were|has|have|its|by|on|at|each|than|what|why|how|where|when|does|training|rate|step|steps|loss|epoch|epochs|mean|rows|weights|layer|layers|value|values|without|both|only|learning|accuracy|network|noise|sample|samples|first|last|before|after|fold|folds|learned|since|into)\b";

    private const string SpanishWords =
        @"\b(el|la|los|las|del|una|uno|que|con|por|para|como|cada|es|son|fue|más|qué|cómo|cuál|según|época|épocas|pérdida|paso|pasos|tasa|filas|pesos|capa|capas|entrenamiento|muestras|pero|entre|desde|hasta|también|exactitud|ruido|lote|lotes|pliegues|prueba|validación|aprendizaje|ejecución|ejecuciones|respecto|mínimo|máximo)\b";

    /// <summary>What a reader reads: without code, formulas, styles and what a program printed.</summary>
    private static string Prose(string page)
    {
        var text = Regex.Replace(page, @"<(style|pre|code|math|head)\b.*?</(style|pre|code|math|head)>", " ", RegexOptions.Singleline);
        // A term of the other language in parentheses, as books give it: consulta (query).
        text = Regex.Replace(text, @"\(<em>[^<]*</em>\)", " ");
        var alts = string.Join(" ", Regex.Matches(text, @"(?:alt|aria-label)=""([^""]*)""").Select(m => m.Groups[1].Value));
        return System.Net.WebUtility.HtmlDecode(Regex.Replace(text, "<[^>]*>", " ") + " " + alts);
    }

    private static string Foreign(string page, string words) =>
        string.Join('\n', Regex.Matches(Prose(page), $".{{0,40}}{words}.{{0,40}}", RegexOptions.IgnoreCase).Select(m => m.Value.Trim()).Distinct());

    [Fact]
    public void No_English_stands_in_the_Spanish_page() => Assert.Equal("", Foreign(pages["es"], EnglishWords));

    [Fact]
    public void Words_of_a_language_are_found_in_its_own_page()
    {
        Assert.NotEqual("", Foreign(pages["en"], EnglishWords));
        Assert.NotEqual("", Foreign(pages["es"], SpanishWords));
    }

    [Fact]
    public void No_Spanish_stands_in_the_English_page() => Assert.Equal("", Foreign(pages["en"], SpanishWords));

    [Theory]
    [InlineData("en")]
    [InlineData("es")]
    public void Each_lesson_has_a_chapter_with_code_pictures_and_questions(string language)
    {
        var chapters = Regex.Matches(pages[language], "<section>(.*?)</section>", RegexOptions.Singleline).Select(m => m.Groups[1].Value).ToList();
        Assert.Equal(Succeed("list").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, chapters.Count);
        Assert.All(chapters, chapter =>
        {
            var title = Regex.Match(chapter, "<h2[^>]*>(.*?)</h2>").Groups[1].Value;
            foreach (var part in new[] { "<pre translate=\"no\"", "<figure>", "<details class=\"question\">" })
                Assert.True(chapter.Contains(part), $"the chapter {title} has no {part}");
        });
        Assert.Contains($"<html lang=\"{language}\">", pages[language]);
    }

    [BrowserTheory]
    [InlineData("en", 390, true)]
    [InlineData("en", 1200, false)]
    [InlineData("es", 390, false)]
    [InlineData("es", 1200, true)]
    public void The_page_can_be_read(string language, int width, bool dark) => BrowserTests.Legible(pages[language], width, dark);
}
