/// A small learner and its data, for tests of training: with dropout and batch norm, so that key and layer state matter.
module DL1.Tests.Learners

open DL1

let model: Layer<Expr, Expr> =
    Dense.linear 8 => Norm.batchNorm1d => Activation.relu => Shaping.dropout 0.2 => Dense.linear 3

let learner = Learner.create model (Loss.crossEntropy Loss.classes) (Optimizer.adam 0.02)

/// Three clouds of points, one a class.
let clouds (seed: int64) rows : Dataset =
    let labels = Tensor.Of(Array.init rows (fun i -> int64 (i % 3)))
    let noise = Key.normal 0.0 0.5 DType.F32 [ rows; 4 ] (Key.ofSeed seed)

    let x =
        Tensor.toFloats noise
        |> Array.mapi (fun i v -> float32 (v + (if i % 4 = (i / 4) % 3 then 2.0 else 0.0)))

    Dataset(Tensor.ofArray [ rows; 4 ] x, labels)

let sameState (a: TrainState) (b: TrainState) =
    Hostile.sameTree a.Parameters b.Parameters
    && Hostile.sameTree a.State b.State
    && Hostile.sameTree a.Optimizer b.Optimizer
    && a.Key = b.Key
    && a.Steps = b.Steps
