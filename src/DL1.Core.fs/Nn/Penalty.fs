namespace DL1

/// Penalties on parameters, to be added to a loss. Each says by a predicate on paths which parameters it touches;
/// `Penalty.touched` lists them. What it does not touch has gradient 0.
[<RequireQualifiedAccess>]
module Penalty =
    /// Whether a path is that of weights: its last name begins with `weight` or ends with `weight`. Biases are not.
    /// `Penalty.weights "0.weight"`
    let weights (path: string) =
        let name = path.Substring(path.LastIndexOf '.' + 1)

        name.StartsWith("weight", System.StringComparison.Ordinal)
        || name.EndsWith("weight", System.StringComparison.Ordinal)

    /// The paths that a penalty touches. `Penalty.touched Penalty.weights parameters`
    let touched (touches: string -> bool) (parameters: Tree<Expr>) =
        Tree.filter touches parameters |> Tree.paths

    let private total operation strength touches (measure: Expr -> Expr) (parameters: Tree<Expr>) =
        if not (strength >= 0.0 && System.Double.IsFinite strength) then
            Refuse.domain
                operation
                $"the strength {string strength}"
                "a finite strength of 0 or more"
                "begin with 1e-4"

        let names = String.concat ", " (Tree.paths parameters)

        match Tree.filter touches parameters |> Tree.values |> List.map measure with
        | [] ->
            Refuse.domain
                operation
                $"no parameter is touched, of: {names}"
                "at least one path for which the predicate holds"
                "leave the penalty out, or check the names in the predicate"
        | measures -> strength * List.reduce (fun a b -> a + b) measures

    /// strength·Σ|w|, the lasso's (Tibshirani 1996). `Penalty.l1 0.01 Penalty.weights parameters`
    let l1 (strength: float) (touches: string -> bool) (parameters: Tree<Expr>) =
        total "Penalty.l1" strength touches (fun w -> Expr.sumAll (abs w)) parameters

    /// strength·Σw², the ridge's (Hoerl and Kennard 1970). `Penalty.l2 0.01 Penalty.weights parameters`
    let l2 (strength: float) (touches: string -> bool) (parameters: Tree<Expr>) =
        total "Penalty.l2" strength touches (fun w -> Expr.sumAll (w * w)) parameters

    /// strength·(ratio·Σ|w| + ½(1 − ratio)·Σw²), ratio from 0 to 1: the elastic net (Zou and Hastie 2005).
    /// `Penalty.elastic 0.01 0.5 Penalty.weights parameters`
    let elastic (strength: float) (ratio: float) (touches: string -> bool) (parameters: Tree<Expr>) =
        if not (ratio >= 0.0 && ratio <= 1.0) then
            Refuse.domain
                "Penalty.elastic"
                $"the ratio {string ratio}"
                "0 to 1"
                "1 is l1 alone, 0 is l2 alone"

        let measure (w: Expr) = ratio * Expr.sumAll (abs w) + 0.5 * (1.0 - ratio) * Expr.sumAll (w * w)

        total "Penalty.elastic" strength touches measure parameters
