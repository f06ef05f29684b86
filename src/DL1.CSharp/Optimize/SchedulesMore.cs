namespace DL1;

/// <summary>Schedules that go up and down, and schedules put together.</summary>
public static partial class Schedules
{
    /// <summary>
    /// From the lowest up to the highest along a line in some updates and down again, over and over (Smith 2017): PyTorch's
    /// CyclicLR in its three modes.
    /// </summary>
    /// <param name="lowest">Where a cycle begins and ends.</param>
    /// <param name="highest">The top of the first cycle.</param>
    /// <param name="up">Updates upwards.</param>
    /// <param name="down">Updates downwards, as many as upwards unless given.</param>
    /// <param name="height">Whether cycles stay as high (unless given), are halved, or decay with each update.</param>
    /// <exception cref="DomainError">A number of updates is below 1, or γ is not above 0.</exception>
    /// <example><code>Schedules.Cyclic(lowest: 0.001, highest: 0.1, up: 200, height: CycleHeight.Halved)</code></example>
    public static Schedule Cyclic(
        double lowest, double highest, int up, int? down = null, CycleHeight? height = null) =>
        ScheduleCycle.triangular(height ?? CycleHeight.Same, up, down ?? up, lowest, highest);

    /// <summary>
    /// One cycle with lines or cosines, in two phases or three: with three the rate goes up in a part of the steps, down to where it
    /// began in the same part, and further down in the rest.
    /// </summary>
    /// <param name="highest">The highest rate, finite and 0 or more.</param>
    /// <param name="steps">The number of updates of the whole training.</param>
    /// <param name="anneal">How the rate goes from one value to another: by half a cosine, or along a line.</param>
    /// <param name="threePhases">Whether the way down goes to the first rate before it goes further.</param>
    /// <param name="part">
    /// The part of the updates in which the rate goes up, above 0 and below 1; with three phases below ½.
    /// </param>
    /// <param name="divisor">The highest rate over the first one, 1 or more.</param>
    /// <param name="lastDivisor">The first rate over the last one, 1 or more.</param>
    /// <exception cref="DomainError">No step goes up, or none down, or a divisor is below 1.</exception>
    /// <example><code>Schedules.OneCycle(highest: 0.3, steps: 200, Anneal.Line, threePhases: true)</code></example>
    public static Schedule OneCycle(
        double highest, int steps, Anneal anneal, bool threePhases = false, double part = 0.3, double divisor = 25,
        double lastDivisor = 1e4) =>
        ScheduleCycle.oneCycle(anneal, threePhases, part, divisor, lastDivisor, steps, highest);

    /// <summary>rate·factor for some updates, then the rate: PyTorch's ConstantLR.</summary>
    /// <param name="rate">The rate, finite and 0 or more.</param>
    /// <param name="steps">The number of updates that it takes, 1 or more.</param>
    /// <param name="factor">By what the rate is multiplied at first, finite and 0 or more.</param>
    /// <exception cref="DomainError">A rate or a factor is below 0 or not finite, or a number of steps is below 1.</exception>
    /// <example><code>Schedules.ConstantFor(0.1, steps: 50, factor: 0.25)</code></example>
    public static Schedule ConstantFor(double rate, int steps, double factor = 1.0 / 3) =>
        ScheduleCycle.constantFor(steps, factor, rate);

    /// <summary>The rate times each of some schedules, whose own rates are factors: PyTorch's ChainedScheduler.</summary>
    /// <param name="rate">The rate that the factors multiply, finite and 0 or more.</param>
    /// <param name="factors">Schedules whose rates are multiplied with it.</param>
    /// <exception cref="DomainError">The rate is below 0 or not finite.</exception>
    /// <example><code>Schedules.Chained(0.1, Schedules.ConstantFor(1, steps: 50), Schedules.Exponential(1, gamma: 0.99))</code></example>
    public static Schedule Chained(double rate, params Schedule[] factors) =>
        ScheduleCycle.chained(Interop.List(factors), rate);
}
