namespace DL1;

/// <summary>
/// Optimizers: pure transitions from parameters, gradients and state to the next parameters and state. Formulas and
/// defaults are PyTorch's. A rate that is not finite and above 0, and a decay outside [0, 1), are a <see cref="DomainError"/>.
/// </summary>
public static partial class Optimizers
{
    // A transformation times the rate, with decay·x added to the gradient where there is decay.
    private static Optimizer Rated(string name, double rate, double decay, Transform transform) =>
        decay == 0
            ? Create(name, rate, transform, TransformModule.scaleByRate)
            : Create(name, rate, TransformModule.addDecay(decay), transform, TransformModule.scaleByRate);

    /// <summary>
    /// Descent: g ← g + decay·x; v ← momentum·v + (1 − dampening)·g; x ← x − rate·v, or x − rate·(g + momentum·v) with
    /// Nesterov's. Without momentum and decay it is x ← x − rate·g. Dampening spares the first step, and without momentum it
    /// does nothing.
    /// </summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="momentum">The part of the last step that is kept, from 0 up to but not including 1; 0 is none.</param>
    /// <param name="dampening">How much less the gradient counts in the momentum, from 0 to 1.</param>
    /// <param name="nesterov">
    /// Whether the gradient is looked at one step ahead (Nesterov 1983); it needs a momentum and no dampening.
    /// </param>
    /// <param name="weightDecay">How much of each parameter is added to its gradient, 0 or more; 0 turns it off.</param>
    /// <exception cref="DomainError">Nesterov's with dampening or without momentum, or an option out of its range.</exception>
    /// <example><code>Optimizers.Sgd(0.01, momentum: 0.9, nesterov: true)</code></example>
    public static Optimizer Sgd(
        double rate, double momentum = 0, double dampening = 0, bool nesterov = false, double weightDecay = 0) =>
        momentum == 0 && dampening == 0 && !nesterov
            ? weightDecay == 0 ? OptimizerModule.sgd(rate) : Rated("SGD", rate, weightDecay, TransformModule.identity)
            : OptimizerModule.sgdWith(momentum, dampening, nesterov, weightDecay, rate);

    /// <summary>Descent with a first moment, the rate inside: v ← decay·v + rate·g; x ← x − v (Polyak 1964).</summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="decay">The part of the last step that is kept, from 0 up to but not including 1.</param>
    /// <param name="initial">The first moment before the first step.</param>
    /// <exception cref="DomainError">The rate is not above 0 and finite, or the decay is outside [0, 1).</exception>
    /// <example><code>Optimizers.Momentum(0.01, decay: 0.9)</code></example>
    public static Optimizer Momentum(double rate, double decay = 0.9, double initial = 0) =>
        OptimizerModule.momentumFrom(initial, decay, rate);

    /// <summary>
    /// Descent by adaptive second moments without bias correction: v ← p1·v + (1 − p1)·g; r ← p2·r + (1 − p2)·g²;
    /// x ← x − rate·v/√r.
    /// </summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="p1">How much of the first moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="p2">How much of the second moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="initialV">The first moment before the first step.</param>
    /// <param name="initialR">The second moment before the first step, above 0.</param>
    /// <exception cref="DomainError">
    /// The rate or the start of the second moment is not above 0 and finite, or a decay is outside [0, 1).
    /// </exception>
    /// <example><code>Optimizers.SecondMoment(0.1)</code></example>
    public static Optimizer SecondMoment(
        double rate, double p1 = 0.9, double p2 = 0.999, double initialV = 0, double initialR = 1) =>
        OptimizerModule.secondMomentFrom(initialV, initialR, p1, p2, rate);

    /// <summary>
    /// Adam (Kingma and Ba 2015), with decay·x added to the gradient; <paramref name="amsgrad"/> takes the largest second
    /// moment so far (Reddi et al. 2018).
    /// </summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="beta1">How much of the first moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="beta2">How much of the second moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="epsilon">What is added to the divisor so that nothing is divided by 0, above 0.</param>
    /// <param name="weightDecay">How much of each parameter is added to its gradient, 0 or more; 0 turns it off.</param>
    /// <param name="amsgrad">Whether the largest second moment so far divides, in the place of the last.</param>
    /// <exception cref="DomainError">An option is out of its range.</exception>
    /// <example><code>Optimizers.Adam(1e-3)</code></example>
    public static Optimizer Adam(
        double rate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0,
        bool amsgrad = false) =>
        amsgrad
            ? Rated("AMSGrad", rate, weightDecay, Moments.amsgrad(beta1, beta2, epsilon))
            : OptimizerModule.adamWith(beta1, beta2, epsilon, weightDecay, rate);

