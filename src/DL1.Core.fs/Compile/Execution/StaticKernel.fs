namespace DL1.Compiler.Execution

open DL1
open DL1.Compiler.Generic
open DL1.Compiler.Lowering
open DL1.Compiler.Movement

/// A kernel that calls `run` with the number of threads, the addresses of the operands and the address of the result.
[<Sealed>]
type internal CallKernel(frame: Frame, run: int -> nativeint[] -> nativeint -> unit, reads: int[], write: int)
    =
    inherit Kernel()
    let from: nativeint[] = Array.zeroCreate reads.Length

    override _.Run() =
        for i in 0 .. reads.Length - 1 do
            from[i] <- frame.Addresses[reads[i]]

        run frame.Threads from frame.Addresses[write]

/// Nodes that are computed whole by a precompiled kernel: movement, running sums, sorting, random words, and
/// elementwise nodes and reductions that no fused loop takes (such as those of i64).
[<RequireQualifiedAccess>]
module internal StaticKernel =

    /// A function that computes a node from the number of threads, the addresses of its operands and the address of its
    /// result; `None` where there is no such kernel.
    let private body (e: Expr) : (int -> nativeint[] -> nativeint -> unit) option =
        let whole (x: Expr) = List.ofArray x.Shape.Strides

        let rows op (x: Expr) operands =
            let kernel = ElementwiseRows.make op x.DType e.Shape (List.map whole operands)

            Some(fun threads (from: nativeint[]) target ->
                let at i = if i < from.Length then from[i] else 0n
                kernel.Run(threads, target, at 0, at 1, at 2))

        let single (kernel: TensorKernel) =
            Some(fun threads (from: nativeint[]) target -> kernel.Run(threads, from[0], target))

        // Indices are checked even where no element is moved, so that an extent of 0 hides no error.
        if e.Shape.Size = 0 && NodeClass.of' e <> NodeClass.Indexed then
            Some(fun _ _ _ -> ())
        else
            match e.Node with
            | Node.Unary(op, x) -> rows (RowOp.Unary op) x [ x ]
            | Node.Binary(op, x, y) -> rows (RowOp.Binary op) x [ x; y ]
            | Node.Compare(op, x, y) -> rows (RowOp.Compare op) x [ x; y ]
            | Node.Select(c, x, y) -> rows RowOp.Select x [ c; x; y ]
            | Node.Cast(dtype, x) -> rows (RowOp.Cast dtype) x [ x ]
            | Node.Reduce(op, axes, x) -> single (AlongKernels.reduce op x.DType x.Shape axes)
            | Node.ArgReduce(op, axis, x) -> single (AlongKernels.argReduce op x.DType x.Shape axis)
            | Node.CumSum(axis, reversed, x) -> single (AlongKernels.cumSum x.DType x.Shape axis reversed)
            | Node.ArgSort(axis, x) -> single (AlongKernels.argSort x.DType x.Shape axis)
            | Node.Reverse(axes, x) ->
                let reversed = View.reverse axes x.Shape
                single (StridedCopy(e.DType.Bytes, e.Shape.ToList(), reversed, View.whole e.Shape))
            | Node.Pad(edges, value, x) -> single (Pad(e.DType, edges, value, x.Shape))
            | Node.Concat(axis, xs) ->
                let kernel = Concat(e.DType, axis, xs |> List.map _.Shape)
                Some(fun threads from target -> kernel.Run(threads, from, target))
            | Node.Gather(axis, x, i) ->
                let kernel = Gather(x.DType, axis, x.Shape, i.DType, i.Shape)
                Some(fun threads from target -> kernel.Run(threads, from[0], from[1], target))
            | Node.ScatterAdd(axis, extent, u, i) ->
                let kernel = ScatterAdd(u.DType, axis, extent, u.Shape, i.DType, i.Shape)
                Some(fun threads from target -> kernel.Run(threads, from[0], from[1], target))
            | Node.RandomBits(stream, shape, _) -> single (RandomBits(uint32 stream, shape.Size))
            // Other nodes are decomposed by `Lower`, are work of another case of `Work`, or are computed by `Eval`.
            | _ -> None

    /// The kernel of a node over the buffers `reads` and `write` of a frame.
    let bind (frame: Frame) (e: Expr) (reads: int[]) (write: int) : Kernel =
        match body e with
        | Some run -> CallKernel(frame, run, reads, write)
        | None ->
            Refuse.domain
                "compile"
                $"the node {Node.name e.Node}"
                "a node with a kernel"
                "report this as a bug"
