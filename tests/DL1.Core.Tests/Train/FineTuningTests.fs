/// Parts that rest, weights that are taken over in part, rates by name, batches that are mixed.
module DL1.Tests.FineTuningTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Learners
open DL1.Tests.Numbers
open DL1.Tests.Run
open Expecto

let private law name property = testPropertyWithConfig { config with maxTest = 25 } name property
let private domain f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
let private data = clouds 1L 24

let private backbone: Layer<Expr, Expr> =
    Dense.linear 8 => Norm.batchNorm1d => Activation.relu => Shaping.dropout 0.5

let private network: Layer<Expr, Expr> =
    Layer.named "backbone" backbone => Layer.named "head" (Dense.linear 3)

let private learnerOf network optimizer = Learner.create network (Loss.crossEntropy Loss.classes) optimizer

/// The state after some steps on whole batches.
let private after steps (learner: Learner) (start: TrainState) =
    let trainer = Trainer(learner, start, false)

    for _ in 1..steps do
        trainer.Step data |> ignore

    trainer.State

let private first (learner: Learner) = Step.start learner (Key.ofSeed 1L) data.Inputs
let private isBackbone (path: string) = path.StartsWith "backbone."

let private resting =
    testList
        "resting"
        [
            law "a part in inference gives in training what it gives in inference" (fun seed ->
                let x = normal seed [ 6; 4 ]
                let p = drawn seed backbone x
                let resting = Layer.inInference backbone
                let trained, state = applied (training seed) p resting x

                drawn seed resting x = p
                && Tensor.sameBits trained (fst (applied Mode.Inference p backbone x))
                && state = snd p)
            test "only that part rests" {
                let x = normal 1L [ 6; 4 ]
                let model = Layer.inInference (Shaping.dropout 0.5) => Shaping.dropout 0.5
                let y = applied (training 1L) (Tree.empty, Tree.empty) model x |> fst
                Expect.isTrue (Array.contains 0.0 (Tensor.toFloats y)) "the other one drops"
                let still = Layer.inInference (Shaping.dropout 0.5 => Shaping.dropout 0.5)
                Expect.equal (applied (training 1L) (Tree.empty, Tree.empty) still x |> fst) x "both rest"
            }
            test "frozen parts stay as they are, and their statistics move unless they rest" {
                let plain = learnerOf network (Optimizer.sgd 0.1)
                let frozen, held = Learner.freeze isBackbone plain, Learner.freezeResting isBackbone plain
                let start = first plain
                let a, b = after 3 frozen (first frozen), after 3 held (first held)
                let path = "backbone.1.running_mean"

                for trained in [ a; b ] do
                    Expect.isTrue
                        (Tensor.sameBits
                            start.Parameters["backbone.0.weight"]
                            trained.Parameters["backbone.0.weight"])
                        "frozen"

                    Expect.isFalse
                        (Tensor.sameBits start.Parameters["head.weight"] trained.Parameters["head.weight"])
                        "trained"

                Expect.isFalse (Tensor.sameBits start.State[path] a.State[path]) "statistics move"
                Expect.equal b.State start.State "statistics rest"
            }
            test "a backbone that rests trains its head as one of computed features" {
                let held = learnerOf network (Optimizer.sgd 0.1) |> Learner.freezeResting isBackbone
                let start = first held

                let features =
                    Trained.create network start.Parameters start.State
                    |> fun t ->
                        Layer.apply
                            Mode.Inference
                            (Tree.map Expr.constant (Tree.at "backbone" t.Parameters))
                            (Tree.map Expr.constant (Tree.at "backbone" t.State))
                            backbone
                            (Expr.constant data.Inputs)
                        |> fst
                        |> Eval.run []

                let head = learnerOf (Layer.named "head" (Dense.linear 3)) (Optimizer.sgd 0.1)

                let headStart =
                    Step.startFrom
                        head
                        (Key.ofSeed 1L)
                        (Tree.filter (fun p -> p.StartsWith "head.") start.Parameters)
                        Tree.empty

                let trainer = Trainer(head, headStart, false)

                for _ in 1..5 do
                    trainer.Step(Dataset.create features data.Targets) |> ignore

                let whole = after 5 held start

                for path in [ "head.weight"; "head.bias" ] do
                    expectClose 1e-5 trainer.State.Parameters[path] whole.Parameters[path] path
            }
            test "a single layer is known by its name alone, and by what is below it" {
                let model = Layer.named "norm" Norm.batchNorm1d => Layer.named "head" (Dense.linear 3)

                for holds in [ (fun (p: string) -> p.StartsWith "norm."); (fun p -> p.StartsWith "norm") ] do
                    let held = learnerOf model (Optimizer.sgd 0.1) |> Learner.freezeResting holds
                    Expect.equal (after 2 held (first held)).State (first held).State ""
            }
            test "a pattern that matches nothing is refused" {
                let none =
                    learnerOf network (Optimizer.sgd 0.1)
                    |> Learner.freezeResting (fun p -> p.StartsWith "encoder.")

                domain (fun () -> first none)
                domain (fun () -> Fit.run (Fit.options (Key.ofSeed 1L)) none data)
            }
        ]

