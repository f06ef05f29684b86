/// Poolings and activations against their definitions.
module DL1.Tests.PoolingTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Run
open Expecto

let private counting = Tensor.ofArray [ 1; 1; 4; 4 ] [| 0.0 .. 15.0 |]
let private floats (t: Tensor) = Tensor.toFloats t |> List.ofArray

/// PyTorch's windows for one axis.
let private windows n m = List.init m (fun i -> i * n / m, ((i + 1) * n + m - 1) / m)

let tests =
    testList
        "Pooling"
        [
            test "maximum and mean of windows" {
                Expect.equal (floats (given 1L (Pooling.max 2) counting)) [ 5.0; 7.0; 13.0; 15.0 ] ""
                Expect.equal (floats (given 1L (Pooling.average 2) counting)) [ 2.5; 4.5; 10.5; 12.5 ] ""
                let options = { Convolution.options with Stride = [ 1 ] }
                Expect.equal (floats (given 1L (Pooling.maxWith options [ 4; 3 ]) counting)) [ 14.0; 15.0 ] ""

                Expect.equal
                    (floats (given 1L (Pooling.averageWith options [ 4; 3 ]) counting))
                    [ 7.0; 8.0 ]
                    ""
            }
            law "adaptive pooling over windows of any number" (fun seed (h: byte) (w: byte) ->
                let x = normal seed [ 2; 3; 7; 5 ]
                let h, w = 1 + int h % 7, 1 + int w % 5

                let expected (reduce: float list -> float) =
                    let within (n, c) (top, bottom) (left, right) =
                        [
                            for i in top .. bottom - 1 do
                                for j in left .. right - 1 do
                                    x[n, c, i, j]
                        ]

                    [|
                        for n in 0..1 do
                            for c in 0..2 do
                                for rows in windows 7 h do
                                    for columns in windows 5 w do
                                        yield reduce (within (n, c) rows columns)
                    |]
                    |> Tensor.ofArray [ 2; 3; h; w ]

                close 1e-12 (expected List.average) (given 1L (Pooling.adaptiveAverage [ h; w ]) x)
                && close 0.0 (expected List.max) (given 1L (Pooling.adaptiveMax [ h; w ]) x))
            test "adaptive maxima give the gradient to the first of equal elements, however the windows fall" {
                let x = Expr.variable "x" DType.F64 [ 1; 1; 4; 4 ]
                let ones = Tensor.full DType.F64 [ 1; 1; 4; 4 ] 1.0

                let gradient layer (value: Tensor) =
                    let y, _ = Layer.apply Mode.Inference Tree.empty Tree.empty layer x
                    let roots = Grad.grad (Expr.sumAll y) [ x ]
                    let inputs = Graph.variables [ x ]
                    let found = Eval.prepare inputs roots [ value ] |> List.head
                    expectClose 0.0 found (Compile.prepare inputs roots [ value ]).Head "compiled"
                    floats found

                let at places = List.init 16 (fun i -> if List.contains i places then 1.0 else 0.0)
                // Even windows, and windows of 0 to 1, 1 to 2 and 2 to 3 both ways.
                Expect.equal (gradient (Pooling.adaptiveMax [ 2 ]) ones) (at [ 0; 2; 8; 10 ]) "even"

                Expect.equal
                    (gradient (Pooling.adaptiveMax [ 3 ]) ones)
                    (at [ 0; 1; 2; 4; 5; 6; 8; 9; 10 ])
                    "uneven"
                // The first in rows, not in columns.
                let corner =
                    Tensor.ofArray
                        [ 1; 1; 4; 4 ]
                        (Array.init 16 (fun i -> if i = 1 || i = 4 then 1.0 else 0.0))

                Expect.equal (gradient (Pooling.adaptiveMax [ 1 ]) corner) (at [ 1 ]) "row by row"

                let shifted =
                    Tensor.ofArray
                        [ 1; 1; 4; 4 ]
                        (Array.init 16 (fun i -> if i = 6 || i = 9 then 1.0 else 0.0))

                let found = gradient (Pooling.adaptiveMax [ 3 ]) shifted
                Expect.equal (found[6], found[9]) (4.0, 3.0) "the window of both takes the first"
            }
            test "one number for all axes; sequences" {
                let x = normal 1L [ 2; 3; 6 ]
                let mean = Eval.run [] (Reduce.keepDims Reduce.mean [ 2 ] (Expr.constant x))
                expectClose 1e-12 mean (given 1L (Pooling.adaptiveAverage [ 1 ]) x) ""

                Expect.throwsT<ShapeError>
                    (fun () -> given 1L (Pooling.adaptiveMax [ 7 ]) x |> ignore)
                    "more windows than places"
            }
            test "activations are the functions of their names" {
                let x = Tensor.vector [ -2.0; -0.5; 0.0; 1.5 ]

                for layer, f in
                    [
                        Activation.relu, Expr.relu
                        Activation.leakyRelu 0.1, Elementwise.leakyRelu 0.1
                        Activation.elu 0.5, Elementwise.elu 0.5
                        Activation.selu, Elementwise.selu
                        Activation.gelu, Elementwise.gelu
                        Activation.silu, Elementwise.silu
                        Activation.mish, Elementwise.mish
                        Activation.hardtanh, Elementwise.hardtanh
                        Activation.softsign, Elementwise.softsign
                        Activation.softplus, Expr.softplus
                        Activation.sigmoid, Expr.sigmoid
                        Activation.logSigmoid, Elementwise.logSigmoid
                        Activation.tanh, (fun x -> tanh x)
                        Activation.softmax 0, Expr.softmax 0
                        Activation.logSoftmax -1, Reduce.logSoftmax 0
                    ] do
                    Expect.equal (given 1L layer x) (Eval.run [] (f (Expr.constant x))) ""
            }
            test "a slope for each channel" {
                let x = Tensor.full DType.F64 [ 1; 2; 2 ] -1.0
                let slopes = Tree.ofList [ "weight", Tensor.vector [ 0.5; 2.0 ] ]
                let y = applied Mode.Inference (slopes, Tree.empty) (Activation.prelu true) x |> fst
                Expect.equal (floats y) [ -0.5; -0.5; -2.0; -2.0 ] ""
            }
        ]
