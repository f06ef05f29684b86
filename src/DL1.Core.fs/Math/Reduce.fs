namespace DL1

/// Reductions composed of primitives. Axes that are reduced go; `keepDims` keeps them with extent 1.
[<RequireQualifiedAccess>]
module Reduce =
    let private axesOf operation (x: Expr) (axes: int list) = axes |> List.map (Operand.axis operation x)

    let private count operation (axes: int list) (x: Expr) =
        Operand.requireFloat operation x
        axesOf operation x axes |> List.fold (fun n axis -> n * x.Shape[axis]) 1

    /// A reduction that keeps the axes it reduces, with extent 1, so that the result broadcasts against its operand.
    /// `m - Reduce.keepDims Reduce.mean [ 0 ] m`
    let keepDims (reduction: int list -> Expr -> Expr) (axes: int list) (x: Expr) =
        let reduced = axesOf "keepDims" x axes

        let dims = x.Shape.ToList() |> List.mapi (fun i d -> if List.contains i reduced then 1 else d)

        Expr.reshape dims (reduction axes x)

    /// The largest element along an axis, which is removed, where it is finite; 0 elsewhere. What exponentials are taken
    /// relative to.
    let internal finiteMax axis (x: Expr) =
        let top = Expr.max [ axis ] x
        Expr.where (Expr.equal (abs top) (lit infinity)) (Expr.zerosLike top) top

    /// The mean over axes, f32 or f64; NaN over no elements. `Reduce.mean [ 0 ] m`
    let mean axes (x: Expr) =
        let n = count "mean" axes x
        Expr.sum axes x / float n

    /// The mean of all elements, a scalar. `Reduce.meanAll m`
    let meanAll (x: Expr) = mean (Expr.allAxes x) x

    /// The mean over axes, with the axes kept, and x less that mean. Differences from the first element are averaged, not
    /// the elements themselves: where all lie far from 0, the differences are exact and their mean keeps its digits, and
    /// where all are equal, every deviation is 0. The first element drops out of both results, so that derivatives
    /// take it for a constant.
    let internal centred (axes: int list) (x: Expr) : struct (Expr * Expr) =
        let axes = axesOf "mean" x axes

        if axes |> List.exists (fun axis -> x.Shape[axis] = 0) then
            let mean = keepDims mean axes x
            struct (mean, x - mean)
        else
            let cut axis extent =
                { Start = 0; Stop = (if List.contains axis axes then 1 else extent); Step = 1 }

            let first = Expr.stopGradient (Expr.Make(Node.Slice(List.mapi cut (x.Shape.ToList()), x)))

            let moved = x - first
            let offset = keepDims mean axes moved
            struct (first + offset, moved - offset)

    /// The variance over axes: the sum of squared deviations over (count − ddof); `ddof` is 0 for a population, 1 for
    /// a sample. It is NaN over no elements. Data far from 0 costs no digits: see `docs/numerics.md`.
    /// `Reduce.variance 1 [ 0 ] m`
    let variance (ddof: int) axes (x: Expr) =
        let n = count "variance" axes x

        if ddof < 0 || (ddof >= n && n > 0) then
            Refuse.domain
                "Reduce.variance"
                $"ddof = {ddof} over {n} elements"
                $"from 0 to {n - 1}"
                "0 is the variance of a population, 1 that of a sample of two or more"

        let struct (_, deviation) = centred axes x
        Expr.sum axes (Elementwise.square deviation) / float (max 0 (n - ddof))

    /// The standard deviation over axes; where it is 0 its gradient is 0, as in PyTorch. `Reduce.deviation 0 [ 0 ] m`
    let deviation ddof axes (x: Expr) = Elementwise.safeSqrt (variance ddof axes x)

    /// The Euclidean norm over axes; where it is 0 its gradient is 0. `Reduce.norm [ 1 ] m`
    let norm axes (x: Expr) = Elementwise.safeSqrt (Expr.sum axes (Elementwise.square x))

    /// x − log Σ exp(x) along an axis: the logarithm of the softmax, without overflow. `Reduce.logSoftmax 1 m`
    let logSoftmax axis (x: Expr) =
        Operand.requireFloat "logSoftmax" x
        let axis = Operand.axis "logSoftmax" x axis
        x - keepDims (fun _ -> Expr.logSumExp axis) [ axis ] x
