/// Elementwise nodes of every type, one at a time, against Eval, bit for bit, with operands that are stretched.
module DL1.Tests.ElementwiseLinesTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Memory
open Expecto
open DL1.Compiler.Fusion
open DL1.Compiler.Generic

let private floats =
    [
        UnaryOp.Floor
        UnaryOp.Ceiling
        UnaryOp.Round
        UnaryOp.Exp
        UnaryOp.Expm1
        UnaryOp.Log
        UnaryOp.Log1p
        UnaryOp.Sqrt
        UnaryOp.Rsqrt
        UnaryOp.Reciprocal
        UnaryOp.Sin
        UnaryOp.Cos
        UnaryOp.Tan
        UnaryOp.Asin
        UnaryOp.Acos
        UnaryOp.Atan
        UnaryOp.Sinh
        UnaryOp.Cosh
        UnaryOp.Tanh
        UnaryOp.Sigmoid
        UnaryOp.Softplus
        UnaryOp.Erf
    ]

let private numbers = [ UnaryOp.Neg; UnaryOp.Abs; UnaryOp.Sign; UnaryOp.Relu ]

let private unaries (dtype: DType) =
    if dtype = DType.Bool then [ UnaryOp.Not ]
    elif dtype.IsFloat then numbers @ floats
    else numbers

let private binaries (dtype: DType) =
    if dtype = DType.Bool then
        [ BinaryOp.And; BinaryOp.Or ]
    else
        [ BinaryOp.Add; BinaryOp.Sub; BinaryOp.Mul; BinaryOp.Max; BinaryOp.Min ]
        @ (if dtype.IsFloat then [ BinaryOp.Div; BinaryOp.Pow ] else [])

let private compares (dtype: DType) =
    [ CompareOp.Eq; CompareOp.Ne ]
    @ (if dtype = DType.Bool then
           []
       else
           [ CompareOp.Lt; CompareOp.Le; CompareOp.Gt; CompareOp.Ge ])

/// A tensor that stretches to a shape.
let private stretched (d: Draw) dtype (dims: int list) =
    let kept = dims |> List.map (fun n -> if d.Below 3 = 0 then 1 else n)
    d.Wild(dtype, (if d.Flag then kept else List.skip (d.Below(kept.Length + 1)) kept))

/// A node over operands that are stretched to the shape, by lines that stretch them by strides.
let private check what node (shape: Shape) (operands: Tensor list) (lines: int list list -> RowLoop) =
    let stretch = List.map (Expr.broadcastTo (shape.ToList()))

    let strides (t: Tensor) =
        let view = StridedView.through (List.head (stretch [ Expr.variable "x" t.DType (t.Shape.ToList()) ]))
        List.ofArray view.Strides

    let lines = lines (operands |> List.map strides)
    let at (from: nativeint[]) i = if i < from.Length then from[i] else 0n

    agrees what (stretch >> node) operands (fun threads from into ->
        lines.Run(threads, into, at from 0, at from 1, at from 2))

let private every (d: Draw) dtype (dims: int list) =
    let shape = Shape.ofList dims
    let next dtype = stretched d dtype dims

    for op in unaries dtype do
        check $"%A{op} {dtype}" (fun es -> Expr.unary op es[0]) shape [ next dtype ] (fun s ->
            ElementwiseRows.make (RowOp.Unary op) dtype shape s)

    for op in binaries dtype do
        check
            $"%A{op} {dtype}"
            (fun es -> Expr.binary op es[0] es[1])
            shape
            [ next dtype; next dtype ]
            (fun s -> ElementwiseRows.make (RowOp.Binary op) dtype shape s)

    for op in compares dtype do
        check
            $"%A{op} {dtype}"
            (fun es -> Expr.compare op es[0] es[1])
            shape
            [ next dtype; next dtype ]
            (fun s -> ElementwiseRows.make (RowOp.Compare op) dtype shape s)

    check
        $"where {dtype}"
        (fun es -> Expr.where es[0] es[1] es[2])
        shape
        [ next DType.Bool; next dtype; next dtype ]
        (fun s -> ElementwiseRows.make RowOp.Select dtype shape s)

    for into in DType.all do
        check $"{dtype} to {into}" (fun es -> Expr.cast into es[0]) shape [ next dtype ] (fun s ->
            ElementwiseRows.make (RowOp.Cast into) dtype shape s)

let tests =
    testList
        "Elementwise lines"
        [
            law "every node of every type" (fun seed ->
                let d = Draw seed
                every d d.Type (d.Dims 6))

            test "in several parts" {
                for dtype in DType.all do
                    every (Draw 3) dtype [ 150; 130 ]
                    every (Draw 4) dtype [ 20000 ]
            }
        ]
