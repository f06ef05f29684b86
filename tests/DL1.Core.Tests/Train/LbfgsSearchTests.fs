/// L-BFGS with a line search, against PyTorch's paths.
module DL1.Tests.LbfgsSearchTests

open System.Text.Json
open DL1
open DL1.Tests.Learners
open DL1.Tests.Numbers
open DL1.Tests.Reference
open Expecto

let private rosenbrock (p: Tree<Expr>) =
    let x = p["x"]
    let n = x.Shape[0]
    let low, high = Expr.sliceAxis 0 0 (n - 1) x, Expr.sliceAxis 0 1 n x

    Expr.sumAll (100.0 * Elementwise.square (high - Elementwise.square low) + Elementwise.square (1.0 - low))

let private features =
    Tensor.ofArray
        [ 5; 3 ]
        [| 1.0; 2.0; -1.0; 0.5; -1.0; 2.0; -2.0; 1.0; 0.3; 1.5; 0.2; 0.7; -0.4; -1.2; 1.0 |]
    |> Expr.constant

let private labels = Tensor.vector [ 1.0; 0.0; 0.0; 1.0; 1.0 ] |> Expr.constant

let private logistic (p: Tree<Expr>) =
    let x = p["x"]
    let z = Expr.reshape [ 5 ] (Expr.matmul features (Expr.reshape [ 3; 1 ] x))

    Reduce.mean [ 0 ] (log (1.0 + exp z) - labels * z) + 0.01 * Expr.sumAll (x * x)

let private check (case: JsonElement) =
    let objective = if name case = "rosenbrock" then rosenbrock else logistic
    let start = Tree.ofList [ "x", Tensor.vector (floats (case.GetProperty "start")) ]
    let path = [ for p in case.GetProperty("path").EnumerateArray() -> Tensor.vector (floats p) ]
    let evaluations = ints (case.GetProperty "evaluations")

    let run iterations =
        LbfgsSearch.minimize
            { LbfgsSearch.options with
                Iterations = iterations
                Evaluations = 10000
                History = case.GetProperty("history").GetInt32()
                Rate = case.GetProperty("rate").GetDouble()
                SearchesLine = case.GetProperty("search").GetBoolean()
            }
            objective
            start

    for i, expected in List.indexed path do
        let found = run (i + 1)
        // Rounding grows with the iterations of a path that turns.
        expectClose 1e-6 expected found.Parameters["x"] $"after iteration %d{i + 1}"

        if case.GetProperty("search").GetBoolean() then
            Expect.equal found.Evaluations evaluations[i] $"evaluations after iteration %d{i + 1}"

    let values = floats (case.GetProperty "values")

    for expected, found in List.zip values (run path.Length).Values.Tail do
        Expect.isTrue (near 1e-6 expected found) "the values"

let private bowl (p: Tree<Expr>) = Expr.sumAll (Elementwise.square (p["w"] - 2.0))
let private start = Tree.ofList [ "w", Tensor.vector [ 5.0; -3.0 ] ]

