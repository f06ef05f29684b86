/// Generated scalar formulas in x and y.
module DL1.Tests.Formulas

open DL1
open FsCheck
open FsCheck.FSharp

let private leaf =
    Gen.frequency
        [
            4, Gen.constant (Expr.symbol "x")
            2, Gen.constant (Expr.symbol "y")
            2, Gen.elements [ 1.0; 2.0; 3.0; -1.0; 0.5; 0.0; -2.5 ] |> Gen.map Expr.Literal
        ]

let private functions: (Expr -> Expr) list =
    [
        sin
        cos
        tan
        exp
        log
        sqrt
        atan
        tanh
        sinh
        cosh
        Expr.sigmoid
        Expr.softplus
        Expr.erf
        Expr.reciprocal
        Expr.rsqrt
        Expr.expm1
        Expr.log1p
        (fun x -> -x)
        (fun x -> Expr.Pow(x, 2.0))
        (fun x -> Expr.Pow(x, 3.0))
        (fun x -> Expr.Pow(x, -1.0))
        (fun x -> Expr.Pow(x, 1.5))
        (fun x -> exp -x)
        (fun x -> x * x)
        (fun x -> Expr.Pow(2.0, x))
    ]

let private operations: (Expr -> Expr -> Expr) list =
    [ (+); (+); (-); (*); (*); (/); (fun a b -> Expr.Pow(a, b)) ]

/// Formulas of at most so many operations, one inside another.
let rec formula depth : Gen<Expr> =
    if depth = 0 then
        leaf
    else
        let part = Gen.choose (0, depth - 1) |> Gen.bind formula

        Gen.frequency
            [
                1, leaf
                3, Gen.map2 (fun f x -> f x) (Gen.elements functions) part
                5, Gen.map3 (fun op a b -> op a b) (Gen.elements operations) part part
            ]

/// A point to evaluate formulas at: x is positive, y of either sign, neither a whole number.
let point: Gen<(string * Tensor) list> =
    gen {
        let! x = Gen.choose (1, 400)
        let! y = Gen.choose (1, 400)
        let! sign = Gen.elements [ 1.0; -1.0 ]

        return
            [
                "x", Tensor.scalar (float x / 200.0 + 0.013)
                "y", Tensor.scalar (sign * (float y / 200.0 + 0.013))
            ]
    }
