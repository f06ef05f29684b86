namespace DL1

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open FSharp.NativeInterop
open MathNet.Numerics

#nowarn "9" // Words are drawn at addresses of arrays that are pinned meanwhile.

/// A key of randomness: 64 bits that decide every number drawn with them. A key is a value: it is never used up, and
/// the same key gives the same numbers. To draw twice, split it. `let [| a; b |] = Key.split 2 (Key.ofSeed 42L)`
[<Struct; IsReadOnly; NoComparison; StructuredFormatDisplay("{Display}")>]
type Key internal (word0: uint32, word1: uint32) =
    member internal _.Words = struct (word0, word1)
    // C# has == and != where they are defined.
    static member op_Equality(a: Key, b: Key) = a.Equals b
    static member op_Inequality(a: Key, b: Key) = not (a.Equals b)

    /// The key whose two words are the low and the high half of a seed; any seed will do. `Key.OfSeed 42L`
    static member OfSeed(seed: int64) = Key(uint32 seed, uint32 (uint64 seed >>> 32))

    /// The child of a key with a number, any of 2³²: words 0 and 1 of the Philox block at `(data, 0, 0, 1)`.
    /// `key.Fold 3`
    member _.Fold(data: int) =
        let struct (w0, w1, _, _) = Philox.at 1u (uint64 (uint32 data)) (struct (word0, word1))
        Key(w0, w1)

    /// The first `count` children: `Fold 0` to `Fold (count - 1)`. A negative count is a `DomainError`.
    /// `key.Split 2`
    member this.Split(count: int) : Key[] =
        if count < 0 then
            Refuse.domain
                "Key.split"
                $"%d{count} children"
                "0 children or more"
                "check the count that was computed"

        let parent = this
        Allocation.requireElements "Key.split" count 8
        Array.init count (fun i -> parent.Fold i)

    /// The two words in hexadecimal, the high one first.
    override _.ToString() = $"Key 0x{word1:x8}{word0:x8}"
    member internal this.Display = this.ToString()

