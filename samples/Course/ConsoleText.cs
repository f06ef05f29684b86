using System.Text.RegularExpressions;

namespace Course;

/// <summary>Texts with formulas in LaTeX as a console shows them: `$1 - 2\eta = 10^{-8}$` as `1 − 2η = 10⁻⁸`.</summary>
internal static class ConsoleText
{
    private const string Commands =
        "beta β gamma γ eta η kappa κ lambda λ mu μ sigma σ varphi φ pm ± times × cdot · cdots ⋯ dots … odot ⊙ leftarrow ← mid | top ᵀ sqrt √";

    private static readonly Dictionary<string, string> symbols =
        Commands.Split(' ').Chunk(2).ToDictionary(command => command[0], command => command[1]);

    private const string Raised = "0⁰1¹2²3³4⁴5⁵6⁶7⁷8⁸9⁹-⁻nⁿᵀᵀ", Lowered = "0₀1₁2₂3₃4₄5₅6₆7₇8₈9₉iᵢkₖsₛtₜ";

    /// <summary>The text, its formulas in Unicode.</summary>
    public static string Of(string text) => Regex.Replace(text, @"\$([^$]+)\$", formula => Plain(formula.Groups[1].Value));

    private static string Plain(string latex)
    {
        var text = Regex.Replace(latex, @"\\[ ,]", " ");
        text = Regex.Replace(text, @"\\math(?:rm|bf)\{([^}]*)\}", "$1");
        text = Regex.Replace(text, @"\\([a-z]+)", command => symbols.GetValueOrDefault(command.Groups[1].Value, command.Groups[1].Value));
        text = Script(text, "^", Raised);
        text = Script(text, "_", Lowered);
        text = Regex.Replace(text, @"√\{(\w)\}", "√$1").Replace('{', '(').Replace('}', ')').Replace('-', '−');
        return Regex.Replace(text, " +", " ");
    }

    /// <summary>Scripts in the characters of Unicode that are made for them; `^(...)` or `_(...)` where one is missing, a word as `_min`.</summary>
    private static string Script(string text, string mark, string pairs) =>
        Regex.Replace(text, Regex.Escape(mark) + @"(?:\{([^}]*)\}|(\w))", script =>
        {
            var inner = script.Groups[1].Value + script.Groups[2].Value;
            var places = inner.Select(letter => Enumerable.Range(0, pairs.Length / 2).FirstOrDefault(i => pairs[2 * i] == letter, -1)).ToArray();
            return places.Contains(-1)
                ? mark + (inner.All(char.IsLetter) ? inner : $"({inner})")
                : string.Concat(places.Select(place => pairs[2 * place + 1]));
        });
}
