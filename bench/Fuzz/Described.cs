using System.Collections;
using System.Globalization;

namespace DL1.Fuzzing;

/// <summary>Arguments as short text, for replays.</summary>
public static class Described
{
    public static string Value(object? value)
    {
        try
        {
            return value switch
            {
                null => "null",
                string s => s.Length > 120 ? $"\"{s[..40]}...\" ({s.Length} characters)" : $"\"{s}\"",
                double d => d.ToString("R", CultureInfo.InvariantCulture),
                Expr e => $"{e.DType}{e.Shape} {Cut(e.ToString())}",
                Tensor t => $"tensor {t.DType}{t.Shape}",
                Array { Length: > 6 } a => $"{a.GetType().Name} of {a.Length}",
                System.Runtime.CompilerServices.ITuple t => $"({string.Join(", ", Enumerable.Range(0, t.Length).Select(i => Value(t[i])))})",
                IEnumerable items => $"[{string.Join(", ", items.Cast<object?>().Take(6).Select(Value))}]",
                _ => Cut($"{value.GetType().Name} {value}"),
            };
        }
        catch (Exception e)
        {
            return $"{value?.GetType().Name} (no text: {e.GetType().Name})";
        }
    }

    private static string Cut(string text)
    {
        text = text.Replace('\n', ' ');
        return text.Length > 160 ? text[..160] + "..." : text;
    }
}
