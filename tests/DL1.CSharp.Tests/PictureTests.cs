using System.Buffers.Binary;
using System.Xml.Linq;
using DL1.Pictures;

namespace DL1.CSharp.Tests;

/// <summary>Pictures, as a C# user makes them, decoded.</summary>
public class PictureTests
{
    private static readonly double[] Epochs = [1, 2, 3, 4, 5];
    private static readonly double[] Losses = [81, 20, double.NaN, 0, 1.5];

    private static Plot Example() =>
        Plot.Titled("Loss <train> & test").Labels("epoch", "loss").Line("SGD", Epochs, Losses)
            .Dashes("truth", Epochs, Epochs).Dots("samples", Epochs, Losses);

    private static readonly Trail[] Paths =
    [
        Trail.Of("SGD", Enumerable.Range(0, 40).Select(i => (2.5 - 0.05 * i, 2.0 - 0.06 * i))),
        Trail.Of("Adam", [(2.5, 2.0), (1.5, -1.2)]),
    ];

    [Fact]
    public void A_plot_is_a_png_of_the_size_asked_for()
    {
        byte[] png = Example().Png(640, 400);

        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], png[..8]);
        Assert.Equal(640, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)));
        Assert.Equal(400, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
        var image = Decoded.Of(png);
        Assert.True(image.Colors > 20);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void A_plot_is_a_well_formed_svg_with_its_texts(bool logX, bool logY)
    {
        var plot = Example();
        plot = logX ? plot.WithLogX() : plot;
        plot = logY ? plot.WithLogY() : plot;
        var svg = XDocument.Parse(plot.Svg(640, 400)).Root!;

        Assert.Equal("svg", svg.Name.LocalName);
        Assert.Equal("0 0 640 400", svg.Attribute("viewBox")!.Value);
        var texts = svg.Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value).ToList();
        Assert.Contains("Loss <train> & test", texts);
        Assert.Contains("SGD", texts);
        Assert.Contains("epoch", texts);
        Assert.DoesNotContain("10¹", texts);
        if (logY) Assert.Contains("10", texts);
    }

    [Fact]
    public void Logarithmic_axes_have_plain_numbers_where_these_are_short()
    {
        List<string> Ticks(double low, double high) =>
            [.. XDocument.Parse(Plot.Titled("").Line("", [low, high], [1, 2]).WithLogX().Svg(640, 400)).Root!
                .Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value)];

        var plain = Ticks(10, 50);
        Assert.Contains("20", plain);
        Assert.DoesNotContain(plain, t => t.Contains("·10"));
        Assert.Contains("0.01", Ticks(0.005, 2));
        Assert.Contains("10⁻⁶", Ticks(1e-8, 1));
    }

    [Fact]
    public void Empty_and_constant_series_are_drawn()
    {
        Assert.NotEmpty(Plot.Titled("").Png(300, 200));
        Assert.NotEmpty(Plot.Titled("").Line("none", []).Png(300, 200));
        Assert.NotEmpty(Plot.Titled("").Line("level", [1, 2], [3, 3]).WithLogY().Png(300, 200));
        Assert.NotEmpty(Plot.Titled("").Line("nothing finite", [double.NaN, double.PositiveInfinity]).WithLogY().Png(300, 200));
    }

    [Fact]
    public void A_plot_is_not_changed_by_what_is_added_to_it()
    {
        var empty = Plot.Titled("Loss");
        empty.Line("SGD", Epochs, Losses);
        Assert.Empty(empty.Series);
    }

    [Fact]
    public void Text_is_drawn_with_the_carried_font()
    {
        // Each letter changes the picture; without a font all would be blank or the same box.
        var pictures = new[] { "A", "B", "−", "²", "θ", "∂" }.Select(t => Convert.ToHexString(Plot.Titled(t).Png(200, 100)));
        Assert.Equal(6, pictures.Distinct().Count());
    }

    [Fact]
    public void Wrong_sizes_and_lengths_are_refused()
    {
        Assert.Throws<ShapeError>(() => Plot.Titled("").Line("SGD", [1, 2], [3]));
        Assert.Throws<DomainError>(() => Example().Png(0, 100));
        Assert.Throws<DomainError>(() => Example().Svg(100, -1));
        Assert.Throws<DomainError>(() => Trail.Of("none", []));
        Assert.Throws<DomainError>(() => Trail.Of("none", [], []));
        Assert.Throws<ShapeError>(() => Trail.Of("SGD", [1, 2], [3]));
        Assert.Throws<DomainError>(() => Surface.Over(1, 1, 0, 1, (x, y) => x));
        Assert.Throws<DomainError>(() => DescentPicture.Png(View.Map, 10, 10, Paths, Surface.HillsAndBasins));
        Assert.Throws<DomainError>(() => Animation.Gif(View.Map, 320, 240, 1, Paths, Surface.HillsAndBasins));
        var error = Assert.Throws<DomainError>(
            () => DescentPicture.Png(View.Map, 320, 240, Paths, Surface.Over(-1, 1, -1, 1, (x, y) => Math.Log(x))));
        Assert.Contains("NaN", error.Given);
    }

    public static TheoryData<View> Views => [View.Map, View.Landscape];

    [Theory, MemberData(nameof(Views))]
    public void A_descent_is_a_png_of_the_size_asked_for(View view)
    {
        var image = Decoded.Of(DescentPicture.Png(view, 320, 240, Paths, Surface.HillsAndBasins));
        Assert.Equal((320, 240), (image.Width, image.Height));
        var bare = Decoded.Of(DescentPicture.Png(view, 320, 240, [], Surface.HillsAndBasins));
        Assert.NotEqual(0, image.DistanceTo(bare));
    }

    [Theory, MemberData(nameof(Views))]
    public void Trails_that_run_the_same_way_are_all_seen(View view)
    {
        var way = Enumerable.Range(0, 40).Select(i => (2.5 - 0.05 * i, 2.0 - 0.06 * i)).ToArray();
        Trail[] same = [Trail.Of("first", way), Trail.Of("second", way.Select(p => p.Item1), way.Select(p => p.Item2))];
        var image = Decoded.Of(DescentPicture.Png(view, 640, 480, same, Surface.HillsAndBasins));

        // Vermilion and black, of each far more than the 60 pixels of a stroke in the legend.
        var pixels = image.Pixels.Select(p => p.Color).ToList();
        Assert.InRange(pixels.Count(c => c.Red > 180 && c.Green < 130 && c.Blue < 60), 200, 5000);
        Assert.InRange(pixels.Count(c => c.Red < 40 && c.Green < 40 && c.Blue < 40), 200, 5000);
    }

    [Theory, MemberData(nameof(Views))]
    public void A_trail_that_leaves_the_surface_by_far_is_drawn(View view)
    {
        Trail[] far = [Trail.Of("diverges", [0, -10, 1e4, -1e9], [0, 10, 1e4, 1e12])];
        Assert.NotEmpty(DescentPicture.Png(view, 320, 240, far, Surface.HillsAndBasins));
    }

    [Fact]
    public void No_public_name_stands_in_two_assemblies()
    {
        // Whoever opens all namespaces can write every name without its namespace.
        var names = new[] { typeof(Expr), typeof(Plot), typeof(DL1.Data.Table) }
            .SelectMany(t => t.Assembly.GetExportedTypes()).Where(t => !t.IsNested).Select(t => t.Name);
        Assert.Empty(names.GroupBy(n => n).Where(g => g.Count() > 1).Select(g => g.Key));
    }

    [Fact]
    public void A_flat_surface_is_drawn()
    {
        var flat = Surface.Over(-1, 1, -1, 1, (x, y) => 2);
        Assert.NotEmpty(DescentPicture.Png(View.Map, 320, 240, [], flat));
        Assert.NotEmpty(DescentPicture.Png(View.Landscape, 320, 240, [], flat));
    }

    [Theory, MemberData(nameof(Views))]
    public void An_animation_has_its_frames_repeats_and_ends_as_the_picture(View view)
    {
        byte[] gif = Animation.Gif(view, 640, 480, 12, Paths, Surface.HillsAndBasins);

        var (frames, repeats) = Decoded.Animation(gif);
        Assert.Equal(12, frames.Count);
        Assert.Equal(-1, repeats);
        Assert.True(frames[11].Duration > 10 * frames[0].Duration);
        Assert.All(frames, f => Assert.Equal((640, 480), (f.Picture.Width, f.Picture.Height)));

        // White paper stays white, and the last frame has the colours of the picture, but for the palette and the
        // step's number in the legend.
        Assert.Equal(SkiaSharp.SKColors.White, frames[0].Picture[1, 1]);
        var whole = Decoded.Of(DescentPicture.Png(view, 640, 480, Paths, Surface.HillsAndBasins));
        Assert.InRange(frames[11].Picture.DistanceTo(whole), 0, 0.05);
    }

    [Fact]
    public void An_animation_has_notes_of_ones_own()
    {
        byte[] Noted(Func<int, string> note) => Animation.GifNoting(note, View.Map, 320, 240, 3, Paths, Surface.HillsAndBasins);
        Assert.Equal(Animation.Gif(View.Map, 320, 240, 3, Paths, Surface.HillsAndBasins), Noted(step => $"step {step}"));
        Assert.NotEqual(Noted(step => $"step {step}"), Noted(step => $"paso {step}"));
    }

    [Fact]
    public void An_animation_whose_frames_do_not_differ_is_whole()
    {
        byte[] gif = Animation.Gif(View.Map, 320, 240, 5, [Trail.Of("still", [(0.0, 0.0)])], Surface.HillsAndBasins);
        Assert.Equal(5, Decoded.Animation(gif).Frames.Count);
    }

    [Fact]
    public void FiguresAreShownOneAfterAnother()
    {
        Expr a = Expr.Symbol("a"), b = Expr.Symbol("b");
        var y = a * b;
        Figure Frame(string value) => GraphPicture.Of(y, e => e == y ? value : "", (_, _) => "");
        byte[] gif = Animation.OfFigures(300, 0.5, [Frame("= 2"), Frame("= 3")]);
        Assert.Equal("GIF89a"u8.ToArray(), gif[..6]);
        Assert.Throws<DomainError>(() => Animation.OfFigures(300, 0.5, [Frame("= 2")]));
        Assert.Throws<DomainError>(() => Animation.OfFigures(300, 0, [Frame("= 2"), Frame("= 3")]));
        Assert.Throws<ShapeError>(() => Animation.OfFigures(300, 0.5, [GraphPicture.Of(a), Frame("= 3")]));
    }

    [Fact]
    public void AComputationIsShownStepByStep()
    {
        Expr a = Expr.Symbol("a"), b = Expr.Symbol("b"), c = Expr.Symbol("c");
        var y = (a + b) * (b - c);
        var frames = GraphPicture.Steps(y.Explain([("Y", y)], ("a", 1.0), ("b", 2.0), ("c", 3.0)));
        // The inputs, three values, and three values that hand back.
        Assert.Equal(7, frames.Count);
        Assert.DoesNotContain("Y = −3", frames[0].Svg(600));
        Assert.Contains("Y = −3", frames[3].Svg(600));
        Assert.NotEqual(frames[3].Svg(600), frames[6].Svg(600));
        Assert.Equal(GraphPicture.Of(y.Explain([("Y", y)], ("a", 1.0), ("b", 2.0), ("c", 3.0))).Svg(600), frames[6].Svg(600));
    }
}
