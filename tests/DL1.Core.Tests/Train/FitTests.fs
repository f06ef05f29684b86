/// Training over epochs.
module DL1.Tests.FitTests

open System
open System.IO
open System.Threading
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Learners
open Expecto

let private train, validation = clouds 1L 50, clouds 2L 30
let private entropy = Loss.crossEntropy Loss.classes

let private usual =
    { Fit.options (Key.ofSeed 5L) with
        Epochs = 6
        Batch = Batches.ofSize 16
        Validation = Some validation
        Metrics = [ Metric.accuracy ]
    }

let private whole = lazy Fit.run usual learner train

/// What an epoch gave, without its time.
let private facts (rows: EpochRow list) =
    rows |> List.map (fun r -> r.Epoch, r.Steps, r.Loss, r.ValidationLoss, r.Metrics)

let private accuracyOf (fitted: Fitted) =
    snd (Trained.evaluate entropy [ Metric.accuracy ] validation fitted.Trained).Metrics.Head

let private fitting =
    [
        test "three clouds are told apart" {
            let f = whole.Value
            Expect.equal f.End FitEnd.Finished "end"
            Expect.equal (f.History |> List.map _.Epoch) [ 1..6 ] "epochs"
            Expect.equal (List.last f.History).Steps 24L "steps: four batches an epoch, the last of two rows"
            Expect.isGreaterThan (accuracyOf f) 0.9 "accuracy"
            Expect.isLessThan (List.last f.History).Loss f.History.Head.Loss "the loss falls"
        }
        test "what was fitted prints its epochs as an aligned table, and its model's summary" {
            let lines = History.table(whole.Value.History).Split '\n'
            Expect.equal lines.Length 7 "a header and six epochs"
            Expect.equal (lines |> Array.map _.Length |> Array.distinct).Length 1 "aligned"

            Expect.equal
                (lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries))
                [| "epoch"; "loss"; "validation"; "loss"; "accuracy"; "seconds" |]
                "the columns"

            let text = sprintf "%A" whole.Value
            // Lines after the first stand as F# Interactive puts what follows its `val it`.
            let table = (History.table whole.Value.History).Replace("\n", "\n  ")
            Expect.stringContains text table "the table"
            Expect.stringContains text "Output shape" "the summary"

            let bare =
                Trained.create
                    (Dense.linear 3)
                    (Tree.ofList [ "weight", Tensor.vector [ 1.0; 2.0 ] ])
                    Tree.empty

            Expect.equal (string bare) "Linear(3): 2 parameters" "where it is not known what goes in"
        }
        test "the same key gives the same bits" {
            let again = Fit.run usual learner train
            Expect.isTrue (sameState again.State whole.Value.State) "state"
            Expect.equal (facts again.History) (facts whole.Value.History) "history"
        }
        test "the last smaller batch is dropped by option" {
            let f =
                Fit.run { usual with Batch = { usual.Batch with DropLast = true }; Epochs = 2 } learner train

            Expect.equal (List.last f.History).Steps 6L "three batches an epoch"
        }
        test "the validation loss and metrics are those of evaluate" {
            let last = List.last whole.Value.History
            let e = Trained.evaluate entropy [ Metric.accuracy ] validation whole.Value.Trained
            Expect.equal (last.ValidationLoss, last.Metrics) (Some e.Loss, e.Metrics) ""
        }
        test "n epochs, a checkpoint, then m are n + m" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")
                let saving = { usual with Epochs = 2; Saving = Some { Path = path; Every = 1 } }
                let half = Fit.run saving learner train
                let resumed = Fit.run { usual with Resume = Some(Checkpoint.read path) } learner train
                Expect.equal half.History.Length 2 "half"
                Expect.isTrue (sameState resumed.State whole.Value.State) "the same bits"
                Expect.equal (facts resumed.History) (facts whole.Value.History) "the whole history")
        }
        test "checkpoints come every so many epochs, and at the end" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")
                let steps = Collections.Generic.List<int64>()

                let look (_: EpochEnd) =
                    steps.Add(if File.Exists path then (Checkpoint.read path).Step else 0L)
                    Answer.Continue

                Fit.run
                    { usual with Epochs = 5; Saving = Some { Path = path; Every = 2 }; Callbacks = [ look ] }
                    learner
                    train
                |> ignore

                // A callback is called before the writing of its epoch.
                Expect.equal (List.ofSeq steps) [ 0L; 0L; 8L; 8L; 16L ] "seen by the callbacks"
                Expect.equal (Checkpoint.read path).Step 20L "at the end")
        }
    ]

