/// Training over ranks: the bits do not depend on their number.
module DL1.Tests.RankFitTests

open System
open System.IO
open System.Threading
open DL1
open DL1.Tests.Hostile
open DL1.Tests.Law
open DL1.Tests.Learners
open Expecto
open FsCheck.FSharp

let private facts (rows: EpochRow list) =
    rows
    |> List.map (fun r ->
        r.Epoch, r.Steps, r.Loss, r.ValidationLoss, r.Metrics, Tree.toList r.Gradients, Tree.toList r.Rates)

/// A checkpoint's bytes, but for the seconds that epochs took.
let private content (checkpoint: Checkpoint) =
    let without path (t: Tensor) =
        if path = "history" then
            Tensor.ofArray
                (t.Shape.ToList())
                (Tensor.toFloats t |> Array.mapi (fun i v -> if i % t.Shape[1] = 4 then 0.0 else v))
        elif path = "epoch.numbers" then
            Tensor.vector (
                Tensor.toFloats t |> Array.mapi (fun i v -> if i = 4 then 0.0 else v) |> List.ofArray
            )
        else
            t

    let extra = Tree.mapPath without checkpoint.Extra

    RankMessages.pack
        [
            checkpoint.Parameters
            checkpoint.State
            checkpoint.Optimizer
            extra
            Tree.ofList [ "key", Key.toTensor checkpoint.Key ]
        ]

/// The history of a training that was resumed has no gradients of the epochs before.
let private resumedFrom (whole: Fitted) (resumed: Fitted) =
    let without rows =
        rows |> List.map (fun (r: EpochRow) -> { r with Gradients = Tree.empty }) |> facts

    sameState whole.State resumed.State
    && without whole.History = without resumed.History
    && facts [ List.last whole.History ] = facts [ List.last resumed.History ]
    && content whole.Checkpoint.Value = content resumed.Checkpoint.Value

let private same (a: Fitted) (b: Fitted) =
    sameState a.State b.State
    && sameTree a.Trained.Parameters b.Trained.Parameters
    && facts a.History = facts b.History
    && content a.Checkpoint.Value = content b.Checkpoint.Value
    && a.End = b.End

let private data, validation = clouds 1L 53, clouds 2L 30

let private options shards batch seed (ranks: Ranks) =
    { Fit.options (Key.ofSeed seed) with
        Epochs = 3
        Batch = Batches.ofSize batch
        Validation = Some validation
        Metrics = [ Metric.accuracy ]
        Shards = shards
        Ranks = ranks
        WatchesGradients = true
    }

let private plain: Layer<Expr, Expr> =
    Dense.linear 6 => Activation.relu => Shaping.dropout 0.1 => Dense.linear 3

let private learners =
    [
        learner
        Learner.create plain (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.02)
        Learner.create plain (Loss.crossEntropy { Loss.classes with Ignore = Some 2 }) (Optimizer.sgd 0.1)
        |> Learner.penalized (Penalty.l2 0.01 Penalty.weights)
        Learner.create
            plain
            (Loss.crossEntropy { Loss.classes with Reduction = Reduction.Sum })
            (Optimizer.momentum 0.9 0.005 |> Wrap.after (Transform.clipByGlobalNorm 1.0))
        Learner.ofParts
            plain
            [ "a", 1.0, Loss.crossEntropy Loss.classes; "b", 0.5, Loss.crossEntropy Loss.classes ]
            (Optimizer.adam 0.01)
    ]

let private cases =
    gen {
        let! shards = Gen.elements [ 2; 4; 8 ]
        let! ranks = Gen.elements ([ 2; 4; 8 ] |> List.filter (fun r -> r <= shards))
        let! kind = Gen.choose (0, learners.Length - 1)
        // Batch norm needs two rows in each shard.
        let! batch = if kind = 0 then Gen.elements [ 16; 18 ] else Gen.elements [ 3; 7; 16; 20 ]
        let! seed = Gen.choose (1, 1000)
        return struct (shards, ranks, kind, batch, int64 seed)
    }

let private fitted options learner data = Fit.run options learner data

