/// Plans: what is compiled means what Eval means.
module DL1.Tests.PlanTests

open System
open DL1
open DL1.Tests.Graphs
open Expecto

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

let private planned generates (g: Graph) =
    let inputs = Graph.variables g.Roots
    let values = inputs |> List.map (fun v -> g.Values |> List.find (fun (name, _) -> name = v.Name) |> snd)
    Plan.run (Plan.make generates inputs g.Roots) (Array.ofList values)

/// What the plan is made of: the graph after the stable rewriting.
let private evaluated (g: Graph) = Eval.many g.Values (Rewrite.stableAll g.Roots)

/// A product's elements are chains of fused multiply-adds, which Eval's are not.
let private hasProduct (g: Graph) =
    Graph.topological (Rewrite.stableAll g.Roots)
    |> Array.exists (fun e ->
        match e.Node with
        | Node.MatMul _ -> e.DType.IsFloat
        | _ -> false)

/// An index out of range is refused by both.
let private tried f =
    try
        Ok(f ())
    with :? DomainError as e ->
        Error e.Operation

let private agrees generates (g: Graph) =
    match tried (fun () -> evaluated g), tried (fun () -> planned generates g) with
    | Ok expected, Ok found -> hasProduct g || List.forall2 sameNumbers expected found
    | Error a, Error b -> a = b
    | _ -> false

/// The steps of a plan by kind.
let private kinds (roots: Expr list) =
    (Plan.make true (Graph.variables roots) roots).Steps
    |> Array.countBy (fun step ->
        match step with
        | PlanStep.Input _ -> "input"
        | PlanStep.Constant _ -> "constant"
        | PlanStep.View _ -> "view"
        | PlanStep.Fused _ -> "fused"
        | PlanStep.Product _ -> "product"
        | PlanStep.Sum _ -> "sum"
        | PlanStep.Defined _ -> "defined")
    |> Map.ofArray

let private variable name dims = Expr.variable name DType.F32 dims

let tests =
    testList
        "Plan"
        [
            graphLaw 500 "without products, the bits are those of Eval" (fun w -> agrees true w.Wild)
            graphLaw 100 "and so they are without generated code" (fun w -> agrees false w.Wild)
            graphLaw 100 "with products, the values are those of Eval but for rounding" (fun t ->
                List.forall2 (Numbers.close 1e-9) (evaluated t.Tame) (planned true t.Tame))
            test "a dense layer and its gradient: products read transposes, elementwise nodes are fused" {
                let x, w, b = variable "x" [ 128; 30 ], variable "w" [ 30; 50 ], variable "b" [ 50 ]
                let loss = Reduce.meanAll (Elementwise.square (tanh (Linear.affine w b x)))
                let roots = loss :: Grad.grad loss [ w; b ]
                let found = kinds roots
                Expect.equal (Map.tryFind "product" found) (Some 2) "forward, and the weights' gradient"
                Expect.isFalse (found.ContainsKey "defined") "nothing is left to Eval"

                let values =
                    [ x; w; b ]
                    |> List.mapi (fun i e ->
                        Key.normal 0.0 1.0 DType.F32 (e.Shape.ToList()) (Key.ofSeed (int64 i)))

                let run () =
                    Plan.run (Plan.make true (Graph.variables [ x; w; b ]) roots) (Array.ofList values)

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

                Expect.isTrue (agrees true g) ""
            }
            test "a missing input is refused" {
                let x, y = Expr.symbol "x", Expr.symbol "y"

                Expect.throwsT<DomainError>
                    (fun () -> Plan.make true (Graph.variables [ x ]) [ x + y ] |> ignore)
                    ""
            }
        ]
