/// Optimizers with many options against PyTorch's current algorithms, by values and by a plain rewriting; and what options
/// are refused.
module DL1.Tests.CurrentTests

open System
open System.Text.Json
open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Reference
open Expecto

/// The parameter after each of some gradients that do not depend on it.
let private follow (prepare: Variable list -> Expr list -> Tensor list -> Tensor list) optimizer x gradients =
    let variable name (t: Tensor) = Expr.variable name t.DType (t.Shape.ToList())
    let tree = Tree.ofList [ "w", variable "w" x ]
    let start = Optimizer.start optimizer (Tree.ofList [ "w", x ])
    let state = Tree.mapPath (fun path t -> variable $"state {path}" t) start
    let given = Tree.ofList [ "w", variable "g" x ]
    let next, nextState = optimizer.Update given state tree
    let inputs = Graph.variables (Tree.values given @ Tree.values tree @ Tree.values state)
    let run = prepare inputs (Tree.values next @ Tree.values nextState)

    ((x, Tree.values start), gradients)
    ||> List.scan (fun (x, state) (g: Tensor) ->
        let results = run (g :: x :: state)
        results.Head, results.Tail)
    |> List.tail
    |> List.map fst

let private rated name rate decay transform =
    Optimizer.ofTransform
        name
        (Schedule.constant rate)
        (Transform.chain [ Transform.addDecay decay; transform; Transform.scaleByRate ])

let private ofCase (name: string) (a: Attributes) =
    let rate, decay = a.Float("lr", 0.0), a.Float("weight_decay", 0.0)
    let eps standard = a.Float("eps", standard)
    let pair (what: string) standard = a.Find what |> Option.map floats |> Option.defaultValue standard

    let b1, b2 =
        match pair "betas" [ 0.9; 0.999 ] with
        | [ b1; b2 ] -> b1, b2
        | other -> failtest $"betas {other}"

    match name with
    | "sgd" ->
        Optimizer.sgdWith
            (a.Float("momentum", 0.0))
            (a.Float("dampening", 0.0))
            (a.Flag "nesterov")
            decay
            rate
    | "adam" ->
        if a.Flag "amsgrad" then
            rated name rate decay (Moments.amsgrad b1 b2 (eps 1e-8))
        else
            Optimizer.adamWith b1 b2 (eps 1e-8) decay rate
    | "adamw" -> Optimizer.adamWWith b1 b2 (eps 1e-8) decay rate
    | "rmsprop" ->
        let scaled = Moments.rmsProp (a.Float("alpha", 0.99)) (eps 1e-8) (a.Flag "centered")
        let momentum = Transform.momentum 0.0 (a.Float("momentum", 0.0)) 0.0 false
        rated name rate decay (Transform.chain [ scaled; momentum ])
    | "adagrad" ->
        Moments.adagrad (a.Float("initial_accumulator_value", 0.0)) (a.Float("lr_decay", 0.0)) (eps 1e-10)
        |> rated name rate decay
    | "adadelta" -> Moments.adadelta (a.Float("rho", 0.9)) (eps 1e-6) |> rated name rate decay
    | "adamax" -> Moments.adamax b1 b2 (eps 1e-8) |> rated name rate decay
    | "nadam" -> Moments.nadam b1 b2 (eps 1e-8) (a.Float("momentum_decay", 0.004)) |> rated name rate decay
    | "radam" -> Moments.radam b1 b2 (eps 1e-8) |> rated name rate decay
    | "rprop" ->
        let etas, sizes = pair "etas" [ 0.5; 1.2 ], pair "step_sizes" [ 1e-6; 50.0 ]
        Moments.rpropWith etas[0] etas[1] sizes[0] sizes[1] rate |> rated name 1.0 0.0
    | other -> failtest $"the reference optimizer {other} has no counterpart"

