/// Every optimizer of the reference at each of its 25 steps, to 1e-9, and laws of the transformations.
module DL1.Tests.OptimizerTests

open System.Text.Json
open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Reference
open Expecto

/// A step of an optimizer on an objective, as a function of parameters and state.
let stepOf (optimizer: Optimizer) (objective: Tree<Expr> -> Expr) (like: Tree<Tensor>) =
    let variable (prefix: string) path (t: Tensor) =
        Expr.variable $"{prefix} {path}" t.DType (t.Shape.ToList())

    let parameters = Tree.mapPath (variable "parameter") like
    let start = Optimizer.start optimizer like
    let state = Tree.mapPath (variable "state") start
    let loss, gradients = Grad.valueAndGrad (objective parameters) (Tree.values parameters)
    let next, nextState = optimizer.Update (Tree.ofValues gradients parameters) state parameters
    let inputs = Graph.variables (Tree.values parameters @ Tree.values state)
    let run = Eval.prepare inputs (loss :: Tree.values next @ Tree.values nextState)

    let step (values: Tree<Tensor>, state: Tree<Tensor>) =
        let results = run (Tree.values values @ Tree.values state)
        let moved, rest = List.splitAt values.Count results.Tail
        Tensor.toFloat results.Head, (Tree.ofValues moved values, Tree.ofValues rest nextState)

    step, (like, start)

/// The parameters after each of some steps.
let trajectory count optimizer objective like =
    let step, first = stepOf optimizer objective like
    List.scan (fun s _ -> snd (step s)) first [ 1..count ] |> List.tail |> List.map fst

/// The objective of the reference.
let private valley (p: Tree<Expr>) =
    let w, v = p["w"], p["v"]

    Expr.sumAll (Elementwise.square (1.0 - w))
    + 5.0 * Expr.sumAll (Elementwise.square (v - w * w))
    + 0.1 * Expr.sumAll (sin (3.0 * w))

let private ofCase (name: string) (a: Attributes) : Optimizer =
    let rate = a.Float("lr", 0.0)
    let decay = a.Float("weight_decay", 0.0)

    match name with
    | "sgd" ->
        let momentum = a.Float("momentum", 0.0)
        let dampening, nesterov = a.Float("dampening", 0.0), a.Flag "nesterov"

        if momentum = 0.0 then
            Optimizer.sgd rate
        else
            Optimizer.sgdWith momentum dampening nesterov decay rate
    | "adam" ->
        let betas = a.Find "betas" |> Option.map floats |> Option.defaultValue [ 0.9; 0.999 ]

        if a.Flag "amsgrad" then
            Optimizer.amsgrad rate
        else
            Optimizer.adamWith betas[0] betas[1] (a.Float("eps", 1e-8)) decay rate
    | "adamw" -> Optimizer.adamW decay rate
    | "rmsprop" -> Optimizer.rmsPropWith 0.99 1e-8 (a.Flag "centered") (a.Float("momentum", 0.0)) rate
    | "adagrad" -> Optimizer.adagrad rate
    | "adadelta" -> Optimizer.adadelta rate
    | "adamax" -> Optimizer.adamax rate
    | "radam" -> Optimizer.radam rate
    | "rprop" -> Optimizer.rprop rate
    | "lbfgs" ->
        a.Known [ "max_iter" ]
        Lbfgs.optimizer (a.Int("history_size", 0)) rate
    | other -> failtest $"the reference optimizer {other} has no counterpart"

let private check (case: JsonElement) =
    let attributes = Attributes case
    let optimizer = ofCase (name case) attributes
    attributes.ExpectAllRead()
    let tolerance = if name case = "lbfgs" then 1e-6 else 1e-9
    let like = Tree.ofList [ "w", tensor (case.GetProperty "w0"); "v", tensor (case.GetProperty "v0") ]
    let step, first = stepOf optimizer valley like

    (first, List.indexed [ for s in case.GetProperty("steps").EnumerateArray() -> s ])
    ||> List.fold (fun state (i, expected) ->
        let loss, next = step state
        let values = fst next
        let before = expected.GetProperty("loss_before").GetDouble()
        Expect.isTrue (near tolerance before loss) $"the loss before step {i}: {before}, found {loss}"
        expectClose tolerance (tensor (expected.GetProperty "w")) values["w"] $"w after step {i}"
        expectClose tolerance (tensor (expected.GetProperty "v")) values["v"] $"v after step {i}"
        next)
    |> ignore

let private checkClip (case: JsonElement) =
    let limit = case.GetProperty("attrs").GetProperty("max").GetDouble()
    let list (what: string) = [ for g in case.GetProperty(what).EnumerateArray() -> tensor g ]
    let gradients = list "grads" |> List.mapi (fun i g -> string i, Expr.constant g) |> Tree.ofList

    let transform =
        match name case with
        | "clip_grad_norm" -> Transform.clipByGlobalNorm limit
        | _ -> Transform.clipByValue limit

    let moment = { Step = lit 0.0; Rate = lit 1.0 }
    let clipped, _ = transform.Update moment gradients Tree.empty gradients

    for expected, found in List.zip (list "clipped") (Eval.many [] (Tree.values clipped)) do
        expectClose 1e-12 expected found "clipped"

    match case.TryGetProperty "total_norm" with
    | true, norm ->
        let found = Eval.run [] (Transform.globalNorm gradients) |> Tensor.toFloat
        Expect.isTrue (near 1e-12 (norm.GetDouble()) found) "the norm"
    | false, _ -> ()

let private start =
    Tree.ofList [ "w", Tensor.vector [ 1.5; -0.5; 0.2 ]; "v", Tensor.vector [ 0.3; 0.1; 2.0 ] ]

