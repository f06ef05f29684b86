/// Keys: known bits, the stated formulas, independence, refusals, and moments within statistical bounds. A bound of
/// four standard errors is missed by chance once in 16,000; with the seeds fixed it holds always or never.
module DL1.Tests.KeyTests

open System
open DL1
open DL1.Tests.Law
open Expecto
open MathNet.Numerics.Distributions

let private seed = Key.ofSeed 20111112L
let private count = 100_000
let private floats (t: Tensor) = Tensor.toFloats t

let private keys =
    testList
        "keys"
        [
            test "the bits of seed 0 are the known answers of Philox" {
                let expected = [| 0x6627e8d5; 0xe169c58d; 0xbc57ac4c; 0x9b00dbd8 |]
                Expect.equal (Key.bits 0 4 (Key.ofSeed 0L)) expected "the first block"
            }
            law "a word is that of its block and stream" (fun (s: int64) (stream: byte) (length: byte) ->
                let block i =
                    let struct (a, b, c, d) =
                        Philox.block
                            (struct (uint32 i, 0u, 0u, uint32 stream))
                            (struct (uint32 s, uint32 (s >>> 32)))

                    [| int a; int b; int c; int d |]

                let naive = Array.init (int length) (fun i -> (block (i / 4))[i % 4])
                Key.bits (int stream) (int length) (Key.ofSeed s) = naive)
            law "a child is the first two words of its block in stream 1" (fun (s: int64) (data: int) ->
                let struct (a, b, _, _) =
                    Philox.block (struct (uint32 data, 0u, 0u, 1u)) (struct (uint32 s, uint32 (s >>> 32)))

                Key.fold data (Key.ofSeed s) = Key.ofSeed (int64 ((uint64 b <<< 32) ||| uint64 a)))
            law "split gives the children in order, whatever the number" (fun (s: int64) (n: byte) ->
                let key = Key.ofSeed s
                Key.split (int n) key = Array.init (int n) (fun i -> Key.fold i key))
            law "children differ, and from their parent" (fun (s: int64) ->
                let key = Key.ofSeed s
                let family = Array.append [| key |] (Key.split 100 key)
                Array.distinct family = family)
            law "a draw does not depend on the draws before" (fun (s: int64) ->
                let draw = Key.normal 0.0 1.0 DType.F32 [ 5 ]
                let family = Key.split 3 (Key.ofSeed s)
                let forward = family |> Array.map draw
                let backward = family |> Array.rev |> Array.map draw |> Array.rev
                forward = backward && (Array.distinct forward).Length = 3)
            law "the same seed, the same bits" (fun (s: int64) (shape: Shape) ->
                let draw () = Key.uniform -1.0 1.0 DType.F64 (shape.ToList()) (Key.ofSeed s)

                Tensor.sameBits (draw ()) (draw ()))
            test "a key prints its words" {
                Expect.equal (string (Key.ofSeed 0x0123456789abcdefL)) "Key 0x0123456789abcdef" "the text"
            }
        ]