let private check (case: JsonElement) =
    let attributes = Attributes case
    let optimizer = ofCase (name case) attributes
    attributes.ExpectAllRead()
    let list (what: string) = [ for t in case.GetProperty(what).EnumerateArray() -> tensor t ]
    let x, gradients, expected = tensor (case.GetProperty "x0"), list "gradients", list "x"

    for how, prepare in [ "Eval", Eval.prepare; "compiled", Compile.prepare ] do
        for dtype, tolerance in [ DType.F64, 1e-11; DType.F32, 1e-4 ] do
            let cast = Tensor.cast dtype
            let found = follow prepare optimizer (cast x) (List.map cast gradients)

            for i, (e, f) in List.indexed (List.zip expected found) do
                expectClose tolerance (cast e) f $"{how}, {dtype}, after step {i}"

let private all = cases "optimizers.current.json"

/// A law over random options and gradients: the library's optimizer and the plain one go the same way.
let private same name (make: Random -> Optimizer * (float -> float list -> float list)) =
    law $"{name} with any options goes as its plain form" (fun (seed: int) ->
        let random = Random seed
        let optimizer, plain = make random
        let uniform low high = low + (high - low) * random.NextDouble()
        let x = uniform -3.0 3.0

        let gradients =
            List.init 8 (fun _ ->
                if random.Next 8 = 0 then
                    0.0
                else
                    float (random.Next 2 * 2 - 1) * Math.Pow(10.0, uniform -3.0 1.5))

        let found =
            follow Eval.prepare optimizer (Tensor.scalar x) (List.map Tensor.scalar gradients)
            |> List.map Tensor.toFloat

        List.forall2 (near 1e-9) (plain x gradients) found)

let private laws =
    let between low high (r: Random) = low + (high - low) * r.NextDouble()
    let power low high (r: Random) = Math.Pow(10.0, between low high r)
    let flag (r: Random) = r.Next 2 = 0
    let sometimes value (r: Random) = if flag r then value r else 0.0
    // Decays of 0 and close to 1 among them.
    let decay (r: Random) = if r.Next 6 = 0 then 0.0 else 1.0 - power -3.0 0.0 r
    let rate, eps, weight = power -3.0 0.0, power -8.0 -2.0, sometimes (between 0.0 0.5)

    [
        same "SGD" (fun r ->
            let momentum, nesterov = sometimes (between 0.01 0.99) r, flag r
            let nesterov = nesterov && momentum > 0.0
            let dampening = if nesterov then 0.0 else sometimes (between 0.0 1.0) r
            let rate, decay = rate r, weight r

            Optimizer.sgdWith momentum dampening nesterov decay rate,
            PlainOptimizers.sgd rate momentum dampening nesterov decay)
        same "Adam" (fun r ->
            let b1, b2, e, d, rate = decay r, decay r, eps r, weight r, rate r
            Optimizer.adamWith b1 b2 e d rate, PlainOptimizers.adam rate b1 b2 e d false false)
        same "AMSGrad" (fun r ->
            let b1, b2, e, d, rate = decay r, decay r, eps r, weight r, rate r

            rated "AMSGrad" rate d (Moments.amsgrad b1 b2 e), PlainOptimizers.adam rate b1 b2 e d false true)
        same "AdamW" (fun r ->
            let b1, b2, e, d, rate = decay r, decay r, eps r, weight r, rate r
            Optimizer.adamWWith b1 b2 e d rate, PlainOptimizers.adam rate b1 b2 e d true false)
        same "NAdam" (fun r ->
            let b1, b2, e, d, rate, psi = decay r, decay r, eps r, weight r, rate r, sometimes eps r

            rated "NAdam" rate d (Moments.nadam b1 b2 e psi), PlainOptimizers.nadam rate b1 b2 e d psi)
        same "RAdam" (fun r ->
            let b1, b2, e, d, rate = decay r, decay r, eps r, weight r, rate r
            rated "RAdam" rate d (Moments.radam b1 b2 e), PlainOptimizers.radam rate b1 b2 e d)
        same "RMSProp" (fun r ->
            let alpha, e, d, rate = between 0.1 0.99 r, power -4.0 -2.0 r, weight r, rate r
            let centered, momentum = flag r, sometimes (between 0.1 0.9) r
            let transform = Moments.rmsProp alpha e centered
            let after = Transform.momentum 0.0 momentum 0.0 false

            rated "RMSProp" rate d (Transform.chain [ transform; after ]),
            PlainOptimizers.rmsProp rate alpha e centered momentum d)
        same "Adagrad" (fun r ->
            let falling, initial = sometimes (between 0.0 1.0) r, sometimes (between 0.0 2.0) r
            let e, d, rate = eps r, weight r, rate r

            rated "Adagrad" rate d (Moments.adagrad initial falling e),
            PlainOptimizers.adagrad rate falling initial e d)
        same "Adadelta" (fun r ->
            let rho, e, d, rate = decay r, eps r, weight r, rate r
            rated "Adadelta" rate d (Moments.adadelta rho e), PlainOptimizers.adadelta rate rho e d)
        same "Adamax" (fun r ->
            let b1, b2, e, d, rate = decay r, decay r, eps r, weight r, rate r
            rated "Adamax" rate d (Moments.adamax b1 b2 e), PlainOptimizers.adamax rate b1 b2 e d)
        same "Rprop" (fun r ->
            let shrink, grow, first = between 0.1 0.9 r, between 1.1 3.0 r, power -3.0 0.0 r

            rated "Rprop" 1.0 0.0 (Moments.rpropWith shrink grow 1e-3 0.5 first),
            PlainOptimizers.rprop first shrink grow 1e-3 0.5)
    ]

