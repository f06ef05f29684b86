/// Steps, pure and in place.
module DL1.Tests.StepTests

open DL1
open DL1.Tests.Learners
open Expecto

let private data = clouds 1L 20

let private batches =
    Batches.indices (Batches.ofSize 8) (Key.ofSeed 3L) 0 20
    |> Array.map (fun rows -> Dataset.rows rows data)

let private first seed = Step.start learner (Key.ofSeed seed) data.Inputs

/// The state after some batches, each by a pure step for its shape.
let private purely learner (state: TrainState) (batches: Dataset[]) =
    ((state, []), batches)
    ||> Array.fold (fun (state, losses) batch ->
        let next, loss = Step.prepare learner state batch state batch
        next, losses @ [ loss ])

let private inPlace learner (state: TrainState) (batches: Dataset[]) =
    let trainer = Trainer(learner, state, false)
    let losses = batches |> Array.map trainer.Step |> List.ofArray
    trainer.State, losses

let private twice = Array.append batches batches

let private optimizers =
    [
        "Adam", Optimizer.adam 0.02
        "momentum", Optimizer.momentum 0.9 0.1
        "a schedule", Optimizer.sgd 0.1 |> Optimizer.scheduled (Schedule.exponential 0.9 0.1)
        "an average", Optimizer.adam 0.02 |> Wrap.averaged 0.9
    ]

let private transitions =
    testList
        "Transition"
        [
            let counting (state: Tree<Expr>) (inputs: Expr list) =
                Tree.map (fun (w: Expr) -> w + inputs.Head) state, [ Tree.values state |> List.head ]

            let state = Tree.ofList [ "a", Tensor.scalar 1.0; "b", Tensor.scalar 10.0 ]
            let t = Transition.create counting state [ Tensor.scalar 0.0 ]

            test "Run leaves the state as it is" {
                let next, outputs = t.Run(state, [ Tensor.scalar 2.0 ])
                Expect.equal next (Tree.ofList [ "a", Tensor.scalar 3.0; "b", Tensor.scalar 12.0 ]) "next"
                Expect.equal outputs [ Tensor.scalar 1.0 ] "output"
                Expect.equal state["a"] (Tensor.scalar 1.0) "the old state"
            }

            test "a session's state is its tree" {
                let session = t.Start state
                session.Step(Tensor.scalar 2.0)
                session.Step(Tensor.scalar 3.0)

                Expect.equal
                    (t.StateOf session)
                    (Tree.ofList [ "a", Tensor.scalar 6.0; "b", Tensor.scalar 15.0 ])
                    ""

                session.Load [ Tensor.scalar 0.0; Tensor.scalar 1.0 ]
                session.Step(Tensor.scalar 1.0)

                Expect.equal
                    (t.StateOf session)
                    (Tree.ofList [ "a", Tensor.scalar 1.0; "b", Tensor.scalar 2.0 ])
                    "loaded"

                Expect.throwsT<DomainError> (fun () -> session.Load [ Tensor.scalar 0.0 ]) "too few"

                Expect.throwsT<ShapeError>
                    (fun () -> session.Load [ Tensor.scalar 0.0; Tensor.scalar 0 ])
                    "type"
            }

            test "two players move in one graph" {
                // One descends x·y, the other ascends it: both turn about 0.
                let players (state: Tree<Expr>) (_: Expr list) =
                    let x, y = state["x"], state["y"]
                    let gradients = Grad.grad (x * y) [ x; y ]
                    Tree.ofList [ "x", x - 0.5 * gradients[0]; "y", y + 0.5 * gradients[1] ], [ x * y ]

                let start = Tree.ofList [ "x", Tensor.scalar 1.0; "y", Tensor.scalar 1.0 ]
                let next, game = (Transition.create players start []).Run(start, [])
                Expect.equal next (Tree.ofList [ "x", Tensor.scalar 0.5; "y", Tensor.scalar 1.5 ]) "moves"
                Expect.equal game [ Tensor.scalar 1.0 ] "value"
            }

            test "a next state of another shape or type is refused" {
                let wrong (state: Tree<Expr>) (_: Expr list) =
                    Tree.map (fun e -> Expr.stack 0 [ e; e ]) state, []

                Expect.throwsT<ShapeError> (fun () -> Transition.create wrong state [] |> ignore) ""
            }
        ]

