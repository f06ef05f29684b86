using DL1;
using DL1.Pictures;

namespace Course;

/// <summary>
/// What a lesson tells, in one language: lines on the console while it works, and a chapter of the report. Texts are given
/// in both languages side by side, so that neither can be forgotten; in them, `$...$` is a formula in LaTeX, `` `...` ``
/// code and `*...*` emphasis.
/// </summary>
internal sealed class Chapter(Lesson lesson, Language language, bool brief, string folder, string? data)
{
    private readonly List<string[]> results = [];
    private Section section = Section.Marked(language == Language.English ? lesson.Title.English : lesson.Title.Spanish);

    /// <summary>True where the lesson is to be short: few epochs, few seeds, same steps.</summary>
    public bool Brief => brief;

    /// <summary>The folder with the four IDX files of the whole of Fashion-MNIST, where `--full` or `--fashion` asks for it.</summary>
    public string? Data => data;

    /// <summary>
    /// The epochs of a training: those given on the small part of Fashion-MNIST, a third of them on the whole, whose epochs are
    /// ten times as long, and 1 where the lesson is to be short.
    /// </summary>
    public int Epochs(int small) => brief ? 1 : data is null ? small : (small + 2) / 3;

    /// <summary>The folder of the report, for files that a lesson leaves there.</summary>
    public string Folder => folder;

    /// <summary>The chapter as a section of the report.</summary>
    public Section Section => section;

    /// <summary>What was measured, as rows of the table of results.</summary>
    public IReadOnlyList<string[]> Results => results;

    /// <summary>The text of the chapter's language, for titles and labels of pictures.</summary>
    public string this[string english, string spanish] => language == Language.English ? english : spanish;

    private string Of(Words words) => this[words.English, words.Spanish];

    /// <summary>A line of progress on the console alone, wrapped.</summary>
    public void Say(string english, string spanish)
    {
        var line = " ";
        foreach (var word in ConsoleText.Of(this[english, spanish]).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length + word.Length > 110)
            {
                Console.WriteLine(line);
                line = " ";
            }

            line += " " + word;
        }

        Console.WriteLine(line);
    }

    /// <summary>A heading within the chapter.</summary>
    public void Heading(string english, string spanish)
    {
        Console.WriteLine();
        Say(english, spanish);
        section = section.Subheading(this[english, spanish]);
    }

    /// <summary>A paragraph, on the console as well.</summary>
    public void Text(string english, string spanish)
    {
        Say(english, spanish);
        section = section.Paragraph(this[english, spanish]);
    }

    /// <summary>A formula in LaTeX on a line of its own.</summary>
    public void Formula(string latex) => section = section.Formula(latex);

    /// <summary>The code of a region (`#region name` ... `#endregion`) of the lesson's own file or of another one, with colours.</summary>
    public void Code(string region, string? file = null) =>
        section = section.Code(SourceText.Region(file ?? lesson.Source, region), CodeLanguage.CSharp, file ?? lesson.Source);

    /// <summary>
    /// Two programs side by side: regions of the lesson's own file, and regions of the same names of a file beside it, such as
    /// one of Python.
    /// </summary>
    public void Comparison(string name, string otherName, string otherFile, CodeLanguage otherLanguage, params string[] regions) =>
        section = section.Comparison(name, CodeLanguage.CSharp, otherName, otherLanguage,
            regions.Select(region => (SourceText.Region(lesson.Source, region), SourceText.Region(otherFile, region))));

    /// <summary>What a program printed, line by line.</summary>
    public void Output(string text)
    {
        Console.WriteLine(text);
        section = section.Preformatted(text);
    }

    /// <summary>What reverse mode did, node by node, with headings in the chapter's language.</summary>
    public void Output(Explanation explanation) => Output($"{explanation}"
        .Replace("Forward", this["Forward", "Hacia adelante"]).Replace("Backward", this["Backward", "Hacia atrás"]));

    /// <summary>A table: the names of its columns, and its rows.</summary>
    public void Table(IEnumerable<Words> columns, IEnumerable<string[]> rows) => section = section.Table(columns.Select(Of), rows);

    /// <summary>A row of the table of results at the report's beginning: what, and its value.</summary>
    public void Result(string english, string spanish, string value) => results.Add([lesson.Name, this[english, spanish], value]);

    /// <summary>A figure: what it shows for those who cannot see it, and the text below it. Saved as a PNG of this name, too.</summary>
    public void Figure(string file, Figure figure, Words shows, Words caption)
    {
        File.WriteAllBytes(Path.Combine(folder, file + ".png"), figure.Png(780, 1.5));
        section = section.Figure(figure, Of(shows), Of(caption));
    }

    /// <summary>A plot as a figure.</summary>
    public void Figure(string file, Plot plot, Words shows, Words caption) => Figure(file, DL1.Pictures.Figure.Of(plot), shows, caption);

    /// <summary>A PNG or an animated GIF. Saved under this name, too.</summary>
    public void Picture(string file, byte[] image, Words shows, Words caption)
    {
        var kind = image.AsSpan().StartsWith("GIF"u8) ? ".gif" : ".png";
        File.WriteAllBytes(Path.Combine(folder, file + kind), image);
        section = section.Picture(image, Of(shows), Of(caption));
    }

    /// <summary>A drawing in SVG. Saved under this name, too.</summary>
    public void Drawing(string file, string svg, Words shows, Words caption)
    {
        File.WriteAllText(Path.Combine(folder, file + ".svg"), svg);
        section = section.Drawing(svg, Of(shows), Of(caption));
    }

    /// <summary>
    /// A claim of the text that must hold for what this run measured: the lesson stops where it does not. Not looked at in
    /// brief runs.
    /// </summary>
    public void Claim(bool holds, string what)
    {
        if (!holds && !brief)
            throw new InvalidOperationException($"The lesson {lesson.Name} claims what this run does not show: {what}");
    }

    /// <summary>A question to the reader, with an answer folded away that the lesson's own figures settle.</summary>
    public void Question(Words question, Words answer) => section = section.Question(Of(question), Of(answer));
}
