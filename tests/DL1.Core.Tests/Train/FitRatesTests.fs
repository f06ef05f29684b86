/// Rates in the history, plateaus, averages that are measured, and targets that the loss masks.
module DL1.Tests.FitRatesTests

open System.IO
open System.Text.Json
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Learners
open DL1.Tests.Reference
open Expecto

let private train, validation = clouds 1L 50, clouds 2L 30

let private usual =
    { Fit.options (Key.ofSeed 5L) with
        Epochs = 6
        Batch = Batches.ofSize 16
        Validation = Some validation
        Metrics = [ Metric.accuracy ]
    }

let private facts (rows: EpochRow list) =
    rows |> List.map (fun r -> r.Epoch, r.Steps, r.Loss, r.ValidationLoss, r.Metrics, r.Rates)

let private rates (fitted: Fitted) = fitted.History |> List.map (fun r -> r.Rates["rate"])
let private number (case: JsonElement) (what: string) = case.GetProperty(what).GetDouble()

let private plateau (case: JsonElement) =
    let rule: Plateau =
        {
            Monitor = ""
            Factor = number case "factor"
            Patience = int (number case "patience")
            Threshold = number case "threshold"
            IsRelative = case.GetProperty("relative").GetBoolean()
            Cooldown = int (number case "cooldown")
            Lowest = number case "lowest"
        }

    let values =
        [
            for v in case.GetProperty("values").EnumerateArray() ->
                if v.ValueKind = JsonValueKind.Number then v.GetDouble() else nan
        ]

    let factors = Plateau.factors rule (case.GetProperty("gain").GetBoolean()) values
    let expected = [ for r in case.GetProperty("rates").EnumerateArray() -> r.GetDouble() ]

    for i, (expected, factor) in List.indexed (List.zip expected factors) do
        let found =
            Plateau.scaled rule (Expr.scalar DType.F64 factor) (Schedule.constant 0.1) |> Schedule.valueAt 0

        Expect.floatClose Accuracy.veryHigh found expected $"after epoch %d{i}"

// A rule that lowers the rate in these epochs: each counts as bad.
let private hasty = { Plateau.rule with Patience = 0; Factor = 0.5; Threshold = 0.9 }

/// A run of all epochs, and one with a checkpoint in between, which goes through a file.
let private straightAndResumed options (learner: Learner) =
    let straight = Fit.run options learner train

    inFolder (fun folder ->
        let path = Path.Combine(folder, "run.ckpt")

        let half =
            Fit.run { options with Epochs = 3; Saving = Some { Path = path; Every = 1 } } learner train

        let resumed = Fit.run { options with Resume = Some(Checkpoint.read path) } learner train
        let byHand = Fit.run { options with Resume = Some half.Checkpoint.Value } learner train

        for other in [ resumed; byHand ] do
            Expect.isTrue (sameState other.State straight.State) "the same bits"
            Expect.equal (facts other.History) (facts straight.History) "the whole history"
            Expect.isTrue (sameTree other.Trained.Parameters straight.Trained.Parameters) "the model")

    straight

