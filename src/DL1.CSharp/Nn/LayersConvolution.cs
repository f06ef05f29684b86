namespace DL1;

/// <content>
/// Convolutions and poolings over data <c>[batch; channels; length]</c> or <c>[batch; channels; height; width]</c>. An option
/// of one number serves all spatial axes.
/// </content>
public static partial class Layers
{
    /// <summary>
    /// <paramref name="outputs"/> kernels over <c>[batch; channels; length]</c>. Parameters <c>weight</c>
    /// <c>[out; in / groups; kernel]</c> and <c>bias</c> <c>[out]</c>.
    /// </summary>
    /// <param name="outputs">Channels that come out.</param>
    /// <param name="kernel">Elements of a kernel.</param>
    /// <param name="stride">From one place of the kernel to the next.</param>
    /// <param name="padding">Zeros put on both sides.</param>
    /// <param name="dilation">From one element of the kernel to the next.</param>
    /// <param name="groups">Groups that the channels fall into, each convolved apart.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="weight">How the weight begins.</param>
    /// <param name="biasInit">How the bias begins.</param>
    /// <param name="same">
    /// Zeros are put around so that the length is <c>length / stride</c>, rounded up: with stride 1 it stays.
    /// </param>
    /// <exception cref="DomainError">Padding beside <paramref name="same"/>, or a number below 1.</exception>
    /// <example><code>Layers.Conv1d(8, 3, padding: 1)</code></example>
    public static Layer<Expr, Expr> Conv1d(
        int outputs, int kernel, int stride = 1, int padding = 0, int dilation = 1, int groups = 1,
        bool bias = true, Initializer? weight = null, Initializer? biasInit = null, bool same = false)
    {
        var window = Interop.Window(stride, padding, dilation, groups);
        return same
            ? Conv.conv1dSameWith(Parameters(bias, weight, biasInit), window, outputs, kernel)
            : Conv.conv1dWith(Parameters(bias, weight, biasInit), window, outputs, kernel);
    }

    /// <summary>
    /// <paramref name="outputs"/> square kernels over <c>[batch; channels; height; width]</c>. Parameters <c>weight</c>
    /// <c>[out; in / groups; kernel; kernel]</c> and <c>bias</c> <c>[out]</c>.
    /// </summary>
    /// <param name="outputs">Channels that come out, 1 or more.</param>
    /// <param name="kernel">The extent of the kernel along each spatial axis, 1 or more.</param>
    /// <param name="stride">From one place of the kernel to the next along each spatial axis, 1 or more.</param>
    /// <param name="padding">Zeros put on both sides of each spatial axis, 0 or more.</param>
    /// <param name="dilation">From one element of the kernel to the next, 1 or more; 1 leaves no gaps.</param>
    /// <param name="groups">
    /// Groups that the channels fall into, each convolved apart; they divide the channels that go in and those that come out.
    /// </param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="weight">How the weight begins: uniform within ±1/√fan unless given, with the fan of the inputs.</param>
    /// <param name="biasInit">How the bias begins: uniform within ±1/√fan unless given, with the fan of the inputs.</param>
    /// <param name="same">
    /// Whether zeros are put around so that extents are <c>extent / stride</c>, rounded up; <paramref name="padding"/> is then
    /// 0.
    /// </param>
    /// <exception cref="DomainError">Padding beside <paramref name="same"/>, or a number below 1.</exception>
    /// <example><code>Layers.Conv2d(32, 3, padding: 1)</code></example>
    /// <example><code>Layers.Conv2d(32, 3, same: true)</code></example>
    public static Layer<Expr, Expr> Conv2d(
        int outputs, int kernel, int stride = 1, int padding = 0, int dilation = 1, int groups = 1,
        bool bias = true, Initializer? weight = null, Initializer? biasInit = null, bool same = false) =>
        Conv2d(
            outputs, (kernel, kernel), (stride, stride), (padding, padding), (dilation, dilation), groups, bias, weight,
            biasInit, same);

