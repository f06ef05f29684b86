namespace DL1

open System
open System.IO

/// How numbers lie in a GGUF file: as they are, or in blocks of small whole numbers with scales (ggml's quantised types).
[<RequireQualifiedAccess>]
type internal GgufType =
    | Plain of Raw
    /// Elements of a block, bytes of a block, and the function that decodes a block.
    | Blocks of elements: int * bytes: int * decode: (byte[] -> int -> float32[] -> int -> unit)
    | Unread

/// ggml's types by their codes, and the values of blocks. A decoder is given bytes and the place of a block in them, a
/// target and a place in it. Formulas are those of ggml-quants.c, in f32.
[<RequireQualifiedAccess>]
module internal GgufBlocks =
    let private half (b: byte[]) (i: int) = NarrowFloats.ofHalf (BitConverter.ToUInt16(b, i))

    /// 32 numbers of 8 bits and a scale.
    let private q8_0 (b: byte[]) at (target: float32[]) first =
        let d = half b at

        for i in 0..31 do
            target[first + i] <- float32 (sbyte b[at + 2 + i]) * d

    /// 32 numbers of 4 bits and a scale: the low halves of 16 bytes, then the high ones.
    let private q4_0 (b: byte[]) at (target: float32[]) first =
        let d = half b at

        for i in 0..15 do
            let q = int b[at + 2 + i]
            target[first + i] <- d * float32 ((q &&& 15) - 8)
            target[first + 16 + i] <- d * float32 ((q >>> 4) - 8)

    /// The scale and the least value of part `j` of eight, six bits each in twelve bytes.
    let private scaleAndLeast (b: byte[]) at j : struct (int * int) =
        let s k = int b[at + k]

        if j < 4 then
            struct (s j &&& 63, s (j + 4) &&& 63)
        else
            struct ((s (j + 4) &&& 15) ||| ((s (j - 4) >>> 6) <<< 4),
                    (s (j + 4) >>> 4) ||| ((s j >>> 6) <<< 4))

    /// 256 numbers of 4 or 5 bits in eight parts of 32, each d·scale·q − dmin·least. Parts 2k and 2k + 1 are the low and
    /// high halves of the same 32 bytes; a fifth bit stands apart.
    let private k45 hasFifth (b: byte[]) at (target: float32[]) first =
        let d, least = half b at, half b (at + 2)
        let fifths = at + 16
        let quants = if hasFifth then at + 48 else at + 16

        for part in 0..7 do
            let struct (scale, m) = scaleAndLeast b (at + 4) part
            let dl, ml = d * float32 scale, least * float32 m

            for i in 0..31 do
                let q = (int b[quants + 32 * (part / 2) + i] >>> (4 * (part % 2))) &&& 15
                let q = if hasFifth then q ||| (((int b[fifths + i] >>> part) &&& 1) <<< 4) else q
                target[first + 32 * part + i] <- dl * float32 q - ml

    /// 256 numbers of 6 bits: four in 128 bytes of `ql`, two in 64 of `qh`, and a scale for each 16.
    let private q6_K (b: byte[]) at (target: float32[]) first =
        let d = half b (at + 208)

        for n in 0..1 do
            for i in 0..127 do
                // Elements 0..31 and 32..63 are low halves, 64..127 the high ones.
                let low = (int b[at + 64 * n + i % 64] >>> (4 * (i / 64))) &&& 15
                let high = (int b[at + 128 + 32 * n + i % 32] >>> (2 * (i / 32))) &&& 3
                let scale = float32 (sbyte b[at + 192 + 8 * n + i / 16])
                target[first + 128 * n + i] <- d * scale * float32 ((low ||| (high <<< 4)) - 32)

    /// The name and the layout of a type by its code.
    let find (code: uint32) : string * GgufType =
        match code with
        | 0u -> "F32", GgufType.Plain Raw.F32
        | 1u -> "F16", GgufType.Plain Raw.F16
        | 2u -> "Q4_0", GgufType.Blocks(32, 18, q4_0)
        | 3u -> "Q4_1", GgufType.Unread
        | 6u -> "Q5_0", GgufType.Unread
        | 7u -> "Q5_1", GgufType.Unread
        | 8u -> "Q8_0", GgufType.Blocks(32, 34, q8_0)
        | 9u -> "Q8_1", GgufType.Unread
        | 10u -> "Q2_K", GgufType.Unread
        | 11u -> "Q3_K", GgufType.Unread
        | 12u -> "Q4_K", GgufType.Blocks(256, 144, k45 false)
        | 13u -> "Q5_K", GgufType.Blocks(256, 176, k45 true)
        | 14u -> "Q6_K", GgufType.Blocks(256, 210, q6_K)
        | 15u -> "Q8_K", GgufType.Unread
        | 24u -> "I8", GgufType.Plain Raw.I8
        | 25u -> "I16", GgufType.Plain Raw.I16
        | 26u -> "I32", GgufType.Plain Raw.I32
        | 27u -> "I64", GgufType.Plain Raw.I64
        | 28u -> "F64", GgufType.Plain Raw.F64
        | 30u -> "BF16", GgufType.Plain Raw.BF16
        | code -> $"%d{code}", GgufType.Unread

    /// The number of bytes of elements in rows of `row`, or `None` where they do not fill blocks or the type is not read.
    let length (kind: GgufType) (row: int64) (elements: int64) : int64 option =
        match kind with
        | GgufType.Plain raw -> Some(elements * int64 (Raw.size raw))
        | GgufType.Blocks(each, bytes, _) when row % int64 each = 0L ->
            Some(elements / int64 each * int64 bytes)
        | GgufType.Blocks _
        | GgufType.Unread -> None

    /// Blocks that are read at a time.
    let private step = 512

    /// The elements of blocks, from a stream that is known to have their bytes.
    let read operation each bytes (decode: byte[] -> int -> float32[] -> int -> unit) count (stream: Stream) =
        Allocation.requireElements operation count 4
        let target = GC.AllocateUninitializedArray<float32> count
        let blocks = count / each
        let buffer = Array.zeroCreate<byte>(bytes * min step blocks)

        for first in 0..step .. blocks - 1 do
            let part = min step (blocks - first)
            stream.ReadExactly(buffer, 0, part * bytes)

            for i in 0 .. part - 1 do
                decode buffer (i * bytes) target ((first + i) * each)

        Elements.F32 target
