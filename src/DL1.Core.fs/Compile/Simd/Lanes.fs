namespace DL1.Compiler.Simd

open System.ComponentModel
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86

/// The vector operations that formulas are written in, with overloads for each width and element type. The F# compiler
/// chooses an overload at each use, so that a formula is written once and its instances contain nothing but
/// instructions. No operation is an estimate: each gives the same bits on every processor. Not for use outside DL1: it
/// is public because the compiler looks for overloads among public members alone.
[<Struct; EditorBrowsable(EditorBrowsableState.Never)>]
type Lanes =
    | Lanes

    /// x·y + z, rounded once.
    static member inline Fma(x: Vector128<float32>, y, z) = Fused.MultiplyAdd(x, y, z)
    static member inline Fma(x: Vector128<float>, y, z) = Vector128.FusedMultiplyAdd(x, y, z)
    static member inline Fma(x: Vector256<float32>, y, z) = Vector256.FusedMultiplyAdd(x, y, z)
    static member inline Fma(x: Vector256<float>, y, z) = Vector256.FusedMultiplyAdd(x, y, z)
    static member inline Fma(x: Vector512<float32>, y, z) = Vector512.FusedMultiplyAdd(x, y, z)
    static member inline Fma(x: Vector512<float>, y, z) = Vector512.FusedMultiplyAdd(x, y, z)

    /// A constant in every lane: `single` in f32, `double` in f64.
    static member inline Pick(_: Vector128<float32>, single: float, _: float) =
        Vector128.Create(float32 single)

    static member inline Pick(_: Vector128<float>, _: float, double: float) = Vector128.Create double

    static member inline Pick(_: Vector256<float32>, single: float, _: float) =
        Vector256.Create(float32 single)

    static member inline Pick(_: Vector256<float>, _: float, double: float) = Vector256.Create double

    static member inline Pick(_: Vector512<float32>, single: float, _: float) =
        Vector512.Create(float32 single)

    static member inline Pick(_: Vector512<float>, _: float, double: float) = Vector512.Create double

    /// The bits of each lane as an integer.
    static member inline Bits(x: Vector128<float32>) = x.AsInt32()
    static member inline Bits(x: Vector128<float>) = x.AsInt64()
    static member inline Bits(x: Vector256<float32>) = x.AsInt32()
    static member inline Bits(x: Vector256<float>) = x.AsInt64()
    static member inline Bits(x: Vector512<float32>) = x.AsInt32()
    static member inline Bits(x: Vector512<float>) = x.AsInt64()

    /// The numbers that have these bits.
    static member inline Numbers(x: Vector128<int>) = x.AsSingle()
    static member inline Numbers(x: Vector128<int64>) = x.AsDouble()
    static member inline Numbers(x: Vector256<int>) = x.AsSingle()
    static member inline Numbers(x: Vector256<int64>) = x.AsDouble()
    static member inline Numbers(x: Vector512<int>) = x.AsSingle()
    static member inline Numbers(x: Vector512<int64>) = x.AsDouble()

    /// The length of the mantissa in bits.
    static member inline Mantissa(_: Vector128<float32>) = 23
    static member inline Mantissa(_: Vector128<float>) = 52
    static member inline Mantissa(_: Vector256<float32>) = 23
    static member inline Mantissa(_: Vector256<float>) = 52
    static member inline Mantissa(_: Vector512<float32>) = 23
    static member inline Mantissa(_: Vector512<float>) = 52

    /// The greatest integer that is at most x.
    static member inline Down(x: Vector128<float32>) : Vector128<float32> = Vector128.Floor x
    static member inline Down(x: Vector128<float>) : Vector128<float> = Vector128.Floor x
    static member inline Down(x: Vector256<float32>) : Vector256<float32> = Vector256.Floor x
    static member inline Down(x: Vector256<float>) : Vector256<float> = Vector256.Floor x
    static member inline Down(x: Vector512<float32>) : Vector512<float32> = Vector512.Floor x
    static member inline Down(x: Vector512<float>) : Vector512<float> = Vector512.Floor x

    /// The absolute value.
    static member inline Unsigned(x: Vector128<'T>) : Vector128<'T> = Vector128.Abs x
    static member inline Unsigned(x: Vector256<'T>) : Vector256<'T> = Vector256.Abs x
    static member inline Unsigned(x: Vector512<'T>) : Vector512<'T> = Vector512.Abs x

    /// A mask: a lane is all ones where x < y, else all zeros.
    static member inline Less(x: Vector128<'T>, y) : Vector128<'T> = Vector128.LessThan(x, y)
    static member inline Less(x: Vector256<'T>, y) : Vector256<'T> = Vector256.LessThan(x, y)
    static member inline Less(x: Vector512<'T>, y) : Vector512<'T> = Vector512.LessThan(x, y)

    /// A mask: a lane is all ones where x = y, else all zeros.
    static member inline Equal(x: Vector128<'T>, y) : Vector128<'T> = Vector128.Equals(x, y)
    static member inline Equal(x: Vector256<'T>, y) : Vector256<'T> = Vector256.Equals(x, y)
    static member inline Equal(x: Vector512<'T>, y) : Vector512<'T> = Vector512.Equals(x, y)

    /// x where the mask has ones, y elsewhere. A lane of the mask is all ones or all zeros.
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member inline Select(mask: Vector128<'T>, x: Vector128<'T>, y: Vector128<'T>) : Vector128<'T> =
        if Avx.IsSupported then
            Avx.BlendVariable(y.AsSingle(), x.AsSingle(), mask.AsSingle()).As<float32, 'T>()
        else
            Vector128.ConditionalSelect(mask, x, y)

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member inline Select(mask: Vector256<'T>, x: Vector256<'T>, y: Vector256<'T>) : Vector256<'T> =
        if Avx.IsSupported then
            Avx.BlendVariable(y.AsSingle(), x.AsSingle(), mask.AsSingle()).As<float32, 'T>()
        else
            Vector256.ConditionalSelect(mask, x, y)

    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member inline Select(mask: Vector512<'T>, x, y) : Vector512<'T> =
        Vector512.ConditionalSelect(mask, x, y)

    /// The lesser of `limit` and x; x where x is NaN.
    static member inline AtMost(limit: Vector128<'T>, x) : Vector128<'T> = Vector128.MinNative(limit, x)
    static member inline AtMost(limit: Vector256<'T>, x) : Vector256<'T> = Vector256.MinNative(limit, x)
    static member inline AtMost(limit: Vector512<'T>, x) : Vector512<'T> = Vector512.MinNative(limit, x)

    /// The greater of `limit` and x; x where x is NaN.
    static member inline AtLeast(limit: Vector128<'T>, x) : Vector128<'T> = Vector128.MaxNative(limit, x)
    static member inline AtLeast(limit: Vector256<'T>, x) : Vector256<'T> = Vector256.MaxNative(limit, x)
    static member inline AtLeast(limit: Vector512<'T>, x) : Vector512<'T> = Vector512.MaxNative(limit, x)

    /// Whether x < y in every lane.
    static member inline AllLess(x: Vector128<'T>, y) = Vector128.LessThanAll(x, y)
    static member inline AllLess(x: Vector256<'T>, y) = Vector256.LessThanAll(x, y)
    static member inline AllLess(x: Vector512<'T>, y) = Vector512.LessThanAll(x, y)

    /// Whether x > y in no lane.
    static member inline NoneAbove(x: Vector128<'T>, y) =
        Vector128.EqualsAll(Vector128.GreaterThan(x, y), Vector128<'T>.Zero)

    static member inline NoneAbove(x: Vector256<'T>, y) =
        Vector256.EqualsAll(Vector256.GreaterThan(x, y), Vector256<'T>.Zero)

    static member inline NoneAbove(x: Vector512<'T>, y) =
        Vector512.EqualsAll(Vector512.GreaterThan(x, y), Vector512<'T>.Zero)

    /// The lower half of the lanes, converted to f64.
    static member inline WidenLower(x: Vector128<float32>) : Vector128<float> = Vector128.WidenLower x
    static member inline WidenLower(x: Vector256<float32>) : Vector256<float> = Vector256.WidenLower x
    static member inline WidenLower(x: Vector512<float32>) : Vector512<float> = Vector512.WidenLower x

    /// The upper half of the lanes, converted to f64.
    static member inline WidenUpper(x: Vector128<float32>) : Vector128<float> = Vector128.WidenUpper x
    static member inline WidenUpper(x: Vector256<float32>) : Vector256<float> = Vector256.WidenUpper x
    static member inline WidenUpper(x: Vector512<float32>) : Vector512<float> = Vector512.WidenUpper x

    /// Two vectors of f64 rounded to one of f32; x becomes the lower half.
    static member inline Narrow(x: Vector128<float>, y) : Vector128<float32> = Vector128.Narrow(x, y)
    static member inline Narrow(x: Vector256<float>, y) : Vector256<float32> = Vector256.Narrow(x, y)
    static member inline Narrow(x: Vector512<float>, y) : Vector512<float32> = Vector512.Narrow(x, y)

    /// Computes f of each lane of x and y, lane by lane.
    static member inline Mend(x: Vector128<'T>, y: Vector128<'T>, [<InlineIfLambda>] f: 'T -> 'T -> 'T) =
        let mutable result = y

        for i in 0 .. Vector128<'T>.Count - 1 do
            result <- result.WithElement(i, f (x.GetElement i) (y.GetElement i))

        result

    static member inline Mend(x: Vector256<'T>, y: Vector256<'T>, [<InlineIfLambda>] f: 'T -> 'T -> 'T) =
        Vector256.Create(Lanes.Mend(x.GetLower(), y.GetLower(), f), Lanes.Mend(x.GetUpper(), y.GetUpper(), f))

    static member inline Mend(x: Vector512<'T>, y: Vector512<'T>, [<InlineIfLambda>] f: 'T -> 'T -> 'T) =
        Vector512.Create(Lanes.Mend(x.GetLower(), y.GetLower(), f), Lanes.Mend(x.GetUpper(), y.GetUpper(), f))
