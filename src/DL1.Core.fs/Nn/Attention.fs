namespace DL1

/// What attention is made of. A mask holds truth values, true where attention is allowed, that broadcast to
/// `[batch; heads; queries; keys]`.
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

    /// Both of two masks, where there are two. `Attention.combine (Some a) (Some b)`
    let combine (first: Expr option) (second: Expr option) =
        match first, second with
        | Some a, Some b -> Some(Expr.both a b)
        | Some a, None -> Some a
        | None, second -> second

    /// How much each query attends to each key: softmax(Q·Kᵀ/√d) along the keys, with d the features of a head:
    /// `[...; queries; d]` and `[...; keys; d]` give `[...; queries; keys]`. `Attention.weights (Some a) q k`
    let weights (mask: Expr option) (query: Expr) (key: Expr) =
        let features = query.Shape[Shape.axis "attention" query.Shape -1]
        let scores = Expr.matmul (query * (1.0 / sqrt (float features))) key.T

        let scores =
            match mask with
            | None -> scores
            | Some mask -> Expr.where mask scores (lit masked)

        Expr.softmax -1 scores

    /// softmax(Q·Kᵀ/√d)·V, with d the features of a head: `[...; queries; d]`, `[...; keys; d]` and `[...; keys; e]` give
    /// `[...; queries; e]`. `Attention.scaledDotProduct None q k v`
    let scaledDotProduct (mask: Expr option) (query: Expr) (key: Expr) (value: Expr) =
        Expr.matmul (weights mask query key) value

    let private multiHeadOf (scope: Scope) (heads: int) (dropout: float) isSelf (input: AttentionInput) =
        Operand.requireRank "attention" 3 "[batch; queries; features]" input.Query
        Operand.requireRank "attention" 3 "[batch; keys; features]" input.Memory
        let batch, features = input.Query.Shape[0], input.Query.Shape[2]

        if heads < 1 || features % heads <> 0 then
            Refuse.shape
                "attention"
                $"%d{heads} heads over {Operand.text input.Query}"
                "heads that divide the features"
                $"take a divisor of %d{features}"

        if input.Memory.Shape[0] <> batch || input.Memory.Shape[2] <> features then
            Refuse.shape
                "attention"
                (Operand.texts [ input.Query; input.Memory ])
                $"memory [%d{batch}; keys; %d{features}], of the queries' batch and features"
                "project the memory to the queries' features by a linear layer"

        let size = features / heads
        let weight = scope.Parameter("in_proj_weight", [ 3 * features; features ], Init.xavierUniform 1.0)
        let bias = scope.Parameter("in_proj_bias", [ 3 * features ], Init.zeros)

        let projected (x: Expr) first last =
            let w = Expr.sliceAxis 0 (first * features) (last * features) weight
            let b = Expr.sliceAxis 0 (first * features) (last * features) bias
            let rows = Expr.reshape [ batch * x.Shape[1]; features ] x
            Expr.reshape [ batch; x.Shape[1]; (last - first) * features ] (Expr.matmul rows w.T + b)

        let headsOf (x: Expr) =
            Expr.reshape [ batch; x.Shape[1]; heads; size ] x |> Expr.transpose [ 0; 2; 1; 3 ]

        let part i x = Expr.sliceAxis 2 (i * features) ((i + 1) * features) x

        let query, key, value =
            if isSelf then
                let all = projected input.Query 0 3
                part 0 all, part 1 all, part 2 all
            else
                let memory = projected input.Memory 1 3
                projected input.Query 0 1, part 0 memory, part 1 memory

        let attended =
            let struct (mask, keys, values) =
                StepwiseLayers.attended scope causalMask input.Memory input.Mask (headsOf key) (headsOf value)

            let found = weights mask (headsOf query) keys
            Expr.matmul ((Shaping.dropout dropout).RunIn scope.Inner found) values

        let joined =
            Expr.transpose [ 0; 2; 1; 3 ] attended |> Expr.reshape [ batch; input.Query.Shape[1]; features ]

        scope.Run(
            "out_proj",
            Dense.linearWith { Init.parameters with BiasInit = Some Init.zeros } features,
            joined
        )

    /// Several heads, each attending in its own projection; queries and memory may differ. Parameters `in_proj_weight`
    /// `[3·features; features]`, `in_proj_bias`, `out_proj.weight`, `out_proj.bias`. `Attention.multiHead 4 0.0`
    let multiHead (heads: int) (dropout: float) : Layer<AttentionInput, Expr> =
        Layer.create "MultiheadAttention" (fun scope input -> multiHeadOf scope heads dropout false input)

    /// `multiHead` of a sequence to itself with a mask, all projections one product. `Attention.maskedSelf 4 0.0`
    let maskedSelf (heads: int) (dropout: float) : Layer<Expr * Expr option, Expr> =
        Layer.create "MultiheadAttention" (fun scope (x, mask) ->
            multiHeadOf scope heads dropout true { Query = x; Memory = x; Mask = mask })

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
