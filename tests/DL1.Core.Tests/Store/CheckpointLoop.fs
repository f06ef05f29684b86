/// A child process that writes checkpoints without end, to be killed: one line of output for each that was written.
module DL1.Tests.CheckpointLoop

open System
open DL1

/// The checkpoint of a step: each tensor says which step it is from, so that a mixture is seen.
let ofStep (step: int64) : Checkpoint =
    let like (dims: int list) = Tensor.full DType.F32 dims (float step)

    {
        Parameters = Tree.ofList [ "0.weight", like [ 64; 64 ]; "0.bias", like [ 64 ] ]
        State = Tree.ofList [ "1.running_mean", like [ 64 ] ]
        Optimizer = Tree.ofList [ "mean.0.weight", like [ 64; 64 ] ]
        Key = Key.ofSeed step
        Step = step
        Extra = Tree.empty
        Notes = Map [ "step", string step ]
    }

/// The argument that makes the test program such a child.
let argument = "--checkpoint-loop"

let run (path: string) : int =
    let mutable step = 0L

    while true do
        step <- step + 1L
        Checkpoint.write path (ofStep step)
        Console.Out.WriteLine step
        Console.Out.Flush()

    0
