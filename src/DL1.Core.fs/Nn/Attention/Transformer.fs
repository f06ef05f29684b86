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
        /// What normalisations add to the variance: PyTorch's `layer_norm_eps`.
        NormEpsilon: float
        /// Whether a stack ends with a normalisation of its own, `norm`: usual where `NormFirst` is.
        FinalNorm: bool
        /// Whether projections, linear layers and normalisations have biases.
        Bias: bool
    }

/// A sequence with padding, and a mask of one's own for its attention to itself.
[<NoEquality; NoComparison>]
type MaskedSequence =
    {
        /// The sequence and its padding.
        Sequence: PaddedSequence
        /// Beside padding and `Causal`: a mask that broadcasts to `[batch; heads; length; length]`, as in `AttentionInput`.
        Mask: Expr option
    }

/// What a decoder's layer takes: its own sequence, and the encoder's.
[<NoEquality; NoComparison>]
type DecoderInput = { Target: PaddedSequence; Memory: PaddedSequence }

/// What a decoder's layer takes, with masks of one's own.
[<NoEquality; NoComparison>]
type MaskedDecoderInput =
    {
        /// Both sequences, and their padding.
        Sequences: DecoderInput
        /// For the decoder's attention to itself: broadcasts to `[batch; heads; length; length]`.
        TargetMask: Expr option
        /// For its attention to the memory: broadcasts to `[batch; heads; length; memory length]`.
        MemoryMask: Expr option
    }

