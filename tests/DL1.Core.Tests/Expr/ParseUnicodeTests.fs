/// Formulas as people write them: Unicode mathematics, products without a sign, π and e. What the printer writes is read
/// back to what is written alike.
module DL1.Tests.ParseUnicodeTests

open System
open DL1
open DL1.Tests.ParseExamples
open Expecto
open FsCheck.FSharp

let private means (text: string) (e: Expr) =
    testCase text <| fun () -> Expect.equal (Parse.expr text) e "the expression"

let private a = Expr.variable "a" DType.F64 [ 2; 3 ]
let private declared = "a: f64[2, 3];\n"

let private people =
    testList
        "people may write"
        [
            means "2x" (lit 2.0 * x)
            means "-2x" (lit -2.0 * x)
            means "2x² − 3x + 1" (lit 2.0 * x ** lit 2.0 - lit 3.0 * x + lit 1.0)
            means "3(x + 1)(x - 1)" (lit 3.0 * (x + 1.0) * (x - 1.0))
            means "x y" (x * y)
            means "2 sin(x) cos(y)" (lit 2.0 * sin x * cos y)
            means "sin x + y" (sin x + y)
            means "sin x²" (sin (x ** lit 2.0))
            means "y·sin x" (y * sin x)
            means "2 sin x" (lit 2.0 * sin x)
            means "(x + y)⁻¹" ((x + y) ** lit -1.0)
            means "√x·√(y + 1)" (sqrt x * sqrt (y + 1.0))
            means "√√x" (sqrt (sqrt x))
            means "pi·x" (lit Math.PI * x)
            means "2π" (lit 2.0 * lit Math.PI)
            means "e^x" (lit Math.E ** x)
            means "e·\"pi\"" (Expr.symbol "e" * Expr.symbol "pi")
            means "\"e\"^x" (Expr.symbol "e" ** x)
            means "2e" (lit 2.0 * Expr.symbol "e")
            means "e: f64; x*e" (x * Expr.symbol "e")
            means
                "x ≤ y ∧ ¬(x ≠ 0)"
                (Expr.both (Expr.compare CompareOp.Le x y) (Expr.not' (Expr.notEqual x (lit 0.0))))
            means "where(x = y, x, 0)" (Expr.where (Expr.equal x y) x (lit 0.0))
            means "⌊x⌋ + ⌈y⌉ − ∞" (floor x + ceil y - lit infinity)
            means "max(x, y)" (Expr.binary BinaryOp.Max x y)
            means "|x|²" (abs x ** lit 2.0)
            means "f32(x + y)" (Expr.cast DType.F32 (x + y))
            means (declared + "aᵀ @ a") (Expr.matmul (Expr.transpose [ 1; 0 ] a) a)
            means (declared + "Σ₁(a) ÷ 3") (Expr.sum [ 1 ] a / lit 3.0)
            means (declared + "Σ(a²)") (Expr.sumAll (a ** lit 2.0))
            means (declared + "softmax(a; axis=1)") (Expr.softmax 1 a)
            means
                (declared + "a[0:2:2, :]")
                (Expr.Make(
                    Node.Slice([ { Start = 0; Stop = 2; Step = 2 }; { Start = 0; Stop = 3; Step = 1 } ], a)
                ))
            means "t₁ = sin x\nt₂ = t₁ + y;  t₁·t₂" (sin x * (sin x + y))
        ]

/// A scalar graph of f64 from what a property draws.
let private scalar (steps: (int * int * int) list) : Expr =
    let unaries =
        [|
            sin
            cos
            exp
            log
            tanh
            sqrt
            abs
            floor
            ceil
            (fun e -> -e)
            (fun e -> 1.0 / e)
            (fun e -> e ** lit 2.0)
            (fun e -> e ** lit -3.0)
            Expr.sigmoid
            Expr.relu
            (fun e -> Expr.unary UnaryOp.Rsqrt e)
        |]

    let binaries =
        [|
            (fun a b -> a + b)
            (fun a b -> a - b)
            (fun a b -> a * b)
            (fun a b -> a / b)
            (fun a b -> a ** b)
            (fun a b -> Expr.maximum a b)
            (fun a b -> Expr.where (a .< b) a b)
            (fun a b -> Expr.where (Expr.equal a b) (lit -0.5) b)
        |]

    let at n (all: 'a[]) = all[int (uint n % uint all.Length)]
    let start = [| x; y; lit 2.0; lit -1.5; lit 1e-12; Expr.symbol "e"; Expr.symbol "w1" |]

    steps
    |> Seq.truncate 20
    |> Seq.fold
        (fun (made: Expr[]) (op, i, j) ->
            let next =
                if op % 2 = 0 then
                    at (op / 2) unaries (at i made)
                else
                    at (op / 2) binaries (at i made) (at j made)

            Array.append made [| next; next |])
        start
    |> Array.last

let private value (e: Expr) =
    let at =
        Map [ for v in Graph.variables [ e ] -> v.Name, Tensor.scalar (if v.Name = "x" then 0.7 else 1.3) ]

    Tensor.toFloat (Eval.run (Map.toList at) e)

let private isRounded (u: float) (v: float) =
    u = v || (Double.IsNaN u && Double.IsNaN v) || abs (u - v) <= 1e-9 * (abs u + abs v)

let private readsAlike (e: Expr) =
    let text = Text.unicodeWhole e
    let back = Parse.expr text
    Expect.equal (Text.unicodeWhole back) text "written alike"

/// Whether everything is written. Bodies of loops, rules of one's own and large tensors are not; of a whole number or a
/// truth value the type is not.
let private isWhole (e: Expr) =
    let isLeftOut (text: string) = System.Text.RegularExpressions.Regex.IsMatch(text, @"…|\b[fi](32|64)\[")

    match e.Node with
    | Node.Constant value ->
        (value.DType = DType.F32 || value.DType = DType.F64) && value.Size > 0 && value.Size <= 8
    | Node.Custom _
    | Node.Scan _ -> false
    | _ -> not (isLeftOut (Text.unicodeWhole e))

let private forms =
    let heads (e: Expr) =
        Graph.variables [ e ]
        |> List.map (fun v -> $"{TextName.ascii v.Name}: {v.DType}{v.Shape};\n")
        |> String.concat ""

    let whole = examples |> List.indexed |> List.filter (snd >> isWhole)

    testList
        "forms that are written whole are read back"
        [
            testCase "most are"
            <| fun () -> Expect.isGreaterThan whole.Length (examples.Length * 4 / 5) $"of %d{examples.Length}"

            for i, e in whole do
                let text = Text.unicodeWhole e

                testCase $"%d{i}: {text}"
                <| fun () ->
                    Expect.equal (Text.unicodeWhole (Parse.expr (heads e + text))) text "written alike"
        ]

let tests =
    testList
        "Parse, Unicode"
        [
            people
            testProperty "what is written of a scalar graph is read back" (fun steps ->
                let e = scalar steps
                readsAlike e

                Expect.isTrue
                    (isRounded (value e) (value (Parse.expr (Text.unicodeWhole e))))
                    "the same value")
            forms
        ]
