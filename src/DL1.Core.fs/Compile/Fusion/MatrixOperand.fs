namespace DL1.Compiler.Fusion

open DL1

/// Reads the operands of matmuls where they are, without a copy: transposed, or one matrix for a whole stack.
[<RequireQualifiedAccess>]
module internal MatrixOperand =
    /// The axes of a stack of matrices as two loops: outer stride, inner stride, extent of the inner loop. `None`
    /// where two loops cannot express them.
    let stack (e: Expr) (r: StridedView) : struct (int * int * int) option =
        let axes =
            [|
                for axis in 0 .. e.Shape.Rank - 3 do
                    if e.Shape[axis] <> 1 then
                        axis
            |]

        let isOneLoop a b = r.Strides[a] = r.Strides[b] * e.Shape[b]
        let extent = Array.fold (fun n axis -> n * e.Shape[axis]) 1

        // The longest inner run of axes that is one loop; the axes outside it must be one loop, too.
        let mutable first = axes.Length - 1

        while first > 0 && isOneLoop axes[first - 1] axes[first] do
            first <- first - 1

        if axes.Length = 0 then
            Some(struct (0, 0, 1))
        else
            let outer = axes[.. first - 1]
            let outerIsOneLoop = outer |> Array.pairwise |> Array.forall (fun (a, b) -> isOneLoop a b)

            if outerIsOneLoop then
                let outerStride = if outer.Length = 0 then 0 else r.Strides[outer[outer.Length - 1]]
                Some(struct (outerStride, r.Strides[axes[axes.Length - 1]], extent axes[first..]))
            else
                None

    /// The view by which a matmul reads an operand: rows or columns contiguous, and the stack in two strides. Where no
    /// view does, the operand itself, computed into memory.
    let reading (e: Expr) : StridedView =
        let r = StridedView.through e
        let rank = e.Shape.Rank
        let touches axis = e.Shape[axis] = 1 || r.Strides[axis] = 1

        if (touches (rank - 1) || touches (rank - 2)) && (stack e r).IsSome then
            r
        else
            StridedView.whole e