let private weights =
    let initial seed = Layer.init (Key.ofSeed seed) (Expr.variable "x" DType.F32 [ 1; 4 ]) network
    let paths (items: System.Collections.Generic.IReadOnlyList<string>) = List.ofSeq items

    testList
        "weights"
        [
            test "everything is taken where everything fits" {
                let (p, s), (p2, s2) = initial 1L, initial 2L
                let loaded = Weights.take p s (Tree.append p2 s2)
                Expect.isTrue loaded.IsWhole "whole"
                Expect.equal (loaded.Parameters, loaded.State) (p2, s2) "the trees"
                Expect.equal (string loaded) "9 taken" "the report"
            }
            test "what is missing, left or unfit is reported, and the model's own stays" {
                let (p, s), (p2, s2) = initial 1L, initial 2L

                let found =
                    Tree.append p2 s2
                    |> Tree.filter (fun path -> path <> "backbone.0.bias")
                    |> Tree.mapPath (fun path t ->
                        if path.StartsWith "head." then Tensor.zeros DType.F32 [ 10 ] else t)
                    |> Tree.append (Tree.ofList [ "fc.weight", Tensor.zeros DType.F32 [ 2 ] ])

                let loaded = Weights.take p s found
                Expect.isFalse loaded.IsWhole "not whole"
                Expect.equal (paths loaded.Missing) [ "backbone.0.bias" ] "missing"
                Expect.equal (paths loaded.Left) [ "fc.weight" ] "left"
                Expect.equal [ for u in loaded.Unfit -> u.Path ] [ "head.weight"; "head.bias" ] "unfit"
                Expect.equal loaded.Parameters["head.weight"] p["head.weight"] "own"
                Expect.equal loaded.Parameters["backbone.0.bias"] p["backbone.0.bias"] "own"
                Expect.equal loaded.Parameters["backbone.0.weight"] p2["backbone.0.weight"] "taken"
                Expect.equal loaded.State s2 "the state"

                Expect.equal
                    (string loaded)
                    "6 taken\n1 missing: backbone.0.bias\n1 left: fc.weight\n2 unfit: head.weight: f32 [10] for f32 [3, 8], head.bias: f32 [10] for f32 [3]"
                    "the report"
            }
            test "types are the model's, kinds of types are not changed" {
                let p, s = initial 1L
                let wide = p |> Tree.map (Tensor.cast DType.F64)
                let loaded = Weights.take p s wide
                Expect.equal loaded.Parameters p "converted"

                let whole =
                    Tree.ofList [ "head.bias", Tensor.zeros DType.I64 [ 3 ]; "head.weight", p["head.weight"] ]

                Expect.equal
                    [ for u in (Weights.take p s whole).Unfit -> u.Path ]
                    [ "head.bias" ]
                    "whole numbers"
            }
            test "nothing that fits, and numbers that are not finite, are refused" {
                let p, s = initial 1L

                let refused found =
                    Expect.throwsT<FormatError> (fun () -> Weights.take p s found |> ignore) ""

                refused Tree.empty
                refused (Tree.under "model" p)
                refused (Tree.map (fun (t: Tensor) -> Tensor.full DType.F32 (t.Shape.ToList()) nan) p)
            }
            test "a part below a name, and renamed" {
                let (p, s), (p2, _) = initial 1L, initial 2L
                let found = Tree.under "model" (Tree.rename (fun path -> path.Replace("head", "fc")) p2)

                let loaded =
                    Weights.take
                        p
                        s
                        (Tree.at "model" found |> Tree.rename (fun path -> path.Replace("fc", "head")))

                Expect.equal loaded.Parameters p2 ""
                domain (fun () -> Tree.rename (fun _ -> "same") p)
            }
        ]

