/// Losses of classes, margins, overlaps and sequences: every reference case in value and gradient, by Eval and compiled; laws.
module DL1.Tests.LossMoreTests

open System
open System.Text.Json
open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Reference
open Expecto

let private apply (case: JsonElement) (a: Attributes) (inputs: Map<string, Expr>) : Expr =
    let fixed' name = tensor (case.GetProperty("fixed").GetProperty(name: string))
    let constant name = Expr.constant (fixed' name)
    let whole name = Expr.cast DType.I64 (constant name)
    let target () = constant "target"

    let reduction =
        match a.Text("reduction", "mean") with
        | "none" -> Reduction.None
        | "sum" -> Reduction.Sum
        | "batchmean" -> Reduction.BatchMean
        | _ -> Reduction.Mean

    let weight () = if a.Flag "weighted" then Some(constant "weight") else None
    let input () = inputs["input"]

    match name case with
    | "cross_entropy_probabilities" ->
        let options =
            { Loss.classes with
                Reduction = reduction
                Weight = weight ()
                LabelSmoothing = a.Float("label_smoothing", 0.0)
            }

        ClassLoss.crossEntropyOfProbabilities options inputs["target"] (input ())
    | "cosine_embedding" ->
        MarginLoss.cosineEmbedding (a.Float("margin", 0.0)) reduction (target ()) (inputs["a"], inputs["b"])
    | "margin_ranking" ->
        MarginLoss.ranking (a.Float("margin", 0.0)) reduction (target ()) (inputs["a"], inputs["b"])
    | "soft_margin" -> MarginLoss.softMargin reduction (target ()) (input ())
    | "multi_margin" ->
        MarginLoss.multiMargin
            (a.Int("p", 1))
            (a.Float("margin", 1.0))
            (weight ())
            reduction
            (whole "target")
            (input ())
    | "multi_label_margin" ->
        let truths = Expr.max [ -2 ] (Linear.oneHot DType.F64 5 (whole "target"))
        MarginLoss.multiLabelMargin reduction truths (input ())
    | "multi_label_soft_margin" -> ClassLoss.multiLabelSoftMargin (weight ()) reduction (target ()) (input ())
    | "triplet_swap" ->
        MarginLoss.tripletSwap
            (a.Float("margin", 1.0))
            (a.Float("p", 2.0))
            reduction
            (inputs["positive"], inputs["negative"])
            (input ())
    | "smooth_l1" -> Loss.smoothL1 0.0 reduction inputs["target"] (input ())
    | "focal" ->
        let alpha = a.Float("alpha", -1.0)
        let alpha = if alpha < 0.0 then None else Some alpha
        ClassLoss.focal (a.Float("gamma", 2.0)) alpha reduction (target ()) (input ())
    | "focal_labels" ->
        ClassLoss.focalOfLabels
            (a.Float("gamma", 2.0))
            { Loss.classes with Reduction = reduction }
            (whole "target")
            (input ())
    | "tversky" ->
        let alpha, beta, smooth = a.Float("alpha", 0.5), a.Float("beta", 0.5), a.Float("smooth", 1.0)
        OverlapLoss.tversky alpha beta smooth [ 1 ] reduction (target ()) (input ())
    | "dice" -> OverlapLoss.dice (a.Float("smooth", 1.0)) [ 1 ] reduction (target ()) (input ())
    | "kl_log_target" ->
        Loss.klDivOfLog reduction (Reduce.logSoftmax 1 inputs["target"]) (Reduce.logSoftmax 1 (input ()))
    | "kl" -> Loss.klDiv reduction (Expr.softmax 1 inputs["target"]) (Reduce.logSoftmax 1 (input ()))
    | "ctc" ->
        let options =
            {
                Blank = a.Int("blank", 0)
                Reduction = reduction
                ZeroInfinity = a.Flag "zero_infinity"
            }

        SequenceLoss.ctc
            options
            (whole "target", whole "counts")
            (Reduce.logSoftmax 2 (input ()), whole "steps")
    | other -> failtest $"the reference loss {other} has no counterpart"

let private declared (values: (string * Tensor) list) : Variable list =
    values |> List.map (fun (name, t) -> { Name = name; DType = t.DType; Shape = t.Shape })

let private check (case: JsonElement) =
    let values = tensors (case.GetProperty "inputs")
    let inputs = Map.ofList (variables values)
    let attributes = Attributes case
    let output = apply case attributes inputs
    attributes.ExpectAllRead()
    let grads = tensors (case.GetProperty "grads")
    let cotangent = Expr.constant (tensor (case.GetProperty "cotangent"))

    let roots =
        output :: Grad.vjp [ output ] [ cotangent ] (grads |> List.map (fun (name, _) -> inputs[name]))

    for found in [ Eval.many values roots; Compile.prepare (declared values) roots (List.map snd values) ] do
        expectClose 1e-10 (tensor (case.GetProperty "output")) found.Head "the value"

        for (name, expected), g in List.zip grads found.Tail do
            expectClose 1e-10 expected g $"the gradient of {name}"

let private all = cases "losses.more.json"
let private value (e: Expr) = Eval.run [] e |> Tensor.toFloat

let private normal seed dims = Key.normal 0.0 2.0 DType.F64 dims (Key.ofSeed seed) |> Expr.constant

let private integers seed bound dims = Key.integers 0 bound DType.I64 dims (Key.ofSeed seed) |> Expr.constant

let private wholes (values: int64 list) = Expr.constant (Tensor.vector values)
let private refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
let private unshaped f = Expect.throwsT<ShapeError> (fun () -> f () |> ignore) ""

/// The probability that a sequence says the labels, as the sum over all sequences of classes.
let private byCounting (blank: int) (labels: int list) (probabilities: float[][]) : float =
    let classes = probabilities[0].Length

    let rec collapsed last (path: int list) =
        match path with
        | [] -> []
        | c :: rest when c = last || c = blank -> collapsed c rest
        | c :: rest -> c :: collapsed c rest

    let rec paths length =
        if length = 0 then
            [ [] ]
        else
            [
                for rest in paths (length - 1) do
                    for c in 0 .. classes - 1 -> c :: rest
            ]

    paths probabilities.Length
    |> List.filter (fun path -> collapsed -1 path = labels)
    |> List.sumBy (fun path -> path |> List.mapi (fun t c -> probabilities[t][c]) |> List.fold (*) 1.0)

let private apart = { SequenceLoss.options with Reduction = Reduction.None }

let tests =
    testList
        "LossMore"
        [
            test "all 110 cases are there" { Expect.equal all.Length 110 "the number of cases" }
            for number, case in List.indexed all do
                test (title number case) { check case }
            law "one-hot probabilities have the cross-entropy of their labels" (fun seed ->
                let x, y = normal seed [ 4; 5 ], integers seed 5 [ 4 ]
                let options = { Loss.classes with LabelSmoothing = 0.1 }

                near
                    1e-12
                    (value (Loss.crossEntropy options y x))
                    (value (ClassLoss.crossEntropyOfProbabilities options (Linear.oneHot DType.F64 5 y) x)))
            law "without gamma the focal losses are cross-entropies" (fun seed ->
                let x, y = normal seed [ 4; 5 ], integers seed 5 [ 4 ]
                let truths = Expr.cast DType.F64 (integers (seed + 1L) 2 [ 4; 5 ])
                let focal = ClassLoss.focal 0.0 None Reduction.Mean truths x

                near 1e-12 (value focal) (value (Loss.bceWithLogits Reduction.Mean truths x))
                && near
                    1e-12
                    (value (ClassLoss.focalOfLabels 0.0 Loss.classes y x))
                    (value (Loss.crossEntropy Loss.classes y x)))
            law "focal losses and their gradients are numbers however large logits are" (fun seed ->
                let x = Expr.variable "x" DType.F32 [ 3; 4 ]

                let given =
                    Key.normal 0.0 1000.0 DType.F32 [ 3; 4 ] (Key.ofSeed seed) |> Tensor.cast DType.F32

                let labels = integers seed 4 [ 3 ]
                let truths = Expr.cast DType.F32 (integers seed 2 [ 3; 4 ])

                [
                    ClassLoss.focal 0.5 None Reduction.Sum truths x
                    ClassLoss.focalOfLabels 0.5 Loss.classes labels x
                ]
                |> List.forall (fun loss ->
                    Eval.many [ "x", given ] (loss :: Grad.grad loss [ x ])
                    |> List.forall (Tensor.toFloats >> Array.forall Double.IsFinite)))
            law "a set that is found is lost nothing, in whatever order" (fun seed ->
                let t = Expr.cast DType.F64 (integers seed 2 [ 3; 8 ])
                let p = Expr.sigmoid (normal seed [ 3; 8 ])
                let dice (t: Expr) (p: Expr) = OverlapLoss.dice 1.0 [ 1 ] Reduction.Mean t p

                near 1e-12 (value (dice t t)) 0.0
                && near
                    1e-12
                    (value (dice t p))
                    (value (dice (Expr.reverse [ 0; 1 ] t) (Expr.reverse [ 0; 1 ] p))))
            law "CTC is the sum over all ways to say the labels" (fun seed ->
                let time, classes = 4, 3
                let draw n bound = Key.integers 0 bound DType.I64 [ n ] (Key.ofSeed seed) |> Tensor.toFloats
                let count = int (draw 1 4).[0]
                let labels = (draw 3 2 |> Array.map (fun c -> int64 c + 1L))
                let logs = Reduce.logSoftmax 2 (normal seed [ 1; time; classes ])
                let p = Eval.run [] (exp logs) |> Tensor.toFloats

                let expected =
                    byCounting
                        0
                        (labels |> Array.take count |> Array.map int |> List.ofArray)
                        (Array.chunkBySize classes p)

                let found =
                    SequenceLoss.ctc
                        apart
                        (Expr.constant (Tensor.ofArray [ 1; 3 ] labels), wholes [ int64 count ])
                        (logs, wholes [ int64 time ])

                let found = exp -(Eval.run [] found |> Tensor.toFloats).[0]
                near 1e-9 found expected)
            law "padding changes no CTC loss and has no gradient" (fun seed ->
                let time, classes = 6, 4
                let logits = Expr.variable "x" DType.F64 [ 2; time; classes ]
                let given = Eval.run [] (normal seed [ 2; time; classes ])
                let labels = integers seed 3 [ 2; 2 ] + 1.0
                let counts, steps = wholes [ 2L; 1L ], wholes [ 6L; 5L ]

                let loss (labels: Expr) (x: Expr) =
                    SequenceLoss.ctc apart (labels, counts) (Reduce.logSoftmax 2 x, steps)

                let short = loss labels logits
                let wide = Expr.concat 1 [ labels; Expr.full DType.I64 [ 2; 3 ] -7.0 ]
                let long = loss wide (Expr.concat 1 [ logits; Expr.full DType.F64 [ 2; 4; classes ] 3.0 ])
                let slope e = Grad.grad (Expr.sumAll e) [ logits ]

                let values =
                    Eval.many [ "x", given ] ([ short; long ] @ slope short @ slope long)
                    |> List.map Tensor.toFloats

                let same (a: float[]) (b: float[]) = Array.forall2 (near 1e-12) a b

                same values[0] values[1]
                && same values[2] values[3]
                && values[2][5 * classes + time * classes ..] |> Array.forall ((=) 0.0))
            test "labels that cannot be said are infinite, or count 0; what is no length or class is NaN" {
                for dtype in [ DType.F32; DType.F64 ] do
                    let x = Expr.variable "x" dtype [ 5; 3; 4 ]
                    let given = Tensor.cast dtype (Eval.run [] (normal 3L [ 5; 3; 4 ]))

                    let labels =
                        Tensor.ofArray [ 5; 2 ] [| 1L; 1L; 1L; 2L; 9L; 1L; 1L; 2L; 1L; 2L |] |> Expr.constant

                    // Twice one label in two steps; possible; no class; too many labels; no step and no label.
                    let counts, steps = wholes [ 2L; 2L; 1L; 3L; 0L ], wholes [ 2L; 3L; 3L; 3L; 0L ]

                    for zero in [ false; true ] do
                        let loss =
                            SequenceLoss.ctc
                                { apart with ZeroInfinity = zero }
                                (labels, counts)
                                (Reduce.logSoftmax 2 x, steps)

                        let slope = Grad.grad (Expr.sumAll (Expr.sliceAxis 0 0 2 loss)) [ x ]
                        let declared = [ { Name = "x"; DType = dtype; Shape = x.Shape } ]

                        for found in
                            [
                                Eval.many [ "x", given ] (loss :: slope)
                                Compile.prepare declared (loss :: slope) [ given ]
                            ] do
                            let values = Tensor.toFloats found[0]
                            Expect.equal values[0] (if zero then 0.0 else infinity) "too short"
                            Expect.isTrue (Double.IsFinite values[1]) "possible"
                            Expect.isTrue (Double.IsNaN values[2] && Double.IsNaN values[3]) "illegal"
                            Expect.equal values[4] 0.0 "nothing, said by nothing"
                            let slopes = Tensor.toFloats found[1]
                            Expect.isTrue (slopes |> Array.forall Double.IsFinite) "slopes"
                            Expect.isTrue (slopes[..11] |> Array.forall ((=) 0.0)) "of what is impossible"
            }
            test "a batch's mean is the sum over its rows" {
                let x, y = normal 1L [ 4; 3 ], integers 2L 3 [ 4 ]
                let sum = value (Loss.mse Reduction.Sum x (2.0 * x))

                Expect.floatClose
                    Accuracy.veryHigh
                    (value (Loss.mse Reduction.BatchMean x (2.0 * x)))
                    (sum / 4.0)
                    "elements"

                let weighted reduction =
                    { Loss.classes with
                        Reduction = reduction
                        Weight = Some(Expr.constant (Tensor.vector [ 1.0; 2.0; 3.0 ]))
                    }

                Expect.floatClose
                    Accuracy.veryHigh
                    (value (Loss.crossEntropy (weighted Reduction.BatchMean) y x))
                    (value (Loss.crossEntropy (weighted Reduction.Sum) y x) / 4.0)
                    "classes"
            }
            test "what does not fit is refused" {
                let x, y = normal 1L [ 4; 3 ], integers 2L 3 [ 4 ]
                let p = Expr.softmax 1 x
                let signs = Expr.constant (Tensor.vector [ 1.0; -1.0; 1.0; 1.0 ])
                unshaped (fun () -> ClassLoss.crossEntropyOfProbabilities Loss.classes y x)

                refused (fun () ->
                    ClassLoss.crossEntropyOfProbabilities { Loss.classes with Ignore = Some 1 } p x)

                refused (fun () ->
                    ClassLoss.crossEntropyOfProbabilities { Loss.classes with LabelSmoothing = nan } p x)

                refused (fun () -> ClassLoss.focal -1.0 None Reduction.Mean p x)
                refused (fun () -> ClassLoss.focal 2.0 (Some 1.5) Reduction.Mean p x)
                refused (fun () -> ClassLoss.focalOfLabels nan Loss.classes y x)
                unshaped (fun () -> ClassLoss.focalOfLabels 2.0 Loss.classes y (Expr.sliceAxis 1 0 1 x))
                unshaped (fun () -> ClassLoss.focalOfLabels 2.0 Loss.classes x y)
                unshaped (fun () -> ClassLoss.multiLabelSoftMargin (Some signs) Reduction.Mean p x)
                refused (fun () -> MarginLoss.cosineEmbedding 1.5 Reduction.Mean signs (x, p))
                unshaped (fun () -> MarginLoss.cosineEmbedding 0.0 Reduction.Mean x (x, p))
                refused (fun () -> MarginLoss.ranking -1.0 Reduction.Mean signs (signs, signs))
                unshaped (fun () -> MarginLoss.ranking 1.0 Reduction.Mean signs (signs, x))
                refused (fun () -> MarginLoss.multiMargin 3 1.0 None Reduction.Mean y x)
                unshaped (fun () -> MarginLoss.multiMargin 1 1.0 None Reduction.Mean y x.T)
                unshaped (fun () -> MarginLoss.multiLabelMargin Reduction.Mean signs x)
                refused (fun () -> MarginLoss.tripletSwap 1.0 0.0 Reduction.Mean (x, x) x)
                refused (fun () -> OverlapLoss.dice 0.0 [ 1 ] Reduction.Mean p p)
                refused (fun () -> OverlapLoss.tversky -1.0 0.5 1.0 [ 1 ] Reduction.Mean p p)
                unshaped (fun () -> OverlapLoss.dice 1.0 [ 1 ] Reduction.Mean y p)
                let logs = Expr.expandDims 0 (Reduce.logSoftmax 1 x)
                let one = wholes [ 1L ]
                let labels = Expr.reshape [ 1; 1 ] one
                unshaped (fun () -> SequenceLoss.ctc apart (labels, one) (x, one))
                unshaped (fun () -> SequenceLoss.ctc apart (one, one) (logs, one))
                unshaped (fun () -> SequenceLoss.ctc apart (labels, labels) (logs, one))
                refused (fun () -> SequenceLoss.ctc { apart with Blank = 3 } (labels, one) (logs, one))
            }
        ]
