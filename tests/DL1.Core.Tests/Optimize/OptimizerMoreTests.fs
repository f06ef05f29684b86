/// ASGD, AMSGrad with decoupled decay, maximising and clipping by other norms, against PyTorch.
module DL1.Tests.OptimizerMoreTests

open System.Text.Json
open DL1
open DL1.Tests.Numbers
open DL1.Tests.Reference
open Expecto

let private all = cases "optimizers.more.json"

let private list (case: JsonElement) (what: string) =
    [ for t in case.GetProperty(what).EnumerateArray() -> tensor t ]

/// The parameter and the optimizer's state after each of some gradients.
let private follow prepare (optimizer: Optimizer) (x: Tensor) (gradients: Tensor list) =
    let variable name (t: Tensor) = Expr.variable name t.DType (t.Shape.ToList())
    let tree = Tree.ofList [ "w", variable "w" x ]
    let start = Optimizer.start optimizer (Tree.ofList [ "w", x ])
    let state = Tree.mapPath (fun path t -> variable $"state {path}" t) start
    let given = Tree.ofList [ "w", variable "g" x ]
    let next, nextState = optimizer.Update given state tree
    let inputs = Graph.variables (Tree.values given @ Tree.values tree @ Tree.values state)
    let run: Tensor list -> Tensor list = prepare inputs (Tree.values next @ Tree.values nextState)

    ((x, Tree.values start), gradients)
    ||> List.scan (fun (x, state) (g: Tensor) ->
        let results = run (g :: x :: state)
        results.Head, results.Tail)
    |> List.tail
    |> List.map (fun (x, values) -> x, Tree.ofValues values start)

let private ofCase (name: string) (a: Attributes) =
    let rate, decay = a.Float("lr", 0.0), a.Float("weight_decay", 0.0)

    match name with
    | "asgd" ->
        Optimizer.asgdWith (a.Float("lambd", 1e-4)) (a.Float("alpha", 0.75)) (a.Float("t0", 1e6)) decay rate
    | "adamw_amsgrad" ->
        let betas = a.Find "betas" |> Option.map floats |> Option.defaultValue [ 0.9; 0.999 ]
        Optimizer.amsgradWWith betas[0] betas[1] (a.Float("eps", 1e-8)) decay rate
    | "sgd_maximize" -> Optimizer.sgdWith (a.Float("momentum", 0.0)) 0.0 false decay rate |> Wrap.maximizing
    | other -> failtest $"the reference optimizer {other} has no counterpart"

let private check (case: JsonElement) =
    let attributes = Attributes case
    let optimizer = ofCase (name case) attributes
    attributes.ExpectAllRead()

    for prepare in [ Eval.prepare; Compile.prepare ] do
        let found = follow prepare optimizer (tensor (case.GetProperty "x0")) (list case "gradients")

        for i, (expected, (x, _)) in List.indexed (List.zip (list case "x") found) do
            expectClose 1e-11 expected x $"after step %d{i}"

        for i, (expected, (_, state)) in
            List.indexed (List.zip (list case "means") (if name case = "asgd" then found else [])) do
            let mean = Wrap.averageOf state
            expectClose 1e-11 expected mean["w"] $"the mean after step %d{i}"

let private checkClip (case: JsonElement) =
    let a = Attributes case
    let power = a.Float("power", 2.0)
    let power = if power < 0.0 then infinity else power
    let gradients = list case "grads" |> List.mapi (fun i g -> string i, Expr.constant g) |> Tree.ofList
    let moment = { Step = lit 0.0; Rate = lit 1.0 }
    let transform = Transform.clipByGlobalNormOf power (a.Float("limit", 1.0))
    let clipped, _ = transform.Update moment gradients Tree.empty gradients

    for expected, found in List.zip (list case "clipped") (Eval.many [] (Tree.values clipped)) do
        expectClose 1e-12 expected found "clipped"

let tests =
    testList
        "OptimizerMore"
        [
            test "all 15 cases are there" { Expect.equal all.Length 15 "the number of cases" }
            for number, case in List.indexed all do
                test (title number case) { if name case = "clip" then checkClip case else check case }
            test "what is no option is refused" {
                let refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
                refused (fun () -> Optimizer.asgdWith -1.0 0.75 1e6 0.0 0.1)
                refused (fun () -> Optimizer.asgdWith 1e-4 nan 1e6 0.0 0.1)
                refused (fun () -> Optimizer.asgd 0.0)
                refused (fun () -> Transform.clipByGlobalNormOf 0.0 1.0)
                refused (fun () -> Transform.clipByGlobalNormOf 1.0 0.0)
            }
        ]
