/// Loops of one's own: the steps of a trainer to the bit, several models and optimizers, what is carried, snapshots.
module DL1.Tests.TrainingLoopTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Learners
open Expecto

let private data = clouds 1L 20

let private batches =
    Batches.indices (Batches.ofSize 8) (Key.ofSeed 3L) 0 20
    |> Array.map (fun rows -> Dataset.rows rows data)

let private crossEntropy = Loss.crossEntropy Loss.classes

let private sameLoop (a: LoopState) (b: LoopState) =
    Hostile.sameTree a.Parameters b.Parameters
    && Hostile.sameTree a.State b.State
    && Hostile.sameTree a.Optimizer b.Optimizer
    && Hostile.sameTree a.Carried b.Carried
    && a.Key = b.Key
    && a.Steps = b.Steps

/// A loop that trains the learner's model, as `Fit` does.
let private plain optimizer =
    let trainable = Trainable.create "model" model optimizer
    let loop = TrainingLoop(Key.ofSeed 1L)

    let train =
        loop.Training(fun step ->
            let loss = crossEntropy step["targets"] (step.Apply(trainable, step["inputs"]))
            step.Minimize(trainable, loss)
            step.Report("loss", loss))

    trainable, loop, train

let private asTrainer =
    testList
        "a loop of one model has a trainer's bits"
        [
            for name, optimizer in
                [
                    "Adam", Optimizer.adam 0.02
                    "momentum", Optimizer.momentum 0.9 0.1
                    "accumulated", Wrap.accumulate 2 (Optimizer.momentum 0.9 0.1)
                ] do
                test name {
                    let learner = { learner with Optimizer = optimizer }
                    let start = Step.start learner (Key.ofSeed 1L) data.Inputs
                    let trainer = Trainer(learner, start, false)
                    let _, loop, train = plain optimizer

                    for batch in Array.append batches batches do
                        let loss = trainer.Step batch
                        train.Run batch
                        Expect.equal train["loss"] loss "loss"

                    let mine, theirs = loop.State, trainer.State
                    let mineOf (tree: Tree<Tensor>) = Tree.at "model" tree
                    Expect.isTrue (Hostile.sameTree (mineOf mine.Parameters) theirs.Parameters) "parameters"
                    Expect.isTrue (Hostile.sameTree (mineOf mine.State) theirs.State) "layer state"
                    Expect.isTrue (Hostile.sameTree (mineOf mine.Optimizer) theirs.Optimizer) "optimizer"
                    Expect.equal mine.Key theirs.Key "key"
                    Expect.equal loop.Steps theirs.Steps "steps"
                }
        ]

/// x·y by two players: one descends, the other ascends, one after the other.
let private players =
    let parameter first =
        Layer.create "Number" (fun scope (_: Expr) -> scope.Parameter("value", [], Init.constant first))

    let descends = Trainable.create "x" (parameter 1.0) (Optimizer.sgd 0.5)
    let ascends = Trainable.create "y" (parameter 1.0) (Optimizer.sgd 0.5)
    descends, ascends

