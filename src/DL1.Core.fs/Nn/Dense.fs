namespace DL1

/// Linear layers.
[<RequireQualifiedAccess>]
module Dense =
    /// x·Wᵀ + b with its options: see `Dense.linear`. `Dense.linearWith { Init.parameters with Bias = false } 10`
    let linearWith (options: ParameterOptions) (outputs: int) : Layer<Expr, Expr> =
        Layer.requireSize "Linear" "outputs" outputs

        Layer.sized (string outputs)
        <| Layer.create "Linear" (fun scope x ->
            if x.Shape.Rank < 1 then
                Refuse.shape "linear" (Operand.text x) "data [...; features]" "reshape a scalar to [1; 1]"

            let dims = x.Shape.ToList()
            let leading, inputs = List.take (dims.Length - 1) dims, List.last dims
            let w = scope.Parameter("weight", [ outputs; inputs ], options.Weight)
            // One product of matrices, however many axes lead.
            let y = Expr.matmul (Expr.reshape [ List.fold (*) 1 leading; inputs ] x) w.T

            let y =
                if options.Bias then
                    let init = options.BiasInit |> Option.defaultWith (fun () -> Init.boundedBy inputs)
                    y + scope.Parameter("bias", [ outputs ], init)
                else
                    y

            Expr.reshape (leading @ [ outputs ]) y)

    /// x·Wᵀ + b: `[...; in]` to `[...; out]`. Parameters `weight` `[out; in]`, `bias` `[out]`. `Dense.linear 10`
    let linear (outputs: int) = linearWith Init.parameters outputs

    /// x₁ᵀ·W·x₂ + b for each output: `[...; in1]` and `[...; in2]` to `[...; outputs]`. Parameters `weight`
    /// `[outputs; in1; in2]`, `bias` `[outputs]`, as PyTorch's Bilinear.
    /// `Dense.bilinearWith { Init.parameters with Bias = false } 10`
    let bilinearWith (options: ParameterOptions) (outputs: int) : Layer<Expr * Expr, Expr> =
        Layer.requireSize "Bilinear" "outputs" outputs

        Layer.sized (string outputs)
        <| Layer.create "Bilinear" (fun scope (first: Expr, second: Expr) ->
            let split (x: Expr) =
                let dims = x.Shape.ToList()
                List.take (dims.Length - 1) dims, List.last dims

            if
                first.Shape.Rank < 1
                || second.Shape.Rank <> first.Shape.Rank
                || fst (split first) <> fst (split second)
            then
                Refuse.shape
                    "Bilinear"
                    (Operand.texts [ first; second ])
                    "two inputs [...; features] of the same leading axes"
                    "give both as many rows"

            let (leading, inputs1), (_, inputs2) = split first, split second
            let rows = List.fold (*) 1 leading
            let weight = scope.Parameter("weight", [ outputs; inputs1; inputs2 ], options.Weight)
            // x₁·W for all outputs at once, then the product with x₂.
            let table = Expr.moveAxis 1 0 weight |> Expr.reshape [ inputs1; outputs * inputs2 ]

            let half =
                Expr.matmul (Expr.reshape [ rows; inputs1 ] first) table
                |> Expr.reshape [ rows; outputs; inputs2 ]

            let y =
                Expr.sum [ 2 ] (half * Expr.reshape [ rows; 1; inputs2 ] second)
                |> Expr.reshape (leading @ [ outputs ])

            if options.Bias then
                let init = options.BiasInit |> Option.defaultWith (fun () -> Init.boundedBy inputs1)
                y + scope.Parameter("bias", [ outputs ], init)
            else
                y)

    /// Uniform within ±1/√in1 for `[outputs; in1; in2]`.
    let internal ofFirst =
        {
            Name = "within ±1/√in1"
            Draw = fun dtype dims key -> (Init.boundedBy dims[1]).Draw dtype dims key
        }

    /// `bilinearWith` a bias, parameters uniform within ±1/√in1. `Dense.bilinear 10`
    let bilinear (outputs: int) : Layer<Expr * Expr, Expr> =
        bilinearWith { Init.parameters with Weight = ofFirst } outputs

    /// `embedding` whose table begins as wanted. `Dense.embeddingWith (Init.normal 0.0 0.1) 1000 64`
    let embeddingWith (init: Initializer) (count: int) (features: int) : Layer<Expr, Expr> =
        Layer.requireSize "Embedding" "rows of the table" count
        Layer.requireSize "Embedding" "features" features

        Layer.sized $"%d{count}, %d{features}"
        <| Layer.create "Embedding" (fun scope indices ->
            Operand.requireIndex "embedding" indices
            Expr.gather 0 indices (scope.Parameter("weight", [ count; features ], init)))

    /// A row of the table for each index, i32 or i64 from 0 to count − 1: `[...]` to `[...; features]`. Parameter
    /// `weight` `[count; features]`, standard normal as in PyTorch. `Dense.embedding 1000 64`
    let embedding (count: int) (features: int) : Layer<Expr, Expr> =
        embeddingWith (Init.normal 0.0 1.0) count features

    /// `embeddingPadded` whose other rows begin as wanted. `Dense.embeddingPaddedWith (Init.normal 0.0 0.1) 0 1000 64`
    let embeddingPaddedWith
        (others: Initializer)
        (padding: int)
        (count: int)
        (features: int)
        : Layer<Expr, Expr> =
        Layer.requireSize "Embedding" "rows of the table" count
        Layer.requireSize "Embedding" "features" features

        if padding < 0 || padding >= count then
            Refuse.domain
                "Embedding"
                $"the padding %d{padding}"
                $"an index from 0 to %d{count - 1}"
                "0 is usual"

        let isPadding i = i / features = padding

        let init =
            { others with
                Name = $"{others.Name}, row %d{padding} zeros"
                Draw =
                    fun dtype dims key ->
                        others.Draw dtype dims key
                        |> Tensor.toFloats
                        |> Array.mapi (fun i value -> if isPadding i then 0.0 else value)
                        |> Tensor.ofArray dims
                        |> Tensor.cast dtype
            }

        Layer.sized $"%d{count}, %d{features}"
        <| Layer.create "Embedding" (fun scope indices ->
            Operand.requireIndex "embedding" indices
            let rows = Expr.gather 0 indices (scope.Parameter("weight", [ count; features ], init))
            let one = Expr.constant (Tensor.cast indices.DType (Tensor.scalar (int64 padding)))
            let isPadding = Expr.expandDims indices.Shape.Rank (Expr.equal indices one)
            Expr.where isPadding (Expr.stopGradient rows) rows)

    /// An embedding in which one index stands for padding: its row begins as zeros and is not trained, as with PyTorch's
    /// `padding_idx`. `Dense.embeddingPadded 0 1000 64`
    let embeddingPadded (padding: int) (count: int) (features: int) : Layer<Expr, Expr> =
        embeddingPaddedWith (Init.normal 0.0 1.0) padding count features
