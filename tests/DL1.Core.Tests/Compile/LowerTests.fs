/// What is done before fusion: the same values, in forms that kernels like.
module DL1.Tests.LowerTests

open System
open DL1
open DL1.Tests.Graphs
open DL1.Tests.Numbers
open DL1.Tests.Training
open Expecto
open DL1.Compiler.Lowering

let private variable name dims = Expr.variable name DType.F64 dims

let private nodes (roots: Expr list) =
    Graph.topological roots |> Array.map (fun e -> Node.name e.Node) |> Array.countBy id |> Map

let private count name roots = nodes roots |> Map.tryFind name |> Option.defaultValue 0

/// The lowered graph of a root, which means the same.
let private lowered (e: Expr) =
    let after = Lower.run [ e ]
    let inputs = Graph.variables [ e ]

    let values =
        inputs
        |> List.mapi (fun i v ->
            if v.DType.IsFloat then
                normal (int64 i) v.DType (v.Shape.ToList())
            else
                Tensor.cast v.DType (Tensor.arange DType.I64 v.Shape.Size)
                |> Tensor.reshape (v.Shape.ToList()))

    for e, f in List.zip (Eval.prepare inputs [ e ] values) (Eval.prepare inputs after values) do
        expectClose 1e-12 e f "the same values"

    after

let private ranks name (roots: Expr list) =
    Graph.topological roots
    |> Array.filter (fun e -> Node.name e.Node = name)
    |> Array.map _.Shape.Rank
    |> List.ofArray

let private matmul = Node.name (Expr.matmul (variable "a" [ 2; 2 ]) (variable "b" [ 2; 2 ])).Node
let private nameOf (e: Expr) = Node.name e.Node
let private x, y = variable "x" [ 3; 4; 5 ], variable "y" [ 3; 4; 5 ]

