namespace DL1

open System.Collections.Generic

/// Activations that are computed again in the backward pass instead of being kept for it (Chen et al. 2016, "Training deep
/// nets with sublinear memory cost"): a training needs less memory and takes longer.
[<RequireQualifiedAccess>]
module Recompute =
    /// A value with the elements of `x` that cannot be computed before `cotangent`: what is computed from it is no common
    /// subexpression of what the forward pass computed from `x`. No number is neither equal nor unequal to itself.
    let private after (cotangent: Expr) (x: Expr) =
        let first = Expr.item 0 0 (Expr.reshape [ cotangent.Shape.Size ] cotangent)
        Expr.where (Expr.either (Expr.equal first first) (Expr.notEqual first first)) x (Expr.zerosLike x)

    /// The function from `x` to `y` with a derivative that computes it again.
    let private again (name: string) (x: Expr) (y: Expr) : Expr =
        let input = Rebuild.fresh x.DType x.Shape
        let table = Dictionary<Digest, Expr>()
        table[x.Digest] <- Expr.ofVariable input
        let value = List.head (Rebuild.fromTop table [ y ])
        let others = Graph.variables [ value ] |> List.filter (fun v -> v <> input)
        let cotangent = Rebuild.fresh y.DType y.Shape
        let start = after (Expr.ofVariable cotangent) (Expr.ofVariable input)
        let repeated = Rebuild.substitute [ input, start ] [ value ]
        let sources = start :: List.map Expr.ofVariable others
        let floats = sources |> List.filter _.DType.IsFloat
        let found = Dictionary<Digest, Expr>()

        for e, d in List.zip floats (Grad.vjp repeated [ Expr.ofVariable cotangent ] floats) do
            found[e.Digest] <- d

        let gradients =
            sources
            |> List.map (fun e ->
                match found.TryGetValue e.Digest with
                | true, d -> d
                | false, _ -> Expr.zerosLike e)

        Scan.ofRule
            {
                Name = name
                Inputs = input :: others
                Value = value
                Cotangent = cotangent
                Gradients = gradients
            }
            (x :: List.map Expr.ofVariable others)

    /// The layer, or row of layers, with the same parameters, values and gradients, of which a training keeps only what goes
    /// in: what is computed inside is computed again when the backward pass comes to it. Memory for activations falls to
    /// those between such parts and those inside one; a step takes up to a third longer. Random draws and statistics of
    /// the batch are those of the forward pass. Gradients are equal but for the rounding of sums, which compiled loops may
    /// cut otherwise. Best around each block of a deep model.
    /// `Recompute.layer (Dense.linear 64 => Activation.relu)`
    let layer (layer: Layer<Expr, Expr>) : Layer<Expr, Expr> =
        Layer(
            layer.Length,
            layer.Parts,
            layer.IsRow,
            fun place x ->
                let y = layer.Run place x

                match place.Parent.Ledger.Source with
                | Given _ when
                    place.Parent.IsTraining
                    && x.DType.IsFloat
                    && y.DType.IsFloat
                    && x.Shape.Size > 0
                    && y.Shape.Size > 0
                    ->
                    again "recompute" x y
                | Given _
                | Asking _ -> y
        )
