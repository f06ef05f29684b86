namespace DL1

/// Reductions composed of primitives. Axes that are reduced go; `keepDims` keeps them with extent 1.
[<RequireQualifiedAccess>]
module Reduce =
    let private axesOf operation (x: Expr) (axes: int list) = axes |> List.map (Operand.axis operation x)

    // Truth values count as 0 and 1.
    let private number (x: Expr) = if x.DType = DType.Bool then Expr.cast DType.F32 x else x

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

    /// The mean over axes, f32 or f64; of truth values the share that holds, as f32. NaN over no elements.
    /// `Reduce.mean [ 0 ] m`
    let mean axes (x: Expr) =
        let x = number x
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
                $"ddof = %d{ddof} over %d{n} elements"
                $"from 0 to %d{n - 1}"
                "0 is the variance of a population, 1 that of a sample of two or more"

        let struct (_, deviation) = centred axes x
        Expr.sum axes (Elementwise.square deviation) / float (max 0 (n - ddof))

    /// The standard deviation over axes; where it is 0 its gradient is 0, as in PyTorch. `Reduce.deviation 0 [ 0 ] m`
    let deviation ddof axes (x: Expr) = Elementwise.safeSqrt (variance ddof axes x)

    /// The largest magnitude over axes, which are kept with extent 1, where sums of powers of such numbers could overflow
    /// or vanish; else 1, so that numbers of usual size are not rounded once more. To derivatives it is a constant.
    let private magnitude power axes (x: Expr) =
        let largest = keepDims Expr.max axes (abs (Expr.stopGradient x))
        let log2 = if x.DType = DType.F32 then 126.0 else 1022.0
        // Half of the exponents are left for the number of elements, and for the digits of small sums.
        let reach = 2.0 ** (log2 / (2.0 * System.Math.Max(1.0, power)))
        let isFarOut = Expr.either (largest .> reach) (largest .< 1.0 / reach)
        let isNumber = Expr.both (largest .> 0.0) (largest .< System.Double.PositiveInfinity)
        Expr.where (Expr.both isFarOut isNumber) largest (lit 1.0)

    /// scale·f(x/scale) by the magnitude of x over axes, for f with f(c·x) = c·f(x).
    let private scaled power (f: int list -> Expr -> Expr) axes (x: Expr) =
        let axes = axesOf "norm" x axes

        if x.Shape.Size = 0 then
            f axes x
        else
            let scale = magnitude power axes x

            let kept =
                x.Shape.ToList() |> List.indexed |> List.filter (fun (i, _) -> not (List.contains i axes))

            Expr.reshape (List.map snd kept) scale * f axes (x / scale)

    /// The Euclidean norm over axes, without overflow of the squares; where it is 0 its gradient is 0.
    /// `Reduce.norm [ 1 ] m`
    let norm axes (x: Expr) =
        scaled 2.0 (fun axes x -> Elementwise.safeSqrt (Expr.sum axes (Elementwise.square x))) axes x

    /// The p-norm (Σ |x|ᵖ)^(1/p) over axes for p above 0, the largest magnitude where p is infinite, without overflow of
    /// the powers; where it is 0 its gradient is 0. `Reduce.powerNorm 3.0 [ 1 ] m`
    let powerNorm (power: float) axes (x: Expr) =
        Operand.requireFloat "powerNorm" x

        if not (power > 0.0) then
            Refuse.domain
                "powerNorm"
                $"p = {string power}"
                "p above 0"
                "1 sums magnitudes, 2 is the Euclidean norm, infinity the largest magnitude"

        if System.Double.IsInfinity power then
            Expr.max axes (abs x)
        elif power = 2.0 then
            norm axes x
        elif power = 1.0 then
            Expr.sum axes (abs x)
        else
            let root (sum: Expr) =
                Expr.where (Expr.equal sum (lit 0.0)) (lit 0.0) (Expr.Pow(sum, 1.0 / power))

            // The derivative of |x|ᵖ at 0 is taken for 0, for p below 1 as well.
            let powers (x: Expr) = Expr.where (Expr.equal x (lit 0.0)) (lit 0.0) (Expr.Pow(abs x, power))

            scaled power (fun axes x -> root (Expr.sum axes (powers x))) axes x

    /// x − log Σ exp(x) along an axis: the logarithm of the softmax, without overflow. `Reduce.logSoftmax 1 m`
    let logSoftmax axis (x: Expr) =
        Operand.requireFloat "logSoftmax" x
        let axis = Operand.axis "logSoftmax" x axis
        x - keepDims (fun _ -> Expr.logSumExp axis) [ axis ] x
