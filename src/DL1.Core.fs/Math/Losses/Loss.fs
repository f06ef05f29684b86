namespace DL1

/// Losses: how far predictions are from targets. The target comes before the prediction, so that a prediction is piped
/// in. Targets and predictions have one type and broadcast, one of them to the other, else it is a `ShapeError`: columns
/// against rows would be compared each with each. Formulas are for one element.
[<RequireQualifiedAccess>]
module Loss =
    /// Applies a reduction to the losses of elements. `Loss.reduce Reduction.Sum m`
    let reduce (reduction: Reduction) (losses: Expr) =
        match reduction with
        | Reduction.None -> losses
        | Reduction.Sum -> Expr.sumAll losses
        | Reduction.Mean -> Reduce.meanAll losses
        | Reduction.BatchMean -> LossParts.batchMean losses

    /// The mean of losses weighted by weights that broadcast to them: Σ w·loss / Σ w. Where every weight is 0 it is 0, and
    /// so is its gradient. `Loss.weightedMean weights (Loss.mse Reduction.None y x)`
    let weightedMean (weights: Expr) (losses: Expr) =
        let weights = Expr.broadcastTo (losses.Shape.ToList()) weights
        LossParts.divided (Expr.sumAll (weights * losses)) (Expr.sumAll weights)

    /// Squared error: (x − y)². `Loss.mse Reduction.Mean y x`
    let mse reduction (target: Expr) (prediction: Expr) =
        LossParts.requireLike "Loss.mse" target prediction
        Elementwise.square (prediction - target) |> reduce reduction

    /// Absolute error: |x − y|. `Loss.l1 Reduction.Mean y x`
    let l1 reduction (target: Expr) (prediction: Expr) =
        LossParts.requireLike "Loss.l1" target prediction
        abs (prediction - target) |> reduce reduction

    /// Quadratic near 0, linear beyond δ: ½d² where |d| < δ, else δ·(|d| − ½δ) (Huber 1964).
    /// `Loss.huber 0.7 Reduction.Mean y x`
    let huber (delta: float) reduction (target: Expr) (prediction: Expr) =
        LossParts.requirePositive "Loss.huber" "delta" delta
        LossParts.requireLike "Loss.huber" target prediction
        let d = abs (prediction - target)

        Expr.where (d .< delta) (0.5 * (d * d)) (delta * (d - 0.5 * delta)) |> reduce reduction

    /// Huber's loss over β: ½d²/β where |d| < β, else |d| − ½β (Girshick 2015); with β = 0 it is `l1`.
    /// `Loss.smoothL1 0.7 Reduction.Mean y x`
    let smoothL1 (beta: float) reduction (target: Expr) (prediction: Expr) =
        if beta <> 0.0 then
            LossParts.requirePositive "Loss.smoothL1" "beta" beta

        LossParts.requireLike "Loss.smoothL1" target prediction
        let d = abs (prediction - target)

        if beta = 0.0 then
            reduce reduction d
        else
            Expr.where (d .< beta) (0.5 * (d * d) / beta) (d - 0.5 * beta) |> reduce reduction

    // Nearer to 0 or 1 than this, slopes grow no further.
    let private leastProbability = 1e-12

    /// A logarithm of p, held above −100. Where it is low, its slope by `rest`, of which it is the logarithm, is 1e12 and no
    /// more, so that a derivative through the end of a sigmoid is not infinity times 0.
    let private held (isLow: Expr) (rest: Expr) (logarithm: Expr -> Expr) (p: Expr) =
        let value = Expr.stopGradient (Expr.maximum (logarithm p) (lit -100.0))
        let low = value + (rest - Expr.stopGradient rest) * (1.0 / leastProbability)
        Expr.where isLow low (logarithm (Expr.where isLow (lit 0.5) p))

    /// Cross-entropy of probabilities in [0, 1] against targets in [0, 1]: −(y·log p + (1 − y)·log(1 − p)), logarithms
    /// held above −100 and slopes at most 1e12, as in PyTorch. Targets may be labels, too, whole numbers or truth values
    /// `[rows]` beside `[rows]` or `[rows; 1]`. From logits, `bceWithLogits` is accurate where p is next to
    /// 0 or 1, too. `Loss.bce Reduction.Mean y p`
    let bce reduction (target: Expr) (probability: Expr) =
        let struct (target, check) = LossParts.ofTwoClasses target probability
        LossParts.requireLike "Loss.bce" target probability
        let ofOne = held (probability .< leastProbability) probability log probability

        let ofZero =
            held
                (probability .>= 1.0 - leastProbability)
                (1.0 - probability)
                (fun p -> Expr.log1p -p)
                probability

        -(target * ofOne + (1.0 - target) * ofZero) |> check |> reduce reduction

    /// Cross-entropy of the sigmoid of logits against targets in [0, 1]: y·softplus(−x) + (1 − y)·softplus(x), without
    /// overflow and, unlike softplus(x) − x·y, without cancellation. Targets may be labels, whole numbers or truth values
    /// `[rows]` beside `[rows]` or `[rows; 1]`: the loss of one that is neither 0 nor 1 is NaN, and `Fit` refuses it by its row.
    /// `Loss.bceWithLogits Reduction.Mean y x`
    let bceWithLogits reduction (target: Expr) (logits: Expr) =
        let struct (target, check) = LossParts.ofTwoClasses target logits
        LossParts.requireLike "Loss.bceWithLogits" target logits

        target * Expr.softplus -logits + (1.0 - target) * Expr.softplus logits |> check |> reduce reduction

    /// `bceWithLogits` with positive targets weighted: w·y·softplus(−x) + (1 − y)·softplus(x).
    /// `Loss.bceWeighted weights Reduction.Mean y x`
    let bceWeighted (positiveWeight: Expr) reduction (target: Expr) (logits: Expr) =
        let struct (target, check) = LossParts.ofTwoClasses target logits
        LossParts.requireLike "Loss.bceWeighted" target logits

        positiveWeight * target * Expr.softplus -logits + (1.0 - target) * Expr.softplus logits
        |> check
        |> reduce reduction

    /// The mean of the losses, no weights, no smoothing, no label ignored, classes on the last axis.
    /// `{ Loss.classes with LabelSmoothing = 0.1 }`
    let classes =
        {
            Reduction = Reduction.Mean
            Weight = None
            LabelSmoothing = 0.0
            Ignore = None
            Axis = -1
        }

    /// The negative logarithm of the label's probability, from logarithms of probabilities `[...; classes]` and labels
    /// `[...]`, i32 or i64 from 0 to classes − 1; the loss of another label is NaN, unless it is the one to be ignored.
    /// `Loss.nll Loss.classes labels (Reduce.logSoftmax -1 m)`
    let nll (options: ClassOptions) (labels: Expr) (logProbabilities: Expr) =
        LabelLoss.loss "nll" None options labels logProbabilities

    /// The negative logarithm of the label's softmax, from logits `[...; classes]` and labels `[...]`, i32 or i64 from 0
    /// to classes − 1; without overflow. The loss of another label is NaN, unless it is the one to be ignored; `Fit` and
    /// `Trained.evaluate` look at the labels before, and refuse such a one by its row. The mean divides by the weights, or by
    /// the number, of the labels that count; where none does, the loss is 0 and its gradient 0.
    /// `Loss.crossEntropy Loss.classes labels m`
    let crossEntropy (options: ClassOptions) (labels: Expr) (logits: Expr) =
        LabelLoss.requireOrder "crossEntropy" labels logits
        let axis = Operand.axis "crossEntropy" logits options.Axis
        LabelLoss.loss "crossEntropy" None options labels (Reduce.logSoftmax axis logits)

    /// Divergence of Kullback and Leibler of a prediction, given as logarithms, from target probabilities:
    /// y·(log y − x), 0 where y is 0. The mean is over all elements; `Reduction.BatchMean` is that of the divergences of
    /// rows. `Loss.klDiv Reduction.BatchMean p (Reduce.logSoftmax -1 m)`
    let klDiv reduction (target: Expr) (logPrediction: Expr) =
        LossParts.requireLike "Loss.klDiv" target logPrediction
        let isZero = target .<= 0.0
        let logTarget = log (Expr.where isZero (lit 1.0) target)

        Expr.where isZero (lit 0.0) (target * (logTarget - logPrediction)) |> reduce reduction

    /// `klDiv` with the target as logarithms, too: eʸ·(y − x), 0 where y is −∞.
    /// `Loss.klDivOfLog Reduction.BatchMean (log p) (Reduce.logSoftmax -1 m)`
    let klDivOfLog reduction (logTarget: Expr) (logPrediction: Expr) =
        LossParts.requireLike "Loss.klDivOfLog" logTarget logPrediction
        let isZero = logTarget .<= -infinity

        Expr.where isZero (lit 0.0) (exp logTarget * (logTarget - logPrediction)) |> reduce reduction

    /// What Stirling's formula says of log y!, where y is above 1; 0 elsewhere.
    let private stirling (y: Expr) =
        let above = Expr.where (y .> 1.0) y (lit 2.0)

        Expr.where (y .> 1.0) (above * log above - above + 0.5 * log (2.0 * System.Math.PI * above)) (lit 0.0)

    /// Counts against a Poisson rate given by its logarithm: exp(x) − y·x, and with `full` Stirling's log y!.
    /// `Loss.poissonNll false Reduction.Mean y x`
    let poissonNll (full: bool) reduction (target: Expr) (logRate: Expr) =
        LossParts.requireLike "Loss.poissonNll" target logRate
        let losses = exp logRate - target * logRate
        (if full then losses + stirling target else losses) |> reduce reduction

    /// Counts against a Poisson rate: r − y·log(r + 1e-8), and with `full` Stirling's log y!.
    /// `Loss.poissonNllOfRate false Reduction.Mean y p`
    let poissonNllOfRate (full: bool) reduction (target: Expr) (rate: Expr) =
        LossParts.requireLike "Loss.poissonNllOfRate" target rate
        let losses = rate - target * log (rate + 1e-8)
        (if full then losses + stirling target else losses) |> reduce reduction

    /// Targets against a normal distribution's mean and variance: ½(log v + (x − y)²/v), and with `full` + ½ log 2π.
    /// A variance from 0 to ε is held at ε; its gradient passes there all the same, as in PyTorch (Nix and Weigend 1994). The
    /// loss of a variance below 0 is NaN: let the model give it through `exp` or `softplus`.
    /// `Loss.gaussianNll false 1e-6 Reduction.Mean y p x`
    let gaussianNll (full: bool) (epsilon: float) reduction (target: Expr) (variance: Expr) (mean: Expr) =
        LossParts.requirePositive "Loss.gaussianNll" "epsilon" epsilon
        LossParts.requireLike "Loss.gaussianNll" target mean
        LossParts.requireLike "Loss.gaussianNll" variance mean
        let least = Expr.where (variance .< 0.0) (lit nan) (Expr.maximum variance (lit epsilon))
        let held = variance + Expr.stopGradient (least - variance)
        let losses = 0.5 * (log held + Elementwise.square (mean - target) / held)

        (if full then losses + 0.5 * log (2.0 * System.Math.PI) else losses) |> reduce reduction

    /// How far normal distributions of given means and logarithms of variances are from the standard one, in nats an element:
    /// ½(exp(v) + μ² − 1 − v), the divergence of Kullback and Leibler KL(N(μ, exp(v)) ‖ N(0, 1)). `Reduction.BatchMean` is the
    /// mean over the rows of the sum over all codes, as the bound of a variational autoencoder has it (Kingma and Welling 2014).
    /// `Loss.gaussianKl Reduction.BatchMean logVariance mean`
    let gaussianKl reduction (logVariance: Expr) (mean: Expr) =
        LossParts.requireLike "Loss.gaussianKl" logVariance mean
        0.5 * (Expr.expm1 logVariance - logVariance + mean * mean) |> reduce reduction

    /// Distances x of pairs that are alike (target 1) or not (target −1): x where alike, max(0, margin − x) where not.
    /// `Loss.hingeEmbedding 1.0 Reduction.Mean signs x`
    let hingeEmbedding (margin: float) reduction (target: Expr) (distance: Expr) =
        LossParts.requireMargin "Loss.hingeEmbedding" margin
        LossParts.requireLike "Loss.hingeEmbedding" target distance
        let zero = lit 0.0

        Expr.where (Expr.equal target (lit 1.0)) distance zero
        + Expr.where (Expr.equal target (lit -1.0)) (Expr.relu (margin - distance)) zero
        |> reduce reduction

    let internal triplet
        operation
        (swaps: bool)
        (margin: float)
        (power: float)
        reduction
        (positive: Expr, negative: Expr)
        (anchor: Expr)
        =
        LossParts.requireMargin operation margin

        if not (power > 0.0) then
            Refuse.domain
                operation
                $"power = {string power}"
                "a power above 0, or infinity"
                "2 is the usual value"

        let distance (a: Expr) (b: Expr) = Reduce.powerNorm power [ -1 ] (a - b + 1e-6)
        let toAnchor = distance anchor negative
        let far = if swaps then Expr.minimum toAnchor (distance positive negative) else toAnchor
        Expr.relu (distance anchor positive - far + margin) |> reduce reduction

    /// The anchor nearer to the positive than to the negative by a margin, rows `[...; features]`:
    /// max(0, d(a, p) − d(a, n) + margin) with d the p-norm of the difference + 1e-6, the largest where p is infinite
    /// (Schroff et al. 2015).
    /// `Loss.tripletMargin 1.0 2.0 Reduction.Mean (y, p) x`
    let tripletMargin
        (margin: float)
        (power: float)
        reduction
        (positive: Expr, negative: Expr)
        (anchor: Expr)
        =
        triplet "Loss.tripletMargin" false margin power reduction (positive, negative) anchor
