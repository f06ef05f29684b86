namespace DL1

/// The loss of labels of classes from logarithms of probabilities: what cross-entropies are made of.
[<RequireQualifiedAccess>]
module internal LabelLoss =
    /// From logarithms of probabilities with the classes last: for each label, what it picks along the last axis.
    let pick (labels: Expr) (values: Expr) =
        let classes = values.Shape[values.Shape.Rank - 1]

        if classes <= LabelGuard.fewClasses then
            Expr.sum [ -1 ] (Expr.where (LabelGuard.isLabel classes labels) values (lit 0.0))
        else
            // A label that lies outside picks some class, and is masked by the caller.
            let labels = Expr.minimum (Expr.maximum labels (lit 0.0)) (lit (float (classes - 1)))

            let starts =
                Expr.arange labels.DType labels.Shape.Size * classes |> Expr.reshape (labels.Shape.ToList())

            Expr.reshape [ -1 ] values |> Expr.gather 0 (starts + labels)

    /// Refuses labels and scores that were given in the place of each other, and targets that are no labels.
    let requireOrder operation (labels: Expr) (scores: Expr) =
        if labels.DType.IsFloat && not scores.DType.IsFloat then
            Refuse.shape
                operation
                $"{Operand.text labels} as the labels and {Operand.text scores} as the scores"
                "labels of i32 or i64 first, then scores of f32 or f64"
                "swap the two: the target comes before the prediction"

        if labels.DType.IsFloat && labels.Shape = scores.Shape then
            Refuse.shape
                operation
                $"targets {Operand.text labels}, a number for each class, beside scores {Operand.text scores}"
                "labels of i32 or i64, one for each row of scores"
                "one-hot targets become labels by argMax over the axis of the classes; probabilities of classes are targets of crossEntropyOfProbabilities"

    let requireSmoothing operation (smoothing: float) =
        if not (smoothing >= 0.0 && smoothing <= 1.0) then
            Refuse.domain operation $"label smoothing {string smoothing}" "0 to 1" "0.1 is common"

    let requireWeights operation (classes: int) (weights: Expr) =
        if weights.Shape.ToList() <> [ classes ] then
            Refuse.shape
                operation
                (Operand.text weights)
                $"a weight for each of %d{classes} classes"
                "give a vector"

    /// The loss of labels from logarithms of probabilities, each element's times its `factor`, where there is one.
    let loss operation (factor: Expr option) (o: ClassOptions) (labels: Expr) (logProbabilities: Expr) =
        requireOrder operation labels logProbabilities
        Operand.requireFloat operation logProbabilities
        Operand.requireIndex operation labels
        let axis = Operand.axis operation logProbabilities o.Axis
        let x = Expr.moveAxis axis -1 logProbabilities
        let rank = x.Shape.Rank
        let classes = x.Shape[rank - 1]

        if labels.Shape <> Shape.removeAxis (rank - 1) x.Shape then
            Refuse.shape
                operation
                (Operand.texts [ labels; logProbabilities ])
                $"labels of shape {Shape.removeAxis (rank - 1) x.Shape}, one for each row of classes"
                "remove the axis of the classes from the labels; one-hot targets become labels by argMax"

        requireSmoothing operation o.LabelSmoothing

        let counts = o.Ignore |> Option.map (fun ignored -> Expr.notEqual labels (lit (float ignored)))

        let masked (values: Expr) =
            match counts with
            | None -> values
            | Some counts -> Expr.where counts values (lit 0.0)

        let weights = o.Weight
        Option.iter (requireWeights operation classes) weights

        /// The weight of each label, where there are weights.
        let weight = weights |> Option.map (fun w -> pick labels (Expr.broadcastTo (x.Shape.ToList()) w))

        let own =
            match weight with
            | None -> -(pick labels x)
            | Some w -> -(w * pick labels x)

        let losses =
            if o.LabelSmoothing = 0.0 then
                own
            else
                let all =
                    match weights with
                    | None -> -(Expr.sum [ -1 ] x)
                    | Some w -> -(Expr.sum [ -1 ] (w * x))

                (1.0 - o.LabelSmoothing) * own + o.LabelSmoothing / float classes * all

        let losses =
            match factor with
            | None -> losses
            | Some factor -> factor * losses

        let losses = LabelGuard.apply classes o.Ignore labels losses

        match o.Reduction with
        | Reduction.None -> masked losses
        | Reduction.Sum -> Expr.sumAll (masked losses)
        | Reduction.BatchMean -> LossParts.batchMean (masked losses)
        | Reduction.Mean ->
            match weight, counts with
            | None, None -> Reduce.meanAll losses
            | Some w, _ -> LossParts.divided (Expr.sumAll (masked losses)) (Expr.sumAll (masked w))
            | None, Some counts ->
                LossParts.divided (Expr.sumAll (masked losses)) (Expr.sumAll (Expr.cast losses.DType counts))
