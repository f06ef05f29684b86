namespace DL1

open System
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop

#nowarn "9" // Addresses in bytes; the caller answers for their extents.
#nowarn "51" // The address of a vector on the stack.

/// What emitted passes call for the ends of lines, for truth values and whole numbers in memory, for functions that
/// have no vector form, and to join the lanes of a fold. All of it works on addresses, or on one vector.
[<AbstractClass; Sealed>]
type internal PassMemory =

    /// Copies fewer than 128 bytes, and touches no others.
    static member Copy(source: nativeint, target: nativeint, bytes: int) =
        let mutable at = 0n

        while bytes - int at >= 16 do
            Vector128.Store(
                Vector128.Load(NativePtr.ofNativeInt<byte>(source + at)),
                NativePtr.ofNativeInt<byte>(target + at)
            )

            at <- at + 16n

        if bytes &&& 8 <> 0 then
            NativePtr.write
                (NativePtr.ofNativeInt<int64>(target + at))
                (NativePtr.read (NativePtr.ofNativeInt<int64>(source + at)))

            at <- at + 8n

        if bytes &&& 4 <> 0 then
            NativePtr.write
                (NativePtr.ofNativeInt<int>(target + at))
                (NativePtr.read (NativePtr.ofNativeInt<int>(source + at)))

            at <- at + 4n

        if bytes &&& 2 <> 0 then
            NativePtr.write
                (NativePtr.ofNativeInt<int16>(target + at))
                (NativePtr.read (NativePtr.ofNativeInt<int16>(source + at)))

            at <- at + 2n

        if bytes &&& 1 <> 0 then
            NativePtr.write
                (NativePtr.ofNativeInt<byte>(target + at))
                (NativePtr.read (NativePtr.ofNativeInt<byte>(source + at)))

    // The first `count` elements at an address, zeros in the other lanes; count is at most the number of lanes.

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member LoadPart(address: nativeint, count: int, _: Vector128<float32>) : Vector128<float32> =
        if Avx.IsSupported then
            let mask = Vector128.GreaterThan(Vector128.Create(count), Vector128<int>.Indices)

            Avx.MaskLoad(NativePtr.ofNativeInt<float32> address, Vector128.As<int, float32> mask)
        else
            let mutable lanes = Vector128<float32>.Zero
            PassMemory.Copy(address, NativePtr.toNativeInt &&lanes, 4 * count)
            lanes

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member LoadPart(address: nativeint, count: int, _: Vector256<float32>) : Vector256<float32> =
        if Avx.IsSupported then
            let mask = Vector256.GreaterThan(Vector256.Create(count), Vector256<int>.Indices)

            Avx.MaskLoad(NativePtr.ofNativeInt<float32> address, Vector256.As<int, float32> mask)
        else
            let mutable lanes = Vector256<float32>.Zero
            PassMemory.Copy(address, NativePtr.toNativeInt &&lanes, 4 * count)
            lanes

    static member LoadPart(address: nativeint, count: int, _: Vector512<float32>) : Vector512<float32> =
        let lower = Vector256<float32>.Zero

        Vector512.Create(
            PassMemory.LoadPart(address, min count 8, lower),
            PassMemory.LoadPart(address + 32n, max 0 (count - 8), lower)
        )

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member LoadPart(address: nativeint, count: int, _: Vector128<float>) : Vector128<float> =
        if Avx.IsSupported then
            let mask = Vector128.GreaterThan(Vector128.Create(int64 count), Vector128<int64>.Indices)

            Avx.MaskLoad(NativePtr.ofNativeInt<float> address, Vector128.As<int64, float> mask)
        else
            let mutable lanes = Vector128<float>.Zero
            PassMemory.Copy(address, NativePtr.toNativeInt &&lanes, 8 * count)
            lanes

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member LoadPart(address: nativeint, count: int, _: Vector256<float>) : Vector256<float> =
        if Avx.IsSupported then
            let mask = Vector256.GreaterThan(Vector256.Create(int64 count), Vector256<int64>.Indices)

            Avx.MaskLoad(NativePtr.ofNativeInt<float> address, Vector256.As<int64, float> mask)
        else
            let mutable lanes = Vector256<float>.Zero
            PassMemory.Copy(address, NativePtr.toNativeInt &&lanes, 8 * count)
            lanes

    static member LoadPart(address: nativeint, count: int, _: Vector512<float>) : Vector512<float> =
        let lower = Vector256<float>.Zero

        Vector512.Create(
            PassMemory.LoadPart(address, min count 4, lower),
            PassMemory.LoadPart(address + 32n, max 0 (count - 4), lower)
        )

    // Truth values, a byte each, as masks.
    static member LoadTruth(address: nativeint, _: Vector128<int>) : Vector128<int> =
        let bytes = Vector128.CreateScalar(NativePtr.read (NativePtr.ofNativeInt<int> address)).AsByte()

        let wide = Vector128.WidenLower(Vector128.WidenLower bytes)
        Vector128.GreaterThan(wide.AsInt32(), Vector128<int>.Zero)

    static member LoadTruth(address: nativeint, _: Vector128<int64>) : Vector128<int64> =
        let bytes = Vector128.CreateScalar(NativePtr.read (NativePtr.ofNativeInt<int16> address)).AsByte()

        let wide = Vector128.WidenLower(Vector128.WidenLower(Vector128.WidenLower bytes))
        Vector128.GreaterThan(wide.AsInt64(), Vector128<int64>.Zero)

    static member StoreTruth(mask: Vector128<int>, address: nativeint) =
        let half = Vector128.Narrow(mask, mask)
        let bytes = Vector128.Narrow(half, half).AsByte() &&& Vector128.Create 1uy
        NativePtr.write (NativePtr.ofNativeInt<int> address) (Vector128.ToScalar(bytes.AsInt32()))

    static member StoreTruth(mask: Vector128<int64>, address: nativeint) =
        let single = Vector128.Narrow(mask, mask)
        let half = Vector128.Narrow(single, single)
        let bytes = Vector128.Narrow(half, half).AsByte() &&& Vector128.Create 1uy
        NativePtr.write (NativePtr.ofNativeInt<int16> address) (Vector128.ToScalar(bytes.AsInt16()))

    static member LoadTruth(address: nativeint, _: Vector256<int>) : Vector256<int> =
        let half = Vector128<int>.Zero
        Vector256.Create(PassMemory.LoadTruth(address, half), PassMemory.LoadTruth(address + 4n, half))

    static member StoreTruth(mask: Vector256<int>, address: nativeint) =
        PassMemory.StoreTruth(mask.GetLower(), address)
        PassMemory.StoreTruth(mask.GetUpper(), address + 4n)

    static member LoadTruth(address: nativeint, _: Vector256<int64>) : Vector256<int64> =
        let half = Vector128<int64>.Zero
        Vector256.Create(PassMemory.LoadTruth(address, half), PassMemory.LoadTruth(address + 2n, half))

    static member StoreTruth(mask: Vector256<int64>, address: nativeint) =
        PassMemory.StoreTruth(mask.GetLower(), address)
        PassMemory.StoreTruth(mask.GetUpper(), address + 2n)

    static member LoadTruth(address: nativeint, _: Vector512<int>) : Vector512<int> =
        let half = Vector256<int>.Zero
        Vector512.Create(PassMemory.LoadTruth(address, half), PassMemory.LoadTruth(address + 8n, half))

    static member StoreTruth(mask: Vector512<int>, address: nativeint) =
        PassMemory.StoreTruth(mask.GetLower(), address)
        PassMemory.StoreTruth(mask.GetUpper(), address + 8n)

    static member LoadTruth(address: nativeint, _: Vector512<int64>) : Vector512<int64> =
        let half = Vector256<int64>.Zero
        Vector512.Create(PassMemory.LoadTruth(address, half), PassMemory.LoadTruth(address + 4n, half))

    static member StoreTruth(mask: Vector512<int64>, address: nativeint) =
        PassMemory.StoreTruth(mask.GetLower(), address)
        PassMemory.StoreTruth(mask.GetUpper(), address + 4n)

    // Whole numbers of 32 bits, beside lanes of 64.
    static member LoadWhole(address: nativeint, _: Vector128<int64>) : Vector128<int64> =
        Vector128.CreateScalar(NativePtr.read (NativePtr.ofNativeInt<int64> address)).AsInt32()
        |> Vector128.WidenLower

    static member StoreWhole(lanes: Vector128<int64>, address: nativeint) =
        let narrow = Vector128.Narrow(lanes, lanes)
        NativePtr.write (NativePtr.ofNativeInt<int64> address) (Vector128.ToScalar(narrow.AsInt64()))

    static member LoadWhole(address: nativeint, _: Vector256<int64>) : Vector256<int64> =
        let half = Vector128<int64>.Zero
        Vector256.Create(PassMemory.LoadWhole(address, half), PassMemory.LoadWhole(address + 8n, half))

    static member StoreWhole(lanes: Vector256<int64>, address: nativeint) =
        PassMemory.StoreWhole(lanes.GetLower(), address)
        PassMemory.StoreWhole(lanes.GetUpper(), address + 8n)

    static member LoadWhole(address: nativeint, _: Vector512<int64>) : Vector512<int64> =
        let half = Vector256<int64>.Zero
        Vector512.Create(PassMemory.LoadWhole(address, half), PassMemory.LoadWhole(address + 16n, half))

    static member StoreWhole(lanes: Vector512<int64>, address: nativeint) =
        PassMemory.StoreWhole(lanes.GetLower(), address)
        PassMemory.StoreWhole(lanes.GetUpper(), address + 16n)

