/// Products, sums and signs as people write them: simplified where that is exact, with the value of the graph.
module DL1.Tests.TextFoldTests

open System
open DL1
open DL1.Tests.Law
open Expecto

let private x, y = Expr.symbol "x", Expr.symbol "y"
let private a, b = Expr.symbol "a", Expr.symbol "b"
let private v = Expr.variable "v" DType.F32 [ 3 ]
let private s = Expr.variable "s" DType.F32 []
let private broadcast (e: Expr) = Expr.broadcastTo [ 3 ] e

/// Expressions with their text.
let private written =
    [
        1.0 * x, "x"
        x * 1.0, "x"
        x / 1.0, "x"
        -1.0 * x, "−x"
        -(-x), "x"
        2.0 * (3.0 * x), "6·x"
        x * 2.0 * 3.0, "6·x"
        3.0 * lit -1.0 * (2.0 * x), "−6·x"
        2.0 * a * (0.5 * x), "a·x"
        a * (2.0 * x), "2·a·x"
        -exp -x * (2.0 * x), "−2·exp(−x)·x"
        -x * -y, "x·y"
        0.1 * (3.0 * x), "0.1·3·x"
        1.5 * (3.0 * x), "4.5·x"
        lit 2.0 * lit 3.0, "6"
        lit 1.0 - lit 3.0, "−2"
        lit 0.1 + lit 0.2, "0.1 + 0.2"
        x + -y, "x − y"
        x - -y, "x + y"
        x + -2.0 * y, "x − 2·y"
        x - lit -2.0, "x + 2"
        1.0 + (2.0 + x), "1 + (2 + x)"
        0.0 * (3.0 * x), "0·x"
        lit infinity * x, "∞·x"
        x / 2.0 / 3.0, "(x/2)/3"
        2.0f * (3.0f * v), "6·v"
        0.1f * (4.0f * s), "0.4·s"
        0.1f * (3.0f * s), "0.1·3·s"
        Expr.sumAll (1.0f * v), "Σ(v)"
        // The sum is over three elements, where s is one.
        Expr.sumAll (Expr.scalar DType.F32 1.0 * broadcast s), "Σ(broadcast(s; shape=[3]))"
        broadcast (2.0f * s) * broadcast s, "2·s·s"
        Expr.sumAll (broadcast (2.0f * s) * broadcast s), "Σ(broadcast(2·s·s; shape=[3]))"
        // The products of the numbers are none of their type.
        1e-200 * (1e-200 * x), "1e-200·(1e-200·x)"
        1e308 * (10.0 * x), "1e308·(10·x)"
        -((1e308 * x) * (1e308 * x)), "−1e308·x·(1e308·x)"
        5e-324 * (0.5 * x), "5e-324·(0.5·x)"
        1e-30f * (1e-30f * s), "1e-30·(1e-30·s)"
    ]

/// Scalars with their gradients by x, as text.
let private gradients =
    [
        x ** 3.0, "3·x²"
        4.0 * x ** 3.0 - 3.0 * x ** 2.0 + 2.0 * x - 1.0, "2 − 6·x + 12·x²"
        a * x ** 2.0 + b * x + 1.0, "b + 2·a·x"
        (a * x + b) ** 3.0, "3·(a·x + b)²·a"
        exp (-(x ** 2.0)), "−2·exp(−x²)·x"
        x - (y - x), "2"
        2.0 * (3.0 * x), "6"
        x * log x - x, "−1 + log x + x·(1/x)"
        log (x ** 2.0 + 1.0), "2·(1/(x² + 1))·x"
        1.0 / x, "−(1/x)/x"
        cos (2.0 * x), "−2·sin(2·x)"
        (3.0 - x) ** 2.0, "−2·(3 − x)"
        x % y, "1"
    ]

/// A scalar of x and y from what a property draws: sums, products, signs and units of small numbers, computed without rounding.
let private grown (steps: (byte * byte * byte) list) : Expr =
    let made = Collections.Generic.List<Expr>([ x; y; lit 1.0; lit -1.0; lit 2.0; lit 3.0; lit 0.5 ])
    let degree = Collections.Generic.List<int>([ 1; 1; 0; 0; 0; 0; 0 ])

    for op, i, j in List.truncate 12 steps do
        let i, j = int i % made.Count, int j % made.Count

        let e, n =
            match op % 5uy with
            | 0uy -> made[i] + made[j], max degree[i] degree[j]
            | 1uy -> made[i] - made[j], max degree[i] degree[j]
            | 2uy -> -made[i], degree[i]
            | 3uy -> made[i] / 1.0, degree[i]
            | _ when degree[i] + degree[j] <= 3 -> made[i] * made[j], degree[i] + degree[j]
            | _ -> made[i] * -1.0, degree[i]

        made.Add e
        degree.Add n

    made[made.Count - 1]

/// A product of x and numbers, and what it is made of.
let private product (steps: (byte * byte * byte) list) =
    let numbers = [ 1.0; -1.0; 2.0; 0.1; 1e-20; -1e20; Math.ScaleB(1.5, -60); 7e15 ]
    let made = Collections.Generic.List<Expr>([ x ])

    for op, i, j in List.truncate 6 steps do
        let i, number = int i % made.Count, numbers[int j % numbers.Length]

        made.Add(
            match op % 4uy with
            | 0uy -> -made[i]
            | 1uy -> number * made[i]
            | 2uy -> made[i] * number
            | _ -> made[i] * made[int j % made.Count]
        )

    made

