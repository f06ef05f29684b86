/// Digests: equal content, equal digest; any difference, another; the same in every process.
module DL1.Tests.DigestTests

open System.Collections.Generic
open DL1
open DL1.Tests.Graphs
open Expecto

/// All nodes of graphs, bodies of loops and rules too.
let private everything (roots: Expr list) =
    let order = Graph.topological roots

    let bodies =
        order
        |> List.ofArray
        |> List.collect (fun e ->
            match e.Node with
            | Node.Scan(_, call) -> call.Body.Next @ call.Body.Outputs
            | Node.Custom(rule, _) -> rule.Value :: rule.Gradients
            | _ -> [])

    Graph.topological (roots @ bodies)

/// Rebuilds an expression from nothing.
let private rebuilt (root: Expr) =
    let results = Dictionary<Digest, Expr>()

    for e in Graph.topological [ root ] do
        results[e.Digest] <- Expr.Make(Node.map (fun (o: Expr) -> results[o.Digest]) e.Node)

    results[root.Digest]

/// The content of a node in words, with its operands' digests: what the digest stands for.
let private content (e: Expr) =
    let bits (t: Tensor) =
        match t.DType with
        | DType.F32 ->
            t.ToArray<float32>()
            |> Array.map (System.BitConverter.SingleToInt32Bits >> string)
            |> String.concat ","
        | DType.F64 ->
            t.ToArray<float>()
            |> Array.map (System.BitConverter.DoubleToInt64Bits >> string)
            |> String.concat ","
        | DType.I32 -> t.ToArray<int>() |> Array.map string |> String.concat ","
        | DType.I64 -> t.ToArray<int64>() |> Array.map string |> String.concat ","
        | DType.Bool -> t.ToArray<bool>() |> Array.map string |> String.concat ","

    let attribute (name: string, a: Attribute<Expr>) =
        match a with
        | Attribute.Value t -> $"{t.DType} {t.Shape} {bits t}"
        | Attribute.Graphs es -> es |> List.map (fun e -> string e.Digest) |> String.concat ","
        | Attribute.Float v -> string (System.BitConverter.DoubleToInt64Bits v)
        | Attribute.Variables vs ->
            vs |> List.map (fun v -> $"{v.Name} {v.DType} {v.Shape}") |> String.concat ","
        | Attribute.Int n -> $"{name} {n}"
        | Attribute.Ints ns -> $"{name} {ns}"
        | Attribute.Flag b -> $"{name} {b}"
        | Attribute.Text s -> $"{name} {s}"
        | Attribute.Type t -> $"{name} {t}"
        | Attribute.Dims s -> $"{name} {s}"

    let attributes = Attributes.ofNode e.Node |> List.map attribute |> String.concat ";"
    let operands = Node.operands e.Node |> List.map (fun o -> string o.Digest) |> String.concat " "
    $"{Node.name e.Node} {e.DType} {e.Shape} ({attributes}) {operands}"

let private x = Expr.variable "x" DType.F32 [ 2; 2 ]
let private y = Expr.variable "y" DType.F32 [ 2; 2 ]
let private image = Expr.variable "image" DType.F32 [ 1; 2; 6; 6 ]
let private weights = Expr.variable "weights" DType.F32 [ 2; 2; 3; 3 ]
let private i = Expr.variable "i" DType.I32 [ 2 ]

let private conv o = Convolution.conv o image weights
let private pool o = Convolution.maxPool [ 2 ] o image
let private loop reversed f = Scan.many reversed 2 [ Expr.item 0 0 x ] [ x ] f |> fst |> List.head

