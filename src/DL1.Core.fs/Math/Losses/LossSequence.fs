namespace DL1

/// How `SequenceLoss.ctc` reads its classes and reduces; `SequenceLoss.options` is a start.
[<NoEquality; NoComparison>]
type CtcOptions =
    {
        /// The class that stands for no label, from 0.
        Blank: int
        /// What is made of the losses of the sequences. The mean is that of each loss over its number of labels, as PyTorch's.
        Reduction: Reduction
        /// Whether sequences that are too short for their labels count 0, with gradient 0, where they would be infinite.
        ZeroInfinity: bool
    }

/// Losses of whole sequences.
[<RequireQualifiedAccess>]
module SequenceLoss =
    /// Blank 0, the mean of each loss over its number of labels, infinite losses as they are.
    /// `{ SequenceLoss.options with ZeroInfinity = true }`
    let options = { Blank = 0; Reduction = Reduction.Mean; ZeroInfinity = false }

    /// The mean of the losses of what is real: `[batch; length; ...]` with truth values `[batch; length]`. What stands in padding
    /// counts nowhere, not even a NaN, nor in gradients. Where nothing is real it is 0. Over many batches it is the mean of all
    /// that is real in them: neither the order of rows nor how they are cut changes an evaluation.
    /// `SequenceLoss.masked (PaddingMask.mask 3 lengths) (Loss.mse Reduction.None y x)`
    let masked (isReal: Expr) (losses: Expr) : Expr =
        let rank = isReal.Shape.Rank
        let dims = losses.Shape.ToList()

        if
            isReal.DType <> DType.Bool
            || rank > dims.Length
            || List.truncate rank dims <> isReal.Shape.ToList()
        then
            Refuse.shape
                "SequenceLoss.masked"
                $"truth values {Operand.text isReal} for losses {Operand.text losses}"
                "truth values [batch; length] for losses [batch; length; ...]"
                "take the losses of the elements, with no reduction, and the mask of their targets"

        let ones = List.replicate (dims.Length - rank) 1
        let real = Expr.broadcastTo dims (Expr.reshape (isReal.Shape.ToList() @ ones) isReal)

        Loss.weightedMean (Expr.cast losses.DType real) (Expr.where real losses (lit 0.0))

    // The logarithm of what cannot be reached: finite, so that differences of such are no NaN, in f32 too.
    let private unreachable = -1e30

    let private requireShape (operation: string) (what: string) (e: Expr) (dims: int list) =
        Operand.requireIndex operation e

        if e.Shape.ToList() <> dims then
            Refuse.shape
                operation
                (Operand.text e)
                $"{what} of shape {Shape.ofList dims}"
                "the batch comes first; fill shorter rows of labels with any class"

    /// Blanks between, before and behind the labels: `[batch; 2·labels + 1]`.
    let private withBlanks (blank: int) (labels: Expr) : Expr =
        let batch, count = labels.Shape[0], labels.Shape[1]
        let blanks n = Expr.full DType.I64 [ batch; n ] (float blank)
        let pairs = Expr.stack 2 [ blanks count; labels ] |> Expr.reshape [ batch; 2 * count ]
        Expr.concat 1 [ pairs; blanks 1 ]

    /// The states moved to the right by a number of places, with a value before them.
    let private shifted places (value: float) (states: Expr) : Expr =
        let batch, count = states.Shape[0], states.Shape[1]
        let places = min places count

        Expr.concat
            1
            [ Expr.full states.DType [ batch; places ] value; Expr.sliceAxis 1 0 (count - places) states ]

    /// The negative logarithm of the probability that a sequence of classes says the labels, when repeats are taken together
    /// and blanks left out: connectionist temporal classification (Graves et al. 2006). From logarithms of probabilities
    /// `[batch; time; classes]` with the number of steps of each, `[batch]`, and labels `[batch; labels]` with the number of
    /// labels of each, `[batch]`; labels and numbers are i32 or i64. What lies behind the numbers counts for nothing. A
    /// sequence that is too short for its labels has an infinite loss with gradient 0; a label that is no class, and a number
    /// below 0 or beyond the axis, has NaN. The sum over all ways is a loop over the steps, on logarithms; its gradient comes
    /// from the loop. `SequenceLoss.ctc SequenceLoss.options (words, wordLengths) (steps, stepLengths)`
    let ctc
        (options: CtcOptions)
        (labels: Expr, labelLengths: Expr)
        (logProbabilities: Expr, lengths: Expr)
        : Expr =
        let operation = "SequenceLoss.ctc"
        Operand.requireFloat operation logProbabilities

        if logProbabilities.Shape.Rank <> 3 then
            Refuse.shape
                operation
                (Operand.text logProbabilities)
                "logarithms of probabilities [batch; time; classes]"
                "put the batch first; a single sequence is a batch of one"

        let batch, time, classes =
            logProbabilities.Shape[0], logProbabilities.Shape[1], logProbabilities.Shape[2]

        if labels.Shape.Rank <> 2 then
            Refuse.shape operation (Operand.text labels) "labels [batch; labels]" "a row of labels a sequence"

        let count = labels.Shape[1]
        requireShape operation "labels" labels [ batch; count ]
        requireShape operation "numbers of labels" labelLengths [ batch ]
        requireShape operation "numbers of steps" lengths [ batch ]

        if options.Blank < 0 || options.Blank >= classes then
            Refuse.domain
                operation
                $"the blank %d{options.Blank} of %d{classes} classes"
                "one of the classes"
                "classes are counted from 0"

        let column (e: Expr) = Expr.cast DType.I64 e |> Expr.expandDims 1
        let labelCounts, stepCounts = column labelLengths, column lengths
        let dtype = logProbabilities.DType
        let states = 2 * count + 1

        let labels =
            Expr.where
                (Expr.arange DType.I64 count .< labelCounts)
                (Expr.cast DType.I64 labels)
                (lit (float options.Blank))

        let extended = withBlanks options.Blank labels
        // A jump over a blank is allowed between labels that differ.
        let mayJump = Expr.notEqual extended (shifted 2 (float options.Blank) extended)

        // What each state says at each step: [batch; time; states].
        let emitted =
            let inside = Expr.minimum (Expr.maximum extended (lit 0.0)) (lit (float (classes - 1)))

            let starts =
                Expr.arange DType.I64 (batch * time) * float classes |> Expr.reshape [ batch; time; 1 ]

            Expr.maximum logProbabilities (lit unreachable)
            |> Expr.reshape [ logProbabilities.Shape.Size ]
            |> Expr.gather 0 (starts + Expr.expandDims 1 inside)

        let first =
            Expr.concat
                1
                [ Expr.full dtype [ batch; 1 ] 0.0; Expr.full dtype [ batch; states - 1 ] unreachable ]

        let step (carries: Expr list) (slices: Expr list) =
            let reached, said, now = carries[0], slices[0], slices[1]
            let jumped = Expr.where mayJump (shifted 2 unreachable reached) (lit unreachable)

            let next =
                Expr.stack 2 [ reached; shifted 1 unreachable reached; jumped ]
                |> Expr.logSumExp 2
                |> (+) said

            [ Expr.where (now .< stepCounts) next reached ], []

        let reached, _ =
            Scan.many false time [ first ] [ Expr.moveAxis 1 0 emitted; Expr.arange DType.I64 time ] step

        // It ends in the last label or in the blank behind it.
        let place = Expr.arange DType.I64 states
        let isEnd = Expr.both (place .<= 2.0 * labelCounts) (place .>= 2.0 * labelCounts - 1.0)
        let total = Expr.where isEnd reached.Head (lit -infinity) |> Expr.logSumExp 1
        let isImpossible = total .< 0.5 * unreachable
        let losses = Expr.where isImpossible (lit (if options.ZeroInfinity then 0.0 else infinity)) -total

        let within (counts: Expr) (most: int) =
            Expr.both (counts .>= 0.0) (counts .<= float most) |> Expr.squeeze [ 1 ]

        let isLegal = Expr.both (within labelCounts count) (within stepCounts time)
        let guard = LabelGuard.apply classes None labels (Expr.full dtype [ batch; count ] 0.0)
        let losses = Expr.where isLegal losses (lit nan) + Expr.sum [ 1 ] guard

        match options.Reduction with
        | Reduction.Mean ->
            let counts = Expr.maximum (Expr.cast dtype (Expr.squeeze [ 1 ] labelCounts)) (lit 1.0)
            Reduce.meanAll (losses / counts)
        | Reduction.None
        | Reduction.Sum
        | Reduction.BatchMean -> Loss.reduce options.Reduction losses
