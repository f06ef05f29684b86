/// Code depends on what a graph is, not on how large its batches are or which numbers stand in it: a new size, or
/// another learning rate, finds all its code made. But equal numbers are one operand: 1/100 is also 1 − 0.99, the weight of
/// a new square in `rmsProp`, so that a batch of 100 has code of its own there. A batch of one has no axis to sum over.
module DL1.Tests.NewSizeTests

open System.Collections.Generic
open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Training
open Expecto
open FsCheck
open FsCheck.FSharp
open DL1.Compiler.FusedLoop
open DL1.Compiler.Planning
open DL1.Compiler.Simd

/// The codes that the plan of a step runs.
let private codes (step: Step) =
    let found = HashSet<CodeKey>()

    let code pass =
        found.Add(CodeKey(pass, Simd.widest, true)) |> ignore
        LoopBody(fun _ _ _ _ -> ())

    Plan.makeFor 0 true code step.Variables step.Roots |> ignore
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

/// Batches that are more than one row, but 100, and learning rates that are no number with code of its own.
let private batchAndRate =
    Gen.map2
        (fun batch rate -> batch, rate)
        (Gen.oneof [ Gen.choose (2, 400); Gen.choose (401, 20_000) ] |> Gen.where ((<>) 100))
        (Gen.choose (1, 999) |> Gen.map (fun n -> float n / 9973.0))
    |> Arb.fromGen

let private sizes =
    steps
    |> List.map (fun (name, step) ->
        let known = lazy (codes (step 0.0123 64))

        testPropertyWithConfig
            { config with maxTest = 12 }
            $"{name} of another batch and learning rate has no code of its own"
            (Prop.forAll batchAndRate (fun (batch, rate) -> (codes (step rate batch)).IsSubsetOf known.Value)))

let tests = testList "New size" [ testSequenced (testList "codes" sizes) ]
