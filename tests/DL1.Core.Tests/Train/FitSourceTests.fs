/// Training on sources: the bits of the data set that a source stands for, whatever is read ahead, and after any resumption.
module DL1.Tests.FitSourceTests

open System
open System.IO
open System.Threading
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Learners
open Expecto

let private train, validation = clouds 1L 50, clouds 2L 30

let private usual =
    { Fit.options (Key.ofSeed 5L) with
        Epochs = 3
        Batch = Batches.ofSize 16
        Validation = Some validation
        Metrics = [ Metric.accuracy ]
        EarlyStopping = Some(Fit.patience 10)
    }

/// A source that is no data set, with the rows of one.
let private sourceOf (data: Dataset) : Source =
    Source.create data.Count (Dataset.rows [| 0 |] data) (fun numbers -> Dataset.rows numbers data)

/// What an epoch gave, without its time.
let private facts (rows: EpochRow list) =
    rows |> List.map (fun r -> r.Epoch, r.Steps, r.Loss, r.ValidationLoss, r.Metrics)

/// What a checkpoint keeps of the best epoch; the history has times.
let private best (f: Fitted) = f.Checkpoint.Value.Extra |> Tree.filter (fun path -> path <> "history")

let private same (a: Fitted) (b: Fitted) =
    sameState a.State b.State
    && sameTree a.Trained.Parameters b.Trained.Parameters
    && facts a.History = facts b.History
    && sameTree (best a) (best b)

let private three = { usual with Metrics = [ Metric.accuracy ] }

let private laws =
    [
        // Each value trains twice.
        testPropertyWithConfig
            { Law.config with maxTest = 24 }
            "a source of a data set is the data set, with any batches ahead on any threads"
            (fun (size: int) (ahead: int) (threads: int) shuffle blocks (validates: bool) ->
                let size, ahead, threads = 3 + abs (size % 30), 1 + abs (ahead % 7), 1 + abs (threads % 5)

                let batch =
                    { Batches.ofSize size with
                        Shuffle = shuffle
                        DropLast = true
                        Blocks = if blocks then Some { Rows = 4; Window = 3 } else None
                    }

                let options =
                    { three with
                        Epochs = 2
                        Batch = batch
                        Validation = if validates then Some validation else None
                    }

                let whole = Fit.run options learner train

                let streamed =
                    Fit.run
                        { options with
                            Validation = if validates then Some(sourceOf validation) else None
                            Prefetch = { Batches = ahead; Threads = threads }
                        }
                        learner
                        (sourceOf train)

                same whole streamed)
        test "a training on a source that is resumed has the bits of one that was not interrupted" {
            let augmented =
                sourceOf train
                |> Source.augment (fun key row ->
                    let noise = Key.normal 0.0 0.1 DType.F32 (row.Inputs.Shape.ToList()) key
                    row |> Dataset.mapInputs (fun x -> x + noise))

            let options =
                { three with
                    Epochs = 4
                    Batch = { three.Batch with Blocks = Some { Rows = 8; Window = 2 } }
                    Prefetch = { Batches = 3; Threads = 2 }
                }

            let whole = Fit.run options learner augmented
            let half = Fit.run { options with Epochs = 2 } learner augmented

            let resumed =
                Fit.run
                    { options with Resume = Some half.Checkpoint.Value; Prefetch = Prefetch.one }
                    learner
                    augmented

            Expect.isTrue (same whole resumed) "bits"
            let plain = Fit.run options learner (sourceOf train)
            Expect.isFalse (sameState whole.State plain.State) "augmentation changes what is learnt"
        }
        test
            "a loss that compares rows with each other, and metrics over all rows, see all of a validation source" {
            let spread (targets: Expr) (outputs: Expr) =
                Loss.crossEntropy Loss.classes targets outputs
                + 0.1 * Reduce.mean [ 0; 1 ] (Order.sort 0 outputs * outputs)

            let long = clouds 7L 300
            let learner = Learner.create model spread (Optimizer.adam 0.02)

            let run validation data =
                Fit.run { three with Validation = Some validation; Batch = Batches.ofSize 50 } learner data

            let whole = run long train
            let streamed = run (sourceOf long) (sourceOf train)
            Expect.isTrue (same whole streamed) "bits"
        }
    ]

