/// Models of several tensors, and losses of several parts.
module DL1.Tests.NamedTests

open System.IO
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Law
open DL1.Tests.Learners
open Expecto

/// Words and numbers of a home.
type Home<'t> = { Words: 't; Numbers: 't }

/// What is told of it.
type Told<'t> = { Price: 't; Kind: 't }

type Elbo = { Rebuilt: Expr; Mean: Expr; LogVariance: Expr }

let private key = Key.ofSeed
let private entropy = Loss.crossEntropy Loss.classes
let private mse = Loss.mse Reduction.Mean

let private usual = { Fit.options (key 5L) with Epochs = 4; Batch = Batches.ofSize 16 }

let private facts (rows: EpochRow list) =
    rows |> List.map (fun r -> r.Epoch, r.Steps, r.Loss, r.ValidationLoss, r.Metrics)

/// Four words and three numbers a home; the price goes by the numbers, the kind by the first word.
let private words, private numbers, private prices, private kinds =
    let rows = 90
    let words = Key.integers 0 5 DType.I64 [ rows; 4 ] (key 1L)
    let numbers = Key.normal 0.0 1.0 DType.F32 [ rows; 3 ] (key 2L)
    let x, w = Tensor.toFloats numbers, words.ToArray<int64>()
    let price i = float32 (x[3 * i] - 2.0 * x[3 * i + 1])
    let kind i = min 2L w[4 * i]

    words,
    numbers,
    Tensor.ofArray [ rows; 1 ] (Array.init rows price),
    Tensor.ofArray [ rows ] (Array.init rows kind)

let private homes: Dataset =
    Dataset.from { Words = words; Numbers = numbers } { Price = prices; Kind = kinds }

let private ofTwo (scope: Scope) (words: Expr) (numbers: Expr) =
    let rows = words.Shape[0]
    let seen = Expr.reshape [ rows; 32 ] (scope.Run("table", Dense.embedding 5 8, words))
    let hidden = scope.Run("hidden", Dense.linear 32 => Activation.relu, Expr.concat 1 [ seen; numbers ])
    scope.Run("price", Dense.linear 1, hidden), scope.Run("kind", Dense.linear 3, hidden)

let private ofRecords: Layer<Home<Expr>, Told<Expr>> =
    Layer.createOf "Homes" (fun scope home ->
        let price, kind = ofTwo scope home.Words home.Numbers
        { Price = price; Kind = kind })

let private ofTuples: Layer<Expr * Expr, Expr * Expr> =
    Layer.createOf "Homes" (fun scope (words, numbers) -> ofTwo scope words numbers)

let private ofTrees: Layer<Tree<Expr>, Tree<Expr>> =
    Layer.createOf "Homes" (fun scope home ->
        let price, kind = ofTwo scope home["Words"] home["Numbers"]
        Tree.ofList [ "Kind", kind; "Price", price ])

let private adam () = Optimizer.adam 0.01
let private ofHomes (y: Told<Expr>) (o: Told<Expr>) = mse y.Price o.Price + entropy y.Kind o.Kind

let private inParts =
    lazy
        Learner.ofParts
            ofRecords
            [
                "price", 1.0, (fun (y: Told<Expr>) o -> mse y.Price o.Price)
                "kind", 0.5, (fun y o -> entropy y.Kind o.Kind)
            ]
            (adam ())

