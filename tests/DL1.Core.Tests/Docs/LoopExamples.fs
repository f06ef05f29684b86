/// The examples of loops of one's own.
module DL1.Tests.LoopExamples

open DL1
open DL1.Tests.Example
open DL1.Tests.TrainExamples

let private trainable = Trainable.create "model" (Dense.linear 1) (Optimizer.sgd 0.1)

let private trainables =
    let parameters, state = Tree.ofList [ "weight", Tensor.ones DType.F32 [ 1; 2 ] ], Tree.empty

    [
        prints "create" "generator: Linear(2) by Adam" (fun () ->
            Trainable.create "generator" (Dense.linear 2) (Optimizer.adam 1e-3))
        prints "freeze" "model" (fun () ->
            (Trainable.freeze (fun path -> path.StartsWith "encoder") trainable).Name)
        prints "typed" "f64" (fun () -> (Trainable.typed DType.F64 trainable).DType)
        prints "from" "model" (fun () -> (Trainable.from parameters state trainable).Name)
    ]

let private states =
    let loop = TrainingLoop(Key.ofSeed 1L)

    [
        prints "start" "0" (fun () -> (LoopState.start (Key.ofSeed 1L)).Steps)
        prints "toCheckpoint" "0" (fun () ->
            inFile (fun path -> Checkpoint.write path (LoopState.toCheckpoint loop.State)) (fun path ->
                (Checkpoint.read path).Step))
        prints "ofCheckpoint" "0" (fun () ->
            inFile (fun path -> Checkpoint.write path (LoopState.toCheckpoint loop.State)) (fun path ->
                loop.Restore(LoopState.ofCheckpoint (Checkpoint.read path))
                loop.Steps))
    ]

let private patience =
    [
        prints "lowest" "False" (fun () -> (Patience.lowest<LoopState> 5).IsOver)
        prints "highest" "-Infinity" (fun () -> (Patience.highest<LoopState> 5).Best)
        prints "tolerating" "False" (fun () ->
            (Patience.lowest<LoopState> 5 |> Patience.tolerating 1e-3).IsBetter nan)
    ]

/// The loop of the guide.
let guide () =
    let model =
        Trainable.create "model" (Dense.linear 8 => Activation.tanh => Dense.linear 1) (Optimizer.adam 0.01)

    let loop = TrainingLoop(Key.ofSeed 1L)

    let train =
        loop.Training(fun step ->
            let loss = Loss.mse Reduction.Mean step["targets"] (step.Apply(model, step["inputs"]))
            step.Minimize(model, loss)
            step.Report("loss", loss))

    let inputs, targets =
        Key.normal 0.0 1.0 DType.F32 [ 64; 3 ] (Key.ofSeed 2L),
        Key.normal 0.0 1.0 DType.F32 [ 64; 1 ] (Key.ofSeed 3L)

    for epoch in 0..4 do
        for batch in Batches.epoch (Batches.ofSize 32) (Key.ofSeed 4L) epoch (Dataset.create inputs targets) do
            train.Run batch

    printfn $"""{train["loss"]:F3} after {loop.Steps} steps"""
    let saved = LoopState.toCheckpoint loop.State

    saved

let all: Examples list =
    [
        {
            Module = moduleOf <@ Trainable.create "" (Dense.linear 1) (Optimizer.sgd 0.1) @>
            Rows = trainables
        }
        { Module = moduleOf <@ LoopState.start @>; Rows = states }
        { Module = moduleOf <@ Patience.lowest<int> @>; Rows = patience }
    ]
