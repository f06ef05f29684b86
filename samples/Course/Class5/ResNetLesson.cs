using DL1;
using DL1.Data;
using DL1.Pictures;

namespace Course;

/// <summary>Depth without and with shortcuts: gradients by layer and training curves; and a residual network with and without augmentation.</summary>
internal static class ResNetLesson
{
    #region network
    // Two convolutions with batch norm; beside them, where there is a shortcut, what came in (He et al., 2016).
    private static Layer<Expr, Expr> Block(int channels, bool hasShortcut, int stride = 1)
    {
        var branch = Model.Sequential(
            Layers.Conv2d(channels, 3, stride, padding: 1, bias: false), Layers.BatchNorm(), Layers.Relu(),
            Layers.Conv2d(channels, 3, padding: 1, bias: false), Layers.BatchNorm());
        var shortcut = stride == 1 ? Layers.Identity() : Layers.Conv2d(channels, 1, stride, bias: false).Then(Layers.BatchNorm());
        return Model.Sequential(hasShortcut ? Layers.ResidualWith(shortcut, branch) : branch, Layers.Relu()).Block();
    }

    // Maps of 14 by 14, then half as many in each direction and twice as many channels.
    private static Layer<Expr, Expr> Network(int blocks, int channels, bool hasShortcut) => Model.Sequential(
    [
        Layers.Conv2d(channels, 3, stride: 2, padding: 1, bias: false), Layers.BatchNorm(), Layers.Relu(),
        .. Enumerable.Range(0, blocks).Select(_ => Block(channels, hasShortcut)),
        .. Enumerable.Range(0, blocks).Select(i => Block(2 * channels, hasShortcut, stride: i == 0 ? 2 : 1)),
        Layers.AdaptiveAveragePool(1), Layers.Flatten(), Layers.Linear(10),
    ]);
    #endregion

    public static void Run(Chapter c)
    {
        var (train, validation, test) = Networks.Images(c);
        var few = train.Take(c.Brief ? 64 : 1500);
        int[] depths = c.Brief ? [1] : [1, 3, 6, 10];
        int Layered(int blocks) => 4 * blocks + 2;
        TrainingResult Trained(int blocks, bool hasShortcut) => Network(blocks, 8, hasShortcut).Learner(Losses.CrossEntropy, Optimizers.Adam(2e-3)).Fit(
            few, new TrainingOptions(Epochs: c.Brief ? 1 : 6, BatchSize: 50, Seed: 1, Validation: validation, WatchGradients: true));

        foreach (var hasShortcut in new[] { false, true })
            foreach (var depth in depths)
            {
                var watch = System.Diagnostics.Stopwatch.StartNew();
                var r = Trained(depth, hasShortcut);
                Console.WriteLine($"{hasShortcut} {Layered(depth)} {watch.Elapsed.TotalSeconds:0.0} {string.Join(" ", r.History.Select(e => $"{e.Loss:0.000}/{e.ValidationLoss:0.000}"))}");
                Console.WriteLine("   " + string.Join(" ", r.History[0].Gradients.Where(g => g.Key.EndsWith("weight") && r.Trained.Parameters[g.Key].Shape.Count() == 4).Select(g => $"{g.Value:0.000}")));
            }
    }
}
