/// vmap: a function over a batch is the stack of the function over its examples, for every primitive and for
/// generated graphs, where any part of the inputs is batched and the rest is captured.
module DL1.Tests.BatchTests

open System
open DL1
open DL1.Tests.Graphs
open DL1.Tests.Numbers
open DL1.Tests.Source
open Expecto

/// The elements of a tensor moved on by a number of places: another example, whose indices are in range too.
let private roll by (t: Tensor) =
    let turn (a: 'e[]) =
        Tensor.ofArray (t.Shape.ToList()) (Array.init a.Length (fun i -> a[(i + by) % a.Length]))

    match t.DType with
    | DType.F32 -> turn (t.ToArray<float32>())
    | DType.F64 -> turn (t.ToArray<float>())
    | DType.I32 -> turn (t.ToArray<int>())
    | DType.I64 -> turn (t.ToArray<int64>())
    | DType.Bool -> turn (t.ToArray<bool>())

/// Tensors of one type and shape, one below another.
let stack dtype (shape: Shape) (ts: Tensor list) =
    Tensor.ofElements
        (Shape.insertAxis 0 ts.Length shape)
        (if ts.IsEmpty then
             (Tensor.zeros dtype [ 0 ]).Elements
         else
             Elements.concat (ts |> List.map _.Elements))

/// Batches of 1 to 3, now and then an empty one.
let private sizeOf seed = if seed % 11 = 0 then 0 else 1 + seed % 3

/// Checks that the batched roots are the stacks of the roots over the examples.
let private check tolerance what size seed (roots: Expr list) (values: (string * Tensor) list) =
    // Not the seed of the graph, so that what is batched does not depend on how it was drawn.
    let random = Random(seed * 31 + 17)
    let variables = Graph.variables roots

    let batched =
        match variables |> List.filter (fun _ -> random.Next 2 = 0) with
        | [] -> List.truncate 1 variables
        | some -> some

    if not batched.IsEmpty then
        let valueOf (v: Variable) = values |> List.find (fun (name, _) -> name = v.Name) |> snd
        let examples v = List.init size (fun b -> roll (seed + b) (valueOf v))

        let inputs =
            batched |> List.map (fun v -> Expr.variable ("all " + v.Name) v.DType (size :: v.Shape.ToList()))

        let f args = Rebuild.substitute (List.zip batched args) roots

        let together =
            Eval.many
                (values
                 @ List.map (fun (v: Variable) -> "all " + v.Name, stack v.DType v.Shape (examples v)) batched)
                (Grad.vmap f inputs)

        let apart =
            List.init size (fun b ->
                let chosen = batched |> List.map (fun v -> v.Name, List.item b (examples v))
                Eval.many (values @ chosen) roots)

        for i, root in List.indexed roots do
            let expected = stack root.DType root.Shape (apart |> List.map (List.item i))

            if
                not (
                    Tensor.allClose tolerance 0.0 expected together[i] || close tolerance expected together[i]
                )
            then
                failtest
                    $"{what}: batched {batched |> List.map _.Name}, expected {expected}, found {together[i]}"

let private primitives =
    testList
        "of each primitive"
        [
            for name, maker in Primitives.all ->
                test name {
                    for seed in 1..30 do
                        let e, values = single Wild maker seed
                        check 1e-14 $"draw {seed}" (sizeOf seed) seed [ e ] values
                }
        ]

let private derivatives =
    testList
        "of the vjp of each primitive"
        [
            for name, maker in Primitives.all ->
                test name {
                    for seed in 1..10 do
                        let e, values = single Tame maker seed
                        let wrt = reals [ real e ]
                        let u = directions seed [ e ] |> List.map Expr.constant
                        check 1e-11 $"draw {seed}" (sizeOf seed) seed (Grad.vjp [ real e ] u wrt) values
                }
        ]

let private linear =
    testList
        "composed"
        [
            graphLaw 150 "of generated graphs" (fun (g: WildGraph) ->
                check 1e-12 "graph" (sizeOf g.Wild.Seed) g.Wild.Seed g.Wild.Roots g.Wild.Values)
            test "of a function with captured values" {
                let rows, w = Expr.variable "rows" DType.F64 [ 3; 2 ], Expr.variable "w" DType.F64 [ 2 ]

                let values =
                    [ "rows", Tensor.ofArray [ 3; 2 ] [| 1.0 .. 6.0 |]; "w", Tensor.vector [ 10.0; 1.0 ] ]

                let found = Grad.vmap (fun xs -> [ Linear.dot xs[0] w; w ]) [ rows ] |> Eval.many values
                Expect.equal found[0] (Tensor.vector [ 12.0; 34.0; 56.0 ]) "the inner products"

                Expect.equal
                    found[1]
                    (Tensor.ofArray [ 3; 2 ] [| 10.0; 1.0; 10.0; 1.0; 10.0; 1.0 |])
                    "what is not batched is repeated"
            }
            test "vmap of vmap" {
                let a, b = Expr.variable "a" DType.F64 [ 2; 3 ], Expr.variable "b" DType.F64 [ 4; 3 ]

                let table =
                    Grad.vmap (fun x -> Grad.vmap (fun y -> [ Linear.dot x[0] y[0] ]) [ b ]) [ a ]
                    |> List.head

                let values =
                    [
                        "a", Tensor.ofArray [ 2; 3 ] [| 1.0 .. 6.0 |]
                        "b", Tensor.ofArray [ 4; 3 ] [| 0.5 .. 11.5 |]
                    ]

                let expected = Eval.run values (Expr.matmul a b.T)
                Expect.equal (Eval.run values table) expected "a·b'"
            }
            test "vmap inside a loop, and a loop inside vmap" {
                let xs = Expr.variable "xs" DType.F64 [ 2; 4; 3 ]
                let w = Expr.variable "w" DType.F64 [ 3 ]

                let sums (rows: Expr) =
                    Scan.run (Expr.zerosLike w) rows (fun h x -> let h = tanh (h * w + x) in h, h) |> snd

                let found = Grad.vmap (fun x -> [ sums x[0] ]) [ xs ] |> List.head
                let apart = Expr.stack 0 [ sums (Expr.item 0 0 xs); sums (Expr.item 0 1 xs) ]

                let values =
                    [
                        "xs", Tensor.ofArray [ 2; 4; 3 ] (Array.init 24 (fun i -> sin (float i)))
                        "w", Tensor.vector [ 0.3; -0.5; 1.1 ]
                    ]

                Expect.equal (Eval.run values found) (Eval.run values apart) "the same states"
            }
            test "an index out of range is refused, not read from the next example" {
                let xs = Expr.variable "xs" DType.F64 [ 2; 3 ]
                let i = Expr.variable "i" DType.I64 [ 2 ]
                let picked = Grad.vmap (fun e -> [ Expr.gather 0 e[1] e[0] ]) [ xs; i ]

                let at index =
                    Eval.many
                        [ "xs", Tensor.ofArray [ 2; 3 ] [| 1.0 .. 6.0 |]; "i", Tensor.vector index ]
                        picked

                Expect.equal (at [ 1L; 2L ]) [ Tensor.vector [ 2.0; 6.0 ] ] "in range"
                Expect.throwsT<DomainError> (fun () -> at [ 3L; 0L ] |> ignore) "3 is refused"
            }
        ]

let tests = testList "Batch" [ primitives; derivatives; linear ]
