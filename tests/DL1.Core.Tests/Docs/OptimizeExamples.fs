/// The examples of optimizers. Each optimizer makes two epochs down (x − 2)² from 0, each transformation one update of
/// the gradients 3 and −4 at 1 and 2, where the rate is 0.1.
module DL1.Tests.OptimizeExamples

open DL1
open DL1.Tests.Example

let private x = Expr.symbol "x"

/// Where two epochs from x = 0 down (x − 2)² end.
let private twoEpochs (optimizer: Optimizer) =
    let rule = { Descent.standard with MaxEpochs = 2 }
    let descent = Descent.run rule optimizer ((x - 2.0) ** 2.0) [ x ] [ 0.0 ]
    $"{descent.Name}: {descent.Rows[0].After[0]:G4}, {descent.Rows[1].After[0]:G4}"

let private gradients = Tree.ofList [ "0.weight", Expr.constant (Tensor.vector [ 3.0; -4.0 ]) ]

/// What a transformation makes of the gradients.
let private once (transform: Transform) =
    let parameters = Tree.ofList [ "0.weight", Expr.constant (Tensor.vector [ 1.0; 2.0 ]) ]
    let moment = { Step = lit 0.0; Rate = lit 0.1 }
    let updates, _ = transform.Update moment gradients (transform.Init parameters) parameters
    Eval.run [] updates["0.weight"]

/// The rate at step 7.
let private atSeven schedule = (Schedule.valueAt 7 schedule).ToString "G6"

let private schedule = Schedule.exponential 0.9 0.1
let private weights = Tree.ofList [ "w", Tensor.vector [ 1.0; 2.0 ] ]
let private start = Tree.ofList [ "x", Tensor.scalar 0.0 ]

let private state = Optimizer.start (Wrap.averaged 0.9 (Optimizer.sgd 0.1)) weights

/// Where a minimiser ends.
let private ended (minimum: Minimum) =
    let x = Tensor.toFloat minimum.Point["x"]
    $"{x:F3}"

let private schedules =
    [
        prints "constant" "0.1" (fun () -> Schedule.constant 0.1 |> atSeven)
        prints "custom" "0.353553" (fun () ->
            Schedule.custom "1/√t" (fun step -> Expr.rsqrt (step + 1.0)) |> atSeven)
        prints "valueAt" "0.0478297" (fun () -> (Schedule.valueAt 7 schedule).ToString "G6")
        prints "step" "0.05" (fun () -> Schedule.step 5 0.5 0.1 |> atSeven)
        prints "multiStep" "0.02" (fun () -> Schedule.multiStep [ 4; 11 ] 0.2 0.1 |> atSeven)
        prints "exponential" "0.0478297" (fun () -> Schedule.exponential 0.9 0.1 |> atSeven)
        prints "cosine" "0.0729725" (fun () -> Schedule.cosine 20 0.001 0.1 |> atSeven)
        prints "cosineRestarts" "0.0982963" (fun () -> Schedule.cosineRestarts 6 2 0.0 0.1 |> atSeven)
        prints "linear" "0.090625" (fun () -> Schedule.linear 0.25 1.0 8 0.1 |> atSeven)
        prints "polynomial" "0.04225" (fun () -> Schedule.polynomial 20 2.0 0.1 |> atSeven)
        prints "oneCycleWith" "0.289039" (fun () -> Schedule.oneCycleWith 0.3 25.0 1e4 30 0.3 |> atSeven)
        prints "oneCycle" "0.289039" (fun () -> Schedule.oneCycle 30 0.3 |> atSeven)
        prints "warmUp" "0.1" (fun () -> Schedule.warmUp 4 (Schedule.constant 0.1) |> atSeven)
        prints "piecewise" "0.07" (fun () -> Schedule.piecewise [ 0, 0.0; 10, 0.1; 30, 0.01 ] |> atSeven)
        prints "joined" "0.081" (fun () ->
            Schedule.joined [ 5, Schedule.constant 0.1 ] (Schedule.exponential 0.9 0.1) |> atSeven)
        prints "every" "0.1" (fun () -> Schedule.every 10 (Schedule.exponential 0.9 0.1) |> atSeven)
    ]

