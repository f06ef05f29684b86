/// Layers that are computed again in the backward pass: what they give, and what a plan keeps for them.
module DL1.Tests.RecomputeTests

open DL1
open DL1.Compiler.Planning
open DL1.Tests.Training
open Expecto
open FsCheck
open FsCheck.FSharp

let private wide = Dense.linear 32 => Activation.gelu => Shaping.dropout 0.2 => Dense.linear 12

let private attending =
    Transformer.encoderLayer { Transformer.options 2 24 with NormFirst = true; Causal = true }

let private parts =
    [
        Dense.linear 12
        Activation.tanh
        Dense.linear 12 => Activation.relu
        Dense.linear 12 => Norm.layerNorm => Activation.sigmoid
        Shaping.dropout 0.3 => Dense.linear 12
        wide
        Activation.softmax -1
    ]

/// A step over layers in a row, each of which `change` is applied to, with its loss and its gradients.
let private stepOf change (x: Tensor) (layers: Layer<Expr, Expr> list) : Step =
    step
        x.DType
        (Layer.sequential (layers |> List.map (Layer.block >> change)))
        (Loss.mse Reduction.Mean)
        (Optimizer.sgd 0.1)
        x
        (normal 5L x.DType (x.Shape.ToList()))

let private rows = normal 3L DType.F64 [ 7; 12 ]
let private values (s: Step) = List.map snd s.State @ List.ofArray s.Batch

let private isTheSame x layers =
    let plain, again = stepOf id x layers, stepOf Recompute.layer x layers
    let byEval (s: Step) = Eval.prepare s.Variables s.Roots (values s)
    let compiled (s: Step) = Compile.prepare s.Variables s.Roots (values s)

    let near (a: Tensor list) (b: Tensor list) = List.forall2 (Tensor.allClose 1e-5 1e-6) a b

    // Compiled, sums over rows may be cut otherwise, since other nodes share their loop.
    sameBits (byEval plain) (byEval again)
    && near (compiled plain) (compiled again)
    && List.map fst plain.State = List.map fst again.State

/// The bytes between the kernels of a step.
let private between (s: Step) = (plan s.Variables s.Roots).Bytes

let tests =
    testList
        "Recompute"
        [
            Law.law
                "values and gradients are those without: by Eval bit for bit, compiled within rounding"
                (Prop.forAll (Arb.fromGen (Gen.nonEmptyListOf (Gen.elements parts))) (fun layers ->
                    isTheSame rows (List.truncate 5 layers)))
            test "attention draws what it drew" {
                Expect.isTrue
                    (isTheSame (normal 4L DType.F32 [ 2; 6; 12 ]) [ attending; attending ])
                    "two layers"
            }
            test "running statistics move once" {
                let layer = Norm.batchNorm1d => Activation.relu => Dense.linear 12
                Expect.isTrue (isTheSame rows [ layer; layer ]) "batch norm"
            }
            test "a deep row keeps what goes into its parts alone" {
                let x = normal 6L DType.F32 [ 256; 12 ]
                let layers = List.replicate 12 (Dense.linear 200 => Activation.gelu => Dense.linear 12)
                let plain, again = between (stepOf id x layers), between (stepOf Recompute.layer x layers)
                Expect.isLessThan (3L * again) plain $"%d{again} bytes for %d{plain}"
            }
            test "a prediction is the layer itself" {
                let x = Expr.variable "x" DType.F32 [ 2; 12 ]
                let parameters, state = Layer.init (Key.ofSeed 1L) x wide

                let predicted layer =
                    fst (
                        Layer.apply Mode.Inference (Tree.variables parameters) (Tree.variables state) layer x
                    )

                Expect.equal
                    (predicted (Recompute.layer wide)).Digest
                    (predicted wide).Digest
                    "the same graph"
            }
        ]