let tests =
    testList
        "Step"
        [
            transitions
            testList
                "step = session, bit for bit, the last smaller batch among them"
                [
                    for name, optimizer in optimizers do
                        test name {
                            let learner = { learner with Optimizer = optimizer }
                            let start = Step.start learner (Key.ofSeed 1L) data.Inputs
                            let a, losses = purely learner start twice
                            let b, others = inPlace learner start twice
                            Expect.isTrue (sameState a b) "the same bits"
                            Expect.equal losses others "losses"

                            Expect.isFalse
                                (Hostile.sameTree a.Parameters start.Parameters)
                                "something was learnt"

                            Expect.isFalse (Hostile.sameTree a.State start.State) "running statistics moved"
                        }
                ]
            test "the same key gives the same bits, another key others" {
                let run seed = inPlace learner (first seed) batches |> fst
                Expect.isTrue (sameState (run 1L) (run 1L)) "the same"
                Expect.isFalse (Hostile.sameTree (run 1L).Parameters (run 2L).Parameters) "others"
            }
            test "n steps, a checkpoint, then m are n + m" {
                let start = first 1L
                let whole = inPlace learner start twice |> fst
                let half = inPlace learner start batches |> fst

                let read =
                    Step.ofCheckpoint (Checkpoint.ofBytes (Checkpoint.toBytes (Step.toCheckpoint half)))

                Expect.isTrue (sameState read half) "read as written"
                Expect.isTrue (sameState (inPlace learner read batches |> fst) whole) "the same bits"
            }
            test "a snapshot is not changed by later steps" {
                let trainer = Trainer(learner, first 1L, false)
                trainer.Step batches[0] |> ignore
                let before = trainer.State
                let copy = Tree.map (fun (t: Tensor) -> Tensor.toFloats t) before.Parameters
                trainer.Step batches[0] |> ignore
                Expect.equal (Tree.map Tensor.toFloats before.Parameters) copy "parameters"
                Expect.equal (before.Steps, trainer.Steps) (1L, 2L) "steps"
            }
            test "what is frozen stays to the bit, and costs no state" {
                let frozen = Learner.freeze (fun path -> path.StartsWith "0.") learner
                let start = Step.start frozen (Key.ofSeed 1L) data.Inputs
                let last = inPlace frozen start batches |> fst
                let both = Tree.map2 Tensor.sameBits start.Parameters last.Parameters
                Expect.isTrue (both["0.weight"] && both["0.bias"]) "frozen"
                Expect.isFalse both["4.weight"] "trained"

                Expect.isEmpty
                    (Tree.paths start.Optimizer |> List.filter (fun p -> p.Contains "0.weight"))
                    "no state"

                Expect.throwsT<DomainError>
                    (fun () ->
                        Step.start (Learner.freeze (fun _ -> true) learner) (Key.ofSeed 1L) data.Inputs
                        |> ignore)
                    "nothing is trained"
            }
            test "fine-tuning begins with given parameters" {
                let donor = inPlace learner (first 1L) batches |> fst
                let start = Step.startFrom learner (Key.ofSeed 9L) donor.Parameters donor.State
                Expect.isTrue (Hostile.sameTree start.Parameters donor.Parameters) "parameters"
                Expect.equal start.Steps 0L "steps"
            }
            test "a penalty is part of the loss" {
                let plain = { learner with Model = Dense.linear 3 }
                let start = Step.start plain (Key.ofSeed 1L) data.Inputs
                let penalized = Learner.penalized (Penalty.l2 0.5 Penalty.weights) plain
                let squares = Tensor.toFloats start.Parameters["weight"] |> Array.sumBy (fun w -> w * w)
                let a = Step.prepare plain start data start data |> snd
                let b = Step.prepare penalized start data start data |> snd
                Expect.floatClose Accuracy.medium (b - a) (0.5 * squares) ""
            }
            test "types other than f32" {
                let double = Learner.typed DType.F64 learner
                let data = Dataset.mapInputs (Tensor.cast DType.F64) data
                let start = Step.start double (Key.ofSeed 1L) data.Inputs
                Expect.equal start.Parameters["0.weight"].DType DType.F64 "parameters"

                Expect.isTrue
                    (System.Double.IsFinite(snd (Step.prepare double start data start data)))
                    "a step"
            }
            test "gradients are watched by name" {
                let trainer =
                    Trainer(
                        { learner with Model = Dense.linear 3 },
                        Step.start { learner with Model = Dense.linear 3 } (Key.ofSeed 1L) data.Inputs,
                        true
                    )

                Expect.equal (Tree.toList trainer.GradientNorms) [ "weight", 0.0; "bias", 0.0 ] "before"
                trainer.Step data |> ignore
                Expect.isTrue (Tree.values trainer.GradientNorms |> List.forall (fun n -> n > 0.0)) "after"

                Expect.throwsT<DomainError>
                    (fun () -> (Trainer(learner, first 1L, false)).GradientNorms |> ignore)
                    "not watched"
            }
        ]
