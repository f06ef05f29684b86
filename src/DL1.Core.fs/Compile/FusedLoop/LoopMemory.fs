namespace DL1.Compiler.FusedLoop

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop
open DL1
open DL1.Compiler.Movement
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller guarantees that the memory is there.
#nowarn "51" // The address of a vector on the stack.

/// Functions that emitted code calls: for partial vectors at the ends of rows, and for truth values and integers in
/// memory.
[<AbstractClass; Sealed>]
type internal LoopMemory =

    /// Prefetches the cache line (64 bytes) of an address; harmless for any address.
    [<MethodImpl(Inline.Always)>]
    static member Fetch(address: nativeint) = Simd.fetch address

    static member inline private Move<'T when 'T: unmanaged>(source: nativeint, target: nativeint) =
        NativePtr.write (NativePtr.ofNativeInt<'T> target) (NativePtr.read (NativePtr.ofNativeInt<'T> source))

    /// Copies `bytes` bytes, at most 64, and touches no others. It has no loop, since it is inlined in every fused
    /// loop.
    [<MethodImpl(Inline.Always)>]
    static member Copy(source: nativeint, target: nativeint, bytes: int) =
        let mutable at = 0n

        if bytes &&& 64 <> 0 then
            LoopMemory.Move<Vector512<byte>>(source, target)

        if bytes &&& 32 <> 0 then
            LoopMemory.Move<Vector256<byte>>(source, target)
            at <- 32n

        if bytes &&& 16 <> 0 then
            LoopMemory.Move<Vector128<byte>>(source + at, target + at)
            at <- at + 16n

        if bytes &&& 8 <> 0 then
            LoopMemory.Move<int64>(source + at, target + at)
            at <- at + 8n

        if bytes &&& 4 <> 0 then
            LoopMemory.Move<int>(source + at, target + at)
            at <- at + 4n

        if bytes &&& 2 <> 0 then
            LoopMemory.Move<int16>(source + at, target + at)
            at <- at + 2n

        if bytes &&& 1 <> 0 then
            LoopMemory.Move<byte>(source + at, target + at)

    // `LoadPartial` reads the first `count` elements at an address, at most the number of lanes; the other lanes are 0.

    [<MethodImpl(Inline.Always)>]
    static member LoadPartial(address: nativeint, count: int, _: Vector128<float32>) : Vector128<float32> =
        if Avx.IsSupported then
            let mask = Vector128.GreaterThan(Vector128.Create(count), Vector128<int>.Indices)

            Avx.MaskLoad(NativePtr.ofNativeInt<float32> address, Vector128.As<int, float32> mask)
        else
            let mutable lanes = Vector128<float32>.Zero
            LoopMemory.Copy(address, NativePtr.toNativeInt &&lanes, 4 * count)
            lanes

    [<MethodImpl(Inline.Always)>]
    static member LoadPartial(address: nativeint, count: int, _: Vector256<float32>) : Vector256<float32> =
        if Avx.IsSupported then
            let mask = Vector256.GreaterThan(Vector256.Create(count), Vector256<int>.Indices)

            Avx.MaskLoad(NativePtr.ofNativeInt<float32> address, Vector256.As<int, float32> mask)
        else
            let mutable lanes = Vector256<float32>.Zero
            LoopMemory.Copy(address, NativePtr.toNativeInt &&lanes, 4 * count)
            lanes

    [<MethodImpl(Inline.Always)>]
    static member LoadPartial(address: nativeint, count: int, _: Vector512<float32>) : Vector512<float32> =
        let lower = Vector256<float32>.Zero

        Vector512.Create(
            LoopMemory.LoadPartial(address, min count 8, lower),
            LoopMemory.LoadPartial(address + 32n, max 0 (count - 8), lower)
        )

    [<MethodImpl(Inline.Always)>]
    static member LoadPartial(address: nativeint, count: int, _: Vector128<float>) : Vector128<float> =
        if Avx.IsSupported then
            let mask = Vector128.GreaterThan(Vector128.Create(int64 count), Vector128<int64>.Indices)

            Avx.MaskLoad(NativePtr.ofNativeInt<float> address, Vector128.As<int64, float> mask)
        else
            let mutable lanes = Vector128<float>.Zero
            LoopMemory.Copy(address, NativePtr.toNativeInt &&lanes, 8 * count)
            lanes

    [<MethodImpl(Inline.Always)>]
    static member LoadPartial(address: nativeint, count: int, _: Vector256<float>) : Vector256<float> =
        if Avx.IsSupported then
            let mask = Vector256.GreaterThan(Vector256.Create(int64 count), Vector256<int64>.Indices)

            Avx.MaskLoad(NativePtr.ofNativeInt<float> address, Vector256.As<int64, float> mask)
        else
            let mutable lanes = Vector256<float>.Zero
            LoopMemory.Copy(address, NativePtr.toNativeInt &&lanes, 8 * count)
            lanes

    [<MethodImpl(Inline.Always)>]
    static member LoadPartial(address: nativeint, count: int, _: Vector512<float>) : Vector512<float> =
        let lower = Vector256<float>.Zero

        Vector512.Create(
            LoopMemory.LoadPartial(address, min count 4, lower),
            LoopMemory.LoadPartial(address + 32n, max 0 (count - 4), lower)
        )

    // Truth values: a byte each in memory, masks (0 or −1) in lanes.
    [<MethodImpl(Inline.Always)>]
    static member LoadTruth(address: nativeint, _: Vector128<int>) : Vector128<int> =
        let bytes = Vector128.CreateScalar(NativePtr.read (NativePtr.ofNativeInt<int> address)).AsByte()

        let wide = Vector128.WidenLower(Vector128.WidenLower bytes)
        Vector128.GreaterThan(wide.AsInt32(), Vector128<int>.Zero)

    [<MethodImpl(Inline.Always)>]
    static member LoadTruth(address: nativeint, _: Vector128<int64>) : Vector128<int64> =
        let bytes = Vector128.CreateScalar(NativePtr.read (NativePtr.ofNativeInt<int16> address)).AsByte()

        let wide = Vector128.WidenLower(Vector128.WidenLower(Vector128.WidenLower bytes))
        Vector128.GreaterThan(wide.AsInt64(), Vector128<int64>.Zero)

    [<MethodImpl(Inline.Always)>]
    static member StoreTruth(mask: Vector128<int>, address: nativeint) =
        let half = Vector128.Narrow(mask, mask)
        let bytes = Vector128.Narrow(half, half).AsByte() &&& Vector128.Create 1uy
        NativePtr.write (NativePtr.ofNativeInt<int> address) (Vector128.ToScalar(bytes.AsInt32()))

    [<MethodImpl(Inline.Always)>]
    static member StoreTruth(mask: Vector128<int64>, address: nativeint) =
        let single = Vector128.Narrow(mask, mask)
        let half = Vector128.Narrow(single, single)
        let bytes = Vector128.Narrow(half, half).AsByte() &&& Vector128.Create 1uy
        NativePtr.write (NativePtr.ofNativeInt<int16> address) (Vector128.ToScalar(bytes.AsInt16()))

    [<MethodImpl(Inline.Always)>]
    static member LoadTruth(address: nativeint, _: Vector256<int>) : Vector256<int> =
        let half = Vector128<int>.Zero
        Vector256.Create(LoopMemory.LoadTruth(address, half), LoopMemory.LoadTruth(address + 4n, half))

    [<MethodImpl(Inline.Always)>]
    static member StoreTruth(mask: Vector256<int>, address: nativeint) =
        LoopMemory.StoreTruth(mask.GetLower(), address)
        LoopMemory.StoreTruth(mask.GetUpper(), address + 4n)

    [<MethodImpl(Inline.Always)>]
    static member LoadTruth(address: nativeint, _: Vector256<int64>) : Vector256<int64> =
        let half = Vector128<int64>.Zero
        Vector256.Create(LoopMemory.LoadTruth(address, half), LoopMemory.LoadTruth(address + 2n, half))

    [<MethodImpl(Inline.Always)>]
    static member StoreTruth(mask: Vector256<int64>, address: nativeint) =
        LoopMemory.StoreTruth(mask.GetLower(), address)
        LoopMemory.StoreTruth(mask.GetUpper(), address + 2n)

    [<MethodImpl(Inline.Always)>]
    static member LoadTruth(address: nativeint, _: Vector512<int>) : Vector512<int> =
        let half = Vector256<int>.Zero
        Vector512.Create(LoopMemory.LoadTruth(address, half), LoopMemory.LoadTruth(address + 8n, half))

    [<MethodImpl(Inline.Always)>]
    static member StoreTruth(mask: Vector512<int>, address: nativeint) =
        LoopMemory.StoreTruth(mask.GetLower(), address)
        LoopMemory.StoreTruth(mask.GetUpper(), address + 8n)

    [<MethodImpl(Inline.Always)>]
    static member LoadTruth(address: nativeint, _: Vector512<int64>) : Vector512<int64> =
        let half = Vector256<int64>.Zero
        Vector512.Create(LoopMemory.LoadTruth(address, half), LoopMemory.LoadTruth(address + 4n, half))

    [<MethodImpl(Inline.Always)>]
    static member StoreTruth(mask: Vector512<int64>, address: nativeint) =
        LoopMemory.StoreTruth(mask.GetLower(), address)
        LoopMemory.StoreTruth(mask.GetUpper(), address + 4n)

    // Integers in a loop of f64: 32 bits in memory, 64-bit lanes.
    [<MethodImpl(Inline.Always)>]
    static member LoadWhole(address: nativeint, _: Vector128<int64>) : Vector128<int64> =
        Vector128.CreateScalar(NativePtr.read (NativePtr.ofNativeInt<int64> address)).AsInt32()
        |> Vector128.WidenLower

    [<MethodImpl(Inline.Always)>]
    static member StoreWhole(lanes: Vector128<int64>, address: nativeint) =
        let narrow = Vector128.Narrow(lanes, lanes)
        NativePtr.write (NativePtr.ofNativeInt<int64> address) (Vector128.ToScalar(narrow.AsInt64()))

    [<MethodImpl(Inline.Always)>]
    static member LoadWhole(address: nativeint, _: Vector256<int64>) : Vector256<int64> =
        let half = Vector128<int64>.Zero
        Vector256.Create(LoopMemory.LoadWhole(address, half), LoopMemory.LoadWhole(address + 8n, half))

    [<MethodImpl(Inline.Always)>]
    static member StoreWhole(lanes: Vector256<int64>, address: nativeint) =
        LoopMemory.StoreWhole(lanes.GetLower(), address)
        LoopMemory.StoreWhole(lanes.GetUpper(), address + 8n)

    [<MethodImpl(Inline.Always)>]
    static member LoadWhole(address: nativeint, _: Vector512<int64>) : Vector512<int64> =
        let half = Vector256<int64>.Zero
        Vector512.Create(LoopMemory.LoadWhole(address, half), LoopMemory.LoadWhole(address + 16n, half))

    [<MethodImpl(Inline.Always)>]
    static member StoreWhole(lanes: Vector512<int64>, address: nativeint) =
        LoopMemory.StoreWhole(lanes.GetLower(), address)
        LoopMemory.StoreWhole(lanes.GetUpper(), address + 16n)
