/// Random words by groups, against the definition of RandomBits.
module DL1.Tests.RandomWordsTests

open System.Runtime.Intrinsics.X86
open DL1
open DL1.Tests.Law
open DL1.Tests.Memory
open Expecto
open DL1.Compiler.Generic

let private expected stream (key: Key) first count =
    let word i =
        let struct (w0, w1, w2, w3) = Philox.at (uint32 stream) (uint64 (i / 4)) key.Words
        let words = [| w0; w1; w2; w3 |]
        int words[i % 4]

    Tensor(Shape.Of [ count ], Elements.I32(Array.init count (fun i -> word (first + i))))

/// The stream, both words of the key, the first word, the number of words and the target; a call allocates nothing.
type private Fill = delegate of uint32 * uint32 * uint32 * int64 * int * nativeint -> unit

/// The forms that this processor runs; `RandomBlocks.Fill` takes one of them.
let private forms =
    [
        "without vectors", Fill(fun s k l f n t -> RandomBlocks.FillPlain(s, k, l, f, n, t))
        "by the processor's vectors", Fill(fun s k l f n t -> RandomBlocks.Fill(s, k, l, f, n, t))
        if Avx2.IsSupported then
            "by 256 bits", Fill(fun s k l f n t -> RandomBlocks.FillVectors(false, s, k, l, f, n, t))
    ]

let private check (fill: Fill) =
    fun (seed: int) (place: uint16) (length: uint16) (stream: byte) ->
        let key = Key.ofSeed (int64 seed * 77777777777L)
        let struct (k0, k1) = key.Words
        let first, count = int place % 300, int length % 400

        let found =
            compute [] DType.I32 (Shape.Of [ count ]) (fun _ _ target ->
                fill.Invoke(uint32 stream, k0, k1, int64 first, count, target))

        Tensor.sameBits (expected (int stream) key first count) found

let private far =
    test "places beyond 2³² words" {
        let first = 4L * 0xFFFFFFF0L + 1L
        let count = 200
        let place i = Philox.at 3u (uint64 (first + int64 i) / 4UL) (struct (0xDEADBEEFu, 42u))

        let expected =
            Array.init count (fun i ->
                let struct (a, b, c, d) = place i
                let words = [| int a; int b; int c; int d |]
                words[int ((first + int64 i) % 4L)])

        let expected = Tensor(Shape.Of [ count ], Elements.I32 expected)

        for name, fill in forms do
            let found =
                compute [] DType.I32 (Shape.Of [ count ]) (fun _ _ target ->
                    fill.Invoke(3u, 0xDEADBEEFu, 42u, first, count, target))

            Expect.equal found expected name
    }

let private node =
    test "the node, in several parts" {
        for stream, dims in [ 0, [ 5 ]; 1, []; 2, [ 300; 301 ]; 0, [ 3; 0 ] ] do
            let shape = Shape.ofList dims
            let kernel = RandomBits(uint32 stream, shape.Size)

            agrees
                "random bits"
                (fun es -> Expr.randomBits stream dims es[0])
                [ Key.toTensor (Key.ofSeed -12345678901L) ]
                (fun threads from into -> kernel.Run(threads, from[0], into))
    }

let tests =
    testList
        "RandomWords"
        [
            for name, fill in forms do
                law $"any range has the words of Key.bits, {name}" (check fill)

            far
            node
        ]