let private cycles =
    [
        prints "triangular" "0.0505" (fun () ->
            ScheduleCycle.triangular CycleHeight.Halved 4 6 0.001 0.1 |> atSeven)
        prints "oneCycle" "0.264" (fun () ->
            ScheduleCycle.oneCycle Anneal.Line true 0.3 25.0 1e4 30 0.3 |> atSeven)
        prints "constantFor" "0.1" (fun () -> ScheduleCycle.constantFor 4 0.25 0.1 |> atSeven)
        prints "chained" "0.0478297" (fun () ->
            ScheduleCycle.chained [ ScheduleCycle.constantFor 4 0.25 1.0; Schedule.exponential 0.9 1.0 ] 0.1
            |> atSeven)
    ]

let private transforms =
    [
        prints "identity" "f64 [2] [ 3 -4]" (fun () -> Transform.identity |> once)
        prints "chain" "f64 [2] [ 0.06 -0.08]" (fun () ->
            Transform.chain [ Transform.clipByGlobalNorm 1.0; Transform.scaleByRate ] |> once)
        prints "scale" "f64 [2] [ 1.5 -2.0]" (fun () -> Transform.scale 0.5 |> once)
        prints "scaleByRate" "f64 [2] [ 0.3 -0.4]" (fun () -> Transform.scaleByRate |> once)
        prints "addDecay" "f64 [2] [ 3.01 -3.98]" (fun () -> Transform.addDecay 0.01 |> once)
        prints "clipByValue" "f64 [2] [ 1.5 -1.5]" (fun () -> Transform.clipByValue 1.5 |> once)
        gives "globalNorm" "f64 5" (fun () -> Transform.globalNorm gradients)
        prints "clipByNorm" "f64 [2] [ 0.6 -0.8]" (fun () -> Transform.clipByNorm 1.0 |> once)
        prints "clipByGlobalNorm" "f64 [2] [ 0.9 -1.2]" (fun () -> Transform.clipByGlobalNorm 1.5 |> once)
        prints "clipByGlobalNormOf" "f64 [2] [ 0.75 -1.00]" (fun () ->
            Transform.clipByGlobalNormOf infinity 1.0 |> once)
        prints "masked" "f64 [2] [ 3.01 -3.98]" (fun () ->
            Transform.masked Penalty.weights (Transform.addDecay 0.01) |> once)
        prints "momentum" "f64 [2] [ 3 -4]" (fun () -> Transform.momentum 0.0 0.9 0.0 false |> once)
        prints "scaleByTrustRatio" "f64 [2] [ 1.3416 -1.7889]" (fun () -> Transform.scaleByTrustRatio |> once)
    ]

let private moments =
    [
        prints "adam" "f64 [2] [ 1 -1]" (fun () -> Moments.adam 0.9 0.999 1e-8 |> once)
        prints "amsgrad" "f64 [2] [ 1 -1]" (fun () -> Moments.amsgrad 0.9 0.999 1e-8 |> once)
        prints "rmsProp" "f64 [2] [ 10 -10]" (fun () -> Moments.rmsProp 0.99 1e-8 false |> once)
        prints "adagrad" "f64 [2] [ 1 -1]" (fun () -> Moments.adagrad 0.0 0.0 1e-10 |> once)
        prints "adadelta" "f64 [2] [ 0.0031623 -0.0031623]" (fun () -> Moments.adadelta 0.9 1e-6 |> once)
        prints "adamax" "f64 [2] [ 1 -1]" (fun () -> Moments.adamax 0.9 0.999 1e-8 |> once)
        prints "nadam" "f64 [2] [ 1.0565 -1.0565]" (fun () -> Moments.nadam 0.9 0.999 1e-8 0.004 |> once)
        prints "radam" "f64 [2] [ 3 -4]" (fun () -> Moments.radam 0.9 0.999 1e-8 |> once)
        prints "rpropWith" "f64 [2] [ 0.01 -0.01]" (fun () ->
            Moments.rpropWith 0.5 1.2 1e-6 50.0 0.01 |> once)
        prints "rprop" "f64 [2] [ 0.01 -0.01]" (fun () -> Moments.rprop 0.01 |> once)
        prints "lion" "f64 [2] [ 1 -1]" (fun () -> Moments.lion 0.9 0.99 |> once)
        prints "asgd" "f64 [2] [ 0.30001 -0.39998]" (fun () -> Moments.asgd 1e-4 0.75 1e6 |> once)
    ]

