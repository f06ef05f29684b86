/// Long chains and heavy sharing: nothing overflows the stack, and nothing grows faster than the graph.
module DL1.Tests.DeepTests

open DL1
open Expecto

let private x = Expr.symbol "x"

let private chain (length: int) (start: Expr) =
    let mutable y = start

    for i in 1..length do
        y <- if i % 2 = 0 then sin y else y * 1.0000001

    y

let private count (roots: Expr list) = (Graph.topological roots).Length
let private value (e: Expr) = Eval.run [ "x", Tensor.scalar 0.3 ] e |> Tensor.toFloat
let private length = 100_000

/// The nodes of what is made from a chain, for two lengths: ten times the chain, at most ten times the nodes.
let private linear name (make: Expr -> Expr list) =
    test $"{name} of a long chain grows with its length" {
        let nodes n = count (make (chain n x))
        let short, long = nodes 1_000, nodes 10_000
        Expect.isLessThan long (10 * short + 100) $"{short} nodes for 1,000, {long} for 10,000"
        Expect.isLessThan short 12_000 "a few nodes for each"
    }

let private gradient (y: Expr) = Grad.grad y [ x ]
let private tangent (y: Expr) = Grad.jvp [ y ] [ x ] [ lit 1.0 ]

/// The chain's derivative, by the chain rule on numbers.
let private exact n =
    let mutable v, d = 0.3, 1.0

    for i in 1..n do
        if i % 2 = 0 then
            d <- d * cos v
            v <- sin v
        else
            d <- d * 1.0000001
            v <- v * 1.0000001

    v, d

let private hundredThousand =
    test "100,000 nodes in a chain build, evaluate, differentiate both ways, and batch" {
        let y = chain length x
        let v, d = exact length
        Expect.equal (count [ y ]) (length + 2) "a node for each step, the variable and the factor"
        Expect.equal (value y) v "the value"
        Expect.floatClose Accuracy.high (value (gradient y).Head) d "reverse"
        Expect.floatClose Accuracy.high (value (tangent y).Head) d "forward"
        let xs = Expr.variable "xs" DType.F64 [ 2 ]

        let batched =
            Grad.vmap (fun e -> [ chain length e[0] ]) [ xs ]
            |> Eval.many [ "xs", Tensor.vector [ 0.3; 0.3 ] ]

        Expect.equal batched [ Tensor.vector [ v; v ] ] "batched"
        Expect.equal (Graph.variables [ y ]).Length 1 "its variables"

        Expect.equal
            (Rebuild.substitute [ { Name = "x"; DType = DType.F64; Shape = Shape.Scalar }, x ] [ y ])
            [ y ]
            "substituted"
    }

let private doubling depth =
    let mutable y = x

    for _ in 1..depth do
        y <- y * y

    y

let private shared =
    test "squared 60 times, a graph of 61 nodes stays small in all its derivatives" {
        let y = doubling 60
        Expect.equal (count [ y ]) 61 "the graph"
        Expect.isLessThan (count (gradient y)) 400 "the gradient"
        Expect.isLessThan (count (tangent y)) 400 "the tangent"
        Expect.isLessThan (count [ Grad.hessian y x ]) 3000 "the Hessian"

        Expect.equal
            (Eval.run [ "x", Tensor.scalar 1.0 ] (gradient y).Head |> Tensor.toFloat)
            (2.0 ** 60.0)
            "2⁶⁰ at 1"
    }

let private wide =
    test "a sum of 20,000 terms over one variable" {
        let y = List.init 20_000 (fun i -> x * float i) |> List.fold (+) (lit 0.0)
        Expect.equal (value (gradient y).Head) (float (19_999 * 20_000 / 2)) "the sum of all factors"
    }

let private loops =
    test "the graph of a loop does not grow with its steps" {
        let nodes steps =
            let xs = Expr.variable "xs" DType.F64 [ steps ]
            let h = Scan.run x xs (fun h v -> let n = sin (h * v) in n, n) |> fst
            count (Grad.grad h [ x; xs ])

        Expect.equal (nodes 1_000) (nodes 3) "as many for 1,000 as for 3"
    }

let tests =
    testList
        "deep graphs"
        [
            hundredThousand
            shared
            wide
            loops
            linear "the gradient" gradient
            linear "the tangent" tangent
            linear "the second derivative" (fun y -> Grad.grad (gradient y).Head [ x ])
            linear "the batch" (fun y ->
                Grad.vmap
                    (fun xs ->
                        Rebuild.substitute
                            [ { Name = "x"; DType = DType.F64; Shape = Shape.Scalar }, xs[0] ]
                            [ y ])
                    [ Expr.variable "xs" DType.F64 [ 3 ] ])
        ]
