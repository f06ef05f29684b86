/// Optimizers around optimizers, against what they stand for.
module DL1.Tests.WrapTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.OptimizerTests
open Expecto

let private bowl (p: Tree<Expr>) =
    Expr.sumAll (Elementwise.square (p["w"] - 1.0)) + 3.0 * Expr.sumAll (p["v"] * p["v"])

let private start = Tree.ofList [ "w", Tensor.vector [ 1.5; -0.5 ]; "v", Tensor.vector [ 0.3 ] ]
let private isW (path: string) = path = "w"
let private anything (_: string) = true
let private pick (i: int) = optimizers[int (abs (int64 i)) % optimizers.Length]

let private same (a: Tree<Tensor> list) (b: Tree<Tensor> list) =
    List.forall2
        (fun (x: Tree<Tensor>) y ->
            Tree.zip x y |> Tree.values |> List.forall (fun (p, q) -> close 1e-12 p q))
        a
        b

let tests =
    testList
        "Wrap"
        [
            law "one group is the optimizer itself" (fun i ->
                trajectory 3 (Wrap.groups [ anything, pick i ]) bowl start = trajectory 3 (pick i) bowl start)
            test "each group goes by its own optimizer, a frozen one not at all" {
                let optimizer = Wrap.groups [ isW, Optimizer.sgd 0.1; anything, Optimizer.adam 0.01 ]

                let both, w, v =
                    trajectory 4 optimizer bowl start,
                    trajectory 4 (Optimizer.sgd 0.1) bowl start,
                    trajectory 4 (Optimizer.adam 0.01) bowl start

                Expect.equal (both |> List.map (fun t -> t["w"])) (w |> List.map (fun t -> t["w"])) "SGD"
                Expect.equal (both |> List.map (fun t -> t["v"])) (v |> List.map (fun t -> t["v"])) "Adam"

                for values in trajectory 3 (Wrap.only isW (Optimizer.adam 0.1)) bowl start do
                    Expect.equal values["v"] start["v"] "frozen"
                    Expect.notEqual values["w"] start["w"] "trained"
            }
            law "accumulating over calls of one gradient is one update" (fun i (size: byte) ->
                let size = 1 + int size % 4
                let many = trajectory (2 * size) (Wrap.accumulate size (pick i)) bowl start

                let ends =
                    many |> List.indexed |> List.filter (fun (k, _) -> (k + 1) % size = 0) |> List.map snd

                let rests = many |> List.truncate (size - 1)
                same ends (trajectory 2 (pick i) bowl start) && rests |> List.forall (fun t -> t = start))
            law "a lookahead all the way is the optimizer itself" (fun i ->
                same
                    (trajectory 4 (Wrap.lookahead 2 1.0 (pick i)) bowl start)
                    (trajectory 4 (pick i) bowl start))
            law
                "an average from an update on is the mean of the parameters after some of them"
                (fun (first: byte) (every: byte) ->
                    let first, every = 1 + int first % 4, 1 + int every % 3
                    let averaged = Wrap.averagedFrom first every (Optimizer.adam 0.1)
                    let step, state = stepOf averaged bowl start
                    let path = trajectory 8 (Optimizer.adam 0.1) bowl start |> Array.ofList

                    List.scan (fun s _ -> snd (step s)) state [ 1..8 ]
                    |> List.tail
                    |> List.indexed
                    |> List.forall (fun (i, (p, s)) ->
                        let taken = [ for k in first..every .. i + 1 -> path[k - 1] ]
                        let taken = if i + 1 < first then [ path[i] ] else taken
                        let added = Tree.map2 (fun a b -> Tensor.compute2 (fun x y -> x + y) a b)
                        let sum = taken |> List.reduce added

                        let mean =
                            sum |> Tree.map (fun t -> Tensor.compute (fun x -> x / float taken.Length) t)

                        same [ mean; path[i] ] [ Wrap.averageOf s; p ]))
            test "a lookahead goes back half the way" {
                let fast = trajectory 2 (Optimizer.sgd 0.1) bowl start |> List.last
                let found = trajectory 2 (Wrap.lookahead 2 0.5 (Optimizer.sgd 0.1)) bowl start |> List.last

                let half =
                    Array.map2
                        (fun a b -> (a + b) / 2.0)
                        (Tensor.toFloats start["w"])
                        (Tensor.toFloats fast["w"])

                expectClose 1e-12 (Tensor.vector half) found["w"] ""
            }
            test "the average follows, and does not disturb" {
                let step, first = stepOf (Wrap.averaged 0.9 (Optimizer.sgd 0.1)) bowl start
                let states = List.scan (fun s _ -> snd (step s)) first [ 1..4 ]
                let plain = start :: trajectory 4 (Optimizer.sgd 0.1) bowl start
                Expect.equal (states |> List.map fst) plain "the parameters"

                let expected =
                    plain.Tail
                    |> List.fold
                        (fun a (p: Tree<Tensor>) ->
                            Array.map2 (fun a x -> 0.9 * a + 0.1 * x) a (Tensor.toFloats p["w"]))
                        (Tensor.toFloats start["w"])

                let average = Wrap.averageOf (snd (List.last states))
                expectClose 1e-12 (Tensor.vector expected) average["w"] "the average"
            }
            test "the average is found inside other wrappers" {
                let average optimizer =
                    let step, first = stepOf optimizer bowl start
                    let states = List.scan (fun s _ -> snd (step s)) first [ 1..4 ]
                    Wrap.averageOf (snd (List.last states))

                let averaged = Wrap.averaged 0.9 (Optimizer.adam 0.1)
                let expected = average averaged

                for wrap in
                    [
                        Wrap.after Transform.identity
                        Wrap.accumulate 1
                        (fun o -> Wrap.groups [ anything, o ])
                        Wrap.lookahead 9 0.5
                        Wrap.only anything
                        Wrap.after (Transform.scale 1.0) >> Wrap.accumulate 1 >> Wrap.lookahead 9 0.5
                    ] do
                    let found = average (wrap averaged)
                    Expect.equal (Tree.paths found) (Tree.paths expected) "paths"
                    Expect.isTrue (same [ found ] [ expected ]) "values"

                let parts = Wrap.groups [ isW, averaged; anything, averaged ]
                Expect.isTrue (same [ expected ] [ average parts ]) "of groups"

                Expect.throwsT<DomainError> (fun () -> average (Optimizer.adam 0.1) |> ignore) "no average"
            }
            test "clipping before an optimizer" {
                let line (p: Tree<Expr>) = 30.0 * Expr.sumAll p["w"] + 40.0 * Expr.sumAll p["v"]
                let like = Tree.ofList [ "w", Tensor.scalar 0.0; "v", Tensor.scalar 0.0 ]
                let clipped limit = Optimizer.sgd 1.0 |> Wrap.after limit

                let first optimizer =
                    (trajectory 1 optimizer line like).Head |> Tree.values |> List.map Tensor.toFloat

                for a, b in List.zip (first (clipped (Transform.clipByGlobalNorm 5.0))) [ -3.0; -4.0 ] do
                    Expect.floatClose Accuracy.high a b "one norm"

                for a in first (clipped (Transform.clipByNorm 1.0)) do
                    Expect.floatClose Accuracy.high a -1.0 "each norm"

                Expect.equal (first (clipped (Transform.scale 0.5))) [ -15.0; -20.0 ] "scaled"
                Expect.equal (first (clipped Transform.identity)) [ -30.0; -40.0 ] "as it is"
                let onlyV = Transform.masked (fun path -> path = "v") (Transform.clipByValue 1.0)
                Expect.equal (first (clipped onlyV)) [ -30.0; -1.0 ] "by name"
            }
            law "a schedule reaches the optimizer inside" (fun i ->
                let slow = Schedule.custom "slow" (fun _ -> lit 0.002)
                let inside = Optimizer.scheduled slow (pick i)
                let wrap o = o |> Wrap.after Transform.identity |> Wrap.averaged 0.5 |> Wrap.accumulate 1

                trajectory 2 (Optimizer.scheduled slow (wrap (pick i))) bowl start =
                    trajectory 2 (wrap inside) bowl start)
            test "wrong options are refused" {
                let refused f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
                refused (fun () -> Wrap.accumulate 0 (Optimizer.sgd 0.1))
                refused (fun () -> Wrap.lookahead 1 0.0 (Optimizer.sgd 0.1))
                refused (fun () -> Wrap.averaged 1.0 (Optimizer.sgd 0.1))
                refused (fun () -> Optimizer.start (Wrap.only (fun _ -> false) (Optimizer.sgd 0.1)) start)
                refused (fun () -> Optimizer.start (Wrap.groups [ isW, Optimizer.sgd 0.1 ]) start)
                refused (fun () -> Wrap.after (Moments.adam 0.9 0.999 1e-8) (Optimizer.sgd 0.1))
            }
        ]
