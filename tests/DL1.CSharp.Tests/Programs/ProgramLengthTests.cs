using System.Text.RegularExpressions;

namespace DL1.CSharp.Tests.Programs;

/// <summary>
/// The programs of this folder, each beside the same one in Python for Keras or scikit-learn, which is not run here. Lines are counted
/// without imports, blank lines and comments, up to 130 characters wide in both languages.
/// </summary>
public class ProgramLengthTests
{
    private static readonly string folder = Repository.Folder("tests", "DL1.CSharp.Tests", "Programs");

    private static IReadOnlyList<string> All => [.. Directory.GetFiles(folder, "*.cs")
        .Select(f => Path.GetFileNameWithoutExtension(f)).Where(name => name != nameof(ProgramLengthTests)).Order(StringComparer.Ordinal)];

    public static TheoryData<string> Names => [.. All];

    private static IReadOnlyList<string> CSharp(string name) =>
        [.. Regex.Matches(File.ReadAllText(Path.Combine(folder, name + ".cs")), "#region program\r?\n(.*?)#endregion", RegexOptions.Singleline)
            .SelectMany(m => m.Groups[1].Value.Split('\n')).Select(line => line.Trim()).Where(line => line != "" && !line.StartsWith("//"))];

    private static IReadOnlyList<string> Python(string name) =>
        [.. File.ReadAllLines(Path.Combine(folder, name.ToLowerInvariant() + ".py")).Select(line => line.Trim())
            .Where(line => line != "" && !line.StartsWith('#') && !line.StartsWith("import ") && !line.StartsWith("from "))];

    [Theory]
    [MemberData(nameof(Names))]
    public void AProgramIsNoLongerThanItsTwin(string name)
    {
        var (own, other) = (CSharp(name), Python(name));
        Assert.InRange(own.Count, 5, other.Count);
        Assert.All(own.Concat(other), line => Assert.InRange(line.Length, 1, 130));
    }

    [Fact]
    public void TheGuideHasTheCounts()
    {
        var guide = File.ReadAllText(Path.Combine(Repository.Folder("docs"), "programs.md"));
        Assert.Equal(12, All.Count);
        Assert.All(
            All,
            name => Assert.Matches($@"\]\(\.\./tests/DL1\.CSharp\.Tests/Programs/{name}\.cs\) \| {CSharp(name).Count} \| {Python(name).Count} \|", guide));
    }
}
