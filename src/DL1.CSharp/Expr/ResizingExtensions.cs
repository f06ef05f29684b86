namespace DL1;

/// <summary>
/// Padding by the elements that are there, other extents, and windows at edges, over data
/// <c>[batch; channels; spatial...]</c>, from C#.
/// </summary>
public static class ResizingExtensions
{
    extension(Expr x)
    {
        /// <summary>The first and the last element of each axis repeated: one number before and one after for each axis.</summary>
        /// <param name="before">How many elements are put before those of each axis, 0 or more: one number for each.</param>
        /// <param name="after">How many elements are put after those of each axis, 0 or more: one number for each.</param>
        /// <exception cref="ShapeError">A number below 0, or no element to repeat.</exception>
        /// <example><code>var framed = images.PadEdge([0, 0, 1, 1], [0, 0, 1, 1]);</code></example>
        public Expr PadEdge(IEnumerable<int> before, IEnumerable<int> after) =>
            Padding.edge(Interop.List(before), Interop.List(after), x);

        /// <summary>The elements of each axis turned around at its ends, which are not repeated.</summary>
        /// <param name="before">How many elements are put before those of each axis, 0 or more: one number for each.</param>
        /// <param name="after">How many elements are put after those of each axis, 0 or more: one number for each.</param>
        /// <exception cref="ShapeError">A number below 0, or no element to repeat.</exception>
        /// <example><code>var mirrored = images.PadReflect([0, 0, 1, 1], [0, 0, 1, 1]);</code></example>
        public Expr PadReflect(IEnumerable<int> before, IEnumerable<int> after) =>
            Padding.reflect(Interop.List(before), Interop.List(after), x);

        /// <summary>The elements of each axis repeated as on a ring.</summary>
        /// <param name="before">How many elements are put before those of each axis, 0 or more: one number for each.</param>
        /// <param name="after">How many elements are put after those of each axis, 0 or more: one number for each.</param>
        /// <exception cref="ShapeError">A number below 0, or no element to repeat.</exception>
        /// <example><code>var ring = images.PadWrap([0, 0, 1, 1], [0, 0, 1, 1]);</code></example>
        public Expr PadWrap(IEnumerable<int> before, IEnumerable<int> after) =>
            Padding.wrap(Interop.List(before), Interop.List(after), x);

        /// <summary>Other spatial extents, each element from the nearest place below: one extent for all axes, or one for each.</summary>
        /// <param name="size">The spatial extents of the result, 1 or more.</param>
        /// <exception cref="DomainError">An extent below 1.</exception>
        /// <exception cref="ShapeError">The extents are not one for all spatial axes, or one for each.</exception>
        /// <example><code>var larger = images.ResizeNearest(8);</code></example>
        public Expr ResizeNearest(params int[] size) => Resize.nearest(Interop.List(size), x);

        /// <summary>Other spatial extents by straight lines between neighbours, bilinear for images.</summary>
        /// <param name="size">One extent for all axes, or one for each.</param>
        /// <param name="alignCorners">Whether the middles of the first and last elements stay where they are.</param>
        /// <exception cref="DomainError">An extent below 1.</exception>
        /// <exception cref="ShapeError">
        /// The extents are not one for all spatial axes, or one for each; or the elements are not of f32 or f64.
        /// </exception>
        /// <example><code>var smooth = images.ResizeLinear([8, 6]);</code></example>
        public Expr ResizeLinear(IEnumerable<int> size, bool alignCorners = false) =>
            Resize.linear(alignCorners, Interop.List(size), x);

        /// <summary>Channels as parts of larger images: <c>[batch; channels·r²; height; width]</c> to <c>[batch; channels; height·r; width·r]</c>.</summary>
        /// <param name="factor">The factor r of height and width, 1 or more; r² divides the channels.</param>
        /// <exception cref="ShapeError">Channels that r² does not divide.</exception>
        /// <exception cref="DomainError">The factor is below 1.</exception>
        /// <example><code>var shuffled = images.PixelShuffle(2);</code></example>
        public Expr PixelShuffle(int factor) => Resize.pixelShuffle(factor, x);

        /// <summary>The inverse of <c>PixelShuffle</c>.</summary>
        /// <param name="factor">The factor r by which height and width are divided, 1 or more.</param>
        /// <exception cref="ShapeError">Height or width that the factor does not divide.</exception>
        /// <exception cref="DomainError">The factor is below 1.</exception>
        /// <example><code>var back = shuffled.PixelUnshuffle(2);</code></example>
        public Expr PixelUnshuffle(int factor) => Resize.pixelUnshuffle(factor, x);

        /// <summary>Each window's elements as a column: <c>[batch; channels·kernel²; places]</c>.</summary>
        /// <param name="kernel">The extent of the window along height and width, 1 or more.</param>
        /// <param name="stride">From one window to the next, 1 or more.</param>
        /// <param name="padding">Zeros put on both sides of each spatial axis, 0 or more.</param>
        /// <param name="dilation">From one element of the kernel to the next, 1 or more; 1 leaves no gaps.</param>
        /// <exception cref="ShapeError">
        /// The data are not <c>[batch; channels; height; width]</c> or <c>[batch; channels; length]</c>, or no window fits.
        /// </exception>
        /// <example><code>var columns = images.Unfold(2);</code></example>
        public Expr Unfold(int kernel, int stride = 1, int padding = 0, int dilation = 1) =>
            Windowed.unfold(Interop.List([kernel]), Interop.Window(stride, padding, dilation, 1), x);