let private steps =
    testList
        "Several models"
        [
            test "a model that was trained is applied with its new parameters" {
                let descends, ascends = players
                let loop = TrainingLoop(Key.ofSeed 1L)

                let turn =
                    loop.Training(fun step ->
                        let x, y = step.Apply(descends, step["in"]), step.Apply(ascends, step["in"])
                        step.Minimize(descends, x * y)
                        let x = step.Apply(descends, step["in"])
                        step.Minimize(ascends, -(x * y))
                        step.Report("game", x * y))

                turn.Run(Tree.ofList [ "in", Tensor.zeros DType.F32 [ 1 ] ])
                Expect.equal turn["game"] 0.5 "x is 1 − 0.5·1 when y moves"
                let state = loop.State.Parameters
                Expect.equal (Tensor.toFloat state["x.value"]) 0.5 "x"
                Expect.equal (Tensor.toFloat state["y.value"]) 1.25 "y"
            }
            test "two models move at once where both losses were written before" {
                let descends, ascends = players
                let loop = TrainingLoop(Key.ofSeed 1L)

                let turn =
                    loop.Training(fun step ->
                        let x, y = step.Apply(descends, step["in"]), step.Apply(ascends, step["in"])
                        step.Minimize(descends, x * y)
                        step.Minimize(ascends, -(x * y)))

                turn.Run(Tree.ofList [ "in", Tensor.zeros DType.F32 [ 1 ] ])
                Expect.equal (Tensor.toFloat loop.State.Parameters["y.value"]) 1.5 "y by the old x"
            }
            test "two steps of a loop hand the state on" {
                let descends, ascends = players
                let loop = TrainingLoop(Key.ofSeed 1L)

                let only (moved: Trainable<Expr, Expr>) sign =
                    loop.Training(fun step ->
                        let x, y = step.Apply(descends, step["in"]), step.Apply(ascends, step["in"])
                        step.Minimize(moved, sign * (x * y)))

                let first, second = only descends 1.0, only ascends -1.0
                let batch = Tree.ofList [ "in", Tensor.zeros DType.F32 [ 1 ] ]

                for _ in 1..2 do
                    first.Run batch
                    second.Run batch

                // x: 1, 0.5, −0.125; y: 1, 1.25, 1.1875.
                Expect.equal (Tensor.toFloat loop.State.Parameters["x.value"]) -0.125 "x"
                Expect.equal (Tensor.toFloat loop.State.Parameters["y.value"]) 1.1875 "y"
                Expect.equal loop.Steps 4L "steps"
            }
            test "a target network follows by Assign" {
                let value, target = players
                let loop = TrainingLoop(Key.ofSeed 1L)

                let train =
                    loop.Training(fun step ->
                        let x = step.Apply(value, step["in"])
                        step.Predict(target, step["in"]) |> ignore
                        step.Minimize(value, x)
                        let now, old = step.Parameters value, step.Parameters target

                        step.Assign(
                            target,
                            Tree.map2 (fun (o: Expr) (n: Expr) -> 0.75 * o + 0.25 * n) old now
                        ))

                train.Run(Tree.ofList [ "in", Tensor.zeros DType.F32 [ 1 ] ])
                // x: 1 − 0.5; the target: 0.75·1 + 0.25·0.5.
                Expect.equal (Tensor.toFloat loop.State.Parameters["y.value"]) 0.875 "target"
            }
            test "a frozen part stays, and fine-tuning begins where training ended" {
                let trained, loop, train = plain (Optimizer.adam 0.02)
                train.Run batches[0]
                let before = loop.Trained trained

                let tuned =
                    Trainable.create "tuned" model (Optimizer.sgd 0.1)
                    |> Trainable.from before.Parameters before.State
                    |> Trainable.freeze (fun path -> path.StartsWith "0.")

                let next = TrainingLoop(Key.ofSeed 2L)

                let tune =
                    next.Training(fun step ->
                        step.Minimize(
                            tuned,
                            crossEntropy step["targets"] (step.Apply(tuned, step["inputs"]))
                        ))

                tune.Run batches[0]
                let after = (next.Trained tuned).Parameters

                for path, value in Tree.toList before.Parameters do
                    Expect.equal (after[path] = value) (path.StartsWith "0.") path
            }
        ]

