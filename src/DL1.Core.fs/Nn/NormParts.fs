namespace DL1

/// How a normalisation is made; `Norm.options` is a start.
type NormOptions =
    {
        /// What is added to the variance, so that its root is not 0.
        Epsilon: float
        /// The part that running statistics move towards those of each batch.
        Momentum: float
        /// Whether a scale and a shift are learnt.
        Affine: bool
    }

/// Which statistics of the training batches a normalisation keeps for inference.
[<RequireQualifiedAccess>]
type NormTracking =
    /// A moving average: running statistics move by the momentum towards those of each batch.
    | Moving
    /// The plain average over all batches so far: PyTorch's `momentum=None`. The momentum is not used.
    | Cumulative
    /// None: inference uses the statistics of its own input, as PyTorch's `track_running_stats=False`.
    | Off

/// The running statistics of a layer's channels, and how one batch changes them.
[<NoEquality; NoComparison>]
type internal RunningStatistics = { RunningMean: Expr; RunningVariance: Expr; Learn: Expr -> Expr -> unit }

/// What normalisations share.
[<RequireQualifiedAccess>]
module internal NormParts =
    /// Refuses options that are out of range.
    let check operation (o: NormOptions) =
        let isEpsilon = o.Epsilon > 0.0 && System.Double.IsFinite o.Epsilon

        if not (isEpsilon && o.Momentum > 0.0 && o.Momentum <= 1.0) then
            Refuse.domain
                operation
                $"epsilon {string o.Epsilon}, momentum {string o.Momentum}"
                "a finite epsilon above 0, momentum above 0 and at most 1"
                "1e-5 and 0.1 are usual"

    /// x less its mean over axes, and the variance there, both with the axes kept.
    let centred axes (x: Expr) =
        let struct (mean, centred) = Reduce.centred axes x
        mean, centred, Reduce.keepDims Reduce.mean axes (centred * centred)

    /// Scaled and shifted by what is learnt, where something is.
    let scaled (o: NormOptions) (scope: Scope) dims placed (x: Expr) =
        if o.Affine then
            let weight = scope.Parameter("weight", dims, Init.ones)
            let bias = scope.Parameter("bias", dims, Init.zeros)
            x * Expr.reshape placed weight + Expr.reshape placed bias
        else
            x

    /// The running statistics of the given number of channels.
    let runningOf (tracking: NormTracking) (o: NormOptions) (scope: Scope) channels : RunningStatistics =
        let mean = scope.State("running_mean", [ channels ], Init.zeros)
        let variance = scope.State("running_var", [ channels ], Init.ones)
        let seen = scope.StateOf(DType.I64, "num_batches_tracked", [], Init.zeros)

        let towards (old: Expr) (now: Expr) =
            match tracking with
            | NormTracking.Cumulative -> old + (now - old) / Expr.cast old.DType (seen + 1)
            | NormTracking.Moving
            | NormTracking.Off -> (1.0 - o.Momentum) * old + o.Momentum * now

        {
            RunningMean = mean
            RunningVariance = variance
            Learn =
                fun batchMean batchVariance ->
                    scope.Update("running_mean", towards mean batchMean)
                    scope.Update("running_var", towards variance batchVariance)
                    scope.Update("num_batches_tracked", seen + 1)
        }

    /// The normalisation by running statistics.
    let byRunning (o: NormOptions) placed (running: RunningStatistics) (x: Expr) =
        let centred = x - Expr.reshape placed running.RunningMean
        centred * Expr.rsqrt (Expr.reshape placed running.RunningVariance + o.Epsilon)

    /// Refuses data of another rank.
    let requireRank name ranks (expected: string) (x: Expr) =
        if not (List.contains x.Shape.Rank ranks) then
            Refuse.shape
                name
                (Operand.text x)
                expected
                "reshape the data, or take the normalisation for its rank"