let private given (action: unit -> 'a) : string =
    try
        action () |> ignore
        ""
    with :? DL1Error as e ->
        e.Given

let private same (a: Fitted) (b: Fitted) =
    Expect.isTrue (sameState a.State b.State) "the same bits"
    Expect.equal (facts a.History) (facts b.History) "the same history"

let private laws =
    [
        test "one tensor by name gives the bits of one tensor" {
            let data, validation = clouds 1L 50, clouds 2L 30
            let options = { usual with Validation = Some validation; Metrics = [ Metric.accuracy ] }
            let expected = Fit.run options learner data
            same (Fit.run options (Learner.createOf model entropy (Optimizer.adam 0.02)) data) expected

            let byName =
                model
                |> Layer.before (fun (x: Tree<Expr>) -> x["points"])
                |> Layer.map (fun y -> Tree.ofList [ "scores", y ])

            let loss (y: Tree<Expr>) (o: Tree<Expr>) = entropy y["cloud"] o["scores"]
            let named (d: Dataset) = Dataset.named [ "points", d.Inputs ] [ "cloud", d.Targets ]

            let found =
                Fit.run
                    { options with Validation = Some(named validation) }
                    (Learner.createOf byName loss (Optimizer.adam 0.02))
                    (named data)

            same found expected
            let outputs = Trained.predict validation.Inputs expected.Trained
            Expect.equal ((Trained.predictNamed (named validation) found.Trained)["scores"]) outputs "outputs"
        }
        test "records, tuples and trees of the same tensors give the same bits, in any order" {
            let options = { usual with Validation = Some homes }
            let expected = Fit.run options (Learner.createOf ofRecords ofHomes (adam ())) homes

            let tuples =
                Learner.createOf
                    ofTuples
                    (fun (price, kind) (ofPrice, ofKind) -> mse price ofPrice + entropy kind ofKind)
                    (adam ())

            let inTuples = Dataset.from (words, numbers) (prices, kinds)
            same (Fit.run { options with Validation = Some inTuples } tuples inTuples) expected

            let turned =
                Dataset.named [ "numbers", numbers; "words", words ] [ "kind", kinds; "price", prices ]

            same
                (Fit.run
                    { options with Validation = Some turned }
                    (Learner.createOf ofRecords ofHomes (adam ()))
                    turned)
                expected

            let trees =
                Learner.createOf
                    ofTrees
                    (fun (y: Tree<Expr>) o -> mse y["Price"] o["Price"] + entropy y["Kind"] o["Kind"])
                    (adam ())

            same (Fit.run options trees homes) expected
        }
        test "types stay as they are" {
            let seen = System.Collections.Generic.List<DType>()

            let looking: Layer<Home<Expr>, Told<Expr>> =
                Layer.createOf "Looking" (fun scope home ->
                    seen.Add home.Words.DType
                    seen.Add home.Numbers.DType
                    ofRecords.RunIn scope home)

            let step = Learner.createOf looking ofHomes (adam ())
            Step.startOn step (key 1L) homes |> ignore
            Expect.equal (List.ofSeq seen) [ DType.I64; DType.F32 ] "whole numbers beside floats"
        }
        law "the weighted parts add up to the loss, in training and in validation" (fun (a: byte) (b: byte) ->
            let a, b = float a / 64.0, float b / 64.0 - 1.0

            let learner =
                Learner.ofParts
                    (Layer.both (Dense.linear 1) (Dense.linear 3))
                    [
                        "price", a, (fun (y: Expr, _: Expr) (o: Expr, _: Expr) -> mse y o)
                        // Weighed by what counts: its mean over an epoch is not that of the batches.
                        "kind",
                        b,
                        (fun (_, y) (_, o) -> Loss.crossEntropy { Loss.classes with Ignore = Some 0 } y o)
                        // A sum.
                        "size", 0.001, (fun _ (o, _) -> Expr.sumAll (o * o))
                    ]
                    (Optimizer.sgd 1e-4)

            let data = Dataset.from numbers (prices, kinds)

            let f =
                Fit.run { usual with Epochs = 1; Validation = Some(Dataset.truncate 41 data) } learner data

            let row = f.History.Head
            let of' name = row.Metrics |> List.find (fun (n, _) -> n = name) |> snd

            let sum prefix =
                a * of' (prefix + "price") + b * of' (prefix + "kind") + 0.001 * of' (prefix + "size")

            let near (x: float) y = abs (x - y) <= 1e-4 * (1.0 + abs y)

            List.map fst row.Metrics =
                [ "price"; "kind"; "size"; "validation price"; "validation kind"; "validation size" ]
            && near (sum "") row.Loss
            && near (sum "validation ") (Option.defaultValue nan row.ValidationLoss))
        test "rows in any order and parts of any size give the same loss and parts" {
            let trained = (Fit.run usual inParts.Value homes).Trained

            let evaluate size =
                Evaluator(
                    inParts.Value.Network,
                    inParts.Value.Objective,
                    inParts.Value.Parts,
                    [ Metric.on "price" Metric.r2; Metric.on "Kind" Metric.accuracy ],
                    ValueNone
                )
                    .Run(trained.Parameters, trained.State, homes, size)

            let whole, parts = evaluate 90, evaluate 7
            Expect.floatClose Accuracy.medium parts.Loss whole.Loss "loss"

            for (name, a), (_, b) in List.zip (parts.Parts @ parts.Metrics) (whole.Parts @ whole.Metrics) do
                Expect.floatClose Accuracy.medium a b name

            Expect.equal (List.map fst whole.Metrics) [ "price r2"; "Kind accuracy" ] "names"
        }
        test "n epochs, a checkpoint, then m are n + m" {
            let folder = Directory.CreateTempSubdirectory("dl1-").FullName

            try
                let path = Path.Combine(folder, "run.ckpt")

                let options =
                    { usual with
                        Validation = Some homes
                        Metrics = [ Metric.on "price" Metric.r2 ]
                        EarlyStopping = Some { Fit.patience 9 with Monitor = "validation kind" }
                    }

                let whole = Fit.run options inParts.Value homes
                let saving = Some { Path = path; Every = 1 }
                Fit.run { options with Epochs = 2; Saving = saving } inParts.Value homes |> ignore
                same (Fit.run { options with Resume = Some(Checkpoint.read path) } inParts.Value homes) whole
                Expect.equal whole.BestEpoch (Some 4) "the part is watched"
                let weights = Path.Combine(folder, "homes.safetensors")
                Trained.save weights whole.Trained
                let again = Trained.loadFor weights ofRecords homes

                Expect.equal
                    (Trained.predictNamed homes again)
                    (Trained.predictNamed homes whole.Trained)
                    "loaded"
            finally
                Directory.Delete(folder, true)
        }
        test "accumulated batches are one batch" {
            let losses (optimizer: Optimizer) size epochs =
                let loss (y: Expr, _: Expr) (o: Expr, _: Expr) = mse y o
                let learner = Learner.createOf (Layer.both (Dense.linear 1) (Dense.linear 3)) loss optimizer

                (Fit.run
                    { usual with Epochs = epochs; Batch = { Batches.ofSize size with Shuffle = false } }
                    learner
                    (Dataset.from numbers (prices, kinds)))
                    .State.Parameters["0.weight"]

            let whole = losses (Optimizer.sgd 0.1) 90 2
            let parts = losses (Wrap.accumulate 3 (Optimizer.sgd 0.1)) 30 2

            Expect.isLessThan
                (Tensor.toFloats whole
                 |> Array.map2 (fun a b -> abs (a - b)) (Tensor.toFloats parts)
                 |> Array.max)
                1e-5
                ""
        }
    ]

let private refusals =
    [
        test "a type that is not made of tensors" {
            let odd: Layer<string * Expr, Expr> = Layer.createOf "Odd" (fun _ (_, x) -> x)

            Expect.equal
                (given (fun () -> Learner.createOf odd mse (adam ())))
                "the type String"
                "the text is told"

            Expect.equal (given (fun () -> Dataset.from [ words ] prices)) "the type FSharpList`1" "a list"
        }
        test "names that the model does not have" {
            let other = Dataset.named [ "Words", words; "Size", numbers ] [ "Price", prices; "Kind", kinds ]

            Expect.equal
                (given (fun () -> Fit.run usual (Learner.createOf ofRecords ofHomes (adam ())) other))
                "tensors named Words, Size"
                "another name"

            let more =
                Dataset.named
                    [ "Words", words; "Numbers", numbers; "Size", numbers ]
                    [ "Price", prices; "Kind", kinds ]

            Expect.equal
                (given (fun () -> Fit.run usual (Learner.createOf ofRecords ofHomes (adam ())) more))
                "tensors named Words, Numbers, Size"
                "one more"

            Expect.equal
                (given (fun () -> Fit.run usual (Learner.create (Dense.linear 1) mse (adam ())) homes))
                "tensors named Words, Numbers"
                "a model of one tensor"
        }
        test "one tensor asked of several" {
            Expect.equal
                (given (fun () -> homes.Inputs))
                "a data set with several inputs: Words, Numbers"
                "inputs"

            Expect.equal
                (given (fun () -> homes.Targets))
                "a data set with several targets: Price, Kind"
                "targets"

            Expect.equal
                (given (fun () -> Fit.run { usual with Metrics = [ Metric.r2 ] } inParts.Value homes))
                "no name, of several outputs: Price, Kind"
                "a metric"

            Expect.equal
                (given (fun () ->
                    Fit.run { usual with Metrics = [ Metric.on "size" Metric.r2 ] } inParts.Value homes))
                "the name size, of the outputs: Price, Kind"
                "another metric"

            let trained = Trained.createOf ofRecords Tree.empty Tree.empty

            Expect.equal
                (given (fun () -> Trained.predict words trained))
                "tensors named inputs"
                "a prediction"
        }
        test "rows that are not as many" {
            Expect.equal
                (given (fun () -> Dataset.from (words, Rows.take "" [| 0 |] numbers) prices))
                "90 rows of inputs [90, 4] with inputs 2 [1, 3]"
                "inputs"

            Expect.equal
                (given (fun () -> Dataset.from words (prices, Rows.take "" [| 0 |] kinds)))
                "90 rows of inputs [90, 4] with targets 2 [1]"
                "targets"
        }
        test "a validation set of other names, or other rows" {
            let other = Dataset.named [ "Words", words; "Size", numbers ] [ "Price", prices; "Kind", kinds ]

            Expect.equal
                (given (fun () -> Fit.run { usual with Validation = Some other } inParts.Value homes))
                "a validation set with inputs named Words, Size"
                "names"

            let wider = Dataset.mapInput "Numbers" (fun _ -> Tensor.zeros DType.F32 [ 90; 4 ]) homes

            Expect.equal
                (given (fun () -> Fit.run { usual with Validation = Some wider } inParts.Value homes))
                "inputs Numbers f32 [90, 4]"
                "rows"
        }
        test "numbers and labels that are none, by their names" {
            let broken =
                Dataset.mapInput
                    "Numbers"
                    (Tensor.toFloats
                     >> Array.map (fun v -> if v > 2.0 then nan else v)
                     >> Array.map float32
                     >> Tensor.ofArray [ 90; 3 ])
                    homes

            Expect.stringContains
                (given (fun () -> Fit.run usual inParts.Value broken))
                "NaN among the inputs Numbers f32 [90, 3]"
                ""

            let five = Tensor.ofArray [ 90 ] (Array.init 90 (fun i -> if i = 7 then 5L else 0L))
            let strange = Dataset.from { Words = words; Numbers = numbers } { Price = prices; Kind = five }

            Expect.equal
                (given (fun () -> Fit.run usual inParts.Value strange))
                "the label 5 in row 7, counted from 0, of the targets Kind i64 [90]"
                ""
        }
        test "parts without a name, twice, or without a number" {
            let parts of' = given (fun () -> Learner.ofParts (Dense.linear 1) of' (adam ()))

            Expect.equal
                (parts ([]: (string * float * (Expr -> Expr -> Expr)) list))
                "a loss of no parts"
                "none"

            Expect.equal (parts [ "", 1.0, mse ]) "a part of the loss named ''" "no name"
            Expect.equal (parts [ "a", 1.0, mse; "a", 2.0, mse ]) "2 parts of the loss named a" "twice"
            Expect.equal (parts [ "a", nan, mse ]) "the weight NaN of a" "no number"

            let r2 = Learner.ofParts (Dense.linear 1) [ "r2", 1.0, mse ] (adam ())
            let data = Dataset.create numbers prices

            Expect.equal
                (given (fun () -> Fit.run { usual with Metrics = [ Metric.r2 ] } r2 data))
                "a metric named r2 beside a part of the loss of that name"
                "as a metric"
        }
        test "another model put into a learner of several tensors" {
            let mixed = { inParts.Value with Model = Dense.linear 1 }
            Expect.stringContains (given (fun () -> Fit.run usual mixed homes)) "another model" "model"
            let mixed = { inParts.Value with Loss = mse }
            Expect.stringContains (given (fun () -> Fit.run usual mixed homes)) "another loss" "loss"
        }
    ]

