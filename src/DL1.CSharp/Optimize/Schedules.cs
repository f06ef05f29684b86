namespace DL1;

/// <summary>
/// Learning rates that follow the number of updates made; <c>optimizer.Scheduled(...)</c> takes one. PyTorch's schedulers
/// count epochs: <c>Every(updatesOfAnEpoch)</c> does too.
/// </summary>
public static partial class Schedules
{
    /// <summary>One rate for ever.</summary>
    /// <param name="rate">The rate, finite and 0 or more.</param>
    /// <exception cref="DomainError">The rate is below 0, or not finite; so it is for all schedules.</exception>
    /// <example><code>Schedules.Constant(0.1)</code></example>
    public static Schedule Constant(double rate) => ScheduleModule.constant(rate);

    /// <summary>rate·γ^⌊t / size⌋.</summary>
    /// <param name="rate">The rate that it begins with, finite and 0 or more.</param>
    /// <param name="size">How many updates one rate lasts, 1 or more.</param>
    /// <param name="gamma">By what the rate is multiplied each time, finite and 0 or more.</param>
    /// <exception cref="DomainError">A rate or a factor is below 0 or not finite, or a number of steps is below 1.</exception>
    /// <example><code>Schedules.Step(0.1, size: 30, gamma: 0.5)</code></example>
    public static Schedule Step(double rate, int size, double gamma = 0.1) => ScheduleModule.step(size, gamma, rate);

    /// <summary>rate·γ for each milestone reached.</summary>
    /// <param name="rate">The rate that it begins with, finite and 0 or more.</param>
    /// <param name="milestones">Numbers of updates after which the rate is multiplied.</param>
    /// <param name="gamma">By what the rate is multiplied each time, finite and 0 or more.</param>
    /// <exception cref="DomainError">A rate or a factor is below 0 or not finite, or a number of steps is below 1.</exception>
    /// <example><code>Schedules.MultiStep(0.1, [40, 110], gamma: 0.2)</code></example>
    public static Schedule MultiStep(double rate, IEnumerable<int> milestones, double gamma = 0.1) =>
        ScheduleModule.multiStep(Interop.List(milestones), gamma, rate);

    /// <summary>rate·γᵗ.</summary>
    /// <param name="rate">The rate that it begins with, finite and 0 or more.</param>
    /// <param name="gamma">By what the rate is multiplied each time, finite and 0 or more.</param>
    /// <exception cref="DomainError">The rate, or γ, is below 0 or not finite.</exception>
    /// <example><code>Schedules.Exponential(0.1, gamma: 0.99)</code></example>
    public static Schedule Exponential(double rate, double gamma) => ScheduleModule.exponential(gamma, rate);

    /// <summary>Half a cosine from the rate down to the lowest over some steps (Loshchilov and Hutter 2017).</summary>
    /// <param name="rate">The rate that it begins with, finite and 0 or more.</param>
    /// <param name="steps">The number of updates that it takes, 1 or more.</param>
    /// <param name="lowest">The rate at the end, 0 or more.</param>
    /// <exception cref="DomainError">A rate or a factor is below 0 or not finite, or a number of steps is below 1.</exception>
    /// <example><code>Schedules.Cosine(0.1, steps: 200)</code></example>
    public static Schedule Cosine(double rate, int steps, double lowest = 0) => ScheduleModule.cosine(steps, lowest, rate);

    /// <summary>Cosines that start anew: the first over some steps, each next one <paramref name="factor"/> times as long.</summary>
    /// <param name="rate">The rate that it begins with, finite and 0 or more.</param>
    /// <param name="steps">The number of updates of the first cosine, 1 or more.</param>
    /// <param name="factor">How many times as long each cosine is as the one before, 1 or more.</param>
    /// <param name="lowest">The rate at the end, 0 or more.</param>
    /// <exception cref="DomainError">A rate or a factor is below 0 or not finite, or a number of steps is below 1.</exception>
    /// <example><code>Schedules.CosineRestarts(0.1, steps: 50, factor: 2)</code></example>
    public static Schedule CosineRestarts(double rate, int steps, int factor = 1, double lowest = 0) =>
        ScheduleModule.cosineRestarts(steps, factor, lowest, rate);

    /// <summary>From rate·start to rate·stop along a line over some steps, then rate·stop.</summary>
    /// <param name="rate">The rate that it begins with, finite and 0 or more.</param>
    /// <param name="steps">The number of updates that it takes, 1 or more.</param>
    /// <param name="start">The fraction of the rate that it begins with, 0 or more.</param>
    /// <param name="stop">The fraction of the rate that it ends with, 0 or more.</param>
    /// <exception cref="DomainError">A rate or a factor is below 0 or not finite, or a number of steps is below 1.</exception>
    /// <example><code>Schedules.Linear(0.1, steps: 20, start: 0.25)</code></example>
    public static Schedule Linear(double rate, int steps, double start = 1.0 / 3, double stop = 1) =>
        ScheduleModule.linear(start, stop, steps, rate);