let private laws =
    [
        testPropertyWithConfig
            { config with maxTest = 24 }
            "parameters, history and checkpoints do not depend on the ranks"
        <| Prop.forAll (Arb.fromGen cases) (fun struct (shards, ranks, kind, batch, seed) ->
            let data = if kind = 0 then clouds 1L (4 * batch) else data
            let alone = fitted (options shards batch seed Ranks.alone) learners[kind] data

            Ranks.threads ranks (fun ranks -> fitted (options shards batch seed ranks) learners[kind] data)
            |> List.forall (same alone))

        test "as many ranks as shards, though no power of two" {
            let run ranks = fitted (options 3 12 5L ranks) learners[1] data
            let alone = run Ranks.alone

            for one in Ranks.threads 3 run do
                Expect.isTrue (same alone one) "the same bits"
        }
        test "a validation set of many batches is shared out" {
            let large = clouds 3L 1100

            let run ranks =
                fitted
                    { options 4 16 5L ranks with
                        Validation = Some large
                        EarlyStopping = Some(Fit.patience 2)
                    }
                    learners[1]
                    data

            let alone = run Ranks.alone

            for one in Ranks.threads 4 run do
                Expect.isTrue (same alone one) "the same bits"
        }
        test "a Trainer over ranks takes the whole batch" {
            let run (ranks: Ranks) =
                let trainer =
                    Trainer(learners[1], Step.startOn learners[1] (Key.ofSeed 1L) data, false, 4, ranks)

                let losses = [ for i in 0..3 -> trainer.Step(Dataset.rows [| 8 * i .. 8 * i + 9 |] data) ]
                trainer.State, losses

            let state, losses = run Ranks.alone

            for other, others in Ranks.threads 2 run do
                Expect.isTrue (sameState state other) "state"
                Expect.equal losses others "losses"
        }
    ]

let private resuming =
    [
        test "a checkpoint in the middle of an epoch goes on with any ranks, to the same bits" {
            inFolder (fun folder ->
                for kind in [ 1; 2; 3; 4 ] do
                    let path = Path.Combine(folder, $"%d{kind}.ckpt")
                    let whole = fitted (options 4 7 5L Ranks.alone) learners[kind] data

                    // 8 steps an epoch: the last file is of step 18, two steps into the third epoch, and its training was killed.
                    let killed (ranks: Ranks) =
                        let steps =
                            { Progress.quiet with
                                Step =
                                    fun epoch step _ _ ->
                                        if epoch = 3 && step = 4 then
                                            raise (IOException "killed")
                            }

                        fitted
                            { options 4 7 5L ranks with
                                Saving = Some { Path = path; Every = 100 }
                                SavingSteps = Some 6
                                Progress = steps
                            }
                            learners[kind]
                            data

                    Expect.throwsT<FitError> (fun () -> Ranks.threads 4 killed |> ignore) "killed"
                    Expect.equal (Checkpoint.read path).Step 18L "the last file"

                    for ranks in [ 1; 2; 4 ] do
                        let resumed =
                            Ranks.threads ranks (fun ranks ->
                                fitted
                                    { options 4 7 5L ranks with Resume = Some(Checkpoint.read path) }
                                    learners[kind]
                                    data)

                        for one in resumed do
                            Expect.isTrue (resumedFrom whole one) $"learner %d{kind}, %d{ranks} ranks")
        }
        test "without shards a checkpoint by steps goes on to the same bits, too" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")
                let whole = fitted (options 1 16 5L Ranks.alone) learner (clouds 1L 64)
                let mutable kept = [||]

                let keep =
                    { Progress.quiet with
                        Step =
                            fun epoch step _ _ ->
                                if epoch = 2 && step = 4 then
                                    kept <- File.ReadAllBytes path
                    }

                fitted
                    { options 1 16 5L Ranks.alone with
                        Saving = Some { Path = path; Every = 100 }
                        SavingSteps = Some 3
                        Progress = keep
                    }
                    learner
                    (clouds 1L 64)
                |> ignore

                File.WriteAllBytes(path, kept)
                let checkpoint = Checkpoint.read path
                Expect.equal checkpoint.Step 6L "in the middle of the second epoch"

                let resumed =
                    fitted
                        { options 1 16 5L Ranks.alone with Resume = Some checkpoint }
                        learner
                        (clouds 1L 64)

                Expect.isTrue (resumedFrom whole resumed) "the same bits")
        }
    ]

