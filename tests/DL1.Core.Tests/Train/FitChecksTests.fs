/// What is wrong is told before the first step; what goes wrong later leaves what was trained until then.
module DL1.Tests.FitChecksTests

open System
open System.IO
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Learners
open Expecto

let private train, validation = clouds 1L 50, clouds 2L 30

let private usual =
    { Fit.options (Key.ofSeed 5L) with
        Epochs = 4
        Batch = Batches.ofSize 16
        Validation = Some validation
    }

let private rows numbers (data: Dataset) = Dataset.rows numbers data
let private withTargets targets (data: Dataset) = Dataset(data.Inputs, targets)

/// The message of a refusal that came before the first step.
let private refusal (options: FitOptions) (learner: Learner) (data: Dataset) : string =
    let progress = { Progress.quiet with Step = fun _ _ _ _ -> failtest "a step was made" }

    try
        Fit.run { options with Progress = progress } learner data |> ignore
        failtest "an error was expected"
    with :? DL1Error as e ->
        e.Message

let private refuses (name: string) (words: string list) options learner data =
    test name {
        let message = refusal options learner data

        for word in words do
            Expect.stringContains message word ""
    }

let private scores = Metric.create "spread" true (fun _ output -> float output.Size)

let private ofTwo =
    Learner.create (Dense.linear 1) (Loss.bceWithLogits Reduction.Mean) (Optimizer.adam 0.01)

