/// Every case of the reference losses, computed by PyTorch in float64: values and gradients, to 1e-10; and laws.
module DL1.Tests.LossTests

open System.Text.Json
open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Reference
open Expecto

/// What a name of the reference is called here. A name that is not listed fails its case.
let private apply (name: string) (a: Attributes) (inputs: Map<string, Expr>) (target: Tensor option) : Expr =
    let x = inputs["input"]

    let target () =
        match target with
        | Some t -> Expr.constant t
        | None -> inputs["target"]

    let labels () = Expr.cast DType.I64 (target ())

    let reduction =
        match a.Text("reduction", "mean") with
        | "none" -> Reduction.None
        | "sum" -> Reduction.Sum
        | _ -> Reduction.Mean

    let classes =
        { Loss.classes with
            Reduction = reduction
            Weight = a.Find "weight" |> Option.map (tensor >> Expr.constant)
            LabelSmoothing = a.Float("label_smoothing", 0.0)
        }

    match name with
    | "mse" -> Loss.mse reduction (target ()) x
    | "l1" -> Loss.l1 reduction (target ()) x
    | "huber" -> Loss.huber (a.Float("delta", 1.0)) reduction (target ()) x
    | "smooth_l1" -> Loss.smoothL1 (a.Float("beta", 1.0)) reduction (target ()) x
    | "bce" -> Loss.bce reduction (target ()) x
    | "bce_with_logits" -> Loss.bceWithLogits reduction (target ()) x
    | "cross_entropy" -> Loss.crossEntropy classes (labels ()) x
    | "nll" ->
        a.Known [ "of" ]
        Loss.nll classes (labels ()) (Reduce.logSoftmax 1 x)
    | "kl_div" ->
        a.Known [ "of" ]
        let divergence = Loss.klDiv Reduction.None (Expr.softmax 1 (target ())) (Reduce.logSoftmax 1 x)

        if a.Text("reduction", "mean") = "batchmean" then
            Expr.sumAll divergence / float x.Shape[0]
        else
            Loss.reduce reduction divergence
    | "poisson_nll" ->
        a.Known [ "log_input" ]
        Loss.poissonNll (a.Flag "full") reduction (target ()) x
    | "gaussian_nll" ->
        Loss.gaussianNll (a.Flag "full") (a.Float("eps", 1e-6)) reduction (target ()) inputs["var"] x
    | "hinge_embedding" -> Loss.hingeEmbedding (a.Float("margin", 1.0)) reduction (target ()) x
    | "triplet_margin" ->
        Loss.tripletMargin
            (a.Float("margin", 1.0))
            (a.Float("p", 2.0))
            reduction
            (inputs["positive"], inputs["negative"])
            x
    | other -> failtest $"the reference loss {other} has no counterpart"

let private check (case: JsonElement) =
    let values = tensors (case.GetProperty "inputs")
    let inputs = variables values
    let attributes = Attributes case

    let target =
        match case.TryGetProperty "target" with
        | true, t -> Some(tensor t)
        | false, _ -> None

    let output = apply (name case) attributes (Map.ofList inputs) target
    attributes.ExpectAllRead()
    let grads = tensors (case.GetProperty "grads")
    let wrt = grads |> List.map (fun (name, _) -> (Map.ofList inputs)[name])
    let cotangent = Expr.constant (tensor (case.GetProperty "cotangent"))
    let found = Eval.many values (output :: Grad.vjp [ output ] [ cotangent ] wrt)
    expectClose 1e-10 (tensor (case.GetProperty "output")) found.Head "the value"

    for (name, expected), g in List.zip grads found.Tail do
        expectClose 1e-10 expected g $"the gradient of {name}"

let private all = cases "losses.json"
let private value (e: Expr) = Eval.run [] e |> Tensor.toFloat

let private logits seed rows classes =
    Key.normal 0.0 2.0 DType.F64 [ rows; classes ] (Key.ofSeed seed) |> Expr.constant

let private labels seed rows classes =
    Key.integers 0 classes DType.I64 [ rows ] (Key.ofSeed seed) |> Expr.constant

let private refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""

