/// The generator against the known answers of its authors, and the System.Random over it.
module DL1.Tests.PhiloxTests

open System
open DL1
open DL1.Tests.Law
open Expecto

let private answer name counter key expected =
    test name { Expect.equal (Philox.block counter key) expected "the block" }

let private block =
    testList
        "block"
        [
            answer
                "zeros"
                (struct (0u, 0u, 0u, 0u))
                (struct (0u, 0u))
                (struct (0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u))
            answer
                "ones"
                (struct (0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu))
                (struct (0xffffffffu, 0xffffffffu))
                (struct (0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu))
            answer
                "the digits of π"
                (struct (0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u))
                (struct (0xa4093822u, 0x299f31d0u))
                (struct (0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u))
            test "a place in a stream is a counter" {
                let key = struct (5u, 6u)
                let counter = struct (3u, 2u, 0u, 7u)
                Expect.equal (Philox.at 7u 0x2_0000_0003UL key) (Philox.block counter key) "the block"
            }
            test "bits become numbers in [0, 1), both ends included in the grid" {
                let lowest, highest = Int32.MinValue, Int32.MaxValue
                Expect.equal (Philox.unit32 lowest) 0.0 "32 bits, lowest"
                Expect.equal (Philox.unit32 highest) (1.0 - 2.0 ** -32.0) "32 bits, highest"
                Expect.equal (Philox.unitSingle lowest) 0.0 "single, lowest"
                Expect.equal (Philox.unitSingle highest) (1.0 - 2.0 ** -24.0) "single, highest"

                Expect.equal
                    (float (float32 (Philox.unitSingle highest)))
                    (Philox.unitSingle highest)
                    "single, exact"

                Expect.equal (Philox.unitDouble lowest lowest) 0.0 "double, lowest"
                Expect.equal (Philox.unitDouble highest highest) (1.0 - 2.0 ** -53.0) "double, highest"
                Expect.equal (Philox.unit32 0) 0.5 "the middle"
            }
        ]

let private random =
    let seed = Key.ofSeed 20111112L
    let random () = Key.toRandom seed

    testList
        "System.Random"
        [
            test "the same key, the same numbers, by the formulas" {
                let words = Key.bits 2 20 seed
                let r = random ()
                Expect.equal (r.NextDouble()) (Philox.unitDouble words[0] words[1]) "two words"
                Expect.equal (r.NextSingle()) (float32 (Philox.unitSingle words[2])) "one word"
                let bytes = Array.zeroCreate<byte> 6
                r.NextBytes bytes
                Expect.equal (BitConverter.ToInt32(bytes, 0)) words[3] "four bytes"
                Expect.equal bytes[4] (byte words[4]) "one byte"
                Expect.equal (r.NextDouble()) (Philox.unitDouble words[5] words[6]) "the next words"
            }
            law "numbers stay in their range, the widest included" (fun (s: int64) (a: int64) (b: int64) ->
                let r = Key.toRandom (Key.ofSeed s)
                let low, high = min a b, max a b

                let within x = (x >= low && x < high) || (a = b && x = a)

                within (r.NextInt64(low, high))
                && r.NextInt64(Int64.MinValue, Int64.MaxValue) < Int64.MaxValue
                && r.Next 7 < 7
                && r.Next() >= 0
                && r.Next(-3, 3) >= -3)
            test "the range of Next is checked as .NET does" {
                Expect.throwsT<ArgumentOutOfRangeException>
                    (fun () -> (random ()).Next(3, 2) |> ignore)
                    "swapped"

                Expect.throwsT<ArgumentOutOfRangeException>
                    (fun () -> (random ()).Next -1 |> ignore)
                    "negative"
            }
            test "it shuffles" {
                let items = [| 1..50 |]
                (random ()).Shuffle items
                Expect.notEqual items [| 1..50 |] "another order"
                Expect.equal (Array.sort items) [| 1..50 |] "the same items"
            }
        ]

let tests: Test = testList "Philox" [ block; random ]