    /// <summary>
    /// Adam with decoupled weight decay: x ← x − rate·(u + decay·x) (Loshchilov and Hutter 2019);
    /// <paramref name="amsgrad"/> takes the largest second moment so far.
    /// </summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="weightDecay">How much each parameter shrinks in a step, times the rate; 0 or more, 0 turns it off.</param>
    /// <param name="beta1">How much of the first moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="beta2">How much of the second moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="epsilon">What is added to the divisor so that nothing is divided by 0, above 0.</param>
    /// <param name="amsgrad">Whether the largest second moment so far divides, in the place of the last.</param>
    /// <exception cref="DomainError">An option is out of its range.</exception>
    /// <example><code>Optimizers.AdamW(1e-3, weightDecay: 0.05)</code></example>
    public static Optimizer AdamW(
        double rate = 1e-3, double weightDecay = 0.01, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8,
        bool amsgrad = false) =>
        amsgrad
            ? OptimizerModule.amsgradWWith(beta1, beta2, epsilon, weightDecay, rate)
            : OptimizerModule.adamWWith(beta1, beta2, epsilon, weightDecay, rate);

    /// <summary>
    /// Averaged descent (Polyak and Juditsky 1992), as PyTorch's: the rate falls as rate / (1 + λ·rate·t)^α, and the mean of the
    /// parameters from update <paramref name="start"/> on is kept in the state.
    /// </summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="lambda">The λ of the falling rate, which also draws parameters towards 0; 0 or more.</param>
    /// <param name="alpha">The power α by which the rate falls, 0 or more.</param>
    /// <param name="start">The number of updates after which the mean of the parameters is kept, 0 or more.</param>
    /// <param name="weightDecay">How much of each parameter is added to its gradient, 0 or more; 0 turns it off.</param>
    /// <exception cref="DomainError">An option is out of its range.</exception>
    /// <example><code>Optimizers.Asgd(0.1, start: 100)</code></example>
    public static Optimizer Asgd(
        double rate = 0.01, double lambda = 1e-4, double alpha = 0.75, double start = 1e6, double weightDecay = 0) =>
        OptimizerModule.asgdWith(lambda, alpha, start, weightDecay, rate);

    /// <summary>
    /// RMSProp (Tieleman and Hinton 2012), with a momentum on its updates where asked for, and decay·x added to the gradient.
    /// </summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="alpha">How much of the second moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="epsilon">What is added to the divisor so that nothing is divided by 0, above 0.</param>
    /// <param name="centered">Whether the variance of the gradient divides, in the place of its second moment.</param>
    /// <param name="momentum">The part of the last step that is kept, from 0 up to but not including 1; 0 is none.</param>
    /// <param name="weightDecay">How much of each parameter is added to its gradient, 0 or more; 0 turns it off.</param>
    /// <exception cref="DomainError">An option is out of its range.</exception>
    /// <example><code>Optimizers.RmsProp(0.01, momentum: 0.9)</code></example>
    public static Optimizer RmsProp(
        double rate = 0.01, double alpha = 0.99, double epsilon = 1e-8, bool centered = false, double momentum = 0,
        double weightDecay = 0) =>
        weightDecay == 0
            ? OptimizerModule.rmsPropWith(alpha, epsilon, centered, momentum, rate)
            : Create(
                "RMSProp",
                rate,
                TransformModule.addDecay(weightDecay),
                Moments.rmsProp(alpha, epsilon, centered),
                TransformModule.momentum(0, momentum, 0, false),
                TransformModule.scaleByRate);

    /// <summary>Adagrad (Duchi et al. 2011): r ← r + g²; u = g/((√r + ε)·(1 + t·rateDecay)).</summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="rateDecay">How fast the rate falls with the number of steps, 0 or more.</param>
    /// <param name="initial">The sum of squares before the first step, 0 or more.</param>
    /// <param name="epsilon">What is added to the divisor so that nothing is divided by 0, above 0.</param>
    /// <param name="weightDecay">How much of each parameter is added to its gradient, 0 or more; 0 turns it off.</param>
    /// <exception cref="DomainError">An option is out of its range.</exception>
    /// <example><code>Optimizers.Adagrad(0.1)</code></example>
    public static Optimizer Adagrad(
        double rate = 0.01, double rateDecay = 0, double initial = 0, double epsilon = 1e-10, double weightDecay = 0) =>
        Rated("Adagrad", rate, weightDecay, Moments.adagrad(initial, rateDecay, epsilon));

