/// Training steps as files that ONNX Runtime runs.
module DL1.Tests.ExportStepTests

open System
open DL1
open DL1.Onnx
open DL1.Tests.ExportJudge
open Expecto

let private normal seed dims = Key.normal 0.0 1.0 DType.F32 dims (Key.ofSeed seed)

let private labels seed classes rows =
    let random = Random(int seed)
    Tensor.ofArray [ rows ] (Array.init rows (fun _ -> int64 (random.Next classes)))

/// A step's state after 100 steps of a file, and of DL1 itself.
let private afterSteps (learner: Learner) (batches: Dataset list) =
    let first = batches.Head
    let start = Step.startOn learner (Key.ofSeed 3L) first
    use file = new Loaded(OnnxExport.stepToBytes learner start first)
    let step = Step.prepare learner start first

    let named (s: TrainState) =
        Tree.toList (Tree.under "parameters" s.Parameters)
        @ Tree.toList (Tree.under "state" s.State)
        @ Tree.toList (Tree.under "optimizer" s.Optimizer)

    let mutable ours, ourLoss = start, nan
    let mutable theirs, theirLoss = named start, nan

    for batch in batches do
        let next, loss = step ours batch
        ours <- next
        ourLoss <- loss
        let found = file.Run([ "inputs", batch.Inputs; "targets", batch.Targets ] @ theirs)
        theirLoss <- Tensor.toFloat (snd found.Head)
        theirs <- found.Tail |> List.map (fun (name, t) -> name.Substring 5, t)

    Expect.floatClose { absolute = 1e-6; relative = 1e-6 } theirLoss ourLoss "the loss"

    for (path, t), (other, found) in List.zip (named ours) theirs do
        Expect.equal other path "the same names"

        if not (close 1e-6 t found) then
            failtest $"{path}: expected {t}, found {found}"

let tests =
    testList
        "ExportSteps"
        [
            test "a hundred steps by ONNX Runtime are those of DL1" {
                let batches = [ for i in 1L .. 100L -> Dataset(normal i [ 8; 2; 6; 6 ], labels i 3 8) ]

                let model =
                    Conv.conv2dSame 4 3
                    => Norm.batchNorm2d
                    => Activation.relu
                    => Pooling.max 2
                    => Activation.silu
                    => Shaping.flatten
                    => Dense.linear 3

                afterSteps
                    (Learner.create model (Loss.crossEntropy Loss.classes) (Optimizer.momentum 0.9 0.01))
                    batches
            }
            test "a hundred steps of Adam with a penalty" {
                let batches =
                    [ for i in 1L .. 100L -> Dataset(normal i [ 8; 5 ], normal (i + 500L) [ 8; 1 ]) ]

                let model = Dense.linear 8 => Activation.tanh => Dense.linear 1

                Learner.create model (Loss.mse Reduction.Mean) (Optimizer.adam 0.01)
                |> Learner.penalized (Penalty.l2 1e-3 Penalty.weights)
                |> fun learner -> afterSteps learner batches
            }
            test "a step that draws is refused" {
                let batch = Dataset(normal 1L [ 8; 5 ], normal 2L [ 8; 1 ])

                let learner =
                    Learner.create
                        (Shaping.dropout 0.5 => Dense.linear 1)
                        (Loss.mse Reduction.Mean)
                        (Optimizer.sgd 0.1)

                let start = Step.startOn learner (Key.ofSeed 3L) batch

                Expect.throwsT<DomainError>
                    (fun () -> OnnxExport.stepToBytes learner start batch |> ignore)
                    "dropout"
            }
        ]
