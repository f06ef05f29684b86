/// An expression of constants has a value: simplifying it keeps the value, NaN and infinities included.
module DL1.Tests.ConstantTests

open System
open DL1
open DL1.Tests.Instance
open Expecto
open FsCheck
open FsCheck.FSharp

let private numbers = [ 0.0; -0.0; 1.0; -1.0; 2.0; 0.5; 3.0; infinity; -infinity; nan; 10.0; -2.5 ]

let private functions: (Expr -> Expr) list =
    [
        sin
        cos
        tan
        exp
        log
        sqrt
        abs
        Expr.reciprocal
        Expr.rsqrt
        Expr.expm1
        Expr.log1p
        Expr.sigmoid
        Expr.relu
        tanh
        cosh
        sinh
        (fun e -> -e)
        (fun e -> Expr.Pow(e, 2.0))
        (fun e -> e * e)
    ]

let private operations: (Expr -> Expr -> Expr) list =
    [
        (+)
        (-)
        (*)
        (/)
        (fun a b -> Expr.Pow(a, b))
        Expr.maximum
        (fun a _ -> a - a)
        (fun a b -> a / b * b)
    ]

let rec private constants dtype depth : Gen<Expr> =
    if depth = 0 then
        Gen.elements numbers |> Gen.map (Expr.scalar dtype)
    else
        let part = Gen.choose (0, depth - 1) |> Gen.bind (constants dtype)

        Gen.frequency
            [
                1, Gen.elements numbers |> Gen.map (Expr.scalar dtype)
                3, Gen.map2 (fun f e -> f e) (Gen.elements functions) part
                4, Gen.map3 (fun op a b -> op a b) (Gen.elements operations) part part
                1, Gen.map3 (fun c a b -> Expr.where (c .> 0.0) a b) part part part
            ]

let private value (e: Expr) = Tensor.toFloat (Eval.run [] e)

let private same slack (a: float) (b: float) =
    (Double.IsNaN a && Double.IsNaN b)
    || a = b
    || abs (a - b) <= slack * Math.Max(1.0, Math.Max(abs a, abs b))

let private keeps dtype slack name =
    holds 3000 name (constants dtype 5) (fun e ->
        let before, simplified = value e, Rewrite.simplify e
        let after = value simplified

        if same slack before after then
            None
        else
            Some $"{before} became {after}: {simplified}")

/// Quotients, products and differences that have no value.
let private undefined =
    [
        "0/0"
        "0*log(0)"
        "1/0 - 1/0"
        "(2 - 2)/(2 - 2)"
        "0*(1/0)"
        "sqrt(-1)"
        "sqrt(-1)/sqrt(-1)"
        "sqrt(-1) - sqrt(-1)"
        "exp(log(-1))"
        "log(0)/log(0)"
        "x*(0/0)"
        "x + (1/0 - 1/0)"
        "x*sqrt(-1)/sqrt(-1)"
        "x + sqrt(-1) - sqrt(-1)"
    ]

let tests =
    testList
        "Constant"
        [
            keeps DType.F64 1e-9 "simplify keeps the value of constants of f64"
            keeps DType.F32 1e-3 "simplify keeps the value of constants of f32"
            test "what has no value is not simplified to a number" {
                for text in undefined do
                    let e = Rewrite.simplify (Parse.expr text)
                    let found = Tensor.toFloat (Eval.run [ "x", Tensor.scalar 1.5 ] e)
                    Expect.isTrue (Double.IsNaN found) $"{text} became {e}"
            }
            test "constants that have a value are as short as before" {
                for text, expected in
                    [ "sqrt(2)*sqrt(2)", "2"; "log(exp(3))", "3"; "0*5", "0"; "2*3 + 1", "7" ] do
                    Expect.equal (string (Rewrite.simplify (Parse.expr text))) expected text
            }
            test "a constant is a function of what it does not read" {
                let x, y = Expr.symbol "x", Expr.symbol "y"
                let slope = Symbolic.derivative x (3.0 * x)
                Expect.equal ((ScalarFunction.of1 x slope).Invoke 5.0) 3.0 "by a symbol"
                let results = [| 0.0; 0.0; 0.0 |]

                (ScalarFunction.valueAndGradient [ x; y ] (3.0 * x))
                    .Invoke(ReadOnlySpan [| 2.0; 7.0 |], Span results)

                Expect.equal results [| 6.0; 3.0; 0.0 |] "value and gradient"
                let inputs = [ Graph.variables [ x ]; Graph.variables [ y ] ] |> List.concat

                Expect.equal
                    (Compile.prepare inputs [ slope ] [ Tensor.scalar 1.0; Tensor.scalar 2.0 ]
                     |> List.map Tensor.toFloat)
                    [ 3.0 ]
                    "compiled"
            }
        ]