    /// <summary>Adadelta (Zeiler 2012).</summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="rho">How much of both moments is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="epsilon">What is added to the divisor so that nothing is divided by 0, above 0.</param>
    /// <param name="weightDecay">How much of each parameter is added to its gradient, 0 or more; 0 turns it off.</param>
    /// <exception cref="DomainError">An option is out of its range.</exception>
    /// <example><code>Optimizers.Adadelta(rho: 0.95)</code></example>
    public static Optimizer Adadelta(double rate = 1, double rho = 0.9, double epsilon = 1e-6, double weightDecay = 0) =>
        Rated("Adadelta", rate, weightDecay, Moments.adadelta(rho, epsilon));

    /// <summary>Adamax (Kingma and Ba 2015): Adam by the largest gradient.</summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="beta1">How much of the first moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="beta2">How much of the largest gradient is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="epsilon">What is added to the divisor so that nothing is divided by 0, above 0.</param>
    /// <param name="weightDecay">How much of each parameter is added to its gradient, 0 or more; 0 turns it off.</param>
    /// <exception cref="DomainError">An option is out of its range.</exception>
    /// <example><code>Optimizers.Adamax(2e-3)</code></example>
    public static Optimizer Adamax(
        double rate = 2e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0) =>
        Rated("Adamax", rate, weightDecay, Moments.adamax(beta1, beta2, epsilon));

    /// <summary>Adam with Nesterov's momentum (Dozat 2016).</summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="beta1">How much of the first moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="beta2">How much of the second moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="epsilon">What is added to the divisor so that nothing is divided by 0, above 0.</param>
    /// <param name="momentumDecay">How fast the momentum reaches its full size, 0 or more.</param>
    /// <param name="weightDecay">How much of each parameter is added to its gradient, 0 or more; 0 turns it off.</param>
    /// <exception cref="DomainError">An option is out of its range.</exception>
    /// <example><code>Optimizers.NAdam(2e-3)</code></example>
    public static Optimizer NAdam(
        double rate = 2e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8,
        double momentumDecay = 0.004, double weightDecay = 0) =>
        Rated("NAdam", rate, weightDecay, Moments.nadam(beta1, beta2, epsilon, momentumDecay));

    /// <summary>Rectified Adam (Liu et al. 2020).</summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="beta1">How much of the first moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="beta2">How much of the second moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="epsilon">What is added to the divisor so that nothing is divided by 0, above 0.</param>
    /// <param name="weightDecay">How much of each parameter is added to its gradient, 0 or more; 0 turns it off.</param>
    /// <exception cref="DomainError">An option is out of its range.</exception>
    /// <example><code>Optimizers.RAdam(1e-3)</code></example>
    public static Optimizer RAdam(
        double rate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0) =>
        Rated("RAdam", rate, weightDecay, Moments.radam(beta1, beta2, epsilon));

    /// <summary>
    /// Resilient propagation (Riedmiller and Braun 1993): steps of its own for each element, by signs alone; a schedule is a
    /// factor on them. For gradients of the whole data, not of batches.
    /// </summary>
    /// <param name="firstStep">The size of the first step of each element, above 0.</param>
    /// <param name="shrink">By what a step is multiplied where the gradient's sign has turned, between 0 and 1.</param>
    /// <param name="grow">By what a step is multiplied where the sign stays, above 1.</param>
    /// <param name="smallest">The smallest step, above 0.</param>
    /// <param name="largest">The largest step.</param>
    /// <exception cref="DomainError">
    /// The factors are not below and above 1, or the sizes of steps are not above 0, finite and in order.
    /// </exception>
    /// <example><code>Optimizers.Rprop(firstStep: 0.01)</code></example>
    public static Optimizer Rprop(
        double firstStep = 0.01, double shrink = 0.5, double grow = 1.2, double smallest = 1e-6, double largest = 50) =>
        Rated("Rprop", 1, 0, Moments.rpropWith(shrink, grow, smallest, largest, firstStep));

