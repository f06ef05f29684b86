/// Random numbers inside expressions are those of keys, bit for bit.
module DL1.Tests.DrawTests

open DL1
open DL1.Tests.Law
open Expecto

let private same (expected: Tensor) (drawn: Expr) = Tensor.sameBits expected (Eval.run [] drawn)

let private floats = [ DType.F32; DType.F64 ]
let private keyOf seed = Key.ofSeed seed

let tests =
    testList
        "Draw"
        [
            law "uniform" (fun seed (shape: Shape) (a: int16) (b: int16) ->
                let low, high = float (min a b) / 7.0, float (max a b) / 7.0 + 0.25
                let dims, key = shape.ToList(), keyOf seed

                floats
                |> List.forall (fun t ->
                    same (Key.uniform low high t dims key) (Draw.uniform low high t dims (Draw.key key))))
            law "normal" (fun seed (shape: Shape) (mean: int16) (deviation: byte) ->
                let mean, deviation = float mean / 3.0, float deviation / 5.0
                let dims, key = shape.ToList(), keyOf seed

                floats
                |> List.forall (fun t ->
                    same
                        (Key.normal mean deviation t dims key)
                        (Draw.normal mean deviation t dims (Draw.key key))))
            law "bernoulli" (fun seed (shape: Shape) (p: byte) ->
                let p, dims, key = float p / 255.0, shape.ToList(), keyOf seed
                same (Key.bernoulli p dims key) (Draw.bernoulli p dims (Draw.key key)))
            law "split" (fun seed (count: byte) ->
                let count, key = int count % 9, keyOf seed

                let children =
                    Key.split count key |> Array.collect (fun k -> (Key.toTensor k).ToArray<int>())

                same (Tensor.ofArray [ count; 2 ] children) (Draw.split count (Draw.key key)))
            law "a child drawn inside is a key outside" (fun seed ->
                let key = keyOf seed
                let child = Expr.item 0 1 (Draw.split 3 (Draw.key key))

                same
                    (Key.normal 0.0 1.0 DType.F32 [ 5 ] (Key.fold 1 key))
                    (Draw.normal 0.0 1.0 DType.F32 [ 5 ] child))
            law "bits" (fun seed (stream: byte) (shape: Shape) ->
                let key = keyOf seed
                let expected = Tensor.ofArray (shape.ToList()) (Key.bits (int stream) shape.Size key)
                same expected (Expr.randomBits (int stream) (shape.ToList()) (Draw.key key)))
            law "a batch of keys draws as each of them" (fun a b ->
                let keys = Expr.stack 0 [ Draw.key (keyOf a); Draw.key (keyOf b) ]

                let drawn =
                    Grad.vmap (fun k -> [ Draw.uniform 0.0 1.0 DType.F64 [ 3 ] k[0] ]) [ keys ] |> List.head

                let one seed = Expr.constant (Key.uniform 0.0 1.0 DType.F64 [ 3 ] (keyOf seed))
                same (Eval.run [] (Expr.stack 0 [ one a; one b ])) drawn)
        ]
