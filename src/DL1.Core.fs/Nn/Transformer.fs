namespace DL1

/// The form of a transformer's layer; `Transformer.options` is a start.
[<NoEquality; NoComparison>]
type TransformerOptions =
    {
        /// Heads of attention; they divide the features.
        Heads: int
        /// Features between the two linear layers.
        Inner: int
        /// The probability of dropout, after attention, between the linear layers and after them.
        Dropout: float
        /// Normalisation before each part (Xiong et al. 2020), or after it, as it was first.
        NormFirst: bool
        /// Whether each place sees only what is before it.
        Causal: bool
        /// Between the linear layers.
        Activation: Expr -> Expr
    }

/// What a decoder's layer takes: its own sequence, and the encoder's.
[<NoEquality; NoComparison>]
type DecoderInput = { Target: PaddedSequence; Memory: PaddedSequence }

/// Transformers (Vaswani et al. 2017), batch first, with PyTorch's parameter names: `self_attn`, `multihead_attn`,
/// `linear1`, `linear2`, `norm1` to `norm3`.
[<RequireQualifiedAccess>]
module Transformer =
    /// Dropout 0.1, ReLU, normalisation after each part, no causal mask. `{ Transformer.options 4 512 with Causal = true }`
    let options (heads: int) (inner: int) =
        {
            Heads = heads
            Inner = inner
            Dropout = 0.1
            NormFirst = false
            Causal = false
            Activation = Expr.relu
        }

    let private selfMask (o: TransformerOptions) (x: PaddedSequence) =
        let length = x.Values.Shape[1]
        let causal = if o.Causal then Some(Attention.causalMask length length) else None
        Attention.combine causal (Option.map Attention.paddingMask x.IsReal)

    let private dropped (o: TransformerOptions) (scope: Scope) (x: Expr) =
        (Shaping.dropout o.Dropout).RunIn scope.Inner x

    /// A part of a layer beside which its input goes on, with its normalisation before or after.
    let private around (o: TransformerOptions) (scope: Scope) norm (part: Expr -> Expr) (x: Expr) =
        let normal y = scope.Run(norm, Norm.layerNorm, y)

        if o.NormFirst then
            x + dropped o scope (part (normal x))
        else
            normal (x + dropped o scope (part x))

    let private selfAttention o (scope: Scope) mask (x: Expr) =
        scope.Run("self_attn", Attention.maskedSelf o.Heads o.Dropout, (x, mask))

    let private feedForward o (scope: Scope) (x: Expr) =
        let inner = scope.Run("linear1", Dense.linear o.Inner, x) |> o.Activation |> dropped o scope
        scope.Run("linear2", Dense.linear x.Shape[x.Shape.Rank - 1], inner)

    let private requireSequence (x: PaddedSequence) =
        Operand.requireRank "transformer" 3 "[batch; length; features]" x.Values

    /// An encoder's layer over a sequence with padding, which it hands on.
    /// `Transformer.paddedEncoderLayer (Transformer.options 4 512)`
    let paddedEncoderLayer (o: TransformerOptions) : Layer<PaddedSequence, PaddedSequence> =
        Layer.made
            "TransformerEncoderLayer"
            (fun scope (x: PaddedSequence) ->
                requireSequence x

                let y =
                    x.Values
                    |> around o scope "norm1" (selfAttention o scope (selfMask o x))
                    |> around o scope "norm2" (feedForward o scope)

                scope.Arrange [ "self_attn"; "linear1"; "linear2"; "norm1"; "norm2" ]
                { x with Values = y })
            (fun (y: PaddedSequence) -> Some y.Values)

    /// An encoder's layer: self-attention, then two linear layers, with residuals: `[batch; length; features]` stays.
    /// `Transformer.encoderLayer (Transformer.options 4 512)`
    let encoderLayer (o: TransformerOptions) : Layer<Expr, Expr> =
        paddedEncoderLayer o |> Layer.before (fun x -> { Values = x; IsReal = None }) |> Layer.map _.Values

    /// A decoder's layer: self-attention, attention to the encoder's memory, two linear layers. The memory is handed on,
    /// so that layers stand in a row; set `Causal` where it is to predict what comes next.
    /// `Transformer.decoderLayer { Transformer.options 4 512 with Causal = true }`
    let decoderLayer (o: TransformerOptions) : Layer<DecoderInput, DecoderInput> =
        Layer.made
            "TransformerDecoderLayer"
            (fun scope (input: DecoderInput) ->
                requireSequence input.Target
                requireSequence input.Memory

                let cross (x: Expr) =
                    let mask = Option.map Attention.paddingMask input.Memory.IsReal
                    let attention = Attention.multiHead o.Heads o.Dropout

                    scope.Run(
                        "multihead_attn",
                        attention,
                        { Query = x; Memory = input.Memory.Values; Mask = mask }
                    )

                let y =
                    input.Target.Values
                    |> around o scope "norm1" (selfAttention o scope (selfMask o input.Target))
                    |> around o scope "norm2" cross
                    |> around o scope "norm3" (feedForward o scope)

                scope.Arrange
                    [ "self_attn"; "multihead_attn"; "linear1"; "linear2"; "norm1"; "norm2"; "norm3" ]

                { input with Target = { input.Target with Values = y } })
            (fun (y: DecoderInput) -> Some y.Target.Values)

    let private stack count layer =
        if count < 1 then
            Refuse.domain "Transformer" $"%d{count} layers" "1 layer or more" "leave the stack out"

        if count > Layer.mostByNumber then
            Refuse.domain
                "Transformer"
                $"%d{count} layers"
                $"at most %d{Layer.mostByNumber} layers"
                "check the count"

        Layer.sequential (List.replicate count layer)

    /// Encoder layers in a row, as PyTorch's: `layers.0.self_attn.in_proj_weight`.
    /// `Transformer.encoder 6 (Transformer.options 8 2048)`
    let encoder (count: int) (o: TransformerOptions) : Layer<PaddedSequence, PaddedSequence> =
        Layer.named "layers" (Layer.numbered (stack count (paddedEncoderLayer o)))

    /// Decoder layers in a row, as PyTorch's: `layers.0.self_attn.in_proj_weight`.
    /// `Transformer.decoder 6 { Transformer.options 8 2048 with Causal = true }`
    let decoder (count: int) (o: TransformerOptions) : Layer<DecoderInput, DecoderInput> =
        Layer.named "layers" (Layer.numbered (stack count (decoderLayer o)))

    /// sin and cos of the place at wavelengths from 2π to 10,000·2π, sines on even features, cosines on odd ones:
    /// `[length; features]`. `Transformer.sinusoids DType.F32 16 64`
    let sinusoids dtype (length: int) (features: int) =
        let element i =
            let place, feature = i / features, i % features
            let angle = float place / 10000.0 ** (float (feature / 2 * 2) / float features)
            if feature % 2 = 0 then sin angle else cos angle

        let shape = Shape.ofList [ length; features ]
        Allocation.requireElements "Transformer.sinusoids" shape.Size 16

        Tensor.ofArray [ length; features ] (Array.init shape.Size element)
        |> Tensor.cast dtype
        |> Expr.constant

    /// Adds the sinusoids of places to `[batch; length; features]`. `Transformer.sinusoidalPositions`
    let sinusoidalPositions: Layer<Expr, Expr> =
        Layer.create "SinusoidalPositions" (fun scope x ->
            Operand.requireRank "positions" 3 "[batch; length; features]" x

            match StepwiseScope.Of(scope, x) with
            | None -> x + sinusoids x.DType x.Shape[1] x.Shape[2]
            | Some stepping ->
                stepping.NeedsCapacity <- true
                x + StepwiseLayers.rowsAt scope x (sinusoids x.DType stepping.Capacity x.Shape[2]))

    /// Adds a learnt vector for each place to `[batch; length; features]`, for lengths up to `longest`. Parameter `weight`
    /// `[longest; features]`. `Transformer.learnedPositions 128`
    let learnedPositions (longest: int) : Layer<Expr, Expr> =
        Layer.requireSize "LearnedPositions" "places" longest

        Layer.create "LearnedPositions" (fun scope x ->
            Operand.requireRank "positions" 3 "[batch; length; features]" x

            if x.Shape[1] > longest then
                Refuse.shape
                    "positions"
                    (Operand.text x)
                    $"a length of at most %d{longest}"
                    "cut the sequence, or learn more places"

            let weight = scope.Parameter("weight", [ longest; x.Shape[2] ], Init.normal 0.0 0.02)
            x + StepwiseLayers.rowsAt scope x weight)
