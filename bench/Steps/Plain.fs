/// What the C# face is timed against (bench/Facade): the same work by the functions of F#.
module DL1.Bench.Plain

open DL1

/// A session of whole training steps of `mlp1`, and the values for the step of a number.
let session batch =
    let step = Step.training (Models.mlp1 batch Models.Size.Full)
    Step.session step, step.Feed

/// 7,000 points of a sine, and so many epochs of learning from them; the last loss.
let fit epochs (data: Dataset) : float =
    let hidden () = Dense.linear 300 => Activation.relu
    let model = hidden () => hidden () => Dense.linear 1
    let learner = Learner.create model (Loss.mse Reduction.Mean) (Optimizer.sgd 1e-4)
    let options = { Fit.options (Key.ofSeed 1L) with Epochs = epochs; Batch = Batches.ofSize 128 }
    let fitted = Fit.run options learner data
    (List.last fitted.History).Loss

let private x = Expr.symbol "x"

/// x·sin x + e⁻ˣ, compiled.
let scalar () : System.Func<float, float> = ScalarFunction.of1 x (x * sin x + exp -x)
