namespace DL1.Compiler.Pooling

open System
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open FSharp.NativeInterop
open DL1

#nowarn "9" // Vectors are loaded and stored at addresses: a kernel's caller answers for them.
#nowarn "3535" // Static abstract members: the JIT compiles a kernel anew for each width and element type.

/// The few operations that poolings are made of, over vectors 'V, at addresses in bytes. There are vectors of one
/// element, so that the same kernel computes the channels that do not fill a wide vector.
type internal ISimdOrder<'V> =
    /// The bytes of one vector.
    static abstract Bytes: int
    static abstract Load: nativeint -> 'V
    static abstract Store: 'V * nativeint -> unit
    /// A number in every lane.
    static abstract Of: float -> 'V
    static abstract Add: 'V * 'V -> 'V
    static abstract Divide: 'V * 'V -> 'V
    /// A mask: where x replaces `best` as the maximum, because it is greater or the first NaN.
    static abstract Above: x: 'V * best: 'V -> 'V
    /// A mask: where elements are equal.
    static abstract Equal: 'V * 'V -> 'V
    /// The second argument where the mask holds, the third elsewhere.
    static abstract Select: mask: 'V * 'V * 'V -> 'V

/// One element of f32; a mask is 1 or 0.
[<Struct; NoEquality; NoComparison>]
type internal OrderF32x1 =
    interface ISimdOrder<float32> with
        static member Bytes = 4

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = NativePtr.read (NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = NativePtr.write (NativePtr.ofNativeInt<float32> address) v

        static member Of value = float32 value
        static member Add(a, b) = a + b
        static member Divide(a, b) = a / b

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Above(x, best) =
            if x > best || (Single.IsNaN x && not (Single.IsNaN best)) then 1.0f else 0.0f

        static member Equal(a, b) = if a = b then 1.0f else 0.0f
        static member Select(mask, a, b) = if mask <> 0.0f then a else b

/// Vectors of 128 bits, elements of f32.
[<Struct; NoEquality; NoComparison>]
type internal OrderF32x128 =
    interface ISimdOrder<Vector128<float32>> with
        static member Bytes = 16

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector128.Load(NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector128.Store(v, NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of value = Vector128.Create(float32 value)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector128.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Divide(a, b) = Vector128.Divide(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Above(x, best) =
            // Where `best` is not NaN, and x ≤ best does not hold.
            Vector128.AndNot(Vector128.Equals(best, best), Vector128.LessThanOrEqual(x, best))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Equal(a, b) = Vector128.Equals(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Select(mask, a, b) = Vector128.ConditionalSelect(mask, a, b)

/// Vectors of 256 bits, elements of f32.
[<Struct; NoEquality; NoComparison>]
type internal OrderF32x256 =
    interface ISimdOrder<Vector256<float32>> with
        static member Bytes = 32

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector256.Load(NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector256.Store(v, NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of value = Vector256.Create(float32 value)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector256.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Divide(a, b) = Vector256.Divide(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Above(x, best) =
            // Where `best` is not NaN, and x ≤ best does not hold.
            Vector256.AndNot(Vector256.Equals(best, best), Vector256.LessThanOrEqual(x, best))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Equal(a, b) = Vector256.Equals(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Select(mask, a, b) = Vector256.ConditionalSelect(mask, a, b)

/// Vectors of 512 bits, elements of f32.
[<Struct; NoEquality; NoComparison>]
type internal OrderF32x512 =
    interface ISimdOrder<Vector512<float32>> with
        static member Bytes = 64

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector512.Load(NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector512.Store(v, NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of value = Vector512.Create(float32 value)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector512.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Divide(a, b) = Vector512.Divide(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Above(x, best) =
            // Where `best` is not NaN, and x ≤ best does not hold.
            Vector512.AndNot(Vector512.Equals(best, best), Vector512.LessThanOrEqual(x, best))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Equal(a, b) = Vector512.Equals(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Select(mask, a, b) = Vector512.ConditionalSelect(mask, a, b)

/// One element of f64; a mask is 1 or 0.
[<Struct; NoEquality; NoComparison>]
type internal OrderF64x1 =
    interface ISimdOrder<float> with
        static member Bytes = 8

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = NativePtr.read (NativePtr.ofNativeInt<float> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = NativePtr.write (NativePtr.ofNativeInt<float> address) v

        static member Of value = value
        static member Add(a, b) = a + b
        static member Divide(a, b) = a / b

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Above(x, best) =
            if x > best || (Double.IsNaN x && not (Double.IsNaN best)) then 1.0 else 0.0

        static member Equal(a, b) = if a = b then 1.0 else 0.0
        static member Select(mask, a, b) = if mask <> 0.0 then a else b

/// Vectors of 128 bits, elements of f64.
[<Struct; NoEquality; NoComparison>]
type internal OrderF64x128 =
    interface ISimdOrder<Vector128<float>> with
        static member Bytes = 16

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector128.Load(NativePtr.ofNativeInt<float> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector128.Store(v, NativePtr.ofNativeInt<float> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of value = Vector128.Create(value)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector128.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Divide(a, b) = Vector128.Divide(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Above(x, best) =
            // Where `best` is not NaN, and x ≤ best does not hold.
            Vector128.AndNot(Vector128.Equals(best, best), Vector128.LessThanOrEqual(x, best))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Equal(a, b) = Vector128.Equals(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Select(mask, a, b) = Vector128.ConditionalSelect(mask, a, b)

/// Vectors of 256 bits, elements of f64.
[<Struct; NoEquality; NoComparison>]
type internal OrderF64x256 =
    interface ISimdOrder<Vector256<float>> with
        static member Bytes = 32

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector256.Load(NativePtr.ofNativeInt<float> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector256.Store(v, NativePtr.ofNativeInt<float> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of value = Vector256.Create(value)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector256.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Divide(a, b) = Vector256.Divide(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Above(x, best) =
            // Where `best` is not NaN, and x ≤ best does not hold.
            Vector256.AndNot(Vector256.Equals(best, best), Vector256.LessThanOrEqual(x, best))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Equal(a, b) = Vector256.Equals(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Select(mask, a, b) = Vector256.ConditionalSelect(mask, a, b)

/// Vectors of 512 bits, elements of f64.
[<Struct; NoEquality; NoComparison>]
type internal OrderF64x512 =
    interface ISimdOrder<Vector512<float>> with
        static member Bytes = 64

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector512.Load(NativePtr.ofNativeInt<float> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector512.Store(v, NativePtr.ofNativeInt<float> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of value = Vector512.Create(value)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector512.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Divide(a, b) = Vector512.Divide(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Above(x, best) =
            // Where `best` is not NaN, and x ≤ best does not hold.
            Vector512.AndNot(Vector512.Equals(best, best), Vector512.LessThanOrEqual(x, best))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Equal(a, b) = Vector512.Equals(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Select(mask, a, b) = Vector512.ConditionalSelect(mask, a, b)
