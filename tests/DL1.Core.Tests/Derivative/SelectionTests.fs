/// What is not selected has no derivative: beside a branch that is not taken, formulas that are infinite or undefined
/// there change nothing. The law: at a point, the derivative of a formula with selections is that of the formula in which
/// each selection is replaced by the branch that it takes.
module DL1.Tests.SelectionTests

open System
open DL1
open DL1.Tests.Instance
open Expecto
open FsCheck
open FsCheck.FSharp

let private x = Expr.symbol "x"

/// Functions that are infinite or undefined, with their derivatives, at some of the points.
let private functions: (Expr -> Expr) list =
    [
        sqrt
        log
        exp
        Expr.reciprocal
        Expr.rsqrt
        asin
        Expr.log1p
        tanh
        Special.log2
        Special.asinh
        Expr.relu
        (fun e -> e * e)
        (fun e -> -e)
        (fun e -> Expr.Pow(e, 1.5))
        (fun e -> Expr.Pow(e, -2.0))
        (fun e -> Expr.Pow(2.0, e))
        Elementwise.clamp -1.0 2.0
        Elementwise.leakyRelu 0.1
        Elementwise.elu 1.0
    ]

let private operations: (Expr -> Expr -> Expr) list =
    [ (+); (-); (*); (/); Expr.maximum; Expr.minimum; (fun a b -> Expr.Pow(a, b)) ]

let private comparisons = [ CompareOp.Lt; CompareOp.Le; CompareOp.Gt; CompareOp.Ge ]
let private numbers = [ 0.0; 0.5; 1.0; 2.0; 3.0 ]

let rec private formula depth : Gen<Expr> =
    let leaf = Gen.frequency [ 3, Gen.constant x; 1, Gen.elements numbers |> Gen.map Expr.Literal ]

    if depth = 0 then
        leaf
    else
        let part = Gen.choose (0, depth - 1) |> Gen.bind formula

        let selection =
            gen {
                let! op = Gen.elements comparisons
                let! a = part
                let! bound = Gen.elements numbers
                let! whenTrue = part
                let! whenFalse = part
                return Expr.where (Expr.compare op a (lit bound)) whenTrue whenFalse
            }

        Gen.frequency
            [
                1, leaf
                4, Gen.map2 (fun f e -> f e) (Gen.elements functions) part
                3, Gen.map3 (fun op a b -> op a b) (Gen.elements operations) part part
                4, selection
            ]

let private points = [ -1.0; 0.0; 0.5; 1.0; 2.0; 700.0; 1000.0 ]
let private at (point: float) e = Tensor.toFloat (Eval.run [ "x", Tensor.scalar point ] e)

/// The formula with each selection replaced by what it selects at a point.
let private resolved point (e: Expr) =
    let choose (e: Expr) =
        match e.Node with
        | Node.Select(c, a, b) -> if at point (Expr.cast DType.F64 c) <> 0.0 then a else b
        | _ -> e

    Rebuild.bottomUp choose [ e ] |> List.head

let private reverse e = Grad.grad e [ x ] |> List.head
let private forward e = Grad.jvp [ e ] [ x ] [ Expr.onesLike x ] |> List.head

/// By reverse mode, forward mode and symbolically, evaluated and compiled; and the second derivatives by each pair.
let private ways: (string * (Expr -> float -> float)) list =
    [
        "reverse", (fun e point -> at point (reverse e))
        "forward", (fun e point -> at point (forward e))
        "symbolic", (fun e point -> at point (Symbolic.derivative x e))
        "compiled reverse", (fun e point -> (ScalarFunction.of1 x (reverse e)).Invoke point)
        "compiled symbolic", (fun e point -> (ScalarFunction.of1 x (Symbolic.derivative x e)).Invoke point)
    ]

