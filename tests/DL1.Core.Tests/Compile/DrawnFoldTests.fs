/// Folds of what is drawn: masks are drawn again where they are used, and a fold down the columns needs them in memory.
module DL1.Tests.DrawnFoldTests

open DL1
open DL1.Tests.Law
open DL1.Tests.Training
open Expecto

let private key = Expr.variable "key" DType.I32 [ 2 ]
let private keyed seed = [ Key.toTensor (Key.ofSeed seed) ]

let private folded =
    law
        "sums of a mask, and of a masked input, are those of Eval, over any axes"
        (fun (rows: byte) (columns: byte) (axes: int) (seed: byte) ->
            let dims = [ int rows % 70; int columns % 40 ]
            let axes = [ [ 0 ]; [ 1 ]; [ 0; 1 ] ][abs (axes % 3)]
            let x = Expr.variable "x" DType.F32 dims
            let mask = Draw.bernoulli 0.5 dims key

            let roots =
                [
                    Expr.sum axes (Expr.cast DType.F32 mask)
                    Expr.sum axes (Expr.where mask (x * 2.0) (lit 0.0))
                ]

            // Whole numbers, whose sums are exact in any order.
            let whole = Tensor.ofArray dims [| for i in 1 .. dims[0] * dims[1] -> float32 (7 * i % 9 - 4) |]

            let inputs, values = [ variableOf key; variableOf x ], keyed (int64 seed) @ [ whole ]
            sameBits (Eval.prepare inputs roots values) (Compile.prepare inputs roots values))

let private afterFold =
    law
        "a mask of a fold's results, kept as axes or not, is drawn once for each of them"
        (fun (rows: byte) (columns: byte) (keeps: bool) (seed: byte) ->
            let rows, columns = 1 + int rows % 40, 1 + int columns % 40
            let x = Expr.variable "x" DType.F64 [ rows; columns ]
            let dims = if keeps then [ rows; 1 ] else [ rows ]
            let mask = Expr.cast DType.F64 (Draw.bernoulli 0.5 dims key)
            let sums = if keeps then Reduce.keepDims Expr.sum [ 1 ] x else Expr.sum [ 1 ] x
            let all = Expr.sumAll x * Expr.cast DType.F64 (Draw.bernoulli 0.5 [] key)
            let roots = [ sums * mask; all ] @ (if keeps then [ x * (sums * mask) ] else [])
            let inputs = [ variableOf key; variableOf x ]
            let values = keyed (int64 seed) @ [ normal 6L DType.F64 [ rows; columns ] ]

            List.forall2
                (Numbers.close 1e-12)
                (Eval.prepare inputs roots values)
                (Compile.prepare inputs roots values))

let private dropoutAfterMean =
    test "dropout right after a mean is that of Eval" {
        let x = Expr.variable "x" DType.F32 [ 4; 7; 8 ]
        let model = Layer.ofFunction "mean" (Reduce.mean [ 2 ]) => Shaping.dropout 0.5
        let parameters, state = Layer.init (Key.ofSeed 1L) x model
        let constants = Tree.map Expr.constant
        let y, _ = Layer.apply (Mode.Training key) (constants parameters) (constants state) model x
        let values = keyed 4L @ [ normal 5L DType.F32 [ 4; 7; 8 ] ]
        agreesOn "f32" 1e-5 [ variableOf key; variableOf x ] values [ y ]
    }

let private normalised =
    test "batch normalisation of an input under dropout is that of Eval" {
        let x = Expr.variable "x" DType.F32 [ 33; 20 ]
        let model = Shaping.dropout 0.3 => Norm.batchNorm1d
        let parameters, state = Layer.init (Key.ofSeed 1L) x model
        let constants = Tree.map Expr.constant

        let y, _ = Layer.apply (Mode.Training key) (constants parameters) (constants state) model x

        let values = keyed 4L @ [ normal 5L DType.F32 [ 33; 20 ] ]
        agreesOn "f32" 1e-4 [ variableOf key; variableOf x ] values [ y ]
    }

let tests = testList "DrawnFold" [ folded; afterFold; dropoutAfterMean; normalised ]