        /// <summary>The maximum of each window, and its place among the data of its channel in row-major order, i64.</summary>
        /// <param name="kernel">The extent of the window along each spatial axis, 1 or more.</param>
        /// <param name="stride">From one window to the next: the kernel, unless given.</param>
        /// <param name="padding">
        /// Places put on both sides of each spatial axis, 0 or more and below the window; no maximum is taken from them.
        /// </param>
        /// <exception cref="ShapeError">
        /// The data are not <c>[batch; channels; spatial...]</c>, or the window does not fit into them.
        /// </exception>
        /// <exception cref="DomainError">A number is below 1, or the padding is below 0 or not below the window.</exception>
        /// <example><code>var (maxima, spots) = images.MaxPoolWithPlaces(2);</code></example>
        public (Expr Values, Expr Places) MaxPoolWithPlaces(int kernel, int? stride = null, int padding = 0) =>
            Windowed.maxWithPlaces(Interop.List([kernel]), Interop.Window(stride, padding, 1, 1), x).ToValueTuple();

        /// <summary>Zeros of these spatial extents with each of these values at its place: the inverse of <c>MaxPoolWithPlaces</c> for windows that do not overlap.</summary>
        /// <param name="places">The places that <c>MaxPoolWithPlaces</c> has given, of the shape of the values.</param>
        /// <param name="spatial">The spatial extents of the result.</param>
        /// <exception cref="ShapeError">Values and places of different shapes.</exception>
        /// <example><code>var sparse = maxima.MaxUnpool(spots, 4, 4);</code></example>
        public Expr MaxUnpool(Expr places, params int[] spatial) => Windowed.unpool(Interop.List(spatial), places, x);

        /// <summary>The maximum of each window, with a last one that reaches beyond the data where it begins inside (PyTorch's <c>ceil_mode</c>).</summary>
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
        /// <example><code>var all = images.MaxPoolCeiling(3);</code></example>
        public Expr MaxPoolCeiling(int kernel, int? stride = null, int padding = 0, int dilation = 1) =>
            Windowed.max(new PoolingEdges(true, true), Interop.List([kernel]), Interop.Window(stride, padding, dilation, 1), x);

        /// <summary>The mean of each window.</summary>
        /// <param name="kernel">The window's extent.</param>
        /// <param name="ceiling">Whether there is a last window that reaches beyond the data where it begins inside.</param>
        /// <param name="countsPadding">Whether the zeros of the padding are counted.</param>
        /// <param name="stride">From window to window: the kernel unless given.</param>
        /// <param name="padding">Zeros on both sides.</param>
        /// <exception cref="ShapeError">
        /// The data are not <c>[batch; channels; spatial...]</c>, or the window does not fit into them.
        /// </exception>
        /// <exception cref="DomainError">A number is below 1, or the padding is below 0 or not below the window.</exception>
        /// <example><code>var inner = images.AvgPoolEdges(3, ceiling: false, countsPadding: false, stride: 1, padding: 1);</code></example>
        public Expr AvgPoolEdges(int kernel, bool ceiling, bool countsPadding, int? stride = null, int padding = 0) =>
            Windowed.average(new PoolingEdges(ceiling, countsPadding), Interop.List([kernel]), Interop.Window(stride, padding, 1, 1), x);

        /// <summary>The maximum of each window, padded so that extents are <c>extent / stride</c>, rounded up; the stride is 1 unless given.</summary>
        /// <param name="kernel">The extent of the window along each spatial axis, 1 or more.</param>
        /// <param name="stride">From one window to the next, 1 or more.</param>
        /// <param name="dilation">From one element of the kernel to the next, 1 or more; 1 leaves no gaps.</param>
        /// <exception cref="ShapeError">The data are not <c>[batch; channels; spatial...]</c>.</exception>
        /// <exception cref="DomainError">A number is below 1.</exception>
        /// <example><code>var dilated = images.MaxPoolSame(3);</code></example>
        public Expr MaxPoolSame(int kernel, int stride = 1, int dilation = 1) =>
            Windowed.maxSame(Interop.List([kernel]), Interop.Window(stride, 0, dilation, 1), x);

        /// <summary>The mean of each window over the elements that are there, padded so that extents are <c>extent / stride</c>, rounded up; the stride is 1 unless given.</summary>
        /// <param name="kernel">The extent of the window along each spatial axis, 1 or more.</param>
        /// <param name="stride">From one window to the next, 1 or more.</param>
        /// <exception cref="ShapeError">The data are not <c>[batch; channels; spatial...]</c>.</exception>
        /// <exception cref="DomainError">A number is below 1.</exception>
        /// <example><code>var blurred = images.AvgPoolSame(3);</code></example>
        public Expr AvgPoolSame(int kernel, int stride = 1) =>
            Windowed.averageSame(Interop.List([kernel]), Interop.Window(stride, 0, 1, 1), x);

        /// <summary>Puts a value before, after and between the elements of each axis; negative edges crop.</summary>
        /// <param name="value">What is put there.</param>
        /// <param name="edges">
        /// For each axis how many elements are put before, after and between its elements; below 0 before and after crop.
        /// </param>
        /// <exception cref="ShapeError">Edges are not one for each axis.</exception>
        /// <example><code>var spaced = rows.PadBetween(0, (0, 0, 0), (1, 1, 2));</code></example>
        public Expr PadBetween(double value, params (int Before, int After, int Between)[] edges) =>
            ExprModule.padWith(Interop.List(edges.Select(edge => new Edge(edge.Before, edge.After, edge.Between))), value, x);
    }
}