let private float' (t: Tensor) = Tensor.reshape [ t.Size; 1 ] (Tensor.cast DType.F32 t)
let private regression = Learner.create (Dense.linear 1) (Loss.mse Reduction.Mean) (Optimizer.sgd 0.01)
let private column = withTargets (float' train.Targets) train

let private before =
    [
        refuses
            "a metric that cannot take the targets"
            [ "the metric accuracy" ]
            { usual with Validation = None; Metrics = [ Metric.accuracy ] }
            { regression with Model = Dense.linear 3 }
            (withTargets (Tensor.zeros DType.F32 [ 50; 3 ]) train)
        refuses
            "a metric of labels that do not count"
            [ "the metric accuracy"; "-1"; "ignore" ]
            { usual with Validation = None; Metrics = [ Metric.accuracy ] }
            { learner with Loss = Loss.crossEntropy { Loss.classes with Ignore = Some -1 } }
            (withTargets (Tensor.Of(Array.init 50 (fun i -> int64 (i % 3) - 1L))) train)
        refuses
            "a ROC curve of one class"
            [ "the metric rocAuc"; "no positive row" ]
            { usual with
                Validation = Some(withTargets (Tensor.zeros DType.F32 [ 30; 1 ]) validation)
                Metrics = [ Metric.rocAuc ]
            }
            ofTwo
            (withTargets (float' (Tensor.Of(Array.init 50 (fun i -> int64 (i % 2))))) train)
        refuses
            "two metrics of one name"
            [ "2 metrics named spread" ]
            { usual with Metrics = [ scores; Metric.accuracy; scores ] }
            learner
            train
        refuses
            "an empty validation set"
            [ "a validation set without rows" ]
            { usual with Validation = Some(rows [||] validation) }
            learner
            train
        refuses
            "a validation set of another width"
            [ "the validation set"; "f32 [30, 2]"; "f32 [50, 4]" ]
            { usual with
                Validation = Some(Dataset(Tensor.zeros DType.F32 [ 30; 2 ], validation.Targets))
            }
            learner
            train
        refuses
            "validation targets of another width"
            [ "the validation set"; "f32 [30, 2]" ]
            { usual with
                Validation = Some(withTargets (Tensor.zeros DType.F32 [ 30; 2 ]) validation)
            }
            regression
            column
        refuses
            "a last batch of one row with batch norm"
            [ "the last batch, of 1 of 49 rows in batches of 16"; "drop" ]
            usual
            learner
            (rows [| 0..48 |] train)
        refuses
            "a file in a folder that is not there"
            [ "in a folder that is not there" ]
            { usual with
                Saving = Some { Path = Path.Combine(Path.GetTempPath(), "not there", "x.ckpt"); Every = 1 }
            }
            learner
            train
        refuses
            "a folder in the place of a file"
            [ "a folder" ]
            { usual with Saving = Some { Path = Path.GetTempPath(); Every = 1 } }
            learner
            train
        refuses
            "an empty path"
            [ "an empty path" ]
            { usual with Saving = Some { Path = " "; Every = 1 } }
            learner
            train
        refuses
            "a path that no file can have"
            [ "the path of a file" ]
            { usual with Saving = Some { Path = "a\000b"; Every = 1 } }
            learner
            train
        refuses
            "a loss that is not one number"
            [ "a loss of f32 [16, 1]"; "mean" ]
            { usual with Validation = None }
            { regression with Loss = Loss.mse Reduction.None }
            column
        refuses
            "a loss that depends on nothing that is trained"
            [ "does not depend" ]
            { usual with Validation = None }
            { regression with Loss = fun t _ -> Reduce.meanAll t }
            column
        refuses
            "names to be frozen that no parameter has"
            [ "no parameter that is to be frozen"; "0.weight" ]
            usual
            (Learner.freeze (fun path -> path.StartsWith "encoder.") learner)
            train
        refuses
            "an optimizer for parameters that are not there"
            [ "no parameter that is wanted"; "0.weight" ]
            usual
            { learner with
                Optimizer = Wrap.only (fun path -> path.StartsWith "head.") learner.Optimizer
            }
            train
        test "a last batch of one row is all right where it is dropped" {
            let dropped = { usual.Batch with DropLast = true }
            let f = Fit.run { usual with Epochs = 1; Batch = dropped } learner (rows [| 0..48 |] train)
            Expect.equal f.State.Steps 3L ""
        }
        test "validation on inputs of another length, where the model takes them" {
            let model = Conv.conv1d 2 3 => Pooling.adaptiveAverage [ 1 ] => Shaping.flatten

            let of' length =
                Dataset(Tensor.full DType.F32 [ 8; 1; length ] 0.5, Tensor.zeros DType.F32 [ 8; 2 ])

            let learner = { regression with Model = model }
            let options = { usual with Epochs = 1; Validation = Some(of' 9) }
            Expect.equal (Fit.run options learner (of' 6)).History.Length 1 ""
        }
    ]

/// What a training that fails after the first step leaves.
let private failing (options: FitOptions) : FitError =
    try
        Fit.run options learner train |> ignore
        failtest "an error was expected"
    with :? FitError as e ->
        e

let private whole = lazy Fit.run usual learner train

/// The parameters of the training after so many epochs.
let private until epochs = (Fit.run { usual with Epochs = epochs } learner train).State

let private later =
    [
        test "a metric that throws in the third epoch" {
            let mutable calls = 0

            let breaking =
                Metric.create "breaking" true (fun _ _ ->
                    calls <- calls + 1
                    if calls = 4 then invalidOp "broken" else 0.0)

            let e = failing { usual with Metrics = [ breaking ] }
            Expect.stringContains e.Message "broken" "the cause"
            Expect.isTrue (e.InnerException :? InvalidOperationException) "the exception itself"
            Expect.equal (e.Fitted.End, e.Fitted.History.Length) (FitEnd.Failed, 2) "two epochs"
            Expect.isTrue (sameState e.Fitted.State (until 3)) "the state after the third"
            Expect.isTrue (sameTree e.Fitted.Trained.Parameters e.Fitted.State.Parameters) "the model"
        }
        test "a callback that throws, with the best epoch kept" {
            let mutable states = []

            let breaking (told: EpochEnd) =
                states <- told.State.Value :: states
                if told.Row.Epoch = 3 then failwith "callback" else Answer.Continue

            let worse = Metric.create "worse" false (fun _ _ -> float states.Length)
            let rule = { Fit.patience 9 with Monitor = "worse" }

            let e =
                failing
                    { usual with Metrics = [ worse ]; EarlyStopping = Some rule; Callbacks = [ breaking ] }

            Expect.equal (e.Fitted.BestEpoch, e.Fitted.History.Length) (Some 1, 3) "epochs"
            Expect.isTrue (sameTree e.Fitted.Trained.Parameters (List.last states).Parameters) "the best"
        }
        test "progress that throws within an epoch; training goes on from what is left" {
            let progress =
                { Progress.quiet with
                    Step =
                        fun epoch step _ _ ->
                            if (epoch, step) = (2, 4) then
                                failwith "progress"
                }

            let e = failing { usual with Progress = progress }
            Expect.equal e.Fitted.State.Steps 8L "the step that was made"
            Expect.equal e.Fitted.History.Length 1 "whole epochs"
            Expect.isTrue (sameState e.Fitted.State (until 2)) "two epochs of four steps"
            Expect.isTrue (sameState whole.Value.State (until 4)) "as without"
        }
        test "a checkpoint that can no longer be written" {
            let folder = Directory.CreateTempSubdirectory "dl1"
            let path = Path.Combine(folder.FullName, "run.ckpt")

            let remove (told: EpochEnd) =
                if told.Row.Epoch = 2 then
                    folder.Delete true

                Answer.Continue

            let e = failing { usual with Saving = Some { Path = path; Every = 1 }; Callbacks = [ remove ] }
            Expect.equal e.Fitted.History.Length 2 "epochs"
            Expect.isTrue (sameState e.Fitted.State (until 2)) "state"
        }
        test "an exception before the first step is itself" {
            let broken = Metric.create "broken" true (fun _ _ -> invalidOp "at once")

            Expect.throwsT<InvalidOperationException>
                (fun () -> Fit.run { usual with Metrics = [ broken ] } learner train |> ignore)
                ""
        }
    ]

let private best =
    [
        test "stopping early on the training loss gives back the parameters that have the lowest" {
            // A rate that throws the loss up and down.
            let learner =
                { regression with
                    Model = Dense.linear 4 => Activation.tanh => Dense.linear 1
                    Optimizer = Optimizer.sgd 0.35
                }

            let states = Collections.Generic.List<TrainState>()

            let keep (told: EpochEnd) =
                states.Add told.State.Value
                Answer.Continue

            let lossOf (parameters: Tree<Tensor>) (state: Tree<Tensor>) =
                (Trained.evaluate learner.Loss [] column (Trained.create learner.Model parameters state)).Loss

            for seed in 1L .. 5L do
                states.Clear()

                let options =
                    { Fit.options (Key.ofSeed seed) with
                        Epochs = 12
                        Batch = Batches.ofSize 7
                        EarlyStopping = Some(Fit.patience 20)
                        Callbacks = [ keep ]
                    }

                let f = Fit.run options learner column
                let losses = [ for s in states -> lossOf s.Parameters s.State ]
                let found = lossOf f.Trained.Parameters f.Trained.State
                Expect.equal found (List.min losses) "the lowest of all epochs"
                Expect.equal losses[Option.get f.BestEpoch - 1] found "of the epoch that is named"
        }
        test "rows that fill no batch have no rate" {
            let find batch data = RateFinder.run 1e-6 1.0 30 batch (Key.ofSeed 1L) regression data |> ignore

            let dropped = { Batches.ofSize (column.Count + 1) with DropLast = true }
            Expect.throwsT<DomainError> (fun () -> find dropped column) "every batch is dropped"

            Expect.throwsT<DomainError>
                (fun () -> find (Batches.ofSize 4) (Dataset.rows [||] column))
                "there are no rows"
        }
        test "a flat loss has no rate" {
            let find loss optimizer =
                RateFinder.run
                    1e-6
                    1.0
                    30
                    (Batches.ofSize 16)
                    (Key.ofSeed 1L)
                    { regression with Loss = loss; Optimizer = optimizer }
                    column
                |> ignore

            Expect.throwsT<DomainError>
                (fun () -> find (fun t o -> Reduce.meanAll t + 0.0 * Reduce.meanAll o) (Optimizer.sgd 1.0))
                "no slope; the batches' losses differ"

            Expect.throwsT<DomainError>
                (fun () -> find (fun t _ -> Reduce.meanAll t) (Optimizer.sgd 1.0))
                "constant"

            Expect.throwsT<DomainError> (fun () -> find regression.Loss Wrap.frozen) "frozen"
            find regression.Loss (Optimizer.sgd 1.0)
        }
    ]

let tests =
    testList
        "FitChecks"
        [ testList "before the first step" before; testList "later" later; testList "best" best ]
