namespace DL1

/// Losses of classes where a row's target is more than one label (probabilities, several labels at once), and losses that
/// weigh rows by how hard they are. Targets come before scores.
[<RequireQualifiedAccess>]
module ClassLoss =
    /// Cross-entropy from logits `[...; classes]` against the probabilities of the classes, of the same shape:
    /// −Σ w·t·log softmax(x) over the classes, with label smoothing t·(1 − s) + s/classes. The mean is over the rows, whatever
    /// the weights are, as in PyTorch. A class of probability 0 counts for nothing, also where its logit is −∞. No label can be
    /// ignored: that is a `DomainError`. `ClassLoss.crossEntropyOfProbabilities Loss.classes (Expr.softmax -1 m) m`
    let crossEntropyOfProbabilities (options: ClassOptions) (target: Expr) (logits: Expr) =
        let operation = "ClassLoss.crossEntropyOfProbabilities"
        Operand.requireFloat operation logits
        let axis = Operand.axis operation logits options.Axis

        if target.Shape <> logits.Shape then
            Refuse.shape
                operation
                $"targets {Operand.text target} and logits {Operand.text logits}"
                "a probability for each logit"
                "labels, one for each row, are targets of the cross-entropy of classes"

        match options.Ignore with
        | Some label ->
            Refuse.domain
                operation
                $"the label %d{label} to be ignored"
                "no label, for targets are probabilities"
                "leave Ignore out; take a weighted mean of the rows to ignore some of them"
        | None -> ()

        LabelLoss.requireSmoothing operation options.LabelSmoothing
        let classes = logits.Shape[axis]
        Option.iter (LabelLoss.requireWeights operation classes) options.Weight
        let x = Expr.moveAxis axis -1 (Reduce.logSoftmax axis logits)
        let target = Expr.moveAxis axis -1 target

        let target =
            if options.LabelSmoothing = 0.0 then
                target
            else
                (1.0 - options.LabelSmoothing) * target + options.LabelSmoothing / float classes

        let isNothing = Expr.both (Expr.equal target (lit 0.0)) (x .<= -infinity)
        let products = Expr.where isNothing (lit 0.0) (target * x)

        let weighted =
            match options.Weight with
            | None -> products
            | Some w -> w * products

        -(Expr.sum [ -1 ] weighted) |> Loss.reduce options.Reduction

    let private requireGamma operation (gamma: float) =
        if not (gamma >= 0.0 && System.Double.IsFinite gamma) then
            Refuse.domain
                operation
                $"gamma = {string gamma}"
                "a finite gamma of 0 or more"
                "2 is the usual value; with 0 the loss is cross-entropy"

    /// Cross-entropy of the sigmoid of logits, in which what is already right counts less:
    /// α·y·σ(−x)^γ·softplus(−x) + (1 − α)·(1 − y)·σ(x)^γ·softplus(x), for targets y of 0 and 1 (Lin et al. 2017). Without an
    /// α both classes count fully. Computed from the logits alone, so that no power of a probability underflows.
    /// `ClassLoss.focal 2.0 (Some 0.25) Reduction.Mean y x`
    let focal (gamma: float) (alpha: float option) reduction (target: Expr) (logits: Expr) =
        let operation = "ClassLoss.focal"
        requireGamma operation gamma
        let struct (target, check) = LossParts.ofTwoClasses target logits
        LossParts.requireLike operation target logits

        match alpha with
        | Some a when not (a >= 0.0 && a <= 1.0) ->
            Refuse.domain
                operation
                $"alpha = {string a}"
                "a weight of the positive class from 0 to 1"
                "0.25 is the usual value"
        | _ -> ()

        let high, low = Expr.softplus logits, Expr.softplus -logits
        let positive = target * exp (-gamma * high) * low
        let negative = (1.0 - target) * exp (-gamma * low) * high

        match alpha with
        | None -> positive + negative
        | Some a -> a * positive + (1.0 - a) * negative
        |> check
        |> Loss.reduce reduction

    /// `Loss.crossEntropy` of labels `[...]` from logits `[...; classes]`, each row times (1 − p)^γ, where p is the probability
    /// of its label: rows that are already right count less (Lin et al. 2017). The mean is that of `Loss.crossEntropy`; two
    /// classes at least. `ClassLoss.focalOfLabels 2.0 Loss.classes labels m`
    let focalOfLabels (gamma: float) (options: ClassOptions) (labels: Expr) (logits: Expr) =
        let operation = "ClassLoss.focalOfLabels"
        requireGamma operation gamma
        LabelLoss.requireOrder operation labels logits
        Operand.requireIndex operation labels
        let axis = Operand.axis operation logits options.Axis
        let x = Expr.moveAxis axis -1 logits
        let classes = logits.Shape[axis]

        if classes < 2 then
            Refuse.shape
                operation
                (Operand.text logits)
                "two classes at least"
                "one score for two classes is for the focal loss of scores"

        if labels.Shape <> Shape.removeAxis (x.Shape.Rank - 1) x.Shape then
            Refuse.shape
                operation
                (Operand.texts [ labels; logits ])
                $"labels of shape {Shape.removeAxis (x.Shape.Rank - 1) x.Shape}, one for each row of classes"
                "remove the axis of the classes from the labels; one-hot targets become labels by argMax"

        // log(1 − p): what the other classes have of the whole.
        let others = Expr.where (LabelGuard.isLabel classes labels) (lit -infinity) x |> Expr.logSumExp -1

        let factor = exp (gamma * (others - Expr.logSumExp -1 x))
        LabelLoss.loss operation (Some factor) options labels (Reduce.logSoftmax axis logits)

    /// Several labels a row: the mean over the classes of w·(y·softplus(−x) + (1 − y)·softplus(x)), from logits
    /// `[...; classes]` and targets 0 or 1 of the same shape, with a weight for each class or none; then the reduction over the
    /// rows. `ClassLoss.multiLabelSoftMargin None Reduction.Mean truths m`
    let multiLabelSoftMargin (weight: Expr option) reduction (target: Expr) (logits: Expr) =
        let operation = "ClassLoss.multiLabelSoftMargin"
        let axis = Operand.axis operation logits -1
        LossParts.requireLike operation target logits
        Option.iter (LabelLoss.requireWeights operation logits.Shape[axis]) weight

        let losses = target * Expr.softplus -logits + (1.0 - target) * Expr.softplus logits

        match weight with
        | None -> losses
        | Some w -> w * losses
        |> Reduce.mean [ -1 ]
        |> Loss.reduce reduction