let tests =
    testList
        "Lower"
        [
            graphLaw 300 "a lowered graph means the same" (fun t ->
                let before = Rewrite.stableAll t.Tame.Roots
                let after = Lower.run before
                List.forall2 (close 1e-9) (Eval.many t.Tame.Values before) (Eval.many t.Tame.Values after))
            test "softmax and logSumExp are opened" {
                Expect.equal (count (nameOf (Expr.softmax 1 x)) (lowered (Expr.softmax 1 x))) 0 "softmax"

                Expect.equal
                    (count (nameOf (Expr.logSumExp 2 x)) (lowered (Expr.logSumExp 2 x)))
                    0
                    "logSumExp"
            }
            test "rows of infinities stay without NaN" {
                let rows = Tensor.ofArray [ 2; 2 ] [| infinity; 1.0; -infinity; -infinity |]
                let v = variable "v" [ 2; 2 ]
                let before = [ Expr.logSumExp 1 v ]
                let run roots = Eval.many [ "v", rows ] roots |> List.map Tensor.toFloats
                Expect.equal (run (Lower.run before)) (run before) "∞ and −∞"
            }
            test "custom nodes and stopped gradients are their values" {
                let custom = Scan.custom "twice" (fun xs -> 2.0 * xs[0]) (fun _ dy -> [ dy ]) [ x ]
                Expect.equal (count (nameOf custom) (lowered (custom + Expr.stopGradient y))) 0 "custom"

                Expect.equal
                    (count (nameOf (Expr.stopGradient y)) (lowered (Expr.stopGradient y)))
                    0
                    "stopped"
            }
            test "a chance test compares whole numbers" {
                for p in [ 0.0; 1e-9; 0.25; 0.3; 0.5; 0.999999; 1.0 ] do
                    let key = Expr.variable "key" DType.I32 [ 2 ]
                    let keep = Draw.bernoulli p [ 1000 ] key
                    let after = lowered keep

                    let comparesWhole =
                        Graph.topological after
                        |> Array.exists (fun e ->
                            match e.Node with
                            | Node.Compare(CompareOp.Lt, a, _) -> a.DType = DType.I32
                            | _ -> false)

                    if p > 0.0 && p < 1.0 then
                        Expect.isTrue comparesWhole $"{p}"
            }
            test "the chance test is right at its border" {
                // A word is kept exactly where its unsigned value is less than p·2³².
                let words = Expr.variable "w" DType.I32 [ 5 ]
                let p = 0.3
                let unsigned = Expr.cast DType.F64 words + 2147483648.0
                let test = unsigned / 4294967296.0 .< lit p
                let edge = int (ceil (p * 4294967296.0) - 2147483648.0)

                let value =
                    Tensor.vector [ edge - 1; edge; edge + 1; System.Int32.MinValue; System.Int32.MaxValue ]

                let run roots = Eval.many [ "w", value ] roots |> List.head |> Tensor.toFloats
                Expect.equal (run (Lower.run [ test ])) (run [ test ]) "at the border"
                Expect.equal (run [ test ]) [| 1.0; 0.0; 0.0; 1.0; 0.0 |] "as it is defined"
            }
            test "labels compared with small constants are compared in single precision, and alike" {
                let border = 16777216L

                let whole =
                    [|
                        for v in [ 0L; 3L; border; 1L <<< 31; 1L <<< 32; 1L <<< 53; Int64.MaxValue ] do
                            for d in [ -1L; 0L; 1L ] do
                                v + d
                                -(v + d)
                    |]

                let x = Expr.variable "x" DType.I64 [ whole.Length ]
                let constants = Tensor.ofArray [ 5 ] [| 0L; 3L; -7L; border - 1L; 1L - border |]
                let row, column = Expr.expandDims -1 x, Expr.constant constants

                for op in
                    [ CompareOp.Eq; CompareOp.Ne; CompareOp.Lt; CompareOp.Le; CompareOp.Gt; CompareOp.Ge ] do
                    for e in [ Expr.compare op row column; Expr.compare op column row ] do
                        let after = Lower.run [ e ]
                        let inputs, values = Graph.variables [ e ], [ Tensor.ofArray [ whole.Length ] whole ]

                        Expect.isTrue
                            (Graph.topological after
                             |> Array.forall (fun e ->
                                 match e.Node with
                                 | Node.Compare(_, x, _) -> x.DType = DType.F32
                                 | _ -> true))
                            $"{op} in single precision"

                        List.zip (Eval.prepare inputs [ e ] values) (Eval.prepare inputs after values)
                        |> List.iter (fun (e, f) ->
                            Expect.equal (Tensor.toFloats f) (Tensor.toFloats e) $"{op}")
            }
            test "labels compared with a constant beyond are compared whole" {
                let x = Expr.variable "x" DType.I64 [ 3 ]
                let far = Expr.constant (Tensor.ofArray [] [| 16777216L |])
                let after = Lower.run [ Expr.equal x far ]
                Expect.equal (count (nameOf (Expr.cast DType.F32 x)) after) 0 "no cast"
            }
            test "elementwise nodes move beneath reshapes with fewer axes" {
                let flat = variable "flat" [ 12; 5 ]
                let after = lowered (tanh (Expr.reshape [ 3; 4; 5 ] flat) * y)
                Expect.equal (ranks (nameOf (tanh x)) after) [ 2 ] "tanh"
                Expect.equal (ranks (nameOf (x * y)) after) [ 2 ] "the product"
            }
            test "a reshaped broadcast is a broadcast" {
                let row = variable "row" [ 5 ]
                let after = lowered (Expr.reshape [ 12; 5 ] (Expr.broadcastTo [ 3; 4; 5 ] row))
                Expect.equal (List.map nameOf after) [ nameOf (Expr.broadcastTo [ 12; 5 ] row) ] "at the root"
            }
            test "folds of axes that a reshape does not touch move beneath it" {
                let flat = variable "flat" [ 12; 5 ]
                let after = lowered (Expr.sum [ 2 ] (Expr.reshape [ 3; 4; 5 ] flat))
                Expect.equal (ranks (nameOf (Expr.sumAll x)) after) [ 1 ] "the fold's result"
            }
            test "folds and transposes of single elements are reshapes" {
                let thin = variable "thin" [ 3; 1; 5 ]
                Expect.equal (count (nameOf (Expr.sum [ 1 ] x)) (lowered (Expr.sum [ 1 ] thin))) 0 "fold"
                let turned = Expr.transpose [ 1; 0; 2 ] thin
                Expect.equal (count (nameOf turned) (lowered turned)) 0 "transpose"
                let real = Expr.transpose [ 2; 1; 0 ] thin
                Expect.equal (count (nameOf real) (lowered real)) 1 "a true transpose stays"
            }
            test "a stack times one matrix is one product" {
                let w, v = variable "w" [ 5; 6 ], variable "v" [ 6; 5 ]
                Expect.equal (ranks matmul (lowered (Expr.matmul x w))) [ 2 ] "a matrix"
                Expect.equal (ranks matmul (lowered (Expr.matmul x v.T))) [ 2 ] "a transposed matrix"
                let own = variable "own" [ 3; 5; 6 ]
                Expect.equal (ranks matmul (lowered (Expr.matmul x own))) [ 3 ] "a stack of matrices stays"
            }
            test "the sum of a stack of products is one product" {
                let left = Expr.transpose [ 0; 2; 1 ] x
                let after = lowered (Expr.sum [ 0 ] (Expr.matmul left y))
                Expect.equal (ranks matmul after) [ 2 ] "one product"
                Expect.equal (count (nameOf (Expr.sumAll x)) after) 0 "and no sum"
            }
            test "a column times a row is an elementwise product" {
                let column, row = variable "column" [ 7; 1 ], variable "row" [ 1; 5 ]
                Expect.equal (count matmul (lowered (Expr.matmul column row))) 0 "of vectors"
                Expect.equal (count matmul (lowered (Expr.matmul row.T column.T))) 0 "transposed"
                let columns, rows = variable "columns" [ 3; 7; 1 ], variable "rows" [ 3; 1; 5 ]
                let after = lowered (Expr.sum [ 0 ] (Expr.matmul columns rows))
                Expect.equal (ranks matmul after) [ 2 ] "the sum of a stack of them is one product"
            }
            test "masks come from relu where it is there" {
                let after = lowered (Expr.where (x .> 0.0) (Expr.relu x) y)

                let masks =
                    Graph.topological after
                    |> Array.choose (fun e ->
                        match e.Node with
                        | Node.Compare(CompareOp.Gt, a, _) -> Some(nameOf a)
                        | _ -> None)

                Expect.equal masks [| nameOf (Expr.relu x) |] "relu x > 0"
                let alone = lowered (Expr.where (x .> 0.0) x y)
                Expect.equal (count (nameOf (Expr.relu x)) alone) 0 "no relu where there was none"
            }
            test "NaN is no more positive beneath relu" {
                let v = variable "v" [ 4 ]
                let value = Tensor.vector [ nan; -0.0; 1.0; -infinity ]
                let roots = [ v .> 0.0; Expr.relu v ]
                let run roots = Eval.many [ "v", value ] roots |> List.map Tensor.toFloats
                Expect.sequenceEqual (run (Lower.run roots)).Head (run roots).Head "the mask"
            }
            test "a sigmoid and its derivative have one exponential" {
                let e = Expr.sigmoid x
                let gradient = Grad.grad (Expr.sumAll (e * e)) [ x ]
                let after = Lower.run (e :: gradient)
                let values = [ normal 3L DType.F64 [ 3; 4; 5 ] ]
                let run roots = Eval.prepare (Graph.variables [ x ]) roots values

                for a, b in List.zip (run (e :: gradient)) (run after) do
                    expectClose 1e-12 a b "the same values"

                let pair = lowered (Expr.sigmoid x * Expr.sigmoid (-x))
                Expect.equal (count (nameOf (Expr.sigmoid x)) pair) 0 "no sigmoid is left"
                Expect.equal (count (nameOf (exp x)) pair) 1 "one exponential"
                Expect.equal (count (nameOf e) (lowered e)) 1 "a sigmoid alone stays"
            }
            test "pairs of sigmoids hold for large arguments" {
                let v = variable "v" [ 7 ]
                let value = Tensor.vector [ -800.0; -40.0; -0.0; 0.0; 40.0; 800.0; infinity ]
                let roots = [ Expr.sigmoid v; Expr.sigmoid (-v) ]
                let run roots = Eval.many [ "v", value ] roots

                for a, b in List.zip (run roots) (run (Lower.run roots)) do
                    expectClose 1e-15 a b ""
            }
        ]
