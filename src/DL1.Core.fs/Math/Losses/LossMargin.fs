namespace DL1

/// Losses of order and distance: 0 as soon as what belongs together is nearer, or greater, by a margin. Targets come before
/// what is predicted; signs are 1 and −1.
[<RequireQualifiedAccess>]
module MarginLoss =
    let private zero = lit 0.0

    let private requireAlike operation (a: Expr) (b: Expr) =
        if a.Shape <> b.Shape then
            Refuse.shape
                operation
                (Operand.texts [ a; b ])
                "two operands of one shape"
                "reshape one of the two, or broadcast it"

    /// Pairs of rows `[...; features]` that are alike (sign 1) or not (sign −1, signs `[...]`): 1 − cos(a, b) where alike,
    /// max(0, cos(a, b) − margin) where not; the margin from −1 to 1, 0 is usual. 1e-12 stands beside the squares of the
    /// lengths, as in PyTorch. `MarginLoss.cosineEmbedding 0.0 Reduction.Mean rowSigns (m, n)`
    let cosineEmbedding (margin: float) reduction (target: Expr) (a: Expr, b: Expr) =
        let operation = "MarginLoss.cosineEmbedding"

        if not (margin >= -1.0 && margin <= 1.0) then
            Refuse.domain operation $"margin = {string margin}" "a margin from −1 to 1" "0 is the usual value"

        let axis = Operand.axis operation a -1
        requireAlike operation a b

        if target.Shape <> Shape.removeAxis axis a.Shape then
            Refuse.shape
                operation
                $"signs {Operand.text target} for rows {Operand.text a}"
                $"signs of shape {Shape.removeAxis axis a.Shape}, one for each pair of rows"
                "give 1 for what is alike and −1 for what is not, without the axis of the features"

        let squared (x: Expr) = Expr.sum [ -1 ] (Elementwise.square x) + 1e-12
        let cosine = Expr.sum [ -1 ] (a * b) / (sqrt (squared a) * sqrt (squared b))

        Expr.where (Expr.equal target (lit 1.0)) (1.0 - cosine) zero
        + Expr.where (Expr.equal target (lit -1.0)) (Expr.relu (cosine - margin)) zero
        |> Loss.reduce reduction

    /// The first score greater (sign 1) or less (sign −1) than the second by a margin: max(0, margin − y·(a − b)).
    /// `MarginLoss.ranking 0.5 Reduction.Mean signs (x, y)`
    let ranking (margin: float) reduction (target: Expr) (a: Expr, b: Expr) =
        let operation = "MarginLoss.ranking"
        LossParts.requireMargin operation margin
        requireAlike operation a b
        LossParts.requireLike operation target a
        Expr.relu (margin - target * (a - b)) |> Loss.reduce reduction

    /// The logistic loss of signs: log(1 + exp(−y·x)), without overflow. `MarginLoss.softMargin Reduction.Mean signs x`
    let softMargin reduction (target: Expr) (prediction: Expr) =
        LossParts.requireLike "MarginLoss.softMargin" target prediction
        Expr.softplus (-target * prediction) |> Loss.reduce reduction

    /// The label's score above every other one by a margin: of each row the mean over the classes, its own counting 0, of
    /// w·max(0, margin − x[label] + x[other])^p with p 1 or 2, from scores `[...; classes]` and labels `[...]` of i32 or i64;
    /// w is the label's weight of `[classes]`, where there are weights. The loss of a label that is no class is NaN.
    /// `MarginLoss.multiMargin 1 1.0 None Reduction.Mean labels m`
    let multiMargin
        (power: int)
        (margin: float)
        (weight: Expr option)
        reduction
        (labels: Expr)
        (scores: Expr)
        =
        let operation = "MarginLoss.multiMargin"
        LossParts.requireMargin operation margin

        if power <> 1 && power <> 2 then
            Refuse.domain operation $"power = %d{power}" "1 or 2" "1 is the usual value"

        LabelLoss.requireOrder operation labels scores
        Operand.requireFloat operation scores
        Operand.requireIndex operation labels
        let axis = Operand.axis operation scores -1
        let classes = scores.Shape[axis]

        if labels.Shape <> Shape.removeAxis axis scores.Shape then
            Refuse.shape
                operation
                (Operand.texts [ labels; scores ])
                $"labels of shape {Shape.removeAxis axis scores.Shape}, one for each row of scores"
                "remove the axis of the classes from the labels"

        Option.iter (LabelLoss.requireWeights operation classes) weight
        let own = Expr.expandDims -1 (LabelLoss.pick labels scores)
        let short = Expr.relu (margin - own + scores)
        let powered = if power = 1 then short else Elementwise.square short

        let others = Expr.where (LabelGuard.isLabel classes labels) zero powered |> Reduce.mean [ -1 ]

        match weight with
        | None -> others
        | Some w -> LabelLoss.pick labels (Expr.broadcastTo (scores.Shape.ToList()) w) * others
        |> LabelGuard.apply classes None labels
        |> Loss.reduce reduction

    /// The score of each label of a row above that of each other class by 1: Σ max(0, 1 − x[label] + x[other]) over all such
    /// pairs, over the number of classes; scores `[...; classes]`, targets 1 for the labels and 0 for the others, of the same
    /// shape. PyTorch's lists of labels, filled with −1, become such targets as the example shows.
    /// `MarginLoss.multiLabelMargin Reduction.Mean (Expr.max [ -2 ] (Linear.oneHot DType.F64 3 lists)) m`
    let multiLabelMargin reduction (target: Expr) (scores: Expr) =
        let operation = "MarginLoss.multiLabelMargin"
        let classes = scores.Shape[Operand.axis operation scores -1]

        if target.Shape <> scores.Shape then
            Refuse.shape
                operation
                (Operand.texts [ target; scores ])
                "a target 0 or 1 for each score"
                "give targets of 0 and 1, one column a class: the one-hot rows of a list's labels, and the largest of them"

        let isLabel = Expr.equal target (lit 1.0)

        // [...; labels; others]
        let pairs = Expr.both (Expr.expandDims -1 isLabel) (Expr.expandDims -2 (Expr.not' isLabel))

        let short = Expr.relu (1.0 - Expr.expandDims -1 scores + Expr.expandDims -2 scores)

        Expr.sum [ -1; -2 ] (Expr.where pairs short zero) / float classes |> Loss.reduce reduction

    /// `Loss.tripletMargin` where the negative's distance is that to the anchor or to the positive, whichever is less
    /// (Balntas et al. 2016). `MarginLoss.tripletSwap 1.0 2.0 Reduction.Mean (y, p) x`
    let tripletSwap (margin: float) (power: float) reduction (positive: Expr, negative: Expr) (anchor: Expr) =
        Loss.triplet "MarginLoss.tripletSwap" true margin power reduction (positive, negative) anchor
