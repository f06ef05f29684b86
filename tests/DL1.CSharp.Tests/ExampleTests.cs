using System.Reflection;
using System.Xml.Linq;

namespace DL1.CSharp.Tests;

/// <summary>
/// The examples of the documentation: every member of the face has one, and those of layers, losses, optimizers and
/// sessions stand in these tests to the letter, so that they compile and run.
/// </summary>
public class ExampleTests
{
    /// <summary>What was there before layers: its examples are shown, and its functions tested, in other words.</summary>
    private static readonly string[] InOtherWords =
        ["ConvolutionExtensions", "DerivativeExtensions", "ExpressionExtensions", "CompiledFunction", "Functions", "LinearAlgebraExtensions", "TensorExtensions"];

    private static IEnumerable<(string Member, string Type, XElement Doc)> Members() =>
        from member in XDocument.Load(Path.Combine(AppContext.BaseDirectory, "DL1.CSharp.xml")).Descendants("member")
        let name = (string)member.Attribute("name")!
        where name.StartsWith("M:DL1.") || name.StartsWith("P:DL1.") || name.StartsWith("T:DL1.")
        let parts = name["M:DL1.".Length..].Split('.', '`', '(')
        let outer = typeof(Functions).Assembly.GetType($"DL1.{parts[0]}")
        where outer?.IsPublic ?? false
        let nested = parts.Length > 1 ? outer.GetNestedType(parts[1]) : null
        let type = nested ?? outer
        let isRecord = type.GetProperty("EqualityContract", BindingFlags.NonPublic | BindingFlags.Instance) is not null
            || type.GetMethod("PrintMembers", BindingFlags.NonPublic | BindingFlags.Instance) is not null
        where name[0] == 'T' ? isRecord : !(isRecord && IsPartOf(type, parts[nested is null ? 1 : 2]))
        select (name, parts[0], member);

    /// <summary>Whether a member is what a record is made of: the example of the record shows it.</summary>
    private static bool IsPartOf(Type record, string member) =>
        member == "#ctor" || record.GetConstructors().Any(c => c.GetParameters().Any(p => p.Name == member));

    [Fact]
    public void EveryMemberHasAnExample()
    {
        var without = Members()
            .Where(m => m.Doc.Element("example")?.Element("code") is null && m.Doc.Element("inheritdoc") is null)
            .Select(m => m.Member);
        Assert.True(Members().Count() > 300, "the documentation was not found");
        Assert.Equal("", string.Join('\n', without));
    }

    [Fact]
    public void ExamplesStandInTheTests()
    {
        var tests = string.Join('\n', Directory.GetFiles(Repository.Folder("tests", "DL1.CSharp.Tests"), "*.cs").Select(File.ReadAllText));
        var here = Repository.Folded(tests);
        var examples = Members()
            .Where(m => !InOtherWords.Contains(m.Type))
            .SelectMany(m => m.Doc.Descendants("example").Elements("code").Select(code => (m.Member, Code: Repository.Folded(code.Value))))
            .ToList();
        Assert.True(examples.Count > 150, $"only {examples.Count} examples were found");
        Assert.Equal("", string.Join('\n', examples.Where(e => !here.Contains(e.Code)).Select(e => e.Code)));
    }
}
