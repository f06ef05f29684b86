// The lessons of a course in deep learning: each prints what it does, and adds a chapter to one page.
//   dotnet run -c Release --project samples/Course [-- LESSON... | all | list] [--lang en|es] [--brief | --full] [--fashion FOLDER] [--out FOLDER]
using System.Diagnostics;
using System.Globalization;
using Course;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
try
{
    var asked = Arguments.Parse(args);
    if (asked.IsList)
    {
        Console.WriteLine(Arguments.List(asked.Language));
        return 0;
    }

    Directory.CreateDirectory(asked.Out);
    var whole = Stopwatch.StartNew();
    var chapters = new List<(Lesson, Chapter)>();
    foreach (var lesson in asked.Lessons)
    {
        Console.WriteLine();
        Console.WriteLine($"== {asked.Language.Of(lesson.Title)} ({lesson.Name})");
        var clock = Stopwatch.StartNew();
        var chapter = new Chapter(lesson, asked.Language, asked.Brief, asked.Out, asked.Fashion);
        lesson.Run(chapter);
        chapters.Add((lesson, chapter));
        Console.WriteLine($"-- {lesson.Name}: {clock.Elapsed.TotalSeconds:0.0} s");
    }

    var index = Path.Combine(asked.Out, "index.html");
    Book.Of(chapters, asked.Language).Write(index);
    Console.WriteLine();
    Console.WriteLine(asked.Language.Of(
        $"All of it took {whole.Elapsed.TotalSeconds:0.0} s. One page has it all:", $"Todo tardó {whole.Elapsed.TotalSeconds:0.0} s. Una página lo reúne:"));
    Console.WriteLine(index);
    return 0;
}
catch (UsageError error)
{
    Console.Error.WriteLine(error.Message);
    return 2;
}
