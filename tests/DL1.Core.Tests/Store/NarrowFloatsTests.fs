/// Numbers of 16 and 8 bits, against .NET's `Half` and the definitions; and how tensors are stored in 16 bits.
module DL1.Tests.NarrowFloatsTests

open System
open DL1
open DL1.Tests.Hostile
open Expecto

let private bytesOf (bits: uint16[]) = bits |> Array.collect BitConverter.GetBytes

let private same (a: float32) (b: float32) =
    BitConverter.SingleToInt32Bits a = BitConverter.SingleToInt32Bits b
    || Single.IsNaN a && Single.IsNaN b

/// Every number of 16 bits.
let private everyBits = Array.init 65536 uint16

/// f32 of all kinds: every half, neighbours of what lies between halves, and random bits.
let private floats =
    let random = Random 20261130

    Array.concat
        [
            everyBits |> Array.map (fun b -> float32 (BitConverter.UInt16BitsToHalf b))
            everyBits
            |> Array.collect (fun b ->
                let between = (uint32 b <<< 16) ||| 0x8000u
                [| between - 1u; between; between + 1u |] |> Array.map BitConverter.UInt32BitsToSingle)
            Array.init 100_003 (fun _ ->
                BitConverter.Int32BitsToSingle(random.Next(Int32.MinValue, Int32.MaxValue)))
            [|
                65504f
                65519.996f
                65520f
                -65520f
                6e-8f
                2.9e-8f
                3.0e-8f
                nanf
                infinityf
                -infinityf
                0f
                -0f
            |]
        ]

/// bfloat16 by its definition: the neighbour that is nearer, of two as near the even one.
let private toBrain (x: float) : uint16 =
    if Double.IsNaN x then
        0x7FC0us
    else
        let value (b: uint16) = float (BitConverter.UInt32BitsToSingle(uint32 b <<< 16))
        let sign = if Double.IsNegative x then 0x8000us else 0us
        let x = abs x
        // Positive numbers of bfloat16 are in the order of their bits; beyond the largest, infinity stands for 2^128.
        let value b = if b = 0x7F80us then Math.Pow(2.0, 128.0) else value b
        let mutable low, high = 0us, 0x7F80us

        if x >= value high then
            sign ||| high
        else
            while high - low > 1us do
                let middle = low + (high - low) / 2us
                if value middle <= x then low <- middle else high <- middle

            let below, above = x - value low, value high - x
            sign ||| (if below < above || below = above && low % 2us = 0us then low else high)

let private isBrainNaN (b: uint16) = b &&& 0x7FFFus > 0x7F80us

let private narrowed convert (source: float32[]) : uint16[] =
    let bytes = Array.zeroCreate<byte>(2 * source.Length)
    convert source 0 source.Length bytes
    Array.init source.Length (fun i -> BitConverter.ToUInt16(bytes, 2 * i))

let private isHalfOf (bits: uint16) (expected: Half) =
    bits = BitConverter.HalfToUInt16Bits expected
    || Half.IsNaN expected && Half.IsNaN(BitConverter.UInt16BitsToHalf bits)

