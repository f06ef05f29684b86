/// What makes a derivative one: it is linear, and that of a composition is the composition of the derivatives.
module DL1.Tests.LinearityTests

open DL1
open DL1.Tests.Graphs
open DL1.Tests.Numbers
open DL1.Tests.Source
open Expecto

let private constants = List.map Expr.constant

let private agree (g: Graph) tolerance (a: Expr list) (b: Expr list) =
    List.forall2 (close tolerance) (Eval.many g.Values a) (Eval.many g.Values b)

let private scalar (g: Graph) = g.Roots |> List.map weighted |> List.fold (+) (lit 0.0)

let private combine (a: float) (b: float) = List.map2 (fun (x: Expr) (y: Expr) -> a * x + b * y)

let private linear =
    testList
        "the derivative is linear"
        [
            graphLaw 100 "in the function" (fun (g: TameGraph) (Modest a) (Modest b) ->
                let g = g.Tame
                let f, h = scalar g, sin (scalar g) * scalar g
                let wrt = reals g.Roots

                agree
                    g
                    1e-12
                    (Grad.grad (a * f + b * h) wrt)
                    (combine a b (Grad.grad f wrt) (Grad.grad h wrt)))
            graphLaw 100 "in the tangents" (fun (g: TameGraph) (Modest a) (Modest b) ->
                let g = g.Tame
                let wrt = reals g.Roots
                let v, w = constants (directions 1 wrt), constants (directions 2 wrt)
                let along v = Grad.jvp g.Roots wrt v
                agree g 1e-12 (along (combine a b v w)) (combine a b (along v) (along w)))
            graphLaw 100 "in the cotangents" (fun (g: TameGraph) (Modest a) (Modest b) ->
                let g = g.Tame
                let wrt = reals g.Roots
                let v, w = constants (directions 1 g.Roots), constants (directions 2 g.Roots)
                let back u = Grad.vjp g.Roots u wrt
                agree g 1e-12 (back (combine a b v w)) (combine a b (back v) (back w)))
        ]

let private smooth =
    [
        sin
        cos
        tanh
        atan
        Expr.sigmoid
        Expr.softplus
        Expr.erf
        (fun x -> x * x)
        (fun x -> Expr.softmax -1 (Expr.expandDims 0 x) |> Expr.squeeze [ 0 ])
    ]

/// A function of one expression, composed of smooth ones: its shape stays.
let private outer seed (x: Expr) =
    let source = Source(seed, Tame, true)
    let flat = Expr.reshape [ x.Shape.Size ] x
    let mutable y = flat

    for _ in 1..3 do
        y <- source.Pick smooth y

    Expr.reshape (x.Shape.ToList()) (y + flat)

/// The roots whose values are finite: where g is infinite, df at g times a tangent of 0 is no number.
let private finite (g: Graph) =
    List.zip g.Roots (Eval.many g.Values g.Roots)
    |> List.filter (fun (_, value) -> Tensor.toFloats value |> Array.forall System.Double.IsFinite)
    |> List.map fst

let private chain =
    testList
        "d(f∘g) = (df∘g)·dg"
        [
            graphLaw 150 "forward" (fun (graph: TameGraph) ->
                let graph = graph.Tame
                let wrt = reals graph.Roots
                let v = constants (directions 1 wrt)

                finite graph
                |> List.forall (fun g ->
                    let z = { Name = "z"; DType = g.DType; Shape = g.Shape }
                    let f = outer graph.Seed (Expr.ofVariable z)
                    let inner = Grad.jvp [ g ] wrt v
                    let d = { z with Name = "dz" }
                    let df = Grad.jvp [ f ] [ Expr.ofVariable z ] [ Expr.ofVariable d ]
                    let composed = Rebuild.substitute [ z, g; d, inner.Head ] df
                    agree graph 1e-12 (Grad.jvp [ outer graph.Seed g ] wrt v) composed))
            graphLaw 150 "backward" (fun (graph: TameGraph) ->
                let graph = graph.Tame
                let wrt = reals graph.Roots

                finite graph
                |> List.forall (fun g ->
                    let u = constants (directions 1 [ g ])
                    let z = { Name = "z"; DType = g.DType; Shape = g.Shape }
                    let df = Grad.vjp [ outer graph.Seed (Expr.ofVariable z) ] u [ Expr.ofVariable z ]
                    let composed = Grad.vjp [ g ] (Rebuild.substitute [ z, g ] df) wrt
                    agree graph 1e-12 (Grad.vjp [ outer graph.Seed g ] u wrt) composed))
        ]

let tests = testList "the derivative" [ linear; chain ]
