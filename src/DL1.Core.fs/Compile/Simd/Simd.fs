namespace DL1.Compiler.Simd

open System
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop
open DL1

#nowarn "9" // Vectors are loaded and stored at addresses: a kernel's caller answers for them.
#nowarn "3535" // Static abstract members: the JIT compiles a kernel anew for each width and element type.

/// A mark for the methods in which most of the time is spent.
module internal Hot =
    /// Called first in a method with loops, so that the runtime compiles it with full optimisation at its first call.
    /// Otherwise it would first be compiled quickly, with a call for each vector operation, and be replaced only after
    /// it has run for long. The runtime cannot replace a method in the middle of a loop if it allocates on the stack,
    /// and so compiles it once, with full optimisation; this allocates zero bytes.
    /// `MethodImplOptions.AggressiveOptimization` would do the same, but F# does not pass it on, and with it a program
    /// published as machine code would have to compile the method again.
    let inline loop () = NativePtr.stackalloc<byte> 0 |> ignore

/// The width of a kernel's vectors in bits. Every width computes the same result, bit for bit.
[<RequireQualifiedAccess>]
type internal Width =
    | Bits128
    | Bits256
    | Bits512

/// The few operations that kernels are made of, over vectors 'V of elements 'T. Addresses and strides are in bytes. A
/// kernel is written once against this interface; the JIT compiles it for each of the six types below.
type internal ISimd<'V, 'T> =
    /// The bytes of one vector.
    static abstract Bytes: int
    static abstract Zero: 'V
    static abstract Load: nativeint -> 'V
    static abstract Store: 'V * nativeint -> unit
    /// The element at an address, in every lane.
    static abstract Broadcast: nativeint -> 'V
    /// 0.5 in every lane.
    static abstract Half: 'V
    static abstract Add: 'V * 'V -> 'V
    static abstract Subtract: 'V * 'V -> 'V
    /// a·b + c, rounded once.
    static abstract MultiplyAdd: 'V * 'V * 'V -> 'V
    /// 0, a + b and a·b + c for single elements, for the rest that does not fill a vector.
    static abstract ZeroOne: 'T
    static abstract AddOne: 'T * 'T -> 'T
    static abstract MultiplyAddOne: 'T * 'T * 'T -> 'T

/// Vectors of 128 bits, elements of f32.
[<Struct; NoEquality; NoComparison>]
type internal F32x128 =
    interface ISimd<Vector128<float32>, float32> with
        static member Bytes = 16
        static member Zero = Vector128<float32>.Zero
        static member Half = Vector128.Create 0.5f

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector128.Load(NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector128.Store(v, NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Broadcast address =
            Vector128.Create(NativePtr.read (NativePtr.ofNativeInt<float32> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector128.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(a, b) = Vector128.Subtract(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAdd(a, b, c) = Fused.MultiplyAdd(a, b, c)

        static member ZeroOne = 0.0f
        static member AddOne(a, b) = a + b

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAddOne(a, b, c) = MathF.FusedMultiplyAdd(a, b, c)

/// Vectors of 256 bits, elements of f32.
[<Struct; NoEquality; NoComparison>]
type internal F32x256 =
    interface ISimd<Vector256<float32>, float32> with
        static member Bytes = 32
        static member Zero = Vector256<float32>.Zero
        static member Half = Vector256.Create 0.5f

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector256.Load(NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector256.Store(v, NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Broadcast address =
            Vector256.Create(NativePtr.read (NativePtr.ofNativeInt<float32> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector256.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(a, b) = Vector256.Subtract(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAdd(a, b, c) = Vector256.FusedMultiplyAdd(a, b, c)

        static member ZeroOne = 0.0f
        static member AddOne(a, b) = a + b

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAddOne(a, b, c) = MathF.FusedMultiplyAdd(a, b, c)

/// Vectors of 512 bits, elements of f32.
[<Struct; NoEquality; NoComparison>]
type internal F32x512 =
    interface ISimd<Vector512<float32>, float32> with
        static member Bytes = 64
        static member Zero = Vector512<float32>.Zero
        static member Half = Vector512.Create 0.5f

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector512.Load(NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector512.Store(v, NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Broadcast address =
            Vector512.Create(NativePtr.read (NativePtr.ofNativeInt<float32> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector512.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(a, b) = Vector512.Subtract(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAdd(a, b, c) = Vector512.FusedMultiplyAdd(a, b, c)

        static member ZeroOne = 0.0f
        static member AddOne(a, b) = a + b

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAddOne(a, b, c) = MathF.FusedMultiplyAdd(a, b, c)

/// Vectors of 128 bits, elements of f64.
[<Struct; NoEquality; NoComparison>]
type internal F64x128 =
    interface ISimd<Vector128<float>, float> with
        static member Bytes = 16
        static member Zero = Vector128<float>.Zero
        static member Half = Vector128.Create 0.5

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector128.Load(NativePtr.ofNativeInt<float> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector128.Store(v, NativePtr.ofNativeInt<float> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Broadcast address =
            Vector128.Create(NativePtr.read (NativePtr.ofNativeInt<float> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector128.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(a, b) = Vector128.Subtract(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAdd(a, b, c) = Vector128.FusedMultiplyAdd(a, b, c)

        static member ZeroOne = 0.0
        static member AddOne(a, b) = a + b

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAddOne(a, b, c) = Math.FusedMultiplyAdd(a, b, c)

/// Vectors of 256 bits, elements of f64.
[<Struct; NoEquality; NoComparison>]
type internal F64x256 =
    interface ISimd<Vector256<float>, float> with
        static member Bytes = 32
        static member Zero = Vector256<float>.Zero
        static member Half = Vector256.Create 0.5

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector256.Load(NativePtr.ofNativeInt<float> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector256.Store(v, NativePtr.ofNativeInt<float> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Broadcast address =
            Vector256.Create(NativePtr.read (NativePtr.ofNativeInt<float> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector256.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(a, b) = Vector256.Subtract(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAdd(a, b, c) = Vector256.FusedMultiplyAdd(a, b, c)

        static member ZeroOne = 0.0
        static member AddOne(a, b) = a + b

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAddOne(a, b, c) = Math.FusedMultiplyAdd(a, b, c)

/// Vectors of 512 bits, elements of f64.
[<Struct; NoEquality; NoComparison>]
type internal F64x512 =
    interface ISimd<Vector512<float>, float> with
        static member Bytes = 64
        static member Zero = Vector512<float>.Zero
        static member Half = Vector512.Create 0.5

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector512.Load(NativePtr.ofNativeInt<float> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector512.Store(v, NativePtr.ofNativeInt<float> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Broadcast address =
            Vector512.Create(NativePtr.read (NativePtr.ofNativeInt<float> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector512.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(a, b) = Vector512.Subtract(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAdd(a, b, c) = Vector512.FusedMultiplyAdd(a, b, c)

        static member ZeroOne = 0.0
        static member AddOne(a, b) = a + b

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member MultiplyAddOne(a, b, c) = Math.FusedMultiplyAdd(a, b, c)

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

    /// The widest vectors that this processor supports in hardware; 128 bits where it supports none.
    let widest =
        if Vector512.IsHardwareAccelerated then Width.Bits512
        elif Vector256.IsHardwareAccelerated then Width.Bits256
        else Width.Bits128
