namespace DL1

open DL1.Pattern

/// Laws of the logarithm, for arguments that are positive: products become sums. log(x·y) is defined for two negative
/// numbers, log x + log y is not; so these rows stand apart from those of `Algebra`.
[<RequireQualifiedAccess>]
module internal LogarithmLaws =
    let private rule name rewrite = Rule.rule name [ "log" ] (Constant.keeping rewrite)

    let table: Rule list =
        [
            rule "log(exp x) -> x" (function
                | Log(Exp x) -> Some x
                | _ -> None)
            rule "log(x * y) -> log x + log y" (function
                | Log(Mul(x, y)) -> Some(log x + log y)
                | _ -> None)
            rule "log(x / y) -> log x - log y" (function
                | Log(Div(x, y)) -> Some(log x - log y)
                | _ -> None)
            rule "log(1 / x) -> -log x" (function
                | Log(Reciprocal x) -> Some(-log x)
                | _ -> None)
            rule "log(x ** y) -> y * log x" (function
                | Log(Pow(x, y)) -> Some(y * log x)
                | _ -> None)
            rule "log(sqrt x) -> log x / 2" (function
                | Log(Sqrt x) -> Some(log x / 2.0)
                | Log(Rsqrt x) -> Some(-log x / 2.0)
                | _ -> None)
            rule "log(prod x) -> sum(log x)" (fun e ->
                match e with
                | Log p ->
                    match p.Node with
                    | Node.Reduce(ReduceOp.Prod, axes, x) -> Some(Expr.sum axes (log x))
                    | _ -> None
                | _ -> None)
            rule "log of a stretched x -> the stretched log x" (fun e ->
                match e with
                | Log(Stretched x) -> Some(Expr.Stretch(e.Shape, log x))
                | _ -> None)
        ]
