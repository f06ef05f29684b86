namespace DL1

/// Comparisons of elements, written as operators: `x .> 0.0`.
[<AutoOpen>]
module Operators =
    /// Where the left is larger, as truth values; a number takes the type beside it. `x .> 0.0`
    let inline (.>) (a: ^a) (b: ^b) : Expr = ((^a or ^b): (static member Greater: ^a * ^b -> Expr) (a, b))

    /// Where the left is larger or equal, as truth values. `x .>= 0.0`
    let inline (.>=) (a: ^a) (b: ^b) : Expr =
        ((^a or ^b): (static member GreaterEqual: ^a * ^b -> Expr) (a, b))

    /// Where the left is smaller, as truth values. `x .< 0.0`
    let inline (.<) (a: ^a) (b: ^b) : Expr = ((^a or ^b): (static member Less: ^a * ^b -> Expr) (a, b))

    /// Where the left is smaller or equal, as truth values. `x .<= 0.0`
    let inline (.<=) (a: ^a) (b: ^b) : Expr = ((^a or ^b): (static member LessEqual: ^a * ^b -> Expr) (a, b))

    /// A number without a type of its own, as an operand: it takes the type of what it meets. `lit 2.0`
    let lit (value: float) = Expr.Literal value
