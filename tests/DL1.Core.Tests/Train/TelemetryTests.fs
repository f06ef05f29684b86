/// What training and prediction report to the meter DL1.
module DL1.Tests.TelemetryTests

open System
open System.Collections.Generic
open System.Diagnostics.Metrics
open System.Runtime.CompilerServices
open DL1
open DL1.Tests.Learners
open Expecto

let private data = clouds 3L 32

/// What this thread reports to the meter while something runs: each instrument's name with the number.
let private heard (run: unit -> unit) : List<string * float> =
    let found = List<string * float>()
    let own = Environment.CurrentManagedThreadId
    use listener = new MeterListener()

    listener.InstrumentPublished <-
        fun instrument listener ->
            if instrument.Meter.Name = "DL1" then
                listener.EnableMeasurementEvents instrument

    let note (instrument: Instrument) (value: float) =
        if Environment.CurrentManagedThreadId = own then
            found.Add(instrument.Name, value)

    listener.SetMeasurementEventCallback<float>(fun instrument value _ _ -> note instrument value)
    listener.SetMeasurementEventCallback<int64>(fun instrument value _ _ -> note instrument (float value))
    listener.SetMeasurementEventCallback<int>(fun instrument value _ _ -> note instrument (float value))
    listener.Start()
    run ()
    listener.RecordObservableInstruments()
    found

let private valuesOf name (found: List<string * float>) =
    [
        for n, value in found do
            if n = name then
                value
    ]

let tests =
    testList
        "Telemetry"
        [
            test "a training tells its losses, rows, times and gradients, and a prediction its rows and time" {
                let options =
                    { Fit.options (Key.ofSeed 1L) with
                        Epochs = 2
                        Batch = Batches.ofSize 12
                        Validation = Some(clouds 4L 9)
                        WatchesGradients = true
                    }

                let mutable losses: float list = []

                let progress = { Progress.quiet with Step = fun _ _ _ loss -> losses <- losses @ [ loss ] }

                let mutable history: EpochRow list = []

                let found =
                    heard (fun () ->
                        let fitted = Fit.run { options with Progress = progress } learner data
                        history <- fitted.History
                        Trained.predict data.Inputs fitted.Trained |> ignore)

                Expect.equal (valuesOf "dl1.loss" found) losses "the losses of the steps"
                Expect.equal (valuesOf "dl1.rows" found) [ 12.0; 12.0; 8.0; 12.0; 12.0; 8.0 ] "rows"
                let seconds = valuesOf "dl1.step.duration" found
                Expect.equal seconds.Length 6 "a time for each step"
                Expect.all seconds (fun s -> s > 0.0 && s < 3600.0) "seconds"

                Expect.equal
                    (valuesOf "dl1.validation.loss" found)
                    (history |> List.choose _.ValidationLoss)
                    "validation"

                Expect.equal (valuesOf "dl1.predictions" found) [ 32.0 ] "rows predicted"
                Expect.equal (valuesOf "dl1.prediction.duration" found).Length 1 "one prediction"
                let norms = valuesOf "dl1.gradient.norm" found
                Expect.equal norms.Length 6 "a norm for each step"
                Expect.all norms (fun n -> n > 0.0 && Double.IsFinite n) "norms"
            }
            test "the norm is that of all gradients together" {
                let start = Step.startOn learner (Key.ofSeed 1L) data
                let trainer = Trainer(learner, start, true)
                let found = heard (fun () -> trainer.Step data |> ignore)
                let norms = Tree.values trainer.GradientNorms
                let expected = norms |> List.sumBy (fun n -> n * n) |> sqrt
                Expect.equal (valuesOf "dl1.gradient.norm" found) [ expected ] "the norm"
            }
            test "steps of a loop of one's own tell their rows and times" {
                let loop = TrainingLoop(Key.ofSeed 1L)
                let trainable = Trainable.create "clouds" (Dense.linear 3) (Optimizer.sgd 0.1)

                let train =
                    loop.Training(fun step ->
                        let outputs = step.Apply(trainable, step["inputs"])
                        step.Minimize(trainable, Loss.crossEntropy Loss.classes step["targets"] outputs))

                let found = heard (fun () -> train.Run data)
                Expect.equal (valuesOf "dl1.rows" found) [ 32.0 ] "rows"
                Expect.equal (valuesOf "dl1.step.duration" found).Length 1 "a time"
            }
            test "whether code is emitted can be observed" {
                let found =
                    heard (fun () ->
                        Trainer(learner, Step.startOn learner (Key.ofSeed 1L) data, false).Step data
                        |> ignore)

                let expected = if RuntimeFeature.IsDynamicCodeSupported then 1.0 else 0.0
                Expect.equal (valuesOf "dl1.code.emitted" found) [ expected ] "emitted"
            }
            test "the meter has the version of the library" {
                let mutable version = None
                use listener = new MeterListener()

                listener.InstrumentPublished <-
                    fun instrument _ ->
                        if instrument.Meter.Name = "DL1" then
                            version <- Option.ofObj instrument.Meter.Version

                listener.Start()

                // Where no test before has made the meter.
                Trainer(learner, Step.startOn learner (Key.ofSeed 1L) data, false).Step data |> ignore
                let expected = typeof<Expr>.Assembly.GetName().Version
                Expect.equal version (Option.ofObj expected |> Option.map (fun v -> v.ToString 3)) "version"
                Expect.notEqual version (Some "0.1.0") "the first version"
            }
            test "steps that nobody listens to allocate nothing, with gradients watched" {
                let trainer = Trainer(learner, Step.startOn learner (Key.ofSeed 1L) data, true)
                let batch = Dataset.rows [| 0..15 |] data

                let run count =
                    for _ in 1..count do
                        trainer.Step batch |> ignore

                run 50

                // What the runtime itself allocates now and then is not seen in every ten.
                let quiet =
                    Seq.init 100 (fun _ ->
                        let before = GC.GetAllocatedBytesForCurrentThread()
                        run 10
                        GC.GetAllocatedBytesForCurrentThread() - before)
                    |> Seq.filter (fun bytes -> bytes = 0L)
                    |> Seq.length

                Expect.isGreaterThan quiet 90 "tens of steps without allocation"
            }
        ]
