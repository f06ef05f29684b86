/// The layout pass: the same meaning, and nothing moved within an island of convolutions and poolings.
module DL1.Tests.LayoutTests

open System
open System.Collections.Generic
open DL1
open DL1.Tests.Graphs
open DL1.Tests.Law
open Expecto
open DL1.Compiler.Lowering

let private isWindow (e: Expr) =
    match e.Node with
    | Node.Conv _
    | Node.MaxPool _
    | Node.MaxPoolPick _
    | Node.MaxPoolScatter _
    | Node.AvgPool _
    | Node.AvgPoolGrad _ -> true
    | _ -> false

/// Equal bits, but for NaN's; zeros may differ in sign, where a sum of nothing but zeros is in another order.
let private alike (a: Tensor) (b: Tensor) =
    let same (x: float) (y: float) = x = y || (Double.IsNaN x && Double.IsNaN y)

    a.Shape = b.Shape
    && a.DType = b.DType
    && (if a.DType.IsFloat then
            Array.forall2 same (Tensor.toFloats a) (Tensor.toFloats b)
        else
            Tensor.sameBits a b)

/// The windows that a kernel can do with channels inside, by the pattern.
let private recognised (roots: Expr list) =
    let found = HashSet<Digest>()

    for e in Graph.topological roots do
        match e with
        | ChannelsLast.ChannelsLast(inner, _) -> found.Add inner.Digest |> ignore
        | _ -> ()

    found

/// The transposes of three or more axes that move something: not those about a window that is recognised.
let private moves (roots: Expr list) =
    let windows = recognised roots
    let moving = HashSet<Digest>()
    let asked = HashSet<Digest>(roots |> List.map _.Digest)
    let nodes = Graph.topological roots

    for e in nodes do
        if not (windows.Contains e.Digest) then
            for operand in Node.operands e.Node do
                asked.Add operand.Digest |> ignore

    for e in nodes do
        match e, e.Node with
        | ChannelsLast.ChannelsLast _, _ -> ()
        | _, Node.Transpose _ when e.Shape.Rank > 2 && asked.Contains e.Digest ->
            moving.Add e.Digest |> ignore
        | _ -> ()

    moving.Count

let private all (roots: Expr list) =
    let windows = Graph.topological roots |> Array.filter isWindow
    let found = recognised roots
    windows |> Array.forall (fun e -> found.Contains e.Digest)

let private evaluated values roots = Eval.many values roots

/// An index out of range is refused by both.
let private tried f =
    try
        Ok(f ())
    with :? DomainError as e ->
        Error e.Operation

let private agrees alike (g: Graph) =
    let rewritten = ChannelsLast.channelsLast g.Roots

    all rewritten
    && (match
            tried (fun () -> evaluated g.Values g.Roots), tried (fun () -> evaluated g.Values rewritten)
        with
        | Ok expected, Ok found -> List.forall2 alike expected found
        | Error a, Error b -> a = b
        | _ -> false)

let private variable name dims = Expr.variable name DType.F64 dims

/// Small whole numbers for every variable, so that sums are exact in any order.
let private whole (roots: Expr list) =
    Graph.variables roots
    |> List.mapi (fun seed v ->
        let values = Array.init v.Shape.Size (fun i -> float ((i * 31 + seed * 17) % 7 - 3))

        let value =
            if v.Name = "key" then
                Key.toTensor (Key.ofSeed 5L)
            else
                Tensor.ofArray (v.Shape.ToList()) values

        v.Name, Tensor.cast v.DType value)

let private options = Convolution.options
let private padded = { options with Padding = [ 1 ] }

