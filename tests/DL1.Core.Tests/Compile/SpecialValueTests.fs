/// Signed zeros, infinities, NaN, subnormal and huge numbers in every elementwise primitive and every reduction: what is
/// compiled is what Eval says.
module DL1.Tests.SpecialValueTests

open System
open DL1
open DL1.Tests.Training
open Expecto
open DL1.Compiler.Simd

let private specialsOf dtype =
    [|
        nan
        infinity
        -infinity
        0.0
        -0.0
        1.0
        -1.0
        0.5
        -0.5
        2.0
        -2.0
        3.0
        -3.0
        1e-3
        100.0
        -100.0
        800.0
        -800.0

        if dtype = DType.F32 then
            1e-45
            -1e-45
            1e-40
            float Single.MinValue
            float Single.MaxValue
            1.17549435e-38
            3e38
            1e20
            -1e20
        else
            Double.Epsilon
            -Double.Epsilon
            1e-310
            Double.MinValue
            Double.MaxValue
            2.2250738585072014e-308
            1e307
            3e305
            1e20
            -1e20
    |]

/// NaN as NaN, infinities and zeros with their signs, other numbers to within a few units in the last place.
let private agree dtype tolerance (expected: float) (found: float) =
    let least = if dtype = DType.F32 then 1e-45 else Double.Epsilon
    // Neighbours of the largest number may round to infinity.
    let largest = if dtype = DType.F32 then float Single.MaxValue else Double.MaxValue

    if Double.IsNaN expected || Double.IsNaN found then
        Double.IsNaN expected && Double.IsNaN found
    elif expected = 0.0 && found = 0.0 then
        Double.IsNegative expected = Double.IsNegative found
    elif Double.IsInfinity expected || Double.IsInfinity found then
        expected = found
        || (sign expected = sign found && min (abs expected) (abs found) > largest * (1.0 - tolerance))
    else
        abs (expected - found) <= tolerance * abs expected + 4.0 * least

let private check what tolerance (given: (Expr * Tensor) list) (root: Expr) =
    let inputs = given |> List.map (fst >> variableOf)
    let values = List.map snd given
    // Plans compute what the stable rewriting makes of a graph.
    let expected = (Eval.prepare inputs (Rewrite.stableAll [ root ]) values).Head

    for width, generates in [ Simd.widest, true; Width.Bits128, true; Simd.widest, false ] do
        let found = (Compile.prepareOn width generates 1 inputs [ root ] values).Head

        Array.zip (Tensor.toFloats expected) (Tensor.toFloats found)
        |> Array.iteri (fun i (e, f) ->
            if not (agree root.DType tolerance e f) then
                let operands = values |> List.map (fun t -> (Tensor.toFloats t)[i % t.Size])

                failtest
                    $"{what} at {i}, operands %A{operands}: Eval {e}, compiled {f} ({width}, emitted {generates})")

let private toleranceOf dtype = if dtype = DType.F32 then 5e-7 else 1e-15

let private variable name (t: Tensor) = Expr.variable name t.DType (t.Shape.ToList())
let private tensor dtype (values: float[]) = Tensor.cast dtype (Tensor.vector values)

let private isOfFloats op =
    match op with
    | UnaryOp.Not -> false
    | _ -> true

let private pairs dtype =
    let specials = specialsOf dtype
    let all = Array.allPairs specials specials
    tensor dtype (Array.map fst all), tensor dtype (Array.map snd all)

