namespace DL1

open System

/// How `LbfgsSearch.minimize` goes; `LbfgsSearch.options` is a start.
type LbfgsOptions =
    {
        /// The step along a direction that is tried first, or made where no line is searched, above 0.
        Rate: float
        /// The most iterations, 1 or more.
        Iterations: int
        /// The most evaluations of value and gradient after which no iteration begins, 1 or more.
        Evaluations: int
        /// The largest magnitude of a gradient's element that ends the descent, 0 or more.
        GradientTolerance: float
        /// The smallest change of a value or of a parameter that another iteration is made for, 0 or more.
        ChangeTolerance: float
        /// How many pairs of steps and changes of the gradient are kept, 1 or more.
        History: int
        /// Whether each step satisfies the strong conditions of Wolfe; else each is the rate times the direction.
        SearchesLine: bool
    }

/// Why a descent ended.
[<RequireQualifiedAccess; Struct>]
type LbfgsEnd =
    /// All elements of the gradient are within the tolerance.
    | Level
    /// The last step changed too little, or the direction hardly descends.
    | Settled
    /// The iterations or the evaluations are used up.
    | UsedUp
    /// A value is no longer finite.
    | Diverged

/// What a descent came to.
[<NoComparison; StructuredFormatDisplay("{Display}")>]
type LbfgsResult =
    {
        /// The last parameters.
        Parameters: Tree<Tensor>
        /// The value after each iteration, the first one before them.
        Values: float list
        /// How often value and gradient were evaluated.
        Evaluations: int
        /// Why it ended.
        End: LbfgsEnd
    }

    /// `0.25 after 12 iterations and 15 evaluations (Level)`.
    override this.ToString() =
        let last = this.Values |> List.tryLast |> Option.map string |> Option.defaultValue "no value"

        $"{last} after %d{max 0 (this.Values.Length - 1)} iterations and %d{this.Evaluations} evaluations ({this.End})"

    member internal this.Display = Format.following (this.ToString())

