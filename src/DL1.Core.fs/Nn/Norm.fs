namespace DL1

/// Normalisations: data less its mean over its deviation, then scaled and shifted by what is learnt.
[<RequireQualifiedAccess>]
module Norm =
    let private epsilon = 1e-5

    /// x less its mean over axes, and the variance there, both with the axes kept.
    let private centred axes (x: Expr) =
        let mean = Reduce.keepDims Reduce.mean axes x
        let centred = x - mean
        mean, centred, Reduce.keepDims Reduce.mean axes (centred * centred)

    let private scaled (scope: Scope) dims placed (x: Expr) =
        let weight = scope.Parameter("weight", dims, Init.ones)
        let bias = scope.Parameter("bias", dims, Init.zeros)
        x * Expr.reshape placed weight + Expr.reshape placed bias

    let private batchNorm name ranks expected (momentum: float) : Layer<Expr, Expr> =
        if not (momentum > 0.0 && momentum <= 1.0) then
            Refuse.domain "Norm.batchNorm" $"the momentum {momentum}" "above 0, at most 1" "0.1 is usual"

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
                let towards (old: Expr) (now: Expr) = (1.0 - momentum) * old + momentum * now
                // The running variance is that of a sample.
                let unbiased = float count / float (count - 1) * flat variance
                scope.Update("running_mean", towards runningMean (flat mean))
                scope.Update("running_var", towards runningVariance unbiased)
                scope.Update("num_batches_tracked", seen + 1)
                scaled scope [ channels ] placed (centred * Expr.rsqrt (variance + epsilon))
            else
                let centred = x - Expr.reshape placed runningMean
                let normal = centred * Expr.rsqrt (Expr.reshape placed runningVariance + epsilon)
                scaled scope [ channels ] placed normal)

    /// `batchNorm1d` whose statistics move by another part than 0.1 with each batch. `Norm.batchNorm1dWith 0.01`
    let batchNorm1dWith (momentum: float) =
        batchNorm "BatchNorm1d" [ 2; 3 ] "data [batch; features] or [batch; channels; length]" momentum

    /// `batchNorm2d` whose statistics move by another part than 0.1 with each batch. `Norm.batchNorm2dWith 0.01`
    let batchNorm2dWith (momentum: float) =
        batchNorm "BatchNorm2d" [ 4 ] "data [batch; channels; height; width]" momentum

    /// Each feature of `[batch; features]`, or channel of `[batch; channels; length]`, normalised over the batch; in
    /// inference by running statistics (Ioffe and Szegedy 2015). ε 1e-5. Parameters `weight`, `bias` `[features]`, state
    /// `running_mean`, `running_var`, `num_batches_tracked`. `Norm.batchNorm1d`
    let batchNorm1d = batchNorm1dWith 0.1

    /// Each channel of `[batch; channels; height; width]` normalised over the batch: see `batchNorm1d`.
    /// `Norm.batchNorm2d`
    let batchNorm2d = batchNorm2dWith 0.1

    /// The last axes of each example normalised, `axes` of them (Ba et al. 2016). ε 1e-5. Parameters `weight` and `bias`
    /// of their extents. `Norm.layerNormOver 2`
    let layerNormOver (axes: int) : Layer<Expr, Expr> =
        Layer.create "LayerNorm" (fun scope x ->
            if axes < 1 || axes > x.Shape.Rank then
                Refuse.shape
                    "layerNorm"
                    $"{axes} axes of {Operand.text x}"
                    $"1 to {x.Shape.Rank} axes"
                    "count the axes that one example's features lie on"

            let dims = x.Shape.ToList() |> List.skip (x.Shape.Rank - axes)
            let _, centred, variance = centred [ x.Shape.Rank - axes .. x.Shape.Rank - 1 ] x
            scaled scope dims dims (centred * Expr.rsqrt (variance + epsilon)))

    /// The last axis normalised: `[...; features]` (Ba et al. 2016). `Norm.layerNorm`
    let layerNorm = layerNormOver 1

    /// Groups of channels of `[batch; channels; ...]` normalised for each example (Wu and He 2018). ε 1e-5. Parameters
    /// `weight` and `bias` `[channels]`. `Norm.groupNorm 2`
    let groupNorm (groups: int) : Layer<Expr, Expr> =
        Layer.create "GroupNorm" (fun scope x ->
            if x.Shape.Rank < 2 || groups < 1 || x.Shape[1] % groups <> 0 then
                Refuse.shape
                    "groupNorm"
                    $"{groups} groups of {Operand.text x}"
                    "data [batch; channels; ...] whose channels fall into the groups evenly"
                    "take a number of groups that divides the channels"

            let dims = x.Shape.ToList()
            let channels, rest = dims[1], List.skip 2 dims
            let size = channels / groups * List.fold (*) 1 rest
            let _, centred, variance = centred [ 2 ] (Expr.reshape [ dims[0]; groups; size ] x)
            let normal = Expr.reshape dims (centred * Expr.rsqrt (variance + epsilon))
            scaled scope [ channels ] (channels :: List.map (fun _ -> 1) rest) normal)