/// Keys, and the tensors drawn with them. Every draw states how it follows from the bits of its key, so that it can
/// be recomputed anywhere. A draw takes the element type and the extents; an extent may be 0. An element type that
/// the draw cannot have is a `ShapeError`, a parameter outside its range a `DomainError`.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Key =
    // Streams of a key: 0 draws, 1 splits (see Key.Fold), 2 feeds System.Random.
    let private drawing, private feeding = 0, 2

    /// The key of a seed; any seed will do. `Key.ofSeed 42L`
    let ofSeed (seed: int64) = Key.OfSeed seed

    /// The key as i32 `[2]`, the bits of its words: what an expression takes its randomness from. `Key.toTensor key`
    let toTensor (key: Key) =
        let struct (word0, word1) = key.Words
        Tensor(Shape.Of [ 2 ], Elements.I32 [| int word0; int word1 |])

    /// The key whose words have the bits of i32 `[2]`; another type or shape is a `ShapeError`. `Key.ofTensor t`
    let ofTensor (t: Tensor) =
        match t.Elements with
        | Elements.I32 [| word0; word1 |] when t.Rank = 1 -> Key(uint32 word0, uint32 word1)
        | _ -> Refuse.shape "Key.ofTensor" $"{t.DType} {t.Shape}" "i32 [2]" "make it of a key"

    /// The child of a key with a number, any of 2³². Children differ from each other and from their parent as keys of
    /// unrelated seeds do. `Key.fold 3 key`
    let fold (data: int) (key: Key) = key.Fold data

    /// The children 0 to `count - 1`, for `count` independent uses; a negative count is a `DomainError`.
    /// `let [| weights; biases |] = Key.split 2 key`
    let split (count: int) (key: Key) = key.Split count

    /// Elements that one thread draws at a time: a multiple of the four words of a block.
    [<Literal>]
    let private Part = 65536

    /// Fills the elements 0 to count − 1 by parts, from the first to the one before the last, which threads share.
    let private inParts (count: int) (fill: int -> int -> unit) =
        let part i = fill (i * Part) (i * Part + min Part (count - i * Part))
        Parallelism.forEachShort (int ((int64 count + int64 Part - 1L) / int64 Part)) part

    /// Writes the words of a stream from the number `first` on.
    let private fillWords (stream: int) (key: Key) (first: int) (words: Span<int>) =
        use target = fixed &MemoryMarshal.GetReference words
        let struct (key0, key1) = key.Words
        RandomBlocks.Fill(uint32 stream, key0, key1, int64 first, words.Length, NativePtr.toNativeInt target)

    /// `count` random words of 32 bits, read as signed integers: element `i` is word `i % 4` of the Philox block at
    /// the counter `(low half of i / 4, high half of i / 4, 0, stream)`. Draws use the stream 0, and splitting 1. A
    /// negative count is a `DomainError`. `Key.bits 0 10 key`
    let bits (stream: int) (count: int) (key: Key) : int[] =
        if count < 0 then
            Refuse.domain "Key.bits" $"%d{count} words" "0 words or more" "check the count that was computed"

        Allocation.requireElements "Key" count 48
        let words = Allocation.zeroed count
        inParts count (fun first last -> fillWords stream key first (Span(words, first, last - first)))
        words

    let private refuseType operation (dtype: DType) expected =
        Refuse.shape operation $"the type {dtype}" expected "draw in such a type, then cast"

    /// f64 numbers in [0, 1), two words each.
    let private doubles (dims: int list) key =
        let words = bits drawing (Shape.ofList (dims @ [ 2 ])).Size key
        Array.init (words.Length / 2) (fun i -> Philox.unitDouble words[2 * i] words[2 * i + 1])

    /// Refuses a type that is not floating-point, and extents that no tensor has.
    let private requireFloat operation (dtype: DType) (dims: int list) =
        match dtype with
        | DType.F32
        | DType.F64 -> Allocation.requireElements "Key" (Shape.ofList dims).Size 48
        | DType.I32
        | DType.I64
        | DType.Bool -> refuseType operation dtype "f32 or f64"

    /// A function of numbers in [0, 1), f32 or f64.
    let inline private ofUnits dtype (dims: int list) key ([<InlineIfLambda>] element: float -> float) =
        let shape = Shape.ofList dims

        match dtype with
        | DType.F32 ->
            let values: float32[] = Allocation.zeroed shape.Size

            inParts values.Length (fun first last ->
                let own = Span(values, first, last - first)
                let words = MemoryMarshal.Cast<float32, int> own
                fillWords drawing key first words
                Hot.loop ()

                for i in 0 .. own.Length - 1 do
                    own[i] <- float32 (element (Philox.unitSingle words[i])))

            Tensor(shape, Elements.F32 values)
        | DType.F64
        | DType.I32
        | DType.I64
        | DType.Bool -> Tensor(shape, Elements.F64(doubles dims key |> Array.map element))

    /// A function of the two halves of twice as many numbers in [0, 1).
    let inline private ofPairs
        dtype
        (dims: int list)
        key
        ([<InlineIfLambda>] element: float -> float -> float)
        =
        let shape = Shape.ofList dims
        let half = shape.Size

        match dtype with
        | DType.F32 ->
            let words = bits drawing (Shape.ofList (2 :: dims)).Size key
            let values: float32[] = Allocation.zeroed half

            inParts half (fun first last ->
                Hot.loop ()

                for i in first .. last - 1 do
                    values[i] <-
                        float32 (element (Philox.unitSingle words[i]) (Philox.unitSingle words[half + i])))

            Tensor(shape, Elements.F32 values)
        | DType.F64
        | DType.I32
        | DType.I64
        | DType.Bool ->
            let us = doubles (2 :: dims) key
            Tensor(shape, Elements.F64(Array.init half (fun i -> element us[i] us[half + i])))

    /// The value that a type holds for a double, as a double, and the greatest value below.
    let private held dtype (value: float) =
        match dtype with
        | DType.F32 -> struct (float (float32 value), float (MathF.BitDecrement(float32 value)))
        | DType.F64
        | DType.I32
        | DType.I64
        | DType.Bool -> struct (value, Math.BitDecrement value)

    let private tensor dtype dims values = Tensor(Shape.ofList dims, Elements.ofFloats dtype values)

    let private checkBounds operation dtype (low: float) (high: float) =
        let struct (l, _) = held dtype low
        let struct (h, _) = held dtype high

        if not (l < h && Double.IsFinite l && Double.IsFinite(h - l)) then
            Refuse.domain
                operation
                $"the bounds {string low} and {string high}"
                $"finite bounds, the low one below the high one as {dtype}"
                "put the lower bound first, and give bounds that differ in this type"

    let private checkNormal operation (mean: float) (deviation: float) =
        if not (Double.IsFinite mean && Double.IsFinite deviation && deviation >= 0.0) then
            Refuse.domain
                operation
                $"the mean {string mean} and the deviation {string deviation}"
                "a finite mean, and a finite deviation of 0 or more"
                "give the standard deviation, which is never negative, not the variance's logarithm"

    /// Numbers uniform in [low, high), f32 or f64. The bounds are rounded to the type; low must then be below high,
    /// and both finite. With `u` in [0, 1), an element is `min (low + (high - low)·u) (the value below high)`,
    /// computed in f64 and rounded once. In f32, `u = ⌊(b + 2³¹) / 2⁸⌋·2⁻²⁴` of the element's word `b` (as a signed
    /// integer); in f64, `u = (b₀ + 2³¹)·2⁻³² + ⌊(b₁ + 2³¹) / 2¹¹⌋·2⁻⁵³`, of its two words in `bits` of shape
    /// `dims @ [2]`. `Key.uniform -1.0 1.0 DType.F32 [ 2; 3 ] key`
    let uniform (low: float) (high: float) (dtype: DType) (dims: int list) (key: Key) =
        requireFloat "Key.uniform" dtype dims
        checkBounds "Key.uniform" dtype low high
        let struct (low, _) = held dtype low
        let struct (high, belowHigh) = held dtype high
        let range = high - low

        ofUnits dtype dims key (fun u ->
            let value = low + range * u
            if value < belowHigh then value else belowHigh)

    /// Normal numbers, f32 or f64, by the transform of Box and Muller (1958): with `u₁` and `u₂` the two halves of
    /// the draw `uniform 0 1` of this type and the shape `2 :: dims`, an element is
    /// `mean + deviation·√(−2 log(1 − u₁))·cos(2π u₂)`, computed in f64 and rounded once. It lies within 5.8
    /// deviations in f32, 8.6 in f64. The mean must be finite, the deviation finite and 0 or more.
    /// `Key.normal 0.0 1.0 DType.F32 [ 2; 3 ] key`
    let normal (mean: float) (deviation: float) (dtype: DType) (dims: int list) (key: Key) =
        requireFloat "Key.normal" dtype (2 :: dims)
        checkNormal "Key.normal" mean deviation

        ofPairs dtype dims key (fun u1 u2 ->
            mean + deviation * Math.Sqrt(-2.0 * Math.Log(1.0 - u1)) * Math.Cos(2.0 * Math.PI * u2))

    /// Numbers of the normal distribution restricted to [low, high], f32 or f64, by inversion: with `Φ` the
    /// distribution of the standard normal, `a` and `b` the bounds in deviations from the mean, and `u` the draw
    /// `uniform 0 1` of this type and shape, an element is `mean + deviation·Φ⁻¹(Φ(a) + (Φ(b) − Φ(a))·u)`, computed in
    /// f64 on the lower tail (mirrored where the bounds lie above the mean), rounded, and held within the bounds as
    /// the type has them. The bounds must be finite, low below high, the deviation above 0, and the bounds not so far
    /// out (38 deviations) that nothing lies between. `Key.truncatedNormal 0.0 0.02 -0.04 0.04 DType.F32 [ 8; 8 ] key`
    let truncatedNormal
        (mean: float)
        (deviation: float)
        (low: float)
        (high: float)
        (dtype: DType)
        (dims: int list)
        key
        =
        let operation = "Key.truncatedNormal"
        requireFloat operation dtype dims
        checkNormal operation mean deviation
        checkBounds operation dtype low high
        let struct (low, _) = held dtype low
        let struct (high, _) = held dtype high
        let below x = SpecialFunctions.Erfc(-x / sqrt 2.0) / 2.0
        let quantile p = -(sqrt 2.0) * SpecialFunctions.ErfcInv(2.0 * p)
        // Close to 1 a probability has no digits left for the tail, so the upper tail is drawn as the lower one.
        let side = if low > mean then -1.0 else 1.0
        let a = below ((if side < 0.0 then mean - high else low - mean) / deviation)
        let b = below ((if side < 0.0 then mean - low else high - mean) / deviation)

        if not (deviation > 0.0 && b - a > 0.0) then
            Refuse.domain
                operation
                $"the bounds {string low} and {string high} with the mean {string mean} and the deviation {string deviation}"
                "a deviation above 0, and bounds between which the normal distribution has some probability"
                "bring the bounds nearer to the mean, or draw uniform numbers between them"

        ofUnits dtype dims key (fun u ->
            Math.Clamp(mean + side * deviation * quantile (a + (b - a) * u), low, high))

    /// Truth values, each true with probability `p` in [0, 1]: true where `(b + 2³¹)·2⁻³² < p` for the element's word
    /// `b`, read as a signed integer. `Key.bernoulli 0.9 [ 2; 3 ] key`
    let bernoulli (p: float) (dims: int list) (key: Key) =
        if not (p >= 0.0 && p <= 1.0) then
            Refuse.domain
                "Key.bernoulli"
                $"p = {string p}"
                "a probability from 0 to 1"
                "divide a percentage by 100"

        let shape = Shape.ofList dims
        let values = bits drawing shape.Size key |> Array.map (fun b -> Philox.unit32 b < p)
        Tensor(shape, Elements.Bool values)

    /// Whole numbers from `low`, included, to `high`, not included, i32 or i64: `low + ⌊(high − low)·u⌋` with `u` the
    /// f64 draw `uniform 0 1` of this shape. No number's chance is off by more than 2⁻⁵³. Low must be below high.
    /// `Key.integers 0 10 DType.I64 [ 32 ] key`
    let integers (low: int) (high: int) (dtype: DType) (dims: int list) (key: Key) =
        let values () =
            if low >= high then
                Refuse.domain
                    "Key.integers"
                    $"the bounds %d{low} and %d{high}"
                    "a low bound below the high one, which is not included"
                    "put the lower bound first; for one number alone, the high one is one more"

            let range = float high - float low
            doubles dims key |> Array.map (fun u -> float low + Math.Floor(range * u))

        match dtype with
        | DType.I32
        | DType.I64 -> tensor dtype dims (values ())
        | DType.F32
        | DType.F64
        | DType.Bool -> refuseType "Key.integers" dtype "i32 or i64"

    /// The first `count` places of 0, ..., n − 1 in random order, by the exchanges of Fisher and Yates: the place `i`
    /// with the place `i + ⌊(n − i)·u⌋`, where `u` is element `i` of the f64 draw `uniform 0 1` of shape `[count]`.
    let private shuffled count n key =
        Allocation.requireElements "Key.permutation" n 16
        let order = Array.init n int64
        let us = doubles [ count ] key

        for i in 0 .. count - 1 do
            let j = i + int (Math.Floor(float (n - i) * us[i]))
            let chosen = order[j]
            order[j] <- order[i]
            order[i] <- chosen

        Tensor(Shape.Of [ count ], Elements.I64(Array.truncate count order))

    /// The numbers 0, ..., n − 1 in random order, an i64 vector `[n]`, by the exchanges of Fisher and Yates: for `i`
    /// from 0, the place `i` with the place `i + ⌊(n − i)·u⌋`, where `u` is element `i` of the f64 draw `uniform 0 1` of
    /// shape `[n]`. A negative `n` is a `DomainError`. `Key.permutation 100 key`
    let permutation (n: int) (key: Key) =
        if n < 0 then
            Refuse.domain "Key.permutation" $"n = %d{n}" "0 or more" "check the size that was computed"

        shuffled n n key

    /// `count` of the numbers 0, ..., n − 1, an i64 vector `[count]`: with replacement, `integers 0 n`; without, the
    /// start of a permutation, all different. Without replacement `count` may not be above `n`; with it, `n` must be
    /// above 0 unless `count` is 0. `Key.choice 10 false 100 key`
    let choice (count: int) (replace: bool) (n: int) (key: Key) =
        let refuse expected cure =
            Refuse.domain "Key.choice" $"%d{count} of %d{n} numbers, replace = {replace}" expected cure

        if count < 0 || n < 0 then
            refuse "a count and a number of 0 or more" "check the sizes that were computed"

        if count = 0 then
            Tensor(Shape.Of [ 0 ], Elements.I64 [||])
        elif replace then
            if n = 0 then
                refuse "some numbers to choose from" "give n above 0"

            integers 0 n DType.I64 [ count ] key
        else
            if count > n then
                refuse "a count of n at most" "choose fewer, or with replacement"

            shuffled count n key

    /// A `System.Random` over a key, for code that wants one, such as the distributions of MathNet.Numerics:
    /// `Normal.Sample(Key.toRandom key, 0.0, 1.0)`. It reads the words of the key's stream 2 one after the other, is
    /// itself mutable, and not for several threads at once. NextDouble takes two words and NextSingle one, by the
    /// formulas of `uniform`; a whole number takes two, by the high half of their product with the range; NextBytes
    /// one for each four bytes, the low byte first.
    let toRandom (key: Key) : Random = PhiloxRandom(uint32 feeding, key.Words)
