namespace DL1.Compiler.Simd

open System.ComponentModel
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.Arm
open System.Runtime.Intrinsics.X86

/// a·b + c rounded once, in vectors of 128 bits, also where no instruction computes it: on WebAssembly, and on x64
/// without FMA. There .NET would call the C library for each lane, which takes some five times longer than `InDouble`.
/// Not for use outside DL1: it is public because `Lanes` is.
[<AbstractClass; Sealed; EditorBrowsable(EditorBrowsableState.Never)>]
type Fused =
    /// Two lanes. a·b of two f32 numbers is exact in f64, and a·b + c is rounded to odd (Boldo and Melquiond 2008):
    /// rounding that to f32 then gives the same bits as rounding once.
    static member inline private Two(a: Vector128<float>, b: Vector128<float>, c: Vector128<float>) =
        let product = a * b
        let sum = product + c
        // The part that rounding of the sum lost (Knuth's TwoSum); NaN where the sum is not finite.
        let back = sum - product
        let lost = (product - (sum - back)) + (c - back)
        // Positive where the exact sum is farther from 0 than `sum`.
        let outward = lost * sum
        let bits = sum.AsInt64()
        let isEven = Vector128.Xor(Vector128.BitwiseAnd(bits, Vector128.Create 1L), Vector128.Create 1L)
        let up = Vector128.BitwiseAnd(Vector128.GreaterThan(outward, Vector128<float>.Zero).AsInt64(), isEven)
        let down = Vector128.BitwiseAnd(Vector128.LessThan(outward, Vector128<float>.Zero).AsInt64(), isEven)
        Vector128.Subtract(Vector128.Add(bits, up), down).AsDouble()

    /// Four lanes, computed in f64.
    static member InDouble(a: Vector128<float32>, b: Vector128<float32>, c: Vector128<float32>) =
        Vector128.Narrow(
            Fused.Two(Vector128.WidenLower a, Vector128.WidenLower b, Vector128.WidenLower c),
            Fused.Two(Vector128.WidenUpper a, Vector128.WidenUpper b, Vector128.WidenUpper c)
        )

    /// a·b + c of f32, rounded once.
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member MultiplyAdd(a: Vector128<float32>, b: Vector128<float32>, c: Vector128<float32>) =
        if Fma.IsSupported || AdvSimd.IsSupported then
            Vector128.FusedMultiplyAdd(a, b, c)
        else
            Fused.InDouble(a, b, c)
