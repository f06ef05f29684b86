/// Symbolic derivatives: as a mathematician would write them, and equal to reverse mode.
module DL1.Tests.SymbolicTests

open System
open DL1
open DL1.Tests.Formulas
open DL1.Tests.Instance
open Expecto
open FsCheck
open FsCheck.FSharp

let private x = Expr.symbol "x"
let private y = Expr.symbol "y"
let private a = Expr.symbol "a"
let private b = Expr.symbol "b"
let private n = Expr.symbol "n"
let private pow (e: Expr) (n: float) = Expr.Pow(e, n)

/// Formulas, their text, and the text of their derivative by x.
let private approved: (Expr * string * string) list =
    [
        pow (x - 2.0) 2.0 + 3.0, "(x − 2)² + 3", "2·(x − 2)"
        x * sin x, "x·sin x", "sin x + x·cos x"
        lit 5.0 + 0.0 * x, "5 + 0·x", "0"
        x, "x", "1"
        3.0 * x + 2.0, "3·x + 2", "3"
        pow x 2.0, "x²", "2·x"
        x * x, "x·x", "2·x"
        pow x 3.0, "x³", "3·x²"
        pow x 10.0, "x¹⁰", "10·x⁹"
        pow x -1.0, "x⁻¹", "−1/x²"
        1.0 / x, "1/x", "−1/x²"
        1.0 / (x * x), "1/(x·x)", "−2/x³"
        pow x -2.0, "x⁻²", "−2/x³"
        sqrt x, "√x", "1/(2·√x)"
        pow x 0.5, "x^0.5", "1/(2·√x)"
        pow x 1.5, "x^1.5", "1.5·√x"
        1.0 / sqrt x, "1/√x", "−1/(2·x^1.5)"
        4.0 * pow x 3.0 - 3.0 * pow x 2.0 + 2.0 * x - 1.0, "4·x³ − 3·x² + 2·x − 1", "12·x² − 6·x + 2"
        a * pow x 2.0 + b * x + 1.0, "a·x² + b·x + 1", "2·a·x + b"
        pow (a * x + b) 3.0, "(a·x + b)³", "3·a·(a·x + b)²"
        exp x, "exp x", "exp x"
        exp -x, "exp(−x)", "−exp(−x)"
        exp (2.0 * x), "exp(2·x)", "2·exp(2·x)"
        exp (-(pow x 2.0)), "exp(−x²)", "−2·x·exp(−x²)"
        exp (-(x * x) / 2.0), "exp(−x·x/2)", "−x·exp(−x²/2)"
        x * exp x, "x·exp x", "exp(x)·(x + 1)"
        pow x 2.0 * exp x, "x²·exp x", "x·exp(x)·(x + 2)"
        x * exp -x, "x·exp(−x)", "exp(−x)·(1 − x)"
        log x, "log x", "1/x"
        log (2.0 * x), "log(2·x)", "1/x"
        log (pow x 2.0 + 1.0), "log(x² + 1)", "2·x/(x² + 1)"
        x * log x, "x·log x", "log x + 1"
        log x / x, "log(x)/x", "(1 − log x)/x²"
        x * log x - x, "x·log x − x", "log x"
        log (log x), "log(log x)", "1/(x·log x)"
        sin x, "sin x", "cos x"
        cos x, "cos x", "−sin x"
        tan x, "tan x", "(tan x)² + 1"
        sin (2.0 * x), "sin(2·x)", "2·cos(2·x)"
        sin (pow x 2.0), "sin(x²)", "2·x·cos(x²)"
        pow (sin x) 2.0, "(sin x)²", "2·sin(x)·cos x"
        pow (cos x) 2.0, "(cos x)²", "−2·cos(x)·sin x"
        sin x * cos x, "sin(x)·cos x", "(cos x)² − (sin x)²"
        sin x / x, "sin(x)/x", "cos(x)/x − sin(x)/x²"
        sin x * exp x, "sin(x)·exp x", "exp(x)·(cos x + sin x)"
        exp x * (sin x - cos x), "exp(x)·(sin x − cos x)", "2·exp(x)·sin x"
        exp (sin x), "exp(sin x)", "cos(x)·exp(sin x)"
        log (sin x), "log(sin x)", "cos(x)/sin x"
        log (cos x), "log(cos x)", "−tan x"
        asin x, "asin x", "1/√(1 − x²)"
        acos x, "acos x", "−1/√(1 − x²)"
        atan x, "atan x", "1/(x² + 1)"
        atan (2.0 * x), "atan(2·x)", "2/(4·x² + 1)"
        x * atan x, "x·atan x", "atan x + x/(x² + 1)"
        sinh x, "sinh x", "cosh x"
        cosh x, "cosh x", "sinh x"
        tanh x, "tanh x", "1 − (tanh x)²"
        log (cosh x), "log(cosh x)", "tanh x"
        Expr.sigmoid x, "σ(x)", "σ(x)·(1 − σ(x))"
        Expr.softplus x, "softplus(x)", "σ(x)"
        x * Expr.sigmoid x, "x·σ(x)", "σ(x)·(x − x·σ(x) + 1)"
        Expr.erf x, "erf(x)", "1.1283791670955126·exp(−x²)"
        abs x, "|x|", "sign(x)"
        Expr.relu x, "relu(x)", "f64(x > 0)"
        (x + 1.0) / (x - 1.0), "(x + 1)/(x − 1)", "−2/(x − 1)²"
        x / (pow x 2.0 + 1.0), "x/(x² + 1)", "(1 − x²)/(x² + 1)²"
        1.0 / (pow x 2.0 + 1.0), "1/(x² + 1)", "−2·x/(x² + 1)²"
        1.0 / (1.0 + exp -x), "1/(1 + exp(−x))", "exp(−x)/(exp(−x) + 1)²"
        x / (1.0 + x), "x/(1 + x)", "1/(x + 1)²"
        sqrt (pow x 2.0 + 1.0), "√(x² + 1)", "x/√(x² + 1)"
        1.0 / sqrt (pow x 2.0 + 1.0), "1/√(x² + 1)", "−x/(x² + 1)^1.5"
        x * sqrt (1.0 - pow x 2.0), "x·√(1 − x²)", "(1 − 2·x²)/√(1 − x²)"
        sqrt (1.0 - pow x 2.0), "√(1 − x²)", "−x/√(1 − x²)"
        (a * x + 1.0) * (a * x - 1.0), "(a·x + 1)·(a·x − 1)", "2·a²·x"
        (x + 1.0) * (x + 2.0), "(x + 1)·(x + 2)", "2·x + 3"
        (x - 1.0) * (x + 1.0), "(x − 1)·(x + 1)", "2·x"
        pow (x + 1.0) 2.0 * pow (x - 1.0) 3.0, "(x + 1)²·(x − 1)³", "(x + 1)·(x − 1)²·(5·x + 1)"
        Expr.Pow(2.0, x), "2^x", "2^x·log 2"
        Expr.Pow(a, x), "a^x", "a^x·log a"
        Expr.Pow(x, n), "x^n", "n·x^(n − 1)"
        Expr.Pow(x, x), "x^x", "x^x·(log x + 1)"
        Expr.Pow(sin x, n), "(sin x)^n", "n·(sin x)^(n − 1)·cos x"
        (exp x - exp -x) / 2.0, "(exp x − exp(−x))/2", "(exp x + exp(−x))/2"
        exp x / x, "exp(x)/x", "exp(x)·(x − 1)/x²"
        exp x / (1.0 + exp x), "exp(x)/(1 + exp x)", "exp(x)/(exp x + 1)²"
        pow (log x) 2.0, "(log x)²", "2·log(x)/x"
        pow (1.0 + pow x 2.0) 10.0, "(1 + x²)¹⁰", "20·x·(x² + 1)⁹"
        x * y + y * y, "x·y + y·y", "y"
        pow (y - x) 2.0, "(y − x)²", "−2·(y − x)"
        0.5 * pow (y - a * x) 2.0, "0.5·(y − a·x)²", "−a·(y − a·x)"
        Expr.expm1 x, "expm1(x)", "exp x"
        Expr.log1p x, "log1p(x)", "1/(x + 1)"
        log (1.0 - x), "log(1 − x)", "−1/(1 − x)"
        -(y * log x) - (1.0 - y) * log (1.0 - x), "−y·log x − (1 − y)·log(1 − x)", "(x − y)/(x·(1 − x))"
        Expr.maximum x (lit 0.0), "max(x, 0)", "where(x = 0, 0.5, where(x < 0, 0, 1))"
        Expr.where (x .> 0.0) (pow x 2.0) (-x), "where(x > 0, x², −x)", "where(x > 0, 2·x, −1)"
        x / sqrt (pow x 2.0 + 1.0), "x/√(x² + 1)", "1/(x² + 1)^1.5"
        cos x / sin x, "cos(x)/sin x", "−1/(sin x)²"
        1.0 / cos x, "1/cos x", "sin(x)/(cos x)²"
        1.0 / sin x, "1/sin x", "−cos(x)/(sin x)²"
        pow (tan x) 2.0, "(tan x)²", "2·tan(x)·((tan x)² + 1)"
        x - tanh x, "x − tanh x", "(tanh x)²"
        sqrt (exp x), "√(exp x)", "exp(x/2)/2"
        pow x 3.0 / 3.0, "x³/3", "x²"
        pow x 2.0 / 2.0, "x²/2", "x"
        (x * x * x + x) / x, "(x·x·x + x)/x", "2·x"
        sin (sin x), "sin(sin x)", "cos(x)·cos(sin x)"
        sin (1.0 / x), "sin(1/x)", "−cos(1/x)/x²"
        x * (x + 1.0) * (x + 2.0), "x·(x + 1)·(x + 2)", "3·x² + 6·x + 2"
        2.0 * sin x * cos x, "2·sin(x)·cos x", "2·((cos x)² − (sin x)²)"
        sin x + cos x, "sin x + cos x", "cos x − sin x"
        a * sin (b * x), "a·sin(b·x)", "a·b·cos(b·x)"
        exp (a * x) * cos (b * x), "exp(a·x)·cos(b·x)", "exp(a·x)·(a·cos(b·x) − b·sin(b·x))"
        (1.0 - x) / (1.0 + x), "(1 − x)/(1 + x)", "−2/(x + 1)²"
    ]

