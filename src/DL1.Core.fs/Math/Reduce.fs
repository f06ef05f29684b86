namespace DL1

/// Reductions composed of primitives. Axes that are reduced go; `keepDims` keeps them with extent 1.
[<RequireQualifiedAccess>]
module Reduce =
    let private axesOf operation (x: Expr) (axes: int list) = axes |> List.map (Operand.axis operation x)

    let private count operation (axes: int list) (x: Expr) =
        Operand.requireFloat operation x
        axesOf operation x axes |> List.fold (fun n axis -> n * x.Shape[axis]) 1

    /// A reduction that keeps the axes it reduces, with extent 1, so that the result broadcasts against its operand:
    /// `x - Reduce.keepDims Reduce.mean [ 0 ] x`.
    let keepDims (reduction: int list -> Expr -> Expr) (axes: int list) (x: Expr) =
        let reduced = axesOf "keepDims" x axes

        let dims = x.Shape.ToList() |> List.mapi (fun i d -> if List.contains i reduced then 1 else d)

        Expr.reshape dims (reduction axes x)

    /// The mean over axes.
    let mean axes (x: Expr) =
        let n = count "mean" axes x
        Expr.sum axes x / float n

    /// The mean of all elements, a scalar.
    let meanAll (x: Expr) = mean (Expr.allAxes x) x

    /// The variance over axes: the sum of squared deviations over (count − ddof).
    let variance (ddof: int) axes (x: Expr) =
        let n = count "variance" axes x
        let deviation = x - keepDims mean axes x
        Expr.sum axes (Elementwise.square deviation) / float (n - ddof)

    /// The standard deviation over axes; where it is 0 its gradient is 0, as in PyTorch.
    let deviation ddof axes (x: Expr) = Elementwise.safeSqrt (variance ddof axes x)

    /// The Euclidean norm over axes; where it is 0 its gradient is 0.
    let norm axes (x: Expr) = Elementwise.safeSqrt (Expr.sum axes (Elementwise.square x))

    /// x − log Σ exp(x) along an axis: the logarithm of the softmax, without overflow.
    let logSoftmax axis (x: Expr) =
        Operand.requireFloat "logSoftmax" x
        let axis = Operand.axis "logSoftmax" x axis
        x - keepDims (fun _ -> Expr.logSumExp axis) [ axis ] x