/// A network of layers that keep whole numbers whole, over one or two spatial axes.
let private network (seed: uint32) =
    let pick = Random(int (seed % 1000003u))
    let axes = 1 + pick.Next 2
    let mutable weights = []

    let fresh dims =
        let w = variable $"w{weights.Length}" dims
        weights <- w :: weights
        w

    let spatial (x: Expr) = List.skip 2 (x.Shape.ToList())
    let ones = List.replicate axes 1
    let key = Expr.variable "key" DType.I32 [ 2 ]

    let layer (x: Expr) =
        let c = x.Shape[1]
        let large = List.forall (fun d -> d >= 2) (spatial x)

        match pick.Next 16 with
        | 0 -> Convolution.conv padded x (fresh (1 + pick.Next 3 :: c :: List.replicate axes 3))
        | 1 -> Convolution.conv { padded with Groups = c } x (fresh (c :: 1 :: List.replicate axes 3))
        | 2 when large -> Convolution.maxPool [ 2 ] options x
        | 3 when large -> Convolution.avgPool [ 2 ] { options with Stride = [ 1 ] } x
        | 4 -> Expr.relu x
        | 5 -> Convolution.addBias (fresh [ c ]) x
        | 6 -> x * Expr.reshape (1 :: c :: ones) (fresh [ c ])
        | 7 -> x + Expr.broadcastTo (x.Shape.ToList()) (fresh (x.Shape[0] :: c :: ones))
        | 8 -> Expr.concat 1 [ x; Expr.stopGradient (-x) ]
        | 9 -> Expr.padWith (List.replicate (axes + 2) { Before = 0; After = 1; Between = 0 }) 1.0 x
        | 10 -> Expr.where (Expr.randomBits 3 (x.Shape.ToList()) key .> 0.0) x (Expr.zerosLike x)
        | 11 -> x - Reduce.keepDims Expr.max [ 1 ] x
        | 12 -> Expr.reverse [ 2 ] x
        | 13 -> Expr.sliceAxis -1 0 ((x.Shape[axes + 1] + 1) / 2) x
        | 14 ->
            Convolution.convTranspose
                { options with Stride = [ 2 ] }
                []
                x
                (fresh (c :: 2 :: List.replicate axes 2))
        | _ -> Expr.where (Expr.broadcastTo (x.Shape.ToList()) (Expr.sum [ 0 ] x) .> 0.0) x (x + x)

    let x = variable "x" (2 :: 1 + pick.Next 3 :: List.init axes (fun _ -> 2 + pick.Next 3))
    let mutable y = Convolution.conv padded x (fresh (2 :: x.Shape[1] :: List.replicate axes 3))

    for _ in 1 .. 1 + pick.Next 4 do
        y <- layer y

    let loss = Expr.sumAll y
    let middle = Expr.sum [ 0; 2 ] y
    let moved = Expr.transpose (List.rev [ 0 .. axes + 1 ]) y
    [ y; middle; moved; loss ] @ Grad.grad loss (x :: weights)

let private exact =
    law "a network and its gradient mean the same, on whole numbers" (fun (seed: uint32) ->
        let roots = network seed
        let rewritten = ChannelsLast.channelsLast roots
        let values = whole roots

        Expect.isTrue (all rewritten) "every window is recognised"

        for i, (expected, found) in
            List.zip (evaluated values roots) (evaluated values rewritten) |> List.indexed do
            if not (alike expected found) then
                failtest $"root {i}: {expected} became {found}, from %A{roots[i]}")

/// Batch norm over all but the channels, as it is in training.
let private batchNorm (gamma: Expr) (beta: Expr) (x: Expr) =
    let axes = [ 0; 2; 3 ]
    let mean = Reduce.keepDims Reduce.mean axes x
    let spread = Expr.rsqrt (Reduce.keepDims (Reduce.variance 0) axes x + 1e-5)
    let channels (v: Expr) = Expr.reshape [ 1; v.Shape[0]; 1; 1 ] v
    (x - mean) * spread * channels gamma + channels beta

/// conv, batch norm, relu, pool, dropout, conv, relu, pool, flatten, linear: the loss and its gradients.
let private training channels drops =
    let x = variable "x" [ 4; channels; 8; 8 ]
    let w1, w2 = variable "w1" [ 5; channels; 3; 3 ], variable "w2" [ 6; 5; 3; 3 ]
    let gamma, beta = variable "gamma" [ 5 ], variable "beta" [ 5 ]
    let b2 = variable "b2" [ 6 ]
    let w3, b3 = variable "w3" [ 24; 10 ], variable "b3" [ 10 ]
    let label = variable "label" [ 4; 10 ]
    let key = Expr.variable "key" DType.I32 [ 2 ]

    let hidden =
        Convolution.conv padded x w1
        |> batchNorm gamma beta
        |> Expr.relu
        |> Convolution.maxPool [ 2 ] options

    let hidden =
        if drops then
            let kept = Draw.bernoulli 0.5 (hidden.Shape.ToList()) key
            Expr.where kept (hidden * 2.0) (Expr.zerosLike hidden)
        else
            hidden

    let features =
        Convolution.conv padded hidden w2
        |> Convolution.addBias b2
        |> Expr.relu
        |> Convolution.maxPool [ 2 ] options
        |> Expr.reshape [ 4; 24 ]

    let loss = -(Reduce.meanAll (label * Reduce.logSoftmax 1 (Linear.affine w3 b3 features)))
    let parameters = [ w1; gamma; beta; w2; b2; w3; b3 ]
    loss :: List.map2 (fun (p: Expr) g -> p - 0.01 * g) parameters (Grad.grad loss parameters)