/// Formulas, and the texts of their second derivative.
let private approvedSecond: (Expr * string) list =
    [
        x * sin x, "2·cos x − x·sin x"
        pow x 3.0, "6·x"
        pow x 10.0, "90·x⁸"
        pow x -1.0, "2/x³"
        1.0 / (x * x), "6/x⁴"
        sqrt x, "−1/(4·x^1.5)"
        pow x 1.5, "3/(4·√x)"
        1.0 / sqrt x, "3/(4·x^2.5)"
        4.0 * pow x 3.0 - 3.0 * pow x 2.0 + 2.0 * x - 1.0, "24·x − 6"
        a * pow x 2.0 + b * x + 1.0, "2·a"
        pow (a * x + b) 3.0, "6·a²·(a·x + b)"
        exp x, "exp x"
        exp -x, "exp(−x)"
        exp (2.0 * x), "4·exp(2·x)"
        exp (-(pow x 2.0)), "2·exp(−x²)·(2·x² − 1)"
        exp (-(x * x) / 2.0), "exp(−x²/2)·(x² − 1)"
        x * exp x, "exp(x)·(x + 2)"
        pow x 2.0 * exp x, "exp(x)·(x² + 4·x + 2)"
        x * exp -x, "exp(−x)·(x − 2)"
        log x, "−1/x²"
        log (pow x 2.0 + 1.0), "2·(1 − x²)/(x² + 1)²"
        x * log x, "1/x"
        log x / x, "(2·log x − 3)/x³"
        x * log x - x, "1/x"
        log (log x), "−(log x + 1)/(x²·(log x)²)"
        sin x, "−sin x"
        cos x, "−cos x"
        tan x, "2·tan(x)·((tan x)² + 1)"
        sin (2.0 * x), "−4·sin(2·x)"
        sin (pow x 2.0), "2·(cos(x²) − 2·x²·sin(x²))"
        pow (sin x) 2.0, "2·((cos x)² − (sin x)²)"
        pow (cos x) 2.0, "−2·((cos x)² − (sin x)²)"
        sin x * cos x, "−4·cos(x)·sin x"
        sin x * exp x, "2·exp(x)·cos x"
        exp x * (sin x - cos x), "2·exp(x)·(sin x + cos x)"
        exp (sin x), "exp(sin x)·((cos x)² − sin x)"
        log (sin x), "−1/(sin x)²"
        log (cos x), "−(tan x)² − 1"
        asin x, "x/(1 − x²)^1.5"
        acos x, "−x/(1 − x²)^1.5"
        atan x, "−2·x/(x² + 1)²"
        atan (2.0 * x), "−16·x/(4·x² + 1)²"
        x * atan x, "2/(x² + 1)²"
        sinh x, "sinh x"
        cosh x, "cosh x"
        tanh x, "−2·tanh(x)·(1 − (tanh x)²)"
        log (cosh x), "1 − (tanh x)²"
        Expr.sigmoid x, "σ(x)·(1 − σ(x))·(1 − 2·σ(x))"
        Expr.softplus x, "σ(x)·(1 − σ(x))"
        (x + 1.0) / (x - 1.0), "4/(x − 1)³"
        x / (pow x 2.0 + 1.0), "2·x·(x² − 3)/(x² + 1)³"
        1.0 / (pow x 2.0 + 1.0), "2·(3·x² − 1)/(x² + 1)³"
        1.0 / (1.0 + exp -x), "exp(−x)·(exp(−x) − 1)/(exp(−x) + 1)³"
        x / (1.0 + x), "−2/(x + 1)³"
        sqrt (pow x 2.0 + 1.0), "1/(x² + 1)^1.5"
        1.0 / sqrt (pow x 2.0 + 1.0), "(2·x² − 1)/(x² + 1)^2.5"
        x * sqrt (1.0 - pow x 2.0), "x·(2·x² − 3)/(1 − x²)^1.5"
        sqrt (1.0 - pow x 2.0), "−1/(1 − x²)^1.5"
        (a * x + 1.0) * (a * x - 1.0), "2·a²"
        pow (x + 1.0) 2.0 * pow (x - 1.0) 3.0, "20·x³ − 12·x² − 12·x + 4"
        Expr.Pow(2.0, x), "2^x·(log 2)²"
        Expr.Pow(a, x), "a^x·(log a)²"
        Expr.Pow(x, n), "n·(n − 1)·x^(n − 2)"
        Expr.Pow(x, x), "x^x·(log x + 1)² + x^(x − 1)"
        (exp x - exp -x) / 2.0, "(exp x − exp(−x))/2"
        exp x / x, "exp(x)·(x² − 2·x + 2)/x³"
        exp x / (1.0 + exp x), "exp(x)·(1 − exp x)/(exp x + 1)³"
        pow (log x) 2.0, "2·(1 − log x)/x²"
        pow (1.0 + pow x 2.0) 10.0, "20·(x² + 1)⁸·(19·x² + 1)"
        0.5 * pow (y - a * x) 2.0, "a²"
        Expr.log1p x, "−1/(x + 1)²"
        log (1.0 - x), "−1/(1 − x)²"
        -(y * log x) - (1.0 - y) * log (1.0 - x), "(x² − 2·x·y + y)/(x²·(1 − x)²)"
        Expr.where (x .> 0.0) (pow x 2.0) (-x), "where(x > 0, 2, 0)"
        x / sqrt (pow x 2.0 + 1.0), "−3·x/(x² + 1)^2.5"
        cos x / sin x, "2·cos(x)/(sin x)³"
        1.0 / cos x, "1/cos x + 2·(sin x)²/(cos x)³"
        1.0 / sin x, "1/sin x + 2·(cos x)²/(sin x)³"
        pow (tan x) 2.0, "2·(3·(tan x)⁴ + 4·(tan x)² + 1)"
        x - tanh x, "2·tanh(x)·(1 − (tanh x)²)"
        sqrt (exp x), "exp(x/2)/4"
        pow x 3.0 / 3.0, "2·x"
        sin (sin x), "−sin(x)·cos(sin x) − (cos x)²·sin(sin x)"
        sin (1.0 / x), "2·cos(1/x)/x³ − sin(1/x)/x⁴"
        x * (x + 1.0) * (x + 2.0), "6·x + 6"
        2.0 * sin x * cos x, "−8·cos(x)·sin x"
        sin x + cos x, "−sin x − cos x"
        a * sin (b * x), "−a·b²·sin(b·x)"
        (1.0 - x) / (1.0 + x), "4/(x + 1)³"
    ]

