/// What normalisations, noise, `same` padding and embeddings promise beyond the values of a reference.
module DL1.Tests.LayersMoreTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Run
open Expecto

let private domain f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
let private shape f = Expect.throwsT<ShapeError> (fun () -> f () |> ignore) ""

/// Each case compiles or evaluates many nodes, so there are fewer of them.
let private law name property = testPropertyWithConfig { config with maxTest = 30 } name property

let private indices (values: int64 list) columns =
    Tensor.ofArray [ values.Length / columns; columns ] (Array.ofList values)

/// Steps of training over batches: the state after them.
let private trained (layer: Layer<Expr, Expr>) (batches: Tensor list) =
    let parameters, state = drawn 1L layer batches.Head

    batches |> List.fold (fun state x -> applied (training 1L) (parameters, state) layer x |> snd) state

let tests =
    testList
        "LayersMore"
        [
            law "the cumulative average is the mean over all batches, in any order" (fun seed ->
                let batches = [ for i in 0L .. 3L -> normal (seed + i) [ 5; 2 ] ]
                let layer = Norm.batchNormTracking NormTracking.Cumulative Norm.options
                let state = trained layer batches

                let means =
                    batches
                    |> List.map (fun x -> Eval.run [] (Reduce.mean [ 0 ] (Expr.constant x)))
                    |> List.map (Tensor.toFloats >> List.ofArray)
                    |> List.transpose
                    |> List.map List.average

                close 1e-12 (Tensor.vector means) state["running_mean"]
                && (let turned = trained layer (List.rev batches)
                    close 1e-12 state["running_mean"] turned["running_mean"]))
            law "without tracking, inference normalises its own batch as training does" (fun seed ->
                let x = normal seed [ 6; 3 ]
                let layer = Norm.batchNormTracking NormTracking.Off Norm.options
                let p, s = drawn 1L layer x

                s.Count = 0
                && Tensor.sameBits
                    (fst (applied Mode.Inference (p, s) layer x))
                    (fst (applied (training 1L) (p, s) layer x)))
            law "with a moving average it is batchNorm1d" (fun seed ->
                let x = normal seed [ 6; 3 ]
                let moving = Norm.batchNormTracking NormTracking.Moving Norm.options
                let p, s = drawn 1L moving x

                let ours, theirs =
                    applied (training 1L) (p, s) moving x, applied (training 1L) (p, s) Norm.batchNorm1d x

                Tensor.sameBits (fst ours) (fst theirs) && snd ours = snd theirs)
            law "instance norm is group norm of one channel a group" (fun seed ->
                let x = normal seed [ 2; 3; 4; 2 ]
                let options = { Norm.options with Affine = false }
                close 1e-12 (given 1L (Norm.groupNormWith options 3) x) (given 1L Norm.instanceNorm x))
            law "RMS norm ignores the scale, and of centred rows it is layer norm" (fun seed ->
                let x = normal seed [ 3; 5 ]

                let centred =
                    Eval.run [] (let e = Expr.constant x in e - Reduce.keepDims Reduce.mean [ 1 ] e)

                let times = Eval.run [] (7.0 * Expr.constant x)
                let fine = { Norm.options with Epsilon = 1e-12 }

                close 1e-9 (given 1L (Norm.rmsNormWith fine 1) x) (given 1L (Norm.rmsNormWith fine 1) times)
                && close
                    1e-9
                    (given 1L (Norm.layerNormWith fine 1) centred)
                    (given 1L (Norm.rmsNormWith fine 1) centred))
            test "RMS norm has PyTorch's epsilon, that of the type, and only a scale" {
                let zero dtype = Tensor.zeros dtype [ 1; 2 ]
                let parameters, _ = drawn 1L Norm.rmsNorm (zero DType.F64)
                Expect.equal (Tree.paths parameters) [ "weight" ] ""
                let tiny = Tensor.full DType.F32 [ 1; 1 ] 1e-6

                let y, _ =
                    Layer.apply
                        Mode.Inference
                        (Tree.ofList [ "weight", Expr.constant (Tensor.ones DType.F32 [ 1 ]) ])
                        Tree.empty
                        Norm.rmsNorm
                        (Expr.constant tiny)

                let expected = 1e-6 / sqrt (1e-12 + 2.0 ** -23.0)
                expectClose 1e-6 (Tensor.full DType.F32 [ 1; 1 ] expected) (Eval.run [] y) ""
            }
            law "noise has the mean 0 and the deviation asked for, and rests in inference" (fun seed ->
                let x = Tensor.zeros DType.F64 [ 4000 ]
                let layer = Shaping.gaussianNoise 0.5
                let y = fst (applied (training seed) (Tree.empty, Tree.empty) layer x)
                let mean, variance = moments (Tensor.toFloats y)

                abs mean < 0.05
                && abs (sqrt variance - 0.5) < 0.05
                && Tensor.sameBits y (fst (applied (training seed) (Tree.empty, Tree.empty) layer x))
                && given 1L layer x = x)
            law
                "same padding keeps the extents, or divides them rounded up"
                (fun (k: uint8) (n: uint8) (s: uint8) ->
                    let k, n, s = 1 + int k % 5, 1 + int n % 9, 1 + int s % 4
                    let x = Expr.variable "x" DType.F32 [ 1; 2; n ]
                    let w = Expr.variable "w" DType.F32 [ 3; 2; k ]
                    let o = { Convolution.options with Stride = [ s ] }
                    let out = (n + s - 1) / s

                    (Convolution.convSame o x w).Shape = Shape.ofList [ 1; 3; out ]
                    && (Windowed.maxSame [ k ] o x).Shape = Shape.ofList [ 1; 2; out ]
                    && (Windowed.averageSame [ k ] o x).Shape = Shape.ofList [ 1; 2; out ])
            law "a mean with same padding counts what is there: of ones it is 1" (fun (k: uint8) (n: uint8) ->
                let k, n = 1 + int k % 5, 1 + int n % 9
                let ones = Tensor.ones DType.F64 [ 1; 1; n; n ]

                let y =
                    given 1L (Pooling.averageSameWith { Convolution.options with Stride = [ 1 ] } [ k ]) ones

                close 1e-12 ones y)
            test "same padding of an odd total has its last zero at the end" {
                let x = Tensor.ofArray [ 1; 1; 3 ] [| 1.0; 2.0; 3.0 |]
                let w = Expr.constant (Tensor.ofArray [ 1; 1; 2 ] [| 1.0; 10.0 |])
                let y = Eval.run [] (Convolution.convSame Convolution.options (Expr.constant x) w)
                Expect.equal (Tensor.toFloats y) [| 21.0; 32.0; 3.0 |] ""
                let most = given 1L (Pooling.maxSameWith { Convolution.options with Stride = [ 2 ] } [ 2 ]) x
                Expect.equal (Tensor.toFloats most) [| 2.0; 3.0 |] ""
            }
            law "a transposed convolution is the transpose of a convolution" (fun seed ->
                let layer =
                    Conv.convTranspose1dWith
                        { Init.parameters with Bias = false }
                        { Convolution.options with Stride = [ 2 ] }
                        []
                        3
                        4

                let x = normal seed [ 2; 2; 5 ]
                let p, s = drawn seed layer x
                let y = fst (applied Mode.Inference (p, s) layer x)
                let other = normal (seed + 1L) (y.Shape.ToList())

                let back =
                    Eval.run
                        []
                        (Convolution.conv
                            { Convolution.options with Stride = [ 2 ] }
                            (Expr.constant other)
                            (Expr.constant p["weight"]))

                let inner (a: Tensor) (b: Tensor) =
                    Array.fold2 (fun sum u v -> sum + u * v) 0.0 (Tensor.toFloats a) (Tensor.toFloats b)

                abs (inner y other - inner x back) < 1e-9)
            law "padding in a bag changes nothing, wherever it stands" (fun seed ->
                let whole, filled = indices [ 3L; 1L; 2L ] 3, indices [ 0L; 3L; 1L; 0L; 2L ] 5

                [ BagMode.Sum; BagMode.Mean; BagMode.Max ]
                |> List.forall (fun mode ->
                    let layer = Embedding.bagPadded mode 0 4 3
                    let p = drawn seed layer whole
                    let of' x = fst (applied Mode.Inference p layer x)
                    close 1e-14 (of' whole) (of' filled)))
            test "a bag of padding alone is 0, with gradient 0" {
                for mode in [ BagMode.Sum; BagMode.Mean; BagMode.Max ] do
                    let layer = Embedding.bagPadded mode 0 4 3
                    let x = indices [ 0L; 0L ] 2
                    let p, _ = drawn 1L layer x
                    let ps = Tree.variables p
                    let y, _ = Layer.apply Mode.Inference ps Tree.empty layer (Expr.constant x)
                    let found = Eval.many (Tree.toList p) (y :: Grad.grad (Expr.sumAll y) (Tree.values ps))

                    Expect.all
                        (List.collect (Tensor.toFloats >> List.ofArray) found)
                        (fun v -> v = 0.0)
                        $"{mode}"
            }
            law
                "a bounded row is at most so long, short rows stay, and no step makes a row longer"
                (fun seed ->
                    let layer = Embedding.bounded 1.0 4 3
                    let x = indices [ 0L; 1L; 2L; 3L ] 4
                    let p, _ = drawn seed layer x
                    let ps = Tree.variables p
                    let y, _ = Layer.apply Mode.Inference ps Tree.empty layer (Expr.constant x)
                    let loss = Expr.sumAll (y * Expr.constant (normal (seed + 1L) [ 1; 4; 3 ]))
                    let found = Eval.many (Tree.toList p) (y :: Grad.grad loss (Tree.values ps))
                    let rows (t: Tensor) = Tensor.toFloats t |> Array.chunkBySize 3
                    let length (v: float[]) = sqrt (Array.sumBy (fun a -> a * a) v)

                    Array.zip3 (rows p["weight"]) (rows found[0]) (rows found[1])
                    |> Array.forall (fun (w, y, g) ->
                        let along = Array.fold2 (fun s a b -> s + a * b) 0.0 w g
                        if length w > 1.0 then length y < 1.0 + 1e-12 && abs along < 1e-6 else w = y))
            law "a tied table gets the gradients of both its uses" (fun seed ->
                let layer = Embedding.tied 5 3 (Dense.linear 3)
                let x = indices [ 0L; 4L; 2L ] 3
                let p, _ = drawn seed layer x
                let ps = Tree.variables p
                let y, _ = Layer.apply Mode.Inference ps Tree.empty layer (Expr.constant x)
                // The same with two tables.
                let first, second =
                    Expr.variable "first" DType.F64 [ 5; 3 ], Expr.variable "second" DType.F64 [ 5; 3 ]

                let rows = Expr.gather 0 (Expr.constant x) first

                let inner, _ =
                    Layer.apply Mode.Inference (Tree.at "body" ps) Tree.empty (Dense.linear 3) rows

                let apart = Expr.matmul (Expr.reshape [ 3; 3 ] inner) second.T
                let gradients = Grad.grad (Expr.sumAll (apart * apart)) [ first; second ]
                let table = p["embedding.weight"]
                let bindings = [ "first", table; "second", table ] @ Tree.toList p

                let found =
                    Eval.many
                        bindings
                        [
                            y
                            apart
                            List.reduce (+) gradients
                            List.head (Grad.grad (Expr.sumAll (y * y)) [ ps["embedding.weight"] ])
                        ]

                Tree.paths p = [ "embedding.weight"; "body.weight"; "body.bias" ]
                && close 1e-12 found[1] (Tensor.reshape [ 3; 5 ] found[0])
                && close 1e-12 found[2] found[3])
            test "what does not fit is refused" {
                shape (fun () -> given 1L Norm.instanceNorm (normal 1L [ 2; 3 ]))

                shape (fun () ->
                    let layer = Norm.instanceNormTracking NormTracking.Moving Norm.options
                    let x = normal 1L [ 2; 3; 1 ]
                    applied (training 1L) (drawn 1L layer x) layer x)

                shape (fun () -> given 1L (Norm.rmsNormWith Norm.options 3) (normal 1L [ 2; 3 ]))
                domain (fun () -> Norm.rmsNormWith { Norm.options with Epsilon = nan } 1)
                domain (fun () -> Norm.localResponse 0)
                domain (fun () -> Norm.localResponseWith -1.0 0.75 1.0 5)
                domain (fun () -> Norm.localResponseWith 1.0 0.75 infinity 5)
                domain (fun () -> Shaping.gaussianNoise nan)
                domain (fun () -> Shaping.gaussianNoise -0.1)

                domain (fun () ->
                    given
                        1L
                        (Conv.conv1dSameWith Init.parameters { Convolution.options with Padding = [ 1 ] } 2 3)
                        (normal 1L [ 1; 1; 4 ]))

                domain (fun () -> Embedding.bounded 0.0 4 3)
                domain (fun () -> Embedding.bag BagMode.Sum 0 3)
                domain (fun () -> Embedding.bagPadded BagMode.Sum 4 4 3)
                shape (fun () -> drawn 1L (Embedding.bag BagMode.Sum 4 3) (Tensor.vector [ 1L; 2L ]))
                shape (fun () -> drawn 1L (Embedding.tied 4 3 (Dense.linear 2)) (indices [ 1L ] 1))

                shape (fun () ->
                    Layer.init
                        (Key.ofSeed 1L)
                        (Expr.variable "a" DType.F32 [ 2; 3 ], Expr.variable "b" DType.F32 [ 3; 3 ])
                        (Dense.bilinear 2))

                domain (fun () -> Dense.bilinear 0)
            }
            test "local response norm at its extremes" {
                let x = normal 1L [ 1; 3; 2 ]

                Expect.equal
                    (given 1L (Norm.localResponseWith 0.0 1.0 1.0 System.Int32.MaxValue) x)
                    x
                    "alpha 0"
            }
        ]
