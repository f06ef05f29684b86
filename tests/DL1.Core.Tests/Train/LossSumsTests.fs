/// The loss of a data set is that of all its rows as one batch, however it is cut, ordered or accumulated.
module DL1.Tests.LossSumsTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Learners
open Expecto

/// A loss of outputs `[rows; 3]`, and the kind of targets that it takes.
type private Case =
    {
        Name: string
        Loss: Expr -> Expr -> Expr
        Targets: int -> Key -> Tensor
        /// Cases of one kind take the same targets.
        Kind: int
    }

type private Targets = int * (int -> Key -> Tensor)
let private mapped f (t: Tensor) = Tensor.ofArray (t.Shape.ToList()) (Array.map f (Tensor.toFloats t))
let private uniform rows key = Key.uniform 0.01 0.99 DType.F64 [ rows; 3 ] key
let private numbers: Targets = 0, (fun rows key -> Key.normal 0.0 1.0 DType.F64 [ rows; 3 ] key)
let private chances: Targets = 1, uniform
let private counts: Targets = 2, (fun rows key -> mapped (fun v -> floor (6.0 * v)) (uniform rows key))

let private signs: Targets =
    3, (fun rows key -> mapped (fun v -> if v > 0.5 then 1.0 else -1.0) (uniform rows key))

/// Labels of three classes, of which `ignored` does not count.
let private labelsWith (ignored: int64 option) rows key =
    Tensor.toFloats (Key.uniform 0.0 (if ignored.IsSome then 6.0 else 3.0) DType.F64 [ rows ] key)
    |> Array.map (fun v -> if v < 3.0 then int64 v else ignored |> Option.defaultValue 0L)
    |> fun labels -> Tensor.ofArray [ rows ] labels

let private labels: Targets = 4, labelsWith None
let private padded: Targets = 5, labelsWith (Some -100L)
let private case name (kind, targets) loss = { Name = name; Loss = loss; Targets = targets; Kind = kind }
let private weights = Expr.constant (Tensor.vector [ 0.2; 1.7; 3.1 ])

let private cases: Case list =
    [
        for reduction in [ Reduction.Mean; Reduction.Sum ] do
            let case name targets loss = case $"{name}, {reduction}" targets loss
            let classes = { Loss.classes with Reduction = reduction }
            case "mse" numbers (Loss.mse reduction)
            case "l1" numbers (Loss.l1 reduction)
            case "huber" numbers (Loss.huber 0.7 reduction)
            case "smoothL1" numbers (Loss.smoothL1 0.7 reduction)
            case "bce" chances (fun t o -> Loss.bce reduction t (Expr.sigmoid o))
            case "bceWithLogits" chances (Loss.bceWithLogits reduction)
            case "bceWeighted" chances (Loss.bceWeighted weights reduction)
            case "crossEntropy" labels (Loss.crossEntropy classes)
            case "weighted classes" labels (Loss.crossEntropy { classes with Weight = Some weights })
            case "smoothed" labels (Loss.crossEntropy { classes with LabelSmoothing = 0.1 })
            case "ignoring" padded (Loss.crossEntropy { classes with Ignore = Some -100 })

            if reduction = Reduction.Mean then
                case "masked" numbers (fun t o ->
                    SequenceLoss.masked (t .> 0.3) (Loss.mse Reduction.None t o))

            case
                "ignoring, weighted, smoothed"
                padded
                (Loss.crossEntropy
                    { classes with Ignore = Some -100; Weight = Some weights; LabelSmoothing = 0.2 })

            case "nll" labels (fun t o -> Loss.nll classes t (Reduce.logSoftmax 1 o))
            case "klDiv" chances (fun t o -> Loss.klDiv reduction (Expr.softmax 1 t) (Reduce.logSoftmax 1 o))
            case "poissonNll" counts (Loss.poissonNll true reduction)
            case "poissonNllOfRate" counts (fun t o -> Loss.poissonNllOfRate true reduction t (exp o))

            case "gaussianNll" numbers (fun t o ->
                Loss.gaussianNll true 1e-6 reduction t (Expr.softplus (0.5 * o)) o)

            case "hingeEmbedding" signs (fun t o -> Loss.hingeEmbedding 1.0 reduction t (abs o))
            case "tripletMargin" numbers (fun t o -> Loss.tripletMargin 1.0 2.0 reduction (t, t + 1.0) o)

            case "tripletMargin, infinite" numbers (fun t o ->
                Loss.tripletMargin 1.0 infinity reduction (t, -t) o)

            let reduced (nll: Expr -> Expr -> Expr) t o = Loss.reduce reduction (nll t o)
            case "gaussian" numbers (reduced (fun t o -> Likelihood.gaussian t (Expr.softplus o) o))
            case "bernoulli" chances (reduced Likelihood.bernoulli)
            case "categorical" labels (reduced Likelihood.categorical)
            case "poisson" counts (reduced Likelihood.poisson)
        case "weightedMean" chances (fun t o -> Loss.weightedMean t (Loss.mse Reduction.None (t + 1.0) o))

        case "a mask divided by hand" chances (fun t o ->
            let mask = Expr.cast DType.F64 (t .> 0.3)
            Expr.sumAll (mask * abs (t - o)) / Expr.sumAll mask)
    ]

