// The lessons of a first course in deep learning: descend, differentiate, fit, and look at the result.
//   dotnet run -c Release --project samples/Course [-- LESSON... | all | list] [--lang es] [--brief] [--fashion FOLDER] [--out FOLDER]
using System.Diagnostics;
using System.Globalization;
using Course;
using DL1.Pictures;

string? Option(string name)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var brief = args.Contains("--brief");
var language = Option("--lang") == "es" ? Language.Spanish : Language.English;
var folder = Path.GetFullPath(Option("--out") ?? Path.Combine("out", "course"));
Directory.CreateDirectory(folder);

var wanted = Lessons.All.Where(lesson => args.Contains(lesson.Name) || args.Contains("all")).ToList();
var clock = Stopwatch.StartNew();
var sections = new List<Section>();
var results = new List<string[]>();

foreach (var lesson in wanted)
{
    Console.WriteLine(language == Language.Spanish ? lesson.Title.Spanish : lesson.Title.English);
    var chapter = new Chapter(lesson, language, brief, folder, Option("--fashion"));
    lesson.Run(chapter);
    sections.Add(chapter.Section);
    results.AddRange(chapter.Results);
}

if (wanted.Count == 0)
{
    var page = new Page(folder);
    DescentExercise.Run(page);
    RegressionExercise.Run(page);
    NetworkExercise.Run(page, brief);
    page.WriteResults();
    sections.AddRange(page.Sections);
}

var index = Path.Combine(folder, "index.html");
Report.Write(index, "DL1: a first course in deep learning", sections);
Console.WriteLine();
Console.WriteLine($"All of it took {clock.Elapsed.TotalSeconds:0} seconds. The pictures are on one page:");
Console.WriteLine(index);
