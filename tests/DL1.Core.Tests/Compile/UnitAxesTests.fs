/// Axes of extent 1 that come and go: values made again by readers that have more of them, or fewer.
module DL1.Tests.UnitAxesTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Numbers
open DL1.Tests.Training
open Expecto

/// The extents with an axis of extent 1 put before those whose bit is set.
let private withUnits (bits: byte) (dims: int list) =
    dims
    |> List.indexed
    |> List.collect (fun (i, d) -> if (bits >>> i) &&& 1uy = 1uy then [ 1; d ] else [ d ])

let private madeAgain =
    law
        "a value that is made again, drawn or computed, has the same elements in any shape"
        (fun (sizes: byte list) (there: byte) (here: byte) ->
            let dims = sizes |> List.truncate 3 |> List.map (fun n -> [ 1; 2; 5; 7; 16; 17 ][int n % 6])
            let from, into = withUnits there dims, withUnits here dims
            let x, b = Expr.variable "x" DType.F64 into, Expr.variable "b" DType.F64 from
            let key = Expr.variable "key" DType.I32 [ 2 ]
            let mask = Expr.cast DType.F64 (Draw.bernoulli 0.5 from key)
            let reshaped = Expr.reshape into

            let roots =
                [
                    x + reshaped (2.0 * b)
                    tanh (reshaped -b)
                    reshaped mask * x
                    Expr.sumAll (x * reshaped (b + 1.0))
                ]

            let inputs = [ variableOf x; variableOf b; variableOf key ]

            let values = [ normal 1L DType.F64 into; normal 2L DType.F64 from; Key.toTensor (Key.ofSeed 3L) ]

            List.forall2
                (close 1e-12)
                (Eval.prepare inputs roots values)
                (Compile.prepare inputs roots values))

let private batchOfOne =
    test "a batch of one: broadcasting brings an axis, a product another" {
        let f name dims = Expr.variable name DType.F32 dims

        agrees
            "one row"
            1e-5
            [
                f "x" [ 1; 7 ] + 2.0 * f "b" [ 7 ]
                Expr.matmul (f "x" [ 1; 7 ]) (f "w" [ 7; 9 ]) + 0.5 * f "c" [ 9 ]
                f "y" [ 1; 8; 1; 1 ] + Expr.reshape [ 8; 1; 1 ] (2.0 * f "d" [ 8 ])
                Expr.squeeze [ 1 ] (2.0 * f "z" [ 5; 1; 7 ])
            ]
    }

let tests = testList "Unit axes" [ madeAgain; batchOfOne ]
