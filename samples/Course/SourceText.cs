using System.Reflection;
using System.Text.RegularExpressions;

namespace Course;

/// <summary>The files of the lessons as they were built, so that the code in the report cannot drift from what ran.</summary>
internal static partial class SourceText
{
    [GeneratedRegex(@"^\s*#(region|endregion)\b\s*(.*?)\s*$")]
    private static partial Regex Mark();

    /// <summary>The whole text of a file, by its path below this project's folder.</summary>
    public static string Read(string path)
    {
        using var reader = new StreamReader(Open(path));
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    /// <summary>The bytes of a file, by its path below this project's folder.</summary>
    public static byte[] Bytes(string path)
    {
        using var stream = Open(path);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static Stream Open(string path)
    {
        var assembly = Assembly.GetExecutingAssembly();
        var name = assembly.GetManifestResourceNames().SingleOrDefault(n => n.Replace('\\', '/') == path)
            ?? throw new FileNotFoundException($"No file {path} is built into the lessons; it has: "
                + string.Join(", ", assembly.GetManifestResourceNames().Order()));
        return assembly.GetManifestResourceStream(name)!;
    }

    /// <summary>The lines between <c>#region name</c> and its <c>#endregion</c>, moved to the left margin.</summary>
    public static string Region(string path, string region)
    {
        var lines = Read(path).Split('\n');
        var names = lines.Select(line => Mark().Match(line)).Where(m => m.Groups[1].Value == "region").Select(m => m.Groups[2].Value);
        var start = Array.FindIndex(lines, line => Mark().Match(line) is { Success: true } m && m.Groups[1].Value == "region" && m.Groups[2].Value == region);
        if (start < 0)
            throw new InvalidDataException($"{path} has no region {region}; it has: {string.Join(", ", names)}");

        var depth = 1;
        var end = start;
        while (depth > 0)
        {
            if (++end == lines.Length)
                throw new InvalidDataException($"The region {region} of {path} does not end.");

            depth += Mark().Match(lines[end]).Groups[1].Value switch { "region" => 1, "endregion" => -1, _ => 0 };
        }

        // Marks of inner regions are no code.
        var inner = lines[(start + 1)..end].Where(line => !Mark().IsMatch(line)).ToList();
        var indent = inner.Where(line => line.Trim() != "").Select(line => line.Length - line.TrimStart().Length).DefaultIfEmpty(0).Min();
        return string.Join('\n', inner.Select(line => line.Length > indent ? line[indent..] : "")).Trim('\n');
    }
}