let private carrying =
    testList
        "What is carried"
        [
            test "truncated backpropagation: the forward pass over pieces is that over the whole" {
                let o = Recurrent.options 5
                let rnn = Trainable.create "rnn" (Recurrent.lstmFrom o) (Optimizer.sgd 0.1)
                let x = Key.normal 0.0 1.0 DType.F32 [ 2; 12; 3 ] (Key.ofSeed 1L)
                let loop = TrainingLoop(Key.ofSeed 1L)
                let zeros = Tensor.zeros DType.F32 [ 1; 2; 5 ]

                let forward (step: StepScope) =
                    let state =
                        {
                            RecurrentState.Hidden = step.Carried("h", zeros)
                            Cell = Some(step.Carried("c", zeros))
                        }

                    let result: RecurrentResult = step.Apply(rnn, (step["x"], state))
                    step.Carry("h", result.Final.Hidden)
                    result.Final.Cell |> Option.iter (fun c -> step.Carry("c", c))
                    result.Sequence

                let piece = loop.Training(fun step -> step.Report("y", forward step))
                let cut first last = Tree.ofList [ "x", Tensor.sliceAxis 1 first last x ]

                let pieces =
                    [
                        for i in 0..2 do
                            piece.Run(cut (4 * i) (4 * i + 4))
                            piece.Output "y"
                    ]

                let together = Tensor.concat 1 pieces
                loop.Reset "h"
                loop.Reset "c"
                piece.Run(cut 0 4)
                Expect.equal (piece.Output "y") pieces.Head "reset: as at first"

                let whole =
                    loop.Measuring(fun step ->
                        step.Report(
                            "y",
                            step
                                .Predict(
                                    rnn,
                                    (step["x"],
                                     {
                                         RecurrentState.Hidden = Expr.constant zeros
                                         Cell = Some(Expr.constant zeros)
                                     })
                                )
                                .Sequence
                        ))

                whole.Run(cut 0 12)

                let apart =
                    Array.map2
                        (fun (a: float) b -> abs (a - b))
                        (Tensor.toFloats together)
                        (Tensor.toFloats (whole.Output "y"))
                    |> Array.max

                Expect.isLessThan apart 1e-6 "whole"
            }
            test "a batch of other rows is told to reset" {
                let loop = TrainingLoop(Key.ofSeed 1L)

                let sum =
                    loop.Training(fun step ->
                        let seen = step.Carried("seen", Tensor.zeros DType.F32 [ step.Rows ])
                        step.Carry("seen", seen + step["x"])
                        step.Report("seen", seen))

                let ones n = Tree.ofList [ "x", Tensor.ones DType.F32 [ n ] ]
                sum.Run(ones 3)
                sum.Run(ones 3)
                Expect.equal (sum.Output "seen") (Tensor.ones DType.F32 [ 3 ]) "one before"
                let error = Expect.throwsC (fun () -> sum.Run(ones 2)) id
                Expect.stringContains error.Message "reset" "the cure"
                loop.Reset "seen"
                sum.Run(ones 2)
                Expect.equal (sum.Output "seen") (Tensor.zeros DType.F32 [ 2 ]) "from the start"
                Expect.equal loop.State.Carried["seen"] (Tensor.ones DType.F32 [ 2 ]) "carried"
            }
        ]

let private snapshots =
    testList
        "Snapshots"
        [
            test "a loop restored from a checkpoint goes on to the same bits" {
                let _, loop, train = plain (Optimizer.adam 0.02)
                batches |> Array.iter train.Run
                let half = loop.State
                batches |> Array.iter train.Run
                let whole = loop.State
                loop.Restore half
                batches |> Array.iter train.Run
                Expect.isTrue (sameLoop loop.State whole) "in the same loop"

                let _, other, again = plain (Optimizer.adam 0.02)

                LoopState.toCheckpoint half
                |> Checkpoint.toBytes
                |> Checkpoint.ofBytes
                |> LoopState.ofCheckpoint
                |> other.Restore

                batches |> Array.iter again.Run
                Expect.isTrue (sameLoop other.State whole) "in another loop, through bytes"
            }
            test "measuring changes nothing, and predictions are those of the trained model" {
                let trained, loop, train = plain (Optimizer.adam 0.02)
                batches |> Array.iter train.Run

                let measure =
                    loop.Measuring(fun step ->
                        let outputs = step.Predict(trained, step["inputs"])
                        step.Report("outputs", outputs)
                        step.Report("loss", crossEntropy step["targets"] outputs))

                let before = loop.State
                measure.Run data
                Expect.isTrue (sameLoop loop.State before) "as before"
                let model = loop.Trained trained

                let apart =
                    Tensor.toFloats (measure.Output "outputs")
                    |> Array.map2 (fun a b -> abs (a - b)) (Tensor.toFloats (model.Predict(data.Inputs, 256)))

                Expect.isLessThan (Array.max apart) 1e-6 "outputs"
                let loss = (Trained.evaluate crossEntropy [] data model).Loss
                Expect.isLessThan (abs (measure["loss"] - loss)) 1e-6 "loss"
                train.Run batches[0]
                measure.Run data
                Expect.isGreaterThan (abs (measure["loss"] - loss)) 1e-9 "by the parameters as they are"
            }
            test "with Patience: best weights, as Fit has them" {
                let validation = clouds 2L 30
                let key = Key.ofSeed 1L
                let learner = { learner with Optimizer = Optimizer.adam 0.1 }

                let fitted =
                    Fit.run
                        { Fit.options key with
                            Epochs = 40
                            Batch = Batches.ofSize 8
                            Validation = Some validation
                            EarlyStopping = Some(Fit.patience 3)
                        }
                        learner
                        data

                let trainable, loop, train = plain (Optimizer.adam 0.1)
                let mutable stop = Patience.lowest 3
                let mutable epoch = 0

                while not stop.IsOver && epoch < 40 do
                    for batch in Batches.epoch (Batches.ofSize 8) (Key.fold 1 key) epoch data do
                        train.Run batch

                    let loss = (loop.Trained trainable |> Trained.evaluate crossEntropy [] validation).Loss
                    stop <- stop.Next(loss, loop.State)
                    epoch <- epoch + 1

                Expect.equal (Some stop.BestAt) fitted.BestEpoch "epoch"
                Expect.isLessThan epoch 40 "stopped"
                loop.Restore stop.Kept

                Expect.isTrue
                    (Hostile.sameTree (loop.Trained trainable).Parameters fitted.Trained.Parameters)
                    "parameters"
            }
        ]

