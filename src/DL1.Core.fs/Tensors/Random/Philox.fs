namespace DL1

open System
open System.Buffers.Binary

/// Philox 4x32-10, a generator without state: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random
/// numbers: as easy as 1, 2, 3", SC 2011. Any block of the sequence is computed from its counter alone, so that
/// threads, vector lanes and a second pass over the same numbers need no agreement among them.
module internal Philox =
    /// The four words of the block at a counter, under a key.
    let block (struct (c0, c1, c2, c3)) (struct (k0, k1)) : struct (uint32 * uint32 * uint32 * uint32) =
        let mutable x0: uint32 = c0
        let mutable x1: uint32 = c1
        let mutable x2: uint32 = c2
        let mutable x3: uint32 = c3
        let mutable key0: uint32 = k0
        let mutable key1: uint32 = k1

        for _ in 1..10 do
            let p0 = 0xD2511F53UL * uint64 x0
            let p1 = 0xCD9E8D57UL * uint64 x2
            x0 <- uint32 (p1 >>> 32) ^^^ x1 ^^^ key0
            x1 <- uint32 p1
            x2 <- uint32 (p0 >>> 32) ^^^ x3 ^^^ key1
            x3 <- uint32 p0
            // The Weyl sequences of the golden ratio and of √3 − 1.
            key0 <- key0 + 0x9E3779B9u
            key1 <- key1 + 0xBB67AE85u

        struct (x0, x1, x2, x3)

    /// The block of four words at a place in a stream: the counter `(low half, high half, 0, stream)`.
    let at (stream: uint32) (index: uint64) key =
        block (struct (uint32 index, uint32 (index >>> 32), 0u, stream)) key

    /// The word itself, in [0, 2³²), of a word's bits read as a signed integer.
    let private unsigned (bits: int) = float bits + 2147483648.0

    /// A uniform number in [0, 1) from 32 bits: `(bits + 2³¹)·2⁻³²`, exact.
    let unit32 bits = unsigned bits / 4294967296.0

    /// A uniform number in [0, 1) that f32 holds exactly: `⌊(bits + 2³¹) / 2⁸⌋·2⁻²⁴`.
    let unitSingle (bits: int) = float (((bits ^^^ Int32.MinValue) >>> 8) &&& 0xFFFFFF) / 16777216.0

    /// A uniform number in [0, 1) of 53 bits: `(high + 2³¹)·2⁻³² + ⌊(low + 2³¹) / 2¹¹⌋·2⁻⁵³`, exact.
    let unitDouble high low =
        unsigned high / 4294967296.0 + Math.Floor(unsigned low / 2048.0) / 9007199254740992.0

/// A `System.Random` that reads one stream of a Philox key, word after word.
[<Sealed>]
type internal PhiloxRandom(stream: uint32, key: struct (uint32 * uint32)) =
    inherit Random(0)
    let mutable position = 0UL
    let mutable current = Philox.at stream 0UL key

    let word () =
        let lane = int (position % 4UL)

        if lane = 0 then
            current <- Philox.at stream (position / 4UL) key

        position <- position + 1UL
        let struct (w0, w1, w2, w3) = current

        match lane with
        | 0 -> w0
        | 1 -> w1
        | 2 -> w2
        | _ -> w3

    let unit () =
        let high = int (word ())
        let low = int (word ())
        Philox.unitDouble high low

    /// Below 2⁶⁴, by the high half of a product of 64 bits: no value's chance is off by more than 2⁻⁶⁴.
    let below (range: uint64) =
        let high = uint64 (word ())
        let low = uint64 (word ())
        let mutable ignored = 0UL
        Math.BigMul((high <<< 32) ||| low, range, &ignored)

    override _.Sample() = unit ()
    override _.NextDouble() = unit ()
    override _.NextSingle() = float32 (Philox.unitSingle (int (word ())))
    override this.Next() = this.Next(0, Int32.MaxValue)
    override this.Next(maxValue: int) = this.Next(0, maxValue)
    override this.Next(minValue: int, maxValue: int) = int (this.NextInt64(minValue, maxValue))
    override this.NextInt64() = this.NextInt64(0L, Int64.MaxValue)
    override this.NextInt64(maxValue: int64) = this.NextInt64(0L, maxValue)

    override _.NextInt64(minValue: int64, maxValue: int64) =
        // The errors of System.Random are part of its contract.
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minValue, maxValue)
        // Wrapping around gives the right range even where the difference does not fit into 63 bits.
        minValue + int64 (below (uint64 (maxValue - minValue)))

    override _.NextBytes(buffer: Span<byte>) =
        let mutable rest = buffer

        while rest.Length >= 4 do
            BinaryPrimitives.WriteUInt32LittleEndian(rest, word ())
            rest <- rest.Slice 4

        if rest.Length > 0 then
            let last = word ()

            for i in 0 .. rest.Length - 1 do
                rest[i] <- byte (last >>> (8 * i))

    override this.NextBytes(buffer: byte[]) = this.NextBytes(buffer.AsSpan())
