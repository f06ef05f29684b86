namespace DL1

open DL1.Pattern

/// Identities over the reals whose right side is at least as accurate in floating point: never a larger error, never
/// infinite or NaN where the left side was finite.
[<RequireQualifiedAccess>]
module internal Stable =
    let private rule = Rule.rule

    /// A sum of squares: its square root has no derivative at 0 that the chain rule could find.
    let private (|SumOfSquares|_|) (e: Expr) =
        match e with
        | Sum(_, Mul(x, y)) when x = y -> Some()
        | _ -> None

    /// The largest element along an axis, or 0 where it is infinite: subtracting an infinity from itself would make NaN
    /// of a whole row.
    let private keepingMax axis (x: Expr) = Vjp.spread [ axis ] x.Shape (Reduce.finiteMax axis x)

    /// x less its largest element along an axis; derivatives see none of it, since the difference that follows
    /// cancels what is subtracted.
    let private lessMax axis (x: Expr) = x - Expr.stopGradient (keepingMax axis x)

    /// What `lessMax` took the maximum from.
    let private beforeLessMax axis (e: Expr) =
        match e with
        | Sub(x, _) when e = lessMax axis x -> Some x
        | _ -> None

    /// log softmax x with no large number in it: x − log Σ exp x loses as many digits as the elements of x have in
    /// common.
    let private logSoftmax axis (x: Expr) =
        if x.Shape[axis] = 0 then
            Reduce.logSoftmax axis x
        else
            Reduce.logSoftmax axis (lessMax axis x)

    /// The rows, in the order in which they are tried.
    let table =
        [
            rule "log(softmax x) -> x - logsumexp x" [ "log" ] (function
                | Log y ->
                    match y.Node with
                    | Node.Softmax(axis, x) -> Some(logSoftmax axis x)
                    | _ -> None
                | _ -> None)
            rule "x - logsumexp x -> x less its maximum first" [ "sub" ] (function
                | Sub(x, StretchedBackLse(axis, x')) when
                    x = x' && x.Shape[axis] > 0 && beforeLessMax axis x = None
                    ->
                    Some(logSoftmax axis x)
                | _ -> None)
            rule "log(sum(exp x)) -> logsumexp x" [ "log" ] (function
                | Log(Sum([ axis ], Exp x)) -> Some(Expr.logSumExp axis x)
                | _ -> None)
            rule "exp x / sum(exp x) -> softmax x" [ "div" ] (function
                | Div(Exp x, StretchedBackSum(axis, Exp x')) when x = x' -> Some(Expr.softmax axis x)
                | _ -> None)
            rule "exp(x - logsumexp x) -> softmax x" [ "exp" ] (function
                | Exp(Sub(x, StretchedBackLse(axis, x'))) when x = x' ->
                    Some(Expr.softmax axis (Option.defaultValue x (beforeLessMax axis x)))
                | _ -> None)
            rule "log(1 + x) -> log1p x" [ "log" ] (function
                | Log(Add(One, x))
                | Log(Add(x, One)) -> Some(Expr.log1p x)
                | _ -> None)
            rule "log(1 - x) -> log1p(-x)" [ "log" ] (function
                | Log(Sub(One, x)) -> Some(Expr.log1p -x)
                | _ -> None)
            rule "exp x - 1 -> expm1 x" [ "sub" ] (function
                | Sub(Exp x, One) -> Some(Expr.expm1 x)
                | _ -> None)
            rule "log1p(exp x) -> softplus x" [ "log1p" ] (function
                | Log1p(Exp x) -> Some(Expr.softplus x)
                | _ -> None)
            rule "log(sigmoid x) -> -softplus(-x)" [ "log" ] (function
                | Log(Sigmoid x) -> Some(Elementwise.logSigmoid x)
                | _ -> None)
            rule "1 - sigmoid x -> sigmoid(-x)" [ "sub" ] (function
                | Sub(One, Sigmoid x) -> Some(Expr.sigmoid -x)
                | _ -> None)
            rule "1 / (1 + exp(-x)) -> sigmoid x" [ "div" ] (function
                | Div(One, Add(One, Exp(Neg x)))
                | Div(One, Add(Exp(Neg x), One)) -> Some(Expr.sigmoid x)
                | _ -> None)
            rule "sqrt(sum of squares) -> with derivative 0 at 0" [ "sqrt" ] (function
                | Sqrt(SumOfSquares as s) -> Some(Elementwise.safeSqrt s)
                | _ -> None)
            rule "x ** 2 -> x * x" [ "pow" ] (function
                | Pow(x, Two) -> Some(x * x)
                | _ -> None)
            rule "x ** -1 -> 1 / x" [ "pow" ] (function
                | Pow(x, MinusOne) -> Some(1.0 / x)
                | _ -> None)
        ]
