namespace DL1.Compiler.Execution

open DL1
open DL1.Compiler.Generic
open DL1.Compiler.Lowering
open DL1.Compiler.Movement
open DL1.Compiler.Simd

#nowarn "9" // Kernels are called with unchecked addresses; the plan guarantees their extents.

/// Nodes that are computed whole by a precompiled kernel: movement, running sums, sorting, random words, and
/// elementwise nodes and reductions that no fused loop takes (such as those of i64).
[<RequireQualifiedAccess>]
module internal StaticKernel =
    /// A copy of x, read by a view, into row-major order.
    let private copied (e: Expr) (x: Expr) view =
        StridedCopy(Memory.size e.DType, e.Shape.ToList(), view, View.whole e.Shape).Run

    /// A function that computes a node from the number of threads, the addresses of its operands and the address of its
    /// result; `None` where there is no such kernel.
    let private body (e: Expr) : (int -> nativeint[] -> nativeint -> unit) option =
        let whole (x: Expr) = List.ofArray x.Shape.Strides

        let rows (kernel: RowLoop) =
            Some(fun threads (from: nativeint[]) target ->
                let at i = if i < from.Length then from[i] else 0n
                kernel.Run(threads, target, at 0, at 1, at 2))

        let along (kernel: AlongKernel) =
            Some(fun threads (from: nativeint[]) target -> kernel.Run(threads, from[0], target))

        // Indices are checked even where no element is moved, so that an extent of 0 does not hide an index out of
        // range.
        if e.Shape.Size = 0 && NodeClass.of' e <> NodeClass.Indexed then
            Some(fun _ _ _ -> ())
        else
            match e.Node with
            | Node.Unary(op, x) -> rows (ElementwiseRows.make (RowOp.Unary op) x.DType e.Shape [ whole x ])
            | Node.Binary(op, x, y) ->
                rows (ElementwiseRows.make (RowOp.Binary op) x.DType e.Shape [ whole x; whole y ])
            | Node.Compare(op, x, y) ->
                rows (ElementwiseRows.make (RowOp.Compare op) x.DType e.Shape [ whole x; whole y ])
            | Node.Select(c, x, y) ->
                rows (ElementwiseRows.make RowOp.Select x.DType e.Shape [ whole c; whole x; whole y ])
            | Node.Cast(dtype, x) ->
                rows (ElementwiseRows.make (RowOp.Cast dtype) x.DType e.Shape [ whole x ])
            | Node.Reduce(op, axes, x) -> along (AlongKernels.reduce op x.DType x.Shape axes)
            | Node.ArgReduce(op, axis, x) -> along (AlongKernels.argReduce op x.DType x.Shape axis)
            | Node.CumSum(axis, reversed, x) -> along (AlongKernels.cumSum x.DType x.Shape axis reversed)
            | Node.ArgSort(axis, x) -> along (AlongKernels.argSort x.DType x.Shape axis)
            | Node.Reverse(axes, x) ->
                let run = copied e x (View.reverse axes x.Shape)
                Some(fun threads from target -> run (threads, from[0], target))
            | Node.Pad(edges, value, x) ->
                let kernel = Pad(e.DType, edges, value, x.Shape)
                Some(fun threads from target -> kernel.Run(threads, from[0], target))
            | Node.Concat(axis, xs) ->
                let kernel = Concat(e.DType, axis, xs |> List.map _.Shape)
                Some(fun threads from target -> kernel.Run(threads, from, target))
            | Node.Gather(axis, x, i) ->
                let kernel = Gather(x.DType, axis, x.Shape, i.DType, i.Shape)
                Some(fun threads from target -> kernel.Run(threads, from[0], from[1], target))
            | Node.ScatterAdd(axis, extent, u, i) ->
                let kernel = ScatterAdd(u.DType, axis, extent, u.Shape, i.DType, i.Shape)
                Some(fun threads from target -> kernel.Run(threads, from[0], from[1], target))
            | Node.RandomBits(stream, shape, _) ->
                let words = RandomBits(uint32 stream, shape.Size)
                Some(fun threads from target -> words.Run(threads, from[0], target))
            // Views, products, convolutions, poolings and scans have other kinds of work; the rest is lowered or
            // computed by `Eval`.
            | _ -> None

    /// A kernel that calls a function with the addresses of its operands and of its result.
    [<Sealed>]
    type private Bound(frame: Frame, run: int -> nativeint[] -> nativeint -> unit, reads: int[], write: int) =
        inherit Kernel()
        let from: nativeint[] = Array.zeroCreate reads.Length

        override _.Run() =
            for i in 0 .. reads.Length - 1 do
                from[i] <- frame.Addresses[reads[i]]

            run frame.Threads from frame.Addresses[write]

    /// The kernel of a node over the buffers `reads` and `write` of a frame.
    let bind (frame: Frame) (e: Expr) (reads: int[]) (write: int) : Kernel =
        match body e with
        | Some run -> Bound(frame, run, reads, write)
        | None ->
            Refuse.domain
                "compile"
                $"the node {Node.name e.Node}"
                "a node with a kernel"
                "report this as a bug"