/// Losses that are no sums of sums: of the whole sums something else is made.
let private shaped: Case list =
    let mse t o = Loss.mse Reduction.Mean t o

    [
        case "root of the mse" numbers (fun t o -> sqrt (mse t o))
        case "two divisors" chances (fun t o ->
            Loss.weightedMean t (Loss.l1 Reduction.None t o) + 0.5 * mse t o)
        case "the largest error" numbers (fun t o -> Expr.max [ 0; 1 ] (abs (t - o)))
        case "log of a sum of exponentials" numbers (fun t o ->
            Expr.logSumExp 0 (Expr.reshape [ -1 ] (abs (t - o))))
        case "a product" chances (fun t o -> Expr.prod [ 0; 1 ] (1.0 + 0.01 * abs (t - o)))
        case "a Gram matrix" numbers (fun t o ->
            let gram (x: Expr) = Expr.matmul x.T x
            mse (gram t) (gram o))
        case "worst column" numbers (fun t o -> Expr.max [ 0 ] (Reduce.mean [ 0 ] (abs (t - o))))
    ]

/// Losses that compare rows with each other, which parts cannot compute.
let private whole: Case list =
    [
        case "each row with each" numbers (fun t o -> Reduce.meanAll (Expr.softmax 1 (Expr.matmul t o.T)))
        case "about the mean of the rows" numbers (fun _ o -> Reduce.meanAll (Reduce.variance 0 [ 0 ] o))
        case "neighbouring rows" numbers (fun _ o -> Expr.sumAll (abs (Expr.cumSum 0 o)))
        case "a count of the rows" numbers (fun t o ->
            let places = Expr.cast DType.F64 (Expr.arange DType.I64 o.Shape[0])
            Expr.sumAll (places * Expr.sum [ 1 ] (abs (t - o))))
    ]

let private same = Layer.ofFunction "Same" id

let private dataOf (case: Case) rows (seed: int64) =
    Dataset(
        Key.normal 0.0 1.0 DType.F64 [ rows; 3 ] (Key.ofSeed seed),
        case.Targets rows (Key.ofSeed (seed + 1L))
    )

/// The definition: the loss of all rows at once.
let private atOnce (case: Case) (data: Dataset) : float =
    Tensor.toFloat (Eval.run [] (case.Loss (Expr.constant data.Targets) (Expr.constant data.Inputs)))

let private evaluator loss = Evaluator(Erased.model "test" same, Erased.loss "test" loss, [], [], ValueNone)

let private inParts (case: Case) size (data: Dataset) : float =
    (evaluator case.Loss).Run(Tree.empty, Tree.empty, data, size).Loss

let private near (a: float) (b: float) = abs (a - b) <= 1e-10 * max 1.0 (abs b)

let private isSplit (case: Case) (data: Dataset) =
    match
        LossSums.split
            (Erased.loss "test" case.Loss)
            data.Count
            (Trace.setOf ValueNone "targets" data.NamedTargets)
            (Trace.setOf ValueNone "output" data.NamedInputs)
    with
    | Ok _ -> true
    | Error _ -> false

let private pick (cases: Case list) (i: int) = cases[int (abs (int64 i) % int64 cases.Length)]

let private permuted seed (data: Dataset) =
    Dataset.rows ((Key.permutation data.Count (Key.ofSeed seed)).ToArray<int64>() |> Array.map int) data

/// A sum, a scaled difference, a root, a quotient of two losses of the same targets.
let private composed (choice: int) (a: Case) (b: Case) : Case =
    let both f =
        { a with Name = $"{a.Name} with {b.Name}"; Loss = fun t o -> f (a.Loss t o) (b.Loss t o) }

    match abs (int64 choice) % 5L with
    | 0L -> both (fun a b -> 0.3 * a + 2.0 * b)
    | 1L -> both (fun a b -> sqrt (a * a + b * b))
    | 2L -> both (fun a b -> Expr.maximum a (0.5 * b) - 1.0)
    | 3L -> both (fun a b -> a / (1.0 + abs b))
    | _ -> both (fun a b -> Expr.log1p (abs a) * b)