/// Whatever has options that matter, for laws that hold for all.
let optimizers =
    [
        Optimizer.sgd 0.01
        Optimizer.sgdWith 0.9 0.2 false 0.01 0.01
        Optimizer.momentum 0.8 0.02
        Optimizer.secondMoment 0.5 0.9 0.1
        Optimizer.adam 0.05
        Optimizer.amsgrad 0.05
        Optimizer.adamW 0.1 0.05
        Optimizer.rmsProp 0.02
        Optimizer.adagrad 0.1
        Optimizer.adadelta 1.0
        Optimizer.adamax 0.02
        Optimizer.nadam 0.02
        Optimizer.radam 0.05
        Optimizer.rprop 0.01
        Optimizer.lion 0.01 0.02
        Optimizer.lamb 0.01 0.05
        Lbfgs.optimizer 3 0.1
    ]

let private pick (i: int) = optimizers[int (abs (int64 i)) % optimizers.Length]

// NAdam is PyTorch's of before 2.0 in this file: `CurrentTests` has it as it is today.
let private all = cases "optimizers.json" |> List.filter (fun case -> name case <> "nadam")

let private isClip case = (name case).StartsWith "clip"

let tests =
    testList
        "Optimizer"
        [
            test "all 18 cases are there" { Expect.equal all.Length 18 "the number of cases" }
            for number, case in List.indexed all do
                test (title number case) { (if isClip case then checkClip else check) case }
            test "every optimizer lowers the objective in f32 as in f64" {
                for optimizer in optimizers do
                    for dtype in [ DType.F64; DType.F32 ] do
                        let step, first = stepOf optimizer valley (Tree.map (Tensor.cast dtype) start)
                        let losses = List.scan (fun (_, s) _ -> step s) (step first) [ 1..30 ] |> List.map fst
                        Expect.isLessThan (List.last losses) losses.Head $"{optimizer.Name} {dtype}"
            }
            law "the same gradients and state give the same bits, and leave what they were given" (fun i ->
                let step, (values, state) = stepOf (pick i) valley start
                let before = Tree.toList values, Tree.toList state
                let first, second = step (values, state), step (values, state)
                first = second && (Tree.toList values, Tree.toList state) = before)
            law "n steps and then m are n + m" (fun i (n: byte) (m: byte) ->
                let n, m = int n % 5, int m % 5
                let step, first = stepOf (pick i) valley start
                let go count from = List.fold (fun s _ -> snd (step s)) from [ 1..count ]
                go m (go n first) = go (n + m) first)
            law "a constant schedule is the rate" (fun i ->
                let optimizer = pick i
                let rate = if optimizer.Name = "Rprop" then 1.0 else 0.03

                let byNumber = Optimizer.scheduled (Schedule.constant rate) optimizer

                let bySchedule =
                    Optimizer.scheduled (Schedule.custom "constant" (fun _ -> lit rate)) optimizer

                trajectory 3 byNumber valley start = trajectory 3 bySchedule valley start)
            test "a schedule moves the rate from step to step" {
                let line (p: Tree<Expr>) = Expr.sumAll p["w"]
                let optimizer = Optimizer.sgd 1.0 |> Optimizer.scheduled (Schedule.exponential 0.5 1.0)
                let found = trajectory 3 optimizer line (Tree.ofList [ "w", Tensor.scalar 0.0 ])
                Expect.equal (found |> List.map (fun t -> Tensor.toFloat t["w"])) [ -1.0; -1.5; -1.75 ] ""
            }
            test "Lion's and LAMB's first steps, by hand" {
                let bowl (p: Tree<Expr>) = Expr.sumAll (p["w"] * p["w"])
                let like = Tree.ofList [ "w", Tensor.vector [ 3.0; -4.0 ] ]
                let first optimizer = (trajectory 1 optimizer bowl like).Head["w"]

                expectClose
                    1e-12
                    (Tensor.vector [ 2.87; -3.86 ])
                    (first (Optimizer.lion 0.1 0.1))
                    "sign, and 0.1·w"
                // Adam's first update is the sign; of norm √2, so the step is as long as 0.1·5.
                let side = 0.5 / sqrt 2.0

                expectClose
                    1e-6
                    (Tensor.vector [ 3.0 - side; -4.0 + side ])
                    (first (Optimizer.lamb 0.0 0.1))
                    "5/√2"
            }
            test "Rprop's sizes grow, shrink and stay within their limits" {
                let line (p: Tree<Expr>) = Expr.sumAll p["w"]
                let rprop = Moments.rpropWith 0.5 3.0 0.01 0.5 0.1
                let optimizer = Optimizer.ofTransform "Rprop" (Schedule.constant 1.0) rprop
                let found = trajectory 4 optimizer line (Tree.ofList [ "w", Tensor.scalar 0.0 ])
                let places = 0.0 :: (found |> List.map (fun t -> Tensor.toFloat t["w"]))
                let sizes = List.pairwise places |> List.map (fun (a, b) -> a - b)

                for size, expected in List.zip sizes [ 0.1; 0.3; 0.5; 0.5 ] do
                    Expect.floatClose Accuracy.veryHigh size expected "a size"
            }
            test "wrong options are refused" {
                let refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
                refused (fun () -> Optimizer.adam 0.0)
                refused (fun () -> Optimizer.adamWith 1.0 0.9 1e-8 0.0 0.1)
                refused (fun () -> Optimizer.adamW -1.0 0.1)
                refused (fun () -> Transform.clipByValue 0.0)
                refused (fun () -> Transform.clipByGlobalNorm nan)
                refused (fun () -> Moments.rpropWith 0.5 0.9 1e-6 50.0 0.1)
                refused (fun () -> Lbfgs.optimizer 0 0.1)
            }
        ]
