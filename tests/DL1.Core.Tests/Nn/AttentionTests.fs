/// Attention: what may be seen, and what order means to it.
module DL1.Tests.AttentionTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Run
open Expecto

let private input seed = normal seed [ 2; 5; 8 ]
let private constants tree = Tree.map Expr.constant tree

/// The same sequence with its places in another order.
let private permuted (order: int64 list) (t: Tensor) =
    Expr.gather 1 (Expr.constant (Tensor.vector order)) (Expr.constant t) |> Eval.run []

/// The input with everything from a place on replaced.
let private changedFrom place (t: Tensor) =
    let x, other = Expr.constant t, Expr.constant (normal 99L (t.Shape.ToList()))
    Expr.concat 1 [ Expr.sliceAxis 1 0 place x; Expr.sliceAxis 1 place t.Shape[1] other ] |> Eval.run []

let private upTo place (t: Tensor) = Eval.run [] (Expr.sliceAxis 1 0 place (Expr.constant t))

let private encoder = Transformer.encoderLayer { Transformer.options 2 16 with Dropout = 0.0 }
let private causal = { Transformer.options 2 16 with Dropout = 0.0; Causal = true; NormFirst = true }

let private isReal = Expr.constant (Tensor.ofArray [ 2; 5 ] (Array.init 10 (fun i -> i % 5 < 3)))

