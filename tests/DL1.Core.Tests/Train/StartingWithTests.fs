/// Learners that begin with what another model has learnt.
module DL1.Tests.StartingWithTests

open DL1
open DL1.Tests.Law
open Expecto

let private network classes =
    Layer.named "body" (Dense.linear 4 => Norm.batchNorm1d => Activation.relu)
    => Layer.named "head" (Dense.linear classes)

let private learner classes =
    Learner.create (network classes) (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.01)

let private data classes =
    Dataset.create
        (Key.normal 0.0 1.0 DType.F32 [ 12; 3 ] (Key.ofSeed 1L))
        (Tensor.vector [ for i in 0..11 -> int64 (i % classes) ])

let private known =
    lazy
        (Fit.run
            { Fit.options (Key.ofSeed 1L) with Epochs = 2; Batch = Batches.ofSize 4 }
            (learner 3)
            (data 3))
            .Trained

let private weights () = Tree.append known.Value.Parameters known.Value.State

let tests =
    testList
        "Starting with"
        [
            law "what fits is taken, state of layers included; the rest is as drawn" (fun (seed: int64) ->
                let key = Key.ofSeed seed
                let fresh = Step.startOn (learner 2) key (data 2)
                let begun = Step.startOn (Learner.startingWith (weights ()) (learner 2)) key (data 2)
                let isBody (path: string) = path.StartsWith "body."

                Hostile.sameTree
                    (Tree.filter isBody begun.Parameters)
                    (Tree.filter isBody known.Value.Parameters)
                && Hostile.sameTree begun.State known.Value.State
                && Hostile.sameTree
                    (Tree.filter (isBody >> not) begun.Parameters)
                    (Tree.filter (isBody >> not) fresh.Parameters))
            test "the report says what is taken, missing, left and unfit" {
                let report = Step.taken (Learner.startingWith (weights ()) (learner 2)) (data 2)

                Expect.equal
                    (report.Unfit |> Seq.map _.Path |> List.ofSeq)
                    [ "head.weight"; "head.bias" ]
                    "unfit"

                Expect.equal (report.Missing.Count, report.Left.Count) (0, 0) "nothing else"
                Expect.isTrue (Seq.contains "body.0.weight" report.Taken) "taken"
                Expect.throwsT<DomainError> (fun () -> Step.taken (learner 2) (data 2) |> ignore) "no weights"
            }
            test "training begins there, with frozen parts as they were; a state that is given wins" {
                let frozen = learner 2 |> Learner.freeze (fun path -> path.StartsWith "body.")
                let begun = Learner.startingWith (weights ()) frozen
                let options = { Fit.options (Key.ofSeed 2L) with Epochs = 1 }
                let fitted = (Fit.run options begun (data 2)).Trained
                let isBody (path: string) = path.StartsWith "body."

                Expect.isTrue
                    (Hostile.sameTree
                        (Tree.filter isBody fitted.Parameters)
                        (Tree.filter isBody known.Value.Parameters))
                    "the body is the known one"

                let own = Step.startOn frozen (Key.ofSeed 5L) (data 2)
                let given = (Fit.run { options with Start = Some own } begun (data 2)).Trained

                Expect.isTrue
                    (Hostile.sameTree
                        (Tree.filter isBody given.Parameters)
                        (Tree.filter isBody own.Parameters))
                    "the given start"
            }
            test "weights of which none fits are refused" {
                let other = Tree.ofList [ "x", Tensor.zeros DType.F32 [ 2 ] ]

                Expect.throwsT<FormatError>
                    (fun () ->
                        Step.startOn (Learner.startingWith other (learner 2)) (Key.ofSeed 1L) (data 2)
                        |> ignore)
                    "none"
            }
        ]