/// Each draw again, as its documentation states it.
let private formulas =
    let unsigned (b: int) = float b + 2.0 ** 31.0

    let units dtype n key =
        let single b = floor (unsigned b / 256.0) * 2.0 ** -24.0
        let double (h, l) = unsigned h * 2.0 ** -32.0 + floor (unsigned l / 2048.0) * 2.0 ** -53.0

        if dtype = DType.F32 then
            Key.bits 0 n key |> Array.map single
        else
            Key.bits 0 (2 * n) key |> Array.chunkBySize 2 |> Array.map (fun w -> double (w[0], w[1]))

    let formula name draw expected =
        law name (fun (s: int64) (shape: Shape) ->
            [ DType.F32; DType.F64 ]
            |> List.forall (fun dtype ->
                let key = Key.ofSeed s
                let values: float[] = expected dtype shape.Size key
                let t: Tensor = draw dtype (shape.ToList()) key
                Tensor.sameBits t (Tensor.cast t.DType (Tensor.ofArray (shape.ToList()) values))))

    testList
        "formulas"
        [
            formula "uniform 0 1" (Key.uniform 0.0 1.0) units
            formula "uniform -2 6" (Key.uniform -2.0 6.0) (fun dtype n key ->
                units dtype n key
                |> Array.map (fun u ->
                    min
                        (-2.0 + 8.0 * u)
                        (if dtype = DType.F32 then
                             float (MathF.BitDecrement 6f)
                         else
                             Math.BitDecrement 6.0)))
            formula "normal" (Key.normal 1.0 0.5) (fun dtype n key ->
                let us = units dtype (2 * n) key

                Array.init n (fun i ->
                    1.0 + 0.5 * sqrt (-2.0 * log (1.0 - us[i])) * cos (2.0 * Math.PI * us[n + i])))
            formula "bernoulli" (fun _ -> Key.bernoulli 0.3) (fun _ n key ->
                Key.bits 0 n key |> Array.map (fun b -> if unsigned b * 2.0 ** -32.0 < 0.3 then 1.0 else 0.0))
            formula "integers" (fun _ -> Key.integers -5 8 DType.I32) (fun _ n key ->
                units DType.F64 n key |> Array.map (fun u -> -5.0 + floor (13.0 * u)))
        ]

/// Mean and variance within four standard errors of `n` draws, and the greatest distance between the distributions
/// (Kolmogorov and Smirnov) within 2/√n, which is missed once in 1,500.
let private follows
    name
    (mean: float)
    (variance: float)
    (kurtosis: float)
    (cdf: float -> float)
    (draw: Key -> Tensor)
    =
    test name {
        let values = floats (draw seed)
        let n = float values.Length
        let m = Array.average values
        let v = values |> Array.averageBy (fun x -> (x - m) * (x - m))
        Expect.isLessThan (abs (m - mean)) (4.0 * sqrt (variance / n)) "the mean"
        Expect.isLessThan (abs (v - variance)) (4.0 * variance * sqrt ((kurtosis - 1.0) / n)) "the variance"

        let distance =
            Array.sort values
            |> Array.mapi (fun i x -> max (abs (cdf x - float i / n)) (abs (cdf x - float (i + 1) / n)))
            |> Array.max

        Expect.isLessThan distance (2.0 / sqrt n) "the distribution"

        let neighbours = values |> Array.pairwise |> Array.averageBy (fun (x, y) -> (x - m) * (y - m))

        Expect.isLessThan (abs (neighbours / v)) (4.0 / sqrt n) "the correlation of neighbours"
    }

