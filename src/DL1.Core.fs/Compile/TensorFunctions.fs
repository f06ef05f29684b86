namespace DL1

open DL1.Compiler.Planning

/// What expressions compute, of tensors at once: `Tensor.sum [ 0 ] t` beside `Expr.sum [ 0 ] x`.
[<AutoOpen>]
module TensorFunctions =
    /// Functions of tensors that are computed at once, by compiled code that is kept for types and shapes. Axes count from 0,
    /// or from the end where they are negative. For what is not here there is `Tensor.compute`, with any function of
    /// expressions; a chain of functions in one `compute` is one pass over memory.
    [<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
    module Tensor =
        /// What a function of expressions gives for a tensor.
        /// `Tensor.compute (fun x -> Expr.softmax -1 (x / 10.0)) scores`
        let compute (f: Expr -> Expr) (t: Tensor) : Tensor =
            List.head (Compute.many (fun xs -> [ f xs.Head ]) [ t ])

        /// What a function of two expressions gives for two tensors.
        /// `Tensor.compute2 (fun x w -> tanh (Expr.matmul x w)) data weights`
        let compute2 (f: Expr -> Expr -> Expr) (a: Tensor) (b: Tensor) : Tensor =
            List.head (Compute.many (fun xs -> [ f xs[0] xs[1] ]) [ a; b ])

        /// Where elements are equal, as truth values, broadcast. `Tensor.equal a b`
        let equal (a: Tensor) (b: Tensor) : Tensor = compute2 Expr.equal a b
        /// Where elements differ, as truth values, broadcast; NaN differs from itself. `Tensor.notEqual a b`
        let notEqual (a: Tensor) (b: Tensor) : Tensor = compute2 Expr.notEqual a b
        /// Where the first is smaller, as truth values, broadcast. `Tensor.less a b`
        let less (a: Tensor) (b: Tensor) : Tensor = compute2 (Expr.compare CompareOp.Lt) a b
        /// Where the first is smaller or equal, as truth values, broadcast. `Tensor.lessEqual a b`
        let lessEqual (a: Tensor) (b: Tensor) : Tensor = compute2 (Expr.compare CompareOp.Le) a b
        /// Where the first is larger, as truth values, broadcast. `Tensor.greater a b`
        let greater (a: Tensor) (b: Tensor) : Tensor = compute2 (Expr.compare CompareOp.Gt) a b
        /// Where the first is larger or equal, as truth values, broadcast. `Tensor.greaterEqual a b`
        let greaterEqual (a: Tensor) (b: Tensor) : Tensor = compute2 (Expr.compare CompareOp.Ge) a b

        /// The larger of each pair of elements, broadcast. `Tensor.maximum a b`
        let maximum (a: Tensor) (b: Tensor) : Tensor = compute2 Expr.maximum a b
        /// The smaller of each pair of elements, broadcast. `Tensor.minimum a b`
        let minimum (a: Tensor) (b: Tensor) : Tensor = compute2 Expr.minimum a b

        /// Elements of `a` where the condition holds, of `b` elsewhere; all broadcast. `Tensor.where (Tensor.less a b) a b`
        let where (condition: Tensor) (a: Tensor) (b: Tensor) : Tensor =
            List.head (Compute.many (fun xs -> [ Expr.where xs[0] xs[1] xs[2] ]) [ condition; a; b ])

        /// Each element held between two bounds. `Tensor.clip 0.0 1.0 t`
        let clip (low: float) (high: float) (t: Tensor) : Tensor = compute (Elementwise.clamp low high) t

        /// Tensors one after another along an axis that they have; the other extents are equal.
        /// `Tensor.concat 0 [ first; second ]`
        let concat (axis: int) (tensors: Tensor list) : Tensor =
            List.head (Compute.many (fun xs -> [ Expr.concat axis xs ]) tensors)

        /// Tensors of one shape side by side along a new axis. `Tensor.stack 0 rows`
        let stack (axis: int) (tensors: Tensor list) : Tensor =
            List.head (Compute.many (fun xs -> [ Expr.stack axis xs ]) tensors)

        /// The sums along axes, which go. `Tensor.sum [ 0 ] t`
        let sum (axes: int list) (t: Tensor) : Tensor = compute (Expr.sum axes) t
        /// The products along axes, which go. `Tensor.prod [ 0 ] t`
        let prod (axes: int list) (t: Tensor) : Tensor = compute (Expr.prod axes) t
        /// The largest elements along axes, which go. `Tensor.max [ 0 ] t`
        let max (axes: int list) (t: Tensor) : Tensor = compute (Expr.max axes) t
        /// The smallest elements along axes, which go. `Tensor.min [ 0 ] t`
        let min (axes: int list) (t: Tensor) : Tensor = compute (Expr.min axes) t
        /// The means along axes, which go. `Tensor.mean [ 0 ] t`
        let mean (axes: int list) (t: Tensor) : Tensor = compute (Reduce.mean axes) t

        /// The variances along axes, which go, with `n − ddof` in the divisor. `Tensor.variance 1 [ 0 ] t`
        let variance (ddof: int) (axes: int list) (t: Tensor) : Tensor = compute (Reduce.variance ddof axes) t

        /// The sum of all elements, a scalar. `Tensor.sumAll t`
        let sumAll (t: Tensor) : Tensor = compute Expr.sumAll t
        /// The mean of all elements, a scalar. `Tensor.meanAll t`
        let meanAll (t: Tensor) : Tensor = compute Reduce.meanAll t

        /// A reduction whose axes stay, with extent 1: to be subtracted from what it is of. `t - Tensor.keepDims Tensor.mean [ 0 ] t`
        let keepDims (reduction: int list -> Tensor -> Tensor) (axes: int list) (t: Tensor) : Tensor =
            let kept = axes |> List.map (Shape.axis "keepDims" t.Shape)

            Tensor.reshape
                (t.Shape.ToList() |> List.mapi (fun i d -> if List.contains i kept then 1 else d))
                (reduction axes t)

        /// Where the largest element along an axis lies, i64; the first of equal ones. `Tensor.argMax -1 scores`
        let argMax (axis: int) (t: Tensor) : Tensor = compute (Expr.argMax axis) t
        /// Where the smallest element along an axis lies, i64; the first of equal ones. `Tensor.argMin -1 distances`
        let argMin (axis: int) (t: Tensor) : Tensor = compute (Expr.argMin axis) t

        /// The product of two matrices, or of stacks of them. `Tensor.matmul a b`
        let matmul (a: Tensor) (b: Tensor) : Tensor = compute2 Expr.matmul a b

        /// The axes in another order. `Tensor.transpose [ 1; 0 ] t`
        let transpose (permutation: int list) (t: Tensor) : Tensor = compute (Expr.transpose permutation) t

        /// The elements from `start` to before `stop` along an axis, as a copy. `Tensor.sliceAxis 0 2 5 t`
        let sliceAxis (axis: int) (start: int) (stop: int) (t: Tensor) : Tensor =
            compute (Expr.sliceAxis axis start stop) t