let private evaluation =
    [
        testList
            "every loss of the library is computed from sums of parts"
            [
                for case in cases @ shaped do
                    test case.Name {
                        let data = dataOf case 11 3L
                        Expect.isTrue (isSplit case data) "two stages"
                        Expect.isTrue (near (inParts case 4 data) (atOnce case data)) "parts of 4 rows"
                    }
            ]
        testList
            "a loss that compares rows is computed at once"
            [
                for case in whole do
                    test case.Name {
                        let data = dataOf case 11 3L
                        Expect.isFalse (isSplit case data) "one stage"
                        Expect.isTrue (near (inParts case 4 data) (atOnce case data)) "parts of 4 rows"
                    }
            ]
        law "parts of any size, rows in any order" (fun i (rows: byte) (size: byte) (seed: byte) ->
            let rows = 2 + int rows % 14
            let size = 1 + int size % rows
            let case = pick (cases @ shaped) i
            let data = dataOf case rows (int64 seed)
            let expected = atOnce case data
            near (inParts case size data) expected && near (inParts case size (permuted 7L data)) expected)
        law "compositions of losses, too" (fun choice i j (size: byte) (seed: byte) ->
            let a = pick cases i
            let alike = cases |> List.filter (fun c -> c.Kind = a.Kind)
            let case = composed choice a (pick alike j)
            let data = dataOf case 9 (int64 seed)
            near (inParts case (1 + int size % 9) data) (atOnce case data))
        test "labels of many classes are taken from their own rows" {
            let classes = LabelGuard.fewClasses + 5
            let x = Key.normal 0.0 1.0 DType.F32 [ 7; classes ] (Key.ofSeed 1L)
            let labels = Tensor.Of [| 0L; 5L; int64 classes - 1L; 17L; 4096L; 3L; 2L |]

            for loss in
                [ Loss.crossEntropy Loss.classes; Loss.crossEntropy { Loss.classes with Ignore = Some 17 } ] do
                let case = case "" (0, (fun _ _ -> labels)) loss
                let data = Dataset(x, labels)
                Expect.isTrue (isSplit case data) "two stages"

                Expect.floatClose Accuracy.medium (inParts case 3 data) (atOnce case data) "parts of 3 rows"
        }
        test "a part in which nothing counts adds nothing" {
            let loss =
                Loss.crossEntropy
                    { Loss.classes with Ignore = Some -1; Weight = Some(Expr.cast DType.F32 weights) }

            let x = Key.normal 0.0 1.0 DType.F32 [ 6; 3 ] (Key.ofSeed 1L)
            let labels = Tensor.Of [| -1L; -1L; -1L; 2L; 0L; -1L |]
            let case = case "" (0, (fun _ _ -> labels)) loss
            let data = Dataset(x, labels)
            let counted = Dataset.rows [| 3; 4 |] data
            Expect.floatClose Accuracy.medium (inParts case 3 data) (atOnce case counted) "the others"
            Expect.equal (inParts case 2 (Dataset.rows [| 0; 1; 2 |] data)) 0.0 "none: no loss"
        }
        test "a value over all rows that would not fit is refused by the loss's operation" {
            let rows = 12000
            let x = Tensor.zeros DType.F32 [ rows; 1 ]
            let loss (t: Expr) (o: Expr) = Reduce.meanAll (abs (Expr.matmul t o.T))

            Expect.throwsT<DomainError>
                (fun () -> (evaluator loss).Run(Tree.empty, Tree.empty, Dataset(x, x), 4096) |> ignore)
                ""
        }
    ]

let private start =
    Tree.ofList
        [
            "weight", Key.normal 0.0 1.0 DType.F64 [ 3; 3 ] (Key.ofSeed 8L)
            "bias", Key.normal 0.0 1.0 DType.F64 [ 3 ] (Key.ofSeed 9L)
        ]

let private after (learner: Learner) (batches: Dataset list) : Tree<Tensor> =
    let state = Step.startFrom learner (Key.ofSeed 1L) start Tree.empty

    (batches |> List.fold (fun state batch -> fst (Step.prepare learner state batch state batch)) state)
        .Parameters

