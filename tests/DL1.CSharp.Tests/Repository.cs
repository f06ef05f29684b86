using System.Text.RegularExpressions;

namespace DL1.CSharp.Tests;

/// <summary>Files of the repository, found from where the tests run.</summary>
internal static class Repository
{
    private static readonly string Root = Find(AppContext.BaseDirectory);

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "DL1.sln"))
            ? folder
            : Find(Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("No folder above the tests holds DL1.sln."));

    public static string Folder(params string[] path) => Path.Combine([Root, .. path]);

    public static string Read(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path]));

    /// <summary>The code blocks of a language in a Markdown file, without their using and open lines.</summary>
    public static IReadOnlyList<string> Snippets(string markdown, string language) =>
        [.. Regex.Matches(Read(markdown), $"```{language}\n(.*?)```", RegexOptions.Singleline)
            .Select(m => string.Join('\n', m.Groups[1].Value.Split('\n').Where(line => !line.StartsWith("using ") && !line.StartsWith("open "))))];

    /// <summary>The same text with runs of white space made one space, so that indentation does not count.</summary>
    public static string Folded(string text) => Regex.Replace(text, @"\s+", " ").Trim();
}