let private distributions =
    let standard x = Normal.CDF(0.0, 1.0, x)
    let density x = Normal.PDF(0.0, 1.0, x)

    let truncated a b =
        let mass = standard b - standard a
        let mean = (density a - density b) / mass
        let variance = 1.0 + (a * density a - b * density b) / mass - mean * mean
        mean, variance, (fun x -> (standard x - standard a) / mass)

    testList
        "distributions"
        [
            for dtype in [ DType.F32; DType.F64 ] do
                follows $"uniform {dtype}" 0.5 (1.0 / 12.0) 1.8 id (Key.uniform 0.0 1.0 dtype [ count ])

                follows
                    $"normal {dtype}"
                    3.0
                    4.0
                    3.0
                    (fun x -> Normal.CDF(3.0, 2.0, x))
                    (Key.normal 3.0 2.0 dtype [ count ])

                for a, b in [ -2.0, 2.0; -1.0, 0.5; 1.0, 4.0; -5.0, -2.0; -9.0, -6.0 ] do
                    let mean, variance, cdf = truncated a b
                    // A kurtosis of 9, the exponential distribution's, bounds that of a tail.
                    let draw = Key.truncatedNormal 0.0 1.0 a b dtype [ count ]
                    follows $"truncated normal {a} to {b}, {dtype}" mean variance 9.0 cdf draw

            for p in [ 0.001; 0.3; 0.5; 0.9 ] do
                test $"bernoulli {p}" {
                    let share = Array.average (floats (Key.bernoulli p [ count ] seed))
                    Expect.isLessThan (abs (share - p)) (4.0 * sqrt (p * (1.0 - p) / float count)) "the share"
                }

            test "integers, by χ² with 9 degrees of freedom" {
                let expected = float count / 10.0

                let chi2 =
                    Key.integers 0 10 DType.I64 [ count ] seed
                    |> floats
                    |> Array.countBy id
                    |> Array.sumBy (fun (_, n) -> (float n - expected) ** 2.0 / expected)

                // The quantile of 0.9999.
                Expect.isLessThan chi2 33.7 "χ²"
            }

            test "the places of a permutation, by χ²: each of 24 orders of 4" {
                let orders =
                    Array.init 24_000 (fun i -> (Key.permutation 4 (Key.fold i seed)).ToArray<int64>())

                let counts = orders |> Array.countBy List.ofArray
                Expect.equal counts.Length 24 "every order appears"
                let chi2 = counts |> Array.sumBy (fun (_, n) -> (float n - 1000.0) ** 2.0 / 1000.0)
                // The quantile of 0.9999 with 23 degrees of freedom.
                Expect.isLessThan chi2 56.2 "χ²"
            }
        ]

let private bounds =
    testList
        "bounds"
        [
            law "uniform numbers stay below the high bound, where rounding would reach it" (fun (s: int64) ->
                let low, high = 16777214f, 16777216f
                let t = Key.uniform (float low) (float high) DType.F32 [ 50 ] (Key.ofSeed s)
                t.ToArray<float32>() |> Array.forall (fun x -> x >= low && x < high))
            law
                "truncated normal numbers stay within the bounds, far from the mean too"
                (fun (s: int64) (a: int) ->
                    let low = float (a % 34) + 0.1
                    let high = low + 0.25

                    [ DType.F32; DType.F64 ]
                    |> List.forall (fun dtype ->
                        let t = Key.truncatedNormal 0.0 1.0 low high dtype [ 20 ] (Key.ofSeed s)
                        let held = Tensor.cast dtype (Tensor.vector [ low; high ])
                        let values = floats t

                        values |> Array.forall (fun x -> x >= held[0] && x <= held[1])
                        && (Array.distinct values).Length > 15))
            law "the upper tail mirrors the lower" (fun (s: int64) (a: int) ->
                let low = float (abs (a % 34)) + 0.5

                let draw low high =
                    floats (Key.truncatedNormal 0.0 1.0 low high DType.F64 [ 20 ] (Key.ofSeed s))

                draw low (low + 2.0) = Array.map (~-) (draw (-low - 2.0) -low))
            law "integers stay between their bounds" (fun (s: int64) (a: int) (b: int) ->
                a = b
                || (Key.integers (min a b) (max a b) DType.I32 [ 20 ] (Key.ofSeed s)).ToArray<int>()
                   |> Array.forall (fun i -> i >= min a b && i < max a b))
            law "a permutation has every number once" (fun (s: int64) (n: byte) ->
                let t = Key.permutation (int n) (Key.ofSeed s)
                Array.sort (t.ToArray<int64>()) = Array.init (int n) int64)
            law "a choice without replacement starts a permutation" (fun (s: int64) (n: byte) (c: byte) ->
                let n, c = int (max n c), int (min n c)
                let key = Key.ofSeed s

                (Key.choice c false n key).ToArray<int64>() =
                    Array.truncate c ((Key.permutation n key).ToArray<int64>()))
            law "a choice with replacement has numbers below n" (fun (s: int64) (n: byte) ->
                let n = int n + 1

                (Key.choice 40 true n (Key.ofSeed s)).ToArray<int64>()
                |> Array.forall (fun i -> i >= 0L && i < int64 n))
            test "certain and impossible events" {
                Expect.all ((Key.bernoulli 1.0 [ 1000 ] seed).ToArray<bool>()) id "certain"
                Expect.all ((Key.bernoulli 0.0 [ 1000 ] seed).ToArray<bool>()) not "impossible"
            }
            test "empty shapes" {
                let empty = [ 0; 3 ]

                for t in
                    [
                        Key.uniform 0.0 1.0 DType.F32 empty seed
                        Key.normal 0.0 1.0 DType.F64 empty seed
                        Key.truncatedNormal 0.0 1.0 -1.0 1.0 DType.F32 empty seed
                        Key.bernoulli 0.5 empty seed
                        Key.integers 0 2 DType.I32 empty seed
                    ] do
                    Expect.equal t.Shape (Shape.ofList empty) "the shape"

                Expect.equal (Key.permutation 0 seed).Size 0 "a permutation"
                Expect.equal (Key.choice 0 true 0 seed).Size 0 "a choice"
            }
        ]