/// Functions that have no vector form, on elements in memory: the very functions that Eval calls.
[<AbstractClass; Sealed>]
type internal PassScalar =
    static member inline private Each32(address, count, [<InlineIfLambda>] f: float -> float) =
        for i in 0 .. count - 1 do
            let element = NativePtr.add (NativePtr.ofNativeInt<float32> address) i
            NativePtr.write element (float32 (f (float (NativePtr.read element))))

    static member inline private Each64(address, count, [<InlineIfLambda>] f: float -> float) =
        for i in 0 .. count - 1 do
            let element = NativePtr.add (NativePtr.ofNativeInt<float> address) i
            NativePtr.write element (f (NativePtr.read element))

    static member Tan32(address: nativeint, count: int) = PassScalar.Each32(address, count, Math.Tan)
    static member Tan64(address: nativeint, count: int) = PassScalar.Each64(address, count, Math.Tan)
    static member Asin32(address: nativeint, count: int) = PassScalar.Each32(address, count, Math.Asin)
    static member Asin64(address: nativeint, count: int) = PassScalar.Each64(address, count, Math.Asin)
    static member Acos32(address: nativeint, count: int) = PassScalar.Each32(address, count, Math.Acos)
    static member Acos64(address: nativeint, count: int) = PassScalar.Each64(address, count, Math.Acos)
    static member Atan32(address: nativeint, count: int) = PassScalar.Each32(address, count, Math.Atan)
    static member Atan64(address: nativeint, count: int) = PassScalar.Each64(address, count, Math.Atan)
    static member Sinh32(address: nativeint, count: int) = PassScalar.Each32(address, count, Math.Sinh)
    static member Sinh64(address: nativeint, count: int) = PassScalar.Each64(address, count, Math.Sinh)
    static member Cosh32(address: nativeint, count: int) = PassScalar.Each32(address, count, Math.Cosh)
    static member Cosh64(address: nativeint, count: int) = PassScalar.Each64(address, count, Math.Cosh)

