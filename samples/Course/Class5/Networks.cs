using DL1;
using DL1.Data;
using static DL1.Functions;

namespace Course;

/// <summary>What the lessons of class 5 share: images of Fashion-MNIST, LeNet, and maps as pictures.</summary>
internal static class Networks
{
    #region data
    /// <summary>Images [rows; 1; 28; 28] to learn from, to choose by, and for the test; all of Fashion-MNIST where its folder is given.</summary>
    public static (Dataset Train, Dataset Validation, Dataset Test) Images(Chapter c)
    {
        var (whole, test) = c.Data is { } folder ? Datasets.FashionMnist(folder) : Datasets.FashionMnistSmall();
        var (train, validation) = whole.MapInputs(rows => rows.Reshape(-1, 1, 28, 28)).Split(5.0 / 6, seed: 1, stratified: true);
        test = test.MapInputs(rows => rows.Reshape(-1, 1, 28, 28));
        return c.Brief ? (train.Take(300), validation.Take(100), test.Take(100)) : (train, validation, test);
    }
    #endregion

    #region lenet
    /// <summary>LeNet-5 (LeCun et al., 1998) with ReLU and the maximum in its poolings, as it is built today.</summary>
    public static Layer<Expr, Expr> LeNet() => Model.Sequential(
        Layers.Conv2d(6, 5, padding: 2), Layers.Relu(), Layers.MaxPool(2),
        Layers.Conv2d(16, 5), Layers.Relu(), Layers.MaxPool(2),
        Layers.Flatten(), Layers.Linear(120), Layers.Relu(), Layers.Linear(84), Layers.Relu(), Layers.Linear(10));
    #endregion

    /// <summary>Maps for a picture: 0 as middle grey, each map divided by its greatest magnitude.</summary>
    public static Tensor Shades(Tensor maps) => maps.Compute(m => 0.5 + m / (2 * Abs(m).Max(true, 2, 3) + 1e-12));

    private static Expr Scaled(Expr maps) => maps / (maps.Max(true, 1, 2, 3) + 1e-9);

    /// <summary>Maps of one channel as images of three: each from black at 0 to white at its maximum.</summary>
    public static Tensor Greys(Tensor maps) => maps.Compute(m => Scaled(m) * Expr.Constant(Tensor.Ones(1, 3, 1, 1)));

    /// <summary>Images under maps in orange.</summary>
    public static Tensor Tinted(Tensor images, Tensor maps) => images.Compute(maps, (x, m) =>
        (1 - 0.75 * Scaled(m)) * x + 0.75 * Scaled(m) * Expr.Constant(Tensor.Of([1f, 0.45f, 0f], 1, 3, 1, 1)));

    /// <summary>The numbers of the first images of some classes.</summary>
    public static int[] FirstOf(Dataset images, params int[] classes)
    {
        var labels = images.Targets.ToDoubles();
        return [.. classes.Select(label => Array.IndexOf(labels, label))];
    }
}