/// The limited-memory method of Broyden, Fletcher, Goldfarb and Shanno (Liu and Nocedal 1989) for a function that may be
/// evaluated as often as is wanted, such as a loss over all rows: iterations with a line search, as PyTorch's `LBFGS` makes
/// them in one `step`. For batches, which change from step to step, take `Lbfgs.optimizer`.
[<RequireQualifiedAccess>]
module LbfgsSearch =
    /// 100 iterations with a line search and a history of 10; gradients up to 1e-7 and changes below 1e-9 end the descent.
    /// `{ LbfgsSearch.options with Iterations = 20 }`
    let options: LbfgsOptions =
        {
            Rate = 1.0
            Iterations = 100
            Evaluations = 125
            GradientTolerance = 1e-7
            ChangeTolerance = 1e-9
            History = 10
            SearchesLine = true
        }

    let private operation = "LbfgsSearch.minimize"

    let private check (o: LbfgsOptions) =
        let isTolerance (value: float) = value >= 0.0 && Double.IsFinite value

        if
            not (o.Rate > 0.0 && Double.IsFinite o.Rate)
            || o.Iterations < 1
            || o.Evaluations < 1
            || o.History < 1
            || not (isTolerance o.GradientTolerance && isTolerance o.ChangeTolerance)
        then
            Refuse.domain
                operation
                $"rate {string o.Rate}, %d{o.Iterations} iterations, %d{o.Evaluations} evaluations, a history of %d{o.History}, tolerances {string o.GradientTolerance} and {string o.ChangeTolerance}"
                "a finite rate above 0, numbers of 1 or more, and tolerances of 0 or more"
                "1, 100, 125, 10, 1e-7 and 1e-9 are a start"

    /// a + s·b.
    let private addScaled (s: float) (a: float[]) (b: float[]) : float[] =
        Array.map2 (fun x y -> x + s * y) a b

    /// A step, the change of the gradient over it, and one over their product.
    [<NoEquality; NoComparison>]
    type private Pair = { Step: float[]; Change: float[]; Inverse: float }

    /// −H·g by two loops over the pairs, the latest first.
    let private direction (pairs: Pair list) (scale: float) (g: float[]) : float[] =
        let q, weights =
            ((Array.map (fun x -> -x) g, []), pairs)
            ||> List.fold (fun (q, weights) pair ->
                let weight = LineSearch.dot pair.Step q * pair.Inverse
                addScaled -weight q pair.Change, weight :: weights)

        (Array.map (fun x -> scale * x) q, List.zip (List.rev pairs) weights)
        ||> List.fold (fun r (pair, weight) ->
            let back = LineSearch.dot pair.Change r * pair.Inverse
            addScaled (weight - back) r pair.Step)

    /// The descent of a function of numbers to its value and gradient.
    let internal descend
        (o: LbfgsOptions)
        (evaluate: float[] -> struct (float * float[]))
        (start: float[])
        : struct (float[] * float list * int * LbfgsEnd) =
        let isLevel g = LineSearch.largest g <= o.GradientTolerance

        let rec go
            iteration
            evaluations
            (x: float[])
            (values: float list)
            (g: float[])
            (pairs: Pair list)
            scale
            =
            let value = values.Head
            let d = direction pairs scale g
            let slope = LineSearch.dot g d

            if slope > -o.ChangeTolerance then
                struct (x, values, evaluations, LbfgsEnd.Settled)
            else
                let size = LineSearch.largest d

                let rate = if iteration = 1 then min 1.0 (1.0 / Array.sumBy abs g) * o.Rate else o.Rate

                let at step : LinePoint =
                    let struct (value, gradient) = evaluate (addScaled step x d)
                    { At = step; Value = value; Gradient = gradient; Slope = LineSearch.dot gradient d }

                let struct (found, used) =
                    if o.SearchesLine then
                        let here: LinePoint = { At = 0.0; Value = value; Gradient = g; Slope = slope }
                        LineSearch.strongWolfe o.ChangeTolerance 25 size at here rate
                    else
                        struct (at rate, 1)

                let evaluations = evaluations + used
                let next = addScaled found.At x d
                let values' = found.Value :: values

                let ended =
                    if not (Double.IsFinite found.Value) then
                        ValueSome LbfgsEnd.Diverged
                    elif isLevel found.Gradient then
                        ValueSome LbfgsEnd.Level
                    elif iteration = o.Iterations || evaluations >= o.Evaluations then
                        ValueSome LbfgsEnd.UsedUp
                    elif size * found.At <= o.ChangeTolerance then
                        ValueSome LbfgsEnd.Settled
                    elif abs (found.Value - value) < o.ChangeTolerance then
                        ValueSome LbfgsEnd.Settled
                    else
                        ValueNone

                match ended with
                | ValueSome ended -> struct (next, values', evaluations, ended)
                | ValueNone ->
                    let step, change = Array.map (fun x -> found.At * x) d, Array.map2 (-) found.Gradient g
                    let curvature = LineSearch.dot change step

                    let pairs, scale =
                        if curvature > 1e-10 then
                            let pair = { Step = step; Change = change; Inverse = 1.0 / curvature }

                            pair :: List.truncate (o.History - 1) pairs,
                            curvature / LineSearch.dot change change
                        else
                            pairs, scale

                    go (iteration + 1) evaluations next values' found.Gradient pairs scale

        let struct (value, g) = evaluate start

        if not (Double.IsFinite value) then
            Refuse.domain
                operation
                $"a value of {string value} at the start"
                "a finite value"
                "look for an overflow, a division by 0 or a logarithm of 0 in the function"

        if isLevel g then
            struct (start, [ value ], 1, LbfgsEnd.Level)
        else
            go 1 1 start [ value ] g [] 1.0

    /// The descent of a function of named tensors, which is given its value and its gradients.
    let internal ofRun
        (o: LbfgsOptions)
        (run: Tree<Tensor> -> struct (float * Tree<Tensor>))
        (start: Tree<Tensor>)
        : LbfgsResult =
        check o
        let flat (tree: Tree<Tensor>) = Tree.values tree |> List.map Tensor.toFloats |> Array.concat

        let shaped (values: float[]) : Tree<Tensor> =
            let mutable first = 0

            Tree.ofValues
                [
                    for t in Tree.values start do
                        Tensor(t.Shape, Elements.ofFloats t.DType (Array.sub values first t.Size))
                        first <- first + t.Size
                ]
                start

        let evaluate (x: float[]) =
            let struct (value, gradients) = run (shaped x)
            struct (value, flat (Tree.map2 (fun _ g -> g) start gradients))

        let struct (x, values, evaluations, ended) = descend o evaluate (flat start)

        {
            Parameters = shaped x
            Values = List.rev values
            Evaluations = evaluations
            End = ended
        }

    /// Minimises a scalar function of named tensors from a start, by gradients of its expression. The path is that of PyTorch's
    /// `LBFGS` with `line_search_fn="strong_wolfe"`, or without where no line is searched. No parameters, and a value that is not
    /// finite at the start, are a `DomainError`.
    /// `LbfgsSearch.minimize LbfgsSearch.options (fun p -> Expr.sumAll (p["w"] * p["w"])) weights`
    let minimize (options: LbfgsOptions) (objective: Tree<Expr> -> Expr) (start: Tree<Tensor>) : LbfgsResult =
        if start.Count = 0 then
            Refuse.domain operation "no parameters" "at least one" "name what is to be found"

        let variables = Tree.variables start
        let value, gradients = Grad.valueAndGrad (objective variables) (Tree.values variables)

        let run = Compile.prepare (Graph.variables (Tree.values variables)) (value :: gradients)

        let evaluate (x: Tree<Tensor>) =
            let results = run (Tree.values x)
            struct (Tensor.toFloat results.Head, Tree.ofValues results.Tail start)

        ofRun options evaluate start