let private optimizer =
    [
        prints "ofTransform" "SGD: 0.4, 0.72" (fun () ->
            Optimizer.ofTransform "SGD" (Schedule.constant 0.1) Transform.scaleByRate |> twoEpochs)
        prints "scheduled" "SGD: 0.4, 0.688" (fun () ->
            Optimizer.sgd 0.1 |> Optimizer.scheduled (Schedule.exponential 0.9 0.1) |> twoEpochs)
        prints "named" "slow: 0.004, 0.007992" (fun () ->
            Optimizer.named "slow" (Optimizer.sgd 0.001) |> twoEpochs)
        prints "start" "1.momentum.w: f64 [2] [0 0]" (fun () ->
            Optimizer.start (Optimizer.momentum 0.9 0.1) weights)
        prints "sgd" "SGD: 0.4, 0.72" (fun () -> Optimizer.sgd 0.1 |> twoEpochs)
        prints "sgdWith" "SGD with momentum: 0.76, 1.555" (fun () ->
            Optimizer.sgdWith 0.9 0.0 true 0.0 0.1 |> twoEpochs)
        prints "momentumFrom" "SGD with momentum: 0.4, 1.08" (fun () ->
            Optimizer.momentumFrom 0.0 0.9 0.1 |> twoEpochs)
        prints "momentum" "SGD with momentum: 0.4, 1.08" (fun () -> Optimizer.momentum 0.9 0.1 |> twoEpochs)
        prints "secondMomentFrom" "second moment: 0.0397, 0.1138" (fun () ->
            Optimizer.secondMomentFrom 0.0 1.0 0.9 0.999 0.1 |> twoEpochs)
        prints "secondMoment" "second moment: 0.0397, 0.1138" (fun () ->
            Optimizer.secondMoment 0.9 0.999 0.1 |> twoEpochs)
        prints "adamWith" "Adam: 0.1, 0.1998" (fun () ->
            Optimizer.adamWith 0.9 0.999 1e-6 0.01 0.1 |> twoEpochs)
        prints "adam" "Adam: 0.001, 0.002" (fun () -> Optimizer.adam 0.001 |> twoEpochs)
        prints "amsgrad" "AMSGrad: 0.001, 0.002" (fun () -> Optimizer.amsgrad 0.001 |> twoEpochs)
        prints "adamWWith" "AdamW: 0.001, 0.002" (fun () ->
            Optimizer.adamWWith 0.9 0.98 1e-9 0.01 0.001 |> twoEpochs)
        prints "adamW" "AdamW: 0.001, 0.002" (fun () -> Optimizer.adamW 0.01 0.001 |> twoEpochs)
        prints "amsgradWWith" "AMSGrad with decoupled decay: 0.001, 0.002" (fun () ->
            Optimizer.amsgradWWith 0.9 0.999 1e-8 0.01 0.001 |> twoEpochs)
        prints "asgdWith" "ASGD: 0.4, 0.72" (fun () ->
            Optimizer.asgdWith 1e-4 0.75 100.0 0.0 0.1 |> twoEpochs)
        prints "asgd" "ASGD: 0.4, 0.72" (fun () -> Optimizer.asgd 0.1 |> twoEpochs)
        prints "rmsPropWith" "RMSProp: 0.1005, 0.2205" (fun () ->
            Optimizer.rmsPropWith 0.99 1e-8 true 0.5 0.01 |> twoEpochs)
        prints "rmsProp" "RMSProp: 0.1, 0.1691" (fun () -> Optimizer.rmsProp 0.01 |> twoEpochs)
        prints "adagrad" "Adagrad: 0.1, 0.1689" (fun () -> Optimizer.adagrad 0.1 |> twoEpochs)
        prints "adadelta" "Adadelta: 0.003162, 0.006404" (fun () -> Optimizer.adadelta 1.0 |> twoEpochs)
        prints "adamax" "Adamax: 0.002, 0.004001" (fun () -> Optimizer.adamax 0.002 |> twoEpochs)
        prints "nadam" "NAdam: 0.002113, 0.00368" (fun () -> Optimizer.nadam 0.002 |> twoEpochs)
        prints "radam" "RAdam: 0.004, 0.007996" (fun () -> Optimizer.radam 0.001 |> twoEpochs)
        prints "rprop" "Rprop: 0.01, 0.022" (fun () -> Optimizer.rprop 0.01 |> twoEpochs)
        prints "lion" "Lion: 0.0001, 0.0002" (fun () -> Optimizer.lion 0.01 0.0001 |> twoEpochs)
        prints "lamb" "LAMB: 0.001, 0.001001" (fun () -> Optimizer.lamb 0.01 0.001 |> twoEpochs)
    ]

