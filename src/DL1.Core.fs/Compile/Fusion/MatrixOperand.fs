namespace DL1.Compiler.Fusion

open DL1

/// Reads the operands of matmuls where they are, without a copy: transposed, or one matrix for a whole stack.
[<RequireQualifiedAccess>]
module internal MatrixOperand =
    /// Returns a stack of matrices as at most two loops: the stride of the outer and of the inner loop, in elements, and the
    /// extent of the inner loop. `None` where it needs more loops.
    let stack (e: Expr) (r: StridedView) : struct (int * int * int) option =
        let axes = [| 0 .. e.Shape.Rank - 3 |] |> Array.filter (fun axis -> e.Shape[axis] <> 1)
        let extents = axes |> Array.map (fun axis -> e.Shape[axis])
        let strides = axes |> Array.map (fun axis -> r.Strides[axis])

        if axes.Length = 0 then
            Some(struct (0, 0, 1))
        else
            // The longest inner run of axes that is one loop; the axes outside it must be one loop, too.
            let last = axes.Length - 1
            let first = IterationSpace.runFrom extents [| strides |] (fun _ -> true) last

            if IterationSpace.isOneLoop extents 0 (first - 1) strides then
                let outer = if first = 0 then 0 else strides[first - 1]
                Some(struct (outer, strides[last], Array.reduce (*) extents[first..]))
            else
                None

    /// Returns the view by which a matmul reads an operand: its rows or its columns are contiguous, and its stack has at most
    /// two strides. An operand that has no such view is read whole, and must be computed into memory.
    let reading (e: Expr) : StridedView =
        let r = StridedView.through e
        let rank = e.Shape.Rank
        let touches axis = e.Shape[axis] = 1 || r.Strides[axis] = 1

        if (touches (rank - 1) || touches (rank - 2)) && (stack e r).IsSome then
            r
        else
            StridedView.whole e