/// Neighbours that differ in one thing each; no two may share a digest.
let private different =
    [
        x
        y
        Expr.variable "x" DType.F64 [ 2; 2 ]
        Expr.variable "x" DType.F32 [ 4 ]
        Expr.variable "x" DType.F32 [ 2; 2; 1 ]
        x - y
        y - x
        x + y
        x * y
        Expr.maximum x y
        x .< y
        x .<= y
        y .< x
        sin x
        cos x
        Expr.cast DType.F64 x
        Expr.cast DType.I32 x
        Expr.sum [ 0 ] x
        Expr.sum [ 1 ] x
        Expr.sum [ 0; 1 ] x
        Expr.max [ 0 ] x
        Expr.argMax 0 x
        Expr.argMin 0 x
        Expr.argMax 1 x
        Expr.cumSum 0 x
        Expr.cumSum 1 x
        Expr.Make(Node.CumSum(0, true, x))
        Expr.argSort 0 x
        Expr.argSort 1 x
        Expr.softmax 0 x
        Expr.softmax 1 x
        Expr.logSumExp 0 x
        Expr.logSumExp 1 x
        Expr.reshape [ 4 ] x
        Expr.reshape [ 4; 1 ] x
        Expr.reshape [ 1; 4 ] x
        x.T
        Expr.reverse [ 0 ] x
        Expr.reverse [ 1 ] x
        Expr.slice [ 0; 0 ] [ 1; 2 ] [ 1; 1 ] x
        Expr.slice [ 0; 0 ] [ 1; 2 ] [ 2; 1 ] x
        Expr.slice [ 1; 0 ] [ 2; 2 ] [ 1; 1 ] x
        Expr.pad [ 1; 0 ] [ 0; 0 ] 0.0 x
        Expr.pad [ 0; 1 ] [ 0; 0 ] 0.0 x
        Expr.pad [ 0; 0 ] [ 1; 0 ] 0.0 x
        Expr.pad [ 1; 0 ] [ 0; 0 ] 1.0 x
        Expr.pad [ 1; 0 ] [ 0; 0 ] -0.0 x
        Expr.concat 0 [ x; y ]
        Expr.concat 1 [ x; y ]
        Expr.concat 0 [ y; x ]
        Expr.concat 0 [ x; x ]
        Expr.concat 0 [ x; x; x ]
        Expr.gather 0 i x
        Expr.gather 1 i x
        Expr.scatterAdd 0 2 i x
        Expr.scatterAdd 0 3 i x
        Expr.scatterAdd 1 2 i x
        conv Convolution.options
        conv { Convolution.options with Stride = [ 2 ] }
        conv { Convolution.options with Stride = [ 1; 2 ] }
        conv { Convolution.options with Padding = [ 1 ] }
        conv { Convolution.options with Dilation = [ 2 ] }
        pool Convolution.options
        pool { Convolution.options with Stride = [ 1 ] }
        Convolution.maxPool [ 3 ] Convolution.options image
        Convolution.avgPool [ 2 ] Convolution.options image
        Expr.randomBits 0 [ 2 ] i
        Expr.randomBits 1 [ 2 ] i
        Expr.randomBits 0 [ 3 ] i
        loop false (fun s x -> [ s[0] * x[0] ], [])
        loop true (fun s x -> [ s[0] * x[0] ], [])
        loop false (fun s x -> [ x[0] * s[0] ], [])
        Expr.stopGradient x
        Expr.stopGradient y
        Scan.custom "a" List.head (fun _ dy -> [ dy ]) [ x ]
        Scan.custom "b" List.head (fun _ dy -> [ dy ]) [ x ]
        Scan.custom "a" List.head (fun _ dy -> [ -dy ]) [ x ]
        Expr.constant (Tensor.scalar 0.0)
        Expr.constant (Tensor.scalar -0.0)
        Expr.constant (Tensor.scalar 0.0f)
        Expr.constant (Tensor.scalar 0)
        Expr.constant (Tensor.scalar 0L)
        Expr.constant (Tensor.scalar false)
        Expr.constant (Tensor.vector [ 0.0 ])
        Expr.constant (Tensor.vector [ 0.0; 0.0 ])
        Expr.constant (Tensor.zeros DType.F32 [ 0 ])
        Expr.constant (Tensor.zeros DType.F32 [ 0; 1 ])
    ]

/// Digests once written down: a change would invalidate every cache that outlives a process.
let private approved =
    [
        "a scalar variable", Expr.symbol "x", "f1308a8e5d1bae431deb5ceed7d52cb8"
        "a polynomial", (Expr.symbol "x" - 2.0) ** 2.0 + 3.0, "e8e5ff5c471903090e1f2e20c8749dfc"
        "a layer",
        tanh (
            Linear.affine
                (Expr.variable "w" DType.F32 [ 3; 4 ])
                (Expr.variable "b" DType.F32 [ 4 ])
                (Expr.variable "x" DType.F32 [ 8; 3 ])
        ),
        "606966778dca2f8287c160cbbdf21e06"
    ]

let tests =
    testList
        "Digest"
        [
            graphLaw 150 "what is built again is equal" (fun (g: WildGraph) ->
                g.Wild.Roots
                |> List.forall (fun e -> rebuilt e = e && (rebuilt e).GetHashCode() = e.GetHashCode()))
            test "nodes of different content have different digests, over all generated graphs" {
                let byDigest = Dictionary<Digest, string>()

                for seed in 1..150 do
                    for e in everything (make Source.Wild seed 30).Roots do
                        let mine = content e

                        match byDigest.TryGetValue e.Digest with
                        | true, other -> Expect.equal mine other "one digest, one content"
                        | false, _ -> byDigest[e.Digest] <- mine

                let contents = byDigest.Values |> Seq.distinct |> Seq.length
                Expect.equal contents byDigest.Count "one content, one digest"
            }
            test "anything changed is another digest" {
                for (n, a), (m, b) in List.allPairs (List.indexed different) (List.indexed different) do
                    if (n = m) <> (a = b) then
                        failtest $"number {n} ({content a}) beside number {m} ({content b})"
            }
            test "the same loop written twice is one" {
                let other =
                    Scan.many false 2 [ Expr.item 0 0 x ] [ x ] (fun carry slice ->
                        [ carry[0] * slice[0] ], [])

                Expect.equal (fst other).Head (loop false (fun s x -> [ s[0] * x[0] ], [])) "equal"
            }
            for name, e, digest in approved do
                test $"approved: {name}" { Expect.equal (string e.Digest) digest "the digest" }
            test "one name with two meanings is refused" {
                let other = Expr.variable "x" DType.F64 [ 2; 2 ]

                let error =
                    Expect.throwsC (fun () -> Graph.variables [ Expr.cast DType.F64 x + other ] |> ignore) id

                Expect.isTrue (error :? ShapeError) "a ShapeError"

                Expect.stringContains
                    error.Message
                    "two variables named x: f32 [2, 2] and f64 [2, 2]"
                    "both are shown"

                Expect.throwsT<ShapeError>
                    (fun () -> Eval.run [] (Expr.cast DType.F64 x + other) |> ignore)
                    "by Eval too"
            }
        ]