let private refusals =
    let trainable = Trainable.create "model" (Dense.linear 3) (Optimizer.sgd 0.1)

    let refused (write: StepScope -> unit) =
        let loop = TrainingLoop(Key.ofSeed 1L)
        Expect.throwsC (fun () -> (loop.Training write).Run data) id

    let says (part: string) (error: exn) =
        Expect.isTrue (error :? DL1Error) $"a DL1 error: {string error}"
        Expect.stringContains error.Message part part

    testList
        "Refused"
        [
            test "a loss that does not depend on what it trains" {
                refused (fun step ->
                    let loss = crossEntropy step["targets"] (step.Apply(trainable, step["inputs"]))
                    step.Minimize(trainable, loss)
                    step.Minimize(trainable, loss))
                |> says "depends on no parameter of 'model'"
            }
            test "a loss of several numbers" {
                refused (fun step -> step.Minimize(trainable, step.Apply(trainable, step["inputs"])))
                |> says "one number"
            }
            test "an input that the batch lacks" {
                refused (fun step -> step.Apply(trainable, step["x"]) |> ignore) |> says "inputs, targets"
            }
            test "two trainables of one name" {
                let other = Trainable.create "model" (Dense.linear 3) (Optimizer.sgd 0.1)

                refused (fun step ->
                    step.Apply(trainable, step["inputs"]) |> ignore
                    step.Apply(other, step["inputs"]) |> ignore)
                |> says "two trainables"
            }
            test "parameters before the model was applied" {
                refused (fun step -> step.Parameters trainable |> ignore) |> says "apply it first"
            }
            test "a name to freeze that no parameter has" {
                let frozen = trainable |> Trainable.freeze (fun path -> path = "2.weight")
                refused (fun step -> step.Apply(frozen, step["inputs"]) |> ignore) |> says "frozen"
            }
            test "two reports of one name" {
                refused (fun step ->
                    step.Report("a", step["inputs"])
                    step.Report("a", step["inputs"]))
                |> says "two values reported"
            }
            test "a report that is not there, and one before the first step" {
                let _, _, train = plain (Optimizer.sgd 0.1)
                Expect.throwsT<DomainError> (fun () -> train["loss"] |> ignore) "before"
                train.Run batches[0]
                Expect.throwsC (fun () -> train["lost"] |> ignore) id |> says "loss"
            }
            test "training in a step that measures" {
                let loop = TrainingLoop(Key.ofSeed 1L)

                let measure =
                    loop.Measuring(fun step ->
                        step.Minimize(trainable, Reduce.meanAll (step.Apply(trainable, step["inputs"]))))

                Expect.throwsC (fun () -> measure.Run data) id |> says "Training"
            }
            test "a name with a dot, an unknown reset, a model not applied" {
                Expect.throwsT<DomainError>
                    (fun () -> Trainable.create "a.b" (Dense.linear 1) (Optimizer.sgd 0.1) |> ignore)
                    "dot"

                let loop = TrainingLoop(Key.ofSeed 1L)
                Expect.throwsT<DomainError> (fun () -> loop.Reset "h") "reset"
                Expect.throwsT<DomainError> (fun () -> loop.Trained trainable |> ignore) "trained"
            }
        ]

