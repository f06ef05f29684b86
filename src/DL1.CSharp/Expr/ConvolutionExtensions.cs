namespace DL1;

/// <summary>
/// Convolutions and poolings over data <c>[batch; channels; spatial...]</c> of one or two spatial axes. Options of one
/// number serve all spatial axes.
/// </summary>
public static class ConvolutionExtensions
{
    extension(Expr x)
    {
        /// <summary>The convolution (cross-correlation) with weights <c>[out; in / groups; kernel...]</c>.</summary>
        /// <param name="weights"><c>[out; in / groups; kernel...]</c>, of the type of the data.</param>
        /// <param name="stride">From one place of the kernel to the next along each spatial axis, 1 or more.</param>
        /// <param name="padding">Zeros put on both sides of each spatial axis, 0 or more.</param>
        /// <param name="dilation">From one element of the kernel to the next, 1 or more; 1 leaves no gaps.</param>
        /// <param name="groups">
        /// Groups that the channels fall into, each convolved apart; they divide the channels that go in and those that come
        /// out.
        /// </param>
        /// <exception cref="ShapeError">Channels, groups or extents do not fit.</exception>
        /// <example><code>var y = images.Conv(w, padding: 1).AddBias(b);</code></example>
        public Expr Conv(Expr weights, int stride = 1, int padding = 0, int dilation = 1, int groups = 1) =>
            Convolution.conv(Interop.Window(stride, padding, dilation, groups), x, weights);

        /// <summary>
        /// <c>Conv</c> with the zeros around that make each extent of the result <c>extent / stride</c>, rounded up; an odd zero
        /// stands at the end.
        /// </summary>
        /// <param name="weights"><c>[out; in / groups; kernel...]</c>, of the type of the data.</param>
        /// <param name="stride">From one place of the kernel to the next along each spatial axis, 1 or more.</param>
        /// <param name="dilation">From one element of the kernel to the next, 1 or more; 1 leaves no gaps.</param>
        /// <param name="groups">
        /// Groups that the channels fall into, each convolved apart; they divide the channels that go in and those that come
        /// out.
        /// </param>
        /// <exception cref="ShapeError">Channels, groups or extents do not fit.</exception>
        /// <exception cref="DomainError">A number is below 1.</exception>
        /// <example><code>var y = images.ConvSame(w).AddBias(b);</code></example>
        public Expr ConvSame(Expr weights, int stride = 1, int dilation = 1, int groups = 1) =>
            Convolution.convSame(Interop.Window(stride, 0, dilation, groups), x, weights);

        /// <summary>The transposed convolution with weights <c>[in; out / groups; kernel...]</c>.</summary>
        /// <param name="weights"><c>[in; out / groups; kernel...]</c>, of the type of the data.</param>
        /// <param name="stride">From one place of the kernel to the next along each spatial axis, 1 or more.</param>
        /// <param name="padding">Zeros put on both sides of each spatial axis, 0 or more.</param>
        /// <param name="outputPadding">
        /// How much longer each spatial axis of the result is at its end: 0 or more, below the larger of stride and dilation.
        /// </param>
        /// <param name="dilation">From one element of the kernel to the next, 1 or more; 1 leaves no gaps.</param>
        /// <param name="groups">
        /// Groups that the channels fall into, each convolved apart; they divide the channels that go in and those that come
        /// out.
        /// </param>
        /// <exception cref="ShapeError">Channels, groups or extents do not fit.</exception>
        /// <example><code>var larger = x.ConvTranspose(w, stride: 2, padding: 1, outputPadding: 1);</code></example>
        public Expr ConvTranspose(
            Expr weights, int stride = 1, int padding = 0, int outputPadding = 0, int dilation = 1, int groups = 1) =>
            Convolution.convTranspose(
                Interop.Window(stride, padding, dilation, groups), Interop.List([outputPadding]), x, weights);

        /// <summary>The maximum of each window; the stride is the kernel unless given.</summary>
        /// <param name="kernel">The extent of the window along each spatial axis, 1 or more.</param>
        /// <param name="stride">From one window to the next: the kernel, unless given.</param>
        /// <param name="padding">
        /// Places put on both sides of each spatial axis, 0 or more and below the window; no maximum is taken from them.
        /// </param>
        /// <param name="dilation">From one element of the kernel to the next, 1 or more; 1 leaves no gaps.</param>
        /// <exception cref="ShapeError">
        /// The data are not <c>[batch; channels; spatial...]</c>, or the window does not fit into them.
        /// </exception>
        /// <exception cref="DomainError">A number is below 1, or the padding is below 0 or not below the window.</exception>
        /// <example><code>var half = x.MaxPool(2);</code></example>
        public Expr MaxPool(int kernel, int? stride = null, int padding = 0, int dilation = 1) =>
            Convolution.maxPool(Interop.List([kernel]), Interop.Window(stride, padding, dilation, 1), x);

        /// <summary>The mean of each window, padding counted as zeros; the stride is the kernel unless given.</summary>
        /// <param name="kernel">The extent of the window along each spatial axis, 1 or more.</param>
        /// <param name="stride">From one window to the next: the kernel, unless given.</param>
        /// <param name="padding">Zeros put on both sides of each spatial axis, 0 or more and below the window.</param>
        /// <exception cref="ShapeError">
        /// The data are not <c>[batch; channels; spatial...]</c>, or the window does not fit into them.
        /// </exception>
        /// <exception cref="DomainError">A number is below 1, or the padding is below 0 or not below the window.</exception>
        /// <example><code>var half = x.AvgPool(2);</code></example>
        public Expr AvgPool(int kernel, int? stride = null, int padding = 0) =>
            Convolution.avgPool(Interop.List([kernel]), Interop.Window(stride, padding, 1, 1), x);

        /// <summary>Adds a bias <c>[channels]</c>.</summary>
        /// <param name="bias"><c>[channels]</c>, one number for each channel of <c>[batch; channels; ...]</c>.</param>
        /// <exception cref="ShapeError">The bias is not <c>[channels]</c>, or of another type than the data.</exception>
        /// <example><code>var y = images.Conv(w).AddBias(b);</code></example>
        public Expr AddBias(Expr bias) => Convolution.addBias(bias, x);
    }
}
