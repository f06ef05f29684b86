/// What normalisations promise of their results, and dropout of its mean.
module DL1.Tests.NormTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Run
open Expecto

let private moved seed dims = Eval.run [] (3.0 * Expr.constant (normal seed dims) + 5.0)

let private columns (t: Tensor) =
    let values = Tensor.toFloats t
    let width = t.Shape[1]
    List.init width (fun c -> Array.init t.Shape[0] (fun r -> values[r * width + c]))

let tests =
    testList
        "Norm"
        [
            law "batch norm gives each feature mean 0 and variance 1 in training" (fun seed ->
                let x = moved seed [ 16; 3 ]
                let y, _ = applied (training 1L) (drawn 1L Norm.batchNorm1d x) Norm.batchNorm1d x

                columns y
                |> List.forall (fun c ->
                    let mean, variance = moments c
                    abs mean < 1e-10 && abs (variance - 1.0) < 1e-4))
            law "a batch moved and stretched is normalised to the same" (fun seed ->
                let x = normal seed [ 16; 3 ]
                let stretched = Eval.run [] (40.0 * Expr.constant x - 7.0)
                let of' x = applied (training 1L) (drawn 1L Norm.batchNorm1d x) Norm.batchNorm1d x |> fst
                close 1e-3 (of' x) (of' stretched))
            law "running statistics come near those of the data" (fun seed ->
                let x = moved seed [ 64; 2 ]
                let layer = Norm.batchNorm1dWith { Norm.options with Momentum = 0.5 }
                let parameters, state = drawn 1L layer x
                let step state _ = applied (training 1L) (parameters, state) layer x |> snd
                let state = List.fold step state [ 1..40 ]
                let means, variances = columns x |> List.map moments |> List.unzip
                let unbiased = variances |> List.map (fun v -> v * 64.0 / 63.0)

                close 1e-9 (Tensor.vector means) state["running_mean"]
                && close 1e-9 (Tensor.vector unbiased) state["running_var"]
                && state["num_batches_tracked"] = Tensor.scalar 40L)
            law "layer norm gives each example mean 0 and variance 1, whatever the others" (fun seed ->
                let x = moved seed [ 4; 6 ]
                let y = given 1L Norm.layerNorm x
                let rows = Tensor.toFloats y |> Array.chunkBySize 6

                let alone =
                    given 1L Norm.layerNorm (Tensor.ofArray [ 1; 6 ] (Tensor.toFloats x |> Array.take 6))

                rows
                |> Array.forall (fun row ->
                    let mean, variance = moments row
                    abs mean < 1e-10 && abs (variance - 1.0) < 1e-4)
                && close 1e-12 (Tensor.vector rows[0]) (Tensor.reshape [ 6 ] alone))
            law "one group is layer norm over channels and places" (fun seed ->
                let x = moved seed [ 2; 3; 4 ]
                close 1e-12 (given 1L (Norm.layerNormWith Norm.options 2) x) (given 1L (Norm.groupNorm 1) x))
            test "epsilon stands beside the variance; without a scale there are no parameters" {
                let options = { Norm.options with Epsilon = 3.0; Affine = false }
                let x = Tensor.ofArray [ 1; 2 ] [| -1.0; 1.0 |]
                let parameters, _ = drawn 1L (Norm.layerNormWith options 1) x
                Expect.equal parameters.Count 0 "no parameters"
                let half = Tensor.ofArray [ 1; 2 ] [| -0.5; 0.5 |]
                expectClose 1e-12 half (given 1L (Norm.layerNormWith options 1) x) "x/√(1 + 3)"
                expectClose 1e-12 half (given 1L (Norm.groupNormWith options 1) x) "one group"
                let inference = Eval.run [] (0.5 * Expr.constant x)

                expectClose
                    1e-12
                    inference
                    (given 1L (Norm.batchNorm1dWith options) x)
                    "the running variance is 1 at first"
            }
            test "batch norm over channels of sequences and images" {
                for layer, dims in [ Norm.batchNorm1d, [ 4; 3; 5 ]; Norm.batchNorm2d, [ 4; 3; 2; 2 ] ] do
                    let x = moved 1L dims
                    let y = applied (training 1L) (drawn 1L layer x) layer x |> fst
                    let flat = Expr.constant y |> Expr.moveAxis 1 0 |> Expr.reshape [ 3; -1 ]

                    for row in Eval.run [] flat |> Tensor.toFloats |> Array.chunkBySize (y.Size / 3) do
                        let mean, variance = moments row
                        Expect.isLessThan (abs mean) 1e-10 "the mean"
                        Expect.isLessThan (abs (variance - 1.0)) 1e-4 "the variance"
            }
            law "dropout keeps the mean, and drops the share that it says" (fun seed ->
                let x = Tensor.ones DType.F64 [ 2000 ]

                let y =
                    applied (training seed) (Tree.empty, Tree.empty) (Shaping.dropout 0.25) x
                    |> fst
                    |> Tensor.toFloats

                let dropped = y |> Array.filter (fun v -> v = 0.0) |> Array.length

                y |> Array.forall (fun v -> v = 0.0 || v = 1.0 / 0.75)
                && abs (float dropped / 2000.0 - 0.25) < 0.06
                && abs (Array.average y - 1.0) < 0.08)
            law "dropout's mask is that of its key, forward and backward" (fun seed ->
                let x = Expr.variable "x" DType.F64 [ 50 ]
                let y, _ = Layer.apply (training seed) Tree.empty Tree.empty (Shaping.dropout 0.5) x
                let gradient = Grad.grad (Expr.sumAll y) [ x ] |> List.head
                let at = [ "x", Tensor.ones DType.F64 [ 50 ] ]
                Eval.run at y = Eval.run at gradient && Eval.run at y = Eval.run at y)
            test "dropout rests in inference, and at 0" {
                let x = normal 1L [ 10 ]
                Expect.equal (given 1L (Shaping.dropout 0.9) x) x "inference"

                Expect.equal
                    (applied (training 1L) (Tree.empty, Tree.empty) (Shaping.dropout 0.0) x |> fst)
                    x
                    "0"
            }
            test "two dropouts of a model drop differently" {
                let x = Tensor.ones DType.F64 [ 100 ]

                let double =
                    Layer.both (Shaping.dropout 0.5) (Shaping.dropout 0.5)
                    |> Layer.map (fun (a, b) -> Expr.stack 0 [ a; b ])

                let y = applied (training 1L) (Tree.empty, Tree.empty) double x |> fst |> Tensor.toFloats
                Expect.notEqual y[..99] y[100..] ""
            }
            test "flatten and reshape" {
                let x = normal 1L [ 2; 3; 4 ]
                Expect.equal (given 1L Shaping.flatten x) (Tensor.reshape [ 2; 12 ] x) ""
                Expect.equal (given 1L (Shaping.reshape [ 4; -1 ]) x) (Tensor.reshape [ 2; 4; 3 ] x) ""
            }
            test "what does not fit is refused" {
                let shape f = Expect.throwsT<ShapeError> (fun () -> f () |> ignore) ""
                let domain f = Expect.throwsT<DomainError> (fun () -> f () |> ignore) ""
                let single = normal 1L [ 1; 3 ]

                shape (fun () ->
                    applied (training 1L) (drawn 1L Norm.batchNorm1d single) Norm.batchNorm1d single)

                shape (fun () -> given 1L Norm.batchNorm2d single)
                shape (fun () -> given 1L (Norm.layerNormWith Norm.options 3) single)
                shape (fun () -> given 1L (Norm.groupNorm 2) single)
                domain (fun () -> Shaping.dropout 1.0)
                domain (fun () -> Norm.batchNorm1dWith { Norm.options with Momentum = 0.0 })
                domain (fun () -> Norm.layerNormWith { Norm.options with Epsilon = 0.0 } 1)
                domain (fun () -> Norm.groupNormWith { Norm.options with Epsilon = -1.0 } 1)
            }
        ]