/// Values that no option takes.
let private nonsense = [ nan; infinity; -infinity; -1.0 ]

let private refusals =
    [
        let options: (string * (float -> unit)) list =
            [
                "sgd rate", Optimizer.sgd >> ignore
                "sgd momentum", (fun v -> Optimizer.sgdWith v 0.0 false 0.0 0.1 |> ignore)
                "sgd dampening", (fun v -> Optimizer.sgdWith 0.9 v false 0.0 0.1 |> ignore)
                "sgd decay", (fun v -> Optimizer.sgdWith 0.9 0.0 false v 0.1 |> ignore)
                "momentum rate", (fun v -> Optimizer.momentum 0.9 v |> ignore)
                "second moment", (fun v -> Optimizer.secondMomentFrom 0.0 v 0.9 0.9 0.1 |> ignore)
                "beta1", (fun v -> Optimizer.adamWith v 0.9 1e-8 0.0 0.1 |> ignore)
                "beta2", (fun v -> Optimizer.adamWith 0.9 v 1e-8 0.0 0.1 |> ignore)
                "epsilon", (fun v -> Optimizer.adamWith 0.9 0.9 v 0.0 0.1 |> ignore)
                "decay", (fun v -> Optimizer.adamW v 0.1 |> ignore)
                "alpha", (fun v -> Optimizer.rmsPropWith v 1e-8 false 0.0 0.1 |> ignore)
                "rmsprop momentum", (fun v -> Optimizer.rmsPropWith 0.9 1e-8 false v 0.1 |> ignore)
                "rate decay", (fun v -> Moments.adagrad 0.0 v 1e-10 |> ignore)
                "initial", (fun v -> Moments.adagrad v 0.0 1e-10 |> ignore)
                "rho", (fun v -> Moments.adadelta v 1e-6 |> ignore)
                "momentum decay", (fun v -> Moments.nadam 0.9 0.9 1e-8 v |> ignore)
                "first step", Optimizer.rprop >> ignore
                "shrink", (fun v -> Moments.rpropWith v 1.2 1e-6 50.0 0.1 |> ignore)
                "grow", (fun v -> Moments.rpropWith 0.5 v 1e-6 50.0 0.1 |> ignore)
                "smallest", (fun v -> Moments.rpropWith 0.5 1.2 v 50.0 0.1 |> ignore)
                "largest", (fun v -> Moments.rpropWith 0.5 1.2 1e-6 v 0.1 |> ignore)
                "lion", (fun v -> Optimizer.lion 0.0 v |> ignore)
                "lamb", (fun v -> Optimizer.lamb v 0.1 |> ignore)
                "lbfgs", (fun v -> Lbfgs.optimizer 5 v |> ignore)
                "clip", Transform.clipByNorm >> ignore
                "average", (fun v -> Wrap.averaged v (Optimizer.sgd 0.1) |> ignore)
                "lookahead", (fun v -> Wrap.lookahead 5 v (Optimizer.sgd 0.1) |> ignore)
                "hinge margin", (fun v -> Loss.hingeEmbedding v Reduction.Mean (lit 1.0) (lit 1.0) |> ignore)
                "triplet margin",
                (fun v ->
                    let e = Expr.constant (Tensor.vector [ 1.0 ])
                    Loss.tripletMargin v 2.0 Reduction.Mean (e, e) e |> ignore)
                "huber", (fun v -> Loss.huber v Reduction.Mean (lit 1.0) (lit 1.0) |> ignore)
                "smoothL1", (fun v -> Loss.smoothL1 v Reduction.Mean (lit 1.0) (lit 1.0) |> ignore)
                "norm epsilon", (fun v -> Norm.layerNormWith { Norm.options with Epsilon = v } 1 |> ignore)
                "norm momentum", (fun v -> Norm.batchNorm1dWith { Norm.options with Momentum = v } |> ignore)
                "dropout", Shaping.dropout >> ignore
                "gain", Init.xavierUniform >> ignore
                "deviation", (fun v -> Init.normal 0.0 v |> ignore)
                "stop tolerance",
                (fun v ->
                    let x = Expr.symbol "x"
                    let rule = { Descent.standard with Tolerance = v }
                    Descent.run rule (Optimizer.sgd 0.1) (x * x) [ x ] [ 1.0 ] |> ignore)
                "minimiser tolerance",
                (fun v ->
                    let x, start = Expr.symbol "x", Tree.ofList [ "x", Tensor.scalar 1.0 ]
                    Classical.bfgs { Classical.options with Tolerance = v } (x * x) start |> ignore)
            ]

        for what, make in options do
            test $"{what}: NaN, infinities and -1 are refused" {
                for value in nonsense do
                    Expect.throwsT<DomainError> (fun () -> make value) $"{value}"
            }

        // What may be negative.
        let signed: (string * (float -> unit)) list =
            [
                "scale", Transform.scale >> ignore
                "first momentum", (fun v -> Optimizer.momentumFrom v 0.9 0.1 |> ignore)
                "slope", (fun v -> Elementwise.leakyRelu v (lit 1.0) |> ignore)
                "alpha of elu", (fun v -> Elementwise.elu v (lit 1.0) |> ignore)
                "constant", Init.constant >> ignore
                "mean", (fun v -> Init.normal v 1.0 |> ignore)
                "bound", (fun v -> Init.uniform v 1.0 |> ignore)
            ]

        for what, make in signed do
            test $"{what}: NaN and infinities are refused, -1 is not" {
                for value in [ nan; infinity; -infinity ] do
                    Expect.throwsT<DomainError> (fun () -> make value) $"{value}"

                make -1.0
            }

        test "Nesterov's momentum wants a momentum and no dampening" {
            let refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
            refused (fun () -> Optimizer.sgdWith 0.0 0.0 true 0.0 0.1)
            refused (fun () -> Optimizer.sgdWith 0.9 0.5 true 0.0 0.1)
        }
    ]

let tests =
    testList
        "Optimizers today"
        [
            test "all 47 cases are there" { Expect.equal all.Length 47 "the number of cases" }
            for number, case in List.indexed all do
                test (title number case) { check case }
            test "without momentum, dampening does nothing" {
                let bowl (p: Tree<Expr>) = Expr.sumAll (p["w"] * p["w"])
                let start = Tree.ofList [ "w", Tensor.scalar 1.0 ]
                let found = OptimizerTests.trajectory 3 (Optimizer.sgdWith 0.0 0.5 false 0.0 0.1) bowl start

                for values, expected in List.zip found [ 0.8; 0.64; 0.512 ] do
                    Expect.floatClose Accuracy.veryHigh (Tensor.toFloat values["w"]) expected ""
            }
            yield! laws
            yield! refusals
        ]
