namespace DL1;

/// <content>Normalisations: data less its mean over its deviation, then scaled and shifted by what is learnt.</content>
public static partial class Layers
{
    /// <summary>
    /// Each feature of <c>[batch; features]</c>, or channel of <c>[batch; channels; length]</c> or <c>[batch; channels; height;
    /// width]</c>, normalised over the batch; in inference by running statistics (Ioffe and Szegedy 2015). Parameters
    /// <c>weight</c> and <c>bias</c>, state <c>running_mean</c>, <c>running_var</c>, <c>num_batches_tracked</c>.
    /// </summary>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <param name="momentum">The part that running statistics move towards those of each batch.</param>
    /// <param name="affine">Whether a scale and a shift are learnt.</param>
    /// <param name="tracking">
    /// Which statistics are kept for inference: a moving average unless given, the average of all batches so far
    /// (<c>NormTracking.Cumulative</c>), or none (<c>NormTracking.Off</c>), so that inference goes by its own batch.
    /// </param>
    /// <exception cref="DomainError">An epsilon or a momentum is out of range.</exception>
    /// <example><code>Layers.BatchNorm()</code></example>
    /// <example><code>Layers.BatchNorm(tracking: NormTracking.Cumulative)</code></example>
    public static Layer<Expr, Expr> BatchNorm(
        double epsilon = 1e-5, double momentum = 0.1, bool affine = true, NormTracking? tracking = null)
    {
        var options = new NormOptions(epsilon, momentum, affine);
        if (tracking is { } kept)
        {
            return Norm.batchNormTracking(kept, options);
        }

        Layer<Expr, Expr> rows = Norm.batchNorm1dWith(options), images = Norm.batchNorm2dWith(options);
        return new Layer<Expr, Expr>(1, Interop.List(["BatchNorm"]), Interop.Function<RowPlace, Expr, Expr>((place, x) =>
            (x.Shape.Rank == 4 ? images : rows).Run.Invoke(place).Invoke(x)));
    }

    /// <summary>
    /// Each channel of each example of <c>[batch; channels; spatial...]</c> normalised over its places (Ulyanov et al. 2016).
    /// With <paramref name="affine"/>, parameters <c>weight</c> and <c>bias</c>; with tracking, the statistics of training
    /// replace those of the example in inference.
    /// </summary>
    /// <param name="epsilon">What is added to the variance, above 0.</param>
    /// <param name="momentum">The part that running statistics move towards those of each batch: above 0, at most 1.</param>
    /// <param name="affine">Whether a scale and a shift for each channel are learnt.</param>
    /// <param name="tracking">
    /// Which statistics of training are kept for inference: a moving average, the plain average, or, unless given, none.
    /// </param>
    /// <exception cref="DomainError">An epsilon or a momentum is out of range.</exception>
    /// <example><code>Layers.InstanceNorm()</code></example>
    public static Layer<Expr, Expr> InstanceNorm(
        double epsilon = 1e-5, double momentum = 0.1, bool affine = false, NormTracking? tracking = null) =>
        Norm.instanceNormTracking(tracking ?? NormTracking.Off, new NormOptions(epsilon, momentum, affine));

    /// <summary>
    /// The last axes of each example normalised, one of them unless more are named (Ba et al. 2016). Parameters <c>weight</c>
    /// and <c>bias</c> of their extents; without <paramref name="bias"/> only the scale.
    /// </summary>
    /// <param name="axes">How many axes, from the last, are normalised together, 1 or more.</param>
    /// <param name="epsilon">What is added to the variance, above 0.</param>
    /// <param name="affine">Whether a scale and a shift are learnt.</param>
    /// <param name="bias">Whether a shift is learnt beside the scale.</param>
    /// <exception cref="DomainError">Epsilon is not above 0 and finite, or there are no axes.</exception>
    /// <example><code>Layers.LayerNorm()</code></example>
    public static Layer<Expr, Expr> LayerNorm(
        int axes = 1, double epsilon = 1e-5, bool affine = true, bool bias = true) =>
        bias
            ? Norm.layerNormWith(new NormOptions(epsilon, 0.1, affine), axes)
            : Norm.layerNormUnshifted(new NormOptions(epsilon, 0.1, affine), axes);

    /// <summary>
    /// Groups of channels of <c>[batch; channels; ...]</c> normalised for each example (Wu and He 2018); as many groups as
    /// channels are instance norm. Parameters <c>weight</c> and <c>bias</c> <c>[channels]</c>.
    /// </summary>
    /// <param name="groups">The number of groups, 1 or more; it divides the channels.</param>
    /// <param name="epsilon">What is added to the variance, above 0.</param>
    /// <param name="affine">Whether a scale and a shift for each channel are learnt.</param>
    /// <exception cref="DomainError">Epsilon is not above 0 and finite, or there are no groups.</exception>
    /// <example><code>Layers.GroupNorm(2)</code></example>
    public static Layer<Expr, Expr> GroupNorm(int groups, double epsilon = 1e-5, bool affine = true) =>
        Norm.groupNormWith(new NormOptions(epsilon, 0.1, affine), groups);

    /// <summary>
    /// The last axes divided by their root mean square, x/√(mean(x²) + ε)·weight (Zhang and Sennrich 2019), without
    /// subtracting the mean. Parameter <c>weight</c> of their extents.
    /// </summary>
    /// <param name="axes">How many axes, from the last.</param>
    /// <param name="epsilon">What is added to the mean square: the machine epsilon of the type unless given, as in PyTorch.</param>
    /// <exception cref="DomainError">The epsilon is not above 0.</exception>
    /// <example><code>Layers.RmsNorm()</code></example>
    public static Layer<Expr, Expr> RmsNorm(int axes = 1, double? epsilon = null) =>
        epsilon is { } given ? Norm.rmsNormWith(new NormOptions(given, 0.1, true), axes) : Norm.rmsNormOver(axes);

    /// <summary>
    /// Each element of <c>[batch; channels; spatial...]</c> divided by (k + α·mean of squares)^β over <paramref name="size"/>
    /// neighbouring channels (Krizhevsky et al. 2012); channels beyond the edges count as zeros.
    /// </summary>
    /// <param name="size">How many neighbouring channels count, 1 or more.</param>
    /// <param name="alpha">The factor α of the mean of squares, 0 or more.</param>
    /// <param name="beta">The power β of the divisor, 0 or more.</param>
    /// <param name="k">The number that is added to the mean of squares, above 0.</param>
    /// <exception cref="DomainError">A number is out of range.</exception>
    /// <example><code>Layers.LocalResponseNorm(5)</code></example>
    public static Layer<Expr, Expr> LocalResponseNorm(
        int size, double alpha = 1e-4, double beta = 0.75, double k = 1) =>
        Norm.localResponseWith(alpha, beta, k, size);
}
