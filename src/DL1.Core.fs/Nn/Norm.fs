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

/// Normalisations: data less its mean over its deviation, then scaled and shifted by what is learnt.
[<RequireQualifiedAccess>]
module Norm =
    /// ε 1e-5, momentum 0.1, a scale and a shift. `{ Norm.options with Epsilon = 1e-3 }`
    let options = { Epsilon = 1e-5; Momentum = 0.1; Affine = true }

    let private check operation (o: NormOptions) =
        let isEpsilon = o.Epsilon > 0.0 && System.Double.IsFinite o.Epsilon

        if not (isEpsilon && o.Momentum > 0.0 && o.Momentum <= 1.0) then
            Refuse.domain
                operation
                $"epsilon {string o.Epsilon}, momentum {string o.Momentum}"
                "a finite epsilon above 0, momentum above 0 and at most 1"
                "1e-5 and 0.1 are usual"

    /// x less its mean over axes, and the variance there, both with the axes kept.
    let private centred axes (x: Expr) =
        let struct (mean, centred) = Reduce.centred axes x
        mean, centred, Reduce.keepDims Reduce.mean axes (centred * centred)

    let private scaled (o: NormOptions) (scope: Scope) dims placed (x: Expr) =
        if o.Affine then
            let weight = scope.Parameter("weight", dims, Init.ones)
            let bias = scope.Parameter("bias", dims, Init.zeros)
            x * Expr.reshape placed weight + Expr.reshape placed bias
        else
            x

    let private batchNorm name ranks expected (o: NormOptions) : Layer<Expr, Expr> =
        check name o

        Layer.create name (fun scope x ->
            if not (List.contains x.Shape.Rank ranks) then
                Refuse.shape
                    name
                    (Operand.text x)
                    expected
                    "reshape the data, or take the batch norm for its rank"

            let channels = x.Shape[1]
            let axes = Expr.allAxes x |> List.except [ 1 ]
            let placed = channels :: List.replicate (x.Shape.Rank - 2) 1
            let runningMean = scope.State("running_mean", [ channels ], Init.zeros)
            let runningVariance = scope.State("running_var", [ channels ], Init.ones)
            let seen = scope.StateOf(DType.I64, "num_batches_tracked", [], Init.zeros)

            if scope.IsTraining then
                let count = x.Shape.Size / max 1 channels

                if count < 2 then
                    Refuse.shape
                        name
                        (Operand.text x)
                        "more than one value for each channel in training"
                        "give larger batches; drop a last batch of 1"

                let mean, centred, variance = centred axes x
                let flat (e: Expr) = Expr.reshape [ channels ] e
                let towards (old: Expr) (now: Expr) = (1.0 - o.Momentum) * old + o.Momentum * now
                // The running variance is that of a sample.
                let unbiased = float count / float (count - 1) * flat variance
                scope.Update("running_mean", towards runningMean (flat mean))
                scope.Update("running_var", towards runningVariance unbiased)
                scope.Update("num_batches_tracked", seen + 1)
                scaled o scope [ channels ] placed (centred * Expr.rsqrt (variance + o.Epsilon))
            else
                let centred = x - Expr.reshape placed runningMean
                let normal = centred * Expr.rsqrt (Expr.reshape placed runningVariance + o.Epsilon)
                scaled o scope [ channels ] placed normal)

    /// `batchNorm1d` with options. `Norm.batchNorm1dWith { Norm.options with Momentum = 0.01 }`
    let batchNorm1dWith (options: NormOptions) =
        batchNorm "BatchNorm1d" [ 2; 3 ] "data [batch; features] or [batch; channels; length]" options

    /// `batchNorm2d` with options. `Norm.batchNorm2dWith { Norm.options with Epsilon = 1e-3 }`
    let batchNorm2dWith (options: NormOptions) =
        batchNorm "BatchNorm2d" [ 4 ] "data [batch; channels; height; width]" options

    /// Each feature of `[batch; features]`, or channel of `[batch; channels; length]`, normalised over the batch; in
    /// inference by running statistics (Ioffe and Szegedy 2015). ε 1e-5. Parameters `weight`, `bias` `[features]`, state
    /// `running_mean`, `running_var`, `num_batches_tracked`. `Norm.batchNorm1d`
    let batchNorm1d = batchNorm1dWith options

    /// Each channel of `[batch; channels; height; width]` normalised over the batch: see `batchNorm1d`.
    /// `Norm.batchNorm2d`
    let batchNorm2d = batchNorm2dWith options

    /// The last axes of each example normalised, `axes` of them (Ba et al. 2016). Parameters `weight` and `bias` of their
    /// extents. `Norm.layerNormWith Norm.options 2`
    let layerNormWith (o: NormOptions) (axes: int) : Layer<Expr, Expr> =
        check "LayerNorm" o

        Layer.create "LayerNorm" (fun scope x ->
            if axes < 1 || axes > x.Shape.Rank then
                Refuse.shape
                    "layerNorm"
                    $"%d{axes} axes of {Operand.text x}"
                    $"1 to %d{x.Shape.Rank} axes"
                    "count the axes that one example's features lie on"

            let dims = x.Shape.ToList() |> List.skip (x.Shape.Rank - axes)
            let _, centred, variance = centred [ x.Shape.Rank - axes .. x.Shape.Rank - 1 ] x
            scaled o scope dims dims (centred * Expr.rsqrt (variance + o.Epsilon)))

    /// The last axis normalised: `[...; features]` (Ba et al. 2016). `Norm.layerNorm`
    let layerNorm = layerNormWith options 1

    /// `groupNorm` with options; a group for each channel is instance norm (Ulyanov et al. 2016).
    /// `Norm.groupNormWith { Norm.options with Affine = false } 2`
    let groupNormWith (o: NormOptions) (groups: int) : Layer<Expr, Expr> =
        check "GroupNorm" o

        Layer.create "GroupNorm" (fun scope x ->
            if x.Shape.Rank < 2 || groups < 1 || x.Shape[1] % groups <> 0 then
                Refuse.shape
                    "groupNorm"
                    $"%d{groups} groups of {Operand.text x}"
                    "data [batch; channels; ...] whose channels fall into the groups evenly"
                    "take a number of groups that divides the channels"

            let dims = x.Shape.ToList()
            let channels, rest = dims[1], List.skip 2 dims
            let size = channels / groups * List.fold (*) 1 rest
            let _, centred, variance = centred [ 2 ] (Expr.reshape [ dims[0]; groups; size ] x)
            let normal = Expr.reshape dims (centred * Expr.rsqrt (variance + o.Epsilon))
            scaled o scope [ channels ] (channels :: List.map (fun _ -> 1) rest) normal)

    /// Groups of channels of `[batch; channels; ...]` normalised for each example (Wu and He 2018). ε 1e-5. Parameters
    /// `weight` and `bias` `[channels]`. `Norm.groupNorm 2`
    let groupNorm (groups: int) = groupNormWith options groups
