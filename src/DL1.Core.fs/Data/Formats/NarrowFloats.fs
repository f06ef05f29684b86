namespace DL1

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Runtime.Intrinsics

/// Floating-point numbers of 16 bits (IEEE's half, and bfloat16) and of 8 bits (E4M3 and E5M2 of Micikevicius et al. 2022)
/// to and from f32. Widening is exact; narrowing rounds to the nearest, ties to even. By vectors, since weights come by the
/// gigabyte; no step makes a subnormal f32, on which processors are slow.
[<RequireQualifiedAccess>]
module internal NarrowFloats =
    let inline private all (bits: uint32) = Vector256.Create bits

    let inline private choose
        (condition: Vector256<uint32>)
        (ifTrue: Vector256<uint32>)
        (ifFalse: Vector256<uint32>)
        =
        Vector256.ConditionalSelect(condition, ifTrue, ifFalse)

    /// The bits of f32 for halves, each in the low 16 bits of a lane.
    let inline private widenHalf (u: Vector256<uint32>) : Vector256<uint32> =
        let shifted = Vector256.ShiftLeft(u &&& all 0x7FFFu, 13)
        let exponent = shifted &&& all 0x0F800000u
        // The exponent's bias goes from 15 to 127; all ones stay all ones.
        let normal = shifted + all 0x38000000u
        let special = normal + all 0x38000000u
        // A subnormal m·2⁻²⁴ is 2⁻¹⁴·(1 + m·2⁻¹⁰) − 2⁻¹⁴.
        let small =
            Vector256.AsUInt32(
                Vector256.AsSingle(shifted + all 0x38800000u) - Vector256.AsSingle(all 0x38800000u)
            )

        let magnitude =
            choose
                (Vector256.Equals(exponent, all 0x0F800000u))
                special
                (choose (Vector256.Equals(exponent, Vector256<uint32>.Zero)) small normal)

        magnitude ||| Vector256.ShiftLeft(u &&& all 0x8000u, 16)

    let inline private widenBrain (u: Vector256<uint32>) : Vector256<uint32> = Vector256.ShiftLeft(u, 16)

    /// The halves nearest to f32, each in the low 16 bits of a lane.
    let inline private narrowHalf (u: Vector256<uint32>) : Vector256<uint32> =
        let magnitude = u &&& all 0x7FFFFFFFu
        let odd = Vector256.ShiftRightLogical(magnitude, 13) &&& all 1u
        let normal = Vector256.ShiftRightLogical(magnitude + all 0xC8000FFFu + odd, 13)
        // 0.5 + x has x in its last bits, in units of 2⁻²⁴, rounded as IEEE rounds sums.
        let small =
            Vector256.AsUInt32(Vector256.AsSingle magnitude + Vector256.AsSingle(all 0x3F000000u))
            - all 0x3F000000u

        let large = choose (Vector256.GreaterThan(magnitude, all 0x7F800000u)) (all 0x7E00u) (all 0x7C00u)

        let result =
            choose
                (Vector256.GreaterThanOrEqual(magnitude, all 0x47800000u))
                large
                (choose (Vector256.LessThan(magnitude, all 0x38800000u)) small normal)

        result ||| Vector256.ShiftRightLogical(u &&& all 0x80000000u, 16)

    let inline private narrowBrain (u: Vector256<uint32>) : Vector256<uint32> =
        let odd = Vector256.ShiftRightLogical(u, 16) &&& all 1u
        let rounded = Vector256.ShiftRightLogical(u + all 0x7FFFu + odd, 16)
        let isNaN = Vector256.GreaterThan(u &&& all 0x7FFFFFFFu, all 0x7F800000u)
        choose isNaN (Vector256.ShiftRightLogical(u, 16) ||| all 0x40u) rounded

    /// Converts `count` numbers of 16 bits at the beginning of `source` to f32, written to `target` from an index on.
    let inline private widen
        ([<InlineIfLambda>] convert: Vector256<uint32> -> Vector256<uint32>)
        (source: byte[])
        (count: int)
        (target: float32[])
        (first: int)
        =
        let narrow = MemoryMarshal.Cast<byte, uint16>(ReadOnlySpan(source, 0, 2 * count))
        let wide = MemoryMarshal.Cast<float32, uint32>(Span(target, first, count))
        let from = &MemoryMarshal.GetReference narrow
        let onto = &MemoryMarshal.GetReference wide
        let mutable i = 0

        while i + 16 <= count do
            let struct (low, high) = Vector256.Widen(Vector256.LoadUnsafe(&from, unativeint i))
            (convert low).StoreUnsafe(&onto, unativeint i)
            (convert high).StoreUnsafe(&onto, unativeint (i + 8))
            i <- i + 16

        while i < count do
            wide[i] <- (convert (all (uint32 narrow[i]))).ToScalar()
            i <- i + 1

    /// Numbers of f32 from a place in an array as 16 bits, at the beginning of bytes.
    let inline private narrow
        ([<InlineIfLambda>] convert: Vector256<uint32> -> Vector256<uint32>)
        (source: float32[])
        (first: int)
        (count: int)
        (target: byte[])
        =
        let wide = MemoryMarshal.Cast<float32, uint32>(ReadOnlySpan(source, first, count))
        let narrow = MemoryMarshal.Cast<byte, uint16>(Span(target, 0, 2 * count))
        let from = &MemoryMarshal.GetReference wide
        let onto = &MemoryMarshal.GetReference narrow
        let mutable i = 0

        while i + 16 <= count do
            let low = convert (Vector256.LoadUnsafe(&from, unativeint i))
            let high = convert (Vector256.LoadUnsafe(&from, unativeint (i + 8)))
            Vector256.Narrow(low, high).StoreUnsafe(&onto, unativeint i)
            i <- i + 16

        while i < count do
            narrow[i] <- uint16 ((convert (all wide[i])).ToScalar())
            i <- i + 1

    // Optimised from the first call on: weights are mostly read once.

    /// Halves as f32.
    [<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
    let ofHalves (source: byte[]) (count: int) (target: float32[]) (first: int) : unit =
        widen (fun u -> widenHalf u) source count target first

    /// Numbers of bfloat16 as f32.
    [<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
    let ofBrains (source: byte[]) (count: int) (target: float32[]) (first: int) : unit =
        widen (fun u -> widenBrain u) source count target first

    /// Numbers of f32 as halves.
    [<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
    let toHalves (source: float32[]) (first: int) (count: int) (target: byte[]) : unit =
        narrow (fun u -> narrowHalf u) source first count target

    /// Numbers of f32 as bfloat16.
    [<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
    let toBrains (source: float32[]) (first: int) (count: int) (target: byte[]) : unit =
        narrow (fun u -> narrowBrain u) source first count target

    /// One half as f32.
    let ofHalf (bits: uint16) : float32 =
        BitConverter.UInt32BitsToSingle((widenHalf (all (uint32 bits))).ToScalar())

    /// f64 as f32 "rounded to odd": of the two neighbours, that whose last bit is set. Rounded once more to fewer bits it
    /// gives what f64 rounded at once gives (Boldo and Melquiond 2008).
    let roundToOdd (d: float) : float32 =
        let f = float32 d
        let bits = BitConverter.SingleToUInt32Bits f

        if Double.IsNaN d || float f = d || bits &&& 1u = 1u then f
        elif abs (float f) < abs d then BitConverter.UInt32BitsToSingle(bits + 1u)
        else BitConverter.UInt32BitsToSingle(bits - 1u)

    /// The values of the 256 bytes of E4M3, which has no infinity: only all ones are NaN.
    let e4m3: float32[] =
        Array.init 256 (fun b ->
            let exponent, mantissa = (b >>> 3) &&& 15, b &&& 7

            let magnitude =
                if b &&& 0x7F = 0x7F then nanf
                elif exponent = 0 then MathF.ScaleB(float32 mantissa, -9)
                else MathF.ScaleB(float32 (8 + mantissa), exponent - 10)

            if b >= 128 then -magnitude else magnitude)

    /// The values of the 256 bytes of E5M2, which are the upper halves of IEEE's.
    let e5m2: float32[] = Array.init 256 (fun b -> ofHalf (uint16 (b <<< 8)))