let private refusals =
    let domain name action =
        test name { Expect.throwsT<DomainError> (fun () -> action seed |> ignore<Tensor>) "is a DomainError" }

    let typed name action =
        test name { Expect.throwsT<ShapeError> (fun () -> action seed |> ignore<Tensor>) "is a ShapeError" }

    testList
        "refusals"
        [
            domain "uniform, bounds swapped" <| Key.uniform 1.0 0.0 DType.F32 [ 2 ]
            domain "uniform, bounds that f32 cannot tell apart"
            <| Key.uniform 1.0 (1.0 + 1e-12) DType.F32 [ 2 ]
            domain "uniform, an infinite bound" <| Key.uniform 0.0 infinity DType.F64 [ 2 ]
            domain "uniform, NaN" <| Key.uniform nan 1.0 DType.F64 [ 0 ]
            domain "normal, a negative deviation" <| Key.normal 0.0 -1.0 DType.F32 [ 2 ]
            domain "truncated normal, no deviation" <| Key.truncatedNormal 0.0 0.0 -1.0 1.0 DType.F32 [ 2 ]
            domain "truncated normal, nothing between the bounds"
            <| Key.truncatedNormal 0.0 1.0 50.0 60.0 DType.F32 [ 2 ]
            domain "bernoulli, above 1" <| Key.bernoulli 1.5 [ 2 ]
            domain "bernoulli, NaN" <| Key.bernoulli nan [ 2 ]
            domain "integers, no range" <| Key.integers 3 3 DType.I32 [ 2 ]
            domain "permutation, negative" <| Key.permutation -1
            domain "choice, too many" <| Key.choice 3 false 2
            domain "choice, from nothing" <| Key.choice 3 true 0
            typed "uniform integers" <| Key.uniform 0.0 1.0 DType.I32 [ 2 ]
            typed "integers as floats" <| Key.integers 0 3 DType.F32 [ 2 ]
            test "negative counts" {
                Expect.throwsT<DomainError> (fun () -> Key.split -1 seed |> ignore) "children"
                Expect.throwsT<DomainError> (fun () -> Key.bits 0 -1 seed |> ignore) "words"
            }
        ]

let private systemRandom =
    testList
        "System.Random"
        [
            follows "doubles are uniform" 0.5 (1.0 / 12.0) 1.8 id (fun key ->
                let r = Key.toRandom key
                Tensor.vector (Array.init count (fun _ -> r.NextDouble())))
            follows "MathNet draws from it" 1.0 4.0 3.0 (fun x -> Normal.CDF(1.0, 2.0, x)) (fun key ->
                let values = Array.zeroCreate count
                Normal.Samples(Key.toRandom key, values, 1.0, 2.0)
                Tensor.vector values)
        ]

let tests: Test = testList "Key" [ keys; formulas; distributions; bounds; refusals; systemRandom ]