/// Variables with their extents.
let private shaped = [ "s", []; "v", [ 3 ]; "m", [ 2; 3 ]; "c", [ 2; 1 ]; "k", [ 3; 3 ] ]

let private numbers seed dims = Key.normal 0.0 1.0 DType.F64 dims (Key.ofSeed (int64 seed))

/// A sum over expressions of several shapes, of what a property draws: products, sums, signs, sums over an axis, products of
/// matrices.
let private stretchedSum (steps: (byte * byte * byte) list) : Expr =
    let made =
        Collections.Generic.List<Expr>(
            shaped |> List.map (fun (name, dims) -> Expr.variable name DType.F64 dims)
        )

    for op, i, j in List.truncate 10 steps do
        let a, b = made[int i % made.Count], made[int j % made.Count]
        let fits = (Shape.tryBroadcast a.Shape b.Shape).IsSome

        made.Add(
            match op % 8uy with
            | 0uy when fits -> a + b
            | 1uy when fits -> a - b
            | 2uy when fits -> a * b
            | 3uy -> 2.0 * a
            | 4uy -> 1.0 * Expr.broadcastTo ((Shape.ofList (3 :: a.Shape.ToList())).ToList()) a
            | 5uy when a.Shape.Rank > 0 -> Expr.sum [ int j % a.Shape.Rank ] a
            | 6uy when a.Shape.Rank > 1 && a.Shape[a.Shape.Rank - 1] = 3 ->
                Expr.matmul a (Expr.variable "k" DType.F64 [ 3; 3 ])
            | _ -> -a
        )

    Expr.sumAll made[made.Count - 1]

let private sameNumber (u: float) (v: float) =
    BitConverter.DoubleToInt64Bits u = BitConverter.DoubleToInt64Bits v

let private value (p: float) (q: float) (e: Expr) =
    Eval.run [ "x", Tensor.scalar p; "y", Tensor.scalar q ] e |> Tensor.toFloat

let private readBack (e: Expr) = Parse.expr ("x: f64; y: f64; " + Text.unicodeWhole e)

let tests =
    testList
        "TextFold"
        [
            for e, text in written do
                test $"{Text.ascii e} is {text}" { Expect.equal (string e) text "" }
            for e, text in gradients do
                test $"the gradient of {e} is {text}" {
                    Expect.equal (string (Grad.grad e [ x ]).Head) text ""
                }
            law
                "the text has the value of the graph, to the bit where nothing rounds"
                (fun steps (p: sbyte) (q: sbyte) ->
                    let e = grown steps
                    let p, q = float p / 8.0, float q / 8.0
                    sameNumber (value p q e) (value p q (readBack e)))
            law "the text of a product has its value, rounding excepted" (fun steps (p: sbyte) ->
                let made = product steps
                let at e = value (Math.ScaleB(1.25, int p / 2)) 1.0 e
                // What overflows or underflows may come out otherwise in another order.
                let isNormal e = abs (at e) > 1e-290 && abs (at e) < 1e290
                let u, v = at made[made.Count - 1], at (readBack made[made.Count - 1])
                not (Seq.forall isNormal made) || abs (u - v) <= 1e-13 * abs u)
            law "the text of sums over what is stretched has the value of the graph" (fun steps ->
                let e = stretchedSum steps
                let given = shaped |> List.mapi (fun i (name, dims) -> name, numbers (i + 1) dims)
                let declared = shaped |> List.map (fun (name, dims) -> $"{name}: f64{Shape.ofList dims}; ")
                let back = Parse.expr (String.Join("", declared) + Text.unicodeWhole e)
                let u, v = Eval.run given e |> Tensor.toFloat, Eval.run given back |> Tensor.toFloat
                abs (u - v) <= 1e-9 * (1.0 + abs u))
            law "the gradient's text has the gradient's value" (fun steps (p: sbyte) (q: sbyte) ->
                let f = sin (grown steps) * exp (x / 16.0) + y * x ** 3.0
                let d = (Grad.grad f [ x ]).Head
                let p, q = float p / 64.0, float q / 64.0
                let u, v = value p q d, value p q (readBack d)
                u = v || (Double.IsNaN u && Double.IsNaN v) || abs (u - v) <= 1e-9 * (1.0 + abs u + abs v))
            law "a text that is read is written alike" (fun steps ->
                let text = Text.unicodeWhole (grown steps)
                Text.unicodeWhole (Parse.expr ("x: f64; y: f64; " + text)) = text)
            test "the graph stays what it was" {
                Expect.notEqual (1.0 * x) x "a product with 1"
                Expect.equal (Parse.expr (Text.ascii (2.0 * (3.0 * x)))) (2.0 * (3.0 * x)) "in ASCII"
            }
            test "formulas of pages are simplified alike" {
                Expect.equal (Latex.ofExpr (4.0 * (3.0 * x ** 2.0) - -y)) "12 \cdot x^{2} + y" ""
                Expect.equal (Latex.ofExpr (x / 1.0)) "x" ""
            }
        ]
