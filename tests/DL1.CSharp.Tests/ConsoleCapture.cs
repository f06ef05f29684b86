using System.Globalization;
using System.Text;

namespace DL1.CSharp.Tests;

/// <summary>
/// What an example writes to the console. Tests that run at the same time write to the same console; only what the example's own
/// flow of control writes is taken.
/// </summary>
public static class ConsoleCapture
{
    private static readonly AsyncLocal<StringWriter?> current = new();

    static ConsoleCapture() => Console.SetOut(new ByFlow(Console.Out));

    /// <summary>The output of an example, its lines ended by <c>\n</c>.</summary>
    public static string Of(Action example) =>
        Of(() =>
        {
            example();
            return Task.CompletedTask;
        }).GetAwaiter().GetResult();

    /// <inheritdoc cref="Of(Action)"/>
    public static async Task<string> Of(Func<Task> example)
    {
        // What an example writes of its own follows the culture, as programs do; what it shows is the invariant one's.
        var culture = CultureInfo.CurrentCulture;
        var text = new StringWriter();
        current.Value = text;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
            await example();
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
            current.Value = null;
        }

        return text.ToString().ReplaceLineEndings("\n");
    }

    private sealed class ByFlow(TextWriter others) : TextWriter
    {
        public override Encoding Encoding => others.Encoding;

        public override void Write(char value) => (current.Value ?? others).Write(value);

        public override void Write(string? value) => (current.Value ?? others).Write(value);
    }
}
