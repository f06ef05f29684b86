/// Running sums, places of the largest, and reductions over any axes, against Eval, bit for bit.
module DL1.Tests.AlongKernelTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Memory
open Expecto
open DL1.Compiler.Generic
open DL1.Compiler.Movement

let private along what (node: Expr -> Expr) (kernel: TensorKernel) (x: Tensor) =
    agrees what (fun es -> node es[0]) [ x ] (fun threads from into -> kernel.Run(threads, from[0], into))

let private atAxis (d: Draw) most =
    let dims = d.Between(1, most) :: d.Dims most
    let axis = d.Below dims.Length
    List.updateAt axis (d.Between(1, most)) dims, axis

let private cumSum (x: Tensor) axis reversed =
    along
        $"cumsum {axis} {reversed}"
        (fun e -> Expr.Make(Node.CumSum(axis, reversed, e)))
        (AlongKernels.cumSum x.DType x.Shape axis reversed)
        x

let private argReduce op (x: Tensor) axis =
    along
        $"%A{op} {axis}"
        (fun e -> Expr.Make(Node.ArgReduce(op, axis, e)))
        (AlongKernels.argReduce op x.DType x.Shape axis)
        x

let private argSort (x: Tensor) axis =
    along $"argsort {axis}" (Expr.argSort axis) (AlongKernels.argSort x.DType x.Shape axis) x

let private reduce op (x: Tensor) axes =
    along
        $"%A{op} %A{axes}"
        (fun e -> Expr.Make(Node.Reduce(op, axes, e)))
        (AlongKernels.reduce op x.DType x.Shape axes)
        x

let private ops = [ ReduceOp.Sum; ReduceOp.Prod; ReduceOp.Max; ReduceOp.Min ]

let private draw seed =
    let d = Draw seed
    let dims, axis = atAxis d 9
    let dtype = d.Number
    // Whole numbers have ties.
    d, (if d.Flag then d.Whole(dtype, dims) else d.Wild(dtype, dims)), axis

let tests =
    testList
        "Along kernels"
        [
            law "running sums" (fun seed ->
                let d, x, axis = draw seed
                cumSum x axis d.Flag)

            law "places of the largest and the smallest" (fun seed ->
                let d, x, axis = draw seed
                argReduce (if d.Flag then ArgOp.Max else ArgOp.Min) x axis)

            law "orders" (fun seed ->
                let _, x, axis = draw seed
                argSort x axis)

            law "reductions" (fun seed ->
                let d, x, _ = draw seed
                let axes = [ 0 .. x.Rank - 1 ] |> List.filter (fun _ -> d.Flag)

                for op in ops do
                    let refused = axes |> List.exists (fun axis -> x.Shape[axis] = 0)

                    if not axes.IsEmpty && (op = ReduceOp.Sum || op = ReduceOp.Prod || not refused) then
                        reduce op x axes)

            test "large ones" {
                let d = Draw 11

                for dims, axis in [ [ 300; 200 ], 0; [ 300; 200 ], 1; [ 40; 50; 33 ], 1; [ 40000 ], 0 ] do
                    for dtype in [ DType.F32; DType.F64; DType.I32; DType.I64 ] do
                        let x = d.Whole(dtype, dims)
                        cumSum x axis d.Flag
                        argReduce ArgOp.Max x axis
                        argSort x axis

                        for op in ops do
                            reduce op (d.Wild(dtype, dims)) [ axis ]

                reduce ReduceOp.Sum (d.Wild(DType.F32, [ 40; 50; 33 ])) [ 0; 2 ]
                reduce ReduceOp.Max (d.Whole(DType.F64, [ 40; 50; 33 ])) [ 0; 1; 2 ]
            }
        ]