let tests =
    testList
        "Attention"
        [
            law "permuted places give permuted results" (fun seed ->
                let order = [ 3L; 0L; 4L; 1L; 2L ]
                let x = input seed

                [ Attention.self 2 false; encoder ]
                |> List.forall (fun layer ->
                    let parameters = drawn seed layer x
                    let of' x = applied Mode.Inference parameters layer x |> fst
                    close 1e-10 (permuted order (of' x)) (of' (permuted order x))))
            law "with a causal mask what comes later makes no difference" (fun seed (place: byte) ->
                let place = 1 + int place % 4
                let x = input seed

                [ Attention.self 2 true; Transformer.encoderLayer causal ]
                |> List.forall (fun layer ->
                    let parameters = drawn seed layer x
                    let of' x = applied Mode.Inference parameters layer x |> fst
                    close 1e-12 (upTo place (of' x)) (upTo place (of' (changedFrom place x)))))
            law "padding makes no difference" (fun seed ->
                let x = input seed
                let stack = Transformer.encoder 2 { Transformer.options 2 16 with Dropout = 0.0 }
                let padded x = { Values = x; IsReal = Some isReal }
                let layer = stack |> Layer.before padded |> Layer.map _.Values
                let parameters = drawn seed layer x
                let of' x = applied Mode.Inference parameters layer x |> fst
                close 1e-12 (upTo 3 (of' x)) (upTo 3 (of' (changedFrom 3 x))))
            law "weights add to 1 over the keys that may be seen, and are 0 elsewhere" (fun seed ->
                let q, k = Expr.constant (normal seed [ 2; 4; 5 ]), Expr.constant (normal 2L [ 2; 4; 5 ])
                let mask = Attention.causalMask 4 4
                let found = Attention.weights (Some mask) q k
                let hidden = Expr.where mask (Expr.zerosLike found) found

                close 1e-12 (Tensor.ones DType.F64 [ 2; 4 ]) (Eval.run [] (Expr.sum [ -1 ] found))
                && Tensor.toFloat (Eval.run [] (Expr.sumAll (abs hidden))) = 0.0)
            law "one key gives its value, whatever asks" (fun seed ->
                let value = Expr.constant (normal seed [ 2; 1; 3 ])
                let q, k = Expr.constant (normal 1L [ 2; 4; 5 ]), Expr.constant (normal 2L [ 2; 1; 5 ])
                let found = Attention.scaledDotProduct None q k value
                close 1e-12 (Eval.run [] (Expr.broadcastTo [ 2; 4; 3 ] value)) (Eval.run [] found))
            law "attention to itself is attention with itself as the memory" (fun seed ->
                let x = input seed
                let self = Attention.self 2 false

                let cross =
                    Attention.multiHead 2 0.0
                    |> Layer.before (fun x -> { Query = x; Memory = x; Mask = None })

                let parameters = drawn seed self x

                close
                    1e-12
                    (applied Mode.Inference parameters self x |> fst)
                    (applied Mode.Inference parameters cross x |> fst))
            test "masks" {
                let mask = Eval.run [] (Attention.causalMask 2 3)

                Expect.equal
                    mask
                    (Tensor.ofArray [ 2; 3 ] [| true; true; false; true; true; true |])
                    "the last are aligned"

                let both =
                    Attention.combine (Some(Attention.causalMask 5 5)) (Some(Attention.paddingMask isReal))

                Expect.equal (both |> Option.map (fun e -> e.Shape.ToList())) (Some [ 2; 1; 5; 5 ]) ""
                Expect.isNone (Attention.combine None None) ""
                Expect.isSome (Attention.combine None (Some isReal)) ""
                let hidden = Expr.full DType.Bool [ 1; 1 ] 0.0
                let q, v = Expr.constant (normal 1L [ 3; 2 ]), Expr.constant (normal 2L [ 3; 2 ])
                let blind = Eval.run [] (Attention.scaledDotProduct (Some hidden) q q v)
                let mean = Eval.run [] (Expr.broadcastTo [ 3; 2 ] (Reduce.mean [ 0 ] v))
                expectClose 1e-12 mean blind "nothing to see: the mean, not NaN"
            }
            test "a decoder's names, and what it may see" {
                let decoder = Transformer.decoder 2 causal
                let memory = { Values = Expr.constant (normal 5L [ 2; 3; 8 ]); IsReal = None }
                let beside x = { Target = { Values = x; IsReal = None }; Memory = memory }
                let layer = decoder |> Layer.before beside |> Layer.map (fun r -> r.Target.Values)
                let x = input 1L
                let parameters, state = drawn 1L layer x
                let names = Tree.paths (Tree.at "layers.1" parameters)

                Expect.equal
                    names
                    [
                        "self_attn.in_proj_weight"
                        "self_attn.in_proj_bias"
                        "self_attn.out_proj.weight"
                        "self_attn.out_proj.bias"
                        "multihead_attn.in_proj_weight"
                        "multihead_attn.in_proj_bias"
                        "multihead_attn.out_proj.weight"
                        "multihead_attn.out_proj.bias"
                        "linear1.weight"
                        "linear1.bias"
                        "linear2.weight"
                        "linear2.bias"
                        "norm1.weight"
                        "norm1.bias"
                        "norm2.weight"
                        "norm2.bias"
                        "norm3.weight"
                        "norm3.bias"
                    ]
                    ""

                let of' x = applied Mode.Inference (parameters, state) layer x |> fst
                expectClose 1e-12 (upTo 2 (of' x)) (upTo 2 (of' (changedFrom 2 x))) "causal"
            }
            test "dropout in training alone, by the key" {
                let layer = Transformer.encoderLayer (Transformer.options 2 16)
                let x = input 1L
                let parameters = drawn 1L layer x
                let run mode = applied mode parameters layer x |> fst
                Expect.equal (run (training 1L)) (run (training 1L)) ""
                Expect.notEqual (run (training 1L)) (run (training 2L)) ""
                Expect.notEqual (run (training 1L)) (run Mode.Inference) ""
            }
            test "positions" {
                let table = Eval.run [] (Transformer.sinusoids DType.F64 3 4)

                let expected =
                    [|
                        0.0
                        1.0
                        0.0
                        1.0
                        sin 1.0
                        cos 1.0
                        sin 0.01
                        cos 0.01
                        sin 2.0
                        cos 2.0
                        sin 0.02
                        cos 0.02
                    |]

                expectClose 1e-12 (Tensor.ofArray [ 3; 4 ] expected) table "sines and cosines"
                let x = Tensor.zeros DType.F64 [ 2; 3; 4 ]
                let added = given 1L Transformer.sinusoidalPositions x

                expectClose
                    1e-12
                    (Tensor.ofArray [ 2; 3; 4 ] (Array.append expected expected))
                    added
                    "to each sequence"

                let learned, state = drawn 1L (Transformer.learnedPositions 5) x
                let weight = learned["weight"]
                Expect.equal weight.Shape (Shape.Of [ 5; 4 ]) ""
                let y = applied Mode.Inference (learned, state) (Transformer.learnedPositions 5) x |> fst
                Expect.equal y[1, 2, 3] weight[2, 3] ""

                Expect.throwsT<ShapeError>
                    (fun () -> given 1L (Transformer.learnedPositions 2) x |> ignore)
                    "too long"
            }
            test "heads that do not divide the features are refused" {
                Expect.throwsT<ShapeError>
                    (fun () -> given 1L (Attention.self 3 false) (input 1L) |> ignore)
                    ""
            }
        ]
