namespace DL1;

/// <summary>
/// The pieces that optimizers are made of: pure transformations of updates, the gradients at first. A chain of them is an
/// optimizer: <c>Optimizers.Create</c>.
/// </summary>
public static class Transforms
{
    /// <summary>u·rate: the learning rate, or what the schedule says.</summary>
    /// <example><code>Transforms.ScaleByRate</code></example>
    public static Transform ScaleByRate => TransformModule.scaleByRate;

    /// <summary>Leaves the updates as they are.</summary>
    /// <example><code>Transforms.Identity</code></example>
    public static Transform Identity => TransformModule.identity;

    /// <summary>The update times the norm of the parameter over its own: the trust ratio of LAMB (You et al. 2020).</summary>
    /// <example><code>Transforms.ScaleByTrustRatio</code></example>
    public static Transform ScaleByTrustRatio => TransformModule.scaleByTrustRatio;

    /// <summary>u·factor.</summary>
    /// <param name="factor">What updates are multiplied by.</param>
    /// <example><code>Transforms.Scale(0.5)</code></example>
    public static Transform Scale(double factor) => TransformModule.scale(factor);

    /// <summary>A function of each update and its parameter, without state.</summary>
    /// <param name="function">From an update and its parameter to the new update, of the same shape.</param>
    /// <example><code>Transforms.Each((u, x) => u + 0.01 * x)</code></example>
    public static Transform Each(Func<Expr, Expr, Expr> function) =>
        TransformModule.each(Microsoft.FSharp.Core.FuncConvert.FromFunc((Moment _, Expr u, Expr x) => Interop.Answered(function(u, x))));

    /// <summary>u + strength·x: an l2 penalty before the moments, decoupled weight decay after them.</summary>
    /// <param name="strength">How much of the parameter is added, 0 or more.</param>
    /// <exception cref="DomainError">The strength is below 0 or not finite.</exception>
    /// <example><code>Transforms.AddDecay(0.01)</code></example>
    public static Transform AddDecay(double strength) => TransformModule.addDecay(strength);

    /// <summary>Each element held between −limit and limit.</summary>
    /// <param name="limit">The largest magnitude of an element, above 0.</param>
    /// <exception cref="DomainError">The limit is not above 0 and finite.</exception>
    /// <example><code>Transforms.ClipByValue(0.5)</code></example>
    public static Transform ClipByValue(double limit) => TransformModule.clipByValue(limit);

    /// <summary>The update of each parameter shrunk to a norm of at most the limit.</summary>
    /// <param name="limit">The largest norm that is left as it is, above 0.</param>
    /// <exception cref="DomainError">The limit is not above 0 and finite.</exception>
    /// <example><code>Transforms.ClipByNorm(1)</code></example>
    public static Transform ClipByNorm(double limit) => TransformModule.clipByNorm(limit);

    /// <summary>All updates shrunk by one factor to a common norm of at most the limit (Pascanu et al. 2013).</summary>
    /// <param name="limit">The largest norm that is left as it is, above 0.</param>
    /// <exception cref="DomainError">The limit is not above 0 and finite.</exception>
    /// <example><code>Transforms.ClipByGlobalNorm(1)</code></example>
    public static Transform ClipByGlobalNorm(double limit) => TransformModule.clipByGlobalNorm(limit);

    /// <summary>v ← decay·v + (1 − dampening)·u from <paramref name="initial"/>, and u ← v, or u + decay·v with Nesterov's.</summary>
    /// <param name="decay">The part of the moment that is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="dampening">How much less the update counts in the moment, from 0 to 1.</param>
    /// <param name="nesterov">
    /// Whether the gradient is looked at one step ahead (Nesterov 1983); it needs a momentum and no dampening.
    /// </param>
    /// <param name="initial">The moment before the first step.</param>
    /// <exception cref="DomainError">
    /// The decay is outside [0, 1), the dampening outside [0, 1], or Nesterov's is without decay or with dampening.
    /// </exception>
    /// <example><code>Transforms.Momentum(0.9)</code></example>
    public static Transform Momentum(
        double decay = 0.9, double dampening = 0, bool nesterov = false, double initial = 0) =>
        TransformModule.momentum(initial, decay, dampening, nesterov);

    /// <summary>Adam's: the first moment over the root of the second, both corrected (Kingma and Ba 2015).</summary>
    /// <param name="beta1">How much of the first moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="beta2">How much of the second moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="epsilon">What is added to the divisor so that nothing is divided by 0, above 0.</param>
    /// <exception cref="DomainError">A decay is outside [0, 1), or epsilon is not above 0 and finite.</exception>
    /// <example><code>Transforms.Adam()</code></example>
    public static Transform Adam(double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) =>
        Moments.adam(beta1, beta2, epsilon);

    /// <summary>RMSProp's: the gradient over the root of its second moment (Tieleman and Hinton 2012).</summary>
    /// <param name="alpha">How much of the second moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="epsilon">What is added to the divisor so that nothing is divided by 0, above 0.</param>
    /// <param name="centered">Whether the variance of the gradient divides, in the place of its second moment.</param>
    /// <exception cref="DomainError">The decay is outside [0, 1), or epsilon is not above 0 and finite.</exception>
    /// <example><code>Transforms.RmsProp()</code></example>
    public static Transform RmsProp(double alpha = 0.99, double epsilon = 1e-8, bool centered = false) =>
        Moments.rmsProp(alpha, epsilon, centered);

    extension(Transform transform)
    {
        /// <summary>The transformation of the parameters whose paths are wanted; the others' updates stay as they are.</summary>
        /// <param name="wanted">Whether a path, such as <c>0.weight</c>, is one of them.</param>
        /// <example><code>Transforms.AddDecay(0.01).Masked(Penalties.IsWeight)</code></example>
        public Transform Masked(Func<string, bool> wanted) =>
            TransformModule.masked(Interop.Function(wanted), transform);
    }
}