let private stopping =
    [
        test "early stopping gives the best epoch back" {
            // A gain that is best in the third epoch.
            // It is called once before the first step, to see that it takes the targets.
            let mutable calls = -1

            let third =
                Metric.create "third" true (fun _ _ ->
                    calls <- calls + 1
                    -abs(float calls - 3.0))

            let seen = Collections.Generic.List<TrainState>()

            let keep (e: EpochEnd) =
                seen.Add e.State.Value
                Answer.Continue

            let options =
                { usual with
                    Epochs = 50
                    Metrics = [ third ]
                    EarlyStopping = Some { Fit.patience 2 with Monitor = "third" }
                    Callbacks = [ keep ]
                }

            let f = Fit.run options learner train
            Expect.equal (f.End, f.BestEpoch, f.History.Length) (FitEnd.EarlyStopped, Some 3, 5) "end"
            Expect.isTrue (sameTree f.Trained.Parameters seen[2].Parameters) "the best parameters"
            Expect.isTrue (sameTree f.Trained.State seen[2].State) "the best layer state"
            Expect.isFalse (sameTree f.State.Parameters seen[2].Parameters) "the last state is the last"
        }
        test "patience and the best go through a checkpoint" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")
                let rising = Metric.create "worse" false (fun _ outputs -> float outputs.Size)
                let rule = Some { Fit.patience 3 with Monitor = "worse" }
                let options = { usual with Epochs = 9; Metrics = [ rising ]; EarlyStopping = rule }
                let whole = Fit.run options learner train

                Fit.run { options with Epochs = 2; Saving = Some { Path = path; Every = 1 } } learner train
                |> ignore

                let resumed = Fit.run { options with Resume = Some(Checkpoint.read path) } learner train

                Expect.equal
                    (resumed.End, resumed.BestEpoch, resumed.History.Length)
                    (FitEnd.EarlyStopped, Some 1, 4)
                    "end"

                Expect.isTrue
                    (sameTree resumed.Trained.Parameters whole.Trained.Parameters)
                    "the best parameters")
        }
        test "an improvement within the tolerance is none" {
            let mutable loss = 1.0

            let slow =
                Metric.create "slow" false (fun _ _ ->
                    loss <- loss - 0.01
                    loss)

            let rule = { Fit.patience 2 with Monitor = "slow"; Tolerance = 0.1 }

            let f =
                Fit.run
                    { usual with Epochs = 20; Metrics = [ slow ]; EarlyStopping = Some rule }
                    learner
                    train

            Expect.equal (f.History.Length, f.BestEpoch) (3, Some 1) ""
        }
        test "a callback stops the training" {
            let f =
                Fit.run
                    { usual with
                        Callbacks = [ (fun e -> if e.Row.Epoch = 2 then Answer.Stop else Answer.Continue) ]
                    }
                    learner
                    train

            Expect.equal (f.End, f.History.Length) (FitEnd.Stopped, 2) ""
        }
        test "cancellation ends after the step" {
            use source = new CancellationTokenSource()

            let progress =
                { Progress.quiet with
                    Step =
                        fun epoch step _ _ ->
                            if (epoch, step) = (2, 3) then
                                source.Cancel()
                }

            let f = Fit.run { usual with Progress = progress; Cancellation = source.Token } learner train

            Expect.equal
                (f.End, f.History.Length, f.State.Steps)
                (FitEnd.Cancelled, 1, 7L)
                "in the second epoch"
        }
        test "a loss that is not finite ends the training" {
            let wild =
                { learner with
                    Model = Dense.linear 3
                    Loss = (fun t o -> Loss.mse Reduction.Mean (Linear.oneHot DType.F32 3 t) o)
                    Optimizer = Optimizer.sgd 1e30
                }

            let f = Fit.run usual wild train
            Expect.equal (f.End, f.History.Length) (FitEnd.Diverged, 1) ""
        }
        test "no epochs give the model as it began" {
            let f = Fit.run { usual with Epochs = 0 } learner train
            let start = Step.start learner usual.Key train.Inputs
            Expect.isTrue (sameState f.State start) "state"
            Expect.isEmpty f.History "history"
        }
    ]