let private rates =
    testList
        "rates"
        [
            law "a factor for gradient descent is a smaller rate" (fun seed ->
                let factor = 0.125

                let groups =
                    Wrap.groups
                        [ isBackbone, Optimizer.sgd (0.2 * factor); (fun _ -> true), Optimizer.sgd 0.2 ]

                let factors = Optimizer.sgd 0.2 |> Wrap.rateFactors [ isBackbone, factor ]

                let run optimizer =
                    let learner = learnerOf network optimizer |> Learner.typed DType.F64
                    let x = Dataset.create (Tensor.cast DType.F64 data.Inputs) data.Targets
                    let trainer = Trainer(learner, Step.start learner (Key.ofSeed seed) x.Inputs, false)

                    for _ in 1..3 do
                        trainer.Step x |> ignore

                    trainer.State.Parameters

                Tree.zip (run groups) (run factors)
                |> Tree.values
                |> List.forall (fun (a, b) -> close 1e-10 a b))
            test "a factor of 1 changes no bit, and schedules go on" {
                let adam = Optimizer.adam 0.01

                let plain, one =
                    learnerOf network adam, learnerOf network (adam |> Wrap.rateFactors [ isBackbone, 1.0 ])

                Expect.isTrue
                    (Hostile.sameTree
                        (after 3 plain (first plain)).Parameters
                        (after 3 one (first one)).Parameters)
                    "1"

                let schedule = Schedule.exponential 0.5 0.01

                let a =
                    learnerOf
                        network
                        (adam |> Optimizer.scheduled schedule |> Wrap.rateFactors [ isBackbone, 0.5 ])

                let b =
                    learnerOf
                        network
                        (adam |> Wrap.rateFactors [ isBackbone, 0.5 ] |> Optimizer.scheduled schedule)

                Expect.isTrue
                    (Hostile.sameTree (after 3 a (first a)).Parameters (after 3 b (first b)).Parameters)
                    "a schedule"
            }
            test "a decay by layers: the last part keeps the rate, each before it has less" {
                let start = Tree.ofList [ for i in 0..3 -> $"%d{i}.weight", Tensor.scalar 0.0 ]
                let optimizer = Optimizer.sgd 1.0 |> Wrap.layerDecay 0.5 [ "0"; "1"; "2" ]
                let p = Tree.variables start
                let gradients = Tree.map (fun _ -> lit -1.0 + Expr.scalar DType.F64 0.0) p
                let next, _ = optimizer.Update gradients (optimizer.Init p) p
                let values = Eval.many (Tree.toList start) (Tree.values next) |> List.map Tensor.toFloat
                Expect.equal values [ 0.25; 0.5; 1.0; 1.0 ] ""
            }
            test "groups that no parameter is in, and factors that are none, are refused" {
                let start optimizer = fun () -> first (learnerOf network optimizer)
                domain (start (Optimizer.sgd 0.1 |> Wrap.rateFactors [ (fun p -> p = "encoder"), 0.1 ]))
                domain (start (Optimizer.sgd 0.1 |> Wrap.layerDecay 0.5 [ "encoder" ]))
                // The second group is in the first.
                domain (
                    start (
                        Optimizer.sgd 0.1
                        |> Wrap.rateFactors [ isBackbone, 0.1; (fun p -> p.StartsWith "backbone.0"), 0.1 ]
                    )
                )

                domain (fun () -> Wrap.rateFactors [ isBackbone, 0.0 ] (Optimizer.sgd 0.1))
                domain (fun () -> Wrap.rateFactors [ isBackbone, nan ] (Optimizer.sgd 0.1))
                domain (fun () -> Wrap.layerDecay 1.5 [ "0" ] (Optimizer.sgd 0.1))
            }
        ]