let private secondWays: (string * (Expr -> float -> float)) list =
    [
        "reverse of reverse", (fun e point -> at point (reverse (reverse e)))
        "forward of reverse", (fun e point -> at point (forward (reverse e)))
        "reverse of forward", (fun e point -> at point (reverse (forward e)))
        "symbolic", (fun e point -> at point (Symbolic.nth 2 x e))
    ]

let private near (expected: float) (found: float) =
    abs (found - expected) <= 1e-6 * Math.Max(1.0, abs expected)

/// Whether values that small or large have lost digits, so that two correct ways may differ.
let private isUsual (v: float) = Double.IsFinite v && abs v < 1e8

let private agree name count depth expectedOf ways =
    test name {
        let mutable compared = 0

        for e in samples count (formula depth) do
            for point in points do
                let branch = resolved point e
                let steps = Graph.topological [ branch; reverse branch ] |> List.ofArray

                let isDefined =
                    Eval.many [ "x", Tensor.scalar point ] steps
                    |> List.forall (Tensor.toFloats >> Array.forall isUsual)

                let expected: float = expectedOf branch point

                if isDefined && isUsual expected then
                    compared <- compared + 1

                    for way, derivative in ways do
                        let found = derivative e point

                        if not (near expected found) then
                            failtest $"{way}: {found} for {expected} at {point} of\n{e}"

        Expect.isGreaterThan compared (count * 2) "formulas that are defined at their point"
    }

let private laws =
    testList
        "laws"
        [
            agree "the first derivative is that of what is selected" 400 5 (fun e p -> at p (reverse e)) ways
            agree
                "the second derivative is that of what is selected"
                150
                4
                (fun e p -> at p (reverse (reverse e)))
                secondWays
        ]

