/// Plans: what is compiled means what Eval means.
module DL1.Tests.PlanTests

open System
open System.Collections.Generic
open DL1
open DL1.Tests.Graphs
open Expecto
open DL1.Compiler.Execution
open DL1.Compiler.FusedLoop
open DL1.Compiler.Planning
open DL1.Compiler.Simd

let private sameNumbers (a: Tensor) (b: Tensor) =
    let same (x: float) (y: float) =
        BitConverter.DoubleToInt64Bits x = BitConverter.DoubleToInt64Bits y
        || (Double.IsNaN x && Double.IsNaN y)

    a.Shape = b.Shape
    && a.DType = b.DType
    && (if a.DType.IsFloat then
            Array.forall2 same (Tensor.toFloats a) (Tensor.toFloats b)
        else
            Tensor.sameBits a b)

let private cut grain width generates threads (g: Graph) =
    let inputs = Graph.variables g.Roots
    let values = inputs |> List.map (fun v -> g.Values |> List.find (fun (name, _) -> name = v.Name) |> snd)
    let options = { Threads = threads; DynamicCode = generates; CheckFinite = false }
    Compile.prepareBy grain width options inputs g.Roots values

let private planned width generates threads g = cut Frame.UsualGrain width generates threads g

/// Cut into parts of hardly anything, so that threads share every fold into few.
let private shared width generates threads g = cut 1L width generates threads g

let private plan (roots: Expr list) =
    Plan.makeFor 0 true (CodeCache.get Simd.widest true) (Graph.variables roots) roots

/// What the plan is made of: the graph after the stable rewriting.
let private evaluated (g: Graph) = Eval.many g.Values (Rewrite.stableAll g.Roots)

/// Whether Eval's bits are the plan's: arithmetic, comparison, selection and movement, but no function that is
/// approximated, and no sum or product of many.
let private isExact (e: Expr) =
    match e.Node with
    | Node.Unary(op, _) ->
        match op with
        | UnaryOp.Neg
        | UnaryOp.Abs
        | UnaryOp.Sign
        | UnaryOp.Floor
        | UnaryOp.Ceiling
        | UnaryOp.Round
        | UnaryOp.Sqrt
        | UnaryOp.Reciprocal
        | UnaryOp.Relu
        | UnaryOp.Not -> true
        | _ -> e.DType.IsInteger
    | Node.Binary(op, _, _) -> op <> BinaryOp.Pow
    | Node.Reduce(op, _, x) -> not x.DType.IsFloat || op = ReduceOp.Max || op = ReduceOp.Min
    | Node.ScatterAdd _ -> not e.DType.IsFloat
    | Node.MatMul _
    | Node.Softmax _
    | Node.LogSumExp _
    | Node.Conv _
    | Node.AvgPool _
    | Node.AvgPoolGrad _
    | Node.Custom _
    | Node.Scan _ -> false
    | _ -> true

/// The last nodes of a graph behind which everything is exact.
let private exactParts (roots: Expr list) : Expr list =
    let order = Graph.topological (Rewrite.stableAll roots)
    let exact = HashSet<Digest>()

    for e in order do
        if isExact e && Node.operands e.Node |> List.forall (fun o -> exact.Contains o.Digest) then
            exact.Add e.Digest |> ignore

    order
    |> Array.filter (fun e -> exact.Contains e.Digest)
    |> Array.rev
    |> Array.truncate 8
    |> List.ofArray

/// An index out of range is refused by both.
let private tried f =
    try
        Ok(f ())
    with :? DomainError as e ->
        Error e.Operation

let private agrees (expected: Graph -> Tensor list) (found: Graph -> Tensor list) (g: Graph) =
    match tried (fun () -> expected g), tried (fun () -> found g) with
    | Ok expected, Ok found -> List.forall2 sameNumbers expected found
    | Error a, Error b -> a = b
    | _ -> false

let private usual = planned Simd.widest true 2

/// The kernels of a plan by kind.
let private kinds (roots: Expr list) =
    (plan roots).Steps
    |> Array.countBy (fun step ->
        match step.Work with
        | Work.FusedLoop _ -> "pass"
        | Work.Gemm _ -> "product"
        | Work.BackToBack _ -> "chain"
        | Work.Static _ -> "static"
        | Work.Copy _ -> "copy"
        | Work.Channels _ -> "channels"
        | Work.Scan _ -> "loop"
        | Work.Defined _ -> "defined")
    |> Map.ofArray

let private variable name dims = Expr.variable name DType.F32 dims