    /// <summary>
    /// <paramref name="outputs"/> kernels of (height, width) over <c>[batch; channels; height; width]</c>, with options for
    /// each axis; strides and dilations are 1 unless given.
    /// </summary>
    /// <param name="outputs">Channels that come out, 1 or more.</param>
    /// <param name="kernel">The extents of a kernel, 1 or more each.</param>
    /// <param name="stride">From one place of the kernel to the next along each axis: 1 unless given.</param>
    /// <param name="padding">Zeros put on both sides of each axis, 0 or more.</param>
    /// <param name="dilation">From one element of the kernel to the next along each axis: 1 unless given.</param>
    /// <param name="groups">
    /// Groups that the channels fall into, each convolved apart; they divide the channels that go in and those that come out.
    /// </param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="weight">How the weight begins: uniform within ±1/√fan unless given, with the fan of the inputs.</param>
    /// <param name="biasInit">How the bias begins: uniform within ±1/√fan unless given, with the fan of the inputs.</param>
    /// <param name="same">
    /// Whether zeros are put around so that extents are <c>extent / stride</c>, rounded up; <paramref name="padding"/> is then
    /// 0.
    /// </param>
    /// <exception cref="DomainError">Padding beside <paramref name="same"/>, or a number below 1.</exception>
    /// <example><code>Layers.Conv2d(32, (3, 5), padding: (1, 2))</code></example>
    public static Layer<Expr, Expr> Conv2d(
        int outputs, (int Height, int Width) kernel, (int Height, int Width)? stride = null,
        (int Height, int Width) padding = default, (int Height, int Width)? dilation = null, int groups = 1,
        bool bias = true, Initializer? weight = null, Initializer? biasInit = null, bool same = false)
    {
        static IEnumerable<int> Pair((int Height, int Width) pair) => [pair.Height, pair.Width];
        var window = new WindowOptions(
            Interop.List(Pair(stride ?? (1, 1))),
            Interop.List(Pair(padding)),
            Interop.List(Pair(dilation ?? (1, 1))),
            groups);
        return same
            ? Conv.conv2dSameWith(Parameters(bias, weight, biasInit), window, outputs, Interop.List(Pair(kernel)))
            : Conv.conv2dWith(Parameters(bias, weight, biasInit), window, outputs, Interop.List(Pair(kernel)));
    }

    /// <summary>
    /// <paramref name="outputs"/> cubic kernels over <c>[batch; channels; depth; height; width]</c>. Parameters <c>weight</c>
    /// <c>[out; in / groups; kernel; kernel; kernel]</c> and <c>bias</c> <c>[out]</c>.
    /// </summary>
    /// <param name="outputs">Channels that come out, 1 or more.</param>
    /// <param name="kernel">The extent of the kernel along each spatial axis, 1 or more.</param>
    /// <param name="stride">From one place of the kernel to the next along each spatial axis, 1 or more.</param>
    /// <param name="padding">Zeros put on both sides of each spatial axis, 0 or more.</param>
    /// <param name="dilation">From one element of the kernel to the next, 1 or more; 1 leaves no gaps.</param>
    /// <param name="groups">
    /// Groups that the channels fall into, each convolved apart; they divide the channels that go in and those that come out.
    /// </param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="weight">How the weight begins: uniform within ±1/√fan unless given, with the fan of the inputs.</param>
    /// <param name="biasInit">How the bias begins: uniform within ±1/√fan unless given, with the fan of the inputs.</param>
    /// <param name="same">
    /// Whether zeros are put around so that extents are <c>extent / stride</c>, rounded up; <paramref name="padding"/> is then
    /// 0.
    /// </param>
    /// <exception cref="DomainError">Padding beside <paramref name="same"/>, or a number below 1.</exception>
    /// <example><code>Layers.Conv3d(8, 3, padding: 1)</code></example>
    public static Layer<Expr, Expr> Conv3d(
        int outputs, int kernel, int stride = 1, int padding = 0, int dilation = 1, int groups = 1,
        bool bias = true, Initializer? weight = null, Initializer? biasInit = null, bool same = false)
    {
        var window = Interop.Window(stride, padding, dilation, groups);
        return same
            ? Conv.conv3dSameWith(Parameters(bias, weight, biasInit), window, outputs, Interop.List([kernel]))
            : Conv.conv3dWith(Parameters(bias, weight, biasInit), window, outputs, Interop.List([kernel]));
    }

