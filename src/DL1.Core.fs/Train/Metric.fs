namespace DL1

/// A number that says how good a model's outputs are, for training to watch.
[<NoEquality; NoComparison>]
type Metric =
    {
        /// The name in tables and histories.
        Name: string
        /// Whether a greater number is better.
        IsGain: bool
        /// The number, from targets and the model's outputs, all rows of a data set.
        Measure: Tensor -> Tensor -> float
    }

    override this.ToString() = this.Name

/// Metrics for `Fit`. Targets come before outputs.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Metric =
    /// A metric of one's own. `Metric.create "r2" true Regression.r2`
    let create (name: string) (isGain: bool) (measure: Tensor -> Tensor -> float) : Metric =
        { Name = name; IsGain = isGain; Measure = measure }

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
