using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using DL1.Pictures;

namespace DL1.CSharp.Tests;

/// <summary>What plots, heat maps and pictures of a search draw, and what they refuse.</summary>
public class PlotTests
{
    private static List<string> Texts(string svg) =>
        [.. XDocument.Parse(svg).Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value)];

    private static double Number(XElement e, string attribute) => double.Parse(e.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);

    /// <summary>How many pixels of a picture have a colour, and the least and greatest x and y of them.</summary>
    private static (int Count, int Left, int Right, int Top, int Bottom) Seen(byte[] png, string hex)
    {
        var image = Decoded.Of(png);
        var at = image.Pixels.Where(p => Decoded.Hex(p.Color) == hex).ToList();
        return at.Count == 0 ? default : (at.Count, at.Min(p => p.X), at.Max(p => p.X), at.Min(p => p.Y), at.Max(p => p.Y));
    }

    [Fact]
    public void Bars_stand_side_by_side_and_are_as_high_as_their_values()
    {
        var png = Plot.Titled("").Bars("", [1, 0]).Bars("", [0, 2]).WithNames(["a", "b"]).Png(800, 480);
        var (blue, red) = (Seen(png, "#0072B2"), Seen(png, "#D55E00"));
        Assert.True(blue.Right < red.Left, $"{blue} {red}");
        Assert.InRange((double)(red.Bottom - red.Top) / (blue.Bottom - blue.Top), 1.97, 2.03);
        Assert.Equal(blue.Bottom, red.Bottom);
        var texts = Texts(Plot.Titled("").Bars("", [1, 0]).WithNames(["a", "b"]).Svg(800, 480));
        Assert.Contains("a", texts);
        Assert.Contains("b", texts);
    }

    [Fact]
    public void A_band_lies_between_its_lines_in_the_colour_of_its_name()
    {
        var plot = Plot.Titled("").Line("run", [0, 1], [1, 1]).Band("run", [0, 1], [0, 0], [2, 2]);
        var image = Decoded.Of(plot.WithYLimits(-1, 3).Png(800, 480));
        var inside = image[450, 270];
        Assert.True(inside.Blue > inside.Red + 30, $"a pale blue, not {inside}");
        Assert.Single(Texts(plot.Svg(800, 480)), t => t == "run");
    }

    [Fact]
    public void Pictures_are_saved_as_what_their_names_end_in()
    {
        var plot = Plot.Titled("Losses").Line("train", [2, 1, 0.5]);
        var folder = Directory.CreateTempSubdirectory("dl1-plots").FullName;
        string At(string name) => Path.Combine(folder, name);
        Decoded Read(string name) => Decoded.Of(File.ReadAllBytes(At(name)));
        try
        {
            plot.Save(At("a.png"), 400, 300);
            plot.Save(At("a.SVG"));
            Figure.Of(plot).Save(At("b.png"), 400);
            Figure.Of(plot).Save(At("b.svg"));
            Assert.Equal((400, 300), (Read("a.png").Width, Read("a.png").Height));
            Assert.Equal(400, Read("b.png").Width);
            Assert.Equal(plot.Svg(800, 480), File.ReadAllText(At("a.SVG")));
            Assert.Equal(Figure.Of(plot).Svg(780), File.ReadAllText(At("b.svg")));
            Assert.Contains("ends in .png or .svg", Assert.Throws<DomainError>(() => plot.Save(At("a.jpg"))).Message);
            Assert.Contains("can be written", Assert.Throws<DomainError>(() => plot.Save(At("none/a.png"))).Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Texts_stand_at_their_points() =>
        Assert.Contains("Tokyo", Texts(Plot.Titled("").Dots("", [1, 2], [1, 2]).Texts([1, 2], [1, 2], ["Rome", "Tokyo"]).Svg(800, 480)));

    [Fact]
    public void Equal_axes_make_a_circle_round()
    {
        var angles = Enumerable.Range(0, 200).Select(i => i * Math.PI / 100).ToList();
        // How much axes and title take is estimated, not measured.
        foreach (var (width, height) in new[] { (800, 480), (400, 700) })
        {
            var seen = Seen(Plot.Titled("").Line("", angles.Select(Math.Cos), angles.Select(Math.Sin)).WithEqualAxes().Png(width, height), "#0072B2");
            Assert.InRange((double)(seen.Right - seen.Left) / (seen.Bottom - seen.Top), 0.9, 1.1);
        }
    }

    [Fact]
    public void Limits_are_those_asked_for()
    {
        var texts = Texts(Plot.Titled("").Line("", [1, 2], [1, 2]).WithXLimits(0, 100).WithYLimits(0, 50).Svg(800, 480));
        Assert.Contains("100", texts);
        Assert.Contains("50", texts);
        Assert.Throws<DomainError>(() => Plot.Titled("").WithXLimits(1, 0));
        Assert.Throws<DomainError>(() => Plot.Titled("").WithYLimits(double.NaN, 0));
        Assert.Throws<DomainError>(() => Plot.Titled("").Line("", [1, 2]).WithYLimits(-1, 1).WithLogY().Png(400, 300));
        Assert.Throws<DomainError>(() => Plot.Titled("").Line("", [1, 2]).WithEqualAxes().WithLogX().Png(400, 300));
    }

    [Fact]
    public void Different_numbers_are_refused()
    {
        Assert.Throws<ShapeError>(() => Plot.Titled("").Band("", [1, 2], [1, 2], [1]));
        Assert.Throws<ShapeError>(() => Plot.Titled("").Texts([1, 2], [1, 2], ["one"]));
        Assert.Throws<ShapeError>(() => Plot.Titled("").Dots("", [1, 2], [1]));
        Assert.NotEmpty(Plot.Titled("").Bars("none", []).Band("nothing", [], [], []).Texts([], [], []).Png(400, 300));
        Assert.NotEmpty(Plot.Titled("").Bars("gap", [double.NaN, 1]).Band("gap", [1, 2], [double.NaN, 1], [2, 3]).Png(400, 300));
    }

    /// <summary>Two colours that nothing else has: the data reach no pixel of the box of the legend's letters.</summary>
    [Theory]
    [InlineData(780)]
    [InlineData(338)]
    public void A_legend_covers_no_data(int width)
    {
        // Dots everywhere but on the right, in each corner, and everywhere.
        var everywhere = Enumerable.Range(0, 900).ToList();
        Func<double, double, bool>[] fields =
        [
            (x, y) => x < 12, (x, y) => y < 12, (x, y) => x > 15 || y > 15, (_, _) => true,
        ];
        foreach (var field in fields)
        {
            var at = everywhere.Select(i => (X: i % 30, Y: i / 30)).Where(p => field(p.X, p.Y)).ToList();
            Plot Drawn(string name) => Plot.Titled("").Dots(name, at.Select(p => (double)p.X), at.Select(p => (double)p.Y));
            var svg = Figure.Of(Drawn("the legend")).Svg(width);
            var text = XDocument.Parse(svg).Descendants().Single(e => e.Name.LocalName == "text" && e.Value == "the legend");
            var (x, y) = Place(text);
            var image = Decoded.Of(Figure.Of(Drawn("the legend")).Png(width));
            var covered = image.Pixels.Count(p => p.X > x && p.X < x + 60 && p.Y > y - 9 && p.Y < y + 1 && Blue(p.Color));
            Assert.Equal(0, covered);
        }

        static bool Blue(SkiaSharp.SKColor c) => c.Blue > c.Red + 60;

        static (double X, double Y) Place(XElement text)
        {
            var (x, y) = (Number(text, "x"), Number(text, "y"));
            foreach (var e in text.AncestorsAndSelf())
            {
                var m = Regex.Match((string?)e.Attribute("transform") ?? "", @"translate\(([-\d.]+)[ ,]+([-\d.]+)\)");
                if (m.Success)
                    (x, y) = (x + double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture), y + double.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture));
            }

            return (x, y);
        }
    }

    [Fact]
    public void A_heat_map_has_each_value_in_its_cell_and_a_scale()
    {
        var svg = HeatMap.Of(Tensor.Of([1.0, 2, 3, 4, 5, 6], 2, 3), ["up", "down"], ["a", "b", "c"], xLabel: "across", yLabel: "along").Svg(780);
        var texts = Texts(svg);
        Assert.Equal(["1", "2", "3", "4", "5", "6", "up", "down", "a", "b", "c", "across", "along", "6", "3.5", "1"], texts);
        var cells = XDocument.Parse(svg).Descendants().Where(e => (string?)e.Attribute("class") == "edged").ToList();
        Assert.Equal(6, cells.Count);
        Assert.Equal(("#f4f7fb", "#08306b"), (cells[0].Attribute("fill")!.Value, cells[5].Attribute("fill")!.Value));
        Assert.Equal(6, cells.Select(c => c.Attribute("fill")!.Value).Distinct().Count());
        var signed = XDocument.Parse(HeatMap.Of(Tensor.Of([-1.0, 0, 0.5], 1, 3), numbers: false).Svg(780));
        Assert.Contains(signed.Descendants(), e => (string?)e.Attribute("fill") == "#f7f7f7");
        Assert.DoesNotContain(signed.Descendants(), e => e.Value == "0.5");
    }

    [Fact]
    public void Heat_maps_that_do_not_fit_are_refused()
    {
        Assert.Throws<ShapeError>(() => HeatMap.Of(Tensor.Ones(3)));
        Assert.Throws<ShapeError>(() => HeatMap.Of(Tensor.Ones(2, 2), ["one"]));
        Assert.Throws<DomainError>(() => HeatMap.Of(Tensor.Of([double.NaN], 1, 1)));
        Assert.Throws<DomainError>(() => HeatMap.Of(Tensor.Ones(257, 1)));
        Assert.Throws<DomainError>(() => HeatMap.Of(Tensor.Ones(2, 2), low: 2, high: 1));
        Assert.Throws<DomainError>(() => HeatMap.Of(Tensor.Ones(0, 2)));
        Assert.NotEmpty(HeatMap.Of(Tensor.Ones(256, 256)).Png(300));
    }

    [Fact]
    public void A_calibration_curve_holds_its_bins()
    {
        var plot = ScoreCurves.Calibration([0.1, 0.9], [0.2, 0.8]);
        Assert.Equal(["perfect", "classifier", "classifier"], plot.Series.Select(s => s.Name));
        Assert.Equal([0.2, 0.8], plot.Series[1].Y);
        Assert.True(plot.HasEqualAxes);
        Assert.Throws<ShapeError>(() => ScoreCurves.Calibration([0.1], [0.2, 0.3]));
        Assert.Throws<DomainError>(() => ScoreCurves.Calibration([], []));
        Assert.Throws<DomainError>(() => ScoreCurves.Calibration([1.1], [0.5]));
        Assert.Throws<DomainError>(() => ScoreCurves.Calibration([0.5], [double.NaN]));
    }

    [Fact]
    public void Trials_are_drawn_and_the_best_stands_out()
    {
        var trials = Gallery.Trials;
        var scatter = SearchPicture.Scatter(trials, "rate");
        Assert.True(scatter.LogX);
        Assert.Equal(trials.Count - 1, scatter.Series[0].X.Count);
        Assert.Equal([trials.Min(t => t.Score)], scatter.Series[1].Y);
        Assert.Equal(["relu", "tanh"], SearchPicture.Scatter(trials, "layer").XNames.Order());

        var svg = SearchPicture.Parallel(trials).Svg(780);
        var lines = XDocument.Parse(svg).Descendants().Where(e => e.Name.LocalName == "path" && e.Attribute("class") is null).ToList();
        Assert.Equal(trials.Count, lines.Count);
        Assert.Equal("#D55E00", lines[^1].Attribute("stroke")!.Value);
        Assert.Contains("tanh", Texts(svg));
        Assert.Contains("score", Texts(svg));
        Assert.Throws<DomainError>(() => SearchPicture.Scatter(trials, "speed"));
        Assert.Throws<DomainError>(() => SearchPicture.Parallel([]));
    }

    [Fact]
    public void An_image_grid_has_the_names_of_its_rows_and_columns()
    {
        Assert.Equal(["a", "b", "up"], Texts(ImageGrid.Of(Gallery.Images, columnNames: ["a", "b"], rowNames: ["up"]).Svg(780)));
        Assert.Equal(["up", "down"], Texts(ImageGrid.Of(Gallery.Images, rowNames: ["up", "down"]).Svg(780)));
        Assert.Throws<ShapeError>(() => ImageGrid.Of(Gallery.Images, columnNames: ["a", "b"], rowNames: ["up", "down"]));
    }
}