let private elementwise =
    [
        for dtype in [ DType.F32; DType.F64 ] do
            let tolerance = toleranceOf dtype

            test $"{dtype}: functions of one element" {
                let value = tensor dtype (specialsOf dtype)
                let x = variable "x" value

                for op in Primitives.unaryOps |> List.filter isOfFloats do
                    check (Node.unaryName op) tolerance [ x, value ] (Expr.unary op x)
            }

            test $"{dtype}: functions of two elements, comparisons and choices" {
                let left, right = pairs dtype
                let x, y = variable "x" left, variable "y" right

                for op in Primitives.binaryOps do
                    match op with
                    | BinaryOp.And
                    | BinaryOp.Or -> ()
                    | op -> check (Node.binaryName op) tolerance [ x, left; y, right ] (Expr.binary op x y)

                for op in Primitives.compareOps do
                    check (Node.compareName op) 0.0 [ x, left; y, right ] (Expr.compare op x y)

                check "where" 0.0 [ x, left; y, right ] (Expr.where (x .> y) x (y + 0.0))
            }

            test $"{dtype}: conversions" {
                let value = tensor dtype (specialsOf dtype)
                let x = variable "x" value

                for target in DType.all do
                    check $"to {target}" 0.0 [ x, value ] (Expr.cast target x)
            }
    ]

/// Rows of ordinary numbers, in each of which one special value stands at one of several places; and rows of that value
/// alone.
let private rows dtype width =
    [|
        for special in specialsOf dtype do
            for place in [ 0; width / 2; width - 1 ] do
                Array.init width (fun i -> if i = place then special else float (i % 5) - 2.0)

            Array.create width special
            Array.init width (fun i -> if i % 2 = 0 then special else 1.0)
    |]

let private reductions =
    [
        for dtype in [ DType.F32; DType.F64 ] do
            for width in [ 1; 3; 19 ] do
                test $"{dtype}: reductions of rows and columns of {width}" {
                    let all = rows dtype width
                    let across = tensor dtype (Array.concat all) |> Tensor.reshape [ all.Length; width ]
                    let down = Eval.run [] (Expr.transpose [ 1; 0 ] (Expr.constant across))
                    let tolerance = 20.0 * toleranceOf dtype

                    for value, axis in [ across, 1; down, 0 ] do
                        let x = variable "x" value

                        let check name root =
                            check $"{name} over axis {axis} of {width}" tolerance [ x, value ] root

                        for op in [ ReduceOp.Max; ReduceOp.Min ] do
                            check (Node.reduceName op) (Expr.reduce op [ axis ] x)

                        check "argmax" (Expr.argMax axis x)
                        check "argmin" (Expr.argMin axis x)
                        check "softmax" (Expr.softmax axis x)
                        check "logSumExp" (Expr.logSumExp axis x)
                        check "logSoftmax" (Reduce.logSoftmax axis x)
                        check "log of softmax" (log (Expr.softmax axis x))
                        // Eval adds and multiplies f32 in f64, where nothing on the way overflows or vanishes.
                        let moderate = Expr.where (Expr.equal (abs x .< 1e3) (abs x .> 1e-3)) x (lit 0.0)
                        let tamed = Expr.where (Expr.equal (abs x) (lit infinity)) x moderate
                        check "sum" (Expr.sum [ axis ] tamed)
                        check "mean" (Reduce.mean [ axis ] tamed)
                        check "variance" (Reduce.variance 0 [ axis ] tamed)
                        check "product" (Expr.reduce ReduceOp.Prod [ axis ] tamed)
                        check "running sum" (Expr.cumSum axis tamed)
                }
    ]

let private logistic =
    test "log softmax of infinities is that of its formula, whatever rule meets it" {
        let value = Tensor.vector [| infinity; 1.0; 2.0 |]
        let x = variable "x" value

        for e in [ Reduce.logSoftmax 0 x; log (Expr.softmax 0 x); Rewrite.stable (Reduce.logSoftmax 0 x) ] do
            for run in [ Eval.prepare; Compile.prepare ] do
                let found = (run [ variableOf x ] [ e ] [ value ]).Head |> Tensor.toFloats
                Expect.isTrue (Double.IsNaN found[0]) "∞ − ∞"
                Expect.equal (Array.tail found) [| -infinity; -infinity |] "nothing beside an infinity"
    }

let tests = testList "Special values" (logistic :: elementwise @ reductions)
