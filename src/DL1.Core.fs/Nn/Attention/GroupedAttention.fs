namespace DL1

/// The form of grouped-query attention; `GroupedAttention.options` is a start.
type GroupedAttentionOptions =
    {
        /// Heads of the queries; they divide the features.
        Heads: int
        /// Heads of keys and values; they divide the heads of the queries. One is multi-query attention (Shazeer 2019), as
        /// many as there are heads of queries is multi-head attention.
        KeyHeads: int
        /// Rotary positions of queries and keys, if any.
        Rotary: RotaryOptions option
        /// Whether each place sees only itself and what is before it.
        Causal: bool
        /// Whether the projections of queries, keys and values have biases.
        Bias: bool
        /// The probability of dropout on the weights, in training.
        Dropout: float
    }

/// Attention in which several heads of queries share one head of keys and values (Ainslie et al. 2023), which makes the
/// key-value cache smaller, with rotary positions if asked for. Parameters are those of Llama and Mistral:
/// `q_proj.weight` `[features; features]`, `k_proj.weight` and `v_proj.weight` `[key heads·d; features]`, `o_proj.weight`.
[<RequireQualifiedAccess>]
module GroupedAttention =
    /// Causal, rotary positions of base 10,000, no biases, no dropout: Llama's.
    /// `{ GroupedAttention.options 8 2 with Causal = false }`
    let options (heads: int) (keyHeads: int) : GroupedAttentionOptions =
        {
            Heads = heads
            KeyHeads = keyHeads
            Rotary = Some Rotary.options
            Causal = true
            Bias = false
            Dropout = 0.0
        }

    /// Each head of keys or values as often as heads of queries read it.
    let private shared heads (e: Expr) =
        let batch, own, length, d = e.Shape[0], e.Shape[1], e.Shape[2], e.Shape[3]

        if own = heads then
            e
        else
            Expr.expandDims 2 e
            |> Expr.broadcastTo [ batch; own; heads / own; length; d ]
            |> Expr.reshape [ batch; heads; length; d ]

    /// softmax(Q·Kᵀ/√d)·V where queries have more heads than keys: `[batch; heads; queries; d]`, `[batch; key heads; keys; d]`
    /// and `[batch; key heads; keys; e]` give `[batch; heads; queries; e]`; head i of the queries reads head
    /// i / (heads / key heads), rounded down. A mask broadcasts to `[batch; heads; queries; keys]`, as in
    /// `Attention.weights`. As PyTorch's `scaled_dot_product_attention` with `enable_gqa`.
    /// `GroupedAttention.scaledDotProduct None q k v`
    let scaledDotProduct (mask: Expr option) (query: Expr) (key: Expr) (value: Expr) : Expr =
        for e in [ query; key; value ] do
            Operand.requireRank "groupedAttention" 4 "[batch; heads; length; d]" e

        let heads, keyHeads = query.Shape[1], key.Shape[1]

        if keyHeads < 1 || heads % keyHeads <> 0 || value.Shape[1] <> keyHeads then
            Refuse.shape
                "groupedAttention"
                (Operand.texts [ query; key; value ])
                "as many heads of values as of keys, and a multiple of them for the queries"
                "take a number of key heads that divides the heads of the queries"

        Attention.scaledDotProduct mask query (shared heads key) (shared heads value)

    let private run (o: GroupedAttentionOptions) (scope: Scope) (x: Expr) (mask: Expr option) =
        Operand.requireRank "groupedAttention" 3 "[batch; length; features]" x
        let batch, length, features = x.Shape[0], x.Shape[1], x.Shape[2]

        if o.Heads < 1 || features % o.Heads <> 0 || o.KeyHeads < 1 || o.Heads % o.KeyHeads <> 0 then
            Refuse.shape
                "groupedAttention"
                $"%d{o.Heads} heads and %d{o.KeyHeads} key heads over {Operand.text x}"
                "heads that divide the features, and key heads that divide the heads"
                "take divisors of both"

        let d = features / o.Heads

        let projected (name: string) heads =
            scope.Run(name, Dense.linearWith { Init.parameters with Bias = o.Bias } (heads * d), x)
            |> Expr.reshape [ batch; length; heads; d ]
            |> Expr.transpose [ 0; 2; 1; 3 ]

        let turned e =
            match o.Rotary with
            | Some rotary -> Rotary.rotateAt rotary (scope.Places(x, length)) e
            | None -> e

        let query, key = turned (projected "q_proj" o.Heads), turned (projected "k_proj" o.KeyHeads)
        let value = projected "v_proj" o.KeyHeads
        let causal = if o.Causal then Some(Attention.causalMask length length) else None
        let mask = Attention.combine causal mask

        let struct (mask, key, value) = StepwiseLayers.attended scope Attention.causalMask x mask key value

        let weights = Attention.weights mask query (shared o.Heads key)

        let attended =
            Expr.matmul ((Shaping.dropout o.Dropout).RunIn scope.Inner weights) (shared o.Heads value)

        let joined = Expr.transpose [ 0; 2; 1; 3 ] attended |> Expr.reshape [ batch; length; features ]
        scope.Run("o_proj", Dense.linearWith { Init.parameters with Bias = false } features, joined)

    /// A sequence `[batch; length; features]` that attends to itself, with a mask as in `Attention.weights`.
    /// `GroupedAttention.masked (GroupedAttention.options 4 2)`
    let masked (o: GroupedAttentionOptions) : Layer<Expr * Expr option, Expr> =
        Layer.sized $"%d{o.Heads}, %d{o.KeyHeads}"
        <| Layer.create "GroupedQueryAttention" (fun scope (x, mask) -> run o scope x mask)

    /// `masked` without a mask of one's own. `GroupedAttention.self (GroupedAttention.options 4 2)`
    let self (o: GroupedAttentionOptions) : Layer<Expr, Expr> = masked o |> Layer.before (fun x -> x, None)
