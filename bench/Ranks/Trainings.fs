/// Small trainings whose bits are compared between numbers of ranks.
module DL1.Bench.Ranks.Trainings

open System
open System.IO
open System.Security.Cryptography
open DL1

/// Three clouds of points, one a class.
let clouds (seed: int64) rows : Dataset =
    let labels = Tensor.Of(Array.init rows (fun i -> int64 (i % 3)))
    let noise = Key.normal 0.0 0.5 DType.F32 [ rows; 4 ] (Key.ofSeed seed)

    let x =
        Tensor.toFloats noise
        |> Array.mapi (fun i v -> float32 (v + (if i % 4 = (i / 4) % 3 then 2.0 else 0.0)))

    Dataset(Tensor.ofArray [ rows; 4 ] x, labels)

let private normed: Layer<Expr, Expr> =
    Dense.linear 8 => Norm.batchNorm1d => Activation.relu => Shaping.dropout 0.2 => Dense.linear 3

let private plain: Layer<Expr, Expr> =
    Dense.linear 16 => Activation.tanh => Shaping.dropout 0.1 => Dense.linear 3

let private entropy = Loss.crossEntropy Loss.classes

/// With batch norm; with a penalty and labels that do not count; with a sum, clipped.
let learners: (string * Learner) list =
    [
        "normed", Learner.create normed entropy (Optimizer.adam 0.02)
        "weighted",
        Learner.create plain (Loss.crossEntropy { Loss.classes with Ignore = Some 2 }) (Optimizer.sgd 0.1)
        |> Learner.penalized (Penalty.l2 0.01 Penalty.weights)
        "sum",
        Learner.create
            plain
            (Loss.crossEntropy { Loss.classes with Reduction = Reduction.Sum })
            (Optimizer.momentum 0.9 0.005 |> Wrap.after (Transform.clipByGlobalNorm 1.0))
    ]

let options shards batch seed (ranks: Ranks) : FitOptions =
    { Fit.options (Key.ofSeed seed) with
        Epochs = 3
        Batch = Batches.ofSize batch
        Validation = Some(clouds 2L 700)
        Metrics = [ Metric.accuracy ]
        Shards = shards
        Ranks = ranks
        WatchesGradients = true
    }

/// A hash of the bytes of a training's checkpoint, its history among them, but for the seconds that epochs took.
let hash (fitted: Fitted) : string =
    let checkpoint = fitted.Checkpoint.Value

    let timeless path (t: Tensor) =
        if path = "history" then
            Tensor.toFloats t
            |> Array.mapi (fun i v -> if i % t.Shape[1] = 4 then 0.0 else v)
            |> Tensor.ofArray (t.Shape.ToList())
        else
            t

    let file = Path.GetTempFileName()

    try
        Checkpoint.write file { checkpoint with Extra = Tree.mapPath timeless checkpoint.Extra }
        Convert.ToHexString(SHA256.HashData(File.ReadAllBytes file)).Substring(0, 16)
    finally
        File.Delete file