let private telling =
    [
        test "progress is a line an epoch" {
            let lines = Collections.Generic.List<string>()
            let f = Fit.run { usual with Epochs = 2; Progress = Progress.lines lines.Add } learner train
            Expect.equal (List.ofSeq lines) (List.map History.line f.History) ""
            Expect.stringStarts lines[1] "epoch 2  loss " ""
            Expect.stringContains lines[1] "  accuracy " ""
        }
        test "the history is a table" {
            let row: EpochRow =
                {
                    Epoch = 1
                    Steps = 4L
                    Loss = 0.5
                    ValidationLoss = None
                    Metrics = [ "r2", 0.25 ]
                    Gradients = Tree.empty
                    Seconds = 1.5
                    Rates = Tree.ofList [ "rate", 0.125 ]
                }

            Expect.equal
                (History.toCsv [ row ])
                "epoch,steps,loss,validation_loss,r2,rate,seconds\n1,4,0.5,,0.25,0.125,1.5"
                "csv"

            Expect.equal (History.line row) "epoch 1  loss 0.5  r2 0.25  1.5 s" "line"
        }
        test "gradients are watched in the history" {
            let f = Fit.run { usual with Epochs = 1; WatchesGradients = true } learner train
            let norms = f.History.Head.Gradients
            Expect.equal (Tree.paths norms) (Tree.paths f.State.Parameters) "each parameter"
            Expect.isGreaterThan norms["4.weight"] 0.0 "a norm"
        }
        test "a step's progress counts the steps of its epoch" {
            let seen = Collections.Generic.List<int * int * int>()

            let progress =
                { Progress.quiet with Step = fun epoch step steps _ -> seen.Add(epoch, step, steps) }

            Fit.run { usual with Epochs = 1; Progress = progress } learner train |> ignore
            Expect.equal (List.ofSeq seen) [ 1, 1, 4; 1, 2, 4; 1, 3, 4; 1, 4, 4 ] ""
        }
        test "what does not fit is refused" {
            let refused (what: string) options =
                Expect.throwsT<DomainError> (fun () -> Fit.run options learner train |> ignore) what

            refused "epochs" { usual with Epochs = -1 }
            refused "batches" { usual with Batch = { Batches.ofSize 64 with DropLast = true } }
            refused "saving" { usual with Saving = Some { Path = "x"; Every = 0 } }
            refused "patience" { usual with EarlyStopping = Some(Fit.patience 0) }
            refused "monitor" { usual with EarlyStopping = Some { Fit.patience 1 with Monitor = "other" } }

            Expect.throwsT<DomainError>
                (fun () -> Fit.run usual learner (Dataset.rows [||] train) |> ignore)
                "rows"
        }
    ]

