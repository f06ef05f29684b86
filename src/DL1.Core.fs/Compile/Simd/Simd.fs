namespace DL1.Compiler.Simd

open System
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop

#nowarn "9" // Vectors are loaded and stored at addresses: a kernel's caller answers for them.
#nowarn "3535" // Static abstract members: the JIT compiles a kernel anew for each width and element type.

/// The width of a kernel's vectors in bits. Every width computes the same result, bit for bit.
[<RequireQualifiedAccess>]
type internal Width =
    | Bits128
    | Bits256
    | Bits512

/// Reads, writes, copies and clears memory at addresses, unchecked: the caller guarantees that the memory is there.
[<RequireQualifiedAccess>]
module internal At =
    let inline read<'T when 'T: unmanaged> (address: nativeint) : 'T =
        NativePtr.read (NativePtr.ofNativeInt<'T> address)

    let inline write<'T when 'T: unmanaged> (address: nativeint) (value: 'T) =
        NativePtr.write (NativePtr.ofNativeInt<'T> address) value

    /// Reads element number i of the elements at an address.
    let inline get<'T when 'T: unmanaged> (address: nativeint) (i: int) : 'T =
        read<'T>(address + nativeint i * nativeint sizeof<'T>)

    let inline set<'T when 'T: unmanaged> (address: nativeint) (i: int) (value: 'T) =
        write<'T> (address + nativeint i * nativeint sizeof<'T>) value

    /// Allocates memory for `count` elements on the stack of the calling method.
    let inline stack<'T when 'T: unmanaged> (count: int) : nativeint =
        NativePtr.toNativeInt (NativePtr.stackalloc<'T> count)

    let inline private pointer (address: nativeint) : voidptr =
        NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> address)

    let copy (source: nativeint) (target: nativeint) (bytes: int) =
        Unsafe.CopyBlockUnaligned(pointer target, pointer source, uint32 bytes)

    let clear (target: nativeint) (bytes: int) = Unsafe.InitBlockUnaligned(pointer target, 0uy, uint32 bytes)

/// Arithmetic on single elements of f32 or f64. The JIT knows the size of 'T and drops the other branch.
[<RequireQualifiedAccess>]
module internal One =
    let inline zero<'T when 'T: unmanaged> : 'T = Vector128<'T>.Zero.ToScalar()

    let inline add (a: 'T) (b: 'T) : 'T =
        Vector128.ToScalar(Vector128.Add(Vector128.CreateScalarUnsafe a, Vector128.CreateScalarUnsafe b))

    /// a·b + c, rounded once.
    let inline multiplyAdd (a: 'T) (b: 'T) (c: 'T) : 'T =
        if sizeof<'T> = 4 then
            let inline single (x: 'T) = Unsafe.BitCast<'T, float32> x
            Unsafe.BitCast<float32, 'T>(MathF.FusedMultiplyAdd(single a, single b, single c))
        else
            let inline double (x: 'T) = Unsafe.BitCast<'T, float> x
            Unsafe.BitCast<float, 'T>(Math.FusedMultiplyAdd(double a, double b, double c))

    let inline ofFloat<'T when 'T: unmanaged> (value: float) : 'T =
        if sizeof<'T> = 4 then
            Unsafe.BitCast<float32, 'T>(float32 value)
        else
            Unsafe.BitCast<float, 'T> value

/// The operations of which kernels consist, on vectors 'V of elements 'T, f32 or f64. Addresses are in bytes. A kernel is
/// written once against this interface; the JIT compiles it for each of the types below, and inlines each operation:
/// operations of more than 16 bytes of IL are marked for inlining, shorter ones are always inlined.
type internal ISimd<'V, 'T> =
    /// The bytes of one vector.
    static abstract Bytes: int
    static abstract Zero: 'V
    /// A number in every lane.
    static abstract Of: float -> 'V
    static abstract Load: nativeint -> 'V
    static abstract Store: 'V * nativeint -> unit
    /// The element at an address, in every lane.
    static abstract Broadcast: nativeint -> 'V
    static abstract Add: 'V * 'V -> 'V
    static abstract Subtract: 'V * 'V -> 'V
    static abstract Divide: 'V * 'V -> 'V
    /// a·b + c, rounded once.
    static abstract MultiplyAdd: 'V * 'V * 'V -> 'V
    /// The mask of the lanes in which x replaces `best` as the running maximum, because x is greater or the first NaN:
    /// those in which `best` is not NaN, and x ≤ best does not hold.
    static abstract Above: x: 'V * best: 'V -> 'V
    /// The mask of the lanes in which elements are equal.
    static abstract Equal: 'V * 'V -> 'V
    /// The second argument where the mask holds, the third elsewhere.
    static abstract Select: mask: 'V * 'V * 'V -> 'V

/// Vectors of one element, the first lane of 128 bits, for the elements left over that do not fill a wide vector.
[<Struct; NoEquality; NoComparison>]
type internal Simd1<'T when 'T: unmanaged> =
    interface ISimd<Vector128<'T>, 'T> with
        static member Bytes = sizeof<'T>
        static member Zero = Vector128<'T>.Zero
        static member Load address = Vector128.CreateScalar(At.read<'T> address)
        static member Store(v, address) = At.write address (v.ToScalar())
        static member Broadcast address = Vector128.Create(At.read<'T> address)
        static member Add(a, b) = Vector128.Add(a, b)
        static member Subtract(a, b) = Vector128.Subtract(a, b)
        static member Divide(a, b) = Vector128.Divide(a, b)
        static member Equal(a, b) = Vector128.Equals(a, b)
        static member Select(mask, a, b) = Vector128.ConditionalSelect(mask, a, b)
        static member Of value = Vector128.CreateScalar(One.ofFloat<'T> value)

        static member MultiplyAdd(a, b, c) =
            Vector128.CreateScalar(One.multiplyAdd (a.ToScalar()) (b.ToScalar()) (c.ToScalar()))

        static member Above(x, best) =
            Vector128.AndNot(Vector128.Equals(best, best), Vector128.LessThanOrEqual(x, best))

/// Vectors of 128 bits.
[<Struct; NoEquality; NoComparison>]
type internal Simd128<'T when 'T: unmanaged> =
    interface ISimd<Vector128<'T>, 'T> with
        static member Bytes = 16
        static member Zero = Vector128<'T>.Zero
        static member Load address = Vector128.Load(NativePtr.ofNativeInt<'T> address)
        static member Store(v, address) = Vector128.Store(v, NativePtr.ofNativeInt<'T> address)
        static member Broadcast address = Vector128.Create(At.read<'T> address)
        static member Add(a, b) = Vector128.Add(a, b)
        static member Subtract(a, b) = Vector128.Subtract(a, b)
        static member Divide(a, b) = Vector128.Divide(a, b)
        static member Equal(a, b) = Vector128.Equals(a, b)
        static member Select(mask, a, b) = Vector128.ConditionalSelect(mask, a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of value = Vector128.Create(One.ofFloat<'T> value)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAdd(a, b, c) =
            if sizeof<'T> = 4 then
                Fused.MultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float32, 'T>()
            else
                Vector128.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<float, 'T>()

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Above(x, best) =
            Vector128.AndNot(Vector128.Equals(best, best), Vector128.LessThanOrEqual(x, best))

/// Vectors of 256 bits.
[<Struct; NoEquality; NoComparison>]
type internal Simd256<'T when 'T: unmanaged> =
    interface ISimd<Vector256<'T>, 'T> with
        static member Bytes = 32
        static member Zero = Vector256<'T>.Zero
        static member Load address = Vector256.Load(NativePtr.ofNativeInt<'T> address)
        static member Store(v, address) = Vector256.Store(v, NativePtr.ofNativeInt<'T> address)
        static member Broadcast address = Vector256.Create(At.read<'T> address)
        static member Add(a, b) = Vector256.Add(a, b)
        static member Subtract(a, b) = Vector256.Subtract(a, b)
        static member Divide(a, b) = Vector256.Divide(a, b)
        static member Equal(a, b) = Vector256.Equals(a, b)
        static member Select(mask, a, b) = Vector256.ConditionalSelect(mask, a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of value = Vector256.Create(One.ofFloat<'T> value)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAdd(a, b, c) =
            if sizeof<'T> = 4 then
                Vector256.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float32, 'T>()
            else
                Vector256.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<float, 'T>()

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Above(x, best) =
            Vector256.AndNot(Vector256.Equals(best, best), Vector256.LessThanOrEqual(x, best))

/// Vectors of 512 bits.
[<Struct; NoEquality; NoComparison>]
type internal Simd512<'T when 'T: unmanaged> =
    interface ISimd<Vector512<'T>, 'T> with
        static member Bytes = 64
        static member Zero = Vector512<'T>.Zero
        static member Load address = Vector512.Load(NativePtr.ofNativeInt<'T> address)
        static member Store(v, address) = Vector512.Store(v, NativePtr.ofNativeInt<'T> address)
        static member Broadcast address = Vector512.Create(At.read<'T> address)
        static member Add(a, b) = Vector512.Add(a, b)
        static member Subtract(a, b) = Vector512.Subtract(a, b)
        static member Divide(a, b) = Vector512.Divide(a, b)
        static member Equal(a, b) = Vector512.Equals(a, b)
        static member Select(mask, a, b) = Vector512.ConditionalSelect(mask, a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Of value = Vector512.Create(One.ofFloat<'T> value)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAdd(a, b, c) =
            if sizeof<'T> = 4 then
                Vector512.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float32, 'T>()
            else
                Vector512.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<float, 'T>()

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Above(x, best) =
            Vector512.AndNot(Vector512.Equals(best, best), Vector512.LessThanOrEqual(x, best))

/// Prefetches, and the vector width of this machine.
[<RequireQualifiedAccess>]
module internal Simd =
    /// Prefetches the cache line of an address into the first-level cache; harmless for any address.
    let inline fetch (address: nativeint) =
        if Sse.IsSupported then
            Sse.Prefetch0(NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> address))

    /// Prefetches a row of a tile, of `bytes` bytes, at most 128, into the first-level cache.
    let inline fetchRow (address: nativeint) (bytes: nativeint) =
        fetch address

        if bytes > 64n then
            fetch (address + 64n)

    /// Prefetches the cache line of an address into the second-level cache; harmless for any address.
    let inline fetchFar (address: nativeint) =
        if Sse.IsSupported then
            Sse.Prefetch1(NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> address))

    /// The bytes of a vector of a width.
    let bytes width =
        match width with
        | Width.Bits128 -> 16
        | Width.Bits256 -> 32
        | Width.Bits512 -> 64

    /// The widest vectors that this processor supports in hardware; 128 bits where it supports none.
    let widest =
        if Vector512.IsHardwareAccelerated then Width.Bits512
        elif Vector256.IsHardwareAccelerated then Width.Bits256
        else Width.Bits128