/// Rows of two numbers on a curve, as eight.
let private curve =
    lazy
        (let angle = Tensor.toFloats (Key.uniform 0.0 3.0 DType.F64 [ 200 ] (key 3L))

         let row a =
             [
                 for i in 1..4 do
                     sin (float i * a)
                     cos (float i * a)
             ]

         Convert.ofRows [ for a in angle -> row a |> List.map float32 ])

let vae: Layer<Expr, Elbo> =
    Layer.createOf "Vae" (fun scope x ->
        let hidden = scope.Run("encoder", Dense.linear 24 => Activation.tanh, x)
        let mean = scope.Run("mean", Dense.linear 2, hidden)
        let logVariance = scope.Run("logVariance", Dense.linear 2, hidden)

        let z =
            if scope.IsTraining then
                mean
                + exp (0.5 * logVariance)
                  * Draw.normal 0.0 1.0 mean.DType (mean.Shape.ToList()) (scope.Key())
            else
                mean

        let rebuilt = scope.Run("decoder", Dense.linear 24 => Activation.tanh => Dense.linear 8, z)
        { Rebuilt = rebuilt; Mean = mean; LogVariance = logVariance })

let ofVae optimizer =
    Learner.ofParts
        vae
        [
            "reconstruction", 1.0, (fun (x: Expr) o -> Loss.mse Reduction.Mean x o.Rebuilt)
            "kl",
            0.01,
            (fun _ o ->
                Reduce.meanAll (
                    Expr.sum [ 1 ] (0.5 * (o.Mean * o.Mean + exp o.LogVariance - o.LogVariance - 1.0))
                ))
        ]
        optimizer