let private patience =
    testList
        "Patience"
        [
            law
                "it is over after the first `patience` values that do not better the best"
                (fun (values: float list) (n: int) ->
                    let n = abs n % 5 + 1

                    let last =
                        (Patience.lowest n, List.indexed values) ||> List.fold (fun p (i, v) -> p.Next(v, i))

                    let best =
                        ((infinity, -1), List.indexed values)
                        ||> List.fold (fun (best, at) (i, v) -> if v < best then v, i else best, at)

                    last.Best = fst best
                    && last.BestAt = snd best + 1
                    && (snd best < 0 || last.Kept = snd best)
                    && last.IsOver = (values.Length - (snd best + 1) >= n))
            test "NaN is never the best, a tolerance asks for more, highest turns about" {
                Expect.equal ((Patience.lowest<int> 2).Next(nan, 1)).BestAt 0 "NaN"
                Expect.throwsT<DomainError> (fun () -> (Patience.lowest<int> 2).Kept |> ignore) "nothing kept"
                let tolerant = Patience.lowest<int> 2 |> Patience.tolerating 0.1
                Expect.equal (tolerant.Next(1.0, 1).Next(0.95, 2)).Kept 1 "too small a gain"
                Expect.equal ((Patience.highest<int> 2).Next(1.0, 1).Next(2.0, 2)).Kept 2 "higher"
                Expect.throwsT<DomainError> (fun () -> Patience.lowest<int> 0 |> ignore) "patience"

                Expect.throwsT<DomainError>
                    (fun () -> Patience.lowest<int> 1 |> Patience.tolerating nan |> ignore)
                    "tolerance"
            }
        ]

/// A step that applies a model and updates nothing renews its statistics alone: PyTorch's `update_bn`.
let private statistics =
    test "a model that is applied without an update renews its statistics, and keeps its parameters" {
        let momentum = 0.25
        let norm = Norm.batchNorm1dWith { Norm.options with Momentum = momentum }
        let trainable = Trainable.create "model" (Dense.linear 3 => norm) (Optimizer.adam 0.1)
        let loop = TrainingLoop(Key.ofSeed 1L)

        let train =
            loop.Training(fun step ->
                step.Minimize(
                    trainable,
                    crossEntropy step["targets"] (step.Apply(trainable, step["inputs"]))
                ))

        train.Run data
        let trained = loop.State

        let renew =
            loop.Training(fun step ->
                step.Report("mean", Reduce.meanAll (step.Apply(trainable, step["inputs"]))))

        for _ in 1..60 do
            renew.Run data

        let renewed = loop.State
        Expect.isTrue (Hostile.sameTree renewed.Parameters trained.Parameters) "parameters"
        Expect.isTrue (Hostile.sameTree renewed.Optimizer trained.Optimizer) "optimizer"
        // What the layer before the norm gives: after 60 batches, what was before has the weight 0.75⁶⁰ = 3e-8.
        let before =
            Expr.matmul (Expr.constant data.Inputs) (Expr.constant (trained.Parameters["model.0.weight"])).T
            + Expr.constant (trained.Parameters["model.0.bias"])

        let mean = Compile.prepare [] [ Reduce.mean [ 0 ] before ] [] |> List.head |> Tensor.toFloats
        let kept = renewed.State["model.1.running_mean"] |> Tensor.toFloats

        for expected, found in Array.zip mean kept do
            Expect.floatClose { absolute = 1e-5; relative = 1e-5 } found expected "running mean"
    }

let tests =
    testList "TrainingLoop" [ statistics; asTrainer; steps; carrying; snapshots; refusals; patience ]