/// A function of a vector, and the gradient that is due where the vector is (−1, 0, 4).
let private tensorCases: (string * (Expr -> Expr) * float list) list =
    let isPositive (v: Expr) = v .> 0.0
    let roots (v: Expr) = Expr.where (isPositive v) (sqrt v) (lit 0.0)
    let none (v: Expr) = v .> 100.0
    let logarithms (v: Expr) = Expr.where (isPositive v) (log v) (lit 1.0)

    [
        "a sum", (fun v -> Expr.sumAll (roots v)), [ 0.0; 0.0; 0.25 ]
        "a mean", (fun v -> Reduce.meanAll (roots v)), [ 0.0; 0.0; 1.0 / 12.0 ]
        "a maximum", (fun v -> Expr.max [ 0 ] (roots v)), [ 0.0; 0.0; 0.25 ]
        "a product", (fun v -> Expr.prod [ 0 ] (logarithms v)), [ 0.0; 0.0; 0.25 ]
        "a minimum of what is undefined elsewhere",
        (fun v -> Expr.min [ 0 ] (Expr.where (isPositive v) (Expr.reciprocal v) (lit 9.0))),
        [ 0.0; 0.0; -1.0 / 16.0 ]
        "a running sum", (fun v -> Expr.sumAll (Expr.cumSum 0 (roots v))), [ 0.0; 0.0; 0.25 ]
        "a scalar stretched beside a condition that never holds",
        (fun v ->
            let first = Expr.item 0 0 v
            Expr.sumAll (Expr.where (none v) (Expr.broadcastTo [ 3 ] (sqrt first)) (lit 0.0))),
        [ 0.0; 0.0; 0.0 ]
        "the root of a sum of nothing",
        (fun v -> sqrt (Expr.sumAll (Expr.where (none v) v (lit 0.0)))),
        [ 0.0; 0.0; 0.0 ]
        "the root of a mean of nothing",
        (fun v -> sqrt (Reduce.meanAll (Expr.where (none v) (v * v) (lit 0.0)))),
        [ 0.0; 0.0; 0.0 ]
        "rows moved about",
        (fun v ->
            let m = Expr.transpose [ 1; 0 ] (Expr.reverse [ 1 ] (Expr.reshape [ 1; 3 ] (sqrt v)))
            let c = Expr.transpose [ 1; 0 ] (Expr.reverse [ 1 ] (Expr.reshape [ 1; 3 ] (isPositive v)))
            Expr.sumAll (Expr.where c m (lit 0.0))),
        [ 0.0; 0.0; 0.25 ]
        "a slice of a selection", (fun v -> Expr.sumAll (Expr.sliceAxis 0 1 3 (roots v))), [ 0.0; 0.0; 0.25 ]
        "a selection cropped",
        (fun v -> Expr.sumAll (Expr.pad [ -2 ] [ 0 ] 0.0 (roots v))),
        [ 0.0; 0.0; 0.25 ]
        "a selection padded", (fun v -> Expr.sumAll (Expr.pad [ 1 ] [ 1 ] 0.0 (roots v))), [ 0.0; 0.0; 0.25 ]
        "joined parts",
        (fun v -> Expr.sumAll (Expr.sliceAxis 0 2 4 (Expr.concat 0 [ roots v; v ]))),
        [ 1.0; 0.0; 0.25 ]
        "what is gathered after a selection",
        (fun v -> Expr.sumAll (Expr.gather 0 (Expr.constant (Tensor.vector [| 2L; 0L |])) (roots v))),
        [ 0.0; 0.0; 0.25 ]
        "softmax of rows that are not selected",
        (fun v ->
            let rows = Expr.stack 0 [ log (Expr.sliceAxis 0 1 2 v); Expr.sliceAxis 0 2 3 v ]
            let soft = Expr.softmax 1 rows
            let taken = Expr.constant (Tensor.ofArray [ 2; 1 ] [| false; true |])
            Expr.sumAll (Expr.where taken (soft * soft) (lit 0.0))),
        [ 0.0; 0.0; 0.0 ]
        "a function with a derivative of its own",
        (fun v -> Expr.sumAll (Expr.where (isPositive v) (Special.log2 v) (lit 0.0))),
        [ 0.0; 0.0; 0.25 / log 2.0 ]
        "a matrix product after a selection",
        (fun v ->
            let row = Expr.reshape [ 1; 3 ] (roots v)
            Expr.sumAll (Expr.matmul row row.T)),
        [ 0.0; 0.0; 1.0 ]
        "a loop whose steps select",
        (fun v ->
            let finals, _ =
                Scan.many false 3 [ Expr.scalar DType.F64 0.0 ] [ v ] (fun carries slices ->
                    let taken = Expr.where (slices[0] .> 0.0) (carries[0] + sqrt slices[0]) carries[0]
                    [ taken ], [])

            finals.Head),
        [ 0.0; 0.0; 0.25 ]
    ]

let private tensors =
    testList
        "tensors"
        [
            for name, f, expected in tensorCases do
                test name {
                    for dtype in [ DType.F64; DType.F32 ] do
                        let v = Expr.variable "v" dtype [ 3 ]
                        let value = Tensor.cast dtype (Tensor.vector [| -1.0; 0.0; 4.0 |])
                        let y = if dtype = DType.F64 then f v else f (Expr.cast DType.F64 v)
                        let gradient = Grad.grad y [ v ] |> List.head
                        let variable = { Name = "v"; DType = dtype; Shape = v.Shape }

                        let unit i =
                            Expr.constant (
                                Tensor.cast
                                    dtype
                                    (Tensor.vector (Array.init 3 (fun j -> if i = j then 1.0 else 0.0)))
                            )

                        let slopes = [ for i in 0..2 -> Grad.jvp [ y ] [ v ] [ unit i ] |> List.head ]
                        let roots = gradient :: slopes

                        for way, run in [ "Eval", Eval.prepare; "compiled", Compile.prepare ] do
                            match run [ variable ] roots [ value ] |> List.map Tensor.toFloats with
                            | gradient :: slopes ->
                                for due, found, slope in Seq.zip3 expected gradient (Seq.concat slopes) do
                                    Expect.isTrue (near due found) $"{way}, reverse: {found} for {due}"
                                    Expect.isTrue (near due slope) $"{way}, forward: {slope} for {due}"
                            | [] -> failtest "results"
                }
            test "a batch of derivatives is the derivative of each" {
                let v = Expr.variable "v" DType.F64 [ 3 ]
                let f (e: Expr) = Expr.where (e .> 0.0) (sqrt e) e
                let batch = Grad.vmap (fun es -> Grad.grad (f es[0]) [ es[0] ]) [ v ] |> List.head
                let found = Eval.run [ "v", Tensor.vector [| -1.0; 0.0; 4.0 |] ] batch |> Tensor.toFloats
                Expect.equal found [| 1.0; 1.0; 0.25 |] "by vmap"
            }
        ]