let private measured =
    [
        test "rates follow a schedule, one for each group" {
            let schedule = Schedule.exponential 0.9 0.1
            let learner = { learner with Optimizer = Optimizer.sgd 0.1 |> Optimizer.scheduled schedule }
            let one = Fit.run usual learner train

            // Four steps an epoch: the last of the first epoch is step 3.
            for i, rate in List.indexed (rates one) do
                Expect.floatClose Accuracy.veryHigh rate (Schedule.valueAt (4 * i + 3) schedule) ""

            let isFirst (path: string) = path.StartsWith "0."

            let grouped =
                Wrap.groups
                    [
                        isFirst, Optimizer.adam 0.01 |> Wrap.lookahead 2 0.5
                        Penalty.weights, Wrap.frozen
                        (fun _ -> true), Optimizer.momentum 0.9 0.25 |> Wrap.after Transform.identity
                    ]

            let several = Fit.run { usual with Epochs = 1 } { learner with Optimizer = grouped } train

            Expect.equal
                (Tree.toList several.History.Head.Rates)
                [ "rate.0", 0.01; "rate.2", 0.25 ]
                "groups; what is frozen has none"

            Expect.stringContains (History.table one.History) " rate " "a column of the table"

            let constant = Fit.run { usual with Epochs = 2 } Learners.learner train
            Expect.equal (rates constant) [ 0.02; 0.02 ] "constant"
            Expect.isFalse ((History.table constant.History).Contains "rate") "no column of what stays"
        }
        test "rates in the history change no bit of a training" {
            let fitted = Fit.run usual learner train
            let trainer = Trainer(learner, Step.startOn learner usual.Key train, false)

            for epoch in 0..5 do
                for batch in Batches.epoch usual.Batch (Key.fold 1 usual.Key) epoch train do
                    trainer.Step batch |> ignore

            Expect.isTrue (sameState trainer.State fitted.State) ""
        }
        test "a plateau lowers the rate, and goes through a checkpoint" {
            let fitted = straightAndResumed { usual with Plateau = Some hasty } learner
            let found = rates fitted
            Expect.equal found.Head 0.02 "the first epoch"
            Expect.isLessThan (List.last found) 0.01 "lowered more than once"

            let factors =
                Plateau.factors hasty false (fitted.History |> List.map (fun r -> r.ValidationLoss.Value))

            for rate, factor in List.zip found.Tail factors[..4] do
                Expect.floatClose Accuracy.veryHigh rate (0.02 * factor) "the factors of the values"

            let plain = Fit.run usual learner train
            Expect.isFalse (sameState plain.State fitted.State) "another training"
        }
        test "a plateau that never comes changes no bit" {
            let patient = Fit.run { usual with Plateau = Some { hasty with Patience = 100 } } learner train
            Expect.isTrue (sameState patient.State (Fit.run usual learner train).State) ""
        }
        test "a plateau of a metric, with accumulation and a schedule" {
            let optimizer =
                Optimizer.adam 0.02
                |> Optimizer.scheduled (Schedule.linear 1.0 0.5 10 0.02)
                |> Wrap.accumulate 2

            let rule = { hasty with Monitor = "accuracy"; Lowest = 0.004 }

            let fitted =
                straightAndResumed { usual with Plateau = Some rule } { learner with Optimizer = optimizer }

            Expect.isGreaterThanOrEqual (List.last (rates fitted)) 0.004 "the lowest"
        }
        test "rules that are none are refused" {
            let refused rule =
                Expect.throwsT<DomainError>
                    (fun () -> Fit.run { usual with Plateau = Some rule } learner train |> ignore)
                    ""

            refused { hasty with Monitor = "no such" }
            refused { hasty with Factor = 1.0 }
            refused { hasty with Factor = nan }
            refused { hasty with Patience = -1 }
            refused { hasty with Threshold = -1.0 }
            refused { hasty with Lowest = infinity }
            refused { hasty with Cooldown = -1 }
        }
        test "an average is what is measured, kept and given back" {
            let optimizer = Optimizer.adam 0.02 |> Wrap.averaged 0.9
            let learner = { learner with Optimizer = optimizer }

            let options =
                { usual with
                    UsesAverage = true
                    EarlyStopping = Some { Fit.patience 20 with Tolerance = 0.0 }
                }

            let fitted = straightAndResumed options learner
            let last = List.last fitted.History

            let own = Fit.run { usual with UsesAverage = true } learner train

            Expect.isTrue
                (sameTree own.Trained.Parameters (Wrap.averageOf own.State.Optimizer))
                "the average at the end"

            Expect.isTrue (sameState own.State fitted.State) "the training is the same"

            let entropy = Loss.crossEntropy Loss.classes
            let found = Trained.evaluate entropy [ Metric.accuracy ] validation own.Trained
            Expect.equal (Some found.Loss) last.ValidationLoss "the loss of the average"

            Expect.throwsT<DomainError>
                (fun () -> Fit.run { usual with UsesAverage = true } Learners.learner train |> ignore)
                "no average"
        }
        test "targets that the loss masks may be missing" {
            let x = Key.normal 0.0 1.0 DType.F32 [ 20; 2 ] (Key.ofSeed 3L)

            let y =
                Tensor.ofArray
                    [ 20; 1 ]
                    (Array.init 20 (fun i -> if i % 3 = 0 then nanf else float32 i / 20f))

            let masked (y: Expr) (output: Expr) =
                let isThere = Expr.not' (Elementwise.isNaN y)
                let square = Elementwise.square (output - Expr.where isThere y (Expr.zerosLike y))
                Loss.weightedMean (Expr.cast DType.F32 isThere) square

            let learner = Learner.create (Dense.linear 1) masked (Optimizer.sgd 0.1)
            let data = Dataset(x, y)
            let options = { Fit.options (Key.ofSeed 1L) with Epochs = 3; Batch = Batches.ofSize 8 }
            Expect.throwsT<DomainError> (fun () -> Fit.run options learner data |> ignore) "unasked"
            let fitted = Fit.run options (Learner.maskingTargets learner) data
            Expect.equal fitted.End FitEnd.Finished "finite"
            Expect.isLessThan (List.last fitted.History).Loss fitted.History.Head.Loss "it learns"

            let broken = Dataset(Tensor.ofArray [ 20; 2 ] (Array.create 40 nanf), y)

            Expect.throwsT<DomainError>
                (fun () -> Fit.run options (Learner.maskingTargets learner) broken |> ignore)
                "inputs are looked at all the same"
        }
    ]

let tests =
    testList
        "FitRates"
        [
            let all = cases "plateau.json"
            test "all 16 plateaus are there" { Expect.equal all.Length 16 "" }

            for case in all do
                test $"plateau {name case}" { plateau case }

            yield! measured
        ]
