namespace DL1

/// What is made of the losses of many elements.
[<RequireQualifiedAccess; Struct>]
type Reduction =
    /// They stay as they are.
    | None
    /// Their sum, a scalar.
    | Sum
    /// Their mean, a scalar.
    | Mean
    /// Their sum over the extent of the first axis, a scalar: PyTorch's `batchmean`. A single loss is one row.
    | BatchMean

/// How the classes of a classification are weighed; `Loss.classes` is a start.
[<NoEquality; NoComparison>]
type ClassOptions =
    {
        /// What is made of the losses. The mean is weighted by the classes' weights, as PyTorch's.
        Reduction: Reduction
        /// A weight for each class, `[classes]`.
        Weight: Expr option
        /// How much of each target, from 0 to 1, is spread evenly over all classes (Szegedy et al. 2015).
        LabelSmoothing: float
        /// A label whose elements do not count.
        Ignore: int option
        /// The axis of the classes, −1 the last.
        Axis: int
    }