let private wraps =
    [
        prints "maximizing" "SGD: -0.4, -0.88" (fun () -> Optimizer.sgd 0.1 |> Wrap.maximizing |> twoEpochs)
        prints "after" "Adam: 0.001, 0.002" (fun () ->
            Optimizer.adam 0.001 |> Wrap.after (Transform.clipByGlobalNorm 1.0) |> twoEpochs)
        prints "frozen" "frozen: 0, 0" (fun () -> Wrap.frozen |> twoEpochs)
        prints "groups" "Adam / SGD: 0.4, 0.72" (fun () ->
            Wrap.groups [ Penalty.weights, Optimizer.adam 0.001; (fun _ -> true), Optimizer.sgd 0.1 ]
            |> twoEpochs)
        prints "rateFactors" "Adam" (fun () ->
            (Wrap.rateFactors [ Penalty.weights, 0.1 ] (Optimizer.adam 0.001)).Name)
        prints "layerDecay" "Adam" (fun () -> (Wrap.layerDecay 0.5 [ "0"; "2" ] (Optimizer.adam 0.001)).Name)
        prints "only" "SGD: 0.4, 0.72" (fun () ->
            Wrap.only (fun path -> path.StartsWith "x") (Optimizer.sgd 0.1) |> twoEpochs)
        prints "accumulate" "SGD: 0, 0" (fun () -> Wrap.accumulate 4 (Optimizer.sgd 0.1) |> twoEpochs)
        prints "lookahead" "SGD with lookahead: 0.4, 0.72" (fun () ->
            Wrap.lookahead 5 0.5 (Optimizer.sgd 0.1) |> twoEpochs)
        prints "averagedFrom" "SGD: 0.4, 0.72" (fun () ->
            Wrap.averagedFrom 100 10 (Optimizer.sgd 0.1) |> twoEpochs)
        prints "averaged" "SGD: 0.4, 0.72" (fun () -> Wrap.averaged 0.999 (Optimizer.sgd 0.1) |> twoEpochs)
        prints "averageOf" "w: f64 [2] [1 2]" (fun () -> Wrap.averageOf state)
    ]

let private lbfgs =
    [
        prints "transform" "f64 [2] [ 0.042857 -0.057143]" (fun () -> Lbfgs.transform 10 |> once)
        prints "optimizer" "L-BFGS: 0.5, 1.25" (fun () -> Lbfgs.optimizer 10 0.5 |> twoEpochs)
    ]

let private classical =
    [
        prints "kindOf" "Minimum" (fun () -> Classical.kindOf 1e-8 (x * x) start)
        prints "options" "100" (fun () -> { Classical.options with MaxIterations = 100 }.MaxIterations)
        prints "nelderMead" "2.000" (fun () ->
            Classical.nelderMead Classical.options ((x - 2.0) ** 2.0) start |> ended)
        prints "bfgs" "2.000" (fun () -> Classical.bfgs Classical.options ((x - 2.0) ** 2.0) start |> ended)
        prints "newton" "2.000" (fun () ->
            Classical.newton Classical.options ((x - 2.0) ** 2.0) start |> ended)
    ]

let all =
    [
        { Module = moduleOf <@ Schedule.constant 0.1 @>; Rows = schedules }
        { Module = moduleOf <@ ScheduleCycle.chained @>; Rows = cycles }
        { Module = moduleOf <@ Transform.identity @>; Rows = transforms }
        { Module = moduleOf <@ Moments.lion 0.9 0.9 @>; Rows = moments }
        { Module = moduleOf <@ Optimizer.sgd 0.1 @>; Rows = optimizer }
        { Module = moduleOf <@ Wrap.frozen @>; Rows = wraps }
        { Module = moduleOf <@ Lbfgs.transform 1 @>; Rows = lbfgs }
        { Module = moduleOf <@ Classical.options @>; Rows = classical }
    ]
