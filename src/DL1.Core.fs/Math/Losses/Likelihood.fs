namespace DL1

/// Negative log-likelihoods: a loss is what a distribution says of the target. Unlike the losses, they carry every
/// constant, so that exp(−nll) is the probability, or its density. Each gives one number an element: `Loss.reduce`
/// makes one of them all.
[<RequireQualifiedAccess>]
module Likelihood =
    let private logTwoPi = log (2.0 * System.Math.PI)

    /// log n! of whole numbers from 0: Stirling's series (Abramowitz and Stegun 6.1.41) at n + 8, less the logarithm of
    /// the seven factors above n; a constant to derivatives. `Likelihood.logFactorial y`
    let logFactorial (n: Expr) =
        let n = Expr.stopGradient n
        let z = n + 8.0
        let inverse = 1.0 / z
        let square = inverse * inverse

        let series =
            inverse
            * (1.0 / 12.0
               - square
                 * (1.0 / 360.0
                    - square
                      * (1.0 / 1260.0
                         - square * (1.0 / 1680.0 - square * (1.0 / 1188.0 - square * 691.0 / 360360.0)))))

        // log Γ(z), and Γ(z) = n!·(n + 1)···(n + 7).
        let logGamma = (z - 0.5) * log z - z + 0.5 * logTwoPi + series
        // In products of three at most, which a large n does not make infinite.
        let factors ks = ks |> List.map (fun k -> n + float k) |> List.reduce (*)
        logGamma - log (factors [ 1; 2; 3 ]) - log (factors [ 4; 5 ]) - log (factors [ 6; 7 ])

    /// A normal distribution of given mean and standard deviation: ½((y − μ)/σ)² + log σ + ½ log 2π. With σ fixed it is
    /// the squared error, up to scale. `Likelihood.gaussian y p x`
    let gaussian (target: Expr) (deviation: Expr) (mean: Expr) =
        LossParts.requireLike "Likelihood.gaussian" target mean
        LossParts.requireLike "Likelihood.gaussian" deviation mean
        0.5 * Elementwise.square ((target - mean) / deviation) + log deviation + 0.5 * logTwoPi

    /// A truth value (target 1 or 0) of probability σ(logit): y·softplus(−x) + (1 − y)·softplus(x), the binary cross-entropy.
    /// `Likelihood.bernoulli y x`
    let bernoulli (target: Expr) (logits: Expr) = Loss.bceWithLogits Reduction.None target logits

    /// A class of probability softmax(logits), the classes on the last axis: −log softmax(x) at the label, the
    /// cross-entropy. `Likelihood.categorical labels m`
    let categorical (labels: Expr) (logits: Expr) =
        Loss.crossEntropy { Loss.classes with Reduction = Reduction.None } labels logits

    /// A count of rate exp(x): exp(x) − y·x + log y!. `Likelihood.poisson y x`
    let poisson (target: Expr) (logRate: Expr) =
        Loss.poissonNll false Reduction.None target logRate + logFactorial target
