/// The examples of losses, likelihoods, penalties and trees. Here x, y and p are vectors, m is a matrix of logits.
module DL1.Tests.LossExamples

open DL1
open DL1.Tests.Example

let private x = Expr.constant (Tensor.vector [ -2.0; 0.0; 1.0 ])
let private y = Expr.constant (Tensor.vector [ 1.0; 0.0; 1.0 ])
let private p = Expr.constant (Tensor.vector [ 0.2; 0.3; 0.5 ])
let private m = Expr.constant (Tensor.ofArray [ 2; 3 ] [| 1.0; 2.0; 3.0; 3.0; 4.0; 7.0 |])
let private labels = Expr.constant (Tensor.vector [ 2; 0 ])
let private weights = Expr.constant (Tensor.vector [ 1.0; 1.0; 2.0 ])
let private signs = Expr.constant (Tensor.vector [ -1.0; 1.0; 1.0 ])
let private tree = Tree.ofList [ "0.weight", 1; "0.bias", 2 ]

let private parameters = Tree.ofList [ "0.weight", m; "0.bias", x ]

let private loss =
    [
        gives "reduce" "f64 20" (fun () -> Loss.reduce Reduction.Sum m)
        gives "weightedMean" "f64 2.25" (fun () -> Loss.weightedMean weights (Loss.mse Reduction.None y x))
        gives "mse" "f64 3" (fun () -> Loss.mse Reduction.Mean y x)
        gives "l1" "f64 1" (fun () -> Loss.l1 Reduction.Mean y x)
        gives "huber" "f64 0.61833" (fun () -> Loss.huber 0.7 Reduction.Mean y x)
        gives "smoothL1" "f64 0.88333" (fun () -> Loss.smoothL1 0.7 Reduction.Mean y x)
        gives "bce" "f64 0.88642" (fun () -> Loss.bce Reduction.Mean y p)
        gives "bceWithLogits" "f64 1.0444" (fun () -> Loss.bceWithLogits Reduction.Mean y x)
        gives "gaussianKl" "f64 1.0728" (fun () ->
            let mean, logVariance = x, y
            Loss.gaussianKl Reduction.BatchMean logVariance mean)
        gives "bceWeighted" "f64 1.1489" (fun () -> Loss.bceWeighted weights Reduction.Mean y x)
        prints "classes" "0.1" (fun () -> { Loss.classes with LabelSmoothing = 0.1 }.LabelSmoothing)
        gives "nll" "f64 2.2367" (fun () -> Loss.nll Loss.classes labels (Reduce.logSoftmax -1 m))
        gives "crossEntropy" "f64 2.2367" (fun () -> Loss.crossEntropy Loss.classes labels m)
        gives "klDiv" "f64 0.40709" (fun () -> Loss.klDiv Reduction.BatchMean p (Reduce.logSoftmax -1 m))
        gives "klDivOfLog" "f64 0.40709" (fun () ->
            Loss.klDivOfLog Reduction.BatchMean (log p) (Reduce.logSoftmax -1 m))
        gives "poissonNll" "f64 1.6179" (fun () -> Loss.poissonNll false Reduction.Mean y x)
        gives "poissonNllOfRate" "f64 1.1009" (fun () -> Loss.poissonNllOfRate false Reduction.Mean y p)
        gives "gaussianNll" "f64 6.9156" (fun () -> Loss.gaussianNll false 1e-6 Reduction.Mean y p x)
        gives "hingeEmbedding" "f64 1.3333" (fun () -> Loss.hingeEmbedding 1.0 Reduction.Mean signs x)
        gives "tripletMargin" "f64 1.724" (fun () -> Loss.tripletMargin 1.0 2.0 Reduction.Mean (y, p) x)
    ]

let private likelihood =
    [
        gives "logFactorial" "f64 [3] [ 0.0000e+00 -1.1546e-14 0.0000e+00]" (fun () ->
            Likelihood.logFactorial y)
        gives "gaussian" "f64 [3] [111.8095 -0.2850 0.2258]" (fun () -> Likelihood.gaussian y p x)
        gives "bernoulli" "f64 [3] [2.1269 0.6931 0.3133]" (fun () -> Likelihood.bernoulli y x)
        gives "categorical" "f64 [2] [0.4076 4.0659]" (fun () -> Likelihood.categorical labels m)
        gives "poisson" "f64 [3] [2.1353 1.0000 1.7183]" (fun () -> Likelihood.poisson y x)
    ]

