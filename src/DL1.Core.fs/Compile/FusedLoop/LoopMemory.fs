namespace DL1.Compiler.FusedLoop

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller guarantees that the memory is there.
#nowarn "51" // The address of a vector on the stack.

/// Memory accesses of emitted code: for partial vectors, truth values and integers. The interpreter uses `Copy`, too.
[<AbstractClass; Sealed>]
type internal LoopMemory =

    /// Prefetches the cache line (64 bytes) of an address; harmless for any address.
    [<MethodImpl(Inline.Always)>]
    static member Fetch(address: nativeint) = Simd.fetch address

    static member inline private Move<'T when 'T: unmanaged>(source: nativeint, target: nativeint) =
        At.write target (At.read<'T> source)

    /// Copies exactly `bytes` bytes, at most 64; without a loop, since emitted code inlines it.
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
    // The JIT knows the size of an element, 4 or 8 bytes, and the processor, so one branch is left.

    [<MethodImpl(Inline.Always)>]
    static member LoadPartial<'T when 'T: unmanaged>
        (address: nativeint, count: int, _: Vector128<'T>)
        : Vector128<'T> =
        if Avx.IsSupported && sizeof<'T> = 4 then
            let mask = Vector128.GreaterThan(Vector128.Create count, Vector128<int>.Indices)
            Avx.MaskLoad(NativePtr.ofNativeInt<float32> address, mask.AsSingle()).As<float32, 'T>()
        elif Avx.IsSupported then
            let mask = Vector128.GreaterThan(Vector128.Create(int64 count), Vector128<int64>.Indices)
            Avx.MaskLoad(NativePtr.ofNativeInt<float> address, mask.AsDouble()).As<float, 'T>()
        else
            let mutable lanes = Vector128<'T>.Zero
            LoopMemory.Copy(address, NativePtr.toNativeInt &&lanes, sizeof<'T> * count)
            lanes

    [<MethodImpl(Inline.Always)>]
    static member LoadPartial<'T when 'T: unmanaged>
        (address: nativeint, count: int, _: Vector256<'T>)
        : Vector256<'T> =
        if Avx.IsSupported && sizeof<'T> = 4 then
            let mask = Vector256.GreaterThan(Vector256.Create count, Vector256<int>.Indices)
            Avx.MaskLoad(NativePtr.ofNativeInt<float32> address, mask.AsSingle()).As<float32, 'T>()
        elif Avx.IsSupported then
            let mask = Vector256.GreaterThan(Vector256.Create(int64 count), Vector256<int64>.Indices)
            Avx.MaskLoad(NativePtr.ofNativeInt<float> address, mask.AsDouble()).As<float, 'T>()
        else
            let mutable lanes = Vector256<'T>.Zero
            LoopMemory.Copy(address, NativePtr.toNativeInt &&lanes, sizeof<'T> * count)
            lanes

    [<MethodImpl(Inline.Always)>]
    static member LoadPartial<'T when 'T: unmanaged>
        (address: nativeint, count: int, _: Vector512<'T>)
        : Vector512<'T> =
        if Avx512F.IsSupported && sizeof<'T> = 4 then
            let mask = Vector512.GreaterThan(Vector512.Create count, Vector512<int>.Indices).AsSingle()
            Avx512F.MaskLoad(NativePtr.ofNativeInt<float32> address, mask, Vector512.Zero).As<float32, 'T>()
        elif Avx512F.IsSupported then
            let mask =
                Vector512.GreaterThan(Vector512.Create(int64 count), Vector512<int64>.Indices).AsDouble()

            Avx512F.MaskLoad(NativePtr.ofNativeInt<float> address, mask, Vector512.Zero).As<float, 'T>()
        else
            let mutable lanes = Vector512<'T>.Zero
            LoopMemory.Copy(address, NativePtr.toNativeInt &&lanes, sizeof<'T> * count)
            lanes

    // `StorePartial` stores the first `count` lanes, and touches no memory beyond them. It uses unmasked stores of fewer bytes:
    // after a masked store, a load from any address within a vector's length of it would wait until that store is complete.

    [<MethodImpl(Inline.Always)>]
    static member StorePartial<'T when 'T: unmanaged>(address: nativeint, count: int, lanes: Vector128<'T>) =
        let bytes = count * sizeof<'T>

        if bytes >= 16 then
            At.write address lanes
        else
            let mutable address = address
            let mutable left = lanes.AsInt64()

            if bytes &&& 8 <> 0 then
                At.write<int64> address (left.ToScalar())
                left <- Vector128.CreateScalar(left.GetElement 1)
                address <- address + 8n

            if bytes &&& 4 <> 0 then
                At.write<int> address (left.AsInt32().ToScalar())

    [<MethodImpl(Inline.Always)>]
    static member StorePartial<'T when 'T: unmanaged>(address: nativeint, count: int, lanes: Vector256<'T>) =
        let half = Vector128<'T>.Count

        if count < half then
            LoopMemory.StorePartial(address, count, lanes.GetLower())
        else
            At.write address (lanes.GetLower())
            LoopMemory.StorePartial(address + 16n, count - half, lanes.GetUpper())

    [<MethodImpl(Inline.Always)>]
    static member StorePartial<'T when 'T: unmanaged>(address: nativeint, count: int, lanes: Vector512<'T>) =
        let half = Vector256<'T>.Count

        if count < half then
            LoopMemory.StorePartial(address, count, lanes.GetLower())
        else
            At.write address (lanes.GetLower())
            LoopMemory.StorePartial(address + 32n, count - half, lanes.GetUpper())

    // Truth values: a byte each in memory, masks (0 or −1) in lanes.

    [<MethodImpl(Inline.Always)>]
    static member LoadTruth<'I when 'I: unmanaged>(address: nativeint, _: Vector128<'I>) =
        if sizeof<'I> = 4 then
            let bytes = Vector128.CreateScalar(At.read<int> address).AsByte()
            let wide = Vector128.WidenLower(Vector128.WidenLower bytes)
            Vector128.GreaterThan(wide.AsInt32(), Vector128<int>.Zero).As<int, 'I>()
        else
            let bytes = Vector128.CreateScalar(At.read<int16> address).AsByte()
            let wide = Vector128.WidenLower(Vector128.WidenLower(Vector128.WidenLower bytes))
            Vector128.GreaterThan(wide.AsInt64(), Vector128<int64>.Zero).As<int64, 'I>()

    [<MethodImpl(Inline.Always)>]
    static member StoreTruth<'I when 'I: unmanaged>(mask: Vector128<'I>, address: nativeint) =
        let inline bytes (lanes: Vector128<int>) =
            let half = Vector128.Narrow(lanes, lanes)
            Vector128.Narrow(half, half).AsByte() &&& Vector128.Create 1uy

        if sizeof<'I> = 4 then
            let bytes = bytes (mask.AsInt32())
            At.write<int> address (Vector128.ToScalar(bytes.AsInt32()))
        else
            let bytes = bytes (Vector128.Narrow(mask.AsInt64(), mask.AsInt64()))
            At.write<int16> address (Vector128.ToScalar(bytes.AsInt16()))

    [<MethodImpl(Inline.Always)>]
    static member LoadTruth<'I when 'I: unmanaged>(address: nativeint, _: Vector256<'I>) =
        let half = Vector128<'I>.Zero

        Vector256.Create(
            LoopMemory.LoadTruth(address, half),
            LoopMemory.LoadTruth(address + nativeint Vector128<'I>.Count, half)
        )

    [<MethodImpl(Inline.Always)>]
    static member StoreTruth<'I when 'I: unmanaged>(lanes: Vector256<'I>, address: nativeint) =
        LoopMemory.StoreTruth(lanes.GetLower(), address)
        LoopMemory.StoreTruth(lanes.GetUpper(), address + nativeint Vector128<'I>.Count)

    [<MethodImpl(Inline.Always)>]
    static member LoadTruth<'I when 'I: unmanaged>(address: nativeint, _: Vector512<'I>) =
        let half = Vector256<'I>.Zero

        Vector512.Create(
            LoopMemory.LoadTruth(address, half),
            LoopMemory.LoadTruth(address + nativeint Vector256<'I>.Count, half)
        )

    [<MethodImpl(Inline.Always)>]
    static member StoreTruth<'I when 'I: unmanaged>(lanes: Vector512<'I>, address: nativeint) =
        LoopMemory.StoreTruth(lanes.GetLower(), address)
        LoopMemory.StoreTruth(lanes.GetUpper(), address + nativeint Vector256<'I>.Count)

    // Integers in a loop of f64: 32 bits in memory, lanes 'I of 64 bits.

    [<MethodImpl(Inline.Always)>]
    static member LoadWhole<'I when 'I: unmanaged>(address: nativeint, _: Vector128<'I>) =
        let narrow = Vector128.CreateScalar(At.read<int64> address).AsInt32()
        Vector128.WidenLower(narrow).As<int64, 'I>()

    [<MethodImpl(Inline.Always)>]
    static member StoreWhole<'I when 'I: unmanaged>(lanes: Vector128<'I>, address: nativeint) =
        let narrow = Vector128.Narrow(lanes.AsInt64(), lanes.AsInt64())
        At.write<int64> address (Vector128.ToScalar(narrow.AsInt64()))

    [<MethodImpl(Inline.Always)>]
    static member LoadWhole<'I when 'I: unmanaged>(address: nativeint, _: Vector256<'I>) =
        let half = Vector128<'I>.Zero
        Vector256.Create(LoopMemory.LoadWhole(address, half), LoopMemory.LoadWhole(address + 8n, half))

    [<MethodImpl(Inline.Always)>]
    static member StoreWhole<'I when 'I: unmanaged>(lanes: Vector256<'I>, address: nativeint) =
        LoopMemory.StoreWhole(lanes.GetLower(), address)
        LoopMemory.StoreWhole(lanes.GetUpper(), address + 8n)

    [<MethodImpl(Inline.Always)>]
    static member LoadWhole<'I when 'I: unmanaged>(address: nativeint, _: Vector512<'I>) =
        let half = Vector256<'I>.Zero
        Vector512.Create(LoopMemory.LoadWhole(address, half), LoopMemory.LoadWhole(address + 16n, half))

    [<MethodImpl(Inline.Always)>]
    static member StoreWhole<'I when 'I: unmanaged>(lanes: Vector512<'I>, address: nativeint) =
        LoopMemory.StoreWhole(lanes.GetLower(), address)
        LoopMemory.StoreWhole(lanes.GetUpper(), address + 16n)
