namespace DL1

open DL1.Pattern

/// Identities over the reals, where both sides are defined. Rounding may differ, and 0·x is 0 even where x is
/// infinite: for symbolic derivatives and fast math only. An expression of constants alone has a value, which no row
/// changes: 0·log 0 is NaN, not 0.
[<RequireQualifiedAccess>]
module internal Algebra =
    let private rule name roots rewrite = Rule.rule name roots (Constant.keeping rewrite)

    let private zeros =
        [
            rule "x + 0 -> x" [ "add" ] (function
                | Add(x, Zero)
                | Add(Zero, x) -> Some x
                | _ -> None)
            rule "0 - x -> -x" [ "sub" ] (function
                | Sub(Zero, x) -> Some -x
                | _ -> None)
            rule "x - x -> 0" [ "sub" ] (function
                | Sub(x, y) when x = y -> Some(Expr.zerosLike x)
                | _ -> None)
            rule "0 * x -> 0" [ "mul" ] (fun e ->
                match e with
                | Mul(Zero, _)
                | Mul(_, Zero) -> Some(Expr.zerosLike e)
                | _ -> None)
            rule "0 / x -> 0" [ "div" ] (fun e ->
                match e with
                | Div(Zero, _) -> Some(Expr.zerosLike e)
                | _ -> None)
            rule "x / x -> 1" [ "div" ] (function
                | Div(x, y) when x = y -> Some(Expr.onesLike x)
                | _ -> None)
        ]

    let private inverses =
        [
            rule "log(exp x) -> x" [ "log" ] (function
                | Log(Exp x) -> Some x
                | _ -> None)
            rule "exp(log x) -> x" [ "exp" ] (function
                | Exp(Log x) -> Some x
                | _ -> None)
            rule "exp(-log x) -> 1 / x" [ "exp" ] (function
                | Exp(Neg(Log x)) -> Some(1.0 / x)
                | _ -> None)
            rule "sqrt x * sqrt x -> x" [ "mul" ] (function
                | Mul(Sqrt x, Sqrt y) when x = y -> Some x
                | _ -> None)
            rule "sqrt(x ** 2) -> |x|" [ "sqrt" ] (function
                | Sqrt(Pow(x, Two)) -> Some(abs x)
                | Sqrt(Mul(x, y)) when x = y -> Some(abs x)
                | _ -> None)
            rule "x ** 2 / |x| -> |x|" [ "div" ] (function
                | Div(Pow(x, Two), Abs y) when x = y -> Some(abs x)
                | Div(Mul(x, z), Abs y) when x = y && x = z -> Some(abs x)
                | _ -> None)
            rule "exp x * exp y -> exp(x + y)" [ "mul" ] (function
                | Mul(Exp x, Exp y) -> Some(exp (x + y))
                | _ -> None)
            rule "exp x / exp y -> exp(x - y)" [ "div" ] (function
                | Div(Exp x, Exp y) -> Some(exp (x - y))
                | _ -> None)
            rule "x ** y * x -> x ** (y + 1)" [ "mul" ] (function
                | Mul(Pow(x, y), z)
                | Mul(z, Pow(x, y)) when x = z && Local.number y = None -> Some(Expr.Pow(x, y + 1.0))
                | _ -> None)
            rule "x ** y / x -> x ** (y - 1)" [ "div" ] (function
                | Div(Pow(x, y), z) when x = z && Local.number y = None -> Some(Expr.Pow(x, y - 1.0))
                | _ -> None)
        ]

    let private squareOf (e: Expr) =
        match e with
        | Pow(x, Two) -> Some x
        | Mul(x, y) when x = y -> Some x
        | _ -> None

    let private (|Squared|_|) e = squareOf e

    let private trigonometry =
        [
            rule "sin(-x) -> -sin x" [ "sin" ] (function
                | Sin(Neg x) -> Some(-(sin x))
                | _ -> None)
            rule "cos(-x) -> cos x" [ "cos" ] (function
                | Cos(Neg x) -> Some(cos x)
                | _ -> None)
            rule "(sin x)^2 + (cos x)^2 -> 1" [ "add" ] (function
                | Add(Squared(Sin x), Squared(Cos y))
                | Add(Squared(Cos x), Squared(Sin y)) when x = y -> Some(Expr.onesLike x)
                | _ -> None)
            rule "1 - (sin x)^2 -> (cos x)^2" [ "sub" ] (function
                | Sub(One, Squared(Sin x)) -> Some(Expr.Pow(cos x, 2.0))
                | _ -> None)
            rule "1 - (cos x)^2 -> (sin x)^2" [ "sub" ] (function
                | Sub(One, Squared(Cos x)) -> Some(Expr.Pow(sin x, 2.0))
                | _ -> None)
            rule "sin x / cos x -> tan x" [ "div" ] (function
                | Div(Sin x, Cos y) when x = y -> Some(tan x)
                | _ -> None)
        ]

    let private collecting =
        [
            rule "collect like terms" [ "add"; "sub"; "neg" ] (fun e ->
                if e.DType.IsFloat then Collect.ofSum e else None)
            rule "collect like factors" [ "mul"; "div"; "reciprocal"; "pow"; "sqrt"; "rsqrt" ] (fun e ->
                if e.DType.IsFloat then Collect.ofProduct e else None)
        ]

    let private isZero (e: Expr) = Local.number e = Some 0.0

    /// What is taken where the condition does not hold, and 0 where it does.
    let private (|ZeroWhere|_|) (e: Expr) =
        match e.Node with
        | Node.Select(c, z, x) when isZero z -> Some(c, x)
        | _ -> None

    // Longer branches are left as they are, so that nested selections take linear time.
    let private longestBranch = 200

    /// A scalar where a condition is known: selections by it are what they select.
    let private known (c: Expr) value (e: Expr) =
        let nodes = Graph.topological [ e ]

        if nodes.Length > longestBranch then
            e
        else
            let choose (e: Expr) =
                match e.Node with
                | Node.Select(c', x, y) when c' = c -> if value then x else y
                | _ -> e

            Rebuild.bottomUp choose [ e ] |> List.head

    let private choices =
        [
            rule "x = 0 and x >= 0 -> x = 0" [ "and" ] (fun e ->
                match e.Node with
                | Node.Binary(BinaryOp.And, isZero, isNotNegative) ->
                    match isZero.Node, isNotNegative.Node with
                    | Node.Compare(CompareOp.Eq, x, Zero), Node.Compare(CompareOp.Ge, y, Zero) when x = y ->
                        Some isZero
                    | _ -> None
                | _ -> None)
            rule "where(c, 0, x) + where(c, 0, y) -> where(c, 0, x + y)" [ "add" ] (function
                | Add(ZeroWhere(c, x) as first, ZeroWhere(c', y)) when c = c' ->
                    Some(Expr.where c (Expr.zerosLike first) (x + y))
                | _ -> None)
            rule "where(c, x, y), c in x or y -> known there" [ "where" ] (fun e ->
                match e.Node with
                | Node.Select(c, x, y) when e.Shape.IsScalar ->
                    let x', y' = known c true x, known c false y
                    if x' = x && y' = y then None else Some(Expr.where c x' y')
                | _ -> None)
        ]

    /// The rows, in the order in which they are tried.
    let table = zeros @ inverses @ trigonometry @ choices @ collecting