let private islands =
    test
        "in a training step, the image, the flattened features and their gradient are moved, and nothing else" {
        for rewrite in [ id; Rewrite.stableAll ] do
            let step channels drops = training channels drops |> rewrite |> ChannelsLast.channelsLast
            Expect.equal (moves (step 3 false)) 3 "the image in, features out, their gradient in"
            Expect.equal (moves (step 1 false)) 2 "an image of one channel is the same either way"
            Expect.equal (moves (step 3 true)) 4 "and what dropout keeps, which is drawn in the graph's order"
            Expect.isTrue (all (step 3 true)) "every window is recognised"

            let kept (roots: Expr list) = Graph.topological roots |> Array.filter isWindow |> Array.length

            Expect.equal (kept (step 3 true)) (kept (training 3 true)) "none is done twice"
            let roots = training 3 true
            let values = whole roots

            for expected, found in List.zip (evaluated values roots) (evaluated values (step 3 true)) do
                Numbers.expectClose 1e-9 expected found "the same values"
    }

let private untouched =
    test "a graph without convolutions and poolings stays, node for node" {
        let x = variable "x" [ 2; 3; 4; 5 ]
        let roots = [ Expr.transpose [ 0; 2; 3; 1 ] (Expr.relu x); Expr.sum [ 1 ] x ]
        let found = ChannelsLast.channelsLast roots

        Expect.isTrue
            (List.forall2 (fun (a: Expr) b -> obj.ReferenceEquals(a, b)) roots found)
            "the same references"
    }

let private given =
    test "data that is channels last already is not moved" {
        let x = variable "x" [ 2; 5; 6; 3 ]
        let w = variable "w" [ 4; 3; 3; 3 ]
        let first = Expr.transpose [ 0; 3; 1; 2 ] x

        let y =
            Convolution.conv padded first w
            |> Expr.relu
            |> Convolution.avgPool [ 2 ] options
            |> Expr.transpose [ 0; 2; 3; 1 ]

        let roots = ChannelsLast.channelsLast [ y ]
        Expect.equal (moves roots) 0 "nothing moves"
        let pooled = Convolution.avgPool [ 5; 6 ] options (Convolution.conv padded first w)
        let flat = ChannelsLast.channelsLast [ Expr.reshape [ 2; 4 ] pooled ]
        Expect.equal (moves flat) 0 "nor where one place is left"
    }

let private pattern =
    test "the pattern gives a window's node and its operands, channels last" {
        let x, w = variable "x" [ 2; 3; 5; 6 ], variable "w" [ 4; 3; 3; 3 ]
        let y = Convolution.conv padded x w

        match List.head (ChannelsLast.channelsLast [ Expr.transpose [ 0; 2; 3; 1 ] y ]) with
        | ChannelsLast.ChannelsLast(inner, [ data; weights ]) ->
            Expect.equal (data.Shape.ToList()) [ 2; 5; 6; 3 ] "data"
            Expect.equal weights.Digest w.Digest "weights as they are"
            Expect.equal inner.Shape y.Shape "the node in the graph's layout"
        | other -> failtest $"not recognised: {other}"

        match y, Expr.transpose [ 0; 2; 3; 1 ] y with
        | ChannelsLast.ChannelsLast _, _
        | _, ChannelsLast.ChannelsLast _ -> failtest "data with channels first is recognised"
        | _ -> ()
    }

let private deep =
    test "a chain of 20,000 nodes" {
        let x, w = variable "x" [ 1; 1; 2; 2 ], variable "w" [ 1; 1; 1; 1 ]
        let mutable y = Convolution.conv options x w
        let mutable z = Expr.broadcastTo [ 1; 1; 2; 2 ] (variable "b" [ 1 ])

        for i in 1..10000 do
            y <- Expr.relu (-y)
            z <- -z + float i

        Expect.equal (moves (ChannelsLast.channelsLast [ y + z ])) 0 "nothing moves"
    }

let tests =
    testList
        "layout"
        [
            exact
            graphLaw 300 "graphs of everything mean the same" (fun w ->
                // Where sums of large numbers are in another order, they differ.
                agrees (Numbers.close 1e-9) w.Tame)
            islands
            untouched
            given
            pattern
            deep
        ]
