/// Initialisers: the statistics that their papers promise, and the same bits from the same key.
module DL1.Tests.InitTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Run
open Expecto

let private key = Key.ofSeed 7L
let private draw (init: Initializer) dims = init.Draw DType.F64 dims key

/// Checks mean and variance over many elements, and that uniform ones stay within their bounds.
let private has (name: string) (init: Initializer) dims variance =
    let values = Tensor.toFloats (draw init dims)
    let mean, found = moments values
    let count = float values.Length
    Expect.isLessThan (abs mean) (5.0 * sqrt (variance / count)) $"{name}: the mean"
    // The variance of a normal sample's variance is 2σ⁴/n; a uniform one's is smaller.
    Expect.isLessThan (abs (found - variance)) (5.0 * variance * sqrt (2.0 / count)) $"{name}: the variance"

    if init.Name.Contains "uniform" then
        let bound = sqrt (3.0 * variance)
        Expect.isTrue (values |> Array.forall (fun v -> abs v <= bound)) $"{name}: the bound"
        Expect.isGreaterThan (Array.max values) (0.98 * bound) $"{name}: near the bound"

let tests =
    testList
        "Init"
        [
            test "variances by fans, for matrices and kernels" {
                for dims, fanIn, fanOut in [ [ 60; 90 ], 90.0, 60.0; [ 16; 8; 5; 5 ], 200.0, 400.0 ] do
                    Expect.equal (Init.fans dims) (int fanIn, int fanOut) "fans"
                    has "Xavier uniform" (Init.xavierUniform 1.5) dims (1.5 ** 2.0 * 2.0 / (fanIn + fanOut))
                    has "Xavier normal" (Init.xavierNormal 1.0) dims (2.0 / (fanIn + fanOut))
                    has "Kaiming uniform" (Init.kaimingUniform Fan.In (sqrt 2.0)) dims (2.0 / fanIn)
                    has "Kaiming normal" (Init.kaimingNormal Fan.Out (sqrt 2.0)) dims (2.0 / fanOut)
                    has "LeCun normal" Init.lecunNormal dims (1.0 / fanIn)
                    has "LeCun uniform" Init.lecunUniform dims (1.0 / fanIn)
                    has "standard" Init.standard dims (1.0 / (3.0 * fanIn))
            }
            test "plain ones" {
                has "normal" (Init.normal 0.0 0.2) [ 5000 ] 0.04
                has "uniform" (Init.uniform -0.3 0.3) [ 5000 ] 0.03
                // The variance of a normal within two deviations is 0.7737.
                has "truncated" (Init.truncatedNormal 0.0 0.2) [ 5000 ] (0.04 * 0.77374)
                has "bounded" (Init.boundedBy 16) [ 5000 ] (1.0 / 48.0)
                Expect.equal (draw Init.zeros [ 2; 2 ]) (Tensor.zeros DType.F64 [ 2; 2 ]) ""
                Expect.equal (draw Init.ones [ 2 ]) (Tensor.ones DType.F64 [ 2 ]) ""
                Expect.equal (draw (Init.constant 0.25) [ 3 ]) (Tensor.full DType.F64 [ 3 ] 0.25) ""
            }
            law "orthogonal rows or columns of the gain's length" (fun seed (r: byte) (c: byte) ->
                let rows, columns = 1 + int r % 6, 1 + int c % 6

                let q =
                    Expr.constant (
                        (Init.orthogonal 2.0).Draw DType.F64 [ rows; columns; 1 ] (Key.ofSeed seed)
                    )

                let q = Expr.reshape [ rows; columns ] q
                let product = if rows <= columns then Expr.matmul q q.T else Expr.matmul q.T q
                let identity = 4.0 * Linear.identity DType.F64 (min rows columns)
                close 1e-12 (Eval.run [] identity) (Eval.run [] product))
            law "the same key gives the same bits, in f32 those of its own draw" (fun seed ->
                let key = Key.ofSeed seed
                let init = Init.kaimingNormal Fan.In 1.0

                Tensor.sameBits (init.Draw DType.F32 [ 3; 4 ] key) (init.Draw DType.F32 [ 3; 4 ] key)
                && (init.Draw DType.F32 [ 3; 4 ] key).DType = DType.F32)
            test "a vector has no fans" {
                Expect.throwsT<ShapeError> (fun () -> draw Init.lecunNormal [ 3 ] |> ignore) ""
                Expect.throwsT<ShapeError> (fun () -> draw (Init.orthogonal 1.0) [ 3 ] |> ignore) ""
            }
            test "each layer begins as PyTorch's" {
                let bound fan (t: Tensor) =
                    let values = Tensor.toFloats t
                    let bound = 1.0 / sqrt (float fan)
                    Expect.isTrue (values |> Array.forall (fun v -> abs v <= bound)) "within"
                    Expect.isGreaterThan (Array.max (Array.map abs values)) (0.6 * bound) "not far within"

                let parameters layer dims = fst (drawn 3L layer (normal 1L dims))
                let linear = parameters (Dense.linear 30) [ 2; 50 ]
                bound 50 linear["weight"]
                bound 50 linear["bias"]
                let conv = parameters (Conv.conv2d 8 3) [ 1; 4; 5; 5 ]
                bound 36 conv["weight"]
                bound 36 conv["bias"]
                // The fan-in of a transposed kernel is counted along its second axis, as PyTorch does.
                let transposed = parameters (Conv.convTranspose2d 8 3 1) [ 1; 4; 5; 5 ]
                bound 72 transposed["weight"]
                let gru = fst (drawn 3L (Recurrent.gru (Recurrent.options 9)) (normal 1L [ 2; 3; 4 ]))
                Tree.values gru |> List.iter (bound 9)
                let attention = parameters (Attention.self 2 false) [ 1; 3; 8 ]
                Expect.equal attention["in_proj_bias"] (Tensor.zeros DType.F64 [ 24 ]) ""
                Expect.equal attention["out_proj.bias"] (Tensor.zeros DType.F64 [ 8 ]) ""
                let xavier = Tensor.toFloats attention["in_proj_weight"] |> Array.map abs |> Array.max
                Expect.isLessThanOrEqual xavier (sqrt (6.0 / 32.0)) "the packed projection's fans"
            }
        ]