let private run count (change: Ranks -> FitOptions -> FitOptions) (of': Ranks -> Learner * Dataset) =
    Ranks.threads count (fun ranks ->
        let learner, data = of' ranks
        fitted (change ranks (options 4 16 5L ranks)) learner data)

let private always _ = learners[1], data

let private ends =
    [
        test "a cancellation on one rank ends all after the same step" {
            use source = new CancellationTokenSource()
            source.Cancel()

            let change (ranks: Ranks) (o: FitOptions) =
                if ranks.Rank = 2 then { o with Cancellation = source.Token } else o

            for one in run 4 change always do
                Expect.equal (one.End, one.State.Steps) (FitEnd.Cancelled, 1L) "after the first step"
        }
        test "a callback of rank 0 stops all, and no other rank is asked or told" {
            let called = Array.zeroCreate<int> 4

            let change (ranks: Ranks) (o: FitOptions) =
                let count () = Interlocked.Increment(&called[ranks.Rank]) |> ignore

                { o with
                    Callbacks =
                        [
                            (fun e ->
                                count ()
                                if e.Row.Epoch = 2 then Answer.Stop else Answer.Continue)
                        ]
                    Progress = { Step = (fun _ _ _ _ -> count ()); Epoch = fun _ -> count () }
                }

            for one in run 4 change always do
                Expect.equal (one.End, one.History.Length) (FitEnd.Stopped, 2) "stopped"

            Expect.equal called[1..] [| 0; 0; 0 |] "the others"
            Expect.equal called[0] (2 * (4 + 1 + 1)) "rank 0: four steps an epoch, its end, and the callback"
        }
        test "divergence ends all at the same step" {
            let hot =
                Learner.create
                    plain
                    (fun t o -> Loss.mse Reduction.Mean (Linear.oneHot DType.F32 3 t) (1e20 * o))
                    (Optimizer.sgd 1e10)

            for one in
                run 2 (fun _ (o: FitOptions) -> { o with Validation = None; Metrics = [] }) (fun _ ->
                    hot, data) do
                Expect.equal one.End FitEnd.Diverged "diverged"
        }
        test "early stopping is the same everywhere" {
            let change _ (o: FitOptions) =
                { o with Epochs = 30; EarlyStopping = Some { Fit.patience 1 with Tolerance = 0.5 } }

            let alone = fitted (change () (options 4 16 5L Ranks.alone)) learners[1] data
            Expect.equal alone.End FitEnd.EarlyStopped "stopped"

            for one in run 4 change always do
                Expect.isTrue (same alone one) "the same bits"
        }
    ]

let private refused (message: string) count change of' =
    let heard = Collections.Concurrent.ConcurrentBag<string>()

    let one ranks =
        let learner, data = of' ranks

        try
            fitted (change ranks (options 4 16 5L ranks)) learner data |> ignore
        with :? DomainError as error ->
            heard.Add error.Message
            reraise ()

    Expect.throwsT<DomainError> (fun () -> Ranks.threads count one |> ignore) "refused"
    Expect.equal heard.Count count "on all ranks"

    for text in heard do
        Expect.stringContains text message "what it says"

let private refusals =
    let keep (_: Ranks) (o: FitOptions) = o

    [
        test "a rank with another model is refused by its number, on all ranks" {
            refused "rank 2 with other model, loss or optimizer" 4 keep (fun ranks ->
                (if ranks.Rank = 2 then
                     { learners[1] with Optimizer = Optimizer.adam 0.03 }
                 else
                     learners[1]),
                data)
        }
        test "a rank with other data is refused" {
            refused "rank 0 with other data" 4 keep (fun ranks ->
                learners[1], (if ranks.Rank = 0 then clouds 7L 53 else data))
        }
        test "a rank with other options is refused" {
            refused
                "rank 1 with other options"
                4
                (fun ranks (o: FitOptions) -> if ranks.Rank = 1 then { o with Epochs = 4 } else o)
                always
        }
        test "a rank that begins with other parameters is refused" {
            refused
                "rank 3 with other parameters or state to begin with"
                4
                (fun ranks (o: FitOptions) ->
                    if ranks.Rank = 3 then
                        { o with Start = Some(Step.startOn learners[1] (Key.ofSeed 8L) data) }
                    else
                        o)
                always
        }
        test "ranks that cannot share the shards are refused" {
            let error = Expect.throwsC (fun () -> run 3 keep always |> ignore) id
            Expect.stringContains error.Message "3 ranks for 4 shards" ""
        }
        test "steps between checkpoints need a file, and are 1 or more" {
            for o in
                [
                    { options 1 16 1L Ranks.alone with SavingSteps = Some 5 }
                    { options 1 16 1L Ranks.alone with
                        SavingSteps = Some 0
                        Saving = Some { Path = "x.ckpt"; Every = 1 }
                    }
                ] do
                Expect.throwsT<DomainError> (fun () -> fitted o learner data |> ignore) "refused"
        }
        test "an error on one rank ends all with its message" {
            let failing = Metric.create "failing" true (fun _ _ -> 1.0)
            let heard = Collections.Concurrent.ConcurrentBag<string>()

            let one (ranks: Ranks) =
                let mutable calls = 0

                let metric =
                    { failing with
                        Measure =
                            fun t o ->
                                calls <- calls + 1

                                if ranks.Rank = 1 && calls = 3 then
                                    raise (IOException "no scores today")
                                else
                                    failing.Measure t o
                    }

                try
                    fitted { options 4 16 5L ranks with Metrics = [ metric ] } learners[1] data |> ignore
                with :? FitError as error ->
                    heard.Add error.Message
                    reraise ()

            Expect.throwsT<FitError> (fun () -> Ranks.threads 4 one |> ignore) "ended"
            Expect.equal heard.Count 4 "on all ranks"

            for text in heard do
                Expect.stringContains text "no scores today" "with the message"
        }
    ]

let tests = testList "RankFit" (laws @ resuming @ ends @ refusals)