let private texts =
    testList
        "text"
        [
            for f, written, derivative in approved do
                test $"d/dx {written} = {derivative}" {
                    Expect.equal (string f) written "the formula"
                    Expect.equal (string (Symbolic.derivative x f)) derivative "its derivative"
                }
            for f, second in approvedSecond do
                test $"d²/dx² {f} = {second}" {
                    Expect.equal (string (Symbolic.nth 2 x f)) second "the second derivative"
                }
        ]

/// A formula at a point, and the order to which it is differentiated.
type private Case =
    {
        Order: int
        At: Instance
    }

    override this.ToString() = $"order {this.Order} of {this.At}"

let private cases order depth =
    gen {
        let! e = formula depth
        let! values = Gen.listOfLength 2 (Gen.choose (1, 400) |> Gen.map (fun n -> float n / 200.0 + 0.013))

        return
            {
                Order = order
                At = { Expr = e; Inputs = [ "x", Tensor.scalar values[0]; "y", Tensor.scalar values[1] ] }
            }
    }

/// The n-th derivative by reverse mode of reverse mode.
let rec private reverse order (e: Expr) =
    if order = 0 then e else reverse (order - 1) (List.head (Grad.grad e [ x ]))

let private at (instance: Instance) e = Tensor.toFloat (value instance e)