/// The lanes of a fold joined: 64 bytes at an address, lane i with lane i + half, and so on by halves.
[<AbstractClass; Sealed>]
type internal PassJoin =
    static member inline private Halves
        (address: nativeint, [<InlineIfLambda>] join: Vector128<'T> -> Vector128<'T> -> Vector128<'T>)
        =
        let at place = Vector128.Load(NativePtr.ofNativeInt<'T>(address + place))
        let lanes = join (join (at 0n) (at 32n)) (join (at 16n) (at 48n))
        let pair = join lanes (Vector128.Shuffle(lanes.AsInt64(), Vector128.Create(1L, 1L)).As<int64, 'T>())

        if Vector128<'T>.Count = 4 then
            let other = Vector128.Shuffle(pair.AsInt32(), Vector128.Create(1, 1, 1, 1)).As<int, 'T>()
            Vector128.ToScalar(join pair other)
        else
            Vector128.ToScalar pair

    static member SumFloat32(address: nativeint) : float32 =
        PassJoin.Halves(address, fun x y -> Vector128.Add(x, y))

    static member ProdFloat32(address: nativeint) : float32 =
        PassJoin.Halves(address, fun x y -> Vector128.Multiply(x, y))

    static member MaxFloat32(address: nativeint) : float32 =
        PassJoin.Halves(address, fun x y -> Vector128.Max(x, y))

    static member MinFloat32(address: nativeint) : float32 =
        PassJoin.Halves(address, fun x y -> Vector128.Min(x, y))

    static member SumFloat64(address: nativeint) : float =
        PassJoin.Halves(address, fun x y -> Vector128.Add(x, y))

    static member ProdFloat64(address: nativeint) : float =
        PassJoin.Halves(address, fun x y -> Vector128.Multiply(x, y))

    static member MaxFloat64(address: nativeint) : float =
        PassJoin.Halves(address, fun x y -> Vector128.Max(x, y))

    static member MinFloat64(address: nativeint) : float =
        PassJoin.Halves(address, fun x y -> Vector128.Min(x, y))

    static member SumWhole32(address: nativeint) : int =
        PassJoin.Halves(address, fun x y -> Vector128.Add(x, y))

    static member ProdWhole32(address: nativeint) : int =
        PassJoin.Halves(address, fun x y -> Vector128.Multiply(x, y))

    static member MaxWhole32(address: nativeint) : int =
        PassJoin.Halves(address, fun x y -> Vector128.Max(x, y))

    static member MinWhole32(address: nativeint) : int =
        PassJoin.Halves(address, fun x y -> Vector128.Min(x, y))

    static member SumWhole64(address: nativeint) : int64 =
        PassJoin.Halves(address, fun x y -> Vector128.Add(x, y))

    static member ProdWhole64(address: nativeint) : int64 =
        PassJoin.Halves(address, fun x y -> Vector128.Multiply(x, y))

    static member MaxWhole64(address: nativeint) : int64 =
        PassJoin.Halves(address, fun x y -> Vector128.Max(x, y))

    static member MinWhole64(address: nativeint) : int64 =
        PassJoin.Halves(address, fun x y -> Vector128.Min(x, y))