    /// <summary>rate·(1 − t/steps)^power, 0 after the steps.</summary>
    /// <param name="rate">The rate that it begins with, finite and 0 or more.</param>
    /// <param name="steps">The number of updates that it takes, 1 or more.</param>
    /// <param name="power">The power: 1 is a line.</param>
    /// <exception cref="DomainError">A rate or a factor is below 0 or not finite, or a number of steps is below 1.</exception>
    /// <example><code>Schedules.Polynomial(0.1, steps: 200, power: 2)</code></example>
    public static Schedule Polynomial(double rate, int steps, double power = 1) =>
        ScheduleModule.polynomial(steps, power, rate);

    /// <summary>
    /// One cycle (Smith and Topin 2018): by a cosine from highest/divisor up to highest in a part of the steps, then down to
    /// highest/divisor/lastDivisor in the rest. After the steps the last rate stays, where PyTorch's raises an error.
    /// </summary>
    /// <param name="highest">The highest rate, finite and 0 or more.</param>
    /// <param name="steps">The number of updates of the whole training.</param>
    /// <param name="part">
    /// The part of the updates in which the rate goes up, above 0 and below 1; with three phases below ½.
    /// </param>
    /// <param name="divisor">The highest rate over the first one, 1 or more.</param>
    /// <param name="lastDivisor">The first rate over the last one, 1 or more.</param>
    /// <exception cref="DomainError">No step goes up, or none down, or a divisor is below 1.</exception>
    /// <example><code>Schedules.OneCycle(highest: 0.3, steps: 200)</code></example>
    public static Schedule OneCycle(
        double highest, int steps, double part = 0.3, double divisor = 25, double lastDivisor = 1e4) =>
        ScheduleModule.oneCycleWith(part, divisor, lastDivisor, steps, highest);

    /// <summary>Straight lines between rates at steps in ascending order, held before the first and after the last.</summary>
    /// <param name="points">Numbers of updates, ascending, each with the rate there.</param>
    /// <exception cref="DomainError">There is no point, the steps do not ascend, or a rate is below 0 or not finite.</exception>
    /// <example><code>Schedules.Piecewise((0, 0.0), (10, 0.1), (30, 0.01))</code></example>
    public static Schedule Piecewise(params (int Step, double Rate)[] points) =>
        ScheduleModule.piecewise(Interop.List(points.Select(p => p.ToTuple())));

    /// <summary>A rate as any expression of the number of updates made, a scalar of f64.</summary>
    /// <param name="name">The schedule's name in tables and plots.</param>
    /// <param name="at">From the number of updates made, a scalar of f64, to the rate, a scalar of f64.</param>
    /// <example><code>Schedules.Create("1/√t", t => 0.1 * Functions.Rsqrt(t + 1))</code></example>
    public static Schedule Create(string name, Func<Expr, Expr> at) =>
        ScheduleModule.custom(name, Interop.Function(at));

    extension(Schedule schedule)
    {
        /// <summary>A line from 0 that reaches the schedule after some updates.</summary>
        /// <param name="steps">The number of updates of the line, 1 or more.</param>
        /// <exception cref="DomainError">The number of steps is below 1.</exception>
        /// <example><code>Schedules.Cosine(0.1, steps: 200).WarmUp(10)</code></example>
        public Schedule WarmUp(int steps) => ScheduleModule.warmUp(steps, schedule);

        /// <summary>The schedule with a counter that advances once in a given number of updates: once an epoch, for the updates of an epoch.</summary>
        /// <param name="updates">How many updates are one step of the schedule, 1 or more.</param>
        /// <exception cref="DomainError">The number of updates is below 1.</exception>
        /// <example><code>Schedules.Exponential(0.1, gamma: 0.9).Every(50)</code></example>
        public Schedule Every(int updates) => ScheduleModule.every(updates, schedule);

        /// <summary>The schedule for some steps, then another one, whose counter begins at 0.</summary>
        /// <param name="afterSteps">The number of steps of the first schedule, 1 or more.</param>
        /// <param name="next">The schedule that follows.</param>
        /// <exception cref="DomainError">The number of steps is below 1.</exception>
        /// <example><code>Schedules.Constant(0.1).Then(100, Schedules.Exponential(0.1, gamma: 0.99))</code></example>
        public Schedule Then(int afterSteps, Schedule next) =>
            ScheduleModule.joined(Interop.List([Tuple.Create(afterSteps, schedule)]), next);

        /// <summary>The rate at a step, as a number.</summary>
        /// <param name="step">The number of updates made, 0 or more.</param>
        /// <exception cref="DomainError">The step is below 0.</exception>
        /// <example><code>Schedules.Linear(0.1, steps: 20).ValueAt(7)</code></example>
        public double ValueAt(int step) => ScheduleModule.valueAt(step, schedule);

        /// <summary>The rate after the given number of updates.</summary>
        /// <param name="update">The number of updates made, 0 or more.</param>
        /// <example><code>double rate = Schedules.Cosine(1e-2, steps: 100).RateAt(50);</code></example>
        public double RateAt(long update) =>
            Eval.run(Interop.Bindings([]), schedule.At.Invoke(Expr.Literal(update))).ToDouble();
    }
}
