namespace DL1

/// A number that says how good a model's outputs are, for training to watch.
[<NoEquality; NoComparison; StructuredFormatDisplay("{Name}")>]
type Metric =
    {
        /// The name in tables and histories.
        Name: string
        /// Whether a greater number is better.
        IsGain: bool
        /// The number, from targets and the model's outputs, all rows of a data set.
        Measure: Tensor -> Tensor -> float
        /// The name of the targets that it looks at, where there are several; empty for those of the output's name, or the
        /// only ones.
        Target: string
        /// The name of the output that it looks at, where there are several; empty for the only one.
        Output: string
    }

    override this.ToString() = this.Name

/// Metrics for `Fit`. Targets come before outputs.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Metric =
    /// A metric of one's own. `Metric.create "r2" true Regression.r2`
    let create (name: string) (isGain: bool) (measure: Tensor -> Tensor -> float) : Metric =
        { Name = name; IsGain = isGain; Measure = measure; Target = ""; Output = "" }

    /// The metric of one output of a model that has several, and of the targets of a name; it is called `price r2`. Names of a
    /// tuple's members are 1, 2, ... `Metric.between "label" "logits" Metric.accuracy`
    let between (target: string) (output: string) (metric: Metric) : Metric =
        { metric with Name = $"{output} {metric.Name}"; Target = target; Output = output }

    /// The metric of the output of a name, and of the targets of that name, or the only ones. `Metric.on "price" Metric.r2`
    let on (output: string) (metric: Metric) : Metric = between "" output metric

    /// One of a set by its name, in any case of letters; the only one where no name is asked for.
    let private pick (metric: Metric) (what: string) (name: string) (tree: Tree<Tensor>) : Tensor =
        let refuse (given: string) =
            let names = Tree.paths tree |> String.concat ", "

            Refuse.domain
                $"the metric {metric.Name}"
                $"{given}: {names}"
                $"the name of one of the {what}"
                "name the output that the metric looks at, and its targets where their name is another"

        match Tree.toList tree with
        | [ _, one ] when name = "" -> one
        | _ when name = "" -> refuse $"no name, of several {what}"
        | leaves ->
            match
                leaves
                |> List.filter (fun (path, _) ->
                    System.String.Equals(path, name, System.StringComparison.OrdinalIgnoreCase))
            with
            | [ _, one ] -> one
            | found ->
                match found |> List.tryFind (fun (path, _) -> path = name) with
                | Some(_, one) -> one
                | None -> refuse $"the name {name}, of the {what}"

    /// Refuses two metrics of one name: histories could not tell them apart.
    let internal requireNames operation (metrics: Metric list) : unit =
        match
            Refuse.nulls "metrics" metrics
            |> List.ofArray
            |> List.countBy _.Name
            |> List.tryFind (fun (_, n) -> n > 1)
        with
        | Some(name, n) ->
            Refuse.domain
                operation
                $"%d{n} metrics named {name}"
                "each name once"
                "leave one of them out, or give it another name"
        | None -> ()

    /// The targets and the output that a metric looks at.
    let internal looksAt
        (metric: Metric)
        (targets: Tree<Tensor>)
        (outputs: Tree<Tensor>)
        : struct (Tensor * Tensor) =
        let output = pick metric "outputs" metric.Output outputs

        let target =
            if metric.Target <> "" then pick metric "targets" metric.Target targets
            elif targets.Count = 1 then pick metric "targets" "" targets
            else pick metric "targets" metric.Output targets

        struct (target, output)

    /// What a metric measures; a refusal of it names the metric.
    let internal explained (metric: Metric) (measure: unit -> float) : float =
        try
            measure ()
        with
        | :? ShapeError as e ->
            Refuse.shape $"the metric {metric.Name}: {e.Operation}" e.Given e.Expected e.Cure
        | :? DomainError as e ->
            Refuse.domain $"the metric {metric.Name}: {e.Operation}" e.Given e.Expected e.Cure

    /// The same metric over the elements whose target is not a certain label, such as that of padding; outputs have one
    /// element, or a row of scores, for each target. Targets of which none counts are a `DomainError`.
    /// `Metric.ignoring -100 Metric.accuracy`
    let ignoring (label: int) (metric: Metric) : Metric =
        let operation = "Metric.ignoring"

        let measure (target: Tensor) (output: Tensor) =
            if target.Size = 0 || output.Size % target.Size <> 0 then
                Refuse.shape
                    operation
                    $"targets {target.Shape} and outputs {output.Shape}"
                    "as many outputs, or rows of scores, as targets"
                    "predict the same rows"

            let labels = Tensor.toFloats target
            let rows = [| 0 .. target.Size - 1 |] |> Array.filter (fun i -> labels[i] <> float label)

            if rows.Length = 0 then
                Refuse.domain
                    operation
                    $"targets that are all %d{label}, the label that is ignored"
                    "one at least that counts"
                    "check how the data were split, and which label stands for what does not count"

            // One row for each target: the target's axes become one, and what is left is a row of scores.
            let rest = output.Shape.ToList() |> List.skip (min target.Rank output.Rank)
            let size = List.fold (*) 1 rest
            let rest = if size = output.Size / target.Size then rest else [ output.Size / target.Size ]
            let take dims t = Rows.take operation rows (Tensor.reshape (target.Size :: dims) t)
            metric.Measure (take [] target) (take rest output)

        { metric with Measure = measure }

    /// The part of rows whose greatest score is that of the label; outputs are scores or logits `[rows; classes]`, or of two
    /// classes `[rows; 1]`, where class 1 is that of logits above 0, and targets may be floats.
    /// `Metric.accuracy.Measure labels logits`
    let accuracy: Metric =
        create "accuracy" true (fun target output ->
            Classification.both target output ||> Classification.accuracy)

    /// The mean F1 of the classes, from scores or logits as those of `accuracy`. `Metric.f1.Measure labels logits`
    let f1: Metric =
        create "f1" true (fun target output -> (Classification.confusionOfScores target output).F1Macro)

    /// The area under the ROC curve, from one score a row; 0 and 1 are the targets. `Metric.rocAuc.Measure target score`
    let rocAuc: Metric = create "rocAuc" true Binary.rocAuc

    /// The mean absolute error. `Metric.mae.Measure target output`
    let mae: Metric = create "mae" false Regression.mae

    /// The root of the mean square error. `Metric.rmse.Measure target output`
    let rmse: Metric = create "rmse" false Regression.rmse

    /// The coefficient of determination. `Metric.r2.Measure target output`
    let r2: Metric = create "r2" true Regression.r2

    let private averageName (average: Average) =
        match average with
        | Average.Macro -> ""
        | Average.Micro -> "Micro"
        | Average.Weighted -> "Weighted"

    /// A score of the classes, averaged, from scores or logits as those of `accuracy`; a class without rows or predictions
    /// scores 0. Its name is that of the score with the average: precision, recallMicro, f2Weighted, jaccard.
    /// `(Metric.ofClasses Average.Macro ClassScore.Precision).Measure labels logits`
    let ofClasses (average: Average) (score: ClassScore) : Metric =
        let name =
            match score with
            | ClassScore.Precision -> "precision"
            | ClassScore.Recall -> "recall"
            | ClassScore.FBeta beta -> $"f{string beta}"
            | ClassScore.Jaccard -> "jaccard"

        create (name + averageName average) true (fun target output ->
            Classification.confusionOfScores target output |> ClassScore.average 0.0 average score)

    /// The mean negative logarithm of the label's probability, from probabilities `[rows; classes]`.
    /// `Metric.logLoss.Measure labels chances`
    let logLoss: Metric = create "logLoss" false ClassChances.logLoss

    /// The mean negative logarithm of the label's softmax, from logits `[rows; classes]`: for models that end in logits.
    /// `Metric.logLossOfLogits.Measure labels logits`
    let logLossOfLogits: Metric = create "logLossOfLogits" false ClassChances.logLossOfLogits

    /// The part of rows whose label is among the k greatest scores. `(Metric.topK 2).Measure labels logits`
    let topK (k: int) : Metric =
        if k < 1 then
            Refuse.domain "Metric.topK" $"k = %d{k}" "1 or more" "5 is usual"

        create $"top%d{k}" true (ClassChances.topK k)

    /// The area under the ROC curve of each class against the others, averaged, from scores `[rows; classes]`.
    /// `(Metric.rocAucOneVsRest Average.Macro).Measure labels logits`
    let rocAucOneVsRest (average: Average) : Metric =
        create ("rocAucOneVsRest" + averageName average) true (ClassChances.rocAucOneVsRest average)

    /// The area under the ROC curve over the pairs of classes, averaged, from scores `[rows; classes]`.
    /// `(Metric.rocAucOneVsOne Average.Macro).Measure labels logits`
    let rocAucOneVsOne (average: Average) : Metric =
        create ("rocAucOneVsOne" + averageName average) true (ClassChances.rocAucOneVsOne average)

    /// The mean of |t − p| / |t|. `Metric.mape.Measure output output`
    let mape: Metric = create "mape" false Regression.mape

    /// The largest absolute error. `Metric.maxError.Measure target output`
    let maxError: Metric = create "maxError" false Regression.maxError

    /// exp of the mean negative logarithm of the target's softmax, from logits `[...; classes]`; padding is left out by
    /// `Metric.ignoring`. `Metric.perplexity.Measure labels logits`
    let perplexity: Metric = create "perplexity" false SequenceScore.perplexity

    /// The mean negative logarithm to base 2 of the target's softmax, from logits `[...; classes]`: bits a character where tokens
    /// are characters. `Metric.bitsPerToken.Measure labels logits`
    let bitsPerToken: Metric = create "bitsPerToken" false SequenceScore.bitsPerToken

    /// Bits a character where tokens are words or byte pairs: the bits of all tokens divided by the number of characters of
    /// the measured text. `(Metric.bitsPerCharacter 5).Measure labels logits`
    let bitsPerCharacter (characters: int) : Metric =
        create "bitsPerCharacter" false (SequenceScore.bitsPerCharacter characters)

    /// The part of rows that are right at each place but those whose target is the ignored label: from targets `[rows; length]`,
    /// and predictions or scores `[rows; length; classes]`. `(Metric.exactMatch (Some 0)).Measure target target`
    let exactMatch (ignore: int option) : Metric = create "exactMatch" true (SequenceScore.exactMatch ignore)
