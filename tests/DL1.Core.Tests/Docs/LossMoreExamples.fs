/// The examples of losses of classes, margins, overlaps and sequences.
module DL1.Tests.LossMoreExamples

open DL1
open DL1.Tests.Example

let private x = Expr.constant (Tensor.vector [ -2.0; 0.0; 1.0 ])
let private y = Expr.constant (Tensor.vector [ 1.0; 0.0; 1.0 ])
let private p = Expr.constant (Tensor.vector [ 0.2; 0.3; 0.5 ])
let private m = Expr.constant (Tensor.ofArray [ 2; 3 ] [| 1.0; 2.0; 3.0; 3.0; 4.0; 7.0 |])
let private n = Expr.constant (Tensor.ofArray [ 2; 3 ] [| 0.0; 1.0; 1.0; 1.0; -1.0; 0.0 |])
let private labels = Expr.constant (Tensor.vector [ 2; 0 ])
let private signs = Expr.constant (Tensor.vector [ -1.0; 1.0; 1.0 ])
let private rowSigns = Expr.constant (Tensor.vector [ 1.0; -1.0 ])
let private lists = Expr.constant (Tensor.ofArray [ 2; 2 ] [| 2; -1; 0; 1 |])
let private truths = Expr.constant (Tensor.ofArray [ 2; 3 ] [| 1.0; 0.0; 1.0; 0.0; 0.0; 1.0 |])
let private chances = Expr.sigmoid m
let private words = Expr.constant (Tensor.ofArray [ 1; 2 ] [| 1; 2 |])
let private wordLengths = Expr.constant (Tensor.vector [ 2 ])
let private steps = Reduce.logSoftmax 2 (Expr.reshape [ 1; 2; 3 ] m)
let private stepLengths = Expr.constant (Tensor.vector [ 2 ])

let private classes =
    [
        gives "crossEntropyOfProbabilities" "f64 0.55335" (fun () ->
            ClassLoss.crossEntropyOfProbabilities Loss.classes (Expr.softmax -1 m) m)
        gives "focal" "f64 0.18272" (fun () -> ClassLoss.focal 2.0 (Some 0.25) Reduction.Mean y x)
        gives "focalOfLabels" "f64 1.9867" (fun () -> ClassLoss.focalOfLabels 2.0 Loss.classes labels m)
        gives "multiLabelSoftMargin" "f64 1.5927" (fun () ->
            ClassLoss.multiLabelSoftMargin None Reduction.Mean truths m)
    ]

let private margins =
    [
        gives "cosineEmbedding" "f64 0.027544" (fun () ->
            MarginLoss.cosineEmbedding 0.0 Reduction.Mean rowSigns (m, n))
        gives "ranking" "f64 0.33333" (fun () -> MarginLoss.ranking 0.5 Reduction.Mean signs (x, y))
        gives "softMargin" "f64 0.37778" (fun () -> MarginLoss.softMargin Reduction.Mean signs x)
        gives "multiMargin" "f64 1.1667" (fun () -> MarginLoss.multiMargin 1 1.0 None Reduction.Mean labels m)
        gives "multiLabelMargin" "f64 1.5" (fun () ->
            MarginLoss.multiLabelMargin Reduction.Mean (Expr.max [ -2 ] (Linear.oneHot DType.F64 3 lists)) m)
        gives "tripletSwap" "f64 3.01" (fun () -> MarginLoss.tripletSwap 1.0 2.0 Reduction.Mean (y, p) x)
    ]

let private overlaps =
    [
        gives "tversky" "f64 0.18922" (fun () ->
            OverlapLoss.tversky 0.3 0.7 1.0 [ 1 ] Reduction.Mean truths chances)
        gives "dice" "f64 0.30372" (fun () -> OverlapLoss.dice 1.0 [ 1 ] Reduction.Mean truths chances)
    ]

let private sequences =
    [
        prints "options" "True" (fun () -> { SequenceLoss.options with ZeroInfinity = true }.ZeroInfinity)
        gives "masked" "f64 7" (fun () ->
            let lengths, x, y = Expr.constant (Tensor.vector [ 3; 2 ]), m, n
            SequenceLoss.masked (PaddingMask.mask 3 lengths) (Loss.mse Reduction.None y x))
        gives "ctc" "f64 0.73674" (fun () ->
            SequenceLoss.ctc SequenceLoss.options (words, wordLengths) (steps, stepLengths))
    ]

let all =
    [
        { Module = moduleOf <@ ClassLoss.focal @>; Rows = classes }
        { Module = moduleOf <@ MarginLoss.ranking @>; Rows = margins }
        { Module = moduleOf <@ OverlapLoss.dice @>; Rows = overlaps }
        { Module = moduleOf <@ SequenceLoss.ctc @>; Rows = sequences }
    ]