    /// <summary>
    /// The transposed convolution over <c>[batch; channels; length]</c>, which a stride makes longer;
    /// <paramref name="outputPadding"/> lengthens it at its end. Parameters <c>weight</c>
    /// <c>[in; out / groups; kernel]</c> and <c>bias</c> <c>[out]</c>.
    /// </summary>
    /// <param name="outputs">Channels that come out, 1 or more.</param>
    /// <param name="kernel">The extent of the kernel along each spatial axis, 1 or more.</param>
    /// <param name="stride">From one place of the kernel to the next along each spatial axis, 1 or more.</param>
    /// <param name="padding">Zeros put on both sides of each spatial axis, 0 or more.</param>
    /// <param name="outputPadding">
    /// How much longer each spatial axis of the result is at its end: 0 or more, below the larger of stride and dilation.
    /// </param>
    /// <param name="dilation">From one element of the kernel to the next, 1 or more; 1 leaves no gaps.</param>
    /// <param name="groups">
    /// Groups that the channels fall into, each convolved apart; they divide the channels that go in and those that come out.
    /// </param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="weight">How the weight begins: uniform within ±1/√fan unless given, with the fan of the inputs.</param>
    /// <param name="biasInit">How the bias begins: uniform within ±1/√fan unless given, with the fan of the inputs.</param>
    /// <exception cref="DomainError">A number is below 1, or a padding is out of its range.</exception>
    /// <example><code>Layers.ConvTranspose1d(8, 2, stride: 2)</code></example>
    public static Layer<Expr, Expr> ConvTranspose1d(
        int outputs, int kernel, int stride = 1, int padding = 0, int outputPadding = 0, int dilation = 1, int groups = 1,
        bool bias = true, Initializer? weight = null, Initializer? biasInit = null) =>
        Conv.convTranspose1dWith(
            Parameters(bias, weight, biasInit),
            Interop.Window(stride, padding, dilation, groups),
            Interop.List([outputPadding]),
            outputs,
            kernel);

    /// <summary>
    /// The transposed convolution over <c>[batch; channels; height; width]</c>, which a stride makes larger;
    /// <paramref name="outputPadding"/> lengthens it at its end. Parameters <c>weight</c>
    /// <c>[in; out / groups; kernel; kernel]</c> and <c>bias</c> <c>[out]</c>.
    /// </summary>
    /// <param name="outputs">Channels that come out, 1 or more.</param>
    /// <param name="kernel">The extent of the kernel along each spatial axis, 1 or more.</param>
    /// <param name="stride">From one place of the kernel to the next along each spatial axis, 1 or more.</param>
    /// <param name="padding">Zeros put on both sides of each spatial axis, 0 or more.</param>
    /// <param name="outputPadding">
    /// How much longer each spatial axis of the result is at its end: 0 or more, below the larger of stride and dilation.
    /// </param>
    /// <param name="dilation">From one element of the kernel to the next, 1 or more; 1 leaves no gaps.</param>
    /// <param name="groups">
    /// Groups that the channels fall into, each convolved apart; they divide the channels that go in and those that come out.
    /// </param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="weight">How the weight begins: uniform within ±1/√fan unless given, with the fan of the inputs.</param>
    /// <param name="biasInit">How the bias begins: uniform within ±1/√fan unless given, with the fan of the inputs.</param>
    /// <exception cref="DomainError">A number is below 1, or a padding is out of its range.</exception>
    /// <example><code>Layers.ConvTranspose2d(8, 2, stride: 2)</code></example>
    public static Layer<Expr, Expr> ConvTranspose2d(
        int outputs, int kernel, int stride = 1, int padding = 0, int outputPadding = 0, int dilation = 1, int groups = 1,
        bool bias = true, Initializer? weight = null, Initializer? biasInit = null) =>
        Conv.convTranspose2dWith(
            Parameters(bias, weight, biasInit),
            Interop.Window(stride, padding, dilation, groups),
            Interop.List([outputPadding]),
            outputs,
            Interop.List([kernel]));