    /// <summary>Lion (Chen et al. 2023): the sign of a mixture, with decoupled weight decay.</summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="weightDecay">How much each parameter shrinks in a step, times the rate; 0 or more, 0 turns it off.</param>
    /// <param name="beta1">
    /// The share of the momentum in the mixture whose sign is taken, from 0 up to but not including 1.
    /// </param>
    /// <param name="beta2">How much of the momentum is kept in each step, from 0 up to but not including 1.</param>
    /// <exception cref="DomainError">An option is out of its range.</exception>
    /// <example><code>Optimizers.Lion(1e-4, weightDecay: 0.1)</code></example>
    public static Optimizer Lion(
        double rate = 1e-4, double weightDecay = 0, double beta1 = 0.9, double beta2 = 0.99) =>
        Create("Lion", rate, Moments.lion(beta1, beta2), TransformModule.addDecay(weightDecay), TransformModule.scaleByRate);

    /// <summary>LAMB (You et al. 2020): Adam with decoupled weight decay, each tensor's update in proportion to its norm.</summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="weightDecay">How much of each parameter is added to its update, 0 or more; 0 turns it off.</param>
    /// <param name="beta1">How much of the first moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="beta2">How much of the second moment is kept in each step, from 0 up to but not including 1.</param>
    /// <param name="epsilon">What is added to the divisor so that nothing is divided by 0, above 0.</param>
    /// <exception cref="DomainError">An option is out of its range.</exception>
    /// <example><code>Optimizers.Lamb(1e-3)</code></example>
    public static Optimizer Lamb(
        double rate = 1e-3, double weightDecay = 0.01, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-6) =>
        Create(
            "LAMB",
            rate,
            Moments.adam(beta1, beta2, epsilon),
            TransformModule.addDecay(weightDecay),
            TransformModule.scaleByTrustRatio,
            TransformModule.scaleByRate);

    /// <summary>
    /// L-BFGS (Liu and Nocedal 1989), one iteration an update and without a line search. For gradients of the whole data, not
    /// of batches; parameters of one type.
    /// </summary>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="history">How many pairs of steps and changes of the gradient are kept, 1 or more.</param>
    /// <exception cref="DomainError">The rate is not above 0 and finite, or the history is below 1.</exception>
    /// <example><code>Optimizers.Lbfgs(0.5)</code></example>
    public static Optimizer Lbfgs(double rate = 1, int history = 10) => DL1.Lbfgs.optimizer(history, rate);

    /// <summary>Leaves the parameters as they are: for those that are not to be trained.</summary>
    /// <example><code>Optimizers.Frozen</code></example>
    public static Optimizer Frozen => Wrap.frozen;

    /// <summary>
    /// An optimizer from a chain of transformations of the gradient: x ← x − what the chain gives. One of them is
    /// <c>Transforms.ScaleByRate</c>.
    /// </summary>
    /// <param name="name">The optimizer's name in tables and plots.</param>
    /// <param name="rate">The learning rate, finite and above 0.</param>
    /// <param name="chain">Applied to the gradient in this order.</param>
    /// <exception cref="DomainError">The rate is not above 0 and finite.</exception>
    /// <example><code>Optimizers.Create("sign descent", 1e-3, Transforms.Each((u, x) => Functions.Sign(u)), Transforms.ScaleByRate)</code></example>
    public static Optimizer Create(string name, double rate, params Transform[] chain) =>
        rate > 0 && double.IsFinite(rate)
            ? OptimizerModule.ofTransform(name, ScheduleModule.constant(rate), TransformModule.chain(Interop.List(chain)))
            : throw new DomainError("Optimizer", FormattableString.Invariant($"the learning rate {rate}"), "a finite rate above 0", "begin with 0.01");

    /// <summary>
    /// Groups of parameters, each with an optimizer: a parameter belongs to the first group whose predicate holds for its
    /// path. One that belongs to none is a <see cref="DomainError"/>.
    /// </summary>
    /// <param name="groups">
    /// Predicates of a parameter's path, each with the optimizer of the parameters for which it holds.
    /// </param>
    /// <example><code>Optimizers.Groups((Penalties.IsWeight, Optimizers.Adam()), (path => true, Optimizers.Sgd(0.1)))</code></example>
    public static Optimizer Groups(params (Func<string, bool> Holds, Optimizer Optimizer)[] groups) =>
        Wrap.groups(Interop.List(groups.Select(g => Tuple.Create(Interop.Function(g.Holds), g.Optimizer))));
}
