namespace DL1

/// Layers without parameters that move elements, drop them at random, or add noise.
[<RequireQualifiedAccess>]
module Shaping =
    /// All axes but the first as one: `[batch; ...]` to `[batch; features]`. `Shaping.flatten`
    let flatten =
        Layer.create "Flatten" (fun _ (x: Expr) ->
            if x.Shape.Rank < 1 then
                Refuse.shape "flatten" (Operand.text x) "data [batch; ...]" "leave the layer out"

            let dims = x.Shape.ToList()
            Expr.reshape [ dims.Head; List.fold (*) 1 dims.Tail ] x)

    /// All axes but the first in another shape, of which one extent may be −1. `Shaping.reshape [ 1; 28; 28 ]`
    let reshape (dims: int list) =
        Layer.sized (dims |> List.map (fun n -> $"%d{n}") |> String.concat ", ")
        <| Layer.create "Reshape" (fun _ (x: Expr) ->
            if x.Shape.Rank = 0 then
                Refuse.shape
                    "Reshape"
                    (Operand.text x)
                    "data [batch; ...]"
                    "put an axis for the batch in front, by expandDims"

            Expr.reshape (x.Shape[0] :: dims) x)

    /// In training each element is 0 with probability `p`, and 1/(1 − p) times itself else, so that its mean stays; in
    /// inference nothing happens (Srivastava et al. 2014). The mask is drawn from the key where it is needed, and not
    /// stored. `p` outside [0, 1) is a `DomainError`. `Shaping.dropout 0.5`
    let dropout (p: float) : Layer<Expr, Expr> =
        if not (p >= 0.0 && p < 1.0) then
            Refuse.domain
                "Shaping.dropout"
                $"p = {string p}"
                "a probability from 0 up to, but not including, 1"
                "0.5 is usual"

        Layer.sized $"%g{p}"
        <| Layer.create "Dropout" (fun scope x ->
            if scope.IsTraining && p > 0.0 then
                let keep = Draw.bernoulli (1.0 - p) (x.Shape.ToList()) (scope.Key())
                Expr.where keep (x * (1.0 / (1.0 - p))) (lit 0.0)
            else
                x)

    /// In training normal noise of this standard deviation is added to each element; in inference nothing happens. The
    /// noise is drawn from the key. A deviation that is negative or not finite is a `DomainError`.
    /// `Shaping.gaussianNoise 0.1`
    let gaussianNoise (deviation: float) : Layer<Expr, Expr> =
        if not (deviation >= 0.0 && System.Double.IsFinite deviation) then
            Refuse.domain
                "Shaping.gaussianNoise"
                $"the deviation {string deviation}"
                "a finite standard deviation of 0 or more"
                "0.1 suits inputs that are scaled to deviation 1"

        Layer.sized $"%g{deviation}"
        <| Layer.create "GaussianNoise" (fun scope x ->
            Operand.requireFloat "gaussianNoise" x

            if scope.IsTraining && deviation > 0.0 then
                x + Draw.normal 0.0 deviation x.DType (x.Shape.ToList()) (scope.Key())
            else
                x)