let private y = Expr.symbol "y"

let private powers =
    test "powers have the derivatives at 0 that their guards say, to the third, by each way" {
        let z = Expr.Pow(x, y)

        let atPoint (a, b) e = Tensor.toFloat (Eval.run [ "x", Tensor.scalar a; "y", Tensor.scalar b ] e)

        let by (variable: Expr) : (string * (Expr -> Expr)) list =
            [
                "reverse", (fun e -> Grad.grad e [ variable ] |> List.head)
                "forward", (fun e -> Grad.jvp [ e ] [ variable ] [ Expr.onesLike variable ] |> List.head)
                "symbolic", Symbolic.derivative variable
            ]

        let check name expected point e = Expect.equal (atPoint point e) expected $"{name} at {point}"

        for way, d in by y do
            check $"{way}, by y" 0.0 (0.0, 2.0) (d z)
            check $"{way}, by y" 0.0 (0.0, 0.0) (d z)
            check $"{way}, by y twice" 0.0 (0.0, 2.0) (d (d z))

        for way, d in by x do
            check $"{way}, by x" 0.0 (0.0, 0.0) (d z)
            check $"{way}, by x" 1.0 (0.0, 1.0) (d z)
            check $"{way}, by x twice" 2.0 (0.0, 2.0) (d (d z))
            check $"{way}, by x three times" 0.0 (0.0, 1.0) (d (d (d z)))
            check $"{way}, by x three times" 6.0 (0.0, 3.0) (d (d (d z)))

        for way, d in by x do
            check $"{way}, 0 to the power of x" 0.0 (0.0, 1.0) (d (Expr.Pow(0.0, x)))
            check $"{way}, 0 to the power of x" 0.0 (2.0, 1.0) (d (Expr.Pow(0.0, x)))
            check $"{way}, x to the power of x" 0.0 (0.0, 1.0) (d (Expr.Pow(x, x)))
    }

let private nothing =
    test "of nothing but −∞, log Σ exp has the derivative 0" {
        let v = Expr.variable "v" DType.F32 [ 2; 2 ]
        let variable = { Name = "v"; DType = DType.F32; Shape = v.Shape }
        let value = Tensor.ofArray [ 2; 2 ] [| -infinityf; -infinityf; -infinityf; 1f |]
        let y = Expr.logSumExp 1 v
        let gradient = Grad.vjp [ y ] [ Expr.onesLike y ] [ v ] |> List.head
        let tangent = Grad.jvp [ y ] [ v ] [ Expr.onesLike v ] |> List.head

        for run in [ Eval.prepare; Compile.prepare ] do
            match run [ variable ] [ gradient; tangent ] [ value ] |> List.map Tensor.toFloats with
            | [ gradient; tangent ] ->
                Expect.equal gradient [| 0.0; 0.0; 0.0; 1.0 |] "reverse"
                Expect.equal tangent [| 0.0; 1.0 |] "forward"
            | _ -> failtest "two results"
    }

let private cancelled =
    test "a difference without a derivative has none symbolically, whatever it is multiplied with" {
        let still = x - x
        let f = Expr.Pow(still * still, 0.5) + x
        Expect.equal (at 1.5 (Symbolic.derivative x f)) 1.0 "the derivative of x alone"
    }

let tests = testList "Selection" [ laws; tensors; powers; nothing; cancelled ]
