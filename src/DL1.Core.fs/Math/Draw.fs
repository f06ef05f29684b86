namespace DL1

/// Random numbers inside expressions: the draws of `Key`, bit for bit, from a key that is an operand (i32 `[2]`).
[<RequireQualifiedAccess>]
module Draw =
    /// A key as an operand, i32 `[2]`: a constant. `Draw.key (Key.ofSeed 42L)`
    let key (key: Key) = Expr.constant (Key.toTensor key)

    /// A word's bits as the number they are without a sign, in f64.
    let private unsigned (bits: Expr) = Expr.cast DType.F64 bits + 2147483648.0

    /// Uniform numbers in [0, 1), computed in f64: 24 bits for f32, 53 for f64.
    let private units operation (dtype: DType) (dims: int list) (key: Expr) =
        match dtype with
        | DType.F32 -> floor (unsigned (Expr.randomBits 0 dims key) / 256.0) / 16777216.0
        | DType.F64 ->
            let words = Expr.randomBits 0 (dims @ [ 2 ]) key

            unsigned (Expr.item -1 0 words) / 4294967296.0
            + floor (unsigned (Expr.item -1 1 words) / 2048.0) / 9007199254740992.0
        | DType.I32
        | DType.I64
        | DType.Bool ->
            Refuse.shape operation $"the type {dtype}" "f32 or f64" "draw in such a type, then cast"

    /// Numbers uniform in [low, high), f32 or f64: those of `Key.uniform`. Bounds that are not finite or not in order
    /// are a `DomainError`. `Draw.uniform -1.0 1.0 DType.F32 [ 2; 3 ] key`
    let uniform (low: float) (high: float) (dtype: DType) (dims: int list) (key: Expr) =
        // The bounds as the type holds them, and the largest value below the upper one.
        let held, below =
            match dtype with
            | DType.F32 ->
                (fun v -> float (float32 v)), (fun v -> float (System.MathF.BitDecrement(float32 v)))
            | DType.F64
            | DType.I32
            | DType.I64
            | DType.Bool -> id, System.Math.BitDecrement

        if
            not (
                held low < held high
                && System.Double.IsFinite(held low)
                && System.Double.IsFinite(held high - held low)
            )
        then
            Refuse.domain
                "Draw.uniform"
                $"the bounds {string low} and {string high}"
                $"finite bounds, the low one below the high one as {dtype}"
                "put the lower bound first, and give bounds that differ in this type"

        let u = units "Draw.uniform" dtype dims key
        Expr.minimum (held low + (held high - held low) * u) (lit (below high)) |> Expr.cast dtype

    /// Normal numbers, f32 or f64, by the transform of Box and Muller (1958): those of `Key.normal`. A negative
    /// deviation is a `DomainError`. `Draw.normal 0.0 1.0 DType.F32 [ 2; 3 ] key`
    let normal (mean: float) (deviation: float) (dtype: DType) (dims: int list) (key: Expr) =
        if not (System.Double.IsFinite mean && System.Double.IsFinite deviation && deviation >= 0.0) then
            Refuse.domain
                "Draw.normal"
                $"the mean {string mean} and the deviation {string deviation}"
                "a finite mean, and a finite deviation of 0 or more"
                "give the standard deviation, which is never negative, not the variance's logarithm"

        let u = units "Draw.normal" dtype (2 :: dims) key

        let radius = sqrt (-2.0 * log (1.0 - Expr.item 0 0 u))

        mean + deviation * radius * cos (2.0 * System.Math.PI * Expr.item 0 1 u) |> Expr.cast dtype

    /// Truth values, each true with probability `p` in [0, 1]: those of `Key.bernoulli`.
    /// `Draw.bernoulli 0.9 [ 2; 3 ] key`
    let bernoulli (p: float) (dims: int list) (key: Expr) =
        if not (p >= 0.0 && p <= 1.0) then
            Refuse.domain
                "Draw.bernoulli"
                $"the probability {string p}"
                "a probability from 0 to 1"
                "divide a percentage by 100"

        unsigned (Expr.randomBits 0 dims key) / 4294967296.0 .< p

    /// A class for each row of logits `[...; classes]`, with the chances of their softmax: i64 `[...]`. The greatest of the logits,
    /// each with noise of Gumbel's distribution, computed in f64; a class of −∞ is drawn only where all are.
    /// `Draw.categorical (Expr.constant (Tensor.vector [ 0.0; 1.0 ])) key`
    let categorical (logits: Expr) (key: Expr) =
        Operand.requireFloat "Draw.categorical" logits

        if logits.Shape.Rank = 0 || logits.Shape[logits.Shape.Rank - 1] = 0 then
            Refuse.shape
                "Draw.categorical"
                (Operand.text logits)
                "logits [...; classes], 1 class or more"
                "add the axis of the classes"

        // Above 0, so that the noise is finite.
        let least = System.Math.ScaleB(1.0, -54)
        let u = Expr.maximum (units "Draw.categorical" DType.F64 (logits.Shape.ToList()) key) (lit least)
        Expr.argMax -1 (Expr.cast DType.F64 logits - log -(log u))

    /// Independent keys, i32 `[count; 2]`: the children 0 to count − 1 of `Key.split`; take one with `Expr.item 0 i`.
    /// `Draw.split 2 key`
    let split count (key: Expr) =
        if count < 0 then
            Refuse.domain
                "Draw.split"
                $"%d{count} children"
                "0 children or more"
                "check the count that was computed"

        Expr.randomBits 1 [ count; 4 ] key |> Expr.sliceAxis 1 0 2