let tests =
    testList
        "Loss"
        [
            test "all 42 cases are there" { Expect.equal all.Length 42 "the number of cases" }
            for number, case in List.indexed all do
                test (title number case) { check case }
            test "a label that is no class has NaN for its loss, few classes or many" {
                for classes in [ 3; 5000 ] do
                    let x = logits 1L 3 classes

                    let of' (labels: int list) options =
                        Loss.crossEntropy options (Expr.constant (Tensor.vector labels)) x

                    let apart = { Loss.classes with Reduction = Reduction.None }
                    let losses labels = of' labels apart |> Eval.run [] |> Tensor.toFloats

                    Expect.equal
                        (losses [ 0; classes; -1 ] |> Array.map System.Double.IsNaN)
                        [| false; true; true |]
                        "each by itself"

                    let first labels = Array.head (losses labels)
                    Expect.equal (first [ 0; classes; -1 ]) (first [ 0; 1; 2 ]) "the others are as they were"

                    Expect.isTrue (System.Double.IsNaN(value (of' [ 0; classes; 1 ] Loss.classes))) "the mean"

                    let smooth =
                        { Loss.classes with
                            LabelSmoothing = 0.1
                            Weight = Some(Expr.constant (Tensor.ones DType.F64 [ classes ]))
                        }

                    Expect.isTrue
                        (System.Double.IsNaN(value (of' [ 0; classes; 1 ] smooth)))
                        "smoothed and weighted"

                    for ignored in [ -1; classes ] do
                        let found = value (of' [ 0; ignored; 1 ] { Loss.classes with Ignore = Some ignored })
                        let own = losses [ 0; 2; 1 ]

                        Expect.floatClose
                            Accuracy.high
                            found
                            ((own[0] + own[2]) / 2.0)
                            "the one to be ignored"
            }
            test "what a loss takes for labels is found in its graph" {
                let values = Tensor.vector [ 0L; 2L; 1L; 7L ]
                let labels = Expr.variable "labels" DType.I64 [ 4 ]

                for classes in [ 1; 3; 5000 ] do
                    for options in [ Loss.classes; { Loss.classes with Ignore = Some -1 } ] do
                        let loss = 2.0 * Loss.crossEntropy options labels (logits 1L 4 classes) + 1.0

                        match LabelGuard.find loss with
                        | [ guard ] ->
                            let found = Eval.many [ "labels", values ] [ guard.Labels; guard.IsLegal ]
                            Expect.equal guard.Classes classes "classes"
                            Expect.equal (Tensor.toFloats found[0]) (Tensor.toFloats values) "labels"

                            Expect.equal
                                (found[1].ToArray<bool>())
                                ([| 0; 2; 1; 7 |] |> Array.map (fun label -> label < classes))
                                "legal"
                        | other -> failtest $"{other.Length} guards"

                let x = logits 1L 4 3
                Expect.isEmpty (LabelGuard.find (Loss.mse Reduction.Mean x x)) "no labels"
            }
            test "a column of predictions is not compared with a row of targets" {
                let row, column = Expr.variable "y" DType.F32 [ 4 ], Expr.variable "x" DType.F32 [ 4; 1 ]

                for loss in
                    [ Loss.mse; Loss.l1; Loss.huber 1.0; Loss.smoothL1 1.0; Loss.bceWithLogits; Loss.bce ] do
                    Expect.throwsT<ShapeError>
                        (fun () -> loss Reduction.Mean row column |> ignore)
                        "[4] and [4, 1]"

                    Expect.equal
                        (loss Reduction.None (Expr.scalar DType.F32 0.5) column).Shape
                        column.Shape
                        "one target for all"
            }
            law "logits shifted by a constant have the same cross-entropy" (fun seed (shift: int) ->
                let x, y = logits seed 4 5, labels seed 4 5
                let loss = Loss.crossEntropy Loss.classes y
                near 1e-9 (value (loss x)) (value (loss (x + float (shift % 1000)))))
            law "labels of i32 and i64 say the same" (fun seed ->
                let x, y = logits seed 3 4, labels seed 3 4

                value (Loss.crossEntropy Loss.classes y x) =
                    value (Loss.crossEntropy Loss.classes (Expr.cast DType.I32 y) x))
            law "gathered labels and compared labels give the same loss" (fun seed ->
                // 5,000 classes are gathered; the first 4 of them, when the others have no probability, compared.
                let x, y = logits seed 3 4, labels seed 3 4
                let wide = Expr.concat 1 [ x; Expr.full DType.F64 [ 3; 4996 ] -1e9 ]
                let options = { Loss.classes with Ignore = Some 2 }

                near 1e-12 (value (Loss.crossEntropy options y x)) (value (Loss.crossEntropy options y wide))
                || Eval.run [] y |> Tensor.toFloats |> Array.forall (fun label -> label = 2.0))
            law "what is ignored does not count" (fun seed ->
                let x, y = logits seed 6 3, labels seed 6 3

                let kept =
                    Eval.run [] y
                    |> Tensor.toFloats
                    |> Array.indexed
                    |> Array.filter (fun (_, l) -> l <> 1.0)

                kept.Length = 0
                || (let rows = Expr.constant (Tensor.vector (kept |> Array.map (fst >> int64))) in

                    near
                        1e-12
                        (value (
                            Loss.crossEntropy { Loss.classes with Ignore = Some 1; LabelSmoothing = 0.1 } y x
                        ))
                        (value (
                            Loss.crossEntropy
                                { Loss.classes with LabelSmoothing = 0.1 }
                                (Expr.gather 0 rows y)
                                (Expr.gather 0 rows x)
                        ))))
            test "classes on another axis" {
                let x, y = logits 1L 4 3, labels 2L 4 3
                let turned = Loss.crossEntropy { Loss.classes with Axis = 0 } y x.T

                Expect.floatClose
                    Accuracy.veryHigh
                    (value turned)
                    (value (Loss.crossEntropy Loss.classes y x))
                    ""
            }
            test "weights of elements and of positive targets" {
                let x, y =
                    Expr.constant (Tensor.vector [ 1.0; 2.0 ]), Expr.constant (Tensor.vector [ 0.0; 1.0 ])

                let w = Expr.constant (Tensor.vector [ 1.0; 3.0 ])
                Expect.equal (value (Loss.weightedMean w (Loss.mse Reduction.None y x))) 1.0 "(1·1 + 3·1) / 4"
                let weighted = Loss.bceWeighted (lit 1.0) Reduction.Sum y x

                Expect.floatClose
                    Accuracy.veryHigh
                    (value weighted)
                    (value (Loss.bceWithLogits Reduction.Sum y x))
                    "weight 1"

                let doubled = value (Loss.bceWeighted (lit 2.0) Reduction.Sum y x) - value weighted
                Expect.floatClose Accuracy.veryHigh doubled (log (1.0 + exp -2.0)) "softplus(−2) once more"
            }
            test "rates of counts, given plainly" {
                let r, y =
                    Expr.constant (Tensor.vector [ 0.5; 2.0 ]), Expr.constant (Tensor.vector [ 3.0; 1.0 ])

                let plain, logs =
                    Loss.poissonNllOfRate true Reduction.Sum y r, Loss.poissonNll true Reduction.Sum y (log r)

                Expect.isLessThan (abs (value plain - value logs)) 1e-7 "1e-8 stands beside the rate"
                let stirling = 3.0 * log 3.0 - 3.0 + 0.5 * log (6.0 * System.Math.PI)

                Expect.floatClose
                    Accuracy.veryHigh
                    (value logs - value (Loss.poissonNll false Reduction.Sum y (log r)))
                    stirling
                    "log 3!, and nothing for 1"
            }
            test "triplets by other norms" {
                let a, p, n =
                    Expr.constant (Tensor.vector [ 0.0; 0.0 ]),
                    Expr.constant (Tensor.vector [ 1.0; -2.0 ]),
                    Expr.constant (Tensor.vector [ 3.0; 0.5 ])

                let loss power = value (Loss.tripletMargin 1.0 power Reduction.Mean (p, n) a)
                let byThree = 9.0 ** (1.0 / 3.0) - 27.125 ** (1.0 / 3.0) + 1.0
                Expect.isLessThan (abs (loss 1.0 - 0.5)) 1e-5 "3 − 3.5 + 1"
                Expect.isLessThan (abs (loss 3.0 - byThree)) 1e-5 "but for 1e-6 beside each difference"
            }
            test "a variance below 0 has NaN for its loss; from 0 it is held, and its gradient passes" {
                for dtype in [ DType.F32; DType.F64 ] do
                    let v = Expr.variable "v" dtype [ 4 ]
                    let zero = Expr.full dtype [ 4 ] 0.0
                    let loss = Loss.gaussianNll false 1e-2 Reduction.None zero v zero
                    let slope = Grad.grad (Expr.sumAll loss) [ v ] |> List.head
                    let given = Tensor.cast dtype (Tensor.vector [ -1e-9; 0.0; 1e-3; 1.0 ])

                    let compiled =
                        Compile.prepare
                            [ { Name = "v"; DType = dtype; Shape = Shape.ofList [ 4 ] } ]
                            [ loss; slope ]

                    for found in [ Eval.many [ "v", given ] [ loss; slope ]; compiled [ given ] ] do
                        let values, slopes = Tensor.toFloats found[0], Tensor.toFloats found[1]
                        let held = 0.5 * log 1e-2
                        Expect.isTrue (System.Double.IsNaN values[0]) "below"

                        for value, expected in
                            [
                                values[1], held
                                values[2], held
                                values[3], 0.0
                                slopes[1], 50.0
                                slopes[3], 0.5
                            ] do
                            Expect.isLessThan (abs (value - expected)) 1e-5 $"{dtype}"
            }
            test "nothing that counts is a loss of 0 with a gradient of 0" {
                for dtype in [ DType.F32; DType.F64 ] do
                    let x = Expr.variable "x" dtype [ 2; 3 ]

                    let given =
                        Tensor.cast dtype (Tensor.ofArray [ 2; 3 ] [| 1.0; 2.0; 3.0; 30.0; -4.0; 0.0 |])

                    let ignored = Expr.constant (Tensor.Of [| -1L; -1L |])
                    let weight = Expr.cast dtype (Expr.constant (Tensor.vector [ 1.0; 2.0; 0.0 ]))
                    let last = Expr.constant (Tensor.Of [| 2L; 2L |])

                    for loss in
                        [
                            Loss.crossEntropy { Loss.classes with Ignore = Some -1 } ignored x
                            Loss.crossEntropy
                                { Loss.classes with Ignore = Some -1; Weight = Some weight }
                                ignored
                                x
                            Loss.crossEntropy { Loss.classes with Weight = Some weight } last x
                            Loss.nll { Loss.classes with Ignore = Some -1 } ignored (Reduce.logSoftmax 1 x)
                            Loss.weightedMean
                                (Expr.full dtype [] 0.0)
                                (Loss.mse Reduction.None (Expr.zerosLike x) x)
                        ] do
                        let roots = loss :: Grad.grad loss [ x ]

                        let compiled =
                            Compile.prepare [ { Name = "x"; DType = dtype; Shape = x.Shape } ] roots

                        for found in [ Eval.many [ "x", given ] roots; compiled [ given ] ] do
                            for t in found do
                                Expect.isTrue
                                    (Tensor.toFloats t |> Array.forall (fun v -> v = 0.0))
                                    $"{dtype}"
            }
            test "targets and scores in the wrong order are told so, and targets that are no labels" {
                let x, y = logits 1L 4 3, labels 2L 4 3

                let cure (call: unit -> Expr) =
                    try
                        call () |> ignore
                        ""
                    with :? ShapeError as e ->
                        e.Cure

                let swapped = "swap the two: the target comes before the prediction"
                Expect.equal (cure (fun () -> Loss.crossEntropy Loss.classes x y)) swapped "cross-entropy"
                Expect.equal (cure (fun () -> Loss.nll Loss.classes x y)) swapped "nll"
                Expect.equal (cure (fun () -> Likelihood.categorical x y)) swapped "likelihood"
                Expect.stringContains (cure (fun () -> Loss.crossEntropy Loss.classes x x)) "argMax" "one-hot"
            }
            test "what does not fit is refused" {
                let x, y = logits 1L 4 3, labels 2L 4 3
                Expect.throwsT<ShapeError> (fun () -> Loss.crossEntropy Loss.classes y x.T |> ignore) "labels"

                Expect.throwsT<ShapeError>
                    (fun () -> Loss.crossEntropy Loss.classes x x |> ignore)
                    "labels of f64"

                Expect.throwsT<ShapeError>
                    (fun () -> Loss.crossEntropy { Loss.classes with Weight = Some x } y x |> ignore)
                    "weights"

                refused (fun () -> Loss.crossEntropy { Loss.classes with LabelSmoothing = 1.5 } y x)
                refused (fun () -> Loss.huber 0.0 Reduction.Mean x x)
                refused (fun () -> Loss.smoothL1 -1.0 Reduction.Mean x x)
                refused (fun () -> Loss.gaussianNll false 0.0 Reduction.Mean x x x)
            }
        ]
