using System.Globalization;
using System.Runtime.CompilerServices;

namespace DL1.CSharp.Tests;

/// <summary>
/// With <c>DL1_TEST_CULTURE=hostile</c> all tests run in a culture that writes a comma for the point and <c>−</c> for the minus,
/// made here, since no data of cultures may be there; with <c>DL1_TEST_CULTURE=tr-TR</c> in one that the machine knows.
/// </summary>
internal static class HostileCulture
{
    internal static CultureInfo Made()
    {
        var made = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        var numbers = made.NumberFormat;
        (numbers.NegativeSign, numbers.NumberDecimalSeparator, numbers.NumberGroupSeparator) = ("\u2212", ",", ".");
        (numbers.PercentDecimalSeparator, numbers.PercentGroupSeparator, numbers.PercentSymbol) = (",", ".", "\u066A");
        (numbers.NaNSymbol, numbers.PositiveInfinitySymbol, numbers.NegativeInfinitySymbol) = ("no number", "boundless", "bottomless");
        made.DateTimeFormat.ShortDatePattern = "d/M/yy";
        made.TextInfo.ListSeparator = "\u061B";
        return CultureInfo.ReadOnly(made);
    }

    [ModuleInitializer]
    internal static void Enter()
    {
        if (Environment.GetEnvironmentVariable("DL1_TEST_CULTURE") is { Length: > 0 } name)
        {
            var culture = name == "hostile" ? Made() : CultureInfo.GetCultureInfo(name, predefinedOnly: true);
            CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = culture;
            CultureInfo.DefaultThreadCurrentUICulture = CultureInfo.CurrentUICulture = culture;
        }
    }
}