let private trees =
    [
        prints "ofList" "0.weight: 1 0.bias: 2" (fun () -> Tree.ofList [ "0.weight", 1; "0.bias", 2 ])
        prints "empty" "" (fun () -> Tree.empty<int>)
        prints "toList" "[(0.weight, 1); (0.bias, 2)]" (fun () -> Tree.toList tree)
        prints "paths" "[0.weight; 0.bias]" (fun () -> Tree.paths tree)
        prints "values" "[1; 2]" (fun () -> Tree.values tree)
        prints "tryFind" "Some(2)" (fun () -> Tree.tryFind "0.bias" tree)
        prints "mapPath" "0.weight: 9 0.bias: 8" (fun () ->
            Tree.mapPath (fun path leaf -> path.Length + leaf) tree)
        prints "map" "0.weight: 10 0.bias: 20" (fun () -> Tree.map (fun leaf -> 10 * leaf) tree)
        prints "mapPath2" "0.weight: 2 0.bias: 4" (fun () -> Tree.mapPath2 (fun _ a b -> a + b) tree tree)
        prints "map2" "0.weight: 1 0.bias: 4" (fun () -> Tree.map2 (fun a b -> a * b) tree tree)
        prints "zip" "0.weight: (1, 1) 0.bias: (2, 2)" (fun () -> Tree.zip tree tree)
        prints "unzip" "(0.weight: 1 0.bias: 2, 0.weight: 1 0.bias: 2)" (fun () ->
            Tree.unzip (Tree.zip tree tree))
        prints "fold" "3" (fun () -> Tree.fold (fun sum leaf -> sum + leaf) 0 tree)
        prints "filter" "0.weight: 1" (fun () -> Tree.filter (fun path -> path.EndsWith "weight") tree)
        prints "append" "0.weight: 1 0.bias: 2 1.weight: 3" (fun () ->
            Tree.append tree (Tree.ofList [ "1.weight", 3 ]))
        prints "renameParts" "hidden.weight: 1 hidden.bias: 2" (fun () ->
            Tree.renameParts [ "0", "hidden" ] tree)
        prints "rename" "0.weight: 1 0.bias: 2" (fun () ->
            Tree.rename (fun path -> path.Replace("fc", "0")) tree)
        prints "under" "encoder.0.weight: 1 encoder.0.bias: 2" (fun () -> Tree.under "encoder" tree)
        prints "at" "weight: 1 bias: 2" (fun () -> Tree.at "0" tree)
        prints "replace" "0.weight: 1 0.bias: 5" (fun () -> Tree.replace tree (Tree.ofList [ "0.bias", 5 ]))
        prints "ofValues" "0.weight: 7 0.bias: 8" (fun () -> Tree.ofValues [ 7; 8 ] tree)
        prints "variables" "w" (fun () ->
            let weights = Tree.ofList [ "w", Tensor.vector [ 1.0; 2.0 ] ] in (Tree.variables weights)["w"])
    ]

let private penalty =
    [
        prints "weights" "True" (fun () -> Penalty.weights "0.weight")
        prints "touched" "[0.weight]" (fun () -> Penalty.touched Penalty.weights parameters)
        gives "l1" "f64 0.2" (fun () -> Penalty.l1 0.01 Penalty.weights parameters)
        gives "l2" "f64 0.88" (fun () -> Penalty.l2 0.01 Penalty.weights parameters)
        gives "elastic" "f64 0.32" (fun () -> Penalty.elastic 0.01 0.5 Penalty.weights parameters)
    ]

let all =
    [
        { Module = moduleOf <@ Loss.classes @>; Rows = loss }
        { Module = moduleOf <@ Likelihood.bernoulli x x @>; Rows = likelihood }
        { Module = moduleOf <@ Tree.paths tree @>; Rows = trees }
        { Module = moduleOf <@ Penalty.weights @>; Rows = penalty }
    ]