let private refused (what: string) (run: unit -> Fitted) : DL1Error =
    try
        run () |> ignore
        failtest $"{what}: not refused"
    with
    | :? FitError as error ->
        match error.InnerException with
        | :? DL1Error as inner -> inner
        | other -> failtest $"{what}: {other}"
    | :? DL1Error as error -> error

/// The source with other rows where a number is among them.
let private changed (number: int) (change: Dataset -> Dataset) (data: Dataset) : Source =
    Source.create data.Count (Dataset.rows [| 0 |] data) (fun numbers ->
        numbers
        |> Array.map (fun n ->
            let row = Dataset.rows [| n |] data
            if n = number then change row else row)
        |> List.ofArray
        |> Dataset.stack "test")

let private refusals =
    [
        test "a number that is not finite is named by its row in the source" {
            let broken = changed 37 (Dataset.mapInputs (fun x -> x * Tensor.scalar nanf)) train
            let error = refused "NaN" (fun () -> Fit.run three learner broken)
            Expect.stringContains error.Given "NaN among the inputs" "what"
            Expect.stringContains error.Given "in row 37, column 0" "where"

            let broken = changed 21 (Dataset.mapInputs (fun x -> x * Tensor.scalar nanf)) validation

            let error =
                refused "NaN" (fun () -> Fit.run { three with Validation = Some broken } learner train)

            Expect.stringContains error.Given "validation inputs" "what"
            Expect.stringContains error.Given "in row 21" "where"
        }
        test "a label that is no class is named by its row in the source" {
            let broken = changed 41 (fun row -> Dataset.create row.Inputs (Tensor.vector [ 3L ])) train

            let error = refused "label" (fun () -> Fit.run three learner broken)
            Expect.stringContains error.Given "the label 3 in row 41" "where"
        }
        test "rows that are not as the example says are refused" {
            let wide = changed 5 (Dataset.mapInputs (Tensor.cast DType.F64)) (Dataset.rows [| 0..15 |] train)
            Expect.throwsT<ShapeError> (fun () -> Fit.run three learner wide |> ignore) "another type"

            let short =
                Source.create 50 (Dataset.rows [| 0 |] train) (fun n -> Dataset.rows (Array.tail n) train)

            let error = refused "fewer" (fun () -> Fit.run three learner short)
            Expect.stringContains error.Given "15, 4" "fewer rows"

            let named =
                Source.create 50 (Dataset.rows [| 0 |] train) (fun n ->
                    let rows = Dataset.rows n train
                    Dataset.named [ "other", rows.Inputs ] [ "targets", rows.Targets ])

            let error = refused "names" (fun () -> Fit.run three learner named)
            Expect.stringContains error.Given "other" "names"
        }
        test "what a source throws ends the training with what was learnt" {
            let calls = ref 0

            let failing =
                Source.create 50 (Dataset.rows [| 0 |] train) (fun n ->
                    if Interlocked.Increment calls > 6 then
                        raise (IOException "the disk is gone")

                    Dataset.rows n train)

            let error =
                try
                    Fit.run
                        { three with Validation = None; EarlyStopping = None; Metrics = [] }
                        learner
                        failing
                    |> ignore

                    failtest "not refused"
                with :? FitError as error ->
                    error

            Expect.equal error.Fitted.State.Steps 6L "steps"
            Expect.stringContains error.Message "the disk is gone" "why"
        }
        test "options that read nothing ahead are refused" {
            let error =
                refused "none" (fun () ->
                    Fit.run { three with Prefetch = { Batches = 0; Threads = 1 } } learner train)

            Expect.stringContains error.Given "0 batches ahead" ""
        }
    ]

let tests = testList "FitSource" [ testList "laws" laws; testList "refusals" refusals ]