/// Whether `parts` steps, of which the last makes the update, are one step on all rows.
let private accumulates (wrap: Optimizer -> Optimizer) (penalty: bool) (case: Case) (cuts: int list) =
    let data = dataOf case (List.last cuts) 5L

    let plain =
        Learner.create (Dense.linear 3) case.Loss (wrap (Optimizer.momentum 0.9 0.1))
        |> Learner.typed DType.F64

    let learner =
        if penalty then
            Learner.penalized (Penalty.l2 0.1 Penalty.weights) plain
        else
            plain

    let parts =
        List.pairwise (0 :: cuts)
        |> List.map (fun (first, last) -> Dataset.rows [| first .. last - 1 |] data)

    let gathered =
        { learner with
            Optimizer = wrap (Wrap.accumulate parts.Length (Optimizer.momentum 0.9 0.1))
        }

    let one, many = after learner [ data ], after gathered parts

    Tree.map2 (fun a b -> Tensor.allClose 1e-9 1e-12 a b) one many |> Tree.values |> List.forall id
    && after gathered (List.truncate (parts.Length - 1) parts) = start

let private accumulation =
    [
        testList
            "accumulated over batches, every loss makes the step of the whole batch"
            [
                for case in cases do
                    test case.Name {
                        Expect.isTrue (accumulates id true case [ 1; 5; 6 ]) "batches of 1, 4 and 1 rows"
                    }
            ]
        test "inside other optimizers" {
            let case = cases |> List.find (fun c -> c.Name.StartsWith "ignoring, weighted")

            for wrap in
                [
                    Wrap.after (Transform.scale 0.5)
                    Wrap.averaged 0.9
                    Wrap.lookahead 9 0.5
                    (fun o -> Wrap.groups [ Penalty.weights, o; (fun _ -> true), o ])
                    Wrap.accumulate 1
                ] do
                Expect.isTrue (accumulates wrap false case [ 2; 6; 7 ]) ""
        }
        test "a batch in which nothing counts changes nothing" {
            let ignoring = Loss.crossEntropy { Loss.classes with Ignore = Some -100 }
            let case = case "" (0, (fun rows _ -> Tensor.full DType.I64 [ rows ] -100.0)) ignoring

            let learner =
                Learner.create (Dense.linear 3) ignoring (Optimizer.sgd 0.1) |> Learner.typed DType.F64

            Expect.equal (after learner [ dataOf case 4 1L ]) start "no gradient"
            let gathered = { learner with Optimizer = Wrap.accumulate 2 learner.Optimizer }
            Expect.equal (after gathered [ dataOf case 4 1L; dataOf case 3 2L ]) start "nor of several"
        }
        test "a loss whose gradients do not add up is refused with the reason" {
            for case in [ shaped[0]; shaped[1]; whole[0] ] do
                let learner =
                    Learner.create (Dense.linear 3) case.Loss (Wrap.accumulate 2 (Optimizer.sgd 0.1))
                    |> Learner.typed DType.F64

                Expect.throwsT<DomainError> (fun () -> after learner [ dataOf case 4 1L ] |> ignore) case.Name
        }
    ]

let private epochs =
    [
        test "an epoch's loss is that of its rows where parameters stay" {
            for case in cases @ shaped do
                let data = dataOf case 11 3L
                let still = Learner.create (Dense.linear 3) case.Loss Wrap.frozen |> Learner.typed DType.F64
                let from = Step.startFrom still (Key.ofSeed 1L) start Tree.empty

                let options =
                    { Fit.options (Key.ofSeed 1L) with
                        Epochs = 1
                        Batch = Batches.ofSize 4
                        Start = Some from
                        Validation = Some(permuted 3L data)
                    }

                let fitted = Fit.run options still data
                let row = fitted.History.Head
                let expected = (Trained.evaluate case.Loss [] data fitted.Trained).Loss
                Expect.isTrue (near row.Loss expected) $"{case.Name}: {row.Loss}, {expected}"
                Expect.isTrue (near (Option.get row.ValidationLoss) expected) $"{case.Name}, validation"
        }
        test "training goes on where a batch has ignored labels alone" {
            let loss = Loss.crossEntropy { Loss.classes with Ignore = Some -1 }
            let data = clouds 1L 24
            let labels = Array.init 24 (fun i -> if i < 8 then -1L else int64 (i % 3))
            let data = Dataset(data.Inputs, Tensor.Of labels)

            let options =
                { Fit.options (Key.ofSeed 1L) with
                    Epochs = 3
                    Batch = { Batches.ofSize 8 with Shuffle = false }
                    Metrics = [ Metric.ignoring -1 Metric.accuracy ]
                    EarlyStopping = Some(Fit.patience 2)
                    Validation = Some data
                }

            let fitted = Fit.run options { learner with Loss = loss } data
            Expect.equal fitted.History.Length 3 "all epochs"
            Expect.isSome fitted.BestEpoch "one is the best"
            Expect.isTrue (fitted.History |> List.forall (fun r -> System.Double.IsFinite r.Loss)) "numbers"
        }
    ]

let tests =
    testList
        "LossSums"
        [ testList "evaluation" evaluation; testList "accumulation" accumulation; testList "epochs" epochs ]
