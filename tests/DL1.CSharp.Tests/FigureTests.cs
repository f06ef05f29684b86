using System.Globalization;
using System.Xml.Linq;
using DL1.Pictures;

namespace DL1.CSharp.Tests;

/// <summary>Every picture: of the size asked for, with its texts, its values where they belong, and the same again.</summary>
public class FigureTests
{
    public static TheoryData<string> Names => [.. Gallery.Figures.Select(f => f.Name)];

    private static Figure Make(string name) => Gallery.Figures.Single(f => f.Name == name).Make();

    private static List<XElement> Elements(Figure figure, string tag, int width = 780) =>
        [.. XDocument.Parse(figure.Svg(width)).Descendants().Where(e => e.Name.LocalName == tag)];

    private static List<string> Texts(Figure figure, int width = 780) => [.. Elements(figure, "text", width).Select(e => e.Value)];

    private static double Number(XElement e, string attribute) =>
        double.Parse(e.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);

    [Theory, MemberData(nameof(Names))]
    public void It_is_a_png_as_wide_as_asked_for_and_not_blank(string name)
    {
        foreach (var (width, density) in new[] { (338, 1.0), (780, 1.0), (400, 2.0) })
        {
            var image = Decoded.Of(Make(name).Png(width, density));
            Assert.Equal((int)(width * density), image.Width);
            Assert.InRange(image.Height, 20, 4 * image.Width);
            Assert.True(image.Colors > 8, $"{image.Colors} colours");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void It_is_a_well_formed_svg_with_its_title(string name)
    {
        foreach (var width in new[] { 338, 780 })
        {
            var svg = Make(name).Titled("One & <two>").Svg(width);
            var root = XDocument.Parse(svg).Root!;
            Assert.Equal("{http://www.w3.org/2000/svg}svg", root.Name.ToString());
            Assert.NotNull(root.Attribute("viewBox"));
            Assert.Contains(root.Descendants(), e => e.Name.LocalName is "text" or "title" && e.Value == "One & <two>");
            Assert.DoesNotContain("http", svg.Replace("http://www.w3.org/", ""));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void It_is_the_same_again(string name)
    {
        Assert.Equal(Make(name).Png(400), Make(name).Png(400));
        Assert.Equal(Make(name).Svg(400), Make(name).Svg(400));
        Assert.NotEqual(Make(name).Svg(400), Make(name).Titled("other").Svg(400));
    }

    [Theory, MemberData(nameof(Names))]
    public void Sizes_that_cannot_be_drawn_are_refused(string name)
    {
        Assert.Throws<DomainError>(() => Make(name).Png(100));
        Assert.Throws<DomainError>(() => Make(name).Svg(5000));
        Assert.Throws<DomainError>(() => Make(name).Png(400, double.NaN));
        Assert.Throws<DomainError>(() => Make(name).Png(4000, 8));
    }

    [Theory, MemberData(nameof(Names))]
    public void A_title_that_is_too_long_is_shortened(string name)
    {
        var title = string.Join(' ', Enumerable.Repeat("word", 60));
        var shown = XDocument.Parse(Make(name).Titled(title).Svg(338)).Descendants()
            .Where(e => e.Name.LocalName is "text" or "title").Select(e => e.Value).Where(t => t.StartsWith("word")).ToList();
        Assert.NotEmpty(shown);
        Assert.Contains(shown, t => t.Contains('…') && t.Length < 60);
    }

    [Fact]
    public void What_CSharp_calls_shows_no_type_of_FSharp()
    {
        Type[] faces =
        [
            typeof(Figure), typeof(LearningCurves), typeof(Fits), typeof(ScoreCurves), typeof(ConfusionMatrix), typeof(DecisionRegions),
            typeof(Histograms), typeof(HeatMap), typeof(SearchPicture), typeof(ImageGrid), typeof(AttentionMap), typeof(GraphPicture), typeof(GraphSvg), typeof(Section), typeof(Plot),
        ];
        var shown = faces.SelectMany(t => t.GetMethods().Where(m => m.DeclaringType == t && !m.IsSpecialName))
            .SelectMany(m => m.GetParameters().Select(p => p.ParameterType).Append(m.ReturnType).Select(t => (m.Name, Type: t.ToString()))).ToList();
        Assert.True(shown.Count > 100);
        Assert.DoesNotContain(shown, s => s.Type.Contains("FSharp") || s.Type.Contains("System.Tuple"));
    }

    [Fact]
    public void Learning_curves_hold_the_history()
    {
        var loss = LearningCurves.Loss(Gallery.History);
        Assert.Equal(["training", "validation"], loss.Series.Select(s => s.Name));
        Assert.Equal(Gallery.History.Select(r => r.Loss), loss.Series[0].Y);
        Assert.Equal(Gallery.History.Select(r => 2.2 / r.Epoch + 0.05), loss.Series[1].Y);
        Assert.Equal(["accuracy", "F1"], LearningCurves.Metrics(Gallery.History).Series.Select(s => s.Name));
        var gradients = LearningCurves.Gradients(Gallery.History);
        Assert.True(gradients.LogY);
        Assert.Equal(Gallery.History.Select(r => 0.1 / r.Epoch), gradients.Series[1].Y);
    }

    [Fact]
    public void Gradients_of_many_parameters_are_told_by_layers()
    {
        static EpochRow Deep(int layers) => new(
            1, 1, 1, null, Gallery.History[0].Metrics,
            Gallery.TreeOf([.. Enumerable.Range(0, layers).SelectMany(i => new[] { ($"{i}.weight", 3.0 * (i + 1)), ($"{i}.bias", 4.0 * (i + 1)) })]), 0, TreeModule.empty<double>());
        var five = LearningCurves.Gradients([Deep(5)]).Series;
        Assert.Equal(["0", "1", "2", "3", "4"], five.Select(s => s.Name));
        Assert.Equal([5.0, 10, 15, 20, 25], five.Select(s => s.Y[0]));
        var many = LearningCurves.Gradients([Deep(40)]).Series;
        Assert.Equal(8, many.Count);
        Assert.Equal(("0", "39"), (many[0].Name, many[7].Name));
    }

    [Fact]
    public void Histories_without_what_is_asked_for_are_refused()
    {
        Assert.Throws<DomainError>(() => LearningCurves.Loss(Array.Empty<Epoch>()));
        EpochRow bare = new(1, 1, 1, null, Microsoft.FSharp.Collections.FSharpList<Tuple<string, double>>.Empty, TreeModule.empty<double>(), 0, TreeModule.empty<double>());
        Assert.Single(LearningCurves.Loss([bare]).Series);
        Assert.Throws<DomainError>(() => LearningCurves.Metrics([bare]));
        Assert.Throws<DomainError>(() => LearningCurves.Gradients([bare]));
    }

    [Fact]
    public void A_fit_holds_samples_and_the_curve_over_their_range()
    {
        var plot = Fits.Curve([0, 10], [1, 21], x => 2 * x + 1);
        Assert.Equal([1, 21], plot.Series[0].Y);
        var curve = plot.Series[1];
        Assert.All(curve.X.Zip(curve.Y), p => Assert.Equal(2 * p.First + 1, p.Second, 12));
        Assert.Equal((-0.3, 10.3), (curve.X[0], Math.Round(curve.X[^1], 9)));
        Assert.Throws<ShapeError>(() => Fits.Curve([1, 2], [1], x => x));
        Assert.Throws<DomainError>(() => Fits.Curve([], [], x => x));
        Assert.Throws<DomainError>(() => Fits.Curve([double.NaN], [1], x => x));
        Assert.Throws<ShapeError>(() => Fits.Predictions(Tensor.Ones(3, 2), Tensor.Ones(3, 2)));
    }

    [Fact]
    public void A_trained_model_gives_its_curve_and_its_regions()
    {
        var model = Layers.Linear(1);
        var (start, state) = model.Init(Key.OfSeed(1), 1, 1);
        var trained = TrainedModule.create(
            model, Gallery.TreeOf(("weight", Tensor.Of([3f], 1, 1)), ("bias", Tensor.Of([-1f], 1))), state);
        Assert.Equal(["weight", "bias"], start.Paths);
        var curve = Fits.Curve(Tensor.Of([0f, 1, 2], 3, 1), Tensor.Of([0f, 2, 5], 3, 1), trained).Series[1];
        Assert.All(curve.X.Zip(curve.Y), p => Assert.Equal(3 * p.First - 1, p.Second, 5));

        var classes = Model.Sequential(Layers.Linear(2));
        var (weights, none) = classes.Init(Key.OfSeed(1), 1, 2);
        var sides = TrainedModule.create(
            classes, Gallery.TreeOf((weights.Paths[0], Tensor.Of([1f, 0, 0, 1], 2, 2)), (weights.Paths[1], Tensor.Of([0f, 0], 2))), none);
        var regions = DecisionRegions.Of(Gallery.Points, Gallery.Sides, sides);
        // The same classes as by the function, without its confidence: only the strength of the colours differs.
        var image = Decoded.Of(regions.Png(500));
        Assert.True(image.Colors > 8);
        Assert.Contains("x₁", Texts(regions));
    }

    [Fact]
    public void Roc_and_precision_tell_their_areas()
    {
        var roc = ScoreCurves.Roc(Gallery.IsPositive, Gallery.Score);
        // Of the 16 pairs of a positive and a negative row, 4 + 4 + 3 + 1 stand in the right order.
        Assert.Contains("0.750", roc.Series[0].Name);
        Assert.Equal((0, 1), (roc.Series[0].Y[0], roc.Series[0].Y[^1]));
        var both = ScoreCurves.Roc([("net", Binary.roc(Gallery.IsPositive, Gallery.Score)), ("tree", Binary.roc(Gallery.IsPositive, Gallery.Score))]);
        Assert.Equal(["net, AUC 0.750", "tree, AUC 0.750", "chance"], both.Series.Select(s => s.Name));
        var precision = ScoreCurves.PrecisionRecall(Gallery.IsPositive, Gallery.Score);
        Assert.Equal([0.5, 0.5], precision.Series[1].Y);
        // (1 + 1 + 3/4 + 4/7) / 4.
        Assert.Contains("0.830", precision.Series[0].Name);
    }

    [Fact]
    public void A_confusion_matrix_has_each_count_in_its_cell()
    {
        var figure = Make("confusion");
        var cells = Elements(figure, "rect").Where(e => (string?)e.Attribute("class") == "edged").ToList();
        Assert.Equal(9, cells.Count);
        var counts = Elements(figure, "text").Where(e => e.Attribute("class") is null).ToList();
        Assert.Equal(["2", "1", "0", "0", "2", "0", "1", "0", "4"], counts.Select(e => e.Value));

        foreach (var (cell, count) in cells.Zip(counts))
        {
            var (x, y, side) = (Number(cell, "x"), Number(cell, "y"), Number(cell, "width"));
            Assert.InRange(Number(count, "x"), x + 0.4 * side, x + 0.6 * side);
            Assert.InRange(Number(count, "y"), y + 0.3 * side, y + 0.8 * side);
        }

        // Row by row from above, and all dogs are found.
        Assert.True(Number(cells[0], "y") < Number(cells[3], "y"));
        Assert.Equal("#08306b", cells[4].Attribute("fill")!.Value);
        Assert.Equal("#f4f7fb", cells[3].Attribute("fill")!.Value);
        Assert.Equal(2, Texts(figure).Count(t => t == "dog"));
        Assert.Contains("prediction", Texts(figure));
    }

    [Fact]
    public void Wrong_names_of_classes_are_refused()
    {
        var confusion = Classification.confusion(Gallery.Target, Gallery.Predicted);
        var error = Assert.Throws<ShapeError>(() => ConfusionMatrix.Of(confusion, ["cat"]));
        Assert.Contains("1 names for 3 classes", error.Given);
        Assert.Contains("2", Texts(ConfusionMatrix.Of(confusion)));
        Assert.Contains("verdadera", Texts(ConfusionMatrix.Of(confusion, predicted: "predicha", actual: "verdadera")));
        var many = Tensor.Of([.. Enumerable.Range(0, 101)]);
        Assert.Throws<DomainError>(() => ConfusionMatrix.Of(Classification.confusion(many, many)));
        var hundred = Tensor.Of([.. Enumerable.Range(0, 100)]);
        Assert.DoesNotContain(Elements(ConfusionMatrix.Of(Classification.confusion(hundred, hundred)), "text"), e => e.Attribute("class") is null);
    }

    [Fact]
    public void Bars_are_as_high_as_their_counts()
    {
        var figure = Histograms.Of([("three", Tensor.Of([0.0, 0, 0, 0, 1, 1, 3, double.NaN]))], 3);
        var bars = Elements(figure, "rect").Where(e => e.Attribute("fill")!.Value == "#4f8fbf").ToList();
        Assert.Equal(3, bars.Count);
        var tall = bars.Select(b => Number(b, "height")).ToList();
        Assert.Equal(0.5, tall[1] / tall[0], 2);
        Assert.Equal(0.25, tall[2] / tall[0], 2);
        Assert.All(bars, b => Assert.Equal(Number(bars[0], "y") + tall[0], Number(b, "y") + Number(b, "height"), 1));
        var texts = Texts(figure);
        Assert.Contains("three", texts);
        Assert.Contains("3", texts);
        Assert.Contains(texts, t => t.StartsWith("8: 0.714") && t.EndsWith("1 not finite"));
        Assert.Contains("no finite value of 2", Texts(Histograms.Of("empty", Tensor.Of([double.NaN, double.PositiveInfinity]))));
        Assert.Contains("−1.8E+308", Texts(Histograms.Of("extremes", Tensor.Of([double.MinValue, 0, double.MaxValue]))));
        Assert.Throws<DomainError>(() => Histograms.Of(TreeModule.empty<Tensor>()));
        Assert.Throws<DomainError>(() => Histograms.Of([("a", Tensor.Ones(3))], 1));
        Assert.Equal(2, Elements(Histograms.Of(Gallery.TreeOf(("w", Tensor.Ones(3)), ("b", Tensor.Ones(2)))), "rect").Count(e => e.Attribute("fill")!.Value == "#4f8fbf"));
    }

    [Fact]
    public void Images_keep_their_pixels()
    {
        var image = Decoded.Of(ImageGrid.Of(Gallery.Images, columns: 2).Png(780));
        // Two cells of 128 pixels, 8 apart, in the middle: each pixel of an image is 64 wide.
        var left = (780 - 2 * 128 - 8) / 2;
        int Grey(int x, int y) => image[left + x, 8 + y].Red;
        Assert.Equal([0, 255, 51, 153], [Grey(20, 20), Grey(90, 20), Grey(20, 90), Grey(90, 90)]);
        Assert.Equal([255, 0, 153, 51], [Grey(156, 20), Grey(226, 20), Grey(156, 90), Grey(226, 90)]);

        var color = Decoded.Of(ImageGrid.Of(Tensor.Of([1f, 0, 0.2f], 1, 3, 1, 1), low: 0, high: 1).Png(300));
        var middle = color[150, 70];
        Assert.Equal((255, 0, 51), (middle.Red, middle.Green, middle.Blue));
        Assert.Equal(["first", "second"], Texts(Make("images")));
    }

    [Fact]
    public void Images_that_do_not_fit_are_refused()
    {
        Assert.Throws<ShapeError>(() => ImageGrid.Of(Tensor.Ones(4, 4)));
        Assert.Throws<ShapeError>(() => ImageGrid.Of(Tensor.Ones(4, 2, 4, 4)));
        Assert.Throws<ShapeError>(() => ImageGrid.Of(Gallery.Images, labels: ["one"]));
        Assert.Throws<DomainError>(() => ImageGrid.Of(Tensor.Ones(401, 2, 2)));
        Assert.Throws<DomainError>(() => ImageGrid.Of(Tensor.Of([double.NaN], 1, 1, 1)));
        Assert.Throws<DomainError>(() => ImageGrid.Of(Gallery.Images, low: 1, high: 0));
        Assert.Throws<DomainError>(() => ImageGrid.Of(Gallery.Images, columns: -1));
    }

    [Fact]
    public void Attention_is_shaded_by_its_weight()
    {
        var figure = AttentionMap.Of(Tensor.Of([0.0, 1, 0.5, 0.5], 2, 2), ["a", "b"], ["c", "d"]);
        Assert.Equal(["a", "b", "c", "d", "white 0, darkest 1"], Texts(figure));
        var map = Convert.FromBase64String(Elements(figure, "image")[0].Attribute("href")!.Value.Split(',')[1]);
        var image = Decoded.Of(map);
        string Hex(int x, int y) => Decoded.Hex(image[x, y]);
        Assert.Equal(["#F4F7FB", "#08306B", "#6BAED6", "#6BAED6"], [Hex(10, 10), Hex(300, 10), Hex(10, 300), Hex(300, 300)]);

        var inSpanish = AttentionMap.Of(Tensor.Ones(2, 1, 1), ["a"], head: "cabeza", white: "blanco", darkest: "lo más oscuro");
        Assert.Equal(["cabeza 1", "a", "a", "cabeza 2", "a", "a", "blanco 0, lo más oscuro 1"], Texts(inSpanish));

        var heads = Texts(Make("attention"));
        Assert.Contains("head 2", heads);
        Assert.Equal(4, heads.Count(t => t == "cat"));
    }

    [Fact]
    public void Attention_that_does_not_fit_is_refused()
    {
        Assert.Throws<ShapeError>(() => AttentionMap.Of(Tensor.Ones(4), ["a"]));
        Assert.Throws<ShapeError>(() => AttentionMap.Of(Tensor.Ones(2, 3), ["a", "b"]));
        Assert.Throws<DomainError>(() => AttentionMap.Of(Tensor.Of([-1.0], 1, 1), ["a"]));
        Assert.Throws<DomainError>(() => AttentionMap.Of(Tensor.Ones(65, 1, 1), ["a"]));
    }

    [Fact]
    public void Regions_are_coloured_by_the_class_of_each_place()
    {
        // Class 1 above, class 0 below: half of the plane each.
        var points = Tensor.Of([-1.0, -1, 1, 1], 2, 2);
        var figure = DecisionRegions.Of(points, Tensor.Of([0, 1]), x => Tensor.Of([.. x.ToDoubles().Where((_, i) => i % 2 == 1)]), xLabel: "width", yLabel: "height");
        Assert.Contains("width", Texts(figure));
        Assert.Contains("height", Texts(figure));
        var image = Decoded.Of(figure.Png(780));
        var low = image[500, 350];
        var high = image[300, 60];
        Assert.True(low.Blue > low.Red + 20, $"blue below, not {low}");
        Assert.True(high.Red > high.Blue + 20, $"vermilion above, not {high}");
    }

    [Fact]
    public void Regions_of_what_does_not_fit_are_refused()
    {
        var (points, labels) = (Gallery.Points, Gallery.Sides);
        Assert.Throws<ShapeError>(() => DecisionRegions.Of(Tensor.Ones(3, 3), Tensor.Of([0, 0, 0]), Gallery.Sure));
        Assert.Throws<ShapeError>(() => DecisionRegions.Of(points, Tensor.Of([0, 1]), Gallery.Sure));
        Assert.Throws<ShapeError>(() => DecisionRegions.Of(points, labels, _ => Tensor.Ones(3, 2)));
        Assert.Throws<ShapeError>(() => DecisionRegions.Of(points, labels, Gallery.Sure, names: ["one"]));
        Assert.Throws<DomainError>(() => DecisionRegions.Of(Tensor.Of([double.NaN, 1], 1, 2), Tensor.Of([0]), Gallery.Sure));
        Assert.Throws<DomainError>(() => DecisionRegions.Of(points, labels, x => Tensor.Full(DType.F64, double.NaN, x.Shape[0], 2)));
    }

    [Fact]
    public void A_graph_is_drawn_as_a_picture_too()
    {
        Expr a = Expr.Symbol("a"), b = Expr.Symbol("b");
        var y = (a + b) * (b - a);
        Assert.Equal(XDocument.Parse(GraphSvg.Draw(y)).Descendants().Select(e => e.Value), XDocument.Parse(GraphPicture.Of(y).Svg(400)).Descendants().Select(e => e.Value));
        var image = Decoded.Of(GraphPicture.Of([a + b, y]).Png(600));
        Assert.Contains(image.Pixels, p => Decoded.Hex(p.Color) == "#FDECCB");
        Assert.Contains("= 3", Texts(GraphPicture.Of(y.Explain([("Y", y)], ("a", 1.0), ("b", 2.0)))).Single(t => t.StartsWith('Y')));
    }

    [Fact]
    public void A_descent_is_an_svg_too()
    {
        var svg = DescentPicture.Svg(View.Map, 640, 480, [Trail.Of("SGD <1>", [(1.5, 1.0), (0.5, 0.2)])], Surface.HillsAndBasins);
        var root = XDocument.Parse(svg).Root!;
        Assert.Equal("0 0 640 480", root.Attribute("viewBox")!.Value);
        Assert.Contains(root.Descendants(), e => e.Name.LocalName == "text" && e.Value == "SGD <1>");
        Assert.Contains(root.Descendants(), e => e.Name.LocalName == "path");
    }

    [Fact]
    public void A_grid_has_its_figures_side_by_side_and_one_below_the_other_on_a_phone()
    {
        var one = Figure.Of(Plot.Titled("one").Line("", [1, 2, 3]));
        var two = Figure.Of(Plot.Titled("two").Line("", [3, 2, 1]));
        var three = HeatMap.Of(Tensor.Ones(2, 2)).Titled("three");
        var grid = Figure.Grid(2, [one, two, three]).Titled("all");
        double Height(Figure figure, int width) => double.Parse(
            XDocument.Parse(figure.Svg(width)).Root!.Attribute("viewBox")!.Value.Split(' ')[3], CultureInfo.InvariantCulture);

        Assert.Equal(34 + Height(one, 390) + Height(three, 390), Height(grid, 780), 1);
        Assert.Equal(34 + Height(one, 338) + Height(two, 338) + Height(three, 338), Height(grid, 338), 1);
        Assert.Equal(["all", "one", "two", "three"], Texts(grid).Where(text => text is "all" or "one" or "two" or "three"));
        var ids = XDocument.Parse(grid.Svg(780)).Descendants().Select(e => e.Attribute("id")?.Value).OfType<string>().ToList();
        Assert.Equal(ids.Distinct(), ids);
        // A plot does not follow the reader's theme, so nothing beside it does.
        Assert.DoesNotContain("prefers-color-scheme", grid.Svg(780));
        Assert.Contains("prefers-color-scheme", Figure.Grid(2, [three, three]).Svg(780));
        Assert.Throws<DomainError>(() => Figure.Grid(0, [one]));
        Assert.Throws<DomainError>(() => Figure.Grid(7, [one]));
        Assert.Throws<DomainError>(() => Figure.Grid(2, []));
    }

    [Fact]
    public void A_surface_names_its_axes()
    {
        var bowl = Surface.Over(-1, 1, -1, 1, (x, y) => x * x + y * y).Labels("slope", "intercept");
        byte[] Drawn(View view, Surface surface) => DescentPicture.Png(view, 400, 300, [Trail.Of("", [(0.0, 0.0)])], surface);
        foreach (var view in new[] { View.Map, View.Landscape })
        {
            Assert.NotEqual(Drawn(view, bowl), Drawn(view, bowl.Labels("x", "y")));
            Assert.Equal(Drawn(view, bowl.Labels("x", "y")), Drawn(view, Surface.Over(-1, 1, -1, 1, (x, y) => x * x + y * y)));
        }

        Assert.Equal("x", Surface.HillsAndBasins.XLabel);
    }
}
