namespace DL1

/// Batches mixed with themselves in training (Zhang et al. 2018): x becomes λ·x + (1 − λ)·x', where x' is the batch in
/// reverse order, and the loss λ·loss(t) + (1 − λ)·loss(t') of the targets of both. So targets may be of any kind: no
/// probabilities of classes are made of labels. Rows of shuffled batches are strangers to one another, so that the reverse
/// order is as good as any.
[<Sealed>]
type internal Mixing(alpha: float) =
    let steps = 1024

    /// Quantiles of Beta(α, α) at 0, 1/1024, ..., 1.
    let quantiles =
        lazy
            (let below i =
                match i with
                | 0 -> 0.0
                | i -> MathNet.Numerics.Distributions.Beta.InvCDF(alpha, alpha, float i / float steps)

             // Symmetric about ½.
             let half = Array.init (steps / 2) below
             Array.concat [ half; [| 0.5 |]; half |> Array.rev |> Array.map (fun q -> 1.0 - q) ])

    do
        if not (alpha >= 0.01 && alpha <= 1000.0) then
            Refuse.domain
                "Learner.mixup"
                $"α = {string alpha}"
                "a number from 0.01 to 1000"
                "0.2 is usual for images, 1 draws every share alike"

    member _.Alpha = alpha

    /// A share drawn from Beta(α, α), by straight lines between its quantiles: f64, a scalar.
    member _.Share(key: Expr) : Expr =
        let u = Draw.uniform 0.0 1.0 DType.F64 [] key * float steps
        let place = Expr.minimum (floor u) (lit (float (steps - 1)))
        let table = Expr.constant (Tensor.vector (List.ofArray quantiles.Value))
        let at (i: Expr) = Expr.gather 0 (Expr.cast DType.I64 i) table
        let low, high = at place, at (place + 1.0)
        low + (u - place) * (high - low)

    /// Inputs, each mixed with those of the row that stands opposite.
    static member Inputs(share: Expr, inputs: Tree<Expr>) : Tree<Expr> =
        inputs
        |> Tree.mapPath (fun path x ->
            if not x.DType.IsFloat then
                Refuse.shape
                    "Learner.mixup"
                    $"inputs {path} of {x.DType} {x.Shape}"
                    "inputs of f32 or f64, which can be mixed"
                    "mix images and numbers, not indices"

            let s = Expr.cast x.DType share
            s * x + (1.0 - s) * Expr.reverse [ 0 ] x)

    /// What targets give, mixed as the inputs are.
    static member Over(share: Expr, targets: Tree<Expr>, give: Tree<Expr> -> Expr list) : Expr list =
        let mix (a: Expr) (b: Expr) =
            let s = Expr.cast a.DType share
            s * a + (1.0 - s) * b

        List.map2 mix (give targets) (give (Tree.map (Expr.reverse [ 0 ]) targets))