/// Transformers (Vaswani et al. 2017), batch first, with PyTorch's parameter names: `self_attn`, `multihead_attn`,
/// `linear1`, `linear2`, `norm1` to `norm3`.
[<RequireQualifiedAccess>]
module Transformer =
    /// Dropout 0.1, ReLU, normalisation after each part with ε 1e-5, none at the end of a stack, biases, no causal
    /// mask. `{ Transformer.options 4 512 with Causal = true }`
    let options (heads: int) (inner: int) =
        {
            Heads = heads
            Inner = inner
            Dropout = 0.1
            NormFirst = false
            Causal = false
            Activation = Expr.relu
            NormEpsilon = 1e-5
            FinalNorm = false
            Bias = true
        }

    let private selfMask (o: TransformerOptions) (x: PaddedSequence) =
        let length = x.Values.Shape[1]
        let causal = if o.Causal then Some(Attention.causalMask length length) else None
        Attention.combine causal (Option.map Attention.paddingMask x.IsReal)

    let private dropped (o: TransformerOptions) (scope: Scope) (x: Expr) =
        (Shaping.dropout o.Dropout).RunIn scope.Inner x

    let private normOf (o: TransformerOptions) : Layer<Expr, Expr> =
        let options = { Norm.options with Epsilon = o.NormEpsilon }

        if o.Bias then
            Norm.layerNormWith options 1
        else
            Norm.layerNormUnshifted options 1

    let private attentionOf (o: TransformerOptions) : AttentionOptions =
        { Heads = o.Heads; Dropout = o.Dropout; Bias = o.Bias }

    let private linearOf (o: TransformerOptions) outputs =
        Dense.linearWith { Init.parameters with Bias = o.Bias } outputs

    /// A part of a layer beside which its input goes on, with its normalisation before or after.
    let private around (o: TransformerOptions) (scope: Scope) norm (part: Expr -> Expr) (x: Expr) =
        let normal y = scope.Run(norm, normOf o, y)

        if o.NormFirst then
            x + dropped o scope (part (normal x))
        else
            normal (x + dropped o scope (part x))

    let private selfAttention o (scope: Scope) mask (x: Expr) =
        scope.Run("self_attn", Attention.maskedSelfWith (attentionOf o), (x, mask))

    let private feedForward o (scope: Scope) (x: Expr) =
        let inner = scope.Run("linear1", linearOf o o.Inner, x) |> o.Activation |> dropped o scope
        scope.Run("linear2", linearOf o x.Shape[x.Shape.Rank - 1], inner)

    let private requireSequence (x: PaddedSequence) =
        Operand.requireRank "transformer" 3 "[batch; length; features]" x.Values

    /// Printed with its heads and the features between its linear layers: `TransformerEncoderLayer(4, 512)`.
    let private sized (o: TransformerOptions) layer = Layer.sized $"%d{o.Heads}, %d{o.Inner}" layer

    /// An encoder's layer over a sequence with padding and a mask of one's own, which it hands on.
    /// `Transformer.maskedEncoderLayer (Transformer.options 4 512)`
    let maskedEncoderLayer (o: TransformerOptions) : Layer<MaskedSequence, MaskedSequence> =
        sized o
        <| Layer.made
            "TransformerEncoderLayer"
            (fun scope (x: MaskedSequence) ->
                requireSequence x.Sequence
                let mask = Attention.combine (selfMask o x.Sequence) x.Mask

                let y =
                    x.Sequence.Values
                    |> around o scope "norm1" (selfAttention o scope mask)
                    |> around o scope "norm2" (feedForward o scope)

                scope.Arrange [ "self_attn"; "linear1"; "linear2"; "norm1"; "norm2" ]
                { x with Sequence = { x.Sequence with Values = y } })
            (fun (y: MaskedSequence) -> Some y.Sequence.Values)

    let private unmasked
        (layer: Layer<MaskedSequence, MaskedSequence>)
        : Layer<PaddedSequence, PaddedSequence> =
        layer |> Layer.before (fun x -> { Sequence = x; Mask = None }) |> Layer.map _.Sequence

    /// An encoder's layer over a sequence with padding, which it hands on.
    /// `Transformer.paddedEncoderLayer (Transformer.options 4 512)`
    let paddedEncoderLayer (o: TransformerOptions) : Layer<PaddedSequence, PaddedSequence> =
        unmasked (maskedEncoderLayer o)

    /// An encoder's layer: self-attention, then two linear layers, with residuals: `[batch; length; features]` stays.
    /// `Transformer.encoderLayer (Transformer.options 4 512)`
    let encoderLayer (o: TransformerOptions) : Layer<Expr, Expr> =
        paddedEncoderLayer o |> Layer.before (fun x -> { Values = x; IsReal = None }) |> Layer.map _.Values

    /// `decoderLayer` with masks of one's own beside padding and `Causal`.
    /// `Transformer.maskedDecoderLayer (Transformer.options 4 512)`
    let maskedDecoderLayer (o: TransformerOptions) : Layer<MaskedDecoderInput, MaskedDecoderInput> =
        sized o
        <| Layer.made
            "TransformerDecoderLayer"
            (fun scope (x: MaskedDecoderInput) ->
                let input = x.Sequences
                requireSequence input.Target
                requireSequence input.Memory

                let cross (y: Expr) =
                    let padding = Option.map Attention.paddingMask input.Memory.IsReal

                    scope.Run(
                        "multihead_attn",
                        Attention.multiHeadWith (attentionOf o),
                        {
                            Query = y
                            Memory = input.Memory.Values
                            Mask = Attention.combine padding x.MemoryMask
                        }
                    )

                let mask = Attention.combine (selfMask o input.Target) x.TargetMask

                let y =
                    input.Target.Values
                    |> around o scope "norm1" (selfAttention o scope mask)
                    |> around o scope "norm2" cross
                    |> around o scope "norm3" (feedForward o scope)

                scope.Arrange
                    [ "self_attn"; "multihead_attn"; "linear1"; "linear2"; "norm1"; "norm2"; "norm3" ]

                { x with Sequences = { input with Target = { input.Target with Values = y } } })
            (fun (y: MaskedDecoderInput) -> Some y.Sequences.Target.Values)

    let private unmaskedDecoder
        (layer: Layer<MaskedDecoderInput, MaskedDecoderInput>)
        : Layer<DecoderInput, DecoderInput> =
        layer
        |> Layer.before (fun x -> { Sequences = x; TargetMask = None; MemoryMask = None })
        |> Layer.map _.Sequences

    /// A decoder's layer: self-attention, attention to the encoder's memory, two linear layers. The memory is handed on,
    /// so that layers stand in a row; set `Causal` where it is to predict what comes next.
    /// `Transformer.decoderLayer { Transformer.options 4 512 with Causal = true }`
    let decoderLayer (o: TransformerOptions) : Layer<DecoderInput, DecoderInput> =
        unmaskedDecoder (maskedDecoderLayer o)

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

    /// A layer over a part of what is handed on.
    let private over (get: 'a -> Expr) (put: 'a -> Expr -> 'a) (layer: Layer<Expr, Expr>) : Layer<'a, 'a> =
        Layer(1, layer.Parts, fun place x -> put x (layer.Run place (get x)))

    /// A stack `layers`, and where it is asked for a normalisation `norm` behind it, as one member of a row.
    let private stacked count (o: TransformerOptions) layer (ending: Layer<'a, 'a>) =
        let layers = Layer.named "layers" (Layer.numbered (stack count layer))

        if o.FinalNorm then
            let norm = Layer.named "norm" ending
            Layer(1, layers.Parts @ norm.Parts, fun place x -> norm.Run place (layers.Run place x))
        else
            layers

    /// `encoder` with a mask of one's own, which all layers use.
    /// `Transformer.maskedEncoder 6 (Transformer.options 8 2048)`
    let maskedEncoder (count: int) (o: TransformerOptions) : Layer<MaskedSequence, MaskedSequence> =
        let ending =
            normOf o
            |> over (fun (x: MaskedSequence) -> x.Sequence.Values) (fun x y ->
                { x with Sequence = { x.Sequence with Values = y } })

        stacked count o (maskedEncoderLayer o) ending

    /// Encoder layers in a row, as PyTorch's: `layers.0.self_attn.in_proj_weight`, and with `FinalNorm` `norm.weight`.
    /// `Transformer.encoder 6 (Transformer.options 8 2048)`
    let encoder (count: int) (o: TransformerOptions) : Layer<PaddedSequence, PaddedSequence> =
        unmasked (maskedEncoder count o)

    /// `decoder` with masks of one's own, which all layers use.
    /// `Transformer.maskedDecoder 6 (Transformer.options 8 2048)`
    let maskedDecoder (count: int) (o: TransformerOptions) : Layer<MaskedDecoderInput, MaskedDecoderInput> =
        let ending =
            normOf o
            |> over (fun (x: MaskedDecoderInput) -> x.Sequences.Target.Values) (fun x y ->
                { x with
                    Sequences = { x.Sequences with Target = { x.Sequences.Target with Values = y } }
                })

        stacked count o (maskedDecoderLayer o) ending

    /// Decoder layers in a row, as PyTorch's: `layers.0.self_attn.in_proj_weight`, and with `FinalNorm` `norm.weight`.
    /// `Transformer.decoder 6 { Transformer.options 8 2048 with Causal = true }`
    let decoder (count: int) (o: TransformerOptions) : Layer<DecoderInput, DecoderInput> =
        unmaskedDecoder (maskedDecoder count o)

    /// Position encodings: sin (even features) and cos (odd ones) of the position, at wavelengths from 2π to below 10,000·2π:
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

        Layer.sized (string longest)
        <| Layer.create "LearnedPositions" (fun scope x ->
            Operand.requireRank "positions" 3 "[batch; length; features]" x

            if x.Shape[1] > longest then
                Refuse.shape
                    "positions"
                    (Operand.text x)
                    $"a length of at most %d{longest}"
                    "cut the sequence, or learn more places"

            let weight = scope.Parameter("weight", [ longest; x.Shape[2] ], Init.normal 0.0 0.02)
            x + StepwiseLayers.rowsAt scope x weight)