/// What is taken for the same number: 1e-8 of the larger of 1, the value, and a million times what a change of the
/// point by 1e-12 of itself makes in it.
let private differs (case: Case) =
    let expected = reverse case.Order case.At.Expr
    let found = Symbolic.nth case.Order x case.At.Expr
    let e, f = at case.At expected, at case.At found

    let nudged =
        { case.At with
            Inputs =
                [ for name, t in case.At.Inputs -> name, Tensor.scalar (Tensor.toFloat t * (1.0 + 1e-12)) ]
        }

    let change = abs (at nudged expected - e)

    if not (Double.IsFinite e && Double.IsFinite f && Double.IsFinite change) || abs e > 1e12 then
        None
    else
        let slack = 1e-8 * max 1.0 (max (abs e) (1e6 * change))
        Some(abs (e - f) > slack, $"reverse mode {e}, symbolic {f}: {found}")

/// A law over generated formulas that must be defined at no less than a share of the points.
let private agrees count share name cases =
    test name {
        let compared = samples count cases |> Array.map (fun case -> case, differs case)

        for case, found in compared do
            match found with
            | Some(true, why) -> failtest $"{why}\nfor {case}"
            | _ -> ()

        let defined = compared |> Array.filter (snd >> Option.isSome) |> Array.length
        Expect.isGreaterThan defined (int (share * float count)) "formulas that are defined at their point"
    }

