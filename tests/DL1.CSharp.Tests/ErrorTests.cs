using System.Text.RegularExpressions;

namespace DL1.CSharp.Tests;

/// <summary>The commonest mistakes, and what they are answered: in parts that a program can read, in words that hold in C#.</summary>
public class ErrorTests
{
    private static readonly Expr X = Expr.Variable("x", 2, 3), W = Expr.Variable("w", 4, 3);
    private static readonly Expr Big = Expr.Variable("big", DType.F64, 2, 3), N = Expr.Variable("n", DType.I32, 2, 3);

    public static TheoryData<string, string, string, Action> Mistakes => new()
    {
        { "matmul", "x: f32 [2, 3] and w: f32 [4, 3]", "transpose the second: w.T", () => X.MatMul(W) },
        { "add", "x: f32 [2, 3] and b: f32 [2]", "add an axis of extent 1 (expandDims) or transpose, so that equal extents meet", () => _ = X + Expr.Variable("b", 2) },
        { "mul", "x: f32 [2, 3] and big: f64 [2, 3]", "cast one of them: x to f64, or big to f32", () => _ = X * Big },
        { "exp", "n: i32 [2, 3]", "cast n to f32", () => Functions.Exp(N) },
        { "reshape", "x: f32 [2, 3] to [4; 2]", "check the extents, or write one of them as -1 in reshape", () => X.Reshape(4, 2) },
        { "Eval", "no value for the variable x; values were given for: nothing", "add (\"x\", value) to what is given", () => X.Evaluate() },
    };

    [Theory]
    [MemberData(nameof(Mistakes), DisableDiscoveryEnumeration = true)]
    public void AMistakeIsAnswered(string operation, string given, string cure, Action mistake)
    {
        var error = Assert.ThrowsAny<DL1Error>(mistake);
        Assert.Equal((operation, cure), (error.Operation, error.Cure));
        Assert.Contains(given.Split(" to [")[0], error.Given);
        Assert.NotEqual("", error.Expected);
        Assert.Equal($"{operation}: {error.Given}.\n  Expected: {error.Expected}.\n  Try: {cure}.", error.Message);
    }

    [Fact]
    public void NoErrorInTheSourcesSpeaksFSharpAlone()
    {
        // What follows Refuse up to the next empty line; code in braces and names of operations, which are single words, are not
        // looked at. What is said of quotations is for F#.
        var found = 0;
        foreach (var file in new[] { "DL1.Core.fs", "DL1.Data", "DL1.Live", "DL1.Mpi", "DL1.Onnx", "DL1.Pictures" }
            .SelectMany(p => Directory.GetFiles(Repository.Folder("src", p), "*.fs", SearchOption.AllDirectories))
            .Where(f => !f.Contains("/obj/") && Path.GetFileName(f) is not ("Errors.fs" or "Unreadable.fs" or "Quote.fs")))
        {
            foreach (Match refusal in Regex.Matches(File.ReadAllText(file), @"Refuse\.(shape|domain|format)\b(.*?)(\n\s*\n|\z)", RegexOptions.Singleline))
            {
                found++;
                foreach (Match text in Regex.Matches(refusal.Groups[2].Value, "\"(?:[^\"\\\\]|\\\\.)*\""))
                {
                    var said = Regex.Replace(text.Value, @"\{[^}]*\}", "");
                    Assert.False(
                        said.Contains(' ') && Regex.IsMatch(said, @"\b[A-Z][A-Za-z]+\.[a-z][A-Za-z]+|\(fun |\|>| = \["),
                        $"{Path.GetFileName(file)}: {text.Value}");
                }
            }
        }

        Assert.True(found > 200, $"only {found} refusals were found");
    }

    [Fact]
    public void NoCureOfTheApprovedErrorsSpeaksOneLanguageAlone()
    {
        var cures = Repository.Read("tests", "fixtures", "errors.approved.txt").Split('\n')
            .Where(line => line.StartsWith("  Try: ")).ToList();
        Assert.True(cures.Count > 50);
        Assert.DoesNotContain(cures, cure => cure.Contains("Expr.") || cure.Contains("DType.") || cure.Contains("|>"));
    }
}
