namespace DL1

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop

#nowarn "9" // Words are stored at addresses: the caller answers for their extent.

type private Words256 = Vector256<uint32>
type private Words512 = Vector512<uint32>

/// The words of a key's stream, which draws and `Node.RandomBits` take: any range of the stream, computed from the
/// index of its first word alone. Each 64-bit lane holds one word of a Philox block in its low half; what its high half
/// collects is never read, as `vpmuludq` multiplies low halves.
[<AbstractClass; Sealed>]
type internal RandomBlocks private () =
    /// The words of one group: sixteen blocks of four words.
    [<Literal>]
    static let Group = 64

    /// Stores four blocks, 64 bytes, in order. Lane i of x0, x1, x2 and x3 holds words 0, 1, 2 and 3 of block i.
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member private Store(x0: Words256, x1: Words256, x2: Words256, x3: Words256, target: nativeint) =
        let high (x: Vector256<uint32>) = Avx2.ShiftLeftLogical(x.AsUInt64(), 32uy).AsUInt32()
        let first = Avx2.Blend(x0, high x1, 0xAAuy).AsUInt64()
        let second = Avx2.Blend(x2, high x3, 0xAAuy).AsUInt64()
        let even = Avx2.UnpackLow(first, second)
        let odd = Avx2.UnpackHigh(first, second)
        // Blocks 0 and 2 are in `even`, 1 and 3 in `odd`.
        let low = Avx2.Permute2x128(even, odd, 0x20uy)
        let top = Avx2.Permute2x128(even, odd, 0x31uy)
        Vector256.Store(low, NativePtr.ofNativeInt<uint64> target)
        Vector256.Store(top, NativePtr.ofNativeInt<uint64>(target + 32n))

    /// Stores eight blocks, 128 bytes, in order. Lane i of x0, x1, x2 and x3 holds words 0, 1, 2 and 3 of block i.
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member private Store(x0: Words512, x1: Words512, x2: Words512, x3: Words512, target: nativeint) =
        let low = Vector512.Create 0xFFFFFFFFUL

        let join (x: Vector512<uint32>) (y: Vector512<uint32>) =
            Vector512.BitwiseOr(
                Vector512.BitwiseAnd(x.AsUInt64(), low),
                Vector512.ShiftLeft(y.AsUInt64(), 32)
            )

        let first, second = join x0 x1, join x2 x3
        let even = Avx512F.UnpackLow(first, second)
        let odd = Avx512F.UnpackHigh(first, second)
        // Blocks 0, 2, 4 and 6 are in `even`, the others in `odd`.
        let lower = Vector512.Create(0UL, 1UL, 8UL, 9UL, 2UL, 3UL, 10UL, 11UL)
        let upper = Vector512.Create(4UL, 5UL, 12UL, 13UL, 6UL, 7UL, 14UL, 15UL)
        let to' (offset: nativeint) = NativePtr.ofNativeInt<uint64>(target + offset)
        Vector512.Store(Avx512F.PermuteVar8x64x2(even, lower, odd), to' 0n)
        Vector512.Store(Avx512F.PermuteVar8x64x2(even, upper, odd), to' 64n)

    /// Writes whole groups, beginning at the block numbered `block`, by vectors of 512 bits.
    static member private Groups512
        (stream: uint32, key0: uint32, key1: uint32, block: uint64, groups: int, target: nativeint)
        =
        Hot.loop ()
        let m0, m1 = Vector512.Create 0xD2511F53u, Vector512.Create 0xCD9E8D57u
        let w0, w1 = Vector512.Create 0x9E3779B9u, Vector512.Create 0xBB67AE85u
        let mutable target = target

        let mutable places =
            Vector512.Add(Vector512.Create block, Vector512.Create(0UL, 1UL, 2UL, 3UL, 4UL, 5UL, 6UL, 7UL))

        for _ in 1..groups do
            let mutable k0, k1 = Vector512.Create key0, Vector512.Create key1
            let later = Vector512.Add(places, Vector512.Create 8UL)
            let mutable a0, a1 = places.AsUInt32(), Vector512.ShiftRightLogical(places, 32).AsUInt32()
            let mutable a2, a3 = Vector512<uint32>.Zero, Vector512.Create stream
            let mutable b0, b1 = later.AsUInt32(), Vector512.ShiftRightLogical(later, 32).AsUInt32()
            let mutable b2, b3 = Vector512<uint32>.Zero, a3
            places <- Vector512.Add(places, Vector512.Create 16UL)

            for _ in 1..10 do
                let p0 = Avx512F.Multiply(a0, m0)
                let p1 = Avx512F.Multiply(a2, m1)
                let q0 = Avx512F.Multiply(b0, m0)
                let q1 = Avx512F.Multiply(b2, m1)
                a0 <- Vector512.Xor(Vector512.Xor(a1, k0), Vector512.ShiftRightLogical(p1, 32).AsUInt32())
                a1 <- p1.AsUInt32()
                a2 <- Vector512.Xor(Vector512.Xor(a3, k1), Vector512.ShiftRightLogical(p0, 32).AsUInt32())
                a3 <- p0.AsUInt32()
                b0 <- Vector512.Xor(Vector512.Xor(b1, k0), Vector512.ShiftRightLogical(q1, 32).AsUInt32())
                b1 <- q1.AsUInt32()
                b2 <- Vector512.Xor(Vector512.Xor(b3, k1), Vector512.ShiftRightLogical(q0, 32).AsUInt32())
                b3 <- q0.AsUInt32()
                k0 <- Vector512.Add(k0, w0)
                k1 <- Vector512.Add(k1, w1)

            RandomBlocks.Store(a0, a1, a2, a3, target)
            RandomBlocks.Store(b0, b1, b2, b3, target + 128n)
            target <- target + nativeint (4 * Group)

    /// Writes whole groups, beginning at the block numbered `block`, by vectors of 256 bits: half a group at a time.
    static member private Groups256
        (stream: uint32, key0: uint32, key1: uint32, block: uint64, groups: int, target: nativeint)
        =
        Hot.loop ()
        let m0, m1 = Vector256.Create 0xD2511F53u, Vector256.Create 0xCD9E8D57u
        // The increments of the key: Weyl sequences of the golden ratio and of √3 − 1.
        let w0, w1 = Vector256.Create 0x9E3779B9u, Vector256.Create 0xBB67AE85u
        let mutable target = target
        let mutable places = Vector256.Add(Vector256.Create block, Vector256.Create(0UL, 1UL, 2UL, 3UL))

        for _ in 1 .. 2 * groups do
            let mutable k0, k1 = Vector256.Create key0, Vector256.Create key1
            let later = Vector256.Add(places, Vector256.Create 4UL)
            let mutable a0, a1 = places.AsUInt32(), Avx2.ShiftRightLogical(places, 32uy).AsUInt32()
            let mutable a2, a3 = Vector256<uint32>.Zero, Vector256.Create stream
            let mutable b0, b1 = later.AsUInt32(), Avx2.ShiftRightLogical(later, 32uy).AsUInt32()
            let mutable b2, b3 = Vector256<uint32>.Zero, a3
            places <- Vector256.Add(places, Vector256.Create 8UL)

            for _ in 1..10 do
                let p0 = Avx2.Multiply(a0, m0)
                let p1 = Avx2.Multiply(a2, m1)
                let q0 = Avx2.Multiply(b0, m0)
                let q1 = Avx2.Multiply(b2, m1)
                a0 <- Avx2.Xor(Avx2.Xor(a1, k0), Avx2.ShiftRightLogical(p1, 32uy).AsUInt32())
                a1 <- p1.AsUInt32()
                a2 <- Avx2.Xor(Avx2.Xor(a3, k1), Avx2.ShiftRightLogical(p0, 32uy).AsUInt32())
                a3 <- p0.AsUInt32()
                b0 <- Avx2.Xor(Avx2.Xor(b1, k0), Avx2.ShiftRightLogical(q1, 32uy).AsUInt32())
                b1 <- q1.AsUInt32()
                b2 <- Avx2.Xor(Avx2.Xor(b3, k1), Avx2.ShiftRightLogical(q0, 32uy).AsUInt32())
                b3 <- q0.AsUInt32()
                k0 <- Avx2.Add(k0, w0)
                k1 <- Avx2.Add(k1, w1)

            RandomBlocks.Store(a0, a1, a2, a3, target)
            RandomBlocks.Store(b0, b1, b2, b3, target + 64n)
            target <- target + nativeint (2 * Group)

    /// Writes whole groups, beginning at the block numbered `block`, by vectors of 512 bits if `wide`, else of 256. The
    /// other form is not compiled by the JIT, which saves milliseconds at the start of a program.
    static member private Groups(wide, stream, key0, key1, block, groups, target) =
        if wide then
            RandomBlocks.Groups512(stream, key0, key1, block, groups, target)
        else
            RandomBlocks.Groups256(stream, key0, key1, block, groups, target)

    /// Writes words `first` to `first + count − 1` of the group that begins at a block; computes the whole group for
    /// it.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    static member private Some
        (wide, stream, key0, key1, block: uint64, first: int, count: int, target: nativeint)
        =
        let whole = NativePtr.stackalloc<uint32> Group
        let address = NativePtr.toNativeInt whole
        RandomBlocks.Groups(wide, stream, key0, key1, block, 1, address)
        let source = NativePtr.toVoidPtr (NativePtr.add whole first)

        Unsafe.CopyBlockUnaligned(
            NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> target),
            source,
            uint32 (4 * count)
        )

    /// Writes the words that `Fill` writes, without vector instructions: for any processor.
    static member FillPlain
        (stream: uint32, key0: uint32, key1: uint32, first: int64, count: int, target: nativeint)
        =
        let target = NativePtr.ofNativeInt<uint32> target
        let mutable i = 0

        while i < count do
            let place = uint64 first + uint64 i
            let struct (x0, x1, x2, x3) = Philox.at stream (place / 4UL) (struct (key0, key1))
            let lane = int (place % 4UL)
            let until = min 4 (lane + count - i)

            for w in lane .. until - 1 do
                let word =
                    if w = 0 then x0
                    elif w = 1 then x1
                    elif w = 2 then x2
                    else x3

                NativePtr.set target (i + w - lane) word

            i <- i + until - lane

    /// Writes the words numbered `first` to `first + count − 1`, in row-major order, of `RandomBits` with this stream
    /// and key to `target`, as i32.
    static member Fill
        (stream: uint32, key0: uint32, key1: uint32, first: int64, count: int, target: nativeint)
        =
        if Avx2.IsSupported then
            RandomBlocks.FillVectors(Avx512F.IsSupported, stream, key0, key1, first, count, target)
        else
            RandomBlocks.FillPlain(stream, key0, key1, first, count, target)

    /// Writes the words that `Fill` writes, by vectors of 512 bits if `wide`, else of 256.
    static member FillVectors
        (wide, stream: uint32, key0: uint32, key1: uint32, first: int64, count: int, target: nativeint)
        =
        if count > 0 then
            let block = uint64 first / 4UL
            let lane = int (first % 4L)

            // First the rest of the group that begins at the first word's block, unless it is a whole one; then whole
            // groups.
            let head = if lane = 0 then 0 else min count (Group - lane)

            if head > 0 then
                RandomBlocks.Some(wide, stream, key0, key1, block, lane, head, target)

            let block = if head = 0 then block else block + uint64 (Group / 4)
            let target = target + nativeint (4 * head)
            let groups = (count - head) / Group
            let rest = (count - head) % Group

            if groups > 0 then
                RandomBlocks.Groups(wide, stream, key0, key1, block, groups, target)

            if rest > 0 then
                let after = block + uint64 groups * uint64 (Group / 4)
                let into = target + nativeint groups * nativeint (4 * Group)
                RandomBlocks.Some(wide, stream, key0, key1, after, 0, rest, into)
