namespace DL1

/// Normalisations: data less its mean over its deviation, then scaled and shifted by what is learnt.
[<RequireQualifiedAccess>]
module Norm =
    /// ε 1e-5, momentum 0.1, a scale and a shift. `{ Norm.options with Epsilon = 1e-3 }`
    let options = { Epsilon = 1e-5; Momentum = 0.1; Affine = true }

    let private batchNorm name ranks expected tracking (o: NormOptions) : Layer<Expr, Expr> =
        NormParts.check name o

        Layer.create name (fun scope x ->
            NormParts.requireRank name ranks expected x
            let channels = x.Shape[1]
            let axes = Expr.allAxes x |> List.except [ 1 ]
            let placed = channels :: List.replicate (x.Shape.Rank - 2) 1

            let running =
                if tracking = NormTracking.Off then
                    None
                else
                    Some(NormParts.runningOf tracking o scope channels)

            let byBatch () =
                let mean, centred, variance = NormParts.centred axes x
                mean, variance, centred * Expr.rsqrt (variance + o.Epsilon)

            let normal =
                match running with
                | Some running when not scope.IsTraining -> NormParts.byRunning o placed running x
                | None when not scope.IsTraining ->
                    let _, _, normal = byBatch ()
                    normal
                | running ->
                    let count = x.Shape.Size / max 1 channels

                    if count < 2 then
                        Refuse.shape
                            name
                            (Operand.text x)
                            "more than one value for each channel in training"
                            "give larger batches; drop a last batch of 1"

                    let mean, variance, normal = byBatch ()

                    running
                    |> Option.iter (fun running ->
                        let flat (e: Expr) = Expr.reshape [ channels ] e
                        // The running variance is that of a sample.
                        running.Learn (flat mean) (float count / float (count - 1) * flat variance))

                    normal

            NormParts.scaled o scope [ channels ] placed normal)

    /// `batchNorm1d` with options. `Norm.batchNorm1dWith { Norm.options with Momentum = 0.01 }`
    let batchNorm1dWith (options: NormOptions) =
        batchNorm
            "BatchNorm1d"
            [ 2; 3 ]
            "data [batch; features] or [batch; channels; length]"
            NormTracking.Moving
            options

    /// `batchNorm2d` with options. `Norm.batchNorm2dWith { Norm.options with Epsilon = 1e-3 }`
    let batchNorm2dWith (options: NormOptions) =
        batchNorm "BatchNorm2d" [ 4 ] "data [batch; channels; height; width]" NormTracking.Moving options

    /// Batch norm over `[batch; features]` or `[batch; channels; spatial...]`, with options and with the statistics that it
    /// keeps: see `NormTracking`. Parameters and state as `batchNorm1d`; without tracking there is no state.
    /// `Norm.batchNormTracking NormTracking.Cumulative Norm.options`
    let batchNormTracking (tracking: NormTracking) (options: NormOptions) : Layer<Expr, Expr> =
        batchNorm
            "BatchNorm"
            [ 2; 3; 4; 5 ]
            "data [batch; features] or [batch; channels; spatial...]"
            tracking
            options

    /// Each feature of `[batch; features]`, or channel of `[batch; channels; length]`, normalised over the batch; in
    /// inference by running statistics (Ioffe and Szegedy 2015). ε 1e-5. Parameters `weight`, `bias` `[features]`, state
    /// `running_mean`, `running_var`, `num_batches_tracked`. `Norm.batchNorm1d`
    let batchNorm1d = batchNorm1dWith options

    /// Each channel of `[batch; channels; height; width]` normalised over the batch: see `batchNorm1d`.
    /// `Norm.batchNorm2d`
    let batchNorm2d = batchNorm2dWith options

    /// Printed with the number of its axes: `LayerNorm(1 axis)`.
    let private overAxes (axes: int) layer =
        Layer.sized (if axes = 1 then "1 axis" else $"%d{axes} axes") layer

    let private layerNormBy finish (o: NormOptions) (axes: int) : Layer<Expr, Expr> =
        NormParts.check "LayerNorm" o

        overAxes axes
        <| Layer.create "LayerNorm" (fun scope x ->
            if axes < 1 || axes > x.Shape.Rank then
                Refuse.shape
                    "layerNorm"
                    $"%d{axes} axes of {Operand.text x}"
                    $"1 to %d{x.Shape.Rank} axes"
                    "count the axes that one example's features lie on"

            let dims = x.Shape.ToList() |> List.skip (x.Shape.Rank - axes)
            let _, centred, variance = NormParts.centred [ x.Shape.Rank - axes .. x.Shape.Rank - 1 ] x
            finish o scope dims (centred * Expr.rsqrt (variance + o.Epsilon)))

    /// The last axes of each example normalised, `axes` of them (Ba et al. 2016). Parameters `weight` and `bias` of their
    /// extents. `Norm.layerNormWith Norm.options 2`
    let layerNormWith (o: NormOptions) (axes: int) : Layer<Expr, Expr> =
        layerNormBy (fun o scope dims x -> NormParts.scaled o scope dims dims x) o axes

    /// `layerNormWith` a scale and no shift, as PyTorch's `bias=False`: parameter `weight`.
    /// `Norm.layerNormUnshifted Norm.options 1`
    let layerNormUnshifted (o: NormOptions) (axes: int) : Layer<Expr, Expr> =
        let finish (o: NormOptions) (scope: Scope) dims (x: Expr) =
            if o.Affine then x * scope.Parameter("weight", dims, Init.ones) else x

        layerNormBy finish o axes

    /// The last axis normalised: `[...; features]` (Ba et al. 2016). `Norm.layerNorm`
    let layerNorm = layerNormWith options 1

    /// `groupNorm` with options; a group for each channel is instance norm (Ulyanov et al. 2016).
    /// `Norm.groupNormWith { Norm.options with Affine = false } 2`
    let groupNormWith (o: NormOptions) (groups: int) : Layer<Expr, Expr> =
        NormParts.check "GroupNorm" o

        Layer.sized (string groups)
        <| Layer.create "GroupNorm" (fun scope x ->
            if x.Shape.Rank < 2 || groups < 1 || x.Shape[1] % groups <> 0 then
                Refuse.shape
                    "groupNorm"
                    $"%d{groups} groups of {Operand.text x}"
                    "data [batch; channels; ...] whose channels fall into the groups evenly"
                    "take a number of groups that divides the channels"

            let dims = x.Shape.ToList()
            let channels, rest = dims[1], List.skip 2 dims
            let size = channels / groups * List.fold (*) 1 rest
            let _, centred, variance = NormParts.centred [ 2 ] (Expr.reshape [ dims[0]; groups; size ] x)
            let normal = Expr.reshape dims (centred * Expr.rsqrt (variance + o.Epsilon))
            NormParts.scaled o scope [ channels ] (channels :: List.map (fun _ -> 1) rest) normal)

    /// Groups of channels of `[batch; channels; ...]` normalised for each example (Wu and He 2018). ε 1e-5. Parameters
    /// `weight` and `bias` `[channels]`. `Norm.groupNorm 2`
    let groupNorm (groups: int) = groupNormWith options groups

    /// Instance norm with options, and with the statistics that it keeps for inference: each channel of each example of
    /// `[batch; channels; spatial...]` is normalised over its places (Ulyanov et al. 2016). Statistics that are kept are the
    /// means over the batch, and replace those of the example in inference. Parameters, with `Affine`, `weight` and `bias`
    /// `[channels]`; with tracking state `running_mean`, `running_var`, `num_batches_tracked`.
    /// `Norm.instanceNormTracking NormTracking.Moving Norm.options`
    let instanceNormTracking (tracking: NormTracking) (o: NormOptions) : Layer<Expr, Expr> =
        NormParts.check "InstanceNorm" o

        Layer.create "InstanceNorm" (fun scope x ->
            NormParts.requireRank "InstanceNorm" [ 3; 4; 5 ] "data [batch; channels; spatial...]" x
            let channels = x.Shape[1]
            let axes = [ 2 .. x.Shape.Rank - 1 ]
            let placed = channels :: List.map (fun _ -> 1) axes

            let running =
                if tracking = NormTracking.Off then
                    None
                else
                    Some(NormParts.runningOf tracking o scope channels)

            let normal =
                match running with
                | Some running when not scope.IsTraining -> NormParts.byRunning o placed running x
                | running ->
                    let count = x.Shape.Size / max 1 (x.Shape[0] * channels)

                    if count < 2 && scope.IsTraining then
                        Refuse.shape
                            "InstanceNorm"
                            (Operand.text x)
                            "more than one place for each channel in training"
                            "put the layer where the spatial axes are larger than 1"

                    let mean, centred, variance = NormParts.centred axes x

                    running
                    |> Option.iter (fun running ->
                        let overBatch (e: Expr) =
                            Reduce.mean [ 0 ] (Expr.reshape [ x.Shape[0]; channels ] e)

                        running.Learn
                            (overBatch mean)
                            (float count / float (count - 1) * overBatch variance))

                    centred * Expr.rsqrt (variance + o.Epsilon)

            NormParts.scaled o scope [ channels ] placed normal)

    /// Each channel of each example of `[batch; channels; spatial...]` normalised over its places (Ulyanov et al. 2016),
    /// without parameters and without running statistics, as PyTorch's. ε 1e-5. `Norm.instanceNorm`
    let instanceNorm = instanceNormTracking NormTracking.Off { options with Affine = false }

    let private rms (o: NormOptions option) (axes: int) : Layer<Expr, Expr> =
        Option.iter (NormParts.check "RMSNorm") o

        overAxes axes
        <| Layer.create "RMSNorm" (fun scope x ->
            if axes < 1 || axes > x.Shape.Rank then
                Refuse.shape
                    "rmsNorm"
                    $"%d{axes} axes of {Operand.text x}"
                    $"1 to %d{x.Shape.Rank} axes"
                    "count the axes that one example's features lie on"

            Operand.requireFloat "rmsNorm" x
            let dims = x.Shape.ToList() |> List.skip (x.Shape.Rank - axes)

            let epsilon =
                match o with
                | Some o -> o.Epsilon
                | None when x.DType = DType.F32 -> 2.0 ** -23.0
                | None -> 2.0 ** -52.0

            let square = Reduce.keepDims Reduce.mean [ x.Shape.Rank - axes .. x.Shape.Rank - 1 ] (x * x)
            let normal = x * Expr.rsqrt (square + epsilon)

            match o with
            | Some o when not o.Affine -> normal
            | _ -> normal * scope.Parameter("weight", dims, Init.ones))

    /// `rmsNorm` with options over the last axes, `axes` of them. `Affine` says whether the scale is learnt; there is no
    /// shift, and the momentum is not used. `Norm.rmsNormWith { Norm.options with Epsilon = 1e-6 } 1`
    let rmsNormWith (o: NormOptions) (axes: int) : Layer<Expr, Expr> = rms (Some o) axes

    /// `rmsNorm` over the last axes, `axes` of them. `Norm.rmsNormOver 2`
    let rmsNormOver (axes: int) : Layer<Expr, Expr> = rms None axes

    /// The last axis divided by its root mean square, x/√(mean(x²) + ε)·weight (Zhang and Sennrich 2019), without
    /// subtracting the mean: `[...; features]`. ε is the machine epsilon of the type, as PyTorch's. Parameter `weight`
    /// `[features]`. `Norm.rmsNorm`
    let rmsNorm = rmsNormOver 1

    /// Each element of `[batch; channels; spatial...]` divided by (k + α·mean of squares)^β over `size` neighbouring channels,
    /// as PyTorch's LocalResponseNorm (Krizhevsky et al. 2012): channels beyond the edges count as zeros.
    /// `Norm.localResponseWith 1e-4 0.75 1.0 5`
    let localResponseWith (alpha: float) (beta: float) (k: float) (size: int) : Layer<Expr, Expr> =
        Layer.requireSize "LocalResponseNorm" "neighbouring channels" size

        if not (alpha >= 0.0 && beta >= 0.0 && k > 0.0) || not (System.Double.IsFinite(alpha + beta + k)) then
            Refuse.domain
                "LocalResponseNorm"
                $"alpha {string alpha}, beta {string beta}, k {string k}"
                "finite numbers: alpha and beta of 0 or more, k above 0"
                "1e-4, 0.75 and 1 are usual"

        Layer.sized (string size)
        <| Layer.create "LocalResponseNorm" (fun _ x ->
            NormParts.requireRank "LocalResponseNorm" [ 2; 3; 4; 5 ] "data [batch; channels; spatial...]" x
            let dims = x.Shape.ToList()
            let channels = dims[1]
            // Neighbours further away than the last channel are zeros.
            let reach distance = min distance channels
            let rest = dims |> List.skip 2 |> List.map (fun _ -> 0)
            let before, after = reach (size / 2), reach ((size - 1) / 2)
            let squares = Expr.pad (0 :: before :: rest) (0 :: after :: rest) 0.0 (x * x)

            let total =
                [ 0 .. before + after ]
                |> List.map (fun i -> Expr.sliceAxis 1 i (i + channels) squares)
                |> List.reduce (+)

            x * (k + alpha / float size * total) ** -beta)

    /// `localResponseWith` α 1e-4, β 0.75 and k 1. `Norm.localResponse 5`
    let localResponse (size: int) : Layer<Expr, Expr> = localResponseWith 1e-4 0.75 1.0 size