let private using' =
    [
        test "predict gives the same rows in batches of any size" {
            let t = whole.Value.Trained
            let all = t.Predict(validation.Inputs, 30)
            Expect.equal all.Shape (Shape.ofList [ 30; 3 ]) "shape"

            for size in [ 1; 7; 30; 100 ] do
                Expect.isTrue
                    (Tensor.allClose 1e-5 1e-6 (t.Predict(validation.Inputs, size)) all)
                    $"size {size}"

            Expect.equal
                (Trained.predict (Rows.take "test" [||] validation.Inputs) t).Shape
                (Shape.ofList [ 0; 3 ])
                "no rows"

            Expect.throwsT<DomainError> (fun () -> t.Predict(validation.Inputs, 0) |> ignore) "no size"
        }
        test "predict is for many threads" {
            let t = whole.Value.Trained
            let expected = Trained.predict validation.Inputs t
            let found = Array.Parallel.init 16 (fun _ -> Trained.predict validation.Inputs t)
            Expect.isTrue (found |> Array.forall (Tensor.sameBits expected)) "the same bits"
        }
        test "a model is written and read" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "model.safetensors")
                Trained.save path whole.Value.Trained
                let read = Trained.load path model validation.Inputs

                Expect.isTrue
                    (Tensor.sameBits
                        (Trained.predict validation.Inputs read)
                        (Trained.predict validation.Inputs whole.Value.Trained))
                    "predictions"

                Expect.throwsT<FormatError>
                    (fun () -> Trained.load path (Dense.linear 3) validation.Inputs |> ignore)
                    "another model")
        }
        test "a model of f64 is read as one" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "model.safetensors")
                let x = Tensor.cast DType.F64 validation.Inputs
                let start = Step.start (Learner.typed DType.F64 learner) (Key.ofSeed 1L) x
                let written = Trained.create model start.Parameters start.State
                Trained.save path written
                let read = Trained.load path model x

                Expect.isTrue
                    (Tensor.sameBits (Trained.predict x read) (Trained.predict x written))
                    "predictions")
        }
        test "a trained model from its parts" {
            let s = whole.Value.State
            let t = Trained.create model s.Parameters s.State

            Expect.isTrue
                (Tensor.sameBits
                    (Trained.predict validation.Inputs t)
                    (Trained.predict validation.Inputs whole.Value.Trained))
                ""
        }
        test "fine-tuning goes on from a state" {
            let head = Learner.freeze (fun path -> path.StartsWith "0.") learner
            let donor = whole.Value.State
            let start = Step.startFrom head (Key.ofSeed 1L) donor.Parameters donor.State
            let f = Fit.run { usual with Epochs = 1; Start = Some start } head train

            Expect.isFalse
                (Tensor.sameBits f.State.Parameters["4.weight"] start.Parameters["4.weight"])
                "trained"

            Expect.isTrue
                (Tensor.sameBits f.State.Parameters["0.weight"] start.Parameters["0.weight"])
                "frozen"
        }
        test "the rate finder's losses fall, and it ends before they run away" {
            let plain =
                { learner with
                    Model = Dense.linear 8 => Activation.relu => Dense.linear 3
                    Optimizer = Optimizer.sgd 1.0
                }

            let curve = RateFinder.run 1e-4 1e3 60 (Batches.ofSize 16) (Key.ofSeed 1L) plain train
            Expect.equal curve.Rates.Length curve.Losses.Length "as many"
            Expect.floatClose Accuracy.high curve.Rates.Head 1e-4 "from the low rate"
            Expect.isLessThan (List.min curve.Losses) curve.Losses.Head "they fall"

            Expect.isLessThan
                (List.max curve.Losses)
                (4.01 * List.min curve.Losses |> max curve.Losses.Head)
                "not away"

            Expect.isTrue (curve.Suggested > 1e-4 && curve.Suggested < 10.0) $"suggested {curve.Suggested}"

            Expect.throwsT<DomainError>
                (fun () -> RateFinder.run 1.0 0.1 5 (Batches.ofSize 16) (Key.ofSeed 1L) plain train |> ignore)
                "rates"
        }
    ]

let tests =
    testList
        "Fit"
        [
            testList "epochs" fitting
            testList "ends" stopping
            testList "telling" telling
            testList "using" using'
            test "validation may have longer sequences than training" {
                // A class for each step of a sequence of any length.
                let sequences rows length =
                    let x = Key.normal 0.0 1.0 DType.F32 [ rows; length; 2 ] (Key.ofSeed 5L)
                    let steps = rows * length
                    Dataset(x, Tensor.ofArray [ rows; length ] (Array.init steps (fun i -> int64 (i % 3))))

                let learner = Learner.create (Dense.linear 3) entropy (Optimizer.adam 0.01)
                let held = sequences 7 9

                let options =
                    { Fit.options (Key.ofSeed 5L) with
                        Epochs = 2
                        Batch = Batches.ofSize 8
                        Validation = Some held
                    }

                let fitted = Fit.run options learner (sequences 20 4)
                let alone = Trained.evaluate entropy [] held fitted.Trained
                Expect.equal (List.last fitted.History).ValidationLoss (Some alone.Loss) "as evaluated alone"

                let labels = held.Targets.ToArray<int64>() |> Array.map (fun l -> if l = 2L then 3L else l)
                let wrong = Dataset(held.Inputs, Tensor.ofArray [ 7; 9 ] labels)

                Expect.throwsT<DomainError>
                    (fun () ->
                        Fit.run { options with Validation = Some wrong } learner (sequences 20 4) |> ignore)
                    "a label that is no class"
            }
        ]
