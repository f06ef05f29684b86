using DL1.Pictures;

namespace Course;

/// <summary>What the exercises tell: sections of the report, files of pictures, and rows of the table of results.</summary>
internal sealed class Page(string folder)
{
    private readonly List<string[]> results = [];
    private readonly List<Section> sections = [];

    /// <summary>The sections of the report, results first.</summary>
    public IEnumerable<Section> Sections =>
        [Section.Titled("Results").Table(["exercise", "what", "result"], results), .. sections];

    /// <summary>A line of progress, written at once.</summary>
    public static void Say(string text) => Console.WriteLine(text);

    public void Add(Section section) => sections.Add(section);

    public void Result(string exercise, string what, string result) => results.Add([exercise, what, result]);

    /// <summary>Saves a picture beside the report, and gives it back to be put into it.</summary>
    public byte[] Save(string name, byte[] image)
    {
        File.WriteAllBytes(Path.Combine(folder, name), image);
        return image;
    }

    /// <summary>Saves a figure as a PNG beside the report, sharp on fine screens, and gives it back.</summary>
    public Figure Save(string name, Figure figure)
    {
        File.WriteAllBytes(Path.Combine(folder, name), figure.Png(780, 1.5));
        return figure;
    }

    /// <summary>Saves a plot as a PNG beside the report, and gives it back.</summary>
    public Figure Save(string name, Plot plot) => Save(name, Figure.Of(plot));

    /// <summary>Saves a text, such as a drawing in SVG, beside the report, and gives it back.</summary>
    public string Save(string name, string text)
    {
        File.WriteAllText(Path.Combine(folder, name), text);
        return text;
    }

    public void WriteResults()
    {
        foreach (var row in results)
        {
            Console.WriteLine($"  {row[0],-16} {row[1],-52} {row[2]}");
        }
    }
}
