/// Code depends on what a graph is, not on how large its batches are or which numbers stand in it: a new size, or
/// another learning rate, finds all its code made. Sums of more than 65,536 elements into few are taken in two steps, so
/// that threads share them: of each step there may be two codes, one for small batches and one for large ones.
module DL1.Tests.NewSizeTests

open System.Collections.Generic
open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Training
open Expecto
open FsCheck
open FsCheck.FSharp

/// The codes that the plan of a step runs.
let private codes (step: Step) =
    let found = HashSet<PassBody>(HashIdentity.Reference)

    let code pass =
        let body = PassCode.get Simd.widest true pass
        found.Add body |> ignore
        body

    Plan.make code step.Variables step.Roots |> ignore
    found

let private classes batch = Tensor.vector (Array.init batch (fun i -> int64 (i * 7 % 5)))

let private convolutional rate batch =
    let features = Conv.conv2d 8 3 => Norm.batchNorm2d => Activation.gelu => Pooling.max 2

    step
        DType.F32
        (features => Shaping.flatten => Dense.linear 5)
        (Loss.crossEntropy Loss.classes)
        (Optimizer.sgdWith 0.9 0.0 false 1e-4 rate)
        (normal 13L DType.F32 [ batch; 3; 10; 10 ])
        (classes batch)

let private recurrent rate batch =
    step
        DType.F32
        (Recurrent.lstm (Recurrent.options 6) |> Recurrent.last => Dense.linear 1)
        (Loss.mse Reduction.Mean)
        (Optimizer.rmsProp rate)
        (normal 14L DType.F32 [ batch; 7; 3 ])
        (normal 15L DType.F32 [ batch; 1 ])

let private transformer rate batch =
    let block = Transformer.encoderLayer { Transformer.options 2 16 with Dropout = 0.1 }

    step
        DType.F32
        (block => Shaping.flatten => Dense.linear 5)
        (Loss.crossEntropy Loss.classes)
        (Optimizer.adamW 0.01 rate)
        (normal 16L DType.F32 [ batch; 6; 8 ])
        (classes batch)

let private steps: (string * (float -> int -> Step)) list =
    [
        "a perceptron", (fun rate batch -> perceptronWith (Optimizer.adam rate) DType.F32 batch 6 9)
        "a convolutional network", convolutional
        "a recurrent network", recurrent
        "a transformer's block", transformer
    ]

/// Batches that are more than one row, and learning rates that are no number with code of its own.
let private batchAndRate =
    Gen.map2
        (fun batch rate -> batch, rate)
        (Gen.choose (2, 400))
        (Gen.choose (1, 999) |> Gen.map (fun n -> float n / 9973.0))
    |> Arb.fromGen

let private sizes =
    steps
    |> List.map (fun (name, step) ->
        let known =
            lazy
                (let known = codes (step 0.0123 64)
                 known.UnionWith(codes (step 0.0123 300))
                 known)

        testPropertyWithConfig
            { config with maxTest = 12 }
            $"{name} of another batch and learning rate has no code of its own"
            (Prop.forAll batchAndRate (fun (batch, rate) -> (codes (step rate batch)).IsSubsetOf known.Value)))

let tests = testList "New size" [ testSequenced (testList "codes" sizes) ]
