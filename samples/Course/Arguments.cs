namespace Course;

/// <summary>A command line that cannot be followed; the message says why, in the language that was asked for.</summary>
internal sealed class UsageError(string message) : Exception(message);

/// <summary>What the command line asks for.</summary>
internal sealed record Arguments(IReadOnlyList<Lesson> Lessons, bool IsList, Language Language, bool Brief, string? Fashion, string Out)
{
    private static readonly string[] Options = ["--lang", "--brief", "--full", "--fashion", "--out", "--help"];

    /// <summary>Reads the command line; what is not known is a <see cref="UsageError"/> that names what is nearest.</summary>
    public static Arguments Parse(string[] args)
    {
        var named = Array.IndexOf(args, "--lang");
        var language = named >= 0 && named + 1 < args.Length && args[named + 1] == "es" ? Language.Spanish : Language.English;
        var names = new List<string>();
        var (brief, full, list, help) = (false, false, false, false);
        var (fashion, folder) = ((string?)null, Path.Combine("out", "course"));

        for (var i = 0; i < args.Length; i++)
        {
            string Value() => i + 1 < args.Length && !args[i + 1].StartsWith("--")
                ? args[++i]
                : throw new UsageError(language.Of($"{args[i]} needs a value.", $"{args[i]} necesita un valor."));

            switch (args[i])
            {
                case "--brief": brief = true; break;
                case "--full": full = true; break;
                case "--help": help = true; break;
                case "--fashion": fashion = Path.GetFullPath(Value()); break;
                case "--out": folder = Value(); break;
                case "--lang":
                    if (Value() is var tag and not ("en" or "es"))
                        throw new UsageError($"--lang {tag}: en | es");
                    break;
                case "list": list = true; break;
                case var option when option.StartsWith('-'):
                    throw Unknown(language, language.Of("option", "opción"), option, Options);
                default: names.Add(args[i]); break;
            }
        }

        if (help)
            throw new UsageError(Usage(language));
        if (full && fashion is null)
            fashion = Installed() ?? throw new UsageError(language.Of(
                $"--full needs the four files of Fashion-MNIST: give their folder by --fashion FOLDER or by DL1_FASHION. Debian's package dataset-fashion-mnist puts them into {Debian}.",
                $"--full necesita los cuatro archivos de Fashion-MNIST: indica su carpeta con --fashion CARPETA o con DL1_FASHION. El paquete dataset-fashion-mnist de Debian los deja en {Debian}."));
        if (fashion is not null && !Directory.Exists(fashion))
            throw new UsageError(language.Of($"There is no folder {fashion}.", $"No existe la carpeta {fashion}."));

        var all = Course.Lessons.All.Select(lesson => lesson.Name).ToList();
        foreach (var name in names.Where(name => name != "all" && !all.Contains(name)))
            throw Unknown(language, language.Of("lesson", "lección"), name, [.. all, "all", "list"]);

        var lessons = names.Contains("all") ? Course.Lessons.All
            : names.Count == 0 ? Course.Lessons.Exercises
            : [.. Course.Lessons.All.Where(lesson => names.Contains(lesson.Name))];
        return new Arguments(lessons, list, language, brief, fashion, Path.GetFullPath(folder));
    }

    private const string Debian = "/usr/share/datasets/fashion-mnist";

    /// <summary>The folder of Fashion-MNIST that the environment names, or that of Debian's package; null where neither is there.</summary>
    private static string? Installed() => Environment.GetEnvironmentVariable("DL1_FASHION") is { Length: > 0 } named ? Path.GetFullPath(named)
        : Directory.Exists(Debian) ? Debian : null;

    /// <summary>The lessons by class, one a line.</summary>
    public static string List(Language language) =>
        string.Join('\n', Course.Lessons.All.Select(lesson =>
            $"  {lesson.Name,-16} {language.Of("class", "clase")} {lesson.Class}   {language.Of(lesson.Title)}"));

    private static string Usage(Language language) => language.Of(
        "The lessons of a course in deep learning:\n"
            + "  dotnet run -c Release --project samples/Course [-- LESSON... | all | list] [--lang en|es] [--brief | --full] [--fashion FOLDER] [--out FOLDER]\n"
            + "Without a name, the exercises of the course. --brief: few epochs. --full: the whole of Fashion-MNIST, not the part carried here; --fashion: the same, with the folder of its four files.",
        "Las lecciones de un curso de aprendizaje profundo:\n"
            + "  dotnet run -c Release --project samples/Course [-- LECCIÓN... | all | list] [--lang en|es] [--brief | --full] [--fashion CARPETA] [--out CARPETA]\n"
            + "Sin nombre, los ejercicios del curso. --brief: pocas épocas. --full: todo Fashion-MNIST en lugar de la parte incluida; --fashion: lo mismo, con la carpeta de sus cuatro archivos.")
        + "\n\n" + List(language);

    private static UsageError Unknown(Language language, string kind, string given, IEnumerable<string> known)
    {
        var nearest = known.MinBy(name => Distance(given, name))!;
        return new UsageError(language.Of(
            $"There is no {kind} {given}. The nearest is {nearest}.", $"No existe la {kind} {given}. La más parecida es {nearest}.")
            + "\n\n" + Usage(language));
    }

    /// <summary>How many letters must be changed, added or left out to make one word of the other (Levenshtein 1966).</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }

        return row[^1];
    }
}
