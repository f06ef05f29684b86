namespace DL1

/// How the rows of a bag become one.
[<RequireQualifiedAccess; Struct>]
type BagMode =
    /// Their sum.
    | Sum
    /// Their mean.
    | Mean
    /// The largest element of each feature.
    | Max

/// Tables of vectors beyond `Dense.embedding`: bags, rows of bounded length, and an output projection that shares the
/// table.
[<RequireQualifiedAccess>]
module Embedding =
    let private requireSizes (count: int) (features: int) =
        Layer.requireSize "Embedding" "rows of the table" count
        Layer.requireSize "Embedding" "features" features

    /// Printed with the rows and the columns of its table: `EmbeddingBag(1000, 64)`.
    let private sized (count: int) (features: int) layer = Layer.sized $"%d{count}, %d{features}" layer

    let private table (scope: Scope) (count: int) (features: int) =
        scope.Parameter("weight", [ count; features ], Init.normal 0.0 1.0)

    let private requireBags (indices: Expr) =
        Operand.requireIndex "embeddingBag" indices
        Operand.requireRank "embeddingBag" 2 "indices [batch; length]" indices

    /// Reduces rows `[batch; length; features]` over those that are counted, `[batch; length; 1]`.
    let private reduced (mode: BagMode) (isCounted: Expr option) (rows: Expr) =
        let counted outside =
            match isCounted with
            | Some counts -> Expr.where counts rows (lit outside)
            | None -> rows

        let length = rows.Shape[1]

        let count =
            match isCounted with
            | Some counts -> Expr.sum [ 1 ] (Expr.cast rows.DType counts)
            | None -> Expr.full rows.DType [ rows.Shape[0]; 1 ] (float length)

        match mode with
        | BagMode.Sum -> Expr.sum [ 1 ] (counted 0.0)
        // A bag of nothing is 0, as its sum.
        | BagMode.Mean -> Expr.sum [ 1 ] (counted 0.0) / Expr.maximum count (lit 1.0)
        | BagMode.Max when length = 0 -> Expr.sum [ 1 ] rows
        | BagMode.Max ->
            match isCounted with
            | None -> Expr.max [ 1 ] rows
            | Some _ -> Expr.where (count .> 0.0) (Expr.max [ 1 ] (counted -infinity)) (lit 0.0)

    /// The rows of the table for a bag of indices, reduced to one row: `[batch; length]` of i32 or i64 to
    /// `[batch; features]`. Parameter `weight` `[count; features]`, as PyTorch's EmbeddingBag.
    /// `Embedding.bag BagMode.Mean 1000 64`
    let bag (mode: BagMode) (count: int) (features: int) : Layer<Expr, Expr> =
        requireSizes count features

        sized count features
        <| Layer.create "EmbeddingBag" (fun scope indices ->
            requireBags indices
            reduced mode None (Expr.gather 0 indices (table scope count features)))

    /// `bag` with one index that stands for padding and does not count, as PyTorch's `padding_idx`; bags of different
    /// lengths are filled up with it. A bag of padding alone gives 0. `Embedding.bagPadded BagMode.Mean 0 1000 64`
    let bagPadded (mode: BagMode) (padding: int) (count: int) (features: int) : Layer<Expr, Expr> =
        let inner = Dense.embeddingPadded padding count features

        sized count features
        <| Layer.create "EmbeddingBag" (fun scope indices ->
            requireBags indices
            let one = Expr.constant (Tensor.cast indices.DType (Tensor.scalar (int64 padding)))
            let isCounted = Expr.expandDims 2 (Expr.notEqual indices one)
            reduced mode (Some isCounted) (inner.RunIn scope.Inner indices))

    /// The sum of the rows of a bag, each times a weight of its own: indices and weights `[batch; length]`, as PyTorch's
    /// `per_sample_weights`. `Embedding.bagWeighted 1000 64`
    let bagWeighted (count: int) (features: int) : Layer<Expr * Expr, Expr> =
        requireSizes count features

        sized count features
        <| Layer.create "EmbeddingBag" (fun scope (indices: Expr, weights: Expr) ->
            requireBags indices
            Operand.requireFloat "embeddingBag" weights
            Operand.requireSameShape "embeddingBag" indices weights
            let rows = Expr.gather 0 indices (table scope count features)
            Expr.sum [ 1 ] (rows * Expr.expandDims 2 weights))

    /// `Dense.embedding` whose rows are at most so long: a longer row is scaled to the length `longest` by the Euclidean norm
    /// when it is read. The table itself stays as it is, and the gradient is that of the scaled row, so that it never makes a
    /// row longer. (PyTorch's `max_norm` changes the table in place instead; the rows that come out are the same.)
    /// `Embedding.bounded 1.0 1000 64`
    let bounded (longest: float) (count: int) (features: int) : Layer<Expr, Expr> =
        requireSizes count features

        if not (longest > 0.0 && System.Double.IsFinite longest) then
            Refuse.domain
                "Embedding.bounded"
                $"rows of length {string longest} at most"
                "a finite length above 0"
                "leave the bound out where there is to be none"

        sized count features
        <| Layer.create "Embedding" (fun scope indices ->
            Operand.requireIndex "embedding" indices
            let rows = Expr.gather 0 indices (table scope count features)
            let norm = Reduce.keepDims Reduce.norm [ rows.Shape.Rank - 1 ] rows
            Expr.where (norm .> longest) (rows * (longest / (norm + 1e-7))) rows)

    /// An embedding, layers over its rows, and an output projection by the same table (Press and Wolf 2017): indices
    /// `[...]` to scores `[...; count]`, x·Wᵀ without a bias. Parameters `embedding.weight` `[count; features]`, once, and
    /// those of the layers below `body`. A layer of one's own ties weights by asking for one name twice:
    /// `scope.Run("wte", ...)`. `Embedding.tied 1000 64 (Attention.self 4 true)`
    let tied (count: int) (features: int) (body: Layer<Expr, Expr>) : Layer<Expr, Expr> =
        requireSizes count features
        let project = Dense.linearWith { Init.parameters with Bias = false } count

        Layer.sized $"%d{count}, %d{features}, {body}"
        <| Layer.create "TiedEmbedding" (fun scope indices ->
            let rows = scope.Run("embedding", Dense.embedding count features, indices)
            let y = scope.Run("body", body, rows)
            let rank = y.Shape.Rank

            if rank < 1 || y.Shape[rank - 1] <> features then
                Refuse.shape
                    "TiedEmbedding"
                    (Operand.text y)
                    $"%d{features} features, as the table's rows"
                    "let the layers between end with as many features as they begin with"

            scope.Run("embedding", project, y))

    /// Skip-gram's scores of words beside others (Mikolov et al. 2013): words `[rows]` and what each is compared with
    /// `[rows; compared]`, both i32 or i64, to the products of their vectors, `[rows; compared]`: logits of whether they stand near
    /// each other. Parameters `words` and `contexts` `[count; features]`, normal with the deviation 0.1; `words` are the vectors
    /// that are wanted. `SkipGrams.ofTexts` makes the data. `Embedding.skipGram 1000 64`
    let skipGram (count: int) (features: int) : Layer<Expr * Expr, Expr> =
        requireSizes count features

        sized count features
        <| Layer.create "SkipGram" (fun scope (words: Expr, compared: Expr) ->
            Operand.requireIndex "skipGram" words
            Operand.requireIndex "skipGram" compared
            Operand.requireRank "skipGram" 1 "words [rows]" words
            Operand.requireRank "skipGram" 2 "what they are compared with, [rows; compared]" compared

            if words.Shape[0] <> compared.Shape[0] then
                Refuse.shape
                    "skipGram"
                    (Operand.texts [ words; compared ])
                    "as many words as rows of what they are compared with"
                    "give both as many rows"

            let vectors name ids =
                Expr.gather 0 ids (scope.Parameter(name, [ count; features ], Init.normal 0.0 0.1))

            Expr.sum [ 2 ] (Expr.expandDims 1 (vectors "words" words) * vectors "contexts" compared))
