using System.Globalization;
using System.Text;

namespace DL1;

/// <summary>Records as text that is the same on every machine: what the compiler writes follows the culture of the thread.</summary>
internal static class InvariantText
{
    /// <summary>A record's name and members, as C# writes records, with numbers in the invariant culture.</summary>
    public static string Of(string name, Func<StringBuilder, bool> printMembers)
    {
        var culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            var text = new StringBuilder(name).Append(" { ");
            return (printMembers(text) ? text.Append(' ') : text).Append('}').ToString();
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }
}