let tests =
    testList
        "LbfgsSearch"
        [
            let all = cases "lbfgs.search.json"
            test "all 12 paths are there" { Expect.equal all.Length 12 "" }

            for number, case in List.indexed all do
                test $"path %d{number} of {name case}" { check case }

            test "a bowl's bottom is found, and why it ended is told" {
                let found = LbfgsSearch.minimize LbfgsSearch.options bowl start
                expectClose 1e-9 (Tensor.vector [ 2.0; 2.0 ]) found.Parameters["w"] "the bottom"
                Expect.equal found.End LbfgsEnd.Level "level"
                let again = LbfgsSearch.minimize LbfgsSearch.options bowl found.Parameters
                Expect.equal (again.End, again.Evaluations) (LbfgsEnd.Level, 1) "at the bottom"

                let few =
                    LbfgsSearch.minimize
                        { LbfgsSearch.options with Iterations = 1 }
                        rosenbrock
                        (Tree.ofList [ "x", Tensor.vector [ -1.2; 1.0 ] ])

                Expect.equal (few.End, few.Values.Length) (LbfgsEnd.UsedUp, 2) "used up"
            }

            test "a value that is not finite counts as too far" {
                // Below 0 there is no logarithm: the first step goes there.
                let wall (p: Tree<Expr>) = Expr.sumAll (p["w"] - 0.1 * log p["w"])
                let near = Tree.ofList [ "w", Tensor.vector [ 0.5 ] ]
                let found = LbfgsSearch.minimize LbfgsSearch.options wall near
                expectClose 1e-6 (Tensor.vector [ 0.1 ]) found.Parameters["w"] "behind the wall"
            }

            test "what cannot be minimised is refused" {
                let refused options objective start =
                    Expect.throwsT<DomainError>
                        (fun () -> LbfgsSearch.minimize options objective start |> ignore)
                        ""

                refused { LbfgsSearch.options with Rate = 0.0 } bowl start
                refused { LbfgsSearch.options with Iterations = 0 } bowl start
                refused { LbfgsSearch.options with Evaluations = 0 } bowl start
                refused { LbfgsSearch.options with History = 0 } bowl start
                refused { LbfgsSearch.options with ChangeTolerance = nan } bowl start
                refused { LbfgsSearch.options with GradientTolerance = -1.0 } bowl start
                refused LbfgsSearch.options bowl Tree.empty
                refused LbfgsSearch.options (fun p -> Expr.sumAll (log (p["w"] - 10.0))) start
            }

            test "a regression is solved as by the normal equations" {
                let x = Key.normal 0.0 1.0 DType.F64 [ 30; 3 ] (Key.ofSeed 1L)
                let noise = Key.normal 0.0 0.1 DType.F64 [ 30; 1 ] (Key.ofSeed 2L)

                let y =
                    Tensor.compute2
                        (fun x noise ->
                            Expr.matmul x (Expr.constant (Tensor.ofArray [ 3; 1 ] [| 1.0; -2.0; 0.5 |]))
                            + 3.0
                            + noise)
                        x
                        noise

                let learner =
                    Learner.create (Dense.linear 1) (Loss.mse Reduction.Mean) (Optimizer.sgd 0.1)
                    |> Learner.typed DType.F64

                let options = { LbfgsSearch.options with ChangeTolerance = 0.0; GradientTolerance = 1e-8 }
                let trained, found = FullBatch.lbfgs options (Key.ofSeed 3L) learner (Dataset(x, y))
                Expect.equal found.End LbfgsEnd.Level "solved"
                let residual = Tensor.compute2 (fun p y -> p - y) (Trained.predict x trained) y

                let products =
                    Tensor.compute2 (fun x r -> Expr.matmul (Expr.transpose [ 1; 0 ] x) r) x residual

                Expect.isLessThan
                    (Tensor.toFloats products |> Array.map abs |> Array.max)
                    1e-6
                    "residuals are orthogonal"

                Expect.isTrue (Hostile.sameTree found.Parameters trained.Parameters) "the parameters"
            }

            test "a predicate of frozen parameters that changes its mind is asked once" {
                let mutable asked = 0

                let learner =
                    { learner with
                        Trains =
                            fun _ ->
                                asked <- asked + 1
                                asked % 3 <> 0
                    }

                let trained, found =
                    FullBatch.lbfgs
                        { LbfgsSearch.options with Iterations = 3 }
                        (Key.ofSeed 1L)
                        learner
                        (clouds 1L 20)

                Expect.isTrue (Hostile.sameTree found.Parameters trained.Parameters) "the parameters"
            }

            test "a result without values has a text" {
                let none = { Parameters = Tree.empty; Values = []; Evaluations = 0; End = LbfgsEnd.Level }
                Expect.equal (string none) "no value after 0 iterations and 0 evaluations (Level)" "text"
            }

            test "frozen parameters, penalties, dropout and layer state" {
                let data = clouds 1L 40

                let learner =
                    learner
                    |> Learner.freeze (fun path -> path.StartsWith "0.")
                    |> Learner.penalized (Penalty.l2 1e-3 Penalty.weights)

                let options = { LbfgsSearch.options with Iterations = 15 }
                let trained, found = FullBatch.lbfgs options (Key.ofSeed 4L) learner data
                let first = Step.startOn learner (Key.ofSeed 4L) data
                let own = Tree.filter (fun (path: string) -> path.StartsWith "0.")
                Expect.isTrue (Hostile.sameTree (own trained.Parameters) (own first.Parameters)) "frozen"
                Expect.isLessThan (List.last found.Values) (0.5 * found.Values.Head) "it falls"
                Expect.isFalse (Hostile.sameTree trained.State first.State) "the statistics of the batch"
                let again, _ = FullBatch.lbfgs options (Key.ofSeed 4L) learner data
                Expect.isTrue (Hostile.sameTree again.Parameters trained.Parameters) "the same bits"
            }
        ]
