/// A plan computes the same bits whatever the order that its roots are given in.
module DL1.Tests.RootOrderTests

open System
open DL1
open DL1.Tests.Graphs
open DL1.Tests.Training
open Expecto
open DL1.Compiler.Simd

let private shuffled (seed: int) (xs: 'a list) =
    let random = Random seed
    xs |> List.sortBy (fun _ -> random.Next())

/// The results by root, for roots in some order; bits of the same root are compared.
let private sameInOrders (inputs: Variable list) (values: Tensor list) (roots: Expr list) =
    let run (roots: Expr list) = List.zip roots (Compile.prepareOn Simd.widest true 2 inputs roots values)

    let expected = run roots

    List.rev roots :: [ for seed in 1..4 -> shuffled seed roots ]
    |> List.forall (fun order ->
        run order
        |> List.forall (fun (root, found) ->
            let _, value = expected |> List.find (fun (r, _) -> r.Digest = root.Digest)
            Tensor.sameBits value found))

let tests =
    testList
        "Order of roots"
        [
            for name, step in
                [
                    "perceptron", perceptron DType.F32 33 17 20
                    "convolutional", convolutional DType.F32
                    "recurrent", recurrent DType.F32
                ] do
                test $"a step of a {name} has the same bits in every order of its roots" {
                    let values = List.map snd step.State @ List.ofArray step.Batch
                    Expect.isTrue (sameInOrders step.Variables values step.Roots) "bits by root"
                }
            graphLaw 100 "generated graphs have the same bits in every order of their roots" (fun w ->
                let g = w.WideSingle
                let inputs = Graph.variables g.Roots

                let values =
                    inputs
                    |> List.map (fun v -> g.Values |> List.find (fun (name, _) -> name = v.Name) |> snd)

                // What is inside may be wanted, too.
                let inner =
                    Graph.topological g.Roots
                    |> Array.filter (fun e -> e.DType.IsFloat && not (Node.operands e.Node).IsEmpty)
                    |> Array.truncate 4
                    |> List.ofArray

                sameInOrders inputs values (List.distinctBy (fun (e: Expr) -> e.Digest) (g.Roots @ inner)))
        ]
