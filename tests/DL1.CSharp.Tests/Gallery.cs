using DL1.Pictures;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace DL1.CSharp.Tests;

/// <summary>One of each picture, from small data whose values are known; and the report that holds them all.</summary>
internal static class Gallery
{
    public static readonly EpochRow[] History =
    [
        .. Enumerable.Range(1, 12).Select(e => new EpochRow(
            e, 10L * e, 2.0 / e, FSharpOption<double>.Some(2.2 / e + 0.05),
            ListModule.OfSeq([Tuple.Create("accuracy", 1 - 0.6 / e), Tuple.Create("F1", 1 - 0.8 / e)]),
            TreeOf(("0.weight", 1.0 / e), ("0.bias", 0.1 / e)),
            0.5, TreeOf(("rate", 0.1)))),
    ];

    public static readonly Tensor Target = Tensor.Of([0L, 0, 0, 1, 1, 2, 2, 2, 2, 2]);
    public static readonly Tensor Predicted = Tensor.Of([0L, 0, 1, 1, 1, 2, 2, 2, 2, 0]);
    public static readonly string[] Animals = ["cat", "dog", "a very long <name>"];

    public static readonly Tensor IsPositive = Tensor.Of([1, 1, 0, 1, 0, 0, 1, 0]);
    public static readonly Tensor Score = Tensor.Of([0.9, 0.8, 0.7, 0.6, 0.55, 0.4, 0.3, 0.1]);

    /// <summary>Two images of 2 by 2 pixels: black, white and two greys between.</summary>
    public static readonly Tensor Images = Tensor.Of([0.0, 1, 0.2, 0.6, 1, 0, 0.6, 0.2], 2, 2, 2);

    public static readonly Tensor Points = Key.OfSeed(7).Uniform(-1, 1, 60, 2);
    public static readonly Tensor Sides = Expr.Constant(Points).ArgMax().Evaluate();

    public static readonly string[] Tokens = ["the", "cat", "sat", "down"];
    public static readonly Tensor Attention = Tensor.Of(
        [.. Enumerable.Range(0, 32).Select(i => (i * 7 % 16 + 1) / 20.0)], 2, 4, 4);

    public static readonly IReadOnlyList<Trial> Trials =
        HyperSearch.Random(12, [("rate", Ranges.LogUniform(1e-4, 1e-1)), ("layer", Ranges.Among("relu", "tanh"))], seed: 1)
            .Run((setting, key) => Math.Abs(Math.Log10(setting.Number("rate")) + 2));

    public static Tree<T> TreeOf<T>(params (string Path, T Value)[] leaves) =>
        TreeModule.ofList(ListModule.OfSeq(leaves.Select(l => Tuple.Create(l.Path, l.Value))));

    /// <summary>The probabilities of the two sides of the diagonal.</summary>
    public static Tensor Sure(Tensor x) => (Expr.Constant(x) * 4).Softmax(1).Evaluate();

    private static Surface Bowl => Surface.Over(-2, 2, -2, 2, (x, y) => x * x + 3 * y * y).Titled("A bowl");
    private static Trail[] Trails => [Trail.Of("SGD", [(1.5, 1.0), (0.9, 0.4), (0.2, 0.1)])];
    private static readonly Expr A = Expr.Symbol("a"), B = Expr.Symbol("b");

    public static readonly (string Name, Func<Figure> Make)[] Figures =
    [
        ("loss", () => Figure.Of(LearningCurves.Loss(History))),
        ("metrics", () => Figure.Of(LearningCurves.Metrics(History))),
        ("gradients", () => Figure.Of(LearningCurves.Gradients(History))),
        ("fit", () => Figure.Of(Fits.Curve([0, 1, 2, 3], [1, 3.2, 4.9, 7], x => 2 * x + 1))),
        ("predictions", () => Figure.Of(Fits.Predictions(Tensor.Of([1.0, 2, 3]), Tensor.Of([1.1, 1.9, 3.2])))),
        ("regions", () => DecisionRegions.Of(Points, Sides, Sure, names: ["left", "right"])),
        ("descent", () => DescentPicture.Figure(View.Map, Trails, Bowl)),
        ("landscape", () => DescentPicture.Figure(View.Landscape, Trails, Bowl)),
        ("graph", () => GraphPicture.Of((A + B).Pow(2))),
        ("confusion", () => ConfusionMatrix.Of(Classification.confusion(Target, Predicted), Animals)),
        ("roc", () => Figure.Of(ScoreCurves.Roc(IsPositive, Score))),
        ("precision and recall", () => Figure.Of(ScoreCurves.PrecisionRecall(IsPositive, Score))),
        ("histograms", () => Histograms.Of([("uniform", Key.OfSeed(1).Uniform(0, 1, 500)), ("normal", Key.OfSeed(2).Normal(0, 1, 500)), ("one value", Tensor.Ones(4))])),
        ("images", () => ImageGrid.Of(Images, labels: ["first", "second"])),
        ("grid", () => Figure.Grid(2, [Figure.Of(LearningCurves.Loss(History)), Figure.Of(LearningCurves.Metrics(History))])),
        ("bars", () => Figure.Of(Plot.Titled("").Bars("one", [1, 3, 2]).Bars("two", [2, 1, 2]).WithNames(["a", "b", "a longer name"]))),
        ("band", () => Figure.Of(Plot.Titled("").Line("run", [1, 2, 3], [3, 2, 1]).Band("run", [1, 2, 3], [2.5, 1.5, 0.5], [4, 2.5, 1.5]).Texts([2], [2], ["here"]))),
        ("heat map", () => HeatMap.Of(Attention.Reshape(4, 8), numbers: true, xLabel: "column", yLabel: "row")),
        ("calibration", () => Figure.Of(ScoreCurves.Calibration([0.1, 0.5, 0.9], [0.2, 0.5, 0.8]))),
        ("scatter of a search", () => Figure.Of(SearchPicture.Scatter(Trials, "rate"))),
        ("parallel coordinates", () => SearchPicture.Parallel(Trials)),
        ("named images", () => ImageGrid.Of(Images, rowNames: ["row"], columnNames: ["left", "right"])),
        ("attention", () => AttentionMap.Of(Attention, Tokens)),
    ];

    public static Section Section() =>
        Figures.Aggregate(
            DL1.Pictures.Section.Titled("Every picture"),
            (section, figure) => section.Figure(figure.Make().Titled($"The picture of {figure.Name}, from known data"), $"the picture of {figure.Name}", figure.Name));
}
