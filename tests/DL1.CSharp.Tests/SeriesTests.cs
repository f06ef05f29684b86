using System.Text.RegularExpressions;
using DL1.Pictures;

namespace DL1.CSharp.Tests;

/// <summary>Series of a plot are told apart, however many there are: by colour, and by line or marker.</summary>
public class SeriesTests
{
    private static string Drawn(int count, Func<Plot, string, double[], Plot> add) =>
        Enumerable.Range(0, count)
            .Aggregate(Plot.Titled(""), (plot, i) => add(plot, $"s{i}", [i, i + 1.0, i]))
            .Svg(800, 480);

    /// <summary>What a drawing has of colours, axes and letters left out.</summary>
    private static string[] Colours(string svg) =>
        [.. Regex.Matches(Regex.Replace(svg, "<path (?![^>]*(fill|stroke)=)", "<path fill=\"black\" "), "(?:fill|stroke)=\"(#?\\w+)\"")
            .Select(m => m.Groups[1].Value).Where(c => c is not ("#333" or "#E6E6E6" or "white" or "none")).Distinct()];

    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(24)]
    public void EachHasAColourOfItsOwn(int count)
    {
        Assert.Equal(count, Colours(Drawn(count, (plot, name, y) => plot.Line(name, y))).Length);
        Assert.Equal(count, Colours(Drawn(count, (plot, name, y) => plot.Dashes(name, [1, 2, 3], y))).Length);
        Assert.Equal(count, Colours(Drawn(count, (plot, name, y) => plot.Dots(name, [1, 2, 3], y))).Length);
    }

    [Fact]
    public void EachUseOfThePaletteHasALineAndAMarkerOfItsOwn()
    {
        // The i-th series alone, its colour left out: shapes and patterns remain.
        string Shape(int i, Func<Plot, string, double[], Plot> add)
        {
            var svg = Drawn(i + 1, (plot, name, y) => name == $"s{i}" ? add(plot, name, [1, 2, 1]) : plot.Line("", new double[] { double.NaN }));
            return Regex.Replace(svg, "\"(#[0-9A-Fa-f]+|black)\"|s\\d+", "");
        }

        Assert.Equal(4, Enumerable.Range(0, 4).Select(round => Shape(8 * round, (plot, name, y) => plot.Line(name, y))).Distinct().Count());
        Assert.Equal(4, Enumerable.Range(0, 4).Select(round => Shape(8 * round, (plot, name, y) => plot.Dashes(name, [1, 2, 3], y))).Distinct().Count());
        Assert.Equal(8, Enumerable.Range(0, 8).Select(round => Shape(8 * round, (plot, name, y) => plot.Dots(name, [1, 2, 3], y))).Distinct().Count());
        Assert.Equal(Shape(0, (plot, name, y) => plot.Line(name, y)), Shape(3, (plot, name, y) => plot.Line(name, y)));
    }
}
