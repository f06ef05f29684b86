namespace DL1

/// What attention is made of. A mask broadcasts to `[batch; heads; queries; keys]`: truth values, true where attention is
/// allowed, or floating-point numbers that are added to the scores.
[<NoEquality; NoComparison>]
type AttentionInput =
    {
        /// What asks: `[batch; queries; features]`.
        Query: Expr
        /// What is attended to: `[batch; keys; features]`.
        Memory: Expr
        /// Where attention is allowed; everywhere if there is none.
        Mask: Expr option
    }

/// What attention is made of where keys and values differ, as PyTorch's `MultiheadAttention` takes them.
[<NoEquality; NoComparison>]
type AttentionParts =
    {
        /// What asks: `[batch; queries; features]`.
        Query: Expr
        /// What is asked: `[batch; keys; key features]`.
        Key: Expr
        /// What is answered: `[batch; keys; value features]`.
        Value: Expr
        /// Where attention is allowed, or what is added to the scores: see `AttentionInput`.
        Mask: Expr option
    }

/// What attention gives.
[<NoEquality; NoComparison>]
type AttentionResult =
    {
        /// `[batch; queries; features]`.
        Output: Expr
        /// How much each query attends to each key, before dropout: `[batch; heads; queries; keys]`.
        Weights: Expr
    }

/// The form of multi-head attention; `Attention.options` is a start.
type AttentionOptions =
    {
        /// The number of heads, a divisor of the number of the queries' features.
        Heads: int
        /// The probability of dropout on the weights, in training.
        Dropout: float
        /// Whether the projections have biases.
        Bias: bool
    }