let private programs =
    [
        test "a variational autoencoder trains, and is validated with what is random" {
            let data = Dataset.ofInputs curve.Value
            Expect.isTrue (obj.ReferenceEquals(data.Inputs, data.Targets)) "held once"
            let batch = Dataset.rows [| 3; 1 |] data
            Expect.isTrue (obj.ReferenceEquals(batch.Inputs, batch.Targets)) "cut once"

            let options =
                { Fit.options (key 7L) with
                    Epochs = 40
                    Batch = Batches.ofSize 32
                    Validation = Some data
                }

            let learner = Learner.validatedInTraining (ofVae (Optimizer.adam 0.01))
            let f = Fit.run options learner data
            let first, last = f.History.Head, List.last f.History
            let of' name (row: EpochRow) = row.Metrics |> List.find (fun (n, _) -> n = name) |> snd
            Expect.isLessThan (of' "reconstruction" last) (0.3 * of' "reconstruction" first) "reconstruction"
            Expect.isGreaterThan (of' "kl" last) 0.1 "something goes through"
            // Validated on the rows of training: the same bound.
            let validated = Option.defaultValue nan last.ValidationLoss
            Expect.isLessThan (abs (validated - last.Loss)) (0.2 * last.Loss) "it compares with training's"
            let quiet = (Trained.evaluateBy learner [] data f.Trained).Loss
            Expect.isLessThan quiet validated "without the noise the reconstruction is better"
            let bound seed = (Trained.evaluateInTraining (key seed) learner [] data f.Trained).Loss
            Expect.equal (bound 1L) (bound 1L) "the same key draws the same"
            Expect.notEqual (bound 1L) (bound 2L) "another draws anew"
            let outputs = Trained.predictNamed data f.Trained
            Expect.equal (Tree.paths outputs) [ "Rebuilt"; "Mean"; "LogVariance" ] "outputs by name"
            Expect.equal (Trained.predictNamed data f.Trained) outputs "prediction draws nothing"
            Expect.stringContains (History.table f.History) "validation kl" "the table"

            Expect.stringContains
                (History.toCsv f.History)
                "reconstruction,kl,validation reconstruction"
                "values"
        }
        test "with what is random the same rows are validated alike in each epoch" {
            let data = Dataset.ofInputs curve.Value
            let still = Learner.validatedInTraining (ofVae Wrap.frozen)

            let f = Fit.run { usual with Epochs = 2; Validation = Some data } still data

            Expect.equal f.History[0].ValidationLoss f.History[1].ValidationLoss "no step changes anything"
        }
        test "a sequence to another, with teacher forcing" {
            // Words are told backwards; 0 begins each answer.
            let rows, length, vocabulary = 400, 4, 6
            let source = Key.integers 1 vocabulary DType.I64 [ rows; length ] (key 4L)
            let at = source.ToArray<int64>()
            let answer i p = at[i * length + length - 1 - p]

            let table f =
                Tensor.ofArray
                    [ rows; length ]
                    (Array.init (rows * length) (fun n -> f (n / length) (n % length)))

            let shifted = table (fun i p -> if p = 0 then 0L else answer i (p - 1))
            let data = Dataset.from (source, shifted) (table answer)

            let model: Layer<Expr * Expr, Expr> =
                Layer.create "Seq2Seq" (fun scope (source, before) ->
                    let embed name =
                        scope.Run(
                            name,
                            Dense.embedding vocabulary 16,
                            (if name = "words" then source else before)
                        )

                    let read = scope.Run("encoder", Recurrent.gru (Recurrent.options 32), embed "words")

                    scope.Run(
                        "decoder",
                        Recurrent.sequence (Recurrent.gruFrom (Recurrent.options 32))
                        => Dense.linear vocabulary,
                        (embed "answers", read.Final)
                    ))

            let flat (e: Expr) tail = Expr.reshape (-1 :: tail) e
            let loss y o = entropy (flat y []) (flat o [ vocabulary ])

            let tokens =
                Metric.create "tokens" true (fun y o ->
                    Metric.accuracy.Measure
                        (Tensor.reshape [ y.Size ] y)
                        (Tensor.reshape [ y.Size; vocabulary ] o))

            let train, test = Splits.data 0.2 (key 1L) data

            let f =
                Fit.run
                    { Fit.options (key 1L) with
                        Epochs = 25
                        Batch = Batches.ofSize 32
                        Validation = Some test
                        Metrics = [ tokens ]
                    }
                    (Learner.createOf model loss (Optimizer.adam 0.01))
                    train

            Expect.isGreaterThan (snd (List.last f.History).Metrics.Head) 0.9 "tokens"
            let logits: Tensor = Trained.predictOf (source, shifted) f.Trained
            Expect.equal logits.Shape (Shape.ofList [ rows; length; vocabulary ]) "logits"
        }
        test "ids and numbers with two outputs" {
            let train, test = Splits.data 0.2 (key 1L) homes

            let options =
                { Fit.options (key 3L) with
                    Epochs = 40
                    Batch = Batches.ofSize 16
                    Validation = Some test
                    Metrics = [ Metric.on "Price" Metric.r2; Metric.on "Kind" Metric.accuracy ]
                    EarlyStopping = Some(Fit.patience 40)
                }

            let f = Fit.run options inParts.Value train
            let last = List.last f.History

            Expect.equal
                (List.map fst last.Metrics)
                [ "price"; "kind"; "validation price"; "validation kind"; "Price r2"; "Kind accuracy" ]
                "names"

            Expect.isGreaterThan
                (last.Metrics |> List.find (fun (n, _) -> n = "Price r2") |> snd)
                0.7
                "prices"

            Expect.isGreaterThan
                (last.Metrics |> List.find (fun (n, _) -> n = "Kind accuracy") |> snd)
                0.8
                "kinds"

            let told: Told<Tensor> = Trained.predictOf { Words = words; Numbers = numbers } f.Trained

            Expect.equal
                (told.Price.Shape, told.Kind.Shape)
                (Shape.ofList [ 90; 1 ], Shape.ofList [ 90; 3 ])
                ""

            Expect.stringContains (string f.Trained) "Homes" "the model's table"

            let none = Trained.predictNamed (Dataset.rows [||] homes) f.Trained |> Tree.map (fun t -> t.Shape)

            Expect.equal (Tree.values none) [ Shape.ofList [ 0; 1 ]; Shape.ofList [ 0; 3 ] ] "no rows"
        }
        test "the rate finder and cross-validation take several tensors" {
            let curve = RateFinder.run 1e-5 1.0 40 (Batches.ofSize 16) (key 1L) inParts.Value homes
            Expect.isGreaterThan curve.Suggested 0.0 "a rate"

            let score (train: Dataset) (held: Dataset) key =
                let f = Fit.run { usual with Key = key; Epochs = 1 } inParts.Value train
                (Trained.evaluateBy inParts.Value [] held f.Trained).Loss

            Expect.equal (Search.crossValidate 3 (key 1L) score homes).Length 3 "folds"
        }
    ]

let tests =
    testList "Named" [ testList "laws" laws; testList "refusals" refusals; testList "programs" programs ]
