/// a·b + c in f64, rounded to odd, beside the instruction that rounds once.
module DL1.Tests.FusedTests

open System
open System.Runtime.Intrinsics
open DL1.Compiler.Simd
open DL1.Tests.Law
open Expecto

let private same (a: float32) (b: float32) (c: float32) =
    let own = Fused.InDouble(Vector128.Create a, Vector128.Create b, Vector128.Create c).ToScalar()
    let once = MathF.FusedMultiplyAdd(a, b, c)

    (Single.IsNaN own && Single.IsNaN once)
    || BitConverter.SingleToInt32Bits own = BitConverter.SingleToInt32Bits once

let private tests' =
    [
        law "any bits" (fun (a: int) (b: int) (c: int) ->
            // Random integers are small: their bits are spread over all exponents.
            let float (n: int) = BitConverter.Int32BitsToSingle(n * 0x01000193 + (n <<< 20))
            same (float a) (float b) (float c))
        test "a million of all exponents, and sums that nearly cancel" {
            let random = Random 5
            let any () = BitConverter.Int32BitsToSingle(random.Next() ^^^ (random.Next 2 <<< 31))
            let near () = float32 (random.NextDouble() + 0.5)

            let wrong =
                [
                    for _ in 1..500_000 do
                        let a, b, c = any (), any (), any ()

                        if not (same a b c) then
                            a, b, c

                        let a, b = near (), near ()

                        let c =
                            -(a * b)
                            * float32 (1.0 + Math.ScaleB(float (random.Next(-2, 3)), -random.Next(20, 30)))

                        if not (same a b c) then
                            a, b, c
                ]

            Expect.isEmpty (List.truncate 5 wrong) "those that differ"
        }
        test "where rounding twice would differ" {
            // 1 + 2⁻²⁴ + 2⁻⁸⁰: rounded to f64 it is halfway between two numbers of f32, and would go to the even one.
            let a, b = 1.0f + MathF.ScaleB(1.0f, -12), 1.0f
            let tiny = MathF.ScaleB(1.0f, -80)
            Expect.isTrue (same a b tiny) "a sum with a tiny addend"
            let half = MathF.ScaleB(1.0f, -12)
            Expect.isTrue (same half half (1.0f + MathF.ScaleB(1.0f, -23))) "halfway"
            Expect.isTrue (same (half + MathF.ScaleB(1.0f, -35)) half 1.0f) "a little more than halfway"
            Expect.isTrue (same (half - MathF.ScaleB(1.0f, -36)) half 1.0f) "a little less than halfway"
        }
        test "zeros, infinities, NaN and subnormal results" {
            let special =
                [
                    0.0f
                    -0.0f
                    1.0f
                    -1.0f
                    infinityf
                    -infinityf
                    nanf
                    Single.Epsilon
                    Single.MaxValue
                    MathF.ScaleB(1.0f, -100)
                ]

            for a in special do
                for b in special do
                    for c in special do
                        Expect.isTrue (same a b c) $"{a}·{b} + {c}"
        }
    ]

let tests = testList "Fused" tests'