let private mixing =
    let linear = Dense.linear 3
    let still = Optimizer.sgd 0.1

    testList
        "mixup"
        [
            law "the loss of a step is that of both targets for mixed inputs" (fun (alpha: uint8) seed ->
                let alpha = 0.1 + float (alpha % 20uy) / 5.0
                let plain = learnerOf linear still
                let mixed = Learner.mixup alpha plain
                let start = Step.start plain (Key.ofSeed seed) data.Inputs
                let _, loss = Step.prepare mixed start data start data
                // Some share between 0 and 1 explains the loss: it is a continuous function of the share, between its values.
                let lossAt (share: float) =
                    let x = Expr.constant data.Inputs
                    let mix = share * x + (1.0 - share) * Expr.reverse [ 0 ] x

                    let y, _ =
                        Layer.apply
                            Mode.Inference
                            (Tree.map Expr.constant start.Parameters)
                            Tree.empty
                            linear
                            mix

                    let t = Expr.constant data.Targets
                    let of' t = Loss.crossEntropy Loss.classes t y

                    Eval.run [] (share * of' t + (1.0 - share) * of' (Expr.reverse [ 0 ] t))
                    |> Tensor.toFloat

                let shares = [ for i in 0..200 -> lossAt (float i / 200.0) ]
                loss > List.min shares - 1e-4 && loss < List.max shares + 1e-4)
            test "the key says all, and shares differ from step to step" {
                let mixed = learnerOf linear still |> Learner.mixup 1.0

                let losses key =
                    let trainer = Trainer(mixed, Step.start mixed (Key.ofSeed key) data.Inputs, false)
                    [ for _ in 1..3 -> trainer.Step data ]

                Expect.equal (losses 1L) (losses 1L) "the same"
                Expect.notEqual (losses 1L) (losses 2L) "another key"
            }
            test "it learns, and evaluation mixes nothing" {
                let mixed = learner |> Learner.mixup 0.2

                let options =
                    { Fit.options (Key.ofSeed 1L) with
                        Epochs = 12
                        Batch = Batches.ofSize 8
                        Validation = Some data
                        Metrics = [ Metric.accuracy ]
                    }

                let fitted = Fit.run options mixed data
                let last = List.last fitted.History
                let plain = Trained.evaluate (Loss.crossEntropy Loss.classes) [] data fitted.Trained

                Expect.floatClose
                    Accuracy.medium
                    last.ValidationLoss.Value
                    plain.Loss
                    "the loss of validation"

                Expect.isLessThan last.Loss fitted.History.Head.Loss "it learns"
            }
            test "several targets and parts of a loss are mixed alike" {
                let two = Layer.both (Dense.linear 1) (Dense.linear 3)

                let parts: (string * float * (Expr * Expr -> Expr * Expr -> Expr)) list =
                    [
                        "first", 1.0, (fun (t, _) (y, _) -> Loss.mse Reduction.Mean t y)
                        "second", 0.5, (fun (_, t) (_, y) -> Loss.crossEntropy Loss.classes t y)
                    ]

                let learner = Learner.ofParts two parts still |> Learner.mixup 0.4
                let target = Tensor.zeros DType.F32 [ 24; 1 ]
                let rows = Dataset.from data.Inputs (target, data.Targets)
                let options = { Fit.options (Key.ofSeed 1L) with Epochs = 2; Batch = Batches.ofSize 8 }
                let row = (Fit.run options learner rows).History |> List.last
                let value name = row.Metrics |> List.find (fun (n, _) -> n = name) |> snd

                Expect.floatClose
                    Accuracy.medium
                    row.Loss
                    (value "first" + 0.5 * value "second")
                    "the sum of the parts"
            }
            test "indices, and an α that is none, are refused" {
                domain (fun () -> Learner.mixup 0.0 learner)
                domain (fun () -> Learner.mixup nan learner)
                let words = Dense.embedding 5 2 => Shaping.flatten => Dense.linear 3
                let mixed = learnerOf words still |> Learner.mixup 0.2
                let rows = Dataset.create (Tensor.zeros DType.I64 [ 6; 2 ]) (Tensor.zeros DType.I64 [ 6 ])

                Expect.throwsT<ShapeError>
                    (fun () -> Fit.run (Fit.options (Key.ofSeed 1L)) mixed rows |> ignore)
                    ""
            }
        ]

let tests = testList "FineTuning" [ resting; weights; rates; mixing ]