let private laws =
    testList
        "laws"
        [
            agrees 600 0.5 "the derivative is that of reverse mode" (cases 1 6)
            agrees 200 0.5 "the second derivative is that of reverse mode twice" (cases 2 4)
            agrees 120 0.5 "the third derivative is that of reverse mode three times" (cases 3 3)
            test "the approved formulas, too, to the third order" {
                for f, _, _ in approved do
                    for order in 1..3 do
                        let inputs =
                            [ "x", 0.37; "y", 0.81; "a", 1.3; "b", 0.7; "n", 2.6 ]
                            |> List.map (fun (name, v) -> name, Tensor.scalar v)

                        let case = { Order = order; At = { Expr = f; Inputs = inputs } }

                        match differs case with
                        | Some(true, why) -> failtest $"{why}\nfor {case}"
                        | _ -> ()
            }
            test "the derivatives of the sine come round after four" {
                for order in 0..4..12 do
                    Expect.equal (Symbolic.nth order x (sin x)) (sin x) $"order {order}"
                    Expect.equal (string (Symbolic.nth (order + 1) x (sin x))) "cos x" $"order {order + 1}"
                    Expect.equal (string (Symbolic.nth (order + 2) x (sin x))) "−sin x" $"order {order + 2}"
                    Expect.equal (string (Symbolic.nth (order + 3) x (sin x))) "−cos x" $"order {order + 3}"
            }
            test "exp x is its own derivative, and a polynomial ends" {
                Expect.equal (Symbolic.nth 9 x (exp x)) (exp x) "exp"
                Expect.equal (string (Symbolic.nth 5 x (pow x 5.0))) "120" "5!"
                Expect.equal (string (Symbolic.nth 6 x (pow x 5.0))) "0" "beyond"
            }
            test "order 0 is the expression itself" {
                let e = x * 1.0
                Expect.equal (Symbolic.nth 0 x e) e "unchanged"
            }
            test "f32 formulas stay f32" {
                let v = Expr.variable "v" DType.F32 []
                let d = Symbolic.derivative v (v * v)
                Expect.equal d.DType DType.F32 "the type"
                Expect.equal (string d) "2·v" "the text"
            }
            test "a chain of 100,000 sines" {
                let chain = Seq.fold (fun e _ -> sin e) x (seq { 1..100_000 })
                let d = Symbolic.derivative x chain
                Expect.equal (Tensor.toFloat (Eval.run [ "x", Tensor.scalar 0.0 ] d)) 1.0 "at 0"
            }
        ]

let private refuses name action (part: string) =
    test name {
        let error = Expect.throwsC action id
        Expect.stringContains error.Message part "what was wrong"
    }

let private refusals =
    testList
        "refuses"
        [
            let v = Expr.variable "v" DType.F64 [ 3 ]
            let k = Expr.variable "k" DType.I64 []

            refuses
                "a tensor"
                (fun () -> Symbolic.derivative x (v * x) |> ignore)
                "a scalar of type f32 or f64"

            refuses "a tensor to differentiate by" (fun () -> Symbolic.derivative v x |> ignore) "the symbol"

            refuses
                "a whole number"
                (fun () -> Symbolic.derivative k k |> ignore)
                "a scalar of type f32 or f64"

            refuses "what is no variable" (fun () -> Symbolic.derivative (x * x) x |> ignore) "a variable"
            refuses "an order below 0" (fun () -> Symbolic.nth -1 x x |> ignore) "order -1"
        ]

let tests = testList "Symbolic" [ texts; laws; refusals ]
