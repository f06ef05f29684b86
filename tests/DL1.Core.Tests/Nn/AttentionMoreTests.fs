/// What rotary positions, grouped queries and masks promise beyond the values of a reference.
module DL1.Tests.AttentionMoreTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Run
open Expecto

/// Each case evaluates many nodes, so there are fewer of them.
let private law name property = testPropertyWithConfig { config with maxTest = 30 } name property

let private run e = Eval.run [] e
let private constant seed dims = Expr.constant (normal seed dims)
let private shape f = Expect.throwsT<ShapeError> (fun () -> f () |> ignore) ""
let private domain f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""

let private truths seed dims =
    // One key is allowed at least.
    let free = Eval.run [] (Draw.bernoulli 0.6 dims (Draw.key (Key.ofSeed seed))) |> Tensor.toFloats
    let keys = List.last dims
    free |> Array.mapi (fun i v -> v > 0.5 || i % keys = 0) |> Tensor.ofArray dims

let private numbered places = Expr.constant (Tensor.vector (List.map float places))

let private pairings = [ RotaryPairs.Halves; RotaryPairs.Neighbours ]

let tests =
    testList
        "AttentionMore"
        [
            law "rotary scores depend on the distance of places alone" (fun seed (moved: uint16) ->
                pairings
                |> List.forall (fun pairs ->
                    let o = { Rotary.options with Pairs = pairs }
                    let q, k = constant seed [ 4; 6 ], constant (seed + 1L) [ 4; 6 ]

                    let scores by =
                        let places = numbered [ for i in 0..3 -> i + by ]
                        run (Expr.matmul (Rotary.rotateAt o places q) (Rotary.rotateAt o places k).T)

                    close 1e-9 (scores 0) (scores (int moved))))
            law "rotary positions keep lengths, and place 0 stays" (fun seed ->
                pairings
                |> List.forall (fun pairs ->
                    let o = { Rotary.options with Pairs = pairs }
                    let x = constant seed [ 3; 5; 4 ]
                    let y = Rotary.rotate o x
                    let lengths (e: Expr) = run (Expr.sum [ 2 ] (e * e))

                    close 1e-12 (lengths x) (lengths y) && run (Expr.item 1 0 x) = run (Expr.item 1 0 y)))
            law "both pairings are one rotation with features in another order" (fun seed ->
                let x = constant seed [ 5; 6 ]
                // Neighbours 2i, 2i + 1 as halves i, i + 3.
                let order = Expr.constant (Tensor.vector [ 0L; 2L; 4L; 1L; 3L; 5L ])
                let split e = Expr.gather 1 order e
                let neighbours = { Rotary.options with Pairs = RotaryPairs.Neighbours }

                close
                    1e-12
                    (run (Rotary.rotate Rotary.options (split x)))
                    (run (split (Rotary.rotate neighbours x))))
            law "with as many key heads as heads it is multi-head attention without biases" (fun seed ->
                let x = normal seed [ 2; 4; 6 ]

                let o = { GroupedAttention.options 3 3 with Rotary = None; Causal = false }

                let p, _ = drawn seed (GroupedAttention.self o) x
                let c path = Expr.constant p[path]

                let packed =
                    Tree.ofList
                        [
                            "in_proj_weight",
                            Expr.concat 0 [ c "q_proj.weight"; c "k_proj.weight"; c "v_proj.weight" ]
                            "out_proj.weight", c "o_proj.weight"
                        ]

                let plain = Attention.maskedSelfWith { Attention.options 3 with Bias = false }
                let expected, _ = Layer.apply Mode.Inference packed Tree.empty plain (Expr.constant x, None)
                let found = fst (applied Mode.Inference (p, Tree.empty) (GroupedAttention.self o) x)
                close 1e-12 (run expected) found)
            law "a shared head of keys is one that stands several times" (fun seed ->
                let q, k, v =
                    constant seed [ 2; 4; 3; 2 ],
                    constant (seed + 1L) [ 2; 2; 5; 2 ],
                    constant (seed + 2L) [ 2; 2; 5; 3 ]

                let twice e = Expr.gather 1 (Expr.constant (Tensor.vector [ 0L; 0L; 1L; 1L ])) e

                close
                    1e-12
                    (run (Attention.scaledDotProduct None q (twice k) (twice v)))
                    (run (GroupedAttention.scaledDotProduct None q k v)))
            law "causal grouped attention sees nothing of what comes later" (fun seed ->
                let layer = GroupedAttention.self (GroupedAttention.options 4 2)
                let x, other = normal seed [ 1; 5; 8 ], normal (seed + 1L) [ 1; 5; 8 ]
                let p = drawn seed layer x

                let mixed =
                    run (
                        Expr.concat
                            1
                            [
                                Expr.sliceAxis 1 0 3 (Expr.constant x)
                                Expr.sliceAxis 1 3 5 (Expr.constant other)
                            ]
                    )

                let first (t: Tensor) = run (Expr.sliceAxis 1 0 3 (Expr.constant t))
                let y x = fst (applied Mode.Inference p layer x)
                close 1e-12 (first (y x)) (first (y mixed)) && not (close 1e-6 (y x) (y mixed)))
            law "a mask of numbers, 0 and −∞, is the mask of truth values" (fun seed ->
                let q, k = constant seed [ 2; 3; 4; 2 ], constant (seed + 1L) [ 2; 3; 5; 2 ]
                let mask = Expr.constant (truths seed [ 4; 5 ])
                let added = Expr.where mask (lit 0.0) (Expr.scalar DType.F64 -infinity)

                close
                    1e-12
                    (run (Attention.weights (Some mask) q k))
                    (run (Attention.weights (Some added) q k)))
            law "two masks are combined as one: truth values, numbers, or both" (fun seed ->
                let q, k = constant seed [ 4; 2 ], constant (seed + 1L) [ 5; 2 ]
                let a, b = Expr.constant (truths seed [ 4; 5 ]), Expr.constant (truths (seed + 1L) [ 4; 5 ])
                let number (e: Expr) = Expr.where e (lit 0.0) (Expr.scalar DType.F64 -infinity)

                let weights first second =
                    run (Attention.weights (Attention.combine (Some first) (Some second)) q k)

                let both = weights a b

                close 1e-12 both (weights (number a) b)
                && close 1e-12 both (weights a (number b))
                && close 1e-12 both (weights (number a) (number b)))
            test "a query that may attend to nothing attends evenly, by either mask" {
                let q, k = constant 1L [ 2; 2 ], constant 2L [ 4; 2 ]
                let even = Tensor.full DType.F64 [ 2; 4 ] 0.25
                let none = Expr.constant (Tensor.zeros DType.Bool [ 2; 4 ])
                Expect.equal (run (Attention.weights (Some none) q k)) even "truth values"
                let none = Expr.full DType.F64 [ 2; 4 ] -infinity
                Expect.equal (run (Attention.weights (Some none) q k)) even "numbers"
            }
            law "a mask of one's own, of each sequence and head, hides what it hides" (fun seed ->
                let o = { Transformer.options 2 6 with Dropout = 0.0; FinalNorm = true }
                let layer = Transformer.maskedEncoder 2 o
                let x = normal seed [ 1; 4; 4 ]
                // The last place is hidden from the others in both heads.
                let mask =
                    Array.init 32 (fun i -> i % 4 < 3 || i / 4 % 4 = 3) |> Tensor.ofArray [ 1; 2; 4; 4 ]

                let input x =
                    {
                        Sequence = { Values = Expr.constant x; IsReal = None }
                        Mask = Some(Expr.constant mask)
                    }

                let p, _ = Layer.initAs DType.F64 (Key.ofSeed seed) (input x) layer

                let y x =
                    (fst (Layer.apply Mode.Inference (Tree.map Expr.constant p) Tree.empty layer (input x)))
                        .Sequence.Values

                let other =
                    run (
                        Expr.concat
                            1
                            [ Expr.sliceAxis 1 0 3 (Expr.constant x); constant (seed + 1L) [ 1; 1; 4 ] ]
                    )

                let first e = run (Expr.sliceAxis 1 0 3 e)
                close 1e-12 (first (y x)) (first (y other)))
            test "without biases there is none anywhere" {
                let o = { Transformer.options 2 6 with Bias = false; FinalNorm = true }
                let x = { Values = Expr.variable "x" DType.F32 [ 2; 3; 4 ]; IsReal = None }
                let p, _ = Layer.init (Key.ofSeed 1L) x (Transformer.encoder 1 o)

                Expect.equal
                    (Tree.paths p)
                    [
                        "layers.0.self_attn.in_proj_weight"
                        "layers.0.self_attn.out_proj.weight"
                        "layers.0.linear1.weight"
                        "layers.0.linear2.weight"
                        "layers.0.norm1.weight"
                        "layers.0.norm2.weight"
                        "norm.weight"
                    ]
                    ""
            }
            law "what stands in padding changes no bit of a projected LSTM" (fun seed ->
                let layer =
                    Recurrent.lstmProjectedPadded 2 { Recurrent.options 3 with Bidirectional = true }
                    |> Recurrent.last

                let isReal =
                    Expr.constant (Tensor.ofArray [ 2; 3 ] [| true; true; false; true; true; true |])

                let x = Tensor.toFloats (normal seed [ 2; 3; 4 ])

                let filled value =
                    x |> Array.mapi (fun i v -> if i / 4 = 2 then value else v) |> Tensor.ofArray [ 2; 3; 4 ]

                let input value = { Values = Expr.constant (filled value); IsReal = Some isReal }
                let p, _ = Layer.initAs DType.F64 (Key.ofSeed seed) (input 0.0) layer

                let y value =
                    run (
                        fst (
                            Layer.apply
                                Mode.Inference
                                (Tree.map Expr.constant p)
                                Tree.empty
                                layer
                                (input value)
                        )
                    )

                (y 0.0).Shape = Shape.ofList [ 2; 4 ] && Tensor.sameBits (y 0.0) (y nan))
            test "what does not fit is refused" {
                let x = constant 1L [ 2; 3; 4 ]
                domain (fun () -> Rotary.rotate { Rotary.options with Base = 0.0 } x)
                shape (fun () -> Rotary.rotate Rotary.options (constant 1L [ 2; 3; 5 ]))
                shape (fun () -> Rotary.rotate Rotary.options (constant 1L [ 4 ]))
                shape (fun () -> Rotary.rotateAt Rotary.options (numbered [ 0; 1 ]) x)

                shape (fun () ->
                    given 1L (GroupedAttention.self (GroupedAttention.options 4 3)) (normal 1L [ 1; 2; 8 ]))

                shape (fun () ->
                    given 1L (GroupedAttention.self (GroupedAttention.options 3 1)) (normal 1L [ 1; 2; 8 ]))

                shape (fun () ->
                    given 1L (GroupedAttention.self (GroupedAttention.options 0 0)) (normal 1L [ 1; 2; 8 ]))
                // Three features for each head cannot be turned in pairs.
                shape (fun () ->
                    given 1L (GroupedAttention.self (GroupedAttention.options 2 1)) (normal 1L [ 1; 2; 6 ]))

                shape (fun () ->
                    Attention.weights
                        (Some(Expr.constant (Tensor.vector [ 1; 2; 3 ])))
                        (Expr.item 0 0 x)
                        (Expr.item 0 1 x))

                shape (fun () ->
                    Layer.init
                        (Key.ofSeed 1L)
                        { Query = x; Key = x; Value = Expr.sliceAxis 1 0 2 x; Mask = None }
                        (Attention.general (Attention.options 2)))

                domain (fun () -> Recurrent.lstmProjected 0 (Recurrent.options 3))
                domain (fun () -> Transformer.encoder 0 (Transformer.options 2 4))

                domain (fun () ->
                    Transformer.encoderLayer { Transformer.options 2 4 with NormEpsilon = 0.0 }
                    |> fun l -> given 1L l (normal 1L [ 1; 2; 4 ]))
            }
        ]
