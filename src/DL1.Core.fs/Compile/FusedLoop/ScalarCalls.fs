namespace DL1.Compiler.FusedLoop

open System
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open DL1
open DL1.Compiler.Simd

#nowarn "9" // Addresses in bytes; the caller guarantees that the memory is there.

/// Functions that have no vector form, applied in place to `count` elements at an address, by the same functions that
/// `Eval` calls.
[<AbstractClass; Sealed>]
type internal ScalarCalls =
    static member inline private Each32(address, count, [<InlineIfLambda>] f: float -> float) =
        for i in 0 .. count - 1 do
            let element = NativePtr.add (NativePtr.ofNativeInt<float32> address) i
            NativePtr.write element (float32 (f (float (NativePtr.read element))))

    static member inline private Each64(address, count, [<InlineIfLambda>] f: float -> float) =
        for i in 0 .. count - 1 do
            let element = NativePtr.add (NativePtr.ofNativeInt<float> address) i
            NativePtr.write element (f (NativePtr.read element))

    static member Tan32(address: nativeint, count: int) = ScalarCalls.Each32(address, count, Math.Tan)

    static member Tan64(address: nativeint, count: int) = ScalarCalls.Each64(address, count, Math.Tan)

    static member Asin32(address: nativeint, count: int) = ScalarCalls.Each32(address, count, Math.Asin)

    static member Asin64(address: nativeint, count: int) = ScalarCalls.Each64(address, count, Math.Asin)

    static member Acos32(address: nativeint, count: int) = ScalarCalls.Each32(address, count, Math.Acos)

    static member Acos64(address: nativeint, count: int) = ScalarCalls.Each64(address, count, Math.Acos)

    static member Atan32(address: nativeint, count: int) = ScalarCalls.Each32(address, count, Math.Atan)

    static member Atan64(address: nativeint, count: int) = ScalarCalls.Each64(address, count, Math.Atan)

    static member Sinh32(address: nativeint, count: int) = ScalarCalls.Each32(address, count, Math.Sinh)

    static member Sinh64(address: nativeint, count: int) = ScalarCalls.Each64(address, count, Math.Sinh)

    static member Cosh32(address: nativeint, count: int) = ScalarCalls.Each32(address, count, Math.Cosh)

    static member Cosh64(address: nativeint, count: int) = ScalarCalls.Each64(address, count, Math.Cosh)

/// Combines the lanes of a reduction, 64 bytes at an address, to one value: lane i with lane i + half, and so on by
/// halves.
[<AbstractClass; Sealed>]
type internal LanePairs =
    static member inline private Halves
        (address: nativeint, [<InlineIfLambda>] join: Vector128<'T> -> Vector128<'T> -> Vector128<'T>)
        =
        let at offset = Vector128.Load(NativePtr.ofNativeInt<'T>(address + offset))
        let lanes = join (join (at 0n) (at 32n)) (join (at 16n) (at 48n))
        let pair = join lanes (Vector128.Shuffle(lanes.AsInt64(), Vector128.Create(1L, 1L)).As<int64, 'T>())

        if Vector128<'T>.Count = 4 then
            let other = Vector128.Shuffle(pair.AsInt32(), Vector128.Create(1, 1, 1, 1)).As<int, 'T>()
            Vector128.ToScalar(join pair other)
        else
            Vector128.ToScalar pair

    [<MethodImpl(Inline.Always)>]
    static member SumFloat32(address: nativeint) : float32 =
        LanePairs.Halves(address, fun x y -> Vector128.Add(x, y))

    [<MethodImpl(Inline.Always)>]
    static member ProdFloat32(address: nativeint) : float32 =
        LanePairs.Halves(address, fun x y -> Vector128.Multiply(x, y))

    [<MethodImpl(Inline.Always)>]
    static member MaxFloat32(address: nativeint) : float32 =
        LanePairs.Halves(address, fun x y -> Vector128.Max(x, y))

    [<MethodImpl(Inline.Always)>]
    static member MinFloat32(address: nativeint) : float32 =
        LanePairs.Halves(address, fun x y -> Vector128.Min(x, y))

    [<MethodImpl(Inline.Always)>]
    static member SumFloat64(address: nativeint) : float =
        LanePairs.Halves(address, fun x y -> Vector128.Add(x, y))

    [<MethodImpl(Inline.Always)>]
    static member ProdFloat64(address: nativeint) : float =
        LanePairs.Halves(address, fun x y -> Vector128.Multiply(x, y))

    [<MethodImpl(Inline.Always)>]
    static member MaxFloat64(address: nativeint) : float =
        LanePairs.Halves(address, fun x y -> Vector128.Max(x, y))

    [<MethodImpl(Inline.Always)>]
    static member MinFloat64(address: nativeint) : float =
        LanePairs.Halves(address, fun x y -> Vector128.Min(x, y))

    [<MethodImpl(Inline.Always)>]
    static member SumWhole32(address: nativeint) : int =
        LanePairs.Halves(address, fun x y -> Vector128.Add(x, y))

    [<MethodImpl(Inline.Always)>]
    static member ProdWhole32(address: nativeint) : int =
        LanePairs.Halves(address, fun x y -> Vector128.Multiply(x, y))

    [<MethodImpl(Inline.Always)>]
    static member MaxWhole32(address: nativeint) : int =
        LanePairs.Halves(address, fun x y -> Vector128.Max(x, y))

    [<MethodImpl(Inline.Always)>]
    static member MinWhole32(address: nativeint) : int =
        LanePairs.Halves(address, fun x y -> Vector128.Min(x, y))

    [<MethodImpl(Inline.Always)>]
    static member SumWhole64(address: nativeint) : int64 =
        LanePairs.Halves(address, fun x y -> Vector128.Add(x, y))

    [<MethodImpl(Inline.Always)>]
    static member ProdWhole64(address: nativeint) : int64 =
        LanePairs.Halves(address, fun x y -> Vector128.Multiply(x, y))

    [<MethodImpl(Inline.Always)>]
    static member MaxWhole64(address: nativeint) : int64 =
        LanePairs.Halves(address, fun x y -> Vector128.Max(x, y))

    [<MethodImpl(Inline.Always)>]
    static member MinWhole64(address: nativeint) : int64 =
        LanePairs.Halves(address, fun x y -> Vector128.Min(x, y))
