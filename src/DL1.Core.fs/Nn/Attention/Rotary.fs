namespace DL1

/// Which features of a head rotary positions turn together.
[<RequireQualifiedAccess; Struct>]
type RotaryPairs =
    /// Feature i and feature i + d/2: GPT-NeoX, and Llama's weights as Hugging Face stores them.
    | Halves
    /// Features 2i and 2i + 1: the paper, and Llama's weights as Meta stores them.
    | Neighbours

/// How rotary positions turn; `Rotary.options` is a start.
type RotaryOptions =
    {
        /// Which features are turned together.
        Pairs: RotaryPairs
        /// The longest wavelength is nearly 2π times this many places.
        Base: float
    }

/// Rotary positions (Su et al. 2021): queries and keys are turned by angles that grow with their places, so that a score
/// depends on how far apart both stand, and on nothing else of their places.
[<RequireQualifiedAccess>]
module Rotary =
    /// Halves, base 10,000. `{ Rotary.options with Base = 500000.0 }`
    let options: RotaryOptions = { Pairs = RotaryPairs.Halves; Base = 10000.0 }

    let private check (o: RotaryOptions) =
        if not (o.Base > 0.0 && System.Double.IsFinite o.Base) then
            Refuse.domain "Rotary" $"the base {string o.Base}" "a finite number above 0" "10000 is usual"

    /// Turns each pair of the features of `[...; length; d]`, pair i by place·base^(−2i/d); `places` are numbers `[length]`.
    /// An odd number of features is a `ShapeError`. `Rotary.rotateAt Rotary.options places q`
    let rotateAt (o: RotaryOptions) (places: Expr) (x: Expr) : Expr =
        check o
        Operand.requireFloat "rotary" x
        let rank = x.Shape.Rank

        if rank < 2 || x.Shape[rank - 1] % 2 <> 0 then
            Refuse.shape
                "rotary"
                (Operand.text x)
                "data [...; length; d] of an even number of features d"
                "take a number of heads that leaves an even number of features for each"

        let length, d = x.Shape[rank - 2], x.Shape[rank - 1]

        if places.Shape <> Shape.ofList [ length ] || places.DType = DType.Bool then
            Refuse.shape
                "rotary"
                (Operand.texts [ places; x ])
                $"numbers [%d{length}], a place for each element of the sequence"
                "count the places from 0, or from where the sequence begins"

        let rates =
            Array.init (d / 2) (fun i -> o.Base ** (-2.0 * float i / float d)) |> Tensor.ofArray [ d / 2 ]

        // In f64, so that far places keep their angles.
        let angles = Expr.expandDims 1 (Expr.cast DType.F64 places) * Expr.constant rates
        let cosine, sine = Expr.cast x.DType (cos angles), Expr.cast x.DType (sin angles)
        let leading = List.take (rank - 2) (x.Shape.ToList())

        let turn (a: Expr) (b: Expr) = a * cosine - b * sine, a * sine + b * cosine

        match o.Pairs with
        | RotaryPairs.Halves ->
            let half i = Expr.sliceAxis (rank - 1) (i * d / 2) ((i + 1) * d / 2) x
            let a, b = turn (half 0) (half 1)
            Expr.concat (rank - 1) [ a; b ]
        | RotaryPairs.Neighbours ->
            let pairs = Expr.reshape (leading @ [ length; d / 2; 2 ]) x
            let a, b = turn (Expr.item rank 0 pairs) (Expr.item rank 1 pairs)
            Expr.stack rank [ a; b ] |> Expr.reshape (leading @ [ length; d ])

    /// `rotateAt` the places 0, 1, 2, ... `Rotary.rotate Rotary.options q`
    let rotate (o: RotaryOptions) (x: Expr) : Expr =
        if x.Shape.Rank < 2 then
            Refuse.shape
                "rotary"
                (Operand.text x)
                "data [...; length; d]"
                "add the missing axes by expandDims"

        rotateAt o (Expr.arange DType.I32 x.Shape[x.Shape.Rank - 2]) x