/// Attention (Vaswani et al. 2017).
[<RequireQualifiedAccess>]
module Attention =
    // Small enough that its exponential is 0 beside any other's, and finite, so that a row of nothing but masked keys
    // is uniform, not NaN.
    let private masked = -1e30

    /// Each query sees itself and what is before it: `[queries; keys]`, the last of both aligned.
    /// `Attention.causalMask 4 4`
    let causalMask (queries: int) (keys: int) =
        // Before as many numbers are made.
        Operand.shape "causalMask" [ queries; keys ] |> ignore
        let rows = Expr.expandDims 1 (Expr.arange DType.I32 queries) + (keys - queries)
        Expr.expandDims 0 (Expr.arange DType.I32 keys) .<= rows

    /// From truth values `[batch; keys]`, true where a key is real and not padding: `[batch; 1; 1; keys]`.
    /// `Attention.paddingMask isReal`
    let paddingMask (isReal: Expr) =
        Operand.requireRank "paddingMask" 2 "[batch; keys]" isReal
        Expr.reshape [ isReal.Shape[0]; 1; 1; isReal.Shape[1] ] isReal

    /// A mask as what is added to scores of a type: where attention is not allowed, or less than any number, the lowest
    /// score there is.
    let private added (dtype: DType) (mask: Expr) =
        if mask.DType = DType.Bool then
            Expr.where mask (Expr.scalar dtype 0.0) (Expr.scalar dtype masked)
        else
            Operand.requireFloat "attention mask" mask
            Expr.maximum (Expr.cast dtype mask) (Expr.scalar dtype masked)

    /// Both of two masks, where there are two: of truth values both, of numbers the sum. `Attention.combine (Some a) (Some b)`
    let combine (first: Expr option) (second: Expr option) =
        match first, second with
        | Some a, Some b when a.DType = DType.Bool && b.DType = DType.Bool -> Some(Expr.both a b)
        | Some a, Some b ->
            let dtype = if a.DType = DType.Bool then b.DType else a.DType
            Some(added dtype a + added dtype b)
        | Some a, None -> Some a
        | None, second -> second

    /// How much each query attends to each key: softmax(Q·Kᵀ/√d) along the keys, with d the features of a head:
    /// `[...; queries; d]` and `[...; keys; d]` give `[...; queries; keys]`. A mask of truth values says where attention is
    /// allowed; one of numbers is added to the scores, −∞ where it is not allowed. Where a query may attend to nothing, its
    /// weights are uniform. `Attention.weights (Some a) q k`
    let weights (mask: Expr option) (query: Expr) (key: Expr) =
        let features = query.Shape[Shape.axis "attention" query.Shape -1]
        let scores = Expr.matmul (query * (1.0 / sqrt (float features))) key.T

        let scores =
            match mask with
            | None -> scores
            | Some mask when mask.DType = DType.Bool -> Expr.where mask scores (lit masked)
            | Some mask -> scores + added scores.DType mask

        Expr.softmax -1 scores

    /// softmax(Q·Kᵀ/√d)·V, with d the features of a head: `[...; queries; d]`, `[...; keys; d]` and `[...; keys; e]` give
    /// `[...; queries; e]`. `Attention.scaledDotProduct None q k v`
    let scaledDotProduct (mask: Expr option) (query: Expr) (key: Expr) (value: Expr) =
        Expr.matmul (weights mask query key) value

    /// Heads, no dropout, biases. `{ Attention.options 4 with Bias = false }`
    let options (heads: int) : AttentionOptions = { Heads = heads; Dropout = 0.0; Bias = true }

    let private requireInputs (heads: int) (x: AttentionParts) =
        Operand.requireRank "attention" 3 "[batch; queries; features]" x.Query
        Operand.requireRank "attention" 3 "[batch; keys; features]" x.Key
        Operand.requireRank "attention" 3 "[batch; keys; features]" x.Value
        let features = x.Query.Shape[2]

        if heads < 1 || features % heads <> 0 then
            Refuse.shape
                "attention"
                $"%d{heads} heads over {Operand.text x.Query}"
                "heads that divide the features"
                $"take a divisor of %d{features}"

        if
            x.Key.Shape[0] <> x.Query.Shape[0]
            || x.Value.Shape[0] <> x.Query.Shape[0]
            || x.Value.Shape[1] <> x.Key.Shape[1]
        then
            Refuse.shape
                "attention"
                (Operand.texts [ x.Query; x.Key; x.Value ])
                "queries, keys and values of one batch, and as many values as keys"
                "make keys and values of the same sequence"

    /// How the projections of queries, keys and values are stored, and computed.
    let private projections (scope: Scope) (o: AttentionOptions) (x: AttentionParts) =
        let batch, features = x.Query.Shape[0], x.Query.Shape[2]
        let init = Init.xavierUniform 1.0
        let isPacked = x.Key.Shape[2] = features && x.Value.Shape[2] = features

        // PyTorch keeps one weight where all have the same features, else one for each.
        let weightOf: int -> int -> Expr =
            if isPacked then
                let weight = scope.Parameter("in_proj_weight", [ 3 * features; features ], init)
                fun first last -> Expr.sliceAxis 0 (first * features) (last * features) weight
            else
                let weights =
                    [ "q_proj_weight", x.Query; "k_proj_weight", x.Key; "v_proj_weight", x.Value ]
                    |> List.map (fun (name, e) -> scope.Parameter(name, [ features; e.Shape[2] ], init))

                fun first _ -> weights[first]

        let bias =
            if o.Bias then
                Some(scope.Parameter("in_proj_bias", [ 3 * features ], Init.zeros))
            else
                None

        let projected (e: Expr) first last =
            let rows = Expr.reshape [ batch * e.Shape[1]; e.Shape[2] ] e
            let y = Expr.matmul rows (weightOf first last).T

            let y =
                match bias with
                | Some b -> y + Expr.sliceAxis 0 (first * features) (last * features) b
                | None -> y

            Expr.reshape [ batch; e.Shape[1]; (last - first) * features ] y

        let part i e = Expr.sliceAxis 2 (i * features) ((i + 1) * features) e

        // One product for those that are made of the same data.
        if isPacked && x.Key = x.Value && x.Query = x.Key then
            let all = projected x.Query 0 3
            part 0 all, part 1 all, part 2 all
        elif isPacked && x.Key = x.Value then
            let memory = projected x.Key 1 3
            projected x.Query 0 1, part 0 memory, part 1 memory
        else
            projected x.Query 0 1, projected x.Key 1 2, projected x.Value 2 3

    let private attend (scope: Scope) (o: AttentionOptions) (x: AttentionParts) : AttentionResult =
        requireInputs o.Heads x
        let batch, features = x.Query.Shape[0], x.Query.Shape[2]
        let query, key, value = projections scope o x

        let headsOf (e: Expr) =
            Expr.reshape [ batch; e.Shape[1]; o.Heads; features / o.Heads ] e |> Expr.transpose [ 0; 2; 1; 3 ]

        let struct (mask, keys, values) =
            StepwiseLayers.attended scope causalMask x.Key x.Mask (headsOf key) (headsOf value)

        let found = weights mask (headsOf query) keys
        let attended = Expr.matmul ((Shaping.dropout o.Dropout).RunIn scope.Inner found) values

        let joined =
            Expr.transpose [ 0; 2; 1; 3 ] attended |> Expr.reshape [ batch; x.Query.Shape[1]; features ]

        let projection = { Init.parameters with Bias = o.Bias; BiasInit = Some Init.zeros }

        {
            Output = scope.Run("out_proj", Dense.linearWith projection features, joined)
            Weights = found
        }

    /// Printed with its heads: `MultiheadAttention(4)`.
    let private sized (o: AttentionOptions) layer = Layer.sized $"%d{o.Heads}" layer

    /// Several heads, each attending in its own projection, to keys and values that may differ from one another, as PyTorch's
    /// `MultiheadAttention` with `kdim` and `vdim`; the weights are a result. Parameters `in_proj_weight`
    /// `[3·features; features]`, or where keys or values have other features `q_proj_weight`, `k_proj_weight`,
    /// `v_proj_weight` `[features; features of each]`; `in_proj_bias`, `out_proj.weight`, `out_proj.bias`.
    /// `Attention.general (Attention.options 4)`
    let general (o: AttentionOptions) : Layer<AttentionParts, AttentionResult> =
        sized o
        <| Layer.made "MultiheadAttention" (fun scope x -> attend scope o x) (fun r -> Some r.Output)

    /// `multiHead` with options. `Attention.multiHeadWith { Attention.options 4 with Bias = false }`
    let multiHeadWith (o: AttentionOptions) : Layer<AttentionInput, Expr> =
        sized o
        <| Layer.create "MultiheadAttention" (fun scope input ->
            Operand.requireRank "attention" 3 "[batch; queries; features]" input.Query
            Operand.requireRank "attention" 3 "[batch; keys; features]" input.Memory

            if
                input.Memory.Shape[0] <> input.Query.Shape[0]
                || input.Memory.Shape[2] <> input.Query.Shape[2]
            then
                Refuse.shape
                    "attention"
                    (Operand.texts [ input.Query; input.Memory ])
                    $"memory [%d{input.Query.Shape[0]}; keys; %d{input.Query.Shape[2]}], of the queries' batch and features"
                    "project the memory to the queries' features by a linear layer, or take the attention of keys and values of other features"

            let parts: AttentionParts =
                { Query = input.Query; Key = input.Memory; Value = input.Memory; Mask = input.Mask }

            (attend scope o parts).Output)

    /// Several heads, each attending in its own projection; queries and memory may differ. Parameters `in_proj_weight`
    /// `[3·features; features]`, `in_proj_bias`, `out_proj.weight`, `out_proj.bias`. `Attention.multiHead 4 0.0`
    let multiHead (heads: int) (dropout: float) : Layer<AttentionInput, Expr> =
        multiHeadWith { options heads with Dropout = dropout }

    /// `maskedSelf` with options. `Attention.maskedSelfWith { Attention.options 4 with Bias = false }`
    let maskedSelfWith (o: AttentionOptions) : Layer<Expr * Expr option, Expr> =
        sized o
        <| Layer.create "MultiheadAttention" (fun scope (x: Expr, mask) ->
            let parts: AttentionParts = { Query = x; Key = x; Value = x; Mask = mask }
            (attend scope o parts).Output)

    /// `multiHead` of a sequence to itself with a mask, all projections one product. `Attention.maskedSelf 4 0.0`
    let maskedSelf (heads: int) (dropout: float) : Layer<Expr * Expr option, Expr> =
        maskedSelfWith { options heads with Dropout = dropout }

    /// `multiHead` of a sequence `[batch; length; features]` to itself; `causal` hides what comes later.
    /// `Attention.self 4 true`
    let self (heads: int) (causal: bool) : Layer<Expr, Expr> =
        maskedSelf heads 0.0
        |> Layer.before (fun (x: Expr) ->
            x,
            (if causal && x.Shape.Rank > 1 then
                 Some(causalMask x.Shape[1] x.Shape[1])
             else
                 None))
