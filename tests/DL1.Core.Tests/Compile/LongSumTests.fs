/// Long sums of f32: what is added is never much less than what it is added to.
module DL1.Tests.LongSumTests

open DL1
open Expecto

/// The largest relative error of means over axes of a tensor whose elements are all the same.
let private errorOf (value: float32) (dims: int list) axes =
    let x = Expr.variable "x" DType.F32 dims
    let given = Tensor.full DType.F32 dims (float value)
    let means = Compile.prepare (Graph.variables [ x ]) [ Reduce.mean axes x ] [ given ]

    Tensor.toFloats means.Head |> Array.map (fun mean -> abs (mean / float value - 1.0)) |> Array.max

let tests =
    testList
        "Long sum"
        [
            for value in [ 0.1f; 0.7616f; 3.3333f ] do
                for dims, axes in
                    [
                        [ 1_000_003 ], [ 0 ]
                        [ 9_999_991 ], [ 0 ]
                        [ 3_000_000 ], [ 0 ]
                        [ 60_000; 24 ], [ 0 ]
                        [ 199_999; 5 ], [ 0 ]
                        [ 4; 999_983 ], [ 1 ]
                        [ 30_011; 3; 21 ], [ 0; 2 ]
                        [ 101; 10_007; 2 ], [ 0; 1 ]
                    ] do
                    test $"the mean of {value} over axes {axes} of {dims}" {
                        Expect.isLessThan (errorOf value dims axes) 5e-6 "relative error"
                    }
        ]