    /// <summary>
    /// The maximum of each window; the stride is the kernel unless given. With <paramref name="same"/> extents are
    /// <c>extent / stride</c>, rounded up.
    /// </summary>
    /// <param name="kernel">The extent of the window along each spatial axis, 1 or more.</param>
    /// <param name="stride">From one window to the next: the kernel, unless given.</param>
    /// <param name="padding">
    /// Places put on both sides of each spatial axis, 0 or more and below the window; no maximum is taken from them.
    /// </param>
    /// <param name="dilation">From one element of the kernel to the next, 1 or more; 1 leaves no gaps.</param>
    /// <param name="same">
    /// Whether zeros are put around so that extents are <c>extent / stride</c>, rounded up; <paramref name="padding"/> is then
    /// 0.
    /// </param>
    /// <exception cref="DomainError">Padding beside <paramref name="same"/>.</exception>
    /// <example><code>Layers.MaxPool(2)</code></example>
    public static Layer<Expr, Expr> MaxPool(
        int kernel, int? stride = null, int padding = 0, int dilation = 1, bool same = false)
    {
        var window = Interop.Window(stride, padding, dilation, 1);
        return same
            ? Pooling.maxSameWith(window, Interop.List([kernel]))
            : Pooling.maxWith(window, Interop.List([kernel]));
    }

    /// <summary>
    /// The mean of each window, padding counted as zeros; the stride is the kernel unless given. With <paramref name="same"/>
    /// extents are <c>extent / stride</c>, rounded up, and padding is not counted.
    /// </summary>
    /// <param name="kernel">The extent of the window along each spatial axis, 1 or more.</param>
    /// <param name="stride">From one window to the next: the kernel, unless given.</param>
    /// <param name="padding">Zeros put on both sides of each spatial axis, 0 or more and below the window.</param>
    /// <param name="same">
    /// Whether zeros are put around so that extents are <c>extent / stride</c>, rounded up; <paramref name="padding"/> is then
    /// 0.
    /// </param>
    /// <exception cref="DomainError">Padding beside <paramref name="same"/>.</exception>
    /// <example><code>Layers.AveragePool(2)</code></example>
    public static Layer<Expr, Expr> AveragePool(int kernel, int? stride = null, int padding = 0, bool same = false)
    {
        var window = Interop.Window(stride, padding, 1, 1);
        return same
            ? Pooling.averageSameWith(window, Interop.List([kernel]))
            : Pooling.averageWith(window, Interop.List([kernel]));
    }

    /// <summary>
    /// The mean over a given number of windows, whatever the extents: one number for all spatial axes, or one for
    /// each; 1 is the mean of all.
    /// </summary>
    /// <param name="size">The windows along each spatial axis: one number for all axes, or one for each.</param>
    /// <example><code>Layers.AdaptiveAveragePool(1)</code></example>
    public static Layer<Expr, Expr> AdaptiveAveragePool(params int[] size) =>
        Pooling.adaptiveAverage(Interop.List(size));

    /// <summary>The maximum over a given number of windows, whatever the extents.</summary>
    /// <param name="size">The windows along each spatial axis: one number for all axes, or one for each.</param>
    /// <example><code>Layers.AdaptiveMaxPool(2)</code></example>
    public static Layer<Expr, Expr> AdaptiveMaxPool(params int[] size) => Pooling.adaptiveMax(Interop.List(size));

    /// <summary>Spatial extents times a whole factor, each element repeated.</summary>
    /// <param name="factor">The factor of each spatial extent, 1 or more.</param>
    /// <exception cref="DomainError">A factor below 1.</exception>
    /// <example><code>Layers.UpsampleNearest(2)</code></example>
    public static Layer<Expr, Expr> UpsampleNearest(int factor) => Upsample.nearest(factor);

    /// <summary>Spatial extents times a whole factor, by straight lines between neighbours: bilinear for images.</summary>
    /// <param name="factor">The factor of each spatial extent, 1 or more.</param>
    /// <param name="alignCorners">Whether the middles of the first and last elements stay where they are.</param>
    /// <exception cref="DomainError">A factor below 1.</exception>
    /// <example><code>Layers.UpsampleLinear(2)</code></example>
    public static Layer<Expr, Expr> UpsampleLinear(int factor, bool alignCorners = false) =>
        Upsample.linear(alignCorners, factor);

    /// <summary>Channels as parts of larger images: <c>[batch; channels·r²; height; width]</c> to <c>[batch; channels; height·r; width·r]</c> (Shi et al. 2016).</summary>
    /// <param name="factor">The factor r of height and width, 1 or more; r² divides the channels.</param>
    /// <example><code>Layers.PixelShuffle(2)</code></example>
    public static Layer<Expr, Expr> PixelShuffle(int factor) => Upsample.pixelShuffle(factor);
}
