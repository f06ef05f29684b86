namespace DL1

/// Functions of expressions applied to tensors at once: `Tensor.sum [ 0 ] t` for `Expr.sum [ 0 ] x`.
[<AutoOpen>]
module TensorFunctions =
    /// Functions of tensors that are computed at once. They are compiled for each combination of types and shapes, and
    /// the code is kept. Axes count from 0, or from the end where they are negative. For other functions there is
    /// `Tensor.compute` with any function of expressions; several elementwise functions in one `compute` read memory
    /// once.
    [<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
    module Tensor =
        /// The value of a function of one expression for a tensor.
        /// `Tensor.compute (fun x -> Expr.softmax -1 (x / 10.0)) scores`
        let compute (f: Expr -> Expr) (t: Tensor) : Tensor =
            List.head (Compute.many (fun xs -> [ f xs.Head ]) [ t ])

        /// The value of a function of two expressions for two tensors.
        /// `Tensor.compute2 (fun x w -> tanh (Expr.matmul x w)) data weights`
        let compute2 (f: Expr -> Expr -> Expr) (a: Tensor) (b: Tensor) : Tensor =
            List.head (Compute.many (fun xs -> [ f xs[0] xs[1] ]) [ a; b ])

        /// Whether elements are equal, as bool, broadcast. `Tensor.equal a b`
        let equal (a: Tensor) (b: Tensor) : Tensor = compute2 Expr.equal a b
        /// Whether elements differ, as bool, broadcast; NaN differs from itself. `Tensor.notEqual a b`
        let notEqual (a: Tensor) (b: Tensor) : Tensor = compute2 Expr.notEqual a b
        /// Whether elements of `a` are smaller than those of `b`, as bool, broadcast. `Tensor.less a b`
        let less (a: Tensor) (b: Tensor) : Tensor = compute2 (Expr.compare CompareOp.Lt) a b
        /// Whether elements of `a` are smaller than or equal to those of `b`, as bool, broadcast.
        /// `Tensor.lessEqual a b`
        let lessEqual (a: Tensor) (b: Tensor) : Tensor = compute2 (Expr.compare CompareOp.Le) a b
        /// Whether elements of `a` are greater than those of `b`, as bool, broadcast. `Tensor.greater a b`
        let greater (a: Tensor) (b: Tensor) : Tensor = compute2 (Expr.compare CompareOp.Gt) a b
        /// Whether elements of `a` are greater than or equal to those of `b`, as bool, broadcast.
        /// `Tensor.greaterEqual a b`
        let greaterEqual (a: Tensor) (b: Tensor) : Tensor = compute2 (Expr.compare CompareOp.Ge) a b

        /// The larger of each pair of elements, broadcast. `Tensor.maximum a b`
        let maximum (a: Tensor) (b: Tensor) : Tensor = compute2 Expr.maximum a b
        /// The smaller of each pair of elements, broadcast. `Tensor.minimum a b`
        let minimum (a: Tensor) (b: Tensor) : Tensor = compute2 Expr.minimum a b

        /// Elements of `a` where the condition holds, of `b` elsewhere; all broadcast.
        /// `Tensor.where (Tensor.less a b) a b`
        let where (condition: Tensor) (a: Tensor) (b: Tensor) : Tensor =
            List.head (Compute.many (fun xs -> [ Expr.where xs[0] xs[1] xs[2] ]) [ condition; a; b ])

        /// Each element limited to the range from `low` to `high`. `Tensor.clip 0.0 1.0 t`
        let clip (low: float) (high: float) (t: Tensor) : Tensor = compute (Elementwise.clamp low high) t

        /// Tensors joined along an axis that they have; their other extents must be equal.
        /// `Tensor.concat 0 [ first; second ]`
        let concat (axis: int) (tensors: Tensor list) : Tensor =
            List.head (Compute.many (fun xs -> [ Expr.concat axis xs ]) tensors)

        /// Tensors of one shape joined along a new axis. `Tensor.stack 0 rows`
        let stack (axis: int) (tensors: Tensor list) : Tensor =
            List.head (Compute.many (fun xs -> [ Expr.stack axis xs ]) tensors)

        /// The sums over axes, which are removed. `Tensor.sum [ 0 ] t`
        let sum (axes: int list) (t: Tensor) : Tensor = compute (Expr.sum axes) t
        /// The products over axes, which are removed. `Tensor.prod [ 0 ] t`
        let prod (axes: int list) (t: Tensor) : Tensor = compute (Expr.prod axes) t
        /// The largest elements over axes, which are removed. `Tensor.max [ 0 ] t`
        let max (axes: int list) (t: Tensor) : Tensor = compute (Expr.max axes) t
        /// The smallest elements over axes, which are removed. `Tensor.min [ 0 ] t`
        let min (axes: int list) (t: Tensor) : Tensor = compute (Expr.min axes) t
        /// The means over axes, which are removed. `Tensor.mean [ 0 ] t`
        let mean (axes: int list) (t: Tensor) : Tensor = compute (Reduce.mean axes) t

        /// The variances over axes, which are removed, with the divisor `n − ddof`. `Tensor.variance 1 [ 0 ] t`
        let variance (ddof: int) (axes: int list) (t: Tensor) : Tensor = compute (Reduce.variance ddof axes) t

        /// The sum of all elements, a scalar. `Tensor.sumAll t`
        let sumAll (t: Tensor) : Tensor = compute Expr.sumAll t
        /// The mean of all elements, a scalar. `Tensor.meanAll t`
        let meanAll (t: Tensor) : Tensor = compute Reduce.meanAll t

        /// A reduction that keeps its axes, with extent 1, so that the result broadcasts with the tensor.
        /// `t - Tensor.keepDims Tensor.mean [ 0 ] t`
        let keepDims (reduction: int list -> Tensor -> Tensor) (axes: int list) (t: Tensor) : Tensor =
            let kept = axes |> List.map (Shape.axis "keepDims" t.Shape)

            Tensor.reshape
                (t.Shape.ToList() |> List.mapi (fun i d -> if List.contains i kept then 1 else d))
                (reduction axes t)

        /// The index of the largest element along an axis, as i64; of equal ones the first. `Tensor.argMax -1 scores`
        let argMax (axis: int) (t: Tensor) : Tensor = compute (Expr.argMax axis) t
        /// The index of the smallest element along an axis, as i64; of equal ones the first.
        /// `Tensor.argMin -1 distances`
        let argMin (axis: int) (t: Tensor) : Tensor = compute (Expr.argMin axis) t

        /// The matrix product of two matrices, or of stacks of them. `Tensor.matmul a b`
        let matmul (a: Tensor) (b: Tensor) : Tensor = compute2 Expr.matmul a b

        /// The axes in another order. `Tensor.transpose [ 1; 0 ] t`
        let transpose (permutation: int list) (t: Tensor) : Tensor = compute (Expr.transpose permutation) t

        /// The elements from `start` to `stop − 1` along an axis, as a copy. `Tensor.sliceAxis 0 2 5 t`
        let sliceAxis (axis: int) (start: int) (stop: int) (t: Tensor) : Tensor =
            compute (Expr.sliceAxis axis start stop) t