let tests =
    testList
        "Plan"
        [
            graphLaw 500 "where nothing is approximated, the bits are those of Eval" (fun w ->
                agrees evaluated usual { w.Wild with Roots = exactParts w.Wild.Roots })
            graphLaw 300 "interpreted passes have the bits of emitted ones" (fun w ->
                agrees (planned Simd.widest false 1) usual w.Wild)
            graphLaw 200 "every width has the same bits" (fun w ->
                agrees (planned Width.Bits128 true 1) usual w.Wild
                && agrees (planned Width.Bits512 true 2) usual w.Wild)
            graphLaw 500 "the values are those of Eval but for rounding" (fun t ->
                List.forall2 (Numbers.close 1e-9) (evaluated t.Tame) (usual t.Tame))
            graphLaw
                300
                "around the lanes of vectors the bits are those of Eval, where nothing is approximated"
                (fun w -> agrees evaluated usual { w.WideWild with Roots = exactParts w.WideWild.Roots })
            graphLaw
                200
                "around the lanes of vectors all widths and threads have the same bits, emitted or not"
                (fun w ->
                    [
                        planned Width.Bits128 true 1
                        planned Width.Bits256 true 3
                        planned Width.Bits512 true 2
                        planned Simd.widest false 2
                    ]
                    |> List.forall (fun other -> agrees other usual w.WideWild))
            graphLaw 300 "around the lanes of vectors the values are those of Eval but for rounding" (fun t ->
                List.forall2 (Numbers.close 1e-9) (evaluated t.WideTame) (usual t.WideTame))
            graphLaw 300 "so are those of f32" (fun t ->
                List.forall2 (Numbers.close 1e-3) (evaluated t.WideSingle) (usual t.WideSingle))
            graphLaw 300 "in many shares the bits are those of Eval, where nothing is approximated" (fun w ->
                agrees
                    evaluated
                    (shared Simd.widest true 2)
                    { w.WideWild with Roots = exactParts w.WideWild.Roots })
            graphLaw 200 "in many shares all widths and threads have the same bits, emitted or not" (fun w ->
                [ shared Width.Bits128 true 1; shared Width.Bits256 true 3; shared Simd.widest false 2 ]
                |> List.forall (fun other -> agrees other (shared Width.Bits512 true 2) w.WideWild))
            graphLaw 300 "in many shares the values are those of Eval but for rounding" (fun t ->
                List.forall2
                    (Numbers.close 1e-9)
                    (evaluated t.WideTame)
                    (shared Simd.widest true 2 t.WideTame))
            graphLaw 300 "so are those of f32 in many shares" (fun t ->
                List.forall2
                    (Numbers.close 1e-3)
                    (evaluated t.WideSingle)
                    (shared Simd.widest true 2 t.WideSingle))
            test "convolutions read and write channels first where nothing else wants them last" {
                let x, w, b =
                    variable "x" [ 3; 5; 12; 11 ], variable "w" [ 18; 5; 3; 3 ], variable "b" [ 18; 1; 1 ]

                let v = variable "v" [ 7; 18; 3; 3 ]

                let conv data weights =
                    Convolution.conv { Convolution.options with Padding = [ 1 ] } data weights

                let one = Expr.relu (conv x w + b)
                let two = conv one v
                let loss = Reduce.meanAll (Elementwise.square two)

                for roots, copies in
                    [ [ conv x w ], 0; [ one ], 0; [ two ], 0; two :: Grad.grad loss [ x; w; v ], 1 ] do
                    let found = kinds roots
                    Expect.equal (Map.tryFind "copy" found |> Option.defaultValue 0) copies $"{roots}"
                    let inputs = Graph.variables roots

                    let values =
                        inputs
                        |> List.mapi (fun i v ->
                            Key.normal 0.0 1.0 DType.F32 (v.Shape.ToList()) (Key.ofSeed (int64 i)))

                    for e, f in
                        List.zip (Eval.prepare inputs roots values) (Compile.prepare inputs roots values) do
                        Expect.isTrue (Numbers.close 1e-4 e f) $"{roots}"
            }
            test "erf and its derivative share an exponential" {
                let x, g = variable "x" [ 100 ], variable "g" [ 100 ]
                let y = Elementwise.gelu x

                match [ for step in (plan (y :: Grad.vjp [ y ] [ g ] [ x ])).Steps -> step.Work ] with
                | [ Work.FusedLoop job ] ->
                    Expect.equal job.Weight 9 "1, and 4 for each function: exp and erf"
                | others -> failtest $"{others.Length} kernels"
            }
            test "a dense layer and its gradient: products read transposes, elementwise nodes are fused" {
                let x, w, b = variable "x" [ 128; 30 ], variable "w" [ 30; 50 ], variable "b" [ 50 ]
                let loss = Reduce.meanAll (Elementwise.square (tanh (Linear.affine w b x)))
                let roots = loss :: Grad.grad loss [ w; b ]
                let found = kinds roots
                Expect.equal (Map.tryFind "product" found) (Some 2) "forward, and the weights' gradient"

                Expect.equal
                    (found.Count, Map.tryFind "pass" found)
                    (2, Some 2)
                    "and passes for the loss and the bias"

                let values =
                    [ x; w; b ]
                    |> List.mapi (fun i e ->
                        Key.normal 0.0 1.0 DType.F32 (e.Shape.ToList()) (Key.ofSeed (int64 i)))

                let run () = Compile.prepare (Graph.variables [ x; w; b ]) roots values

                let expected = Eval.many (List.zip [ "x"; "w"; "b" ] values) roots

                for e, v in List.zip expected (run ()) do
                    Expect.isTrue (Numbers.close 1e-5 e v) "close to Eval"

                Expect.isTrue (List.forall2 Tensor.sameBits (run ()) (run ())) "the same bits every time"
            }
            test "a chain of 100,000 nodes is planned in pieces" {
                let x = Expr.variable "x" DType.F64 [ 3 ]
                let chain = Seq.fold (fun (e: Expr) _ -> sin e) x (seq { 1..100_000 })

                let g =
                    {
                        Seed = 0
                        Count = 0
                        Roots = [ chain ]
                        Values = [ "x", Tensor.vector [ 0.1; 1.0; 2.0 ] ]
                    }

                Expect.isTrue (List.forall2 (Numbers.close 1e-9) (evaluated g) (usual g)) ""
            }
            test "a missing input is refused" {
                let x, y = Expr.symbol "x", Expr.symbol "y"

                Expect.throwsT<DomainError>
                    (fun () -> Compile.prepare (Graph.variables [ x ]) [ x + y ] |> ignore)
                    ""
            }
        ]