let tests =
    testList
        "NarrowFloats"
        [
            test "every half is widened as .NET widens it" {
                let wide = Array.zeroCreate<float32> 65536
                NarrowFloats.ofHalves (bytesOf everyBits) 65536 wide 0

                for b in everyBits do
                    let expected = float32 (BitConverter.UInt16BitsToHalf b)
                    Expect.isTrue (same wide[int b] expected) $"0x{b:X4}"
                    Expect.isTrue (same (NarrowFloats.ofHalf b) expected) $"0x{b:X4} alone"
            }
            test "every number of bfloat16 is the upper half of an f32" {
                let wide = Array.zeroCreate<float32> 65536
                NarrowFloats.ofBrains (bytesOf everyBits) 65536 wide 0

                for b in everyBits do
                    let bits = BitConverter.SingleToUInt32Bits wide[int b]
                    Expect.equal bits (uint32 b <<< 16) ""
            }
            test "f32 are narrowed to halves as .NET narrows them" {
                let halves = narrowed NarrowFloats.toHalves floats

                for x, h in Array.zip floats halves do
                    Expect.isTrue (isHalfOf h (Half.op_Explicit x: Half)) (string x)
            }
            test "f32 are narrowed to the nearest bfloat16" {
                for x, b in Array.zip floats (narrowed NarrowFloats.toBrains floats) do
                    let expected = toBrain (float x)
                    Expect.isTrue (b = expected || isBrainNaN b && isBrainNaN expected) (string x)
            }
            Law.law "f64 rounded to odd and then to 16 bits are f64 rounded once" (fun (seed: int) ->
                let random = Random seed

                let values =
                    Array.init 100 (fun _ ->
                        match random.Next 3 with
                        | 0 ->
                            BitConverter.Int64BitsToDouble(random.NextInt64(Int64.MinValue, Int64.MaxValue))
                        | 1 ->
                            // Beside the middle of two halves.
                            let half = float (BitConverter.UInt16BitsToHalf(uint16 (random.Next 0x7BFF)))

                            half
                            * (1.0 + Math.ScaleB(1.0, -11))
                            * (1.0 + Math.ScaleB(float (random.Next 3 - 1), -45))
                        | _ ->
                            float (
                                BitConverter.UInt32BitsToSingle(
                                    (uint32 (random.Next 0x7F7F) <<< 16) ||| 0x8000u
                                )
                            )
                            * (1.0 + Math.ScaleB(float (random.Next 3 - 1), -45)))

                let odd = Array.map NarrowFloats.roundToOdd values
                let halves, brains = narrowed NarrowFloats.toHalves odd, narrowed NarrowFloats.toBrains odd

                Array.forall2 (fun (d: float) h -> isHalfOf h (Half.op_Explicit d: Half)) values halves
                && Array.forall2 (fun d b -> b = toBrain d || isBrainNaN b && Double.IsNaN d) values brains)
            test "parts of arrays are converted, and nothing beside them" {
                for count in 0..40 do
                    let source = Array.init 50 (fun i -> float32 i)
                    let bytes = Array.create 100 0xEEuy
                    NarrowFloats.toHalves source 3 count bytes
                    let target = Array.create 50 -1f
                    NarrowFloats.ofHalves bytes count target 5

                    let expected =
                        Array.init 50 (fun i -> if i >= 5 && i < 5 + count then float32 (i - 2) else -1f)

                    Expect.equal target expected $"%d{count} numbers"
                    Expect.isTrue (Array.forall ((=) 0xEEuy) bytes[2 * count ..]) $"%d{count} numbers written"
            }
            test "numbers of 8 bits are those of their definitions" {
                // E4M3: 1 sign, 4 bits of exponent of bias 7, 3 of mantissa; E5M2: 5 of bias 15, 2.
                let value exponentBits mantissaBits bias (b: int) =
                    let sign = if b >= 128 then -1.0 else 1.0
                    let exponent = (b &&& 127) >>> mantissaBits
                    let mantissa = float (b &&& ((1 <<< mantissaBits) - 1)) / float (1 <<< mantissaBits)
                    ignore exponentBits

                    if exponent = 0 then
                        sign * mantissa * Math.Pow(2.0, 1.0 - bias)
                    else
                        sign * (1.0 + mantissa) * Math.Pow(2.0, float exponent - bias)

                for b in 0..255 do
                    let magnitude = b &&& 127
                    let e4m3 = if magnitude = 127 then nan else value 4 3 7.0 b

                    let e5m2 =
                        if magnitude > 0x7C then nan
                        elif magnitude = 0x7C then (if b >= 128 then -infinity else infinity)
                        else value 5 2 15.0 b

                    Expect.isTrue (same NarrowFloats.e4m3[b] (float32 e4m3)) $"E4M3 0x{b:X2}"
                    Expect.isTrue (same NarrowFloats.e5m2[b] (float32 e5m2)) $"E5M2 0x{b:X2}"

                Expect.equal
                    (Array.max (Array.filter Single.IsFinite NarrowFloats.e4m3))
                    448f
                    "the largest of E4M3"

                Expect.equal
                    (Array.max (Array.filter Single.IsFinite NarrowFloats.e5m2))
                    57344f
                    "the largest of E5M2"
            }
            test "a number that 16 bits do not hold is refused where a tensor is written" {
                let write storage (value: float) =
                    Safetensors.toBytesAs
                        storage
                        Map.empty
                        (Tree.ofList [ "w", Tensor.vector [ 1.0; value ] ])

                let refused storage value (says: string) =
                    try
                        write storage value |> ignore
                        failtest "nothing is refused"
                    with :? DomainError as e ->
                        Expect.stringContains e.Given says ""

                refused FloatStorage.F16 65520.0 "the number 65520 in w"
                refused FloatStorage.F16 -1e300 "as f16"
                refused FloatStorage.BF16 3.4e38 "as bf16"
                write FloatStorage.F16 65519.99 |> ignore
                write FloatStorage.F16 infinity |> ignore
                write FloatStorage.BF16 3.38e38 |> ignore
                write FloatStorage.AsIs 1e300 |> ignore
            }
            Law.law
                "what 16 bits hold is written and read without a change, and nothing else is touched"
                (fun (seed: int) ->
                    let tree = treeOf seed
                    let read bytes = Safetensors.ofBytes bytes |> fst
                    let once storage = read (Safetensors.toBytesAs storage Map.empty tree)
                    let twice storage = read (Safetensors.toBytesAs storage Map.empty (once storage))

                    [ FloatStorage.F16; FloatStorage.BF16 ]
                    |> List.forall (fun storage ->
                        let found = once storage

                        sameTree found (twice storage)
                        && Tree.toList tree
                           |> List.forall (fun (path, t) ->
                               if t.DType.IsFloat then
                                   found[path].DType = DType.F32
                               else
                                   Tensor.sameBits t found[path])))
        ]
